/* server.c - the peer of the benchmarks: one epoll thread, cleartext and TLS.
 *
 * GET /1k         1 KiB
 * GET /big/<len>  so many bytes from memory
 * PUT|POST any    the body is read and dropped
 *
 * With a folder as argument it writes a key and a certificate for 127.0.0.1
 * there (key.pem, cert.pem).  It prints the two ports, cleartext first, and
 * serves until its standard input ends.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEAD_MAX 8192
#define BLOCK ((size_t)512 * 1024)

struct conn {
  int fd;
  SSL *ssl;
  bool is_ready; /* handshake done */
  size_t in_len;
  uint64_t sink_left, body_left;
  size_t head_len, head_at;
  char head[2048]; /* of the answer; small bodies are in it */
  char in[HEAD_MAX];
};

static int ep, plain_fd, tls_fd;
static SSL_CTX *tls;
static char block[BLOCK], scratch[BLOCK];

static void conn_close(struct conn *c)
{
  if (c->ssl != NULL) {
    (void)SSL_shutdown(c->ssl);
    SSL_free(c->ssl);
  }
  (void)close(c->fd);
  free(c);
}

/* > 0 bytes, 0 = later, -1 = over */
static ssize_t conn_read(struct conn *c, void *to, size_t max)
{
  ssize_t n;
  int err;

  if (c->ssl == NULL) {
    n = recv(c->fd, to, max, 0);
    if (n < 0 && errno == EAGAIN)
      return 0;
    return n > 0 ? n : -1;
  }
  n = SSL_read(c->ssl, to, (int)max);
  if (n > 0)
    return n;
  err = SSL_get_error(c->ssl, (int)n);
  return err == SSL_ERROR_WANT_READ || err == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

static ssize_t conn_write(struct conn *c, const void *from, size_t len)
{
  ssize_t n;
  int err;

  if (c->ssl == NULL) {
    n = send(c->fd, from, len, MSG_NOSIGNAL);
    if (n < 0)
      return errno == EAGAIN ? 0 : -1;
    return n;
  }
  n = SSL_write(c->ssl, from, (int)(len < 16384 ? len : 16384));
  if (n > 0)
    return n;
  err = SSL_get_error(c->ssl, (int)n);
  return err == SSL_ERROR_WANT_READ || err == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

static void want(struct conn *c, uint32_t events)
{
  struct epoll_event e = {.events = events, .data.ptr = c};

  (void)epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e);
}

/* 1 = all written, 0 = later, -1 = over */
static int flush_out(struct conn *c)
{
  while (c->head_at < c->head_len || c->body_left > 0) {
    bool is_head = c->head_at < c->head_len;
    size_t len = is_head ? c->head_len - c->head_at : BLOCK;
    ssize_t n;

    if (!is_head && c->body_left < len)
      len = (size_t)c->body_left;
    n = conn_write(c, is_head ? c->head + c->head_at : block, len);
    if (n <= 0)
      return (int)n;
    if (is_head)
      c->head_at += (size_t)n;
    else
      c->body_left -= (uint64_t)n;
  }
  return 1;
}

static void answer(struct conn *c, const char *path)
{
  uint64_t len = strncmp(path, "/big/", 5) == 0 ? strtoull(path + 5, NULL, 10)
                 : strncmp(path, "/1k", 3) == 0 ? 1024
                                                : 2;
  int n = snprintf(
      c->head, sizeof(c->head),
      "HTTP/1.1 200 OK\r\nServer: bench\r\n"
      "Date: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
      "%sContent-Type: text/plain\r\nContent-Length: %llu\r\n\r\n",
      strstr(path, "?cached ") ? "Cache-Control: max-age=2000000000\r\n" : "",
      (unsigned long long)len);

  c->head_at = 0;
  c->head_len = (size_t)n;
  c->body_left = len;
  if (len <= 1024) {
    memcpy(c->head + n, block, (size_t)len);
    c->head_len += (size_t)len;
    c->body_left = 0;
  }
}

/* A complete head at the front of `in`?  Answers it.  1 = did, 0 = no. */
static int take_request(struct conn *c)
{
  char *end, *length, *path;
  size_t used, extra;
  uint64_t body = 0;

  c->in[c->in_len] = '\0';
  end = strstr(c->in, "\r\n\r\n");
  if (end == NULL)
    return 0;
  used = (size_t)(end + 4 - c->in);
  *end = '\0';
  length = strcasestr(c->in, "\r\nContent-Length:");
  if (length != NULL)
    body = strtoull(length + 17, NULL, 10);
  path = strchr(c->in, ' ');
  answer(c, path ? path + 1 : "/");
  extra = c->in_len - used;
  if (extra > body)
    extra = (size_t)body;
  c->sink_left = body - extra;
  memmove(c->in, c->in + used + extra, c->in_len - used - extra);
  c->in_len -= used + extra;
  return 1;
}

static int drain_sink(struct conn *c)
{
  while (c->sink_left > 0) {
    ssize_t n = conn_read(c, scratch,
                          c->sink_left < BLOCK ? (size_t)c->sink_left : BLOCK);

    if (n <= 0)
      return (int)n;
    c->sink_left -= (uint64_t)n;
  }
  return 1;
}

/* One step after another until one has to wait: 0, or -1 = over. */
static int turn(struct conn *c)
{
  bool has_answer = c->head_len > 0;

  for (;;) {
    ssize_t n;
    int r;

    if (has_answer) {
      r = drain_sink(c);
      if (r <= 0)
        return r;
      r = flush_out(c);
      want(c, r == 0 ? EPOLLOUT : EPOLLIN);
      if (r <= 0)
        return r;
      c->head_len = 0;
    }
    has_answer = take_request(c) != 0;
    if (has_answer)
      continue;
    n = conn_read(c, c->in + c->in_len, HEAD_MAX - 1 - c->in_len);
    if (n <= 0)
      return (int)n;
    c->in_len += (size_t)n;
    has_answer = take_request(c) != 0;
  }
}

static int handshake(struct conn *c)
{
  int n = SSL_accept(c->ssl), err;

  if (n == 1) {
    c->is_ready = true;
    return turn(c);
  }
  err = SSL_get_error(c->ssl, n);
  return err == SSL_ERROR_WANT_READ || err == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

static void accept_all(int fd, bool is_tls)
{
  for (;;) {
    struct epoll_event e = {.events = EPOLLIN};
    int peer = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), one = 1;
    struct conn *c;

    if (peer < 0)
      return;
    (void)setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    c = calloc(1, sizeof(*c));
    if (c == NULL)
      abort();
    c->fd = peer;
    c->is_ready = !is_tls;
    if (is_tls) {
      c->ssl = SSL_new(tls);
      (void)SSL_set_fd(c->ssl, peer);
      SSL_set_mode(c->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE |
                               SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    }
    e.data.ptr = c;
    (void)epoll_ctl(ep, EPOLL_CTL_ADD, peer, &e);
  }
}

static int listen_on(struct sockaddr_in *addr)
{
  socklen_t len = sizeof(*addr);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

  memset(addr, 0, sizeof(*addr));
  addr->sin_family = AF_INET;
  addr->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0 || bind(fd, (struct sockaddr *)addr, len) != 0 ||
      listen(fd, 1024) != 0 ||
      getsockname(fd, (struct sockaddr *)addr, &len) != 0)
    abort();
  return fd;
}

static void write_pem(const char *folder, const char *name, X509 *cert,
                      EVP_PKEY *key)
{
  char path[512];
  FILE *f;

  (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
  f = fopen(path, "w");
  if (f == NULL)
    abort();
  if (cert != NULL)
    (void)PEM_write_X509(f, cert);
  else
    (void)PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL);
  (void)fclose(f);
}

static void make_tls(const char *folder)
{
  EVP_PKEY *key = EVP_EC_gen("P-256");
  X509 *cert = X509_new();
  X509_NAME *subject = X509_get_subject_name(cert);
  X509_EXTENSION *name = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name,
                                             "IP:127.0.0.1,DNS:localhost");

  (void)X509_set_version(cert, 2);
  (void)ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
  (void)X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
  (void)X509_gmtime_adj(X509_getm_notAfter(cert), 86400);
  (void)X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                                   (const unsigned char *)"tinet bench", -1, -1,
                                   0);
  (void)X509_set_issuer_name(cert, subject);
  (void)X509_add_ext(cert, name, -1);
  (void)X509_set_pubkey(cert, key);
  (void)X509_sign(cert, key, EVP_sha256());
  tls = SSL_CTX_new(TLS_server_method());
  if (SSL_CTX_use_certificate(tls, cert) != 1 ||
      SSL_CTX_use_PrivateKey(tls, key) != 1)
    abort();
  write_pem(folder, "cert.pem", cert, NULL);
  write_pem(folder, "key.pem", NULL, key);
  X509_EXTENSION_free(name);
  X509_free(cert);
  EVP_PKEY_free(key);
}

