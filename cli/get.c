/* get.c - `tinet get`: one request from the command line to the exit status.
 *
 * The request is sent once, or twice: when a partial file turns out to be of no
 * use (RESUME_AGAIN), the second asks for the whole.  The first look at a
 * response is taken with its first byte, or at its end if it has none.
 */
#include "get.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct get {
  struct get_options opt;
  struct get_target target;
  struct get_progress progress;
  struct get_har *har;       /* owned, or NULL */
  tinet_loop *loop;          /* owned */
  tinet_http *http;          /* owned */
  tinet_http_client *client; /* owned */
  struct get_signal *signal; /* owned */
  bool has_begun, is_again;
  enum get_resume how;
  uint64_t body_len; /* decoded bytes of this response */
  int status;        /* exit status; < 0 = not decided */
};

/* ---- the response ---- */

static char *header(struct get *g, const char *name)
{
  char *value = NULL;

  if (tinet_http_client_header(g->client, name, &value) < 0)
    return NULL;
  return value;
}

static int64_t body_total(struct get *g, uint64_t start)
{
  char *text = header(g, "Content-Length"), *end = text;
  char *coding = header(g, "Content-Encoding");
  unsigned long long n = text ? strtoull(text, &end, 10) : 0;
  bool is_known = text && end != text && !*end && !coding;

  tinet_free(text);
  tinet_free(coding);
  return is_known && n <= INT64_MAX - start ? (int64_t)(n + start) : -1;
}

static bool is_kept(const struct get *g)
{
  return g->how == RESUME_START || g->how == RESUME_APPEND;
}

static int begin(struct get *g)
{
  char *etag = header(g, "ETag"), *range = header(g, "Content-Range");
  char *coding = header(g, "Content-Encoding");
  struct get_response r = {tinet_http_client_status(g->client), etag, range,
                           coding};
  bool continues = get_target_can_continue(&g->target) && !g->is_again;
  int status;

  g->has_begun = true;
  g->how =
      get_resume_decide(&r, g->target.have, continues ? g->target.etag : NULL);
  /* Without a file an error's body is worth reading. */
  if (g->how == RESUME_KEEP && !g->target.path)
    g->how = RESUME_START;
  status = get_target_begin(&g->target, g->opt.url, &r, g->how);
  tinet_free(etag);
  tinet_free(range);
  tinet_free(coding);
  if (g->how == RESUME_AGAIN || status != CLI_OK)
    return status;
  if (g->opt.is_include) {
    get_print_head(g->client, stdout);
    (void)fflush(stdout);
  }
  if (is_kept(g) && r.status < 400)
    get_progress_begin(&g->progress, g->target.have,
                       body_total(g, g->target.have));
  return CLI_OK;
}

static int on_data(tinet_http_client *c, const void *data, size_t len,
                   void *user)
{
  struct get *g = user;

  (void)c;
  if (!g->has_begun)
    g->status = begin(g) == CLI_OK ? -1 : CLI_WRITE_ERROR;
  g->body_len += len;
  if (g->status < 0 && is_kept(g) &&
      get_target_write(&g->target, data, len) != CLI_OK)
    g->status = CLI_WRITE_ERROR;
  if (g->status >= 0 || g->how == RESUME_AGAIN)
    return TINET_ECANCELED;
  if (is_kept(g) && g->progress.rate_at > 0)
    get_progress_update(&g->progress,
                        g->target.path ? g->target.have : g->body_len);
  return TINET_OK;
}

static void on_hop(tinet_http_client *c, const tinet_http_hop *hop, void *user)
{
  struct get *g = user;

  (void)c;
  if (g->opt.verbosity > 0) {
    get_progress_clear(&g->progress);
    get_verbose_hop(hop, g->opt.verbosity, stderr);
  }
  if (g->har)
    get_har_hop(g->har, hop, hop->redirect_url ? -1 : (int64_t)g->body_len);
}

/* ---- the request ---- */

static int refused(const char *what, int err)
{
  cli_error("%s: %s", what, tinet_error_text(err));
  return cli_exit_status(err);
}

static int set_header(struct get *g, const char *name, const char *value)
{
  int err = tinet_http_client_set_header(g->client, name, value);

  return err < 0 ? refused(name, err) : CLI_OK;
}

