/* stream_now.c - a connection that is waited for. */
#include "sockets.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* 0 or an errno; `deadline_ms` is what is left. */
static int wait_connected(int fd, int deadline_ms)
{
  struct pollfd p = {.fd = fd, .events = POLLOUT};
  socklen_t len = sizeof(int);
  int error = 0, n;

  do
    n = poll(&p, 1, deadline_ms);
  while (n < 0 && errno == EINTR);
  if (n == 0)
    return ETIMEDOUT;
  if (n < 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
    return errno;
  return error;
}

/* One address; the descriptor, or -1 with *ret_error. */
static int connect_address(const struct addrinfo *ai, int timeout_ms,
                           int *ret_error)
{
  int fd = socket(ai->ai_family, ai->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
                  ai->ai_protocol);

  if (fd < 0) {
    *ret_error = errno;
    return -1;
  }
  *ret_error = connect(fd, ai->ai_addr, ai->ai_addrlen) == 0 ? 0 : errno;
  if (*ret_error == EINPROGRESS)
    *ret_error = wait_connected(fd, timeout_ms);
  if (*ret_error == 0)
    return fd;
  (void)close(fd);
  return -1;
}

/* ti: Titanium.Network.TCPSocket.connect - blocks; the descriptor or -1. */
static int connect_now(const char *host, unsigned port, int timeout_ms,
                       tinet_error *err)
{
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;
  char service[8];
  int error = EHOSTUNREACH, fd = -1, rc;

  (void)snprintf(service, sizeof service, "%u", port);
  rc = getaddrinfo(host, service, &hints, &list);
  if (rc != 0) {
    err->code = TINET_ERESOLVE;
    err->origin = TINET_ORIGIN_RESOLVER;
    err->number = rc;
    (void)snprintf(err->text, sizeof err->text, "%s", gai_strerror(rc));
    return -1;
  }
  for (const struct addrinfo *ai = list; ai && fd < 0; ai = ai->ai_next)
    fd = connect_address(ai, timeout_ms, &error);
  freeaddrinfo(list);
  if (fd < 0) {
    err->code = TINET_ECONNECT;
    err->origin = TINET_ORIGIN_SYSTEM;
    err->number = error;
    (void)snprintf(err->text, sizeof err->text, "%s", strerror(error));
  }
  return fd;
}

/* streamConnectNow(owner, host, port, timeout) -> handle; waits */
static napi_value stream_connect_now(napi_env env, napi_callback_info info)
{
  struct addon *a = addon_of(env);
  napi_value args[4], external = NULL;
  tinet_error err = {0};
  struct handle *h;
  char *host;
  int fd, code;

  if (!get_args(env, info, 4, args) || !a->loop ||
      !(host = get_text(env, args[1], NULL)))
    return NULL;
  fd = connect_now(host, get_uint(env, args[2]), (int)get_uint(env, args[3]),
                   &err);
  free(host);
  if (fd < 0) {
    throw_socket_error(env, err.code, &err);
    return NULL;
  }
  h = handle_new(a, HANDLE_STREAM, args[0], &external);
  code = h ? tinet_stream_open_fd(a->loop, fd, &stream_events, h, &h->of.stream)
           : TINET_ENOMEM;
  if (code < 0) {
    (void)close(fd);
    if (h)
      throw_code(env, code, NULL);
    return NULL;
  }
  return external;
}

void define_stream_now(napi_env env, napi_value exports)
{
  define(env, exports, "streamConnectNow", stream_connect_now);
}
