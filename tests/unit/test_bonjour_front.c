/* test_bonjour_front.c - counting, batches, renaming, time-outs and moving,
 * with two back ends that do what the test says.
 */
#include "bonjour/front.h"
#include "core/error.h"
#include "t.h"

/* ---- two back ends ---- */

enum kind { BROWSE, PUBLISH, RESOLVE };

struct job {
  struct tinet__bonjour_job base;
  struct tinet__list link;
  enum kind kind;
  const void *sink;
  void *arg;
  char name[64], type[64], txt[64];
  uint16_t port;
};

struct fake {
  struct tinet__bonjour_backend base;
  const struct tinet__bonjour_ops *ops;
  const struct tinet__bonjour_backend_events *events;
  void *arg;
  struct tinet__list jobs;
  int open_result;
  bool is_ready_at_once, is_absent_at_once, is_open;
  bool establishes_at_once, collides_at_once;
  int job_result;
  int n_opened, n_started;
  char taken[64]; /* a name that collides at once */
};

static struct fake sys, emb;

static int open_fake(struct fake *f, const struct tinet__bonjour_setup *setup,
                     struct tinet__bonjour_backend **ret, tinet_error *err)
{
  const tinet_error gone = {.code = TINET_ESYSTEM, .text = "gone"};

  T_OK(!f->is_open);
  f->n_opened++;
  if (f->open_result < 0)
    return tinet__bonjour_error(err, f->open_result, TINET_BONJOUR_UNKNOWN,
                                "cannot");
  f->is_open = true;
  f->base.ops = f->ops;
  f->events = setup->events;
  f->arg = setup->arg;
  tinet__list_init(&f->jobs);
  *ret = &f->base;
  if (f->is_ready_at_once)
    f->events->on_ready(f->arg);
  if (f->is_absent_at_once)
    f->events->on_absent(&gone, f->arg);
  return TINET_OK;
}

static int open_system(const struct tinet__bonjour_setup *setup,
                       struct tinet__bonjour_backend **ret, tinet_error *err)
{
  return open_fake(&sys, setup, ret, err);
}

static int open_embedded(const struct tinet__bonjour_setup *setup,
                         struct tinet__bonjour_backend **ret, tinet_error *err)
{
  return open_fake(&emb, setup, ret, err);
}

static void close_fake(struct tinet__bonjour_backend *backend)
{
  struct fake *f = (struct fake *)backend;

  T_OK(f->is_open);
  T_OK(tinet__list_is_empty(&f->jobs));
  f->is_open = false;
}

static int add_job(struct tinet__bonjour_backend *backend, enum kind kind,
                   const void *sink, void *arg, struct job **ret)
{
  struct fake *f = (struct fake *)backend;
  struct job *j;

  T_OK(f->is_open);
  if (f->job_result < 0)
    return f->job_result;
  j = tinet__zalloc(sizeof *j);
  if (!j)
    return TINET_ENOMEM;
  j->base.backend = backend;
  j->kind = kind;
  j->sink = sink;
  j->arg = arg;
  tinet__list_append(&f->jobs, &j->link);
  f->n_started++;
  *ret = j;
  return TINET_OK;
}

static int browse(struct tinet__bonjour_backend *backend,
                  const struct tinet__browse_request *request,
                  const struct tinet__browse_sink *sink, void *arg,
                  struct tinet__bonjour_job **ret_job, tinet_error *err)
{
  struct job *j = NULL;
  int result = add_job(backend, BROWSE, sink, arg, &j);

  (void)err;
  if (result < 0)
    return result;
  (void)snprintf(j->type, sizeof j->type, "%s",
                 request->type ? request->type : "*");
  *ret_job = &j->base;
  return TINET_OK;
}

static void note_txt(struct job *j, const tinet_slice *txt, size_t n)
{
  j->txt[0] = '\0';
  for (size_t i = 0; i < n; i++)
    (void)snprintf(j->txt + strlen(j->txt), sizeof j->txt - strlen(j->txt),
                   "%.*s;", (int)txt[i].len, (const char *)txt[i].data);
}

static int publish(struct tinet__bonjour_backend *backend,
                   const struct tinet__publish_request *request,
                   const struct tinet__publish_sink *sink, void *arg,
                   struct tinet__bonjour_job **ret_job, tinet_error *err)
{
  struct fake *f = (struct fake *)backend;
  struct job *j = NULL;
  int result = add_job(backend, PUBLISH, sink, arg, &j);

  (void)err;
  if (result < 0)
    return result;
  (void)snprintf(j->name, sizeof j->name, "%s", request->name);
  (void)snprintf(j->type, sizeof j->type, "%s", request->type);
  j->port = request->port;
  note_txt(j, request->txt, request->n_txt);
  *ret_job = &j->base;
  if (f->collides_at_once || strcmp(f->taken, j->name) == 0)
    sink->on_collision(arg);
  else if (f->establishes_at_once)
    sink->on_established(arg);
  return TINET_OK;
}

static int resolve(struct tinet__bonjour_backend *backend,
                   const struct tinet__resolve_request *request,
                   const struct tinet__resolve_sink *sink, void *arg,
                   struct tinet__bonjour_job **ret_job, tinet_error *err)
{
  struct job *j = NULL;
  int result = add_job(backend, RESOLVE, sink, arg, &j);

