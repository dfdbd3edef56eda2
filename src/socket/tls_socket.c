/* tls_socket.c - TLS on a stream: the handshake, records, the farewell. */
#include "tls_private.h"

#include "../core/alloc.h"
#include "../core/error.h"
#include "../trust/failure.h"

#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <string.h>

int tinet__tls_queue_error(tinet_error *err, int code, const char *what)
{
  unsigned long number = ERR_peek_last_error();
  const char *reason = ERR_reason_error_string(number);

  ERR_clear_error();
  return tinet__error_set(err, code, TINET_ORIGIN_TLS, ERR_GET_REASON(number),
                          "%s: %s", what,
                          reason ? reason : tinet_error_text(code));
}

SSL_CTX *tinet__tls_context(bool is_server)
{
  SSL_CTX *ctx =
      SSL_CTX_new(is_server ? TLS_server_method() : TLS_client_method());

  if (!ctx)
    return NULL;
  (void)SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION); /* it is known */
  (void)SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(ctx, 1); /* one recv for a record, not two */
  (void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  (void)SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION);
  return ctx;
}

/* NOLINTNEXTLINE(readability-function-size): as OpenSSL calls it */
static void on_message(int is_sent, int version, int type, const void *data,
                       size_t len, SSL *ssl, void *arg)
{
  struct tinet__tls *tls = arg;

  (void)version;
  (void)ssl;
  tinet__tls_trouble_note(&tls->trouble, is_sent, type, data, len);
}

int tinet__tls_new(SSL_CTX *ctx, bool is_server, struct tinet__tls **ret_tls)
{
  struct tinet__tls *tls = tinet__zalloc(sizeof *tls);
  BIO *bio = NULL;

  if (!tls)
    return TINET_ENOMEM;
  tls->fd = -1;
  tls->is_server = is_server;
  tls->trouble = (struct tinet__tls_trouble)TINET__TLS_TROUBLE_INIT;
  tls->ssl = SSL_new(ctx);
  if (tls->ssl)
    bio = tinet__tls_bio(tls);
  if (!bio) {
    ERR_clear_error();
    tinet__tls_free(tls);
    return TINET_ENOMEM;
  }
  SSL_set_bio(tls->ssl, bio, bio);
  SSL_set_msg_callback(tls->ssl, on_message);
  SSL_set_msg_callback_arg(tls->ssl, tls);
  if (is_server)
    SSL_set_accept_state(tls->ssl);
  else
    SSL_set_connect_state(tls->ssl);
  *ret_tls = tls;
  return TINET_OK;
}

void tinet__tls_free(struct tinet__tls *tls)
{
  if (!tls)
    return;
  SSL_free(tls->ssl);
  tinet_trust_unref(tls->trust);
  tinet__tls_server_free(tls->server);
  tinet__free(tls->host);
  tinet__free(tls->failure);
  tinet__free(tls);
}

/* ---- what a call of OpenSSL has come to ---- */

/* The peer's alert, if there was one, says more than OpenSSL's queue. */
static void note_failure(struct tinet__tls *tls)
{
  const char *what = tls->host ? tls->host : "the client";

  if (tls->error.code != 0) {
    ERR_clear_error(); /* the trust has said why */
    return;
  }
  if (!tls->failure && !tls->is_server && tls->trouble.alert_received >= 0)
    tls->failure = tinet__zalloc(sizeof *tls->failure);
  if (tls->failure && tls->failure->reason == TINET_TLS_REASON_NONE)
    tinet__tls_failure_of_trouble(tls->failure, what, &tls->trouble);
  if (tls->failure && tls->failure->reason == TINET_TLS_REASON_HANDSHAKE) {
    ERR_clear_error();
    (void)tinet__error_set(
        &tls->error, TINET_ETLS, TINET_ORIGIN_TLS, tls->trouble.alert_received,
        "%s says: %s", what,
        SSL_alert_desc_string_long(tls->trouble.alert_received));
  } else if (tls->failure) {
    ERR_clear_error();
    (void)tinet__tls_failure_error(tls->failure, &tls->error);
  } else if (tls->is_eof) {
    ERR_clear_error();
    (void)tinet__error_set(&tls->error,
                           tls->is_open ? TINET_ECLOSED : TINET_ETLS,
                           TINET_ORIGIN_TLS, SSL_R_UNEXPECTED_EOF_WHILE_READING,
                           "%s has ended without closing TLS", what);
  } else {
    (void)tinet__tls_queue_error(
        &tls->error, tls->is_open ? TINET_EPROTOCOL : TINET_ETLS, what);
  }
}

