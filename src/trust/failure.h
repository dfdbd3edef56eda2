/* failure.h - how a TLS failure is told.  OpenSSL stays behind it. */
#ifndef TINET_TRUST_FAILURE_H
#define TINET_TRUST_FAILURE_H

#include <tinet/trust.h>

/* From a verification that failed (`store_ctx` is an X509_STORE_CTX). */
void tinet__tls_failure_of_chain(tinet_tls_failure *failure, const char *host,
                                 void *store_ctx);
/* From alerts (rfc: 8446 6.2): the number sent and received, -1 = none.
 * `is_client_cert_sent` tells whose certificate an alert is about. */
void tinet__tls_failure_of_alerts(tinet_tls_failure *failure, const char *host,
                                  int sent, int received,
                                  bool is_client_cert_sent);
/* TINET_ECERTIFICATE, TINET_EPIN, ... and a sentence that names the host. */
int tinet__tls_failure_error(const tinet_tls_failure *failure,
                             tinet_error *err);

#endif
