/* cache_index.c - the rows: what is stored, and in which file its body is. */
#include "cache_private.h"

#include <string.h>

#define MAX_VARIANTS "64" /* looked at, of one URL; the youngest first */

const char tinet__cache_schema[] =
    "CREATE TABLE IF NOT EXISTS entry("
    "url TEXT NOT NULL, scope TEXT NOT NULL, vary TEXT NOT NULL,"
    "variant TEXT NOT NULL, file TEXT NOT NULL, body_len INTEGER NOT NULL,"
    "size INTEGER NOT NULL, status INTEGER NOT NULL, version INTEGER NOT NULL,"
    "phrase TEXT NOT NULL, headers BLOB NOT NULL, request_s INTEGER NOT NULL,"
    "response_s INTEGER NOT NULL, used_us INTEGER NOT NULL,"
    "PRIMARY KEY(url, scope, vary, variant));"
    "CREATE INDEX IF NOT EXISTS entry_used ON entry(used_us);"
    "CREATE INDEX IF NOT EXISTS entry_file ON entry(file);";

static int prepare(struct tinet__cache_index *x, tinet_error *err)
{
  const struct {
    tinet__stmt **stmt;
    const char *sql;
  } list[] = {
      {&x->find, "SELECT vary, variant, file, body_len, status, version,"
                 " phrase, headers, request_s, response_s FROM entry"
                 " WHERE url = ?1 AND scope = ?2"
                 " ORDER BY response_s DESC, rowid DESC LIMIT " MAX_VARIANTS},
      {&x->put, "INSERT OR REPLACE INTO entry VALUES"
                "(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14)"},
      {&x->replaced, "SELECT file FROM entry WHERE url = ?1 AND scope = ?2"
                     " AND vary = ?3 AND variant = ?4 AND file <> ?5"},
      {&x->forget, "DELETE FROM entry WHERE url = ?1"},
      {&x->listed, "SELECT file FROM entry WHERE url = ?1"},
      {&x->drop, "DELETE FROM entry WHERE file = ?1"},
      {&x->touch, "UPDATE entry SET used_us = ?2 WHERE file = ?1"},
      {&x->sum, "SELECT coalesce(sum(size), 0), count(*) FROM entry"},
      {&x->oldest, "SELECT file, size FROM entry ORDER BY used_us LIMIT 1"},
      {&x->all, "SELECT file FROM entry"},
      {&x->has, "SELECT 1 FROM entry WHERE file = ?1"},
  };

  for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
    int ret = tinet__db_prepare(x->db, list[i].sql, list[i].stmt, err);

    if (ret < 0)
      return ret;
  }
  return TINET_OK;
}

int tinet__cache_index_open(struct tinet__cache_index *index,
                            const struct tinet__db_options *opt,
                            tinet_error *err)
{
  int ret;

  memset(index, 0, sizeof *index);
  ret = tinet__db_open(opt, &index->db, err);
  if (ret < 0)
    return ret;
  ret = prepare(index, err);
  if (ret < 0)
    tinet__cache_index_close(index);
  return ret;
}

void tinet__cache_index_close(struct tinet__cache_index *index)
{
  tinet__db_close(index->db);
  memset(index, 0, sizeof *index);
}

/* ---- header fields as bytes: name NUL value NUL ... ---- */

static int pack(const struct tinet__headers *h, struct tinet__buf *b)
{
  int err = tinet__buf_adds(b, "");

  for (size_t i = 0; err == TINET_OK && i < h->n_fields; i++) {
    err =
        tinet__buf_add(b, tinet__headers_name(h, i), h->fields[i].name_len + 1);
    if (err == TINET_OK)
      err = tinet__buf_add(b, tinet__headers_value(h, i),
                           h->fields[i].value_len + 1);
  }
  return err;
}

static int unpack(const char *p, size_t len, struct tinet__headers *h)
{
  const char *end = p + len;

  while (p < end) {
    size_t name_len = strnlen(p, (size_t)(end - p)), value_len;
    const char *value = p + name_len + 1;
    int err;

    if (value >= end)
      return TINET_ESTORE;
    value_len = strnlen(value, (size_t)(end - value));
    if (value + value_len >= end)
      return TINET_ESTORE;
    err = tinet__headers_add(h, p, name_len, value, value_len);
    if (err < 0)
      return err;
    p = value + value_len + 1;
  }
  return TINET_OK;
}

