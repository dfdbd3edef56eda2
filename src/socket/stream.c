/* stream.c - the life of a stream: what it waits for, and how it ends.
 *
 * Everything that calls out stands between enter and leave: a callback may
 * close the stream, and the last to leave frees it.  On the way out the watch,
 * the timer and the hold on the loop are set to what the state asks for, so no
 * other place has to think of them.  What must not come from inside a call is
 * marked as due and told by on_soon().
 */
#include "stream_private.h"

#include "../core/alloc.h"
#include "../core/error.h"
#include "tls.h"

#include <errno.h>

#define LAST_TURNS_MS 25 /* of a stream that is late */

bool tinet__stream_is_open(const tinet_stream *s)
{
  return s->state == STREAM_OPEN && !s->is_closed;
}

/* ---- the parts ---- */

void tinet__stream_detach(tinet_stream *s)
{
  tinet__watch_close(s->watch);
  tinet__socket_close(s->fd);
  tinet__dial_cancel(s->dial);
  s->watch = NULL;
  s->dial = NULL;
  s->fd = -1;
  s->watched = 0;
  s->is_reading = false;
  s->once_buf = NULL;
}

static void set_held(tinet_stream *s, bool on)
{
  if (s->is_held == on)
    return;
  s->is_held = on;
  if (on)
    tinet__loop_hold(s->loop);
  else
    tinet__loop_release(s->loop);
}

static bool has_queue(const tinet_stream *s)
{
  return !tinet__list_is_empty(&s->queue);
}

static bool has_to_send(const tinet_stream *s)
{
  return has_queue(s) || s->wants_writable ||
         (s->is_shutdown_wanted && !s->is_shutdown_done);
}

static bool is_working(const tinet_stream *s)
{
  switch (s->state) {
  case STREAM_FAILED:
    return false;
  case STREAM_OPEN:
    return tinet__stream_wants_read(s) || has_to_send(s);
  default:
    return true;
  }
}

static unsigned events_wanted(const tinet_stream *s)
{
  unsigned events = 0;

  if (tinet__stream_wants_read(s) || s->state == STREAM_HANDSHAKING ||
      (s->state == STREAM_FINISHING && !s->is_ended))
    events |= TINET__READABLE;
  /* Reading that has stopped is usually taken up again at once, so its watch
   * is only taken back when it reports something that nobody wants. */
  if (s->state == STREAM_OPEN)
    events |= s->watched & TINET__READABLE;
  if (has_to_send(s))
    events |= TINET__WRITABLE;
  return events;
}

static void set_write_timer(tinet_stream *s)
{
  bool is_wanted =
      s->state == STREAM_OPEN && s->write_timeout_ms > 0 && has_queue(s);

  if (s->state != STREAM_OPEN || s->is_timed == is_wanted || !s->timer)
    return;
  s->is_timed = is_wanted;
  tinet__stream_limit(s, is_wanted ? s->write_timeout_ms : 0);
}

void tinet__stream_update(tinet_stream *s)
{
  unsigned events;

  set_held(s, is_working(s));
  set_write_timer(s);
  if (!s->watch)
    return;
  events = events_wanted(s);
  if (events == s->watched)
    return;
  if (tinet__watch_set(s->watch, events) < 0)
    tinet__stream_fail(s, TINET_ESYSTEM, EBADF, "watch");
  else
    s->watched = events;
}

static void free_stream(tinet_stream *s)
{
  tinet__tls_free(s->tls);
  tinet__free(s);
}

void tinet__stream_enter(tinet_stream *s)
{
  s->n_busy++;
}

void tinet__stream_leave(tinet_stream *s)
{
  if (--s->n_busy > 0)
    return;
  if (s->is_closed)
    free_stream(s);
  else
    tinet__stream_update(s);
}

/* ---- what is due ---- */

static void tell_ended(tinet_stream *s)
{
  while (!s->is_closed && !tinet__list_is_empty(&s->ended)) {
    struct write_req *req =
        TINET__CONTAINER(s->ended.next, struct write_req, link);
    tinet_written_cb done = req->done;
    void *arg = req->arg;
    int result = req->result;

    tinet__list_remove(&req->link);
    tinet__free(req);
    done(s, result, arg);
  }
}

