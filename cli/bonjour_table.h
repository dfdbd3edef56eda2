/* bonjour_table.h - a table on a terminal that is drawn over itself. */
#ifndef TINET_CLI_BONJOUR_TABLE_H
#define TINET_CLI_BONJOUR_TABLE_H

#include <stdbool.h>
#include <stddef.h>

struct bonjour_table {
  size_t n_rows;       /* on the screen; the cursor stands below them */
  size_t columns;      /* of the screen when they were drawn */
  size_t rows_left;    /* of the one that is being drawn */
  size_t columns_left; /* of its line */
};

/* How many lines there is room for; the table begins anew. */
size_t bonjour_table_begin(struct bonjour_table *t);
/* A cell of a line: text of a stranger, cut or filled up to `width` columns;
 * 0: as wide as there is room. */
void bonjour_table_cell(struct bonjour_table *t, const char *text,
                        size_t width);
void bonjour_table_end_line(struct bonjour_table *t);
/* What was drawn and is no longer there vanishes. */
void bonjour_table_end(struct bonjour_table *t);

#endif
