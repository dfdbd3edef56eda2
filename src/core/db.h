/* db.h - an SQLite file that survives: opening, statements, transactions.
 *
 * do; SQLite stays behind db_sqlite.c.  A database belongs to one thread at a
 * time.  Every function that can fail fills in `err` (may be NULL) with
 * TINET_ESTORE or TINET_ENOMEM, SQLite's own words and the file's name.
 */
#ifndef TINET_CORE_DB_H
#define TINET_CORE_DB_H

#include <tinet/error.h>

typedef struct tinet__db tinet__db;
typedef struct tinet__stmt tinet__stmt;

struct tinet__db_options {
  const char *path;   /* its folder is made, 0700; the file 0600, ours */
  const char *schema; /* CREATE TABLE IF NOT EXISTS ...; */
  int version;        /* of the schema, from 1 */
  /* A damaged file, or one of an older version, is renamed to
   * <path>.damaged-<unix time>, this is told, and a fresh one begun.  A file of
   * a newer version or of another program is refused.  NULL = not interested.
   */
  void (*on_warning)(void *user, const char *text);
  void *warning_user;
};

/* WAL, synchronous NORMAL, a busy timeout, no shared cache. */
int tinet__db_open(const struct tinet__db_options *opt, tinet__db **ret_db,
                   tinet_error *err) TINET_MUST_CHECK;
void tinet__db_close(tinet__db *db); /* with its statements; NULL is fine */

int tinet__db_exec(tinet__db *db, const char *sql,
                   tinet_error *err) TINET_MUST_CHECK;
/* BEGIN IMMEDIATE, COMMIT, ROLLBACK. */
int tinet__db_begin(tinet__db *db, tinet_error *err) TINET_MUST_CHECK;
int tinet__db_commit(tinet__db *db, tinet_error *err) TINET_MUST_CHECK;
void tinet__db_rollback(tinet__db *db);
/* The last call that failed did so because the file is damaged: to be closed
 * and opened again, which puts it aside. */
bool tinet__db_is_damaged(tinet__db *db);
/* The name no longer leads to this file: removed, or put aside by another. */
bool tinet__db_is_moved(tinet__db *db);
/* Changes when another connection has committed.  0 on failure. */
int64_t tinet__db_data_version(tinet__db *db);

/* Owned by the database. */
int tinet__db_prepare(tinet__db *db, const char *sql, tinet__stmt **ret_stmt,
                      tinet_error *err) TINET_MUST_CHECK;
/* Parameters count from 1.  Text and blobs are borrowed until the next reset;
 * NULL binds NULL.  A failure to bind is reported by the step. */
void tinet__stmt_bind_text(tinet__stmt *s, int index, const char *text);
void tinet__stmt_bind_blob(tinet__stmt *s, int index, const void *data,
                           size_t len);
void tinet__stmt_bind_int(tinet__stmt *s, int index, int64_t value);
/* 1 = a row, 0 = done (the statement is reset), or a negative code (reset). */
int tinet__stmt_step(tinet__stmt *s, tinet_error *err) TINET_MUST_CHECK;
/* Steps to the end and drops the rows. */
int tinet__stmt_run(tinet__stmt *s, tinet_error *err) TINET_MUST_CHECK;
void tinet__stmt_reset(tinet__stmt *s);
/* Of the present row, counted from 0; borrowed until the next step.  NULL is
 * "" / 0 bytes / 0. */
const char *tinet__stmt_text(tinet__stmt *s, int column);
const void *tinet__stmt_blob(tinet__stmt *s, int column, size_t *ret_len);
int64_t tinet__stmt_int(tinet__stmt *s, int column);
bool tinet__stmt_is_null(tinet__stmt *s, int column);

#endif
