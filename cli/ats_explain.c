/* ats_explain.c - `tinet ats explain`: what a policy says about URLs, without
 * connecting. */
#include "ats.h"
#include "ats_json.h"
#include "json.h"

#include <stdlib.h>
#include <string.h>

enum {
  OPTION_CONTEXT = 1,
  OPTION_DIRECT,
  OPTION_NO_DIRECT,
  OPTION_NO_EXCEPTIONS,
  OPTION_JSON,
};

static const struct cli_option options[] = {
    {OPTION_CONTEXT, 'c', "context", "WHAT",
     "url-session (the default), media, web or socket"},
    {OPTION_DIRECT, 0, "direct", NULL, "the hosts are on this link"},
    {OPTION_NO_DIRECT, 0, "no-direct", NULL, "they are not"},
    {OPTION_NO_EXCEPTIONS, 0, "no-exceptions", NULL,
     "status 3 for what only an exception, or ATS\nturned off, allows"},
    {OPTION_JSON, 0, "json", NULL, "one line of JSON for each URL"},
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
  bool is_json, denies_exceptions;
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
  else if (id == OPTION_NO_EXCEPTIONS)
    e->denies_exceptions = true;
  else if (id == OPTION_JSON)
    e->is_json = true;
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

static void print_lines(char *text)
{
  char *line, *rest = text;

  while ((line = strsep(&rest, "\n")) && (rest || *line)) {
    int indent = (int)strspn(line, " ");

    (void)printf("%*s", indent, "");
    cli_wrap(stdout, indent, indent + 4, line + indent);
  }
}

static void print_entry(const tinet_ats_exception *x)
{
  (void)printf(",\"matched_entry\":");
  if (!x) {
    (void)printf("null");
    return;
  }
  (void)printf("{\"key\":");
  cli_json_string(stdout, x->key);
  ats_json_text(stdout, "file", x->file);
  ats_json_number(stdout, "line", (long)x->line);
  ats_json_number(stdout, "col", (long)x->column);
  (void)putchar('}');
}

static void print_notes(unsigned notes)
{
  static const char *const names[] = {"subdomain-depth", "ip-literal",
                                      "ct-unknown", "pin-cleartext"};
  const char *before = "";

  (void)printf(",\"lints\":[");
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (!(notes & 1u << i))
      continue;
    (void)printf("%s\"%s\"", before, names[i]);
    before = ",";
  }
  (void)putchar(']');
}

static void print_json(const struct explain *e, const char *url,
                       const tinet_ats_request *request,
                       const tinet_ats_verdict *v)
{
  (void)printf("{\"schema\":\"tinet.ats.explain/1\"");
  ats_json_text(stdout, "url", url);
  ats_json_text(stdout, "host", request->host);
  ats_json_text(stdout, "profile",
                tinet_ats_profile_name(tinet_ats_policy_profile(e->policy)));
  ats_json_text(stdout, "policy", e->path);
  print_entry(v->exception);
  ats_json_requirement(stdout, &v->requirement);
  ats_json_flag(stdout, "needs_connection", v->needs_connection);
  ats_json_verdict(stdout, v);
  print_notes(v->notes);
  (void)printf("}\n");
}

static int status_of(const struct explain *e, const tinet_ats_verdict *v)
{
  if (!v->is_allowed)
    return ATS_DENIED;
  return e->denies_exceptions && (v->code == TINET_ATS_EXCEPTION ||
                                  v->code == TINET_ATS_ARBITRARY_LOADS)
             ? ATS_EXCEPTION
             : CLI_OK;
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
  } else if (e->is_json) {
    print_json(e, given, &request, &verdict);
    status = status_of(e, &verdict);
  } else if (tinet_ats_explain(e->policy, &request, &verdict, &text) < 0) {
    cli_error("out of memory");
    status = ATS_INTERNAL;
  } else {
    print_lines(text);
    status = status_of(e, &verdict);
  }
  tinet_free(text);
  free(url);
  return status;
}

/* The highest of what ATS says; if it allows all, the first that went wrong. */
static int explain_all(struct explain *e)
{
  int said = CLI_OK, wrong = CLI_OK;

  for (size_t i = 0; i < e->n_urls; i++) {
    int one = explain_one(e, e->urls[i]);

    if (one < ATS_USAGE && one > said)
      said = one;
    if (one >= ATS_USAGE && wrong == CLI_OK)
      wrong = one;
  }
  return said ? said : wrong;
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
