/* test_socket_listener.c - listening, accepting, connecting, and what can go
 * wrong with each. */
#include "socket_fixture.h"

#include "socket/stream_private.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

static tinet_listen_options lo;
static tinet_connect_options co;
static tinet_error err;

static void begin(void)
{
  open_loop();
  tinet_listen_options_init(&lo);
  tinet_connect_options_init(&co);
}

static void connect_to(const char *host)
{
  co.host = host;
  T_EQ(0, tinet_stream_connect(loop, &co, &end_events, &a, &a.stream, NULL));
}

static void reaches(const char *host)
{
  connect_to(host);
  TURN_UNTIL(a.n_open == 1 && b.stream != NULL);
  T_EQ(0, a.n_errors);
  (void)tinet_stream_close(a.stream);
  (void)tinet_stream_close(b.stream);
  a.stream = b.stream = NULL;
  a.n_open = 0;
}

static void the_default_is_both_loopback_addresses(void)
{
  char text[TINET_ENDPOINT_TEXT_MAX];
  tinet_endpoint e = {0};

  begin();
  co.port = listen_here(&lo);
  T_EQ(0, tinet_listener_local(listener, &e));
  tinet_endpoint_text(&e, text);
  T_STR("127.0.0.1", text);
  reaches("127.0.0.1");
  reaches("::1");
  reaches("[::1]");
  reaches("localhost");
  close_loop();
}

static void everything_is_both_families(void)
{
  tinet_endpoint peer = {0};

  begin();
  lo.host = "*";
  co.port = listen_here(&lo);
  reaches("::1");
  connect_to("127.0.0.1");
  TURN_UNTIL(a.n_open == 1 && b.stream != NULL);
  T_EQ(0, tinet_stream_peer(b.stream, &peer));
  T_EQ(TINET_FAMILY_IPV4, peer.family); /* not ::ffff:127.0.0.1 */
  close_loop();
}

static void one_address_is_only_that(void)
{
  begin();
  lo.host = "127.0.0.1";
  co.port = listen_here(&lo);
  reaches("127.0.0.1");
  connect_to("::1");
  TURN_UNTIL(a.n_errors == 1);
  T_EQ(TINET_ECONNECT, a.err.code);
  T_EQ(ECONNREFUSED, a.err.number);
  T_OK(strstr(a.err.text, "::1") != NULL);
  close_loop();
}

static void the_second_address_is_tried_when_the_first_refuses(void)
{
  begin();
  lo.host = "127.0.0.1"; /* localhost is ::1 as well, and comes first */
  co.port = listen_here(&lo);
  reaches("localhost");
  close_loop();
}

static void a_path_works_and_is_removed(void)
{
  char dir[] = "/tmp/tinet-test-XXXXXX", path[64];
  struct stat st;
  tinet_endpoint e = {0};

  begin();
  T_OK(mkdtemp(dir) != NULL);
  (void)snprintf(path, sizeof path, "%s/socket", dir);
  lo.path = path;
  T_EQ(0, listen_here(&lo));
  co.path = path;
  reaches(NULL);
  T_EQ(0, tinet_listener_local(listener, &e));
  T_EQ(TINET_FAMILY_UNIX, e.family);
  tinet_listener_close(listener);
  listener = NULL;
  T_OK(stat(path, &st) != 0);
  connect_to(NULL);
  TURN_UNTIL(a.n_errors == 1);
  T_EQ(ENOENT, a.err.number);
  T_EQ(0, rmdir(dir));
  close_loop();
}

static void nothing(void *arg)
{
  (void)arg;
}

static int open_path(const char *path, tinet_listener **ret)
{
  lo.path = path;
  return tinet_listener_open(loop, &lo,
                             &(tinet_listener_events){.on_accept = on_accept_b},
                             NULL, ret, &err);
}

/* As a program that is killed leaves it. */
static void leave_a_socket(const char *path)
{
  struct sockaddr_un sun = {.sun_family = AF_UNIX};
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);

  (void)snprintf(sun.sun_path, sizeof sun.sun_path, "%s", path);
  T_EQ(0, bind(fd, (struct sockaddr *)&sun, sizeof sun));
  T_EQ(0, listen(fd, 1));
  T_EQ(0, close(fd));
}

