/* test_str.c - bytes and ASCII: every byte against the C library's "C" locale,
 * UTF-8 against every code point. */
#include "core/str.h"
#include "t.h"

#include <ctype.h>

static void every_byte_has_its_class(void)
{
  for (int i = 0; i < 256; i++) {
    char c = (char)i;
    bool is_symbol = i && strchr("!#$%&'*+-.^_`|~", i);

    T_EQ(i < 128 && isdigit(i), tinet__is_digit(c));
    T_EQ(i < 128 && isalpha(i), tinet__is_alpha(c));
    T_EQ(i < 128 && isxdigit(i), tinet__is_hex(c));
    T_EQ(i < 128 && (isalnum(i) || is_symbol), tinet__is_tchar(c));
    T_EQ(i < 128 ? tolower(i) : i, (unsigned char)tinet__lower(c));
    T_EQ(i < 128 ? toupper(i) : i, (unsigned char)tinet__upper(c));
  }
  T_EQ(0, tinet__hex_value('0'));
  T_EQ(10, tinet__hex_value('a'));
  T_EQ(15, tinet__hex_value('F'));
  T_EQ(-1, tinet__hex_value('g'));
  T_EQ(-1, tinet__hex_value('G'));
}

static void tokens_are_not_empty(void)
{
  T_OK(tinet__is_token("X-a", 3));
  T_OK(!tinet__is_token("", 0));
  T_OK(!tinet__is_token("a b", 3));
  T_OK(tinet__is_token("a b", 1));
}

static void comparing_ignores_ascii_case(void)
{
  T_OK(tinet__ieq("Abc", "aBC"));
  T_OK(!tinet__ieq("abc", "abcd"));
  T_OK(!tinet__ieq("abcd", "abc"));
  T_OK(!tinet__ieq("\xc3\xa4", "\xc3\x84")); /* other letters are bytes */
  T_OK(!tinet__ieq("@", "`"));
  T_OK(tinet__ieqn("ABCx", 3, "abcy", 3));
  T_OK(!tinet__ieqn("abc", 3, "abcd", 4));
  T_OK(tinet__ieqn("", 0, "", 0));
  T_OK(tinet__istarts("HTTP://x", "http://"));
  T_OK(!tinet__istarts("htt", "http"));
  T_OK(tinet__istarts("x", ""));
}

static void finding_ignores_case_and_stays_inside(void)
{
  const char *hay = "the Charset=x";

  T_OK(tinet__ifind(hay, 13, "cHARSET") == hay + 4);
  T_OK(tinet__ifind(hay, 10, "charset") == NULL);
  T_OK(tinet__ifind(hay, 11, "charset") == hay + 4);
  T_OK(tinet__ifind(hay, 3, "charset") == NULL);
  T_OK(tinet__ifind(hay, 13, "") == hay);
}

static void trimming_takes_blanks_off_both_ends(void)
{
  struct tinet__span s = tinet__trim(" \ta b\t ", 7);

  T_MEM("a b", 3, s.p, s.len);
  T_EQ(0, tinet__trim(" \t ", 3).len);
  T_EQ(0, tinet__trim("", 0).len);
  T_EQ(2, tinet__trim("\r\n", 2).len); /* not these */
}

static void numbers_are_digits_only(void)
{
  static const char *const bad[] = {"",
                                    "-1",
                                    "+1",
                                    " 1",
                                    "1 ",
                                    "0x1",
                                    "1.",
                                    "18446744073709551616",
                                    "99999999999999999999",
                                    "\xd9\xa1"};
  uint64_t n = 7;

  T_OK(tinet__parse_u64("18446744073709551615", 20, &n));
  T_OK(n == UINT64_MAX);
  T_OK(tinet__parse_u64("007x", 3, &n));
  T_EQ(7, n);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    if (tinet__parse_u64(bad[i], strlen(bad[i]), &n))
      T_FAIL("accepted: %s", bad[i]);
  T_EQ(7, n);
}

/* rfc: 3629 3 */
static size_t encode(uint32_t c, char to[4])
{
  size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
  static const unsigned char first[] = {0, 0, 0xc0, 0xe0, 0xf0};

  for (size_t i = n; i-- > 1; c >>= 6)
    to[i] = (char)(0x80 | (c & 0x3f));
  to[0] = (char)(first[n] | c);
  return n;
}

static void every_code_point_but_surrogates_is_utf_8(void)
{
  char s[4];

  for (uint32_t c = 0; c < 0x120000; c++) {
    size_t n = encode(c, s);
    bool is = c < 0x110000 && (c < 0xd800 || c > 0xdfff);

    if (tinet__utf8_is_valid(s, n) != is)
      T_FAIL("U+%04X", (unsigned)c);
    if (n > 1 && tinet__utf8_is_valid(s, n - 1))
      T_FAIL("U+%04X cut short", (unsigned)c);
  }
}

static void what_is_malformed_is_found_at_each_place(void)
{
  static const char *const bad[] = {"\x80",
                                    "\xc0\x80",
                                    "\xc1\xbf",
                                    "\xe0\x9f\xbf",
                                    "\xed\xa0\x80",
                                    "\xed\xbf\xbf",
                                    "\xf0\x8f\xbf\xbf",
                                    "\xf4\x90\x80\x80",
                                    "\xf5\x80",
                                    "\xff",
                                    "\xc3(",
                                    "\xe2\x82(",
                                    "\xf0\x9f\x98("};
  char text[40];

  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    for (size_t at = 0; at < 20; at++) { /* across the steps of eight */
      memset(text, 'a', sizeof text);
      T_OK(tinet__utf8_is_valid(text, sizeof text));
      memcpy(text + at, bad[i], strlen(bad[i]));
      T_OK(!tinet__utf8_is_valid(text, sizeof text));
    }
  T_OK(tinet__utf8_is_valid("", 0));
}

int main(void)
{
  T_RUN(every_byte_has_its_class);
  T_RUN(tokens_are_not_empty);
  T_RUN(comparing_ignores_ascii_case);
  T_RUN(finding_ignores_case_and_stays_inside);
  T_RUN(trimming_takes_blanks_off_both_ends);
  T_RUN(numbers_are_digits_only);
  T_RUN(every_code_point_but_surrogates_is_utf_8);
  T_RUN(what_is_malformed_is_found_at_each_place);
  return T_END();
}
