/* plist.h - property lists: from elements, or from the binary form, to values.
 */
#ifndef TINET_ATS_PLIST_H
#define TINET_ATS_PLIST_H

#include "dom.h"
#include "value.h"

enum tinet__plist_reader {
  TINET__PLIST_APPLE,   /* strict; texts as they stand */
  TINET__PLIST_TITANIUM /* what Titanium's builder makes of it; texts trimmed */
};

/* Reads the element of one value (`dict`, `string` ...), as root of `tree` if
 * `parent` is NULL, else into it under `key` (whose place is `key_at`).  What
 * is odd is a finding; for TINET__PLIST_APPLE an unknown element is
 * TINET_ESYNTAX. TINET_ELIMIT (too deep), TINET_ENOMEM. */
int tinet__plist_read_element(const struct tinet__node *node,
                              enum tinet__plist_reader reader,
                              struct tinet__findings *findings,
                              struct tinet__value_tree *tree,
                              tinet_error *err) TINET_MUST_CHECK;

/* The keys of one more `dict` into one that is there. */
int tinet__plist_read_dict(const struct tinet__node *node,
                           enum tinet__plist_reader reader,
                           struct tinet__findings *findings,
                           struct tinet__value_tree *tree,
                           struct tinet__value *into,
                           tinet_error *err) TINET_MUST_CHECK;

/* Whether the bytes begin as a binary property list does. */
bool tinet__plist_is_binary(const void *data, size_t len);
/* Reads one; its places have no line.  TINET_ESYNTAX, TINET_ELIMIT,
 * TINET_ENOMEM. */
int tinet__plist_read_binary(const void *data, size_t len, const char *source,
                             struct tinet__value_tree *tree,
                             tinet_error *err) TINET_MUST_CHECK;

/* Of keys that stand twice in `dict`, all but the last are marked.
 * TINET_ENOMEM. */
int tinet__plist_mark_replaced(struct tinet__value *dict,
                               bool *ret_has_any) TINET_MUST_CHECK;

#endif
