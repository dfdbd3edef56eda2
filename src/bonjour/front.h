/* front.h - what browser, service and resolve have in common: each is a user of
 * the loop's Bonjour, and has a job on the back end that is at work.
 */
#ifndef TINET_BONJOUR_FRONT_H
#define TINET_BONJOUR_FRONT_H

#include "../core/alloc.h"
#include "../core/list.h"
#include "../core/loop.h"
#include "backend.h"

struct tinet__bonjour_user;

/* What the Bonjour asks of its users.  None of these may call the application;
 * they defer. */
struct tinet__bonjour_user_ops {
  /* Starts the job on `backend` and sets user->job. */
  int (*start)(struct tinet__bonjour_user *user,
               struct tinet__bonjour_backend *backend, tinet_error *err);
  /* The job has been ended and will be started elsewhere: what it told is no
   * longer so. */
  void (*on_stopped)(struct tinet__bonjour_user *user);
  /* No back end works.  The user has left already. */
  void (*on_failed)(struct tinet__bonjour_user *user, const tinet_error *err);
};

/* Embedded, first. */
struct tinet__bonjour_user {
  struct tinet__list link; /* of the Bonjour's users */
  const struct tinet__bonjour_user_ops *ops;
  tinet_bonjour *bonjour; /* a reference; NULL while half built */
  struct tinet__bonjour_job *job;
  bool is_in; /* holds the loop, and has or waits for a job */
};

/* Takes a reference to `bonjour` and starts the job, now or when a back end is
 * ready.  After a failure the user is out, but has the reference. */
int tinet__bonjour_enter(struct tinet__bonjour_user *user,
                         tinet_bonjour *bonjour,
                         const struct tinet__bonjour_user_ops *ops,
                         tinet_error *err) TINET_MUST_CHECK;
/* Ends the job if there is one; the user holds nothing any more. */
void tinet__bonjour_leave(struct tinet__bonjour_user *user);
/* Ends the job and starts it anew, when that is possible. */
int tinet__bonjour_restart(struct tinet__bonjour_user *user,
                           tinet_error *err) TINET_MUST_CHECK;
/* Leaves and gives the reference back.  Last. */
void tinet__bonjour_done(struct tinet__bonjour_user *user);

tinet_loop *tinet__bonjour_loop(const tinet_bonjour *bonjour);
size_t tinet__bonjour_max_services(const tinet_bonjour *bonjour);
/* TINET_EPOLICY in strict mode for a type that is not declared. */
int tinet__bonjour_check_declared(const tinet_bonjour *bonjour,
                                  const char *type,
                                  tinet_error *err) TINET_MUST_CHECK;

/* "_http._tcp" or "local" as a new string without the dot at its end; NULL: no
 * memory. */
char *tinet__bonjour_bare(const char *s);

/* ---- the services that a browser knows ---- */

struct tinet__entry {
  struct tinet__entry *next;  /* in its bucket */
  struct tinet__list changed; /* of the browser's changes */
  unsigned n_seen;            /* on how many interfaces and protocols */
  bool is_reported;
  tinet_bonjour_entry text; /* points behind this struct */
};

#define TINET__ENTRY_BUCKETS 1024 /* 10,000 entries: ten each */

struct tinet__entries {
  struct tinet__entry **buckets; /* owned; NULL while empty */
  uint64_t seed;
  size_t n;
};

struct tinet__entry *tinet__entries_find(const struct tinet__entries *all,
                                         const struct tinet__browse_item *item);
/* NULL: no memory. */
struct tinet__entry *tinet__entries_add(struct tinet__entries *all,
                                        const struct tinet__browse_item *item);
/* Takes it out without freeing it. */
void tinet__entries_remove(struct tinet__entries *all, struct tinet__entry *e);
void tinet__entries_each(struct tinet__entries *all,
                         void (*fn)(struct tinet__entry *e, void *arg),
                         void *arg);
void tinet__entries_free(struct tinet__entries *all);

#endif
