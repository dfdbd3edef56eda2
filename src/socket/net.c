/* net.c - descriptors, and what their errors are called. */
#include "net.h"

#include <errno.h>
#include <unistd.h>

int tinet__socket_code(int errnum)
{
  switch (errnum) {
  case EADDRINUSE:
  case EADDRNOTAVAIL:
  case ENODEV:
    return TINET_EADDRESS;
  case EACCES:
  case EPERM:
    return TINET_EPERMISSION;
  case ENETUNREACH:
  case EHOSTUNREACH:
  case ECONNREFUSED: /* an ICMP answer to a datagram */
  case ENETDOWN:
    return TINET_EUNREACHABLE;
  case EMSGSIZE:
    return TINET_EDATAGRAM;
  case EMFILE:
  case ENFILE:
  case ENOBUFS:
    return TINET_ELIMIT;
  case ENOMEM:
    return TINET_ENOMEM;
  case ECONNRESET:
  case ECONNABORTED:
  case EPIPE:
    return TINET_ECLOSED;
  case ETIMEDOUT:
    return TINET_ETIMEDOUT;
  default:
    return TINET_ESYSTEM;
  }
}

int tinet__connect_code(int errnum)
{
  switch (errnum) {
  case ENETUNREACH:
  case EHOSTUNREACH:
  case ENETDOWN:
    return TINET_EUNREACHABLE;
  case EMFILE:
  case ENFILE:
    return TINET_ELIMIT;
  case ENOMEM:
    return TINET_ENOMEM;
  case ETIMEDOUT:
    return TINET_ETIMEDOUT;
  default:
    return TINET_ECONNECT;
  }
}

int tinet__socket_open(int family, int type)
{
  return socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

void tinet__socket_close(int fd)
{
  int kept = errno;

  if (fd >= 0)
    (void)close(fd); /* nothing can be done about an error */
  errno = kept;
}

int tinet__socket_set(int fd, int level, int option, int value)
{
  return setsockopt(fd, level, option, &value, sizeof value) == 0 ? 0 : errno;
}

int tinet__socket_name(int fd, bool is_peer, tinet_endpoint *ret)
{
  struct sockaddr_storage sa = {0};
  socklen_t len = sizeof sa;
  int rc = is_peer ? getpeername(fd, (struct sockaddr *)&sa, &len)
                   : getsockname(fd, (struct sockaddr *)&sa, &len);

  if (rc != 0)
    return TINET_ESYSTEM;
  *ret = tinet__endpoint_of_sockaddr(&sa);
  return TINET_OK;
}
