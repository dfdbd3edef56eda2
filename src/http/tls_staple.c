/* tls_staple.c - stapled OCSP answers: those that are sound count.
 *
 * No answer, or one that cannot be read or is not signed by the authority, is
 * none: whoever could put a bad one there could leave it out.  Nobody is asked
 * over the network.  ti: HTTPClient.validatesSecureCertificate
 */
#include "tls_staple.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/ssl.h>

void tinet__tls_staple_ask(void *ssl_ctx)
{
  (void)SSL_CTX_set_tlsext_status_type(ssl_ctx, TLSEXT_STATUSTYPE_ocsp);
}

static OCSP_BASICRESP *read_answer(SSL *ssl)
{
  const unsigned char *data = NULL;
  long len = SSL_get_tlsext_status_ocsp_resp(ssl, &data);
  OCSP_RESPONSE *response =
      data && len > 0 ? d2i_OCSP_RESPONSE(NULL, &data, len) : NULL;
  OCSP_BASICRESP *basic = NULL;

  if (response &&
      OCSP_response_status(response) == OCSP_RESPONSE_STATUS_SUCCESSFUL)
    basic = OCSP_response_get1_basic(response);
  OCSP_RESPONSE_free(response);
  return basic;
}

/* An answer may name the certificate by any hash. */
static bool is_about(OCSP_SINGLERESP *single, X509 *leaf, X509 *issuer)
{
  const OCSP_CERTID *given = OCSP_SINGLERESP_get0_id(single);
  ASN1_OBJECT *hash = NULL;
  const EVP_MD *md;
  OCSP_CERTID *id;
  bool is_same;

  /* openssl: the id is not changed, though it is not const */
  if (OCSP_id_get0_info(NULL, &hash, NULL, NULL, (OCSP_CERTID *)given) != 1)
    return false;
  md = EVP_get_digestbyobj(hash);
  id = md ? OCSP_cert_to_id(md, leaf, issuer) : NULL;
  is_same = id && OCSP_id_cmp(id, given) == 0;
  OCSP_CERTID_free(id);
  return is_same;
}

static bool says_revoked(OCSP_BASICRESP *basic, X509 *leaf, X509 *issuer)
{
  int reason;

  for (int i = 0; i < OCSP_resp_count(basic); i++) {
    OCSP_SINGLERESP *single = OCSP_resp_get0(basic, i);

    if (is_about(single, leaf, issuer) &&
        OCSP_single_get0_status(single, &reason, NULL, NULL, NULL) ==
            V_OCSP_CERTSTATUS_REVOKED)
      return true;
  }
  return false;
}

bool tinet__tls_staple_revokes(void *ssl)
{
  STACK_OF(X509) *chain = SSL_get0_verified_chain(ssl);
  X509_STORE *store = SSL_CTX_get_cert_store(SSL_get_SSL_CTX(ssl));
  OCSP_BASICRESP *basic;
  bool is_revoked;

  if (!chain || sk_X509_num(chain) < 2)
    return false; /* nobody is above it */
  basic = read_answer(ssl);
  is_revoked =
      basic && OCSP_basic_verify(basic, chain, store, 0) == 1 &&
      says_revoked(basic, sk_X509_value(chain, 0), sk_X509_value(chain, 1));
  OCSP_BASICRESP_free(basic);
  ERR_clear_error();
  return is_revoked;
}
