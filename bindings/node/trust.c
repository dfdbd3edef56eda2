/* trust.c - security managers, credentials and the story of a TLS failure.
 *
 * A manager is a tinet_trust in an external; clients that have one, or
 * credentials, keep them beside the native client, so that a request without
 * pays nothing.
 */
#include "addon.h"

#include <stdlib.h>
#include <string.h>

static void on_trust_finalize(napi_env env, void *data, void *hint)
{
  (void)env;
  (void)hint;
  tinet_trust_unref(data);
}

tinet_trust *trust_of(napi_env env, napi_value value)
{
  napi_valuetype type = napi_undefined;
  void *data = NULL;

  (void)napi_typeof(env, value, &type);
  if (type != napi_external ||
      napi_get_value_external(env, value, &data) != napi_ok)
    return NULL;
  return data;
}

/* newTrust() -> external */
static napi_value new_trust(napi_env env, napi_callback_info info)
{
  napi_value value = NULL;
  tinet_trust *trust;

  (void)info;
  if (tinet_trust_new(&trust) < 0) {
    throw_code(env, TINET_ENOMEM, NULL);
    return NULL;
  }
  if (napi_create_external(env, trust, on_trust_finalize, NULL, &value) !=
      napi_ok) {
    tinet_trust_unref(trust);
    throw_code(env, TINET_ENOMEM, NULL);
  }
  return value;
}

static napi_value throw_error(napi_env env, int code, const tinet_error *err)
{
  throw_code(env, code, err->text[0] ? err->text : NULL);
  return NULL;
}

/* spkiHash(Buffer) -> "sha256/..."; throws if it is no certificate */
static napi_value spki_hash(napi_env env, napi_callback_info info)
{
  char text[TINET_SPKI_HASH_TEXT_MAX];
  tinet_error err = {0};
  tinet_spki_hash hash;
  napi_value args[1];
  void *data;
  size_t len;
  int code;

  if (!get_args(env, info, 1, args) || !get_bytes(env, args[0], &data, &len))
    return NULL;
  code = tinet_spki_hash_of_certificate(data, len, &hash, &err);
  if (code < 0)
    return throw_error(env, code, &err);
  tinet_spki_hash_text(&hash, text);
  return make_text(env, text);
}

/* addPin(trust, host, hash, index) */
static napi_value add_pin(napi_env env, napi_callback_info info)
{
  tinet_error none = {0};
  tinet_spki_hash hash;
  tinet_trust *trust;
  napi_value args[4];
  char *host, *text;
  int code = TINET_EINVAL;

  if (!get_args(env, info, 4, args) || !(trust = trust_of(env, args[0])) ||
      !(host = get_text(env, args[1], NULL)))
    return NULL;
  text = get_text(env, args[2], NULL);
  if (text)
    code = tinet_spki_hash_parse(text, &hash);
  if (code == TINET_OK)
    code =
        tinet_trust_add_pin(trust, host, &hash, (int)get_number(env, args[3]));
  free(host);
  free(text);
  return code < 0 ? throw_error(env, code, &none) : NULL;
}

/* addClientCertificate(trust, host, Buffer, password) */
static napi_value add_identity(napi_env env, napi_callback_info info)
{
  tinet_client_certificate c = {0};
  tinet_error err = {0};
  tinet_trust *trust;
  napi_value args[4];
  char *host, *password = NULL;
  void *data;
  int code = TINET_OK;

  if (!get_args(env, info, 4, args) || !(trust = trust_of(env, args[0])) ||
      !get_bytes(env, args[2], &data, &c.cert_len) ||
      !(host = get_text(env, args[1], NULL)))
    return NULL;
  c.cert = data;
  if (get_text_or_null(env, args[3], &password)) {
    c.password = password;
    code = tinet_trust_add_client_certificate(trust, host, &c, &err);
  }
  free(password);
  free(host);
  return code < 0 ? throw_error(env, code, &err) : NULL;
}

/* ---- what a client is sent with ---- */

void free_extras(struct client *c)
{
  struct extras *x = c->extras;

  if (!x)
    return;
  free(x->username);
  if (x->password)
    explicit_bzero(x->password, strlen(x->password));
  free(x->password);
  free(x->domain);
  tinet_trust_unref(x->trust);
  free(x);
  c->extras = NULL;
}

void apply_extras(const struct client *c, tinet_http_settings *s)
{
  const struct extras *x = c->extras;

  if (!x)
    return;
  s->username = x->username;
  s->password = x->password;
  s->domain = x->domain;
  s->tls_version = x->tls_version;
  s->trust = x->trust;
  s->uses_cache = x->uses_cache;
}

/* setExtras(client, username, password, domain, tlsVersion, trust, cache):
 * before each send that has any of them; setExtras(client) forgets them */
static napi_value set_extras(napi_env env, napi_callback_info info)
{
  napi_value args[7];
  struct client *c;
  struct extras *x;

  if (!get_args(env, info, 7, args) || !(c = client_of(env, args[0])))
    return NULL;
  free_extras(c);
  x = calloc(1, sizeof *x);
  if (!x) {
    throw_code(env, TINET_ENOMEM, NULL);
    return NULL;
  }
  c->extras = x;
  if (!get_text_or_null(env, args[1], &x->username) ||
      !get_text_or_null(env, args[2], &x->password) ||
      !get_text_or_null(env, args[3], &x->domain))
    return NULL;
  x->tls_version = (tinet_tls_version)get_uint(env, args[4]);
  x->trust = tinet_trust_ref(trust_of(env, args[5]));
  (void)napi_get_value_bool(env, args[6], &x->uses_cache); /* else false */
  return NULL;
}

static void set_text(napi_env env, napi_value object, const char *name,
                     const char *text)
{
  (void)napi_set_named_property(env, object, name, make_text(env, text));
}

napi_value make_tls_failure(napi_env env, const tinet_tls_failure *f)
{
  napi_value o = NULL;

  if (!f || napi_create_object(env, &o) != napi_ok)
    return make_null(env);
  set_text(env, o, "reason", tinet_tls_reason_name(f->reason));
  (void)napi_set_named_property(env, o, "opensslCode",
                                make_number(env, (double)f->openssl_code));
  (void)napi_set_named_property(env, o, "nsurlCode",
                                make_number(env, f->nsurl_code));
  (void)napi_set_named_property(env, o, "depth", make_number(env, f->depth));
  set_text(env, o, "host", f->host);
  set_text(env, o, "subject", f->subject);
  set_text(env, o, "issuer", f->issuer);
  set_text(env, o, "notBefore", f->not_before);
  set_text(env, o, "notAfter", f->not_after);
  set_text(env, o, "names", f->names);
  set_text(env, o, "key", f->key);
  set_text(env, o, "hash", f->hash);
  set_text(env, o, "expectedSpki", f->expected_spki);
  set_text(env, o, "seenSpki", f->seen_spki);
  return o;
}

/* tlsFailure(client) -> object or null */
static napi_value tls_failure(napi_env env, napi_callback_info info)
{
  napi_value args[1];
  struct client *c;

  if (!get_args(env, info, 1, args) || !(c = client_of(env, args[0])))
    return NULL;
  return make_tls_failure(env, tinet_http_client_tls_failure(c->http));
}

void define_trust(napi_env env, napi_value exports)
{
  define(env, exports, "newTrust", new_trust);
  define(env, exports, "spkiHash", spki_hash);
  define(env, exports, "addPin", add_pin);
  define(env, exports, "addClientCertificate", add_identity);
  define(env, exports, "setExtras", set_extras);
  define(env, exports, "tlsFailure", tls_failure);
}
