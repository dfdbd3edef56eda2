/* tls_facts.h - what is known of a TLS session; OpenSSL stays behind it. */
#ifndef TINET_HTTP_TLS_FACTS_H
#define TINET_HTTP_TLS_FACTS_H

#include "transport.h"

/* Fills in the members about TLS from an `SSL *`; the strings are static or
 * live as long as the session. */
void tinet__tls_facts(void *ssl, struct tinet__conn_facts *facts);

/* OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH, and its text for such a number. */
long tinet__tls_hostname_mismatch(void);
const char *tinet__tls_verify_text(long number);

#endif
