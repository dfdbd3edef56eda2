/* ats_explain.c - `tinet ats explain`: what a policy says about URLs, without
 * connecting. */
#include "ats.h"

#include <stdlib.h>
#include <string.h>

enum { OPTION_CONTEXT = 1, OPTION_DIRECT, OPTION_NO_DIRECT };

static const struct cli_option options[] = {
    {OPTION_CONTEXT, 'c', "context", "WHAT",
     "url-session (the default), media, web or socket"},
    {OPTION_DIRECT, 0, "direct", NULL, "the hosts are on this link"},
    {OPTION_NO_DIRECT, 0, "no-direct", NULL, "they are not"},
    {ATS_OPTION_EXACT, 0, "apple-exact", NULL,
     "compare keys byte for byte, with Apple's own\nexceptions"},
    {ATS_OPTION_DEPTH, 0, "one-level", NULL,
     "NSIncludesSubdomains reaches one label, as\ndocumented"},
    ATS_OPTION_ROW_PROFILE,
    ATS_OPTION_ROW_SDK,
    ATS_OPTION_ROW_LENIENT,
    {CLI_OPTION_HELP, 'h', "help", NULL, "this text"},
};
#define N_OPTIONS (sizeof options / sizeof *options)

struct explain {
  tinet_ats_options ats;
  tinet_ats_context context;
  tinet_ats_direct direct;
  const char *path;
  tinet_ats_policy *policy;
  const char **urls; /* borrowed from argv */
  size_t n_urls;
};

static void help(FILE *out)
{
  (void)fputs("Usage: tinet ats explain FILE|PROJECT URL... [OPTION...]\n\n"
              "Says what the policy of a project, a tiapp.xml or an Info.plist "
              "means for URLs:\ndenied or allowed, by which entry, and what a "
              "server must show.\n\n",
              out);
  cli_options_help(options, N_OPTIONS, out);
  (void)fputs("\nExit status:\n", out);
  ats_exit_help(out);
}

static int set_context(struct explain *e, const char *value)
{
  static const char *const names[] = {"url-session", "media", "web", "socket"};

  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (strcmp(value, names[i]) != 0)
      continue;
    e->context = (tinet_ats_context)i;
    return CLI_OK;
  }
  return cli_usage("ats",
                   "'%s' is no context: url-session, media, web or "
                   "socket",
                   value);
}

static int on_option(void *user, int id, const char *value)
{
  struct explain *e = user;

  if (id == OPTION_CONTEXT)
    return set_context(e, value);
  if (id == OPTION_DIRECT)
    e->direct = TINET_ATS_DIRECT_YES;
  else if (id == OPTION_NO_DIRECT)
    e->direct = TINET_ATS_DIRECT_NO;
  else
    return ats_option(&e->ats, "ats", id, value);
  return CLI_OK;
}

static int on_operand(void *user, const char *operand)
{
  struct explain *e = user;

  if (!e->path)
    e->path = operand;
  else
    e->urls[e->n_urls++] = operand;
  return CLI_OK;
}

/* The host of SCHEME://USER@HOST:PORT/...; both are cut out of `url`. */
static bool split(char *url, const char **ret_scheme, const char **ret_host)
{
  char *colon = strstr(url, "://"), *host, *at, *end;

  if (!colon)
    return false;
  *colon = '\0';
  host = colon + 3;
  host[strcspn(host, "/?#")] = '\0';
  at = strrchr(host, '@');
  if (at)
    host = at + 1;
  end = *host == '[' ? strchr(host, ']') : NULL;
  if (*host == '[' && !end)
    return false;
  end = end ? end + 1 : host + strcspn(host, ":");
  *end = '\0';
  *ret_scheme = url;
  *ret_host = host;
  return *host != '\0';
}

static int explain_one(const struct explain *e, const char *given)
{
  char *url = cli_strdup(given), *text = NULL;
  tinet_ats_request request = {.context = e->context, .direct = e->direct};
  tinet_ats_verdict verdict;
  int status = CLI_OK;

  if (!split(url, &request.scheme, &request.host) ||
      tinet_ats_decide(e->policy, &request, NULL, &verdict) < 0) {
    (void)cli_usage("ats", "'%s' is no URL with a host", given);
    status = ATS_USAGE;
  } else if (tinet_ats_explain(e->policy, &request, &verdict, &text) < 0) {
    cli_error("out of memory");
    status = ATS_INTERNAL;
  } else {
    ats_print_lines(text);
    status = verdict.is_allowed ? CLI_OK : ATS_DENIED;
  }
  tinet_free(text);
  free(url);
  return status;
}

static int explain_all(struct explain *e)
{
  int status = CLI_OK;

  for (size_t i = 0; i < e->n_urls; i++) {
    int one = explain_one(e, e->urls[i]);

    if (one > status)
      status = one;
  }
  return status;
}

static int run(int argc, char **argv)
{
  struct explain e = {.urls = cli_alloc((size_t)argc * sizeof *e.urls)};
  struct cli_parser parser = {
      .command = "ats",
      .options = options,
      .n_options = N_OPTIONS,
      .on_option = on_option,
      .on_operand = on_operand,
      .user = &e,
  };
  int status = ats_parse(&parser, argc, argv);

  if (status == CLI_PARSED_HELP) {
    help(stdout);
    status = CLI_OK;
  } else if (status == CLI_OK && e.n_urls == 0) {
    (void)cli_usage("ats", "say a FILE and a URL");
    status = ATS_USAGE;
  } else if (status == CLI_OK) {
    status = ats_load(e.path, &e.ats, &e.policy);
    if (status == CLI_OK)
      status = explain_all(&e);
  }
  tinet_ats_policy_unref(e.policy);
  free(e.urls);
  return status;
}

const struct cli_verb ats_explain = {
    "explain", "say what a policy means for URLs, without connecting", run};
