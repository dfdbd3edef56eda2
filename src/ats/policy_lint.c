/* policy_lint.c - what the policy as a whole is worth saying about. */
#include <stdio.h>
#include <string.h>

#include "../core/psl.h"
#include "policy.h"

#define TLS_1_0 0x0301
#define TLS_1_2 0x0303

static bool relaxes(const struct tinet__entry *e)
{
  const tinet_ats_exception *x = &e->exception;

  return x->allows_insecure_http || !x->requires_forward_secrecy ||
         x->min_version < TLS_1_2;
}

static bool tightens(const tinet_ats_policy *p, const struct tinet__entry *e)
{
  return e->exception.min_version > TLS_1_2 || e->exception.niap > p->niap;
}

/* NSAllowsArbitraryLoads as it holds. */
static bool is_off(const tinet_ats_policy *p)
{
  return p->arbitrary == TINET__YES &&
         (p->profile == TINET_ATS_PROFILE_IOS9 ||
          (p->media == TINET__ABSENT && p->web == TINET__ABSENT &&
           p->local == TINET__ABSENT));
}

static int add_review(tinet_ats_policy *p, const struct tinet__value *value,
                      const char *where)
{
  return tinet__findings_add(
      &p->findings, "review-justification", &value->key_at, NULL,
      "App Review asks for a justification of %s%s%s", value->key,
      where ? " for " : "", where ? where : "");
}

static int lint_globals(tinet_ats_policy *p)
{
  static const char *const keys[] = {"NSAllowsArbitraryLoads",
                                     "NSAllowsArbitraryLoadsForMedia",
                                     "NSAllowsArbitraryLoadsInWebContent"};
  const enum tinet__switch switches[] = {p->arbitrary, p->media, p->web};
  const struct tinet__value *loads = tinet__value_find(p->ats, keys[0]);
  int err = TINET_OK;

  for (size_t i = 0; i < 3 && err == TINET_OK; i++)
    if (switches[i] == TINET__YES)
      err = add_review(p, tinet__value_find(p->ats, keys[i]), NULL);
  if (err == TINET_OK && p->arbitrary == TINET__NO &&
      loads->kind == TINET__VALUE_BOOL)
    err = tinet__findings_add(&p->findings, "default-value", &loads->key_at,
                              NULL, "%s = NO is the default", keys[0]);
  if (err < 0 || p->arbitrary != TINET__YES || is_off(p))
    return err;
  return tinet__findings_add(
      &p->findings, "arbitrary-loads-ignored", &loads->key_at, NULL,
      "NSAllowsArbitraryLoads does not hold beside %s",
      p->local != TINET__ABSENT   ? "NSAllowsLocalNetworking"
      : p->media != TINET__ABSENT ? keys[1]
                                  : keys[2]);
}

static int lint_review(tinet_ats_policy *p, const struct tinet__entry *e)
{
  const tinet_ats_exception *x = &e->exception;
  const struct tinet__value *http =
      tinet__value_find(e->value, "NSExceptionAllowsInsecureHTTPLoads");
  const struct tinet__value *tls =
      tinet__value_find(e->value, "NSExceptionMinimumTLSVersion");
  int err = TINET_OK;

  if (x->allows_insecure_http && http)
    err = add_review(p, http, x->key);
  if (err == TINET_OK && x->min_version < TLS_1_2 && tls)
    err = add_review(p, tls, x->key);
  return err;
}

/* An entry above that a host of this name would have otherwise. */
static bool has_parent(const tinet_ats_policy *p, const struct tinet__entry *e)
{
  const char *dot = strchr(e->exception.key, '.');
  struct tinet__ats_host host;
  unsigned depth;

  return dot && tinet__ats_host_prepare(dot + 1, &host) == TINET_OK &&
         tinet__policy_find_entry(p, &host, &depth);
}

static int lint_worth(tinet_ats_policy *p, const struct tinet__entry *e,
                      const struct tinet__place *at)
{
  const tinet_ats_exception *x = &e->exception;

  if (is_off(p) && relaxes(e))
    return tinet__findings_add(&p->findings, "redundant-exception", at, NULL,
                               "the entry for %s under NSAllowsArbitraryLoads "
                               "does not loosen anything",
                               x->key);
  if (is_off(p))
    return tinet__findings_add(&p->findings, "entry-enforces", at, NULL,
                               "the entry for %s turns ATS on for it, while it "
                               "is off elsewhere",
                               x->key);
  if (relaxes(e) || tightens(p, e) || has_parent(p, e) ||
      e->kind != TINET__KEY_NAME || !strchr(x->key, '.'))
    return TINET_OK;
  return tinet__findings_add(&p->findings, "redundant-exception", at, NULL,
                             "the entry for %s says what holds without it",
                             x->key);
}

static int lint_reach(tinet_ats_policy *p, const struct tinet__entry *e,
                      const struct tinet__place *at)
{
  const tinet_ats_exception *x = &e->exception;

  if (e->kind != TINET__KEY_NAME)
    return TINET_OK;
  if (x->includes_subdomains && tinet__psl_is_suffix(x->key))
    return tinet__findings_add(&p->findings, "public-suffix", at, NULL,
                               "'%s' is a public suffix: the entry is for "
                               "every site below it",
                               x->key);
  if (x->includes_subdomains || !strchr(x->key, '.'))
    return TINET_OK;
  return tinet__findings_add(&p->findings, "apex-only", at, NULL,
                             "the entry for %s is for this name alone", x->key);
}

static int lint_entry(tinet_ats_policy *p, const struct tinet__entry *e)
{
  const tinet_ats_exception *x = &e->exception;
  const struct tinet__place at = {x->file, x->line, x->column};
  int err;

  if (e->is_replaced || e->kind == TINET__KEY_DEAD)
    return TINET_OK;
  err = lint_review(p, e);
  if (err == TINET_OK)
    err = lint_worth(p, e, &at);
  if (err == TINET_OK)
    err = lint_reach(p, e, &at);
  if (err < 0 || !x->allows_insecure_http || x->requires_forward_secrecy ||
      x->min_version > TLS_1_0)
    return err;
  return tinet__findings_add(
      &p->findings, "weak-exception", &at, NULL,
      "the entry for %s allows cleartext, TLS 1.0 and no "
      "forward secrecy at once",
      x->key);
}

static int lint_pin(tinet_ats_policy *p, const struct tinet__pin *pin)
{
  tinet_ats_request request = {.scheme = "http", .host = pin->host};
  tinet_ats_verdict verdict;

  if (tinet_ats_decide(p, &request, NULL, &verdict) < 0 || !verdict.is_allowed)
    return TINET_OK;
  return tinet__findings_add(&p->findings, "pin-cleartext", &pin->at, NULL,
                             "http://%s is allowed, and its pins do not reach "
                             "it",
                             pin->host);
}

int tinet__policy_lint(tinet_ats_policy *p)
{
  int err = lint_globals(p);

  for (size_t i = 0; i < p->n_entries && err == TINET_OK; i++)
    err = lint_entry(p, &p->entries[i]);
  for (size_t i = 0; i < p->n_pins && err == TINET_OK; i++)
    err = lint_pin(p, &p->pins[i]);
  return err;
}
