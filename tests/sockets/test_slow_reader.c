/* test_slow_reader.c - 1 GiB to a peer that reads slower than it could be
 * written: all of it arrives, and the writer's memory stays small.
 *
 * A child reads with plain sockets, pauses, and compares every byte.  64 MiB
 * where a sanitizer makes everything slow.
 */
#include "../unit/t.h"

#include <arpa/inet.h>
#include <malloc.h>
#include <netinet/in.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <tinet/socket.h>
#include <unistd.h>

#ifdef __SANITIZE_ADDRESS__
#define TOTAL (64ULL << 20)
#else
#define TOTAL (1ULL << 30)
#endif
#define PERIOD 1000003 /* a prime: no power of two hides a lost block */
#define CHUNK 65536
#define PAUSE_EVERY (4U << 20)
#define PAUSE_US 2000
#define QUEUE_MAX (4U << 20)
#define MEMORY_MAX_KIB (16 * 1024)

static size_t n_bytes, max_bytes; /* that the library has allocated */

static void *count_alloc(size_t size)
{
  void *ptr = malloc(size);

  n_bytes += malloc_usable_size(ptr);
  if (n_bytes > max_bytes)
    max_bytes = n_bytes;
  return ptr;
}

static void *count_realloc(void *old, size_t size)
{
  size_t before = old ? malloc_usable_size(old) : 0;
  void *ptr = realloc(old, size);

  if (ptr)
    n_bytes += malloc_usable_size(ptr) - before;
  if (n_bytes > max_bytes)
    max_bytes = n_bytes;
  return ptr;
}

static void count_free(void *ptr)
{
  if (ptr)
    n_bytes -= malloc_usable_size(ptr);
  free(ptr);
}

static unsigned char pattern[PERIOD + CHUNK];

static void make_pattern(void)
{
  uint32_t x = 2463534242U;

  for (size_t i = 0; i < PERIOD; i++) {
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    pattern[i] = (unsigned char)x;
  }
  memcpy(pattern + PERIOD, pattern, CHUNK);
}

/* ---- the child ---- */

static int read_all(int fd)
{
  static unsigned char got[CHUNK];
  uint64_t total = 0, pause_at = PAUSE_EVERY;

  for (;;) {
    ssize_t n = read(fd, got, sizeof got);

    if (n < 0)
      return 1;
    if (n == 0)
      return total == TOTAL ? 0 : 2;
    if (memcmp(got, pattern + total % PERIOD, (size_t)n) != 0)
      return 3;
    total += (uint64_t)n;
    if (total >= pause_at) {
      pause_at += PAUSE_EVERY;
      (void)usleep(PAUSE_US);
    }
  }
}

static int be_the_reader(int listener)
{
  int fd = accept(listener, NULL, NULL);

  return fd < 0 ? 4 : read_all(fd);
}

/* ---- the writer ---- */

static tinet_loop *loop;
static uint64_t n_written;
static size_t max_queued;
static unsigned n_drained;
static bool is_failed;

/* As a careless program does: until nothing more is taken. */
static void write_more(tinet_stream *s)
{
  int code = 0;

  while (code >= 0 && n_written < TOTAL) {
    uint64_t left = TOTAL - n_written;
    size_t n = left < CHUNK ? (size_t)left : CHUNK;

    code = tinet_stream_write(s, pattern + n_written % PERIOD, n);
    if (code >= 0)
      n_written += n;
    if (tinet_stream_queued(s) > max_queued)
      max_queued = tinet_stream_queued(s);
  }
  is_failed |= code < 0 && code != TINET_ELIMIT;
  if (n_written == TOTAL)
    T_EQ(0, tinet_stream_finish(s, 60000));
}

static void on_open(tinet_stream *s, void *user)
{
  (void)user;
  write_more(s);
}

static void on_drain(tinet_stream *s, void *user)
{
  (void)user;
  n_drained++;
  write_more(s);
}

static void on_error(tinet_stream *s, const tinet_error *err, void *user)
{
  (void)s;
  (void)user;
  T_FAIL("%s", err->text);
}

static long peak_kib(void)
{
  struct rusage u;

  (void)getrusage(RUSAGE_SELF, &u);
  return u.ru_maxrss;
}

static int listen_plain(uint16_t *ret_port)
{
  struct sockaddr_in sin = {.sin_family = AF_INET};
  socklen_t len = sizeof sin;
  int fd = socket(AF_INET, SOCK_STREAM, 0);

  sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  T_EQ(0, bind(fd, (struct sockaddr *)&sin, sizeof sin));
  T_EQ(0, listen(fd, 1));
  T_EQ(0, getsockname(fd, (struct sockaddr *)&sin, &len));
  *ret_port = ntohs(sin.sin_port);
  return fd;
}

static void a_slow_reader_gets_all_and_costs_no_memory(void)
{
  static const tinet_stream_events events = {
      .on_open = on_open, .on_drain = on_drain, .on_error = on_error};
  tinet_connect_options opt;
  tinet_stream *s = NULL;
  tinet_error err = {0};
  uint16_t port;
  int listener = listen_plain(&port), status = -1;
  long before;
  pid_t child = fork();

  if (child == 0)
    _exit(be_the_reader(listener));
  (void)close(listener);
  T_EQ(0, tinet_loop_open(&loop));
  tinet_connect_options_init(&opt);
  opt.host = "127.0.0.1";
  opt.port = port;
  opt.max_queued = QUEUE_MAX;
  before = peak_kib();
  T_EQ(0, tinet_stream_connect(loop, &opt, &events, NULL, &s, &err));
  T_EQ(0, tinet_loop_run(loop));
  tinet_stream_close(s);
  T_EQ(0, tinet_loop_close(loop));
  T_EQ(child, waitpid(child, &status, 0));
  T_EQ(0, status);
  T_OK(!is_failed && n_drained > 2);
  T_OK(max_queued <= QUEUE_MAX);
  T_OK(max_bytes < (size_t)MEMORY_MAX_KIB * 1024);
#ifndef __SANITIZE_ADDRESS__ /* it keeps what was freed */
  T_OK(peak_kib() - before < MEMORY_MAX_KIB);
#endif
  printf("# %llu MiB, queue at most %zu KiB, allocated at most %zu KiB, "
         "memory +%ld KiB, %u drains\n",
         TOTAL >> 20, max_queued >> 10, max_bytes >> 10, peak_kib() - before,
         n_drained);
}

int main(void)
{
  T_EQ(0, tinet_set_allocator(count_alloc, count_realloc, count_free));
  make_pattern();
  T_RUN(a_slow_reader_gets_all_and_costs_no_memory);
  return T_END();
}
