/* bonjour_browse.c - `tinet bonjour browse` and `types`: lines in a pipe, a
 * live table on a terminal. */
#include "bonjour.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define MAX_SERVICES 10000 /* as many as the library keeps */

enum { OPTION_WATCH = 1, OPTION_RESOLVE, OPTION_SUBTYPE };

#define ROW_WATCH                                                              \
  {                                                                            \
    OPTION_WATCH, 'w', "watch", NULL,                                          \
        "go on until interrupted: what comes and goes"                         \
  }

static const struct cli_option browse_options[] = {
    ROW_WATCH,
    {OPTION_RESOLVE, 'r', "resolve", NULL,
     "say where each is: host, port, addresses, TXT"},
    {OPTION_SUBTYPE, 0, "subtype", "NAME", "only services of this subtype"},
    BONJOUR_OPTION_ROW_TIMEOUT,
    BONJOUR_OPTION_ROW_JSON,
    BONJOUR_OPTION_ROW_BACKEND,
    {CLI_OPTION_HELP, 'h', "help", NULL, "this text"},
};
#define N_BROWSE (sizeof browse_options / sizeof *browse_options)

static const struct cli_option types_options[] = {
    ROW_WATCH,
    BONJOUR_OPTION_ROW_JSON,
    BONJOUR_OPTION_ROW_BACKEND,
    {CLI_OPTION_HELP, 'h', "help", NULL, "this text"},
};
#define N_TYPES (sizeof types_options / sizeof *types_options)

struct found {
  struct browse *browse;
  char *name, *type, *domain; /* owned */
  char *where;                /* owned; NULL = not resolved */
  tinet_bonjour_resolve *resolve;
};

struct browse {
  struct bonjour_session s;
  bool is_types, is_watching, resolves, is_table;
  const char *type, *subtype;
  tinet_bonjour_browser *browser;
  struct found **found; /* owned, each too */
  size_t n_found, n_resolving;
  bool is_complete; /* all for now has been seen */
  size_t n_rows;    /* of the table on the screen */
};

static void help(FILE *out, bool is_types)
{
  (void)fputs(is_types ? "Usage: tinet bonjour types [OPTION...]\n\n"
                         "Lists the types of services that are announced.\n\n"
                       : "Usage: tinet bonjour browse TYPE [OPTION...]\n\n"
                         "Lists the services of a type (_http._tcp), and with "
                         "--watch what comes (+) and\ngoes (-).\n\n",
              out);
  cli_options_help(is_types ? types_options : browse_options,
                   is_types ? N_TYPES : N_BROWSE, out);
}

/* ---- the table ---- */

static size_t screen_rows(void)
{
  struct winsize size;

  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 4
             ? size.ws_row - 3U
             : 20;
}

static void draw(struct browse *b)
{
  size_t n = b->n_found < screen_rows() ? b->n_found : screen_rows();

  if (b->n_rows > 0)
    (void)printf("\033[%zuA", b->n_rows);
  (void)printf("\033[J%-40s %-20s %s\n", b->is_types ? "TYPE" : "NAME",
               b->is_types ? "" : "TYPE", b->resolves ? "WHERE" : "");
  for (size_t i = 0; i < n; i++) {
    const struct found *f = b->found[i];
    int used;

    bonjour_print(f->name, strlen(f->name));
    used = (int)strlen(f->name);
    (void)printf("%*s %-20s ", used < 40 ? 40 - used : 0, "", f->type);
    bonjour_print(f->where ? f->where : "", f->where ? strlen(f->where) : 0);
    (void)putchar('\n');
  }
  if (n < b->n_found)
    (void)printf("... and %zu more\n", b->n_found - n);
  b->n_rows = n + 1 + (n < b->n_found);
  (void)fflush(stdout);
}

/* ---- entries ---- */

static void free_found(struct found *f)
{
  if (f->resolve) {
    tinet_bonjour_resolve_close(f->resolve);
    f->browse->n_resolving--;
  }
  free(f->name);
  free(f->type);
  free(f->domain);
  free(f->where);
  free(f);
}

