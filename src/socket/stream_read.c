/* stream_read.c - receiving: into the loop's one buffer, or the caller's.
 *
 * A read that does not fill its buffer has emptied the kernel's, so it is the
 * last of its turn and costs one system call; one that does is followed by
 * others, up to a bound, so that no connection has the loop for itself.
 */
#include "stream_private.h"

#include "tls.h"

#include <errno.h>

#define READS_PER_TURN 16 /* of 64 KiB: a fast peer's turn is 1 MiB */

bool tinet__stream_wants_read(const tinet_stream *s)
{
  return s->state == STREAM_OPEN && !s->is_closed && !s->is_ended &&
         (s->is_reading || s->once_buf);
}

ssize_t tinet__stream_recv(tinet_stream *s, void *buf, size_t len)
{
  ssize_t n;

  if (s->tls) {
    n = tinet__tls_recv(s->tls, buf, len);
    s->wants_writable = n == -EAGAIN && tinet__tls_wants_write(s->tls);
    return n;
  }
  do {
    n = recv(s->fd, buf, len, 0);
  } while (n < 0 && errno == EINTR);
  if (n >= 0)
    return n;
  return errno == EWOULDBLOCK ? -EAGAIN : -errno;
}

static void reach_end(tinet_stream *s)
{
  s->is_ended = true;
  s->is_end_due = false;
  s->is_reading = false;
  s->once_buf = NULL;
  if (s->events.on_end)
    s->events.on_end(s, s->user);
}

/* One read.  Whether another one may bring more. */
static bool read_one(tinet_stream *s)
{
  bool is_once = s->once_buf != NULL;
  void *buf = is_once ? s->once_buf : tinet__loop_scratch(s->loop);
  size_t len = is_once ? s->once_len : TINET__SCRATCH_LEN;
  ssize_t n = buf ? tinet__stream_recv(s, buf, len) : -ENOMEM;

  if (n == -EAGAIN)
    return false;
  if (n < 0) {
    tinet__stream_fail(s, tinet__socket_code((int)-n), (int)-n, "receive");
    return false;
  }
  if (n == 0 && s->write_errno == 0)
    reach_end(s);
  if (n == 0) /* after a reset that sending was told of, this is no end */
    return false;
  if (is_once)
    s->once_buf = NULL;
  if (s->events.on_read)
    s->events.on_read(s, buf, (size_t)n, s->user);
  return (size_t)n == len || s->tls || s->write_errno != 0;
}

void tinet__stream_read(tinet_stream *s)
{
  for (int i = 0; i < READS_PER_TURN || s->write_errno != 0; i++)
    if (!tinet__stream_wants_read(s) || !read_one(s))
      return;
  /* The descriptor will not announce what TLS has taken in already. */
  if (s->tls && tinet__stream_wants_read(s))
    tinet__stream_soon(s);
}

/* What TLS holds already, or the end again, comes from on_soon(). */
static void begin(tinet_stream *s)
{
  if (s->is_end_due || (s->tls && tinet__tls_has_pending(s->tls)))
    tinet__stream_soon(s);
  if (s->n_busy == 0)
    tinet__stream_update(s);
}

int tinet_stream_read_start(tinet_stream *stream)
{
  if (!stream)
    return TINET_EINVAL;
  if (stream->state != STREAM_OPEN || stream->once_buf)
    return TINET_ESTATE;
  if (stream->is_ended || stream->is_reading)
    return TINET_OK;
  stream->is_reading = true;
  begin(stream);
  return TINET_OK;
}

void tinet_stream_read_stop(tinet_stream *stream)
{
  if (!stream)
    return;
  stream->is_reading = false;
  stream->once_buf = NULL;
  stream->is_end_due = false;
  if (stream->n_busy == 0)
    tinet__stream_update(stream);
}

int tinet_stream_read_once(tinet_stream *stream, void *buf, size_t len)
{
  if (!stream || !buf || len == 0)
    return TINET_EINVAL;
  if (stream->state != STREAM_OPEN || stream->is_reading || stream->once_buf)
    return TINET_ESTATE;
  if (stream->is_ended) {
    stream->is_end_due = true;
  } else {
    stream->once_buf = buf;
    stream->once_len = len;
  }
  begin(stream);
  return TINET_OK;
}
