/* ats_diagnose_hosts.c - the URLs to diagnose, from the command line and from
 * files: one a line, `#` begins a comment. */
#include "ats_diagnose.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_URLS 100000
#define MAX_ERRORS 10 /* of a file that are told */
#define MAX_LINE (4 * ATS_MAX_URL)

static char *url_of(const char *text)
{
  const char *colon = strchr(text, ':');

  if (strstr(text, "://"))
    return cli_strdup(text);
  /* An IPv6 address needs brackets in a URL. */
  if (colon && strchr(colon + 1, ':') &&
      text[strspn(text, "0123456789abcdefABCDEF:.")] == '\0')
    return cli_format("https://[%s]/", text);
  return cli_format("https://%s%s", text, strchr(text, '/') ? "" : "/");
}

bool diagnose_add_url(struct diagnose_work *w, const char *text)
{
  struct diagnose_hop hop;
  char *url = url_of(text);

  if (!diagnose_split(url, &hop)) {
    free(url);
    return false;
  }
  w->urls = cli_realloc((void *)w->urls, (w->n_urls + 1) * sizeof *w->urls);
  w->urls[w->n_urls++] = url;
  return true;
}

struct hosts {
  struct diagnose_work *work;
  const char *path;
  size_t line;
  unsigned n_errors;
};

static void complain(struct hosts *h, const char *what, const char *word)
{
  if (h->n_errors++ < MAX_ERRORS)
    cli_error("%s:%zu: '%.80s' %s", h->path, h->line, word, what);
}

/* A `#` within a word belongs to it: https://example.com/#top */
static void cut_comment(char *line)
{
  for (char *p = line; *p; p++)
    if (*p == '#' && (p == line || p[-1] == ' ' || p[-1] == '\t')) {
      *p = '\0';
      return;
    }
}

static void take_line(struct hosts *h, char *line, size_t len)
{
  char *word = line, *end;

  if (strlen(line) != len) {
    complain(h, "is followed by a NUL: this is no text file", line);
    return;
  }
  line[strcspn(line, "\r\n")] = '\0';
  if (h->line == 1 && strncmp(word, "\xef\xbb\xbf", 3) == 0)
    word += 3; /* a byte order mark */
  cut_comment(word);
  word += strspn(word, " \t");
  end = word + strcspn(word, " \t");
  if (end[strspn(end, " \t")] != '\0') {
    complain(h, "is more than one URL: write one a line", word);
    return;
  }
  *end = '\0';
  if (*word && !diagnose_add_url(h->work, word))
    complain(h, "is no host name and no URL of http or https", word);
}

/* getline() would take a file without end into memory.  The length, -1 at the
 * end of the file. */
static long read_line(FILE *f, char line[MAX_LINE])
{
  long n = 0;
  int c;

  while ((c = getc(f)) != EOF) {
    if (n < MAX_LINE - 1)
      line[n++] = (char)c;
    if (c == '\n')
      break;
  }
  line[n] = '\0';
  return n == 0 && c == EOF ? -1 : n;
}

static int read_from(struct hosts *h, FILE *f)
{
  char *line = cli_alloc(MAX_LINE);
  long n;

  while ((n = read_line(f, line)) >= 0 && h->work->n_urls <= MAX_URLS) {
    h->line++;
    take_line(h, line, (size_t)n);
  }
  free(line);
  if (ferror(f)) {
    cli_error("%s: %s", h->path, strerror(errno));
    return ATS_NO_FILE;
  }
  if (h->work->n_urls > MAX_URLS) {
    cli_error("%s:%zu: more than %d URLs", h->path, h->line, MAX_URLS);
    return ATS_USAGE;
  }
  if (h->n_errors > MAX_ERRORS)
    cli_error("%s: %u more lines like these", h->path,
              h->n_errors - MAX_ERRORS);
  return h->n_errors ? ATS_USAGE : CLI_OK;
}

int diagnose_read_hosts(struct diagnose_work *w, const char *path)
{
  struct hosts h = {.work = w, .path = path};
  FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
  int status;

  if (!f) {
    cli_error("%s: %s", path, strerror(errno));
    return ATS_NO_FILE;
  }
  if (f == stdin)
    h.path = "standard input";
  status = read_from(&h, f);
  if (f != stdin)
    (void)fclose(f);
  return status;
}
