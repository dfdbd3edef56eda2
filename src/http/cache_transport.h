/* cache_transport.h - a transport that answers from a cache what it can, and
 * leaves the rest to the transport below.
 *
 * Exchanges with `uses_cache` are looked up and stored; those with an unsafe
 * method make stored responses invalid; all others pass by.
 */
#ifndef TINET_HTTP_CACHE_TRANSPORT_H
#define TINET_HTTP_CACHE_TRANSPORT_H

#include "transport.h"
#include <tinet/cookie.h>

/* Takes `inner`, which was made with `config`, on success, and a reference to
 * the cache.  `cookies` (borrowed, may be NULL) gets those of responses that
 * nobody waits for.  TINET_ENOMEM. */
int tinet__cache_transport_open(
    tinet_loop *loop, const struct tinet__transport_config *config,
    tinet_cache *cache, tinet_cookie_jar *cookies,
    struct tinet__transport *inner,
    struct tinet__transport **ret_transport) TINET_MUST_CHECK;
/* Will it answer this exchange, which starts next, without the network?  False
 * for a transport of another kind. */
bool tinet__cache_transport_answers(struct tinet__transport *t,
                                    const struct tinet__exchange *x);

#endif
