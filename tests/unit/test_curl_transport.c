/* test_curl_transport.c - the curl transport over cleartext, against a server
 * that answers with scripted bytes.
 */
#include "exchange_fixture.h"

#include <errno.h>

#define OK_2 "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Probe: 1\r\n\r\nhi"

static struct server server;

#define SERVE(...)                                                             \
  static const struct reply script[] = {__VA_ARGS__};                          \
  server_start(&server, NULL, script, sizeof(script) / sizeof(script[0]));     \
  transport_open(NULL)

static void stop(void)
{
  if (loop != NULL)
    transport_close();
  server_stop(&server);
}

/* One GET against one reply; what came of it is in `f`. */
static void get_once(struct fix *f, const struct reply *reply)
{
  server_start(&server, NULL, reply, 1);
  transport_open(NULL);
  fix_init_at(f, "GET", &server);
  fix_run(f);
  T_EQ(1, f->n_finish);
  stop();
  fix_free(f);
}

static bool sent(size_t i, const char *what)
{
  return i < server.n_requests && strstr(server.requests[i], what) != NULL;
}

/* ---- requests ---- */

static void a_get_sends_nothing_of_its_own_accord(void)
{
  struct fix f;
  char want[256];

  SERVE({OK_2, KEEP, 0});
  fix_init_at(&f, "GET", &server);
  fix_header(&f, "X-One", "1");
  fix_header(&f, "X-Empty", "");
  fix_run(&f);
  snprintf(want, sizeof(want),
           "GET /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nX-One: 1\r\n"
           "X-Empty:\r\n\r\n",
           server.port);
  T_STR(want, server.requests[0]);
  T_EQ(0, f.err.code);
  T_EQ(11, f.version);
  T_EQ(200, f.status);
  T_STR("OK", f.reason);
  T_STR("1", f.probe);
  T_EQ(2, f.n_fields);
  T_MEM("hi", 2, f.body, f.body_len);
  T_STR("127.0.0.1", f.address);
  T_OK(!f.is_tls && !f.is_reused && f.n_progress > 0);
  T_OK(f.x.times.connect_us >= 0 && f.x.times.total_us > 0);
  T_EQ(-1, f.x.times.tls_us);
  T_OK(f.x.impl == NULL);
  stop();
  fix_free(&f);
}

static void headers_of_the_application_replace_those_of_curl(void)
{
  struct fix f;

  SERVE({OK_2, KEEP, 0});
  fix_init_at(&f, "GET", &server);
  fix_header(&f, "Host", "example.org");
  fix_header(&f, "Accept", "text/plain");
  fix_header(&f, "User-Agent", "me");
  fix_header(&f, "Content-Length", "7");
  fix_run(&f);
  T_STR("GET /a?b=c HTTP/1.1\r\nHost: example.org\r\n"
        "Accept: text/plain\r\nUser-Agent: me\r\n\r\n",
        server.requests[0]);
  stop();
  fix_free(&f);
}

static void a_head_has_no_body(void)
{
  struct fix f;

  SERVE({"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", KEEP, 0});
  fix_init_at(&f, "HEAD", &server);
  fix_run(&f);
  T_OK(sent(0, "HEAD /a"));
  T_EQ(0, f.err.code);
  T_EQ(0, f.body_len);
  stop();
  fix_free(&f);
}

static void a_body_of_known_length_is_sent_as_it_is(void)
{
  static const char *methods[] = {"POST", "PUT", "PATCH", "DELETE", "X-ODD"};
  struct fix f;

  SERVE({OK_2, KEEP, 0}, {OK_2, KEEP, 0}, {OK_2, KEEP, 0}, {OK_2, KEEP, 0},
        {OK_2, KEEP, 0}, {OK_2, KEEP, 0});
  for (size_t i = 0; i < 5; i++) {
    fix_init_at(&f, methods[i], &server);
    fix_body(&f, "a=1&b=2", true);
    fix_run(&f);
    T_EQ(0, f.err.code);
    T_OK(strncmp(server.requests[i], methods[i], strlen(methods[i])) == 0);
    T_OK(sent(i, "\r\nContent-Length: 7\r\n"));
    T_OK(sent(i, "\r\n\r\na=1&b=2"));
    T_OK(!sent(i, "Expect") && !sent(i, "Content-Type") && !sent(i, "chunked"));
    fix_free(&f);
  }
  fix_init_at(&f, "GET", &server); /* the handle that was used for a body */
  fix_run(&f);
  T_OK(strncmp(server.requests[5], "GET ", 4) == 0 && !sent(5, "Length"));
  fix_free(&f);
  stop();
}

