/* test_bonjour_system.c - the system back end, with a bus and a daemon that do
 * what the test says: when it is ready, what it asks, what it believes.
 */
#include "avahi_fixture.h"
#include "bonjour/sdbus_private.h"
#include "core/alloc.h"

static tinet_loop *loop;
static struct tinet__bonjour_backend *sys;
static struct tinet__bonjour_job *job;
static char told[4096];

static void tell(const char *fmt, ...) TINET_PRINTF(1, 2);

static void tell(const char *fmt, ...)
{
  size_t n = strlen(told);
  va_list args;

  va_start(args, fmt);
  (void)vsnprintf(told + n, sizeof told - n, fmt, args);
  va_end(args);
}

/* ---- what the back end says ---- */

static void on_ready(void *arg)
{
  (void)arg;
  tell("ready ");
}

static void on_absent(const tinet_error *err, void *arg)
{
  (void)arg;
  T_OK(err->code < 0 && *err->text);
  tell("absent ");
}

static const struct tinet__bonjour_backend_events events = {on_ready,
                                                            on_absent};

static void on_new(void *arg, const struct tinet__browse_item *item)
{
  (void)arg;
  tell("+%s,%s,%s ", item->name ? item->name : "-", item->type, item->domain);
}

static void on_remove(void *arg, const struct tinet__browse_item *item)
{
  (void)arg;
  tell("-%s,%s,%s ", item->name ? item->name : "-", item->type, item->domain);
}

static void on_all(void *arg)
{
  (void)arg;
  tell("all ");
}

static void on_failure(void *arg, const tinet_error *err)
{
  (void)arg;
  tell("!%s,%s ", tinet_error_name(err->code),
       tinet_bonjour_code_name(tinet_bonjour_code_of(err)));
}

static void on_established(void *arg)
{
  (void)arg;
  tell("established ");
}

static void on_collision(void *arg)
{
  (void)arg;
  tell("collision ");
}

static void on_found(void *arg, const struct tinet__resolve_found *found)
{
  char text[TINET_ENDPOINT_TEXT_MAX];

  (void)arg;
  tell("[%s:%d", found->host ? found->host : "-", found->port);
  for (size_t i = 0; i < found->n_endpoints; i++) {
    tinet_endpoint_text(&found->endpoints[i], text);
    tell(" %s", text);
  }
  for (size_t i = 0; i < found->n_txt; i++)
    tell(" %.*s", (int)found->txt[i].len, (const char *)found->txt[i].data);
  tell("%s] ", found->has_txt ? "" : " ?");
}

static const struct tinet__browse_sink browse_sink = {on_new, on_remove, on_all,
                                                      on_failure};
static const struct tinet__publish_sink publish_sink = {
    on_established, on_collision, on_failure};
static const struct tinet__resolve_sink resolve_sink = {on_found, on_failure};

/* ---- steps ---- */

static void begin(void)
{
  T_EQ(0, tinet_loop_open(&loop));
  tinet__loop_hold(loop);
  told[0] = '\0';
  fake_begin(loop);
}

static void end_job(void)
{
  if (job)
    job->backend->ops->end(job);
  job = NULL;
}

static void finish(void)
{
  end_job();
  if (sys)
    sys->ops->close(sys);
  sys = NULL;
  fake_close();
  tinet__loop_release(loop);
  T_EQ(0, tinet_loop_close(loop));
}

static int try_open(void)
{
  const struct tinet__bonjour_setup setup = {.loop = loop, .events = &events};
  tinet_error err = {0};

  return tinet__bonjour_system.open(&setup, &sys, &err);
}

/* Runs until a text holds this; the alarm ends a test that waits in vain. */
static void run_until(const char *text, const char *part)
{
  while (!strstr(text, part))
    (void)tinet_loop_run_once(loop);
}

/* What has been told up to a point, and no more than that. */
static void expect(const char *what)
{
  run_until(told, what);
  T_STR(what, told);
  told[0] = '\0';
}

static void expect_calls(const char *what)
{
  run_until(fake.log, what);
  T_STR(what, fake.log);
  fake.log[0] = '\0';
}

/* Whatever was on its way has arrived when it asks about this. */
static void settle(void)
{
  fake.log[0] = '\0';
  fake_say_state(2);
  run_until(fake.log, "GetHostNameFqdn ");
  fake.log[0] = '\0';
}

