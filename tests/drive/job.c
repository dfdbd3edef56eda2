/* job.c - a client and what it reports. */
#include "drive.h"

static void add_event(struct job *job, const char *text)
{
  if (job->events_out == NULL)
    return;
  if (job->n_events++ > 0)
    fputc(',', job->events_out);
  json_text(job->events_out, text);
}

static int act(struct job *job, const char *moment)
{
  int err = 0;

  if (job->moment == NULL || strcmp(job->moment, moment) != 0)
    return 0;
  enum action action = job->action;

  job->action = ACTION_NONE;
  free(job->moment);
  job->moment = NULL;
  if (action == ACTION_ABORT) {
    tinet_http_client_abort(job->client);
  } else if (action == ACTION_FREE) {
    tinet_http_client_free(job->client);
    job->client = NULL;
  } else if (action == ACTION_AGAIN) {
    err = tinet_http_client_send_again(job->client, &job->settings);
    if (err < 0)
      report_call("again", err);
  }
  return err;
}

static void on_readystate(tinet_http_client *c, tinet_http_state state,
                          void *user)
{
  char text[32];

  (void)c;
  snprintf(text, sizeof(text), "state %d", (int)state);
  add_event(user, text);
  act(user, text);
}

static void on_datastream(tinet_http_client *c, const tinet_http_progress *p,
                          void *user)
{
  struct job *job = user;

  (void)c;
  if (job->n_datas++ == 0)
    add_event(job, "data");
  job->data_sum += (int64_t)p->size;
  job->last_data = *p;
  act(job, "data");
}

static void on_sendstream(tinet_http_client *c, const tinet_http_progress *p,
                          void *user)
{
  struct job *job = user;

  (void)c;
  if (job->n_sends++ == 0)
    add_event(job, "send");
  job->sent_sum += (int64_t)p->size;
  job->last_send = *p;
  act(job, "send");
}

static void on_redirect(tinet_http_client *c, const char *url, void *user)
{
  struct job *job = user;
  char text[2048];

  (void)c;
  snprintf(text, sizeof(text), "redirect %s", url);
  add_event(job, text);
  act(job, "redirect");
}

static int on_data(tinet_http_client *c, const void *data, size_t len,
                   void *user)
{
  struct job *job = user;

  (void)c;
  job->streamed_len += len;
  job->streamed_crc = crc32_of(job->streamed_crc, data, len);
  if (job->moment && !strcmp(job->moment, "refuse"))
    return TINET_ECANCELED;
  return 0;
}

static void on_hop(tinet_http_client *c, const tinet_http_hop *hop, void *user)
{
  (void)c;
  report_hop(user, hop);
}

static void on_done(tinet_http_client *c, const tinet_error *error, void *user)
{
  struct job *job = user;

  (void)c;
  add_event(job, error ? "error" : "load");
  report_outcome(job, error ? "error" : "load");
  act(job, "done");
}

void job_begin(struct job *job)
{
  if (job->events_out != NULL)
    fclose(job->events_out);
  if (job->hops_out != NULL)
    fclose(job->hops_out);
  free(job->events);
  free(job->hops);
  job->events_out = open_memstream(&job->events, &job->events_len);
  job->hops_out = open_memstream(&job->hops, &job->hops_len);
  job->n_events = job->n_hops = job->n_sends = job->n_datas = 0;
  job->sent_sum = job->data_sum = 0;
  memset(&job->last_send, 0, sizeof(job->last_send));
  memset(&job->last_data, 0, sizeof(job->last_data));
  job->streamed_len = 0;
  job->streamed_crc = 0;
}

static struct job *job_new(struct drive *drive, const char *name)
{
  struct job *job = calloc(1, sizeof(*job));

  if (job == NULL)
    return NULL;
  job->drive = drive;
  job->name = strdup(name);
  job->is_streaming = !strncmp(name, "stream", 6);
  job->next = drive->jobs;
  drive->jobs = job;
  return job;
}

static int open_client(struct job *job)
{
  tinet_http_events events = {
      .on_readystate = on_readystate,
      .on_datastream = on_datastream,
      .on_sendstream = on_sendstream,
      .on_redirect = on_redirect,
      .on_data = job->is_streaming ? on_data : NULL,
      .on_hop = on_hop,
      .on_done = on_done,
  };
  struct drive *drive = job->drive;
  int err = 0;

  if (drive->http == NULL)
    err = tinet_http_open(drive->loop, &drive->options, &drive->http);
  if (err == 0)
    err = tinet_http_client_new(drive->http, &events, job, &job->client);
  return err;
}

struct job *job_select(struct drive *drive, const char *name)
{
  struct job *job = drive->jobs;

  while (job != NULL && strcmp(job->name, name) != 0)
    job = job->next;
  if (job == NULL)
    job = job_new(drive, name);
  if (job == NULL)
    return NULL;
  int err = job->client ? 0 : open_client(job);

  if (err < 0) {
    report_call("client", err);
    return NULL;
  }
  while (job->n_strings > 0)
    free(job->strings[--job->n_strings]);
  tinet_http_settings_init(&job->settings);
  job->wants_text = false;
  return job;
}

void job_free(struct job *job)
{
  tinet_http_client_free(job->client);
  tinet_http_body_free(job->body);
  tinet_http_form_free(job->form);
  if (job->events_out != NULL)
    fclose(job->events_out);
  if (job->hops_out != NULL)
    fclose(job->hops_out);
  free(job->events);
  free(job->hops);
  free(job->moment);
  while (job->n_strings > 0)
    free(job->strings[--job->n_strings]);
  free(job->name);
  free(job);
}
