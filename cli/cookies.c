/* cookies.c - `tinet cookies`: what the cookie stores hold. */
#include "store.h"

#include <errno.h>
#include <fcntl.h>
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
     "list, clear, export: only what this host would get"},
    {OPTION_NAME, 'n', "name", "NAME",
     "list, clear, export: only of this name"},
    {OPTION_FORMAT, 0, "format", "FORMAT",
     "import, export: netscape (cookies.txt) or json; else\nan import looks at "
     "the text, an export at the name"},
    {OPTION_VALUES, 0, "values", NULL,
     "list, export to standard output: with the values,\nwhich are secrets"},
    {OPTION_JSON, 0, "json", NULL, "list: as JSON"},
    {CLI_OPTION_HELP, 'h', "help", NULL, "this text"},
};
#define N_OPTIONS (sizeof options / sizeof *options)

struct cookies {
  const char *action, *operand;
  const char *app, *project, *file, *domain, *name, *format;
  bool is_system, with_values, is_json;
  tinet_cookie_jar *jar;    /* owned */
  tinet_cookie_list *found; /* owned; what --domain leaves */
  tinet_cookie *kept;       /* owned; of these what --name leaves, borrowed */
  tinet_cookie_list wanted; /* that, as a list */
};

static void help(FILE *out)
{
  (void)fprintf(out, "usage: tinet cookies list|clear [OPTION...]\n"
                     "       tinet cookies import FILE [OPTION...]\n"
                     "       tinet cookies export FILE [OPTION...]\n"
                     "       tinet cookies export --values [OPTION...]\n"
                     "\n"
                     "Shows, removes, reads and writes the cookies of a "
                     "store.  FILE '-' is standard\ninput or output.  A file "
                     "that is exported is for its owner alone.\n\n");
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
  /* Limits are the application's: looking must not evict what it keeps. */
  opt.max_per_domain = opt.max_total = UINT32_MAX;
  opt.path = makes_it || access(path, F_OK) == 0 ? path : NULL;
  code = tinet_cookie_jar_open(&opt, &c->jar, &err);
  if (code < 0)
    cli_error("%s: %s", path, err.text);
  free(path);
  return code < 0 ? cli_exit_status(code) : CLI_OK;
}

