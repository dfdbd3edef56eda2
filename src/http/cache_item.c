/* cache_item.c - stored responses in memory. */
#include "cache_private.h"

#include "../core/alloc.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

struct tinet__cache_body *tinet__cache_body_new(void)
{
  struct tinet__cache_body *body = tinet__zalloc(sizeof *body);

  if (!body)
    return NULL;
  body->fd = -1;
  atomic_init(&body->n_refs, 1);
  return body;
}

struct tinet__cache_body *tinet__cache_body_ref(struct tinet__cache_body *body)
{
  atomic_fetch_add(&body->n_refs, 1);
  return body;
}

void tinet__cache_body_unref(struct tinet__cache_body *body)
{
  if (!body || atomic_fetch_sub(&body->n_refs, 1) > 1)
    return;
  if (body->fd >= 0)
    (void)close(body->fd);
  tinet__free(body->data);
  tinet__free(body);
}

int64_t tinet__cache_body_read(const struct tinet__cache_body *body,
                               uint64_t offset, void *to, size_t max)
{
  uint64_t left = offset < body->len ? body->len - offset : 0;
  size_t want = left < max ? (size_t)left : max;
  ssize_t n;

  if (want == 0)
    return 0;
  if (body->data) {
    memcpy(to, body->data + offset, want);
    return (int64_t)want;
  }
  do
    n = pread(body->fd, to, want, (off_t)offset);
  while (n < 0 && errno == EINTR);
  return n > 0 ? n : TINET_ESTORE; /* shorter than it was: not ours any more */
}

struct tinet__cache_item *tinet__cache_item_new(void)
{
  struct tinet__cache_item *item = tinet__zalloc(sizeof *item);

  if (item)
    atomic_init(&item->n_refs, 1);
  return item;
}

struct tinet__cache_item *tinet__cache_item_ref(struct tinet__cache_item *item)
{
  atomic_fetch_add(&item->n_refs, 1);
  return item;
}

void tinet__cache_item_unref(struct tinet__cache_item *item)
{
  if (!item || atomic_fetch_sub(&item->n_refs, 1) > 1)
    return;
  tinet__cache_body_unref(item->body);
  tinet__headers_free(&item->headers);
  tinet__free(item->url);
  tinet__free(item->scope);
  tinet__free(item->vary);
  tinet__free(item->phrase);
  tinet__free(item);
}

struct tinet__cache_item *
tinet__cache_item_copy(const struct tinet__cache_item *item)
{
  TINET_CLEANUP(tinet__cache_item_unrefp)
  struct tinet__cache_item *copy = tinet__cache_item_new();

  if (!copy)
    return NULL;
  copy->url = tinet__strdup(item->url);
  copy->scope = tinet__strdup(item->scope);
  copy->vary = tinet__strdup(item->vary);
  copy->phrase = tinet__strdup(item->phrase);
  if (!copy->url || !copy->scope || !copy->vary || !copy->phrase ||
      tinet__headers_copy(&copy->headers, &item->headers) < 0)
    return NULL;
  memcpy(copy->variant, item->variant, sizeof copy->variant);
  copy->status = item->status;
  copy->http_version = item->http_version;
  copy->request_s = item->request_s;
  copy->response_s = item->response_s;
  copy->body = item->body ? tinet__cache_body_ref(item->body) : NULL;
  return TINET_TAKE(copy);
}

struct tinet__cache_response
tinet__cache_item_response(const struct tinet__cache_item *item)
{
  struct tinet__cache_response r = {item->status, &item->headers,
                                    item->request_s, item->response_s};

  return r;
}

uint64_t tinet__cache_item_size(const struct tinet__cache_item *item)
{
  return item->body->len + item->headers.text.len + strlen(item->url);
}

bool tinet__cache_item_is_same(const struct tinet__cache_item *a,
                               const struct tinet__cache_item *b)
{
  return strcmp(a->url, b->url) == 0 && strcmp(a->scope, b->scope) == 0 &&
         strcmp(a->vary, b->vary) == 0 && strcmp(a->variant, b->variant) == 0;
}

bool tinet__cache_item_answers(const struct tinet__cache_item *item,
                               const char *url, const char *scope,
                               const struct tinet__headers *request)
{
  char variant[65];

  return strcmp(item->url, url) == 0 && strcmp(item->scope, scope) == 0 &&
         tinet__cache_variant(item->vary, request, variant) == TINET_OK &&
         strcmp(item->variant, variant) == 0;
}
