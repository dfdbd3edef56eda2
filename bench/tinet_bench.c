/* tinet_bench.c - the work of bare_curl.c through tinet's public C API. */
#include "measure.h"

#include <tinet/http.h>

struct slot {
  tinet_http_client *client;
  uint64_t upload_left;
};

static struct job job;
static tinet_loop *loop;
static unsigned n_started, n_done, n_failed;
static uint64_t n_bytes;
static char block[512 * 1024];

static int start(struct slot *s);

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
  (void)c;
  n_done++;
  if (error != NULL && n_failed++ == 0) {
    (void)fprintf(stderr, "%s: %s\n", tinet_error_name(error->code),
                  error->text);
  }
  if (n_started < job.n_requests && start(user) < 0)
    tinet_loop_stop(loop);
}

static int64_t on_read(void *user, void *data, size_t max)
{
  struct slot *s = user;
  size_t len = max < s->upload_left ? max : (size_t)s->upload_left;

  memcpy(data, block, len < sizeof(block) ? len : sizeof(block));
  s->upload_left -= len;
  n_bytes += len;
  return (int64_t)len;
}

static int make_body(struct slot *s, tinet_http_body **ret_body)
{
  tinet_http_reader reader = {.read = on_read, .user = s};

  s->upload_left = job.upload_len;
  return tinet_http_body_new_reader(&reader, (int64_t)job.upload_len,
                                    "application/octet-stream", ret_body);
}

static int start(struct slot *s)
{
  tinet_http_settings settings;
  tinet_http_body *body = NULL;
  int err;

  tinet_http_settings_init(&settings);
  settings.file = job.out;
  settings.closes_connection = job.is_closed;
  if (job.upload_len > 0 && (err = make_body(s, &body)) < 0)
    return err;
  err = tinet_http_client_open(s->client, body ? "PUT" : "GET", job.url);
  if (err == 0)
    err = tinet_http_client_send(s->client, &settings, body);
  if (err < 0)
    tinet_http_body_free(body);
  else
    n_started++;
  return err;
}

static int run(tinet_http *http, struct slot *slots)
{
  tinet_http_events events = {.on_done = on_done};
  struct measure m;
  int err = 0;

  if (job.out == NULL)
    events.on_data = on_data;
  measure_start(&m);
  for (unsigned i = 0; err == 0 && i < job.concurrency; i++) {
    err = tinet_http_client_new(http, &events, &slots[i], &slots[i].client);
    if (err == 0 && n_started < job.n_requests)
      err = start(&slots[i]);
  }
  if (err == 0)
    err = tinet_loop_run(loop);
  measure_print(&m, n_done, n_failed, n_bytes);
  for (unsigned i = 0; i < job.concurrency; i++)
    tinet_http_client_free(slots[i].client);
  return err;
}

/* An entry that says nothing: the host, though local, is judged in full. */
static int judge_host(tinet_http_options *options)
{
  static const char text[] =
      "<plist version=\"1.0\"><dict><key>NSAppTransportSecurity</key><dict>"
      "<key>NSExceptionDomains</key><dict><key>localhost</key><dict/>"
      "<key>127.0.0.1</key><dict/></dict></dict></dict></plist>";

  return tinet_ats_policy_parse(text, sizeof text - 1, "bench", NULL,
                                &options->ats, NULL);
}

int main(int argc, char **argv)
{
  tinet_http_options options;
  tinet_http *http = NULL;
  struct slot *slots;
  int err;

  if (!job_parse(&job, argc, argv))
    return 2;
  memset(block, 'u', sizeof(block));
  slots = calloc(job.concurrency, sizeof(*slots));
  tinet_http_options_init(&options);
  options.ca_file = job.ca_file;
  options.ca_path = job.ca_path;
  options.max_connections_per_origin = job.concurrency;
  options.max_idle_connections = job.concurrency + 8;
  err = slots ? tinet_loop_open(&loop) : TINET_ENOMEM;
  if (err == 0 && job.has_ats)
    err = judge_host(&options);
  if (err == 0)
    err = tinet_http_open(loop, &options, &http);
  if (err == 0)
    err = run(http, slots);
  if (err < 0)
    (void)fprintf(stderr, "%s\n", tinet_error_name(err));
  tinet_http_close(http);
  tinet_ats_policy_unref(options.ats);
  if (loop != NULL && tinet_loop_close(loop) < 0)
    err = TINET_EBUSY;
  free(slots);
  return err < 0 || n_failed > 0;
}
