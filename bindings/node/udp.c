/* udp.c - datagrams for lib/socket_udp.js. */
#include "sockets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void report_datagram(struct handle *h, const tinet_datagram *d)
{
  napi_env env = h->addon->env;
  char text[TINET_ENDPOINT_TEXT_MAX];
  napi_value argv[5];
  void *copy;

  tinet_endpoint_text(&d->from, text);
  if (napi_create_buffer_copy(env, d->len, d->data, &copy, &argv[1]) != napi_ok)
    return; /* no memory for it: lost, as datagrams may be */
  argv[2] = make_text(env, text);
  argv[3] = make_number(env, d->from.port);
  (void)napi_get_boolean(env, d->is_truncated, &argv[4]);
  handle_event(h, SOCKET_DATAGRAM, 5, argv);
}

static void on_datagram(tinet_udp *udp, const tinet_datagram *d, void *user)
{
  struct handle *h = user;
  napi_handle_scope scope;

  (void)udp;
  if (napi_open_handle_scope(h->addon->env, &scope) != napi_ok)
    return;
  report_datagram(h, d);
  (void)napi_close_handle_scope(h->addon->env, scope);
}

static void on_error(tinet_udp *udp, const tinet_error *err, void *user)
{
  struct handle *h = user;
  tinet_error copy = *err;
  napi_handle_scope scope;

  (void)udp;
  if (napi_open_handle_scope(h->addon->env, &scope) != napi_ok)
    return;
  handle_error_event(h, SOCKET_ERROR, &copy);
  (void)napi_close_handle_scope(h->addon->env, scope);
}

static const tinet_udp_events udp_events = {
    .on_datagram = on_datagram,
    .on_error = on_error,
};

/* udpOpen(owner, host or null, port, reuseAddress) -> handle */
static napi_value udp_open(napi_env env, napi_callback_info info)
{
  struct addon *a = addon_of(env);
  napi_value args[4], external = NULL;
  tinet_udp_options opt;
  tinet_error err = {0};
  struct handle *h;
  char *host = NULL;
  int code = TINET_ENOMEM;

  if (!get_args(env, info, 4, args) || !a->loop ||
      !(h = handle_new(a, HANDLE_UDP, args[0], &external)))
    return NULL;
  tinet_udp_options_init(&opt);
  opt.port = (uint16_t)get_uint(env, args[2]);
  (void)napi_get_value_bool(env, args[3], &opt.reuse_address);
  if (get_text_or_null(env, args[1], &host)) {
    opt.host = host;
    code = tinet_udp_open(a->loop, &opt, &udp_events, h, &h->of.udp, &err);
  }
  free(host);
  if (code < 0) {
    throw_socket_error(env, code, &err);
    return NULL;
  }
  return external;
}

/* udpReceive(handle): delivers datagrams until it is closed */
static napi_value udp_receive(napi_env env, napi_callback_info info)
{
  napi_value args[1];
  struct handle *h;
  int code;

  if (!get_args(env, info, 1, args) ||
      !(h = handle_of(env, args[0], HANDLE_UDP)))
    return NULL;
  code = tinet_udp_receive_start(h->of.udp);
  if (code < 0)
    throw_code(env, code, NULL);
  else
    handle_pin(h, PIN_RECEIVING);
  return NULL;
}

/* udpSend(handle, address, port, Uint8Array); throws with errno */
static napi_value udp_send(napi_env env, napi_callback_info info)
{
  napi_value args[4];
  tinet_error err = {0};
  tinet_endpoint to;
  struct handle *h;
  char *address;
  void *data;
  size_t len;
  int code;

  if (!get_args(env, info, 4, args) ||
      !(h = handle_of(env, args[0], HANDLE_UDP)) ||
      !get_bytes(env, args[3], &data, &len) ||
      !(address = get_text(env, args[1], NULL)))
    return NULL;
  code = tinet_endpoint_parse(address, (uint16_t)get_uint(env, args[2]), &to);
  free(address);
  if (code == TINET_OK)
    code = tinet_udp_send(h->of.udp, &to, len ? data : "", len, &err);
  if (code < 0)
    throw_socket_error(env, code, &err);
  return NULL;
}

/* udpInfo(handle) -> {localHost, localPort} */
static napi_value udp_info(napi_env env, napi_callback_info info)
{
  char text[TINET_ENDPOINT_TEXT_MAX];
  napi_value args[1], o = NULL;
  tinet_endpoint e;
  struct handle *h;

  if (!get_args(env, info, 1, args) ||
      !(h = handle_of(env, args[0], HANDLE_UDP)) ||
      napi_create_object(env, &o) != napi_ok)
    return NULL;
  if (tinet_udp_local(h->of.udp, &e) == TINET_OK) {
    tinet_endpoint_text(&e, text);
    (void)napi_set_named_property(env, o, "localHost", make_text(env, text));
    (void)napi_set_named_property(env, o, "localPort",
                                  make_number(env, e.port));
  }
  return o;
}

