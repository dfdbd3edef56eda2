/* ats_check.c - `tinet ats check`: what is wrong in tiapp.xml and Info.plist,
 * before anything is built.
 *
 * A file that is malformed is read a second time leniently, so that all there
 * is to say about it is said; the exit status stays that of a malformed file.
 */
#include "ats_check.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ats.h"
#include "ats_source.h"
#include "json.h"

enum { OPTION_FORMAT = 1, OPTION_FAIL_ON };
enum format { FORMAT_TEXT, FORMAT_JSON, FORMAT_SARIF };

static const struct cli_option options[] = {
    {OPTION_FORMAT, 'f', "format", "FORMAT", "text, json or sarif (2.1.0)"},
    {OPTION_FAIL_ON, 0, "fail-on", "SEVERITY",
     "the least that fails the check: error (the\ndefault), warning, info"},
    ATS_OPTION_ROW_PROFILE,
    ATS_OPTION_ROW_SDK,
    ATS_OPTION_ROW_LENIENT,
    {CLI_OPTION_HELP, 'h', "help", NULL, "this text"},
};
#define N_OPTIONS (sizeof options / sizeof *options)

struct check {
  tinet_ats_options ats;
  enum format format;
  tinet_ats_severity fail_on;
  struct ats_checked *files; /* owned */
  size_t n_files;
};

static void help(FILE *out)
{
  (void)fputs(
      "Usage: tinet ats check [PATH...] [OPTION...]\n\n"
      "Checks the App Transport Security of Titanium projects, tiapp.xml "
      "and Info.plist\nfiles without building or connecting; PATH is "
      "this folder by default.\n\n",
      out);
  cli_options_help(options, N_OPTIONS, out);
  (void)fputs("\nExit status:\n", out);
  ats_exit_help(out);
}

static int set_format(struct check *c, const char *value)
{
  static const char *const names[] = {"text", "json", "sarif"};

  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (strcmp(value, names[i]) != 0)
      continue;
    c->format = (enum format)i;
    return CLI_OK;
  }
  return cli_usage("ats", "'%s' is no format: text, json or sarif", value);
}

static int set_severity(struct check *c, const char *value)
{
  for (int i = TINET_ATS_INFO; i <= TINET_ATS_ERROR; i++) {
    if (strcmp(value, tinet_ats_severity_name((tinet_ats_severity)i)) != 0)
      continue;
    c->fail_on = (tinet_ats_severity)i;
    return CLI_OK;
  }
  return cli_usage("ats", "'%s' is no severity: error, warning or info", value);
}

static int on_option(void *user, int id, const char *value)
{
  struct check *c = user;

  if (id == OPTION_FORMAT)
    return set_format(c, value);
  if (id == OPTION_FAIL_ON)
    return set_severity(c, value);
  return ats_option(&c->ats, "ats", id, value);
}

static int on_operand(void *user, const char *operand)
{
  struct check *c = user;

  c->files[c->n_files++].path = operand;
  return CLI_OK;
}

/* What comes out of a pipe comes once. */
static bool can_be_read_again(const char *path)
{
  struct stat st;

  return stat(path, &st) == 0 && (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode));
}

static void read_one(const struct check *c, struct ats_checked *file)
{
  tinet_ats_options lenient = c->ats;
  tinet_error err;
  int code = tinet_ats_policy_load(file->path, &c->ats, &file->policy, &err);

  if (code == TINET_OK)
    return;
  file->status = ats_load_status(code);
  file->error = cli_strdup(err.text);
  lenient.flags |= TINET_ATS_FLAG_LENIENT;
  if (code != TINET_ESYNTAX || !can_be_read_again(file->path) ||
      tinet_ats_policy_load(file->path, &lenient, &file->policy, &err) < 0)
    file->policy = NULL;
}

static bool is_malformed_xml(const tinet_ats_finding *f)
{
  return strcmp(f->id, "xml") == 0 || strcmp(f->id, "xml-comment") == 0;
}

tinet_ats_severity ats_check_severity(const struct ats_checked *file,
                                      const tinet_ats_finding *f)
{
  return file->status != CLI_OK && is_malformed_xml(f) ? TINET_ATS_ERROR
                                                       : f->severity;
}

/* A malformed file fails by itself; of findings the highest counts. */
static int status_of(const struct check *c, const struct ats_checked *file)
{
  size_t n = file->policy ? tinet_ats_policy_n_findings(file->policy) : 0;

  if (file->status != CLI_OK)
    return file->status;
  for (size_t i = 0; i < n; i++)
    if (tinet_ats_policy_finding(file->policy, i)->severity >= c->fail_on)
      return ATS_LINT;
  return CLI_OK;
}

/* ---- text ---- */