  (void)err;
  if (result < 0)
    return result;
  (void)snprintf(j->name, sizeof j->name, "%s", request->name);
  *ret_job = &j->base;
  return TINET_OK;
}

static int set_txt(struct tinet__bonjour_job *job, const tinet_slice *txt,
                   size_t n_txt, tinet_error *err)
{
  (void)err;
  note_txt((struct job *)job, txt, n_txt);
  return TINET_OK;
}

static void end(struct tinet__bonjour_job *job)
{
  struct job *j = (struct job *)job;

  T_OK(((struct fake *)job->backend)->is_open);
  tinet__list_remove(&j->link);
  tinet__free(j);
}

static const struct tinet__bonjour_ops system_ops = {
    "system", open_system, close_fake, browse, publish, resolve, set_txt, end};
static const struct tinet__bonjour_ops embedded_ops = {
    "embedded", open_embedded, close_fake, browse,
    publish,    resolve,       set_txt,    end};

/* In place of backends.c. */
const struct tinet__bonjour_ops *const tinet__bonjour_backends[] = {
    &system_ops, &embedded_ops, NULL};

static struct job *job_of(struct fake *f)
{
  struct tinet__list *l = f->jobs.next;

  if (l != &f->jobs)
    return TINET__CONTAINER(l, struct job, link);
  T_FAIL("there is no job");
  abort();
}

static void say_new(struct fake *f, const char *name)
{
  const struct tinet__browse_sink *sink = job_of(f)->sink;

  sink->on_new(job_of(f)->arg,
               &(struct tinet__browse_item){name, "_t._tcp", "local"});
}

static void say_remove(struct fake *f, const char *name)
{
  const struct tinet__browse_sink *sink = job_of(f)->sink;

  sink->on_remove(job_of(f)->arg,
                  &(struct tinet__browse_item){name, "_t._tcp", "local"});
}

static void say_all(struct fake *f)
{
  ((const struct tinet__browse_sink *)job_of(f)->sink)
      ->on_all_for_now(job_of(f)->arg);
}

static void say_established(struct fake *f)
{
  ((const struct tinet__publish_sink *)job_of(f)->sink)
      ->on_established(job_of(f)->arg);
}

static void say_collision(struct fake *f)
{
  ((const struct tinet__publish_sink *)job_of(f)->sink)
      ->on_collision(job_of(f)->arg);
}

static void say_absent(struct fake *f)
{
  const tinet_error err = {.code = TINET_ESYSTEM, .text = "gone"};

  f->events->on_absent(&err, f->arg);
}

/* ---- what the application is told ---- */

static tinet_loop *loop;
static tinet_bonjour *bonjour;
static tinet_bonjour_browser *browser;
static tinet_bonjour_service *service;
static tinet_bonjour_resolve *resolving;
static char told[4096];
static bool closes_itself;
static const char *ends_when_added; /* a service, by the next on_added */
static int is_inside;               /* a starting call: nothing may be told */

static void tell(const char *fmt, ...) TINET_PRINTF(1, 2);

#include <stdarg.h>

static void tell(const char *fmt, ...)
{
  size_t n = strlen(told);
  va_list args;

  T_EQ(0, is_inside);
  va_start(args, fmt);
  (void)vsnprintf(told + n, sizeof told - n, fmt, args);
  va_end(args);
}

static void close_all(void)
{
  tinet_bonjour_browser_close(browser);
  tinet_bonjour_service_close(service);
  tinet_bonjour_resolve_close(resolving);
  browser = NULL;
  service = NULL;
  resolving = NULL;
}

static void on_added(tinet_bonjour_browser *b, const tinet_bonjour_entry *e,
                     void *user)
{
  (void)b;
  (void)user;
  tell("+%s ", e->name);
  T_STR("_t._tcp.", e->type);
  T_STR("local.", e->domain);
  if (ends_when_added)
    say_remove(&sys, TINET_TAKE(ends_when_added));
  if (closes_itself)
    close_all();
}

static void on_removed(tinet_bonjour_browser *b, const tinet_bonjour_entry *e,
                       void *user)
{
  (void)b;
  (void)user;
  tell("-%s ", e->name);
  if (closes_itself)
    close_all();
}

static void on_batch(tinet_bonjour_browser *b, size_t n, bool is_all,
                     void *user)
{
  (void)b;
  (void)user;
  tell("(%zu%s) ", n, is_all ? " all" : "");
}

static void on_browser_error(tinet_bonjour_browser *b, const tinet_error *err,
                             void *user)
{
  (void)b;
  (void)user;
  tell("!%s ", tinet_error_name(err->code));
  if (closes_itself)
    close_all();
}

static void on_published(tinet_bonjour_service *s, const char *name, void *user)
{
  (void)user;
  tell("as %s ", name);
  T_STR(name, tinet_bonjour_service_name(s));
  if (closes_itself)
    close_all();
}

static void on_renamed(tinet_bonjour_service *s, const char *old,
                       const char *name, void *user)
{
  (void)s;
  (void)user;
  tell("%s to %s ", old, name);
}

static void on_service_error(tinet_bonjour_service *s, const tinet_error *err,
                             void *user)
{
  (void)s;
  (void)user;
  tell("!%s ", tinet_bonjour_code_name(tinet_bonjour_code_of(err)));
  if (closes_itself)
    close_all();
}

