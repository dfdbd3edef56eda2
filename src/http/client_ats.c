/* client_ats.c - App Transport Security over each hop of a request.
 *
 * Cleartext is denied here, before anything has happened.  What TLS must fulfil
 * goes with the exchange: the transport offers nothing else, and judges what it
 * gets within the handshake (tls_ats.c).
 */
#include "../ats/ats.h"
#include "http_private.h"

#include "../core/alloc.h"
#include "../core/error.h"

#include <string.h>

/* "host: sentence" as "sentence", where the host has just been named. */
static const char *without_host(const char *text, const char *host)
{
  size_t len = strlen(host);

  return strncmp(text, host, len) == 0 && strncmp(text + len, ": ", 2) == 0
             ? text + len + 2
             : text;
}

/* ti: HTTPClient.onerror */
void tinet__client_ats_denied(const tinet_ats_verdict *verdict,
                              const char *host, tinet_error *err)
{
  const tinet_ats_reason *r = &verdict->reasons[0];

  (void)tinet__error_set(err, TINET_EPOLICY, TINET_ORIGIN_TINET, r->nsurl_code,
                         "%s did not meet the ATS policy: %s%s%s [%s]", host,
                         without_host(r->text, host),
                         r->key ? "; would be excused by " : "",
                         r->key ? r->key : "", tinet_ats_code_name(r->code));
}

void tinet__client_keep_verdict(tinet_http_client *c,
                                const tinet_ats_verdict *verdict)
{
  tinet__free(c->verdict);
  /* NULL without memory: the error's text remains */
  c->verdict = verdict ? tinet__memdup(verdict, sizeof *verdict) : NULL;
  if (c->verdict)
    c->verdict->hop = c->n_redirects;
}

void tinet__client_take_policy(tinet_http_client *c)
{
  tinet_ats_policy *old = c->ats;

  c->ats = tinet_ats_policy_ref(c->http->opt.ats);
  tinet_ats_policy_unref(old);
}

static bool is_outside(tinet_tls_version version, unsigned min_version)
{
  return version != TINET_TLS_VERSION_DEFAULT &&
         0x0300u + (unsigned)version < min_version;
}

/* One request after the other goes to the same host. */
static bool has_passed(tinet_http_client *c)
{
  const struct tinet__ats_memory *m = &c->http->passed;

  if (c->ats != c->http->opt.ats || m->is_https != c->url.is_https ||
      strcmp(m->host, c->url.host) != 0)
    return false;
  c->requirement = m->requirement;
  return !is_outside(c->settings.tls_version, m->requirement.min_version);
}

static void remember(const tinet_http_client *c)
{
  struct tinet__ats_memory *m = &c->http->passed;
  size_t len = strlen(c->url.host);

  if (c->ats != c->http->opt.ats || len >= sizeof m->host)
    return;
  memcpy(m->host, c->url.host, len + 1);
  m->is_https = c->url.is_https;
  m->requirement = c->requirement;
}

int tinet__client_ats_begin(tinet_http_client *c)
{
  const tinet_ats_policy *policy = c->ats;
  tinet_ats_request request = {.scheme = c->url.is_https ? "https" : "http",
                               .host = c->url.host};
  tinet_ats_verdict verdict;
  int err;

  memset(&c->requirement, 0, sizeof c->requirement);
  if (!policy || has_passed(c))
    return TINET_OK;
  err = tinet_ats_decide(policy, &request, NULL, &verdict);
  if (err < 0)
    return err;
  c->requirement = verdict.requirement;
  /* ti: HTTPClient.tlsVersion - the policy's minimum wins. */
  if (verdict.is_allowed && c->url.is_https &&
      is_outside(c->settings.tls_version, verdict.requirement.min_version))
    tinet__ats_deny(policy, &request, TINET_ATS_TLS_VERSION,
                    "tlsVersion asks for a TLS version that is older than the "
                    "policy's minimum",
                    &verdict);
  if (verdict.is_allowed) {
    remember(c);
    return TINET_OK;
  }
  tinet__client_keep_verdict(c, &verdict);
  tinet__client_ats_denied(&verdict, c->url.host, &c->pending_error);
  return TINET_EPOLICY;
}

void tinet__client_fill_ats(tinet_http_client *c)
{
  const tinet_ats_requirement *r = &c->requirement;
  struct tinet__exchange *x = &c->x;

  if (!c->url.is_https || !(r->is_judged || r->has_leaf_pins || r->has_ca_pins))
    return;
  x->ats = c->ats;
  x->requirement = *r;
  /* The application cannot overrule trust where ATS looks after it. */
  if (!r->has_cert_checks || x->validates_certificate)
    return;
  x->validates_certificate = true;
  tinet__http_warn_once(c->http, c->url.host,
                        "validatesSecureCertificate is ignored: App Transport "
                        "Security is on for this host");
}

/* apple: NSRequiresNIAPTLSPackageVersion */
int tinet__client_ats_connected(tinet_http_client *c,
                                const struct tinet__conn_facts *facts,
                                tinet_error *err)
{
  tinet_ats_request request = {.scheme = "https", .host = c->url.host};
  tinet_ats_verdict verdict;
  int code;

  if (!c->x.ats || !c->requirement.niap || !facts->lacks_extended_master_secret)
    return TINET_OK;
  code = tinet_ats_decide(c->ats, &request, NULL, &verdict);
  if (code < 0)
    return tinet__error_set(err, code, TINET_ORIGIN_TINET, 0, NULL);
  tinet__ats_deny(c->ats, &request, TINET_ATS_NIAP_EMS,
                  "the server does not do Extended Master Secret, which the "
                  "NIAP package demands",
                  &verdict);
  tinet__client_keep_verdict(c, &verdict);
  tinet__client_ats_denied(&verdict, c->url.host, err);
  return TINET_EPOLICY;
}
