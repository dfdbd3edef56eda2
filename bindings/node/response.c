/* response.c - reading a response, each part when JavaScript asks for it. */
#include "addon.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static struct client *one_client(napi_env env, napi_callback_info info)
{
  napi_value args[1];

  return get_args(env, info, 1, args) ? client_of(env, args[0]) : NULL;
}

static napi_value state(napi_env env, napi_callback_info info)
{
  struct client *c = one_client(env, info);

  return c ? make_number(env, tinet_http_client_state(c->http)) : NULL;
}

static napi_value is_running(napi_env env, napi_callback_info info)
{
  struct client *c = one_client(env, info);
  napi_value value = NULL;

  if (c)
    (void)napi_get_boolean(env, tinet_http_client_is_running(c->http), &value);
  return value;
}

static napi_value status(napi_env env, napi_callback_info info)
{
  struct client *c = one_client(env, info);

  return c ? make_number(env, tinet_http_client_status(c->http)) : NULL;
}

static napi_value statustext(napi_env env, napi_callback_info info)
{
  struct client *c = one_client(env, info);

  return c ? make_text(env, tinet_http_client_statustext(c->http)) : NULL;
}

static napi_value location(napi_env env, napi_callback_info info)
{
  struct client *c = one_client(env, info);

  return c ? make_text(env, tinet_http_client_location(c->http)) : NULL;
}

static napi_value method(napi_env env, napi_callback_info info)
{
  struct client *c = one_client(env, info);

  return c ? make_text(env, tinet_http_client_method(c->http)) : NULL;
}

/* Takes a text that the library gave away. */
static napi_value give_text(napi_env env, int err, char *text)
{
  napi_value value;

  if (err < 0) {
    throw_code(env, err, NULL);
    return NULL;
  }
  value = make_text(env, text);
  tinet_free(text);
  return value;
}

static napi_value header(napi_env env, napi_callback_info info)
{
  napi_value args[2], value;
  struct client *c;
  char *name, *text = NULL;
  int err;

  if (!get_args(env, info, 2, args) || !(c = client_of(env, args[0])) ||
      !(name = get_text(env, args[1], NULL)))
    return NULL;
  err = tinet_http_client_header(c->http, name, &text);
  value = give_text(env, err, text);
  free(name);
  return value;
}

static napi_value all_headers(napi_env env, napi_callback_info info)
{
  struct client *c = one_client(env, info);
  char *text = NULL;
  int err;

  if (!c)
    return NULL;
  err = tinet_http_client_all_headers(c->http, &text);
  return give_text(env, err, text);
}

static napi_value all_request_headers(napi_env env, napi_callback_info info)
{
  struct client *c = one_client(env, info);
  char *text = NULL;
  int err;

  if (!c)
    return NULL;
  err = tinet_http_client_all_request_headers(c->http, &text);
  return give_text(env, err, text);
}

/* headers(client) -> [name, value, name, value ...] */
static napi_value headers(napi_env env, napi_callback_info info)
{
  struct client *c = one_client(env, info);
  napi_value list = NULL;
  size_t n;

  if (!c)
    return NULL;
  n = tinet_http_client_n_headers(c->http);
  (void)napi_create_array_with_length(env, 2 * n, &list);
  for (size_t i = 0; i < n; i++) {
    tinet_http_header h = tinet_http_client_header_at(c->http, i);

    (void)napi_set_element(env, list, (uint32_t)(2 * i),
                           make_text(env, h.name));
    (void)napi_set_element(env, list, (uint32_t)(2 * i + 1),
                           make_text(env, h.value));
  }
  return list;
}

/* text(client) -> string, null for an empty body and before the headers */
static napi_value text(napi_env env, napi_callback_info info)
{
  struct client *c = one_client(env, info);
  napi_value value;
  char *decoded = NULL;
  size_t len = 0;
  int err;

  if (!c)
    return NULL;
  if (tinet_http_client_state(c->http) < TINET_HTTP_HEADERS_RECEIVED)
    return make_null(env);
  err = tinet_http_client_text(c->http, &decoded, &len);
  if (err < 0) {
    throw_code(env, err, "the body could not be read");
    return NULL;
  }
  value = len > 0 ? make_text_len(env, decoded, len) : make_null(env);
  tinet_free(decoded);
  return value;
}

/* A descriptor of the body that its Blob owns; closed when nobody has it. */
static void on_holder_finalize(napi_env env, void *data, void *hint)
{
  (void)env;
  (void)hint;
  (void)close((int)(intptr_t)data);
}

static void set(napi_env env, napi_value object, const char *name,
                napi_value value)
{
  (void)napi_set_named_property(env, object, name, value);
}

static void add_descriptor(napi_env env, napi_value object, int fd)
{
  napi_value holder;
  int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);

  if (copy < 0) {
    throw_code(env, TINET_ESYSTEM, "responseData: no more file descriptors");
    return;
  }
  if (napi_create_external(env, (void *)(intptr_t)copy, on_holder_finalize,
                           NULL, &holder) != napi_ok) {
    (void)close(copy);
    return;
  }
  set(env, object, "holder", holder);
  set(env, object, "fd", make_number(env, copy));
}

/* content(client) -> {length, type, buffer | path | fd + holder} */
static napi_value content(napi_env env, napi_callback_info info)
{
  struct client *c = one_client(env, info);
  tinet_http_content content;
  napi_value object = NULL, buffer;

  if (!c)
    return NULL;
  tinet_http_client_content(c->http, &content);
  (void)napi_create_object(env, &object);
  set(env, object, "length", make_number(env, (double)content.len));
  set(env, object, "type", make_text(env, content.content_type));
  if (content.path) {
    set(env, object, "path", make_text(env, content.path));
  } else if (content.fd >= 0) {
    add_descriptor(env, object, content.fd);
  } else if (napi_create_buffer_copy(env, (size_t)content.len,
                                     content.data ? content.data : "", NULL,
                                     &buffer) == napi_ok) {
    set(env, object, "buffer", buffer);
  }
  return object;
}

void define_response(napi_env env, napi_value exports)
{
  define(env, exports, "state", state);
  define(env, exports, "isRunning", is_running);
  define(env, exports, "status", status);
  define(env, exports, "statusText", statustext);
  define(env, exports, "location", location);
  define(env, exports, "method", method);
  define(env, exports, "header", header);
  define(env, exports, "headers", headers);
  define(env, exports, "allHeaders", all_headers);
  define(env, exports, "allRequestHeaders", all_request_headers);
  define(env, exports, "text", text);
  define(env, exports, "content", content);
}
