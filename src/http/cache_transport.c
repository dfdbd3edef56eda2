/* cache_transport.c - which exchanges the cache answers, asks about, or leaves
 * alone.
 */
#include "cache_job.h"

#include "../core/alloc.h"
#include "../trust/trust.h"

#include <string.h>

/* ---- jobs ---- */

int64_t tinet__job_now_s(void)
{
  return tinet__clock_wall_us() / 1000000;
}

struct tinet__cache_job *tinet__job_new(struct tinet__cache_transport *t,
                                        struct tinet__exchange *x)
{
  struct tinet__cache_job *job = tinet__zalloc(sizeof *job);

  if (!job)
    return NULL;
  job->t = t;
  job->x = x;
  job->n_refs = 1;
  job->started_us = tinet__clock_us();
  tinet__list_append(&t->jobs, &job->link);
  return job;
}

void tinet__job_ref(struct tinet__cache_job *job)
{
  job->n_refs++;
}

void tinet__job_unref(struct tinet__cache_job *job)
{
  if (--job->n_refs > 0)
    return;
  tinet__url_free(&job->url);
  tinet__headers_free(&job->own_headers);
  tinet_trust_unref(job->trust);
  tinet_ats_policy_unref(job->ats);
  tinet__free(job->proxy);
  tinet__free(job->scope);
  tinet__free(job);
}

void tinet__job_end(struct tinet__cache_job *job)
{
  struct tinet__cache_transport *t = job->t;

  if (job->has_ended)
    return;
  job->has_ended = true;
  if (job->is_inner_running && job->inner.impl)
    t->inner->ops->cancel(t->inner, &job->inner);
  if (job->is_inner_running && job->x)
    job->x->times = job->inner.times;
  job->is_inner_running = false;
  tinet__defer_cancel(t->loop, &job->deferred);
  tinet__timer_close(job->timer);
  tinet__cache_writer_abort(job->writer);
  tinet__cache_item_unref(job->item);
  tinet__list_remove(&job->link);
  job->writer = NULL;
  job->item = NULL;
  job->timer = NULL;
  if (job->x)
    job->x->impl = NULL;
  job->x = NULL;
  tinet__job_unref(job);
}

void tinet__job_finish(struct tinet__cache_job *job, const tinet_error *err)
{
  struct tinet__exchange *x = job->x;

  tinet__job_end(job);
  if (x)
    x->ev->on_finish(x, err);
}

/* ---- decisions ---- */

/* Does it concern the cache at all?  The answer stays the same while the
 * exchange runs. */
static bool is_ours(const struct tinet__exchange *x)
{
  return x->uses_cache || tinet__cache_is_unsafe(x->method);
}

static bool is_pinned(const struct tinet__exchange *x)
{
  return x->ats && (x->requirement.has_leaf_pins || x->requirement.has_ca_pins);
}

/* Nothing that came under a milder policy is for a request under a stricter
 * one. */
static unsigned strictness(const struct tinet__exchange *x)
{
  const tinet_ats_requirement *r = &x->requirement;

  if (!x->ats)
    return 0;
  return 1u | (unsigned)r->has_cert_checks << 1 | (unsigned)r->suites << 2 |
         (unsigned)r->niap << 6 |
         (unsigned)tinet_ats_policy_profile(x->ats) << 8 |
         (r->min_version & 0xfu) << 12;
}

/* The fingerprint of whom it trusts; false: not to be shared with anybody. */
static bool trust_text(const struct tinet__exchange *x,
                       char text[TINET__FINGERPRINT_MAX])
{
  text[0] = '\0';
  if (!x->url->is_https)
    return true;
  if (!x->validates_certificate || is_pinned(x))
    return false;
  return !x->trust || tinet__trust_fingerprint(x->trust, text);
}

static bool is_cacheable(const struct tinet__exchange *x)
{
  char text[TINET__FINGERPRINT_MAX];

  return x->uses_cache && strcmp(x->method, "GET") == 0 && !x->has_body &&
         !x->login && trust_text(x, text) &&
         !tinet__cache_is_bypassed(x->headers);
}

/* Another process may share the store and believe other authorities. */
static int scope_of(const struct tinet__cache_transport *t,
                    const struct tinet__exchange *x, char **ret_scope)
{
  bool is_https = x->url->is_https;
  char text[TINET__FINGERPRINT_MAX];
  struct tinet__buf trust = TINET__BUF_INIT;
  int err;

  (void)trust_text(x, text);
  err = tinet__buf_adds(&trust, text);
  if (err == TINET_OK && is_https && (t->ca_file || t->ca_path))
    err = tinet__buf_addf(&trust, " ca %s:%s", t->ca_file ? t->ca_file : "",
                          t->ca_path ? t->ca_path : "");
  if (err == TINET_OK)
    err = tinet__cache_scope(trust.len ? trust.data : "",
                             is_https ? (int)x->tls_version : 0, strictness(x),
                             x->headers, ret_scope);
  tinet__buf_free(&trust);
  return err;
}

/* What the store has, and what may be done with it. */
struct finding {
  struct tinet__cache_item *item; /* a reference; or NULL */
  enum tinet__cache_verdict verdict;
  bool is_refused;
};

static bool is_found(struct tinet__cache_transport *t,
                     const struct tinet__exchange *x, const char *scope,
                     struct tinet__cache_item **ret_item)
{
  if (t->known &&
      tinet__cache_item_answers(t->known, x->url->text, scope, x->headers)) {
    *ret_item = TINET_TAKE(t->known);
    return true;
  }
  /* A store that cannot be read has nothing. */
  return tinet__cache_find(t->cache, x->url->text, scope, x->headers,
                           ret_item) == 1;
}

