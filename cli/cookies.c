/* cookies.c - `tinet cookies`: what the cookie stores hold. */
#include "store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <tinet/cookie.h>
#include <unistd.h>

enum {
  OPTION_APP = 1,
  OPTION_PROJECT,
  OPTION_SYSTEM,
  OPTION_FILE,
  OPTION_DOMAIN,
  OPTION_NAME,
  OPTION_FORMAT,
  OPTION_VALUES,
  OPTION_JSON,
};

static const struct cli_option options[] = {
    {OPTION_APP, 'a', "app", "ID", "the store of this application"},
    {OPTION_PROJECT, 'p', "project", "DIR",
     "that of the Titanium project in DIR; the project in\nthis folder is the "
     "default"},
    {OPTION_SYSTEM, 's', "system", NULL,
     "the store that all applications of the user share"},
    {OPTION_FILE, 'f', "file", "FILE", "the store in this file"},
    {OPTION_DOMAIN, 'd', "domain", "HOST",
     "list, clear: only what this host would get"},
    {OPTION_NAME, 'n', "name", "NAME", "list, clear: only of this name"},
    {OPTION_FORMAT, 0, "format", "FORMAT",
     "import, export: netscape (cookies.txt) or json"},
    {OPTION_VALUES, 0, "values", NULL, "show the values, which are secrets"},
    {OPTION_JSON, 0, "json", NULL, "list: as JSON"},
    {CLI_OPTION_HELP, 'h', "help", NULL, "this text"},
};
#define N_OPTIONS (sizeof options / sizeof *options)

struct cookies {
  const char *action, *operand;
  const char *app, *project, *file, *domain, *name, *format;
  bool is_system, with_values, is_json;
  tinet_cookie_jar *jar;
};

static void help(FILE *out)
{
  (void)fprintf(out, "usage: tinet cookies list|clear [OPTION...]\n"
                     "       tinet cookies import FILE [OPTION...]\n"
                     "       tinet cookies export [FILE] --values [OPTION...]\n"
                     "\n"
                     "Shows, removes, reads and writes the cookies of a "
                     "store.  FILE '-' is standard\ninput or output.\n\n");
  cli_options_help(options, N_OPTIONS, out);
  (void)fprintf(out, "\nExit status:\n");
  cli_exit_help(out);
}

static int on_option(void *user, int id, const char *value)
{
  struct cookies *c = user;
  const char **places[] = {NULL,     &c->app,    &c->project, NULL,
                           &c->file, &c->domain, &c->name,    &c->format};

  if (value)
    *places[id] = value;
  c->is_system = c->is_system || id == OPTION_SYSTEM;
  c->with_values = c->with_values || id == OPTION_VALUES;
  c->is_json = c->is_json || id == OPTION_JSON;
  return CLI_OK;
}

static int on_operand(void *user, const char *operand)
{
  struct cookies *c = user;

  if (!c->action)
    c->action = operand;
  else if (!c->operand)
    c->operand = operand;
  else
    return cli_usage("cookies", "'%s' is one word too many", operand);
  return CLI_OK;
}

/* ---- the store ---- */

/* The file of the store; free() it.  NULL: the reason has been printed. */
static char *find_path(const struct cookies *c)
{
  char *id = NULL, *path = NULL, *copy;

  if (c->file)
    return cli_strdup(c->file);
  if (!c->is_system) {
    id = c->app ? cli_strdup(c->app) : cli_project_id(c->project);
    if (!id)
      return NULL;
  }
  if (tinet_cookie_store_path(c->is_system ? NULL : id, &path) < 0)
    cli_error("the store of '%s' has no place (is HOME set?)",
              id ? id : "the user");
  copy = path ? cli_strdup(path) : NULL;
  tinet_free(path);
  free(id);
  return copy;
}

static void on_warning(void *user, const char *text)
{
  (void)user;
  cli_error("%s", text);
}

/* An exit status.  A store that is not there is empty, and is not made unless
 * something is put into it. */
static int open_jar(struct cookies *c, bool makes_it)
{
  tinet_cookie_jar_options opt;
  tinet_error err = {0};
  char *path = find_path(c);
  int code;

  if (!path)
    return CLI_READ_ERROR;
  tinet_cookie_jar_options_init(&opt);
  opt.on_warning = on_warning;
  opt.path = makes_it || access(path, F_OK) == 0 ? path : NULL;
  code = tinet_cookie_jar_open(&opt, &c->jar, &err);
  if (code < 0)
    cli_error("%s: %s", path, err.text);
  free(path);
  return code < 0 ? cli_exit_status(code) : CLI_OK;
}

