/* plist_binary.c - binary property lists, by libplist.
 *
 * libplist makes a tree of what may be a graph: a few hundred bytes of arrays
 * that hold each other twice become more than any memory.  So the objects are
 * counted first as the tree would have them, and refused above a ceiling.
 */
#include <inttypes.h>
#include <plist/plist.h>
#include <stdlib.h>
#include <string.h>

#include "../core/error.h"
#include "plist.h"

#define MAX_VISITS 400000
#define MAX_BYTES (4 * TINET__DOM_MAX_BYTES) /* of texts, once a reference */
#define TRAILER 32

struct walk {
  const unsigned char *data;
  size_t len;
  unsigned offset_size, ref_size;
  uint64_t n_objects, top, table;
  size_t n_visits;
  uint64_t n_bytes; /* of texts and data, once for each reference */
};

bool tinet__plist_is_binary(const void *data, size_t len)
{
  return len >= 8 && memcmp(data, "bplist", 6) == 0;
}

static uint64_t big_endian(const unsigned char *p, unsigned size)
{
  uint64_t value = 0;

  for (unsigned i = 0; i < size; i++)
    value = value << 8 | p[i];
  return value;
}

static bool read_trailer(struct walk *w)
{
  const unsigned char *t;

  if (w->len < 8 + TRAILER || memcmp(w->data, "bplist0", 7) != 0)
    return false;
  t = w->data + w->len - TRAILER;
  w->offset_size = t[6];
  w->ref_size = t[7];
  w->n_objects = big_endian(t + 8, 8);
  w->top = big_endian(t + 16, 8);
  w->table = big_endian(t + 24, 8);
  return w->offset_size >= 1 && w->offset_size <= 8 && w->ref_size >= 1 &&
         w->ref_size <= 8 && w->n_objects > 0 && w->n_objects <= w->len &&
         w->top < w->n_objects && w->table >= 8 &&
         w->table <= w->len - TRAILER &&
         w->n_objects * w->offset_size <= w->len - TRAILER - w->table;
}

/* The number of an object's parts, and where they begin.  rfc: none; the
 * format is the one of Apple's CFBinaryPList. */
static bool read_count(const struct walk *w, uint64_t at, uint64_t *ret_count,
                       uint64_t *ret_start)
{
  unsigned low = w->data[at] & 0x0f, size;

  *ret_start = at + 1;
  *ret_count = low;
  if (low != 0x0f)
    return true;
  if (at + 1 >= w->table || w->data[at + 1] >> 4 != 1)
    return false;
  size = 1u << (w->data[at + 1] & 0x0f);
  if (size > 8 || at + 2 + size > w->table)
    return false;
  *ret_count = big_endian(w->data + at + 2, size);
  *ret_start = at + 2 + size;
  return true;
}

static int visit(struct walk *w, uint64_t object, unsigned depth);

static int visit_parts(struct walk *w, uint64_t at, unsigned n_refs_each,
                       unsigned depth)
{
  uint64_t count, start;

  if (!read_count(w, at, &count, &start) ||
      count > (w->table - start) / w->ref_size / n_refs_each)
    return TINET_ESYNTAX;
  for (uint64_t i = 0; i < count * n_refs_each; i++) {
    uint64_t ref = big_endian(w->data + start + i * w->ref_size, w->ref_size);
    int err = visit(w, ref, depth + 1);

    if (err < 0)
      return err;
  }
  return TINET_OK;
}

/* Texts and data: their length must fit.  libplist copies them for each
 * reference. */
static int visit_bytes(struct walk *w, uint64_t at, unsigned unit)
{
  uint64_t count, start;

  if (!read_count(w, at, &count, &start) || count > (w->table - start) / unit)
    return TINET_ESYNTAX;
  w->n_bytes += count * unit;
  return w->n_bytes <= MAX_BYTES ? TINET_OK : TINET_ELIMIT;
}

/* A text with a NUL in it ends the program in libplist, by an assertion. */
static int visit_text(struct walk *w, uint64_t at, unsigned unit)
{
  uint64_t count, start;
  int err = visit_bytes(w, at, unit);

  if (err < 0 || !read_count(w, at, &count, &start))
    return err;
  for (uint64_t i = 0; i < count; i++)
    if (big_endian(w->data + start + i * unit, unit) == 0)
      return TINET_ESYNTAX;
  return TINET_OK;
}

static int visit(struct walk *w, uint64_t object, unsigned depth)
{
  uint64_t at;

  if (object >= w->n_objects)
    return TINET_ESYNTAX;
  if (depth >= TINET__VALUE_MAX_DEPTH || w->n_visits++ >= MAX_VISITS)
    return TINET_ELIMIT; /* also what refers to itself */
  at = big_endian(w->data + w->table + object * w->offset_size, w->offset_size);
  if (at < 8 || at >= w->table)
    return TINET_ESYNTAX;
  switch (w->data[at] >> 4) {
  case 0x0:
    return TINET_OK;
  case 0x1:
  case 0x2:
    return at + 1 + (1u << (w->data[at] & 0x0f)) <= w->table ? TINET_OK
                                                             : TINET_ESYNTAX;
  case 0x3:
    return at + 9 <= w->table ? TINET_OK : TINET_ESYNTAX;
  case 0x4:
    return visit_bytes(w, at, 1);
  case 0x5:
    return visit_text(w, at, 1);
  case 0x6:
    return visit_text(w, at, 2);
  case 0xa:
    return visit_parts(w, at, 1, depth);
  case 0xd:
    return visit_parts(w, at, 2, depth);
  default:
    return TINET_ESYNTAX;
  }
}

