/* client_hop.c - from "send" or a redirect to a running exchange.
 *
 * begin prepares the first hop: target file, URL, body.  A hop then waits for
 * its place in the queue, gets its headers and goes to the transport.  What
 * fails on the way is reported from the loop, never from inside send.
 */
#include "cache_transport.h"
#include "http_private.h"

#include "../core/alloc.h"
#include "../core/buf.h"
#include "../core/error.h"

#include <string.h>

const char *tinet__client_hop_method(const tinet_http_client *c)
{
  return c->is_get ? "GET" : c->method;
}

static bool is_bodiless(const tinet_http_client *c)
{
  return strcmp(c->method, "GET") == 0 || strcmp(c->method, "HEAD") == 0;
}

bool tinet__client_sends_body(const tinet_http_client *c)
{
  return !c->drops_body && !is_bodiless(c);
}

static void on_refused(void *arg)
{
  tinet_http_client *c = arg;
  tinet_error err = c->pending_error;

  tinet__client_fail(c, &err);
}

static void refuse(tinet_http_client *c, int code)
{
  if (c->pending_error.code != code)
    tinet__error_set(&c->pending_error, code, TINET_ORIGIN_TINET, 0, NULL);
  tinet__defer(c->lane->loop, &c->deferred, on_refused, c);
}

/* ti: HTTPClient.send - a dictionary given to GET becomes query parameters. */
static int add_query(tinet_http_client *c)
{
  struct tinet__buf params = TINET__BUF_INIT;
  struct tinet__url with = {0};
  int err;

  if (!c->body || !is_bodiless(c) || !tinet__body_is_form(c->body))
    return TINET_OK;
  err = tinet__body_query(c->body, &params);
  if (err == TINET_OK && params.len > 0) {
    err = tinet__url_add_query(&c->url, params.data, &with);
    if (err == TINET_OK) {
      tinet__url_free(&c->url);
      c->url = with;
      c->is_url_raw = false;
    }
  }
  tinet__buf_free(&params);
  return err;
}

static int prepare_body(tinet_http_client *c, tinet_error *err)
{
  int code;

  if (!c->body || !tinet__client_sends_body(c))
    return TINET_OK;
  code = tinet__body_prepare(c->body);
  if (code < 0)
    return code;
  return tinet__body_rewind(c->body, err);
}

static int note_unverified(tinet_http_client *c)
{
  tinet__free(c->unverified_host);
  c->unverified_host = NULL;
  if (c->settings.validates_certificate)
    return TINET_OK;
  c->unverified_host = tinet__strdup(c->url.host);
  return c->unverified_host ? TINET_OK : TINET_ENOMEM;
}

static int parse_url(tinet_http_client *c, tinet_error *err)
{
  bool encode = c->settings.is_auto_encode_url;
  int code;

  if (c->is_url_raw && c->is_url_encoded == encode)
    return TINET_OK;
  c->is_url_raw = false;
  tinet__url_free(&c->url);
  code = tinet__url_parse(c->raw_url, encode, &c->url, err);
  c->is_url_raw = code == TINET_OK;
  c->is_url_encoded = encode;
  return code;
}

static int prepare_first(tinet_http_client *c, tinet_error *err)
{
  const char *cookie;
  int code;

  code = parse_url(c, err);
  if (code < 0)
    return code;
  code = add_query(c);
  if (code < 0)
    return code;
  code = note_unverified(c);
  if (code < 0)
    return code;
  code = tinet__client_auth_begin(c);
  if (code < 0)
    return code;
  code = prepare_body(c, err);
  if (code < 0)
    return code;
  code = tinet__headers_copy(&c->carried, &c->app_headers);
  if (code < 0)
    return code;
  cookie = tinet__headers_get(&c->carried, "Cookie");
  c->sends_no_cookies = cookie && strcmp(cookie, TINET__REMOVED) == 0;
  if (!c->settings.file)
    return TINET_OK;
  return tinet__sink_open_file(&c->sink, c->settings.file, err);
}

static bool is_idempotent(const char *method)
{
  static const char *const names[] = {"GET",     "HEAD",   "PUT",
                                      "OPTIONS", "DELETE", "TRACE"};

  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strcmp(method, names[i]) == 0)
      return true;
  return false;
}

/* RFC 9110 8.6: these say how long their body is even when it is empty. */
static bool expects_body(const char *method)
{
  return strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
         strcmp(method, "PATCH") == 0;
}

