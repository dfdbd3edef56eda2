/* tls_failure.c - from OpenSSL's verdict, or an alert, to a story.
 *
 * apple: NSURLErrorDomain codes stand beside, where one means the same.
 */
#include "failure.h"
#include "tls_private.h"

#include "../core/error.h"

#include <stdio.h>
#include <string.h>

#define ALERT_HANDSHAKE_FAILURE 40
#define ALERT_BAD_CERTIFICATE 42
#define ALERT_CERTIFICATE_UNKNOWN 46
#define ALERT_UNKNOWN_CA 48
#define ALERT_ACCESS_DENIED 49
#define ALERT_PROTOCOL_VERSION 70
#define ALERT_INSUFFICIENT_SECURITY 71
#define ALERT_CERTIFICATE_REQUIRED 116

static const struct {
  tinet_tls_reason reason;
  const char *name;
  int code;
  int nsurl;
} reasons[] = {
    {TINET_TLS_REASON_NONE, "none", 0, 0},
    {TINET_TLS_REASON_EXPIRED, "expired", TINET_ECERTIFICATE, -1201},
    {TINET_TLS_REASON_NOT_YET_VALID, "not-yet-valid", TINET_ECERTIFICATE,
     -1204},
    {TINET_TLS_REASON_WRONG_HOST, "wrong-host", TINET_ECERTIFICATE, -1202},
    {TINET_TLS_REASON_UNKNOWN_ISSUER, "unknown-issuer", TINET_ECERTIFICATE,
     -1203},
    {TINET_TLS_REASON_SELF_SIGNED, "self-signed", TINET_ECERTIFICATE, -1203},
    {TINET_TLS_REASON_WEAK_KEY, "weak-key", TINET_ECERTIFICATE, -1202},
    {TINET_TLS_REASON_WEAK_HASH, "weak-hash", TINET_ECERTIFICATE, -1202},
    {TINET_TLS_REASON_REVOKED, "revoked", TINET_ECERTIFICATE, -1202},
    {TINET_TLS_REASON_WRONG_PURPOSE, "wrong-purpose", TINET_ECERTIFICATE,
     -1202},
    {TINET_TLS_REASON_PIN_MISMATCH, "pin-mismatch", TINET_EPIN, -1202},
    {TINET_TLS_REASON_REFUSED, "refused", TINET_ECERTIFICATE, -1202},
    {TINET_TLS_REASON_INVALID, "invalid", TINET_ECERTIFICATE, -1202},
    {TINET_TLS_REASON_VERSION, "version", TINET_ETLS, -1200},
    {TINET_TLS_REASON_CIPHER, "cipher", TINET_ETLS, -1200},
    {TINET_TLS_REASON_CLIENT_CERTIFICATE_REQUIRED,
     "client-certificate-required", TINET_ECLIENTCERT, -1206},
    {TINET_TLS_REASON_CLIENT_CERTIFICATE_REJECTED,
     "client-certificate-rejected", TINET_ECLIENTCERT, -1205},
    {TINET_TLS_REASON_HANDSHAKE, "handshake", TINET_ETLS, -1200},
};
#define N_REASONS (sizeof reasons / sizeof *reasons)

const char *tinet_tls_reason_name(tinet_tls_reason reason)
{
  return (size_t)reason < N_REASONS ? reasons[reason].name : "unknown";
}

int tinet__tls_nsurl_code(tinet_tls_reason reason)
{
  return (size_t)reason < N_REASONS ? reasons[reason].nsurl : 0;
}

tinet_tls_reason tinet__tls_reason_of(long number)
{
  switch (number) {
  case X509_V_ERR_CERT_HAS_EXPIRED:
    return TINET_TLS_REASON_EXPIRED;
  case X509_V_ERR_CERT_NOT_YET_VALID:
    return TINET_TLS_REASON_NOT_YET_VALID;
  case X509_V_ERR_HOSTNAME_MISMATCH:
  case X509_V_ERR_IP_ADDRESS_MISMATCH:
    return TINET_TLS_REASON_WRONG_HOST;
  case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
  case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
  case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
  case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
  case X509_V_ERR_CERT_UNTRUSTED:
    return TINET_TLS_REASON_UNKNOWN_ISSUER;
  case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    return TINET_TLS_REASON_SELF_SIGNED;
  case X509_V_ERR_EE_KEY_TOO_SMALL:
  case X509_V_ERR_CA_KEY_TOO_SMALL:
    return TINET_TLS_REASON_WEAK_KEY;
  case X509_V_ERR_CA_MD_TOO_WEAK:
    return TINET_TLS_REASON_WEAK_HASH;
  case X509_V_ERR_CERT_REVOKED:
    return TINET_TLS_REASON_REVOKED;
  case X509_V_ERR_INVALID_PURPOSE:
  case X509_V_ERR_INVALID_CA:
    return TINET_TLS_REASON_WRONG_PURPOSE;
  default:
    return TINET_TLS_REASON_INVALID;
  }
}

static void begin(tinet_tls_failure *f, const char *host)
{
  memset(f, 0, sizeof *f);
  f->depth = -1;
  (void)snprintf(f->host, sizeof f->host, "%s", host);
}

static void settle(tinet_tls_failure *f, tinet_tls_reason reason, long number)
{
  f->reason = reason;
  f->openssl_code = number;
  f->nsurl_code = tinet__tls_nsurl_code(reason);
}

