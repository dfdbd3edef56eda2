/* test_http_queue.c - who may run, per origin and in all. */
#include "core/alloc.h"
#include "http/queue.h"
#include "t.h"

#define N 12

static struct tinet__queue q;
static struct tinet__ticket tickets[N];
static struct tinet__ticket *order[N];
static size_t n_admitted;

static void on_admitted(struct tinet__ticket *ticket)
{
  order[n_admitted++] = ticket;
}

static struct tinet__url url_of(const char *host, bool is_https)
{
  struct tinet__url url = {0};

  url.host = host;
  url.port = is_https ? 443 : 80;
  url.is_https = is_https;
  return url;
}

static int enter(const char *host, size_t i)
{
  struct tinet__url url = url_of(host, false);

  return tinet__queue_enter(&q, &url, &tickets[i]);
}

static void begin(uint32_t max_per_origin, uint32_t max_in_all)
{
  memset(tickets, 0, sizeof tickets);
  n_admitted = 0;
  tinet__queue_init(&q, max_per_origin, max_in_all, on_admitted);
}

static void end(void)
{
  for (size_t i = 0; i < N; i++)
    tinet__queue_leave(&q, &tickets[i]);
  tinet__queue_free(&q);
}

static void an_origin_has_its_own_limit(void)
{
  begin(2, 100);
  T_EQ(1, enter("a", 0));
  T_EQ(1, enter("a", 1));
  T_EQ(0, enter("a", 2));
  T_EQ(1, enter("b", 3));
  tinet__queue_leave(&q, &tickets[3]);
  T_EQ(0, n_admitted);
  tinet__queue_leave(&q, &tickets[0]);
  T_EQ(1, n_admitted);
  T_OK(order[0] == &tickets[2]);
  end();
}

static void waiting_is_first_in_first_out(void)
{
  begin(1, 100);
  for (size_t i = 0; i < 5; i++)
    T_EQ(i == 0, enter("a", i));
  tinet__queue_leave(&q, &tickets[2]); /* gives up */
  tinet__queue_leave(&q, &tickets[0]);
  tinet__queue_leave(&q, &tickets[1]);
  T_EQ(2, n_admitted);
  T_OK(order[0] == &tickets[1]);
  T_OK(order[1] == &tickets[3]);
  end();
}

static void the_limit_in_all_goes_round_the_origins(void)
{
  begin(6, 2);
  T_EQ(1, enter("a", 0));
  T_EQ(1, enter("a", 1));
  T_EQ(0, enter("a", 2));
  T_EQ(0, enter("b", 3));
  T_EQ(0, enter("a", 4));
  tinet__queue_leave(&q, &tickets[0]);
  T_EQ(1, n_admitted);
  tinet__queue_leave(&q, &tickets[1]);
  T_EQ(2, n_admitted);
  T_OK(order[0] != order[1]);
  T_OK(order[0] == &tickets[3] || order[1] == &tickets[3]);
  end();
}

static void http2_streams_share_a_connection(void)
{
  begin(1, 1);
  T_EQ(1, enter("a", 0));
  T_EQ(0, enter("a", 1));
  T_EQ(0, enter("a", 2));
  tinet__queue_is_h2(&q, &tickets[0]);
  tinet__queue_leave(&q, &tickets[0]);
  T_EQ(2, n_admitted);
  T_EQ(1, enter("a", 3));
  T_EQ(0, enter("b", 4));
  end();
}

static int enter_once(void)
{
  int err = enter("fresh", 0);

  tinet__queue_leave(&q, &tickets[0]);
  return err;
}

static void each_allocation_may_fail(void)
{
  begin(1, 1);
  T_EACH_ALLOCATION_FAILS(1, enter_once);
  end();
}

int main(void)
{
  T_RUN(an_origin_has_its_own_limit);
  T_RUN(waiting_is_first_in_first_out);
  T_RUN(the_limit_in_all_goes_round_the_origins);
  T_RUN(http2_streams_share_a_connection);
  T_RUN(each_allocation_may_fail);
  return T_END();
}
