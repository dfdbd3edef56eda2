/* tls_trust.c - pins, authorities and client certificates, and their verdict.
 *
 * Filled once, then sealed by the first use and shared between threads.  Which
 * entries are for a host is host_pattern.c's to say: the most exact pattern
 * wins, and all entries that are as exact count.
 */
#include "host_pattern.h"
#include "tls_private.h"

#include "../core/alloc.h"
#include "../core/error.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define MAX_ENTRIES 4096 /* pins, client certificates: an application's own */
#define MAX_CA_FILE (16L * 1024 * 1024)
#define MAX_CHAIN 64

struct pin {
  struct tinet__host_pattern host;
  tinet_spki_hash hash;
  int index;
};

struct identity {
  struct tinet__host_pattern host;
  struct tinet__client_cert cert;
};

struct tinet_trust {
  atomic_uint n_refs;
  atomic_bool is_sealed;
  struct pin *pins; /* owned */
  size_t n_pins;
  struct identity *identities; /* owned */
  size_t n_identities;
  STACK_OF(X509) * authorities; /* owned; NULL = none */
  tinet_chain_cb verify;
  void *verify_user; /* borrowed until release */
  void (*release)(void *user);
  bool (*handles)(const char *url, void *user);
  void *handles_user;
  EVP_MD_CTX *digest; /* owned; of everything that was added */
};

int tinet_trust_new(tinet_trust **ret_trust)
{
  tinet_trust *t;

  if (!ret_trust)
    return TINET_EINVAL;
  t = tinet__zalloc(sizeof *t);
  if (!t)
    return TINET_ENOMEM;
  t->n_refs = 1;
  t->digest = EVP_MD_CTX_new();
  if (!t->digest || EVP_DigestInit_ex(t->digest, EVP_sha256(), NULL) != 1) {
    tinet_trust_unref(t);
    return TINET_ENOMEM;
  }
  *ret_trust = t;
  return TINET_OK;
}

tinet_trust *tinet_trust_ref(tinet_trust *t)
{
  if (t)
    t->n_refs++;
  return t;
}

void tinet_trust_unref(tinet_trust *t)
{
  if (!t || --t->n_refs > 0)
    return;
  if (t->release)
    t->release(t->verify_user);
  for (size_t i = 0; i < t->n_pins; i++)
    tinet__host_pattern_free(&t->pins[i].host);
  for (size_t i = 0; i < t->n_identities; i++) {
    tinet__host_pattern_free(&t->identities[i].host);
    tinet__client_cert_free(&t->identities[i].cert);
  }
  tinet__free(t->pins);
  tinet__free(t->identities);
  sk_X509_pop_free(t->authorities, X509_free);
  EVP_MD_CTX_free(t->digest);
  tinet__free(t);
}

/* ---- filling ---- */

/* What is added goes into the fingerprint, each part with its length. */
static bool note(tinet_trust *t, const void *data, size_t len)
{
  uint64_t n = len;

  return EVP_DigestUpdate(t->digest, &n, sizeof n) == 1 &&
         EVP_DigestUpdate(t->digest, data, len) == 1;
}

static bool note_host(tinet_trust *t, const struct tinet__host_pattern *p)
{
  return note(t, p->is_wildcard ? "*" : "=", 1) &&
         note(t, p->name ? p->name : "", p->name ? strlen(p->name) : 0);
}

static bool note_certificate(tinet_trust *t, X509 *cert)
{
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned int n = 0;

  return X509_digest(cert, EVP_sha256(), hash, &n) == 1 && note(t, hash, n);
}

/* Room for one more. */
static void *grown(void *list, size_t n, size_t size)
{
  if (n >= MAX_ENTRIES)
    return NULL;
  return tinet__realloc(list, (n + 1) * size);
}

int tinet_trust_add_pin(tinet_trust *t, const char *host,
                        const tinet_spki_hash *hash, int chain_index)
{
  struct pin pin = {.index = chain_index};
  struct pin *pins;
  int err;

  if (!t || !host || !hash || chain_index < TINET_PIN_ANYWHERE)
    return TINET_EINVAL;
  if (t->is_sealed)
    return TINET_ESTATE;
  pin.hash = *hash;
  err = tinet__host_pattern_parse(host, &pin.host);
  if (err < 0)
    return err;
  pins = grown(t->pins, t->n_pins, sizeof *pins);
  if (pins)
    t->pins = pins;
  if (!pins || !note(t, "pin", 3) || !note_host(t, &pin.host) ||
      !note(t, hash, sizeof *hash) ||
      !note(t, &chain_index, sizeof chain_index)) {
    tinet__host_pattern_free(&pin.host);
    return TINET_ENOMEM;
  }
  pins[t->n_pins++] = pin;
  return TINET_OK;
}

