/* jar.h - what the HTTP client asks of a jar, without parsing a URL again. */
#ifndef TINET_COOKIE_JAR_H
#define TINET_COOKIE_JAR_H

#include <tinet/cookie.h>

#include "../core/buf.h"

/* Where a response comes from, or a request goes.  Borrowed. */
struct tinet__cookie_place {
  const char *host; /* ASCII, lower case; IPv6 without brackets */
  const char *path; /* of the URL, begins with '/', no query */
  bool is_ip;       /* host is an address */
  bool is_secure;   /* https */
};

/* As tinet_cookie_jar_receive(). */
int tinet__cookie_jar_receive(
    tinet_cookie_jar *jar, const struct tinet__cookie_place *place,
    const char *set_cookie, size_t len,
    tinet_cookie_verdict *ret_verdict) TINET_MUST_CHECK;

/* Adds the value of the Cookie field to `to`; nothing if no cookie matches.
 * Names that stand in `given` (a Cookie value of the application's, or NULL)
 * are left out.  No allocation but for `to`; no wait for the disk.
 * TINET_ENOMEM. */
int tinet__cookie_jar_header(tinet_cookie_jar *jar,
                             const struct tinet__cookie_place *place,
                             const char *given,
                             struct tinet__buf *to) TINET_MUST_CHECK;

#endif
