/* client.c - one HTTPClient: open, headers, send, abort and its life.
 *
 * The rules of re-use are those of ti: HTTPClient.open.  Whatever invalidates
 * what went before (open, a repeated send, abort, free) raises the client's
 * generation; code that called out compares it before it goes on.
 */
#include "http_private.h"

#include "../core/alloc.h"
#include "../core/error.h"
#include "../core/str.h"

#include <string.h>

void tinet_http_settings_init(tinet_http_settings *settings)
{
  memset(settings, 0, sizeof *settings);
  settings->struct_size = sizeof *settings;
  settings->timeout_ms = -1;
  settings->timeout_for_resource_ms = -1;
  settings->is_auto_redirect = true;
  settings->is_auto_encode_url = true;
  settings->validates_certificate = true;
}

int tinet_http_client_new(tinet_http *http, const tinet_http_events *events,
                          void *user, tinet_http_client **ret_client)
{
  tinet_http_client *c;

  if (!http || !ret_client)
    return TINET_EINVAL;
  c = tinet__zalloc(sizeof *c);
  if (!c)
    return TINET_ENOMEM;
  c->http = http;
  if (events)
    c->ev = *events;
  c->user = user;
  c->n_refs = 1;
  tinet__sink_init(&c->sink, http->opt.spill_threshold);
  tinet__list_append(&http->clients, &c->link);
  *ret_client = c;
  return TINET_OK;
}

void tinet__client_ref(tinet_http_client *c)
{
  c->n_refs++;
}

void tinet__client_unref(tinet_http_client *c)
{
  if (--c->n_refs > 0)
    return;
  tinet__free(c->method);
  tinet__free(c->raw_url);
  tinet__headers_free(&c->app_headers);
  tinet__headers_free(&c->next_headers);
  tinet__client_free_settings(c);
  tinet__client_auth_clear(c);
  tinet_http_body_free(c->body);
  tinet__url_free(&c->url);
  tinet__free(c->unverified_host);
  tinet__url_free(&c->redirect.url);
  tinet__headers_free(&c->carried);
  tinet__headers_free(&c->hop_headers);
  tinet__headers_free(&c->headers);
  tinet__decoder_free(c->decoder);
  tinet__sink_free(&c->sink);
  tinet__free(c->own_phrase);
  tinet__free(c->tls_failure);
  tinet__free(c->verdict);
  tinet_ats_policy_unref(c->ats);
  tinet__free(c);
}

void tinet__client_stop(tinet_http_client *c)
{
  if (c->phase == TINET__IDLE)
    return;
  if (c->phase == TINET__SAVING)
    tinet__client_forget_save(c);
  tinet__client_leave_hop(c);
  tinet__deadline_stop(c);
  tinet__defer_cancel(c->lane->loop, &c->deferred);
  tinet__loop_release(c->lane->loop);
  c->lane = NULL;
  c->phase = TINET__IDLE;
  c->owes_opened = false;
}

void tinet_http_client_free(tinet_http_client *c)
{
  if (!c)
    return;
  c->generation++;
  c->is_freed = true;
  tinet__client_stop(c);
  tinet__list_remove(&c->link);
  memset(&c->ev, 0, sizeof c->ev);
  tinet__client_unref(c);
}

void tinet__client_set_state(tinet_http_client *c, tinet_http_state state)
{
  c->state = state;
  if (!c->ev.on_readystate ||
      (c->is_sync && state != TINET_HTTP_DONE && c->phase != TINET__IDLE))
    return;
  c->ev.on_readystate(c, state, c->user);
}

/* xmlhttprequest: the standard names in any case, all others as given. */
static char *normal_method(const char *method)
{
  static const char *const names[] = {"GET",     "POST",  "HEAD",  "PUT",
                                      "OPTIONS", "PATCH", "TRACE", "DELETE"};

  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (tinet__ieq(method, names[i]))
      return tinet__strdup(names[i]);
  return tinet__strdup(method);
}

/* ti: HTTPClient.autoEncodeUrl - "example.com/x" means http://example.com/x;
 * what has a scheme of its own keeps it (and fails at send). */