static void begin_ready(void)
{
  begin();
  fake_listen();
  T_EQ(0, try_open());
  expect("ready ");
  run_until(fake.log, "GetHostNameFqdn ");
  fake.log[0] = '\0';
}

static int try_browse(const char *type, const char *subtype)
{
  const struct tinet__browse_request request = {type, subtype, "local", 0};

  return sys->ops->browse(sys, &request, &browse_sink, NULL, &job, NULL);
}

static int try_publish(const char *name)
{
  static const tinet_slice txt[] = {{"a=1", 3}, {"b", 1}};
  static const char *const subtypes[] = {"_printer"};
  const struct tinet__publish_request request = {
      .name = name,
      .type = "_t._tcp",
      .domain = "local",
      .port = 80,
      .txt = txt,
      .n_txt = 2,
      .subtypes = subtypes,
      .n_subtypes = 1,
      .interface_index = 3,
  };

  return sys->ops->publish(sys, &request, &publish_sink, NULL, &job, NULL);
}

static int try_resolve(const char *name)
{
  const struct tinet__resolve_request request = {name, "_t._tcp", "local", 0};

  return sys->ops->resolve(sys, &request, &resolve_sink, NULL, &job, NULL);
}

static void say_group(int state, const char *error)
{
  fake_signal(DAEMON_NAME, "/o1", AVAHI ".EntryGroup", "StateChanged", "is",
              state, error);
}

/* ---- the daemon ---- */

static void it_listens_before_it_asks(void)
{
  begin();
  fake_listen();
  T_EQ(0, try_open());
  T_STR("", told);
  expect("ready ");
  run_until(fake.log, "GetHostNameFqdn ");
  T_STR("Hello AddMatch AddMatch GetNameOwner GetState GetHostNameFqdn ",
        fake.log);
  finish();
}

static void without_a_bus_it_is_absent_at_once(void)
{
  begin();
  T_EQ(0, try_open());
  T_STR("absent ", told);
  told[0] = '\0';
  fake_listen(); /* and when there is one, it is found */
  expect("ready ");
  finish();
}

static void a_daemon_that_comes_and_goes_is_followed(void)
{
  begin();
  fake.owner = "";
  fake_listen();
  T_EQ(0, try_open());
  expect("absent ");
  fake_say_owner(DAEMON_NAME);
  expect("ready ");
  fake_say_owner("");
  expect("absent ");
  run_until(fake.log, "GetNameOwner GetState GetHostNameFqdn Hello AddMatch "
                      "AddMatch GetNameOwner ");
  fake_say_owner(DAEMON_NAME);
  expect("ready ");
  fake_say_owner(":1.9"); /* another in its place */
  fake.owner = DAEMON_NAME;
  expect("absent ready ");
  T_EQ(3, fake.n_clients);
  finish();
}

static void a_daemon_that_is_not_ready_is_waited_for(void)
{
  begin();
  fake.state = 1;
  fake_listen();
  T_EQ(0, try_open());
  run_until(fake.log, "GetState ");
  fake_say_state(3);
  fake_say_state(1);
  fake_say_state(2);
  expect("ready ");
  fake_say_state(1); /* a new address: no reason to leave */
  fake_say_state(2);
  settle();
  fake_say_state(4);
  expect("absent ");
  fake_say_state(2);
  expect("ready ");
  finish();
}

/* It fights for its host name with another stack, for ever. */
static void a_daemon_that_never_gets_ready_is_not_waited_for_long(void)
{
  begin();
  fake.state = 3;
  fake_listen();
  T_EQ(0, try_open());
  expect("absent ");
  fake_say_state(2);
  expect("ready ");
  fake_say_state(3);
  expect("absent ");
  finish();
}

static void a_daemon_that_does_not_answer_is_absent_until_it_does(void)
{
  begin();
  fake.is_silent = true;
  fake_listen();
  T_EQ(0, try_open());
  expect("absent ");
  T_OK(fake.held != NULL);
  fake.is_silent = false;
  fake_answer(fake.held, DAEMON_NAME, "i", 2);
  expect("ready ");
  finish();
}

