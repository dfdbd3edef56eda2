/* judge.c - what a connection has shown against what is required: steps 7 to
 * 16, every reason collected, the first one decides. */
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "policy.h"
#include "suites.h"

#define TLS_1_2 0x0303
#define DAY 86400

static bool is_old(const struct tinet__judge *j)
{
  return j->policy->profile == TINET_ATS_PROFILE_IOS9 ||
         j->policy->profile == TINET_ATS_PROFILE_IOS10;
}

/* The application said that it accepts any certificate, and may. */
static bool is_excused(const struct tinet__judge *j)
{
  return !j->requirement->has_cert_checks && j->request->is_trust_overridden;
}

static const char *version_text(unsigned version)
{
  static const char *const names[] = {"SSL 3.0", "TLS 1.0", "TLS 1.1",
                                      "TLS 1.2", "TLS 1.3"};
  unsigned minor = version - 0x0300;

  return minor < sizeof names / sizeof *names ? names[minor]
                                              : "an unknown version";
}

static void judge_version(struct tinet__judge *j)
{
  const tinet_ats_connection *c = j->connection;

  if (c->version < j->requirement->min_version)
    tinet__judge_add(j, TINET_ATS_TLS_VERSION, -1,
                     "the server speaks %s, the policy needs %s or later",
                     version_text(c->version),
                     version_text(j->requirement->min_version));
}

static void judge_suite(struct tinet__judge *j)
{
  const tinet_ats_connection *c = j->connection;
  tinet_ats_suites suites = j->requirement->suites;
  const char *name = tinet_ats_suite_name(c->suite);
  char number[16];

  if (suites == TINET_ATS_SUITES_NIAP)
    suites = TINET_ATS_SUITES_ATS;
  if (tinet__suite_is_in(c->suite, j->policy->profile, suites))
    return;
  (void)snprintf(number, sizeof number, "0x%04X", c->suite);
  tinet__judge_add(j, TINET_ATS_TLS_CIPHER, -1,
                   "the suite %s is not accepted: %s", name ? name : number,
                   tinet__suite_is_static_rsa(c->suite)
                       ? "it has no forward secrecy"
                       : "it is not on Apple's list");
}

static const char *subject(const tinet_ats_certificate *cert)
{
  return cert->subject ? cert->subject : "a certificate";
}

/* The certificate whose time is over first, or begins last. */
static const tinet_ats_certificate *out_of_time(const tinet_ats_connection *c)
{
  const tinet_ats_certificate *found = c->chain;

  for (size_t i = 1; i < c->chain_len; i++) {
    const tinet_ats_certificate *cert = &c->chain[i];

    if (c->trust == TINET_ATS_TRUST_EXPIRED
            ? cert->not_after < found->not_after
            : cert->not_before > found->not_before)
      found = cert;
  }
  return found;
}

/* " (until 2026-04-02)" of what is over or too early, else "". */
static void time_text(const tinet_ats_connection *c, char *to, size_t size)
{
  bool is_over = c->trust == TINET_ATS_TRUST_EXPIRED;
  const tinet_ats_certificate *cert;
  struct tm tm;
  time_t when;

  *to = '\0';
  if (c->chain_len == 0 ||
      (!is_over && c->trust != TINET_ATS_TRUST_NOT_YET_VALID))
    return;
  cert = out_of_time(c);
  when = (time_t)(is_over ? cert->not_after : cert->not_before);
  if (gmtime_r(&when, &tm))
    (void)strftime(to, size, is_over ? " (until %Y-%m-%d)" : " (from %Y-%m-%d)",
                   &tm);
}

static void judge_trust(struct tinet__judge *j)
{
  static const struct {
    tinet_ats_code code;
    const char *text;
  } trusts[] = {
      [TINET_ATS_TRUST_UNTRUSTED] = {TINET_ATS_CERT_UNTRUSTED,
                                     "does not end in a trusted root"},
      [TINET_ATS_TRUST_EXPIRED] = {TINET_ATS_CERT_EXPIRED,
                                   "has an expired certificate"},
      [TINET_ATS_TRUST_NOT_YET_VALID] = {TINET_ATS_CERT_NOT_YET_VALID,
                                         "has a certificate that is not valid "
                                         "yet"},
      [TINET_ATS_TRUST_REVOKED] = {TINET_ATS_CERT_REVOKED,
                                   "has a revoked certificate"},
      [TINET_ATS_TRUST_OTHER] = {TINET_ATS_CERT_UNTRUSTED,
                                 "has a certificate that cannot be accepted"},
  };
  const tinet_ats_connection *c = j->connection;
  char when[40];

  if (!c->is_host_matched)
    tinet__judge_add(j, TINET_ATS_CERT_HOSTNAME, 0, "%s is not for %s",
                     c->chain_len > 0 && c->chain->subject ? c->chain->subject
                                                           : "the certificate",
                     j->host->name);
  if (c->trust == TINET_ATS_TRUST_OK)
    return;
  time_text(c, when, sizeof when);
  tinet__judge_add(j, trusts[c->trust].code, -1, "the chain of %s %s%s",
                   j->host->name, trusts[c->trust].text, when);
}

