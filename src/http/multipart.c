/* multipart.c - multipart/form-data.  ti: HTTPClient.send, rfc: 7578 */
#include "body_private.h"
#include "media_type.h"

#include "../core/alloc.h"
#include "../core/str.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define BOUNDARY_RANDOM 24 /* characters of 6 bits */

static int make_boundary(char *to, size_t size)
{
  static const char alphabet[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  unsigned char random[BOUNDARY_RANDOM];
  size_t n;

  if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
    return TINET_ESYSTEM;
  n = (size_t)snprintf(to, size, "tinet-");
  for (size_t i = 0; i < sizeof random; i++)
    to[n++] = alphabet[random[i] & 63];
  to[n] = 0;
  return TINET_OK;
}

/* Quotes and line ends would break the header.  WHATWG form-data encoding. */
static int add_quoted(struct tinet__buf *b, const char *s)
{
  int err = tinet__buf_addc(b, '"');

  for (; err == TINET_OK && *s; s++) {
    if (*s == '"')
      err = tinet__buf_adds(b, "%22");
    else if (*s == '\r')
      err = tinet__buf_adds(b, "%0D");
    else if (*s == '\n')
      err = tinet__buf_adds(b, "%0A");
    else
      err = tinet__buf_addc(b, *s);
  }
  return err < 0 ? err : tinet__buf_addc(b, '"');
}

/* A string is form-urlencoded as a whole body, but not as a part of one. */
static const char *part_type(const tinet_http_body *content)
{
  if (content->type == NULL || content->has_default_type)
    return "application/octet-stream";
  return content->type;
}

/* The last path component of a file, else `<index><unix time>.<ext>`. */
static int add_filename(struct tinet__buf *b, const struct tinet__field *f,
                        size_t index)
{
  const char *path =
      f->content->n_segments > 0 ? f->content->segments[0].path : NULL;
  const char *slash = path ? strrchr(path, '/') : NULL;
  const char *extension = tinet__media_extension(part_type(f->content));
  char name[64];

  if (f->filename)
    return add_quoted(b, f->filename);
  if (path)
    return add_quoted(b, slash ? slash + 1 : path);
  (void)snprintf(name, sizeof name, "%zu%lld%s%s", index, (long long)time(NULL),
                 extension ? "." : "", extension ? extension : "");
  return add_quoted(b, name);
}

static int add_part_head(struct tinet__buf *b, const char *boundary,
                         const struct tinet__field *f, size_t index)
{
  int err = tinet__buf_addf(
      b, "--%s\r\nContent-Disposition: form-data; name=", boundary);

  if (err == TINET_OK)
    err = add_quoted(b, f->name);
  if (err == TINET_OK && f->kind == TINET__FIELD_JSON)
    err = tinet__buf_adds(b, "\r\nContent-Type: application/json; "
                             "charset=UTF-8");
  if (err == TINET_OK && f->kind == TINET__FIELD_FILE) {
    err = tinet__buf_adds(b, "; filename=");
    if (err == TINET_OK)
      err = add_filename(b, f, index);
    if (err == TINET_OK)
      err = tinet__buf_addf(b, "\r\nContent-Type: %s", part_type(f->content));
  }
  return err < 0 ? err : tinet__buf_adds(b, "\r\n\r\n");
}

/* Does a part that is in memory contain the boundary? */
static bool is_used(const tinet_http_form *form, const char *boundary)
{
  size_t len = strlen(boundary);

  for (size_t i = 0; i < form->n_fields; i++) {
    const struct tinet__field *f = &form->fields[i];

    if (f->kind != TINET__FIELD_FILE) {
      if (memmem(f->value, f->value_len, boundary, len))
        return true;
      continue;
    }
    for (size_t k = 0; k < f->content->n_segments; k++) {
      const struct tinet__segment *s = &f->content->segments[k];

      if (s->kind == TINET__SEGMENT_MEMORY &&
          memmem(s->data, (size_t)s->len, boundary, len))
        return true;
    }
  }
  return false;
}

/* Puts what was written so far into the body as a segment. */
static int flush(struct tinet__buf *text, tinet_http_body *b)
{
  struct tinet__segment s = {.fd = -1, .len = (int64_t)text->len};

  s.data = tinet__buf_take(text, NULL);
  return tinet__body_add(b, &s);
}

static int add_part(tinet_http_body *b, struct tinet__buf *text,
                    const char *boundary, const struct tinet__field *f,
                    size_t index)
{
  int err = add_part_head(text, boundary, f, index);

  if (err < 0)
    return err;
  if (f->kind != TINET__FIELD_FILE) {
    err = tinet__buf_add(text, f->value, f->value_len);
    return err < 0 ? err : tinet__buf_adds(text, "\r\n");
  }
  err = flush(text, b);
  for (size_t i = 0; err == TINET_OK && i < f->content->n_segments; i++) {
    struct tinet__segment lent = f->content->segments[i];

    lent.is_lent = true;
    err = tinet__body_add(b, &lent);
  }
  return err < 0 ? err : tinet__buf_adds(text, "\r\n");
}

static int set_type(tinet_http_body *b, const char *boundary)
{
  char type[96];

  (void)snprintf(type, sizeof type, "multipart/form-data; boundary=%s",
                 boundary);
  return tinet__body_set_type(b, type);
}

int tinet__multipart_build(const tinet_http_form *form, tinet_http_body *b)
{
  struct tinet__buf text = TINET__BUF_INIT;
  char boundary[48];
  int err;

  do
    err = make_boundary(boundary, sizeof boundary);
  while (err == TINET_OK && is_used(form, boundary));
  if (err == TINET_OK)
    err = set_type(b, boundary);
  for (size_t i = 0; err == TINET_OK && i < form->n_fields; i++)
    err = add_part(b, &text, boundary, &form->fields[i], i);
  if (err == TINET_OK)
    err = tinet__buf_addf(&text, "--%s--\r\n", boundary);
  if (err == TINET_OK)
    err = flush(&text, b);
  tinet__buf_free(&text);
  return err;
}
