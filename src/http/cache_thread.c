/* cache_thread.c - the thread that writes what is queued.
 *
 * All that waits is one transaction.  What is being written stays in `writing`
 * until it is committed, so that a lookup finds it there or in the index, never
 * in neither.  Files that no row names any more go after the commit: a process
 * that dies in between leaves files without rows, never rows without files.
 */
#include "cache_private.h"

#include "../core/error.h"
#include "../core/loop.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define RETRY_US (1000 * 1000u)
#define TOUCH_DELAY_S 1 /* that many seconds of use may be forgotten */

void tinet__cache_warn(tinet_cache *cache, const char *what,
                       const tinet_error *err)
{
  char text[TINET_ERROR_TEXT_MAX + 80];

  if (!cache->opt.on_warning)
    return;
  (void)snprintf(text, sizeof text, "%s: %s", what, err->text);
  (void)pthread_mutex_lock(&cache->warning_lock);
  cache->opt.on_warning(cache->opt.warning_user, text);
  (void)pthread_mutex_unlock(&cache->warning_lock);
}

void tinet__cache_op_free(struct tinet__cache_op *op)
{
  if (!op)
    return;
  tinet__cache_item_unref(op->item);
  tinet__free(op->text);
  tinet__free(op);
}

/* One batch on its way to the disk. */
struct batch {
  tinet_cache *cache;
  struct tinet__buf doomed;
  uint64_t n_evicted;
  bool is_lossy; /* a body could not be written, see err */
  tinet_error err;
};

/* The bytes of a small body; those of a large one are there already. */
static int write_body(struct batch *b, struct tinet__cache_body *body)
{
  struct tinet__cache_files *files = &b->cache->files;
  int fd, ret;

  if (!body->data || body->len == 0)
    return TINET_OK;
  fd = tinet__cache_files_create(files, body->file);
  if (fd < 0)
    return tinet__error_errno(&b->err, TINET_ESTORE, -fd, "%s", body->file);
  ret = tinet__cache_files_write(fd, body->data, (size_t)body->len);
  (void)close(fd);
  if (ret == 0)
    return TINET_OK;
  tinet__cache_files_remove(files, body->file);
  return tinet__error_errno(&b->err, TINET_ESTORE, -ret, "%s", body->file);
}

static int put(struct batch *b, const struct tinet__cache_op *op)
{
  struct tinet__cache_index *index = &b->cache->writer;
  struct tinet__cache_body *body = op->item->body;
  int ret;

  if (body->is_on_disk) {
    ret = tinet__cache_index_has(index, body->file, &b->err);
    if (ret != 1)
      return ret; /* 0: evicted by now; its file is gone */
  } else {
    if (write_body(b, body) < 0) {
      b->is_lossy = true;
      return TINET_OK; /* it costs this response, not the others */
    }
    body->is_on_disk = true;
  }
  return tinet__cache_index_put(index, op->item, op->used_us, &b->doomed,
                                &b->err);
}

static int run_op(struct batch *b, const struct tinet__cache_op *op)
{
  struct tinet__cache_index *index = &b->cache->writer;

  switch (op->kind) {
  case TINET__CACHE_PUT:
    return put(b, op);
  case TINET__CACHE_FORGET:
    return tinet__cache_index_forget(index, op->text, &b->doomed, &b->err);
  case TINET__CACHE_CLEAR:
    return tinet__cache_index_clear(index, &b->doomed, &b->err);
  case TINET__CACHE_DROP:
    return tinet__cache_index_drop(index, op->text, &b->err);
  }
  return TINET_EINVAL;
}

static int run_all(struct batch *b, const struct tinet__list *ops,
                   const struct tinet__cache_touch *touches, size_t n_touches)
{
  struct tinet__cache_index *index = &b->cache->writer;
  int ret = TINET_OK;

  for (struct tinet__list *l = ops->next; ret == TINET_OK && l != ops;
       l = l->next)
    ret = run_op(b, TINET__CONTAINER(l, struct tinet__cache_op, link));
  for (size_t i = 0; ret == TINET_OK && i < n_touches; i++)
    ret = tinet__cache_index_touch(index, touches[i].file, touches[i].used_us,
                                   &b->err);
  if (ret < 0)
    return ret;
  return tinet__cache_index_shrink(index, b->cache->opt.max_bytes,
                                   &b->n_evicted, &b->doomed, &b->err);
}

static void remove_doomed(struct batch *b)
{
  for (size_t at = 0; at < b->doomed.len; at += strlen(b->doomed.data + at) + 1)
    tinet__cache_files_remove(&b->cache->files, b->doomed.data + at);
}

/* Nothing of the batch is in the index: its files are of no use. */
static void remove_new(struct batch *b, const struct tinet__list *ops)
{
  for (struct tinet__list *l = ops->next; l != ops; l = l->next) {
    struct tinet__cache_op *op =
        TINET__CONTAINER(l, struct tinet__cache_op, link);

    if (op->kind == TINET__CACHE_PUT && b->cache->writer.db &&
        tinet__cache_index_has(&b->cache->writer, op->item->body->file, NULL) ==
            0)
      tinet__cache_files_remove(&b->cache->files, op->item->body->file);
  }
}

/* Opens again what was damaged, or was moved away by another. */
static int ensure_open(tinet_cache *cache, tinet_error *err)
{
  struct tinet__cache_index *index = &cache->writer;

  if (index->db && !tinet__db_is_damaged(index->db) &&
      !tinet__db_is_moved(index->db))
    return TINET_OK;
  tinet__cache_index_close(index);
  return tinet__cache_open_index(cache, index, err);
}

