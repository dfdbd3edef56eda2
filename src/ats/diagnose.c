/* diagnose.c - what policies make of a server that has been probed.
 *
 * A server takes the highest version that both sides have, and then a suite; a
 * client does not go down with the version because of suites.  So what a client
 * under a policy would get follows from the matrix.
 */
#include <stdio.h>
#include <string.h>

#include "../core/alloc.h"
#include "../core/buf.h"
#include "../core/str.h"
#include "ats.h"
#include "policy.h"
#include "suites.h"

#include <tinet/ats_diagnose.h>

/* ---- the handshake that a client would have had ---- */

static const tinet_ats_probe *ok_probe(const tinet_ats_server *s,
                                       tinet_ats_probe_kind kind)
{
  const tinet_ats_probe *p = &s->probes[kind];

  return p->is_made && p->code == TINET_OK && p->chain >= 0 ? p : NULL;
}

static bool is_permitted(const tinet_ats_probe *p,
                         const tinet_ats_requirement *r,
                         tinet_ats_profile profile)
{
  tinet_ats_suites suites = r->suites;

  if (suites == TINET_ATS_SUITES_NIAP)
    return tinet__suite_is_niap(p->suite);
  return tinet__suite_is_in(p->suite, profile, suites);
}

/* The best of the server's highest version; one that is permitted goes before
 * one that is not. */
static const tinet_ats_probe *choose(const tinet_ats_server *s,
                                     const tinet_ats_requirement *r,
                                     tinet_ats_profile profile)
{
  static const tinet_ats_probe_kind order[] = {
      TINET_ATS_PROBE_TLS13,     TINET_ATS_PROBE_ATS,
      TINET_ATS_PROBE_TLS12,     TINET_ATS_PROBE_NIAP,
      TINET_ATS_PROBE_TLS12_RSA, TINET_ATS_PROBE_TLS12_OTHER,
      TINET_ATS_PROBE_TLS11,     TINET_ATS_PROBE_TLS11_RSA,
      TINET_ATS_PROBE_TLS10,     TINET_ATS_PROBE_TLS10_RSA,
      TINET_ATS_PROBE_ANY,
  };
  unsigned best = s->best_version;
  const tinet_ats_probe *found = NULL;

  if (profile == TINET_ATS_PROFILE_IOS9 && best > 0x0303)
    best = 0x0303; /* it knows no more */
  for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
    const tinet_ats_probe *p = ok_probe(s, order[i]);

    if (!p || p->version != best)
      continue;
    if (!r->is_judged || is_permitted(p, r, profile))
      return p;
    if (!found)
      found = p;
  }
  return found ? found : ok_probe(s, TINET_ATS_PROBE_ANY);
}

static tinet_ats_connection connection_of(const tinet_ats_server *s,
                                          const tinet_ats_probe *p)
{
  const tinet_ats_chain *chain = &s->chains[p->chain];

  return (tinet_ats_connection){
      .version = p->version,
      .suite = p->suite,
      .has_extended_master_secret = p->has_extended_master_secret,
      .chain = chain->certificates,
      .chain_len = chain->n,
      .trust = chain->trust,
      .is_host_matched = chain->is_host_matched,
      .anchor = chain->anchor,
  };
}

/* A suite that is on the lists but came only when every curve was offered
 * lacked a curve in the other offers. */
static bool has_odd_curve(const tinet_ats_server *s, const tinet_ats_probe *p,
                          tinet_ats_profile profile)
{
  if (s->chains[p->chain].is_on_odd_curve)
    return true;
  return (p == &s->probes[TINET_ATS_PROBE_ANY] ||
          p == &s->probes[TINET_ATS_PROBE_TLS12_OTHER]) &&
         tinet__suite_is_in(p->suite, profile, TINET_ATS_SUITES_ATS_AND_RSA);
}

/* What Apple's library makes of an alert.  apple: SecureTransport.h */
static int ssl_status_of(int alert)
{
  static const struct {
    int alert, status;
  } rows[] = {
      {40, -9824}, {42, -9825}, {44, -9827}, {45, -9828}, {46, -9829},
      {47, -9830}, {48, -9831}, {70, -9836}, {71, -9837}, {86, -9860},
  };

  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (rows[i].alert == alert)
      return rows[i].status;
  return -9802; /* a fatal alert */
}

