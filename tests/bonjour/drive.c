/* drive.c - Bonjour for the tests: what happens, as lines.
 *
 *   drive [OPTION]... browse TYPE [SUBTYPE]
 *   drive [OPTION]... publish NAME TYPE PORT [KEY=VALUE | _SUBTYPE]...
 *   drive [OPTION]... resolve NAME TYPE TIMEOUT_MS
 *
 * -e, -s: embedded or system's back end only; -h HOST: the embedded one's host
 * name; -n: no renaming; -t: says at the end how long the loop stood still.
 * Runs until its input ends (browse, publish) or it has an answer (resolve).  A
 * line "?" of input asks for the back end that is at work.  Any other to
 * publish is its new TXT record, of one string; to browse it is ignored.
 */
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tinet/bonjour.h>
#include <tinet/loop.h>
#include <time.h>

static tinet_loop *loop;
static tinet_bonjour *bonjour;
static tinet_bonjour_browser *browser;
static tinet_bonjour_service *service;
static tinet_bonjour_resolve *resolving;
static int status;

static void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void say(const char *fmt, ...)
{
  va_list args;

  va_start(args, fmt);
  (void)vprintf(fmt, args);
  va_end(args);
  (void)putchar('\n');
  (void)fflush(stdout);
}

static void stop(void)
{
  tinet_bonjour_browser_close(browser);
  tinet_bonjour_service_close(service);
  tinet_bonjour_resolve_close(resolving);
  browser = NULL;
  service = NULL;
  resolving = NULL;
}

static void say_error(const tinet_error *err)
{
  say("error %s %s: %s", tinet_error_name(err->code),
      tinet_bonjour_code_name(tinet_bonjour_code_of(err)), err->text);
  status = 1;
}

/* ---- input ---- */

static void on_line(void *arg)
{
  char *line = arg;
  tinet_slice txt = {line, strcspn(line, "\n")};
  tinet_error err = {0};

  if (strcmp(line, "?\n") == 0)
    say("at %s", tinet_bonjour_backend_name(bonjour));
  else if (service && tinet_bonjour_service_set_txt(service, &txt, 1, &err) < 0)
    say_error(&err);
  free(line);
}

static void on_end(void *arg)
{
  (void)arg;
  stop();
}

static void *read_input(void *arg)
{
  char line[512];

  while (fgets(line, sizeof line, stdin))
    if (tinet_loop_post(loop, on_line, strdup(line)) < 0)
      return arg;
  (void)!tinet_loop_post(loop, on_end, NULL);
  return arg;
}

/* ---- how long the loop stands still ---- */

#define TICK_MS 5

static int64_t last_tick_ms, longest_ms;
static bool is_ticking;

