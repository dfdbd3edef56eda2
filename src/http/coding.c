/* coding.c - content codings in a row, each piece of output checked against
 * the ceilings before it goes on. */
#include "coding_private.h"

#include "../core/alloc.h"
#include "../core/error.h"
#include "../core/str.h"

#include <string.h>

#define RATIO_FROM                                                             \
  (1024 * 1024) /* small bodies may be as dense as they like                   \
                 */

struct tinet__decoder {
  struct tinet__codec
      *codecs[TINET__MAX_CODINGS];  /* owned; first undone first */
  char *pieces[TINET__MAX_CODINGS]; /* owned; output of each */
  size_t n_codecs;
  struct tinet__decoder_limits limits;
  uint64_t n_in;
  uint64_t n_out[TINET__MAX_CODINGS]; /* of each */
};

typedef int (*sink_fn)(void *arg, const void *data, size_t len);

/* One write, on its way through the codecs. */
struct flow {
  tinet__decoder *d;
  sink_fn sink;
  void *arg;
  tinet_error *err;
};

static int (*find_codec(const char *name, size_t len))(struct tinet__codec **)
{
  static const struct {
    const char *name;
    int (*make)(struct tinet__codec **);
  } known[] = {
      {"gzip", tinet__codec_gzip},       {"x-gzip", tinet__codec_gzip},
      {"deflate", tinet__codec_deflate}, {"br", tinet__codec_brotli},
      {"zstd", tinet__codec_zstd},
  };

  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (tinet__ieqn(name, len, known[i].name, strlen(known[i].name)))
      return known[i].make;
  return NULL;
}

void tinet__decoder_free(tinet__decoder *d)
{
  if (!d)
    return;
  for (size_t i = 0; i < d->n_codecs; i++) {
    d->codecs[i]->ops->free(d->codecs[i]);
    tinet__free(d->pieces[i]);
  }
  tinet__free(d);
}

static int add_codec(tinet__decoder *d, int (*make)(struct tinet__codec **))
{
  struct tinet__codec *codec = NULL;
  char *piece;
  int err;

  if (d->n_codecs == TINET__MAX_CODINGS)
    return TINET_ECODING;
  piece = tinet__alloc(TINET__CODING_PIECE);
  if (!piece)
    return TINET_ENOMEM;
  err = make(&codec);
  if (err < 0) {
    tinet__free(piece);
    return err;
  }
  d->codecs[d->n_codecs] = codec;
  d->pieces[d->n_codecs++] = piece;
  return TINET_OK;
}

/* The names from the last to the first: the last applied is undone first.
 * 1 = an unknown one. */
static int add_codecs(tinet__decoder *d, const char *text)
{
  size_t end = strlen(text);

  while (true) {
    size_t start = end;
    struct tinet__span name;
    int (*make)(struct tinet__codec **);
    int err;

    while (start > 0 && text[start - 1] != ',')
      start--;
    name = tinet__trim(text + start, end - start);
    make = find_codec(name.p, name.len);
    if (!make && name.len > 0 && !tinet__ieqn(name.p, name.len, "identity", 8))
      return 1;
    err = make ? add_codec(d, make) : TINET_OK;
    if (err < 0)
      return err;
    if (start == 0)
      return TINET_OK;
    end = start - 1;
  }
}

int tinet__decoder_new(const char *content_encoding,
                       const struct tinet__decoder_limits *limits,
                       tinet__decoder **ret_decoder)
{
  tinet__decoder *d = tinet__zalloc(sizeof *d);
  int err;

  if (!d)
    return TINET_ENOMEM;
  if (limits)
    d->limits = *limits;
  err = add_codecs(d, content_encoding);
  if (err != TINET_OK || d->n_codecs == 0) {
    tinet__decoder_free(d);
    if (err >= 0)
      *ret_decoder = NULL;
    return err < 0 ? err : TINET_OK;
  }
  *ret_decoder = d;
  return TINET_OK;
}

/* What is between two codings counts too: it may be huge and still become
 * little. */
static int check_limits(struct flow *f, size_t level, size_t n)
{
  tinet__decoder *d = f->d;
  const struct tinet__decoder_limits *l = &d->limits;
  uint64_t n_out = d->n_out[level] += n;

  if (l->max_bytes && n_out > l->max_bytes)
    return tinet__error_set(f->err, TINET_EBOMB, TINET_ORIGIN_TINET, 0,
                            "the decoded body is larger than %llu bytes",
                            (unsigned long long)l->max_bytes);
  if (l->max_ratio && n_out > RATIO_FROM && n_out / l->max_ratio > d->n_in)
    return tinet__error_set(f->err, TINET_EBOMB, TINET_ORIGIN_TINET, 0,
                            "the body grows more than %u times when decoded",
                            l->max_ratio);
  return TINET_OK;
}

static int feed(struct flow *f, size_t level, const char *data, size_t len)
{
  struct tinet__codec *codec;
  char *piece;

  if (level == f->d->n_codecs)
    return f->sink(f->arg, data, len);
  codec = f->d->codecs[level];
  piece = f->d->pieces[level];
  while (true) {
    size_t n = 0, had = len;
    int err =
        codec->ops->step(codec, &data, &len, piece, TINET__CODING_PIECE, &n);

    if (err < 0)
      return tinet__error_set(f->err, err, TINET_ORIGIN_TINET, 0,
                              err == TINET_ECODING
                                  ? "the body is not valid in its "
                                    "Content-Encoding"
                                  : NULL);
    if (n > 0) {
      err = check_limits(f, level, n);
      if (err == TINET_OK)
        err = feed(f, level + 1, piece, n);
      if (err < 0)
        return err;
    }
    if (n == 0 && (len == 0 || len == had))
      return TINET_OK;
  }
}

int tinet__decoder_write(tinet__decoder *d, const void *data, size_t len,
                         int (*sink)(void *arg, const void *data, size_t len),
                         void *arg, tinet_error *err)
{
  struct flow f = {d, sink, arg, err};

  if (len == 0)
    return TINET_OK;
  d->n_in += len;
  return feed(&f, 0, data, len);
}

int tinet__decoder_finish(tinet__decoder *d, tinet_error *err)
{
  if (d->n_in == 0)
    return TINET_OK;
  for (size_t i = 0; i < d->n_codecs; i++)
    if (d->codecs[i]->ops->state(d->codecs[i]) != TINET__CODEC_END)
      return tinet__error_set(err, TINET_ETRUNCATED, TINET_ORIGIN_TINET, 0,
                              "the body ended inside its Content-Encoding");
  return TINET_OK;
}
