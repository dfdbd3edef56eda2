/* connect.c - `tinet connect`: standard input and output on a connection. */
#include "pipe.h"

#include <stdlib.h>
#include <string.h>

enum {
  OPTION_TLS = 1,
  OPTION_CA_FILE,
  OPTION_SERVER_NAME,
  OPTION_ALPN,
  OPTION_INSECURE,
  OPTION_UDP,
  OPTION_WAIT,
  OPTION_TIMEOUT,
  OPTION_IPV4,
  OPTION_IPV6,
};

static const struct cli_option options[] = {
    {OPTION_TLS, 's', "tls", NULL, "speak TLS, and check the certificate"},
    {OPTION_CA_FILE, 0, "ca-file", "FILE",
     "trust the certificates in this PEM file instead of\nthe system's"},
    {OPTION_SERVER_NAME, 0, "server-name", "NAME",
     "who the certificate must be for; HOST by default"},
    {OPTION_ALPN, 0, "alpn", "NAME", "offer this protocol, may be repeated"},
    {OPTION_INSECURE, 'k', "insecure", NULL, "accept any certificate"},
    {OPTION_UDP, 'u', "udp", NULL,
     "datagrams: each piece of standard input is one"},
    {OPTION_WAIT, 'w', "wait", "SECONDS",
     "with --udp: wait for answers after the end of\nstandard input; 1"},
    {OPTION_TIMEOUT, 't', "timeout", "SECONDS", "to connect; 30, 0 is never"},
    {OPTION_IPV4, '4', "ipv4", NULL, "IPv4 only"},
    {OPTION_IPV6, '6', "ipv6", NULL, "IPv6 only"},
    {CLI_OPTION_HELP, 'h', "help", NULL, "this text"},
};
#define N_OPTIONS (sizeof options / sizeof *options)
#define ALPN_MAX 8

struct connect {
  const char *host;
  const char *port;
  const char *alpn[ALPN_MAX];
  bool is_tls, is_udp;
  unsigned wait_s, timeout_s;
  tinet_connect_options options;
  tinet_tls_client_options tls;
  tinet_udp_options udp;
  tinet_endpoint to;
  struct cli_pipe *pipe;
  int status; /* -1 = not over yet */
};

static void help(FILE *out)
{
  (void)fprintf(
      out,
      "usage: tinet connect HOST PORT [OPTION...]\n"
      "       tinet connect PATH [OPTION...]\n\n"
      "Connects to a TCP port or, if there is a '/' in PATH, to a Unix-domain\n"
      "socket.  What comes goes to standard output, standard input goes out.\n"
      "It is over when both have ended, or the peer has and standard input is\n"
      "a terminal.\n\n");
  cli_options_help(options, N_OPTIONS, out);
  (void)fprintf(out, "\nExit status:\n");
  cli_exit_help_socket(out);
}

static int seconds(const char *text, unsigned *ret)
{
  char *end;
  unsigned long n = strtoul(text, &end, 10);

  if (*text < '0' || *text > '9' || *end || n > 1000000)
    return cli_usage("connect", "'%s' is no number of seconds", text);
  *ret = (unsigned)n;
  return CLI_OK;
}

static int add_alpn(struct connect *c, const char *name)
{
  if (c->tls.n_alpn == ALPN_MAX)
    return cli_usage("connect", "too many protocols");
  c->alpn[c->tls.n_alpn++] = name;
  c->tls.alpn = c->alpn;
  return CLI_OK;
}

static int on_option(void *user, int id, const char *value)
{
  struct connect *c = user;

  switch (id) {
  case OPTION_CA_FILE:
    c->tls.ca_file = value;
    return CLI_OK;
  case OPTION_SERVER_NAME:
    c->tls.server_name = value;
    return CLI_OK;
  case OPTION_ALPN:
    return add_alpn(c, value);
  case OPTION_WAIT:
    return seconds(value, &c->wait_s);
  case OPTION_TIMEOUT:
    return seconds(value, &c->timeout_s);
  case OPTION_IPV4:
  case OPTION_IPV6:
    c->options.family =
        id == OPTION_IPV4 ? TINET_FAMILY_IPV4 : TINET_FAMILY_IPV6;
    return CLI_OK;
  default:
    c->is_tls = c->is_tls || id == OPTION_TLS;
    c->is_udp = c->is_udp || id == OPTION_UDP;
    c->tls.is_unverified = c->tls.is_unverified || id == OPTION_INSECURE;
    return CLI_OK;
  }
}

