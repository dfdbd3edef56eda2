/* test_socket_udp.c - datagrams over loopback. */
#include "core/alloc.h"
#include "core/loop.h"
#include "socket/udp_private.h"
#include "t.h"

#include <errno.h>
#include <unistd.h>

static tinet_loop *loop;

/* One socket, and what it was told. */
struct peer {
  tinet_udp *udp;
  char got[70000];
  size_t len, n_datagrams;
  tinet_endpoint from;
  bool is_truncated, echoes, closes_itself;
  int n_errors, n_drains;
  tinet_error err;
};
static struct peer a, b;

static void on_datagram(tinet_udp *udp, const tinet_datagram *d, void *user)
{
  struct peer *p = user;

  T_OK(udp == p->udp);
  p->n_datagrams++;
  p->len = d->len;
  p->from = d->from;
  p->is_truncated = d->is_truncated;
  memcpy(p->got, d->data, d->len);
  if (p->echoes)
    T_EQ(0, tinet_udp_send(udp, &d->from, d->data, d->len, NULL));
  if (!p->closes_itself)
    return;
  tinet_udp_close(udp);
  p->udp = NULL;
}

static void on_error(tinet_udp *udp, const tinet_error *err, void *user)
{
  struct peer *p = user;

  (void)udp;
  p->n_errors++;
  p->err = *err;
}

static void on_drain(tinet_udp *udp, void *user)
{
  struct peer *p = user;

  (void)udp;
  p->n_drains++;
}

static const tinet_udp_events events = {on_datagram, on_error, on_drain};

static void open_at(struct peer *p, const char *host)
{
  tinet_udp_options opt;

  tinet_udp_options_init(&opt);
  opt.host = host;
  T_EQ(0, tinet_udp_open(loop, &opt, &events, p, &p->udp, NULL));
  T_EQ(0, tinet_udp_receive_start(p->udp));
}

static tinet_endpoint at(const char *host, const struct peer *p)
{
  tinet_endpoint e = {0}, local = {0};

  T_EQ(0, tinet_udp_local(p->udp, &local));
  T_OK(local.port > 0);
  T_EQ(0, tinet_endpoint_parse(host, local.port, &e));
  return e;
}

static void begin(const char *host_a, const char *host_b)
{
  memset(&a, 0, sizeof a);
  memset(&b, 0, sizeof b);
  T_EQ(0, tinet_loop_open(&loop));
  open_at(&a, host_a);
  open_at(&b, host_b);
}

static void end(void)
{
  tinet_udp_close(a.udp);
  tinet_udp_close(b.udp);
  tinet_udp_close(NULL);
  T_EQ(0, tinet_loop_close(loop));
}

#define TURN_UNTIL(cond)                                                       \
  do {                                                                         \
    uint64_t end_ = tinet__clock_us() + 20000000;                              \
    while (!(cond) && tinet__clock_us() < end_)                                \
      if (tinet_loop_run_once(loop) == 0 && !(cond))                           \
        break;                                                                 \
    T_OK(cond);                                                                \
  } while (0)

static void a_datagram_is_answered(void)
{
  tinet_endpoint to;
  char text[TINET_ENDPOINT_TEXT_MAX];

  begin("127.0.0.1", "127.0.0.1");
  b.echoes = true;
  to = at("127.0.0.1", &b);
  T_EQ(0, tinet_udp_send(a.udp, &to, "marco", 5, NULL));
  TURN_UNTIL(a.n_datagrams == 1);
  T_MEM("marco", 5, a.got, a.len);
  tinet_endpoint_text(&a.from, text);
  T_STR("127.0.0.1", text);
  T_EQ(to.port, a.from.port);
  T_EQ(0, tinet_udp_send(a.udp, &to, NULL, 0, NULL));
  TURN_UNTIL(a.n_datagrams == 2);
  T_EQ(0, a.len);
  end();
}

