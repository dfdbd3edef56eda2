/* alloc.h - the allocator, the cleanup macros, and failing it on purpose. */
#ifndef TINET_CORE_ALLOC_H
#define TINET_CORE_ALLOC_H

#include <tinet/base.h>

/* All return NULL on failure; sizes of 0 give a unique pointer. */
void *tinet__alloc(size_t size);
void *tinet__zalloc(size_t size);
void *tinet__realloc(void *ptr, size_t size);
void tinet__free(void *ptr); /* NULL is fine */
char *tinet__strdup(const char *s);
char *tinet__strndup(const char *s, size_t len);
void *tinet__memdup(const void *data, size_t len);

/* Tests: lets the n-th allocation from now on fail (1 = the next), once; 0
 * switches it off.  Returns how many allocations were made since it was last
 * switched on.  Not for use with threads. */
size_t tinet__alloc_fail_at(size_t n);

/* TINET_CLEANUP(fn) runs fn(&var) when var leaves its scope; TINET_TAKE(var)
 * gives the pointer away so that nothing is cleaned up. */
#define TINET_CLEANUP(fn) __attribute__((cleanup(fn)))
#define TINET_TAKE(var)                                                        \
  __extension__({                                                              \
    __typeof__(var) take_ = (var);                                             \
    (var) = NULL;                                                              \
    take_;                                                                     \
  })
/* Defines type##p, the cleanup function for a `type *` variable: calls
 * fn(pointer), which accepts NULL. */
#define TINET_DEFINE_CLEANUP(type, fn)                                         \
  static inline void fn##p(type **ptr)                                         \
  {                                                                            \
    fn(*ptr);                                                                  \
  }

static inline void tinet__freep(char **ptr)
{
  tinet__free(*ptr);
}

#endif
