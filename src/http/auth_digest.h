/* auth_digest.h - Digest authentication.  rfc: 7616
 *
 * parse and decide; random bytes and hashes come from tls_hash.c.
 */
#ifndef TINET_HTTP_AUTH_DIGEST_H
#define TINET_HTTP_AUTH_DIGEST_H

#include "auth_challenge.h"
#include "tls_hash.h"

enum tinet__digest_qop {
  TINET__QOP_NONE, /* rfc: 2069 */
  TINET__QOP_AUTH,
  TINET__QOP_AUTH_INT,
};

/* What a server gave to answer with.  Shared, so that no two requests use one
 * nonce with the same count. */
struct tinet__digest {
  unsigned n_refs;
  enum tinet__hash hash;
  enum tinet__digest_qop qop;
  bool is_sess;
  bool is_userhash;
  bool is_stale;         /* the challenge said so */
  const char *algorithm; /* as the server wrote it, or NULL */
  const char *realm;
  const char *nonce;  /* points into text or next_nonce */
  const char *opaque; /* or NULL */
  const char *domain; /* or NULL */
  char *text;         /* owned; the strings above point into it */
  char *next_nonce;   /* owned; rfc: 7616 3.5, or NULL */
  uint32_t count;
  char cnonce[64];
};

/* What is asked with it.  Borrowed. */
struct tinet__digest_request {
  const char *method;
  const char *uri; /* the request target */
  const char *username;
  const char *password;
  const char *body_hash; /* hex of the body's hash; only for auth-int */
};

/* TINET_EUNSUPPORTED: no nonce, another algorithm, another qop. TINET_ENOMEM.
 */
int tinet__digest_new(const struct tinet__challenge *challenge,
                      struct tinet__digest **ret_digest) TINET_MUST_CHECK;
struct tinet__digest *tinet__digest_ref(struct tinet__digest *d);
void tinet__digest_unref(struct tinet__digest *d); /* NULL is fine */

/* Adds the value of Authorization.  TINET_ENOMEM, TINET_ESYSTEM. */
int tinet__digest_answer(struct tinet__digest *d,
                         const struct tinet__digest_request *request,
                         struct tinet__buf *to) TINET_MUST_CHECK;

/* The same with the cnonce that is there. */
int tinet__digest_write(struct tinet__digest *d,
                        const struct tinet__digest_request *request,
                        struct tinet__buf *to) TINET_MUST_CHECK;

/* The value of Authentication-Info of an answer that was accepted. */
void tinet__digest_note_info(struct tinet__digest *d, const char *info);

/* How good the hash is; for choosing among several. */
int tinet__digest_strength(const struct tinet__challenge *challenge);

#endif
