/* ats_diagnose.c - `tinet ats diagnose`: what ATS makes of servers.
 *
 * Several URLs are worked on at once, and written in the order they were given;
 * nobody gets further ahead than a window, so that memory does not grow with
 * their number.
 */
#include "ats_diagnose.h"

#include <errno.h>
#include <pthread.h>
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
    {OPTION_JUNIT, 0, "junit", "FILE", "also write JUnit's XML"},
    {OPTION_HTML, 0, "html", "FILE", "also write a page to look at"},
    {OPTION_QUIET, 'q', "quiet", NULL,
     "only one line for each URL that does not pass"},
    {OPTION_QUICK, 0, "quick", NULL,
     "one handshake is enough where ATS is met"},
    {OPTION_NIAP, 0, "niap", NULL, "try what the NIAP package asks for too"},
    {OPTION_TIMEOUT, 't', "timeout", "SECONDS",
     "of each handshake; 10 by default"},
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

#define MAX_JOBS 64
#define MAX_URLS 100000
#define WINDOW 4 /* diagnoses ahead of what is written, for each job */

struct job_list {
  struct diagnose_options o;
  char **urls; /* owned, each too */
  size_t n_urls;
  unsigned n_jobs;
  bool is_json, is_apple, is_quiet;
  const char *junit_path, *html_path;
  FILE *junit, *html; /* the part between begin and end */
  struct diagnose_counts counts;
  int status;         /* the highest of 1 to 3 */
  int failed_status;  /* the first from 64 on */
  char *connect_host; /* owned */

