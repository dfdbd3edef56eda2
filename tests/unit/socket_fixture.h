/* socket_fixture.h - a loop, two connected streams, and what happened. */
#ifndef TINET_TEST_SOCKET_FIXTURE_H
#define TINET_TEST_SOCKET_FIXTURE_H

#include "core/alloc.h"
#include "core/loop.h"
#include "t.h"

#include <dirent.h>
#include <errno.h>
#include <sys/socket.h>
#include <tinet/socket.h>
#include <unistd.h>

/* One end, and a note of what it was told. */
struct end {
  tinet_stream *stream;
  char got[4096]; /* the first of what it received */
  size_t n_got, n_reads, n_dropped;
  int n_open, n_ends, n_drains, n_finished, n_errors, n_done;
  int result; /* of the last done */
  tinet_error err;
  bool keeps_reading, closes_itself;
};

static tinet_loop *loop;
static tinet_listener *listener;
static struct end a, b; /* a has connected, b was accepted */

static void end_on_open(tinet_stream *s, void *user)
{
  struct end *e = user;

  T_OK(s == e->stream);
  e->n_open++;
}

static void end_on_read(tinet_stream *s, const void *data, size_t len,
                        void *user)
{
  struct end *e = user;
  size_t n = sizeof e->got - e->n_got;

  T_OK(s == e->stream);
  T_OK(len > 0);
  if (e->n_got < sizeof e->got)
    memcpy(e->got + e->n_got, data, len < n ? len : n);
  e->n_got += len;
  e->n_reads++;
}

static void end_on_end(tinet_stream *s, void *user)
{
  struct end *e = user;

  (void)s;
  e->n_ends++;
}

static void end_on_drain(tinet_stream *s, void *user)
{
  struct end *e = user;

  (void)s;
  e->n_drains++;
}

static void end_on_finished(tinet_stream *s, size_t n_dropped, void *user)
{
  struct end *e = user;

  (void)s;
  e->n_finished++;
  e->n_dropped = n_dropped;
}

static void end_on_error(tinet_stream *s, const tinet_error *err, void *user)
{
  struct end *e = user;

  (void)s;
  e->n_errors++;
  e->err = *err;
  if (e->closes_itself) {
    (void)tinet_stream_close(e->stream);
    e->stream = NULL;
  }
}

static inline void end_on_done(tinet_stream *s, int result, void *arg)
{
  struct end *e = arg;

  (void)s;
  T_EQ(0, e->n_errors); /* on_error is the last */
  e->n_done++;
  e->result = result;
}

static const tinet_stream_events end_events = {
    end_on_open,  end_on_read,     end_on_end,
    end_on_drain, end_on_finished, end_on_error,
};

static inline int n_descriptors(void)
{
  DIR *dir = opendir("/proc/self/fd");
  int n = 0;

  while (dir && readdir(dir))
    n++;
  if (dir)
    (void)closedir(dir);
  return n;
}

static inline void open_loop(void)
{
  memset(&a, 0, sizeof a);
  memset(&b, 0, sizeof b);
  listener = NULL;
  T_EQ(0, tinet_loop_open(&loop));
}

static inline void close_loop(void)
{
  (void)tinet_stream_close(a.stream);
  (void)tinet_stream_close(b.stream);
  tinet_listener_close(listener);
  T_EQ(0, tinet_loop_close(loop));
}

/* Turns until something is so, or nothing happens for too long. */
#define TURN_UNTIL(cond)                                                       \
  do {                                                                         \
    uint64_t end_ = tinet__clock_us() + 20000000;                              \
    while (!(cond) && tinet__clock_us() < end_)                                \
      if (tinet_loop_run_once(loop) == 0 && !(cond))                           \
        break;                                                                 \
    T_OK(cond);                                                                \
  } while (0)

static inline void on_accept_b(tinet_listener *l, tinet_stream *s, void *user)
{
  (void)user;
  T_OK(l == listener);
  T_OK(b.stream == NULL);
  b.stream = s;
  tinet_stream_set_events(s, &end_events, &b);
}

static inline uint16_t listen_here(tinet_listen_options *opt)
{
  tinet_endpoint e = {0};

  T_EQ(0, tinet_listener_open(
              loop, opt, &(tinet_listener_events){.on_accept = on_accept_b},
              NULL, &listener, NULL));
  T_EQ(0, tinet_listener_local(listener, &e));
  return e.port;
}

/* Connects a to a listener, which accepts b and ends. */
static inline void connect_pair(void)
{
  tinet_listen_options lo;
  tinet_connect_options co;

  tinet_listen_options_init(&lo);
  tinet_connect_options_init(&co);
  co.host = "127.0.0.1";
  co.port = listen_here(&lo);
  T_EQ(0, tinet_stream_connect(loop, &co, &end_events, &a, &a.stream, NULL));
  T_EQ(0, a.n_open); /* not from inside the call */
  TURN_UNTIL(a.n_open == 1 && b.stream != NULL);
  tinet_listener_close(listener); /* it would keep the loop alive */
  listener = NULL;
}

#endif
