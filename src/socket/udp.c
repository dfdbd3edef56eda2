/* udp.c - sending and receiving datagrams.
 *
 * A datagram goes out at once if the kernel takes it, else it is copied and
 * waits.  What an ICMP message says of an earlier one is told by the kernel in
 * the next call, whichever that is, and goes to on_error.
 */
#include "udp_private.h"

#include "../core/alloc.h"
#include "../core/error.h"

#include <errno.h>
#include <string.h>

#define DATAGRAMS_PER_TURN 64
#define MAX_QUEUED ((size_t)1024 * 1024)

struct queued_datagram {
  struct tinet__list link;
  struct tinet__sockaddr to; /* len 0: the peer connected to */
  size_t len;
  char data[];
};

static void tinet_udp_drop(tinet_udp *u)
{
  tinet_udp_close(u);
}

TINET_DEFINE_CLEANUP(tinet_udp, tinet_udp_drop)

void tinet_udp_options_init(tinet_udp_options *opt)
{
  *opt = (tinet_udp_options){.struct_size = sizeof *opt,
                             .max_datagram = TINET_UDP_MAX,
                             .max_queued = MAX_QUEUED};
}

static bool has_queue(const tinet_udp *u)
{
  return !tinet__list_is_empty(&u->queue);
}

static void update(tinet_udp *u)
{
  unsigned events = (u->is_receiving ? TINET__READABLE : 0) |
                    (has_queue(u) ? TINET__WRITABLE : 0);
  bool is_working = events != 0;

  if (u->is_held != is_working && is_working)
    tinet__loop_hold(u->loop);
  else if (u->is_held != is_working)
    tinet__loop_release(u->loop);
  u->is_held = is_working;
  if (events != u->watched && tinet__watch_set(u->watch, events) == TINET_OK)
    u->watched = events;
}

static void leave(tinet_udp *u)
{
  if (--u->n_busy > 0)
    return;
  if (u->is_closed)
    tinet__free(u);
  else
    update(u);
}

static void tell(tinet_udp *u, int errnum, const char *what)
{
  tinet_error err;

  (void)tinet__error_errno(&err, tinet__socket_code(errnum), errnum, "%s",
                           what);
  if (u->events.on_error)
    u->events.on_error(u, &err, u->user);
}

/* ---- receiving ---- */

/* Whether another one may be there. */
static bool receive_one(tinet_udp *u, void *buf)
{
  struct sockaddr_storage from = {0};
  struct iovec slice = {.iov_base = buf, .iov_len = u->max_datagram};
  struct msghdr msg = {.msg_name = &from,
                       .msg_namelen = sizeof from,
                       .msg_iov = &slice,
                       .msg_iovlen = 1};
  ssize_t n = recvmsg(u->fd, &msg, 0);
  tinet_datagram datagram;

  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
    return false;
  if (n < 0) {
    if (errno != EINTR)
      tell(u, errno, "receive");
    return true;
  }
  datagram = (tinet_datagram){.data = buf, .len = (size_t)n};
  datagram.from = tinet__endpoint_of_sockaddr(&from);
  datagram.is_truncated = (msg.msg_flags & MSG_TRUNC) != 0;
  if (u->events.on_datagram)
    u->events.on_datagram(u, &datagram, u->user);
  return true;
}

static void receive(tinet_udp *u)
{
  void *buf = tinet__loop_scratch(u->loop);

  if (!buf) {
    u->is_receiving = false;
    tell(u, ENOMEM, "receive");
    return;
  }
  for (int i = 0; i < DATAGRAMS_PER_TURN; i++)
    if (u->is_closed || !u->is_receiving || !receive_one(u, buf))
      return;
}

/* ---- sending ---- */

/* 0, or the errno. */
static int send_one(tinet_udp *u, const struct tinet__sockaddr *to,
                    const void *data, size_t len)
{
  const struct sockaddr *sa = (const struct sockaddr *)&to->sa;

  for (int i = 0; i < 3; i++) {
    if (sendto(u->fd, data, len, MSG_NOSIGNAL, to->len > 0 ? sa : NULL,
               to->len) >= 0)
      return 0;
    /* Refused was an earlier one; this one has not been tried yet. */
    if (errno == ECONNREFUSED)
      u->late_errno = ECONNREFUSED;
    else if (errno != EINTR)
      break;
  }
  return errno == EWOULDBLOCK ? EAGAIN : errno;
}

static struct queued_datagram *first(tinet_udp *u)
{
  return TINET__CONTAINER(u->queue.next, struct queued_datagram, link);
}

static void drop_first(tinet_udp *u)
{
  struct queued_datagram *d = first(u);

  tinet__list_remove(&d->link);
  u->queued -= sizeof *d + d->len;
  tinet__free(d);
}

static void send_queue(tinet_udp *u)
{
  while (!u->is_closed && has_queue(u)) {
    struct queued_datagram *d = first(u);
    int errnum = send_one(u, &d->to, d->data, d->len);

    if (errnum == EAGAIN)
      return;
    drop_first(u);
    if (errnum != 0)
      tell(u, errnum, "send");
  }
  u->is_drain_due = true;
}

static void tell_due(tinet_udp *u)
{
  int errnum = u->late_errno;

  u->late_errno = 0;
  if (errnum != 0 && !u->is_closed)
    tell(u, errnum, "send");
  if (u->is_closed || !u->is_drain_due)
    return;
  u->is_drain_due = false;
  if (u->events.on_drain)
    u->events.on_drain(u, u->user);
}

