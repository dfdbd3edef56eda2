/* ats_policy.c - fuzz target: any bytes as a policy: Info.plist in XML or
 * binary, tiapp.xml, strictly and leniently. */
#include <tinet/ats.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void judge(const tinet_ats_policy *policy, const char *host)
{
  tinet_ats_request request = {.scheme = "http", .host = host};
  tinet_ats_verdict v;
  char *text = NULL;

  if (tinet_ats_decide(policy, &request, NULL, &v) < 0)
    abort();
  if (v.is_allowed != (v.code < 100) || v.is_allowed == (v.n_reasons > 0))
    abort();
  if (tinet_ats_explain(policy, &request, &v, &text) < 0 || !*text)
    abort();
  tinet_free(text);
}

static void look(const tinet_ats_policy *policy)
{
  static const tinet_ats_format formats[] = {
      TINET_ATS_FORMAT_TABLE, TINET_ATS_FORMAT_PLIST, TINET_ATS_FORMAT_JSON};
  char *text;

  for (size_t i = 0; i < tinet_ats_policy_n_findings(policy); i++) {
    const tinet_ats_finding *f = tinet_ats_policy_finding(policy, i);

    if (!f->id[0] || !f->message[0] || !f->why)
      abort();
  }
  for (size_t i = 0; i < tinet_ats_policy_n_exceptions(policy); i++)
    if (!tinet_ats_policy_exception(policy, i)->key)
      abort();
  for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
    if (tinet_ats_policy_print(policy, formats[i], i % 2 == 0, &text) < 0)
      abort();
    tinet_free(text);
  }
  judge(policy, "www.example.com");
  judge(policy, "localhost");
  judge(policy, "192.0.2.1");
  judge(policy, "2001:db8::1");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  for (unsigned flags = 0; flags < 2; flags++) {
    tinet_ats_options options = {.flags = flags ? TINET_ATS_FLAG_LENIENT : 0};
    tinet_ats_policy *policy = NULL;
    tinet_error error;

    memset(&error, 0, sizeof error);
    if (tinet_ats_policy_parse(data, size, "f", &options, &policy, &error) ==
        0) {
      look(policy);
      tinet_ats_policy_unref(policy);
    } else if (error.code >= 0 || !error.text[0]) {
      abort();
    }
  }
  return 0;
}
