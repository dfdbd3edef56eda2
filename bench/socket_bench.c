/* socket_bench.c - what a socket costs: tinet beside bare libuv, in one run.
 *
 *   socket_bench [ROUNDS]
 *   socket_bench echo|sink PORT CONNECTIONS N    the load alone, for node/
 *
 * A child process is the client; the CPU time of the parent, the server, is
 * what counts.  The two take turns, and the medians are compared.
 *
 * With one connection and two processors most of an echo's time goes to waking
 * a sleeping processor, whoever echoes; on one processor it is the programs
 * that count.
 */
#include "cpu.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <tinet/socket.h>
#include <unistd.h>
#include <uv.h>

#define MESSAGE 64
#define TURNS 7
#define TURNS_MAX 99
#define CONNECTIONS_MAX 64

enum kind { LOAD_ECHO, LOAD_SINK, LOAD_SOURCE };

struct load {
  const char *name;
  enum kind kind;
  int n_connections;
  long n;         /* echoes, or MiB */
  bool is_pinned; /* client and server share one processor */
};

static enum kind kind;
static int n_left;     /* connections that have not ended */
static long n_to_send; /* MiB of a source */
static char mib[1 << 20];

/* ---- the client ---- */

static void echo(const int *fds, int n_fds, long n)
{
  char buf[MESSAGE] = "";

  for (long i = 0; i < n; i += n_fds) {
    for (int j = 0; j < n_fds; j++)
      if (write(fds[j], buf, MESSAGE) != MESSAGE)
        _exit(1);
    for (int j = 0; j < n_fds; j++)
      if (recv(fds[j], buf, MESSAGE, MSG_WAITALL) != MESSAGE)
        _exit(1);
  }
}

static void pour(int fd, long n_mib)
{
  for (long i = 0; i < n_mib; i++)
    for (size_t done = 0; done < sizeof mib;) {
      ssize_t n = write(fd, mib + done, sizeof mib - done);

      if (n <= 0)
        _exit(1);
      done += (size_t)n;
    }
}

static void drink(int fd, long n_mib)
{
  long long left = (long long)n_mib << 20;

  while (left > 0) {
    ssize_t n = read(fd, mib, sizeof mib);

    if (n <= 0)
      _exit(1);
    left -= n;
  }
}

static void run_client(const struct load *load, uint16_t port)
{
  struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(port)};
  int fds[CONNECTIONS_MAX], on = 1;

  sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  for (int i = 0; i < load->n_connections; i++) {
    fds[i] = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fds[i], (struct sockaddr *)&sin, sizeof sin) != 0)
      _exit(1);
    (void)setsockopt(fds[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  if (load->kind == LOAD_ECHO)
    echo(fds, load->n_connections, load->n);
  else if (load->kind == LOAD_SINK)
    pour(fds[0], load->n);
  else
    drink(fds[0], load->n);
}

static pid_t start_client(const struct load *load, uint16_t port)
{
  pid_t pid = fork();

  if (pid != 0)
    return pid;
  run_client(load, port);
  _exit(0);
}

/* ---- bare libuv ---- */

/* One for all and at the beginning of a page, as tinet has it: elsewhere the
 * kernel takes up to three times as long to copy into it. */
static char uv_buffer[65536] __attribute__((aligned(4096)));

struct uv_write_and_data {
  uv_write_t req;
  char data[MESSAGE];
};

static uv_tcp_t uv_server;

static void on_uv_closed(uv_handle_t *handle)
{
  free(handle);
}

static void on_uv_alloc(uv_handle_t *handle, size_t size, uv_buf_t *buf)
{
  (void)handle;
  (void)size;
  *buf = uv_buf_init(uv_buffer, sizeof uv_buffer);
}

static void on_uv_written(uv_write_t *req, int status)
{
  (void)status;
  free(req);
}

static void on_uv_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
  uv_buf_t out = uv_buf_init(buf->base, (unsigned)(n > 0 ? n : 0));
  struct uv_write_and_data *w;

  if (n < 0) {
    uv_close((uv_handle_t *)s, on_uv_closed);
    if (--n_left == 0)
      uv_close((uv_handle_t *)&uv_server, NULL);
    return;
  }
  /* The quickest that libuv has: at once, and queued only if that fails. */
  if (kind == LOAD_SINK || n == 0 || uv_try_write(s, &out, 1) == (int)n)
    return;
  w = malloc(sizeof *w);
  if (!w || n > MESSAGE)
    abort();
  memcpy(w->data, buf->base, (size_t)n);
  out.base = w->data;
  (void)uv_write(&w->req, s, &out, 1, on_uv_written);
}

static void on_uv_mib_written(uv_write_t *req, int status)
{
  uv_buf_t buf = uv_buf_init(mib, sizeof mib);

  if (status == 0 && n_to_send-- > 0)
    (void)uv_write(req, req->handle, &buf, 1, on_uv_mib_written);
}

static void on_uv_connection(uv_stream_t *server, int status)
{
  uv_tcp_t *s = malloc(sizeof *s);

  if (status != 0 || !s)
    abort();
  (void)uv_tcp_init(server->loop, s);
  (void)uv_accept(server, (uv_stream_t *)s);
  (void)uv_tcp_nodelay(s, 1);
  (void)uv_read_start((uv_stream_t *)s, on_uv_alloc, on_uv_read);
  if (kind == LOAD_SOURCE) {
    static uv_write_t req;

    req.handle = (uv_stream_t *)s;
    on_uv_mib_written(&req, 0);
  }
}

