/* lookup.c - which entry and which pins are for a host.
 *
 * Names walk up label by label and the most specific entry wins; addresses look
 * for themselves, then for the longest range.  Nothing is inherited.
 */
#include <string.h>

#include "../core/alloc.h"
#include "../core/idna.h"
#include "../core/str.h"
#include "policy.h"

static int copy_encoded(const char *text, struct tinet__ats_host *host)
{
  TINET_CLEANUP(tinet__freep) char *ascii = NULL;
  size_t len = strlen(text), dot = len > 0 && text[len - 1] == '.';
  int err = tinet__idna_to_ascii(text, &ascii, NULL);

  if (err == TINET_ENOMEM)
    return err;
  /* What no name can be matches nothing: it stays as it is. */
  if (err == TINET_OK)
    text = ascii;
  len = strlen(text);
  if (len + 2 > sizeof host->name)
    return TINET_EINVAL;
  memcpy(host->name, text, len + 1);
  if (dot && host->name[len - 1] != '.') {
    host->name[len++] = '.';
    host->name[len] = '\0';
  }
  host->len = len;
  return TINET_OK;
}

/* apple: NSExceptionDomains: lower case, without [], without a zone; a dot at
 * the end stays. */
int tinet__ats_host_prepare(const char *text, struct tinet__ats_host *ret_host)
{
  bool is_ascii = true;
  size_t len = 0;

  ret_host->address.n_bytes = 0;
  for (; text[len]; len++) {
    if (len + 1 >= sizeof ret_host->name)
      return TINET_EINVAL;
    ret_host->name[len] = tinet__lower(text[len]);
    is_ascii = is_ascii && (unsigned char)text[len] < 0x80;
  }
  if (len == 0)
    return TINET_EINVAL;
  ret_host->name[len] = '\0';
  ret_host->len = len;
  if (!is_ascii)
    return copy_encoded(text, ret_host);
  /* A name ends in a letter, but for the odd one of the top level. */
  if ((tinet__is_digit(text[len - 1]) || memchr(text, ':', len)) &&
      tinet__address_parse(text, &ret_host->address)) {
    tinet__address_text(&ret_host->address, ret_host->name);
    ret_host->len = strlen(ret_host->name);
  }
  return TINET_OK;
}

/* The first of the group that holds the address, by halves. */
static const struct tinet__entry *
find_in_group(const tinet_ats_policy *p, const struct tinet__range_group *g,
              const struct tinet__range *host)
{
  size_t low = g->start, high = g->start + g->n;
  unsigned prefix = p->entries[p->ranges[low]].range.prefix;
  const struct tinet__entry *e;

  while (low < high) {
    size_t middle = low + (high - low) / 2;

    e = &p->entries[p->ranges[middle]];
    if (tinet__address_compare(&e->range, host, prefix) < 0)
      low = middle + 1;
    else
      high = middle;
  }
  if (low == g->start + g->n)
    return NULL;
  e = &p->entries[p->ranges[low]];
  return tinet__range_has(&e->range, host) ? e : NULL;
}

static const struct tinet__entry *find_address(const tinet_ats_policy *p,
                                               const struct tinet__range *host)
{
  for (size_t i = 0; i < p->n_groups; i++) {
    const struct tinet__range_group *g = &p->groups[i];
    const struct tinet__entry *e = NULL;

    if (p->entries[p->ranges[g->start]].range.n_bytes == host->n_bytes)
      e = find_in_group(p, g, host);
    if (e)
      return e;
  }
  return NULL;
}

const struct tinet__entry *
tinet__policy_find_entry(const tinet_ats_policy *p,
                         const struct tinet__ats_host *host,
                         unsigned *ret_depth)
{
  const char *name = host->name, *end = host->name + host->len, *dot;
  unsigned depth = 0;

  *ret_depth = 0;
  if (host->address.n_bytes)
    return find_address(p, &host->address);
  for (;; depth++) {
    size_t found =
        tinet__name_table_find(&p->names, name, (size_t)(end - name));
    const struct tinet__entry *e = found ? &p->entries[found - 1] : NULL;

    if (e && (depth == 0 || e->exception.includes_subdomains)) {
      *ret_depth = depth;
      return e;
    }
    dot = memchr(name, '.', (size_t)(end - name));
    if (!dot || (depth == 1 && p->flags & TINET_ATS_FLAG_SUBDOMAIN_DEPTH_ONE))
      return NULL;
    name = dot + 1;
  }
}

const struct tinet__entry *
tinet__policy_near_entry(const tinet_ats_policy *p,
                         const struct tinet__ats_host *host)
{
  const char *name = host->name, *end = host->name + host->len, *dot;

  if (host->address.n_bytes)
    return NULL;
  while ((dot = memchr(name, '.', (size_t)(end - name))) != NULL) {
    size_t found;

    name = dot + 1;
    found = tinet__name_table_find(&p->names, name, (size_t)(end - name));
    if (found)
      return &p->entries[found - 1];
  }
  return NULL;
}

const struct tinet__pin *tinet__policy_find_pins(const tinet_ats_policy *p,
                                                 const char *name, size_t len)
{
  size_t found = tinet__name_table_find(&p->pin_names, name, len);

  return found ? &p->pins[found - 1] : NULL;
}

static bool ends_with(const struct tinet__ats_host *host, const char *end)
{
  size_t len = strlen(end);

  return host->len > len && memcmp(host->name + host->len - len, end, len) == 0;
}

/* apple: NSAllowsLocalNetworking */
bool tinet__ats_host_is_direct(const tinet_ats_policy *p,
                               const struct tinet__ats_host *host)
{
  if (p->profile == TINET_ATS_PROFILE_IOS9)
    return false;
  if (host->address.n_bytes == 0)
    return !memchr(host->name, '.', host->len) || ends_with(host, ".local") ||
           ends_with(host, ".local.");
  if (p->profile == TINET_ATS_PROFILE_IOS10)
    return true;
  if (p->profile == TINET_ATS_PROFILE_IOS17)
    return p->local == TINET__YES;
  return tinet__address_is_link(&host->address) ||
         (p->local == TINET__YES && tinet__address_is_private(&host->address));
}

const tinet_ats_exception *
tinet_ats_policy_look_up(const tinet_ats_policy *policy, const char *host)
{
  struct tinet__ats_host prepared;
  const struct tinet__entry *entry;
  unsigned depth;

  if (!policy || !host || tinet__ats_host_prepare(host, &prepared) < 0)
    return NULL;
  entry = tinet__policy_find_entry(policy, &prepared, &depth);
  return entry ? &entry->exception : NULL;
}
