/* sockets.h - what the socket files of the addon share.
 *
 * A handle is an external in JavaScript; whatever happens goes to one function
 * of lib/ with the handle's owner as `this`.  The owner holds the handle; the
 * handle refers to its owner weakly, and strongly while something is pending,
 * so that a socket which can still call back does not vanish and an idle one
 * does not leak.
 */
#ifndef TINET_ADDON_SOCKETS_H
#define TINET_ADDON_SOCKETS_H

#include "addon.h"

#include <tinet/socket.h>

/* First argument of the dispatch function in lib/socket_native.js. */
enum socket_event {
  SOCKET_OPEN = 1,
  SOCKET_ERROR,    /* code, text, name, detail */
  SOCKET_READ,     /* bytes; 0 = the end */
  SOCKET_DRAIN,    /* */
  SOCKET_FINISHED, /* bytes dropped */
  SOCKET_ACCEPT,   /* handle, host, port */
  SOCKET_PAUSED,   /* code, text, name, detail: no descriptors */
  SOCKET_DATAGRAM, /* Buffer, host, port, is truncated */
};

enum handle_kind { HANDLE_STREAM, HANDLE_LISTENER, HANDLE_UDP };

/* Why the owner is held. */
enum pin {
  PIN_OPENING = 1u << 0,
  PIN_READING = 1u << 1,
  PIN_DRAINING = 1u << 2, /* SOCKET_DRAIN will come */
  PIN_RECEIVING = 1u << 3 /* a listener, a udp */
};
#define PIN_ALL (PIN_OPENING | PIN_READING | PIN_DRAINING | PIN_RECEIVING)

struct handle {
  struct addon *addon;
  enum handle_kind kind;
  union {
    tinet_stream *stream;
    tinet_listener *listener;
    tinet_udp *udp;
  } of; /* NULL once closed */
  napi_ref owner;
  bool is_reading;            /* into memory that the owner holds */
  unsigned pins;              /* of enum pin */
  unsigned n_busy;            /* events on the stack */
  bool is_forgotten;          /* by JavaScript; freed by the last of them */
  struct handle *prev, *next; /* of the addon's, to be closed with it */
};

/* handles.c */
/* A new handle with its external; NULL with an exception. */
struct handle *handle_new(struct addon *a, enum handle_kind kind,
                          napi_value owner, napi_value *ret_external);
/* The handle in an external of `kind` that is not closed; throws. */
struct handle *handle_of(napi_env env, napi_value value, enum handle_kind kind);
void handle_pin(struct handle *h, enum pin pin);
void handle_unpin(struct handle *h, unsigned pins);
/* A connection loses nothing by it that the kernel has (see farewells.c). */
void handle_close(struct handle *h);
/* Brackets around an event after which the handle is still looked at.  leave()
 * is false if it is gone. */
void handle_enter(struct handle *h);
bool handle_leave(struct handle *h);
/* Calls the dispatch function; `argv[0]` is filled in here. */
void handle_event(struct handle *h, enum socket_event event, size_t argc,
                  napi_value *argv);
void handle_error_event(struct handle *h, enum socket_event event,
                        const tinet_error *err);
/* Throws an Error with code = errno or -1, reason = the tinet code, number =
 * whatever the origin calls it, and detail = what it is about. */
void throw_socket_error(napi_env env, int code, const tinet_error *err);

/* A text member of an object; free() it.  NULL if it is not there. */
char *text_member(napi_env env, napi_value object, const char *name);
bool is_object(napi_env env, napi_value value);
void set_endpoint(napi_env env, napi_value object, const char *host_name,
                  const char *port_name, const tinet_endpoint *e);

#define ENDPOINTS_MAX 16 /* as many as are tried */
/* Of an array of texts; what is no address is passed over. */
size_t read_endpoints(napi_env env, napi_value array, tinet_endpoint *list);

/* `body` within a handle scope; for functions that return nothing.  The handle
 * may be gone after it: a callback can close and forget it. */
#define SCOPED(h, body)                                                        \
  do {                                                                         \
    napi_env env_ = (h)->addon->env;                                           \
    napi_handle_scope scope_;                                                  \
    if (napi_open_handle_scope(env_, &scope_) != napi_ok)                      \
      return;                                                                  \
    body;                                                                      \
    (void)napi_close_handle_scope(env_, scope_);                               \
  } while (0)

/* stream_tls.c */
#define ALPN_MAX 16
struct tls_alpn {
  char *names[ALPN_MAX]; /* owned */
  size_t n;
};
/* Options with the texts that they refer to; to be freed even if an exception
 * is pending. */
struct tls_client {
  tinet_tls_client_options opt;
  char *server_name, *ca_file; /* owned */
  struct tls_alpn alpn;
};
struct tls_server {
  tinet_tls_server_options opt;
  char *cert, *key, *password, *ca; /* owned */
  struct tls_alpn alpn;
};
void read_tls_client(napi_env env, napi_value object, struct tls_client *t);
void free_tls_client(struct tls_client *t);
void read_tls_server(napi_env env, napi_value object, struct tls_server *t);
void free_tls_server(struct tls_server *t);
void define_stream_tls(napi_env env, napi_value exports);

/* farewells.c */
/* Closes a stream for its owner, at once or when its last bytes have arrived.
 */
void say_farewell(struct addon *a, tinet_stream *stream);

/* streams.c, stream_now.c, listeners.c */
extern const tinet_stream_events stream_events;
void define_streams(napi_env env, napi_value exports);
void define_stream_now(napi_env env, napi_value exports);
void define_listeners(napi_env env, napi_value exports);

/* udp.c */
void define_udp(napi_env env, napi_value exports);

#endif
