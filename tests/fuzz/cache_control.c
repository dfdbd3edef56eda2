/* cache_control.c - fuzz target: the header fields a cache lives by. */
#include "core/alloc.h"
#include "http/cache_store.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool is_true)
{
  if (!is_true)
    abort();
}

static void check_dates(const struct tinet__headers *h)
{
  for (size_t i = 0; i < h->n_fields; i++) {
    const char *value = tinet__headers_value(h, i);
    int64_t s;

    if (tinet__http_date_parse(value, strlen(value), 1700000000, &s))
      must(s > -62200000000 && s < 253402300800);
  }
}

static void check_deltas(const struct tinet__cache_control *cc)
{
  const int64_t deltas[] = {cc->max_age, cc->max_stale, cc->min_fresh,
                            cc->stale_if_error, cc->stale_while_revalidate};

  for (size_t i = 0; i < sizeof deltas / sizeof *deltas; i++)
    must(deltas[i] >= TINET__DELTA_NONE && deltas[i] <= TINET__DELTA_ANY);
}

/* The same fields as request, response and 304. */
static void check_policy(const struct tinet__headers *h)
{
  struct tinet__cache_response r = {200, h, 1700000000, 1700000001};
  struct tinet__headers stored = {0};
  int64_t age = tinet__cache_age(&r, 1700000002);

  must(age >= 0 && tinet__cache_lifetime(&r) >= 0);
  must(tinet__cache_age(&r, 1700000003) == age + 1);
  (void)tinet__cache_is_storable(h, &r);
  (void)tinet__cache_may_cover_error(h, &r, 1700000002);
  if (tinet__cache_decide(h, &r, 1700000002) == TINET__CACHE_FRESH)
    must(tinet__cache_lifetime(&r) > age);
  must(tinet__cache_storable_fields(h, &stored) == 0);
  must(stored.n_fields <= h->n_fields);
  must(!tinet__headers_get(&stored, "Connection"));
  must(tinet__cache_update(&stored, h) == 0);
  must(tinet__cache_is_same(h, h));
  tinet__headers_free(&stored);
}

static void check_keys(const struct tinet__headers *h)
{
  char *vary = NULL, *scope = NULL;
  char one[65], two[65];

  must(tinet__cache_vary(h, &vary) == 0);
  must(tinet__cache_variant(vary, h, one) == 0);
  must(tinet__cache_variant(vary, h, two) == 0);
  must(strcmp(one, two) == 0 && !*one == !*vary);
  must(tinet__cache_scope("", 0, 0, h, &scope) == 0);
  tinet__free(vary);
  tinet__free(scope);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct tinet__headers h = {0};
  struct tinet__cache_control cc;
  const char *at = (const char *)data, *end = at + size;

  while (at < end && h.n_fields < 32) {
    const char *lf = memchr(at, '\n', (size_t)(end - at));
    size_t len = (size_t)((lf ? lf + 1 : end) - at);

    if (tinet__headers_parse_line(&h, at, len) == TINET_ENOMEM)
      abort();
    at += len;
  }
  tinet__cache_control_parse(&h, &cc);
  check_deltas(&cc);
  check_dates(&h);
  check_policy(&h);
  check_keys(&h);
  tinet__headers_free(&h);
  return 0;
}
