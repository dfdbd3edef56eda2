/* header_parse.c - lines of a response's header block.  rfc: 9112 4, 5 */
#include "header.h"

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

/* Puts a copy of the last value at the end of the text, unless it is there:
 * many short continuations must not copy a long value each time. */
static int move_last_value(struct tinet__headers *h)
{
  struct tinet__header_field *last = &h->fields[h->n_fields - 1];
  size_t at = h->text.len;
  int err;

  if ((size_t)last->value_at + last->value_len + 1 == at)
    return TINET_OK;
  err = tinet__buf_reserve(&h->text, (size_t)last->value_len + 1);
  if (err < 0)
    return err;
  /* Adding from the text itself is fine: it has the room already. */
  err =
      tinet__buf_add(&h->text, h->text.data + last->value_at, last->value_len);
  if (err == TINET_OK)
    err = tinet__buf_addc(&h->text, 0);
  if (err == TINET_OK)
    last->value_at = (uint32_t)at;
  return err;
}

/* rfc: 9112 5.2 - a line that starts with blank continues the last field. */
static int fold(struct tinet__headers *h, const char *line, size_t len)
{
  struct tinet__span rest = tinet__trim(line, len);
  struct tinet__header_field *last;
  char *to;
  int err;

  if (h->n_fields == 0)
    return TINET_EPROTOCOL;
  if (rest.len == 0)
    return TINET_OK;
  last = &h->fields[h->n_fields - 1];
  if (rest.len > UINT32_MAX / 4 || h->text.len > UINT32_MAX / 4)
    return TINET_ELIMIT;
  err = move_last_value(h);
  if (err == TINET_OK)
    err = tinet__buf_reserve(&h->text, rest.len + 1);
  if (err < 0)
    return err;
  to = h->text.data + h->text.len - 1; /* over the NUL of the value */
  if (last->value_len > 0)
    *to++ = ' ';
  memcpy(to, rest.p, rest.len);
  to[rest.len] = '\0';
  h->text.len = (size_t)(to - h->text.data) + rest.len + 1;
  h->text.data[h->text.len] = '\0';
  last->value_len = (uint32_t)(h->text.len - 1 - last->value_at);
  return TINET_OK;
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
