/* proxy.h - which proxy a URL goes through.  decide, pure.  ti: HTTPClient
 * (proxies) */
#ifndef TINET_HTTP_PROXY_H
#define TINET_HTTP_PROXY_H

#include "../core/url.h"

struct tinet__proxies {
  char *http, *https, *none; /* owned; NULL = not set */
};
/* Copies and checks (scheme http, https, socks5, socks5h; none = http). */
int tinet__proxies_init(struct tinet__proxies *p, const char *http,
                        const char *https, const char *none,
                        tinet_error *err) TINET_MUST_CHECK;
void tinet__proxies_free(struct tinet__proxies *p);
/* The proxy's URL or NULL.  no_proxy: "*", host names (and their subdomains,
 * with or without leading dot), host:port, IP addresses, CIDR blocks. */
const char *tinet__proxies_for(const struct tinet__proxies *p,
                               const struct tinet__url *url);
/* Does no_proxy name the host? */
bool tinet__no_proxy_matches(const char *no_proxy, const char *host, int port);

#endif
