/* tls_input.c - what a server sends, looked at before OpenSSL reads it.
 *
 * The first bytes tell whether it is TLS at all, and what else it is.  Looked
 * at afterwards they would be gone: a fast answer is read within the same call
 * of OpenSSL that sends the greeting.
 */
#include "tls_input.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

/* OpenSSL takes 100 kB of certificates; all else is small. */
#define MAX_BYTES (512 * 1024)
#define FIRST_LINE 48

static size_t first_line(const char *bytes, size_t n)
{
  size_t len = 0;

  while (len < n && bytes[len] >= ' ' && bytes[len] < 0x7f)
    len++;
  return len;
}

/* "HTTP/1.1 400 Bad Request", or old servers' page without a header. */
static bool is_http(const char *bytes, size_t n)
{
  return strncmp(bytes, "HTTP/", n < 5 ? n : 5) == 0 ||
         (n >= 5 && (strncasecmp(bytes, "<html", 5) == 0 ||
                     strncasecmp(bytes, "<!doc", 5) == 0));
}

static void tell(struct tinet__tls_input *in, const char *bytes, size_t n)
{
  size_t len = first_line(bytes, n);

  in->is_other = true;
  if (is_http(bytes, n))
    (void)snprintf(in->text, sizeof in->text,
                   "the server speaks plain HTTP here, not TLS");
  else if (len >= 3)
    (void)snprintf(in->text, sizeof in->text,
                   "the server's answer is not TLS: \"%.*s\"", (int)len, bytes);
  else
    (void)snprintf(in->text, sizeof in->text, "the server's answer is not TLS");
}

bool tinet__tls_input_look(struct tinet__tls_input *in)
{
  char bytes[FIRST_LINE];
  ssize_t n;

  if (in->has_begun)
    return true;
  n = recv(in->fd, bytes, sizeof bytes, MSG_PEEK | MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return false;
  in->has_begun = true;
  /* The types of TLS's records, and the major version since SSL 3.0. */
  if (n > 0 && !(bytes[0] >= 20 && bytes[0] <= 24 && (n == 1 || bytes[1] == 3)))
    tell(in, bytes, (size_t)n);
  return true; /* of an end or an error OpenSSL will find the same */
}

/* NOLINTNEXTLINE(readability-function-size): OpenSSL's parameters */
static long on_read(BIO *bio, int what, const char *arg, size_t len, int argi,
                    long argl, int ret, size_t *n)
{
  struct tinet__tls_input *in = (void *)BIO_get_callback_arg(bio);
  bool has_looked;

  (void)arg;
  (void)len;
  (void)argi;
  (void)argl;
  if (what == (BIO_CB_READ | BIO_CB_RETURN) && ret > 0 && n)
    in->n_read += *n;
  if (what != BIO_CB_READ)
    return ret;
  has_looked = tinet__tls_input_look(in);
  in->is_endless = in->n_read > MAX_BYTES;
  if (has_looked && !in->is_other && !in->is_endless)
    return ret;
  BIO_clear_retry_flags(bio);
  if (!has_looked) /* what comes between this look and a read would be missed */
    BIO_set_retry_read(bio);
  return -1;
}

void tinet__tls_input_watch(BIO *bio, struct tinet__tls_input *input)
{
  BIO_set_callback_ex(bio, on_read);
  BIO_set_callback_arg(bio, (char *)input);
}
