/* ats_exception.c - the smallest exception of all hops together, as it is
 * written into the files of a project. */
#include "ats_diagnose.h"
#include "json.h"

#include <string.h>

static bool is_empty(const tinet_ats_relief *r)
{
  return !r->min_version && !r->disables_forward_secrecy &&
         !r->allows_insecure_http;
}

static bool is_needed(const struct diagnose_hop *hop)
{
  return hop->has_relief && !is_empty(&hop->relief);
}

static void key_of(const struct diagnose_hop *hop,
                   char key[TINET_ATS_HOST_KEY_MAX])
{
  if (tinet_ats_host_key(hop->host, key) < 0)
    (void)snprintf(key, TINET_ATS_HOST_KEY_MAX, "%s", hop->host);
}

/* example.com and EXAMPLE.com are one key. */
static bool is_same_key(const struct diagnose_hop *a,
                        const struct diagnose_hop *b)
{
  char key_a[TINET_ATS_HOST_KEY_MAX], key_b[TINET_ATS_HOST_KEY_MAX];

  key_of(a, key_a);
  key_of(b, key_b);
  return strcmp(key_a, key_b) == 0;
}

static void merge(tinet_ats_relief *all, const tinet_ats_relief *r)
{
  if (r->min_version &&
      (!all->min_version || r->min_version < all->min_version))
    all->min_version = r->min_version;
  all->disables_forward_secrecy |= r->disables_forward_secrecy;
  all->allows_insecure_http |= r->allows_insecure_http;
}

bool diagnose_relief_of(const struct diagnosis *d, size_t at,
                        tinet_ats_relief *ret_relief)
{
  const struct diagnose_hop *hop = &d->hops[at];

  memset(ret_relief, 0, sizeof *ret_relief);
  if (!is_needed(hop))
    return false;
  for (size_t i = 0; i < d->n_hops; i++) {
    if (!is_needed(&d->hops[i]) || !is_same_key(&d->hops[i], hop))
      continue;
    if (i < at)
      return false;
    merge(ret_relief, &d->hops[i].relief);
  }
  return true;
}

bool diagnose_has_exception(const struct diagnosis *d)
{
  bool is_any = false;

  for (size_t i = 0; i < d->n_hops; i++) {
    if (d->hops[i].error.code < 0 || !d->hops[i].has_relief)
      return false;
    is_any |= is_needed(&d->hops[i]);
  }
  return is_any;
}

/* Denied although Apple's own rules are met, or could be. */
static bool is_stricter(const struct diagnose_hop *hop)
{
  return hop->error.code == 0 && !hop->verdict.is_allowed && hop->has_relief &&
         is_empty(&hop->relief);
}

const char *diagnose_why_no_exception(const struct diagnosis *d)
{
  const struct diagnose_hop *hop = diagnose_decisive(d);

  if (hop->error.code < 0)
    return "it could not be judged";
  for (size_t i = 0; i < d->n_hops; i++)
    if (!d->hops[i].has_relief)
      return "no key helps: the server must change";
  if (is_stricter(hop))
    return "the policy asks for more than Apple's default: change its entry "
           "or its pins";
  return "none is needed";
}

bool diagnose_weakens_trust(const struct diagnosis *d)
{
  for (size_t i = 0; i < d->n_hops; i++)
    if (d->hops[i].is_https && is_needed(&d->hops[i]) &&
        d->hops[i].relief.allows_insecure_http)
      return true;
  return false;
}

const char *diagnose_review_key(const struct diagnosis *d)
{
  for (size_t i = 0; i < d->n_hops; i++) {
    if (!is_needed(&d->hops[i]))
      continue;
    if (d->hops[i].relief.allows_insecure_http)
      return "NSExceptionAllowsInsecureHTTPLoads";
    if (d->hops[i].relief.min_version)
      return "NSExceptionMinimumTLSVersion";
  }
  return NULL;
}

static void key(FILE *out, int indent, const char *name)
{
  (void)fprintf(out, "%*s<key>", indent, "");
  diagnose_xml_text(out, name);
  (void)fputs("</key>\n", out);
}

static void entry(FILE *out, int indent, const char *host,
                  const tinet_ats_relief *r)
{
  key(out, indent, host);
  (void)fprintf(out, "%*s<dict>\n", indent, "");
  if (r->min_version) {
    key(out, indent + 2, "NSExceptionMinimumTLSVersion");
    (void)fprintf(out, "%*s<string>TLSv1.%u</string>\n", indent + 2, "",
                  r->min_version - 0x0301);
  }
  if (r->disables_forward_secrecy) {
    key(out, indent + 2, "NSExceptionRequiresForwardSecrecy");
    (void)fprintf(out, "%*s<false/>\n", indent + 2, "");
  }
  if (r->allows_insecure_http) {
    key(out, indent + 2, "NSExceptionAllowsInsecureHTTPLoads");
    (void)fprintf(out, "%*s<true/>\n", indent + 2, "");
  }
  (void)fprintf(out, "%*s</dict>\n", indent, "");
}