static void on_resolved(tinet_bonjour_resolve *r,
                        const tinet_bonjour_resolved *f, void *user)
{
  (void)r;
  (void)user;
  tell("%s at %s:%u", f->name, f->host, f->port);
  T_STR("_t._tcp.", f->type);
  T_STR("local.", f->domain);
  for (size_t i = 0; i < f->n_endpoints; i++) {
    char text[TINET_ENDPOINT_TEXT_MAX];

    T_EQ(f->port, f->endpoints[i].port);
    tinet_endpoint_text(&f->endpoints[i], text);
    tell(" %s", text);
  }
  for (size_t i = 0; i < f->n_txt; i++)
    tell(" %.*s", (int)f->txt[i].len, (const char *)f->txt[i].data);
  if (closes_itself)
    close_all();
}

static void on_resolve_error(tinet_bonjour_resolve *r, const tinet_error *err,
                             void *user)
{
  (void)r;
  (void)user;
  tell("!%s ", tinet_bonjour_code_name(tinet_bonjour_code_of(err)));
  if (closes_itself)
    close_all();
}

static const tinet_bonjour_browser_events browser_events = {
    on_added, on_removed, on_batch, on_browser_error};
static const tinet_bonjour_service_events service_events = {
    on_published, on_renamed, on_service_error};
static const tinet_bonjour_resolve_events resolve_events = {on_resolved,
                                                            on_resolve_error};

/* ---- beginning and end ---- */

static int open_with(tinet_bonjour_backend backend)
{
  tinet_bonjour_options opt;

  tinet_bonjour_options_init(&opt);
  opt.backend = backend;
  return tinet_bonjour_open(loop, &opt, &bonjour, NULL);
}

static void begin(void)
{
  memset(&sys, 0, sizeof sys);
  memset(&emb, 0, sizeof emb);
  sys.ops = &system_ops;
  emb.ops = &embedded_ops;
  sys.is_ready_at_once = emb.is_ready_at_once = true;
  told[0] = '\0';
  closes_itself = false;
  T_EQ(0, tinet_loop_open(&loop));
  T_EQ(0, open_with(TINET_BONJOUR_BACKEND_AUTO));
}

static void finish(void)
{
  close_all();
  tinet_bonjour_close(bonjour);
  T_OK(!sys.is_open && !emb.is_open);
  T_EQ(0, tinet_loop_close(loop));
}

static int try_browse(const char *type)
{
  tinet_bonjour_browse_options opt;
  int result;

  tinet_bonjour_browse_options_init(&opt);
  opt.type = type;
  is_inside++;
  result = tinet_bonjour_browser_open(bonjour, &opt, &browser_events, NULL,
                                      &browser, NULL);
  is_inside--;
  return result;
}

static int try_publish(const char *name, bool may_rename)
{
  tinet_bonjour_publish_options opt;
  static const tinet_slice txt[] = {{"a=1", 3}, {"b", 1}};
  static const char *const subtypes[] = {"_sub"};
  int result;

  tinet_bonjour_publish_options_init(&opt);
  opt.name = name;
  opt.type = "_t._tcp.";
  opt.port = 80;
  opt.txt = txt;
  opt.n_txt = 2;
  opt.subtypes = subtypes;
  opt.n_subtypes = 1;
  opt.may_rename = may_rename;
  is_inside++;
  result = tinet_bonjour_service_open(bonjour, &opt, &service_events, NULL,
                                      &service, NULL);
  is_inside--;
  return result;
}

static int try_resolve(const char *name, uint32_t timeout_ms)
{
  tinet_bonjour_resolve_options opt;
  int result;

  tinet_bonjour_resolve_options_init(&opt);
  opt.name = name;
  opt.type = "_t._tcp";
  opt.timeout_ms = timeout_ms;
  is_inside++;
  result = tinet_bonjour_resolve_open(bonjour, &opt, &resolve_events, NULL,
                                      &resolving, NULL);
  is_inside--;
  return result;
}

/* Turns until this much has been told, or for too long. */
static void expect(const char *want)
{
  uint64_t until = tinet__clock_us() + 20000000;

  while (strlen(told) < strlen(want) && tinet__clock_us() < until)
    if (tinet_loop_run_once(loop) == 0)
      break;
  T_STR(want, told);
  told[0] = '\0';
}

/* Lets deferred calls run. */
static void on_turned(void *arg)
{
  *(bool *)arg = true;
}

static void turn(void)
{
  struct tinet__deferred d = {0};

  for (int i = 0; i < 3; i++) {
    bool is_turned = false;

    tinet__defer(loop, &d, on_turned, &is_turned);
    while (!is_turned)
      (void)tinet_loop_run_once(loop);
  }
}

/* ---- browsing ---- */

static void a_service_seen_twice_is_one_entry(void)
{
  begin();
  T_EQ(0, try_browse("_t._tcp"));
  T_STR("_t._tcp", job_of(&sys)->type);
  say_new(&sys, "Foo");
  say_new(&sys, "foo"); /* another interface, another spelling */
  say_new(&sys, "Bar");
  expect("+Foo +Bar (2) ");
  say_remove(&sys, "Foo");
  say_remove(&sys, "Bar");
  expect("-Bar (1) ");
  say_remove(&sys, "FOO");
  expect("-Foo (1) ");
  say_remove(&sys, "Foo"); /* of which nobody knows */
  turn();
  expect("");
  finish();
}

