/* backend.h - what stands between Bonjour's front and who does the work.
 *
 * The front (bonjour.c, browser.c, service.c, resolve.c) checks arguments,
 * counts, renames, times out, batches, and calls the application.  A back end
 * (avahi_embedded.c: avahi-core in this process; sdbus_*.c: the daemon) starts
 * jobs and tells what it hears.  The front may end a job at any time and start
 * an equal one on another back end.
 *
 * The rules that keep both simple:
 * - A back end may call sinks and events at any time, from inside its own
 *   functions as well (open, publish, browse, resolve): the front only notes
 *   what it is told and works on from a turn of its own.
 * - So the front never calls a back end from inside a sink, and a job is never
 *   ended from inside its own callback.
 * - After end(job) no sink of it is called; after close() nothing is.
 * - Everything a sink gets is borrowed during the call.
 * - Strings: types "_http._tcp", domain "local", without the last dot in both
 *   directions; hosts too.  The front has checked what it hands over.
 */
#ifndef TINET_BONJOUR_BACKEND_H
#define TINET_BONJOUR_BACKEND_H

#include <tinet/bonjour.h>

/* A back end and a job of it; each implementation begins its own structs with
 * these. */
struct tinet__bonjour_backend {
  const struct tinet__bonjour_ops *ops;
};
struct tinet__bonjour_job {
  struct tinet__bonjour_backend *backend;
};

/* What a back end says of itself. */
struct tinet__bonjour_backend_events {
  /* Jobs may be started from now on.  After on_absent it may come again. */
  void (*on_ready)(void *arg);
  /* It cannot work, or no longer: all its jobs are dead (their sinks are not
   * called for that) and wait to be ended.  A system back end goes on watching
   * and says on_ready when the daemon is back. */
  void (*on_absent)(const tinet_error *err, void *arg);
};

/* How a back end is set up; borrowed during open. */
struct tinet__bonjour_setup {
  tinet_loop *loop;
  const char *host_name; /* label of own address records, or NULL */
  const struct tinet__bonjour_backend_events *events; /* static */
  void *arg;                                          /* of events */
};

/* ---- browsing ---- */

struct tinet__browse_request {
  const char *type;    /* NULL = browse for types */
  const char *subtype; /* "_printer" or NULL */
  const char *domain;
  uint32_t interface_index; /* 0 = all */
};

/* avahi says "all for now" a second after its first question.  But whoever has
 * sent a record less than a second before the question may wait that long and a
 * little more with the answer, so both back ends hold it back for as much.
 * rfc: 6762 6: 120 ms, and the way */
#define TINET__LATE_ANSWER_MS 300

/* A service on one interface by one protocol; each is told of by itself, and
 * taken back by itself. */
struct tinet__browse_item {
  const char *name; /* NULL if types are browsed for */
  const char *type;
  const char *domain;
};

struct tinet__browse_sink {
  void (*on_new)(void *arg, const struct tinet__browse_item *item);
  void (*on_remove)(void *arg, const struct tinet__browse_item *item);
  void (*on_all_for_now)(void *arg);
  void (*on_failure)(void *arg, const tinet_error *err); /* the job is dead */
};

/* ---- publishing ---- */

struct tinet__publish_request {
  const char *name;
  const char *type;
  const char *domain;
  uint16_t port;
  const tinet_slice *txt;
  size_t n_txt;
  const char *const *subtypes; /* "_printer" ... */
  size_t n_subtypes;
  uint32_t interface_index; /* 0 = all */
};

struct tinet__publish_sink {
  void (*on_established)(void *arg); /* may repeat */
  /* The name is taken, now or after it was established.  The job is dead; the
   * front ends it and publishes under another name. */
  void (*on_collision)(void *arg);
  void (*on_failure)(void *arg, const tinet_error *err); /* the job is dead */
};

/* ---- resolving ---- */

struct tinet__resolve_request {
  const char *name;
  const char *type;
  const char *domain;
  uint32_t interface_index; /* 0 = all */
};

/* What is known by now: told anew whenever more is.  Incomplete as long as host
 * is NULL, has_txt is false, or there is no endpoint; the front waits. */
struct tinet__resolve_found {
  const char *host;
  uint16_t port;
  const tinet_endpoint *endpoints; /* ports need not be set */
  size_t n_endpoints;
  const tinet_slice *txt;
  size_t n_txt;
  bool has_txt;
  uint32_t interface_index;
};

struct tinet__resolve_sink {
  void (*on_found)(void *arg, const struct tinet__resolve_found *found);
  void (*on_failure)(void *arg, const tinet_error *err); /* the job is dead */
};

/* ---- the interface ---- */

struct tinet__bonjour_ops {
  const char *name; /* "system", "embedded" */

  /* Never waits.  A failure is like on_absent without a later on_ready. */
  int (*open)(const struct tinet__bonjour_setup *setup,
              struct tinet__bonjour_backend **ret_backend, tinet_error *err);
  /* After all its jobs have been ended; takes everything down at once. */
  void (*close)(struct tinet__bonjour_backend *backend);

  /* Starting jobs: only between on_ready and on_absent.  A failure comes as a
   * return value or later through on_failure, not both.  A name that is taken
   * in this very back end is an on_collision, not a failure. */
  int (*browse)(struct tinet__bonjour_backend *backend,
                const struct tinet__browse_request *request,
                const struct tinet__browse_sink *sink, void *arg,
                struct tinet__bonjour_job **ret_job, tinet_error *err);
  int (*publish)(struct tinet__bonjour_backend *backend,
                 const struct tinet__publish_request *request,
                 const struct tinet__publish_sink *sink, void *arg,
                 struct tinet__bonjour_job **ret_job, tinet_error *err);
  int (*resolve)(struct tinet__bonjour_backend *backend,
                 const struct tinet__resolve_request *request,
                 const struct tinet__resolve_sink *sink, void *arg,
                 struct tinet__bonjour_job **ret_job, tinet_error *err);

  /* New strings for a publish job; a failure leaves the old ones. */
  int (*set_txt)(struct tinet__bonjour_job *job, const tinet_slice *txt,
                 size_t n_txt, tinet_error *err);

  /* Ends and frees any job, dead ones too: a published service is withdrawn.
   */
  void (*end)(struct tinet__bonjour_job *job);
};

/* The back ends of this build in the order in which AUTO tries them: every one
 * that can be asked for, NULL at the end (backends.c; tests link their own). */
extern const struct tinet__bonjour_ops *const tinet__bonjour_backends[];

extern const struct tinet__bonjour_ops tinet__bonjour_system;
extern const struct tinet__bonjour_ops tinet__bonjour_embedded;

/* Fills in `err` (may be NULL) for the application: `code` with the
 * tinet_bonjour_code `number`, and text.  Returns `code`. */
int tinet__bonjour_error(tinet_error *err, int code, int number,
                         const char *fmt, ...) TINET_PRINTF(4, 5);

/* "_printer"; TINET_EINVAL. */
int tinet__bonjour_check_subtype(const char *subtype,
                                 tinet_error *err) TINET_MUST_CHECK;

#endif
