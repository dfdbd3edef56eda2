/* test_http_client.c - the request state machine over a transport that does
 * what the test says. */
#include "core/alloc.h"
#include "core/error.h"
#include "http/http_private.h"
#include <tinet/ats_diagnose.h>
#include "t.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* The transport in curl's place: start only remembers the exchange. */
static struct tinet__exchange *started[16];
static size_t n_started, n_cancelled;

static int fake_start(struct tinet__transport *t, struct tinet__exchange *x)
{
  x->impl = t;
  started[n_started++ % 16] = x;
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
  tinet__free(t);
}

static bool fake_is_idle(const struct tinet__transport *t)
{
  (void)t;
  return true;
}

static const struct tinet__transport_ops fake_ops = {fake_start, fake_cancel,
                                                     fake_close, fake_is_idle};

int tinet__curl_transport_open(tinet_loop *loop,
                               const struct tinet__transport_config *config,
                               struct tinet__transport **ret_transport)
{
  struct tinet__transport *t = tinet__zalloc(sizeof *t);

  (void)loop;
  (void)config;
  if (!t)
    return TINET_ENOMEM;
  t->ops = &fake_ops;
  *ret_transport = t;
  return TINET_OK;
}

static tinet_loop *loop;
static tinet_http *http;
static tinet_http_client *client;
static char story[1024]; /* what was reported, in order */
static char warning[512];

static void tell(const char *fmt, ...)
{
  size_t len = strlen(story);
  va_list args;

  va_start(args, fmt);
  (void)vsnprintf(story + len, sizeof story - len, fmt, args);
  va_end(args);
}

static void on_readystate(tinet_http_client *c, tinet_http_state state, void *u)
{
  (void)c;
  (void)u;
  tell("%d ", (int)state);
}

static void on_datastream(tinet_http_client *c, const tinet_http_progress *p,
                          void *u)
{
  (void)c;
  (void)u;
  tell("down%.2f ", p->progress);
}

static void on_sendstream(tinet_http_client *c, const tinet_http_progress *p,
                          void *u)
{
  (void)c;
  (void)u;
  tell("up%.2f ", p->progress);
}

static void on_redirect(tinet_http_client *c, const char *url, void *u)
{
  (void)c;
  (void)u;
  tell("to:%s ", url);
}

static void on_done(tinet_http_client *c, const tinet_error *err, void *u)
{
  (void)c;
  (void)u;
  tell("%s ", err ? tinet_error_name(err->code) : "load");
}

static void on_warning(void *user, const char *text)
{
  (void)user;
  (void)snprintf(warning, sizeof warning, "%s", text);
}

static const tinet_http_events all_events = {
    .on_readystate = on_readystate,
    .on_datastream = on_datastream,
    .on_sendstream = on_sendstream,
    .on_redirect = on_redirect,
    .on_done = on_done,
};

static void begin(void)
{
  tinet_http_options opt;

  n_started = n_cancelled = 0;
  story[0] = warning[0] = 0;
  tinet_http_options_init(&opt);
  opt.on_warning = on_warning;
  opt.user_agent = "UA";
  T_EQ(0, tinet_loop_open(&loop));
  T_EQ(0, tinet_http_open(loop, &opt, &http));
  T_EQ(0, tinet_http_client_new(http, &all_events, NULL, &client));
}

static void end(void)
{
  tinet_http_client_free(client);
  tinet_http_close(http);
  T_EQ(0, tinet_loop_close(loop));
}

static struct tinet__exchange *last(void)
{
  return n_started ? started[(n_started - 1) % 16] : NULL;
}

/* One response header block: `fields` is "Name: value\n..." */
static int head(int status, const char *fields)
{
  struct tinet__headers h = {0};
  tinet_error err = {0};
  int rc;

  while (*fields) {
    size_t len = strcspn(fields, "\n");

    T_EQ(0, tinet__headers_parse_line(&h, fields, len));
    fields += len + (fields[len] == '\n');
  }
  rc = last()->ev->on_headers(last(), 11, status, tinet__status_phrase(status),
                              &h, &err);
  tinet__headers_free(&h);
  return rc;
}

