/* sockets.c - handles, streams and listeners for lib/socket_*.js. */
#include "sockets.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- handles ---- */

void handle_close(struct handle *h)
{
  if (h->of.stream) {
    if (h->kind == HANDLE_STREAM)
      (void)tinet_stream_close(h->of.stream);
    else if (h->kind == HANDLE_LISTENER)
      tinet_listener_close(h->of.listener);
    else
      tinet_udp_close(h->of.udp);
    h->of.stream = NULL;
  }
  h->is_reading = false;
  while (h->n_pins > 0)
    handle_unpin(h);
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
  napi_valuetype type = napi_undefined;
  void *data = NULL;
  struct handle *h;

  (void)napi_typeof(env, value, &type);
  if (type == napi_external)
    (void)napi_get_value_external(env, value, &data);
  h = data;
  if (h && h->kind == kind && h->of.stream)
    return h;
  (void)napi_throw_error(env, "TINET_ESTATE", "the socket is closed");
  return NULL;
}

void handle_pin(struct handle *h)
{
  if (h->n_pins++ == 0 && h->owner)
    (void)napi_reference_ref(h->addon->env, h->owner, NULL);
}

void handle_unpin(struct handle *h)
{
  if (h->n_pins > 0 && --h->n_pins == 0 && h->owner)
    (void)napi_reference_unref(h->addon->env, h->owner, NULL);
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

void handle_error_event(struct handle *h, enum socket_event event,
                        const tinet_error *err)
{
  napi_env env = h->addon->env;
  napi_value argv[4];

  argv[1] = make_number(env, number_of(err));
  argv[2] =
      make_text(env, err->text[0] ? err->text : tinet_error_text(err->code));
  argv[3] = make_text(env, tinet_error_name(err->code));
  handle_event(h, event, 4, argv);
}

void throw_socket_error(napi_env env, int code, const tinet_error *err)
{
  napi_value text, error;
  const char *words = err->text[0] ? err->text : tinet_error_text(code);

  text = make_text(env, words);
  if (napi_create_error(env, NULL, text, &error) != napi_ok)
    return;
  (void)napi_set_named_property(env, error, "code",
                                make_number(env, number_of(err)));
  (void)napi_set_named_property(env, error, "reason",
                                make_text(env, tinet_error_name(code)));
  (void)napi_throw(env, error);
}

/* ---- what streams report ---- */

#define SCOPED(h, body)                                                        \
  do {                                                                         \
    napi_handle_scope scope_;                                                  \
    if (napi_open_handle_scope((h)->addon->env, &scope_) != napi_ok)           \
      return;                                                                  \
    body;                                                                      \
    (void)napi_close_handle_scope((h)->addon->env, scope_);                    \
  } while (0)

static void on_open(tinet_stream *stream, void *user)
{
  struct handle *h = user;
  napi_value argv[1];

  (void)stream;
  SCOPED(h, handle_unpin(h); handle_event(h, SOCKET_OPEN, 1, argv));
}

static void report_read(struct handle *h, size_t len)
{
  napi_value argv[2];

  h->is_reading = false;
  argv[1] = make_number(h->addon->env, (double)len);
  handle_unpin(h);
  handle_event(h, SOCKET_READ, 2, argv);
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

  (void)stream;
  SCOPED(h, handle_unpin(h); handle_event(h, SOCKET_DRAIN, 1, argv));
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
static void release(struct handle *h)
{
  h->is_reading = false;
  while (h->n_pins > 1)
    handle_unpin(h);
}

static void on_error(tinet_stream *stream, const tinet_error *err, void *user)
{
  struct handle *h = user;
  tinet_error copy = *err;

  (void)stream;
  SCOPED(h, release(h); handle_error_event(h, SOCKET_ERROR, &copy));
}

static const tinet_stream_events stream_events = {
    .on_open = on_open,
    .on_read = on_read,
    .on_end = on_end,
    .on_drain = on_drain,
    .on_finished = on_finished,
    .on_error = on_error,
};

/* ---- streams from JavaScript ---- */

/* Options of TLS are objects: {ca, serverName, trust, rejectUnauthorized,
 * alpn} of a client, {cert, key, passphrase, clientCa, alpn} of a server. */
static char *text_member(napi_env env, napi_value object, const char *name)
{
  napi_value value;
  char *text = NULL;

  if (napi_get_named_property(env, object, name, &value) != napi_ok ||
      !get_text_or_null(env, value, &text))
    return NULL;
  return text;
}

struct tls_client {
  tinet_tls_client_options opt;
  char *server_name, *ca_file, *alpn;
  const char *protocols[1];
};

static void free_tls_client(struct tls_client *t)
{
  free(t->server_name);
  free(t->ca_file);
  free(t->alpn);
}

static void read_tls_client(napi_env env, napi_value object,
                            struct tls_client *t)
{
  napi_value value;
  bool is_verified = true;

  memset(t, 0, sizeof *t);
  tinet_tls_client_options_init(&t->opt);
  t->opt.server_name = t->server_name = text_member(env, object, "serverName");
  t->opt.ca_file = t->ca_file = text_member(env, object, "ca");
  t->alpn = text_member(env, object, "alpn");
  if (t->alpn) {
    t->protocols[0] = t->alpn;
    t->opt.alpn = t->protocols;
    t->opt.n_alpn = 1;
  }
  if (napi_get_named_property(env, object, "trust", &value) == napi_ok)
    t->opt.trust = trust_of(env, value);
  if (napi_get_named_property(env, object, "rejectUnauthorized", &value) ==
      napi_ok)
    (void)napi_get_value_bool(env, value, &is_verified); /* else true */
  t->opt.is_unverified = !is_verified;
}

static bool is_object(napi_env env, napi_value value)
{
  napi_valuetype type = napi_undefined;

  (void)napi_typeof(env, value, &type);
  return type == napi_object;
}

static int connect_stream(struct handle *h, napi_env env,
                          const napi_value *args, tinet_error *err)
{
  tinet_connect_options opt;
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
    code = tinet_stream_connect(h->addon->loop, &opt, &stream_events, h,
                                &h->of.stream, err);
  }
  if (has_tls)
    free_tls_client(&tls);
  free(host);
  free(path);
  return code;
}

/* streamConnect(owner, host, port, timeout, path, tls or null) -> handle */
static napi_value stream_connect(napi_env env, napi_callback_info info)
{
  struct addon *a = addon_of(env);
  napi_value args[6], external = NULL;
  tinet_error err = {0};
  struct handle *h;
  int code;

  if (!get_args(env, info, 6, args) || !a->loop ||
      !(h = handle_new(a, HANDLE_STREAM, args[0], &external)))
    return NULL;
  code = connect_stream(h, env, args, &err);
  if (code < 0) {
    throw_socket_error(env, code, &err);
    return NULL;
  }
  handle_pin(h);
  return external;
}

/* ---- a connection that is waited for ---- */

/* 0 or an errno; `deadline_ms` is what is left. */
static int wait_connected(int fd, int deadline_ms)
{
  struct pollfd p = {.fd = fd, .events = POLLOUT};
  socklen_t len = sizeof(int);
  int error = 0, n;

  do
    n = poll(&p, 1, deadline_ms);
  while (n < 0 && errno == EINTR);
  if (n == 0)
    return ETIMEDOUT;
  if (n < 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
    return errno;
  return error;
}

/* One address; the descriptor, or -1 with *ret_error. */
static int connect_address(const struct addrinfo *ai, int timeout_ms,
                           int *ret_error)
{
  int fd = socket(ai->ai_family, ai->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
                  ai->ai_protocol);

  if (fd < 0) {
    *ret_error = errno;
    return -1;
  }
  *ret_error = connect(fd, ai->ai_addr, ai->ai_addrlen) == 0 ? 0 : errno;
  if (*ret_error == EINPROGRESS)
    *ret_error = wait_connected(fd, timeout_ms);
  if (*ret_error == 0)
    return fd;
  (void)close(fd);
  return -1;
}

/* ti: Titanium.Network.TCPSocket.connect - blocks; the descriptor or -1. */
static int connect_now(const char *host, unsigned port, int timeout_ms,
                       tinet_error *err)
{
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;
  char service[8];
  int error = EHOSTUNREACH, fd = -1, rc;

  (void)snprintf(service, sizeof service, "%u", port);
  rc = getaddrinfo(host, service, &hints, &list);
  if (rc != 0) {
    err->code = TINET_ERESOLVE;
    err->origin = TINET_ORIGIN_RESOLVER;
    err->number = rc;
    (void)snprintf(err->text, sizeof err->text, "%s", gai_strerror(rc));
    return -1;
  }
  for (const struct addrinfo *ai = list; ai && fd < 0; ai = ai->ai_next)
    fd = connect_address(ai, timeout_ms, &error);
  freeaddrinfo(list);
  if (fd < 0) {
    err->code = TINET_ECONNECT;
    err->origin = TINET_ORIGIN_SYSTEM;
    err->number = error;
    (void)snprintf(err->text, sizeof err->text, "%s", strerror(error));
  }
  return fd;
}

/* streamConnectNow(owner, host, port, timeout) -> handle; waits */
static napi_value stream_connect_now(napi_env env, napi_callback_info info)
{
  struct addon *a = addon_of(env);
  napi_value args[4], external = NULL;
  tinet_error err = {0};
  struct handle *h;
  char *host;
  int fd, code;

  if (!get_args(env, info, 4, args) || !a->loop ||
      !(host = get_text(env, args[1], NULL)))
    return NULL;
  fd = connect_now(host, get_uint(env, args[2]), (int)get_uint(env, args[3]),
                   &err);
  free(host);
  if (fd < 0) {
    throw_socket_error(env, err.code, &err);
    return NULL;
  }
  h = handle_new(a, HANDLE_STREAM, args[0], &external);
  code = h ? tinet_stream_open_fd(a->loop, fd, &stream_events, h, &h->of.stream)
           : TINET_ENOMEM;
  if (code < 0) {
    (void)close(fd);
    if (h)
      throw_code(env, code, NULL);
    return NULL;
  }
  return external;
}

/* streamRead(handle, Uint8Array, offset, length): one SOCKET_READ or an error
 */
static napi_value stream_read(napi_env env, napi_callback_info info)
{
  napi_value args[4];
  struct handle *h;
  void *data;
  size_t len;
  uint32_t offset, n;
  int code;

  if (!get_args(env, info, 4, args) ||
      !(h = handle_of(env, args[0], HANDLE_STREAM)) ||
      !get_bytes(env, args[1], &data, &len))
    return NULL;
  offset = get_uint(env, args[2]);
  n = get_uint(env, args[3]);
  if (offset > len || n > len - offset || h->is_reading) {
    throw_code(env, TINET_EINVAL, NULL);
    return NULL;
  }
  code = tinet_stream_read_once(h->of.stream, (char *)data + offset, n);
  if (code < 0) {
    throw_code(env, code, NULL);
    return NULL;
  }
  h->is_reading = true;
  handle_pin(h);
  return NULL;
}

/* streamReadNow(handle, Uint8Array, offset, length, timeout) -> bytes, 0 = end
 */
static napi_value stream_read_now(napi_env env, napi_callback_info info)
{
  tinet_error err = {0};
  napi_value args[5];
  struct handle *h;
  void *data;
  size_t len, got = 0;
  uint32_t offset, n;
  int code;

  if (!get_args(env, info, 5, args) ||
      !(h = handle_of(env, args[0], HANDLE_STREAM)) ||
      !get_bytes(env, args[1], &data, &len))
    return NULL;
  offset = get_uint(env, args[2]);
  n = get_uint(env, args[3]);
  if (offset > len || n > len - offset) {
    throw_code(env, TINET_EINVAL, NULL);
    return NULL;
  }
  code = tinet_stream_read_now(h->of.stream, (char *)data + offset, n,
                               (int)get_number(env, args[4]), &got, &err);
  if (code < 0) {
    throw_socket_error(env, code, &err);
    return NULL;
  }
  return make_number(env, (double)got);
}

/* streamWrite(handle, Uint8Array, offset, length) -> is it queued */
static napi_value stream_write(napi_env env, napi_callback_info info)
{
  napi_value args[4], result = NULL;
  tinet_error err = {0};
  struct handle *h;
  void *data;
  size_t len;
  uint32_t offset, n;
  bool was_queued;
  int code;

  if (!get_args(env, info, 4, args) ||
      !(h = handle_of(env, args[0], HANDLE_STREAM)) ||
      !get_bytes(env, args[1], &data, &len))
    return NULL;
  offset = get_uint(env, args[2]);
  n = get_uint(env, args[3]);
  if (offset > len || n > len - offset) {
    throw_code(env, TINET_EINVAL, NULL);
    return NULL;
  }
  was_queued = tinet_stream_queued(h->of.stream) > 0;
  code = tinet_stream_write(h->of.stream, (char *)data + offset, n);
  if (code < 0) {
    throw_socket_error(env, code, &err);
    return NULL;
  }
  if (code == 1 && !was_queued)
    handle_pin(h);
  (void)napi_get_boolean(env, code == 1, &result);
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

/* streamShutdown(handle) */
static napi_value stream_shutdown(napi_env env, napi_callback_info info)
{
  napi_value args[1];
  struct handle *h;
  int code;

  if (!get_args(env, info, 1, args) ||
      !(h = handle_of(env, args[0], HANDLE_STREAM)))
    return NULL;
  code = tinet_stream_shutdown(h->of.stream);
  if (code < 0)
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

static void set_endpoint(napi_env env, napi_value object, const char *host_name,
                         const char *port_name, const tinet_endpoint *e)
{
  char text[TINET_ENDPOINT_TEXT_MAX];

  tinet_endpoint_text(e, text);
  (void)napi_set_named_property(env, object, host_name, make_text(env, text));
  (void)napi_set_named_property(env, object, port_name,
                                make_number(env, e->port));
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

/* ---- listeners ---- */

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

struct tls_server {
  tinet_tls_server_options opt;
  char *cert, *key, *password, *ca, *alpn;
  const char *protocols[1];
};

static void read_tls_server(napi_env env, napi_value object,
                            struct tls_server *t)
{
  memset(t, 0, sizeof *t);
  tinet_tls_server_options_init(&t->opt);
  t->opt.certificate = t->cert = text_member(env, object, "cert");
  t->opt.certificate_len = t->cert ? strlen(t->cert) : 0;
  t->opt.key = t->key = text_member(env, object, "key");
  t->opt.key_len = t->key ? strlen(t->key) : 0;
  t->opt.password = t->password = text_member(env, object, "passphrase");
  t->ca = text_member(env, object, "clientCa");
  if (t->ca) {
    t->opt.client_ca = t->ca;
    t->opt.client_ca_len = strlen(t->ca);
    t->opt.client_auth = TINET_CLIENT_AUTH_REQUIRED;
  }
  t->alpn = text_member(env, object, "alpn");
  if (t->alpn) {
    t->protocols[0] = t->alpn;
    t->opt.alpn = t->protocols;
    t->opt.n_alpn = 1;
  }
}

static void free_tls_server(struct tls_server *t)
{
  free(t->cert);
  free(t->key);
  free(t->password);
  free(t->ca);
  free(t->alpn);
}

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
  handle_pin(h);
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
  define(env, exports, "streamConnect", stream_connect);
  define(env, exports, "streamConnectNow", stream_connect_now);
  define(env, exports, "streamRead", stream_read);
  define(env, exports, "streamReadNow", stream_read_now);
  define(env, exports, "streamWrite", stream_write);
  define(env, exports, "streamFlushNow", stream_flush_now);
  define(env, exports, "streamQueued", stream_queued);
  define(env, exports, "streamShutdown", stream_shutdown);
  define(env, exports, "streamOption", stream_option);
  define(env, exports, "streamInfo", stream_info);
  define(env, exports, "socketClose", socket_close);
  define(env, exports, "socketAdopt", socket_adopt);
  define(env, exports, "listenerOpen", listener_open);
  define(env, exports, "listenerAccept", listener_accept);
  define(env, exports, "listenerInfo", listener_info);
  define_udp(env, exports);
}