static int set_given_headers(struct get *g)
{
  int status = CLI_OK;

  for (size_t i = 0; status == CLI_OK && i < g->opt.n_headers; i++) {
    const char *value;
    char *name;

    if (!get_header_split(g->opt.headers[i], &name, &value))
      continue;
    status = set_header(g, name, value);
    free(name);
  }
  return status;
}

/* A file that may have to be continued is asked for as it is: bytes of a coded
 * body cannot be counted from. */
static int set_file_headers(struct get *g)
{
  char range[64];
  int status = CLI_OK;

  if (!g->target.part)
    return CLI_OK;
  if (!get_has_header(&g->opt, "Accept-Encoding"))
    status = set_header(g, "Accept-Encoding", "identity");
  if (status != CLI_OK || g->is_again || !get_target_can_continue(&g->target))
    return status;
  (void)snprintf(range, sizeof range, "bytes=%llu-",
                 (unsigned long long)g->target.have);
  status = set_header(g, "Range", range);
  return status == CLI_OK ? set_header(g, "If-Range", g->target.etag) : status;
}

static int set_headers(struct get *g)
{
  int status = CLI_OK;

  if (g->opt.body_kind == GET_BODY_JSON && !get_has_header(&g->opt, "Accept"))
    status = set_header(g, "Accept", "application/json");
  if (status == CLI_OK)
    status = set_file_headers(g);
  return status == CLI_OK ? set_given_headers(g) : status;
}

static void fill_settings(const struct get *g, tinet_http_settings *s)
{
  tinet_http_settings_init(s);
  if (g->opt.timeout_ms >= 0)
    s->timeout_ms = g->opt.timeout_ms;
  if (g->opt.max_time_ms >= 0)
    s->timeout_for_resource_ms = g->opt.max_time_ms;
  s->is_auto_redirect = !g->opt.no_redirect;
  s->validates_certificate = !g->opt.is_insecure;
  s->is_http1_only = g->opt.is_http1_only;
}

/* 0 when the request is on its way, else an exit status. */
static int start(struct get *g)
{
  tinet_http_settings settings;
  tinet_http_body *body = NULL;
  int err, status;

  g->has_begun = false;
  g->body_len = 0;
  err = tinet_http_client_open(g->client, get_method(&g->opt), g->opt.url);
  if (err < 0)
    return refused(err == TINET_EMETHOD ? g->opt.method : g->opt.url, err);
  status = set_headers(g);
  if (status == CLI_OK)
    status = get_body_make(&g->opt, &body);
  if (status != CLI_OK)
    return status;
  fill_settings(g, &settings);
  err = tinet_http_client_send(g->client, &settings, body);
  if (err == 0)
    return CLI_OK;
  tinet_http_body_free(body);
  return refused("request", err);
}

/* ---- the outcome ---- */

static int failed(struct get *g, const tinet_error *error)
{
  const char *phrase = tinet_http_client_statustext(g->client);

  get_progress_end(&g->progress, false);
  if (error->code != TINET_EHTTPSTATUS)
    cli_error("%s", error->text);
  else if (!g->opt.is_quiet)
    cli_error("HTTP %d %s", tinet_http_client_status(g->client),
              phrase ? phrase : "");
  return cli_exit_status(error->code);
}

static int complete(struct get *g)
{
  if (is_kept(g))
    get_progress_update(&g->progress,
                        g->target.path ? g->target.have : g->body_len);
  get_progress_end(&g->progress, is_kept(g));
  return get_target_finish(&g->target);
}

/* The partial file was of no use: once more, for the whole. */
static void send_again(struct get *g)
{
  int status;

  g->is_again = true;
  status = start(g);
  if (status != CLI_OK)
    g->status = status;
}

static void on_done(tinet_http_client *c, const tinet_error *error, void *user)
{
  struct get *g = user;
  bool has_response = !error || error->code == TINET_EHTTPSTATUS;

  (void)c;
  if (g->status >= 0) /* what went wrong has been said */
    return;
  if (has_response && !g->has_begun) {
    int status = begin(g);

    if (status != CLI_OK) {
      g->status = status;
      return;
    }
  }
  if (g->has_begun && g->how == RESUME_AGAIN && !g->is_again) {
    send_again(g);
    return;
  }
  if (!error || (has_response && g->how == RESUME_COMPLETE))
    g->status = complete(g);
  else
    g->status = failed(g, error);
}

