/* bonjour.c - the loop's Bonjour: which back end is at work, and for whom.
 *
 * Back ends stand in the order of preference.  The first that is ready is at
 * work; one that is still starting is waited for; one that is absent is passed
 * over, but stays open if it can come back.  Whenever that picture changes, a
 * turn of our own takes every job from one back end to the other.  When the
 * last user has left, another turn closes them all.
 */
#include "front.h"

#include "../core/error.h"
#include "../core/str.h"

#include <string.h>

#define MAX_SERVICES 10000 /* what a list for people can hold */
#define MAX_BACKENDS 2

enum slot_state {
  SLOT_CLOSED,
  SLOT_STARTING,
  SLOT_READY,
  SLOT_ABSENT, /* open, and may become ready again */
  SLOT_FAILED, /* closed, or waits to be; tried again for the next user */
};

struct slot {
  const struct tinet__bonjour_ops *ops;
  struct tinet__bonjour_backend *backend; /* owned */
  tinet_bonjour *bonjour;
  enum slot_state state;
  bool has_dropped; /* its jobs, which may be before it was ready again */
  bool is_last;     /* nothing to fall back to: not kept when it is absent */
  tinet_error err;
};

struct tinet_bonjour {
  tinet_loop *loop;
  struct slot slots[MAX_BACKENDS];
  size_t n_slots;
  struct slot *active;      /* NULL: none */
  struct tinet__list users; /* those that are in */
  struct tinet__deferred turn;
  size_t n_refs;   /* the owner's, and one a user */
  char *host_name; /* owned; NULL = the system's */
  char **declared; /* owned */
  size_t n_declared, max_services;
  bool is_strict;
};

static void unref(tinet_bonjour *b);

static void tinet_bonjour_drop(tinet_bonjour *b)
{
  tinet_bonjour_close(b);
}

TINET_DEFINE_CLEANUP(tinet_bonjour, tinet_bonjour_drop)

void tinet_bonjour_options_init(tinet_bonjour_options *opt)
{
  *opt = (tinet_bonjour_options){.struct_size = sizeof *opt,
                                 .max_services = MAX_SERVICES};
}

/* ---- back ends ---- */

static void on_turn(void *arg);

static void need_turn(tinet_bonjour *b)
{
  tinet__defer(b->loop, &b->turn, on_turn, b);
}

static void on_ready(void *arg)
{
  struct slot *s = arg;

  s->state = SLOT_READY;
  need_turn(s->bonjour);
}

static void on_absent(const tinet_error *err, void *arg)
{
  struct slot *s = arg;

  s->state = s->is_last ? SLOT_FAILED : SLOT_ABSENT;
  s->has_dropped = true;
  s->err = *err;
  need_turn(s->bonjour);
}

static const struct tinet__bonjour_backend_events events = {on_ready,
                                                            on_absent};

static void close_slot(struct slot *s)
{
  if (s->backend)
    s->ops->close(s->backend);
  s->backend = NULL;
  s->has_dropped = false;
  s->state = SLOT_CLOSED;
}

static void close_all(tinet_bonjour *b)
{
  for (size_t i = 0; i < b->n_slots; i++)
    close_slot(&b->slots[i]);
  b->active = NULL;
}

/* A back end need not fill in more than the code that it returns. */
static void complete(tinet_error *err, int result)
{
  if (err && err->code != result)
    (void)tinet__error_set(err, result, TINET_ORIGIN_TINET, 0, NULL);
}

static void open_slot(struct slot *s)
{
  const struct tinet__bonjour_setup setup = {
      .loop = s->bonjour->loop,
      .host_name = s->bonjour->host_name,
      .events = &events,
      .arg = s,
  };

  int result;

  s->state = SLOT_STARTING;
  tinet__error_clear(&s->err);
  result = s->ops->open(&setup, &s->backend, &s->err);
  if (result == TINET_OK)
    return; /* may be ready or absent by now */
  complete(&s->err, result);
  s->backend = NULL;
  s->state = SLOT_FAILED;
}

/* The one to work with, opening them as need be; NULL with 0: wait, or with a
 * code: there is none. */
static struct slot *choose(tinet_bonjour *b, int *ret_result, tinet_error *err)
{
  struct slot *last = &b->slots[b->n_slots - 1];

  *ret_result = TINET_OK;
  for (struct slot *s = b->slots; s <= last; s++) {
    if (s->state == SLOT_CLOSED)
      open_slot(s);
    if (s->state == SLOT_READY)
      return s;
    if (s->state == SLOT_STARTING)
      return NULL;
  }
  if (err)
    *err = last->err;
  *ret_result = last->err.code;
  return NULL;
}

/* ---- users ---- */

static void take_out(struct tinet__bonjour_user *user)
{
  if (!user->is_in)
    return;
  user->is_in = false;
  tinet__list_remove(&user->link);
  tinet__loop_release(user->bonjour->loop);
}

