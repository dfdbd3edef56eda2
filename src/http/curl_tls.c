/* curl_tls.c - which TLS versions and cipher suites are offered.
 *
 * Those of the request's tlsVersion, within those of App Transport Security:
 * what a policy does not accept is not offered, so that a server that has the
 * choice chooses well.
 */
#include "curl_private.h"

#include <stdio.h>
#include <string.h>

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
    tinet_ats_profile profile = tinet_ats_policy_profile(x->ats);

    w.ciphers = tinet_ats_cipher_list(profile, x->requirement.suites);
    w.suites = tinet_ats_ciphersuites(profile, x->requirement.suites);
    if (x->requirement.min_version)
      w.min = x->requirement.min_version;
    if (w.suites && !*w.suites) {
      w.suites = NULL;
      w.max = TINET__TLS_1_2;
    }
  }
  if (x->tls_version != TINET_TLS_VERSION_DEFAULT)
    w.min = w.max = TINET__TLS_1_0 - 1 + (unsigned)x->tls_version;
  return w;
}

static bool is_same(const struct tinet__curl_tls *a,
                    const struct tinet__curl_tls *b)
{
  /* The lists are static. */
  return a->min == b->min && a->max == b->max && a->ciphers == b->ciphers &&
         a->suites == b->suites;
}

/* The old versions need OpenSSL's security level lowered; certificates are
 * judged as ever (tls_verify.c). */
static bool set_ciphers(CURL *curl, const struct tinet__curl_tls *w)
{
  char list[1024];

  if (w->min >= TINET__TLS_1_2)
    return curl_easy_setopt(curl, CURLOPT_SSL_CIPHER_LIST, w->ciphers) ==
           CURLE_OK;
  if (snprintf(list, sizeof(list), "%s:@SECLEVEL=0",
               w->ciphers ? w->ciphers : "DEFAULT") >= (int)sizeof(list))
    return false;
  return curl_easy_setopt(curl, CURLOPT_SSL_CIPHER_LIST, list) == CURLE_OK;
}

bool tinet__curl_set_tls(struct tinet__curl_easy *e,
                         const struct tinet__exchange *x)
{
  struct tinet__curl_setup *s = &e->setup;
  struct tinet__curl_tls w = wanted(x);

  if (s->is_set && is_same(&s->tls, &w))
    return true;
  if (curl_easy_setopt(e->curl, CURLOPT_SSLVERSION,
                       version_option(w.min) |
                           (w.max ? max_option(w.max) : 0)) != CURLE_OK ||
      !set_ciphers(e->curl, &w) ||
      curl_easy_setopt(e->curl, CURLOPT_TLS13_CIPHERS, w.suites) != CURLE_OK)
    return false;
  s->tls = w;
  return true;
}
