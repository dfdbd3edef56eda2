/* explain.c - a verdict in sentences. */
#include <string.h>

#include "../core/alloc.h"
#include "../core/buf.h"
#include "policy.h"

static const char *why(tinet_ats_code code)
{
  switch (code) {
  case TINET_ATS_COMPLIANT:
    return "it meets App Transport Security";
  case TINET_ATS_EXCEPTION:
    return "an entry of NSExceptionDomains makes it possible";
  case TINET_ATS_LOCAL:
    return "the host is local";
  case TINET_ATS_MEDIA:
    return "NSAllowsArbitraryLoadsForMedia is YES";
  case TINET_ATS_WEB_CONTENT:
    return "NSAllowsArbitraryLoadsInWebContent is YES";
  case TINET_ATS_ARBITRARY_LOADS:
    return "NSAllowsArbitraryLoads is YES: ATS is off";
  case TINET_ATS_LEGACY_SDK:
    return "the application is linked against an SDK older than iOS 9";
  default:
    return "App Transport Security does not cover it";
  }
}

static int add_entry(struct tinet__buf *b, const tinet_ats_exception *x)
{
  if (!x)
    return TINET_OK;
  if (!x->file || x->line == 0)
    return tinet__buf_addf(b, "  entry: %s%s\n", x->key,
                           x->file ? "" : " (built in)");
  return tinet__buf_addf(b, "  entry: %s (%s:%u)\n", x->key, x->file, x->line);
}

static int add_requirement(struct tinet__buf *b, const tinet_ats_requirement *r)
{
  static const char *const suites[] = {"any suite", "ATS suites (ECDHE)",
                                       "ATS suites and static RSA",
                                       "ECDHE with AES-GCM (NIAP)"};
  const char *pins = r->has_leaf_pins && r->has_ca_pins ? ", pinned leaf and CA"
                     : r->has_leaf_pins                 ? ", pinned leaf"
                     : r->has_ca_pins                   ? ", pinned CA"
                                                        : "";

  if (!r->is_judged)
    return tinet__buf_addf(b,
                           "  https must have: a trusted certificate, which "
                           "the application may overrule%s\n",
                           pins);
  return tinet__buf_addf(
      b,
      "  https must have: TLS 1.%u or later, %s, a trusted certificate, which "
      "the application %s overrule%s\n",
      r->min_version - 0x0301, suites[r->suites],
      r->has_cert_checks ? "cannot" : "may", pins);
}

static int add_reason(struct tinet__buf *b, const tinet_ats_reason *reason)
{
  int err = tinet__buf_addf(b, "  %s: %s\n    NSURLErrorDomain %d",
                            tinet_ats_code_name(reason->code), reason->text,
                            reason->nsurl_code);

  if (err == TINET_OK && reason->ssl_status)
    err =
        tinet__buf_addf(b, ", kCFStreamErrorDomainSSL %d", reason->ssl_status);
  for (const int *seen = reason->ssl_seen; *seen && err == TINET_OK; seen++)
    err = tinet__buf_addf(
        b, "%s%d", seen == reason->ssl_seen ? " (in logs: " : ", ", *seen);
  if (err == TINET_OK && *reason->ssl_seen)
    err = tinet__buf_addc(b, ')');
  if (err < 0 || !reason->key)
    return err < 0 ? err
                   : tinet__buf_adds(b, "\n    no key excuses it: the server "
                                        "must change\n");
  return tinet__buf_addf(b, "\n    would be excused by %s\n", reason->key);
}

static int add_notes(struct tinet__buf *b, unsigned notes)
{
  static const struct {
    unsigned note;
    const char *id, *text;
  } texts[] = {
      {TINET_ATS_NOTE_SUBDOMAIN_DEPTH, "subdomain-depth",
       "the entry is more than one label up; Apple documents one level"},
      {TINET_ATS_NOTE_IP_LITERAL, "ip-literal",
       "systems differ about addresses: prefer `localhost` or an own entry"},
      {TINET_ATS_NOTE_CT_UNKNOWN, "ct-unknown",
       "Certificate Transparency could not be judged: no list of logs"},
      {TINET_ATS_NOTE_PIN_CLEARTEXT, "pin-cleartext",
       "the host is pinned, but cleartext has no certificate to check"},
  };
  int err = TINET_OK;

  for (size_t i = 0; i < sizeof texts / sizeof *texts && err == TINET_OK; i++)
    if (notes & texts[i].note)
      err = tinet__buf_addf(b, "  note: %s [%s]\n", texts[i].text, texts[i].id);
  return err;
}

static int write_all(struct tinet__buf *b, const tinet_ats_policy *p,
                     const tinet_ats_request *request,
                     const tinet_ats_verdict *v)
{
  bool is_open = v->is_allowed && v->needs_connection;
  int err = tinet__buf_addf(
      b, "%s://%s: %s [%s, profile %s]\n", request->scheme, request->host,
      is_open         ? "allowed, if the server complies"
      : v->is_allowed ? "allowed"
                      : "denied",
      is_open ? "not asked" : tinet_ats_code_name(v->code),
      tinet_ats_profile_name(p->profile));

  if (err == TINET_OK && v->is_allowed && !is_open)
    err = tinet__buf_addf(b, "  %s\n", why(v->code));
  if (err == TINET_OK && v->is_upgraded)
    err = tinet__buf_adds(b, "  HSTS makes it https\n");
  if (err == TINET_OK)
    err = add_entry(b, v->exception);
  if (err == TINET_OK && v->code != TINET_ATS_NOT_COVERED &&
      v->code != TINET_ATS_LEGACY_SDK)
    err = add_requirement(b, &v->requirement);
  for (size_t i = 0; i < v->n_reasons && err == TINET_OK; i++)
    err = add_reason(b, &v->reasons[i]);
  return err == TINET_OK ? add_notes(b, v->notes) : err;
}

int tinet_ats_explain(const tinet_ats_policy *policy,
                      const tinet_ats_request *request,
                      const tinet_ats_verdict *verdict, char **ret_text)
{
  struct tinet__buf b = TINET__BUF_INIT;
  int err;

  if (!policy || !request || !verdict || !ret_text)
    return TINET_EINVAL;
  err = write_all(&b, policy, request, verdict);
  if (err < 0) {
    tinet__buf_free(&b);
    return err;
  }
  *ret_text = tinet__buf_take(&b, NULL);
  return TINET_OK;
}