static void a_daemon_that_cannot_or_may_not_be_asked_is_absent(void)
{
  static const char *const errors[] = {BUS ".Error.UnknownMethod",
                                       BUS ".Error.UnknownInterface",
                                       BUS ".Error.AccessDenied"};

  for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
    begin();
    fake.failing = "GetState";
    fake.error = errors[i];
    fake_listen();
    T_EQ(0, try_open());
    expect("absent ");
    finish();
  }
}

static void a_bus_that_ends_is_tried_again(void)
{
  begin_ready();
  T_EQ(0, try_browse("_t._tcp", NULL));
  run_until(fake.log, "Start ");
  fake_close();
  expect("absent ");
  end_job();
  fake_listen();
  expect("ready ");
  finish();
}

/* ---- browsing ---- */

static void services_come_and_go_as_the_daemon_says(void)
{
  const char *interface = AVAHI ".ServiceBrowser";

  begin_ready();
  T_EQ(0, try_browse("_t._tcp", "_printer"));
  expect_calls("ServiceBrowserPrepare Start ");
  fake_signal(DAEMON_NAME, "/o1", interface, "ItemNew", "iisssu", 2, 0, "A",
              "_t._tcp", "local", 0);
  fake_signal(DAEMON_NAME, "/o1", interface, "ItemRemove", "iisssu", 2, 0, "A",
              "_t._tcp", "local", 0);
  fake_signal(DAEMON_NAME, "/o1", interface, "CacheExhausted", "");
  fake_signal(DAEMON_NAME, "/o1", interface, "AllForNow", "");
  expect("+A,_t._tcp,local -A,_t._tcp,local all ");
  fake_signal(DAEMON_NAME, "/o1", interface, "Failure", "s",
              AVAHI ".TimeoutError");
  fake_signal(DAEMON_NAME, "/o1", interface, "Failure", "s",
              AVAHI ".TimeoutError");
  expect("!TINET_ESYSTEM,UnknownError ");
  settle();
  T_STR("", told); /* once is enough */
  end_job();
  expect_calls("Free ");
  finish();
}

static void types_come_as_the_daemon_says(void)
{
  begin_ready();
  T_EQ(0, try_browse(NULL, NULL));
  expect_calls("ServiceTypeBrowserPrepare Start ");
  fake_signal(DAEMON_NAME, "/o1", AVAHI ".ServiceTypeBrowser", "ItemNew",
              "iissu", 2, 0, "_t._tcp", "local", 0);
  expect("+-,_t._tcp,local ");
  finish();
}

static void only_the_daemon_is_believed(void)
{
  const char *interface = AVAHI ".ServiceBrowser";

  begin_ready();
  T_EQ(0, try_browse("_t._tcp", NULL));
  expect_calls("ServiceBrowserPrepare Start ");
  fake_signal(":1.66", "/o1", interface, "ItemNew", "iisssu", 2, 0, "Forged",
              "_t._tcp", "local", 0);
  fake_signal(DAEMON_NAME, "/o2", interface, "ItemNew", "iisssu", 2, 0,
              "Elsewhere", "_t._tcp", "local", 0);
  fake_signal(DAEMON_NAME, "/o1", AVAHI ".Other", "ItemNew", "iisssu", 2, 0,
              "Other", "_t._tcp", "local", 0);
  fake_signal(DAEMON_NAME, "/o1", interface, "ItemNew", "s", "Malformed");
  fake_signal(DAEMON_NAME, "/o1", interface, "Failure", "");
  fake_signal(":1.66", "/", AVAHI ".Server", "StateChanged", "is", 4, "");
  fake_signal(":1.66", "/org/freedesktop/DBus", BUS, "NameOwnerChanged", "sss",
              AVAHI, DAEMON_NAME, "");
  fake_signal(BUS, "/org/freedesktop/DBus", BUS, "NameOwnerChanged", "sss",
              "a.b", ":1.5", "");
  fake_signal(DAEMON_NAME, "/o1", interface, "ItemNew", "iisssu", 2, 0, "Good",
              "_t._tcp", "local", 0);
  expect("+Good,_t._tcp,local ");
  finish();
}

