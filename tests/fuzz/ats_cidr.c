/* ats_cidr.c - fuzz target: the first line as a range, the rest as an address:
 * what a range holds is what its bits say. */
#include "ats/address.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_TEXT 96

static void copy_text(char to[MAX_TEXT], const uint8_t *from, size_t len)
{
  if (len >= MAX_TEXT)
    len = MAX_TEXT - 1;
  if (len > 0)
    memcpy(to, from, len);
  to[len] = '\0';
}

static bool bit(const struct tinet__range *r, unsigned i)
{
  return (r->bytes[i / 8] >> (7 - i % 8) & 1) != 0;
}

static bool holds(const struct tinet__range *range,
                  const struct tinet__range *address)
{
  if (range->n_bytes != address->n_bytes)
    return false;
  for (unsigned i = 0; i < range->prefix; i++)
    if (bit(range, i) != bit(address, i))
      return false;
  return true;
}

/* As the library writes it, it reads it again, and it is not short. */
static void read_again(const struct tinet__range *range)
{
  char text[TINET__ADDRESS_TEXT_MAX], whole[TINET__ADDRESS_TEXT_MAX + 8];
  struct tinet__range again;
  bool is_short;

  tinet__address_text(range, text);
  (void)snprintf(whole, sizeof whole, "%s/%u", text, range->prefix);
  if (!tinet__range_parse(whole, &again, &is_short) || is_short ||
      again.prefix != range->prefix || again.n_bytes != range->n_bytes ||
      memcmp(again.bytes, range->bytes, range->n_bytes) != 0)
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
  size_t len = end ? (size_t)(end - data) : size;
  char text[MAX_TEXT], host[MAX_TEXT];
  struct tinet__range range, address;
  bool is_short;

  copy_text(text, data, len);
  copy_text(host, end ? end + 1 : data, end ? size - len - 1 : 0);
  if (!tinet__range_parse(text, &range, &is_short))
    return 0;
  if (range.prefix > range.n_bytes * 8u)
    abort();
  read_again(&range);
  if (tinet__address_parse(host, &address) &&
      tinet__range_has(&range, &address) != holds(&range, &address))
    abort();
  return 0;
}
