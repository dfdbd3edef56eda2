/* get_options.c - the command line of `tinet get`. */
#include "get.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
  OPTION_OUTPUT = 1,
  OPTION_HEADER,
  OPTION_METHOD,
  OPTION_DATA,
  OPTION_JSON,
  OPTION_FORM,
  OPTION_INCLUDE,
  OPTION_VERBOSE,
  OPTION_QUIET,
  OPTION_HAR,
  OPTION_TIMEOUT,
  OPTION_MAX_TIME,
  OPTION_NO_REDIRECT,
  OPTION_HTTP1,
  OPTION_PROXY,
  OPTION_CA_FILE,
  OPTION_TLS_KEYS,
  OPTION_INSECURE,
};

static const struct cli_option options[] = {
    {OPTION_OUTPUT, 'o', "output", "FILE",
     "write the body to FILE; goes on where an earlier\n"
     "attempt ended. - is standard output"},
    {OPTION_HEADER, 'H', "header", "'K: V'",
     "send a header field; 'K:' removes a default one"},
    {OPTION_METHOD, 'X', "method", "METHOD",
     "instead of GET, or POST if there is a body"},
    {OPTION_DATA, 'd', "data", "STR|@FILE|@-",
     "send this body (application/x-www-form-urlencoded\n"
     "unless --header says otherwise)"},
    {OPTION_JSON, 0, "json", "STR|@FILE|@-",
     "send this body as JSON, and ask for JSON"},
    {OPTION_FORM, 'F', "form", "K=V|K=@FILE",
     "send a form field; a file may have ;type=T and\n"
     ";filename=F. Repeat it for more fields"},
    {OPTION_INCLUDE, 'i', "include", NULL,
     "print status and header fields of the response"},
    {OPTION_VERBOSE, 'v', "verbose", NULL,
     "a line for each hop on stderr; twice: header fields"},
    {OPTION_QUIET, 'q', "quiet", NULL, "no progress bar and no messages"},
    {OPTION_HAR, 0, "har", "FILE", "write all hops to FILE as HAR 1.2"},
    {OPTION_TIMEOUT, 't', "timeout", "SECONDS",
     "give up after so long without progress\n(default 15; 0 = never)"},
    {OPTION_MAX_TIME, 'm', "max-time", "SECONDS",
     "give up after so long in all"},
    {OPTION_NO_REDIRECT, 0, "no-redirect", NULL, "do not follow redirects"},
    {OPTION_HTTP1, 0, "http1.1", NULL, "do not use HTTP/2"},
    {OPTION_PROXY, 'x', "proxy", "URL",
     "http, https, socks5 or socks5h; '' = none\n(default: the environment's)"},
    {OPTION_CA_FILE, 0, "ca-file", "FILE",
     "trust these certificates (PEM) instead of the\nsystem's"},
    {OPTION_TLS_KEYS, 0, "tls-keys", "FILE",
     "add the secrets of TLS to FILE, so that a recording\n"
     "of the network can be read"},
    {OPTION_INSECURE, 'k', "insecure", NULL,
     "accept any certificate of the server"},
    {CLI_OPTION_HELP, 'h', "help", NULL, "this text"},
};
#define N_OPTIONS (sizeof options / sizeof *options)

void get_help(FILE *out)
{
  (void)fputs("Usage: tinet get URL [-o FILE] [OPTION...]\n\n"
              "Fetches URL. The body goes to standard output or to FILE.\n\n",
              out);
  cli_options_help(options, N_OPTIONS, out);
  (void)fputs(
      "\nWith -o the body is collected in FILE.part, beside FILE.part.info; "
      "when it is\ncomplete it becomes FILE. If the server says by a strong "
      "ETag that its file is\nstill the same, the next attempt goes on at the "
      "end of FILE.part. The body of an\nHTTP error does not become FILE.\n"
      "\nExit status:\n",
      out);
  cli_exit_help(out);
}

static int seconds(const char *name, const char *text, int64_t *ret_ms)
{
  char *end;
  double value;

  errno = 0;
  value = strtod(text, &end);
  if (end == text || *end || errno || !isfinite(value) || value < 0 ||
      value > 1e9)
    return cli_usage("get", "--%s: '%s' is no number of seconds", name, text);
  *ret_ms = (int64_t)(value * 1000 + 0.5);
  if (*ret_ms == 0 && value > 0)
    *ret_ms = 1;
  return CLI_OK;
}

static void append(const char ***list, size_t *n, const char *text)
{
  *list = cli_realloc(*list, (*n + 1) * sizeof **list);
  (*list)[(*n)++] = text;
}