static char *with_scheme(const char *url)
{
  struct tinet__buf b = TINET__BUF_INIT;
  const char *colon = strstr(url, "://");
  const char *end = strpbrk(url, "/?#");

  if (colon && colon > url && (!end || colon < end))
    return tinet__strdup(url);
  if (tinet__istarts(url, "data:") || tinet__istarts(url, "file:") ||
      tinet__istarts(url, "mailto:"))
    return tinet__strdup(url);
  if (tinet__buf_adds(&b, "http://") < 0 || tinet__buf_adds(&b, url) < 0) {
    tinet__buf_free(&b);
    return NULL;
  }
  return tinet__buf_take(&b, NULL);
}

static int warn_running(tinet_http_client *c, const char *what)
{
  tinet__http_warn(c->http,
                   "HTTPClient.%s was ignored: a request to %s is running; "
                   "call abort() first",
                   what, c->url.host ? c->url.host : "the server");
  return TINET_ESTATE;
}

/* What was given last time, as in polling, needs no work: *ret_new stays NULL.
 * False: no memory. */
static bool make_if_other(const char *old, const char *text,
                          char *(*make)(const char *), char **ret_new)
{
  if (old && strcmp(old, text) == 0)
    return true;
  *ret_new = make(text);
  return *ret_new != NULL;
}

int tinet_http_client_open(tinet_http_client *c, const char *method,
                           const char *url)
{
  TINET_CLEANUP(tinet__freep) char *new_method = NULL;
  TINET_CLEANUP(tinet__freep) char *new_url = NULL;
  struct tinet__headers old;

  if (!c || !method || !url || !*url)
    return TINET_EINVAL;
  if (!tinet__is_token(method, strlen(method)))
    return TINET_EMETHOD;
  if (!c->http)
    return TINET_ESTATE;
  if (c->phase != TINET__IDLE)
    return warn_running(c, "open");
  if (!make_if_other(c->method, method, normal_method, &new_method) ||
      !make_if_other(c->raw_url, url, with_scheme, &new_url))
    return TINET_ENOMEM;

  c->generation++;
  if (new_method) {
    tinet__free(c->method);
    c->method = TINET_TAKE(new_method);
  }
  if (new_url) {
    tinet__free(c->raw_url);
    c->raw_url = TINET_TAKE(new_url);
    c->is_url_raw = false;
  }
  /* ti: HTTPClient.setRequestHeader - headers set before open belong to it,
   * once. */
  old = c->app_headers;
  c->app_headers = c->next_headers;
  c->next_headers = old;
  tinet__headers_reset(&c->next_headers);
  tinet_http_body_free(c->body);
  c->body = NULL;
  c->is_sync = false;
  if (!c->is_url_raw)
    tinet__url_free(&c->url);
  c->n_redirects = 0;
  tinet__client_reset_response(c);
  tinet__client_set_state(c, TINET_HTTP_OPENED); /* last: it may free c */
  return TINET_OK;
}

static int check_send(tinet_http_client *c, const tinet_http_settings *settings)
{
  if (!c || (settings && settings->struct_size != sizeof *settings))
    return TINET_EINVAL;
  if (settings && settings->file && c->ev.on_data)
    return TINET_EINVAL;
  if (!c->http || !c->method)
    return TINET_ESTATE;
  if (c->phase != TINET__IDLE)
    return warn_running(c, "send");
  return TINET_OK;
}

/* ti: HTTPClient.open - send in state DONE repeats the request. */
static int prepare_repeat(tinet_http_client *c)
{
  int err = tinet__client_merge_headers(&c->app_headers, &c->next_headers);

  if (err < 0)
    return err;
  tinet__headers_reset(&c->next_headers);
  tinet__client_reset_response(c);
  c->state = TINET_HTTP_OPENED;
  c->owes_opened = !c->is_sync;
  return TINET_OK;
}

static int prepare_send(tinet_http_client *c,
                        const tinet_http_settings *settings)
{
  int err = check_send(c, settings);

  if (err < 0)
    return err;
  err = tinet__client_copy_settings(c, settings);
  if (err < 0)
    return err;
  c->generation++;
  if (c->state == TINET_HTTP_DONE)
    return prepare_repeat(c);
  return TINET_OK;
}

