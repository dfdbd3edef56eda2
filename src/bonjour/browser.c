/* browser.c - from what is seen on each interface to a list, in batches.
 *
 * The back end tells of a service once for each interface and protocol; the
 * first makes an entry and the last takes it away.  Entries that differ from
 * what the application knows wait in a list: new ones for the next turn,
 * because somebody waits for them, and those that are gone for the end of the
 * batch, because another back end may bring them back.  A batch ends when the
 * back end has told all for now, or nothing has changed for a while, or changes
 * do not end.
 */
#include "front.h"

#include "../core/error.h"
#include "../core/str.h"

#include <string.h>

#define SETTLE_MS 50     /* without a change, a batch is over */
#define BATCH_MAX_MS 500 /* or after that, whatever comes */
#define MOVE_MS 2000     /* a back end tells all for now after 1.3 seconds */

struct tinet_bonjour_browser {
  struct tinet__bonjour_user user;
  char *type, *subtype; /* owned; type NULL: types are browsed for */
  uint32_t interface_index;
  size_t max_services;
  tinet_bonjour_browser_events events;
  void *arg; /* borrowed */
  struct tinet__entries entries;
  struct tinet__list changed, telling; /* entries, each in one at most */
  tinet__timer *batch;                 /* owned; runs while a batch is open */
  uint64_t batch_began_ms;
  struct tinet__deferred soon;
  tinet_error err; /* set: to be told */
  size_t n_told;   /* changes of the batch up to now */
  bool is_moving;  /* a batch with all that the last back end has seen */
  bool is_batch_open, is_batch_over, is_all_for_now, has_told_all;
  bool is_flushing, is_closed;
};

static void on_soon(void *arg);

static void free_browser(tinet_bonjour_browser *b)
{
  if (b->user.bonjour)
    tinet__defer_cancel(tinet__bonjour_loop(b->user.bonjour), &b->soon);
  tinet__timer_close(b->batch);
  tinet__bonjour_done(&b->user);
  tinet__entries_free(&b->entries);
  tinet__free(b->type);
  tinet__free(b->subtype);
  tinet__free(b);
}

void tinet_bonjour_browser_close(tinet_bonjour_browser *b)
{
  if (!b)
    return;
  b->is_closed = true;
  if (!b->is_flushing)
    free_browser(b);
}

TINET_DEFINE_CLEANUP(tinet_bonjour_browser, tinet_bonjour_browser_close)

void tinet_bonjour_browse_options_init(tinet_bonjour_browse_options *opt)
{
  *opt = (tinet_bonjour_browse_options){.struct_size = sizeof *opt};
}

/* ---- changes ---- */

static void tell_soon(tinet_bonjour_browser *b)
{
  tinet__defer(tinet__bonjour_loop(b->user.bonjour), &b->soon, on_soon, b);
}

static void extend_batch(tinet_bonjour_browser *b)
{
  uint64_t now = tinet__loop_now_ms(tinet__bonjour_loop(b->user.bonjour));

  if (b->is_moving)
    return;
  if (!b->is_batch_open)
    b->batch_began_ms = now;
  else if (now - b->batch_began_ms >= BATCH_MAX_MS - SETTLE_MS)
    return; /* it has been open long enough */
  b->is_batch_open = true;
  tinet__timer_start(b->batch, SETTLE_MS);
}

/* An entry whose count has changed: does the application have to know? */
static void note(tinet_bonjour_browser *b, struct tinet__entry *e)
{
  bool is_changed = (e->n_seen > 0) != e->is_reported;

  if (is_changed == tinet__list_is_linked(&e->changed))
    return;
  if (is_changed) {
    tinet__list_append(&b->changed, &e->changed);
    extend_batch(b);
    if (e->n_seen > 0)
      tell_soon(b);
    return;
  }
  tinet__list_remove(&e->changed);
  if (e->n_seen > 0)
    return;
  tinet__entries_remove(&b->entries, e); /* came and went unseen */
  tinet__free(e);
}

/* A stranger's record may say anything. */
static bool is_plausible(const tinet_bonjour_browser *b,
                         const struct tinet__browse_item *item)
{
  if (b->type)
    return tinet_bonjour_is_same(item->type, b->type) && item->name &&
           tinet_bonjour_check_name(item->name, NULL) == TINET_OK;
  for (const char *at = item->type; *at; at++)
    if (!tinet__is_alpha(*at) && !tinet__is_digit(*at) && !strchr("-_.", *at))
      return false;
  return item->type[0] == '_';
}

