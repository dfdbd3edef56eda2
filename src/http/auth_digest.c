/* auth_digest.c - answers to Digest challenges.
 *
 * qop "auth" is taken where it is offered; "auth-int", which hashes the whole
 * body beforehand, where the server offers nothing else.
 */
#include "auth_digest.h"

#include "../core/alloc.h"

#include <stdio.h>
#include <string.h>

static const struct {
  const char *name;
  enum tinet__hash hash;
  bool is_sess;
} algorithms[] = {
    {"MD5", TINET__HASH_MD5, false},
    {"MD5-sess", TINET__HASH_MD5, true},
    {"SHA-256", TINET__HASH_SHA256, false},
    {"SHA-256-sess", TINET__HASH_SHA256, true},
    {"SHA-512-256", TINET__HASH_SHA512_256, false},
    {"SHA-512-256-sess", TINET__HASH_SHA512_256, true},
};
#define N_ALGORITHMS (sizeof algorithms / sizeof *algorithms)

static size_t find_algorithm(const struct tinet__challenge *c)
{
  const char *name = tinet__challenge_param(c, "algorithm");
  size_t i = 0;

  while (name && i < N_ALGORITHMS && !tinet__ieq(name, algorithms[i].name))
    i++;
  return i;
}

int tinet__digest_strength(const struct tinet__challenge *c)
{
  size_t i = find_algorithm(c);

  return i < N_ALGORITHMS ? (int)algorithms[i].hash + 1 : 0;
}

static bool has_word(const char *list, const char *word)
{
  size_t len = strlen(word);

  while (*list) {
    size_t n = strcspn(list, ", \t");

    if (tinet__ieqn(list, n, word, len))
      return true;
    list += n;
    list += strspn(list, ", \t");
  }
  return false;
}

static int find_qop(const struct tinet__challenge *c,
                    enum tinet__digest_qop *ret_qop)
{
  const char *list = tinet__challenge_param(c, "qop");

  if (!list)
    *ret_qop = TINET__QOP_NONE;
  else if (has_word(list, "auth"))
    *ret_qop = TINET__QOP_AUTH;
  else if (has_word(list, "auth-int"))
    *ret_qop = TINET__QOP_AUTH_INT;
  else
    return TINET_EUNSUPPORTED;
  return TINET_OK;
}

static bool is_true(const struct tinet__challenge *c, const char *name)
{
  const char *value = tinet__challenge_param(c, name);

  return value && tinet__ieq(value, "true");
}

/* Copies one parameter to the block; NULL stays NULL. */
static const char *keep(char **to, const char *value)
{
  char *at = *to;
  size_t n;

  if (!value)
    return NULL;
  n = strlen(value) + 1;
  memcpy(at, value, n);
  *to += n;
  return at;
}

static size_t size_of(const char *value)
{
  return value ? strlen(value) + 1 : 0;
}

int tinet__digest_new(const struct tinet__challenge *c,
                      struct tinet__digest **ret_digest)
{
  const char *algorithm = tinet__challenge_param(c, "algorithm");
  const char *realm = tinet__challenge_param(c, "realm");
  const char *nonce = tinet__challenge_param(c, "nonce");
  const char *opaque = tinet__challenge_param(c, "opaque");
  const char *domain = tinet__challenge_param(c, "domain");
  size_t i = find_algorithm(c);
  enum tinet__digest_qop qop;
  struct tinet__digest *d;
  char *to;

  if (!nonce || !realm || i == N_ALGORITHMS || find_qop(c, &qop) < 0)
    return TINET_EUNSUPPORTED;
  d = tinet__zalloc(sizeof *d);
  if (!d)
    return TINET_ENOMEM;
  d->n_refs = 1;
  d->text = to =
      tinet__alloc(size_of(algorithm) + size_of(realm) + size_of(nonce) +
                   size_of(opaque) + size_of(domain));
  if (!to) {
    tinet__digest_unref(d);
    return TINET_ENOMEM;
  }
  d->algorithm = keep(&to, algorithm);
  d->realm = keep(&to, realm);
  d->nonce = keep(&to, nonce);
  d->opaque = keep(&to, opaque);
  d->domain = keep(&to, domain);
  d->hash = algorithms[i].hash;
  d->is_sess = algorithms[i].is_sess;
  d->qop = qop;
  d->is_userhash = is_true(c, "userhash");
  d->is_stale = is_true(c, "stale");
  *ret_digest = d;
  return TINET_OK;
}

struct tinet__digest *tinet__digest_ref(struct tinet__digest *d)
{
  if (d)
    d->n_refs++;
  return d;
}

void tinet__digest_unref(struct tinet__digest *d)
{
  if (!d || --d->n_refs > 0)
    return;
  tinet__free(d->text);
  tinet__free(d->next_nonce);
  tinet__free(d);
}

void tinet__digest_note_info(struct tinet__digest *d, const char *info)
{
  const char *at = tinet__ifind(info, strlen(info), "nextnonce=\"");
  size_t len;
  char *nonce;

  if (!at)
    return;
  at += strlen("nextnonce=\"");
  len = strcspn(at, "\"\\");
  nonce = at[len] == '"' ? tinet__strndup(at, len) : NULL;
  if (!nonce)
    return; /* the present nonce goes on, or is stale: both work */
  tinet__free(d->next_nonce);
  d->next_nonce = nonce;
  d->nonce = nonce;
  d->count = 0;
  d->cnonce[0] = '\0';
}

/* ---- the answer ---- */

static struct tinet__span span(const char *s)
{
  return (struct tinet__span){s, strlen(s)};
}

struct answer {
  char a1[TINET__HASH_HEX_MAX];
  char a2[TINET__HASH_HEX_MAX];
  char response[TINET__HASH_HEX_MAX];
  char user[TINET__HASH_HEX_MAX];
  char count[9];
};