void tinet__tls_failure_of_chain(tinet_tls_failure *f, const char *host,
                                 void *store_ctx)
{
  X509_STORE_CTX *ctx = store_ctx;
  X509 *cert = X509_STORE_CTX_get_current_cert(ctx);
  long number = X509_STORE_CTX_get_error(ctx);

  begin(f, host);
  settle(f, tinet__tls_reason_of(number), number);
  f->depth = X509_STORE_CTX_get_error_depth(ctx);
  if (!cert || f->reason == TINET_TLS_REASON_WRONG_HOST) {
    cert = X509_STORE_CTX_get0_cert(ctx);
    f->depth = 0;
  }
  if (cert)
    tinet__tls_describe(cert, f);
}

static tinet_tls_reason reason_of_alert(int sent, int received,
                                        bool is_client_cert_sent)
{
  switch (received) {
  case ALERT_CERTIFICATE_REQUIRED:
    return TINET_TLS_REASON_CLIENT_CERTIFICATE_REQUIRED;
  case ALERT_PROTOCOL_VERSION:
    return TINET_TLS_REASON_VERSION;
  case ALERT_INSUFFICIENT_SECURITY:
    return TINET_TLS_REASON_CIPHER;
  default:
    break;
  }
  if ((received >= ALERT_BAD_CERTIFICATE &&
       received <= ALERT_CERTIFICATE_UNKNOWN) ||
      received == ALERT_UNKNOWN_CA || received == ALERT_ACCESS_DENIED)
    return is_client_cert_sent ? TINET_TLS_REASON_CLIENT_CERTIFICATE_REJECTED
                               : TINET_TLS_REASON_CLIENT_CERTIFICATE_REQUIRED;
  if (sent == ALERT_PROTOCOL_VERSION)
    return TINET_TLS_REASON_VERSION;
  if (received == ALERT_HANDSHAKE_FAILURE)
    return TINET_TLS_REASON_CIPHER;
  return TINET_TLS_REASON_HANDSHAKE;
}

void tinet__tls_failure_of_alerts(tinet_tls_failure *f, const char *host,
                                  int sent, int received,
                                  bool is_client_cert_sent)
{
  begin(f, host);
  settle(f, reason_of_alert(sent, received, is_client_cert_sent),
         received >= 0 ? SSL_AD_REASON_OFFSET + received
         : sent >= 0   ? SSL_AD_REASON_OFFSET + sent
                       : 0);
}

/* The certificate that it is about, for a person. */
static const char *whose(const tinet_tls_failure *f)
{
  return f->depth <= 0 ? "the server's certificate" : "a certificate above it";
}

/* NOLINTNEXTLINE(readability-function-size): a sentence a reason */
static void sentence(const tinet_tls_failure *f, char *to, size_t size)
{
  switch (f->reason) {
  case TINET_TLS_REASON_EXPIRED:
    (void)snprintf(to, size, "%s (%.80s) expired on %s", whose(f), f->subject,
                   f->not_after);
    break;
  case TINET_TLS_REASON_NOT_YET_VALID:
    (void)snprintf(to, size, "%s (%.80s) is valid from %s only", whose(f),
                   f->subject, f->not_before);
    break;
  case TINET_TLS_REASON_WRONG_HOST:
    (void)snprintf(to, size, "the server's certificate is for %.120s",
                   f->names[0] ? f->names : "no host at all");
    break;
  case TINET_TLS_REASON_UNKNOWN_ISSUER:
    (void)snprintf(to, size, "the issuer of %s (%.100s) is not trusted",
                   whose(f), f->issuer);
    break;
  case TINET_TLS_REASON_SELF_SIGNED:
    (void)snprintf(to, size, "the server's certificate is self-signed (%.100s)",
                   f->subject);
    break;
  case TINET_TLS_REASON_WEAK_KEY:
    (void)snprintf(to, size, "the key of %s (%.80s) is too weak: %s", whose(f),
                   f->subject, f->key);
    break;
  case TINET_TLS_REASON_WEAK_HASH:
    (void)snprintf(to, size, "%s (%.80s) is signed with a weak hash: %s",
                   whose(f), f->subject, f->hash);
    break;
  case TINET_TLS_REASON_PIN_MISMATCH:
    /* ti: createX509CertificatePinningSecurityManager */
    (void)snprintf(to, size,
                   "Certificate could not be verified with provided public "
                   "key: expected %.60s, seen %s",
                   f->expected_spki, f->seen_spki[0] ? f->seen_spki : "none");
    break;
  case TINET_TLS_REASON_REFUSED:
    (void)snprintf(to, size, "the application refused the certificate");
    break;
  case TINET_TLS_REASON_VERSION:
    (void)snprintf(to, size, "no TLS version that both sides accept");
    break;
  case TINET_TLS_REASON_CIPHER:
    (void)snprintf(to, size,
                   "the server ended the handshake (no cipher suite or key "
                   "exchange that both sides accept)");
    break;
  case TINET_TLS_REASON_CLIENT_CERTIFICATE_REQUIRED:
    (void)snprintf(to, size, "the server wants a client certificate");
    break;
  case TINET_TLS_REASON_CLIENT_CERTIFICATE_REJECTED:
    (void)snprintf(to, size, "the server rejected the client certificate");
    break;
  default:
    (void)snprintf(to, size, "%s (%.80s): %s", whose(f), f->subject,
                   X509_verify_cert_error_string(f->openssl_code));
    break;
  }
}

int tinet__tls_failure_error(const tinet_tls_failure *f, tinet_error *err)
{
  char text[TINET_ERROR_TEXT_MAX];

  sentence(f, text, sizeof text);
  return tinet__error_set(err, reasons[f->reason].code, TINET_ORIGIN_TLS,
                          f->openssl_code, "%.80s: %s", f->host, text);
}
