/* charset.c - from body bytes to UTF-8.  ti: HTTPClient.responseText
 *
 * Five steps: byte-order mark; charset of Content-Type; declaration inside XML
 * or HTML; UTF-8 if it is valid; ISO-8859-1, which never fails.  A charset that
 * is not known or does not decode falls to the next step.
 */
#include "charset.h"

#include "../core/alloc.h"
#include "../core/buf.h"
#include "../core/str.h"

#include <errno.h>
#include <iconv.h>
#include <stdint.h>
#include <string.h>

#define SNIFF_LEN 1024 /* ti: HTTPClient.responseText */
#define MAX_LABEL 40

struct text {
  const char *p;
  size_t len;
};

/* WHATWG labels that iconv does not know, or means something else by. */
static const char *iconv_name(const char *label)
{
  static const char *const names[][2] = {
      {"latin1", "CP1252"},
      {"iso-8859-1", "CP1252"},
      {"iso8859-1", "CP1252"},
      {"iso_8859-1", "CP1252"},
      {"l1", "CP1252"},
      {"ascii", "CP1252"},
      {"us-ascii", "CP1252"},
      {"ansi_x3.4-1968", "CP1252"},
      {"iso88591", "CP1252"},
      {"x-cp1252", "CP1252"},
      {"iso-8859-9", "CP1254"},
      {"latin5", "CP1254"},
      {"iso-8859-11", "CP874"},
      {"tis-620", "CP874"},
      {"shift_jis", "CP932"},
      {"shift-jis", "CP932"},
      {"sjis", "CP932"},
      {"x-sjis", "CP932"},
      {"windows-31j", "CP932"},
      {"ms_kanji", "CP932"},
      {"euc-kr", "CP949"},
      {"ks_c_5601-1987", "CP949"},
      {"windows-949", "CP949"},
      {"gb2312", "GB18030"},
      {"gbk", "GB18030"},
      {"x-gbk", "GB18030"},
      {"big5", "BIG5-HKSCS"},
      {"x-x-big5", "BIG5-HKSCS"},
      {"utf8", "UTF-8"},
      {"unicode-1-1-utf-8", "UTF-8"},
      {"utf-16", "UTF-16LE"},
      {"unicode", "UTF-16LE"},
      {"ucs-2", "UTF-16LE"},
      {"x-mac-roman", "MACINTOSH"},
      {"macintosh", "MACINTOSH"},
      {"mac", "MACINTOSH"},
      {"x-mac-cyrillic", "MAC-CYRILLIC"},
      {"iso-8859-8-i", "ISO-8859-8"},
  };

  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (tinet__ieq(label, names[i][0]))
      return names[i][1];
  return label;
}

static int take_copy(const char *p, size_t len, char **ret_text,
                     size_t *ret_len)
{
  char *copy = tinet__strndup(p, len);

  if (!copy)
    return TINET_ENOMEM;
  *ret_text = copy;
  *ret_len = len;
  return TINET_OK;
}

/* 0, TINET_ECHARSET (malformed) or TINET_ENOMEM. */
static int convert(iconv_t cd, struct text in, struct tinet__buf *out)
{
  char *from = (char *)(uintptr_t)in.p;
  size_t left = in.len;

  while (true) {
    char *to;
    size_t room, rc;
    /* Some charsets hold a character back, for a combining one to follow; the
     * call without input lets it go. */
    bool is_last = left == 0;
    int err = tinet__buf_reserve(out, left + left / 2 + 32);

    if (err < 0)
      return err;
    to = out->data + out->len;
    room = out->cap - out->len - 1;
    rc = iconv(cd, is_last ? NULL : &from, &left, &to, &room);
    out->len = (size_t)(to - out->data);
    out->data[out->len] = 0;
    if (rc == (size_t)-1 && errno != E2BIG)
      return TINET_ECHARSET;
    if (rc != (size_t)-1 && is_last)
      return TINET_OK;
  }
}

/* Not what iconv would take for more than a name ("//IGNORE", its own
 * memory's charsets, "" for the locale's), and not UTF-7, in which markup can
 * hide from who looked at the bytes. */
static bool is_label(const char *name)
{
  static const char *const others[] = {"char", "wchar_t", "internal", "utf-7",
                                       "utf7"};

  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    if (tinet__ieq(name, others[i]))
      return false;
  return name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwx"
                           "yz0123456789-_.:+()")] == 0;
}

static int decode_as(const char *label, struct text in, char **ret_text,
                     size_t *ret_len)
{
  struct tinet__buf out = TINET__BUF_INIT;
  const char *name = iconv_name(label);
  iconv_t cd;
  int err;

  if (!is_label(name))
    return TINET_ECHARSET;
  if (tinet__ieq(name, "UTF-8"))
    return tinet__utf8_is_valid(in.p, in.len)
               ? take_copy(in.p, in.len, ret_text, ret_len)
               : TINET_ECHARSET;
  cd = iconv_open("UTF-8", name);
  if (cd == (iconv_t)-1)
    return TINET_ECHARSET;
  err = convert(cd, in, &out);
  (void)iconv_close(cd);
  if (err < 0) {
    tinet__buf_free(&out);
    return err;
  }
  *ret_text = tinet__buf_take(&out, ret_len);
  return TINET_OK;
}

