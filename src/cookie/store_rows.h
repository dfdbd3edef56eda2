/* store_rows.h - the table of cookies.  do; in one thread at a time. */
#ifndef TINET_COOKIE_STORE_ROWS_H
#define TINET_COOKIE_STORE_ROWS_H

#include "../core/db.h"
#include "store_queue.h"

struct tinet__cookie_rows {
  tinet__db *db; /* owned; NULL = closed */
  tinet__stmt *put, *remove, *touch, *read;
};

/* TINET_ESTORE, TINET_ENOMEM. */
int tinet__cookie_rows_open(struct tinet__cookie_rows *rows,
                            const struct tinet__cookie_store_options *opt,
                            tinet_error *err) TINET_MUST_CHECK;
void tinet__cookie_rows_close(struct tinet__cookie_rows *rows);

int tinet__cookie_rows_remove_expired(struct tinet__cookie_rows *rows,
                                      int64_t now_ms,
                                      tinet_error *err) TINET_MUST_CHECK;

/* All changes or none. */
int tinet__cookie_rows_write(struct tinet__cookie_rows *rows,
                             const struct tinet__cookie_queue *changes,
                             tinet_error *err) TINET_MUST_CHECK;

/* A chain of the rows that are usable cookies, the least recently used first,
 * owned by the caller, and the data version it belongs to. */
int tinet__cookie_rows_read(struct tinet__cookie_rows *rows,
                            struct tinet__cookie_change **ret_rows,
                            int64_t *ret_version,
                            tinet_error *err) TINET_MUST_CHECK;

#endif
