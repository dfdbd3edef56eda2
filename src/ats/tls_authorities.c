/* tls_authorities.c - whom to trust: the system's store, and those of a file.
 *
 * Reading the store takes ten times as long as a handshake, so it is read once
 * for any number of servers.
 */
#include "probe.h"

#include "../core/alloc.h"
#include "../core/error.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>

#define MAX_CERTIFICATES 10000 /* of a file */

struct tinet_ats_authorities {
  X509_STORE *store;      /* owned */
  STACK_OF(X509) * added; /* owned; NULL = none */
};

TINET_DEFINE_CLEANUP(tinet_ats_authorities, tinet_ats_authorities_free)

static int add_one(tinet_ats_authorities *a, X509 *cert)
{
  if (!a->added)
    a->added = sk_X509_new_null();
  if (!a->added || sk_X509_push(a->added, cert) <= 0) {
    X509_free(cert);
    return TINET_ENOMEM;
  }
  return X509_STORE_add_cert(a->store, cert) == 1 ? TINET_OK : TINET_ENOMEM;
}

static int add_file(tinet_ats_authorities *a, const char *path,
                    tinet_error *err)
{
  BIO *bio = BIO_new_file(path, "r");
  X509 *cert;
  int n = 0, code = TINET_OK;

  if (!bio) {
    ERR_clear_error();
    return tinet__error_errno(err, TINET_EFILE, errno, "%s", path);
  }
  while (code == TINET_OK && n < MAX_CERTIFICATES &&
         (cert = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
    code = add_one(a, cert);
    n++;
  }
  BIO_free(bio);
  ERR_clear_error();
  if (code == TINET_OK && n == 0)
    return tinet__error_set(err, TINET_EFILE, TINET_ORIGIN_TINET, 0,
                            "%s: has no certificate in PEM", path);
  return code;
}

int tinet_ats_authorities_new(const char *ca_file,
                              tinet_ats_authorities **ret_authorities,
                              tinet_error *err)
{
  TINET_CLEANUP(tinet_ats_authorities_freep) tinet_ats_authorities *a = NULL;
  int code;

  if (!ret_authorities)
    return TINET_EINVAL;
  a = tinet__zalloc(sizeof *a);
  if (!a)
    return tinet__error_set(err, TINET_ENOMEM, TINET_ORIGIN_TINET, 0, NULL);
  a->store = X509_STORE_new();
  if (!a->store || X509_STORE_set_default_paths(a->store) != 1 ||
      X509_STORE_set_flags(a->store, X509_V_FLAG_PARTIAL_CHAIN |
                                         X509_V_FLAG_TRUSTED_FIRST) != 1)
    return tinet__error_set(err, TINET_ENOMEM, TINET_ORIGIN_TINET, 0, NULL);
  code = ca_file ? add_file(a, ca_file, err) : TINET_OK;
  if (code < 0)
    return code;
  *ret_authorities = TINET_TAKE(a);
  return TINET_OK;
}

void tinet_ats_authorities_free(tinet_ats_authorities *a)
{
  if (!a)
    return;
  X509_STORE_free(a->store);
  sk_X509_pop_free(a->added, X509_free);
  tinet__free(a);
}

void *tinet__authorities_store(const tinet_ats_authorities *a)
{
  return a->store;
}

bool tinet__authorities_are_added(const tinet_ats_authorities *a,
                                  const void *cert)
{
  for (int i = 0; a->added && i < sk_X509_num(a->added); i++)
    if (X509_cmp(sk_X509_value(a->added, i), cert) == 0)
      return true;
  return false;
}
