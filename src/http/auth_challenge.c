/* auth_challenge.c - a list of challenges, each a list of parameters, with the
 * same comma between both kinds.
 *
 * A word followed by '=' is a parameter of the challenge before it, any other
 * word is a scheme.  Everything is cut in place in one copy of the fields.
 */
#include "auth_challenge.h"

#include "../core/alloc.h"

#include <string.h>

static const struct {
  const char *name;
  enum tinet__auth_scheme scheme;
} schemes[] = {
    {"Basic", TINET__AUTH_BASIC},
    {"Digest", TINET__AUTH_DIGEST},
    {"NTLM", TINET__AUTH_NTLM},
    {"Negotiate", TINET__AUTH_NEGOTIATE},
};

static enum tinet__auth_scheme scheme_of(const char *word, size_t len)
{
  for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
    if (tinet__ieqn(word, len, schemes[i].name, strlen(schemes[i].name)))
      return schemes[i].scheme;
  return TINET__AUTH_UNKNOWN;
}

static char *skip(char *p, const char *set)
{
  while (*p && strchr(set, *p))
    p++;
  return p;
}

static char *end_of_token(char *p)
{
  while (tinet__is_tchar(*p))
    p++;
  return p;
}

/* Unquotes in place; `p` is behind the opening quote.  NULL = no end. */
static char *unquote(char *p, const char **ret_value)
{
  char *to = p;

  *ret_value = p;
  while (*p && *p != '"') {
    if (*p == '\\' && p[1])
      p++;
    *to++ = *p++;
  }
  if (!*p)
    return NULL;
  *to = '\0';
  return p + 1;
}

/* token68, or a token: up to a blank or a comma. */
static char *unquoted(char *p, const char **ret_value, bool *ret_at_comma)
{
  *ret_value = p;
  p += strcspn(p, " \t,");
  *ret_at_comma = *p == ',';
  if (*p)
    *p++ = '\0';
  return p;
}

static void add_param(struct tinet__challenge *c, char *name, size_t name_len,
                      const char *value)
{
  if (!c || c->n_params == TINET__MAX_AUTH_PARAMS)
    return;
  name[name_len] = '\0';
  for (char *p = name; *p; p++)
    *p = tinet__lower(*p);
  c->params[c->n_params].name = name;
  c->params[c->n_params++].value = value;
}

/* `p` is at the '=' of a parameter.  NULL = malformed. */
static char *take_param(struct tinet__challenge *c, char *name, size_t name_len,
                        char *p)
{
  const char *value;
  bool at_comma = false;

  p = skip(p + 1, " \t");
  p = *p == '"' ? unquote(p + 1, &value) : unquoted(p, &value, &at_comma);
  if (!p)
    return NULL;
  add_param(c, name, name_len, value);
  return p;
}

static struct tinet__challenge *begin(struct tinet__challenges *c,
                                      const char *word, size_t len)
{
  struct tinet__challenge *ch;

  if (c->n == TINET__MAX_CHALLENGES)
    return NULL;
  ch = &c->list[c->n++];
  memset(ch, 0, sizeof *ch);
  ch->scheme = scheme_of(word, len);
  return ch;
}

/* After a scheme a token68 may come: it has no parameter name. */
static char *skip_token68(char *p)
{
  char *start = skip(p, " \t");
  char *end = start;

  while (tinet__is_alpha(*end) || tinet__is_digit(*end) ||
         (*end && strchr("-._~+/", *end)))
    end++;
  end = skip(end, "=");
  if (end == start || (*end && *end != ',' && *end != ' ' && *end != '\t'))
    return p;
  if (end[-1] != '=' && *skip(end, " \t") == '=') /* a parameter after all */
    return p;
  return *skip(end, " \t") == ',' || !*skip(end, " \t") ? end : p;
}

static void parse_field(struct tinet__challenges *c, char *p)
{
  struct tinet__challenge *now = NULL;

  while (p && *(p = skip(p, " \t,"))) {
    char *word = p;
    char *end = end_of_token(p);
    char *next = skip(end, " \t");

    if (end == word)
      return;
    if (*next == '=') {
      p = take_param(now, word, (size_t)(end - word), next);
      continue;
    }
    now = begin(c, word, (size_t)(end - word));
    p = skip_token68(end);
  }
}

int tinet__challenges_parse(const struct tinet__headers *headers,
                            const char *name, struct tinet__challenges *ret)
{
  size_t len = 0;
  char *to;

  memset(ret, 0, sizeof *ret);
  for (size_t i = 0; i < headers->n_fields; i++)
    if (tinet__ieq(tinet__headers_name(headers, i), name))
      len += strlen(tinet__headers_value(headers, i)) + 1;
  if (len == 0)
    return TINET_OK;
  ret->text = to = tinet__alloc(len);
  if (!to)
    return TINET_ENOMEM;
  for (size_t i = 0; i < headers->n_fields; i++) {
    const char *value = tinet__headers_value(headers, i);
    size_t n = strlen(value) + 1;

    if (!tinet__ieq(tinet__headers_name(headers, i), name))
      continue;
    memcpy(to, value, n);
    parse_field(ret, to);
    to += n;
  }
  return TINET_OK;
}

void tinet__challenges_free(struct tinet__challenges *c)
{
  tinet__free(c->text);
  memset(c, 0, sizeof *c);
}

const char *tinet__challenge_param(const struct tinet__challenge *c,
                                   const char *name)
{
  for (size_t i = 0; i < c->n_params; i++)
    if (strcmp(c->params[i].name, name) == 0)
      return c->params[i].value;
  return NULL;
}
