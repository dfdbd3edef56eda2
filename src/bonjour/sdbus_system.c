/* sdbus_system.c - the system back end: avahi-daemon over the system bus.
 *
 * 1. A connection to the bus is made, and what the bus and the daemon announce
 *    is subscribed to, before anything is asked.
 * 2. The bus says whether there is a daemon; that says how it is.
 * 3. If it is RUNNING we are ready.  If it does not answer, is not there or not
 *    yet running, we are absent after a moment, and ready as soon as it is.
 * 4. When it or the bus is lost, the connection is closed and made anew: at
 *    once at first, then less and less often.
 */
#include "sdbus_private.h"

#include "../core/error.h"

#include <errno.h>
#include <string.h>

#define BUS "org.freedesktop.DBus"
#define BUS_PATH "/org/freedesktop/DBus"

#define ANSWER_MS 500     /* no longer shall a stopped daemon hold up a start */
#define RUNNING_MS 2500   /* one that has just been started takes a second */
#define RETRY_MIN_MS 500u /* a bus that was restarted */
#define RETRY_MAX_MS 30000u /* a machine without any */

/* The daemon's states that matter. */
enum { DAEMON_REGISTERING = 1, DAEMON_RUNNING = 2, DAEMON_COLLISION = 3 };

/* ---- what the front knows ---- */

static void be_ready(struct tinet__system *s)
{
  if (s->has_told && s->is_ready)
    return;
  s->has_told = s->is_ready = true;
  s->events->on_ready(s->arg);
}

static void be_absent(struct tinet__system *s, const tinet_error *err)
{
  if (s->has_told && !s->is_ready)
    return;
  s->has_told = true;
  s->is_ready = false;
  s->events->on_absent(err, s->arg);
}

static void be_absent_because(struct tinet__system *s, const char *why)
{
  tinet_error err;

  (void)tinet__bonjour_error(&err, TINET_ESYSTEM, TINET_BONJOUR_UNKNOWN,
                             "avahi-daemon: %s", why);
  be_absent(s, &err);
}

/* ---- calls ---- */

int tinet__system_call(struct tinet__system *s, const char *path,
                       const char *interface, const char *method,
                       sd_bus_message **ret_call)
{
  if (!s->pump.bus || !s->owner)
    return -ENOTCONN;
  /* To this very process, not to a name that another may have by then. */
  return sd_bus_message_new_method_call(s->pump.bus, ret_call, s->owner,
                                        path ? path : "/", interface, method);
}

void tinet__system_hang(struct tinet__system *s)
{
  tinet__pump_break(&s->pump, ETIMEDOUT);
}

/* The server object's property-like calls, without arguments.  A daemon that
 * is stopped may take any time; it is known by then that it does not answer. */
static int ask_daemon(struct tinet__system *s, const char *method,
                      sd_bus_message_handler_t handler)
{
  sd_bus_message *call = NULL;
  int result =
      tinet__system_call(s, NULL, TINET__AVAHI ".Server2", method, &call);

  if (result >= 0)
    result = sd_bus_call_async(s->pump.bus, NULL, call, handler, s, UINT64_MAX);
  sd_bus_message_unref(call);
  return result;
}

/* ---- the daemon's host name ---- */

/* It has given itself another name, perhaps: what leads to the old one leads
 * nowhere. */
static int on_host(sd_bus_message *m, void *arg, sd_bus_error *ret_error)
{
  struct tinet__system *s = arg;
  const char *host = NULL;
  bool is_new;

  (void)ret_error;
  if (sd_bus_message_is_method_error(m, NULL) ||
      sd_bus_message_read(m, "s", &host) < 0)
    return 0;
  is_new = s->host && !tinet_bonjour_is_same(s->host, host);
  if (s->host && !is_new)
    return 0;
  tinet__free(s->host);
  s->host = tinet__strdup(host); /* without it a change goes unnoticed */
  if (is_new)
    tinet__system_publish_again(s);
  return 0;
}

/* ---- how the daemon is ---- */

static void on_daemon_state(struct tinet__system *s, int state)
{
  if (state == DAEMON_RUNNING) {
    s->state = TINET__SYSTEM_RUNNING;
    tinet__timer_stop(s->timer);
    (void)ask_daemon(s, "GetHostNameFqdn", on_host);
    be_ready(s);
    return;
  }
  if (s->state != TINET__SYSTEM_WAITING)
    tinet__timer_start(s->timer, RUNNING_MS);
  s->state = TINET__SYSTEM_WAITING;
  if (state != DAEMON_REGISTERING && state != DAEMON_COLLISION)
    be_absent_because(s, "it has failed");
}

