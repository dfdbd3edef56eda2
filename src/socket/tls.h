/* tls.h - TLS on a non-blocking stream socket. */
#ifndef TINET_SOCKET_TLS_H
#define TINET_SOCKET_TLS_H

#include <sys/types.h>
#include <tinet/socket.h>

/* One connection's side of TLS. */
struct tinet__tls;
/* What the connections of a listener share: certificate, key, settings. */
struct tinet__tls_server;

/* `host` is what is connected to; NULL for a Unix-domain socket. */
int tinet__tls_client_new(const tinet_tls_client_options *opt, const char *host,
                          struct tinet__tls **ret_tls,
                          tinet_error *err) TINET_MUST_CHECK;
int tinet__tls_server_new(const tinet_tls_server_options *opt,
                          struct tinet__tls_server **ret_server,
                          tinet_error *err) TINET_MUST_CHECK;
void tinet__tls_server_free(struct tinet__tls_server *server);
uint32_t tinet__tls_server_timeout_ms(const struct tinet__tls_server *server);
/* A connection that has come to `server`, which may end before it. */
int tinet__tls_accepted_new(struct tinet__tls_server *server,
                            struct tinet__tls **ret_tls) TINET_MUST_CHECK;
void tinet__tls_free(struct tinet__tls *tls); /* NULL is fine */

/* Each returns 0 or a count; -EAGAIN (has to wait; to read unless
 * tinet__tls_wants_write()); another negative errno of the connection; or
 * -EPROTO: TLS has failed and tinet__tls_error() says how. */
int tinet__tls_handshake(struct tinet__tls *tls, int fd) TINET_MUST_CHECK;
ssize_t tinet__tls_recv(struct tinet__tls *tls, void *buf, size_t len);
ssize_t tinet__tls_send(struct tinet__tls *tls, const void *data, size_t len);
int tinet__tls_shutdown(struct tinet__tls *tls);

bool tinet__tls_wants_write(const struct tinet__tls *tls);
/* Whether something was received that the descriptor will not announce. */
bool tinet__tls_has_pending(const struct tinet__tls *tls);
const tinet_error *tinet__tls_error(const struct tinet__tls *tls);
const tinet_tls_failure *tinet__tls_failure(const struct tinet__tls *tls);
void tinet__tls_info(const struct tinet__tls *tls, tinet_tls_info *ret_info);

#endif