/* Fills in `wanted`.  An exit status. */
static int find(struct cookies *c)
{
  int code = tinet_cookie_jar_find(c->jar, c->domain, NULL, NULL, &c->found);

  if (code < 0) {
    cli_error("%s", tinet_error_text(code));
    return cli_exit_status(code);
  }
  c->kept = cli_alloc((c->found->n_cookies + 1) * sizeof *c->kept);
  c->wanted.cookies = c->kept;
  for (size_t i = 0; i < c->found->n_cookies; i++) {
    const tinet_cookie *cookie = &c->found->cookies[i];

    if (!c->name || strcmp(c->name, cookie->name) == 0)
      c->kept[c->wanted.n_cookies++] = *cookie;
  }
  return CLI_OK;
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

static int print_json(const struct cookies *c)
{
  char *text = NULL;
  int code = tinet_cookie_list_export(&c->wanted, TINET_COOKIE_FORMAT_JSON,
                                      c->with_values, &text);

  if (code < 0)
    return cli_exit_status(code);
  (void)fputs(text, stdout);
  tinet_free(text);
  return CLI_OK;
}

static int list_cookies(struct cookies *c)
{
  int status = open_jar(c, false);

  if (status == CLI_OK)
    status = find(c);
  if (status != CLI_OK || c->is_json)
    return status != CLI_OK ? status : print_json(c);
  if (c->wanted.n_cookies > 0)
    (void)printf("%-26s %-16s %-3s %-10s %s\n", "DOMAIN", "EXPIRES (UTC)",
                 "S H", "PATH", "NAME");
  for (size_t i = 0; i < c->wanted.n_cookies; i++)
    print_row(c, &c->wanted.cookies[i]);
  return CLI_OK;
}

/* ---- clear ---- */

static int remove_one(const struct cookies *c, const tinet_cookie *cookie)
{
  char *domain =
      cli_format("%s%s", cookie->is_host_only ? "" : ".", cookie->domain);
  int code =
      tinet_cookie_jar_remove(c->jar, domain, cookie->path, cookie->name);

  free(domain);
  return code;
}

static int remove_wanted(const struct cookies *c)
{
  int code = TINET_OK;

  if (!c->domain && !c->name)
    return tinet_cookie_jar_remove_all(c->jar);
  for (size_t i = 0; i < c->wanted.n_cookies && code == TINET_OK; i++)
    code = remove_one(c, &c->wanted.cookies[i]);
  return code == TINET_OK ? tinet_cookie_jar_flush(c->jar, NULL) : code;
}

static int clear_cookies(struct cookies *c)
{
  int status = open_jar(c, false), code;

  if (status == CLI_OK)
    status = find(c);
  if (status != CLI_OK)
    return status;
  code = remove_wanted(c);
  if (code < 0) {
    cli_error("%s", tinet_error_text(code));
    return cli_exit_status(code);
  }
  (void)printf("%zu removed\n", c->wanted.n_cookies);
  return CLI_OK;
}

/* ---- import and export ---- */

static bool is_json_text(const char *text)
{
  text += strncmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0; /* UTF-8's mark */
  text += strspn(text, " \t\r\n");
  return *text == '[' || *text == '{';
}

static bool is_json_name(const char *path)
{
  size_t len = path ? strlen(path) : 0;

  return len > 5 && strcmp(path + len - 5, ".json") == 0;
}

/* 0 or an exit status.  Without --format `is_json` counts. */
static int find_format(const struct cookies *c, bool is_json,
                       tinet_cookie_format *ret_format)
{
  if (c->format && strcmp(c->format, "json") != 0 &&
      strcmp(c->format, "netscape") != 0)
    return cli_usage("cookies", "--format is netscape or json, not '%s'",
                     c->format);
  if (c->format)
    is_json = strcmp(c->format, "json") == 0;
  *ret_format =
      is_json ? TINET_COOKIE_FORMAT_JSON : TINET_COOKIE_FORMAT_NETSCAPE;
  return CLI_OK;
}

/* Session cookies end with their program, and this one ends now. */
static void print_imported(struct cookies *c, size_t n)
{
  size_t n_lost = 0;

  c->domain = c->name = NULL; /* they are for what is there already */
  if (find(c) != CLI_OK)
    return;
  for (size_t i = 0; i < c->found->n_cookies; i++)
    n_lost += !c->found->cookies[i].is_persistent;
  (void)printf("%zu imported\n", n - n_lost);
  if (n_lost > 0)
    cli_error("%zu without an expiry %s left out: %s with the program", n_lost,
              n_lost == 1 ? "was" : "were",
              n_lost == 1 ? "it ends" : "they end");
}

static int import_text(struct cookies *c, const char *text, size_t len)
{
  tinet_cookie_format format = TINET_COOKIE_FORMAT_NETSCAPE;
  tinet_error err = {0};
  size_t n = 0;
  int status = find_format(c, is_json_text(text), &format), code;

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
  print_imported(c, n);
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

/* The file is the user's alone, also if it was there before: what is in it
 * opens accounts. */
static FILE *open_private(const char *path)
{
  int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
  struct stat st;
  FILE *f = NULL;

  if (fd < 0)
    return NULL;
  if (fstat(fd, &st) == 0 && (!S_ISREG(st.st_mode) ||
                              (fchmod(fd, 0600) == 0 && ftruncate(fd, 0) == 0)))
    f = fdopen(fd, "w");
  if (!f)
    (void)close(fd);
  return f;
}

static int write_text(const char *path, const char *text)
{
  FILE *f = path ? open_private(path) : stdout;
  bool is_written = f && fputs(text, f) >= 0 && fflush(f) == 0;

  if (f && f != stdout)
    is_written = fclose(f) == 0 && is_written;
  if (is_written)
    return CLI_OK;
  cli_error("%s: %s", path ? path : "standard output", strerror(errno));
  return CLI_WRITE_ERROR;
}

static int export_cookies(struct cookies *c)
{
  const char *path =
      c->operand && strcmp(c->operand, "-") != 0 ? c->operand : NULL;
  tinet_cookie_format format = TINET_COOKIE_FORMAT_NETSCAPE;
  char *text = NULL;
  int status, code;

  if (!path && !c->with_values)
    return cli_usage("cookies", "export writes the values, which are secrets; "
                                "name a FILE, or say --values if you mean it");
  status = find_format(c, is_json_name(path), &format);
  if (status == CLI_OK)
    status = open_jar(c, false);
  if (status == CLI_OK)
    status = find(c);
  if (status != CLI_OK)
    return status;
  code = tinet_cookie_list_export(&c->wanted, format, true, &text);
  if (code < 0)
    return cli_exit_status(code);
  status = write_text(path, text);
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
  free(c.kept);
  tinet_cookie_list_free(c.found);
  tinet_cookie_jar_unref(c.jar);
  return status;
}

const struct cli_command cli_cookies = {
    "cookies",
    "list, remove, read and write cookies",
    run,
    help,
};
