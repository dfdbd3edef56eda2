/* host_pattern.c - which entry of a trust is for a host.
 *
 * decide, pure.  An exact name goes before a wildcard, a longer wildcard before
 * a shorter, any wildcard before "every host".
 */
#include "host_pattern.h"

#include "../core/alloc.h"
#include "../core/idna.h"
#include "../core/str.h"

#include <arpa/inet.h>
#include <string.h>
#include <tinet/error.h>

#define MAX_HOST 253 /* rfc: 1035 2.3.4 */

/* Without brackets round an IPv6 address and without a dot at the end. */
static struct tinet__span bare(const char *text)
{
  struct tinet__span s = {text, strlen(text)};

  if (s.len > 2 && s.p[0] == '[' && s.p[s.len - 1] == ']') {
    s.p++;
    s.len -= 2;
  } else if (s.len > 1 && s.p[s.len - 1] == '.') {
    s.len--;
  }
  return s;
}

static bool is_address(const char *host)
{
  struct in6_addr six;
  struct in_addr four;

  return inet_pton(AF_INET6, host, &six) == 1 ||
         inet_pton(AF_INET, host, &four) == 1;
}

static bool is_name(const char *s)
{
  for (; *s; s++)
    if (!tinet__is_alpha(*s) && !tinet__is_digit(*s) && !strchr("-_.", *s))
      return false;
  return true;
}

static int normalize(const char *text, char **ret_name)
{
  TINET_CLEANUP(tinet__freep) char *host = NULL;
  TINET_CLEANUP(tinet__freep) char *ascii = NULL;
  struct tinet__span s = bare(text);
  int err;

  if (s.len == 0 || s.len > MAX_HOST * 4)
    return TINET_EURL;
  host = tinet__strndup(s.p, s.len);
  if (!host)
    return TINET_ENOMEM;
  if (!is_address(host) && !is_name(host)) {
    err = tinet__idna_to_ascii(host, &ascii, NULL);
    if (err < 0)
      return err;
    tinet__free(host);
    host = TINET_TAKE(ascii);
  }
  for (char *p = host; *p; p++)
    *p = tinet__lower(*p);
  if (strlen(host) > MAX_HOST)
    return TINET_EURL;
  *ret_name = TINET_TAKE(host);
  return TINET_OK;
}

int tinet__host_pattern_parse(const char *text,
                              struct tinet__host_pattern *ret_pattern)
{
  struct tinet__host_pattern p = {0};
  int err;

  if (text) {
    p.is_wildcard = strncmp(text, "*.", 2) == 0;
    err = normalize(p.is_wildcard ? text + 2 : text, &p.name);
    if (err < 0)
      return err;
    if (p.is_wildcard && is_address(p.name)) {
      tinet__free(p.name);
      return TINET_EURL;
    }
  }
  *ret_pattern = p;
  return TINET_OK;
}

void tinet__host_pattern_free(struct tinet__host_pattern *p)
{
  tinet__free(p->name);
  p->name = NULL;
}

size_t tinet__host_pattern_match(const struct tinet__host_pattern *p,
                                 const char *host)
{
  size_t len, host_len = strlen(host);

  if (!p->name)
    return 1;
  if (host_len > 1 && host[host_len - 1] == '.')
    host_len--;
  len = strlen(p->name);
  if (tinet__ieqn(host, host_len, p->name, len))
    return p->is_wildcard ? len + 1 : SIZE_MAX;
  if (p->is_wildcard && host_len > len + 1 && host[host_len - len - 1] == '.' &&
      tinet__ieqn(host + host_len - len, len, p->name, len))
    return len + 1;
  return 0;
}
