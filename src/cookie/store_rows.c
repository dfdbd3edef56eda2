/* store_rows.c - the table of cookies.
 *
 * Only persistent cookies have rows.  A row is judged when it is read: whoever
 * can write the file must not thereby be able to write header lines.
 */
#include "store_rows.h"

#include "../core/alloc.h"
#include "../core/error.h"

#include <string.h>

#define SCHEMA_VERSION 1

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS cookie ("
    " domain TEXT NOT NULL, path TEXT NOT NULL, name TEXT NOT NULL,"
    " host_only INTEGER NOT NULL, value TEXT NOT NULL,"
    " secure INTEGER NOT NULL, http_only INTEGER NOT NULL,"
    " same_site INTEGER NOT NULL, expires_ms INTEGER NOT NULL,"
    " created_us INTEGER NOT NULL, accessed_us INTEGER NOT NULL,"
    " comment TEXT, original_url TEXT, version INTEGER NOT NULL,"
    " PRIMARY KEY (domain, path, name, host_only)) WITHOUT ROWID";

#define COLUMNS                                                                \
  "domain, path, name, host_only, value, secure, http_only, same_site,"        \
  " expires_ms, created_us, accessed_us, comment, original_url, version"
#define WHERE_KEY                                                              \
  " WHERE domain = ? AND path = ? AND name = ? AND host_only = ?"

static int prepare_all(struct tinet__cookie_rows *rows, tinet_error *err)
{
  const struct {
    tinet__stmt **stmt;
    const char *sql;
  } all[] = {
      {&rows->put, "INSERT OR REPLACE INTO cookie (" COLUMNS ")"
                   " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"},
      {&rows->remove, "DELETE FROM cookie" WHERE_KEY},
      {&rows->touch, "UPDATE cookie SET accessed_us = max(accessed_us, ?5)"
                     " WHERE domain = ?1 AND path = ?2 AND name = ?3"
                     " AND host_only = ?4"},
      {&rows->read, "SELECT " COLUMNS " FROM cookie ORDER BY accessed_us"},
  };
  int ret = TINET_OK;

  for (size_t i = 0; i < sizeof all / sizeof *all && ret == TINET_OK; i++)
    ret = tinet__db_prepare(rows->db, all[i].sql, all[i].stmt, err);
  return ret;
}

int tinet__cookie_rows_open(struct tinet__cookie_rows *rows,
                            const struct tinet__cookie_store_options *opt,
                            tinet_error *err)
{
  const struct tinet__db_options db_opt = {
      .path = opt->path,
      .schema = schema,
      .version = SCHEMA_VERSION,
      .on_warning = opt->on_warning,
      .warning_user = opt->warning_user,
  };
  int ret = tinet__db_open(&db_opt, &rows->db, err);

  if (ret == TINET_OK) /* removed credentials are to be gone from the file */
    ret = tinet__db_exec(rows->db, "PRAGMA secure_delete = ON", err);
  if (ret == TINET_OK)
    ret = prepare_all(rows, err);
  if (ret < 0)
    tinet__cookie_rows_close(rows);
  return ret;
}

void tinet__cookie_rows_close(struct tinet__cookie_rows *rows)
{
  tinet__db_close(rows->db);
  memset(rows, 0, sizeof *rows);
}

static void bind_key(tinet__stmt *s, const tinet_cookie *c)
{
  tinet__stmt_bind_text(s, 1, c->domain);
  tinet__stmt_bind_text(s, 2, c->path);
  tinet__stmt_bind_text(s, 3, c->name);
  tinet__stmt_bind_int(s, 4, c->is_host_only);
}

static int put(tinet__stmt *s, const tinet_cookie *c, tinet_error *err)
{
  bind_key(s, c);
  tinet__stmt_bind_text(s, 5, c->value);
  tinet__stmt_bind_int(s, 6, c->is_secure);
  tinet__stmt_bind_int(s, 7, c->is_http_only);
  tinet__stmt_bind_int(s, 8, c->same_site);
  tinet__stmt_bind_int(s, 9, c->expires_ms);
  tinet__stmt_bind_int(s, 10, c->created_us);
  tinet__stmt_bind_int(s, 11, c->accessed_us);
  tinet__stmt_bind_text(s, 12, c->comment);
  tinet__stmt_bind_text(s, 13, c->original_url);
  tinet__stmt_bind_int(s, 14, c->version);
  return tinet__stmt_run(s, err);
}

struct writing {
  struct tinet__cookie_rows *rows;
  tinet_error *err;
};

static int write_one(void *user, const struct tinet__cookie_change *change)
{
  const struct writing *w = user;

  switch (change->kind) {
  case TINET__COOKIE_PUT:
    return put(w->rows->put, &change->cookie, w->err);
  case TINET__COOKIE_REMOVE:
    bind_key(w->rows->remove, &change->cookie);
    return tinet__stmt_run(w->rows->remove, w->err);
  case TINET__COOKIE_TOUCH:
    bind_key(w->rows->touch, &change->cookie);
    tinet__stmt_bind_int(w->rows->touch, 5, change->cookie.accessed_us);
    return tinet__stmt_run(w->rows->touch, w->err);
  }
  return TINET_EINVAL;
}

/* The log still has what was removed. */
static void empty_log(struct tinet__cookie_rows *rows)
{
  int ret = tinet__db_exec(rows->db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL);

  (void)ret; /* with a reader in the way, the last one to close empties it */
}

int tinet__cookie_rows_write(struct tinet__cookie_rows *rows,
                             const struct tinet__cookie_queue *changes,
                             tinet_error *err)
{
  struct writing w = {rows, err};
  int ret = tinet__db_begin(rows->db, err);

  if (ret < 0)
    return ret;
  if (changes->is_cleared)
    ret = tinet__db_exec(rows->db, "DELETE FROM cookie", err);
  if (ret == TINET_OK)
    ret = tinet__cookie_queue_each(changes, write_one, &w);
  if (ret == TINET_OK)
    ret = tinet__db_commit(rows->db, err);
  if (ret < 0) {
    tinet__db_rollback(rows->db);
    return ret;
  }
  if (changes->is_cleared)
    empty_log(rows);
  return TINET_OK;
}

int tinet__cookie_rows_remove_expired(struct tinet__cookie_rows *rows,
                                      int64_t now_ms, tinet_error *err)
{
  tinet__stmt *s;
  int ret = tinet__db_prepare(
      rows->db, "DELETE FROM cookie WHERE expires_ms <= ?", &s, err);

  if (ret < 0)
    return ret;
  tinet__stmt_bind_int(s, 1, now_ms);
  return tinet__stmt_run(s, err);
}

/* rfc: 6265bis 5.6, no control characters but the tab. */
static bool is_clean(const char *text)
{
  for (; *text; text++)
    if (((unsigned char)*text < ' ' && *text != '\t') || *text == 0x7f)
      return false;
  return true;
}

static const char *text_or_null(tinet__stmt *s, int column)
{
  return tinet__stmt_is_null(s, column) ? NULL : tinet__stmt_text(s, column);
}

/* False if it is no cookie that a jar could have written. */
static bool read_row(tinet__stmt *s, tinet_cookie *c)
{
  int64_t same_site = tinet__stmt_int(s, 7);

  *c = (tinet_cookie){
      .domain = tinet__stmt_text(s, 0),
      .path = tinet__stmt_text(s, 1),
      .name = tinet__stmt_text(s, 2),
      .is_host_only = tinet__stmt_int(s, 3) != 0,
      .value = tinet__stmt_text(s, 4),
      .is_secure = tinet__stmt_int(s, 5) != 0,
      .is_http_only = tinet__stmt_int(s, 6) != 0,
      .is_persistent = true,
      .expires_ms = tinet__stmt_int(s, 8),
      .created_us = tinet__stmt_int(s, 9),
      .accessed_us = tinet__stmt_int(s, 10),
      .comment = text_or_null(s, 11),
      .original_url = text_or_null(s, 12),
      .version = (int)tinet__stmt_int(s, 13),
  };
  if (same_site < TINET_COOKIE_SAME_SITE_DEFAULT ||
      same_site > TINET_COOKIE_SAME_SITE_STRICT)
    return false;
  c->same_site = (tinet_cookie_same_site)same_site;
  return *c->domain && *c->path == '/' && (*c->name || *c->value) &&
         is_clean(c->domain) && is_clean(c->path) && is_clean(c->name) &&
         is_clean(c->value);
}

static int read_all(struct tinet__cookie_rows *rows,
                    struct tinet__cookie_change **first, tinet_error *err)
{
  struct tinet__cookie_change **end = first;
  int ret;

  while ((ret = tinet__stmt_step(rows->read, err)) == 1) {
    tinet_cookie c;

    if (!read_row(rows->read, &c))
      continue;
    *end = tinet__cookie_change_new(TINET__COOKIE_PUT, &c);
    if (!*end) {
      tinet__stmt_reset(rows->read);
      return tinet__error_set(err, TINET_ENOMEM, TINET_ORIGIN_TINET, 0, NULL);
    }
    end = &(*end)->next;
  }
  return ret;
}

int tinet__cookie_rows_read(struct tinet__cookie_rows *rows,
                            struct tinet__cookie_change **ret_rows,
                            int64_t *ret_version, tinet_error *err)
{
  struct tinet__cookie_change *all = NULL;
  int64_t version = 0;
  /* One transaction, so that rows and version are of the same moment. */
  int ret = tinet__db_exec(rows->db, "BEGIN", err);

  if (ret < 0)
    return ret;
  ret = read_all(rows, &all, err);
  if (ret == TINET_OK)
    version = tinet__db_data_version(rows->db);
  tinet__db_rollback(rows->db); /* nothing was written */
  if (ret < 0) {
    tinet__cookie_changes_free(all);
    return ret;
  }
  *ret_rows = all;
  *ret_version = version;
  return TINET_OK;
}
