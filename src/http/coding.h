/* coding.h - content codings: gzip, deflate, br, zstd, and several in a row.
 *
 * rfc: 9110 8.4, 1950-1952, 7932, 8878.  Bytes go in, decoded bytes come out
 * through `sink`, in pieces of at most 64 KiB; nothing grows.
 */
#ifndef TINET_HTTP_CODING_H
#define TINET_HTTP_CODING_H

#include <tinet/error.h>

#define TINET__ACCEPT_ENCODING "gzip, deflate, br, zstd"
/* More codings than this in one response are refused. */
#define TINET__MAX_CODINGS 4

typedef struct tinet__decoder tinet__decoder;
struct tinet__decoder_limits {
  /* Each coding's output by itself. */
  uint64_t max_bytes; /* of output; 0 = none */
  uint32_t max_ratio; /* output / input, judged beyond 1 MiB; 0 = none */
};
/* `content_encoding` is the joined header ("gzip, br"), last applied first
 * undone; x-gzip = gzip; "identity" and "" are nothing.  *ret_decoder is NULL
 * with 0 if there is nothing to decode.  An unknown coding: also NULL with 0
 * (the body is given as it is).  "deflate" accepts zlib and raw.  TINET_ECODING
 * (too many), TINET_ENOMEM. */
int tinet__decoder_new(const char *content_encoding,
                       const struct tinet__decoder_limits *limits,
                       tinet__decoder **ret_decoder) TINET_MUST_CHECK;
/* Returns 0, what `sink` returned if negative, TINET_ECODING (bad data, or data
 * behind the end), TINET_EBOMB, TINET_ENOMEM; *err filled. */
int tinet__decoder_write(tinet__decoder *d, const void *data, size_t len,
                         int (*sink)(void *arg, const void *data, size_t len),
                         void *arg, tinet_error *err) TINET_MUST_CHECK;
/* At the end of the body: TINET_ETRUNCATED if the coded data is incomplete (an
 * entirely empty body is fine). */
int tinet__decoder_finish(tinet__decoder *d, tinet_error *err) TINET_MUST_CHECK;
void tinet__decoder_free(tinet__decoder *d);

#endif
