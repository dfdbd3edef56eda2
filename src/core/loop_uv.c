/* loop_uv.c - the loop, on libuv.
 *
 * Every handle of ours is unreferenced, so libuv ends when nothing else is
 * there.  One async handle stands for "something is under way": it is
 * referenced while the hold count is above zero.  Deferred calls run from a
 * check handle right after polling, with an idle handle active meanwhile so
 * that polling does not wait.
 */
#include "loop.h"

#include "alloc.h"
#include "posts.h"

#include <string.h>
#include <time.h>
#include <uv.h>

/* The kernel copies to the beginning of a page up to three times as fast as to
 * where malloc() puts a large block (16 bytes past it). */
#define SCRATCH_ALIGN 4096

struct tinet_loop {
  uv_loop_t *uv;
  uv_loop_t own; /* used if is_own */
  bool is_own, is_running, is_closing, is_spinning;
  unsigned n_holds;
  unsigned n_open;    /* timers, watches, work: to be closed by their owners */
  unsigned n_closing; /* handles that libuv has not let go yet */
  uv_async_t async;
  uv_idle_t idle;
  uv_check_t check;
  struct tinet__list deferred;
  struct tinet__posts posts;
  void (*on_closed)(void *arg);
  void *on_closed_arg; /* borrowed */
  char *scratch;       /* borrowed from `scratch_room`; NULL until needed */
  void *scratch_room;  /* owned */
};

static void free_if_done(tinet_loop *loop)
{
  void (*on_closed)(void *);
  void *arg;

  if (!loop->is_closing || loop->n_closing > 0)
    return;
  if (loop->is_own)
    return; /* tinet_loop_close() is still at work */
  on_closed = loop->on_closed;
  arg = loop->on_closed_arg;
  tinet__posts_destroy(&loop->posts);
  tinet__free(loop->scratch_room);
  tinet__free(loop);
  if (on_closed)
    on_closed(arg);
}

static void hold(tinet_loop *loop)
{
  if (loop->n_holds++ == 0)
    uv_ref((uv_handle_t *)&loop->async);
}

static void release(tinet_loop *loop)
{
  if (--loop->n_holds == 0)
    uv_unref((uv_handle_t *)&loop->async);
}

void tinet__loop_hold(tinet_loop *loop)
{
  hold(loop);
}

void tinet__loop_release(tinet_loop *loop)
{
  release(loop);
}

void *tinet__loop_scratch(tinet_loop *loop)
{
  size_t past;

  if (loop->scratch)
    return loop->scratch;
  loop->scratch_room = tinet__alloc(TINET__SCRATCH_LEN + SCRATCH_ALIGN);
  if (!loop->scratch_room)
    return NULL;
  past = (uintptr_t)loop->scratch_room % SCRATCH_ALIGN;
  loop->scratch = (char *)loop->scratch_room + (SCRATCH_ALIGN - past);
  return loop->scratch;
}

/* ---- deferred calls ---- */

static void on_idle(uv_idle_t *idle)
{
  (void)idle; /* it only keeps polling from waiting */
}

static void spin(tinet_loop *loop, bool on)
{
  if (loop->is_spinning == on)
    return;
  loop->is_spinning = on;
  if (on)
    (void)uv_idle_start(&loop->idle, on_idle);
  else
    (void)uv_idle_stop(&loop->idle);
}

static void on_check(uv_check_t *check)
{
  tinet_loop *loop = check->data;
  struct tinet__list now;

  if (tinet__list_is_empty(&loop->deferred))
    return;
  /* Only what is queued by now: a call that defers again waits for the next
   * turn, so that descriptors get theirs. */
  now = loop->deferred;
  now.next->prev = now.prev->next = &now;
  tinet__list_init(&loop->deferred);
  loop->n_closing++; /* a call may close the loop; it is freed after this */
  while (!tinet__list_is_empty(&now)) {
    struct tinet__deferred *d =
        TINET__CONTAINER(now.next, struct tinet__deferred, link);

    tinet__list_remove(&d->link);
    release(loop);
    d->fn(d->arg);
  }
  if (!loop->is_closing && tinet__list_is_empty(&loop->deferred))
    spin(loop, false);
  loop->n_closing--;
  free_if_done(loop);
}

