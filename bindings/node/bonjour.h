/* bonjour.h - what the files of the addon's Bonjour share.
 *
 * bonjour.c has the thread and what JavaScript calls; bonjour_commands.c does
 * what is asked, on the thread; bonjour_events.c brings back what happens.
 */
#ifndef TINET_ADDON_BONJOUR_H
#define TINET_ADDON_BONJOUR_H

#include "addon.h"

#include <pthread.h>
#include <stdatomic.h>
#include <tinet/bonjour.h>

/* lib/bonjour_native.js has the same numbers. */
enum op { OP_BROWSE = 1, OP_PUBLISH, OP_RESOLVE, OP_CLOSE, OP_TXT };
enum kind {
  KIND_ADDED = 1,
  KIND_REMOVED,
  KIND_BATCH,
  KIND_PUBLISHED,
  KIND_RENAMED,
  KIND_RESOLVED,
  KIND_ERROR,
  KIND_DONE, /* what was asked has been done; only for who waits */
};

#define MAX_TEXTS 4
#define MAX_ADDRESSES 64  /* of one host */
#define MAX_PARTS 1024U   /* subtypes, strings of TXT: more than are allowed */
#define MAX_UNSEEN 20000U /* messages that Node has not taken yet */

struct part {
  char *data;
  size_t len;
};

/* What happened; given from the thread to Node's loop, and to who waits. */
struct message {
  atomic_uint n_refs;
  struct bonjour_thread *thread;
  unsigned seq, id;
  enum kind kind;
  int number; /* of an error; of a batch: all for now; of a service: its port */
  size_t n_texts, n_addresses, n_txt;
  char *texts[MAX_TEXTS];
  char *addresses[MAX_ADDRESSES];
  struct part *txt; /* owned */
};

/* An object of the library, on the thread. */
struct item {
  struct bonjour_thread *thread;
  unsigned id;
  enum op op;
  union {
    tinet_bonjour_browser *browser;
    tinet_bonjour_service *service;
    tinet_bonjour_resolve *resolve;
  } of;
  struct item *next;
};

struct command {
  struct bonjour_thread *thread;
  enum op op;
  unsigned id;
  char *name, *type, *interface; /* owned, or NULL */
  unsigned number;               /* port or timeout in ms */
  bool may_rename;
  struct part *txt, *subtypes; /* owned */
  size_t n_txt, n_subtypes;
};

struct bonjour_thread {
  struct addon *addon;
  pthread_t thread;
  tinet_loop *loop;
  struct part *declared; /* owned; what may be used in strict mode, or NULL */
  size_t n_declared;
  tinet_bonjour *bonjour; /* the thread's, as the items are */
  struct item *items;
  napi_ref dispatch;
  atomic_uint n_unseen;
  unsigned n_messages;

  pthread_mutex_t lock;
  pthread_cond_t changed;
  unsigned n_posted; /* guarded by the lock, as what follows */
  bool is_stopping;
  unsigned waited_id; /* 0 = nobody waits */
  struct message *waited;
};

/* bonjour_events.c */
extern const tinet_bonjour_browser_events bonjour_browser_events;
extern const tinet_bonjour_service_events bonjour_service_events;
extern const tinet_bonjour_resolve_events bonjour_resolve_events;
void bonjour_emit_error(const struct item *item, const tinet_error *err);
/* Tells who waits for it that a command has been done, or why not; nobody
 * else hears of it. */
void bonjour_answer(const struct item *item, const tinet_error *err);
void bonjour_message_unref(struct message *m);
/* [seq, id, kind, number, texts, addresses, txt] */
#define BONJOUR_N_ARGUMENTS 7
void bonjour_make_arguments(napi_env env, const struct message *m,
                            napi_value *argv);
void bonjour_set_part(struct part *part, const void *data, size_t len);
void bonjour_free_parts(struct part *parts, size_t n);

/* bonjour_commands.c, on the thread */
void bonjour_run_command(void *arg); /* a struct command, which is freed */
void bonjour_free_command(struct command *c);
void bonjour_close_id(struct bonjour_thread *t, unsigned id);

#endif
