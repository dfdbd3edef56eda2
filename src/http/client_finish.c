/* client_finish.c - the end of a request: its body is complete or it failed,
 * then DONE, then exactly one outcome.  ti: HTTPClient.onreadystatechange */
#include "http_private.h"

#include "../core/alloc.h"
#include "../core/error.h"

#include <string.h>

void tinet__client_reset_response(tinet_http_client *c)
{
  c->status = 0;
  c->http_version = 0;
  c->phrase = NULL;
  tinet__free(c->own_phrase);
  c->own_phrase = NULL;
  tinet__headers_reset(&c->headers);
  tinet__decoder_free(c->decoder);
  c->decoder = NULL;
  tinet__sink_free(&c->sink);
  tinet__url_free(&c->redirect.url);
  memset(&c->redirect, 0, sizeof c->redirect);
  memset(&c->received, 0, sizeof c->received);
  memset(&c->sent, 0, sizeof c->sent);
  tinet__error_clear(&c->error);
  tinet__free(c->tls_failure);
  c->tls_failure = NULL;
  tinet__client_keep_verdict(c, NULL);
}

void tinet__client_deliver_outcome(tinet_http_client *c)
{
  uint32_t generation = c->generation;
  tinet_error err;

  tinet__client_ref(c);
  tinet__client_set_state(c, TINET_HTTP_DONE);
  /* ti: HTTPClient.open - opened again inside the last change of state: the old
   * outcome is dropped. */
  if (c->generation == generation && c->ev.on_done) {
    if (c->error.code != 0) {
      err = c->error;
      c->ev.on_done(c, &err, c->user);
    } else {
      c->ev.on_done(c, NULL, c->user);
    }
  }
  tinet__client_unref(c);
}

/* Nothing is under way any more; what c->error says is the outcome. */
static void end(tinet_http_client *c)
{
  tinet_loop *loop = c->lane->loop;

  tinet__deadline_stop(c);
  tinet__defer_cancel(loop, &c->deferred);
  tinet__decoder_free(c->decoder);
  c->decoder = NULL;
  c->phase = TINET__IDLE;
  c->lane = NULL;
  tinet__loop_release(loop);
  if (!c->is_sync) /* otherwise send_sync reports it */
    tinet__client_deliver_outcome(c);
}

void tinet__client_fail(tinet_http_client *c, const tinet_error *err)
{
  c->error = *err;
  tinet__client_leave_hop(c);
  tinet__sink_discard(&c->sink);
  end(c);
}

static void succeed(tinet_http_client *c)
{
  if (c->status >= 400)
    tinet__error_set(&c->error, TINET_EHTTPSTATUS, TINET_ORIGIN_HTTP, c->status,
                     "%d : %s", c->status, c->phrase);
  end(c);
}

void tinet__client_complete(tinet_http_client *c)
{
  uint32_t generation = c->generation;
  tinet_error err = {0};

  /* ti: HTTPClient.onreadystatechange - once, also for an empty body. */
  if (c->state < TINET_HTTP_LOADING) {
    tinet__client_set_state(c, TINET_HTTP_LOADING);
    if (c->generation != generation)
      return;
  }
  if (c->decoder && tinet__decoder_finish(c->decoder, &err) < 0) {
    tinet__client_fail(c, &err);
    return;
  }
  tinet__client_flush_received(c);
  if (c->generation != generation)
    return;
  if (!tinet__sink_needs_commit(&c->sink)) {
    succeed(c);
    return;
  }
  if (tinet__client_save(c) < 0) {
    tinet__error_set(&err, TINET_ENOMEM, TINET_ORIGIN_TINET, 0, NULL);
    tinet__client_fail(c, &err);
  }
}

void tinet__client_saved(tinet_http_client *c, const tinet_error *err)
{
  if (err)
    tinet__client_fail(c, err);
  else
    succeed(c);
}
