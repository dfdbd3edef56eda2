/* test_socket_stream.c - one connection, from its beginning to its end. */
#include "socket_fixture.h"

#include "socket/stream_private.h"

#include <fcntl.h>

static void a_connection_carries_bytes_both_ways(void)
{
  open_loop();
  connect_pair();
  T_EQ(0, b.n_open); /* born open */
  T_EQ(0, tinet_stream_read_start(a.stream));
  T_EQ(0, tinet_stream_read_start(b.stream));
  T_EQ(0, tinet_stream_write(a.stream, "ping", 4));
  TURN_UNTIL(b.n_got == 4);
  T_EQ(0, tinet_stream_write(b.stream, "pong!", 5));
  TURN_UNTIL(a.n_got == 5);
  T_MEM("ping", 4, b.got, 4);
  T_MEM("pong!", 5, a.got, 5);
  T_EQ(0, tinet_stream_close(a.stream));
  a.stream = NULL;
  TURN_UNTIL(b.n_ends == 1);
  T_EQ(0, b.n_errors);
  close_loop();
}

/* As Bonjour has them; the first refuses, and nobody can look the name up. */
static void known_addresses_need_no_name(void)
{
  tinet_endpoint known[2] = {{0}};
  tinet_connect_options co;
  tinet_listen_options lo;

  open_loop();
  tinet_connect_options_init(&co);
  tinet_listen_options_init(&lo);
  lo.host = "127.0.0.1";
  co.port = listen_here(&lo);
  co.host = "nobody.invalid";
  T_EQ(0, tinet_endpoint_parse("127.0.0.2", 1, &known[0]));
  T_EQ(0, tinet_endpoint_parse("127.0.0.1", 2, &known[1])); /* port unused */
  co.n_endpoints = 2;
  T_EQ(TINET_EINVAL,
       tinet_stream_connect(loop, &co, &end_events, &a, &a.stream, NULL));
  co.endpoints = known;
  T_EQ(0, tinet_stream_connect(loop, &co, &end_events, &a, &a.stream, NULL));
  memset(known, 0, sizeof known); /* copied */
  T_EQ(0, a.n_open);
  TURN_UNTIL(a.n_open == 1 && b.stream != NULL);
  T_EQ(0, a.n_errors);
  close_loop();
}

static void both_ends_have_addresses(void)
{
  tinet_endpoint local = {0}, peer = {0};
  char text[TINET_ENDPOINT_TEXT_MAX];

  open_loop();
  connect_pair();
  T_EQ(0, tinet_stream_local(a.stream, &local));
  T_EQ(0, tinet_stream_peer(b.stream, &peer));
  T_EQ(local.port, peer.port);
  tinet_endpoint_text(&peer, text);
  T_STR("127.0.0.1", text);
  close_loop();
}

static void the_end_comes_after_the_data_and_the_other_way_stays(void)
{
  open_loop();
  connect_pair();
  T_EQ(0, tinet_stream_write(a.stream, "last words", 10));
  T_EQ(0, tinet_stream_shutdown(a.stream));
  T_EQ(TINET_ESTATE, tinet_stream_shutdown(a.stream));
  T_EQ(TINET_ESTATE, tinet_stream_write(a.stream, "x", 1));
  T_EQ(0, tinet_stream_read_start(a.stream));
  T_EQ(0, tinet_stream_read_start(b.stream));
  TURN_UNTIL(b.n_ends == 1);
  T_EQ(10, b.n_got);
  T_EQ(0, tinet_stream_read_start(b.stream)); /* nothing more comes */
  T_EQ(0, tinet_stream_write(b.stream, "answer", 6));
  TURN_UNTIL(a.n_got == 6);
  T_EQ(1, b.n_ends);
  close_loop();
}

