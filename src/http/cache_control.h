/* cache_control.h - what the header fields about caching say.
 *
 * parse, pure.  rfc: 9111 5, rfc: 5861
 */
#ifndef TINET_HTTP_CACHE_CONTROL_H
#define TINET_HTTP_CACHE_CONTROL_H

#include "header.h"

/* rfc: 9111 1.2.2 - what a number that is too large counts as. */
#define TINET__DELTA_MAX 2147483648LL
#define TINET__DELTA_NONE (-1LL) /* the directive is not there */
/* max-stale without a value: however stale. */
#define TINET__DELTA_ANY (TINET__DELTA_MAX + 1)

/* Of a request or a response; what does not belong to it means nothing. */
struct tinet__cache_control {
  bool has_any; /* there is a Cache-Control field */
  bool no_store;
  bool no_cache; /* without field names */
  bool no_cache_fields;
  bool must_revalidate;
  bool must_understand;
  bool is_public;
  bool is_private; /* with or without field names */
  bool only_if_cached;
  int64_t max_age; /* seconds; of several the first, rfc: 9111 4.2.1 */
  int64_t max_stale;
  int64_t min_fresh;
  int64_t stale_if_error;
  int64_t stale_while_revalidate;
};

/* Unknown directives are passed over, and so are those that only a shared
 * cache obeys (s-maxage, proxy-revalidate). */
void tinet__cache_control_parse(const struct tinet__headers *h,
                                struct tinet__cache_control *ret_cc);
/* Does no-cache="..." name this field? */
bool tinet__cache_control_names(const struct tinet__headers *h,
                                const char *field);
/* Is `member` one of the comma-separated tokens of the fields `name`? */
bool tinet__headers_lists(const struct tinet__headers *h, const char *name,
                          const char *member);

/* The next element of a comma-separated list; commas in quoted strings do not
 * count.  False at the end.  `rest` moves behind it; empty ones are skipped. */
bool tinet__list_next(struct tinet__span *rest, struct tinet__span *ret_item);

/* "Sun, 06 Nov 1994 08:49:37 GMT" and the two obsolete forms, in seconds since
 * 1970.  rfc: 9110 5.6.7.  `now_s` places years of two digits. */
bool tinet__http_date_parse(const char *s, size_t len, int64_t now_s,
                            int64_t *ret_s);

#endif
