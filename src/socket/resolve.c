/* resolve.c - looking a name up without waiting.
 *
 * getaddrinfo() waits, for many seconds if no name server answers, and cannot
 * be stopped.  So it runs on threads of its own, not on those of libuv, which
 * would hold the loop until it is over and keep others' work (files) waiting.
 * Who gives a look-up up leaves it to its thread.  Addresses need no thread.
 */
#include "net.h"

#include "../core/alloc.h"
#include "../core/error.h"
#include "../core/loop.h"

#include <pthread.h>
#include <string.h>

#define THREADS_MAX 16                 /* of the process; others wait */
#define STACK_LEN ((size_t)512 * 1024) /* modules of nsswitch want some */

enum stage {
  STAGE_WAITING, /* for a thread, or for the next turn */
  STAGE_RUNNING,
  STAGE_ABANDONED, /* while it was running: its thread frees it */
  STAGE_POSTED,
};

struct tinet_resolve {
  struct tinet__list link; /* of `waiting`; guarded by its lock, as is: */
  enum stage stage;
  tinet_loop *loop;
  char *host; /* owned */
  tinet_family family;
  tinet_resolve_cb on_resolved;
  void *user;                  /* borrowed */
  struct tinet__post done;     /* from the thread */
  struct tinet__deferred soon; /* for an address */
  tinet_endpoint *list;        /* owned */
  size_t n;
  int result;
  tinet_error err;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct tinet__list waiting = {&waiting, &waiting};
static unsigned n_threads;

static void free_resolve(tinet_resolve *r)
{
  if (!r)
    return;
  tinet__free(r->host);
  tinet__free(r->list);
  tinet__free(r);
}

TINET_DEFINE_CLEANUP(tinet_resolve, free_resolve)

static void look_up(tinet_resolve *r)
{
  r->result = tinet__lookup(r->host, 0, r->family, &r->list, &r->n, &r->err);
}

static void report(tinet_resolve *resolve)
{
  TINET_CLEANUP(free_resolvep) tinet_resolve *r = resolve;

  if (r->result < 0)
    r->on_resolved(NULL, 0, &r->err, r->user);
  else
    r->on_resolved(r->list, r->n, NULL, r->user);
}

static void on_done(void *arg)
{
  tinet_resolve *r = arg;

  tinet__loop_release(r->loop);
  report(r);
}

static void on_soon(void *arg)
{
  look_up(arg);
  report(arg);
}

/* ---- the threads ---- */

static void run_one(tinet_resolve *r)
{
  bool is_abandoned;

  look_up(r);
  (void)pthread_mutex_lock(&lock);
  is_abandoned = r->stage == STAGE_ABANDONED;
  if (!is_abandoned) { /* with the lock held it cannot be given up meanwhile */
    r->stage = STAGE_POSTED;
    tinet__post(r->loop, &r->done, on_done, r);
  }
  (void)pthread_mutex_unlock(&lock);
  if (is_abandoned)
    free_resolve(r);
}

/* NULL: nobody waits, and the thread is counted no longer. */
static tinet_resolve *next_waiting(void)
{
  tinet_resolve *r = NULL;

  (void)pthread_mutex_lock(&lock);
  if (tinet__list_is_empty(&waiting)) {
    n_threads--;
  } else {
    r = TINET__CONTAINER(waiting.next, tinet_resolve, link);
    tinet__list_remove(&r->link);
    r->stage = STAGE_RUNNING;
  }
  (void)pthread_mutex_unlock(&lock);
  return r;
}

static void *thread_main(void *unused)
{
  tinet_resolve *r;

  while ((r = next_waiting()))
    run_one(r);
  return unused;
}

static bool start_thread(void)
{
  pthread_attr_t attr;
  pthread_t thread;
  bool is_started;

  if (pthread_attr_init(&attr) != 0)
    return false;
  (void)pthread_attr_setstacksize(&attr, STACK_LEN); /* the default is fine */
  (void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
  is_started = pthread_create(&thread, &attr, thread_main, NULL) == 0;
  (void)pthread_attr_destroy(&attr);
  return is_started;
}

/* TINET_ESYSTEM: there is no thread, and none can be started. */
static int enqueue(tinet_resolve *r)
{
  int err = TINET_OK;

  (void)pthread_mutex_lock(&lock);
  tinet__list_append(&waiting, &r->link);
  if (n_threads < THREADS_MAX && start_thread()) {
    n_threads++;
  } else if (n_threads == 0) {
    tinet__list_remove(&r->link);
    err = TINET_ESYSTEM;
  }
  (void)pthread_mutex_unlock(&lock);
  return err;
}

/* ---- the caller's side ---- */

static tinet_resolve *new_resolve(tinet_loop *loop, const char *host,
                                  tinet_family family)
{
  tinet_resolve *r = tinet__zalloc(sizeof *r);

  if (!r)
    return NULL;
  r->loop = loop;
  r->family = family;
  r->host = tinet__strdup(host);
  if (r->host)
    return r;
  free_resolve(r);
  return NULL;
}

/* A name that no resolver needs to be asked about. */
static bool is_impossible(const char *host)
{
  return !*host || strlen(host) > 1024 || strpbrk(host, " \t\r\n/@");
}

int tinet_resolve_start(tinet_loop *loop, const char *host, tinet_family family,
                        tinet_resolve_cb on_resolved, void *user,
                        tinet_resolve **ret_resolve)
{
  TINET_CLEANUP(free_resolvep) tinet_resolve *r = NULL;
  tinet_endpoint e;
  int err;

  if (!loop || !host || !on_resolved)
    return TINET_EINVAL;
  if (is_impossible(host))
    return TINET_EURL;
  r = new_resolve(loop, host, family);
  if (!r)
    return TINET_ENOMEM;
  r->on_resolved = on_resolved;
  r->user = user;
  if (tinet_endpoint_parse(host, 0, &e) != TINET_EINVAL) {
    tinet__defer(loop, &r->soon, on_soon, r);
  } else {
    err = enqueue(r);
    if (err < 0)
      return err;
    tinet__loop_hold(loop);
  }
  if (ret_resolve)
    *ret_resolve = r;
  (void)TINET_TAKE(r);
  return TINET_OK;
}

void tinet_resolve_cancel(tinet_resolve *resolve)
{
  enum stage stage;

  if (!resolve)
    return;
  if (tinet__list_is_linked(&resolve->soon.link)) {
    tinet__defer_cancel(resolve->loop, &resolve->soon);
    free_resolve(resolve);
    return;
  }
  tinet__loop_release(resolve->loop);
  (void)pthread_mutex_lock(&lock);
  stage = resolve->stage;
  if (stage == STAGE_WAITING)
    tinet__list_remove(&resolve->link);
  if (stage == STAGE_RUNNING)
    resolve->stage = STAGE_ABANDONED;
  (void)pthread_mutex_unlock(&lock);
  if (stage == STAGE_POSTED)
    tinet__post_cancel(resolve->loop, &resolve->done);
  if (stage != STAGE_RUNNING)
    free_resolve(resolve);
}
