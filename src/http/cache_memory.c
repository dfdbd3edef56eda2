/* cache_memory.c - items by URL, and by how long they were not used. */
#include "cache_private.h"

#include <string.h>

struct slot {
  struct tinet__list link; /* in its bucket */
  struct tinet__list used;
  struct tinet__cache_item *item; /* a reference */
};

static struct tinet__list *bucket_of(struct tinet__cache_memory *m,
                                     const char *url)
{
  uint32_t hash = 2166136261u; /* FNV-1a */

  for (; *url; url++)
    hash = (hash ^ (unsigned char)*url) * 16777619u;
  return &m->buckets[(hash ^ (hash >> 16)) % TINET__CACHE_BUCKETS];
}

void tinet__cache_memory_init(struct tinet__cache_memory *m)
{
  memset(m, 0, sizeof *m);
  for (size_t i = 0; i < TINET__CACHE_BUCKETS; i++)
    tinet__list_init(&m->buckets[i]);
  tinet__list_init(&m->used);
}

static void remove_slot(struct tinet__cache_memory *m, struct slot *slot)
{
  tinet__list_remove(&slot->link);
  tinet__list_remove(&slot->used);
  m->bytes -= tinet__cache_item_size(slot->item);
  m->n_items--;
  tinet__cache_item_unref(slot->item);
  tinet__free(slot);
}

void tinet__cache_memory_clear(struct tinet__cache_memory *m)
{
  while (!tinet__list_is_empty(&m->used))
    remove_slot(m, TINET__CONTAINER(m->used.next, struct slot, used));
}

static struct slot *used_now(struct tinet__cache_memory *m, struct slot *slot)
{
  tinet__list_remove(&slot->used);
  tinet__list_append(&m->used, &slot->used);
  return slot;
}

int tinet__cache_memory_put(struct tinet__cache_memory *m,
                            struct tinet__cache_item *item)
{
  struct tinet__list *bucket = bucket_of(m, item->url), *l, *next;
  struct slot *slot = tinet__zalloc(sizeof *slot);

  if (!slot)
    return TINET_ENOMEM;
  for (l = bucket->next; l != bucket; l = next) {
    struct slot *old = TINET__CONTAINER(l, struct slot, link);

    next = l->next;
    if (tinet__cache_item_is_same(old->item, item))
      remove_slot(m, old);
  }
  slot->item = tinet__cache_item_ref(item);
  tinet__list_append(bucket, &slot->link);
  tinet__list_append(&m->used, &slot->used);
  m->bytes += tinet__cache_item_size(item);
  m->n_items++;
  return TINET_OK;
}

struct tinet__cache_item *
tinet__cache_memory_find(struct tinet__cache_memory *m, const char *url,
                         const char *scope,
                         const struct tinet__headers *request)
{
  struct tinet__list *bucket = bucket_of(m, url);

  /* The youngest that answers: rfc: 9111 4 */
  for (struct tinet__list *l = bucket->prev; l != bucket; l = l->prev) {
    struct slot *slot = TINET__CONTAINER(l, struct slot, link);

    if (tinet__cache_item_answers(slot->item, url, scope, request))
      return used_now(m, slot)->item;
  }
  return NULL;
}

struct tinet__cache_item *
tinet__cache_memory_file(struct tinet__cache_memory *m, const char *url,
                         const char *file)
{
  struct tinet__list *bucket = bucket_of(m, url);

  for (struct tinet__list *l = bucket->next; l != bucket; l = l->next) {
    struct slot *slot = TINET__CONTAINER(l, struct slot, link);

    if (strcmp(slot->item->body->file, file) == 0)
      return used_now(m, slot)->item;
  }
  return NULL;
}

void tinet__cache_memory_forget(struct tinet__cache_memory *m, const char *url)
{
  struct tinet__list *bucket = bucket_of(m, url), *l, *next;

  for (l = bucket->next; l != bucket; l = next) {
    struct slot *slot = TINET__CONTAINER(l, struct slot, link);

    next = l->next;
    if (strcmp(slot->item->url, url) == 0)
      remove_slot(m, slot);
  }
}

uint64_t tinet__cache_memory_shrink(struct tinet__cache_memory *m,
                                    uint64_t max_bytes)
{
  uint64_t n = 0;

  for (; m->bytes > max_bytes && !tinet__list_is_empty(&m->used); n++)
    remove_slot(m, TINET__CONTAINER(m->used.next, struct slot, used));
  return n;
}
