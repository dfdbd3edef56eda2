/* body.h - request bodies: a row of segments that can be read and rewound. */
#ifndef TINET_HTTP_BODY_H
#define TINET_HTTP_BODY_H

#include <tinet/http.h>

struct tinet__buf;

/* Is it a form, whose fields become query parameters of a GET? */
bool tinet__body_is_form(const tinet_http_body *b);
/* "a=1&b=x%20y", by Uri.encode (ti: HTTPClient.send).  Files are skipped. */
int tinet__body_query(const tinet_http_body *b,
                      struct tinet__buf *to) TINET_MUST_CHECK;
/* Makes a form ready to be read (encodes it, chooses the boundary); the others
 * are always ready.  Called again it does nothing. */
int tinet__body_prepare(tinet_http_body *b) TINET_MUST_CHECK;
/* Up to `max` bytes; 0 at the end; TINET_EBODY (a file shrank or cannot be
 * read, *err says which) or what a reader returned. */
int64_t tinet__body_read(tinet_http_body *b, void *data, size_t max,
                         tinet_error *err);
/* Back to the start.  0 or TINET_EBODY: a reader that cannot. */
int tinet__body_rewind(tinet_http_body *b, tinet_error *err);
bool tinet__body_can_rewind(const tinet_http_body *b);

#endif
