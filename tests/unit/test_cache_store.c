/* test_cache_store.c - what is put is found, until it is forgotten. */
#include "core/alloc.h"
#include "http/cache_private.h"
#include "t.h"

#include <dirent.h>
#include <unistd.h>

static tinet_cache *cache;
static struct tinet__headers request, response;
static char folder[64];

static void begin(bool is_on_disk, uint64_t max_bytes)
{
  tinet_cache_options opt;
  tinet_error err;

  tinet_cache_options_init(&opt);
  (void)snprintf(folder, sizeof folder, "/tmp/tinet-cache-XXXXXX");
  T_OK(mkdtemp(folder) != NULL);
  opt.path = is_on_disk ? folder : NULL;
  if (max_bytes > 0)
    opt.max_bytes = max_bytes;
  T_EQ(0, tinet_cache_open(&opt, &cache, &err));
}

static size_t count_files(const char *prefix)
{
  DIR *dir = opendir(folder);
  struct dirent *entry;
  size_t n = 0;

  while (dir && (entry = readdir(dir)))
    n += strncmp(entry->d_name, prefix, strlen(prefix)) == 0;
  if (dir)
    (void)closedir(dir);
  return n;
}

static void end(void)
{
  char path[400];
  DIR *dir;
  struct dirent *entry;

  tinet_cache_unref(cache);
  cache = NULL;
  T_EQ(0, count_files("s-"));
  dir = opendir(folder);
  while (dir && (entry = readdir(dir))) {
    (void)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
    (void)unlink(path);
  }
  if (dir)
    (void)closedir(dir);
  T_EQ(0, rmdir(folder));
}

static int make_item(const char *url, struct tinet__cache_item **ret_item)
{
  TINET_CLEANUP(tinet__cache_item_unrefp)
  struct tinet__cache_item *item = tinet__cache_item_new();
  int err;

  if (!item)
    return TINET_ENOMEM;
  item->url = tinet__strdup(url);
  item->scope = tinet__strdup("scope");
  item->phrase = tinet__strdup("OK");
  item->status = 200;
  item->http_version = 11;
  item->request_s = item->response_s = 1000;
  if (!item->url || !item->scope || !item->phrase)
    return TINET_ENOMEM;
  err = tinet__cache_storable_fields(&response, &item->headers);
  if (err == 0)
    err = tinet__cache_vary(&response, &item->vary);
  if (err == 0)
    err = tinet__cache_variant(item->vary, &request, item->variant);
  if (err == 0)
    *ret_item = TINET_TAKE(item);
  return err;
}

static int put(const char *url, const void *body, size_t len)
{
  struct tinet__cache_item *item = NULL;
  struct tinet__cache_writer *w = NULL;
  int err = make_item(url, &item);

  if (err < 0)
    return err;
  err = tinet__cache_writer_open(cache, item, (int64_t)len, &w);
  if (err < 0) {
    tinet__cache_item_unref(item);
    return err;
  }
  err = tinet__cache_writer_add(w, body, len);
  if (err < 0)
    tinet__cache_writer_abort(w);
  else
    tinet__cache_writer_commit(w);
  return err;
}

static int find(const char *url, struct tinet__cache_item **ret_item)
{
  return tinet__cache_find(cache, url, "scope", &request, ret_item);
}

static bool has(const char *url)
{
  struct tinet__cache_item *item = NULL;
  bool is_found = find(url, &item) == 1;

  tinet__cache_item_unref(item);
  return is_found;
}

static tinet_cache_info info(void)
{
  tinet_cache_info now = {0};

  T_EQ(0, tinet_cache_get_info(cache, &now));
  return now;
}

static void set(struct tinet__headers *h, const char *name, const char *value)
{
  T_EQ(0, tinet__headers_set(h, name, value));
}

static void round_trip(bool is_on_disk)
{
  static char big[200000], back[200001];
  struct tinet__cache_item *item = NULL;

  begin(is_on_disk, 0);
  memset(big, 'x', sizeof big);
  set(&response, "ETag", "\"a\"");
  T_EQ(0, put("u:1", "body", 4));
  T_OK(has("u:1")); /* before it is written */
  T_EQ(0, put("u:2", big, sizeof big));
  T_EQ(0, put("u:3", "", 0));
  T_EQ(3, info().n_entries);
  T_OK(!has("u:4"));
  T_EQ(1, find("u:2", &item));
  T_EQ(sizeof big, item->body->len);
  T_STR("\"a\"", tinet__headers_get(&item->headers, "ETag"));
  T_EQ(0, tinet_cache_clear(cache));
  T_EQ(sizeof big, tinet__cache_body_read(item->body, 0, back, sizeof back));
  T_MEM(big, sizeof big, back, sizeof big); /* readable when it is gone */
  tinet__cache_item_unref(item);
  T_OK(!has("u:1") && !has("u:2") && !has("u:3"));
  T_EQ(0, info().bytes);
  T_EQ(0, count_files("b-"));
  end();
}

static void what_is_put_in_memory_is_found(void)
{
  round_trip(false);
}

static void what_is_put_on_disk_is_found(void)
{
  round_trip(true);
}

static void forgotten_before_written_is_gone(void)
{
  begin(true, 0);
  T_EQ(0, put("u:1", "body", 4));
  T_EQ(0, tinet__cache_forget(cache, "u:1"));
  T_OK(!has("u:1"));
  T_EQ(0, put("u:1", "else", 4));
  T_OK(has("u:1"));
  T_EQ(1, info().n_entries);
  T_OK(has("u:1"));
  T_EQ(1, count_files("b-"));
  end();
}

