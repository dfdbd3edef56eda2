/* listener_bind.c - from the text of a host to listening descriptors.
 *
 * One host can be several addresses (127.0.0.1 and ::1), all on the same port.
 * With port 0 the first socket finds a free one and the others follow; should
 * one of them find it taken, everything begins again with another.
 */
#include "listener_private.h"

#include "../core/alloc.h"
#include "../core/error.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#define PORT_TRIES 16

struct places {
  tinet_endpoint list[TINET__LISTEN_MAX];
  size_t n;
  bool is_dual; /* the only one is "::", for IPv4 as well */
};

static bool is_one_of(const char *host, const char *const *names)
{
  for (; *names; names++)
    if (strcmp(host, *names) == 0)
      return true;
  return false;
}

static void add(struct places *p, const char *address, uint16_t port)
{
  /* Cannot fail: the addresses are constants. */
  (void)!tinet_endpoint_parse(address, port, &p->list[p->n++]);
}

static int find_places(const char *host, uint16_t port, struct places *p,
                       tinet_error *err)
{
  static const char *const loopback[] = {"", "localhost", "loopback", NULL};
  static const char *const everything[] = {"*", "::", "[::]", "INADDR_ANY",
                                           NULL};
  tinet_endpoint *list = NULL;
  size_t n = 0;
  int rc;

  if (!host || is_one_of(host, loopback)) {
    add(p, "127.0.0.1", port);
    add(p, "::1", port);
    return TINET_OK;
  }
  p->is_dual = is_one_of(host, everything);
  if (p->is_dual) {
    add(p, "::", port);
    return TINET_OK;
  }
  rc = tinet__lookup(host, port, TINET_FAMILY_ANY, &list, &n, err);
  if (rc < 0)
    return rc;
  p->n = n < TINET__LISTEN_MAX ? n : TINET__LISTEN_MAX;
  memcpy(p->list, list, p->n * sizeof *list);
  tinet__free(list);
  return TINET_OK;
}

int tinet__listen_backlog(unsigned backlog)
{
  /* The kernel cuts it to net.core.somaxconn, so the most is its most. */
  return backlog == 0 || backlog > INT32_MAX ? INT32_MAX : (int)backlog;
}

int tinet__listen_on(const struct tinet__sockaddr *sa, bool is_dual,
                     int backlog)
{
  int fd = tinet__socket_open(sa->sa.ss_family, SOCK_STREAM);
  int errnum = 0;

  if (fd < 0)
    return -errno;
  if (sa->sa.ss_family != AF_UNIX)
    errnum = tinet__socket_set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (errnum == 0 && sa->sa.ss_family == AF_INET6)
    errnum = tinet__socket_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, !is_dual);
  if (errnum == 0 && bind(fd, (const struct sockaddr *)&sa->sa, sa->len) != 0)
    errnum = errno;
  if (errnum == 0 && listen(fd, backlog) != 0)
    errnum = errno;
  if (errnum == 0)
    return fd;
  tinet__socket_close(fd);
  return -errnum;
}

static void close_all(int *fds, size_t n)
{
  for (size_t i = 0; i < n; i++)
    tinet__socket_close(fds[i]);
}

/* Not one of this machine's: another of the host's addresses may be. */
static bool is_absent(int errnum)
{
  return errnum == EADDRNOTAVAIL || errnum == EAFNOSUPPORT;
}

/* 0, or the errno of the first address that matters. */
static int try_places(struct places *p, int backlog, int *fds, size_t *ret_n)
{
  uint16_t port = p->list[0].port;
  int absent = EADDRNOTAVAIL;
  size_t n = 0;

  for (size_t i = 0; i < p->n; i++) {
    struct tinet__sockaddr sa = {0};
    tinet_endpoint bound;
    int fd;

    p->list[i].port = port;
    (void)!tinet__endpoint_to_sockaddr(&p->list[i], false, &sa);
    fd = tinet__listen_on(&sa, p->is_dual, backlog);
    if (fd >= 0) {
      fds[n++] = fd;
      if (port == 0 && tinet__socket_name(fd, false, &bound) == TINET_OK)
        port = bound.port;
      continue;
    }
    absent = -fd;
    if (is_absent(absent))
      continue;
    close_all(fds, n);
    return absent;
  }
  *ret_n = n;
  return n > 0 ? 0 : absent;
}

static int try_all(struct places *p, uint16_t port, int backlog, int *fds,
                   size_t *ret_n)
{
  int errnum = EADDRINUSE;

  for (int i = 0; i < PORT_TRIES && errnum == EADDRINUSE; i++) {
    p->list[0].port = port;
    errnum = try_places(p, backlog, fds, ret_n);
    if (port != 0)
      break;
  }
  if (!is_absent(errnum) || !p->is_dual)
    return errnum;
  p->is_dual = false; /* a machine without IPv6 */
  p->n = 0;
  add(p, "0.0.0.0", port);
  return try_places(p, backlog, fds, ret_n);
}

int tinet__listen_all(const tinet_listen_options *opt,
                      int fds[TINET__LISTEN_MAX], size_t *ret_n,
                      tinet_error *err)
{
  struct places places = {0};
  int rc;

  rc = find_places(opt->host, opt->port, &places, err);
  if (rc < 0)
    return rc;
  rc = try_all(&places, opt->port, tinet__listen_backlog(opt->backlog), fds,
               ret_n);
  if (rc == 0)
    return TINET_OK;
  return tinet__error_errno(err, tinet__socket_code(rc), rc, "%s port %u",
                            opt->host && *opt->host ? opt->host : "localhost",
                            (unsigned)opt->port);
}
