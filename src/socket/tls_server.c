/* tls_server.c - the server's side: one context for all of a listener. */
#include "tls_private.h"

#include "../core/alloc.h"
#include "../core/error.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

#define HANDSHAKE_TIMEOUT_MS 10000 /* a peer that connects and says nothing */

static void free_serverp(struct tinet__tls_server **server)
{
  tinet__tls_server_free(*server);
}

void tinet_tls_server_options_init(tinet_tls_server_options *opt)
{
  *opt = (tinet_tls_server_options){
      .struct_size = sizeof *opt, .handshake_timeout_ms = HANDSHAKE_TIMEOUT_MS};
}

void tinet__tls_server_free(struct tinet__tls_server *server)
{
  if (!server || --server->n_refs > 0)
    return;
  SSL_CTX_free(server->ctx);
  tinet__free(server->alpn);
  tinet__free(server);
}

uint32_t tinet__tls_server_timeout_ms(const struct tinet__tls_server *server)
{
  return server->handshake_timeout_ms;
}

/* Without it OpenSSL would ask at the terminal. */
static int on_password(char *buf, int size, int is_writing, void *arg)
{
  const char *password = arg;
  size_t len = password ? strlen(password) : 0;

  (void)is_writing;
  if (len == 0 || len >= (size_t)size)
    return -1;
  (void)snprintf(buf, (size_t)size, "%s", password);
  return (int)len;
}

static int read_chain(SSL_CTX *ctx, BIO *pem, tinet_error *err)
{
  X509 *cert = PEM_read_bio_X509_AUX(pem, NULL, on_password, NULL);
  int rc = cert ? SSL_CTX_use_certificate(ctx, cert) : 0;

  X509_free(cert);
  if (rc != 1)
    return tinet__tls_queue_error(err, TINET_ETLS, "certificate");
  while ((cert = PEM_read_bio_X509(pem, NULL, on_password, NULL))) {
    rc = SSL_CTX_add1_chain_cert(ctx, cert);
    X509_free(cert);
    if (rc != 1)
      return tinet__tls_queue_error(err, TINET_ETLS, "certificate chain");
  }
  ERR_clear_error(); /* "no more" is how the list ends */
  return TINET_OK;
}

static int read_key(SSL_CTX *ctx, BIO *pem, const char *password,
                    tinet_error *err)
{
  EVP_PKEY *key = PEM_read_bio_PrivateKey(pem, NULL, on_password,
                                          (void *)(uintptr_t)password);
  int rc = key ? SSL_CTX_use_PrivateKey(ctx, key) : 0;

  EVP_PKEY_free(key);
  if (rc != 1 || SSL_CTX_check_private_key(ctx) != 1)
    return tinet__tls_queue_error(err, TINET_ETLS, "key");
  return TINET_OK;
}

static int read_client_ca(SSL_CTX *ctx, BIO *pem, tinet_error *err)
{
  X509_STORE *store = SSL_CTX_get_cert_store(ctx);
  int n = 0;
  X509 *cert;

  while ((cert = PEM_read_bio_X509(pem, NULL, on_password, NULL))) {
    int rc = X509_STORE_add_cert(store, cert) == 1 &&
             SSL_CTX_add_client_CA(ctx, cert) == 1;

    X509_free(cert);
    if (!rc)
      return tinet__tls_queue_error(err, TINET_ETLS, "client authorities");
    n++;
  }
  if (n == 0)
    return tinet__tls_queue_error(err, TINET_ETLS, "client authorities");
  ERR_clear_error();
  return TINET_OK;
}

/* Borrows the text; NULL: too long, or no memory. */
static BIO *text_of(const void *data, size_t len)
{
  BIO *bio = data && len <= INT32_MAX ? BIO_new_mem_buf(data, (int)len) : NULL;

  if (!bio)
    ERR_clear_error();
  return bio;
}

