/* test_cache_transport.c - the cache over a transport that does what the test
 * says. */
#include "core/alloc.h"
#include "core/error.h"
#include "http/cache_transport.h"
#include "t.h"

#include <stdarg.h>

/* The transport below: start only remembers the exchange. */
static struct tinet__exchange *below; /* the last one that was started */
static size_t n_started, n_cancelled;

static int fake_start(struct tinet__transport *t, struct tinet__exchange *x)
{
  x->impl = t;
  below = x;
  n_started++;
  return TINET_OK;
}

static void fake_cancel(struct tinet__transport *t, struct tinet__exchange *x)
{
  (void)t;
  x->impl = NULL;
  n_cancelled++;
}

static void fake_close(struct tinet__transport *t)
{
  (void)t;
}

static bool fake_is_idle(const struct tinet__transport *t)
{
  (void)t;
  return true;
}

static const struct tinet__transport_ops fake_ops = {fake_start, fake_cancel,
                                                     fake_close, fake_is_idle};
static struct tinet__transport fake = {&fake_ops};

static tinet_loop *loop;
static tinet_cache *cache;
static struct tinet__transport *t;
static struct tinet__exchange x;
static struct tinet__url url;
static struct tinet__headers request;
static char story[512];
static const char *cancels_at; /* the event in which the exchange is ended */

static void tell(const char *fmt, ...)
{
  size_t len = strlen(story);
  va_list args;

  va_start(args, fmt);
  (void)vsnprintf(story + len, sizeof story - len, fmt, args);
  va_end(args);
}

static int maybe_cancel(const char *event)
{
  if (!cancels_at || strcmp(cancels_at, event) != 0)
    return TINET_OK;
  t->ops->cancel(t, &x);
  return TINET_ECANCELED;
}

static int on_connected(struct tinet__exchange *e,
                        const struct tinet__conn_facts *facts, tinet_error *err)
{
  (void)e;
  (void)facts;
  (void)err;
  tell("connected ");
  return TINET_OK;
}

static int on_headers(struct tinet__exchange *e, int version, int status,
                      const char *reason, const struct tinet__headers *headers,
                      tinet_error *err)
{
  const char *age = tinet__headers_get(headers, "Age");

  (void)version;
  (void)reason;
  (void)err;
  tell("%d/%d%s ", status, (int)e->cache_state, age ? "+age" : "");
  return maybe_cancel("headers");
}

static void on_interim(struct tinet__exchange *e, int status,
                       const struct tinet__headers *headers)
{
  (void)e;
  (void)headers;
  tell("(%d) ", status);
}

static int on_body(struct tinet__exchange *e, const void *data, size_t len,
                   tinet_error *err)
{
  (void)e;
  (void)err;
  tell("%.*s ", len < 9 ? (int)len : 0, (const char *)data);
  return maybe_cancel("body");
}

static void on_progress(struct tinet__exchange *e)
{
  (void)e;
}

static void on_finish(struct tinet__exchange *e, const tinet_error *err)
{
  T_OK(e->impl == NULL);
  tell("%s", err->code ? tinet_error_name(err->code) : "end");
}

static const struct tinet__exchange_events events = {
    .on_connected = on_connected,
    .on_headers = on_headers,
    .on_interim = on_interim,
    .on_body = on_body,
    .on_progress = on_progress,
    .on_finish = on_finish,
};

static struct tinet__transport_config config;

static void begin(void)
{
  n_started = n_cancelled = 0;
  below = NULL;
  cancels_at = NULL;
  tinet__headers_reset(&request);
  T_EQ(0, tinet_loop_open(&loop));
  T_EQ(0, tinet_cache_open(NULL, &cache, NULL));
  T_EQ(0, tinet__cache_transport_open(loop, &config, cache, NULL, &fake, &t));
  T_EQ(0, tinet__url_parse("https://host/page", false, &url, NULL));
}

static void end(void)
{
  t->ops->close(t);
  tinet__url_free(&url);
  tinet_cache_unref(cache);
  T_EQ(0, tinet_loop_close(loop));
}