/* What had arrived before sending failed is still there to be read. */
static void tell_write_error(tinet_stream *s)
{
  if (tinet__stream_wants_read(s))
    tinet__stream_read(s);
  if (tinet__stream_is_open(s))
    tinet__stream_fail(s, tinet__socket_code(s->write_errno), s->write_errno,
                       "send");
}

static void tell_end(tinet_stream *s)
{
  s->is_end_due = false;
  if (s->events.on_end)
    s->events.on_end(s, s->user);
}

static void tell_error(tinet_stream *s)
{
  tinet_error err = s->error;

  s->is_error_due = false;
  if (s->events.on_error)
    s->events.on_error(s, &err, s->user);
}

static void on_soon(void *arg)
{
  tinet_stream *s = arg;

  tinet__stream_enter(s);
  tell_ended(s);
  if (tinet__stream_is_open(s) && s->write_errno != 0)
    tell_write_error(s);
  else if (tinet__stream_wants_read(s))
    tinet__stream_read(s);
  else if (tinet__stream_is_open(s) && s->is_end_due)
    tell_end(s);
  if (!s->is_closed && s->state == STREAM_FINISHING)
    tinet__stream_go_on_finishing(s);
  if (!s->is_closed && s->is_drain_due) {
    s->is_drain_due = false;
    if (s->state == STREAM_OPEN && s->events.on_drain)
      s->events.on_drain(s, s->user);
  }
  tell_ended(s); /* of what has just failed */
  if (!s->is_closed && s->is_error_due)
    tell_error(s);
  tinet__stream_leave(s);
}

void tinet__stream_soon(tinet_stream *s)
{
  tinet__defer(s->loop, &s->soon, on_soon, s);
}

void tinet__stream_failed(tinet_stream *s)
{
  bool was_finishing = s->state == STREAM_FINISHING;

  if (s->state == STREAM_FAILED)
    return;
  s->state = STREAM_FAILED;
  tinet__stream_detach(s);
  tinet__stream_limit(s, 0);
  if (was_finishing) {
    tinet__stream_finished(s);
    return;
  }
  tinet__stream_end_writes(s, s->error.code);
  s->is_error_due = true;
  set_held(s, false);
  tinet__stream_soon(s);
}

void tinet__stream_fail(tinet_stream *s, int code, int errnum, const char *what)
{
  if (errnum == EPROTO && s->tls && tinet__tls_error(s->tls))
    s->error = *tinet__tls_error(s->tls);
  else
    (void)tinet__error_errno(&s->error, code, errnum, "%s", what);
  tinet__stream_failed(s);
}

/* ---- what happens ---- */

/* The loop may have been blocked while what is waited for lay in the socket:
 * there are a few more turns before it is given up. */
static void on_timer(void *arg)
{
  tinet_stream *s = arg;

  if (!s->is_late) {
    s->is_late = true;
    tinet__timer_start(s->timer, LAST_TURNS_MS);
    return;
  }
  tinet__stream_enter(s);
  s->is_timed = false;
  if (s->state == STREAM_FINISHING)
    tinet__stream_finished(s);
  else if (s->state == STREAM_OPEN)
    tinet__stream_fail(s, TINET_ETIMEDOUT, ETIMEDOUT, "send");
  else
    tinet__stream_fail(s, TINET_ETIMEDOUT, ETIMEDOUT,
                       s->dial ? "connect" : "handshake");
  tinet__stream_leave(s);
}

int tinet__stream_need_timer(tinet_stream *s)
{
  return s->timer ? TINET_OK
                  : tinet__timer_open(s->loop, on_timer, s, &s->timer);
}

void tinet__stream_limit(tinet_stream *s, uint32_t ms)
{
  s->is_late = false;
  if (ms > 0)
    tinet__timer_start(s->timer, ms);
  else if (s->timer)
    tinet__timer_stop(s->timer);
}

