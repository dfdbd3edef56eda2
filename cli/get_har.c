/* get_har.c - the hops as an HTTP Archive, version 1.2.
 *
 * Entries are written to memory as hops end, the file at the end.  Bodies of
 * responses are not recorded; of requests, those given as text.
 */
#include "get.h"
#include "json.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <tinet/base.h>
#include <unistd.h>

struct get_har {
  const struct get_options *opt; /* borrowed */
  char *text;                    /* owned; the entries */
  size_t len;
  FILE *out; /* owned; writes to text */
  unsigned n;
};

struct get_har *get_har_new(const struct get_options *o)
{
  struct get_har *har = cli_alloc(sizeof *har);

  har->opt = o;
  har->out = open_memstream(&har->text, &har->len);
  if (har->out)
    return har;
  free(har);
  return NULL;
}

void get_har_free(struct get_har *har)
{
  if (!har)
    return;
  if (har->out)
    (void)fclose(har->out);
  free(har->text);
  free(har);
}

static void put_date(FILE *out, int64_t wall_us)
{
  time_t seconds = (time_t)(wall_us / 1000000);
  struct tm tm;
  char text[32];

  (void)gmtime_r(&seconds, &tm);
  (void)strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
  (void)fprintf(out, "\"%s.%03dZ\"", text, (int)(wall_us / 1000 % 1000));
}

static void put_fields(FILE *out, const tinet_http_header *fields, size_t n)
{
  char text[64];

  (void)fputs("\"headers\": [", out);
  for (size_t i = 0; i < n; i++) {
    cli_json_member(out, i ? ", {" : "{", "name", fields[i].name);
    cli_json_member(out, ", ", "value", get_shown_value(&fields[i], text));
    (void)fputc('}', out);
  }
  (void)fputs("], ", out);
}

/* One `name=value` as an object; false if there is none. */
static bool put_cookie(FILE *out, const char *text, size_t len, bool is_first)
{
  char *pair = cli_format("%.*s", (int)len, text);
  char *name = pair + strspn(pair, " \t"), *equals = strchr(name, '=');
  bool is_there = equals && equals > name;

  if (is_there) {
    *equals = 0;
    cli_json_member(out, is_first ? "{" : ", {", "name", name);
    cli_json_member(out, ", ", "value", equals + 1);
    (void)fputc('}', out);
  }
  free(pair);
  return is_there;
}

/* `Cookie` has several pairs, `Set-Cookie` one before its attributes. */
static void put_cookies(FILE *out, const tinet_http_header *fields, size_t n,
                        const char *name)
{
  bool is_first = true, is_list = strcmp(name, "Cookie") == 0;

  (void)fputs("\"cookies\": [", out);
  for (size_t i = 0; i < n; i++) {
    const char *p = fields[i].value;

    if (strcasecmp(fields[i].name, name) != 0)
      continue;
    for (;;) {
      size_t len = strcspn(p, ";");

      if (put_cookie(out, p, len, is_first))
        is_first = false;
      if (!p[len] || !is_list)
        break;
      p += len + 1;
    }
  }
  (void)fputs("], ", out);
}

/* A part of the query, with its escapes undone if they are sound. */
static void put_decoded(FILE *out, const char *before, const char *name,
                        const char *text, size_t len)
{
  char *decoded = NULL, *raw = cli_format("%.*s", (int)len, text);
  size_t decoded_len;

  if (tinet_http_decode_component(raw, len, &decoded, &decoded_len) < 0)
    decoded = NULL;
  cli_json_member(out, before, name, decoded ? decoded : raw);
  tinet_free(decoded);
  free(raw);
}

static void put_query(FILE *out, const char *url)
{
  const char *p = strchr(url, '?');
  const char *before = "{";

  (void)fputs("\"queryString\": [", out);
  for (p = p ? p + 1 : NULL; p && *p && *p != '#';) {
    size_t len = strcspn(p, "&#"), name_len = strcspn(p, "=&#");

    if (len > 0) {
      put_decoded(out, before, "name", p, name_len);
      put_decoded(out, ", ", "value", p + name_len + (name_len < len),
                  len - name_len - (name_len < len));
      (void)fputc('}', out);
      before = ", {";
    }
    p += len + (p[len] == '&');
  }
  (void)fputs("], ", out);
}

