/* filter.h - which multicast DNS datagrams avahi-core gets to see. */
#ifndef TINET_BONJOUR_FILTER_H
#define TINET_BONJOUR_FILTER_H

#include <tinet/base.h>

/* What a datagram is dropped for. */
enum tinet__mdns_verdict {
  TINET__MDNS_PASS = 0,
  TINET__MDNS_LENGTH, /* shorter than a header, or longer than rfc: 6762 17 */
  TINET__MDNS_OPCODE, /* rfc: 6762 18.3 */
  TINET__MDNS_NAME,   /* a name that cannot be walked */
  TINET__MDNS_COUNT,  /* more records announced than there are */
  TINET__MDNS_RDATA,  /* data that does not fit its type */
  TINET__MDNS_ALIAS,  /* CNAME or DNAME */
};

/* Judges a whole datagram.  Pure. */
enum tinet__mdns_verdict tinet__mdns_check(const void *data, size_t len);

#endif
