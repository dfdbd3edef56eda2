/* failure.h - how a TLS failure is told.  OpenSSL stays behind it. */
#ifndef TINET_TRUST_FAILURE_H
#define TINET_TRUST_FAILURE_H

#include <tinet/trust.h>

/* From a verification that failed (`store_ctx` is an X509_STORE_CTX). */
void tinet__tls_failure_of_chain(tinet_tls_failure *failure, const char *host,
                                 void *store_ctx);
/* From what the authority says of it (`cert` is an X509 *). */
void tinet__tls_failure_of_revoked(tinet_tls_failure *failure, const char *host,
                                   void *cert);

/* What is noticed of a handshake, in case it fails. */
struct tinet__tls_trouble {
  int alert_sent, alert_received; /* rfc: 8446 6.2; -1 = none */
  bool is_cert_wanted; /* the server has asked for a client certificate */
  bool is_cert_sent;
  bool is_http; /* it has answered in cleartext */
  bool has_answer;
  long number; /* the reason of OpenSSL's error queue; 0 = none */
};
#define TINET__TLS_TROUBLE_INIT                                                \
  {                                                                            \
    .alert_sent = -1, .alert_received = -1                                     \
  }
/* For OpenSSL's message callback. */
void tinet__tls_trouble_note(struct tinet__tls_trouble *trouble, bool is_sent,
                             int type, const void *data, size_t len);
void tinet__tls_failure_of_trouble(tinet_tls_failure *failure, const char *host,
                                   const struct tinet__tls_trouble *trouble);
/* TINET_ECERTIFICATE, TINET_EPIN, ... and a sentence that names the host. */
int tinet__tls_failure_error(const tinet_tls_failure *failure,
                             tinet_error *err);

#endif
