/* error.c - the table of codes, and filling a tinet_error. */
#include "error.h"

#include "str.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct row {
  int code;
  const char *name, *text;
};

static const struct row rows[] = {{TINET_OK, "TINET_OK", "no error"},
#define ROW(name, number, text) {name, #name, text},
                                  TINET_ERROR_TABLE(ROW)
#undef ROW
};

static const struct row *find(int code)
{
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (rows[i].code == code)
      return &rows[i];
  return NULL;
}

const char *tinet_error_name(int code)
{
  const struct row *row = find(code);

  return row ? row->name : "TINET_E?";
}

const char *tinet_error_text(int code)
{
  const struct row *row = find(code);

  return row ? row->text : "unknown error";
}

/* No control characters, and nothing that is not UTF-8: cut off there. */
static void clean(char *text)
{
  size_t len = strlen(text);

  for (size_t i = 0; i < len; i++)
    if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
      text[i] = '?';
  for (size_t cut = len; cut > 0; cut--) {
    if (tinet__utf8_is_valid(text, len))
      return;
    len = cut - 1;
    text[len] = 0;
  }
}

static void format(tinet_error *e, const char *fmt, va_list args)
{
  (void)vsnprintf(e->text, sizeof e->text, fmt, args);
}

int tinet__error_set(tinet_error *e, int code, tinet_error_origin origin,
                     long number, const char *fmt, ...)
{
  va_list args;

  if (!e)
    return code;
  e->code = code;
  e->origin = origin;
  e->number = number;
  if (fmt) {
    va_start(args, fmt);
    format(e, fmt, args);
    va_end(args);
  } else {
    (void)snprintf(e->text, sizeof e->text, "%s", tinet_error_text(code));
  }
  clean(e->text);
  return code;
}

int tinet__error_errno(tinet_error *e, int code, int errnum, const char *fmt,
                       ...)
{
  char reason[96];
  size_t len;
  va_list args;

  if (!e)
    return code;
  e->code = code;
  e->origin = TINET_ORIGIN_SYSTEM;
  e->number = errnum;
  va_start(args, fmt);
  format(e, fmt, args);
  va_end(args);
  len = strlen(e->text);
  (void)snprintf(e->text + len, sizeof e->text - len, ": %s",
                 strerror_r(errnum, reason, sizeof reason));
  clean(e->text);
  return code;
}

void tinet__error_clear(tinet_error *e)
{
  if (e)
    memset(e, 0, sizeof *e);
}
