/* ats_hsts.c - Strict-Transport-Security as a browser reads it.
 * rfc: 6797 6.1 */
#include "ats_diagnose.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BLANKS " \t"

static size_t trimmed(const char *text, size_t len)
{
  while (len > 0 && strchr(BLANKS, text[len - 1]))
    len--;
  return len;
}

static bool is_name(const char *text, size_t len, const char *name)
{
  return len == strlen(name) && strncasecmp(text, name, len) == 0;
}

/* Digits, in quotes or not; -1: something else. */
static long seconds_of(const char *text, size_t len)
{
  long n = 0;

  if (len >= 2 && text[0] == '"' && text[len - 1] == '"') {
    text++;
    len -= 2;
  }
  if (len == 0)
    return -1;
  for (size_t i = 0; i < len; i++) {
    if (text[i] < '0' || text[i] > '9')
      return -1;
    if (n < 10000000000) /* some 300 years are enough */
      n = n * 10 + (text[i] - '0');
  }
  return n;
}

static void take(const char *text, size_t len, struct diagnose_hsts *h,
                 int *n_ages)
{
  const char *equals = memchr(text, '=', len);
  size_t name_len = trimmed(text, equals ? (size_t)(equals - text) : len);

  if (is_name(text, name_len, "includeSubDomains"))
    h->has_subdomains = true;
  else if (is_name(text, name_len, "preload"))
    h->has_preload = true;
  else if (equals && is_name(text, name_len, "max-age")) {
    const char *value = equals + 1 + strspn(equals + 1, BLANKS);
    long age =
        value <= text + len
            ? seconds_of(value, trimmed(value, (size_t)(text + len - value)))
            : -1;

    h->max_age = age;
    *n_ages += age >= 0 ? 1 : 2; /* what is no number makes it invalid */
  }
}

void diagnose_hsts_parse(const char *value, struct diagnose_hsts *hsts)
{
  int n_ages = 0;

  memset(hsts, 0, sizeof *hsts);
  hsts->is_sent = true;
  (void)snprintf(hsts->text, sizeof hsts->text, "%.*s",
                 (int)sizeof hsts->text - 1, value);
  while (*value) {
    size_t len = strcspn(value, ";"), blanks = strspn(value, BLANKS);

    if (blanks < len)
      take(value + blanks, trimmed(value + blanks, len - blanks), hsts,
           &n_ages);
    value += len;
    value += *value == ';';
  }
  hsts->is_valid = n_ages == 1;
}