static void an_empty_body_is_announced(void)
{
  struct fix f;

  SERVE({OK_2, KEEP, 0}, {OK_2, KEEP, 0});
  fix_init_at(&f, "POST", &server);
  fix_body(&f, "", true);
  fix_run(&f);
  T_EQ(0, f.err.code);
  T_OK(sent(0, "POST /a") && sent(0, "\r\nContent-Length: 0\r\n"));
  fix_free(&f);
  fix_init_at(&f, "POST", &server);
  fix_run(&f);
  T_OK(sent(1, "POST /a") && !sent(1, "Content-Length"));
  fix_free(&f);
  stop();
}

static void a_body_of_unknown_length_is_chunked(void)
{
  struct fix f;

  SERVE({OK_2, KEEP, 0});
  fix_init_at(&f, "POST", &server);
  fix_body(&f, "abc", false);
  fix_run(&f);
  T_EQ(0, f.err.code);
  T_OK(sent(0, "\r\nTransfer-Encoding: chunked\r\n"));
  T_OK(sent(0, "\r\n\r\n3\r\nabc\r\n0\r\n\r\n"));
  fix_free(&f);
  stop();
}

static void a_body_that_is_too_short_ends_the_exchange(void)
{
  struct fix f;

  SERVE({OK_2, KEEP, 0});
  fix_init_at(&f, "POST", &server);
  fix_body(&f, "abc", true);
  f.x.body_len = 10;
  fix_run(&f);
  T_EQ(TINET_EBODY, f.err.code);
  fix_free(&f);
  stop();
}

static void an_error_while_reading_the_body_is_reported(void)
{
  struct fix f;

  SERVE({OK_2, KEEP, 0});
  fix_init_at(&f, "POST", &server);
  fix_body(&f, "abc", true);
  f.when = READ;
  f.what = VETO;
  fix_run(&f);
  T_EQ(TINET_EPOLICY, f.err.code);
  T_STR("no", f.err.text);
  fix_free(&f);
  stop();
}

/* ---- connections ---- */

static void a_connection_is_used_again(void)
{
  struct fix f;

  SERVE({OK_2, KEEP, 0}, {OK_2, KEEP, 0}, {OK_2, KEEP, 0});
  for (int i = 0; i < 3; i++) {
    fix_init_at(&f, "GET", &server);
    fix_run(&f); /* returns although the connection stays */
    T_EQ(0, f.err.code);
    T_EQ(i > 0, f.is_reused);
    T_OK(i == 0 || f.x.times.connect_us == -1);
    fix_free(&f);
  }
  T_EQ(1, server.n_connections);
  stop();
}

static void a_repeated_request_allocates_nothing(void)
{
  struct fix f[4];

  SERVE({OK_2, KEEP, 0}, {OK_2, KEEP, 0}, {OK_2, KEEP, 0}, {OK_2, KEEP, 0});
  for (int i = 0; i < 4; i++)
    fix_init_at(&f[i], "GET", &server);
  for (int i = 0; i < 4; i++) {
    (void)tinet__alloc_fail_at(0);
    fix_run(&f[i]);
    /* not even a watch, which is kept between transfers */
    T_OK(i < 2 || tinet__alloc_fail_at(0) == 0);
    fix_free(&f[i]);
  }
  stop();
}

static void a_connection_that_is_to_close_is_not_used_again(void)
{
  struct fix f;

  SERVE({OK_2, KEEP, 0}, {OK_2, KEEP, 0});
  for (int i = 0; i < 2; i++) {
    fix_init_at(&f, "GET", &server);
    f.x.closes_connection = true;
    fix_run(&f);
    T_EQ(0, f.err.code);
    T_OK(sent((size_t)i, "\r\nConnection: close\r\n"));
    fix_free(&f);
  }
  T_EQ(2, server.n_connections);
  stop();
}

static void set_flag(void *arg)
{
  *(bool *)arg = true;
}

