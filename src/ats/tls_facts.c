/* tls_facts.c - from OpenSSL's objects to what the policy judges.
 *
 * OpenSSL's own opinion of keys and hashes is switched off by its security
 * level while a chain is verified: the policy has its own, with its own names
 * for what is wrong.
 */
#include "tls_facts.h"

#include "../trust/tls_private.h"

#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* ---- a chain ---- */

static pthread_once_t index_once = PTHREAD_ONCE_INIT;
static int trial_index = -1;

static void make_index(void)
{
  trial_index = X509_STORE_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL);
}

static int on_error(int ok, X509_STORE_CTX *ctx)
{
  struct tinet__ats_trial *trial = X509_STORE_CTX_get_ex_data(ctx, trial_index);

  if (!ok && trial && trial->error == X509_V_OK) {
    trial->error = X509_STORE_CTX_get_error(ctx);
    trial->depth = X509_STORE_CTX_get_error_depth(ctx);
  }
  return 1;
}

void tinet__ats_verify(void *store_ctx, struct tinet__ats_trial *ret_trial)
{
  X509_STORE_CTX *ctx = store_ctx;
  struct tinet__ats_trial trial = {X509_V_OK, 0};

  if (pthread_once(&index_once, make_index) != 0 || trial_index < 0 ||
      X509_STORE_CTX_set_ex_data(ctx, trial_index, &trial) != 1) {
    *ret_trial = (struct tinet__ats_trial){X509_V_ERR_OUT_OF_MEM, 0};
    return;
  }
  X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(ctx), 0);
  X509_STORE_CTX_set_verify_cb(ctx, on_error);
  if (X509_verify_cert(ctx) != 1 && trial.error == X509_V_OK) {
    trial.error = X509_STORE_CTX_get_error(ctx);
    if (trial.error == X509_V_OK)
      trial.error = X509_V_ERR_UNSPECIFIED;
  }
  (void)X509_STORE_CTX_set_ex_data(ctx, trial_index, NULL);
  *ret_trial = trial;
}

static tinet_ats_trust trust_of(long error)
{
  switch (tinet__tls_reason_of(error)) {
  case TINET_TLS_REASON_EXPIRED:
    return TINET_ATS_TRUST_EXPIRED;
  case TINET_TLS_REASON_NOT_YET_VALID:
    return TINET_ATS_TRUST_NOT_YET_VALID;
  case TINET_TLS_REASON_REVOKED:
    return TINET_ATS_TRUST_REVOKED;
  case TINET_TLS_REASON_UNKNOWN_ISSUER:
  case TINET_TLS_REASON_SELF_SIGNED:
    return TINET_ATS_TRUST_UNTRUSTED;
  default:
    return error == X509_V_OK ? TINET_ATS_TRUST_OK : TINET_ATS_TRUST_OTHER;
  }
}

/* ---- a certificate ---- */

static tinet_ats_hash hash_of(X509 *cert)
{
  int md = NID_undef, key = NID_undef;

  if (X509_get_signature_info(cert, &md, &key, NULL, NULL) != 1)
    (void)OBJ_find_sigid_algs(X509_get_signature_nid(cert), &md, &key);
  switch (md) {
  case NID_md2:
  case NID_md4:
  case NID_md5:
    return TINET_ATS_HASH_MD;
  case NID_sha:
  case NID_sha1:
  case NID_md5_sha1:
    return TINET_ATS_HASH_SHA1;
  default:
    return TINET_ATS_HASH_OTHER;
  }
}

static void read_key(const X509 *cert, tinet_ats_certificate *to)
{
  const EVP_PKEY *key = X509_get0_pubkey(cert);

  if (!key)
    return;
  to->key_bits = (unsigned)EVP_PKEY_get_bits(key);
  switch (EVP_PKEY_get_base_id(key)) {
  case EVP_PKEY_RSA:
  case EVP_PKEY_RSA_PSS:
    to->key_type = TINET_ATS_KEY_RSA;
    break;
  case EVP_PKEY_EC:
    to->key_type = TINET_ATS_KEY_EC;
    break;
  case EVP_PKEY_ED25519:
  case EVP_PKEY_ED448:
    to->key_type = TINET_ATS_KEY_EDDSA;
    break;
  default:
    break;
  }
}

