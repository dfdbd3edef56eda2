/* response.c - reading what a client has received. */
#include "charset.h"
#include "http_private.h"

#include "../core/alloc.h"

#include <errno.h>
#include <unistd.h>

tinet_http_state tinet_http_client_state(const tinet_http_client *c)
{
  return c->state;
}

bool tinet_http_client_is_running(const tinet_http_client *c)
{
  return c->phase != TINET__IDLE;
}

/* The answer to a hop is nobody's business until it is the result. */
static bool is_visible(const tinet_http_client *c)
{
  return c->state >= TINET_HTTP_HEADERS_RECEIVED || c->is_sync;
}

int tinet_http_client_status(const tinet_http_client *c)
{
  return is_visible(c) ? c->status : 0;
}

const char *tinet_http_client_statustext(const tinet_http_client *c)
{
  return is_visible(c) ? c->phrase : NULL;
}

const char *tinet__http_version_text(int version)
{
  switch (version) {
  case 10:
    return "1.0";
  case 11:
    return "1.1";
  case 20:
    return "2";
  default:
    return "";
  }
}

const char *tinet_http_client_http_version(const tinet_http_client *c)
{
  return tinet__http_version_text(is_visible(c) ? c->http_version : 0);
}

const char *tinet_http_client_method(const tinet_http_client *c)
{
  return c->method;
}

const char *tinet_http_client_location(const tinet_http_client *c)
{
  /* ti: HTTPClient.username - user information stays as open got it. */
  if (c->n_redirects > 0 && c->url.text)
    return c->url.text;
  return c->raw_url;
}

const tinet_error *tinet_http_client_error(const tinet_http_client *c)
{
  return &c->error;
}

tinet_http_cache_state tinet_http_client_cache_state(const tinet_http_client *c)
{
  return c ? c->x.cache_state : TINET_HTTP_CACHE_NONE;
}

const tinet_tls_failure *
tinet_http_client_tls_failure(const tinet_http_client *c)
{
  return c ? c->tls_failure : NULL;
}

const tinet_ats_verdict *
tinet_http_client_ats_verdict(const tinet_http_client *c)
{
  return c ? c->verdict : NULL;
}

size_t tinet_http_client_n_headers(const tinet_http_client *c)
{
  return is_visible(c) ? c->headers.n_fields : 0;
}

tinet_http_header tinet_http_client_header_at(const tinet_http_client *c,
                                              size_t index)
{
  if (index >= tinet_http_client_n_headers(c))
    return (tinet_http_header){NULL, NULL};
  return (tinet_http_header){tinet__headers_name(&c->headers, index),
                             tinet__headers_value(&c->headers, index)};
}

int tinet_http_client_header(const tinet_http_client *c, const char *name,
                             char **ret_value)
{
  if (!c || !name || !ret_value)
    return TINET_EINVAL;
  if (!is_visible(c)) {
    *ret_value = NULL;
    return TINET_OK;
  }
  return tinet__headers_joined(&c->headers, name, ret_value);
}

int tinet_http_client_all_headers(const tinet_http_client *c, char **ret_text)
{
  static const struct tinet__headers none;

  if (!c || !ret_text)
    return TINET_EINVAL;
  return tinet__headers_text(is_visible(c) ? &c->headers : &none, ret_text);
}

void tinet_http_client_content(const tinet_http_client *c,
                               tinet_http_content *ret_content)
{
  const struct tinet__sink *s = &c->sink;

  ret_content->fd = s->is_device ? -1 : s->fd;
  ret_content->data = s->fd < 0 && s->len > 0 ? s->mem.data : NULL;
  ret_content->len = s->is_device ? 0 : s->len;
  ret_content->path = s->is_complete ? s->target : NULL;
  ret_content->content_type =
      is_visible(c) ? tinet__headers_get(&c->headers, "Content-Type") : NULL;
}

static int read_all(int fd, char *to, uint64_t len)
{
  uint64_t at = 0;

  while (at < len) {
    ssize_t n = pread(fd, to + at, len - at, (off_t)at);

    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return TINET_ESYSTEM;
    at += (uint64_t)n;
  }
  return TINET_OK;
}

int tinet_http_client_text(const tinet_http_client *c, char **ret_text,
                           size_t *ret_len)
{
  tinet_http_content content;
  char *copy;
  int err;

  if (!c || !ret_text || !ret_len)
    return TINET_EINVAL;
  tinet_http_client_content(c, &content);
  if (content.fd < 0)
    return tinet__charset_decode(
        content.content_type, content.data ? content.data : "",
        content.data ? (size_t)content.len : 0, ret_text, ret_len);
  copy = tinet__alloc((size_t)content.len + 1);
  if (!copy)
    return TINET_ENOMEM;
  err = read_all(content.fd, copy, content.len);
  if (err == TINET_OK)
    err = tinet__charset_decode(content.content_type, copy, (size_t)content.len,
                                ret_text, ret_len);
  tinet__free(copy);
  return err;
}
