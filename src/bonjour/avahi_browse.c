/* avahi_browse.c - services and types that the embedded stack hears of.
 *
 * The first question is sent by hand, too (avahi_ask.c).
 */
#include "avahi_private.h"

#include <stdio.h>

#define TYPE_ROOM (TINET_BONJOUR_NAME_MAX + TINET_BONJOUR_TYPE_MAX + 8)

struct browse_job {
  struct tinet__embedded_job job;  /* first */
  AvahiSServiceBrowser *services;  /* owned; one of the two */
  AvahiSServiceTypeBrowser *types; /* owned */
  tinet__timer *all, *ask;         /* owned */
  uint32_t interface_index;
  char type[TYPE_ROOM];
  const struct tinet__browse_sink *sink;
  void *arg; /* of sink */
};

static void end_job(struct tinet__bonjour_job *job)
{
  struct browse_job *b = (struct browse_job *)job;

  if (b->services)
    avahi_s_service_browser_free(b->services);
  if (b->types)
    avahi_s_service_type_browser_free(b->types);
  tinet__timer_close(b->all);
  tinet__timer_close(b->ask);
  tinet__free(b);
}

static void on_all(void *arg)
{
  struct browse_job *b = arg;

  b->sink->on_all_for_now(b->arg);
}

static void on_ask(void *arg)
{
  struct browse_job *b = arg;
  struct tinet__embedded *e = (struct tinet__embedded *)b->job.base.backend;
  char name[TYPE_ROOM + sizeof ".local"];

  (void)snprintf(name, sizeof name, "%s.local", b->type);
  tinet__avahi_ask(&e->poll, name, b->interface_index);
}

static void on_event(struct browse_job *b, AvahiBrowserEvent event,
                     const struct tinet__browse_item *item)
{
  struct tinet__embedded *e = (struct tinet__embedded *)b->job.base.backend;
  tinet_error err;

  switch (event) {
  case AVAHI_BROWSER_NEW:
    b->sink->on_new(b->arg, item);
    break;
  case AVAHI_BROWSER_REMOVE:
    b->sink->on_remove(b->arg, item);
    break;
  case AVAHI_BROWSER_ALL_FOR_NOW:
    tinet__timer_start(b->all, TINET__LATE_ANSWER_MS);
    break;
  case AVAHI_BROWSER_FAILURE:
    (void)tinet__avahi_failed(e, &err, "browse");
    b->sink->on_failure(b->arg, &err);
    break;
  default:
    break; /* that the cache has nothing more says nothing */
  }
}

/* NOLINTNEXTLINE(readability-function-size): avahi-core's signature */
static void on_service(AvahiSServiceBrowser *browser, AvahiIfIndex interface,
                       AvahiProtocol protocol, AvahiBrowserEvent event,
                       const char *name, const char *type, const char *domain,
                       AvahiLookupResultFlags flags, void *arg)
{
  const struct tinet__browse_item item = {name, type, domain};

  (void)browser;
  (void)interface;
  (void)protocol;
  (void)flags;
  on_event(arg, event, &item);
}

/* NOLINTNEXTLINE(readability-function-size): avahi-core's signature */
static void on_type(AvahiSServiceTypeBrowser *browser, AvahiIfIndex interface,
                    AvahiProtocol protocol, AvahiBrowserEvent event,
                    const char *type, const char *domain,
                    AvahiLookupResultFlags flags, void *arg)
{
  const struct tinet__browse_item item = {NULL, type, domain};

  (void)browser;
  (void)interface;
  (void)protocol;
  (void)flags;
  on_event(arg, event, &item);
}

static void start(struct browse_job *b, AvahiServer *server,
                  const struct tinet__browse_request *request)
{
  AvahiIfIndex interface = tinet__avahi_interface(request->interface_index);

  b->interface_index = request->interface_index;
  tinet__timer_start(b->ask, tinet__avahi_ask_delay_ms());
  if (!request->type) {
    (void)snprintf(b->type, sizeof b->type, "%s", TINET_BONJOUR_ALL_TYPES);
    b->types = avahi_s_service_type_browser_new(
        server, interface, AVAHI_PROTO_UNSPEC, "local",
        AVAHI_LOOKUP_USE_MULTICAST, on_type, b);
    return;
  }
  (void)snprintf(b->type, sizeof b->type, "%s%s%s",
                 request->subtype ? request->subtype : "",
                 request->subtype ? "._sub." : "", request->type);
  b->services = avahi_s_service_browser_new(
      server, interface, AVAHI_PROTO_UNSPEC, b->type, "local",
      AVAHI_LOOKUP_USE_MULTICAST, on_service, b);
}

int tinet__avahi_browse(struct tinet__bonjour_backend *backend,
                        const struct tinet__browse_request *request,
                        const struct tinet__browse_sink *sink, void *arg,
                        struct tinet__bonjour_job **ret_job, tinet_error *err)
{
  struct tinet__embedded *e = (struct tinet__embedded *)backend;
  struct browse_job *b = tinet__zalloc(sizeof *b);
  int result;

  if (!b)
    return TINET_ENOMEM;
  b->job = (struct tinet__embedded_job){{backend}, end_job};
  b->sink = sink;
  b->arg = arg;
  result = tinet__timer_open(e->loop, on_all, b, &b->all);
  if (result == TINET_OK)
    result = tinet__timer_open(e->loop, on_ask, b, &b->ask);
  if (result == TINET_OK)
    start(b, e->server, request);
  if (result == TINET_OK && !b->services && !b->types)
    result = tinet__avahi_failed(e, err, "browse");
  if (result < 0) {
    end_job(&b->job.base);
    return result;
  }
  *ret_job = &b->job.base;
  return TINET_OK;
}