static void all_for_now_ends_a_batch_at_once(void)
{
  begin();
  T_EQ(0, try_browse("_t._tcp"));
  say_all(&sys);
  expect("(0 all) ");
  say_all(&sys);
  turn();
  expect("");
  say_new(&sys, "Foo");
  say_all(&sys);
  expect("+Foo (1 all) ");
  finish();
}

static void what_comes_and_goes_at_once_is_not_told(void)
{
  begin();
  T_EQ(0, try_browse("_t._tcp"));
  say_new(&sys, "Foo");
  say_remove(&sys, "Foo");
  say_new(&sys, "Bar");
  expect("+Bar (1) ");
  say_remove(&sys, "Bar");
  say_new(&sys, "Bar");
  say_all(&sys);
  expect("(0 all) ");
  finish();
}

static void what_comes_is_told_before_the_batch_is_over(void)
{
  begin();
  T_EQ(0, try_browse("_t._tcp"));
  say_new(&sys, "Foo");
  turn();
  T_OK(strncmp("+Foo ", told, 5) == 0); /* turns take no time */
  expect("+Foo (1) ");
  finish();
}

/* Its end is told from inside, while others wait to be told. */
static void a_callback_may_end_what_is_to_be_told(void)
{
  begin();
  T_EQ(0, try_browse("_t._tcp"));
  ends_when_added = "Third";
  say_new(&sys, "First");
  say_new(&sys, "Second");
  say_new(&sys, "Third");
  expect("+First +Second (2) ");
  finish();
}

static void changes_without_end_are_told_all_the_same(void)
{
  bool is_over = false;
  char name[16];

  begin();
  T_EQ(0, try_browse("_t._tcp"));
  for (int i = 0; !is_over && i < 100000; i++) {
    (void)snprintf(name, sizeof name, "%d", i);
    say_new(&sys, name);
    (void)tinet_loop_run_once(loop);
    is_over = strchr(told, '(') != NULL;
    told[0] = '\0';
  }
  T_OK(is_over);
  finish();
}

static void only_so_many_services_are_kept(void)
{
  tinet_bonjour_options opt;
  char name[16];

  begin();
  tinet_bonjour_close(bonjour);
  tinet_bonjour_options_init(&opt);
  T_EQ(10000, opt.max_services);
  opt.max_services = 3;
  T_EQ(0, tinet_bonjour_open(loop, &opt, &bonjour, NULL));
  T_EQ(0, try_browse("_t._tcp"));
  for (int i = 0; i < 100000; i++) {
    (void)snprintf(name, sizeof name, "%d", i);
    say_new(&sys, name);
  }
  expect("+0 +1 +2 (3) ");
  say_remove(&sys, "99");
  say_remove(&sys, "1");
  expect("-1 (1) ");
  say_new(&sys, "99");
  expect("+99 (1) ");
  finish();
}

static void implausible_services_are_not_told(void)
{
  const struct tinet__browse_sink *sink;

  begin();
  T_EQ(0, try_browse("_t._tcp"));
  say_new(&sys, "");
  say_new(&sys, "\xff");
  sink = job_of(&sys)->sink;
  sink->on_new(job_of(&sys)->arg,
               &(struct tinet__browse_item){"Foo", "_ssh._tcp", "local"});
  say_new(&sys, "\033[2J"); /* hostile, but a name: the reader's business */
  expect("+\033[2J (1) ");
  finish();
}

static void a_browser_may_be_closed_from_its_callbacks(void)
{
  begin();
  closes_itself = true;
  T_EQ(0, try_browse("_t._tcp"));
  say_new(&sys, "Foo");
  say_new(&sys, "Bar");
  expect("+Foo ");
  turn();
  expect("");
  closes_itself = false;
  T_EQ(0, try_browse("_t._tcp"));
  say_new(&sys, "Foo");
  say_new(&sys, "Bar");
  expect("+Foo +Bar (2) ");
  closes_itself = true;
  say_remove(&sys, "Foo");
  say_remove(&sys, "Bar");
  expect("-Foo ");
  finish();
}

static void bad_arguments_are_refused(void)
{
  tinet_bonjour_browse_options opt;
  tinet_error err = {0};

  begin();
  T_EQ(TINET_EINVAL, try_browse("http"));
  T_EQ(TINET_EINVAL, try_browse(NULL));
  tinet_bonjour_browse_options_init(&opt);
  opt.type = "_t._tcp";
  opt.domain = "example.com";
  T_EQ(TINET_EINVAL, tinet_bonjour_browser_open(bonjour, &opt, &browser_events,
                                                NULL, &browser, &err));
  T_EQ(TINET_BONJOUR_BAD_ARGUMENT, tinet_bonjour_code_of(&err));
  opt.domain = "local";
  opt.subtype = "printer";
  T_EQ(TINET_EINVAL, tinet_bonjour_browser_open(bonjour, &opt, &browser_events,
                                                NULL, &browser, &err));
  opt.struct_size = 1;
  T_EQ(TINET_EINVAL, tinet_bonjour_browser_open(bonjour, &opt, &browser_events,
                                                NULL, &browser, &err));
  T_EQ(TINET_EINVAL, try_publish("\xff", true));
  T_EQ(TINET_EINVAL, try_resolve("", 0));
  T_EQ(0, sys.n_opened);
  finish();
}

