/* resolve.c - where a service is: the first complete answer, once.
 *
 * Host, port, TXT and addresses come in any order and more than once.  When all
 * are there, addresses of the other family get a moment to join; then it ends.
 */
#include "front.h"

#include "../core/error.h"
#include "endpoints.h"

#include <string.h>

#define TIMEOUT_MS 120000 /* ti: Titanium.Network.BonjourService.resolve */
#define SETTLE_MS 50      /* rfc: 8305 3 */

struct tinet_bonjour_resolve {
  struct tinet__bonjour_user user;
  char *name, *type; /* owned */
  uint32_t interface_index;
  tinet_bonjour_resolve_events events;
  void *arg;             /* borrowed */
  tinet__timer *timeout; /* owned */
  tinet__timer *settle;  /* owned; runs once an answer is complete */
  struct tinet__deferred soon;
  char *found; /* owned; what tinet_bonjour_resolved points to */
  tinet_bonjour_resolved result;
  tinet_error err; /* set: to be told */
  bool is_settling, has_ended;
};

static void on_soon(void *arg);

void tinet_bonjour_resolve_close(tinet_bonjour_resolve *r)
{
  if (!r)
    return;
  if (r->user.bonjour)
    tinet__defer_cancel(tinet__bonjour_loop(r->user.bonjour), &r->soon);
  tinet__timer_close(r->timeout);
  tinet__timer_close(r->settle);
  tinet__bonjour_done(&r->user);
  tinet__free(r->found);
  tinet__free(r->name);
  tinet__free(r->type);
  tinet__free(r);
}

TINET_DEFINE_CLEANUP(tinet_bonjour_resolve, tinet_bonjour_resolve_close)

void tinet_bonjour_resolve_options_init(tinet_bonjour_resolve_options *opt)
{
  *opt = (tinet_bonjour_resolve_options){.struct_size = sizeof *opt,
                                         .timeout_ms = TIMEOUT_MS};
}

static void tell_soon(tinet_bonjour_resolve *r)
{
  tinet__defer(tinet__bonjour_loop(r->user.bonjour), &r->soon, on_soon, r);
}

static void set_error(tinet_bonjour_resolve *r, const tinet_error *err)
{
  r->err = *err;
  tell_soon(r);
}

/* ---- keeping an answer: one block, everything it points to behind it ---- */

static size_t room_for(const tinet_bonjour_resolve *r,
                       const struct tinet__resolve_found *f)
{
  size_t room = strlen(r->name) + strlen(r->type) + strlen(f->host) +
                sizeof "." * 3 + sizeof TINET_BONJOUR_DOMAIN;

  room += f->n_endpoints * sizeof *f->endpoints + f->n_txt * sizeof *f->txt;
  for (size_t i = 0; i < f->n_txt; i++)
    room += f->txt[i].len;
  return room;
}

/* Each puts something at *at and moves it on. */
static const char *put_text(char **at, const char *s, const char *end)
{
  const char *begin = *at;
  size_t len = strlen(s);

  memcpy(*at, s, len);
  memcpy(*at + len, end, strlen(end) + 1);
  *at += len + strlen(end) + 1;
  return begin;
}

static void put_txt(char **at, tinet_slice *to,
                    const struct tinet__resolve_found *f)
{
  for (size_t i = 0; i < f->n_txt; i++) {
    to[i] = (tinet_slice){*at, f->txt[i].len};
    if (f->txt[i].len > 0)
      memcpy(*at, f->txt[i].data, f->txt[i].len);
    *at += f->txt[i].len;
  }
}

static int keep(tinet_bonjour_resolve *r, const struct tinet__resolve_found *f)
{
  char *found = tinet__alloc(room_for(r, f));
  tinet_endpoint *endpoints;
  tinet_slice *txt;
  char *at;

  if (!found)
    return TINET_ENOMEM;
  tinet__free(r->found);
  r->found = found;
  /* Slices need more alignment than endpoints, so they come first. */
  txt = (tinet_slice *)(void *)found;
  endpoints = (tinet_endpoint *)(void *)(txt + f->n_txt);
  at = (char *)(endpoints + f->n_endpoints);
  memcpy(endpoints, f->endpoints, f->n_endpoints * sizeof *endpoints);
  r->result = (tinet_bonjour_resolved){
      .port = f->port,
      .endpoints = endpoints,
      .n_endpoints = tinet__endpoints_sort(endpoints, f->n_endpoints, f->port),
      .txt = txt,
      .n_txt = f->n_txt,
      .interface_index = f->interface_index,
  };
  put_txt(&at, txt, f);
  r->result.name = put_text(&at, r->name, "");
  r->result.type = put_text(&at, r->type, ".");
  r->result.host = put_text(&at, f->host, ".");
  r->result.domain = put_text(&at, TINET_BONJOUR_DOMAIN, "");
  return TINET_OK;
}

/* Nothing to wait for: both families, and not only by way of loopback, which
 * answers first on the service's own machine. */
