/* addon.h - what the files of the addon share.
 *
 * One `struct addon` an environment (the main thread, each worker): its loop on
 * Node's, its tinet_http and the functions of lib/ that events go to.
 */
#ifndef TINET_ADDON_H
#define TINET_ADDON_H

#include <node_api.h>
#include <stdbool.h>
#include <tinet/http.h>

/* Bits of a client's interest: an event nobody listens to does not cross. */
#define ON_READYSTATE 1u
#define ON_DATASTREAM 2u
#define ON_SENDSTREAM 4u
#define ON_REDIRECT 8u

/* First argument of the dispatch function in lib/http_client.js. */
enum event_kind {
  EVENT_READYSTATE = 1,
  EVENT_DATASTREAM,
  EVENT_SENDSTREAM,
  EVENT_REDIRECT,
  EVENT_DONE,
};

/* A call into the library from JavaScript: events inside it are delivered at
 * once, and what the first of them throws leaves after it. */
struct call {
  struct call *outer;
  napi_ref thrown; /* an array of one, because a string may be thrown too */
};

/* The cookie stores; lib/cookie_store.js has the same numbers. */
enum store { STORE_APP, STORE_SYSTEM, N_STORES };

struct addon {
  napi_env env;
  tinet_loop *loop;
  tinet_http *http;  /* NULL until first used */
  napi_ref dispatch; /* function(kind, ...), `this` = the client */
  napi_ref warn;     /* function(text) */
  char *app_guid;    /* owned, or NULL */
  char *app_id;      /* owned, or NULL */
  tinet_cookie_jar *jars[N_STORES]; /* references; NULL until used */
  tinet_cache *cache;               /* a reference; NULL until used */
  double max_buffer_size;   /* of a body in memory; 0 = the library's default */
  napi_ref resource_name;   /* of the async contexts */
  napi_ref socket_dispatch; /* function(kind, ...), `this` = the owner */
  struct handle *handles;   /* of sockets, see sockets.h */
  struct farewell *farewells; /* streams that are being closed */
  struct call *call; /* the innermost from JavaScript under way, or NULL */
  struct bonjour_thread *bonjour;     /* NULL until used */
  struct bonjour_thread *old_bonjour; /* ended; to be freed at the very end */
  napi_async_cleanup_hook_handle cleanup;
};

/* What few requests have. */
struct extras {
  char *username, *password, *domain; /* owned, or NULL */
  tinet_tls_version tls_version;
  tinet_trust *trust; /* a reference, or NULL */
  bool uses_cache;
};

struct client {
  struct addon *addon;
  tinet_http_client *http;  /* owned */
  napi_ref self;            /* weak; strong while running */
  napi_async_context async; /* of the running request, or NULL */
  struct extras *extras;    /* owned, or NULL */
  unsigned interest;
  bool is_pinned;
};

/* addon.c */
/* Keeps the text of the only argument: *text is freed first. */
napi_value keep_text(napi_env env, napi_callback_info info, char **text);
struct addon *addon_of(napi_env env);
/* The shared tinet_http; throws and returns NULL if it cannot be opened. */
tinet_http *addon_http(struct addon *a);

/* convert.c - each returns false with an exception thrown. */
bool get_args(napi_env env, napi_callback_info info, size_t want,
              napi_value *args);
/* A new NUL-terminated UTF-8 string; free() it.  Without `ret_len` a NUL inside
 * is refused. */
char *get_text(napi_env env, napi_value value, size_t *ret_len);
/* The same, NULL for undefined and null: *ret_text. */
bool get_text_or_null(napi_env env, napi_value value, char **ret_text);
bool get_bytes(napi_env env, napi_value value, void **ret_data,
               size_t *ret_len);
double get_number(napi_env env, napi_value value);
uint32_t get_uint(napi_env env, napi_value value);
napi_value make_text(napi_env env, const char *text); /* NULL -> null */
napi_value make_text_len(napi_env env, const char *text, size_t len);
napi_value make_null(napi_env env);
napi_value make_undefined(napi_env env);
napi_value make_number(napi_env env, double number);
/* Throws an Error with `code` = the name of the tinet code. */
void throw_code(napi_env env, int code, const char *text);
void define(napi_env env, napi_value object, const char *name,
            napi_callback fn);

/* events.c */
extern const tinet_http_events client_events;
void enter_call(struct addon *a, struct call *call);
void leave_call(struct addon *a, struct call *call);
void on_warning(void *user, const char *text);
/* Calls a function of lib/; `context` is NULL for what belongs to no request.
 */
void call_js(struct addon *a, napi_async_context context, napi_value self,
             napi_ref fn_ref, size_t argc, const napi_value *argv);

/* Each file's functions. */
void define_client(napi_env env, napi_value exports);
void define_response(napi_env env, napi_value exports);
void define_body(napi_env env, napi_value exports);
void define_tools(napi_env env, napi_value exports);
void define_stores(napi_env env, napi_value exports);
void define_trust(napi_env env, napi_value exports);
void define_ats(napi_env env, napi_value exports);
void define_bonjour(napi_env env, napi_value exports);
void define_sockets(napi_env env, napi_value exports);

/* bonjour.c */
void close_bonjour(struct addon *a);
void free_bonjour(struct addon *a);

/* ats.c */
/* A reference to the policy of the process, or NULL. */
tinet_ats_policy *shared_ats(void);

/* handles.c, farewells.c */
void close_handles(struct addon *a);
void end_farewells(struct addon *a);

/* stores.c */
/* NULL: no memory. */
tinet_cookie_jar *addon_jar(struct addon *a, enum store which);
/* NULL if it cannot be opened: requests then go to the network. */
tinet_cache *addon_cache(struct addon *a);
/* Warnings of the stores' threads, if there are some, to Ti.API.warn. */
void tell_store_news(struct addon *a);
void release_stores(struct addon *a);

/* trust.c */
tinet_trust *trust_of(napi_env env, napi_value value); /* or NULL */
/* The `tls` of an error payload; null for NULL. */
napi_value make_tls_failure(napi_env env, const tinet_tls_failure *f);
void apply_extras(const struct client *c, tinet_http_settings *s);
void free_extras(struct client *c);

/* client.c */
struct client *client_of(napi_env env, napi_value value);
/* A running client stays alive without references, a finished one may go. */
void settle_pin(struct client *c);
/* Ends the async context of the request that is over. */
void end_async(struct client *c);
/* body.c: the body in an external made there; NULL if used or none. */
tinet_http_body *peek_body(napi_env env, napi_value value);
void forget_body(napi_env env, napi_value value);

#endif
