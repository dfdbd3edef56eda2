/* streams.c - connections for lib/socket_tcp.js and lib/tcp_socket.js. */
#include "sockets.h"

#include <stdlib.h>
#include <string.h>

/* ---- what streams report ---- */

/* The owner is held until the event is over: what it was held for often begins
 * anew in there. */
static void tell(struct handle *h, enum socket_event event, size_t argc,
                 napi_value *argv, enum pin pin)
{
  handle_enter(h);
  handle_event(h, event, argc, argv);
  if (handle_leave(h) && !(pin == PIN_READING && h->is_reading))
    handle_unpin(h, pin);
}

static void on_open(tinet_stream *stream, void *user)
{
  struct handle *h = user;
  napi_value argv[1];

  (void)stream;
  SCOPED(h, tell(h, SOCKET_OPEN, 1, argv, PIN_OPENING));
}

static void report_read(struct handle *h, size_t len)
{
  napi_value argv[2];

  h->is_reading = false;
  (void)napi_create_uint32(h->addon->env, (uint32_t)len, &argv[1]);
  tell(h, SOCKET_READ, 2, argv, PIN_READING);
}

static void on_read(tinet_stream *stream, const void *data, size_t len,
                    void *user)
{
  struct handle *h = user;

  (void)stream;
  (void)data;
  SCOPED(h, report_read(h, len));
}

static void on_end(tinet_stream *stream, void *user)
{
  struct handle *h = user;

  (void)stream;
  if (h->is_reading)
    SCOPED(h, report_read(h, 0));
}

static void on_drain(tinet_stream *stream, void *user)
{
  struct handle *h = user;
  napi_value argv[1];

  /* The scope keeps the owner for this event. */
  SCOPED(h, if (tinet_stream_queued(stream) == 0) handle_unpin(h, PIN_DRAINING);
         handle_event(h, SOCKET_DRAIN, 1, argv));
}

static void on_finished(tinet_stream *stream, size_t n_dropped, void *user)
{
  struct handle *h = user;
  napi_value argv[2];

  (void)stream;
  SCOPED(h, argv[1] = make_number(h->addon->env, (double)n_dropped);
         handle_event(h, SOCKET_FINISHED, 2, argv));
}

/* Nothing is pending any more. */
static void report_error(struct handle *h, const tinet_error *err)
{
  h->is_reading = false;
  handle_enter(h);
  handle_error_event(h, SOCKET_ERROR, err);
  if (handle_leave(h))
    handle_unpin(h, PIN_ALL);
}

static void on_error(tinet_stream *stream, const tinet_error *err, void *user)
{
  struct handle *h = user;
  tinet_error copy = *err;

  (void)stream;
  SCOPED(h, report_error(h, &copy));
}

const tinet_stream_events stream_events = {
    .on_open = on_open,
    .on_read = on_read,
    .on_end = on_end,
    .on_drain = on_drain,
    .on_finished = on_finished,
    .on_error = on_error,
};

/* ---- streams from JavaScript ---- */

size_t read_endpoints(napi_env env, napi_value array, tinet_endpoint *list)
{
  uint32_t n = 0;
  size_t n_read = 0;

  if (!is_object(env, array) ||
      napi_get_array_length(env, array, &n) != napi_ok)
    return 0;
  for (uint32_t i = 0; i < n && n_read < ENDPOINTS_MAX; i++) {
    napi_value value;
    char *text = NULL;

    if (napi_get_element(env, array, i, &value) == napi_ok)
      text = get_text(env, value, NULL);
    if (text && tinet_endpoint_parse(text, 0, &list[n_read]) == TINET_OK)
      n_read++;
    free(text);
  }
  return n_read;
}

static int connect_stream(struct handle *h, napi_env env,
                          const napi_value *args, tinet_error *err)
{
  tinet_connect_options opt;
  tinet_endpoint endpoints[ENDPOINTS_MAX];
  struct tls_client tls;
  bool has_tls = is_object(env, args[5]);
  char *host = NULL, *path = NULL;
  int code = TINET_ENOMEM;

  tinet_connect_options_init(&opt);
  opt.port = (uint16_t)get_uint(env, args[2]);
  opt.timeout_ms = opt.write_timeout_ms = get_uint(env, args[3]);
  if (has_tls) {
    read_tls_client(env, args[5], &tls);
    opt.tls = &tls.opt;
  }
  if (get_text_or_null(env, args[1], &host) &&
      get_text_or_null(env, args[4], &path)) {
    opt.host = path ? NULL : host;
    opt.path = path;
    opt.endpoints = endpoints;
    opt.n_endpoints = read_endpoints(env, args[6], endpoints);
    code = tinet_stream_connect(h->addon->loop, &opt, &stream_events, h,
                                &h->of.stream, err);
  }
  if (has_tls)
    free_tls_client(&tls);
  free(host);
  free(path);
  return code;
}

/* streamConnect(owner, host, port, timeout, path, tls or null, addresses or
 * null) -> handle */