static int on_operand(void *user, const char *operand)
{
  struct connect *c = user;

  if (c->port)
    return cli_usage("connect", "one HOST and one PORT, please");
  if (c->host)
    c->port = operand;
  else
    c->host = operand;
  return CLI_OK;
}

/* 0 or an exit status. */
static int check(struct connect *c)
{
  char *end;
  unsigned long port = c->port ? strtoul(c->port, &end, 10) : 0;

  if (!c->host)
    return cli_usage("connect", "HOST is missing");
  if (c->is_tls && c->is_udp)
    return cli_usage("connect", "--tls and --udp do not go together");
  if (!c->is_tls && (c->tls.ca_file || c->tls.server_name ||
                     c->tls.n_alpn > 0 || c->tls.is_unverified))
    return cli_usage("connect", "that option needs --tls");
  if (!c->port && strchr(c->host, '/')) {
    c->options.path = c->host;
    return c->is_udp ? cli_usage("connect", "--udp needs HOST and PORT")
                     : CLI_OK;
  }
  if (!c->port)
    return cli_usage("connect", "PORT is missing");
  if (c->port[0] < '0' || c->port[0] > '9' || *end || port == 0 || port > 65535)
    return cli_usage("connect", "'%s' is no port", c->port);
  c->options.host = c->host;
  c->options.port = (uint16_t)port;
  return CLI_OK;
}

static void on_over(void *user, int status)
{
  struct connect *c = user;

  c->status = status;
}

static void on_resolved(const tinet_endpoint *endpoints, size_t n,
                        const tinet_error *err, void *user)
{
  struct connect *c = user;
  struct cli_datagrams how = {
      .options = &c->udp, .to = &c->to, .wait_s = c->wait_s};
  int status;

  if (n == 0) {
    cli_error("%s", err ? err->text : "the name has no address");
    c->status = cli_exit_status(err ? err->code : TINET_ERESOLVE);
    return;
  }
  c->to = endpoints[0];
  c->to.port = c->options.port;
  tinet_udp_options_init(&c->udp);
  c->udp.family = c->to.family;
  status = cli_pipe_udp(c->pipe, &how, on_over, c);
  if (status != CLI_OK)
    c->status = status;
  else if (tinet_udp_connect(cli_pipe_udp_socket(c->pipe), &c->to, NULL) < 0)
    cli_error("no way to %s", c->host); /* sending says the same again */
}

static int start(struct connect *c, tinet_loop *loop)
{
  tinet_stream *stream = NULL;
  tinet_error err = {0};
  int rc;

  if (c->is_udp) {
    rc = tinet_resolve_start(loop, c->options.host, c->options.family,
                             on_resolved, c, NULL);
  } else {
    c->options.timeout_ms = c->timeout_s * 1000;
    c->options.tls = c->is_tls ? &c->tls : NULL;
    rc = tinet_stream_connect(loop, &c->options, NULL, NULL, &stream, &err);
  }
  if (rc < 0) {
    cli_error("%s", err.code ? err.text : tinet_error_text(rc));
    return cli_exit_status(rc);
  }
  if (stream)
    cli_pipe_stream(c->pipe, stream, on_over, c);
  return CLI_OK;
}

static int run(int argc, char **argv)
{
  struct connect c = {.wait_s = 1, .timeout_s = 30, .status = -1};
  struct cli_parser parser = {.command = "connect",
                              .options = options,
                              .n_options = N_OPTIONS,
                              .on_option = on_option,
                              .on_operand = on_operand,
                              .user = &c};
  tinet_loop *loop;
  int status;

  tinet_connect_options_init(&c.options);
  tinet_tls_client_options_init(&c.tls);
  status = cli_parse(&parser, argc, argv);
  if (status == CLI_PARSED_HELP) {
    help(stdout);
    return CLI_OK;
  }
  if (status == 0)
    status = check(&c);
  if (status != 0)
    return status;
  if (tinet_loop_open(&loop) < 0)
    return CLI_FAILED;
  c.pipe = cli_pipe_open(loop);
  status = start(&c, loop);
  while (status == CLI_OK && c.status < 0)
    cli_pipe_turn(c.pipe);
  exit(status == CLI_OK ? c.status : status); /* a thread may still read */
}

const struct cli_command cli_connect = {
    "connect", "standard input and output on a TCP or UDP connection", run,
    help};
