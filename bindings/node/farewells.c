/* farewells.c - streams that JavaScript has closed and whose last bytes are
 * still on their way.
 *
 * close() must not lose what a completed write has given to the kernel, and the
 * kernel throws that away when data comes, or has come, that nobody reads.  So
 * such a stream sends its end and reads on for a while; what was still queued
 * in this process is dropped, as its operations were told.
 */
#include "sockets.h"

#include <stdlib.h>

/* Without a byte of progress; it keeps the process running. */
#define PATIENCE_MS 2000

struct farewell {
  struct addon *addon;
  tinet_stream *stream; /* owned */
  struct farewell *prev, *next;
};

static void end_farewell(struct farewell *f)
{
  if (f->prev)
    f->prev->next = f->next;
  else
    f->addon->farewells = f->next;
  if (f->next)
    f->next->prev = f->prev;
  (void)tinet_stream_close(f->stream);
  free(f);
}

static void on_finished(tinet_stream *stream, size_t n_dropped, void *user)
{
  (void)stream;
  (void)n_dropped; /* the queue was empty */
  end_farewell(user);
}

static const tinet_stream_events farewell_events = {.on_finished = on_finished};

void say_farewell(struct addon *a, tinet_stream *stream)
{
  struct farewell *f = NULL;

  (void)tinet_stream_drop_queued(stream);
  if (!tinet_stream_is_settled(stream))
    f = calloc(1, sizeof *f);
  if (!f || tinet_stream_finish(stream, PATIENCE_MS) < 0) {
    free(f);
    (void)tinet_stream_close(stream);
    return;
  }
  tinet_stream_set_events(stream, &farewell_events, f);
  f->addon = a;
  f->stream = stream;
  f->next = a->farewells;
  if (f->next)
    f->next->prev = f;
  a->farewells = f;
}

/* The environment ends: there is no time for them. */
void end_farewells(struct addon *a)
{
  struct farewell *f = a->farewells;

  a->farewells = NULL;
  while (f) {
    struct farewell *next = f->next;

    (void)tinet_stream_close(f->stream);
    free(f);
    f = next;
  }
}
