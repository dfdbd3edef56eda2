/* buf.c - a growing byte buffer with a ceiling. */
#include "buf.h"

#include "alloc.h"

#include <stdio.h>
#include <string.h>

#define FIRST_CAP 64

static int grow(struct tinet__buf *b, size_t need)
{
  size_t cap = b->cap ? b->cap : FIRST_CAP;
  char *p;

  while (cap < need)
    cap *= 2;
  p = tinet__realloc(b->data, cap);
  if (!p)
    return TINET_ENOMEM;
  b->data = p;
  b->cap = cap;
  b->data[b->len] = 0;
  return TINET_OK;
}

int tinet__buf_reserve(struct tinet__buf *b, size_t extra)
{
  if (extra > SIZE_MAX / 2 - b->len - 1 || (b->max && b->len + extra > b->max))
    return TINET_ELIMIT;
  return b->len + extra < b->cap ? TINET_OK : grow(b, b->len + extra + 1);
}

int tinet__buf_add(struct tinet__buf *b, const void *data, size_t len)
{
  int err = tinet__buf_reserve(b, len);

  if (err < 0)
    return err;
  if (len)
    memcpy(b->data + b->len, data, len);
  b->len += len;
  b->data[b->len] = 0;
  return TINET_OK;
}

int tinet__buf_adds(struct tinet__buf *b, const char *s)
{
  return tinet__buf_add(b, s, strlen(s));
}

int tinet__buf_addc(struct tinet__buf *b, char c)
{
  return tinet__buf_add(b, &c, 1);
}

int tinet__buf_addf(struct tinet__buf *b, const char *fmt, ...)
{
  va_list args;
  int n, err;

  va_start(args, fmt);
  n = vsnprintf(NULL, 0, fmt, args);
  va_end(args);
  if (n < 0)
    return TINET_EINVAL;
  err = tinet__buf_reserve(b, (size_t)n);
  if (err < 0)
    return err;
  va_start(args, fmt);
  (void)vsnprintf(b->data + b->len, (size_t)n + 1, fmt, args);
  va_end(args);
  b->len += (size_t)n;
  return TINET_OK;
}

void tinet__buf_reset(struct tinet__buf *b)
{
  b->len = 0;
  if (b->data)
    b->data[0] = 0;
}

void tinet__buf_free(struct tinet__buf *b)
{
  tinet__free(b->data);
  memset(b, 0, sizeof *b);
}

char *tinet__buf_take(struct tinet__buf *b, size_t *ret_len)
{
  char *p = b->data;

  if (ret_len)
    *ret_len = b->len;
  memset(b, 0, sizeof *b);
  return p;
}