static int body(const char *bytes)
{
  tinet_error err = {0};

  return last()->ev->on_body(last(), bytes, strlen(bytes), &err);
}

static void finish(int code)
{
  tinet_error err = {0};

  if (code)
    tinet__error_set(&err, code, TINET_ORIGIN_TINET, 0, NULL);
  last()->ev->on_finish(last(), &err);
}

static void open_and_send(const char *method, const char *url)
{
  T_EQ(0, tinet_http_client_open(client, method, url));
  T_EQ(0, tinet_http_client_send(client, NULL, NULL));
}

static void a_get_tells_its_story_in_order(void)
{
  char *text = NULL;
  size_t len = 0;

  begin();
  open_and_send("get", "http://a.example/x");
  T_STR("1 ", story);
  T_STR("GET", last()->method);
  T_EQ(false, last()->has_body);
  T_EQ(0, head(200, "Content-Length: 4\nContent-Type: text/plain"));
  T_EQ(0, body("ab"));
  T_EQ(0, body("cd"));
  finish(0);
  T_STR("1 2 3 down0.50 down1.00 4 load ", story);
  T_EQ(200, tinet_http_client_status(client));
  T_STR("OK", tinet_http_client_statustext(client));
  T_EQ(0, tinet_http_client_text(client, &text, &len));
  T_STR("abcd", text);
  tinet_free(text);
  end();
}

static void an_empty_body_still_passes_loading(void)
{
  begin();
  open_and_send("GET", "http://a/");
  T_EQ(0, head(204, ""));
  finish(0);
  T_STR("1 2 3 4 load ", story);
  end();
}

static void an_error_status_is_a_complete_response(void)
{
  begin();
  open_and_send("GET", "http://a/");
  T_EQ(0, head(404, ""));
  T_EQ(0, body("gone"));
  finish(0);
  T_STR("1 2 3 down-1.00 4 TINET_EHTTPSTATUS ", story);
  T_STR("404 : Not Found", tinet_http_client_error(client)->text);
  T_EQ(404, tinet_http_client_error(client)->number);
  end();
}

static void a_redirect_changes_no_state(void)
{
  begin();
  T_EQ(0, tinet_http_client_open(client, "POST", "http://a/x"));
  T_EQ(0, tinet_http_client_set_header(client, "X-Mine", "1"));
  T_EQ(0, tinet_http_client_set_header(client, "Authorization", "secret"));
  T_EQ(0, tinet_http_client_send(client, NULL, NULL));
  T_EQ(0, head(302, "Location: http://b/y"));
  T_EQ(0, body("moved"));
  finish(0);
  T_STR("1 to:http://b/y ", story);
  T_EQ(2, n_started);
  T_STR("GET", last()->method);
  T_STR("1", tinet__headers_get(last()->headers, "X-Mine"));
  T_STR(NULL, tinet__headers_get(last()->headers, "Authorization"));
  T_EQ(0, head(200, ""));
  finish(0);
  T_STR("1 to:http://b/y 2 3 4 load ", story);
  T_STR("http://b/y", tinet_http_client_location(client));
  end();
}

static void redirects_have_a_limit(void)
{
  begin();
  open_and_send("GET", "http://a/0");
  for (int i = 0; i < 20; i++) {
    T_EQ(0, head(302, "Location: /again"));
    finish(0);
  }
  T_EQ(TINET_EREDIRECT, head(302, "Location: /again"));
  finish(TINET_EREDIRECT);
  T_OK(strstr(story, "4 TINET_EREDIRECT ") != NULL);
  end();
}

static void without_auto_redirect_the_3xx_is_the_result(void)
{
  tinet_http_settings settings;

  begin();
  tinet_http_settings_init(&settings);
  settings.is_auto_redirect = false;
  T_EQ(0, tinet_http_client_open(client, "GET", "http://a/"));
  T_EQ(0, tinet_http_client_send(client, &settings, NULL));
  T_EQ(0, head(302, "Location: /b"));
  finish(0);
  T_STR("1 2 3 4 load ", story);
  end();
}

