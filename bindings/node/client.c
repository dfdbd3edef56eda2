/* client.c - the actions of an HTTPClient: attach, open, send, abort.
 *
 * attach() wraps the native client into the JavaScript object itself, so one
 * object is made a request and the collector frees both.
 */
#include "addon.h"

#include <stdlib.h>
#include <string.h>

struct client *client_of(napi_env env, napi_value value)
{
  void *data = NULL;

  if (napi_unwrap(env, value, &data) != napi_ok) {
    (void)napi_throw_type_error(env, "TINET_EINVAL",
                                "this is not an HTTPClient");
    return NULL;
  }
  return data;
}

void settle_pin(struct client *c)
{
  bool is_running = tinet_http_client_is_running(c->http);

  if (is_running == c->is_pinned)
    return;
  c->is_pinned = is_running;
  if (is_running)
    (void)napi_reference_ref(c->addon->env, c->self, NULL);
  else
    (void)napi_reference_unref(c->addon->env, c->self, NULL);
}

/* What an AsyncLocalStorage held at send() is there again in the handlers. */
static void begin_async(struct client *c, napi_value self)
{
  napi_env env = c->addon->env;
  napi_value box, name;

  end_async(c);
  if (napi_get_reference_value(env, c->addon->resource_name, &box) != napi_ok ||
      napi_get_element(env, box, 0, &name) != napi_ok ||
      napi_async_init(env, self, name, &c->async) != napi_ok)
    c->async = NULL;
}

void end_async(struct client *c)
{
  if (c->async)
    (void)napi_async_destroy(c->addon->env, c->async);
  c->async = NULL;
}

static void on_finalize(napi_env env, void *data, void *hint)
{
  struct client *c = data;

  (void)hint;
  end_async(c);
  free_extras(c);
  tinet_http_client_free(c->http);
  if (c->self)
    (void)napi_delete_reference(env, c->self);
  free(c);
}

/* attach(client, interest): once for each object */
static napi_value attach(napi_env env, napi_callback_info info)
{
  struct addon *a = addon_of(env);
  tinet_http *http = addon_http(a);
  struct client *c;
  napi_value args[2];
  int err;

  if (!http || !get_args(env, info, 2, args))
    return NULL;
  c = calloc(1, sizeof *c);
  err = c ? tinet_http_client_new(http, &client_events, c, &c->http)
          : TINET_ENOMEM;
  if (err < 0) {
    free(c);
    throw_code(env, err, NULL);
    return NULL;
  }
  c->addon = a;
  c->interest = get_uint(env, args[1]);
  if (napi_wrap(env, args[0], c, on_finalize, NULL, &c->self) != napi_ok) {
    tinet_http_client_free(c->http);
    free(c);
    throw_code(env, TINET_ENOMEM, NULL);
  }
  return NULL;
}

static void throw_of(napi_env env, int err, const char *what)
{
  if (err == TINET_EMETHOD || err == TINET_EINVAL || err == TINET_EHEADER)
    (void)napi_throw_type_error(env, tinet_error_name(err), what);
  else
    throw_code(env, err, what);
}

/* open(client, method, url) -> was it accepted */
static napi_value open_client(napi_env env, napi_callback_info info)
{
  napi_value args[3], result = NULL;
  struct client *c;
  struct call call;
  char *method, *url;
  int err = TINET_ENOMEM;

  if (!get_args(env, info, 3, args) || !(c = client_of(env, args[0])))
    return NULL;
  method = get_text(env, args[1], NULL);
  url = method ? get_text(env, args[2], NULL) : NULL;
  if (url) {
    enter_call(c->addon, &call);
    err = tinet_http_client_open(c->http, method, url);
    leave_call(c->addon, &call);
    if (err == TINET_EMETHOD)
      throw_of(env, err, "HTTPClient.open: the method is not a token");
    else if (err < 0 && err != TINET_ESTATE)
      throw_of(env, err, "HTTPClient.open: the request could not be prepared");
  }
  free(method);
  free(url);
  (void)napi_get_boolean(env, err == TINET_OK, &result);
  return result;
}

