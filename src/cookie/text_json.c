/* text_json.c - an array of objects, one a cookie; docs/cookies.md has them.
 *
 * Each object is parsed by itself, so that an error can name the line it
 * begins in and only one is in memory as a tree.  Members of other programs'
 * files (Chromium's cookie API, Playwright) are understood beside our own,
 * unknown ones are passed over.
 */
#include "text.h"

#include "../core/str.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define MAX_SECONDS 1e12 /* beyond it a time is cut to 400 days anyway */
/* Microseconds since 1970 have 16 digits. */
#define DUMP_FLAGS                                                             \
  (JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(16))

/* ---- reading ---- */

struct reader {
  struct tinet__cookie_batch *to;
  const char *p, *end;
  unsigned line;
};

static bool is_space(char c)
{
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void skip_space(struct reader *r)
{
  for (; r->p < r->end && is_space(*r->p); r->p++)
    r->line += *r->p == '\n';
}

static bool take(struct reader *r, char c)
{
  skip_space(r);
  if (r->p == r->end || *r->p != c)
    return false;
  r->p++;
  return true;
}

static int fail(struct reader *r, const char *field, const char *why)
{
  return tinet__cookie_batch_fail(r->to, TINET_ESYNTAX, r->line, field, why);
}

/* False if the member is there and no text.  null is as if it were not. */
static bool get_text(const json_t *object, const char *key, const char **ret)
{
  const json_t *v = json_object_get(object, key);

  if (!v || json_is_null(v))
    return true;
  *ret = json_string_value(v);
  return *ret != NULL;
}

static bool get_flag(const json_t *object, const char *key, bool *ret)
{
  const json_t *v = json_object_get(object, key);

  if (!v || json_is_null(v))
    return true;
  *ret = json_is_true(v);
  return json_is_boolean(v);
}

/* Seconds since 1970, or NAN if it is not there. */
static bool get_seconds(const json_t *object, const char *key, double *ret)
{
  const json_t *v = json_object_get(object, key);

  if (!v || json_is_null(v))
    return true;
  *ret = fmin(fmax(json_number_value(v), -MAX_SECONDS), MAX_SECONDS);
  return json_is_number(v);
}

/* Ours is "expires", Chromium's "expirationDate"; Playwright's -1 and
 * Chromium's "session" are no expiry. */
static const char *read_expiry(const json_t *object, tinet_cookie *c)
{
  double seconds = NAN;
  bool is_session = false;

  if (!get_seconds(object, "expirationDate", &seconds))
    return "expirationDate";
  if (!get_seconds(object, "expires", &seconds))
    return "expires";
  if (!get_flag(object, "session", &is_session))
    return "session";
  if (is_session || isnan(seconds) || seconds < 0)
    return NULL;
  c->is_persistent = true;
  c->expires_ms = llround(seconds * 1e3);
  return NULL;
}

static const char *read_same_site(const json_t *object, tinet_cookie *c)
{
  const char *text = NULL;

  if (!get_text(object, "sameSite", &text))
    return "sameSite";
  if (!text || tinet__ieq(text, "unspecified"))
    return NULL;
  if (tinet__ieq(text, "None") || tinet__ieq(text, "no_restriction"))
    c->same_site = TINET_COOKIE_SAME_SITE_NONE;
  else if (tinet__ieq(text, "Lax"))
    c->same_site = TINET_COOKIE_SAME_SITE_LAX;
  else if (tinet__ieq(text, "Strict"))
    c->same_site = TINET_COOKIE_SAME_SITE_STRICT;
  else
    return "sameSite";
  return NULL;
}

static const char *read_flags(const json_t *object, tinet_cookie *c)
{
  /* Without the member the dot decides, as in Playwright's files. */
  c->is_host_only = c->domain && c->domain[0] != '.';
  if (!get_flag(object, "hostOnly", &c->is_host_only))
    return "hostOnly";
  if (!get_flag(object, "secure", &c->is_secure))
    return "secure";
  if (!get_flag(object, "httpOnly", &c->is_http_only))
    return "httpOnly";
  if (c->domain && c->domain[0] == '.')
    c->domain++; /* hostOnly has decided */
  return NULL;
}

/* The member that is not of its type, or NULL.  Strings are the object's. */
static const char *read_members(const json_t *object, tinet_cookie *c)
{
  const struct {
    const char *key;
    const char **to;
  } texts[] = {
      {"name", &c->name},       {"value", &c->value},
      {"domain", &c->domain},   {"path", &c->path},
      {"comment", &c->comment}, {"originalUrl", &c->original_url},
  };
  const json_t *version = json_object_get(object, "version");
  double created = 0;
  const char *wrong;

  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    if (!get_text(object, texts[i].key, texts[i].to))
      return texts[i].key;
  wrong = read_flags(object, c);
  if (!wrong)
    wrong = read_expiry(object, c);
  if (!wrong)
    wrong = read_same_site(object, c);
  if (wrong)
    return wrong;
  if (!get_seconds(object, "created", &created))
    return "created";
  c->created_us = llround(created * 1e6);
  if (version && !json_is_null(version) && !json_is_integer(version))
    return "version";
  c->version = (int)json_integer_value(version);
  return NULL;
}

static int read_object(struct reader *r, const json_t *object)
{
  tinet_cookie c = {0};
  const char *wrong;

  if (!json_is_object(object))
    return fail(r, "array", "holds something that is no object");
  wrong = read_members(object, &c);
  if (wrong)
    return fail(r, wrong, "has a value of the wrong kind");
  return tinet__cookie_batch_add(r->to, &c, r->line);
}

static int syntax_error(struct reader *r, const json_error_t *e)
{
  char text[sizeof e->text + 1], *near;

  if (json_error_code(e) == json_error_out_of_memory)
    return TINET_ENOMEM;
  (void)snprintf(text, sizeof text, "%s", e->text);
  r->line += e->line > 0 ? (unsigned)e->line - 1 : 0;
  /* What it stands near to may be a value, which nobody asked to see. */
  near = strstr(text, " near ");
  if (near)
    *near = '\0';
  return fail(r, "JSON:", text);
}

static int read_element(struct reader *r)
{
  json_error_t e;
  json_t *object;
  int err;

  skip_space(r);
  object = json_loadb(r->p, (size_t)(r->end - r->p),
                      JSON_DISABLE_EOF_CHECK | JSON_REJECT_DUPLICATES, &e);
  if (!object)
    return syntax_error(r, &e);
  err = read_object(r, object);
  json_decref(object);
  for (int i = 0; i < e.position; i++)
    r->line += *r->p++ == '\n';
  return err;
}

int tinet__cookie_read_json(struct tinet__cookie_batch *to, const char *text,
                            size_t len)
{
  struct reader r = {to, text, text + len, 1};
  int err = TINET_OK;

  if (!take(&r, '['))
    return fail(&r, "JSON:", "no array begins here");
  if (!take(&r, ']')) {
    do
      err = read_element(&r);
    while (err == TINET_OK && take(&r, ','));
    if (err == TINET_OK && !take(&r, ']'))
      err = fail(&r, "JSON:", "',' or ']' expected");
  }
  if (err < 0)
    return err;
  skip_space(&r);
  return r.p == r.end ? TINET_OK
                      : fail(&r, "JSON:", "something follows the array");
}

/* ---- writing ---- */

static int add(json_t *object, const char *key, json_t *value)
{
  return json_object_set_new(object, key, value) == 0 ? TINET_OK : TINET_ENOMEM;
}

/* JSON has no bytes but UTF-8: what a server sent in another coding is written
 * as if it were ISO 8859-1. */
static int add_text(json_t *object, const char *key, const char *text)
{
  size_t len = strlen(text);
  struct tinet__buf wide = TINET__BUF_INIT;
  int err = TINET_OK;

  if (tinet__utf8_is_valid(text, len))
    return add(object, key, json_stringn_nocheck(text, len));
  for (size_t i = 0; i < len && err == TINET_OK; i++) {
    unsigned char c = (unsigned char)text[i];

    if (c >= 0x80)
      err = tinet__buf_addc(&wide, (char)(0xc0 | c >> 6));
    if (err == TINET_OK)
      err = tinet__buf_addc(&wide, (char)(c >= 0x80 ? 0x80 | (c & 0x3f) : c));
  }
  if (err == TINET_OK)
    err = add(object, key, json_stringn_nocheck(wide.data, wide.len));
  tinet__buf_free(&wide);
  return err;
}

static int add_optional(json_t *object, const char *key, const char *text)
{
  return text ? add_text(object, key, text) : TINET_OK;
}

static int add_seconds(json_t *object, const char *key, int64_t value,
                       int64_t per_second)
{
  return add(object, key,
             value % per_second == 0
                 ? json_integer(value / per_second)
                 : json_real((double)value / (double)per_second));
}

static int fill_strings(json_t *object, const tinet_cookie *c,
                        const char *value)
{
  int err = add_text(object, "name", c->name);

  if (err == TINET_OK)
    err = add_text(object, "value", value);
  if (err == TINET_OK)
    err = add_text(object, "domain", c->domain);
  if (err == TINET_OK)
    err = add_text(object, "path", c->path);
  if (err == TINET_OK)
    err = add_optional(object, "comment", c->comment);
  return err < 0 ? err : add_optional(object, "originalUrl", c->original_url);
}

static int fill(json_t *object, const tinet_cookie *c, const char *value)
{
  static const char *const same_site[] = {NULL, "None", "Lax", "Strict"};
  int err = fill_strings(object, c, value);

  if (err == TINET_OK)
    err = add(object, "hostOnly", json_boolean(c->is_host_only));
  if (err == TINET_OK)
    err = add(object, "secure", json_boolean(c->is_secure));
  if (err == TINET_OK)
    err = add(object, "httpOnly", json_boolean(c->is_http_only));
  if (err == TINET_OK)
    err = add_optional(object, "sameSite", same_site[c->same_site & 3]);
  if (err == TINET_OK && c->is_persistent)
    err = add_seconds(object, "expires", c->expires_ms, 1000);
  if (err == TINET_OK)
    err = add_seconds(object, "created", c->created_us, 1000000);
  if (err == TINET_OK && c->version != 0)
    err = add(object, "version", json_integer(c->version));
  return err;
}

static int on_dump(const char *data, size_t len, void *arg)
{
  return tinet__buf_add(arg, data, len);
}

static int write_object(struct tinet__buf *to, const tinet_cookie *c,
                        const char *value)
{
  json_t *object = json_object();
  int err = object ? fill(object, c, value) : TINET_ENOMEM;

  if (err == TINET_OK &&
      json_dump_callback(object, on_dump, to, DUMP_FLAGS) != 0)
    err = TINET_ENOMEM;
  json_decref(object);
  return err;
}

int tinet__cookie_write_json(struct tinet__buf *to,
                             const tinet_cookie_list *list, bool with_values)
{
  int err = tinet__buf_adds(to, "[");

  for (size_t i = 0; i < list->n_cookies && err == TINET_OK; i++) {
    const tinet_cookie *c = &list->cookies[i];

    err = tinet__buf_adds(to, i ? ",\n" : "\n");
    if (err == TINET_OK)
      err = write_object(to, c, with_values ? c->value : "...");
  }
  return err < 0 ? err : tinet__buf_adds(to, "\n]\n");
}
