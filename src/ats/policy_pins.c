/* policy_pins.c - NSPinnedDomains: which keys a host must show.
 *
 * Other than exceptions, pins compare without case and without a dot at the
 * end, all of them that match count together, and no global key matters.
 */
#include <string.h>

#include "../core/alloc.h"
#include "../core/str.h"
#include "policy.h"

static int read_identity(tinet_ats_policy *p, const struct tinet__value *value,
                         struct tinet__pin_list *list)
{
  const struct tinet__value *hash =
      tinet__value_find(value, "SPKI-SHA256-BASE64");
  const char *text = NULL;
  int err;

  if (value->kind != TINET__VALUE_DICT || !hash)
    return tinet__findings_add(&p->findings, "pin-base64", &value->at, NULL,
                               "an identity is a dictionary with "
                               "SPKI-SHA256-BASE64");
  err = tinet__read_text(&p->findings, hash, &text);
  if (err < 0 || !text)
    return err;
  if (strncmp(text, "sha256/", 7) != 0 &&
      tinet_spki_hash_parse(text, &list->hashes[list->n]) == TINET_OK) {
    list->n++;
    return TINET_OK;
  }
  return tinet__findings_add(&p->findings, "pin-base64", &hash->at, NULL,
                             "'%.64s' is not 32 bytes in base64: it is skipped",
                             text);
}

static int read_list(tinet_ats_policy *p, const struct tinet__value *list,
                     struct tinet__pin_list *to)
{
  if (!list)
    return TINET_OK;
  if (list->kind != TINET__VALUE_ARRAY)
    return tinet__findings_add(&p->findings, "type", &list->at,
                               "<array>...</array>",
                               "%s is %s, not an array: iOS ignores it",
                               list->key, tinet__value_kind_name(list->kind));
  to->is_present = true;
  to->hashes = tinet__alloc((list->n_children + 1) * sizeof *to->hashes);
  if (!to->hashes)
    return TINET_ENOMEM;
  for (const struct tinet__value *v = list->first; v; v = v->next) {
    int err = read_identity(p, v, to);

    if (err < 0)
      return err;
  }
  if (to->n > 0)
    return TINET_OK;
  return tinet__findings_add(&p->findings, "pin-empty", &list->at, NULL,
                             "%s has no usable pin: every connection fails",
                             list->key);
}

static char *pin_host(const char *key)
{
  size_t len = strlen(key);
  char *host;

  if (len > 0 && key[len - 1] == '.')
    len--;
  host = tinet__strndup(key, len);
  for (char *c = host; c && *c; c++)
    *c = tinet__lower(*c);
  return host;
}

static int read_subdomains(tinet_ats_policy *p, const struct tinet__value *dict,
                           struct tinet__pin *pin)
{
  const struct tinet__value *v =
      tinet__value_find(dict, "NSIncludesSubdomains");

  if (!v)
    return TINET_OK;
  if (v->kind == TINET__VALUE_BOOL) {
    pin->includes_subdomains = v->boolean;
    return TINET_OK;
  }
  /* Other than in an exception, a number is no boolean here. */
  return tinet__findings_add(&p->findings, "type", &v->at,
                             "<true/> or <false/>",
                             "%s is %s, not a boolean: iOS ignores it", v->key,
                             tinet__value_kind_name(v->kind));
}

static int read_pin(tinet_ats_policy *p, const struct tinet__value *dict,
                    struct tinet__pin *pin)
{
  int err = tinet__lint_keys(&p->findings, dict, TINET__LEVEL_PIN, dict->key);

  pin->at = dict->key_at;
  if (err == TINET_OK)
    err = read_subdomains(p, dict, pin);
  if (err == TINET_OK)
    err = read_list(p, tinet__value_find(dict, "NSPinnedLeafIdentities"),
                    &pin->leaf);
  if (err == TINET_OK)
    err =
        read_list(p, tinet__value_find(dict, "NSPinnedCAIdentities"), &pin->ca);
  if (err < 0 || pin->leaf.is_present || pin->ca.is_present)
    return err;
  return tinet__findings_add(&p->findings, "pin-none", &dict->key_at, NULL,
                             "the entry for %s pins nothing", dict->key);
}

static int read_one(tinet_ats_policy *p, const struct tinet__value *value)
{
  struct tinet__pin *pin = &p->pins[p->n_pins];

  if (value->kind != TINET__VALUE_DICT)
    return tinet__findings_add(&p->findings, "type", &value->at,
                               "<dict>...</dict>",
                               "the pins for %s are %s, not a dictionary: "
                               "iOS ignores them",
                               value->key, tinet__value_kind_name(value->kind));
  pin->host = pin_host(value->key);
  if (!pin->host)
    return TINET_ENOMEM;
  pin->next = tinet__name_table_put(&p->pin_names, pin->host, p->n_pins);
  p->n_pins++;
  return read_pin(p, value, pin);
}

