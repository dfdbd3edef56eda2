/* tls_failure.c - from OpenSSL's verdict, or an alert, to a story.
 *
 * apple: NSURLErrorDomain codes stand beside, where one means the same.
 */
#include "failure.h"
#include "tls_private.h"

#include "../core/error.h"

#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

#define ALERT_CLOSE_NOTIFY 0
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

void tinet__tls_failure_of_revoked(tinet_tls_failure *f, const char *host,
                                   void *cert)
{
  begin(f, host);
  settle(f, TINET_TLS_REASON_REVOKED, X509_V_ERR_CERT_REVOKED);
  f->depth = 0;
  tinet__tls_describe(cert, f);
}

/* In TLS 1.3 an empty list has 8 bytes, before that 7. */
#define EMPTY_CERTIFICATE_MESSAGE 8

/* Alerts are noted because OpenSSL's error queue does not say who ended the
 * handshake. */
void tinet__tls_trouble_note(struct tinet__tls_trouble *t, bool is_sent,
                             int type, const void *data, size_t len)
{
  const unsigned char *bytes = data;

  if (type == SSL3_RT_ALERT && len >= 2 && bytes[1] != ALERT_CLOSE_NOTIFY)
    *(is_sent ? &t->alert_sent : &t->alert_received) = bytes[1];
  if (type == SSL3_RT_HANDSHAKE && len > 0) {
    if (!is_sent && bytes[0] == SSL3_MT_CERTIFICATE_REQUEST)
      t->is_cert_wanted = true;
    if (is_sent && bytes[0] == SSL3_MT_CERTIFICATE)
      t->is_cert_sent = len > EMPTY_CERTIFICATE_MESSAGE;
  }
  if (type == SSL3_RT_HEADER && !is_sent && !t->has_answer) {
    t->has_answer = true;
    t->is_http = len >= 5 && memcmp(bytes, "HTTP/", 5) == 0;
  }
}

/* An alert about a certificate is about ours: what the server has is judged on
 * this side. */
static bool is_about_certificate(int alert)
{
  return (alert >= ALERT_BAD_CERTIFICATE &&
          alert <= ALERT_CERTIFICATE_UNKNOWN) ||
         alert == ALERT_UNKNOWN_CA || alert == ALERT_ACCESS_DENIED;
}

static tinet_tls_reason reason_of(const struct tinet__tls_trouble *t)
{
  if (t->alert_received == ALERT_CERTIFICATE_REQUIRED)
    return TINET_TLS_REASON_CLIENT_CERTIFICATE_REQUIRED;
  if (t->alert_received == ALERT_PROTOCOL_VERSION ||
      (t->alert_received < 0 && t->alert_sent == ALERT_PROTOCOL_VERSION))
    return TINET_TLS_REASON_VERSION;
  if (t->alert_received == ALERT_INSUFFICIENT_SECURITY)
    return TINET_TLS_REASON_CIPHER;
  if (is_about_certificate(t->alert_received) ||
      t->alert_received == ALERT_HANDSHAKE_FAILURE) {
    if (t->is_cert_sent)
      return TINET_TLS_REASON_CLIENT_CERTIFICATE_REJECTED;
    if (t->is_cert_wanted) /* before TLS 1.3 there is no alert of its own */
      return TINET_TLS_REASON_CLIENT_CERTIFICATE_REQUIRED;
  }
  if (t->alert_received == ALERT_HANDSHAKE_FAILURE)
    return TINET_TLS_REASON_CIPHER;
  return TINET_TLS_REASON_HANDSHAKE;
}

void tinet__tls_failure_of_trouble(tinet_tls_failure *f, const char *host,
                                   const struct tinet__tls_trouble *t)
{
  long number = t->number;

  if (t->alert_received >= 0)
    number = SSL_AD_REASON_OFFSET + t->alert_received;
  else if (number == 0 && t->alert_sent >= 0)
    number = SSL_AD_REASON_OFFSET + t->alert_sent;
  begin(f, host);
  settle(f, reason_of(t), number);
}

/* ---- for a person ---- */

#define SHORT 64 /* of a name in a sentence */

/* Whole characters, and what is left out is told. */
static const char *shortened(const char *text, char to[SHORT + 4])
{
  size_t n = strlen(text);

  if (n <= SHORT)
    return text;
  n = SHORT;
  while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
    n--;
  (void)snprintf(to, SHORT + 4, "%.*s...", (int)n, text);
  return to;
}

/* As many whole members of a list as fit. */
static const char *shortened_list(const char *list, char *to, size_t size)
{
  size_t n = strlen(list);

  if (n < size)
    return list;
  n = size - sizeof ", ...";
  while (n > 0 && strncmp(list + n, ", ", 2) != 0)
    n--;
  (void)snprintf(to, size, "%.*s, ...", (int)n, list);
  return n > 0 ? to : "many names";
}

/* The certificate that it is about. */
static const char *whose(const tinet_tls_failure *f, char *to, size_t size)
{
  char name[SHORT + 4];

  if (f->depth > 0)
    (void)snprintf(to, size, "certificate %d of its chain (%.67s)", f->depth,
                   shortened(f->subject, name));
  else
    (void)snprintf(to, size, "the server's certificate (%.67s)",
                   shortened(f->subject, name));
  return to;
}

