/* db_sqlite.c - an SQLite file that survives.
 *
 * WAL and synchronous NORMAL: a commit is in the kernel's hands when it
 * returns, so it outlives the process, killed or not.  Only a power failure may
 * take the last commits, never the file's integrity; an fsync for each would
 * cost milliseconds and buy nothing against kill -9.
 *
 * Opening happens under a lock on the folder: of two processes that find the
 * same damaged file one puts it aside, the other finds the fresh one.
 */
#include "db.h"

#include "alloc.h"
#include "db_aside.h"
#include "error.h"
#include "fsutil.h"
#include "list.h"
#include "loop.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BUSY_TIMEOUT_MS 5000  /* a writer holds the file for milliseconds */
#define LOCK_TIMEOUT_MS 10000 /* an opener may have to check a large file */
#define BUSY_STEP_MS 5
#define APPLICATION_ID 0x74696e74 /* "tint": a database of this library */

struct tinet__db {
  sqlite3 *sql;
  char *path; /* owned */
  struct tinet__list stmts;
  int code; /* SQLite's, of the last call that failed */
};

struct tinet__stmt {
  struct tinet__list link;
  tinet__db *db; /* borrowed */
  sqlite3_stmt *sql;
  int bind_code; /* first failure since the last reset */
};

TINET_DEFINE_CLEANUP(tinet__db, tinet__db_close)

static int no_memory(tinet_error *err)
{
  return tinet__error_set(err, TINET_ENOMEM, TINET_ORIGIN_TINET, 0, NULL);
}

/* SQLite's code and words as ours. */
static int fail(tinet__db *db, int code, tinet_error *err)
{
  const char *words = sqlite3_errstr(code);
  int number = db->sql ? sqlite3_system_errno(db->sql) : 0;

  db->code = code;
  if ((code & 0xff) == SQLITE_NOMEM)
    return no_memory(err);
  if (db->sql && sqlite3_extended_errcode(db->sql) == code)
    words = sqlite3_errmsg(db->sql);
  switch (code & 0xff) {
  case SQLITE_READONLY:
    words = "cannot be written, or nothing beside it in its folder";
    break;
  case SQLITE_IOERR:
  case SQLITE_CANTOPEN:
  case SQLITE_FULL:
    if (number != 0)
      return tinet__error_errno(err, TINET_ESTORE, number, "%s: %s", db->path,
                                words);
  }
  return tinet__error_set(err, TINET_ESTORE, TINET_ORIGIN_TINET, 0, "%s: %s",
                          db->path, words);
}

int tinet__db_exec(tinet__db *db, const char *sql, tinet_error *err)
{
  int code = sqlite3_exec(db->sql, sql, NULL, NULL, NULL);

  return code == SQLITE_OK ? TINET_OK : fail(db, code, err);
}

int tinet__db_begin(tinet__db *db, tinet_error *err)
{
  return tinet__db_exec(db, "BEGIN IMMEDIATE", err);
}

int tinet__db_commit(tinet__db *db, tinet_error *err)
{
  return tinet__db_exec(db, "COMMIT", err);
}

void tinet__db_rollback(tinet__db *db)
{
  /* Some failures have rolled back already: then there is nothing to do. */
  if (!sqlite3_get_autocommit(db->sql))
    (void)sqlite3_exec(db->sql, "ROLLBACK", NULL, NULL, NULL);
}

bool tinet__db_is_damaged(tinet__db *db)
{
  int code = db->code & 0xff;

  return code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
}

bool tinet__db_is_moved(tinet__db *db)
{
  int moved = 0;

  return sqlite3_file_control(db->sql, "main", SQLITE_FCNTL_HAS_MOVED,
                              &moved) == SQLITE_OK &&
         moved;
}

/* ---- statements ---- */