static unsigned min_bits(const tinet_ats_certificate *cert, bool is_fatal)
{
  if (cert->key_type == TINET_ATS_KEY_RSA)
    return is_fatal ? 1024 : 2048;
  if (cert->key_type == TINET_ATS_KEY_EC)
    return is_fatal ? 160 : 256;
  return 0;
}

static void judge_key(struct tinet__judge *j, size_t depth)
{
  const tinet_ats_certificate *cert = &j->connection->chain[depth];

  if (cert->key_bits >= min_bits(cert, is_excused(j)))
    return;
  tinet__judge_add(
      j, depth == 0 ? TINET_ATS_CERT_KEY_SIZE : TINET_ATS_CERT_CHAIN_KEY_SIZE,
      (int)depth,
      "%s (place %zu of the chain) has %s %u, at least %u is needed",
      subject(cert), depth,
      cert->key_type == TINET_ATS_KEY_RSA ? "an RSA key of" : "an EC key of",
      cert->key_bits, min_bits(cert, false));
}

static void judge_hash(struct tinet__judge *j, size_t depth)
{
  const tinet_ats_certificate *cert = &j->connection->chain[depth];

  if (cert->is_self_signed || cert->hash == TINET_ATS_HASH_OTHER ||
      (cert->hash == TINET_ATS_HASH_SHA1 && is_excused(j)))
    return;
  tinet__judge_add(
      j, depth == 0 ? TINET_ATS_CERT_HASH_LEAF : TINET_ATS_CERT_HASH_CHAIN,
      (int)depth, "%s (place %zu of the chain) is signed with %s",
      subject(cert), depth,
      cert->hash == TINET_ATS_HASH_SHA1 ? "SHA-1" : "MD5 or older");
}

/* Steps 11 and 12: keys before hashes, the leaf before the others. */
static void judge_chain(struct tinet__judge *j)
{
  size_t n = j->connection->chain_len;

  if (is_old(j) && !j->requirement->has_cert_checks)
    return;
  if (j->connection->anchor != TINET_ATS_ANCHOR_LEAF &&
      !j->requirement->skips_key_size)
    for (size_t i = 0; i < n; i++)
      judge_key(j, i);
  for (size_t i = 0; i < n; i++)
    judge_hash(j, i);
}

/* Days a certificate may live, by who signed it and when it was issued; the
 * first row that fits.  apple: SecPolicyServer */
static const struct lifetime {
  tinet_ats_anchor anchor;
  int64_t issued_from; /* seconds since 1970 */
  int days;
} lifetimes[] = {
    {TINET_ATS_ANCHOR_SYSTEM, 1598918400 /* 2020-09-01 */, 398},
    {TINET_ATS_ANCHOR_SYSTEM, 1519862400 /* 2018-03-01 */, 825},
    {TINET_ATS_ANCHOR_CUSTOM, 1561939200 /* 2019-07-01 */, 825},
};

static void judge_lifetime(struct tinet__judge *j)
{
  const tinet_ats_connection *c = j->connection;
  const tinet_ats_certificate *leaf = c->chain;

  if (c->chain_len == 0)
    return;
  for (size_t i = 0; i < sizeof lifetimes / sizeof *lifetimes; i++) {
    const struct lifetime *l = &lifetimes[i];
    int64_t lives = leaf->not_after - leaf->not_before;

    if (l->anchor != c->anchor || leaf->not_before < l->issued_from)
      continue;
    if (lives > (int64_t)l->days * DAY)
      tinet__judge_add(j, TINET_ATS_CERT_LIFETIME, 0,
                       "%s is valid for %lld days, at most %d are accepted",
                       subject(leaf), (long long)((lives + DAY - 1) / DAY),
                       l->days);
    return;
  }
}

static void judge_niap(struct tinet__judge *j)
{
  const tinet_ats_connection *c = j->connection;

  if (!j->requirement->niap)
    return;
  if (!tinet__suite_is_niap(c->suite))
    tinet__judge_add(j, TINET_ATS_NIAP_CIPHER, -1,
                     "the suite is not one of ECDHE with AES-GCM, which the "
                     "NIAP package demands");
  if (c->version == TLS_1_2 && !c->has_extended_master_secret)
    tinet__judge_add(j, TINET_ATS_NIAP_EMS, -1,
                     "the server does not do Extended Master Secret, which the "
                     "NIAP package demands");
  if (c->chain_len > 0 && c->chain[0].hash != TINET_ATS_HASH_OTHER)
    tinet__judge_add(j, TINET_ATS_NIAP_SIGALG, 0,
                     "the certificate's signature algorithm is not one that "
                     "the NIAP package offers");
}

void tinet__judge_connection(struct tinet__judge *j)
{
  if (j->requirement->is_judged) {
    judge_version(j);
    judge_suite(j);
  }
  if (!is_excused(j))
    judge_trust(j);
  judge_chain(j);
  if (!is_old(j) && !is_excused(j))
    judge_lifetime(j);
  tinet__judge_pins(j);
  if (!is_old(j) && !is_excused(j))
    tinet__judge_scts(j);
  judge_niap(j);
}
