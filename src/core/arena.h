/* arena.h - many small pieces that are freed at once. */
#ifndef TINET_CORE_ARENA_H
#define TINET_CORE_ARENA_H

#include <tinet/base.h>

/* Zero-initialise, then set `max`. */
struct tinet__arena {
  struct tinet__arena_block *blocks; /* owned */
  size_t n_bytes, max;               /* given out; ceiling */
  size_t left;                       /* bytes free in the first block */
};

/* Zeroed and aligned for anything; NULL without memory or above the ceiling. */
void *tinet__arena_take(struct tinet__arena *arena, size_t size);
/* A copy with a NUL behind it. */
char *tinet__arena_copy(struct tinet__arena *arena, const char *text,
                        size_t len);
void tinet__arena_free(struct tinet__arena *arena); /* back to empty */

#endif
