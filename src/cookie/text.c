/* text.c - batches of cookies: read, checked, stored at once or not at all. */
#include "text.h"

#include "../core/error.h"
#include "jar_private.h"
#include "usable.h"

#include <string.h>

/* ---- a batch ---- */

int tinet__cookie_batch_fail(struct tinet__cookie_batch *b, int code,
                             unsigned line, const char *field, const char *why)
{
  return tinet__error_set(b->err, code, TINET_ORIGIN_TINET, (long)line,
                          "line %u: %s %s", line, field, why);
}

static size_t size_of(const char *text)
{
  return text ? strlen(text) + 1 : 0;
}

static const char *keep(char **to, const char *text)
{
  char *at = *to;
  size_t size = size_of(text);

  if (!text)
    return NULL;
  memcpy(at, text, size);
  *to += size;
  return at;
}

/* The block begins with the name. */
static int copy_strings(tinet_cookie *c)
{
  char *to = tinet__alloc(size_of(c->name) + size_of(c->value) +
                          size_of(c->domain) + size_of(c->path) +
                          size_of(c->comment) + size_of(c->original_url));

  if (!to)
    return TINET_ENOMEM;
  c->name = keep(&to, c->name);
  c->value = keep(&to, c->value);
  c->domain = keep(&to, c->domain);
  c->path = keep(&to, c->path);
  c->comment = keep(&to, c->comment);
  c->original_url = keep(&to, c->original_url);
  return TINET_OK;
}

static int make_room(struct tinet__cookie_batch *b)
{
  size_t cap = b->cap ? b->cap * 2 : 16;
  tinet_cookie *grown;

  if (b->n < b->cap)
    return TINET_OK;
  grown = tinet__realloc(b->cookies, cap * sizeof *grown);
  if (!grown)
    return TINET_ENOMEM;
  b->cookies = grown;
  b->cap = cap;
  return TINET_OK;
}

int tinet__cookie_batch_add(struct tinet__cookie_batch *b,
                            const tinet_cookie *cookie, unsigned line)
{
  TINET_CLEANUP(tinet__freep) char *domain = NULL;
  struct tinet__cookie_fault fault;
  tinet_cookie c;
  int err =
      tinet__cookie_make_usable(cookie, true, b->now_us, &c, &domain, &fault);

  if (err == TINET_ECOOKIE)
    return tinet__cookie_batch_fail(b, err, line, fault.field, fault.why);
  if (err < 0)
    return err;
  if (c.is_persistent && c.expires_ms <= b->now_us / 1000)
    return TINET_OK; /* an old file does not remove what is new */
  if (c.created_us < 0 || c.created_us > b->now_us)
    c.created_us = 0;
  err = make_room(b);
  if (err == TINET_OK)
    err = copy_strings(&c);
  if (err == TINET_OK)
    b->cookies[b->n++] = c;
  return err;
}

void tinet__cookie_batch_free(struct tinet__cookie_batch *b)
{
  for (size_t i = 0; i < b->n; i++)
    tinet__free((char *)(uintptr_t)b->cookies[i].name);
  tinet__free(b->cookies);
  b->cookies = NULL;
  b->n = b->cap = 0;
}

/* ---- the public functions ---- */

/* As some editors begin a file in UTF-8. */
static size_t mark_len(const char *text, size_t len)
{
  return len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

int tinet_cookie_jar_import(tinet_cookie_jar *jar, tinet_cookie_format format,
                            const char *text, size_t len, size_t *ret_n,
                            tinet_error *err)
{
  struct tinet__cookie_batch batch = {.err = err};
  size_t skip;
  int code;

  if (!jar || (!text && len > 0) || (unsigned)format > TINET_COOKIE_FORMAT_JSON)
    return TINET_EINVAL;
  if (len > TINET__COOKIE_MAX_TEXT)
    return tinet__error_set(err, TINET_ESYNTAX, TINET_ORIGIN_TINET, 0,
                            "the text is longer than %u bytes",
                            TINET__COOKIE_MAX_TEXT);
  text = text ? text : "";
  skip = mark_len(text, len);
  batch.now_us = tinet__jar_now_us(jar);
  code = format == TINET_COOKIE_FORMAT_JSON
             ? tinet__cookie_read_json(&batch, text + skip, len - skip)
             : tinet__cookie_read_netscape(&batch, text + skip, len - skip);
  if (code == TINET_OK)
    code = tinet__jar_add_all(jar, batch.cookies, batch.n);
  if (code == TINET_OK && ret_n)
    *ret_n = batch.n;
  tinet__cookie_batch_free(&batch);
  return code;
}

int tinet_cookie_list_export(const tinet_cookie_list *list,
                             tinet_cookie_format format, bool with_values,
                             char **ret_text)
{
  struct tinet__buf text = TINET__BUF_INIT;
  int err;

  if (!list || !ret_text || (unsigned)format > TINET_COOKIE_FORMAT_JSON)
    return TINET_EINVAL;
  err = format == TINET_COOKIE_FORMAT_JSON
            ? tinet__cookie_write_json(&text, list, with_values)
            : tinet__cookie_write_netscape(&text, list, with_values);
  if (err == TINET_OK)
    *ret_text = tinet__buf_take(&text, NULL);
  tinet__buf_free(&text);
  return err;
}
