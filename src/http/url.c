/* url.c - http and https URLs as Titanium's open() takes them.
 *
 * The text is cut into raw spans, each is checked and encoded by the rules of
 * its place, and all go into one block with the whole text last.  ti: 2.9
 */
#include "url.h"

#include "../core/alloc.h"
#include "../core/buf.h"
#include "../core/error.h"
#include "../core/str.h"
#include "idna.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define MAX_URL (1024 * 1024) /* bytes; what no server accepts anyway */
#define MAX_HOST 253          /* rfc: 1035 2.3.4 */

/* Which bytes may stand in which place.  rfc: 3986 2.2, 2.3, 3.2.1, 3.3, 3.4 */
#define IN_USER 1u
#define IN_PATH 2u
#define IN_QUERY 4u
#define EVERYWHERE (IN_USER | IN_PATH | IN_QUERY)

static const unsigned char places_of[256] = {
    ['a' ... 'z'] = EVERYWHERE,
    ['A' ... 'Z'] = EVERYWHERE,
    ['0' ... '9'] = EVERYWHERE,
    /* unreserved */
    ['-'] = EVERYWHERE,
    ['.'] = EVERYWHERE,
    ['_'] = EVERYWHERE,
    ['~'] = EVERYWHERE,
    /* sub-delims */
    ['!'] = EVERYWHERE,
    ['$'] = EVERYWHERE,
    ['&'] = EVERYWHERE,
    ['\''] = EVERYWHERE,
    ['('] = EVERYWHERE,
    [')'] = EVERYWHERE,
    ['*'] = EVERYWHERE,
    ['+'] = EVERYWHERE,
    [','] = EVERYWHERE,
    [';'] = EVERYWHERE,
    ['='] = EVERYWHERE,
    [':'] = EVERYWHERE,
    ['@'] = IN_PATH | IN_QUERY,
    ['/'] = IN_PATH | IN_QUERY,
    ['?'] = IN_QUERY,
};

/* A URL cut into pieces, nothing decoded. */
struct raw {
  bool is_https, has_query, has_fragment;
  struct tinet__span userinfo, host, port, path, query, fragment;
};

static int url_error(tinet_error *err, const char *fmt, const char *arg)
{
  (void)tinet__error_set(err, TINET_EURL, TINET_ORIGIN_TINET, 0, fmt, arg);
  return TINET_EURL;
}

static struct tinet__span span(const char *p, const char *end)
{
  return (struct tinet__span){p, (size_t)(end - p)};
}

/* ---- cutting ---- */

static void cut_authority(const char *p, const char *end, struct raw *r)
{
  const char *at = NULL, *q;

  for (q = p; q < end; q++)
    if (*q == '@')
      at = q; /* ti: 2.9 - the last one */
  if (at) {
    r->userinfo = span(p, at);
    p = at + 1;
  }
  if (p < end && *p == '[') {
    const char *close = memchr(p, ']', (size_t)(end - p));

    q = close ? close + 1 : end;
  } else {
    const char *colon = memchr(p, ':', (size_t)(end - p));

    q = colon ? colon : end;
  }
  r->host = span(p, q);
  r->port = span(q, end); /* with its colon */
}

static void cut_rest(const char *p, const char *end, struct raw *r)
{
  const char *hash = memchr(p, '#', (size_t)(end - p));
  const char *question;

  if (hash) {
    r->has_fragment = true;
    r->fragment = span(hash + 1, end);
    end = hash;
  }
  question = memchr(p, '?', (size_t)(end - p));
  if (question) {
    r->has_query = true;
    r->query = span(question + 1, end);
    end = question;
  }
  r->path = span(p, end);
}

/* Length of a scheme in front of ':', or 0. */
static size_t scheme_len(const char *text)
{
  size_t n = 0;

  if (!tinet__is_alpha(*text))
    return 0;
  while (tinet__is_alpha(text[n]) || tinet__is_digit(text[n]) ||
         (text[n] && strchr("+-.", text[n])))
    n++;
  return text[n] == ':' ? n : 0;
}

/* "host:8080/x" has no scheme, "ftp://host" and "data:x" have. */
static bool is_foreign_scheme(const char *text, size_t len)
{
  const char *after = text + len + 1;

  return strncmp(after, "//", 2) == 0 || !tinet__is_digit(*after);
}

