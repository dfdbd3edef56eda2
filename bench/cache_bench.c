/* cache_bench.c - one GET after the other, out of the cache or not.
 *
 * `--out` names the cache: a folder, or "memory"; without it there is none.
 */
#include "measure.h"

#include <tinet/cache.h>
#include <tinet/http.h>

static struct job job;
static tinet_loop *loop;
static tinet_http_client *client;
static unsigned n_started, n_done, n_failed;
static uint64_t n_bytes;
static struct measure m;

static int start(void)
{
  tinet_http_settings settings;
  int err;

  if (n_started == 1) { /* the first has filled the cache */
    n_done = 0;
    n_bytes = 0;
    measure_start(&m);
  }
  tinet_http_settings_init(&settings);
  settings.uses_cache = job.out != NULL;
  err = tinet_http_client_open(client, "GET", job.url);
  if (err == 0)
    err = tinet_http_client_send(client, &settings, NULL);
  if (err == 0)
    n_started++;
  return err;
}

static int on_data(tinet_http_client *c, const void *data, size_t len,
                   void *user)
{
  (void)c;
  (void)data;
  (void)user;
  n_bytes += len;
  return 0;
}

static void on_done(tinet_http_client *c, const tinet_error *error, void *user)
{
  (void)user;
  n_done++;
  if (error != NULL ||
      (n_started > 1 && job.out != NULL &&
       tinet_http_client_cache_state(c) != TINET_HTTP_CACHE_HIT))
    n_failed++;
  if (n_started <= job.n_requests && start() < 0)
    tinet_loop_stop(loop);
}

static int run(tinet_http *http)
{
  tinet_http_events events = {.on_done = on_done, .on_data = on_data};
  int err = tinet_http_client_new(http, &events, NULL, &client);

  if (err == 0)
    err = start();
  if (err == 0)
    err = tinet_loop_run(loop);
  measure_print(&m, n_done, n_failed, n_bytes);
  tinet_http_client_free(client);
  return err;
}

static int open_cache(tinet_cache **ret_cache)
{
  tinet_cache_options opt;

  if (job.out == NULL)
    return 0;
  tinet_cache_options_init(&opt);
  opt.path = strcmp(job.out, "memory") != 0 ? job.out : NULL;
  opt.max_bytes = 1ULL << 31;
  return tinet_cache_open(&opt, ret_cache, NULL);
}

int main(int argc, char **argv)
{
  tinet_http_options options;
  tinet_http *http = NULL;
  int err;

  if (!job_parse(&job, argc, argv))
    return 2;
  tinet_http_options_init(&options);
  err = open_cache(&options.cache);
  if (err == 0)
    err = tinet_loop_open(&loop);
  if (err == 0)
    err = tinet_http_open(loop, &options, &http);
  if (err == 0)
    err = run(http);
  if (err < 0)
    (void)fprintf(stderr, "%s\n", tinet_error_name(err));
  tinet_http_close(http);
  tinet_cache_unref(options.cache);
  if (loop != NULL && tinet_loop_close(loop) < 0)
    err = TINET_EBUSY;
  return err < 0 || n_failed > 0;
}
