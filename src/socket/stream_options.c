/* stream_options.c - what a stream can be asked and told. */
#include "stream_private.h"

#include "tls.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

static int name(const tinet_stream *s, bool is_peer, tinet_endpoint *ret)
{
  if (!s || !ret)
    return TINET_EINVAL;
  if (s->fd < 0 || tinet__socket_name(s->fd, is_peer, ret) < 0)
    return TINET_ESTATE;
  return TINET_OK;
}

int tinet_stream_local(const tinet_stream *stream, tinet_endpoint *ret_endpoint)
{
  return name(stream, false, ret_endpoint);
}

int tinet_stream_peer(const tinet_stream *stream, tinet_endpoint *ret_endpoint)
{
  return name(stream, true, ret_endpoint);
}

static int set(const tinet_stream *s, int level, int option, unsigned value)
{
  int errnum;

  if (!s || value > INT32_MAX)
    return TINET_EINVAL;
  if (s->fd < 0)
    return TINET_ESTATE;
  errnum = tinet__socket_set(s->fd, level, option, (int)value);
  if (errnum == EOPNOTSUPP || errnum == ENOPROTOOPT)
    return TINET_EUNSUPPORTED;
  return errnum == 0 ? TINET_OK : TINET_EINVAL;
}

int tinet_stream_set_no_delay(tinet_stream *stream, bool on)
{
  return set(stream, IPPROTO_TCP, TCP_NODELAY, on);
}

/* No probes are sent while data waits for its acknowledgement, which alone the
 * kernel would repeat for a quarter of an hour: the same limit is set for that
 * (tcp(7), TCP_USER_TIMEOUT). */
static unsigned patience_ms(unsigned idle_s, unsigned interval_s,
                            unsigned n_probes)
{
  uint64_t ms = ((uint64_t)idle_s + (uint64_t)interval_s * n_probes) * 1000;

  return ms < INT32_MAX ? (unsigned)ms : INT32_MAX;
}

int tinet_stream_set_keep_alive(tinet_stream *stream, unsigned idle_s,
                                unsigned interval_s, unsigned n_probes)
{
  const struct {
    int option;
    unsigned value;
  } all[] = {{TCP_KEEPIDLE, idle_s},
             {TCP_KEEPINTVL, interval_s},
             {TCP_KEEPCNT, n_probes},
             {TCP_USER_TIMEOUT, patience_ms(idle_s, interval_s, n_probes)}};

  if (idle_s > 0) {
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
      int err = set(stream, IPPROTO_TCP, all[i].option, all[i].value);

      if (err < 0)
        return err;
    }
  } else {
    int err = set(stream, IPPROTO_TCP, TCP_USER_TIMEOUT, 0);

    if (err < 0)
      return err;
  }
  return set(stream, SOL_SOCKET, SO_KEEPALIVE, idle_s > 0);
}

int tinet_stream_set_write_timeout(tinet_stream *stream, uint32_t ms)
{
  int err;

  if (!stream)
    return TINET_EINVAL;
  err = ms > 0 ? tinet__stream_need_timer(stream) : TINET_OK;
  if (err < 0)
    return err;
  if (stream->is_timed) {
    tinet__stream_limit(stream, 0);
    stream->is_timed = false;
  }
  stream->write_timeout_ms = ms;
  if (stream->n_busy == 0)
    tinet__stream_update(stream);
  return TINET_OK;
}

void tinet_stream_set_max_queued(tinet_stream *stream, size_t max)
{
  if (stream)
    stream->max_queued = max;
}

int tinet_stream_tls_info(const tinet_stream *stream, tinet_tls_info *ret_info)
{
  if (!stream || !ret_info)
    return TINET_EINVAL;
  if (!stream->tls || stream->state == STREAM_CONNECTING ||
      stream->state == STREAM_HANDSHAKING)
    return TINET_ESTATE;
  tinet__tls_info(stream->tls, ret_info);
  return TINET_OK;
}

const tinet_tls_failure *tinet_stream_tls_failure(const tinet_stream *stream)
{
  return stream && stream->tls ? tinet__tls_failure(stream->tls) : NULL;
}