static void a_path_left_behind_is_taken_over(void)
{
  char dir[] = "/tmp/tinet-test-XXXXXX", path[64];
  tinet_listener *other = NULL;
  struct stat st;
  int fd;

  begin();
  T_OK(mkdtemp(dir) != NULL);
  (void)snprintf(path, sizeof path, "%s/socket", dir);
  leave_a_socket(path);
  T_EQ(0, open_path(path, &listener));
  T_EQ(TINET_EADDRESS, open_path(path, &other)); /* somebody listens */
  T_EQ(EADDRINUSE, err.number);
  T_EQ(0, tinet_loop_post(loop, nothing, NULL));
  (void)tinet_loop_run_once(loop);
  T_OK(b.stream == NULL); /* and has noticed nothing */
  co.path = path;
  reaches(NULL);
  T_EQ(0, unlink(path));
  leave_a_socket(path); /* another program's by now */
  tinet_listener_close(listener);
  listener = NULL;
  T_EQ(0, stat(path, &st));
  T_EQ(0, unlink(path));
  fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  T_OK(fd >= 0);
  T_EQ(0, close(fd));
  T_EQ(TINET_EADDRESS, open_path(path, &other)); /* no socket at all */
  T_EQ(0, stat(path, &st));
  T_EQ(0, unlink(path));
  T_EQ(0, rmdir(dir));
  T_OK(other == NULL);
  close_loop();
}

static void a_path_has_its_limit(void)
{
  char path[200];

  begin();
  memset(path, 'x', sizeof path);
  path[108] = 0;
  T_EQ(TINET_EUNSUPPORTED, open_path(path, &listener));
  T_OK(strstr(err.text, "longer than 107") != NULL);
  co.path = path;
  T_EQ(TINET_EUNSUPPORTED,
       tinet_stream_connect(loop, &co, &end_events, &a, &a.stream, &err));
  T_OK(strstr(err.text, "longer than 107") != NULL);
  T_EQ(TINET_EINVAL, open_path("", &listener));
  close_loop();
}

static void a_port_in_use_is_told(void)
{
  tinet_listener *other = NULL;

  begin();
  lo.port = listen_here(&lo);
  T_EQ(TINET_EADDRESS,
       tinet_listener_open(loop, &lo,
                           &(tinet_listener_events){.on_accept = on_accept_b},
                           NULL, &other, &err));
  T_EQ(EADDRINUSE, err.number);
  T_OK(strstr(err.text, "localhost port") != NULL);
  lo.host = "192.0.2.99";
  T_EQ(TINET_EADDRESS,
       tinet_listener_open(loop, &lo,
                           &(tinet_listener_events){.on_accept = on_accept_b},
                           NULL, &other, &err));
  T_EQ(EADDRNOTAVAIL, err.number);
  lo.host = "no such name";
  T_OK(tinet_listener_open(loop, &lo,
                           &(tinet_listener_events){.on_accept = on_accept_b},
                           NULL, &other, &err) < 0);
  T_OK(other == NULL);
  close_loop();
}

/* In a child that is nobody: the tests may run as root. */
static int listen_as_nobody(void)
{
  tinet_listener *l = NULL;
  int rc;

  if (setgid(65534) != 0 || setuid(65534) != 0)
    return 1;
  lo.port = 80;
  rc = tinet_listener_open(loop, &lo,
                           &(tinet_listener_events){.on_accept = on_accept_b},
                           NULL, &l, &err);
  return rc == TINET_EPERMISSION && err.number == EACCES ? 0 : 2;
}

static void a_privileged_port_is_refused(void)
{
  int status = 0;
  pid_t pid;

  begin();
  (void)fflush(stdout);
  pid = fork();
  if (pid == 0)
    _exit(listen_as_nobody());
  T_EQ(pid, waitpid(pid, &status, 0));
  T_EQ(0, status);
  close_loop();
}

