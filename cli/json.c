/* json.c - writing JSON, whatever the strings contain. */
#include "json.h"

#include "cli.h"

#include <string.h>

static void put_ascii(FILE *out, char c)
{
  if (c == '"' || c == '\\')
    (void)fprintf(out, "\\%c", c);
  else if (c == '\n')
    (void)fputs("\\n", out);
  else if ((unsigned char)c < 0x20 || c == 0x7f)
    (void)fprintf(out, "\\u%04x", (unsigned)(unsigned char)c);
  else
    (void)fputc(c, out);
}

/* Of two or three bytes: JSON is read on terminals too. */
static void put_escaped(FILE *out, const unsigned char *s, size_t n)
{
  unsigned code =
      n == 2 ? (s[0] & 0x1fu) << 6 | (s[1] & 0x3fu)
             : (s[0] & 0x0fu) << 12 | (s[1] & 0x3fu) << 6 | (s[2] & 0x3fu);

  (void)fprintf(out, "\\u%04x", code);
}

void cli_json_string(FILE *out, const char *s)
{
  size_t len = s ? strlen(s) : 0;

  (void)fputc('"', out);
  while (len > 0) {
    size_t n = cli_utf8_len(s, len);

    if (n == 0) {
      (void)fputs("\\ufffd", out);
      n = 1;
    } else if (n == 1) {
      put_ascii(out, *s);
    } else if (cli_is_harmful(s, n)) {
      put_escaped(out, (const unsigned char *)s, n);
    } else {
      (void)fwrite(s, 1, n, out);
    }
    s += n;
    len -= n;
  }
  (void)fputc('"', out);
}

void cli_json_member(FILE *out, const char *before, const char *name,
                     const char *value)
{
  (void)fprintf(out, "%s\"%s\": ", before, name);
  cli_json_string(out, value);
}
