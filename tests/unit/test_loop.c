/* test_loop.c - what keeps a loop alive, in which order it calls, and how it
 * ends. */
#include "core/alloc.h"
#include "core/loop.h"
#include "t.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

static tinet_loop *loop;
static char calls[64]; /* a letter a call */

static void open_loop(void)
{
  calls[0] = 0;
  T_EQ(0, tinet_loop_open(&loop));
}

static void close_loop(void)
{
  T_EQ(0, tinet_loop_close(loop));
  loop = NULL;
}

static void note(void *arg)
{
  size_t len = strlen(calls);

  if (len + 1 < sizeof calls) {
    calls[len] = *(const char *)arg;
    calls[len + 1] = 0;
  }
}

static char a[] = "a", b[] = "b", c[] = "c";

static void an_empty_loop_ends_at_once(void)
{
  open_loop();
  T_EQ(0, tinet_loop_run(loop));
  T_EQ(0, tinet_loop_run_once(loop));
  close_loop();
  T_EQ(0, tinet_loop_close(NULL));
  tinet_loop_stop(NULL);
  T_EQ(TINET_ESTATE, tinet_loop_run(NULL));
  T_EQ(TINET_EINVAL, tinet_loop_open(NULL));
  T_EQ(TINET_EINVAL, tinet_loop_open_on(NULL, &loop));
}

static void posts_run_in_order(void)
{
  open_loop();
  T_EQ(0, tinet_loop_post(loop, note, a));
  T_EQ(0, tinet_loop_post(loop, note, b));
  T_EQ(TINET_EINVAL, tinet_loop_post(loop, NULL, b));
  T_EQ(TINET_EINVAL, tinet_loop_post(NULL, note, b));
  T_STR("", calls);
  T_EQ(0, tinet_loop_run(loop));
  T_STR("ab", calls);
  close_loop();
}

static void *post_many(void *arg)
{
  (void)arg;
  for (int i = 0; i < 1000; i++)
    if (tinet_loop_post(loop, note, a) != 0)
      return a;
  return tinet_loop_post(loop, (void (*)(void *))tinet__loop_release, loop)
             ? a
             : NULL;
}

static void a_thread_may_post(void)
{
  pthread_t thread;
  void *failed = a;

  open_loop();
  tinet__loop_hold(loop);
  T_EQ(0, pthread_create(&thread, NULL, post_many, NULL));
  T_EQ(0, tinet_loop_run(loop));
  T_EQ(0, pthread_join(thread, &failed));
  T_OK(failed == NULL);
  T_EQ(sizeof calls - 1, strlen(calls));
  close_loop();
}

static void run_again(void *arg)
{
  (void)arg;
  T_EQ(TINET_ESTATE, tinet_loop_run(loop));
  T_EQ(TINET_ESTATE, tinet_loop_run_once(loop));
  T_EQ(TINET_ESTATE, tinet_loop_close(loop));
}

static void a_running_loop_neither_nests_nor_closes(void)
{
  open_loop();
  T_EQ(0, tinet_loop_post(loop, run_again, NULL));
  T_EQ(0, tinet_loop_run(loop));
  close_loop();
}

static void stop(void *arg)
{
  (void)arg;
  tinet_loop_stop(loop);
}

static void stop_leaves_what_is_pending(void)
{
  open_loop();
  tinet__loop_hold(loop);
  T_EQ(0, tinet_loop_post(loop, stop, NULL));
  T_EQ(0, tinet_loop_run(loop)); /* returns although it is held */
  tinet__loop_release(loop);
  close_loop();
}

/* ---- deferred calls ---- */

static struct tinet__deferred d1, d2, d3;

static void defer_d3(void *arg)
{
  note(arg);
  tinet__defer(loop, &d3, note, c);
}