static void a_server_that_closes_an_idle_connection_causes_no_busy_loop(void)
{
  tinet__timer *timer;
  bool is_over = false;
  int n_turns = 0;
  struct fix f;

  SERVE({OK_2, CLOSE, 0}, {OK_2, KEEP, 0});
  fix_init_at(&f, "GET", &server);
  fix_run(&f);
  fix_free(&f);
  T_EQ(0, tinet__timer_open(loop, set_flag, &is_over, &timer));
  tinet__timer_start(timer, 100);
  tinet__loop_hold(loop);
  while (!is_over && n_turns < 1000) {
    (void)tinet_loop_run_once(loop);
    n_turns++;
  }
  tinet__loop_release(loop);
  tinet__timer_close(timer);
  T_OK(is_over && n_turns < 20);
  fix_init_at(&f, "POST", &server);
  fix_run(&f); /* on a fresh connection: the dead one was noticed */
  T_EQ(0, f.err.code);
  T_OK(!f.is_reused);
  fix_free(&f);
  stop();
}

static void a_veto_lets_no_byte_out(void)
{
  struct fix f;

  SERVE({OK_2, KEEP, 0});
  fix_init_at(&f, "GET", &server);
  f.when = CONNECTED;
  f.what = VETO;
  fix_run(&f);
  T_EQ(TINET_EPOLICY, f.err.code);
  T_STR("no", f.err.text);
  T_EQ(1, f.n_finish);
  fix_free(&f);
  stop();
  T_EQ(0, server.n_requests);
}

static void a_veto_works_on_a_connection_that_is_used_again(void)
{
  struct fix f;

  SERVE({OK_2, KEEP, 0}, {OK_2, KEEP, 0});
  fix_init_at(&f, "GET", &server);
  fix_run(&f);
  fix_free(&f);
  fix_init_at(&f, "GET", &server);
  f.when = CONNECTED;
  f.what = VETO;
  fix_run(&f);
  T_EQ(TINET_EPOLICY, f.err.code);
  T_OK(f.is_reused);
  fix_free(&f);
  stop();
  T_EQ(1, server.n_requests);
}

static void a_request_is_repeated_when_a_pooled_connection_died(void)
{
  struct fix f;

  SERVE({OK_2, KEEP, 0}, {"", CLOSE, 0}, {OK_2, KEEP, 0});
  fix_init_at(&f, "GET", &server);
  fix_run(&f);
  fix_free(&f);
  fix_init_at(&f, "PUT", &server);
  fix_body(&f, "abc", true);
  fix_run(&f);
  T_EQ(0, f.err.code);
  T_EQ(2, f.n_connected);
  T_EQ(1, f.n_rewind);
  T_OK(!f.is_reused);
  T_EQ(3, server.n_requests);
  T_OK(sent(2, "\r\n\r\nabc"));
  fix_free(&f);
  stop();
}

static void a_post_is_not_repeated(void)
{
  struct fix f;

  SERVE({OK_2, KEEP, 0}, {"", CLOSE, 0}, {OK_2, KEEP, 0});
  fix_init_at(&f, "GET", &server);
  fix_run(&f);
  fix_free(&f);
  fix_init_at(&f, "POST", &server);
  fix_body(&f, "abc", true);
  fix_run(&f);
  T_EQ(TINET_ECLOSED, f.err.code);
  T_EQ(1, f.n_connected);
  T_EQ(0, f.n_rewind);
  fix_free(&f);
  fix_init_at(&f, "POST", &server);
  fix_run(&f);
  T_EQ(0, f.err.code); /* the next one works */
  fix_free(&f);
  stop();
  T_EQ(3, server.n_requests);
}

static void a_post_without_a_body_is_not_repeated_either(void)
{
  struct fix f;

  SERVE({OK_2, KEEP, 0}, {"", CLOSE, 0}, {OK_2, KEEP, 0});
  fix_init_at(&f, "GET", &server);
  fix_run(&f);
  fix_free(&f);
  fix_init_at(&f, "POST", &server);
  fix_run(&f);
  T_EQ(TINET_ECLOSED, f.err.code);
  T_EQ(1, f.n_connected);
  fix_free(&f);
  stop();
  T_EQ(2, server.n_requests);
}

/* ---- responses ---- */