int tinet__db_prepare(tinet__db *db, const char *sql, tinet__stmt **ret_stmt,
                      tinet_error *err)
{
  tinet__stmt *s = tinet__zalloc(sizeof *s);
  int code;

  if (!s)
    return no_memory(err);
  code = sqlite3_prepare_v3(db->sql, sql, -1, SQLITE_PREPARE_PERSISTENT,
                            &s->sql, NULL);
  if (code != SQLITE_OK) {
    tinet__free(s);
    return fail(db, code, err);
  }
  s->db = db;
  tinet__list_append(&db->stmts, &s->link);
  *ret_stmt = s;
  return TINET_OK;
}

static void note_bind(tinet__stmt *s, int code)
{
  if (s->bind_code == SQLITE_OK)
    s->bind_code = code;
}

void tinet__stmt_bind_text(tinet__stmt *s, int index, const char *text)
{
  note_bind(s, sqlite3_bind_text(s->sql, index, text, -1, SQLITE_STATIC));
}

void tinet__stmt_bind_blob(tinet__stmt *s, int index, const void *data,
                           size_t len)
{
  note_bind(s, sqlite3_bind_blob64(s->sql, index, data, len, SQLITE_STATIC));
}

void tinet__stmt_bind_int(tinet__stmt *s, int index, int64_t value)
{
  note_bind(s, sqlite3_bind_int64(s->sql, index, value));
}

void tinet__stmt_reset(tinet__stmt *s)
{
  /* It repeats the failure of the step, which was reported there. */
  (void)sqlite3_reset(s->sql);
  (void)sqlite3_clear_bindings(s->sql);
  s->bind_code = SQLITE_OK;
}

int tinet__stmt_step(tinet__stmt *s, tinet_error *err)
{
  int code = s->bind_code, ret = TINET_OK;

  if (code == SQLITE_OK)
    code = sqlite3_step(s->sql);
  if (code == SQLITE_ROW)
    return 1;
  if (code != SQLITE_DONE)
    ret = fail(s->db, code, err);
  tinet__stmt_reset(s);
  return ret;
}

int tinet__stmt_run(tinet__stmt *s, tinet_error *err)
{
  int ret;

  do
    ret = tinet__stmt_step(s, err);
  while (ret == 1);
  return ret;
}

const char *tinet__stmt_text(tinet__stmt *s, int column)
{
  const unsigned char *text = sqlite3_column_text(s->sql, column);

  return text ? (const char *)text : "";
}

const void *tinet__stmt_blob(tinet__stmt *s, int column, size_t *ret_len)
{
  const void *data = sqlite3_column_blob(s->sql, column);

  *ret_len = data ? (size_t)sqlite3_column_bytes(s->sql, column) : 0;
  return data;
}

int64_t tinet__stmt_int(tinet__stmt *s, int column)
{
  return sqlite3_column_int64(s->sql, column);
}

bool tinet__stmt_is_null(tinet__stmt *s, int column)
{
  return sqlite3_column_type(s->sql, column) == SQLITE_NULL;
}

/* The first column of the first row; `fallback` if there is no row. */
static int query_int(tinet__db *db, const char *sql, int64_t fallback,
                     int64_t *ret_value, tinet_error *err)
{
  sqlite3_stmt *st = NULL;
  int code = sqlite3_prepare_v2(db->sql, sql, -1, &st, NULL);

  if (code == SQLITE_OK)
    code = sqlite3_step(st);
  *ret_value = code == SQLITE_ROW ? sqlite3_column_int64(st, 0) : fallback;
  (void)sqlite3_finalize(st); /* repeats the failure of the step */
  if (code != SQLITE_ROW && code != SQLITE_DONE)
    return fail(db, code, err);
  return TINET_OK;
}

int64_t tinet__db_data_version(tinet__db *db)
{
  int64_t version;

  return query_int(db, "PRAGMA data_version", 0, &version, NULL) < 0 ? 0
                                                                     : version;
}

/* ---- opening ---- */

