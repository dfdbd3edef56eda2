/* tls_facts.c - version and cipher of a TLS session. */
#include "tls_facts.h"

#include <openssl/ssl.h>

void tinet__tls_facts(void *ssl, struct tinet__conn_facts *facts)
{
  facts->is_tls = true;
  facts->ssl = ssl;
  if (ssl == NULL)
    return;
  facts->tls_version = SSL_get_version(ssl);
  facts->tls_cipher = SSL_get_cipher_name(ssl);
  facts->lacks_extended_master_secret =
      SSL_version(ssl) < TLS1_3_VERSION && SSL_get_extms_support(ssl) != 1;
}
