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

#define PIN_LINES(name)                                                        \
  "<dict>\n  <key>SPKI-SHA256-BASE64</key>\n  <string>" name                   \
  "</string>\n</dict>"

static const struct {
  tinet_ats_code code;
  struct diagnose_fix fix;
} fixes[] = {
    {TINET_ATS_CLEARTEXT,
     {"serve it over https, and send http there", NULL,
      "server {\n  listen 80;\n  server_name HOST;\n"
      "  return 301 https://$host$request_uri;\n}",
      "<VirtualHost *:80>\n  ServerName HOST\n"
      "  Redirect permanent / https://HOST/\n</VirtualHost>"}},
    {TINET_ATS_TLS_VERSION,
     {"enable TLS 1.2 and 1.3", NULL, "ssl_protocols TLSv1.2 TLSv1.3;",
      "SSLProtocol -all +TLSv1.2 +TLSv1.3"}},
    {TINET_ATS_TLS_CIPHER,
     {"enable suites with ECDHE and AES-GCM", NULL, NGINX_CIPHERS,
      APACHE_CIPHERS}},
    {TINET_ATS_TLS_HANDSHAKE,
     {"enable TLS 1.2 with ECDHE and AES-GCM, the curves X25519 and P-256, "
      "and use a key of RSA or on P-256",
      NULL,
      "ssl_protocols TLSv1.2 TLSv1.3;\nssl_ecdh_curve "
      "X25519:prime256v1;\n" NGINX_CIPHERS,
      "SSLProtocol -all +TLSv1.2 +TLSv1.3\nSSLOpenSSLConfCmd Curves "
      "X25519:prime256v1\n" APACHE_CIPHERS}},
    {TINET_ATS_CERT_HOSTNAME,
     {"get a certificate whose subjectAltName has this host, and serve it "
      "for this name",
      NULL, "server_name HOST;\n" NGINX_CERTIFICATE,
      "ServerName HOST\n" APACHE_CERTIFICATE}},
    {TINET_ATS_CERT_UNTRUSTED,
     {"get a certificate of a public authority, and send the whole chain: the "
      "server's certificate, then the intermediates",
      NULL, NGINX_CERTIFICATE, APACHE_CERTIFICATE}},
    {TINET_ATS_CERT_EXPIRED,
     {"renew the certificate that has expired, and load the new one",
      "certbot renew && nginx -s reload   # if Let's Encrypt issued it",
      NGINX_CERTIFICATE, APACHE_CERTIFICATE}},
    {TINET_ATS_CERT_NOT_YET_VALID,
     {"use a certificate that is valid already; look at the clock of this "
      "machine too",
      NULL, NGINX_CERTIFICATE, APACHE_CERTIFICATE}},
    {TINET_ATS_CERT_REVOKED,
     {"replace the certificate, which was revoked, with a new key", NULL,
      NGINX_CERTIFICATE, APACHE_CERTIFICATE}},
    {TINET_ATS_CERT_KEY_SIZE,
     {"get a certificate for a new key: EC P-256, or RSA of 2048 bits",
      "openssl ecparam -name prime256v1 -genkey -noout -out key.pem\n"
      "openssl req -new -key key.pem -out request.pem",
      NGINX_CERTIFICATE, APACHE_CERTIFICATE}},
    {TINET_ATS_CERT_CHAIN_KEY_SIZE,
     {"get a certificate of an authority whose keys have at least 2048 bits "
      "(RSA) or 256 (EC)",
      NULL, NGINX_CERTIFICATE, APACHE_CERTIFICATE}},
    {TINET_ATS_CERT_HASH_LEAF,
     {"have the certificate issued again, signed with SHA-256", NULL,
      NGINX_CERTIFICATE, APACHE_CERTIFICATE}},
    {TINET_ATS_CERT_HASH_CHAIN,
     {"use intermediates that are signed with SHA-256: ask the authority for "
      "its current ones",
      NULL, NGINX_CERTIFICATE, APACHE_CERTIFICATE}},
    {TINET_ATS_CERT_LIFETIME,
     {"get a certificate that is valid for at most 398 days (825 days of a "
      "private authority)",
      NULL, NGINX_CERTIFICATE, APACHE_CERTIFICATE}},
    {TINET_ATS_CERT_CT,
     {"get a certificate with timestamps of Certificate Transparency; public "
      "authorities embed them",
      NULL, NGINX_CERTIFICATE, APACHE_CERTIFICATE}},
    {TINET_ATS_PIN_LEAF,
     {"serve the pinned key, or add the server's to NSPinnedDomains",
      PIN_LINES("LEAF_PIN"), NULL, NULL}},
    {TINET_ATS_PIN_CA,
     {"use the pinned authority, or add the server's to NSPinnedDomains",
      PIN_LINES("CA_PIN"), NULL, NULL}},
    {TINET_ATS_NIAP_CIPHER,
     {"enable suites with ECDHE and AES-GCM", NULL, NGINX_CIPHERS,
      APACHE_CIPHERS}},
    {TINET_ATS_NIAP_EMS,
     {"use a TLS library with Extended Master Secret (RFC 7627), or TLS 1.3",
      NULL, "ssl_protocols TLSv1.2 TLSv1.3;",
      "SSLProtocol -all +TLSv1.2 +TLSv1.3"}},
    {TINET_ATS_NIAP_SIGALG,
     {"have the certificate issued again, signed with SHA-256", NULL,
      NGINX_CERTIFICATE, APACHE_CERTIFICATE}},
};