static int on_state(sd_bus_message *m, void *arg, sd_bus_error *ret_error)
{
  struct tinet__system *s = arg;
  const sd_bus_error *e = sd_bus_message_get_error(m);
  tinet_error err;
  int state = 0;

  (void)ret_error;
  if (e && tinet__sdbus_is_loss(e->name)) {
    tinet__system_hang(s);
  } else if (e) {
    /* An old one without Server2, or we may not talk to it. */
    (void)tinet__sdbus_error(&err, "avahi-daemon", e->name, e->message);
    s->state = TINET__SYSTEM_WAITING;
    be_absent(s, &err);
  } else if (sd_bus_message_read(m, "i", &state) >= 0) {
    on_daemon_state(s, state);
  }
  return 0;
}

/* ---- who the daemon is ---- */

/* "": nobody. */
static void set_owner(struct tinet__system *s, const char *owner)
{
  if (s->owner && strcmp(s->owner, owner) == 0)
    return;
  if (s->owner) {
    tinet__pump_break(&s->pump, ESRCH);
    return;
  }
  if (!*owner) {
    s->state = TINET__SYSTEM_WAITING;
    be_absent_because(s, "it is not running");
    return;
  }
  s->state = TINET__SYSTEM_ASKING;
  s->owner = tinet__strdup(owner);
  if (!s->owner || ask_daemon(s, "GetState", on_state) < 0)
    tinet__pump_break(&s->pump, ENOMEM);
  else
    tinet__timer_start(s->timer, ANSWER_MS);
}

static int on_owner(sd_bus_message *m, void *arg, sd_bus_error *ret_error)
{
  struct tinet__system *s = arg;
  const char *owner = NULL;

  (void)ret_error;
  s->n_failures = 0; /* the bus works */
  if (sd_bus_message_is_method_error(m, BUS ".Error.NameHasNoOwner"))
    set_owner(s, "");
  else if (sd_bus_message_is_method_error(m, NULL) ||
           sd_bus_message_read(m, "s", &owner) < 0)
    tinet__pump_break(&s->pump, EPROTO);
  else
    set_owner(s, owner);
  return 0;
}

/* ---- what is said without having been asked ---- */

static void on_bus_signal(struct tinet__system *s, sd_bus_message *m)
{
  const char *name, *old, *now;

  if (sd_bus_message_is_signal(m, BUS, "NameOwnerChanged") &&
      sd_bus_message_read(m, "sss", &name, &old, &now) >= 0 &&
      strcmp(name, TINET__AVAHI) == 0)
    set_owner(s, now);
}

static void on_daemon_signal(struct tinet__system *s, sd_bus_message *m)
{
  int state;

  if (!sd_bus_message_is_signal(m, TINET__AVAHI ".Server", "StateChanged"))
    tinet__objects_signal(s, m);
  else if (sd_bus_message_read(m, "i", &state) >= 0)
    on_daemon_state(s, state);
}

static int on_message(sd_bus_message *m, void *arg, sd_bus_error *ret_error)
{
  struct tinet__system *s = arg;
  const char *sender = sd_bus_message_get_sender(m);

  (void)ret_error;
  if (!sender || !sd_bus_message_is_signal(m, NULL, NULL))
    return 0;
  if (strcmp(sender, BUS) == 0)
    on_bus_signal(s, m);
  else if (s->owner && strcmp(sender, s->owner) == 0)
    on_daemon_signal(s, m);
  return 0;
}

/* ---- the connection ---- */

static void connect_bus(struct tinet__system *s);

static void retry_later(struct tinet__system *s)
{
  unsigned ms = 0;

  for (unsigned i = 0; i < s->n_failures && ms < RETRY_MAX_MS; i++)
    ms = ms ? ms * 2 : RETRY_MIN_MS;
  s->n_failures++;
  s->state = TINET__SYSTEM_DOWN;
  tinet__timer_start(s->timer, ms < RETRY_MAX_MS ? ms : RETRY_MAX_MS);
}

static void forget_daemon(struct tinet__system *s)
{
  tinet__objects_drop(s);
  tinet__published_drop(s);
  tinet__resolving_drop(s);
  tinet__free(TINET_TAKE(s->owner));
  tinet__free(TINET_TAKE(s->host));
}

