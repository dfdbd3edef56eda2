/* ats_diagnose_text.c - a diagnosis for a person: 80 columns, colour only adds
 * to it. */
#include "ats_diagnose.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LABEL 14 /* columns of "  negotiated  " */
#define RULE 19  /* columns of "  ok   tls-version  " */

struct page {
  FILE *out;
  bool is_coloured, has_signs;
};

enum colour { PLAIN, BOLD, DIM, GREEN, RED, YELLOW };

static void colour(const struct page *p, enum colour c)
{
  static const char *const codes[] = {"0", "1", "2", "32", "1;31", "33"};

  if (p->is_coloured)
    (void)fprintf(p->out, "\x1b[%sm", codes[c]);
}

/* ---- lines ---- */

static void wrap(const struct page *p, int indent, const char *text)
{
  cli_wrap(p->out, indent, indent, text);
}

static void label(const struct page *p, const char *name)
{
  colour(p, DIM);
  (void)fprintf(p->out, "  %-*s", LABEL - 2, name);
  colour(p, PLAIN);
}

static void labelled(const struct page *p, const char *name, const char *text)
{
  label(p, name);
  wrap(p, LABEL, text);
}

/* Lines that are to be copied are not wrapped. */
static void block(const struct page *p, int indent, const char *name,
                  const char *lines)
{
  bool is_first = true;

  while (*lines) {
    size_t len = strcspn(lines, "\n");

    (void)fprintf(p->out, "%*s%-8s%.*s\n", indent, "", is_first ? name : "",
                  (int)len, lines);
    is_first = false;
    lines += len;
    lines += *lines == '\n';
  }
}

static void mark(const struct page *p, enum diagnose_mark m, int width)
{
  static const char *const words[] = {"ok", "FAIL", "?", "-"};
  static const char *const signs[] = {"\xe2\x9c\x93", "\xe2\x9c\x97", "?", "-"};
  static const enum colour colours[] = {GREEN, RED, YELLOW, DIM};

  colour(p, colours[m]);
  if (p->has_signs)
    (void)fprintf(p->out, "%s%*s", signs[m], width - 1, "");
  else
    (void)fprintf(p->out, "%-*s", width, words[m]);
  colour(p, PLAIN);
}

static int mark_width(const struct page *p)
{
  return p->has_signs ? 2 : 5;
}

/* ---- what was seen ---- */

static void print_certificate(const struct page *p,
                              const struct diagnose_hop *hop, size_t at)
{
  const tinet_ats_chain *chain = &hop->server->chains[hop->used->chain];
  const tinet_ats_described *c = &chain->described[at];
  const struct diagnose_marks m = diagnose_marks_of(hop, at);
  const int width = mark_width(p);
  char text[256];

  (void)snprintf(text, sizeof text, "%zu %s", at, c->subject);
  labelled(p, at == 0 ? "chain" : "", text);
  (void)fprintf(p->out, "%*s", LABEL + 2, "");
  mark(p, m.key, width);
  (void)fprintf(p->out, "%s  ", c->key);
  mark(p, m.hash, width);
  (void)fprintf(p->out, "%s  ", c->hash);
  mark(p, m.dates, width);
  (void)fprintf(p->out, "%.10s to %.10s\n", c->not_before, c->not_after);
}

static void print_chain(const struct page *p, const struct diagnose_hop *hop)
{
  const tinet_ats_chain *chain = &hop->server->chains[hop->used->chain];
  char text[300];

  for (size_t i = 0; i < chain->n; i++)
    print_certificate(p, hop, i);
  if (chain->described[0].names[0])
    labelled(p, "names", chain->described[0].names);
  if (chain->openssl_code == 0)
    return;
  (void)snprintf(text, sizeof text, "%s (certificate %d)", chain->trust_text,
                 chain->trust_depth);
  labelled(p, "OpenSSL says", text);
}

static void print_connection(const struct page *p,
                             const struct diagnose_hop *hop)
{
  const tinet_ats_probe *used = hop->used;
  char text[300];

  (void)snprintf(
      text, sizeof text, "%s, %s (0x%04X)%s%s%s",
      diagnose_version_name(used->version), used->suite_name, used->suite,
      used->group[0] ? ", " : "", used->group,
      used->asks_client_certificate ? ", asks for a client certificate" : "");
  labelled(p, "negotiated", text);
}

