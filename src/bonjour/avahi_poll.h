/* avahi_poll.h - avahi-core's idea of a main loop, on ours. */
#ifndef TINET_BONJOUR_AVAHI_POLL_H
#define TINET_BONJOUR_AVAHI_POLL_H

#include "../core/loop.h"

#include <avahi-common/watch.h>

/* Embed it, and hand &poll->api to avahi_server_new().  Nothing of it keeps the
 * loop alive.  It has nothing to free: avahi-core frees its watches and
 * timeouts. */
struct tinet__avahi_poll {
  AvahiPoll api;
  tinet_loop *loop;
  /* After something came on a descriptor that is no socket for datagrams of the
   * network: the kernel's netlink. */
  void (*on_kernel)(void *arg);
  void *arg;
  size_t n_dropped; /* datagrams that the filter held back */
};

void tinet__avahi_poll_init(struct tinet__avahi_poll *poll, tinet_loop *loop,
                            void (*on_kernel)(void *arg), void *arg);

#endif