static void fill_exchange(tinet_http_client *c)
{
  struct tinet__exchange *x = &c->x;
  const char *method = tinet__client_hop_method(c);
  bool has_body = tinet__client_sends_body(c) && c->body;

  memset(x, 0, sizeof *x);
  x->ev = &tinet__client_exchange_events;
  x->method = method;
  x->url = &c->url;
  x->headers = &c->hop_headers;
  x->body_len = has_body ? tinet_http_body_len(c->body) : 0;
  x->has_body = has_body || expects_body(method);
  x->proxy = tinet__proxies_for(&c->http->proxies, &c->url);
  x->login = tinet__client_login(c);
  tinet__client_fill_trust(c);
  tinet__client_fill_ats(c);
  tinet__client_warn_of_trust(c);
  x->closes_connection = c->settings.closes_connection;
  x->is_http1_only = c->settings.is_http1_only;
  x->is_idempotent = is_idempotent(method);
  x->uses_cache = c->settings.uses_cache;
  x->max_header_bytes = c->http->opt.max_header_bytes;
}

static void launch(tinet_http_client *c)
{
  int err = c->has_headers ? TINET_OK : tinet__client_build_headers(c);

  c->has_headers = false;
  c->phase = TINET__RUNNING;
  tinet__deadline_counts(c, true);
  if (err < 0) {
    refuse(c, err);
    return;
  }
  fill_exchange(c);
  c->wire_len = 0;
  c->sent_now = 0;
  if (!c->has_begun)
    tinet__meter_start(&c->sent, c->x.body_len);
  c->has_begun = true;
  memset(&c->facts, 0, sizeof c->facts);
  if (c->ev.on_hop)
    c->started_wall_us = tinet__clock_wall_us();
  err = c->lane->transport->ops->start(c->lane->transport, &c->x);
  if (err < 0)
    refuse(c, err);
}

/* What needs no connection does not wait for one. */
static bool is_in_cache(tinet_http_client *c)
{
  if (!c->settings.uses_cache || !c->http->opt.cache ||
      tinet__client_build_headers(c) < 0)
    return false;
  c->has_headers = true;
  fill_exchange(c);
  return tinet__cache_transport_answers(c->lane->transport, &c->x);
}

static void start_hop(tinet_http_client *c)
{
  int err = tinet__client_ats_begin(c);

  if (err < 0) {
    refuse(c, err);
    return;
  }
  err = 1;
  c->has_headers = false;
  if (!is_in_cache(c))
    err = tinet__queue_enter(&c->lane->queue, &c->url, &c->ticket);

  /* For a hop that times out in the queue. */
  memset(&c->x.times, 0, sizeof c->x.times);
  if (c->ev.on_hop)
    c->started_wall_us = tinet__clock_wall_us();
  if (err < 0) {
    refuse(c, err);
    return;
  }
  if (err == 1) {
    launch(c);
    return;
  }
  c->has_headers = false; /* cookies may change meanwhile */
  c->phase = TINET__QUEUED;
  tinet__deadline_counts(c, false);
}

void tinet__client_admitted(struct tinet__ticket *ticket)
{
  launch(TINET__CONTAINER(ticket, tinet_http_client, ticket));
}

void tinet__client_begin(tinet_http_client *c)
{
  uint32_t generation = c->generation;
  int err;

  if (c->owes_opened) {
    c->owes_opened = false;
    tinet__client_ref(c);
    tinet__client_set_state(c, TINET_HTTP_OPENED);
    if (c->generation != generation) {
      tinet__client_unref(c);
      return;
    }
    tinet__client_unref(c); /* the owner's reference is still there */
  }
  tinet__error_clear(&c->pending_error);
  tinet__client_take_policy(c);
  err = prepare_first(c, &c->pending_error);
  if (err < 0) {
    refuse(c, err);
    return;
  }
  start_hop(c);
}

void tinet__client_retry(tinet_http_client *c)
{
  int err = prepare_body(c, &c->pending_error);

  if (err < 0)
    refuse(c, err);
  else
    start_hop(c);
}

void tinet__client_follow(tinet_http_client *c)
{
  struct tinet__redirect *r = &c->redirect;

  c->n_redirects++;
  c->is_get = c->is_get || r->is_get;
  c->drops_body = c->drops_body || r->drops_body;
  tinet__redirect_strip(r, &c->carried);
  tinet__client_auth_new_hop(c);
  c->auth.was_https = c->auth.was_https || c->url.is_https;
  tinet__url_free(&c->url);
  c->url = r->url;
  c->is_url_raw = false;
  memset(r, 0, sizeof *r);
  tinet__client_retry(c);
}

void tinet__client_leave_hop(tinet_http_client *c)
{
  if (c->x.impl)
    c->lane->transport->ops->cancel(c->lane->transport, &c->x);
  c->x.impl = NULL;
  tinet__queue_leave(&c->lane->queue, &c->ticket);
}