static napi_value stream_connect(napi_env env, napi_callback_info info)
{
  struct addon *a = addon_of(env);
  napi_value args[7], external = NULL;
  tinet_error err = {0};
  struct handle *h;
  int code;

  if (!get_args(env, info, 7, args) || !a->loop ||
      !(h = handle_new(a, HANDLE_STREAM, args[0], &external)))
    return NULL;
  code = connect_stream(h, env, args, &err);
  if (code < 0) {
    throw_socket_error(env, code, &err);
    return NULL;
  }
  handle_pin(h, PIN_OPENING);
  return external;
}

/* The part of a Uint8Array that three arguments name: it, an offset, a length.
 * False after throwing if there is none. */
static bool get_part(napi_env env, const napi_value args[3], char **ret_data,
                     size_t *ret_len)
{
  void *data;
  size_t len;
  uint32_t offset, n;

  if (!get_bytes(env, args[0], &data, &len))
    return false;
  offset = get_uint(env, args[1]);
  n = get_uint(env, args[2]);
  if (offset > len || n > len - offset) {
    throw_code(env, TINET_EINVAL, NULL);
    return false;
  }
  *ret_data = n > 0 ? (char *)data + offset : NULL;
  *ret_len = n;
  return true;
}

/* streamRead(handle, Uint8Array, offset, length): one SOCKET_READ or an error
 */
static napi_value stream_read(napi_env env, napi_callback_info info)
{
  napi_value args[4];
  struct handle *h;
  char *data;
  size_t len;
  int code;

  if (!get_args(env, info, 4, args) ||
      !(h = handle_of(env, args[0], HANDLE_STREAM)) ||
      !get_part(env, args + 1, &data, &len))
    return NULL;
  code = h->is_reading ? TINET_EINVAL
                       : tinet_stream_read_once(h->of.stream, data, len);
  if (code < 0) {
    throw_code(env, code, NULL);
    return NULL;
  }
  h->is_reading = true;
  handle_pin(h, PIN_READING);
  return NULL;
}

/* streamReadStop(handle): the SOCKET_READ that was asked for does not come */
static napi_value stream_read_stop(napi_env env, napi_callback_info info)
{
  napi_value args[1];
  struct handle *h;

  if (!get_args(env, info, 1, args) ||
      !(h = handle_of(env, args[0], HANDLE_STREAM)))
    return NULL;
  tinet_stream_read_stop(h->of.stream);
  h->is_reading = false;
  handle_unpin(h, PIN_READING);
  return NULL;
}

static bool is_connected(const tinet_stream *stream)
{
  tinet_endpoint e;

  return tinet_stream_local(stream, &e) == TINET_OK;
}

/* streamReadNow(handle, Uint8Array, offset, length, timeout) -> bytes, 0 = end
 */
static napi_value stream_read_now(napi_env env, napi_callback_info info)
{
  tinet_error err = {0};
  napi_value args[5];
  struct handle *h;
  char *data;
  size_t len, got = 0;
  int code;

  if (!get_args(env, info, 5, args) ||
      !(h = handle_of(env, args[0], HANDLE_STREAM)) ||
      !get_part(env, args + 1, &data, &len))
    return NULL;
  code = tinet_stream_read_now(h->of.stream, data, len,
                               (int)get_number(env, args[4]), &got, &err);
  if (code == TINET_ETIMEDOUT && !is_connected(h->of.stream))
    code = TINET_ECLOSED; /* not the wait for data, but an earlier write */
  if (code < 0) {
    throw_socket_error(env, code, &err);
    return NULL;
  }
  return make_number(env, (double)got);
}

/* What has become of a write; lib/socket_transfer.js has the same numbers. */
enum fate { WRITE_SENT, WRITE_QUEUED, WRITE_FAILED };

/* A connection that is lost says so by an event from the loop. */
static int write_to(struct handle *h, const void *data, size_t len)
{
  int code = tinet_stream_write(h->of.stream, data, len);

  if (code == TINET_OK)
    code = tinet_stream_write(h->of.stream, NULL, 0); /* has it failed? */
  if (code == TINET_ESTATE)
    return WRITE_FAILED;
  if (code == 1)
    handle_pin(h, PIN_DRAINING);
  return code;
}

/* streamWrite(handle, Uint8Array, offset, length) -> its fate */
static napi_value stream_write(napi_env env, napi_callback_info info)
{
  static const tinet_error nothing = {0};
  napi_value args[4], result = NULL;
  struct handle *h;
  char *data;
  size_t len;
  int code;

  if (!get_args(env, info, 4, args) ||
      !(h = handle_of(env, args[0], HANDLE_STREAM)) ||
      !get_part(env, args + 1, &data, &len))
    return NULL;
  code = write_to(h, data, len);
  if (code < 0) {
    throw_socket_error(env, code, &nothing);
    return NULL;
  }
  (void)napi_create_uint32(env, (uint32_t)code, &result);
  return result;
}

/* streamFlushNow(handle, timeout) */
static napi_value stream_flush_now(napi_env env, napi_callback_info info)
{
  tinet_error err = {0};
  napi_value args[2];
  struct handle *h;
  int code;

  if (!get_args(env, info, 2, args) ||
      !(h = handle_of(env, args[0], HANDLE_STREAM)))
    return NULL;
  code =
      tinet_stream_flush_now(h->of.stream, (int)get_number(env, args[1]), &err);
  if (code < 0)
    throw_socket_error(env, code, &err);
  return NULL;
}