static void on_signal(void *user, int number)
{
  struct get *g = user;

  if (g->status >= 0)
    return;
  g->status = CLI_SIGNAL + number;
  get_progress_end(&g->progress, false);
  tinet_http_client_abort(g->client);
}

/* Also a stalled transfer moves the time. */
static void on_tick(void *user)
{
  struct get *g = user;

  if (g->status < 0 && g->progress.rate_at > 0)
    get_progress_update(&g->progress, g->progress.now);
}

/* ---- one run ---- */

static void on_warning(void *user, const char *text)
{
  const struct get *g = user;

  if (!g->opt.is_quiet)
    cli_error("warning: %s", text);
}

static int open_http(struct get *g)
{
  tinet_http_options opt;
  int err;

  tinet_http_options_init(&opt);
  tinet_http_options_from_env(&opt);
  opt.ca_file = g->opt.ca_file;
  opt.logs_tls_keys = g->opt.tls_keys != NULL;
  if (g->opt.tls_keys && setenv("SSLKEYLOGFILE", g->opt.tls_keys, 1) != 0) {
    cli_error("%s", strerror(errno));
    return CLI_NO_MEMORY;
  }
  opt.on_warning = on_warning;
  opt.warning_user = g;
  if (g->opt.proxy) {
    opt.http_proxy = opt.https_proxy = *g->opt.proxy ? g->opt.proxy : NULL;
    opt.no_proxy = NULL;
  }
  err = tinet_http_open(g->loop, &opt, &g->http);
  if (err == TINET_EURL || err == TINET_ESCHEME) {
    cli_error("the proxy's URL: %s", tinet_error_text(err));
    return CLI_USAGE;
  }
  return err < 0 ? refused("HTTP", err) : CLI_OK;
}

static int open_client(struct get *g)
{
  static const tinet_http_events events = {
      .on_data = on_data, .on_hop = on_hop, .on_done = on_done};
  int status, err = tinet_loop_open(&g->loop);

  if (err < 0)
    return refused("loop", err);
  status = open_http(g);
  if (status != CLI_OK)
    return status;
  err = tinet_http_client_new(g->http, &events, g, &g->client);
  return err < 0 ? refused("client", err) : CLI_OK;
}

/* A bar is of use when the body does not go to the terminal itself or to a
 * program that has its own to say. */
static bool shows_progress(const struct get *g)
{
  return !g->opt.is_quiet && isatty(STDERR_FILENO) && g->target.path;
}

static int run_request(struct get *g)
{
  int status = get_target_open(&g->target, &g->opt);

  if (status == CLI_OK)
    status = open_client(g);
  if (status != CLI_OK)
    return status;
  get_progress_init(&g->progress, shows_progress(g));
  if (g->opt.har)
    g->har = get_har_new(&g->opt);
  status = start(g);
  if (status != CLI_OK)
    return status;
  g->signal =
      get_signal_open(g->loop, on_signal, g->progress.out ? on_tick : NULL, g);
  (void)tinet_loop_run(g->loop);
  get_signal_close(g->signal);
  if (g->har && get_har_write(g->har) != CLI_OK && g->status <= CLI_OK)
    g->status = CLI_WRITE_ERROR;
  return g->status < 0 ? CLI_FAILED : g->status;
}

static int run(int argc, char **argv)
{
  struct get g = {.target.fd = -1, .status = -1};
  int status = get_options_parse(&g.opt, argc, argv);

  if (status == CLI_OK) {
    (void)signal(SIGPIPE, SIG_IGN);
    status = run_request(&g);
    get_har_free(g.har);
    tinet_http_client_free(g.client);
    tinet_http_close(g.http);
    (void)tinet_loop_close(g.loop);
    get_target_close(&g.target);
  } else if (status == CLI_PARSED_HELP) {
    get_help(stdout);
    status = CLI_OK;
  }
  get_options_free(&g.opt);
  return status;
}

const struct cli_command cli_get = {
    "get", "fetch a URL: to a file with progress, or to standard output", run,
    get_help};
