/* cache_store.h - stored responses: found, written, updated, forgotten.
 *
 * do; what may be done with them is cache_policy.h.  Every call may come from
 * any thread and none waits for the disk longer than reading one row or the
 * first small body takes: writing is for the cache's own thread.
 */
#ifndef TINET_HTTP_CACHE_STORE_H
#define TINET_HTTP_CACHE_STORE_H

#include "cache_policy.h"
#include <stdatomic.h>
#include <tinet/cache.h>

/* Bytes of a body, shared by those who use them. */
struct tinet__cache_body {
  atomic_uint n_refs;
  char *data; /* owned; or NULL */
  int fd;     /* owned; -1 with data, and for an empty body */
  uint64_t len;
  bool is_on_disk; /* the file is complete; the writing thread's */
  char file[64];   /* its name, unique for ever; "" without a folder */
};

/* A stored response.  Never changed once others can see it. */
struct tinet__cache_item {
  atomic_uint n_refs;
  char *url;        /* owned */
  char *scope;      /* owned; whose it is, see tinet__cache_scope() */
  char *vary;       /* owned; "" or lower-case names, each with LF behind */
  char variant[65]; /* digest of the request's values for these */
  int status, http_version;
  char *phrase; /* owned */
  struct tinet__headers headers;
  int64_t request_s, response_s;
  struct tinet__cache_body *body; /* a reference */
};

/* Empty; NULL: no memory. */
struct tinet__cache_item *tinet__cache_item_new(void);
struct tinet__cache_item *tinet__cache_item_ref(struct tinet__cache_item *item);
void tinet__cache_item_unref(struct tinet__cache_item *item); /* NULL is fine */
/* A copy that may be changed; it has the same body. */
struct tinet__cache_item *
tinet__cache_item_copy(const struct tinet__cache_item *item);
struct tinet__cache_response
tinet__cache_item_response(const struct tinet__cache_item *item);
/* Is it a response to this request? */
bool tinet__cache_item_answers(const struct tinet__cache_item *item,
                               const char *url, const char *scope,
                               const struct tinet__headers *request);
/* Bytes of the body at `offset`: how many, 0 at its end, TINET_ESTORE. */
int64_t tinet__cache_body_read(const struct tinet__cache_body *body,
                               uint64_t offset, void *to, size_t max);

/* ---- keys ---- */

/* Text that two requests share only if one may see the other's responses:
 * `trust` (a fingerprint, "" = the system's), the TLS version, `strictness` (0,
 * or what App Transport Security asked for), who asks.  Owned by the caller.
 * TINET_ENOMEM. */
int tinet__cache_scope(const char *trust, int tls_version, unsigned strictness,
                       const struct tinet__headers *request,
                       char **ret_scope) TINET_MUST_CHECK;
/* The names in Vary.  Owned by the caller.  TINET_ENOMEM. */
int tinet__cache_vary(const struct tinet__headers *response,
                      char **ret_vary) TINET_MUST_CHECK;
/* The request's values for them, as a digest; "" for no names.  TINET_ENOMEM.
 */
int tinet__cache_variant(const char *vary, const struct tinet__headers *request,
                         char variant[65]) TINET_MUST_CHECK;

/* ---- the store ---- */

/* 1: *ret_item is a reference; 0: nothing is stored. */
int tinet__cache_find(tinet_cache *cache, const char *url, const char *scope,
                      const struct tinet__headers *request,
                      struct tinet__cache_item **ret_item) TINET_MUST_CHECK;
/* In place of one with the same key.  The item is seen by tinet__cache_find()
 * at once.  It takes a reference. */
int tinet__cache_put(tinet_cache *cache,
                     struct tinet__cache_item *item) TINET_MUST_CHECK;
/* Forgets every response of the URL, whoever asked.  TINET_ENOMEM. */
int tinet__cache_forget(tinet_cache *cache, const char *url) TINET_MUST_CHECK;
/* It was used: it is evicted later than others. */
void tinet__cache_touch(tinet_cache *cache,
                        const struct tinet__cache_item *item);
/* What tinet_cache_info counts. */
enum tinet__cache_count {
  TINET__CACHE_N_HITS,
  TINET__CACHE_N_VALIDATED,
  TINET__CACHE_N_MISSES,
};
void tinet__cache_count(tinet_cache *cache, enum tinet__cache_count what);

/* ---- writing a body ---- */

struct tinet__cache_writer;
/* `item` has everything but its body, and is taken.  `body_len` -1 = not known.
 * TINET_ELIMIT: too large; TINET_ENOMEM. */
int tinet__cache_writer_open(
    tinet_cache *cache, struct tinet__cache_item *item, int64_t body_len,
    struct tinet__cache_writer **ret_writer) TINET_MUST_CHECK;
/* TINET_ELIMIT, TINET_ESTORE, TINET_ENOMEM: to be aborted. */
int tinet__cache_writer_add(struct tinet__cache_writer *w, const void *data,
                            size_t len) TINET_MUST_CHECK;
/* Both free it; NULL is fine.  A body that is shorter than announced is not
 * stored. */
void tinet__cache_writer_commit(struct tinet__cache_writer *w);
void tinet__cache_writer_abort(struct tinet__cache_writer *w);

#endif
