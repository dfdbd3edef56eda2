/* encode.c - percent-encoding of text and its strict reverse. */
#include "../core/alloc.h"
#include "../core/buf.h"
#include "../core/str.h"
#include "../core/url.h"

#include <tinet/http.h>

int tinet_http_encode_component(const char *text, size_t len, char **ret_text)
{
  struct tinet__buf b = TINET__BUF_INIT;
  int err;

  if (!text || !ret_text)
    return TINET_EINVAL;
  err = tinet__buf_reserve(&b, 0);
  if (err == TINET_OK)
    err = tinet__percent_encode(&b, text, len, TINET__KEEP_COMPONENT);
  if (err < 0) {
    tinet__buf_free(&b);
    return err;
  }
  *ret_text = tinet__buf_take(&b, NULL);
  return TINET_OK;
}

static int decode(const char *text, size_t len, char *to, size_t *ret_len)
{
  size_t n = 0;

  for (size_t i = 0; i < len; i++) {
    if (text[i] != '%') {
      to[n++] = text[i];
      continue;
    }
    if (i + 2 >= len || !tinet__is_hex(text[i + 1]) ||
        !tinet__is_hex(text[i + 2]))
      return TINET_EURL;
    to[n++] = (char)(tinet__hex_value(text[i + 1]) * 16 +
                     tinet__hex_value(text[i + 2]));
    i += 2;
  }
  to[n] = 0;
  *ret_len = n;
  return tinet__utf8_is_valid(to, n) ? TINET_OK : TINET_EURL;
}

int tinet_http_decode_component(const char *text, size_t len, char **ret_text,
                                size_t *ret_len)
{
  char *to;
  size_t n = 0;
  int err;

  if (!text || !ret_text || !ret_len)
    return TINET_EINVAL;
  to = tinet__alloc(len + 1);
  if (!to)
    return TINET_ENOMEM;
  err = decode(text, len, to, &n);
  if (err < 0) {
    tinet__free(to);
    return err;
  }
  *ret_text = to;
  *ret_len = n;
  return TINET_OK;
}
