/* avahi_fixture.h - a system bus with an avahi-daemon on it, in the process of
 * the test and on its loop, that does what the test says.
 */
#ifndef TINET_TEST_AVAHI_FIXTURE_H
#define TINET_TEST_AVAHI_FIXTURE_H

#include "core/sdbus_pump.h"
#include "t.h"

#include <stdarg.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define BUS "org.freedesktop.DBus"
#define AVAHI "org.freedesktop.Avahi"
#define DAEMON_NAME ":1.3"

static struct {
  char path[64];
  int listener;
  tinet_loop *loop;
  tinet__watch *watch;
  struct tinet__pump pump; /* the one client */
  int n_clients;
  const char *owner; /* the daemon's name; "": it is not there */
  int state;         /* the daemon's */
  const char *host;
  bool has_odd_answers; /* other than what was asked for */
  bool is_silent;       /* the daemon does not answer */
  const char *failing;  /* this method does not succeed */
  const char *error;    /* but with this error */
  sd_bus_message *held; /* the call that was not answered */
  char log[32768];      /* the methods that were called */
  int n_objects;
} fake = {.listener = -1};

static void fake_log(const char *fmt, ...) TINET_PRINTF(1, 2);

static void fake_log(const char *fmt, ...)
{
  size_t n = strlen(fake.log);
  va_list args;

  va_start(args, fmt);
  (void)vsnprintf(fake.log + n, sizeof fake.log - n, fmt, args);
  va_end(args);
}

/* Sends a message of ours; takes it. */
static void fake_send(sd_bus_message *m, const char *sender)
{
  T_OK(sd_bus_message_set_sender(m, sender) >= 0);
  (void)sd_bus_send(fake.pump.bus, m, NULL); /* the client may have gone */
  sd_bus_message_unref(m);
  tinet__pump_update(&fake.pump);
}

static void fake_signal(const char *sender, const char *path,
                        const char *interface, const char *member,
                        const char *types, ...)
{
  sd_bus_message *m = NULL;
  va_list args;

  T_OK(sd_bus_message_new_signal(fake.pump.bus, &m, path, interface, member) >=
       0);
  va_start(args, types);
  T_OK(sd_bus_message_appendv(m, types, args) >= 0);
  va_end(args);
  fake_send(m, sender);
}

/* A record browser's, with the data of the record. */
static void fake_record(const char *path, const char *member, int interface,
                        unsigned type, const void *data, size_t len)
{
  sd_bus_message *m = NULL;

  T_OK(sd_bus_message_new_signal(fake.pump.bus, &m, path,
                                 AVAHI ".RecordBrowser", member) >= 0);
  T_OK(sd_bus_message_append(m, "iisqq", interface, 0, "x.local", 1, type) >=
       0);
  T_OK(sd_bus_message_append_array(m, 'y', data, len) >= 0);
  T_OK(sd_bus_message_append(m, "u", 0) >= 0);
  fake_send(m, DAEMON_NAME);
}

static void fake_say_owner(const char *now)
{
  const char *before = fake.owner;

  fake.owner = now;
  fake_signal(BUS, "/org/freedesktop/DBus", BUS, "NameOwnerChanged", "sss",
              AVAHI, before, now);
}

static void fake_say_state(int state)
{
  fake.state = state;
  fake_signal(DAEMON_NAME, "/", AVAHI ".Server", "StateChanged", "is", state,
              "");
}

static void fake_answer(sd_bus_message *call, const char *sender,
                        const char *types, ...)
{
  sd_bus_message *m = NULL;
  va_list args;

  T_OK(sd_bus_message_new_method_return(call, &m) >= 0);
  va_start(args, types);
  T_OK(!*types || sd_bus_message_appendv(m, types, args) >= 0);
  va_end(args);
  fake_send(m, sender);
}

static void fake_fail(sd_bus_message *call, const char *sender,
                      const char *name)
{
  sd_bus_message *m = NULL;

  T_OK(sd_bus_message_new_method_errorf(call, &m, name, "no: %s", name) >= 0);
  fake_send(m, sender);
}

static void fake_as_bus(sd_bus_message *m, const char *method)
{
  if (strcmp(method, "Hello") == 0)
    fake_answer(m, BUS, "s", ":1.7");
  else if (strcmp(method, "GetNameOwner") != 0)
    return; /* AddMatch wants no answer */
  else if (*fake.owner)
    fake_answer(m, BUS, "s", fake.owner);
  else
    fake_fail(m, BUS, BUS ".Error.NameHasNoOwner");
}

