/* stream_open.c - how a stream comes to be: connecting, accepted, given. */
#include "stream_private.h"

#include "../core/alloc.h"
#include "../core/error.h"
#include "tls.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>

static void tinet_stream_drop(tinet_stream *s)
{
  (void)tinet_stream_close(s); /* nothing is queued yet */
}

TINET_DEFINE_CLEANUP(tinet_stream, tinet_stream_drop)

void tinet_connect_options_init(tinet_connect_options *opt)
{
  *opt = (tinet_connect_options){.struct_size = sizeof *opt,
                                 .max_queued = TINET_STREAM_MAX_QUEUED,
                                 .no_delay = true};
}

void tinet__stream_handshake(tinet_stream *s)
{
  int rc = tinet__tls_handshake(s->tls, s->fd);

  s->wants_writable = rc == -EAGAIN && tinet__tls_wants_write(s->tls);
  if (rc == 0)
    tinet__stream_opened(s);
  else if (rc != -EAGAIN)
    tinet__stream_fail(s, TINET_ETLS, -rc, "handshake");
}

static void on_dialled(int fd, const tinet_error *err, void *arg)
{
  tinet_stream *s = arg;

  s->dial = NULL;
  tinet__stream_enter(s);
  if (err) {
    s->error = *err;
    tinet__stream_failed(s);
  } else if (tinet__stream_attach(s, fd) < 0) {
    tinet__socket_close(fd);
    tinet__stream_fail(s, TINET_ENOMEM, ENOMEM, "connect");
  } else {
    if (s->no_delay)
      (void)tinet__socket_set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    s->state = s->tls ? STREAM_HANDSHAKING : STREAM_OPEN;
    if (s->tls)
      tinet__stream_handshake(s);
    else
      tinet__stream_opened(s);
  }
  tinet__stream_leave(s);
}

static int check_options(const tinet_connect_options *opt, tinet_error *err)
{
  struct tinet__sockaddr unused;

  if (!opt || opt->struct_size != sizeof *opt)
    return TINET_EINVAL;
  if (opt->path)
    return tinet__sockaddr_of_path(opt->path, &unused, err);
  if (opt->n_endpoints > 0 && !opt->endpoints)
    return TINET_EINVAL;
  return opt->host && opt->port > 0 ? TINET_OK : TINET_EINVAL;
}

static int start(tinet_stream *s, const tinet_connect_options *opt,
                 tinet_error *err)
{
  int rc;

  s->max_queued = opt->max_queued;
  s->write_timeout_ms = opt->write_timeout_ms;
  s->no_delay = opt->no_delay && !opt->path;
  if (opt->timeout_ms > 0 || opt->write_timeout_ms > 0) {
    rc = tinet__stream_need_timer(s);
    if (rc < 0)
      return rc;
  }
  if (opt->tls) {
    rc = tinet__tls_client_new(opt->tls, opt->host, &s->tls, err);
    if (rc < 0)
      return rc;
  }
  rc = tinet__dial_start(s->loop, opt, on_dialled, s, &s->dial);
  if (rc < 0)
    return rc;
  tinet__stream_limit(s, opt->timeout_ms);
  tinet__stream_update(s);
  return TINET_OK;
}

/* What a failed call says, if nobody has said more. */
static int fail(tinet_error *err, int code)
{
  if (err && err->code != code)
    (void)tinet__error_set(err, code, TINET_ORIGIN_TINET, 0, NULL);
  return code;
}

int tinet_stream_connect(tinet_loop *loop, const tinet_connect_options *opt,
                         const tinet_stream_events *events, void *user,
                         tinet_stream **ret_stream, tinet_error *err)
{
  TINET_CLEANUP(tinet_stream_dropp) tinet_stream *s = NULL;
  int rc = TINET_EINVAL;

  tinet__error_clear(err);
  if (loop && ret_stream)
    rc = check_options(opt, err);
  if (rc < 0)
    return fail(err, rc);
  rc = tinet__stream_new(loop, events, user, &s);
  if (rc < 0)
    return fail(err, rc);
  rc = start(s, opt, err);
  if (rc < 0)
    return fail(err, rc);
  *ret_stream = TINET_TAKE(s);
  return TINET_OK;
}

int tinet_stream_open_fd(tinet_loop *loop, int fd,
                         const tinet_stream_events *events, void *user,
                         tinet_stream **ret_stream)
{
  TINET_CLEANUP(tinet_stream_dropp) tinet_stream *s = NULL;
  int err, on = 1;

  if (!loop || fd < 0 || !ret_stream)
    return TINET_EINVAL;
  if (ioctl(fd, FIONBIO, &on) != 0 || ioctl(fd, FIOCLEX) != 0)
    return TINET_ESYSTEM;
  err = tinet__stream_new(loop, events, user, &s);
  if (err < 0)
    return err;
  err = tinet__stream_attach(s, fd);
  if (err < 0)
    return err;
  s->state = STREAM_OPEN;
  *ret_stream = TINET_TAKE(s);
  return TINET_OK;
}

int tinet_stream_release_fd(tinet_stream *stream, int *ret_fd)
{
  if (!stream || !ret_fd)
    return TINET_EINVAL;
  if (stream->tls)
    return TINET_EUNSUPPORTED;
  if (stream->state != STREAM_OPEN || stream->is_reading || stream->once_buf ||
      !tinet__list_is_empty(&stream->queue) || stream->write_errno != 0)
    return TINET_ESTATE;
  *ret_fd = stream->fd;
  stream->fd = -1; /* detach leaves it alone */
  stream->state = STREAM_FAILED;
  tinet__stream_detach(stream);
  if (stream->n_busy == 0)
    tinet__stream_update(stream);
  return TINET_OK;
}

static void on_accepted_soon(void *arg)
{
  tinet_stream *s = arg;

  tinet__stream_enter(s);
  tinet__stream_handshake(s);
  tinet__stream_leave(s);
}

int tinet__stream_accepted(tinet_loop *loop, int fd, struct tinet__tls *tls,
                           uint32_t timeout_ms, tinet_stream **ret_stream)
{
  TINET_CLEANUP(tinet_stream_dropp) tinet_stream *s = NULL;
  int err = tinet__stream_new(loop, NULL, NULL, &s);

  if (err < 0)
    return err;
  if (timeout_ms > 0) {
    err = tinet__stream_need_timer(s);
    if (err < 0)
      return err;
  }
  err = tinet__stream_attach(s, fd);
  if (err < 0)
    return err;
  s->tls = tls;
  s->state = tls ? STREAM_HANDSHAKING : STREAM_OPEN;
  tinet__stream_limit(s, timeout_ms);
  if (tls)
    tinet__defer(loop, &s->soon, on_accepted_soon, s);
  *ret_stream = TINET_TAKE(s);
  return TINET_OK;
}