/* How many were added to `to`; TINET_ECERTIFICATE: what comes after them is
 * begun like a certificate and is none. */
static int read_authorities(STACK_OF(X509) * to, BIO *bio)
{
  X509 *cert;
  int reason;

  ERR_clear_error();
  while ((cert = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
    if (sk_X509_push(to, cert) <= 0) {
      X509_free(cert);
      return TINET_ENOMEM;
    }
  }
  reason = ERR_GET_REASON(ERR_peek_last_error());
  ERR_clear_error();
  /* openssl: this is how the end of the text is told */
  return reason == PEM_R_NO_START_LINE ? sk_X509_num(to) : TINET_ECERTIFICATE;
}

/* All or none. */
static int take_authorities(tinet_trust *t, STACK_OF(X509) * from)
{
  int n = sk_X509_num(from);

  if (!t->authorities)
    t->authorities = sk_X509_new_null();
  if (!t->authorities ||
      sk_X509_reserve(t->authorities, sk_X509_num(t->authorities) + n) != 1)
    return TINET_ENOMEM;
  for (int i = 0; i < n; i++)
    if (!note(t, "ca", 2) || !note_certificate(t, sk_X509_value(from, i)))
      return TINET_ENOMEM;
  while (sk_X509_num(from) > 0) /* there is room for them */
    (void)sk_X509_push(t->authorities, sk_X509_shift(from));
  return TINET_OK;
}

static int add_authorities(tinet_trust *t, BIO *bio, tinet_error *err)
{
  STACK_OF(X509) *list = sk_X509_new_null();
  int n = list ? read_authorities(list, bio) : TINET_ENOMEM;
  int code = n;

  if (n > 0)
    code = take_authorities(t, list);
  else if (n == 0)
    code = tinet__error_set(err, TINET_ECERTIFICATE, TINET_ORIGIN_TINET, 0,
                            "no certificate in the PEM text");
  else if (n == TINET_ECERTIFICATE)
    (void)tinet__error_set(err, n, TINET_ORIGIN_TINET, 0,
                           "certificate %d of the PEM text cannot be read",
                           sk_X509_num(list) + 1);
  sk_X509_pop_free(list, X509_free);
  return code;
}

int tinet_trust_add_ca(tinet_trust *t, const void *pem, size_t len,
                       tinet_error *err)
{
  BIO *bio;
  int code;

  if (!t || !pem || len > INT32_MAX)
    return TINET_EINVAL;
  if (t->is_sealed)
    return TINET_ESTATE;
  bio = BIO_new_mem_buf(pem, (int)len);
  if (!bio)
    return TINET_ENOMEM;
  code = add_authorities(t, bio, err);
  BIO_free(bio);
  return code;
}

static int read_file(const char *path, char **ret_data, size_t *ret_len,
                     tinet_error *err)
{
  FILE *f = fopen(path, "re");
  char *data = NULL;
  size_t len = 0;
  long size;

  if (!f)
    return tinet__error_errno(err, TINET_EFILE, errno, "%s", path);
  size = fseek(f, 0, SEEK_END) == 0 ? ftell(f) : -1;
  if (size >= 0 && size <= MAX_CA_FILE)
    data = tinet__alloc((size_t)size + 1);
  if (data && fseek(f, 0, SEEK_SET) == 0)
    len = fread(data, 1, (size_t)size, f);
  (void)fclose(f);
  if (!data || len != (size_t)size) {
    tinet__free(data);
    return tinet__error_set(err, TINET_EFILE, TINET_ORIGIN_TINET, 0,
                            "%s: cannot be read", path);
  }
  *ret_data = data;
  *ret_len = len;
  return TINET_OK;
}

int tinet_trust_add_ca_file(tinet_trust *t, const char *path, tinet_error *err)
{
  TINET_CLEANUP(tinet__freep) char *data = NULL;
  tinet_error why = {0};
  size_t len = 0;
  int code;

  if (!t || !path)
    return TINET_EINVAL;
  code = read_file(path, &data, &len, err);
  if (code < 0)
    return code;
  code = tinet_trust_add_ca(t, data, len, &why);
  if (code == TINET_ECERTIFICATE)
    return tinet__error_set(err, code, TINET_ORIGIN_TINET, 0, "%.120s: %s",
                            path, why.text);
  return code;
}

int tinet_trust_add_client_certificate(tinet_trust *t, const char *host,
                                       const tinet_client_certificate *given,
                                       tinet_error *err)
{
  struct identity id = {0};
  struct identity *ids;
  int code;

  if (!t)
    return TINET_EINVAL;
  if (t->is_sealed)
    return TINET_ESTATE;
  code = tinet__host_pattern_parse(host, &id.host);
  if (code < 0)
    return code;
  code = tinet__client_cert_read(given, &id.cert, err);
  if (code == TINET_OK) {
    ids = grown(t->identities, t->n_identities, sizeof *ids);
    if (ids)
      t->identities = ids;
    if (ids && note(t, "id", 2) && note_host(t, &id.host) &&
        note_certificate(t, id.cert.leaf)) {
      ids[t->n_identities++] = id;
      return TINET_OK;
    }
    code = TINET_ENOMEM;
  }
  tinet__host_pattern_free(&id.host);
  tinet__client_cert_free(&id.cert);
  return code;
}

int tinet_trust_set_verifier(tinet_trust *t, tinet_chain_cb verify, void *user,
                             void (*release)(void *user))
{
  if (!t || !verify)
    return TINET_EINVAL;
  if (t->is_sealed || t->verify)
    return TINET_ESTATE;
  t->verify = verify;
  t->verify_user = user;
  t->release = release;
  return TINET_OK;
}

int tinet_trust_set_filter(tinet_trust *t,
                           bool (*handles)(const char *url, void *user),
                           void *user)
{
  if (!t || !handles)
    return TINET_EINVAL;
  if (t->is_sealed)
    return TINET_ESTATE;
  t->handles = handles;
  t->handles_user = user;
  return TINET_OK;
}

/* ---- using ---- */

void tinet__trust_seal(tinet_trust *t)
{
  t->is_sealed = true;
}

bool tinet__trust_handles(const tinet_trust *t, const char *url)
{
  return !t->handles || t->handles(url, t->handles_user);
}

bool tinet__trust_judges_all(const tinet_trust *t)
{
  return t->verify != NULL || t->authorities != NULL;
}

bool tinet__trust_has_authority(const tinet_trust *t, const void *cert)
{
  for (int i = 0; t->authorities && i < sk_X509_num(t->authorities); i++)
    if (X509_cmp(sk_X509_value(t->authorities, i), cert) == 0)
      return true;
  return false;
}

bool tinet__trust_fingerprint(const tinet_trust *t,
                              char text[TINET__FINGERPRINT_MAX])
{
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned int n = 0;
  EVP_MD_CTX *copy;

  if (t->verify || t->handles)
    return false;
  copy = EVP_MD_CTX_new();
  if (!copy || EVP_MD_CTX_copy_ex(copy, t->digest) != 1 ||
      EVP_DigestFinal_ex(copy, hash, &n) != 1)
    n = 0;
  EVP_MD_CTX_free(copy);
  for (unsigned int i = 0; i < n; i++)
    (void)snprintf(text + 2 * (size_t)i, 3, "%02x", hash[i]);
  return n > 0;
}

static size_t best_pin(const tinet_trust *t, const char *host)
{
  size_t best = 0;

  for (size_t i = 0; i < t->n_pins; i++) {
    size_t score = tinet__host_pattern_match(&t->pins[i].host, host);

    if (score > best)
      best = score;
  }
  return best;
}

static const struct identity *best_identity(const tinet_trust *t,
                                            const char *host)
{
  const struct identity *found = NULL;
  size_t best = 0;

  for (size_t i = 0; i < t->n_identities; i++) {
    size_t score = tinet__host_pattern_match(&t->identities[i].host, host);

    if (score > best) {
      best = score;
      found = &t->identities[i];
    }
  }
  return found;
}

bool tinet_trust_covers(const tinet_trust *t, const char *host)
{
  return t && host && (best_pin(t, host) > 0 || best_identity(t, host) != NULL);
}

int tinet__trust_apply(const tinet_trust *t, const char *host, void *ssl_ctx)
{
  SSL_CTX *ctx = ssl_ctx;
  const struct identity *id = best_identity(t, host);
  X509_STORE *store = SSL_CTX_get_cert_store(ctx);

  for (int i = 0; t->authorities && i < sk_X509_num(t->authorities); i++)
    if (X509_STORE_add_cert(store, sk_X509_value(t->authorities, i)) != 1)
      return TINET_ETLS;
  if (!id)
    return TINET_OK;
  if (SSL_CTX_use_certificate(ctx, id->cert.leaf) != 1 ||
      SSL_CTX_use_PrivateKey(ctx, id->cert.key) != 1 ||
      (id->cert.chain && SSL_CTX_set1_chain(ctx, id->cert.chain) != 1)) {
    ERR_clear_error();
    return TINET_ETLS;
  }
  return TINET_OK;
}

/* ---- the verdict ---- */

static bool is_pinned_key(const struct pin *pin, STACK_OF(X509) * chain)
{
  tinet_spki_hash seen;
  int n = sk_X509_num(chain);
  int first = pin->index < 0 ? 0 : pin->index;
  int last = pin->index < 0 ? n - 1 : pin->index;

  for (int i = first; i <= last && i < n; i++)
    if (tinet__tls_spki_hash(sk_X509_value(chain, i), &seen) == TINET_OK &&
        memcmp(&seen, &pin->hash, sizeof seen) == 0)
      return true;
  return false;
}

/* Up to four; that there are more is told. */
static void append_pin(tinet_tls_failure *f, const char *text)
{
  static const char rest[] = ", ...";
  size_t n = strlen(f->expected_spki), size = sizeof f->expected_spki;

  if (strstr(f->expected_spki, text) || strstr(f->expected_spki, rest))
    return;
  if (n + strlen(text) + 2 * sizeof rest > size)
    text = "...";
  (void)snprintf(f->expected_spki + n, size - n, "%s%s", n ? ", " : "", text);
}

static void describe_mismatch(const tinet_trust *t, const char *host,
                              STACK_OF(X509) * chain, tinet_tls_failure *f)
{
  size_t best = best_pin(t, host);
  int index = 0;
  size_t n = 0;

  f->expected_spki[0] = '\0';
  for (size_t i = 0; i < t->n_pins; i++) {
    char text[TINET_SPKI_HASH_TEXT_MAX];

    if (tinet__host_pattern_match(&t->pins[i].host, host) != best)
      continue;
    if (n++ == 0 && t->pins[i].index > 0)
      index = t->pins[i].index;
    tinet_spki_hash_text(&t->pins[i].hash, text);
    append_pin(f, text);
  }
  f->reason = TINET_TLS_REASON_PIN_MISMATCH;
  f->openssl_code = X509_V_ERR_APPLICATION_VERIFICATION;
  f->nsurl_code = tinet__tls_nsurl_code(f->reason);
  f->depth = index;
  if (index < sk_X509_num(chain))
    tinet__tls_describe(sk_X509_value(chain, index), f);
}

static bool pins_hold(const tinet_trust *t, const char *host,
                      STACK_OF(X509) * chain)
{
  size_t best = best_pin(t, host);

  if (best == 0)
    return true; /* none for this host */
  for (size_t i = 0; i < t->n_pins; i++)
    if (tinet__host_pattern_match(&t->pins[i].host, host) == best &&
        is_pinned_key(&t->pins[i], chain))
      return true;
  return false;
}

static int ask_verifier(const tinet_trust *t, const char *host,
                        STACK_OF(X509) * chain, tinet_error *err)
{
  struct tinet_der ders[MAX_CHAIN];
  unsigned char *owned[MAX_CHAIN] = {NULL};
  tinet_chain given = {.host = host, .certificates = ders};
  int n = sk_X509_num(chain);
  int code = TINET_OK;

  for (int i = 0; i < n && i < MAX_CHAIN && code == TINET_OK; i++) {
    int len = i2d_X509(sk_X509_value(chain, i), &owned[i]);

    if (len <= 0)
      code = TINET_ENOMEM;
    ders[i].data = owned[i];
    ders[i].len = len > 0 ? (size_t)len : 0;
    given.n_certificates++;
  }
  if (code == TINET_OK)
    code = t->verify(&given, err, t->verify_user);
  for (int i = 0; i < MAX_CHAIN; i++)
    OPENSSL_free(owned[i]);
  return code;
}

int tinet__trust_judge(const tinet_trust *t, const char *host, void *store_ctx,
                       tinet_tls_failure *f, tinet_error *err)
{
  STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(store_ctx);
  int code;

  memset(f, 0, sizeof *f);
  f->depth = -1;
  (void)snprintf(f->host, sizeof f->host, "%s", host);
  tinet__error_clear(err);
  if (!pins_hold(t, host, chain)) {
    describe_mismatch(t, host, chain, f);
    return TINET_EPIN;
  }
  code = t->verify ? ask_verifier(t, host, chain, err) : TINET_OK;
  if (code == TINET_OK)
    return TINET_OK;
  f->reason = TINET_TLS_REASON_REFUSED;
  f->openssl_code = X509_V_ERR_APPLICATION_VERIFICATION;
  f->nsurl_code = tinet__tls_nsurl_code(f->reason);
  f->depth = 0;
  tinet__tls_describe(sk_X509_value(chain, 0), f);
  return code < 0 ? code : TINET_ECERTIFICATE;
}
