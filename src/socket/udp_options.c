/* udp_options.c - binding, connecting, groups, and what else is set on a UDP
 * socket.
 *
 * A socket that carries both families is an IPv6 one; what is set for IPv4 is
 * set on it as well.
 */
#include "udp_private.h"

#include "../core/error.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

static int fail(tinet_error *err, int code)
{
  return tinet__error_set(err, code, TINET_ORIGIN_TINET, 0, NULL);
}

/* ---- binding ---- */

static bool is_everything(const char *host)
{
  return !host || strcmp(host, "") == 0 || strcmp(host, "*") == 0 ||
         strcmp(host, "::") == 0;
}

/* A bound descriptor, or a negative errno. */
static int bind_to(const tinet_endpoint *e, bool is_dual, bool reuse)
{
  struct tinet__sockaddr sa = {0};
  int fd, errnum = 0;

  (void)!tinet__endpoint_to_sockaddr(e, false, &sa); /* it is an address */
  fd = tinet__socket_open(sa.sa.ss_family, SOCK_DGRAM);
  if (fd < 0)
    return -errno;
  if (reuse)
    errnum = tinet__socket_set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (errnum == 0 && sa.sa.ss_family == AF_INET6)
    errnum = tinet__socket_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, !is_dual);
  if (errnum == 0 && bind(fd, (const struct sockaddr *)&sa.sa, sa.len) != 0)
    errnum = errno;
  if (errnum == 0)
    return fd;
  tinet__socket_close(fd);
  return -errnum;
}

static int bind_everything(const tinet_udp_options *opt)
{
  tinet_endpoint four = {.family = TINET_FAMILY_IPV4, .port = opt->port};
  tinet_endpoint six = {.family = TINET_FAMILY_IPV6, .port = opt->port};
  int fd;

  if (opt->family == TINET_FAMILY_IPV4)
    return bind_to(&four, false, opt->reuse_address);
  fd = bind_to(&six, opt->family == TINET_FAMILY_ANY, opt->reuse_address);
  if (opt->family == TINET_FAMILY_IPV6 ||
      (fd != -EAFNOSUPPORT && fd != -EADDRNOTAVAIL))
    return fd;
  return bind_to(&four, false, opt->reuse_address); /* no IPv6 here */
}

static int domain_of(int fd)
{
  int domain = AF_INET;
  socklen_t len = sizeof domain;

  (void)getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len); /* cannot fail */
  return domain;
}

int tinet__udp_bind(tinet_udp *udp, const tinet_udp_options *opt,
                    tinet_error *err)
{
  tinet_endpoint e;
  int rc;

  if (is_everything(opt->host)) {
    rc = bind_everything(opt);
  } else {
    rc = tinet_endpoint_parse(opt->host, opt->port, &e);
    if (rc < 0)
      return fail(err, rc);
    rc = bind_to(&e, false, opt->reuse_address);
  }
  if (rc < 0)
    return tinet__error_errno(err, tinet__socket_code(-rc), -rc, "%s port %u",
                              opt->host ? opt->host : "*", (unsigned)opt->port);
  udp->fd = rc;
  if (tinet_udp_local(udp, &e) < 0)
    return fail(err, TINET_ESYSTEM);
  udp->port = e.port;
  udp->family = domain_of(rc);
  return TINET_OK;
}

int tinet_udp_local(const tinet_udp *udp, tinet_endpoint *ret_endpoint)
{
  if (!udp || !ret_endpoint)
    return TINET_EINVAL;
  return tinet__socket_name(udp->fd, false, ret_endpoint);
}

/* ---- connecting ---- */

static int disconnect(tinet_udp *u)
{
  struct sockaddr none = {.sa_family = AF_UNSPEC};
  tinet_endpoint e = {0};
  struct tinet__sockaddr sa = {0};

  if (connect(u->fd, &none, sizeof none) != 0)
    return errno;
  u->is_connected = false;
  /* The kernel gives a port back that it had chosen itself. */
  if (tinet_udp_local(u, &e) < 0 || e.port == u->port)
    return 0;
  e.port = u->port;
  (void)!tinet__endpoint_to_sockaddr(&e, u->family == AF_INET6, &sa);
  return bind(u->fd, (const struct sockaddr *)&sa.sa, sa.len) == 0 ? 0 : errno;
}

int tinet_udp_connect(tinet_udp *udp, const tinet_endpoint *peer,
                      tinet_error *err)
{
  struct tinet__sockaddr sa = {0};
  int errnum;

  tinet__error_clear(err);
  if (!udp)
    return fail(err, TINET_EINVAL);
  if (!peer) {
    errnum = disconnect(udp);
  } else {
    if ((udp->family == AF_INET && peer->family != TINET_FAMILY_IPV4) ||
        tinet__endpoint_to_sockaddr(peer, udp->family == AF_INET6, &sa) < 0)
      return fail(err, TINET_EINVAL);
    errnum = connect(udp->fd, (const struct sockaddr *)&sa.sa, sa.len) == 0
                 ? 0
                 : errno;
    udp->is_connected = udp->is_connected || errnum == 0;
  }
  if (errnum == 0)
    return TINET_OK;
  return tinet__error_errno(err, tinet__socket_code(errnum), errnum, "connect");
}

