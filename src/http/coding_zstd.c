/* coding_zstd.c - zstd, several frames.  rfc: 8878, 9659 */
#include "coding_private.h"

#include "../core/alloc.h"

#include <zstd.h>

#define MAX_WINDOW_LOG 23 /* rfc: 9659 3 - 8 MiB */

struct zscodec {
  struct tinet__codec base; /* first */
  ZSTD_DStream *zs;         /* owned */
  enum tinet__codec_state state;
};

/* By its magic number's first byte: the library may also read the formats from
 * before the RFC, which nobody announces by "zstd".  rfc: 8878 3.1 */
static bool may_begin_frame(unsigned char c)
{
  return c == 0x28 || (c & 0xf0) == 0x50;
}

static int step(struct tinet__codec *codec, const char **data, size_t *len,
                char *out, size_t out_size, size_t *ret_n)
{
  struct zscodec *c = (struct zscodec *)(void *)codec;
  ZSTD_inBuffer in = {*data, *len, 0};
  ZSTD_outBuffer to = {out, out_size, 0};
  size_t rc;

  if (*len == 0 && c->state != TINET__CODEC_INSIDE)
    return TINET_OK;
  if (c->state != TINET__CODEC_INSIDE &&
      !may_begin_frame((unsigned char)**data))
    return TINET_ECODING;
  c->state = TINET__CODEC_INSIDE; /* behind a frame another one may begin */
  rc = ZSTD_decompressStream(c->zs, &to, &in);
  if (ZSTD_isError(rc))
    return TINET_ECODING;
  *data += in.pos;
  *len -= in.pos;
  *ret_n = to.pos;
  if (rc == 0)
    c->state = TINET__CODEC_END;
  return TINET_OK;
}

static enum tinet__codec_state state(const struct tinet__codec *codec)
{
  return ((const struct zscodec *)(const void *)codec)->state;
}

static void free_codec(struct tinet__codec *codec)
{
  struct zscodec *c = (struct zscodec *)(void *)codec;

  (void)ZSTD_freeDStream(c->zs);
  tinet__free(c);
}

int tinet__codec_zstd(struct tinet__codec **ret_codec)
{
  static const struct tinet__codec_ops ops = {step, state, free_codec};
  struct zscodec *c = tinet__zalloc(sizeof *c);

  if (!c)
    return TINET_ENOMEM;
  c->base.ops = &ops;
  c->zs = ZSTD_createDStream();
  if (!c->zs || ZSTD_isError(ZSTD_DCtx_setParameter(c->zs, ZSTD_d_windowLogMax,
                                                    MAX_WINDOW_LOG))) {
    free_codec(&c->base);
    return TINET_ENOMEM;
  }
  *ret_codec = &c->base;
  return TINET_OK;
}
