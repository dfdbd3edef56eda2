/* listen.c - `tinet listen`: a connection that comes, on standard input and
 * output. */
#include "get.h"
#include "pipe.h"
#include "store.h"

#include <stdlib.h>
#include <string.h>

enum {
  OPTION_ADDRESS = 1,
  OPTION_KEEP,
  OPTION_TLS,
  OPTION_CERT,
  OPTION_KEY,
  OPTION_CLIENT_CA,
  OPTION_ALPN,
  OPTION_UDP,
  OPTION_WAIT,
  OPTION_QUIET,
};

static const struct cli_option options[] = {
    {OPTION_ADDRESS, 'a', "address", "ADDRESS",
     "where to listen; this machine alone by default, '*'\nis everywhere"},
    {OPTION_KEEP, 'k', "keep", NULL,
     "when a connection is over, take the next one"},
    {OPTION_TLS, 's', "tls", NULL, "speak TLS; needs --cert and --key"},
    {OPTION_CERT, 0, "cert", "FILE", "the certificate and its chain, PEM"},
    {OPTION_KEY, 0, "key", "FILE", "its key, PEM"},
    {OPTION_CLIENT_CA, 0, "client-ca", "FILE",
     "require a client certificate of these authorities"},
    {OPTION_ALPN, 0, "alpn", "NAME",
     "a protocol that is understood, may be repeated"},
    {OPTION_UDP, 'u', "udp", NULL,
     "datagrams: what is typed goes to the last sender"},
    {OPTION_WAIT, 'w', "wait", "SECONDS",
     "with --udp: end so long after standard input; 1"},
    {OPTION_QUIET, 'q', "quiet", NULL, "do not say where it listens"},
    {CLI_OPTION_HELP, 'h', "help", NULL, "this text"},
};
#define N_OPTIONS (sizeof options / sizeof *options)
#define ALPN_MAX 8

struct listen {
  const char *port;
  const char *cert, *key, *client_ca; /* files */
  const char *alpn[ALPN_MAX];
  bool is_kept, is_tls, is_udp, is_quiet;
  unsigned wait_s;
  tinet_listen_options options;
  tinet_tls_server_options tls;
  tinet_listener *listener;
  struct cli_pipe *pipe;
  struct get_signal *signals; /* owned; NULL: a signal ends it on the spot */
  int status;                 /* -1 = not over yet */
};

static void help(FILE *out)
{
  (void)fprintf(
      out,
      "usage: tinet listen PORT [OPTION...]\n"
      "       tinet listen PATH [OPTION...]\n\n"
      "Waits for a connection to a TCP port (0 is a free one) or, if there is\n"
      "a '/' in PATH, to a Unix-domain socket.  What comes goes to standard\n"
      "output, standard input goes out.  It is over when both have ended, or\n"
      "the peer has and standard input is a terminal.\n\n");
  cli_options_help(options, N_OPTIONS, out);
  (void)fprintf(out, "\nExit status:\n");
  cli_exit_help_socket(out);
}

static int seconds(struct listen *l, const char *text)
{
  char *end;
  unsigned long n = strtoul(text, &end, 10);

  if (*text < '0' || *text > '9' || *end || n > 1000000)
    return cli_usage("listen", "'%s' is no number of seconds", text);
  l->wait_s = (unsigned)n;
  return CLI_OK;
}

static int add_alpn(struct listen *l, const char *name)
{
  if (l->tls.n_alpn == ALPN_MAX)
    return cli_usage("listen", "too many protocols");
  l->alpn[l->tls.n_alpn++] = name;
  l->tls.alpn = l->alpn;
  return CLI_OK;
}

static int on_value(struct listen *l, int id, const char *value)
{
  switch (id) {
  case OPTION_ADDRESS:
    l->options.host = value;
    return CLI_OK;
  case OPTION_CERT:
    l->cert = value;
    return CLI_OK;
  case OPTION_KEY:
    l->key = value;
    return CLI_OK;
  case OPTION_CLIENT_CA:
    l->client_ca = value;
    return CLI_OK;
  case OPTION_ALPN:
    return add_alpn(l, value);
  default:
    return seconds(l, value);
  }
}

static int on_option(void *user, int id, const char *value)
{
  struct listen *l = user;

  if (value)
    return on_value(l, id, value);
  l->is_kept = l->is_kept || id == OPTION_KEEP;
  l->is_tls = l->is_tls || id == OPTION_TLS;
  l->is_udp = l->is_udp || id == OPTION_UDP;
  l->is_quiet = l->is_quiet || id == OPTION_QUIET;
  return CLI_OK;
}

static int on_operand(void *user, const char *operand)
{
  struct listen *l = user;

  if (l->port)
    return cli_usage("listen", "one PORT, please");
  l->port = operand;
  return CLI_OK;
}

/* 0 or an exit status. */
static int check(struct listen *l)
{
  char *end;
  unsigned long port;

  if (!l->port)
    return cli_usage("listen", "PORT is missing");
  if (l->is_tls && (!l->cert || !l->key))
    return cli_usage("listen", "--tls needs --cert and --key");
  if (!l->is_tls && (l->cert || l->key || l->client_ca || l->tls.n_alpn > 0))
    return cli_usage("listen", "that option needs --tls");
  if (l->is_tls && l->is_udp)
    return cli_usage("listen", "--tls and --udp do not go together");
  if (strchr(l->port, '/')) {
    l->options.path = l->port;
    return l->is_udp ? cli_usage("listen", "--udp needs a PORT") : CLI_OK;
  }
  port = strtoul(l->port, &end, 10);
  if (l->port[0] < '0' || l->port[0] > '9' || *end || port > 65535)
    return cli_usage("listen", "'%s' is no port", l->port);
  l->options.port = (uint16_t)port;
  return CLI_OK;
}

