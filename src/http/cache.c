/* cache.c - opening, looking up, and what goes into the queue.
 *
 * On disk the index is the truth, with what waits to be written laid over it;
 * memory only saves opening files.  Without a folder, memory is all there is.
 */
#include "cache_private.h"

#include "../core/error.h"
#include "../core/loop.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_BYTES (20ULL * 1024 * 1024)       /* ti: HTTPClient.cache */
#define DEFAULT_MEMORY_BYTES (4ULL * 1024 * 1024) /* ti: HTTPClient.cache */
#define MAX_QUEUED 1024 /* beyond that responses are not stored */
#define LOOK_US (1000 * 1000u)

TINET_DEFINE_CLEANUP(tinet_cache, tinet_cache_unref)

void tinet_cache_options_init(tinet_cache_options *opt)
{
  memset(opt, 0, sizeof *opt);
  opt->struct_size = sizeof *opt;
  opt->max_bytes = DEFAULT_BYTES;
  opt->max_memory_bytes = DEFAULT_MEMORY_BYTES;
}

int tinet__cache_open_index(tinet_cache *cache,
                            struct tinet__cache_index *index, tinet_error *err)
{
  struct tinet__db_options opt = {
      .path = cache->index_path,
      .schema = tinet__cache_schema,
      .version = 1,
      .on_warning = cache->opt.on_warning,
      .warning_user = cache->opt.warning_user,
  };

  return tinet__cache_index_open(index, &opt, err);
}

/* ---- opening and closing ---- */

