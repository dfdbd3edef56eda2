/* store_queue.c - changes of cookies, one for each cookie.
 *
 * A chained hash table.  What is written is the sum of the changes: of two puts
 * the later, of a put and a touch the put with the time of the touch.
 */
#include "store_queue.h"

#include "../core/alloc.h"

#include <string.h>

#define N_BUCKETS_MIN 64
/* Only a disk that cannot be written lets it grow so far, and then nobody is
 * served by more: that many cookies are more than a jar holds. */
#define N_CHANGES_MAX (1u << 20)

/* FNV-1a, from `hash` on; the NUL counts, so that "a","b" is not "ab","". */
static uint32_t hash_text(uint32_t hash, const char *text)
{
  do
    hash = (hash ^ (unsigned char)*text) * 16777619u;
  while (*text++);
  return hash;
}

static uint32_t hash_key(const tinet_cookie *c)
{
  uint32_t hash = hash_text(2166136261u ^ c->is_host_only, c->name);

  hash = hash_text(hash_text(hash, c->domain), c->path);
  return hash ^ (hash >> 15);
}

static bool is_same_key(const struct tinet__cookie_change *a,
                        const struct tinet__cookie_change *b)
{
  return a->hash == b->hash &&
         a->cookie.is_host_only == b->cookie.is_host_only &&
         strcmp(a->cookie.name, b->cookie.name) == 0 &&
         strcmp(a->cookie.path, b->cookie.path) == 0 &&
         strcmp(a->cookie.domain, b->cookie.domain) == 0;
}

#define N_TEXTS 6

static void list_texts(tinet_cookie *c, const char **texts[N_TEXTS])
{
  texts[0] = &c->name;
  texts[1] = &c->value;
  texts[2] = &c->domain;
  texts[3] = &c->path;
  texts[4] = &c->comment;
  texts[5] = &c->original_url;
}

struct tinet__cookie_change *
tinet__cookie_change_new(enum tinet__cookie_change_kind kind,
                         const tinet_cookie *cookie)
{
  tinet_cookie copy = *cookie;
  const char **texts[N_TEXTS];
  size_t lens[N_TEXTS], size = sizeof(struct tinet__cookie_change);
  struct tinet__cookie_change *change;
  char *at;

  list_texts(&copy, texts);
  for (size_t i = 0; i < N_TEXTS; i++) {
    lens[i] = *texts[i] ? strlen(*texts[i]) + 1 : 0;
    size += lens[i];
  }
  change = tinet__alloc(size);
  if (!change)
    return NULL;
  at = (char *)(change + 1);
  for (size_t i = 0; i < N_TEXTS; i++) {
    if (lens[i] == 0)
      continue;
    memcpy(at, *texts[i], lens[i]);
    *texts[i] = at;
    at += lens[i];
  }
  change->next = NULL;
  change->kind = kind;
  change->cookie = copy;
  change->hash = hash_key(&copy);
  return change;
}

static struct tinet__cookie_change **
find_slot(const struct tinet__cookie_queue *q,
          const struct tinet__cookie_change *like)
{
  struct tinet__cookie_change **slot =
      &q->buckets[like->hash & (q->n_buckets - 1)];

  while (*slot && !is_same_key(*slot, like))
    slot = &(*slot)->next;
  return slot;
}

const struct tinet__cookie_change *
tinet__cookie_queue_find(const struct tinet__cookie_queue *q,
                         const struct tinet__cookie_change *like)
{
  return q->n_buckets ? *find_slot(q, like) : NULL;
}

static int grow(struct tinet__cookie_queue *q)
{
  size_t n = q->n_buckets ? q->n_buckets * 2 : N_BUCKETS_MIN;
  struct tinet__cookie_change **buckets = tinet__zalloc(n * sizeof(*buckets));

  if (!buckets)
    return TINET_ENOMEM;
  for (size_t i = 0; i < q->n_buckets; i++) {
    struct tinet__cookie_change *change = q->buckets[i], *next;

    for (; change; change = next) {
      next = change->next;
      change->next = buckets[change->hash & (n - 1)];
      buckets[change->hash & (n - 1)] = change;
    }
  }
  tinet__free(q->buckets);
  q->buckets = buckets;
  q->n_buckets = n;
  return TINET_OK;
}

