/* test_socket_address.c - addresses as text and values, and their order. */
#include "core/alloc.h"
#include "core/loop.h"
#include "socket/net.h"
#include "t.h"

#include <errno.h>
#include <net/if.h>

static void round_trip(const char *text, const char *want)
{
  tinet_endpoint e = {0};
  char back[TINET_ENDPOINT_TEXT_MAX];

  T_EQ(0, tinet_endpoint_parse(text, 80, &e));
  T_EQ(80, e.port);
  tinet_endpoint_text(&e, back);
  T_STR(want, back);
}

static void addresses_are_read_and_written(void)
{
  tinet_endpoint e = {0};
  char text[TINET_ENDPOINT_TEXT_MAX];

  round_trip("127.0.0.1", "127.0.0.1");
  round_trip("::1", "::1");
  round_trip("[::1]", "::1");
  round_trip("2001:DB8::0:1", "2001:db8::1");
  round_trip("fe80::1%lo", "fe80::1%lo");
  round_trip("[fe80::1%lo]", "fe80::1%lo");
  round_trip("fe80::1%1", "fe80::1%lo"); /* lo is always the first */
  T_EQ(TINET_EADDRESS, tinet_endpoint_parse("fe80::1%nothere", 1, &e));
  T_EQ(TINET_EADDRESS, tinet_endpoint_parse("fe80::1%", 1, &e));
  T_EQ(TINET_EADDRESS, tinet_endpoint_parse("fe80::1%99999999999", 1, &e));
  T_EQ(TINET_FAMILY_ANY, e.family); /* untouched */
  tinet_endpoint_text(&e, text);
  T_STR("", text);
  tinet_endpoint_text(NULL, text);
  T_STR("", text);
}

static void names_are_no_addresses(void)
{
  static const char *const all[] = {"",       "localhost", "127.1", "1.2.3.4.5",
                                    "[]",     "[::1",      "::1]",  "[1.2.3.4]",
                                    "1.2.3.", ":::",       "%lo",   "01.2.3.4"};
  tinet_endpoint e;
  char many[1024];

  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    T_EQ(TINET_EINVAL, tinet_endpoint_parse(all[i], 1, &e));
  memset(many, ':', sizeof many - 1);
  many[sizeof many - 1] = 0;
  T_EQ(TINET_EINVAL, tinet_endpoint_parse(many, 1, &e));
  T_EQ(TINET_EINVAL, tinet_endpoint_parse(NULL, 1, &e));
  T_EQ(TINET_EINVAL, tinet_endpoint_parse("::1", 1, NULL));
}

static void ipv4_travels_through_ipv6(void)
{
  tinet_endpoint e, back;
  struct tinet__sockaddr sa = {0};

  T_EQ(0, tinet_endpoint_parse("192.0.2.7", 53, &e));
  T_EQ(0, tinet__endpoint_to_sockaddr(&e, true, &sa));
  T_EQ(AF_INET6, sa.sa.ss_family);
  back = tinet__endpoint_of_sockaddr(&sa.sa);
  T_EQ(TINET_FAMILY_IPV4, back.family);
  T_EQ(53, back.port);
  T_MEM(e.address, 4, back.address, 4);
  e.family = TINET_FAMILY_UNIX;
  T_EQ(TINET_EINVAL, tinet__endpoint_to_sockaddr(&e, true, &sa));
}

static void paths_have_their_limit(void)
{
  struct tinet__sockaddr sa = {0};
  char path[109];

  memset(path, 'x', sizeof path);
  path[108] = 0;
  T_EQ(TINET_EUNSUPPORTED, tinet__sockaddr_of_path(path, &sa, NULL));
  path[107] = 0;
  T_EQ(0, tinet__sockaddr_of_path(path, &sa, NULL));
  T_EQ(TINET_FAMILY_UNIX, tinet__endpoint_of_sockaddr(&sa.sa).family);
  T_EQ(TINET_EINVAL, tinet__sockaddr_of_path("", &sa, NULL));
}

/* Each letter is an address: upper case IPv6, lower case IPv4. */
static void check_order(const char *given, const char *want)
{
  tinet_endpoint list[16] = {0};
  size_t n = strlen(given);
  char got[17] = "";

  for (size_t i = 0; i < n; i++) {
    list[i].family = given[i] < 'a' ? TINET_FAMILY_IPV6 : TINET_FAMILY_IPV4;
    list[i].port = (uint16_t)given[i];
  }
  tinet__interleave(list, n);
  for (size_t i = 0; i < n; i++)
    got[i] = (char)list[i].port;
  T_STR(want, got);
}

static void families_take_turns(void)
{
  check_order("", "");
  check_order("A", "A");
  check_order("ABCab", "AaBbC");
  check_order("abcA", "aAbc");
  check_order("AaBb", "AaBb");
  check_order("aABCDb", "aAbBCD");
  check_order("ABC", "ABC");
}

static tinet_endpoint found[8];
static size_t n_found;
static int n_calls, result;

