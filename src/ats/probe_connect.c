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
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- names ---- */

struct lookup {
  struct gaicb request;
  struct addrinfo hints;
  char host[256], port[8];
};

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

/* getaddrinfo() itself cannot be told when to give up. */
static int look_up(struct lookup *l, uint32_t timeout_ms, bool *ret_is_done)
{
  struct gaicb *list[1] = {&l->request};
  const struct gaicb *const waited[1] = {&l->request};
  struct timespec limit = {timeout_ms / 1000,
                           (long)(timeout_ms % 1000) * 1000000};
  int code;

  *ret_is_done = true;
  code = getaddrinfo_a(GAI_NOWAIT, list, 1, NULL);
  if (code != 0)
    return code;
  do
    code = gai_suspend(waited, 1, &limit);
  while (code == EAI_INTR);
  if (code == EAI_AGAIN && gai_error(&l->request) == EAI_INPROGRESS)
    *ret_is_done = gai_cancel(&l->request) != EAI_NOTCANCELED;
  return gai_error(&l->request);
}

int tinet__probe_resolve(const char *host, uint16_t port, uint32_t timeout_ms,
                         struct tinet__addresses *ret_addresses,
                         tinet_error *err)
{
  struct lookup *l = tinet__zalloc(sizeof *l);
  bool is_done;
  int code;

  if (!l)
    return TINET_ENOMEM;
  (void)snprintf(l->host, sizeof l->host, "%s", host);
  (void)snprintf(l->port, sizeof l->port, "%u", port);
  l->hints.ai_socktype = SOCK_STREAM;
  l->hints.ai_flags = AI_NUMERICSERV;
  l->request.ar_name = l->host;
  l->request.ar_service = l->port;
  l->request.ar_request = &l->hints;
  code = look_up(l, timeout_ms, &is_done);
  if (!is_done) /* the resolver's thread still uses it: it is left to that */
    return tinet__error_set(err, TINET_ETIMEDOUT, TINET_ORIGIN_TINET, 0,
                            "%s: no answer from the resolver in time", host);
  take_addresses(code == 0 ? l->request.ar_result : NULL, ret_addresses);
  if (l->request.ar_result)
    freeaddrinfo(l->request.ar_result);
  tinet__free(l);
  if (code == 0 && ret_addresses->n > 0)
    return TINET_OK;
  return tinet__error_set(err, TINET_ERESOLVE, TINET_ORIGIN_RESOLVER, code,
                          "%s: %s", host,
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
