/* stream_tls.c - TLS of streams and listeners: options in, failures out.
 *
 * Options are objects that lib/socket_tls.js has checked: {ca, serverName,
 * trust, rejectUnauthorized, alpn} of a client, {cert, key, passphrase,
 * clientCa, alpn} of a server.
 */
#include "sockets.h"

#include <stdlib.h>
#include <string.h>

static void read_alpn(napi_env env, napi_value object, struct tls_alpn *a)
{
  napi_value array, value;
  uint32_t n = 0;

  if (napi_get_named_property(env, object, "alpn", &array) != napi_ok ||
      napi_get_array_length(env, array, &n) != napi_ok)
    return;
  for (uint32_t i = 0; i < n && a->n < ALPN_MAX; i++)
    if (napi_get_element(env, array, i, &value) == napi_ok &&
        (a->names[a->n] = get_text(env, value, NULL)))
      a->n++;
}

static void free_alpn(struct tls_alpn *a)
{
  for (size_t i = 0; i < a->n; i++)
    free(a->names[i]);
}

void read_tls_client(napi_env env, napi_value object, struct tls_client *t)
{
  napi_value value;
  bool is_verified = true;

  memset(t, 0, sizeof *t);
  tinet_tls_client_options_init(&t->opt);
  t->opt.server_name = t->server_name = text_member(env, object, "serverName");
  t->opt.ca_file = t->ca_file = text_member(env, object, "ca");
  read_alpn(env, object, &t->alpn);
  t->opt.alpn = (const char *const *)t->alpn.names;
  t->opt.n_alpn = t->alpn.n;
  if (napi_get_named_property(env, object, "trust", &value) == napi_ok)
    t->opt.trust = trust_of(env, value);
  if (napi_get_named_property(env, object, "rejectUnauthorized", &value) ==
      napi_ok)
    (void)napi_get_value_bool(env, value, &is_verified); /* else true */
  t->opt.is_unverified = !is_verified;
}

void free_tls_client(struct tls_client *t)
{
  free(t->server_name);
  free(t->ca_file);
  free_alpn(&t->alpn);
}

void read_tls_server(napi_env env, napi_value object, struct tls_server *t)
{
  memset(t, 0, sizeof *t);
  tinet_tls_server_options_init(&t->opt);
  t->opt.certificate = t->cert = text_member(env, object, "cert");
  t->opt.certificate_len = t->cert ? strlen(t->cert) : 0;
  t->opt.key = t->key = text_member(env, object, "key");
  t->opt.key_len = t->key ? strlen(t->key) : 0;
  t->opt.password = t->password = text_member(env, object, "passphrase");
  t->ca = text_member(env, object, "clientCa");
  if (t->ca) {
    t->opt.client_ca = t->ca;
    t->opt.client_ca_len = strlen(t->ca);
    t->opt.client_auth = TINET_CLIENT_AUTH_REQUIRED;
  }
  read_alpn(env, object, &t->alpn);
  t->opt.alpn = (const char *const *)t->alpn.names;
  t->opt.n_alpn = t->alpn.n;
}

void free_tls_server(struct tls_server *t)
{
  free(t->cert);
  free(t->key);
  free(t->password);
  free(t->ca);
  free_alpn(&t->alpn);
}

/* streamTlsFailure(handle) -> object, or null */
static napi_value stream_tls_failure(napi_env env, napi_callback_info info)
{
  napi_value args[1];
  struct handle *h;

  if (!get_args(env, info, 1, args) ||
      !(h = handle_of(env, args[0], HANDLE_STREAM)))
    return NULL;
  return make_tls_failure(env, tinet_stream_tls_failure(h->of.stream));
}

void define_stream_tls(napi_env env, napi_value exports)
{
  define(env, exports, "streamTlsFailure", stream_tls_failure);
}
