/* endpoint.c - addresses as text, as values, and as the kernel has them. */
#include "net.h"

#include "../core/error.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0,    0,
                                          0, 0, 0, 0, 0xff, 0xff};

unsigned tinet__interface_index(const char *name)
{
  char *end;
  unsigned long number;
  unsigned index = if_nametoindex(name);
  char known[IF_NAMESIZE];

  if (index != 0 || *name < '0' || *name > '9')
    return index;
  number = strtoul(name, &end, 10);
  if (*end || number > UINT32_MAX || !if_indextoname((unsigned)number, known))
    return 0;
  return (unsigned)number;
}

void tinet_endpoint_text(const tinet_endpoint *endpoint,
                         char text[TINET_ENDPOINT_TEXT_MAX])
{
  char name[IF_NAMESIZE];
  size_t len;

  text[0] = 0;
  if (!endpoint)
    return;
  if (endpoint->family == TINET_FAMILY_IPV4)
    (void)inet_ntop(AF_INET, endpoint->address, text, TINET_ENDPOINT_TEXT_MAX);
  if (endpoint->family != TINET_FAMILY_IPV6)
    return;
  (void)inet_ntop(AF_INET6, endpoint->address, text, TINET_ENDPOINT_TEXT_MAX);
  if (endpoint->interface_index == 0)
    return;
  len = strlen(text);
  if (if_indextoname(endpoint->interface_index, name))
    (void)snprintf(text + len, TINET_ENDPOINT_TEXT_MAX - len, "%%%s", name);
  else /* it has vanished meanwhile */
    (void)snprintf(text + len, TINET_ENDPOINT_TEXT_MAX - len, "%%%u",
                   (unsigned)endpoint->interface_index);
}

/* The text between brackets, if there are any.  False: it cannot be one. */
static bool unbracket(const char *address, char *text, size_t size)
{
  size_t len = strlen(address);

  if (len >= 2 && address[0] == '[' && address[len - 1] == ']') {
    address++;
    len -= 2;
  }
  if (len >= size)
    return false;
  memcpy(text, address, len);
  text[len] = 0;
  return true;
}

static int parse_ipv6(char *text, tinet_endpoint *e)
{
  char *scope = strchr(text, '%');

  if (scope)
    *scope++ = 0;
  if (inet_pton(AF_INET6, text, e->address) != 1)
    return TINET_EINVAL;
  e->family = TINET_FAMILY_IPV6;
  if (!scope)
    return TINET_OK;
  e->interface_index = tinet__interface_index(scope);
  return e->interface_index ? TINET_OK : TINET_EADDRESS;
}

int tinet_endpoint_parse(const char *address, uint16_t port,
                         tinet_endpoint *ret_endpoint)
{
  tinet_endpoint e = {.port = port};
  char text[TINET_ENDPOINT_TEXT_MAX];
  int err;

  if (!address || !ret_endpoint)
    return TINET_EINVAL;
  if (!unbracket(address, text, sizeof text))
    return TINET_EINVAL;
  if (address[0] != '[' && inet_pton(AF_INET, text, e.address) == 1) {
    e.family = TINET_FAMILY_IPV4;
    *ret_endpoint = e;
    return TINET_OK;
  }
  err = parse_ipv6(text, &e);
  if (err < 0)
    return err;
  *ret_endpoint = e;
  return TINET_OK;
}

static void fill_ipv4(const tinet_endpoint *e, struct tinet__sockaddr *ret)
{
  struct sockaddr_in sin = {.sin_family = AF_INET};

  sin.sin_port = htons(e->port);
  memcpy(&sin.sin_addr, e->address, 4);
  memcpy(&ret->sa, &sin, sizeof sin);
  ret->len = sizeof sin;
}

static void fill_ipv6(const tinet_endpoint *e, struct tinet__sockaddr *ret)
{
  struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6};

  sin6.sin6_port = htons(e->port);
  if (e->family == TINET_FAMILY_IPV4) {
    memcpy(&sin6.sin6_addr, mapped_prefix, 12);
    memcpy((uint8_t *)&sin6.sin6_addr + 12, e->address, 4);
  } else {
    memcpy(&sin6.sin6_addr, e->address, 16);
    sin6.sin6_scope_id = e->interface_index;
  }
  memcpy(&ret->sa, &sin6, sizeof sin6);
  ret->len = sizeof sin6;
}

int tinet__endpoint_to_sockaddr(const tinet_endpoint *endpoint, bool as_ipv6,
                                struct tinet__sockaddr *ret)
{
  if (endpoint->family == TINET_FAMILY_IPV4 && !as_ipv6)
    fill_ipv4(endpoint, ret);
  else if (endpoint->family == TINET_FAMILY_IPV4 ||
           endpoint->family == TINET_FAMILY_IPV6)
    fill_ipv6(endpoint, ret);
  else
    return TINET_EINVAL;
  return TINET_OK;
}

static tinet_endpoint of_ipv6(const struct sockaddr_in6 *sin6)
{
  tinet_endpoint e = {.family = TINET_FAMILY_IPV6};
  const uint8_t *bytes = (const uint8_t *)&sin6->sin6_addr;

  e.port = ntohs(sin6->sin6_port);
  if (memcmp(bytes, mapped_prefix, 12) == 0) {
    e.family = TINET_FAMILY_IPV4;
    memcpy(e.address, bytes + 12, 4);
    return e;
  }
  memcpy(e.address, bytes, 16);
  e.interface_index = sin6->sin6_scope_id;
  return e;
}

tinet_endpoint tinet__endpoint_of_sockaddr(const struct sockaddr_storage *sa)
{
  tinet_endpoint e = {.family = TINET_FAMILY_UNIX};
  struct sockaddr_in sin;
  struct sockaddr_in6 sin6;

  if (sa->ss_family == AF_INET6) {
    memcpy(&sin6, sa, sizeof sin6);
    return of_ipv6(&sin6);
  }
  if (sa->ss_family != AF_INET)
    return e;
  memcpy(&sin, sa, sizeof sin);
  e.family = TINET_FAMILY_IPV4;
  e.port = ntohs(sin.sin_port);
  memcpy(e.address, &sin.sin_addr, 4);
  return e;
}

int tinet__sockaddr_of_path(const char *path, struct tinet__sockaddr *ret,
                            tinet_error *err)
{
  struct sockaddr_un sun = {.sun_family = AF_UNIX};
  size_t len = strlen(path);

  if (len == 0)
    return tinet__error_set(err, TINET_EINVAL, TINET_ORIGIN_TINET, 0,
                            "the path is empty");
  if (len >= sizeof sun.sun_path)
    return tinet__error_set(err, TINET_EUNSUPPORTED, TINET_ORIGIN_TINET, 0,
                            "%.40s...: the path is longer than %zu bytes", path,
                            sizeof sun.sun_path - 1);
  memcpy(sun.sun_path, path, len);
  memcpy(&ret->sa, &sun, sizeof sun);
  ret->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + 1);
  return TINET_OK;
}
