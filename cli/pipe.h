/* pipe.h - standard input and output on a socket. */
#ifndef TINET_CLI_PIPE_H
#define TINET_CLI_PIPE_H

#include "cli.h"

#include <tinet/loop.h>
#include <tinet/socket.h>

struct cli_pipe;

/* Opens what reads standard input; the memory lives until the program ends,
 * because a thread may be waiting in read(). */
struct cli_pipe *cli_pipe_open(tinet_loop *loop);

/* A connection takes the place of the one before: what comes goes to standard
 * output, standard input goes out, and its end is passed on.  `on_over(user,
 * status)` is called once, when the peer has ended or the connection is lost
 * (the reason has been printed then); the stream is closed. */
void cli_pipe_stream(struct cli_pipe *p, tinet_stream *stream,
                     void (*on_over)(void *user, int status), void *user);

/* The same for datagrams: to `to`, or to whoever sent the last one if `to` is
 * NULL.  It is over `wait_s` seconds after the end of standard input. */
struct cli_datagrams {
  const tinet_udp_options *options;
  const char *also; /* another address with the same port; NULL = none */
  const tinet_endpoint *to;
  unsigned wait_s;
};
int cli_pipe_udp(struct cli_pipe *p, const struct cli_datagrams *how,
                 void (*on_over)(void *user, int status), void *user);
tinet_udp *cli_pipe_udp_socket(const struct cli_pipe *p);

/* Lets the loop turn once, also when only standard input is waited for. */
void cli_pipe_turn(struct cli_pipe *p);

#endif