static void deny_handshake(const tinet_ats_server *server,
                           const tinet_ats_policy *policy,
                           const tinet_ats_request *request,
                           tinet_ats_verdict *verdict)
{
  const tinet_ats_probe *first = &server->probes[TINET_ATS_PROBE_ATS];
  size_t at = verdict->n_reasons;
  char text[TINET_ATS_TEXT_MAX];

  (void)snprintf(text, sizeof text, "no handshake could be completed: %.150s",
                 server->error.code ? server->error.text : first->text);
  tinet__ats_deny(policy, request, TINET_ATS_TLS_HANDSHAKE, text, verdict);
  if (first->alert >= 0 && at < verdict->n_reasons)
    verdict->reasons[at].ssl_status = ssl_status_of(first->alert);
}

/* ---- saying which certificate ---- */

static size_t guilty(const tinet_ats_chain *chain)
{
  size_t depth = chain->trust_depth > 0 ? (size_t)chain->trust_depth : 0;

  return depth < chain->n ? depth : 0;
}

static void tell_dates(const tinet_ats_chain *chain, tinet_ats_reason *r)
{
  size_t at = guilty(chain);
  const tinet_ats_described *c = &chain->described[at];
  bool is_over = r->code == TINET_ATS_CERT_EXPIRED;

  r->depth = (int)at;
  (void)snprintf(r->text, sizeof r->text,
                 "%s (place %zu of the chain) %s %.10s", c->subject, at,
                 is_over ? "expired on" : "is valid only from",
                 is_over ? c->not_after : c->not_before);
}

static void tell_trust(const tinet_ats_chain *chain, tinet_ats_reason *r)
{
  size_t at = guilty(chain);

  r->depth = (int)at;
  (void)snprintf(r->text, sizeof r->text,
                 "%s (place %zu of the chain) is not trusted: %s",
                 chain->described[at].subject, at, chain->trust_text);
}

static void tell_names(const tinet_ats_server *server,
                       const tinet_ats_chain *chain, tinet_ats_reason *r)
{
  const char *names = chain->described[0].names;

  if (names[0])
    (void)snprintf(r->text, sizeof r->text,
                   "the certificate is for %.100s%s, and not for %.80s", names,
                   strlen(names) > 100 ? "..." : "", server->host);
  else
    (void)snprintf(r->text, sizeof r->text,
                   "the certificate has no subjectAltName, which must name "
                   "%.80s",
                   server->host);
}

/* The engine knows that something is wrong with the chain; what, is here. */
static void tell_more(const tinet_ats_server *server,
                      const tinet_ats_chain *chain, tinet_ats_verdict *v)
{
  for (size_t i = 0; i < v->n_reasons; i++) {
    tinet_ats_reason *r = &v->reasons[i];

    if (r->code == TINET_ATS_CERT_EXPIRED ||
        r->code == TINET_ATS_CERT_NOT_YET_VALID)
      tell_dates(chain, r);
    else if (r->code == TINET_ATS_CERT_UNTRUSTED)
      tell_trust(chain, r);
    else if (r->code == TINET_ATS_CERT_HOSTNAME)
      tell_names(server, chain, r);
  }
}

int tinet_ats_server_judge(const tinet_ats_server *server,
                           const tinet_ats_policy *policy,
                           const tinet_ats_request *request,
                           tinet_ats_verdict *ret_verdict,
                           const tinet_ats_probe **ret_used)
{
  const tinet_ats_probe *p;
  tinet_ats_connection c;
  int err;

  if (!server)
    return TINET_EINVAL;
  err = tinet_ats_decide(policy, request, NULL, ret_verdict);
  if (ret_used)
    *ret_used = NULL;
  if (err < 0)
    return err;
  p = choose(server, &ret_verdict->requirement,
             tinet_ats_policy_profile(policy));
  if (!p) {
    deny_handshake(server, policy, request, ret_verdict);
    return TINET_OK;
  }
  if (ret_used)
    *ret_used = p;
  c = connection_of(server, p);
  err = tinet_ats_decide(policy, request, &c, ret_verdict);
  if (err == TINET_OK)
    tell_more(server, &server->chains[p->chain], ret_verdict);
  if (err == TINET_OK && ret_verdict->is_allowed &&
      has_odd_curve(server, p, tinet_ats_policy_profile(policy)))
    tinet__ats_deny(policy, request, TINET_ATS_TLS_HANDSHAKE,
                    "the server needs an elliptic curve that Apple's systems "
                    "do not offer",
                    ret_verdict);
  return err;
}