static int init_locks(tinet_cache *cache)
{
  pthread_condattr_t attr;

  if (pthread_mutex_init(&cache->lock, NULL) != 0 ||
      pthread_mutex_init(&cache->warning_lock, NULL) != 0 ||
      pthread_condattr_init(&attr) != 0)
    return TINET_ENOMEM;
  (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
  if (pthread_cond_init(&cache->has_work, &attr) != 0 ||
      pthread_cond_init(&cache->has_done, &attr) != 0)
    return TINET_ENOMEM;
  (void)pthread_condattr_destroy(&attr);
  return TINET_OK;
}

static int start_thread(tinet_cache *cache)
{
  sigset_t all, before;
  int number;

  (void)sigfillset(&all); /* signals are for the application's threads */
  (void)pthread_sigmask(SIG_SETMASK, &all, &before);
  number = pthread_create(&cache->thread, NULL, tinet__cache_run, cache);
  (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
  cache->has_thread = number == 0;
  return number == 0 ? TINET_OK : TINET_ENOMEM;
}

static int set_paths(tinet_cache *cache, const char *path)
{
  struct tinet__buf b = TINET__BUF_INIT;

  cache->opt.path = NULL;
  if (!path)
    return TINET_OK;
  cache->path = tinet__strdup(path);
  if (!cache->path || tinet__buf_addf(&b, "%s/index.db", path) < 0)
    return TINET_ENOMEM;
  cache->index_path = tinet__buf_take(&b, NULL);
  return TINET_OK;
}

static int open_disk(tinet_cache *cache, tinet_error *err)
{
  int ret = tinet__cache_files_open(&cache->files, cache->path, err);

  if (ret < 0 || !cache->path)
    return ret;
  ret = tinet__cache_open_index(cache, &cache->writer, err);
  if (ret == TINET_OK)
    ret = tinet__cache_open_index(cache, &cache->reader, err);
  if (ret < 0)
    return ret;
  cache->wants_sweep = true;
  return start_thread(cache);
}

static int no_memory(tinet_error *err)
{
  return tinet__error_set(err, TINET_ENOMEM, TINET_ORIGIN_TINET, 0, NULL);
}

int tinet_cache_open(const tinet_cache_options *opt, tinet_cache **ret_cache,
                     tinet_error *err)
{
  TINET_CLEANUP(tinet_cache_unrefp) tinet_cache *cache = NULL;
  tinet_cache_options defaults;
  int ret;

  tinet__error_clear(err);
  tinet_cache_options_init(&defaults);
  if (!opt)
    opt = &defaults;
  if (!ret_cache || opt->struct_size != sizeof *opt || opt->max_bytes == 0)
    return tinet__error_set(err, TINET_EINVAL, TINET_ORIGIN_TINET, 0, NULL);
  cache = tinet__zalloc(sizeof *cache);
  if (!cache)
    return no_memory(err);
  atomic_init(&cache->n_refs, 1);
  cache->files.folder_fd = cache->files.session_fd = -1;
  cache->opt = *opt;
  tinet__cache_memory_init(&cache->memory);
  tinet__list_init(&cache->queue);
  tinet__list_init(&cache->writing);
  if (init_locks(cache) < 0 || set_paths(cache, opt->path) < 0)
    return no_memory(err);
  ret = open_disk(cache, err);
  if (ret == TINET_ENOMEM)
    return no_memory(err);
  if (ret < 0)
    return ret;
  *ret_cache = TINET_TAKE(cache);
  return TINET_OK;
}

tinet_cache *tinet_cache_ref(tinet_cache *cache)
{
  atomic_fetch_add(&cache->n_refs, 1);
  return cache;
}

static void stop_thread(tinet_cache *cache)
{
  if (!cache->has_thread)
    return;
  (void)pthread_mutex_lock(&cache->lock);
  cache->is_closing = true;
  (void)pthread_cond_signal(&cache->has_work);
  (void)pthread_mutex_unlock(&cache->lock);
  (void)pthread_join(cache->thread, NULL);
}

static void free_queue(struct tinet__list *queue)
{
  while (!tinet__list_is_empty(queue)) {
    struct tinet__cache_op *op =
        TINET__CONTAINER(queue->next, struct tinet__cache_op, link);

    tinet__list_remove(&op->link);
    tinet__cache_op_free(op);
  }
}

void tinet_cache_unref(tinet_cache *cache)
{
  if (!cache || atomic_fetch_sub(&cache->n_refs, 1) > 1)
    return;
  stop_thread(cache);
  free_queue(&cache->queue);
  tinet__cache_memory_clear(&cache->memory);
  tinet__cache_index_close(&cache->reader);
  tinet__cache_index_close(&cache->writer);
  tinet__cache_files_close(&cache->files);
  (void)pthread_cond_destroy(&cache->has_done);
  (void)pthread_cond_destroy(&cache->has_work);
  (void)pthread_mutex_destroy(&cache->warning_lock);
  (void)pthread_mutex_destroy(&cache->lock);
  tinet__free(cache->index_path);
  tinet__free(cache->path);
  tinet__free(cache);
}

/* ---- the queue; all with the lock held ---- */

static int64_t now_us(void)
{
  return tinet__clock_wall_us();
}

static int enqueue(tinet_cache *cache, enum tinet__cache_op_kind kind,
                   struct tinet__cache_item *item, const char *text)
{
  struct tinet__cache_op *op;

  if (kind == TINET__CACHE_PUT && cache->n_queued >= MAX_QUEUED)
    return TINET_ELIMIT;
  op = tinet__zalloc(sizeof *op);
  if (!op)
    return TINET_ENOMEM;
  if (text) {
    op->text = tinet__strdup(text);
    if (!op->text) {
      tinet__free(op);
      return TINET_ENOMEM;
    }
  }
  op->kind = kind;
  op->item = item ? tinet__cache_item_ref(item) : NULL;
  op->used_us = now_us();
  tinet__list_append(&cache->queue, &op->link);
  cache->n_queued++;
  cache->n_added++;
  (void)pthread_cond_signal(&cache->has_work);
  return TINET_OK;
}

/* 1: *ret_item (borrowed) answers; 0: nothing is known; -1: it is gone. */
static int find_queued(const struct tinet__list *queue, const char *url,
                       const char *scope, const struct tinet__headers *request,
                       struct tinet__cache_item **ret_item)
{
  for (struct tinet__list *l = queue->prev; l != queue; l = l->prev) {
    struct tinet__cache_op *op =
        TINET__CONTAINER(l, struct tinet__cache_op, link);

    if (op->kind == TINET__CACHE_CLEAR ||
        (op->kind == TINET__CACHE_FORGET && strcmp(op->text, url) == 0))
      return -1;
    if (op->kind == TINET__CACHE_PUT &&
        tinet__cache_item_answers(op->item, url, scope, request)) {
      *ret_item = op->item;
      return 1;
    }
  }
  return 0;
}

static void look_after_reader(tinet_cache *cache)
{
  uint64_t now = tinet__clock_us();

  if (now - cache->looked_us < LOOK_US)
    return;
  cache->looked_us = now;
  if (cache->reader.db && !tinet__db_is_damaged(cache->reader.db) &&
      !tinet__db_is_moved(cache->reader.db))
    return;
  cache->wants_reader = true;
  (void)pthread_cond_signal(&cache->has_work);
}

/* The bytes behind a row: those in memory, or its file. */
static int get_body(tinet_cache *cache, struct tinet__cache_item *item)
{
  struct tinet__cache_body *body = item->body;
  struct tinet__cache_item *known =
      tinet__cache_memory_file(&cache->memory, item->url, body->file);

  if (known) {
    item->body = tinet__cache_body_ref(known->body);
    tinet__cache_body_unref(body);
    return TINET_OK;
  }
  if (body->len == 0)
    return TINET_OK;
  body->fd = tinet__cache_files_get(&cache->files, body->file, body->len);
  return body->fd >= 0 ? TINET_OK : TINET_ESTORE;
}

/* A small body is read whole and kept. */
static void keep_body(tinet_cache *cache, struct tinet__cache_item *item)
{
  struct tinet__cache_body *body = item->body;
  char *data;

  if (body->data || body->len == 0 || body->len > TINET__CACHE_SMALL ||
      body->len > cache->opt.max_memory_bytes)
    return;
  data = tinet__alloc((size_t)body->len);
  if (!data)
    return; /* the file is as good */
  if (tinet__cache_body_read(body, 0, data, (size_t)body->len) !=
      (int64_t)body->len) {
    tinet__free(data);
    return;
  }
  (void)close(body->fd);
  body->fd = -1;
  body->data = data;
  if (tinet__cache_memory_put(&cache->memory, item) < 0)
    return;
  (void)tinet__cache_memory_shrink(&cache->memory, cache->opt.max_memory_bytes);
}

static int find_row(tinet_cache *cache, const char *url, const char *scope,
                    const struct tinet__headers *request,
                    struct tinet__cache_item **ret_item)
{
  TINET_CLEANUP(tinet__cache_item_unrefp)
  struct tinet__cache_item *item = NULL;
  int ret;

  look_after_reader(cache);
  if (!cache->reader.db)
    return 0;
  ret = tinet__cache_index_find(&cache->reader, url, scope, request, &item);
  if (ret <= 0)
    return ret;
  if (get_body(cache, item) < 0) {
    /* Somebody removed or cut the file: a row that leads nowhere. */
    ret = enqueue(cache, TINET__CACHE_DROP, NULL, item->body->file);
    return ret < 0 ? ret : 0;
  }
  keep_body(cache, item);
  *ret_item = TINET_TAKE(item);
  return 1;
}

static int find_locked(tinet_cache *cache, const char *url, const char *scope,
                       const struct tinet__headers *request,
                       struct tinet__cache_item **ret_item)
{
  struct tinet__cache_item *item = NULL;
  int ret;

  if (!cache->path) {
    item = tinet__cache_memory_find(&cache->memory, url, scope, request);
    ret = item ? 1 : -1;
  } else {
    ret = find_queued(&cache->queue, url, scope, request, &item);
    if (ret == 0)
      ret = find_queued(&cache->writing, url, scope, request, &item);
  }
  if (ret == 0)
    return find_row(cache, url, scope, request, ret_item);
  if (ret < 0)
    return 0;
  *ret_item = tinet__cache_item_ref(item);
  return 1;
}

/* ---- the store ---- */

int tinet__cache_find(tinet_cache *cache, const char *url, const char *scope,
                      const struct tinet__headers *request,
                      struct tinet__cache_item **ret_item)
{
  int ret;

  (void)pthread_mutex_lock(&cache->lock);
  ret = find_locked(cache, url, scope, request, ret_item);
  (void)pthread_mutex_unlock(&cache->lock);
  return ret;
}

int tinet__cache_put(tinet_cache *cache, struct tinet__cache_item *item)
{
  int ret;

  (void)pthread_mutex_lock(&cache->lock);
  if (cache->path) {
    ret = enqueue(cache, TINET__CACHE_PUT, item, NULL);
  } else {
    ret = tinet__cache_memory_put(&cache->memory, item);
    cache->counts.n_evicted +=
        tinet__cache_memory_shrink(&cache->memory, cache->opt.max_bytes);
  }
  (void)pthread_mutex_unlock(&cache->lock);
  return ret;
}

int tinet__cache_forget(tinet_cache *cache, const char *url)
{
  int ret = TINET_OK;

  (void)pthread_mutex_lock(&cache->lock);
  if (cache->path)
    ret = enqueue(cache, TINET__CACHE_FORGET, NULL, url);
  else
    tinet__cache_memory_forget(&cache->memory, url);
  (void)pthread_mutex_unlock(&cache->lock);
  return ret;
}

void tinet__cache_touch(tinet_cache *cache,
                        const struct tinet__cache_item *item)
{
  struct tinet__cache_touch *touch = cache->touches;
  size_t i = 0;

  if (!cache->path)
    return; /* finding it was enough */
  (void)pthread_mutex_lock(&cache->lock);
  while (i < cache->n_touches && strcmp(touch[i].file, item->body->file) != 0)
    i++;
  if (i < TINET__CACHE_TOUCHES) {
    memcpy(touch[i].file, item->body->file, sizeof touch[i].file);
    touch[i].used_us = now_us();
    /* The first sets the thread's clock, the last wakes it. */
    if (i == cache->n_touches &&
        (++cache->n_touches == 1 || cache->n_touches == TINET__CACHE_TOUCHES))
      (void)pthread_cond_signal(&cache->has_work);
  }
  (void)pthread_mutex_unlock(&cache->lock);
}

void tinet__cache_count(tinet_cache *cache, enum tinet__cache_count what)
{
  (void)pthread_mutex_lock(&cache->lock);
  if (what == TINET__CACHE_N_HITS)
    cache->counts.n_hits++;
  else if (what == TINET__CACHE_N_VALIDATED)
    cache->counts.n_validated++;
  else
    cache->counts.n_misses++;
  (void)pthread_mutex_unlock(&cache->lock);
}

/* With the lock held: waits for what was queued by now.  The result of the
 * batch that had the last of it. */
static int flush(tinet_cache *cache)
{
  uint64_t until = cache->n_added;

  while (cache->n_ended < until || cache->wants_sweep || cache->wants_reader)
    (void)pthread_cond_wait(&cache->has_done, &cache->lock);
  return cache->result;
}

int tinet_cache_get_info(tinet_cache *cache, tinet_cache_info *ret_info)
{
  tinet_cache_info info;
  int ret = TINET_OK;

  if (!cache || !ret_info)
    return TINET_EINVAL;
  (void)pthread_mutex_lock(&cache->lock);
  if (cache->path) {
    (void)flush(cache); /* what could not be written is not counted */
    info = cache->counts;
    ret = TINET_ESTORE;
    if (cache->reader.db)
      ret = tinet__cache_index_sum(&cache->reader, &info.bytes, &info.n_entries,
                                   NULL);
  } else {
    info = cache->counts;
    info.bytes = cache->memory.bytes;
    info.n_entries = cache->memory.n_items;
  }
  (void)pthread_mutex_unlock(&cache->lock);
  if (ret < 0)
    return TINET_ESTORE;
  info.max_bytes = cache->opt.max_bytes;
  *ret_info = info;
  return TINET_OK;
}

int tinet_cache_clear(tinet_cache *cache)
{
  int ret = TINET_OK;

  if (!cache)
    return TINET_EINVAL;
  (void)pthread_mutex_lock(&cache->lock);
  if (cache->path) {
    ret = enqueue(cache, TINET__CACHE_CLEAR, NULL, NULL);
    if (ret == TINET_OK)
      ret = flush(cache);
  }
  if (ret == TINET_OK)
    tinet__cache_memory_clear(&cache->memory);
  (void)pthread_mutex_unlock(&cache->lock);
  return ret < 0 ? TINET_ESTORE : TINET_OK;
}
