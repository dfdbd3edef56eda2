/* ats_advice.c - what to do about a verdict: on the server, or in the
 * application. */
#include "ats_diagnose.h"

#include <string.h>

const char *diagnose_version_name(unsigned version)
{
  static const char *const names[] = {"SSL 3.0", "TLS 1.0", "TLS 1.1",
                                      "TLS 1.2", "TLS 1.3"};
  unsigned minor = version - 0x0300;

  return minor < sizeof names / sizeof *names ? names[minor] : "no TLS";
}

const struct diagnose_hop *diagnose_decisive(const struct diagnosis *d)
{
  for (size_t i = 0; i < d->n_hops; i++)
    if (d->hops[i].error.code < 0 || !d->hops[i].verdict.is_allowed)
      return &d->hops[i];
  return &d->hops[0];
}

const char *diagnose_outcome(const struct diagnosis *d)
{
  const struct diagnose_hop *hop = diagnose_decisive(d);

  if (hop->error.code < 0)
    return "not judged";
  if (!hop->verdict.is_allowed)
    return "denied";
  return d->status == ATS_EXCEPTION ||
                 hop->verdict.code == TINET_ATS_EXCEPTION ||
                 hop->verdict.code == TINET_ATS_ARBITRARY_LOADS
             ? "allowed by an exception"
             : "allowed";
}

/* ---- servers ---- */

#define NGINX_CIPHERS "ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20;"
#define APACHE_CIPHERS "SSLCipherSuite ECDHE+AESGCM:ECDHE+CHACHA20"
#define NGINX_CERTIFICATE                                                      \
  "ssl_certificate /etc/ssl/fullchain.pem;\n"                                  \
  "ssl_certificate_key /etc/ssl/private/key.pem;"
#define APACHE_CERTIFICATE                                                     \
  "SSLCertificateFile /etc/ssl/fullchain.pem\n"                                \
  "SSLCertificateKeyFile /etc/ssl/private/key.pem"

