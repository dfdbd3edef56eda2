/* ats_plist.c - `tinet ats plist`: the policy that a build would produce. */
#include "ats.h"

#include <string.h>

enum { OPTION_FORMAT = 1, OPTION_ALL };

static const struct cli_option options[] = {
    {OPTION_FORMAT, 'f', "format", "FORMAT",
     "table (with the origin of each value), xml or json"},
    {OPTION_ALL, 'a', "all", NULL, "the whole Info.plist"},
    ATS_OPTION_ROW_SDK,
    ATS_OPTION_ROW_LENIENT,
    {CLI_OPTION_HELP, 'h', "help", NULL, "this text"},
};
#define N_OPTIONS (sizeof options / sizeof *options)

struct plist {
  tinet_ats_options ats;
  tinet_ats_format format;
  bool is_whole;
  const char *path;
};

static void help(FILE *out)
{
  (void)fputs(
      "Usage: tinet ats plist [PROJECT|FILE] [OPTION...]\n\n"
      "Prints the NSAppTransportSecurity dictionary that Titanium's iOS "
      "build would put\ninto Info.plist: that of tiapp.xml over the "
      "project's own Info.plist, and what\nthe builder adds.  PROJECT "
      "is this folder by default; FILE is a tiapp.xml or an\n"
      "Info.plist, XML or binary.\n\n",
      out);
  cli_options_help(options, N_OPTIONS, out);
  (void)fputs("\nExit status:\n", out);
  ats_exit_help(out);
}

static int on_option(void *user, int id, const char *value)
{
  struct plist *p = user;

  if (id == OPTION_ALL) {
    p->is_whole = true;
    return CLI_OK;
  }
  if (id != OPTION_FORMAT)
    return ats_option(&p->ats, "ats", id, value);
  if (strcmp(value, "table") == 0)
    p->format = TINET_ATS_FORMAT_TABLE;
  else if (strcmp(value, "xml") == 0 || strcmp(value, "plist") == 0)
    p->format = TINET_ATS_FORMAT_PLIST;
  else if (strcmp(value, "json") == 0)
    p->format = TINET_ATS_FORMAT_JSON;
  else
    return cli_usage("ats", "'%s' is no format: table, xml or json", value);
  return CLI_OK;
}

static int on_operand(void *user, const char *operand)
{
  struct plist *p = user;

  if (p->path)
    return cli_usage("ats", "'%s' is one word too many", operand);
  p->path = operand;
  return CLI_OK;
}

static int print(const struct plist *p, const tinet_ats_policy *policy)
{
  char *text = NULL;

  if (tinet_ats_policy_print(policy, p->format, p->is_whole, &text) < 0) {
    cli_error("out of memory");
    return ATS_INTERNAL;
  }
  if (p->format == TINET_ATS_FORMAT_TABLE)
    ats_print_lines(text);
  else
    (void)fputs(text, stdout);
  tinet_free(text);
  return CLI_OK;
}

static int run(int argc, char **argv)
{
  struct plist p = {.format = TINET_ATS_FORMAT_TABLE};
  struct cli_parser parser = {
      .command = "ats",
      .options = options,
      .n_options = N_OPTIONS,
      .on_option = on_option,
      .on_operand = on_operand,
      .user = &p,
  };
  tinet_ats_policy *policy = NULL;
  int status = ats_parse(&parser, argc, argv);

  if (status == CLI_PARSED_HELP) {
    help(stdout);
    return CLI_OK;
  }
  if (status == CLI_OK)
    status = ats_load(p.path ? p.path : ".", &p.ats, &policy);
  if (status == CLI_OK)
    status = print(&p, policy);
  tinet_ats_policy_unref(policy);
  return status;
}

const struct cli_verb ats_plist = {
    "plist", "print the policy that a build would produce", run};