/* ---- entries ---- */

int tinet_ats_host_key(const char *host, char key[TINET_ATS_HOST_KEY_MAX])
{
  struct tinet__ats_host prepared;
  int err;

  if (!host || !key)
    return TINET_EINVAL;
  err = tinet__ats_host_prepare(host, &prepared);
  if (err < 0)
    return err;
  (void)snprintf(key, TINET_ATS_HOST_KEY_MAX, "%s", prepared.name);
  return TINET_OK;
}

static int add_flag(struct tinet__buf *b, const char *key, bool value)
{
  return tinet__buf_addf(b, "<key>%s</key><%s/>", key,
                         value ? "true" : "false");
}

static int write_entry(struct tinet__buf *b, const tinet_ats_relief *relief,
                       const char *host)
{
  int err = tinet__buf_addf(
      b, "<key>NSExceptionDomains</key><dict><key>%s</key><dict>", host);

  if (err == TINET_OK && relief->min_version)
    err = tinet__buf_addf(b,
                          "<key>NSExceptionMinimumTLSVersion</key>"
                          "<string>TLSv1.%u</string>",
                          relief->min_version - 0x0301);
  if (err == TINET_OK && relief->disables_forward_secrecy)
    err = add_flag(b, "NSExceptionRequiresForwardSecrecy", false);
  if (err == TINET_OK && relief->allows_insecure_http)
    err = add_flag(b, "NSExceptionAllowsInsecureHTTPLoads", true);
  return err < 0 ? err : tinet__buf_adds(b, "</dict></dict>");
}

static bool is_empty(const tinet_ats_relief *relief)
{
  return !relief->min_version && !relief->disables_forward_secrecy &&
         !relief->allows_insecure_http && !relief->allows_everything;
}

static int write_plist(struct tinet__buf *b, const tinet_ats_relief *relief,
                       const char *host)
{
  int err = tinet__buf_adds(b, "<plist version=\"1.0\"><dict>"
                               "<key>NSAppTransportSecurity</key><dict>");

  if (err == TINET_OK && relief->allows_everything)
    err = add_flag(b, "NSAllowsArbitraryLoads", true);
  else if (err == TINET_OK && !is_empty(relief))
    err = write_entry(b, relief, host);
  return err < 0 ? err : tinet__buf_adds(b, "</dict></dict></plist>");
}

int tinet_ats_relief_policy(const tinet_ats_relief *relief, const char *host,
                            const tinet_ats_options *options,
                            tinet_ats_policy **ret_policy)
{
  struct tinet__buf b = TINET__BUF_INIT;
  char key[TINET_ATS_HOST_KEY_MAX];
  int err;

  /* Nothing in a host can be markup. */
  if (!relief || !host || strpbrk(host, "<>&"))
    return TINET_EINVAL;
  err = tinet_ats_host_key(host, key);
  if (err < 0)
    return err;
  err = write_plist(&b, relief, key);
  if (err == TINET_OK)
    err = tinet_ats_policy_parse(b.data, b.len, "exception", options,
                                 ret_policy, NULL);
  tinet__buf_free(&b);
  return err;
}

/* apple: nscurl --ats-diagnostics */
#define TLS_GROUP "Configuring TLS exceptions for %s"
#define PFS_GROUP "Configuring PFS exceptions for %s"
#define PFS_HTTP_GROUP                                                         \
  "Configuring PFS exceptions and allowing insecure HTTP for %s"
#define TLS_PFS_GROUP "Configuring TLS exceptions with PFS disabled for %s"
#define TLS_PFS_HTTP_GROUP                                                     \
  "Configuring TLS exceptions with PFS disabled and insecure HTTP allowed "    \
  "for %s"

