/* list.h - a copy of cookies that is being collected. */
#ifndef TINET_COOKIE_LIST_H
#define TINET_COOKIE_LIST_H

#include "jar_private.h"

struct tinet__cookie_picks {
  const struct tinet__jar_cookie **cookies; /* owned array of borrowed ones */
  size_t n, cap;
};

int tinet__cookie_pick(struct tinet__cookie_picks *p,
                       const struct tinet__jar_cookie *c) TINET_MUST_CHECK;
/* Sorted, in one block; frees the picks.  TINET_ENOMEM. */
int tinet__cookie_list_make(struct tinet__cookie_picks *p,
                            tinet_cookie_list **ret_list) TINET_MUST_CHECK;

#endif
