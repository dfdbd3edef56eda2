/* str.c - bytes and ASCII, independent of the locale. */
#include "str.h"

#include <string.h>

bool tinet__is_digit(char c)
{
  return c >= '0' && c <= '9';
}

bool tinet__is_alpha(char c)
{
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

int tinet__hex_value(char c)
{
  if (tinet__is_digit(c))
    return c - '0';
  c = tinet__lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool tinet__is_hex(char c)
{
  return tinet__hex_value(c) >= 0;
}

char tinet__lower(char c)
{
  return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

char tinet__upper(char c)
{
  return c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
}

/* rfc: 9110 5.6.2 */
static const bool tchars[256] = {
    ['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['0' ... '9'] = true,
    ['!'] = true,         ['#'] = true,         ['$'] = true,
    ['%'] = true,         ['&'] = true,         ['\''] = true,
    ['*'] = true,         ['+'] = true,         ['-'] = true,
    ['.'] = true,         ['^'] = true,         ['_'] = true,
    ['`'] = true,         ['|'] = true,         ['~'] = true,
};

bool tinet__is_tchar(char c)
{
  return tchars[(unsigned char)c];
}

bool tinet__is_token(const char *s, size_t len)
{
  for (size_t i = 0; i < len; i++)
    if (!tchars[(unsigned char)s[i]])
      return false;
  return len > 0;
}

bool tinet__ieqn(const char *a, size_t a_len, const char *b, size_t b_len)
{
  if (a_len != b_len)
    return false;
  for (size_t i = 0; i < a_len; i++)
    if (a[i] != b[i] && tinet__lower(a[i]) != tinet__lower(b[i]))
      return false;
  return true;
}

bool tinet__ieq(const char *a, const char *b)
{
  for (; *a && *b; a++, b++)
    if (*a != *b && tinet__lower(*a) != tinet__lower(*b))
      return false;
  return *a == *b;
}

bool tinet__istarts(const char *s, const char *prefix)
{
  for (; *prefix; s++, prefix++)
    if (tinet__lower(*s) != tinet__lower(*prefix))
      return false;
  return true;
}

const char *tinet__ifind(const char *hay, size_t hay_len, const char *needle)
{
  size_t len = strlen(needle);

  for (size_t i = 0; i + len <= hay_len; i++)
    if (tinet__ieqn(hay + i, len, needle, len))
      return hay + i;
  return NULL;
}

static bool is_blank(char c)
{
  return c == ' ' || c == '\t';
}

struct tinet__span tinet__trim(const char *s, size_t len)
{
  while (len > 0 && is_blank(s[len - 1]))
    len--;
  while (len > 0 && is_blank(*s)) {
    s++;
    len--;
  }
  return (struct tinet__span){s, len};
}

bool tinet__parse_u64(const char *s, size_t len, uint64_t *ret_value)
{
  uint64_t value = 0;

  if (len == 0)
    return false;
  for (size_t i = 0; i < len; i++) {
    unsigned digit = (unsigned)(s[i] - '0');

    if (!tinet__is_digit(s[i]) || value > (UINT64_MAX - digit) / 10)
      return false;
    value = value * 10 + digit;
  }
  *ret_value = value;
  return true;
}

/* Length of the sequence at `s`, or 0 if it is malformed.  rfc: 3629 4 */
static size_t utf8_sequence(const unsigned char *s, size_t len)
{
  unsigned char low = 0x80, high = 0xbf;
  size_t n;

  if (*s >= 0xc2 && *s <= 0xdf)
    n = 2;
  else if (*s >= 0xe0 && *s <= 0xef)
    n = 3;
  else if (*s >= 0xf0 && *s <= 0xf4)
    n = 4;
  else
    return 0;
  if (n > len)
    return 0;
  if (*s == 0xe0)
    low = 0xa0; /* overlong */
  else if (*s == 0xed)
    high = 0x9f; /* surrogates */
  else if (*s == 0xf0)
    low = 0x90;
  else if (*s == 0xf4)
    high = 0x8f; /* beyond U+10FFFF */
  if (s[1] < low || s[1] > high)
    return 0;
  for (size_t i = 2; i < n; i++)
    if ((s[i] & 0xc0) != 0x80)
      return 0;
  return n;
}

bool tinet__utf8_is_valid(const char *s, size_t len)
{
  const unsigned char *p = (const unsigned char *)s, *end = p + len;

  while (p < end) {
    uint64_t eight;
    size_t n;

    if (end - p >= 8) {
      memcpy(&eight, p, 8);
      if ((eight & 0x8080808080808080ULL) == 0) {
        p += 8;
        continue;
      }
    }
    n = *p < 0x80 ? 1 : utf8_sequence(p, (size_t)(end - p));
    if (n == 0)
      return false;
    p += n;
  }
  return true;
}
