/* store_thread.c - the thread that writes what is queued and sees what others
 * have written.
 *
 * While changes are being written they stay visible to load: a snapshot that
 * was read before does not have them, and until it is replaced they are laid
 * over it.
 */
#include "store_private.h"

#include "../core/error.h"
#include "../core/loop.h"

#include <stdio.h>
#include <string.h>

/* Others' changes are to be seen within a second, reading included. */
#define POLL_US (900 * 1000u)
#define RETRY_US (100 * 1000u)
#define RETRY_MAX_US (30 * 1000 * 1000u)

static void warn(tinet__cookie_store *store, const char *what,
                 const tinet_error *err, const char *then)
{
  char text[TINET_ERROR_TEXT_MAX + 160];

  if (!store->opt.on_warning)
    return;
  (void)snprintf(text, sizeof text, "%s: %s; %s", what, err->text, then);
  store->opt.on_warning(store->opt.warning_user, text);
}

/* Opens again what turned out damaged, was removed or put aside, or could not
 * be opened the last time. */
static int ensure_open(tinet__cookie_store *store, tinet_error *err)
{
  struct tinet__cookie_rows *rows = &store->rows;

  if (rows->db && !tinet__db_is_damaged(rows->db) &&
      !tinet__db_is_moved(rows->db))
    return TINET_OK;
  if (rows->db && tinet__db_is_damaged(rows->db))
    store->was_damaged = true;
  tinet__cookie_rows_close(rows);
  store->version = -1; /* whatever it holds is news */
  return tinet__cookie_rows_open(rows, &store->opt, err);
}

int tinet__cookie_store_read(tinet__cookie_store *store, tinet_error *err)
{
  struct tinet__cookie_change *rows, *old;
  int64_t version;
  int ret = tinet__cookie_rows_read(&store->rows, &rows, &version, err);

  if (ret < 0)
    return ret;
  store->version = version;
  (void)pthread_mutex_lock(&store->lock);
  old = store->snapshot;
  store->snapshot = rows;
  if (store->was_damaged)
    store->is_afresh = true;
  store->was_damaged = false;
  atomic_store(&store->has_news, true);
  (void)pthread_mutex_unlock(&store->lock);
  tinet__cookie_changes_free(old);
  return TINET_OK;
}

/* A snapshot that nobody has loaded yet is from before what was written. */
static void refresh_news(tinet__cookie_store *store)
{
  struct tinet__cookie_change *old;

  if (!atomic_load(&store->has_news) ||
      tinet__cookie_store_read(store, NULL) == TINET_OK)
    return;
  store->version = -1; /* the next poll reads it */
  (void)pthread_mutex_lock(&store->lock);
  old = store->snapshot;
  store->snapshot = NULL;
  atomic_store(&store->has_news, false);
  (void)pthread_mutex_unlock(&store->lock);
  tinet__cookie_changes_free(old);
}

/* Both with the lock held. */
static void begin_task(struct tinet__cookie_store_task *task)
{
  task->is_wanted = false;
  task->n_begun++;
}

static void end_task(tinet__cookie_store *store,
                     struct tinet__cookie_store_task *task, int ret,
                     const tinet_error *err)
{
  task->n_ended = task->n_begun;
  task->ret = ret;
  task->err = *err;
  (void)pthread_cond_broadcast(&store->has_done);
}

static void note_result(tinet__cookie_store *store, int ret,
                        const tinet_error *err)
{
  if (ret == TINET_OK) {
    store->n_failures = 0;
    store->is_warned = false;
    return;
  }
  store->n_failures++;
  if (!store->is_warned)
    warn(store, "cookies cannot be written", err,
         "they stay in memory and it is tried again");
  store->is_warned = true;
}

static uint64_t retry_us(const tinet__cookie_store *store)
{
  unsigned n = store->n_failures < 10 ? store->n_failures : 10;
  uint64_t us = (uint64_t)RETRY_US << n;

  return us < RETRY_MAX_US ? us : RETRY_MAX_US;
}

/* With the lock held, but not while it writes. */
static void write_once(tinet__cookie_store *store)
{
  tinet_error err = {0};
  int ret;

  begin_task(&store->write);
  store->writing = store->queue;
  memset(&store->queue, 0, sizeof store->queue);
  (void)pthread_mutex_unlock(&store->lock);

  ret = ensure_open(store, &err);
  if (ret == TINET_OK)
    ret = tinet__cookie_rows_write(&store->rows, &store->writing, &err);
  if (ret == TINET_OK)
    refresh_news(store);
  note_result(store, ret, &err);

  (void)pthread_mutex_lock(&store->lock);
  if (ret < 0) {
    tinet__cookie_queue_prepend(&store->queue, &store->writing);
    store->write.due_us = tinet__clock_us() + retry_us(store);
  }
  tinet__cookie_queue_free(&store->writing);
  end_task(store, &store->write, ret, &err);
}

static int look(tinet__cookie_store *store, tinet_error *err)
{
  int ret = ensure_open(store, err);

  if (ret < 0 || tinet__db_data_version(store->rows.db) == store->version)
    return ret;
  return tinet__cookie_store_read(store, err);
}

/* With the lock held, but not while it reads. */
static void poll_once(tinet__cookie_store *store)
{
  tinet_error err = {0};
  int ret;

  begin_task(&store->poll);
  (void)pthread_mutex_unlock(&store->lock);
  ret = look(store, &err);
  (void)pthread_mutex_lock(&store->lock);
  store->poll.due_us = tinet__clock_us() + POLL_US;
  end_task(store, &store->poll, ret, &err);
}

static bool is_due(const struct tinet__cookie_store_task *task, uint64_t now_us)
{
  return task->is_wanted || task->due_us <= now_us;
}

static bool is_write_due(const tinet__cookie_store *store, uint64_t now_us)
{
  return !tinet__cookie_queue_is_empty(&store->queue) &&
         is_due(&store->write, now_us);
}

static void sleep_until_due(tinet__cookie_store *store)
{
  uint64_t due_us = store->poll.due_us;
  struct timespec ts;

  if (!tinet__cookie_queue_is_empty(&store->queue) &&
      store->write.due_us < due_us)
    due_us = store->write.due_us;
  ts.tv_sec = (time_t)(due_us / 1000000);
  ts.tv_nsec = (long)(due_us % 1000000) * 1000;
  (void)pthread_cond_timedwait(&store->has_work, &store->lock, &ts);
}

void *tinet__cookie_store_run(void *arg)
{
  tinet__cookie_store *store = arg;
  bool is_lost;

  (void)pthread_mutex_lock(&store->lock);
  while (!store->is_closing) {
    uint64_t now_us = tinet__clock_us();
    bool is_writing = is_write_due(store, now_us);
    bool is_polling = is_due(&store->poll, now_us);

    if (is_writing)
      write_once(store);
    if (is_polling)
      poll_once(store);
    if (!is_writing && !is_polling)
      sleep_until_due(store);
  }
  if (!tinet__cookie_queue_is_empty(&store->queue))
    write_once(store);
  is_lost = !tinet__cookie_queue_is_empty(&store->queue);
  (void)pthread_mutex_unlock(&store->lock);
  if (is_lost)
    warn(store, "cookies cannot be written", &store->write.err,
         "the last changes are lost");
  return NULL;
}