static void abort_reports_done_and_nothing_else(void)
{
  begin();
  open_and_send("GET", "http://a/");
  T_EQ(0, head(200, ""));
  tinet_http_client_abort(client);
  T_STR("1 2 4 ", story);
  T_EQ(1, n_cancelled);
  T_EQ(0, tinet_loop_run(loop));
  T_STR("1 2 4 ", story);
  tinet_http_client_abort(client);
  T_STR("1 2 4 ", story);
  end();
}

static void open_while_running_is_ignored_with_a_warning(void)
{
  begin();
  open_and_send("GET", "http://a/");
  T_EQ(TINET_ESTATE, tinet_http_client_open(client, "GET", "http://b/"));
  T_OK(strstr(warning, "open") != NULL);
  T_EQ(TINET_ESTATE, tinet_http_client_send(client, NULL, NULL));
  T_OK(strstr(warning, "send") != NULL);
  T_EQ(TINET_ESTATE, tinet_http_client_set_header(client, "A", "b"));
  T_EQ(0, head(200, ""));
  finish(0);
  T_STR("1 2 3 4 load ", story);
  end();
}

static void send_in_done_repeats_with_headers_and_body(void)
{
  tinet_http_body *b = NULL;
  char bytes[16];
  tinet_error err;

  begin();
  T_EQ(0, tinet_http_client_open(client, "POST", "http://a/"));
  T_EQ(0, tinet_http_client_set_header(client, "X-A", "1"));
  T_EQ(0, tinet_http_body_new_bytes("body", 4, NULL, &b));
  T_EQ(0, tinet_http_client_send(client, NULL, b));
  T_EQ(4, last()->ev->on_read(last(), bytes, sizeof bytes, &err));
  T_EQ(0, head(503, ""));
  finish(0);
  T_EQ(0, tinet_http_client_set_header(client, "X-A", "2"));
  T_EQ(0, tinet_http_client_send_again(client, NULL));
  T_EQ(1, tinet_http_client_state(client));
  T_EQ(0, tinet_http_client_status(client));
  T_EQ(1, n_started); /* the change of state comes first, from the loop */
  (void)tinet_loop_run_once(loop);
  T_EQ(2, n_started);
  T_STR("1, 2", tinet__headers_get(last()->headers, "X-A"));
  T_EQ(4, last()->body_len);
  T_EQ(4, last()->ev->on_read(last(), bytes, sizeof bytes, &err));
  T_EQ(0, head(200, ""));
  finish(0);
  T_STR("1 up1.00 2 3 4 TINET_EHTTPSTATUS 1 up1.00 2 3 4 load ", story);
  end();
}

static void reopen_in_done(tinet_http_client *c, tinet_http_state s, void *u)
{
  on_readystate(c, s, u);
  if (s == TINET_HTTP_DONE && n_started == 1) {
    T_EQ(0, tinet_http_client_open(c, "GET", "http://b/"));
    T_EQ(0, tinet_http_client_send(c, NULL, NULL));
  }
}

static void open_inside_done_drops_the_old_outcome(void)
{
  begin();
  client->ev.on_readystate = reopen_in_done;
  open_and_send("GET", "http://a/");
  T_EQ(0, head(200, ""));
  finish(0);
  T_STR("1 2 3 4 1 ", story);
  T_EQ(0, head(200, ""));
  finish(0);
  T_STR("1 2 3 4 1 2 3 4 load ", story);
  end();
}

static void free_in_data(tinet_http_client *c, const tinet_http_progress *p,
                         void *u)
{
  (void)p;
  (void)u;
  tinet_http_client_free(c);
  client = NULL;
}

static void a_callback_may_free_its_client(void)
{
  begin();
  client->ev.on_datastream = free_in_data;
  open_and_send("GET", "http://a/");
  T_EQ(0, head(200, ""));
  T_EQ(TINET_ECANCELED, body("x"));
  T_EQ(1, n_cancelled);
  T_EQ(0, tinet_loop_run(loop));
  end();
}

