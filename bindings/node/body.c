/* body.c - request bodies made from JavaScript values.
 *
 * A body is an external that owns it until send() takes it.
 */
#include "addon.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct holder {
  tinet_http_body *body; /* owned; NULL once taken */
};

static struct holder *holder_of(napi_env env, napi_value value)
{
  void *data = NULL;
  napi_valuetype type = napi_undefined;

  (void)napi_typeof(env, value, &type);
  if (type == napi_external)
    (void)napi_get_value_external(env, value, &data);
  return data;
}

tinet_http_body *peek_body(napi_env env, napi_value value)
{
  struct holder *h = holder_of(env, value);

  return h ? h->body : NULL;
}

void forget_body(napi_env env, napi_value value)
{
  struct holder *h = holder_of(env, value);

  if (h)
    h->body = NULL;
}

static void on_finalize(napi_env env, void *data, void *hint)
{
  struct holder *h = data;

  (void)env;
  (void)hint;
  tinet_http_body_free(h->body);
  free(h);
}

static napi_value wrap(napi_env env, tinet_http_body *body)
{
  struct holder *h = calloc(1, sizeof *h);
  napi_value value = NULL;

  if (h)
    h->body = body;
  if (!h ||
      napi_create_external(env, h, on_finalize, NULL, &value) != napi_ok) {
    tinet_http_body_free(body);
    free(h);
    throw_code(env, TINET_ENOMEM, NULL);
    return NULL;
  }
  return value;
}

/* bodyText(string, type or null) */
static napi_value body_text(napi_env env, napi_callback_info info)
{
  napi_value args[2];
  tinet_http_body *body = NULL;
  char *text, *type = NULL;
  size_t len = 0;
  int err;

  if (!get_args(env, info, 2, args) || !get_text_or_null(env, args[1], &type))
    return NULL;
  text = get_text(env, args[0], &len);
  err = text ? tinet_http_body_new_bytes(text, len, type, &body) : TINET_OK;
  if (err < 0)
    throw_code(env, err, NULL);
  free(text);
  free(type);
  return body ? wrap(env, body) : NULL;
}

/* A Buffer that a body borrows. */
struct borrowed {
  napi_env env;
  napi_ref ref;
};

static void on_release(void *user)
{
  struct borrowed *b = user;

  (void)napi_delete_reference(b->env, b->ref);
  free(b);
}

/* bodyBytes(Buffer, type or null): the Buffer is not copied */
static napi_value body_bytes(napi_env env, napi_callback_info info)
{
  napi_value args[2];
  tinet_http_body *body = NULL;
  struct borrowed *b;
  char *type = NULL;
  void *data;
  size_t len;
  int err;

  if (!get_args(env, info, 2, args) || !get_bytes(env, args[0], &data, &len) ||
      !get_text_or_null(env, args[1], &type))
    return NULL;
  b = calloc(1, sizeof *b);
  if (!b) {
    free(type);
    throw_code(env, TINET_ENOMEM, NULL);
    return NULL;
  }
  b->env = env;
  (void)napi_create_reference(env, args[0], 1, &b->ref);
  err = tinet_http_body_new_borrowed(len ? data : "", len, type, on_release, b,
                                     &body);
  free(type);
  if (err < 0) {
    throw_code(env, err, NULL);
    return NULL;
  }
  return wrap(env, body);
}

/* bodyFile(path, type or null) */
static napi_value body_file(napi_env env, napi_callback_info info)
{
  napi_value args[2];
  tinet_http_body *body = NULL;
  char *path, *type = NULL;
  int err = TINET_OK;

  if (!get_args(env, info, 2, args) || !get_text_or_null(env, args[1], &type))
    return NULL;
  path = get_text(env, args[0], NULL);
  if (path)
    err = tinet_http_body_new_file(path, type, &body);
  if (err < 0)
    throw_code(env, err, err == TINET_EBODY ? strerror(errno) : NULL);
  free(path);
  free(type);
  return body ? wrap(env, body) : NULL;
}

/* bodyDescriptor(fd, length, type or null) */
static napi_value body_descriptor(napi_env env, napi_callback_info info)
{
  napi_value args[3];
  tinet_http_body *body = NULL;
  char *type = NULL;
  int err;

  if (!get_args(env, info, 3, args) || !get_text_or_null(env, args[2], &type))
    return NULL;
  err = tinet_http_body_new_fd((int)get_uint(env, args[0]), 0,
                               (uint64_t)get_number(env, args[1]), type, &body);
  free(type);
  if (err < 0) {
    throw_code(env, err, NULL);
    return NULL;
  }
  return wrap(env, body);
}

/* Kinds of a form field; lib/http_body.js has the same. */
#define FIELD_TEXT 0
#define FIELD_JSON 1
#define FIELD_FILE 2

static int add_file(napi_env env, tinet_http_form *form, const char *name,
                    const napi_value *field)
{
  tinet_http_body *content = peek_body(env, field[2]);
  char *filename = NULL;
  int err;

  if (!content || !get_text_or_null(env, field[3], &filename))
    return TINET_EINVAL;
  err = tinet_http_form_add_file(form, name, filename, content);
  free(filename);
  if (err == TINET_OK)
    forget_body(env, field[2]);
  return err;
}

/* One field: kind, name, value or body, file name or null. */
static int add_field(napi_env env, tinet_http_form *form,
                     const napi_value *field)
{
  uint32_t kind = get_uint(env, field[0]);
  char *name = get_text(env, field[1], NULL), *value = NULL;
  size_t len = 0;
  int err = TINET_EINVAL;

  if (name && kind == FIELD_FILE) {
    err = add_file(env, form, name, field);
  } else if (name) {
    value = get_text(env, field[2], &len);
    if (value)
      err = kind == FIELD_JSON
                ? tinet_http_form_add_json(form, name, value, len)
                : tinet_http_form_add_text(form, name, value, len);
  }
  free(name);
  free(value);
  return err;
}

/* bodyForm([kind, name, value, filename, kind, ...]) */
static napi_value body_form(napi_env env, napi_callback_info info)
{
  napi_value args[1], field[4];
  tinet_http_form *form = NULL;
  tinet_http_body *body = NULL;
  uint32_t n = 0;
  int err;

  if (!get_args(env, info, 1, args))
    return NULL;
  (void)napi_get_array_length(env, args[0], &n);
  err = tinet_http_form_new(&form);
  for (uint32_t i = 0; err == TINET_OK && i + 3 < n; i += 4) {
    for (uint32_t k = 0; k < 4; k++)
      (void)napi_get_element(env, args[0], i + k, &field[k]);
    err = add_field(env, form, field);
  }
  if (err == TINET_OK)
    err = tinet_http_body_new_form(form, &body);
  if (err < 0) {
    tinet_http_form_free(form);
    throw_code(env, err, "send: the dictionary could not be made a form");
    return NULL;
  }
  return wrap(env, body);
}

void define_body(napi_env env, napi_value exports)
{
  define(env, exports, "bodyText", body_text);
  define(env, exports, "bodyBytes", body_bytes);
  define(env, exports, "bodyFile", body_file);
  define(env, exports, "bodyDescriptor", body_descriptor);
  define(env, exports, "bodyForm", body_form);
}
