/* str.h - bytes and ASCII: what the C library does by locale, done by RFC. */
#ifndef TINET_CORE_STR_H
#define TINET_CORE_STR_H

#include <tinet/base.h>

/* A borrowed run of bytes. */
struct tinet__span {
  const char *p;
  size_t len;
};

bool tinet__is_digit(char c);
bool tinet__is_alpha(char c);
bool tinet__is_hex(char c);
int tinet__hex_value(char c); /* -1 if not a hex digit */
char tinet__lower(char c);    /* ASCII only */
char tinet__upper(char c);
bool tinet__is_tchar(char c);                    /* rfc: 9110 5.6.2 */
bool tinet__is_token(const char *s, size_t len); /* not empty, all tchar */
/* ASCII case-insensitive. */
bool tinet__ieq(const char *a, const char *b);
bool tinet__ieqn(const char *a, size_t a_len, const char *b, size_t b_len);
bool tinet__istarts(const char *s, const char *prefix);
/* First position of `needle` in the bytes, case-insensitive; NULL if none. */
const char *tinet__ifind(const char *hay, size_t hay_len, const char *needle);
/* Without leading and trailing SP / HTAB. */
struct tinet__span tinet__trim(const char *s, size_t len);
/* Decimal digits only, no sign; false on anything else or overflow. */
bool tinet__parse_u64(const char *s, size_t len, uint64_t *ret_value);
/* Strict UTF-8 (no surrogates, no overlong forms). */
bool tinet__utf8_is_valid(const char *s, size_t len);

#endif
