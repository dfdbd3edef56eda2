/* test_ats_suites.c - the lists that OpenSSL is given are those of the policy.
 */
#include "ats/suites.h"
#include "t.h"

#include <openssl/ssl.h>

/* The suites of a list up to TLS 1.2, as OpenSSL understands it. */
static size_t suites_of(const char *list, unsigned codes[64])
{
  SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
  const STACK_OF(SSL_CIPHER) * ciphers;
  size_t n = 0;

  T_EQ(1, SSL_CTX_set_cipher_list(ctx, list));
  ciphers = SSL_CTX_get_ciphers(ctx);
  for (int i = 0; i < sk_SSL_CIPHER_num(ciphers) && n < 64; i++) {
    unsigned code = SSL_CIPHER_get_protocol_id(sk_SSL_CIPHER_value(ciphers, i));

    if (code >> 8 != 0x13)
      codes[n++] = code;
  }
  SSL_CTX_free(ctx);
  return n;
}

static void each(void (*check)(tinet_ats_profile, tinet_ats_suites))
{
  for (int p = TINET_ATS_PROFILE_CURRENT; p <= TINET_ATS_PROFILE_IOS9; p++)
    for (int s = TINET_ATS_SUITES_ATS; s <= TINET_ATS_SUITES_NIAP; s++)
      check((tinet_ats_profile)p, (tinet_ats_suites)s);
}

/* NIAP's are judged apart from those of ATS. */
static void accept(tinet_ats_profile profile, tinet_ats_suites suites)
{
  unsigned codes[64];
  size_t n = suites_of(tinet_ats_cipher_list(profile, suites), codes), found;

  for (size_t i = 0; i < n; i++)
    T_OK(suites == TINET_ATS_SUITES_NIAP
             ? tinet__suite_is_niap(codes[i])
             : tinet__suite_is_in(codes[i], profile, suites));
  found = 0;
  for (unsigned code = 0; code < 0x10000; code++)
    if (code >> 8 != 0x13)
      found += suites == TINET_ATS_SUITES_NIAP
                   ? tinet__suite_is_niap(code)
                   : tinet__suite_is_in(code, profile, suites);
  T_EQ(n, found);
}

static void what_is_offered_is_what_is_accepted(void)
{
  each(accept);
}

int main(void)
{
  T_RUN(what_is_offered_is_what_is_accepted);
  return T_END();
}
