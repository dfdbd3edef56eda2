/* test_coding.c - content codings: made by the libraries' own encoders, then
 * whole, in pieces, cut short, damaged, nested and swollen. */
#include "core/alloc.h"
#include "core/buf.h"
#include "http/coding.h"
#include "t.h"

#include <brotli/encode.h>
#include <zlib.h>
#include <zstd.h>

struct bytes {
  char *p; /* owned */
  size_t len;
};

static const struct tinet__decoder_limits no_limits;
static struct tinet__buf out;
static tinet_error error;
static int sink_says;

/* ---- encoders ---- */

static struct bytes with_zlib(struct bytes in, int window)
{
  z_stream z = {0};
  struct bytes to;

  T_EQ(Z_OK, deflateInit2(&z, 6, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY));
  to.len = deflateBound(&z, in.len);
  to.p = tinet__alloc(to.len);
  z.next_in = (Bytef *)in.p;
  z.avail_in = (uInt)in.len;
  z.next_out = (Bytef *)to.p;
  z.avail_out = (uInt)to.len;
  T_EQ(Z_STREAM_END, deflate(&z, Z_FINISH));
  to.len = z.total_out;
  (void)deflateEnd(&z);
  return to;
}

static struct bytes gzip(struct bytes in)
{
  return with_zlib(in, 15 + 16);
}

static struct bytes zlib(struct bytes in)
{
  return with_zlib(in, 15);
}

static struct bytes raw_deflate(struct bytes in)
{
  return with_zlib(in, -15);
}

static struct bytes br(struct bytes in)
{
  struct bytes to = {NULL, BrotliEncoderMaxCompressedSize(in.len) + 64};

  to.p = tinet__alloc(to.len);
  T_EQ(1,
       BrotliEncoderCompress(5, 22, BROTLI_MODE_GENERIC, in.len,
                             (const uint8_t *)in.p, &to.len, (uint8_t *)to.p));
  return to;
}

static struct bytes zstd(struct bytes in)
{
  struct bytes to = {NULL, ZSTD_compressBound(in.len)};

  to.p = tinet__alloc(to.len);
  to.len = ZSTD_compress(to.p, to.len, in.p, in.len, 3);
  return to;
}

static const struct coding {
  const char *name;
  struct bytes (*encode)(struct bytes in);
} codings[] = {
    {"gzip", gzip},           {"X-Gzip", gzip}, {"deflate", zlib},
    {"deflate", raw_deflate}, {"br", br},       {"zstd", zstd},
};
#define N_CODINGS (sizeof codings / sizeof *codings)

/* Text that compresses, but not to nothing. */
static struct bytes some_text(size_t len)
{
  struct bytes to = {tinet__alloc(len + 1), len};
  unsigned x = 1;

  for (size_t i = 0; i < len; i++) {
    x = x * 1103515245 + 12345;
    to.p[i] = "abcdefgh ABC\n\t01"[(x >> 16) & 15];
  }
  return to;
}

static struct bytes zeros(size_t len)
{
  return (struct bytes){tinet__zalloc(len), len};
}

/* ---- decoding ---- */

static int keep(void *arg, const void *data, size_t len)
{
  (void)arg;
  T_OK(len > 0 && len <= 64 * 1024);
  if (sink_says < 0)
    return sink_says;
  return tinet__buf_add(&out, data, len);
}

static int count(void *arg, const void *data, size_t len)
{
  (void)data;
  *(size_t *)arg += len;
  return TINET_OK;
}

/* In pieces of `piece` bytes, to the end. */
static int decode(const char *name, struct bytes in, size_t piece)
{
  tinet__decoder *d = NULL;
  int err = tinet__decoder_new(name, &no_limits, &d);

  tinet__buf_free(&out);
  memset(&error, 0, sizeof error);
  if (err == 0 && !d)
    T_FAIL("no decoder for %s", name);
  for (size_t at = 0; err == 0 && d && at < in.len; at += piece)
    err = tinet__decoder_write(d, in.p + at,
                               in.len - at < piece ? in.len - at : piece, keep,
                               NULL, &error);
  if (err == 0 && d)
    err = tinet__decoder_finish(d, &error);
  tinet__decoder_free(d);
  return err;
}

