/* proxy.c - which proxy a URL goes through.  ti: HTTPClient (proxies) */
#include "proxy.h"

#include "../core/alloc.h"
#include "../core/error.h"
#include "../core/str.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static int copy_proxy(const char *text, char **ret_copy, tinet_error *err)
{
  static const char *const schemes[] = {"http://", "https://", "socks5://",
                                        "socks5h://"};
  const char *colon;
  size_t len;

  if (!text || !*text)
    return TINET_OK;
  colon = strstr(text, "://");
  if (colon) {
    bool is_known = false;

    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
      is_known = is_known || tinet__istarts(text, schemes[i]);
    if (!is_known)
      return tinet__error_set(
          err, TINET_ESCHEME, TINET_ORIGIN_TINET, 0,
          "the proxy scheme '%.*s' is not http, https, socks5 or socks5h",
          (int)(colon - text > 32 ? 32 : colon - text), text);
    if (!colon[3])
      return tinet__error_set(err, TINET_EURL, TINET_ORIGIN_TINET, 0,
                              "the proxy has no host");
    *ret_copy = tinet__strdup(text);
  } else {
    len = strlen(text) + sizeof "http://";
    *ret_copy = tinet__alloc(len);
    if (*ret_copy)
      (void)snprintf(*ret_copy, len, "http://%s", text);
  }
  return *ret_copy ? TINET_OK : TINET_ENOMEM;
}

int tinet__proxies_init(struct tinet__proxies *p, const char *http,
                        const char *https, const char *none, tinet_error *err)
{
  struct tinet__proxies new = {0};
  int code = copy_proxy(http, &new.http, err);

  if (code == TINET_OK)
    code = copy_proxy(https, &new.https, err);
  if (code == TINET_OK && none && *none) {
    new.none = tinet__strdup(none);
    code = new.none ? TINET_OK : TINET_ENOMEM;
  }
  if (code < 0) {
    tinet__proxies_free(&new);
    return code;
  }
  *p = new;
  return TINET_OK;
}

void tinet__proxies_free(struct tinet__proxies *p)
{
  tinet__free(p->http);
  tinet__free(p->https);
  tinet__free(p->none);
  memset(p, 0, sizeof *p);
}

/* An address of either family as bytes; its length in bits, 0 = none. */
static unsigned address_of(const char *text, unsigned char to[16])
{
  if (inet_pton(AF_INET, text, to) == 1)
    return 32;
  if (inet_pton(AF_INET6, text, to) == 1)
    return 128;
  return 0;
}

static bool bits_equal(const unsigned char *a, const unsigned char *b,
                       unsigned n)
{
  unsigned whole = n / 8, rest = n % 8;

  if (memcmp(a, b, whole) != 0)
    return false;
  return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

static bool matches_address(const char *entry, const char *host)
{
  unsigned char a[16], b[16];
  char text[64];
  const char *slash = strchr(entry, '/');
  size_t len = slash ? (size_t)(slash - entry) : strlen(entry);
  unsigned n;
  uint64_t prefix;

  if (len >= sizeof text)
    return false;
  memcpy(text, entry, len);
  text[len] = 0;
  n = address_of(text, a);
  if (n == 0 || address_of(host, b) != n)
    return false;
  prefix = n;
  if (slash &&
      (!tinet__parse_u64(slash + 1, strlen(slash + 1), &prefix) || prefix > n))
    return false;
  return bits_equal(a, b, (unsigned)prefix);
}

static size_t without_dot(const char *s, size_t len)
{
  return len > 0 && s[len - 1] == '.' ? len - 1 : len;
}

/* The host itself or a name below it. */
static bool matches_name(const char *entry, size_t len, const char *host)
{
  size_t host_len = without_dot(host, strlen(host));

  if (len > 0 && *entry == '.') {
    entry++;
    len--;
  }
  len = without_dot(entry, len);
  if (len == 0 || host_len < len ||
      !tinet__ieqn(host + host_len - len, len, entry, len))
    return false;
  return host_len == len || host[host_len - len - 1] == '.';
}

/* Cuts "[v6]" and ":port" off an entry; false if the port is another. */
static bool cut_port(char *entry, int port)
{
  char *colon = strrchr(entry, ':');
  size_t len = strlen(entry);
  uint64_t want;

  if (*entry == '[') {
    char *close = strchr(entry, ']');

    if (!close)
      return false;
    colon = close[1] == ':' ? close + 1 : NULL;
    if (colon && (!tinet__parse_u64(colon + 1, strlen(colon + 1), &want) ||
                  want != (uint64_t)port))
      return false;
    *close = 0;
    memmove(entry, entry + 1, strlen(entry));
    return true;
  }
  if (!colon || strchr(entry, ':') != colon) /* none, or an IPv6 address */
    return len > 0;
  if (!tinet__parse_u64(colon + 1, strlen(colon + 1), &want) ||
      want != (uint64_t)port)
    return false;
  *colon = 0;
  return true;
}

static bool entry_matches(const char *p, size_t len, const char *host, int port)
{
  unsigned char address[16];
  char entry[300];

  if (len == 0 || len >= sizeof entry)
    return false;
  memcpy(entry, p, len);
  entry[len] = 0;
  if (strcmp(entry, "*") == 0)
    return true;
  if (!cut_port(entry, port))
    return false;
  /* An address has no names below it: "0.0.1" is not 127.0.0.1. */
  return address_of(host, address) > 0
             ? matches_address(entry, host)
             : matches_name(entry, strlen(entry), host);
}

bool tinet__no_proxy_matches(const char *no_proxy, const char *host, int port)
{
  while (no_proxy && *no_proxy) {
    size_t len;

    no_proxy += strspn(no_proxy, ", \t");
    len = strcspn(no_proxy, ", \t");
    if (entry_matches(no_proxy, len, host, port))
      return true;
    no_proxy += len;
  }
  return false;
}

const char *tinet__proxies_for(const struct tinet__proxies *p,
                               const struct tinet__url *url)
{
  const char *proxy = url->is_https ? p->https : p->http;

  if (!proxy || tinet__no_proxy_matches(p->none, url->host, url->port))
    return NULL;
  return proxy;
}
