/* mdns.c - fuzz target: the filter in front of avahi-core.
 *
 * What passes is read once more, by another reader that trusts the filter: it
 * must get through without leaving the datagram and without an alias.
 */
#include "bonjour/filter.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool is_true)
{
  if (!is_true)
    abort();
}

/* Returns what is behind the name at `at`. */
static size_t walk(const uint8_t *data, size_t size, size_t at)
{
  size_t end = 0, n_steps = 0, n_bytes = 0;

  for (;;) {
    must(at < size && n_steps++ < 200);
    if (data[at] == 0)
      return end ? end : at + 1;
    if (data[at] >= 0xc0) {
      must(at + 1 < size);
      end = end ? end : at + 2;
      at = (size_t)(data[at] & 0x3f) << 8 | data[at + 1];
      continue;
    }
    must(data[at] <= 63);
    n_bytes += data[at] + 1u;
    must(n_bytes <= 254);
    at += data[at] + 1u;
  }
}

static size_t number(const uint8_t *data, size_t size, size_t at)
{
  must(at + 1 < size);
  return (size_t)data[at] << 8 | data[at + 1];
}

static void read_all(const uint8_t *data, size_t size)
{
  size_t n_questions = number(data, size, 4), at = 12;
  size_t n_records =
      number(data, size, 6) + number(data, size, 8) + number(data, size, 10);

  while (n_questions-- > 0) {
    at = walk(data, size, at) + 4;
    must(at <= size);
  }
  while (n_records-- > 0) {
    size_t type, len;

    at = walk(data, size, at);
    type = number(data, size, at);
    len = number(data, size, at + 8);
    at += 10;
    must(type != 5 && type != 39 && at + len <= size);
    if (type == 12)
      must(walk(data, size, at) == at + len);
    if (type == 33)
      must(len >= 7 && walk(data, size, at + 6) == at + len);
    must(type != 1 || len == 4);
    must(type != 28 || len == 16);
    at += len;
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (tinet__mdns_check(data, size) == TINET__MDNS_PASS)
    read_all(data, size);
  return 0;
}
