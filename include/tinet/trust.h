/* trust.h - whom a client believes over TLS, and as whom it speaks.
 *
 * A tinet_trust is a set of pins, extra certificate authorities and client
 * certificates for hosts; it stands behind the security manager of Titanium's
 * HTTPClient.  A connection made under one tinet_trust is never used by a
 * request under another.
 *
 * Ownership  Made by new, filled by add, then shared: ref and unref.  After the
 *            first request has used it, it cannot be changed (TINET_ESTATE).
 * Threads    new and add: one thread.  Everything else: any.
 * Errors     0 or a negative code of <tinet/error.h>.  A call that fails has
 *            changed nothing, its ret_ parameters included.
 *
 * Hosts are given as names or addresses, in any case, with or without a
 * trailing dot; "*.example.com" stands for example.com and every name below it.
 * An exact name goes before a wildcard, a longer wildcard before a shorter.
 */
#ifndef TINET_TRUST_H
#define TINET_TRUST_H

#include <tinet/base.h>
#include <tinet/error.h>

TINET_BEGIN_DECLS

typedef struct tinet_trust tinet_trust;

/* TINET_EINVAL, TINET_ENOMEM. */
TINET_API int tinet_trust_new(tinet_trust **ret_trust) TINET_MUST_CHECK;

/* Another reference to the same object; returns it. */
TINET_API tinet_trust *tinet_trust_ref(tinet_trust *trust);

/* Gives a reference back; NULL is fine. */
TINET_API void tinet_trust_unref(tinet_trust *trust);

/* The SHA-256 of a SubjectPublicKeyInfo. */
typedef struct tinet_spki_hash {
  uint8_t bytes[32];
} tinet_spki_hash;

/* The hash of the public key of a certificate, PEM or DER.
 * TINET_ECERTIFICATE: it is none; `err` (may be NULL) says why. */
TINET_API int tinet_spki_hash_of_certificate(const void *data, size_t len,
                                             tinet_spki_hash *ret_hash,
                                             tinet_error *err) TINET_MUST_CHECK;

/* "sha256/" and 44 characters of base64, the usual way to write one. */
#define TINET_SPKI_HASH_TEXT_MAX 52
TINET_API void tinet_spki_hash_text(const tinet_spki_hash *hash,
                                    char text[TINET_SPKI_HASH_TEXT_MAX]);

/* Reads what tinet_spki_hash_text() writes; "sha256/" may be missing.
 * TINET_EINVAL: it is not that. */
TINET_API int tinet_spki_hash_parse(const char *text,
                                    tinet_spki_hash *ret_hash) TINET_MUST_CHECK;

/* Any place in the chain, for tinet_trust_add_pin(). */
#define TINET_PIN_ANYWHERE (-1)

/* Connections to `host` must have this key at place `chain_index` of the
 * verified chain: 0 = the server's own certificate, 1 = its issuer ...  Several
 * pins for a host: one must match.  Chain and name are checked as ever.
 * TINET_EINVAL (chain_index below -1), TINET_EURL (not a host), TINET_ENOMEM,
 * TINET_ESTATE.  ti: createX509CertificatePinningSecurityManager */
TINET_API int tinet_trust_add_pin(tinet_trust *trust, const char *host,
                                  const tinet_spki_hash *hash,
                                  int chain_index) TINET_MUST_CHECK;

/* Also believes the certificate authorities of a PEM text or file (one or
 * more certificates).  TINET_ECERTIFICATE (none in it), TINET_EFILE,
 * TINET_ENOMEM, TINET_ESTATE; `err` may be NULL. */
TINET_API int tinet_trust_add_ca(tinet_trust *trust, const void *pem,
                                 size_t len, tinet_error *err) TINET_MUST_CHECK;
TINET_API int tinet_trust_add_ca_file(tinet_trust *trust, const char *path,
                                      tinet_error *err) TINET_MUST_CHECK;

/* A client certificate for `host` (NULL = every host).  `cert` is PEM (the
 * certificate and its chain) with `key` PEM, or `cert` is PKCS#12 (DER) with
 * `key` NULL.  `password` may be NULL.  All is copied.  TINET_ECLIENTCERT: it
 * cannot be read, the password is wrong, or the key is another's; `err` (may be
 * NULL) says which.  TINET_EURL, TINET_ENOMEM, TINET_ESTATE. */
