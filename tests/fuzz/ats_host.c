/* ats_host.c - fuzz target: the first line as a key of NSExceptionDomains, the
 * rest as a host: names, addresses, ranges. */
#include <tinet/ats.h>

#include "core/buf.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HEAD                                                                   \
  "<plist version=\"1.0\"><dict><key>NSAppTransportSecurity</key><dict>"       \
  "<key>NSExceptionDomains</key><dict><key>"
#define TAIL                                                                   \
  "</key><dict><key>NSIncludesSubdomains</key><true/>"                         \
  "<key>NSExceptionAllowsInsecureHTTPLoads</key><true/></dict>"                \
  "</dict></dict></dict></plist>"

static int add_text(struct tinet__buf *b, const uint8_t *data, size_t len)
{
  int err = 0;

  for (size_t i = 0; i < len && err == 0; i++) /* no markup of its own */
    err = data[i] < 0x20 || strchr("<>&", data[i])
              ? 0
              : tinet__buf_addc(b, (char)data[i]);
  return err;
}

static void ask(const tinet_ats_policy *policy, const char *host)
{
  tinet_ats_request request = {.scheme = "http", .host = host};
  const tinet_ats_exception *entry = tinet_ats_policy_look_up(policy, host);
  tinet_ats_verdict v;

  if (tinet_ats_decide(policy, &request, NULL, &v) < 0)
    return; /* empty, or longer than a host can be */
  if (v.exception != entry || (entry && !v.is_allowed))
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
  size_t len = end ? (size_t)(end - data) : size;
  struct tinet__buf b = TINET__BUF_INIT, host = TINET__BUF_INIT;
  tinet_ats_policy *policy = NULL;
  tinet_ats_options options = {.flags = TINET_ATS_FLAG_LENIENT};

  if (tinet__buf_adds(&b, HEAD) < 0 || add_text(&b, data, len) < 0 ||
      tinet__buf_adds(&b, TAIL) < 0 || tinet__buf_addc(&host, ' ') < 0 ||
      (end && add_text(&host, end + 1, size - len - 1) < 0))
    abort();
  if (tinet_ats_policy_parse(b.data, b.len, "f", &options, &policy, NULL) ==
      0) {
    ask(policy, host.data + 1);
    tinet_ats_policy_unref(policy);
  }
  tinet__buf_free(&b);
  tinet__buf_free(&host);
  return 0;
}
