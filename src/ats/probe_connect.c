/* probe_connect.c - from a name to a connected socket, within a deadline.
 *
 * Blocking, for threads that have nothing else to do.
 */
#include "probe.h"

#include "../core/alloc.h"
#include "../core/error.h"
#include "../core/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- names ---- */

/* Shared by who waits for it and the thread that asks: the resolver cannot be
 * told when to give up, so whoever is last frees it. */
struct lookup {
  pthread_mutex_t lock;
  pthread_cond_t done;
  bool is_done, is_left; /* nobody waits any more */
  int code;              /* of getaddrinfo() */
  struct addrinfo *list; /* owned */
  char host[256], port[8];
};

static void free_lookup(struct lookup *l)
{
  if (l->list)
    freeaddrinfo(l->list);
  (void)pthread_cond_destroy(&l->done);
  (void)pthread_mutex_destroy(&l->lock);
  tinet__free(l);
}

static struct lookup *new_lookup(const char *host, uint16_t port)
{
  struct lookup *l = tinet__zalloc(sizeof *l);
  pthread_condattr_t attr;

  if (!l)
    return NULL;
  (void)snprintf(l->host, sizeof l->host, "%s", host);
  (void)snprintf(l->port, sizeof l->port, "%u", port);
  (void)pthread_mutex_init(&l->lock, NULL);
  (void)pthread_condattr_init(&attr);
  (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
  (void)pthread_cond_init(&l->done, &attr);
  (void)pthread_condattr_destroy(&attr);
  return l;
}

static int ask(struct lookup *l, int flags)
{
  const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                 .ai_flags = AI_NUMERICSERV | flags};

  return getaddrinfo(l->host, l->port, &hints, &l->list);
}

static void *ask_in_thread(void *arg)
{
  struct lookup *l = arg;
  bool is_left;
  int code = ask(l, 0);

  (void)pthread_mutex_lock(&l->lock);
  l->code = code;
  l->is_done = true;
  is_left = l->is_left;
  (void)pthread_cond_signal(&l->done);
  (void)pthread_mutex_unlock(&l->lock);
  if (is_left)
    free_lookup(l);
  return NULL;
}

/* False: it takes too long, and `l` is left to its thread. */
static bool wait_for(struct lookup *l, uint32_t timeout_ms)
{
  struct timespec until;
  bool is_done;

  (void)clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_sec += timeout_ms / 1000;
  until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
  if (until.tv_nsec >= 1000000000) {
    until.tv_sec++;
    until.tv_nsec -= 1000000000;
  }
  (void)pthread_mutex_lock(&l->lock);
  while (!l->is_done && pthread_cond_timedwait(&l->done, &l->lock, &until) == 0)
    ;
  is_done = l->is_done;
  l->is_left = !is_done;
  (void)pthread_mutex_unlock(&l->lock);
  return is_done;
}

/* 1: `l` has the answer; 0: it takes too long, and `l` is left to its thread.
 */
static int look_up(struct lookup *l, uint32_t timeout_ms)
{
  pthread_attr_t attr;
  pthread_t thread;
  int code;

  if (ask(l, AI_NUMERICHOST) == 0)
    return 1;
  (void)pthread_attr_init(&attr);
  (void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
  code = pthread_create(&thread, &attr, ask_in_thread, l);
  (void)pthread_attr_destroy(&attr);
  if (code == 0)
    return wait_for(l, timeout_ms);
  l->code = EAI_SYSTEM;
  return 1;
}

static void take_addresses(const struct addrinfo *list,
                           struct tinet__addresses *to)
{
  to->n = 0;
  for (; list && to->n < TINET__MAX_ADDRESSES; list = list->ai_next) {
    struct tinet__peer *peer = &to->peers[to->n];

    if (list->ai_addrlen > sizeof peer->address)
      continue;
    memcpy(&peer->address, list->ai_addr, list->ai_addrlen);
    peer->len = list->ai_addrlen;
    to->n++;
  }
}

int tinet__probe_resolve(const char *host, uint16_t port, uint32_t timeout_ms,
                         struct tinet__addresses *ret_addresses,
                         tinet_error *err)
{
  struct lookup *l = new_lookup(host, port);
  int code;

  if (!l)
    return TINET_ENOMEM;
  if (!look_up(l, timeout_ms))
    return tinet__error_set(err, TINET_ETIMEDOUT, TINET_ORIGIN_TINET, 0,
                            "%s: no answer from the resolver in time", host);
  code = l->code;
  take_addresses(l->list, ret_addresses);
  free_lookup(l);
  if (code == 0 && ret_addresses->n > 0)
    return TINET_OK;
  return tinet__error_set(err, TINET_ERESOLVE, TINET_ORIGIN_RESOLVER, code,
                          "%s: the host name cannot be resolved (%s)", host,
                          code ? gai_strerror(code) : "no address");
}

void tinet__peer_text(const struct tinet__peer *peer, char *to, size_t size)
{
  if (getnameinfo((const struct sockaddr *)&peer->address, peer->len, to,
                  (socklen_t)size, NULL, 0, NI_NUMERICHOST) != 0)
    to[0] = '\0';
}

/* ---- sockets ---- */

int tinet__probe_wait(int fd, short events, uint64_t deadline_us)
{
  struct pollfd p = {.fd = fd, .events = events};
  int n;

  for (;;) {
    uint64_t now = tinet__clock_us();

    if (now >= deadline_us)
      return TINET_ETIMEDOUT;
    n = poll(&p, 1, (int)((deadline_us - now + 999) / 1000));
    if (n > 0)
      return TINET_OK;
    if (n < 0 && errno != EINTR)
      return TINET_ESYSTEM;
  }
}

/* 0, or an errno; ETIMEDOUT also for our own deadline. */
static int connect_one(const struct tinet__peer *peer, uint64_t deadline_us,
                       int *ret_fd)
{
  int fd = socket(peer->address.ss_family,
                  SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int error = 0, one = 1, code;
  socklen_t len = sizeof error;

  if (fd < 0)
    return errno;
  (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (connect(fd, (const struct sockaddr *)&peer->address, peer->len) < 0)
    error = errno;
  if (error == EINPROGRESS) {
    code = tinet__probe_wait(fd, POLLOUT, deadline_us);
    if (code == TINET_ETIMEDOUT)
      error = ETIMEDOUT;
    else if (code < 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
      error = errno;
  }
  if (error == 0) {
    *ret_fd = fd;
    return 0;
  }
  (void)close(fd);
  return error;
}

int tinet__probe_connect(struct tinet__addresses *a, uint64_t deadline_us,
                         int *ret_fd, tinet_error *err)
{
  char text[64] = "";
  int error = EADDRNOTAVAIL;

  for (size_t i = 0; i < a->n; i++) {
    uint64_t now = tinet__clock_us();
    uint64_t left = deadline_us > now ? deadline_us - now : 0;
    struct tinet__peer good = a->peers[i];

    /* One that is silent leaves time for those after it. */
    error = connect_one(&good, now + left / (a->n - i), ret_fd);
    if (error == 0) {
      a->peers[i] = a->peers[0];
      a->peers[0] = good;
      return TINET_OK;
    }
    tinet__peer_text(&good, text, sizeof text);
  }
  return tinet__error_set(
      err, error == ETIMEDOUT ? TINET_ETIMEDOUT : TINET_ECONNECT,
      TINET_ORIGIN_SYSTEM, error, "%s: %s", text, strerror(error));
}
