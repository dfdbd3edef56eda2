/* stream_now.c - a connection that is waited for.
 *
 * It is made on a loop of its own, because Node's does not turn meanwhile, and
 * then moved.
 */
#include "sockets.h"

#include <stdlib.h>
#include <unistd.h>

struct attempt {
  bool is_over;
  tinet_error err;
};

static void on_open(tinet_stream *stream, void *user)
{
  struct attempt *attempt = user;

  (void)stream;
  attempt->is_over = true;
}

static void on_error(tinet_stream *stream, const tinet_error *err, void *user)
{
  struct attempt *attempt = user;

  (void)stream;
  attempt->is_over = true;
  attempt->err = *err;
}

static int connect_on(tinet_loop *loop, const tinet_connect_options *opt,
                      int *ret_fd, tinet_error *err)
{
  static const tinet_stream_events events = {.on_open = on_open,
                                             .on_error = on_error};
  struct attempt attempt = {0};
  tinet_stream *stream = NULL;
  int code = tinet_stream_connect(loop, opt, &events, &attempt, &stream, err);

  if (code < 0)
    return code;
  while (!attempt.is_over && tinet_loop_run_once(loop) > 0)
    ;
  code = attempt.err.code;
  if (code == TINET_OK)
    code = tinet_stream_release_fd(stream, ret_fd);
  else
    *err = attempt.err;
  (void)tinet_stream_close(stream);
  return code;
}

/* ti: Titanium.Network.TCPSocket.connect - blocks, names and all within the
 * limit; the descriptor, or a code */
static int connect_now(const tinet_connect_options *opt, int *ret_fd,
                       tinet_error *err)
{
  tinet_loop *loop = NULL;
  int code = tinet_loop_open(&loop);

  if (code < 0)
    return code;
  code = connect_on(loop, opt, ret_fd, err);
  /* A name that is still being looked up keeps its memory: that thread cannot
   * be stopped. */
  (void)tinet_loop_close(loop);
  return code;
}

/* streamConnectNow(owner, host, port, timeout, addresses or null) -> handle;
 * waits */
static napi_value stream_connect_now(napi_env env, napi_callback_info info)
{
  struct addon *a = addon_of(env);
  napi_value args[5], external = NULL;
  tinet_endpoint endpoints[ENDPOINTS_MAX];
  tinet_connect_options opt;
  tinet_error err = {0};
  struct handle *h;
  char *host;
  int fd = -1, code;

  if (!get_args(env, info, 5, args) || !a->loop ||
      !(host = get_text(env, args[1], NULL)))
    return NULL;
  tinet_connect_options_init(&opt);
  opt.host = host;
  opt.port = (uint16_t)get_uint(env, args[2]);
  opt.timeout_ms = get_uint(env, args[3]);
  opt.endpoints = endpoints;
  opt.n_endpoints = read_endpoints(env, args[4], endpoints);
  code = connect_now(&opt, &fd, &err);
  free(host);
  if (code < 0) {
    throw_socket_error(env, code, &err);
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
