/* ats_diagnose_html.c - a diagnosis as one page that needs nothing else: no
 * script, no other file. */
#include "ats_diagnose.h"

#include <stdlib.h>

static const char style[] =
    ":root{--bg:#fff;--fg:#1c1e21;--dim:#5c6370;--line:#d9dce1;--card:#f6f7f9;"
    "--good:#1a7f4b;--bad:#b3261e;--warn:#8a5a00;--goodbg:#d8f0e2;"
    "--badbg:#f8dcda;--warnbg:#fbe9c8}\n"
    "@media(prefers-color-scheme:dark){:root{--bg:#15171a;--fg:#e6e8eb;"
    "--dim:#9aa3af;--line:#343a42;--card:#1d2125;--good:#63d297;"
    "--bad:#ff8a80;--warn:#f2c062;--goodbg:#143524;--badbg:#45201d;"
    "--warnbg:#3d2f10}}\n"
    "body{margin:0 auto;max-width:60rem;padding:1.5rem 1rem 4rem;"
    "background:var(--bg);color:var(--fg);"
    "font:1rem/1.5 system-ui,sans-serif}\n"
    "h1{font-size:1.5rem;margin:0 0 .25rem}h2{font-size:1.15rem;margin:0;"
    "overflow-wrap:anywhere}h3{font-size:1rem;margin:1.25rem 0 .4rem}\n"
    "p{margin:.4rem 0}.dim{color:var(--dim)}\n"
    "section{border:1px solid var(--line);border-radius:8px;padding:1rem "
    "1.25rem;margin:1.5rem 0}\n"
    ".badge{display:inline-block;padding:.1rem .6rem;border-radius:1rem;"
    "font-weight:600;font-size:.9rem}\n"
    ".good{background:var(--goodbg);color:var(--good)}"
    ".bad{background:var(--badbg);color:var(--bad)}"
    ".warn{background:var(--warnbg);color:var(--warn)}\n"
    "table{border-collapse:collapse;width:100%;font-size:.92rem}"
    "th,td{text-align:left;padding:.3rem .6rem .3rem 0;vertical-align:top;"
    "border-top:1px solid var(--line);overflow-wrap:anywhere}"
    "th{font-weight:600;color:var(--dim);white-space:nowrap}\n"
    "pre{background:var(--card);border-radius:6px;padding:.7rem .9rem;"
    "overflow-x:auto;font-size:.85rem;line-height:1.45}\n"
    "svg{max-width:100%;height:auto}svg text{font:13px system-ui,sans-serif;"
    "fill:var(--fg)}svg .y{fill:var(--goodbg)}svg .n{fill:var(--badbg)}svg "
    ".w{fill:var(--warnbg)}"
    "svg .u{fill:var(--card)}svg .h{fill:var(--dim)}\n"
    "summary{cursor:pointer;font-weight:600;margin-top:1rem}";

static void put(FILE *out, const char *s)
{
  (void)fputs(s, out);
}

void diagnose_html_begin(FILE *out, const struct diagnose_counts *c)
{
  put(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
           "<meta name=\"viewport\" content=\"width=device-width\">\n"
           "<title>App Transport Security: diagnosis</title>\n<style>\n");
  put(out, style);
  put(out, "\n</style>\n<h1>App Transport Security</h1>\n");
  (void)fprintf(out,
                "<p class=\"dim\">%u %s: %u pass, %u denied, %u could not be "
                "judged. By tinet.</p>\n",
                c->n, c->n == 1 ? "URL" : "URLs",
                c->n - c->n_denied - c->n_failed, c->n_denied, c->n_failed);
}

void diagnose_html_end(FILE *out)
{
  put(out, "</html>\n");
}

/* ---- the matrix ---- */

#define CELL_W 150
#define CELL_H 34
#define LEFT 90
#define TOP 30

static void cell(FILE *out, int column, int row, const char *kind,
                 const char *text)
{
  int x = LEFT + column * CELL_W, y = TOP + row * CELL_H;

  (void)fprintf(out,
                "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" "
                "height=\"%d\" rx=\"5\"/><text x=\"%d\" y=\"%d\" "
                "text-anchor=\"middle\">%s</text>\n",
                kind, x + 2, y + 2, CELL_W - 4, CELL_H - 4, x + CELL_W / 2,
                y + CELL_H / 2 + 5, text);
}

/* Good and bad are for what ATS wants; all else is just so. */
static void probe_cell(FILE *out, int column, int row, const tinet_ats_probe *p,
                       bool is_met)
{
  bool is_wanted = column == 0 && row < 2;

  if (!p->is_made)
    cell(out, column, row, "u", "not asked");
  else if (p->code == 0)
    cell(out, column, row, is_wanted ? "y" : "w", "yes");
  else if (p->code == TINET_EUNSUPPORTED)
    cell(out, column, row, "u", "not known here");
  else
    cell(out, column, row, is_wanted && !is_met ? "n" : "u", "no");
}