static void read_once_fills_the_callers_buffer(void)
{
  char buf[4];

  open_loop();
  connect_pair();
  T_EQ(0, tinet_stream_write(a.stream, "abcdef", 6));
  T_EQ(TINET_EINVAL, tinet_stream_read_once(b.stream, buf, 0));
  T_EQ(0, tinet_stream_read_once(b.stream, buf, sizeof buf));
  T_EQ(TINET_ESTATE, tinet_stream_read_once(b.stream, buf, sizeof buf));
  T_EQ(TINET_ESTATE, tinet_stream_read_start(b.stream));
  TURN_UNTIL(b.n_got == 4);
  T_MEM("abcd", 4, buf, 4);
  T_EQ(0, tinet_stream_write(a.stream, "g", 1));
  T_EQ(0, tinet_loop_run(loop)); /* nobody reads: nothing keeps it alive */
  T_EQ(4, b.n_got);
  T_EQ(0, tinet_stream_read_once(b.stream, buf, sizeof buf));
  TURN_UNTIL(b.n_got == 7);
  T_EQ(2, b.n_reads);
  T_MEM("efgd", 4, buf, 4);
  T_EQ(0, tinet_stream_read_once(b.stream, buf, sizeof buf));
  T_EQ(0, tinet_stream_shutdown(a.stream));
  TURN_UNTIL(b.n_ends == 1);
  T_EQ(0, tinet_stream_read_once(b.stream, buf, sizeof buf));
  T_EQ(1, b.n_ends);
  TURN_UNTIL(b.n_ends == 2);
  close_loop();
}

static void a_read_can_be_withdrawn(void)
{
  char buf[4] = "----";

  open_loop();
  connect_pair();
  T_EQ(0, tinet_stream_read_once(b.stream, buf, sizeof buf));
  tinet_stream_read_stop(b.stream);
  T_EQ(0, tinet_stream_write(a.stream, "abcd", 4));
  T_EQ(0, tinet_loop_run(loop));
  T_EQ(0, b.n_got);
  T_MEM("----", 4, buf, 4);
  T_EQ(0, tinet_stream_read_start(b.stream));
  TURN_UNTIL(b.n_got == 4);
  close_loop();
}

static void one_byte_at_a_time_arrives_whole(void)
{
  char buf[1];

  open_loop();
  connect_pair();
  for (int i = 0; i < 100; i++) {
    T_EQ(0, tinet_stream_write(a.stream, &"0123456789"[i % 10], 1));
    T_EQ(0, tinet_stream_read_once(b.stream, buf, 1));
    TURN_UNTIL(b.n_got == (size_t)i + 1);
    T_EQ('0' + i % 10, buf[0]);
  }
  close_loop();
}

/* Fills the kernel's buffers until something is queued. */
static size_t stuff(struct end *e, const char *chunk, size_t len)
{
  size_t n = 0;
  int rc;

  do {
    rc = tinet_stream_write(e->stream, chunk, len);
    n += rc >= 0 ? len : 0;
  } while (rc == 0);
  T_EQ(1, rc);
  return n;
}

static char big[1 << 20];

static void a_slow_reader_is_waited_for(void)
{
  size_t n, queued;

  open_loop();
  connect_pair();
  tinet_stream_set_max_queued(a.stream, 2 * sizeof big);
  n = stuff(&a, big, sizeof big);
  queued = tinet_stream_queued(a.stream);
  T_OK(queued > 0 && queued <= sizeof big);
  T_EQ(1, tinet_stream_write(a.stream, big, sizeof big));
  T_EQ(TINET_ELIMIT, tinet_stream_write(a.stream, big, sizeof big));
  T_EQ(queued + sizeof big, tinet_stream_queued(a.stream));
  n += sizeof big;
  T_EQ(0, a.n_drains);
  T_EQ(0, tinet_stream_read_start(b.stream));
  TURN_UNTIL(a.n_drains == 1);
  T_EQ(0, tinet_stream_queued(a.stream));
  TURN_UNTIL(b.n_got == n);
  T_EQ(1, a.n_drains);
  close_loop();
}

static void small_copies_are_gathered(void)
{
  struct write_req *req;
  size_t n;

  open_loop();
  connect_pair();
  n = stuff(&a, big, sizeof big);
  for (int i = 0; i < 40000; i++)
    T_EQ(1, tinet_stream_write(a.stream, &"0123456789"[i % 10], 1));
  req = TINET__CONTAINER(a.stream->queue.next->next, struct write_req, link);
  T_EQ(16384, req->slices[0].iov_len);
  T_EQ(0, tinet_stream_read_start(b.stream));
  TURN_UNTIL(b.n_got == n + 40000);
  close_loop();
}