static bool low_ports_are_free(void)
{
  FILE *f = fopen("/proc/sys/net/ipv4/ip_unprivileged_port_start", "r");
  int start = 1024;

  if (f && fscanf(f, "%d", &start) != 1)
    start = 1024;
  if (f)
    (void)fclose(f);
  return start <= 80;
}

static int n_accepted;
static tinet_stream *accepted[64];

static void keep(tinet_listener *l, tinet_stream *s, void *user)
{
  (void)l;
  (void)user;
  accepted[n_accepted++] = s;
}

static void keep_and_pause(tinet_listener *l, tinet_stream *s, void *user)
{
  keep(l, s, user);
  tinet_listener_pause(l);
}

static void drop_accepted(void)
{
  while (n_accepted > 0)
    (void)tinet_stream_close(accepted[--n_accepted]);
}

static void a_paused_listener_leaves_them_waiting(void)
{
  tinet_endpoint e = {0};
  struct end other = {0};

  begin();
  lo.is_paused = true;
  T_EQ(0, tinet_listener_open(
              loop, &lo, &(tinet_listener_events){.on_accept = keep_and_pause},
              NULL, &listener, NULL));
  T_EQ(0, tinet_listener_local(listener, &e));
  co.port = e.port;
  connect_to("127.0.0.1");
  T_EQ(0, tinet_stream_connect(loop, &co, &end_events, &other, &other.stream,
                               NULL));
  TURN_UNTIL(a.n_open == 1 && other.n_open == 1);
  T_EQ(0, n_accepted);
  tinet_listener_resume(listener);
  TURN_UNTIL(n_accepted == 1); /* one at a time */
  tinet_listener_resume(listener);
  TURN_UNTIL(n_accepted == 2);
  (void)tinet_stream_close(other.stream);
  drop_accepted();
  close_loop();
}

static void a_full_backlog_of_a_path_is_waited_for(void)
{
  char dir[] = "/tmp/tinet-test-XXXXXX", path[64];
  struct end more[3];

  begin();
  memset(more, 0, sizeof more);
  T_OK(mkdtemp(dir) != NULL);
  (void)snprintf(path, sizeof path, "%s/socket", dir);
  lo.is_paused = true;
  lo.backlog = 1;
  lo.path = path;
  T_EQ(0, tinet_listener_open(
              loop, &lo, &(tinet_listener_events){.on_accept = keep_and_pause},
              NULL, &listener, NULL));
  co.path = path;
  for (int i = 0; i < 3; i++)
    T_EQ(0, tinet_stream_connect(loop, &co, &end_events, &more[i],
                                 &more[i].stream, NULL));
  TURN_UNTIL(more[0].n_open + more[1].n_open == 2); /* one more than asked */
  for (int i = 0; i < 3; i++)
    (void)tinet_loop_run_once(loop);
  T_EQ(0, more[2].n_open + more[2].n_errors);
  for (int i = 1; i <= 3; i++) {
    tinet_listener_resume(listener);
    TURN_UNTIL(n_accepted == i);
  }
  TURN_UNTIL(more[2].n_open == 1);
  for (int i = 0; i < 3; i++)
    (void)tinet_stream_close(more[i].stream);
  drop_accepted();
  tinet_listener_close(listener);
  listener = NULL;
  T_EQ(0, rmdir(dir));
  close_loop();
}

static int n_starved, n_lasting;

static void on_listen_error(tinet_listener *l, const tinet_error *e,
                            bool is_lasting, void *user)
{
  (void)l;
  (void)user;
  n_starved += !is_lasting;
  n_lasting += is_lasting;
  err = *e;
}

