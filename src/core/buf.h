/* buf.h - a growing byte buffer with a ceiling. */
#ifndef TINET_CORE_BUF_H
#define TINET_CORE_BUF_H

#include <stdarg.h>
#include <tinet/error.h>

/* Zero-initialise, or TINET__BUF_INIT.  After every successful call
 * data[len] is NUL (data is NULL only while nothing was ever added). */
struct tinet__buf {
  char *data; /* owned */
  size_t len;
  size_t cap;
  size_t max; /* ceiling for len; 0 = none */
};
#define TINET__BUF_INIT                                                        \
  {                                                                            \
    NULL, 0, 0, 0                                                              \
  }

/* 0, TINET_ENOMEM, or TINET_ELIMIT (beyond max); a failed call leaves the
 * buffer as it was. */
int tinet__buf_reserve(struct tinet__buf *b, size_t extra) TINET_MUST_CHECK;
int tinet__buf_add(struct tinet__buf *b, const void *data,
                   size_t len) TINET_MUST_CHECK;
int tinet__buf_adds(struct tinet__buf *b, const char *s) TINET_MUST_CHECK;
int tinet__buf_addc(struct tinet__buf *b, char c) TINET_MUST_CHECK;
int tinet__buf_addf(struct tinet__buf *b, const char *fmt, ...)
    TINET_PRINTF(2, 3) TINET_MUST_CHECK;
void tinet__buf_reset(struct tinet__buf *b); /* len 0, memory kept */
void tinet__buf_free(struct tinet__buf *b);  /* back to zero */
/* Gives the memory away (caller frees with tinet__free); NULL if empty and
 * never allocated.  The buffer is zero again. */
char *tinet__buf_take(struct tinet__buf *b, size_t *ret_len);

#endif