static void each_coding_is_undone_in_pieces_of_any_size(void)
{
  static const size_t sizes[] = {0, 1, 100, 300000}, pieces[] = {1, 7, 1 << 20};

  for (size_t i = 0; i < N_CODINGS; i++)
    for (size_t k = 0; k < 4; k++) {
      struct bytes text = some_text(sizes[k]), coded = codings[i].encode(text);

      for (size_t p = 0; p < 3; p++) {
        T_EQ(0, decode(codings[i].name, coded, pieces[p]));
        T_MEM(text.p, text.len, out.data ? out.data : "", out.len);
      }
      tinet__free(coded.p);
      tinet__free(text.p);
    }
}

static void cut_short_anywhere_it_is_truncated(void)
{
  for (size_t i = 0; i < N_CODINGS; i++) {
    struct bytes text = some_text(2000), coded = codings[i].encode(text);
    struct bytes head = coded;

    for (head.len = 1; head.len < coded.len; head.len++) {
      int err = decode(codings[i].name, head, 1 + head.len / 3);

      if (err != TINET_ETRUNCATED)
        T_FAIL("%s, %zu bytes: %s", codings[i].name, head.len,
               tinet_error_name(err));
      T_EQ(err, error.code);
    }
    head.len = 0;
    T_EQ(0, decode(codings[i].name, head, 1)); /* an empty body is fine */
    tinet__free(coded.p);
    tinet__free(text.p);
  }
}

/* A stored block whose padding looks like the first byte of zlib's header. */
static void raw_deflate_is_told_from_zlib_by_two_bytes(void)
{
  struct bytes in = {(char[]){"\x08\x05\x00\xfa\xffhello\x03\x00"}, 12};

  T_EQ(0, decode("deflate", in, 12));
  T_MEM("hello", 5, out.data, out.len);
  T_EQ(0, decode("deflate", in, 1));
  T_MEM("hello", 5, out.data, out.len);
}

static void garbage_is_an_error(void)
{
  struct bytes garbage = {(char[]){"\xff\xff garbage that is no coding"}, 30};

  for (size_t i = 0; i < N_CODINGS; i++) {
    T_EQ(TINET_ECODING, decode(codings[i].name, garbage, 30));
    T_EQ(TINET_ECODING, error.code);
    T_OK(error.text[0] != 0);
    T_OK(decode(codings[i].name, garbage, 1) < 0);
  }
}

static void data_behind_the_end_is_an_error(void)
{
  for (size_t i = 0; i < N_CODINGS; i++) {
    struct bytes text = some_text(100), coded = codings[i].encode(text);
    struct bytes longer = {tinet__zalloc(coded.len + 5), coded.len + 5};

    memcpy(longer.p, coded.p, coded.len);
    memset(longer.p + coded.len, 'x', 5);
    T_EQ(TINET_ECODING, decode(codings[i].name, longer, longer.len));
    T_EQ(TINET_ECODING, decode(codings[i].name, longer, 1));
    tinet__free(longer.p);
    tinet__free(coded.p);
    tinet__free(text.p);
  }
}

/* The checksum covers each bit between a gzip body's head and its end, but for
 * the padding of the last byte in front of it. */
static void a_damaged_body_is_not_taken_for_whole(void)
{
  struct bytes text = some_text(500), coded = gzip(text);

  for (size_t i = 10 * 8; i < coded.len * 8; i++) {
    if (i / 8 == coded.len - 9)
      continue;
    coded.p[i / 8] ^= (char)(1 << i % 8);
    if (decode("gzip", coded, coded.len) >= 0)
      T_FAIL("bit %zu", i);
    coded.p[i / 8] ^= (char)(1 << i % 8);
  }
  tinet__free(coded.p);
  tinet__free(text.p);
}

