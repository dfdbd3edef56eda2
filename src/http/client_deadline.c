/* client_deadline.c - the two timeouts, with one timer for all clients of a
 * lane.  ti: HTTPClient.timeout
 *
 * Progress only notes the time.  When the timer fires, clients that moved
 * meanwhile push it on.  A late one is given one more turn of the loop before
 * it fails: the loop may have been blocked while its answer lay in the socket.
 */
#include "http_private.h"

#include "../core/error.h"

static void arm(struct tinet__lane *lane, uint64_t at_ms, uint64_t now_ms)
{
  if (at_ms >= lane->timer_at_ms)
    return;
  lane->timer_at_ms = at_ms;
  tinet__timer_start(lane->timer, at_ms > now_ms ? at_ms - now_ms : 0);
}

static uint64_t idle_end(const tinet_http_client *c)
{
  if (!c->timer_counts || c->settings.timeout_ms == 0)
    return UINT64_MAX;
  return c->moved_at_ms + (uint64_t)c->settings.timeout_ms;
}

static uint64_t next_end(const tinet_http_client *c)
{
  uint64_t end = idle_end(c);

  if (c->ends_at_ms != 0 && c->ends_at_ms < end)
    end = c->ends_at_ms;
  if (c->phase == TINET__WAITING && c->retry_at_ms < end)
    end = c->retry_at_ms;
  return end;
}

void tinet__deadline_start(tinet_http_client *c)
{
  /* Not the loop's cached time: the application may have been busy long. */
  uint64_t now = tinet__clock_us() / 1000;

  c->moved_at_ms = now;
  c->ends_at_ms = 0;
  if (c->settings.timeout_for_resource_ms != 0)
    c->ends_at_ms = now + (uint64_t)c->settings.timeout_for_resource_ms;
  c->is_suspect = false;
  c->timer_counts = true;
  tinet__list_append(&c->lane->running, &c->running_link);
  arm(c->lane, next_end(c), now);
}

void tinet__deadline_stop(tinet_http_client *c)
{
  tinet__list_remove(&c->running_link);
}

void tinet__deadline_moved(tinet_http_client *c)
{
  c->moved_at_ms = tinet__loop_now_ms(c->lane->loop);
  c->is_suspect = false;
}

void tinet__deadline_counts(tinet_http_client *c, bool counts)
{
  uint64_t now;

  if (counts == c->timer_counts && c->phase != TINET__WAITING)
    return;
  now = tinet__clock_us() / 1000;
  c->timer_counts = counts;
  c->moved_at_ms = now;
  c->is_suspect = false;
  arm(c->lane, next_end(c), now);
}

static void time_out(tinet_http_client *c, uint64_t now)
{
  tinet_error err;
  uint32_t generation = c->generation;
  const char *host = c->url.host ? c->url.host : c->raw_url;

  if (c->ends_at_ms != 0 && now >= c->ends_at_ms)
    tinet__error_set(&err, TINET_ETIMEDOUT, TINET_ORIGIN_TINET, 0,
                     "%s: not finished within %lld ms (timeoutForResource)",
                     host, (long long)c->settings.timeout_for_resource_ms);
  else
    tinet__error_set(&err, TINET_ETIMEDOUT, TINET_ORIGIN_TINET, 0,
                     "%s: nothing moved for %lld ms (timeout)", host,
                     (long long)c->settings.timeout_ms);
  tinet__client_leave_hop(c);
  tinet__client_report_hop(c, &err);
  if (c->generation == generation)
    tinet__client_fail(c, &err);
}

static bool is_late(tinet_http_client *c, uint64_t now)
{
  if (c->ends_at_ms != 0 && now >= c->ends_at_ms)
    return true;
  if (now < idle_end(c))
    return false;
  if (c->is_suspect)
    return true;
  c->is_suspect = true;
  return false;
}

static tinet_http_client *first_of(struct tinet__list *list)
{
  return TINET__CONTAINER(list->next, tinet_http_client, running_link);
}

static void move(tinet_http_client *c, struct tinet__list *to)
{
  tinet__list_remove(&c->running_link);
  tinet__list_append(to, &c->running_link);
}

/* Sorts the running clients: late, to be tried again, or the next to look at.
 */
static uint64_t sort(struct tinet__lane *lane, uint64_t now,
                     struct tinet__list *late, struct tinet__list *again)
{
  struct tinet__list *l, *following;
  uint64_t next = UINT64_MAX, end;

  for (l = lane->running.next; l != &lane->running; l = following) {
    tinet_http_client *c = TINET__CONTAINER(l, tinet_http_client, running_link);

    following = l->next;
    if (is_late(c, now)) {
      move(c, late);
    } else if (c->phase == TINET__WAITING && now >= c->retry_at_ms) {
      move(c, again);
    } else {
      end = c->is_suspect ? now + 1 : next_end(c);
      if (end < next)
        next = end;
    }
  }
  return next;
}

void tinet__lane_on_timer(void *arg)
{
  struct tinet__lane *lane = arg;
  uint64_t now = tinet__clock_us() / 1000;
  struct tinet__list late, again;
  tinet_http_client *c;

  lane->timer_at_ms = UINT64_MAX;
  tinet__list_init(&late);
  tinet__list_init(&again);
  arm(lane, sort(lane, now, &late, &again), now);
  while (!tinet__list_is_empty(&again)) {
    c = first_of(&again);
    move(c, &lane->running);
    c->phase = TINET__STARTING;
    tinet__client_retry(c);
  }
  /* Each outcome may free its client, others, or close everything: what is
   * left in `late` is all that is touched. */
  while (!tinet__list_is_empty(&late)) {
    c = first_of(&late);
    tinet__list_remove(&c->running_link);
    tinet__client_ref(c);
    time_out(c, now);
    tinet__client_unref(c);
  }
}
