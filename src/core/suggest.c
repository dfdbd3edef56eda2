/* suggest.c - Levenshtein's distance, two rows at a time. */
#include "suggest.h"

#include <string.h>

#include "str.h"

#define MAX_LEN 96 /* longer words are no near misses of a key */
#define MAX_DISTANCE 2

static size_t min3(size_t a, size_t b, size_t c)
{
  size_t ab = a < b ? a : b;

  return ab < c ? ab : c;
}

size_t tinet__edit_distance(const char *a, const char *b, size_t max)
{
  size_t a_len = strlen(a), b_len = strlen(b), row[MAX_LEN + 1];

  if (a_len > MAX_LEN || b_len > MAX_LEN)
    return max + 1;
  for (size_t j = 0; j <= b_len; j++)
    row[j] = j;
  for (size_t i = 1; i <= a_len; i++) {
    size_t diagonal = row[0];

    row[0] = i;
    for (size_t j = 1; j <= b_len; j++) {
      size_t cost = tinet__lower(a[i - 1]) != tinet__lower(b[j - 1]);
      size_t best = min3(row[j] + 1, row[j - 1] + 1, diagonal + cost);

      diagonal = row[j];
      row[j] = best;
    }
  }
  return row[b_len] <= max ? row[b_len] : max + 1;
}

const char *tinet__suggest(const char *word, const char *const *words,
                           size_t n_words)
{
  const char *best = NULL;
  size_t best_distance = MAX_DISTANCE + 1;

  for (size_t i = 0; i < n_words; i++) {
    size_t distance = tinet__edit_distance(word, words[i], MAX_DISTANCE);

    if (distance < best_distance) {
      best = words[i];
      best_distance = distance;
    }
  }
  return best;
}
