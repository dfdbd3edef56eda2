/* client_events.c - what the transport reports, turned into the client's story.
 *
 * A response is either a redirect that is followed (its body is read and
 * dropped) or the result (its headers, body and end become states, progress and
 * the outcome).  Every handler here may find that the callback it made has
 * opened, aborted or freed the client: then the exchange is gone and it returns
 * TINET_ECANCELED without touching it.
 */
#include "framing.h"
#include "http_private.h"

#include "../core/alloc.h"
#include "../core/error.h"
#include "../core/str.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define CLIENT_OF(x) TINET__CONTAINER(x, tinet_http_client, x)

static int on_connected(struct tinet__exchange *x,
                        const struct tinet__conn_facts *facts, tinet_error *err)
{
  tinet_http_client *c = CLIENT_OF(x);

  if (tinet__client_ats_connected(c, facts, err) < 0)
    return err->code;
  tinet__deadline_moved(c);
  if (!c->ev.on_hop)
    return TINET_OK;
  c->facts = *facts;
  c->facts.ssl = NULL;
  (void)snprintf(c->facts_address, sizeof c->facts_address, "%s",
                 facts->remote_address ? facts->remote_address : "");
  (void)snprintf(c->facts_version, sizeof c->facts_version, "%s",
                 facts->tls_version ? facts->tls_version : "");
  (void)snprintf(c->facts_cipher, sizeof c->facts_cipher, "%s",
                 facts->tls_cipher ? facts->tls_cipher : "");
  return TINET_OK;
}

static int set_phrase(tinet_http_client *c, int version, const char *reason)
{
  const char *standard = tinet__status_phrase(c->status);

  tinet__free(c->own_phrase);
  c->own_phrase = NULL;
  c->phrase = standard;
  if (version >= 20 || !reason || strcmp(reason, standard) == 0)
    return TINET_OK;
  c->own_phrase = tinet__strdup(reason);
  if (!c->own_phrase)
    return TINET_ENOMEM;
  c->phrase = c->own_phrase;
  return TINET_OK;
}

/* A step of a login, or of a validation, that the transport went on from by
 * itself. */
static void on_interim(struct tinet__exchange *x, int status,
                       const struct tinet__headers *headers)
{
  tinet_http_client *c = CLIENT_OF(x);

  tinet__deadline_moved(c);
  if ((status == 401 || status == 304) &&
      tinet__client_store_cookies(c, headers) < 0)
    tinet__http_warn_once(c->http, c->url.host, "no memory to keep a cookie");
}

static bool has_no_body(const tinet_http_client *c)
{
  return c->status == 204 || c->status == 304 ||
         strcmp(tinet__client_hop_method(c), "HEAD") == 0;
}

static int open_decoder(tinet_http_client *c)
{
  struct tinet__decoder_limits limits = {
      .max_bytes = c->http->opt.max_decoded_bytes,
      .max_ratio = c->http->opt.max_decoded_ratio,
  };
  char *encoding = NULL;
  int err;

  if (!tinet__headers_get(&c->headers, "Content-Encoding") || has_no_body(c))
    return TINET_OK;
  err = tinet__headers_joined(&c->headers, "Content-Encoding", &encoding);
  if (err == TINET_OK && encoding)
    err = tinet__decoder_new(encoding, &limits, &c->decoder);
  tinet__free(encoding);
  return err;
}

static void start_meter(tinet_http_client *c)
{
  const char *text = tinet__headers_get(&c->headers, "Content-Length");
  uint64_t total;

  if (text && tinet__parse_u64(text, strlen(text), &total) &&
      total <= INT64_MAX)
    tinet__meter_start(&c->received, (int64_t)total);
  else
    tinet__meter_start(&c->received, -1);
}

static int decide_redirect(tinet_http_client *c, tinet_error *err)
{
  const char *location = tinet__headers_get(&c->headers, "Location");

  memset(&c->redirect, 0, sizeof c->redirect);
  if (!c->settings.is_auto_redirect || !location || c->status < 300 ||
      c->status > 399)
    return TINET_OK;
  return tinet__redirect_decide(
      c->status, location, tinet__client_hop_method(c), &c->url, c->n_redirects,
      c->http->opt.max_redirects, &c->redirect, err);
}