struct copy {
  struct tinet__value_tree *tree;
  const char *source;
};

static int copy_node(struct copy *c, plist_t node, struct tinet__value *parent,
                     const char *key);

static int copy_dict(struct copy *c, plist_t node, struct tinet__value *dict)
{
  plist_dict_iter iter = NULL;
  plist_t child = NULL;
  char *key = NULL;
  bool has_any;
  int err = TINET_OK;

  plist_dict_new_iter(node, &iter);
  for (;;) {
    plist_dict_next_item(node, iter, &key, &child);
    if (!child || err < 0)
      break;
    err = copy_node(c, child, dict, key);
    free(key);
    key = NULL;
  }
  free(key);
  free(iter);
  return err < 0 ? err : tinet__plist_mark_replaced(dict, &has_any);
}

static int copy_array(struct copy *c, plist_t node, struct tinet__value *array)
{
  int err = TINET_OK;

  for (uint32_t i = 0; i < plist_array_get_size(node) && err == TINET_OK; i++)
    err = copy_node(c, plist_array_get_item(node, i), array, NULL);
  return err;
}

static int copy_text(struct copy *c, plist_t node, struct tinet__value *value)
{
  char *text = NULL;
  int err;

  plist_get_string_val(node, &text);
  err = tinet__value_set_text(c->tree, value, text ? text : "",
                              text ? strlen(text) : 0);
  free(text);
  return err;
}

/* Dates and data are not read by anybody: only that they are there counts. */
static int fill(struct copy *c, plist_t node, struct tinet__value *value)
{
  uint64_t number = 0;
  uint8_t boolean = 0;

  switch (value->kind) {
  case TINET__VALUE_DICT:
    return copy_dict(c, node, value);
  case TINET__VALUE_ARRAY:
    return copy_array(c, node, value);
  case TINET__VALUE_STRING:
    return copy_text(c, node, value);
  case TINET__VALUE_INTEGER:
    plist_get_uint_val(node, &number);
    value->integer = (int64_t)number;
    return TINET_OK;
  case TINET__VALUE_REAL:
    plist_get_real_val(node, &value->real);
    return TINET_OK;
  case TINET__VALUE_BOOL:
    plist_get_bool_val(node, &boolean);
    value->boolean = boolean != 0;
    return TINET_OK;
  default:
    return tinet__value_set_text(c->tree, value, "", 0);
  }
}

static enum tinet__value_kind kind_of(plist_t node)
{
  switch (plist_get_node_type(node)) {
  case PLIST_DICT:
    return TINET__VALUE_DICT;
  case PLIST_ARRAY:
    return TINET__VALUE_ARRAY;
  case PLIST_STRING:
  case PLIST_KEY:
    return TINET__VALUE_STRING;
  case PLIST_UINT:
    return TINET__VALUE_INTEGER;
  case PLIST_REAL:
    return TINET__VALUE_REAL;
  case PLIST_BOOLEAN:
    return TINET__VALUE_BOOL;
  case PLIST_DATE:
    return TINET__VALUE_DATE;
  default:
    return TINET__VALUE_DATA;
  }
}

static int copy_node(struct copy *c, plist_t node, struct tinet__value *parent,
                     const char *key)
{
  struct tinet__value *value;
  int err = tinet__value_add(c->tree, parent, key, key ? strlen(key) : 0,
                             kind_of(node), &value);

  if (err < 0)
    return err;
  value->at = value->key_at = (struct tinet__place){c->source, 0, 0};
  return fill(c, node, value);
}

int tinet__plist_read_binary(const void *data, size_t len, const char *source,
                             struct tinet__value_tree *tree, tinet_error *err)
{
  struct walk w = {.data = data, .len = len};
  struct copy c = {tree, source};
  plist_t root = NULL;
  int code;

  if (len > TINET__DOM_MAX_BYTES)
    return tinet__error_set(err, TINET_ELIMIT, TINET_ORIGIN_TINET, 0,
                            "%s: larger than 4 MiB", source);
  code = read_trailer(&w) ? visit(&w, w.top, 0) : TINET_ESYNTAX;
  if (code < 0)
    return tinet__error_set(err, code, TINET_ORIGIN_TINET, 0,
                            code == TINET_ELIMIT
                                ? "%s: the binary property list is nested too "
                                  "deep or too large"
                                : "%s: malformed binary property list; "
                                  "`plutil -convert xml1` shows what it holds",
                            source);
  plist_from_bin(data, (uint32_t)len, &root);
  if (!root)
    return tinet__error_set(err, TINET_ESYNTAX, TINET_ORIGIN_TINET, 0,
                            "%s: malformed binary property list", source);
  code = copy_node(&c, root, NULL, NULL);
  plist_free(root);
  return code;
}
