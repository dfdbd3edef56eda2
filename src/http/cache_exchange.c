/* cache_exchange.c - the exchange below: what the network says, and what the
 * cache makes of it.
 */
#include "cache_job.h"

#include "../core/alloc.h"
#include "../core/error.h"
#include "set_cookies.h"

#include <string.h>

#define MAX_SWALLOWED (64 * 1024) /* read to keep a connection */

#define JOB_OF(ptr) TINET__CONTAINER(ptr, struct tinet__cache_job, inner)

static int on_connected(struct tinet__exchange *inner,
                        const struct tinet__conn_facts *facts, tinet_error *err)
{
  struct tinet__cache_job *job = JOB_OF(inner);

  return job->x ? job->x->ev->on_connected(job->x, facts, err) : TINET_OK;
}

static void on_interim(struct tinet__exchange *inner, int status,
                       const struct tinet__headers *headers)
{
  struct tinet__cache_job *job = JOB_OF(inner);

  if (job->x && job->x->ev->on_interim)
    job->x->ev->on_interim(job->x, status, headers);
}

static int64_t on_read(struct tinet__exchange *inner, void *data, size_t max,
                       tinet_error *err)
{
  struct tinet__cache_job *job = JOB_OF(inner);

  return job->x ? job->x->ev->on_read(job->x, data, max, err) : 0;
}

static int on_rewind(struct tinet__exchange *inner, tinet_error *err)
{
  struct tinet__cache_job *job = JOB_OF(inner);

  return job->x ? job->x->ev->on_rewind(job->x, err) : TINET_OK;
}

static void on_progress(struct tinet__exchange *inner)
{
  struct tinet__cache_job *job = JOB_OF(inner);

  if (job->x)
    job->x->ev->on_progress(job->x);
  else if (job->timer)
    tinet__timer_start(job->timer, TINET__REFRESH_TIMEOUT_MS);
}

/* ---- storing ---- */

static void forget(struct tinet__cache_job *job, const char *url)
{
  if (tinet__cache_forget(job->t->cache, url) < 0)
    return; /* no memory: what is stored is used until it is stale */
}

/* The request as the application made it: without our validators. */
static const struct tinet__headers *
request_of(const struct tinet__cache_job *job)
{
  return job->x ? job->x->headers : job->inner.headers;
}

static int fill_item(struct tinet__cache_job *job, int version, int status,
                     const char *reason, const struct tinet__headers *headers,
                     struct tinet__cache_item *item)
{
  int err;

  item->url = tinet__strdup(job->inner.url->text);
  item->scope = tinet__strdup(job->scope);
  item->phrase = tinet__strdup(reason ? reason : "");
  if (!item->url || !item->scope || !item->phrase)
    return TINET_ENOMEM;
  item->status = status;
  item->http_version = version;
  item->request_s = job->request_s;
  item->response_s = tinet__job_now_s();
  err = tinet__cache_storable_fields(headers, &item->headers);
  if (err == TINET_OK)
    err = tinet__cache_vary(headers, &item->vary);
  if (err == TINET_OK)
    err = tinet__cache_variant(item->vary, request_of(job), item->variant);
  return err;
}

static int64_t announced(const struct tinet__headers *headers)
{
  const char *text = tinet__headers_get(headers, "Content-Length");
  uint64_t len;

  if (!text || !tinet__parse_u64(text, strlen(text), &len) || len > INT64_MAX)
    return -1;
  return (int64_t)len;
}

/* That it cannot be stored is no reason not to deliver it. */
static void open_writer(struct tinet__cache_job *job, int version, int status,
                        const char *reason,
                        const struct tinet__headers *headers)
{
  struct tinet__cache_response r = {status, headers, job->request_s,
                                    tinet__job_now_s()};
  struct tinet__cache_item *item;

  if (job->is_outdated)
    return;
  if (!tinet__cache_is_storable(request_of(job), &r)) {
    if (status < 500 && job->item)
      forget(job, job->inner.url->text); /* it is not what is there now */
    return;
  }
  item = tinet__cache_item_new();
  if (!item)
    return;
  if (fill_item(job, version, status, reason, headers, item) < 0 ||
      tinet__cache_writer_open(job->t->cache, item,
                               status == 204 ? 0 : announced(headers),
                               &job->writer) < 0)
    tinet__cache_item_unref(item);
}

/* What is under way may be from before: it is delivered, and not stored. */
static void invalidate_url(struct tinet__cache_job *job, const char *url)
{
  struct tinet__list *jobs = &job->t->jobs;

  forget(job, url);
  for (struct tinet__list *l = jobs->next; l != jobs; l = l->next) {
    struct tinet__cache_job *other =
        TINET__CONTAINER(l, struct tinet__cache_job, link);

    if (!other->is_inner_running || strcmp(other->inner.url->text, url) != 0)
      continue;
    other->is_outdated = true;
    tinet__cache_writer_abort(other->writer);
    other->writer = NULL;
  }
}

