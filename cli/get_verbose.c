/* get_verbose.c - a hop as one line for a person, and header fields.
 *
 *   GET https://a.example/ -> 200 OK  HTTP/2  TLSv1.3 TLS_AES_256_GCM_SHA384
 *     192.0.2.1:443  name 1.2 connect 3.4 tls 9.9 first byte 12.0 total 12.5 ms
 *
 * (in one line).  What comes from the server is made harmless first.
 */
#include "get.h"

#include <string.h>
#include <strings.h>

static void print_time(FILE *out, const char *name, int64_t us)
{
  if (us >= 0)
    (void)fprintf(out, " %s %.1f", name, (double)us / 1000);
}

static void print_peer(const tinet_http_hop *hop, FILE *out)
{
  bool is_ipv6 = strchr(hop->remote_address, ':') != NULL;

  if (hop->http_version[0])
    (void)fprintf(out, "  HTTP/%s", hop->http_version);
  if (hop->tls_version)
    (void)fprintf(out, "  %s %s", hop->tls_version,
                  hop->tls_cipher ? hop->tls_cipher : "");
  if (hop->remote_address[0])
    (void)fprintf(out, "  %s%s%s:%d", is_ipv6 ? "[" : "", hop->remote_address,
                  is_ipv6 ? "]" : "", hop->remote_port);
  if (hop->is_reused)
    (void)fputs(" (again)", out);
}

const char *get_shown_value(const tinet_http_header *field, char text[64])
{
  int len = (int)strcspn(field->value, " ");

  if (strcasecmp(field->name, "Authorization") != 0 &&
      strcasecmp(field->name, "Proxy-Authorization") != 0)
    return field->value;
  if (field->value[len] == '\0') /* a token alone, of no known scheme */
    return "(hidden)";
  (void)snprintf(text, 64, "%.*s (hidden)", len < 48 ? len : 48, field->value);
  return text;
}

static void print_fields(const tinet_http_header *fields, size_t n,
                         const char *mark, FILE *out)
{
  char text[64];

  for (size_t i = 0; i < n; i++) {
    (void)fputs(mark, out);
    cli_print_safe(out, fields[i].name);
    (void)fputs(": ", out);
    cli_print_safe(out, get_shown_value(&fields[i], text));
    (void)fputc('\n', out);
  }
}

void get_verbose_hop(const tinet_http_hop *hop, int verbosity, FILE *out)
{
  cli_print_safe(out, hop->method);
  (void)fputc(' ', out);
  cli_print_safe(out, hop->url);
  (void)fputs(" -> ", out);
  if (hop->status) {
    (void)fprintf(out, "%d ", hop->status);
    cli_print_safe(out, hop->statustext);
  } else {
    (void)fputs(hop->error ? tinet_error_text(hop->error->code) : "nothing",
                out);
  }
  print_peer(hop, out);
  (void)fputc(' ', out);
  print_time(out, "name", hop->name_us);
  print_time(out, "connect", hop->connect_us);
  print_time(out, "tls", hop->tls_us);
  print_time(out, "first byte", hop->first_byte_us);
  print_time(out, "total", hop->total_us);
  (void)fputs(" ms\n", out);
  if (verbosity < 2)
    return;
  print_fields(hop->request_headers, hop->n_request_headers, "> ", out);
  print_fields(hop->response_headers, hop->n_response_headers, "< ", out);
}

void get_print_head(const tinet_http_client *c, FILE *out)
{
  const char *phrase = tinet_http_client_statustext(c);

  (void)fprintf(out, "HTTP/%s %d ", tinet_http_client_http_version(c),
                tinet_http_client_status(c));
  cli_print_safe(out, phrase ? phrase : "");
  (void)fputc('\n', out);
  for (size_t i = 0; i < tinet_http_client_n_headers(c); i++) {
    tinet_http_header field = tinet_http_client_header_at(c, i);

    print_fields(&field, 1, "", out);
  }
  (void)fputc('\n', out);
}
