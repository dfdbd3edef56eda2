/* pool.c - one transport for each way of trusting.
 *
 * A connection or a TLS session made for a request that does not check the
 * server, has other pins, another client certificate, another TLS version,
 * another policy or another login must never carry a request with different
 * wishes.  Instead of comparing all that whenever a connection is looked for,
 * each combination has a transport of its own, with its own connections and its
 * own sessions.
 *
 * The first partition is for requests without wishes and always there; the
 * others are opened when needed, and closed when too many are idle.
 */
#include "transport.h"

#include "../core/alloc.h"
#include "../core/buf.h"
#include "../trust/trust.h"

#include <string.h>

#define MAX_IDLE_PARTITIONS 8 /* managers made for one request each pile up */

struct key {
  tinet_trust *trust; /* NULL = the system's */
  tinet_tls_version tls_version;
  bool skips_validation;
  tinet_ats_policy *ats; /* NULL = none has judged */
  char *login;           /* NULL = none */
};

struct partition {
  struct tinet__list link;
  struct key key; /* owned */
  struct tinet__transport *transport;
};

struct pool {
  struct tinet__transport base; /* first */
  tinet_loop *loop;
  struct tinet__transport_config config;
  struct partition first;
  struct tinet__list others; /* least recently used first */
  size_t n_others;
};

/* ---- keys ---- */

static void clear_key(struct key *key)
{
  tinet_trust_unref(key->trust);
  tinet_ats_policy_unref(key->ats);
  if (key->login)
    explicit_bzero(key->login, strlen(key->login));
  tinet__free(key->login);
  memset(key, 0, sizeof *key);
}

static int login_text(const struct tinet__login *login, char **ret_text)
{
  struct tinet__buf b = TINET__BUF_INIT;
  int err = tinet__buf_addf(&b, "%d%d%zu:%s%s", login->is_ntlm,
                            login->is_negotiate, strlen(login->username),
                            login->username, login->password);

  if (err < 0)
    return err;
  *ret_text = tinet__buf_take(&b, NULL);
  return TINET_OK;
}

static int make_key(const struct tinet__exchange *x, struct key *ret_key)
{
  struct key key = {0};

  if (x->url->is_https) {
    key.tls_version = x->tls_version;
    key.skips_validation = !x->validates_certificate;
    key.trust = tinet_trust_ref(x->trust);
    key.ats = tinet_ats_policy_ref(x->ats);
  }
  if (x->login && login_text(x->login, &key.login) < 0) {
    clear_key(&key);
    return TINET_ENOMEM;
  }
  *ret_key = key;
  return TINET_OK;
}

static bool same_trust(tinet_trust *a, tinet_trust *b)
{
  char x[TINET__FINGERPRINT_MAX], y[TINET__FINGERPRINT_MAX];

  if (a == b)
    return true;
  return a && b && tinet__trust_fingerprint(a, x) &&
         tinet__trust_fingerprint(b, y) && strcmp(x, y) == 0;
}

static bool same_key(const struct key *a, const struct key *b)
{
  return a->tls_version == b->tls_version &&
         a->skips_validation == b->skips_validation && a->ats == b->ats &&
         (a->login == b->login ||
          (a->login && b->login && strcmp(a->login, b->login) == 0)) &&
         same_trust(a->trust, b->trust);
}

/* ---- partitions ---- */

static void close_partition(struct pool *pool, struct partition *p)
{
  tinet__list_remove(&p->link);
  pool->n_others--;
  p->transport->ops->close(p->transport);
  clear_key(&p->key);
  tinet__free(p);
}

static void drop_idle(struct pool *pool)
{
  struct tinet__list *next;

  for (struct tinet__list *l = pool->others.next;
       l != &pool->others && pool->n_others >= MAX_IDLE_PARTITIONS; l = next) {
    struct partition *p = TINET__CONTAINER(l, struct partition, link);

    next = l->next;
    if (p->transport->ops->is_idle(p->transport))
      close_partition(pool, p);
  }
}

