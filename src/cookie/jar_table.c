/* jar_table.c - the memory of a jar. */
#include "jar_private.h"

#include "../core/str.h"
#include "set_cookie.h"

#include <string.h>

#define FIRST_SLOTS 64u

/* FNV-1a, seeded by nothing: a peer that makes names collide slows
 * down its own domains only as far as the limits let it. */
static uint32_t hash_of(const char *s, size_t len)
{
  uint32_t h = 2166136261u;

  for (size_t i = 0; i < len; i++)
    h = (h ^ (unsigned char)s[i]) * 16777619u;
  return h ^ h >> 15;
}

void tinet__jar_table_init(struct tinet__jar_table *t)
{
  memset(t, 0, sizeof *t);
  tinet__list_init(&t->used);
  t->next_expiry_ms = INT64_MAX;
}

static struct tinet__jar_cookie *cookie_of(struct tinet__list *link)
{
  return TINET__CONTAINER(link, struct tinet__jar_cookie, used);
}

void tinet__jar_table_free(struct tinet__jar_table *t)
{
  while (!tinet__list_is_empty(&t->used))
    tinet__jar_drop(t, cookie_of(t->used.next));
  tinet__free(t->buckets);
  tinet__free(t->groups);
  tinet__jar_table_init(t);
}

/* ---- buckets and groups ---- */

struct tinet__jar_bucket *
tinet__jar_bucket_find(const struct tinet__jar_table *t, const char *domain,
                       size_t len)
{
  uint32_t hash = hash_of(domain, len);
  struct tinet__jar_bucket *b;

  if (!t->buckets)
    return NULL;
  for (b = t->buckets[hash & t->bucket_mask]; b; b = b->next)
    if (b->hash == hash && b->domain_len == len &&
        memcmp(b->domain, domain, len) == 0)
      return b;
  return NULL;
}

static struct tinet__jar_group *find_group(const struct tinet__jar_table *t,
                                           const char *domain, uint32_t hash)
{
  struct tinet__jar_group *g;

  if (!t->groups)
    return NULL;
  for (g = t->groups[hash & t->group_mask]; g; g = g->next)
    if (g->hash == hash && strcmp(g->domain, domain) == 0)
      return g;
  return NULL;
}

/* Without memory for a larger table the old one goes on with longer chains. */
static bool grow_buckets(struct tinet__jar_table *t)
{
  uint32_t n = t->buckets ? (t->bucket_mask + 1) * 2 : FIRST_SLOTS;
  struct tinet__jar_bucket **slots;

  if (t->buckets && t->n_buckets <= t->bucket_mask)
    return true;
  slots = tinet__zalloc(n * sizeof *slots);
  if (!slots)
    return t->buckets != NULL;
  for (uint32_t i = 0; t->buckets && i <= t->bucket_mask; i++) {
    struct tinet__jar_bucket *b = t->buckets[i], *next;

    for (; b; b = next) {
      next = b->next;
      b->next = slots[b->hash & (n - 1)];
      slots[b->hash & (n - 1)] = b;
    }
  }
  tinet__free(t->buckets);
  t->buckets = slots;
  t->bucket_mask = n - 1;
  return true;
}

static bool grow_groups(struct tinet__jar_table *t)
{
  uint32_t n = t->groups ? (t->group_mask + 1) * 2 : FIRST_SLOTS;
  struct tinet__jar_group **slots;

  if (t->groups && t->n_groups <= t->group_mask)
    return true;
  slots = tinet__zalloc(n * sizeof *slots);
  if (!slots)
    return t->groups != NULL;
  for (uint32_t i = 0; t->groups && i <= t->group_mask; i++) {
    struct tinet__jar_group *g = t->groups[i], *next;

    for (; g; g = next) {
      next = g->next;
      g->next = slots[g->hash & (n - 1)];
      slots[g->hash & (n - 1)] = g;
    }
  }
  tinet__free(t->groups);
  t->groups = slots;
  t->group_mask = n - 1;
  return true;
}

const struct tinet__jar_group *
tinet__jar_group_find(const struct tinet__jar_table *t, const char *domain)
{
  struct tinet__jar_bucket *b =
      tinet__jar_bucket_find(t, domain, strlen(domain));
  const char *name;

  if (b)
    return b->group;
  name = tinet__cookie_is_address(domain) ? domain
                                          : tinet__psl_registrable(domain);
  return find_group(t, name, hash_of(name, strlen(name)));
}