static void a_bad_url_is_reported_from_the_loop(void)
{
  begin();
  open_and_send("GET", "ftp://a/");
  T_STR("1 ", story);
  T_EQ(0, tinet_loop_run(loop));
  T_STR("1 4 TINET_ESCHEME ", story);
  T_EQ(0, tinet_http_client_open(client, "GET", "http://a:99999/"));
  T_EQ(0, tinet_http_client_send(client, NULL, NULL));
  T_EQ(0, tinet_loop_run(loop));
  T_STR("1 4 TINET_ESCHEME 1 4 TINET_EURL ", story);
  T_EQ(0, n_started);
  end();
}

static void arguments_are_checked_at_once(void)
{
  begin();
  T_EQ(TINET_ESTATE, tinet_http_client_send(client, NULL, NULL));
  T_EQ(TINET_EINVAL, tinet_http_client_open(client, "GET", ""));
  T_EQ(TINET_EMETHOD, tinet_http_client_open(client, "G T", "http://a/"));
  T_EQ(TINET_EMETHOD, tinet_http_client_open(client, "", "http://a/"));
  T_EQ(TINET_EHEADER, tinet_http_client_set_header(client, "a b", "c"));
  T_EQ(TINET_EHEADER, tinet_http_client_set_header(client, "a", "b\r\nc: d"));
  T_STR("", story);
  end();
}

static void headers_before_open_belong_to_it_once(void)
{
  begin();
  T_EQ(0, tinet_http_client_set_header(client, "X-Early", "1"));
  T_OK(strstr(warning, "X-Early") != NULL);
  open_and_send("GET", "http://a/");
  T_STR("1", tinet__headers_get(last()->headers, "X-Early"));
  T_EQ(0, head(200, ""));
  finish(0);
  open_and_send("GET", "http://a/");
  T_STR(NULL, tinet__headers_get(last()->headers, "X-Early"));
  tinet_http_client_abort(client);
  end();
}

static void defaults_are_replaced_and_removed(void)
{
  char *text = NULL;

  begin();
  T_EQ(0, tinet_http_client_open(client, "GET", "http://a/"));
  T_EQ(0, tinet_http_client_set_header(client, "user-agent", "me"));
  T_EQ(0, tinet_http_client_set_header(client, "User-Agent", "too"));
  T_EQ(0, tinet_http_client_set_header(client, "X-Requested-With", NULL));
  T_EQ(0, tinet_http_client_set_header(client, "Cookie", "a=1"));
  T_EQ(0, tinet_http_client_set_header(client, "cookie", "b=2"));
  T_EQ(0, tinet_http_client_all_request_headers(client, &text));
  T_STR("user-agent:me, too\nCookie:a=1; b=2", text);
  tinet_free(text);
  T_EQ(0, tinet_http_client_send(client, NULL, NULL));
  T_STR("me, too", tinet__headers_get(last()->headers, "User-Agent"));
  T_STR(NULL, tinet__headers_get(last()->headers, "X-Requested-With"));
  T_STR("a=1; b=2", tinet__headers_get(last()->headers, "Cookie"));
  T_STR("no-cache", tinet__headers_get(last()->headers, "Cache-Control"));
  tinet_http_client_abort(client);
  end();
}

static void a_form_becomes_the_query_of_a_get(void)
{
  tinet_http_form *form = NULL;
  tinet_http_body *b = NULL;

  begin();
  T_EQ(0, tinet_http_form_new(&form));
  T_EQ(0, tinet_http_form_add_text(form, "q", "a b", 3));
  T_EQ(0, tinet_http_body_new_form(form, &b));
  T_EQ(0, tinet_http_client_open(client, "GET", "http://a/s?x=1"));
  T_EQ(0, tinet_http_client_send(client, NULL, b));
  T_STR("http://a/s?x=1&q=a%20b", last()->url->text);
  T_EQ(false, last()->has_body);
  tinet_http_client_abort(client);
  end();
}