/* ---- rows ---- */

/* Fills in what `find` has read; with the strings of the key. */
static int read_row(tinet__stmt *s, const char *url, const char *scope,
                    struct tinet__cache_item *item)
{
  const char *file = tinet__stmt_text(s, 2);
  const void *fields;
  size_t len;

  item->body = tinet__cache_body_new();
  item->url = tinet__strdup(url);
  item->scope = tinet__strdup(scope);
  item->vary = tinet__strdup(tinet__stmt_text(s, 0));
  item->phrase = tinet__strdup(tinet__stmt_text(s, 6));
  if (!item->body || !item->url || !item->scope || !item->vary || !item->phrase)
    return TINET_ENOMEM;
  if (strlen(file) >= sizeof item->body->file || tinet__stmt_int(s, 3) < 0)
    return TINET_ESTORE;
  memcpy(item->body->file, file, strlen(file) + 1);
  strncpy(item->variant, tinet__stmt_text(s, 1), sizeof item->variant - 1);
  item->body->len = (uint64_t)tinet__stmt_int(s, 3);
  item->body->is_on_disk = true;
  item->status = (int)tinet__stmt_int(s, 4);
  item->http_version = (int)tinet__stmt_int(s, 5);
  item->request_s = tinet__stmt_int(s, 8);
  item->response_s = tinet__stmt_int(s, 9);
  fields = tinet__stmt_blob(s, 7, &len);
  return unpack(fields, len, &item->headers);
}

static bool row_answers(tinet__stmt *s, const struct tinet__headers *request)
{
  char variant[65];

  return tinet__cache_variant(tinet__stmt_text(s, 0), request, variant) ==
             TINET_OK &&
         strcmp(variant, tinet__stmt_text(s, 1)) == 0;
}

int tinet__cache_index_find(struct tinet__cache_index *index, const char *url,
                            const char *scope,
                            const struct tinet__headers *request,
                            struct tinet__cache_item **ret_item)
{
  TINET_CLEANUP(tinet__cache_item_unrefp)
  struct tinet__cache_item *item = tinet__cache_item_new();
  tinet__stmt *s = index->find;
  int ret;

  if (!item)
    return TINET_ENOMEM;
  tinet__stmt_bind_text(s, 1, url);
  tinet__stmt_bind_text(s, 2, scope);
  do
    ret = tinet__stmt_step(s, NULL);
  while (ret == 1 && !row_answers(s, request));
  if (ret != 1)
    return ret;
  ret = read_row(s, url, scope, item);
  tinet__stmt_reset(s);
  if (ret < 0)
    return ret;
  *ret_item = TINET_TAKE(item);
  return 1;
}

/* Steps through rows whose column 0 is a file. */
static int doom(tinet__stmt *s, struct tinet__buf *doomed, tinet_error *err)
{
  int ret;

  while ((ret = tinet__stmt_step(s, err)) == 1) {
    const char *file = tinet__stmt_text(s, 0);

    ret = tinet__buf_add(doomed, file, strlen(file) + 1);
    if (ret < 0) {
      tinet__stmt_reset(s);
      return ret;
    }
  }
  return ret;
}

static void bind_key(tinet__stmt *s, const struct tinet__cache_item *item)
{
  tinet__stmt_bind_text(s, 1, item->url);
  tinet__stmt_bind_text(s, 2, item->scope);
  tinet__stmt_bind_text(s, 3, item->vary);
  tinet__stmt_bind_text(s, 4, item->variant);
  tinet__stmt_bind_text(s, 5, item->body->file);
}

