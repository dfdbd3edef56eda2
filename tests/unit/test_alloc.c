/* test_alloc.c - the allocator: replaced, failing on purpose, cleaning up. */
#include "core/alloc.h"
#include "t.h"

#include <tinet/error.h>

static size_t n_mallocs, n_frees;

static void *count_malloc(size_t size)
{
  n_mallocs++;
  return malloc(size);
}

static void *count_realloc(void *ptr, size_t size)
{
  n_mallocs += ptr == NULL;
  return realloc(ptr, size);
}

static void count_free(void *ptr)
{
  n_frees++;
  free(ptr);
}

static void all_memory_comes_from_the_allocator_that_was_set(void)
{
  char *a, *b;

  T_EQ(0, tinet_set_allocator(count_malloc, count_realloc, count_free));
  a = tinet__strdup("abc");
  b = tinet__realloc(NULL, 3);
  b = tinet__realloc(b, 300);
  tinet__free(a);
  tinet_free(b);
  tinet__free(NULL);
  T_EQ(2, n_mallocs);
  T_EQ(2, n_frees);
  T_EQ(TINET_EINVAL, tinet_set_allocator(count_malloc, NULL, count_free));
  T_EQ(TINET_EINVAL, tinet_set_allocator(NULL, count_realloc, NULL));
  T_EQ(0, tinet_set_allocator(NULL, NULL, NULL));
  tinet__free(tinet__alloc(1));
  T_EQ(2, n_mallocs);
}

static void nothing_is_something(void)
{
  void *a = tinet__alloc(0), *b = tinet__zalloc(0), *c = tinet__memdup("", 0);
  void *d = tinet__realloc(NULL, 0);

  T_OK(a && b && c && d && a != b && c != d);
  tinet__free(a);
  tinet__free(b);
  tinet__free(c);
  tinet__free(d);
}

static void copies_are_copies(void)
{
  char *a = tinet__strndup("abc\0def", 7), *b = tinet__memdup("xyz", 3);
  char *z = tinet__zalloc(9);

  T_MEM("abc\0def\0", 8, a, 8);
  T_MEM("xyz", 3, b, 3);
  T_MEM("\0\0\0\0\0\0\0\0\0", 9, z, 9);
  tinet__free(a);
  tinet__free(b);
  tinet__free(z);
}

static void the_nth_allocation_fails_once(void)
{
  void *a, *b, *c;

  (void)tinet__alloc_fail_at(2);
  a = tinet__alloc(1);
  b = tinet__zalloc(1);
  c = tinet__strdup("x");
  T_OK(a && !b && c);
  T_EQ(3, tinet__alloc_fail_at(1));
  T_OK(tinet__realloc(a, 100) == NULL); /* and `a` stays */
  T_EQ(1, tinet__alloc_fail_at(1));
  T_OK(tinet__memdup("x", 1) == NULL);
  (void)tinet__alloc_fail_at(0);
  tinet__free(a);
  tinet__free(c);
}

static void free_text(char *s)
{
  tinet__free(s);
}
typedef char text;
TINET_DEFINE_CLEANUP(text, free_text)

static void taken_memory_is_not_cleaned_up(void)
{
  char *kept = NULL;

  n_frees = 0;
  T_EQ(0, tinet_set_allocator(count_malloc, count_realloc, count_free));
  {
    TINET_CLEANUP(free_textp) text *a = tinet__strdup("a");
    TINET_CLEANUP(tinet__freep) char *b = tinet__strdup("b");

    kept = TINET_TAKE(b);
    T_OK(a && !b);
  }
  T_EQ(1, n_frees);
  T_STR("b", kept);
  tinet__free(kept);
  T_EQ(0, tinet_set_allocator(NULL, NULL, NULL));
}

static void the_version_is_that_of_the_header(void)
{
  T_STR(TINET_VERSION, tinet_version());
}

int main(void)
{
  T_RUN(all_memory_comes_from_the_allocator_that_was_set);
  T_RUN(nothing_is_something);
  T_RUN(copies_are_copies);
  T_RUN(the_nth_allocation_fails_once);
  T_RUN(taken_memory_is_not_cleaned_up);
  T_RUN(the_version_is_that_of_the_header);
  return T_END();
}