static void end_job(struct tinet__bonjour_user *user)
{
  struct tinet__bonjour_job *job = TINET_TAKE(user->job);

  if (job)
    job->backend->ops->end(job);
}

static void stop_users(tinet_bonjour *b)
{
  struct tinet__list *l = b->users.next;

  for (; l != &b->users; l = l->next) {
    struct tinet__bonjour_user *user =
        TINET__CONTAINER(l, struct tinet__bonjour_user, link);

    if (!user->job)
      continue;
    end_job(user);
    user->ops->on_stopped(user);
  }
}

/* On the back end that is at work. */
static int start(struct tinet__bonjour_user *user, tinet_error *err)
{
  int result = user->ops->start(user, user->bonjour->active->backend, err);

  if (result < 0)
    complete(err, result);
  return result;
}

static void fail(struct tinet__bonjour_user *user, const tinet_error *err)
{
  end_job(user);
  take_out(user);
  user->ops->on_failed(user, err);
}

/* Starts those that have no job; all of them fail if there is no back end. */
static void start_users(tinet_bonjour *b, const tinet_error *none)
{
  struct tinet__list *l = b->users.next, *next;

  for (; l != &b->users; l = next) {
    struct tinet__bonjour_user *user =
        TINET__CONTAINER(l, struct tinet__bonjour_user, link);
    tinet_error err = {0};

    next = l->next;
    if (!b->active)
      fail(user, none);
    else if (!user->job && start(user, &err) < 0)
      fail(user, &err);
  }
}

/* Back ends that a better one has made needless. */
static void close_after(tinet_bonjour *b, const struct slot *best)
{
  for (size_t i = 0; i < b->n_slots; i++)
    if (&b->slots[i] > best || b->slots[i].state == SLOT_FAILED)
      close_slot(&b->slots[i]);
}

static void on_turn(void *arg)
{
  tinet_bonjour *b = arg;
  struct slot *best;
  tinet_error err = {0};
  int result;

  if (tinet__list_is_empty(&b->users)) {
    close_all(b);
    return;
  }
  best = choose(b, &result, &err);
  if (b->active && (best != b->active || best->has_dropped)) {
    stop_users(b);
    b->active->has_dropped = false;
    b->active = NULL;
  }
  if (!best && result == TINET_OK)
    return; /* one is starting */
  b->active = best;
  if (best)
    best->has_dropped = false; /* that was before; it has no jobs yet */
  start_users(b, &err);
  if (best)
    close_after(b, best);
  else
    need_turn(b); /* nobody is left */
}

int tinet__bonjour_enter(struct tinet__bonjour_user *user, tinet_bonjour *b,
                         const struct tinet__bonjour_user_ops *ops,
                         tinet_error *err)
{
  bool is_first = tinet__list_is_empty(&b->users);
  int result = TINET_OK;

  user->bonjour = b;
  user->ops = ops;
  b->n_refs++;
  if (is_first && !b->active) {
    for (size_t i = 0; i < b->n_slots; i++)
      if (b->slots[i].state == SLOT_FAILED)
        close_slot(&b->slots[i]);
    b->active = choose(b, &result, err);
    if (result < 0)
      return result;
  }
  if (b->active && b->active->state == SLOT_READY)
    result = start(user, err);
  if (result < 0) {
    end_job(user);
    need_turn(b); /* closes what was opened for nothing */
    return result;
  }
  user->is_in = true;
  tinet__list_append(&b->users, &user->link);
  tinet__loop_hold(b->loop);
  return TINET_OK;
}

int tinet__bonjour_restart(struct tinet__bonjour_user *user, tinet_error *err)
{
  tinet_bonjour *b = user->bonjour;
  int result;

  end_job(user);
  if (!b->active || b->active->state != SLOT_READY)
    return TINET_OK; /* a turn will start it */
  result = start(user, err);
  if (result < 0)
    tinet__bonjour_leave(user);
  return result;
}

void tinet__bonjour_leave(struct tinet__bonjour_user *user)
{
  end_job(user);
  take_out(user);
  if (tinet__list_is_empty(&user->bonjour->users))
    need_turn(user->bonjour);
}

void tinet__bonjour_done(struct tinet__bonjour_user *user)
{
  if (!user->bonjour)
    return;
  tinet__bonjour_leave(user);
  unref(TINET_TAKE(user->bonjour));
}

/* ---- what users ask ---- */

tinet_loop *tinet__bonjour_loop(const tinet_bonjour *b)
{
  return b->loop;
}

size_t tinet__bonjour_max_services(const tinet_bonjour *b)
{
  return b->max_services;
}

int tinet__bonjour_check_declared(const tinet_bonjour *b, const char *type,
                                  tinet_error *err)
{
  if (!b->is_strict)
    return TINET_OK;
  for (size_t i = 0; i < b->n_declared; i++)
    if (tinet_bonjour_is_same(b->declared[i], type))
      return TINET_OK;
  return tinet__bonjour_error(err, TINET_EPOLICY, TINET_BONJOUR_MISSING_CONFIG,
                              "%s is not declared in NSBonjourServices", type);
}

