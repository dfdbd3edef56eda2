/* main.c - the driver: lines of commands in, lines of JSON out. */
#include <dirent.h>
#include <stddef.h>

#include "drive.h"

enum kind { STRING, FLAG, NUMBER32, NUMBER64, SIZE };

struct option {
  const char *name;
  enum kind kind;
  size_t offset;
};

#define OPTION(kind, field)                                                    \
  {                                                                            \
#field, kind, offsetof(tinet_http_options, field)                          \
  }

static const struct option options[] = {
    OPTION(STRING, user_agent),
    OPTION(STRING, app_guid),
    OPTION(STRING, ca_file),
    OPTION(STRING, ca_path),
    OPTION(STRING, http_proxy),
    OPTION(STRING, https_proxy),
    OPTION(STRING, no_proxy),
    OPTION(NUMBER32, max_connections_per_origin),
    OPTION(NUMBER32, max_connections),
    OPTION(NUMBER32, max_idle_connections),
    OPTION(NUMBER32, idle_timeout_ms),
    OPTION(NUMBER32, max_redirects),
    OPTION(SIZE, max_header_bytes),
    OPTION(SIZE, spill_threshold),
    OPTION(NUMBER64, max_decoded_bytes),
    OPTION(NUMBER32, max_decoded_ratio),
    OPTION(FLAG, logs_tls_keys),
};

static unsigned count_fds(void)
{
  DIR *dir = opendir("/proc/self/fd");
  unsigned n = 0;

  if (dir == NULL)
    return 0;
  while (readdir(dir) != NULL)
    n++;
  closedir(dir);
  return n - 3; /* ".", ".." and the folder itself */
}

static bool set_option(struct drive *drive, const char *name, const char *value)
{
  for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
    char *field = (char *)&drive->options + options[i].offset;
    uint64_t number = strtoull(value, NULL, 10);

    if (strcmp(options[i].name, name) != 0)
      continue;
    if (options[i].kind == STRING) {
      char *copy = strdup(value);

      if (drive->n_option_strings == 16)
        return false;
      drive->option_strings[drive->n_option_strings++] = copy;
      memcpy(field, &copy, sizeof(copy));
    } else if (options[i].kind == FLAG) {
      *(bool *)(void *)field = number != 0;
    } else if (options[i].kind == NUMBER32) {
      uint32_t small = (uint32_t)number;

      memcpy(field, &small, sizeof(small));
    } else {
      memcpy(field, &number, sizeof(number));
    }
    return true;
  }
  return false;
}

static char *keep(struct job *job, const char *value)
{
  if (job->n_strings == 8)
    return NULL;
  return job->strings[job->n_strings++] = strdup(value);
}

/* "memory", or a path. */
static bool open_cookies(struct drive *drive, const char *path)
{
  tinet_cookie_jar_options opt;
  tinet_error err;

  tinet_cookie_jar_options_init(&opt);
  opt.path = strcmp(path, "memory") ? path : NULL;
  return tinet_cookie_jar_open(&opt, &drive->options.cookies, &err) == 0;
}

static bool set_setting(struct job *job, const char *name, const char *value)
{
  tinet_http_settings *s = &job->settings;
  int64_t number = strtoll(value, NULL, 10);

  if (!strcmp(name, "timeout_ms"))
    s->timeout_ms = number;
  else if (!strcmp(name, "timeout_for_resource_ms"))
    s->timeout_for_resource_ms = number;
  else if (!strcmp(name, "is_auto_redirect"))
    s->is_auto_redirect = number != 0;
  else if (!strcmp(name, "is_auto_encode_url"))
    s->is_auto_encode_url = number != 0;
  else if (!strcmp(name, "validates_certificate"))
    s->validates_certificate = number != 0;
  else if (!strcmp(name, "waits_for_connectivity"))
    s->waits_for_connectivity = number != 0;
  else if (!strcmp(name, "closes_connection"))
    s->closes_connection = number != 0;
  else if (!strcmp(name, "is_http1_only"))
    s->is_http1_only = number != 0;
  else if (!strcmp(name, "wants_text"))
    job->wants_text = number != 0;
  else if (!strcmp(name, "save"))
    s->file = keep(job, value);
  else if (!strcmp(name, "username"))
    s->username = keep(job, value);
  else if (!strcmp(name, "password"))
    s->password = keep(job, value);
  else if (!strcmp(name, "domain"))
    s->domain = keep(job, value);
  else if (!strcmp(name, "tls_version"))
    s->tls_version = (tinet_tls_version)number;
  else if (!strcmp(name, "uses_cache"))
    s->uses_cache = number != 0;
  else if (!strcmp(name, "trust"))
    s->trust = trust_find(job->drive, value);
  else
    return false;
  return true;
}