static void disconnect(tinet__db *db)
{
  struct tinet__list *link;

  while ((link = db->stmts.next) != &db->stmts) {
    tinet__stmt *s = TINET__CONTAINER(link, tinet__stmt, link);

    tinet__list_remove(link);
    (void)sqlite3_finalize(s->sql); /* repeats the failure of the step */
    tinet__free(s);
  }
  /* It fails only with statements left. */
  (void)sqlite3_close(db->sql);
  db->sql = NULL;
}

void tinet__db_close(tinet__db *db)
{
  if (!db)
    return;
  disconnect(db);
  tinet__free(db->path);
  tinet__free(db);
}

/* SQLite makes the log with the rights of the file, but takes one it finds. */
static int prepare_files(tinet__db *db, tinet_error *err)
{
  int ret = tinet__make_file(db->path, NULL, err);

  for (size_t i = 0; i < TINET__DB_N_SUFFIXES && ret == TINET_OK; i++) {
    TINET_CLEANUP(tinet__freep)
    char *name = tinet__db_file(db->path, tinet__db_suffixes[i]);

    ret = name ? tinet__check_file(name, NULL, err) : no_memory(err);
  }
  return ret;
}

static int connect_file(tinet__db *db, tinet_error *err)
{
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
                    SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_NOFOLLOW |
                    SQLITE_OPEN_EXRESCODE;
  int code = sqlite3_open_v2(db->path, &db->sql, flags, NULL);

  if (code == SQLITE_OK)
    code = sqlite3_busy_timeout(db->sql, BUSY_TIMEOUT_MS);
  /* Without write permission SQLite opens for reading only. */
  if (code == SQLITE_OK && sqlite3_db_readonly(db->sql, "main"))
    code = SQLITE_READONLY;
  return code == SQLITE_OK ? TINET_OK : fail(db, code, err);
}

static int check_pages(tinet__db *db, tinet_error *err)
{
  int64_t is_ok;
  int ret =
      query_int(db, "SELECT quick_check = 'ok' FROM pragma_quick_check(1)", 0,
                &is_ok, err);

  if (ret == TINET_OK && !is_ok)
    return fail(db, SQLITE_CORRUPT, err);
  return ret;
}

static int make_schema(tinet__db *db, const struct tinet__db_options *opt,
                       tinet_error *err)
{
  char ids[96];
  int ret = tinet__db_begin(db, err);

  if (ret < 0)
    return ret;
  (void)snprintf(ids, sizeof ids,
                 "PRAGMA application_id = %d; PRAGMA user_version = %d",
                 APPLICATION_ID, opt->version);
  ret = tinet__db_exec(db, opt->schema, err);
  if (ret == TINET_OK)
    ret = tinet__db_exec(db, ids, err);
  if (ret == TINET_OK)
    ret = tinet__db_commit(db, err);
  if (ret < 0)
    tinet__db_rollback(db);
  return ret;
}

/* Whose it is, and how old: what is another program's or newer is refused, for
 * it is of use to somebody; what is older is like a damaged file. */
static int check_version(tinet__db *db, const struct tinet__db_options *opt,
                         int64_t version, tinet_error *err)
{
  int64_t id;
  int ret = query_int(db, "PRAGMA application_id", 0, &id, err);

  if (ret < 0 || (id == APPLICATION_ID && version == opt->version))
    return ret;
  if (id != APPLICATION_ID)
    return tinet__error_set(err, TINET_ESTORE, TINET_ORIGIN_TINET, 0,
                            "%s: is a database of another program", db->path);
  if (version < opt->version)
    db->code = SQLITE_NOTADB;
  return tinet__error_set(
      err, TINET_ESTORE, TINET_ORIGIN_TINET, 0,
      "%s: its format has version %lld, this program knows version %d",
      db->path, (long long)version, opt->version);
}

