/* client_progress.c - progress of both directions, at most every 30 ms.
 * ti: HTTPClient.onload, HTTPClient.ondatastream */
#include "http_private.h"

#include <string.h>

typedef void (*progress_cb)(tinet_http_client *c, const tinet_http_progress *p,
                            void *user);

void tinet__meter_start(struct tinet__meter *m, int64_t total)
{
  memset(m, 0, sizeof *m);
  m->total = total;
}

static bool is_complete(const struct tinet__meter *m)
{
  return m->total >= 0 && m->size == (uint64_t)m->total;
}

static void report(tinet_http_client *c, struct tinet__meter *m, uint64_t now,
                   progress_cb cb)
{
  tinet_http_progress p = {
      .progress = -1,
      .total_count = m->total,
      .total_size = m->size,
      .size = m->size - m->reported,
  };

  if (m->total > 0 && m->size <= (uint64_t)m->total)
    p.progress = (double)m->size / (double)m->total;
  m->reported = m->size;
  m->reported_at_ms = now;
  m->has_reported = true;
  cb(c, &p, c->user);
}

static void report_if_due(tinet_http_client *c, struct tinet__meter *m,
                          progress_cb cb)
{
  uint64_t now;

  if (!cb || c->is_sync || m->size == m->reported)
    return;
  now = tinet__loop_now_ms(c->lane->loop);
  if (!m->has_reported || is_complete(m) ||
      now - m->reported_at_ms >= TINET__PROGRESS_INTERVAL_MS)
    report(c, m, now, cb);
}

void tinet__client_received(tinet_http_client *c)
{
  report_if_due(c, &c->received, c->ev.on_datastream);
}

void tinet__client_sent(tinet_http_client *c)
{
  report_if_due(c, &c->sent, c->ev.on_sendstream);
}

void tinet__client_flush_received(tinet_http_client *c)
{
  struct tinet__meter *m = &c->received;

  if (c->ev.on_datastream && !c->is_sync && m->size != m->reported)
    report(c, m, tinet__loop_now_ms(c->lane->loop), c->ev.on_datastream);
}
