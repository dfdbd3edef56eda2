/* avahi_poll.c - avahi-core's idea of a main loop, on ours.
 *
 * avahi-core opens one watch on each of its three descriptors (IPv4, IPv6,
 * netlink) and one timeout, so a watch here is a watch there.  It may free
 * either from inside its own callback.  Timeouts are points in wall-clock time.
 *
 * Between the kernel and avahi-core stands the filter: each datagram is looked
 * at before avahi-core reads it, and thrown away if it should not see it.
 * avahi-core reads exactly one in each callback, the one that was looked at.
 */
#include "avahi_poll.h"

#include "../core/alloc.h"
#include "filter.h"

#include <errno.h>
#include <sys/socket.h>

#define DATAGRAMS_PER_TURN 64
#define MAX_FAILURES 100 /* in a row; then the descriptor is left alone */

/* avahi-core's own names for these two. */
struct AvahiWatch {
  struct tinet__avahi_poll *poll; /* borrowed */
  tinet__watch *watch;            /* owned */
  int fd;                         /* borrowed */
  AvahiWatchEvent wanted, happened;
  AvahiWatchCallback callback;
  void *arg; /* borrowed */
  bool is_network;
  bool is_busy, is_dead;
  unsigned n_failures;
};

struct AvahiTimeout {
  tinet__timer *timer; /* owned */
  AvahiTimeoutCallback callback;
  void *arg; /* borrowed */
};

/* ---- watches ---- */

/* False: avahi-core has freed the watch. */
static bool call(AvahiWatch *w, AvahiWatchEvent event)
{
  w->happened = event;
  w->callback(w, w->fd, event, w->arg);
  w->happened = 0;
  return !w->is_dead;
}

/* Judges the next datagram and throws it away if it is bad; false: there is
 * none. */
static bool look(AvahiWatch *w, bool *ret_is_good)
{
  void *buf = tinet__loop_scratch(w->poll->loop);
  ssize_t n;

  if (!buf)
    return false; /* the kernel keeps it until there is memory */
  n = recv(w->fd, buf, TINET__SCRATCH_LEN, MSG_PEEK | MSG_DONTWAIT | MSG_TRUNC);
  if (n < 0)
    return errno == EINTR;
  *ret_is_good = tinet__mdns_check(buf, (size_t)n) == TINET__MDNS_PASS;
  if (*ret_is_good)
    return true;
  w->poll->n_dropped++;
  (void)recv(w->fd, buf, 1, MSG_DONTWAIT);
  return true;
}

/* False: freed. */
static bool take_datagrams(AvahiWatch *w)
{
  for (int i = 0; i < DATAGRAMS_PER_TURN; i++) {
    bool is_good = false;

    if (!look(w, &is_good))
      return true;
    if (is_good && !call(w, AVAHI_WATCH_IN))
      return false;
  }
  return true;
}

static void update(AvahiWatch *w)
{
  unsigned events = 0;

  if (!w->watch)
    return;
  if (w->wanted & AVAHI_WATCH_IN)
    events |= TINET__READABLE;
  if (w->wanted & AVAHI_WATCH_OUT)
    events |= TINET__WRITABLE;
  /* avahi-core has no way to be told; epoll fails for want of memory only. */
  (void)tinet__watch_set(w->watch, events);
}

/* An error on the descriptor, a netlink overflow above all: it is taken off,
 * and avahi-core reads on.  libuv has stopped the watch. */
static void clear_failure(AvahiWatch *w)
{
  int errnum = 0;
  socklen_t len = sizeof errnum;

  (void)getsockopt(w->fd, SOL_SOCKET, SO_ERROR, &errnum, &len);
  if (++w->n_failures < MAX_FAILURES)
    update(w);
}

static void take_kernel(AvahiWatch *w)
{
  struct tinet__avahi_poll *poll = w->poll;

  (void)call(w, AVAHI_WATCH_IN);
  poll->on_kernel(poll->arg);
}

static void on_watch(void *arg, unsigned events)
{
  AvahiWatch *w = arg;

  w->is_busy = true;
  if (events & TINET__FAILED)
    clear_failure(w);
  else
    w->n_failures = 0;
  if (events & TINET__READABLE && w->wanted & AVAHI_WATCH_IN) {
    if (w->is_network)
      (void)take_datagrams(w);
    else
      take_kernel(w);
  }
  if (!w->is_dead && events & TINET__WRITABLE && w->wanted & AVAHI_WATCH_OUT)
    (void)call(w, AVAHI_WATCH_OUT);
  w->is_busy = false;
  if (w->is_dead)
    tinet__free(w);
}

/* Whether it is a socket of the network, of which there is one a family. */
static bool is_network(struct tinet__avahi_poll *poll, int fd)
{
  int domain = 0;
  socklen_t len = sizeof domain;

  if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) != 0)
    return false;
  if (domain == AF_INET)
    poll->fd_ipv4 = fd;
  else if (domain == AF_INET6)
    poll->fd_ipv6 = fd;
  return domain == AF_INET || domain == AF_INET6;
}