static const char *offer_text(const tinet_ats_server *s,
                              tinet_ats_probe_kind ats,
                              tinet_ats_probe_kind rsa, int other)
{
  const tinet_ats_probe *probes = s->probes;

  if (!probes[ats].is_made)
    return "not tried";
  if (probes[ats].code == 0)
    return "yes";
  if (rsa != ats && probes[rsa].is_made && probes[rsa].code == 0)
    return "static RSA only";
  if (other >= 0 && probes[other].is_made && probes[other].code == 0)
    return "no suite of ATS";
  if (probes[ats].code == TINET_EUNSUPPORTED)
    return "unsupported locally";
  return probes[ats].code == TINET_ETIMEDOUT ? "no answer" : "no";
}

static void print_offers(const struct page *p, const tinet_ats_server *s)
{
  char text[200];

  if (!s->probes[TINET_ATS_PROBE_TLS12].is_made)
    return;
  (void)snprintf(
      text, sizeof text, "TLS 1.3: %s; 1.2: %s; 1.1: %s; 1.0: %s",
      offer_text(s, TINET_ATS_PROBE_TLS13, TINET_ATS_PROBE_TLS13, -1),
      offer_text(s, TINET_ATS_PROBE_TLS12, TINET_ATS_PROBE_TLS12_RSA,
                 TINET_ATS_PROBE_TLS12_OTHER),
      offer_text(s, TINET_ATS_PROBE_TLS11, TINET_ATS_PROBE_TLS11_RSA, -1),
      offer_text(s, TINET_ATS_PROBE_TLS10, TINET_ATS_PROBE_TLS10_RSA, -1));
  labelled(p, "offers", text);
}

static void print_entry(const struct page *p, const struct diagnose_hop *hop)
{
  const tinet_ats_exception *e = hop->verdict.exception;
  char text[400];

  if (!e)
    return;
  if (e->file)
    (void)snprintf(text, sizeof text, "%s (%s:%u)", e->key, e->file,
                   (unsigned)e->line);
  else
    (void)snprintf(text, sizeof text, "%s", e->key);
  labelled(p, "entry", text);
}

/* ---- rules ---- */

static void print_apple(const struct page *p, const tinet_ats_reason *r,
                        int indent)
{
  char text[160];
  int n;

  n = snprintf(text, sizeof text, "Apple's error: NSURLErrorDomain %d",
               r->nsurl_code);
  if (r->ssl_status)
    n += snprintf(text + n, sizeof text - (size_t)n,
                  ", kCFStreamErrorDomainSSL %d", r->ssl_status);
  for (const int *seen = r->ssl_seen; seen && *seen; seen++)
    n += snprintf(text + n, sizeof text - (size_t)n, "%s%d",
                  seen == r->ssl_seen ? " (logs show " : ", ", *seen);
  if (r->ssl_seen && *r->ssl_seen)
    (void)snprintf(text + n, sizeof text - (size_t)n, ")");
  (void)fprintf(p->out, "%*s", indent, "");
  wrap(p, indent, text);
}

static void print_rules(const struct page *p, const struct diagnose_hop *hop)
{
  struct diagnose_rule rules[DIAGNOSE_RULES_MAX];
  const int width = mark_width(p), indent = 2 + width + RULE;
  size_t n = diagnose_rules(hop, rules);

  (void)fputc('\n', p->out);
  for (size_t i = 0; i < n; i++) {
    const struct diagnose_rule *r = &rules[i];

    (void)fputs("  ", p->out);
    mark(p, r->mark, width);
    (void)fprintf(p->out, "%-*s", RULE,
                  r->reason ? tinet_ats_code_name(r->reason->code) : r->name);
    wrap(p, indent, r->text);
    if (r->reason)
      print_apple(p, r->reason, indent);
  }
}

/* ---- what to do ---- */

static void copyable(const struct page *p, const struct diagnose_hop *hop,
                     const char *name, const char *lines)
{
  char *text;

  if (!lines)
    return;
  text = diagnose_lines(hop, lines);
  block(p, 4, name, text);
  free(text);
}

static struct page page_of(FILE *out, bool is_coloured);

static void print_fix(FILE *out, const struct diagnose_hop *hop,
                      const struct diagnose_fix *fix, bool has_lines)
{
  /* Nothing here is marked or coloured. */
  const struct page p = page_of(out, false);

  (void)fputs("\n  on the server: ", out);
  wrap(&p, 17, fix->what);
  copyable(&p, hop, "", fix->commands);
  if (!has_lines)
    return;
  copyable(&p, hop, "nginx", fix->nginx);
  copyable(&p, hop, "Apache", fix->apache);
}

