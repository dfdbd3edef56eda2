/* tls_probe.c - one handshake with a server, and what it has shown.
 *
 * Verification is recorded and never ends a handshake; OpenSSL runs at security
 * level 0, so that what is weak is seen and can be named.
 */
#include "probe.h"
#include "tls_input.h"

#include "../core/alloc.h"
#include "../core/error.h"
#include "../trust/tls_private.h"

#include <errno.h>
#include <openssl/ct.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define GROUPS "X25519:P-256:P-384:P-521"
/* What ATS has no use for, but servers' keys may be on. */
#define ALL_GROUPS                                                             \
  GROUPS ":X448:secp224r1:prime192v1:secp256k1"                                \
         ":brainpoolP256r1:brainpoolP384r1:brainpoolP512r1"
#define ALL_TLS13                                                              \
  "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:"                       \
  "TLS_AES_128_GCM_SHA256:TLS_AES_128_CCM_SHA256:TLS_AES_128_CCM_8_SHA256"

/* ---- a chain ---- */

struct state {
  const struct tinet__handshake *h;
  tinet_ats_probe *probe;
  tinet_ats_chain *chain;
  SSL *ssl;
  struct tinet__tls_input input;
};

static void copy(char *to, size_t size, const char *from)
{
  (void)snprintf(to, size, "%.*s", (int)size - 1, from);
}

static void describe(X509 *cert, tinet_ats_described *to)
{
  tinet_tls_failure f;

  memset(&f, 0, sizeof f);
  tinet__tls_describe(cert, &f);
  copy(to->subject, sizeof to->subject, f.subject);
  copy(to->issuer, sizeof to->issuer, f.issuer);
  copy(to->key, sizeof to->key, f.key);
  copy(to->hash, sizeof to->hash, f.hash);
  copy(to->not_before, sizeof to->not_before, f.not_before);
  copy(to->not_after, sizeof to->not_after, f.not_after);
  copy(to->names, sizeof to->names, f.names);
}

static unsigned n_embedded(X509 *leaf)
{
  STACK_OF(SCT) *list = X509_get_ext_d2i(leaf, NID_ct_precert_scts, NULL, NULL);
  int n = list ? sk_SCT_num(list) : 0;

  SCT_LIST_free(list);
  return n > 0 ? (unsigned)n : 0;
}

static bool is_on_odd_curve(X509 *leaf)
{
  EVP_PKEY *key = X509_get0_pubkey(leaf);
  char name[64] = "";

  if (!key || EVP_PKEY_get_base_id(key) != EVP_PKEY_EC)
    return false;
  (void)EVP_PKEY_get_group_name(key, name, sizeof name, NULL);
  return strcmp(name, SN_X9_62_prime256v1) != 0 &&
         strcmp(name, SN_secp384r1) != 0 && strcmp(name, SN_secp521r1) != 0;
}

static void keep_chain(struct state *s, const struct tinet__ats_facts *facts,
                       const STACK_OF(X509) * chain,
                       const struct tinet__ats_trial *trial)
{
  tinet_ats_chain *to = s->chain;

  to->n = facts->connection.chain_len;
  memcpy(to->certificates, facts->chain, sizeof to->certificates);
  for (size_t i = 0; i < to->n; i++)
    describe(sk_X509_value(chain, (int)i), &to->described[i]);
  to->trust = facts->connection.trust;
  to->openssl_code = trial->error;
  to->trust_text = X509_verify_cert_error_string(trial->error);
  to->trust_depth = trial->depth;
  to->is_host_matched = facts->connection.is_host_matched;
  to->is_on_odd_curve = is_on_odd_curve(sk_X509_value(chain, 0));
  to->anchor = facts->connection.anchor;
  to->n_scts_embedded = n_embedded(sk_X509_value(chain, 0));
}

/* Everything is accepted: it is looked at afterwards. */
static int on_verify(X509_STORE_CTX *ctx, void *arg)
{
  struct state *s = arg;
  struct tinet__ats_evidence evidence = {
      .host = s->h->server_name, .ssl = s->ssl, .has_pins = true};
  struct tinet__ats_facts *facts = tinet__alloc(sizeof *facts);
  STACK_OF(X509) * chain;
  int n;

  if (!facts) {
    X509_STORE_CTX_set_error(ctx, X509_V_ERR_OUT_OF_MEM);
    return 0;
  }
  tinet__ats_verify(ctx, &evidence.trial);
  chain = X509_STORE_CTX_get0_chain(ctx);
  n = chain ? sk_X509_num(chain) : 0;
  evidence.chain = chain;
  evidence.is_added_anchor =
      n > 0 && tinet__authorities_are_added(s->h->authorities,
                                            sk_X509_value(chain, n - 1));
  tinet__ats_facts_read(facts, &evidence);
  if (n > 0)
    keep_chain(s, facts, chain, &evidence.trial);
  s->probe->version = facts->connection.version;
  s->probe->suite = facts->connection.suite;
  tinet__free(facts);
  X509_STORE_CTX_set_error(ctx, X509_V_OK);
  return 1;
}

