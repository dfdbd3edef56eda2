/* usable.h - whether a cookie of the application's own can be stored.
 *
 * decide, pure but for the list of public suffixes.
 */
#ifndef TINET_COOKIE_USABLE_H
#define TINET_COOKIE_USABLE_H

#include <tinet/cookie.h>

/* What is wrong with a cookie.  Static. */
struct tinet__cookie_fault {
  const char *field; /* as tinet_cookie calls it */
  const char *why;
};

/* Makes of `from` what a jar stores: domain in canonical form (owned by the
 * caller in *ret_domain, tinet__free() it), host-only decided, expiry capped.
 * A name may be "" only if `is_received`: it was a server's once.
 * TINET_ECOOKIE: *ret_fault says why; TINET_ENOMEM. */
int tinet__cookie_make_usable(
    const tinet_cookie *from, bool is_received, int64_t now_us,
    tinet_cookie *ret, char **ret_domain,
    struct tinet__cookie_fault *ret_fault) TINET_MUST_CHECK;

#endif
