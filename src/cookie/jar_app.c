/* jar_app.c - what the application does with its store.
 *
 * ti: Titanium.Network.addHTTPCookie, getHTTPCookies, removeHTTPCookie,
 * HTTPClient.clearCookies
 */
#include "../core/error.h"
#include "../core/url.h"
#include "list.h"
#include "set_cookie.h"
#include "usable.h"

#include <string.h>

/* ---- adding ---- */

static int refuse(tinet_error *err, const char *name,
                  const struct tinet__cookie_fault *fault)
{
  return tinet__error_set(err, TINET_ECOOKIE, TINET_ORIGIN_TINET, 0,
                          "cookie '%.60s': %s %s", name ? name : "",
                          fault->field, fault->why);
}

int tinet_cookie_jar_add(tinet_cookie_jar *jar, const tinet_cookie *cookie,
                         tinet_error *err)
{
  TINET_CLEANUP(tinet__freep) char *domain = NULL;
  struct tinet__cookie_fault fault;
  int64_t now_us;
  tinet_cookie c;
  int code;

  if (!jar || !cookie)
    return TINET_EINVAL;
  now_us = tinet__jar_now_us(jar);
  code = tinet__cookie_make_usable(cookie, false, now_us, &c, &domain, &fault);
  if (code == TINET_ECOOKIE)
    return refuse(err, cookie->name, &fault);
  if (code < 0)
    return code;
  tinet__jar_lock(jar, true);
  code = tinet__jar_add(jar, &c, now_us);
  tinet__jar_unlock(jar);
  return code;
}

/* ---- finding ---- */

struct query {
  const char *domain; /* canonical */
  const char *path;   /* NULL = any */
  const char *name;   /* NULL = any */
  bool is_ip;
  bool wants_domain_cookies; /* no host-only ones */
  int64_t now_ms;
};

static bool fits(const struct query *q, const struct tinet__jar_cookie *c,
                 bool is_exact)
{
  if (c->is_host_only && (!is_exact || q->wants_domain_cookies))
    return false;
  return c->expires_ms > q->now_ms &&
         (!q->name || strcmp(q->name, tinet__jar_name(c)) == 0) &&
         (!q->path ||
          tinet__cookie_path_matches(q->path, tinet__jar_path(c), c->path_len));
}

static int pick(const tinet_cookie_jar *jar, const struct query *q,
                struct tinet__cookie_picks *picks)
{
  const char *domain = q->domain;
  int err = TINET_OK;

  while (domain && err == TINET_OK) {
    const struct tinet__jar_bucket *b =
        tinet__jar_bucket_find(&jar->table, domain, strlen(domain));

    for (uint32_t i = 0; b && i < b->n && err == TINET_OK; i++)
      if (fits(q, b->cookies[i], domain == q->domain))
        err = tinet__cookie_pick(picks, b->cookies[i]);
    domain = q->is_ip ? NULL : strchr(domain, '.');
    if (domain)
      domain++;
  }
  return err;
}

static int pick_all(const tinet_cookie_jar *jar, int64_t now_ms,
                    struct tinet__cookie_picks *picks)
{
  int err = TINET_OK;

  for (struct tinet__list *l = jar->table.used.next;
       l != &jar->table.used && err == TINET_OK; l = l->next) {
    const struct tinet__jar_cookie *c =
        TINET__CONTAINER(l, struct tinet__jar_cookie, used);

    if (c->expires_ms > now_ms)
      err = tinet__cookie_pick(picks, c);
  }
  return err;
}

/* TINET_EURL: no cookie can have that domain. */
static int make_query(const tinet_cookie_jar *jar, const char *domain,
                      struct query *q, char **ret_domain)
{
  int err = tinet__cookie_canonical_host(domain, strlen(domain), ret_domain);

  memset(q, 0, sizeof *q);
  if (err < 0)
    return err;
  q->domain = *ret_domain;
  q->is_ip = tinet__cookie_is_address(*ret_domain);
  q->wants_domain_cookies = domain[0] == '.';
  q->now_ms = tinet__jar_now_us(jar) / 1000;
  return TINET_OK;
}

int tinet_cookie_jar_find(tinet_cookie_jar *jar, const char *domain,
                          const char *path, const char *name,
                          tinet_cookie_list **ret_list)
{
  TINET_CLEANUP(tinet__freep) char *host = NULL;
  struct tinet__cookie_picks picks = {0};
  struct query q;
  int err = TINET_OK;

  if (!jar || !ret_list)
    return TINET_EINVAL;
  if (domain)
    err = make_query(jar, domain, &q, &host);
  if (err == TINET_EURL)
    return tinet__cookie_list_make(&picks, ret_list); /* an empty one */
  if (err < 0)
    return err;
  tinet__jar_lock(jar, true);
  if (domain) {
    q.path = path && !*path ? "/" : path;
    q.name = name;
    err = pick(jar, &q, &picks);
  } else {
    err = pick_all(jar, tinet__jar_now_us(jar) / 1000, &picks);
  }
  if (err == TINET_OK)
    err = tinet__cookie_list_make(&picks, ret_list);
  tinet__jar_unlock(jar);
  tinet__free(picks.cookies);
  return err;
}