/* ---- OpenSSL's side ---- */

static int on_client_certificate(SSL *ssl, X509 **cert, EVP_PKEY **key)
{
  struct state *s = SSL_get_app_data(ssl);

  (void)cert;
  (void)key;
  s->probe->asks_client_certificate = true;
  return 0;
}

static int on_timestamps(const CT_POLICY_EVAL_CTX *ctx,
                         const STACK_OF(SCT) * list, void *arg)
{
  (void)ctx;
  (void)list;
  (void)arg;
  return 1; /* only counted */
}

/* Those that refuse nothing: the connection may go on, or just ends. */
static bool is_harmless(int level, int alert)
{
  return alert == SSL3_AD_CLOSE_NOTIFY || alert == TLS1_AD_USER_CANCELLED ||
         alert == TLS1_AD_NO_RENEGOTIATION ||
         (alert == TLS1_AD_UNRECOGNIZED_NAME && level == SSL3_AL_WARNING);
}

static void on_info(const SSL *ssl, int where, int value)
{
  struct state *s = SSL_get_app_data(ssl);

  if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT && s->probe->alert < 0 &&
      !is_harmless(value >> 8, value & 0xff))
    s->probe->alert = value & 0xff;
}

static bool set_offer(SSL_CTX *ctx, const struct tinet__offer *offer)
{
  static const unsigned char alpn[] = "\x02h2\x08http/1.1";

  SSL_CTX_set_security_level(ctx, 0);
  (void)SSL_CTX_set_options(ctx,
                            SSL_OP_NO_TICKET | SSL_OP_LEGACY_SERVER_CONNECT);
  (void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  return SSL_CTX_set_min_proto_version(ctx, (int)offer->min) == 1 &&
         SSL_CTX_set_max_proto_version(ctx, (int)offer->max) == 1 &&
         SSL_CTX_set1_groups_list(ctx, offer->is_for_all ? ALL_GROUPS
                                                         : GROUPS) == 1 &&
         (!offer->is_for_all ||
          SSL_CTX_set_ciphersuites(ctx, ALL_TLS13) == 1) &&
         (!offer->ciphers ||
          SSL_CTX_set_cipher_list(ctx, offer->ciphers) == 1) &&
         SSL_CTX_set_alpn_protos(ctx, alpn, sizeof alpn - 1) == 0 &&
         SSL_CTX_set_ct_validation_callback(ctx, on_timestamps, NULL) == 1;
}

static SSL_CTX *make_context(const struct tinet__handshake *h, struct state *s)
{
  SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

  if (!ctx)
    return NULL;
  if (!set_offer(ctx, h->offer)) {
    SSL_CTX_free(ctx);
    return NULL;
  }
  SSL_CTX_set1_cert_store(ctx, tinet__authorities_store(h->authorities));
  SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
  SSL_CTX_set_cert_verify_callback(ctx, on_verify, s);
  SSL_CTX_set_client_cert_cb(ctx, on_client_certificate);
  SSL_CTX_set_info_callback(ctx, on_info);
  return ctx;
}

static bool is_address(const char *host)
{
  ASN1_OCTET_STRING *bytes = a2i_IPADDRESS(host);

  ASN1_OCTET_STRING_free(bytes);
  return bytes != NULL;
}

/* ---- how it ends ---- */

static void fail(tinet_ats_probe *probe, int code, const char *fmt, ...)
    TINET_PRINTF(3, 4);

static void fail(tinet_ats_probe *probe, int code, const char *fmt, ...)
{
  va_list args;

  probe->code = code;
  va_start(args, fmt);
  (void)vsnprintf(probe->text, sizeof probe->text, fmt, args);
  va_end(args);
}

/* It is TLS that the server speaks, but something else of it. */
static void explain_refusal(tinet_ats_probe *probe)
{
  if (probe->alert >= 0)
    fail(probe, TINET_ETLS, "the server sent the alert \"%s\" (%d)",
         SSL_alert_desc_string_long(probe->alert), probe->alert);
  else
    fail(probe, TINET_ETLS, "the server answers with another version of TLS");
}

static bool is_refusal(const tinet_ats_probe *probe, int reason)
{
  return probe->alert >= 0 || reason == SSL_R_UNSUPPORTED_PROTOCOL ||
         reason == SSL_R_UNKNOWN_PROTOCOL ||
         reason == SSL_R_WRONG_SSL_VERSION ||
         reason == SSL_R_WRONG_VERSION_NUMBER;
}

static void explain_other(struct state *s, int ssl_error, int reason)
{
  const char *text = reason ? ERR_reason_error_string(ERR_peek_error()) : NULL;

  if (s->input.is_endless)
    fail(s->probe, TINET_EPROTOCOL, "the server sends without end");
  else if (ssl_error == SSL_ERROR_SYSCALL ||
           ssl_error == SSL_ERROR_ZERO_RETURN ||
           reason == SSL_R_UNEXPECTED_EOF_WHILE_READING)
    fail(s->probe, TINET_ECLOSED,
         "the connection was closed in the middle of the handshake");
  else
    fail(s->probe, TINET_EPROTOCOL, "the server's handshake is broken: %s",
         text ? text : "no reason is known");
}

static void explain_failure(struct state *s, int ssl_error)
{
  tinet_ats_probe *probe = s->probe;
  int reason = ERR_GET_REASON(ERR_peek_error());

  (void)tinet__tls_input_look(&s->input);
  if (s->input.is_other) {
    probe->is_other_protocol = true;
    fail(probe, TINET_EPROTOCOL, "%s", s->input.text);
  } else if (reason == SSL_R_NO_PROTOCOLS_AVAILABLE ||
             reason == SSL_R_NO_CIPHERS_AVAILABLE) {
    fail(probe, TINET_EUNSUPPORTED,
         "this machine's OpenSSL has nothing of what is offered");
  } else if (is_refusal(probe, reason)) {
    explain_refusal(probe);
  } else {
    explain_other(s, ssl_error, reason);
  }
}

/* A server that wants a certificate has shown all that matters before. */
static bool has_shown_enough(const struct state *s)
{
  return s->probe->asks_client_certificate && s->chain->n > 0;
}

static void note_name(const char *name, char *to, size_t size)
{
  copy(to, size, name ? name : "");
}

static void note_success(struct state *s)
{
  tinet_ats_probe *probe = s->probe;
  const SSL_CIPHER *cipher = SSL_get_current_cipher(s->ssl);
  const STACK_OF(SCT) *list = SSL_get0_peer_scts(s->ssl);
  const unsigned char *alpn = NULL;
  unsigned len = 0;

  probe->version = (unsigned)SSL_version(s->ssl);
  if (cipher)
    probe->suite = SSL_CIPHER_get_protocol_id(cipher);
  probe->has_extended_master_secret =
      probe->version >= TLS1_3_VERSION || SSL_get_extms_support(s->ssl) == 1;
  note_name(SSL_group_to_name(s->ssl, SSL_get_negotiated_group(s->ssl)),
            probe->group, sizeof probe->group);
  SSL_get0_alpn_selected(s->ssl, &alpn, &len);
  if (len < sizeof probe->alpn)
    (void)snprintf(probe->alpn, sizeof probe->alpn, "%.*s", (int)len, alpn);
  for (int i = 0; list && i < sk_SCT_num(list); i++) {
    sct_source_t source = SCT_get_source(sk_SCT_value(list, i));

    s->chain->n_scts_tls += source == SCT_SOURCE_TLS_EXTENSION;
    s->chain->n_scts_ocsp += source == SCT_SOURCE_OCSP_STAPLED_RESPONSE;
  }
}

/* True once it is over, for better or worse. */
static bool step(struct state *s)
{
  int n, error;

  ERR_clear_error();
  n = SSL_connect(s->ssl);
  if (n == 1) {
    note_success(s);
    return true;
  }
  error = SSL_get_error(s->ssl, n);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
    if (tinet__probe_wait(s->h->fd,
                          error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT,
                          s->h->deadline_us) < 0) {
      fail(s->probe, TINET_ETIMEDOUT, "the server stalls in the handshake");
      return true;
    }
    return false;
  }
  if (has_shown_enough(s))
    note_success(s);
  else
    explain_failure(s, error);
  return true;
}

