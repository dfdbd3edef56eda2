/* decide.c - the steps from a request to a verdict.
 *
 *  0 what ATS covers        4 http that is not required to be https
 *  1 old SDKs               5 http that is
 *  2 HSTS                   6 what https must fulfil
 *  3 the entry              7-16 whether it does (judge.c)   17 the verdict
 */
#include <string.h>

#include "../core/str.h"
#include "ats.h"
#include "policy.h"

#define TLS_1_2 0x0303

struct decision {
  const tinet_ats_policy *policy;
  const tinet_ats_request *request;
  struct tinet__ats_host host;
  const struct tinet__entry *entry;
  bool is_direct, is_required;
  tinet_ats_verdict *verdict;
};

static bool is_secure(const char *scheme)
{
  return tinet__ieq(scheme, "https") || tinet__ieq(scheme, "wss");
}

static bool is_covered(const tinet_ats_request *request)
{
  return request->context != TINET_ATS_CONTEXT_SOCKET &&
         (is_secure(request->scheme) || tinet__ieq(request->scheme, "http") ||
          tinet__ieq(request->scheme, "ws"));
}

/* Whether http is denied, and if it is not, why.  ios9 knows one global key. */
static bool is_tls_required(const struct decision *d, tinet_ats_code *ret_why)
{
  const tinet_ats_policy *p = d->policy;
  bool is_old = p->profile == TINET_ATS_PROFILE_IOS9;

  *ret_why = TINET_ATS_EXCEPTION;
  if (d->entry)
    return !d->entry->exception.allows_insecure_http;
  *ret_why = TINET_ATS_LOCAL;
  if (!is_old && d->is_direct && p->local != TINET__NO)
    return false;
  *ret_why = TINET_ATS_MEDIA;
  if (!is_old && p->media == TINET__YES &&
      d->request->context == TINET_ATS_CONTEXT_MEDIA)
    return false;
  *ret_why = TINET_ATS_WEB_CONTENT;
  if (!is_old && p->web == TINET__YES &&
      d->request->context == TINET_ATS_CONTEXT_WEB)
    return false;
  *ret_why = TINET_ATS_ARBITRARY_LOADS;
  if (!is_old && (p->local != TINET__ABSENT || p->media != TINET__ABSENT ||
                  p->web != TINET__ABSENT))
    return true;
  return p->arbitrary != TINET__YES;
}

/* What holds without an entry. */
static void set_minimum(const struct decision *d, tinet_ats_requirement *r)
{
  r->is_judged = true;
  r->min_version = TLS_1_2;
  r->has_cert_checks = true;
  r->niap = d->policy->niap;
  r->suites = r->niap ? TINET_ATS_SUITES_NIAP : TINET_ATS_SUITES_ATS;
}

static void apply_entry(const struct decision *d, tinet_ats_requirement *r)
{
  const tinet_ats_exception *x = &d->entry->exception;
  bool is_old = d->policy->profile == TINET_ATS_PROFILE_IOS9 ||
                d->policy->profile == TINET_ATS_PROFILE_IOS10;

  r->min_version = x->min_version;
  r->has_cert_checks = !x->allows_insecure_http;
  if (d->entry->has_niap)
    r->niap = x->niap;
  r->suites = TINET_ATS_SUITES_ATS;
  if (!x->requires_forward_secrecy)
    r->suites = x->allows_insecure_http ? TINET_ATS_SUITES_ANY
                                        : TINET_ATS_SUITES_ATS_AND_RSA;
  r->skips_key_size = is_old && !x->requires_forward_secrecy;
  if (r->niap)
    r->suites = TINET_ATS_SUITES_NIAP;
}

static void set_requirement(struct decision *d)
{
  tinet_ats_requirement *r = &d->verdict->requirement;

  r->is_tls_required = d->is_required;
  (void)tinet__host_is_pinned(d->policy, &d->host, &r->has_leaf_pins,
                              &r->has_ca_pins);
  if (!d->entry && !d->is_required)
    return;
  set_minimum(d, r);
  if (d->entry)
    apply_entry(d, r);
}

static void deny_cleartext(struct decision *d)
{
  tinet_ats_verdict *v = d->verdict;
  struct tinet__judge j = {.policy = d->policy,
                           .request = d->request,
                           .host = &d->host,
                           .requirement = &v->requirement,
                           .verdict = v};
  const tinet_ats_exception *x = v->exception;
  const struct tinet__entry *near =
      x ? NULL : tinet__policy_near_entry(d->policy, &d->host);

  v->is_allowed = false;
  v->code = TINET_ATS_CLEARTEXT;
  if (x)
    tinet__judge_add(&j, v->code, -1,
                     "%s: cleartext is denied, ATS requires HTTPS (the entry "
                     "for %s does not allow it)",
                     d->host.name, x->key);
  else if (near)
    tinet__judge_add(
        &j, v->code, -1,
        "%s: cleartext is denied, ATS requires HTTPS (the nearest "
        "entry, %s, does not reach it%s)",
        d->host.name, near->exception.key,
        near->exception.includes_subdomains ? "" : ": no NSIncludesSubdomains");
  else
    tinet__judge_add(&j, v->code, -1,
                     "%s: cleartext is denied, ATS requires HTTPS (no entry "
                     "for it in NSExceptionDomains)",
                     d->host.name);
}

