/* pipe.c - standard input and output on a socket.
 *
 * A thread reads standard input, because a file, a pipe and a terminal cannot
 * all be watched by a loop.  It reads the next piece only when the last one is
 * with the kernel, so a slow peer is waited for.  Standard output is written on
 * the spot: while it is full the peer has to wait.
 */
#include "pipe.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FINISH_MS 5000 /* for a peer that has ended to take what is queued */

struct cli_pipe {
  tinet_loop *loop;
  tinet_stream *stream; /* owned; NULL: no connection */
  tinet_udp *udp;       /* owned; NULL: no datagrams */
  tinet_udp *also;      /* owned; a second one, or NULL */
  const tinet_endpoint *to;
  tinet_endpoint last; /* who sent the last datagram ... */
  tinet_udp *last_udp; /* ... by way of which */
  unsigned wait_s;
  void (*on_over)(void *user, int status);
  void *user;
  sem_t wanted; /* the next piece may be read */
  sem_t posted; /* one has been */
  char piece[TINET_UDP_MAX];
  ssize_t len; /* of the piece; 0 = the end, -1 = an error */
  int read_errno;
  bool is_running, is_wanted, has_piece, is_ended, has_peer_ended;
};

static void over(struct cli_pipe *p, int status)
{
  (void)tinet_stream_close(p->stream);
  tinet_udp_close(p->udp);
  tinet_udp_close(p->also);
  p->stream = NULL;
  p->udp = p->also = NULL;
  p->on_over(p->user, status);
}

static bool print(struct cli_pipe *p, const char *data, size_t len)
{
  while (len > 0) {
    ssize_t n = write(STDOUT_FILENO, data, len);

    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0) {
      cli_error("standard output: %s", strerror(errno));
      over(p, CLI_WRITE_ERROR);
      return false;
    }
    data += n;
    len -= (size_t)n;
  }
  return true;
}

/* ---- standard input ---- */

static void on_piece(void *arg);

static void on_wait_over(void *arg)
{
  struct cli_pipe *p = arg;

  if (p->udp)
    over(p, CLI_OK);
}

static void *read_input(void *arg)
{
  struct cli_pipe *p = arg;
  bool is_last;

  do {
    while (sem_wait(&p->wanted) != 0)
      continue;
    do {
      p->len = read(STDIN_FILENO, p->piece, sizeof p->piece);
    } while (p->len < 0 && errno == EINTR);
    p->read_errno = errno;
    is_last = p->len <= 0; /* the loop may ask for the next from here on */
    if (tinet_loop_post(p->loop, on_piece, p) < 0)
      return NULL; /* the program is ending */
    (void)sem_post(&p->posted);
  } while (!is_last);
  if (!p->udp)
    return NULL;
  (void)sleep(p->wait_s);
  (void)!tinet_loop_post(p->loop, on_wait_over, p); /* or it is ending */
  return NULL;
}

static void want_next(struct cli_pipe *p)
{
  pthread_t thread;

  if (p->is_ended || p->is_wanted)
    return;
  p->is_wanted = true;
  if (!p->is_running && pthread_create(&thread, NULL, read_input, p) == 0) {
    p->is_running = true;
    (void)pthread_detach(thread);
  }
  (void)sem_post(&p->wanted);
}

/* Both sides have ended; or the peer has, and a person would not know that he
 * has to do the same. */
static void finish_if_ended(struct cli_pipe *p)
{
  if (!p->has_peer_ended || !(p->is_ended || isatty(STDIN_FILENO)))
    return;
  if (tinet_stream_finish(p->stream, FINISH_MS) < 0)
    over(p, CLI_OK);
}

static void send_end(struct cli_pipe *p)
{
  if (!p->stream)
    return;
  (void)!tinet_stream_shutdown(p->stream); /* or it is lost: on_error */
  finish_if_ended(p);
}

static void send_datagram(struct cli_pipe *p)
{
  const tinet_endpoint *to = p->to;
  tinet_udp *udp = to ? p->udp : p->last_udp;
  tinet_error err;
  int rc;

  if (!to && udp)
    to = &p->last;
  if (!to)
    return; /* nobody has come yet: it waits */
  p->has_piece = false;
  rc = tinet_udp_send(udp, to, p->piece, (size_t)p->len, &err);
  if (rc < 0)
    cli_error("%s", err.text);
  if (rc != 1)
    want_next(p);
}

/* Sends what was read, if there is somebody to send it to. */
static void send_piece(struct cli_pipe *p)
{
  int rc;

  if (!p->has_piece || (!p->stream && !p->udp))
    return;
  if (p->udp) {
    send_datagram(p);
    return;
  }
  p->has_piece = false;
  rc = tinet_stream_write(p->stream, p->piece, (size_t)p->len);
  if (rc == 0)
    want_next(p); /* else on_drain does, or on_error is on its way */
}