static void print_https(const struct page *p, const struct diagnosis *d)
{
  if (!d->secure || d->hops[0].verdict.is_allowed)
    return;
  (void)fputs("\n  use https: ", p->out);
  wrap(p, 13,
       d->is_secure_enough
           ? "the server already has it, and meets App Transport Security"
           : "the server has it, but does not meet App Transport Security "
             "there either: diagnose the URL with https");
}

static void print_form(const struct page *p, const struct diagnosis *d,
                       const char *name,
                       void (*write)(const struct diagnosis *, int, FILE *))
{
  (void)fprintf(p->out, "\n    %s:\n", name);
  write(d, 6, p->out);
}

static void print_exception(const struct page *p, const struct diagnosis *d)
{
  const char *review = diagnose_review_key(d);
  char text[300];

  (void)snprintf(
      text, sizeof text, "%s smallest exception (App Review %s%s)%s:",
      diagnose_has_exception(d) ? "or the" : "the",
      review ? "asks for a justification of " : "asks for no justification",
      review ? review : "",
      diagnose_weakens_trust(d)
          ? "; it weakens trust: certificates are no longer held "
            "to ATS, so pin the server's key in the application"
          : "");
  (void)fputs("\n  ", p->out);
  wrap(p, 2, text);
  print_form(p, d, "tiapp.xml, in <ti:app>", diagnose_tiapp);
  print_form(p, d, "Info.plist, in the outer <dict>", diagnose_keys);
  print_form(p, d, "JSON", diagnose_json_form);
}

static void print_advice(const struct page *p, const struct diagnosis *d)
{
  const struct diagnose_hop *hop = diagnose_decisive(d);
  char text[200];

  print_https(p, d);
  (void)diagnose_each_fix(p->out, d, print_fix);
  if (hop->error.code < 0 || hop->verdict.is_allowed)
    return;
  if (diagnose_has_exception(d)) {
    print_exception(p, d);
    return;
  }
  (void)snprintf(text, sizeof text, "smallest exception: none (%s)",
                 diagnose_why_no_exception(d));
  (void)fputs("\n  ", p->out);
  wrap(p, 2, text);
}

/* ---- HTTP ---- */

static void describe_hsts(const struct diagnose_hsts *h, char *to, size_t size)
{
  if (!h->is_sent)
    (void)snprintf(to, size, "no");
  else if (!h->is_valid)
    (void)snprintf(to, size, "not valid, and ignored: %s", h->text);
  else if (h->max_age == 0)
    (void)snprintf(to, size, "switched off (max-age=0)");
  else
    (void)snprintf(to, size, "for %ld seconds (%ld days)%s%s", h->max_age,
                   h->max_age / 86400,
                   h->has_subdomains ? ", with subdomains" : "",
                   h->has_preload ? ", preload" : "");
}

static void print_http(const struct page *p, const struct diagnosis *d)
{
  static const char *const texts[] = {"", "closed", "open: it is served as is",
                                      "open, and redirects to https"};
  char text[400];

  if (d->cleartext == CLEARTEXT_UNKNOWN)
    return;
  labelled(p, "cleartext", texts[d->cleartext]);
  if (d->hops[0].is_https) {
    describe_hsts(&d->hsts, text, sizeof text);
    labelled(p, "HSTS", text);
  }
  if (d->http_error.code < 0)
    labelled(p, "HTTP error", d->http_error.text);
}

/* ---- the whole ---- */

static void print_hop_head(const struct page *p, const struct diagnosis *d,
                           size_t at)
{
  const struct diagnose_hop *hop = &d->hops[at];
  char text[100];

  if (d->n_hops < 2)
    return;
  (void)fputc('\n', p->out);
  if (hop->http_status)
    (void)snprintf(text, sizeof text, "%zu of %zu, HTTP status %d", at + 1,
                   d->n_hops, hop->http_status);
  else
    (void)snprintf(text, sizeof text, "%zu of %zu", at + 1, d->n_hops);
  labelled(p, "hop", text);
  labelled(p, "URL", hop->url);
}

static bool is_shown_before(const struct diagnosis *d, size_t at)
{
  for (size_t i = 0; d->hops[at].server && i < at; i++)
    if (d->hops[i].server == d->hops[at].server &&
        d->hops[i].used == d->hops[at].used)
      return true;
  return false;
}

static bool is_plain_http(const struct diagnose_hop *hop)
{
  const tinet_ats_probe *first =
      hop->server ? &hop->server->probes[TINET_ATS_PROBE_ATS] : NULL;

  return first && first->is_other_protocol && strstr(first->text, "HTTP here");
}

