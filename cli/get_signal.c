/* get_signal.c - a thread waits for signals, and passes them and the time to
 * the loop.
 *
 * A handler could do next to nothing safely; a thread in sigtimedwait() may
 * call tinet_loop_post().
 */
#include "get.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define STOP (SIGRTMIN) /* from get_signal_close() */
#define TICK_NS 200000000L

struct get_signal {
  tinet_loop *loop; /* borrowed */
  void (*on_signal)(void *user, int number);
  void (*on_tick)(void *user); /* NULL = no ticks */
  void *user;
  pthread_t thread;
  sigset_t set;
  int number;          /* the first; written before the loop is told */
  atomic_bool is_told; /* a tick is on its way to the loop */
};

static void signal_on_loop(void *arg)
{
  struct get_signal *s = arg;

  s->on_signal(s->user, s->number);
}

static void tick_on_loop(void *arg)
{
  struct get_signal *s = arg;

  s->is_told = false;
  s->on_tick(s->user);
}

static int next_signal(struct get_signal *s)
{
  static const struct timespec tick = {0, TICK_NS};
  int number;

  if (!s->on_tick)
    return sigwait(&s->set, &number) == 0 ? number : 0;
  number = sigtimedwait(&s->set, NULL, &tick);
  return number > 0 ? number : 0;
}

static void *wait_for_signals(void *arg)
{
  struct get_signal *s = arg;
  bool has_signal = false;

  for (;;) {
    int number = next_signal(s);

    if (number == STOP)
      return NULL;
    if (number == 0) {
      if (s->on_tick && !has_signal && !atomic_exchange(&s->is_told, true) &&
          tinet_loop_post(s->loop, tick_on_loop, s) < 0)
        s->is_told = false;
      continue;
    }
    if (has_signal) /* the loop may be stuck in a write to a pipe */
      _exit(CLI_SIGNAL + number);
    s->number = number;
    has_signal = true;
    if (tinet_loop_post(s->loop, signal_on_loop, s) < 0)
      _exit(CLI_SIGNAL + number);
  }
}

/* What the caller ignores (nohup, a script's background job) stays ignored: a
 * blocked signal would be waited for all the same. */
static void add_unless_ignored(sigset_t *set, int number)
{
  struct sigaction now;

  if (sigaction(number, NULL, &now) == 0 && now.sa_handler != SIG_IGN)
    (void)sigaddset(set, number);
}

struct get_signal *get_signal_open(tinet_loop *loop,
                                   void (*on_signal)(void *user, int number),
                                   void (*on_tick)(void *user), void *user)
{
  struct get_signal *s = cli_alloc(sizeof *s);

  s->loop = loop;
  s->on_signal = on_signal;
  s->on_tick = on_tick;
  s->user = user;
  (void)sigemptyset(&s->set);
  add_unless_ignored(&s->set, SIGINT);
  add_unless_ignored(&s->set, SIGTERM);
  add_unless_ignored(&s->set, SIGHUP);
  (void)sigaddset(&s->set, STOP);
  if (pthread_sigmask(SIG_BLOCK, &s->set, NULL) == 0 &&
      pthread_create(&s->thread, NULL, wait_for_signals, s) == 0)
    return s;
  (void)pthread_sigmask(SIG_UNBLOCK, &s->set, NULL);
  free(s);
  return NULL;
}

void get_signal_close(struct get_signal *s)
{
  if (!s)
    return;
  (void)pthread_kill(s->thread, STOP);
  (void)pthread_join(s->thread, NULL);
  (void)tinet_loop_run(s->loop); /* what was posted last still names `s` */
  free(s);
}
