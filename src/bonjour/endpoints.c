/* endpoints.c - which addresses of a service to try, and in which order.
 *
 * IPv4 comes first, as Titanium's first answer is an IPv4 address wherever
 * there is one.
 */
#include "endpoints.h"

#include <string.h>

bool tinet__endpoint_is_loopback(const tinet_endpoint *e)
{
  static const uint8_t one[16] = {[15] = 1};

  if (e->family == TINET_FAMILY_IPV4)
    return e->address[0] == 127;
  return memcmp(e->address, one, sizeof one) == 0;
}

static bool is_link_local(const tinet_endpoint *e)
{
  if (e->family == TINET_FAMILY_IPV4)
    return e->address[0] == 169 && e->address[1] == 254;
  return e->address[0] == 0xfe && (e->address[1] & 0xc0) == 0x80;
}

static bool is_usable(const tinet_endpoint *e)
{
  static const uint8_t none[16];

  if (e->family == TINET_FAMILY_IPV4)
    return e->address[0] > 0 && e->address[0] < 224;
  return e->family == TINET_FAMILY_IPV6 && e->address[0] != 0xff &&
         memcmp(e->address, none, sizeof none) != 0;
}

bool tinet__endpoints_is_any_usable(const tinet_endpoint *list, size_t n)
{
  for (size_t i = 0; i < n; i++)
    if (is_usable(&list[i]))
      return true;
  return false;
}

static unsigned rank(const tinet_endpoint *e)
{
  return (tinet__endpoint_is_loopback(e) ? 4u : 0u) +
         (e->family == TINET_FAMILY_IPV6 ? 2u : 0u) +
         (is_link_local(e) ? 1u : 0u);
}

bool tinet__endpoint_is_same(const tinet_endpoint *a, const tinet_endpoint *b)
{
  size_t len = a->family == TINET_FAMILY_IPV4 ? 4 : 16;

  return a->family == b->family && a->interface_index == b->interface_index &&
         memcmp(a->address, b->address, len) == 0;
}

/* Where it stands; `n`: nowhere. */
static size_t find(const tinet_endpoint *list, size_t n,
                   const tinet_endpoint *e)
{
  size_t i = 0;

  while (i < n && !tinet__endpoint_is_same(&list[i], e))
    i++;
  return i;
}

size_t tinet__endpoints_add(tinet_endpoint *list, size_t n, size_t room,
                            const tinet_endpoint *e)
{
  if (n >= room || find(list, n, e) < n)
    return n;
  list[n] = *e;
  return n + 1;
}

size_t tinet__endpoints_remove(tinet_endpoint *list, size_t n,
                               const tinet_endpoint *e)
{
  size_t i = find(list, n, e);

  if (i == n)
    return n;
  list[i] = list[n - 1];
  return n - 1;
}

size_t tinet__endpoints_sort(tinet_endpoint *list, size_t n, uint16_t port)
{
  size_t n_kept = 0;

  for (size_t i = 0; i < n; i++) {
    tinet_endpoint e = list[i];
    size_t j = n_kept;

    e.port = port;
    if (!is_link_local(&e) || e.family == TINET_FAMILY_IPV4)
      e.interface_index = 0; /* it would only hide that two are the same */
    if (!is_usable(&e) || find(list, n_kept, &e) < n_kept)
      continue;
    for (; j > 0 && rank(&list[j - 1]) > rank(&e); j--)
      list[j] = list[j - 1];
    list[j] = e;
    n_kept++;
  }
  return n_kept;
}
