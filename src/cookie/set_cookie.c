/* set_cookie.c - the algorithms of rfc: 6265bis 5.1 and 5.6. */
#include "set_cookie.h"

#include "../core/alloc.h"
#include "../core/buf.h"
#include "../core/url_private.h"

#include <arpa/inet.h>
#include <string.h>

static bool has_controls(const char *text, size_t len)
{
  for (size_t i = 0; i < len; i++) {
    unsigned char c = (unsigned char)text[i];

    if ((c < 0x20 && c != '\t') || c == 0x7f)
      return true;
  }
  return false;
}

static void take_max_age(struct tinet__span v, int64_t now_ms,
                         struct tinet__set_cookie *to, bool *ret_is_set)
{
  bool is_negative = v.len > 0 && v.p[0] == '-';
  int64_t seconds = 0;

  if (is_negative) {
    v.p++;
    v.len--;
  }
  if (v.len == 0 && !is_negative)
    return;
  for (size_t i = 0; i < v.len; i++) {
    if (!tinet__is_digit(v.p[i]))
      return;
    if (seconds <= TINET__COOKIE_MAX_AGE_S)
      seconds = seconds * 10 + (v.p[i] - '0');
  }
  if (v.len == 0)
    return;
  if (seconds > TINET__COOKIE_MAX_AGE_S)
    seconds = TINET__COOKIE_MAX_AGE_S;
  to->is_persistent = true;
  to->expires_ms =
      is_negative || seconds == 0 ? INT64_MIN : now_ms + seconds * 1000;
  *ret_is_set = true;
}

static void take_expires(struct tinet__span v, int64_t now_ms,
                         struct tinet__set_cookie *to)
{
  int64_t latest = now_ms + TINET__COOKIE_MAX_AGE_S * 1000;
  int64_t ms;

  if (!tinet_cookie_parse_date(v.p, v.len, &ms))
    return;
  to->is_persistent = true;
  to->expires_ms = ms < latest ? ms : latest;
}

static tinet_cookie_same_site same_site_of(struct tinet__span v)
{
  if (tinet__ieqn(v.p, v.len, "None", 4))
    return TINET_COOKIE_SAME_SITE_NONE;
  if (tinet__ieqn(v.p, v.len, "Lax", 3))
    return TINET_COOKIE_SAME_SITE_LAX;
  if (tinet__ieqn(v.p, v.len, "Strict", 6))
    return TINET_COOKIE_SAME_SITE_STRICT;
  return TINET_COOKIE_SAME_SITE_DEFAULT;
}

static void take_domain(struct tinet__span v, struct tinet__set_cookie *to)
{
  if (v.len > 0 && v.p[0] == '.') {
    v.p++;
    v.len--;
  }
  to->domain = v;
}

static void take_path(struct tinet__span v, struct tinet__set_cookie *to)
{
  to->has_path = v.len > 0 && v.p[0] == '/';
  to->path = to->has_path ? v : (struct tinet__span){"", 0};
}

static bool is(struct tinet__span name, const char *word)
{
  return tinet__ieqn(name.p, name.len, word, strlen(word));
}

/* Max-Age goes before Expires, wherever they stand. */
static void take_attribute(struct tinet__span name, struct tinet__span value,
                           int64_t now_ms, struct tinet__set_cookie *to,
                           bool *has_max_age)
{
  if (value.len > TINET__COOKIE_MAX_ATTRIBUTE)
    return;
  if (is(name, "Expires") && !*has_max_age)
    take_expires(value, now_ms, to);
  else if (is(name, "Max-Age"))
    take_max_age(value, now_ms, to, has_max_age);
  else if (is(name, "Domain"))
    take_domain(value, to);
  else if (is(name, "Path"))
    take_path(value, to);
  else if (is(name, "Secure"))
    to->is_secure = true;
  else if (is(name, "HttpOnly"))
    to->is_http_only = true;
  else if (is(name, "SameSite"))
    to->same_site = same_site_of(value);
}

/* Cuts at the first '='; without one all is `*ret_rest`. */
static bool cut(struct tinet__span s, struct tinet__span *ret_name,
                struct tinet__span *ret_rest)
{
  const char *at = s.len ? memchr(s.p, '=', s.len) : NULL;

  if (!at) {
    *ret_rest = tinet__trim(s.p, s.len);
    return false;
  }
  *ret_name = tinet__trim(s.p, (size_t)(at - s.p));
  *ret_rest = tinet__trim(at + 1, s.len - (size_t)(at - s.p) - 1);
  return true;
}

static struct tinet__span next_part(const char **p, const char *end)
{
  const char *start = *p;
  const char *at =
      start < end ? memchr(start, ';', (size_t)(end - start)) : NULL;

  *p = at ? at + 1 : end;
  return (struct tinet__span){start, (size_t)((at ? at : end) - start)};
}

tinet_cookie_verdict tinet__set_cookie_parse(const char *text, size_t len,
                                             int64_t now_ms,
                                             struct tinet__set_cookie *ret)
{
  const char *p = text, *end = text + len;
  bool has_max_age = false;
  struct tinet__span part;