static void on_begin(void *arg)
{
  tinet__client_begin(arg);
}

static void go(tinet_http_client *c, struct tinet__lane *lane)
{
  c->lane = lane;
  c->phase = TINET__STARTING;
  c->is_get = c->drops_body = c->has_begun = false;
  c->n_redirects = c->n_hops = 0;
  tinet__loop_hold(lane->loop);
  tinet__deadline_start(c);
  /* Starting now saves a turn of the loop; what must be reported first, or
   * fails, is reported from the loop. */
  if (c->owes_opened)
    tinet__defer(lane->loop, &c->deferred, on_begin, c);
  else
    tinet__client_begin(c);
}

static void take_body(tinet_http_client *c, tinet_http_body *body)
{
  tinet_http_body_free(c->body);
  c->body = body;
}

int tinet_http_client_send(tinet_http_client *c,
                           const tinet_http_settings *settings,
                           tinet_http_body *body)
{
  int err;

  if (c && c->phase == TINET__IDLE)
    c->is_sync = false;
  err = prepare_send(c, settings);
  if (err < 0)
    return err;
  take_body(c, body);
  go(c, &c->http->lane);
  return TINET_OK;
}

int tinet_http_client_send_again(tinet_http_client *c,
                                 const tinet_http_settings *settings)
{
  tinet_http_body *body = c ? c->body : NULL;
  int err;

  if (c)
    c->body = NULL; /* so that taking it does not free it */
  err = tinet_http_client_send(c, settings, body);
  if (c && err < 0)
    c->body = body;
  return err;
}

static int open_sync_lane(tinet_http *http)
{
  struct tinet__lane *lane;
  tinet_loop *loop = NULL;
  int err;

  if (http->sync_lane)
    return TINET_OK;
  err = tinet_loop_open(&loop);
  if (err < 0)
    return err;
  lane = tinet__zalloc(sizeof *lane);
  err = lane ? tinet__lane_open(lane, http, loop) : TINET_ENOMEM;
  if (err < 0) {
    if (lane)
      tinet__lane_close(lane);
    tinet__free(lane);
    (void)tinet_loop_close(loop); /* nothing is left on it */
    return err;
  }
  http->sync_lane = lane;
  return TINET_OK;
}

/* Turns the private loop until the request of this generation is over. */
static void run_sync(tinet_http_client *c, struct tinet__lane *lane,
                     uint32_t generation)
{
  lane->is_inside = true;
  while (c->generation == generation && c->phase != TINET__IDLE)
    if (tinet_loop_run_once(lane->loop) < 0)
      break;
  lane->is_inside = false;
}

int tinet_http_client_send_sync(tinet_http_client *c,
                                const tinet_http_settings *settings,
                                tinet_http_body *body, bool again)
{
  struct tinet__lane *lane;
  uint32_t generation;
  int err = check_send(c, settings);

  if (err < 0)
    return err;
  if (again && body)
    return TINET_EINVAL;
  err = open_sync_lane(c->http);
  if (err < 0)
    return err;
  lane = c->http->sync_lane;
  if (lane->is_inside)
    return TINET_ESTATE;
  c->is_sync = true;
  err = prepare_send(c, settings);
  if (err < 0)
    return err;
  if (!again)
    take_body(c, body);
  tinet__client_ref(c);
  generation = c->generation;
  go(c, lane);
  run_sync(c, lane, generation);
  if (c->http)
    tinet__http_tell(c->http);
  /* Reported here, outside the private loop, so that a handler may make the
   * next synchronous request. */
  if (c->generation == generation && !c->is_freed)
    tinet__client_deliver_outcome(c);
  tinet__client_unref(c);
  return TINET_OK;
}

void tinet_http_client_abort(tinet_http_client *c)
{
  if (!c || c->state == TINET_HTTP_UNSENT || c->state == TINET_HTTP_DONE)
    return;
  c->generation++;
  tinet__client_stop(c);
  tinet__sink_discard(&c->sink);
  c->is_sync = false;
  tinet__client_set_state(c, TINET_HTTP_DONE); /* last: it may free c */
}
