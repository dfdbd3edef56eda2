/* net.h - addresses, errno and descriptors of the sockets. */
#ifndef TINET_SOCKET_NET_H
#define TINET_SOCKET_NET_H

#include <sys/socket.h>
#include <tinet/socket.h>

/* An address as the kernel wants it. */
struct tinet__sockaddr {
  struct sockaddr_storage sa;
  socklen_t len;
};

/* `endpoint` as a sockaddr; with `as_ipv6` an IPv4 address is mapped into IPv6,
 * for a dual-stack socket.  TINET_EINVAL: neither IPv4 nor IPv6. */
int tinet__endpoint_to_sockaddr(const tinet_endpoint *endpoint, bool as_ipv6,
                                struct tinet__sockaddr *ret) TINET_MUST_CHECK;
/* The other way; an IPv4-mapped address becomes IPv4.  Whatever else is
 * TINET_FAMILY_UNIX. */
tinet_endpoint tinet__endpoint_of_sockaddr(const struct sockaddr_storage *sa);
/* TINET_EUNSUPPORTED: longer than the kernel takes; TINET_EINVAL: empty. */
int tinet__sockaddr_of_path(const char *path, struct tinet__sockaddr *ret,
                            tinet_error *err) TINET_MUST_CHECK;
/* An interface's number by name or number; 0 = there is none. */
unsigned tinet__interface_index(const char *name);

/* Which code an errno of socket, bind, listen, sendto ... becomes. */
int tinet__socket_code(int errnum);
/* Which one of a connection being made. */
int tinet__connect_code(int errnum);

/* getaddrinfo as endpoints, sorted by RFC 6724; *ret_list is the caller's to
 * free.  Waits.  TINET_ERESOLVE, TINET_ENOMEM, TINET_EURL. */
int tinet__lookup(const char *host, uint16_t port, tinet_family family,
                  tinet_endpoint **ret_list, size_t *ret_n,
                  tinet_error *err) TINET_MUST_CHECK;

/* Reorders a list so that families take turns, the first one's first, and the
 * order within a family stays.  rfc: 8305 4 */
void tinet__interleave(tinet_endpoint *list, size_t n);

/* The addresses of a name as they become known. */
typedef struct tinet__names tinet__names;
struct tinet__found {
  const tinet_endpoint *list; /* borrowed during the call; ports are 0 */
  size_t n;
  bool is_last;           /* the tinet__names has ended */
  const tinet_error *err; /* the last, and there was nothing; else NULL */
};
typedef void (*tinet__names_cb)(const struct tinet__found *found, void *arg);
/* `host` is borrowed until the end.  The errors of tinet_resolve_start(). */
int tinet__names_start(tinet_loop *loop, const char *host, tinet_family family,
                       tinet__names_cb on_names, void *arg,
                       tinet__names **ret_names) TINET_MUST_CHECK;
void tinet__names_cancel(tinet__names *names); /* NULL is fine */

/* socket(): close-on-exec and non-blocking from birth; -1 with errno. */
int tinet__socket_open(int family, int type);
void tinet__socket_close(int fd); /* -1 is fine; keeps errno */
/* An int option; 0 or the errno. */
int tinet__socket_set(int fd, int level, int option, int value);
/* getsockname() or getpeername(), TINET_ESYSTEM. */
int tinet__socket_name(int fd, bool is_peer,
                       tinet_endpoint *ret) TINET_MUST_CHECK;

/* A connection attempt: names, Happy Eyeballs, or a Unix-domain path. */
typedef struct tinet__dial tinet__dial;
/* Once: `fd` is taken by the callback, or -1 with `err`.  The dial is over. */
typedef void (*tinet__dial_cb)(int fd, const tinet_error *err, void *arg);
int tinet__dial_start(tinet_loop *loop, const tinet_connect_options *opt,
                      tinet__dial_cb on_dialled, void *arg,
                      tinet__dial **ret_dial) TINET_MUST_CHECK;
void tinet__dial_cancel(tinet__dial *dial); /* NULL is fine */

#endif
