/* http.c - what the clients of one application share. */
#include "cache_transport.h"
#include "http_private.h"

#include "../core/alloc.h"
#include "../core/error.h"
#include "../core/str.h"

#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#define MAX_WARNED_HOSTS 256 /* beyond that there are no more warnings */

TINET_DEFINE_CLEANUP(tinet_http, tinet_http_close)

void tinet_http_options_init(tinet_http_options *opt)
{
  memset(opt, 0, sizeof *opt);
  opt->struct_size = sizeof *opt;
  opt->max_connections_per_origin = 6;
  opt->max_connections = 256;
  opt->max_idle_connections = 64;
  opt->idle_timeout_ms = 60000;
  opt->max_redirects = 20;
  opt->max_header_bytes = 256 * 1024;
  opt->spill_threshold = 512 * 1024;
  opt->max_decoded_bytes = 16ULL * 1024 * 1024 * 1024;
  opt->max_decoded_ratio = 1000;
}

static const char *env_either(const char *lower, const char *upper)
{
  const char *value = getenv(lower);

  if (!value || !*value)
    value = upper ? getenv(upper) : NULL;
  return value && *value ? value : NULL;
}

void tinet_http_options_from_env(tinet_http_options *opt)
{
  const char *all = env_either("all_proxy", "ALL_PROXY");

  /* ti: HTTPClient (proxies) - HTTP_PROXY can be set by a web server's request
   * header. */
  opt->http_proxy = env_either("http_proxy", NULL);
  opt->https_proxy = env_either("https_proxy", "HTTPS_PROXY");
  opt->no_proxy = env_either("no_proxy", "NO_PROXY");
  if (!opt->http_proxy)
    opt->http_proxy = all;
  if (!opt->https_proxy)
    opt->https_proxy = all;
}

/* ti: Titanium.App.guid - the last part of the user agent, "en_US" form. */
static void locale_name(char *to, size_t size)
{
  static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
  const char *value = NULL;
  size_t len = 0;

  for (size_t i = 0; i < sizeof names / sizeof *names && !value; i++)
    value = env_either(names[i], NULL);
  if (value)
    while (len < 16 && (tinet__is_alpha(value[len]) || value[len] == '_'))
      len++;
  if (len < 2 || strncmp(value, "POSIX", 5) == 0) /* "C", "C.UTF-8" */
    (void)snprintf(to, size, "en_US");
  else
    (void)snprintf(to, size, "%.*s", (int)len, value);
}

/* ti: HTTPClient.setRequestHeader */
static char *make_default_agent(void)
{
  struct tinet__buf b = TINET__BUF_INIT;
  struct utsname uts;
  char locale[24];

  locale_name(locale, sizeof locale);
  if (uname(&uts) != 0)
    (void)snprintf(uts.machine, sizeof uts.machine, "unknown");
  if (tinet__buf_addf(&b, "Titanium/%s (Linux; %s; %s;) tinet/%s",
                      TINET_TITANIUM_VERSION, uts.machine, locale,
                      TINET_VERSION) < 0) {
    tinet__buf_free(&b);
    return NULL;
  }
  return tinet__buf_take(&b, NULL);
}

const char *tinet__http_agent(const tinet_http *http)
{
  return http->agent ? http->agent : http->default_agent;
}

static int add_default(struct tinet__headers *h, const char *name,
                       const char *value)
{
  return tinet__headers_add(h, name, strlen(name), value, strlen(value));
}

static int build_defaults(tinet_http *http)
{
  static const char *const fixed[][2] = {
      {"Accept", "*/*"},
      {"Accept-Encoding", TINET__ACCEPT_ENCODING},
      {"X-Requested-With",
       "XMLHttpRequest"},            /* ti: HTTPClient.setRequestHeader */
      {"Cache-Control", "no-cache"}, /* ti: HTTPClient.cache, cache: false */
      {"Pragma", "no-cache"},
  };
  struct tinet__headers *h = &http->defaults;
  const char *agent = tinet__http_agent(http);
  int err = TINET_OK;

  tinet__headers_reset(h);
  if (*agent)
    err = add_default(h, "User-Agent", agent);
  for (size_t i = 0; err == TINET_OK && i < sizeof fixed / sizeof *fixed; i++)
    err = add_default(h, fixed[i][0], fixed[i][1]);
  if (err == TINET_OK && http->opt.app_guid)
    err = add_default(h, "X-Titanium-Id", http->opt.app_guid);
  return err;
}