int tinet__policy_read_pins(tinet_ats_policy *p,
                            const struct tinet__value *domains)
{
  int err;

  if (!domains)
    return TINET_OK;
  if (p->profile == TINET_ATS_PROFILE_IOS9) /* iOS 14 */
    return tinet__lint_newer(p, domains);
  if (domains->kind != TINET__VALUE_DICT)
    return tinet__findings_add(&p->findings, "type", &domains->at,
                               "<dict>...</dict>",
                               "NSPinnedDomains is %s, not a dictionary: iOS "
                               "ignores it",
                               tinet__value_kind_name(domains->kind));
  p->pins = tinet__zalloc((domains->n_children + 1) * sizeof *p->pins);
  if (!p->pins)
    return TINET_ENOMEM;
  err = tinet__name_table_init(&p->pin_names, domains->n_children);
  for (const struct tinet__value *v = domains->first; v && err == TINET_OK;
       v = v->next)
    err = read_one(p, v);
  return err;
}

/* ---- asking ---- */

struct search {
  const tinet_ats_policy *policy;
  const char *name;
  size_t len;
  bool is_parent;
  const struct tinet__pin *pin;
};

/* apple: NSPinnedDomains: one dot at the end does not matter. */
static struct search search_for(const tinet_ats_policy *p,
                                const struct tinet__ats_host *host)
{
  struct search s = {p, host->name, host->len, false, NULL};

  if (s.len > 0 && s.name[s.len - 1] == '.')
    s.len--;
  s.pin = tinet__policy_find_pins(p, s.name, s.len);
  return s;
}

static const struct tinet__pin *next_pin(struct search *s)
{
  for (;;) {
    const struct tinet__pin *pin = s->pin;
    const char *dot;

    if (pin) {
      s->pin = pin->next ? &s->policy->pins[pin->next - 1] : NULL;
      if (!s->is_parent || pin->includes_subdomains)
        return pin;
      continue;
    }
    dot = memchr(s->name, '.', s->len);
    if (s->is_parent || !dot)
      return NULL;
    s->len -= (size_t)(dot + 1 - s->name);
    s->name = dot + 1;
    s->is_parent = true;
    s->pin = tinet__policy_find_pins(s->policy, s->name, s->len);
  }
}

bool tinet__host_is_pinned(const tinet_ats_policy *p,
                           const struct tinet__ats_host *host, bool *ret_leaf,
                           bool *ret_ca)
{
  struct search s = search_for(p, host);
  const struct tinet__pin *pin;

  *ret_leaf = *ret_ca = false;
  if (p->n_pins == 0)
    return false;
  while ((pin = next_pin(&s))) {
    *ret_leaf = *ret_leaf || pin->leaf.is_present;
    *ret_ca = *ret_ca || pin->ca.is_present;
  }
  return *ret_leaf || *ret_ca;
}

static bool list_has(const struct tinet__pin_list *list,
                     const tinet_spki_hash *spki)
{
  for (size_t i = 0; i < list->n; i++)
    if (memcmp(&list->hashes[i], spki, sizeof *spki) == 0)
      return true;
  return false;
}

static bool any_has(struct search s, bool is_ca, const tinet_spki_hash *spki)
{
  const struct tinet__pin *pin;

  while ((pin = next_pin(&s)))
    if (list_has(is_ca ? &pin->ca : &pin->leaf, spki))
      return true;
  return false;
}

void tinet__judge_pins(struct tinet__judge *j)
{
  const tinet_ats_connection *c = j->connection;
  struct search s = search_for(j->policy, j->host);
  bool is_found = false;

  if (j->requirement->has_leaf_pins &&
      (c->chain_len == 0 || !any_has(s, false, &c->chain[0].spki)))
    tinet__judge_add(j, TINET_ATS_PIN_LEAF, 0,
                     "the key of %s is none of those pinned for it",
                     j->host->name);
  if (!j->requirement->has_ca_pins)
    return;
  for (size_t i = 1; i < c->chain_len && !is_found; i++)
    is_found = any_has(s, true, &c->chain[i].spki);
  if (!is_found)
    tinet__judge_add(j, TINET_ATS_PIN_CA, 1,
                     "no authority of the chain of %s has a key pinned for it",
                     j->host->name);
}
