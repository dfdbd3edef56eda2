/* get.c - fetches a URL and prints it: the smallest program with tinet.
 *
 *   cc get.c -o get $(pkg-config --cflags --libs tinet)
 *   ./get https://example.org/
 */
#include <stdio.h>
#include <tinet/http.h>

/* Bytes of the body, as they arrive.  A negative code would end the request. */
static int on_data(tinet_http_client *c, const void *data, size_t len,
                   void *user)
{
  (void)c;
  (void)user;
  return fwrite(data, 1, len, stdout) == len ? 0 : TINET_ESYSTEM;
}

/* The one outcome.  For a status of 400 and above `error` is
 * TINET_EHTTPSTATUS: the body has come all the same. */
static void on_done(tinet_http_client *c, const tinet_error *error, void *user)
{
  int *has_failed = user;

  *has_failed = error != NULL;
  if (error)
    fprintf(stderr, "%s: %s\n", tinet_error_name(error->code), error->text);
  else
    fprintf(stderr, "%d %s\n", tinet_http_client_status(c),
            tinet_http_client_statustext(c));
}

/* 0, or what kept the request from being started. */
static int fetch(tinet_loop *loop, tinet_http *http, const char *url,
                 int *has_failed)
{
  tinet_http_events events = {0};
  tinet_http_client *client = NULL;
  int err;

  events.on_data = on_data;
  events.on_done = on_done;
  err = tinet_http_client_new(http, &events, has_failed, &client);
  if (err == 0)
    err = tinet_http_client_open(client, "GET", url);
  if (err == 0)
    err = tinet_http_client_send(client, NULL, NULL); /* defaults, no body */
  if (err == 0)
    tinet_loop_run(loop); /* returns when nothing is pending */
  tinet_http_client_free(client);
  return err;
}

int main(int argc, char **argv)
{
  tinet_loop *loop = NULL;
  tinet_http *http = NULL;
  int err, has_failed = 1;

  if (argc != 2) {
    fprintf(stderr, "usage: %s URL\n", argv[0]);
    return 2;
  }
  err = tinet_loop_open(&loop);
  if (err == 0)
    err = tinet_http_open(loop, NULL, &http);
  if (err == 0)
    err = fetch(loop, http, argv[1], &has_failed);
  if (err < 0)
    fprintf(stderr, "%s: %s\n", tinet_error_name(err), tinet_error_text(err));
  /* What was opened last is closed first; all of these accept NULL. */
  tinet_http_close(http);
  tinet_loop_close(loop);
  return err < 0 || has_failed;
}