static void what_is_ended_before_it_is_there_is_freed_all_the_same(void)
{
  begin_ready();
  T_EQ(0, try_browse("_t._tcp", NULL));
  end_job();
  expect_calls("ServiceBrowserPrepare Free ");
  fake.failing = "ServiceBrowserPrepare";
  fake.error = AVAHI ".TooManyObjectsError";
  T_EQ(0, try_browse("_t._tcp", NULL));
  end_job();
  settle();
  T_STR("", told);
  finish();
}

static void a_browser_that_cannot_be_made_is_a_failure(void)
{
  begin_ready();
  fake.failing = "ServiceBrowserPrepare";
  fake.error = AVAHI ".TooManyObjectsError";
  T_EQ(0, try_browse("_t._tcp", NULL));
  expect("!TINET_ELIMIT,UnknownError ");
  end_job();
  fake.failing = "Start";
  fake.error = AVAHI ".InvalidServiceTypeError";
  T_EQ(0, try_browse("_t._tcp", NULL));
  expect("!TINET_EINVAL,BadArgumentError ");
  finish();
}

static void answers_of_another_kind_are_failures(void)
{
  begin_ready();
  fake.has_odd_answers = true;
  T_EQ(0, try_browse("_t._tcp", NULL));
  expect("!TINET_ESYSTEM,UnknownError ");
  end_job();
  T_EQ(0, try_browse("_t._tcp", NULL));
  end_job(); /* nobody hears of that one */
  settle();
  T_STR("", told);
  finish();
}

/* ---- publishing ---- */

static void a_service_is_added_and_committed(void)
{
  begin_ready();
  T_EQ(0, try_publish("Foo"));
  expect_calls("EntryGroupNew AddService AddServiceSubtype Commit ");
  say_group(1, "");
  say_group(2, "");
  expect("established ");
  end_job();
  expect_calls("Free ");
  finish();
}

static void a_taken_name_is_a_collision_however_it_is_told(void)
{
  begin_ready();
  fake.failing = "AddService";
  fake.error = AVAHI ".CollisionError";
  T_EQ(0, try_publish("Foo"));
  expect("collision ");
  settle();
  T_STR("", told); /* not of the commit as well */
  end_job();
  fake.failing = NULL;
  fake.n_objects = 0;
  T_EQ(0, try_publish("Foo"));
  run_until(fake.log, "Commit ");
  say_group(2, "");
  say_group(3, AVAHI ".CollisionError");
  say_group(2, "");
  expect("established collision ");
  settle();
  T_STR("", told);
  finish();
}

static void a_name_of_ours_is_taken_as_well(void)
{
  struct tinet__bonjour_job *first;

  begin_ready();
  T_EQ(0, try_publish("Foo"));
  first = job;
  T_EQ(0, try_publish("foo"));
  T_STR("collision ", told);
  end_job();
  first->backend->ops->end(first);
  finish();
}

static void what_the_daemon_refuses_is_an_error(void)
{
  static const struct {
    const char *method, *error, *told;
  } cases[] = {
      {"EntryGroupNew", AVAHI ".NotPermittedError",
       "!TINET_EPERMISSION,UnknownError "},
      {"EntryGroupNew", AVAHI ".TooManyClientsError",
       "!TINET_ELIMIT,UnknownError "},
      {"AddService", AVAHI ".InvalidServiceNameError",
       "!TINET_EINVAL,BadArgumentError "},
      {"AddServiceSubtype", AVAHI ".TooManyEntriesError",
       "!TINET_ELIMIT,UnknownError "},
      {"Commit", AVAHI ".InvalidObjectError", "!TINET_ESYSTEM,InvalidError "},
      {"Commit", "x.y.Odd", "!TINET_ESYSTEM,UnknownError "},
  };

  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    begin_ready();
    fake.failing = cases[i].method;
    fake.error = cases[i].error;
    T_EQ(0, try_publish("Foo"));
    expect(cases[i].told);
    finish();
  }
  begin_ready();
  T_EQ(0, try_publish("Foo"));
  run_until(fake.log, "Commit ");
  say_group(4, AVAHI ".NotFoundError");
  expect("!TINET_ENOTFOUND,NotFoundError ");
  finish();
}

