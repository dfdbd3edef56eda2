/* http_private.h - what the files of the request state machine share. */
#ifndef TINET_HTTP_PRIVATE_H
#define TINET_HTTP_PRIVATE_H

#include "../core/list.h"
#include "auth_memory.h"
#include "body.h"
#include "coding.h"
#include "proxy.h"
#include "queue.h"
#include "redirect.h"
#include "sink.h"
#include "transport.h"

#define TINET__DEFAULT_TIMEOUT_MS 15000      /* ti: HTTPClient.timeout */
#define TINET__DEFAULT_RESOURCE_MS 604800000 /* ti: timeoutForResource */
#define TINET__PROGRESS_INTERVAL_MS 30       /* ti: HTTPClient.ondatastream */
#define TINET__CONNECTIVITY_RETRY_MS 1000    /* waitsForConnectivity */
#define TINET__MAX_REDIRECT_BODY (64 * 1024) /* read to keep a connection */

/* A loop with a transport and a queue: one for the application's loop, one,
 * opened at first use, for synchronous requests. */
struct tinet__lane {
  tinet_http *http;
  tinet_loop *loop; /* owned by the synchronous lane only */
  struct tinet__transport *transport;
  struct tinet__queue queue;
  struct tinet__list running; /* clients, for the deadline timer */
  tinet__timer *timer;
  uint64_t timer_at_ms; /* when it fires; UINT64_MAX = it does not */
  bool is_inside;       /* the synchronous lane is being turned */
};

struct tinet_http {
  tinet_loop *loop;       /* borrowed */
  tinet_http_options opt; /* strings owned */
  char *default_agent;    /* owned */
  char *agent;            /* owned; NULL = the default */
  struct tinet__proxies proxies;
  struct tinet__headers defaults; /* header fields every request starts from */
  struct tinet__lane lane;
  struct tinet__lane *sync_lane; /* owned; NULL until used */
  struct tinet__list clients;
  struct tinet__headers warned; /* hosts (names) and why (values) */
  size_t n_told;                /* of them */
  struct tinet__deferred telling;
  struct tinet__auth_memory auth; /* where credentials were accepted */
  /* The host that the policy of `opt` has last let pass, and how. */
  struct tinet__ats_memory {
    char host[256]; /* "" = none */
    bool is_https;
    tinet_ats_requirement requirement;
  } passed;
};

/* What a client is busy with. */
enum tinet__phase {
  TINET__IDLE,     /* nothing is under way */
  TINET__STARTING, /* sent, or between two hops; begins from the loop */
  TINET__QUEUED,   /* waits for a connection to be allowed */
  TINET__WAITING,  /* for connectivity */
  TINET__RUNNING,  /* an exchange is with the transport */
  TINET__SAVING,   /* the target file is being synced and renamed */
};

/* What has been reported of one direction. */
struct tinet__meter {
  int64_t total; /* announced, or -1 */
  uint64_t size; /* so far */
  uint64_t reported;
  uint64_t reported_at_ms;
  bool has_reported;
};

/* The credentials of a request, and how far the asking is. */
struct tinet__client_auth {
  char *username; /* owned, "DOMAIN\\user"; NULL = there are none */
  char *password; /* owned */
  char *host;     /* owned; with port and is_https: whose they are */
  int port;
  bool is_https;
  bool was_https;                 /* an earlier hop was */
  enum tinet__auth_scheme scheme; /* what this hop sends */
  struct tinet__digest *digest;   /* owned reference */
  unsigned tried;                 /* a bit a scheme that was refused */
  bool was_stale;
  bool is_at_once;  /* sent without being asked */
  bool is_answered; /* the response under way is a challenge */
  struct tinet__login login;
};

struct tinet__save; /* a commit on a worker thread, client_save.c */

struct tinet_http_client {
  tinet_http *http; /* NULL after tinet_http_close() */
  struct tinet__list link;
  tinet_http_events ev;
  void *user;
  unsigned n_refs;     /* the owner and callbacks under way */
  uint32_t generation; /* changes when what went before no longer counts */
  tinet_http_state state;
  enum tinet__phase phase;
  bool is_sync;
  bool is_freed;

  /* what open and setRequestHeader gave */
  char *method;                       /* owned; NULL = never opened */
  char *raw_url;                      /* owned; as given, with its scheme */
  struct tinet__headers app_headers;  /* of this request */
  struct tinet__headers next_headers; /* for the next open or send */

