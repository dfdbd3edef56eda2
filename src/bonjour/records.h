/* records.h - the data of DNS records, and names in the form that people and
 * avahi write them.
 */
#ifndef TINET_BONJOUR_RECORDS_H
#define TINET_BONJOUR_RECORDS_H

#include <tinet/socket.h>

#define TINET__TYPE_A 1u
#define TINET__TYPE_TXT 16u
#define TINET__TYPE_AAAA 28u
#define TINET__TYPE_SRV 33u

/* Room for a name of 254 bytes, each of them written as "\ddd", and its NUL. */
#define TINET__DOMAIN_ROOM 1014

struct tinet__srv {
  uint16_t port;
  char host[TINET__DOMAIN_ROOM]; /* escaped, without the last dot */
};

/* The data of an SRV record, its name not compressed; false: it is none. */
bool tinet__srv_parse(const void *data, size_t len, struct tinet__srv *ret_srv);

/* The strings of a TXT record, the first `room` of them, empty ones left out;
 * they point into `data`.  Returns how many there are; those before data that
 * is no string count. */
size_t tinet__txt_parse(const void *data, size_t len, tinet_slice *list,
                        size_t room);

/* A copy in one block, to be freed with tinet__free(); NULL: no memory. */
tinet_slice *tinet__txt_copy(const tinet_slice *txt, size_t n_txt);

/* "Caf\195\169\.1._test._tcp.local": the service's name as one label. */
void tinet__service_domain(const char *name, const char *type,
                           char ret_domain[TINET__DOMAIN_ROOM]);

#endif