static int set_up_once(tinet__db *db, const struct tinet__db_options *opt,
                       tinet_error *err)
{
  int64_t version, n_tables;
  int ret = query_int(db, "PRAGMA user_version", 0, &version, err);

  if (ret == TINET_OK)
    ret =
        query_int(db, "SELECT count(*) FROM sqlite_schema", 0, &n_tables, err);
  if (ret == TINET_OK && n_tables > 0)
    ret = check_version(db, opt, version, err);
  if (ret == TINET_OK && n_tables > 0)
    ret = check_pages(db, err);
  /* Debian's SQLite has an own default for some of these, others not. */
  if (ret == TINET_OK)
    ret = tinet__db_exec(db,
                         "PRAGMA journal_mode = WAL;"
                         "PRAGMA synchronous = NORMAL;"
                         "PRAGMA journal_size_limit = 1048576;"
                         "PRAGMA trusted_schema = OFF;"
                         "PRAGMA cell_size_check = ON;"
                         "PRAGMA temp_store = MEMORY",
                         err);
  if (ret == TINET_OK && n_tables == 0)
    ret = make_schema(db, opt, err);
  return ret;
}

/* In a few places, the change to WAL among them, SQLite reports "busy" without
 * having waited. */
static int set_up(tinet__db *db, const struct tinet__db_options *opt,
                  tinet_error *err)
{
  const struct timespec step = {0, BUSY_STEP_MS * 1000000L};
  const uint64_t end_us = tinet__clock_us() + BUSY_TIMEOUT_MS * 1000u;

  for (;;) {
    int ret;

    db->code = SQLITE_OK;
    ret = set_up_once(db, opt, err);
    if ((db->code & 0xff) != SQLITE_BUSY || tinet__clock_us() >= end_us)
      return ret;
    (void)nanosleep(&step, NULL);
  }
}

static int open_file(tinet__db *db, const struct tinet__db_options *opt,
                     tinet_error *err)
{
  int ret = prepare_files(db, err);

  if (ret == TINET_OK)
    ret = connect_file(db, err);
  if (ret == TINET_OK)
    ret = set_up(db, opt, err);
  return ret;
}

static void warn(const struct tinet__db_options *opt, const char *aside,
                 const tinet_error *why)
{
  char text[2 * TINET_ERROR_TEXT_MAX];

  if (!opt->on_warning)
    return;
  (void)snprintf(text, sizeof text, "%s; it is now %s, a fresh one was begun",
                 why->text, aside);
  opt->on_warning(opt->warning_user, text);
}

static int open_locked(tinet__db *db, const struct tinet__db_options *opt,
                       tinet_error *err)
{
  TINET_CLEANUP(tinet__freep) char *aside = NULL;
  tinet_error why;
  int ret = open_file(db, opt, &why);

  if (ret < 0 && tinet__db_is_damaged(db)) {
    disconnect(db);
    ret = tinet__db_put_aside(db->path, &aside, err);
    if (ret < 0)
      return ret;
    ret = open_file(db, opt, err);
    if (ret == TINET_OK)
      warn(opt, aside, &why);
    return ret;
  }
  if (ret < 0 && err)
    *err = why;
  return ret;
}

int tinet__db_open(const struct tinet__db_options *opt, tinet__db **ret_db,
                   tinet_error *err)
{
  TINET_CLEANUP(tinet__db_closep) tinet__db *db = tinet__zalloc(sizeof *db);
  int lock = -1, ret;

  if (!db)
    return no_memory(err);
  tinet__list_init(&db->stmts);
  ret = tinet__make_folder_of(opt->path, &db->path, err);
  if (ret == TINET_OK)
    ret = tinet__lock_folder_of(db->path, LOCK_TIMEOUT_MS, &lock, err);
  if (ret < 0)
    return ret;
  ret = open_locked(db, opt, err);
  (void)close(lock);
  if (ret == TINET_OK)
    *ret_db = TINET_TAKE(db);
  return ret;
}
