/* text.c - messages, units, and what a stranger's text may do to a terminal. */
#include "cli.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static void out_of_memory(void)
{
  (void)fputs("tinet: out of memory\n", stderr);
  exit(CLI_NO_MEMORY);
}

void *cli_alloc(size_t size)
{
  void *ptr = calloc(1, size ? size : 1);

  if (!ptr)
    out_of_memory();
  return ptr;
}

void *cli_realloc(void *ptr, size_t size)
{
  void *grown = realloc(ptr, size ? size : 1);

  if (!grown)
    out_of_memory();
  return grown;
}

char *cli_strdup(const char *s)
{
  char *copy = strdup(s);

  if (!copy)
    out_of_memory();
  return copy;
}

static char *vformat(const char *fmt, va_list args)
{
  char *text = NULL;

  if (vasprintf(&text, fmt, args) < 0)
    out_of_memory();
  return text;
}

char *cli_format(const char *fmt, ...)
{
  va_list args;
  char *text;

  va_start(args, fmt);
  text = vformat(fmt, args);
  va_end(args);
  return text;
}

static void vmessage(const char *fmt, va_list args)
{
  char *text = vformat(fmt, args);

  (void)fputs("tinet: ", stderr);
  cli_print_safe(stderr, text);
  (void)fputc('\n', stderr);
  free(text);
}

void cli_error(const char *fmt, ...)
{
  va_list args;

  va_start(args, fmt);
  vmessage(fmt, args);
  va_end(args);
}

int cli_usage(const char *command, const char *fmt, ...)
{
  va_list args;

  va_start(args, fmt);
  vmessage(fmt, args);
  va_end(args);
  (void)fprintf(stderr, "See: tinet help%s%s\n", command ? " " : "",
                command ? command : "");
  return CLI_USAGE;
}

double cli_bytes_unit(double n, const char **ret_unit)
{
  static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  size_t unit = 0;
  double size = 1;

  /* 1023.95 would be shown as 1024.0. */
  while (n / size >= (unit == 0 ? 1024 : 1023.95) &&
         unit + 1 < sizeof units / sizeof *units) {
    size *= 1024;
    unit++;
  }
  *ret_unit = units[unit];
  return size;
}

const char *cli_bytes(double n, char *to)
{
  const char *unit;
  double size = cli_bytes_unit(n, &unit);

  (void)snprintf(to, CLI_BYTES_MAX, size > 1 ? "%.1f %s" : "%.0f %s", n / size,
                 unit);
  return to;
}

const char *cli_duration(double seconds, char *to)
{
  unsigned long s = seconds < 0          ? 0
                    : seconds > 359999.0 ? 359999ul
                                         : (unsigned long)(seconds + 0.5);

  if (s < 3600)
    (void)snprintf(to, CLI_BYTES_MAX, "%lu:%02lu", s / 60, s % 60);
  else
    (void)snprintf(to, CLI_BYTES_MAX, "%lu:%02lu:%02lu", s / 3600, s / 60 % 60,
                   s % 60);
  return to;
}

size_t cli_utf8_len(const char *s, size_t len)
{
  const unsigned char *b = (const unsigned char *)s;
  size_t n = b[0] < 0x80   ? 1
             : b[0] < 0xc2 ? 0
             : b[0] < 0xe0 ? 2
             : b[0] < 0xf0 ? 3
             : b[0] < 0xf5 ? 4
                           : 0;

  if (n == 0 || n > len)
    return 0;
  for (size_t i = 1; i < n; i++)
    if ((b[i] & 0xc0) != 0x80)
      return 0;
  if ((b[0] == 0xe0 && b[1] < 0xa0) || (b[0] == 0xed && b[1] > 0x9f) ||
      (b[0] == 0xf0 && b[1] < 0x90) || (b[0] == 0xf4 && b[1] > 0x8f))
    return 0;
  return n;
}

/* U+200E, 200F, 2028 ... 202E and 2066 ... 2069: they turn the direction of
 * what follows, or end a line. */
static bool is_directing(const unsigned char *b)
{
  if (b[0] != 0xe2)
    return false;
  if (b[1] == 0x80)
    return b[2] == 0x8e || b[2] == 0x8f || (b[2] >= 0xa8 && b[2] <= 0xae);
  return b[1] == 0x81 && b[2] >= 0xa6 && b[2] <= 0xa9;
}

bool cli_is_harmful(const char *s, size_t n)
{
  const unsigned char *b = (const unsigned char *)s;

  return (n == 1 && (b[0] < 0x20 || b[0] == 0x7f)) ||
         (n == 2 && b[0] == 0xc2 && b[1] < 0xa0) || (n == 3 && is_directing(b));
}

void cli_print_safe(FILE *out, const char *text)
{
  size_t len = strlen(text);

  while (len > 0) {
    size_t n = cli_utf8_len(text, len);

    if (n > 0 && !cli_is_harmful(text, n)) {
      (void)fwrite(text, 1, n, out);
    } else {
      n = n ? n : 1;
      for (size_t i = 0; i < n; i++)
        (void)fprintf(out, "\\x%02x", (unsigned char)text[i]);
    }
    text += n;
    len -= n;
  }
}

static int put_word(FILE *out, const char *word, size_t len)
{
  int columns = 0;

  for (size_t i = 0; i < len; columns++) {
    char one[8] = "";
    size_t n = cli_utf8_len(word + i, len - i);

    memcpy(one, word + i, n ? n : 1);
    cli_print_safe(out, one);
    i += n ? n : 1;
  }
  return columns;
}

/* What of a word fits into a line of its own; never within a character. */
static size_t cut(const char *word, size_t room)
{
  size_t len = strcspn(word, " ");

  if (len <= room)
    return len;
  for (len = room; len > 1 && ((unsigned char)word[len] & 0xc0) == 0x80;)
    len--;
  return len;
}

void cli_wrap(FILE *out, int at, int indent, const char *text)
{
  bool is_first = true;

  while (*text) {
    size_t len = cut(text, (size_t)(CLI_WIDTH - indent));

    if (at + !is_first + (int)len > CLI_WIDTH) {
      (void)fprintf(out, "\n%*s", indent, "");
      at = indent;
    } else if (!is_first) {
      (void)fputc(' ', out);
      at++;
    }
    at += put_word(out, text, len);
    is_first = false;
    text += len;
    text += strspn(text, " ");
  }
  (void)fputc('\n', out);
}
