/* sdbus_object.c - browsers and entry groups that the daemon keeps for us.
 *
 * An object is asked for, has a path when the answer comes, and tells by
 * signals from there.  One that is not wanted any more before its answer is
 * there stays behind without an owner until it is, so that the daemon can be
 * told to free it: it does not let a client have more than a thousand.
 */
#include "sdbus_private.h"

#include "../core/error.h"

#include <errno.h>
#include <string.h>

/* The daemon answers at once or is in trouble. */
#define CALL_TIMEOUT_US (UINT64_C(5) * 1000 * 1000)

struct tinet__object {
  struct tinet__list link;      /* of the system's; not in it: it is gone */
  struct tinet__system *system; /* valid while in the list */
  const struct tinet__object_kind *kind;
  const struct tinet__object_events *events; /* NULL: nobody wants it */
  void *arg;                                 /* of events */
  char *path;                                /* owned; NULL: not made yet */
  unsigned n_calls;                          /* without an answer so far */
};

/* One call to an object. */
struct call {
  struct tinet__object *object;
  void (*on_error)(void *arg, const tinet_error *err);
};

static void free_object(struct tinet__object *o)
{
  tinet__list_remove(&o->link);
  tinet__free(o->path);
  tinet__free(o);
}

/* Sends it without expecting anything. */
static void tell_free(struct tinet__object *o)
{
  sd_bus_message *call = NULL;

  /* What cannot be sent is freed over there at the end of the connection. */
  if (tinet__object_call(o, "Free", &call) >= 0 &&
      sd_bus_message_set_expect_reply(call, 0) >= 0)
    (void)sd_bus_send(NULL, call, NULL);
  sd_bus_message_unref(call);
  tinet__pump_update(&o->system->pump);
}

/* Nobody wants it and nothing will be heard of it any more. */
static void free_if_done(struct tinet__object *o)
{
  if (o->events || o->n_calls > 0)
    return;
  if (o->path)
    tell_free(o);
  free_object(o);
}

/* ---- calls ---- */

static void free_call(void *call)
{
  tinet__free(call);
}

/* Whether the answer is a failure that the object's owner is to hear of. */
static bool is_failure(struct tinet__object *o, sd_bus_message *m,
                       tinet_error *err)
{
  const sd_bus_error *e = sd_bus_message_get_error(m);

  if (!e)
    return false;
  if (tinet__sdbus_is_loss(e->name)) {
    tinet__system_hang(o->system);
    return false;
  }
  (void)tinet__sdbus_error(err, o->kind->what, e->name, e->message);
  return o->events != NULL;
}

static int on_answer(sd_bus_message *m, void *arg, sd_bus_error *ret_error)
{
  struct call *call = arg;
  struct tinet__object *o = call->object;
  void (*on_error)(void *, const tinet_error *) = call->on_error;
  tinet_error err;

  (void)ret_error;
  o->n_calls--;
  if (is_failure(o, m, &err))
    (on_error ? on_error : o->events->on_error)(o->arg, &err);
  else
    free_if_done(o);
  return 0;
}

/* Takes the message.  0 or a negative errno. */
static int send_call(struct tinet__object *o, sd_bus_message *m,
                     sd_bus_message_handler_t handler,
                     void (*on_error)(void *arg, const tinet_error *err))
{
  struct call *call = tinet__zalloc(sizeof *call);
  sd_bus_slot *slot = NULL;
  int result = -ENOMEM;

  if (m && call) {
    call->object = o;
    call->on_error = on_error;
    result = sd_bus_call_async(sd_bus_message_get_bus(m), &slot, m, handler,
                               call, CALL_TIMEOUT_US);
  }
  sd_bus_message_unref(m);
  if (result < 0) {
    tinet__free(call);
    return result;
  }
  /* The slot belongs to the bus and frees the call with itself. */
  (void)sd_bus_slot_set_destroy_callback(slot, free_call);
  (void)sd_bus_slot_set_floating(slot, 1);
  sd_bus_slot_unref(slot);
  o->n_calls++;
  tinet__pump_update(&o->system->pump);
  return 0;
}

int tinet__object_call(struct tinet__object *o, const char *method,
                       sd_bus_message **ret_call)
{
  return tinet__system_call(o->system, o->path, o->kind->interface, method,
                            ret_call);
}

