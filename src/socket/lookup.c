/* lookup.c - names to addresses, and the order in which to try them.
 *
 * getaddrinfo() sorts by RFC 6724 and knows /etc/hosts, mDNS and whatever else
 * nsswitch.conf names, which is why no resolver of our own stands here.
 */
#include "net.h"

#include "../core/alloc.h"
#include "../core/error.h"
#include "../core/idna.h"

#include <errno.h>
#include <netdb.h>
#include <string.h>

#define LOOKUP_MAX 64 /* addresses of one name; more are not tried anyway */

static int family_number(tinet_family family)
{
  switch (family) {
  case TINET_FAMILY_IPV4:
    return AF_INET;
  case TINET_FAMILY_IPV6:
    return AF_INET6;
  default:
    return AF_UNSPEC;
  }
}

static int resolver_error(const char *host, int rc, tinet_error *err)
{
  if (rc == EAI_MEMORY)
    return tinet__error_set(err, TINET_ENOMEM, TINET_ORIGIN_RESOLVER, rc, NULL);
  if (rc == EAI_SYSTEM)
    return tinet__error_errno(err, TINET_ERESOLVE, errno, "%s", host);
  return tinet__error_set(err, TINET_ERESOLVE, TINET_ORIGIN_RESOLVER, rc,
                          "%s: %s", host, gai_strerror(rc));
}

static int to_list(const struct addrinfo *all, uint16_t port,
                   tinet_endpoint **ret_list, size_t *ret_n)
{
  tinet_endpoint *list = tinet__alloc(LOOKUP_MAX * sizeof *list);
  struct sockaddr_storage sa;
  size_t n = 0;

  if (!list)
    return TINET_ENOMEM;
  for (const struct addrinfo *ai = all; ai && n < LOOKUP_MAX;
       ai = ai->ai_next) {
    memset(&sa, 0, sizeof sa);
    memcpy(&sa, ai->ai_addr, ai->ai_addrlen);
    list[n] = tinet__endpoint_of_sockaddr(&sa);
    list[n].port = port;
    n += list[n].family != TINET_FAMILY_UNIX;
  }
  *ret_list = list;
  *ret_n = n;
  return TINET_OK;
}

static int ask(const char *host, uint16_t port, tinet_family family,
               tinet_endpoint **ret_list, size_t *ret_n, tinet_error *err)
{
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
  struct addrinfo *all = NULL;
  int rc;

  hints.ai_family = family_number(family);
  rc = getaddrinfo(host, NULL, &hints, &all);
  if (rc != 0)
    return resolver_error(host, rc, err);
  rc = to_list(all, port, ret_list, ret_n);
  freeaddrinfo(all);
  return rc < 0 ? tinet__error_set(err, rc, TINET_ORIGIN_TINET, 0, NULL) : rc;
}

static bool is_ascii(const char *s)
{
  for (; *s; s++)
    if ((unsigned char)*s >= 0x80)
      return false;
  return true;
}

static int numeric(const char *host, const tinet_endpoint *e,
                   tinet_family family, tinet_endpoint **ret_list,
                   tinet_error *err)
{
  if (family != TINET_FAMILY_ANY && family != e->family)
    return tinet__error_set(err, TINET_ERESOLVE, TINET_ORIGIN_RESOLVER,
                            EAI_ADDRFAMILY, "%s is no IPv%d address", host,
                            family == TINET_FAMILY_IPV4 ? 4 : 6);
  *ret_list = tinet__memdup(e, sizeof *e);
  return *ret_list
             ? TINET_OK
             : tinet__error_set(err, TINET_ENOMEM, TINET_ORIGIN_TINET, 0, NULL);
}

int tinet__lookup(const char *host, uint16_t port, tinet_family family,
                  tinet_endpoint **ret_list, size_t *ret_n, tinet_error *err)
{
  TINET_CLEANUP(tinet__freep) char *ascii = NULL;
  tinet_endpoint e;
  int rc = tinet_endpoint_parse(host, port, &e);

  if (rc == TINET_OK) {
    rc = numeric(host, &e, family, ret_list, err);
    *ret_n = 1;
    return rc;
  }
  if (rc == TINET_EADDRESS)
    return tinet__error_set(err, TINET_ERESOLVE, TINET_ORIGIN_RESOLVER,
                            EAI_NONAME, "%s: no such interface", host);
  if (!is_ascii(host)) {
    rc = tinet__idna_to_ascii(host, &ascii, err);
    if (rc < 0)
      return rc;
  }
  return ask(ascii ? ascii : host, port, family, ret_list, ret_n, err);
}

void tinet__interleave(tinet_endpoint *list, size_t n)
{
  for (size_t i = 1; i < n; i++) {
    tinet_endpoint next;
    size_t j = i;

    while (j < n && list[j].family == list[i - 1].family)
      j++;
    if (j == n)
      return; /* the rest is all of one family */
    next = list[j];
    memmove(list + i + 1, list + i, (j - i) * sizeof *list);
    list[i] = next;
  }
}