static void a_lack_of_descriptors_is_lived_through(void)
{
  struct rlimit old, low;
  tinet_endpoint e = {0};
  uint64_t start;
  int fds[8], n_turns = 0;
  clock_t cpu;
  struct sockaddr_in sin = {.sin_family = AF_INET};

  begin();
  T_EQ(0,
       tinet_listener_open(loop, &lo,
                           &(tinet_listener_events){
                               .on_accept = keep, .on_error = on_listen_error},
                           NULL, &listener, NULL));
  T_EQ(0, tinet_listener_local(listener, &e));
  sin.sin_port = htons(e.port);
  sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  for (int i = 0; i < 8; i++) {
    fds[i] = socket(AF_INET, SOCK_STREAM, 0);
    T_EQ(0, connect(fds[i], (struct sockaddr *)&sin, sizeof sin));
  }
  T_EQ(0, getrlimit(RLIMIT_NOFILE, &old));
  low = old;
  low.rlim_cur = 3;
  T_EQ(0, setrlimit(RLIMIT_NOFILE, &low));
  start = tinet__clock_us();
  TURN_UNTIL(n_starved == 1);
  T_EQ(EMFILE, err.number);
  T_EQ(TINET_ELIMIT, err.code);
  cpu = clock();
  while (tinet__clock_us() < start + 500000) {
    (void)tinet_loop_run_once(loop);
    n_turns++;
  }
  cpu = clock() - cpu;
  printf("# %ld us of CPU in half a second\n",
         (long)(cpu * 1000000 / CLOCKS_PER_SEC));
  T_OK(cpu < CLOCKS_PER_SEC / 20);
  T_OK(n_turns < 50); /* it looks away: no busy loop */
  T_EQ(1, n_starved); /* and says so once */
  T_EQ(0, n_accepted);
  T_EQ(0, setrlimit(RLIMIT_NOFILE, &old));
  TURN_UNTIL(n_accepted == 8);
  T_EQ(0, n_lasting);
  for (int i = 0; i < 8; i++)
    (void)close(fds[i]);
  drop_accepted();
  close_loop();
}

static void close_listener(tinet_listener *l, tinet_stream *s, void *user)
{
  (void)user;
  (void)tinet_stream_close(s);
  tinet_listener_close(l);
  listener = NULL;
}

static void a_callback_may_close_the_listener(void)
{
  tinet_endpoint e = {0};

  begin();
  T_EQ(0, tinet_listener_open(
              loop, &lo, &(tinet_listener_events){.on_accept = close_listener},
              NULL, &listener, NULL));
  T_EQ(0, tinet_listener_local(listener, &e));
  co.port = e.port;
  connect_to("127.0.0.1");
  TURN_UNTIL(listener == NULL && a.n_open == 1);
  close_loop();
}

static void a_listener_keeps_the_loop_and_a_quiet_stream_does_not(void)
{
  begin();
  co.port = listen_here(&lo);
  T_EQ(0, tinet_loop_post(loop, nothing, NULL));
  T_EQ(1, tinet_loop_run_once(loop)); /* more is to come */
  tinet_listener_close(listener);
  listener = NULL;
  T_EQ(0, tinet_loop_run(loop));
  close_loop();
}

static void connecting_has_a_timeout(void)
{
  int full, fds[3];
  struct sockaddr_in sin = {.sin_family = AF_INET};
  socklen_t len = sizeof sin;

  /* A queue that is full does not answer. */
  begin();
  full = socket(AF_INET, SOCK_STREAM, 0);
  sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  T_EQ(0, bind(full, (struct sockaddr *)&sin, sizeof sin));
  T_EQ(0, listen(full, 0));
  T_EQ(0, getsockname(full, (struct sockaddr *)&sin, &len));
  for (int i = 0; i < 3; i++) {
    fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    (void)connect(fds[i], (struct sockaddr *)&sin, sizeof sin);
  }
  co.port = ntohs(sin.sin_port);
  co.timeout_ms = 100;
  connect_to("127.0.0.1");
  TURN_UNTIL(a.n_errors == 1);
  T_EQ(TINET_ETIMEDOUT, a.err.code);
  T_EQ(ETIMEDOUT, a.err.number);
  T_EQ(0, tinet_loop_run(loop));
  for (int i = 0; i < 3; i++)
    (void)close(fds[i]);
  (void)close(full);
  close_loop();
}

static void a_connection_being_made_can_be_closed(void)
{
  begin();
  co.port = 9;
  connect_to("localhost");
  T_EQ(0, tinet_stream_close(a.stream));
  connect_to("127.0.0.1");
  (void)tinet_loop_run_once(loop);
  T_EQ(0, tinet_stream_close(a.stream));
  a.stream = NULL;
  T_EQ(0, tinet_loop_run(loop));
  T_EQ(0, a.n_open + a.n_errors);
  close_loop();
}