int tinet__cache_index_put(struct tinet__cache_index *index,
                           const struct tinet__cache_item *item,
                           int64_t used_us, struct tinet__buf *doomed,
                           tinet_error *err)
{
  struct tinet__buf fields = TINET__BUF_INIT;
  tinet__stmt *s = index->put;
  int ret;

  bind_key(index->replaced, item);
  ret = doom(index->replaced, doomed, err);
  if (ret == TINET_OK)
    ret = pack(&item->headers, &fields);
  if (ret == TINET_OK) {
    bind_key(s, item);
    tinet__stmt_bind_int(s, 6, (int64_t)item->body->len);
    tinet__stmt_bind_int(s, 7, (int64_t)tinet__cache_item_size(item));
    tinet__stmt_bind_int(s, 8, item->status);
    tinet__stmt_bind_int(s, 9, item->http_version);
    tinet__stmt_bind_text(s, 10, item->phrase);
    tinet__stmt_bind_blob(s, 11, fields.data, fields.len);
    tinet__stmt_bind_int(s, 12, item->request_s);
    tinet__stmt_bind_int(s, 13, item->response_s);
    tinet__stmt_bind_int(s, 14, used_us);
    ret = tinet__stmt_run(s, err);
  }
  tinet__buf_free(&fields);
  return ret;
}

int tinet__cache_index_forget(struct tinet__cache_index *index, const char *url,
                              struct tinet__buf *doomed, tinet_error *err)
{
  int ret;

  tinet__stmt_bind_text(index->listed, 1, url);
  ret = doom(index->listed, doomed, err);
  if (ret < 0)
    return ret;
  tinet__stmt_bind_text(index->forget, 1, url);
  return tinet__stmt_run(index->forget, err);
}

int tinet__cache_index_clear(struct tinet__cache_index *index,
                             struct tinet__buf *doomed, tinet_error *err)
{
  int ret;

  ret = doom(index->all, doomed, err);
  if (ret < 0)
    return ret;
  return tinet__db_exec(index->db, "DELETE FROM entry", err);
}

int tinet__cache_index_drop(struct tinet__cache_index *index, const char *file,
                            tinet_error *err)
{
  tinet__stmt_bind_text(index->drop, 1, file);
  return tinet__stmt_run(index->drop, err);
}

int tinet__cache_index_touch(struct tinet__cache_index *index, const char *file,
                             int64_t used_us, tinet_error *err)
{
  tinet__stmt_bind_text(index->touch, 1, file);
  tinet__stmt_bind_int(index->touch, 2, used_us);
  return tinet__stmt_run(index->touch, err);
}

int tinet__cache_index_has(struct tinet__cache_index *index, const char *file,
                           tinet_error *err)
{
  int ret;

  tinet__stmt_bind_text(index->has, 1, file);
  ret = tinet__stmt_step(index->has, err);
  tinet__stmt_reset(index->has);
  return ret;
}

int tinet__cache_index_sum(struct tinet__cache_index *index,
                           uint64_t *ret_bytes, uint64_t *ret_n_entries,
                           tinet_error *err)
{
  int ret = tinet__stmt_step(index->sum, err);

  if (ret < 0)
    return ret;
  *ret_bytes = (uint64_t)tinet__stmt_int(index->sum, 0);
  *ret_n_entries = (uint64_t)tinet__stmt_int(index->sum, 1);
  tinet__stmt_reset(index->sum);
  return TINET_OK;
}

static int drop_oldest(struct tinet__cache_index *index, uint64_t *bytes,
                       struct tinet__buf *doomed, tinet_error *err)
{
  tinet__stmt *s = index->oldest;
  char file[64] = "";
  int ret = tinet__stmt_step(s, err);

  if (ret != 1)
    return ret;
  strncpy(file, tinet__stmt_text(s, 0), sizeof file - 1);
  *bytes -= (uint64_t)tinet__stmt_int(s, 1);
  tinet__stmt_reset(s);
  ret = tinet__buf_add(doomed, file, strlen(file) + 1);
  if (ret < 0)
    return ret;
  ret = tinet__cache_index_drop(index, file, err);
  return ret < 0 ? ret : 1;
}

int tinet__cache_index_shrink(struct tinet__cache_index *index,
                              uint64_t max_bytes, uint64_t *ret_n_evicted,
                              struct tinet__buf *doomed, tinet_error *err)
{
  uint64_t bytes, n_entries;
  int ret = tinet__cache_index_sum(index, &bytes, &n_entries, err);

  if (ret < 0)
    return ret;
  while (bytes > max_bytes) {
    ret = drop_oldest(index, &bytes, doomed, err);
    if (ret <= 0)
      return ret;
    ++*ret_n_evicted;
  }
  return TINET_OK;
}
