/* ats_diagnose_apple.c - the layout of nscurl --ats-diagnostics, for scripts
 * that read it.  apple: nscurl */
#include "ats_diagnose.h"

#include <string.h>

static void rule(FILE *out)
{
  for (int i = 0; i < 80; i++)
    (void)fputc('=', out);
  (void)fputc('\n', out);
}

static void write_relief(FILE *out, const tinet_ats_relief *r, const char *host)
{
  (void)fputs("ATS Dictionary:\n{\n", out);
  if (r->allows_everything) {
    (void)fputs("    NSAllowsArbitraryLoads = true;\n", out);
  } else if (r->min_version || r->disables_forward_secrecy ||
             r->allows_insecure_http) {
    (void)fprintf(out,
                  "    NSExceptionDomains =     {\n        \"%s\" =         "
                  "{\n",
                  host);
    if (r->allows_insecure_http)
      (void)fputs("            NSExceptionAllowsInsecureHTTPLoads = true;\n",
                  out);
    if (r->min_version)
      (void)fprintf(out,
                    "            NSExceptionMinimumTLSVersion = "
                    "\"TLSv1.%u\";\n",
                    r->min_version - 0x0301);
    if (r->disables_forward_secrecy)
      (void)fputs("            NSExceptionRequiresForwardSecrecy = false;\n",
                  out);
    (void)fputs("        };\n    };\n", out);
  }
  (void)fputs("}\n", out);
}

/* A minimum that passes says nothing about old versions: it is read wrongly
 * again and again. */
static void explain_pass(FILE *out, const tinet_ats_relief *r,
                         const tinet_ats_server *s)
{
  if (r->min_version && s && s->best_version > r->min_version)
    (void)fprintf(out,
                  "Note : passes because the server negotiates %s; this does "
                  "not mean that %s is supported\n",
                  diagnose_version_name(s->best_version),
                  diagnose_version_name(r->min_version));
}

static void write_error(FILE *out, const tinet_ats_reason *r, const char *url)
{
  (void)fprintf(out, "Error : Error Domain=NSURLErrorDomain Code=%d \"",
                r->nsurl_code);
  cli_print_safe(out, r->text);
  (void)fprintf(out,
                "\" UserInfo={_kCFStreamErrorDomainKey=3, "
                "_kCFStreamErrorCodeKey=%d, NSErrorFailingURLStringKey=",
                r->ssl_status);
  cli_print_safe(out, url);
  (void)fputs("}\n", out);
}

static void explain_failure(FILE *out, const struct diagnose_options *o,
                            const struct diagnose_hop *hop,
                            const tinet_ats_relief *r)
{
  tinet_ats_request request = {
      .scheme = hop->scheme, .host = hop->host, .direct = o->direct};
  tinet_ats_policy *policy;
  tinet_ats_verdict v;
  int code;

  if (tinet_ats_relief_policy(r, hop->host, &o->ats, &policy) < 0)
    return;
  code = hop->server
             ? tinet_ats_server_judge(hop->server, policy, &request, &v, NULL)
             : tinet_ats_decide(policy, &request, NULL, &v);
  if (code == TINET_OK && v.n_reasons > 0)
    write_error(out, &v.reasons[0], hop->url);
  tinet_ats_policy_unref(policy);
}

/* Apple asks for TLS 1.2: without 1.3 a server lacks nothing. */
static void explain_minimum(FILE *out, const tinet_ats_relief *r,
                            const tinet_ats_server *s)
{
  if (r->min_version == 0x0304 && s && s->best_version == 0x0303)
    (void)fputs("Note : the server negotiates TLS 1.2; App Transport Security "
                "does not need TLS 1.3\n",
                out);
}

static void write_test(FILE *out, const struct diagnose_options *o,
                       const struct diagnosis *d, size_t at)
{
  const tinet_ats_configuration *c = tinet_ats_configuration_at(at);
  const struct diagnose_hop *hop = &d->hops[0];

  (void)fprintf(out, "---\n%s\n", c->title);
  if (o->is_verbose)
    write_relief(out, &c->relief, hop->host);
  (void)fprintf(out, "Result : %s\n", d->passes_apple[at] ? "PASS" : "FAIL");
  if (d->passes_apple[at])
    explain_pass(out, &c->relief, hop->server);
  else
    explain_minimum(out, &c->relief, hop->server);
  if (!d->passes_apple[at] && o->is_verbose)
    explain_failure(out, o, hop, &c->relief);
  (void)fputs("---\n\n", out);
}

static void write_group(FILE *out, const char *group, const char *host)
{
  const char *at = strstr(group, "%s");

  rule(out);
  (void)fputc('\n', out);
  if (at)
    (void)fprintf(out, "%.*s%s%s\n\n", (int)(at - group), group, host, at + 2);
  else
    (void)fprintf(out, "%s\n\n", group);
}

void diagnose_apple(FILE *out, const struct diagnose_options *o,
                    const struct diagnosis *d)
{
  const char *group = NULL;

  (void)fprintf(out,
                "Starting ATS Diagnostics\n\nConfiguring ATS Info.plist keys "
                "and displaying the result of HTTPS loads to ");
  cli_print_safe(out, d->url);
  (void)fputs(".\nA test will \"PASS\" if URLSession:task:didComplete"
              "WithError: returns a nil error.\n",
              out);
  if (!o->is_verbose)
    (void)fputs("Use '--verbose' to view the ATS dictionaries used and to "
                "display the error received in\nURLSession:task:didComplete"
                "WithError:.\n",
                out);
  if (!d->has_apple) {
    (void)fputs("\nNo test could be made: ", out);
    cli_print_safe(out, d->hops[0].error.text);
    (void)fputc('\n', out);
    return;
  }
  for (size_t i = 0; i < TINET_ATS_N_CONFIGURATIONS; i++) {
    const tinet_ats_configuration *c = tinet_ats_configuration_at(i);

    if (c->group != group)
      write_group(out, c->group, d->hops[0].host);
    group = c->group;
    write_test(out, o, d, i);
  }
  rule(out);
}