  memset(ret, 0, sizeof *ret);
  ret->name = ret->domain = ret->path = (struct tinet__span){"", 0};
  if (has_controls(text, len))
    return TINET_COOKIE_SYNTAX;
  part = next_part(&p, end);
  (void)cut(part, &ret->name, &ret->value);
  if (ret->name.len == 0 && ret->value.len == 0)
    return TINET_COOKIE_SYNTAX;
  if (ret->name.len + ret->value.len > TINET__COOKIE_MAX_PAIR)
    return TINET_COOKIE_TOO_LARGE;
  while (p < end) {
    struct tinet__span name = {"", 0}, value = {"", 0};

    part = next_part(&p, end);
    if (!cut(part, &name, &value)) {
      name = value;
      value = (struct tinet__span){"", 0};
    }
    take_attribute(name, value, now_ms, ret, &has_max_age);
  }
  return TINET_COOKIE_STORED;
}

/* ---- rules ---- */

size_t tinet__cookie_default_path(const char *path)
{
  const char *slash = strrchr(path, '/');

  if (path[0] != '/' || slash == path)
    return 0; /* "/" */
  return (size_t)(slash - path);
}

bool tinet__cookie_path_matches(const char *request, const char *cookie,
                                size_t cookie_len)
{
  if (strncmp(request, cookie, cookie_len) != 0)
    return false;
  return request[cookie_len] == '\0' || request[cookie_len] == '/' ||
         (cookie_len > 0 && cookie[cookie_len - 1] == '/');
}

bool tinet__cookie_domain_matches(const char *host, bool is_ip,
                                  const char *domain)
{
  size_t host_len = strlen(host), len = strlen(domain);

  if (host_len == len)
    return memcmp(host, domain, len) == 0;
  return !is_ip && host_len > len && host[host_len - len - 1] == '.' &&
         memcmp(host + host_len - len, domain, len) == 0;
}

/* What each prefix asks for; of two that fit the first, which is the longer. */
static const struct prefix {
  const char *text;
  bool wants_http_only, wants_host;
} prefixes[] = {
    {"__Host-Http-", true, true},
    {"__Host-", false, true},
    {"__Http-", true, false},
    {"__Secure-", false, false},
};

static const struct prefix *prefix_of(const char *name)
{
  for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
    if (tinet__istarts(name, prefixes[i].text))
      return &prefixes[i];
  return NULL;
}

bool tinet__cookie_prefix_is_kept(const tinet_cookie *c)
{
  const struct prefix *p = prefix_of(*c->name ? c->name : c->value);

  if (!p)
    return true;
  if (!*c->name)
    return false; /* would be sent as if it had that name */
  return c->is_secure && (!p->wants_http_only || c->is_http_only) &&
         (!p->wants_host || (c->is_host_only && strcmp(c->path, "/") == 0));
}

bool tinet__cookie_is_address(const char *host)
{
  struct in_addr four;

  return strchr(host, ':') || inet_pton(AF_INET, host, &four) == 1;
}

/* As it stands in a URL: IPv6 in brackets, the zone's '%' escaped. */
static int to_url_form(const char *text, size_t len, struct tinet__buf *to)
{
  const char *zone = memchr(text, '%', len);
  size_t front = zone ? (size_t)(zone - text) : len;
  int err;

  if (text[0] == '[' || !memchr(text, ':', len))
    return tinet__buf_add(to, text, len);
  err = tinet__buf_addc(to, '[');
  if (err == TINET_OK)
    err = tinet__buf_add(to, text, front);
  if (err == TINET_OK && zone)
    err = tinet__buf_adds(to, "%25");
  if (err == TINET_OK && zone)
    err = tinet__buf_add(to, zone + 1, len - front - 1);
  return err < 0 ? err : tinet__buf_addc(to, ']');
}

int tinet__cookie_canonical_host(const char *text, size_t len, char **ret_host)
{
  struct tinet__buf url_form = TINET__BUF_INIT;
  char host[1024]; /* before IDNA, as in url.c */
  bool is_ipv6;
  int err;

  if (len > 1 && text[0] == '.') {
    text++;
    len--;
  }
  if (len > 1 && text[len - 1] == '.')
    len--;
  if (len == 0 || len > 4 * TINET__COOKIE_MAX_HOST || text[len - 1] == '.')
    return TINET_EURL;
  /* Only a URL escapes; in an address it is the zone. */
  if (memchr(text, '%', len) && !memchr(text, ':', len))
    return TINET_EURL;
  err = to_url_form(text, len, &url_form);
  if (err == TINET_OK)
    err =
        tinet__url_make_host((struct tinet__span){url_form.data, url_form.len},
                             host, sizeof host, &is_ipv6, NULL);
  tinet__buf_free(&url_form);
  if (err < 0)
    return err;
  *ret_host = tinet__strdup(host);
  return *ret_host ? TINET_OK : TINET_ENOMEM;
}

struct tinet__cookie_place
tinet__cookie_place_without_dot(const struct tinet__cookie_place *place,
                                char *to)
{
  struct tinet__cookie_place same = *place;
  size_t len = strlen(place->host);

  if (len > 1 && len <= TINET__COOKIE_MAX_HOST && place->host[len - 1] == '.') {
    memcpy(to, place->host, len - 1);
    to[len - 1] = '\0';
    same.host = to;
  }
  return same;
}
