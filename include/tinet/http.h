/* http.h - Titanium.Network.HTTPClient for C.
 *
 * A tinet_http is what all clients of one application share: settings, the
 * connection pool, the queue per origin.  A tinet_http_client is one
 * HTTPClient: open, set headers, send, and one outcome; then it can be opened
 * or sent again.  Redirects are followed hop by hop by this library.
 *
 * Ownership  The caller owns a tinet_http from open to close and a client from
 *            new to free.  Closing a tinet_http ends what its clients are doing
 *            silently; its clients must be freed before it.
 * Threads    The thread of the loop.
 * Errors     0 or a negative code of <tinet/error.h>.  A call that fails has
 *            changed nothing, its ret_ parameters included.
 * Callbacks  Come from the loop, never from inside the call that starts the
 *            work, with two exceptions that the Titanium API asks for: OPENED
 *            comes from inside tinet_http_client_open(), DONE from inside
 *            tinet_http_client_abort().  A callback may call anything in this
 *            header on its client, tinet_http_client_free() included.
 */
#ifndef TINET_HTTP_H
#define TINET_HTTP_H

#include <tinet/ats.h>
#include <tinet/base.h>
#include <tinet/cache.h>
#include <tinet/cookie.h>
#include <tinet/error.h>
#include <tinet/loop.h>
#include <tinet/trust.h>

TINET_BEGIN_DECLS

typedef struct tinet_http tinet_http;
typedef struct tinet_http_client tinet_http_client;
typedef struct tinet_http_body tinet_http_body;
typedef struct tinet_http_form tinet_http_form;

/* ---- what the clients of an application share ---- */

/* Settings of a tinet_http.  Start from tinet_http_options_init(); strings are
 * copied by tinet_http_open(). */
typedef struct tinet_http_options {
  size_t struct_size;     /* sizeof(tinet_http_options) */
  const char *user_agent; /* NULL = the default of ti:
                             HTTPClient.setRequestHeader; "" = none */
  const char *app_guid;   /* sent as X-Titanium-Id; NULL = not sent */
  const char *ca_file;    /* PEM bundle; NULL = the system's store */
  const char *ca_path;    /* hashed folder; NULL = the system's store */
  /* NULL = nothing proxied.  See tinet_http_options_from_env(). */
  const char *http_proxy;
  const char *https_proxy;
  const char *no_proxy;
  uint32_t max_connections_per_origin; /* HTTP/1.1; default 6 */
  uint32_t max_connections;            /* default 256 */
  uint32_t max_idle_connections;       /* default 64 */
  uint32_t idle_timeout_ms;            /* default 60,000 */
  uint32_t max_redirects;              /* default 20 */
  size_t max_header_bytes;             /* a response's block; 256 KiB */
  size_t spill_threshold;              /* bytes of body in memory; 512 KiB */
  uint64_t max_decoded_bytes; /* after decoding a coding; default 16 GiB */
  uint32_t max_decoded_ratio; /* decoded / received beyond 1 MiB; 1,000 */
  /* The application's cookie store; NULL = cookies are neither kept nor sent.
   * A reference is taken. */
  tinet_cookie_jar *cookies;
  /* For requests with `uses_cache`; NULL = none.  A reference is taken. */
  tinet_cache *cache;
  /* App Transport Security: asked before each request and redirect, and within
   * each TLS handshake; a denial is TINET_EPOLICY and the server has seen
   * nothing of the request.  NULL = off.  A reference is taken.  apple:
   * NSAppTransportSecurity */
  tinet_ats_policy *ats;
  /* One line for a person (a header set too early, an ignored send, a
   * certificate that is not checked).  NULL = not interested. */
  void (*on_warning)(void *user, const char *text);
  void *warning_user;
  /* Writes the secrets of TLS connections to the file that SSLKEYLOGFILE names
   * when the first tinet_http of the process is opened, so that a recording of
   * the network can be read.  Without it the variable has no effect. */
  bool logs_tls_keys;
} tinet_http_options;

