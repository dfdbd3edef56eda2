/* tls_verify.c - chain, name, pins and the application's verdict, all within
 * the handshake.
 *
 * A connection that does not satisfy its check never completes its handshake,
 * so it leaves no session behind that another could resume.
 *
 * In TLS 1.3 a rejected client certificate is heard of only after it.
 */
#include "tls_verify.h"
#include "tls_staple.h"

#include "../core/alloc.h"
#include "../core/error.h"
#include "../trust/failure.h"
#include "../trust/trust.h"

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <string.h>

/* Keys and hashes of certificates are judged as Debian does, also where an old
 * protocol version needs a lower level. */
#define CERTIFICATE_LEVEL 2

struct tinet__tls_check {
  unsigned n_refs;
  char *host; /* owned */
  bool is_address;
  bool is_proxy;
  tinet_trust *trust; /* owned reference; NULL = none */
  bool validates;
  struct tinet__tls_ats ats;  /* its policy is an owned reference */
  tinet_ats_verdict *verdict; /* owned; NULL = not denied by it */
  struct tinet__tls_meter *meter;
  tinet_tls_failure *failure; /* owned; NULL = none yet */
  tinet_error error;
  struct tinet__tls_trouble trouble;
  int (*keep_session)(SSL *ssl, SSL_SESSION *session); /* curl's; or NULL */
};

void tinet__tls_check_unref(struct tinet__tls_check *check)
{
  if (!check || --check->n_refs > 0)
    return;
  tinet_trust_unref(check->trust);
  tinet_ats_policy_unref(check->ats.policy);
  tinet__free(check->verdict);
  tinet__free(check->failure);
  tinet__free(check->host);
  tinet__free(check);
}

/* ---- the SSL_CTX's reference ---- */

static pthread_once_t index_once = PTHREAD_ONCE_INIT;
static int ctx_index = -1;

static void on_ctx_free(void *parent, void *ptr, CRYPTO_EX_DATA *data,
                        int index, long argl, void *argp)
{
  (void)parent;
  (void)data;
  (void)index;
  (void)argl;
  (void)argp;
  tinet__tls_check_unref(ptr);
}

static void make_index(void)
{
  ctx_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, on_ctx_free);
}

/* ---- what OpenSSL tells ---- */

/* NOLINTNEXTLINE(readability-function-size): as OpenSSL calls it */
static void on_message(int is_sent, int version, int type, const void *data,
                       size_t len, SSL *ssl, void *arg)
{
  struct tinet__tls_check *check = arg;

  (void)version;
  tinet__tls_trouble_note(&check->trouble, is_sent, type, data, len);
  if (is_sent || type != SSL3_RT_HEADER)
    return;
  if (++check->meter->n_records >= check->meter->max)
    SSL_set_shutdown(ssl, SSL_get_shutdown(ssl) | SSL_RECEIVED_SHUTDOWN);
}

/* OpenSSL makes a session useless if its connection ends without a close_notify
 * of ours, as those of HTTP/2 do when the server has said goodbye.  That rule
 * is of TLS 1.0 (rfc: 4346 7.2.1), so curl keeps a copy. */
static int on_session(SSL *ssl, SSL_SESSION *session)
{
  struct tinet__tls_check *check =
      SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), ctx_index);
  SSL_SESSION *copy = SSL_SESSION_dup(session);

  if (copy && check->keep_session(ssl, copy) != 1)
    SSL_SESSION_free(copy);
  return 0; /* the original is nobody's */
}

static void keep_copies(struct tinet__tls_check *check, SSL_CTX *ctx)
{
  check->keep_session = SSL_CTX_sess_get_new_cb(ctx);
  if (check->keep_session)
    SSL_CTX_sess_set_new_cb(ctx, on_session);
}

static tinet_tls_failure *own_failure(struct tinet__tls_check *check)
{
  if (!check->failure)
    check->failure = tinet__zalloc(sizeof *check->failure);
  return check->failure;
}

static bool expect_host(const struct tinet__tls_check *check,
                        X509_STORE_CTX *ctx)
{
  X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);

  if (X509_VERIFY_PARAM_get_auth_level(param) < CERTIFICATE_LEVEL)
    X509_VERIFY_PARAM_set_auth_level(param, CERTIFICATE_LEVEL);
  if (check->is_proxy) /* curl compares that name */
    return true;
  if (check->is_address)
    return X509_VERIFY_PARAM_set1_ip_asc(param, check->host) == 1;
  X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return X509_VERIFY_PARAM_set1_host(param, check->host, 0) == 1;
}

static int refuse(struct tinet__tls_check *check, X509_STORE_CTX *ctx)
{
  if (own_failure(check))
    tinet__tls_failure_of_chain(check->failure, check->host, ctx);
  return 0;
}

/* As OpenSSL and Debian do it. */
static int verify(struct tinet__tls_check *check, X509_STORE_CTX *ctx)
{
  if (!expect_host(check, ctx)) {
    X509_STORE_CTX_set_error(ctx, X509_V_ERR_OUT_OF_MEM);
    return 0;
  }
  return X509_verify_cert(ctx) == 1 ? 1 : refuse(check, ctx);
}

static int ask_policy(struct tinet__tls_check *check, X509_STORE_CTX *ctx)
{
  int err;

  if (!check->ats.policy)
    return 1;
  tinet__free(check->verdict);
  check->verdict = NULL;
  err = tinet__tls_ats_judge(&check->ats, check->host, ctx, &check->verdict);
  if (err == TINET_OK)
    return 1;
  if (err == TINET_EPOLICY)
    return refuse(check, ctx);
  X509_STORE_CTX_set_error(ctx, X509_V_ERR_OUT_OF_MEM);
  return 0;
}

