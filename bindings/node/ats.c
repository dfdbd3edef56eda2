/* ats.c - App Transport Security for JavaScript: which policy, and why a
 * request was denied.
 *
 * One policy a process, so that a worker is under the same as the main thread;
 * an environment that has sent a request already keeps what it had until it is
 * told itself.
 */
#include "addon.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tinet/ats.h>

/* apple: the localized descriptions of the two errors */
#define CLEARTEXT_TEXT                                                         \
  "The resource could not be loaded because the App Transport Security "       \
  "policy requires the use of a secure connection."
#define TLS_TEXT                                                               \
  "An SSL error has occurred and a secure connection to the server cannot be " \
  "made."
#define CERTIFICATE_TEXT "The certificate for this server is invalid."

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static tinet_ats_policy *shared; /* guarded by the lock; NULL = off */

tinet_ats_policy *shared_ats(void)
{
  tinet_ats_policy *policy;

  (void)pthread_mutex_lock(&lock);
  policy = tinet_ats_policy_ref(shared);
  (void)pthread_mutex_unlock(&lock);
  return policy;
}

static void share(tinet_ats_policy *policy)
{
  tinet_ats_policy *old;

  (void)pthread_mutex_lock(&lock);
  old = shared;
  shared = tinet_ats_policy_ref(policy);
  (void)pthread_mutex_unlock(&lock);
  tinet_ats_policy_unref(old);
}

static int load(const char *what, tinet_ats_policy **ret_policy,
                tinet_error *err)
{
  *ret_policy = NULL;
  if (strcmp(what, "off") == 0)
    return TINET_OK;
  if (strcmp(what, "enforce") == 0)
    return tinet_ats_policy_new(NULL, ret_policy);
  return tinet_ats_policy_load(what, NULL, ret_policy, err);
}

/* "file:line:column: message" of each mistake. */
static napi_value mistakes_of(napi_env env, const tinet_ats_policy *policy)
{
  size_t n = policy ? tinet_ats_policy_n_findings(policy) : 0;
  napi_value list, text;
  uint32_t at = 0;
  char line[600];

  if (napi_create_array(env, &list) != napi_ok)
    return NULL;
  for (size_t i = 0; i < n && at < 100; i++) {
    const tinet_ats_finding *f = tinet_ats_policy_finding(policy, i);

    if (f->severity != TINET_ATS_ERROR)
      continue;
    (void)snprintf(line, sizeof line, "%s:%u:%u: %s", f->file, f->line,
                   f->column, f->message);
    text = make_text(env, line);
    if (text)
      (void)napi_set_element(env, list, at++, text);
  }
  return list;
}

/* setAts("off" | "enforce" | path) -> mistakes in the policy */
static napi_value set_ats(napi_env env, napi_callback_info info)
{
  struct addon *a = addon_of(env);
  tinet_ats_policy *policy = NULL;
  tinet_error err = {0};
  napi_value args[1], mistakes;
  char *what;
  int code;

  if (!get_args(env, info, 1, args) || !(what = get_text(env, args[0], NULL)))
    return NULL;
  code = load(what, &policy, &err);
  free(what);
  if (code < 0) {
    throw_code(env, code, err.code ? err.text : NULL);
    return NULL;
  }
  mistakes = mistakes_of(env, policy);
  share(policy);
  if (a->http)
    tinet_http_set_ats(a->http, policy);
  tinet_ats_policy_unref(policy);
  return mistakes;
}

static void set_text(napi_env env, napi_value object, const char *name,
                     const char *text)
{
  napi_value value = make_text(env, text);

  if (value)
    (void)napi_set_named_property(env, object, name, value);
}

static void set_number(napi_env env, napi_value object, const char *name,
                       double number)
{
  napi_value value = make_number(env, number);

  if (value)
    (void)napi_set_named_property(env, object, name, value);
}

static const char *description(const tinet_ats_reason *r)
{
  if (r->code == TINET_ATS_CLEARTEXT)
    return CLEARTEXT_TEXT;
  return r->nsurl_code == -1200 ? TLS_TEXT : CERTIFICATE_TEXT;
}

static napi_value make_reason(napi_env env, const tinet_ats_reason *r)
{
  napi_value o;

  if (napi_create_object(env, &o) != napi_ok)
    return NULL;
  set_text(env, o, "reason", tinet_ats_code_name(r->code));
  set_text(env, o, "domain", "NSURLErrorDomain");
  set_number(env, o, "code", r->nsurl_code);
  set_number(env, o, "sslStatus", r->ssl_status);
  set_number(env, o, "depth", r->depth);
  set_text(env, o, "key", r->key);
  set_text(env, o, "text", r->text);
  set_text(env, o, "description", description(r));
  return o;
}

/* atsVerdict(client) -> object or null */
static napi_value ats_verdict(napi_env env, napi_callback_info info)
{
  const tinet_ats_verdict *v;
  napi_value args[1], o, list, one;
  struct client *c;

  if (!get_args(env, info, 1, args) || !(c = client_of(env, args[0])))
    return NULL;
  v = tinet_http_client_ats_verdict(c->http);
  if (!v || v->n_reasons == 0 || !(o = make_reason(env, &v->reasons[0])) ||
      napi_create_array(env, &list) != napi_ok)
    return make_null(env);
  set_text(env, o, "url", tinet_http_client_location(c->http));
  set_number(env, o, "hop", v->hop);
  set_text(env, o, "entry", v->exception ? v->exception->key : NULL);
  for (size_t i = 0; i < v->n_reasons; i++) {
    one = make_reason(env, &v->reasons[i]);
    if (one)
      (void)napi_set_element(env, list, (uint32_t)i, one);
  }
  (void)napi_set_named_property(env, o, "reasons", list);
  return o;
}

void define_ats(napi_env env, napi_value exports)
{
  define(env, exports, "setAts", set_ats);
  define(env, exports, "atsVerdict", ats_verdict);
}
