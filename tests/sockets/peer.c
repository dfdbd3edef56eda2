/* peer.c - one end of a test between namespaces, told by its arguments.
 *
 *   peer receive GROUP PORT INTERFACE        prints "ready", then one datagram
 *   peer send GROUP PORT INTERFACE TEXT
 *   peer connect HOST PORT                   prints "connected" or the error
 *   peer hold HOST PORT [TEXT]               the same, then waits for a line on
 *                                            standard input, sends TEXT, and
 *                                            prints how the connection is lost
 *   peer listen HOST                         prints the port, then who came
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tinet/socket.h>

static tinet_loop *loop;

static void say(const char *what, const tinet_endpoint *e)
{
  char text[TINET_ENDPOINT_TEXT_MAX];

  tinet_endpoint_text(e, text);
  printf("%s %s\n", what, text);
}

static int complain(const char *what, const tinet_error *err)
{
  printf("%s: %s %ld %s\n", what, tinet_error_name(err->code), err->number,
         err->text);
  return 1;
}

static void on_datagram(tinet_udp *udp, const tinet_datagram *d, void *user)
{
  (void)user;
  printf("%.*s\n", (int)d->len, (const char *)d->data);
  say("from", &d->from);
  tinet_udp_receive_stop(udp);
}

static int receive_or_send(int argc, char **argv)
{
  tinet_udp_events events = {.on_datagram = on_datagram};
  bool is_send = strcmp(argv[1], "send") == 0;
  tinet_udp_options opt;
  tinet_endpoint group;
  tinet_error err = {0};
  tinet_udp *udp;
  int rc;

  if (argc < (is_send ? 6 : 5) ||
      tinet_endpoint_parse(argv[2], (uint16_t)atoi(argv[3]), &group) < 0)
    return 2;
  tinet_udp_options_init(&opt);
  opt.port = is_send ? 0 : group.port;
  opt.reuse_address = !is_send;
  if (tinet_udp_open(loop, &opt, &events, NULL, &udp, &err) < 0)
    return complain("open", &err);
  if (is_send) {
    rc = tinet_udp_set_multicast_interface(udp, argv[4]);
    if (rc == 0)
      rc = tinet_udp_send(udp, &group, argv[5], strlen(argv[5]), &err);
  } else {
    rc = tinet_udp_join(udp, &group, argv[4], &err);
    if (rc == 0)
      rc = tinet_udp_receive_start(udp);
    printf("ready\n");
    (void)fflush(stdout);
  }
  if (rc < 0)
    return complain("group", &err);
  (void)tinet_loop_run(loop);
  tinet_udp_close(udp);
  return 0;
}

static void on_open(tinet_stream *s, void *user)
{
  tinet_endpoint e = {0};

  (void)user;
  if (tinet_stream_peer(s, &e) == 0)
    say("connected", &e);
}

static void on_error(tinet_stream *s, const tinet_error *err, void *user)
{
  (void)s;
  (void)user;
  (void)complain("error", err);
}

static int connect_to(char **argv)
{
  tinet_stream_events events = {.on_open = on_open, .on_error = on_error};
  tinet_connect_options opt;
  tinet_error err;
  tinet_stream *s;

  tinet_connect_options_init(&opt);
  opt.host = argv[2];
  opt.port = (uint16_t)atoi(argv[3]);
  opt.timeout_ms = 20000;
  if (tinet_stream_connect(loop, &opt, &events, NULL, &s, &err) < 0)
    return complain("connect", &err);
  (void)tinet_loop_run(loop);
  (void)tinet_stream_close(s);
  return 0;
}

static void on_accept(tinet_listener *l, tinet_stream *s, void *user)
{
  tinet_endpoint e = {0};

  (void)user;
  if (tinet_stream_peer(s, &e) == 0)
    say("from", &e);
  (void)tinet_stream_close(s);
  tinet_listener_close(l);
}

static void on_held_open(tinet_stream *s, void *text)
{
  char line[10];

  on_open(s, NULL);
  (void)fflush(stdout);
  if (tinet_stream_set_keep_alive(s, 1, 1, 2) < 0 ||
      tinet_stream_read_start(s) < 0 || !fgets(line, sizeof line, stdin) ||
      (text && tinet_stream_write(s, text, strlen(text)) < 0))
    printf("it cannot be held\n");
}

static int hold(char **argv)
{
  tinet_stream_events events = {.on_open = on_held_open, .on_error = on_error};
  tinet_connect_options opt;
  tinet_error err;
  tinet_stream *s;

  tinet_connect_options_init(&opt);
  opt.host = argv[2];
  opt.port = (uint16_t)atoi(argv[3]);
  if (tinet_stream_connect(loop, &opt, &events, argv[4], &s, &err) < 0)
    return complain("connect", &err);
  (void)tinet_loop_run(loop);
  (void)tinet_stream_close(s);
  return 0;
}

static int listen_on(char **argv)
{
  tinet_listen_options opt;
  tinet_listener *l;
  tinet_endpoint e = {0};
  tinet_error err;

  tinet_listen_options_init(&opt);
  opt.host = argv[2];
  if (tinet_listener_open(loop, &opt,
                          &(tinet_listener_events){.on_accept = on_accept},
                          NULL, &l, &err) < 0 ||
      tinet_listener_local(l, &e) < 0)
    return complain("listen", &err);
  printf("%u\n", (unsigned)e.port);
  (void)fflush(stdout);
  (void)tinet_loop_run(loop);
  return 0;
}

int main(int argc, char **argv)
{
  int rc = 2;

  if (argc < 3 || tinet_loop_open(&loop) < 0)
    return 2;
  if (strcmp(argv[1], "listen") == 0)
    rc = listen_on(argv);
  else if (strcmp(argv[1], "connect") == 0 && argc > 3)
    rc = connect_to(argv);
  else if (strcmp(argv[1], "hold") == 0 && argc > 3)
    rc = hold(argv);
  else
    rc = receive_or_send(argc, argv);
  return tinet_loop_close(loop) == 0 ? rc : 3;
}
