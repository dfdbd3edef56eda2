/* tls_hash.h - the hashes of HTTP authentication, and random bytes.  OpenSSL
 * stays behind it. */
#ifndef TINET_HTTP_TLS_HASH_H
#define TINET_HTTP_TLS_HASH_H

#include <tinet/error.h>

#include "../core/str.h"

enum tinet__hash {
  TINET__HASH_MD5,
  TINET__HASH_SHA256,
  TINET__HASH_SHA512_256,
};

#define TINET__HASH_HEX_MAX 65 /* 32 bytes in hex, and NUL */

typedef struct tinet__hasher tinet__hasher;
/* TINET_ENOMEM, TINET_EUNSUPPORTED (a system without MD5). */
int tinet__hasher_new(enum tinet__hash hash,
                      tinet__hasher **ret_hasher) TINET_MUST_CHECK;
void tinet__hasher_add(tinet__hasher *h, const void *data, size_t len);
/* Lower-case hex; frees the hasher.  TINET_ENOMEM if anything went wrong. */
int tinet__hasher_end(tinet__hasher *h,
                      char hex[TINET__HASH_HEX_MAX]) TINET_MUST_CHECK;

/* The hash of `parts` with a ':' between them. */
int tinet__hash_parts(enum tinet__hash hash, const struct tinet__span *parts,
                      size_t n_parts,
                      char hex[TINET__HASH_HEX_MAX]) TINET_MUST_CHECK;
/* 32 lower-case hex digits and NUL.  TINET_ESYSTEM. */
int tinet__random_hex(char hex[33]) TINET_MUST_CHECK;

#endif