static void strict_mode_knows_declared_types_only(void)
{
  static const char *const types[] = {"_t._tcp."};
  tinet_bonjour_options opt;

  begin();
  tinet_bonjour_close(bonjour);
  tinet_bonjour_options_init(&opt);
  opt.is_strict = true;
  opt.declared_types = types;
  opt.n_declared_types = 1;
  T_EQ(0, tinet_bonjour_open(loop, &opt, &bonjour, NULL));
  T_EQ(TINET_EPOLICY, try_browse("_other._tcp"));
  T_EQ(TINET_EPOLICY, try_browse(TINET_BONJOUR_ALL_TYPES));
  T_EQ(0, try_browse("_T._tcp"));
  T_EQ(0, try_publish("Foo", true));
  finish();
}

/* ---- publishing ---- */

static void a_service_is_published_once(void)
{
  begin();
  T_EQ(0, try_publish("Foo", true));
  T_STR("Foo", job_of(&sys)->name);
  T_STR("_t._tcp", job_of(&sys)->type);
  T_STR("a=1;b;", job_of(&sys)->txt);
  T_EQ(80, job_of(&sys)->port);
  say_established(&sys);
  expect("as Foo ");
  say_established(&sys);
  turn();
  expect("");
  finish();
}

static void a_taken_name_gives_way_to_the_next(void)
{
  begin();
  T_EQ(0, try_publish("Foo", true));
  say_collision(&sys);
  turn();
  T_STR("Foo (2)", job_of(&sys)->name);
  T_STR("Foo (2)", tinet_bonjour_service_name(service));
  say_established(&sys);
  expect("as Foo (2) ");
  say_collision(&sys); /* somebody came later and won */
  turn();
  say_established(&sys);
  expect("Foo (2) to Foo (3) ");
  finish();
}

static void a_name_taken_on_the_spot_gives_way_too(void)
{
  begin();
  sys.establishes_at_once = true;
  (void)snprintf(sys.taken, sizeof sys.taken, "Foo");
  T_EQ(0, try_publish("Foo", true));
  expect("as Foo (2) ");
  finish();
}

static void without_renaming_a_collision_is_an_error(void)
{
  begin();
  T_EQ(0, try_publish("Foo", false));
  say_collision(&sys);
  expect("!NameCollisionError ");
  T_OK(tinet__list_is_empty(&sys.jobs));
  T_EQ(TINET_ESTATE, tinet_bonjour_service_set_txt(service, NULL, 0, NULL));
  finish();
}

static void names_are_not_tried_for_ever(void)
{
  begin();
  sys.collides_at_once = true;
  T_EQ(0, try_publish("Foo", true));
  expect("!NameCollisionError ");
  T_EQ(11, sys.n_started);
  finish();
}

static void a_name_that_does_not_hold_counts_as_well(void)
{
  begin();
  T_EQ(0, try_publish("Foo", true));
  for (int i = 0; i < 10; i++) {
    say_established(&sys);
    turn();
    say_collision(&sys);
    turn();
  }
  told[0] = '\0';
  say_established(&sys);
  turn();
  told[0] = '\0';
  say_collision(&sys);
  expect("!NameCollisionError ");
  finish();
}

static void other_txt_strings_are_announced(void)
{
  static const tinet_slice txt[] = {{"c=2", 3}};
  static const tinet_slice bad[] = {{"", 0}};

  begin();
  T_EQ(0, try_publish("Foo", true));
  T_EQ(0, tinet_bonjour_service_set_txt(service, txt, 1, NULL));
  T_STR("c=2;", job_of(&sys)->txt);
  T_EQ(TINET_EINVAL, tinet_bonjour_service_set_txt(service, bad, 1, NULL));
  say_collision(&sys);
  turn();
  T_STR("c=2;", job_of(&sys)->txt);
  finish();
}

static void a_service_without_a_name_has_the_hosts(void)
{
  begin();
  T_EQ(0, try_publish(NULL, true));
  T_OK(*job_of(&sys)->name);
  T_OK(!strchr(job_of(&sys)->name, '.'));
  finish();
}

/* ---- resolving ---- */

static void say_found(struct fake *f, const char *host, const char *address,
                      const char *other, bool has_txt)
{
  tinet_endpoint list[2] = {0};
  const tinet_slice txt = {"a=1", 3};
  const struct tinet__resolve_found found = {
      .host = host,
      .port = 80,
      .endpoints = list,
      .n_endpoints = (address != NULL) + (other != NULL),
      .txt = &txt,
      .n_txt = has_txt,
      .has_txt = has_txt,
  };

  if (address)
    T_EQ(0, tinet_endpoint_parse(address, 0, &list[0]));
  if (other)
    T_EQ(0, tinet_endpoint_parse(other, 0, &list[1]));
  ((const struct tinet__resolve_sink *)job_of(f)->sink)
      ->on_found(job_of(f)->arg, &found);
}