static void on_lost(void *arg, int errnum)
{
  struct tinet__system *s = arg;
  tinet_error err;

  forget_daemon(s);
  retry_later(s);
  if (errnum == ESRCH) {
    be_absent_because(s, "it has ended");
    return;
  }
  (void)tinet__sdbus_errno(&err, "the system bus", -errnum);
  be_absent(s, &err);
}

/* Answers to these matter only if they fail, and then the next one does. */
static int subscribe(sd_bus *bus, const char *rule)
{
  return sd_bus_call_method_async(bus, NULL, BUS, BUS_PATH, BUS, "AddMatch",
                                  NULL, NULL, "s", rule);
}

/* Everything is sent when the bus has let us in. */
static int begin(struct tinet__system *s)
{
  sd_bus *bus = s->pump.bus;
  int result = sd_bus_add_filter(bus, NULL, on_message, s);

  if (result >= 0)
    result = subscribe(bus, "type='signal',sender='" BUS "',path='" BUS_PATH
                            "',interface='" BUS "',member='NameOwnerChanged',"
                            "arg0='" TINET__AVAHI "'");
  if (result >= 0)
    result = subscribe(bus, "type='signal',sender='" TINET__AVAHI "'");
  if (result >= 0)
    result =
        sd_bus_call_method_async(bus, NULL, BUS, BUS_PATH, BUS, "GetNameOwner",
                                 on_owner, s, "s", TINET__AVAHI);
  tinet__pump_update(&s->pump);
  return result;
}

static void connect_bus(struct tinet__system *s)
{
  sd_bus *bus = NULL;
  int result = sd_bus_open_system(&bus); /* does not wait for the answer */

  if (result >= 0 && tinet__pump_open(&s->pump, s->loop, bus, on_lost, s) < 0)
    result = -ENOMEM;
  if (result >= 0) {
    s->state = TINET__SYSTEM_ASKING;
    tinet__timer_start(s->timer, ANSWER_MS);
    result = begin(s);
  }
  if (result >= 0)
    return;
  tinet__pump_close(&s->pump);
  on_lost(s, -result);
}

static void on_timer(void *arg)
{
  struct tinet__system *s = arg;

  if (s->state == TINET__SYSTEM_DOWN)
    connect_bus(s);
  else if (s->state == TINET__SYSTEM_ASKING)
    be_absent_because(s, "it does not answer");
  else
    be_absent_because(s, "it is not ready");
}

/* ---- the interface ---- */

int tinet__system_interface(uint32_t interface_index)
{
  return interface_index > 0 && interface_index <= INT32_MAX
             ? (int)interface_index
             : TINET__AVAHI_UNSPEC;
}

static void close_system(struct tinet__bonjour_backend *backend)
{
  struct tinet__system *s = (struct tinet__system *)backend;

  if (!s)
    return;
  tinet__pump_close(&s->pump);
  forget_daemon(s);
  tinet__timer_close(s->timer);
  tinet__free(s);
}

static int open_system(const struct tinet__bonjour_setup *setup,
                       struct tinet__bonjour_backend **ret_backend,
                       tinet_error *err)
{
  struct tinet__system *s = tinet__zalloc(sizeof *s);

  if (!s || tinet__timer_open(setup->loop, on_timer, s, &s->timer) < 0) {
    tinet__free(s);
    return tinet__error_set(err, TINET_ENOMEM, TINET_ORIGIN_TINET, 0, NULL);
  }
  s->base.ops = &tinet__bonjour_system;
  s->loop = setup->loop;
  s->events = setup->events;
  s->arg = setup->arg;
  tinet__list_init(&s->objects);
  tinet__list_init(&s->published);
  tinet__list_init(&s->resolving);
  tinet__list_init(&s->waiting);
  *ret_backend = &s->base;
  connect_bus(s);
  return TINET_OK;
}

static void end_job(struct tinet__bonjour_job *job)
{
  ((struct tinet__system_job *)job)->end(job);
}

const struct tinet__bonjour_ops tinet__bonjour_system = {
    .name = "system",
    .open = open_system,
    .close = close_system,
    .browse = tinet__system_browse,
    .publish = tinet__system_publish,
    .resolve = tinet__system_resolve,
    .set_txt = tinet__system_set_txt,
    .end = end_job,
};