static void borrowed_memory_comes_back_once(void)
{
  const tinet_slice slices[3] = {{"ab", 2}, {"", 0}, {"cde", 3}};

  open_loop();
  connect_pair();
  T_EQ(TINET_EINVAL, tinet_stream_writev(a.stream, slices, 3, NULL, NULL));
  T_EQ(0, tinet_stream_writev(a.stream, slices, 3, end_on_done, &a));
  T_EQ(0, tinet_stream_writev(a.stream, NULL, 0, end_on_done, &a));
  T_EQ(0, a.n_done);
  T_EQ(0, tinet_stream_read_start(b.stream));
  TURN_UNTIL(a.n_done == 2 && b.n_got == 5);
  T_EQ(0, a.result);
  T_MEM("abcde", 5, b.got, 5);
  T_EQ(0, a.n_drains); /* nothing had to wait */
  close_loop();
}

static void queued_slices_keep_their_order(void)
{
  tinet_slice all[300];
  size_t n;

  open_loop();
  connect_pair();
  n = stuff(&a, big, sizeof big);
  for (size_t i = 0; i < 300; i++)
    all[i] = (tinet_slice){big + i, i % 7};
  T_EQ(0, tinet_stream_writev(a.stream, all, 300, end_on_done, &a));
  T_EQ(0, tinet_stream_writev(a.stream, all, 0, end_on_done, &a));
  T_EQ(1, tinet_stream_write(a.stream, "end", 3));
  T_EQ(0, tinet_stream_read_start(b.stream));
  for (size_t i = 0; i < 300; i++)
    n += i % 7;
  TURN_UNTIL(b.n_got == n + 3);
  TURN_UNTIL(a.n_done == 2 && a.n_drains == 1);
  close_loop();
}

static void a_reset_ends_everything_once(void)
{
  const tinet_slice slice = {big, sizeof big};

  open_loop();
  connect_pair();
  (void)stuff(&a, big, sizeof big);
  T_EQ(0, tinet_stream_writev(a.stream, &slice, 1, end_on_done, &a));
  T_EQ(0, tinet_stream_read_start(a.stream));
  (void)tinet_stream_abort(b.stream);
  b.stream = NULL;
  TURN_UNTIL(a.n_errors == 1);
  T_EQ(TINET_ECLOSED, a.err.code);
  T_EQ(TINET_ORIGIN_SYSTEM, a.err.origin);
  T_EQ(ECONNRESET, a.err.number);
  T_EQ(1, a.n_done);
  T_EQ(TINET_ECLOSED, a.result);
  T_EQ(TINET_ESTATE, tinet_stream_write(a.stream, "x", 1));
  T_EQ(TINET_ESTATE, tinet_stream_read_start(a.stream));
  T_EQ(0, tinet_loop_run(loop));
  T_EQ(1, a.n_errors);
  close_loop();
}

static char reset_buf[16];

/* What a does when it is reset; each leaves it in another state. */
static void set_scene(int scene)
{
  static const tinet_slice slice = {big, sizeof big};

  if (scene == 1 || scene == 6)
    T_EQ(0, tinet_stream_read_start(a.stream));
  if (scene == 2)
    T_EQ(0, tinet_stream_read_once(a.stream, reset_buf, sizeof reset_buf));
  if (scene == 3 || scene == 4 || scene == 7)
    (void)stuff(&a, big, sizeof big);
  if (scene == 4)
    T_EQ(0, tinet_stream_writev(a.stream, &slice, 1, end_on_done, &a));
  if (scene == 5 || scene == 6)
    T_EQ(0, tinet_stream_shutdown(a.stream));
  if (scene == 7 || scene == 8)
    T_EQ(0, tinet_stream_finish(a.stream, 20000));
}

