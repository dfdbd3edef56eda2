/* sdbus_private.h - the system back end, between its files.
 *
 * Everything asked of the daemon is asked without waiting.  When the daemon or
 * the bus is lost the whole connection is given up, which takes everything of
 * ours down over there, and a new one is made.
 */
#ifndef TINET_BONJOUR_SDBUS_PRIVATE_H
#define TINET_BONJOUR_SDBUS_PRIVATE_H

#include "../core/alloc.h"
#include "../core/list.h"
#include "../core/sdbus_pump.h"
#include "backend.h"

#define TINET__AVAHI "org.freedesktop.Avahi"
/* What its calls take for "any interface" and "IPv4 and IPv6". */
#define TINET__AVAHI_UNSPEC (-1)
/* A lookup flag: never a wide-area server. */
#define TINET__AVAHI_MULTICAST 2u

enum tinet__system_state {
  TINET__SYSTEM_DOWN,    /* no bus; a timer tries again */
  TINET__SYSTEM_ASKING,  /* whether there is a daemon, and how it is */
  TINET__SYSTEM_WAITING, /* there is none, or it is not ready */
  TINET__SYSTEM_RUNNING,
};

struct tinet__system {
  struct tinet__bonjour_backend base; /* first */
  tinet_loop *loop;
  const struct tinet__bonjour_backend_events *events;
  void *arg; /* of events */
  struct tinet__pump pump;
  tinet__timer *timer; /* owned; until the next try, or patience ends */
  enum tinet__system_state state;
  bool is_ready, has_told; /* what the front knows; that it knows anything */
  unsigned n_failures;     /* to reach a bus, in a row */
  char *owner;             /* owned; the daemon's unique name, or NULL */
  char *host;              /* owned; the daemon's host name, or NULL */
  struct tinet__list objects;
  struct tinet__list published; /* publish jobs */
  struct tinet__list resolving; /* resolve jobs at work */
  struct tinet__list waiting;   /* resolve jobs that are not, yet */
  unsigned n_resolving;
};

/* Every job of this back end begins with it. */
struct tinet__system_job {
  struct tinet__bonjour_job base; /* first */
  void (*end)(struct tinet__bonjour_job *job);
};

/* ---- sdbus_system.c ---- */

/* A call to a method of the daemon's, to be filled in.  `path` NULL: "/", the
 * server itself.  0 or a negative errno. */
int tinet__system_call(struct tinet__system *s, const char *path,
                       const char *interface, const char *method,
                       sd_bus_message **ret_call);
/* The daemon does not answer any more. */
void tinet__system_hang(struct tinet__system *s);

/* ---- sdbus_object.c: what the daemon keeps for us ---- */

struct tinet__object;

struct tinet__object_events {
  /* It is there, with its path. */
  void (*on_made)(void *arg);
  void (*on_signal)(void *arg, const char *member, sd_bus_message *m);
  /* It could not be made, or a call to it has failed. */
  void (*on_error)(void *arg, const tinet_error *err);
};

/* What its errors begin with and which interface it has. */
struct tinet__object_kind {
  const char *what; /* "browse" */
  const char *interface;
  bool has_start; /* it tells nothing before it is called Start() */
};

/* Sends `call`, which it takes (NULL: there was no memory for it), and whose
 * answer is the new object's path.  `kind` and `events` are static.  No event
 * comes from inside.  TINET_ENOMEM, TINET_ESYSTEM. */
int tinet__object_new(struct tinet__system *s, sd_bus_message *call,
                      const struct tinet__object_kind *kind,
                      const struct tinet__object_events *events, void *arg,
                      struct tinet__object **ret_object) TINET_MUST_CHECK;
/* A call to a method of its own; only after on_made.  0 or a negative errno. */
int tinet__object_call(struct tinet__object *o, const char *method,
                       sd_bus_message **ret_call);
/* Sends it; takes it.  A failure is told by on_error, or by `on_error` if that
 * is not NULL.  TINET_ENOMEM, TINET_ESYSTEM. */
int tinet__object_send(struct tinet__object *o, sd_bus_message *call,
                       void (*on_error)(void *arg, const tinet_error *err),
                       tinet_error *err) TINET_MUST_CHECK;
/* Whether it can be called; false again when the connection is gone. */
bool tinet__object_is_made(const struct tinet__object *o);
/* Has the daemon free it and frees it here; no event comes after.  NULL is
 * fine. */
void tinet__object_end(struct tinet__object *o);
/* Hands a signal of the daemon's to the object it comes from. */
void tinet__objects_signal(struct tinet__system *s, sd_bus_message *m);
/* The connection is gone, and with it all objects over there. */
void tinet__objects_drop(struct tinet__system *s);

/* ---- sdbus_error.c ---- */

/* Makes an error of a D-Bus error's name and message (may be NULL). */
int tinet__sdbus_error(tinet_error *err, const char *what, const char *name,
                       const char *message);
/* Of a negative errno that sd-bus returned. */
int tinet__sdbus_errno(tinet_error *err, const char *what, int result);
/* The daemon or the bus has gone away, or does not answer. */
bool tinet__sdbus_is_loss(const char *name);

/* ---- sdbus_browse.c, sdbus_publish.c, sdbus_resolve.c ---- */

int tinet__system_interface(uint32_t interface_index);

int tinet__system_browse(struct tinet__bonjour_backend *backend,
                         const struct tinet__browse_request *request,
                         const struct tinet__browse_sink *sink, void *arg,
                         struct tinet__bonjour_job **ret_job, tinet_error *err);
int tinet__system_publish(struct tinet__bonjour_backend *backend,
                          const struct tinet__publish_request *request,
                          const struct tinet__publish_sink *sink, void *arg,
                          struct tinet__bonjour_job **ret_job,
                          tinet_error *err);
int tinet__system_set_txt(struct tinet__bonjour_job *job,
                          const tinet_slice *txt, size_t n_txt,
                          tinet_error *err);
/* The connection is gone: all of them are dead. */
void tinet__published_drop(struct tinet__system *s);
void tinet__resolving_drop(struct tinet__system *s);
/* The daemon's host has another name: the services lead to the old one. */
void tinet__system_publish_again(struct tinet__system *s);
int tinet__system_resolve(struct tinet__bonjour_backend *backend,
                          const struct tinet__resolve_request *request,
                          const struct tinet__resolve_sink *sink, void *arg,
                          struct tinet__bonjour_job **ret_job,
                          tinet_error *err);

#endif