static bool is_value(const char *s)
{
  return !s || tinet__header_value_is_ok(s, strlen(s));
}

static int copy_string(const char **field)
{
  if (!*field)
    return TINET_OK;
  *field = tinet__strdup(*field);
  return *field ? TINET_OK : TINET_ENOMEM;
}

/* Libcurl's tool and OpenSSL read these; so do we when nothing else is said. */
static void default_trust(tinet_http_options *opt)
{
  if (opt->ca_file || opt->ca_path)
    return;
  opt->ca_file = secure_getenv("SSL_CERT_FILE");
  opt->ca_path = secure_getenv("SSL_CERT_DIR");
}

/* The strings of `opt` become http's, or NULL where copying failed. */
static int copy_options(tinet_http *http, const tinet_http_options *opt)
{
  const char **strings[] = {&http->opt.app_guid, &http->opt.ca_file,
                            &http->opt.ca_path};
  int err = TINET_OK;

  http->opt = *opt;
  http->opt.user_agent = http->opt.http_proxy = NULL;
  http->opt.https_proxy = http->opt.no_proxy = NULL;
  http->opt.ats = tinet_ats_policy_ref(opt->ats);
  http->opt.cookies = opt->cookies ? tinet_cookie_jar_ref(opt->cookies) : NULL;
  default_trust(&http->opt);
  for (size_t i = 0; i < sizeof strings / sizeof *strings; i++) {
    if (err < 0)
      *strings[i] = NULL;
    else
      err = copy_string(strings[i]);
  }
  return err;
}

int tinet__lane_open(struct tinet__lane *lane, tinet_http *http,
                     tinet_loop *loop)
{
  const tinet_http_options *opt = &http->opt;
  struct tinet__transport_config config = {
      .ca_file = opt->ca_file,
      .ca_path = opt->ca_path,
      .max_connections = opt->max_connections,
      .max_idle_connections = opt->max_idle_connections,
      .idle_timeout_ms = opt->idle_timeout_ms,
      .logs_keys = opt->logs_tls_keys,
  };
  int err;

  lane->http = http;
  lane->loop = loop;
  lane->timer_at_ms = UINT64_MAX;
  tinet__list_init(&lane->running);
  tinet__queue_init(&lane->queue, opt->max_connections_per_origin,
                    opt->max_connections, tinet__client_admitted);
  err = tinet__timer_open(loop, tinet__lane_on_timer, lane, &lane->timer);
  if (err < 0)
    return err;
  err = tinet__pool_open(loop, &config, &lane->transport);
  if (err < 0 || !opt->cache)
    return err;
  /* On failure the pool is still the lane's, and closed with it. */
  return tinet__cache_transport_open(loop, &config, opt->cache, opt->cookies,
                                     lane->transport, &lane->transport);
}

void tinet__lane_close(struct tinet__lane *lane)
{
  if (!lane->http)
    return; /* never opened */
  if (lane->transport)
    lane->transport->ops->close(lane->transport);
  tinet__timer_close(lane->timer);
  tinet__queue_free(&lane->queue);
  lane->transport = NULL;
  lane->timer = NULL;
}

static int check_options(const tinet_http_options *opt)
{
  if (opt->struct_size != sizeof *opt || !is_value(opt->user_agent) ||
      !is_value(opt->app_guid) || opt->max_connections_per_origin == 0 ||
      opt->max_connections == 0)
    return TINET_EINVAL;
  return TINET_OK;
}

static int init(tinet_http *http, tinet_loop *loop,
                const tinet_http_options *opt)
{
  int err = copy_options(http, opt);

  http->loop = loop;
  tinet__list_init(&http->clients);
  tinet__auth_memory_init(&http->auth);
  if (err < 0)
    return err;
  http->default_agent = make_default_agent();
  if (!http->default_agent)
    return TINET_ENOMEM;
  err = tinet__proxies_init(&http->proxies, opt->http_proxy, opt->https_proxy,
                            opt->no_proxy, NULL);
  if (err < 0)
    return err;
  err = tinet_http_set_user_agent(http, opt->user_agent);
  if (err < 0)
    return err;
  return tinet__lane_open(&http->lane, http, loop);
}

int tinet_http_open(tinet_loop *loop, const tinet_http_options *opt,
                    tinet_http **ret_http)
{
  TINET_CLEANUP(tinet_http_closep) tinet_http *http = NULL;
  tinet_http_options defaults;
  int err;

  if (!loop || !ret_http)
    return TINET_EINVAL;
  if (!opt) {
    tinet_http_options_init(&defaults);
    tinet_http_options_from_env(&defaults);
    opt = &defaults;
  }
  err = check_options(opt);
  if (err < 0)
    return err;
  http = tinet__zalloc(sizeof *http);
  if (!http)
    return TINET_ENOMEM;
  err = init(http, loop, opt);
  if (err < 0)
    return err;
  *ret_http = TINET_TAKE(http);
  return TINET_OK;
}

