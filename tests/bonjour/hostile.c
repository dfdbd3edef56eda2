/* hostile.c - everything of the embedded back end at once, for whoever sends
 * crafted packets: it browses, publishes and resolves until its input ends, and
 * says how much it has been told.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <tinet/bonjour.h>
#include <tinet/loop.h>

#define TOLD_MAX 5000

static struct {
  tinet_loop *loop;
  tinet_bonjour *bonjour;
  tinet_bonjour_browser *services, *types;
  tinet_bonjour_service *service;
  tinet_bonjour_resolve *resolve;
  unsigned n_told;
} all;

static void say(const char *what)
{
  (void)printf("%s %u\n", what, all.n_told);
  (void)fflush(stdout);
}

static void die(const char *what)
{
  say(what);
  exit(3);
}

static void on_change(tinet_bonjour_browser *b, const tinet_bonjour_entry *e,
                      void *user)
{
  (void)b;
  (void)e;
  (void)user;
  all.n_told++;
}

static void on_browse_error(tinet_bonjour_browser *b, const tinet_error *err,
                            void *user)
{
  (void)b;
  (void)user;
  die(err->text);
}

static void on_published(tinet_bonjour_service *s, const char *name, void *user)
{
  (void)s;
  (void)name;
  (void)user;
  say("published");
}

static void on_renamed(tinet_bonjour_service *s, const char *old,
                       const char *name, void *user)
{
  (void)s;
  (void)old;
  (void)name;
  (void)user;
  all.n_told++;
}

/* An attacker may take every name. */
static void on_service_error(tinet_bonjour_service *s, const tinet_error *err,
                             void *user)
{
  (void)err;
  (void)user;
  tinet_bonjour_service_close(s);
  all.service = NULL;
  all.n_told++;
}

static void open_resolve(void);

static void on_resolved(tinet_bonjour_resolve *r,
                        const tinet_bonjour_resolved *found, void *user)
{
  (void)found;
  (void)user;
  all.n_told++;
  tinet_bonjour_resolve_close(r);
  all.resolve = NULL;
  if (all.n_told < TOLD_MAX) /* there is more to come, but most is cached */
    open_resolve();
}

static void on_resolve_error(tinet_bonjour_resolve *r, const tinet_error *err,
                             void *user)
{
  (void)r;
  (void)user;
  die(err->text);
}

static void open_resolve(void)
{
  static const tinet_bonjour_resolve_events events = {on_resolved,
                                                      on_resolve_error};
  tinet_bonjour_resolve_options opt;

  tinet_bonjour_resolve_options_init(&opt);
  opt.name = "evil";
  opt.type = "_test._tcp";
  opt.timeout_ms = 0;
  if (tinet_bonjour_resolve_open(all.bonjour, &opt, &events, NULL, &all.resolve,
                                 NULL) < 0)
    die("resolve");
}

static tinet_bonjour_browser *browse(const char *type)
{
  static const tinet_bonjour_browser_events events = {on_change, on_change,
                                                      NULL, on_browse_error};
  tinet_bonjour_browse_options opt;
  tinet_bonjour_browser *browser = NULL;

  tinet_bonjour_browse_options_init(&opt);
  opt.type = type;
  if (tinet_bonjour_browser_open(all.bonjour, &opt, &events, NULL, &browser,
                                 NULL) < 0)
    die("browse");
  return browser;
}

static void publish(void)
{
  static const tinet_bonjour_service_events events = {on_published, on_renamed,
                                                      on_service_error};
  static const tinet_slice txt = {"key=value", 9};
  tinet_bonjour_publish_options opt;

  tinet_bonjour_publish_options_init(&opt);
  opt.name = "Target";
  opt.type = "_test._tcp";
  opt.port = 1234;
  opt.txt = &txt;
  opt.n_txt = 1;
  if (tinet_bonjour_service_open(all.bonjour, &opt, &events, NULL, &all.service,
                                 NULL) < 0)
    die("publish");
}

static void on_end(void *arg)
{
  (void)arg;
  tinet_bonjour_browser_close(all.services);
  tinet_bonjour_browser_close(all.types);
  tinet_bonjour_service_close(all.service);
  tinet_bonjour_resolve_close(all.resolve);
}

static void *read_input(void *arg)
{
  while (getchar() != EOF)
    continue;
  (void)!tinet_loop_post(all.loop, on_end, NULL);
  return arg;
}

int main(void)
{
  tinet_bonjour_options opt;
  pthread_t reader;

  tinet_bonjour_options_init(&opt);
  opt.backend = TINET_BONJOUR_BACKEND_EMBEDDED;
  opt.host_name = "target";
  if (tinet_loop_open(&all.loop) < 0 ||
      tinet_bonjour_open(all.loop, &opt, &all.bonjour, NULL) < 0)
    die("open");
  all.services = browse("_test._tcp");
  all.types = browse(TINET_BONJOUR_ALL_TYPES);
  publish();
  open_resolve();
  if (pthread_create(&reader, NULL, read_input, NULL) != 0)
    die("thread");
  (void)tinet_loop_run(all.loop);
  (void)pthread_join(reader, NULL);
  tinet_bonjour_close(all.bonjour);
  if (tinet_loop_close(all.loop) != 0)
    die("left open");
  say("end");
  return 0;
}
