/* client_auth.c - answering a 401, and not being asked twice.
 *
 * The credentials belong to the origin of the URL given to open; a hop anywhere
 * else neither sends them nor answers a challenge.  Of what a server offers the
 * strongest scheme not yet tried on this hop is taken.  Basic and Digest are
 * answered here; NTLM and Negotiate authenticate a connection, so the transport
 * does the talking.  ti: HTTPClient.username
 */
#include "http_private.h"

#include "../core/alloc.h"
#include "../core/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BIT(scheme) (1u << (scheme))

/* ---- whose credentials, and where ---- */

static void wipe(char **secret)
{
  if (*secret)
    explicit_bzero(*secret, strlen(*secret));
  tinet__free(*secret);
  *secret = NULL;
}

void tinet__client_auth_new_hop(tinet_http_client *c)
{
  struct tinet__client_auth *a = &c->auth;

  a->scheme = TINET__AUTH_UNKNOWN;
  tinet__digest_unref(a->digest);
  a->digest = NULL;
  a->tried = 0;
  a->was_stale = a->is_at_once = a->is_answered = false;
}

void tinet__client_auth_clear(tinet_http_client *c)
{
  struct tinet__client_auth *a = &c->auth;

  tinet__client_auth_new_hop(c);
  wipe(&a->username);
  wipe(&a->password);
  tinet__free(a->host);
  a->host = NULL;
}

/* Percent-decoded; as it stands if that is not possible. */
static char *decode(const char *s, size_t len)
{
  char *text;
  size_t text_len;

  if (tinet_http_decode_component(s, len, &text, &text_len) == TINET_OK) {
    if (strlen(text) == text_len)
      return text;
    tinet__free(text);
  }
  return tinet__strndup(s, len);
}

static int take_from_url(struct tinet__client_auth *a,
                         const struct tinet__url *url)
{
  const char *info = url->userinfo;
  size_t len = strcspn(info, ":");

  if (len == 0)
    return TINET_OK;
  a->username = decode(info, len);
  if (info[len] == ':')
    len++;
  a->password = decode(info + len, strlen(info + len));
  return a->username && a->password ? TINET_OK : TINET_ENOMEM;
}

static int take_from_settings(struct tinet__client_auth *a,
                              const tinet_http_settings *s)
{
  struct tinet__buf b = TINET__BUF_INIT;
  int err = TINET_OK;

  if (s->domain && *s->domain)
    err = tinet__buf_addf(&b, "%s\\", s->domain);
  if (err == TINET_OK)
    err = tinet__buf_adds(&b, s->username);
  if (err < 0) {
    tinet__buf_free(&b);
    return err;
  }
  a->username = tinet__buf_take(&b, NULL);
  a->password = tinet__strdup(s->password ? s->password : "");
  return a->password ? TINET_OK : TINET_ENOMEM;
}

static bool has_own_header(const tinet_http_client *c)
{
  const char *own = tinet__headers_get(&c->app_headers, "Authorization");

  return own && strcmp(own, TINET__REMOVED) != 0;
}

int tinet__client_auth_begin(tinet_http_client *c)
{
  struct tinet__client_auth *a = &c->auth;
  int err;

  tinet__client_auth_clear(c);
  a->was_https = false;
  if (has_own_header(c))
    return TINET_OK;
  if (c->settings.username && *c->settings.username)
    err = take_from_settings(a, &c->settings);
  else
    err = take_from_url(a, &c->url);
  if (err < 0 || !a->username)
    return err;
  a->host = tinet__strdup(c->url.host);
  a->port = c->url.port;
  a->is_https = c->url.is_https;
  return a->host ? TINET_OK : TINET_ENOMEM;
}

static bool is_for(const struct tinet__client_auth *a,
                   const struct tinet__url *url)
{
  return a->username && a->port == url->port && a->is_https == url->is_https &&
         strcmp(a->host, url->host) == 0;
}

static struct tinet__credentials who(const struct tinet__client_auth *a)
{
  return (struct tinet__credentials){a->username, a->password};
}

/* ---- what a hop sends ---- */

static int add_basic(const struct tinet__client_auth *a, struct tinet__buf *to)
{
  static const char digits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  struct tinet__buf plain = TINET__BUF_INIT;
  int err = tinet__buf_addf(&plain, "%s:%s", a->username, a->password);

  if (err == TINET_OK)
    err = tinet__buf_adds(to, "Basic ");
  for (size_t i = 0; err == TINET_OK && i < plain.len; i += 3) {
    const unsigned char *p = (const unsigned char *)plain.data + i;
    size_t n = plain.len - i;
    uint32_t bits = (uint32_t)p[0] << 16 | (n > 1 ? (uint32_t)p[1] << 8 : 0) |
                    (n > 2 ? p[2] : 0);
    char four[4] = {digits[bits >> 18], digits[bits >> 12 & 63],
                    n > 1 ? digits[bits >> 6 & 63] : '=',
                    n > 2 ? digits[bits & 63] : '='};

    err = tinet__buf_add(to, four, 4);
  }
  if (plain.data)
    explicit_bzero(plain.data, plain.len);
  tinet__buf_free(&plain);
  return err;
}

