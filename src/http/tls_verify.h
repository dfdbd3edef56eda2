/* tls_verify.h - one TLS connection in the making: what it must satisfy, and
 * the story of why it did not.  OpenSSL stays behind it.
 *
 * A check lives as long as the connection's SSL_CTX and whoever holds a
 * reference; it belongs to the thread of the loop.
 */
#ifndef TINET_HTTP_TLS_VERIFY_H
#define TINET_HTTP_TLS_VERIFY_H

#include "tls_ats.h"
#include "tls_facts.h"
#include <tinet/trust.h>

struct tinet__tls_check;

struct tinet__tls_check_options {
  const char *host; /* whom the certificate is to name; copied */
  bool is_proxy;    /* then the trust of the origin does not count */
  bool validates;
  tinet_trust *trust;             /* or NULL; a reference is taken */
  struct tinet__tls_ats ats;      /* of the origin; a reference is taken */
  bool logs_keys;                 /* for debugging, if SSLKEYLOGFILE is set */
  struct tinet__tls_meter *meter; /* borrowed for the connection's life */
};

/* Sets up `ssl_ctx` (an SSL_CTX *) and gives a reference to its check.
 * TINET_ENOMEM, TINET_ETLS: the trust's parts are refused by OpenSSL. */
int tinet__tls_check_begin(const struct tinet__tls_check_options *opt,
                           void *ssl_ctx, struct tinet__tls_check **ret_check)
    TINET_MUST_CHECK;
void tinet__tls_check_unref(struct tinet__tls_check *check); /* NULL is fine */
/* The reason that OpenSSL's error queue gave, for the story. */
void tinet__tls_check_number(struct tinet__tls_check *check, long number);
/* The peer has answered in cleartext HTTP. */
bool tinet__tls_check_is_http(const struct tinet__tls_check *check);
/* The story, once the connection has failed; borrowed from the check.  NULL if
 * TLS has nothing to tell.  `has_failed` = the handshake did not complete:
 * then there is always one. */
const tinet_tls_failure *
tinet__tls_check_failure(struct tinet__tls_check *check, bool has_failed);
/* Why App Transport Security denied it, or NULL; borrowed.  `has_failed` as
 * above. */
const tinet_ats_verdict *
tinet__tls_check_verdict(struct tinet__tls_check *check, bool has_failed);
/* What the application's verifier said, or code 0. */
const tinet_error *tinet__tls_check_error(const struct tinet__tls_check *check);

#endif
