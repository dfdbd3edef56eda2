/* client_report.c - one finished hop, as --verbose and HAR want it. */
#include "http_private.h"

#include "../core/alloc.h"

#include <stdio.h>
#include <string.h>

/* An array of borrowed pairs; a Host field in front if `host` is given. */
static tinet_http_header *pairs(const struct tinet__headers *h,
                                const char *host, size_t *ret_n)
{
  tinet_http_header *a = tinet__alloc((h->n_fields + 1) * sizeof *a);
  size_t n = 0;

  if (!a)
    return NULL;
  if (host && !tinet__headers_get(h, "Host"))
    a[n++] = (tinet_http_header){"Host", host};
  for (size_t i = 0; i < h->n_fields; i++)
    a[n++] = (tinet_http_header){tinet__headers_name(h, i),
                                 tinet__headers_value(h, i)};
  *ret_n = n;
  return a;
}

static void fill_connection(const tinet_http_client *c, tinet_http_hop *hop)
{
  hop->remote_address = c->facts_address;
  if (!c->facts.remote_address)
    hop->remote_address = ""; /* never connected: the text is an older one */
  hop->remote_port = c->facts.remote_port;
  hop->is_reused = c->facts.is_reused;
  if (c->facts.is_tls) {
    hop->tls_version = c->facts_version;
    hop->tls_cipher = c->facts_cipher;
  }
}

/* A transport that was never asked, or was stopped, leaves zeros. */
static int64_t happened(int64_t us)
{
  return us > 0 ? us : -1;
}

static void fill_times(const tinet_http_client *c, tinet_http_hop *hop)
{
  const struct tinet__exchange_times *t = &c->x.times;
  int64_t since_start = tinet__clock_wall_us() - c->started_wall_us;

  hop->started_wall_us = c->started_wall_us;
  hop->name_us = happened(t->name_us);
  hop->connect_us = happened(t->connect_us);
  hop->tls_us = happened(t->tls_us);
  hop->sent_us = happened(t->sent_us);
  hop->first_byte_us = happened(t->first_byte_us);
  hop->total_us = t->total_us;
  /* One that timed out ended now, whatever was last noted. */
  if (hop->status == 0 || t->total_us <= 0)
    hop->total_us = since_start > t->total_us ? since_start : t->total_us;
}

static void host_text(const struct tinet__url *url, char *to, size_t size)
{
  const char *open = url->is_ipv6 ? "[" : "", *end = url->is_ipv6 ? "]" : "";

  if (url->has_port)
    (void)snprintf(to, size, "%s%s%s:%d", open, url->host, end, url->port);
  else
    (void)snprintf(to, size, "%s%s%s", open, url->host, end);
}

void tinet__client_report_hop(tinet_http_client *c, const tinet_error *err)
{
  tinet_http_header *request, *response = NULL;
  char host[300];
  tinet_http_hop hop = {0};

  if (!c->ev.on_hop || !c->url.host)
    return;
  host_text(&c->url, host, sizeof host);
  request = pairs(&c->hop_headers, host, &hop.n_request_headers);
  if (request)
    response = pairs(&c->headers, NULL, &hop.n_response_headers);
  if (response) {
    hop.index = c->n_hops++;
    hop.method = tinet__client_hop_method(c);
    hop.url = c->url.text;
    hop.request_headers = request;
    hop.request_body_len = c->sent_now;
    hop.status = c->status;
    hop.statustext = c->phrase ? c->phrase : "";
    hop.http_version = tinet__http_version_text(c->http_version);
    hop.response_headers = response;
    hop.response_body_len = c->wire_len;
    if (c->redirect.is_followed)
      hop.redirect_url = c->redirect.url.text;
    else if (err->code != 0)
      hop.error = err;
    fill_connection(c, &hop);
    fill_times(c, &hop);
    c->ev.on_hop(c, &hop, c->user);
  }
  tinet__free(request);
  tinet__free(response);
}
