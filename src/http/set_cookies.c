/* set_cookies.c - from header fields to the jar. */
#include "set_cookies.h"

#include <arpa/inet.h>
#include <string.h>

static bool is_address(const struct tinet__url *url)
{
  struct in_addr four;

  return url->is_ipv6 || (tinet__is_digit(url->host[0]) &&
                          inet_pton(AF_INET, url->host, &four) == 1);
}

struct tinet__cookie_place tinet__cookie_place_of(const struct tinet__url *url)
{
  return (struct tinet__cookie_place){
      .host = url->host,
      .path = url->path,
      .is_ip = is_address(url),
      .is_secure = url->is_https,
  };
}

int tinet__set_cookies(tinet_cookie_jar *jar, const struct tinet__url *url,
                       const struct tinet__headers *headers,
                       int (*on_taken)(void *user, const char *field),
                       void *user)
{
  struct tinet__cookie_place place;
  int err = TINET_OK;

  if (!jar)
    return TINET_OK;
  place = tinet__cookie_place_of(url);
  for (size_t i = 0; err == TINET_OK && i < headers->n_fields; i++) {
    const char *field = tinet__headers_value(headers, i);
    tinet_cookie_verdict verdict;

    if (!tinet__ieq(tinet__headers_name(headers, i), "Set-Cookie"))
      continue;
    err =
        tinet__cookie_jar_receive(jar, &place, field, strlen(field), &verdict);
    if (err == TINET_OK && verdict <= TINET_COOKIE_REMOVED && on_taken)
      err = on_taken(user, field);
  }
  return err;
}
