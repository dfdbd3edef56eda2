/* ats.c - `tinet ats VERB`. */
#include "ats.h"

#include <string.h>

static const struct cli_verb *const list[] = {&ats_check, &ats_diagnose,
                                              &ats_explain, &ats_plist};
static const struct cli_verbs verbs = {
    .command = "ats",
    .about = "App Transport Security: what iOS lets an application load.",
    .list = list,
    .n = sizeof list / sizeof *list,
    .exit_help = ats_exit_help,
    .usage_status = ATS_USAGE,
};

static void help(FILE *out)
{
  cli_verbs_help(&verbs, out);
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

static int run(int argc, char **argv)
{
  return cli_verbs_run(&verbs, argc, argv);
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