/* What --domain and --name leave; NULL: the reason has been printed. */
static tinet_cookie_list *find(const struct cookies *c)
{
  tinet_cookie_list *list = NULL;
  int code = tinet_cookie_jar_find(c->jar, c->domain, NULL,
                                   c->domain ? c->name : NULL, &list);

  if (code < 0) {
    cli_error("%s", tinet_error_text(code));
    return NULL;
  }
  return list;
}

static bool is_wanted(const struct cookies *c, const tinet_cookie *cookie)
{
  return !c->name || strcmp(c->name, cookie->name) == 0;
}

/* ---- list ---- */

static void expiry_text(const tinet_cookie *cookie, char *to, size_t size)
{
  time_t seconds = (time_t)(cookie->expires_ms / 1000);
  struct tm tm;

  if (!cookie->is_persistent)
    (void)snprintf(to, size, "session");
  else if (!gmtime_r(&seconds, &tm) ||
           strftime(to, size, "%Y-%m-%d %H:%M", &tm) == 0)
    (void)snprintf(to, size, "?");
}

static void print_row(const struct cookies *c, const tinet_cookie *cookie)
{
  char *domain =
      cli_format("%s%s", cookie->is_host_only ? "" : ".", cookie->domain);
  char expires[32];

  expiry_text(cookie, expires, sizeof expires);
  cli_print_cell(stdout, domain, 26);
  (void)printf(" %-16s %c%c  ", expires, cookie->is_secure ? 'S' : '-',
               cookie->is_http_only ? 'H' : '-');
  cli_print_cell(stdout, cookie->path, 10);
  (void)putchar(' ');
  cli_print_safe(stdout, cookie->name);
  if (c->with_values) {
    (void)putchar('=');
    cli_print_safe(stdout, cookie->value);
  }
  (void)putchar('\n');
  free(domain);
}

static int print_json(const struct cookies *c, const tinet_cookie_list *list)
{
  char *text = NULL;
  int code = tinet_cookie_list_export(list, TINET_COOKIE_FORMAT_JSON,
                                      c->with_values, &text);

  if (code < 0)
    return cli_exit_status(code);
  (void)fputs(text, stdout);
  tinet_free(text);
  return CLI_OK;
}

static int list_cookies(struct cookies *c)
{
  tinet_cookie_list *list;
  int status = open_jar(c, false);

  if (status != CLI_OK)
    return status;
  if (c->is_json && c->name && !c->domain)
    return cli_usage("cookies", "--json with --name needs --domain");
  list = find(c);
  if (!list)
    return CLI_FAILED;
  if (c->is_json) {
    status = print_json(c, list);
  } else {
    if (list->n_cookies > 0)
      (void)printf("%-26s %-16s %-3s %-10s %s\n", "DOMAIN", "EXPIRES (UTC)",
                   "S H", "PATH", "NAME");
    for (size_t i = 0; i < list->n_cookies; i++)
      if (is_wanted(c, &list->cookies[i]))
        print_row(c, &list->cookies[i]);
  }
  tinet_cookie_list_free(list);
  return status;
}

/* ---- clear ---- */

static int clear_cookies(struct cookies *c)
{
  tinet_cookie_list *list;
  size_t n = 0;
  int status = open_jar(c, false), code = TINET_OK;

  if (status != CLI_OK)
    return status;
  list = find(c);
  if (!list)
    return CLI_FAILED;
  for (size_t i = 0; i < list->n_cookies && code == TINET_OK; i++) {
    const tinet_cookie *cookie = &list->cookies[i];
    char *domain;

    if (!is_wanted(c, cookie))
      continue;
    domain =
        cli_format("%s%s", cookie->is_host_only ? "" : ".", cookie->domain);
    code = tinet_cookie_jar_remove(c->jar, domain, cookie->path, cookie->name);
    free(domain);
    n++;
  }
  tinet_cookie_list_free(list);
  if (code == TINET_OK)
    code = tinet_cookie_jar_flush(c->jar, NULL);
  if (code < 0) {
    cli_error("%s", tinet_error_text(code));
    return cli_exit_status(code);
  }
  (void)printf("%zu removed\n", n);
  return CLI_OK;
}

/* ---- import and export ---- */