static double run_uv(const struct load *load)
{
  struct sockaddr_in sin = {.sin_family = AF_INET};
  struct sockaddr_storage bound;
  int len = sizeof bound;
  uv_loop_t loop;
  double start;
  pid_t pid;

  (void)uv_loop_init(&loop);
  (void)uv_tcp_init(&loop, &uv_server);
  sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  (void)uv_tcp_bind(&uv_server, (struct sockaddr *)&sin, 0);
  (void)uv_listen((uv_stream_t *)&uv_server, 128, on_uv_connection);
  (void)uv_tcp_getsockname(&uv_server, (struct sockaddr *)&bound, &len);
  memcpy(&sin, &bound, sizeof sin);
  pid = start_client(load, ntohs(sin.sin_port));
  start = cpu_seconds();
  (void)uv_run(&loop, UV_RUN_DEFAULT);
  start = cpu_seconds() - start;
  (void)waitpid(pid, NULL, 0);
  (void)uv_loop_close(&loop);
  return start;
}

/* ---- tinet ---- */

static tinet_listener *listener;

static void on_read(tinet_stream *s, const void *data, size_t len, void *user)
{
  (void)user;
  if (kind == LOAD_ECHO && tinet_stream_write(s, data, len) < 0)
    abort();
}

static void on_end(tinet_stream *s, void *user)
{
  (void)user;
  (void)tinet_stream_close(s);
  if (--n_left == 0)
    tinet_listener_close(listener);
}

static void on_mib_written(tinet_stream *s, int result, void *arg)
{
  const tinet_slice slice = {mib, sizeof mib};

  if (result == 0 && n_to_send-- > 0 &&
      tinet_stream_writev(s, &slice, 1, on_mib_written, arg) < 0)
    abort();
}

static void on_accept(tinet_listener *l, tinet_stream *s, void *user)
{
  static const tinet_stream_events events = {.on_read = on_read,
                                             .on_end = on_end};

  (void)l;
  tinet_stream_set_events(s, &events, user);
  if (tinet_stream_read_start(s) < 0)
    abort();
  if (kind == LOAD_SOURCE)
    on_mib_written(s, 0, NULL);
}

static double run_tinet(const struct load *load)
{
  tinet_listen_options opt;
  tinet_endpoint e = {0};
  tinet_loop *loop;
  double start;
  pid_t pid;

  tinet_listen_options_init(&opt);
  opt.host = "127.0.0.1";
  if (tinet_loop_open(&loop) < 0 ||
      tinet_listener_open(loop, &opt,
                          &(tinet_listener_events){.on_accept = on_accept},
                          NULL, &listener, NULL) < 0 ||
      tinet_listener_local(listener, &e) < 0)
    abort();
  pid = start_client(load, e.port);
  start = cpu_seconds();
  (void)tinet_loop_run(loop);
  start = cpu_seconds() - start;
  (void)waitpid(pid, NULL, 0);
  (void)tinet_loop_close(loop);
  return start;
}

static int compare(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;

  return (x > y) - (x < y);
}

static double median(double *values, int n)
{
  qsort(values, (size_t)n, sizeof *values, compare);
  return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

static void begin(const struct load *load)
{
  kind = load->kind;
  n_left = load->n_connections;
  n_to_send = load->n;
}

/* To the first of `all`. */
static void pin(const cpu_set_t *all)
{
  cpu_set_t one;
  int i = 0;

  while (!CPU_ISSET(i, all))
    i++;
  CPU_ZERO(&one);
  CPU_SET(i, &one);
  if (sched_setaffinity(0, sizeof one, &one) != 0)
    abort();
}

static void compare_on(const struct load *load, int n_turns)
{
  double uv[TURNS_MAX], tinet[TURNS_MAX], of_uv, of_tinet;
  cpu_set_t all;

  if (sched_getaffinity(0, sizeof all, &all) != 0)
    abort();
  if (load->is_pinned)
    pin(&all);
  for (int i = 0; i < n_turns; i++) {
    begin(load);
    uv[i] = run_uv(load);
    begin(load);
    tinet[i] = run_tinet(load);
  }
  if (sched_setaffinity(0, sizeof all, &all) != 0)
    abort();
  of_uv = median(uv, n_turns);
  of_tinet = median(tinet, n_turns);
  printf("%-30s libuv %.3f s  tinet %.3f s  ratio %.3f\n", load->name, of_uv,
         of_tinet, of_tinet / of_uv);
  (void)fflush(stdout);
}

static int load_only(char **argv)
{
  struct load load = {.kind =
                          strcmp(argv[1], "echo") == 0 ? LOAD_ECHO : LOAD_SINK,
                      .n_connections = atoi(argv[3]),
                      .n = atol(argv[4])};

  if (load.n_connections < 1 || load.n_connections > CONNECTIONS_MAX)
    return 2;
  run_client(&load, (uint16_t)atoi(argv[2]));
  return 0;
}

int main(int argc, char **argv)
{
  if (argc == 5)
    return load_only(argv);

  int n_turns = argc > 1 ? atoi(argv[1]) : TURNS;
  const struct load loads[] = {
      {"64-byte echo, 1 connection", LOAD_ECHO, 1, 100000, false},
      {"  the same on one processor", LOAD_ECHO, 1, 200000, true},
      {"64-byte echo, 64 connections", LOAD_ECHO, 64, 256000, false},
      {"8 GiB received", LOAD_SINK, 1, 8192, false},
      {"8 GiB sent", LOAD_SOURCE, 1, 8192, false}};

  if (n_turns < 1 || n_turns > TURNS_MAX)
    return 2;
  for (size_t i = 0; i < sizeof loads / sizeof *loads; i++)
    compare_on(&loads[i], n_turns);
  return 0;
}
