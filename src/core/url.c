/* url.c - http and https URLs as Titanium's open() takes them.
 *
 * The text is cut into raw spans, each is checked and encoded by the rules of
 * its place, and all go into one block with the whole text last.  ti:
 * HTTPClient.autoEncodeUrl
 */
#include "url_private.h"

#include "alloc.h"
#include "buf.h"
#include "error.h"
#include "str.h"

#include <stdio.h>
#include <string.h>

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

int tinet__url_error(tinet_error *err, const char *fmt, const char *arg)
{
  (void)tinet__error_set(err, TINET_EURL, TINET_ORIGIN_TINET, 0, fmt, arg);
  return TINET_EURL;
}

static struct tinet__span span(const char *p, const char *end)
{
  return (struct tinet__span){p, (size_t)(end - p)};
}

/* ---- cutting ---- */

void tinet__url_cut_authority(const char *p, const char *end,
                              struct tinet__raw_url *r)
{
  const char *at = NULL, *q;

  for (q = p; q < end; q++)
    if (*q == '@')
      at = q; /* ti: HTTPClient.autoEncodeUrl - the last one */
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

void tinet__url_cut_rest(const char *p, const char *end,
                         struct tinet__raw_url *r)
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
size_t tinet__url_scheme_len(const char *text)
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

int tinet__url_cut(const char *text, struct tinet__raw_url *r, tinet_error *err)
{
  const char *p = text, *end = text + strlen(text), *slash;
  size_t len = tinet__url_scheme_len(text);

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
  tinet__url_cut_authority(p, slash, r);
  tinet__url_cut_rest(slash, end, r);
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

static int fill_pieces(struct tinet__buf *b, const struct tinet__raw_url *r,
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

int tinet__url_build(const struct tinet__raw_url *r, bool encode,
                     struct tinet__url *ret_url, tinet_error *err)
{
  struct tinet__url u = {0};
  struct tinet__buf b = TINET__BUF_INIT;
  struct places at = {0};
  char host[1024];
  int code = tinet__url_make_host(r->host, host, sizeof host, &u.is_ipv6, err);

  u.is_https = r->is_https;
  u.scheme = r->is_https ? "https" : "http";
  u.has_query = r->has_query;
  if (code == TINET_OK)
    code = tinet__url_make_port(r->port, r->is_https, &u.port, err);
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
  struct tinet__raw_url r;
  int code;

  if (strlen(text) > TINET__MAX_URL)
    return tinet__url_error(err, "the URL is too long%s", "");
  code = tinet__url_cut(text, &r, err);
  if (code < 0)
    return code;
  return tinet__url_build(&r, encode, ret_url, err);
}

void tinet__url_free(struct tinet__url *url)
{
  tinet__free(url->block);
  memset(url, 0, sizeof *url);
}