static void more_than_six_requests_wait_their_turn(void)
{
  tinet_http_client *c[8];

  begin();
  for (int i = 0; i < 8; i++) {
    T_EQ(0, tinet_http_client_new(http, NULL, NULL, &c[i]));
    T_EQ(0, tinet_http_client_open(c[i], "GET", "http://a/"));
    T_EQ(0, tinet_http_client_send(c[i], NULL, NULL));
  }
  T_EQ(6, n_started);
  tinet_http_client_abort(c[0]);
  T_EQ(7, n_started);
  tinet_http_client_abort(c[7]); /* stops waiting */
  tinet_http_client_abort(c[1]);
  T_EQ(7, n_started);
  for (int i = 0; i < 8; i++)
    tinet_http_client_free(c[i]);
  end();
}

static void silence_times_out(void)
{
  tinet_http_settings settings;

  begin();
  tinet_http_settings_init(&settings);
  settings.timeout_ms = 20;
  T_EQ(0, tinet_http_client_open(client, "GET", "http://a/"));
  T_EQ(0, tinet_http_client_send(client, &settings, NULL));
  T_EQ(0, tinet_loop_run(loop));
  T_STR("1 4 TINET_ETIMEDOUT ", story);
  T_EQ(1, n_cancelled);
  settings.timeout_ms = 0;
  settings.timeout_for_resource_ms = 20;
  T_EQ(0, tinet_http_client_open(client, "GET", "http://a/"));
  T_EQ(0, tinet_http_client_send(client, &settings, NULL));
  T_EQ(0, tinet_loop_run(loop));
  T_OK(strstr(tinet_http_client_error(client)->text, "timeoutForResource"));
  end();
}

static void waiting_for_connectivity_tries_again(void)
{
  tinet_http_settings settings;

  begin();
  tinet_http_settings_init(&settings);
  settings.waits_for_connectivity = true;
  settings.timeout_ms = 50; /* shorter than the wait: it must not count */
  T_EQ(0, tinet_http_client_open(client, "GET", "http://a/"));
  T_EQ(0, tinet_http_client_send(client, &settings, NULL));
  finish(TINET_ERESOLVE);
  T_STR("1 ", story);
  while (n_started < 2)
    (void)tinet_loop_run_once(loop);
  T_EQ(0, head(200, ""));
  finish(0);
  T_STR("1 2 3 4 load ", story);
  end();
}

static void the_target_file_is_old_or_new(void)
{
  char dir[] = "/tmp/tinet-test-XXXXXX", path[64], text[16] = {0};
  tinet_http_settings settings;
  int fd;

  T_OK(mkdtemp(dir) != NULL);
  (void)snprintf(path, sizeof path, "%s/out", dir);
  begin();
  tinet_http_settings_init(&settings);
  settings.file = path;
  T_EQ(0, tinet_http_client_open(client, "GET", "http://a/"));
  T_EQ(0, tinet_http_client_send(client, &settings, NULL));
  T_EQ(0, head(200, "Content-Length: 3"));
  T_EQ(0, body("new"));
  T_EQ(-1, access(path, F_OK));
  finish(0);
  T_EQ(0, tinet_loop_run(loop));
  T_STR("1 2 3 down1.00 4 load ", story);
  fd = open(path, O_RDONLY);
  T_EQ(3, read(fd, text, sizeof text - 1));
  T_STR("new", text);
  (void)close(fd);
  /* A failed download leaves it as it was, and nothing beside it. */
  T_EQ(0, tinet_http_client_send(client, &settings, NULL));
  (void)tinet_loop_run_once(loop);
  T_EQ(0, head(200, "Content-Length: 9"));
  T_EQ(0, body("broken"));
  finish(TINET_ETRUNCATED);
  T_EQ(0, unlink(path));
  T_EQ(0, rmdir(dir));
  end();
}

static void an_unwritable_target_fails_before_anything_is_sent(void)
{
  tinet_http_settings settings;

  begin();
  tinet_http_settings_init(&settings);
  settings.file = "/tmp";
  T_EQ(0, tinet_http_client_open(client, "GET", "http://a/"));
  T_EQ(0, tinet_http_client_send(client, &settings, NULL));
  T_EQ(0, tinet_loop_run(loop));
  T_STR("1 4 TINET_EFILE ", story);
  T_EQ(21, tinet_http_client_error(client)->number);
  T_EQ(0, n_started);
  end();
}

