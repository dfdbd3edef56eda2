/* jar_batch.c - many cookies at once, all of them or none.
 *
 * 1. Every cookie is made, with room for it in memory.
 * 2. The store is told; if it cannot keep one, what it was told is taken back.
 * 3. They are put in, which cannot fail.
 */
#include "jar_private.h"

struct batch {
  tinet_cookie_jar *jar;
  tinet_cookie *cookies;           /* borrowed */
  struct tinet__jar_cookie **made; /* owned */
  size_t n, n_made;
};

static int make_all(struct batch *b, int64_t now_us)
{
  int err = TINET_OK;

  for (size_t i = 0; i < b->n && err == TINET_OK; i++) {
    tinet_cookie *c = &b->cookies[i];

    tinet__jar_set_created(b->jar, c, tinet__jar_find(&b->jar->table, c),
                           now_us);
    c->accessed_us = now_us;
    err = tinet__jar_prepare(&b->jar->table, c, &b->made[i]);
    if (err == TINET_OK)
      b->n_made++;
  }
  return err;
}

/* What the store had of the first `n` before. */
static void take_back(const struct batch *b, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    const tinet_cookie *c = &b->cookies[i];
    const struct tinet__cookie_key key = {c->name, c->domain, c->path,
                                          c->is_host_only};
    const struct tinet__jar_cookie *old = tinet__jar_find(&b->jar->table, c);
    tinet_cookie v;
    int err;

    if (old) {
      tinet__jar_view(old, &v);
      err = tinet__cookie_store_put(b->jar->store, &v);
    } else {
      err = tinet__cookie_store_remove(b->jar->store, &key);
    }
    (void)err; /* without memory for that either the file has some of them */
  }
}

static int put_all(const struct batch *b)
{
  int err = TINET_OK;

  for (size_t i = 0; b->jar->store && i < b->n; i++) {
    err = tinet__cookie_store_put(b->jar->store, &b->cookies[i]);
    if (err < 0) {
      take_back(b, i);
      break;
    }
  }
  return err;
}

static void commit_all(struct batch *b, int64_t now_us)
{
  tinet_cookie_jar *jar = b->jar;

  for (size_t i = 0; i < b->n; i++) {
    struct tinet__jar_cookie *c = b->made[i];

    c->mark = jar->mark;
    tinet__jar_commit(&jar->table, c,
                      tinet__jar_find(&jar->table, &b->cookies[i]));
    tinet__jar_keep_limits(jar, c->bucket->group, now_us);
  }
}

int tinet__jar_add_all(tinet_cookie_jar *jar, tinet_cookie *cookies, size_t n)
{
  struct batch b = {.jar = jar, .cookies = cookies, .n = n};
  int64_t now_us = tinet__jar_now_us(jar);
  int err;

  b.made = tinet__zalloc(n * sizeof(struct tinet__jar_cookie *));
  if (!b.made)
    return TINET_ENOMEM;
  tinet__jar_lock(jar, true);
  err = make_all(&b, now_us);
  if (err == TINET_OK)
    err = put_all(&b);
  if (err == TINET_OK)
    commit_all(&b, now_us);
  for (size_t i = 0; err < 0 && i < b.n_made; i++)
    tinet__jar_abandon(&jar->table, b.made[i]);
  tinet__jar_unlock(jar);
  tinet__free(b.made);
  return err;
}
