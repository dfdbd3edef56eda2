/* listener.c - taking connections, and living through a lack of descriptors.
 *
 * accept() that finds no descriptor leaves the connection in the kernel's
 * queue, and the socket readable: asking again at once would be a busy loop.
 * So the listener looks away for a moment, tells its owner the first time, and
 * tries again until it succeeds.
 */
#include "listener_private.h"
#include "stream_private.h"

#include "../core/alloc.h"
#include "../core/error.h"
#include "tls.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

#define ACCEPTS_PER_TURN 64
#define RETRY_MS 100 /* without descriptors */

struct listen_socket {
  tinet_listener *listener; /* borrowed */
  int fd;                   /* owned */
  tinet__watch *watch;      /* owned */
};

struct tinet_listener {
  tinet_loop *loop;
  struct listen_socket sockets[TINET__LISTEN_MAX];
  size_t n_sockets;
  tinet__timer *retry;            /* owned */
  struct tinet__tls_server *tls;  /* owned; NULL = plain */
  char *path;                     /* owned; NULL = not Unix-domain */
  struct tinet__listen_file file; /* at the path */
  size_t max_queued;
  bool is_paused, is_starved, is_waiting, is_closed, is_held;
  unsigned n_busy;
  tinet_listener_events events;
  void *user; /* borrowed */
};

static void tinet_listener_drop(tinet_listener *l)
{
  tinet_listener_close(l);
}

TINET_DEFINE_CLEANUP(tinet_listener, tinet_listener_drop)

void tinet_listen_options_init(tinet_listen_options *opt)
{
  *opt = (tinet_listen_options){.struct_size = sizeof *opt,
                                .max_queued = TINET_STREAM_MAX_QUEUED};
}

static void set_watches(tinet_listener *l)
{
  bool is_on = !l->is_paused && !l->is_waiting;

  for (size_t i = 0; i < l->n_sockets; i++)
    (void)tinet__watch_set(l->sockets[i].watch,
                           is_on ? TINET__READABLE : 0); /* it did before */
}

static void close_sockets(tinet_listener *l)
{
  for (size_t i = 0; i < l->n_sockets; i++) {
    tinet__watch_close(l->sockets[i].watch);
    tinet__socket_close(l->sockets[i].fd);
  }
  if (l->path)
    tinet__listen_file_remove(l->path, &l->file);
  l->file.is_made = false;
  l->n_sockets = 0;
  if (l->is_held)
    tinet__loop_release(l->loop);
  l->is_held = false;
}

static void free_listener(tinet_listener *l)
{
  tinet__tls_server_free(l->tls);
  tinet__free(l->path);
  tinet__free(l);
}

static void leave(tinet_listener *l)
{
  if (--l->n_busy > 0)
    return;
  if (l->is_closed)
    free_listener(l);
  else
    set_watches(l);
}

static void tell(tinet_listener *l, int errnum, bool is_lasting)
{
  tinet_error err;

  (void)tinet__error_errno(&err, tinet__socket_code(errnum), errnum, "accept");
  if (l->events.on_error)
    l->events.on_error(l, &err, is_lasting, l->user);
}

static void look_away(tinet_listener *l, int errnum)
{
  bool is_known = l->is_starved;

  l->is_starved = true;
  l->is_waiting = true;
  tinet__timer_start(l->retry, RETRY_MS);
  if (!is_known)
    tell(l, errnum, false);
}

static void on_retry(void *arg)
{
  tinet_listener *l = arg;

  l->is_waiting = false;
  set_watches(l);
}

static bool is_starving(int errnum)
{
  return errnum == EMFILE || errnum == ENFILE || errnum == ENOBUFS ||
         errnum == ENOMEM;
}

/* Errors of the connection that was to be accepted, see accept(2). */
static bool is_of_connection(int errnum)
{
  static const int all[] = {EINTR,       ECONNABORTED, EPROTO, ENETDOWN,
                            ENOPROTOOPT, EHOSTDOWN,    ENONET, EHOSTUNREACH,
                            EOPNOTSUPP,  ENETUNREACH,  EPERM,  ETIMEDOUT};

  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (errnum == all[i])
      return true;
  return false;
}

static int wrap(tinet_listener *l, int fd, tinet_stream **ret_stream)
{
  struct tinet__tls *tls = NULL;
  uint32_t timeout_ms = 0;
  int err;

  if (l->tls) {
    err = tinet__tls_accepted_new(l->tls, &tls);
    if (err < 0)
      return err;
    timeout_ms = tinet__tls_server_timeout_ms(l->tls);
  }
  if (!l->path)
    (void)tinet__socket_set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  err = tinet__stream_accepted(l->loop, fd, tls, timeout_ms, ret_stream);
  if (err < 0)
    tinet__tls_free(tls);
  else
    (*ret_stream)->max_queued = l->max_queued;
  return err;
}