void diagnose_keys(const struct diagnosis *d, int indent, FILE *out)
{
  key(out, indent, "NSAppTransportSecurity");
  (void)fprintf(out, "%*s<dict>\n", indent, "");
  key(out, indent + 2, "NSExceptionDomains");
  (void)fprintf(out, "%*s<dict>\n", indent + 2, "");
  for (size_t i = 0; i < d->n_hops; i++) {
    char host[TINET_ATS_HOST_KEY_MAX];
    tinet_ats_relief all;

    if (!diagnose_relief_of(d, i, &all))
      continue;
    key_of(&d->hops[i], host);
    entry(out, indent + 4, host, &all);
  }
  (void)fprintf(out, "%*s</dict>\n%*s</dict>\n", indent + 2, "", indent, "");
}

void diagnose_plist(const struct diagnosis *d, int indent, FILE *out)
{
  (void)fprintf(out,
                "%*s<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                "%*s<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" "
                "\"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n"
                "%*s<plist version=\"1.0\">\n%*s<dict>\n",
                indent, "", indent, "", indent, "", indent, "");
  diagnose_keys(d, indent + 2, out);
  (void)fprintf(out, "%*s</dict>\n%*s</plist>\n", indent, "", indent, "");
}

void diagnose_tiapp(const struct diagnosis *d, int indent, FILE *out)
{
  (void)fprintf(out, "%*s<ios>\n%*s<plist>\n%*s<dict>\n", indent, "",
                indent + 2, "", indent + 4, "");
  diagnose_keys(d, indent + 6, out);
  (void)fprintf(out, "%*s</dict>\n%*s</plist>\n%*s</ios>\n", indent + 4, "",
                indent + 2, "", indent, "");
}

/* ---- JSON ---- */

/* A new line, unless all is to be on one. */
static void next_line(FILE *out, int indent)
{
  if (indent >= 0)
    (void)fprintf(out, "\n%*s", indent, "");
}

static int deeper(int indent)
{
  return indent < 0 ? indent : indent + 2;
}

static void json_key(FILE *out, int indent, bool *is_first, const char *name)
{
  (void)fputs(*is_first ? "" : ",", out);
  *is_first = false;
  next_line(out, indent);
  cli_json_string(out, name);
  (void)fputs(indent < 0 ? ":" : ": ", out);
}

static void json_entry(FILE *out, int indent, const tinet_ats_relief *r)
{
  int inner = deeper(indent);
  bool is_first = true;

  (void)fputc('{', out);
  if (r->min_version) {
    json_key(out, inner, &is_first, "NSExceptionMinimumTLSVersion");
    (void)fprintf(out, "\"TLSv1.%u\"", r->min_version - 0x0301);
  }
  if (r->disables_forward_secrecy) {
    json_key(out, inner, &is_first, "NSExceptionRequiresForwardSecrecy");
    (void)fputs("false", out);
  }
  if (r->allows_insecure_http) {
    json_key(out, inner, &is_first, "NSExceptionAllowsInsecureHTTPLoads");
    (void)fputs("true", out);
  }
  next_line(out, indent);
  (void)fputc('}', out);
}

void diagnose_dictionary(const struct diagnosis *d, int indent, FILE *out)
{
  int inner = deeper(indent), entries = deeper(inner);
  bool is_first = true, is_first_host = true;

  (void)fputc('{', out);
  json_key(out, inner, &is_first, "NSExceptionDomains");
  (void)fputc('{', out);
  for (size_t i = 0; i < d->n_hops; i++) {
    char host[TINET_ATS_HOST_KEY_MAX];
    tinet_ats_relief r;

    if (!diagnose_relief_of(d, i, &r))
      continue;
    key_of(&d->hops[i], host);
    json_key(out, entries, &is_first_host, host);
    json_entry(out, entries, &r);
  }
  next_line(out, inner);
  (void)fputc('}', out);
  next_line(out, indent);
  (void)fputc('}', out);
}

void diagnose_json_form(const struct diagnosis *d, int indent, FILE *out)
{
  (void)fprintf(out, "%*s{", indent, "");
  next_line(out, indent + 2);
  (void)fputs("\"NSAppTransportSecurity\": ", out);
  diagnose_dictionary(d, indent + 2, out);
  next_line(out, indent);
  (void)fputs("}\n", out);
}

/* ---- XML ---- */

/* U+FFFE and U+FFFF are no characters. */
static bool is_xml_text(const char *s, size_t n)
{
  return *s == '\n' ||
         !(cli_is_harmful(s, n) || (n == 3 && memcmp(s, "\xef\xbf", 2) == 0 &&
                                    (unsigned char)s[2] >= 0xbe));
}

void diagnose_xml_text(FILE *out, const char *text)
{
  size_t len = strlen(text);

  while (len > 0) {
    size_t n = cli_utf8_len(text, len);

    if (n == 0 || !is_xml_text(text, n)) {
      (void)fputs("\xef\xbf\xbd", out);
      n = n ? n : 1;
    } else if (*text == '&') {
      (void)fputs("&amp;", out);
    } else if (*text == '<') {
      (void)fputs("&lt;", out);
    } else if (*text == '>') {
      (void)fputs("&gt;", out);
    } else if (*text == '"') {
      (void)fputs("&quot;", out);
    } else {
      (void)fwrite(text, 1, n, out);
    }
    text += n;
    len -= n;
  }
}
