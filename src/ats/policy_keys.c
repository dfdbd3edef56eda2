/* policy_keys.c - the keys there are, and what is wrong with others. */
#include <string.h>

#include "../core/str.h"
#include "../core/suggest.h"
#include "policy.h"

static const char *const ats_keys[] = {
    "NSAllowsArbitraryLoads",
    "NSAllowsArbitraryLoadsForMedia",
    "NSAllowsArbitraryLoadsInWebContent",
    "NSAllowsLocalNetworking",
    "NSExceptionDomains",
    "NSPinnedDomains",
    "NSRequiresNIAPTLSPackageVersion",
};
static const char *const entry_keys[] = {
    "NSIncludesSubdomains",
    "NSExceptionAllowsInsecureHTTPLoads",
    "NSExceptionMinimumTLSVersion",
    "NSExceptionRequiresForwardSecrecy",
    "NSRequiresCertificateTransparency",
    "NSExceptionRequiresNIAPTLSPackageVersion",
};
static const char *const pin_keys[] = {
    "NSIncludesSubdomains",
    "NSPinnedLeafIdentities",
    "NSPinnedCAIdentities",
};
#define COUNT(a) (sizeof(a) / sizeof *(a))

static const struct {
  const char *const *keys;
  size_t n;
} levels[] = {
    [TINET__LEVEL_ATS] = {ats_keys, COUNT(ats_keys)},
    [TINET__LEVEL_ENTRY] = {entry_keys, COUNT(entry_keys)},
    [TINET__LEVEL_PIN] = {pin_keys, COUNT(pin_keys)},
};

static const char *find(const char *const *keys, size_t n, const char *key,
                        size_t len)
{
  for (size_t i = 0; i < n; i++)
    if (strlen(keys[i]) == len && memcmp(keys[i], key, len) == 0)
      return keys[i];
  return NULL;
}

/* Spellings further than two letters from the key they once were. */
static const char *renamed(const char *key)
{
  if (strcmp(key, "NSAllowsArbitraryLoadsInMedia") == 0)
    return "NSAllowsArbitraryLoadsForMedia";
  return NULL;
}

/* The names of iOS 9 and its betas; the canonical name, or NULL. */
static const char *canonical(const char *key)
{
  static const struct {
    const char *part, *name;
  } parts[] = {
      {"AllowsInsecureHTTP", "NSExceptionAllowsInsecureHTTPLoads"},
      {"MinimumTLSVersion", "NSExceptionMinimumTLSVersion"},
      {"RequiresForwardSecrecy", "NSExceptionRequiresForwardSecrecy"},
  };

  if (strncmp(key, "NSThirdPartyException", 21) != 0 &&
      strncmp(key, "NSTemporary", 11) != 0)
    return NULL;
  for (size_t i = 0; i < COUNT(parts); i++)
    if (strstr(key, parts[i].part))
      return parts[i].name;
  return "NSExceptionDomains";
}

static const char *near_key(const struct tinet__value *value,
                            enum tinet__key_level level)
{
  struct tinet__span trimmed = tinet__trim(value->key, strlen(value->key));
  const char *near =
      find(levels[level].keys, levels[level].n, trimmed.p, trimmed.len);

  if (!near)
    near = renamed(value->key);
  if (!near)
    near = tinet__suggest(value->key, levels[level].keys, levels[level].n);
  return near;
}

/* Where a key of another level belongs; NULL: it is of none. */
static const char *home_of(const char *key, enum tinet__key_level level)
{
  static const char *const homes[] = {
      [TINET__LEVEL_ATS] = "directly in NSAppTransportSecurity",
      [TINET__LEVEL_ENTRY] = "in the entry of a host in NSExceptionDomains",
      [TINET__LEVEL_PIN] = "in the entry of a host in NSPinnedDomains",
  };

  for (size_t i = 0; i < COUNT(levels); i++)
    if (i != (size_t)level &&
        find(levels[i].keys, levels[i].n, key, strlen(key)))
      return homes[i];
  return NULL;
}

static int lint_unknown(struct tinet__findings *f,
                        const struct tinet__value *value,
                        enum tinet__key_level level, const char *where)
{
  const char *near = near_key(value, level), *home;
  int err;

  home = home_of(value->key, level);
  if (!home && !near && level == TINET__LEVEL_ATS &&
      value->kind == TINET__VALUE_DICT && strchr(value->key, '.'))
    home = "in NSExceptionDomains";
  if (home)
    return tinet__findings_add(f, "misplaced-key", &value->key_at, NULL,
                               "%s stands in %s, but belongs %s", value->key,
                               where, home);
  if (!near)
    return tinet__findings_add(f, "unknown-key", &value->key_at, NULL,
                               "unknown key '%s' in %s", value->key, where);
  err = tinet__findings_add(f, "unknown-key", &value->key_at, near,
                            "unknown key '%s' in %s; did you mean '%s'?",
                            value->key, where, near);
  /* NO is what holds anyway; of anything else its author believes it holds. */
  if (err == TINET_OK &&
      (value->kind != TINET__VALUE_BOOL || value->boolean ||
       strcmp(near, "NSExceptionRequiresForwardSecrecy") == 0))
    tinet__findings_set_severity(f, TINET_ATS_ERROR);
  return err;
}

static int lint_key(struct tinet__findings *f, const struct tinet__value *value,
                    enum tinet__key_level level, const char *where)
{
  const char *name;

  if (value->key_len == strlen(value->key) &&
      find(levels[level].keys, levels[level].n, value->key, value->key_len)) {
    if (strcmp(value->key, "NSRequiresCertificateTransparency") != 0)
      return TINET_OK;
    return tinet__findings_add(f, "obsolete-key", &value->key_at, NULL,
                               "%s in %s does nothing any more", value->key,
                               where);
  }
  name = canonical(value->key);
  if (name)
    return tinet__findings_add(f, "legacy-key", &value->key_at, name,
                               "'%s' in %s is a name of iOS 9", value->key,
                               where);
  return lint_unknown(f, value, level, where);
}

int tinet__lint_keys(struct tinet__findings *f, const struct tinet__value *dict,
                     enum tinet__key_level level, const char *where)
{
  for (const struct tinet__value *v = dict->first; v; v = v->next) {
    int err = lint_key(f, v, level, where);

    if (err < 0)
      return err;
  }
  return TINET_OK;
}

int tinet__lint_root(struct tinet__findings *f, const struct tinet__value *root)
{
  if (!root || root->kind != TINET__VALUE_DICT)
    return TINET_OK;
  for (const struct tinet__value *v = root->first; v; v = v->next) {
    int err;

    if (!find(ats_keys, COUNT(ats_keys), v->key, v->key_len) &&
        !find(entry_keys, COUNT(entry_keys), v->key, v->key_len))
      continue;
    err = tinet__findings_add(f, "misplaced-key", &v->key_at,
                              "inside of NSAppTransportSecurity",
                              "%s stands beside NSAppTransportSecurity, where "
                              "iOS does not look for it",
                              v->key);
    if (err < 0)
      return err;
  }
  return TINET_OK;
}
