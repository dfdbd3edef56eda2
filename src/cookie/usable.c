/* usable.c - the rules for cookies that no server has just sent.
 *
 * ti: Titanium.Network.addHTTPCookie, rfc: 6265bis 5.7
 */
#include "usable.h"

#include "../core/psl.h"
#include "set_cookie.h"

#include "../core/alloc.h"

#include <string.h>

static int fault(struct tinet__cookie_fault *to, const char *field,
                 const char *why)
{
  to->field = field;
  to->why = why;
  return TINET_ECOOKIE;
}

/* rfc: 6265bis 5.6, control characters but the tab; and what would end the
 * string in a header. */
static bool has_bad_bytes(const char *s, const char *more)
{
  for (; *s; s++)
    if (((unsigned char)*s < 0x20 && *s != '\t') || *s == 0x7f ||
        strchr(more, *s))
      return true;
  return false;
}

static bool is_trimmed(const char *s)
{
  size_t len = strlen(s);

  return tinet__trim(s, len).len == len;
}

static int check_pair(const tinet_cookie *c, bool is_received,
                      struct tinet__cookie_fault *f)
{
  if (!c->name || (!*c->name && !is_received))
    return fault(f, "name", "is missing");
  if (!c->value)
    return fault(f, "value", "is missing");
  if (!*c->name && !*c->value)
    return fault(f, "name", "is missing, and so is the value");
  if (has_bad_bytes(c->name, ";=") || !is_trimmed(c->name))
    return fault(f, "name", "has characters that are not allowed");
  /* ti: Titanium.Network.Cookie.isValid - blanks around a value are its own */
  if (has_bad_bytes(c->value, ";"))
    return fault(f, "value", "has characters that are not allowed");
  if (strlen(c->name) + strlen(c->value) > TINET__COOKIE_MAX_PAIR)
    return fault(f, "value", "and name are longer than 4096 bytes");
  return TINET_OK;
}

static int check_path(const tinet_cookie *c, struct tinet__cookie_fault *f)
{
  if (!c->path)
    return TINET_OK;
  if (*c->path != '/')
    return fault(f, "path", "does not begin with '/'");
  /* A URL, and with it a default path, may have a semicolon. */
  if (has_bad_bytes(c->path, ""))
    return fault(f, "path", "has characters that are not allowed");
  if (strlen(c->path) > TINET__COOKIE_MAX_ATTRIBUTE)
    return fault(f, "path", "is longer than 1024 bytes");
  return TINET_OK;
}

/* What depends on several fields; `c` is complete. */
static int check_rules(const tinet_cookie *c, struct tinet__cookie_fault *f)
{
  if (!c->is_host_only && tinet__psl_is_suffix(c->domain))
    return fault(f, "domain", "is a public suffix");
  if (c->same_site == TINET_COOKIE_SAME_SITE_NONE && !c->is_secure)
    return fault(f, "same_site", "is None, which needs Secure");
  if (!tinet__cookie_prefix_is_kept(c))
    return fault(f, "name",
                 "begins with __Secure-, __Host- or __Http-, which needs more "
                 "than this cookie has");
  return TINET_OK;
}

int tinet__cookie_make_usable(const tinet_cookie *from, bool is_received,
                              int64_t now_us, tinet_cookie *ret,
                              char **ret_domain,
                              struct tinet__cookie_fault *ret_fault)
{
  int64_t latest_ms = now_us / 1000 + TINET__COOKIE_MAX_AGE_S * 1000;
  TINET_CLEANUP(tinet__freep) char *domain = NULL;
  tinet_cookie c = *from;
  int err = check_pair(&c, is_received, ret_fault);

  if (err == TINET_OK)
    err = check_path(&c, ret_fault);
  if (err < 0)
    return err;
  if (!c.domain || !*c.domain)
    return fault(ret_fault, "domain", "is missing");
  err = tinet__cookie_canonical_host(c.domain, strlen(c.domain), &domain);
  if (err == TINET_EURL)
    return fault(ret_fault, "domain", "is not a host name");
  if (err < 0)
    return err;
  c.is_host_only = tinet__cookie_is_address(domain) ||
                   (c.domain[0] != '.' && c.is_host_only);
  c.domain = domain;
  if (!c.path)
    c.path = "/";
  err = check_rules(&c, ret_fault);
  if (err < 0)
    return err;
  if (c.is_persistent && c.expires_ms > latest_ms)
    c.expires_ms = latest_ms;
  *ret = c;
  *ret_domain = TINET_TAKE(domain);
  return TINET_OK;
}
