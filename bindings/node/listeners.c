/* listeners.c - listening for lib/socket_tcp.js and lib/tcp_socket.js. */
#include "sockets.h"

#include <stdlib.h>
#include <string.h>

static void report_accept(struct handle *listener, tinet_stream *stream)
{
  napi_env env = listener->addon->env;
  char text[TINET_ENDPOINT_TEXT_MAX] = "";
  napi_value argv[4], external;
  tinet_endpoint peer = {0};
  struct handle *h =
      handle_new(listener->addon, HANDLE_STREAM, NULL, &external);

  if (!h) {
    (void)tinet_stream_close(stream);
    return;
  }
  h->of.stream = stream;
  tinet_stream_set_events(stream, &stream_events, h);
  if (tinet_stream_peer(stream, &peer) == TINET_OK)
    tinet_endpoint_text(&peer, text);
  argv[1] = external;
  argv[2] = make_text(env, text);
  argv[3] = make_number(env, peer.port);
  handle_event(listener, SOCKET_ACCEPT, 4, argv);
}

static void on_accept(tinet_listener *listener, tinet_stream *stream,
                      void *user)
{
  struct handle *h = user;

  /* ti: Titanium.Network.Socket.TCP.accept - one call, one connection. */
  tinet_listener_pause(listener);
  SCOPED(h, report_accept(h, stream));
}

static void on_listener_error(tinet_listener *listener, const tinet_error *err,
                              bool is_lasting, void *user)
{
  struct handle *h = user;
  tinet_error copy = *err;

  (void)listener;
  SCOPED(h, handle_error_event(h, is_lasting ? SOCKET_ERROR : SOCKET_PAUSED,
                               &copy));
}

static const tinet_listener_events listener_events = {
    .on_accept = on_accept,
    .on_error = on_listener_error,
};

static int listen_on(struct handle *h, napi_env env, const napi_value *args,
                     tinet_error *err)
{
  tinet_listen_options opt;
  struct tls_server tls;
  bool has_tls = is_object(env, args[5]);
  char *host = NULL, *path = NULL;
  int code = TINET_ENOMEM;

  tinet_listen_options_init(&opt);
  opt.port = (uint16_t)get_uint(env, args[2]);
  opt.backlog = get_uint(env, args[3]);
  opt.is_paused = true;
  if (has_tls) {
    read_tls_server(env, args[5], &tls);
    opt.tls = &tls.opt;
  }
  if (get_text_or_null(env, args[1], &host) &&
      get_text_or_null(env, args[4], &path)) {
    opt.host = path ? NULL : host;
    opt.path = path;
    code = tinet_listener_open(h->addon->loop, &opt, &listener_events, h,
                               &h->of.listener, err);
  }
  if (has_tls)
    free_tls_server(&tls);
  free(host);
  free(path);
  return code;
}

/* listenerOpen(owner, host, port, backlog, path, tls or null) -> handle; it
 * accepts nothing yet */
static napi_value listener_open(napi_env env, napi_callback_info info)
{
  struct addon *a = addon_of(env);
  napi_value args[6], external = NULL;
  tinet_error err = {0};
  struct handle *h;
  int code;

  if (!get_args(env, info, 6, args) || !a->loop ||
      !(h = handle_new(a, HANDLE_LISTENER, args[0], &external)))
    return NULL;
  code = listen_on(h, env, args, &err);
  if (code < 0) {
    throw_socket_error(env, code, &err);
    return NULL;
  }
  handle_pin(h, PIN_RECEIVING);
  return external;
}

/* listenerAccept(handle): the next connection */
static napi_value listener_accept(napi_env env, napi_callback_info info)
{
  napi_value args[1];
  struct handle *h;

  if (!get_args(env, info, 1, args) ||
      !(h = handle_of(env, args[0], HANDLE_LISTENER)))
    return NULL;
  tinet_listener_resume(h->of.listener);
  return NULL;
}

/* listenerInfo(handle) -> {localHost, localPort} */
static napi_value listener_info(napi_env env, napi_callback_info info)
{
  napi_value args[1], o = NULL;
  tinet_endpoint e;
  struct handle *h;

  if (!get_args(env, info, 1, args) ||
      !(h = handle_of(env, args[0], HANDLE_LISTENER)) ||
      napi_create_object(env, &o) != napi_ok)
    return NULL;
  if (tinet_listener_local(h->of.listener, &e) == TINET_OK)
    set_endpoint(env, o, "localHost", "localPort", &e);
  return o;
}

void define_listeners(napi_env env, napi_value exports)
{
  define(env, exports, "listenerOpen", listener_open);
  define(env, exports, "listenerAccept", listener_accept);
  define(env, exports, "listenerInfo", listener_info);
}
