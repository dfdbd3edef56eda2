/* xdg.h - where a user's files belong. */
#ifndef TINET_CORE_XDG_H
#define TINET_CORE_XDG_H

#include <tinet/error.h>

/* $<variable>/tinet/<parts>, or ~/<fallback>/tinet/<parts> if the variable is
 * unset, empty or not absolute, as the specification has it.  `parts` ends with
 * NULL.  Nothing is made.  Owned by the caller, for tinet_free(). TINET_ENOMEM;
 * TINET_ESTORE: there is no home folder either. */
int tinet__xdg_path(const char *variable, const char *fallback,
                    const char *const *parts, char **ret_path) TINET_MUST_CHECK;

/* An application's id as the name of a folder. */
bool tinet__xdg_is_name(const char *id);

#endif