/* rfc: 7616 3.4.3 - the whole body is read for it, and again when it is sent.
 */
static int hash_body(tinet_http_client *c, enum tinet__hash hash,
                     char hex[TINET__HASH_HEX_MAX])
{
  bool has_body = c->body && tinet__client_sends_body(c);
  tinet__hasher *h;
  char chunk[4096];
  int64_t n = 0;
  int err = tinet__hasher_new(hash, &h);

  if (err < 0)
    return err;
  while (has_body && (n = tinet__body_read(c->body, chunk, sizeof chunk,
                                           &c->pending_error)) > 0)
    tinet__hasher_add(h, chunk, (size_t)n);
  err = tinet__hasher_end(h, hex);
  if (n < 0)
    return (int)n;
  if (err < 0 || !has_body)
    return err;
  return tinet__body_rewind(c->body, &c->pending_error);
}

static int add_digest(tinet_http_client *c, struct tinet__buf *to)
{
  struct tinet__client_auth *a = &c->auth;
  struct tinet__digest_request r = {
      .method = tinet__client_hop_method(c),
      .username = a->username,
      .password = a->password,
  };
  struct tinet__buf uri = TINET__BUF_INIT;
  char hex[TINET__HASH_HEX_MAX];
  int err = tinet__buf_addf(&uri, "%s%s%s", c->url.path,
                            c->url.has_query ? "?" : "", c->url.query);

  if (err == TINET_OK && a->digest->qop == TINET__QOP_AUTH_INT) {
    err = hash_body(c, a->digest->hash, hex);
    r.body_hash = hex;
  }
  if (err == TINET_OK) {
    r.uri = uri.data;
    err = tinet__digest_answer(a->digest, &r, to);
  }
  tinet__buf_free(&uri);
  return err;
}

/* ti: HTTPClient.username - a password in cleartext is never what a redirect
 * from https leads to, not even back at the origin that the request began at.
 */
static bool allows(const tinet_http_client *c, enum tinet__auth_scheme scheme)
{
  return scheme != TINET__AUTH_BASIC || c->url.is_https || !c->auth.was_https;
}

/* Where they have been accepted before, they are sent without being asked. */
static void recall(tinet_http_client *c)
{
  struct tinet__client_auth *a = &c->auth;
  struct tinet__credentials me = who(a);
  struct tinet__digest *digest;

  a->scheme = tinet__auth_memory_find(&c->http->auth, &c->url, &me, &digest);
  if (!allows(c, a->scheme))
    a->scheme = TINET__AUTH_UNKNOWN;
  a->digest = tinet__digest_ref(digest);
  a->is_at_once = a->scheme != TINET__AUTH_UNKNOWN;
}

int tinet__client_auth_header(tinet_http_client *c)
{
  struct tinet__client_auth *a = &c->auth;
  struct tinet__buf value = TINET__BUF_INIT;
  int err = TINET_OK;

  if (!is_for(a, &c->url))
    return TINET_OK;
  if (a->scheme == TINET__AUTH_UNKNOWN && a->tried == 0)
    recall(c);
  if (a->scheme == TINET__AUTH_BASIC)
    err = add_basic(a, &value);
  else if (a->scheme == TINET__AUTH_DIGEST)
    err = add_digest(c, &value);
  if (err == TINET_OK && value.len > 0)
    err = tinet__headers_set(&c->hop_headers, "Authorization", value.data);
  tinet__buf_free(&value);
  return err;
}

const struct tinet__login *tinet__client_login(tinet_http_client *c)
{
  struct tinet__client_auth *a = &c->auth;

  if (a->scheme != TINET__AUTH_NTLM && a->scheme != TINET__AUTH_NEGOTIATE)
    return NULL;
  a->login.is_ntlm = a->scheme == TINET__AUTH_NTLM;
  a->login.is_negotiate = a->scheme == TINET__AUTH_NEGOTIATE;
  a->login.username = a->username;
  a->login.password = a->password;
  return &a->login;
}

/* ---- what came back ---- */

/* A ticket of Kerberos to speak Negotiate with: without one the attempt would
 * cost a round trip and fail. */
