/* name_table.c - names to indexes: open addressing, at most half full. */
#include <string.h>

#include "../core/alloc.h"
#include "policy.h"

/* FNV-1a: names come from the application's own file. */
static size_t hash_of(const char *name, size_t len)
{
  uint64_t h = 14695981039346656037u;

  for (size_t i = 0; i < len; i++)
    h = (h ^ (unsigned char)name[i]) * 1099511628211u;
  return (size_t)(h ^ h >> 32);
}

int tinet__name_table_init(struct tinet__name_table *t, size_t n_names)
{
  size_t n_slots = 8;

  while (n_slots < n_names * 2)
    n_slots *= 2;
  t->slots = tinet__zalloc(n_slots * sizeof *t->slots);
  if (!t->slots)
    return TINET_ENOMEM;
  t->n_slots = n_slots;
  return TINET_OK;
}

/* Where the name is, or would be. */
static struct tinet__name_slot *slot_of(const struct tinet__name_table *t,
                                        const char *name, size_t len)
{
  size_t i = hash_of(name, len);

  for (;; i++) {
    struct tinet__name_slot *slot = &t->slots[i & (t->n_slots - 1)];

    if (!slot->name ||
        (strncmp(slot->name, name, len) == 0 && slot->name[len] == '\0'))
      return slot;
  }
}

size_t tinet__name_table_put(struct tinet__name_table *t, const char *name,
                             size_t index)
{
  struct tinet__name_slot *slot = slot_of(t, name, strlen(name));
  size_t old = slot->name ? slot->index + 1 : 0;

  slot->name = name;
  slot->index = index;
  return old;
}

size_t tinet__name_table_find(const struct tinet__name_table *t,
                              const char *name, size_t len)
{
  const struct tinet__name_slot *slot;

  if (t->n_slots == 0)
    return 0;
  slot = slot_of(t, name, len);
  return slot->name ? slot->index + 1 : 0;
}
