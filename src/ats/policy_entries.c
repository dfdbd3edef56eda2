/* policy_entries.c - NSExceptionDomains: one entry after the other. */
#include <stdlib.h>
#include <string.h>

#include "../core/alloc.h"
#include "policy.h"

#define TLS_1_2 0x0303

#define N_OLD_NAMES 4

/* An entry's keys by their present names and those of iOS 9 and its betas. */
static const struct names {
  const char *name, *old[N_OLD_NAMES];
} key_http = {"NSExceptionAllowsInsecureHTTPLoads",
              {"NSThirdPartyExceptionAllowsInsecureHTTPLoads",
               "NSTemporaryExceptionAllowsInsecureHTTPLoads",
               "NSTemporaryExceptionAllowsInsecureHTTPSLoads",
               "NSTemporaryThirdPartyExceptionAllowsInsecureHTTPLoads"}},
  key_fs = {"NSExceptionRequiresForwardSecrecy",
            {"NSThirdPartyExceptionRequiresForwardSecrecy",
             "NSTemporaryExceptionRequiresForwardSecrecy",
             "NSTemporaryThirdPartyExceptionRequiresForwardSecrecy", NULL}},
  key_tls = {"NSExceptionMinimumTLSVersion",
             {"NSThirdPartyExceptionMinimumTLSVersion",
              "NSTemporaryExceptionMinimumTLSVersion",
              "NSTemporaryThirdPartyExceptionMinimumTLSVersion", NULL}};

static const struct tinet__value *find(const tinet_ats_policy *p,
                                       const struct tinet__value *dict,
                                       const struct names *names)
{
  const struct tinet__value *value = tinet__value_find(dict, names->name);

  for (size_t i = 0; i < N_OLD_NAMES && names->old[i] && !value &&
                     p->profile != TINET_ATS_PROFILE_CURRENT;
       i++)
    value = tinet__value_find(dict, names->old[i]);
  return value;
}

static int read_bool(tinet_ats_policy *p, const struct tinet__value *value,
                     bool *to)
{
  enum tinet__switch got = TINET__ABSENT;
  int err = tinet__read_switch(&p->findings, value, &got);

  if (err == TINET_OK && got != TINET__ABSENT)
    *to = got == TINET__YES;
  return err;
}

/* apple: NSExceptionMinimumTLSVersion */
static int read_version(tinet_ats_policy *p, const struct tinet__value *value,
                        unsigned *to)
{
  static const struct {
    const char *text;
    unsigned version;
  } versions[] = {
      {"TLSv1.0", 0x0301}, {"TLSv1.1", 0x0302},  {"TLSv1.2", 0x0303},
      {"TLSv1.3", 0x0304}, {"DTLSv1.0", 0x0301}, {"DTLSv1.2", 0x0303},
  };
  char near[] = "TLSv1.2";
  const char *text, *digit;
  int err = tinet__read_text(&p->findings, value, &text);

  if (err < 0 || !text)
    return err;
  for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
    if (strcmp(text, versions[i].text) != 0)
      continue;
    *to = versions[i].version;
    return TINET_OK;
  }
  digit = strstr(text, "1.");
  if (digit && digit[2] >= '0' && digit[2] <= '3')
    near[6] = digit[2];
  return tinet__findings_add(&p->findings, "tls-version", &value->at, near,
                             "'%s' is no TLS version; did you mean '%s'? The "
                             "minimum stays TLS 1.2",
                             text, near);
}

static int read_entry(tinet_ats_policy *p, const struct tinet__value *dict,
                      struct tinet__entry *e)
{
  tinet_ats_exception *x = &e->exception;
  int err = tinet__lint_keys(&p->findings, dict, TINET__LEVEL_ENTRY, dict->key);

  if (err == TINET_OK)
    err = read_bool(p, tinet__value_find(dict, "NSIncludesSubdomains"),
                    &x->includes_subdomains);
  if (err == TINET_OK)
    err = read_bool(p, find(p, dict, &key_http), &x->allows_insecure_http);
  if (err == TINET_OK)
    err = read_bool(p, find(p, dict, &key_fs), &x->requires_forward_secrecy);
  if (err == TINET_OK)
    err = read_version(p, find(p, dict, &key_tls), &x->min_version);
  if (err == TINET_OK)
    err = tinet__read_niap(
        p, tinet__value_find(dict, "NSExceptionRequiresNIAPTLSPackageVersion"),
        &x->niap, &e->has_niap);
  return err;
}

static struct tinet__entry *add(tinet_ats_policy *p, const char *key)
{
  struct tinet__entry *e = &p->entries[p->n_entries + p->n_builtin];

  e->exception.key = key;
  e->exception.requires_forward_secrecy = true;
  e->exception.min_version = TLS_1_2;
  return e;
}

static int read_one(tinet_ats_policy *p, const struct tinet__value *value)
{
  struct tinet__entry *e;
  int err;

  if (value->kind != TINET__VALUE_DICT)
    return tinet__findings_add(&p->findings, "type", &value->at,
                               "<dict>...</dict>",
                               "the entry for %s is %s, not a dictionary: "
                               "iOS ignores it",
                               value->key, tinet__value_kind_name(value->kind));
  e = add(p, value->key);
  e->value = value;
  e->exception.file = value->key_at.source;
  e->exception.line = value->key_at.line;
  e->exception.column = value->key_at.column;
  err = tinet__entry_classify(p, e, &value->key_at);
  if (err < 0) {
    tinet__free(e->name);
    *e = (struct tinet__entry){0};
    return err;
  }
  p->n_entries++;
  return read_entry(p, value, e);
}