void tinet__defer(tinet_loop *loop, struct tinet__deferred *d,
                  void (*fn)(void *), void *arg)
{
  d->fn = fn;
  d->arg = arg;
  if (tinet__list_is_linked(&d->link))
    return;
  tinet__list_append(&loop->deferred, &d->link);
  hold(loop);
  spin(loop, true);
}

void tinet__defer_cancel(tinet_loop *loop, struct tinet__deferred *d)
{
  if (!tinet__list_is_linked(&d->link))
    return;
  tinet__list_remove(&d->link);
  release(loop);
  if (tinet__list_is_empty(&loop->deferred))
    spin(loop, false);
}

/* ---- posts from other threads ---- */

static void on_async(uv_async_t *async)
{
  tinet_loop *loop = async->data;

  tinet__posts_run(&loop->posts);
}

static void wake(void *arg)
{
  tinet_loop *loop = arg;

  (void)uv_async_send(&loop->async);
}

void tinet__post(tinet_loop *loop, struct tinet__post *post, void (*fn)(void *),
                 void *arg)
{
  post->fn = fn;
  post->arg = arg;
  /* Nobody waits for it on a loop that is closing. */
  (void)tinet__posts_add(&loop->posts, post);
}

void tinet__post_cancel(tinet_loop *loop, struct tinet__post *post)
{
  tinet__posts_remove(&loop->posts, post);
}

int tinet_loop_post(tinet_loop *loop, void (*fn)(void *arg), void *arg)
{
  struct tinet__post *post;

  if (!loop || !fn)
    return TINET_EINVAL;
  post = tinet__zalloc(sizeof *post);
  if (!post)
    return TINET_ENOMEM;
  post->fn = fn;
  post->arg = arg;
  post->is_ours = true;
  if (tinet__posts_add(&loop->posts, post))
    return TINET_OK;
  tinet__free(post);
  return TINET_ESTATE;
}

/* ---- timers ---- */

struct tinet__timer {
  uv_timer_t uv;
  tinet_loop *loop;
  void (*fn)(void *);
  void *arg;
};

static void on_timer(uv_timer_t *uv)
{
  tinet__timer *t = uv->data;

  t->fn(t->arg); /* last, because it may close t */
}

int tinet__timer_open(tinet_loop *loop, void (*fn)(void *), void *arg,
                      tinet__timer **ret_timer)
{
  tinet__timer *t = tinet__zalloc(sizeof *t);

  if (!t)
    return TINET_ENOMEM;
  (void)uv_timer_init(loop->uv, &t->uv); /* cannot fail */
  uv_unref((uv_handle_t *)&t->uv);
  t->uv.data = t;
  t->loop = loop;
  t->fn = fn;
  t->arg = arg;
  loop->n_open++;
  *ret_timer = t;
  return TINET_OK;
}

void tinet__timer_start(tinet__timer *t, uint64_t timeout_ms)
{
  uv_update_time(t->loop->uv); /* the turn may have begun long ago */
  (void)uv_timer_start(&t->uv, on_timer, timeout_ms, 0);
}

void tinet__timer_stop(tinet__timer *t)
{
  (void)uv_timer_stop(&t->uv);
}

static void on_timer_closed(uv_handle_t *handle)
{
  tinet__timer *t = handle->data;
  tinet_loop *loop = t->loop;

  tinet__free(t);
  loop->n_closing--;
  free_if_done(loop);
}

void tinet__timer_close(tinet__timer *t)
{
  if (!t)
    return;
  t->loop->n_open--;
  t->loop->n_closing++;
  uv_close((uv_handle_t *)&t->uv, on_timer_closed);
}

/* ---- watches ---- */

struct tinet__watch {
  uv_poll_t uv;
  tinet_loop *loop;
  void (*fn)(void *arg, unsigned events);
  void *arg;
  unsigned events;
};

static void on_poll(uv_poll_t *uv, int status, int events)
{
  tinet__watch *w = uv->data;
  unsigned seen = 0;

  if (status < 0) {
    seen = TINET__READABLE | TINET__WRITABLE | TINET__FAILED;
    w->events = 0; /* libuv has stopped it */
  }
  if (events & UV_READABLE)
    seen |= TINET__READABLE;
  if (events & UV_WRITABLE)
    seen |= TINET__WRITABLE;
  w->fn(w->arg, seen); /* last, because it may close w */
}

