/* handles.c - what all kinds of sockets share: the external, its owner, events
 * and errors. */
#include "sockets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void handle_close(struct handle *h)
{
  if (h->of.stream) {
    if (h->kind == HANDLE_STREAM)
      say_farewell(h->addon, h->of.stream);
    else if (h->kind == HANDLE_LISTENER)
      tinet_listener_close(h->of.listener);
    else
      tinet_udp_close(h->of.udp);
    h->of.stream = NULL;
  }
  h->is_reading = false;
  handle_unpin(h, PIN_ALL);
}

static void unlink_handle(struct handle *h)
{
  if (h->prev)
    h->prev->next = h->next;
  else if (h->addon->handles == h)
    h->addon->handles = h->next;
  if (h->next)
    h->next->prev = h->prev;
  h->prev = h->next = NULL;
}

static void on_finalize(napi_env env, void *data, void *hint)
{
  struct handle *h = data;

  (void)hint;
  handle_close(h);
  unlink_handle(h);
  if (h->owner)
    (void)napi_delete_reference(env, h->owner);
  h->owner = NULL;
  h->is_forgotten = true;
  if (h->n_busy == 0)
    free(h);
}

/* The environment ends; the finalizers come later. */
void close_handles(struct addon *a)
{
  for (struct handle *h = a->handles; h; h = h->next)
    handle_close(h);
}

struct handle *handle_new(struct addon *a, enum handle_kind kind,
                          napi_value owner, napi_value *ret_external)
{
  struct handle *h = calloc(1, sizeof *h);

  if (!h) {
    throw_code(a->env, TINET_ENOMEM, NULL);
    return NULL;
  }
  h->addon = a;
  h->kind = kind;
  if ((owner &&
       napi_create_reference(a->env, owner, 0, &h->owner) != napi_ok) ||
      napi_create_external(a->env, h, on_finalize, NULL, ret_external) !=
          napi_ok) {
    free(h);
    throw_code(a->env, TINET_ENOMEM, NULL);
    return NULL;
  }
  h->next = a->handles;
  if (h->next)
    h->next->prev = h;
  a->handles = h;
  return h;
}

struct handle *handle_of(napi_env env, napi_value value, enum handle_kind kind)
{
  void *data = NULL;
  struct handle *h;

  (void)napi_get_value_external(env, value, &data); /* else NULL */
  h = data;
  if (h && h->kind == kind && h->of.stream)
    return h;
  (void)napi_throw_error(env, "TINET_ESTATE", "the socket is closed");
  return NULL;
}

void handle_pin(struct handle *h, enum pin pin)
{
  if (h->pins == 0 && h->owner)
    (void)napi_reference_ref(h->addon->env, h->owner, NULL);
  h->pins |= pin;
}

void handle_unpin(struct handle *h, unsigned pins)
{
  if (!(h->pins & pins))
    return;
  h->pins &= ~pins;
  if (h->pins == 0 && h->owner)
    (void)napi_reference_unref(h->addon->env, h->owner, NULL);
}

void handle_enter(struct handle *h)
{
  h->n_busy++;
}

bool handle_leave(struct handle *h)
{
  if (--h->n_busy > 0 || !h->is_forgotten)
    return !h->is_forgotten;
  free(h);
  return false;
}

void handle_event(struct handle *h, enum socket_event event, size_t argc,
                  napi_value *argv)
{
  napi_value self;

  if (!h->owner || !h->addon->socket_dispatch ||
      napi_get_reference_value(h->addon->env, h->owner, &self) != napi_ok ||
      !self)
    return;
  (void)napi_create_int32(h->addon->env, (int32_t)event, &argv[0]);
  call_js(h->addon, NULL, self, h->addon->socket_dispatch, argc, argv);
}

/* ti: Titanium.Network.Socket.TCP.error - errno, ETIMEDOUT for own limits, else
 * -1 */
static int number_of(const tinet_error *err)
{
  if (err->code == TINET_ETIMEDOUT)
    return ETIMEDOUT;
  return err->origin == TINET_ORIGIN_SYSTEM && err->number != 0
             ? (int)err->number
             : -1;
}

/* ti: Titanium.Network.Socket.TCP.error - the C library's own words where there
 * is an errno */
static const char *words_of(int code, const tinet_error *err)
{
  if (err->origin == TINET_ORIGIN_SYSTEM && err->number != 0)
    return strerror((int)err->number);
  return err->text[0] ? err->text : tinet_error_text(code);
}

void handle_error_event(struct handle *h, enum socket_event event,
                        const tinet_error *err)
{
  napi_env env = h->addon->env;
  napi_value argv[5];

  argv[1] = make_number(env, number_of(err));
  argv[2] = make_text(env, words_of(err->code, err));
  argv[3] = make_text(env, tinet_error_name(err->code));
  argv[4] = make_text(env, err->text);
  handle_event(h, event, 5, argv);
}

void throw_socket_error(napi_env env, int code, const tinet_error *err)
{
  napi_value text, error;

  text = make_text(env, words_of(code, err));
  if (napi_create_error(env, NULL, text, &error) != napi_ok)
    return;
  (void)napi_set_named_property(env, error, "code",
                                make_number(env, number_of(err)));
  (void)napi_set_named_property(env, error, "reason",
                                make_text(env, tinet_error_name(code)));
  (void)napi_set_named_property(env, error, "number",
                                make_number(env, (double)err->number));
  if (err->text[0])
    (void)napi_set_named_property(env, error, "detail",
                                  make_text(env, err->text));
  (void)napi_throw(env, error);
}

char *text_member(napi_env env, napi_value object, const char *name)
{
  napi_value value;
  char *text = NULL;

  if (napi_get_named_property(env, object, name, &value) != napi_ok ||
      !get_text_or_null(env, value, &text))
    return NULL;
  return text;
}

bool is_object(napi_env env, napi_value value)
{
  napi_valuetype type = napi_undefined;

  (void)napi_typeof(env, value, &type);
  return type == napi_object;
}

void set_endpoint(napi_env env, napi_value object, const char *host_name,
                  const char *port_name, const tinet_endpoint *e)
{
  char text[TINET_ENDPOINT_TEXT_MAX];

  tinet_endpoint_text(e, text);
  (void)napi_set_named_property(env, object, host_name, make_text(env, text));
  (void)napi_set_named_property(env, object, port_name,
                                make_number(env, e->port));
}

/* setupSockets(dispatch) */
static napi_value setup_sockets(napi_env env, napi_callback_info info)
{
  struct addon *a = addon_of(env);
  napi_value args[1];

  if (!get_args(env, info, 1, args))
    return NULL;
  if (a->socket_dispatch)
    (void)napi_delete_reference(env, a->socket_dispatch);
  (void)napi_create_reference(env, args[0], 1, &a->socket_dispatch);
  return NULL;
}

void define_sockets(napi_env env, napi_value exports)
{
  define(env, exports, "setupSockets", setup_sockets);
  define_streams(env, exports);
  define_stream_now(env, exports);
  define_stream_tls(env, exports);
  define_listeners(env, exports);
  define_udp(env, exports);
}
