/* redirect.h - what the next hop looks like.  decide, pure.  ti:
 * HTTPClient.autoRedirect, rfc: 9110 15.4 */
#ifndef TINET_HTTP_REDIRECT_H
#define TINET_HTTP_REDIRECT_H

#include "header.h"
#include "../core/url.h"

struct tinet__redirect {
  bool is_followed;      /* false: the response is the result */
  bool is_get;           /* the method becomes GET */
  bool drops_body;       /* and the body and Content-* headers go */
  bool is_cross_origin;  /* Authorization, Cookie and credentials go */
  struct tinet__url url; /* owned by the caller, only if is_followed */
};
/* Decides for `status`, its Location and the request's method.  0, or
 * TINET_EREDIRECT (n_followed has reached max), TINET_EURL / TINET_ESCHEME (a
 * Location that cannot be followed), TINET_ENOMEM. */
int tinet__redirect_decide(int status, const char *location, const char *method,
                           const struct tinet__url *from, unsigned n_followed,
                           unsigned max, struct tinet__redirect *ret_redirect,
                           tinet_error *err) TINET_MUST_CHECK;
/* Removes from the request's headers what must not go on. */
void tinet__redirect_strip(const struct tinet__redirect *r,
                           struct tinet__headers *headers);

#endif