#define N_BUILTIN 7

int tinet__policy_read_entries(tinet_ats_policy *p,
                               const struct tinet__value *domains)
{
  size_t n = 0;

  if (domains && domains->kind != TINET__VALUE_DICT)
    return tinet__findings_add(&p->findings, "type", &domains->at,
                               "<dict>...</dict>",
                               "NSExceptionDomains is %s, not a dictionary: "
                               "iOS ignores it",
                               tinet__value_kind_name(domains->kind));
  if (domains)
    n = domains->n_children;
  p->entries = tinet__zalloc((n + N_BUILTIN) * sizeof *p->entries);
  if (!p->entries)
    return TINET_ENOMEM;
  for (const struct tinet__value *v = domains ? domains->first : NULL; v;
       v = v->next) {
    int err = read_one(p, v);

    if (err < 0)
      return err;
  }
  return TINET_OK;
}

/* apple: what the system adds of its own. */
int tinet__policy_add_builtin(tinet_ats_policy *p)
{
  static const struct {
    const char *key;
    unsigned min_version;
  } builtin[N_BUILTIN] = {
      {"apple.com", 0x0303},        {"ls.apple.com", 0x0301},
      {"gs.apple.com", 0x0301},     {"geo.apple.com", 0x0301},
      {"is.autonavi.com", 0x0301},  {"apple-mapkit.com", 0x0301},
      {"setup.icloud.com", 0x0303},
  };

  if (!(p->flags &
        (TINET_ATS_FLAG_BUILTIN_EXCEPTIONS | TINET_ATS_FLAG_APPLE_EXACT)))
    return TINET_OK;
  if (!p->entries)
    p->entries = tinet__zalloc(N_BUILTIN * sizeof *p->entries);
  if (!p->entries)
    return TINET_ENOMEM;
  for (size_t i = 0; i < N_BUILTIN; i++) {
    struct tinet__entry *e = add(p, builtin[i].key);

    e->exception.includes_subdomains = true;
    e->exception.allows_insecure_http = true;
    e->exception.requires_forward_secrecy = false;
    e->exception.min_version = builtin[i].min_version;
    p->n_builtin++;
  }
  return TINET_OK;
}

/* 0 if both are of one group.  Longest prefix first; a single address before a
 * range of one. */
static int compare_groups(const struct tinet__entry *x,
                          const struct tinet__entry *y)
{
  if (x->range.prefix != y->range.prefix)
    return x->range.prefix > y->range.prefix ? -1 : 1;
  if (x->range.n_bytes != y->range.n_bytes)
    return x->range.n_bytes > y->range.n_bytes ? -1 : 1;
  if (x->kind != y->kind)
    return x->kind == TINET__KEY_ADDRESS ? -1 : 1;
  return 0;
}

/* Within a group by address; of equal ones the last of the file first. */
static int compare_ranges(const void *a, const void *b, void *entries)
{
  size_t i = *(const size_t *)a, j = *(const size_t *)b;
  const struct tinet__entry *x = (struct tinet__entry *)entries + i;
  const struct tinet__entry *y = (struct tinet__entry *)entries + j;
  int order = compare_groups(x, y);

  if (order == 0)
    order = tinet__address_compare(&x->range, &y->range, x->range.prefix);
  if (order != 0)
    return order;
  return i > j ? -1 : i < j;
}

static int index_ranges(tinet_ats_policy *p)
{
  struct tinet__range_group *g = NULL;

  if (p->n_ranges == 0)
    return TINET_OK;
  qsort_r(p->ranges, p->n_ranges, sizeof *p->ranges, compare_ranges,
          p->entries);
  p->groups = tinet__zalloc(p->n_ranges * sizeof *p->groups);
  if (!p->groups)
    return TINET_ENOMEM;
  for (size_t i = 0; i < p->n_ranges; i++) {
    if (!g || compare_groups(&p->entries[p->ranges[g->start]],
                             &p->entries[p->ranges[i]]) != 0) {
      g = &p->groups[p->n_groups++];
      g->start = i;
    }
    g->n++;
  }
  return TINET_OK;
}

/* Of one name the later entry counts; built-in ones go behind those of the
 * file. */
static void index_name(tinet_ats_policy *p, size_t i)
{
  struct tinet__entry *e = &p->entries[i];
  const char *name = e->name ? e->name : e->exception.key;
  size_t old;

  if (i >= p->n_entries &&
      tinet__name_table_find(&p->names, name, strlen(name)))
    return;
  old = tinet__name_table_put(&p->names, name, i);
  if (old)
    p->entries[old - 1].is_replaced = true;
}

int tinet__policy_index(tinet_ats_policy *p)
{
  size_t n = p->n_entries + p->n_builtin;
  int err = tinet__name_table_init(&p->names, n);

  if (err < 0)
    return err;
  p->ranges = tinet__alloc((n + 1) * sizeof *p->ranges);
  if (!p->ranges)
    return TINET_ENOMEM;
  for (size_t i = 0; i < n; i++) {
    if (p->entries[i].kind == TINET__KEY_NAME)
      index_name(p, i);
    else if (p->entries[i].kind != TINET__KEY_DEAD)
      p->ranges[p->n_ranges++] = i;
  }
  return index_ranges(p);
}
