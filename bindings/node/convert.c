/* convert.c - between JavaScript values and C. */
#include "addon.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool get_args(napi_env env, napi_callback_info info, size_t want,
              napi_value *args)
{
  size_t n = want;

  /* Missing ones are undefined. */
  return napi_get_cb_info(env, info, &n, args, NULL, NULL) == napi_ok;
}

/* Most texts are short: then V8 is asked once and not for the length first. */
char *get_text(napi_env env, napi_value value, size_t *ret_len)
{
  char small[256];
  size_t len = 0;
  bool is_whole;
  char *text;

  if (napi_get_value_string_utf8(env, value, small, sizeof small, &len) !=
      napi_ok) {
    (void)napi_throw_type_error(env, "TINET_EINVAL", "a string is expected");
    return NULL;
  }
  /* A character of up to 4 bytes may not have fitted. */
  is_whole = len < sizeof small - 4;
  if (!is_whole)
    (void)napi_get_value_string_utf8(env, value, NULL, 0, &len);
  text = malloc(len + 1);
  if (!text) {
    throw_code(env, TINET_ENOMEM, NULL);
    return NULL;
  }
  if (is_whole)
    memcpy(text, small, len + 1);
  else
    (void)napi_get_value_string_utf8(env, value, text, len + 1, &len);
  if (ret_len) {
    *ret_len = len;
  } else if (strlen(text) != len) {
    free(text);
    (void)napi_throw_type_error(env, "TINET_EINVAL",
                                "the text must not contain NUL");
    return NULL;
  }
  return text;
}

bool get_text_or_null(napi_env env, napi_value value, char **ret_text)
{
  napi_valuetype type = napi_undefined;

  *ret_text = NULL;
  (void)napi_typeof(env, value, &type);
  if (type == napi_undefined || type == napi_null)
    return true;
  *ret_text = get_text(env, value, NULL);
  return *ret_text != NULL;
}

bool get_bytes(napi_env env, napi_value value, void **ret_data, size_t *ret_len)
{
  if (napi_get_buffer_info(env, value, ret_data, ret_len) == napi_ok)
    return true;
  (void)napi_throw_type_error(env, "TINET_EINVAL", "a Buffer is expected");
  return false;
}

double get_number(napi_env env, napi_value value)
{
  double number = 0;

  (void)napi_get_value_double(env, value, &number); /* else 0 */
  return number;
}

uint32_t get_uint(napi_env env, napi_value value)
{
  uint32_t number = 0;

  (void)napi_get_value_uint32(env, value, &number); /* else 0 */
  return number;
}

napi_value make_null(napi_env env)
{
  napi_value value = NULL;

  (void)napi_get_null(env, &value);
  return value;
}

napi_value make_undefined(napi_env env)
{
  napi_value value = NULL;

  (void)napi_get_undefined(env, &value);
  return value;
}

napi_value make_number(napi_env env, double number)
{
  napi_value value = NULL;

  (void)napi_create_double(env, number, &value);
  return value;
}

static bool is_ascii(const char *p, size_t len)
{
  uint64_t all = 0;
  size_t i = 0;

  for (; i + 8 <= len; i += 8) {
    uint64_t eight;

    memcpy(&eight, p + i, 8);
    all |= eight;
  }
  for (; i < len; i++)
    all |= (unsigned char)p[i];
  return (all & 0x8080808080808080ULL) == 0;
}

napi_value make_text_len(napi_env env, const char *text, size_t len)
{
  napi_value value = NULL;
  napi_status status;

  if (is_ascii(text, len)) /* half the memory, a third of the time */
    status = napi_create_string_latin1(env, text, len, &value);
  else
    status = napi_create_string_utf8(env, text, len, &value);
  if (status != napi_ok)
    throw_code(env, TINET_ELIMIT, "the text is too long for a string");
  return value;
}

napi_value make_text(napi_env env, const char *text)
{
  return text ? make_text_len(env, text, strlen(text)) : make_null(env);
}

void throw_code(napi_env env, int code, const char *text)
{
  (void)napi_throw_error(env, tinet_error_name(code),
                         text ? text : tinet_error_text(code));
}

void define(napi_env env, napi_value object, const char *name, napi_callback fn)
{
  napi_value value;

  if (napi_create_function(env, name, NAPI_AUTO_LENGTH, fn, NULL, &value) ==
      napi_ok)
    (void)napi_set_named_property(env, object, name, value);
}
