/* header.c - a list of header fields in one block of memory. */
#include "header.h"

#include "../core/alloc.h"

#include <string.h>

#define FIRST_CAP 16

static int add_text(struct tinet__headers *h, const char *s, size_t len,
                    uint32_t *ret_at)
{
  int err;

  if (len >= UINT32_MAX - 2 || h->text.len >= UINT32_MAX - 2 - len)
    return TINET_ELIMIT;
  *ret_at = (uint32_t)h->text.len;
  err = tinet__buf_add(&h->text, s, len);
  if (err == TINET_OK)
    err = tinet__buf_addc(&h->text, 0);
  return err;
}

static int grow(struct tinet__headers *h)
{
  size_t cap = h->cap ? h->cap * 2 : FIRST_CAP;
  struct tinet__header_field *p;

  if (h->n_fields < h->cap)
    return TINET_OK;
  p = tinet__realloc(h->fields, cap * sizeof *p);
  if (!p)
    return TINET_ENOMEM;
  h->fields = p;
  h->cap = cap;
  return TINET_OK;
}

/* Takes back what a failed addition put into the text. */
static int undo(struct tinet__headers *h, size_t len, int err)
{
  h->text.len = len;
  return err;
}

/* One reservation for both: this runs for each line of each response. */
int tinet__headers_add(struct tinet__headers *h, const char *name,
                       size_t name_len, const char *value, size_t value_len)
{
  struct tinet__header_field *f;
  size_t at = h->text.len;
  char *to;
  int err;

  if (name_len > UINT32_MAX / 4 || value_len > UINT32_MAX / 4 ||
      at > UINT32_MAX / 4)
    return TINET_ELIMIT;
  err = grow(h);
  if (err < 0)
    return err;
  err = tinet__buf_reserve(&h->text, name_len + value_len + 2);
  if (err < 0)
    return err;
  to = h->text.data + at;
  memcpy(to, name, name_len);
  to[name_len] = '\0';
  if (value_len > 0)
    memcpy(to + name_len + 1, value, value_len);
  to[name_len + 1 + value_len] = '\0';
  h->text.len = at + name_len + value_len + 2;
  h->text.data[h->text.len] = '\0';
  f = &h->fields[h->n_fields++];
  f->name_at = (uint32_t)at;
  f->value_at = (uint32_t)(at + name_len + 1);
  f->name_len = (uint32_t)name_len;
  f->value_len = (uint32_t)value_len;
  return TINET_OK;
}

const char *tinet__headers_name(const struct tinet__headers *h, size_t i)
{
  return h->text.data + h->fields[i].name_at;
}

const char *tinet__headers_value(const struct tinet__headers *h, size_t i)
{
  return h->text.data + h->fields[i].value_at;
}

/* The first field of that name from `from` on, or n_fields. */
static size_t find(const struct tinet__headers *h, size_t from,
                   const char *name, size_t name_len)
{
  size_t i = from;

  while (i < h->n_fields && !tinet__ieqn(tinet__headers_name(h, i),
                                         h->fields[i].name_len, name, name_len))
    i++;
  return i;
}

static void remove_at(struct tinet__headers *h, size_t i)
{
  memmove(h->fields + i, h->fields + i + 1,
          (h->n_fields - i - 1) * sizeof *h->fields);
  h->n_fields--;
}

static size_t remove_from(struct tinet__headers *h, size_t i, const char *name)
{
  size_t len = strlen(name), n = 0;

  while ((i = find(h, i, name, len)) < h->n_fields) {
    remove_at(h, i);
    n++;
  }
  return n;
}

size_t tinet__headers_remove(struct tinet__headers *h, const char *name)
{
  return remove_from(h, 0, name);
}

int tinet__headers_set(struct tinet__headers *h, const char *name,
                       const char *value)
{
  size_t i = find(h, 0, name, strlen(name)), len = h->text.len;
  struct tinet__header_field f = {0};
  int err;

  if (i == h->n_fields)
    return tinet__headers_add(h, name, strlen(name), value, strlen(value));
  /* The spelling is the last caller's too. */
  err = add_text(h, name, strlen(name), &f.name_at);
  if (err == TINET_OK)
    err = add_text(h, value, strlen(value), &f.value_at);
  if (err < 0)
    return undo(h, len, err);
  f.name_len = (uint32_t)strlen(name);
  f.value_len = (uint32_t)strlen(value);
  h->fields[i] = f;
  (void)remove_from(h, i + 1, name);
  return TINET_OK;
}

