/* tls_ats.c - the policy's verdict before the handshake is complete.
 *
 * A connection that is denied leaves no session behind and has carried no byte
 * of HTTP.
 */
#include "tls_ats.h"

#include "../ats/ats.h"
#include "../ats/suites.h"
#include "../ats/tls_facts.h"
#include "../core/alloc.h"
#include "../trust/trust.h"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>

static bool is_offered(const struct tinet__tls_ats *ats,
                       const SSL_CIPHER *suite)
{
  unsigned code = SSL_CIPHER_get_protocol_id(suite);

  if (ats->suites == TINET_ATS_SUITES_NIAP)
    return tinet__suite_is_niap(code);
  return tinet__suite_is_in(code, tinet_ats_policy_profile(ats->policy),
                            ats->suites);
}

typedef int security_fn(const SSL *ssl, const SSL_CTX *ctx, int op, int bits,
                        int nid, void *other, void *user);

/* NOLINTNEXTLINE(readability-function-size): OpenSSL's signature */
static int on_security(const SSL *ssl, const SSL_CTX *ctx, int op, int bits,
                       int nid, void *other, void *user)
{
  const struct tinet__tls_ats *ats = user;

  if ((op & SSL_SECOP_OTHER_TYPE) == SSL_SECOP_OTHER_CIPHER &&
      !is_offered(ats, other))
    return 0;
  return ((security_fn *)ats->security)(ssl, ctx, op, bits, nid, other, NULL);
}

/* A list of suites would be read by OpenSSL for each connection, which takes as
 * long as all the judging ten times over; so the suites it has anyway are
 * sifted.  The security level is that of the versions, and stays. */
void tinet__tls_ats_limit(struct tinet__tls_ats *ats, void *ssl_ctx)
{
  if (!ats->policy || !ats->is_judged || ats->suites == TINET_ATS_SUITES_ANY)
    return;
  ats->security = (void (*)(void))SSL_CTX_get_security_callback(ssl_ctx);
  SSL_CTX_set0_security_ex_data(ssl_ctx, ats);
  SSL_CTX_set_security_callback(ssl_ctx, on_security);
}

static tinet_ats_request request_of(const struct tinet__tls_ats *ats,
                                    const char *host)
{
  return (tinet_ats_request){.scheme = "https",
                             .host = host,
                             .is_trust_overridden = ats->is_overridden};
}

/* OpenSSL's number for what the policy calls otherwise. */
static long error_of(tinet_ats_code code, long seen)
{
  switch (code) {
  case TINET_ATS_CERT_HOSTNAME:
    return X509_V_ERR_HOSTNAME_MISMATCH;
  case TINET_ATS_CERT_KEY_SIZE:
    return X509_V_ERR_EE_KEY_TOO_SMALL;
  case TINET_ATS_CERT_CHAIN_KEY_SIZE:
    return X509_V_ERR_CA_KEY_TOO_SMALL;
  case TINET_ATS_CERT_HASH_LEAF:
  case TINET_ATS_CERT_HASH_CHAIN:
    return X509_V_ERR_CA_MD_TOO_WEAK;
  case TINET_ATS_CERT_UNTRUSTED:
  case TINET_ATS_CERT_EXPIRED:
  case TINET_ATS_CERT_NOT_YET_VALID:
  case TINET_ATS_CERT_REVOKED:
    return seen;
  default:
    return X509_V_ERR_APPLICATION_VERIFICATION;
  }
}

static bool is_trust(tinet_ats_code code)
{
  return code >= TINET_ATS_CERT_UNTRUSTED && code <= TINET_ATS_CERT_REVOKED;
}

/* Leaves in `ctx` what the verdict is about. */
static void point_at(X509_STORE_CTX *ctx, tinet_ats_reason *reason,
                     const struct tinet__ats_trial *trial)
{
  STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(ctx);
  int depth;

  if (is_trust(reason->code))
    reason->depth = trial->depth;
  depth = reason->depth >= 0 ? reason->depth : 0;
  if (chain && depth < sk_X509_num(chain))
    X509_STORE_CTX_set_current_cert(ctx, sk_X509_value(chain, depth));
  X509_STORE_CTX_set_error_depth(ctx, depth);
  X509_STORE_CTX_set_error(ctx, (int)error_of(reason->code, trial->error));
}