static int write_batch(struct batch *b, const struct tinet__list *ops,
                       const struct tinet__cache_touch *touches,
                       size_t n_touches)
{
  tinet_cache *cache = b->cache;
  int ret = ensure_open(cache, &b->err);

  if (ret == TINET_OK)
    ret = tinet__db_begin(cache->writer.db, &b->err);
  if (ret == TINET_OK) {
    ret = run_all(b, ops, touches, n_touches);
    if (ret == TINET_OK)
      ret = tinet__db_commit(cache->writer.db, &b->err);
    if (ret < 0)
      tinet__db_rollback(cache->writer.db);
  }
  if (ret == TINET_OK)
    remove_doomed(b);
  else
    remove_new(b, ops);
  if ((ret < 0 || b->is_lossy) && !cache->has_warned)
    tinet__cache_warn(cache, "responses cannot be stored", &b->err);
  cache->has_warned = ret < 0 || b->is_lossy;
  return ret;
}

/* With the lock held, but not while it works. */
static void replace_reader(tinet_cache *cache)
{
  struct tinet__cache_index fresh = {0}, old;

  cache->wants_reader = false;
  (void)pthread_mutex_unlock(&cache->lock);
  if (tinet__cache_open_index(cache, &fresh, NULL) < 0)
    fresh.db = NULL; /* nothing is found until it can be opened */
  (void)pthread_mutex_lock(&cache->lock);
  old = cache->reader;
  cache->reader = fresh;
  tinet__cache_index_close(&old);
}

static void sweep(tinet_cache *cache)
{
  cache->wants_sweep = false;
  (void)pthread_mutex_unlock(&cache->lock);
  if (ensure_open(cache, NULL) == TINET_OK)
    tinet__cache_files_sweep(&cache->files, &cache->writer);
  (void)pthread_mutex_lock(&cache->lock);
}

/* What was written and is small stays in memory, if there is some. */
static void keep_small(tinet_cache *cache, const struct tinet__cache_op *op)
{
  if (op->kind != TINET__CACHE_PUT || !op->item->body->data)
    return;
  if (tinet__cache_memory_put(&cache->memory, op->item) < 0)
    return;
}

/* A URL that could not be forgotten stays in the queue, where lookups see it:
 * what is invalid must not come back because the disk is full. */
static void end_op(tinet_cache *cache, struct tinet__cache_op *op, int ret)
{
  tinet__list_remove(&op->link);
  if (ret < 0 && op->kind == TINET__CACHE_FORGET && !cache->is_closing) {
    tinet__list_append(cache->queue.next, &op->link); /* before the first */
    cache->n_queued++;
    return;
  }
  if (ret == TINET_OK)
    keep_small(cache, op);
  tinet__cache_op_free(op);
}

/* `to` is empty. */
static void move_all(struct tinet__list *from, struct tinet__list *to)
{
  if (tinet__list_is_empty(from))
    return;
  *to = *from;
  to->next->prev = to;
  to->prev->next = to;
  tinet__list_init(from);
}

/* With the lock held, but not while it writes. */
static void write_once(tinet_cache *cache)
{
  struct tinet__cache_touch touches[TINET__CACHE_TOUCHES];
  struct batch b = {.cache = cache};
  size_t n_touches = cache->n_touches;
  uint64_t n_ended = cache->n_added;
  int ret;

  memcpy(touches, cache->touches, sizeof touches);
  cache->n_touches = 0;
  move_all(&cache->queue, &cache->writing);
  cache->n_queued = 0;
  (void)pthread_mutex_unlock(&cache->lock);
  ret = write_batch(&b, &cache->writing, touches, n_touches);
  tinet__buf_free(&b.doomed);
  (void)pthread_mutex_lock(&cache->lock);
  while (!tinet__list_is_empty(&cache->writing))
    end_op(cache,
           TINET__CONTAINER(cache->writing.prev, struct tinet__cache_op, link),
           ret);
  cache->retry_us = ret < 0 ? tinet__clock_us() + RETRY_US : 0;
  (void)tinet__cache_memory_shrink(&cache->memory, cache->opt.max_memory_bytes);
  cache->counts.n_evicted += ret == TINET_OK ? b.n_evicted : 0;
  cache->result = ret;
  cache->n_ended = n_ended;
}

static bool is_due(const tinet_cache *cache)
{
  if (cache->retry_us > tinet__clock_us())
    return false;
  return !tinet__list_is_empty(&cache->queue) ||
         cache->n_touches == TINET__CACHE_TOUCHES;
}

static void wait_for_work(tinet_cache *cache)
{
  struct timespec until;

  if (cache->n_touches == 0 && tinet__list_is_empty(&cache->queue)) {
    (void)pthread_cond_wait(&cache->has_work, &cache->lock);
    return;
  }
  (void)clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_sec += TOUCH_DELAY_S;
  if (pthread_cond_timedwait(&cache->has_work, &cache->lock, &until) ==
          ETIMEDOUT &&
      cache->n_touches > 0)
    write_once(cache);
}

void *tinet__cache_run(void *arg)
{
  tinet_cache *cache = arg;

  (void)pthread_mutex_lock(&cache->lock);
  while (!cache->is_closing) {
    if (cache->wants_reader)
      replace_reader(cache);
    else if (cache->wants_sweep)
      sweep(cache);
    else if (is_due(cache))
      write_once(cache);
    else
      wait_for_work(cache);
    (void)pthread_cond_broadcast(&cache->has_done);
  }
  if (!tinet__list_is_empty(&cache->queue) || cache->n_touches > 0)
    write_once(cache);
  (void)pthread_mutex_unlock(&cache->lock);
  return NULL;
}
