/* url.h - absolute http and https URLs, the way Titanium's open() takes them.
 *
 * parse, pure.  ti: HTTPClient.autoEncodeUrl, rfc: 3986
 */
#ifndef TINET_HTTP_URL_H
#define TINET_HTTP_URL_H

#include <tinet/error.h>

/* Every string is owned by `block`, NUL-terminated, never NULL. */
struct tinet__url {
  char *block;          /* owned */
  const char *scheme;   /* "http" or "https", lower case */
  const char *userinfo; /* percent-encoded as given, "" if none */
  const char *host;     /* ASCII (IDNA applied), lower case; IPv6 without [] */
  bool is_ipv6;
  int port;          /* explicit or default */
  bool has_port;     /* not the scheme's default */
  const char *path;  /* starts with '/' */
  const char *query; /* without '?'; "" also if has_query */
  bool has_query;
  const char *text;     /* all of it without user information and fragment */
  const char *fragment; /* without '#'; "" if none */
  bool is_https;
};

/* Parses what an application gives.  Without http:// or https:// (any case) in
 * front, and with no other scheme, http:// is put there.  With `encode`, bytes
 * that may not stand in a URL are percent-encoded piecewise and "%" + two hex
 * digits is kept; without, such bytes are sent as given except that SP, CTL and
 * non-ASCII are TINET_EURL.  Dot segments are removed.  TINET_EURL,
 * TINET_ESCHEME, TINET_ENOMEM; `err` (may be NULL) says what and where. */
int tinet__url_parse(const char *text, bool encode, struct tinet__url *ret_url,
                     tinet_error *err) TINET_MUST_CHECK;
/* A Location against its base (rfc: 3986 5.2); always encoding.  A fragment
 * is inherited from the base if the reference has none (rfc: 9110 10.2.2). */
int tinet__url_resolve(const struct tinet__url *base, const char *reference,
                       struct tinet__url *ret_url,
                       tinet_error *err) TINET_MUST_CHECK;
/* The same URL with `params` (already encoded, no leading '?' or '&') joined to
 * its query with '&'. */
int tinet__url_add_query(const struct tinet__url *url, const char *params,
                         struct tinet__url *ret_url) TINET_MUST_CHECK;
/* Same scheme, host and port. */
bool tinet__url_same_origin(const struct tinet__url *a,
                            const struct tinet__url *b);
void tinet__url_free(struct tinet__url *url); /* back to zero */

/* ti: Titanium.Network.encodeURIComponent; used for GET dictionaries too
 * (ti: HTTPClient.send).  `keep` is the set of bytes besides A-Z a-z 0-9. */
struct tinet__buf;
int tinet__percent_encode(struct tinet__buf *to, const char *s, size_t len,
                          const char *keep) TINET_MUST_CHECK;
#define TINET__KEEP_COMPONENT "-_.!~*'()"

#endif
