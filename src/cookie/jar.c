/* jar.c - a jar: opening, following its file, keeping its limits.
 *
 * Look-ups are answered from memory under one lock that is held briefly.  The
 * store's thread reads what other processes have written in advance; a look-up
 * takes that over when there is something.
 */
#include "jar_private.h"

#include "../core/error.h"
#include "../core/loop.h"
#include "../core/str.h"
#include "set_cookie.h"

#include <string.h>

/* A change is on disk within 100 ms, the commit included. */
#define WRITE_DELAY_MS 50

void tinet_cookie_jar_options_init(tinet_cookie_jar_options *opt)
{
  memset(opt, 0, sizeof *opt);
  opt->struct_size = sizeof *opt;
  opt->max_per_domain = 50;
  opt->max_total = 3000;
  opt->write_delay_ms = WRITE_DELAY_MS;
}

/* ---- time, and following the file ---- */

int64_t tinet__jar_now_us(const tinet_cookie_jar *jar)
{
  return jar->clock_us();
}

void tinet__cookie_jar_set_clock(tinet_cookie_jar *jar,
                                 int64_t (*clock_us)(void))
{
  jar->clock_us = clock_us;
}

static bool is_same_text(const char *a, const char *b)
{
  return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool is_same(const struct tinet__jar_cookie *c, const tinet_cookie *new)
{
  tinet_cookie old;

  tinet__jar_view(c, &old);
  return old.is_persistent == new->is_persistent &&old.expires_ms ==
             new->expires_ms &&old.is_secure ==
             new->is_secure &&old.is_http_only ==
             new->is_http_only &&old.same_site ==
             new->same_site &&old.created_us == new->created_us &&old.version ==
             new->version &&strcmp(old.value, new->value) == 0 &&
         is_same_text(old.comment, new->comment) &&
         is_same_text(old.original_url, new->original_url);
}

static int on_loaded(void *arg, const tinet_cookie *cookie)
{
  tinet_cookie_jar *jar = arg;
  struct tinet__jar_cookie *old = tinet__jar_find(&jar->table, cookie);
  struct tinet__jar_cookie *c = old;
  int err = TINET_OK;

  if (!old || !is_same(old, cookie)) {
    err = tinet__jar_prepare(&jar->table, cookie, &c);
    if (err == TINET_OK)
      tinet__jar_commit(&jar->table, c, old);
  }
  if (err == TINET_OK)
    c->mark = jar->mark;
  if (cookie->created_us > jar->last_created_us)
    jar->last_created_us = cookie->created_us;
  return err;
}

/* Persistent cookies that are no longer in the file. */
static void drop_unmarked(tinet_cookie_jar *jar)
{
  struct tinet__list *next;

  for (struct tinet__list *l = jar->table.used.next; l != &jar->table.used;
       l = next) {
    struct tinet__jar_cookie *c =
        TINET__CONTAINER(l, struct tinet__jar_cookie, used);

    next = l->next;
    if (c->expires_ms != INT64_MAX && c->mark != jar->mark)
      tinet__jar_drop(&jar->table, c);
  }
}

/* Into a file that was begun afresh, because it was damaged. */
static void put_unmarked(tinet_cookie_jar *jar)
{
  for (struct tinet__list *l = jar->table.used.next; l != &jar->table.used;
       l = l->next) {
    const struct tinet__jar_cookie *c =
        TINET__CONTAINER(l, struct tinet__jar_cookie, used);
    tinet_cookie v;

    if (c->expires_ms == INT64_MAX || c->mark == jar->mark)
      continue;
    tinet__jar_view(c, &v);
    if (tinet__cookie_store_put(jar->store, &v) < 0)
      return; /* without memory they are in this process only */
  }
}

/* Of what another process has written, or one with other limits. */
static void keep_all_limits(tinet_cookie_jar *jar)
{
  struct tinet__jar_table *t = &jar->table;
  struct tinet__list *next;
  size_t before;

  for (struct tinet__list *l = t->used.next; l != &t->used; l = next) {
    struct tinet__jar_cookie *c =
        TINET__CONTAINER(l, struct tinet__jar_cookie, used);

    next = l->next;
    before = t->n_cookies;
    tinet__jar_keep_limits(jar, c->bucket->group, jar->clock_us());
    if (t->n_cookies != before) /* `next` may be among them */
      next = t->used.next;
  }
}

static int follow(tinet_cookie_jar *jar)
{
  int got;

  if (!jar->store || !tinet__cookie_store_has_news(jar->store))
    return TINET_OK;
  jar->mark++;
  got = tinet__cookie_store_load(jar->store, on_loaded, jar);
  if (got == TINET__COOKIE_STORE_NEWS) {
    drop_unmarked(jar);
    keep_all_limits(jar);
  }
  if (got == TINET__COOKIE_STORE_AFRESH)
    put_unmarked(jar);
  return got < 0 ? got : TINET_OK;
}

void tinet__jar_lock(tinet_cookie_jar *jar, bool waits)
{
  int err = TINET_OK;

  /* Before the lock, so that look-ups do not wait for the disk. */
  if (waits && jar->store)
    err = tinet__cookie_store_poll_now(jar->store, NULL);
  (void)pthread_mutex_lock(&jar->lock);
  /* A file that cannot be read leaves things as they were; without memory the
   * news stays, and is tried again. */
  if (err == TINET_OK)
    (void)follow(jar);
}

void tinet__jar_unlock(tinet_cookie_jar *jar)
{
  (void)pthread_mutex_unlock(&jar->lock);
}

/* ---- opening and closing ---- */

tinet_cookie_jar *tinet_cookie_jar_ref(tinet_cookie_jar *jar)
{
  if (jar)
    (void)__atomic_add_fetch(&jar->n_refs, 1, __ATOMIC_RELAXED);
  return jar;
}

void tinet_cookie_jar_unref(tinet_cookie_jar *jar)
{
  if (!jar || __atomic_sub_fetch(&jar->n_refs, 1, __ATOMIC_ACQ_REL) > 0)
    return;
  tinet__cookie_store_close(jar->store);
  tinet__jar_table_free(&jar->table);
  (void)pthread_mutex_destroy(&jar->lock);
  tinet__free(jar);
}

TINET_DEFINE_CLEANUP(tinet_cookie_jar, tinet_cookie_jar_unref)

static int open_store(tinet_cookie_jar *jar,
                      const tinet_cookie_jar_options *opt, tinet_error *err)
{
  struct tinet__cookie_store_options store = {
      .path = opt->path,
      .write_delay_ms = opt->write_delay_ms,
      .on_warning = opt->on_warning,
      .warning_user = opt->warning_user,
  };
  int code;

  if (!opt->path)
    return TINET_OK;
  code = tinet__cookie_store_open(&store, &jar->store, err);
  if (code < 0)
    return code;
  return follow(jar);
}

int tinet_cookie_jar_open(const tinet_cookie_jar_options *opt,
                          tinet_cookie_jar **ret_jar, tinet_error *err)
{
  TINET_CLEANUP(tinet_cookie_jar_unrefp) tinet_cookie_jar *jar = NULL;
  tinet_cookie_jar_options defaults;
  int code;

  if (!opt) {
    tinet_cookie_jar_options_init(&defaults);
    opt = &defaults;
  }
  if (!ret_jar || opt->struct_size != sizeof *opt || opt->max_per_domain == 0 ||
      opt->max_total == 0)
    return TINET_EINVAL;
  jar = tinet__zalloc(sizeof *jar);
  if (!jar)
    return TINET_ENOMEM;
  jar->n_refs = 1;
  jar->max_per_domain = opt->max_per_domain;
  jar->max_total = opt->max_total;
  jar->clock_us = tinet__clock_wall_us;
  tinet__jar_table_init(&jar->table);
  if (pthread_mutex_init(&jar->lock, NULL) != 0) {
    tinet__free(TINET_TAKE(jar));
    return TINET_ENOMEM;
  }
  code = open_store(jar, opt, err);
  if (code < 0)
    return code;
  *ret_jar = TINET_TAKE(jar);
  return TINET_OK;
}

int tinet_cookie_jar_flush(tinet_cookie_jar *jar, tinet_error *err)
{
  if (!jar)
    return TINET_EINVAL;
  return jar->store ? tinet__cookie_store_flush(jar->store, err) : TINET_OK;
}

/* ---- limits ---- */

static struct tinet__cookie_key key_of(const struct tinet__jar_cookie *c)
{
  return (struct tinet__cookie_key){
      .name = tinet__jar_name(c),
      .domain = c->bucket->domain,
      .path = tinet__jar_path(c),
      .is_host_only = c->is_host_only,
  };
}

int tinet__jar_remove(tinet_cookie_jar *jar, struct tinet__jar_cookie *c)
{
  struct tinet__cookie_key key = key_of(c);
  int err = TINET_OK;

  if (jar->store && c->expires_ms != INT64_MAX)
    err = tinet__cookie_store_remove(jar->store, &key);
  if (err == TINET_OK)
    tinet__jar_drop(&jar->table, c);
  return err;
}

/* The file's rows go when it is next opened. */
void tinet__jar_drop_expired(tinet_cookie_jar *jar, int64_t now_ms)
{
  struct tinet__jar_table *t = &jar->table;
  struct tinet__list *next;

  if (now_ms < t->next_expiry_ms)
    return;
  t->next_expiry_ms = INT64_MAX;
  for (struct tinet__list *l = t->used.next; l != &t->used; l = next) {
    struct tinet__jar_cookie *c =
        TINET__CONTAINER(l, struct tinet__jar_cookie, used);

    next = l->next;
    if (c->expires_ms <= now_ms && tinet__jar_remove(jar, c) == TINET_OK)
      continue;
    if (c->expires_ms < t->next_expiry_ms)
      t->next_expiry_ms = c->expires_ms;
  }
}

static bool is_worse(const struct tinet__jar_cookie *a,
                     const struct tinet__jar_cookie *b)
{
  if (a->is_secure != b->is_secure)
    return !a->is_secure;
  return a->accessed_us < b->accessed_us;
}

static struct tinet__jar_cookie *worst_of(const struct tinet__jar_group *g)
{
  struct tinet__jar_cookie *worst = NULL;

  for (struct tinet__list *l = g->buckets.next; l != &g->buckets; l = l->next) {
    const struct tinet__jar_bucket *b =
        TINET__CONTAINER(l, struct tinet__jar_bucket, in_group);

    for (uint32_t i = 0; i < b->n; i++)
      if (!worst || is_worse(b->cookies[i], worst))
        worst = b->cookies[i];
  }
  return worst;
}

static void evict(tinet_cookie_jar *jar, const struct tinet__jar_group *g)
{
  struct tinet__jar_table *t = &jar->table;

  while (g->n_cookies > jar->max_per_domain)
    if (tinet__jar_remove(jar, worst_of(g)) < 0)
      return;
  while (t->n_cookies > jar->max_total)
    if (tinet__jar_remove(
            jar,
            TINET__CONTAINER(t->used.next, struct tinet__jar_cookie, used)) < 0)
      return;
}

/* rfc: 6265bis 5.7 - expired ones, then of the domain that has too many those
 * that are not Secure, then the least recently used of all. */
void tinet__jar_keep_limits(tinet_cookie_jar *jar, struct tinet__jar_group *g,
                            int64_t now_us)
{
  struct tinet__jar_table *t = &jar->table;

  if (g->n_cookies <= jar->max_per_domain && t->n_cookies <= jar->max_total)
    return;
  tinet__jar_group_hold(g); /* all of it may have expired */
  tinet__jar_drop_expired(jar, now_us / 1000);
  evict(jar, g);
  tinet__jar_group_release(t, g);
}

void tinet__jar_set_created(tinet_cookie_jar *jar, tinet_cookie *cookie,
                            const struct tinet__jar_cookie *old, int64_t now_us)
{
  if (old)
    cookie->created_us = old->created_us;
  else if (cookie->created_us == 0)
    cookie->created_us =
        now_us > jar->last_created_us ? now_us : jar->last_created_us + 1;
  if (cookie->created_us > jar->last_created_us)
    jar->last_created_us = cookie->created_us;
}

int tinet__jar_add(tinet_cookie_jar *jar, tinet_cookie *cookie, int64_t now_us)
{
  struct tinet__jar_cookie *old = tinet__jar_find(&jar->table, cookie);
  bool was_persistent = old && old->expires_ms != INT64_MAX;
  struct tinet__jar_cookie *c;
  int err;

  if (cookie->is_persistent && cookie->expires_ms <= now_us / 1000)
    return old ? tinet__jar_remove(jar, old) : TINET_OK;
  tinet__jar_set_created(jar, cookie, old, now_us);
  cookie->accessed_us = now_us;
  err = tinet__jar_prepare(&jar->table, cookie, &c);
  if (err < 0)
    return err;
  if (jar->store && (cookie->is_persistent || was_persistent))
    err = tinet__cookie_store_put(jar->store, cookie);
  if (err < 0) {
    tinet__jar_abandon(&jar->table, c);
    return err;
  }
  c->mark = jar->mark;
  tinet__jar_commit(&jar->table, c, old);
  tinet__jar_keep_limits(jar, c->bucket->group, now_us);
  return TINET_OK;
}
