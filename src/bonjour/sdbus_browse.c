/* sdbus_browse.c - services and types that the daemon hears of. */
#include "sdbus_private.h"

#include "../core/error.h"

#include <stdio.h>
#include <string.h>

struct browse_job {
  struct tinet__system_job job;  /* first */
  struct tinet__object *browser; /* owned */
  tinet__timer *all;             /* owned */
  bool is_of_types, is_dead;
  const struct tinet__browse_sink *sink;
  void *arg; /* of sink */
};

static void end_job(struct tinet__bonjour_job *job)
{
  struct browse_job *b = (struct browse_job *)job;

  tinet__object_end(b->browser);
  tinet__timer_close(b->all);
  tinet__free(b);
}

static void on_all(void *arg)
{
  struct browse_job *b = arg;

  if (!b->is_dead)
    b->sink->on_all_for_now(b->arg);
}

static void on_error(void *arg, const tinet_error *err)
{
  struct browse_job *b = arg;

  if (b->is_dead)
    return;
  b->is_dead = true;
  b->sink->on_failure(b->arg, err);
}

static void on_failure(struct browse_job *b, sd_bus_message *m)
{
  const char *name = NULL;
  tinet_error err;

  if (sd_bus_message_read(m, "s", &name) < 0)
    return;
  (void)tinet__sdbus_error(&err, "browse", name, NULL);
  on_error(b, &err);
}

/* Once for each interface and protocol, and taken back like that. */
static void on_item(struct browse_job *b, bool is_new, sd_bus_message *m)
{
  struct tinet__browse_item item = {0};
  int interface, protocol, result;

  if (b->is_of_types)
    result = sd_bus_message_read(m, "iiss", &interface, &protocol, &item.type,
                                 &item.domain);
  else
    result = sd_bus_message_read(m, "iisss", &interface, &protocol, &item.name,
                                 &item.type, &item.domain);
  if (result < 0)
    return; /* not of this interface */
  (is_new ? b->sink->on_new : b->sink->on_remove)(b->arg, &item);
}

static void on_signal(void *arg, const char *member, sd_bus_message *m)
{
  struct browse_job *b = arg;

  if (b->is_dead)
    return;
  if (strcmp(member, "ItemNew") == 0)
    on_item(b, true, m);
  else if (strcmp(member, "ItemRemove") == 0)
    on_item(b, false, m);
  else if (strcmp(member, "AllForNow") == 0)
    tinet__timer_start(b->all, TINET__LATE_ANSWER_MS);
  else if (strcmp(member, "Failure") == 0)
    on_failure(b, m);
}

static const struct tinet__object_kind services = {
    "browse", TINET__AVAHI ".ServiceBrowser", true};
static const struct tinet__object_kind types = {
    "browse", TINET__AVAHI ".ServiceTypeBrowser", true};
static const struct tinet__object_events events = {NULL, on_signal, on_error};

/* The call that makes the browser; NULL: no memory. */
static sd_bus_message *make_call(struct tinet__system *s,
                                 const struct tinet__browse_request *request)
{
  int interface = tinet__system_interface(request->interface_index), result;
  char type[TINET_BONJOUR_NAME_MAX + TINET_BONJOUR_TYPE_MAX + 8];
  sd_bus_message *call = NULL;

  result = tinet__system_call(s, NULL, TINET__AVAHI ".Server2",
                              request->type ? "ServiceBrowserPrepare"
                                            : "ServiceTypeBrowserPrepare",
                              &call);
  if (result >= 0)
    result = sd_bus_message_append(call, "ii", interface, TINET__AVAHI_UNSPEC);
  if (result >= 0 && request->type) {
    (void)snprintf(type, sizeof type, "%s%s%s",
                   request->subtype ? request->subtype : "",
                   request->subtype ? "._sub." : "", request->type);
    result = sd_bus_message_append(call, "s", type);
  }
  if (result >= 0)
    result = sd_bus_message_append(call, "su", "local", TINET__AVAHI_MULTICAST);
  return result >= 0 ? call : sd_bus_message_unref(call);
}

int tinet__system_browse(struct tinet__bonjour_backend *backend,
                         const struct tinet__browse_request *request,
                         const struct tinet__browse_sink *sink, void *arg,
                         struct tinet__bonjour_job **ret_job, tinet_error *err)
{
  struct tinet__system *s = (struct tinet__system *)backend;
  struct browse_job *b = tinet__zalloc(sizeof *b);
  int result;

  (void)err; /* the code says all */
  if (!b)
    return TINET_ENOMEM;
  b->job = (struct tinet__system_job){{backend}, end_job};
  b->is_of_types = !request->type;
  b->sink = sink;
  b->arg = arg;
  result = tinet__timer_open(s->loop, on_all, b, &b->all);
  if (result == TINET_OK)
    result = tinet__object_new(s, make_call(s, request),
                               b->is_of_types ? &types : &services, &events, b,
                               &b->browser);
  if (result < 0) {
    end_job(&b->job.base);
    return result;
  }
  *ret_job = &b->job.base;
  return TINET_OK;
}
