/* suggest.h - the word somebody may have meant. */
#ifndef TINET_CORE_SUGGEST_H
#define TINET_CORE_SUGGEST_H

#include <tinet/base.h>

/* The number of single-character changes between two words, not counting case;
 * never more than `max` + 1. */
size_t tinet__edit_distance(const char *a, const char *b, size_t max);

/* The nearest of `words` within two changes, case aside; NULL if none is. */
const char *tinet__suggest(const char *word, const char *const *words,
                           size_t n_words);

#endif