static void only_the_opened_host_goes_unverified(void)
{
  tinet_http_settings settings;

  begin();
  tinet_http_settings_init(&settings);
  settings.validates_certificate = false;
  T_EQ(0, tinet_http_client_open(client, "GET", "https://a/"));
  T_EQ(0, tinet_http_client_send(client, &settings, NULL));
  T_EQ(false, last()->validates_certificate);
  T_STR("", warning); /* never from inside send */
  T_OK(tinet_loop_run_once(loop) >= 0);
  T_OK(strstr(warning, "a: ") == warning);
  T_EQ(0, head(302, "Location: https://b/"));
  finish(0);
  T_EQ(true, last()->validates_certificate);
  tinet_http_client_abort(client);
  end();
}

/* A strict policy but for b.test, under which https must meet ATS. */
static tinet_ats_policy *policy_for_b(void)
{
  tinet_ats_relief relief = {0, false, true, false};
  tinet_ats_policy *policy = NULL;

  T_EQ(0, tinet_ats_relief_policy(&relief, "b.test", NULL, &policy));
  return policy;
}

static void a_policy_denies_before_the_transport_is_asked(void)
{
  tinet_ats_policy *policy = policy_for_b();
  const tinet_ats_verdict *v;

  begin();
  tinet_http_set_ats(http, policy);
  tinet_ats_policy_unref(policy);
  open_and_send("GET", "http://a.test/");
  T_EQ(0, tinet_loop_run(loop));
  T_EQ(0, n_started);
  T_STR("1 4 TINET_EPOLICY ", story);
  v = tinet_http_client_ats_verdict(client);
  T_OK(v && v->code == TINET_ATS_CLEARTEXT);
  T_EQ(-1022, tinet_http_client_error(client)->number);
  open_and_send("GET", "http://b.test/");
  T_EQ(1, n_started);
  T_OK(!tinet_http_client_ats_verdict(client));
  T_EQ(0, head(302, "Location: http://a.test/"));
  finish(0);
  T_EQ(0, tinet_loop_run(loop));
  T_EQ(1, n_started);
  T_OK(strstr(story, "to:http://a.test/ 4 TINET_EPOLICY "));
  end();
}

static void the_transport_gets_what_the_policy_asks_for(void)
{
  tinet_ats_policy *policy = policy_for_b();
  tinet_http_settings settings;

  begin();
  tinet_http_set_ats(http, policy);
  tinet_http_settings_init(&settings);
  settings.validates_certificate = false;
  T_EQ(0, tinet_http_client_open(client, "GET", "https://a.test/"));
  T_EQ(0, tinet_http_client_send(client, &settings, NULL));
  T_OK(last()->ats == policy && last()->requirement.is_judged);
  T_EQ(0x0303, last()->requirement.min_version);
  T_EQ(true, last()->validates_certificate);
  T_OK(tinet_loop_run_once(loop) >= 0);
  T_OK(strstr(warning, "validatesSecureCertificate is ignored"));
  /* A policy that is exchanged lives as long as what goes on under it. */
  tinet_http_set_ats(http, NULL);
  tinet_ats_policy_unref(policy);
  T_OK(tinet_ats_policy_profile(last()->ats) == TINET_ATS_PROFILE_CURRENT);
  tinet_http_client_abort(client);
  T_EQ(0, tinet_http_client_open(client, "GET", "https://a.test/"));
  T_EQ(0, tinet_http_client_send(client, &settings, NULL));
  T_OK(!last()->ats);
  T_EQ(false, last()->validates_certificate);
  end();
}

static void closing_the_network_silences_its_clients(void)
{
  begin();
  open_and_send("GET", "http://a/");
  tinet_http_close(http);
  http = NULL;
  T_EQ(0, tinet_loop_run(loop));
  T_STR("1 ", story);
  T_EQ(TINET_ESTATE, tinet_http_client_open(client, "GET", "http://a/"));
  tinet_http_client_free(client);
  client = NULL;
  end();
}

