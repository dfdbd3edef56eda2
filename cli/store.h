/* store.h - which application's store a command is about. */
#ifndef TINET_CLI_STORE_H
#define TINET_CLI_STORE_H

#include "cli.h"

/* The whole of a file ("-" = standard input), NUL-terminated; free() it.  NULL:
 * the reason has been printed. */
char *cli_read_file(const char *path, size_t *ret_len);
/* The <id> of tiapp.xml in `folder` (NULL = this one); free() it.  NULL: the
 * reason has been printed. */
char *cli_project_id(const char *folder);
/* `text` as cli_print_safe() prints it, filled with blanks to `width`. */
void cli_print_cell(FILE *out, const char *text, int width);

#endif
