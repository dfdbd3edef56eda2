/* cookie_curl.c - libcurl's engine: `cookie_curl WORK PROXY_PORT`.
 *
 * It gives no Cookie field to look at, so requests are made through a server on
 * this machine, with the engine and without, and the difference is its cost.
 */
#include "cookie_work.h"

#include <curl/curl.h>

static size_t ignore(char *data, size_t size, size_t n, void *user)
{
  (void)data;
  (void)user;
  return size * n;
}

static double requests(CURL *curl, const struct work *w, size_t n)
{
  double start = cpu_seconds();

  for (size_t i = 0; i < n; i++) {
    char url[256];

    /* A plain request: the proxy is the server. */
    snprintf(url, sizeof(url), "http%s", w->asked[i] + strlen("https"));
    curl_easy_setopt(curl, CURLOPT_URL, url);
    if (curl_easy_perform(curl) != CURLE_OK)
      exit(1);
  }
  return cpu_seconds() - start;
}

static CURL *make(const char *port)
{
  CURL *curl = curl_easy_init();
  char proxy[64];

  snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%s", port);
  curl_easy_setopt(curl, CURLOPT_PROXY, proxy);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT, 10L);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, ignore);
  return curl;
}

/* As the other jars take it; the Netscape form has no limit a handle. */
static void insert(CURL *curl, const char *url, const char *cookie)
{
  const char *host = strstr(url, "://") + 3;
  size_t host_len = strcspn(host, "/"), name_len = strcspn(cookie, "=");
  const char *value = cookie + name_len + 1;
  char line[1024];

  snprintf(line, sizeof(line), "%.*s\tFALSE\t/\tFALSE\t4000000000\t%.*s\t%.*s",
           (int)host_len, host, (int)name_len, cookie, (int)strcspn(value, ";"),
           value);
  curl_easy_setopt(curl, CURLOPT_COOKIELIST, line);
}

int main(int argc, char **argv)
{
  struct work w;
  CURL *bare, *curl;
  double start, insert_s, bare_s, lookup_s;
  long before, bytes;

  if (argc < 3 || !work_read(&w, argv[1]))
    return 1;
  curl_global_init(CURL_GLOBAL_DEFAULT);
  if (w.n_asked > 5000)
    w.n_asked = 5000;
  bare = make(argv[2]);
  (void)requests(bare, &w, w.n_asked); /* warm */
  bare_s = requests(bare, &w, w.n_asked);
  curl = make(argv[2]);
  before = resident();
  curl_easy_setopt(curl, CURLOPT_COOKIEFILE, "");
  start = cpu_seconds();
  for (size_t i = 0; i < w.n; i++)
    insert(curl, w.urls[i], w.cookies[i]);
  insert_s = cpu_seconds() - start;
  lookup_s = requests(curl, &w, w.n_asked) - bare_s;
  bytes = resident() - before;
  work_print(&w, insert_s, lookup_s, bytes, 0);
  return 0;
}