static void a_reset_at_every_step_is_told_once(void)
{
  int before = n_descriptors();

  for (int scene = 0; scene <= 8; scene++) {
    open_loop();
    connect_pair();
    set_scene(scene);
    (void)tinet_stream_abort(b.stream);
    b.stream = NULL;
    if (scene == 0 || scene == 5) /* it is not looking: reading finds out */
      T_EQ(0, tinet_stream_read_start(a.stream));
    TURN_UNTIL(a.n_errors + a.n_finished + a.n_ends > 0);
    T_EQ(0, tinet_loop_run(loop)); /* and nothing is left to be done */
    T_EQ(scene < 7, a.n_errors);
    T_EQ(scene >= 7, a.n_finished);
    T_EQ(0, a.n_ends);
    T_EQ(scene == 4, a.n_done);
    close_loop();
    T_EQ(before, n_descriptors());
  }
}

static void what_came_before_a_reset_is_delivered(void)
{
  open_loop();
  connect_pair();
  T_EQ(0, tinet_stream_write(a.stream, "unread", 6));
  T_EQ(0, tinet_stream_write(b.stream, "parting", 7));
  T_EQ(0, tinet_loop_run(loop));
  (void)tinet_stream_close(b.stream); /* with data unread: a reset */
  b.stream = NULL;
  T_EQ(0, tinet_stream_read_start(a.stream));
  T_EQ(0, tinet_stream_write(a.stream, "x", 1)); /* it goes to on_error */
  TURN_UNTIL(a.n_errors == 1);
  T_EQ(7, a.n_got);
  T_EQ(0, a.n_ends);
  close_loop();
}

static void read_once_gets_what_came_before_a_reset(void)
{
  char buf[16];

  open_loop();
  connect_pair();
  T_EQ(0, tinet_stream_write(a.stream, "unread", 6));
  T_EQ(0, tinet_stream_write(b.stream, "parting", 7));
  T_EQ(0, tinet_loop_run(loop));
  (void)tinet_stream_close(b.stream); /* with data unread: a reset */
  b.stream = NULL;
  T_EQ(0, tinet_stream_read_once(a.stream, buf, sizeof buf));
  T_EQ(0, tinet_stream_write(a.stream, "x", 1)); /* it goes to on_error */
  TURN_UNTIL(a.n_errors == 1);
  T_EQ(7, a.n_got);
  T_EQ(0, a.n_ends);
  close_loop();
}

static void a_reset_is_no_end_to_the_waiting_form(void)
{
  char buf[16];
  size_t len = 99;
  tinet_error err;

  open_loop();
  connect_pair();
  T_EQ(0, tinet_stream_write(a.stream, "unread", 6));
  T_EQ(0, tinet_stream_write(b.stream, "parting", 7));
  T_EQ(0, tinet_loop_run(loop));
  (void)tinet_stream_close(b.stream); /* with data unread: a reset */
  b.stream = NULL;
  T_EQ(0, tinet_stream_write(a.stream, "x", 1)); /* takes the kernel's error */
  T_EQ(0, tinet_stream_read_now(a.stream, buf, sizeof buf, -1, &len, &err));
  T_EQ(7, len);
  T_EQ(TINET_ECLOSED,
       tinet_stream_read_now(a.stream, buf, sizeof buf, -1, &len, &err));
  T_OK(err.number == EPIPE || err.number == ECONNRESET);
  (void)tinet_loop_run(loop);
  T_EQ(0, a.n_errors + a.n_ends); /* it has been told */
  close_loop();
}

static void nothing_comes_after_close(void)
{
  const tinet_slice slice = {big, sizeof big};
  size_t queued;

  open_loop();
  connect_pair();
  T_EQ(0, tinet_stream_writev(a.stream, &slice, 0, end_on_done, &a));
  T_EQ(0, tinet_stream_read_start(a.stream));
  (void)stuff(&a, big, sizeof big);
  T_EQ(0, tinet_stream_writev(a.stream, &slice, 1, end_on_done, &a));
  queued = tinet_stream_queued(a.stream);
  T_OK(queued > sizeof big);
  T_EQ(queued, tinet_stream_close(a.stream));
  a.stream = NULL;
  T_EQ(0, tinet_stream_close(NULL));
  T_EQ(0, tinet_loop_run(loop));
  T_EQ(0, a.n_done + a.n_errors + a.n_drains + a.n_ends);
  close_loop();
}