/* setHeader(client, name, value or null) */
static napi_value set_header(napi_env env, napi_callback_info info)
{
  napi_value args[3];
  struct client *c;
  struct call call;
  char *name, *value = NULL;
  size_t len = 0;
  napi_valuetype type = napi_null;
  int err = TINET_OK;

  if (!get_args(env, info, 3, args) || !(c = client_of(env, args[0])))
    return NULL;
  name = get_text(env, args[1], NULL);
  (void)napi_typeof(env, args[2], &type);
  if (name && type != napi_null)
    value = get_text(env, args[2], &len);
  if (name && (value || type == napi_null)) {
    enter_call(c->addon, &call);
    err = value && strlen(value) != len /* a NUL inside */
              ? TINET_EHEADER
              : tinet_http_client_set_header(c->http, name, value);
    leave_call(c->addon, &call);
  }
  if (err == TINET_EHEADER)
    throw_of(env, err,
             "setRequestHeader: the name must be a token, the value must not "
             "contain CR, LF or NUL");
  else if (err == TINET_ESTATE)
    throw_of(env, err, "setRequestHeader: the request is already running");
  else if (err < 0)
    throw_of(env, err, NULL);
  free(name);
  free(value);
  return NULL;
}

/* Bits of send()'s third argument; lib/http_client.js has the same. */
#define SEND_AUTO_REDIRECT 1u
#define SEND_AUTO_ENCODE 2u
#define SEND_VALIDATES 4u
#define SEND_WAITS 8u
#define SEND_CLOSES 16u
#define SEND_SYNC 32u
#define SEND_AGAIN 64u

static void read_settings(napi_env env, const napi_value *args, uint32_t flags,
                          tinet_http_settings *s)
{
  tinet_http_settings_init(s);
  s->is_auto_redirect = (flags & SEND_AUTO_REDIRECT) != 0;
  s->is_auto_encode_url = (flags & SEND_AUTO_ENCODE) != 0;
  s->validates_certificate = (flags & SEND_VALIDATES) != 0;
  s->waits_for_connectivity = (flags & SEND_WAITS) != 0;
  s->closes_connection = (flags & SEND_CLOSES) != 0;
  s->timeout_ms = (int64_t)get_number(env, args[3]);
  s->timeout_for_resource_ms = (int64_t)get_number(env, args[4]);
}

static int start(struct client *c, const tinet_http_settings *s, uint32_t flags,
                 tinet_http_body *body)
{
  bool again = (flags & SEND_AGAIN) != 0;

  if (flags & SEND_SYNC)
    return tinet_http_client_send_sync(c->http, s, body, again);
  if (again)
    return tinet_http_client_send_again(c->http, s);
  return tinet_http_client_send(c->http, s, body);
}

/* send(client, body or null, flags, timeout, timeoutForResource, file) */
static napi_value send_client(napi_env env, napi_callback_info info)
{
  napi_value args[6];
  tinet_http_settings s;
  struct client *c;
  struct call call;
  uint32_t flags;
  char *file;
  int err;

  if (!get_args(env, info, 6, args) || !(c = client_of(env, args[0])) ||
      !get_text_or_null(env, args[5], &file))
    return NULL;
  flags = get_uint(env, args[2]);
  read_settings(env, args, flags, &s);
  s.file = file;
  apply_extras(c, &s);
  enter_call(c->addon, &call);
  err = start(c, &s, flags, peek_body(env, args[1]));
  if (err == TINET_OK)
    forget_body(env, args[1]);
  settle_pin(c);
  if (err == TINET_OK && c->is_pinned)
    begin_async(c, args[0]);
  leave_call(c->addon, &call);
  free(file);
  if (err < 0 && err != TINET_ESTATE)
    throw_of(env, err, "HTTPClient.send: the request could not be started");
  return NULL;
}

static napi_value abort_client(napi_env env, napi_callback_info info)
{
  napi_value args[1];
  struct client *c;
  struct call call;

  if (!get_args(env, info, 1, args) || !(c = client_of(env, args[0])))
    return NULL;
  enter_call(c->addon, &call);
  tinet_http_client_abort(c->http);
  settle_pin(c);
  if (!c->is_pinned)
    end_async(c);
  leave_call(c->addon, &call);
  return NULL;
}

/* setInterest(client, bits) */
static napi_value set_interest(napi_env env, napi_callback_info info)
{
  napi_value args[2];
  struct client *c;

  if (!get_args(env, info, 2, args) || !(c = client_of(env, args[0])))
    return NULL;
  c->interest = get_uint(env, args[1]);
  return NULL;
}

void define_client(napi_env env, napi_value exports)
{
  define(env, exports, "attach", attach);
  define(env, exports, "open", open_client);
  define(env, exports, "setHeader", set_header);
  define(env, exports, "send", send_client);
  define(env, exports, "abort", abort_client);
  define(env, exports, "setInterest", set_interest);
}
