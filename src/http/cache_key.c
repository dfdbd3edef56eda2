/* cache_key.c - which stored response belongs to which request.
 *
 * Values of request header fields can be secrets (Cookie, Authorization): only
 * their digests are kept.
 */
#include "cache_store.h"

#include "../core/alloc.h"
#include "tls_hash.h"

#include <string.h>

static int digest(const char *data, size_t len, char hex[65])
{
  struct tinet__span part = {data, len};

  return tinet__hash_parts(TINET__HASH_SHA256, &part, 1, hex);
}

/* The value of `name` in the parameters of a Digest answer. */
static struct tinet__span parameter(const char *value, const char *name)
{
  struct tinet__span rest = {value, strlen(value)}, item;
  size_t len = strlen(name);

  while (tinet__list_next(&rest, &item)) {
    if (tinet__istarts(item.p, "Digest ")) {
      item.p += 7;
      item.len -= 7;
    }
    if (item.len > len && tinet__ieqn(item.p, len, name, len))
      return item;
  }
  item.p = "";
  item.len = 0;
  return item;
}

/* A Digest answer is another each time: who gives it is what counts. */
static int identity(const char *authorization, char hex[65])
{
  struct tinet__span parts[3];

  if (!tinet__istarts(authorization, "Digest "))
    return digest(authorization, strlen(authorization), hex);
  parts[0] = parameter(authorization, "username");
  parts[1] = parameter(authorization, "realm=");
  parts[2].p = "Digest";
  parts[2].len = 6;
  return tinet__hash_parts(TINET__HASH_SHA256, parts, 3, hex);
}

int tinet__cache_scope(const char *trust, int tls_version, unsigned strictness,
                       const struct tinet__headers *request, char **ret_scope)
{
  const char *authorization = tinet__headers_get(request, "Authorization");
  struct tinet__buf b = TINET__BUF_INIT;
  char who[65] = "";
  int err = TINET_OK;

  if (authorization)
    err = identity(authorization, who);
  if (err == TINET_OK)
    err = tinet__buf_addf(&b, "%d %s %s", tls_version, trust, who);
  if (err == TINET_OK && strictness)
    err = tinet__buf_addf(&b, " ats %x", strictness);
  if (err < 0) {
    tinet__buf_free(&b);
    return err;
  }
  *ret_scope = tinet__buf_take(&b, NULL);
  return TINET_OK;
}

static int add_lower(struct tinet__buf *b, struct tinet__span s)
{
  int err = TINET_OK;

  for (size_t i = 0; err == TINET_OK && i < s.len; i++)
    err = tinet__buf_addc(b, tinet__lower(s.p[i]));
  return err == TINET_OK ? tinet__buf_addc(b, '\n') : err;
}

int tinet__cache_vary(const struct tinet__headers *response, char **ret_vary)
{
  struct tinet__buf b = TINET__BUF_INIT;
  int err = tinet__buf_adds(&b, "");

  for (size_t i = 0; err == TINET_OK && i < response->n_fields; i++) {
    struct tinet__span rest = {tinet__headers_value(response, i),
                               response->fields[i].value_len};
    struct tinet__span item;

    if (!tinet__ieq(tinet__headers_name(response, i), "Vary"))
      continue;
    while (err == TINET_OK && tinet__list_next(&rest, &item))
      err = add_lower(&b, item);
  }
  if (err < 0) {
    tinet__buf_free(&b);
    return err;
  }
  *ret_vary = tinet__buf_take(&b, NULL);
  return *ret_vary ? TINET_OK : TINET_ENOMEM;
}

/* rfc: 9111 4.1 - fields of one name are joined; one that is absent matches
 * only absence. */
static int add_value(struct tinet__buf *b, const char *name,
                     const struct tinet__headers *request)
{
  char *value = NULL;
  int err = tinet__headers_joined(request, name, &value);

  if (err == TINET_OK)
    err = tinet__buf_addf(b, "%s%c%s\n", name, value ? '=' : '!',
                          value ? value : "");
  tinet__free(value);
  return err;
}

int tinet__cache_variant(const char *vary, const struct tinet__headers *request,
                         char variant[65])
{
  struct tinet__buf b = TINET__BUF_INIT;
  char *names, *name, *rest = NULL;
  int err = TINET_OK;

  variant[0] = 0;
  if (!*vary)
    return TINET_OK;
  names = tinet__strdup(vary);
  if (!names)
    return TINET_ENOMEM;
  for (name = strtok_r(names, "\n", &rest); err == TINET_OK && name;
       name = strtok_r(NULL, "\n", &rest))
    err = add_value(&b, name, request);
  if (err == TINET_OK)
    err = digest(b.data ? b.data : "", b.len, variant);
  tinet__buf_free(&b);
  tinet__free(names);
  return err;
}
