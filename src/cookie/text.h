/* text.h - cookies as text: cookies.txt and JSON.
 *
 * A text is read into a batch, every cookie of it checked, before the jar sees
 * any.
 */
#ifndef TINET_COOKIE_TEXT_H
#define TINET_COOKIE_TEXT_H

#include <tinet/cookie.h>

#include "../core/buf.h"

#define TINET__COOKIE_MAX_TEXT                                                 \
  (256u << 20) /* bytes; 100,000 have some 20 MB                               \
                */

struct tinet__cookie_batch {
  tinet_cookie *cookies; /* owned; each has its strings in one block */
  size_t n, cap;
  int64_t now_us;
  tinet_error *err; /* borrowed; may be NULL */
};

/* Checks and copies a cookie that stands at `line`.  TINET_ECOOKIE: the
 * batch's err says what is wrong with it; TINET_ENOMEM. */
int tinet__cookie_batch_add(struct tinet__cookie_batch *b,
                            const tinet_cookie *cookie,
                            unsigned line) TINET_MUST_CHECK;
/* Fills in the batch's err; returns `code`. */
int tinet__cookie_batch_fail(struct tinet__cookie_batch *b, int code,
                             unsigned line, const char *field, const char *why);
void tinet__cookie_batch_free(struct tinet__cookie_batch *b);

/* text_netscape.c, text_json.c: TINET_ESYNTAX, TINET_ECOOKIE, TINET_ENOMEM. */
int tinet__cookie_read_netscape(struct tinet__cookie_batch *to,
                                const char *text, size_t len) TINET_MUST_CHECK;
int tinet__cookie_read_json(struct tinet__cookie_batch *to, const char *text,
                            size_t len) TINET_MUST_CHECK;
/* `value` is written in the place of the cookie's own.  TINET_ENOMEM. */
int tinet__cookie_write_netscape(struct tinet__buf *to,
                                 const tinet_cookie_list *list,
                                 bool with_values) TINET_MUST_CHECK;
int tinet__cookie_write_json(struct tinet__buf *to,
                             const tinet_cookie_list *list,
                             bool with_values) TINET_MUST_CHECK;

#endif
