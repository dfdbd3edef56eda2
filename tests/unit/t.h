/* t.h - the smallest test harness that can fail: T_ macros and TAP output.
 *
 * A test is a function named as a sentence.  T_RUN(fn) runs it and prints one
 * TAP line; T_END() prints the plan and is main's return value.
 */
#ifndef TINET_TEST_T_H
#define TINET_TEST_T_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int t_n, t_n_failed, t_failed_here;

/* Says where a check failed and marks the running test. */
#define T_FAIL(...)                                                            \
  do {                                                                         \
    t_failed_here = 1;                                                         \
    printf("# %s:%d: ", __FILE__, __LINE__);                                   \
    printf(__VA_ARGS__);                                                       \
    printf("\n");                                                              \
  } while (0)

#define T_OK(cond)                                                             \
  do {                                                                         \
    if (!(cond))                                                               \
      T_FAIL("not true: %s", #cond);                                           \
  } while (0)

#define T_EQ(want, got)                                                        \
  do {                                                                         \
    intmax_t want_ = (intmax_t)(want), got_ = (intmax_t)(got);                 \
    if (want_ != got_)                                                         \
      T_FAIL("%s: want %jd, got %jd", #got, want_, got_);                      \
  } while (0)

#define T_STR(want, got)                                                       \
  do {                                                                         \
    const char *want_ = (want), *got_ = (got);                                 \
    if (want_ == NULL ? got_ != NULL                                           \
                      : got_ == NULL || strcmp(want_, got_) != 0)              \
      T_FAIL("%s: want \"%s\", got \"%s\"", #got, want_ ? want_ : "(null)",    \
             got_ ? got_ : "(null)");                                          \
  } while (0)

#define T_MEM(want, want_len, got, got_len)                                    \
  do {                                                                         \
    size_t wl_ = (want_len), gl_ = (got_len);                                  \
    if (wl_ != gl_ || memcmp((want), (got), wl_) != 0)                         \
      T_FAIL("%s: want %zu bytes, got %zu, or others", #got, wl_, gl_);        \
  } while (0)

#define T_RUN(fn)                                                              \
  do {                                                                         \
    char name_[] = #fn, *p_;                                                   \
    for (p_ = name_; *p_; p_++)                                                \
      if (*p_ == '_')                                                          \
        *p_ = ' ';                                                             \
    t_failed_here = 0;                                                         \
    fn();                                                                      \
    t_n++;                                                                     \
    t_n_failed += t_failed_here;                                               \
    printf("%s %d - %s\n", t_failed_here ? "not ok" : "ok", t_n, name_);       \
    fflush(stdout);                                                            \
  } while (0)

/* A test that cannot run here, and why. */
#define T_SKIP(fn, why) printf("ok %d - %s # SKIP %s\n", ++t_n, #fn, (why))

#define T_END() (printf("1..%d\n", t_n), t_n_failed ? 1 : 0)

/* Runs `try_once()` with the 1st, 2nd, 3rd ... allocation failing until it
 * returns something other than TINET_ENOMEM.  It frees what it made. */
#define T_EACH_ALLOCATION_FAILS(want, try_once)                                \
  do {                                                                         \
    int err_ = -2;                                                             \
    for (size_t n_ = 1; err_ == -2 && n_ < 10000; n_++) {                      \
      (void)tinet__alloc_fail_at(n_);                                          \
      err_ = try_once();                                                       \
    }                                                                          \
    (void)tinet__alloc_fail_at(0);                                             \
    T_EQ(want, err_);                                                          \
  } while (0)

#endif