static int begin_result(tinet_http_client *c, tinet_error *err)
{
  uint32_t generation = c->generation;
  int code = open_decoder(c);

  if (code < 0)
    return tinet__error_set(err, code, TINET_ORIGIN_TINET, 0,
                            "%s: Content-Encoding cannot be decoded",
                            c->url.host);
  start_meter(c);
  tinet__client_ref(c);
  tinet__client_set_state(c, TINET_HTTP_HEADERS_RECEIVED);
  code = c->generation == generation ? TINET_OK : TINET_ECANCELED;
  tinet__client_unref(c);
  return code;
}

static int on_headers(struct tinet__exchange *x, int http_version, int status,
                      const char *reason, const struct tinet__headers *headers,
                      tinet_error *err)
{
  tinet_http_client *c = CLIENT_OF(x);
  int code;

  tinet__deadline_moved(c);
  if (http_version >= 20)
    tinet__queue_is_h2(&c->lane->queue, &c->ticket);
  c->status = status;
  c->http_version = http_version;
  code = tinet__framing_check(headers, http_version, err);
  if (code < 0)
    return code;
  code = set_phrase(c, http_version, reason);
  if (code == TINET_OK)
    code = tinet__headers_copy(&c->headers, headers);
  if (code < 0)
    return tinet__error_set(err, code, TINET_ORIGIN_TINET, 0, NULL);
  /* Stored cookies are older than those of the jar. */
  if (x->cache_state <= TINET_HTTP_CACHE_MISS)
    code = tinet__client_store_cookies(c, headers);
  if (code == TINET_OK)
    code = tinet__client_auth_response(c);
  if (code < 0)
    return tinet__error_set(err, code, TINET_ORIGIN_TINET, 0, NULL);
  if (code == 1)
    return TINET_OK; /* a challenge that is answered: nobody hears of it */
  code = decide_redirect(c, err);
  if (code < 0)
    return code;
  if (c->redirect.is_followed)
    return TINET_OK;
  return begin_result(c, err);
}

/* Where decoded bytes go, and how their error comes back. */
struct delivery {
  tinet_http_client *c;
  tinet_error *err;
  uint32_t generation;
};

static int deliver(void *arg, const void *data, size_t len)
{
  struct delivery *d = arg;
  tinet_http_client *c = d->c;
  int code;

  if (c->received.total < 0)
    c->received.size += len;
  if (!c->ev.on_data)
    return tinet__sink_write(&c->sink, data, len, d->err);
  code = c->ev.on_data(c, data, len, c->user);
  if (c->generation != d->generation)
    return TINET_ECANCELED;
  if (code < 0)
    return tinet__error_set(d->err, code, TINET_ORIGIN_TINET, 0,
                            "the application ended the request: %s",
                            tinet_error_text(code));
  return TINET_OK;
}

static int take_bytes(struct delivery *d, const void *data, size_t len)
{
  tinet_http_client *c = d->c;
  int code;

  if (c->state < TINET_HTTP_LOADING) {
    tinet__client_set_state(c, TINET_HTTP_LOADING);
    if (c->generation != d->generation)
      return TINET_ECANCELED;
  }
  if (c->received.total >= 0)
    c->received.size += len;
  if (c->decoder)
    code = tinet__decoder_write(c->decoder, data, len, deliver, d, d->err);
  else
    code = deliver(d, data, len);
  if (c->generation != d->generation)
    return TINET_ECANCELED;
  if (code < 0)
    return code;
  tinet__client_received(c);
  return c->generation == d->generation ? TINET_OK : TINET_ECANCELED;
}

static int on_body(struct tinet__exchange *x, const void *data, size_t len,
                   tinet_error *err)
{
  tinet_http_client *c = CLIENT_OF(x);
  struct delivery d = {c, err, c->generation};
  int code;

  tinet__deadline_moved(c);
  c->wire_len += len;
  if (c->redirect.is_followed || c->auth.is_answered) {
    if (c->wire_len <= TINET__MAX_REDIRECT_BODY)
      return TINET_OK;
    /* Not worth reading: on_finish follows whatever the error is. */
    return tinet__error_set(err, TINET_ELIMIT, TINET_ORIGIN_TINET, 0, NULL);
  }
  tinet__client_ref(c);
  code = take_bytes(&d, data, len);
  tinet__client_unref(c);
  return code;
}