/* udpGroup(handle, address, interface or null, join) */
static napi_value udp_group(napi_env env, napi_callback_info info)
{
  napi_value args[4];
  tinet_error err = {0};
  tinet_endpoint group;
  struct handle *h;
  char *address, *name = NULL;
  bool is_join = true;
  int code;

  if (!get_args(env, info, 4, args) ||
      !(h = handle_of(env, args[0], HANDLE_UDP)) ||
      !(address = get_text(env, args[1], NULL)))
    return NULL;
  (void)napi_get_value_bool(env, args[3], &is_join);
  code = tinet_endpoint_parse(address, 0, &group);
  free(address);
  if (code == TINET_OK && !get_text_or_null(env, args[2], &name))
    return NULL;
  if (code == TINET_OK)
    code = is_join ? tinet_udp_join(h->of.udp, &group, name, &err)
                   : tinet_udp_leave(h->of.udp, &group, name, &err);
  free(name);
  if (code < 0)
    throw_socket_error(env, code, &err);
  return NULL;
}

/* udpInterface(handle, name): where multicast goes out; throws */
static napi_value udp_interface(napi_env env, napi_callback_info info)
{
  tinet_error err = {.origin = TINET_ORIGIN_SYSTEM, .number = ENODEV};
  napi_value args[2];
  struct handle *h;
  char *name;
  int code;

  if (!get_args(env, info, 2, args) ||
      !(h = handle_of(env, args[0], HANDLE_UDP)) ||
      !(name = get_text(env, args[1], NULL)))
    return NULL;
  code = tinet_udp_set_multicast_interface(h->of.udp, name);
  free(name);
  if (code < 0)
    throw_socket_error(env, code, &err);
  return NULL;
}

static const struct {
  const char *name;
  tinet_udp_option option;
} options[] = {
    {"broadcast", TINET_UDP_BROADCAST},
    {"ttl", TINET_UDP_TTL},
    {"multicastTTL", TINET_UDP_MULTICAST_TTL},
    {"loopback", TINET_UDP_MULTICAST_LOOPBACK},
};

/* udpOption(handle, name, value) -> 0 or a code */
static napi_value udp_option(napi_env env, napi_callback_info info)
{
  napi_value args[3];
  struct handle *h;
  char *name;
  int code = TINET_EINVAL;

  if (!get_args(env, info, 3, args) ||
      !(h = handle_of(env, args[0], HANDLE_UDP)) ||
      !(name = get_text(env, args[1], NULL)))
    return NULL;
  for (size_t i = 0; i < sizeof options / sizeof *options; i++)
    if (strcmp(name, options[i].name) == 0)
      code =
          tinet_udp_set(h->of.udp, options[i].option, get_uint(env, args[2]));
  free(name);
  return make_number(env, code);
}

/* ---- names ---- */

struct lookup {
  struct addon *addon;
  napi_ref callback;
};

static void report_lookup(struct lookup *l, const tinet_endpoint *list,
                          size_t n, const tinet_error *err)
{
  napi_env env = l->addon->env;
  char text[TINET_ENDPOINT_TEXT_MAX];
  napi_value argv[2], global, item;

  argv[0] = err ? make_text(env, err->text) : make_null(env);
  (void)napi_create_array(env, &argv[1]);
  for (size_t i = 0; i < n; i++) {
    tinet_endpoint_text(&list[i], text);
    item = make_text(env, text);
    (void)napi_set_element(env, argv[1], (uint32_t)i, item);
  }
  if (napi_get_global(env, &global) == napi_ok)
    call_js(l->addon, NULL, global, l->callback, 2, argv);
}

static void on_resolved(const tinet_endpoint *list, size_t n,
                        const tinet_error *err, void *user)
{
  struct lookup *l = user;
  napi_handle_scope scope;

  if (napi_open_handle_scope(l->addon->env, &scope) == napi_ok) {
    report_lookup(l, list, n, err);
    (void)napi_close_handle_scope(l->addon->env, scope);
  }
  (void)napi_delete_reference(l->addon->env, l->callback);
  free(l);
}

/* resolve(host, callback(error text or null, addresses)) */
static napi_value resolve(napi_env env, napi_callback_info info)
{
  struct addon *a = addon_of(env);
  napi_value args[2];
  struct lookup *l;
  char *host;
  int code;

  if (!get_args(env, info, 2, args) || !a->loop ||
      !(host = get_text(env, args[0], NULL)))
    return NULL;
  l = calloc(1, sizeof *l);
  code = l ? TINET_OK : TINET_ENOMEM;
  if (code == TINET_OK) {
    l->addon = a;
    (void)napi_create_reference(env, args[1], 1, &l->callback);
    code = tinet_resolve_start(a->loop, host, TINET_FAMILY_ANY, on_resolved, l,
                               NULL);
  }
  free(host);
  if (code < 0) {
    if (l && l->callback)
      (void)napi_delete_reference(env, l->callback);
    free(l);
    throw_code(env, code, NULL);
  }
  return NULL;
}

void define_udp(napi_env env, napi_value exports)
{
  define(env, exports, "udpOpen", udp_open);
  define(env, exports, "udpReceive", udp_receive);
  define(env, exports, "udpSend", udp_send);
  define(env, exports, "udpInfo", udp_info);
  define(env, exports, "udpGroup", udp_group);
  define(env, exports, "udpInterface", udp_interface);
  define(env, exports, "udpOption", udp_option);
  define(env, exports, "resolve", resolve);
}
