/* ats_diagnose_html.c - diagnoses as one page that needs nothing else: no
 * script, no other file.  What a server says only gets there as text. */
#include "ats_diagnose.h"
#include "ats_html.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static void put(FILE *out, const char *s)
{
  (void)fputs(s, out);
}

static const char *kind_of(const struct diagnosis *d)
{
  if (d->status >= ATS_USAGE)
    return "none";
  if (d->status == ATS_DENIED)
    return "bad";
  return d->status == CLI_OK ? "good" : "warn";
}

static void badge(FILE *out, const char *kind, const char *text)
{
  (void)fprintf(out, "<span class=\"badge %s\">%s</span>", kind, text);
}

/* ---- beginning, list, end ---- */

static void tile(FILE *out, const char *kind, size_t n, const char *text)
{
  (void)fprintf(out, "<div class=\"tile %s\"><b>%zu</b> %s</div>\n", kind, n,
                text);
}

void diagnose_html_begin(FILE *out, const struct diagnose_counts *c)
{
  time_t now = time(NULL);
  char day[40] = "";
  struct tm tm;

  if (gmtime_r(&now, &tm))
    (void)strftime(day, sizeof day, "%Y-%m-%d %H:%M UTC", &tm);
  put(out, diagnose_html_head);
  (void)fprintf(out,
                "<header><h1>App Transport Security</h1>\n"
                "<p class=\"dim\">What an iOS application can load. %zu URL%s, "
                "diagnosed %s by tinet.</p>\n<div class=\"tiles\">\n",
                c->n, c->n == 1 ? "" : "s", day);
  tile(out, "good", c->n - c->n_denied - c->n_failed, "pass");
  tile(out, "bad", c->n_denied, "denied");
  tile(out, "none", c->n_failed, "could not be judged");
  (void)fprintf(out, "</div></header>\n<main>\n<table class=\"list\"%s>\n",
                c->n == 1 ? " hidden" : "");
}

void diagnose_html_row(FILE *out, const struct diagnosis *d, size_t at)
{
  const struct diagnose_hop *hop = diagnose_decisive(d);

  (void)fprintf(out, "<tr><td>");
  badge(out, kind_of(d), diagnose_outcome(d));
  (void)fprintf(out, "<td><a href=\"#u%zu\">", at + 1);
  diagnose_xml_text(out, d->url);
  put(out, "</a><td>");
  if (hop->error.code < 0)
    diagnose_xml_text(out, hop->error.text);
  else if (hop->verdict.n_reasons)
    diagnose_xml_text(out, hop->verdict.reasons[0].text);
  put(out, "\n");
}

void diagnose_html_middle(FILE *out, const struct diagnose_counts *c)
{
  (void)c;
  put(out, "</table>\n");
}

void diagnose_html_end(FILE *out)
{
  put(out, "</main>\n</html>\n");
}

/* ---- facts ---- */

static void row(FILE *out, const char *name, const char *value)
{
  (void)fprintf(out, "<tr><th>%s<td>", name);
  diagnose_xml_text(out, value);
  (void)fputc('\n', out);
}

static void write_connection(FILE *out, const struct diagnosis *d, size_t at)
{
  const struct diagnose_hop *hop = &d->hops[at];
  const tinet_ats_probe *p = hop->used;
  char text[300];

  put(out, "<table>\n");
  if (d->n_hops > 1)
    row(out, "URL", hop->url);
  if (hop->server && hop->server->address[0])
    row(out, "address", hop->server->address);
  if (p) {
    (void)snprintf(text, sizeof text, "%s, %s (0x%04X)%s%s",
                   diagnose_version_name(p->version), p->suite_name, p->suite,
                   p->group[0] ? ", " : "", p->group);
    row(out, "negotiated", text);
  }
  if (hop->verdict.exception)
    row(out, "entry", hop->verdict.exception->key);
  put(out, "</table>\n");
}

/* ---- rules ---- */

static void write_mark(FILE *out, enum diagnose_mark m)
{
  static const char *const marks[] = {
      "<span class=\"mark good\" title=\"kept\">\xe2\x9c\x93</span>",
      "<span class=\"mark bad\" title=\"broken\">\xe2\x9c\x97</span>",
      "<span class=\"mark warn\" title=\"not known\">?</span>",
      "<span class=\"mark none\" title=\"not asked\">\xe2\x80\x93</span>"};

  put(out, marks[m]);
}

static void write_codes(FILE *out, const tinet_ats_reason *r)
{
  (void)fprintf(out, "<div class=\"dim\">NSURLErrorDomain %d", r->nsurl_code);
  if (r->ssl_status)
    (void)fprintf(out, ", kCFStreamErrorDomainSSL %d", r->ssl_status);
  for (const int *seen = r->ssl_seen; seen && *seen; seen++)
    (void)fprintf(out, "%s%d", seen == r->ssl_seen ? "; logs show " : ", ",
                  *seen);
  put(out, "</div>");
}

