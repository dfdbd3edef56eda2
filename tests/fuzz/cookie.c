/* cookie.c - fuzz target: Set-Cookie fields, or a file to import.
 *
 * A first byte of 'N' or 'J' is a file, cookies.txt or JSON; else every line is
 * a field of a response from the URL of the first line.
 */
#include "cookie/jar_private.h"
#include "cookie/set_cookie.h"
#include "core/alloc.h"
#include "core/str.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool is_true)
{
  if (!is_true)
    abort();
}

static int64_t clock_us(void)
{
  return INT64_C(1700000000000000);
}

static tinet_cookie_jar *open_jar(void)
{
  tinet_cookie_jar_options opt;
  tinet_cookie_jar *jar = NULL;

  tinet_cookie_jar_options_init(&opt);
  opt.max_per_domain = 5;
  opt.max_total = 10;
  must(tinet_cookie_jar_open(&opt, &jar, NULL) == 0);
  tinet__cookie_jar_set_clock(jar, clock_us);
  return jar;
}

static bool is_clean(const char *s)
{
  for (; *s; s++)
    if (((unsigned char)*s < 0x20 && *s != '\t') || *s == 0x7f || *s == ';')
      return false;
  return true;
}

static void check_cookie(const tinet_cookie *c)
{
  size_t len = strlen(c->domain);

  must(is_clean(c->name) && is_clean(c->value) && !strpbrk(c->path, "\r\n"));
  must(*c->name || *c->value);
  must(strlen(c->name) + strlen(c->value) <= TINET__COOKIE_MAX_PAIR);
  must(c->path[0] == '/');
  must(len > 0 && c->domain[0] != '.' && !strpbrk(c->domain, "\t "));
  for (size_t i = 0; i < len; i++)
    must(tinet__lower(c->domain[i]) == c->domain[i]);
  must(!tinet__cookie_is_address(c->domain) || c->is_host_only);
  must(c->is_host_only || !tinet__psl_is_suffix(c->domain));
  must(c->same_site != TINET_COOKIE_SAME_SITE_NONE || c->is_secure);
  must(tinet__cookie_prefix_is_kept(c));
  if (c->is_persistent) {
    must(c->expires_ms > clock_us() / 1000);
    must(c->expires_ms <= clock_us() / 1000 + TINET__COOKIE_MAX_AGE_S * 1000);
  }
}

/* What is written can be read again, and is written the same then. */
static void check_format(const tinet_cookie_list *list,
                         tinet_cookie_format format)
{
  tinet_cookie_jar *again = open_jar();
  tinet_cookie_list *list_again = NULL;
  char *text = NULL;
  int err;

  must(tinet_cookie_list_export(list, format, true, &text) == 0);
  must(tinet__utf8_is_valid(text, strlen(text)) ||
       format == TINET_COOKIE_FORMAT_NETSCAPE);
  err = tinet_cookie_jar_import(again, format, text, strlen(text), NULL, NULL);
  /* What had bytes that are not UTF-8 is longer now, and may be too long. */
  must(err == 0 || err == TINET_ECOOKIE);
  must(tinet_cookie_jar_find(again, NULL, NULL, NULL, &list_again) == 0);
  must(list_again->n_cookies <= list->n_cookies);
  tinet_cookie_list_free(list_again);
  tinet_free(text);
  tinet_cookie_jar_unref(again);
}

static void check_jar(tinet_cookie_jar *jar)
{
  tinet_cookie_list *list = NULL;

  must(tinet_cookie_jar_find(jar, NULL, NULL, NULL, &list) == 0);
  must(list->n_cookies == tinet_cookie_jar_count(jar));
  must(list->n_cookies <= 10);
  for (size_t i = 0; i < list->n_cookies; i++)
    check_cookie(&list->cookies[i]);
  check_format(list, TINET_COOKIE_FORMAT_NETSCAPE);
  check_format(list, TINET_COOKIE_FORMAT_JSON);
  for (size_t i = 0; i < list->n_cookies; i++)
    must(tinet_cookie_jar_remove_domain(jar, list->cookies[i].domain) == 0);
  must(tinet_cookie_jar_count(jar) == 0);
  tinet_cookie_list_free(list);
}

static void receive_lines(tinet_cookie_jar *jar, const char *text, size_t len)
{
  const char *end = text + len;
  const char *lf = len ? memchr(text, '\n', len) : NULL;
  char *url = tinet__strndup(text, lf ? (size_t)(lf - text) : len);

  must(url != NULL);
  while (lf) {
    const char *line = lf + 1;
    size_t left = (size_t)(end - line);
    tinet_cookie_verdict v;
    char *header = NULL;
    int err;

    lf = left ? memchr(line, '\n', left) : NULL;
    must(tinet_cookie_jar_receive(jar, url, line,
                                  lf ? (size_t)(lf - line) : left, &v) == 0);
    err = tinet_cookie_jar_header(jar, url, &header);
    must((err == 0) == (v != TINET_COOKIE_UNUSABLE_URL));
    must(!header || (*header && !strpbrk(header, "\r\n")));
    tinet_free(header);
  }
  tinet__free(url);
}

static void import_file(tinet_cookie_jar *jar, tinet_cookie_format format,
                        const char *text, size_t len)
{
  tinet_error err = {0};
  size_t n = 0;
  int code = tinet_cookie_jar_import(jar, format, text, len, &n, &err);

  must(code == 0 || code == TINET_ESYNTAX || code == TINET_ECOOKIE);
  must(code == 0 || (err.code == code && !strncmp(err.text, "line ", 5)));
  must(code == 0 || tinet_cookie_jar_count(jar) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  const char *text = (const char *)data;
  tinet_cookie_jar *jar = open_jar();
  int64_t ms;

  if (size > 0 && (*text == 'N' || *text == 'J'))
    import_file(jar,
                *text == 'N' ? TINET_COOKIE_FORMAT_NETSCAPE
                             : TINET_COOKIE_FORMAT_JSON,
                text + 1, size - 1);
  else
    receive_lines(jar, text, size);
  (void)tinet_cookie_parse_date(text, size, &ms);
  check_jar(jar);
  tinet_cookie_jar_unref(jar);
  return 0;
}
