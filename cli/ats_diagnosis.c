/* ats_diagnosis.c - one URL: its hops, their servers, the verdicts. */
#include "ats_diagnose.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- URLs ---- */

static bool split_port(const char *text, const char *end, uint16_t *ret_port)
{
  unsigned long port = 0;

  if (text == end)
    return true;
  for (; text < end; text++) {
    if (!isdigit((unsigned char)*text) || port > 6553)
      return false;
    port = port * 10 + (unsigned long)(*text - '0');
  }
  if (port == 0 || port > 65535)
    return false;
  *ret_port = (uint16_t)port;
  return true;
}

static const char *end_of_host(const char *host, const char *end)
{
  const char *p;

  if (*host == '[') {
    p = memchr(host, ']', (size_t)(end - host));
    return p ? p + 1 : NULL;
  }
  p = memchr(host, ':', (size_t)(end - host));
  return p ? p : end;
}

static bool is_dotted(const char *host, const char *end)
{
  bool has_dot = false;

  for (; end && host < end; host++) {
    if (!isdigit((unsigned char)*host) && *host != '.')
      return false;
    has_dot |= *host == '.';
  }
  return has_dot;
}

static bool take_host(const char *from, const char *to,
                      struct diagnose_hop *hop)
{
  char key[TINET_ATS_HOST_KEY_MAX];

  if (*from == '[') {
    from++;
    to--;
  }
  if (to <= from || (size_t)(to - from) >= sizeof hop->host)
    return false;
  memcpy(hop->host, from, (size_t)(to - from));
  hop->host[to - from] = '\0';
  /* It is written into advice that people copy into a shell: a redirect must
   * not choose what they run. */
  for (const unsigned char *p = (const unsigned char *)hop->host; *p; p++)
    if (*p < 0x80 && !isalnum(*p) && !strchr("-._:%", *p))
      return false;
  return tinet_ats_host_key(hop->host, key) == TINET_OK;
}

bool diagnose_split(const char *url, struct diagnose_hop *hop)
{
  const char *host, *end, *at, *host_end;

  memset(hop, 0, sizeof *hop);
  if (strlen(url) >= sizeof hop->url)
    return false;
  if (strncasecmp(url, "https://", 8) == 0)
    hop->is_https = true;
  else if (strncasecmp(url, "http://", 7) != 0)
    return false;
  (void)snprintf(hop->url, sizeof hop->url, "%s", url);
  (void)snprintf(hop->scheme, sizeof hop->scheme, "%s",
                 hop->is_https ? "https" : "http");
  host = strstr(url, "://") + 3;
  end = host + strcspn(host, "/?#");
  at = memrchr(host, '@', (size_t)(end - host));
  if (at)
    host = at + 1;
  host_end = end_of_host(host, end);
  hop->port = hop->is_https ? 443 : 80;
  hop->is_address = *host == '[' || is_dotted(host, host_end);
  return host_end && take_host(host, host_end, hop) &&
         (host_end == end ||
          (*host_end == ':' && split_port(host_end + 1, end, &hop->port)));
}

/* ---- judging ---- */

static tinet_ats_request request_of(const struct diagnose_options *o,
                                    const struct diagnose_hop *hop)
{
  return (tinet_ats_request){
      .scheme = hop->scheme, .host = hop->host, .direct = o->direct};
}

static void fail(struct diagnose_hop *hop, int code, const char *text)
{
  hop->error.code = code;
  (void)snprintf(hop->error.text, sizeof hop->error.text, "%s", text);
}

/* An earlier hop to the same place has shown all that there is. */
static bool share(struct diagnosis *d, struct diagnose_hop *hop)
{
  for (const struct diagnose_hop *h = d->hops; h != hop; h++)
    if (h->is_https && h->port == hop->port &&
        strcmp(h->host, hop->host) == 0) {
      hop->server = h->server;
      hop->error = h->error;
      return true;
    }
  return false;
}

static void probe(const struct diagnose_options *o, struct diagnose_hop *hop)
{
  tinet_ats_probe_options options = o->probe;
  tinet_error err = {0};
  int code;

  hop->owns_server = true;
  options.host = hop->host;
  options.port = hop->port;
  options.profile = o->ats.profile;
  code = tinet_ats_server_probe(&options, &hop->server, &err);
  if (code < 0)
    fail(hop, code, err.code ? err.text : "out of memory");
  else if (hop->server->error.code < 0)
    hop->error = hop->server->error;
}

static void find_relief(const struct diagnose_options *o,
                        struct diagnose_hop *hop)
{
  tinet_ats_request request = request_of(o, hop);

  hop->has_relief = tinet_ats_smallest_relief(hop->server, &request, &o->ats,
                                              &hop->relief) == TINET_OK;
}

/* Exempt by its name, or because the user says so. */
static bool is_local(const struct diagnose_options *o,
                     const struct diagnose_hop *hop)
{
  const tinet_ats_request request = {
      .scheme = "http", .host = hop->host, .direct = o->direct};
  const tinet_ats_relief none = {0, false, false, false};
  tinet_ats_policy *policy;
  tinet_ats_verdict v;
  bool is_it = false;

  if (tinet_ats_relief_policy(&none, hop->host, &o->ats, &policy) < 0)
    return false;
  if (tinet_ats_decide(policy, &request, NULL, &v) == TINET_OK)
    is_it = v.code == TINET_ATS_LOCAL;
  tinet_ats_policy_unref(policy);
  return is_it;
}

