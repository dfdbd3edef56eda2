/* stores.c - the cookie stores of Titanium, the application's and the user's,
 * and the application's cache.
 *
 * A store is one object a process, shared by the main thread and all workers;
 * each environment that has used it holds a reference, and the last one writes
 * what is not yet written.
 */
#include "addon.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLAG_HOST_ONLY 1u
#define FLAG_SECURE 2u
#define FLAG_HTTP_ONLY 4u
#define FLAG_PERSISTENT 8u

/* Guarded by the lock. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
  tinet_cookie_jar *jar; /* one of the environments' references */
  unsigned n_users;
} stores[N_STORES];
static tinet_cache *shared_cache; /* one of the environments' references */
static unsigned n_cache_users;

/* What the stores have to say, a line each: it may come from their threads, and
 * is told to JavaScript at the next call.  What does not fit is about the same.
 */
static pthread_mutex_t news_lock = PTHREAD_MUTEX_INITIALIZER;
static char news[2048];
static atomic_bool has_news;

static void on_news(void *user, const char *text)
{
  size_t len;

  (void)user;
  (void)pthread_mutex_lock(&news_lock);
  len = strlen(news);
  (void)snprintf(news + len, sizeof news - len, "%s\n", text);
  atomic_store(&has_news, true);
  (void)pthread_mutex_unlock(&news_lock);
}

static void take_news(char text[sizeof news])
{
  (void)pthread_mutex_lock(&news_lock);
  memcpy(text, news, sizeof news);
  news[0] = '\0';
  atomic_store(&has_news, false);
  (void)pthread_mutex_unlock(&news_lock);
}

/* Without the other lock: JavaScript may call back. */
void tell_store_news(struct addon *a)
{
  char text[sizeof news], *rest = NULL;

  if (!atomic_load(&has_news))
    return;
  take_news(text);
  for (char *line = strtok_r(text, "\n", &rest); line;
       line = strtok_r(NULL, "\n", &rest))
    on_warning(a, line);
}

/* There is no JavaScript any more, but what was lost must be said. */
static void print_news(void)
{
  char text[sizeof news];

  if (!atomic_load(&has_news))
    return;
  take_news(text);
  (void)fprintf(stderr, "tinet: %s", text);
}

static tinet_cookie_jar *open_at(const char *path)
{
  tinet_cookie_jar_options opt;
  tinet_cookie_jar *jar = NULL;
  tinet_error err = {0};
  char text[400];

  tinet_cookie_jar_options_init(&opt);
  opt.path = path;
  opt.on_warning = on_news;
  if (path && tinet_cookie_jar_open(&opt, &jar, &err) == TINET_OK)
    return jar;
  (void)snprintf(text, sizeof text, "cookies are kept in memory only: %s",
                 path ? err.text : "there is no home folder");
  on_news(NULL, text);
  opt.path = NULL;
  return tinet_cookie_jar_open(&opt, &jar, NULL) == TINET_OK ? jar : NULL;
}

static char *path_of(const struct addon *a, enum store which)
{
  const char *id = a->app_id ? a->app_id : "node";
  char *path;

  if (tinet_cookie_store_path(which == STORE_SYSTEM ? NULL : id, &path) < 0)
    return NULL;
  return path;
}

tinet_cookie_jar *addon_jar(struct addon *a, enum store which)
{
  char *path;

  if (a->jars[which])
    return a->jars[which];
  (void)pthread_mutex_lock(&lock);
  if (!stores[which].jar) {
    path = path_of(a, which);
    stores[which].jar = open_at(path);
    tinet_free(path);
    a->jars[which] = stores[which].jar;
  } else {
    a->jars[which] = tinet_cookie_jar_ref(stores[which].jar);
  }
  if (a->jars[which])
    stores[which].n_users++;
  (void)pthread_mutex_unlock(&lock);
  tell_store_news(a);
  return a->jars[which];
}

static tinet_cache *open_cache(const struct addon *a)
{
  tinet_cache_options opt;
  tinet_cache *cache = NULL;
  char *path = NULL;

  tinet_cache_options_init(&opt);
  opt.on_warning = on_news;
  if (tinet_cache_folder(a->app_id ? a->app_id : "node", &path) == TINET_OK)
    opt.path = path;
  if (tinet_cache_open(&opt, &cache, NULL) < 0) {
    /* A home that cannot be written: memory has to do.  The cookies have said
     * so. */
    opt.path = NULL;
    if (tinet_cache_open(&opt, &cache, NULL) < 0)
      cache = NULL;
  }
  tinet_free(path);
  return cache;
}