static void write_matrix(FILE *out, const tinet_ats_server *s)
{
  static const char *const columns[] = {"ATS suites (ECDHE)", "static RSA",
                                        "DHE and others"};
  static const struct {
    const char *name;
    int probes[3]; /* -1: there is no such thing */
  } rows[] = {
      {"TLS 1.3", {TINET_ATS_PROBE_TLS13, -1, -1}},
      {"TLS 1.2",
       {TINET_ATS_PROBE_TLS12, TINET_ATS_PROBE_TLS12_RSA,
        TINET_ATS_PROBE_TLS12_OTHER}},
      {"TLS 1.1", {TINET_ATS_PROBE_TLS11, TINET_ATS_PROBE_TLS11_RSA, -1}},
      {"TLS 1.0", {TINET_ATS_PROBE_TLS10, TINET_ATS_PROBE_TLS10_RSA, -1}},
  };
  bool is_met = s->probes[TINET_ATS_PROBE_ATS].code == TINET_OK;

  put(out, "<h3>What the server offers</h3>\n<svg viewBox=\"0 0 544 170\" "
           "width=\"544\" height=\"170\" role=\"img\" aria-label=\"TLS "
           "versions and suites that the server offers\">\n");
  for (int c = 0; c < 3; c++)
    (void)fprintf(out,
                  "<text class=\"h\" x=\"%d\" y=\"20\" "
                  "text-anchor=\"middle\">%s</text>\n",
                  LEFT + c * CELL_W + CELL_W / 2, columns[c]);
  for (int r = 0; r < 4; r++) {
    (void)fprintf(out, "<text x=\"0\" y=\"%d\">%s</text>\n",
                  TOP + r * CELL_H + CELL_H / 2 + 5, rows[r].name);
    for (int c = 0; c < 3; c++)
      if (rows[r].probes[c] >= 0)
        probe_cell(out, c, r, &s->probes[rows[r].probes[c]], is_met);
  }
  put(out, "</svg>\n");
}

/* ---- tables ---- */

static void row(FILE *out, const char *name, const char *value)
{
  (void)fprintf(out, "<tr><th>%s<td>", name);
  diagnose_xml_text(out, value);
  (void)fputc('\n', out);
}

static void write_connection(FILE *out, const struct diagnose_hop *hop)
{
  const tinet_ats_probe *p = hop->used;
  char text[200];

  put(out, "<table>\n");
  row(out, "URL", hop->url);
  if (hop->server && hop->server->address[0])
    row(out, "address", hop->server->address);
  if (p) {
    (void)snprintf(text, sizeof text, "%s, %s (0x%04X) %s",
                   diagnose_version_name(p->version), p->suite_name, p->suite,
                   p->group);
    row(out, "negotiated", text);
  }
  if (hop->verdict.exception)
    row(out, "entry", hop->verdict.exception->key);
  put(out, "</table>\n");
}

static void write_chain(FILE *out, const tinet_ats_chain *c)
{
  put(out, "<h3>Chain</h3>\n<table>\n<tr><th>#<th>subject<th>key<th>signed "
           "with<th>valid\n");
  for (size_t i = 0; i < c->n; i++) {
    const tinet_ats_described *d = &c->described[i];

    (void)fprintf(out, "<tr><td>%zu<td>", i);
    diagnose_xml_text(out, d->subject);
    put(out, "<td>");
    diagnose_xml_text(out, d->key);
    put(out, "<td>");
    diagnose_xml_text(out, d->hash);
    (void)fprintf(out, "<td>%.10s to %.10s\n", d->not_before, d->not_after);
  }
  put(out, "</table>\n<p class=\"dim\">");
  if (c->openssl_code) {
    put(out, "Not verified: ");
    diagnose_xml_text(out, c->trust_text);
  } else {
    put(out, "Verified");
  }
  put(out, ". For: ");
  diagnose_xml_text(out, c->described[0].names[0] ? c->described[0].names
                                                  : "no name");
  (void)fprintf(out, ". Timestamps: %u embedded, %u by TLS.</p>\n",
                c->n_scts_embedded, c->n_scts_tls);
}

static void write_reasons(FILE *out, const tinet_ats_verdict *v)
{
  if (v->n_reasons == 0)
    return;
  put(out, "<h3>What is wrong</h3>\n<table>\n");
  for (size_t i = 0; i < v->n_reasons; i++) {
    const tinet_ats_reason *r = &v->reasons[i];

    (void)fprintf(out, "<tr><th>%s<td>", tinet_ats_code_name(r->code));
    diagnose_xml_text(out, r->text);
    (void)fprintf(out, "<br><span class=\"dim\">NSURLErrorDomain %d",
                  r->nsurl_code);
    if (r->ssl_status)
      (void)fprintf(out, ", kCFStreamErrorDomainSSL %d", r->ssl_status);
    put(out, "</span>\n");
  }
  put(out, "</table>\n");
}

