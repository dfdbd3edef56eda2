/* avahi_poll.h - avahi-core's idea of a main loop, on ours. */
#ifndef TINET_BONJOUR_AVAHI_POLL_H
#define TINET_BONJOUR_AVAHI_POLL_H

#include "../core/loop.h"

#include <avahi-common/watch.h>

#define TINET__AVAHI_WATCHES 3 /* IPv4, IPv6, netlink */

/* Embed it, and hand &poll->api to avahi_server_new().  Nothing of it keeps the
 * loop alive. */
struct tinet__avahi_poll {
  AvahiPoll api;
  tinet_loop *loop;
  /* After something came on a descriptor that is no socket for datagrams of the
   * network: the kernel's netlink. */
  void (*on_kernel)(void *arg);
  void *arg;
  /* owned; what avahi-core needs for one server, made beforehand because it
   * does not look, or aborts, if there is no memory for it */
  AvahiTimeout *timeout;
  AvahiWatch *watches[TINET__AVAHI_WATCHES];
  bool is_incomplete;   /* a watch does not watch: the server is deaf */
  size_t n_dropped;     /* datagrams that the filter held back */
  int fd_ipv4, fd_ipv6; /* borrowed; -1: avahi-core has none */
};

/* TINET_ENOMEM. */
int tinet__avahi_poll_open(struct tinet__avahi_poll *poll, tinet_loop *loop,
                           void (*on_kernel)(void *arg),
                           void *arg) TINET_MUST_CHECK;
/* After the server has been freed, and with it its watches and timeout. */
void tinet__avahi_poll_close(struct tinet__avahi_poll *poll);

#endif