/* As the header says, for a call that returned `rc` <= 0. */
static int verdict(struct tinet__tls *tls, int rc)
{
  int error = SSL_get_error(tls->ssl, rc);

  tls->wants_write = error == SSL_ERROR_WANT_WRITE;
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
    return -EAGAIN;
  if (error == SSL_ERROR_ZERO_RETURN)
    return 0;
  if (tls->io_errno != 0 && !tls->failure && tls->error.code == 0) {
    ERR_clear_error();
    return -tls->io_errno;
  }
  note_failure(tls);
  return -EPROTO;
}

static void begin(struct tinet__tls *tls)
{
  ERR_clear_error();
  tls->io_errno = 0;
  tls->wants_write = false;
}

static void note_peer(struct tinet__tls *tls)
{
  const unsigned char *alpn = NULL;
  unsigned len = 0;
  X509 *cert = SSL_get0_peer_certificate(tls->ssl);
  BIO *text;
  int n;

  SSL_get0_alpn_selected(tls->ssl, &alpn, &len);
  if (len < sizeof tls->alpn && len > 0)
    memcpy(tls->alpn, alpn, len);
  text = cert ? BIO_new(BIO_s_mem()) : NULL;
  if (!text)
    return;
  (void)X509_NAME_print_ex(text, X509_get_subject_name(cert), 0,
                           XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
  n = BIO_read(text, tls->subject, (int)sizeof tls->subject - 1);
  tls->subject[n > 0 ? n : 0] = 0;
  BIO_free(text);
}

int tinet__tls_handshake(struct tinet__tls *tls, int fd)
{
  int rc;

  begin(tls);
  tls->fd = fd;
  rc = SSL_do_handshake(tls->ssl);
  if (rc == 1) {
    note_peer(tls);
    tls->is_open = true;
    return 0;
  }
  rc = verdict(tls, rc);
  return rc == 0 ? -ECONNRESET : rc;
}

ssize_t tinet__tls_recv(struct tinet__tls *tls, void *buf, size_t len)
{
  int rc;

  begin(tls);
  rc = SSL_read(tls->ssl, buf, len > INT_MAX ? INT_MAX : (int)len);
  return rc > 0 ? rc : verdict(tls, rc);
}

ssize_t tinet__tls_send(struct tinet__tls *tls, const void *data, size_t len)
{
  int rc;

  begin(tls);
  rc = SSL_write(tls->ssl, data, len > INT_MAX ? INT_MAX : (int)len);
  if (rc > 0)
    return rc;
  rc = verdict(tls, rc);
  return rc == 0 ? -EPIPE : rc;
}

int tinet__tls_shutdown(struct tinet__tls *tls)
{
  int rc;

  begin(tls);
  rc = SSL_shutdown(tls->ssl);
  if (rc < 0 && SSL_get_error(tls->ssl, rc) == SSL_ERROR_WANT_WRITE)
    return -EAGAIN;
  ERR_clear_error(); /* a connection that is lost needs no farewell */
  return 0;
}

bool tinet__tls_wants_write(const struct tinet__tls *tls)
{
  return tls->wants_write;
}

bool tinet__tls_has_pending(const struct tinet__tls *tls)
{
  return SSL_has_pending(tls->ssl) != 0;
}

const tinet_error *tinet__tls_error(const struct tinet__tls *tls)
{
  return tls->error.code != 0 ? &tls->error : NULL;
}

const tinet_tls_failure *tinet__tls_failure(const struct tinet__tls *tls)
{
  return tls->failure;
}

void tinet__tls_info(const struct tinet__tls *tls, tinet_tls_info *ret_info)
{
  const char *name = SSL_get_servername(tls->ssl, TLSEXT_NAMETYPE_host_name);

  ret_info->version = SSL_get_version(tls->ssl);
  ret_info->cipher = SSL_get_cipher_name(tls->ssl);
  ret_info->alpn = tls->alpn;
  ret_info->server_name = name ? name : "";
  ret_info->peer_subject = tls->subject;
}