static int cut(const char *text, struct raw *r, tinet_error *err)
{
  const char *p = text, *end = text + strlen(text), *slash;
  size_t len = scheme_len(text);

  memset(r, 0, sizeof *r);
  if (tinet__istarts(text, "https://")) {
    r->is_https = true;
    p += 8;
  } else if (tinet__istarts(text, "http://")) {
    p += 7;
  } else if (len > 0 && is_foreign_scheme(text, len)) {
    return tinet__error_set(err, TINET_ESCHEME, TINET_ORIGIN_TINET, 0,
                            "the URL scheme '%.*s' is not supported, only http "
                            "and https are",
                            (int)(len > 32 ? 32 : len), text);
  }
  slash = p + strcspn(p, "/?#");
  cut_authority(p, slash, r);
  cut_rest(slash, end, r);
  return TINET_OK;
}

/* ---- the host ---- */

static int decode_host(struct tinet__span raw, char *to, size_t size,
                       tinet_error *err)
{
  size_t n = 0;

  for (size_t i = 0; i < raw.len; i++) {
    char c = raw.p[i];

    if (c == '%') {
      if (i + 2 >= raw.len || !tinet__is_hex(raw.p[i + 1]) ||
          !tinet__is_hex(raw.p[i + 2]))
        return url_error(err, "malformed '%%' escape in the host name%s", "");
      c = (char)(tinet__hex_value(raw.p[i + 1]) * 16 +
                 tinet__hex_value(raw.p[i + 2]));
      i += 2;
    }
    if ((unsigned char)c <= ' ' || c == 0x7f ||
        strchr("#/:<>?@[\\]^|\"`{}%", c))
      return url_error(err, "a character that is not allowed in the host%s",
                       "");
    if (n + 1 >= size)
      return url_error(err, "the host name is too long%s", "");
    to[n++] = c;
  }
  to[n] = 0;
  return TINET_OK;
}

static bool is_ascii(const char *s)
{
  for (; *s; s++)
    if ((unsigned char)*s >= 0x80)
      return false;
  return true;
}

/* A host whose last label is a number has to be an address. */
static int check_numeric(const char *host, tinet_error *err)
{
  const char *dot = strrchr(host, '.');
  const char *label = dot ? dot + 1 : host;
  struct in_addr addr;

  if (!*label || strspn(label, "0123456789") != strlen(label))
    return TINET_OK;
  if (inet_pton(AF_INET, host, &addr) != 1)
    return url_error(err, "'%s' is not an IPv4 address", host);
  return TINET_OK;
}

static int check_labels(const char *host, tinet_error *err)
{
  size_t label = 0;

  if (strlen(host) > MAX_HOST + 1)
    return url_error(err, "the host name is too long%s", "");
  for (size_t i = 0; host[i]; i++) {
    label = host[i] == '.' ? 0 : label + 1;
    if (label > 63 || (host[i] == '.' && (i == 0 || host[i - 1] == '.')))
      return url_error(err, "the host name '%s' has an empty or too long label",
                       host);
  }
  return check_numeric(host, err);
}

static int make_ipv6(struct tinet__span raw, char *to, size_t size,
                     tinet_error *err)
{
  char text[INET6_ADDRSTRLEN + 40];
  struct in6_addr addr;
  char *zone;

  if (raw.len < 4 || raw.p[raw.len - 1] != ']' || raw.len - 2 >= sizeof text ||
      raw.len - 1 > size)
    return url_error(err, "malformed IPv6 address in the URL%s", "");
  memcpy(text, raw.p + 1, raw.len - 2);
  text[raw.len - 2] = 0;
  zone = strchr(text, '%'); /* rfc: 6874 - written as %25 */
  if (zone) {
    if (strncmp(zone, "%25", 3) != 0 || !zone[3] ||
        strspn(zone + 3, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                         "0123456789-._~") != strlen(zone + 3))
      return url_error(err, "malformed zone in the IPv6 address%s", "");
    *zone = 0;
  }
  if (inet_pton(AF_INET6, text, &addr) != 1 ||
      !inet_ntop(AF_INET6, &addr, to, (socklen_t)size))
    return url_error(err, "malformed IPv6 address in the URL%s", "");
  if (zone) {
    size_t n = strlen(to);

    (void)snprintf(to + n, size - n, "%%%s", zone + 3);
  }
  return TINET_OK;
}