static void a_dual_socket_hears_both_families(void)
{
  tinet_endpoint to;

  begin(NULL, "*");
  b.echoes = true;
  to = at("127.0.0.1", &b);
  T_EQ(0, tinet_udp_send(a.udp, &to, "four", 4, NULL));
  TURN_UNTIL(a.n_datagrams == 1);
  T_EQ(TINET_FAMILY_IPV4, a.from.family);
  to = at("::1", &b);
  T_EQ(0, tinet_udp_send(a.udp, &to, "six", 3, NULL));
  TURN_UNTIL(a.n_datagrams == 2);
  T_EQ(TINET_FAMILY_IPV6, a.from.family);
  end();
}

static void the_longest_datagram_arrives_whole(void)
{
  static char big[65508];
  tinet_endpoint to;
  tinet_error err;

  begin("127.0.0.1", "127.0.0.1");
  memset(big, 'x', sizeof big);
  big[65506] = '!';
  to = at("127.0.0.1", &b);
  T_EQ(0, tinet_udp_send(a.udp, &to, big, 65507, NULL));
  TURN_UNTIL(b.n_datagrams == 1);
  T_EQ(65507, b.len);
  T_EQ('!', b.got[65506]);
  T_OK(!b.is_truncated);
  T_EQ(TINET_EDATAGRAM, tinet_udp_send(a.udp, &to, big, 65508, &err));
  T_EQ(EMSGSIZE, err.number);
  end();
}

static void a_cut_datagram_says_so(void)
{
  tinet_udp_options opt;
  tinet_endpoint to;

  begin("127.0.0.1", "127.0.0.1");
  tinet_udp_close(b.udp);
  tinet_udp_options_init(&opt);
  opt.host = "127.0.0.1";
  opt.max_datagram = 4;
  T_EQ(0, tinet_udp_open(loop, &opt, &events, &b, &b.udp, NULL));
  T_EQ(0, tinet_udp_receive_start(b.udp));
  to = at("127.0.0.1", &b);
  T_EQ(0, tinet_udp_send(a.udp, &to, "12345", 5, NULL));
  TURN_UNTIL(b.n_datagrams == 1);
  T_OK(b.is_truncated);
  T_EQ(4, b.len);
  T_EQ(0, tinet_udp_send(a.udp, &to, "1234", 4, NULL));
  TURN_UNTIL(b.n_datagrams == 2);
  T_OK(!b.is_truncated);
  end();
}

static void a_connected_socket_has_one_peer(void)
{
  tinet_endpoint to, local, again;

  begin("127.0.0.1", "127.0.0.1");
  to = at("127.0.0.1", &b);
  T_EQ(TINET_ESTATE, tinet_udp_send(a.udp, NULL, "x", 1, NULL));
  T_EQ(0, tinet_udp_local(a.udp, &local));
  T_EQ(0, tinet_udp_connect(a.udp, &to, NULL));
  T_EQ(0, tinet_udp_send(a.udp, NULL, "hello", 5, NULL));
  TURN_UNTIL(b.n_datagrams == 1);
  T_EQ(local.port, b.from.port);
  T_EQ(0, tinet_udp_connect(a.udp, NULL, NULL));
  T_EQ(0, tinet_udp_local(a.udp, &again));
  T_EQ(local.port, again.port);
  T_EQ(TINET_ESTATE, tinet_udp_send(a.udp, NULL, "x", 1, NULL));
  end();
}

static void nobody_there_is_told_later(void)
{
  tinet_endpoint to;

  begin("127.0.0.1", "127.0.0.1");
  to = at("127.0.0.1", &b);
  tinet_udp_close(b.udp);
  b.udp = NULL;
  T_EQ(0, tinet_udp_connect(a.udp, &to, NULL));
  T_EQ(0, tinet_udp_send(a.udp, NULL, "hello", 5, NULL));
  TURN_UNTIL(a.n_errors == 1);
  T_EQ(TINET_EUNREACHABLE, a.err.code);
  T_EQ(ECONNREFUSED, a.err.number);
  tinet_udp_receive_stop(a.udp); /* now only a send can be told */
  T_EQ(0, tinet_udp_send(a.udp, NULL, "hello", 5, NULL));
  T_EQ(0, tinet_udp_send(a.udp, NULL, "hello", 5, NULL));
  T_EQ(1, a.n_errors);
  TURN_UNTIL(a.n_errors == 2);
  end();
}