static void allow(tinet_ats_verdict *v, tinet_ats_code code)
{
  v->is_allowed = true;
  v->code = code;
}

/* Steps 4 and 5. */
static void decide_cleartext(struct decision *d, tinet_ats_code why)
{
  tinet_ats_verdict *v = d->verdict;

  if (d->is_required) {
    deny_cleartext(d);
    return;
  }
  allow(v, why);
  if (why == TINET_ATS_LOCAL && d->host.address.n_bytes)
    v->notes |= TINET_ATS_NOTE_IP_LITERAL;
  if (v->requirement.has_leaf_pins || v->requirement.has_ca_pins)
    v->notes |= TINET_ATS_NOTE_PIN_CLEARTEXT;
}

/* Whether the connection would do without the entry. */
static bool is_strict_enough(const struct decision *d,
                             const tinet_ats_connection *c)
{
  tinet_ats_requirement strict = d->verdict->requirement;
  struct tinet__judge j = {.policy = d->policy,
                           .request = d->request,
                           .host = &d->host,
                           .connection = c,
                           .requirement = &strict};

  strict.skips_key_size = false;
  set_minimum(d, &strict);
  tinet__judge_connection(&j);
  return j.n_reasons == 0;
}

/* Steps 7 to 17. */
static void decide_connection(struct decision *d, const tinet_ats_connection *c,
                              tinet_ats_code why)
{
  tinet_ats_verdict *v = d->verdict;
  struct tinet__judge j = {.policy = d->policy,
                           .request = d->request,
                           .host = &d->host,
                           .connection = c,
                           .requirement = &v->requirement,
                           .verdict = v};

  tinet__judge_connection(&j);
  if (v->n_reasons > 0) {
    v->is_allowed = false;
    v->code = v->reasons[0].code;
    return;
  }
  if (!v->requirement.is_judged)
    allow(v, why);
  else if (d->entry && !is_strict_enough(d, c))
    allow(v, TINET_ATS_EXCEPTION);
  else
    allow(v, TINET_ATS_COMPLIANT);
}

static void decide_covered(struct decision *d, const tinet_ats_connection *c)
{
  tinet_ats_verdict *v = d->verdict;
  tinet_ats_code why;
  unsigned depth;

  d->entry = tinet__policy_find_entry(d->policy, &d->host, &depth);
  v->exception = d->entry ? &d->entry->exception : NULL;
  if (depth > 1)
    v->notes |= TINET_ATS_NOTE_SUBDOMAIN_DEPTH;
  d->is_direct = d->request->direct == TINET_ATS_DIRECT_YES ||
                 (d->request->direct == TINET_ATS_DIRECT_BY_NAME &&
                  tinet__ats_host_is_direct(d->policy, &d->host));
  d->is_required = is_tls_required(d, &why);
  set_requirement(d);
  v->is_upgraded = d->request->is_hsts_host && !is_secure(d->request->scheme);
  if (!v->is_upgraded && !is_secure(d->request->scheme)) {
    decide_cleartext(d, why);
  } else if (c) {
    decide_connection(d, c, why);
  } else {
    allow(v, v->requirement.is_judged ? TINET_ATS_COMPLIANT : why);
    v->needs_connection = true;
  }
}

static void clear(tinet_ats_verdict *v)
{
  /* The reasons are filled in one by one: they are most of it. */
  memset(v, 0, offsetof(tinet_ats_verdict, reasons));
}

int tinet_ats_decide(const tinet_ats_policy *policy,
                     const tinet_ats_request *request,
                     const tinet_ats_connection *connection,
                     tinet_ats_verdict *ret_verdict)
{
  struct decision d = {.policy = policy, .request = request};
  int err;

  if (!policy || !request || !request->scheme || !request->host || !ret_verdict)
    return TINET_EINVAL;
  d.verdict = ret_verdict;
  if (!is_covered(request)) {
    clear(ret_verdict);
    allow(ret_verdict, TINET_ATS_NOT_COVERED);
    return TINET_OK;
  }
  if (policy->profile == TINET_ATS_PROFILE_NO_SDK9) {
    clear(ret_verdict);
    allow(ret_verdict, TINET_ATS_LEGACY_SDK);
    return TINET_OK;
  }
  err = tinet__ats_host_prepare(request->host, &d.host);
  if (err < 0)
    return err;
  clear(ret_verdict);
  decide_covered(&d, connection);
  return TINET_OK;
}

void tinet__ats_deny(const tinet_ats_policy *policy,
                     const tinet_ats_request *request, tinet_ats_code code,
                     const char *text, tinet_ats_verdict *verdict)
{
  struct tinet__judge j = {.policy = policy,
                           .request = request,
                           .requirement = &verdict->requirement,
                           .verdict = verdict};

  tinet__judge_add(&j, code, -1, "%s", text);
  verdict->is_allowed = false;
  verdict->needs_connection = false;
  verdict->code = verdict->reasons[0].code;
}
