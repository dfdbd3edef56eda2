/* tls_certificate.c - reading certificates, and what they say of themselves. */
#include "tls_private.h"

#include "../core/error.h"
#include "../core/str.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static bool is_pem(const void *data, size_t len)
{
  return tinet__ifind(data, len, "-----BEGIN ") != NULL;
}

X509 *tinet__tls_read_certificate(const void *data, size_t len,
                                  tinet_error *err)
{
  const unsigned char *p = data;
  X509 *cert = NULL;
  BIO *bio;

  if (!data || len == 0 || len > INT32_MAX) {
    (void)tinet__error_set(err, TINET_ECERTIFICATE, TINET_ORIGIN_TINET, 0,
                           "the certificate is empty");
    return NULL;
  }
  ERR_clear_error();
  if (is_pem(data, len)) {
    bio = BIO_new_mem_buf(data, (int)len);
    cert = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    BIO_free(bio);
  } else {
    cert = d2i_X509(NULL, &p, (long)len);
  }
  if (!cert)
    (void)tinet__error_set(err, TINET_ECERTIFICATE, TINET_ORIGIN_TLS,
                           (long)ERR_GET_REASON(ERR_peek_last_error()),
                           "this is not an X.509 certificate in PEM or DER");
  ERR_clear_error();
  return cert;
}

int tinet__tls_spki_hash(X509 *cert, tinet_spki_hash *ret_hash)
{
  unsigned char *der = NULL;
  unsigned int n = 0;
  int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);
  int ok;

  if (len <= 0)
    return TINET_ENOMEM;
  ok = EVP_Digest(der, (size_t)len, ret_hash->bytes, &n, EVP_sha256(), NULL);
  OPENSSL_free(der);
  return ok == 1 && n == sizeof ret_hash->bytes ? TINET_OK : TINET_ENOMEM;
}

int tinet_spki_hash_of_certificate(const void *data, size_t len,
                                   tinet_spki_hash *ret_hash, tinet_error *err)
{
  X509 *cert;
  int code;

  if (!ret_hash)
    return TINET_EINVAL;
  cert = tinet__tls_read_certificate(data, len, err);
  if (!cert)
    return TINET_ECERTIFICATE;
  code = tinet__tls_spki_hash(cert, ret_hash);
  X509_free(cert);
  return code;
}

/* ---- what a certificate says of itself ---- */

/* Nothing a peer sends reaches a terminal as a control character. */
static void clean(char *text)
{
  for (char *p = text; *p; p++)
    if ((unsigned char)*p < 0x20 || *p == 0x7f)
      *p = '?';
  if (!tinet__utf8_is_valid(text, strlen(text)))
    for (char *p = text; *p; p++)
      if ((unsigned char)*p >= 0x80)
        *p = '?';
}

static void copy_name(const X509_NAME *name, char *to, size_t size)
{
  BIO *bio = BIO_new(BIO_s_mem());
  int n = 0;

  to[0] = '\0';
  if (!bio)
    return;
  if (X509_NAME_print_ex(bio, name, 0,
                         (XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB)) >= 0)
    n = BIO_read(bio, to, (int)size - 1);
  to[n > 0 ? n : 0] = '\0';
  BIO_free(bio);
  clean(to);
}

static void copy_time(const ASN1_TIME *when, char *to, size_t size)
{
  struct tm tm;

  to[0] = '\0';
  if (ASN1_TIME_to_tm(when, &tm) != 1 ||
      strftime(to, size, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
    to[0] = '\0';
}

static void copy_key(const X509 *cert, char *to, size_t size)
{
  EVP_PKEY *key = X509_get0_pubkey(cert);
  char group[40] = "";

  if (!key)
    return;
  if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
      EVP_PKEY_get_group_name(key, group, sizeof group, NULL) == 1)
    (void)snprintf(to, size, "EC %s %d", group, EVP_PKEY_get_bits(key));
  else
    (void)snprintf(to, size, "%s %d",
                   EVP_PKEY_get0_type_name(key) ? EVP_PKEY_get0_type_name(key)
                                                : "unknown",
                   EVP_PKEY_get_bits(key));
}

static void copy_hash(X509 *cert, char *to, size_t size)
{
  int md = NID_undef, key = NID_undef;

  if (X509_get_signature_info(cert, &md, &key, NULL, NULL) != 1)
    return;
  if (md == NID_undef) /* Ed25519 signs without one of its own */
    md = key;
  (void)snprintf(to, size, "%s", OBJ_nid2sn(md));
}

/* What does not fit is left out, whole, and nothing comes after it. */
static void append(char *to, size_t size, const char *word, size_t len)
{
  static const char rest[] = ", ...";
  size_t n = strlen(to);

  if (n >= sizeof rest && strcmp(to + n - (sizeof rest - 1), rest) == 0)
    return;
  if (n + len + 2 * sizeof rest > size)
    (void)snprintf(to + n, size - n, "%s", n ? rest : "...");
  else
    (void)snprintf(to + n, size - n, "%s%.*s", n ? ", " : "", (int)len, word);
}

static void append_address(char *to, size_t size, const ASN1_OCTET_STRING *ip)
{
  const unsigned char *bytes = ASN1_STRING_get0_data(ip);
  int len = ASN1_STRING_length(ip);
  char text[INET6_ADDRSTRLEN];

  if ((len == 4 || len == 16) &&
      inet_ntop(len == 4 ? AF_INET : AF_INET6, bytes, text, sizeof text))
    append(to, size, text, strlen(text));
}

static void copy_names(X509 *cert, char *to, size_t size)
{
  GENERAL_NAMES *names =
      X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
  char cn[256] = "";

  for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++) {
    const GENERAL_NAME *g = sk_GENERAL_NAME_value(names, i);

    if (g->type == GEN_DNS)
      append(to, size, (const char *)ASN1_STRING_get0_data(g->d.dNSName),
             (size_t)ASN1_STRING_length(g->d.dNSName));
    else if (g->type == GEN_IPADD)
      append_address(to, size, g->d.iPAddress);
  }
  if (!names && X509_NAME_get_text_by_NID(X509_get_subject_name(cert),
                                          NID_commonName, cn, sizeof cn) > 0)
    append(to, size, cn, strlen(cn));
  GENERAL_NAMES_free(names);
  clean(to);
}

void tinet__tls_describe(X509 *cert, tinet_tls_failure *f)
{
  tinet_spki_hash hash;

  copy_name(X509_get_subject_name(cert), f->subject, sizeof f->subject);
  copy_name(X509_get_issuer_name(cert), f->issuer, sizeof f->issuer);
  copy_time(X509_get0_notBefore(cert), f->not_before, sizeof f->not_before);
  copy_time(X509_get0_notAfter(cert), f->not_after, sizeof f->not_after);
  copy_key(cert, f->key, sizeof f->key);
  copy_hash(cert, f->hash, sizeof f->hash);
  if (f->depth <= 0)
    copy_names(cert, f->names, sizeof f->names);
  if (tinet__tls_spki_hash(cert, &hash) == TINET_OK)
    tinet_spki_hash_text(&hash, f->seen_spki);
  ERR_clear_error();
}
