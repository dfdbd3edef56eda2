/* tls_facts.h - what is known of a TLS session; OpenSSL stays behind it. */
#ifndef TINET_HTTP_TLS_FACTS_H
#define TINET_HTTP_TLS_FACTS_H

#include "transport.h"

/* Fills in the members about TLS from an `SSL *`; the strings are static or
 * live as long as the session. */
void tinet__tls_facts(void *ssl, struct tinet__conn_facts *facts);

/* A peer that sends records faster than they are read, none of which reaches
 * anybody, would keep curl reading for ever.  `n_records` is counted up for
 * each record of the connections of `ssl_ctx` (an `SSL_CTX *`), which see their
 * end once it has reached `max`; the owner sets it back to 0. */
struct tinet__tls_meter {
  uint32_t n_records;
  uint32_t max;
};

#endif
