/* report.c - an outcome as one line of JSON. */
#include <unistd.h>

#include "drive.h"

/* A body of at most this many bytes is printed whole. */
#define SHOWN_BODY_MAX (1024 * 1024)

static const char *origin_name(tinet_error_origin origin)
{
  static const char *const names[] = {"tinet", "system", "resolver",
                                      "tls",   "http",   "transport"};

  return (unsigned)origin < sizeof(names) / sizeof(names[0]) ? names[origin]
                                                             : "?";
}

static void print_error(FILE *out, const tinet_error *error)
{
  if (error == NULL || error->code == 0) {
    fputs("null", out);
    return;
  }
  fprintf(out, "{\"code\":%d,\"name\":\"%s\",\"origin\":\"%s\",\"number\":%ld",
          error->code, tinet_error_name(error->code),
          origin_name(error->origin), error->number);
  fputs(",\"text\":", out);
  json_text(out, error->text);
  fputc('}', out);
}

static void print_fields(FILE *out, const tinet_http_header *field, size_t n)
{
  fputc('[', out);
  for (size_t i = 0; i < n; i++) {
    fputs(i > 0 ? ",[" : "[", out);
    json_text(out, field[i].name);
    fputc(',', out);
    json_text(out, field[i].value);
    fputc(']', out);
  }
  fputc(']', out);
}

void report_hop(struct job *job, const tinet_http_hop *hop)
{
  FILE *out = job->hops_out;

  if (out == NULL)
    return;
  fputs(job->n_hops++ > 0 ? ",{\"method\":" : "{\"method\":", out);
  json_text(out, hop->method);
  fputs(",\"url\":", out);
  json_text(out, hop->url);
  fputs(",\"request_headers\":", out);
  print_fields(out, hop->request_headers, hop->n_request_headers);
  fprintf(out, ",\"status\":%d,\"statustext\":", hop->status);
  json_text(out, hop->statustext);
  fputs(",\"version\":", out);
  json_text(out, hop->http_version);
  fputs(",\"headers\":", out);
  print_fields(out, hop->response_headers, hop->n_response_headers);
  fprintf(out, ",\"body_len\":%llu,\"redirect_url\":",
          (unsigned long long)hop->response_body_len);
  json_text(out, hop->redirect_url);
  fputs(",\"address\":", out);
  json_text(out, hop->remote_address);
  fprintf(out, ",\"port\":%d,\"is_reused\":%s,\"tls\":", hop->remote_port,
          hop->is_reused ? "true" : "false");
  json_text(out, hop->tls_version);
  fputs(",\"error\":", out);
  print_error(out, hop->error);
  fputc('}', out);
}

static void print_headers(FILE *out, const tinet_http_client *c)
{
  size_t n = tinet_http_client_n_headers(c);

  fputc('[', out);
  for (size_t i = 0; i < n; i++) {
    tinet_http_header field = tinet_http_client_header_at(c, i);

    fputs(i > 0 ? ",[" : "[", out);
    json_text(out, field.name);
    fputc(',', out);
    json_text(out, field.value);
    fputc(']', out);
  }
  fputc(']', out);
}

static void print_all_headers(FILE *out, const tinet_http_client *c)
{
  char *text = NULL;

  if (tinet_http_client_all_headers(c, &text) == 0) {
    fputs(",\"all_headers\":", out);
    json_text(out, text);
    tinet_free(text);
  }
}

/* Reads what is in a file back in pieces, so that it need not fit into memory.
 */
static uint32_t crc_of_fd(int fd, uint64_t len)
{
  static unsigned char piece[65536];
  uint64_t done = 0;
  uint32_t crc = 0;

  while (done < len) {
    ssize_t n = pread(fd, piece, sizeof(piece), (off_t)done);

    if (n <= 0)
      break;
    crc = crc32_of(crc, piece, (size_t)n);
    done += (uint64_t)n;
  }
  return done == len ? crc : 0;
}

static void print_body_bytes(FILE *out, const tinet_http_content *content)
{
  unsigned char *data = malloc(SHOWN_BODY_MAX);

  if (data == NULL)
    return;
  fputs(",\"body\":", out);
  if (content->fd < 0)
    json_base64(out, content->data, (size_t)content->len);
  else if (pread(content->fd, data, (size_t)content->len, 0) ==
           (ssize_t)content->len)
    json_base64(out, data, (size_t)content->len);
  else
    fputs("null", out);
  free(data);
}