static void start(const char *method)
{
  story[0] = 0;
  memset(&x, 0, sizeof x);
  x.ev = &events;
  x.method = method;
  x.url = &url;
  x.headers = &request;
  x.uses_cache = true;
  x.validates_certificate = true;
  T_EQ(0, t->ops->start(t, &x));
}

/* `fields` is "Name: value\n...". */
static int headers_come(int status, const char *fields)
{
  struct tinet__headers h = {0};
  tinet_error err = {0};
  int code;

  while (*fields) {
    size_t len = strcspn(fields, "\n");

    T_EQ(0, tinet__headers_parse_line(&h, fields, len));
    fields += len + (fields[len] == '\n');
  }
  code = below->ev->on_headers(below, 11, status, "", &h, &err);
  tinet__headers_free(&h);
  return code;
}

static int body_comes(const char *text)
{
  tinet_error err = {0};

  return below->ev->on_body(below, text, strlen(text), &err);
}

static void ends(int code)
{
  tinet_error err = {0};

  err.code = code;
  below->impl = NULL;
  below->ev->on_finish(below, &err);
  T_EQ(0, tinet_loop_run(loop));
}

static void answer(int status, const char *fields, const char *body)
{
  T_EQ(0, headers_come(status, fields));
  if (*body)
    T_EQ(0, body_comes(body));
  ends(0);
}

static void store(const char *fields)
{
  start("GET");
  answer(200, fields, "body");
  T_STR("200/1 body end", story);
}

/* Answered without the network? */
static void replays(const char *want)
{
  size_t n = n_started;

  start("GET");
  T_STR("", story); /* never from inside */
  T_EQ(0, tinet_loop_run(loop));
  T_STR(want, story);
  T_EQ(n, n_started);
}

static void a_hit_comes_from_the_loop(void)
{
  begin();
  store("Cache-Control: max-age=60");
  T_OK(tinet__cache_transport_answers(t, &x));
  replays("200/2+age body end");
  T_OK(t->ops->is_idle(t));
  end();
}

static void a_replay_can_be_cancelled(void)
{
  begin();
  store("Cache-Control: max-age=60");
  start("GET");
  t->ops->cancel(t, &x);
  T_EQ(0, tinet_loop_run(loop));
  T_STR("", story);
  cancels_at = "headers";
  replays("200/2+age ");
  cancels_at = "body";
  replays("200/2+age body ");
  T_OK(t->ops->is_idle(t));
  end();
}

static void an_exchange_can_be_cancelled(void)
{
  begin();
  start("GET");
  cancels_at = "headers";
  T_EQ(TINET_ECANCELED, headers_come(200, "Cache-Control: max-age=60"));
  T_EQ(1, n_cancelled);
  start("GET");
  cancels_at = "body";
  T_EQ(0, headers_come(200, "Cache-Control: max-age=60"));
  T_EQ(TINET_ECANCELED, body_comes("body"));
  T_EQ(2, n_cancelled);
  start("GET");
  t->ops->cancel(t, &x);
  T_EQ(3, n_cancelled);
  T_OK(!tinet__cache_transport_answers(t, &x));
  end();
}

static void a_stale_one_is_validated(void)
{
  begin();
  store("Cache-Control: max-age=0\nETag: \"a\"");
  start("GET");
  T_STR("\"a\"", tinet__headers_get(below->headers, "If-None-Match"));
  T_OK(!tinet__headers_get(&request, "If-None-Match"));
  answer(304, "Cache-Control: max-age=60", "");
  T_STR("(304) 200/4+age body end", story);
  replays("200/2+age body end");
  end();
}

static void a_lost_body_is_not_stored(void)
{
  begin();
  start("GET");
  T_EQ(0, headers_come(200, "Cache-Control: max-age=60\nContent-Length: 9"));
  T_EQ(0, body_comes("half"));
  ends(TINET_ETRUNCATED);
  T_STR("200/1 half TINET_ETRUNCATED", story);
  T_OK(!tinet__cache_transport_answers(t, &x));
  end();
}

