/* tls_bio.c - the socket as OpenSSL sees it: no signals, errno kept.
 *
 * OpenSSL's own socket BIO writes with write(), which raises SIGPIPE.  This one
 * goes to the descriptor directly, so that TLS copies nothing on its way.
 */
#include "tls_private.h"

#include <errno.h>
#include <pthread.h>
#include <sys/socket.h>

static BIO_METHOD *method; /* of the process; made once */
static pthread_once_t method_once = PTHREAD_ONCE_INIT;

static int conclude(BIO *bio, ssize_t n, bool is_write)
{
  struct tinet__tls *tls = BIO_get_data(bio);

  if (n >= 0)
    return (int)n;
  if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
    tls->io_errno = errno;
    return -1;
  }
  if (is_write)
    BIO_set_retry_write(bio);
  else
    BIO_set_retry_read(bio);
  return -1;
}

static int on_write(BIO *bio, const char *data, int len)
{
  struct tinet__tls *tls = BIO_get_data(bio);

  BIO_clear_retry_flags(bio);
  return conclude(bio, send(tls->fd, data, (size_t)len, MSG_NOSIGNAL), true);
}

static int on_read(BIO *bio, char *buf, int len)
{
  struct tinet__tls *tls = BIO_get_data(bio);
  ssize_t n;

  BIO_clear_retry_flags(bio);
  n = recv(tls->fd, buf, (size_t)len, 0);
  if (n == 0)
    tls->is_eof = true;
  return conclude(bio, n, false);
}

static long on_ctrl(BIO *bio, int command, long number, void *arg)
{
  struct tinet__tls *tls = BIO_get_data(bio);

  (void)number;
  (void)arg;
  if (command == BIO_CTRL_EOF)
    return tls->is_eof;
  return command == BIO_CTRL_FLUSH; /* nothing is held back */
}

static void make_method(void)
{
  int type = BIO_get_new_index();

  if (type < 0)
    return;
  method = BIO_meth_new(type | BIO_TYPE_SOURCE_SINK, "tinet socket");
  if (!method)
    return;
  (void)BIO_meth_set_write(method, on_write); /* they only store */
  (void)BIO_meth_set_read(method, on_read);
  (void)BIO_meth_set_ctrl(method, on_ctrl);
}

BIO *tinet__tls_bio(struct tinet__tls *tls)
{
  BIO *bio;

  if (pthread_once(&method_once, make_method) != 0 || !method)
    return NULL;
  bio = BIO_new(method);
  if (!bio)
    return NULL;
  BIO_set_data(bio, tls);
  BIO_set_init(bio, 1);
  return bio;
}
