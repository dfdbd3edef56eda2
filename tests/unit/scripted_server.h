/* scripted_server.h - a server on a thread that answers with given bytes.
 *
 * Each request that arrives, on whichever connection, takes the next reply of
 * the script.  What was received is kept for the test to look at.
 */
#ifndef TINET_TEST_SCRIPTED_SERVER_H
#define TINET_TEST_SCRIPTED_SERVER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum after { KEEP, CLOSE, RESET };
struct reply {
  const char *bytes;
  enum after after;
  size_t repeat; /* send the bytes so often; 0 = once */
};

#define SERVER_MAX_REQUESTS 16
struct server {
  int fd, port;
  SSL_CTX *tls; /* NULL = cleartext */
  const struct reply *script;
  size_t n_script;
  pthread_mutex_t lock;
  pthread_t thread;
  pthread_t workers[64];
  int peers[64];
  size_t n_connections, n_requests, n_resumed;
  char *requests[SERVER_MAX_REQUESTS];
};
struct peer {
  struct server *server;
  int fd;
  SSL *ssl;
};

static ssize_t peer_read(struct peer *p, char *to, size_t max)
{
  return p->ssl ? SSL_read(p->ssl, to, (int)max) : recv(p->fd, to, max, 0);
}

static bool peer_write(struct peer *p, const char *from, size_t len)
{
  while (len > 0) {
    ssize_t n = p->ssl ? SSL_write(p->ssl, from, (int)len)
                       : send(p->fd, from, len, MSG_NOSIGNAL);

    if (n <= 0)
      return false;
    from += n;
    len -= (size_t)n;
  }
  return true;
}

/* Head and body complete?  Good enough for what curl sends. */
static bool request_is_complete(const char *text, size_t len)
{
  const char *end = strstr(text, "\r\n\r\n");
  const char *length = strcasestr(text, "\r\nContent-Length: ");

  if (end == NULL)
    return false;
  if (strcasestr(text, "\r\nTransfer-Encoding: chunked") != NULL)
    return strstr(end, "\r\n0\r\n\r\n") != NULL;
  if (length == NULL || length > end)
    return true;
  return len - (size_t)(end + 4 - text) >= strtoul(length + 18, NULL, 10);
}

static bool read_request(struct peer *p)
{
  struct server *s = p->server;
  size_t cap = 1 << 20, len = 0;
  char *text = calloc(1, cap);

  while (len == 0 || !request_is_complete(text, len)) {
    ssize_t n = peer_read(p, text + len, cap - len - 1);

    if (n <= 0) {
      free(text);
      return false;
    }
    len += (size_t)n;
  }
  pthread_mutex_lock(&s->lock);
  if (s->n_requests < SERVER_MAX_REQUESTS)
    s->requests[s->n_requests] = text;
  else
    free(text);
  s->n_requests++;
  pthread_mutex_unlock(&s->lock);
  return true;
}

static bool answer(struct peer *p)
{
  struct server *s = p->server;
  struct reply r = {"", CLOSE, 0};
  struct linger hard = {1, 0};
  size_t at;

  pthread_mutex_lock(&s->lock);
  at = s->n_requests - 1;
  if (at < s->n_script)
    r = s->script[at];
  pthread_mutex_unlock(&s->lock);
  for (size_t i = 0; i < (r.repeat ? r.repeat : 1); i++) {
    if (!peer_write(p, r.bytes, strlen(r.bytes)))
      return false;
  }
  if (r.after == RESET)
    setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
  return r.after == KEEP;
}

static void *serve_peer(void *arg)
{
  struct peer *p = arg;
  struct server *s = p->server;
  bool is_ok = true;

  if (s->tls != NULL) {
    p->ssl = SSL_new(s->tls);
    SSL_set_fd(p->ssl, p->fd);
    is_ok = SSL_accept(p->ssl) == 1;
    pthread_mutex_lock(&s->lock);
    s->n_resumed += is_ok && SSL_session_reused(p->ssl);
    pthread_mutex_unlock(&s->lock);
  }
  while (is_ok && read_request(p))
    is_ok = answer(p);
  if (p->ssl != NULL && is_ok)
    SSL_shutdown(p->ssl);
  SSL_free(p->ssl);
  pthread_mutex_lock(&s->lock);
  for (size_t i = 0; i < 64; i++) {
    if (s->peers[i] == p->fd)
      s->peers[i] = -1;
  }
  close(p->fd);
  pthread_mutex_unlock(&s->lock);
  free(p);
  return NULL;
}

static void *serve(void *arg)
{
  struct server *s = arg;
  sigset_t pipe;

  /* On the server's threads only: the client has to do without. */
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, NULL);
  while (s->n_connections < 64) {
    int fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC);
    struct peer *p;

    if (fd < 0)
      break;
    p = calloc(1, sizeof(*p));
    p->server = s;
    p->fd = fd;
    pthread_mutex_lock(&s->lock);
    s->peers[s->n_connections] = fd;
    pthread_create(&s->workers[s->n_connections], NULL, serve_peer, p);
    s->n_connections++;
    pthread_mutex_unlock(&s->lock);
  }
  return NULL;
}

static void server_start(struct server *s, SSL_CTX *tls,
                         const struct reply *script, size_t n_script)
{
  struct sockaddr_in addr = {.sin_family = AF_INET};
  socklen_t len = sizeof(addr);

  memset(s, 0, sizeof(*s));
  s->tls = tls;
  s->script = script;
  s->n_script = n_script;
  pthread_mutex_init(&s->lock, NULL);
  addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (bind(s->fd, (struct sockaddr *)&addr, sizeof(addr)) != 0 ||
      listen(s->fd, 64) != 0 ||
      getsockname(s->fd, (struct sockaddr *)&addr, &len) != 0)
    abort();
  s->port = ntohs(addr.sin_port);
  pthread_create(&s->thread, NULL, serve, s);
}

/* Ends every connection and waits for the threads. */
static void server_stop(struct server *s)
{
  shutdown(s->fd, SHUT_RDWR);
  pthread_join(s->thread, NULL);
  pthread_mutex_lock(&s->lock);
  for (size_t i = 0; i < s->n_connections; i++) {
    if (s->peers[i] >= 0)
      shutdown(s->peers[i], SHUT_RDWR);
  }
  pthread_mutex_unlock(&s->lock);
  for (size_t i = 0; i < s->n_connections; i++)
    pthread_join(s->workers[i], NULL);
  close(s->fd);
  pthread_mutex_destroy(&s->lock);
  for (size_t i = 0; i < SERVER_MAX_REQUESTS; i++)
    free(s->requests[i]);
}

#endif