static void on_new(void *arg, const struct tinet__browse_item *item)
{
  tinet_bonjour_browser *b = arg;
  struct tinet__entry *e = tinet__entries_find(&b->entries, item);

  if (!is_plausible(b, item))
    return;
  if (!e && b->entries.n < b->max_services)
    e = tinet__entries_add(&b->entries, item);
  if (!e)
    return; /* more than a list can hold, or memory: it stays unseen */
  e->n_seen++;
  note(b, e);
}

static void on_remove(void *arg, const struct tinet__browse_item *item)
{
  tinet_bonjour_browser *b = arg;
  struct tinet__entry *e = tinet__entries_find(&b->entries, item);

  if (!e || e->n_seen == 0)
    return;
  e->n_seen--;
  note(b, e);
}

static void on_all_for_now(void *arg)
{
  tinet_bonjour_browser *b = arg;

  b->is_all_for_now = true;
  tell_soon(b);
}

static void on_failure(void *arg, const tinet_error *err)
{
  tinet_bonjour_browser *b = arg;

  b->err = *err;
  tell_soon(b);
}

static const struct tinet__browse_sink sink = {on_new, on_remove,
                                               on_all_for_now, on_failure};

/* ---- telling ---- */

/* One change; false: the application has closed the browser. */
static bool tell_change(tinet_bonjour_browser *b, struct tinet__entry *e)
{
  tinet__list_remove(&e->changed);
  e->is_reported = e->n_seen > 0;
  if (e->is_reported) {
    if (b->events.on_added)
      b->events.on_added(b, &e->text, b->arg);
    return !b->is_closed;
  }
  tinet__entries_remove(&b->entries, e);
  if (b->events.on_removed)
    b->events.on_removed(b, &e->text, b->arg);
  tinet__free(e);
  return !b->is_closed;
}

static struct tinet__entry *entry_of(struct tinet__list *l)
{
  return TINET__CONTAINER(l, struct tinet__entry, changed);
}

/* Sets apart what is to be told: all, or only what has come. */
static void collect(tinet_bonjour_browser *b, bool is_all)
{
  struct tinet__list *l = b->changed.next, *next;

  for (; l != &b->changed; l = next) {
    next = l->next;
    if (entry_of(l)->n_seen == 0 && !is_all)
      continue;
    tinet__list_remove(l);
    tinet__list_append(&b->telling, l);
  }
}

/* False: closed.  A callback may do something that the back end tells of at
 * once: entries come to `changed` then, and some vanish from `telling`. */
static bool tell_changes(tinet_bonjour_browser *b)
{
  while (!tinet__list_is_empty(&b->telling)) {
    b->n_told++;
    if (!tell_change(b, entry_of(b->telling.next)))
      return false;
  }
  return true;
}

static bool tell_batch(tinet_bonjour_browser *b)
{
  bool is_all = b->is_all_for_now;
  bool is_over = is_all || b->is_batch_over || b->err.code != TINET_OK;
  size_t n;

  b->is_all_for_now = b->is_batch_over = false;
  if (is_over) {
    b->is_batch_open = b->is_moving = false;
    tinet__timer_stop(b->batch);
  }
  collect(b, is_over);
  if (!tell_changes(b))
    return false;
  n = b->n_told;
  if (!is_over || (n == 0 && (!is_all || b->has_told_all)))
    return true;
  b->n_told = 0;
  b->has_told_all |= is_all;
  if (b->events.on_batch_done)
    b->events.on_batch_done(b, n, is_all, b->arg);
  return !b->is_closed;
}

static void on_soon(void *arg)
{
  tinet_bonjour_browser *b = arg;
  tinet_error err = b->err;

  b->is_flushing = true;
  if (tell_batch(b) && err.code != TINET_OK) {
    tinet__error_clear(&b->err);
    tinet__bonjour_leave(&b->user);
    if (b->events.on_error)
      b->events.on_error(b, &err, b->arg);
  }
  b->is_flushing = false;
  if (b->is_closed)
    free_browser(b);
}