  /* what send gave */
  tinet_http_settings
      settings;          /* its strings are owned, trust is a reference */
  tinet_http_body *body; /* owned; kept for send_again */

  /* the hop under way */
  struct tinet__lane *lane; /* while phase is not IDLE */
  struct tinet__list running_link;
  struct tinet__ticket ticket;
  struct tinet__deferred deferred;
  struct tinet__exchange x;
  struct tinet__url url;
  bool is_url_raw;     /* url is raw_url parsed, nothing else ... */
  bool is_url_encoded; /* ... with this is_auto_encode_url */
  tinet_ats_requirement requirement; /* of this hop's host, by `ats` */
  char *unverified_host;             /* owned; validates_certificate off */
  struct tinet__headers carried;     /* application's, less what was dropped */
  struct tinet__headers hop_headers; /* what is sent */
  struct tinet__client_auth auth;
  bool has_headers;      /* hop_headers are made, nothing has happened since */
  bool sends_no_cookies; /* the application has removed the field */
  bool is_get;           /* a redirect changed the method */
  bool drops_body;
  unsigned n_redirects;
  struct tinet__redirect redirect; /* is_followed: this response is one */
  bool owes_opened;                /* rsc(1) of a repeated send */
  bool has_begun;                  /* the first hop was prepared */
  tinet_error pending_error;       /* why begin() failed */
  tinet_ats_policy *ats; /* owned reference: the policy it was sent under */

  /* deadlines */
  uint64_t moved_at_ms; /* last progress */
  uint64_t ends_at_ms;  /* of the whole; 0 = never */
  uint64_t retry_at_ms; /* while WAITING */
  bool is_suspect;      /* late, but the loop may have been blocked */
  bool timer_counts;    /* false while queued or waiting */

  /* the response */
  int status;
  int http_version;
  const char *phrase; /* static or own_phrase */
  char *own_phrase;   /* owned */
  struct tinet__headers headers;
  tinet__decoder *decoder;
  struct tinet__sink sink;
  struct tinet__meter received;
  struct tinet__meter sent;
  uint64_t wire_len;        /* body bytes of this hop */
  uint64_t sent_now;        /* since the last rewind */
  struct tinet__save *save; /* while SAVING */
  tinet_error error;
  tinet_tls_failure *tls_failure; /* owned; or NULL */
  tinet_ats_verdict *verdict;     /* owned; or NULL: not denied by ATS */

  /* for on_hop */
  struct tinet__conn_facts facts;
  char facts_address[64], facts_version[16], facts_cipher[64];
  int64_t started_wall_us;
  unsigned n_hops;
};

/* http.c */
void tinet__http_warn(tinet_http *http, const char *fmt, ...)
    TINET_PRINTF(2, 3);
/* The same once for each host and `why`, and from the loop: a request that is
 * being prepared must not be aborted meanwhile. */
void tinet__http_warn_once(tinet_http *http, const char *host, const char *why);
/* Tells one of what was kept for the loop at once; calls out. */
void tinet__http_tell(tinet_http *http);
const char *tinet__http_agent(const tinet_http *http);
int tinet__lane_open(struct tinet__lane *lane, tinet_http *http,
                     tinet_loop *loop) TINET_MUST_CHECK;
void tinet__lane_close(struct tinet__lane *lane);

/* client.c */
void tinet__client_ref(tinet_http_client *c);
void tinet__client_unref(tinet_http_client *c);
void tinet__client_set_state(tinet_http_client *c, tinet_http_state state);
/* Cancels what is under way, reports nothing, phase IDLE. */
void tinet__client_stop(tinet_http_client *c);

/* client_headers.c: a header the application removed is a field with this
 * value, which no real one can have. */
#define TINET__REMOVED "\n"
int tinet__client_merge_headers(struct tinet__headers *to,
                                const struct tinet__headers *from)
    TINET_MUST_CHECK;
/* What the hop sends: defaults, the application's, the body's. */
int tinet__client_build_headers(tinet_http_client *c) TINET_MUST_CHECK;

/* client_settings.c */
int tinet__client_copy_settings(
    tinet_http_client *c, const tinet_http_settings *given) TINET_MUST_CHECK;