static void run(struct state *s)
{
  while (!step(s))
    ;
  (void)SSL_shutdown(s->ssl);
  ERR_clear_error();
}

int tinet__probe_handshake(const struct tinet__handshake *h,
                           tinet_ats_probe *probe, tinet_ats_chain *chain)
{
  struct state s = {.h = h, .probe = probe, .chain = chain};
  SSL_CTX *ctx = make_context(h, &s);
  const char *name;

  memset(chain, 0, sizeof *chain);
  if (!ctx) {
    ERR_clear_error();
    fail(probe, TINET_EUNSUPPORTED,
         "this machine's OpenSSL has nothing of what is offered");
    return TINET_OK;
  }
  s.ssl = SSL_new(ctx);
  SSL_CTX_free(ctx);
  if (!s.ssl)
    return TINET_ENOMEM;
  SSL_set_app_data(s.ssl, &s);
  s.input.fd = h->fd;
  if (SSL_set_fd(s.ssl, h->fd) == 1 &&
      (is_address(h->server_name) ||
       SSL_set_tlsext_host_name(s.ssl, h->server_name) == 1)) {
    tinet__tls_input_watch(SSL_get_rbio(s.ssl), &s.input);
    run(&s);
  } else
    fail(probe, TINET_EINVAL, "no host name that TLS could carry");
  name = tinet_ats_suite_name(probe->suite);
  if (!name && SSL_get_current_cipher(s.ssl))
    name = SSL_CIPHER_standard_name(SSL_get_current_cipher(s.ssl));
  note_name(name, probe->suite_name, sizeof probe->suite_name);
  SSL_free(s.ssl);
  return TINET_OK;
}