static int set_body(struct get_options *o, enum get_body_kind kind,
                    const char *text)
{
  if (o->body_kind != GET_BODY_NONE &&
      (kind != GET_BODY_FORM || o->body_kind != GET_BODY_FORM))
    return cli_usage("get", "only one of --data, --json and --form, and only "
                            "--form more than once");
  o->body_kind = kind;
  if (kind == GET_BODY_FORM)
    append(&o->fields, &o->n_fields, text);
  else
    o->body = text;
  return CLI_OK;
}

bool get_header_split(const char *text, char **ret_name, const char **ret_value)
{
  const char *colon = strpbrk(text, ":;"), *value;

  if (!colon || colon == text)
    return false;
  value = colon + 1 + strspn(colon + 1, " \t");
  if (*colon == ';' && *value) /* "K;" is an empty value */
    return false;
  *ret_name = cli_format("%.*s", (int)(colon - text), text);
  *ret_value = *value || *colon == ';' ? value : NULL;
  return true;
}

bool get_has_header(const struct get_options *o, const char *name)
{
  size_t len = strlen(name);

  for (size_t i = 0; i < o->n_headers; i++)
    if (strncasecmp(o->headers[i], name, len) == 0 &&
        strchr(":;", o->headers[i][len]))
      return true;
  return false;
}

const char *get_method(const struct get_options *o)
{
  if (o->method)
    return o->method;
  return o->body_kind == GET_BODY_NONE ? "GET" : "POST";
}

static int add_header(struct get_options *o, const char *text)
{
  const char *value;
  char *name;

  if (!get_header_split(text, &name, &value))
    return cli_usage("get", "--header: '%s' is not 'Name: value'", text);
  free(name);
  append(&o->headers, &o->n_headers, text);
  return CLI_OK;
}

static int add_field(struct get_options *o, const char *text)
{
  struct get_field field;

  if (!get_field_parse(text, &field))
    return cli_usage("get", "--form: '%s' is not name=value or name=@file",
                     text);
  get_field_free(&field);
  return set_body(o, GET_BODY_FORM, text);
}

static int on_flag(struct get_options *o, int id)
{
  switch (id) {
  case OPTION_INCLUDE:
    o->is_include = true;
    break;
  case OPTION_VERBOSE:
    o->verbosity++;
    break;
  case OPTION_QUIET:
    o->is_quiet = true;
    break;
  case OPTION_NO_REDIRECT:
    o->no_redirect = true;
    break;
  case OPTION_HTTP1:
    o->is_http1_only = true;
    break;
  case OPTION_INSECURE:
    o->is_insecure = true;
    break;
  default:
    break;
  }
  return CLI_OK;
}

static int on_option(void *user, int id, const char *value)
{
  struct get_options *o = user;

  switch (id) {
  case OPTION_OUTPUT:
    o->output = value;
    return CLI_OK;
  case OPTION_METHOD:
    o->method = value;
    return CLI_OK;
  case OPTION_HAR:
    o->har = value;
    return CLI_OK;
  case OPTION_PROXY:
    o->proxy = value;
    return CLI_OK;
  case OPTION_CA_FILE:
    o->ca_file = value;
    return CLI_OK;
  case OPTION_TLS_KEYS:
    o->tls_keys = value;
    return CLI_OK;
  case OPTION_HEADER:
    return add_header(o, value);
  case OPTION_DATA:
    return set_body(o, GET_BODY_DATA, value);
  case OPTION_JSON:
    return set_body(o, GET_BODY_JSON, value);
  case OPTION_FORM:
    return add_field(o, value);
  case OPTION_TIMEOUT:
    return seconds("timeout", value, &o->timeout_ms);
  case OPTION_MAX_TIME:
    return seconds("max-time", value, &o->max_time_ms);
  default:
    return on_flag(o, id);
  }
}

static int on_operand(void *user, const char *operand)
{
  struct get_options *o = user;

  if (o->url)
    return cli_usage("get", "one URL only, and '%s' is another", operand);
  o->url = operand;
  return CLI_OK;
}

int get_options_parse(struct get_options *o, int argc, char **argv)
{
  struct cli_parser parser = {.command = "get",
                              .options = options,
                              .n_options = N_OPTIONS,
                              .on_option = on_option,
                              .on_operand = on_operand,
                              .user = o};
  int status;

  memset(o, 0, sizeof *o);
  o->timeout_ms = o->max_time_ms = -1;
  status = cli_parse(&parser, argc, argv);
  for (int i = parser.rest; status == 0 && i < argc; i++)
    status = on_operand(o, argv[i]);
  if (status != 0)
    return status;
  if (!o->url || !*o->url)
    return cli_usage("get", "URL is missing");
  if (o->output && !*o->output)
    return cli_usage("get", "--output: the name is empty");
  return CLI_OK;
}

void get_options_free(struct get_options *o)
{
  free(o->fields);
  free(o->headers);
}
