/* curl_private.h - what the files of the curl transport share.
 *
 * curl_transport.c starts, cancels, drives and ends exchanges; curl_easy.c
 * turns a request into options of an easy handle, curl_tls.c its part about
 * TLS; curl_response.c has curl's
 * callbacks for data; curl_socket.c its descriptors and its timer; curl_error.c
 * what went wrong.
 */
#ifndef TINET_HTTP_CURL_PRIVATE_H
#define TINET_HTTP_CURL_PRIVATE_H

#include <curl/curl.h>

#include "../core/alloc.h"
#include "../core/error.h"
#include "tls_facts.h"
#include "tls_verify.h"
#include "transport.h"

/* Receive buffer of a transfer.  A bulk download costs a third less CPU than
 * with curl's 16 KiB; pages that are not filled are never touched. */
#define TINET__CURL_BUFFER (512L * 1024)
#define TINET__CURL_UPLOAD_BUFFER (512L * 1024)
/* TLS records read in one go of which nothing reached anybody: a flood. */
#define TINET__CURL_MAX_IDLE_RECORDS 4096u
/* Easy handles kept for the next request: more only after a burst. */
#define TINET__CURL_MAX_FREE 64u
/* Interim (1xx) responses of one exchange: real servers send one or two. */
#define TINET__CURL_MAX_INTERIM 100u

#define TINET__TLS_1_0 0x0301u
#define TINET__TLS_1_2 0x0303u

enum tinet__curl_state {
  TINET__CURL_FREE,     /* in the free list */
  TINET__CURL_STARTING, /* waits until curl has returned */
  TINET__CURL_RUNNING,  /* added to the multi handle */
  TINET__CURL_ENDED,    /* to be removed as soon as curl has returned */
};

/* The versions that are offered. */
struct tinet__curl_tls {
  unsigned min, max; /* 0 = no limit */
};

/* What the options of an easy handle were last set to, so that only what
 * differs is set again. */
struct tinet__curl_setup {
  bool is_set;
  bool has_body, is_head;
  int64_t body_len;
  char method[24]; /* "" = curl's own for that kind */
  bool is_long_method;
  char *proxy; /* owned; NULL = none */
  char *url;   /* owned */
  bool validates, closes, is_h2;
  struct tinet__curl_tls tls;
  bool has_login, is_basic_proxy;
};

struct tinet__curl_socket;

/* An easy handle and the exchange that it carries. */
struct tinet__curl_easy {
  struct tinet__list link;
  struct tinet__curl_transport *t;
  struct tinet__exchange *x; /* NULL once canceled or ended */
  enum tinet__curl_state state;
  CURL *curl; /* owned */
  CURLU *url; /* owned */
  struct tinet__curl_setup setup;
  struct tinet__curl_socket *connecting; /* whose bytes are progress */

  struct tinet__buf lines;   /* request header lines, NUL-terminated */
  struct curl_slist *fields; /* owned array; points into `lines` */
  size_t n_fields, fields_cap;

  struct tinet__headers headers; /* of the response block being read */
  struct tinet__buf reason;
  int http_version, status;
  size_t header_bytes;
  unsigned n_interim;
  bool is_in_block, has_headers;
  bool is_held; /* a block that curl may answer by itself */

  struct tinet__tls_check *check; /* owned reference; of the last connection */
  unsigned n_checks; /* TLS layers begun on the connection being made */

  unsigned n_connected; /* times that curl was about to send the request */
  long n_connections;   /* opened so far, by then */
  bool is_connected;    /* what curl announces from now on is its connection */
  bool is_reused;
  int64_t n_sent;  /* bytes of the body handed to curl */
  tinet_error err; /* why a callback ended the transfer; code 0 = did not */
  char text[CURL_ERROR_SIZE];
};

struct tinet__curl_transport {
  struct tinet__transport base; /* first */
  tinet_loop *loop;             /* borrowed */
  struct tinet__transport_config config;
  CURLM *multi;  /* owned */
  CURLSH *share; /* owned; TLS sessions */
  const char *ca_file, *ca_path;
  char *basic_proxy; /* owned; the proxy that is known to want Basic, or NULL */

  tinet__timer *timer; /* owned */
  uint64_t due_us;     /* when curl wants to be called; 0 = not */
  uint64_t armed_us;   /* when the timer fires; 0 = not armed */
  struct tinet__deferred kick;

  struct tinet__curl_socket **sockets; /* owned, by descriptor */
  size_t n_sockets;

  struct tinet__list running, starting, ended;
  struct tinet__list free_easies;
  size_t n_free;
  size_t n_running; /* exchanges that have started and not ended */

  struct tinet__tls_meter meter; /* since curl was called or delivered */
  unsigned depth;                /* calls of drive() under way */
  bool is_in_curl;               /* curl forbids adding and removing now */
  bool is_closing;
};

/* curl_transport.c */
/* Lets curl look at `fd` (or CURL_SOCKET_TIMEOUT) and delivers what comes of
 * it.  The transport may be gone when this returns. */
void tinet__curl_drive(struct tinet__curl_transport *t, curl_socket_t fd,
                       int events);
/* Undoes a `depth++`; frees a transport that was closed meanwhile. */
void tinet__curl_leave(struct tinet__curl_transport *t);

/* curl_tls.c */
bool tinet__curl_set_tls(struct tinet__curl_easy *e,
                         const struct tinet__exchange *x);

/* curl_easy.c */
/* Chooses where certificates are looked up. */
void tinet__curl_find_store(struct tinet__curl_transport *t);
int tinet__curl_easy_take(struct tinet__curl_transport *t,
                          struct tinet__curl_easy **ret_easy) TINET_MUST_CHECK;
/* Sets the options for a request.  TINET_ENOMEM, TINET_EURL. */
int tinet__curl_easy_prepare(struct tinet__curl_easy *e,
                             struct tinet__exchange *x) TINET_MUST_CHECK;
/* Back to the free list, or freed. */
void tinet__curl_easy_give_back(struct tinet__curl_easy *e, bool is_clean);
void tinet__curl_easy_free(struct tinet__curl_easy *e);

/* curl_response.c */
/* Sets the callbacks that carry data and the check before a request is sent. */
bool tinet__curl_response_init(struct tinet__curl_easy *e);
/* The end has come: what was held is delivered.  e->x may be NULL then. */
void tinet__curl_response_release(struct tinet__curl_easy *e);
/* Forgets the previous exchange. */
void tinet__curl_response_reset(struct tinet__curl_easy *e);

/* curl_socket.c */
int tinet__curl_sockets_open(struct tinet__curl_transport *t) TINET_MUST_CHECK;
void tinet__curl_sockets_close(struct tinet__curl_transport *t);
bool tinet__curl_sockets_init(struct tinet__curl_easy *e);
void tinet__curl_socket_forget(struct tinet__curl_easy *e);

/* curl_error.c */
/* The host and port of a proxy URL, without the rest. */
void tinet__curl_proxy_name(const char *proxy, char *to, size_t size);
void tinet__curl_error(const struct tinet__curl_easy *e,
                       const struct tinet__exchange *x, CURLcode result,
                       tinet_error *err);

#endif