static void deferred_calls_come_soon_and_in_order(void)
{
  open_loop();
  tinet__defer(loop, &d1, defer_d3, a);
  tinet__defer(loop, &d2, note, b);
  tinet__defer(loop, &d2, note, b);
  T_STR("", calls);
  T_EQ(1, tinet_loop_run_once(loop));
  T_STR("ab", calls); /* what a call defers has its turn later */
  T_EQ(0, tinet_loop_run_once(loop));
  T_STR("abc", calls);
  close_loop();
}

static void cancel_d2(void *arg)
{
  note(arg);
  tinet__defer_cancel(loop, &d2);
  tinet__defer_cancel(loop, &d2);
}

static void a_deferred_call_can_be_canceled(void)
{
  open_loop();
  tinet__defer(loop, &d1, cancel_d2, a);
  tinet__defer(loop, &d2, note, b);
  tinet__defer(loop, &d3, note, c);
  tinet__defer_cancel(loop, &d3);
  T_EQ(0, tinet_loop_run(loop));
  T_STR("a", calls);
  close_loop();
}

/* ---- timers and watches ---- */

static tinet__timer *timer;
static tinet__watch *watch;
static unsigned seen;

static void close_timer(void *arg)
{
  note(arg);
  tinet__timer_close(timer);
  timer = NULL;
  tinet__loop_release(loop);
}

static void a_timer_holds_nothing_and_closes_itself(void)
{
  open_loop();
  T_EQ(0, tinet__timer_open(loop, close_timer, a, &timer));
  tinet__timer_start(timer, 0);
  T_EQ(0, tinet_loop_run(loop));
  T_STR("", calls); /* it alone keeps nothing going */
  tinet__loop_hold(loop);
  tinet__timer_start(timer, 100000);
  tinet__timer_start(timer, 1);
  T_EQ(0, tinet_loop_run(loop));
  T_STR("a", calls);
  tinet__timer_close(NULL);
  close_loop();
}

static void a_timer_counts_from_the_call(void)
{
  uint64_t start;

  open_loop();
  T_EQ(0, tinet__timer_open(loop, close_timer, a, &timer));
  tinet__loop_hold(loop);
  (void)usleep(60000); /* the application is busy: the loop's time gets old */
  start = tinet__clock_us();
  tinet__timer_start(timer, 50);
  T_EQ(0, tinet_loop_run(loop));
  T_OK(tinet__clock_us() - start >= 49000);
  T_STR("a", calls);
  close_loop();
}

static void no_call_comes_after_close(void)
{
  open_loop();
  T_EQ(0, tinet__timer_open(loop, note, a, &timer));
  tinet__timer_start(timer, 0);
  tinet__timer_close(timer);
  T_EQ(0, tinet__timer_open(loop, note, b, &timer));
  tinet__timer_start(timer, 0);
  tinet__timer_stop(timer);
  tinet__defer(loop, &d1, note, c);
  T_EQ(0, tinet_loop_run(loop));
  T_STR("c", calls);
  tinet__timer_close(timer);
  close_loop();
}

static void on_watched(void *arg, unsigned events)
{
  note(arg);
  seen = events;
  tinet__watch_close(watch);
  watch = NULL;
  tinet__loop_release(loop);
}

static void a_watch_reports_and_closes_itself(void)
{
  int fds[2];

  open_loop();
  T_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));
  T_EQ(0, tinet__watch_open(loop, fds[0], on_watched, a, &watch));
  T_EQ(0, tinet__watch_set(watch, TINET__READABLE));
  T_EQ(1, write(fds[1], "+", 1));
  T_EQ(0, tinet_loop_run(loop));
  T_STR("", calls); /* idle watches keep nothing going */
  tinet__loop_hold(loop);
  T_EQ(0, tinet_loop_run(loop));
  T_STR("a", calls);
  T_EQ(TINET__READABLE, seen);
  tinet__watch_close(NULL);
  (void)close(fds[0]);
  (void)close(fds[1]);
  close_loop();
}

static void on_failed(void *arg, unsigned events)
{
  note(arg);
  seen = events;
  if (strlen(calls) < 2)
    T_EQ(0, tinet__watch_set(watch, TINET__WRITABLE));
  else
    on_watched(arg, events);
}