static int set_identity(SSL_CTX *ctx, const tinet_tls_server_options *opt,
                        tinet_error *err)
{
  BIO *cert = text_of(opt->certificate, opt->certificate_len);
  BIO *key = text_of(opt->key, opt->key_len);
  int rc = cert && key ? read_chain(ctx, cert, err) : TINET_ENOMEM;

  if (rc == TINET_OK)
    rc = read_key(ctx, key, opt->password, err);
  BIO_free(cert);
  BIO_free(key);
  return rc;
}

static int set_client_auth(SSL_CTX *ctx, const tinet_tls_server_options *opt,
                           tinet_error *err)
{
  static const unsigned char id[] = "tinet";
  int mode = SSL_VERIFY_PEER;
  BIO *pem;
  int rc;

  if (opt->client_auth == TINET_CLIENT_AUTH_NONE)
    return TINET_OK;
  if (opt->client_auth == TINET_CLIENT_AUTH_REQUIRED)
    mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
  SSL_CTX_set_verify(ctx, mode, NULL);
  (void)SSL_CTX_set_session_id_context(ctx, id, sizeof id - 1);
  pem = text_of(opt->client_ca, opt->client_ca_len);
  rc = pem ? read_client_ca(ctx, pem, err) : TINET_ENOMEM;
  BIO_free(pem);
  return rc;
}

/* The first of ours that the client understands too.  NOLINTNEXTLINE: as
 * OpenSSL calls it. */
static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                   const unsigned char *in, unsigned in_len, void *arg)
{
  struct tinet__tls_server *server = arg;
  unsigned char *chosen = NULL;

  (void)ssl;
  if (SSL_select_next_proto(&chosen, out_len, server->alpn,
                            (unsigned)server->alpn_len, in,
                            in_len) != OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL; /* rfc: 7301 3.2 */
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

static int set_up(struct tinet__tls_server *server,
                  const tinet_tls_server_options *opt, tinet_error *err)
{
  int rc = set_identity(server->ctx, opt, err);

  if (rc == TINET_OK)
    rc = set_client_auth(server->ctx, opt, err);
  if (rc < 0 || opt->n_alpn == 0)
    return rc;
  rc =
      tinet__tls_alpn(opt->alpn, opt->n_alpn, &server->alpn, &server->alpn_len);
  if (rc < 0)
    return rc;
  SSL_CTX_set_alpn_select_cb(server->ctx, on_alpn, server);
  return TINET_OK;
}

static int check(const tinet_tls_server_options *opt)
{
  if (opt->struct_size != sizeof *opt || !opt->certificate || !opt->key ||
      (opt->n_alpn > 0 && !opt->alpn) ||
      (unsigned)opt->client_auth > TINET_CLIENT_AUTH_REQUIRED)
    return TINET_EINVAL;
  if (opt->client_auth != TINET_CLIENT_AUTH_NONE && !opt->client_ca)
    return TINET_EINVAL;
  return TINET_OK;
}

int tinet__tls_server_new(const tinet_tls_server_options *opt,
                          struct tinet__tls_server **ret_server,
                          tinet_error *err)
{
  TINET_CLEANUP(free_serverp) struct tinet__tls_server *server = NULL;
  int rc = check(opt);

  if (rc < 0)
    return rc;
  server = tinet__zalloc(sizeof *server);
  if (!server)
    return TINET_ENOMEM;
  server->n_refs = 1;
  server->handshake_timeout_ms = opt->handshake_timeout_ms;
  server->ctx = tinet__tls_context(true);
  if (!server->ctx) {
    ERR_clear_error();
    return TINET_ENOMEM;
  }
  rc = set_up(server, opt, err);
  if (rc < 0)
    return rc;
  *ret_server = TINET_TAKE(server);
  return TINET_OK;
}

int tinet__tls_accepted_new(struct tinet__tls_server *server,
                            struct tinet__tls **ret_tls)
{
  int rc = tinet__tls_new(server->ctx, true, ret_tls);

  if (rc < 0)
    return rc;
  server->n_refs++;
  (*ret_tls)->server = server;
  return TINET_OK;
}
