/* events.c - from the library's callbacks to one JavaScript function.
 *
 * dispatch.call(client, kind, ...) gets everything.  An event from the loop is
 * a callback of its own for Node (microtasks run after it, what it throws is an
 * uncaught exception).  An event from inside a call that JavaScript made is
 * delivered at once, and what it throws leaves when that call is over.
 */
#include "addon.h"

void enter_call(struct addon *a, struct call *call)
{
  call->outer = a->call;
  call->thrown = NULL;
  a->call = call;
}

static void keep_thrown(struct addon *a)
{
  napi_env env = a->env;
  napi_value thrown, box;

  if (napi_get_and_clear_last_exception(env, &thrown) != napi_ok)
    return;
  if (!a->call->thrown && napi_create_array(env, &box) == napi_ok &&
      napi_set_element(env, box, 0, thrown) == napi_ok &&
      napi_create_reference(env, box, 1, &a->call->thrown) == napi_ok)
    return;
  (void)napi_fatal_exception(env, thrown); /* a second one has no other way */
}

void leave_call(struct addon *a, struct call *call)
{
  napi_value box, thrown;

  a->call = call->outer;
  if (!call->thrown)
    return;
  (void)napi_get_reference_value(a->env, call->thrown, &box);
  (void)napi_delete_reference(a->env, call->thrown);
  if (napi_get_element(a->env, box, 0, &thrown) == napi_ok)
    (void)napi_throw(a->env, thrown);
}

void call_js(struct addon *a, napi_async_context context, napi_value self,
             napi_ref fn_ref, size_t argc, const napi_value *argv)
{
  napi_value fn, result, thrown;
  napi_status status;

  if (!fn_ref || napi_get_reference_value(a->env, fn_ref, &fn) != napi_ok)
    return;
  if (a->call) {
    status = napi_call_function(a->env, self, fn, argc, argv, &result);
    if (status == napi_pending_exception)
      keep_thrown(a);
    return;
  }
  status = napi_make_callback(a->env, context, self, fn, argc, argv, &result);
  if (status == napi_pending_exception &&
      napi_get_and_clear_last_exception(a->env, &thrown) == napi_ok)
    (void)napi_fatal_exception(a->env, thrown);
}

static void dispatch(struct client *c, size_t argc, const napi_value *argv)
{
  napi_value self;

  if (napi_get_reference_value(c->addon->env, c->self, &self) == napi_ok &&
      self)
    call_js(c->addon, c->async, self, c->addon->dispatch, argc, argv);
}

static napi_value make_int(napi_env env, int32_t number)
{
  napi_value value = NULL;

  (void)napi_create_int32(env, number, &value);
  return value;
}

static void on_readystate(tinet_http_client *http, tinet_http_state state,
                          void *user)
{
  struct client *c = user;
  napi_env env = c->addon->env;
  napi_handle_scope scope;
  napi_value argv[2];

  (void)http;
  if (!(c->interest & ON_READYSTATE) ||
      napi_open_handle_scope(env, &scope) != napi_ok)
    return;
  argv[0] = make_int(env, EVENT_READYSTATE);
  argv[1] = make_int(env, (int32_t)state);
  dispatch(c, 2, argv);
  (void)napi_close_handle_scope(env, scope);
}

static void progress(struct client *c, enum event_kind kind,
                     const tinet_http_progress *p)
{
  napi_env env = c->addon->env;
  napi_handle_scope scope;
  napi_value argv[5];

  if (napi_open_handle_scope(env, &scope) != napi_ok)
    return;
  argv[0] = make_int(env, (int32_t)kind);
  argv[1] = make_number(env, p->progress);
  argv[2] = make_number(env, (double)p->total_count);
  argv[3] = make_number(env, (double)p->total_size);
  argv[4] = make_number(env, (double)p->size);
  dispatch(c, 5, argv);
  (void)napi_close_handle_scope(env, scope);
}

static void on_datastream(tinet_http_client *http, const tinet_http_progress *p,
                          void *user)
{
  struct client *c = user;

  (void)http;
  if (c->interest & ON_DATASTREAM)
    progress(c, EVENT_DATASTREAM, p);
}

static void on_sendstream(tinet_http_client *http, const tinet_http_progress *p,
                          void *user)
{
  struct client *c = user;

  (void)http;
  if (c->interest & ON_SENDSTREAM)
    progress(c, EVENT_SENDSTREAM, p);
}

static void on_redirect(tinet_http_client *http, const char *url, void *user)
{
  struct client *c = user;
  napi_env env = c->addon->env;
  napi_handle_scope scope;
  napi_value argv[2];

  (void)http;
  if (!(c->interest & ON_REDIRECT) ||
      napi_open_handle_scope(env, &scope) != napi_ok)
    return;
  argv[0] = make_int(env, EVENT_REDIRECT);
  argv[1] = make_text(env, url);
  dispatch(c, 2, argv);
  (void)napi_close_handle_scope(env, scope);
}

/* ti: HTTPClient.onload - -1001 for every timeout, Apple's code for a denial by
 * App Transport Security, the errno if a system call failed, the HTTP status,
 * otherwise -1. */
static int32_t code_of(const tinet_error *err)
{
  if (err->code == TINET_ETIMEDOUT)
    return -1001;
  if (err->code == TINET_EPOLICY)
    return (int32_t)err->number;
  if (err->number != 0 &&
      (err->origin == TINET_ORIGIN_SYSTEM || err->origin == TINET_ORIGIN_HTTP))
    return (int32_t)err->number;
  return -1;
}

static void on_done(tinet_http_client *http, const tinet_error *err, void *user)
{
  struct client *c = user;
  napi_env env = c->addon->env;
  napi_handle_scope scope;
  napi_value argv[4], self;
  napi_async_context context;
  size_t argc = 1;

  (void)http;
  if (napi_open_handle_scope(env, &scope) != napi_ok)
    return;
  argv[0] = make_int(env, EVENT_DONE);
  if (err) {
    argv[1] = make_int(env, code_of(err));
    argv[2] = make_text(env, err->text);
    argv[3] = make_text(env, tinet_error_name(err->code));
    argc = 4;
  }
  /* The scope keeps the object and `context` the context: the handler may run
   * it anew, which pins it and makes another. */
  context = c->async;
  c->async = NULL;
  if (napi_get_reference_value(env, c->self, &self) == napi_ok && self) {
    settle_pin(c);
    call_js(c->addon, context, self, c->addon->dispatch, argc, argv);
  }
  if (context)
    (void)napi_async_destroy(env, context);
  (void)napi_close_handle_scope(env, scope);
}

const tinet_http_events client_events = {
    .on_readystate = on_readystate,
    .on_datastream = on_datastream,
    .on_sendstream = on_sendstream,
    .on_redirect = on_redirect,
    .on_done = on_done,
};

void on_warning(void *user, const char *text)
{
  struct addon *a = user;
  napi_handle_scope scope;
  napi_value argv[1], global;

  if (napi_open_handle_scope(a->env, &scope) != napi_ok)
    return;
  argv[0] = make_text(a->env, text);
  if (napi_get_global(a->env, &global) == napi_ok)
    call_js(a, NULL, global, a->warn, 1, argv);
  (void)napi_close_handle_scope(a->env, scope);
}