static void set_moment(struct job *job, const char *action, const char *moment)
{
  free(job->moment);
  job->moment = strdup(moment);
  job->action = !strcmp(action, "abort")   ? ACTION_ABORT
                : !strcmp(action, "free")  ? ACTION_FREE
                : !strcmp(action, "again") ? ACTION_AGAIN
                                           : ACTION_NONE;
}

static int send_command(struct job *job, const char *word)
{
  tinet_http_body *body = NULL;
  int err;

  if (!tinet_http_client_is_running(job->client) &&
      tinet_http_client_state(job->client) == TINET_HTTP_DONE)
    job_begin(job);
  if (!strcmp(word, "again"))
    return tinet_http_client_send_again(job->client, &job->settings);
  err = body_take(job, &body);
  if (err < 0)
    return err;
  if (!strcmp(word, "sync"))
    err = tinet_http_client_send_sync(job->client, &job->settings, body, false);
  else
    err = tinet_http_client_send(job->client, &job->settings, body);
  if (err < 0)
    tinet_http_body_free(body);
  return err;
}

static int open_command(struct job *job, const char *method, const char *url)
{
  if (!tinet_http_client_is_running(job->client))
    job_begin(job);
  return tinet_http_client_open(job->client, method, url);
}

/* Commands for the selected client.  Returns whether there is such a one. */
static bool client_command(struct job *job, char **word, unsigned n)
{
  const char *verb = word[0];
  int err = 0;

  if (body_command(job, word, n))
    return true;
  if (!strcmp(verb, "open") && n == 3)
    err = open_command(job, word[1], word[2]);
  else if (!strcmp(verb, "header") && n == 3)
    err = tinet_http_client_set_header(job->client, word[1], word[2]);
  else if (!strcmp(verb, "unheader") && n == 2)
    err = tinet_http_client_set_header(job->client, word[1], NULL);
  else if (!strcmp(verb, "set") && n == 3)
    return set_setting(job, word[1], word[2]);
  else if (!strcmp(verb, "when") && n == 3)
    set_moment(job, word[2], word[1]);
  else if (!strcmp(verb, "send") || !strcmp(verb, "sync") ||
           !strcmp(verb, "again"))
    err = send_command(job, verb);
  else if (!strcmp(verb, "abort"))
    tinet_http_client_abort(job->client);
  else if (!strcmp(verb, "show"))
    report_outcome(job, "shown");
  else
    return false;
  if (err < 0)
    report_call(verb, err);
  return true;
}

static void free_command(struct drive *drive)
{
  struct job **at = &drive->jobs;

  while (*at != NULL && *at != drive->job)
    at = &(*at)->next;
  if (*at == NULL)
    return;
  *at = drive->job->next;
  job_free(drive->job);
  drive->job = NULL;
}

