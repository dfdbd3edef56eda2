/* socket_idle.c - what an idle connection costs: tinet beside bare libuv.
 *
 *   socket_idle [CONNECTIONS]
 *
 * For each of them, first one and then the other, a fresh process accepts all
 * connections of a child and reports by how much its resident memory has grown.
 * All are being read from, as in a server.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <tinet/socket.h>
#include <unistd.h>
#include <uv.h>

#define CONNECTIONS 10000
#define SPARE 100 /* descriptors besides the connections */

static int n_wanted, n_accepted;
static long rss_before, rss_after;
static tinet_loop *loop;
static uv_loop_t uv;

static long rss_bytes(void)
{
  long n_total = 0, n_resident = 0;
  FILE *f = fopen("/proc/self/statm", "re");

  if (!f || fscanf(f, "%ld %ld", &n_total, &n_resident) != 2)
    abort();
  (void)fclose(f);
  return n_resident * sysconf(_SC_PAGESIZE);
}

static void count(void)
{
  if (n_accepted++ == 0) /* what the first one costs is made once */
    rss_before = rss_bytes();
  if (n_accepted == n_wanted)
    rss_after = rss_bytes();
}

/* The child: connects, and stays until it is killed. */
static pid_t start_clients(uint16_t port)
{
  struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(port)};
  pid_t pid = fork();

  if (pid != 0)
    return pid;
  sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  for (int i = 0; i < n_wanted; i++) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd < 0 || connect(fd, (struct sockaddr *)&sin, sizeof sin) != 0)
      _exit(1);
  }
  (void)pause();
  _exit(0);
}

static void end_clients(pid_t pid)
{
  (void)kill(pid, SIGKILL);
  (void)waitpid(pid, NULL, 0);
}

/* ---- bare libuv ---- */

static char uv_buffer[65536];

static void on_uv_alloc(uv_handle_t *handle, size_t size, uv_buf_t *buf)
{
  (void)handle;
  (void)size;
  *buf = uv_buf_init(uv_buffer, sizeof uv_buffer);
}

static void on_uv_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
  (void)s;
  (void)n;
  (void)buf;
}

static void on_uv_connection(uv_stream_t *server, int status)
{
  uv_tcp_t *s = malloc(sizeof *s);

  if (status != 0 || !s || uv_tcp_init(&uv, s) != 0 ||
      uv_accept(server, (uv_stream_t *)s) != 0 ||
      uv_read_start((uv_stream_t *)s, on_uv_alloc, on_uv_read) != 0)
    abort();
  count();
  if (n_accepted == n_wanted)
    uv_stop(&uv);
}

static void run_uv(void)
{
  static uv_tcp_t server;
  struct sockaddr_in sin = {.sin_family = AF_INET};
  int len = sizeof sin;
  pid_t pid;

  sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (uv_loop_init(&uv) != 0 || uv_tcp_init(&uv, &server) != 0 ||
      uv_tcp_bind(&server, (struct sockaddr *)&sin, 0) != 0 ||
      uv_listen((uv_stream_t *)&server, 4096, on_uv_connection) != 0 ||
      uv_tcp_getsockname(&server, (struct sockaddr *)&sin, &len) != 0)
    abort();
  pid = start_clients(ntohs(sin.sin_port));
  (void)uv_run(&uv, UV_RUN_DEFAULT);
  end_clients(pid);
}

/* ---- tinet ---- */

static void on_accept(tinet_listener *l, tinet_stream *s, void *user)
{
  (void)l;
  (void)user;
  if (tinet_stream_read_start(s) < 0)
    abort();
  count();
  if (n_accepted == n_wanted)
    tinet_loop_stop(loop);
}

static void run_tinet(void)
{
  tinet_listener_events events = {.on_accept = on_accept};
  tinet_listen_options opt;
  tinet_listener *listener;
  tinet_endpoint e = {0};
  pid_t pid;

  tinet_listen_options_init(&opt);
  opt.host = "127.0.0.1";
  if (tinet_loop_open(&loop) < 0 ||
      tinet_listener_open(loop, &opt, &events, NULL, &listener, NULL) < 0 ||
      tinet_listener_local(listener, &e) < 0)
    abort();
  pid = start_clients(e.port);
  (void)tinet_loop_run(loop);
  end_clients(pid);
}

/* ---- both ---- */

/* Bytes a connection, in a process of its own. */
static double measure(void (*run)(void))
{
  double each = -1;
  int ends[2];
  pid_t pid;

  if (pipe(ends) != 0)
    abort();
  pid = fork();
  if (pid == 0) {
    run();
    each = (double)(rss_after - rss_before) / (n_wanted - 1);
    _exit(write(ends[1], &each, sizeof each) == sizeof each ? 0 : 1);
  }
  (void)close(ends[1]);
  if (read(ends[0], &each, sizeof each) != (ssize_t)sizeof each)
    each = -1;
  (void)close(ends[0]);
  (void)waitpid(pid, NULL, 0);
  return each;
}

static void raise_limit(void)
{
  struct rlimit limit;

  if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return;
  if (limit.rlim_max < (rlim_t)n_wanted + SPARE)
    limit.rlim_max = (rlim_t)n_wanted + SPARE; /* works for root */
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) == 0 ||
      getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return;
  limit.rlim_cur = limit.rlim_max;
  (void)setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < (rlim_t)n_wanted + SPARE)
    n_wanted = (int)limit.rlim_cur - SPARE;
}

int main(int argc, char **argv)
{
  double bare, ours;

  n_wanted = argc > 1 ? atoi(argv[1]) : CONNECTIONS;
  raise_limit();
  if (n_wanted < 2)
    return 2;
  bare = measure(run_uv);
  ours = measure(run_tinet);
  if (bare < 0 || ours < 0)
    return 1;
  printf("%d idle connections, RSS each  libuv %.0f bytes  tinet %.0f bytes  "
         "%.0f more\n",
         n_wanted, bare, ours, ours - bare);
  return 0;
}
