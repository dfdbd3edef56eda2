/* jar_drive.c - a cookie jar on a pipe: `new`, `set URL COOKIE`, `get URL`, a
 * line each with percent-encoded words; a line of answer to the last two. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tinet/cookie.h>

static int hex(char c)
{
  const char *digits = "0123456789ABCDEF", *at = strchr(digits, c);

  return c != '\0' && at != NULL ? (int)(at - digits) : -1;
}

/* In place; returns the length. */
static size_t decode(char *word)
{
  char *to = word;

  for (const char *from = word; *from != '\0'; from++) {
    if (*from == '%' && hex(from[1]) >= 0 && hex(from[2]) >= 0) {
      *to++ = (char)(hex(from[1]) << 4 | hex(from[2]));
      from += 2;
    } else {
      *to++ = *from;
    }
  }
  *to = '\0';
  return (size_t)(to - word);
}

static void print_encoded(const char *text)
{
  for (; *text; text++) {
    if (*text > ' ' && *text < 127 && *text != '%')
      putchar(*text);
    else
      printf("%%%02X", (unsigned char)*text);
  }
}

static void get(tinet_cookie_jar *jar, const char *url)
{
  char *header = NULL;

  if (tinet_cookie_jar_header(jar, url, &header) < 0)
    header = NULL;
  print_encoded(header ? header : "");
  putchar('\n');
  tinet_free(header);
}

static void set(tinet_cookie_jar *jar, const char *url, const char *cookie,
                size_t len)
{
  tinet_cookie_verdict verdict = TINET_COOKIE_UNUSABLE_URL;

  if (tinet_cookie_jar_receive(jar, url, cookie, len, &verdict) < 0)
    puts("error");
  else
    puts(tinet_cookie_verdict_name(verdict));
}

int main(void)
{
  tinet_cookie_jar *jar = NULL;
  char *line = NULL;
  size_t size = 0;

  while (getline(&line, &size, stdin) > 0) {
    char *verb = strtok(line, " \n"), *url = strtok(NULL, " \n");
    char *cookie = strtok(NULL, " \n"), empty[] = "";

    if (verb == NULL)
      continue;
    if (url != NULL)
      decode(url);
    if (!strcmp(verb, "new")) {
      tinet_cookie_jar_unref(jar);
      if (tinet_cookie_jar_open(NULL, &jar, NULL) < 0)
        return 1;
    } else if (!strcmp(verb, "set") && url != NULL) {
      size_t len = cookie ? decode(cookie) : 0;

      set(jar, url, cookie ? cookie : empty, len);
    } else if (!strcmp(verb, "get") && url != NULL) {
      get(jar, url);
    }
  }
  tinet_cookie_jar_unref(jar);
  free(line);
  return 0;
}