/* 0 or an exit status.  Without --format, JSON is what begins like it. */
static int find_format(const struct cookies *c, const char *text,
                       tinet_cookie_format *ret_format)
{
  *ret_format = TINET_COOKIE_FORMAT_NETSCAPE;
  if (!c->format) {
    if (text && (text[strspn(text, " \t\r\n")] == '[' ||
                 text[strspn(text, " \t\r\n")] == '{'))
      *ret_format = TINET_COOKIE_FORMAT_JSON;
    return CLI_OK;
  }
  if (strcmp(c->format, "json") == 0)
    *ret_format = TINET_COOKIE_FORMAT_JSON;
  else if (strcmp(c->format, "netscape") != 0)
    return cli_usage("cookies", "--format is netscape or json, not '%s'",
                     c->format);
  return CLI_OK;
}

static int import_text(struct cookies *c, const char *text, size_t len)
{
  tinet_cookie_format format;
  tinet_error err = {0};
  size_t n = 0;
  int status = find_format(c, text, &format), code;

  if (status == CLI_OK)
    status = open_jar(c, true);
  if (status != CLI_OK)
    return status;
  code = tinet_cookie_jar_import(c->jar, format, text, len, &n, &err);
  if (code == TINET_OK)
    code = tinet_cookie_jar_flush(c->jar, &err);
  if (code < 0) {
    cli_error("%s: %s", c->operand,
              err.text[0] ? err.text : tinet_error_text(code));
    return cli_exit_status(code);
  }
  (void)printf("%zu imported\n", n);
  return CLI_OK;
}

static int import_cookies(struct cookies *c)
{
  size_t len;
  char *text;
  int status;

  if (!c->operand)
    return cli_usage("cookies", "import needs a FILE");
  text = cli_read_file(c->operand, &len);
  if (!text)
    return CLI_READ_ERROR;
  status = import_text(c, text, len);
  free(text);
  return status;
}

/* The file is the user's alone: what is in it opens accounts. */
static int write_text(const char *path, const char *text)
{
  mode_t mask = umask(077);
  FILE *f = !path || strcmp(path, "-") == 0 ? stdout : fopen(path, "we");
  bool is_written;

  (void)umask(mask);
  is_written = f && fputs(text, f) >= 0 && fflush(f) == 0;
  if (f && f != stdout)
    is_written = fclose(f) == 0 && is_written;
  if (is_written)
    return CLI_OK;
  cli_error("%s: %s", path ? path : "standard output", strerror(errno));
  return CLI_WRITE_ERROR;
}

static int export_cookies(struct cookies *c)
{
  tinet_cookie_format format;
  tinet_cookie_list *list;
  char *text = NULL;
  int status, code;

  if (!c->with_values)
    return cli_usage("cookies", "export writes the values, which are secrets; "
                                "say --values if you mean it");
  status = find_format(c, NULL, &format);
  if (status == CLI_OK)
    status = open_jar(c, false);
  if (status != CLI_OK)
    return status;
  list = find(c);
  if (!list)
    return CLI_FAILED;
  code = tinet_cookie_list_export(list, format, true, &text);
  tinet_cookie_list_free(list);
  if (code < 0)
    return cli_exit_status(code);
  status = write_text(c->operand, text);
  tinet_free(text);
  return status;
}

static int act(struct cookies *c)
{
  static const struct {
    const char *name;
    int (*run)(struct cookies *c);
  } actions[] = {{"list", list_cookies},
                 {"clear", clear_cookies},
                 {"import", import_cookies},
                 {"export", export_cookies}};

  if (!c->action)
    return cli_usage("cookies", "say list, clear, import or export");
  if (c->is_system + (c->app != NULL) + (c->project != NULL) +
          (c->file != NULL) >
      1)
    return cli_usage("cookies",
                     "--app, --project, --system and --file name one store");
  for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
    if (strcmp(c->action, actions[i].name) == 0)
      return actions[i].run(c);
  return cli_usage("cookies", "'%s' is not list, clear, import or export",
                   c->action);
}

static int run(int argc, char **argv)
{
  struct cookies c = {0};
  struct cli_parser parser = {
      .command = "cookies",
      .options = options,
      .n_options = N_OPTIONS,
      .on_option = on_option,
      .on_operand = on_operand,
      .user = &c,
  };
  int status = cli_parse(&parser, argc, argv);

  if (status == CLI_PARSED_HELP) {
    help(stdout);
    return CLI_OK;
  }
  if (status == CLI_OK)
    status = act(&c);
  tinet_cookie_jar_unref(c.jar);
  return status;
}

const struct cli_command cli_cookies = {
    "cookies",
    "list, remove, read and write cookies",
    run,
    help,
};
