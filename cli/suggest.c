/* suggest.c - "did you mean": the nearest of a few names. */
#include "cli.h"

#include <string.h>

#define WORD_MAX 32 /* longer than any name; what is longer is not a slip */

static size_t min3(size_t a, size_t b, size_t c)
{
  size_t m = a < b ? a : b;

  return m < c ? m : c;
}

/* Levenshtein's distance, a row at a time. */
static size_t distance(const char *a, const char *b)
{
  size_t row[WORD_MAX + 1], n = strlen(b), previous, corner;

  for (size_t j = 0; j <= n; j++)
    row[j] = j;
  for (size_t i = 0; a[i]; i++) {
    corner = row[0];
    row[0] = i + 1;
    for (size_t j = 1; j <= n; j++) {
      previous = row[j];
      row[j] = min3(row[j] + 1, row[j - 1] + 1, corner + (a[i] != b[j - 1]));
      corner = previous;
    }
  }
  return row[n];
}

const char *cli_suggest(const char *word,
                        const char *(*name_at)(size_t, void *), void *user,
                        size_t n)
{
  const char *best = NULL;
  size_t nearest = 1 + strlen(word) / 3; /* so many slips are forgiven */

  if (strlen(word) > WORD_MAX)
    return NULL;
  for (size_t i = 0; i < n; i++) {
    const char *name = name_at(i, user);
    size_t d;

    if (strlen(name) > WORD_MAX)
      continue;
    d = distance(word, name);
    if (d <= nearest && d < strlen(name)) {
      if (best && d == nearest)
        continue;
      best = name;
      nearest = d;
    }
  }
  return best;
}