/* rfc: 1952 2.2, 8878 3 - members and frames one after the other. */
static void members_and_frames_follow_each_other(void)
{
  for (size_t i = 0; i < N_CODINGS; i++) {
    bool may = codings[i].encode == gzip || codings[i].encode == zstd;
    struct bytes text = some_text(70000), coded = codings[i].encode(text);
    struct bytes twice = {tinet__alloc(coded.len * 2), coded.len * 2};

    memcpy(twice.p, coded.p, coded.len);
    memcpy(twice.p + coded.len, coded.p, coded.len);
    T_EQ(may ? 0 : TINET_ECODING, decode(codings[i].name, twice, twice.len));
    if (may) {
      T_EQ(140000, out.len);
      T_EQ(0, decode(codings[i].name, twice, 1));
      T_EQ(140000, out.len);
      twice.len--;
      T_EQ(TINET_ETRUNCATED, decode(codings[i].name, twice, 1000));
    }
    tinet__free(twice.p);
    tinet__free(coded.p);
    tinet__free(text.p);
  }
}

static void codings_nest(void)
{
  struct bytes text = some_text(100000), in = gzip(text), mid = br(in),
               coded = zstd(mid), half = {coded.p, coded.len / 2};

  T_EQ(0, decode("gzip, br ,identity,\tZSTD", coded, coded.len));
  T_MEM(text.p, text.len, out.data, out.len);
  T_EQ(0, decode("gzip,br,,zstd,", coded, 1));
  T_MEM(text.p, text.len, out.data, out.len);
  T_EQ(TINET_ETRUNCATED, decode("gzip,br,zstd", half, 100));
  T_EQ(TINET_ECODING, decode("br,gzip,zstd", coded, 100));
  tinet__free(coded.p);
  tinet__free(mid.p);
  tinet__free(in.p);
  tinet__free(text.p);
}

static void what_is_unknown_stays_as_it_is(void)
{
  static const char *const none[] = {
      "",    "identity",  " , ",      "IDENTITY, identity",
      "sdc", "gzip, sdc", "sdc,gzip", "gzipp",
  };
  int nothing = 0;

  for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
    tinet__decoder *d = (tinet__decoder *)(void *)&nothing;

    T_EQ(0, tinet__decoder_new(none[i], NULL, &d));
    T_OK(d == NULL);
  }
  tinet__decoder_free(NULL);
}

static void too_many_codings_are_refused(void)
{
  tinet__decoder *d = NULL;

  T_EQ(0, tinet__decoder_new("gzip,gzip,br,zstd", NULL, &d));
  tinet__decoder_free(d);
  d = NULL;
  T_EQ(TINET_ECODING, tinet__decoder_new("gzip,gzip,gzip,gzip,gzip", NULL, &d));
  T_OK(d == NULL);
}

/* What comes of `in` before a limit stops it. */
static int with_limits(const char *name, struct bytes in, uint64_t max_bytes,
                       uint32_t max_ratio, size_t *ret_n)
{
  struct tinet__decoder_limits limits = {max_bytes, max_ratio};
  tinet__decoder *d = NULL;
  int err = tinet__decoder_new(name, &limits, &d);

  *ret_n = 0;
  memset(&error, 0, sizeof error);
  if (err == 0)
    err = tinet__decoder_write(d, in.p, in.len, count, ret_n, &error);
  tinet__decoder_free(d);
  return err;
}

static void a_ceiling_ends_a_bomb(void)
{
  size_t n;

  for (size_t i = 0; i < N_CODINGS; i++) {
    struct bytes nothing = zeros(4 << 20), bomb = codings[i].encode(nothing);
    const char *name = codings[i].name;

    T_EQ(0, with_limits(name, bomb, 4 << 20, 0, &n));
    T_EQ(4 << 20, n);
    T_EQ(TINET_EBOMB, with_limits(name, bomb, (4 << 20) - 1, 0, &n));
    T_EQ(TINET_EBOMB, error.code);
    T_OK(n < 4 << 20);
    T_EQ(TINET_EBOMB, with_limits(name, bomb, 0, 100, &n));
    T_OK(n <= (1 << 20) + 64 * 1024);
    tinet__free(bomb.p);
    tinet__free(nothing.p);
  }
}

