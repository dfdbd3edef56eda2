/* cache_private.h - what the files of the store share. */
#ifndef TINET_HTTP_CACHE_PRIVATE_H
#define TINET_HTTP_CACHE_PRIVATE_H

#include "../core/alloc.h"
#include "../core/db.h"
#include "../core/list.h"
#include "cache_store.h"

#include <pthread.h>

/* A body up to here is written by the cache's thread, and kept in memory. */
#define TINET__CACHE_SMALL (64 * 1024)

/* ---- cache_item.c ---- */

TINET_DEFINE_CLEANUP(struct tinet__cache_item, tinet__cache_item_unref)

uint64_t tinet__cache_item_size(const struct tinet__cache_item *item);
bool tinet__cache_item_is_same(const struct tinet__cache_item *a,
                               const struct tinet__cache_item *b);
struct tinet__cache_body *tinet__cache_body_new(void);
struct tinet__cache_body *tinet__cache_body_ref(struct tinet__cache_body *body);
void tinet__cache_body_unref(struct tinet__cache_body *body);

/* ---- cache_memory.c: items by URL, the least recently used go first ---- */

#define TINET__CACHE_BUCKETS 256
struct tinet__cache_memory {
  struct tinet__list buckets[TINET__CACHE_BUCKETS];
  struct tinet__list used; /* least recently first */
  uint64_t bytes;
  uint64_t n_items;
};

void tinet__cache_memory_init(struct tinet__cache_memory *m);
void tinet__cache_memory_clear(struct tinet__cache_memory *m);
/* In place of one with the same key; takes a reference. */
int tinet__cache_memory_put(struct tinet__cache_memory *m,
                            struct tinet__cache_item *item) TINET_MUST_CHECK;
/* Borrowed, or NULL.  The first finds by request, the second by body. */
struct tinet__cache_item *
tinet__cache_memory_find(struct tinet__cache_memory *m, const char *url,
                         const char *scope,
                         const struct tinet__headers *request);
struct tinet__cache_item *
tinet__cache_memory_file(struct tinet__cache_memory *m, const char *url,
                         const char *file);
void tinet__cache_memory_forget(struct tinet__cache_memory *m, const char *url);
/* How many it removed to have no more than `max_bytes`. */
uint64_t tinet__cache_memory_shrink(struct tinet__cache_memory *m,
                                    uint64_t max_bytes);

/* ---- cache_index.c: the rows ---- */

struct tinet__cache_index {
  tinet__db *db; /* owned; NULL = not open */
  tinet__stmt *find, *put, *replaced, *forget, *listed, *drop, *touch, *sum,
      *oldest, *all, *has;
};

extern const char tinet__cache_schema[];
int tinet__cache_index_open(struct tinet__cache_index *index,
                            const struct tinet__db_options *opt,
                            tinet_error *err) TINET_MUST_CHECK;
void tinet__cache_index_close(struct tinet__cache_index *index);
/* 1 and an item whose body has only its name and length; 0; an error. */
int tinet__cache_index_find(
    struct tinet__cache_index *index, const char *url, const char *scope,
    const struct tinet__headers *request,
    struct tinet__cache_item **ret_item) TINET_MUST_CHECK;
/* These add the names of files that no row has any more to `doomed`, each with
 * its NUL; to be removed once the transaction is through. */
int tinet__cache_index_put(struct tinet__cache_index *index,
                           const struct tinet__cache_item *item,
                           int64_t used_us, struct tinet__buf *doomed,
                           tinet_error *err) TINET_MUST_CHECK;
int tinet__cache_index_forget(struct tinet__cache_index *index, const char *url,
                              struct tinet__buf *doomed,
                              tinet_error *err) TINET_MUST_CHECK;
int tinet__cache_index_clear(struct tinet__cache_index *index,
                             struct tinet__buf *doomed,
                             tinet_error *err) TINET_MUST_CHECK;
int tinet__cache_index_shrink(struct tinet__cache_index *index,
                              uint64_t max_bytes, uint64_t *ret_n_evicted,
                              struct tinet__buf *doomed,
                              tinet_error *err) TINET_MUST_CHECK;
int tinet__cache_index_drop(struct tinet__cache_index *index, const char *file,
                            tinet_error *err) TINET_MUST_CHECK;