static void a_resolve_waits_until_all_is_known(void)
{
  begin();
  T_EQ(0, try_resolve("Foo", 60000));
  say_found(&sys, "box", NULL, NULL, false);
  say_found(&sys, "box", "10.0.0.1", NULL, false);
  say_found(&sys, NULL, NULL, NULL, true);
  say_found(&sys, "box", "0.0.0.0", NULL, true);
  turn();
  expect("");
  say_found(&sys, "box", "2001:db8::1", "10.0.0.1", true);
  expect("Foo at box.:80 10.0.0.1 2001:db8::1 a=1");
  T_OK(tinet__list_is_empty(&sys.jobs));
  T_EQ(0, tinet_loop_run_once(loop)); /* ended: it keeps nothing alive */
  finish();
}

static void one_family_waits_a_moment_for_the_other(void)
{
  begin();
  T_EQ(0, try_resolve("Foo", 60000));
  say_found(&sys, "box.local", "2001:db8::1", NULL, true);
  turn();
  expect("");
  expect("Foo at box.local.:80 2001:db8::1 a=1");
  finish();
}

static void loopback_is_not_enough_at_once(void)
{
  begin();
  T_EQ(0, try_resolve("Foo", 60000));
  say_found(&sys, "box.local", "127.0.0.1", "::1", true);
  turn();
  expect("");
  say_found(&sys, "box.local", "127.0.0.1", "10.0.0.1", true);
  expect("Foo at box.local.:80 10.0.0.1 127.0.0.1 a=1");
  finish();
}

static void what_was_complete_is_kept(void)
{
  begin();
  T_EQ(0, try_resolve("Foo", 60000));
  say_found(&sys, "box.local", "10.0.0.1", NULL, true);
  say_found(&sys, NULL, NULL, NULL, false); /* withdrawn meanwhile */
  expect("Foo at box.local.:80 10.0.0.1 a=1");
  finish();
}

static void a_resolve_times_out(void)
{
  begin();
  T_EQ(0, try_resolve("Foo", 1));
  expect("!TimeoutError ");
  T_OK(tinet__list_is_empty(&sys.jobs));
  closes_itself = true;
  close_all();
  T_EQ(0, try_resolve("Foo", 1));
  expect("!TimeoutError ");
  T_OK(!resolving);
  finish();
}

/* ---- back ends ---- */

static void without_a_daemon_the_embedded_one_works(void)
{
  begin();
  sys.open_result = TINET_ESYSTEM;
  T_STR("", tinet_bonjour_backend_name(bonjour));
  T_EQ(0, try_browse("_t._tcp"));
  T_STR("embedded", tinet_bonjour_backend_name(bonjour));
  say_new(&emb, "Foo");
  expect("+Foo (1) ");
  finish();
}

static void a_daemon_that_does_not_answer_is_passed_over(void)
{
  begin();
  sys.is_ready_at_once = false;
  T_EQ(0, try_browse("_t._tcp"));
  turn();
  T_EQ(0, emb.n_opened);
  say_absent(&sys);
  turn();
  T_STR("embedded", tinet_bonjour_backend_name(bonjour));
  T_OK(sys.is_open); /* it may come */
  say_new(&emb, "Foo");
  expect("+Foo (1) ");
  finish();
}

static void a_lost_daemon_moves_everything(void)
{
  begin();
  T_EQ(0, try_browse("_t._tcp"));
  say_new(&sys, "Foo");
  say_new(&sys, "Bar");
  expect("+Foo +Bar (2) ");
  T_STR("system", tinet_bonjour_backend_name(bonjour));
  say_absent(&sys);
  turn();
  T_STR("embedded", tinet_bonjour_backend_name(bonjour));
  T_EQ(1, emb.n_started);
  say_new(&emb, "Foo"); /* in time: nobody notices */
  say_new(&emb, "New");
  expect("+New ");
  say_all(&emb);
  expect("-Bar (2 all) ");
  say_new(&emb, "Bar");
  expect("+Bar (1) ");
  sys.events->on_ready(sys.arg); /* and back */
  turn();
  T_STR("system", tinet_bonjour_backend_name(bonjour));
  T_OK(!emb.is_open);
  say_new(&sys, "Foo");
  say_new(&sys, "Bar");
  expect("-New (1) "); /* though the daemon does not come to an end */
  turn();
  T_EQ(0, try_resolve("Foo", 0)); /* keeps turning while nothing is told */
  T_EQ(3, sys.n_started);
  expect("");
  finish();
}

static void a_daemon_that_was_away_for_a_moment_gets_new_jobs(void)
{
  begin();
  T_EQ(0, try_browse("_t._tcp"));
  say_new(&sys, "Foo");
  expect("+Foo (1) ");
  say_absent(&sys);
  sys.events->on_ready(sys.arg);
  turn();
  T_EQ(2, sys.n_started);
  T_EQ(0, emb.n_opened);
  say_new(&sys, "Foo");
  say_all(&sys);
  expect("(0 all) ");
  finish();
}

static void a_service_moves_without_being_told_again(void)
{
  begin();
  sys.establishes_at_once = true;
  T_EQ(0, try_publish("Foo", true));
  expect("as Foo ");
  say_absent(&sys);
  turn();
  T_STR("Foo", job_of(&emb)->name);
  say_established(&emb);
  turn();
  expect("");
  say_collision(&emb); /* the dead daemon's record is still around */
  turn();
  say_established(&emb);
  expect("Foo to Foo (2) ");
  finish();
}