static void what_is_small_may_be_dense(void)
{
  struct bytes nothing = zeros(1 << 20), bomb = gzip(nothing);
  size_t n;

  T_EQ(0, with_limits("gzip", bomb, 0, 2, &n));
  T_EQ(1 << 20, n);
  tinet__free(bomb.p);
  tinet__free(nothing.p);
}

/* Huge in the middle, nothing at the end: empty zstd frames that can be
 * skipped, compressed. */
static void a_bomb_between_two_codings_counts(void)
{
  struct bytes frames = zeros(4 << 20), bomb;
  size_t n;

  for (size_t i = 0; i < frames.len; i += 8)
    memcpy(frames.p + i, "\x50\x2a\x4d\x18\0\0\0\0", 8);
  bomb = gzip(frames);
  T_EQ(0, with_limits("zstd, gzip", bomb, 0, 0, &n));
  T_EQ(0, n);
  T_EQ(TINET_EBOMB, with_limits("zstd, gzip", bomb, 0, 100, &n));
  T_EQ(TINET_EBOMB, with_limits("zstd, gzip", bomb, 1 << 20, 0, &n));
  tinet__free(bomb.p);
  tinet__free(frames.p);
}

static void formats_before_the_rfc_are_refused(void)
{
  struct bytes in = {(char[]){"\x27\xb5\x2f\xfd\x04\x32\0\0\0"}, 9};

  T_EQ(TINET_ECODING, decode("zstd", in, 9));
  T_EQ(TINET_ECODING, decode("zstd", in, 2));
}

/* rfc: 9659 3 - a window of more than 8 MiB. */
static void a_window_that_is_too_large_is_refused(void)
{
  struct bytes in = {(char[]){"\x28\xb5\x2f\xfd\x00\x78\x01\x00\x00"}, 9};

  T_EQ(TINET_ECODING, decode("zstd", in, 9));
}

static void the_sink_may_end_it(void)
{
  struct bytes text = some_text(100), coded = gzip(text);

  sink_says = TINET_ECANCELED;
  T_EQ(TINET_ECANCELED, decode("gzip", coded, coded.len));
  sink_says = 0;
  tinet__free(coded.p);
  tinet__free(text.p);
}

/* ---- allocations ---- */

static struct bytes of_once;
static const char *name_once;

static int decode_once(void)
{
  tinet__decoder *d = NULL;
  size_t n = 0;
  int err = tinet__decoder_new(name_once, &no_limits, &d);

  if (err == 0)
    err = tinet__decoder_write(d, of_once.p, of_once.len, count, &n, NULL);
  if (err == 0)
    err = tinet__decoder_finish(d, NULL);
  tinet__decoder_free(d);
  return err;
}

static void each_allocation_may_fail(void)
{
  for (size_t i = 0; i < N_CODINGS; i++) {
    struct bytes text = some_text(100000);

    of_once = codings[i].encode(text);
    name_once = codings[i].name;
    T_EACH_ALLOCATION_FAILS(0, decode_once);
    tinet__free(of_once.p);
    tinet__free(text.p);
  }
}

int main(void)
{
  T_RUN(each_coding_is_undone_in_pieces_of_any_size);
  T_RUN(cut_short_anywhere_it_is_truncated);
  T_RUN(raw_deflate_is_told_from_zlib_by_two_bytes);
  T_RUN(garbage_is_an_error);
  T_RUN(data_behind_the_end_is_an_error);
  T_RUN(a_damaged_body_is_not_taken_for_whole);
  T_RUN(members_and_frames_follow_each_other);
  T_RUN(codings_nest);
  T_RUN(what_is_unknown_stays_as_it_is);
  T_RUN(too_many_codings_are_refused);
  T_RUN(a_ceiling_ends_a_bomb);
  T_RUN(what_is_small_may_be_dense);
  T_RUN(a_bomb_between_two_codings_counts);
  T_RUN(a_window_that_is_too_large_is_refused);
  T_RUN(formats_before_the_rfc_are_refused);
  T_RUN(the_sink_may_end_it);
  T_RUN(each_allocation_may_fail);
  tinet__buf_free(&out);
  return T_END();
}
