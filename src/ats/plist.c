/* plist.c - the elements of a property list as values.
 *
 * Apple's reader refuses what it does not know.  Titanium's drops it and goes
 * on: an unknown element takes its key with it, and so does a key that is
 * followed by another key.
 */
#include "plist.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "../core/alloc.h"
#include "../core/error.h"
#include "../core/str.h"
#include "policy.h"

struct reading {
  enum tinet__plist_reader reader;
  struct tinet__findings *findings;
  struct tinet__value_tree *tree;
  tinet_error *error;
};

struct slot {
  struct tinet__value *parent; /* NULL: the root */
  const char *key;             /* NULL: in an array */
  size_t key_len;
  struct tinet__place key_at;
};

static int read_value(struct reading *r, const struct tinet__node *node,
                      const struct slot *slot);

static int refuse(struct reading *r, const struct tinet__place *at,
                  const char *what, const char *name)
{
  return tinet__error_set(r->error, TINET_ESYNTAX, TINET_ORIGIN_TINET, 0,
                          "%s:%u:%u: %s <%s>", at->source, at->line, at->column,
                          what, name);
}

static int note(struct reading *r, const struct tinet__place *at,
                const char *suggestion, const char *what, const char *name)
{
  return tinet__findings_add(r->findings, "type", at, suggestion, "%s <%s>",
                             what, name);
}

/* What stands between the elements. */
static int lint_stray(struct reading *r, const struct tinet__node *node)
{
  if (!node->has_text)
    return TINET_OK;
  return tinet__findings_add(r->findings, "stray-text", &node->text_at, NULL,
                             "text between the elements of <%s> is ignored",
                             node->name);
}

static struct tinet__span text_of(const struct reading *r,
                                  const struct tinet__node *node)
{
  if (r->reader == TINET__PLIST_TITANIUM)
    return tinet__node_trimmed(node);
  return (struct tinet__span){node->text, node->text_len};
}

static int lint_split(struct reading *r, const struct tinet__node *node)
{
  struct tinet__span first = tinet__trim(node->text, node->first_len);
  struct tinet__span all = tinet__trim(node->text, node->text_len);

  if (r->reader != TINET__PLIST_TITANIUM || first.len == all.len)
    return TINET_OK;
  return tinet__findings_add(r->findings, "text-split", &node->at, NULL,
                             "a comment divides the text of <%s>", node->name);
}

static const struct {
  const char *name;
  enum tinet__value_kind kind;
} kinds[] = {
    {"dict", TINET__VALUE_DICT},     {"array", TINET__VALUE_ARRAY},
    {"string", TINET__VALUE_STRING}, {"integer", TINET__VALUE_INTEGER},
    {"real", TINET__VALUE_REAL},     {"true", TINET__VALUE_BOOL},
    {"false", TINET__VALUE_BOOL},    {"date", TINET__VALUE_DATE},
    {"data", TINET__VALUE_DATA},
};
#define N_KINDS (sizeof kinds / sizeof *kinds)

static bool find_kind(const char *name, enum tinet__value_kind *ret_kind)
{
  for (size_t i = 0; i < N_KINDS; i++) {
    if (strcmp(name, kinds[i].name) != 0)
      continue;
    *ret_kind = kinds[i].kind;
    return true;
  }
  return false;
}

/* Whatever the program's locale writes for a point. */
static double real_of(const char *text, char **ret_end)
{
  locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  double value;

  if (!c)
    return strtod(text, ret_end);
  value = strtod_l(text, ret_end, c);
  freelocale(c);
  return value;
}

static int read_number(struct reading *r, const struct tinet__node *node,
                       struct tinet__value *value)
{
  struct tinet__span text = tinet__node_trimmed(node);
  char copy[64], *end = copy;

  if (text.len < sizeof copy) {
    memcpy(copy, text.p, text.len);
    copy[text.len] = '\0';
    if (value->kind == TINET__VALUE_INTEGER)
      value->integer = strtoll(copy, &end, strstr(copy, "0x") ? 16 : 10);
    else
      value->real = real_of(copy, &end);
    if (end > copy && *end == '\0')
      return TINET_OK;
  }
  if (r->reader == TINET__PLIST_APPLE)
    return refuse(r, &node->at, "no number in", node->name);
  /* Titanium's: as far as it is one, else zero. */
  return note(r, &node->at, NULL, "no number in", node->name);
}

static int read_array(struct reading *r, const struct tinet__node *node,
                      struct tinet__value *array)
{
  int err = lint_stray(r, node);

  for (const struct tinet__node *n = node->first; n && err == TINET_OK;
       n = n->next) {
    struct slot slot = {.parent = array};

    err = read_value(r, n, &slot);
  }
  return err;
}

static int fill(struct reading *r, const struct tinet__node *node,
                struct tinet__value *value)
{
  struct tinet__span text;
  int err;

