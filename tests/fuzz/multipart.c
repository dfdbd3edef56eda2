/* multipart.c - fuzz target: forms of any fields, read back as a receiver
 * would.
 *
 * The input is a row of fields: a byte for the kind, one for the length of the
 * name, one for that of the value, then both.
 */
#include "core/alloc.h"
#include "core/buf.h"
#include "http/body.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FIELDS 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool is_true)
{
  if (!is_true)
    abort();
}

struct input {
  const uint8_t *p;
  size_t len;
};

static char *take(struct input *in, size_t len)
{
  char *s;

  if (len > in->len)
    len = in->len;
  s = tinet__strndup((const char *)in->p, len);
  in->p += len;
  in->len -= len;
  return s;
}

struct sent {
  size_t n, n_files;
  char *values[MAX_FIELDS]; /* owned */
  size_t lens[MAX_FIELDS];
};

static void add_field(tinet_http_form *form, struct input *in, struct sent *s)
{
  uint8_t kind = in->p[0] % 4;
  size_t name_len = in->p[1] % 32, value_len = in->p[2];
  char *name, *value;
  tinet_http_body *content = NULL;

  in->p += 3;
  in->len -= 3;
  name = take(in, name_len);
  if (value_len > in->len)
    value_len = in->len;
  value = take(in, value_len);
  if (kind == 0) {
    must(tinet_http_form_add_text(form, name, value, value_len) == 0);
  } else if (kind == 1) {
    must(tinet_http_form_add_json(form, name, value, value_len) == 0);
  } else {
    must(tinet_http_body_new_bytes(value, value_len, NULL, &content) == 0);
    must(tinet_http_form_add_file(form, name, kind == 2 ? name : NULL,
                                  content) == 0);
    s->n_files++;
  }
  tinet__free(name);
  s->values[s->n] = value;
  s->lens[s->n++] = value_len;
}

/* All of it, in pieces of changing size. */
static void read_all(tinet_http_body *b, struct tinet__buf *to)
{
  char piece[97];
  int64_t n;
  size_t max = 1;

  must(tinet__body_prepare(b) == 0);
  while ((n = tinet__body_read(b, piece, max, NULL)) > 0) {
    must(tinet__buf_add(to, piece, (size_t)n) == 0);
    max = max % sizeof piece + 1;
  }
  must(n == 0 && (int64_t)to->len == tinet_http_body_len(b));
}

static const char *find(const char *p, const char *end, const char *what)
{
  const char *at = memmem(p, (size_t)(end - p), what, strlen(what));

  must(at != NULL);
  return at;
}

/* A part is a head of known lines and the value, byte for byte. */
static void check_parts(const struct tinet__buf *text, const char *type,
                        const struct sent *s)
{
  const char *p = text->data, *end = p + text->len;
  const char *boundary = strstr(type, "boundary=") + 9;
  char delimiter[80];

  must(snprintf(delimiter, sizeof delimiter, "--%s", boundary) < 80);
  for (size_t i = 0; i < s->n; i++) {
    const char *head = p + strlen(delimiter), *value;

    must(strncmp(p, delimiter, strlen(delimiter)) == 0);
    must(strncmp(head, "\r\nContent-Disposition: form-data; name=\"", 39) == 0);
    value = find(head, end, "\r\n\r\n") + 4;
    for (const char *c = head + 2; c < value - 4; c++)
      must((*c != '\r' || c[1] == '\n') && (*c != '\n' || c[-1] == '\r'));
    must((size_t)(end - value) >= s->lens[i] + 2);
    must(memcmp(value, s->values[i], s->lens[i]) == 0);
    p = value + s->lens[i];
    must(memcmp(p, "\r\n", 2) == 0);
    p += 2;
  }
  must((size_t)(end - p) == strlen(delimiter) + 4);
  must(strncmp(p, delimiter, strlen(delimiter)) == 0);
  must(memcmp(end - 4, "--\r\n", 4) == 0);
}

static void check_urlencoded(const struct tinet__buf *text, size_t n)
{
  size_t n_equals = 0;

  for (size_t i = 0; i < text->len; i++) {
    char c = text->data[i];

    must(c > ' ' && c < 0x7f && c != '#' && c != '"');
    n_equals += c == '=';
  }
  must(n_equals == n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct input in = {data, size};
  struct tinet__buf text = TINET__BUF_INIT, again = TINET__BUF_INIT;
  struct tinet__buf query = TINET__BUF_INIT;
  struct sent s = {0};
  tinet_http_form *form = NULL;
  tinet_http_body *body = NULL;

  must(tinet_http_form_new(&form) == 0);
  while (in.len >= 3 && s.n < MAX_FIELDS)
    add_field(form, &in, &s);
  must(tinet_http_body_new_form(form, &body) == 0);
  must(tinet__body_query(body, &query) == 0);
  check_urlencoded(&query, s.n - s.n_files);
  read_all(body, &text);
  if (s.n_files > 0)
    check_parts(&text, tinet_http_body_type(body), &s);
  else
    check_urlencoded(&text, s.n);
  must(tinet__body_rewind(body, NULL) == 0);
  read_all(body, &again);
  must(again.len == text.len);
  must(text.len == 0 || memcmp(again.data, text.data, text.len) == 0);
  for (size_t i = 0; i < s.n; i++)
    tinet__free(s.values[i]);
  tinet__buf_free(&text);
  tinet__buf_free(&again);
  tinet__buf_free(&query);
  tinet_http_body_free(body);
  return 0;
}
