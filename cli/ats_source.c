/* ats_source.c - a line of a file with a mark below the place that a finding is
 * about, as compilers show it. */
#include "ats_source.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli.h"

#define MAX_BYTES 4194304 /* no longer file is read as a policy */
#define MAX_SHOWN 68      /* with the number of the line, 80 columns */
#define BEFORE_MARK 50    /* shown of a longer line before the mark */
#define MAX_COLUMN 1000   /* further on no person finds anything */

/* Only of a file: what came out of a pipe is gone. */
static char *read_text(const char *name)
{
  struct stat st;
  FILE *f =
      stat(name, &st) == 0 && S_ISREG(st.st_mode) ? fopen(name, "re") : NULL;
  char *text = f ? cli_alloc(MAX_BYTES + 1) : NULL;
  size_t len = f ? fread(text, 1, MAX_BYTES, f) : 0;

  if (f)
    (void)fclose(f);
  if (text && strlen(text) == len) /* another encoding has NULs */
    return text;
  free(text);
  return NULL;
}

static void open_source(struct ats_source *s, const char *name)
{
  if (s->name && strcmp(s->name, name) == 0)
    return;
  ats_source_free(s);
  s->name = cli_strdup(name);
  s->text = read_text(name);
  s->at = s->text;
  s->line = 1;
}

/* The beginning of the line; NULL if there are not as many. */
static const char *find_line(struct ats_source *s, size_t line)
{
  if (line < s->line) {
    s->at = s->text;
    s->line = 1;
  }
  for (; s->at && s->line < line; s->line++) {
    s->at = strchr(s->at, '\n');
    if (s->at)
      s->at++;
  }
  return s->at;
}

/* Characters, tabs as one blank; what is no text as a question mark. */
static size_t print_from(FILE *out, const char *p, const char *end, size_t max)
{
  size_t n = 0;

  while (p < end && n < max) {
    size_t len = cli_utf8_len(p, (size_t)(end - p));
    bool is_shown = len > 0 && (unsigned char)*p >= 0x20 && *p != 0x7f;

    /* U+0080 to U+009F steer terminals too. */
    if (len == 2 && (unsigned char)p[0] == 0xc2 && (unsigned char)p[1] < 0xa0)
      is_shown = false;
    if (is_shown)
      (void)fwrite(p, 1, len, out);
    else
      (void)fputc(*p == '\t' || *p == '\r' ? ' ' : '?', out);
    p += len ? len : 1;
    n++;
  }
  return n;
}

static const char *skip(const char *p, const char *end, size_t n)
{
  for (; n > 0 && p < end; n--) {
    size_t len = cli_utf8_len(p, (size_t)(end - p));

    p += len ? len : 1;
  }
  return p;
}

void ats_source_print(struct ats_source *source, FILE *out, const char *name,
                      unsigned line, unsigned column)
{
  const char *start, *end;
  size_t hidden = 0;

  if (line == 0 || column == 0 || column > MAX_COLUMN)
    return;
  open_source(source, name);
  start = source->text ? find_line(source, line) : NULL;
  if (!start)
    return;
  end = start;
  while (*end && *end != '\n' && end - start < 4 * (MAX_COLUMN + MAX_SHOWN))
    end++;
  if (column > MAX_SHOWN)
    hidden = column - BEFORE_MARK;
  (void)fprintf(out, "%6u | ", line);
  (void)print_from(out, skip(start, end, hidden), end, MAX_SHOWN);
  (void)fprintf(out, "\n       | %*s^\n", (int)(column - 1 - hidden), "");
}

void ats_source_free(struct ats_source *source)
{
  free(source->name);
  free(source->text);
  *source = (struct ats_source){NULL, NULL, 0, NULL};
}
