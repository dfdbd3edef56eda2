/* tls_client.c - the client's side: whom it asks for and what it believes.
 *
 * Chain, name and validity are checked by OpenSSL; then the trust has its say
 * (pins, the application's verifier).  A connection has a context of its own,
 * because authorities and client certificate depend on the host.
 */
#include "tls_private.h"

#include "../core/alloc.h"
#include "../core/error.h"
#include "../core/idna.h"
#include "../trust/failure.h"
#include "../trust/trust.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#define CERTIFICATE_LEVEL 2 /* no key below 112 bits of security, no SHA-1 */

static void free_tlsp(struct tinet__tls **tls)
{
  tinet__tls_free(*tls);
}

void tinet_tls_client_options_init(tinet_tls_client_options *opt)
{
  *opt = (tinet_tls_client_options){.struct_size = sizeof *opt};
}

int tinet__tls_alpn(const char *const *names, size_t n,
                    unsigned char **ret_wire, size_t *ret_len)
{
  unsigned char *wire;
  size_t len = 0;

  for (size_t i = 0; i < n; i++) {
    size_t one = names[i] ? strlen(names[i]) : 0;

    if (one == 0 || one > 255 || len > 65535 - 256)
      return TINET_EINVAL;
    len += 1 + one;
  }
  wire = tinet__alloc(len + 1);
  if (!wire)
    return TINET_ENOMEM;
  len = 0;
  for (size_t i = 0; i < n; i++) {
    size_t one = strlen(names[i]);

    wire[len] = (unsigned char)one;
    memcpy(wire + len + 1, names[i], one);
    len += 1 + one;
  }
  *ret_wire = wire;
  *ret_len = len;
  return TINET_OK;
}

/* ---- the verdict ---- */

static bool expect_host(const struct tinet__tls *tls, X509_STORE_CTX *ctx)
{
  X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);

  if (X509_VERIFY_PARAM_get_auth_level(param) < CERTIFICATE_LEVEL)
    X509_VERIFY_PARAM_set_auth_level(param, CERTIFICATE_LEVEL);
  if (tls->is_address)
    return X509_VERIFY_PARAM_set1_ip_asc(param, tls->host) == 1;
  X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return X509_VERIFY_PARAM_set1_host(param, tls->host, 0) == 1;
}

static int on_verify(X509_STORE_CTX *ctx, void *arg)
{
  struct tinet__tls *tls = arg;
  tinet_tls_failure *story = tinet__zalloc(sizeof *story);

  if (!story || !expect_host(tls, ctx)) {
    tinet__free(story);
    X509_STORE_CTX_set_error(ctx, X509_V_ERR_OUT_OF_MEM);
    return 0;
  }
  if (X509_verify_cert(ctx) != 1) {
    tinet__tls_failure_of_chain(story, tls->host, ctx);
    tls->failure = story;
    return 0;
  }
  if (!tls->trust || tinet__trust_judge(tls->trust, tls->host, ctx, story,
                                        &tls->error) == TINET_OK) {
    tinet__free(story);
    return 1;
  }
  tls->failure = story;
  X509_STORE_CTX_set_error(ctx, X509_V_ERR_APPLICATION_VERIFICATION);
  return 0;
}

/* ---- setting up ---- */

/* The name to be verified: an address without its interface, or a name in its
 * ASCII form without the last dot. */
static int set_host(struct tinet__tls *tls, const char *host, tinet_error *err)
{
  char text[TINET_ENDPOINT_TEXT_MAX];
  tinet_endpoint e;
  size_t len;

  tls->is_address = tinet_endpoint_parse(host, 0, &e) == TINET_OK;
  if (tls->is_address) {
    e.interface_index = 0;
    tinet_endpoint_text(&e, text);
    tls->host = tinet__strdup(text);
    return tls->host ? TINET_OK : TINET_ENOMEM;
  }
  for (const char *p = host; *p; p++) {
    if ((unsigned char)*p < 0x80)
      continue;
    return tinet__idna_to_ascii(host, &tls->host, err);
  }
  len = strlen(host);
  if (len > 1 && host[len - 1] == '.')
    len--;
  tls->host = tinet__strndup(host, len);
  return tls->host ? TINET_OK : TINET_ENOMEM;
}