/* Fills in the defaults. */
TINET_API void tinet_http_options_init(tinet_http_options *opt);

/* Reads the proxies from the environment, once: http_proxy (lower case only),
 * https_proxy / HTTPS_PROXY, all_proxy / ALL_PROXY, no_proxy / NO_PROXY.  The
 * strings are borrowed from the environment. */
TINET_API void tinet_http_options_from_env(tinet_http_options *opt);

/* Opens on `loop`, which must outlive it.  `opt` NULL = defaults with the
 * proxies of the environment.  TINET_EINVAL (struct_size, CR/LF/NUL in
 * user_agent or app_guid), TINET_EURL or TINET_ESCHEME (a proxy that is not
 * http, https, socks5 or socks5h), TINET_ENOMEM, TINET_ESYSTEM. */
TINET_API int tinet_http_open(tinet_loop *loop, const tinet_http_options *opt,
                              tinet_http **ret_http) TINET_MUST_CHECK;

/* Ends it: closes pooled connections and frees it; NULL is fine. */
TINET_API void tinet_http_close(tinet_http *http);

/* Changes the user agent: NULL = the default, "" = none.  Copied.
 * TINET_EINVAL: CR, LF or NUL.  TINET_ENOMEM. */
TINET_API int
tinet_http_set_user_agent(tinet_http *http,
                          const char *user_agent) TINET_MUST_CHECK;

/* Changes the policy for requests that are sent from now on; NULL = off.  A
 * reference is taken. */
TINET_API void tinet_http_set_ats(tinet_http *http, tinet_ats_policy *policy);

/* What would be sent now.  Borrowed until it is changed. */
TINET_API const char *tinet_http_user_agent(const tinet_http *http);

/* ---- a client ---- */

/* ti: Titanium.Network.HTTPClient.UNSENT ... DONE */
typedef enum tinet_http_state {
  TINET_HTTP_UNSENT = 0,
  TINET_HTTP_OPENED = 1,
  TINET_HTTP_HEADERS_RECEIVED = 2,
  TINET_HTTP_LOADING = 3,
  TINET_HTTP_DONE = 4,
} tinet_http_state;

/* How far a body is.  ti: ondatastream, onsendstream */
typedef struct tinet_http_progress {
  double progress;     /* 0..1, or -1 if the length is not known */
  int64_t total_count; /* the announced length, or -1 */
  uint64_t total_size; /* bytes so far */
  uint64_t size;       /* bytes since the previous event of this kind */
} tinet_http_progress;

/* One header field.  Borrowed; NUL-terminated. */
typedef struct tinet_http_header {
  const char *name;
  const char *value;
} tinet_http_header;

/* One request and its response on the wire: what --verbose and HAR show.
 * Everything is borrowed until the callback returns.  Times are microseconds
 * from started_us, or -1 if the phase did not happen (a re-used connection). */
typedef struct tinet_http_hop {
  unsigned index; /* 0 = the first request */
  const char *method;
  const char *url; /* without user information */
  const tinet_http_header *request_headers;
  size_t n_request_headers;
  uint64_t request_body_len;
  int status;               /* 0 if there was no response */
  const char *statustext;   /* never NULL */
  const char *http_version; /* "1.0", "1.1", "2"; "" if no response */
  const tinet_http_header *response_headers;
  size_t n_response_headers;
  uint64_t response_body_len; /* bytes received, before decoding */
  const char *redirect_url;   /* where it goes on, or NULL */
  const char *remote_address; /* numeric, "" if not known */
  int remote_port;            /* 0 if not known */
  bool is_reused;             /* the connection had carried a request before */
  const char *tls_version;    /* "TLSv1.3"; NULL without TLS */
  const char *tls_cipher;     /* NULL without TLS */
  int64_t started_wall_us;    /* since 1970-01-01 UTC */
  int64_t name_us, connect_us, tls_us, sent_us, first_byte_us, total_us;
  const tinet_error *error; /* NULL if the hop completed */
} tinet_http_hop;