static void wrong_arguments_are_refused(void)
{
  char path[200];

  begin();
  T_EQ(TINET_EINVAL,
       tinet_stream_connect(loop, &co, &end_events, &a, &a.stream, &err));
  T_EQ(TINET_EINVAL, err.code);
  co.host = "localhost";
  T_EQ(TINET_EINVAL,
       tinet_stream_connect(loop, &co, &end_events, &a, &a.stream, NULL));
  co.port = 1;
  co.host = "a b";
  T_EQ(TINET_EURL,
       tinet_stream_connect(loop, &co, &end_events, &a, &a.stream, NULL));
  memset(path, 'x', sizeof path);
  path[199] = 0;
  co.path = path;
  T_EQ(TINET_EUNSUPPORTED,
       tinet_stream_connect(loop, &co, &end_events, &a, &a.stream, NULL));
  T_EQ(TINET_EINVAL,
       tinet_listener_open(loop, &lo, NULL, NULL, &listener, NULL));
  lo.struct_size = 0;
  T_EQ(TINET_EINVAL,
       tinet_listener_open(loop, &lo,
                           &(tinet_listener_events){.on_accept = on_accept_b},
                           NULL, &listener, NULL));
  close_loop();
}

static int try_connection(void)
{
  int rc;

  memset(&a, 0, sizeof a);
  if (tinet_loop_open(&loop) != 0)
    return TINET_ENOMEM;
  n_accepted = 0;
  tinet_listen_options_init(&lo);
  rc = tinet_listener_open(loop, &lo,
                           &(tinet_listener_events){.on_accept = keep}, NULL,
                           &listener, NULL);
  if (rc == 0) {
    tinet_endpoint e = {0};

    T_EQ(0, tinet_listener_local(listener, &e));
    tinet_connect_options_init(&co);
    co.host = "127.0.0.1";
    co.port = e.port;
    co.timeout_ms = 5000;
    rc = tinet_stream_connect(loop, &co, &end_events, &a, &a.stream, NULL);
  }
  while (rc == 0 && a.n_errors + a.n_open == 0)
    (void)tinet_loop_run_once(loop);
  rc = a.n_errors > 0 ? a.err.code : rc;
  (void)tinet_stream_close(a.stream);
  drop_accepted();
  tinet_listener_close(listener);
  listener = NULL;
  T_EQ(0, tinet_loop_close(loop));
  return rc;
}

static void connecting_survives_failing_allocations(void)
{
  T_EACH_ALLOCATION_FAILS(0, try_connection);
}

static int n_before;

static void no_descriptor_is_left(void)
{
  T_EQ(n_before, n_descriptors());
}

int main(void)
{
  T_RUN(the_default_is_both_loopback_addresses);
  n_before = n_descriptors();
  T_RUN(everything_is_both_families);
  T_RUN(one_address_is_only_that);
  T_RUN(the_second_address_is_tried_when_the_first_refuses);
  T_RUN(a_path_works_and_is_removed);
  T_RUN(a_path_left_behind_is_taken_over);
  T_RUN(a_full_backlog_of_a_path_is_waited_for);
  T_RUN(a_path_has_its_limit);
  T_RUN(a_port_in_use_is_told);
  if (geteuid() != 0 || low_ports_are_free())
    T_SKIP(a_privileged_port_is_refused, "needs root and low ports kept");
  else
    T_RUN(a_privileged_port_is_refused);
  T_RUN(a_paused_listener_leaves_them_waiting);
  T_RUN(a_lack_of_descriptors_is_lived_through);
  T_RUN(a_callback_may_close_the_listener);
  T_RUN(a_listener_keeps_the_loop_and_a_quiet_stream_does_not);
  T_RUN(connecting_has_a_timeout);
  T_RUN(a_connection_being_made_can_be_closed);
  T_RUN(wrong_arguments_are_refused);
  T_RUN(connecting_survives_failing_allocations);
  T_RUN(no_descriptor_is_left);
  return T_END();
}
