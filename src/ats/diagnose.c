/* diagnose.c - what policies make of a server that has been probed.
 *
 * A server takes the highest version that both sides have, and then a suite; a
 * client does not go down with the version because of suites.  So what a client
 * under a policy would get follows from the matrix.
 */
#include <string.h>

#include "../core/alloc.h"
#include "../core/buf.h"
#include "../core/str.h"
#include "ats.h"
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
    tinet__ats_deny(policy, request, TINET_ATS_TLS_HANDSHAKE,
                    server->error.code ? server->error.text
                                       : "no handshake was completed",
                    ret_verdict);
    return TINET_OK;
  }
  if (ret_used)
    *ret_used = p;
  c = connection_of(server, p);
  err = tinet_ats_decide(policy, request, &c, ret_verdict);
  if (err == TINET_OK && ret_verdict->is_allowed &&
      has_odd_curve(server, p, tinet_ats_policy_profile(policy)))
    tinet__ats_deny(policy, request, TINET_ATS_TLS_HANDSHAKE,
                    "the server needs an elliptic curve that Apple's systems "
                    "do not offer",
                    ret_verdict);
  return err;
}

/* ---- entries ---- */

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
  int err;

  /* Nothing in a host can be markup. */
  if (!relief || !host || strpbrk(host, "<>&"))
    return TINET_EINVAL;
  err = write_plist(&b, relief, host);
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
