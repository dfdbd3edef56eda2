/* curl_tls.c - which TLS versions are offered.
 *
 * Those of the request's tlsVersion, within those of App Transport Security.
 * The suites of a policy are sifted where a connection is made (tls_ats.c):
 * curl would compare lists of them for every request.
 */
#include "curl_private.h"

static long version_option(unsigned version)
{
  static const long values[] = {
      /* from TINET__TLS_1_0 on */
      CURL_SSLVERSION_TLSv1_0,
      CURL_SSLVERSION_TLSv1_1,
      CURL_SSLVERSION_TLSv1_2,
      CURL_SSLVERSION_TLSv1_3,
  };

  return values[version - TINET__TLS_1_0];
}

/* CURL_SSLVERSION_MAX_... is the same number, further left. */
static long max_option(unsigned version)
{
  return version_option(version) << 16;
}

/* ti: HTTPClient.tlsVersion - exactly this one */
static struct tinet__curl_tls wanted(const struct tinet__exchange *x)
{
  struct tinet__curl_tls w = {.min = TINET__TLS_1_2};

  if (x->ats && x->requirement.is_judged) {
    if (x->requirement.min_version)
      w.min = x->requirement.min_version;
    if (tinet_ats_policy_profile(x->ats) == TINET_ATS_PROFILE_IOS9)
      w.max = TINET__TLS_1_2; /* it knows no more */
  }
  if (x->tls_version != TINET_TLS_VERSION_DEFAULT)
    w.min = w.max = TINET__TLS_1_0 - 1 + (unsigned)x->tls_version;
  return w;
}

/* The old versions need OpenSSL's security level lowered; certificates are
 * judged as ever (tls_verify.c). */
bool tinet__curl_set_tls(struct tinet__curl_easy *e,
                         const struct tinet__exchange *x)
{
  struct tinet__curl_setup *s = &e->setup;
  struct tinet__curl_tls w = wanted(x);
  const char *ciphers = w.min < TINET__TLS_1_2 ? "DEFAULT:@SECLEVEL=0" : NULL;

  if (s->is_set && s->tls.min == w.min && s->tls.max == w.max)
    return true;
  if (curl_easy_setopt(e->curl, CURLOPT_SSLVERSION,
                       version_option(w.min) |
                           (w.max ? max_option(w.max) : 0)) != CURLE_OK ||
      curl_easy_setopt(e->curl, CURLOPT_SSL_CIPHER_LIST, ciphers) != CURLE_OK)
    return false;
  s->tls = w;
  return true;
}