static void a_collision_told_before_the_move_is_forgotten(void)
{
  begin();
  T_EQ(0, try_publish("Foo", true));
  say_collision(&sys);
  say_absent(&sys);
  turn();
  T_OK(job_of(&emb)->kind == PUBLISH);
  say_established(&emb);
  turn();
  T_OK(strncmp(told, "as Foo", 6) == 0);
  told[0] = '\0';
  finish();
}

static void when_no_back_end_is_left_all_fail(void)
{
  begin();
  T_EQ(0, try_browse("_t._tcp"));
  T_EQ(0, try_publish("Foo", true));
  T_EQ(0, try_resolve("Bar", 0));
  say_new(&sys, "X");
  turn();
  emb.open_result = TINET_ESYSTEM;
  say_absent(&sys);
  turn();
  T_OK(strstr(told, "!TINET_ESYSTEM ") != NULL);
  T_OK(strstr(told, "!UnknownError ") != NULL);
  T_OK(strncmp(told, "+X ", 3) == 0 && strstr(told, "-X (2) ") != NULL);
  turn();
  T_OK(!sys.is_open); /* nobody waits for it any more */
  close_all();
  told[0] = '\0';
  emb.open_result = 0; /* later it works */
  sys.is_ready_at_once = false;
  sys.is_absent_at_once = true;
  T_EQ(0, try_browse("_t._tcp"));
  T_STR("embedded", tinet_bonjour_backend_name(bonjour));
  finish();
}

static void an_embedded_one_that_breaks_is_an_error(void)
{
  begin();
  tinet_bonjour_close(bonjour);
  T_EQ(0, open_with(TINET_BONJOUR_BACKEND_EMBEDDED));
  T_EQ(0, try_browse("_t._tcp"));
  T_EQ(0, sys.n_opened);
  say_absent(&emb);
  expect("!TINET_ESYSTEM ");
  turn();
  T_OK(!emb.is_open);
  finish();
}

static void a_start_that_cannot_succeed_fails_at_once(void)
{
  begin();
  sys.open_result = emb.open_result = TINET_ESYSTEM;
  T_EQ(TINET_ESYSTEM, try_browse("_t._tcp"));
  T_EQ(TINET_ESYSTEM, try_publish("Foo", true));
  T_EQ(TINET_ESYSTEM, try_resolve("Foo", 0));
  sys.open_result = 0;
  sys.job_result = TINET_ENOMEM;
  T_EQ(TINET_ENOMEM, try_browse("_t._tcp"));
  turn();
  T_OK(!sys.is_open);
  sys.job_result = 0;
  T_EQ(0, try_browse("_t._tcp"));
  expect("");
  finish();
}

static void a_late_failing_start_is_told(void)
{
  begin();
  sys.is_ready_at_once = false;
  T_EQ(0, try_browse("_t._tcp"));
  T_EQ(0, try_publish("Foo", true));
  T_EQ(0, try_resolve("Foo", 0));
  sys.job_result = TINET_EINVAL;
  closes_itself = true;
  sys.events->on_ready(sys.arg);
  turn();
  T_OK(strchr(told, '!') != NULL);
  T_OK(!browser && !service && !resolving);
  finish();
}

static void a_job_that_fails_is_told(void)
{
  const tinet_error err = {.code = TINET_ESYSTEM, .text = "broken"};

  begin();
  T_EQ(0, try_browse("_t._tcp"));
  ((const struct tinet__browse_sink *)job_of(&sys)->sink)
      ->on_failure(job_of(&sys)->arg, &err);
  expect("!TINET_ESYSTEM ");
  close_all();
  T_EQ(0, try_publish("Foo", true));
  ((const struct tinet__publish_sink *)job_of(&sys)->sink)
      ->on_failure(job_of(&sys)->arg, &err);
  expect("!UnknownError ");
  close_all();
  T_EQ(0, try_resolve("Foo", 0));
  ((const struct tinet__resolve_sink *)job_of(&sys)->sink)
      ->on_failure(job_of(&sys)->arg, &err);
  expect("!UnknownError ");
  finish();
}

static void the_back_end_closes_when_nobody_needs_it(void)
{
  begin();
  T_EQ(0, try_browse("_t._tcp"));
  T_EQ(1, sys.n_opened);
  close_all();
  T_OK(sys.is_open);
  turn();
  T_OK(!sys.is_open);
  T_EQ(0, try_browse("_t._tcp"));
  close_all();
  T_EQ(0, try_publish("Foo", true)); /* in time */
  turn();
  T_OK(sys.is_open);
  T_EQ(2, sys.n_opened);
  tinet_bonjour_close(bonjour); /* stays until the last user has left */
  bonjour = NULL;
  T_OK(sys.is_open);
  say_established(&sys);
  expect("as Foo ");
  close_all();
  T_OK(!sys.is_open);
  finish();
}

static void options_are_checked(void)
{
  static const char *const types[] = {"nonsense"};
  tinet_bonjour_options opt;
  tinet_bonjour *b = NULL;
  tinet_error err = {0};

  begin();
  tinet_bonjour_options_init(&opt);
  opt.host_name = "a.b";
  T_EQ(TINET_EINVAL, tinet_bonjour_open(loop, &opt, &b, &err));
  opt.host_name = "-a";
  T_EQ(TINET_EINVAL, tinet_bonjour_open(loop, &opt, &b, &err));
  opt.host_name = "box-1";
  opt.declared_types = types;
  opt.n_declared_types = 1;
  T_EQ(TINET_EINVAL, tinet_bonjour_open(loop, &opt, &b, &err));
  T_EQ(TINET_EINVAL, tinet_bonjour_open(NULL, NULL, &b, NULL));
  opt.struct_size--;
  T_EQ(TINET_EINVAL, tinet_bonjour_open(loop, &opt, &b, &err));
  T_EQ(0, tinet_bonjour_open(loop, NULL, &b, NULL));
  tinet_bonjour_close(b);
  tinet_bonjour_close(NULL);
  finish();
}