static void stop(void *user)
{
  struct browse *b = user;

  tinet_bonjour_browser_close(b->browser);
  b->browser = NULL;
  for (size_t i = 0; i < b->n_found; i++)
    free_found(b->found[i]);
  b->n_found = 0;
}

static void stop_if_done(struct browse *b)
{
  if (b->is_complete && !b->is_watching && b->n_resolving == 0)
    stop(b);
}

static void write_change(const struct browse *b, const char *sign,
                         const char *event, const struct found *f)
{
  if (b->is_table)
    return;
  if (b->s.is_json) {
    (void)printf("{\"event\": \"%s\", ", event);
    if (!b->is_types) {
      bonjour_json_text("name", f->name, strlen(f->name));
      (void)fputs(", ", stdout);
    }
    bonjour_json_text("type", f->type, strlen(f->type));
    (void)fputs(", ", stdout);
    bonjour_json_text("domain", f->domain, strlen(f->domain));
    (void)fputs("}\n", stdout);
  } else {
    (void)printf("%s ", sign);
    bonjour_print(f->name, strlen(f->name));
    (void)printf("%s%s  %s\n", *f->name ? "  " : "", f->type, f->domain);
  }
  (void)fflush(stdout);
}

static void on_resolved(tinet_bonjour_resolve *r,
                        const tinet_bonjour_resolved *found, void *user)
{
  struct found *f = user;
  struct browse *b = f->browse;
  char text[TINET_ENDPOINT_TEXT_MAX];

  tinet_endpoint_text(&found->endpoints[0], text);
  free(f->where);
  f->where = cli_format("%s %s", found->host, text);
  if (b->is_table)
    draw(b);
  else
    bonjour_print_found(&b->s, found);
  tinet_bonjour_resolve_close(r); /* `found` ends with it */
  f->resolve = NULL;
  b->n_resolving--;
  stop_if_done(b);
}

static void on_unresolved(tinet_bonjour_resolve *r, const tinet_error *err,
                          void *user)
{
  struct found *f = user;
  struct browse *b = f->browse;

  tinet_bonjour_resolve_close(r);
  f->resolve = NULL;
  b->n_resolving--;
  if (!b->is_watching)
    bonjour_fail(&b->s, err);
  stop_if_done(b);
}

static void resolve(struct found *f)
{
  static const tinet_bonjour_resolve_events events = {
      .on_resolved = on_resolved, .on_error = on_unresolved};
  struct browse *b = f->browse;
  tinet_bonjour_resolve_options opt;

  tinet_bonjour_resolve_options_init(&opt);
  opt.name = f->name;
  opt.type = f->type;
  opt.domain = f->domain;
  opt.timeout_ms = b->s.timeout_ms;
  if (tinet_bonjour_resolve_open(b->s.bonjour, &opt, &events, f, &f->resolve,
                                 NULL) == TINET_OK)
    b->n_resolving++;
}

static void on_added(tinet_bonjour_browser *browser,
                     const tinet_bonjour_entry *entry, void *user)
{
  struct browse *b = user;
  struct found *f;

  (void)browser;
  if (b->n_found >= MAX_SERVICES)
    return;
  f = cli_alloc(sizeof *f);
  memset(f, 0, sizeof *f);
  f->browse = b;
  f->name = cli_strdup(entry->name);
  f->type = cli_strdup(entry->type);
  f->domain = cli_strdup(entry->domain);
  b->found = cli_realloc((void *)b->found, (b->n_found + 1) * sizeof *b->found);
  b->found[b->n_found++] = f;
  write_change(b, "+", "added", f);
  if (b->resolves)
    resolve(f);
}

static bool is_same(const struct found *f, const tinet_bonjour_entry *entry)
{
  return tinet_bonjour_is_same(f->name, entry->name) &&
         tinet_bonjour_is_same(f->type, entry->type) &&
         tinet_bonjour_is_same(f->domain, entry->domain);
}

