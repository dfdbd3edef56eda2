/* ats_http.c - --http: redirects, cleartext, HSTS.
 *
 * Nothing is judged here, and so nothing is refused: what a browser would not
 * follow is to be seen.
 */
#include "ats_diagnose.h"

#include <string.h>
#include <strings.h>
#include <tinet/http.h>

struct asking {
  struct diagnosis *d;
  bool is_cleartext; /* only whether http is open */
  int status;        /* of the last response */
  tinet_error error;
};

static const char *header(const tinet_http_hop *hop, const char *name)
{
  for (size_t i = 0; i < hop->n_response_headers; i++)
    if (strcasecmp(hop->response_headers[i].name, name) == 0)
      return hop->response_headers[i].value;
  return NULL;
}

static void note_redirect(struct diagnosis *d, const char *url)
{
  struct diagnose_hop *next;

  if (d->n_hops >= ATS_MAX_HOPS)
    return;
  next = &d->hops[d->n_hops++];
  if (diagnose_split(url, next))
    return;
  memset(next, 0, sizeof *next);
  next->error.code = TINET_EURL;
  (void)snprintf(next->url, sizeof next->url, "%.*s", (int)sizeof next->url - 1,
                 url);
  (void)snprintf(next->error.text, sizeof next->error.text,
                 "the redirect leads to what is no URL of http or https");
}

static void note_cleartext(struct asking *a, const tinet_http_hop *hop)
{
  if (hop->index > 0 || hop->status == 0)
    return;
  a->d->cleartext =
      hop->redirect_url && strncasecmp(hop->redirect_url, "https:", 6) == 0
          ? CLEARTEXT_REDIRECTS
          : CLEARTEXT_OPEN;
}

static void on_hop(tinet_http_client *c, const tinet_http_hop *hop, void *user)
{
  struct asking *a = user;
  const char *hsts = header(hop, "Strict-Transport-Security");

  (void)c;
  a->status = hop->status;
  if (a->is_cleartext) {
    note_cleartext(a, hop);
    return;
  }
  if (hop->index < a->d->n_hops)
    a->d->hops[hop->index].http_status = hop->status;
  if (hop->index == 0 && hsts && a->d->hops[0].is_https)
    diagnose_hsts_parse(hsts, &a->d->hsts);
  if (hop->redirect_url)
    note_redirect(a->d, hop->redirect_url);
}

static void on_done(tinet_http_client *c, const tinet_error *error, void *user)
{
  struct asking *a = user;

  (void)c;
  if (error && error->code != TINET_EHTTPSTATUS)
    a->error = *error;
}

static void ask(tinet_loop *loop, tinet_http *http, struct asking *a,
                const char *method, const char *url,
                const tinet_http_settings *settings)
{
  static const tinet_http_events events = {.on_hop = on_hop,
                                           .on_done = on_done};
  tinet_http_client *c = NULL;

  memset(&a->error, 0, sizeof a->error);
  if (tinet_http_client_new(http, &events, a, &c) == TINET_OK &&
      tinet_http_client_open(c, method, url) == TINET_OK &&
      tinet_http_client_send(c, settings, NULL) == TINET_OK)
    (void)tinet_loop_run(loop);
  tinet_http_client_free(c);
}

/* A server that only speaks old TLS is asked by that. */
static tinet_tls_version version_for(const struct diagnosis *d)
{
  unsigned best = d->hops[0].server ? d->hops[0].server->best_version : 0;

  if (best == 0x0301)
    return TINET_TLS_VERSION_1_0;
  return best == 0x0302 ? TINET_TLS_VERSION_1_1 : TINET_TLS_VERSION_DEFAULT;
}

static void follow(const struct diagnose_options *o, struct diagnosis *d,
                   tinet_loop *loop, tinet_http *http)
{
  struct asking a = {.d = d};
  tinet_http_settings settings;

  tinet_http_settings_init(&settings);
  settings.validates_certificate = false;
  settings.timeout_ms = o->probe.timeout_ms;
  settings.timeout_for_resource_ms = 4 * (int64_t)o->probe.timeout_ms;
  settings.tls_version = version_for(d);
  ask(loop, http, &a, "HEAD", d->hops[0].url, &settings);
  if (a.status == 405 || a.status == 501) {
    d->n_hops = 1;
    ask(loop, http, &a, "GET", d->hops[0].url, &settings);
  }
  d->http_error = a.error;
}

static void look_at_cleartext(const struct diagnose_options *o,
                              struct diagnosis *d, tinet_loop *loop,
                              tinet_http *http)
{
  const struct diagnose_hop *first = &d->hops[0];
  struct asking a = {.d = d, .is_cleartext = true};
  tinet_http_settings settings;
  char url[300];
  bool is_six = strchr(first->host, ':') != NULL;

  tinet_http_settings_init(&settings);
  settings.is_auto_redirect = true;
  settings.validates_certificate = false;
  settings.timeout_ms = o->probe.timeout_ms;
  settings.timeout_for_resource_ms = o->probe.timeout_ms;
  (void)snprintf(url, sizeof url, "http://%s%s%s:%u/", is_six ? "[" : "",
                 first->host, is_six ? "]" : "",
                 first->is_https ? 80 : first->port);
  ask(loop, http, &a, "HEAD", url, &settings);
  if (d->cleartext == CLEARTEXT_UNKNOWN)
    d->cleartext = CLEARTEXT_CLOSED;
}

void diagnose_http(const struct diagnose_options *o, struct diagnosis *d)
{
  tinet_loop *loop = NULL;
  tinet_http *http = NULL;
  tinet_http_options options;

  if (d->hops[0].error.code < 0)
    return;
  tinet_http_options_init(&options);
  options.ca_file = o->ca_file;
  if (tinet_loop_open(&loop) == TINET_OK &&
      tinet_http_open(loop, &options, &http) == TINET_OK) {
    follow(o, d, loop, http);
    look_at_cleartext(o, d, loop, http);
  }
  tinet_http_close(http);
  if (loop)
    (void)tinet_loop_close(loop);
}
