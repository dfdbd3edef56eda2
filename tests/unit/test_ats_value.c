/* The tree of values: order, duplicates, removal, ceilings, failing memory. */
#include "t.h"

#include "ats/value.h"
#include "core/alloc.h"

static int build(struct tinet__value_tree *tree)
{
  struct tinet__value *root, *v;
  int err = tinet__value_add(tree, NULL, NULL, 0, TINET__VALUE_DICT, &root);

  for (int i = 0; err == TINET_OK && i < 3; i++) {
    err = tinet__value_add(tree, root, i == 1 ? "b" : "a", 1,
                           TINET__VALUE_STRING, &v);
    if (err == TINET_OK)
      err = tinet__value_set_text(tree, v, "012" + i, 1);
  }
  return err;
}

static int try_build(void)
{
  struct tinet__value_tree *tree = NULL;
  int err = tinet__value_tree_new(&tree);

  if (err == TINET_OK)
    err = build(tree);
  tinet__value_tree_free(tree);
  return err == TINET_ENOMEM ? -2 : err;
}

static void each_allocation_may_fail(void)
{
  T_EACH_ALLOCATION_FAILS(TINET_OK, try_build);
}

static void of_duplicates_the_last_counts(void)
{
  struct tinet__value_tree *tree;
  struct tinet__value *root, *a;

  T_EQ(0, tinet__value_tree_new(&tree));
  T_EQ(0, build(tree));
  root = tinet__value_root(tree);
  a = tinet__value_find(root, "a");
  T_STR("2", a->text);
  T_OK(tinet__value_duplicate(a) == root->first);
  T_OK(!tinet__value_duplicate(root->first));
  tinet__value_remove(root, a);
  T_EQ(2, root->n_children);
  T_STR("0", tinet__value_find(root, "a")->text);
  T_OK(!tinet__value_find(root, "c") && !tinet__value_find(NULL, "a"));
  tinet__value_tree_free(tree);
}

static void what_cannot_hold_a_child_refuses_it(void)
{
  struct tinet__value_tree *tree;
  struct tinet__value *v = NULL, *s;
  unsigned depth = 0;

  T_EQ(0, tinet__value_tree_new(&tree));
  T_EQ(0, tinet__value_add(tree, NULL, NULL, 0, TINET__VALUE_ARRAY, &v));
  T_EQ(TINET_EINVAL,
       tinet__value_add(tree, NULL, NULL, 0, TINET__VALUE_ARRAY, &s));
  T_EQ(TINET_EINVAL, tinet__value_add(tree, v, "k", 1, TINET__VALUE_BOOL, &s));
  T_EQ(0, tinet__value_add(tree, v, NULL, 0, TINET__VALUE_BOOL, &s));
  T_EQ(TINET_EINVAL, tinet__value_add(tree, s, NULL, 0, TINET__VALUE_BOOL, &s));
  while (tinet__value_add(tree, v, NULL, 0, TINET__VALUE_ARRAY, &v) == 0)
    depth++;
  T_EQ(TINET__VALUE_MAX_DEPTH - 1, depth);
  T_OK(!tinet__value_keep(tree, "x", TINET__VALUE_MAX_BYTES));
  tinet__value_tree_free(tree);
}

int main(void)
{
  T_RUN(each_allocation_may_fail);
  T_RUN(of_duplicates_the_last_counts);
  T_RUN(what_cannot_hold_a_child_refuses_it);
  return T_END();
}