static void a_broadcast_needs_leave(void)
{
  tinet_endpoint to = {0};
  tinet_error err;

  begin(NULL, NULL);
  T_EQ(0, tinet_endpoint_parse("127.255.255.255", at("::", &b).port, &to));
  T_EQ(TINET_EPERMISSION, tinet_udp_send(a.udp, &to, "all", 3, &err));
  T_EQ(EACCES, err.number);
  T_EQ(0, tinet_udp_set(a.udp, TINET_UDP_BROADCAST, 1));
  T_EQ(0, tinet_udp_send(a.udp, &to, "all", 3, &err));
  TURN_UNTIL(b.n_datagrams == 1);
  end();
}

static void a_group_on_loopback(const char *group_text, const char *host)
{
  tinet_endpoint group = {0};

  begin(host, host);
  T_EQ(0, tinet_endpoint_parse(group_text, at(host ? host : "::", &b).port,
                               &group));
  T_EQ(0, tinet_udp_join(b.udp, &group, "lo", NULL));
  T_EQ(TINET_EADDRESS, tinet_udp_join(b.udp, &group, "lo", NULL));
  T_EQ(0, tinet_udp_set_multicast_interface(a.udp, "lo"));
  T_EQ(0, tinet_udp_set(a.udp, TINET_UDP_MULTICAST_TTL, 0));
  T_EQ(0, tinet_udp_send(a.udp, &group, "group", 5, NULL));
  TURN_UNTIL(b.n_datagrams == 1);
  T_EQ(0, tinet_udp_leave(b.udp, &group, "1", NULL));
  T_EQ(TINET_EADDRESS, tinet_udp_leave(b.udp, &group, "lo", NULL));
  end();
}

static void groups_are_joined_and_left(void)
{
  a_group_on_loopback("239.1.2.3", NULL);
  a_group_on_loopback("239.1.2.3", "0.0.0.0");
  /* Loopback has no route for IPv6 groups: tests/sockets has two machines. */
}

static void groups_that_cannot_be_are_refused(void)
{
  tinet_endpoint e = {0};
  tinet_error err;

  begin("127.0.0.1", NULL);
  T_EQ(0, tinet_endpoint_parse("ff02::1", 0, &e));
  T_EQ(TINET_EINVAL, tinet_udp_join(a.udp, &e, NULL, NULL));
  T_EQ(TINET_EADDRESS, tinet_udp_join(b.udp, &e, "nothere", &err));
  T_EQ(ENODEV, err.number);
  T_EQ(0, tinet_endpoint_parse("10.0.0.1", 0, &e));
  T_EQ(TINET_EINVAL, tinet_udp_join(a.udp, &e, NULL, NULL));
  T_EQ(TINET_EADDRESS, tinet_udp_set_multicast_interface(a.udp, "nothere"));
  T_EQ(0, tinet_udp_set_multicast_interface(a.udp, NULL));
  end();
}

static void options_have_their_ranges(void)
{
  begin("127.0.0.1", NULL);
  T_EQ(TINET_EINVAL, tinet_udp_set(a.udp, TINET_UDP_TTL, 0));
  T_EQ(TINET_EINVAL, tinet_udp_set(a.udp, TINET_UDP_TTL, 256));
  T_EQ(TINET_EINVAL, tinet_udp_set(a.udp, TINET_UDP_BROADCAST, 2));
  T_EQ(TINET_EINVAL, tinet_udp_set(a.udp, (tinet_udp_option)99, 1));
  T_EQ(0, tinet_udp_set(a.udp, TINET_UDP_TTL, 64));
  T_EQ(0, tinet_udp_set(b.udp, TINET_UDP_TTL, 64));
  T_EQ(0, tinet_udp_set(b.udp, TINET_UDP_MULTICAST_LOOPBACK, 0));
  T_EQ(0, tinet_udp_set(b.udp, TINET_UDP_RECEIVE_BUFFER, 65536));
  T_EQ(0, tinet_udp_set(b.udp, TINET_UDP_SEND_BUFFER, 65536));
  end();
}

