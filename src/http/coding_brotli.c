/* coding_brotli.c - brotli.  rfc: 7932 */
#include "coding_private.h"

#include "../core/alloc.h"

#include <brotli/decode.h>

struct brcodec {
  struct tinet__codec base; /* first */
  BrotliDecoderState *br;   /* owned */
  enum tinet__codec_state state;
};

static void *br_alloc(void *opaque, size_t size)
{
  (void)opaque;
  return tinet__alloc(size);
}

static void br_free(void *opaque, void *ptr)
{
  (void)opaque;
  tinet__free(ptr);
}

static int step(struct tinet__codec *codec, const char **data, size_t *len,
                char *out, size_t out_size, size_t *ret_n)
{
  struct brcodec *c = (struct brcodec *)(void *)codec;
  const uint8_t *in = (const uint8_t *)*data;
  uint8_t *to = (uint8_t *)out;
  size_t left = out_size;
  BrotliDecoderResult rc;

  if (c->state == TINET__CODEC_END)
    return *len > 0 ? TINET_ECODING : TINET_OK;
  if (*len > 0)
    c->state = TINET__CODEC_INSIDE;
  rc = BrotliDecoderDecompressStream(c->br, len, &in, &left, &to, NULL);
  *data = (const char *)in;
  *ret_n = out_size - left;
  if (rc == BROTLI_DECODER_RESULT_ERROR) {
    BrotliDecoderErrorCode code = BrotliDecoderGetErrorCode(c->br);

    return code <= BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MODES &&
                   code >= BROTLI_DECODER_ERROR_ALLOC_BLOCK_TYPE_TREES
               ? TINET_ENOMEM
               : TINET_ECODING;
  }
  if (rc == BROTLI_DECODER_RESULT_SUCCESS)
    c->state = TINET__CODEC_END;
  return TINET_OK;
}

static enum tinet__codec_state state(const struct tinet__codec *codec)
{
  return ((const struct brcodec *)(const void *)codec)->state;
}

static void free_codec(struct tinet__codec *codec)
{
  struct brcodec *c = (struct brcodec *)(void *)codec;

  BrotliDecoderDestroyInstance(c->br);
  tinet__free(c);
}

int tinet__codec_brotli(struct tinet__codec **ret_codec)
{
  static const struct tinet__codec_ops ops = {step, state, free_codec};
  struct brcodec *c = tinet__zalloc(sizeof *c);

  if (!c)
    return TINET_ENOMEM;
  c->base.ops = &ops;
  c->br = BrotliDecoderCreateInstance(br_alloc, br_free, NULL);
  if (!c->br) {
    tinet__free(c);
    return TINET_ENOMEM;
  }
  *ret_codec = &c->base;
  return TINET_OK;
}
