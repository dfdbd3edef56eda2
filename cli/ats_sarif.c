/* ats_sarif.c - findings as SARIF 2.1.0, for code hosts and their CI.
 *
 * A rule is listed once, when its first result comes; a result names it by its
 * index.
 */
#include <stdlib.h>
#include <string.h>
#include <tinet/base.h>

#include "ats_check.h"
#include "cli.h"
#include "json.h"

static const char malformed[] = "malformed";

struct rules {
  const tinet_ats_finding **first; /* owned: of each rule, its first finding */
  size_t n;
};

static size_t index_of(const struct rules *rules, const char *id)
{
  for (size_t i = 0; i < rules->n; i++)
    if (strcmp(rules->first[i]->id, id) == 0)
      return i;
  return rules->n;
}

static const char *level(tinet_ats_severity severity)
{
  return severity == TINET_ATS_ERROR     ? "error"
         : severity == TINET_ATS_WARNING ? "warning"
                                         : "note";
}

static void collect(struct rules *rules, const struct ats_checked *file)
{
  size_t n = file->policy ? tinet_ats_policy_n_findings(file->policy) : 0;

  for (size_t i = 0; i < n; i++) {
    const tinet_ats_finding *f = tinet_ats_policy_finding(file->policy, i);

    if (index_of(rules, f->id) < rules->n)
      continue;
    rules->first =
        cli_realloc(rules->first, (rules->n + 1) * sizeof *rules->first);
    rules->first[rules->n++] = f;
  }
}

static void print_rules(const struct rules *rules)
{
  for (size_t i = 0; i < rules->n; i++) {
    const tinet_ats_finding *f = rules->first[i];

    cli_json_member(stdout, i ? ",\n        {" : "\n        {", "id", f->id);
    cli_json_member(stdout, ", \"shortDescription\": {", "text", f->why);
    cli_json_member(stdout, "}, \"defaultConfiguration\": {", "level",
                    level(f->severity));
    (void)printf("}}");
  }
}

/* A file's name as the reference it is: what a URI has no room for is encoded.
 * rfc: 3986 2.1 */
static void print_uri(const char *path)
{
  (void)printf(*path == '/' ? "\"file://" : "\"");
  for (const char *p = path; *p; p++) {
    unsigned char c = (unsigned char)*p;

    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
        (c >= '0' && c <= '9') || strchr("-._~/", c))
      (void)putchar(c);
    else
      (void)printf("%%%02X", c);
  }
  (void)printf("\"");
}

static void print_location(const char *file, unsigned line, unsigned column)
{
  (void)printf("\"locations\": [{\"physicalLocation\": {\"artifactLocation\": "
               "{\"uri\": ");
  print_uri(file);
  (void)printf("}");
  if (line)
    (void)printf(", \"region\": {\"startLine\": %u", line);
  if (line && column)
    (void)printf(", \"startColumn\": %u", column);
  (void)printf("%s}}]}", line ? "}" : "");
}

static void print_result(const struct rules *rules,
                         const struct ats_checked *file,
                         const tinet_ats_finding *f, const char *before)
{
  char *text = *f->suggestion
                   ? cli_format("%s. Write: %s", f->message, f->suggestion)
                   : cli_strdup(f->message);

  cli_json_member(stdout, before, "ruleId", f->id);
  (void)printf(", \"ruleIndex\": %zu", index_of(rules, f->id));
  cli_json_member(stdout, ", ", "level", level(ats_check_severity(file, f)));
  cli_json_member(stdout, ",\n       \"message\": {", "text", text);
  (void)printf("},\n       ");
  print_location(f->file, f->line, f->column);
  free(text);
}

/* The places in "file:12:34: what"; 0 if the error knows none. */
static void read_place(const struct ats_checked *file, unsigned *ret_line,
                       unsigned *ret_column)
{
  size_t len = strlen(file->path);
  char *end;

  *ret_line = *ret_column = 0;
  if (strncmp(file->error, file->path, len) != 0 || file->error[len] != ':')
    return;
  *ret_line = (unsigned)strtoul(file->error + len + 1, &end, 10);
  if (*end == ':')
    *ret_column = (unsigned)strtoul(end + 1, NULL, 10);
}

static void print_malformed(const struct ats_checked *file, const char *before)
{
  unsigned line, column;

  read_place(file, &line, &column);
  cli_json_member(stdout, before, "ruleId", malformed);
  cli_json_member(stdout, ", \"level\": \"error\", \"message\": {", "text",
                  file->error);
  (void)printf("},\n       ");
  print_location(file->path, line, column);
}

static bool print_results(const struct rules *rules,
                          const struct ats_checked *file, bool is_first)
{
  size_t n = file->policy ? tinet_ats_policy_n_findings(file->policy) : 0;

  for (size_t i = 0; i < n; i++) {
    print_result(rules, file, tinet_ats_policy_finding(file->policy, i),
                 is_first ? "\n      {" : ",\n      {");
    is_first = false;
  }
  if (!file->error || file->policy)
    return is_first;
  print_malformed(file, is_first ? "\n      {" : ",\n      {");
  return false;
}

void ats_check_sarif(const struct ats_checked *files, size_t n_files)
{
  struct rules rules = {NULL, 0};
  bool is_first = true;

  for (size_t i = 0; i < n_files; i++)
    collect(&rules, &files[i]);
  (void)printf("{\"$schema\": "
               "\"https://json.schemastore.org/sarif-2.1.0.json\",\n"
               "  \"version\": \"2.1.0\",\n  \"runs\": [{\n"
               "    \"tool\": {\"driver\": {\"name\": \"tinet ats check\", "
               "\"version\": \"%s\", \"rules\": [",
               tinet_version());
  print_rules(&rules);
  (void)printf("]}},\n    \"columnKind\": \"unicodeCodePoints\",\n"
               "    \"results\": [");
  for (size_t i = 0; i < n_files; i++)
    is_first = print_results(&rules, &files[i], is_first);
  (void)printf("]\n  }]\n}\n");
  free(rules.first);
}