static void interim_responses_and_trailers_are_dropped(void)
{
  struct fix f;
  static const struct reply r = {
      "HTTP/1.1 100 Continue\r\nX-Probe: no\r\n\r\n"
      "HTTP/1.1 103 Early Hints\r\nX-Probe: no\r\n\r\n"
      "HTTP/1.1 200 Fine\r\nTransfer-Encoding: chunked\r\nX-Probe: yes\r\n\r\n"
      "3\r\nabc\r\n0\r\nX-Probe: trailer\r\n\r\n",
      KEEP, 0};

  get_once(&f, &r);
  T_EQ(0, f.err.code);
  T_EQ(1, f.n_headers);
  T_STR("yes", f.probe);
  T_STR("Fine", f.reason);
  T_MEM("abc", 3, f.body, f.body_len);
}

static void endless_interim_responses_have_an_end(void)
{
  struct fix f;
  static const struct reply r = {"HTTP/1.1 102 Wait\r\n\r\n", KEEP, 2000};

  get_once(&f, &r);
  T_EQ(TINET_EPROTOCOL, f.err.code);
  T_EQ(0, f.n_headers);
}

static void a_header_block_has_a_ceiling(void)
{
  struct fix f;

  SERVE({"HTTP/1.1 200 OK\r\nX: 12345678901234567890\r\n", KEEP, 0});
  fix_init_at(&f, "GET", &server);
  f.x.max_header_bytes = 40;
  fix_run(&f);
  T_EQ(TINET_EHEADERSIZE, f.err.code);
  fix_free(&f);
  stop();
}

static void a_header_line_has_a_ceiling(void)
{
  struct fix f;
  struct reply r = {NULL, KEEP, 0};
  char *text = malloc(4 << 20);

  memset(text, 'a', 4 << 20);
  memcpy(text, "HTTP/1.1 200 OK\r\nX: ", 20);
  text[(4 << 20) - 1] = '\0';
  r.bytes = text;
  get_once(&f, &r);
  T_EQ(TINET_EHEADERSIZE, f.err.code);
  free(text);
}

static void garbage_is_a_broken_protocol(void)
{
  static const char *const texts[] = {
      "garbage\r\n\r\n",
      "<html>HTTP/0.9</html>",
      "HTTP/1.1 2x0 OK\r\n\r\n",
      "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
      "HTTP/1.1 200 OK\r\nbad name: 1\r\n\r\n",
      "HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n",
  };
  struct fix f;

  for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
    struct reply r = {texts[i], CLOSE, 0};

    get_once(&f, &r);
    T_EQ(TINET_EPROTOCOL, f.err.code);
    T_OK(strstr(f.err.text, "127.0.0.1") != NULL);
    if (f.err.code != TINET_EPROTOCOL)
      printf("# %zu: %s\n", i, f.err.text);
  }
}

static void a_truncated_body_is_reported(void)
{
  static const char *const texts[] = {
      "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhi",
  };
  struct fix f;

  for (size_t i = 0; i < 2; i++) {
    struct reply r = {texts[i], CLOSE, 0};

    get_once(&f, &r);
    T_EQ(TINET_ETRUNCATED, f.err.code);
    T_EQ(1, f.n_headers);
  }
}

