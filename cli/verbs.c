/* verbs.c - a command that has verbs: `tinet ats VERB ...`. */
#include "cli.h"

#include <string.h>

void cli_verbs_help(const struct cli_verbs *v, FILE *out)
{
  (void)fprintf(out, "Usage: tinet %s VERB ...\n\n%s\n\n", v->command,
                v->about);
  for (size_t i = 0; i < v->n; i++)
    (void)fprintf(out, "  %-9s %s\n", v->list[i]->name, v->list[i]->summary);
  (void)fprintf(out, "\ntinet %s VERB --help explains one.\n\nExit status:\n",
                v->command);
  v->exit_help(out);
}

static const char *name_at(size_t i, void *user)
{
  const struct cli_verbs *v = user;

  return v->list[i]->name;
}

static int unknown(const struct cli_verbs *v, const char *name)
{
  const char *near = cli_suggest(name, name_at, (void *)(uintptr_t)v, v->n);

  if (near)
    (void)cli_usage(v->command, "unknown verb '%s'; did you mean '%s'?", name,
                    near);
  else
    (void)cli_usage(v->command, "unknown verb '%s'", name);
  return v->usage_status;
}

int cli_verbs_run(const struct cli_verbs *v, int argc, char **argv)
{
  if (argc < 2) {
    cli_verbs_help(v, stderr);
    return v->usage_status;
  }
  if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
    cli_verbs_help(v, stdout);
    return CLI_OK;
  }
  for (size_t i = 0; i < v->n; i++)
    if (strcmp(argv[1], v->list[i]->name) == 0)
      return v->list[i]->run(argc - 1, argv + 1);
  return unknown(v, argv[1]);
}
