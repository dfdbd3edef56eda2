/* value.c - the tree of values, in an arena. */
#include "value.h"

#include <string.h>

#include "../core/alloc.h"
#include "../core/arena.h"

struct tinet__value_tree {
  struct tinet__arena arena;
  struct tinet__value *root;
};

int tinet__value_tree_new(struct tinet__value_tree **ret_tree)
{
  struct tinet__value_tree *tree = tinet__zalloc(sizeof(*tree));

  if (!tree)
    return TINET_ENOMEM;
  tree->arena.max = TINET__VALUE_MAX_BYTES;
  *ret_tree = tree;
  return TINET_OK;
}

void tinet__value_tree_free(struct tinet__value_tree *tree)
{
  if (!tree)
    return;
  tinet__arena_free(&tree->arena);
  tinet__free(tree);
}

struct tinet__value *tinet__value_root(const struct tinet__value_tree *tree)
{
  return tree->root;
}

const char *tinet__value_keep(struct tinet__value_tree *tree, const char *text,
                              size_t len)
{
  return tinet__arena_copy(&tree->arena, text, len);
}

static bool may_hold(const struct tinet__value_tree *tree,
                     const struct tinet__value *parent, const char *key)
{
  if (!parent)
    return !tree->root && !key;
  if (parent->depth + 1 >= TINET__VALUE_MAX_DEPTH)
    return false;
  if (parent->kind == TINET__VALUE_DICT)
    return key != NULL;
  return parent->kind == TINET__VALUE_ARRAY && !key;
}

static void append(struct tinet__value *parent, struct tinet__value *child)
{
  child->depth = parent->depth + 1;
  child->prev = parent->last;
  if (parent->last)
    parent->last->next = child;
  else
    parent->first = child;
  parent->last = child;
  parent->n_children++;
}

int tinet__value_add(struct tinet__value_tree *tree,
                     struct tinet__value *parent, const char *key,
                     size_t key_len, enum tinet__value_kind kind,
                     struct tinet__value **ret_value)
{
  struct tinet__value *value;

  if (!may_hold(tree, parent, key))
    return TINET_EINVAL;
  value = tinet__arena_take(&tree->arena, sizeof(*value));
  if (!value)
    return TINET_ENOMEM;
  value->kind = kind;
  if (key) {
    value->key = tinet__value_keep(tree, key, key_len);
    value->key_len = key_len;
    if (!value->key)
      return TINET_ENOMEM;
  }
  if (parent)
    append(parent, value);
  else
    tree->root = value;
  *ret_value = value;
  return TINET_OK;
}

int tinet__value_set_text(struct tinet__value_tree *tree,
                          struct tinet__value *value, const char *text,
                          size_t len)
{
  const char *copy = tinet__value_keep(tree, text, len);

  if (!copy)
    return TINET_ENOMEM;
  value->text = copy;
  value->text_len = len;
  return TINET_OK;
}

void tinet__value_remove(struct tinet__value *parent,
                         struct tinet__value *child)
{
  if (child->prev)
    child->prev->next = child->next;
  else
    parent->first = child->next;
  if (child->next)
    child->next->prev = child->prev;
  else
    parent->last = child->prev;
  child->prev = NULL;
  child->next = NULL;
  parent->n_children--;
}

static struct tinet__value *find_back(struct tinet__value *from,
                                      const char *key, size_t len)
{
  for (; from; from = from->prev)
    if (from->key_len == len && memcmp(from->key, key, len) == 0)
      return from;
  return NULL;
}

struct tinet__value *tinet__value_find(const struct tinet__value *dict,
                                       const char *key)
{
  if (!dict || dict->kind != TINET__VALUE_DICT)
    return NULL;
  return find_back(dict->last, key, strlen(key));
}

struct tinet__value *tinet__value_duplicate(const struct tinet__value *value)
{
  return value->key ? find_back(value->prev, value->key, value->key_len) : NULL;
}

const char *tinet__value_kind_name(enum tinet__value_kind kind)
{
  static const char *const names[] = {"a dictionary", "an array", "a string",
                                      "a number",     "a number", "a boolean",
                                      "a date",       "data"};

  return names[kind];
}