/* Each byte is the character of its number. */
static int from_latin1(struct text in, char **ret_text, size_t *ret_len)
{
  struct tinet__buf out = TINET__BUF_INIT;
  int err = tinet__buf_reserve(&out, in.len + in.len / 4);

  for (size_t i = 0; err == TINET_OK && i < in.len; i++) {
    unsigned char c = (unsigned char)in.p[i];
    char two[2] = {(char)(0xc0 | c >> 6), (char)(0x80 | (c & 0x3f))};

    err = c < 0x80 ? tinet__buf_addc(&out, (char)c)
                   : tinet__buf_add(&out, two, 2);
  }
  if (err < 0) {
    tinet__buf_free(&out);
    return err;
  }
  *ret_text = tinet__buf_take(&out, ret_len);
  return TINET_OK;
}

/* The mark is not part of the text. */
static const char *byte_order_mark(struct text *in)
{
  static const struct {
    const char *bytes, *charset;
    size_t len;
  } marks[] = {
      {"\xef\xbb\xbf", "UTF-8", 3},
      {"\xfe\xff", "UTF-16BE", 2},
      {"\xff\xfe", "UTF-16LE", 2},
  };

  for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
    if (in->len < marks[i].len ||
        memcmp(in->p, marks[i].bytes, marks[i].len) != 0)
      continue;
    in->p += marks[i].len;
    in->len -= marks[i].len;
    return marks[i].charset;
  }
  return NULL;
}

static const char *behind_blanks(const char *at, const char *end)
{
  while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r'))
    at++;
  return at;
}

/* Where the value of the first `key` that has one begins, or NULL. */
static const char *value_of(const char *p, const char *end, const char *key)
{
  while ((p = tinet__ifind(p, (size_t)(end - p), key)) != NULL) {
    p = behind_blanks(p + strlen(key), end);
    if (p < end && *p == '=')
      return behind_blanks(p + 1, end);
  }
  return NULL;
}

/* The label behind `key` and '=', quoted or not. */
static bool label_after(const char *p, size_t len, const char *key,
                        char to[MAX_LABEL])
{
  const char *end = p + len, *at = value_of(p, end, key);
  size_t n = 0;
  char quote = 0;

  if (!at)
    return false;
  if (at < end && (*at == '"' || *at == '\''))
    quote = *at++;
  for (; at < end && n + 1 < MAX_LABEL; at++) {
    if (quote ? *at == quote : strchr(" \t\r\n;,\"'>/?", *at) != NULL)
      break;
    to[n++] = *at;
  }
  to[n] = 0;
  return n > 0;
}

static bool is_kind(const char *content_type, const char *word)
{
  size_t len = content_type ? strcspn(content_type, ";") : 0;

  return len > 0 && tinet__ifind(content_type, len, word) != NULL;
}

static bool declared(const char *content_type, struct text in,
                     char to[MAX_LABEL])
{
  size_t len = in.len < SNIFF_LEN ? in.len : SNIFF_LEN;
  bool starts_as_xml = in.len >= 5 && memcmp(in.p, "<?xml", 5) == 0;
  bool is_xml = is_kind(content_type, "xml") ||
                ((!content_type || !*content_type) && starts_as_xml);

  if (is_xml && starts_as_xml) {
    const char *end = memchr(in.p, '>', len);

    return label_after(in.p, end ? (size_t)(end - in.p) : len, "encoding", to);
  }
  if (is_kind(content_type, "html"))
    return label_after(in.p, len, "charset", to);
  return false;
}

/* A declaration that could be read as ASCII is not in UTF-16, whatever it says
 * (so the WHATWG's sniffing). */
static const char *declared_label(const char *content_type, struct text in,
                                  char to[MAX_LABEL])
{
  if (!declared(content_type, in, to))
    return NULL;
  return tinet__istarts(iconv_name(to), "UTF-16") ? "UTF-8" : to;
}

static int try_label(const char *label, struct text in, char **ret_text,
                     size_t *ret_len)
{
  return label ? decode_as(label, in, ret_text, ret_len) : TINET_ECHARSET;
}

int tinet__charset_decode(const char *content_type, const void *data,
                          size_t len, char **ret_text, size_t *ret_len)
{
  struct text in = {data, len}, whole = in;
  char of_type[MAX_LABEL], inside[MAX_LABEL];
  bool has_type =
      content_type &&
      label_after(content_type, strlen(content_type), "charset", of_type);
  int err = try_label(byte_order_mark(&in), in, ret_text, ret_len);

  if (err == TINET_ECHARSET)
    err = try_label(has_type ? of_type : NULL, whole, ret_text, ret_len);
  if (err == TINET_ECHARSET)
    err = try_label(declared_label(content_type, whole, inside), whole,
                    ret_text, ret_len);
  if (err == TINET_ECHARSET)
    err = decode_as("UTF-8", whole, ret_text, ret_len);
  if (err == TINET_ECHARSET)
    err = from_latin1(whole, ret_text, ret_len);
  return err;
}