/* What a client reports.  Zero-initialise; NULL = not interested. */
typedef struct tinet_http_events {
  /* Every change of state, in order.  ti: onreadystatechange */
  void (*on_readystate)(tinet_http_client *c, tinet_http_state state,
                        void *user);
  /* Received and sent bytes, at most one each 30 ms, the first at once, the
   * last always.  ti: ondatastream, onsendstream */
  void (*on_datastream)(tinet_http_client *c, const tinet_http_progress *p,
                        void *user);
  void (*on_sendstream)(tinet_http_client *c, const tinet_http_progress *p,
                        void *user);
  /* Before a redirect is followed; `url` is where to. */
  void (*on_redirect)(tinet_http_client *c, const char *url, void *user);
  /* Decoded body bytes as they arrive.  If set, nothing is kept: the client's
   * body stays empty and `file` is not allowed.  Return 0 to go on, a negative
   * code to end the request with that error. */
  int (*on_data)(tinet_http_client *c, const void *data, size_t len,
                 void *user);
  /* A hop is complete (also the failed one). */
  void (*on_hop)(tinet_http_client *c, const tinet_http_hop *hop, void *user);
  /* The one outcome, after DONE; never after abort.  `error` is NULL for a
   * status below 400; TINET_EHTTPSTATUS for a complete response with status
   * 400 and above ("404 : Not Found"); anything else is a transport failure.
   * ti: onload, onerror */
  void (*on_done)(tinet_http_client *c, const tinet_error *error, void *user);
} tinet_http_events;

/* Which TLS version a request takes: exactly this one.
 * ti: Titanium.Network.HTTPClient.tlsVersion */
typedef enum tinet_tls_version {
  TINET_TLS_VERSION_DEFAULT = 0, /* 1.2 and above */
  TINET_TLS_VERSION_1_0 = 1, /* lowers OpenSSL's security level for it ... */
  TINET_TLS_VERSION_1_1 = 2, /* ... and is warned about once for a host */
  TINET_TLS_VERSION_1_2 = 3,
  TINET_TLS_VERSION_1_3 = 4,
} tinet_tls_version;

/* Settings of a request, read by send.  Start from tinet_http_settings_init().
 * ti: the writable properties of Titanium.Network.HTTPClient */
typedef struct tinet_http_settings {
  size_t struct_size;              /* sizeof(tinet_http_settings) */
  int64_t timeout_ms;              /* no progress; 0 = none; < 0 = 15,000 */
  int64_t timeout_for_resource_ms; /* in all; 0 = none; < 0 = 7 days */
  bool is_auto_redirect;           /* default true */
  bool is_auto_encode_url;         /* default true */
  bool validates_certificate;      /* default true */
  bool waits_for_connectivity;     /* default false */
  bool closes_connection;          /* enableKeepAlive === false */
  bool is_http1_only;              /* no HTTP/2 */
  const char *file;                /* path for the body, or NULL; copied */
  /* Credentials for the origin of the URL given to open, sent when it asks.
   * Copied.  NULL or "" = those of the URL.  ti: HTTPClient.username */
  const char *username;
  const char *password; /* NULL = "" */
  const char *domain;   /* NTLM domain, or put before the name; or NULL */
  bool uses_cache;      /* default false.  ti: HTTPClient.cache */
  tinet_tls_version tls_version;
  /* A reference is taken; NULL = the system's.  ti: HTTPClient.securityManager
   */
  tinet_trust *trust;
} tinet_http_settings;

/* Fills in the defaults. */
TINET_API void tinet_http_settings_init(tinet_http_settings *settings);

/* Makes a client.  `events` is copied, `user` borrowed and handed to the
 * callbacks untouched.  TINET_EINVAL, TINET_ENOMEM. */