/* The key is taken. */
static int add_partition(struct pool *pool, struct key *key,
                         struct partition **ret_partition)
{
  struct partition *p;
  int err;

  drop_idle(pool);
  p = tinet__zalloc(sizeof *p);
  if (!p)
    return TINET_ENOMEM;
  err = tinet__curl_transport_open(pool->loop, &pool->config, &p->transport);
  if (err < 0) {
    tinet__free(p);
    return err;
  }
  p->key = *key;
  memset(key, 0, sizeof *key);
  tinet__list_append(&pool->others, &p->link);
  pool->n_others++;
  *ret_partition = p;
  return TINET_OK;
}

static struct partition *find(struct pool *pool, const struct key *key)
{
  if (same_key(&pool->first.key, key))
    return &pool->first;
  for (struct tinet__list *l = pool->others.next; l != &pool->others;
       l = l->next) {
    struct partition *p = TINET__CONTAINER(l, struct partition, link);

    if (!same_key(&p->key, key))
      continue;
    tinet__list_remove(&p->link);
    tinet__list_append(&pool->others, &p->link);
    return p;
  }
  return NULL;
}

static bool has_wishes(const struct tinet__exchange *x)
{
  return x->login || (x->url->is_https &&
                      (x->trust || x->ats || !x->validates_certificate ||
                       x->tls_version != TINET_TLS_VERSION_DEFAULT));
}

static int choose(struct pool *pool, const struct tinet__exchange *x,
                  struct partition **ret_partition)
{
  struct partition *p;
  struct key key;
  int err;

  if (!has_wishes(x)) {
    *ret_partition = &pool->first;
    return TINET_OK;
  }
  err = make_key(x, &key);
  if (err < 0)
    return err;
  p = find(pool, &key);
  if (!p)
    err = add_partition(pool, &key, &p);
  clear_key(&key);
  if (err == TINET_OK)
    *ret_partition = p;
  return err;
}

/* ---- the interface ---- */

static int start(struct tinet__transport *base, struct tinet__exchange *x)
{
  struct pool *pool = (struct pool *)(void *)base;
  struct partition *p = NULL;
  int err = choose(pool, x, &p);

  if (err < 0)
    return err;
  x->carrier = p->transport;
  return p->transport->ops->start(p->transport, x);
}

static void cancel(struct tinet__transport *base, struct tinet__exchange *x)
{
  (void)base;
  if (x->impl && x->carrier)
    x->carrier->ops->cancel(x->carrier, x);
}

static void close_pool(struct tinet__transport *base)
{
  struct pool *pool = (struct pool *)(void *)base;

  while (!tinet__list_is_empty(&pool->others))
    close_partition(
        pool, TINET__CONTAINER(pool->others.next, struct partition, link));
  if (pool->first.transport)
    pool->first.transport->ops->close(pool->first.transport);
  tinet__free(pool);
}

static bool is_idle(const struct tinet__transport *base)
{
  const struct pool *pool = (const struct pool *)(const void *)base;

  for (struct tinet__list *l = pool->others.next; l != &pool->others;
       l = l->next) {
    const struct partition *p = TINET__CONTAINER(l, struct partition, link);

    if (!p->transport->ops->is_idle(p->transport))
      return false;
  }
  return pool->first.transport->ops->is_idle(pool->first.transport);
}

static const struct tinet__transport_ops pool_ops = {start, cancel, close_pool,
                                                     is_idle};

int tinet__pool_open(tinet_loop *loop,
                     const struct tinet__transport_config *config,
                     struct tinet__transport **ret_transport)
{
  struct pool *pool = tinet__zalloc(sizeof *pool);
  int err;

  if (!pool)
    return TINET_ENOMEM;
  pool->base.ops = &pool_ops;
  pool->loop = loop;
  pool->config = *config;
  tinet__list_init(&pool->others);
  err = tinet__curl_transport_open(loop, config, &pool->first.transport);
  if (err < 0) {
    close_pool(&pool->base);
    return err;
  }
  *ret_transport = &pool->base;
  return TINET_OK;
}
