/* sdbus_publish.c - services of ours, announced by the daemon.
 *
 * Each has an entry group.  Once that is there the calls that fill and commit
 * it go out one behind the other; the first that fails is the one that counts.
 */
#include "sdbus_private.h"

#include "../core/error.h"
#include "records.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* States of an entry group that matter. */
enum { GROUP_ESTABLISHED = 2, GROUP_COLLISION = 3, GROUP_FAILURE = 4 };

struct publish_job {
  struct tinet__system_job job; /* first */
  struct tinet__list link;      /* of the system's; not in it: it is dead */
  struct tinet__system *system;
  struct tinet__object *group; /* owned */
  char name[TINET_BONJOUR_NAME_MAX + 1];
  char type[TINET_BONJOUR_TYPE_MAX];
  uint16_t port;
  int interface;
  tinet_slice *txt; /* owned, with the bytes behind it */
  size_t n_txt;
  char (*subtypes)[TINET_BONJOUR_NAME_MAX + 1]; /* owned */
  size_t n_subtypes;
  const struct tinet__publish_sink *sink;
  void *arg; /* of sink */
};

static struct publish_job *job_of(struct tinet__list *l)
{
  return TINET__CONTAINER(l, struct publish_job, link);
}

static void end_job(struct tinet__bonjour_job *job)
{
  struct publish_job *p = (struct publish_job *)job;

  tinet__list_remove(&p->link);
  tinet__object_end(p->group);
  tinet__free(p->txt);
  tinet__free(p->subtypes);
  tinet__free(p);
}

static void end_jobp(struct publish_job **p)
{
  if (*p)
    end_job(&(*p)->job.base);
}

/* ---- its end ---- */

static bool is_dead(const struct publish_job *p)
{
  return !tinet__list_is_linked(&p->link);
}

static void die(struct publish_job *p, const tinet_error *err)
{
  if (is_dead(p))
    return;
  tinet__list_remove(&p->link);
  if (err->code == TINET_ECOLLISION)
    p->sink->on_collision(p->arg);
  else
    p->sink->on_failure(p->arg, err);
}

static void on_error(void *arg, const tinet_error *err)
{
  die(arg, err);
}

/* ---- filling the group ---- */

/* What all calls begin with; NULL: no memory. */
static sd_bus_message *begin_call(struct publish_job *p, const char *method)
{
  sd_bus_message *call = NULL;
  int result = tinet__object_call(p->group, method, &call);

  if (result >= 0)
    result =
        sd_bus_message_append(call, "iiusss", p->interface, TINET__AVAHI_UNSPEC,
                              0u, p->name, p->type, "local");
  return result >= 0 ? call : sd_bus_message_unref(call);
}

static int append_txt(sd_bus_message *call, const tinet_slice *txt,
                      size_t n_txt)
{
  int result = sd_bus_message_open_container(call, 'a', "ay");

  for (size_t i = 0; result >= 0 && i < n_txt; i++)
    result = sd_bus_message_append_array(call, 'y', txt[i].data, txt[i].len);
  return result >= 0 ? sd_bus_message_close_container(call) : result;
}

/* Takes the call and what became of filling it in. */
static bool send_call(struct publish_job *p, sd_bus_message *call, int result,
                      void (*on_failed)(void *arg, const tinet_error *err))
{
  tinet_error err;

  if (result < 0)
    call = sd_bus_message_unref(call);
  if (tinet__object_send(p->group, call, on_failed, &err) == TINET_OK)
    return true;
  die(p, &err);
  return false;
}

static bool add_service(struct publish_job *p)
{
  sd_bus_message *call = begin_call(p, "AddService");
  /* "": the daemon's host, whatever it is called. */
  int result = call ? sd_bus_message_append(call, "sq", "", p->port) : -ENOMEM;

  if (result >= 0)
    result = append_txt(call, p->txt, p->n_txt);
  return send_call(p, call, result, NULL);
}

static bool add_subtype(struct publish_job *p, const char *subtype)
{
  sd_bus_message *call = begin_call(p, "AddServiceSubtype");
  char name[sizeof *p->subtypes + sizeof "._sub." + sizeof p->type];
  int result;

  (void)snprintf(name, sizeof name, "%s._sub.%s", subtype, p->type);
  result = call ? sd_bus_message_append(call, "s", name) : -ENOMEM;
  return send_call(p, call, result, NULL);
}

static bool call_group(struct publish_job *p, const char *method)
{
  sd_bus_message *call = NULL;
  int result = tinet__object_call(p->group, method, &call);

  return send_call(p, call, result, NULL);
}

static void fill_group(void *arg)
{
  struct publish_job *p = arg;
  bool is_good = !is_dead(p) && add_service(p);

  for (size_t i = 0; is_good && i < p->n_subtypes; i++)
    is_good = add_subtype(p, p->subtypes[i]);
  if (is_good)
    (void)call_group(p, "Commit");
}

static void fill_again(struct publish_job *p)
{
  if (tinet__object_is_made(p->group) && call_group(p, "Reset"))
    fill_group(p);
}

