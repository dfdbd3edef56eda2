/* coding.c - fuzz target: any bytes as a coded body, whole and in pieces.
 *
 * The first byte names the coding, the second the size of the pieces.
 */
#include "core/alloc.h"
#include "core/buf.h"
#include "http/coding.h"

#include <stdlib.h>
#include <string.h>

#define MAX_OUT (4 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool is_true)
{
  if (!is_true)
    abort();
}

static int keep(void *arg, const void *data, size_t len)
{
  must(len > 0 && len <= 64 * 1024);
  return tinet__buf_add(arg, data, len);
}

static int decode(const char *name, const uint8_t *data, size_t size,
                  size_t piece, struct tinet__buf *out)
{
  static const struct tinet__decoder_limits limits = {MAX_OUT, 100};
  tinet__decoder *d = NULL;
  tinet_error err = {0};
  int code = tinet__decoder_new(name, &limits, &d);

  must(code == 0 && d != NULL);
  for (size_t at = 0; code == 0 && at < size; at += piece)
    code = tinet__decoder_write(
        d, data + at, size - at < piece ? size - at : piece, keep, out, &err);
  if (code == 0)
    code = tinet__decoder_finish(d, &err);
  must(code == err.code && (code == 0 || err.text[0]));
  must(code == 0 || code == TINET_ECODING || code == TINET_EBOMB ||
       code == TINET_ETRUNCATED);
  must(out->len <= MAX_OUT);
  tinet__decoder_free(d);
  return code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static const char *const names[] = {
      "gzip",          "deflate",        "br", "zstd", "br, gzip", "gzip, zstd",
      "zstd, deflate", "deflate,deflate"};
  struct tinet__buf whole = TINET__BUF_INIT, pieces = TINET__BUF_INIT;
  const char *name;
  int first, second;

  if (size < 2)
    return 0;
  name = names[data[0] % 8];
  first = decode(name, data + 2, size - 2, size, &whole);
  second = decode(name, data + 2, size - 2, data[1] % 64 + 1, &pieces);
  /* Where a bomb is noticed depends on how much has come by then. */
  if (first != TINET_EBOMB && second != TINET_EBOMB) {
    must((first == 0) == (second == 0));
    must(first != 0 || whole.len == pieces.len);
    must(first != 0 || whole.len == 0 ||
         memcmp(whole.data, pieces.data, whole.len) == 0);
  }
  tinet__buf_free(&whole);
  tinet__buf_free(&pieces);
  return 0;
}
