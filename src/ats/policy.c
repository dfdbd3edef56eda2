/* policy.c - a policy from its dictionary, and what it says of itself. */
#include "policy.h"

#include <string.h>

#include "../core/alloc.h"

TINET_DEFINE_CLEANUP(tinet_ats_policy, tinet_ats_policy_unref)

static const char *const profile_names[] = {"current", "ios17", "ios10", "ios9",
                                            "apple-nosdk9"};
#define N_PROFILES (sizeof profile_names / sizeof *profile_names)

const char *tinet_ats_profile_name(tinet_ats_profile profile)
{
  return profile_names[profile];
}

int tinet_ats_profile_find(const char *name, tinet_ats_profile *ret_profile)
{
  for (size_t i = 0; i < N_PROFILES; i++) {
    if (strcmp(name, profile_names[i]) != 0)
      continue;
    *ret_profile = (tinet_ats_profile)i;
    return TINET_OK;
  }
  return TINET_EINVAL;
}

/* apple: NSAppTransportSecurity: the keys beside the two dictionaries. */
static int read_globals(tinet_ats_policy *p)
{
  const struct {
    const char *key;
    enum tinet__switch *to;
  } switches[] = {
      {"NSAllowsArbitraryLoads", &p->arbitrary},
      {"NSAllowsArbitraryLoadsForMedia", &p->media},
      {"NSAllowsArbitraryLoadsInWebContent", &p->web},
      {"NSAllowsLocalNetworking", &p->local},
  };
  bool is_present;

  for (size_t i = 0; i < sizeof switches / sizeof *switches; i++) {
    int err = tinet__read_switch(&p->findings,
                                 tinet__value_find(p->ats, switches[i].key),
                                 switches[i].to);

    if (err < 0)
      return err;
  }
  return tinet__read_niap(
      p, tinet__value_find(p->ats, "NSRequiresNIAPTLSPackageVersion"), &p->niap,
      &is_present);
}

static int read_dictionary(tinet_ats_policy *p)
{
  int err = tinet__lint_keys(&p->findings, p->ats, TINET__LEVEL_ATS,
                             "NSAppTransportSecurity");

  if (err == TINET_OK)
    err = read_globals(p);
  if (err == TINET_OK)
    err = tinet__policy_read_entries(
        p, tinet__value_find(p->ats, "NSExceptionDomains"));
  if (err == TINET_OK)
    err = tinet__policy_read_pins(p,
                                  tinet__value_find(p->ats, "NSPinnedDomains"));
  return err;
}

static int fill(tinet_ats_policy *p, const struct tinet__value *ats)
{
  int err = TINET_OK;

  if (ats && ats->kind != TINET__VALUE_DICT) {
    err = tinet__findings_add(
        &p->findings, "type", &ats->at, NULL,
        "NSAppTransportSecurity is %s, not a dictionary: it is ignored",
        tinet__value_kind_name(ats->kind));
    ats = NULL;
  }
  p->ats = ats;
  if (err == TINET_OK && ats)
    err = read_dictionary(p);
  if (err == TINET_OK)
    err = tinet__policy_add_builtin(p);
  if (err == TINET_OK)
    err = tinet__policy_index(p);
  return err == TINET_OK ? tinet__policy_lint(p) : err;
}

int tinet__policy_build(struct tinet__value_tree *tree,
                        const struct tinet__value *ats,
                        const tinet_ats_options *options,
                        struct tinet__findings *findings,
                        tinet_ats_policy **ret_policy)
{
  TINET_CLEANUP(tinet_ats_policy_unrefp) tinet_ats_policy *p = NULL;
  int err;

  p = tinet__zalloc(sizeof *p);
  if (!p)
    return TINET_ENOMEM;
  atomic_init(&p->n_refs, 1);
  if (options) {
    p->profile = options->profile;
    p->flags = options->flags;
  }
  err = fill(p, ats);
  if (err < 0)
    return err;
  for (size_t i = 0; findings && i < findings->n; i++) {
    err = tinet__findings_move(&p->findings, &findings->items[i]);
    if (err < 0)
      return err;
  }
  if (findings)
    tinet__findings_free(findings);
  tinet__findings_sort(&p->findings);
  p->tree = tree;
  *ret_policy = TINET_TAKE(p);
  return TINET_OK;
}

int tinet_ats_policy_new(const tinet_ats_options *options,
                         tinet_ats_policy **ret_policy)
{
  if (!ret_policy)
    return TINET_EINVAL;
  return tinet__policy_build(NULL, NULL, options, NULL, ret_policy);
}

tinet_ats_policy *tinet_ats_policy_ref(tinet_ats_policy *policy)
{
  if (policy)
    atomic_fetch_add_explicit(&policy->n_refs, 1, memory_order_relaxed);
  return policy;
}

void tinet_ats_policy_unref(tinet_ats_policy *policy)
{
  if (!policy ||
      atomic_fetch_sub_explicit(&policy->n_refs, 1, memory_order_acq_rel) > 1)
    return;
  for (size_t i = 0; i < policy->n_entries + policy->n_builtin; i++)
    tinet__free(policy->entries[i].name);
  for (size_t i = 0; i < policy->n_pins; i++) {
    tinet__free(policy->pins[i].host);
    tinet__free(policy->pins[i].leaf.hashes);
    tinet__free(policy->pins[i].ca.hashes);
  }
  tinet__free(policy->entries);
  tinet__free(policy->ranges);
  tinet__free(policy->groups);
  tinet__free(policy->names.slots);
  tinet__free(policy->pins);
  tinet__free(policy->pin_names.slots);
  tinet__findings_free(&policy->findings);
  tinet__value_tree_free(policy->tree);
  tinet__free(policy);
}

tinet_ats_profile tinet_ats_policy_profile(const tinet_ats_policy *policy)
{
  return policy->profile;
}

size_t tinet_ats_policy_n_findings(const tinet_ats_policy *policy)
{
  return policy->findings.n;
}

const tinet_ats_finding *
tinet_ats_policy_finding(const tinet_ats_policy *policy, size_t index)
{
  return index < policy->findings.n ? &policy->findings.items[index].is : NULL;
}

size_t tinet_ats_policy_n_exceptions(const tinet_ats_policy *policy)
{
  return policy->n_entries;
}

const tinet_ats_exception *
tinet_ats_policy_exception(const tinet_ats_policy *policy, size_t index)
{
  return index < policy->n_entries ? &policy->entries[index].exception : NULL;
}