static int hash_a1(const struct tinet__digest *d,
                   const struct tinet__digest_request *r, struct answer *a)
{
  struct tinet__span parts[] = {span(r->username), span(d->realm),
                                span(r->password)};
  struct tinet__span sess[3];
  int err = tinet__hash_parts(d->hash, parts, 3, a->a1);

  if (err < 0 || !d->is_sess)
    return err;
  sess[0] = span(a->a1);
  sess[1] = span(d->nonce);
  sess[2] = span(d->cnonce);
  return tinet__hash_parts(d->hash, sess, 3, a->a1);
}

static int hash_a2(const struct tinet__digest *d,
                   const struct tinet__digest_request *r, struct answer *a)
{
  struct tinet__span parts[] = {span(r->method), span(r->uri),
                                span(r->body_hash ? r->body_hash : "")};

  return tinet__hash_parts(d->hash, parts,
                           d->qop == TINET__QOP_AUTH_INT ? 3 : 2, a->a2);
}

static const char *qop_name(enum tinet__digest_qop qop)
{
  return qop == TINET__QOP_AUTH_INT ? "auth-int" : "auth";
}

static int hash_response(const struct tinet__digest *d, struct answer *a)
{
  struct tinet__span full[] = {
      span(a->a1),     span(d->nonce),         span(a->count),
      span(d->cnonce), span(qop_name(d->qop)), span(a->a2),
  };
  struct tinet__span old[] = {full[0], full[1], full[5]};

  if (d->qop == TINET__QOP_NONE)
    return tinet__hash_parts(d->hash, old, 3, a->response);
  return tinet__hash_parts(d->hash, full, 6, a->response);
}

static int hash_user(const struct tinet__digest *d,
                     const struct tinet__digest_request *r, struct answer *a)
{
  struct tinet__span parts[] = {span(r->username), span(d->realm)};

  return d->is_userhash ? tinet__hash_parts(d->hash, parts, 2, a->user)
                        : TINET_OK;
}

static int add_quoted(struct tinet__buf *to, const char *name,
                      const char *value)
{
  int err = tinet__buf_addf(to, "%s=\"", name);

  for (; err == TINET_OK && *value; value++) {
    if (*value == '"' || *value == '\\')
      err = tinet__buf_addc(to, '\\');
    if (err == TINET_OK)
      err = tinet__buf_addc(to, *value);
  }
  return err < 0 ? err : tinet__buf_adds(to, "\"");
}

static bool has_controls(const char *s)
{
  for (; *s; s++)
    if (((unsigned char)*s < 0x20 && *s != '\t') || *s == 0x7f)
      return true;
  return false;
}

/* rfc: 7616 3.4.4, 8187 - what no quoted string can hold, a line end above all.
 */
static int add_extended(struct tinet__buf *to, const char *name,
                        const char *value)
{
  int err = tinet__buf_addf(to, "%s*=UTF-8''", name);

  for (; err == TINET_OK && *value; value++)
    err = tinet__is_alpha(*value) || tinet__is_digit(*value)
              ? tinet__buf_addc(to, *value)
              : tinet__buf_addf(to, "%%%02X", (unsigned char)*value);
  return err;
}

static int write_answer(const struct tinet__digest *d,
                        const struct tinet__digest_request *r,
                        const struct answer *a, struct tinet__buf *to)
{
  const char *fields[][2] = {
      {"username", d->is_userhash ? a->user : r->username},
      {"realm", d->realm},
      {"nonce", d->nonce},
      {"uri", r->uri},
      {"response", a->response},
      {"opaque", d->opaque},
      {"cnonce", d->qop != TINET__QOP_NONE || d->is_sess ? d->cnonce : NULL},
  };
  int err = tinet__buf_adds(to, "Digest ");

  for (size_t i = 0; err == TINET_OK && i < sizeof fields / sizeof *fields;
       i++) {
    if (!fields[i][1])
      continue;
    if (i > 0)
      err = tinet__buf_adds(to, ", ");
    if (err == TINET_OK)
      err = i == 0 && has_controls(fields[i][1])
                ? add_extended(to, fields[i][0], fields[i][1])
                : add_quoted(to, fields[i][0], fields[i][1]);
  }
  if (err == TINET_OK && d->algorithm)
    err = tinet__buf_addf(to, ", algorithm=%s", d->algorithm);
  if (err == TINET_OK && d->is_userhash)
    err = tinet__buf_adds(to, ", userhash=true");
  if (err == TINET_OK && d->qop != TINET__QOP_NONE)
    err = tinet__buf_addf(to, ", qop=%s, nc=%s", qop_name(d->qop), a->count);
  return err;
}

int tinet__digest_write(struct tinet__digest *d,
                        const struct tinet__digest_request *r,
                        struct tinet__buf *to)
{
  struct answer a;
  int err;

  (void)snprintf(a.count, sizeof a.count, "%08x", ++d->count);
  err = hash_a1(d, r, &a);
  if (err == TINET_OK)
    err = hash_a2(d, r, &a);
  if (err == TINET_OK)
    err = hash_user(d, r, &a);
  if (err == TINET_OK)
    err = hash_response(d, &a);
  if (err == TINET_OK)
    err = write_answer(d, r, &a, to);
  explicit_bzero(&a, sizeof a);
  return err;
}

int tinet__digest_answer(struct tinet__digest *d,
                         const struct tinet__digest_request *r,
                         struct tinet__buf *to)
{
  int err = TINET_OK;

  /* rfc: 7616 3.4.2 - a session keeps the cnonce it began with. */
  if (!d->is_sess || !d->cnonce[0])
    err = tinet__random_hex(d->cnonce);
  return err < 0 ? err : tinet__digest_write(d, r, to);
}
