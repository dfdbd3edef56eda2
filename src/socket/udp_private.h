/* udp_private.h - what the files of UDP share. */
#ifndef TINET_SOCKET_UDP_PRIVATE_H
#define TINET_SOCKET_UDP_PRIVATE_H

#include "../core/list.h"
#include "../core/loop.h"
#include "net.h"

struct tinet_udp {
  tinet_loop *loop;
  int fd;              /* owned */
  int family;          /* AF_INET or AF_INET6 */
  uint16_t port;       /* bound to */
  tinet__watch *watch; /* owned */
  bool is_receiving, is_connected, is_held, is_closed, is_drain_due;
  unsigned n_busy;  /* calls of ours on the stack: who leaves last frees */
  unsigned watched; /* what the watch is set to */
  int late_errno;   /* of an ICMP answer that a send was told of; to be told */
  size_t max_datagram, queued, max_queued;
  struct tinet__list queue; /* of struct queued_datagram */
  struct tinet__deferred soon;
  tinet_udp_events events;
  void *user; /* borrowed */
};

/* Opens and binds as the options say: fd, family and port. */
int tinet__udp_bind(tinet_udp *udp, const tinet_udp_options *opt,
                    tinet_error *err) TINET_MUST_CHECK;

#endif
