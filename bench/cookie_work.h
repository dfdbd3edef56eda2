/* cookie_work.h - the workload of the cookie benchmarks: a file of lines
 * "URL<TAB>Set-Cookie", then an empty line, then URLs to look up; and how the
 * result is printed. */
#ifndef TINET_BENCH_COOKIE_WORK_H
#define TINET_BENCH_COOKIE_WORK_H

#include "cpu.h"

#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct work {
  char *text;                   /* the file, cut in place */
  const char **urls, **cookies; /* to insert */
  const char **asked;           /* to look up */
  size_t n, n_asked;
};

static bool work_read(struct work *w, const char *path)
{
  FILE *f = fopen(path, "rb");
  size_t len, cap = 0;
  bool is_asked = false;
  char *line, *next;

  memset(w, 0, sizeof(*w));
  if (f == NULL || fseek(f, 0, SEEK_END) != 0)
    return false;
  len = (size_t)ftell(f);
  rewind(f);
  w->text = malloc(len + 1);
  if (w->text == NULL || fread(w->text, 1, len, f) != len)
    return false;
  w->text[len] = '\0';
  fclose(f);
  for (line = w->text; *line; line++)
    cap += *line == '\n';
  w->urls = calloc(cap, sizeof(*w->urls));
  w->cookies = calloc(cap, sizeof(*w->cookies));
  w->asked = calloc(cap, sizeof(*w->asked));
  for (line = w->text; *line; line = next) {
    next = strchr(line, '\n');
    *next++ = '\0';
    if (*line == '\0') {
      is_asked = true;
    } else if (is_asked) {
      w->asked[w->n_asked++] = line;
    } else {
      char *tab = strchr(line, '\t');

      *tab = '\0';
      w->urls[w->n] = line;
      w->cookies[w->n++] = tab + 1;
    }
  }
  return true;
}

/* Resident bytes, after what is free was given back. */
static long resident(void)
{
  long pages = 0, size = 0;
  FILE *f;

  (void)malloc_trim(0);
  f = fopen("/proc/self/statm", "r");
  if (f == NULL || fscanf(f, "%ld %ld", &size, &pages) != 2)
    pages = 0;
  if (f != NULL)
    fclose(f);
  return pages * sysconf(_SC_PAGESIZE);
}

static void work_print(const struct work *w, double insert_s, double lookup_s,
                       long bytes, size_t check)
{
  printf("{\"insert_us\":%.3f,\"lookup_us\":%.3f,\"bytes\":%ld,"
         "\"check\":%zu}\n",
         insert_s * 1e6 / (double)w->n, lookup_s * 1e6 / (double)w->n_asked,
         bytes, check);
}

#endif