static void what_follows_the_body_is_ignored(void)
{
  struct fix f;
  static const struct reply r = {
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhimore", KEEP, 0};

  get_once(&f, &r);
  T_EQ(0, f.err.code);
  T_MEM("hi", 2, f.body, f.body_len);
}

static void a_connection_that_ends_unanswered_is_lost(void)
{
  static const struct reply closes = {"", CLOSE, 0};
  static const struct reply resets = {"", RESET, 0};
  struct fix f;

  get_once(&f, &closes);
  T_EQ(TINET_ECLOSED, f.err.code);
  get_once(&f, &resets);
  T_EQ(TINET_ECLOSED, f.err.code);
  T_EQ(TINET_ORIGIN_SYSTEM, f.err.origin);
  T_EQ(ECONNRESET, f.err.number);
}

static void a_refused_connection_names_host_port_and_errno(void)
{
  struct fix f;
  char want[64];

  SERVE({OK_2, KEEP, 0});
  fix_init_at(&f, "GET", &server);
  server_stop(&server);
  fix_run(&f);
  T_EQ(TINET_ECONNECT, f.err.code);
  T_EQ(TINET_ORIGIN_SYSTEM, f.err.origin);
  T_EQ(ECONNREFUSED, f.err.number);
  snprintf(want, sizeof(want), "127.0.0.1:%d", server.port);
  T_OK(strstr(f.err.text, want) != NULL);
  fix_free(&f);
  transport_close();
}

static void a_name_that_does_not_resolve_is_named(void)
{
  struct fix f;

  transport_open(NULL);
  fix_init(&f, "GET", "http://no-such-host.invalid/");
  fix_run(&f);
  T_EQ(TINET_ERESOLVE, f.err.code);
  T_OK(strstr(f.err.text, "no-such-host.invalid") != NULL);
  fix_free(&f);
  transport_close();
}

static void a_resolve_can_be_canceled_without_waiting(void)
{
  struct fix f;

  transport_open(NULL);
  fix_init(&f, "GET", "http://no-such-host.invalid/");
  fix_start(&f);
  (void)tinet_loop_run_once(loop);
  transport->ops->cancel(transport, &f.x);
  T_OK(f.x.impl == NULL);
  T_EQ(0, tinet_loop_run(loop));
  T_EQ(0, f.n_finish);
  fix_free(&f);
  transport_close();
}

/* ---- proxies ---- */

static void a_proxy_gets_its_own_credentials_only(void)
{
  struct fix f;
  char proxy[64];

  SERVE({"HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm=\"p\"\r\n"
         "Content-Length: 3\r\n\r\nwho",
         KEEP, 0},
        {OK_2, KEEP, 0}, {OK_2, KEEP, 0});
  fix_init(&f, "GET", "http://example.org/x");
  snprintf(proxy, sizeof(proxy), "http://me:secret@127.0.0.1:%d", server.port);
  f.x.proxy = proxy;
  fix_run(&f);
  T_EQ(0, f.err.code);
  T_OK(sent(0, "GET http://example.org/x HTTP/1.1\r\nHost: example.org\r\n"));
  T_OK(!sent(0, "Proxy-Authorization:"));
  T_OK(sent(1, "Proxy-Authorization: Basic bWU6c2VjcmV0"));
  T_STR("", f.address);
  T_EQ(200, f.status);
  fix_free(&f);
  /* from then on at once */
  fix_init(&f, "GET", "http://example.org/y");
  f.x.proxy = proxy;
  fix_run(&f);
  T_EQ(0, f.err.code);
  T_OK(sent(2, "Proxy-Authorization: Basic bWU6c2VjcmV0"));
  fix_free(&f);
  stop();
}

static void a_refused_tunnel_is_the_fault_of_the_proxy(void)
{
  struct fix f;
  char proxy[64];

  SERVE({"HTTP/1.1 403 No\r\nX-Probe: 1\r\nContent-Length: 2\r\n\r\nno", KEEP,
         0});
  fix_init(&f, "GET", "https://example.org/x");
  fix_header(&f, "X-Secret", "1");
  snprintf(proxy, sizeof(proxy), "http://me:secret@127.0.0.1:%d", server.port);
  f.x.proxy = proxy;
  fix_run(&f);
  T_EQ(TINET_EPROXY, f.err.code);
  T_EQ(TINET_ORIGIN_HTTP, f.err.origin);
  T_EQ(403, f.err.number);
  T_OK(strstr(f.err.text, "secret") == NULL);
  T_OK(strstr(f.err.text, "example.org") != NULL);
  T_EQ(0, f.n_connected + f.n_headers);
  T_EQ(0, f.body_len);
  T_OK(sent(0, "CONNECT example.org:443 ") && !sent(0, "X-Secret"));
  fix_free(&f);
  stop();
}

static void a_proxy_that_is_not_there_is_named_without_credentials(void)
{
  static const char *const schemes[] = {"http", "socks5", "socks5h", "https"};
  struct fix f;
  char proxy[64];

  SERVE({OK_2, KEEP, 0});
  server_stop(&server);
  for (size_t i = 0; i < 4; i++) {
    fix_init(&f, "GET", "https://example.org/x");
    snprintf(proxy, sizeof(proxy), "%s://me:secret@127.0.0.1:%d", schemes[i],
             server.port);
    f.x.proxy = proxy;
    if (strcmp(schemes[i], "socks5") == 0) {
      fix_free(&f);
      fix_init(&f, "GET", "https://127.0.0.1/x");
      f.x.proxy = proxy;
    }
    fix_run(&f);
    T_EQ(TINET_EPROXY, f.err.code);
    T_OK(strstr(f.err.text, "secret") == NULL);
    T_OK(strstr(f.err.text, "127.0.0.1:") != NULL);
    fix_free(&f);
  }
  transport_close();
}

/* ---- canceling, closing, starting from inside events ---- */

static void with_action(enum moment when, enum action what)
{
  struct fix f;

  SERVE({OK_2, KEEP, 0}, {OK_2, KEEP, 0});
  fix_init_at(&f, "PUT", &server);
  fix_body(&f, "abc", true);
  f.when = when;
  f.what = what;
  fix_run(&f);
  T_EQ(NEVER, f.when); /* it did happen */
  T_EQ(when == FINISH ? 1 : 0, f.n_finish);
  T_OK(f.x.impl == NULL);
  fix_free(&f);
  if (transport != NULL) {
    fix_init_at(&f, "GET", &server);
    fix_run(&f); /* the next one is fine */
    T_EQ(0, f.err.code);
    fix_free(&f);
  }
  stop();
}

static void any_event_may_cancel(void)
{
  for (enum moment m = CONNECTED; m <= FINISH; m++)
    with_action(m, CANCEL);
}

static void any_event_may_close_the_transport(void)
{
  for (enum moment m = CONNECTED; m <= FINISH; m++)
    with_action(m, CLOSE_TRANSPORT);
}

static void any_event_may_start_another(void)
{
  for (enum moment m = CONNECTED; m <= FINISH; m++) {
    struct fix f, next;

    SERVE({OK_2, KEEP, 0}, {OK_2, KEEP, 0});
    fix_init_at(&f, "PUT", &server);
    fix_body(&f, "abc", true);
    fix_init_at(&next, "GET", &server);
    f.when = m;
    f.what = START_NEXT;
    f.next = &next;
    fix_run(&f);
    T_EQ(0, f.err.code);
    T_EQ(1, f.n_finish);
    T_EQ(0, next.err.code);
    T_EQ(1, next.n_finish);
    fix_free(&f);
    fix_free(&next);
    stop();
  }
}

static void closing_ends_what_is_running_without_a_word(void)
{
  tinet__timer *timer;
  bool is_over = false;
  struct fix f[3];

  SERVE({"HTTP/1.1 200 OK\r\n", KEEP, 0}, {"", KEEP, 0}, {"", KEEP, 0});
  for (int i = 0; i < 3; i++) {
    fix_init_at(&f[i], "GET", &server);
    fix_start(&f[i]);
  }
  T_EQ(0, tinet__timer_open(loop, set_flag, &is_over, &timer));
  tinet__timer_start(timer, 50);
  while (!is_over)
    (void)tinet_loop_run_once(loop);
  tinet__timer_close(timer);
  transport_close();
  for (int i = 0; i < 3; i++) {
    T_EQ(0, f[i].n_finish);
    T_OK(f[i].x.impl == NULL);
    fix_free(&f[i]);
  }
  server_stop(&server);
}

static void many_run_at_once(void)
{
  enum { N = 12 };
  struct fix f[N];

  SERVE({OK_2, KEEP, 0}, {OK_2, KEEP, 0}, {OK_2, KEEP, 0}, {OK_2, KEEP, 0},
        {OK_2, KEEP, 0}, {OK_2, KEEP, 0}, {OK_2, KEEP, 0}, {OK_2, KEEP, 0},
        {OK_2, KEEP, 0}, {OK_2, KEEP, 0}, {OK_2, KEEP, 0}, {OK_2, KEEP, 0});
  for (int i = 0; i < N; i++) {
    fix_init_at(&f[i], "GET", &server);
    fix_start(&f[i]);
  }
  T_EQ(0, tinet_loop_run(loop));
  for (int i = 0; i < N; i++) {
    T_EQ(0, f[i].err.code);
    T_MEM("hi", 2, f[i].body, f[i].body_len);
    fix_free(&f[i]);
  }
  stop();
}

static int open_once(void)
{
  struct tinet__transport_config config = {.max_idle_connections = 1};
  struct tinet__transport *t;
  int err = tinet__curl_transport_open(loop, &config, &t);

  if (err == 0)
    t->ops->close(t);
  return err;
}

static void opening_survives_each_failing_allocation(void)
{
  T_EQ(0, tinet_loop_open(&loop));
  T_EACH_ALLOCATION_FAILS(0, open_once);
  T_EQ(0, tinet_loop_close(loop));
}

static struct fix *tried;
static int start_once(void)
{
  return transport->ops->start(transport, &tried->x);
}

static void starting_survives_each_failing_allocation(void)
{
  struct fix f;

  SERVE({OK_2, KEEP, 0});
  fix_init_at(&f, "GET", &server);
  fix_header(&f, "X-One", "1");
  f.x.proxy = NULL;
  tried = &f;
  T_EACH_ALLOCATION_FAILS(0, start_once);
  T_EQ(0, tinet_loop_run(loop));
  T_EQ(0, f.err.code);
  T_EQ(1, f.n_finish);
  fix_free(&f);
  stop();
}

static void running_survives_each_failing_allocation(void)
{
  tinet_error err = {0};

  err.code = TINET_ENOMEM;
  for (size_t n = 1; err.code == TINET_ENOMEM && n < 1000; n++) {
    struct fix f;

    SERVE({OK_2, CLOSE, 0});
    fix_init_at(&f, "GET", &server);
    fix_start(&f);
    (void)tinet__alloc_fail_at(n);
    T_EQ(0, tinet_loop_run(loop));
    (void)tinet__alloc_fail_at(0);
    T_EQ(1, f.n_finish);
    err = f.err;
    fix_free(&f);
    stop();
  }
  T_EQ(0, err.code);
}

static void the_versions_name_curl_and_openssl(void)
{
  T_OK(strncmp(tinet_library_versions(), "libcurl/", 8) == 0);
  T_OK(strstr(tinet_library_versions(), " OpenSSL/") != NULL);
  T_OK(strstr(tinet_library_versions(), " nghttp2/") != NULL);
}

int main(void)
{
  T_RUN(a_get_sends_nothing_of_its_own_accord);
  T_RUN(headers_of_the_application_replace_those_of_curl);
  T_RUN(a_head_has_no_body);
  T_RUN(a_body_of_known_length_is_sent_as_it_is);
  T_RUN(an_empty_body_is_announced);
  T_RUN(a_body_of_unknown_length_is_chunked);
  T_RUN(a_body_that_is_too_short_ends_the_exchange);
  T_RUN(an_error_while_reading_the_body_is_reported);
  T_RUN(a_connection_is_used_again);
  T_RUN(a_repeated_request_allocates_nothing);
  T_RUN(a_connection_that_is_to_close_is_not_used_again);
  T_RUN(a_server_that_closes_an_idle_connection_causes_no_busy_loop);
  T_RUN(a_veto_lets_no_byte_out);
  T_RUN(a_veto_works_on_a_connection_that_is_used_again);
  T_RUN(a_request_is_repeated_when_a_pooled_connection_died);
  T_RUN(a_post_is_not_repeated);
  T_RUN(a_post_without_a_body_is_not_repeated_either);
  T_RUN(interim_responses_and_trailers_are_dropped);
  T_RUN(endless_interim_responses_have_an_end);
  T_RUN(a_header_block_has_a_ceiling);
  T_RUN(a_header_line_has_a_ceiling);
  T_RUN(garbage_is_a_broken_protocol);
  T_RUN(a_truncated_body_is_reported);
  T_RUN(what_follows_the_body_is_ignored);
  T_RUN(a_connection_that_ends_unanswered_is_lost);
  T_RUN(a_refused_connection_names_host_port_and_errno);
  T_RUN(a_name_that_does_not_resolve_is_named);
  T_RUN(a_resolve_can_be_canceled_without_waiting);
  T_RUN(a_proxy_gets_its_own_credentials_only);
  T_RUN(a_refused_tunnel_is_the_fault_of_the_proxy);
  T_RUN(a_proxy_that_is_not_there_is_named_without_credentials);
  T_RUN(any_event_may_cancel);
  T_RUN(any_event_may_close_the_transport);
  T_RUN(any_event_may_start_another);
  T_RUN(closing_ends_what_is_running_without_a_word);
  T_RUN(many_run_at_once);
  T_RUN(opening_survives_each_failing_allocation);
  T_RUN(starting_survives_each_failing_allocation);
  T_RUN(running_survives_each_failing_allocation);
  T_RUN(the_versions_name_curl_and_openssl);
  return T_END();
}
