/* store_queue.h - changes of cookies, one for each cookie.  Pure. */
#ifndef TINET_COOKIE_STORE_QUEUE_H
#define TINET_COOKIE_STORE_QUEUE_H

#include "store.h"

enum tinet__cookie_change_kind {
  TINET__COOKIE_PUT,
  TINET__COOKIE_REMOVE, /* of `cookie` only the key counts */
  TINET__COOKIE_TOUCH,  /* the key and accessed_us count */
};

/* One block with its strings; also a row that was read (PUT). */
struct tinet__cookie_change {
  struct tinet__cookie_change *next; /* in its bucket, or of its chain */
  uint32_t hash;
  enum tinet__cookie_change_kind kind;
  tinet_cookie cookie;
};

/* Zero-initialised = empty. */
struct tinet__cookie_queue {
  bool is_cleared; /* every row goes before the changes are made */
  size_t n;
  size_t n_buckets; /* a power of two, or 0 */
  struct tinet__cookie_change **buckets;
};

/* A change of its own; NULL = no memory. */
struct tinet__cookie_change *
tinet__cookie_change_new(enum tinet__cookie_change_kind kind,
                         const tinet_cookie *cookie);

/* Takes `change`, which joins or replaces what there is for its key.  On
 * failure it is freed.  TINET_ENOMEM, TINET_ELIMIT. */
int tinet__cookie_queue_add(struct tinet__cookie_queue *q,
                            struct tinet__cookie_change *change)
    TINET_MUST_CHECK;

/* The change of the same key, or NULL. */
const struct tinet__cookie_change *
tinet__cookie_queue_find(const struct tinet__cookie_queue *q,
                         const struct tinet__cookie_change *like);

/* In any order; stops at the first answer that is not 0 and returns it. */
int tinet__cookie_queue_each(
    const struct tinet__cookie_queue *q,
    int (*on_change)(void *user, const struct tinet__cookie_change *change),
    void *user);

bool tinet__cookie_queue_is_empty(const struct tinet__cookie_queue *q);

/* `older` happened before `q`: afterwards q is both, and `older` is empty.
 * Needs no memory. */
void tinet__cookie_queue_prepend(struct tinet__cookie_queue *q,
                                 struct tinet__cookie_queue *older);

/* Frees a chain of changes that are in no queue; NULL is fine. */
void tinet__cookie_changes_free(struct tinet__cookie_change *first);

/* Frees the changes; the queue is zero again. */
void tinet__cookie_queue_free(struct tinet__cookie_queue *q);

#endif
