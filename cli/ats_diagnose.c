/* ats_diagnose.c - `tinet ats diagnose`: the command line. */
#include "ats_diagnose.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
  OPTION_POLICY = 1,
  OPTION_HOSTS,
  OPTION_JOBS,
  OPTION_JSON,
  OPTION_JUNIT,
  OPTION_HTML,
  OPTION_APPLE,
  OPTION_HTTP,
  OPTION_QUICK,
  OPTION_NIAP,
  OPTION_TIMEOUT,
  OPTION_CONNECT,
  OPTION_SNI,
  OPTION_CACERT,
  OPTION_DIRECT,
  OPTION_NO_DIRECT,
  OPTION_NO_EXCEPTIONS,
  OPTION_REQUIRE_CT,
  OPTION_VERBOSE,
  OPTION_QUIET,
};

static const struct cli_option options[] = {
    {OPTION_POLICY, 'p', "policy", "FILE",
     "judge by the policy of this project, tiapp.xml or\nInfo.plist instead of "
     "Apple's default"},
    {OPTION_HOSTS, 'f', "hosts", "FILE",
     "more URLs or host names, one a line; # begins a\ncomment, - is standard "
     "input"},
    {OPTION_JOBS, 'j', "jobs", "N", "so many at once; 8 by default"},
    {OPTION_HTTP, 0, "http", NULL,
     "follow redirects and judge each hop; ask for\ncleartext and HSTS"},
    {OPTION_JSON, 0, "json", NULL, "a line of JSON for each URL"},
    {OPTION_APPLE, 0, "apple-compat", NULL,
     "the layout of nscurl --ats-diagnostics"},
    {OPTION_VERBOSE, 'v', "verbose", NULL,
     "with --apple-compat: dictionaries and errors"},
    {OPTION_JUNIT, 0, "junit", "FILE",
     "also write a report for CI (JUnit's XML)"},
    {OPTION_HTML, 0, "html", "FILE", "also write a page to look at"},
    {OPTION_QUIET, 'q', "quiet", NULL,
     "only one line for each URL that does not pass"},
    {OPTION_QUICK, 0, "quick", NULL,
     "one handshake is enough where ATS is met"},
    {OPTION_NIAP, 0, "niap", NULL, "try what the NIAP package asks for too"},
    {OPTION_TIMEOUT, 't', "timeout", "SECONDS",
     "of each handshake, all with a host get twice that;\n10 by default"},
    {OPTION_CONNECT, 0, "connect", "HOST:PORT",
     "connect there, whatever the URL says"},
    {OPTION_SNI, 0, "sni", "NAME", "ask for this name, and expect it"},
    {OPTION_CACERT, 0, "cacert", "FILE",
     "trust the authorities in this PEM file too"},
    {OPTION_DIRECT, 0, "direct", NULL, "the hosts are on this link"},
    {OPTION_NO_DIRECT, 0, "no-direct", NULL, "they are not"},
    {OPTION_NO_EXCEPTIONS, 0, "no-exceptions", NULL,
     "passing by an exception is not enough (status 3)"},
    {OPTION_REQUIRE_CT, 0, "require-ct", NULL,
     "Certificate Transparency must be proved"},
    ATS_OPTION_ROW_PROFILE,
    ATS_OPTION_ROW_SDK,
    {CLI_OPTION_HELP, 'h', "help", NULL, "this text"},
};
#define N_OPTIONS (sizeof options / sizeof *options)

struct command {
  struct diagnose_work work;
  char *connect_host; /* owned */
};

static void help(FILE *out)
{
  (void)fputs("Usage: tinet ats diagnose URL... [OPTION...]\n\n"
              "Connects to servers and says whether an application can load "
              "from them under App\nTransport Security, why not, and what to "
              "do: on the server, or the smallest\nexception.  A URL without "
              "a scheme is https.\n\n",
              out);
  cli_options_help(options, N_OPTIONS, out);
  (void)fputs("\nExit status (of several URLs the highest of 1 to 3, else the "
              "first from 64 on):\n",
              out);
  ats_exit_help(out);
}

/* ---- the command line ---- */

static int usage(const char *fmt, const char *value)
{
  (void)cli_usage("ats", fmt, value); /* NOLINT(clang-diagnostic-format*) */
  return ATS_USAGE;
}

static bool parse_number(const char *text, double max, double *ret)
{
  char *end;

  errno = 0;
  *ret = strtod(text, &end);
  return *text && !*end && errno == 0 && *ret > 0 && *ret <= max;
}

static int set_jobs(struct command *c, const char *value)
{
  double n;

  if (!parse_number(value, DIAGNOSE_MAX_JOBS, &n) || n != (double)(unsigned)n)
    return usage("--jobs: '%s' is not a number from 1 to 64", value);
  c->work.n_jobs = (unsigned)n;
  return CLI_OK;
}

static int set_timeout(struct command *c, const char *value)
{
  double seconds;

  if (!parse_number(value, 3600, &seconds))
    return usage("--timeout: '%s' is not a number of seconds", value);
  c->work.o.probe.timeout_ms = (uint32_t)(seconds * 1000);
  if (c->work.o.probe.timeout_ms == 0)
    c->work.o.probe.timeout_ms = 1;
  return CLI_OK;
}