static const char *field(const tinet_http_header *fields, size_t n,
                         const char *name)
{
  for (size_t i = 0; i < n; i++)
    if (strcasecmp(fields[i].name, name) == 0)
      return fields[i].value;
  return NULL;
}

static void put_params(FILE *out, const struct get_options *o)
{
  (void)fputs(", \"params\": [", out);
  for (size_t i = 0; i < o->n_fields; i++) {
    struct get_field f;

    if (!get_field_parse(o->fields[i], &f))
      continue;
    cli_json_member(out, i ? ", {" : "{", "name", f.name);
    if (f.is_file)
      cli_json_member(out, ", ", "fileName", f.filename ? f.filename : f.value);
    else
      cli_json_member(out, ", ", "value", f.value);
    if (f.type)
      cli_json_member(out, ", ", "contentType", f.type);
    (void)fputc('}', out);
    get_field_free(&f);
  }
  (void)fputs("]}, ", out);
}

static void put_post_data(FILE *out, const struct get_options *o,
                          const tinet_http_hop *hop)
{
  const char *type =
      field(hop->request_headers, hop->n_request_headers, "Content-Type");

  if (hop->request_body_len == 0 || o->body_kind == GET_BODY_NONE)
    return;
  cli_json_member(out, "\"postData\": {", "mimeType", type);
  if (o->body_kind == GET_BODY_FORM) {
    put_params(out, o);
    return;
  }
  cli_json_member(out, ", ", "text", o->body[0] == '@' ? "" : o->body);
  if (o->body[0] == '@')
    cli_json_member(out, ", ", "comment", o->body);
  (void)fputs("}, ", out);
}

static void put_version(FILE *out, const tinet_http_hop *hop)
{
  char text[16];

  (void)snprintf(text, sizeof text, "HTTP/%s", hop->http_version);
  cli_json_member(out, "", "httpVersion", hop->http_version[0] ? text : "");
}

static void put_request(struct get_har *har, const tinet_http_hop *hop)
{
  FILE *out = har->out;

  cli_json_member(out, ",\n      \"request\": {", "method", hop->method);
  cli_json_member(out, ", ", "url", hop->url);
  (void)fputs(", ", out);
  put_version(out, hop);
  (void)fputs(", ", out);
  put_cookies(out, hop->request_headers, hop->n_request_headers, "Cookie");
  put_fields(out, hop->request_headers, hop->n_request_headers);
  put_query(out, hop->url);
  put_post_data(out, har->opt, hop);
  (void)fprintf(out, "\"headersSize\": -1, \"bodySize\": %" PRIu64 "}",
                hop->request_body_len);
}

static void put_response(FILE *out, const tinet_http_hop *hop, int64_t len)
{
  const char *type =
      field(hop->response_headers, hop->n_response_headers, "Content-Type");

  (void)fprintf(out, ",\n      \"response\": {\"status\": %d", hop->status);
  cli_json_member(out, ", ", "statusText", hop->statustext);
  (void)fputs(", ", out);
  put_version(out, hop);
  (void)fputs(", ", out);
  put_cookies(out, hop->response_headers, hop->n_response_headers,
              "Set-Cookie");
  put_fields(out, hop->response_headers, hop->n_response_headers);
  (void)fprintf(out, "\"content\": {\"size\": %" PRId64,
                len < 0 ? (int64_t)hop->response_body_len : len);
  cli_json_member(out, ", ", "mimeType", type ? type : "x-unknown");
  cli_json_member(out, "}, ", "redirectURL", hop->redirect_url);
  if (hop->status)
    (void)fprintf(out, ", \"headersSize\": -1, \"bodySize\": %" PRIu64 "}",
                  hop->response_body_len);
  else
    (void)fputs(", \"headersSize\": -1, \"bodySize\": -1}", out);
}

/* The phases of a hop, in order.  Their times are points on one line; HAR wants
 * the distances between them, and -1 for what did not happen. */