int tinet__headers_join(struct tinet__headers *h, const char *name,
                        const char *value, const char *sep)
{
  size_t i = find(h, 0, name, strlen(name)), len = h->text.len;
  struct tinet__buf joined = TINET__BUF_INIT;
  uint32_t at;
  int err;

  if (i == h->n_fields)
    return tinet__headers_add(h, name, strlen(name), value, strlen(value));
  err = tinet__buf_adds(&joined, tinet__headers_value(h, i));
  if (err == TINET_OK)
    err = tinet__buf_adds(&joined, sep);
  if (err == TINET_OK)
    err = tinet__buf_adds(&joined, value);
  if (err == TINET_OK)
    err = add_text(h, joined.data, joined.len, &at);
  if (err == TINET_OK) {
    h->fields[i].value_at = at;
    h->fields[i].value_len = (uint32_t)joined.len;
  } else {
    h->text.len = len;
  }
  tinet__buf_free(&joined);
  return err;
}

const char *tinet__headers_get(const struct tinet__headers *h, const char *name)
{
  size_t i = find(h, 0, name, strlen(name));

  return i < h->n_fields ? tinet__headers_value(h, i) : NULL;
}

int tinet__headers_copy(struct tinet__headers *to,
                        const struct tinet__headers *from)
{
  int err;

  tinet__headers_reset(to);
  err = tinet__buf_reserve(&to->text, from->text.len);
  if (err < 0)
    return err;
  if (to->cap < from->n_fields) {
    struct tinet__header_field *p =
        tinet__realloc(to->fields, from->n_fields * sizeof *p);

    if (!p)
      return TINET_ENOMEM;
    to->fields = p;
    to->cap = from->n_fields;
  }
  if (from->n_fields == 0)
    return TINET_OK;
  err = tinet__buf_add(&to->text, from->text.data, from->text.len);
  if (err < 0)
    return err;
  memcpy(to->fields, from->fields, from->n_fields * sizeof *from->fields);
  to->n_fields = from->n_fields;
  return TINET_OK;
}

void tinet__headers_reset(struct tinet__headers *h)
{
  tinet__buf_reset(&h->text);
  h->n_fields = 0;
}

void tinet__headers_free(struct tinet__headers *h)
{
  tinet__buf_free(&h->text);
  tinet__free(h->fields);
  memset(h, 0, sizeof *h);
}

int tinet__headers_joined(const struct tinet__headers *h, const char *name,
                          char **ret_value)
{
  struct tinet__buf b = TINET__BUF_INIT;
  size_t len = strlen(name), i = find(h, 0, name, len);
  int err = TINET_OK;

  if (i == h->n_fields) {
    *ret_value = NULL;
    return TINET_OK;
  }
  for (; err == TINET_OK && i < h->n_fields; i = find(h, i + 1, name, len)) {
    if (b.data)
      err = tinet__buf_adds(&b, ", ");
    if (err == TINET_OK)
      err = tinet__buf_adds(&b, tinet__headers_value(h, i));
  }
  if (err < 0) {
    tinet__buf_free(&b);
    return err;
  }
  *ret_value = tinet__buf_take(&b, NULL);
  return TINET_OK;
}

int tinet__headers_text(const struct tinet__headers *h, char **ret_text)
{
  struct tinet__buf b = TINET__BUF_INIT;
  int err = tinet__buf_reserve(&b, h->text.len);

  for (size_t i = 0; err == TINET_OK && i < h->n_fields; i++)
    err =
        tinet__buf_addf(&b, "%s%s:%s", i ? "\n" : "", tinet__headers_name(h, i),
                        tinet__headers_value(h, i));
  if (err < 0) {
    tinet__buf_free(&b);
    return err;
  }
  *ret_text = tinet__buf_take(&b, NULL);
  return TINET_OK;
}
