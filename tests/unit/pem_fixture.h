/* pem_fixture.h - certificates made on the spot, as PEM texts. */
#ifndef TINET_TEST_PEM_FIXTURE_H
#define TINET_TEST_PEM_FIXTURE_H

#include <openssl/pem.h>
#include <openssl/x509v3.h>

struct pem {
  X509 *x509;
  EVP_PKEY *pkey;
  char cert[4096], key[4096];
};

static void pem_text(BIO *bio, char *text, size_t size)
{
  int n = BIO_read(bio, text, (int)size - 1);

  text[n > 0 ? n : 0] = 0;
  BIO_free(bio);
}

static void pem_extension(X509 *x, int nid, const char *value)
{
  X509V3_CTX ctx;
  X509_EXTENSION *e;

  X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
  e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
  (void)X509_add_ext(x, e, -1);
  X509_EXTENSION_free(e);
}

/* Made for `alt_names` ("DNS:localhost,IP:127.0.0.1"; NULL = an authority),
 * signed by `issuer` (NULL = by itself), valid for `days` from yesterday. */
static void pem_make(struct pem *p, const char *name, const char *alt_names,
                     const struct pem *issuer, long days)
{
  X509 *x = X509_new();
  X509_NAME *subject = X509_get_subject_name(x);
  BIO *bio;

  p->x509 = x;
  p->pkey = EVP_EC_gen("P-256");
  (void)X509_set_version(x, 2);
  (void)ASN1_INTEGER_set(X509_get_serialNumber(x), (long)(uintptr_t)p & 0xffff);
  (void)X509_gmtime_adj(X509_getm_notBefore(x), -86400);
  (void)X509_gmtime_adj(X509_getm_notAfter(x), (days - 1) * 86400);
  (void)X509_set_pubkey(x, p->pkey);
  (void)X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                                   (const unsigned char *)name, -1, -1, 0);
  (void)X509_set_issuer_name(x, issuer ? X509_get_subject_name(issuer->x509)
                                       : subject);
  pem_extension(x, NID_basic_constraints,
                alt_names ? "CA:FALSE" : "critical,CA:TRUE");
  if (alt_names)
    pem_extension(x, NID_subject_alt_name, alt_names);
  (void)X509_sign(x, issuer ? issuer->pkey : p->pkey, EVP_sha256());
  bio = BIO_new(BIO_s_mem());
  (void)PEM_write_bio_X509(bio, x);
  pem_text(bio, p->cert, sizeof p->cert);
  bio = BIO_new(BIO_s_mem());
  (void)PEM_write_bio_PrivateKey(bio, p->pkey, NULL, NULL, 0, NULL, NULL);
  pem_text(bio, p->key, sizeof p->key);
}

static void pem_free(struct pem *p)
{
  X509_free(p->x509);
  EVP_PKEY_free(p->pkey);
}

#endif