static void on_resolved(const tinet_endpoint *endpoints, size_t n,
                        const tinet_error *err, void *user)
{
  (void)user;
  n_calls++;
  result = err ? err->code : 0;
  n_found = n < 8 ? n : 8;
  if (n > 0)
    memcpy(found, endpoints, n_found * sizeof *found);
}

static void ask(const char *host, tinet_family family)
{
  tinet_loop *loop;

  n_calls = 0;
  T_EQ(0, tinet_loop_open(&loop));
  T_EQ(0, tinet_resolve_start(loop, host, family, on_resolved, NULL, NULL));
  T_EQ(0, n_calls);
  T_EQ(0, tinet_loop_run(loop));
  T_EQ(1, n_calls);
  T_EQ(0, tinet_loop_close(loop));
}

static void names_are_resolved(void)
{
  ask("localhost", TINET_FAMILY_IPV4);
  T_EQ(0, result);
  T_EQ(1, n_found);
  T_EQ(0, found[0].port);
  T_EQ(127, found[0].address[0]);
  ask("::1", TINET_FAMILY_ANY);
  T_EQ(1, n_found);
  ask("::1", TINET_FAMILY_IPV4);
  T_EQ(TINET_ERESOLVE, result);
  ask("fe80::1%nothere", TINET_FAMILY_ANY);
  T_EQ(TINET_ERESOLVE, result);
}

static void a_cancelled_look_up_says_nothing(void)
{
  tinet_loop *loop;
  tinet_resolve *r = NULL;

  n_calls = 0;
  T_EQ(0, tinet_loop_open(&loop));
  T_EQ(0, tinet_resolve_start(loop, "localhost", TINET_FAMILY_ANY, on_resolved,
                              NULL, &r));
  tinet_resolve_cancel(r);
  T_EQ(0, tinet_resolve_start(loop, "::1", TINET_FAMILY_ANY, on_resolved, NULL,
                              &r));
  tinet_resolve_cancel(r);
  tinet_resolve_cancel(NULL);
  T_EQ(0, tinet_loop_run(loop));
  T_EQ(0, n_calls);
  T_EQ(0, tinet_loop_close(loop));
}

static void impossible_names_are_refused_at_once(void)
{
  tinet_loop *loop;

  T_EQ(0, tinet_loop_open(&loop));
  T_EQ(TINET_EURL, tinet_resolve_start(loop, "", TINET_FAMILY_ANY, on_resolved,
                                       NULL, NULL));
  T_EQ(TINET_EURL, tinet_resolve_start(loop, "a b", TINET_FAMILY_ANY,
                                       on_resolved, NULL, NULL));
  T_EQ(TINET_EINVAL, tinet_resolve_start(loop, NULL, TINET_FAMILY_ANY,
                                         on_resolved, NULL, NULL));
  T_EQ(TINET_EINVAL,
       tinet_resolve_start(loop, "a", TINET_FAMILY_ANY, NULL, NULL, NULL));
  T_EQ(0, tinet_loop_close(loop));
}

static int try_resolve(void)
{
  tinet_loop *loop;
  int err;

  if (tinet_loop_open(&loop) != 0)
    return TINET_ENOMEM;
  n_calls = result = 0;
  err = tinet_resolve_start(loop, "localhost", TINET_FAMILY_ANY, on_resolved,
                            NULL, NULL);
  (void)tinet_loop_run(loop);
  T_EQ(err == 0, n_calls);
  T_EQ(0, tinet_loop_close(loop));
  return err < 0 ? err : result;
}

static void looking_up_survives_failing_allocations(void)
{
  T_EACH_ALLOCATION_FAILS(0, try_resolve);
}

static void errnos_have_their_codes(void)
{
  T_EQ(TINET_EADDRESS, tinet__socket_code(EADDRINUSE));
  T_EQ(TINET_EPERMISSION, tinet__socket_code(EACCES));
  T_EQ(TINET_EDATAGRAM, tinet__socket_code(EMSGSIZE));
  T_EQ(TINET_ELIMIT, tinet__socket_code(EMFILE));
  T_EQ(TINET_ECLOSED, tinet__socket_code(EPIPE));
  T_EQ(TINET_ESYSTEM, tinet__socket_code(EBADF));
  T_EQ(TINET_ECONNECT, tinet__connect_code(ECONNREFUSED));
  T_EQ(TINET_EUNREACHABLE, tinet__connect_code(EHOSTUNREACH));
}

int main(void)
{
  T_RUN(addresses_are_read_and_written);
  T_RUN(names_are_no_addresses);
  T_RUN(ipv4_travels_through_ipv6);
  T_RUN(paths_have_their_limit);
  T_RUN(families_take_turns);
  T_RUN(names_are_resolved);
  T_RUN(a_cancelled_look_up_says_nothing);
  T_RUN(impossible_names_are_refused_at_once);
  T_RUN(looking_up_survives_failing_allocations);
  T_RUN(errnos_have_their_codes);
  return T_END();
}
