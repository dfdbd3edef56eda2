/* header_parse.c - lines of a response's header block.  rfc: 9112 4, 5 */
#include "header.h"

#include "../core/alloc.h"

#include <string.h>

bool tinet__header_value_is_ok(const char *value, size_t len)
{
  for (size_t i = 0; i < len; i++)
    if (value[i] == '\r' || value[i] == '\n' || value[i] == 0)
      return false;
  return true;
}

static size_t without_line_end(const char *line, size_t len)
{
  if (len > 0 && line[len - 1] == '\n')
    len--;
  if (len > 0 && line[len - 1] == '\r')
    len--;
  return len;
}

/* rfc: 9112 5.2 - a line that starts with blank continues the last field. */
static int fold(struct tinet__headers *h, const char *line, size_t len)
{
  struct tinet__span rest = tinet__trim(line, len);
  struct tinet__header_field *last;
  struct tinet__buf joined = TINET__BUF_INIT;
  int err;

  if (h->n_fields == 0)
    return TINET_EPROTOCOL;
  last = &h->fields[h->n_fields - 1];
  err = tinet__buf_adds(&joined, tinet__headers_value(h, h->n_fields - 1));
  if (err == TINET_OK && rest.len > 0)
    err = tinet__buf_addc(&joined, ' ');
  if (err == TINET_OK)
    err = tinet__buf_add(&joined, rest.p, rest.len);
  if (err == TINET_OK && h->text.len + joined.len + 1 >= UINT32_MAX)
    err = TINET_ELIMIT;
  if (err == TINET_OK) {
    uint32_t at = (uint32_t)h->text.len;

    err = tinet__buf_add(&h->text, joined.data, joined.len + 1);
    if (err == TINET_OK) {
      last->value_at = at;
      last->value_len = (uint32_t)joined.len;
    }
  }
  tinet__buf_free(&joined);
  return err;
}

int tinet__headers_parse_line(struct tinet__headers *h, const char *line,
                              size_t len)
{
  struct tinet__span value;
  const char *colon;

  len = without_line_end(line, len);
  if (!tinet__header_value_is_ok(line, len))
    return TINET_EPROTOCOL;
  if (len > 0 && (*line == ' ' || *line == '\t'))
    return fold(h, line, len);
  colon = memchr(line, ':', len);
  if (!colon || !tinet__is_token(line, (size_t)(colon - line)))
    return TINET_EPROTOCOL;
  value = tinet__trim(colon + 1, len - (size_t)(colon - line) - 1);
  return tinet__headers_add(h, line, (size_t)(colon - line), value.p,
                            value.len);
}

int tinet__status_line_parse(const char *line, size_t len, int *ret_version,
                             int *ret_status, struct tinet__span *ret_phrase)
{
  int version;
  size_t at;

  len = without_line_end(line, len);
  if (len < 6 || memcmp(line, "HTTP/", 5) != 0 || !tinet__is_digit(line[5]))
    return TINET_EPROTOCOL;
  version = (line[5] - '0') * 10;
  at = 6;
  if (at + 1 < len && line[at] == '.' && tinet__is_digit(line[at + 1])) {
    version += line[at + 1] - '0';
    at += 2;
  }
  if (version != 10 && version != 11 && version != 20)
    return TINET_EPROTOCOL;
  if (at + 4 > len || line[at] != ' ' || !tinet__is_digit(line[at + 1]) ||
      !tinet__is_digit(line[at + 2]) || !tinet__is_digit(line[at + 3]))
    return TINET_EPROTOCOL;
  if (at + 4 < len && line[at + 4] != ' ')
    return TINET_EPROTOCOL;
  if (line[at + 1] == '0' || memchr(line, 0, len) || memchr(line, '\r', len))
    return TINET_EPROTOCOL;
  *ret_version = version;
  *ret_status = (line[at + 1] - '0') * 100 + (line[at + 2] - '0') * 10 +
                (line[at + 3] - '0');
  ret_phrase->p = at + 5 <= len ? line + at + 5 : line + len;
  ret_phrase->len = at + 5 <= len ? len - at - 5 : 0;
  return TINET_OK;
}