static int make_host(struct tinet__span raw, char *to, size_t size,
                     bool *ret_is_ipv6, tinet_error *err)
{
  char *ascii = NULL;
  int code;

  *ret_is_ipv6 = raw.len > 0 && *raw.p == '[';
  if (*ret_is_ipv6)
    return make_ipv6(raw, to, size, err);
  if (raw.len == 0)
    return url_error(err, "the URL has no host%s", "");
  code = decode_host(raw, to, size, err);
  if (code < 0)
    return code;
  if (!is_ascii(to)) {
    code = tinet__idna_to_ascii(to, &ascii, err);
    if (code < 0)
      return code;
    (void)snprintf(to, size, "%s", ascii);
    tinet__free(ascii);
  }
  for (char *p = to; *p; p++)
    *p = tinet__lower(*p);
  return check_labels(to, err);
}

static int make_port(struct tinet__span raw, bool is_https, int *ret_port,
                     tinet_error *err)
{
  uint64_t port;

  *ret_port = is_https ? 443 : 80;
  if (raw.len == 0 || (raw.len == 1 && *raw.p == ':'))
    return TINET_OK;
  if (*raw.p != ':' || !tinet__parse_u64(raw.p + 1, raw.len - 1, &port) ||
      port > 65535)
    return url_error(err, "the port of the URL is not a number up to 65535%s",
                     "");
  *ret_port = (int)port;
  return TINET_OK;
}

/* ---- the rest ---- */

static bool is_escape(struct tinet__span s, size_t i)
{
  return s.p[i] == '%' && i + 2 < s.len && tinet__is_hex(s.p[i + 1]) &&
         tinet__is_hex(s.p[i + 2]);
}

/* How many bytes from `i` on may stand in that place as they are. */
static size_t plain_run(struct tinet__span s, size_t i, unsigned char place)
{
  size_t n = 0;

  while (i + n < s.len && (places_of[(unsigned char)s.p[i + n]] & place))
    n++;
  return n;
}

/* Copies a piece, encoding what may not stand there; "%XX" is kept. */
static int add_piece(struct tinet__buf *b, struct tinet__span s,
                     unsigned char place, bool encode, tinet_error *err)
{
  static const char hex[] = "0123456789ABCDEF";
  int code = TINET_OK;

  for (size_t i = 0; code == TINET_OK && i < s.len;) {
    size_t n = plain_run(s, i, place);
    unsigned char c = n ? 0 : (unsigned char)s.p[i];
    char escape[3] = {'%', hex[c >> 4], hex[c & 15]};

    if (n > 0) {
      code = tinet__buf_add(b, s.p + i, n);
      i += n;
      continue;
    }
    if (is_escape(s, i) || (!encode && c > ' ' && c < 0x7f))
      code = tinet__buf_addc(b, (char)c);
    else if (encode)
      code = tinet__buf_add(b, escape, 3);
    else
      return tinet__error_set(err, TINET_EURL, TINET_ORIGIN_TINET, 0,
                              "byte 0x%02X of the URL must be percent-encoded "
                              "(autoEncodeUrl is false)",
                              c);
    i++;
  }
  return code;
}

/* rfc: 3986 5.2.4, in place */
static void remove_dots(char *path)
{
  char *in = path, *out = path;

  if (!strstr(path, "/."))
    return;
  while (*in) {
    size_t len = 1 + strcspn(in + 1, "/"); /* "/segment" */

    if (len == 2 && in[1] == '.') {
      in += 2;
      if (!*in)
        *out++ = '/';
    } else if (len == 3 && in[1] == '.' && in[2] == '.') {
      in += 3;
      while (out > path && *--out != '/')
        continue;
      if (!*in)
        *out++ = '/';
    } else {
      memmove(out, in, len);
      out += len;
      in += len;
    }
  }
  *out = 0;
}

/* Where the pieces are in the block. */
struct places {
  size_t userinfo, host, path, query, fragment, text;
};

static int add_end(struct tinet__buf *b, size_t *ret_next)
{
  int code = tinet__buf_addc(b, 0);

  *ret_next = b->len;
  return code;
}