static void print_finding(struct ats_source *source, const tinet_ats_finding *f,
                          tinet_ats_severity severity)
{
  cli_print_safe(stdout, f->file);
  if (f->line)
    (void)printf(":%u", f->line);
  if (f->line && f->column)
    (void)printf(":%u", f->column);
  (void)printf(": %s: ", tinet_ats_severity_name(severity));
  cli_print_safe(stdout, f->message);
  (void)printf(" [%s]\n", f->id);
  ats_source_print(source, stdout, f->file, f->line, f->column);
  (void)printf("    ");
  cli_wrap(stdout, 4, 4, f->why);
  if (*f->suggestion) {
    (void)printf("    write: ");
    cli_print_safe(stdout, f->suggestion);
    (void)putchar('\n');
  }
}

struct counts {
  size_t n_of[3]; /* by severity */
  size_t n_review, n_read;
};

static void print_file(const struct ats_checked *file, struct counts *counts)
{
  size_t n = file->policy ? tinet_ats_policy_n_findings(file->policy) : 0;
  struct ats_source source = {NULL, NULL, 0, NULL};

  for (size_t i = 0; i < n; i++) {
    const tinet_ats_finding *f = tinet_ats_policy_finding(file->policy, i);
    tinet_ats_severity severity = ats_check_severity(file, f);

    print_finding(&source, f, severity);
    counts->n_of[severity]++;
    counts->n_review += f->needs_justification;
  }
  ats_source_free(&source);
  counts->n_read += file->policy != NULL;
  /* In order, also where both go to the same place. */
  (void)fflush(stdout);
  if (file->error)
    cli_error("%s", file->error);
}

static void print_text(const struct check *c)
{
  struct counts counts = {{0, 0, 0}, 0, 0};
  const size_t *n = counts.n_of;

  for (size_t i = 0; i < c->n_files; i++)
    print_file(&c->files[i], &counts);
  if (counts.n_read == 0)
    return;
  (void)printf("%zu error%s, %zu warning%s, %zu note%s\n", n[2],
               n[2] == 1 ? "" : "s", n[1], n[1] == 1 ? "" : "s", n[0],
               n[0] == 1 ? "" : "s");
  if (counts.n_review)
    (void)printf("App Review will ask for a justification of %zu key%s.\n",
                 counts.n_review, counts.n_review == 1 ? "" : "s");
}

/* ---- JSON ---- */

static void print_json_finding(const tinet_ats_finding *f,
                               tinet_ats_severity severity, const char *before)
{
  (void)printf("%s\n      {", before);
  cli_json_member(stdout, "", "id", f->id);
  cli_json_member(stdout, ", ", "severity", tinet_ats_severity_name(severity));
  cli_json_member(stdout, ", ", "file", f->file);
  (void)printf(", \"line\": %u, \"col\": %u", f->line, f->column);
  cli_json_member(stdout, ",\n       ", "message", f->message);
  cli_json_member(stdout, ",\n       ", "suggestion", f->suggestion);
  cli_json_member(stdout, ",\n       ", "why", f->why);
  (void)printf(", \"review\": %s}", f->needs_justification ? "true" : "false");
}

static void print_json(const struct check *c)
{
  (void)printf("{\"schema\": \"tinet.ats.check/1\", \"files\": [");
  for (size_t i = 0; i < c->n_files; i++) {
    const struct ats_checked *file = &c->files[i];
    size_t n = file->policy ? tinet_ats_policy_n_findings(file->policy) : 0;

    cli_json_member(stdout, i ? ",\n  {" : "\n  {", "path", file->path);
    if (file->error)
      cli_json_member(stdout, ", ", "error", file->error);
    (void)printf(", \"findings\": [");
    for (size_t k = 0; k < n; k++) {
      const tinet_ats_finding *f = tinet_ats_policy_finding(file->policy, k);

      print_json_finding(f, ats_check_severity(file, f), k ? "," : "");
    }
    (void)printf("%s]}", n ? "\n    " : "");
  }
  (void)printf("\n]}\n");
}

static int check_all(struct check *c)
{
  int status = CLI_OK;

  if (c->n_files == 0)
    c->files[c->n_files++].path = ".";
  for (size_t i = 0; i < c->n_files; i++) {
    int one;

    read_one(c, &c->files[i]);
    one = status_of(c, &c->files[i]);
    /* What could not be read at all goes before what was found. */
    if (one > status)
      status = one;
  }
  if (c->format == FORMAT_SARIF)
    ats_check_sarif(c->files, c->n_files);
  else if (c->format == FORMAT_JSON)
    print_json(c);
  else
    print_text(c);
  return status;
}

static int run(int argc, char **argv)
{
  struct check c = {.fail_on = TINET_ATS_ERROR,
                    .files = cli_alloc((size_t)argc * sizeof *c.files)};
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
  } else if (status == CLI_OK) {
    status = check_all(&c);
  }
  for (size_t i = 0; i < c.n_files; i++) {
    tinet_ats_policy_unref(c.files[i].policy);
    free(c.files[i].error);
  }
  free(c.files);
  return status;
}

const struct cli_verb ats_check = {
    "check", "find mistakes in tiapp.xml and Info.plist", run};
