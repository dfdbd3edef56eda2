/* decide.c - the policy engine behind two commands on standard input, one a
 * line, for tests that are written as tables.
 *
 *   policy PATH PROFILE FLAGS SDK    reads one; - is an empty one
 *   print                            the dictionary in force, as JSON
 *   ask SCHEME HOST CONTEXT OVERRIDE HSTS [CONNECTION]
 *     VERSION SUITE EMS TRUST HOSTOK ANCHOR KNOWN CURRENT ONCE DELIVERED N and
 *     N times TYPE BITS HASH SELF KEY NOT_BEFORE NOT_AFTER
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tinet/ats.h>

static tinet_ats_policy *policy;

static const char *word(void)
{
  return strtok(NULL, " \n");
}

static unsigned number(void)
{
  const char *w = word();

  return w ? (unsigned)strtoul(w, NULL, 0) : 0;
}

static void read_policy(void)
{
  const char *path = word();
  tinet_ats_options options = {0};
  tinet_error error;
  const char *sdk;
  int err;

  tinet_ats_policy_unref(policy);
  policy = NULL;
  if (tinet_ats_profile_find(word(), &options.profile) < 0)
    abort();
  options.flags = number();
  sdk = word();
  options.titanium_sdk = sdk && strcmp(sdk, "-") != 0 ? sdk : NULL;
  err = strcmp(path, "-") == 0
            ? tinet_ats_policy_new(&options, &policy)
            : tinet_ats_policy_load(path, &options, &policy, &error);
  if (err < 0) {
    (void)printf("error %s %s\n.\n", tinet_error_name(err), error.text);
    return;
  }
  for (size_t i = 0; i < tinet_ats_policy_n_findings(policy); i++) {
    const tinet_ats_finding *f = tinet_ats_policy_finding(policy, i);

    (void)printf("finding %s %s %u %u %s|%s|%s\n", f->id,
                 tinet_ats_severity_name(f->severity), f->line, f->column,
                 f->file, f->suggestion, f->message);
  }
  (void)printf(".\n");
}

static void print_policy(void)
{
  char *text = NULL;

  if (tinet_ats_policy_print(policy, TINET_ATS_FORMAT_JSON, false, &text) < 0)
    abort();
  (void)printf("%s.\n", text);
  tinet_free(text);
}

static tinet_ats_certificate read_certificate(void)
{
  tinet_ats_certificate cert = {.subject = "CN=test"};

  cert.key_type = (tinet_ats_key_type)number();
  cert.key_bits = number();
  cert.hash = (tinet_ats_hash)number();
  cert.is_self_signed = number() != 0;
  memset(cert.spki.bytes, word()[0], sizeof cert.spki.bytes);
  cert.not_before = strtoll(word(), NULL, 10);
  cert.not_after = strtoll(word(), NULL, 10);
  return cert;
}

static tinet_ats_connection read_connection(unsigned version,
                                            tinet_ats_certificate *chain)
{
  tinet_ats_connection c = {.version = version, .chain = chain};

  c.suite = number();
  c.has_extended_master_secret = number() != 0;
  c.trust = (tinet_ats_trust)number();
  c.is_host_matched = number() != 0;
  c.anchor = (tinet_ats_anchor)number();
  c.scts.is_known = number() != 0;
  c.scts.n_embedded_current = number();
  c.scts.n_embedded_once = number();
  c.scts.n_delivered = number();
  c.chain_len = number();
  for (size_t i = 0; i < c.chain_len && i < TINET_ATS_CHAIN_MAX; i++)
    chain[i] = read_certificate();
  return c;
}

static void print_verdict(const tinet_ats_request *request,
                          const tinet_ats_verdict *v)
{
  const tinet_ats_reason *r = &v->reasons[0];
  char *text = NULL;

  (void)printf("%s %s %d %d %u %d %s %s", v->is_allowed ? "A" : "D",
               tinet_ats_code_name(v->code), v->n_reasons ? r->nsurl_code : 0,
               v->n_reasons ? r->ssl_status : 0, v->notes, v->is_upgraded,
               v->exception ? v->exception->key : "-",
               v->n_reasons && r->key ? r->key : "-");
  for (const int *seen = v->n_reasons ? r->ssl_seen : NULL; seen && *seen;
       seen++)
    (void)printf(" %d", *seen);
  (void)printf("\n");
  /* Whatever the verdict, it can be explained. */
  if (tinet_ats_explain(policy, request, v, &text) < 0 || !*text)
    abort();
  tinet_free(text);
}

static void ask(void)
{
  tinet_ats_certificate chain[TINET_ATS_CHAIN_MAX];
  tinet_ats_request request = {0};
  tinet_ats_connection connection;
  tinet_ats_verdict verdict;
  unsigned version;
  int err;

  request.scheme = word();
  request.host = word();
  request.context = (tinet_ats_context)number();
  request.is_trust_overridden = number() != 0;
  request.is_hsts_host = number() != 0;
  version = number();
  if (version)
    connection = read_connection(version, chain);
  err = tinet_ats_decide(policy, &request, version ? &connection : NULL,
                         &verdict);
  if (err < 0)
    (void)printf("error %s\n", tinet_error_name(err));
  else
    print_verdict(&request, &verdict);
}

int main(void)
{
  char line[4096];

  while (fgets(line, sizeof line, stdin)) {
    const char *command = strtok(line, " \n");

    if (command && strcmp(command, "policy") == 0)
      read_policy();
    else if (command && strcmp(command, "print") == 0)
      print_policy();
    else if (command && strcmp(command, "ask") == 0)
      ask();
    else
      abort();
    (void)fflush(stdout);
  }
  tinet_ats_policy_unref(policy);
  return 0;
}
