/* store_private.h - a store, for its thread and for those who call it. */
#ifndef TINET_COOKIE_STORE_PRIVATE_H
#define TINET_COOKIE_STORE_PRIVATE_H

#include "store_rows.h"

#include <pthread.h>
#include <stdatomic.h>

/* Something the thread does again and again, and how the last time went. */
struct tinet__cookie_store_task {
  bool is_wanted;  /* now, rather than when it is due */
  uint64_t due_us; /* by tinet__clock_us() */
  uint64_t n_begun, n_ended;
  int ret;
  tinet_error err;
};

struct tinet__cookie_store {
  struct tinet__cookie_store_options opt; /* its path is owned */
  pthread_t thread;
  bool has_thread, has_lock;
  atomic_bool has_news; /* there is a snapshot */

  pthread_mutex_t lock;              /* of what follows */
  pthread_cond_t has_work, has_done; /* for the thread; for callers */
  bool is_closing;
  bool is_afresh; /* the snapshot is of a file without its history */
  struct tinet__cookie_queue queue;      /* changes to come */
  struct tinet__cookie_queue writing;    /* being written, or not in snapshot */
  struct tinet__cookie_change *snapshot; /* rows that were read */
  struct tinet__cookie_store_task write, poll;

  /* The thread's own. */
  struct tinet__cookie_rows rows;
  int64_t version; /* of the data in the last snapshot */
  bool was_damaged;
  unsigned n_failures;
  bool is_warned;
};

/* Reads the rows and makes them news.  Without the lock. */
int tinet__cookie_store_read(tinet__cookie_store *store,
                             tinet_error *err) TINET_MUST_CHECK;

/* The thread; `arg` is the store. */
void *tinet__cookie_store_run(void *arg);

#endif