static void close_sync_lane(tinet_http *http)
{
  struct tinet__lane *lane = http->sync_lane;
  tinet_loop *loop;

  if (!lane)
    return;
  loop = lane->loop;
  tinet__lane_close(lane);
  (void)tinet_loop_close(loop); /* everything on it was closed above */
  tinet__free(lane);
}

void tinet_http_close(tinet_http *http)
{
  if (!http)
    return;
  while (!tinet__list_is_empty(&http->clients)) {
    tinet_http_client *c =
        TINET__CONTAINER(http->clients.next, tinet_http_client, link);

    c->generation++;
    tinet__client_stop(c);
    tinet__list_remove(&c->link);
    c->http = NULL;
  }
  tinet__defer_cancel(http->loop, &http->telling);
  tinet__lane_close(&http->lane);
  close_sync_lane(http);
  tinet__proxies_free(&http->proxies);
  tinet__headers_free(&http->defaults);
  tinet__headers_free(&http->warned);
  tinet__auth_memory_free(&http->auth);
  tinet_cookie_jar_unref(http->opt.cookies);
  tinet_ats_policy_unref(http->opt.ats);
  tinet__free((void *)(uintptr_t)http->opt.app_guid);
  tinet__free((void *)(uintptr_t)http->opt.ca_file);
  tinet__free((void *)(uintptr_t)http->opt.ca_path);
  tinet__free(http->default_agent);
  tinet__free(http->agent);
  tinet__free(http);
}

void tinet_http_set_ats(tinet_http *http, tinet_ats_policy *policy)
{
  tinet_ats_policy *old;

  if (!http)
    return;
  old = http->opt.ats;
  http->opt.ats = tinet_ats_policy_ref(policy);
  http->passed.host[0] = '\0';
  tinet_ats_policy_unref(old);
}

int tinet_http_set_user_agent(tinet_http *http, const char *user_agent)
{
  char *old, *copy = NULL;
  int err;

  if (!http || !is_value(user_agent))
    return TINET_EINVAL;
  if (user_agent) {
    copy = tinet__strdup(user_agent);
    if (!copy)
      return TINET_ENOMEM;
  }
  old = http->agent;
  http->agent = copy;
  err = build_defaults(http);
  if (err < 0) {
    http->agent = old;
    tinet__free(copy);
    (void)build_defaults(http); /* the memory for it is there already */
    return err;
  }
  tinet__free(old);
  return TINET_OK;
}

const char *tinet_http_user_agent(const tinet_http *http)
{
  return http ? tinet__http_agent(http) : "";
}

void tinet__http_warn(tinet_http *http, const char *fmt, ...)
{
  char text[512];
  va_list args;

  if (!http || !http->opt.on_warning)
    return;
  va_start(args, fmt);
  (void)vsnprintf(text, sizeof text, fmt, args);
  va_end(args);
  http->opt.on_warning(http->opt.warning_user, text);
}

/* One at a time, because the callback may do anything. */
static void tell(void *arg)
{
  tinet_http *http = arg;
  size_t i = http->n_told++;

  if (http->n_told < http->warned.n_fields)
    tinet__defer(http->loop, &http->telling, tell, http);
  tinet__http_warn(http, "%s: %s", tinet__headers_name(&http->warned, i),
                   tinet__headers_value(&http->warned, i));
}

void tinet__http_tell(tinet_http *http)
{
  if (http->n_told == http->warned.n_fields)
    return;
  tinet__defer_cancel(http->loop, &http->telling);
  tell(http);
}

void tinet__http_warn_once(tinet_http *http, const char *host, const char *why)
{
  for (size_t i = 0; i < http->warned.n_fields; i++)
    if (strcmp(tinet__headers_name(&http->warned, i), host) == 0 &&
        strcmp(tinet__headers_value(&http->warned, i), why) == 0)
      return;
  if (http->warned.n_fields >= MAX_WARNED_HOSTS ||
      tinet__headers_add(&http->warned, host, strlen(host), why, strlen(why)) <
          0)
    return; /* no room for the note: say nothing rather than repeat it */
  tinet__defer(http->loop, &http->telling, tell, http);
}