static int set_authorities(SSL_CTX *ctx, const char *ca_file, tinet_error *err)
{
  int rc = ca_file ? SSL_CTX_load_verify_file(ctx, ca_file)
                   : SSL_CTX_set_default_verify_paths(ctx);

  if (rc == 1)
    return TINET_OK;
  return tinet__tls_queue_error(err, ca_file ? TINET_EFILE : TINET_ETLS,
                                ca_file ? ca_file : "the system's store");
}

static int set_alpn(SSL *ssl, const tinet_tls_client_options *opt)
{
  unsigned char *wire = NULL;
  size_t len = 0;
  int rc;

  if (opt->n_alpn == 0)
    return TINET_OK;
  rc = tinet__tls_alpn(opt->alpn, opt->n_alpn, &wire, &len);
  if (rc < 0)
    return rc;
  rc = SSL_set_alpn_protos(ssl, wire, (unsigned)len);
  tinet__free(wire);
  return rc == 0 ? TINET_OK : TINET_ENOMEM;
}

static int set_up(struct tinet__tls *tls, SSL_CTX *ctx,
                  const tinet_tls_client_options *opt, tinet_error *err)
{
  int rc = set_alpn(tls->ssl, opt);

  if (rc < 0)
    return rc;
  if (!tls->is_address && SSL_set_tlsext_host_name(tls->ssl, tls->host) != 1)
    return tinet__tls_queue_error(err, TINET_EURL, tls->host);
  if (opt->is_unverified)
    return TINET_OK;
  SSL_CTX_set_cert_verify_callback(ctx, on_verify, tls);
  SSL_set_verify(tls->ssl, SSL_VERIFY_PEER, NULL);
  return TINET_OK;
}

static int set_context(SSL_CTX *ctx, const tinet_tls_client_options *opt,
                       const char *host, tinet_error *err)
{
  int rc;

  if (!opt->is_unverified) {
    rc = set_authorities(ctx, opt->ca_file, err);
    if (rc < 0)
      return rc;
  }
  if (!opt->trust)
    return TINET_OK;
  tinet__trust_seal(opt->trust);
  return tinet__trust_apply(opt->trust, host, ctx);
}

static int make(const tinet_tls_client_options *opt, const char *host,
                SSL_CTX *ctx, struct tinet__tls **ret_tls, tinet_error *err)
{
  TINET_CLEANUP(free_tlsp) struct tinet__tls *made = NULL;
  struct tinet__tls name = {0};
  int rc = set_host(&name, host, err);

  if (rc < 0)
    return rc;
  rc = set_context(ctx, opt, name.host, err);
  if (rc == TINET_OK) /* only now: a connection copies its context */
    rc = tinet__tls_new(ctx, false, &made);
  if (rc < 0 || !made) {
    tinet__free(name.host);
    return rc;
  }
  made->host = name.host;
  made->is_address = name.is_address;
  made->trust = opt->trust ? tinet_trust_ref(opt->trust) : NULL;
  rc = set_up(made, ctx, opt, err);
  if (rc < 0)
    return rc;
  *ret_tls = TINET_TAKE(made);
  return TINET_OK;
}

int tinet__tls_client_new(const tinet_tls_client_options *opt, const char *host,
                          struct tinet__tls **ret_tls, tinet_error *err)
{
  const char *name = opt->server_name ? opt->server_name : host;
  SSL_CTX *ctx;
  int rc;

  if (opt->struct_size != sizeof *opt || !name || !*name ||
      (opt->n_alpn > 0 && !opt->alpn))
    return TINET_EINVAL;
  ctx = tinet__tls_context(false);
  if (!ctx) {
    ERR_clear_error();
    return TINET_ENOMEM;
  }
  rc = make(opt, name, ctx, ret_tls, err);
  SSL_CTX_free(ctx); /* the connection has its own reference */
  return rc;
}