const struct diagnose_fix *diagnose_fix(const tinet_ats_reason *reason)
{
  for (size_t i = 0; i < sizeof fixes / sizeof *fixes; i++)
    if (fixes[i].code == reason->code)
      return &fixes[i].fix;
  return NULL;
}

/* ---- all of them ---- */

#define MAX_FIXES 32

struct seen {
  const struct diagnose_hop *hop;
  const struct diagnose_fix *fix;
};

static bool is_same_place(const struct diagnose_hop *a,
                          const struct diagnose_hop *b)
{
  return a->port == b->port && strcmp(a->host, b->host) == 0;
}

static bool has_same_lines(const struct diagnose_fix *a,
                           const struct diagnose_fix *b)
{
  return a->nginx && b->nginx && strcmp(a->nginx, b->nginx) == 0;
}

static bool was_seen(const struct seen *seen, size_t n,
                     const struct diagnose_hop *hop,
                     const struct diagnose_fix *fix)
{
  for (size_t i = 0; i < n; i++)
    if (seen[i].fix == fix && is_same_place(seen[i].hop, hop))
      return true;
  return false;
}

/* Those of the reasons after it show them: the last sentence is nearest. */
static bool comes_again(const struct diagnose_hop *hop, size_t reason,
                        const struct diagnose_fix *fix)
{
  const tinet_ats_verdict *v = &hop->verdict;

  for (size_t i = reason + 1; i < v->n_reasons; i++) {
    const struct diagnose_fix *later = diagnose_fix(&v->reasons[i]);

    if (later && later != fix && has_same_lines(fix, later))
      return true;
  }
  return false;
}

bool diagnose_each_fix(FILE *out, const struct diagnosis *d,
                       diagnose_fix_cb *write)
{
  struct seen seen[MAX_FIXES];
  size_t n = 0;

  for (size_t i = 0; i < d->n_hops; i++)
    for (size_t k = 0; k < d->hops[i].verdict.n_reasons && n < MAX_FIXES; k++) {
      const struct diagnose_hop *hop = &d->hops[i];
      const struct diagnose_fix *fix = diagnose_fix(&hop->verdict.reasons[k]);

      if (!fix || was_seen(seen, n, hop, fix))
        continue;
      seen[n++] = (struct seen){hop, fix};
      write(out, hop, fix, fix->nginx && !comes_again(hop, k, fix));
    }
  return n > 0;
}

static const struct placeholder {
  const char *name;
  int depth; /* of the certificate whose pin it is; -1: the host */
} placeholders[] = {{"HOST", -1}, {"LEAF_PIN", 0}, {"CA_PIN", 1}};

static void write_value(FILE *out, const struct diagnose_hop *hop,
                        const struct placeholder *p)
{
  const tinet_ats_chain *c =
      hop->used ? &hop->server->chains[hop->used->chain] : NULL;
  char key[TINET_ATS_HOST_KEY_MAX], pin[TINET_SPKI_HASH_TEXT_MAX];

  if (p->depth < 0) {
    if (tinet_ats_host_key(hop->host, key) == TINET_OK)
      (void)fputs(key, out);
  } else if (c && (size_t)p->depth < c->n) {
    tinet_spki_hash_text(&c->certificates[p->depth].spki, pin);
    (void)fputs(strchr(pin, '/') + 1, out);
  }
}

static void write_lines(FILE *out, const struct diagnose_hop *hop,
                        const char *lines)
{
  while (*lines) {
    size_t i = 0, n = sizeof placeholders / sizeof *placeholders;

    while (i < n && strncmp(lines, placeholders[i].name,
                            strlen(placeholders[i].name)) != 0)
      i++;
    if (i < n) {
      write_value(out, hop, &placeholders[i]);
      lines += strlen(placeholders[i].name);
    } else {
      (void)fputc(*lines++, out);
    }
  }
}

char *diagnose_lines(const struct diagnose_hop *hop, const char *lines)
{
  char *data = NULL;
  size_t len;
  FILE *f = open_memstream(&data, &len);

  if (!f)
    return cli_strdup(lines);
  write_lines(f, hop, lines);
  (void)fclose(f);
  return data;
}
