/* jar_private.h - what the files of the jar share.
 *
 * Cookies of one domain stand in a bucket, in the order in which they are sent;
 * a hash table finds the bucket of a host and of each domain above it, so a
 * look-up costs as many probes as the host has labels.  Buckets of one
 * registrable domain form a group, for the limit of a domain.  All cookies form
 * a list, least recently used first, for the limit in all.
 */
#ifndef TINET_COOKIE_JAR_PRIVATE_H
#define TINET_COOKIE_JAR_PRIVATE_H

#include <pthread.h>

#include "../core/alloc.h"
#include "../core/list.h"
#include "jar.h"
#include "../core/psl.h"
#include "store.h"

/* One allocation: the struct, then name, value, path, comment, original URL,
 * each with its NUL. */
struct tinet__jar_cookie {
  struct tinet__list used; /* least recently used first */
  struct tinet__jar_bucket *bucket;
  int64_t expires_ms; /* INT64_MAX = a session cookie */
  int64_t created_us;
  int64_t accessed_us;
  uint32_t name_len, value_len, path_len;
  uint32_t version;
  uint32_t mark; /* for following the file */
  bool is_host_only, is_secure, is_http_only;
  bool has_comment, has_url;
  uint8_t same_site;
  char text[];
};

struct tinet__jar_bucket {
  struct tinet__jar_bucket *next; /* in the hash table */
  struct tinet__jar_group *group;
  struct tinet__list in_group;
  struct tinet__jar_cookie **cookies; /* longest path, then oldest first */
  uint32_t n, cap;
  uint32_t n_reserved; /* prepared and not yet committed */
  uint32_t hash;
  uint32_t domain_len;
  char domain[];
};

struct tinet__jar_group {
  struct tinet__jar_group *next; /* in the hash table */
  struct tinet__list buckets;
  uint32_t n_cookies;
  uint32_t hash;
  bool is_held;  /* stays while it is empty */
  char domain[]; /* registrable, or an address */
};

struct tinet__jar_table {
  struct tinet__jar_bucket **buckets;
  struct tinet__jar_group **groups;
  uint32_t n_buckets, bucket_mask; /* mask + 1 slots; slots NULL while empty */
  uint32_t n_groups, group_mask;
  size_t n_cookies;
  struct tinet__list used;
  int64_t next_expiry_ms; /* nothing expires before */
};

struct tinet_cookie_jar {
  pthread_mutex_t lock;
  unsigned n_refs; /* atomic */
  uint32_t max_per_domain, max_total;
  struct tinet__jar_table table;
  tinet__cookie_store *store; /* owned; NULL = in memory only */
  bool is_shared; /* others' changes are looked for before each answer */
  int64_t last_created_us;
  uint32_t mark;
  int64_t (*clock_us)(void); /* wall; tests set another */
};

/* jar_table.c: memory.  None of it touches the store. */
void tinet__jar_table_init(struct tinet__jar_table *t);
void tinet__jar_table_free(struct tinet__jar_table *t);
struct tinet__jar_bucket *
tinet__jar_bucket_find(const struct tinet__jar_table *t, const char *domain,
                       size_t len);
/* The group that cookies of `domain` are in, or NULL. */
const struct tinet__jar_group *
tinet__jar_group_find(const struct tinet__jar_table *t, const char *domain);
/* What is held outlives its last cookie, until it is released. */
void tinet__jar_group_hold(struct tinet__jar_group *g);
void tinet__jar_group_release(struct tinet__jar_table *t,
                              struct tinet__jar_group *g);
/* The cookie of that key, or NULL. */
struct tinet__jar_cookie *tinet__jar_find(const struct tinet__jar_table *t,
                                          const tinet_cookie *key);
/* Makes a cookie that is not yet in the table, and room for it, so that commit
 * cannot fail; `created_us` and the rest are taken as they are.  TINET_ENOMEM.
 */
int tinet__jar_prepare(struct tinet__jar_table *t, const tinet_cookie *cookie,
                       struct tinet__jar_cookie **ret_cookie) TINET_MUST_CHECK;
void tinet__jar_abandon(struct tinet__jar_table *t,
                        struct tinet__jar_cookie *c);
/* Puts it in, in the place of `old` if that is not NULL. */
void tinet__jar_commit(struct tinet__jar_table *t, struct tinet__jar_cookie *c,
                       struct tinet__jar_cookie *old);
void tinet__jar_drop(struct tinet__jar_table *t, struct tinet__jar_cookie *c);
/* Every string is borrowed from `c`. */
void tinet__jar_view(const struct tinet__jar_cookie *c, tinet_cookie *ret);

static inline const char *tinet__jar_name(const struct tinet__jar_cookie *c)
{
  return c->text;
}
static inline const char *tinet__jar_value(const struct tinet__jar_cookie *c)
{
  return c->text + c->name_len + 1;
}
static inline const char *tinet__jar_path(const struct tinet__jar_cookie *c)
{
  return c->text + c->name_len + c->value_len + 2;
}

/* rfc: 6265bis 5.8.3, longest path first, then oldest first. */
static inline bool tinet__jar_goes_before(const struct tinet__jar_cookie *a,
                                          const struct tinet__jar_cookie *b)
{
  if (a->path_len != b->path_len)
    return a->path_len > b->path_len;
  return a->created_us < b->created_us;
}

/* jar.c: with the lock held. */
int64_t tinet__jar_now_us(const tinet_cookie_jar *jar);
/* Stores, evicts what is over the limits, and tells the store. */
int tinet__jar_add(tinet_cookie_jar *jar, tinet_cookie *cookie,
                   int64_t now_us) TINET_MUST_CHECK;
/* All of them or none; `created_us` of 0 is filled in.  Locks. */
int tinet__jar_add_all(tinet_cookie_jar *jar, tinet_cookie *cookies,
                       size_t n) TINET_MUST_CHECK;
/* The time of creation that a cookie gets in the place of `old` (may be NULL):
 * no two have the same, so that their order is one. */
void tinet__jar_set_created(tinet_cookie_jar *jar, tinet_cookie *cookie,
                            const struct tinet__jar_cookie *old,
                            int64_t now_us);
/* Evicts, after a cookie was added to the group. */
void tinet__jar_keep_limits(tinet_cookie_jar *jar, struct tinet__jar_group *g,
                            int64_t now_us);
/* Out of memory and out of the file.  TINET_ENOMEM: it is still there. */
int tinet__jar_remove(tinet_cookie_jar *jar,
                      struct tinet__jar_cookie *c) TINET_MUST_CHECK;
void tinet__jar_drop_expired(tinet_cookie_jar *jar, int64_t now_ms);
/* Locks, and follows the file if another has written it.  `waits` = look now
 * where the jar is shared. */
void tinet__jar_lock(tinet_cookie_jar *jar, bool waits);
void tinet__jar_unlock(tinet_cookie_jar *jar);

/* Tests: another wall clock, in microseconds. */
void tinet__cookie_jar_set_clock(tinet_cookie_jar *jar,
                                 int64_t (*clock_us)(void));

#endif
