/* cache_control.c - Cache-Control, directive by directive. */
#include "cache_control.h"

#include <string.h>

/* One directive; `value` is NULL if it has none, and without its quotes. */
struct directive {
  struct tinet__span name;
  struct tinet__span value;
};

/* Behind the quoted string that starts at `at`. */
static size_t skip_quoted(struct tinet__span s, size_t at)
{
  for (at++; at < s.len && s.p[at] != '"'; at++)
    if (s.p[at] == '\\' && at + 1 < s.len)
      at++;
  return at < s.len ? at + 1 : at;
}

bool tinet__list_next(struct tinet__span *rest, struct tinet__span *ret_item)
{
  while (rest->len > 0) {
    size_t at = 0;
    struct tinet__span item;

    while (at < rest->len && rest->p[at] != ',')
      at = rest->p[at] == '"' ? skip_quoted(*rest, at) : at + 1;
    item = tinet__trim(rest->p, at);
    if (at < rest->len)
      at++; /* the comma */
    rest->p += at;
    rest->len -= at;
    if (item.len > 0) {
      *ret_item = item;
      return true;
    }
  }
  return false;
}

static struct tinet__span unquote(struct tinet__span s)
{
  if (s.len < 2 || s.p[0] != '"' || s.p[s.len - 1] != '"')
    return s;
  s.p++;
  s.len -= 2;
  return s;
}

static struct directive split(struct tinet__span item)
{
  const char *eq = memchr(item.p, '=', item.len);
  struct directive d = {item, {NULL, 0}};

  if (!eq)
    return d;
  d.name = tinet__trim(item.p, (size_t)(eq - item.p));
  d.value = tinet__trim(eq + 1, (size_t)(item.p + item.len - eq - 1));
  d.value = unquote(d.value);
  return d;
}

static bool is_named(const struct directive *d, const char *name)
{
  return tinet__ieqn(d->name.p, d->name.len, name, strlen(name));
}

/* What is no number counts as 0: stale.  rfc: 9111 4.2.1 */
static int64_t delta(const struct directive *d)
{
  uint64_t value;

  if (d->value.len == 0)
    return 0;
  for (size_t i = 0; i < d->value.len; i++)
    if (!tinet__is_digit(d->value.p[i]))
      return 0;
  if (!tinet__parse_u64(d->value.p, d->value.len, &value) ||
      value > TINET__DELTA_MAX)
    return TINET__DELTA_MAX;
  return (int64_t)value;
}

static bool take_flag(struct tinet__cache_control *cc,
                      const struct directive *d)
{
  const struct {
    const char *name;
    bool *flag;
  } flags[] = {
      {"no-store", &cc->no_store},
      {"must-revalidate", &cc->must_revalidate},
      {"must-understand", &cc->must_understand},
      {"public", &cc->is_public},
      {"private", &cc->is_private},
      {"only-if-cached", &cc->only_if_cached},
  };

  for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
    if (is_named(d, flags[i].name)) {
      *flags[i].flag = true;
      return true;
    }
  }
  return false;
}

static void take_delta(struct tinet__cache_control *cc,
                       const struct directive *d)
{
  const struct {
    const char *name;
    int64_t *delta;
  } deltas[] = {
      {"max-age", &cc->max_age},
      {"min-fresh", &cc->min_fresh},
      {"max-stale", &cc->max_stale},
      {"stale-if-error", &cc->stale_if_error},
      {"stale-while-revalidate", &cc->stale_while_revalidate},
  };

  for (size_t i = 0; i < sizeof deltas / sizeof *deltas; i++) {
    if (!is_named(d, deltas[i].name) || *deltas[i].delta != TINET__DELTA_NONE)
      continue;
    *deltas[i].delta = delta(d);
    if (deltas[i].delta == &cc->max_stale && !d->value.p)
      cc->max_stale = TINET__DELTA_ANY;
  }
}

static void take(struct tinet__cache_control *cc, const struct directive *d)
{
  if (is_named(d, "no-cache")) {
    if (d->value.len > 0)
      cc->no_cache_fields = true;
    else
      cc->no_cache = true;
  } else if (!take_flag(cc, d)) {
    take_delta(cc, d);
  }
}

static struct tinet__span value_of(const struct tinet__headers *h, size_t i)
{
  struct tinet__span s = {tinet__headers_value(h, i), h->fields[i].value_len};

  return s;
}

void tinet__cache_control_parse(const struct tinet__headers *h,
                                struct tinet__cache_control *ret_cc)
{
  memset(ret_cc, 0, sizeof *ret_cc);
  ret_cc->max_age = ret_cc->max_stale = ret_cc->min_fresh = TINET__DELTA_NONE;
  ret_cc->stale_if_error = TINET__DELTA_NONE;
  ret_cc->stale_while_revalidate = TINET__DELTA_NONE;
  for (size_t i = 0; i < h->n_fields; i++) {
    struct tinet__span rest, item;

    if (!tinet__ieq(tinet__headers_name(h, i), "Cache-Control"))
      continue;
    ret_cc->has_any = true;
    rest = value_of(h, i);
    while (tinet__list_next(&rest, &item)) {
      struct directive d = split(item);

      take(ret_cc, &d);
    }
  }
}

static bool span_lists(struct tinet__span rest, const char *member)
{
  struct tinet__span item;

  while (tinet__list_next(&rest, &item))
    if (tinet__ieqn(item.p, item.len, member, strlen(member)))
      return true;
  return false;
}

bool tinet__headers_lists(const struct tinet__headers *h, const char *name,
                          const char *member)
{
  for (size_t i = 0; i < h->n_fields; i++)
    if (tinet__ieq(tinet__headers_name(h, i), name) &&
        span_lists(value_of(h, i), member))
      return true;
  return false;
}

bool tinet__cache_control_names(const struct tinet__headers *h,
                                const char *field)
{
  for (size_t i = 0; i < h->n_fields; i++) {
    struct tinet__span rest, item;

    if (!tinet__ieq(tinet__headers_name(h, i), "Cache-Control"))
      continue;
    rest = value_of(h, i);
    while (tinet__list_next(&rest, &item)) {
      struct directive d = split(item);

      if (is_named(&d, "no-cache") && span_lists(d.value, field))
        return true;
    }
  }
  return false;
}
