/* tls_hash.c - hashes by OpenSSL. */
#include "tls_hash.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

/* The public type is a name for OpenSSL's own. */
static EVP_MD_CTX *ctx_of(tinet__hasher *h)
{
  return (EVP_MD_CTX *)(void *)h;
}

static const EVP_MD *md_of(enum tinet__hash hash)
{
  switch (hash) {
  case TINET__HASH_SHA256:
    return EVP_sha256();
  case TINET__HASH_SHA512_256:
    return EVP_sha512_256();
  default:
    return EVP_md5();
  }
}

static void to_hex(const unsigned char *bytes, size_t n, char *hex)
{
  static const char digits[] = "0123456789abcdef";

  for (size_t i = 0; i < n; i++) {
    hex[2 * i] = digits[bytes[i] >> 4];
    hex[2 * i + 1] = digits[bytes[i] & 15];
  }
  hex[2 * n] = '\0';
}

int tinet__hasher_new(enum tinet__hash hash, tinet__hasher **ret_hasher)
{
  EVP_MD_CTX *ctx = EVP_MD_CTX_new();

  if (!ctx)
    return TINET_ENOMEM;
  if (EVP_DigestInit_ex(ctx, md_of(hash), NULL) != 1) {
    EVP_MD_CTX_free(ctx);
    return TINET_EUNSUPPORTED;
  }
  *ret_hasher = (tinet__hasher *)(void *)ctx;
  return TINET_OK;
}

void tinet__hasher_add(tinet__hasher *h, const void *data, size_t len)
{
  (void)EVP_DigestUpdate(ctx_of(h), data, len); /* fails by programming only */
}

int tinet__hasher_end(tinet__hasher *h, char hex[TINET__HASH_HEX_MAX])
{
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned int n = 0;
  int ok = EVP_DigestFinal_ex(ctx_of(h), bytes, &n);

  EVP_MD_CTX_free(ctx_of(h));
  if (ok != 1 || 2 * n + 1 > TINET__HASH_HEX_MAX)
    return TINET_ENOMEM;
  to_hex(bytes, n, hex);
  return TINET_OK;
}

int tinet__hash_parts(enum tinet__hash hash, const struct tinet__span *parts,
                      size_t n_parts, char hex[TINET__HASH_HEX_MAX])
{
  tinet__hasher *h;
  int err = tinet__hasher_new(hash, &h);

  if (err < 0)
    return err;
  for (size_t i = 0; i < n_parts; i++) {
    if (i > 0)
      tinet__hasher_add(h, ":", 1);
    tinet__hasher_add(h, parts[i].p, parts[i].len);
  }
  return tinet__hasher_end(h, hex);
}

int tinet__random_hex(char hex[33])
{
  unsigned char bytes[16];

  if (RAND_bytes(bytes, sizeof bytes) != 1)
    return TINET_ESYSTEM;
  to_hex(bytes, sizeof bytes, hex);
  return TINET_OK;
}
