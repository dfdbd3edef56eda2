/* address.h - IP addresses and ranges as they stand in hosts and in keys. */
#ifndef TINET_ATS_ADDRESS_H
#define TINET_ATS_ADDRESS_H

#include <tinet/base.h>

struct tinet__range {
  unsigned n_bytes; /* 4 or 16; 0: no address */
  unsigned prefix;  /* bits; all of them for a single address */
  unsigned char bytes[16];
};

/* A literal: dotted IPv4 or IPv6, in [] or not, its zone is dropped.  False:
 * it is a name. */
bool tinet__address_parse(const char *text, struct tinet__range *ret_address);

/* A CIDR range, also shortened ("10/8", "2001:db8/32").  `ret_is_short` tells.
 * False: it is none.  rfc: 4632 3.1 */
bool tinet__range_parse(const char *text, struct tinet__range *ret_range,
                        bool *ret_is_short);

bool tinet__range_has(const struct tinet__range *range,
                      const struct tinet__range *address);

/* Loopback and link-local. */
bool tinet__address_is_link(const struct tinet__range *address);
/* rfc: 1918, 4193 */
bool tinet__address_is_private(const struct tinet__range *address);

/* rfc: 5952; at most 46 bytes with the NUL. */
#define TINET__ADDRESS_TEXT_MAX 46
void tinet__address_text(const struct tinet__range *address,
                         char text[TINET__ADDRESS_TEXT_MAX]);

/* Orders two of the same family by their first `prefix` bits. */
int tinet__address_compare(const struct tinet__range *a,
                           const struct tinet__range *b, unsigned prefix);

#endif