static void each_error_of_the_daemon_has_its_number(void)
{
  static const struct {
    int number;
    const char *names; /* one behind the other */
  } all[] = {
      {TINET_BONJOUR_BAD_ARGUMENT,
       "BadStateError InvalidHostNameError InvalidDomainNameError "
       "InvalidTTLError IsPatternError InvalidRecordError "
       "InvalidServiceNameError InvalidServiceTypeError InvalidPortError "
       "InvalidKeyError InvalidAddressError InvalidFlagsError "
       "InvalidServiceSubtypeError "},
      {TINET_BONJOUR_COLLISION, "CollisionError "},
      {TINET_BONJOUR_NOT_FOUND, "NotFoundError "},
      {TINET_BONJOUR_INVALID,
       "InvalidOperationError InvalidObjectError VersionMismatchError "},
      {TINET_BONJOUR_UNKNOWN,
       "Failure NoNetworkError TimeoutError TooManyClientsError "
       "TooManyObjectsError TooManyEntriesError OSError AccessDeniedError "
       "DBusError DisconnectedError NoMemoryError NoDaemonError "
       "InvalidInterfaceError InvalidInterfaceProtocolError "
       "NotPermittedError IsEmptyError NotSupportedError "},
  };
  char name[64];
  tinet_error err;
  int len;

  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    for (const char *at = all[i].names; *at; at += len + 1) {
      len = (int)strcspn(at, " ");
      (void)snprintf(name, sizeof name, AVAHI ".%.*s", len, at);
      T_OK(tinet__sdbus_error(&err, "x", name, NULL) < 0);
      T_EQ(all[i].number, tinet_bonjour_code_of(&err));
      T_OK(strstr(err.text, name) != NULL);
    }
}

static void other_txt_strings_are_sent(void)
{
  const tinet_slice txt = {"c=3", 3};

  begin_ready();
  T_EQ(0, try_publish("Foo"));
  T_EQ(0, sys->ops->set_txt(job, &txt, 1, NULL)); /* there is nothing yet */
  expect_calls("EntryGroupNew AddService AddServiceSubtype Commit ");
  T_EQ(0, sys->ops->set_txt(job, &txt, 1, NULL));
  expect_calls("UpdateServiceTxt ");
  fake.failing = "UpdateServiceTxt";
  fake.error = AVAHI ".NotFoundError";
  T_EQ(0, sys->ops->set_txt(job, NULL, 0, NULL));
  expect_calls("UpdateServiceTxt Reset AddService AddServiceSubtype Commit ");
  T_STR("", told);
  finish();
}

static void a_new_host_name_is_announced(void)
{
  begin_ready();
  T_EQ(0, try_publish("Foo"));
  run_until(fake.log, "Commit ");
  fake.log[0] = '\0';
  fake_say_state(1);
  fake_say_state(2);
  expect_calls("GetHostNameFqdn ");
  fake.host = "box-2.local";
  fake_say_state(1);
  fake_say_state(2);
  expect_calls("GetHostNameFqdn Reset AddService AddServiceSubtype Commit ");
  finish();
}

static void a_lost_daemon_takes_its_jobs_along(void)
{
  const tinet_slice txt = {"c=3", 3};

  begin_ready();
  T_EQ(0, try_publish("Foo"));
  run_until(fake.log, "Commit ");
  fake.log[0] = '\0';
  fake_say_owner("");
  fake.owner = DAEMON_NAME;
  expect("absent ready ");
  T_EQ(0, sys->ops->set_txt(job, &txt, 1, NULL)); /* a dead one's */
  end_job();
  T_EQ(0, try_publish("Foo"));
  expect_calls("Hello AddMatch AddMatch GetNameOwner GetState "
               "GetHostNameFqdn EntryGroupNew AddService AddServiceSubtype "
               "Commit ");
  finish();
}

/* ---- resolving ---- */

static const unsigned char srv[] = "\0\0\0\0\0\x50\x03"
                                   "box\x05"
                                   "local";
static const unsigned char other_srv[] = "\0\0\0\0\0\x51\x05"
                                         "other\x05"
                                         "local";
static const unsigned char txt_data[] = "\x03"
                                        "a=1\x01"
                                        "b";

