/* ats_diagnose_text.c - a diagnosis for a person: 80 columns, no colour
 * needed. */
#include "ats_diagnose.h"

#include <stdlib.h>
#include <string.h>

#define LABEL 13 /* columns of "  negotiated " */

/* ---- lines ---- */

static void labelled(FILE *out, const char *label, const char *text)
{
  (void)fprintf(out, "  %-*s", LABEL - 2, label);
  cli_wrap(out, LABEL, LABEL, text);
}

/* Lines that are to be copied are not wrapped. */
static void block(FILE *out, const char *label, const char *lines)
{
  for (const char *p = lines; *p;) {
    size_t len = strcspn(p, "\n");

    (void)fprintf(out, "      %-7s %.*s\n", p == lines ? label : "", (int)len,
                  p);
    p += len;
    p += *p == '\n';
  }
}

/* ---- what was seen ---- */

static void print_certificate(FILE *out, size_t at,
                              const tinet_ats_described *c)
{
  char text[512];

  (void)snprintf(text, sizeof text, "%zu %s", at, c->subject);
  labelled(out, at == 0 ? "chain" : "", text);
  (void)snprintf(text, sizeof text, "  %s, %s, %.10s to %.10s", c->key, c->hash,
                 c->not_before, c->not_after);
  (void)fprintf(out, "%*s%s\n", LABEL, "", text);
}

static void print_chain(FILE *out, const tinet_ats_chain *chain)
{
  static const char *const anchors[] = {
      "verified, with an authority of the system",
      "verified, with an authority that was added",
      "verified: the certificate itself was added"};
  char text[600];

  for (size_t i = 0; i < chain->n; i++)
    print_certificate(out, i, &chain->described[i]);
  if (chain->described[0].names[0])
    labelled(out, "names", chain->described[0].names);
  if (chain->openssl_code == 0) {
    labelled(out, "trust", anchors[chain->anchor]);
    return;
  }
  (void)snprintf(text, sizeof text, "not verified: %s (certificate %d)",
                 chain->trust_text, chain->trust_depth);
  labelled(out, "trust", text);
}

static void print_connection(FILE *out, const struct diagnose_hop *hop)
{
  const tinet_ats_probe *p = hop->used;
  char text[300];

  if (!p || !hop->server)
    return;
  (void)snprintf(text, sizeof text, "%s, %s (0x%04X)%s%s%s",
                 diagnose_version_name(p->version), p->suite_name, p->suite,
                 p->group[0] ? ", " : "", p->group,
                 p->asks_client_certificate ? ", asks for a client certificate"
                                            : "");
  labelled(out, "negotiated", text);
  print_chain(out, &hop->server->chains[p->chain]);
}

static const char *offer_text(const tinet_ats_server *s,
                              tinet_ats_probe_kind ats,
                              tinet_ats_probe_kind rsa, int other)
{
  const tinet_ats_probe *p = s->probes;

  if (!p[ats].is_made)
    return "?";
  if (p[ats].code == 0)
    return "yes";
  if (rsa != ats && p[rsa].is_made && p[rsa].code == 0)
    return "static RSA only";
  if (other >= 0 && p[other].is_made && p[other].code == 0)
    return "no suite of ATS";
  return p[ats].code == TINET_EUNSUPPORTED ? "not known here" : "no";
}

static void print_offers(FILE *out, const tinet_ats_server *s)
{
  char text[200];

  (void)snprintf(
      text, sizeof text, "TLS 1.3: %s; 1.2: %s; 1.1: %s; 1.0: %s",
      offer_text(s, TINET_ATS_PROBE_TLS13, TINET_ATS_PROBE_TLS13, -1),
      offer_text(s, TINET_ATS_PROBE_TLS12, TINET_ATS_PROBE_TLS12_RSA,
                 TINET_ATS_PROBE_TLS12_OTHER),
      offer_text(s, TINET_ATS_PROBE_TLS11, TINET_ATS_PROBE_TLS11_RSA, -1),
      offer_text(s, TINET_ATS_PROBE_TLS10, TINET_ATS_PROBE_TLS10_RSA, -1));
  if (s->probes[TINET_ATS_PROBE_TLS12].is_made)
    labelled(out, "offers", text);
}