static int fill_pieces(struct tinet__buf *b, const struct raw *r,
                       const char *host, bool encode, struct places *at,
                       tinet_error *err)
{
  int code = add_piece(b, r->userinfo, IN_USER, encode, err);

  if (code == TINET_OK)
    code = add_end(b, &at->host);
  if (code == TINET_OK)
    code = tinet__buf_adds(b, host);
  if (code == TINET_OK)
    code = add_end(b, &at->path);
  if (code == TINET_OK && (r->path.len == 0 || *r->path.p != '/'))
    code = tinet__buf_addc(b, '/');
  if (code == TINET_OK)
    code = add_piece(b, r->path, IN_PATH, encode, err);
  if (code < 0)
    return code;
  remove_dots(b->data + at->path);
  b->len = at->path + strlen(b->data + at->path);
  code = add_end(b, &at->query);
  if (code == TINET_OK)
    code = add_piece(b, r->query, IN_QUERY, encode, err);
  if (code == TINET_OK)
    code = add_end(b, &at->fragment);
  if (code == TINET_OK)
    code = add_piece(b, r->fragment, IN_QUERY, encode, err);
  if (code == TINET_OK)
    code = add_end(b, &at->text);
  return code;
}

static int fill_text(struct tinet__buf *b, const struct places *at,
                     const struct tinet__url *u)
{
  char port[8] = "";
  int err = tinet__buf_reserve(b, at->text + 64); /* b->data stays put */

  if (err < 0)
    return err;
  if (u->has_port)
    (void)snprintf(port, sizeof port, ":%d", u->port);
  (void)((err = tinet__buf_adds(b, u->scheme)) < 0 ||
         (err = tinet__buf_adds(b, u->is_ipv6 ? "://[" : "://")) < 0);
  if (err == TINET_OK) {
    const char *zone = u->is_ipv6 ? strchr(b->data + at->host, '%') : NULL;
    const char *host = b->data + at->host;

    err = zone ? tinet__buf_addf(b, "%.*s%%25%s", (int)(zone - host), host,
                                 zone + 1)
               : tinet__buf_adds(b, host);
  }
  if (err == TINET_OK)
    (void)((err = tinet__buf_adds(b, u->is_ipv6 ? "]" : "")) < 0 ||
           (err = tinet__buf_adds(b, port)) < 0 ||
           (err = tinet__buf_adds(b, b->data + at->path)) < 0 ||
           (err = tinet__buf_adds(b, u->has_query ? "?" : "")) < 0 ||
           (err = tinet__buf_adds(b, b->data + at->query)) < 0);
  return err;
}

static void point(struct tinet__url *u, const struct places *at)
{
  u->userinfo = u->block;
  u->host = u->block + at->host;
  u->path = u->block + at->path;
  u->query = u->block + at->query;
  u->fragment = u->block + at->fragment;
  u->text = u->block + at->text;
}

static int build(const struct raw *r, bool encode, struct tinet__url *ret_url,
                 tinet_error *err)
{
  struct tinet__url u = {0};
  struct tinet__buf b = TINET__BUF_INIT;
  struct places at = {0};
  char host[1024];
  int code = make_host(r->host, host, sizeof host, &u.is_ipv6, err);

  u.is_https = r->is_https;
  u.scheme = r->is_https ? "https" : "http";
  u.has_query = r->has_query;
  if (code == TINET_OK)
    code = make_port(r->port, r->is_https, &u.port, err);
  if (code < 0)
    return code;
  u.has_port = u.port != (r->is_https ? 443 : 80);
  code = tinet__buf_reserve(&b, 3 * (r->host.len + r->path.len + r->query.len) +
                                    r->userinfo.len + r->fragment.len + 96);
  if (code == TINET_OK)
    code = fill_pieces(&b, r, host, encode, &at, err);
  if (code == TINET_OK)
    code = fill_text(&b, &at, &u);
  if (code < 0) {
    tinet__buf_free(&b);
    if (code == TINET_ENOMEM)
      tinet__error_set(err, code, TINET_ORIGIN_TINET, 0, NULL);
    return code;
  }
  u.block = tinet__buf_take(&b, NULL);
  point(&u, &at);
  *ret_url = u;
  return TINET_OK;
}

int tinet__url_parse(const char *text, bool encode, struct tinet__url *ret_url,
                     tinet_error *err)
{
  struct raw r;
  int code;

  if (strlen(text) > MAX_URL)
    return url_error(err, "the URL is too long%s", "");
  code = cut(text, &r, err);
  if (code < 0)
    return code;
  return build(&r, encode, ret_url, err);
}