static void a_service_is_found_record_by_record(void)
{
  const unsigned char link_local[16] = {0xfe, 0x80, [15] = 1};

  begin_ready();
  T_EQ(0, try_resolve("Foo"));
  expect_calls("RecordBrowserPrepare RecordBrowserPrepare Start Start ");
  fake_record("/o2", "ItemNew", 2, 16, txt_data, sizeof txt_data - 1);
  expect("[-:0 a=1 b] ");
  fake_record("/o1", "ItemNew", 2, 33, srv, sizeof srv);
  expect("[box.local:80 a=1 b] ");
  expect_calls("RecordBrowserPrepare RecordBrowserPrepare Start Start ");
  fake_record("/o3", "ItemNew", 2, 1, "\x0a\0\0\1", 4);
  fake_record("/o4", "ItemNew", 1, 28, link_local, 16);
  expect("[box.local:80 10.0.0.1 a=1 b] "
         "[box.local:80 10.0.0.1 fe80::1%lo a=1 b] ");
  fake_record("/o3", "ItemRemove", 2, 1, "\x0a\0\0\1", 4);
  fake_record("/o1", "ItemRemove", 7, 33, srv, sizeof srv); /* elsewhere */
  expect("[box.local:80 fe80::1%lo a=1 b] [box.local:80 fe80::1%lo a=1 b] ");
  fake_record("/o1", "ItemRemove", 2, 33, srv, sizeof srv);
  fake_record("/o1", "ItemNew", 2, 33, other_srv, sizeof other_srv);
  fake_record("/o2", "ItemRemove", 2, 16, txt_data, sizeof txt_data - 1);
  expect("[-:0 a=1 b] [other.local:81 a=1 b] [other.local:81 ?] ");
  end_job();
  finish();
}

static void records_that_are_none_are_passed_over(void)
{
  begin_ready();
  T_EQ(0, try_resolve("Foo"));
  expect_calls("RecordBrowserPrepare RecordBrowserPrepare Start Start ");
  fake_record("/o1", "ItemNew", 2, 33, srv, sizeof srv - 1);
  fake_record("/o1", "ItemNew", 2, 33, "\0\0\0\0\0\x50\xc0\x0c", 8);
  fake_record("/o1", "ItemNew", 2, 33, "\0\0\0\0\0\x50\0", 7);
  fake_record("/o1", "ItemNew", 2, 99, "x", 1);
  expect("[-:0 ?] [-:0 ?] [-:0 ?] [-:0 ?] ");
  fake_record("/o2", "ItemNew", 2, 16, "", 0);
  fake_record("/o1", "ItemNew", 2, 33, srv, sizeof srv);
  expect("[box.local:80 ?] ");
  expect_calls("RecordBrowserPrepare RecordBrowserPrepare Start Start ");
  fake_record("/o3", "ItemNew", 2, 1, "\x0a\0\0", 3);
  fake_record("/o4", "ItemNew", 2, 28, "\x0a\0\0\1", 4);
  expect("[box.local:80 ?] [box.local:80 ?] ");
  fake_signal(DAEMON_NAME, "/o1", AVAHI ".RecordBrowser", "Failure", "s",
              AVAHI ".NotSupportedError");
  expect("!TINET_ESYSTEM,UnknownError ");
  finish();
}

static void a_host_that_cannot_be_asked_for_is_no_failure(void)
{
  begin_ready();
  T_EQ(0, try_resolve("Foo"));
  expect_calls("RecordBrowserPrepare RecordBrowserPrepare Start Start ");
  fake.failing = "RecordBrowserPrepare";
  fake.error = AVAHI ".InvalidDomainNameError";
  fake_record("/o1", "ItemNew", 2, 33, srv, sizeof srv);
  expect("[box.local:80 ?] ");
  settle();
  T_STR("", told);
  end_job();
  T_EQ(0, try_resolve("Foo"));
  expect("!TINET_EINVAL,BadArgumentError ");
  finish();
}

/* Four objects each are too many for the daemon. */
static void resolves_beyond_a_number_wait_for_others_to_end(void)
{
  static struct tinet__bonjour_job *jobs[210];

  begin_ready();
  for (int i = 0; i < 210; i++) {
    T_EQ(0, try_resolve("Foo"));
    jobs[i] = job;
  }
  settle();
  T_EQ(400, fake.n_objects);
  job = TINET_TAKE(jobs[209]); /* that was waiting */
  end_job();
  job = TINET_TAKE(jobs[0]);
  end_job();
  settle();
  T_EQ(402, fake.n_objects);
  fake_say_owner("");
  fake.owner = DAEMON_NAME;
  expect("absent ready ");
  for (int i = 1; i < 209; i++) {
    job = jobs[i];
    end_job();
  }
  settle();
  T_EQ(402, fake.n_objects); /* the dead do not rise */
  T_STR("", told);
  T_EQ(0, try_resolve("Foo"));
  settle();
  T_EQ(404, fake.n_objects);
  finish();
}

