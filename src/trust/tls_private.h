/* tls_private.h - what the OpenSSL files of this folder share. */
#ifndef TINET_TRUST_TLS_PRIVATE_H
#define TINET_TRUST_TLS_PRIVATE_H

#include "trust.h"

#include <openssl/ssl.h>

/* A certificate in PEM or DER; NULL with `err` filled in.  The caller frees. */
X509 *tinet__tls_read_certificate(const void *data, size_t len,
                                  tinet_error *err);
int tinet__tls_spki_hash(X509 *cert,
                         tinet_spki_hash *ret_hash) TINET_MUST_CHECK;
/* Fills in what a certificate says of itself. */
void tinet__tls_describe(X509 *cert, tinet_tls_failure *failure);
/* The reason for an X509_V_ERR_ number, and its NSURLErrorDomain code. */
tinet_tls_reason tinet__tls_reason_of(long number);
int tinet__tls_nsurl_code(tinet_tls_reason reason);

struct tinet__client_cert {
  X509 *leaf;             /* owned */
  STACK_OF(X509) * chain; /* owned; may be NULL */
  EVP_PKEY *key;          /* owned */
};
int tinet__client_cert_read(const tinet_client_certificate *given,
                            struct tinet__client_cert *ret_cert,
                            tinet_error *err) TINET_MUST_CHECK;
void tinet__client_cert_free(struct tinet__client_cert *cert);

#endif
