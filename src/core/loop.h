/* loop.h - timers, descriptors, threads and "soon" on a tinet_loop, for the
 * capabilities.
 *
 * Nothing here keeps the loop alive except tinet__loop_hold(), work under way
 * and deferred calls: idle watches and timers never stop a program from ending.
 * All callbacks come from the loop, never from inside the call.  Closing is
 * immediate for the caller: no callback comes after it, and memory that libuv
 * still needs is freed later by the loop.
 */
#ifndef TINET_CORE_LOOP_H
#define TINET_CORE_LOOP_H

#include "list.h"
#include <tinet/loop.h>

/* Counted; while > 0 the loop stays alive. */
void tinet__loop_hold(tinet_loop *loop);
void tinet__loop_release(tinet_loop *loop);

/* Monotonic milliseconds: cached at the start of the turn / read anew. */
uint64_t tinet__loop_now_ms(tinet_loop *loop);
uint64_t tinet__clock_us(void);     /* monotonic, read anew */
int64_t tinet__clock_wall_us(void); /* since 1970-01-01 UTC */

/* The loop's one buffer for what is being received, of TINET__SCRATCH_LEN
 * bytes, made at the first call; NULL: no memory.  Whoever fills it has it
 * until its callback returns. */
#define TINET__SCRATCH_LEN 65536
void *tinet__loop_scratch(tinet_loop *loop);

typedef struct tinet__timer tinet__timer;
int tinet__timer_open(tinet_loop *loop, void (*fn)(void *), void *arg,
                      tinet__timer **ret_timer) TINET_MUST_CHECK;
void tinet__timer_start(tinet__timer *t, uint64_t timeout_ms); /* restarts */
void tinet__timer_stop(tinet__timer *t);
void tinet__timer_close(tinet__timer *t); /* NULL is fine */

#define TINET__READABLE 1u
#define TINET__WRITABLE 2u
/* What a watch reports when the descriptor failed: both bits and this. */
#define TINET__FAILED 4u
typedef struct tinet__watch tinet__watch;
/* `fd` is borrowed and stays open until after tinet__watch_close(). */
int tinet__watch_open(tinet_loop *loop, int fd,
                      void (*fn)(void *arg, unsigned events), void *arg,
                      tinet__watch **ret_watch) TINET_MUST_CHECK;
int tinet__watch_set(tinet__watch *w, unsigned events); /* 0 = none */
void tinet__watch_close(tinet__watch *w);               /* NULL is fine */

/* Runs `run(arg)` on a thread of libuv's pool, then `done(arg)` on the loop.
 * Holds the loop until then.  `arg` is borrowed until `done`, which always
 * comes: there is no cancel, mark your object dead instead. */
int tinet__work_start(tinet_loop *loop, void (*run)(void *),
                      void (*done)(void *), void *arg) TINET_MUST_CHECK;

/* A call from another thread that needs no memory; embed it, zero-initialised.
 * tinet__post() may be called from any thread while the loop is open, once
 * until `fn` has come; tinet__post_cancel() only on the loop's.  Holds nothing.
 */
struct tinet__post {
  struct tinet__list link;
  void (*fn)(void *arg);
  void *arg;
  bool is_ours; /* of tinet_loop_post(): freed before its call */
};
void tinet__post(tinet_loop *loop, struct tinet__post *post, void (*fn)(void *),
                 void *arg);
void tinet__post_cancel(tinet_loop *loop, struct tinet__post *post);

/* A call that is made soon from the loop; embed it, zero-initialised.  Cannot
 * fail.  Holds the loop while it is queued. */
struct tinet__deferred {
  struct tinet__list link;
  void (*fn)(void *arg);
  void *arg;
};
void tinet__defer(tinet_loop *loop, struct tinet__deferred *d,
                  void (*fn)(void *), void *arg); /* queued twice = once */
void tinet__defer_cancel(tinet_loop *loop, struct tinet__deferred *d);

#endif
