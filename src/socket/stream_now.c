/* stream_now.c - the forms that wait on the caller's thread.
 *
 * The loop does not turn meanwhile, so a read also sends what is queued: the
 * answer that is waited for may depend on it.
 */
#include "stream_private.h"

#include "../core/error.h"
#include "tls.h"

#include <errno.h>
#include <poll.h>

/* A point in time from which nothing is waited for any more. */
struct deadline {
  int timeout_ms; /* < 0: never */
  uint64_t start_us;
};

static struct deadline deadline_in(int timeout_ms)
{
  return (struct deadline){timeout_ms, tinet__clock_us()};
}

static int left_ms(const struct deadline *d)
{
  uint64_t gone_ms = (tinet__clock_us() - d->start_us) / 1000;

  if (d->timeout_ms < 0)
    return -1;
  return gone_ms >= (uint64_t)d->timeout_ms ? 0 : d->timeout_ms - (int)gone_ms;
}

/* 0, or TINET_ETIMEDOUT. */
static int wait_for(tinet_stream *s, short events, const struct deadline *d,
                    tinet_error *err)
{
  struct pollfd pfd = {.fd = s->fd, .events = events};
  int rc;

  do {
    rc = poll(&pfd, 1, left_ms(d));
  } while (rc < 0 && errno == EINTR);
  if (rc != 0)
    return TINET_OK; /* an error comes from what is tried next */
  return tinet__error_errno(err, TINET_ETIMEDOUT, ETIMEDOUT, "socket");
}

/* The connection is lost, and the caller is the one who is told. */
static int lost(tinet_stream *s, ssize_t rc, const char *what, tinet_error *err)
{
  tinet__stream_fail(s, tinet__socket_code((int)-rc), (int)-rc, what);
  s->is_error_due = false;
  if (err)
    *err = s->error;
  return s->error.code;
}

static int fail(tinet_error *err, int code)
{
  return tinet__error_set(err, code, TINET_ORIGIN_TINET, 0, NULL);
}

/* A failure that on_error would tell is told here instead. */
static int check_open(tinet_stream *s, tinet_error *err)
{
  if (s->state == STREAM_OPEN)
    return TINET_OK;
  if (s->state != STREAM_FAILED || !s->is_error_due)
    return fail(err, TINET_ESTATE);
  s->is_error_due = false;
  if (err)
    *err = s->error;
  return s->error.code;
}

static short poll_events(const tinet_stream *s, bool for_read)
{
  short events = for_read ? POLLIN : 0;

  if (!tinet__list_is_empty(&s->queue) || s->wants_writable)
    events |= POLLOUT;
  return events;
}

static int read_now(tinet_stream *s, void *buf, size_t len, int timeout_ms,
                    size_t *ret_len, tinet_error *err)
{
  struct deadline d = deadline_in(timeout_ms);

  for (;;) {
    ssize_t n = tinet__stream_recv(s, buf, len);
    int rc;

    if (n == 0 && s->write_errno != 0) /* sending was told of a reset */
      return lost(s, -s->write_errno, "receive", err);
    if (n >= 0) {
      s->is_ended = n == 0;
      *ret_len = (size_t)n;
      return TINET_OK;
    }
    if (n != -EAGAIN)
      return lost(s, n, "receive", err);
    rc = wait_for(s, poll_events(s, true), &d, err);
    if (rc < 0)
      return rc;
    if (s->write_errno == 0)
      s->write_errno = -tinet__stream_send_queue(s);
  }
}

int tinet_stream_read_now(tinet_stream *stream, void *buf, size_t len,
                          int timeout_ms, size_t *ret_len, tinet_error *err)
{
  int rc;

  tinet__error_clear(err);
  if (!stream || !buf || len == 0 || !ret_len)
    return fail(err, TINET_EINVAL);
  rc = check_open(stream, err);
  if (rc < 0)
    return rc;
  if (stream->is_reading || stream->once_buf)
    return fail(err, TINET_ESTATE);
  if (stream->is_ended) {
    *ret_len = 0;
    return TINET_OK;
  }
  rc = read_now(stream, buf, len, timeout_ms, ret_len, err);
  if (stream->write_errno != 0 && stream->state == STREAM_OPEN)
    tinet__stream_soon(stream); /* sending has failed meanwhile */
  if (stream->n_busy == 0)
    tinet__stream_update(stream);
  return rc;
}

static int flush_now(tinet_stream *s, int timeout_ms, tinet_error *err)
{
  struct deadline d = deadline_in(timeout_ms);

  while (!tinet__list_is_empty(&s->queue)) {
    size_t before = s->queued;
    int rc = tinet__stream_send_queue(s);

    if (rc < 0)
      return lost(s, rc, "send", err);
    if (tinet__list_is_empty(&s->queue))
      return TINET_OK;
    if (s->queued < before) {
      d = deadline_in(timeout_ms);
      continue;
    }
    rc = wait_for(s, s->wants_writable ? POLLIN | POLLOUT : POLLOUT, &d, err);
    if (rc < 0)
      return rc;
  }
  return TINET_OK;
}

int tinet_stream_flush_now(tinet_stream *stream, int timeout_ms,
                           tinet_error *err)
{
  int rc;

  tinet__error_clear(err);
  if (!stream)
    return fail(err, TINET_EINVAL);
  rc = check_open(stream, err);
  if (rc < 0)
    return rc;
  if (stream->write_errno != 0)
    return lost(stream, -stream->write_errno, "send", err);
  rc = flush_now(stream, timeout_ms, err);
  if (stream->n_busy == 0)
    tinet__stream_update(stream);
  return rc;
}
