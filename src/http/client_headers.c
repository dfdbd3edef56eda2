/* client_headers.c - which header fields a request carries.
 *
 * Defaults, then what the application set: its fields replace defaults, a
 * removed one suppresses the default too.  ti: HTTPClient.setRequestHeader
 */
#include "http_private.h"

#include "../core/str.h"

#include <string.h>

/* The transport frames the message and names the host by itself. */
static bool is_framing(const char *name)
{
  return tinet__ieq(name, "Content-Length") ||
         tinet__ieq(name, "Transfer-Encoding");
}

static int set_in(struct tinet__headers *h, const char *name, const char *value)
{
  const char *old = tinet__headers_get(h, name);

  if (!value)
    return tinet__headers_set(h, name, TINET__REMOVED);
  if (!old || strcmp(old, TINET__REMOVED) == 0)
    return tinet__headers_set(h, name, value);
  return tinet__headers_join(h, name, value,
                             tinet__ieq(name, "Cookie") ? "; " : ", ");
}

int tinet_http_client_set_header(tinet_http_client *c, const char *name,
                                 const char *value)
{
  bool is_next;
  int err;

  if (!c || !name)
    return TINET_EINVAL;
  if (!tinet__is_token(name, strlen(name)) ||
      (value && !tinet__header_value_is_ok(value, strlen(value))))
    return TINET_EHEADER;
  if (c->phase != TINET__IDLE)
    return TINET_ESTATE;
  is_next = c->state == TINET_HTTP_UNSENT || c->state == TINET_HTTP_DONE;
  err = set_in(is_next ? &c->next_headers : &c->app_headers, name, value);
  if (err == TINET_OK && c->state == TINET_HTTP_UNSENT) /* last: it calls out */
    tinet__http_warn(c->http,
                     "setRequestHeader('%s') before open(): the header is kept "
                     "for the next open()",
                     name);
  return err;
}

int tinet__client_merge_headers(struct tinet__headers *to,
                                const struct tinet__headers *from)
{
  for (size_t i = 0; i < from->n_fields; i++) {
    const char *value = tinet__headers_value(from, i);
    int err = set_in(to, tinet__headers_name(from, i),
                     strcmp(value, TINET__REMOVED) == 0 ? NULL : value);

    if (err < 0)
      return err;
  }
  return TINET_OK;
}

/* Replaces or removes what the application said something about. */
static int apply(struct tinet__headers *to, const struct tinet__headers *from)
{
  for (size_t i = 0; i < from->n_fields; i++) {
    const char *name = tinet__headers_name(from, i);
    const char *value = tinet__headers_value(from, i);
    int err = TINET_OK;

    if (is_framing(name) || strcmp(value, TINET__REMOVED) == 0)
      (void)tinet__headers_remove(to, name);
    else
      err = tinet__headers_set(to, name, value);
    if (err < 0)
      return err;
  }
  return TINET_OK;
}

int tinet__client_build_headers(tinet_http_client *c)
{
  const char *type = NULL;
  int err = tinet__headers_copy(&c->hop_headers, &c->http->defaults);

  if (err < 0)
    return err;
  if (tinet__client_sends_body(c) && c->body)
    type = tinet_http_body_type(c->body);
  if (type) {
    err = tinet__headers_set(&c->hop_headers, "Content-Type", type);
    if (err < 0)
      return err;
  }
  if (c->settings.uses_cache) { /* ti: HTTPClient.cache */
    (void)tinet__headers_remove(&c->hop_headers, "Cache-Control");
    (void)tinet__headers_remove(&c->hop_headers, "Pragma");
  }
  err = apply(&c->hop_headers, &c->carried);
  if (err < 0)
    return err;
  /* Both are asked for each hop anew. */
  err = tinet__client_cookie_header(c);
  if (err < 0)
    return err;
  return tinet__client_auth_header(c);
}

int tinet_http_client_all_request_headers(const tinet_http_client *c,
                                          char **ret_text)
{
  struct tinet__headers set = {0};
  int err;

  if (!c || !ret_text)
    return TINET_EINVAL;
  err = apply(&set, &c->app_headers);
  if (err == TINET_OK)
    err = tinet__headers_text(&set, ret_text);
  tinet__headers_free(&set);
  return err;
}
