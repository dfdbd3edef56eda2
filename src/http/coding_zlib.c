/* coding_zlib.c - gzip (several members) and deflate (zlib or raw). */
#include "coding_private.h"

#include "../core/alloc.h"

#include <limits.h>
#include <zlib.h>

struct zcodec {
  struct tinet__codec base; /* first */
  z_stream z;
  enum tinet__codec_state state;
  bool is_gzip;
  bool is_chosen; /* deflate: with or without zlib's header */
  bool has_first; /* deflate: one byte has come, which does not say enough */
  unsigned char first;
};

static voidpf z_alloc(voidpf opaque, uInt n, uInt size)
{
  (void)opaque;
  return tinet__alloc((size_t)n * size);
}

static void z_free(voidpf opaque, voidpf ptr)
{
  (void)opaque;
  tinet__free(ptr);
}

/* rfc: 1950 2.2 - servers send "deflate" with and without the zlib header,
 * which is two bytes. */
static bool is_zlib(unsigned char cmf, unsigned char flg)
{
  return (cmf & 0x0f) == 8 && (cmf >> 4) <= 7 && (cmf * 256 + flg) % 31 == 0;
}

/* Keeps the first byte until the second is there, then gives it to zlib. */
static int choose_window(struct zcodec *c, const char **data, size_t *len)
{
  unsigned char none;
  int rc = Z_OK;

  if (!c->has_first) {
    c->first = (unsigned char)*(*data)++;
    c->has_first = true;
    --*len;
  }
  if (*len == 0)
    return TINET_OK;
  if (!is_zlib(c->first, (unsigned char)**data))
    rc = inflateReset2(&c->z, -15);
  if (rc == Z_OK) {
    c->z.next_in = &c->first;
    c->z.avail_in = 1;
    c->z.next_out = &none; /* one byte is no output yet */
    c->z.avail_out = 1;
    rc = inflate(&c->z, Z_NO_FLUSH);
  }
  c->is_chosen = true;
  return rc == Z_OK ? TINET_OK : TINET_ECODING;
}

/* At the end of a member: another one may follow.  rfc: 1952 2.2 */
static int next_member(struct zcodec *c, const char *data)
{
  if (!c->is_gzip || (unsigned char)*data != 0x1f)
    return TINET_ECODING;
  if (inflateReset(&c->z) != Z_OK)
    return TINET_ECODING;
  c->state = TINET__CODEC_INSIDE;
  return TINET_OK;
}

static int step(struct tinet__codec *codec, const char **data, size_t *len,
                char *out, size_t out_size, size_t *ret_n)
{
  struct zcodec *c = (struct zcodec *)(void *)codec;
  size_t chunk;
  int rc;

  if (*len > 0 && c->state == TINET__CODEC_END) {
    rc = next_member(c, *data);
    if (rc < 0)
      return rc;
  }
  if (c->state == TINET__CODEC_END)
    return TINET_OK;
  if (c->state == TINET__CODEC_START) {
    if (*len == 0)
      return TINET_OK;
    c->state = TINET__CODEC_INSIDE;
  }
  if (!c->is_gzip && !c->is_chosen) {
    rc = *len > 0 ? choose_window(c, data, len) : TINET_OK;
    if (rc < 0 || !c->is_chosen)
      return rc;
  }
  chunk = *len > UINT_MAX ? UINT_MAX : *len;
  c->z.next_in = (Bytef *)(uintptr_t)*data;
  c->z.avail_in = (uInt)chunk;
  c->z.next_out = (Bytef *)out;
  c->z.avail_out = (uInt)out_size;
  rc = inflate(&c->z, Z_NO_FLUSH);
  *data += chunk - c->z.avail_in;
  *len -= chunk - c->z.avail_in;
  *ret_n = out_size - c->z.avail_out;
  if (rc == Z_STREAM_END)
    c->state = TINET__CODEC_END;
  else if (rc == Z_MEM_ERROR)
    return TINET_ENOMEM;
  else if (rc != Z_OK && rc != Z_BUF_ERROR)
    return TINET_ECODING;
  return TINET_OK;
}

static enum tinet__codec_state state(const struct tinet__codec *codec)
{
  return ((const struct zcodec *)(const void *)codec)->state;
}

static void free_codec(struct tinet__codec *codec)
{
  struct zcodec *c = (struct zcodec *)(void *)codec;

  (void)inflateEnd(&c->z);
  tinet__free(c);
}

static int new_codec(bool is_gzip, struct tinet__codec **ret_codec)
{
  static const struct tinet__codec_ops ops = {step, state, free_codec};
  struct zcodec *c = tinet__zalloc(sizeof *c);

  if (!c)
    return TINET_ENOMEM;
  c->base.ops = &ops;
  c->is_gzip = is_gzip;
  c->z.zalloc = z_alloc;
  c->z.zfree = z_free;
  if (inflateInit2(&c->z, is_gzip ? 15 + 16 : 15) != Z_OK) {
    tinet__free(c);
    return TINET_ENOMEM;
  }
  *ret_codec = &c->base;
  return TINET_OK;
}

int tinet__codec_gzip(struct tinet__codec **ret_codec)
{
  return new_codec(true, ret_codec);
}

int tinet__codec_deflate(struct tinet__codec **ret_codec)
{
  return new_codec(false, ret_codec);
}
