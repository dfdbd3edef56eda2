/* tls_facts.c - version and cipher of a TLS session, and the words for what is
 * wrong with a certificate.
 */
#include "tls_facts.h"

#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

void tinet__tls_facts(void *ssl, struct tinet__conn_facts *facts)
{
  facts->is_tls = true;
  facts->ssl = ssl;
  if (ssl == NULL)
    return;
  facts->tls_version = SSL_get_version(ssl);
  facts->tls_cipher = SSL_get_cipher_name(ssl);
}

/* NOLINTNEXTLINE(readability-function-size): as OpenSSL calls it */
static void on_message(int is_sent, int version, int type, const void *data,
                       size_t len, SSL *ssl, void *arg)
{
  struct tinet__tls_meter *meter = arg;

  (void)version;
  (void)data;
  (void)len;
  if (is_sent || type != SSL3_RT_HEADER)
    return;
  if (++meter->n_records >= meter->max)
    SSL_set_shutdown(ssl, SSL_get_shutdown(ssl) | SSL_RECEIVED_SHUTDOWN);
}

void tinet__tls_measure(void *ssl_ctx, struct tinet__tls_meter *meter)
{
  SSL_CTX_set_msg_callback(ssl_ctx, on_message);
  SSL_CTX_set_msg_callback_arg(ssl_ctx, meter);
}

long tinet__tls_hostname_mismatch(void)
{
  return X509_V_ERR_HOSTNAME_MISMATCH;
}

const char *tinet__tls_verify_text(long number)
{
  return X509_verify_cert_error_string(number);
}