static void on_open_close(tinet_stream *s, void *user)
{
  struct end *e = user;

  e->n_open++;
  (void)tinet_stream_close(s);
  e->stream = NULL;
}

static void on_read_close(tinet_stream *s, const void *data, size_t len,
                          void *user)
{
  struct end *e = user;

  (void)data;
  e->n_got += len;
  (void)tinet_stream_close(s);
  e->stream = NULL;
}

static void on_end_close(tinet_stream *s, void *user)
{
  on_open_close(s, user);
}

static void on_done_close(tinet_stream *s, int result, void *arg)
{
  T_EQ(0, result);
  on_open_close(s, arg);
}

static void every_callback_may_close(void)
{
  tinet_stream_events closing = {.on_open = on_open_close,
                                 .on_read = on_read_close,
                                 .on_end = on_end_close};
  const tinet_slice slice = {"abc", 3};
  tinet_connect_options co;
  tinet_listen_options lo;

  open_loop();
  connect_pair();
  tinet_stream_set_events(b.stream, &closing, &b);
  T_EQ(0, tinet_stream_read_start(b.stream));
  T_EQ(0, tinet_stream_writev(a.stream, &slice, 1, on_done_close, &a));
  TURN_UNTIL(a.stream == NULL && b.stream == NULL);
  tinet_connect_options_init(&co);
  tinet_listen_options_init(&lo);
  co.host = "localhost";
  co.port = listen_here(&lo);
  T_EQ(0, tinet_stream_connect(loop, &co, &closing, &a, &a.stream, NULL));
  TURN_UNTIL(a.stream == NULL && b.stream != NULL);
  tinet_stream_set_events(b.stream, &closing, &b);
  T_EQ(0, tinet_stream_read_start(b.stream));
  TURN_UNTIL(b.stream == NULL);
  close_loop();
}

static void the_waiting_forms_need_no_turn(void)
{
  char buf[16];
  size_t len = 99;
  tinet_error err;

  open_loop();
  connect_pair();
  T_EQ(TINET_ETIMEDOUT,
       tinet_stream_read_now(b.stream, buf, sizeof buf, 10, &len, &err));
  T_EQ(ETIMEDOUT, err.number);
  T_EQ(99, len);
  T_EQ(0, tinet_stream_write(a.stream, "sync", 4));
  T_EQ(0, tinet_stream_flush_now(a.stream, -1, NULL));
  T_EQ(0, tinet_stream_read_now(b.stream, buf, sizeof buf, -1, &len, &err));
  T_EQ(4, len);
  T_EQ(0, tinet_stream_shutdown(a.stream));
  T_EQ(0, tinet_stream_read_now(b.stream, buf, sizeof buf, -1, &len, &err));
  T_EQ(0, len);
  T_EQ(0, tinet_stream_read_now(b.stream, buf, sizeof buf, -1, &len, &err));
  T_EQ(0, len);
  T_EQ(0, tinet_stream_write(b.stream, "more", 4));
  (void)tinet_stream_abort(b.stream);
  b.stream = NULL;
  T_EQ(0, tinet_stream_read_now(a.stream, buf, sizeof buf, -1, &len, &err));
  T_EQ(4, len);
  T_EQ(TINET_ECLOSED,
       tinet_stream_read_now(a.stream, buf, sizeof buf, -1, &len, &err));
  T_EQ(ECONNRESET, err.number);
  T_EQ(TINET_ESTATE,
       tinet_stream_read_now(a.stream, buf, sizeof buf, -1, &len, &err));
  T_EQ(0, tinet_loop_run_once(loop));
  T_EQ(0, a.n_errors); /* it has been told */
  close_loop();
}

static void flushing_has_a_deadline(void)
{
  tinet_error err;

  open_loop();
  connect_pair();
  (void)stuff(&a, big, sizeof big);
  T_EQ(TINET_ETIMEDOUT, tinet_stream_flush_now(a.stream, 10, &err));
  T_OK(tinet_stream_queued(a.stream) > 0);
  (void)tinet_stream_abort(b.stream);
  b.stream = NULL;
  T_EQ(TINET_ECLOSED, tinet_stream_flush_now(a.stream, -1, &err));
  T_EQ(0, tinet_stream_queued(a.stream));
  close_loop();
}

