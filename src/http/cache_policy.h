/* cache_policy.h - what a private cache may do with a response.
 *
 * decide, pure: header fields and times in, a verdict out.  Times are seconds
 * since 1970.  rfc: 9111, rfc: 5861
 */
#ifndef TINET_HTTP_CACHE_POLICY_H
#define TINET_HTTP_CACHE_POLICY_H

#include "../core/url.h"
#include "cache_control.h"

/* rfc: 9111 4.2.2 - a tenth of its age, but not more than a day. */
#define TINET__HEURISTIC_MAX_S 86400

/* A stored response, borrowed. */
struct tinet__cache_response {
  int status;
  const struct tinet__headers *headers;
  int64_t request_s;  /* when the request was sent */
  int64_t response_s; /* when the header block came */
};

enum tinet__cache_verdict {
  TINET__CACHE_FRESH,    /* use it */
  TINET__CACHE_STALE,    /* use it: the request takes stale ones */
  TINET__CACHE_REFRESH,  /* use it, and validate it behind the scenes */
  TINET__CACHE_VALIDATE, /* ask the server first */
};

/* May it be stored, and would it ever be of use?  rfc: 9111 3 */
bool tinet__cache_is_storable(const struct tinet__headers *request,
                              const struct tinet__cache_response *r);
/* Seconds.  rfc: 9111 4.2.1, 4.2.3 */
int64_t tinet__cache_lifetime(const struct tinet__cache_response *r);
int64_t tinet__cache_age(const struct tinet__cache_response *r, int64_t now_s);

/* rfc: 9111 4.2 */
enum tinet__cache_verdict
tinet__cache_decide(const struct tinet__headers *request,
                    const struct tinet__cache_response *r, int64_t now_s);
/* rfc: 5861 4 - the server failed: may this be used in place of its answer? */
bool tinet__cache_may_cover_error(const struct tinet__headers *request,
                                  const struct tinet__cache_response *r,
                                  int64_t now_s);

bool tinet__cache_has_validator(const struct tinet__headers *stored);
/* Adds If-None-Match and If-Modified-Since.  rfc: 9111 4.3.1 */
int tinet__cache_add_validators(const struct tinet__headers *stored,
                                struct tinet__headers *request)
    TINET_MUST_CHECK;
/* Does this 304 speak of the stored response?  rfc: 9111 4.3.4 */
bool tinet__cache_is_same(const struct tinet__headers *stored,
                          const struct tinet__headers *not_modified);
/* rfc: 9111 3.2 */
int tinet__cache_update(struct tinet__headers *stored,
                        const struct tinet__headers *not_modified)
    TINET_MUST_CHECK;
/* The fields of a response that are stored.  rfc: 9111 3.1 */
int tinet__cache_storable_fields(const struct tinet__headers *response,
                                 struct tinet__headers *to) TINET_MUST_CHECK;

/* The request wants something that a cache of whole responses does not know:
 * a range, or a condition of its own. */
bool tinet__cache_is_bypassed(const struct tinet__headers *request);
bool tinet__cache_is_unsafe(const char *method);
/* Does this answer to an unsafe method make stored ones invalid?  rfc: 9111 4.4
 */
static inline bool tinet__cache_invalidates(int status)
{
  return status >= 200 && status <= 399;
}

#endif