static void print_content(FILE *out, const struct job *job)
{
  tinet_http_content content;

  tinet_http_client_content(job->client, &content);
  if (job->is_streaming) {
    fprintf(out, ",\"len\":%llu,\"crc\":%lu,\"in_client\":%llu",
            (unsigned long long)job->streamed_len,
            (unsigned long)job->streamed_crc, (unsigned long long)content.len);
    return;
  }
  fprintf(out, ",\"len\":%llu,\"crc\":%lu,\"is_in_file\":%s,\"path\":",
          (unsigned long long)content.len,
          (unsigned long)(content.fd < 0
                              ? crc32_of(0, content.data, (size_t)content.len)
                              : crc_of_fd(content.fd, content.len)),
          content.fd < 0 ? "false" : "true");
  json_text(out, content.path);
  fputs(",\"content_type\":", out);
  json_text(out, content.content_type);
  if (content.len <= SHOWN_BODY_MAX)
    print_body_bytes(out, &content);
}

static void print_text(FILE *out, const tinet_http_client *c)
{
  char *text = NULL;
  size_t len = 0;
  int err = tinet_http_client_text(c, &text, &len);

  if (err < 0) {
    fprintf(out, ",\"text_error\":\"%s\"", tinet_error_name(err));
    return;
  }
  fputs(",\"text\":", out);
  json_base64(out, (const unsigned char *)text, len);
  tinet_free(text);
}

static void print_progress(FILE *out, const char *name, unsigned n, int64_t sum,
                           const tinet_http_progress *last)
{
  fprintf(out,
          ",\"%s\":{\"n\":%u,\"sum\":%lld,\"progress\":%g,"
          "\"total_count\":%lld,\"total_size\":%llu}",
          name, n, (long long)sum, last->progress, (long long)last->total_count,
          (unsigned long long)last->total_size);
}

static void print_reports(FILE *out, struct job *job)
{
  fflush(job->events_out);
  fflush(job->hops_out);
  fprintf(out, ",\"events\":[%.*s],\"hops\":[%.*s]", (int)job->events_len,
          job->events, (int)job->hops_len, job->hops);
  print_progress(out, "sendstream", job->n_sends, job->sent_sum,
                 &job->last_send);
  print_progress(out, "datastream", job->n_datas, job->data_sum,
                 &job->last_data);
}

void report_outcome(struct job *job, const char *kind)
{
  const tinet_http_client *c = job->client;
  FILE *out = stdout;

  fputs("{\"outcome\":", out);
  json_text(out, kind);
  fputs(",\"name\":", out);
  json_text(out, job->name);
  fprintf(out, ",\"state\":%d,\"is_running\":%s,\"status\":%d,\"statustext\":",
          (int)tinet_http_client_state(c),
          tinet_http_client_is_running(c) ? "true" : "false",
          tinet_http_client_status(c));
  json_text(out, tinet_http_client_statustext(c));
  fputs(",\"method\":", out);
  json_text(out, tinet_http_client_method(c));
  fputs(",\"location\":", out);
  json_text(out, tinet_http_client_location(c));
  fputs(",\"error\":", out);
  print_error(out, tinet_http_client_error(c));
  fputs(",\"headers\":", out);
  print_headers(out, c);
  fputs(",\"tls\":", out);
  report_tls_failure(out, tinet_http_client_tls_failure(c));
  fprintf(out, ",\"cache\":%d", (int)tinet_http_client_cache_state(c));
  print_all_headers(out, c);
  print_content(out, job);
  if (job->wants_text)
    print_text(out, c);
  print_reports(out, job);
  fputs("}\n", out);
  fflush(out); /* while the loop goes on: somebody may wait for it */
}

void report_call_text(const char *call, int err, const char *text)
{
  printf("{\"call\":");
  json_text(stdout, call);
  printf(",\"error\":\"%s\",\"text\":", tinet_error_name(err));
  json_text(stdout, text);
  printf("}\n");
}

void report_call(const char *call, int err)
{
  report_call_text(call, err, "");
}
