/* session.c - a sign-in that survives a restart: cookies in a file.
 *
 *   cc session.c -o session $(pkg-config --cflags --libs tinet)
 *   ./session cookies.sqlite https://example.org/
 *
 * Prints how many cookies the file held before, fetches the URL with them, and
 * prints the names of those it holds afterwards.  Run it twice.
 */
#include <stdio.h>
#include <tinet/http.h>

static void on_done(tinet_http_client *c, const tinet_error *error, void *user)
{
  int *has_failed = user;

  *has_failed = error != NULL;
  if (error)
    fprintf(stderr, "%s: %s\n", tinet_error_name(error->code), error->text);
  else
    printf("%d %s\n", tinet_http_client_status(c),
           tinet_http_client_statustext(c));
}

static int fetch(tinet_loop *loop, tinet_http *http, const char *url,
                 int *has_failed)
{
  tinet_http_events events = {0};
  tinet_http_client *client = NULL;
  int err;

  events.on_done = on_done;
  err = tinet_http_client_new(http, &events, has_failed, &client);
  if (err == 0)
    err = tinet_http_client_open(client, "GET", url);
  if (err == 0)
    err = tinet_http_client_send(client, NULL, NULL);
  if (err == 0)
    tinet_loop_run(loop);
  tinet_http_client_free(client);
  return err;
}

static void print_names(tinet_cookie_jar *jar)
{
  tinet_cookie_list *list = NULL;

  if (tinet_cookie_jar_find(jar, NULL, NULL, NULL, &list) < 0)
    return;
  for (size_t i = 0; i < list->n_cookies; i++)
    printf("%s of %s%s\n", list->cookies[i].name, list->cookies[i].domain,
           list->cookies[i].is_persistent ? "" : " (this session only)");
  tinet_cookie_list_free(list);
}

int main(int argc, char **argv)
{
  tinet_cookie_jar_options cookies;
  tinet_http_options options;
  tinet_cookie_jar *jar = NULL;
  tinet_loop *loop = NULL;
  tinet_http *http = NULL;
  tinet_error error = {0};
  int err, has_failed = 1;

  if (argc != 3) {
    fprintf(stderr, "usage: %s FILE URL\n", argv[0]);
    return 2;
  }
  tinet_cookie_jar_options_init(&cookies);
  cookies.path = argv[1];
  err = tinet_cookie_jar_open(&cookies, &jar, &error);
  if (err == 0)
    err = tinet_loop_open(&loop);
  if (err == 0) {
    printf("%zu cookies\n", tinet_cookie_jar_count(jar));
    tinet_http_options_init(&options);
    tinet_http_options_from_env(&options);
    options.cookies = jar;
    err = tinet_http_open(loop, &options, &http);
  }
  if (err == 0)
    err = fetch(loop, http, argv[2], &has_failed);
  if (err == 0)
    print_names(jar);
  if (err < 0)
    fprintf(stderr, "%s: %s\n", tinet_error_name(err),
            error.text[0] ? error.text : tinet_error_text(err));
  tinet_http_close(http);
  tinet_loop_close(loop);
  tinet_cookie_jar_unref(jar); /* writes what is not yet written */
  return err < 0 || has_failed;
}
