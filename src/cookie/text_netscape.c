/* text_netscape.c - cookies.txt, as curl, wget and browsers' add-ons have it.
 *
 * A line is a cookie of seven fields with a tab between: domain, whether it
 * covers subdomains, path, whether it is Secure, expiry in seconds (0 = with
 * the session), name, value.  #HttpOnly_ before the domain is a flag; other
 * lines with '#' are comments.
 */
#include "text.h"

#include "../core/alloc.h"
#include "../core/str.h"

#include <inttypes.h>
#include <string.h>

#define HTTP_ONLY "#HttpOnly_"
#define N_FIELDS 7

enum { DOMAIN, SUBDOMAINS, PATH, SECURE, EXPIRY, NAME, VALUE };

static const char *const field_names[N_FIELDS] = {
    "domain", "include subdomains", "path", "secure", "expiry", "name", "value",
};

/* Cuts `line` at its tabs; the rest after the sixth is the value.  A missing
 * value is an empty one.  How many fields there are. */
static size_t cut(char *line, char **fields)
{
  size_t n = 1;

  fields[0] = line;
  while (n < N_FIELDS) {
    char *tab = strchr(fields[n - 1], '\t');

    if (!tab)
      break;
    *tab = '\0';
    fields[n++] = tab + 1;
  }
  if (n == VALUE) {
    fields[VALUE] = fields[NAME] + strlen(fields[NAME]);
    n = N_FIELDS;
  }
  return n;
}

static bool read_flag(const char *text, bool *ret_flag)
{
  *ret_flag = tinet__ieq(text, "TRUE");
  return *ret_flag || tinet__ieq(text, "FALSE");
}

/* Whole seconds; some programs write a fraction. */
static bool read_expiry(const char *text, tinet_cookie *c)
{
  size_t len = strspn(text, "0123456789");
  uint64_t seconds = 0;

  if (text[len] == '.' && text[len + 1 + strspn(text + len + 1, "0123456789")])
    return false;
  if (text[len] && text[len] != '.')
    return false;
  if (len > 0 && !tinet__parse_u64(text, len, &seconds))
    return false;
  c->is_persistent = seconds > 0;
  /* What is beyond that is cut to 400 days anyway. */
  c->expires_ms =
      seconds < INT64_MAX / 1000 ? (int64_t)seconds * 1000 : INT64_MAX - 1;
  return true;
}

static int read_line(struct tinet__cookie_batch *to, char *line,
                     unsigned number)
{
  char *fields[N_FIELDS];
  tinet_cookie c = {0};
  bool has_subdomains;
  size_t n;

  if (strncmp(line, HTTP_ONLY, strlen(HTTP_ONLY)) == 0) {
    c.is_http_only = true;
    line += strlen(HTTP_ONLY);
  }
  if (*line == '#' || line[strspn(line, " \t")] == '\0')
    return TINET_OK;
  n = cut(line, fields);
  if (n < N_FIELDS)
    return tinet__cookie_batch_fail(to, TINET_ESYNTAX, number, field_names[n],
                                    "is missing");
  if (!read_flag(fields[SUBDOMAINS], &has_subdomains))
    return tinet__cookie_batch_fail(to, TINET_ESYNTAX, number,
                                    field_names[SUBDOMAINS],
                                    "is neither TRUE nor FALSE");
  if (!read_flag(fields[SECURE], &c.is_secure))
    return tinet__cookie_batch_fail(to, TINET_ESYNTAX, number,
                                    field_names[SECURE],
                                    "is neither TRUE nor FALSE");
  if (!read_expiry(fields[EXPIRY], &c))
    return tinet__cookie_batch_fail(to, TINET_ESYNTAX, number,
                                    field_names[EXPIRY],
                                    "is not a number of seconds");
  c.is_host_only = !has_subdomains;
  c.domain = fields[DOMAIN] + (fields[DOMAIN][0] == '.');
  c.path = fields[PATH];
  c.name = fields[NAME];
  c.value = fields[VALUE];
  return tinet__cookie_batch_add(to, &c, number);
}

int tinet__cookie_read_netscape(struct tinet__cookie_batch *to,
                                const char *text, size_t len)
{
  TINET_CLEANUP(tinet__freep) char *copy = tinet__strndup(text, len);
  const char *nul = len ? memchr(text, '\0', len) : NULL;
  unsigned number = 1;
  int err = TINET_OK;

  if (!copy)
    return TINET_ENOMEM;
  for (char *p = copy, *next; p && err == TINET_OK; p = next, number++) {
    size_t n = strcspn(p, "\n");

    next = p[n] == '\n' ? p + n + 1 : NULL;
    p[n] = '\0';
    if (n > 0 && p[n - 1] == '\r')
      p[n - 1] = '\0';
    if (!next && nul)
      return tinet__cookie_batch_fail(to, TINET_ESYNTAX, number, "line",
                                      "holds a NUL byte");
    err = read_line(to, p, number);
  }
  return err;
}

static int write_line(struct tinet__buf *to, const tinet_cookie *c,
                      const char *value)
{
  /* Rounded up, so that a cookie of its last second is not one of the session.
   */
  int64_t seconds = c->is_persistent ? (c->expires_ms + 999) / 1000 : 0;

  if (strchr(c->name, '\t') || strchr(c->path, '\t'))
    return tinet__buf_addf(to,
                           "# a cookie of %s cannot be written here: its "
                           "name or path holds a tab\n",
                           c->domain);
  return tinet__buf_addf(
      to, "%s%s%s\t%s\t%s\t%s\t%" PRId64 "\t%s\t%s\n",
      c->is_http_only ? HTTP_ONLY : "", c->is_host_only ? "" : ".", c->domain,
      c->is_host_only ? "FALSE" : "TRUE", c->path,
      c->is_secure ? "TRUE" : "FALSE", seconds, c->name, value);
}

int tinet__cookie_write_netscape(struct tinet__buf *to,
                                 const tinet_cookie_list *list,
                                 bool with_values)
{
  int err = tinet__buf_adds(to, "# Netscape HTTP Cookie File\n");

  for (size_t i = 0; i < list->n_cookies && err == TINET_OK; i++)
    err = write_line(to, &list->cookies[i],
                     with_values ? list->cookies[i].value : "...");
  return err;
}
