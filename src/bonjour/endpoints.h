/* endpoints.h - which addresses of a service to try, and in which order. */
#ifndef TINET_BONJOUR_ENDPOINTS_H
#define TINET_BONJOUR_ENDPOINTS_H

#include <tinet/socket.h>

/* Whether one can be connected to: neither unspecified nor multicast. */
bool tinet__endpoints_is_any_usable(const tinet_endpoint *list, size_t n);

bool tinet__endpoint_is_loopback(const tinet_endpoint *e);
/* The same address on the same interface; ports do not count. */
bool tinet__endpoint_is_same(const tinet_endpoint *a, const tinet_endpoint *b);

/* Adds one that is not there yet, or takes one away; returns how many there are
 * by then.  What comes after `room` is left out. */
size_t tinet__endpoints_add(tinet_endpoint *list, size_t n, size_t room,
                            const tinet_endpoint *e);
size_t tinet__endpoints_remove(tinet_endpoint *list, size_t n,
                               const tinet_endpoint *e);

/* Drops what cannot be connected to or stands twice, gives the rest `port`, and
 * sorts: loopback last, IPv4 before IPv6, link-local after others.  Returns how
 * many there are. */
size_t tinet__endpoints_sort(tinet_endpoint *list, size_t n, uint16_t port);

#endif