static bool command(struct drive *drive, char **word, unsigned n)
{
  if (!strcmp(word[0], "option") && n == 3)
    return set_option(drive, word[1], word[2]);
  if (!strcmp(word[0], "cookies") && n == 2)
    return open_cookies(drive, word[1]);
  if (!strncmp(word[0], "cache", 5))
    return cache_command(drive, word, n);
  if (!strcmp(word[0], "trust")) {
    tinet_error error = {0};
    int err = trust_command(drive, word, n, &error);

    if (err < 0)
      report_call_text("trust", err, error.text);
    return true;
  }
  if (!strcmp(word[0], "ats")) {
    int err = ats_command(drive, word, n);

    if (err < 0)
      report_call("ats", err);
    return true;
  }
  if (!strcmp(word[0], "options-from-env")) {
    tinet_http_options_from_env(&drive->options);
    return true;
  }
  if (!strcmp(word[0], "client") && n == 2) {
    drive->job = job_select(drive, word[1]);
    return true;
  }
  if (!strcmp(word[0], "run")) {
    int err = tinet_loop_run(drive->loop);

    printf("{\"ran\":%d,\"fds\":%u}\n", err, count_fds());
    return true;
  }
  if (drive->job == NULL || drive->job->client == NULL)
    return false;
  if (!strcmp(word[0], "free")) {
    free_command(drive);
    return true;
  }
  return client_command(drive->job, word, n);
}

static int hex(char c)
{
  const char *digits = "0123456789abcdef", *at = strchr(digits, c);

  return c != '\0' && at != NULL ? (int)(at - digits) : -1;
}

/* Undoes the percent coding of a word in place. */
static void decode_word(char *word)
{
  char *to = word;

  for (char *from = word; *from != '\0'; from++) {
    if (*from == '%' && hex(from[1]) >= 0 && hex(from[2]) >= 0) {
      *to++ = (char)(hex(from[1]) << 4 | hex(from[2]));
      from += 2;
    } else {
      *to++ = *from;
    }
  }
  *to = '\0';
}

static unsigned split(char *line, char **word)
{
  unsigned n = 0;

  for (char *next; n < MAX_WORDS && line != NULL; line = next) {
    next = strchr(line, ' ');
    if (next != NULL)
      *next++ = '\0';
    decode_word(line);
    word[n++] = line;
  }
  return n;
}

static void read_commands(struct drive *drive)
{
  char *line = NULL;
  size_t size = 0;
  ssize_t len;

  while ((len = getline(&line, &size, stdin)) > 0) {
    char *word[MAX_WORDS];

    if (line[len - 1] == '\n')
      line[len - 1] = '\0';
    if (line[0] == '\0' || line[0] == '#')
      continue;
    unsigned n = split(line, word);

    if (!strcmp(word[0], "end"))
      break;
    if (!command(drive, word, n))
      report_call(word[0], TINET_EINVAL);
    fflush(stdout);
  }
  free(line);
}

static void on_warning(void *user, const char *text)
{
  (void)user;
  fputs("{\"warning\":", stdout);
  json_text(stdout, text);
  fputs("}\n", stdout);
}

int main(void)
{
  struct drive drive = {0};
  int err = tinet_loop_open(&drive.loop);

  /* What the first loop of a process opens once and for all does not count. */
  if (err == 0)
    err = tinet_loop_close(drive.loop);
  unsigned n_fds = count_fds();

  if (err == 0)
    err = tinet_loop_open(&drive.loop);
  tinet_http_options_init(&drive.options);
  drive.options.on_warning = on_warning;
  if (err == 0)
    read_commands(&drive);
  while (drive.jobs != NULL) {
    drive.job = drive.jobs;
    free_command(&drive);
  }
  tinet_http_close(drive.http);
  tinet_cookie_jar_unref(drive.options.cookies);
  tinet_cache_unref(drive.options.cache);
  trust_free_all(&drive);
  err = tinet_loop_close(drive.loop);
  for (unsigned i = 0; i < drive.n_option_strings; i++)
    free(drive.option_strings[i]);
  printf("{\"end\":true,\"close\":%d,\"fds_before\":%u,\"fds_after\":%u}\n",
         err, n_fds, count_fds());
  return err == 0 ? 0 : 1;
}
