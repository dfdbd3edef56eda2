/* list.c - a copy of cookies in one block of memory. */
#include "list.h"

#include <stdlib.h>
#include <string.h>

void tinet_cookie_list_free(tinet_cookie_list *list)
{
  tinet__free(list);
}

int tinet__cookie_pick(struct tinet__cookie_picks *p,
                       const struct tinet__jar_cookie *c)
{
  size_t cap = p->cap ? p->cap * 2 : 16;
  const struct tinet__jar_cookie **grown;

  if (p->n == p->cap) {
    grown = tinet__realloc(p->cookies, cap * sizeof *grown);
    if (!grown)
      return TINET_ENOMEM;
    p->cookies = grown;
    p->cap = cap;
  }
  p->cookies[p->n++] = c;
  return TINET_OK;
}

/* rfc: 6265bis 5.8.3 - longest path first, then oldest first. */
static int compare(const void *x, const void *y)
{
  const struct tinet__jar_cookie *a =
      *(const struct tinet__jar_cookie *const *)x;
  const struct tinet__jar_cookie *b =
      *(const struct tinet__jar_cookie *const *)y;

  if (a->path_len != b->path_len)
    return a->path_len > b->path_len ? -1 : 1;
  return a->created_us < b->created_us ? -1 : a->created_us > b->created_us;
}

static size_t size_of(const char *text)
{
  return text ? strlen(text) + 1 : 0;
}

static size_t text_size(const struct tinet__jar_cookie *c)
{
  tinet_cookie v;

  tinet__jar_view(c, &v);
  return size_of(v.name) + size_of(v.value) + size_of(v.domain) +
         size_of(v.path) + size_of(v.comment) + size_of(v.original_url);
}

static const char *keep(char **to, const char *text)
{
  char *at = *to;
  size_t n = size_of(text);

  if (!text)
    return NULL;
  memcpy(at, text, n);
  *to += n;
  return at;
}

static void copy(const struct tinet__jar_cookie *c, tinet_cookie *v, char **to)
{
  tinet__jar_view(c, v);
  v->name = keep(to, v->name);
  v->value = keep(to, v->value);
  v->domain = keep(to, v->domain);
  v->path = keep(to, v->path);
  v->comment = keep(to, v->comment);
  v->original_url = keep(to, v->original_url);
}

int tinet__cookie_list_make(struct tinet__cookie_picks *p,
                            tinet_cookie_list **ret_list)
{
  size_t size = sizeof(tinet_cookie_list) + p->n * sizeof(tinet_cookie);
  tinet_cookie_list *list;
  tinet_cookie *cookies;
  char *to;

  if (p->n > 0)
    qsort(p->cookies, p->n, sizeof(*p->cookies), compare);
  for (size_t i = 0; i < p->n; i++)
    size += text_size(p->cookies[i]);
  list = tinet__alloc(size);
  if (list) {
    cookies = (tinet_cookie *)(void *)(list + 1);
    to = (char *)(cookies + p->n);
    for (size_t i = 0; i < p->n; i++)
      copy(p->cookies[i], &cookies[i], &to);
    list->cookies = cookies;
    list->n_cookies = p->n;
    *ret_list = list;
  }
  tinet__free(p->cookies);
  memset(p, 0, sizeof *p);
  return list ? TINET_OK : TINET_ENOMEM;
}
