/* url_host.c - the host and the port of a URL: names, IDNA, addresses. */
#include "url_private.h"

#include "alloc.h"
#include "error.h"
#include "idna.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define MAX_HOST 253 /* rfc: 1035 2.3.4 */

static int decode_host(struct tinet__span raw, char *to, size_t size,
                       tinet_error *err)
{
  size_t n = 0;

  for (size_t i = 0; i < raw.len; i++) {
    char c = raw.p[i];

    if (c == '%') {
      if (i + 2 >= raw.len || !tinet__is_hex(raw.p[i + 1]) ||
          !tinet__is_hex(raw.p[i + 2]))
        return tinet__url_error(err, "malformed '%%' escape in the host name%s",
                                "");
      c = (char)(tinet__hex_value(raw.p[i + 1]) * 16 +
                 tinet__hex_value(raw.p[i + 2]));
      i += 2;
    }
    if ((unsigned char)c <= ' ' || c == 0x7f ||
        strchr("#/:<>?@[\\]^|\"`{}%", c))
      return tinet__url_error(
          err, "a character that is not allowed in the host%s", "");
    if (n + 1 >= size)
      return tinet__url_error(err, "the host name is too long%s", "");
    to[n++] = c;
  }
  to[n] = 0;
  return TINET_OK;
}

static bool is_ascii(const char *s)
{
  for (; *s; s++)
    if ((unsigned char)*s >= 0x80)
      return false;
  return true;
}

/* A host whose last label is a number has to be an address; a dot behind it
 * makes no name of it. */
static int check_numeric(const char *host, tinet_error *err)
{
  size_t end = strlen(host), start;
  struct in_addr addr;

  if (end > 0 && host[end - 1] == '.')
    end--;
  for (start = end; start > 0 && host[start - 1] != '.'; start--)
    if (!tinet__is_digit(host[start - 1]))
      return TINET_OK;
  if (start < end && inet_pton(AF_INET, host, &addr) != 1)
    return tinet__url_error(err, "'%s' is not an IPv4 address", host);
  return TINET_OK;
}

static int check_labels(const char *host, tinet_error *err)
{
  size_t label = 0;

  if (strlen(host) > MAX_HOST + 1)
    return tinet__url_error(err, "the host name is too long%s", "");
  for (size_t i = 0; host[i]; i++) {
    label = host[i] == '.' ? 0 : label + 1;
    if (label > 63 || (host[i] == '.' && (i == 0 || host[i - 1] == '.')))
      return tinet__url_error(
          err, "the host name '%s' has an empty or too long label", host);
  }
  return check_numeric(host, err);
}

static int make_ipv6(struct tinet__span raw, char *to, size_t size,
                     tinet_error *err)
{
  char text[INET6_ADDRSTRLEN + 40];
  struct in6_addr addr;
  char *zone;

  if (raw.len < 4 || raw.p[raw.len - 1] != ']' || raw.len - 2 >= sizeof text ||
      raw.len - 1 > size)
    return tinet__url_error(err, "malformed IPv6 address in the URL%s", "");
  memcpy(text, raw.p + 1, raw.len - 2);
  text[raw.len - 2] = 0;
  zone = strchr(text, '%'); /* rfc: 6874 - written as %25 */
  if (zone) {
    if (strncmp(zone, "%25", 3) != 0 || !zone[3] ||
        strspn(zone + 3, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                         "0123456789-._~") != strlen(zone + 3))
      return tinet__url_error(err, "malformed zone in the IPv6 address%s", "");
    *zone = 0;
  }
  if (inet_pton(AF_INET6, text, &addr) != 1 ||
      !inet_ntop(AF_INET6, &addr, to, (socklen_t)size))
    return tinet__url_error(err, "malformed IPv6 address in the URL%s", "");
  if (zone) {
    size_t n = strlen(to);

    (void)snprintf(to + n, size - n, "%%%s", zone + 3);
  }
  return TINET_OK;
}

int tinet__url_make_host(struct tinet__span raw, char *to, size_t size,
                         bool *ret_is_ipv6, tinet_error *err)
{
  char *ascii = NULL;
  int code;

  *ret_is_ipv6 = raw.len > 0 && *raw.p == '[';
  if (*ret_is_ipv6)
    return make_ipv6(raw, to, size, err);
  if (raw.len == 0)
    return tinet__url_error(err, "the URL has no host%s", "");
  code = decode_host(raw, to, size, err);
  if (code < 0)
    return code;
  if (!is_ascii(to)) {
    code = tinet__idna_to_ascii(to, &ascii, err);
    if (code < 0)
      return code;
    (void)snprintf(to, size, "%s", ascii);
    tinet__free(ascii);
  }
  for (char *p = to; *p; p++)
    *p = tinet__lower(*p);
  return check_labels(to, err);
}

int tinet__url_make_port(struct tinet__span raw, bool is_https, int *ret_port,
                         tinet_error *err)
{
  uint64_t port;

  *ret_port = is_https ? 443 : 80;
  if (raw.len == 0 || (raw.len == 1 && *raw.p == ':'))
    return TINET_OK;
  if (*raw.p != ':' || !tinet__parse_u64(raw.p + 1, raw.len - 1, &port) ||
      port > 65535)
    return tinet__url_error(
        err, "the port of the URL is not a number up to 65535%s", "");
  *ret_port = (int)port;
  return TINET_OK;
}
