/* test_charset.c - the five steps from body bytes to text. */
#include "core/alloc.h"
#include "core/str.h"
#include "http/charset.h"
#include "t.h"

/* `bytes` with that Content-Type read as `want`. */
static void check(const char *type, const char *bytes, size_t len,
                  const char *want)
{
  char *text = NULL;
  size_t text_len = 0;

  T_EQ(0, tinet__charset_decode(type, bytes, len, &text, &text_len));
  T_STR(want, text);
  T_EQ(strlen(want), text_len);
  tinet__free(text);
}
#define CHECK(type, bytes, want) check(type, bytes, sizeof bytes - 1, want)

static void a_byte_order_mark_comes_first(void)
{
  CHECK("text/plain; charset=iso-8859-1", "\xef\xbb\xbf\xc3\xa4", "\xc3\xa4");
  CHECK(NULL, "\xff\xfe\xe4\x00", "\xc3\xa4");
  CHECK(NULL, "\xfe\xff\x00\xe4", "\xc3\xa4");
  CHECK(NULL, "\xfe\xff\xd8\x3d\xde\x00", "\xf0\x9f\x98\x80");
  CHECK(NULL, "\xef\xbb\xbf", "");
}

static void a_mark_that_does_not_decode_is_text(void)
{
  CHECK(NULL, "\xff\xfe\xe4", "\xc3\xbf\xc3\xbe\xc3\xa4");
  CHECK(NULL, "\xef\xbb\xbf\xff", "\xc3\xaf\xc2\xbb\xc2\xbf\xc3\xbf");
}

static void then_the_content_type(void)
{
  CHECK("text/plain; charset=windows-1251", "\xcf", "\xd0\x9f");
  CHECK("text/plain; CHARSET = \"koi8-r\"; x", "\xf0", "\xd0\x9f");
  CHECK("text/plain;charset='shift_jis'", "\x83\x65", "\xe3\x83\x86");
  CHECK("text/html;charset=euc-kr", "\xb0\xa1", "\xea\xb0\x80");
  CHECK("text/html;charset=gb2312", "\xc4\xe3", "\xe4\xbd\xa0");
  CHECK("text/html;charset=big5", "\xa7\x41", "\xe4\xbd\xa0");
  CHECK("text/html;charset=utf-16", "\xe4\x00", "\xc3\xa4");
  CHECK("text/html;charset=utf-16be", "\x00\xe4", "\xc3\xa4");
  CHECK("text/html;charset=macintosh", "\x8a", "\xc3\xa4");
  CHECK("text/html;charset=x-mac-cyrillic", "\x80", "\xd0\x90");
  CHECK("text/html;charset=iso-8859-8-i", "\xe0", "\xd7\x90");
  CHECK("text/html;charset=tis-620", "\xa1", "\xe0\xb8\x81");
}

/* A label "latin1" means windows-1252; the last step is ISO-8859-1 itself. */
static void latin1_is_what_the_web_means_by_it(void)
{
  CHECK("text/plain; charset=latin1", "\x80", "\xe2\x82\xac");
  CHECK("text/plain; charset=us-ascii", "\x93", "\xe2\x80\x9c");
  CHECK("text/plain", "\x80", "\xc2\x80");
}

static void a_later_charset_is_found(void)
{
  CHECK("text/plain; x=\"charset\"; charset=koi8-r", "\xf0", "\xd0\x9f");
  CHECK("text/html", "<!-- charset --><meta charset=koi8-r>\xf0",
        "<!-- charset --><meta charset=koi8-r>\xd0\x9f");
}

static void what_does_not_help_falls_through(void)
{
  static const char *const types[] = {
      "text/plain; charset=no-such",
      "text/plain; charset=",
      "text/plain; charset",
      "text/plain; charset=\"",
      "text/plain; charset=utf-7",
      "text/plain; charset=\"CP1252//IGNORE\"",
      "text/plain; charset=wchar_t",
      "text/plain; charset=\"/\"",
      "text/plain; charset=\"  \"",
      "text/plain; charset=utf-8",
      "text/plain",
      "",
  };

  for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
    CHECK(types[i], "+AOQ-\xc3\xa4", "+AOQ-\xc3\xa4");
    CHECK(types[i], "+AOQ-\xe4", "+AOQ-\xc3\xa4");
  }
  CHECK("text/plain; charset=shift_jis", "\xc3\xa4\xfd",
        "\xc3\x83\xc2\xa4\xc3\xbd");
  CHECK("text/plain; charset="
        "a-label-that-is-much-longer-than-any-name-of-a-charset-is",
        "\xe4", "\xc3\xa4");
}

