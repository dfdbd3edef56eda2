/* jar_receive.c - a Set-Cookie field goes into the jar, or not.
 *
 * The storage model of rfc: 6265bis 5.7, after the field was parsed.
 */
#include "jar_private.h"

#include "../core/str.h"
#include "set_cookie.h"

#include <string.h>

/* Room for the strings of one received cookie. */
struct scratch {
  char pair[TINET__COOKIE_MAX_PAIR + 2];
  char path[TINET__COOKIE_MAX_ATTRIBUTE + 1];
};

static const char *put_span(char **to, struct tinet__span s)
{
  char *at = *to;

  memcpy(at, s.p, s.len);
  at[s.len] = '\0';
  *to += s.len + 1;
  return at;
}

static const char *path_for(const struct tinet__set_cookie *s,
                            const struct tinet__cookie_place *place,
                            struct scratch *scratch)
{
  char *to = scratch->path;
  size_t len;

  if (s->has_path)
    return put_span(&to, s->path);
  len = tinet__cookie_default_path(place->path);
  if (len > TINET__COOKIE_MAX_ATTRIBUTE)
    len = 0;
  return len == 0 ? "/" : put_span(&to, (struct tinet__span){place->path, len});
}

/* One dot in front is gone; with another no host is covered. */
static bool may_be_domain(struct tinet__span s)
{
  for (size_t i = 0; i < s.len; i++)
    if ((unsigned char)s.p[i] >= 0x80)
      return false; /* as a server must write it: in its ASCII form */
  return s.p[0] != '.' && s.p[s.len - 1] != '.';
}

/* rfc: 6265bis 5.7, the steps about Domain.  *ret_domain is owned, NULL = the
 * host itself. */
static int decide_domain(const struct tinet__set_cookie *s,
                         const struct tinet__cookie_place *place,
                         char **ret_domain, tinet_cookie_verdict *verdict)
{
  TINET_CLEANUP(tinet__freep) char *domain = NULL;
  int err;

  *ret_domain = NULL;
  if (s->domain.len == 0)
    return TINET_OK;
  err = may_be_domain(s->domain)
            ? tinet__cookie_canonical_host(s->domain.p, s->domain.len, &domain)
            : TINET_EURL;
  if (err == TINET_EURL)
    *verdict = TINET_COOKIE_WRONG_DOMAIN;
  if (err < 0)
    return err == TINET_EURL ? TINET_OK : err;
  if (!tinet__cookie_domain_matches(place->host, place->is_ip, domain)) {
    *verdict = TINET_COOKIE_WRONG_DOMAIN;
    return TINET_OK;
  }
  if (place->is_ip)
    return TINET_OK;
  if (tinet__psl_is_suffix(domain)) {
    if (strcmp(domain, place->host) != 0)
      *verdict = TINET_COOKIE_PUBLIC_SUFFIX;
    return TINET_OK;
  }
  *ret_domain = TINET_TAKE(domain);
  return TINET_OK;
}

static tinet_cookie_verdict check(const tinet_cookie *c, bool is_secure_place)
{
  if (c->is_secure && !is_secure_place)
    return TINET_COOKIE_NOT_SECURE;
  if (c->same_site == TINET_COOKIE_SAME_SITE_NONE && !c->is_secure)
    return TINET_COOKIE_SAME_SITE_NONE_NOT_SECURE;
  return tinet__cookie_prefix_is_kept(c) ? TINET_COOKIE_STORED
                                         : TINET_COOKIE_PREFIX;
}

static bool overlays(const struct tinet__jar_cookie *old,
                     const tinet_cookie *new, int64_t now_ms)
{
  return old->is_secure && old->expires_ms > now_ms &&
         strcmp(tinet__jar_name(old), new->name) == 0 &&
         (tinet__cookie_domain_matches(old->bucket->domain, false,
                                       new->domain) ||
          tinet__cookie_domain_matches(new->domain, false,
                                       old->bucket->domain)) &&
         tinet__cookie_path_matches(new->path, tinet__jar_path(old),
                                    old->path_len);
}

/* rfc: 6265bis 5.7 - a Secure cookie that http must not hide.  All of them
 * share the registrable domain. */
static bool shadows_secure(const tinet_cookie_jar *jar, const tinet_cookie *new,
                           int64_t now_ms)
{
  const struct tinet__jar_group *g =
      tinet__jar_group_find(&jar->table, new->domain);

  for (struct tinet__list *l = g ? g->buckets.next : NULL;
       g && l != &g->buckets; l = l->next) {
    const struct tinet__jar_bucket *b =
        TINET__CONTAINER(l, struct tinet__jar_bucket, in_group);

    for (uint32_t i = 0; i < b->n; i++)
      if (overlays(b->cookies[i], new, now_ms))
        return true;
  }
  return false;
}

static int store_received(tinet_cookie_jar *jar, tinet_cookie *c,
                          bool is_secure_place, int64_t now_us,
                          tinet_cookie_verdict *verdict)
{
  int err = TINET_OK;

  tinet__jar_lock(jar, false);
  if (!is_secure_place && shadows_secure(jar, c, now_us / 1000))
    *verdict = TINET_COOKIE_SHADOWS_SECURE;
  else
    err = tinet__jar_add(jar, c, now_us);
  tinet__jar_unlock(jar);
  if (*verdict == TINET_COOKIE_STORED && c->is_persistent &&
      c->expires_ms <= now_us / 1000)
    *verdict = TINET_COOKIE_REMOVED;
  return err;
}

int tinet__cookie_jar_receive(tinet_cookie_jar *jar,
                              const struct tinet__cookie_place *place,
                              const char *set_cookie, size_t len,
                              tinet_cookie_verdict *ret_verdict)
{
  TINET_CLEANUP(tinet__freep) char *domain = NULL;
  int64_t now_us = tinet__jar_now_us(jar);
  char host[TINET__COOKIE_MAX_HOST + 1];
  struct tinet__cookie_place at = tinet__cookie_place_without_dot(place, host);
  struct tinet__set_cookie s;
  struct scratch scratch;
  char *to = scratch.pair;
  tinet_cookie c = {0};
  int err;

  *ret_verdict = tinet__set_cookie_parse(set_cookie, len, now_us / 1000, &s);
  if (*ret_verdict != TINET_COOKIE_STORED)
    return TINET_OK;
  err = decide_domain(&s, &at, &domain, ret_verdict);
  if (err < 0 || *ret_verdict != TINET_COOKIE_STORED)
    return err;
  c.name = put_span(&to, s.name);
  c.value = put_span(&to, s.value);
  c.domain = domain ? domain : at.host;
  c.is_host_only = domain == NULL;
  c.path = path_for(&s, &at, &scratch);
  c.is_secure = s.is_secure;
  c.is_http_only = s.is_http_only;
  c.same_site = s.same_site;
  c.is_persistent = s.is_persistent;
  c.expires_ms = s.expires_ms;
  *ret_verdict = check(&c, at.is_secure);
  if (!s.has_path && tinet__istarts(c.name, "__Host-"))
    *ret_verdict = TINET_COOKIE_PREFIX; /* the attribute itself is asked for */
  if (*ret_verdict != TINET_COOKIE_STORED)
    return TINET_OK;
  return store_received(jar, &c, at.is_secure, now_us, ret_verdict);
}
