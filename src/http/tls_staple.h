/* tls_staple.h - what an authority says of the server's certificate, brought by
 * the server itself.  rfc: 6066 8, 6960; OpenSSL stays behind it. */
#ifndef TINET_HTTP_TLS_STAPLE_H
#define TINET_HTTP_TLS_STAPLE_H

#include <tinet/base.h>

/* Has connections of `ssl_ctx` (an SSL_CTX *) ask for it. */
void tinet__tls_staple_ask(void *ssl_ctx);
/* Whether the answer that came with a verified chain (`ssl` is an SSL *) is the
 * authority's and says that the certificate has been revoked. */
bool tinet__tls_staple_revokes(void *ssl);

#endif