/* libuv stops a watch that failed; asked again it reports again. */
static void a_failed_descriptor_is_reported_each_time(void)
{
  int fds[2];

  open_loop();
  T_EQ(0, pipe2(fds, O_CLOEXEC));
  (void)close(fds[0]);
  T_EQ(0, tinet__watch_open(loop, fds[1], on_failed, a, &watch));
  T_EQ(0, tinet__watch_set(watch, TINET__WRITABLE));
  tinet__loop_hold(loop);
  T_EQ(0, tinet_loop_run(loop));
  T_STR("aaa", calls);
  T_OK(seen & TINET__FAILED);
  (void)close(fds[1]);
  close_loop();
}

static void a_descriptor_that_cannot_be_watched(void)
{
  open_loop();
  T_EQ(TINET_ESYSTEM, tinet__watch_open(loop, 1 << 20, on_watched, a, &watch));
  close_loop();
}

/* ---- work ---- */

static int worked;

static void work(void *arg)
{
  (void)arg;
  worked = 7;
}

static void work_runs_elsewhere_and_holds_the_loop(void)
{
  open_loop();
  T_EQ(0, tinet__work_start(loop, work, note, a));
  T_STR("", calls);
  T_EQ(0, tinet_loop_run(loop));
  T_STR("a", calls);
  T_EQ(7, worked);
  close_loop();
}

/* ---- a loop on somebody else's ---- */

static uv_loop_t uv;

static void on_closed(void *arg)
{
  note(arg);
}

static void open_on(void)
{
  calls[0] = 0;
  T_EQ(0, uv_loop_init(&uv));
  T_EQ(0, tinet_loop_open_on(&uv, &loop));
  T_EQ(0, tinet_loop_on_closed(loop, on_closed, c));
}

static void a_loop_on_another_says_when_it_is_gone(void)
{
  open_on();
  T_EQ(TINET_EINVAL, tinet_loop_on_closed(loop, NULL, c));
  T_EQ(0, tinet__timer_open(loop, note, a, &timer));
  tinet__timer_close(timer);
  T_EQ(0, tinet_loop_close(loop));
  T_STR("", calls);
  T_EQ(0, uv_run(&uv, UV_RUN_DEFAULT));
  T_STR("c", calls);
  T_EQ(0, uv_loop_close(&uv));
  open_loop();
  T_EQ(TINET_EINVAL, tinet_loop_on_closed(loop, on_closed, c));
  close_loop();
}

static void close_it(void *arg)
{
  note(arg);
  T_EQ(0, tinet_loop_close(loop));
}

static void it_may_be_closed_by_a_deferred_call(void)
{
  open_on();
  tinet__defer(loop, &d1, close_it, a);
  T_EQ(0, uv_run(&uv, UV_RUN_DEFAULT));
  T_STR("ac", calls);
  T_EQ(0, uv_loop_close(&uv));
}

static void it_may_be_closed_by_a_post(void)
{
  open_on();
  tinet__loop_hold(loop); /* a post does not hold another's loop by itself */
  T_EQ(0, tinet_loop_post(loop, (void (*)(void *))tinet__loop_release, loop));
  T_EQ(0, tinet_loop_post(loop, close_it, a));
  T_EQ(0, tinet_loop_post(loop, note, b)); /* nobody calls it any more */
  T_EQ(0, uv_run(&uv, UV_RUN_DEFAULT));
  T_STR("ac", calls);
  T_EQ(0, uv_loop_close(&uv));
}

static void it_may_be_closed_by_the_end_of_work(void)
{
  open_on();
  T_EQ(0, tinet__work_start(loop, work, close_it, a));
  T_EQ(0, uv_run(&uv, UV_RUN_DEFAULT));
  T_STR("ac", calls);
  T_EQ(0, uv_loop_close(&uv));
}