/* One of those made beforehand, or another; NULL: no memory. */
static AvahiWatch *take_watch(struct tinet__avahi_poll *poll)
{
  for (size_t i = 0; i < TINET__AVAHI_WATCHES; i++)
    if (poll->watches[i])
      return TINET_TAKE(poll->watches[i]);
  return tinet__zalloc(sizeof(AvahiWatch));
}

/* A watch that could not be opened is a deaf one, and noted. */
static AvahiWatch *watch_new(const AvahiPoll *api, int fd,
                             AvahiWatchEvent event, AvahiWatchCallback callback,
                             void *arg)
{
  struct tinet__avahi_poll *poll = api->userdata;
  AvahiWatch *w = take_watch(poll);

  if (!w)
    return NULL;
  w->poll = poll;
  w->fd = fd;
  w->wanted = event;
  w->callback = callback;
  w->arg = arg;
  w->is_network = is_network(poll, fd);
  if (tinet__watch_open(poll->loop, fd, on_watch, w, &w->watch) < 0)
    poll->is_incomplete = true;
  update(w);
  return w;
}

static void watch_update(AvahiWatch *w, AvahiWatchEvent event)
{
  w->wanted = event;
  update(w);
}

static AvahiWatchEvent watch_get_events(AvahiWatch *w)
{
  return w->happened;
}

static void watch_free(AvahiWatch *w)
{
  if (w->fd == w->poll->fd_ipv4)
    w->poll->fd_ipv4 = -1;
  else if (w->fd == w->poll->fd_ipv6)
    w->poll->fd_ipv6 = -1;
  tinet__watch_close(w->watch);
  w->is_dead = true;
  if (!w->is_busy)
    tinet__free(w);
}

/* ---- timeouts ---- */

/* Rounded up: avahi-core looks at the clock again when it is called. */
static uint64_t ms_until(const struct timeval *tv)
{
  int64_t due = (int64_t)tv->tv_sec * 1000000 + tv->tv_usec;
  int64_t now = tinet__clock_wall_us();

  return due > now ? (uint64_t)((due - now + 999) / 1000) : 0;
}

static void on_timer(void *arg)
{
  AvahiTimeout *t = arg;

  t->callback(t, t->arg); /* last, because it may free t */
}

static void timeout_update(AvahiTimeout *t, const struct timeval *tv)
{
  if (tv)
    tinet__timer_start(t->timer, ms_until(tv));
  else
    tinet__timer_stop(t->timer);
}

static AvahiTimeout *make_timeout(tinet_loop *loop)
{
  AvahiTimeout *t = tinet__zalloc(sizeof *t);

  if (!t)
    return NULL;
  if (tinet__timer_open(loop, on_timer, t, &t->timer) == 0)
    return t;
  tinet__free(t);
  return NULL;
}

static AvahiTimeout *timeout_new(const AvahiPoll *api, const struct timeval *tv,
                                 AvahiTimeoutCallback callback, void *arg)
{
  struct tinet__avahi_poll *poll = api->userdata;
  AvahiTimeout *t =
      poll->timeout ? TINET_TAKE(poll->timeout) : make_timeout(poll->loop);

  if (!t)
    return NULL;
  t->callback = callback;
  t->arg = arg;
  timeout_update(t, tv);
  return t;
}

static void timeout_free(AvahiTimeout *t)
{
  tinet__timer_close(t->timer);
  tinet__free(t);
}

int tinet__avahi_poll_open(struct tinet__avahi_poll *poll, tinet_loop *loop,
                           void (*on_kernel)(void *arg), void *arg)
{
  bool is_complete;

  *poll = (struct tinet__avahi_poll){
      .api = {poll, watch_new, watch_update, watch_get_events, watch_free,
              timeout_new, timeout_update, timeout_free},
      .loop = loop,
      .on_kernel = on_kernel,
      .arg = arg,
      .timeout = make_timeout(loop),
      .fd_ipv4 = -1,
      .fd_ipv6 = -1,
  };
  is_complete = poll->timeout != NULL;
  for (size_t i = 0; i < TINET__AVAHI_WATCHES; i++) {
    poll->watches[i] = tinet__zalloc(sizeof(AvahiWatch));
    is_complete &= poll->watches[i] != NULL;
  }
  return is_complete ? TINET_OK : TINET_ENOMEM;
}

void tinet__avahi_poll_close(struct tinet__avahi_poll *poll)
{
  AvahiTimeout *timeout = TINET_TAKE(poll->timeout);

  if (timeout)
    timeout_free(timeout);
  for (size_t i = 0; i < TINET__AVAHI_WATCHES; i++)
    tinet__free(TINET_TAKE(poll->watches[i]));
}
