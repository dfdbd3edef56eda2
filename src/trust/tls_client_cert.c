/* tls_client_cert.c - client certificates: PEM pairs and PKCS#12. */
#include "tls_private.h"

#include "../core/error.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/pkcs12err.h>
#include <stdio.h>
#include <string.h>

static int fail(tinet_error *err, const char *what)
{
  long number = (long)ERR_GET_REASON(ERR_peek_last_error());

  ERR_clear_error();
  return tinet__error_set(err, TINET_ECLIENTCERT, TINET_ORIGIN_TLS, number,
                          "client certificate: %s", what);
}

/* Never the terminal: OpenSSL would ask there for a password. */
static int on_password(char *to, int size, int is_writing, void *arg)
{
  const char *password = arg;
  size_t len = password ? strlen(password) : 0;

  (void)is_writing;
  if (len > (size_t)size)
    return -1;
  memcpy(to, password ? password : "", len);
  return (int)len;
}

static int read_pem_chain(struct tinet__client_cert *c, BIO *bio)
{
  X509 *cert;

  c->leaf = PEM_read_bio_X509(bio, NULL, NULL, NULL);
  if (!c->leaf)
    return TINET_ECLIENTCERT;
  ERR_clear_error();
  while ((cert = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
    if (!c->chain)
      c->chain = sk_X509_new_null();
    if (!c->chain || sk_X509_push(c->chain, cert) <= 0) {
      X509_free(cert);
      return TINET_ENOMEM;
    }
  }
  /* openssl: this is how the end of the text is told */
  if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
    return TINET_ECLIENTCERT;
  ERR_clear_error();
  return TINET_OK;
}

static int read_pem(const tinet_client_certificate *given,
                    struct tinet__client_cert *c, tinet_error *err)
{
  BIO *bio = BIO_new_mem_buf(given->cert, (int)given->cert_len);
  int code = bio ? read_pem_chain(c, bio) : TINET_ENOMEM;

  BIO_free(bio);
  if (code == TINET_ECLIENTCERT)
    return fail(err, c->leaf ? "the chain in the PEM text cannot be read"
                             : "there is no certificate in the PEM text");
  if (code < 0)
    return code;
  bio = BIO_new_mem_buf(given->key, (int)given->key_len);
  if (!bio)
    return TINET_ENOMEM;
  c->key = PEM_read_bio_PrivateKey(bio, NULL, on_password,
                                   (void *)(uintptr_t)given->password);
  BIO_free(bio);
  if (!c->key)
    return fail(err, "the private key cannot be read (not PEM, or the password "
                     "is wrong)");
  return TINET_OK;
}

/* The cipher of an encrypted part that this OpenSSL does not have, or NULL:
 * what is older than 2010 is in a provider that is not loaded. */
static const char *missing_cipher(const PKCS7 *part)
{
  int cipher = NID_undef, pbe;
  EVP_CIPHER *found;

  if (OBJ_obj2nid(part->type) != NID_pkcs7_encrypted)
    return NULL;
  pbe = OBJ_obj2nid(part->d.encrypted->enc_data->algorithm->algorithm);
  if (EVP_PBE_find(EVP_PBE_TYPE_OUTER, pbe, &cipher, NULL, NULL) != 1 ||
      cipher <= 0)
    return NULL;
  found = EVP_CIPHER_fetch(NULL, OBJ_nid2sn(cipher), NULL);
  EVP_CIPHER_free(found);
  return found ? NULL : OBJ_nid2sn(cipher);
}

/* Why it does not open although its password is right. */
static int fail_closed(tinet_error *err, const PKCS12 *p12)
{
  STACK_OF(PKCS7) *parts = PKCS12_unpack_authsafes(p12);
  const char *cipher = NULL;
  char text[200];

  for (int i = 0; parts && !cipher && i < sk_PKCS7_num(parts); i++)
    cipher = missing_cipher(sk_PKCS7_value(parts, i));
  sk_PKCS7_pop_free(parts, PKCS7_free);
  if (!cipher)
    return fail(err, PKCS12_mac_present(p12)
                         ? "the PKCS#12 file cannot be opened (damaged?)"
                         : "the PKCS#12 file has no MAC, without which OpenSSL "
                           "may not read it, or the password is wrong");
  (void)snprintf(text, sizeof text,
                 "the PKCS#12 file is encrypted with %s, which is obsolete; "
                 "write it anew with `openssl pkcs12 -legacy -nodes` and "
                 "`openssl pkcs12 -export`",
                 cipher);
  return fail(err, text);
}

/* 0, or what is wrong with the password. */
static int check_password(PKCS12 *p12, const char *password, tinet_error *err)
{
  int reason;

  if (!PKCS12_mac_present(p12) || PKCS12_verify_mac(p12, password, -1) == 1 ||
      (!*password && PKCS12_verify_mac(p12, NULL, 0) == 1))
    return TINET_OK;
  reason = ERR_GET_REASON(ERR_peek_last_error());
  return fail(err, reason == 0 || reason == PKCS12_R_MAC_VERIFY_FAILURE
                       ? "the password of the PKCS#12 file is wrong"
                       : "the integrity of the PKCS#12 file cannot be checked "
                         "(an unknown algorithm)");
}

static int read_pkcs12(const tinet_client_certificate *given,
                       struct tinet__client_cert *c, tinet_error *err)
{
  const unsigned char *p = given->cert;
  const char *password = given->password ? given->password : "";
  PKCS12 *p12 = d2i_PKCS12(NULL, &p, (long)given->cert_len);
  int code;

  if (!p12)
    return fail(err, "this is not a PKCS#12 file");
  code = check_password(p12, password, err);
  if (code == TINET_OK &&
      PKCS12_parse(p12, password, &c->key, &c->leaf, &c->chain) != 1)
    code = fail_closed(err, p12);
  PKCS12_free(p12);
  if (code < 0)
    return code;
  if (!c->leaf || !c->key)
    return fail(err, "the PKCS#12 file lacks a certificate or its key");
  return TINET_OK;
}

int tinet__client_cert_read(const tinet_client_certificate *given,
                            struct tinet__client_cert *ret_cert,
                            tinet_error *err)
{
  struct tinet__client_cert c = {0};
  int code;

  if (!given || !given->cert || given->cert_len > INT32_MAX ||
      given->key_len > INT32_MAX)
    return TINET_EINVAL;
  ERR_clear_error();
  code = given->key ? read_pem(given, &c, err) : read_pkcs12(given, &c, err);
  if (code == TINET_OK && X509_check_private_key(c.leaf, c.key) != 1)
    code = fail(err, "the key is not that of the certificate");
  if (code < 0) {
    tinet__client_cert_free(&c);
    return code;
  }
  ERR_clear_error();
  *ret_cert = c;
  return TINET_OK;
}

void tinet__client_cert_free(struct tinet__client_cert *c)
{
  X509_free(c->leaf);
  sk_X509_pop_free(c->chain, X509_free);
  EVP_PKEY_free(c->key);
  memset(c, 0, sizeof *c);
}
