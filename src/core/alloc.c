/* alloc.c - one allocator for the whole library, which tests can make fail. */
#include "alloc.h"

#include <stdlib.h>
#include <string.h>
#include <tinet/error.h>

static void *(*malloc_fn)(size_t) = malloc;
static void *(*realloc_fn)(void *, size_t) = realloc;
static void (*free_fn)(void *) = free;

static size_t fail_at; /* 0 = never */
static size_t n_allocations;

int tinet_set_allocator(void *(*new_malloc)(size_t),
                        void *(*new_realloc)(void *, size_t),
                        void (*new_free)(void *))
{
  if (!new_malloc && !new_realloc && !new_free) {
    malloc_fn = malloc;
    realloc_fn = realloc;
    free_fn = free;
    return TINET_OK;
  }
  if (!new_malloc || !new_realloc || !new_free)
    return TINET_EINVAL;
  malloc_fn = new_malloc;
  realloc_fn = new_realloc;
  free_fn = new_free;
  return TINET_OK;
}

size_t tinet__alloc_fail_at(size_t n)
{
  size_t had = n_allocations;

  n_allocations = 0;
  fail_at = n;
  return had;
}

static bool is_to_fail(void)
{
  if (fail_at == 0)
    return false;
  return ++n_allocations == fail_at;
}

void *tinet__alloc(size_t size)
{
  return is_to_fail() ? NULL : malloc_fn(size ? size : 1);
}

void *tinet__zalloc(size_t size)
{
  void *p = tinet__alloc(size);

  return p ? memset(p, 0, size) : NULL;
}

void *tinet__realloc(void *ptr, size_t size)
{
  return is_to_fail() ? NULL : realloc_fn(ptr, size ? size : 1);
}

void tinet__free(void *ptr)
{
  if (ptr)
    free_fn(ptr);
}

void tinet_free(void *ptr)
{
  tinet__free(ptr);
}

void *tinet__memdup(const void *data, size_t len)
{
  void *p = tinet__alloc(len);

  if (p && len)
    memcpy(p, data, len);
  return p;
}

char *tinet__strndup(const char *s, size_t len)
{
  char *p = tinet__alloc(len + 1);

  if (!p)
    return NULL;
  if (len)
    memcpy(p, s, len);
  p[len] = 0;
  return p;
}

char *tinet__strdup(const char *s)
{
  return tinet__strndup(s, strlen(s));
}