typedef struct tinet_client_certificate {
  const void *cert;
  size_t cert_len;
  const void *key;
  size_t key_len;
  const char *password;
} tinet_client_certificate;
TINET_API int
tinet_trust_add_client_certificate(tinet_trust *trust, const char *host,
                                   const tinet_client_certificate *certificate,
                                   tinet_error *err) TINET_MUST_CHECK;

/* What the application may judge: the chain as verified, leaf first, anchor
 * last, as DER.  Borrowed during the call. */
typedef struct tinet_chain {
  const char *host;
  const struct tinet_der {
    const void *data;
    size_t len;
  } * certificates;
  size_t n_certificates;
} tinet_chain;

/* Called in the handshake, after chain, name and pins have been found good, on
 * the loop's thread.  0 to go on, a negative code to refuse (*err may be filled
 * in).  It must not call into the client that waits for it.  `user` is borrowed
 * until `release(user)` (may be NULL) is called with the last reference.
 * TINET_EINVAL, TINET_ESTATE (also: there is one). */
typedef int (*tinet_chain_cb)(const tinet_chain *chain, tinet_error *err,
                              void *user);
TINET_API int
tinet_trust_set_verifier(tinet_trust *trust, tinet_chain_cb verify, void *user,
                         void (*release)(void *user)) TINET_MUST_CHECK;

/* Limits the trust to URLs that `handles` says yes to: for others a client
 * behaves as if it had none.  `url` has no user information.  It is asked while
 * a hop is prepared, and must not call into the client.
 * ti: SecurityManagerProtocol.willHandleURL */
TINET_API int tinet_trust_set_filter(tinet_trust *trust,
                                     bool (*handles)(const char *url,
                                                     void *user),
                                     void *user) TINET_MUST_CHECK;

/* Whether pins or a client certificate are for this host. */
TINET_API bool tinet_trust_covers(const tinet_trust *trust, const char *host);

/* ---- why a certificate was not accepted ---- */

typedef enum tinet_tls_reason {
  TINET_TLS_REASON_NONE = 0,
  TINET_TLS_REASON_EXPIRED,
  TINET_TLS_REASON_NOT_YET_VALID,
  TINET_TLS_REASON_WRONG_HOST,
  TINET_TLS_REASON_UNKNOWN_ISSUER,
  TINET_TLS_REASON_SELF_SIGNED,
  TINET_TLS_REASON_WEAK_KEY,
  TINET_TLS_REASON_WEAK_HASH,
  TINET_TLS_REASON_REVOKED,
  TINET_TLS_REASON_WRONG_PURPOSE,
  TINET_TLS_REASON_PIN_MISMATCH,
  TINET_TLS_REASON_REFUSED, /* by the application's verifier */
  TINET_TLS_REASON_INVALID, /* anything else in a certificate */
  TINET_TLS_REASON_VERSION, /* no common protocol version */
  TINET_TLS_REASON_CIPHER,  /* no common cipher suite */
  TINET_TLS_REASON_CLIENT_CERTIFICATE_REQUIRED,
  TINET_TLS_REASON_CLIENT_CERTIFICATE_REJECTED,
  TINET_TLS_REASON_HANDSHAKE, /* anything else in the handshake */
} tinet_tls_reason;

/* "expired", "wrong-host", ...: stable words.  Static. */
TINET_API const char *tinet_tls_reason_name(tinet_tls_reason reason);

/* The whole story of a failure.  Text is UTF-8 without control characters, cut
 * where it is too long, "" where it is not known. */
typedef struct tinet_tls_failure {
  tinet_tls_reason reason;
  long openssl_code; /* X509_V_ERR_..., or the reason of the error queue */
  int nsurl_code;    /* NSURLErrorDomain: -1200 ... -1206; 0 = no equivalent */
  char host[256];
  int depth;         /* place in the chain, 0 = the server's own; -1 = none */
  char subject[256]; /* of that certificate */
  char issuer[256];
  char not_before[32]; /* 2026-01-31T23:59:59Z */
  char not_after[32];
  char names[512];         /* the names the server's certificate is for */
  char key[64];            /* "RSA 1024" */
  char hash[32];           /* of its signature: "SHA1" */
  char expected_spki[256]; /* pins, joined with ", " */
  char seen_spki[TINET_SPKI_HASH_TEXT_MAX];
} tinet_tls_failure;

TINET_END_DECLS

#endif
