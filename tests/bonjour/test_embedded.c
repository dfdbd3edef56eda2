/* test_embedded.c - the embedded back end in a network of its own: loopback of
 * a new namespace.  Needs the right to make one (root); says so otherwise.
 */
#include "core/alloc.h"
#include "core/loop.h"
#include "unit/t.h"

#include <dirent.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <tinet/bonjour.h>
#include <unistd.h>

static tinet_loop *loop;
static tinet_bonjour *bonjour;
static tinet_bonjour_browser *browser;
static tinet_bonjour_service *services[12];
static int n_published, n_added, n_removed, n_resolved, n_errors;

#define TURN_UNTIL(cond)                                                       \
  do {                                                                         \
    uint64_t end_ = tinet__clock_us() + 30000000;                              \
    while (!(cond) && tinet__clock_us() < end_)                                \
      if (tinet_loop_run_once(loop) == 0 && !(cond))                           \
        break;                                                                 \
    T_OK(cond);                                                                \
  } while (0)

/* A network with nothing but a loopback interface. */
static bool leave_network(void)
{
  struct ifreq ifr = {.ifr_name = "lo", .ifr_flags = IFF_UP};
  int fd;
  bool is_up;

  if (unshare(CLONE_NEWNET) != 0)
    return false;
  fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  is_up = fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &ifr) == 0;
  (void)close(fd);
  return is_up;
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

static void begin(void)
{
  tinet_bonjour_options opt;

  n_published = n_added = n_removed = n_resolved = n_errors = 0;
  T_EQ(0, tinet_loop_open(&loop));
  tinet_bonjour_options_init(&opt);
  opt.backend = TINET_BONJOUR_BACKEND_EMBEDDED;
  opt.host_name = "box";
  T_EQ(0, tinet_bonjour_open(loop, &opt, &bonjour, NULL));
}

static void finish(void)
{
  tinet_bonjour_close(bonjour);
  T_EQ(0, tinet_loop_close(loop));
}

static void on_published(tinet_bonjour_service *s, const char *name, void *user)
{
  (void)s;
  (void)name;
  (void)user;
  (void)name;
  n_published++;
}

static void on_service_error(tinet_bonjour_service *s, const tinet_error *err,
                             void *user)
{
  (void)s;
  (void)user;
  T_FAIL("%s", err->text);
  n_errors++;
}

static const tinet_bonjour_service_events service_events = {
    .on_published = on_published, .on_error = on_service_error};

static void on_added(tinet_bonjour_browser *b, const tinet_bonjour_entry *e,
                     void *user)
{
  (void)b;
  (void)e;
  (void)user;
  (void)e;
  n_added++;
}

static void on_removed(tinet_bonjour_browser *b, const tinet_bonjour_entry *e,
                       void *user)
{
  (void)b;
  (void)e;
  (void)user;
  n_removed++;
}

static const tinet_bonjour_browser_events browser_events = {
    .on_added = on_added, .on_removed = on_removed};

static void on_resolved(tinet_bonjour_resolve *r,
                        const tinet_bonjour_resolved *found, void *user)
{
  tinet_slice value = {0};

  (void)user;
  T_STR("box.local.", found->host);
  T_EQ(1, found->n_endpoints);
  T_OK(tinet_bonjour_txt_find(found->txt, found->n_txt, "key", &value));
  T_MEM("value", 5, value.data, value.len);
  n_resolved++;
  tinet_bonjour_resolve_close(r);
}

static const tinet_bonjour_resolve_events resolve_events = {.on_resolved =
                                                                on_resolved};

static int publish(const char *name, tinet_bonjour_service **ret)
{
  static const tinet_slice txt[] = {{"key=value", 9}};
  static const char *const subtypes[] = {"_sub"};
  tinet_bonjour_publish_options opt;

  tinet_bonjour_publish_options_init(&opt);
  opt.name = name;
  opt.type = "_test._tcp";
  opt.port = 80;
  opt.txt = txt;
  opt.n_txt = 1;
  opt.subtypes = subtypes;
  opt.n_subtypes = 1;
  return tinet_bonjour_service_open(bonjour, &opt, &service_events, NULL, ret,
                                    NULL);
}

static int browse(void)
{
  tinet_bonjour_browse_options opt;

  tinet_bonjour_browse_options_init(&opt);
  opt.type = "_test._tcp";
  return tinet_bonjour_browser_open(bonjour, &opt, &browser_events, NULL,
                                    &browser, NULL);
}

