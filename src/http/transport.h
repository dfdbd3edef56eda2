/* transport.h - what carries one HTTP exchange: one request out, one response
 * in.
 *
 * Above this interface: which request, redirects, cookies, policy, content
 * coding, timeouts, queueing.  Below: connections, TLS, framing, proxies.  The
 * curl implementation is curl_transport.c; another may stand beside it.
 *
 * One exchange is a `struct tinet__exchange`, owned by the caller above, who
 * fills in the request part, calls start, and gets events through `ev`.  Events
 * come from the loop, never from inside start or cancel.  After on_finish, or
 * after cancel() returned, the transport has forgotten the exchange and no
 * event comes.  An event may call cancel (after which it returns to the
 * transport without touching the exchange) and start others.
 */
#ifndef TINET_HTTP_TRANSPORT_H
#define TINET_HTTP_TRANSPORT_H

#include "header.h"
#include "../core/url.h"
#include <tinet/http.h>

#include "../core/loop.h"

struct tinet__exchange;

/* What is known of the TLS session (or of the cleartext connection) before the
 * first byte of the request is sent on it.  Borrowed during the call. */
struct tinet__conn_facts {
  bool is_tls;
  bool is_reused;
  const char *remote_address; /* numeric, "" if not known (proxied) */
  int remote_port;
  const char *tls_version;           /* "TLSv1.3" or NULL */
  const char *tls_cipher;            /* or NULL */
  bool lacks_extended_master_secret; /* rfc: 7627 */
  void *ssl; /* the SSL *, for src/http/tls_*.c only; or NULL */
};

/* Microseconds from start, -1 = did not happen. */
struct tinet__exchange_times {
  int64_t name_us, connect_us, tls_us, sent_us, first_byte_us, total_us;
};

/* NTLM and Negotiate: the transport does the talking, on HTTP/1.1. */
struct tinet__login {
  bool is_ntlm;
  bool is_negotiate;
  const char *username; /* with the domain in front, if there is one */
  const char *password;
};

struct tinet__exchange_events {
  /* Connected (or re-used), nothing of the request sent yet.  0 to go on, a
   * negative code to end the exchange: on_finish then carries `*err`, which
   * this call has filled. */
  int (*on_connected)(struct tinet__exchange *x,
                      const struct tinet__conn_facts *facts, tinet_error *err);
  /* A complete header block of a final response (not 1xx, not a proxy's answer
   * to CONNECT).  `http_version` 10, 11, 20.  Non-0 ends the exchange the same
   * way.  `headers` and `reason` are borrowed. */
  int (*on_headers)(struct tinet__exchange *x, int http_version, int status,
                    const char *reason, const struct tinet__headers *headers,
                    tinet_error *err);
  /* A complete response that the transport answers by itself: a step of a
   * login.  on_headers comes for the last one.  May be NULL. */
  void (*on_interim)(struct tinet__exchange *x, int status,
                     const struct tinet__headers *headers);
  /* Body bytes without transfer coding, with content coding. */
  int (*on_body)(struct tinet__exchange *x, const void *data, size_t len,
                 tinet_error *err);
  /* Up to `max` bytes of the request body: how many, 0 at its end, or a
   * negative code (with *err filled).  Never blocks. */
  int64_t (*on_read)(struct tinet__exchange *x, void *data, size_t max,
                     tinet_error *err);
  /* The body is needed from its start again.  0 or a negative code. */
  int (*on_rewind)(struct tinet__exchange *x, tinet_error *err);
  /* Something moved (name resolved, handshake bytes, header bytes): restarts
   * the inactivity timer.  Cheap; may come often. */
  void (*on_progress)(struct tinet__exchange *x);
  /* The end: err->code 0 = a complete response. */
  void (*on_finish)(struct tinet__exchange *x, const tinet_error *err);
};

struct tinet__exchange {
  /* the request; borrowed until the end */
  const struct tinet__exchange_events *ev;
  const char *method;
  const struct tinet__url *url;         /* no user information, no fragment */
  const struct tinet__headers *headers; /* complete but for Host, framing */
  bool has_body;
  int64_t body_len;  /* -1 = unknown, chunked; only with has_body */
  const char *proxy; /* URL, or NULL = direct */
  bool validates_certificate;
  tinet_trust *trust; /* sealed; NULL = the system's */
  tinet_tls_version tls_version;
  /* App Transport Security over this connection, NULL = it has no say; and what
   * it asks for there. */
  tinet_ats_policy *ats;
  tinet_ats_requirement requirement;
  /* Credentials for a scheme that authenticates the connection, or NULL. */
  const struct tinet__login *login;
  bool closes_connection;
  bool is_http1_only;
  bool is_idempotent; /* may be repeated on a fresh connection */
  bool uses_cache;    /* may be answered by one, and stored */
  size_t max_header_bytes;
  /* the transport's */
  void *impl;                         /* NULL while not started */
  struct tinet__transport *carrier;   /* of several, the one that has it */
  struct tinet__exchange_times times; /* valid in on_finish, after cancel */
  tinet_http_cache_state cache_state; /* valid in on_headers */
  /* Why TLS failed, or NULL; valid in on_finish, borrowed during it. */
  const tinet_tls_failure *tls_failure;
  /* Why App Transport Security denied it, or NULL; likewise. */
  const tinet_ats_verdict *verdict;
};

struct tinet__transport;

struct tinet__transport_ops {
  /* 0, TINET_ENOMEM, ...: then no event comes. */
  int (*start)(struct tinet__transport *t, struct tinet__exchange *x);
  void (*cancel)(struct tinet__transport *t, struct tinet__exchange *x);
  void (*close)(struct tinet__transport *t);         /* frees it; cancels all */
  bool (*is_idle)(const struct tinet__transport *t); /* carries nothing */
};

/* Embedded first in each implementation. */
struct tinet__transport {
  const struct tinet__transport_ops *ops;
};

struct tinet__transport_config {
  const char *ca_file; /* borrowed for the life of the transport */
  const char *ca_path;
  uint32_t max_connections;
  uint32_t max_idle_connections;
  uint32_t idle_timeout_ms;
  bool logs_keys; /* to the file that SSLKEYLOGFILE names */
};

/* One transport for each way of trusting (pool.c), made of the one below. */
int tinet__pool_open(tinet_loop *loop,
                     const struct tinet__transport_config *config,
                     struct tinet__transport **ret_transport) TINET_MUST_CHECK;

/* The libcurl implementation (curl_transport.c). */
int tinet__curl_transport_open(
    tinet_loop *loop, const struct tinet__transport_config *config,
    struct tinet__transport **ret_transport) TINET_MUST_CHECK;

#endif