static int64_t on_read(struct tinet__exchange *x, void *data, size_t max,
                       tinet_error *err)
{
  tinet_http_client *c = CLIENT_OF(x);
  uint32_t generation = c->generation;
  int64_t n;

  tinet__deadline_moved(c);
  if (!c->body || !tinet__client_sends_body(c))
    return 0;
  tinet__client_ref(c);
  n = tinet__body_read(c->body, data, max, err);
  if (c->generation != generation) { /* a reader may call anything */
    n = TINET_ECANCELED;
  } else if (n > 0) {
    c->sent_now += (uint64_t)n;
    if (c->sent_now > c->sent.size)
      c->sent.size = c->sent_now; /* never backwards on a repeat */
    tinet__client_sent(c);
    if (c->generation != generation)
      n = TINET_ECANCELED;
  }
  tinet__client_unref(c);
  return n;
}

static int on_rewind(struct tinet__exchange *x, tinet_error *err)
{
  tinet_http_client *c = CLIENT_OF(x);

  c->sent_now = 0;
  return c->body ? tinet__body_rewind(c->body, err) : TINET_OK;
}

static void on_progress(struct tinet__exchange *x)
{
  tinet__deadline_moved(CLIENT_OF(x));
}

static void follow(tinet_http_client *c, uint32_t generation)
{
  if (c->ev.on_redirect && !c->is_sync) {
    c->ev.on_redirect(c, c->redirect.url.text, c->user);
    if (c->generation != generation)
      return;
  }
  c->status = 0;
  c->http_version = 0;
  tinet__headers_reset(&c->headers);
  tinet__client_follow(c);
}

/* The same hop with the answer to its challenge. */
static void answer(tinet_http_client *c)
{
  c->auth.is_answered = false;
  c->status = 0;
  c->http_version = 0;
  tinet__headers_reset(&c->headers);
  tinet__client_retry(c);
}

/* Is it worth waiting for a network?  ti: waitsForConnectivity */
static bool is_offline(const tinet_error *err)
{
  return err->code == TINET_EOFFLINE || err->code == TINET_ERESOLVE ||
         (err->code == TINET_ECONNECT && err->origin == TINET_ORIGIN_SYSTEM &&
          (err->number == ENETDOWN || err->number == ENETUNREACH ||
           err->number == EHOSTUNREACH));
}

static void wait_for_network(tinet_http_client *c)
{
  c->phase = TINET__WAITING;
  c->retry_at_ms =
      tinet__loop_now_ms(c->lane->loop) + TINET__CONNECTIVITY_RETRY_MS;
  tinet__deadline_counts(c, false);
}

static void note_tls_failure(tinet_http_client *c)
{
  tinet__free(c->tls_failure);
  c->tls_failure = NULL;
  if (c->x.tls_failure) /* NULL without memory: the error's text remains */
    c->tls_failure = tinet__memdup(c->x.tls_failure, sizeof *c->tls_failure);
  c->x.tls_failure = NULL;
}

static void note_denial(tinet_http_client *c, tinet_error *err)
{
  if (!c->x.verdict)
    return;
  tinet__client_ats_denied(c->x.verdict, c->url.host, err);
  tinet__client_keep_verdict(c, c->x.verdict);
  c->x.verdict = NULL;
}

static void on_finish(struct tinet__exchange *x, const tinet_error *err)
{
  tinet_http_client *c = CLIENT_OF(x);
  uint32_t generation = c->generation;
  tinet_error copy = *err;

  x->impl = NULL;
  tinet__client_ref(c);
  note_tls_failure(c);
  note_denial(c, &copy);
  tinet__queue_leave(&c->lane->queue, &c->ticket);
  c->phase = TINET__STARTING; /* between two hops */
  tinet__client_report_hop(c, &copy);
  if (c->generation != generation)
    ; /* the hop's listener has ended it */
  else if (c->auth.is_answered)
    answer(c);
  else if (c->redirect.is_followed)
    follow(c, generation);
  else if (copy.code == 0)
    tinet__client_complete(c);
  else if (c->settings.waits_for_connectivity && c->status == 0 &&
           is_offline(&copy))
    wait_for_network(c);
  else
    tinet__client_fail(c, &copy);
  tinet__client_unref(c);
}

const struct tinet__exchange_events tinet__client_exchange_events = {
    .on_connected = on_connected,
    .on_headers = on_headers,
    .on_interim = on_interim,
    .on_body = on_body,
    .on_read = on_read,
    .on_rewind = on_rewind,
    .on_progress = on_progress,
    .on_finish = on_finish,
};