/* rfc: 3986 5.2.3 - everything up to the last slash of the base's path. */
static int merge_paths(const struct tinet__url *base, struct tinet__span rel,
                       struct tinet__buf *to)
{
  const char *slash = strrchr(base->path, '/');
  int code = tinet__buf_add(to, base->path, (size_t)(slash - base->path) + 1);

  return code < 0 ? code : tinet__buf_add(to, rel.p, rel.len);
}

static struct tinet__span whole(const char *s)
{
  return (struct tinet__span){s, strlen(s)};
}

/* A reference without a scheme: what it lacks comes from the base. */
static int resolve_relative(const struct tinet__url *base, const char *ref,
                            struct raw *r, struct tinet__buf *path)
{
  const char *rest = ref;
  int code = TINET_OK;

  memset(r, 0, sizeof *r);
  r->is_https = base->is_https;
  if (strncmp(ref, "//", 2) == 0) {
    rest = ref + 2 + strcspn(ref + 2, "/?#");
    cut_authority(ref + 2, rest, r);
    cut_rest(rest, rest + strlen(rest), r);
    return TINET_OK;
  }
  cut_rest(rest, rest + strlen(rest), r);
  if (r->path.len == 0) {
    r->path = whole(base->path);
    if (!r->has_query) {
      r->has_query = base->has_query;
      r->query = whole(base->query);
    }
  } else if (*r->path.p != '/') {
    code = merge_paths(base, r->path, path);
    r->path = (struct tinet__span){path->data, path->len};
  }
  return code;
}

/* The base's host and port as they would stand in a URL. */
static int base_authority(const struct tinet__url *base, struct tinet__buf *to)
{
  const char *start = strstr(base->text, "://") + 3;

  return tinet__buf_add(to, start, strcspn(start, "/?#"));
}

int tinet__url_resolve(const struct tinet__url *base, const char *reference,
                       struct tinet__url *ret_url, tinet_error *err)
{
  struct tinet__buf path = TINET__BUF_INIT, authority = TINET__BUF_INIT;
  struct raw r;
  size_t scheme = scheme_len(reference);
  int code;

  if (strlen(reference) > MAX_URL)
    return url_error(err, "the Location is too long%s", "");
  if (scheme > 0) {
    code = tinet__istarts(reference, "http:") ||
                   tinet__istarts(reference, "https:")
               ? TINET_OK
               : TINET_ESCHEME;
    if (code < 0)
      return tinet__error_set(err, code, TINET_ORIGIN_TINET, 0,
                              "redirected to the scheme '%.*s', only http and "
                              "https are supported",
                              (int)(scheme > 32 ? 32 : scheme), reference);
    code = cut(reference, &r, err);
  } else {
    code = resolve_relative(base, reference, &r, &path);
    if (code == TINET_OK && strncmp(reference, "//", 2) != 0) {
      code = base_authority(base, &authority);
      if (code == TINET_OK)
        cut_authority(authority.data, authority.data + authority.len, &r);
    }
  }
  if (code == TINET_OK && !r.has_fragment) {
    r.has_fragment = true;
    r.fragment = whole(base->fragment); /* rfc: 9110 10.2.2 */
  }
  if (code == TINET_OK)
    code = build(&r, true, ret_url, err);
  tinet__buf_free(&path);
  tinet__buf_free(&authority);
  return code;
}

int tinet__url_add_query(const struct tinet__url *url, const char *params,
                         struct tinet__url *ret_url)
{
  struct tinet__buf b = TINET__BUF_INIT;
  int code = tinet__buf_addf(&b, "%s%s%s", url->text,
                             !url->has_query ? "?"
                             : *url->query   ? "&"
                                             : "",
                             params);

  if (code == TINET_OK && *url->fragment)
    code = tinet__buf_addf(&b, "#%s", url->fragment);
  if (code == TINET_OK)
    code = tinet__url_parse(b.data, true, ret_url, NULL);
  tinet__buf_free(&b);
  return code;
}

bool tinet__url_same_origin(const struct tinet__url *a,
                            const struct tinet__url *b)
{
  return a->is_https == b->is_https && a->port == b->port &&
         strcmp(a->host, b->host) == 0;
}

void tinet__url_free(struct tinet__url *url)
{
  tinet__free(url->block);
  memset(url, 0, sizeof *url);
}