static void xml_says_it_in_its_declaration(void)
{
  CHECK("application/atom+xml; a=b",
        "<?xml version='1.0' encoding='koi8-r'?>\xf0",
        "<?xml version='1.0' encoding='koi8-r'?>\xd0\x9f");
  CHECK(NULL, "<?xml version='1.0' encoding=\"koi8-r\" ?>\xf0",
        "<?xml version='1.0' encoding=\"koi8-r\" ?>\xd0\x9f");
  CHECK("text/plain", "<?xml encoding='koi8-r'?>\xf0",
        "<?xml encoding='koi8-r'?>\xc3\xb0");
  CHECK("text/xml", "<?xml ?><a encoding='koi8-r'/>\xf0",
        "<?xml ?><a encoding='koi8-r'/>\xc3\xb0");
}

static void html_says_it_in_its_head(void)
{
  char far_away[1200];

  CHECK("text/html", "<meta charset=koi8-r>\xf0",
        "<meta charset=koi8-r>\xd0\x9f");
  CHECK("TEXT/HTML", "<meta content='text/html; charset=koi8-r'>\xf0",
        "<meta content='text/html; charset=koi8-r'>\xd0\x9f");
  CHECK("text/html; charset=no-such", "<meta charset='koi8-r'>\xf0",
        "<meta charset='koi8-r'>\xd0\x9f");
  memset(far_away, ' ', sizeof far_away);
  memcpy(far_away + 1100, "<meta charset=koi8-r>\xc3\xa4", 24);
  far_away[1123] = 0;
  check("text/html", far_away, 1123, far_away); /* beyond the first 1024 */
}

static void what_was_read_as_ascii_is_not_utf_16(void)
{
  CHECK("text/html", "<meta charset=utf-16>\xc3\xa4",
        "<meta charset=utf-16>\xc3\xa4");
  CHECK("text/xml", "<?xml encoding='UTF-16'?>\xc3\xa4 ",
        "<?xml encoding='UTF-16'?>\xc3\xa4 ");
}

/* iconv holds the last character back in case a combining one follows. */
static void the_last_character_is_not_lost(void)
{
  CHECK("text/plain; charset=big5", "a\x88\x66", "a\xc3\x8a");
  CHECK("text/plain; charset=windows-1258", "a", "a");
}

static void any_bytes_become_utf_8(void)
{
  static const char *const types[] = {
      NULL, "text/html", "text/xml; charset=utf-16", "a/b; charset=gb18030"};
  char bytes[256], *text = NULL;
  size_t len = 0;

  for (int i = 0; i < 256; i++)
    bytes[i] = (char)i;
  for (size_t i = 0; i < 4; i++)
    for (size_t n = 0; n <= 256; n++) {
      T_EQ(0, tinet__charset_decode(types[i], bytes + 256 - n, n, &text, &len));
      T_OK(tinet__utf8_is_valid(text, len));
      T_EQ(0, text[len]);
      tinet__free(text);
    }
  T_EQ(0, tinet__charset_decode(NULL, NULL, 0, &text, &len));
  T_EQ(0, len);
  T_STR("", text);
  tinet__free(text);
}

static int decode_once(void)
{
  char *text = NULL;
  size_t len;
  int err = tinet__charset_decode("a/b; charset=gbk", "\xc4\xe3\xc4\xe3", 4,
                                  &text, &len);

  tinet__free(text);
  if (err < 0)
    return err;
  err = tinet__charset_decode(NULL, "\xe4", 1, &text, &len);
  if (err == 0)
    tinet__free(text);
  return err;
}

static void each_allocation_may_fail(void)
{
  T_EACH_ALLOCATION_FAILS(0, decode_once);
}

int main(void)
{
  T_RUN(a_byte_order_mark_comes_first);
  T_RUN(a_mark_that_does_not_decode_is_text);
  T_RUN(then_the_content_type);
  T_RUN(latin1_is_what_the_web_means_by_it);
  T_RUN(a_later_charset_is_found);
  T_RUN(what_does_not_help_falls_through);
  T_RUN(xml_says_it_in_its_declaration);
  T_RUN(html_says_it_in_its_head);
  T_RUN(what_was_read_as_ascii_is_not_utf_16);
  T_RUN(the_last_character_is_not_lost);
  T_RUN(any_bytes_become_utf_8);
  T_RUN(each_allocation_may_fail);
  return T_END();
}
