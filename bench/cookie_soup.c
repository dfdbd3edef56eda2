/* cookie_soup.c - libsoup's jars: `cookie_soup WORK [FILE]`. */
#include "cookie_work.h"

#include <libsoup/soup.h>

int main(int argc, char **argv)
{
  SoupCookieJar *jar;
  struct work w;
  GUri **uris, **asked;
  double start, insert_s;
  size_t check = 0;
  long before;

  if (argc < 2 || !work_read(&w, argv[1]))
    return 1;
  uris = calloc(w.n, sizeof(*uris));
  asked = calloc(w.n_asked, sizeof(*asked));
  for (size_t i = 0; i < w.n; i++)
    uris[i] = g_uri_parse(w.urls[i], SOUP_HTTP_URI_FLAGS, NULL);
  for (size_t i = 0; i < w.n_asked; i++)
    asked[i] = g_uri_parse(w.asked[i], SOUP_HTTP_URI_FLAGS, NULL);
  before = resident();
  jar =
      argc > 2 ? soup_cookie_jar_db_new(argv[2], FALSE) : soup_cookie_jar_new();
  soup_cookie_jar_set_accept_policy(jar, SOUP_COOKIE_JAR_ACCEPT_ALWAYS);
  start = cpu_seconds();
  for (size_t i = 0; i < w.n; i++)
    soup_cookie_jar_set_cookie(jar, uris[i], w.cookies[i]);
  insert_s = cpu_seconds() - start;
  start = cpu_seconds();
  for (size_t i = 0; i < w.n_asked; i++) {
    char *header = soup_cookie_jar_get_cookies(jar, asked[i], TRUE);

    check += header ? strlen(header) : 0;
    g_free(header);
  }
  work_print(&w, insert_s, cpu_seconds() - start, resident() - before, check);
  return 0;
}