/* ---- what to do ---- */

static void write_fix(FILE *out, const struct diagnose_fix *fix)
{
  put(out, "<p>");
  diagnose_xml_text(out, fix->what);
  put(out, "</p>\n");
  if (!fix->nginx)
    return;
  put(out, "<pre># nginx\n");
  diagnose_xml_text(out, fix->nginx);
  put(out, "\n\n# Apache\n");
  diagnose_xml_text(out, fix->apache);
  put(out, "</pre>\n");
}

static void write_exception(FILE *out, const struct diagnosis *d)
{
  const char *review = diagnose_review_key(d);

  put(out, "<h3>Or: the smallest exception</h3>\n<p>App Review asks for ");
  put(out, review ? "a justification of " : "no justification");
  put(out, review ? review : "");
  put(out, ".</p>\n<pre>");
  put(out, "&lt;!-- tiapp.xml; for an Info.plist what is in &lt;dict&gt; "
           "--&gt;\n");
  {
    char *data = NULL;
    size_t len;
    FILE *f = open_memstream(&data, &len);

    if (f) {
      diagnose_tiapp(d, 0, f);
      (void)fclose(f);
      diagnose_xml_text(out, data);
    }
    free(data);
  }
  put(out, "</pre>\n");
}

static void write_advice(FILE *out, const struct diagnosis *d)
{
  bool is_any = false;

  for (size_t i = 0; i < d->n_hops; i++)
    for (size_t k = 0; k < d->hops[i].verdict.n_reasons; k++) {
      const struct diagnose_fix *fix =
          diagnose_fix(&d->hops[i], &d->hops[i].verdict.reasons[k]);

      if (!fix)
        continue;
      put(out, is_any ? "" : "<h3>On the server</h3>\n");
      is_any = true;
      write_fix(out, fix);
    }
  if (is_any && diagnose_has_exception(d))
    write_exception(out, d);
  else if (is_any)
    put(out, "<p>No key of NSExceptionDomains helps.</p>\n");
}

static void write_apple(FILE *out, const struct diagnosis *d)
{
  put(out, "<details><summary>The configurations of nscurl</summary>\n"
           "<table>\n");
  for (size_t i = 0; i < TINET_ATS_N_CONFIGURATIONS; i++)
    (void)fprintf(out, "<tr><td>%zu<td>%s<td>%s\n", i + 1,
                  tinet_ats_configuration_at(i)->title,
                  d->passes_apple[i] ? "<span class=\"badge good\">PASS</span>"
                                     : "<span class=\"badge bad\">FAIL</span>");
  put(out, "</table></details>\n");
}

static void write_hop(FILE *out, const struct diagnosis *d, size_t at)
{
  const struct diagnose_hop *hop = &d->hops[at];

  if (d->n_hops > 1)
    (void)fprintf(out, "<h3>Hop %zu (HTTP status %d)</h3>\n", at + 1,
                  hop->http_status);
  write_connection(out, hop);
  if (hop->error.code < 0) {
    put(out, "<p>");
    diagnose_xml_text(out, hop->error.text);
    put(out, "</p>\n");
    return;
  }
  write_reasons(out, &hop->verdict);
  if (hop->server)
    write_matrix(out, hop->server);
  if (hop->used)
    write_chain(out, &hop->server->chains[hop->used->chain]);
}

void diagnose_html_one(FILE *out, const struct diagnose_options *o,
                       const struct diagnosis *d)
{
  static const char *const cleartexts[] = {"", "closed", "open",
                                           "open, sends to https"};
  const char *kind = d->status == CLI_OK       ? "good"
                     : d->status == ATS_DENIED ? "bad"
                                               : "warn";

  put(out, "<section>\n<h2>");
  diagnose_xml_text(out, d->url);
  (void)fprintf(out,
                "</h2>\n<p><span class=\"badge %s\">%s</span> <span "
                "class=\"dim\">policy: ",
                kind, diagnose_outcome(d));
  diagnose_xml_text(out, o->policy_path ? o->policy_path : "Apple's default");
  (void)fprintf(out, ", profile %s</span></p>\n",
                tinet_ats_profile_name(o->ats.profile));
  for (size_t i = 0; i < d->n_hops; i++)
    write_hop(out, d, i);
  if (d->cleartext != CLEARTEXT_UNKNOWN) {
    put(out, "<h3>HTTP</h3>\n<table>\n");
    row(out, "http", cleartexts[d->cleartext]);
    row(out, "HSTS", d->hsts[0] ? d->hsts : "no");
    put(out, "</table>\n");
  }
  write_advice(out, d);
  if (d->has_apple)
    write_apple(out, d);
  put(out, "</section>\n");
}
