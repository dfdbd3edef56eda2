/* code.c - codes by name, by Apple's numbers, and by the key that helps. */
#include <stdarg.h>
#include <stdio.h>

#include "policy.h"
#include "suites.h"

struct row {
  tinet_ats_code code;
  const char *name;
  int nsurl, ssl;
};

static const struct row rows[] = {
#define ROW(id, number, text, nsurl, ssl) {number, text, nsurl, ssl},
    TINET_ATS_CODE_TABLE(ROW)
#undef ROW
};

static const struct row *find(tinet_ats_code code)
{
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (rows[i].code == code)
      return &rows[i];
  return NULL;
}

const char *tinet_ats_code_name(tinet_ats_code code)
{
  const struct row *row = find(code);

  return row ? row->name : NULL;
}

/* What the logs of applications show, ends with 0. */
static const int *seen_of(tinet_ats_code code)
{
  static const int none[] = {0}, version[] = {-9836, -9801, -9860, -9800, 0},
                   cipher[] = {-9801, -9824, 0}, host[] = {-9802, -9843, 0},
                   untrusted[] = {-9802, -9807, -9813, 0}, other[] = {-9802, 0};

  switch (code) {
  case TINET_ATS_CLEARTEXT:
  case TINET_ATS_TLS_HANDSHAKE:
  case TINET_ATS_NIAP_CIPHER:
  case TINET_ATS_NIAP_EMS:
  case TINET_ATS_NIAP_SIGALG:
    return none;
  case TINET_ATS_TLS_VERSION:
    return version;
  case TINET_ATS_TLS_CIPHER:
    return cipher;
  case TINET_ATS_CERT_HOSTNAME:
    return host;
  case TINET_ATS_CERT_UNTRUSTED:
    return untrusted;
  default:
    return other;
  }
}

static const char *key_of(const struct tinet__judge *j, tinet_ats_code code)
{
  switch (code) {
  case TINET_ATS_CLEARTEXT:
    return "NSExceptionAllowsInsecureHTTPLoads";
  case TINET_ATS_TLS_VERSION:
    return "NSExceptionMinimumTLSVersion";
  case TINET_ATS_TLS_CIPHER:
    return j->connection &&
                   tinet__suite_is_in(j->connection->suite, j->policy->profile,
                                      TINET_ATS_SUITES_ATS_AND_RSA)
               ? "NSExceptionRequiresForwardSecrecy"
               : NULL;
  case TINET_ATS_PIN_LEAF:
  case TINET_ATS_PIN_CA:
    return "NSPinnedDomains";
  case TINET_ATS_NIAP_CIPHER:
  case TINET_ATS_NIAP_EMS:
  case TINET_ATS_NIAP_SIGALG:
    return "NSExceptionRequiresNIAPTLSPackageVersion";
  default:
    return NULL;
  }
}

/* While ATS checks certificates, all that is wrong with one looks alike to the
 * application. */
static int nsurl_of(const struct tinet__judge *j, const struct row *row)
{
  bool is_cert =
      row->code >= TINET_ATS_CERT_HOSTNAME && row->code <= TINET_ATS_CERT_CT;

  return is_cert && j->requirement->has_cert_checks ? -1200 : row->nsurl;
}

void tinet__judge_add(struct tinet__judge *j, tinet_ats_code code, int depth,
                      const char *fmt, ...)
{
  const struct row *row = find(code);
  tinet_ats_reason *reason;
  va_list args;

  j->n_reasons++;
  if (!j->verdict || j->verdict->n_reasons >= TINET_ATS_REASONS_MAX)
    return;
  reason = &j->verdict->reasons[j->verdict->n_reasons++];
  reason->code = code;
  reason->nsurl_code = nsurl_of(j, row);
  reason->ssl_status = row->ssl;
  reason->ssl_seen = seen_of(code);
  reason->depth = depth;
  reason->key = key_of(j, code);
  va_start(args, fmt);
  (void)vsnprintf(reason->text, sizeof reason->text, fmt, args);
  va_end(args);
}
