/* url_private.h - what the files of URLs share. */
#ifndef TINET_HTTP_URL_PRIVATE_H
#define TINET_HTTP_URL_PRIVATE_H

#include "str.h"
#include "url.h"

#define TINET__MAX_URL                                                         \
  (1024 * 1024) /* bytes; what no server accepts anyway                        \
                 */

/* A URL cut into pieces, nothing decoded. */
struct tinet__raw_url {
  bool is_https, has_query, has_fragment;
  struct tinet__span userinfo, host, port, path, query, fragment;
};

/* `fmt` has one %s.  Returns TINET_EURL. */
int tinet__url_error(tinet_error *err, const char *fmt, const char *arg);

/* url.c */
size_t tinet__url_scheme_len(const char *text); /* in front of ':', or 0 */
int tinet__url_cut(const char *text, struct tinet__raw_url *r,
                   tinet_error *err) TINET_MUST_CHECK;
void tinet__url_cut_authority(const char *p, const char *end,
                              struct tinet__raw_url *r);
void tinet__url_cut_rest(const char *p, const char *end,
                         struct tinet__raw_url *r);
int tinet__url_build(const struct tinet__raw_url *r, bool encode,
                     struct tinet__url *ret_url,
                     tinet_error *err) TINET_MUST_CHECK;

/* url_host.c: the host as it is looked up, and the port. */
int tinet__url_make_host(struct tinet__span raw, char *to, size_t size,
                         bool *ret_is_ipv6, tinet_error *err) TINET_MUST_CHECK;
int tinet__url_make_port(struct tinet__span raw, bool is_https, int *ret_port,
                         tinet_error *err) TINET_MUST_CHECK;

#endif
