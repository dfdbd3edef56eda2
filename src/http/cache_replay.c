/* cache_replay.c - a stored response, given out as if it came by now.
 *
 * A few pieces of the body a turn of the loop, so that others get theirs.
 */
#include "cache_job.h"

#include "../core/error.h"

#include <stdio.h>
#include <string.h>

#define PIECES 4 /* 256 KiB: a turn costs little beside it */

/* rfc: 9111 5.1 */
static int add_age(struct tinet__cache_job *job, struct tinet__headers *h)
{
  struct tinet__cache_response r = tinet__cache_item_response(job->item);
  int64_t age = tinet__cache_age(&r, tinet__job_now_s());
  char text[24];

  if (age > TINET__DELTA_MAX)
    age = TINET__DELTA_MAX;
  (void)snprintf(text, sizeof text, "%lld", (long long)age);
  return tinet__headers_set(h, "Age", text);
}

static int send_headers(struct tinet__cache_job *job, tinet_error *err)
{
  struct tinet__exchange *x = job->x;
  struct tinet__cache_item *item = job->item;
  struct tinet__headers h = {0};
  int code = tinet__headers_copy(&h, &item->headers);

  job->has_sent_headers = true;
  if (code == TINET_OK)
    code = add_age(job, &h);
  if (code == TINET_OK)
    code = x->ev->on_headers(x, item->http_version, item->status, item->phrase,
                             &h, err);
  else
    code = tinet__error_set(err, code, TINET_ORIGIN_TINET, 0, NULL);
  tinet__headers_free(&h);
  return code;
}

/* One piece of what is left. */
static int send_body(struct tinet__cache_job *job, tinet_error *err)
{
  const struct tinet__cache_body *body = job->item->body;
  struct tinet__exchange *x = job->x;
  const char *data = body->data;
  int64_t len;

  if (data) {
    len = (int64_t)(body->len - job->offset);
    if (len > TINET__SCRATCH_LEN)
      len = TINET__SCRATCH_LEN;
    data += job->offset;
  } else {
    void *scratch = tinet__loop_scratch(job->t->loop);

    if (!scratch)
      return tinet__error_set(err, TINET_ENOMEM, TINET_ORIGIN_TINET, 0, NULL);
    len =
        tinet__cache_body_read(body, job->offset, scratch, TINET__SCRATCH_LEN);
    if (len <= 0)
      return tinet__error_set(err, TINET_ESTORE, TINET_ORIGIN_TINET, 0,
                              "%s: the stored body cannot be read",
                              x->url->host);
    data = scratch;
  }
  job->offset += (uint64_t)len;
  return x->ev->on_body(x, data, (size_t)len, err);
}

static void note_times(struct tinet__cache_job *job)
{
  struct tinet__exchange_times *times = &job->x->times;

  if (job->started_us == 0 || job->has_answer)
    return; /* the validation's */
  times->name_us = times->connect_us = times->tls_us = times->sent_us = -1;
  times->total_us = (int64_t)(tinet__clock_us() - job->started_us);
  times->first_byte_us = times->total_us;
}

static void on_turn(void *arg)
{
  struct tinet__cache_job *job = arg;
  tinet_error err = {0};
  int code = TINET_OK;

  tinet__job_ref(job);
  if (!job->has_sent_headers)
    code = send_headers(job, &err);
  for (int i = 0; i < PIECES && code == TINET_OK && !job->has_ended &&
                  job->offset < job->item->body->len;
       i++)
    code = send_body(job, &err);
  if (!job->has_ended) {
    if (code < 0 && err.code == 0)
      tinet__error_set(&err, code, TINET_ORIGIN_TINET, 0, NULL);
    if (code < 0 || job->offset == job->item->body->len) {
      note_times(job);
      tinet__job_finish(job, &err);
    } else {
      tinet__defer(job->t->loop, &job->deferred, on_turn, job);
    }
  }
  tinet__job_unref(job);
}

void tinet__job_replay(struct tinet__cache_job *job,
                       tinet_http_cache_state state)
{
  job->mode = TINET__JOB_REPLAY;
  job->x->cache_state = state;
  tinet__cache_touch(job->t->cache, job->item);
  tinet__cache_count(job->t->cache, state == TINET_HTTP_CACHE_REVALIDATED
                                        ? TINET__CACHE_N_VALIDATED
                                        : TINET__CACHE_N_HITS);
  tinet__defer(job->t->loop, &job->deferred, on_turn, job);
}

static void on_refused(void *arg)
{
  struct tinet__cache_job *job = arg;
  struct tinet__exchange *x = job->x;
  struct tinet__headers h = {0};
  tinet_error err = {0};
  int code = tinet__headers_add(&h, "Content-Length", 14, "0", 1);

  tinet__job_ref(job);
  if (code == TINET_OK)
    code = x->ev->on_headers(x, 11, 504, tinet__status_phrase(504), &h, &err);
  tinet__headers_free(&h);
  if (!job->has_ended) {
    if (code < 0 && err.code == 0)
      tinet__error_set(&err, code, TINET_ORIGIN_TINET, 0, NULL);
    note_times(job);
    tinet__job_finish(job, &err);
  }
  tinet__job_unref(job);
}

/* rfc: 9111 5.2.1.7 */
void tinet__job_refuse(struct tinet__cache_job *job)
{
  job->x->cache_state = TINET_HTTP_CACHE_MISS;
  tinet__cache_count(job->t->cache, TINET__CACHE_N_MISSES);
  tinet__defer(job->t->loop, &job->deferred, on_refused, job);
}