static void about_issuer(const tinet_tls_failure *f, const char *who, char *to,
                         size_t size)
{
  char name[SHORT + 4];

  if (f->openssl_code == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN)
    (void)snprintf(to, size,
                   "the authority of its chain (%.67s) is not trusted",
                   shortened(f->subject, name));
  else
    (void)snprintf(
        to, size,
        "%s is from %.67s, which is not trusted and has not been sent", who,
        shortened(f->issuer, name));
}

static void about_pins(const tinet_tls_failure *f, char *to, size_t size)
{
  size_t first = strcspn(f->expected_spki, ",");

  /* ti: createX509CertificatePinningSecurityManager */
  (void)snprintf(to, size,
                 "Certificate could not be verified with provided public key: "
                 "expected %.*s%s, seen %s",
                 (int)first, f->expected_spki,
                 f->expected_spki[first] ? " or others" : "",
                 f->seen_spki[0] ? f->seen_spki : "none at that place");
}

static void about_names(const tinet_tls_failure *f, char *to, size_t size)
{
  char names[121];

  (void)snprintf(to, size, "the server's certificate is for %s, not this host",
                 f->names[0] ? shortened_list(f->names, names, sizeof names)
                             : "no host at all");
}

/* What a certificate says that is not good. */
static bool about_certificate(const tinet_tls_failure *f, char *to, size_t size)
{
  char who[112];

  (void)whose(f, who, sizeof who);
  switch (f->reason) {
  case TINET_TLS_REASON_EXPIRED:
    (void)snprintf(to, size, "%s expired on %s; it was valid from %s", who,
                   f->not_after, f->not_before);
    return true;
  case TINET_TLS_REASON_NOT_YET_VALID:
    (void)snprintf(to, size, "%s is not valid before %s, then until %s", who,
                   f->not_before, f->not_after);
    return true;
  case TINET_TLS_REASON_WRONG_HOST:
    about_names(f, to, size);
    return true;
  case TINET_TLS_REASON_UNKNOWN_ISSUER:
    about_issuer(f, who, to, size);
    return true;
  case TINET_TLS_REASON_SELF_SIGNED:
    (void)snprintf(to, size, "%s is self-signed and not trusted", who);
    return true;
  case TINET_TLS_REASON_WEAK_KEY:
    (void)snprintf(to, size, "the key of %s is too weak: %s", who, f->key);
    return true;
  case TINET_TLS_REASON_WEAK_HASH:
    (void)snprintf(to, size, "%s is signed with a weak hash: %s", who, f->hash);
    return true;
  case TINET_TLS_REASON_PIN_MISMATCH:
    about_pins(f, to, size);
    return true;
  case TINET_TLS_REASON_REFUSED:
    (void)snprintf(to, size, "the application refused %s", who);
    return true;
  case TINET_TLS_REASON_REVOKED:
    (void)snprintf(to, size, "%s has been revoked by its issuer", who);
    return true;
  case TINET_TLS_REASON_WRONG_PURPOSE:
  case TINET_TLS_REASON_INVALID:
    (void)snprintf(to, size, "%s: %s", who,
                   X509_verify_cert_error_string(f->openssl_code));
    return true;
  default:
    return false;
  }
}

static void about_handshake(const tinet_tls_failure *f, char *to, size_t size)
{
  long number = f->openssl_code;
  const char *text;

  if (number >= SSL_AD_REASON_OFFSET) {
    (void)snprintf(
        to, size, "the handshake ended with the alert \"%s\"",
        SSL_alert_desc_string_long((int)(number - SSL_AD_REASON_OFFSET)));
    return;
  }
  if (number == SSL_R_WRONG_VERSION_NUMBER) {
    (void)snprintf(to, size, "the server's answer is not TLS");
    return;
  }
  text = number > 0 ? ERR_reason_error_string(
                          ERR_PACK(ERR_LIB_SSL, 0, (unsigned long)number))
                    : NULL;
  (void)snprintf(to, size, "the TLS handshake failed%s%s", text ? ": " : "",
                 text ? text : "");
}

static void sentence(const tinet_tls_failure *f, char *to, size_t size)
{
  const char *text;

  if (about_certificate(f, to, size))
    return;
  switch (f->reason) {
  case TINET_TLS_REASON_VERSION:
    text = "there is no TLS version that both sides accept";
    break;
  case TINET_TLS_REASON_CIPHER:
    text = "the server ended the handshake: there is no cipher suite or key "
           "exchange that both sides accept";
    break;
  case TINET_TLS_REASON_CLIENT_CERTIFICATE_REQUIRED:
    text = "the server wants a client certificate, and there is none for it";
    break;
  case TINET_TLS_REASON_CLIENT_CERTIFICATE_REJECTED:
    text = "the server rejected the client certificate";
    break;
  default:
    about_handshake(f, to, size);
    return;
  }
  (void)snprintf(to, size, "%s", text);
  if (f->reason == TINET_TLS_REASON_CLIENT_CERTIFICATE_REJECTED &&
      f->openssl_code >= SSL_AD_REASON_OFFSET)
    (void)snprintf(to, size, "%s (%s)", text,
                   SSL_alert_desc_string_long(
                       (int)(f->openssl_code - SSL_AD_REASON_OFFSET)));
}

int tinet__tls_failure_error(const tinet_tls_failure *f, tinet_error *err)
{
  char text[TINET_ERROR_TEXT_MAX];

  sentence(f, text, sizeof text);
  return tinet__error_set(err, reasons[f->reason].code, TINET_ORIGIN_TLS,
                          f->openssl_code, "%.80s: %s", f->host, text);
}
