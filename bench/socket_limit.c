/* socket_limit.c - an echo server of nothing but system calls: what no server
 * can be quicker than.  It speaks as node/socket_server.mjs does: prints its
 * port, and when the last of N connections has ended what CPU time it took.
 *
 *   socket_limit N
 */
#include "cpu.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS_MAX 64

static int n_left;

static int listen_somewhere(void)
{
  struct sockaddr_in sin = {.sin_family = AF_INET};
  socklen_t len = sizeof sin;
  int fd = socket(AF_INET, SOCK_STREAM, 0);

  sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0 || bind(fd, (struct sockaddr *)&sin, sizeof sin) != 0 ||
      listen(fd, SOMAXCONN) != 0 ||
      getsockname(fd, (struct sockaddr *)&sin, &len) != 0)
    exit(1);
  printf("{\"port\":%d}\n", ntohs(sin.sin_port));
  (void)fflush(stdout);
  return fd;
}

static void take_all(int listener, int epoll, int n)
{
  for (int i = 0; i < n; i++) {
    struct epoll_event ev = {.events = EPOLLIN};
    int on = 1;

    ev.data.fd = accept(listener, NULL, NULL);
    if (ev.data.fd < 0 ||
        setsockopt(ev.data.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
        epoll_ctl(epoll, EPOLL_CTL_ADD, ev.data.fd, &ev) != 0)
      exit(1);
  }
}

static void echo_once(int fd)
{
  char buf[65536];
  ssize_t n = recv(fd, buf, sizeof buf, MSG_DONTWAIT);

  if (n > 0 && send(fd, buf, (size_t)n, MSG_NOSIGNAL) == n)
    return;
  n_left--;
  (void)close(fd);
}

int main(int argc, char **argv)
{
  int listener = listen_somewhere(), epoll = epoll_create1(0);
  double start;

  n_left = argc > 1 ? atoi(argv[1]) : 1;
  take_all(listener, epoll, n_left);
  start = cpu_seconds();
  while (n_left > 0) {
    struct epoll_event events[EVENTS_MAX];
    int n = epoll_wait(epoll, events, EVENTS_MAX, -1);

    for (int i = 0; i < n; i++)
      echo_once(events[i].data.fd);
  }
  printf("{\"cpu\":%.6f}\n", cpu_seconds() - start);
  return 0;
}
