/* trust.h - what the TLS side of the client asks of a tinet_trust. */
#ifndef TINET_TRUST_PRIVATE_H
#define TINET_TRUST_PRIVATE_H

#include <tinet/trust.h>

/* Nothing can be added any more. */
void tinet__trust_seal(tinet_trust *trust);
/* Does its filter, if it has one, want this URL? */
bool tinet__trust_handles(const tinet_trust *trust, const char *url);
/* Does it say something of every host (authorities, a verifier)? */
bool tinet__trust_judges_all(const tinet_trust *trust);
/* Has it brought this authority (an X509 *) along? */
bool tinet__trust_has_authority(const tinet_trust *trust, const void *cert);
/* 64 hex digits that two trusts share only if they accept the same and speak
 * as the same; false if that cannot be told (a verifier, a filter). */
#define TINET__FINGERPRINT_MAX 65
bool tinet__trust_fingerprint(const tinet_trust *trust,
                              char text[TINET__FINGERPRINT_MAX]);

/* Sets up an SSL_CTX for a connection to `host`: extra authorities, the client
 * certificate.  TINET_ENOMEM, TINET_ETLS. */
int tinet__trust_apply(const tinet_trust *trust, const char *host,
                       void *ssl_ctx) TINET_MUST_CHECK;
/* Judges a chain that was verified (`store_ctx` is an X509_STORE_CTX): pins,
 * then the verifier.  0, TINET_EPIN, or the verifier's code; `failure` and
 * `err` are filled in. */
int tinet__trust_judge(const tinet_trust *trust, const char *host,
                       void *store_ctx, tinet_tls_failure *failure,
                       tinet_error *err) TINET_MUST_CHECK;

#endif