static void print_hop(const struct page *p, const struct diagnosis *d,
                      size_t at)
{
  const struct diagnose_hop *hop = &d->hops[at];

  print_hop_head(p, d, at);
  if (hop->error.code < 0) {
    labelled(p, "error", hop->error.text);
    if (is_plain_http(hop))
      labelled(p, "hint",
               "write the URL with http: to see what ATS makes of it");
    return;
  }
  print_entry(p, hop);
  if (is_shown_before(d, at)) {
    labelled(p, "server",
             hop->verdict.is_allowed ? "as above: allowed"
                                     : "as above: denied");
    return;
  }
  if (hop->server && hop->server->address[0])
    labelled(p, "address", hop->server->address);
  if (hop->used)
    print_connection(p, hop);
  if (hop->server)
    print_offers(p, hop->server);
  if (hop->used)
    print_chain(p, hop);
  print_rules(p, hop);
}

static const char *headline(const struct diagnosis *d, enum colour *ret_colour)
{
  const struct diagnose_hop *hop = diagnose_decisive(d);

  *ret_colour = YELLOW;
  if (hop->error.code < 0)
    return "COULD NOT BE JUDGED";
  *ret_colour = RED;
  if (!hop->verdict.is_allowed && hop->is_https &&
      !hop->verdict.requirement.is_judged)
    return "DENIED by ordinary trust; App Transport Security does not apply";
  if (!hop->verdict.is_allowed)
    return "DENIED by App Transport Security";
  *ret_colour = d->status == CLI_OK ? GREEN : YELLOW;
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

/* Of several hops: the one that the headline is about. */
static void print_decisive(const struct page *p, const struct diagnosis *d)
{
  const struct diagnose_hop *hop = diagnose_decisive(d);

  if (d->n_hops > 1 && (hop->error.code < 0 || !hop->verdict.is_allowed))
    labelled(p, "because of", hop->url);
}

static size_t n_errors(const tinet_ats_policy *policy)
{
  size_t n = 0;

  for (size_t i = 0; i < tinet_ats_policy_n_findings(policy); i++)
    n += tinet_ats_policy_finding(policy, i)->severity == TINET_ATS_ERROR;
  return n;
}

static void print_policy(const struct page *p, const struct diagnose_options *o)
{
  size_t n = o->policy_path ? n_errors(o->policy) : 0;
  char text[400];

  (void)snprintf(text, sizeof text, "%.300s, profile %s",
                 o->policy_path ? o->policy_path : "Apple's default",
                 tinet_ats_profile_name(o->ats.profile));
  labelled(p, "policy", text);
  if (n == 0)
    return;
  (void)snprintf(text, sizeof text,
                 "it has %zu mistake%s, which iOS ignores: tinet ats check "
                 "%.300s",
                 n, n == 1 ? "" : "s", o->policy_path);
  labelled(p, "", text);
}

static void print_configurations(const struct page *p,
                                 const struct diagnosis *d)
{
  char numbers[DIAGNOSE_NUMBERS_MAX], text[200];

  if (!d->has_apple)
    return;
  diagnose_numbers(d, numbers);
  (void)snprintf(text, sizeof text,
                 "of Apple's 16 configurations pass: %s (--apple-compat)",
                 numbers);
  (void)fputc('\n', p->out);
  labelled(p, "nscurl", text);
}

/* Signs, unless the environment says that they cannot be shown. */
static bool can_show_signs(void)
{
  static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
  const char *term = getenv("TERM"), *value = NULL;

  if (term && (strcmp(term, "linux") == 0 || strcmp(term, "dumb") == 0))
    return false;
  for (int i = 0; i < 3 && (!value || !*value); i++)
    value = getenv(names[i]);
  return !value || !strchr(value, '.') || strcasestr(value, "utf-8") ||
         strcasestr(value, "utf8");
}

static struct page page_of(FILE *out, bool is_coloured)
{
  return (struct page){
      .out = out, .is_coloured = is_coloured, .has_signs = can_show_signs()};
}

void diagnose_text(FILE *out, const struct diagnose_options *options,
                   const struct diagnosis *d)
{
  const struct page p = page_of(out, options->is_coloured);
  enum colour c;
  const char *text = headline(d, &c);

  colour(&p, BOLD);
  cli_print_safe(out, d->url);
  colour(&p, PLAIN);
  (void)fputs("\n  ", out);
  colour(&p, c);
  (void)fputs(text, out);
  colour(&p, PLAIN);
  (void)fputs("\n\n", out);
  print_policy(&p, options);
  print_decisive(&p, d);
  for (size_t i = 0; i < d->n_hops; i++)
    print_hop(&p, d, i);
  print_configurations(&p, d);
  print_http(&p, d);
  print_advice(&p, d);
}