static void nothing_is_posted_to_a_loop_that_closes(void)
{
  open_on();
  T_EQ(0, tinet_loop_post(loop, note, a)); /* dropped */
  T_EQ(0, tinet_loop_close(loop));
  T_EQ(TINET_ESTATE, tinet_loop_post(loop, note, b));
  T_EQ(0, uv_run(&uv, UV_RUN_DEFAULT));
  T_STR("c", calls);
  T_EQ(0, uv_loop_close(&uv));
}

/* The loop stays usable, so that what was forgotten can still be put away. */
static void a_forgotten_handle_is_busy(void)
{
  open_on();
  T_EQ(0, tinet__timer_open(loop, note, a, &timer));
  T_EQ(TINET_EBUSY, tinet_loop_close(loop));
  tinet__timer_close(timer);
  T_EQ(0, uv_run(&uv, UV_RUN_DEFAULT));
  T_STR("", calls);
  T_EQ(0, uv_loop_close(&uv));
  tinet__free(loop); /* leaked by contract; the test has nobody to use it */
  open_on();
  tinet__loop_hold(loop);
  T_EQ(TINET_EBUSY, tinet_loop_close(loop));
  T_EQ(0, uv_run(&uv, UV_RUN_DEFAULT));
  T_EQ(0, uv_loop_close(&uv));
  tinet__free(loop);
}

static int open_once(void)
{
  tinet_loop *l = NULL;
  tinet__timer *t = NULL;
  tinet__watch *w = NULL;
  int err = tinet_loop_open(&l);

  if (err < 0)
    return err;
  err = tinet__timer_open(l, note, a, &t);
  if (err == 0)
    err = tinet__watch_open(l, STDIN_FILENO, on_watched, a, &w);
  if (err == TINET_ESYSTEM) /* a file, or closed */
    err = TINET_OK;
  if (err == 0)
    err = tinet__work_start(l, work, note, a);
  if (err == 0)
    err = tinet_loop_post(l, note, a);
  tinet__timer_close(t);
  tinet__watch_close(w);
  T_EQ(0, tinet_loop_run(l));
  T_EQ(0, tinet_loop_close(l));
  return err;
}

static void each_allocation_may_fail(void)
{
  T_EACH_ALLOCATION_FAILS(0, open_once);
}

static void clocks_go_forward(void)
{
  uint64_t then = tinet__clock_us();

  open_loop();
  T_OK(tinet__clock_us() >= then);
  T_OK(tinet__clock_wall_us() > 1600000000000000);
  T_OK(tinet__loop_now_ms(loop) > 0);
  close_loop();
}

int main(void)
{
  T_RUN(an_empty_loop_ends_at_once);
  T_RUN(posts_run_in_order);
  T_RUN(a_thread_may_post);
  T_RUN(a_running_loop_neither_nests_nor_closes);
  T_RUN(stop_leaves_what_is_pending);
  T_RUN(deferred_calls_come_soon_and_in_order);
  T_RUN(a_deferred_call_can_be_canceled);
  T_RUN(a_timer_holds_nothing_and_closes_itself);
  T_RUN(a_timer_counts_from_the_call);
  T_RUN(no_call_comes_after_close);
  T_RUN(a_watch_reports_and_closes_itself);
  T_RUN(a_failed_descriptor_is_reported_each_time);
  T_RUN(a_descriptor_that_cannot_be_watched);
  T_RUN(work_runs_elsewhere_and_holds_the_loop);
  T_RUN(a_loop_on_another_says_when_it_is_gone);
  T_RUN(it_may_be_closed_by_a_deferred_call);
  T_RUN(it_may_be_closed_by_a_post);
  T_RUN(it_may_be_closed_by_the_end_of_work);
  T_RUN(nothing_is_posted_to_a_loop_that_closes);
  T_RUN(a_forgotten_handle_is_busy);
  T_RUN(each_allocation_may_fail);
  T_RUN(clocks_go_forward);
  return T_END();
}
