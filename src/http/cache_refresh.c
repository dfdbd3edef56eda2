/* cache_refresh.c - validating behind the scenes.  rfc: 5861 3
 *
 * The exchange of a client that has got its answer already: nobody waits for
 * it, so a timer ends it, and what it borrowed is its own.
 */
#include "cache_job.h"

#include "../core/alloc.h"

#include <string.h>

static void on_late(void *arg)
{
  struct tinet__cache_job *job = arg;
  tinet_error none = {0};

  tinet__job_finish(job, &none);
}

static bool is_refreshing(const struct tinet__cache_transport *t,
                          const char *url, const char *scope)
{
  for (struct tinet__list *l = t->jobs.next; l != &t->jobs; l = l->next) {
    struct tinet__cache_job *job =
        TINET__CONTAINER(l, struct tinet__cache_job, link);

    if (!job->x && strcmp(job->inner.url->text, url) == 0 &&
        strcmp(job->scope, scope) == 0)
      return true;
  }
  return false;
}

/* What the exchange borrows must outlive the request it was made for. */
static int own_all(struct tinet__cache_job *job,
                   const struct tinet__exchange *x, const char *scope)
{
  int err;

  job->inner = *x;
  job->scope = tinet__strdup(scope);
  job->proxy = x->proxy ? tinet__strdup(x->proxy) : NULL;
  if (!job->scope || (x->proxy && !job->proxy))
    return TINET_ENOMEM;
  err = tinet__url_parse(x->url->text, false, &job->url, NULL);
  if (err == TINET_OK)
    err = tinet__headers_copy(&job->own_headers, x->headers);
  if (err == TINET_OK)
    err = tinet__cache_add_validators(&job->item->headers, &job->own_headers);
  if (err == TINET_OK)
    err = tinet__timer_open(job->t->loop, on_late, job, &job->timer);
  job->trust = x->trust ? tinet_trust_ref(x->trust) : NULL;
  job->inner.url = &job->url;
  job->inner.proxy = job->proxy;
  job->inner.trust = job->trust;
  job->ats = tinet_ats_policy_ref(x->ats);
  job->inner.ats = job->ats;
  job->inner.method = "GET";
  job->inner.headers = &job->own_headers;
  job->inner.login = NULL;
  return err;
}

void tinet__job_refresh(struct tinet__cache_transport *t,
                        const struct tinet__exchange *x,
                        struct tinet__cache_item *item, const char *scope)
{
  struct tinet__cache_job *job;

  if (is_refreshing(t, x->url->text, scope))
    return;
  job = tinet__job_new(t, NULL);
  if (!job)
    return;
  job->mode = TINET__JOB_VALIDATE;
  job->is_cacheable = true;
  job->item = tinet__cache_item_ref(item);
  if (own_all(job, x, scope) < 0 || tinet__job_begin_inner(job) < 0) {
    tinet__job_end(job);
    return;
  }
  tinet__timer_start(job->timer, TINET__REFRESH_TIMEOUT_MS);
}