static bool is_pin(tinet_ats_code code)
{
  return code == TINET_ATS_PIN_LEAF || code == TINET_ATS_PIN_CA;
}

/* Of a host that ATS is off for: its pins, which hold all the same. */
static void keep_pins_only(tinet_ats_verdict *v)
{
  size_t n = 0;

  for (size_t i = 0; i < v->n_reasons; i++)
    if (is_pin(v->reasons[i].code))
      v->reasons[n++] = v->reasons[i];
  v->n_reasons = n;
  v->is_allowed = n == 0;
  if (n > 0)
    v->code = v->reasons[0].code;
}

static int decide(const struct tinet__tls_ats *ats, const char *host,
                  const struct tinet__ats_facts *facts,
                  tinet_ats_verdict **ret_verdict)
{
  tinet_ats_request request = request_of(ats, host);
  tinet_ats_verdict *v = tinet__alloc(sizeof *v);
  int err;

  if (!v)
    return TINET_ENOMEM;
  err = tinet_ats_decide(ats->policy, &request, &facts->connection, v);
  if (err == TINET_OK && !ats->is_judged)
    keep_pins_only(v);
  if (err == TINET_OK && !v->is_allowed) {
    *ret_verdict = v;
    return TINET_EPOLICY;
  }
  tinet__free(v);
  return err;
}

int tinet__tls_ats_judge(const struct tinet__tls_ats *ats, const char *host,
                         void *store_ctx, tinet_ats_verdict **ret_verdict)
{
  X509_STORE_CTX *ctx = store_ctx;
  struct tinet__ats_evidence evidence = {
      .host = host,
      .ssl =
          X509_STORE_CTX_get_ex_data(ctx, SSL_get_ex_data_X509_STORE_CTX_idx()),
      .is_added_anchor = ats->is_added_anchor,
      .has_pins = ats->has_pins,
  };
  struct tinet__ats_facts *facts = tinet__alloc(sizeof *facts);
  const STACK_OF(X509) * chain;
  int err;

  if (!facts)
    return TINET_ENOMEM;
  if (!X509_STORE_CTX_get0_chain(ctx))
    tinet__ats_verify(ctx, &evidence.trial);
  chain = X509_STORE_CTX_get0_chain(ctx);
  if (ats->trust && sk_X509_num(chain) > 0 &&
      tinet__trust_has_authority(ats->trust,
                                 sk_X509_value(chain, sk_X509_num(chain) - 1)))
    evidence.is_added_anchor = true;
  evidence.chain = chain;
  tinet__ats_facts_read(facts, &evidence);
  err = decide(ats, host, facts, ret_verdict);
  if (err == TINET_EPOLICY) { /* once more, with the names for its sentences */
    evidence.is_told = true;
    tinet__ats_facts_read(facts, &evidence);
    tinet__free(*ret_verdict);
    *ret_verdict = NULL;
    err = decide(ats, host, facts, ret_verdict);
  }
  if (err == TINET_EPOLICY && *ret_verdict)
    point_at(ctx, &(*ret_verdict)->reasons[0], &evidence.trial);
  tinet__free(facts);
  return err;
}

tinet_ats_verdict *
tinet__tls_ats_nothing_in_common(const struct tinet__tls_ats *ats,
                                 const char *host,
                                 const tinet_tls_failure *failure)
{
  tinet_ats_request request = request_of(ats, host);
  tinet_ats_verdict *v;

  if (!ats->policy || !ats->is_judged || !ats->is_limited ||
      (failure->reason != TINET_TLS_REASON_VERSION &&
       failure->reason != TINET_TLS_REASON_CIPHER))
    return NULL;
  v = tinet__alloc(sizeof *v);
  if (!v || tinet_ats_decide(ats->policy, &request, NULL, v) < 0) {
    tinet__free(v);
    return NULL;
  }
  if (failure->reason == TINET_TLS_REASON_VERSION)
    tinet__ats_deny(ats->policy, &request, TINET_ATS_TLS_VERSION,
                    "the server speaks no TLS version that the policy accepts",
                    v);
  else
    tinet__ats_deny(ats->policy, &request, TINET_ATS_TLS_HANDSHAKE,
                    "the server ended the handshake: it seems to have no "
                    "cipher suite that the policy accepts",
                    v);
  return v;
}