static struct tinet__jar_group *group_for(struct tinet__jar_table *t,
                                          const char *domain)
{
  const char *name = tinet__cookie_is_address(domain)
                         ? domain
                         : tinet__psl_registrable(domain);
  size_t len = strlen(name);
  uint32_t hash = hash_of(name, len);
  struct tinet__jar_group *g = find_group(t, name, hash);

  if (g || !grow_groups(t))
    return g;
  g = tinet__zalloc(sizeof *g + len + 1);
  if (!g)
    return NULL;
  memcpy(g->domain, name, len + 1);
  g->hash = hash;
  tinet__list_init(&g->buckets);
  g->next = t->groups[hash & t->group_mask];
  t->groups[hash & t->group_mask] = g;
  t->n_groups++;
  return g;
}

static void drop_group(struct tinet__jar_table *t, struct tinet__jar_group *g)
{
  struct tinet__jar_group **at = &t->groups[g->hash & t->group_mask];

  while (*at != g)
    at = &(*at)->next;
  *at = g->next;
  t->n_groups--;
  tinet__free(g);
}

void tinet__jar_group_hold(struct tinet__jar_group *g)
{
  g->is_held = true;
}

void tinet__jar_group_release(struct tinet__jar_table *t,
                              struct tinet__jar_group *g)
{
  g->is_held = false;
  if (tinet__list_is_empty(&g->buckets))
    drop_group(t, g);
}

static void drop_bucket(struct tinet__jar_table *t, struct tinet__jar_bucket *b)
{
  struct tinet__jar_bucket **at = &t->buckets[b->hash & t->bucket_mask];

  while (*at != b)
    at = &(*at)->next;
  *at = b->next;
  t->n_buckets--;
  tinet__list_remove(&b->in_group);
  if (tinet__list_is_empty(&b->group->buckets) && !b->group->is_held)
    drop_group(t, b->group);
  tinet__free(b->cookies);
  tinet__free(b);
}

static void drop_if_empty(struct tinet__jar_table *t,
                          struct tinet__jar_bucket *b)
{
  if (b->n == 0 && b->n_reserved == 0)
    drop_bucket(t, b);
}

static struct tinet__jar_bucket *bucket_for(struct tinet__jar_table *t,
                                            const char *domain)
{
  size_t len = strlen(domain);
  struct tinet__jar_bucket *b = tinet__jar_bucket_find(t, domain, len);
  struct tinet__jar_group *g;

  if (b || !grow_buckets(t))
    return b;
  b = tinet__zalloc(sizeof *b + len + 1);
  if (!b)
    return NULL;
  g = group_for(t, domain);
  if (!g) {
    tinet__free(b);
    return NULL;
  }
  memcpy(b->domain, domain, len + 1);
  b->domain_len = (uint32_t)len;
  b->hash = hash_of(domain, len);
  b->group = g;
  tinet__list_append(&g->buckets, &b->in_group);
  b->next = t->buckets[b->hash & t->bucket_mask];
  t->buckets[b->hash & t->bucket_mask] = b;
  t->n_buckets++;
  return b;
}

/* ---- cookies ---- */

static size_t put_text(char *to, const char *text)
{
  size_t n = strlen(text) + 1;

  memcpy(to, text, n);
  return n;
}

static struct tinet__jar_cookie *make(const tinet_cookie *from)
{
  const char *path = from->path ? from->path : "/";
  size_t size = strlen(from->name) + strlen(from->value) + strlen(path) + 3;
  struct tinet__jar_cookie *c;
  size_t n = 0;

  if (from->comment)
    size += strlen(from->comment) + 1;
  if (from->original_url)
    size += strlen(from->original_url) + 1;
  c = tinet__zalloc(sizeof *c + size);
  if (!c)
    return NULL;
  n += put_text(c->text, from->name);
  c->name_len = (uint32_t)n - 1;
  n += put_text(c->text + n, from->value);
  c->value_len = (uint32_t)n - c->name_len - 2;
  c->path_len = (uint32_t)strlen(path);
  n += put_text(c->text + n, path);
  if (from->comment)
    n += put_text(c->text + n, from->comment);
  if (from->original_url)
    (void)put_text(c->text + n, from->original_url);
  c->has_comment = from->comment != NULL;
  c->has_url = from->original_url != NULL;
  c->expires_ms = from->is_persistent ? from->expires_ms : INT64_MAX;
  c->created_us = from->created_us;
  c->accessed_us = from->accessed_us;
  c->version = (uint32_t)from->version;
  c->is_host_only = from->is_host_only;
  c->is_secure = from->is_secure;
  c->is_http_only = from->is_http_only;
  c->same_site = (uint8_t)from->same_site;
  return c;
}

