/* jar_header.c - the Cookie field of a request.
 *
 * Each bucket is in the order of sending already, so those of the host and of
 * the domains above it are merged.
 */
#include "jar_private.h"

#include "../core/str.h"
#include "set_cookie.h"

#include <string.h>

#define MAX_LABELS 128 /* of a host name of 253 bytes */

/* One bucket of those that are for a host, and how far it is read. */
struct cursor {
  struct tinet__jar_bucket *bucket;
  uint32_t at;
  bool is_exact;
};

static bool is_given(const char *given, const struct tinet__jar_cookie *c)
{
  while (given && *given) {
    size_t len = strcspn(given, ";");
    struct tinet__span pair = tinet__trim(given, len);
    const char *eq = pair.len ? memchr(pair.p, '=', pair.len) : NULL;
    size_t n = eq ? tinet__trim(pair.p, (size_t)(eq - pair.p)).len : 0;

    if (eq && n == c->name_len && memcmp(tinet__jar_name(c), pair.p, n) == 0)
      return true;
    given += len + (given[len] == ';');
  }
  return false;
}

static bool is_sent(const struct tinet__jar_cookie *c, bool is_exact,
                    const struct tinet__cookie_place *place, int64_t now_ms)
{
  return (is_exact || !c->is_host_only) && c->expires_ms > now_ms &&
         (!c->is_secure || place->is_secure) &&
         tinet__cookie_path_matches(place->path, tinet__jar_path(c),
                                    c->path_len);
}

/* The buckets of the host and of each domain above it. */
static size_t find_buckets(const tinet_cookie_jar *jar,
                           const struct tinet__cookie_place *place,
                           struct cursor *cursors)
{
  const char *domain = place->host;
  size_t n = 0;

  while (domain && n < MAX_LABELS) {
    struct tinet__jar_bucket *b =
        tinet__jar_bucket_find(&jar->table, domain, strlen(domain));

    if (b) {
      cursors[n].bucket = b;
      cursors[n].at = 0;
      cursors[n++].is_exact = domain == place->host;
    }
    domain = place->is_ip ? NULL : strchr(domain, '.');
    if (domain)
      domain++;
  }
  return n;
}

/* The next cookie in the order of sending, or NULL. */
static struct tinet__jar_cookie *
next_sent(struct cursor *cursors, size_t n,
          const struct tinet__cookie_place *place, int64_t now_ms)
{
  struct cursor *best = NULL;

  for (size_t i = 0; i < n; i++) {
    struct cursor *cur = &cursors[i];
    const struct tinet__jar_bucket *b = cur->bucket;

    while (cur->at < b->n &&
           !is_sent(b->cookies[cur->at], cur->is_exact, place, now_ms))
      cur->at++;
    if (cur->at < b->n &&
        (!best || tinet__jar_goes_before(b->cookies[cur->at],
                                         best->bucket->cookies[best->at])))
      best = cur;
  }
  return best ? best->bucket->cookies[best->at++] : NULL;
}

static int add_pair(struct tinet__buf *to, const struct tinet__jar_cookie *c,
                    bool is_first)
{
  size_t len = (size_t)c->name_len + c->value_len + 3;
  int err = tinet__buf_reserve(to, len);

  if (err < 0)
    return err;
  if (!is_first)
    err = tinet__buf_add(to, "; ", 2);
  if (err == TINET_OK && c->name_len > 0) {
    err = tinet__buf_add(to, tinet__jar_name(c), c->name_len);
    if (err == TINET_OK)
      err = tinet__buf_addc(to, '=');
  }
  return err < 0 ? err : tinet__buf_add(to, tinet__jar_value(c), c->value_len);
}

static void touch(tinet_cookie_jar *jar, struct tinet__jar_cookie *c,
                  int64_t now_us)
{
  c->accessed_us = now_us;
  tinet__list_remove(&c->used);
  tinet__list_append(&jar->table.used, &c->used);
}

int tinet__cookie_jar_header(tinet_cookie_jar *jar,
                             const struct tinet__cookie_place *place,
                             const char *given, struct tinet__buf *to)
{
  char host[TINET__COOKIE_MAX_HOST + 1];
  struct tinet__cookie_place at = tinet__cookie_place_without_dot(place, host);
  struct cursor cursors[MAX_LABELS];
  struct tinet__jar_cookie *c;
  int64_t now_us = tinet__jar_now_us(jar);
  size_t len = to->len;
  bool is_first = true;
  int err = TINET_OK;
  size_t n;

  tinet__jar_lock(jar, false);
  n = find_buckets(jar, &at, cursors);
  while (err == TINET_OK &&
         (c = next_sent(cursors, n, &at, now_us / 1000)) != NULL) {
    if (given && is_given(given, c))
      continue;
    err = add_pair(to, c, is_first);
    is_first = false;
    touch(jar, c, now_us);
  }
  tinet__jar_unlock(jar);
  if (err < 0 && to->data) {
    to->len = len;
    to->data[len] = '\0';
  }
  return err;
}
