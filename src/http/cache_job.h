/* cache_job.h - one exchange that the cache takes part in. */
#ifndef TINET_HTTP_CACHE_JOB_H
#define TINET_HTTP_CACHE_JOB_H

#include "cache_store.h"
#include "cache_transport.h"

struct tinet__cache_transport {
  struct tinet__transport base; /* first */
  tinet_loop *loop;
  tinet_cache *cache;             /* a reference */
  tinet_cookie_jar *cookies;      /* borrowed; or NULL */
  struct tinet__transport *inner; /* owned */
  const char *ca_file, *ca_path;  /* borrowed; of `inner` */
  /* What was found for an exchange that is about to start: a reference, or
   * NULL. */
  struct tinet__cache_item *known;
  struct tinet__list jobs;
};

enum tinet__job_mode {
  TINET__JOB_PASS,     /* the cache only listens */
  TINET__JOB_FETCH,    /* nothing stored helps */
  TINET__JOB_VALIDATE, /* the server is asked about `item` */
  TINET__JOB_UPDATE,   /* it has said 304: `item` is as good as new */
  TINET__JOB_AGAIN,    /* its 304 is not about `item`: to be fetched */
  TINET__JOB_COVER,    /* it failed: `item` is used in its place */
  TINET__JOB_REPLAY,   /* `item` is being given out */
  TINET__JOB_REFUSE,   /* only-if-cached, and nothing is */
};

struct tinet__cache_job {
  struct tinet__list link; /* in the transport's list, until it has ended */
  struct tinet__cache_transport *t;
  struct tinet__exchange *x; /* NULL: nobody waits for it, or it has ended */
  enum tinet__job_mode mode;
  unsigned n_refs; /* the list's and calls under way */
  bool has_ended;  /* nothing but the references is left */
  bool is_cacheable;
  bool is_outdated;                  /* invalidated under way: not stored */
  bool has_answer;                   /* a header block has come */
  char *scope;                       /* owned */
  struct tinet__url url;             /* owned; of a job that nobody waits for */
  char *proxy;                       /* owned; the same */
  tinet_trust *trust;                /* a reference; the same */
  tinet_ats_policy *ats;             /* a reference; the same */
  struct tinet__headers own_headers; /* with validators */
  struct tinet__cache_item *item;    /* a reference; or NULL */
  struct tinet__cache_writer *writer; /* owned; or NULL */
  /* below */
  struct tinet__exchange inner;
  bool is_inner_running;
  uint64_t swallowed; /* body bytes that nobody gets */
  int64_t request_s;
  uint64_t started_us;
  tinet__timer *timer; /* owned; of a job that nobody waits for */
  /* the replay */
  struct tinet__deferred deferred;
  bool has_sent_headers;
  uint64_t offset;
};

/* ---- cache_transport.c ---- */

/* In the transport's list; NULL: no memory. */
struct tinet__cache_job *tinet__job_new(struct tinet__cache_transport *t,
                                        struct tinet__exchange *x);
/* Stops what is under way; nobody is told. */
void tinet__job_end(struct tinet__cache_job *job);
void tinet__job_ref(struct tinet__cache_job *job);
void tinet__job_unref(struct tinet__cache_job *job);
/* Tells the exchange, if there is one; the job has ended then.  The last
 * thing a caller does with the exchange. */
void tinet__job_finish(struct tinet__cache_job *job, const tinet_error *err);
int64_t tinet__job_now_s(void);

/* ---- cache_exchange.c ---- */

/* Starts the exchange below. */
int tinet__job_begin_inner(struct tinet__cache_job *job) TINET_MUST_CHECK;
#define TINET__REFRESH_TIMEOUT_MS 15000u /* without progress */

/* ---- cache_refresh.c ---- */

/* Validates `item` without anybody waiting.  That it cannot be done costs
 * nothing but its freshness. */
void tinet__job_refresh(struct tinet__cache_transport *t,
                        const struct tinet__exchange *x,
                        struct tinet__cache_item *item, const char *scope);

/* ---- cache_replay.c ---- */

/* From the loop, soon. */
void tinet__job_replay(struct tinet__cache_job *job,
                       tinet_http_cache_state state);
void tinet__job_refuse(struct tinet__cache_job *job);

#endif