static void write_rules(FILE *out, const struct diagnose_hop *hop)
{
  struct diagnose_rule rules[DIAGNOSE_RULES_MAX];
  size_t n = diagnose_rules(hop, rules);

  if (n == 0)
    return;
  put(out, "<h3>Rules</h3>\n<table class=\"rules\">\n");
  for (size_t i = 0; i < n; i++) {
    const struct diagnose_rule *r = &rules[i];

    put(out, "<tr><td>");
    write_mark(out, r->mark);
    (void)fprintf(out, "<th>%s<td>",
                  r->reason ? tinet_ats_code_name(r->reason->code) : r->name);
    diagnose_xml_text(out, r->text);
    if (r->reason)
      write_codes(out, r->reason);
    put(out, "\n");
  }
  put(out, "</table>\n");
}

static void write_certificate(FILE *out, const struct diagnose_hop *hop,
                              size_t at)
{
  const tinet_ats_chain *c = &hop->server->chains[hop->used->chain];
  const tinet_ats_described *d = &c->described[at];
  const struct diagnose_marks m = diagnose_marks_of(hop, at);

  put(out, "<li><b>");
  diagnose_xml_text(out, d->subject);
  (void)fprintf(out, "</b> <span class=\"dim\">%s</span><br>",
                at == 0           ? "the server"
                : at + 1 < c->n   ? "intermediate"
                : c->openssl_code ? "as sent"
                                  : "authority");
  write_mark(out, m.key);
  diagnose_xml_text(out, d->key);
  write_mark(out, m.hash);
  diagnose_xml_text(out, d->hash);
  write_mark(out, m.dates);
  (void)fprintf(out, "%.10s to %.10s\n", d->not_before, d->not_after);
}

static void write_chain(FILE *out, const struct diagnose_hop *hop)
{
  const tinet_ats_chain *c = &hop->server->chains[hop->used->chain];

  put(out, "<h3>Certificates</h3>\n<ol class=\"chain\" start=\"0\">\n");
  for (size_t i = 0; i < c->n; i++)
    write_certificate(out, hop, i);
  put(out, "</ol>\n<p class=\"dim\">For: ");
  diagnose_xml_text(out, c->described[0].names[0] ? c->described[0].names
                                                  : "no name");
  (void)fprintf(out,
                ". Transparency: %u timestamps embedded, %u by TLS, %u by "
                "OCSP.",
                c->n_scts_embedded, c->n_scts_tls, c->n_scts_ocsp);
  if (c->openssl_code) {
    put(out, " OpenSSL says: ");
    diagnose_xml_text(out, c->trust_text);
    put(out, ".");
  }
  put(out, "</p>\n");
}

static void write_hop(FILE *out, const struct diagnosis *d, size_t at)
{
  const struct diagnose_hop *hop = &d->hops[at];

  if (d->n_hops > 1 && hop->http_status)
    (void)fprintf(out,
                  "<h3 class=\"hop\">Hop %zu of %zu, HTTP status %d</h3>\n",
                  at + 1, d->n_hops, hop->http_status);
  else if (d->n_hops > 1)
    (void)fprintf(out, "<h3 class=\"hop\">Hop %zu of %zu</h3>\n", at + 1,
                  d->n_hops);
  if (hop->error.code < 0) {
    put(out, "<p><b>It could not be judged:</b> ");
    diagnose_xml_text(out, hop->error.text);
    put(out, "</p><p class=\"dim\">That says nothing about App Transport "
             "Security.</p>\n");
    return;
  }
  write_connection(out, d, at);
  write_rules(out, hop);
  if (at > 0 && !hop->owns_server)
    return; /* it stands above */
  if (hop->server && hop->server->probes[TINET_ATS_PROBE_ATS].is_made)
    diagnose_html_matrix(out, hop->server);
  if (hop->used)
    write_chain(out, hop);
}

/* ---- what to do ---- */

static void write_code(FILE *out, const char *name, const char *lines)
{
  (void)fprintf(out, "<figure><figcaption>%s</figcaption><pre>", name);
  diagnose_xml_text(out, lines);
  put(out, "</pre></figure>\n");
}

static void write_lines(FILE *out, const struct diagnose_hop *hop,
                        const char *name, const char *lines)
{
  char *text;

  if (!lines)
    return;
  text = diagnose_lines(hop, lines);
  write_code(out, name, text);
  free(text);
}

static void write_fix(FILE *out, const struct diagnose_hop *hop,
                      const struct diagnose_fix *fix, bool has_lines)
{
  put(out, "<p><b>On the server:</b> ");
  diagnose_xml_text(out, fix->what);
  put(out, ".</p>\n<div class=\"codes\">\n");
  write_lines(out, hop, "shell", fix->commands);
  if (has_lines) {
    write_lines(out, hop, "nginx", fix->nginx);
    write_lines(out, hop, "Apache", fix->apache);
  }
  put(out, "</div>\n");
}