static int on_verify(X509_STORE_CTX *ctx, void *arg)
{
  struct tinet__tls_check *check = arg;
  tinet_tls_failure story;
  int code;

  /* A policy that judges has its own opinion of the chain and the name. */
  if (!check->ats.is_judged && check->validates && !verify(check, ctx))
    return 0;
  if (!ask_policy(check, ctx))
    return 0;
  if (check->ats.is_judged)
    X509_STORE_CTX_set_error(ctx, X509_V_OK);
  if (!check->trust || !check->validates)
    return 1;
  code =
      tinet__trust_judge(check->trust, check->host, ctx, &story, &check->error);
  if (code == TINET_OK)
    return 1;
  if (own_failure(check))
    *check->failure = story;
  X509_STORE_CTX_set_error(ctx, X509_V_ERR_APPLICATION_VERIFICATION);
  return 0;
}

/* After the chain has been found good.  1 to go on. */
static int on_staple(SSL *ssl, void *arg)
{
  struct tinet__tls_check *check = arg;
  STACK_OF(X509) *chain = SSL_get0_verified_chain(ssl);

  if (!tinet__tls_staple_revokes(ssl))
    return 1;
  if (own_failure(check))
    tinet__tls_failure_of_revoked(check->failure, check->host,
                                  sk_X509_value(chain, 0));
  return 0;
}

/* ---- */

static bool is_address(const char *host)
{
  struct in6_addr six;
  struct in_addr four;

  return inet_pton(AF_INET6, host, &six) == 1 ||
         inet_pton(AF_INET, host, &four) == 1;
}

static struct tinet__tls_check *make(const struct tinet__tls_check_options *opt)
{
  struct tinet__tls_check *check = tinet__zalloc(sizeof *check);
  size_t len = strlen(opt->host);

  if (!check)
    return NULL;
  check->n_refs = 1;
  /* No certificate is for a name with a dot at its end. */
  check->host = tinet__strndup(
      opt->host, len > 1 && opt->host[len - 1] == '.' ? len - 1 : len);
  check->is_address = is_address(opt->host);
  check->is_proxy = opt->is_proxy;
  check->trust = opt->is_proxy ? NULL : tinet_trust_ref(opt->trust);
  check->validates = opt->validates || opt->is_proxy;
  if (!opt->is_proxy) {
    check->ats = opt->ats;
    (void)tinet_ats_policy_ref(opt->ats.policy);
  }
  check->meter = opt->meter;
  check->trouble = (struct tinet__tls_trouble)TINET__TLS_TROUBLE_INIT;
  if (!check->host) {
    tinet__tls_check_unref(check);
    return NULL;
  }
  return check;
}

int tinet__tls_check_begin(const struct tinet__tls_check_options *opt,
                           void *ssl_ctx, struct tinet__tls_check **ret_check)
{
  SSL_CTX *ctx = ssl_ctx;
  struct tinet__tls_check *check;
  int err;

  if (pthread_once(&index_once, make_index) != 0 || ctx_index < 0)
    return TINET_ENOMEM;
  check = make(opt);
  if (!check)
    return TINET_ENOMEM;
  tinet__tls_ats_limit(&check->ats, ctx);
  err = TINET_OK;
  if (check->trust)
    err = tinet__trust_apply(check->trust, check->host, ctx);
  if (err == TINET_OK && SSL_CTX_set_ex_data(ctx, ctx_index, check) != 1)
    err = TINET_ENOMEM;
  if (err < 0) {
    tinet__tls_check_unref(check);
    return err;
  }
  check->n_refs++; /* the context's */
  SSL_CTX_set_msg_callback(ctx, on_message);
  SSL_CTX_set_msg_callback_arg(ctx, check);
  keep_copies(check, ctx);
  if (!opt->logs_keys) /* curl does as soon as SSLKEYLOGFILE is there */
    SSL_CTX_set_keylog_callback(ctx, NULL);
  if (check->validates || check->ats.policy)
    SSL_CTX_set_cert_verify_callback(ctx, on_verify, check);
  if (check->validates) {
    tinet__tls_staple_ask(ctx);
    SSL_CTX_set_tlsext_status_cb(ctx, on_staple);
    SSL_CTX_set_tlsext_status_arg(ctx, check);
  }
  if (check->ats.policy) /* a denial ends the handshake whatever curl thinks */
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
  *ret_check = check;
  return TINET_OK;
}

void tinet__tls_check_number(struct tinet__tls_check *check, long number)
{
  if (check)
    check->trouble.number = number;
}

bool tinet__tls_check_is_http(const struct tinet__tls_check *check)
{
  return check && check->trouble.is_http;
}

const tinet_tls_failure *
tinet__tls_check_failure(struct tinet__tls_check *check, bool has_failed)
{
  if (!check)
    return NULL;
  if (check->failure || (!has_failed && check->trouble.alert_received < 0))
    return check->failure;
  if (own_failure(check))
    tinet__tls_failure_of_trouble(check->failure, check->host, &check->trouble);
  return check->failure;
}

const tinet_ats_verdict *
tinet__tls_check_verdict(struct tinet__tls_check *check, bool has_failed)
{
  const tinet_tls_failure *failure =
      tinet__tls_check_failure(check, has_failed);

  if (!check)
    return NULL;
  if (!check->verdict && has_failed && failure)
    check->verdict =
        tinet__tls_ats_nothing_in_common(&check->ats, check->host, failure);
  return check->verdict;
}

const tinet_error *tinet__tls_check_error(const struct tinet__tls_check *check)
{
  return check && check->error.code != 0 ? &check->error : NULL;
}
