/* coding_private.h - one content coding, behind which a library stands. */
#ifndef TINET_HTTP_CODING_PRIVATE_H
#define TINET_HTTP_CODING_PRIVATE_H

#include "coding.h"

/* Output goes out in pieces of this size at most. */
#define TINET__CODING_PIECE (64 * 1024)

struct tinet__codec {
  const struct tinet__codec_ops *ops;
};

enum tinet__codec_state {
  TINET__CODEC_START, /* nothing has come yet */
  TINET__CODEC_INSIDE,
  TINET__CODEC_END, /* complete; more data is an error */
};

struct tinet__codec_ops {
  /* Decodes some of *data into `out`: advances *data and *len, sets *ret_n.
   * Called again while it makes progress.  0, TINET_ECODING, TINET_ENOMEM. */
  int (*step)(struct tinet__codec *c, const char **data, size_t *len, char *out,
              size_t out_size, size_t *ret_n);
  enum tinet__codec_state (*state)(const struct tinet__codec *c);
  void (*free)(struct tinet__codec *c);
};

/* coding_zlib.c, coding_brotli.c, coding_zstd.c.  TINET_ENOMEM. */
int tinet__codec_gzip(struct tinet__codec **ret_codec) TINET_MUST_CHECK;
int tinet__codec_deflate(struct tinet__codec **ret_codec) TINET_MUST_CHECK;
int tinet__codec_brotli(struct tinet__codec **ret_codec) TINET_MUST_CHECK;
int tinet__codec_zstd(struct tinet__codec **ret_codec) TINET_MUST_CHECK;

#endif
