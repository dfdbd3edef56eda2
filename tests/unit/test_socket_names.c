/* test_socket_names.c - names whose answers come late, one by one, or never.
 *
 * The resolver is linked in: each family's answer waits behind a gate.
 */
#include "socket_fixture.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/resource.h>

#define BOTH 0
#define FOUR 1
#define SIX 2

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t moved = PTHREAD_COND_INITIALIZER;
static bool is_open[3];      /* the gates */
static const char *texts[3]; /* addresses, the first to be tried first */
static int n_asked[3];

static int gate_of(int family)
{
  return family == AF_INET ? FOUR : family == AF_INET6 ? SIX : BOTH;
}

static struct addrinfo *new_address(const char *text)
{
  struct addrinfo *ai = calloc(1, sizeof *ai + sizeof(struct sockaddr_in6));
  bool is_six = strchr(text, ':') != NULL;
  struct sockaddr_in6 *six = (struct sockaddr_in6 *)(ai + 1);
  struct sockaddr_in *four = (struct sockaddr_in *)(ai + 1);

  ai->ai_addr = (struct sockaddr *)(ai + 1);
  ai->ai_family = ai->ai_addr->sa_family = is_six ? AF_INET6 : AF_INET;
  ai->ai_addrlen = is_six ? sizeof *six : sizeof *four;
  (void)inet_pton(ai->ai_family, text,
                  is_six ? (void *)&six->sin6_addr : (void *)&four->sin_addr);
  return ai;
}

static struct addrinfo *new_list(const char *all)
{
  struct addrinfo *first = NULL, **next = &first;
  char copy[200], *rest = copy, *text;

  (void)snprintf(copy, sizeof copy, "%s", all);
  while ((text = strtok_r(rest, " ", &rest))) {
    *next = new_address(text);
    next = &(*next)->ai_next;
  }
  return first;
}

int getaddrinfo(const char *host, const char *service,
                const struct addrinfo *hints, struct addrinfo **ret)
{
  int gate = gate_of(hints->ai_family);

  (void)host;
  (void)service;
  (void)pthread_mutex_lock(&lock);
  n_asked[gate]++;
  (void)pthread_cond_broadcast(&moved);
  while (!is_open[gate])
    (void)pthread_cond_wait(&moved, &lock);
  *ret = texts[gate] ? new_list(texts[gate]) : NULL;
  (void)pthread_mutex_unlock(&lock);
  return *ret ? 0 : EAI_NONAME;
}

void freeaddrinfo(struct addrinfo *list)
{
  while (list) {
    struct addrinfo *next = list->ai_next;

    free(list);
    list = next;
  }
}

static void open_gate(int gate)
{
  (void)pthread_mutex_lock(&lock);
  is_open[gate] = true;
  (void)pthread_cond_broadcast(&moved);
  (void)pthread_mutex_unlock(&lock);
}

static void *open_later(void *gate)
{
  (void)usleep(100000);
  open_gate(*(int *)gate);
  return NULL;
}

static int n_threads(void)
{
  DIR *dir = opendir("/proc/self/task");
  int n = -2; /* "." and ".." */

  while (dir && readdir(dir))
    n++;
  if (dir)
    (void)closedir(dir);
  return n;
}

static void wait_until_asked(int gate)
{
  (void)pthread_mutex_lock(&lock);
  while (n_asked[gate] == 0)
    (void)pthread_cond_wait(&moved, &lock);
  (void)pthread_mutex_unlock(&lock);
}

static tinet_connect_options co;

static void begin(const char *both, const char *four, const char *six)
{
  static tinet_listen_options lo;

  open_loop();
  memset(is_open, 0, sizeof is_open);
  memset(n_asked, 0, sizeof n_asked);
  texts[BOTH] = both;
  texts[FOUR] = four;
  texts[SIX] = six;
  tinet_listen_options_init(&lo);
  tinet_connect_options_init(&co);
  co.host = "name.test";
  co.port = listen_here(&lo);
}

static void dial(void)
{
  T_EQ(0, tinet_stream_connect(loop, &co, &end_events, &a, &a.stream, NULL));
}

/* What was given up holds nothing: first the loop ends, then the threads. */
static void end(void)
{
  tinet_listener_close(listener);
  listener = NULL;
  (void)tinet_stream_close(a.stream);
  a.stream = NULL;
  T_EQ(0, tinet_loop_run(loop));
  close_loop();
  for (int i = 0; i < 3; i++)
    open_gate(i);
  while (n_threads() > 1)
    (void)usleep(1000);
}

static void connected_to(const char *want)
{
  char text[TINET_ENDPOINT_TEXT_MAX];
  tinet_endpoint e = {0};

  TURN_UNTIL(a.n_open + a.n_errors == 1 && b.stream != NULL);
  T_EQ(1, a.n_open);
  T_EQ(0, tinet_stream_peer(a.stream, &e));
  tinet_endpoint_text(&e, text);
  T_STR(want, text);
}

static void the_order_of_the_answer_is_kept(void)
{
  begin("::1 127.0.0.1", NULL, NULL);
  open_gate(BOTH);
  dial();
  connected_to("::1");
  T_EQ(0, n_asked[FOUR] + n_asked[SIX]);
  end();
  begin("127.0.0.1 ::1", NULL, NULL);
  open_gate(BOTH);
  dial();
  connected_to("127.0.0.1");
  end();
}