void tinet__client_free_settings(tinet_http_client *c);
/* What the connection of the exchange must satisfy. */
void tinet__client_fill_trust(tinet_http_client *c);
/* Of what that leaves out, once the policy has had its say. */
void tinet__client_warn_of_trust(tinet_http_client *c);

/* client_ats.c */
/* A request is sent, and under the policy in force now. */
void tinet__client_take_policy(tinet_http_client *c);
/* Asks the policy about the hop.  TINET_EPOLICY: denied, c->pending_error says
 * why and c->verdict is set. */
int tinet__client_ats_begin(tinet_http_client *c) TINET_MUST_CHECK;
/* What the policy asks of the exchange's connection. */
void tinet__client_fill_ats(tinet_http_client *c);
/* What only a complete handshake shows.  TINET_EPOLICY: `err` says why. */
int tinet__client_ats_connected(tinet_http_client *c,
                                const struct tinet__conn_facts *facts,
                                tinet_error *err) TINET_MUST_CHECK;
/* `verdict` NULL = forget it. */
void tinet__client_keep_verdict(tinet_http_client *c,
                                const tinet_ats_verdict *verdict);
void tinet__client_ats_denied(const tinet_ats_verdict *verdict,
                              const char *host, tinet_error *err);

/* client_auth.c */
/* Finds the credentials of a request whose url is known. */
int tinet__client_auth_begin(tinet_http_client *c) TINET_MUST_CHECK;
void tinet__client_auth_new_hop(tinet_http_client *c);
void tinet__client_auth_clear(tinet_http_client *c);
/* Adds Authorization to the hop's headers. */
int tinet__client_auth_header(tinet_http_client *c) TINET_MUST_CHECK;
/* For a scheme that the transport speaks; or NULL. */
const struct tinet__login *tinet__client_login(tinet_http_client *c);
/* 1: the response is a challenge and c->auth is ready to answer it. */
int tinet__client_auth_response(tinet_http_client *c) TINET_MUST_CHECK;

/* client_cookies.c */
int tinet__client_store_cookies(tinet_http_client *c,
                                const struct tinet__headers *headers)
    TINET_MUST_CHECK;
/* Adds the store's cookies to the hop's headers. */
int tinet__client_cookie_header(tinet_http_client *c) TINET_MUST_CHECK;

/* client_hop.c */
void tinet__client_begin(tinet_http_client *c);
/* The redirect in c->redirect is taken, or the same hop is tried again. */
void tinet__client_follow(tinet_http_client *c);
void tinet__client_retry(tinet_http_client *c);
void tinet__client_admitted(struct tinet__ticket *ticket);
/* Ends the exchange or the wait for one. */
void tinet__client_leave_hop(tinet_http_client *c);
bool tinet__client_sends_body(const tinet_http_client *c);
const char *tinet__client_hop_method(const tinet_http_client *c);

/* client_events.c: what the transport reports. */
extern const struct tinet__exchange_events tinet__client_exchange_events;

/* client_finish.c */
void tinet__client_reset_response(tinet_http_client *c);
void tinet__client_fail(tinet_http_client *c, const tinet_error *err);
void tinet__client_complete(tinet_http_client *c);
/* The target file is in place (err NULL), or not. */
void tinet__client_saved(tinet_http_client *c, const tinet_error *err);
void tinet__client_deliver_outcome(tinet_http_client *c);

/* client_save.c */
int tinet__client_save(tinet_http_client *c) TINET_MUST_CHECK;
void tinet__client_forget_save(tinet_http_client *c);

/* client_progress.c */
void tinet__meter_start(struct tinet__meter *m, int64_t total);
/* Report if it is time, or the end.  They call out. */
void tinet__client_received(tinet_http_client *c);
void tinet__client_sent(tinet_http_client *c);
/* Reports what has not been yet.  Calls out. */
void tinet__client_flush_received(tinet_http_client *c);

/* client_deadline.c */
void tinet__deadline_start(tinet_http_client *c);
void tinet__deadline_stop(tinet_http_client *c);
void tinet__deadline_moved(tinet_http_client *c);
void tinet__deadline_counts(tinet_http_client *c, bool counts);
void tinet__lane_on_timer(void *arg);

/* response.c: 11 -> "1.1"; "" for 0 */
const char *tinet__http_version_text(int version);

/* client_report.c */
void tinet__client_report_hop(tinet_http_client *c, const tinet_error *err);

#endif
