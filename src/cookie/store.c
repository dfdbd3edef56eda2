/* store.c - the SQLite file of a jar: opening, queueing, waiting.
 *
 * Everything here happens in memory under a lock that the thread holds for
 * moments only; the disk is the business of store_thread.c.
 */
#include "store_private.h"

#include "../core/alloc.h"
#include "../core/error.h"
#include "../core/fsutil.h"
#include "../core/loop.h"

#include <signal.h>
#include <time.h>

TINET_DEFINE_CLEANUP(tinet__cookie_store, tinet__cookie_store_close)

/* ---- opening ---- */

static int init_locks(tinet__cookie_store *store)
{
  pthread_condattr_t attr;

  /* None of these allocates or fails in glibc. */
  if (pthread_condattr_init(&attr) != 0)
    return TINET_ESYSTEM;
  (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
  (void)pthread_mutex_init(&store->lock, NULL);
  (void)pthread_cond_init(&store->has_work, &attr);
  (void)pthread_cond_init(&store->has_done, NULL);
  (void)pthread_condattr_destroy(&attr);
  store->has_lock = true;
  return TINET_OK;
}

static int64_t wall_clock_ms(void)
{
  struct timespec ts;

  (void)clock_gettime(CLOCK_REALTIME, &ts); /* cannot fail */
  return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* With all signals blocked: they are for the threads of the application, and a
 * file that grows beyond RLIMIT_FSIZE is an error, not the end. */
static int start_thread(tinet__cookie_store *store, tinet_error *err)
{
  sigset_t all, before;
  int code;

  (void)sigfillset(&all);
  (void)pthread_sigmask(SIG_SETMASK, &all, &before);
  code = pthread_create(&store->thread, NULL, tinet__cookie_store_run, store);
  (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (code != 0)
    return tinet__error_errno(err, TINET_ESYSTEM, code,
                              "the thread of the cookie store");
  (void)pthread_setname_np(store->thread, "tinet-cookies");
  store->has_thread = true;
  return TINET_OK;
}

static int read_first(tinet__cookie_store *store, tinet_error *err)
{
  int ret = tinet__cookie_rows_open(&store->rows, &store->opt, err);

  if (ret < 0)
    return ret;
  /* What cannot be removed, on a full disk for one, has expired all the same.
   */
  ret = tinet__cookie_rows_remove_expired(&store->rows, wall_clock_ms(), err);
  if (ret == TINET_ENOMEM)
    return ret;
  return tinet__cookie_store_read(store, err);
}

int tinet__cookie_store_open(const struct tinet__cookie_store_options *opt,
                             tinet__cookie_store **ret_store, tinet_error *err)
{
  TINET_CLEANUP(tinet__cookie_store_closep)
  tinet__cookie_store *store = tinet__zalloc(sizeof *store);
  char *path;
  int ret;

  if (!store)
    return tinet__error_set(err, TINET_ENOMEM, TINET_ORIGIN_TINET, 0, NULL);
  store->opt = *opt;
  store->opt.path = NULL;
  /* The real name: the file may be opened again from another folder. */
  ret = tinet__make_folder_of(opt->path, &path, err);
  if (ret < 0)
    return ret;
  store->opt.path = path;
  ret = init_locks(store);
  if (ret < 0)
    return tinet__error_set(err, ret, TINET_ORIGIN_TINET, 0, NULL);
  ret = read_first(store, err);
  if (ret == TINET_OK)
    ret = start_thread(store, err);
  if (ret == TINET_OK)
    *ret_store = TINET_TAKE(store);
  return ret;
}

static void stop_thread(tinet__cookie_store *store)
{
  (void)pthread_mutex_lock(&store->lock);
  store->is_closing = true;
  (void)pthread_cond_signal(&store->has_work);
  (void)pthread_mutex_unlock(&store->lock);
  (void)pthread_join(store->thread, NULL);
}

void tinet__cookie_store_close(tinet__cookie_store *store)
{
  if (!store)
    return;
  if (store->has_thread)
    stop_thread(store);
  tinet__cookie_rows_close(&store->rows);
  tinet__cookie_queue_free(&store->queue);
  tinet__cookie_changes_free(store->snapshot);
  if (store->has_lock) {
    (void)pthread_cond_destroy(&store->has_work);
    (void)pthread_cond_destroy(&store->has_done);
    (void)pthread_mutex_destroy(&store->lock);
  }
  tinet__free((char *)store->opt.path);
  tinet__free(store);
}

/* ---- changes ---- */

/* Takes the change; with the lock held it says when it is to be written. */
static int queue_change(tinet__cookie_store *store,
                        struct tinet__cookie_change *change)
{
  bool was_empty;
  int ret;

  if (!change)
    return TINET_ENOMEM;
  (void)pthread_mutex_lock(&store->lock);
  was_empty = tinet__cookie_queue_is_empty(&store->queue);
  ret = tinet__cookie_queue_add(&store->queue, change);
  if (was_empty && ret == TINET_OK) {
    store->write.due_us =
        tinet__clock_us() + (uint64_t)store->opt.write_delay_ms * 1000;
    (void)pthread_cond_signal(&store->has_work);
  }
  (void)pthread_mutex_unlock(&store->lock);
  return ret;
}

int tinet__cookie_store_put(tinet__cookie_store *store,
                            const tinet_cookie *cookie)
{
  const struct tinet__cookie_key key = {cookie->name, cookie->domain,
                                        cookie->path, cookie->is_host_only};

  if (!cookie->is_persistent)
    return tinet__cookie_store_remove(store, &key);
  return queue_change(store,
                      tinet__cookie_change_new(TINET__COOKIE_PUT, cookie));
}

static tinet_cookie of_key(const struct tinet__cookie_key *key)
{
  return (tinet_cookie){.name = key->name,
                        .domain = key->domain,
                        .path = key->path,
                        .is_host_only = key->is_host_only};
}

int tinet__cookie_store_remove(tinet__cookie_store *store,
                               const struct tinet__cookie_key *key)
{
  const tinet_cookie c = of_key(key);

  return queue_change(store,
                      tinet__cookie_change_new(TINET__COOKIE_REMOVE, &c));
}

int tinet__cookie_store_touch(tinet__cookie_store *store,
                              const struct tinet__cookie_key *key,
                              int64_t accessed_us)
{
  tinet_cookie c = of_key(key);

  c.accessed_us = accessed_us;
  return queue_change(store, tinet__cookie_change_new(TINET__COOKIE_TOUCH, &c));
}

void tinet__cookie_store_clear(tinet__cookie_store *store)
{
  (void)pthread_mutex_lock(&store->lock);
  tinet__cookie_queue_free(&store->queue);
  store->queue.is_cleared = true;
  store->write.due_us = 0;
  (void)pthread_cond_signal(&store->has_work);
  (void)pthread_mutex_unlock(&store->lock);
}

/* ---- waiting ---- */

/* With the lock held: waits until the task has ended `n` times. */
static int wait_for(tinet__cookie_store *store,
                    struct tinet__cookie_store_task *task, uint64_t n,
                    tinet_error *err)
{
  while (task->n_ended < n)
    (void)pthread_cond_wait(&store->has_done, &store->lock);
  if (task->ret < 0 && err)
    *err = task->err;
  return task->ret;
}

static int run_now(tinet__cookie_store *store,
                   struct tinet__cookie_store_task *task, tinet_error *err)
{
  task->is_wanted = true;
  (void)pthread_cond_signal(&store->has_work);
  return wait_for(store, task, task->n_begun + 1, err);
}

int tinet__cookie_store_poll_now(tinet__cookie_store *store, tinet_error *err)
{
  int ret;

  (void)pthread_mutex_lock(&store->lock);
  ret = run_now(store, &store->poll, err);
  (void)pthread_mutex_unlock(&store->lock);
  return ret;
}

int tinet__cookie_store_flush(tinet__cookie_store *store, tinet_error *err)
{
  int ret = TINET_OK;

  (void)pthread_mutex_lock(&store->lock);
  if (!tinet__cookie_queue_is_empty(&store->queue))
    ret = run_now(store, &store->write, err);
  else if (store->write.n_ended < store->write.n_begun)
    ret = wait_for(store, &store->write, store->write.n_begun, err);
  (void)pthread_mutex_unlock(&store->lock);
  return ret;
}

/* ---- following the file ---- */

bool tinet__cookie_store_has_news(const tinet__cookie_store *store)
{
  return atomic_load_explicit(&store->has_news, memory_order_acquire);
}

struct loading {
  const struct tinet__cookie_queue *over[2]; /* later changes, NULL = none */
  int (*on_cookie)(void *user, const tinet_cookie *cookie);
  void *user;
};

/* A row or a put, unless something later is laid over it. */
static int load_one(void *arg, const struct tinet__cookie_change *row)
{
  const struct loading *l = arg;
  tinet_cookie c = row->cookie;

  if (row->kind != TINET__COOKIE_PUT)
    return 0;
  for (size_t i = 0; i < 2 && l->over[i]; i++) {
    const struct tinet__cookie_change *later =
        tinet__cookie_queue_find(l->over[i], row);

    if (l->over[i]->is_cleared)
      return 0;
    if (!later)
      continue;
    if (later->kind != TINET__COOKIE_TOUCH)
      return 0;
    if (c.accessed_us < later->cookie.accessed_us)
      c.accessed_us = later->cookie.accessed_us;
  }
  return l->on_cookie(l->user, &c);
}

static int load_all(tinet__cookie_store *store, struct loading *l)
{
  int ret = 0;

  l->over[0] = &store->writing;
  l->over[1] = &store->queue;
  for (const struct tinet__cookie_change *row = store->snapshot;
       row && ret == 0; row = row->next)
    ret = load_one(l, row);
  l->over[0] = &store->queue;
  l->over[1] = NULL;
  if (ret == 0)
    ret = tinet__cookie_queue_each(&store->writing, load_one, l);
  l->over[0] = NULL;
  if (ret == 0)
    ret = tinet__cookie_queue_each(&store->queue, load_one, l);
  return ret;
}

int tinet__cookie_store_load(tinet__cookie_store *store,
                             int (*on_cookie)(void *user,
                                              const tinet_cookie *cookie),
                             void *user)
{
  struct loading l = {{NULL, NULL}, on_cookie, user};
  struct tinet__cookie_change *done = NULL;
  int ret = TINET__COOKIE_STORE_NO_NEWS;

  (void)pthread_mutex_lock(&store->lock);
  if (atomic_load(&store->has_news)) {
    ret = load_all(store, &l);
    if (ret == 0) {
      done = store->snapshot;
      store->snapshot = NULL;
      atomic_store(&store->has_news, false);
      ret = store->is_afresh ? TINET__COOKIE_STORE_AFRESH
                             : TINET__COOKIE_STORE_NEWS;
      store->is_afresh = false;
    }
  }
  (void)pthread_mutex_unlock(&store->lock);
  tinet__cookie_changes_free(done);
  return ret;
}
