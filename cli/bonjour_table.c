/* bonjour_table.c - a table on a terminal that is drawn over itself.
 *
 * The cursor goes up as many lines as the last table had, and every line is
 * written anew.  So no line may be wider than the screen: the terminal would
 * break it, and there would be more lines than were counted.  Where that has
 * happened all the same, because the screen has another width by now, it is
 * cleared.
 */
#include "bonjour_table.h"

#include "cli.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#define ROWS_SPARE 2    /* the line of the cursor, and one to see it is all */
#define ROWS_DEFAULT 24 /* of a terminal that does not say */
#define COLUMNS_DEFAULT 80

static void measure(size_t *ret_rows, size_t *ret_columns)
{
  struct winsize size;
  bool is_known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0;

  *ret_rows = is_known && size.ws_row > 0 ? size.ws_row : ROWS_DEFAULT;
  *ret_columns = is_known && size.ws_col > 0 ? size.ws_col : COLUMNS_DEFAULT;
}

/* So that wcwidth() knows all of Unicode, whatever the locale. */
static void use_unicode(void)
{
  static bool is_done;
  locale_t unicode;

  if (is_done)
    return;
  is_done = true;
  unicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
  if (unicode)
    (void)uselocale(unicode);
}

size_t bonjour_table_begin(struct bonjour_table *t)
{
  size_t rows, columns;

  use_unicode();
  measure(&rows, &columns);
  if (t->n_rows > 0 && t->columns != columns)
    (void)fputs("\033[H\033[2J", stdout);
  else if (t->n_rows > 0)
    (void)printf("\033[%zuA\r", t->n_rows);
  t->n_rows = 0;
  t->columns = columns;
  t->rows_left = rows > ROWS_SPARE ? rows - ROWS_SPARE : 1;
  t->columns_left = columns - 1; /* in the last one terminals differ */
  return t->rows_left;
}

/* Columns of the character of `n` bytes at `s`. */
static size_t width_of(const char *s, size_t n)
{
  mbstate_t state;
  wchar_t c;
  int width;

  memset(&state, 0, sizeof state);
  if (mbrtowc(&c, s, n, &state) != n)
    return 1;
  width = wcwidth(c);
  return width < 0 ? 1 : (size_t)width;
}

/* Safe for a terminal, as cli_print_safe() writes it. */
static char *safe_text(const char *text)
{
  char *safe = NULL;
  size_t len;
  FILE *out = open_memstream(&safe, &len);

  if (!out)
    return cli_strdup("");
  cli_print_safe(out, text);
  (void)fclose(out);
  return safe ? safe : cli_strdup("");
}

/* Bytes of `text` that fit into `room` columns, and how many they take. */
static size_t fit(const char *text, size_t room, size_t *ret_used)
{
  size_t len = strlen(text), at = 0;

  *ret_used = 0;
  while (at < len) {
    size_t n = cli_utf8_len(text + at, len - at);
    size_t width = width_of(text + at, n ? n : 1);

    if (*ret_used + width > room)
      break;
    *ret_used += width;
    at += n ? n : 1;
  }
  return at;
}

void bonjour_table_cell(struct bonjour_table *t, const char *text, size_t width)
{
  size_t room = width && width < t->columns_left ? width : t->columns_left;
  char *safe = safe_text(text);
  size_t used, n = fit(safe, room, &used);
  bool is_cut = safe[n] != '\0' && room > 0;

  if (is_cut)
    n = fit(safe, room - 1, &used);
  (void)fwrite(safe, 1, n, stdout);
  if (is_cut)
    (void)fputs("\u2026", stdout);
  used += is_cut;
  if (width)
    (void)printf("%*s", (int)(room - used), "");
  t->columns_left -= width ? room : used;
  free(safe);
}

void bonjour_table_end_line(struct bonjour_table *t)
{
  (void)fputs("\033[K\n", stdout);
  t->columns_left = t->columns - 1;
  t->n_rows++;
}

void bonjour_table_end(struct bonjour_table *t)
{
  (void)t;
  (void)fputs("\033[J", stdout);
  (void)fflush(stdout);
}
