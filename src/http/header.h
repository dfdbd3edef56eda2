/* header.h - a list of header fields, in order, in one block of memory. */
#ifndef TINET_HTTP_HEADER_H
#define TINET_HTTP_HEADER_H

#include "../core/buf.h"
#include "../core/str.h"
#include <tinet/http.h>

/* Zero-initialise.  Names and values are NUL-terminated inside `text`; fields
 * are offsets so that the block may move. */
struct tinet__header_field {
  uint32_t name_at, value_at;
  uint32_t name_len, value_len;
};
struct tinet__headers {
  struct tinet__buf text;
  struct tinet__header_field *fields; /* owned */
  size_t n_fields, cap;
};

/* Copies; checks nothing.  TINET_ENOMEM, TINET_ELIMIT (4 GiB). */
int tinet__headers_add(struct tinet__headers *h, const char *name,
                       size_t name_len, const char *value,
                       size_t value_len) TINET_MUST_CHECK;
/* Replaces every field of that name by one (in the place of the first). */
int tinet__headers_set(struct tinet__headers *h, const char *name,
                       const char *value) TINET_MUST_CHECK;
/* Joins to the first field of that name with `sep`, or adds. */
int tinet__headers_join(struct tinet__headers *h, const char *name,
                        const char *value, const char *sep) TINET_MUST_CHECK;
/* Removes all of that name; how many there were. */
size_t tinet__headers_remove(struct tinet__headers *h, const char *name);
/* The first value of that name (ASCII case-insensitive), or NULL. */
const char *tinet__headers_get(const struct tinet__headers *h,
                               const char *name);
const char *tinet__headers_name(const struct tinet__headers *h, size_t i);
const char *tinet__headers_value(const struct tinet__headers *h, size_t i);
int tinet__headers_copy(struct tinet__headers *to,
                        const struct tinet__headers *from) TINET_MUST_CHECK;
void tinet__headers_reset(struct tinet__headers *h); /* empty, memory kept */
void tinet__headers_free(struct tinet__headers *h);
/* All values of `name` joined with ", "; NULL if none; and `name:value` lines
 * joined with LF.  tinet__free() the result. */
int tinet__headers_joined(const struct tinet__headers *h, const char *name,
                          char **ret_value) TINET_MUST_CHECK;
int tinet__headers_text(const struct tinet__headers *h,
                        char **ret_text) TINET_MUST_CHECK;

/* One line of a header block, without CRLF, into `h`.  Continuation lines
 * (rfc: 9112 5.2) are joined with one SP.  TINET_EPROTOCOL: no colon, a name
 * that is no token, NUL/CR/LF inside; TINET_ENOMEM. */
int tinet__headers_parse_line(struct tinet__headers *h, const char *line,
                              size_t len) TINET_MUST_CHECK;
/* "HTTP/1.1 200 OK": version 10, 11, 20; the phrase is borrowed from `line`.
 * TINET_EPROTOCOL. */
int tinet__status_line_parse(const char *line, size_t len, int *ret_version,
                             int *ret_status,
                             struct tinet__span *ret_phrase) TINET_MUST_CHECK;
/* The standard phrase of a status; "" if there is none.  Static. */
const char *tinet__status_phrase(int status);
/* No CR, LF or NUL.  rfc: 9110 5.5 */
bool tinet__header_value_is_ok(const char *value, size_t len);

#endif
