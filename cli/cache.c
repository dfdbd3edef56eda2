/* cache.c - `tinet cache`: how full it is, and emptying it. */
#include "store.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <tinet/cache.h>
#include <unistd.h>

enum { OPTION_APP = 1, OPTION_PROJECT, OPTION_FOLDER, OPTION_JSON };

static const struct cli_option options[] = {
    {OPTION_APP, 'a', "app", "ID", "the cache of this application"},
    {OPTION_PROJECT, 'p', "project", "DIR",
     "that of the Titanium project in DIR; the project in\nthis folder is the "
     "default"},
    {OPTION_FOLDER, 'f', "folder", "DIR", "the cache in this folder"},
    {OPTION_JSON, 0, "json", NULL, "info: as JSON"},
    {CLI_OPTION_HELP, 'h', "help", NULL, "this text"},
};
#define N_OPTIONS (sizeof options / sizeof *options)

struct cache {
  const char *action, *app, *project, *folder;
  bool is_json;
};

static void help(FILE *out)
{
  (void)fprintf(out, "usage: tinet cache info|clear [OPTION...]\n\n"
                     "Says how full the HTTP cache of an application is, or "
                     "empties it.\n\n");
  cli_options_help(options, N_OPTIONS, out);
  (void)fprintf(out, "\nExit status:\n");
  cli_exit_help(out);
}

static int on_option(void *user, int id, const char *value)
{
  struct cache *c = user;

  if (id == OPTION_APP)
    c->app = value;
  else if (id == OPTION_PROJECT)
    c->project = value;
  else if (id == OPTION_FOLDER)
    c->folder = value;
  else
    c->is_json = true;
  return CLI_OK;
}

static int on_operand(void *user, const char *operand)
{
  struct cache *c = user;

  if (c->action)
    return cli_usage("cache", "'%s' is one word too many", operand);
  c->action = operand;
  return CLI_OK;
}

/* The folder of the cache; free() it.  NULL: the reason has been printed. */
static char *find_folder(const struct cache *c)
{
  char *id, *path = NULL, *copy;

  if (c->folder)
    return cli_strdup(c->folder);
  id = c->app ? cli_strdup(c->app) : cli_project_id(c->project);
  if (!id)
    return NULL;
  if (tinet_cache_folder(id, &path) < 0)
    cli_error("the cache of '%s' has no place (is HOME set?)", id);
  copy = path ? cli_strdup(path) : NULL;
  tinet_free(path);
  free(id);
  return copy;
}

static void print_info(const struct cache *c, const char *folder,
                       const tinet_cache_info *info)
{
  char used[CLI_BYTES_MAX], max[CLI_BYTES_MAX];

  if (c->is_json) {
    (void)printf("{\"entries\":%" PRIu64 ",\"bytes\":%" PRIu64
                 ",\"maxBytes\":%" PRIu64 "}\n",
                 info->n_entries, info->bytes, info->max_bytes);
    return;
  }
  cli_print_safe(stdout, folder);
  (void)printf("\n%" PRIu64 " responses, %s of %s\n", info->n_entries,
               cli_bytes((double)info->bytes, used),
               cli_bytes((double)info->max_bytes, max));
}

static int act_on(const struct cache *c, const char *folder, bool is_clear)
{
  tinet_cache_options opt;
  tinet_cache_info info = {0};
  tinet_cache *cache = NULL;
  tinet_error err = {0};
  int code;

  tinet_cache_options_init(&opt);
  /* One that is not there is empty, and is not made for looking at. */
  opt.path = access(folder, F_OK) == 0 ? folder : NULL;
  code = tinet_cache_open(&opt, &cache, &err);
  if (code == TINET_OK && is_clear)
    code = tinet_cache_clear(cache);
  if (code == TINET_OK)
    code = tinet_cache_get_info(cache, &info);
  if (code < 0)
    cli_error("%s: %s", folder,
              err.text[0] ? err.text : tinet_error_text(code));
  else if (is_clear)
    (void)puts("the cache is empty");
  else
    print_info(c, folder, &info);
  tinet_cache_unref(cache);
  return code < 0 ? cli_exit_status(code) : CLI_OK;
}

static int act(const struct cache *c)
{
  bool is_clear = c->action && strcmp(c->action, "clear") == 0;
  char *folder;
  int status;

  if (!c->action || (!is_clear && strcmp(c->action, "info") != 0))
    return cli_usage("cache", "say info or clear");
  if ((c->app != NULL) + (c->project != NULL) + (c->folder != NULL) > 1)
    return cli_usage("cache", "--app, --project and --folder name one cache");
  folder = find_folder(c);
  if (!folder)
    return CLI_READ_ERROR;
  status = act_on(c, folder, is_clear);
  free(folder);
  return status;
}

static int run(int argc, char **argv)
{
  struct cache c = {0};
  struct cli_parser parser = {
      .command = "cache",
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
  return status == CLI_OK ? act(&c) : status;
}

const struct cli_command cli_cache = {
    "cache",
    "say how full the HTTP cache is, or empty it",
    run,
    help,
};
