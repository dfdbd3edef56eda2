/* ats_source.h - the lines of a file that findings point at. */
#ifndef TINET_CLI_ATS_SOURCE_H
#define TINET_CLI_ATS_SOURCE_H

#include <stdio.h>

/* Zero-initialise. */
struct ats_source {
  char *name;  /* owned: whose text it is; NULL: none yet */
  char *text;  /* owned; NULL: it cannot be read, or is no text */
  size_t line; /* from 1; where `at` is */
  const char *at;
};

/* Prints the line with a mark below the column; nothing if the file does not
 * have it.  Lines that only grow are found fast. */
void ats_source_print(struct ats_source *source, FILE *out, const char *name,
                      unsigned line, unsigned column);
void ats_source_free(struct ats_source *source); /* back to zero */

#endif