char *tinet__bonjour_bare(const char *s)
{
  size_t len = strlen(s);

  return tinet__strndup(s, len > 0 && s[len - 1] == '.' ? len - 1 : len);
}

/* ---- opening ---- */

static bool is_label(const char *s)
{
  size_t len = strlen(s);

  for (size_t i = 0; i < len; i++)
    if (!tinet__is_alpha(s[i]) && !tinet__is_digit(s[i]) && s[i] != '-')
      return false;
  return len > 0 && len <= 63 && s[0] != '-' && s[len - 1] != '-';
}

static int check_options(const tinet_bonjour_options *opt, tinet_error *err)
{
  int result = TINET_OK;

  if (opt->struct_size != sizeof *opt ||
      (opt->n_declared_types > 0 && !opt->declared_types))
    return TINET_EINVAL;
  if (opt->host_name && !is_label(opt->host_name))
    return tinet__bonjour_error(err, TINET_EINVAL, TINET_BONJOUR_BAD_ARGUMENT,
                                "%s is no host name", opt->host_name);
  for (size_t i = 0; i < opt->n_declared_types && result == TINET_OK; i++)
    if (!tinet_bonjour_is_same(opt->declared_types[i], TINET_BONJOUR_ALL_TYPES))
      result = tinet_bonjour_check_type(opt->declared_types[i], err);
  return result;
}

static int copy_declared(tinet_bonjour *b, const tinet_bonjour_options *opt)
{
  b->is_strict = opt->is_strict;
  b->declared = tinet__zalloc(opt->n_declared_types * sizeof *b->declared);
  if (!b->declared)
    return TINET_ENOMEM;
  for (; b->n_declared < opt->n_declared_types; b->n_declared++) {
    b->declared[b->n_declared] =
        tinet__strdup(opt->declared_types[b->n_declared]);
    if (!b->declared[b->n_declared])
      return TINET_ENOMEM;
  }
  return TINET_OK;
}

static bool is_wanted(const struct tinet__bonjour_ops *ops,
                      tinet_bonjour_backend backend)
{
  if (backend == TINET_BONJOUR_BACKEND_SYSTEM)
    return strcmp(ops->name, "system") == 0;
  if (backend == TINET_BONJOUR_BACKEND_EMBEDDED)
    return strcmp(ops->name, "embedded") == 0;
  return true;
}

static int fill_slots(tinet_bonjour *b, tinet_bonjour_backend backend,
                      tinet_error *err)
{
  const struct tinet__bonjour_ops *const *ops = tinet__bonjour_backends;

  for (; *ops && b->n_slots < MAX_BACKENDS; ops++) {
    if (!is_wanted(*ops, backend))
      continue;
    b->slots[b->n_slots].ops = *ops;
    b->slots[b->n_slots++].bonjour = b;
  }
  if (b->n_slots == 0)
    return tinet__bonjour_error(err, TINET_EUNSUPPORTED, TINET_BONJOUR_UNKNOWN,
                                "this build has no such Bonjour back end");
  b->slots[b->n_slots - 1].is_last = true;
  return TINET_OK;
}

int tinet_bonjour_open(tinet_loop *loop, const tinet_bonjour_options *opt,
                       tinet_bonjour **ret_bonjour, tinet_error *err)
{
  TINET_CLEANUP(tinet_bonjour_dropp) tinet_bonjour *b = NULL;
  tinet_bonjour_options defaults;
  int result;

  tinet_bonjour_options_init(&defaults);
  opt = opt ? opt : &defaults;
  if (!loop || !ret_bonjour)
    return TINET_EINVAL;
  result = check_options(opt, err);
  if (result < 0)
    return result;
  b = tinet__zalloc(sizeof *b);
  if (!b)
    return TINET_ENOMEM;
  b->loop = loop;
  b->n_refs = 1;
  b->max_services = opt->max_services;
  tinet__list_init(&b->users);
  result = copy_declared(b, opt);
  if (result < 0)
    return result;
  if (opt->host_name && !(b->host_name = tinet__strdup(opt->host_name)))
    return TINET_ENOMEM;
  result = fill_slots(b, opt->backend, err);
  if (result < 0)
    return result;
  *ret_bonjour = TINET_TAKE(b);
  return TINET_OK;
}

static void unref(tinet_bonjour *b)
{
  if (--b->n_refs > 0)
    return;
  close_all(b);
  tinet__defer_cancel(b->loop, &b->turn);
  for (size_t i = 0; i < b->n_declared; i++)
    tinet__free(b->declared[i]);
  tinet__free(b->declared);
  tinet__free(b->host_name);
  tinet__free(b);
}

void tinet_bonjour_close(tinet_bonjour *b)
{
  if (b)
    unref(b);
}

const char *tinet_bonjour_backend_name(const tinet_bonjour *b)
{
  return b && b->active ? b->active->ops->name : "";
}
