/* cache_writer.c - a body on its way into the cache.
 *
 * A small one is collected in memory; beyond that it goes to its file as it
 * comes.  A file without a row is nothing, so there is no half body to see.
 */
#include "cache_private.h"

#include <string.h>
#include <unistd.h>

struct tinet__cache_writer {
  tinet_cache *cache;             /* a reference */
  struct tinet__cache_item *item; /* a reference */
  struct tinet__cache_body *body; /* a reference */
  struct tinet__buf small;
  int64_t want; /* announced, or -1 */
};

static uint64_t max_entry(const tinet_cache *cache)
{
  uint64_t most = cache->opt.max_bytes / 2;
  uint64_t own = cache->opt.max_entry_bytes;

  return own > 0 && own < cache->opt.max_bytes ? own : most;
}

int tinet__cache_writer_open(tinet_cache *cache, struct tinet__cache_item *item,
                             int64_t body_len,
                             struct tinet__cache_writer **ret_writer)
{
  struct tinet__cache_writer *w;

  if (body_len >= 0 && (uint64_t)body_len > max_entry(cache))
    return TINET_ELIMIT;
  w = tinet__zalloc(sizeof *w);
  if (!w)
    return TINET_ENOMEM;
  w->body = tinet__cache_body_new();
  if (!w->body) {
    tinet__free(w);
    return TINET_ENOMEM;
  }
  tinet__cache_files_name(&cache->files, w->body->file);
  w->cache = tinet_cache_ref(cache);
  w->item = item;
  w->want = body_len;
  *ret_writer = w;
  return TINET_OK;
}

static int spill(struct tinet__cache_writer *w)
{
  int fd = tinet__cache_files_create(&w->cache->files, w->body->file);

  if (fd < 0)
    return TINET_ESTORE;
  w->body->fd = fd;
  if (tinet__cache_files_write(fd, w->small.data, w->small.len) < 0)
    return TINET_ESTORE;
  tinet__buf_free(&w->small);
  return TINET_OK;
}

int tinet__cache_writer_add(struct tinet__cache_writer *w, const void *data,
                            size_t len)
{
  struct tinet__cache_body *body = w->body;
  int err;

  if (body->len + len > max_entry(w->cache))
    return TINET_ELIMIT;
  if (body->fd < 0 && body->len + len <= TINET__CACHE_SMALL) {
    err = tinet__buf_add(&w->small, data, len);
    if (err == TINET_OK)
      body->len += len;
    return err;
  }
  if (body->fd < 0) {
    err = spill(w);
    if (err < 0)
      return err;
  }
  if (tinet__cache_files_write(body->fd, data, len) < 0)
    return TINET_ESTORE;
  body->len += len;
  return TINET_OK;
}

static void free_writer(struct tinet__cache_writer *w, bool removes_file)
{
  if (removes_file && w->body->fd >= 0)
    tinet__cache_files_remove(&w->cache->files, w->body->file);
  tinet__buf_free(&w->small);
  tinet__cache_item_unref(w->item);
  tinet__cache_body_unref(w->body);
  tinet_cache_unref(w->cache);
  tinet__free(w);
}

void tinet__cache_writer_commit(struct tinet__cache_writer *w)
{
  bool is_whole, is_put = false;

  if (!w)
    return;
  is_whole = w->want < 0 || (uint64_t)w->want == w->body->len;
  if (is_whole) {
    if (w->body->fd < 0)
      w->body->data = tinet__buf_take(&w->small, NULL);
    w->item->body = tinet__cache_body_ref(w->body);
    is_put = tinet__cache_put(w->cache, w->item) == TINET_OK;
  }
  free_writer(w, !is_put);
}

void tinet__cache_writer_abort(struct tinet__cache_writer *w)
{
  if (w)
    free_writer(w, true);
}
