/* address.c - from text to bytes and a number of bits. */
#include "address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "../core/str.h"

#define MAX_TEXT 64 /* the longest IPv6 address has 45 characters */

static bool parse_bytes(const char *text, struct tinet__range *ret)
{
  ret->n_bytes = 0;
  if (inet_pton(AF_INET, text, ret->bytes) == 1)
    ret->n_bytes = 4;
  else if (inet_pton(AF_INET6, text, ret->bytes) == 1)
    ret->n_bytes = 16;
  ret->prefix = ret->n_bytes * 8;
  return ret->n_bytes != 0;
}

bool tinet__address_parse(const char *text, struct tinet__range *ret_address)
{
  char copy[MAX_TEXT];
  size_t len = strlen(text);
  const char *zone;

  if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
    text++;
    len -= 2;
  }
  zone = memchr(text, '%', len);
  if (zone)
    len = (size_t)(zone - text);
  if (len >= sizeof copy)
    return false;
  memcpy(copy, text, len);
  copy[len] = '\0';
  return parse_bytes(copy, ret_address) &&
         (!zone || ret_address->n_bytes == 16);
}

/* Fills up "10" to "10.0.0.0" and "2001:db8" to "2001:db8::". */
static bool complete(char *text, size_t size, bool *ret_is_short)
{
  size_t n_dots = 0, n_colons = 0, len = strlen(text);

  for (const char *p = text; *p; p++) {
    n_dots += *p == '.';
    n_colons += *p == ':';
  }
  *ret_is_short = false;
  if (len == 0 || len + 8 > size)
    return false;
  if (n_colons == 0) {
    *ret_is_short = n_dots < 3;
    for (; n_dots < 3; n_dots++, len += 2)
      memcpy(text + len, ".0", sizeof ".0");
  } else if (n_colons < 7 && !strstr(text, "::")) {
    *ret_is_short = true;
    memcpy(text + len, "::", sizeof "::");
  }
  return true;
}

bool tinet__range_parse(const char *text, struct tinet__range *ret_range,
                        bool *ret_is_short)
{
  const char *slash = strchr(text, '/');
  char address[MAX_TEXT];
  uint64_t prefix;
  size_t len;

  if (!slash || (size_t)(slash - text) >= sizeof address)
    return false;
  memcpy(address, text, (size_t)(slash - text));
  address[slash - text] = '\0';
  slash++;
  len = strlen(slash);
  /* `010` would be eight to a reader of C. */
  if (!tinet__parse_u64(slash, len, &prefix) || (*slash == '0' && len > 1))
    return false;
  if (!complete(address, sizeof address, ret_is_short) ||
      !parse_bytes(address, ret_range) || prefix > ret_range->prefix)
    return false;
  ret_range->prefix = (unsigned)prefix;
  return true;
}

int tinet__address_compare(const struct tinet__range *a,
                           const struct tinet__range *b, unsigned prefix)
{
  unsigned n_whole = prefix / 8, n_bits = prefix % 8;
  unsigned mask = 0xffu << (8 - n_bits) & 0xffu;
  int order = memcmp(a->bytes, b->bytes, n_whole);

  if (order != 0 || n_bits == 0)
    return order;
  return (int)(a->bytes[n_whole] & mask) - (int)(b->bytes[n_whole] & mask);
}

bool tinet__range_has(const struct tinet__range *range,
                      const struct tinet__range *address)
{
  return range->n_bytes == address->n_bytes &&
         tinet__address_compare(range, address, range->prefix) == 0;
}

static bool is_in(const struct tinet__range *address, const char *range_text)
{
  struct tinet__range range;
  bool is_short;

  return tinet__range_parse(range_text, &range, &is_short) &&
         tinet__range_has(&range, address);
}

bool tinet__address_is_link(const struct tinet__range *address)
{
  return is_in(address, "127.0.0.0/8") || is_in(address, "169.254.0.0/16") ||
         is_in(address, "::1/128") || is_in(address, "fe80::/10");
}

bool tinet__address_is_private(const struct tinet__range *address)
{
  return is_in(address, "10.0.0.0/8") || is_in(address, "172.16.0.0/12") ||
         is_in(address, "192.168.0.0/16") || is_in(address, "fc00::/7");
}

void tinet__address_text(const struct tinet__range *address,
                         char text[TINET__ADDRESS_TEXT_MAX])
{
  int family = address->n_bytes == 4 ? AF_INET : AF_INET6;

  if (!inet_ntop(family, address->bytes, text, TINET__ADDRESS_TEXT_MAX))
    text[0] = '\0';
}