static void fake_as_daemon(sd_bus_message *m, const char *method)
{
  char path[32];

  if (fake.failing && strcmp(method, fake.failing) == 0) {
    fake_fail(m, DAEMON_NAME, fake.error);
  } else if (strcmp(method, "GetState") == 0) {
    fake_answer(m, DAEMON_NAME, "i", fake.state);
  } else if (strcmp(method, "GetHostNameFqdn") == 0) {
    fake_answer(m, DAEMON_NAME, "s", fake.host);
  } else if (fake.has_odd_answers) {
    fake_answer(m, DAEMON_NAME, "u", 7u);
  } else if (strstr(method, "Prepare") || strstr(method, "New")) {
    (void)snprintf(path, sizeof path, "/o%d", ++fake.n_objects);
    fake_answer(m, DAEMON_NAME, "o", path);
  } else if (sd_bus_message_get_expect_reply(m) > 0) {
    fake_answer(m, DAEMON_NAME, "");
  }
}

static int fake_on_message(sd_bus_message *m, void *arg, sd_bus_error *error)
{
  const char *method = sd_bus_message_get_member(m);
  const char *to = sd_bus_message_get_destination(m);

  (void)arg;
  (void)error;
  if (sd_bus_message_is_method_call(m, NULL, NULL) <= 0)
    return 0;
  fake_log("%s ", method);
  if (to && strcmp(to, BUS) == 0)
    fake_as_bus(m, method);
  else if (fake.is_silent)
    fake.held = fake.held ? fake.held : sd_bus_message_ref(m);
  else
    fake_as_daemon(m, method);
  return 1;
}

static void fake_on_lost(void *arg, int errnum)
{
  (void)arg;
  (void)errnum; /* the client has gone */
}

static void fake_on_client(void *arg, unsigned events)
{
  int fd = accept4(fake.listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  sd_bus *bus = NULL;
  sd_id128_t id = {{7}};

  (void)arg;
  (void)events;
  tinet__pump_close(&fake.pump);
  fake.n_clients++;
  T_OK(fd >= 0 && sd_bus_new(&bus) >= 0);
  T_OK(sd_bus_set_fd(bus, fd, fd) >= 0);
  T_OK(sd_bus_set_server(bus, 1, id) >= 0);
  T_OK(sd_bus_start(bus) >= 0);
  T_OK(sd_bus_add_filter(bus, NULL, fake_on_message, NULL) >= 0);
  /* Without memory the client is turned away, and comes again. */
  (void)!tinet__pump_open(&fake.pump, fake.loop, bus, fake_on_lost, NULL);
}

/* From now on there is a bus where the environment says. */
static void fake_listen(void)
{
  struct sockaddr_un address = {.sun_family = AF_UNIX};

  (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", fake.path);
  fake.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  T_EQ(0, bind(fake.listener, (struct sockaddr *)&address, sizeof address));
  T_EQ(0, listen(fake.listener, 8));
  T_EQ(0, tinet__watch_open(fake.loop, fake.listener, fake_on_client, NULL,
                            &fake.watch));
  T_EQ(0, tinet__watch_set(fake.watch, TINET__READABLE));
}

static void fake_close(void)
{
  fake.held = sd_bus_message_unref(fake.held);
  tinet__pump_close(&fake.pump);
  tinet__watch_close(fake.watch);
  fake.watch = NULL;
  if (fake.listener >= 0)
    (void)close(fake.listener);
  fake.listener = -1;
  (void)unlink(fake.path);
}

/* A running daemon, but no bus yet; fake_listen() makes it. */
static void fake_begin(tinet_loop *loop)
{
  char address[96];

  fake.loop = loop;
  fake.owner = DAEMON_NAME;
  fake.host = "box.local";
  fake.state = 2;
  fake.is_silent = fake.has_odd_answers = false;
  fake.failing = fake.error = NULL;
  fake.log[0] = '\0';
  fake.n_objects = fake.n_clients = 0;
  (void)snprintf(fake.path, sizeof fake.path, "/tmp/tinet-bus-%d", getpid());
  (void)snprintf(address, sizeof address, "unix:path=%s", fake.path);
  T_EQ(0, setenv("DBUS_SYSTEM_BUS_ADDRESS", address, 1));
}

#endif
