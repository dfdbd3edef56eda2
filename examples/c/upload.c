/* upload.c - sends a file as a form does (multipart/form-data), with progress.
 *
 *   cc upload.c -o upload $(pkg-config --cflags --libs tinet)
 *   ./upload https://example.org/upload report.pdf
 */
#include <stdio.h>
#include <string.h>
#include <tinet/http.h>

/* How far the request is; at most one call every 30 ms, the last always. */
static void on_sendstream(tinet_http_client *c, const tinet_http_progress *p,
                          void *user)
{
  (void)c;
  (void)user;
  fprintf(stderr, "\r%3.0f%% of %lld bytes", p->progress * 100,
          (long long)p->total_count);
  if (p->progress >= 1)
    fputc('\n', stderr);
}

/* Without on_data the client keeps the response; here it is read as text. */
static void on_done(tinet_http_client *c, const tinet_error *error, void *user)
{
  int *has_failed = user;
  char *text = NULL;
  size_t len;

  *has_failed = error != NULL;
  if (error)
    fprintf(stderr, "%s: %s\n", tinet_error_name(error->code), error->text);
  if (tinet_http_client_text(c, &text, &len) == 0)
    fwrite(text, 1, len, stdout);
  tinet_free(text);
}

/* A form with a text field and the file.  What has been taken by the form or
 * the body must not be freed; what has not, must. */
static int make_body(const char *path, tinet_http_body **ret_body)
{
  static const char comment[] = "sent by the example";
  tinet_http_form *form = NULL;
  tinet_http_body *file = NULL;
  int err = tinet_http_body_new_file(path, NULL, &file);

  if (err == 0)
    err = tinet_http_form_new(&form);
  if (err == 0)
    err = tinet_http_form_add_text(form, "comment", comment, strlen(comment));
  if (err == 0)
    err = tinet_http_form_add_file(form, "file", NULL, file);
  if (err == 0)
    file = NULL; /* the form has it */
  if (err == 0)
    err = tinet_http_body_new_form(form, ret_body);
  if (err == 0)
    form = NULL; /* the body has it */
  tinet_http_body_free(file);
  tinet_http_form_free(form);
  return err;
}

static int upload(tinet_loop *loop, tinet_http *http, char **argv,
                  int *has_failed)
{
  tinet_http_events events = {0};
  tinet_http_client *client = NULL;
  tinet_http_body *body = NULL;
  int err;

  events.on_sendstream = on_sendstream;
  events.on_done = on_done;
  err = tinet_http_client_new(http, &events, has_failed, &client);
  if (err == 0)
    err = tinet_http_client_open(client, "POST", argv[1]);
  if (err == 0)
    err = make_body(argv[2], &body);
  if (err == 0)
    err = tinet_http_client_send(client, NULL, body);
  if (err == 0)
    tinet_loop_run(loop);
  else
    tinet_http_body_free(body); /* send takes it on success only */
  tinet_http_client_free(client);
  return err;
}

int main(int argc, char **argv)
{
  tinet_loop *loop = NULL;
  tinet_http *http = NULL;
  int err, has_failed = 1;

  if (argc != 3) {
    fprintf(stderr, "usage: %s URL FILE\n", argv[0]);
    return 2;
  }
  err = tinet_loop_open(&loop);
  if (err == 0)
    err = tinet_http_open(loop, NULL, &http);
  if (err == 0)
    err = upload(loop, http, argv, &has_failed);
  if (err < 0)
    fprintf(stderr, "%s: %s\n", tinet_error_name(err), tinet_error_text(err));
  tinet_http_close(http);
  tinet_loop_close(loop);
  return err < 0 || has_failed;
}