static const struct {
  tinet_ats_code code;
  struct diagnose_fix fix;
} fixes[] = {
    {TINET_ATS_CLEARTEXT,
     {"serve it over https, and send http there",
      "return 301 https://$host$request_uri;",
      "Redirect permanent / https://HOST/"}},
    {TINET_ATS_TLS_VERSION,
     {"enable TLS 1.2 and 1.3", "ssl_protocols TLSv1.2 TLSv1.3;",
      "SSLProtocol -all +TLSv1.2 +TLSv1.3"}},
    {TINET_ATS_TLS_CIPHER,
     {"enable suites with ECDHE and AES-GCM", NGINX_CIPHERS, APACHE_CIPHERS}},
    {TINET_ATS_TLS_HANDSHAKE,
     {"enable TLS 1.2 with ECDHE and AES-GCM, the curves X25519 and P-256, "
      "and use a key of RSA or on P-256",
      "ssl_protocols TLSv1.2 TLSv1.3;\nssl_ecdh_curve "
      "X25519:prime256v1;\n" NGINX_CIPHERS,
      "SSLProtocol -all +TLSv1.2 +TLSv1.3\nSSLOpenSSLConfCmd Curves "
      "X25519:prime256v1\n" APACHE_CIPHERS}},
    {TINET_ATS_CERT_HOSTNAME,
     {"get a certificate whose subjectAltName has this host, and serve it "
      "for this name",
      "server_name HOST;\n" NGINX_CERTIFICATE,
      "ServerName HOST\n" APACHE_CERTIFICATE}},
    {TINET_ATS_CERT_UNTRUSTED,
     {"get a certificate of a public authority, and send the whole chain: the "
      "server's certificate, then the intermediates",
      NGINX_CERTIFICATE, APACHE_CERTIFICATE}},
    {TINET_ATS_CERT_EXPIRED,
     {"renew the certificate that has expired, and load the new one",
      NGINX_CERTIFICATE, APACHE_CERTIFICATE}},
    {TINET_ATS_CERT_NOT_YET_VALID,
     {"use a certificate that is valid already; look at the clock of this "
      "machine too",
      NGINX_CERTIFICATE, APACHE_CERTIFICATE}},
    {TINET_ATS_CERT_REVOKED,
     {"replace the certificate, which was revoked, with a new key",
      NGINX_CERTIFICATE, APACHE_CERTIFICATE}},
    {TINET_ATS_CERT_KEY_SIZE,
     {"get a certificate for a new key: EC P-256, or RSA of 2048 bits\n"
      "openssl ecparam -name prime256v1 -genkey -noout -out key.pem\n"
      "openssl req -new -key key.pem -out request.pem",
      NGINX_CERTIFICATE, APACHE_CERTIFICATE}},
    {TINET_ATS_CERT_CHAIN_KEY_SIZE,
     {"get a certificate of an authority whose keys have at least 2048 bits "
      "(RSA) or 256 (EC)",
      NGINX_CERTIFICATE, APACHE_CERTIFICATE}},
    {TINET_ATS_CERT_HASH_LEAF,
     {"have the certificate issued again, signed with SHA-256",
      NGINX_CERTIFICATE, APACHE_CERTIFICATE}},
    {TINET_ATS_CERT_HASH_CHAIN,
     {"use intermediates that are signed with SHA-256: ask the authority for "
      "its current ones",
      NGINX_CERTIFICATE, APACHE_CERTIFICATE}},
    {TINET_ATS_CERT_LIFETIME,
     {"get a certificate that is valid for at most 398 days (825 days of a "
      "private authority)",
      NGINX_CERTIFICATE, APACHE_CERTIFICATE}},
    {TINET_ATS_CERT_CT,
     {"get a certificate with timestamps of Certificate Transparency; public "
      "authorities embed them",
      NGINX_CERTIFICATE, APACHE_CERTIFICATE}},
    {TINET_ATS_PIN_LEAF,
     {"serve the pinned key, or add the server's to NSPinnedDomains", NULL,
      NULL}},
    {TINET_ATS_PIN_CA,
     {"use the pinned authority, or add the server's to NSPinnedDomains", NULL,
      NULL}},
    {TINET_ATS_NIAP_CIPHER,
     {"enable suites with ECDHE and AES-GCM", NGINX_CIPHERS, APACHE_CIPHERS}},
    {TINET_ATS_NIAP_EMS,
     {"use a TLS library with Extended Master Secret (RFC 7627), or TLS 1.3",
      "ssl_protocols TLSv1.2 TLSv1.3;", "SSLProtocol -all +TLSv1.2 +TLSv1.3"}},
    {TINET_ATS_NIAP_SIGALG,
     {"have the certificate issued again, signed with SHA-256",
      NGINX_CERTIFICATE, APACHE_CERTIFICATE}},
};

const struct diagnose_fix *diagnose_fix(const struct diagnose_hop *hop,
                                        const tinet_ats_reason *reason)
{
  (void)hop;
  for (size_t i = 0; i < sizeof fixes / sizeof *fixes; i++)
    if (fixes[i].code == reason->code)
      return &fixes[i].fix;
  return NULL;
}

/* ---- exceptions ---- */

static bool is_needed(const struct diagnose_hop *hop)
{
  const tinet_ats_relief *r = &hop->relief;

  return hop->has_relief && (r->min_version || r->disables_forward_secrecy ||
                             r->allows_insecure_http);
}

/* Has an earlier hop with the same host said the same? */
static bool is_repeated(const struct diagnosis *d, size_t at)
{
  for (size_t i = 0; i < at; i++)
    if (is_needed(&d->hops[i]) &&
        strcmp(d->hops[i].host, d->hops[at].host) == 0)
      return true;
  return false;
}

/* What all hops of one host need, together. */
static tinet_ats_relief together(const struct diagnosis *d, const char *host)
{
  tinet_ats_relief all = {0, false, false, false};

  for (size_t i = 0; i < d->n_hops; i++) {
    const tinet_ats_relief *r = &d->hops[i].relief;

    if (!is_needed(&d->hops[i]) || strcmp(d->hops[i].host, host) != 0)
      continue;
    if (r->min_version &&
        (!all.min_version || r->min_version < all.min_version))
      all.min_version = r->min_version;
    all.disables_forward_secrecy |= r->disables_forward_secrecy;
    all.allows_insecure_http |= r->allows_insecure_http;
  }
  return all;
}

