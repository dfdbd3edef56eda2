/* header.c - fuzz target: the lines of a response's header block. */
#include "core/alloc.h"
#include "http/header.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool is_true)
{
  if (!is_true)
    abort();
}

static void check_status_line(const char *line, size_t len)
{
  int version = 0, status = 0;
  struct tinet__span phrase = {NULL, 0};

  if (tinet__status_line_parse(line, len, &version, &status, &phrase) < 0)
    return;
  must(version == 10 || version == 11 || version == 20);
  must(status >= 100 && status <= 999);
  must(phrase.p >= line && phrase.p + phrase.len <= line + len);
  must(tinet__header_value_is_ok(phrase.p, phrase.len));
  (void)tinet__status_phrase(status);
}

static void check(const struct tinet__headers *h, size_t size)
{
  for (size_t i = 0; i < h->n_fields; i++) {
    const char *name = tinet__headers_name(h, i);
    const char *value = tinet__headers_value(h, i);
    size_t len = strlen(value);
    char *joined = NULL;

    must(strlen(name) == h->fields[i].name_len);
    must(len == h->fields[i].value_len);
    must(tinet__is_token(name, strlen(name)));
    must(tinet__header_value_is_ok(value, len));
    must(tinet__trim(value, len).len == len);
    must(tinet__headers_get(h, name) != NULL);
    if (i > 8)
      continue; /* once more for each would be slow */
    must(tinet__headers_joined(h, name, &joined) == 0);
    must(strlen(joined) >= len);
    tinet__free(joined);
  }
  /* Many continuations must not cost more than they are long. */
  must(h->text.cap <= 8 * size + 256);
}

static void change(struct tinet__headers *h)
{
  struct tinet__headers copy = {0};
  char *text = NULL;
  size_t n = h->n_fields;

  must(tinet__headers_copy(&copy, h) == 0);
  must(tinet__headers_text(&copy, &text) == 0);
  tinet__free(text);
  must(tinet__headers_join(&copy, "a", "b", ", ") == 0);
  must(tinet__headers_set(&copy, "A", "c") == 0);
  must(strcmp(tinet__headers_get(&copy, "a"), "c") == 0);
  must(tinet__headers_remove(&copy, "a") == 1);
  must(copy.n_fields <= n && h->n_fields == n);
  tinet__headers_free(&copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct tinet__headers h = {0};
  const char *at = (const char *)data, *end = at + size;

  while (at < end) {
    const char *lf = memchr(at, '\n', (size_t)(end - at));
    size_t len = (size_t)((lf ? lf + 1 : end) - at), n = h.n_fields;
    int err = tinet__headers_parse_line(&h, at, len);

    must(err == 0 || (err == TINET_EPROTOCOL && h.n_fields == n));
    check_status_line(at, len);
    at += len;
  }
  check(&h, size);
  change(&h);
  tinet__headers_free(&h);
  return 0;
}