static void a_port_in_use_is_told(void)
{
  tinet_udp_options opt;
  tinet_udp *other = NULL;
  tinet_error err;

  begin("127.0.0.1", NULL);
  tinet_udp_options_init(&opt);
  opt.host = "127.0.0.1";
  opt.port = at("127.0.0.1", &a).port;
  T_EQ(TINET_EADDRESS, tinet_udp_open(loop, &opt, &events, NULL, &other, &err));
  T_EQ(EADDRINUSE, err.number);
  opt.host = "192.0.2.1";
  T_EQ(TINET_EADDRESS, tinet_udp_open(loop, &opt, &events, NULL, &other, &err));
  opt.host = "localhost";
  T_EQ(TINET_EINVAL, tinet_udp_open(loop, &opt, &events, NULL, &other, &err));
  opt.struct_size = 1;
  T_EQ(TINET_EINVAL, tinet_udp_open(loop, &opt, &events, NULL, &other, &err));
  T_OK(other == NULL);
  end();
}

static void a_queue_has_its_ceiling_and_drains(void)
{
  int fds[2], rc;
  tinet_udp *u = NULL;
  int family, n_queued = 0;

  /* A Unix-domain datagram pair says "full", which loopback UDP never does. */
  begin("127.0.0.1", NULL);
  u = a.udp;
  family = u->family;
  T_EQ(0, socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, fds));
  T_OK(dup2(fds[0], u->fd) == u->fd);
  tinet_udp_receive_stop(u);
  u->is_connected = true;
  u->max_queued = 4096;
  do {
    rc = tinet_udp_send(u, NULL, a.got, 1000, NULL);
    n_queued += rc == 1;
  } while (rc >= 0);
  T_EQ(TINET_ELIMIT, rc);
  T_EQ(3, n_queued);
  T_EQ(0, a.n_drains);
  while (recv(fds[1], a.got, sizeof a.got, 0) >= 0)
    continue;
  TURN_UNTIL(a.n_drains == 1);
  T_EQ(0, u->queued);
  u->family = family;
  (void)close(fds[0]);
  (void)close(fds[1]);
  end();
}

static void a_callback_may_close(void)
{
  tinet_endpoint to;

  begin("127.0.0.1", "127.0.0.1");
  b.closes_itself = true;
  to = at("127.0.0.1", &b);
  T_EQ(0, tinet_udp_send(a.udp, &to, "1", 1, NULL));
  T_EQ(0, tinet_udp_send(a.udp, &to, "2", 1, NULL));
  TURN_UNTIL(b.udp == NULL);
  T_EQ(1, b.n_datagrams);
  end();
}

static int try_open(void)
{
  tinet_udp_options opt;
  tinet_udp *u = NULL;
  int err;

  if (tinet_loop_open(&loop) != 0)
    return TINET_ENOMEM;
  tinet_udp_options_init(&opt);
  err = tinet_udp_open(loop, &opt, &events, NULL, &u, NULL);
  tinet_udp_close(u);
  T_EQ(0, tinet_loop_close(loop));
  return err;
}

static void opening_survives_failing_allocations(void)
{
  T_EACH_ALLOCATION_FAILS(0, try_open);
}

int main(void)
{
  T_RUN(a_datagram_is_answered);
  T_RUN(a_dual_socket_hears_both_families);
  T_RUN(the_longest_datagram_arrives_whole);
  T_RUN(a_cut_datagram_says_so);
  T_RUN(a_connected_socket_has_one_peer);
  T_RUN(nobody_there_is_told_later);
  T_RUN(a_broadcast_needs_leave);
  T_RUN(groups_are_joined_and_left);
  T_RUN(groups_that_cannot_be_are_refused);
  T_RUN(options_have_their_ranges);
  T_RUN(a_port_in_use_is_told);
  T_RUN(a_queue_has_its_ceiling_and_drains);
  T_RUN(a_callback_may_close);
  T_RUN(opening_survives_failing_allocations);
  return T_END();
}