tinet_cache *addon_cache(struct addon *a)
{
  if (a->cache)
    return a->cache;
  (void)pthread_mutex_lock(&lock);
  if (!shared_cache) {
    shared_cache = a->cache = open_cache(a);
  } else {
    a->cache = tinet_cache_ref(shared_cache);
  }
  if (a->cache)
    n_cache_users++;
  (void)pthread_mutex_unlock(&lock);
  tell_store_news(a);
  return a->cache;
}

/* Within the lock, because the last reference writes the files. */
void release_stores(struct addon *a)
{
  (void)pthread_mutex_lock(&lock);
  for (int i = 0; i < N_STORES; i++) {
    if (!a->jars[i])
      continue;
    if (--stores[i].n_users == 0)
      stores[i].jar = NULL;
    tinet_cookie_jar_unref(a->jars[i]);
    a->jars[i] = NULL;
  }
  if (a->cache) {
    if (--n_cache_users == 0)
      shared_cache = NULL;
    tinet_cache_unref(a->cache);
    a->cache = NULL;
  }
  print_news();
  (void)pthread_mutex_unlock(&lock);
}

/* The store that the first argument names; throws and returns NULL. */
static tinet_cookie_jar *jar_of(napi_env env, napi_value which)
{
  tinet_cookie_jar *jar = addon_jar(
      addon_of(env),
      get_uint(env, which) == STORE_SYSTEM ? STORE_SYSTEM : STORE_APP);

  tell_store_news(addon_of(env));
  if (!jar)
    throw_code(env, TINET_ENOMEM, NULL);
  return jar;
}

static void fill(napi_env env, const napi_value *args, tinet_cookie *c)
{
  uint32_t flags = get_uint(env, args[5]);

  c->is_host_only = (flags & FLAG_HOST_ONLY) != 0;
  c->is_secure = (flags & FLAG_SECURE) != 0;
  c->is_http_only = (flags & FLAG_HTTP_ONLY) != 0;
  c->is_persistent = (flags & FLAG_PERSISTENT) != 0;
  c->expires_ms = (int64_t)get_number(env, args[6]);
  c->version = (int)get_number(env, args[9]);
}

/* addCookie(store, name, value, domain, path, flags, expiresMs, comment,
 * originalUrl, version) -> null, or why it is not usable */
static napi_value add_cookie(napi_env env, napi_callback_info info)
{
  static const int places[] = {1, 2, 3, 4, 7, 8};
  napi_value args[10], result = NULL;
  char *texts[6] = {NULL};
  tinet_cookie_jar *jar;
  tinet_cookie c = {0};
  tinet_error err = {0};
  bool is_read = true;
  int code;

  if (!get_args(env, info, 10, args) || !(jar = jar_of(env, args[0])))
    return NULL;
  for (size_t i = 0; i < 6 && is_read; i++)
    is_read = get_text_or_null(env, args[places[i]], &texts[i]);
  if (is_read) {
    c.name = texts[0];
    c.value = texts[1];
    c.domain = texts[2];
    c.path = texts[3];
    c.comment = texts[4];
    c.original_url = texts[5];
    fill(env, args, &c);
    code = tinet_cookie_jar_add(jar, &c, &err);
    if (code == TINET_ENOMEM)
      throw_code(env, code, NULL);
    else
      result = make_text(env, code < 0 ? err.text : NULL);
  }
  for (size_t i = 0; i < 6; i++)
    free(texts[i]);
  return result;
}

static void put(napi_env env, napi_value list, uint32_t *at, napi_value value)
{
  (void)napi_set_element(env, list, (*at)++, value);
}

static void put_cookie(napi_env env, napi_value list, uint32_t *at,
                       const tinet_cookie *c)
{
  uint32_t flags = (c->is_host_only ? FLAG_HOST_ONLY : 0) |
                   (c->is_secure ? FLAG_SECURE : 0) |
                   (c->is_http_only ? FLAG_HTTP_ONLY : 0) |
                   (c->is_persistent ? FLAG_PERSISTENT : 0);

  put(env, list, at, make_text(env, c->name));
  put(env, list, at, make_text(env, c->value));
  put(env, list, at, make_text(env, c->domain));
  put(env, list, at, make_text(env, c->path));
  put(env, list, at, make_number(env, flags));
  put(env, list, at, make_number(env, (double)c->expires_ms));
  put(env, list, at, make_text(env, c->comment));
  put(env, list, at, make_text(env, c->original_url));
  put(env, list, at, make_number(env, c->version));
}

