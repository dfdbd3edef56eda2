/* curl_versions.c - which libraries carry the traffic, as curl reports them. */
#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>

#include <tinet/base.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static char text[256];

static void fill(void)
{
  const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);
  const char *names[] = {"zlib", "nghttp2", "brotli", "zstd", "libidn2"};
  const char *versions[] = {v->libz_version, v->nghttp2_version,
                            v->brotli_version, v->zstd_version, v->libidn};
  int n = snprintf(text, sizeof(text), "libcurl/%s %s", v->version,
                   v->ssl_version ? v->ssl_version : "");

  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
    if (versions[i] == NULL || n < 0 || (size_t)n >= sizeof(text))
      continue;
    n += snprintf(text + n, sizeof(text) - (size_t)n, " %s/%s", names[i],
                  versions[i]);
  }
}

const char *tinet_library_versions(void)
{
  (void)pthread_once(&once, fill);
  return text;
}