static int64_t now_ms(void)
{
  struct timespec ts;

  (void)clock_gettime(CLOCK_MONOTONIC, &ts);
  return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void on_tick(void *arg)
{
  int64_t now = now_ms();

  (void)arg;
  if (last_tick_ms > 0 && now - last_tick_ms > longest_ms)
    longest_ms = now - last_tick_ms;
  last_tick_ms = now;
}

static void *tick(void *arg)
{
  const struct timespec pause = {.tv_nsec = TICK_MS * 1000000};

  while (__atomic_load_n(&is_ticking, __ATOMIC_RELAXED)) {
    (void)!tinet_loop_post(loop, on_tick, NULL);
    (void)nanosleep(&pause, NULL);
  }
  return arg;
}

/* ---- events ---- */

static void on_added(tinet_bonjour_browser *b, const tinet_bonjour_entry *e,
                     void *user)
{
  (void)b;
  (void)user;
  say("+ %s %s %s", e->name, e->type, e->domain);
}

static void on_removed(tinet_bonjour_browser *b, const tinet_bonjour_entry *e,
                       void *user)
{
  (void)b;
  (void)user;
  say("- %s %s %s", e->name, e->type, e->domain);
}

static void on_batch(tinet_bonjour_browser *b, size_t n, bool is_all,
                     void *user)
{
  (void)b;
  (void)user;
  say("batch %zu%s %s", n, is_all ? " all" : "",
      tinet_bonjour_backend_name(bonjour));
}

static void on_browse_error(tinet_bonjour_browser *b, const tinet_error *err,
                            void *user)
{
  (void)b;
  (void)user;
  say_error(err);
}

static void on_published(tinet_bonjour_service *s, const char *name, void *user)
{
  (void)s;
  (void)user;
  say("published %s", name);
}

static void on_renamed(tinet_bonjour_service *s, const char *old,
                       const char *name, void *user)
{
  (void)s;
  (void)user;
  say("renamed %s -> %s", old, name);
}

static void on_service_error(tinet_bonjour_service *s, const tinet_error *err,
                             void *user)
{
  (void)s;
  (void)user;
  say_error(err);
}

static void on_resolved(tinet_bonjour_resolve *r,
                        const tinet_bonjour_resolved *f, void *user)
{
  (void)r;
  (void)user;
  say("resolved %s %s %s host %s port %u", f->name, f->type, f->domain, f->host,
      f->port);
  for (size_t i = 0; i < f->n_endpoints; i++) {
    char text[TINET_ENDPOINT_TEXT_MAX];

    tinet_endpoint_text(&f->endpoints[i], text);
    say("address %s %u", text, f->endpoints[i].port);
  }
  for (size_t i = 0; i < f->n_txt; i++)
    say("txt %.*s", (int)f->txt[i].len, (const char *)f->txt[i].data);
  say("end");
  stop();
}

static void on_resolve_error(tinet_bonjour_resolve *r, const tinet_error *err,
                             void *user)
{
  (void)r;
  (void)user;
  say_error(err);
  stop();
}

/* ---- commands ---- */

static int browse(int argc, char **argv, tinet_error *err)
{
  static const tinet_bonjour_browser_events events = {
      on_added, on_removed, on_batch, on_browse_error};
  tinet_bonjour_browse_options opt;
  struct timespec now;

  tinet_bonjour_browse_options_init(&opt);
  opt.type = argv[0];
  opt.subtype = argc > 1 ? argv[1] : NULL;
  (void)clock_gettime(CLOCK_MONOTONIC, &now);
  say("browsing %lld.%06ld", (long long)now.tv_sec, now.tv_nsec / 1000);
  return tinet_bonjour_browser_open(bonjour, &opt, &events, NULL, &browser,
                                    err);
}

static int publish(int argc, char **argv, bool may_rename, tinet_error *err)
{
  static const tinet_bonjour_service_events events = {on_published, on_renamed,
                                                      on_service_error};
  tinet_bonjour_publish_options opt;
  tinet_slice txt[32];
  const char *subtypes[32];

  tinet_bonjour_publish_options_init(&opt);
  opt.name = argv[0];
  opt.type = argv[1];
  opt.port = (uint16_t)strtoul(argv[2], NULL, 10);
  opt.may_rename = may_rename;
  opt.txt = txt;
  opt.subtypes = subtypes;
  for (int i = 3; i < argc && i < 32; i++) {
    if (argv[i][0] == '_')
      subtypes[opt.n_subtypes++] = argv[i];
    else
      txt[opt.n_txt++] = (tinet_slice){argv[i], strlen(argv[i])};
  }
  return tinet_bonjour_service_open(bonjour, &opt, &events, NULL, &service,
                                    err);
}

static int resolve(char **argv, tinet_error *err)
{
  static const tinet_bonjour_resolve_events events = {on_resolved,
                                                      on_resolve_error};
  tinet_bonjour_resolve_options opt;

  tinet_bonjour_resolve_options_init(&opt);
  opt.name = argv[0];
  opt.type = argv[1];
  opt.timeout_ms = (uint32_t)strtoul(argv[2], NULL, 10);
  return tinet_bonjour_resolve_open(bonjour, &opt, &events, NULL, &resolving,
                                    err);
}

static int start(int argc, char **argv, bool may_rename, tinet_error *err)
{
  if (argc >= 2 && strcmp(argv[0], "browse") == 0)
    return browse(argc - 1, argv + 1, err);
  if (argc >= 4 && strcmp(argv[0], "publish") == 0)
    return publish(argc - 1, argv + 1, may_rename, err);
  if (argc >= 4 && strcmp(argv[0], "resolve") == 0)
    return resolve(argv + 1, err);
  return TINET_EINVAL;
}

struct options {
  tinet_bonjour_options bonjour;
  bool may_rename, has_ticks;
};

/* Returns where the command begins. */
static int read_options(int argc, char **argv, struct options *opt)
{
  int at = 1;

  tinet_bonjour_options_init(&opt->bonjour);
  opt->may_rename = true;
  opt->has_ticks = false;
  for (; at < argc && argv[at][0] == '-'; at++) {
    if (argv[at][1] == 'e')
      opt->bonjour.backend = TINET_BONJOUR_BACKEND_EMBEDDED;
    else if (argv[at][1] == 's')
      opt->bonjour.backend = TINET_BONJOUR_BACKEND_SYSTEM;
    else if (argv[at][1] == 'n')
      opt->may_rename = false;
    else if (argv[at][1] == 't')
      opt->has_ticks = true;
    else if (argv[at][1] == 'h' && at + 1 < argc)
      opt->bonjour.host_name = argv[++at];
  }
  return at;
}

static void run(bool has_ticks)
{
  pthread_t reader, ticker;
  bool has_reader =
      !resolving && pthread_create(&reader, NULL, read_input, NULL) == 0;

  is_ticking = has_ticks && pthread_create(&ticker, NULL, tick, NULL) == 0;
  has_ticks = is_ticking;
  (void)tinet_loop_run(loop);
  if (has_reader)
    (void)pthread_join(reader, NULL);
  __atomic_store_n(&is_ticking, false, __ATOMIC_RELAXED);
  if (!has_ticks)
    return;
  (void)pthread_join(ticker, NULL);
  say("stood still %lld ms", (long long)longest_ms);
}

int main(int argc, char **argv)
{
  struct options opt;
  tinet_error err = {0};
  int at = read_options(argc, argv, &opt), rc;

  if (tinet_loop_open(&loop) < 0)
    return 2;
  rc = tinet_bonjour_open(loop, &opt.bonjour, &bonjour, &err);
  if (rc == 0)
    rc = start(argc - at, argv + at, opt.may_rename, &err);
  if (rc < 0) {
    err.code = rc;
    say_error(&err);
  } else {
    say("ready %s", tinet_bonjour_backend_name(bonjour));
    run(opt.has_ticks);
  }
  stop();
  tinet_bonjour_close(bonjour);
  if (tinet_loop_close(loop) != 0)
    say("error: something was left open");
  return status;
}
