/* ats_diagnose_json.c - a diagnosis as one line of JSON: JSON Lines for
 * several. */
#include "ats_diagnose.h"
#include "ats_json.h"
#include "json.h"

#include <stdlib.h>
#include <string.h>

/* The dictionary as `tinet ats plist --format json` prints it, on one line. */
static void write_effective(FILE *out, const tinet_ats_policy *policy)
{
  char *json = NULL;

  (void)fputs(",\"effective\":", out);
  if (tinet_ats_policy_print(policy, TINET_ATS_FORMAT_JSON, false, &json) < 0 ||
      !json || !*json)
    (void)fputs("null", out);
  /* A line's end within a string is escaped. */
  for (const char *p = json; p && *p; p++)
    if (*p != '\n')
      (void)fputc(*p, out);
  tinet_free(json);
}

static void write_policy(FILE *out, const struct diagnose_options *o)
{
  size_t n = tinet_ats_policy_n_findings(o->policy);

  (void)fputs(",\"policy\":{\"source\":", out);
  cli_json_string(out, o->policy_path ? o->policy_path : "default");
  write_effective(out, o->policy);
  (void)fputs(",\"lints\":[", out);
  for (size_t i = 0; i < n; i++) {
    const tinet_ats_finding *f = tinet_ats_policy_finding(o->policy, i);

    (void)fprintf(out, "%s{\"id\":", i ? "," : "");
    cli_json_string(out, f->id);
    ats_json_text(out, "severity", tinet_ats_severity_name(f->severity));
    ats_json_text(out, "file", f->file);
    ats_json_number(out, "line", (long)f->line);
    ats_json_number(out, "col", (long)f->column);
    ats_json_text(out, "message", f->message);
    ats_json_text(out, "suggestion", f->suggestion);
    (void)fputc('}', out);
  }
  (void)fputs("]}", out);
}

static const char *key_exchange(unsigned suite, const char *name)
{
  if ((suite & 0xff00) == 0x1300)
    return "any";
  if (strncmp(name, "TLS_ECDHE", 9) == 0)
    return "ecdhe";
  if (strncmp(name, "TLS_DHE", 7) == 0)
    return "dhe";
  return strncmp(name, "TLS_RSA", 7) == 0 ? "rsa" : "other";
}

static void write_tls(FILE *out, const struct diagnose_hop *hop)
{
  const tinet_ats_probe *p = hop->used;
  char code[8];

  if (!p) {
    (void)fputs(",\"tls\":null", out);
    return;
  }
  (void)snprintf(code, sizeof code, "0x%04X", p->suite);
  (void)fprintf(
      out, ",\"tls\":{\"probe\":\"%s\"",
      tinet_ats_probe_name((tinet_ats_probe_kind)(p - hop->server->probes)));
  ats_json_version(out, "version", p->version);
  ats_json_text(out, "suite", p->suite_name);
  ats_json_text(out, "suite_code", code);
  ats_json_text(out, "kx", key_exchange(p->suite, p->suite_name));
  ats_json_flag(out, "ems", p->has_extended_master_secret);
  ats_json_text(out, "group", p->group);
  ats_json_text(out, "alpn", p->alpn);
  ats_json_flag(out, "asks_client_certificate", p->asks_client_certificate);
  (void)fputc('}', out);
}

static void write_certificate(FILE *out, const tinet_ats_certificate *c,
                              const tinet_ats_described *d)
{
  static const char *const types[] = {"other", "rsa", "ec", "eddsa"};
  char spki[TINET_SPKI_HASH_TEXT_MAX];

  tinet_spki_hash_text(&c->spki, spki);
  (void)fputs("{\"subject\":", out);
  cli_json_string(out, d->subject);
  ats_json_text(out, "issuer", d->issuer);
  ats_json_text(out, "key", types[c->key_type]);
  ats_json_number(out, "bits", (long)c->key_bits);
  ats_json_text(out, "sig", d->hash);
  ats_json_text(out, "not_before", d->not_before);
  ats_json_text(out, "not_after", d->not_after);
  /* Without "sha256/": as SPKI-SHA256-BASE64 has it. */
  ats_json_text(out, "spki_sha256", strchr(spki, '/') + 1);
  ats_json_flag(out, "self_signed", c->is_self_signed);
  (void)fputc('}', out);
}

