/* set_cookie.h - a Set-Cookie field, and the pure rules about cookies.
 *
 * parse and decide, pure but for the list of public suffixes.
 */
#ifndef TINET_COOKIE_SET_COOKIE_H
#define TINET_COOKIE_SET_COOKIE_H

#include "../core/str.h"
#include "jar.h"

#define TINET__COOKIE_MAX_HOST                                                 \
  254                               /* what a URL has at most, see url_host.c  \
                                     */
#define TINET__COOKIE_MAX_PAIR 4096 /* rfc: 6265bis 5.6, name and value */
#define TINET__COOKIE_MAX_ATTRIBUTE 1024        /* rfc: 6265bis 5.6 */
#define TINET__COOKIE_MAX_AGE_S (400LL * 86400) /* rfc: 6265bis 5.6.2 */

/* What a field says.  Spans point into it. */
struct tinet__set_cookie {
  struct tinet__span name, value;
  struct tinet__span domain; /* without a leading dot; len 0 = not given */
  struct tinet__span path;   /* len 0 = the default of the place */
  bool has_path;             /* an attribute that begins with '/' */
  bool is_secure, is_http_only;
  bool is_persistent;
  int64_t expires_ms;
  tinet_cookie_same_site same_site;
};

/* TINET_COOKIE_STORED: it could be read. */
tinet_cookie_verdict tinet__set_cookie_parse(const char *text, size_t len,
                                             int64_t now_ms,
                                             struct tinet__set_cookie *ret);

/* The place's default path: its length in `path`.  rfc: 6265bis 5.1.4 */
size_t tinet__cookie_default_path(const char *path);
/* rfc: 6265bis 5.1.4 */
bool tinet__cookie_path_matches(const char *request, const char *cookie,
                                size_t cookie_len);
/* `host` is `domain` or below it; never for addresses but when equal.
 * rfc: 6265bis 5.1.3 */
bool tinet__cookie_domain_matches(const char *host, bool is_ip,
                                  const char *domain);
/* Are the conditions of __Secure-, __Host-, __Http- and __Host-Http- kept?
 * rfc: 6265bis 4.1.3 */
bool tinet__cookie_prefix_is_kept(const tinet_cookie *c);
bool tinet__cookie_is_address(const char *host);
/* A host of the application's or of a Domain attribute as a URL's would be, one
 * leading and one trailing dot away, IPv6 with or without brackets.
 * tinet__free() it.  TINET_EURL (not a host), TINET_ENOMEM. */
int tinet__cookie_canonical_host(const char *text, size_t len,
                                 char **ret_host) TINET_MUST_CHECK;
/* "example.com." is the same host as "example.com", and one store of cookies.
 * `to` has TINET__COOKIE_MAX_HOST + 1 bytes, and the result may point there. */
struct tinet__cookie_place
tinet__cookie_place_without_dot(const struct tinet__cookie_place *place,
                                char *to);

#endif
