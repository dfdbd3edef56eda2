/* charset.c - fuzz target: a Content-Type, LF, and a body as text. */
#include "core/alloc.h"
#include "core/str.h"
#include "http/charset.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool is_true)
{
  if (!is_true)
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  const uint8_t *lf = size ? memchr(data, '\n', size) : NULL;
  size_t type_len = lf ? (size_t)(lf - data) : 0;
  size_t body_at = lf ? type_len + 1 : 0;
  char *type = tinet__strndup((const char *)data, type_len), *text = NULL;
  size_t len = 0;

  must(tinet__charset_decode(lf ? type : NULL, data + body_at, size - body_at,
                             &text, &len) == 0);
  must(text[len] == 0);
  must(tinet__utf8_is_valid(text, len));
  /* A character of the source is a byte at least, and three in UTF-8 at most,
   * or a few of them. */
  must(len <= 12 * (size - body_at));
  tinet__free(text);
  tinet__free(type);
  return 0;
}