int tinet__object_send(struct tinet__object *o, sd_bus_message *call,
                       void (*on_error)(void *arg, const tinet_error *err),
                       tinet_error *err)
{
  int result = send_call(o, call, on_answer, on_error);

  return result < 0 ? tinet__sdbus_errno(err, o->kind->what, result) : TINET_OK;
}

bool tinet__object_is_made(const struct tinet__object *o)
{
  return o->path && tinet__list_is_linked(&o->link);
}

/* ---- making one ---- */

/* 0 or a negative errno. */
static int take_path(struct tinet__object *o, sd_bus_message *m)
{
  const char *path = NULL;
  int result = sd_bus_message_read(m, "o", &path);

  if (result < 0)
    return result;
  o->path = tinet__strdup(path);
  return o->path ? 0 : -ENOMEM;
}

static void start(struct tinet__object *o)
{
  sd_bus_message *call = NULL;
  tinet_error err;

  (void)tinet__object_call(o, "Start", &call);
  if (tinet__object_send(o, call, NULL, &err) < 0)
    o->events->on_error(o->arg, &err);
}

static void made(struct tinet__object *o, sd_bus_message *m)
{
  int result = take_path(o, m);
  tinet_error err;

  if (!o->events) {
    free_if_done(o);
  } else if (result < 0) {
    (void)tinet__sdbus_errno(&err, o->kind->what, result);
    o->events->on_error(o->arg, &err);
  } else {
    if (o->kind->has_start)
      start(o);
    if (o->events->on_made)
      o->events->on_made(o->arg);
  }
}

static int on_made(sd_bus_message *m, void *arg, sd_bus_error *ret_error)
{
  struct tinet__object *o = ((struct call *)arg)->object;
  tinet_error err;

  (void)ret_error;
  o->n_calls--;
  if (is_failure(o, m, &err))
    o->events->on_error(o->arg, &err);
  else if (sd_bus_message_is_method_error(m, NULL))
    free_if_done(o);
  else
    made(o, m);
  return 0;
}

int tinet__object_new(struct tinet__system *s, sd_bus_message *call,
                      const struct tinet__object_kind *kind,
                      const struct tinet__object_events *events, void *arg,
                      struct tinet__object **ret_object)
{
  struct tinet__object *o = tinet__zalloc(sizeof *o);
  int result;

  if (!o) {
    sd_bus_message_unref(call);
    return TINET_ENOMEM;
  }
  o->system = s;
  o->kind = kind;
  o->events = events;
  o->arg = arg;
  result = send_call(o, call, on_made, NULL);
  if (result < 0) {
    tinet__free(o);
    return result == -ENOMEM ? TINET_ENOMEM : TINET_ESYSTEM;
  }
  tinet__list_append(&s->objects, &o->link);
  *ret_object = o;
  return TINET_OK;
}

void tinet__object_end(struct tinet__object *o)
{
  if (!o)
    return;
  o->events = NULL;
  if (tinet__list_is_linked(&o->link))
    free_if_done(o);
  else
    free_object(o);
}

/* ---- all of them ---- */

/* To the front of the list: signals come in bursts from the same object. */
static void put_first(struct tinet__system *s, struct tinet__object *o)
{
  if (s->objects.next == &o->link)
    return;
  tinet__list_remove(&o->link);
  tinet__list_append(s->objects.next, &o->link);
}

void tinet__objects_signal(struct tinet__system *s, sd_bus_message *m)
{
  const char *path = sd_bus_message_get_path(m);
  struct tinet__list *l = s->objects.next;
  struct tinet__object *o;

  for (; l != &s->objects; l = l->next) {
    o = TINET__CONTAINER(l, struct tinet__object, link);
    if (o->path && strcmp(o->path, path) == 0)
      break;
  }
  if (l == &s->objects)
    return;
  o = TINET__CONTAINER(l, struct tinet__object, link);
  put_first(s, o);
  if (o->events && sd_bus_message_is_signal(m, o->kind->interface, NULL))
    o->events->on_signal(o->arg, sd_bus_message_get_member(m), m);
}

void tinet__objects_drop(struct tinet__system *s)
{
  while (!tinet__list_is_empty(&s->objects)) {
    struct tinet__object *o =
        TINET__CONTAINER(s->objects.next, struct tinet__object, link);

    tinet__list_remove(&o->link);
    if (!o->events)
      free_object(o);
  }
}