static bool has_ticket(void)
{
  const char *name = secure_getenv("KRB5CCNAME");
  char path[64];

  if (name && *name) {
    if (strncmp(name, "FILE:", 5) == 0)
      name += 5;
    return *name != '/' || access(name, R_OK) == 0;
  }
  (void)snprintf(path, sizeof path, "/tmp/krb5cc_%u", (unsigned)getuid());
  return access(path, R_OK) == 0;
}

static bool is_possible(const tinet_http_client *c,
                        const struct tinet__challenge *ch)
{
  if (!allows(c, ch->scheme))
    return false;
  switch (ch->scheme) {
  case TINET__AUTH_UNKNOWN:
    return false;
  case TINET__AUTH_NEGOTIATE:
    return !(c->auth.tried & BIT(ch->scheme)) && has_ticket();
  case TINET__AUTH_DIGEST:
    return tinet__digest_strength(ch) > 0 &&
           !(c->auth.tried & BIT(TINET__AUTH_DIGEST));
  default:
    return !(c->auth.tried & BIT(ch->scheme));
  }
}

static int strength(const struct tinet__challenge *ch)
{
  return (int)ch->scheme * 16 +
         (ch->scheme == TINET__AUTH_DIGEST ? tinet__digest_strength(ch) : 0);
}

static const struct tinet__challenge *
choose(const tinet_http_client *c, const struct tinet__challenges *offered)
{
  const struct tinet__challenge *best = NULL;

  for (size_t i = 0; i < offered->n; i++) {
    const struct tinet__challenge *ch = &offered->list[i];

    if (is_possible(c, ch) && (!best || strength(ch) > strength(best)))
      best = ch;
  }
  return best;
}

/* What was sent was refused.  A nonce may have run out: then the same scheme
 * is tried again, once. */
static void note_refusal(tinet_http_client *c,
                         const struct tinet__challenges *offered)
{
  struct tinet__client_auth *a = &c->auth;
  struct tinet__credentials me = who(a);
  bool is_stale = a->is_at_once && a->scheme == TINET__AUTH_DIGEST;

  if (a->scheme == TINET__AUTH_UNKNOWN)
    return;
  for (size_t i = 0; i < offered->n && !is_stale; i++) {
    const char *stale = tinet__challenge_param(&offered->list[i], "stale");

    is_stale = offered->list[i].scheme == TINET__AUTH_DIGEST && stale &&
               tinet__ieq(stale, "true") && a->scheme == TINET__AUTH_DIGEST;
  }
  if (a->is_at_once)
    tinet__auth_memory_remove(&c->http->auth, &c->url, &me);
  a->tried |= BIT(a->scheme);
  if (is_stale && !a->was_stale)
    a->tried &= ~BIT(TINET__AUTH_DIGEST);
  a->was_stale = a->was_stale || is_stale;
  a->is_at_once = false;
  a->scheme = TINET__AUTH_UNKNOWN;
  tinet__digest_unref(a->digest);
  a->digest = NULL;
}

/* 1: the response is answered; 0: it is the result. */
static int answer(tinet_http_client *c, const struct tinet__challenges *offered)
{
  struct tinet__client_auth *a = &c->auth;
  const struct tinet__challenge *ch;

  note_refusal(c, offered);
  while ((ch = choose(c, offered)) != NULL) {
    int err = TINET_OK;

    if (ch->scheme == TINET__AUTH_DIGEST)
      err = tinet__digest_new(ch, &a->digest);
    if (err == TINET_EUNSUPPORTED) { /* e.g. without a nonce */
      a->tried |= BIT(ch->scheme);
      continue;
    }
    if (err < 0)
      return err;
    a->scheme = ch->scheme;
    return 1;
  }
  return 0;
}

static void note_success(tinet_http_client *c)
{
  struct tinet__client_auth *a = &c->auth;
  struct tinet__credentials me = who(a);
  const char *info;

  if (a->scheme != TINET__AUTH_BASIC && a->scheme != TINET__AUTH_DIGEST)
    return;
  if (a->digest) {
    info = tinet__headers_get(&c->headers, "Authentication-Info");
    if (info)
      tinet__digest_note_info(a->digest, info);
  }
  tinet__auth_memory_add(&c->http->auth, &c->url, &me, a->digest);
}

int tinet__client_auth_response(tinet_http_client *c)
{
  struct tinet__challenges offered;
  int err;

  if (!is_for(&c->auth, &c->url))
    return 0;
  if (c->status == 407) /* a proxy's; the origin has seen nothing */
    return 0;
  if (c->status != 401) {
    note_success(c);
    return 0;
  }
  err = tinet__challenges_parse(&c->headers, "WWW-Authenticate", &offered);
  if (err < 0)
    return err;
  err = answer(c, &offered);
  tinet__challenges_free(&offered);
  c->auth.is_answered = err == 1;
  return err;
}