static void write_chain(FILE *out, const struct diagnose_hop *hop)
{
  static const char *const anchors[] = {"system", "custom", "leaf"};
  static const char *const trusts[] = {
      "ok", "untrusted", "expired", "not-yet-valid", "revoked", "other"};
  const tinet_ats_chain *c;

  if (!hop->used || !hop->server)
    return;
  c = &hop->server->chains[hop->used->chain];
  (void)fputs(",\"chain\":[", out);
  for (size_t i = 0; i < c->n; i++) {
    (void)fputs(i ? "," : "", out);
    write_certificate(out, &c->certificates[i], &c->described[i]);
  }
  (void)fprintf(out, "],\"trust\":{\"result\":\"%s\"", trusts[c->trust]);
  ats_json_number(out, "openssl_code", c->openssl_code);
  ats_json_text(out, "openssl_text", c->openssl_code ? c->trust_text : NULL);
  ats_json_flag(out, "host_match", c->is_host_matched);
  ats_json_text(out, "anchor",
                c->trust == TINET_ATS_TRUST_UNTRUSTED ? NULL
                                                      : anchors[c->anchor]);
  ats_json_text(out, "names", c->described[0].names);
  (void)fprintf(out,
                "},\"scts\":{\"embedded\":%u,\"tls\":%u,\"ocsp\":%u,"
                "\"valid\":null}",
                c->n_scts_embedded, c->n_scts_tls, c->n_scts_ocsp);
}

static void write_rules(FILE *out, const struct diagnose_hop *hop)
{
  static const char *const marks[] = {"pass", "fail", "unknown", "not-asked"};
  struct diagnose_rule rules[DIAGNOSE_RULES_MAX];
  size_t n = diagnose_rules(hop, rules);

  (void)fputs(",\"rules\":[", out);
  for (size_t i = 0; i < n; i++) {
    (void)fprintf(out, "%s{\"rule\":\"%s\"", i ? "," : "", rules[i].name);
    ats_json_text(out, "result", marks[rules[i].mark]);
    ats_json_text(out, "code",
                  rules[i].reason ? tinet_ats_code_name(rules[i].reason->code)
                                  : NULL);
    ats_json_text(out, "detail", rules[i].text);
    (void)fputc('}', out);
  }
  (void)fputc(']', out);
}

static void write_hop(FILE *out, const struct diagnose_hop *hop)
{
  (void)fputs("{\"url\":", out);
  cli_json_string(out, hop->url);
  ats_json_text(out, "host", hop->host);
  ats_json_number(out, "port", hop->port);
  ats_json_flag(out, "is_ip", hop->is_address);
  ats_json_flag(out, "direct", hop->is_local);
  ats_json_number(out, "status", hop->http_status);
  if (hop->error.code < 0) {
    (void)fputs(",\"error\":{\"code\":", out);
    cli_json_string(out, tinet_error_name(hop->error.code));
    ats_json_text(out, "text", hop->error.text);
    (void)fputs("}}", out);
    return;
  }
  ats_json_text(out, "address", hop->server ? hop->server->address : NULL);
  ats_json_text(out, "matched_entry",
                hop->verdict.exception ? hop->verdict.exception->key : NULL);
  ats_json_requirement(out, &hop->verdict.requirement);
  write_tls(out, hop);
  write_chain(out, hop);
  write_rules(out, hop);
  ats_json_verdict(out, &hop->verdict);
  (void)fputc('}', out);
}

static void write_matrix(FILE *out, const tinet_ats_server *s)
{
  bool is_first = true;

  (void)fputs(",\"matrix\":[", out);
  for (int i = 0; s && i < TINET_ATS_N_PROBES; i++) {
    const tinet_ats_probe *p = &s->probes[i];

    if (!p->is_made)
      continue;
    (void)fprintf(out, "%s{\"probe\":\"%s\",\"offer\":\"%s\",\"ok\":%s",
                  is_first ? "" : ",",
                  tinet_ats_probe_name((tinet_ats_probe_kind)i),
                  tinet_ats_probe_title((tinet_ats_probe_kind)i),
                  p->code == 0 ? "true" : "false");
    ats_json_version(out, "version", p->code == 0 ? p->version : 0);
    ats_json_text(out, "suite", p->code == 0 ? p->suite_name : NULL);
    ats_json_text(out, "error", p->code ? tinet_error_name(p->code) : NULL);
    ats_json_text(out, "text", p->code ? p->text : NULL);
    (void)fputc('}', out);
    is_first = false;
  }
  (void)fputc(']', out);
}

static void write_apple(FILE *out, const struct diagnosis *d)
{
  (void)fputs(",\"apple_configurations\":[", out);
  for (size_t i = 0; d->has_apple && i < TINET_ATS_N_CONFIGURATIONS; i++)
    (void)fprintf(out, "%s{\"n\":%zu,\"title\":\"%s\",\"pass\":%s}",
                  i ? "," : "", i + 1, tinet_ats_configuration_at(i)->title,
                  d->passes_apple[i] ? "true" : "false");
  (void)fputc(']', out);
}

