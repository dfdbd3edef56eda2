/* rdata.c - fuzz target: the data of SRV and TXT records.
 *
 * A host that is read is written back byte by byte and must be what was there;
 * strings must lie one behind the other in the data.
 */
#include "bonjour/records.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool is_true)
{
  if (!is_true)
    abort();
}

/* One character of a label, and where the next one is. */
static const char *get_char(const char *at, uint8_t *ret_byte)
{
  if (*at != '\\') {
    must((*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
         (*at >= '0' && *at <= '9') || *at == '-' || *at == '_');
    *ret_byte = (uint8_t)*at;
    return at + 1;
  }
  if (at[1] == '.' || at[1] == '\\') {
    *ret_byte = (uint8_t)at[1];
    return at + 2;
  }
  for (int i = 1; i <= 3; i++)
    must(at[i] >= '0' && at[i] <= '9');
  *ret_byte =
      (uint8_t)((at[1] - '0') * 100 + (at[2] - '0') * 10 + (at[3] - '0'));
  return at + 4;
}

static void check_host(const char *host, const uint8_t *name, size_t len)
{
  uint8_t wire[256];
  size_t n = 0;

  while (*host) {
    size_t head = n++;

    while (*host && *host != '.') {
      must(n < sizeof wire);
      host = get_char(host, &wire[n++]);
    }
    wire[head] = (uint8_t)(n - head - 1);
    host += *host == '.';
  }
  must(n < sizeof wire);
  wire[n++] = 0;
  must(n == len && memcmp(wire, name, n) == 0);
}

static void check_strings(const uint8_t *data, size_t size)
{
  tinet_slice list[256];
  size_t n = tinet__txt_parse(data, size, list, 256), at = 0;

  for (size_t i = 0; i < n; i++) {
    while (at < size && data[at] == 0)
      at++;
    must(list[i].len > 0 && at < size && data[at] == list[i].len);
    must((const uint8_t *)list[i].data == data + at + 1);
    at += 1 + list[i].len;
    must(at <= size);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct tinet__srv srv;

  if (tinet__srv_parse(data, size, &srv)) {
    must(strlen(srv.host) < sizeof srv.host);
    check_host(srv.host, data + 6, size - 6);
  }
  check_strings(data, size);
  return 0;
}
