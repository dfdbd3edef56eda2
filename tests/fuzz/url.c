/* url.c - fuzz target: any text as a URL, and as a reference against one. */
#include "core/alloc.h"
#include "core/url.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool is_true)
{
  if (!is_true)
    abort();
}

/* What may go into a request line and a Host header, whatever came in. */
static void check(const struct tinet__url *u, bool encode)
{
  struct tinet__url again = {0};

  must(!strcmp(u->scheme, u->is_https ? "https" : "http"));
  must(u->host[0] != 0 && u->port >= 0 && u->port <= 65535);
  must(u->path[0] == '/');
  must(u->has_query || !*u->query);
  must(!strpbrk(u->host, " /?#@\\\r\n\t"));
  must(!strchr(u->text, '#'));
  for (const char *p = u->text; *p; p++)
    must(*p > ' ' && *p < 0x7f);
  must(!strstr(u->path, "/../") && !strstr(u->path, "/./"));
  /* Read again it is the same. */
  must(tinet__url_parse(u->text, encode, &again, NULL) == 0);
  must(!strcmp(u->text, again.text) && u->port == again.port);
  must(tinet__url_same_origin(u, &again));
  tinet__url_free(&again);
}

static void resolve(const char *base_text, const char *reference)
{
  struct tinet__url base = {0}, url = {0};
  tinet_error err;

  must(tinet__url_parse(base_text, true, &base, NULL) == 0);
  if (tinet__url_resolve(&base, reference, &url, &err) == 0)
    check(&url, true);
  else
    must(err.code < 0 && err.text[0]);
  tinet__url_free(&url);
  tinet__url_free(&base);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  char *text = tinet__strndup((const char *)data, size);
  struct tinet__url url = {0}, with = {0};
  tinet_error err;

  if (tinet__url_parse(text, true, &url, &err) == 0) {
    check(&url, true);
    must(tinet__url_add_query(&url, "k=v", &with) == 0);
    check(&with, true);
  } else {
    must(err.code < 0 && err.text[0]);
  }
  tinet__url_free(&url);
  tinet__url_free(&with);
  if (tinet__url_parse(text, false, &url, &err) == 0)
    check(&url, false);
  tinet__url_free(&url);
  resolve("http://a/b/c/d;p?q#f", text);
  resolve("https://u:p@[::1]:8443", text);
  tinet__free(text);
  return 0;
}