static int set_connect(struct command *c, const char *value)
{
  struct diagnose_hop hop = {.is_https = false};
  char *url = cli_format("https://%s/", value);
  bool is_ok = diagnose_split(url, &hop);

  free(url);
  if (!is_ok)
    return usage("--connect: '%s' is not HOST:PORT", value);
  free(c->connect_host);
  c->connect_host = cli_strdup(hop.host);
  c->work.o.probe.connect_host = c->connect_host;
  c->work.o.probe.connect_port = hop.port;
  return CLI_OK;
}

static int on_switch(struct command *c, int id)
{
  switch (id) {
  case OPTION_JSON:
    c->work.is_json = true;
    break;
  case OPTION_APPLE:
    c->work.is_apple = true;
    break;
  case OPTION_VERBOSE:
    c->work.o.is_verbose = true;
    break;
  case OPTION_QUIET:
    c->work.is_quiet = true;
    break;
  case OPTION_HTTP:
    c->work.o.follows = true;
    break;
  case OPTION_QUICK:
    c->work.o.probe.is_quick = true;
    break;
  case OPTION_NIAP:
    c->work.o.probe.has_niap = true;
    break;
  case OPTION_DIRECT:
    c->work.o.direct = TINET_ATS_DIRECT_YES;
    break;
  case OPTION_NO_DIRECT:
    c->work.o.direct = TINET_ATS_DIRECT_NO;
    break;
  case OPTION_NO_EXCEPTIONS:
    c->work.o.denies_exceptions = true;
    break;
  default: /* OPTION_REQUIRE_CT */
    c->work.o.ats.flags |= TINET_ATS_FLAG_REQUIRE_CT;
    break;
  }
  return CLI_OK;
}

static int on_option(void *user, int id, const char *value)
{
  struct command *c = user;

  switch (id) {
  case OPTION_POLICY:
    c->work.o.policy_path = value;
    return CLI_OK;
  case OPTION_HOSTS:
    return diagnose_read_hosts(&c->work, value);
  case OPTION_JOBS:
    return set_jobs(c, value);
  case OPTION_TIMEOUT:
    return set_timeout(c, value);
  case OPTION_CONNECT:
    return set_connect(c, value);
  case OPTION_SNI:
    c->work.o.probe.server_name = value;
    return CLI_OK;
  case OPTION_CACERT:
    c->work.o.ca_file = value;
    return CLI_OK;
  case OPTION_JUNIT:
    c->work.junit_path = value;
    return CLI_OK;
  case OPTION_HTML:
    c->work.html_path = value;
    return CLI_OK;
  default:
    return value ? ats_option(&c->work.o.ats, "ats", id, value)
                 : on_switch(c, id);
  }
}

static int on_operand(void *user, const char *operand)
{
  struct command *c = user;

  if (diagnose_add_url(&c->work, operand))
    return CLI_OK;
  return usage("'%s' is no host name and no URL of http or https", operand);
}

/* https://no-color.org */
static bool wants_colour(const struct command *c)
{
  const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

  return !c->work.is_json && !c->work.is_apple && !c->work.is_quiet &&
         isatty(STDOUT_FILENO) && (!no_color || !*no_color) && term && *term &&
         strcmp(term, "dumb") != 0;
}

static int load_policy(struct command *c)
{
  if (c->work.o.policy_path)
    return ats_load(c->work.o.policy_path, &c->work.o.ats, &c->work.o.policy);
  return tinet_ats_policy_new(&c->work.o.ats, &c->work.o.policy) == TINET_OK
             ? CLI_OK
             : ATS_INTERNAL;
}

static int check(const struct command *c)
{
  if (c->work.n_urls == 0)
    return usage("say a URL, or --hosts FILE that has one%s", "");
  if (c->work.is_json && c->work.is_apple)
    return usage("--json and --apple-compat exclude each other%s", "");
  if (c->work.o.follows && c->work.o.probe.connect_host)
    return usage("--http and --connect exclude each other%s", "");
  return CLI_OK;
}

static int load_authorities(struct command *c)
{
  struct diagnose_options *o = &c->work.o;
  tinet_error err = {0};
  int code = tinet_ats_authorities_new(o->ca_file, &o->authorities, &err);

  o->probe.authorities = o->authorities;
  if (code == TINET_OK)
    return CLI_OK;
  cli_error("%s", err.text);
  return code == TINET_EFILE ? ATS_NO_FILE : ATS_INTERNAL;
}

static void release(struct command *c)
{
  tinet_ats_authorities_free(c->work.o.authorities);
  tinet_ats_policy_unref(c->work.o.policy);
  for (size_t i = 0; i < c->work.n_urls; i++)
    free(c->work.urls[i]);
  free((void *)c->work.urls);
  free(c->connect_host);
}

static int run(int argc, char **argv)
{
  struct command c = {.work = {.n_jobs = 8, .o.probe.timeout_ms = 10000}};
  struct cli_parser parser = {
      .command = "ats",
      .options = options,
      .n_options = N_OPTIONS,
      .on_option = on_option,
      .on_operand = on_operand,
      .user = &c,
  };
  int status = ats_parse(&parser, argc, argv);

  if (status == CLI_PARSED_HELP) {
    help(stdout);
    status = CLI_OK;
  } else {
    if (status == CLI_OK)
      status = check(&c);
    if (status == CLI_OK)
      status = load_policy(&c);
    if (status == CLI_OK)
      status = load_authorities(&c);
    c.work.o.is_coloured = wants_colour(&c);
    if (status == CLI_OK)
      status = diagnose_run(&c.work);
  }
  release(&c);
  return status;
}

const struct cli_verb ats_diagnose = {
    "diagnose", "connect to servers: do they meet it, and what to do", run};