static void a_lost_answer_for_ipv6_holds_up_nobody(void)
{
  uint64_t start = tinet__clock_us();

  begin("::1 127.0.0.1", "127.0.0.1", "::1");
  open_gate(FOUR);
  dial();
  connected_to("127.0.0.1");
  /* the resolution delay, of a clock that counts whole milliseconds */
  T_OK(tinet__clock_us() - start >= 49000);
  T_EQ(1, n_asked[BOTH]);
  end();
}

static void a_lost_answer_for_ipv4_holds_up_nobody(void)
{
  begin("::1 127.0.0.1", "127.0.0.1", "::1");
  open_gate(SIX);
  dial();
  connected_to("::1");
  end();
}

static void what_becomes_known_later_is_tried(void)
{
  int gate = SIX;
  pthread_t thread;

  begin("::1 127.0.0.9", "127.0.0.9", "::1"); /* nobody listens on .9 */
  open_gate(FOUR);
  T_EQ(0, pthread_create(&thread, NULL, open_later, &gate));
  dial();
  connected_to("::1");
  T_EQ(0, pthread_join(thread, NULL));
  end();
}

static void both_single_answers_are_all(void)
{
  begin(NULL, "127.0.0.9", NULL);
  open_gate(FOUR);
  open_gate(SIX);
  dial();
  TURN_UNTIL(a.n_errors == 1); /* and nobody waits for the third */
  T_EQ(TINET_ECONNECT, a.err.code);
  end();
}

static void no_answer_is_told_once(void)
{
  int gate = BOTH;
  pthread_t thread;

  begin(NULL, NULL, NULL);
  open_gate(FOUR);
  open_gate(SIX);
  T_EQ(0, pthread_create(&thread, NULL, open_later, &gate));
  dial();
  TURN_UNTIL(a.n_errors == 1);
  T_OK(is_open[BOTH]); /* it has the error */
  T_EQ(TINET_ERESOLVE, a.err.code);
  T_EQ(TINET_ORIGIN_RESOLVER, a.err.origin);
  T_EQ(0, a.n_open);
  T_EQ(0, pthread_join(thread, NULL));
  end();
}

static void a_timeout_does_not_wait_for_the_resolver(void)
{
  begin(NULL, NULL, NULL);
  co.timeout_ms = 100;
  dial();
  TURN_UNTIL(a.n_errors == 1);
  T_EQ(TINET_ETIMEDOUT, a.err.code);
  end();
}

static void on_never(const tinet_endpoint *list, size_t n,
                     const tinet_error *err, void *user)
{
  (void)list;
  (void)n;
  (void)err;
  (void)user;
  T_FAIL("it was cancelled");
}

static void look_ups_have_their_ceiling(void)
{
  tinet_resolve *all[40];

  begin("::1", NULL, NULL);
  for (int i = 0; i < 40; i++)
    T_EQ(0, tinet_resolve_start(loop, "name.test", TINET_FAMILY_ANY, on_never,
                                NULL, &all[i]));
  wait_until_asked(BOTH);
  for (int i = 0; i < 40; i++) /* some run, the others wait */
    tinet_resolve_cancel(all[i]);
  T_OK(n_asked[BOTH] <= 16);
  end();
}

/* The answer is there, the callback has not come. */
static void an_answer_can_be_cancelled(void)
{
  tinet_resolve *r = NULL;

  begin("::1", NULL, NULL);
  open_gate(BOTH);
  T_EQ(0, tinet_resolve_start(loop, "name.test", TINET_FAMILY_ANY, on_never,
                              NULL, &r));
  while (n_threads() > 1)
    (void)usleep(1000);
  T_EQ(1, n_asked[BOTH]);
  tinet_resolve_cancel(r);
  end();
}

static int try_dial(void)
{
  int err;

  if (tinet_loop_open(&loop) != 0)
    return TINET_ENOMEM;
  memset(&a, 0, sizeof a);
  err = tinet_stream_connect(loop, &co, &end_events, &a, &a.stream, NULL);
  (void)tinet_loop_run(loop);
  T_EQ(err == 0, a.n_errors); /* nobody listens there */
  (void)tinet_stream_close(a.stream);
  T_EQ(0, tinet_loop_close(loop));
  err = err < 0 ? err : a.err.code;
  return err == TINET_ENOMEM ? -2 : err;
}

static void dialling_survives_failing_allocations(void)
{
  begin("127.0.0.9", NULL, NULL);
  open_gate(BOTH);
  end();
  is_open[BOTH] = true;
  T_EACH_ALLOCATION_FAILS(TINET_ECONNECT, try_dial);
}

static void no_descriptor_is_left(void)
{
  int before = n_descriptors();

  a_lost_answer_for_ipv6_holds_up_nobody();
  what_becomes_known_later_is_tried();
  T_EQ(before, n_descriptors());
}

int main(void)
{
  T_RUN(the_order_of_the_answer_is_kept);
  T_RUN(a_lost_answer_for_ipv6_holds_up_nobody);
  T_RUN(a_lost_answer_for_ipv4_holds_up_nobody);
  T_RUN(what_becomes_known_later_is_tried);
  T_RUN(both_single_answers_are_all);
  T_RUN(no_answer_is_told_once);
  T_RUN(a_timeout_does_not_wait_for_the_resolver);
  T_RUN(look_ups_have_their_ceiling);
  T_RUN(an_answer_can_be_cancelled);
  T_RUN(dialling_survives_failing_allocations);
  T_RUN(no_descriptor_is_left);
  return T_END();
}
