/* addon.c - one environment's part of the addon: from load to cleanup. */
#include "addon.h"

#include <stdlib.h>

struct addon *addon_of(napi_env env)
{
  void *data = NULL;

  (void)napi_get_instance_data(env, &data); /* set at load */
  return data;
}

tinet_http *addon_http(struct addon *a)
{
  tinet_http_options opt;
  int err;

  tell_store_news(a);
  if (a->http)
    return a->http;
  if (!a->loop) {
    throw_code(a->env, TINET_ESTATE, "tinet: this environment is ending");
    return NULL;
  }
  tinet_http_options_init(&opt);
  tinet_http_options_from_env(&opt);
  opt.app_guid = a->app_guid;
  if (a->max_buffer_size > 0)
    opt.spill_threshold = (size_t)a->max_buffer_size;
  opt.cookies = addon_jar(a, STORE_APP);
  opt.cache = addon_cache(a);
  opt.on_warning = on_warning;
  opt.warning_user = a;
  opt.ats = shared_ats();
  err = tinet_http_open(a->loop, &opt, &a->http);
  tinet_ats_policy_unref(opt.ats);
  if (err < 0) {
    a->http = NULL;
    throw_code(a->env, err,
               "tinet: the network could not be opened (look at "
               "the proxies in the environment)");
  }
  return a->http;
}

static void on_loop_closed(void *arg)
{
  struct addon *a = arg;

  (void)napi_remove_async_cleanup_hook(a->cleanup);
}

/* The environment ends: what runs ends silently, then Node turns its loop until
 * libuv has let go of our handles. */
static void on_cleanup(napi_async_cleanup_hook_handle handle, void *arg)
{
  struct addon *a = arg;
  tinet_loop *loop = a->loop;

  a->cleanup = handle;
  tinet_http_close(a->http);
  a->http = NULL;
  close_handles(a);
  end_farewells(a);
  close_bonjour(a);
  a->loop = NULL;
  release_stores(a);
  if (tinet_loop_on_closed(loop, on_loop_closed, a) < 0 ||
      tinet_loop_close(loop) < 0)
    (void)napi_remove_async_cleanup_hook(handle);
}

static void on_finalize(napi_env env, void *data, void *hint)
{
  struct addon *a = data;

  (void)env;
  (void)hint;
  free(a->app_guid);
  free(a->app_id);
  free_bonjour(a);
  free(a);
}

/* setup(dispatch, warn): the functions of lib/ that events and warnings go to
 */
static napi_value setup(napi_env env, napi_callback_info info)
{
  struct addon *a = addon_of(env);
  napi_value args[2];

  if (!get_args(env, info, 2, args))
    return NULL;
  if (a->dispatch)
    (void)napi_delete_reference(env, a->dispatch);
  if (a->warn)
    (void)napi_delete_reference(env, a->warn);
  (void)napi_create_reference(env, args[0], 1, &a->dispatch);
  (void)napi_create_reference(env, args[1], 1, &a->warn);
  return NULL;
}

napi_value keep_text(napi_env env, napi_callback_info info, char **text)
{
  napi_value args[1];

  if (!get_args(env, info, 1, args))
    return NULL;
  free(*text);
  *text = get_text(env, args[0], NULL);
  return NULL;
}

/* setAppGuid(text): before the first request; sent as X-Titanium-Id */
static napi_value set_app_guid(napi_env env, napi_callback_info info)
{
  return keep_text(env, info, &addon_of(env)->app_guid);
}

/* setMaxBufferSize(bytes): before the first request.  ti:
 * HTTPClient.responseData */
static napi_value set_max_buffer_size(napi_env env, napi_callback_info info)
{
  napi_value args[1];
  double bytes;

  if (!get_args(env, info, 1, args))
    return NULL;
  bytes = get_number(env, args[0]);
  if (bytes >= 1 && bytes <= 9007199254740991.0) /* else the default stays */
    addon_of(env)->max_buffer_size = bytes;
  return NULL;
}

static void name_resource(napi_env env, struct addon *a)
{
  napi_value box, name;

  /* A string cannot be referred to, an object that holds it can. */
  if (napi_create_string_latin1(env, "TINETHTTPCLIENT", NAPI_AUTO_LENGTH,
                                &name) == napi_ok &&
      napi_create_array(env, &box) == napi_ok &&
      napi_set_element(env, box, 0, name) == napi_ok)
    (void)napi_create_reference(env, box, 1, &a->resource_name);
}

static bool open_loop(napi_env env, struct addon *a)
{
  struct uv_loop_s *uv = NULL;

  if (napi_get_uv_event_loop(env, &uv) != napi_ok)
    return false;
  return tinet_loop_open_on(uv, &a->loop) == TINET_OK;
}

__attribute__((visibility("default"))) napi_value
tinet_addon_init(napi_env env, napi_value exports);

napi_value tinet_addon_init(napi_env env, napi_value exports)
{
  struct addon *a = calloc(1, sizeof *a);

  if (!a || !open_loop(env, a)) {
    free(a);
    (void)napi_throw_error(env, "TINET_ENOMEM",
                           "tinet: no event loop for this environment");
    return NULL;
  }
  a->env = env;
  (void)napi_set_instance_data(env, a, on_finalize, NULL);
  (void)napi_add_async_cleanup_hook(env, on_cleanup, a, NULL);
  name_resource(env, a);
  define(env, exports, "setup", setup);
  define(env, exports, "setAppGuid", set_app_guid);
  define(env, exports, "setMaxBufferSize", set_max_buffer_size);
  define_client(env, exports);
  define_response(env, exports);
  define_body(env, exports);
  define_tools(env, exports);
  define_stores(env, exports);
  define_trust(env, exports);
  define_ats(env, exports);
  define_bonjour(env, exports);
  define_sockets(env, exports);
  return exports;
}