/* ---- memory ---- */

static int open_once(void)
{
  static const char *const types[] = {"_t._tcp", "_u._tcp"};
  tinet_bonjour_options opt;
  tinet_bonjour *b = NULL;
  int result;

  tinet_bonjour_options_init(&opt);
  opt.host_name = "box";
  opt.declared_types = types;
  opt.n_declared_types = 2;
  result = tinet_bonjour_open(loop, &opt, &b, NULL);
  tinet_bonjour_close(b);
  return result;
}

static int browse_once(void)
{
  int result = try_browse("_t._tcp");

  close_all();
  return result;
}

static int publish_once(void)
{
  int result = try_publish("Foo", true);

  close_all();
  return result;
}

static int resolve_once(void)
{
  int result = try_resolve("Foo", 1000);

  close_all();
  return result;
}

static void every_start_survives_a_lack_of_memory(void)
{
  begin();
  T_EACH_ALLOCATION_FAILS(0, open_once);
  T_EACH_ALLOCATION_FAILS(0, browse_once);
  T_EACH_ALLOCATION_FAILS(0, publish_once);
  T_EACH_ALLOCATION_FAILS(0, resolve_once);
  finish();
}

static void an_entry_or_answer_without_memory_is_no_crash(void)
{
  begin();
  T_EQ(0, try_browse("_t._tcp"));
  for (size_t n = 1; n <= 2; n++) {
    (void)tinet__alloc_fail_at(n);
    say_new(&sys, "Foo");
    (void)tinet__alloc_fail_at(0);
  }
  say_new(&sys, "Bar");
  expect("+Bar (1) ");
  close_all();
  T_EQ(0, try_resolve("Foo", 60000));
  (void)tinet__alloc_fail_at(1);
  say_found(&sys, "box", "10.0.0.1", NULL, true);
  (void)tinet__alloc_fail_at(0);
  expect("!UnknownError ");
  close_all();
  T_EQ(0, try_publish("Foo", true));
  (void)tinet__alloc_fail_at(1);
  T_EQ(TINET_ENOMEM, tinet_bonjour_service_set_txt(service, NULL, 0, NULL));
  (void)tinet__alloc_fail_at(0);
  T_STR("a=1;b;", job_of(&sys)->txt);
  finish();
}

int main(void)
{
  T_RUN(a_service_seen_twice_is_one_entry);
  T_RUN(all_for_now_ends_a_batch_at_once);
  T_RUN(what_comes_and_goes_at_once_is_not_told);
  T_RUN(what_comes_is_told_before_the_batch_is_over);
  T_RUN(a_callback_may_end_what_is_to_be_told);
  T_RUN(changes_without_end_are_told_all_the_same);
  T_RUN(only_so_many_services_are_kept);
  T_RUN(implausible_services_are_not_told);
  T_RUN(a_browser_may_be_closed_from_its_callbacks);
  T_RUN(bad_arguments_are_refused);
  T_RUN(strict_mode_knows_declared_types_only);
  T_RUN(a_service_is_published_once);
  T_RUN(a_taken_name_gives_way_to_the_next);
  T_RUN(a_name_taken_on_the_spot_gives_way_too);
  T_RUN(without_renaming_a_collision_is_an_error);
  T_RUN(names_are_not_tried_for_ever);
  T_RUN(a_name_that_does_not_hold_counts_as_well);
  T_RUN(other_txt_strings_are_announced);
  T_RUN(a_service_without_a_name_has_the_hosts);
  T_RUN(a_resolve_waits_until_all_is_known);
  T_RUN(one_family_waits_a_moment_for_the_other);
  T_RUN(loopback_is_not_enough_at_once);
  T_RUN(what_was_complete_is_kept);
  T_RUN(a_resolve_times_out);
  T_RUN(without_a_daemon_the_embedded_one_works);
  T_RUN(a_daemon_that_does_not_answer_is_passed_over);
  T_RUN(a_lost_daemon_moves_everything);
  T_RUN(a_daemon_that_was_away_for_a_moment_gets_new_jobs);
  T_RUN(a_service_moves_without_being_told_again);
  T_RUN(a_collision_told_before_the_move_is_forgotten);
  T_RUN(when_no_back_end_is_left_all_fail);
  T_RUN(an_embedded_one_that_breaks_is_an_error);
  T_RUN(a_start_that_cannot_succeed_fails_at_once);
  T_RUN(a_late_failing_start_is_told);
  T_RUN(a_job_that_fails_is_told);
  T_RUN(the_back_end_closes_when_nobody_needs_it);
  T_RUN(options_are_checked);
  T_RUN(every_start_survives_a_lack_of_memory);
  T_RUN(an_entry_or_answer_without_memory_is_no_crash);
  return T_END();
}