static void a_write_without_progress_times_out(void)
{
  open_loop();
  connect_pair();
  T_EQ(0, tinet_stream_set_write_timeout(a.stream, 50));
  T_EQ(0, tinet_stream_write(a.stream, "goes through", 12));
  (void)stuff(&a, big, sizeof big);
  TURN_UNTIL(a.n_errors == 1);
  T_EQ(TINET_ETIMEDOUT, a.err.code);
  T_EQ(ETIMEDOUT, a.err.number);
  close_loop();
}

/* The application is busy for longer than the limit; the connection stands. */
static void a_blocked_loop_is_no_timeout(void)
{
  tinet_listen_options lo;
  tinet_connect_options co;

  open_loop();
  tinet_connect_options_init(&co);
  tinet_listen_options_init(&lo);
  lo.host = co.host = "127.0.0.1";
  co.port = listen_here(&lo);
  co.timeout_ms = 20;
  T_EQ(0, tinet_stream_connect(loop, &co, &end_events, &a, &a.stream, NULL));
  (void)usleep(60000);
  TURN_UNTIL(a.n_open + a.n_errors == 1);
  T_EQ(1, a.n_open);
  TURN_UNTIL(b.stream != NULL);
  T_EQ(0, tinet_stream_set_write_timeout(a.stream, 20));
  (void)stuff(&a, big, sizeof big);
  T_EQ(0, tinet_stream_read_start(b.stream));
  TURN_UNTIL(b.n_got > 0 || a.n_errors > 0); /* now there is room */
  (void)usleep(60000);
  TURN_UNTIL(tinet_stream_queued(a.stream) == 0 || a.n_errors == 1);
  T_EQ(0, a.n_errors);
  close_loop();
}

static void finish_sends_everything_first(void)
{
  size_t n;

  open_loop();
  connect_pair();
  n = stuff(&a, big, sizeof big);
  T_EQ(0, tinet_stream_write(b.stream, "nobody reads this", 17));
  T_EQ(TINET_EINVAL, tinet_stream_finish(a.stream, 0));
  T_EQ(0, tinet_stream_finish(a.stream, 20000));
  T_EQ(TINET_ESTATE, tinet_stream_finish(a.stream, 20000));
  T_EQ(0, tinet_stream_read_start(b.stream));
  TURN_UNTIL(b.n_ends == 1);
  T_EQ(n, b.n_got);
  T_EQ(0, a.n_finished);
  T_EQ(0, tinet_stream_close(b.stream));
  b.stream = NULL;
  TURN_UNTIL(a.n_finished == 1);
  T_EQ(0, a.n_dropped);
  T_OK(a.stream->watch == NULL); /* an end that nobody reads wakes nobody */
  T_EQ(0, a.n_got + a.n_ends + a.n_errors);
  close_loop();
}

static void finish_says_what_it_drops(void)
{
  open_loop();
  connect_pair();
  (void)stuff(&a, big, sizeof big);
  T_EQ(0, tinet_stream_finish(a.stream, 30));
  TURN_UNTIL(a.n_finished == 1);
  T_OK(a.n_dropped > 0);
  T_EQ(a.n_dropped, tinet_stream_close(a.stream));
  a.stream = NULL;
  close_loop();
}

static int n_cancelled;

static void on_cancelled(tinet_stream *stream, int result, void *arg)
{
  (void)stream;
  (void)arg;
  n_cancelled += result == TINET_ECANCELED;
}

static void what_is_dropped_is_not_sent_and_the_rest_is(void)
{
  tinet_slice slice = {"never", 5};
  size_t n, n_dropped;

  open_loop();
  connect_pair();
  n_cancelled = 0;
  n = stuff(&a, big, sizeof big);
  T_EQ(0, tinet_stream_writev(a.stream, &slice, 1, on_cancelled, NULL));
  T_EQ(0, tinet_stream_write(b.stream, "nobody reads this", 17));
  n_dropped = tinet_stream_drop_queued(a.stream);
  T_OK(n_dropped > 5);
  T_EQ(0, tinet_stream_queued(a.stream));
  T_EQ(0, n_cancelled);
  T_EQ(0, tinet_stream_drop_queued(NULL));
  T_EQ(0, tinet_stream_finish(a.stream, 20000));
  T_EQ(0, tinet_stream_read_start(b.stream));
  TURN_UNTIL(b.n_ends == 1);
  T_EQ(1, n_cancelled);
  T_EQ(n + 5 - n_dropped, b.n_got);
  T_EQ(0, a.n_drains);
  close_loop();
}