void tinet__stream_opened(tinet_stream *s)
{
  s->state = STREAM_OPEN;
  tinet__stream_limit(s, 0);
  if (s->events.on_open)
    s->events.on_open(s, s->user);
}

static void go_on_sending(tinet_stream *s)
{
  int rc = tinet__stream_send_queue(s);

  if (rc == 0)
    return;
  s->write_errno = -rc;
  tinet__stream_end_writes(s, tinet__socket_code(-rc));
  tinet__stream_soon(s);
}

static void on_open_event(tinet_stream *s, unsigned events)
{
  bool must_read = tinet__stream_wants_read(s);

  if (!must_read && events & TINET__READABLE && s->watch) {
    /* Nobody wants it: from now on not even to know. */
    s->watched &= ~TINET__READABLE;
    if (!(events & TINET__FAILED))
      (void)tinet__watch_set(s->watch, s->watched);
  }
  if (must_read && (events & TINET__READABLE || s->wants_writable))
    tinet__stream_read(s);
  if (tinet__stream_is_open(s) && has_queue(s) && s->write_errno == 0)
    go_on_sending(s);
  else if (tinet__stream_is_open(s) && s->is_shutdown_wanted &&
           !s->is_shutdown_done)
    tinet__stream_send_end(s);
}

static void on_watch(void *arg, unsigned events)
{
  tinet_stream *s = arg;

  tinet__stream_enter(s);
  if (events & TINET__FAILED)
    s->watched = 0; /* libuv has stopped it */
  if (s->state == STREAM_OPEN)
    on_open_event(s, events);
  else if (s->state == STREAM_HANDSHAKING)
    tinet__stream_handshake(s);
  else if (s->state == STREAM_FINISHING)
    tinet__stream_go_on_finishing(s);
  tinet__stream_leave(s);
}

int tinet__stream_attach(tinet_stream *s, int fd)
{
  int err = tinet__watch_open(s->loop, fd, on_watch, s, &s->watch);

  if (err < 0)
    return err;
  s->fd = fd;
  return TINET_OK;
}

/* ---- beginning and end ---- */

int tinet__stream_new(tinet_loop *loop, const tinet_stream_events *events,
                      void *user, tinet_stream **ret_stream)
{
  tinet_stream *s = tinet__zalloc(sizeof *s);

  if (!s)
    return TINET_ENOMEM;
  s->loop = loop;
  s->fd = -1;
  s->max_queued = TINET_STREAM_MAX_QUEUED;
  tinet__list_init(&s->queue);
  tinet__list_init(&s->ended);
  tinet_stream_set_events(s, events, user);
  *ret_stream = s;
  return TINET_OK;
}

void tinet_stream_set_events(tinet_stream *stream,
                             const tinet_stream_events *events, void *user)
{
  static const tinet_stream_events none = {0};

  if (!stream)
    return;
  stream->events = events ? *events : none;
  stream->user = user;
}

size_t tinet_stream_close(tinet_stream *stream)
{
  size_t n_dropped;

  if (!stream || stream->is_closed)
    return 0;
  n_dropped = stream->queued;
  if (stream->tls && stream->state == STREAM_OPEN && n_dropped == 0 &&
      !stream->is_shutdown_done)
    (void)tinet__tls_shutdown(stream->tls); /* as far as it goes */
  stream->is_closed = true;
  tinet__stream_detach(stream);
  tinet__timer_close(stream->timer);
  stream->timer = NULL;
  tinet__defer_cancel(stream->loop, &stream->soon);
  tinet__stream_drop_writes(stream);
  set_held(stream, false);
  if (stream->n_busy == 0)
    free_stream(stream);
  return n_dropped;
}

size_t tinet_stream_abort(tinet_stream *stream)
{
  struct linger reset = {.l_onoff = 1, .l_linger = 0};

  if (stream && stream->fd >= 0) {
    (void)setsockopt(stream->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    stream->is_shutdown_done = true; /* no farewell of TLS */
  }
  return tinet_stream_close(stream);
}