static void write_form(FILE *out, const struct diagnosis *d, const char *name,
                       void (*write)(const struct diagnosis *, int, FILE *))
{
  char *data = NULL;
  size_t len;
  FILE *f = open_memstream(&data, &len);

  if (f) {
    write(d, 0, f);
    (void)fclose(f);
    write_code(out, name, data);
  }
  free(data);
}

static void write_exception(FILE *out, const struct diagnosis *d)
{
  const char *review = diagnose_review_key(d);

  (void)fprintf(out,
                "<p><b>%s the smallest exception.</b> App Review asks for %s%s."
                "%s</p>\n<div class=\"codes\">\n",
                d->hops[0].verdict.n_reasons || d->n_hops > 1 ? "Or:" : "Also:",
                review ? "a justification of " : "no justification",
                review ? review : "",
                diagnose_weakens_trust(d)
                    ? " It weakens trust: certificates are no longer held to "
                      "ATS, so pin the server\xe2\x80\x99s key in the "
                      "application."
                    : "");
  write_form(out, d, "tiapp.xml, in &lt;ti:app&gt;", diagnose_tiapp);
  write_form(out, d, "Info.plist, in the outer &lt;dict&gt;", diagnose_keys);
  write_form(out, d, "JSON", diagnose_json_form);
  put(out, "</div>\n");
}

static void write_advice(FILE *out, const struct diagnosis *d)
{
  const struct diagnose_hop *hop = diagnose_decisive(d);

  if (hop->error.code < 0 || hop->verdict.is_allowed)
    return;
  put(out, "<h3>What to do</h3>\n");
  if (d->secure)
    put(out, d->is_secure_enough
                 ? "<p><b>Use https:</b> the server already has it, and meets "
                   "App Transport Security.</p>\n"
                 : "<p>The server has https, but does not meet App Transport "
                   "Security there either: diagnose the URL with https.</p>\n");
  (void)diagnose_each_fix(out, d, write_fix);
  if (diagnose_has_exception(d)) {
    write_exception(out, d);
    return;
  }
  put(out, "<p><b>No exception:</b> ");
  put(out, diagnose_why_no_exception(d));
  put(out, ".</p>\n");
}

/* ---- the rest ---- */

static void write_http(FILE *out, const struct diagnosis *d)
{
  static const char *const cleartexts[] = {"", "closed", "open: served as is",
                                           "open, and redirects to https"};

  if (d->cleartext == CLEARTEXT_UNKNOWN)
    return;
  put(out, "<h3>HTTP</h3>\n<table>\n");
  row(out, "cleartext", cleartexts[d->cleartext]);
  row(out, "HSTS", d->hsts.is_sent ? d->hsts.text : "no");
  if (d->http_error.code < 0)
    row(out, "error", d->http_error.text);
  put(out, "</table>\n");
}

static void write_apple(FILE *out, const struct diagnosis *d)
{
  char numbers[DIAGNOSE_NUMBERS_MAX];

  if (!d->has_apple)
    return;
  diagnose_numbers(d, numbers);
  (void)fprintf(out,
                "<details><summary>Apple\xe2\x80\x99s 16 configurations "
                "(nscurl): %s pass</summary>\n<table class=\"rules\">\n",
                numbers);
  for (size_t i = 0; i < TINET_ATS_N_CONFIGURATIONS; i++) {
    (void)fprintf(out, "<tr><td>%zu<td>", i + 1);
    write_mark(out, d->passes_apple[i] ? MARK_OK : MARK_FAIL);
    (void)fprintf(out, "<td>%s: %s\n", d->passes_apple[i] ? "PASS" : "FAIL",
                  tinet_ats_configuration_at(i)->title);
  }
  put(out, "</table></details>\n");
}

void diagnose_html_one(FILE *out, const struct diagnose_options *o,
                       const struct diagnosis *d, size_t at)
{
  const char *kind = kind_of(d);

  (void)fprintf(out,
                "<section id=\"u%zu\" class=\"%s\">\n<details%s><summary>"
                "<h2>",
                at + 1, kind, at == 0 || d->status != CLI_OK ? " open" : "");
  diagnose_xml_text(out, d->url);
  put(out, "</h2> ");
  badge(out, kind, diagnose_outcome(d));
  put(out, "</summary>\n<p class=\"dim\">Policy: ");
  diagnose_xml_text(out, o->policy_path ? o->policy_path : "Apple's default");
  (void)fprintf(out, ", profile %s</p>\n",
                tinet_ats_profile_name(o->ats.profile));
  for (size_t i = 0; i < d->n_hops; i++)
    write_hop(out, d, i);
  write_http(out, d);
  write_advice(out, d);
  write_apple(out, d);
  put(out, "</details></section>\n");
}
