/* test_crowd.c - 10,000 connections at once in one process.
 *
 * A child makes them, sends a byte over each, waits for the echo, and closes.
 * Half of that many if the limit of descriptors cannot be raised; the test says
 * so.
 */
#include "../unit/t.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <malloc.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <tinet/socket.h>
#include <unistd.h>

#define WANTED 10000
#define IDLE_MAX                                                               \
  2048 /* bytes of ours a connection, libuv's handle included                  \
        */

static int n_wanted = WANTED;
static size_t n_bytes; /* allocated by the library now */
static int n_accepted, n_echoed, n_ended;
static tinet_loop *loop;
static tinet_listener *listener;
static tinet_stream *streams[WANTED];

static void *count_alloc(size_t size)
{
  void *ptr = malloc(size);

  n_bytes += malloc_usable_size(ptr);
  return ptr;
}

static void *count_realloc(void *old, size_t size)
{
  size_t before = old ? malloc_usable_size(old) : 0;
  void *ptr = realloc(old, size);

  if (ptr)
    n_bytes += malloc_usable_size(ptr) - before;
  return ptr;
}

static void count_free(void *ptr)
{
  if (ptr)
    n_bytes -= malloc_usable_size(ptr);
  free(ptr);
}

static int n_descriptors(void)
{
  DIR *dir = opendir("/proc/self/fd");
  int n = 0;

  while (dir && readdir(dir))
    n++;
  if (dir)
    (void)closedir(dir);
  return n;
}

static void raise_limit(void)
{
  struct rlimit limit;

  if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return;
  if (limit.rlim_max < WANTED + 100)
    limit.rlim_max = WANTED + 100;
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0 &&
      getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
  }
  if (limit.rlim_cur < WANTED + 100)
    n_wanted = (int)limit.rlim_cur - 100;
  printf("# %d connections\n", n_wanted);
}

/* ---- the child ---- */

static int be_the_clients(int from_parent, int to_parent)
{
  static int fds[WANTED];
  struct sockaddr_in sin = {.sin_family = AF_INET};
  char byte = 'x';

  sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (read(from_parent, &sin.sin_port, sizeof sin.sin_port) !=
      (ssize_t)sizeof sin.sin_port)
    return 1;
  for (int i = 0; i < n_wanted; i++) {
    fds[i] = socket(AF_INET, SOCK_STREAM, 0);
    if (fds[i] < 0 || connect(fds[i], (struct sockaddr *)&sin, sizeof sin) != 0)
      return 2;
  }
  if (read(from_parent, &byte, 1) != 1)
    return 3;
  for (int i = 0; i < n_wanted; i++)
    if (write(fds[i], "x", 1) != 1)
      return 4;
  for (int i = 0; i < n_wanted; i++)
    if (read(fds[i], &byte, 1) != 1 || byte != 'x')
      return 5;
  return write(to_parent, "!", 1) == 1 ? 0 : 6; /* and all are closed */
}

/* ---- the parent ---- */

static void on_read(tinet_stream *s, const void *data, size_t len, void *user)
{
  (void)user;
  T_EQ(0, tinet_stream_write(s, data, len));
  n_echoed += (int)len;
}

static void on_end(tinet_stream *s, void *user)
{
  (void)user;
  (void)s;
  n_ended++;
}

static void on_accept(tinet_listener *l, tinet_stream *s, void *user)
{
  static const tinet_stream_events events = {.on_read = on_read,
                                             .on_end = on_end};

  (void)l;
  (void)user;
  tinet_stream_set_events(s, &events, NULL);
  T_EQ(0, tinet_stream_read_start(s));
  streams[n_accepted++] = s;
}

static pid_t child;
static int to_child[2], from_child[2];
static int n_before;
static size_t bytes_before;

static void ten_thousand_are_accepted(void)
{
  tinet_listen_options opt;
  tinet_endpoint e = {0};
  uint16_t port;

  T_EQ(0, tinet_loop_open(&loop));
  tinet_listen_options_init(&opt);
  opt.host = "127.0.0.1";
  T_EQ(0, tinet_listener_open(loop, &opt,
                              &(tinet_listener_events){.on_accept = on_accept},
                              NULL, &listener, NULL));
  T_EQ(0, tinet_listener_local(listener, &e));
  n_before = n_descriptors();
  bytes_before = n_bytes;
  port = htons(e.port);
  T_EQ(sizeof port, write(to_child[1], &port, sizeof port));
  while (n_accepted < n_wanted && tinet_loop_run_once(loop) > 0)
    continue;
  T_EQ(n_wanted, n_accepted);
  T_EQ(n_before + n_wanted, n_descriptors());
}

static void an_idle_one_is_small(void)
{
  size_t each = (n_bytes - bytes_before) / (size_t)n_wanted;

  printf("# %zu bytes each\n", each);
  T_OK(each < IDLE_MAX);
}

static void each_is_answered(void)
{
  T_EQ(1, write(to_child[1], "!", 1));
  while (n_ended < n_wanted && tinet_loop_run_once(loop) > 0)
    continue;
  T_EQ(n_wanted, n_echoed);
  T_EQ(n_wanted, n_ended);
}

static void nothing_is_left(void)
{
  int status = 0;

  for (int i = 0; i < n_accepted; i++)
    T_EQ(0, tinet_stream_close(streams[i]));
  T_EQ(n_before, n_descriptors());
  tinet_listener_close(listener);
  T_EQ(0, tinet_loop_run(loop));
  T_EQ(0, tinet_loop_close(loop));
  T_EQ(0, n_bytes);
  T_EQ(child, waitpid(child, &status, 0));
  T_EQ(0, status);
}

int main(void)
{
  T_EQ(0, tinet_set_allocator(count_alloc, count_realloc, count_free));
  raise_limit();
  (void)fflush(stdout);
  T_EQ(0, pipe(to_child));
  T_EQ(0, pipe(from_child));
  child = fork();
  if (child == 0)
    _exit(be_the_clients(to_child[0], from_child[1]));
  T_RUN(ten_thousand_are_accepted);
  T_RUN(an_idle_one_is_small);
  T_RUN(each_is_answered);
  T_RUN(nothing_is_left);
  return T_END();
}