/* streamQueued(handle) -> bytes */
static napi_value stream_queued(napi_env env, napi_callback_info info)
{
  napi_value args[1];
  struct handle *h;

  if (!get_args(env, info, 1, args) ||
      !(h = handle_of(env, args[0], HANDLE_STREAM)))
    return NULL;
  return make_number(env, (double)tinet_stream_queued(h->of.stream));
}

/* streamShutdown(handle): one that has failed says so by an event */
static napi_value stream_shutdown(napi_env env, napi_callback_info info)
{
  napi_value args[1];
  struct handle *h;
  int code;

  if (!get_args(env, info, 1, args) ||
      !(h = handle_of(env, args[0], HANDLE_STREAM)))
    return NULL;
  code = tinet_stream_shutdown(h->of.stream);
  if (code < 0 && code != TINET_ESTATE)
    throw_code(env, code, NULL);
  return NULL;
}

/* streamOption(handle, name, value): "noDelay", "keepAlive" (seconds, 0 = off),
 * "timeout" (of writes) */
static napi_value stream_option(napi_env env, napi_callback_info info)
{
  napi_value args[3];
  struct handle *h;
  char *name;
  unsigned value;
  int code = TINET_EINVAL;

  if (!get_args(env, info, 3, args) ||
      !(h = handle_of(env, args[0], HANDLE_STREAM)) ||
      !(name = get_text(env, args[1], NULL)))
    return NULL;
  value = get_uint(env, args[2]);
  if (strcmp(name, "noDelay") == 0)
    code = tinet_stream_set_no_delay(h->of.stream, value != 0);
  else if (strcmp(name, "keepAlive") == 0)
    code = tinet_stream_set_keep_alive(h->of.stream, value, value ? 10 : 0,
                                       value ? 6 : 0);
  else if (strcmp(name, "timeout") == 0)
    code = tinet_stream_set_write_timeout(h->of.stream, value);
  free(name);
  return make_number(env, code);
}

/* streamInfo(handle) -> {localHost, localPort, peerHost, peerPort, tls...} */
static napi_value stream_info(napi_env env, napi_callback_info info)
{
  napi_value args[1], o = NULL;
  tinet_endpoint e;
  tinet_tls_info tls;
  struct handle *h;

  if (!get_args(env, info, 1, args) ||
      !(h = handle_of(env, args[0], HANDLE_STREAM)) ||
      napi_create_object(env, &o) != napi_ok)
    return NULL;
  if (tinet_stream_local(h->of.stream, &e) == TINET_OK)
    set_endpoint(env, o, "localHost", "localPort", &e);
  if (tinet_stream_peer(h->of.stream, &e) == TINET_OK)
    set_endpoint(env, o, "peerHost", "peerPort", &e);
  if (tinet_stream_tls_info(h->of.stream, &tls) == TINET_OK) {
    (void)napi_set_named_property(env, o, "tlsVersion",
                                  make_text(env, tls.version));
    (void)napi_set_named_property(env, o, "alpn", make_text(env, tls.alpn));
    (void)napi_set_named_property(env, o, "peerSubject",
                                  make_text(env, tls.peer_subject));
  }
  return o;
}

/* socketClose(handle): any kind; fine if it is closed */
static napi_value socket_close(napi_env env, napi_callback_info info)
{
  napi_valuetype type = napi_undefined;
  napi_value args[1];
  void *data = NULL;

  if (!get_args(env, info, 1, args))
    return NULL;
  (void)napi_typeof(env, args[0], &type);
  if (type == napi_external &&
      napi_get_value_external(env, args[0], &data) == napi_ok && data)
    handle_close(data);
  return NULL;
}

/* socketAdopt(owner, handle): for a handle from SOCKET_ACCEPT */
static napi_value socket_adopt(napi_env env, napi_callback_info info)
{
  napi_value args[2];
  struct handle *h;

  if (!get_args(env, info, 2, args) ||
      !(h = handle_of(env, args[1], HANDLE_STREAM)))
    return NULL;
  if (!h->owner)
    (void)napi_create_reference(env, args[0], 0, &h->owner);
  return NULL;
}

void define_streams(napi_env env, napi_value exports)
{
  define(env, exports, "streamConnect", stream_connect);
  define(env, exports, "streamRead", stream_read);
  define(env, exports, "streamReadNow", stream_read_now);
  define(env, exports, "streamReadStop", stream_read_stop);
  define(env, exports, "streamWrite", stream_write);
  define(env, exports, "streamFlushNow", stream_flush_now);
  define(env, exports, "streamQueued", stream_queued);
  define(env, exports, "streamShutdown", stream_shutdown);
  define(env, exports, "streamOption", stream_option);
  define(env, exports, "streamInfo", stream_info);
  define(env, exports, "socketClose", socket_close);
  define(env, exports, "socketAdopt", socket_adopt);
}
