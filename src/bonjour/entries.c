/* entries.c - a table of services by name, type and domain, case apart.
 *
 * The hash is seeded, so that a stranger cannot choose names that all fall into
 * one bucket.
 */
#include "front.h"

#include "../core/str.h"

#include <string.h>
#include <sys/random.h>

/* Without the dot at the end, which types have or have not. */
static uint64_t mix(uint64_t hash, const char *s)
{
  for (; s && *s && (s[0] != '.' || s[1]); s++)
    hash = (hash ^ (unsigned char)tinet__lower(*s)) * UINT64_C(0x100000001b3);
  return hash ^ hash >> 29;
}

static size_t bucket_of(const struct tinet__entries *all, const char *name,
                        const char *type)
{
  uint64_t hash = mix(mix(all->seed, name), type);

  return (size_t)((hash ^ hash >> 32) % TINET__ENTRY_BUCKETS);
}

static bool is_item(const struct tinet__entry *e,
                    const struct tinet__browse_item *item)
{
  return tinet__ieq(e->text.name, item->name ? item->name : "") &&
         tinet_bonjour_is_same(e->text.type, item->type) &&
         tinet_bonjour_is_same(e->text.domain, item->domain);
}

struct tinet__entry *tinet__entries_find(const struct tinet__entries *all,
                                         const struct tinet__browse_item *item)
{
  struct tinet__entry *e = NULL;

  if (all->buckets)
    e = all->buckets[bucket_of(all, item->name, item->type)];
  while (e && !is_item(e, item))
    e = e->next;
  return e;
}

/* "local" as "local." at `to`; returns what is behind it. */
static char *put_dotted(char *to, const char *s)
{
  size_t len = strlen(s);

  memcpy(to, s, len);
  if (len == 0 || s[len - 1] != '.')
    to[len++] = '.';
  to[len] = '\0';
  return to + len + 1;
}

static struct tinet__entry *new_entry(const struct tinet__browse_item *item)
{
  const char *name = item->name ? item->name : "";
  size_t len = strlen(name) + strlen(item->type) + strlen(item->domain) + 5;
  struct tinet__entry *e = tinet__zalloc(sizeof *e + len);
  char *at = (char *)(e + 1);

  if (!e)
    return NULL;
  e->text.name = at;
  memcpy(at, name, strlen(name) + 1);
  e->text.type = at += strlen(name) + 1;
  e->text.domain = at = put_dotted(at, item->type);
  (void)put_dotted(at, item->domain);
  return e;
}

static bool make_buckets(struct tinet__entries *all)
{
  if (all->buckets)
    return true;
  all->buckets = tinet__zalloc(TINET__ENTRY_BUCKETS * sizeof *all->buckets);
  /* Without randomness it is as fast, but a stranger could know. */
  (void)!getrandom(&all->seed, sizeof all->seed, GRND_NONBLOCK);
  return all->buckets != NULL;
}

struct tinet__entry *tinet__entries_add(struct tinet__entries *all,
                                        const struct tinet__browse_item *item)
{
  struct tinet__entry **bucket, *e;

  if (!make_buckets(all))
    return NULL;
  e = new_entry(item);
  if (!e)
    return NULL;
  bucket = &all->buckets[bucket_of(all, item->name, item->type)];
  e->next = *bucket;
  *bucket = e;
  all->n++;
  return e;
}

void tinet__entries_remove(struct tinet__entries *all, struct tinet__entry *e)
{
  struct tinet__entry **at =
      &all->buckets[bucket_of(all, e->text.name, e->text.type)];

  while (*at && *at != e)
    at = &(*at)->next;
  if (!*at)
    return;
  *at = e->next;
  all->n--;
}

void tinet__entries_each(struct tinet__entries *all,
                         void (*fn)(struct tinet__entry *e, void *arg),
                         void *arg)
{
  for (size_t i = 0; all->buckets && i < TINET__ENTRY_BUCKETS; i++) {
    struct tinet__entry *e = all->buckets[i], *next;

    for (; e; e = next) {
      next = e->next;
      fn(e, arg);
    }
  }
}

static void free_one(struct tinet__entry *e, void *arg)
{
  (void)arg;
  tinet__free(e);
}

void tinet__entries_free(struct tinet__entries *all)
{
  tinet__entries_each(all, free_one, NULL);
  tinet__free(all->buckets);
  *all = (struct tinet__entries){0};
}
