/* avahi_private.h - the embedded back end, between its files. */
#ifndef TINET_BONJOUR_AVAHI_PRIVATE_H
#define TINET_BONJOUR_AVAHI_PRIVATE_H

#include "../core/alloc.h"
#include "../core/list.h"
#include "avahi_poll.h"
#include "backend.h"

#include <avahi-core/core.h>
#include <avahi-core/lookup.h>
#include <avahi-core/publish.h>

struct tinet__embedded {
  struct tinet__bonjour_backend base; /* first */
  tinet_loop *loop;
  struct tinet__avahi_poll poll;
  AvahiServer *server; /* owned */
  const struct tinet__bonjour_backend_events *events;
  void *arg;                    /* of events */
  struct tinet__list published; /* publish jobs */

  /* Our own address records, avahi_hosts.c: */
  char label[64]; /* "box" */
  char fqdn[72];  /* "box.local" */
  struct tinet__list addresses;
  struct tinet__deferred soon; /* look again */
  unsigned n_renames;
  bool has_collided; /* some other machine has the host name */
};

/* Every job of this back end begins with it. */
struct tinet__embedded_job {
  struct tinet__bonjour_job base; /* first */
  void (*end)(struct tinet__bonjour_job *job);
};

/* Makes an error of one of avahi's numbers. */
int tinet__avahi_error(tinet_error *err, int number, const char *what);
/* The server's last one. */
int tinet__avahi_failed(const struct tinet__embedded *e, tinet_error *err,
                        const char *what);

AvahiIfIndex tinet__avahi_interface(uint32_t interface_index);

/* ---- avahi_ask.c ---- */

/* How long a first question waits. */
uint32_t tinet__avahi_ask_delay_ms(void);
/* Asks who has a PTR record of that name ("_http._tcp.local"), on all
 * interfaces or on one.  It may come to nothing. */
void tinet__avahi_ask(const struct tinet__avahi_poll *poll, const char *name,
                      uint32_t only_interface);

/* ---- avahi_hosts.c ---- */

/* Which name to use; `label` NULL: the system's. */
void tinet__hosts_init(struct tinet__embedded *e, const char *label);
/* Announces the machine's addresses as they are by now, and from now on. */
void tinet__hosts_look(struct tinet__embedded *e);
void tinet__hosts_look_soon(void *embedded);
/* All of them are announced. */
bool tinet__hosts_is_established(struct tinet__embedded *e);
void tinet__hosts_close(struct tinet__embedded *e);

/* ---- avahi_publish.c ---- */

int tinet__avahi_publish(struct tinet__bonjour_backend *backend,
                         const struct tinet__publish_request *request,
                         const struct tinet__publish_sink *sink, void *arg,
                         struct tinet__bonjour_job **ret_job, tinet_error *err);
int tinet__avahi_set_txt(struct tinet__bonjour_job *job, const tinet_slice *txt,
                         size_t n_txt, tinet_error *err);
/* The host has another name: everything is published anew. */
void tinet__published_move(struct tinet__embedded *e);
/* The addresses are announced, or cannot be. */
void tinet__published_update(struct tinet__embedded *e);
void tinet__published_fail(struct tinet__embedded *e, const tinet_error *err);

/* ---- avahi_browse.c, avahi_resolve.c ---- */

int tinet__avahi_browse(struct tinet__bonjour_backend *backend,
                        const struct tinet__browse_request *request,
                        const struct tinet__browse_sink *sink, void *arg,
                        struct tinet__bonjour_job **ret_job, tinet_error *err);
int tinet__avahi_resolve(struct tinet__bonjour_backend *backend,
                         const struct tinet__resolve_request *request,
                         const struct tinet__resolve_sink *sink, void *arg,
                         struct tinet__bonjour_job **ret_job, tinet_error *err);

#endif
