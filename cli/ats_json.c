/* ats_json.c - the parts of a verdict as JSON: what explain and diagnose
 * share. */
#include "ats_json.h"

#include "json.h"

void ats_json_text(FILE *out, const char *name, const char *value)
{
  (void)fprintf(out, ",\"%s\":", name);
  if (value)
    cli_json_string(out, value);
  else
    (void)fputs("null", out);
}

void ats_json_number(FILE *out, const char *name, long value)
{
  (void)fprintf(out, ",\"%s\":%ld", name, value);
}

void ats_json_flag(FILE *out, const char *name, bool value)
{
  (void)fprintf(out, ",\"%s\":%s", name, value ? "true" : "false");
}

/* "1.2"; null for none. */
void ats_json_version(FILE *out, const char *name, unsigned v)
{
  if (v < 0x0301 || v > 0x0304)
    (void)fprintf(out, ",\"%s\":null", name);
  else
    (void)fprintf(out, ",\"%s\":\"1.%u\"", name, v - 0x0301);
}

void ats_json_requirement(FILE *out, const tinet_ats_requirement *r)
{
  static const char *const suites[] = {"any", "ats", "ats+nonpfs", "niap"};

  (void)fprintf(out, ",\"requirements\":{\"tls_required\":%s",
                r->is_tls_required ? "true" : "false");
  ats_json_flag(out, "judged", r->is_judged);
  ats_json_version(out, "min_tls", r->min_version);
  ats_json_text(out, "suites", r->is_judged ? suites[r->suites] : "any");
  ats_json_flag(out, "cert_checks", r->has_cert_checks);
  ats_json_flag(out, "pins", r->has_leaf_pins || r->has_ca_pins);
  ats_json_flag(out, "niap", r->niap != TINET_ATS_NIAP_NONE);
  (void)fputc('}', out);
}

static void write_reason(FILE *out, const tinet_ats_reason *r)
{
  (void)fputs("{\"code\":", out);
  cli_json_string(out, tinet_ats_code_name(r->code));
  ats_json_text(out, "detail", r->text);
  ats_json_text(out, "key", r->key);
  ats_json_number(out, "depth", r->depth);
  (void)fprintf(out,
                ",\"apple\":{\"domain\":\"NSURLErrorDomain\",\"code\":%d,"
                "\"ssl_status\":%d,\"ssl_status_seen\":[",
                r->nsurl_code, r->ssl_status);
  for (const int *seen = r->ssl_seen; seen && *seen; seen++)
    (void)fprintf(out, "%s%d", seen == r->ssl_seen ? "" : ",", *seen);
  (void)fputs("]}}", out);
}

void ats_json_verdict(FILE *out, const tinet_ats_verdict *v)
{
  (void)fprintf(out, ",\"verdict\":{\"allow\":%s",
                v->is_allowed ? "true" : "false");
  ats_json_text(out, "code", tinet_ats_code_name(v->code));
  (void)fputs(",\"reasons\":[", out);
  for (size_t i = 0; i < v->n_reasons; i++) {
    (void)fputs(i ? "," : "", out);
    write_reason(out, &v->reasons[i]);
  }
  (void)fprintf(out, "],\"ct\":%s}",
                v->notes & TINET_ATS_NOTE_CT_UNKNOWN ? "\"unknown\"" : "null");
}