void tinet__jar_view(const struct tinet__jar_cookie *c, tinet_cookie *ret)
{
  const char *more = tinet__jar_path(c) + c->path_len + 1;

  memset(ret, 0, sizeof *ret);
  ret->name = tinet__jar_name(c);
  ret->value = tinet__jar_value(c);
  ret->path = tinet__jar_path(c);
  ret->domain = c->bucket->domain;
  ret->is_host_only = c->is_host_only;
  ret->is_secure = c->is_secure;
  ret->is_http_only = c->is_http_only;
  ret->same_site = c->same_site;
  ret->is_persistent = c->expires_ms != INT64_MAX;
  ret->expires_ms = ret->is_persistent ? c->expires_ms : 0;
  ret->created_us = c->created_us;
  ret->accessed_us = c->accessed_us;
  ret->version = (int)c->version;
  if (c->has_comment) {
    ret->comment = more;
    more += strlen(more) + 1;
  }
  if (c->has_url)
    ret->original_url = more;
}

static bool make_room(struct tinet__jar_bucket *b)
{
  uint32_t cap = b->cap ? b->cap + b->cap / 2 + 1 : 2;
  struct tinet__jar_cookie **p;

  if (b->n + b->n_reserved < b->cap)
    return true;
  p = tinet__realloc(b->cookies, cap * sizeof *p);
  if (!p)
    return false;
  b->cookies = p;
  b->cap = cap;
  return true;
}

static void insert(struct tinet__jar_bucket *b, struct tinet__jar_cookie *c)
{
  uint32_t i = b->n++;

  b->n_reserved--;

  for (; i > 0 && tinet__jar_goes_before(c, b->cookies[i - 1]); i--)
    b->cookies[i] = b->cookies[i - 1];
  b->cookies[i] = c;
}

static void take_out(struct tinet__jar_bucket *b,
                     const struct tinet__jar_cookie *c)
{
  uint32_t i = 0;

  while (b->cookies[i] != c)
    i++;
  memmove(b->cookies + i, b->cookies + i + 1,
          (b->n - i - 1) * sizeof *b->cookies);
  b->n--;
}

struct tinet__jar_cookie *tinet__jar_find(const struct tinet__jar_table *t,
                                          const tinet_cookie *key)
{
  struct tinet__jar_bucket *b =
      tinet__jar_bucket_find(t, key->domain, strlen(key->domain));
  size_t name_len = strlen(key->name), path_len = strlen(key->path);

  for (uint32_t i = 0; b && i < b->n; i++) {
    struct tinet__jar_cookie *c = b->cookies[i];

    if (c->name_len == name_len && c->path_len == path_len &&
        c->is_host_only == key->is_host_only &&
        memcmp(tinet__jar_name(c), key->name, name_len) == 0 &&
        memcmp(tinet__jar_path(c), key->path, path_len) == 0)
      return c;
  }
  return NULL;
}

void tinet__jar_drop(struct tinet__jar_table *t, struct tinet__jar_cookie *c)
{
  struct tinet__jar_bucket *b = c->bucket;

  take_out(b, c);
  tinet__list_remove(&c->used);
  t->n_cookies--;
  b->group->n_cookies--;
  drop_if_empty(t, b);
  tinet__free(c);
}

int tinet__jar_prepare(struct tinet__jar_table *t, const tinet_cookie *cookie,
                       struct tinet__jar_cookie **ret_cookie)
{
  struct tinet__jar_bucket *b = bucket_for(t, cookie->domain);
  struct tinet__jar_cookie *c = b && make_room(b) ? make(cookie) : NULL;

  if (!c) {
    if (b)
      drop_if_empty(t, b);
    return TINET_ENOMEM;
  }
  c->bucket = b;
  b->n_reserved++;
  *ret_cookie = c;
  return TINET_OK;
}

void tinet__jar_abandon(struct tinet__jar_table *t, struct tinet__jar_cookie *c)
{
  c->bucket->n_reserved--;
  drop_if_empty(t, c->bucket);
  tinet__free(c);
}

void tinet__jar_commit(struct tinet__jar_table *t, struct tinet__jar_cookie *c,
                       struct tinet__jar_cookie *old)
{
  insert(c->bucket, c);
  tinet__list_append(&t->used, &c->used);
  t->n_cookies++;
  c->bucket->group->n_cookies++;
  if (c->expires_ms < t->next_expiry_ms)
    t->next_expiry_ms = c->expires_ms;
  if (old)
    tinet__jar_drop(t, old);
}