bool diagnose_relief_of(const struct diagnosis *d, size_t at,
                        tinet_ats_relief *ret_relief)
{
  if (!is_needed(&d->hops[at]) || is_repeated(d, at))
    return false;
  *ret_relief = together(d, d->hops[at].host);
  return true;
}

bool diagnose_has_exception(const struct diagnosis *d)
{
  bool is_any = false;

  for (size_t i = 0; i < d->n_hops; i++) {
    if (d->hops[i].error.code < 0 || !d->hops[i].has_relief)
      return false;
    is_any |= is_needed(&d->hops[i]);
  }
  return is_any;
}

const char *diagnose_review_key(const struct diagnosis *d)
{
  for (size_t i = 0; i < d->n_hops; i++) {
    if (!is_needed(&d->hops[i]))
      continue;
    if (d->hops[i].relief.allows_insecure_http)
      return "NSExceptionAllowsInsecureHTTPLoads";
    if (d->hops[i].relief.min_version)
      return "NSExceptionMinimumTLSVersion";
  }
  return NULL;
}

static void key(FILE *out, int indent, const char *name)
{
  (void)fprintf(out, "%*s<key>", indent, "");
  diagnose_xml_text(out, name);
  (void)fputs("</key>\n", out);
}

static void entry(FILE *out, int indent, const char *host,
                  const tinet_ats_relief *r)
{
  key(out, indent, host);
  (void)fprintf(out, "%*s<dict>\n", indent, "");
  if (r->min_version) {
    key(out, indent + 2, "NSExceptionMinimumTLSVersion");
    (void)fprintf(out, "%*s<string>TLSv1.%u</string>\n", indent + 2, "",
                  r->min_version - 0x0301);
  }
  if (r->disables_forward_secrecy) {
    key(out, indent + 2, "NSExceptionRequiresForwardSecrecy");
    (void)fprintf(out, "%*s<false/>\n", indent + 2, "");
  }
  if (r->allows_insecure_http) {
    key(out, indent + 2, "NSExceptionAllowsInsecureHTTPLoads");
    (void)fprintf(out, "%*s<true/>\n", indent + 2, "");
  }
  (void)fprintf(out, "%*s</dict>\n", indent, "");
}

void diagnose_plist(const struct diagnosis *d, int indent, FILE *out)
{
  key(out, indent, "NSAppTransportSecurity");
  (void)fprintf(out, "%*s<dict>\n", indent, "");
  key(out, indent + 2, "NSExceptionDomains");
  (void)fprintf(out, "%*s<dict>\n", indent + 2, "");
  for (size_t i = 0; i < d->n_hops; i++) {
    tinet_ats_relief all;

    if (diagnose_relief_of(d, i, &all))
      entry(out, indent + 4, d->hops[i].host, &all);
  }
  (void)fprintf(out, "%*s</dict>\n%*s</dict>\n", indent + 2, "", indent, "");
}

void diagnose_tiapp(const struct diagnosis *d, int indent, FILE *out)
{
  (void)fprintf(out, "%*s<ios>\n%*s<plist>\n%*s<dict>\n", indent, "",
                indent + 2, "", indent + 4, "");
  diagnose_plist(d, indent + 6, out);
  (void)fprintf(out, "%*s</dict>\n%*s</plist>\n%*s</ios>\n", indent + 4, "",
                indent + 2, "", indent, "");
}

/* ---- XML ---- */

void diagnose_xml_text(FILE *out, const char *text)
{
  size_t len = strlen(text);

  while (len > 0) {
    size_t n = cli_utf8_len(text, len);

    if (n == 0 || (n == 1 && (unsigned char)*text < 0x20 && *text != '\n')) {
      (void)fputs("\xef\xbf\xbd", out);
      n = 1;
    } else if (*text == '&') {
      (void)fputs("&amp;", out);
    } else if (*text == '<') {
      (void)fputs("&lt;", out);
    } else if (*text == '>') {
      (void)fputs("&gt;", out);
    } else if (*text == '"') {
      (void)fputs("&quot;", out);
    } else {
      (void)fwrite(text, 1, n, out);
    }
    text += n;
    len -= n;
  }
}
