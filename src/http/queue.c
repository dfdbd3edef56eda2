/* queue.c - admission of requests, per origin and in all.
 *
 * Origins live in a small hash table while they have requests; one that is
 * known to speak HTTP/2 is remembered afterwards, up to a ceiling.
 */
#include "queue.h"

#include "../core/alloc.h"

#include <string.h>

#define MAX_H2_STREAMS 100    /* what servers commonly allow at least */
#define MAX_IDLE_ORIGINS 1024 /* remembered only to know HTTP/2 */

struct tinet__origin {
  struct tinet__list link;       /* in its bucket */
  struct tinet__list ready_link; /* in ready_origins */
  struct tinet__list waiting;    /* tickets */
  uint32_t n_active;
  int port;
  bool is_https;
  bool is_h2;
  char host[];
};

static unsigned bucket_of(const struct tinet__url *url)
{
  uint32_t h = 2166136261u;

  for (const char *p = url->host; *p; p++)
    h = (h ^ (unsigned char)*p) * 16777619u;
  h = (h ^ (uint32_t)url->port) * 16777619u;
  return (h ^ (h >> 16)) % TINET__QUEUE_BUCKETS;
}

static struct tinet__origin *find(struct tinet__queue *q, unsigned bucket,
                                  const struct tinet__url *url)
{
  struct tinet__list *head = &q->buckets[bucket];

  for (struct tinet__list *l = head->next; l != head; l = l->next) {
    struct tinet__origin *o = TINET__CONTAINER(l, struct tinet__origin, link);

    if (o->port == url->port && o->is_https == url->is_https &&
        strcmp(o->host, url->host) == 0)
      return o;
  }
  return NULL;
}

static void forget(struct tinet__queue *q, struct tinet__origin *o)
{
  tinet__list_remove(&o->link);
  tinet__list_remove(&o->ready_link);
  q->n_origins--;
  tinet__free(o);
}

static struct tinet__origin *add(struct tinet__queue *q, unsigned bucket,
                                 const struct tinet__url *url)
{
  size_t len = strlen(url->host);
  struct tinet__origin *o = tinet__zalloc(sizeof *o + len + 1);

  if (!o)
    return NULL;
  memcpy(o->host, url->host, len + 1);
  o->port = url->port;
  o->is_https = url->is_https;
  tinet__list_init(&o->waiting);
  tinet__list_append(&q->buckets[bucket], &o->link);
  q->n_origins++;
  return o;
}

/* A second stream of an HTTP/2 connection costs no connection. */
static bool costs_connection(const struct tinet__origin *o)
{
  return !o->is_h2 || o->n_active == 0;
}

static bool has_room(const struct tinet__queue *q,
                     const struct tinet__origin *o)
{
  uint32_t max = o->is_h2 && q->max_per_origin < MAX_H2_STREAMS
                     ? MAX_H2_STREAMS
                     : q->max_per_origin;

  return o->n_active < max;
}

static bool may_run(const struct tinet__queue *q, const struct tinet__origin *o)
{
  return has_room(q, o) &&
         (!costs_connection(o) || q->n_counted < q->max_in_all);
}

static void admit(struct tinet__queue *q, struct tinet__origin *o,
                  struct tinet__ticket *ticket)
{
  ticket->counts = costs_connection(o);
  q->n_counted += ticket->counts;
  o->n_active++;
  ticket->is_admitted = true;
}

void tinet__queue_init(struct tinet__queue *q, uint32_t max_per_origin,
                       uint32_t max_in_all,
                       void (*on_admitted)(struct tinet__ticket *ticket))
{
  memset(q, 0, sizeof *q);
  for (size_t i = 0; i < TINET__QUEUE_BUCKETS; i++)
    tinet__list_init(&q->buckets[i]);
  tinet__list_init(&q->ready_origins);
  q->max_per_origin = max_per_origin;
  q->max_in_all = max_in_all;
  q->on_admitted = on_admitted;
}