int tinet__watch_open(tinet_loop *loop, int fd,
                      void (*fn)(void *arg, unsigned events), void *arg,
                      tinet__watch **ret_watch)
{
  tinet__watch *w = tinet__zalloc(sizeof *w);

  if (!w)
    return TINET_ENOMEM;
  if (uv_poll_init(loop->uv, &w->uv, fd) != 0) {
    tinet__free(w);
    return TINET_ESYSTEM;
  }
  uv_unref((uv_handle_t *)&w->uv);
  w->uv.data = w;
  w->loop = loop;
  w->fn = fn;
  w->arg = arg;
  loop->n_open++;
  *ret_watch = w;
  return TINET_OK;
}

int tinet__watch_set(tinet__watch *w, unsigned events)
{
  int mask = 0, rc;

  if (w->events == events)
    return TINET_OK;
  if (events & TINET__READABLE)
    mask |= UV_READABLE;
  if (events & TINET__WRITABLE)
    mask |= UV_WRITABLE;
  rc = mask ? uv_poll_start(&w->uv, mask, on_poll) : uv_poll_stop(&w->uv);
  if (rc != 0)
    return TINET_ESYSTEM;
  w->events = events;
  return TINET_OK;
}

static void on_watch_closed(uv_handle_t *handle)
{
  tinet__watch *w = handle->data;
  tinet_loop *loop = w->loop;

  tinet__free(w);
  loop->n_closing--;
  free_if_done(loop);
}

void tinet__watch_close(tinet__watch *w)
{
  if (!w)
    return;
  w->loop->n_open--;
  w->loop->n_closing++;
  uv_close((uv_handle_t *)&w->uv, on_watch_closed);
}

/* ---- work on a thread ---- */

struct work {
  uv_work_t uv;
  tinet_loop *loop;
  void (*run)(void *);
  void (*done)(void *);
  void *arg;
};

static void on_work(uv_work_t *uv)
{
  struct work *work = uv->data;

  work->run(work->arg);
}

static void on_worked(uv_work_t *uv, int status)
{
  struct work *work = uv->data;
  tinet_loop *loop = work->loop;
  void (*done)(void *) = work->done;
  void *arg = work->arg;

  (void)status; /* never cancelled */
  tinet__free(work);
  loop->n_open--;
  loop->n_closing++; /* keeps the loop's memory until `done` is over */
  release(loop);
  done(arg);
  loop->n_closing--;
  free_if_done(loop);
}

int tinet__work_start(tinet_loop *loop, void (*run)(void *),
                      void (*done)(void *), void *arg)
{
  struct work *work = tinet__zalloc(sizeof *work);

  if (!work)
    return TINET_ENOMEM;
  work->uv.data = work;
  work->loop = loop;
  work->run = run;
  work->done = done;
  work->arg = arg;
  if (uv_queue_work(loop->uv, &work->uv, on_work, on_worked) != 0) {
    tinet__free(work);
    return TINET_ESYSTEM;
  }
  loop->n_open++;
  hold(loop);
  return TINET_OK;
}

/* ---- clocks ---- */

uint64_t tinet__loop_now_ms(tinet_loop *loop)
{
  return uv_now(loop->uv);
}

uint64_t tinet__clock_us(void)
{
  return uv_hrtime() / 1000;
}

