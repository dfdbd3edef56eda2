/* framing.c - refuses responses whose length is not clear.  decide, pure. */
#include "framing.h"

#include "../core/error.h"

#include <string.h>

/* The next member of a comma list; false at its end. */
static bool next_member(const char **list, struct tinet__span *ret_member)
{
  size_t len;

  if (!*list)
    return false;
  len = strcspn(*list, ",");
  *ret_member = tinet__trim(*list, len);
  *list = (*list)[len] ? *list + len + 1 : NULL;
  return true;
}

static int length_error(tinet_error *err, const char *value)
{
  return tinet__error_set(err, TINET_EPROTOCOL, TINET_ORIGIN_TINET, 0,
                          "the Content-Length '%.40s' is not a length", value);
}

static int check_length(const char *value, bool *has_length, uint64_t *length,
                        tinet_error *err)
{
  struct tinet__span member;
  const char *list = value;

  while (next_member(&list, &member)) {
    uint64_t n;

    if (!tinet__parse_u64(member.p, member.len, &n) || n > INT64_MAX)
      return length_error(err, value);
    if (*has_length && n != *length)
      return tinet__error_set(err, TINET_EPROTOCOL, TINET_ORIGIN_TINET, 0,
                              "two different Content-Length");
    *has_length = true;
    *length = n;
  }
  return TINET_OK;
}

static int check_coding(const char *value, tinet_error *err)
{
  struct tinet__span member;
  const char *list = value;

  while (next_member(&list, &member))
    if (member.len > 0 && !tinet__ieqn(member.p, member.len, "chunked", 7) &&
        !tinet__ieqn(member.p, member.len, "identity", 8))
      return tinet__error_set(err, TINET_EPROTOCOL, TINET_ORIGIN_TINET, 0,
                              "the Transfer-Encoding '%.40s' is not known",
                              value);
  return TINET_OK;
}

int tinet__framing_check(const struct tinet__headers *headers, int http_version,
                         tinet_error *err)
{
  bool has_length = false;
  uint64_t length = 0;
  int code = TINET_OK;

  for (size_t i = 0; code == TINET_OK && i < headers->n_fields; i++) {
    const char *name = tinet__headers_name(headers, i);
    const char *value = tinet__headers_value(headers, i);

    if (tinet__ieq(name, "Content-Length"))
      code = check_length(value, &has_length, &length, err);
    else if (http_version < 20 && tinet__ieq(name, "Transfer-Encoding"))
      code = check_coding(value, err);
  }
  return code;
}
