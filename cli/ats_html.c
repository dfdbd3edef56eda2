/* ats_html.c - the page's style, and the matrix as a picture. */
#include "ats_html.h"

#include <string.h>

/* Nothing can be loaded or run, whatever the page should come to contain. */
const char diagnose_html_head[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
    "'none'; style-src 'unsafe-inline'\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, "
    "initial-scale=1\">\n"
    "<meta name=\"color-scheme\" content=\"light dark\">\n"
    "<title>App Transport Security: diagnosis</title>\n<style>\n"
    ":root{--bg:#f3f4f6;--card:#fff;--fg:#1b1f24;--dim:#59616c;--line:#dde1e6;"
    "--code:#f6f8fa;--good:#116b3c;--bad:#a8201a;--warn:#7a4f00;"
    "--goodbg:#d9f2e3;--badbg:#fbdfdc;--warnbg:#fbecc9;--nonebg:#e6e9ed;"
    "--link:#0a58ca}\n"
    "@media(prefers-color-scheme:dark){:root{--bg:#0f1215;--card:#191d22;"
    "--fg:#e7eaee;--dim:#9ba5b1;--line:#313840;--code:#11151a;--good:#6fdca1;"
    "--bad:#ff9c92;--warn:#f3c766;--goodbg:#12351f;--badbg:#48201c;"
    "--warnbg:#3e3010;--nonebg:#2a3038;--link:#7db3ff}}\n"
    "*{box-sizing:border-box}html{scroll-behavior:smooth}\n"
    "body{margin:0;background:var(--bg);color:var(--fg);"
    "font:15px/1.5 system-ui,-apple-system,\"Segoe UI\",sans-serif}\n"
    "header,main{max-width:62rem;margin:0 auto;padding:0 1rem}"
    "header{padding-top:2rem}main{padding-bottom:4rem}\n"
    "h1{font-size:1.6rem;margin:0}h2{display:inline;font-size:1.1rem;"
    "overflow-wrap:anywhere}h3{font-size:.95rem;margin:1.5rem 0 .4rem}"
    "h3.hop{border-top:1px solid var(--line);padding-top:1rem}\n"
    "p{margin:.5rem 0}a{color:var(--link)}.dim{color:var(--dim);"
    "font-size:.9em}\n"
    ".tiles{display:flex;flex-wrap:wrap;gap:.6rem;margin:1rem 0 1.5rem}"
    ".tile{padding:.5rem 1rem;border-radius:8px}.tile b{font-size:1.3rem}\n"
    ".badge{display:inline-block;padding:.1rem .65rem;border-radius:1rem;"
    "font-weight:600;font-size:.85rem;white-space:nowrap}\n"
    ".badge.good,.tile.good{background:var(--goodbg);color:var(--good)}"
    ".badge.bad,.tile.bad{background:var(--badbg);color:var(--bad)}"
    ".badge.warn,.tile.warn{background:var(--warnbg);color:var(--warn)}"
    ".badge.none,.tile.none{background:var(--nonebg);color:var(--fg)}\n"
    "section,.list{background:var(--card);border:1px solid var(--line);"
    "border-radius:10px}section{margin:1rem 0;padding:0 1.25rem;"
    "border-left-width:4px}section.bad{border-left-color:var(--bad)}"
    "section.good{border-left-color:var(--good)}"
    "section.warn{border-left-color:var(--warn)}\n"
    "summary{cursor:pointer;padding:.9rem 0}section>details[open]"
    "{padding-bottom:1.2rem}details details summary{font-weight:600}\n"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;"
    "vertical-align:top;padding:.35rem .75rem .35rem 0;"
    "border-top:1px solid var(--line);overflow-wrap:anywhere}"
    "tr:first-child>*{border-top:0}th{font-weight:500;color:var(--dim);"
    "white-space:nowrap;width:1%}\n"
    ".list td{padding:.45rem .75rem}.list td:nth-child(2){width:36%}.list "
    "td:first-child{width:1%}"
    ".rules td:first-child{width:1%;white-space:nowrap}"
    ".rules th{color:var(--fg);font-family:ui-monospace,monospace;"
    "font-size:.85rem;padding-top:.45rem}\n"
    ".mark{display:inline-block;min-width:1.1em;font-weight:700}"
    ".mark.good{color:var(--good)}.mark.bad{color:var(--bad)}"
    ".mark.warn{color:var(--warn)}.mark.none{color:var(--dim)}\n"
    ".chain{list-style:none;margin:0;padding:0}.chain li{border-left:3px solid "
    "var(--line);padding:.2rem 0 .5rem .8rem;overflow-wrap:anywhere}"
    ".chain .mark:not(:first-of-type){margin-left:.8rem}\n"
    ".codes{display:flex;flex-wrap:wrap;gap:.75rem}"
    "figure{margin:.4rem 0;flex:1 1 20rem;min-width:0}"
    "figcaption{font-size:.8rem;color:var(--dim)}"
    "pre{background:var(--code);border:1px solid var(--line);"
    "border-radius:6px;margin:.2rem 0;padding:.6rem .8rem;overflow-x:auto;"
    "font:12.5px/1.5 ui-monospace,monospace}\n"
    ".picture{overflow-x:auto}svg{display:block;width:476px}"
    "svg text{font:13px system-ui,sans-serif;fill:var(--fg)}"
    "svg .small{font-size:10px;fill:var(--dim)}svg .y{fill:var(--goodbg)}"
    "svg .n{fill:var(--badbg)}svg .w{fill:var(--warnbg)}"
    "svg .u{fill:var(--nonebg)}svg .head{fill:var(--dim);font-size:12px}\n"
    "@media(max-width:34rem){section{padding:0 .9rem}.list td:nth-child(3)"
    "{display:none}.list td:first-child{width:auto}}\n"
    "@media print{body{background:#fff}section{break-inside:avoid}}\n"
    "</style>\n";

#define CELL_W 132
#define CELL_H 42
#define LEFT 72
#define TOP 24

/* "AES_256_GCM_SHA384" of TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384. */
static const char *short_name(const char *suite)
{
  const char *with = strstr(suite, "_WITH_");

  if (with)
    return with + 6;
  return strncmp(suite, "TLS_", 4) == 0 ? suite + 4 : suite;
}

static void cell(FILE *out, int column, int row, const char *kind,
                 const char *text, const char *detail)
{
  int x = LEFT + column * CELL_W, y = TOP + row * CELL_H;
  bool is_alone = detail[0] == '\0';

  (void)fprintf(out,
                "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" "
                "height=\"%d\" rx=\"6\"/><text x=\"%d\" y=\"%d\" "
                "text-anchor=\"middle\">%s</text>\n",
                kind, x + 2, y + 2, CELL_W - 4, CELL_H - 4, x + CELL_W / 2,
                y + (is_alone ? CELL_H / 2 + 5 : 18), text);
  if (is_alone)
    return;
  (void)fprintf(out,
                "<text class=\"small\" x=\"%d\" y=\"%d\" "
                "text-anchor=\"middle\">",
                x + CELL_W / 2, y + 32);
  diagnose_xml_text(out, detail);
  (void)fputs("</text>\n", out);
}

/* Good and bad are for what ATS wants; all else is just so. */
static void probe_cell(FILE *out, int column, int row, const tinet_ats_probe *p,
                       bool is_met)
{
  bool is_wanted = column == 0 && row < 2;

  if (!p->is_made)
    cell(out, column, row, "u", "not tried", "");
  else if (p->code == 0)
    cell(out, column, row, is_wanted ? "y" : "w", "\xe2\x9c\x93 yes",
         short_name(p->suite_name));
  else if (p->code == TINET_EUNSUPPORTED)
    cell(out, column, row, "u", "unsupported locally", "");
  else if (p->code == TINET_ETIMEDOUT)
    cell(out, column, row, "u", "no answer", "");
  else
    cell(out, column, row, is_wanted && !is_met ? "n" : "u",
         is_wanted && !is_met ? "\xe2\x9c\x97 no" : "no", "");
}

void diagnose_html_matrix(FILE *out, const tinet_ats_server *s)
{
  static const char *const columns[] = {"suites of ATS", "static RSA",
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

  (void)fputs("<h3>What the server offers</h3>\n<div class=\"picture\"><svg "
              "viewBox=\"0 0 476 196\" role=\"img\" aria-label=\"TLS versions "
              "and suites that the server offers\">\n",
              out);
  for (int c = 0; c < 3; c++)
    (void)fprintf(out,
                  "<text class=\"head\" x=\"%d\" y=\"16\" "
                  "text-anchor=\"middle\">%s</text>\n",
                  LEFT + c * CELL_W + CELL_W / 2, columns[c]);
  for (int r = 0; r < 4; r++) {
    (void)fprintf(out, "<text x=\"4\" y=\"%d\">%s</text>\n",
                  TOP + r * CELL_H + CELL_H / 2 + 5, rows[r].name);
    for (int c = 0; c < 3; c++)
      if (rows[r].probes[c] >= 0)
        probe_cell(out, c, r, &s->probes[rows[r].probes[c]], is_met);
  }
  (void)fputs("</svg></div>\n", out);
}
