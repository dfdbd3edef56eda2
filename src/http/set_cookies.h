/* set_cookies.h - the Set-Cookie fields of a response, into a jar. */
#ifndef TINET_HTTP_SET_COOKIES_H
#define TINET_HTTP_SET_COOKIES_H

#include "../cookie/jar.h"
#include "../core/url.h"
#include "transport.h"

struct tinet__cookie_place tinet__cookie_place_of(const struct tinet__url *url);

/* Takes every one of a response from `url`; `jar` NULL = nothing to do.
 * `on_taken` (may be NULL) hears the field of each that was not refused, and
 * may end it with a negative code.  TINET_ENOMEM, or that code. */
int tinet__set_cookies(tinet_cookie_jar *jar, const struct tinet__url *url,
                       const struct tinet__headers *headers,
                       int (*on_taken)(void *user, const char *field),
                       void *user) TINET_MUST_CHECK;

#endif
