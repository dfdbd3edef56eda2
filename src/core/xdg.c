/* xdg.c - where a user's files belong, by the XDG Base Directory
 * Specification.
 *
 * A program with more rights than its caller gets no answer: the variables are
 * the caller's.
 */
#include "xdg.h"

#include "alloc.h"
#include "buf.h"

#include <stdlib.h>
#include <string.h>

static const char *absolute_or_null(const char *variable)
{
  const char *value = secure_getenv(variable);

  return value && *value == '/' ? value : NULL;
}

static int add_base(struct tinet__buf *b, const char *variable,
                    const char *fallback)
{
  const char *base = absolute_or_null(variable);
  const char *home = absolute_or_null("HOME");

  if (base)
    return tinet__buf_addf(b, "%s/tinet", base);
  if (home)
    return tinet__buf_addf(b, "%s/%s/tinet", home, fallback);
  return TINET_ESTORE;
}

int tinet__xdg_path(const char *variable, const char *fallback,
                    const char *const *parts, char **ret_path)
{
  struct tinet__buf b = TINET__BUF_INIT;
  int ret = add_base(&b, variable, fallback);

  for (; *parts && ret == TINET_OK; parts++)
    ret = tinet__buf_addf(&b, "/%s", *parts);
  if (ret < 0)
    tinet__buf_free(&b);
  else
    *ret_path = tinet__buf_take(&b, NULL);
  return ret;
}

bool tinet__xdg_is_name(const char *id)
{
  return *id && !strchr(id, '/') && strcmp(id, ".") != 0 &&
         strcmp(id, "..") != 0;
}
