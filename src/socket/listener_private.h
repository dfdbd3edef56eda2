/* listener_private.h - binding, for the listener. */
#ifndef TINET_SOCKET_LISTENER_PRIVATE_H
#define TINET_SOCKET_LISTENER_PRIVATE_H

#include "net.h"

#define TINET__LISTEN_MAX 8 /* sockets of one listener */

/* Opens, binds and listens on everything that the options name; fds[0 ...
 * *ret_n - 1] are the caller's.  The errors of tinet_listener_open(). */
int tinet__listen_all(const tinet_listen_options *opt,
                      int fds[TINET__LISTEN_MAX], size_t *ret_n,
                      tinet_error *err) TINET_MUST_CHECK;

#endif