static void an_outage_is_covered_but_not_a_wrong_server(void)
{
  begin();
  store("Cache-Control: max-age=0, stale-if-error=60\nETag: \"a\"");
  start("GET");
  ends(TINET_ECONNECT);
  T_STR("200/3+age body end", story);
  start("GET");
  answer(503, "", "sorry");
  T_STR("200/3+age body end", story);
  start("GET");
  ends(TINET_ECERTIFICATE);
  T_STR("TINET_ECERTIFICATE", story);
  end();
}

static void a_refresh_ends_with_the_transport(void)
{
  begin();
  start("GET");
  answer(200,
         "Cache-Control: max-age=60, stale-while-revalidate=600\nAge: 90\n"
         "ETag: \"a\"",
         "body");
  T_OK(tinet__cache_transport_answers(t, &x));
  start("GET");
  T_EQ(2, n_started);
  T_EQ(0, tinet_loop_run(loop));
  T_STR("200/3+age body end", story);
  start("GET"); /* no second one for the same page */
  T_EQ(2, n_started);
  T_EQ(0, tinet_loop_run(loop));
  T_OK(!t->ops->is_idle(t));
  end();
  T_EQ(1, n_cancelled);
}

static void an_unchecked_server_is_kept_out(void)
{
  begin();
  store("Cache-Control: max-age=60");
  start("GET");
  t->ops->cancel(t, &x);
  x.validates_certificate = false;
  T_OK(!tinet__cache_transport_answers(t, &x));
  T_EQ(0, t->ops->start(t, &x));
  story[0] = 0;
  answer(200, "Cache-Control: max-age=60", "evil");
  T_STR("200/0 evil end", story);
  replays("200/2+age body end");
  x.tls_version = TINET_TLS_VERSION_1_2;
  T_OK(!tinet__cache_transport_answers(t, &x));
  end();
}

static void what_was_looked_up_before_is_not_used_later(void)
{
  begin();
  store("Cache-Control: max-age=60");
  T_OK(tinet__cache_transport_answers(t, &x));
  T_EQ(0, tinet_cache_clear(cache)); /* it does not start at once */
  T_OK(!tinet__cache_transport_answers(t, &x));
  store("Cache-Control: max-age=60");
  T_OK(tinet__cache_transport_answers(t, &x));
  start("POST");
  answer(200, "", "");
  x.method = "GET";
  T_OK(!tinet__cache_transport_answers(t, &x));
  end();
}

static void an_unsafe_method_invalidates(void)
{
  begin();
  store("Cache-Control: max-age=60");
  start("POST");
  answer(500, "", "");
  T_OK(tinet__cache_transport_answers(t, &x) == false);
  replays("200/2+age body end");
  start("POST");
  answer(204, "", "");
  start("GET");
  T_OK(!tinet__cache_transport_answers(t, &x));
  t->ops->cancel(t, &x);
  end();
}

static void what_is_closed_under_way_is_silent(void)
{
  begin();
  store("Cache-Control: max-age=60");
  start("GET");
  end();
  T_STR("", story);
}

static int start_once(void)
{
  memset(&x, 0, sizeof x);
  x.ev = &events;
  x.method = "GET";
  x.url = &url;
  x.headers = &request;
  x.uses_cache = true;
  x.validates_certificate = true;
  return t->ops->start(t, &x);
}

static void no_memory_is_reported(void)
{
  begin();
  store("Cache-Control: max-age=0\nETag: \"a\"");
  T_EACH_ALLOCATION_FAILS(0, start_once);
  t->ops->cancel(t, &x);
  T_OK(t->ops->is_idle(t));
  end();
}

int main(void)
{
  T_RUN(a_hit_comes_from_the_loop);
  T_RUN(a_replay_can_be_cancelled);
  T_RUN(an_exchange_can_be_cancelled);
  T_RUN(a_stale_one_is_validated);
  T_RUN(a_lost_body_is_not_stored);
  T_RUN(an_outage_is_covered_but_not_a_wrong_server);
  T_RUN(a_refresh_ends_with_the_transport);
  T_RUN(an_unchecked_server_is_kept_out);
  T_RUN(what_was_looked_up_before_is_not_used_later);
  T_RUN(an_unsafe_method_invalidates);
  T_RUN(what_is_closed_under_way_is_silent);
  T_RUN(no_memory_is_reported);
  tinet__headers_free(&request);
  return T_END();
}
