/* tls_private.h - what the OpenSSL files of the sockets share. */
#ifndef TINET_SOCKET_TLS_PRIVATE_H
#define TINET_SOCKET_TLS_PRIVATE_H

#include "../trust/failure.h"
#include "tls.h"

#include <openssl/ssl.h>

struct tinet__tls {
  SSL *ssl; /* owned */
  int fd;   /* borrowed from the stream; -1 until the handshake */
  bool is_server, is_address, is_open, is_eof, wants_write;
  int io_errno; /* of the socket, in the last call */
  struct tinet__tls_trouble trouble;
  char *host;                       /* owned; what the peer must be; or NULL */
  tinet_trust *trust;               /* a reference, or NULL */
  struct tinet__tls_server *server; /* a reference, or NULL */
  tinet_error error;                /* code 0: nothing has failed */
  tinet_tls_failure *failure;       /* owned; NULL until one is known */
  char alpn[256], subject[256];     /* filled in by the handshake */
};

struct tinet__tls_server {
  unsigned n_refs;     /* the listener's, and one a connection */
  SSL_CTX *ctx;        /* owned */
  unsigned char *alpn; /* owned; as on the wire */
  size_t alpn_len;
  uint32_t handshake_timeout_ms;
};

/* A context with the settings of both sides; NULL: no memory. */
SSL_CTX *tinet__tls_context(bool is_server);
/* A connection on it, which keeps a reference to `ctx`. */
int tinet__tls_new(SSL_CTX *ctx, bool is_server,
                   struct tinet__tls **ret_tls) TINET_MUST_CHECK;
/* OpenSSL's last error as TINET_ETLS or another code; empties its queue. */
int tinet__tls_queue_error(tinet_error *err, int code, const char *what);
/* Protocol names as on the wire (rfc: 7301 3.1).  TINET_EINVAL: empty or longer
 * than 255 bytes. */
int tinet__tls_alpn(const char *const *names, size_t n,
                    unsigned char **ret_wire, size_t *ret_len) TINET_MUST_CHECK;
/* The socket, as OpenSSL reads and writes it; NULL: no memory. */
BIO *tinet__tls_bio(struct tinet__tls *tls);

#endif