static int open_once(void)
{
  tinet_http *h = NULL;
  tinet_http_options opt;
  int err;

  tinet_http_options_init(&opt);
  opt.http_proxy = "http://p:1";
  opt.app_guid = "guid";
  opt.user_agent = "ua";
  err = tinet_http_open(loop, &opt, &h);
  tinet_http_close(h);
  return err;
}

static int denied_once(void)
{
  tinet_http_client *c = NULL;
  tinet_ats_policy *policy = NULL;
  int err = tinet_ats_policy_new(NULL, &policy);

  if (err < 0)
    return err;
  tinet_http_set_ats(http, policy);
  tinet_ats_policy_unref(policy);
  err = tinet_http_client_new(http, &all_events, NULL, &c);
  if (err == 0)
    err = tinet_http_client_open(c, "GET", "http://a.test/");
  if (err == 0)
    err = tinet_http_client_send(c, NULL, NULL);
  if (err == 0) {
    (void)tinet_loop_run(loop);
    err = tinet_http_client_error(c)->code;
  }
  /* The verdict may be missing for want of memory, the error never. */
  if (err == TINET_EPOLICY && !tinet_http_client_ats_verdict(c))
    err = TINET_ENOMEM;
  tinet_http_client_free(c);
  tinet_http_set_ats(http, NULL);
  return err;
}

static int request_once(void)
{
  tinet_http_client *c = NULL;
  tinet_http_body *b = NULL;
  int err = tinet_http_client_new(http, &all_events, NULL, &c);

  if (err < 0)
    return err;
  err = tinet_http_body_new_bytes("x", 1, NULL, &b);
  if (err == 0)
    err = tinet_http_client_open(c, "POST", "http://a/");
  if (err == 0)
    err = tinet_http_client_set_header(c, "A", "b");
  if (err == 0)
    err = tinet_http_client_send(c, NULL, b);
  if (err < 0)
    tinet_http_body_free(b);
  if (err == 0 && n_started == 0) { /* refused: reported from the loop */
    (void)tinet_loop_run(loop);
    err = tinet_http_client_error(c)->code;
  }
  tinet_http_client_free(c);
  return err;
}

static void each_allocation_may_fail(void)
{
  begin();
  T_EACH_ALLOCATION_FAILS(0, open_once);
  n_started = 0;
  T_EACH_ALLOCATION_FAILS(0, request_once);
  T_EACH_ALLOCATION_FAILS(TINET_EPOLICY, denied_once);
  end();
}

int main(void)
{
  T_RUN(a_get_tells_its_story_in_order);
  T_RUN(an_empty_body_still_passes_loading);
  T_RUN(an_error_status_is_a_complete_response);
  T_RUN(a_redirect_changes_no_state);
  T_RUN(redirects_have_a_limit);
  T_RUN(without_auto_redirect_the_3xx_is_the_result);
  T_RUN(abort_reports_done_and_nothing_else);
  T_RUN(open_while_running_is_ignored_with_a_warning);
  T_RUN(send_in_done_repeats_with_headers_and_body);
  T_RUN(open_inside_done_drops_the_old_outcome);
  T_RUN(a_callback_may_free_its_client);
  T_RUN(a_bad_url_is_reported_from_the_loop);
  T_RUN(arguments_are_checked_at_once);
  T_RUN(headers_before_open_belong_to_it_once);
  T_RUN(defaults_are_replaced_and_removed);
  T_RUN(a_form_becomes_the_query_of_a_get);
  T_RUN(more_than_six_requests_wait_their_turn);
  T_RUN(silence_times_out);
  T_RUN(waiting_for_connectivity_tries_again);
  T_RUN(the_target_file_is_old_or_new);
  T_RUN(an_unwritable_target_fails_before_anything_is_sent);
  T_RUN(only_the_opened_host_goes_unverified);
  T_RUN(a_policy_denies_before_the_transport_is_asked);
  T_RUN(the_transport_gets_what_the_policy_asks_for);
  T_RUN(closing_the_network_silences_its_clients);
  T_RUN(each_allocation_may_fail);
  return T_END();
}
