/* store.h - the SQLite file of a jar.
 *
 * The jar's memory is what is looked up; the file is what outlives the process
 * and what other processes see.  Changes go into a queue, where the last one of
 * a cookie wins, and a thread of the store's own writes what came together in
 * `write_delay_ms` in one transaction.  The same thread notices what others
 * have written and reads it in advance, so that no function waits for the disk
 * except open, close, flush and poll_now.
 *
 * Following the file: tinet__cookie_store_load() hands over all persistent
 * cookies, after open and again whenever another has written.  The jar then
 * drops every persistent cookie that is not among them; its own changes that
 * are not yet in the file are.  A file that was removed by hand is an empty
 * one.
 *
 * Threads    Any.  So that what is loaded and what is put do not cross, load
 * and the changes are to be called with the jar's lock held; what waits for the
 * disk without it, so that look-ups do not wait too.
 */
#ifndef TINET_COOKIE_STORE_H
#define TINET_COOKIE_STORE_H

#include <tinet/cookie.h>

typedef struct tinet__cookie_store tinet__cookie_store;

struct tinet__cookie_store_options {
  const char *path; /* copied */
  uint32_t write_delay_ms;
  /* In the thread of open or in the store's, never in two at once.  It must not
   * wait for the store.  May be NULL. */
  void (*on_warning)(void *user, const char *text);
  void *warning_user;
};

/* What cookies are told apart by.  Borrowed. */
struct tinet__cookie_key {
  const char *name, *domain, *path;
  bool is_host_only;
};

/* Opens or makes the file, removes what has expired, reads the rest and starts
 * the thread.  TINET_ESTORE, TINET_ENOMEM, TINET_ESYSTEM (no thread). */
int tinet__cookie_store_open(const struct tinet__cookie_store_options *opt,
                             tinet__cookie_store **ret_store,
                             tinet_error *err) TINET_MUST_CHECK;

/* Writes what is not yet written, or warns that it cannot, and frees.  NULL is
 * fine. */
void tinet__cookie_store_close(tinet__cookie_store *store);

/* There is something to load: true after open, and from at most a second after
 * another process (or jar) has written, until it is loaded.  A look at a flag.
 */
bool tinet__cookie_store_has_news(const tinet__cookie_store *store);

/* Looks into the file now instead of within a second, and waits for that; then
 * has_news is up to date.  0, or TINET_ESTORE: it cannot be read. */
int tinet__cookie_store_poll_now(tinet__cookie_store *store,
                                 tinet_error *err) TINET_MUST_CHECK;

/* What load found. */
enum {
  TINET__COOKIE_STORE_NO_NEWS = 0, /* nothing was called */
  TINET__COOKIE_STORE_NEWS = 1,    /* persistent cookies not called are gone */
  /* The file turned out to be damaged and was begun afresh: persistent cookies
   * not called are only not in the file, and are to be put again. */
  TINET__COOKIE_STORE_AFRESH = 2,
};

/* If there is news: calls `on_cookie` with every persistent cookie, own changes
 * included: those of the file from the least recently used on, then those not
 * yet in it.  Returns one of the above.  A negative code from
 * `on_cookie` ends it and is returned; the news stays.  The cookie is borrowed;
 * `on_cookie` must not call the store. */
int tinet__cookie_store_load(tinet__cookie_store *store,
                             int (*on_cookie)(void *user,
                                              const tinet_cookie *cookie),
                             void *user) TINET_MUST_CHECK;

/* Queues a cookie; it is copied.  A session cookie is queued as the removal of
 * its row, so one that replaces no persistent cookie need not be put.
 * TINET_ENOMEM, TINET_ELIMIT: so many changes wait for a disk that cannot be
 * written that this one is not kept; the same goes for remove and touch. */
int tinet__cookie_store_put(tinet__cookie_store *store,
                            const tinet_cookie *cookie) TINET_MUST_CHECK;

/* Queues a removal.  TINET_ENOMEM. */
int tinet__cookie_store_remove(tinet__cookie_store *store,
                               const struct tinet__cookie_key *key)
    TINET_MUST_CHECK;

/* Queues a new accessed_us and nothing else: unlike put it cannot overwrite a
 * value that another process has just written.  TINET_ENOMEM. */
int tinet__cookie_store_touch(tinet__cookie_store *store,
                              const struct tinet__cookie_key *key,
                              int64_t accessed_us) TINET_MUST_CHECK;

/* Forgets the queue and queues the removal of every row; flush waits for it. */
void tinet__cookie_store_clear(tinet__cookie_store *store);

/* Waits until everything queued so far is in the file.  TINET_ESTORE: it could
 * not be written; it stays queued and is tried again. */
int tinet__cookie_store_flush(tinet__cookie_store *store,
                              tinet_error *err) TINET_MUST_CHECK;

#endif