  pthread_mutex_t lock;
  pthread_cond_t changed;
  struct diagnosis **done; /* by index; guarded by the lock, as what follows */
  size_t next, written;
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

static void add_url(struct job_list *j, const char *text)
{
  j->urls = cli_realloc(j->urls, (j->n_urls + 1) * sizeof *j->urls);
  j->urls[j->n_urls++] =
      strstr(text, "://") ? cli_strdup(text) : cli_format("https://%s/", text);
}

static bool parse_number(const char *text, double max, double *ret)
{
  char *end;

  errno = 0;
  *ret = strtod(text, &end);
  return *text && !*end && errno == 0 && *ret > 0 && *ret <= max;
}

static int set_jobs(struct job_list *j, const char *value)
{
  double n;

  if (!parse_number(value, MAX_JOBS, &n) || n != (double)(unsigned)n)
    return usage("--jobs: '%s' is not a number from 1 to 64", value);
  j->n_jobs = (unsigned)n;
  return CLI_OK;
}

static int set_timeout(struct job_list *j, const char *value)
{
  double seconds;

  if (!parse_number(value, 3600, &seconds))
    return usage("--timeout: '%s' is not a number of seconds", value);
  j->o.probe.timeout_ms = (uint32_t)(seconds * 1000);
  if (j->o.probe.timeout_ms == 0)
    j->o.probe.timeout_ms = 1;
  return CLI_OK;
}

static int set_connect(struct job_list *j, const char *value)
{
  struct diagnose_hop hop = {.is_https = false};
  char *url = cli_format("https://%s/", value);
  bool is_ok = diagnose_split(url, &hop);

  free(url);
  if (!is_ok)
    return usage("--connect: '%s' is not HOST:PORT", value);
  free(j->connect_host);
  j->connect_host = cli_strdup(hop.host);
  j->o.probe.connect_host = j->connect_host;
  j->o.probe.connect_port = hop.port;
  return CLI_OK;
}

static int read_hosts_from(struct job_list *j, FILE *f, const char *path)
{
  char *line = NULL;
  size_t cap = 0;
  int status = CLI_OK;

  while (status == CLI_OK && getline(&line, &cap, f) >= 0) {
    char *word = line + strspn(line, " \t");

    word[strcspn(word, "#\r\n \t")] = '\0';
    if (j->n_urls >= MAX_URLS)
      status = usage("%s: more than 100,000 lines", path);
    else if (*word)
      add_url(j, word);
  }
  free(line);
  if (status == CLI_OK && ferror(f)) {
    cli_error("%s: %s", path, strerror(errno));
    status = ATS_NO_FILE;
  }
  return status;
}

static int read_hosts(struct job_list *j, const char *path)
{
  FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
  int status;

  if (!f) {
    cli_error("%s: %s", path, strerror(errno));
    return ATS_NO_FILE;
  }
  status = read_hosts_from(j, f, path);
  if (f != stdin)
    (void)fclose(f);
  return status;
}

static int on_switch(struct job_list *j, int id)
{
  switch (id) {
  case OPTION_JSON:
    j->is_json = true;
    break;
  case OPTION_APPLE:
    j->is_apple = true;
    break;
  case OPTION_VERBOSE:
    j->o.is_verbose = true;
    break;
  case OPTION_QUIET:
    j->is_quiet = true;
    break;
  case OPTION_HTTP:
    j->o.follows = true;
    break;
  case OPTION_QUICK:
    j->o.probe.is_quick = true;
    break;
  case OPTION_NIAP:
    j->o.probe.has_niap = true;
    break;
  case OPTION_DIRECT:
    j->o.direct = TINET_ATS_DIRECT_YES;
    break;
  case OPTION_NO_DIRECT:
    j->o.direct = TINET_ATS_DIRECT_NO;
    break;
  case OPTION_NO_EXCEPTIONS:
    j->o.denies_exceptions = true;
    break;
  default: /* OPTION_REQUIRE_CT */
    j->o.ats.flags |= TINET_ATS_FLAG_REQUIRE_CT;
    break;
  }
  return CLI_OK;
}

static int on_option(void *user, int id, const char *value)
{
  struct job_list *j = user;

  switch (id) {
  case OPTION_POLICY:
    j->o.policy_path = value;
    return CLI_OK;
  case OPTION_HOSTS:
    return read_hosts(j, value);
  case OPTION_JOBS:
    return set_jobs(j, value);
  case OPTION_TIMEOUT:
    return set_timeout(j, value);
  case OPTION_CONNECT:
    return set_connect(j, value);
  case OPTION_SNI:
    j->o.probe.server_name = value;
    return CLI_OK;
  case OPTION_CACERT:
    j->o.probe.ca_file = value;
    return CLI_OK;
  case OPTION_JUNIT:
    j->junit_path = value;
    return CLI_OK;
  case OPTION_HTML:
    j->html_path = value;
    return CLI_OK;
  default:
    return value ? ats_option(&j->o.ats, "ats", id, value) : on_switch(j, id);
  }
}

static int on_operand(void *user, const char *operand)
{
  add_url(user, operand);
  return CLI_OK;
}

/* ---- working ---- */

static void *work(void *arg)
{
  struct job_list *j = arg;

  (void)pthread_mutex_lock(&j->lock);
  for (;;) {
    struct diagnosis *d;
    size_t at;

    while (j->next < j->n_urls &&
           j->next >= j->written + (size_t)j->n_jobs * WINDOW)
      (void)pthread_cond_wait(&j->changed, &j->lock);
    if (j->next >= j->n_urls)
      break;
    at = j->next++;
    (void)pthread_mutex_unlock(&j->lock);
    d = diagnose(&j->o, j->urls[at]);
    (void)pthread_mutex_lock(&j->lock);
    j->done[at] = d;
    (void)pthread_cond_broadcast(&j->changed);
  }
  (void)pthread_mutex_unlock(&j->lock);
  return NULL;
}

static void write_line(const struct diagnosis *d)
{
  const struct diagnose_hop *hop = diagnose_decisive(d);

  cli_print_safe(stdout, d->url);
  (void)printf(": %s: ", diagnose_outcome(d));
  cli_print_safe(stdout, hop->error.code < 0 ? hop->error.text
                         : hop->verdict.n_reasons
                             ? hop->verdict.reasons[0].text
                             : tinet_ats_code_name(hop->verdict.code));
  (void)putchar('\n');
}

static void write_one(struct job_list *j, const struct diagnosis *d, size_t at)
{
  if (j->is_json)
    diagnose_json(stdout, &j->o, d);
  else if (j->is_apple)
    diagnose_apple(stdout, &j->o, d);
  else if (j->is_quiet && d->status != CLI_OK)
    write_line(d);
  else if (!j->is_quiet) {
    (void)fputs(at > 0 ? "\n" : "", stdout);
    diagnose_text(stdout, &j->o, d);
  }
  (void)fflush(stdout);
  if (j->junit)
    diagnose_junit_one(j->junit, &j->o, d);
  if (j->html)
    diagnose_html_one(j->html, &j->o, d);
}

static void count(struct job_list *j, const struct diagnosis *d)
{
  j->counts.n++;
  if (d->status >= ATS_USAGE) {
    j->counts.n_failed++;
    if (j->failed_status == 0)
      j->failed_status = d->status;
  } else if (d->status != CLI_OK) {
    j->counts.n_denied++;
    if (d->status > j->status)
      j->status = d->status;
  }
}

static void show_progress(const struct job_list *j, bool is_over)
{
  if (j->n_urls < 2 || !isatty(STDERR_FILENO))
    return;
  if (is_over)
    (void)fputs("\r\033[K", stderr);
  else
    (void)fprintf(stderr, "\r\033[K%u of %zu, %u denied, %u not judged",
                  j->counts.n, j->n_urls, j->counts.n_denied,
                  j->counts.n_failed);
}

static void write_all(struct job_list *j)
{
  for (size_t at = 0; at < j->n_urls; at++) {
    struct diagnosis *d;

    show_progress(j, false);
    (void)pthread_mutex_lock(&j->lock);
    while (!j->done[at])
      (void)pthread_cond_wait(&j->changed, &j->lock);
    d = j->done[at];
    j->written = at + 1;
    (void)pthread_cond_broadcast(&j->changed);
    (void)pthread_mutex_unlock(&j->lock);
    show_progress(j, true);
    count(j, d);
    write_one(j, d, at);
    diagnosis_free(d);
  }
}

static int run_jobs(struct job_list *j)
{
  pthread_t threads[MAX_JOBS];
  unsigned n = 0;

  if (j->n_jobs > j->n_urls)
    j->n_jobs = (unsigned)j->n_urls;
  j->done = cli_alloc(j->n_urls * sizeof *j->done);
  memset((void *)j->done, 0, j->n_urls * sizeof *j->done);
  (void)pthread_mutex_init(&j->lock, NULL);
  (void)pthread_cond_init(&j->changed, NULL);
  while (n < j->n_jobs && pthread_create(&threads[n], NULL, work, j) == 0)
    n++;
  if (n == 0) {
    cli_error("no thread could be started");
    return ATS_INTERNAL;
  }
  write_all(j);
  for (unsigned i = 0; i < n; i++)
    (void)pthread_join(threads[i], NULL);
  free((void *)j->done);
  return j->status ? j->status : j->failed_status;
}

/* ---- files ---- */

static int open_body(const char *path, FILE **ret_file)
{
  if (!path)
    return CLI_OK;
  *ret_file = tmpfile();
  if (*ret_file)
    return CLI_OK;
  cli_error("%s: %s", path, strerror(errno));
  return ATS_NO_FILE;
}

/* Beginning, body, end: the beginning has the counts. */
static int write_file(const char *path, FILE *body,
                      const struct diagnose_counts *counts,
                      void (*begin)(FILE *, const struct diagnose_counts *),
                      void (*end)(FILE *))
{
  char buffer[8192];
  FILE *f;
  size_t n;
  bool is_ok;

  if (!body)
    return CLI_OK;
  f = fopen(path, "we");
  if (!f) {
    cli_error("%s: %s", path, strerror(errno));
    return ATS_NO_FILE;
  }
  begin(f, counts);
  rewind(body);
  while ((n = fread(buffer, 1, sizeof buffer, body)) > 0)
    (void)fwrite(buffer, 1, n, f);
  end(f);
  is_ok = !ferror(f) && !ferror(body);
  is_ok = fclose(f) == 0 && is_ok;
  if (is_ok)
    return CLI_OK;
  cli_error("%s: %s", path, strerror(errno));
  return ATS_NO_FILE;
}

static int run_and_write(struct job_list *j)
{
  int status = open_body(j->junit_path, &j->junit), code;

  if (status == CLI_OK)
    status = open_body(j->html_path, &j->html);
  if (status == CLI_OK)
    status = run_jobs(j);
  code = write_file(j->junit_path, j->junit, &j->counts, diagnose_junit_begin,
                    diagnose_junit_end);
  if (code == CLI_OK)
    code = write_file(j->html_path, j->html, &j->counts, diagnose_html_begin,
                      diagnose_html_end);
  return status == CLI_OK ? code : status;
}

static int load_policy(struct job_list *j)
{
  if (j->o.policy_path)
    return ats_load(j->o.policy_path, &j->o.ats, &j->o.policy);
  return tinet_ats_policy_new(&j->o.ats, &j->o.policy) == TINET_OK
             ? CLI_OK
             : ATS_INTERNAL;
}

static int check(const struct job_list *j)
{
  if (j->n_urls == 0)
    return usage("say a URL%s", "");
  if (j->is_json && j->is_apple)
    return usage("--json and --apple-compat exclude each other%s", "");
  if (j->o.follows && j->o.probe.connect_host)
    return usage("--http and --connect exclude each other%s", "");
  return CLI_OK;
}

static void release(struct job_list *j)
{
  tinet_ats_policy_unref(j->o.policy);
  for (size_t i = 0; i < j->n_urls; i++)
    free(j->urls[i]);
  free((void *)j->urls);
  free(j->connect_host);
  if (j->junit)
    (void)fclose(j->junit);
  if (j->html)
    (void)fclose(j->html);
}

static int run(int argc, char **argv)
{
  struct job_list j = {.n_jobs = 8, .o.probe.timeout_ms = 10000};
  struct cli_parser parser = {
      .command = "ats",
      .options = options,
      .n_options = N_OPTIONS,
      .on_option = on_option,
      .on_operand = on_operand,
      .user = &j,
  };
  int status = ats_parse(&parser, argc, argv);

  if (status == CLI_PARSED_HELP) {
    help(stdout);
    status = CLI_OK;
  } else {
    if (status == CLI_OK)
      status = check(&j);
    if (status == CLI_OK)
      status = load_policy(&j);
    if (status == CLI_OK)
      status = run_and_write(&j);
  }
  release(&j);
  return status;
}

const struct cli_verb ats_diagnose = {
    "diagnose", "connect to servers: do they meet it, and what to do", run};