/* ---- groups ---- */

static bool is_multicast(const tinet_endpoint *e)
{
  if (e->family == TINET_FAMILY_IPV4)
    return (e->address[0] & 0xf0) == 0xe0;
  return e->family == TINET_FAMILY_IPV6 && e->address[0] == 0xff;
}

static int set_member(tinet_udp *u, bool is_join, const tinet_endpoint *group,
                      unsigned index)
{
  struct ip_mreqn four = {.imr_ifindex = (int)index};
  struct ipv6_mreq six = {.ipv6mr_interface = index};
  int rc;

  if (group->family == TINET_FAMILY_IPV4) {
    memcpy(&four.imr_multiaddr, group->address, 4);
    rc = setsockopt(u->fd, IPPROTO_IP,
                    is_join ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP, &four,
                    sizeof four);
  } else {
    memcpy(&six.ipv6mr_multiaddr, group->address, 16);
    rc = setsockopt(u->fd, IPPROTO_IPV6,
                    is_join ? IPV6_JOIN_GROUP : IPV6_LEAVE_GROUP, &six,
                    sizeof six);
  }
  return rc == 0 ? 0 : errno;
}

static int change_group(tinet_udp *u, bool is_join, const tinet_endpoint *group,
                        const char *interface_name, tinet_error *err)
{
  char text[TINET_ENDPOINT_TEXT_MAX];
  unsigned index;
  int errnum;

  tinet__error_clear(err);
  if (!u || !group || !is_multicast(group) ||
      (u->family == AF_INET && group->family == TINET_FAMILY_IPV6))
    return fail(err, TINET_EINVAL);
  index = group->interface_index;
  if (interface_name)
    index = tinet__interface_index(interface_name);
  if (interface_name && index == 0)
    return tinet__error_errno(err, TINET_EADDRESS, ENODEV, "%s",
                              interface_name);
  errnum = set_member(u, is_join, group, index);
  if (errnum == 0)
    return TINET_OK;
  tinet_endpoint_text(group, text);
  return tinet__error_errno(err, tinet__socket_code(errnum), errnum, "%s",
                            text);
}

int tinet_udp_join(tinet_udp *udp, const tinet_endpoint *group,
                   const char *interface_name, tinet_error *err)
{
  return change_group(udp, true, group, interface_name, err);
}

int tinet_udp_leave(tinet_udp *udp, const tinet_endpoint *group,
                    const char *interface_name, tinet_error *err)
{
  return change_group(udp, false, group, interface_name, err);
}

/* ---- options ---- */

static const struct {
  unsigned min, max;
  int ipv4_level, ipv4; /* or for both families */
  int ipv6;             /* 0 = the other is for both */
} options[] = {
    [TINET_UDP_BROADCAST] = {0, 1, SOL_SOCKET, SO_BROADCAST, 0},
    [TINET_UDP_TTL] = {1, 255, IPPROTO_IP, IP_TTL, IPV6_UNICAST_HOPS},
    [TINET_UDP_MULTICAST_TTL] = {0, 255, IPPROTO_IP, IP_MULTICAST_TTL,
                                 IPV6_MULTICAST_HOPS},
    [TINET_UDP_MULTICAST_LOOPBACK] = {0, 1, IPPROTO_IP, IP_MULTICAST_LOOP,
                                      IPV6_MULTICAST_LOOP},
    [TINET_UDP_RECEIVE_BUFFER] = {1, INT32_MAX / 2, SOL_SOCKET, SO_RCVBUF, 0},
    [TINET_UDP_SEND_BUFFER] = {1, INT32_MAX / 2, SOL_SOCKET, SO_SNDBUF, 0},
};

int tinet_udp_set(tinet_udp *udp, tinet_udp_option option, unsigned value)
{
  size_t i = (size_t)option;
  int errnum;

  if (!udp || i >= sizeof options / sizeof *options || value < options[i].min ||
      value > options[i].max)
    return TINET_EINVAL;
  errnum = tinet__socket_set(udp->fd, options[i].ipv4_level, options[i].ipv4,
                             (int)value);
  if (errnum == 0 && options[i].ipv6 != 0 && udp->family == AF_INET6)
    errnum =
        tinet__socket_set(udp->fd, IPPROTO_IPV6, options[i].ipv6, (int)value);
  return errnum == 0 ? TINET_OK : TINET_ESYSTEM;
}

int tinet_udp_set_multicast_interface(tinet_udp *udp,
                                      const char *interface_name)
{
  struct ip_mreqn four = {0};
  unsigned index = interface_name ? tinet__interface_index(interface_name) : 0;

  if (!udp)
    return TINET_EINVAL;
  if (interface_name && index == 0)
    return TINET_EADDRESS;
  four.imr_ifindex = (int)index;
  if (setsockopt(udp->fd, IPPROTO_IP, IP_MULTICAST_IF, &four, sizeof four) != 0)
    return TINET_ESYSTEM;
  if (udp->family == AF_INET6 &&
      tinet__socket_set(udp->fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, (int)index) !=
          0)
    return TINET_ESYSTEM;
  return TINET_OK;
}
