/* tls_echo.c - a TLS server that sends back what it gets.
 *
 *   cc tls_echo.c -o tls_echo $(pkg-config --cflags --libs tinet)
 *   ./tls_echo cert.pem key.pem
 *   tinet connect localhost PORT --tls --ca-file cert.pem
 */
#include <stdio.h>
#include <stdlib.h>
#include <tinet/socket.h>

/* What the kernel does not take at once is queued.  Until all of it has gone
 * nothing more is read, so a client that sends and never reads costs at most
 * one buffer. */
static void on_read(tinet_stream *s, const void *data, size_t len, void *user)
{
  (void)user;
  if (tinet_stream_write(s, data, len) == 1)
    tinet_stream_read_stop(s);
}

static void on_drain(tinet_stream *s, void *user)
{
  (void)user;
  if (tinet_stream_read_start(s) < 0)
    tinet_stream_close(s);
}

/* The client has said all: so have we, once everything is sent. */
static void on_end(tinet_stream *s, void *user)
{
  (void)user;
  if (tinet_stream_finish(s, 10000) < 0)
    tinet_stream_close(s);
}

static void on_finished(tinet_stream *s, size_t n_dropped, void *user)
{
  (void)n_dropped;
  (void)user;
  tinet_stream_close(s);
}

static void on_error(tinet_stream *s, const tinet_error *err, void *user)
{
  (void)user;
  (void)fprintf(stderr, "%s: %s\n", tinet_error_name(err->code), err->text);
  tinet_stream_close(s);
}

/* After the handshake. */
static void on_open(tinet_stream *s, void *user)
{
  on_drain(s, user);
}

static void on_accept(tinet_listener *l, tinet_stream *s, void *user)
{
  static const tinet_stream_events events = {on_open,  on_read,     on_end,
                                             on_drain, on_finished, on_error};

  (void)l;
  (void)user;
  tinet_stream_set_events(s, &events, NULL);
}

static char *read_file(const char *path, size_t *ret_len)
{
  FILE *f = fopen(path, "rb");
  char *data = malloc(65536);

  if (!f || !data) {
    perror(path);
    exit(1);
  }
  *ret_len = fread(data, 1, 65536, f);
  (void)fclose(f);
  return data;
}

int main(int argc, char **argv)
{
  tinet_tls_server_options tls;
  tinet_listen_options opt;
  tinet_listener *listener;
  tinet_endpoint where;
  tinet_loop *loop;
  tinet_error err = {0};

  if (argc != 3) {
    (void)fprintf(stderr, "usage: tls_echo CERTIFICATE KEY\n");
    return 2;
  }
  tinet_tls_server_options_init(&tls);
  tls.certificate = read_file(argv[1], &tls.certificate_len);
  tls.key = read_file(argv[2], &tls.key_len);
  tinet_listen_options_init(&opt);
  opt.tls = &tls;
  if (tinet_loop_open(&loop) < 0)
    return 1;
  if (tinet_listener_open(loop, &opt,
                          &(tinet_listener_events){.on_accept = on_accept},
                          NULL, &listener, &err) < 0 ||
      tinet_listener_local(listener, &where) < 0) {
    (void)fprintf(stderr, "%s\n", err.text);
    return 1;
  }
  (void)printf("listening on port %u\n", (unsigned)where.port);
  (void)fflush(stdout);
  return tinet_loop_run(loop); /* for as long as it listens */
}
