/* avahi_ask.c - a browser's first question, sooner than avahi-core asks it.
 *
 * avahi-core waits 100 ms before it asks anything, to ask several things in one
 * packet.  For somebody who looks at an empty list that is half of the time
 * until something is in it.  So the first question is also sent by hand, after
 * the shortest wait that is allowed: from avahi-core's own sockets, to which
 * the answers come.  When it hears the question it does not repeat it.
 *
 * Nothing depends on it: whatever fails here, avahi-core asks a moment later.
 */
#include "avahi_private.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/random.h>

#define MDNS_PORT 5353
#define HEADER_LEN 12
#define QUESTION_MAX 256
#define INTERFACES_MAX 16 /* more than that may wait for avahi-core */

/* rfc: 6762 5.2 - 20 ms and a random part, so that not all ask at once */
#define WAIT_MIN_MS 20
#define WAIT_MORE_MS 30

struct question {
  uint8_t data[QUESTION_MAX];
  size_t len;
};

uint32_t tinet__avahi_ask_delay_ms(void)
{
  uint8_t n = 0;

  (void)!getrandom(&n, sizeof n, GRND_NONBLOCK); /* else the shortest */
  return WAIT_MIN_MS + n % WAIT_MORE_MS;
}

/* "_http._tcp.local", whose labels have been checked: no escapes. */
static bool put_name(struct question *q, const char *name)
{
  while (*name) {
    size_t len = strcspn(name, ".");

    if (len == 0 || len > 63 || q->len + len + 6 > sizeof q->data)
      return false;
    q->data[q->len++] = (uint8_t)len;
    memcpy(q->data + q->len, name, len);
    q->len += len;
    name += len + (name[len] == '.');
  }
  q->data[q->len++] = 0;
  return true;
}

static bool make_question(struct question *q, const char *name)
{
  static const uint8_t ptr_in[4] = {0, 12, 0, 1};

  memset(q, 0, sizeof *q);
  q->len = HEADER_LEN;
  q->data[5] = 1; /* one question */
  if (!put_name(q, name))
    return false;
  memcpy(q->data + q->len, ptr_in, sizeof ptr_in);
  q->len += sizeof ptr_in;
  return true;
}

/* On one interface, which goes with the packet: the socket has many. */
static void send_to(int fd, struct sockaddr *group, socklen_t group_len,
                    const struct question *q, const struct cmsghdr *info)
{
  struct iovec part = {(void *)(uintptr_t)q->data, q->len};
  struct msghdr message = {.msg_name = group,
                           .msg_namelen = group_len,
                           .msg_iov = &part,
                           .msg_iovlen = 1,
                           .msg_control = (void *)(uintptr_t)info,
                           .msg_controllen =
                               CMSG_SPACE(info->cmsg_len - CMSG_LEN(0))};

  (void)sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void ask_ipv4(int fd, unsigned interface, struct in_addr from,
                     const struct question *q)
{
  union {
    struct cmsghdr head;
    char room[CMSG_SPACE(sizeof(struct in_pktinfo))];
  } info = {
      .head = {CMSG_LEN(sizeof(struct in_pktinfo)), IPPROTO_IP, IP_PKTINFO}};
  const struct in_pktinfo out = {.ipi_ifindex = (int)interface,
                                 .ipi_spec_dst = from};
  struct sockaddr_in group = {.sin_family = AF_INET,
                              .sin_port = htons(MDNS_PORT),
                              .sin_addr = {htonl(0xe00000fb)}};

  memcpy(CMSG_DATA(&info.head), &out, sizeof out);
  send_to(fd, (struct sockaddr *)&group, sizeof group, q, &info.head);
}

static void ask_ipv6(int fd, unsigned interface, const struct question *q)
{
  union {
    struct cmsghdr head;
    char room[CMSG_SPACE(sizeof(struct in6_pktinfo))];
  } info = {.head = {CMSG_LEN(sizeof(struct in6_pktinfo)), IPPROTO_IPV6,
                     IPV6_PKTINFO}};
  const struct in6_pktinfo out = {.ipi6_ifindex = interface};
  struct sockaddr_in6 group = {
      .sin6_family = AF_INET6,
      .sin6_port = htons(MDNS_PORT),
      .sin6_addr = {{{0xff, 2, [15] = 0xfb}}},
      .sin6_scope_id = interface,
  };

  memcpy(CMSG_DATA(&info.head), &out, sizeof out);
  send_to(fd, (struct sockaddr *)&group, sizeof group, q, &info.head);
}

/* Own services are known without asking, so loopback is left out. */
static bool is_asked(const struct ifaddrs *ifa, uint32_t only,
                     unsigned *ret_interface)
{
  const unsigned wanted = IFF_UP | IFF_RUNNING | IFF_MULTICAST;

  if (!ifa->ifa_addr || (ifa->ifa_flags & IFF_LOOPBACK) ||
      (ifa->ifa_flags & wanted) != wanted)
    return false;
  *ret_interface = if_nametoindex(ifa->ifa_name);
  return *ret_interface > 0 && (only == 0 || only == *ret_interface);
}

/* Once on each interface by each protocol: it may have several addresses. */
static bool is_first(unsigned *list, size_t *n, unsigned interface)
{
  for (size_t i = 0; i < *n; i++)
    if (list[i] == interface)
      return false;
  if (*n == INTERFACES_MAX)
    return false;
  list[(*n)++] = interface;
  return true;
}

void tinet__avahi_ask(const struct tinet__avahi_poll *poll, const char *name,
                      uint32_t only_interface)
{
  unsigned asked4[INTERFACES_MAX], asked6[INTERFACES_MAX], interface;
  size_t n4 = 0, n6 = 0;
  struct ifaddrs *all = NULL;
  struct question q;

  if (!make_question(&q, name) || getifaddrs(&all) != 0)
    return;
  for (const struct ifaddrs *ifa = all; ifa; ifa = ifa->ifa_next) {
    if (!is_asked(ifa, only_interface, &interface))
      continue;
    if (ifa->ifa_addr->sa_family == AF_INET && poll->fd_ipv4 >= 0 &&
        is_first(asked4, &n4, interface)) {
      const struct sockaddr_in *own = (const void *)ifa->ifa_addr;

      ask_ipv4(poll->fd_ipv4, interface, own->sin_addr, &q);
    } else if (ifa->ifa_addr->sa_family == AF_INET6 && poll->fd_ipv6 >= 0 &&
               is_first(asked6, &n6, interface)) {
      ask_ipv6(poll->fd_ipv6, interface, &q);
    }
  }
  freeifaddrs(all);
}
