/* get_signal.c - a thread waits for signals and passes them to the loop.
 *
 * A handler could do next to nothing safely; a thread in sigwait() may call
 * tinet_loop_post().
 */
#include "get.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#define STOP (SIGRTMIN) /* from get_signal_close() */

struct get_signal {
  tinet_loop *loop; /* borrowed */
  void (*fn)(void *user, int number);
  void *user;
  pthread_t thread;
  sigset_t set;
  int number; /* the first; written before the loop is told */
};

static void on_loop(void *arg)
{
  struct get_signal *s = arg;

  s->fn(s->user, s->number);
}

static void *wait_for_signals(void *arg)
{
  struct get_signal *s = arg;
  bool has_told = false;
  int number;

  while (sigwait(&s->set, &number) == 0 && number != STOP) {
    if (has_told) /* the loop may be stuck in a write to a pipe */
      _exit(CLI_SIGNAL + number);
    s->number = number;
    has_told = true;
    if (tinet_loop_post(s->loop, on_loop, s) < 0)
      _exit(CLI_SIGNAL + number);
  }
  return NULL;
}

struct get_signal *get_signal_open(tinet_loop *loop,
                                   void (*fn)(void *user, int number),
                                   void *user)
{
  struct get_signal *s = cli_alloc(sizeof *s);

  s->loop = loop;
  s->fn = fn;
  s->user = user;
  (void)sigemptyset(&s->set);
  (void)sigaddset(&s->set, SIGINT);
  (void)sigaddset(&s->set, SIGTERM);
  (void)sigaddset(&s->set, SIGHUP);
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
  free(s);
}