/* Acknowledgements come without an event. */
static bool becomes_settled(const tinet_stream *stream)
{
  for (int i = 0; i < 20000 && !tinet_stream_is_settled(stream); i++)
    (void)usleep(1000);
  return tinet_stream_is_settled(stream);
}

static void a_stream_is_settled_when_closing_loses_nothing(void)
{
  char buf[17];
  size_t len = 0, n;

  open_loop();
  connect_pair();
  T_OK(tinet_stream_is_settled(NULL));
  T_OK(tinet_stream_is_settled(a.stream));
  T_EQ(0, tinet_stream_write(b.stream, "nobody reads this", 17));
  T_OK(!tinet_stream_is_settled(a.stream)); /* unread */
  T_EQ(0, tinet_stream_read_now(a.stream, buf, sizeof buf, 5000, &len, NULL));
  T_EQ(17, len);
  T_OK(becomes_settled(a.stream));
  n = stuff(&a, big, sizeof big);
  T_OK(!tinet_stream_is_settled(a.stream)); /* queued */
  n -= tinet_stream_drop_queued(a.stream);
  T_OK(!tinet_stream_is_settled(a.stream)); /* the peer has not taken it */
  T_EQ(0, tinet_stream_read_start(b.stream));
  TURN_UNTIL(b.n_got == n);
  T_OK(becomes_settled(a.stream));
  close_loop();
}

static void a_peer_that_has_ended_does_not_make_it_busy(void)
{
  uint64_t start;
  int n_turns = 0;

  open_loop();
  connect_pair();
  (void)stuff(&a, big, sizeof big);
  T_EQ(0, tinet_stream_shutdown(b.stream));
  T_EQ(0, tinet_stream_finish(a.stream, 300));
  start = tinet__clock_us();
  while (a.n_finished == 0 && tinet__clock_us() < start + 10000000) {
    (void)tinet_loop_run_once(loop);
    n_turns++;
  }
  T_EQ(1, a.n_finished);
  T_OK(n_turns < 50);
  close_loop();
}

static void the_end_waits_for_what_is_queued(void)
{
  size_t n;

  open_loop();
  connect_pair();
  n = stuff(&a, big, sizeof big);
  T_EQ(0, tinet_stream_shutdown(a.stream));
  T_EQ(0, tinet_stream_read_start(b.stream));
  TURN_UNTIL(b.n_ends == 1);
  T_EQ(n, b.n_got);
  close_loop();
}

static void any_stream_socket_will_do(void)
{
  int fds[2];

  open_loop();
  T_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
  T_EQ(0, tinet_stream_open_fd(loop, fds[0], &end_events, &a, &a.stream));
  T_EQ(0, tinet_stream_open_fd(loop, fds[1], &end_events, &b, &b.stream));
  T_OK(fcntl(fds[0], F_GETFL) & O_NONBLOCK);
  T_OK(fcntl(fds[0], F_GETFD) & FD_CLOEXEC);
  T_EQ(TINET_EUNSUPPORTED, tinet_stream_set_no_delay(a.stream, true));
  T_EQ(0, tinet_stream_write(a.stream, "hello", 5));
  T_EQ(0, tinet_stream_read_start(b.stream));
  TURN_UNTIL(b.n_got == 5);
  T_EQ(TINET_EINVAL, tinet_stream_open_fd(loop, -1, NULL, NULL, &a.stream));
  close_loop();
}

