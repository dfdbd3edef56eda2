/* client_save.c - syncing and renaming the target file off the loop.
 *
 * The sink moves into a job while a worker thread has it.  A client that is
 * aborted or freed meanwhile leaves the job to end on its own.
 */
#include "http_private.h"

#include "../core/alloc.h"
#include "../core/error.h"

#include <stdatomic.h>

struct tinet__save {
  tinet_http_client *c; /* NULL once nobody waits */
  struct tinet__sink sink;
  atomic_bool is_cancelled;
  int code;
  tinet_error err; /* if code is negative */
};

static void on_run(void *arg)
{
  struct tinet__save *save = arg;

  if (!atomic_load(&save->is_cancelled))
    save->code = tinet__sink_commit(&save->sink, &save->err);
}

static void on_saved(void *arg)
{
  struct tinet__save *save = arg;
  tinet_http_client *c = save->c;
  tinet_error err = save->err;
  int code = save->code;

  if (!c) {
    tinet__sink_free(&save->sink);
    tinet__free(save);
    return;
  }
  tinet__sink_free(&c->sink);
  c->sink = save->sink;
  c->save = NULL;
  tinet__free(save);
  tinet__client_saved(c, code < 0 ? &err : NULL);
}

int tinet__client_save(tinet_http_client *c)
{
  struct tinet__save *save = tinet__zalloc(sizeof *save);
  int err;

  if (!save)
    return TINET_ENOMEM;
  save->c = c;
  save->sink = c->sink;
  atomic_init(&save->is_cancelled, false);
  err = tinet__work_start(c->lane->loop, on_run, on_saved, save);
  if (err < 0) {
    tinet__free(save);
    return err;
  }
  tinet__sink_init(&c->sink, save->sink.threshold);
  c->save = save;
  c->phase = TINET__SAVING;
  tinet__deadline_counts(c, false);
  return TINET_OK;
}

void tinet__client_forget_save(tinet_http_client *c)
{
  atomic_store(&c->save->is_cancelled, true);
  c->save->c = NULL;
  c->save = NULL;
}