static void on_soon(void *arg)
{
  tinet_udp *u = arg;

  u->n_busy++;
  tell_due(u);
  leave(u);
}

static void on_watch(void *arg, unsigned events)
{
  tinet_udp *u = arg;

  u->n_busy++;
  if (events & TINET__FAILED)
    u->watched = 0; /* libuv has stopped it */
  if (events & TINET__READABLE && u->is_receiving)
    receive(u);
  if (events & TINET__WRITABLE && !u->is_closed && has_queue(u))
    send_queue(u);
  tell_due(u);
  leave(u);
}

static int queue(tinet_udp *u, const struct tinet__sockaddr *to,
                 const void *data, size_t len)
{
  struct queued_datagram *d;
  size_t cost = sizeof *d + len; /* empty ones must not come for free */

  if (cost > u->max_queued || u->queued > u->max_queued - cost)
    return TINET_ELIMIT;
  d = tinet__alloc(sizeof *d + len);
  if (!d)
    return TINET_ENOMEM;
  memset(&d->link, 0, sizeof d->link);
  d->to = *to;
  d->len = len;
  if (len > 0)
    memcpy(d->data, data, len);
  tinet__list_append(&u->queue, &d->link);
  u->queued += cost;
  if (u->n_busy == 0)
    update(u);
  return 1;
}

static int fail(tinet_error *err, int code)
{
  return tinet__error_set(err, code, TINET_ORIGIN_TINET, 0, NULL);
}

/* 0, 1, or a code with `err`. */
static int send_or_queue(tinet_udp *u, const struct tinet__sockaddr *to,
                         const tinet_slice *data, tinet_error *err)
{
  char text[TINET_ENDPOINT_TEXT_MAX];
  tinet_endpoint e;
  int rc = has_queue(u) ? EAGAIN : send_one(u, to, data->data, data->len);

  if (u->late_errno != 0)
    tinet__defer(u->loop, &u->soon, on_soon, u);
  if (rc == 0)
    return TINET_OK;
  if (rc == EAGAIN) {
    rc = queue(u, to, data->data, data->len);
    return rc < 0 ? fail(err, rc) : rc;
  }
  e = tinet__endpoint_of_sockaddr(&to->sa);
  tinet_endpoint_text(&e, text);
  return tinet__error_errno(err, tinet__socket_code(rc), rc, "send to %s",
                            *text ? text : "the peer");
}

int tinet_udp_send(tinet_udp *udp, const tinet_endpoint *to, const void *data,
                   size_t len, tinet_error *err)
{
  const tinet_slice slice = {data, len};
  struct tinet__sockaddr sa = {0};

  tinet__error_clear(err);
  if (!udp || (!data && len > 0))
    return fail(err, TINET_EINVAL);
  if (!to && !udp->is_connected)
    return fail(err, TINET_ESTATE);
  if (to && udp->family == AF_INET && to->family != TINET_FAMILY_IPV4)
    return fail(err, TINET_EINVAL);
  if (to && tinet__endpoint_to_sockaddr(to, udp->family == AF_INET6, &sa) < 0)
    return fail(err, TINET_EINVAL);
  return send_or_queue(udp, &sa, &slice, err);
}

int tinet_udp_receive_start(tinet_udp *udp)
{
  if (!udp)
    return TINET_EINVAL;
  udp->is_receiving = true;
  if (udp->n_busy == 0)
    update(udp);
  return TINET_OK;
}

void tinet_udp_receive_stop(tinet_udp *udp)
{
  if (!udp)
    return;
  udp->is_receiving = false;
  if (udp->n_busy == 0)
    update(udp);
}

/* ---- beginning and end ---- */

static int build(tinet_udp *u, const tinet_udp_options *opt, tinet_error *err)
{
  int rc = tinet__udp_bind(u, opt, err);

  if (rc < 0)
    return rc;
  rc = tinet__watch_open(u->loop, u->fd, on_watch, u, &u->watch);
  return rc < 0 ? fail(err, rc) : TINET_OK;
}

int tinet_udp_open(tinet_loop *loop, const tinet_udp_options *opt,
                   const tinet_udp_events *events, void *user,
                   tinet_udp **ret_udp, tinet_error *err)
{
  TINET_CLEANUP(tinet_udp_dropp) tinet_udp *u = NULL;
  int rc;

  tinet__error_clear(err);
  if (!loop || !opt || opt->struct_size != sizeof *opt || !ret_udp ||
      opt->max_datagram == 0)
    return fail(err, TINET_EINVAL);
  u = tinet__zalloc(sizeof *u);
  if (!u)
    return fail(err, TINET_ENOMEM);
  u->loop = loop;
  u->fd = -1;
  u->max_datagram = opt->max_datagram < TINET__SCRATCH_LEN ? opt->max_datagram
                                                           : TINET__SCRATCH_LEN;
  u->max_queued = opt->max_queued;
  tinet__list_init(&u->queue);
  if (events)
    u->events = *events;
  u->user = user;
  rc = build(u, opt, err);
  if (rc < 0)
    return rc;
  *ret_udp = TINET_TAKE(u);
  return TINET_OK;
}

void tinet_udp_close(tinet_udp *udp)
{
  if (!udp || udp->is_closed)
    return;
  udp->is_closed = true;
  while (has_queue(udp))
    drop_first(udp);
  tinet__defer_cancel(udp->loop, &udp->soon);
  tinet__watch_close(udp->watch);
  tinet__socket_close(udp->fd);
  if (udp->is_held)
    tinet__loop_release(udp->loop);
  if (udp->n_busy == 0)
    tinet__free(udp);
}