static int64_t seconds_of(const ASN1_TIME *when)
{
  struct tm tm;

  return ASN1_TIME_to_tm(when, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

static void read_subject(X509 *cert, tinet_ats_certificate *to, char *name,
                         size_t size)
{
  tinet_tls_failure described;

  memset(&described, 0, sizeof described);
  tinet__tls_describe(cert, &described);
  (void)snprintf(name, size, "%.*s", (int)size - 1, described.subject);
  to->subject = name;
}

static void read_certificate(X509 *cert, bool has_pins,
                             tinet_ats_certificate *to)
{
  memset(to, 0, sizeof *to);
  to->hash = hash_of(cert);
  /* Where it excuses a weak hash the signature is looked at: names alone are
   * easily the same. */
  to->is_self_signed =
      X509_self_signed(cert, to->hash != TINET_ATS_HASH_OTHER) == 1;
  read_key(cert, to);
  if (has_pins && tinet__tls_spki_hash(cert, &to->spki) < 0)
    memset(&to->spki, 0, sizeof to->spki); /* which no pin is */
  to->not_before = seconds_of(X509_get0_notBefore(cert));
  to->not_after = seconds_of(X509_get0_notAfter(cert));
}

/* ---- a connection ---- */

static bool names_host(X509 *leaf, const char *host)
{
  return X509_check_ip_asc(leaf, host, 0) == 1 ||
         X509_check_host(leaf, host, 0,
                         X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
                             X509_CHECK_FLAG_NEVER_CHECK_SUBJECT,
                         NULL) == 1;
}

static void read_chain(struct tinet__ats_facts *facts,
                       const struct tinet__ats_evidence *evidence)
{
  const STACK_OF(X509) *chain = evidence->chain;
  tinet_ats_connection *c = &facts->connection;
  X509 *anchor;
  int n = chain ? sk_X509_num(chain) : 0;

  if (n <= 0)
    return;
  anchor = sk_X509_value(chain, n - 1);
  c->is_host_matched = names_host(sk_X509_value(chain, 0), evidence->host);
  if (n == 1 && c->trust != TINET_ATS_TRUST_UNTRUSTED)
    c->anchor = TINET_ATS_ANCHOR_LEAF;
  else if (evidence->is_added_anchor || tinet__ats_is_added_authority(anchor))
    c->anchor = TINET_ATS_ANCHOR_CUSTOM;
  /* OpenSSL's own limit on the depth is far above; what is cut off from a
   * longer chain is in its middle. */
  for (int i = 0; i < n && c->chain_len < TINET_ATS_CHAIN_MAX; i++) {
    size_t at = c->chain_len++;
    X509 *cert =
        at == TINET_ATS_CHAIN_MAX - 1 ? anchor : sk_X509_value(chain, i);

    read_certificate(cert, evidence->has_pins, &facts->chain[at]);
    if (evidence->is_told)
      read_subject(cert, &facts->chain[at], facts->subjects[at],
                   sizeof facts->subjects[at]);
  }
}

void tinet__ats_facts_read(struct tinet__ats_facts *facts,
                           const struct tinet__ats_evidence *evidence)
{
  const SSL *ssl = evidence->ssl;
  const SSL_CIPHER *cipher = SSL_get_current_cipher(ssl);
  tinet_ats_connection *c = &facts->connection;

  memset(c, 0, sizeof *c);
  c->chain = facts->chain;
  c->version = (unsigned)SSL_version(ssl);
  if (!cipher) /* TLS 1.2, in the middle of the handshake */
    cipher = SSL_get_pending_cipher(ssl);
  c->suite = cipher ? SSL_CIPHER_get_protocol_id(cipher) : 0;
  c->has_extended_master_secret =
      SSL_get_extms_support((SSL *)(uintptr_t)ssl) != 0;
  c->trust = trust_of(evidence->trial.error);
  read_chain(facts, evidence);
}
