/* jar_url.c - the jar's functions that take a URL as text. */
#include "jar_private.h"

#include "../core/url.h"
#include "set_cookie.h"

#include <string.h>

static int parse(const char *text, struct tinet__url *url,
                 struct tinet__cookie_place *place)
{
  int err = tinet__url_parse(text, true, url, NULL);

  if (err < 0)
    return err;
  place->host = url->host;
  place->path = url->path;
  place->is_ip = url->is_ipv6 || tinet__cookie_is_address(url->host);
  place->is_secure = url->is_https;
  return TINET_OK;
}

int tinet_cookie_jar_receive(tinet_cookie_jar *jar, const char *url,
                             const char *set_cookie, size_t len,
                             tinet_cookie_verdict *ret_verdict)
{
  tinet_cookie_verdict verdict = TINET_COOKIE_UNUSABLE_URL;
  struct tinet__cookie_place place;
  struct tinet__url parsed = {0};
  int err;

  if (!jar || !url || (!set_cookie && len > 0))
    return TINET_EINVAL;
  err = parse(url, &parsed, &place);
  if (err == TINET_OK)
    err = tinet__cookie_jar_receive(jar, &place, set_cookie ? set_cookie : "",
                                    len, &verdict);
  else if (err != TINET_ENOMEM)
    err = TINET_OK; /* the verdict says it */
  tinet__url_free(&parsed);
  if (err == TINET_OK && ret_verdict)
    *ret_verdict = verdict;
  return err;
}

int tinet_cookie_jar_header(tinet_cookie_jar *jar, const char *url,
                            char **ret_header)
{
  struct tinet__buf value = TINET__BUF_INIT;
  struct tinet__cookie_place place;
  struct tinet__url parsed = {0};
  int err;

  if (!jar || !url || !ret_header)
    return TINET_EINVAL;
  err = parse(url, &parsed, &place);
  if (err == TINET_OK)
    err = tinet__cookie_jar_header(jar, &place, NULL, &value);
  tinet__url_free(&parsed);
  if (err < 0) {
    tinet__buf_free(&value);
    return err;
  }
  *ret_header = value.len > 0 ? tinet__buf_take(&value, NULL) : NULL;
  tinet__buf_free(&value);
  return TINET_OK;
}

const char *tinet_cookie_verdict_name(tinet_cookie_verdict v)
{
  static const char *const names[] = {
      "stored",         "removed",        "syntax",       "too-large",
      "wrong-domain",   "public-suffix",  "not-secure",   "prefix",
      "same-site-none", "shadows-secure", "unusable-url",
  };

  return (size_t)v < sizeof names / sizeof *names ? names[v] : "unknown";
}