/* rfc: 9111 4.4 - of the same origin only. */
static void forget_named(struct tinet__cache_job *job, const char *reference)
{
  struct tinet__url url = {0};

  if (!reference ||
      tinet__url_resolve(job->inner.url, reference, &url, NULL) < 0)
    return;
  if (tinet__url_same_origin(job->inner.url, &url))
    invalidate_url(job, url.text);
  tinet__url_free(&url);
}

static void invalidate(struct tinet__cache_job *job, int status,
                       const struct tinet__headers *headers)
{
  if (!tinet__cache_is_unsafe(job->inner.method) ||
      !tinet__cache_invalidates(status))
    return;
  invalidate_url(job, job->inner.url->text);
  forget_named(job, tinet__headers_get(headers, "Location"));
  forget_named(job, tinet__headers_get(headers, "Content-Location"));
}

/* ---- what comes ---- */

static bool may_cover(const struct tinet__cache_job *job)
{
  struct tinet__cache_response r;

  if (!job->item || !job->x)
    return false;
  r = tinet__cache_item_response(job->item);
  return tinet__cache_may_cover_error(request_of(job), &r, tinet__job_now_s());
}

static void on_not_modified(struct tinet__cache_job *job,
                            const struct tinet__headers *headers)
{
  struct tinet__cache_item *fresh;

  job->mode = TINET__JOB_AGAIN;
  if (!tinet__cache_is_same(&job->item->headers, headers))
    return;
  fresh = tinet__cache_item_copy(job->item);
  if (!fresh)
    return; /* fetching it needs less */
  fresh->request_s = job->request_s;
  fresh->response_s = tinet__job_now_s();
  if (tinet__cache_update(&fresh->headers, headers) < 0) {
    tinet__cache_item_unref(fresh);
    return;
  }
  tinet__cache_item_unref(job->item);
  job->item = fresh;
  job->mode = TINET__JOB_UPDATE;
}

/* rfc: 5861 4 */
static bool is_failure(int status)
{
  return status == 500 || status == 502 || status == 503 || status == 504;
}

static bool takes_over(struct tinet__cache_job *job, int status,
                       const struct tinet__headers *headers)
{
  if (job->mode == TINET__JOB_VALIDATE && status == 304) {
    on_not_modified(job, headers);
    on_interim(&job->inner, status, headers); /* it may have cookies */
    return true;
  }
  /* With a validator or without: it is not the server's answer that counts. */
  if (!is_failure(status) || !may_cover(job))
    return false;
  job->mode = TINET__JOB_COVER;
  return true;
}

/* There is no client that would do it. */
static void store_cookies(const struct tinet__cache_job *job,
                          const struct tinet__headers *headers)
{
  int err =
      tinet__set_cookies(job->t->cookies, job->inner.url, headers, NULL, NULL);

  (void)err; /* without memory those before it are stored */
}

static int on_headers(struct tinet__exchange *inner, int version, int status,
                      const char *reason, const struct tinet__headers *headers,
                      tinet_error *err)
{
  struct tinet__cache_job *job = JOB_OF(inner);
  int code = TINET_OK;

  job->has_answer = true;
  tinet__job_ref(job);
  if (!job->x)
    store_cookies(job, headers);
  if (!takes_over(job, status, headers)) {
    invalidate(job, status, headers);
    if (job->is_cacheable && job->x) {
      job->x->cache_state = TINET_HTTP_CACHE_MISS;
      tinet__cache_count(job->t->cache, TINET__CACHE_N_MISSES);
    }
    if (job->x)
      code =
          job->x->ev->on_headers(job->x, version, status, reason, headers, err);
    if (code == TINET_OK && !job->has_ended && job->is_cacheable)
      open_writer(job, version, status, reason, headers);
  }
  if (job->has_ended)
    code = TINET_ECANCELED;
  tinet__job_unref(job);
  return code;
}

static bool swallows(const struct tinet__cache_job *job)
{
  return job->mode == TINET__JOB_UPDATE || job->mode == TINET__JOB_AGAIN ||
         job->mode == TINET__JOB_COVER;
}

