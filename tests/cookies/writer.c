/* writer.c - a program with a jar, for tests that kill it.
 *
 *   cookie_writer add PATH PREFIX COUNT PAUSE_US   adds PREFIX0, PREFIX1, ...;
 *       a line "READY" once the jar is open, then one for each cookie when
 *       tinet_cookie_jar_add() has returned: its name and the monotonic time in
 *       microseconds
 *   cookie_writer list PATH                        the names, one a line
 *   cookie_writer serve PATH                       reads "has NAME", "add
 * NAME", "header" or "clear" from standard input and answers each with a line
 *
 * Warnings of the jar are lines that begin with "WARNING".  Every line is one
 * write(), so that a killed writer leaves whole lines.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <tinet/cookie.h>
#include <unistd.h>

#define FOREVER_MS INT64_C(4102444800000) /* the year 2100 */

static void say(const char *fmt, ...)
{
  char line[1024];
  va_list args;
  int len;

  va_start(args, fmt);
  len = vsnprintf(line, sizeof line, fmt, args);
  va_end(args);
  if (len > 0 && write(STDOUT_FILENO, line, (size_t)len) != len)
    exit(3);
}

static void on_warning(void *user, const char *text)
{
  (void)user;
  say("WARNING %s\n", text);
}

static void give_up(const char *what, int code, const tinet_error *err)
{
  say("FAILED %s: %s %s\n", what, tinet_error_name(code), err->text);
  exit(2);
}

static tinet_cookie_jar *open_jar(const char *path)
{
  tinet_cookie_jar_options opt;
  tinet_cookie_jar *jar;
  tinet_error err = {0};
  int code;

  tinet_cookie_jar_options_init(&opt);
  opt.path = path;
  opt.max_per_domain = opt.max_total = 1000000;
  opt.on_warning = on_warning;
  code = tinet_cookie_jar_open(&opt, &jar, &err);
  if (code < 0)
    give_up("open", code, &err);
  return jar;
}

static void add(tinet_cookie_jar *jar, const char *name)
{
  const tinet_cookie c = {.name = name,
                          .value = "some value of a usual length, as it seems",
                          .domain = ".example.com",
                          .is_persistent = true,
                          .expires_ms = FOREVER_MS};
  tinet_error err = {0};
  int code = tinet_cookie_jar_add(jar, &c, &err);

  if (code < 0)
    give_up("add", code, &err);
}

static int64_t now_us(void)
{
  struct timespec ts;

  (void)clock_gettime(CLOCK_MONOTONIC, &ts);
  return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static void add_many(const char *path, const char *prefix, long count,
                     long pause_us)
{
  const struct timespec pause = {pause_us / 1000000, pause_us % 1000000 * 1000};
  tinet_cookie_jar *jar = open_jar(path);

  say("READY\n");
  for (long i = 0; i < count; i++) {
    char name[128];

    (void)snprintf(name, sizeof name, "%s%ld", prefix, i);
    add(jar, name);
    say("%s %" PRId64 "\n", name, now_us());
    (void)nanosleep(&pause, NULL);
  }
  tinet_cookie_jar_unref(jar);
}

/* The names of all, or how many are named `name`. */
static size_t find(tinet_cookie_jar *jar, const char *name, int is_printing)
{
  tinet_cookie_list *list;
  tinet_error none = {0};
  size_t n;
  int code = tinet_cookie_jar_find(jar, name ? "example.com" : NULL, NULL, name,
                                   &list);

  if (code < 0)
    give_up("find", code, &none);
  for (size_t i = 0; is_printing && i < list->n_cookies; i++)
    say("%s\n", list->cookies[i].name);
  n = list->n_cookies;
  tinet_cookie_list_free(list);
  return n;
}

/* What a request would carry; looks into memory only. */
static void say_header(tinet_cookie_jar *jar)
{
  tinet_error none = {0};
  char *header = NULL;
  int code = tinet_cookie_jar_header(jar, "https://example.com/", &header);

  if (code < 0)
    give_up("header", code, &none);
  say("%.900s\n", header ? header : "none");
  tinet_free(header);
}

static void serve(const char *path)
{
  tinet_cookie_jar *jar = open_jar(path);
  char line[256];

  say("READY\n");
  while (fgets(line, sizeof line, stdin)) {
    line[strcspn(line, "\n")] = 0;
    if (strncmp(line, "has ", 4) == 0) {
      say("%zu\n", find(jar, line + 4, 0));
    } else if (strncmp(line, "add ", 4) == 0) {
      add(jar, line + 4);
      say("added\n");
    } else if (strcmp(line, "header") == 0) {
      say_header(jar);
    } else {
      say("%s\n", tinet_error_name(tinet_cookie_jar_remove_all(jar)));
    }
  }
  tinet_cookie_jar_unref(jar);
}

int main(int argc, char **argv)
{
  if (argc == 6 && strcmp(argv[1], "add") == 0) {
    add_many(argv[2], argv[3], atol(argv[4]), atol(argv[5]));
  } else if (argc == 3 && strcmp(argv[1], "list") == 0) {
    tinet_cookie_jar *jar = open_jar(argv[2]);

    (void)find(jar, NULL, 1);
    tinet_cookie_jar_unref(jar);
  } else if (argc == 3 && strcmp(argv[1], "serve") == 0) {
    serve(argv[2]);
  } else {
    say("usage: cookie_writer add|list|serve PATH ...\n");
    return 2;
  }
  return 0;
}