static void look_up(struct tinet__cache_transport *t,
                    const struct tinet__exchange *x, const char *scope,
                    struct finding *f)
{
  struct tinet__cache_control asked;
  struct tinet__cache_response r;

  memset(f, 0, sizeof *f);
  f->verdict = TINET__CACHE_VALIDATE;
  if (is_found(t, x, scope, &f->item)) {
    r = tinet__cache_item_response(f->item);
    f->verdict = tinet__cache_decide(x->headers, &r, tinet__job_now_s());
  }
  tinet__cache_control_parse(x->headers, &asked);
  f->is_refused = asked.only_if_cached && f->verdict == TINET__CACHE_VALIDATE;
}

static void drop_known(struct tinet__cache_transport *t)
{
  tinet__cache_item_unref(t->known);
  t->known = NULL;
}

static int launch(struct tinet__cache_job *job)
{
  struct finding f;
  int err = scope_of(job->t, job->x, &job->scope);

  if (err < 0)
    return err;
  job->is_cacheable = true;
  look_up(job->t, job->x, job->scope, &f);
  job->item = f.item;
  if (f.is_refused) {
    tinet__job_refuse(job);
    return TINET_OK;
  }
  if (f.verdict == TINET__CACHE_VALIDATE) {
    job->mode = f.item && tinet__cache_has_validator(&f.item->headers)
                    ? TINET__JOB_VALIDATE
                    : TINET__JOB_FETCH;
    return tinet__job_begin_inner(job);
  }
  if (f.verdict == TINET__CACHE_REFRESH)
    tinet__job_refresh(job->t, job->x, f.item, job->scope);
  tinet__job_replay(job, f.verdict == TINET__CACHE_FRESH
                             ? TINET_HTTP_CACHE_HIT
                             : TINET_HTTP_CACHE_STALE);
  return TINET_OK;
}

/* ---- the interface ---- */

static struct tinet__cache_transport *transport_of(struct tinet__transport *t)
{
  return (struct tinet__cache_transport *)(void *)t;
}

static int start(struct tinet__transport *base, struct tinet__exchange *x)
{
  struct tinet__cache_transport *t = transport_of(base);
  struct tinet__cache_job *job;
  int err;

  x->cache_state = TINET_HTTP_CACHE_NONE;
  if (!is_ours(x))
    return t->inner->ops->start(t->inner, x);
  job = tinet__job_new(t, x);
  if (!job)
    return TINET_ENOMEM;
  err = is_cacheable(x) ? launch(job) : tinet__job_begin_inner(job);
  drop_known(t);
  if (err < 0) {
    tinet__job_end(job);
    return err;
  }
  x->impl = job;
  return TINET_OK;
}

static void cancel(struct tinet__transport *base, struct tinet__exchange *x)
{
  struct tinet__cache_transport *t = transport_of(base);

  if (!x->impl)
    return;
  if (is_ours(x))
    tinet__job_end(x->impl);
  else
    t->inner->ops->cancel(t->inner, x);
}

static void close_transport(struct tinet__transport *base)
{
  struct tinet__cache_transport *t = transport_of(base);

  while (!tinet__list_is_empty(&t->jobs))
    tinet__job_end(
        TINET__CONTAINER(t->jobs.next, struct tinet__cache_job, link));
  t->inner->ops->close(t->inner);
  drop_known(t);
  tinet_cache_unref(t->cache);
  tinet__free(t);
}

static bool is_idle(const struct tinet__transport *base)
{
  const struct tinet__cache_transport *t =
      (const struct tinet__cache_transport *)(const void *)base;

  return tinet__list_is_empty(&t->jobs) && t->inner->ops->is_idle(t->inner);
}

static const struct tinet__transport_ops cache_ops = {start, cancel,
                                                      close_transport, is_idle};

int tinet__cache_transport_open(tinet_loop *loop,
                                const struct tinet__transport_config *config,
                                tinet_cache *cache, tinet_cookie_jar *cookies,
                                struct tinet__transport *inner,
                                struct tinet__transport **ret_transport)
{
  struct tinet__cache_transport *t = tinet__zalloc(sizeof *t);

  if (!t)
    return TINET_ENOMEM;
  t->base.ops = &cache_ops;
  t->loop = loop;
  t->cache = tinet_cache_ref(cache);
  t->cookies = cookies;
  t->ca_file = config->ca_file;
  t->ca_path = config->ca_path;
  t->inner = inner;
  tinet__list_init(&t->jobs);
  *ret_transport = &t->base;
  return TINET_OK;
}

/* What it has found is kept for the start, which follows at once. */
bool tinet__cache_transport_answers(struct tinet__transport *base,
                                    const struct tinet__exchange *x)
{
  struct tinet__cache_transport *t;
  struct finding f;
  char *scope = NULL;
  bool answers;

  if (base->ops != &cache_ops || !is_cacheable(x) ||
      scope_of(transport_of(base), x, &scope) < 0)
    return false;
  t = transport_of(base);
  drop_known(t);
  look_up(t, x, scope, &f);
  answers = f.is_refused || f.verdict != TINET__CACHE_VALIDATE;
  if (answers)
    t->known = TINET_TAKE(f.item);
  tinet__cache_item_unref(f.item);
  tinet__free(scope);
  return answers;
}