size_t tinet_cookie_jar_count(tinet_cookie_jar *jar)
{
  int64_t now_ms;
  size_t n;

  if (!jar)
    return 0;
  tinet__jar_lock(jar, true);
  now_ms = tinet__jar_now_us(jar) / 1000;
  tinet__jar_drop_expired(jar, now_ms);
  n = jar->table.n_cookies;
  tinet__jar_unlock(jar);
  return n;
}

/* ---- removing ---- */

static int remove_picked(tinet_cookie_jar *jar,
                         const struct tinet__cookie_picks *picks)
{
  int err = TINET_OK;

  for (size_t i = 0; i < picks->n && err == TINET_OK; i++)
    err = tinet__jar_remove(
        jar, (struct tinet__jar_cookie *)(uintptr_t)picks->cookies[i]);
  return err;
}

static int remove_matching(tinet_cookie_jar *jar, const struct query *q)
{
  struct tinet__cookie_picks picks = {0};
  int err;

  tinet__jar_lock(jar, true);
  err = pick(jar, q, &picks);
  if (err == TINET_OK)
    err = remove_picked(jar, &picks);
  tinet__jar_unlock(jar);
  tinet__free(picks.cookies);
  return err;
}

static int remove_exact(tinet_cookie_jar *jar, tinet_cookie *key,
                        bool wants_domain_cookie)
{
  struct tinet__jar_cookie *c;
  int err = TINET_OK;

  tinet__jar_lock(jar, true);
  key->is_host_only = !wants_domain_cookie;
  c = tinet__jar_find(&jar->table, key);
  if (!c && !wants_domain_cookie) {
    key->is_host_only = false;
    c = tinet__jar_find(&jar->table, key);
  }
  if (c)
    err = tinet__jar_remove(jar, c);
  tinet__jar_unlock(jar);
  return err;
}

int tinet_cookie_jar_remove(tinet_cookie_jar *jar, const char *domain,
                            const char *path, const char *name)
{
  TINET_CLEANUP(tinet__freep) char *host = NULL;
  tinet_cookie key = {.name = name, .path = path && *path ? path : "/"};
  int err;

  if (!jar || !domain || !name)
    return TINET_EINVAL;
  err = tinet__cookie_canonical_host(domain, strlen(domain), &host);
  if (err < 0)
    return err == TINET_EURL ? TINET_OK
                             : err; /* there is none of that domain */
  key.domain = host;
  return remove_exact(jar, &key, domain[0] == '.');
}

int tinet_cookie_jar_remove_domain(tinet_cookie_jar *jar, const char *domain)
{
  TINET_CLEANUP(tinet__freep) char *host = NULL;
  struct query q;
  int err;

  if (!jar || !domain || !*domain)
    return TINET_EINVAL;
  err = make_query(jar, domain, &q, &host);
  if (err < 0)
    return err == TINET_EURL ? TINET_OK : err;
  return remove_matching(jar, &q);
}

/* The host of "http://user@host:80/path", "user@host:80" or ".host". */
static int host_of(const char *text, char **ret_host)
{
  const char *rest = strstr(text, "://");
  struct tinet__buf url_text = TINET__BUF_INIT;
  struct tinet__url url = {0};
  int err;

  rest = rest ? rest + 3 : text;
  err = tinet__buf_add(&url_text, text, (size_t)(rest - text));
  if (err == TINET_OK && rest == text)
    err = tinet__buf_adds(&url_text, "http://");
  if (err == TINET_OK)
    err = tinet__buf_adds(&url_text, rest + (*rest == '.'));
  if (err == TINET_OK)
    err = tinet__url_parse(url_text.data, true, &url, NULL);
  if (err == TINET_OK)
    err = tinet__cookie_canonical_host(url.host, strlen(url.host), ret_host);
  tinet__buf_free(&url_text);
  tinet__url_free(&url);
  return err == TINET_ESCHEME ? TINET_EURL : err;
}

int tinet_cookie_jar_clear_host(tinet_cookie_jar *jar, const char *url_or_host)
{
  TINET_CLEANUP(tinet__freep) char *host = NULL;
  struct query q = {0};
  int err;

  if (!jar || !url_or_host)
    return TINET_EINVAL;
  err = host_of(url_or_host, &host);
  if (err < 0)
    return err;
  q.domain = host;
  q.is_ip = tinet__cookie_is_address(host);
  q.now_ms = INT64_MIN; /* expired ones too */
  return remove_matching(jar, &q);
}

int tinet_cookie_jar_remove_all(tinet_cookie_jar *jar)
{
  if (!jar)
    return TINET_EINVAL;
  tinet__jar_lock(jar, false);
  while (!tinet__list_is_empty(&jar->table.used))
    tinet__jar_drop(
        &jar->table,
        TINET__CONTAINER(jar->table.used.next, struct tinet__jar_cookie, used));
  if (jar->store)
    tinet__cookie_store_clear(jar->store);
  tinet__jar_unlock(jar);
  return tinet_cookie_jar_flush(jar, NULL);
}
