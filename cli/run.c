/* run.c - `tinet run`: a Titanium program, on Node.
 *
 * The runner is JavaScript.  This finds it and Node and turns into Node by
 * exec, so that signals, the terminal and the exit status are Node's.
 */
#include "cli.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RUNNER "lib/run.js"

enum { OPTION_LOG_LEVEL = 1, OPTION_ATS };

static const struct cli_option options[] = {
    {OPTION_LOG_LEVEL, 'l', "log-level", "LEVEL",
     "the least that Ti.API prints: trace, debug, info,\nwarn, error"},
    {OPTION_ATS, 0, "ats", "POLICY",
     "App Transport Security: project (the default: what\ntiapp.xml says), "
     "enforce (as Apple ships it), off, or\nthe path of a tiapp.xml or "
     "Info.plist"},
    {CLI_OPTION_HELP, 'h', "help", NULL, "this text"},
};
#define N_OPTIONS (sizeof options / sizeof *options)

/* Where the runner is, seen from the folder of this program: installed, and in
 * a build folder within the source tree.  The latter's addon is in the build
 * folder. */
#define PLACE_INSTALLED CLI_NODE_PLACE
#define PLACE_SOURCE "../../bindings/node"
#define PLACE_ADDON "../bindings/node"

struct run {
  const char *path;
  const char *log_level, *ats;
};

static void help(FILE *out)
{
  (void)fputs(
      "Usage: tinet run PATH [OPTION...] [-- ARGUMENT...]\n\n"
      "Runs a Titanium project (a folder with tiapp.xml and Resources/app.js)\n"
      "or one .js file on Node.js.  It ends when nothing is pending, with the\n"
      "program's exit status; an uncaught error is printed and gives 1.\n"
      "Arguments after -- are the program's.\n\n",
      out);
  cli_options_help(options, N_OPTIONS, out);
  (void)fputs("\nEnvironment:\n"
              "  NODE            the node to use instead of the one in PATH\n"
              "  TINET_NODE_DIR  the folder of the runner (it has " RUNNER ")\n"
              "\nExit status: the program's; 2 for a wrong command line, 127 "
              "if Node.js or the\nrunner is missing.\n",
              out);
}

static int on_option(void *user, int id, const char *value)
{
  static const char *const levels[] = {"trace", "debug", "info", "warn",
                                       "error"};
  struct run *r = user;

  if (id == OPTION_ATS) {
    r->ats = value;
    return *value ? CLI_OK : cli_usage("run", "--ats: a policy is missing");
  }
  for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
    if (strcmp(value, levels[i]) == 0)
      r->log_level = value;
  if (r->log_level != value)
    return cli_usage("run", "'%s' is no log level", value);
  return CLI_OK;
}

static int on_operand(void *user, const char *operand)
{
  struct run *r = user;

  if (r->path)
    return cli_usage("run", "one PATH only; arguments of the program go "
                            "after --");
  r->path = operand;
  return CLI_OK;
}

/* The runner below `folder`; NULL if it is not there. */
static char *runner_in(const char *folder)
{
  char *path = cli_format("%s/%s", folder, RUNNER), *full;

  full = access(path, R_OK) == 0 ? realpath(path, NULL) : NULL;
  free(path);
  return full;
}

/* The folder of this program, allocated. */
static char *own_folder(void)
{
  char self[PATH_MAX];
  ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
  char *slash;

  self[len > 0 ? len : 0] = 0;
  slash = strrchr(self, '/');
  if (!slash)
    return cli_strdup(".");
  *slash = 0;
  return cli_strdup(self);
}

static char *find_at(const char *folder, const char *place)
{
  char *path = cli_format("%s/%s", folder, place), *found = runner_in(path);

  free(path);
  return found;
}

/* Of several build folders, the addon is to be this one's. */
static void choose_addon(const char *folder)
{
  char *addon = cli_format("%s/%s", folder, PLACE_ADDON);
  char *loader = cli_format("%s/loader.node", addon);

  if (access(loader, R_OK) == 0)
    (void)setenv("TINET_ADDON_DIR", addon, 0); /* what is set stays */
  free(addon);
  free(loader);
}

static char *find_runner(void)
{
  const char *chosen = getenv("TINET_NODE_DIR");
  char *folder, *found;

  if (chosen && *chosen)
    return runner_in(chosen);
  folder = own_folder();
  found = find_at(folder, PLACE_INSTALLED);
  if (!found) {
    found = find_at(folder, PLACE_SOURCE);
    if (found)
      choose_addon(folder);
  }
  free(folder);
  return found;
}

static int exec_node(const struct run *r, char *runner, int argc, char **argv)
{
  const char *node = getenv("NODE");
  char **args = cli_alloc(((size_t)argc + 10) * sizeof *args);
  size_t n = 0;

  args[n++] = cli_strdup(node && *node ? node : "node");
  args[n++] = runner;
  if (r->log_level) {
    args[n++] = cli_strdup("--log-level");
    args[n++] = cli_strdup(r->log_level);
  }
  if (r->ats) {
    args[n++] = cli_strdup("--ats");
    args[n++] = cli_strdup(r->ats);
  }
  args[n++] = cli_strdup(r->path);
  args[n++] = cli_strdup("--");
  for (int i = 0; i < argc; i++)
    args[n++] = argv[i];
  (void)execvp(args[0], args);
  if (errno == ENOENT)
    cli_error("'%s' was not found: tinet run needs Node.js 18 or later "
              "(on Debian: apt install nodejs)",
              args[0]);
  else
    cli_error("cannot run '%s': %s", args[0], strerror(errno));
  return CLI_NO_PROGRAM; /* the process ends: nothing to free */
}

static int run(int argc, char **argv)
{
  struct run r = {NULL, NULL, NULL};
  struct cli_parser parser = {.command = "run",
                              .options = options,
                              .n_options = N_OPTIONS,
                              .on_option = on_option,
                              .on_operand = on_operand,
                              .user = &r};
  int status = cli_parse(&parser, argc, argv);
  char *runner;

  if (status == CLI_PARSED_HELP) {
    help(stdout);
    return CLI_OK;
  }
  if (status != 0)
    return status;
  if (!r.path)
    return cli_usage("run", "PATH is missing");
  if (access(r.path, R_OK) != 0) {
    cli_error("%s: %s", r.path, strerror(errno));
    return CLI_USAGE;
  }
  runner = find_runner();
  if (!runner) {
    cli_error("the JavaScript runner (%s) was not found; set TINET_NODE_DIR "
              "to the folder it is in",
              RUNNER);
    return CLI_NO_PROGRAM;
  }
  return exec_node(&r, runner, argc - parser.rest, argv + parser.rest);
}

const struct cli_command cli_run = {
    "run", "run a Titanium project or a .js file", run, help};