static void one_key_has_one_response(void)
{
  for (int disk = 0; disk < 2; disk++) {
    begin(disk, 0);
    T_EQ(0, put("u:1", "one", 3));
    (void)info();
    T_EQ(0, put("u:1", "three", 5));
    T_EQ(1, info().n_entries);
    if (disk)
      T_EQ(1, count_files("b-"));
    end();
  }
}

static void variants_are_told_apart(void)
{
  for (int disk = 0; disk < 2; disk++) {
    begin(disk, 0);
    set(&response, "Vary", "X");
    set(&request, "X", "1");
    T_EQ(0, put("u:1", "one", 3));
    set(&request, "X", "2");
    T_OK(!has("u:1"));
    T_EQ(0, put("u:1", "two", 3));
    T_EQ(2, info().n_entries);
    T_OK(has("u:1"));
    (void)tinet__headers_remove(&request, "X");
    T_OK(!has("u:1"));
    set(&request, "X", "");
    T_OK(!has("u:1"));
    (void)tinet__headers_remove(&request, "X");
    (void)tinet__headers_remove(&response, "Vary");
    end();
  }
}

static void a_body_that_is_too_short_is_not_stored(void)
{
  struct tinet__cache_item *item = NULL;
  struct tinet__cache_writer *w = NULL;

  begin(true, 0);
  T_EQ(0, make_item("u:1", &item));
  T_EQ(0, tinet__cache_writer_open(cache, item, 5, &w));
  T_EQ(0, tinet__cache_writer_add(w, "body", 4));
  tinet__cache_writer_commit(w);
  T_OK(!has("u:1"));
  T_EQ(TINET_ELIMIT, tinet__cache_writer_open(cache, NULL, INT64_MAX, &w));
  end();
}

static void scopes_depend_on_who_asks(void)
{
  struct tinet__headers h = {0};
  char *a = NULL, *b = NULL;

  set(&h, "Authorization", "Digest username=\"u\", realm=\"r\", nonce=\"1\"");
  T_EQ(0, tinet__cache_scope("", 0, 0, &h, &a));
  set(&h, "Authorization", "Digest username=\"u\", realm=\"r\", nonce=\"2\"");
  T_EQ(0, tinet__cache_scope("", 0, 0, &h, &b));
  T_STR(a, b);
  tinet__free(b);
  set(&h, "Authorization", "Digest username=\"v\", realm=\"r\", nonce=\"2\"");
  T_EQ(0, tinet__cache_scope("", 0, 0, &h, &b));
  T_OK(strcmp(a, b) != 0 && !strstr(a, "u\""));
  tinet__free(a);
  tinet__free(b);
  tinet__headers_free(&h);
}

static void old_ones_make_room(void)
{
  char body[1000] = "";

  for (int disk = 0; disk < 2; disk++) {
    begin(disk, 3500);
    for (int i = 0; i < 6; i++) {
      char url[8];

      (void)snprintf(url, sizeof url, "u:%d", i);
      T_EQ(0, put(url, body, sizeof body));
      (void)info();
    }
    T_EQ(3, info().n_entries);
    T_EQ(3, info().n_evicted);
    T_OK(has("u:5") && !has("u:0"));
    end();
  }
}

static void options_are_checked(void)
{
  tinet_cache_options opt;
  tinet_cache *none = NULL;
  tinet_error err;

  tinet_cache_options_init(&opt);
  opt.max_bytes = 0;
  T_EQ(TINET_EINVAL, tinet_cache_open(&opt, &none, &err));
  tinet_cache_options_init(&opt);
  opt.struct_size = 1;
  T_EQ(TINET_EINVAL, tinet_cache_open(&opt, &none, NULL));
  tinet_cache_options_init(&opt);
  opt.path = "/dev/null/cache";
  T_EQ(TINET_ESTORE, tinet_cache_open(&opt, &none, &err));
  T_OK(strstr(err.text, "/dev/null") != NULL);
  T_OK(none == NULL);
  tinet_cache_unref(NULL);
}

static int open_and_put_once(void)
{
  struct tinet__cache_item *item = NULL;
  int err = tinet_cache_open(NULL, &cache, NULL);

  if (err == 0)
    err = put("u:1", "body", 4);
  if (err == 0) {
    int found = find("u:1", &item);

    /* Putting it may fail without a word. */
    err = found == 1 ? 0 : TINET_ENOMEM;
  }
  tinet__cache_item_unref(item);
  tinet_cache_unref(cache);
  cache = NULL;
  return err;
}

static void no_memory_is_reported(void)
{
  T_EACH_ALLOCATION_FAILS(0, open_and_put_once);
}

int main(void)
{
  T_RUN(what_is_put_in_memory_is_found);
  T_RUN(what_is_put_on_disk_is_found);
  T_RUN(forgotten_before_written_is_gone);
  T_RUN(one_key_has_one_response);
  T_RUN(variants_are_told_apart);
  T_RUN(a_body_that_is_too_short_is_not_stored);
  T_RUN(scopes_depend_on_who_asks);
  T_RUN(old_ones_make_room);
  T_RUN(options_are_checked);
  T_RUN(no_memory_is_reported);
  tinet__headers_free(&request);
  tinet__headers_free(&response);
  return T_END();
}
