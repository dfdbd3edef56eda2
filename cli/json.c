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
    } else if (n == 2 && (unsigned char)s[0] == 0xc2 &&
               (unsigned char)s[1] < 0xa0) {
      (void)fprintf(out, "\\u%04x", (unsigned)(unsigned char)s[1]); /* C1 */
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