/* ---- rules ---- */

static const tinet_ats_code rules[] = {
    TINET_ATS_TLS_VERSION,         TINET_ATS_TLS_CIPHER,
    TINET_ATS_CERT_HOSTNAME,       TINET_ATS_CERT_UNTRUSTED,
    TINET_ATS_CERT_EXPIRED,        TINET_ATS_CERT_KEY_SIZE,
    TINET_ATS_CERT_CHAIN_KEY_SIZE, TINET_ATS_CERT_HASH_LEAF,
    TINET_ATS_CERT_HASH_CHAIN,     TINET_ATS_CERT_LIFETIME,
};

static bool is_broken(const tinet_ats_verdict *v, tinet_ats_code code)
{
  for (size_t i = 0; i < v->n_reasons; i++)
    if (v->reasons[i].code == code)
      return true;
  return false;
}

static void print_reason(FILE *out, const tinet_ats_reason *r)
{
  char text[160];
  int n;

  (void)fprintf(out, "  FAIL  %-20s ", tinet_ats_code_name(r->code));
  cli_wrap(out, 29, 29, r->text);
  n = snprintf(text, sizeof text, "NSURLErrorDomain %d", r->nsurl_code);
  if (r->ssl_status)
    n += snprintf(text + n, sizeof text - (size_t)n,
                  ", kCFStreamErrorDomainSSL %d", r->ssl_status);
  for (const int *seen = r->ssl_seen; seen && *seen; seen++)
    n += snprintf(text + n, sizeof text - (size_t)n, "%s%d",
                  seen == r->ssl_seen ? ", in logs " : ", ", *seen);
  (void)fprintf(out, "%*s", 29, "");
  cli_wrap(out, 29, 29, text);
}

static void print_kept_rules(FILE *out, const struct diagnose_hop *hop)
{
  const tinet_ats_chain *chain = &hop->server->chains[hop->used->chain];
  char text[300] = "";
  size_t n = 0;

  for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
    if (!is_broken(&hop->verdict, rules[i]))
      n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", n ? ", " : "",
                            tinet_ats_code_name(rules[i]));
  (void)fputs("  ok    ", out);
  cli_wrap(out, 8, 8, text);
  if (hop->verdict.notes & TINET_ATS_NOTE_CT_UNKNOWN)
    (void)fprintf(out,
                  "  ?     cert-ct              %u timestamps embedded, %u by "
                  "TLS; no list of logs\n",
                  chain->n_scts_embedded, chain->n_scts_tls);
}

static void print_verdict(FILE *out, const struct diagnose_hop *hop)
{
  const tinet_ats_verdict *v = &hop->verdict;
  char text[400];

  if (v->exception) {
    (void)snprintf(text, sizeof text, "%s%s%s", v->exception->key,
                   v->exception->file ? ", " : "",
                   v->exception->file ? v->exception->file : "");
    labelled(out, "entry", text);
  }
  (void)fputc('\n', out);
  for (size_t i = 0; i < v->n_reasons; i++)
    print_reason(out, &v->reasons[i]);
  if (hop->used)
    print_kept_rules(out, hop);
}

/* ---- what to do ---- */

static void print_fixes(FILE *out, const struct diagnosis *d,
                        const struct diagnose_hop *hop)
{
  if (!hop->is_https && d->secure) {
    (void)fprintf(out, "\n  use https: ");
    cli_wrap(
        out, 13, 13,
        d->is_secure_enough
            ? "the server already has it, and meets App Transport Security"
            : "the server has it, but does not meet App Transport Security "
              "there either");
  }
  for (size_t i = 0; i < hop->verdict.n_reasons; i++) {
    const struct diagnose_fix *fix =
        diagnose_fix(hop, &hop->verdict.reasons[i]);
    const char *line = fix ? strchr(fix->what, '\n') : NULL;
    char *what;

    if (!fix)
      continue;
    what = cli_format("%.*s", line ? (int)(line - fix->what) : 1000, fix->what);
    (void)fputs("\n  on the server: ", out);
    cli_wrap(out, 17, 17, what);
    free(what);
    if (line)
      block(out, "", line + 1);
    if (fix->nginx)
      block(out, "nginx", fix->nginx);
    if (fix->apache)
      block(out, "Apache", fix->apache);
  }
}