static void write_hsts(FILE *out, const struct diagnose_hsts *h)
{
  if (!h->is_sent) {
    (void)fputs(",\"hsts\":null", out);
    return;
  }
  (void)fputs(",\"hsts\":{\"value\":", out);
  cli_json_string(out, h->text);
  ats_json_flag(out, "valid", h->is_valid);
  if (h->is_valid)
    ats_json_number(out, "max_age", h->max_age);
  else
    ats_json_text(out, "max_age", NULL);
  ats_json_flag(out, "include_subdomains", h->has_subdomains);
  ats_json_flag(out, "preload", h->has_preload);
  (void)fputc('}', out);
}

/* Of an http URL: what https on port 443 of the host would give. */
static void write_https(FILE *out, const struct diagnosis *d)
{
  if (!d->secure)
    (void)fputs(",\"https\":null", out);
  else
    (void)fprintf(out, ",\"https\":{\"reachable\":%s,\"pass\":%s}",
                  d->secure->error.code == 0 ? "true" : "false",
                  d->is_secure_enough ? "true" : "false");
}

static void write_http(FILE *out, const struct diagnosis *d)
{
  static const char *const texts[] = {NULL, "closed", "open", "redirect-https"};

  if (d->cleartext == CLEARTEXT_UNKNOWN) {
    (void)fputs(",\"http\":null", out);
    return;
  }
  (void)fprintf(out, ",\"http\":{\"cleartext\":\"%s\"", texts[d->cleartext]);
  write_hsts(out, &d->hsts);
  ats_json_text(out, "error",
                d->http_error.code < 0 ? d->http_error.text : NULL);
  (void)fputc('}', out);
}

/* The dictionaries as text, and as JSON. */
static char *as_text(const struct diagnosis *d,
                     void (*write)(const struct diagnosis *, int, FILE *))
{
  char *data = NULL;
  size_t len;
  FILE *f = open_memstream(&data, &len);

  if (!f)
    return NULL;
  write(d, 0, f);
  (void)fclose(f);
  return data;
}

static void write_exception(FILE *out, const struct diagnosis *d)
{
  bool has_one = diagnose_has_exception(d);
  const char *review = has_one ? diagnose_review_key(d) : NULL;
  char *plist = has_one ? as_text(d, diagnose_plist) : NULL;
  char *tiapp = has_one ? as_text(d, diagnose_tiapp) : NULL;

  (void)fputs(",\"minimal_exception\":{\"dict\":", out);
  if (has_one)
    diagnose_dictionary(d, -1, out);
  else
    (void)fputs("null", out);
  ats_json_text(out, "plist", plist);
  ats_json_text(out, "tiapp", tiapp);
  (void)fprintf(out, ",\"review_keys\":[%s%s%s]", review ? "\"" : "",
                review ? review : "", review ? "\"" : "");
  ats_json_flag(out, "weakens_trust", has_one && diagnose_weakens_trust(d));
  ats_json_text(out, "why_not", has_one ? NULL : diagnose_why_no_exception(d));
  (void)fputc('}', out);
  free(plist);
  free(tiapp);
}

static void write_fix(FILE *out, const struct diagnose_hop *hop,
                      const struct diagnose_fix *fix, bool has_lines)
{
  char *nginx = fix->nginx ? diagnose_lines(hop, fix->nginx) : NULL;
  char *apache = fix->apache ? diagnose_lines(hop, fix->apache) : NULL;

  (void)has_lines;
  (void)fputs("{\"host\":", out);
  cli_json_string(out, hop->host);
  ats_json_text(out, "what", fix->what);
  ats_json_text(out, "nginx", nginx);
  ats_json_text(out, "apache", apache);
  (void)fputs("},", out);
  free(nginx);
  free(apache);
}

static void write_fixes(FILE *out, const struct diagnosis *d)
{
  char *data = NULL;
  size_t len = 0;
  FILE *f = open_memstream(&data, &len);

  if (f) {
    (void)diagnose_each_fix(f, d, write_fix);
    (void)fclose(f);
  }
  /* Without the last comma. */
  (void)fprintf(out, ",\"server_fixes\":[%.*s]", len ? (int)len - 1 : 0,
                data ? data : "");
  free(data);
}

void diagnose_json(FILE *out, const struct diagnose_options *o,
                   const struct diagnosis *d)
{
  (void)fputs("{\"schema\":\"tinet.ats.diagnose/1\"", out);
  ats_json_text(out, "url", d->url);
  ats_json_text(out, "profile", tinet_ats_profile_name(o->ats.profile));
  write_policy(out, o);
  (void)fputs(",\"hops\":[", out);
  for (size_t i = 0; i < d->n_hops; i++) {
    (void)fputs(i ? "," : "", out);
    write_hop(out, &d->hops[i]);
  }
  (void)fputc(']', out);
  write_matrix(out, d->hops[0].server);
  write_apple(out, d);
  write_http(out, d);
  write_https(out, d);
  write_exception(out, d);
  write_fixes(out, d);
  ats_json_text(out, "outcome", diagnose_outcome(d));
  ats_json_number(out, "exit", d->status);
  (void)fputs("}\n", out);
}
