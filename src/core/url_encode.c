/* url_encode.c - percent-encoding. */
#include "url.h"

#include "buf.h"
#include "str.h"

#include <string.h>

int tinet__percent_encode(struct tinet__buf *to, const char *s, size_t len,
                          const char *keep)
{
  static const char hex[] = "0123456789ABCDEF";
  int err = tinet__buf_reserve(to, len);

  for (size_t i = 0; err == TINET_OK && i < len; i++) {
    unsigned char c = (unsigned char)s[i];
    char escape[3] = {'%', hex[c >> 4], hex[c & 15]};

    if (tinet__is_alpha(s[i]) || tinet__is_digit(s[i]) ||
        (c != 0 && strchr(keep, c)))
      err = tinet__buf_addc(to, s[i]);
    else
      err = tinet__buf_add(to, escape, 3);
  }
  return err;
}