static void a_descriptor_can_be_taken_back(void)
{
  char buf[8];
  int fd = -1;

  open_loop();
  connect_pair();
  T_EQ(TINET_EINVAL, tinet_stream_release_fd(a.stream, NULL));
  T_EQ(0, tinet_stream_read_once(a.stream, buf, sizeof buf));
  T_EQ(TINET_ESTATE, tinet_stream_release_fd(a.stream, &fd));
  tinet_stream_read_stop(a.stream);
  T_EQ(0, tinet_stream_release_fd(a.stream, &fd));
  T_EQ(TINET_ESTATE, tinet_stream_release_fd(a.stream, &fd));
  T_EQ(TINET_ESTATE, tinet_stream_write(a.stream, "x", 1));
  T_EQ(0, tinet_stream_close(a.stream));
  T_EQ(0, tinet_stream_open_fd(loop, fd, &end_events, &a, &a.stream));
  T_EQ(0, tinet_stream_write(a.stream, "moved", 5));
  T_EQ(0, tinet_stream_read_start(b.stream));
  TURN_UNTIL(b.n_got == 5);
  T_EQ(0, a.n_errors + a.n_ends);
  close_loop();
}

static void options_reach_the_socket(void)
{
  int value = 0;
  socklen_t len = sizeof value;

  open_loop();
  connect_pair();
  T_EQ(0, tinet_stream_set_keep_alive(a.stream, 30, 5, 3));
  T_EQ(0, getsockopt(a.stream->fd, SOL_SOCKET, SO_KEEPALIVE, &value, &len));
  T_EQ(1, value);
  T_EQ(TINET_EINVAL, tinet_stream_set_keep_alive(a.stream, 30, 0, 3));
  T_EQ(0, tinet_stream_set_keep_alive(a.stream, 0, 0, 0));
  T_EQ(0, getsockopt(a.stream->fd, SOL_SOCKET, SO_KEEPALIVE, &value, &len));
  T_EQ(0, value);
  T_EQ(0, tinet_stream_set_no_delay(a.stream, false));
  close_loop();
}

static void an_idle_stream_is_small(void)
{
  open_loop();
  T_OK(sizeof(tinet_stream) < 1024);
  close_loop();
}

static int n_before;

static void no_descriptor_is_left(void)
{
  T_EQ(n_before, n_descriptors());
}

int main(void)
{
  T_RUN(an_idle_stream_is_small); /* and libuv has its own pipe from here on */
  n_before = n_descriptors();
  T_RUN(a_connection_carries_bytes_both_ways);
  T_RUN(both_ends_have_addresses);
  T_RUN(known_addresses_need_no_name);
  T_RUN(the_end_comes_after_the_data_and_the_other_way_stays);
  T_RUN(read_once_fills_the_callers_buffer);
  T_RUN(a_read_can_be_withdrawn);
  T_RUN(one_byte_at_a_time_arrives_whole);
  T_RUN(a_slow_reader_is_waited_for);
  T_RUN(small_copies_are_gathered);
  T_RUN(borrowed_memory_comes_back_once);
  T_RUN(queued_slices_keep_their_order);
  T_RUN(a_reset_ends_everything_once);
  T_RUN(a_reset_at_every_step_is_told_once);
  T_RUN(what_came_before_a_reset_is_delivered);
  T_RUN(read_once_gets_what_came_before_a_reset);
  T_RUN(a_reset_is_no_end_to_the_waiting_form);
  T_RUN(nothing_comes_after_close);
  T_RUN(every_callback_may_close);
  T_RUN(the_waiting_forms_need_no_turn);
  T_RUN(flushing_has_a_deadline);
  T_RUN(a_write_without_progress_times_out);
  T_RUN(a_blocked_loop_is_no_timeout);
  T_RUN(finish_sends_everything_first);
  T_RUN(finish_says_what_it_drops);
  T_RUN(what_is_dropped_is_not_sent_and_the_rest_is);
  T_RUN(a_stream_is_settled_when_closing_loses_nothing);
  T_RUN(a_peer_that_has_ended_does_not_make_it_busy);
  T_RUN(the_end_waits_for_what_is_queued);
  T_RUN(any_stream_socket_will_do);
  T_RUN(a_descriptor_can_be_taken_back);
  T_RUN(options_reach_the_socket);
  T_RUN(no_descriptor_is_left);
  return T_END();
}