int tinet__queue_enter(struct tinet__queue *q, const struct tinet__url *url,
                       struct tinet__ticket *ticket)
{
  unsigned bucket = bucket_of(url);
  struct tinet__origin *o = find(q, bucket, url);

  if (!o)
    o = add(q, bucket, url);
  if (!o)
    return TINET_ENOMEM;
  ticket->origin = o;
  if (tinet__list_is_empty(&o->waiting) && may_run(q, o)) {
    admit(q, o, ticket);
    return 1;
  }
  tinet__list_append(&o->waiting, &ticket->link);
  if (has_room(q, o) && !tinet__list_is_linked(&o->ready_link))
    tinet__list_append(&q->ready_origins, &o->ready_link);
  return 0;
}

void tinet__queue_is_h2(struct tinet__queue *q, struct tinet__ticket *ticket)
{
  (void)q;
  if (ticket->origin)
    ticket->origin->is_h2 = true;
}

/* Admits the first that waits for `o`, if it may run. */
static bool admit_next(struct tinet__queue *q, struct tinet__origin *o)
{
  struct tinet__ticket *next;

  if (tinet__list_is_empty(&o->waiting) || !may_run(q, o))
    return false;
  next = TINET__CONTAINER(o->waiting.next, struct tinet__ticket, link);
  tinet__list_remove(&next->link);
  if (tinet__list_is_empty(&o->waiting))
    tinet__list_remove(&o->ready_link);
  admit(q, o, next);
  q->on_admitted(next);
  return true;
}

/* Somebody left: who waits for the limit in all goes first, in turn. */
static void admit_others(struct tinet__queue *q)
{
  while (!tinet__list_is_empty(&q->ready_origins)) {
    struct tinet__origin *o = TINET__CONTAINER(
        q->ready_origins.next, struct tinet__origin, ready_link);

    if (has_room(q, o) && !may_run(q, o))
      return; /* keeps its turn */
    tinet__list_remove(&o->ready_link);
    if (!has_room(q, o))
      continue; /* its own requests bring it back */
    tinet__list_append(&q->ready_origins, &o->ready_link);
    (void)admit_next(q, o); /* there is one, or it would not be ready */
  }
}

/* Requests of a finished origin keep being admitted in bursts for HTTP/2. */
static void admit_same(struct tinet__queue *q, struct tinet__origin *o)
{
  while (admit_next(q, o))
    continue;
  if (!tinet__list_is_empty(&o->waiting) && has_room(q, o) &&
      !tinet__list_is_linked(&o->ready_link))
    tinet__list_append(&q->ready_origins, &o->ready_link);
}

void tinet__queue_leave(struct tinet__queue *q, struct tinet__ticket *ticket)
{
  struct tinet__origin *o = ticket->origin;

  if (!o)
    return;
  if (ticket->is_admitted) {
    o->n_active--;
    q->n_counted -= ticket->counts;
  } else {
    tinet__list_remove(&ticket->link);
    if (tinet__list_is_empty(&o->waiting))
      tinet__list_remove(&o->ready_link);
  }
  memset(ticket, 0, sizeof *ticket);
  o->n_active++; /* keeps it alive while others are admitted */
  if (!tinet__list_is_empty(&q->ready_origins))
    admit_others(q);
  o->n_active--;
  if (!tinet__list_is_empty(&o->waiting))
    admit_same(q, o);
  else if (o->n_active == 0 && (!o->is_h2 || q->n_origins > MAX_IDLE_ORIGINS))
    forget(q, o);
}

void tinet__queue_free(struct tinet__queue *q)
{
  for (size_t i = 0; i < TINET__QUEUE_BUCKETS; i++)
    while (!tinet__list_is_empty(&q->buckets[i]))
      forget(q,
             TINET__CONTAINER(q->buckets[i].next, struct tinet__origin, link));
}