static void print_exception(FILE *out, const struct diagnosis *d)
{
  const char *review = diagnose_review_key(d);
  char text[300];

  (void)snprintf(text, sizeof text,
                 "the smallest exception, in tiapp.xml (App Review %s%s):",
                 review ? "asks for a justification of "
                        : "asks for no justification",
                 review ? review : "");
  (void)fputs("\n  or ", out);
  cli_wrap(out, 5, 5, text);
  diagnose_tiapp(d, 6, out);
}

static void print_hopeless(FILE *out, const struct diagnose_hop *hop)
{
  if (hop->error.code == 0 && !hop->verdict.is_allowed && !hop->has_relief)
    (void)fputs("\n  No key of NSExceptionDomains helps: the server must "
                "change.\n",
                out);
}

/* ---- HTTP ---- */

static void print_http(FILE *out, const struct diagnosis *d)
{
  static const char *const texts[] = {"", "closed", "open",
                                      "open, and sends to https"};

  if (d->cleartext != CLEARTEXT_UNKNOWN)
    labelled(out, "http", texts[d->cleartext]);
  if (d->hsts[0])
    labelled(out, "HSTS", d->hsts);
  else if (d->cleartext != CLEARTEXT_UNKNOWN && d->hops[0].is_https)
    labelled(out, "HSTS", "no");
  if (d->http_error.code < 0)
    labelled(out, "http error", d->http_error.text);
}

static void print_hop(FILE *out, const struct diagnosis *d, size_t at)
{
  const struct diagnose_hop *hop = &d->hops[at];
  char text[100];

  if (d->n_hops > 1) {
    (void)snprintf(text, sizeof text, "%zu, HTTP status %d", at + 1,
                   hop->http_status);
    labelled(out, "hop", text);
    labelled(out, "url", hop->url);
  }
  if (hop->error.code < 0) {
    labelled(out, "error", hop->error.text);
    return;
  }
  if (hop->server && hop->server->address[0])
    labelled(out, "address", hop->server->address);
  print_connection(out, hop);
  if (hop->server)
    print_offers(out, hop->server);
  print_verdict(out, hop);
  if (at + 1 < d->n_hops)
    (void)fputc('\n', out);
}

static const char *headline(const struct diagnosis *d)
{
  const struct diagnose_hop *hop = diagnose_decisive(d);

  if (hop->error.code < 0)
    return "COULD NOT BE JUDGED";
  if (!hop->verdict.is_allowed)
    return "DENIED by App Transport Security";
  switch (hop->verdict.code) {
  case TINET_ATS_COMPLIANT:
    return "meets App Transport Security";
  case TINET_ATS_EXCEPTION:
    return "ALLOWED, by an exception";
  case TINET_ATS_ARBITRARY_LOADS:
    return "ALLOWED, because ATS is off";
  case TINET_ATS_LOCAL:
    return "allowed: a local host, which ATS exempts (--no-direct judges it)";
  default:
    return "allowed";
  }
}

void diagnose_text(FILE *out, const struct diagnose_options *options,
                   const struct diagnosis *d)
{
  cli_print_safe(out, d->url);
  (void)fprintf(out, "\n  %s\n", headline(d));
  labelled(out, "policy",
           options->policy_path ? options->policy_path : "Apple's default");
  for (size_t i = 0; i < d->n_hops; i++)
    print_hop(out, d, i);
  print_http(out, d);
  for (size_t i = 0; i < d->n_hops; i++) {
    print_fixes(out, d, &d->hops[i]);
    print_hopeless(out, &d->hops[i]);
  }
  if (diagnose_decisive(d)->error.code == 0 &&
      !diagnose_decisive(d)->verdict.is_allowed && diagnose_has_exception(d))
    print_exception(out, d);
}
