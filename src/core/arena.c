/* arena.c - blocks of a few kilobytes, filled from the front. */
#include "arena.h"

#include <string.h>

#include "alloc.h"

#define BLOCK_BYTES 8192 /* larger pieces get a block of their own */
#define ALIGNMENT sizeof(max_align_t)

struct tinet__arena_block {
  struct tinet__arena_block *next;
  size_t size;
  max_align_t bytes[];
};

static bool add_block(struct tinet__arena *arena, size_t size)
{
  struct tinet__arena_block *block;

  if (size < BLOCK_BYTES)
    size = BLOCK_BYTES;
  block = tinet__zalloc(sizeof *block + size);
  if (!block)
    return false;
  block->size = size;
  block->next = arena->blocks;
  arena->blocks = block;
  arena->left = size;
  return true;
}

void *tinet__arena_take(struct tinet__arena *arena, size_t size)
{
  void *piece;

  if (size > arena->max - arena->n_bytes)
    return NULL;
  size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  if (size > arena->left && !add_block(arena, size))
    return NULL;
  piece = (char *)arena->blocks->bytes + (arena->blocks->size - arena->left);
  arena->left -= size;
  arena->n_bytes += size;
  if (arena->n_bytes > arena->max)
    arena->n_bytes = arena->max;
  return piece;
}

char *tinet__arena_copy(struct tinet__arena *arena, const char *text,
                        size_t len)
{
  char *copy;

  if (len >= arena->max)
    return NULL;
  copy = tinet__arena_take(arena, len + 1);
  if (copy && len > 0)
    memcpy(copy, text, len);
  return copy;
}

void tinet__arena_free(struct tinet__arena *arena)
{
  struct tinet__arena_block *next;

  for (struct tinet__arena_block *b = arena->blocks; b; b = next) {
    next = b->next;
    tinet__free(b);
  }
  *arena = (struct tinet__arena){.max = arena->max};
}
