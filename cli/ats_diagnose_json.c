/* ats_diagnose_json.c - a diagnosis as one line of JSON: JSON Lines for
 * several. */
#include "ats_diagnose.h"
#include "json.h"

#include <stdlib.h>
#include <string.h>

static void text(FILE *out, const char *name, const char *value)
{
  (void)fprintf(out, ",\"%s\":", name);
  if (value)
    cli_json_string(out, value);
  else
    (void)fputs("null", out);
}

static void number(FILE *out, const char *name, long value)
{
  (void)fprintf(out, ",\"%s\":%ld", name, value);
}

static void flag(FILE *out, const char *name, bool value)
{
  (void)fprintf(out, ",\"%s\":%s", name, value ? "true" : "false");
}

/* "1.2"; null for none. */
static void version(FILE *out, const char *name, unsigned v)
{
  if (v < 0x0301 || v > 0x0304)
    (void)fprintf(out, ",\"%s\":null", name);
  else
    (void)fprintf(out, ",\"%s\":\"1.%u\"", name, v - 0x0301);
}

static void write_policy(FILE *out, const struct diagnose_options *o)
{
  size_t n = tinet_ats_policy_n_findings(o->policy);

  (void)fputs(",\"policy\":{\"source\":", out);
  cli_json_string(out, o->policy_path ? o->policy_path : "default");
  (void)fputs(",\"lints\":[", out);
  for (size_t i = 0; i < n; i++) {
    const tinet_ats_finding *f = tinet_ats_policy_finding(o->policy, i);

    (void)fprintf(out, "%s{\"id\":", i ? "," : "");
    cli_json_string(out, f->id);
    text(out, "severity", tinet_ats_severity_name(f->severity));
    text(out, "file", f->file);
    number(out, "line", (long)f->line);
    number(out, "col", (long)f->column);
    text(out, "message", f->message);
    text(out, "suggestion", f->suggestion);
    (void)fputc('}', out);
  }
  (void)fputs("]}", out);
}

static void write_requirement(FILE *out, const tinet_ats_requirement *r)
{
  static const char *const suites[] = {"any", "ats", "ats+nonpfs", "niap"};

  (void)fprintf(out, ",\"requirements\":{\"tls_required\":%s",
                r->is_tls_required ? "true" : "false");
  flag(out, "judged", r->is_judged);
  version(out, "min_tls", r->min_version);
  text(out, "suites", r->is_judged ? suites[r->suites] : "any");
  flag(out, "cert_checks", r->has_cert_checks);
  flag(out, "pins", r->has_leaf_pins || r->has_ca_pins);
  flag(out, "niap", r->niap != TINET_ATS_NIAP_NONE);
  (void)fputc('}', out);
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
  version(out, "version", p->version);
  text(out, "suite", p->suite_name);
  text(out, "suite_code", code);
  text(out, "kx", key_exchange(p->suite, p->suite_name));
  flag(out, "ems", p->has_extended_master_secret);
  text(out, "group", p->group);
  text(out, "alpn", p->alpn);
  flag(out, "asks_client_certificate", p->asks_client_certificate);
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
  text(out, "issuer", d->issuer);
  text(out, "key", types[c->key_type]);
  number(out, "bits", (long)c->key_bits);
  text(out, "sig", d->hash);
  text(out, "not_before", d->not_before);
  text(out, "not_after", d->not_after);
  text(out, "spki_sha256", spki);
  flag(out, "self_signed", c->is_self_signed);
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
  number(out, "openssl_code", c->openssl_code);
  text(out, "openssl_text", c->openssl_code ? c->trust_text : NULL);
  flag(out, "host_match", c->is_host_matched);
  text(out, "anchor",
       c->trust == TINET_ATS_TRUST_UNTRUSTED ? NULL : anchors[c->anchor]);
  text(out, "names", c->described[0].names);
  (void)fprintf(out, "},\"scts\":{\"embedded\":%u,\"tls\":%u,\"valid\":null}",
                c->n_scts_embedded, c->n_scts_tls);
}

static void write_reason(FILE *out, const tinet_ats_reason *r)
{
  (void)fputs("{\"code\":", out);
  cli_json_string(out, tinet_ats_code_name(r->code));
  text(out, "detail", r->text);
  text(out, "key", r->key);
  number(out, "depth", r->depth);
  (void)fprintf(out,
                ",\"apple\":{\"domain\":\"NSURLErrorDomain\",\"code\":%d,"
                "\"ssl_status\":%d,\"ssl_status_seen\":[",
                r->nsurl_code, r->ssl_status);
  for (const int *seen = r->ssl_seen; seen && *seen; seen++)
    (void)fprintf(out, "%s%d", seen == r->ssl_seen ? "" : ",", *seen);
  (void)fputs("]}}", out);
}