  switch (value->kind) {
  case TINET__VALUE_DICT:
    return tinet__plist_read_dict(node, r->reader, r->findings, r->tree, value,
                                  r->error);
  case TINET__VALUE_ARRAY:
    return read_array(r, node, value);
  case TINET__VALUE_BOOL:
    value->boolean = node->name[0] == 't';
    return TINET_OK;
  case TINET__VALUE_INTEGER:
  case TINET__VALUE_REAL:
    return read_number(r, node, value);
  default:
    err = lint_split(r, node);
    text = text_of(r, node);
    return err < 0 ? err
                   : tinet__value_set_text(r->tree, value, text.p, text.len);
  }
}

static int unknown(struct reading *r, const struct tinet__node *node)
{
  char lower[16] = "";
  enum tinet__value_kind kind;

  for (size_t i = 0; node->name[i] && i + 1 < sizeof lower; i++)
    lower[i] = tinet__lower(node->name[i]);
  if (r->reader == TINET__PLIST_APPLE)
    return refuse(r, &node->at, "no property list has an element", node->name);
  if (find_kind(lower, &kind))
    return note(r, &node->at, lower,
                "element names are lower-case: the key is dropped at",
                node->name);
  return note(
      r, &node->at, NULL,
      "no property list has this element, the key is dropped:", node->name);
}

static int read_value(struct reading *r, const struct tinet__node *node,
                      const struct slot *slot)
{
  enum tinet__value_kind kind;
  struct tinet__value *value;
  int err;

  if (!find_kind(node->name, &kind))
    return unknown(r, node);
  err = tinet__value_add(r->tree, slot->parent, slot->key, slot->key_len, kind,
                         &value);
  if (err == TINET_EINVAL)
    return tinet__error_set(r->error, TINET_ELIMIT, TINET_ORIGIN_TINET, 0,
                            "%s:%u:%u: values are nested too deep",
                            node->at.source, node->at.line, node->at.column);
  if (err < 0)
    return err;
  value->at = node->at;
  value->key_at = slot->key ? slot->key_at : node->at;
  return fill(r, node, value);
}

int tinet__plist_read_element(const struct tinet__node *node,
                              enum tinet__plist_reader reader,
                              struct tinet__findings *findings,
                              struct tinet__value_tree *tree, tinet_error *err)
{
  struct reading r = {reader, findings, tree, err};
  struct slot slot = {NULL, NULL, 0, node->at};

  return read_value(&r, node, &slot);
}

/* A key without a value, or a value without a key. */
static int odd_one(struct reading *r, const struct tinet__node *node)
{
  bool is_key = strcmp(node->name, "key") == 0;

  if (r->reader == TINET__PLIST_APPLE)
    return refuse(r, &node->at,
                  is_key ? "no value follows the" : "no key stands before",
                  node->name);
  return note(r, &node->at, NULL,
              is_key ? "no value follows the" : "no key stands before",
              node->name);
}

int tinet__plist_mark_replaced(struct tinet__value *dict, bool *ret_has_any)
{
  struct tinet__name_table names = {NULL, 0};
  int err = tinet__name_table_init(&names, dict->n_children);

  *ret_has_any = false;
  for (struct tinet__value *v = dict->last; v && err == TINET_OK; v = v->prev) {
    v->is_replaced = tinet__name_table_put(&names, v->key, 0) != 0;
    *ret_has_any = *ret_has_any || v->is_replaced;
  }
  tinet__free(names.slots);
  return err;
}

static int lint_duplicates(struct reading *r, struct tinet__value *dict)
{
  struct tinet__name_table names = {NULL, 0};
  bool has_any;
  int err = tinet__plist_mark_replaced(dict, &has_any);

  if (err < 0 || !has_any)
    return err;
  err = tinet__name_table_init(&names, dict->n_children);
  for (const struct tinet__value *v = dict->first; v && err == TINET_OK;
       v = v->next)
    if (tinet__name_table_put(&names, v->key, 0))
      err = tinet__findings_add(r->findings, "duplicate-key", &v->key_at, NULL,
                                "'%s' stands here a second time: this one "
                                "counts",
                                v->key);
  tinet__free(names.slots);
  return err;
}

static int read_pair(struct reading *r, const struct tinet__node *key,
                     struct tinet__value *into)
{
  struct tinet__span text = text_of(r, key);
  struct slot slot = {into, text.p, text.len, key->at};
  int err = lint_split(r, key);

  return err < 0 ? err : read_value(r, key->next, &slot);
}

int tinet__plist_read_dict(const struct tinet__node *node,
                           enum tinet__plist_reader reader,
                           struct tinet__findings *findings,
                           struct tinet__value_tree *tree,
                           struct tinet__value *into, tinet_error *err)
{
  struct reading r = {reader, findings, tree, err};
  const struct tinet__node *n = node->first;
  int code = lint_stray(&r, node);

  while (n && code == TINET_OK) {
    bool is_pair = strcmp(n->name, "key") == 0 && n->next &&
                   strcmp(n->next->name, "key") != 0;

    if (is_pair) {
      code = read_pair(&r, n, into);
      n = n->next->next;
    } else {
      code = odd_one(&r, n);
      n = n->next;
    }
  }
  return code < 0 ? code : lint_duplicates(&r, into);
}