static void on_piece(void *arg)
{
  struct cli_pipe *p = arg;

  p->is_wanted = false;
  if (p->len < 0)
    cli_error("standard input: %s", strerror(p->read_errno));
  if (p->len <= 0) {
    p->is_ended = true;
    send_end(p);
    return;
  }
  p->has_piece = true;
  send_piece(p);
}

/* ---- a connection ---- */

static void on_read(tinet_stream *s, const void *data, size_t len, void *user)
{
  (void)s;
  (void)print(user, data, len);
}

static void on_end(tinet_stream *s, void *user)
{
  struct cli_pipe *p = user;

  (void)s;
  p->has_peer_ended = true;
  finish_if_ended(p);
}

static void on_finished(tinet_stream *s, size_t n_dropped, void *user)
{
  (void)s;
  if (n_dropped > 0)
    cli_error("the peer has ended; %zu bytes were not sent", n_dropped);
  over(user, n_dropped > 0 ? cli_exit_status(TINET_ECLOSED) : CLI_OK);
}

static void on_drain(tinet_stream *s, void *user)
{
  (void)s;
  want_next(user);
}

static void on_error(tinet_stream *s, const tinet_error *err, void *user)
{
  (void)s;
  cli_error("%s", err->text);
  over(user, cli_exit_status(err->code));
}

static void begin(tinet_stream *s, void *user)
{
  struct cli_pipe *p = user;

  if (tinet_stream_read_start(s) < 0) {
    over(p, CLI_FAILED);
    return;
  }
  if (p->is_ended)
    send_end(p);
  else if (p->has_piece)
    send_piece(p);
  else
    want_next(p);
}

void cli_pipe_stream(struct cli_pipe *p, tinet_stream *stream,
                     void (*on_over)(void *user, int status), void *user)
{
  static const tinet_stream_events events = {begin,    on_read,     on_end,
                                             on_drain, on_finished, on_error};

  p->stream = stream;
  p->has_peer_ended = false;
  p->on_over = on_over;
  p->user = user;
  tinet_stream_set_events(stream, &events, p);
  /* Else it is being made, and on_open begins. */
  if (tinet_stream_read_start(stream) == TINET_OK)
    begin(stream, p);
}

/* ---- datagrams ---- */

static void on_datagram(tinet_udp *udp, const tinet_datagram *d, void *user)
{
  struct cli_pipe *p = user;

  p->last = d->from;
  p->last_udp = udp;
  if (print(p, d->data, d->len))
    send_piece(p);
}

static void on_udp_error(tinet_udp *udp, const tinet_error *err, void *user)
{
  (void)udp;
  (void)user;
  cli_error("%s", err->text);
}

static void on_udp_drain(tinet_udp *udp, void *user)
{
  (void)udp;
  want_next(user);
}

static int open_udp(struct cli_pipe *p, const tinet_udp_options *opt,
                    tinet_udp **ret_udp, tinet_error *err)
{
  static const tinet_udp_events events = {on_datagram, on_udp_error,
                                          on_udp_drain};
  int rc = tinet_udp_open(p->loop, opt, &events, p, ret_udp, err);

  return rc < 0 ? rc : tinet_udp_receive_start(*ret_udp);
}

static int open_also(struct cli_pipe *p, const struct cli_datagrams *how,
                     tinet_error *err)
{
  tinet_udp_options opt = *how->options;
  tinet_endpoint first;
  int rc = tinet_udp_local(p->udp, &first);

  if (rc < 0)
    return rc;
  opt.host = how->also;
  opt.port = first.port;
  rc = open_udp(p, &opt, &p->also, err);
  if (err->number == EADDRNOTAVAIL || err->number == EAFNOSUPPORT)
    return TINET_OK; /* a machine without IPv6 */
  return rc;
}

int cli_pipe_udp(struct cli_pipe *p, const struct cli_datagrams *how,
                 void (*on_over)(void *user, int status), void *user)
{
  tinet_error err = {0};
  int rc;

  p->to = how->to;
  p->wait_s = how->wait_s;
  p->on_over = on_over;
  p->user = user;
  rc = open_udp(p, how->options, &p->udp, &err);
  if (rc == TINET_OK && how->also)
    rc = open_also(p, how, &err);
  if (rc < 0) {
    cli_error("%s", err.text);
    return cli_exit_status(rc);
  }
  want_next(p);
  return CLI_OK;
}

tinet_udp *cli_pipe_udp_socket(const struct cli_pipe *p)
{
  return p->udp;
}

/* ---- */

struct cli_pipe *cli_pipe_open(tinet_loop *loop)
{
  struct cli_pipe *p = cli_alloc(sizeof *p);

  p->loop = loop;
  (void)sem_init(&p->wanted, 0, 0); /* cannot fail with these arguments */
  (void)sem_init(&p->posted, 0, 0);
  return p;
}

void cli_pipe_turn(struct cli_pipe *p)
{
  if (tinet_loop_run_once(p->loop) == 0 && (p->stream || p->udp))
    (void)sem_wait(&p->posted); /* only standard input is waited for */
}