static void say_where(const struct listen *l, const tinet_endpoint *e)
{
  char text[TINET_ENDPOINT_TEXT_MAX];

  if (l->is_quiet)
    return;
  tinet_endpoint_text(e, text);
  if (e->family == TINET_FAMILY_UNIX)
    cli_error("listening on %s", l->port);
  else
    cli_error("listening on %s port %u", text, (unsigned)e->port);
}

static void on_over(void *user, int status)
{
  struct listen *l = user;

  if (l->is_kept && status != CLI_WRITE_ERROR)
    tinet_listener_resume(l->listener);
  else
    l->status = status;
}

static void on_accept(tinet_listener *listener, tinet_stream *stream,
                      void *user)
{
  struct listen *l = user;

  if (l->is_kept)
    tinet_listener_pause(listener);
  cli_pipe_stream(l->pipe, stream, on_over, l);
  if (!l->is_kept) {
    tinet_listener_close(listener);
    l->listener = NULL;
  }
}

static void on_error(tinet_listener *listener, const tinet_error *err,
                     bool is_lasting, void *user)
{
  struct listen *l = user;

  (void)listener;
  cli_error("%s", err->text);
  if (is_lasting)
    l->status = cli_exit_status(err->code);
}

static void on_signal(void *user, int number)
{
  struct listen *l = user;

  l->status = CLI_SIGNAL + number;
}

/* The files are kept in memory until the program ends. */
static int read_files(struct listen *l)
{
  if (!l->is_tls)
    return CLI_OK;
  l->tls.certificate = cli_read_file(l->cert, &l->tls.certificate_len);
  if (l->tls.certificate)
    l->tls.key = cli_read_file(l->key, &l->tls.key_len);
  if (!l->tls.key)
    return CLI_READ_ERROR;
  l->options.tls = &l->tls;
  if (!l->client_ca)
    return CLI_OK;
  l->tls.client_auth = TINET_CLIENT_AUTH_REQUIRED;
  l->tls.client_ca = cli_read_file(l->client_ca, &l->tls.client_ca_len);
  return l->tls.client_ca ? CLI_OK : CLI_READ_ERROR;
}

static int start_udp(struct listen *l)
{
  tinet_udp_options opt;
  struct cli_datagrams how = {.options = &opt, .wait_s = l->wait_s};
  tinet_endpoint e;
  int status;

  tinet_udp_options_init(&opt);
  opt.host = l->options.host;
  if (!opt.host || strcmp(opt.host, "localhost") == 0) {
    opt.host = "127.0.0.1";
    how.also = "::1";
  }
  opt.port = l->options.port;
  status = cli_pipe_udp(l->pipe, &how, on_over, l);
  l->is_kept = false;
  if (status == CLI_OK &&
      tinet_udp_local(cli_pipe_udp_socket(l->pipe), &e) == TINET_OK)
    say_where(l, &e);
  return status;
}

static int start(struct listen *l, tinet_loop *loop)
{
  static const tinet_listener_events events = {on_accept, on_error};
  tinet_error err;
  tinet_endpoint e;
  int rc;

  if (l->is_udp)
    return start_udp(l);
  rc = read_files(l);
  if (rc != CLI_OK)
    return rc;
  rc = tinet_listener_open(loop, &l->options, &events, l, &l->listener, &err);
  if (rc < 0) {
    cli_error("%s", err.text);
    return cli_exit_status(rc);
  }
  if (l->options.path) /* else there is no file to be removed */
    l->signals = get_signal_open(loop, on_signal, NULL, l);
  if (tinet_listener_local(l->listener, &e) == TINET_OK)
    say_where(l, &e);
  return CLI_OK;
}

static int run(int argc, char **argv)
{
  struct listen l = {.wait_s = 1, .status = -1};
  struct cli_parser parser = {.command = "listen",
                              .options = options,
                              .n_options = N_OPTIONS,
                              .on_option = on_option,
                              .on_operand = on_operand,
                              .user = &l};
  tinet_loop *loop;
  int status;

  tinet_listen_options_init(&l.options);
  tinet_tls_server_options_init(&l.tls);
  status = cli_parse(&parser, argc, argv);
  if (status == CLI_PARSED_HELP) {
    help(stdout);
    return CLI_OK;
  }
  if (status == 0)
    status = check(&l);
  if (status != 0)
    return status;
  if (tinet_loop_open(&loop) < 0)
    return CLI_FAILED;
  l.pipe = cli_pipe_open(loop);
  status = start(&l, loop);
  while (status == CLI_OK && l.status < 0)
    cli_pipe_turn(l.pipe);
  tinet_listener_close(l.listener);           /* a path is removed */
  exit(status == CLI_OK ? l.status : status); /* a thread may still read */
}

const struct cli_command cli_listen = {
    "listen", "standard input and output on a connection that comes", run,
    help};
