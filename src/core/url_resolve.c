/* url_resolve.c - a Location against its base, and other derived URLs. */
#include "url_private.h"

#include "buf.h"
#include "error.h"

#include <string.h>

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
                            struct tinet__raw_url *r, struct tinet__buf *path)
{
  const char *rest = ref;
  int code = TINET_OK;

  memset(r, 0, sizeof *r);
  r->is_https = base->is_https;
  if (strncmp(ref, "//", 2) == 0) {
    rest = ref + 2 + strcspn(ref + 2, "/?#");
    tinet__url_cut_authority(ref + 2, rest, r);
    tinet__url_cut_rest(rest, rest + strlen(rest), r);
    return TINET_OK;
  }
  tinet__url_cut_rest(rest, rest + strlen(rest), r);
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
  struct tinet__raw_url r;
  size_t scheme = tinet__url_scheme_len(reference);
  int code;

  if (strlen(reference) > TINET__MAX_URL)
    return tinet__url_error(err, "the Location is too long%s", "");
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
    code = tinet__url_cut(reference, &r, err);
  } else {
    code = resolve_relative(base, reference, &r, &path);
    if (code == TINET_OK && strncmp(reference, "//", 2) != 0) {
      code = base_authority(base, &authority);
      if (code == TINET_OK)
        tinet__url_cut_authority(authority.data, authority.data + authority.len,
                                 &r);
    }
  }
  if (code == TINET_OK && !r.has_fragment) {
    r.has_fragment = true;
    r.fragment = whole(base->fragment); /* rfc: 9110 10.2.2 */
  }
  if (code == TINET_OK)
    code = tinet__url_build(&r, true, ret_url, err);
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