static int resolve(const char *name, tinet_bonjour_resolve **ret)
{
  tinet_bonjour_resolve_options opt;

  tinet_bonjour_resolve_options_init(&opt);
  opt.name = name;
  opt.type = "_test._tcp";
  return tinet_bonjour_resolve_open(bonjour, &opt, &resolve_events, NULL, ret,
                                    NULL);
}

/* ---- tests ---- */

static void many_services_share_one_stack(void)
{
  static const char *const names[] = {"",  "",  "",  "",  "",  "a",
                                      "b", "c", "d", "e", "f", "g"};
  tinet_bonjour_resolve *resolving = NULL;
  const int n = (int)(sizeof services / sizeof *services);
  int at_first, before;

  begin(); /* libuv opens two for the process, once */
  finish();
  at_first = n_descriptors();
  begin();
  before = n_descriptors();
  T_EQ(0, browse());
  T_EQ(before + 3, n_descriptors()); /* IPv4, IPv6, netlink */
  for (int i = 0; i < n; i++)
    T_EQ(0, publish(i < 5 ? "Same" : names[i], &services[i]));
  T_EQ(before + 3, n_descriptors());
  TURN_UNTIL(n_published == n || n_errors > 0);
  TURN_UNTIL(n_added == n || n_errors > 0);
  T_EQ(0, resolve(tinet_bonjour_service_name(services[0]), &resolving));
  TURN_UNTIL(n_resolved == 1);
  for (int i = 0; i < n; i++)
    tinet_bonjour_service_close(services[i]);
  TURN_UNTIL(n_removed == n);
  tinet_bonjour_browser_close(browser);
  finish();
  T_EQ(at_first, n_descriptors());
}

static void everything_may_be_closed_before_a_turn(void)
{
  tinet_bonjour_resolve *resolving = NULL;

  begin();
  T_EQ(0, browse());
  T_EQ(0, publish("Foo", &services[0]));
  T_EQ(0, resolve("Foo", &resolving));
  tinet_bonjour_resolve_close(resolving);
  tinet_bonjour_service_close(services[0]);
  tinet_bonjour_browser_close(browser);
  finish();
}

static int browse_once(void)
{
  int result = browse();

  if (result == 0)
    tinet_bonjour_browser_close(browser);
  return result;
}

static int publish_once(void)
{
  int result = publish("Foo", &services[0]);

  if (result == 0)
    tinet_bonjour_service_close(services[0]);
  return result;
}

static int resolve_once(void)
{
  tinet_bonjour_resolve *resolving = NULL;
  int result = resolve("Foo", &resolving);

  if (result == 0)
    tinet_bonjour_resolve_close(resolving);
  return result;
}

static void the_stack_survives_a_lack_of_memory(void)
{
  begin();
  T_EACH_ALLOCATION_FAILS(0, browse_once);
  finish();
}

/* The stack is there already. */
static void jobs_survive_a_lack_of_memory(void)
{
  tinet_bonjour_service *other = NULL;

  begin();
  T_EQ(0, publish("Other", &other));
  TURN_UNTIL(n_published == 1);
  T_EACH_ALLOCATION_FAILS(0, browse_once);
  T_EACH_ALLOCATION_FAILS(0, publish_once);
  T_EACH_ALLOCATION_FAILS(0, resolve_once);
  tinet_bonjour_service_close(other);
  finish();
}

/* What rand() says next in a process that has just begun to use Bonjour. */
static int next_random(void)
{
  tinet_bonjour_service *service = NULL;
  int pipes[2], value = 0, status;
  pid_t child;

  T_EQ(0, pipe(pipes));
  child = fork();
  if (child == 0) {
    begin();
    T_EQ(0, publish("Random", &service));
    value = rand();
    _exit(write(pipes[1], &value, sizeof value) == (ssize_t)sizeof value ? 0
                                                                         : 1);
  }
  T_EQ(child, waitpid(child, &status, 0));
  T_EQ((int)sizeof value, (int)read(pipes[0], &value, sizeof value));
  (void)close(pipes[0]);
  (void)close(pipes[1]);
  return value;
}

/* First of all: a process that has opened a stack has seeded them for its
 * children. */
static void two_machines_do_not_wait_alike(void)
{
  T_OK(next_random() != next_random());
}

int main(void)
{
  if (!leave_network()) {
    T_SKIP(many_services_share_one_stack, "no network namespace can be made");
    return T_END();
  }
  T_RUN(two_machines_do_not_wait_alike);
  T_RUN(many_services_share_one_stack);
  T_RUN(everything_may_be_closed_before_a_turn);
  T_RUN(the_stack_survives_a_lack_of_memory);
  T_RUN(jobs_survive_a_lack_of_memory);
  return T_END();
}