int tinet__cache_index_touch(struct tinet__cache_index *index, const char *file,
                             int64_t used_us,
                             tinet_error *err) TINET_MUST_CHECK;
/* 1: a row has this file. */
int tinet__cache_index_has(struct tinet__cache_index *index, const char *file,
                           tinet_error *err) TINET_MUST_CHECK;
int tinet__cache_index_sum(struct tinet__cache_index *index,
                           uint64_t *ret_bytes, uint64_t *ret_n_entries,
                           tinet_error *err) TINET_MUST_CHECK;

/* ---- cache_files.c: the folder ---- */

struct tinet__cache_files {
  int folder_fd;  /* owned; -1 = in memory only */
  int session_fd; /* owned; locked while this process uses the folder */
  char session[24];
  atomic_uint n_named;
};

int tinet__cache_files_open(struct tinet__cache_files *files, const char *path,
                            tinet_error *err) TINET_MUST_CHECK;
void tinet__cache_files_close(struct tinet__cache_files *files);
void tinet__cache_files_name(struct tinet__cache_files *files, char name[64]);
/* A new file of that name for writing, in the folder or in memory; or
 * -errno. */
int tinet__cache_files_create(struct tinet__cache_files *files,
                              const char *name) TINET_MUST_CHECK;
/* Writes all of it, or -errno. */
int tinet__cache_files_write(int fd, const void *data,
                             size_t len) TINET_MUST_CHECK;
/* Opens for reading, if it has that length; -1 if not. */
int tinet__cache_files_get(struct tinet__cache_files *files, const char *name,
                           uint64_t len) TINET_MUST_CHECK;
void tinet__cache_files_remove(struct tinet__cache_files *files,
                               const char *name);
/* Removes what processes that are gone have left without a row. */
void tinet__cache_files_sweep(struct tinet__cache_files *files,
                              struct tinet__cache_index *index);

/* ---- cache_thread.c: what waits to be written ---- */

enum tinet__cache_op_kind {
  TINET__CACHE_PUT,
  TINET__CACHE_FORGET,
  TINET__CACHE_CLEAR,
  TINET__CACHE_DROP,
};

struct tinet__cache_op {
  struct tinet__list link;
  enum tinet__cache_op_kind kind;
  struct tinet__cache_item *item; /* PUT: a reference */
  char *text;                     /* owned; FORGET: URL, DROP: file */
  int64_t used_us;
};

#define TINET__CACHE_TOUCHES 64
struct tinet__cache_touch {
  char file[64];
  int64_t used_us;
};

struct tinet_cache {
  atomic_uint n_refs;
  char *path;       /* owned; NULL = in memory only */
  char *index_path; /* owned */
  tinet_cache_options opt;
  struct tinet__cache_files files;
  pthread_mutex_t warning_lock;

  pthread_mutex_t lock; /* of all that follows, but for `writer` */
  pthread_cond_t has_work, has_done;
  struct tinet__cache_memory memory;
  struct tinet__cache_index reader;
  bool wants_reader;          /* it is damaged, moved away or not open */
  uint64_t looked_us;         /* when that was last looked at */
  uint64_t retry_us;          /* nothing is written before */
  struct tinet__list queue;   /* to be written, oldest first */
  struct tinet__list writing; /* taken by the thread, not committed yet */
  size_t n_queued;
  uint64_t n_added, n_ended; /* operations */
  int result;                /* of the last batch */
  bool wants_sweep;
  struct tinet__cache_touch touches[TINET__CACHE_TOUCHES];
  size_t n_touches;
  tinet_cache_info counts;
  bool is_closing;
  bool has_thread;
  pthread_t thread;

  struct tinet__cache_index writer; /* the thread's */
  bool has_warned;                  /* the thread's */
};

void *tinet__cache_run(void *arg);
void tinet__cache_warn(tinet_cache *cache, const char *what,
                       const tinet_error *err);
int tinet__cache_open_index(tinet_cache *cache,
                            struct tinet__cache_index *index,
                            tinet_error *err) TINET_MUST_CHECK;
void tinet__cache_op_free(struct tinet__cache_op *op); /* NULL is fine */

#endif