static const tinet_ats_configuration
    configurations[TINET_ATS_N_CONFIGURATIONS] = {
        {"Default ATS Secure Connection",
         "ATS Default Connection",
         {0, false, false, false}},
        {"Allowing Arbitrary Loads",
         "Allow All Loads",
         {0, false, false, true}},
        {TLS_GROUP, "TLSv1.3", {0x0304, false, false, false}},
        {TLS_GROUP, "TLSv1.2", {0x0303, false, false, false}},
        {TLS_GROUP, "TLSv1.1", {0x0302, false, false, false}},
        {TLS_GROUP, "TLSv1.0", {0x0301, false, false, false}},
        {PFS_GROUP,
         "Disabling Perfect Forward Secrecy",
         {0, true, false, false}},
        {PFS_HTTP_GROUP,
         "Disabling Perfect Forward Secrecy and Allowing Insecure HTTP",
         {0, true, true, false}},
        {TLS_PFS_GROUP,
         "TLSv1.3 with PFS disabled",
         {0x0304, true, false, false}},
        {TLS_PFS_GROUP,
         "TLSv1.2 with PFS disabled",
         {0x0303, true, false, false}},
        {TLS_PFS_GROUP,
         "TLSv1.1 with PFS disabled",
         {0x0302, true, false, false}},
        {TLS_PFS_GROUP,
         "TLSv1.0 with PFS disabled",
         {0x0301, true, false, false}},
        {TLS_PFS_HTTP_GROUP,
         "TLSv1.3 with PFS disabled and insecure HTTP allowed",
         {0x0304, true, true, false}},
        {TLS_PFS_HTTP_GROUP,
         "TLSv1.2 with PFS disabled and insecure HTTP allowed",
         {0x0303, true, true, false}},
        {TLS_PFS_HTTP_GROUP,
         "TLSv1.1 with PFS disabled and insecure HTTP allowed",
         {0x0302, true, true, false}},
        {TLS_PFS_HTTP_GROUP,
         "TLSv1.0 with PFS disabled and insecure HTTP allowed",
         {0x0301, true, true, false}},
};

const tinet_ats_configuration *tinet_ats_configuration_at(size_t index)
{
  return index < TINET_ATS_N_CONFIGURATIONS ? &configurations[index] : NULL;
}

/* ---- the smallest exception ---- */

static int passes(const tinet_ats_server *server,
                  const tinet_ats_request *request,
                  const tinet_ats_options *options,
                  const tinet_ats_relief *relief)
{
  tinet_ats_policy *policy = NULL;
  tinet_ats_verdict verdict;
  int err = tinet_ats_relief_policy(relief, request->host, options, &policy);

  if (err < 0)
    return err;
  if (server && tinet__ieq(request->scheme, "https"))
    err = tinet_ats_server_judge(server, policy, request, &verdict, NULL);
  else
    err = tinet_ats_decide(policy, request, NULL, &verdict);
  tinet_ats_policy_unref(policy);
  if (err < 0)
    return err;
  return verdict.is_allowed ? 1 : 0;
}

int tinet_ats_smallest_relief(const tinet_ats_server *server,
                              const tinet_ats_request *request,
                              const tinet_ats_options *options,
                              tinet_ats_relief *ret_relief)
{
  /* In the order of harm. */
  static const tinet_ats_relief reliefs[] = {
      {0, false, false, false},      {0x0302, false, false, false},
      {0x0301, false, false, false}, {0, true, false, false},
      {0x0302, true, false, false},  {0x0301, true, false, false},
      {0, false, true, false},       {0, true, true, false},
      {0x0302, true, true, false},   {0x0301, true, true, false},
  };

  if (!request || !request->scheme || !request->host || !ret_relief)
    return TINET_EINVAL;
  for (size_t i = 0; i < sizeof reliefs / sizeof *reliefs; i++) {
    int err = passes(server, request, options, &reliefs[i]);

    if (err < 0)
      return err;
    if (err == 1) {
      *ret_relief = reliefs[i];
      return TINET_OK;
    }
  }
  return TINET_EPOLICY;
}