enum { DNS, CONNECT, SSL, SEND, WAIT, RECEIVE, N_PHASES };

/* Which phase a failed hop did not get through. */
static int unfinished(const tinet_http_hop *hop)
{
  bool is_https = strncasecmp(hop->url, "https:", 6) == 0;

  if (!hop->is_reused && hop->name_us < 0)
    return DNS;
  if (!hop->is_reused && hop->connect_us < 0)
    return CONNECT;
  if (!hop->is_reused && is_https && hop->tls_us < 0)
    return SSL;
  if (hop->sent_us < 0)
    return SEND;
  return hop->first_byte_us < 0 ? WAIT : RECEIVE;
}

static void phases(const tinet_http_hop *hop, int64_t *took)
{
  const int64_t ends[N_PHASES] = {hop->name_us,       hop->connect_us,
                                  hop->tls_us,        hop->sent_us,
                                  hop->first_byte_us, hop->total_us};
  int last = hop->error ? unfinished(hop) : RECEIVE;
  int64_t at = 0;

  for (int i = 0; i < N_PHASES; i++) {
    int64_t end = i == last ? hop->total_us : ends[i];

    took[i] = i < SEND ? -1 : 0; /* only the last three must be there */
    if (i > last || end < 0 || (i <= SSL && hop->is_reused))
      continue;
    took[i] = end > at ? end - at : 0;
    at += took[i];
  }
}

static double ms(int64_t us)
{
  return us < 0 ? -1 : (double)us / 1000;
}

static void put_timings(FILE *out, const int64_t *took)
{
  int64_t connect = took[CONNECT];

  if (took[SSL] >= 0) /* HAR counts it in both */
    connect = (connect < 0 ? 0 : connect) + took[SSL];
  (void)fprintf(out,
                ",\n      \"cache\": {},\n      \"timings\": {\"blocked\": -1, "
                "\"dns\": %.3f, \"connect\": %.3f, \"ssl\": %.3f, \"send\": "
                "%.3f, \"wait\": %.3f, \"receive\": %.3f}",
                ms(took[DNS]), ms(connect), ms(took[SSL]), ms(took[SEND]),
                ms(took[WAIT]), ms(took[RECEIVE]));
}

void get_har_hop(struct get_har *har, const tinet_http_hop *hop,
                 int64_t content_len)
{
  FILE *out = har->out;
  int64_t took[N_PHASES], total = 0;

  phases(hop, took);
  for (int i = 0; i < N_PHASES; i++)
    total += took[i] > 0 ? took[i] : 0;
  (void)fprintf(out, "%s    {\"startedDateTime\": ", har->n++ ? ",\n" : "");
  put_date(out, hop->started_wall_us);
  (void)fprintf(out, ", \"time\": %.3f", ms(total));
  put_request(har, hop);
  put_response(out, hop, content_len);
  put_timings(out, took);
  if (hop->remote_address[0])
    cli_json_member(out, ",\n      ", "serverIPAddress", hop->remote_address);
  if (hop->error)
    cli_json_member(out, ",\n      ", "_error", hop->error->text);
  (void)fputc('}', out);
}

/* Cookies and what was posted are in it: it is for its owner. */
static FILE *open_file(const char *path)
{
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;

  if (!file && fd >= 0)
    (void)close(fd);
  return file;
}

int get_har_write(struct get_har *har)
{
  FILE *file;
  bool is_whole = fclose(har->out) == 0;

  har->out = NULL;
  file = is_whole ? open_file(har->opt->har) : NULL;
  if (file) {
    (void)fprintf(file,
                  "{\"log\": {\n  \"version\": \"1.2\",\n"
                  "  \"creator\": {\"name\": \"tinet\", \"version\": \"%s\"},\n"
                  "  \"entries\": [\n%s\n  ]\n}}\n",
                  tinet_version(), har->text);
    is_whole = !ferror(file);
    is_whole = fclose(file) == 0 && is_whole;
  }
  if (file && is_whole)
    return CLI_OK;
  cli_error("%s: %s", har->opt->har, strerror(errno));
  return CLI_WRITE_ERROR;
}
