/* records.c - the data of DNS records, read strictly, and escaped names.
 *
 * In a name as text every byte of a label that is neither letter, digit, '-'
 * nor '_' stands as "\ddd", a dot and a backslash with a backslash before.  So
 * it is ASCII whatever a stranger has chosen.
 */
#include "records.h"

#include "../core/alloc.h"
#include "../core/str.h"

#include <stdio.h>
#include <string.h>

#define LABEL_MAX 63
#define NAME_LEN_MAX 254 /* without the root's byte */
#define SRV_HEAD 6       /* priority, weight, port */

/* Writes a label; returns where it ends.  There is room for four times `len`
 * and a NUL. */
static char *put_label(char *to, const unsigned char *label, size_t len)
{
  for (size_t i = 0; i < len; i++) {
    unsigned byte = label[i];
    char c = (char)byte;

    if (tinet__is_alpha(c) || tinet__is_digit(c) || c == '-' || c == '_') {
      *to++ = c;
      continue;
    }
    *to++ = '\\';
    if (c != '.' && c != '\\') {
      *to++ = (char)('0' + byte / 100);
      *to++ = (char)('0' + byte / 10 % 10);
      c = (char)('0' + byte % 10);
    }
    *to++ = c;
  }
  *to = '\0';
  return to;
}

/* A name that fills `len` bytes to the last. */
static bool put_name(char *to, const unsigned char *name, size_t len)
{
  size_t at = 0;

  if (len < 3 || len > NAME_LEN_MAX + 1)
    return false; /* the root is no host */
  while (name[at] != 0) {
    size_t n = name[at++];

    if (n > LABEL_MAX || n >= len - at)
      return false; /* a pointer, or no end */
    if (at > 1)
      *to++ = '.';
    to = put_label(to, name + at, n);
    at += n;
  }
  return at + 1 == len;
}

bool tinet__srv_parse(const void *data, size_t len, struct tinet__srv *ret_srv)
{
  const unsigned char *bytes = data;

  if (len < SRV_HEAD)
    return false;
  ret_srv->port = (uint16_t)(bytes[4] << 8 | bytes[5]);
  return put_name(ret_srv->host, bytes + SRV_HEAD, len - SRV_HEAD);
}

size_t tinet__txt_parse(const void *data, size_t len, tinet_slice *list,
                        size_t room)
{
  const unsigned char *bytes = data;
  size_t at = 0, n = 0;

  while (at < len && n < room) {
    size_t string_len = bytes[at++];

    if (string_len > len - at)
      break;
    if (string_len > 0) /* the one empty string of a record without any */
      list[n++] = (tinet_slice){bytes + at, string_len};
    at += string_len;
  }
  return n;
}

tinet_slice *tinet__txt_copy(const tinet_slice *txt, size_t n_txt)
{
  size_t room = n_txt * sizeof *txt;
  tinet_slice *copy;
  char *at;

  for (size_t i = 0; i < n_txt; i++)
    room += txt[i].len;
  copy = tinet__alloc(room);
  if (!copy)
    return NULL;
  at = (char *)(copy + n_txt);
  for (size_t i = 0; i < n_txt; i++) {
    memcpy(at, txt[i].data, txt[i].len);
    copy[i] = (tinet_slice){at, txt[i].len};
    at += txt[i].len;
  }
  return copy;
}

void tinet__service_domain(const char *name, const char *type,
                           char ret_domain[TINET__DOMAIN_ROOM])
{
  char *end = put_label(ret_domain, (const unsigned char *)name, strlen(name));

  (void)snprintf(end, (size_t)(ret_domain + TINET__DOMAIN_ROOM - end),
                 ".%s.local", type);
}