static void on_batch_over(void *arg)
{
  tinet_bonjour_browser *b = arg;

  b->is_batch_over = true;
  on_soon(b); /* last, because it may free b */
}

/* ---- as a user ---- */

static int start(struct tinet__bonjour_user *user,
                 struct tinet__bonjour_backend *backend, tinet_error *err)
{
  tinet_bonjour_browser *b = (tinet_bonjour_browser *)user;
  const struct tinet__browse_request request = {
      .type = b->type,
      .subtype = b->subtype,
      .domain = "local",
      .interface_index = b->interface_index,
  };

  return backend->ops->browse(backend, &request, &sink, b, &user->job, err);
}

static void forget(struct tinet__entry *e, void *arg)
{
  e->n_seen = 0;
  note(arg, e);
}

/* What the new back end has not seen when it has told all for now, or after as
 * long as that takes, is taken back. */
static void on_stopped(struct tinet__bonjour_user *user)
{
  tinet_bonjour_browser *b = (tinet_bonjour_browser *)user;

  tinet__entries_each(&b->entries, forget, b);
  b->is_all_for_now = false; /* that was the other one's */
  if (tinet__list_is_empty(&b->changed))
    return;
  b->is_batch_open = b->is_moving = true;
  tinet__timer_start(b->batch, MOVE_MS);
}

static void on_failed(struct tinet__bonjour_user *user, const tinet_error *err)
{
  tinet_bonjour_browser *b = (tinet_bonjour_browser *)user;

  tinet__entries_each(&b->entries, forget, b);
  on_failure(b, err);
}

static const struct tinet__bonjour_user_ops user_ops = {start, on_stopped,
                                                        on_failed};

/* ---- opening ---- */

static int check_options(const tinet_bonjour *bonjour,
                         const tinet_bonjour_browse_options *opt,
                         tinet_error *err)
{
  int result = tinet_bonjour_check_domain(opt->domain, err);

  if (result == TINET_OK &&
      !tinet_bonjour_is_same(opt->type, TINET_BONJOUR_ALL_TYPES))
    result = tinet_bonjour_check_type(opt->type, err);
  if (result == TINET_OK && opt->subtype)
    result = tinet__bonjour_check_subtype(opt->subtype, err);
  if (result == TINET_OK)
    result = tinet__bonjour_check_declared(bonjour, opt->type, err);
  return result;
}

static int copy_options(tinet_bonjour_browser *b,
                        const tinet_bonjour_browse_options *opt)
{
  b->interface_index = opt->interface_index;
  if (tinet_bonjour_is_same(opt->type, TINET_BONJOUR_ALL_TYPES))
    return TINET_OK;
  b->type = tinet__bonjour_bare(opt->type);
  if (opt->subtype)
    b->subtype = tinet__strdup(opt->subtype);
  return b->type && (b->subtype || !opt->subtype) ? TINET_OK : TINET_ENOMEM;
}

int tinet_bonjour_browser_open(tinet_bonjour *bonjour,
                               const tinet_bonjour_browse_options *opt,
                               const tinet_bonjour_browser_events *events,
                               void *user, tinet_bonjour_browser **ret_browser,
                               tinet_error *err)
{
  TINET_CLEANUP(tinet_bonjour_browser_closep) tinet_bonjour_browser *b = NULL;
  int result;

  if (!bonjour || !opt || opt->struct_size != sizeof *opt || !events ||
      !ret_browser)
    return TINET_EINVAL;
  result = check_options(bonjour, opt, err);
  if (result < 0)
    return result;
  b = tinet__zalloc(sizeof *b);
  if (!b)
    return TINET_ENOMEM;
  tinet__list_init(&b->changed);
  tinet__list_init(&b->telling);
  b->max_services = tinet__bonjour_max_services(bonjour);
  b->events = *events;
  b->arg = user;
  result = copy_options(b, opt);
  if (result == TINET_OK)
    result = tinet__timer_open(tinet__bonjour_loop(bonjour), on_batch_over, b,
                               &b->batch);
  if (result == TINET_OK)
    result = tinet__bonjour_enter(&b->user, bonjour, &user_ops, err);
  if (result < 0)
    return result;
  *ret_browser = TINET_TAKE(b);
  return TINET_OK;
}
