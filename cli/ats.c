/* ats.c - `tinet ats VERB`. */
#include "ats.h"

#include <string.h>

static const struct ats_verb *const verbs[] = {&ats_check, &ats_diagnose,
                                               &ats_explain, &ats_plist};
#define N_VERBS (sizeof verbs / sizeof *verbs)

static const char *name_at(size_t i, void *user)
{
  (void)user;
  return verbs[i]->name;
}

static void help(FILE *out)
{
  (void)fputs("Usage: tinet ats VERB ...\n\n"
              "App Transport Security: what iOS lets an application load.\n\n",
              out);
  for (size_t i = 0; i < N_VERBS; i++)
    (void)fprintf(out, "  %-9s %s\n", verbs[i]->name, verbs[i]->summary);
  (void)fputs("\ntinet ats VERB --help explains one.\n\nExit status:\n", out);
  ats_exit_help(out);
}

void ats_exit_help(FILE *out)
{
  static const struct {
    int status;
    const char *meaning;
  } rows[] = {
      {CLI_OK, "allowed; nothing found"},
      {ATS_DENIED, "denied by App Transport Security"},
      {ATS_LINT, "findings at or above --fail-on"},
      {ATS_EXCEPTION, "allowed, but only by an exception (--no-exceptions)"},
      {ATS_USAGE, "the command line is wrong"},
      {ATS_MALFORMED, "the policy file is malformed"},
      {ATS_NO_FILE, "a file is missing or cannot be read"},
      {ATS_NO_HOST, "the host name could not be resolved"},
      {ATS_NO_CONNECTION, "no connection, or no TLS on it"},
      {ATS_INTERNAL, "out of memory, or an internal error"},
      {ATS_TIMEOUT, "timed out"},
  };

  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    (void)fprintf(out, "  %3d  %s\n", rows[i].status, rows[i].meaning);
}

static int usage(const char *fmt, const char *a, const char *b)
{
  if (b)
    (void)cli_usage("ats", fmt, a, b);
  else
    (void)cli_usage("ats", fmt, a);
  return ATS_USAGE;
}

static int run(int argc, char **argv)
{
  const char *near;

  if (argc < 2) {
    help(stderr);
    return ATS_USAGE;
  }
  if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
    help(stdout);
    return CLI_OK;
  }
  for (size_t i = 0; i < N_VERBS; i++)
    if (strcmp(argv[1], verbs[i]->name) == 0)
      return verbs[i]->run(argc - 1, argv + 1);
  near = cli_suggest(argv[1], name_at, NULL, N_VERBS);
  return near ? usage("unknown verb '%s'; did you mean '%s'?", argv[1], near)
              : usage("unknown verb '%s'", argv[1], NULL);
}

int ats_parse(struct cli_parser *parser, int argc, char **argv)
{
  int status = cli_parse(parser, argc, argv);

  return status == CLI_USAGE ? ATS_USAGE : status;
}

int ats_option(tinet_ats_options *options, const char *verb, int id,
               const char *value)
{
  if (id == ATS_OPTION_SDK)
    options->titanium_sdk = value;
  else if (id == ATS_OPTION_LENIENT)
    options->flags |= TINET_ATS_FLAG_LENIENT;
  else if (id == ATS_OPTION_EXACT)
    options->flags |= TINET_ATS_FLAG_APPLE_EXACT;
  else if (id == ATS_OPTION_DEPTH)
    options->flags |= TINET_ATS_FLAG_SUBDOMAIN_DEPTH_ONE;
  else if (tinet_ats_profile_find(value, &options->profile) < 0) {
    (void)cli_usage(verb,
                    "'%s' is no profile: current, ios17, ios10, ios9 or "
                    "apple-nosdk9",
                    value);
    return ATS_USAGE;
  }
  return CLI_OK;
}

int ats_load_status(int code)
{
  if (code == TINET_EFILE)
    return ATS_NO_FILE;
  if (code == TINET_ESYNTAX || code == TINET_ELIMIT)
    return ATS_MALFORMED;
  return ATS_INTERNAL;
}

int ats_load(const char *path, const tinet_ats_options *options,
             tinet_ats_policy **ret_policy)
{
  tinet_error err;
  int code = tinet_ats_policy_load(path, options, ret_policy, &err);

  if (code == TINET_OK)
    return CLI_OK;
  cli_error("%s", err.text);
  return ats_load_status(code);
}

void ats_print_lines(char *text)
{
  char *line, *rest = text;

  while ((line = strsep(&rest, "\n")) && (rest || *line)) {
    cli_print_safe(stdout, line);
    (void)putchar('\n');
  }
}

const struct cli_command cli_ats = {
    "ats",
    "App Transport Security: check a project, a policy, a server",
    run,
    help,
};