/* ---- memory ---- */

static int open_once(void)
{
  int result = try_open();

  if (result == TINET_OK)
    sys->ops->close(sys);
  sys = NULL;
  return result;
}

static int browse_once(void)
{
  int result = try_browse("_t._tcp", NULL);

  end_job();
  return result;
}

static int publish_once(void)
{
  int result = try_publish("Foo");

  end_job();
  return result;
}

static int resolve_once(void)
{
  int result = try_resolve("Foo");

  end_job();
  return result;
}

static void every_start_survives_a_lack_of_memory(void)
{
  begin();
  T_EACH_ALLOCATION_FAILS(0, open_once);
  finish();
  begin_ready();
  T_EACH_ALLOCATION_FAILS(0, browse_once);
  T_EACH_ALLOCATION_FAILS(0, publish_once);
  T_EACH_ALLOCATION_FAILS(0, resolve_once);
  finish();
}

/* Whatever fails on the way: in the end it is ready, published and found, or
 * the front is told. */
static void every_answer_survives_a_lack_of_memory(void)
{
  for (size_t n = 1; n < 40; n++) {
    begin();
    fake_listen();
    T_EQ(0, try_open());
    (void)tinet__alloc_fail_at(n);
    run_until(told, "ready ");
    if (try_publish("Foo") == TINET_OK) {
      while (!strstr(fake.log, "Commit ") && !strchr(told, '!'))
        (void)tinet_loop_run_once(loop);
      end_job();
    }
    if (try_resolve("Foo") == TINET_OK) {
      while (!strstr(fake.log, "Start Start ") && !strchr(told, '!'))
        (void)tinet_loop_run_once(loop);
      fake_record("/o3", "ItemNew", 2, 16, txt_data, sizeof txt_data - 1);
      fake_record("/o2", "ItemNew", 2, 33, srv, sizeof srv);
      settle();
    }
    (void)tinet__alloc_fail_at(0);
    finish();
  }
}

int main(void)
{
  (void)alarm(110); /* nothing here is waited for as long */
  T_RUN(it_listens_before_it_asks);
  T_RUN(without_a_bus_it_is_absent_at_once);
  T_RUN(a_daemon_that_comes_and_goes_is_followed);
  T_RUN(a_daemon_that_is_not_ready_is_waited_for);
  T_RUN(a_daemon_that_never_gets_ready_is_not_waited_for_long);
  T_RUN(a_daemon_that_does_not_answer_is_absent_until_it_does);
  T_RUN(a_daemon_that_cannot_or_may_not_be_asked_is_absent);
  T_RUN(a_bus_that_ends_is_tried_again);
  T_RUN(services_come_and_go_as_the_daemon_says);
  T_RUN(types_come_as_the_daemon_says);
  T_RUN(only_the_daemon_is_believed);
  T_RUN(what_is_ended_before_it_is_there_is_freed_all_the_same);
  T_RUN(a_browser_that_cannot_be_made_is_a_failure);
  T_RUN(answers_of_another_kind_are_failures);
  T_RUN(a_service_is_added_and_committed);
  T_RUN(a_taken_name_is_a_collision_however_it_is_told);
  T_RUN(a_name_of_ours_is_taken_as_well);
  T_RUN(what_the_daemon_refuses_is_an_error);
  T_RUN(each_error_of_the_daemon_has_its_number);
  T_RUN(other_txt_strings_are_sent);
  T_RUN(a_new_host_name_is_announced);
  T_RUN(a_lost_daemon_takes_its_jobs_along);
  T_RUN(a_service_is_found_record_by_record);
  T_RUN(records_that_are_none_are_passed_over);
  T_RUN(a_host_that_cannot_be_asked_for_is_no_failure);
  T_RUN(resolves_beyond_a_number_wait_for_others_to_end);
  T_RUN(every_start_survives_a_lack_of_memory);
  T_RUN(every_answer_survives_a_lack_of_memory);
  return T_END();
}