TINET_API int
tinet_http_client_new(tinet_http *http, const tinet_http_events *events,
                      void *user,
                      tinet_http_client **ret_client) TINET_MUST_CHECK;

/* Ends what it is doing without a callback, and frees it; NULL is fine. */
TINET_API void tinet_http_client_free(tinet_http_client *c);

/* Prepares a request: resets the response, clears headers (except those set
 * before the first open), state OPENED.  Ignored with a warning and
 * TINET_ESTATE while a request is running.  An URL without http:// or https://
 * gets http://. A URL that is malformed or of another scheme is reported by
 * on_done. TINET_EINVAL (URL empty), TINET_EMETHOD, TINET_ENOMEM.  ti: open */
TINET_API int tinet_http_client_open(tinet_http_client *c, const char *method,
                                     const char *url) TINET_MUST_CHECK;

/* Adds to a header (joined with ", ", for Cookie with "; "), replaces a
 * default; `value` NULL removes it and a default of the library.
 * TINET_EHEADER (name not a token; CR, LF or NUL in the value), TINET_ESTATE
 * (running), TINET_ENOMEM.  ti: setRequestHeader */
TINET_API int tinet_http_client_set_header(tinet_http_client *c,
                                           const char *name,
                                           const char *value) TINET_MUST_CHECK;

/* Starts it.  `settings` NULL = defaults; copied.  `body` NULL = none; taken on
 * success.  In state DONE it repeats the request of the last open with the new
 * body.  TINET_ESTATE (never opened, or running: then it is ignored with a
 * warning), TINET_EINVAL, TINET_ENOMEM.  All else is reported by on_done.
 * ti: send */
TINET_API int tinet_http_client_send(tinet_http_client *c,
                                     const tinet_http_settings *settings,
                                     tinet_http_body *body) TINET_MUST_CHECK;

/* The same with the body of the previous send, if there was one. */
TINET_API int tinet_http_client_send_again(
    tinet_http_client *c, const tinet_http_settings *settings) TINET_MUST_CHECK;

/* As send, but runs the request on a private loop until it is DONE, however
 * long that takes; the application's loop is not turned.  Only DONE and on_done
 * are reported, from inside this call.  `again` = with the previous body; then
 * `body` is NULL.  ti: open(..., false) */
TINET_API int tinet_http_client_send_sync(tinet_http_client *c,
                                          const tinet_http_settings *settings,
                                          tinet_http_body *body,
                                          bool again) TINET_MUST_CHECK;

/* Cancels: state DONE, nothing else is reported.  No effect unless running or
 * opened.  ti: abort */
TINET_API void tinet_http_client_abort(tinet_http_client *c);

/* ---- the response; everything borrowed until the next open or send ---- */

/* ti: readyState */
TINET_API tinet_http_state tinet_http_client_state(const tinet_http_client *c);
/* Whether a request was sent and has not come to its outcome. */
TINET_API bool tinet_http_client_is_running(const tinet_http_client *c);
/* The HTTP status, 0 before a response.  ti: status */
TINET_API int tinet_http_client_status(const tinet_http_client *c);
/* The server's phrase, for HTTP/2 the standard one; NULL before a response. */
TINET_API const char *tinet_http_client_statustext(const tinet_http_client *c);
/* The version the response came by: "1.0", "1.1", "2"; "" before. */
TINET_API const char *
tinet_http_client_http_version(const tinet_http_client *c);
/* The method given to open, NULL before. */
TINET_API const char *tinet_http_client_method(const tinet_http_client *c);
/* The URL of the request, after redirects the last; NULL before open. */
TINET_API const char *tinet_http_client_location(const tinet_http_client *c);
TINET_API const tinet_error *
tinet_http_client_error(const tinet_http_client *c); /* code 0 if none */

/* Why TLS failed; NULL if it was not that. */
TINET_API const tinet_tls_failure *
tinet_http_client_tls_failure(const tinet_http_client *c);

