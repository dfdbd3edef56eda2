/* client_settings.c - what send was given, kept for the request. */
#include "http_private.h"

#include "../core/alloc.h"
#include "../trust/trust.h"

#include <string.h>

static void drop(const char **text)
{
  tinet__free((void *)(uintptr_t)*text);
  *text = NULL;
}

void tinet__client_free_settings(tinet_http_client *c)
{
  tinet_http_settings *s = &c->settings;

  if (s->password)
    explicit_bzero((void *)(uintptr_t)s->password, strlen(s->password));
  drop(&s->file);
  drop(&s->username);
  drop(&s->password);
  drop(&s->domain);
  tinet_trust_unref(s->trust);
  s->trust = NULL;
}

/* "" counts as not given. */
static bool copy(const char **to, const char *from)
{
  *to = from && *from ? tinet__strdup(from) : NULL;
  return *to || !from || !*from;
}

int tinet__client_copy_settings(tinet_http_client *c,
                                const tinet_http_settings *given)
{
  tinet_http_settings s, defaults;
  bool is_copied;

  if (!given) {
    tinet_http_settings_init(&defaults);
    given = &defaults;
  }
  if ((unsigned)given->tls_version > TINET_TLS_VERSION_1_3)
    return TINET_EINVAL;
  s = *given;
  s.username = s.password = s.domain = NULL;
  is_copied =
      copy(&s.file, given->file) && copy(&s.username, given->username) &&
      copy(&s.password, given->password) && copy(&s.domain, given->domain);
  if (!is_copied) {
    drop(&s.file);
    drop(&s.username);
    drop(&s.password);
    return TINET_ENOMEM;
  }
  if (s.timeout_ms < 0)
    s.timeout_ms = TINET__DEFAULT_TIMEOUT_MS;
  if (s.timeout_for_resource_ms < 0)
    s.timeout_for_resource_ms = TINET__DEFAULT_RESOURCE_MS;
  if (tinet_trust_ref(s.trust))
    tinet__trust_seal(s.trust);
  tinet__client_free_settings(c);
  c->settings = s;
  return TINET_OK;
}

/* ---- what a hop's connection must satisfy ---- */

/* ti: HTTPClient.validatesSecureCertificate - the host given to open, and no
 * other, may go unverified; a trust that has something to say of it goes
 * before. */
static bool is_verified(const tinet_http_client *c, const tinet_trust *trust)
{
  if (!c->unverified_host || !c->url.is_https ||
      strcmp(c->unverified_host, c->url.host) != 0)
    return true;
  return trust && (tinet_trust_covers(trust, c->url.host) ||
                   tinet__trust_judges_all(trust));
}

void tinet__client_warn_of_trust(tinet_http_client *c)
{
  const struct tinet__exchange *x = &c->x;

  if (!c->url.is_https)
    return;
  if (!x->validates_certificate)
    tinet__http_warn_once(c->http, c->url.host,
                          "the server's certificate is not checked "
                          "(validatesSecureCertificate is false)");
  if (x->tls_version == TINET_TLS_VERSION_1_0 ||
      x->tls_version == TINET_TLS_VERSION_1_1)
    tinet__http_warn_once(c->http, c->url.host,
                          "an outdated TLS version is used (tlsVersion)");
}

void tinet__client_fill_trust(tinet_http_client *c)
{
  struct tinet__exchange *x = &c->x;
  tinet_trust *trust = c->settings.trust;

  if (!c->url.is_https)
    trust = NULL;
  /* ti: HTTPClient.securityManager - asked for every hop. */
  if (trust && !tinet__trust_handles(trust, c->url.text))
    trust = NULL;
  x->trust = trust;
  x->validates_certificate = is_verified(c, trust);
  x->tls_version = c->settings.tls_version;
}