static void write_verdict(FILE *out, const tinet_ats_verdict *v)
{
  (void)fprintf(out, ",\"verdict\":{\"allow\":%s",
                v->is_allowed ? "true" : "false");
  text(out, "code", tinet_ats_code_name(v->code));
  (void)fputs(",\"reasons\":[", out);
  for (size_t i = 0; i < v->n_reasons; i++) {
    (void)fputs(i ? "," : "", out);
    write_reason(out, &v->reasons[i]);
  }
  (void)fprintf(out, "],\"ct\":%s}",
                v->notes & TINET_ATS_NOTE_CT_UNKNOWN ? "\"unknown\"" : "null");
}

static void write_hop(FILE *out, const struct diagnose_hop *hop)
{
  (void)fputs("{\"url\":", out);
  cli_json_string(out, hop->url);
  text(out, "host", hop->host);
  number(out, "port", hop->port);
  number(out, "status", hop->http_status);
  if (hop->error.code < 0) {
    (void)fputs(",\"error\":{\"code\":", out);
    cli_json_string(out, tinet_error_name(hop->error.code));
    text(out, "text", hop->error.text);
    (void)fputs("}}", out);
    return;
  }
  text(out, "address", hop->server ? hop->server->address : NULL);
  text(out, "matched_entry",
       hop->verdict.exception ? hop->verdict.exception->key : NULL);
  write_requirement(out, &hop->verdict.requirement);
  write_tls(out, hop);
  write_chain(out, hop);
  write_verdict(out, &hop->verdict);
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
    version(out, "version", p->code == 0 ? p->version : 0);
    text(out, "suite", p->code == 0 ? p->suite_name : NULL);
    text(out, "error", p->code ? tinet_error_name(p->code) : NULL);
    text(out, "text", p->code ? p->text : NULL);
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

static void write_http(FILE *out, const struct diagnosis *d)
{
  static const char *const texts[] = {NULL, "closed", "open", "redirect-https"};

  if (d->cleartext == CLEARTEXT_UNKNOWN) {
    (void)fputs(",\"http\":null", out);
    return;
  }
  (void)fprintf(out, ",\"http\":{\"cleartext\":\"%s\"", texts[d->cleartext]);
  text(out, "hsts", d->hsts[0] ? d->hsts : NULL);
  text(out, "error", d->http_error.code < 0 ? d->http_error.text : NULL);
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

static void write_entries(FILE *out, const struct diagnosis *d)
{
  bool is_first = true;

  (void)fputs("{\"NSExceptionDomains\":{", out);
  for (size_t i = 0; i < d->n_hops; i++) {
    const struct diagnose_hop *hop = &d->hops[i];
    tinet_ats_relief r;

    if (!diagnose_relief_of(d, i, &r))
      continue;
    (void)fputs(is_first ? "" : ",", out);
    is_first = false;
    cli_json_string(out, hop->host);
    (void)fputs(":{", out);
    if (r.min_version)
      (void)fprintf(out, "\"NSExceptionMinimumTLSVersion\":\"TLSv1.%u\"%s",
                    r.min_version - 0x0301,
                    r.disables_forward_secrecy || r.allows_insecure_http ? ","
                                                                         : "");
    if (r.disables_forward_secrecy)
      (void)fprintf(out, "\"NSExceptionRequiresForwardSecrecy\":false%s",
                    r.allows_insecure_http ? "," : "");
    if (r.allows_insecure_http)
      (void)fputs("\"NSExceptionAllowsInsecureHTTPLoads\":true", out);
    (void)fputc('}', out);
  }
  (void)fputs("}}", out);
}

static void write_exception(FILE *out, const struct diagnosis *d)
{
  const struct diagnose_hop *hop = diagnose_decisive(d);
  const char *review = diagnose_review_key(d);
  char *plist, *tiapp;

  (void)fputs(",\"minimal_exception\":{\"dict\":", out);
  if (!diagnose_has_exception(d)) {
    (void)fputs("null,\"review_keys\":[]", out);
    text(out, "why_not",
         hop->error.code < 0       ? "it could not be judged"
         : hop->verdict.is_allowed ? "none is needed"
                                   : "no key helps: the server must change");
    (void)fputc('}', out);
    return;
  }
  write_entries(out, d);
  plist = as_text(d, diagnose_plist);
  tiapp = as_text(d, diagnose_tiapp);
  text(out, "plist", plist);
  text(out, "tiapp", tiapp);
  free(plist);
  free(tiapp);
  (void)fprintf(out, ",\"review_keys\":[%s%s%s],\"why_not\":null}",
                review ? "\"" : "", review ? review : "", review ? "\"" : "");
}

void diagnose_json(FILE *out, const struct diagnose_options *o,
                   const struct diagnosis *d)
{
  (void)fputs("{\"schema\":\"tinet.ats.diagnose/1\"", out);
  text(out, "url", d->url);
  text(out, "profile", tinet_ats_profile_name(o->ats.profile));
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
  write_exception(out, d);
  number(out, "exit", d->status);
  (void)fputs("}\n", out);
}