static void on_removed(tinet_bonjour_browser *browser,
                       const tinet_bonjour_entry *entry, void *user)
{
  struct browse *b = user;

  (void)browser;
  for (size_t i = 0; i < b->n_found; i++) {
    if (!is_same(b->found[i], entry))
      continue;
    write_change(b, "-", "removed", b->found[i]);
    free_found(b->found[i]);
    b->found[i] = b->found[--b->n_found];
    return;
  }
}

static void on_batch(tinet_bonjour_browser *browser, size_t n_changes,
                     bool is_all_for_now, void *user)
{
  struct browse *b = user;

  (void)browser;
  (void)n_changes;
  if (b->is_table)
    draw(b);
  b->is_complete |= is_all_for_now;
  stop_if_done(b);
}

static void on_error(tinet_bonjour_browser *browser, const tinet_error *err,
                     void *user)
{
  struct browse *b = user;

  (void)browser;
  bonjour_fail(&b->s, err);
  stop(b);
}

/* ---- the commands ---- */

static int on_option(void *user, int id, const char *value)
{
  struct browse *b = user;

  if (id == OPTION_WATCH)
    b->is_watching = true;
  else if (id == OPTION_RESOLVE)
    b->resolves = true;
  else if (id == OPTION_SUBTYPE)
    b->subtype = value;
  else
    return bonjour_option(&b->s, id, value);
  return CLI_OK;
}

static int on_operand(void *user, const char *operand)
{
  struct browse *b = user;

  if (b->type || b->is_types)
    return cli_usage("bonjour", "'%s' is one word too many", operand);
  b->type = operand;
  return CLI_OK;
}

static int start(struct browse *b)
{
  static const tinet_bonjour_browser_events events = {.on_added = on_added,
                                                      .on_removed = on_removed,
                                                      .on_batch_done = on_batch,
                                                      .on_error = on_error};
  tinet_bonjour_browse_options opt;
  tinet_error err = {0};
  int status;

  b->s.on_stop = stop;
  b->s.user = b;
  status = bonjour_begin(&b->s);
  if (status != CLI_OK)
    return status;
  tinet_bonjour_browse_options_init(&opt);
  opt.type = b->type;
  opt.subtype = b->subtype;
  if (tinet_bonjour_browser_open(b->s.bonjour, &opt, &events, b, &b->browser,
                                 &err) < 0) {
    bonjour_fail(&b->s, &err);
    if (err.code == TINET_EINVAL)
      b->s.status = CLI_USAGE;
  }
  status = bonjour_run(&b->s);
  free((void *)b->found);
  return status;
}

static int run(int argc, char **argv, bool is_types)
{
  struct browse b = {.is_types = is_types};
  struct cli_parser parser = {
      .command = "bonjour",
      .options = is_types ? types_options : browse_options,
      .n_options = is_types ? N_TYPES : N_BROWSE,
      .on_option = on_option,
      .on_operand = on_operand,
      .user = &b,
  };
  int status;

  bonjour_init(&b.s);
  status = cli_parse(&parser, argc, argv);
  if (status == CLI_PARSED_HELP) {
    help(stdout, is_types);
    return CLI_OK;
  }
  if (status != CLI_OK)
    return status;
  if (!b.type && !is_types)
    return cli_usage("bonjour", "say a TYPE: _http._tcp");
  if (is_types)
    b.type = TINET_BONJOUR_ALL_TYPES;
  b.is_table = b.is_watching && !b.s.is_json && isatty(STDOUT_FILENO);
  return start(&b);
}

static int run_browse(int argc, char **argv)
{
  return run(argc, argv, false);
}

static int run_types(int argc, char **argv)
{
  return run(argc, argv, true);
}

const struct cli_verb bonjour_browse = {"browse", "list the services of a type",
                                        run_browse};
const struct cli_verb bonjour_types = {"types", "list the types of services",
                                       run_types};
