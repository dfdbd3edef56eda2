/* stream_finish.c - an end that loses nothing.
 *
 * Closing a TCP socket while data that nobody has read is there makes the
 * kernel reset the connection, and the peer may then lose what was sent just
 * before.  So: send what is queued, send the end, read on and throw away until
 * the peer ends too; only then is it closed.
 */
#include "stream_private.h"

#include "tls.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

void tinet__stream_finished(tinet_stream *s)
{
  if (s->state == STREAM_FINISHING)
    s->state = STREAM_FAILED; /* over; only close is left */
  tinet__stream_detach(s);
  tinet__stream_limit(s, 0);
  if (s->events.on_finished)
    s->events.on_finished(s, s->queued, s->user);
}

static void progress(tinet_stream *s)
{
  tinet__stream_limit(s, s->finish_timeout_ms);
}

/* False: the connection is lost. */
static bool go_on_sending(tinet_stream *s)
{
  size_t before = s->queued;

  if (tinet__list_is_empty(&s->queue)) {
    if (!s->is_shutdown_done)
      tinet__stream_send_end(s);
    return true;
  }
  if (tinet__stream_send_queue(s) < 0)
    return false;
  if (s->queued < before)
    progress(s);
  return true;
}

/* False: the peer has ended, or the connection is lost. */
static bool discard(tinet_stream *s)
{
  void *buf = tinet__loop_scratch(s->loop);

  for (int i = 0; buf && i < 16; i++) {
    ssize_t n = tinet__stream_recv(s, buf, TINET__SCRATCH_LEN);

    if (n == -EAGAIN)
      return true;
    if (n <= 0) {
      s->is_ended = true;
      return n == 0;
    }
    progress(s);
  }
  return buf != NULL;
}

void tinet__stream_go_on_finishing(tinet_stream *s)
{
  bool is_alive = go_on_sending(s);

  if (is_alive && !s->is_ended)
    is_alive = discard(s);
  if (!is_alive || (s->is_ended && s->is_shutdown_done))
    tinet__stream_finished(s);
}

int tinet_stream_finish(tinet_stream *stream, uint32_t timeout_ms)
{
  int err;

  if (!stream || timeout_ms == 0)
    return TINET_EINVAL;
  if (stream->state != STREAM_OPEN)
    return TINET_ESTATE;
  err = tinet__stream_need_timer(stream);
  if (err < 0)
    return err;
  stream->state = STREAM_FINISHING;
  stream->is_reading = false;
  stream->once_buf = NULL;
  stream->is_shutdown_wanted = true;
  stream->finish_timeout_ms = timeout_ms;
  progress(stream);
  tinet__stream_soon(stream);
  if (stream->n_busy == 0)
    tinet__stream_update(stream);
  return TINET_OK;
}

size_t tinet_stream_drop_queued(tinet_stream *stream)
{
  size_t n_dropped;

  if (!stream)
    return 0;
  n_dropped = stream->queued;
  tinet__stream_end_writes(stream, TINET_ECANCELED);
  stream->has_waited = stream->is_drain_due = false;
  if (stream->n_busy == 0)
    tinet__stream_update(stream);
  return n_dropped;
}

/* Bytes on one side of the kernel's; 0 if it does not tell. */
static int kernel_bytes(const tinet_stream *s, unsigned long question)
{
  int n = 0;

  return ioctl(s->fd, question, &n) == 0 ? n : 0;
}

/* Only TCP takes back what it has not delivered. */
static bool is_tcp(const tinet_stream *s)
{
  int protocol = 0;
  socklen_t len = sizeof protocol;

  return getsockopt(s->fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &len) == 0 &&
         protocol == IPPROTO_TCP;
}

bool tinet_stream_is_settled(const tinet_stream *stream)
{
  if (!stream || stream->state != STREAM_OPEN)
    return true;
  if (stream->queued > 0)
    return false;
  if (stream->tls && tinet__tls_has_pending(stream->tls))
    return false;
  return !is_tcp(stream) || (kernel_bytes(stream, SIOCOUTQ) == 0 &&
                             kernel_bytes(stream, SIOCINQ) == 0);
}