static bool is_plenty(const tinet_bonjour_resolved *f)
{
  const tinet_endpoint *first = f->endpoints, *last = first;

  while (last + 1 < f->endpoints + f->n_endpoints &&
         !tinet__endpoint_is_loopback(last + 1))
    last++;
  return !tinet__endpoint_is_loopback(first) && first->family != last->family;
}

static void on_found(void *arg, const struct tinet__resolve_found *found)
{
  tinet_bonjour_resolve *r = arg;
  tinet_error err;

  if (!found->host || !found->has_txt ||
      !tinet__endpoints_is_any_usable(found->endpoints, found->n_endpoints))
    return; /* not yet, or by now gone: then the last good one is kept */
  if (keep(r, found) < 0) {
    (void)tinet__error_set(&err, TINET_ENOMEM, TINET_ORIGIN_TINET, 0, NULL);
    set_error(r, &err);
    return;
  }
  if (is_plenty(&r->result))
    tell_soon(r);
  else if (!r->is_settling)
    tinet__timer_start(r->settle, SETTLE_MS);
  r->is_settling = true;
}

static void on_failure(void *arg, const tinet_error *err)
{
  set_error(arg, err);
}

static const struct tinet__resolve_sink sink = {on_found, on_failure};

/* ---- the end ---- */

/* Also the settling timer's. */
static void on_soon(void *arg)
{
  tinet_bonjour_resolve *r = arg;
  tinet_error err = r->err;

  if (r->has_ended || (!r->is_settling && err.code == TINET_OK))
    return;
  r->has_ended = true;
  tinet__timer_stop(r->timeout);
  tinet__timer_stop(r->settle);
  tinet__bonjour_leave(&r->user);
  if (!r->is_settling) {
    if (r->events.on_error)
      r->events.on_error(r, &err, r->arg);
  } else if (r->events.on_resolved) {
    r->events.on_resolved(r, &r->result, r->arg);
  }
}

static void on_timeout(void *arg)
{
  tinet_bonjour_resolve *r = arg;

  if (!r->is_settling)
    (void)tinet__bonjour_error(&r->err, TINET_ETIMEDOUT, TINET_BONJOUR_TIMEOUT,
                               "the service was not found in time");
  on_soon(r); /* last, because it may close r */
}

/* ---- as a user ---- */

static int start(struct tinet__bonjour_user *user,
                 struct tinet__bonjour_backend *backend, tinet_error *err)
{
  tinet_bonjour_resolve *r = (tinet_bonjour_resolve *)user;
  const struct tinet__resolve_request request = {
      .name = r->name,
      .type = r->type,
      .domain = "local",
      .interface_index = r->interface_index,
  };

  return backend->ops->resolve(backend, &request, &sink, r, &user->job, err);
}

static void on_stopped(struct tinet__bonjour_user *user)
{
  (void)user; /* what is known by now is good enough, wherever it came from */
}

static void on_failed(struct tinet__bonjour_user *user, const tinet_error *err)
{
  on_failure(user, err);
}

static const struct tinet__bonjour_user_ops user_ops = {start, on_stopped,
                                                        on_failed};

/* ---- opening ---- */

static int check_options(const tinet_bonjour_resolve_options *opt,
                         tinet_error *err)
{
  int result = tinet_bonjour_check_domain(opt->domain, err);

  if (result == TINET_OK)
    result = tinet_bonjour_check_type(opt->type, err);
  if (result == TINET_OK)
    result = tinet_bonjour_check_name(opt->name, err);
  return result;
}

static int prepare(tinet_bonjour_resolve *r, tinet_loop *loop,
                   const tinet_bonjour_resolve_options *opt)
{
  int result;

  r->interface_index = opt->interface_index;
  r->name = tinet__strdup(opt->name);
  r->type = tinet__bonjour_bare(opt->type);
  if (!r->name || !r->type)
    return TINET_ENOMEM;
  result = tinet__timer_open(loop, on_timeout, r, &r->timeout);
  if (result == TINET_OK)
    result = tinet__timer_open(loop, on_soon, r, &r->settle);
  if (result == TINET_OK && opt->timeout_ms > 0)
    tinet__timer_start(r->timeout, opt->timeout_ms);
  return result;
}

int tinet_bonjour_resolve_open(tinet_bonjour *bonjour,
                               const tinet_bonjour_resolve_options *opt,
                               const tinet_bonjour_resolve_events *events,
                               void *user, tinet_bonjour_resolve **ret_resolve,
                               tinet_error *err)
{
  TINET_CLEANUP(tinet_bonjour_resolve_closep) tinet_bonjour_resolve *r = NULL;
  int result;

  if (!bonjour || !opt || opt->struct_size != sizeof *opt || !events ||
      !ret_resolve)
    return TINET_EINVAL;
  result = check_options(opt, err);
  if (result < 0)
    return result;
  r = tinet__zalloc(sizeof *r);
  if (!r)
    return TINET_ENOMEM;
  r->events = *events;
  r->arg = user;
  result = prepare(r, tinet__bonjour_loop(bonjour), opt);
  if (result == TINET_OK)
    result = tinet__bonjour_enter(&r->user, bonjour, &user_ops, err);
  if (result < 0)
    return result;
  *ret_resolve = TINET_TAKE(r);
  return TINET_OK;
}
