/* client_cookies.c - the store between two hops.
 *
 * Set-Cookie of every response counts, whatever its status, before the next hop
 * forms its Cookie field.  ti: HTTPClient.clearCookies,
 * HTTPClient.setRequestHeader
 */
#include "http_private.h"

#include "../core/alloc.h"
#include "../core/str.h"
#include "set_cookies.h"

#include <string.h>

/* ti: HTTPClient.setRequestHeader - a name that the response has just set comes
 * from the store, no longer from the application's own field. */
static int drop_given(tinet_http_client *c, const char *name, size_t name_len)
{
  const char *given = tinet__headers_get(&c->carried, "Cookie");
  struct tinet__buf left = TINET__BUF_INIT;
  int err = TINET_OK;

  if (!given || strcmp(given, TINET__REMOVED) == 0)
    return TINET_OK;
  while (*given && err == TINET_OK) {
    size_t len = strcspn(given, ";");
    struct tinet__span pair = tinet__trim(given, len);
    size_t n = 0;

    while (n < pair.len && pair.p[n] != '=')
      n++;
    n = tinet__trim(pair.p, n).len;
    if (pair.len > 0 && (n != name_len || memcmp(pair.p, name, n) != 0)) {
      if (left.len > 0)
        err = tinet__buf_adds(&left, "; ");
      if (err == TINET_OK)
        err = tinet__buf_add(&left, pair.p, pair.len);
    }
    given += len + (given[len] == ';');
  }
  if (err == TINET_OK && left.len > 0)
    err = tinet__headers_set(&c->carried, "Cookie", left.data);
  else if (err == TINET_OK)
    (void)tinet__headers_remove(&c->carried, "Cookie");
  tinet__buf_free(&left);
  return err;
}

static int on_taken(void *user, const char *field)
{
  size_t len = strcspn(field, ";=");
  struct tinet__span name = tinet__trim(field, len);

  return field[len] == '=' ? drop_given(user, name.p, name.len) : TINET_OK;
}

int tinet__client_store_cookies(tinet_http_client *c,
                                const struct tinet__headers *headers)
{
  return tinet__set_cookies(c->http->opt.cookies, &c->url, headers, on_taken,
                            c);
}

int tinet__client_cookie_header(tinet_http_client *c)
{
  tinet_cookie_jar *jar = c->http->opt.cookies;
  struct tinet__cookie_place place;
  struct tinet__buf value = TINET__BUF_INIT;
  const char *given;
  size_t given_len;
  int err = TINET_OK;

  if (c->sends_no_cookies) {
    (void)tinet__headers_remove(&c->hop_headers, "Cookie");
    return TINET_OK;
  }
  if (!jar)
    return TINET_OK;
  given = tinet__headers_get(&c->carried, "Cookie");
  if (given) {
    err = tinet__buf_adds(&value, given);
    if (err == TINET_OK)
      err = tinet__buf_adds(&value, "; ");
  }
  given_len = value.len;
  place = tinet__cookie_place_of(&c->url);
  if (err == TINET_OK)
    err = tinet__cookie_jar_header(jar, &place, given, &value);
  if (err == TINET_OK && value.len > given_len)
    err = tinet__headers_set(&c->hop_headers, "Cookie", value.data);
  tinet__buf_free(&value);
  return err;
}
