/* policy_key.c - what a key of NSExceptionDomains is: a name, an address, a
 * range, or something that no host can match. */
#include <stdio.h>
#include <string.h>

#include "../core/alloc.h"
#include "../core/idna.h"
#include "../core/psl.h"
#include "../core/str.h"
#include "policy.h"

static bool is_exact(const tinet_ats_policy *p)
{
  return (p->flags & TINET_ATS_FLAG_APPLE_EXACT) != 0;
}

static bool knows_addresses(const tinet_ats_policy *p)
{
  return p->profile == TINET_ATS_PROFILE_CURRENT ||
         p->profile == TINET_ATS_PROFILE_IOS17;
}

static int dead(tinet_ats_policy *p, struct tinet__entry *e,
                const struct tinet__place *at, const char *id,
                const char *suggestion, const char *text)
{
  e->kind = TINET__KEY_DEAD;
  return tinet__findings_add(&p->findings, id, at, suggestion, "'%s' %s",
                             e->exception.key, text);
}

/* The App Store's rule, not one of ATS: this machine itself is no matter. */
static int lint_ipv4(tinet_ats_policy *p, const struct tinet__entry *e,
                     const struct tinet__place *at)
{
  if (e->range.n_bytes != 4 || e->range.bytes[0] == 127)
    return TINET_OK;
  return tinet__findings_add(&p->findings, "ipv4-literal", at, NULL,
                             "'%s' is written as an IPv4 address",
                             e->exception.key);
}

static int classify_address(tinet_ats_policy *p, struct tinet__entry *e,
                            const struct tinet__place *at)
{
  char text[TINET__ADDRESS_TEXT_MAX];
  int err;

  if (!knows_addresses(p))
    return dead(p, e, at, "ip-key-unsupported", NULL,
                "is an address: this system ignores it");
  e->kind = TINET__KEY_ADDRESS;
  tinet__address_text(&e->range, text);
  err = lint_ipv4(p, e, at);
  if (err < 0 || strcmp(text, e->exception.key) == 0)
    return err;
  if (is_exact(p))
    e->kind = TINET__KEY_DEAD;
  return tinet__findings_add(&p->findings, "ip-not-canonical", at, text,
                             "'%s' is not how this address is written; write "
                             "'%s'",
                             e->exception.key, text);
}

static int classify_range(tinet_ats_policy *p, struct tinet__entry *e,
                          const struct tinet__place *at)
{
  char text[TINET__ADDRESS_TEXT_MAX], full[TINET__ADDRESS_TEXT_MAX + 8];
  bool is_short;
  int err;

  if (!tinet__range_parse(e->exception.key, &e->range, &is_short))
    return dead(p, e, at, "cidr", NULL, "cannot be read as a range");
  if (!knows_addresses(p))
    return dead(p, e, at, "ip-key-unsupported", NULL,
                "is a range: this system ignores it");
  e->kind = TINET__KEY_RANGE;
  err = lint_ipv4(p, e, at);
  if (err < 0 || !is_short)
    return err;
  tinet__address_text(&e->range, text);
  (void)snprintf(full, sizeof full, "%s/%u", text, e->range.prefix);
  return tinet__findings_add(&p->findings, "cidr-abbrev", at, full,
                             "'%s' is shortened; whole it is '%s'",
                             e->exception.key, full);
}

static int classify_international(tinet_ats_policy *p, struct tinet__entry *e,
                                  const struct tinet__place *at)
{
  char *ascii;
  int err = tinet__idna_to_ascii(e->exception.key, &ascii, NULL);

  if (err == TINET_ENOMEM)
    return err;
  if (err < 0)
    return dead(p, e, at, "idn-key", NULL, "is no host name");
  e->name = ascii;
  if (is_exact(p))
    e->kind = TINET__KEY_DEAD;
  return tinet__findings_add(&p->findings, "idn-key", at, ascii,
                             "'%s' must be written in its encoded form, '%s'",
                             e->exception.key, ascii);
}

static bool is_ascii(const char *text)
{
  for (; *text; text++)
    if ((unsigned char)*text >= 0x80)
      return false;
  return true;
}

/* A name that a host of a URL can be. */
static int classify_name(tinet_ats_policy *p, struct tinet__entry *e,
                         const struct tinet__place *at)
{
  const char *key = e->exception.key;
  char lower[TINET__ATS_HOST_MAX];
  size_t len = strlen(key), i;

  if (len == 0 || len >= sizeof lower)
    return dead(p, e, at, "unknown-key", NULL, "is no host name");
  for (i = 0; i <= len; i++)
    lower[i] = tinet__lower(key[i]);
  if (strcmp(lower, key) != 0)
    return dead(p, e, at, "case", lower,
                "has upper-case letters: no host matches it");
  if (!is_ascii(key))
    return classify_international(p, e, at);
  if (key[len - 1] != '.')
    return TINET_OK;
  lower[len - 1] = '\0';
  return tinet__findings_add(&p->findings, "trailing-dot", at, lower,
                             "'%s' matches URLs with the dot only", key);
}

static bool is_port(const char *colon)
{
  uint64_t port;

  return tinet__parse_u64(colon + 1, strlen(colon + 1), &port) && port < 65536;
}

int tinet__entry_classify(tinet_ats_policy *p, struct tinet__entry *entry,
                          const struct tinet__place *at)
{
  const char *key = entry->exception.key, *colon = strchr(key, ':');

  entry->kind = TINET__KEY_NAME;
  if (tinet__address_parse(key, &entry->range))
    return classify_address(p, entry, at);
  if (strstr(key, "://"))
    return dead(p, entry, at, "url-in-key", NULL,
                "is a URL: write the host alone");
  if (strchr(key, '*'))
    return dead(p, entry, at, "wildcard",
                key[0] == '*' && key[1] == '.' ? key + 2 : NULL,
                "has a wildcard: write the parent with NSIncludesSubdomains");
  if (colon && is_port(colon))
    return dead(p, entry, at, "port-in-key", NULL,
                "has a port: write the host alone");
  if (strchr(key, '/')) {
    /* A range begins like an address; anything else is a path. */
    if (colon ? colon == key || tinet__is_hex(key[0]) : tinet__is_digit(key[0]))
      return classify_range(p, entry, at);
    return dead(p, entry, at, "url-in-key", NULL,
                "has a path: write the host alone");
  }
  return classify_name(p, entry, at);
}