static int on_body(struct tinet__exchange *inner, const void *data, size_t len,
                   tinet_error *err)
{
  struct tinet__cache_job *job = JOB_OF(inner);
  int code = TINET_OK;

  if (swallows(job)) {
    job->swallowed += len;
    if (job->swallowed <= MAX_SWALLOWED)
      return TINET_OK;
    return tinet__error_set(err, TINET_ELIMIT, TINET_ORIGIN_TINET, 0, NULL);
  }
  tinet__job_ref(job);
  if (job->x)
    code = job->x->ev->on_body(job->x, data, len, err);
  else
    on_progress(inner);
  if (job->has_ended) {
    code = TINET_ECANCELED;
  } else if (code == TINET_OK && job->writer &&
             tinet__cache_writer_add(job->writer, data, len) < 0) {
    tinet__cache_writer_abort(job->writer);
    job->writer = NULL;
  }
  tinet__job_unref(job);
  return code;
}

/* Not what speaks of a wrong server: that must be seen. */
static bool is_outage(int code)
{
  return code == TINET_ERESOLVE || code == TINET_ECONNECT ||
         code == TINET_ETIMEDOUT || code == TINET_ECLOSED ||
         code == TINET_EPROXY || code == TINET_EOFFLINE;
}

static void fetch_again(struct tinet__cache_job *job)
{
  tinet_error err = {0};
  int code;

  forget(job, job->inner.url->text);
  tinet__cache_item_unref(job->item);
  job->item = NULL;
  job->mode = TINET__JOB_FETCH;
  job->has_answer = false;
  code = job->x ? tinet__job_begin_inner(job) : TINET_ECANCELED;
  if (code == TINET_OK)
    return;
  tinet__error_set(&err, code, TINET_ORIGIN_TINET, 0, NULL);
  tinet__job_finish(job, &err);
}

static void end_network(struct tinet__cache_job *job, const tinet_error *err)
{
  struct tinet__cache_writer *writer = job->writer;

  job->writer = NULL;
  if (err->code == 0)
    tinet__cache_writer_commit(writer);
  else
    tinet__cache_writer_abort(writer);
  tinet__job_finish(job, err);
}

/* What the 304 has said may forbid to keep it, as a 200 would have. */
static void store_update(struct tinet__cache_job *job)
{
  struct tinet__cache_response r = tinet__cache_item_response(job->item);
  struct tinet__cache_control asked;

  if (job->is_outdated)
    return;
  if (tinet__cache_is_storable(request_of(job), &r)) {
    int err = tinet__cache_put(job->t->cache, job->item);

    (void)err; /* failing, it stays as stale as it was */
    return;
  }
  tinet__cache_control_parse(request_of(job), &asked);
  if (!asked.no_store) /* of such a request nothing is kept, and nothing lost */
    forget(job, job->inner.url->text);
}

/* `item` has the fields of the 304. */
static void end_update(struct tinet__cache_job *job)
{
  tinet_error none = {0};

  store_update(job);
  if (job->x)
    tinet__job_replay(job, TINET_HTTP_CACHE_REVALIDATED);
  else
    tinet__job_finish(job, &none);
}

static void on_finish(struct tinet__exchange *inner, const tinet_error *err)
{
  struct tinet__cache_job *job = JOB_OF(inner);

  job->is_inner_running = false;
  if (job->x) {
    job->x->times = inner->times;
    job->x->tls_failure = inner->tls_failure;
    job->x->verdict = inner->verdict;
  }
  if (job->mode == TINET__JOB_UPDATE)
    end_update(job);
  else if (job->mode == TINET__JOB_AGAIN)
    fetch_again(job);
  else if (job->mode == TINET__JOB_COVER ||
           (err->code != 0 && !job->has_answer && is_outage(err->code) &&
            may_cover(job)))
    tinet__job_replay(job, TINET_HTTP_CACHE_STALE);
  else
    end_network(job, err);
}

static const struct tinet__exchange_events inner_events = {
    .on_connected = on_connected,
    .on_headers = on_headers,
    .on_interim = on_interim,
    .on_body = on_body,
    .on_read = on_read,
    .on_rewind = on_rewind,
    .on_progress = on_progress,
    .on_finish = on_finish,
};

/* ---- starting ---- */

int tinet__job_begin_inner(struct tinet__cache_job *job)
{
  struct tinet__transport *below = job->t->inner;
  struct tinet__exchange *inner = &job->inner;
  int err;

  if (job->x)
    *inner = *job->x;
  inner->ev = &inner_events;
  inner->impl = NULL;
  inner->carrier = NULL;
  inner->tls_failure = NULL;
  inner->verdict = NULL;
  if (job->x && job->mode == TINET__JOB_VALIDATE) {
    err = tinet__headers_copy(&job->own_headers, inner->headers);
    if (err == TINET_OK)
      err = tinet__cache_add_validators(&job->item->headers, &job->own_headers);
    if (err < 0)
      return err;
    inner->headers = &job->own_headers;
  }
  job->request_s = tinet__job_now_s();
  err = below->ops->start(below, inner);
  job->is_inner_running = err == TINET_OK;
  return err;
}
