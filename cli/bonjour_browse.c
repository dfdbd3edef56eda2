/* bonjour_browse.c - `tinet bonjour browse` and `types`: lines in a pipe, a
 * live table on a terminal. */
#include "bonjour.h"
#include "bonjour_table.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_SERVICES 10000 /* as many as the library keeps */
#define NAME_COLUMNS 36

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
  struct bonjour_table table;
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

static int by_name(const void *a, const void *b)
{
  const struct found *const *x = a, *const *y = b;
  int order = strcmp((*x)->name, (*y)->name);

  return order ? order : strcmp((*x)->type, (*y)->type);
}

static void draw_line(struct browse *b, const char *name, const char *type,
                      const char *where)
{
  if (!b->is_types) {
    bonjour_table_cell(&b->table, name, NAME_COLUMNS);
    bonjour_table_cell(&b->table, " ", 1);
  }
  bonjour_table_cell(&b->table, b->resolves ? where : type, 0);
  bonjour_table_end_line(&b->table);
}

static void draw_summary(struct browse *b, size_t n_shown)
{
  const char *what = b->is_types ? "type" : "service";
  char text[120];

  (void)snprintf(text, sizeof text, "%zu %s%s%s%s", b->n_found, what,
                 b->n_found == 1 ? "" : "s",
                 n_shown < b->n_found ? ", not all are shown" : "",
                 b->is_watching ? "; interrupt to end" : "");
  bonjour_table_cell(&b->table, text, 0);
  bonjour_table_end_line(&b->table);
}

static void draw(struct browse *b)
{
  size_t room = bonjour_table_begin(&b->table);
  size_t n = room > 2 ? room - 2 : 0;

  n = b->n_found < n ? b->n_found : n;
  if (b->n_found > 1)
    qsort((void *)b->found, b->n_found, sizeof *b->found, by_name);
  draw_line(b, "NAME", "TYPE", "WHERE");
  for (size_t i = 0; i < n; i++) {
    const struct found *f = b->found[i];

    draw_line(b, f->name, f->type, f->where ? f->where : "");
  }
  draw_summary(b, n);
  bonjour_table_end(&b->table);
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
    (void)fputs(*f->name ? "  " : "", stdout);
    bonjour_print(f->type, strlen(f->type));
    (void)fputs("  ", stdout);
    bonjour_print(f->domain, strlen(f->domain));
    (void)putchar('\n');
  }
  (void)fflush(stdout);
}

/* In a line: host, port, address, TXT. */
static char *place_of(const tinet_bonjour_resolved *found)
{
  char text[TINET_ENDPOINT_TEXT_MAX], *place, *longer;

  tinet_endpoint_text(&found->endpoints[0], text);
  place = cli_format("%s %u  %s", found->host, found->port, text);
  for (size_t i = 0; i < found->n_txt; i++) {
    longer = cli_format("%s  %.*s", place, (int)found->txt[i].len,
                        (const char *)found->txt[i].data);
    free(place);
    place = longer;
  }
  return place;
}

static void on_resolved(tinet_bonjour_resolve *r,
                        const tinet_bonjour_resolved *found, void *user)
{
  struct found *f = user;
  struct browse *b = f->browse;

  if (b->is_table) {
    free(f->where);
    f->where = place_of(found);
    draw(b);
  } else {
    bonjour_print_found(&b->s, found);
  }
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
  if (b->is_table) {
    f->where = cli_strdup("(no answer)");
    draw(b);
    b->s.status = b->is_watching ? CLI_OK : cli_exit_status(err->code);
  } else if (!b->is_watching) {
    bonjour_fail(&b->s, f->name, err);
  }
  stop_if_done(b);
}

static void resolve(struct found *f)
{
  static const tinet_bonjour_resolve_events events = {
      .on_resolved = on_resolved, .on_error = on_unresolved};
  struct browse *b = f->browse;
  tinet_bonjour_resolve_options opt;
  tinet_error err = {0};

  tinet_bonjour_resolve_options_init(&opt);
  opt.name = f->name;
  opt.type = f->type;
  opt.domain = f->domain;
  opt.timeout_ms = b->s.timeout_ms;
  if (tinet_bonjour_resolve_open(b->s.bonjour, &opt, &events, f, &f->resolve,
                                 &err) == TINET_OK)
    b->n_resolving++;
  else
    bonjour_fail(&b->s, f->name, &err);
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
  bonjour_fail(&b->s, NULL, err);
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
    bonjour_fail(&b->s, NULL, &err);
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
  b.is_table = !b.s.is_json && isatty(STDOUT_FILENO);
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
