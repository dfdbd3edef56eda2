/* value.h - a property list as a tree in which every value knows its place.
 *
 * The readers of Info.plist and tiapp.xml build it; policy and lints read it.
 *
 * Ownership  A tree owns all its values, keys and texts; tinet__value_tree_free
 *            frees them at once.  Texts handed in are copied.
 */
#ifndef TINET_ATS_VALUE_H
#define TINET_ATS_VALUE_H

#include <tinet/error.h>

#define TINET__VALUE_MAX_DEPTH 64 /* real policies need five */
#define TINET__VALUE_MAX_BYTES                                                 \
  67108864 /* a 4 MiB file of tiny elements fits                               \
            */

enum tinet__value_kind {
  TINET__VALUE_DICT,
  TINET__VALUE_ARRAY,
  TINET__VALUE_STRING,
  TINET__VALUE_INTEGER,
  TINET__VALUE_REAL,
  TINET__VALUE_BOOL,
  TINET__VALUE_DATE, /* text as written */
  TINET__VALUE_DATA
};

/* Lines and columns count from 1; 0 is unknown (a binary property list). */
struct tinet__place {
  const char *source; /* name of the file or origin; owned by the tree */
  unsigned line;
  unsigned column;
};

struct tinet__value {
  enum tinet__value_kind kind;
  unsigned depth;  /* of the root: 0 */
  const char *key; /* in a dict, else NULL; NUL-terminated */
  size_t key_len;  /* more than strlen(key) if the key holds a NUL */
  struct tinet__place key_at;
  struct tinet__place at;
  const char *text; /* string, date, data; NUL-terminated, else NULL */
  size_t text_len;
  int64_t integer;
  double real;
  bool boolean;
  bool is_replaced; /* a later sibling has the same key, and counts */
  struct tinet__value *first, *last; /* children, in the order written */
  struct tinet__value *prev, *next;  /* siblings */
  size_t n_children;
};

struct tinet__value_tree;

/* TINET_ENOMEM. */
int tinet__value_tree_new(struct tinet__value_tree **ret_tree) TINET_MUST_CHECK;
void tinet__value_tree_free(struct tinet__value_tree *tree); /* NULL is fine */
struct tinet__value *tinet__value_root(const struct tinet__value_tree *tree);

/* A copy that lives as long as the tree, for `source` of a place for example;
 * NULL without memory or above TINET__VALUE_MAX_BYTES. */
const char *tinet__value_keep(struct tinet__value_tree *tree, const char *text,
                              size_t len);

/* Appends an empty value to `parent` (a dict or an array), or makes the root if
 * `parent` is NULL.  `key` is copied and belongs to a dict only.  The caller
 * then sets key_at, at and what the kind needs.  TINET_ENOMEM (also above
 * TINET__VALUE_MAX_BYTES), TINET_EINVAL: too deep, no key in a dict, a key
 * elsewhere, a second root, a parent that holds no children. */
int tinet__value_add(struct tinet__value_tree *tree,
                     struct tinet__value *parent, const char *key,
                     size_t key_len, enum tinet__value_kind kind,
                     struct tinet__value **ret_value) TINET_MUST_CHECK;

/* Sets text and text_len to a copy.  TINET_ENOMEM. */
int tinet__value_set_text(struct tinet__value_tree *tree,
                          struct tinet__value *value, const char *text,
                          size_t len) TINET_MUST_CHECK;

/* Takes a child out of its parent; its memory stays with the tree. */
void tinet__value_remove(struct tinet__value *parent,
                         struct tinet__value *child);

/* The last child of that key: of duplicates the last one counts.  NULL if none
 * or if `dict` is NULL or no dict.  Byte-wise. */
struct tinet__value *tinet__value_find(const struct tinet__value *dict,
                                       const char *key);
/* The sibling before `value` with the same key, NULL if none: tells and walks
 * duplicates. */
struct tinet__value *tinet__value_duplicate(const struct tinet__value *value);

/* "a dictionary", "an array" ... */
const char *tinet__value_kind_name(enum tinet__value_kind kind);

#endif