/* Why App Transport Security denied the request; NULL if it did not.  Its
 * `exception` lives as long as the policy. */
TINET_API const tinet_ats_verdict *
tinet_http_client_ats_verdict(const tinet_http_client *c);

/* What the cache had to do with the response. */
typedef enum tinet_http_cache_state {
  TINET_HTTP_CACHE_NONE = 0,    /* not asked */
  TINET_HTTP_CACHE_MISS,        /* the network answered */
  TINET_HTTP_CACHE_HIT,         /* answered without the network, fresh */
  TINET_HTTP_CACHE_STALE,       /* the same, stale: allowed by a directive */
  TINET_HTTP_CACHE_REVALIDATED, /* stored and found unchanged (304) */
} tinet_http_cache_state;
TINET_API tinet_http_cache_state
tinet_http_client_cache_state(const tinet_http_client *c);

/* How many header fields the response has, 0 before one. */
TINET_API size_t tinet_http_client_n_headers(const tinet_http_client *c);
/* As received.  An index that is too large gives {NULL, NULL}. */
TINET_API tinet_http_header
tinet_http_client_header_at(const tinet_http_client *c, size_t index);
/* The values of `name` joined with ", "; *ret_value NULL if absent, else free
 * with tinet_free().  TINET_ENOMEM.  ti: getResponseHeader */
TINET_API int tinet_http_client_header(const tinet_http_client *c,
                                       const char *name,
                                       char **ret_value) TINET_MUST_CHECK;
/* `name:value` lines joined with LF; "" if none; free with tinet_free().
 * ti: allResponseHeaders */
TINET_API int tinet_http_client_all_headers(const tinet_http_client *c,
                                            char **ret_text) TINET_MUST_CHECK;
/* The request headers the application has set, the same way. */
TINET_API int
tinet_http_client_all_request_headers(const tinet_http_client *c,
                                      char **ret_text) TINET_MUST_CHECK;

/* Where the body (so far) is: in memory, or in a file. */
typedef struct tinet_http_content {
  const void *data; /* memory; NULL if it is in a file */
  uint64_t len;     /* bytes so far */
  int fd; /* owned by the client, read with pread(); -1 if in memory */
  const char *path; /* where `file` was written, once complete; else NULL */
  const char *content_type; /* the header, or NULL */
} tinet_http_content;
TINET_API void tinet_http_client_content(const tinet_http_client *c,
                                         tinet_http_content *ret_content);

/* The body as UTF-8 text, decoded by the rules of ti: HTTPClient.responseText
 * (byte-order mark, Content-Type, XML or HTML declaration, UTF-8, ISO-8859-1).
 * *ret_text is NUL-terminated, free with tinet_free().  TINET_ENOMEM,
 * TINET_ESYSTEM (a body in a file that cannot be read). */
TINET_API int tinet_http_client_text(const tinet_http_client *c,
                                     char **ret_text,
                                     size_t *ret_len) TINET_MUST_CHECK;

/* ---- request bodies ---- */

/* Every `content_type` is copied; NULL = that of the kind.  A body is repeated
 * from its start after a redirect 307/308 and by send_again. */

/* Bytes, copied.  Default type application/x-www-form-urlencoded. */
TINET_API int
tinet_http_body_new_bytes(const void *data, size_t len,
                          const char *content_type,
                          tinet_http_body **ret_body) TINET_MUST_CHECK;
/* Bytes, borrowed until `release(user)` is called, which is always called once
 * (even if this function fails). */
TINET_API int
tinet_http_body_new_borrowed(const void *data, size_t len,
                             const char *content_type,
                             void (*release)(void *user), void *user,
                             tinet_http_body **ret_body) TINET_MUST_CHECK;
/* A file, opened now; its length is fixed now.  Default type by extension, else
 * application/octet-stream.  TINET_EBODY: it cannot be read (errno is set). */
TINET_API int
tinet_http_body_new_file(const char *path, const char *content_type,
                         tinet_http_body **ret_body) TINET_MUST_CHECK;
