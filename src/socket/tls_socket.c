/* tls_socket.c - TLS on a stream. */
#include "tls.h"

#include <errno.h>
int tinet__tls_client_new(const tinet_tls_client_options *opt, const char *host, struct tinet__tls **ret_tls, tinet_error *err){(void)opt;(void)host;(void)ret_tls;(void)err;return TINET_EUNSUPPORTED;}
int tinet__tls_server_new(const tinet_tls_server_options *opt, struct tinet__tls_server **ret_server, tinet_error *err){(void)opt;(void)ret_server;(void)err;return TINET_EUNSUPPORTED;}
void tinet__tls_server_free(struct tinet__tls_server *server){(void)server;}
uint32_t tinet__tls_server_timeout_ms(const struct tinet__tls_server *server){(void)server;return 0;}
int tinet__tls_accepted_new(struct tinet__tls_server *server, struct tinet__tls **ret_tls){(void)server;(void)ret_tls;return TINET_EUNSUPPORTED;}
void tinet__tls_free(struct tinet__tls *tls){(void)tls;}
int tinet__tls_handshake(struct tinet__tls *tls, int fd){(void)tls;(void)fd;return -EPROTO;}
ssize_t tinet__tls_recv(struct tinet__tls *tls, void *buf, size_t len){(void)tls;(void)buf;(void)len;return -EPROTO;}
ssize_t tinet__tls_send(struct tinet__tls *tls, const void *data, size_t len){(void)tls;(void)data;(void)len;return -EPROTO;}
int tinet__tls_shutdown(struct tinet__tls *tls){(void)tls;return 0;}
bool tinet__tls_wants_write(const struct tinet__tls *tls){(void)tls;return false;}
bool tinet__tls_has_pending(const struct tinet__tls *tls){(void)tls;return false;}
const tinet_error *tinet__tls_error(const struct tinet__tls *tls){(void)tls;return NULL;}
const tinet_tls_failure *tinet__tls_failure(const struct tinet__tls *tls){(void)tls;return NULL;}
void tinet__tls_info(const struct tinet__tls *tls, tinet_tls_info *ret_info){(void)tls;(void)ret_info;}