int64_t tinet__clock_wall_us(void)
{
  struct timespec ts;

  (void)clock_gettime(CLOCK_REALTIME, &ts); /* cannot fail for this clock */
  return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* ---- the loop itself ---- */

static int init_handles(tinet_loop *loop)
{
  if (uv_async_init(loop->uv, &loop->async, on_async) != 0)
    return TINET_ESYSTEM;
  (void)uv_idle_init(loop->uv, &loop->idle);   /* cannot fail */
  (void)uv_check_init(loop->uv, &loop->check); /* cannot fail */
  (void)uv_check_start(&loop->check, on_check);
  uv_unref((uv_handle_t *)&loop->async);
  uv_unref((uv_handle_t *)&loop->idle);
  uv_unref((uv_handle_t *)&loop->check);
  loop->async.data = loop->idle.data = loop->check.data = loop;
  return TINET_OK;
}

static int open_loop(uv_loop_t *uv, tinet_loop **ret_loop)
{
  tinet_loop *loop = tinet__zalloc(sizeof *loop);
  int err;

  if (!loop)
    return TINET_ENOMEM;
  tinet__list_init(&loop->deferred);
  loop->is_own = uv == NULL;
  loop->uv = uv ? uv : &loop->own;
  if (loop->is_own && uv_loop_init(&loop->own) != 0) {
    tinet__free(loop);
    return TINET_ESYSTEM;
  }
  err = init_handles(loop);
  if (err < 0) {
    if (loop->is_own)
      (void)uv_loop_close(&loop->own); /* nothing is on it */
    tinet__free(loop);
    return err;
  }
  tinet__posts_init(&loop->posts, wake, loop);
  *ret_loop = loop;
  return TINET_OK;
}

int tinet_loop_open(tinet_loop **ret_loop)
{
  return ret_loop ? open_loop(NULL, ret_loop) : TINET_EINVAL;
}

int tinet_loop_open_on(void *uv_loop, tinet_loop **ret_loop)
{
  return uv_loop && ret_loop ? open_loop(uv_loop, ret_loop) : TINET_EINVAL;
}

int tinet_loop_run(tinet_loop *loop)
{
  bool is_stopped;

  if (!loop || loop->is_running)
    return TINET_ESTATE;
  loop->is_running = true;
  do {
    is_stopped = uv_run(loop->uv, UV_RUN_DEFAULT) != 0;
    if (!is_stopped && tinet__posts_has(&loop->posts))
      tinet__posts_run(&loop->posts);
  } while (!is_stopped &&
           (uv_loop_alive(loop->uv) || tinet__posts_has(&loop->posts)));
  loop->is_running = false;
  return TINET_OK;
}

int tinet_loop_run_once(tinet_loop *loop)
{
  int more;

  if (!loop || loop->is_running)
    return TINET_ESTATE;
  loop->is_running = true;
  if (tinet__posts_has(&loop->posts))
    tinet__posts_run(&loop->posts);
  more = uv_run(loop->uv, UV_RUN_ONCE);
  loop->is_running = false;
  return more != 0 || tinet__posts_has(&loop->posts);
}

void tinet_loop_stop(tinet_loop *loop)
{
  if (loop)
    uv_stop(loop->uv);
}

int tinet_loop_on_closed(tinet_loop *loop, void (*fn)(void *arg), void *arg)
{
  if (!loop || !fn || loop->is_own)
    return TINET_EINVAL;
  loop->on_closed = fn;
  loop->on_closed_arg = arg;
  return TINET_OK;
}

static void on_part_closed(uv_handle_t *handle)
{
  tinet_loop *loop = handle->data;

  loop->n_closing--;
  free_if_done(loop);
}

static void close_part(tinet_loop *loop, uv_handle_t *handle)
{
  loop->n_closing++;
  uv_close(handle, on_part_closed);
}

int tinet_loop_close(tinet_loop *loop)
{
  bool is_leak;

  if (!loop)
    return TINET_OK;
  if (loop->is_own && loop->is_running)
    return TINET_ESTATE; /* libuv could not go on without it */
  is_leak = loop->n_open > 0 || loop->n_holds > 0;
  loop->is_closing = true;
  tinet__posts_close(&loop->posts);
  if (is_leak)
    loop->n_closing++; /* never freed: somebody may still use it */
  close_part(loop, (uv_handle_t *)&loop->async);
  close_part(loop, (uv_handle_t *)&loop->idle);
  close_part(loop, (uv_handle_t *)&loop->check);
  if (!loop->is_own)
    return is_leak ? TINET_EBUSY : TINET_OK;
  (void)uv_run(loop->uv, UV_RUN_NOWAIT); /* runs the close callbacks */
  if (is_leak || uv_loop_close(loop->uv) != 0)
    return TINET_EBUSY;
  tinet__posts_destroy(&loop->posts);
  tinet__free(loop->scratch_room);
  tinet__free(loop);
  return TINET_OK;
}