/* With its server, unless the hop is http or has an error. */
static void judge_probed(const struct diagnose_options *o,
                         struct diagnose_hop *hop)
{
  tinet_ats_request request = request_of(o, hop);
  int code;

  if (hop->error.code < 0)
    return;
  if (hop->is_https)
    code = tinet_ats_server_judge(hop->server, o->policy, &request,
                                  &hop->verdict, &hop->used);
  else
    code = tinet_ats_decide(o->policy, &request, NULL, &hop->verdict);
  if (code < 0)
    fail(hop, code, "the host cannot be judged");
  else
    find_relief(o, hop);
  hop->is_local = is_local(o, hop);
}

static void judge_hop(const struct diagnose_options *o, struct diagnosis *d,
                      struct diagnose_hop *hop)
{
  if (hop->is_https && !share(d, hop))
    probe(o, hop);
  judge_probed(o, hop);
}

static void judge_apple(const struct diagnose_options *o, struct diagnosis *d)
{
  const struct diagnose_hop *hop = &d->hops[0];
  tinet_ats_request request = request_of(o, hop);
  tinet_ats_policy *policy;
  tinet_ats_verdict v;
  int code;

  if (hop->error.code < 0)
    return;
  for (size_t i = 0; i < TINET_ATS_N_CONFIGURATIONS; i++) {
    const tinet_ats_configuration *c = tinet_ats_configuration_at(i);

    if (tinet_ats_relief_policy(&c->relief, hop->host, &o->ats, &policy) < 0)
      return;
    if (hop->server)
      code = tinet_ats_server_judge(hop->server, policy, &request, &v, NULL);
    else
      code = tinet_ats_decide(policy, &request, NULL, &v);
    d->passes_apple[i] = code == TINET_OK && v.is_allowed;
    tinet_ats_policy_unref(policy);
  }
  d->has_apple = true;
}

/* What https would give to an http URL on the usual ports. */
static void look_at_https(const struct diagnose_options *o, struct diagnosis *d)
{
  struct diagnose_hop hop = d->hops[0];

  if (hop.is_https || hop.port != 80)
    return;
  hop.is_https = true;
  hop.port = 443;
  hop.server = NULL;
  memset(&hop.error, 0, sizeof hop.error);
  (void)snprintf(hop.scheme, sizeof hop.scheme, "https");
  probe(o, &hop);
  judge_probed(o, &hop);
  d->secure = hop.server;
  d->is_secure_enough = hop.error.code == 0 && hop.verdict.is_allowed;
}

/* ---- the whole ---- */

static int status_of_error(int code)
{
  switch (code) {
  case TINET_ERESOLVE:
    return ATS_NO_HOST;
  case TINET_ETIMEDOUT:
    return ATS_TIMEOUT;
  case TINET_EFILE:
    return ATS_NO_FILE;
  case TINET_ENOMEM:
  case TINET_EINVAL:
    return ATS_INTERNAL;
  default:
    return ATS_NO_CONNECTION;
  }
}

static bool is_by_exception(const tinet_ats_verdict *v)
{
  return v->code == TINET_ATS_EXCEPTION || v->code == TINET_ATS_ARBITRARY_LOADS;
}

static int status_of(const struct diagnose_options *o,
                     const struct diagnosis *d)
{
  int status = CLI_OK;

  for (size_t i = 0; i < d->n_hops; i++) {
    const struct diagnose_hop *hop = &d->hops[i];

    if (hop->error.code < 0)
      return status == ATS_DENIED ? status : status_of_error(hop->error.code);
    if (!hop->verdict.is_allowed)
      status = ATS_DENIED;
    else if (o->denies_exceptions && is_by_exception(&hop->verdict) &&
             status == CLI_OK)
      status = ATS_EXCEPTION;
  }
  return status;
}

struct diagnosis *diagnose(const struct diagnose_options *o, const char *url)
{
  struct diagnosis *d = cli_alloc(sizeof *d);

  memset(d, 0, sizeof *d);
  d->url = cli_strdup(url);
  d->hops = cli_alloc(ATS_MAX_HOPS * sizeof *d->hops);
  memset(d->hops, 0, ATS_MAX_HOPS * sizeof *d->hops);
  d->n_hops = 1;
  if (!diagnose_split(url, &d->hops[0])) {
    (void)snprintf(d->hops[0].url, sizeof d->hops[0].url, "%s", url);
    fail(&d->hops[0], TINET_EURL, "not a URL of http or https with a host");
    d->status = ATS_USAGE;
    return d;
  }
  judge_hop(o, d, &d->hops[0]);
  look_at_https(o, d);
  if (o->follows)
    diagnose_http(o, d);
  for (size_t i = 1; i < d->n_hops; i++)
    judge_hop(o, d, &d->hops[i]);
  judge_apple(o, d);
  d->status = status_of(o, d);
  return d;
}

void diagnosis_free(struct diagnosis *d)
{
  if (!d)
    return;
  for (size_t i = 0; i < d->n_hops; i++)
    if (d->hops[i].owns_server)
      tinet_ats_server_free(d->hops[i].server);
  tinet_ats_server_free(d->secure);
  free(d->hops);
  free(d->url);
  free(d);
}
