/* tools.c - versions, the user agent, URL components, media types, tiapp.xml.
 */
#include "addon.h"

#include <stdlib.h>
#include <string.h>
#include <tinet/tiapp.h>

static napi_value versions(napi_env env, napi_callback_info info)
{
  napi_value object = NULL;

  (void)info;
  (void)napi_create_object(env, &object);
  (void)napi_set_named_property(env, object, "tinet",
                                make_text(env, tinet_version()));
  (void)napi_set_named_property(env, object, "titanium",
                                make_text(env, TINET_TITANIUM_VERSION));
  (void)napi_set_named_property(env, object, "libraries",
                                make_text(env, tinet_library_versions()));
  return object;
}

static napi_value get_user_agent(napi_env env, napi_callback_info info)
{
  tinet_http *http = addon_http(addon_of(env));

  (void)info;
  return http ? make_text(env, tinet_http_user_agent(http)) : NULL;
}

/* setUserAgent(text or null) */
static napi_value set_user_agent(napi_env env, napi_callback_info info)
{
  tinet_http *http = addon_http(addon_of(env));
  napi_value args[1];
  char *text;
  int err;

  if (!http || !get_args(env, info, 1, args) ||
      !get_text_or_null(env, args[0], &text))
    return NULL;
  err = tinet_http_set_user_agent(http, text);
  free(text);
  if (err == TINET_EINVAL)
    (void)napi_throw_type_error(env, "TINET_EINVAL",
                                "userAgent must not contain CR, LF or NUL");
  else if (err < 0)
    throw_code(env, err, NULL);
  return NULL;
}

static napi_value encode_component(napi_env env, napi_callback_info info)
{
  napi_value args[1], value = NULL;
  char *text, *encoded = NULL;
  size_t len;

  if (!get_args(env, info, 1, args) || !(text = get_text(env, args[0], &len)))
    return NULL;
  if (tinet_http_encode_component(text, len, &encoded) == TINET_OK)
    value = make_text(env, encoded);
  else
    throw_code(env, TINET_ENOMEM, NULL);
  tinet_free(encoded);
  free(text);
  return value;
}

/* ti: Titanium.Network.encodeURIComponent - null for malformed input */
static napi_value decode_component(napi_env env, napi_callback_info info)
{
  napi_value args[1], value;
  char *text, *decoded = NULL;
  size_t len, decoded_len = 0;
  int err;

  if (!get_args(env, info, 1, args) || !(text = get_text(env, args[0], &len)))
    return NULL;
  err = tinet_http_decode_component(text, len, &decoded, &decoded_len);
  value = err == TINET_OK ? make_text_len(env, decoded, decoded_len)
                          : make_null(env);
  tinet_free(decoded);
  free(text);
  return value;
}

static napi_value media_type(napi_env env, napi_callback_info info)
{
  napi_value args[1], value;
  char *name;

  if (!get_args(env, info, 1, args) || !(name = get_text(env, args[0], NULL)))
    return NULL;
  value = make_text(env, tinet_http_media_type(name));
  free(name);
  return value;
}

static void add_entry(napi_env env, napi_value list, uint32_t index,
                      const tinet_tiapp_entry *entry)
{
  napi_value object;

  if (napi_create_object(env, &object) != napi_ok)
    return;
  (void)napi_set_named_property(env, object, "name",
                                make_text(env, entry->name));
  (void)napi_set_named_property(env, object, "type",
                                make_text(env, entry->type));
  (void)napi_set_named_property(env, object, "value",
                                make_text(env, entry->value));
  (void)napi_set_named_property(env, object, "line",
                                make_number(env, entry->line));
  (void)napi_set_element(env, list, index, object);
}

static napi_value make_tiapp(napi_env env, const tinet_tiapp *app)
{
  static const char *const names[][2] = {
      {"id", "id"},
      {"name", "name"},
      {"version", "version"},
      {"guid", "guid"},
      {"publisher", "publisher"},
      {"url", "url"},
      {"description", "description"},
      {"copyright", "copyright"},
      {"sdk-version", "sdkVersion"},
      {"deploy-type", "deployType"},
  };
  napi_value object = NULL, list = NULL;

  (void)napi_create_object(env, &object);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    (void)napi_set_named_property(
        env, object, names[i][1],
        make_text(env, tinet_tiapp_value(app, names[i][0])));
  (void)napi_create_array(env, &list);
  for (size_t i = 0; i < tinet_tiapp_n_properties(app); i++) {
    tinet_tiapp_entry entry = tinet_tiapp_property_at(app, i);

    add_entry(env, list, (uint32_t)i, &entry);
  }
  (void)napi_set_named_property(env, object, "properties", list);
  return object;
}

/* parseTiapp(Buffer, file name) -> {id, name, ..., properties} */
static napi_value parse_tiapp(napi_env env, napi_callback_info info)
{
  napi_value args[2], value = NULL;
  tinet_tiapp *app = NULL;
  tinet_error error;
  char *filename;
  void *data;
  size_t len;
  int err;

  if (!get_args(env, info, 2, args) || !get_bytes(env, args[0], &data, &len) ||
      !get_text_or_null(env, args[1], &filename))
    return NULL;
  memset(&error, 0, sizeof error);
  err = tinet_tiapp_parse(len ? data : "", len, filename, &app, &error);
  free(filename);
  if (err < 0)
    throw_code(env, err, error.text[0] ? error.text : NULL);
  else
    value = make_tiapp(env, app);
  tinet_tiapp_free(app);
  return value;
}

void define_tools(napi_env env, napi_value exports)
{
  define(env, exports, "versions", versions);
  define(env, exports, "getUserAgent", get_user_agent);
  define(env, exports, "setUserAgent", set_user_agent);
  define(env, exports, "encodeComponent", encode_component);
  define(env, exports, "decodeComponent", decode_component);
  define(env, exports, "mediaType", media_type);
  define(env, exports, "parseTiapp", parse_tiapp);
}
