/* loader.c - the first stage of the addon: finds the second and opens it apart.
 *
 * Node exports its own OpenSSL, nghttp2 and zlib.  A library that the addon
 * links to would bind to those, whatever it was built against.  So this small
 * addon, which needs nothing, opens the real one with RTLD_DEEPBIND: its
 * symbols are looked up among its own libraries first.  A sanitizer's runtime
 * refuses that flag; a build with one, and TINET_PLAIN_LOAD=1, go without it.
 */
#include <dlfcn.h>
#include <node_api.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef napi_value (*init_fn)(napi_env env, napi_value exports);

static const char own_symbol;

/* "<folder of this file>/tinet.node"; 0 if it does not fit. */
static int second_stage(char *to, size_t size)
{
  Dl_info info;
  const char *slash;

  if (!dladdr(&own_symbol, &info) || !info.dli_fname)
    return 0;
  slash = strrchr(info.dli_fname, '/');
  return snprintf(to, size, "%.*stinet.node",
                  slash ? (int)(slash - info.dli_fname + 1) : 0,
                  info.dli_fname) < (int)size;
}

#if defined(__SANITIZE_ADDRESS__)
#define IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define IS_SANITIZED 1
#endif
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED 0
#endif

static int flags(void)
{
  const char *plain = IS_SANITIZED ? "1" : getenv("TINET_PLAIN_LOAD");

  if (plain && strcmp(plain, "1") == 0)
    return RTLD_NOW | RTLD_LOCAL;
  return RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND;
}

static napi_value fail(napi_env env, const char *what, const char *why)
{
  char text[8192];

  (void)snprintf(text, sizeof text, "tinet: %s: %s", what, why);
  (void)napi_throw_error(env, "ERR_TINET_LOAD", text);
  return NULL;
}

NAPI_MODULE_INIT()
{
  char path[4096];
  void *library;
  init_fn init;

  if (!second_stage(path, sizeof path))
    return fail(env, "loader.node", "its folder is not known");
  /* Never closed: callbacks into it may outlive this environment. */
  library = dlopen(path, flags());
  if (!library)
    return fail(env, path, dlerror());
  init = (init_fn)(void *)dlsym(library, "tinet_addon_init");
  if (!init)
    return fail(env, path, "it has no tinet_addon_init");
  return init(env, exports);
}