static void hand_over(tinet_listener *l, int fd)
{
  tinet_stream *s = NULL;

  l->is_starved = false;
  if (wrap(l, fd, &s) < 0) {
    tinet__socket_close(fd); /* there is nobody who could have it */
    look_away(l, ENOMEM);
    return;
  }
  tinet__stream_enter(s);
  l->events.on_accept(l, s, l->user);
  tinet__stream_leave(s);
}

/* Whether to go on. */
static bool accept_one(tinet_listener *l, const struct listen_socket *socket)
{
  int fd = accept4(socket->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

  if (fd >= 0) {
    hand_over(l, fd);
    return !l->is_closed && !l->is_paused && !l->is_waiting;
  }
  if (errno == EAGAIN || errno == EWOULDBLOCK)
    return false;
  if (is_of_connection(errno))
    return true;
  if (is_starving(errno)) {
    look_away(l, errno);
    return false;
  }
  close_sockets(l);
  tell(l, errno, true);
  return false;
}

static void on_connection(void *arg, unsigned events)
{
  struct listen_socket *socket = arg;
  tinet_listener *l = socket->listener;

  (void)events;
  l->n_busy++;
  for (int i = 0; i < ACCEPTS_PER_TURN; i++)
    if (!accept_one(l, socket))
      break;
  leave(l);
}

static int watch_all(tinet_listener *l, const int *fds, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    struct listen_socket *socket = &l->sockets[i];
    int err = tinet__watch_open(l->loop, fds[i], on_connection, socket,
                                &socket->watch);

    if (err < 0) { /* close_sockets() knows those before it */
      for (size_t j = i; j < n; j++)
        tinet__socket_close(fds[j]);
      return err;
    }
    socket->listener = l;
    socket->fd = fds[i];
    l->n_sockets++;
  }
  return TINET_OK;
}

static int bind_all(tinet_listener *l, const tinet_listen_options *opt,
                    int *fds, size_t *ret_n, tinet_error *err)
{
  if (!l->path)
    return tinet__listen_all(opt, fds, ret_n, err);
  *ret_n = 1;
  return tinet__listen_path(l->path, tinet__listen_backlog(opt->backlog),
                            &l->file, &fds[0], err);
}

static int build(tinet_listener *l, const tinet_listen_options *opt,
                 tinet_error *err)
{
  int fds[TINET__LISTEN_MAX];
  size_t n = 0;
  int rc = tinet__timer_open(l->loop, on_retry, l, &l->retry);

  if (rc < 0)
    return rc;
  if (opt->path) {
    l->path = tinet__strdup(opt->path);
    if (!l->path)
      return TINET_ENOMEM;
  }
  if (opt->tls) {
    rc = tinet__tls_server_new(opt->tls, &l->tls, err);
    if (rc < 0)
      return rc;
  }
  rc = bind_all(l, opt, fds, &n, err);
  if (rc < 0)
    return rc;
  rc = watch_all(l, fds, n);
  if (rc < 0)
    return rc;
  tinet__loop_hold(l->loop);
  l->is_held = true;
  set_watches(l);
  return TINET_OK;
}

int tinet_listener_open(tinet_loop *loop, const tinet_listen_options *opt,
                        const tinet_listener_events *events, void *user,
                        tinet_listener **ret_listener, tinet_error *err)
{
  TINET_CLEANUP(tinet_listener_dropp) tinet_listener *l = NULL;
  int rc = TINET_EINVAL;

  tinet__error_clear(err);
  if (loop && opt && opt->struct_size == sizeof *opt && events &&
      events->on_accept && ret_listener)
    rc = (l = tinet__zalloc(sizeof *l)) ? TINET_OK : TINET_ENOMEM;
  if (rc == TINET_OK) {
    l->loop = loop;
    l->max_queued = opt->max_queued;
    l->is_paused = opt->is_paused;
    l->events = *events;
    l->user = user;
    rc = build(l, opt, err);
  }
  if (rc < 0) {
    if (err && err->code != rc)
      (void)tinet__error_set(err, rc, TINET_ORIGIN_TINET, 0, NULL);
    return rc;
  }
  *ret_listener = TINET_TAKE(l);
  return TINET_OK;
}

void tinet_listener_pause(tinet_listener *listener)
{
  if (!listener)
    return;
  listener->is_paused = true;
  if (listener->n_busy == 0)
    set_watches(listener);
}

void tinet_listener_resume(tinet_listener *listener)
{
  if (!listener)
    return;
  listener->is_paused = false;
  if (listener->n_busy == 0)
    set_watches(listener);
}

int tinet_listener_local(const tinet_listener *listener,
                         tinet_endpoint *ret_endpoint)
{
  if (!listener || !ret_endpoint)
    return TINET_EINVAL;
  if (listener->n_sockets == 0 ||
      tinet__socket_name(listener->sockets[0].fd, false, ret_endpoint) < 0)
    return TINET_ESTATE;
  return TINET_OK;
}

void tinet_listener_close(tinet_listener *listener)
{
  if (!listener || listener->is_closed)
    return;
  listener->is_closed = true;
  close_sockets(listener);
  tinet__timer_close(listener->retry);
  listener->retry = NULL;
  if (listener->n_busy == 0)
    free_listener(listener);
}
