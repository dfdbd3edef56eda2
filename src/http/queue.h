/* queue.h - how many requests run at once, per origin and in all.
 *
 * ti: HTTPClient.enableKeepAlive - six connections an origin for HTTP/1.1, one
 * with many streams for HTTP/2; what is over waits first in, first out per
 * origin.
 */
#ifndef TINET_HTTP_QUEUE_H
#define TINET_HTTP_QUEUE_H

#include "../core/list.h"
#include "../core/url.h"

#define TINET__QUEUE_BUCKETS 64

/* A place in the queue; embed it, zero-initialised. */
struct tinet__ticket {
  struct tinet__list link;      /* in the origin's list while waiting */
  struct tinet__origin *origin; /* NULL = neither waiting nor admitted */
  bool is_admitted;
  bool counts; /* against the limit in all */
};

struct tinet__queue {
  struct tinet__list buckets[TINET__QUEUE_BUCKETS];
  struct tinet__list ready_origins; /* waiting only for the limit in all */
  uint32_t max_per_origin;
  uint32_t max_in_all;
  uint32_t n_counted;
  size_t n_origins;
  void (*on_admitted)(struct tinet__ticket *ticket);
};

void tinet__queue_init(struct tinet__queue *q, uint32_t max_per_origin,
                       uint32_t max_in_all,
                       void (*on_admitted)(struct tinet__ticket *ticket));
/* 1: admitted at once; 0: waiting, on_admitted comes later (from inside a
 * tinet__queue_leave() of another); TINET_ENOMEM. */
int tinet__queue_enter(struct tinet__queue *q, const struct tinet__url *url,
                       struct tinet__ticket *ticket) TINET_MUST_CHECK;
/* The origin answers by HTTP/2: its requests share one connection. */
void tinet__queue_is_h2(struct tinet__queue *q, struct tinet__ticket *ticket);
/* Gives the place back, or stops waiting; may admit others.  Fine for a ticket
 * that never entered. */
void tinet__queue_leave(struct tinet__queue *q, struct tinet__ticket *ticket);
void tinet__queue_free(struct tinet__queue *q); /* all tickets have left */

#endif