/* findCookies(store, domain, path, name) -> [name, value, domain, path, flags,
 * expiresMs, comment, originalUrl, version, name, ...] */
static napi_value find_cookies(napi_env env, napi_callback_info info)
{
  napi_value args[4], list = NULL;
  tinet_cookie_list *found = NULL;
  tinet_cookie_jar *jar;
  char *domain = NULL, *path = NULL, *name = NULL;
  uint32_t at = 0;
  int err = TINET_ENOMEM;

  if (!get_args(env, info, 4, args) || !(jar = jar_of(env, args[0])))
    return NULL;
  if (get_text_or_null(env, args[1], &domain) &&
      get_text_or_null(env, args[2], &path) &&
      get_text_or_null(env, args[3], &name)) {
    err = tinet_cookie_jar_find(jar, domain, path, name, &found);
    if (err < 0)
      throw_code(env, err, NULL);
  }
  free(domain);
  free(path);
  free(name);
  if (err < 0 || napi_create_array(env, &list) != napi_ok)
    return NULL;
  for (size_t i = 0; i < found->n_cookies; i++)
    put_cookie(env, list, &at, &found->cookies[i]);
  tinet_cookie_list_free(found);
  return list;
}

/* removeCookie(store, domain, path, name) */
static napi_value remove_cookie(napi_env env, napi_callback_info info)
{
  char *domain = NULL, *path = NULL, *name = NULL;
  tinet_cookie_jar *jar;
  napi_value args[4];
  int err = TINET_OK;

  if (!get_args(env, info, 4, args) || !(jar = jar_of(env, args[0])))
    return NULL;
  if (get_text_or_null(env, args[1], &domain) &&
      get_text_or_null(env, args[2], &path) &&
      get_text_or_null(env, args[3], &name))
    err = tinet_cookie_jar_remove(jar, domain, path, name);
  free(domain);
  free(path);
  free(name);
  if (err < 0)
    throw_code(env, err, NULL);
  return NULL;
}

/* One text, one function of the jar; the negative code goes back. */
static napi_value with_text(napi_env env, napi_callback_info info,
                            int (*fn)(tinet_cookie_jar *, const char *))
{
  tinet_cookie_jar *jar;
  napi_value args[2];
  char *text;
  int err;

  if (!get_args(env, info, 2, args) || !(jar = jar_of(env, args[0])) ||
      !(text = get_text(env, args[1], NULL)))
    return NULL;
  err = fn(jar, text);
  free(text);
  if (err == TINET_ENOMEM)
    throw_code(env, err, NULL);
  return make_number(env, err);
}

static napi_value remove_domain(napi_env env, napi_callback_info info)
{
  return with_text(env, info, tinet_cookie_jar_remove_domain);
}

static napi_value clear_host(napi_env env, napi_callback_info info)
{
  return with_text(env, info, tinet_cookie_jar_clear_host);
}

/* removeAllCookies(store) */
static napi_value remove_all(napi_env env, napi_callback_info info)
{
  tinet_cookie_jar *jar;
  napi_value args[1];

  if (!get_args(env, info, 1, args) || !(jar = jar_of(env, args[0])))
    return NULL;
  if (tinet_cookie_jar_remove_all(jar) < 0)
    throw_code(env, TINET_ESTORE, "the cookies could not be removed on disk");
  return NULL;
}

/* setAppId(text): before the first request; where the stores are */
static napi_value set_app_id(napi_env env, napi_callback_info info)
{
  return keep_text(env, info, &addon_of(env)->app_id);
}

void define_stores(napi_env env, napi_value exports)
{
  define(env, exports, "addCookie", add_cookie);
  define(env, exports, "findCookies", find_cookies);
  define(env, exports, "removeCookie", remove_cookie);
  define(env, exports, "removeCookiesOfDomain", remove_domain);
  define(env, exports, "clearCookiesOfHost", clear_host);
  define(env, exports, "removeAllCookies", remove_all);
  define(env, exports, "setAppId", set_app_id);
}