/* `len` bytes of an open file from `offset`; the descriptor is duplicated. */
TINET_API int
tinet_http_body_new_fd(int fd, uint64_t offset, uint64_t len,
                       const char *content_type,
                       tinet_http_body **ret_body) TINET_MUST_CHECK;
/* Bytes from the application.  read() fills up to `max` bytes and returns how
 * many, 0 at the end, or a negative code to fail the request; it must not
 * block.  rewind() goes back to the start (returns 0) or is NULL: then a
 * request that would need it fails.  `len` < 0 = unknown (chunked coding).
 * release() is always called once; it may be NULL. */
typedef struct tinet_http_reader {
  int64_t (*read)(void *user, void *data, size_t max);
  int (*rewind)(void *user);
  void (*release)(void *user);
  void *user;
} tinet_http_reader;
TINET_API int
tinet_http_body_new_reader(const tinet_http_reader *reader, int64_t len,
                           const char *content_type,
                           tinet_http_body **ret_body) TINET_MUST_CHECK;
/* A form.  Without files: application/x-www-form-urlencoded; with at least one:
 * multipart/form-data.  On GET and HEAD its fields become query parameters.
 * The form is taken on success. */
TINET_API int
tinet_http_body_new_form(tinet_http_form *form,
                         tinet_http_body **ret_body) TINET_MUST_CHECK;
/* For a body that was not sent; NULL is fine. */
TINET_API void tinet_http_body_free(tinet_http_body *body);
/* Its length in bytes, or -1 if unknown (a reader), and its media type or
 * NULL.  Forms: as they would be sent by POST. */
TINET_API int64_t tinet_http_body_len(const tinet_http_body *body);
TINET_API const char *tinet_http_body_type(const tinet_http_body *body);

/* TINET_ENOMEM. */
TINET_API int tinet_http_form_new(tinet_http_form **ret_form) TINET_MUST_CHECK;
TINET_API void tinet_http_form_free(tinet_http_form *form);
/* A text field; UTF-8, copied.  TINET_ENOMEM. */
TINET_API int tinet_http_form_add_text(tinet_http_form *form, const char *name,
                                       const char *value,
                                       size_t value_len) TINET_MUST_CHECK;
/* JSON text of a nested value: in multipart it carries its own type. */
TINET_API int tinet_http_form_add_json(tinet_http_form *form, const char *name,
                                       const char *json,
                                       size_t json_len) TINET_MUST_CHECK;
/* A file part.  `content` is a bytes, borrowed, file, fd or sized reader body,
 * taken on success; its media type is the part's (application/octet-stream for
 * bytes that were given none).  `filename` NULL = the last path component of a
 * file, else `<index><unix time>` with an extension by the type.  TINET_EINVAL
 * (a form or an unsized reader), TINET_ENOMEM. */
TINET_API int
tinet_http_form_add_file(tinet_http_form *form, const char *name,
                         const char *filename,
                         tinet_http_body *content) TINET_MUST_CHECK;

/* ---- text helpers that the Titanium API shares ---- */

/* Percent-encodes UTF-8, keeping A-Z a-z 0-9 - _ . ! ~ * ' ( ).  Free with
 * tinet_free().  TINET_ENOMEM.  ti: Titanium.Network.encodeURIComponent */
TINET_API int tinet_http_encode_component(const char *text, size_t len,
                                          char **ret_text) TINET_MUST_CHECK;
/* Strict reverse; TINET_EURL for a malformed escape or invalid UTF-8.
 * ti: Titanium.Network.decodeURIComponent */
TINET_API int tinet_http_decode_component(const char *text, size_t len,
                                          char **ret_text,
                                          size_t *ret_len) TINET_MUST_CHECK;
/* The media type for a file name's extension; "application/octet-stream" if
 * not known.  Static. */
TINET_API const char *tinet_http_media_type(const char *filename);

TINET_END_DECLS

#endif