static void serve(void)
{
  struct epoll_event events[256];

  for (;;) {
    int n = epoll_wait(ep, events, 256, -1);

    for (int i = 0; i < n; i++) {
      struct conn *c = events[i].data.ptr;

      if (events[i].data.ptr == &plain_fd)
        accept_all(plain_fd, false);
      else if (events[i].data.ptr == &tls_fd)
        accept_all(tls_fd, true);
      else if (c == NULL)
        return; /* standard input ended */
      else if ((c->is_ready ? turn(c) : handshake(c)) < 0)
        conn_close(c);
    }
  }
}

int main(int argc, char **argv)
{
  struct sockaddr_in addr;
  struct epoll_event e = {.events = EPOLLIN};

  if (argc != 2) {
    (void)fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
    return 2;
  }
  (void)signal(SIGPIPE, SIG_IGN);
  memset(block, 'x', sizeof(block));
  make_tls(argv[1]);
  ep = epoll_create1(EPOLL_CLOEXEC);
  plain_fd = listen_on(&addr);
  printf("%d ", ntohs(addr.sin_port));
  tls_fd = listen_on(&addr);
  printf("%d\n", ntohs(addr.sin_port));
  (void)fflush(stdout);
  e.data.ptr = &plain_fd;
  (void)epoll_ctl(ep, EPOLL_CTL_ADD, plain_fd, &e);
  e.data.ptr = &tls_fd;
  (void)epoll_ctl(ep, EPOLL_CTL_ADD, tls_fd, &e);
  e.data.ptr = NULL;
  (void)epoll_ctl(ep, EPOLL_CTL_ADD, 0, &e);
  serve();
  SSL_CTX_free(tls);
  return 0;
}
