/* redirect.c - what the next hop looks like.  ti: HTTPClient.autoRedirect, rfc:
 * 9110 15.4 */
#include "redirect.h"

#include "../core/error.h"
#include "../core/str.h"

#include <string.h>

static bool is_redirect(int status)
{
  return status == 301 || status == 302 || status == 303 || status == 307 ||
         status == 308;
}

/* 303 always asks for the answer elsewhere; 301 and 302 turn a POST into a GET,
 * as browsers do. */
static bool becomes_get(int status, const char *method)
{
  if (status == 303)
    return strcmp(method, "HEAD") != 0;
  return (status == 301 || status == 302) && strcmp(method, "POST") == 0;
}

/* NOLINTNEXTLINE(readability-function-size): six facts, two results */
int tinet__redirect_decide(int status, const char *location, const char *method,
                           const struct tinet__url *from, unsigned n_followed,
                           unsigned max, struct tinet__redirect *ret_redirect,
                           tinet_error *err)
{
  struct tinet__redirect r = {0};
  int code;

  if (!is_redirect(status) || !location) {
    *ret_redirect = r;
    return TINET_OK;
  }
  if (n_followed >= max)
    return tinet__error_set(err, TINET_EREDIRECT, TINET_ORIGIN_TINET, 0,
                            "%s: more than %u redirects", from->host, max);
  code = tinet__url_resolve(from, location, &r.url, err);
  if (code < 0)
    return code;
  r.is_followed = true;
  r.is_get = becomes_get(status, method);
  r.drops_body = r.is_get;
  r.is_cross_origin = !tinet__url_same_origin(from, &r.url);
  *ret_redirect = r;
  return TINET_OK;
}

static void remove_content_fields(struct tinet__headers *headers)
{
  for (size_t i = headers->n_fields; i-- > 0;) {
    const char *name = tinet__headers_name(headers, i);

    if (tinet__istarts(name, "Content-")) {
      (void)tinet__headers_remove(headers, name);
      i = headers->n_fields; /* more than one may have gone */
    }
  }
}

void tinet__redirect_strip(const struct tinet__redirect *r,
                           struct tinet__headers *headers)
{
  if (r->drops_body)
    remove_content_fields(headers);
  if (!r->is_cross_origin)
    return;
  (void)tinet__headers_remove(headers, "Authorization");
  (void)tinet__headers_remove(headers, "Proxy-Authorization");
  (void)tinet__headers_remove(headers, "Cookie");
  (void)tinet__headers_remove(headers, "Host"); /* named the old one */
}
