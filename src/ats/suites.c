/* suites.c - the cipher suites of ATS, by the system's version.
 *
 * The lists for OpenSSL are what a client offers: in Apple's order of
 * preference, and nothing that would then be refused.
 */
#include "suites.h"

#define CURRENT 1u     /* iOS 17 and later */
#define CURRENT_RSA 2u /* the same without forward secrecy */
#define OLD 4u         /* iOS 9 to 16 */
#define OLD_RSA 8u
#define IOS10 16u /* came with iOS 11 */
#define NIAP 32u

struct suite {
  unsigned code;
  unsigned sets;
  const char *name;
};

static const struct suite table[] = {
    {0x1301, CURRENT | IOS10 | NIAP, "TLS_AES_128_GCM_SHA256"},
    {0x1302, CURRENT | IOS10 | NIAP, "TLS_AES_256_GCM_SHA384"},
    {0x1303, CURRENT | IOS10 | NIAP, "TLS_CHACHA20_POLY1305_SHA256"},
    {0x1304, 0, "TLS_AES_128_CCM_SHA256"},
    {0x1305, 0, "TLS_AES_128_CCM_8_SHA256"},
    {0xc02c, CURRENT | OLD | NIAP, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"},
    {0xc02b, CURRENT | OLD | NIAP, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"},
    {0xcca9, CURRENT | IOS10, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"},
    {0xc030, CURRENT | OLD | NIAP, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"},
    {0xc02f, CURRENT | OLD | NIAP, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
    {0xcca8, CURRENT | IOS10, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"},
    {0xc00a, CURRENT | OLD, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"},
    {0xc009, CURRENT | OLD, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"},
    {0xc014, CURRENT | OLD, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"},
    {0xc013, CURRENT | OLD, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"},
    {0xc024, OLD, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384"},
    {0xc023, OLD, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256"},
    {0xc028, OLD, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384"},
    {0xc027, OLD, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"},
    {0x009d, CURRENT_RSA | OLD_RSA, "TLS_RSA_WITH_AES_256_GCM_SHA384"},
    {0x009c, CURRENT_RSA | OLD_RSA, "TLS_RSA_WITH_AES_128_GCM_SHA256"},
    {0x003d, OLD_RSA, "TLS_RSA_WITH_AES_256_CBC_SHA256"},
    {0x003c, OLD_RSA, "TLS_RSA_WITH_AES_128_CBC_SHA256"},
    {0x0035, CURRENT_RSA | OLD_RSA, "TLS_RSA_WITH_AES_256_CBC_SHA"},
    {0x002f, CURRENT_RSA | OLD_RSA, "TLS_RSA_WITH_AES_128_CBC_SHA"},
    {0x009e, 0, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"},
    {0x009f, 0, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384"},
    {0xccaa, 0, "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256"},
    {0x0067, 0, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256"},
    {0x006b, 0, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256"},
    {0x0033, 0, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA"},
    {0x0039, 0, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA"},
};
#define N_SUITES (sizeof table / sizeof *table)

#define GCM "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256:"
#define GCM_RSA "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256"
#define CBC                                                                    \
  ":ECDHE-ECDSA-AES256-SHA:ECDHE-ECDSA-AES128-SHA"                             \
  ":ECDHE-RSA-AES256-SHA:ECDHE-RSA-AES128-SHA"
#define CBC_SHA2                                                               \
  ":ECDHE-ECDSA-AES256-SHA384:ECDHE-ECDSA-AES128-SHA256"                       \
  ":ECDHE-RSA-AES256-SHA384:ECDHE-RSA-AES128-SHA256"
#define CHACHA ":ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
#define STATIC_RSA ":AES256-GCM-SHA384:AES128-GCM-SHA256:AES256-SHA:AES128-SHA"
#define STATIC_RSA_SHA2 ":AES256-SHA256:AES128-SHA256"
#define TLS13                                                                  \
  "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256"

static unsigned sets_of(tinet_ats_profile profile, tinet_ats_suites suites)
{
  bool has_rsa = suites == TINET_ATS_SUITES_ATS_AND_RSA;

  if (profile == TINET_ATS_PROFILE_IOS9)
    return OLD | (has_rsa ? OLD_RSA : 0);
  if (profile == TINET_ATS_PROFILE_IOS10)
    return OLD | IOS10 | (has_rsa ? OLD_RSA : 0);
  return CURRENT | (has_rsa ? CURRENT_RSA : 0);
}

static const struct suite *find(unsigned code)
{
  for (size_t i = 0; i < N_SUITES; i++)
    if (table[i].code == code)
      return &table[i];
  return NULL;
}

bool tinet__suite_is_in(unsigned suite, tinet_ats_profile profile,
                        tinet_ats_suites suites)
{
  const struct suite *s = find(suite);

  if (suites == TINET_ATS_SUITES_ANY)
    return true;
  return s && (s->sets & sets_of(profile, suites)) != 0;
}

bool tinet__suite_is_static_rsa(unsigned suite)
{
  const struct suite *s = find(suite);

  return s && (s->sets & (CURRENT_RSA | OLD_RSA)) != 0;
}

bool tinet__suite_is_niap(unsigned suite)
{
  const struct suite *s = find(suite);

  return s && (s->sets & NIAP) != 0;
}

const char *tinet_ats_suite_name(unsigned suite)
{
  const struct suite *s = find(suite);

  return s ? s->name : NULL;
}

const char *tinet_ats_cipher_list(tinet_ats_profile profile,
                                  tinet_ats_suites suites)
{
  bool has_rsa = suites == TINET_ATS_SUITES_ATS_AND_RSA;

  if (suites == TINET_ATS_SUITES_ANY)
    return NULL;
  if (suites == TINET_ATS_SUITES_NIAP)
    return GCM GCM_RSA;
  if (profile == TINET_ATS_PROFILE_IOS9)
    return has_rsa ? GCM GCM_RSA CBC_SHA2 CBC STATIC_RSA STATIC_RSA_SHA2
                   : GCM GCM_RSA CBC_SHA2 CBC;
  if (profile == TINET_ATS_PROFILE_IOS10)
    return has_rsa ? GCM GCM_RSA CHACHA CBC_SHA2 CBC STATIC_RSA STATIC_RSA_SHA2
                   : GCM GCM_RSA CHACHA CBC_SHA2 CBC;
  return has_rsa ? GCM GCM_RSA CHACHA CBC STATIC_RSA : GCM GCM_RSA CHACHA CBC;
}

const char *tinet_ats_ciphersuites(tinet_ats_profile profile,
                                   tinet_ats_suites suites)
{
  if (suites == TINET_ATS_SUITES_ANY)
    return NULL;
  return profile == TINET_ATS_PROFILE_IOS9 ? "" : TLS13;
}
