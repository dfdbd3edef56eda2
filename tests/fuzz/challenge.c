/* challenge.c - fuzz target: WWW-Authenticate fields, a line each, and Digest
 * answers to what they ask. */
#include "core/alloc.h"
#include "http/auth_digest.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool is_true)
{
  if (!is_true)
    abort();
}

static void answer(const struct tinet__challenge *c)
{
  static const struct tinet__digest_request request = {.method = "GET",
                                                       .uri = "/",
                                                       .username = "me",
                                                       .password = "secret",
                                                       .body_hash = "0"};
  struct tinet__buf to = TINET__BUF_INIT;
  struct tinet__digest *d;

  if (tinet__digest_new(c, &d) < 0)
    return;
  must(tinet__digest_answer(d, &request, &to) == 0);
  must(strncmp(to.data, "Digest ", 7) == 0 && strlen(to.data) == to.len);
  must(strstr(to.data, "secret") == NULL || strstr(d->realm, "secret") ||
       strstr(d->nonce, "secret") ||
       (d->opaque && strstr(d->opaque, "secret")));
  tinet__digest_note_info(d, c->n_params ? c->params[0].value : "");
  tinet__buf_free(&to);
  tinet__digest_unref(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct tinet__headers h = {0};
  struct tinet__challenges list;
  const char *at = (const char *)data, *end = at + size;

  while (at < end) {
    const char *lf = memchr(at, '\n', (size_t)(end - at));
    size_t len = (size_t)((lf ? lf : end) - at);

    if (tinet__header_value_is_ok(at, len) && !memchr(at, '\0', len))
      must(tinet__headers_add(&h, "WWW-Authenticate", 16, at, len) == 0);
    at += len + 1;
  }
  must(tinet__challenges_parse(&h, "www-authenticate", &list) == 0);
  must(list.n <= TINET__MAX_CHALLENGES);
  for (size_t i = 0; i < list.n; i++) {
    must(list.list[i].n_params <= TINET__MAX_AUTH_PARAMS);
    for (size_t j = 0; j < list.list[i].n_params; j++)
      must(tinet__is_token(list.list[i].params[j].name,
                           strlen(list.list[i].params[j].name)));
    answer(&list.list[i]);
  }
  tinet__challenges_free(&list);
  tinet__headers_free(&h);
  return 0;
}