void tinet__system_publish_again(struct tinet__system *s)
{
  struct tinet__list *l = s->published.next, *next;

  for (; l != &s->published; l = next) {
    next = l->next; /* it may die */
    fill_again(job_of(l));
  }
}

void tinet__published_drop(struct tinet__system *s)
{
  while (!tinet__list_is_empty(&s->published))
    tinet__list_remove(s->published.next);
}

/* ---- what happens to it ---- */

static void on_group(struct publish_job *p, int state, const char *name)
{
  tinet_error err;

  if (state == GROUP_ESTABLISHED) {
    p->sink->on_established(p->arg);
  } else if (state == GROUP_COLLISION) {
    (void)tinet__sdbus_error(&err, "publish", TINET__AVAHI ".CollisionError",
                             NULL);
    die(p, &err);
  } else if (state == GROUP_FAILURE) {
    (void)tinet__sdbus_error(&err, "publish", name, NULL);
    die(p, &err);
  }
}

static void on_signal(void *arg, const char *member, sd_bus_message *m)
{
  struct publish_job *p = arg;
  const char *name = NULL;
  int state = 0;

  if (!is_dead(p) && strcmp(member, "StateChanged") == 0 &&
      sd_bus_message_read(m, "is", &state, &name) >= 0)
    on_group(p, state, name);
}

static const struct tinet__object_kind kind = {
    "publish", TINET__AVAHI ".EntryGroup", false};
static const struct tinet__object_events events = {fill_group, on_signal,
                                                   on_error};

/* ---- jobs ---- */

static int copy_request(struct publish_job *p,
                        const struct tinet__publish_request *request)
{
  (void)snprintf(p->name, sizeof p->name, "%s", request->name);
  (void)snprintf(p->type, sizeof p->type, "%s", request->type);
  p->port = request->port;
  p->interface = tinet__system_interface(request->interface_index);
  p->txt = tinet__txt_copy(request->txt, request->n_txt);
  p->n_txt = request->n_txt;
  p->subtypes = tinet__zalloc(request->n_subtypes * sizeof *p->subtypes);
  if (!p->txt || !p->subtypes)
    return TINET_ENOMEM;
  for (size_t i = 0; i < request->n_subtypes; i++)
    (void)snprintf(p->subtypes[i], sizeof p->subtypes[i], "%s",
                   request->subtypes[i]);
  p->n_subtypes = request->n_subtypes;
  return TINET_OK;
}

/* The daemon takes the same records twice; but two services have two names. */
static bool is_taken_here(const struct publish_job *p)
{
  struct tinet__list *l = p->system->published.next;

  for (; l != &p->system->published; l = l->next)
    if (tinet_bonjour_is_same(job_of(l)->name, p->name) &&
        tinet_bonjour_is_same(job_of(l)->type, p->type))
      return true;
  return false;
}

int tinet__system_publish(struct tinet__bonjour_backend *backend,
                          const struct tinet__publish_request *request,
                          const struct tinet__publish_sink *sink, void *arg,
                          struct tinet__bonjour_job **ret_job, tinet_error *err)
{
  TINET_CLEANUP(end_jobp)
  struct publish_job *p = tinet__zalloc(sizeof *p);
  struct tinet__system *s = (struct tinet__system *)backend;
  sd_bus_message *call = NULL;
  int result;

  (void)err; /* the code says all */
  if (!p)
    return TINET_ENOMEM;
  p->job = (struct tinet__system_job){{backend}, end_job};
  p->system = s;
  p->sink = sink;
  p->arg = arg;
  result = copy_request(p, request);
  if (result < 0)
    return result;
  if (is_taken_here(p)) {
    *ret_job = &TINET_TAKE(p)->job.base;
    sink->on_collision(arg);
    return TINET_OK;
  }
  (void)tinet__system_call(s, NULL, TINET__AVAHI ".Server2", "EntryGroupNew",
                           &call);
  result = tinet__object_new(s, call, &kind, &events, p, &p->group);
  if (result < 0)
    return result;
  tinet__list_append(&s->published, &p->link);
  *ret_job = &TINET_TAKE(p)->job.base;
  return TINET_OK;
}

/* They were good, so the daemon does not have what it should: from anew. */
static void on_txt_error(void *arg, const tinet_error *err)
{
  struct publish_job *p = arg;

  (void)err;
  if (!is_dead(p))
    fill_again(p);
}

int tinet__system_set_txt(struct tinet__bonjour_job *job,
                          const tinet_slice *txt, size_t n_txt,
                          tinet_error *err)
{
  struct publish_job *p = (struct publish_job *)job;
  tinet_slice *copy = tinet__txt_copy(txt, n_txt);
  sd_bus_message *call;

  (void)err; /* the code says all */
  if (!copy)
    return TINET_ENOMEM;
  tinet__free(p->txt);
  p->txt = copy;
  p->n_txt = n_txt;
  if (is_dead(p) || !tinet__object_is_made(p->group))
    return TINET_OK; /* they are sent with the rest, if at all */
  call = begin_call(p, "UpdateServiceTxt");
  (void)send_call(p, call, call ? append_txt(call, txt, n_txt) : -ENOMEM,
                  on_txt_error);
  return TINET_OK;
}