/* What `later` leaves of `earlier`: one of them; the other is freed. */
static struct tinet__cookie_change *join(struct tinet__cookie_change *earlier,
                                         struct tinet__cookie_change *later)
{
  if (later->kind != TINET__COOKIE_TOUCH) {
    tinet__free(earlier);
    return later;
  }
  if (earlier->cookie.accessed_us < later->cookie.accessed_us)
    earlier->cookie.accessed_us = later->cookie.accessed_us;
  tinet__free(later);
  return earlier;
}

int tinet__cookie_queue_add(struct tinet__cookie_queue *q,
                            struct tinet__cookie_change *change)
{
  struct tinet__cookie_change **slot, *next;

  /* A table that cannot grow any more only becomes slower. */
  if (q->n >= q->n_buckets && grow(q) < 0 && q->n_buckets == 0) {
    tinet__free(change);
    return TINET_ENOMEM;
  }
  slot = find_slot(q, change);
  if (*slot) {
    next = (*slot)->next;
    *slot = join(*slot, change);
    (*slot)->next = next;
    return TINET_OK;
  }
  if (q->n >= N_CHANGES_MAX) {
    tinet__free(change);
    return TINET_ELIMIT;
  }
  *slot = change;
  q->n++;
  return TINET_OK;
}

int tinet__cookie_queue_each(
    const struct tinet__cookie_queue *q,
    int (*on_change)(void *user, const struct tinet__cookie_change *change),
    void *user)
{
  for (size_t i = 0; i < q->n_buckets; i++)
    for (const struct tinet__cookie_change *change = q->buckets[i]; change;
         change = change->next) {
      int ret = on_change(user, change);

      if (ret != 0)
        return ret;
    }
  return 0;
}

bool tinet__cookie_queue_is_empty(const struct tinet__cookie_queue *q)
{
  return q->n == 0 && !q->is_cleared;
}

/* Into q, which has buckets, unless something later is there. */
static void prepend_one(struct tinet__cookie_queue *q,
                        struct tinet__cookie_change *older)
{
  struct tinet__cookie_change **slot = find_slot(q, older), *next;

  older->next = NULL;
  if (!*slot) {
    *slot = older;
    q->n++;
    return;
  }
  next = (*slot)->next;
  *slot = join(older, *slot);
  (*slot)->next = next;
}

void tinet__cookie_queue_prepend(struct tinet__cookie_queue *q,
                                 struct tinet__cookie_queue *older)
{
  if (q->is_cleared) {
    tinet__cookie_queue_free(older);
    return;
  }
  if (q->n == 0) {
    tinet__cookie_queue_free(q);
    *q = *older;
    memset(older, 0, sizeof *older);
    return;
  }
  q->is_cleared = older->is_cleared;
  for (size_t i = 0; i < older->n_buckets; i++) {
    struct tinet__cookie_change *change = older->buckets[i], *next;

    for (; change; change = next) {
      next = change->next;
      prepend_one(q, change);
    }
    older->buckets[i] = NULL;
  }
  older->n = 0;
  older->is_cleared = false;
  tinet__cookie_queue_free(older);
}

void tinet__cookie_changes_free(struct tinet__cookie_change *first)
{
  struct tinet__cookie_change *next;

  for (; first; first = next) {
    next = first->next;
    tinet__free(first);
  }
}

void tinet__cookie_queue_free(struct tinet__cookie_queue *q)
{
  for (size_t i = 0; i < q->n_buckets; i++)
    tinet__cookie_changes_free(q->buckets[i]);
  tinet__free(q->buckets);
  memset(q, 0, sizeof *q);
}
