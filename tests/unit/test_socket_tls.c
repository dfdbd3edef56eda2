/* test_socket_tls.c - TLS between a stream that connects and one accepted. */
#include "socket_fixture.h"

#include "pem_fixture.h"
#include "socket/stream_private.h"

#include <tinet/trust.h>

static int n_full; /* so often the kernel has no room */

/* The library's send(), by way of the kernel. */
ssize_t send(int fd, const void *data, size_t len, int flags)
{
  if (n_full > 0) {
    n_full--;
    errno = EAGAIN;
    return -1;
  }
  return sendto(fd, data, len, flags, NULL, 0);
}

static struct pem ca, server_cert, expired, other_ca, client_cert;
static tinet_tls_server_options so;
static tinet_tls_client_options tco;
static tinet_trust *trust;

static void nothing(void *arg)
{
  (void)arg;
}

static void begin(const struct pem *cert)
{
  open_loop();
  tinet_tls_server_options_init(&so);
  so.certificate = cert->cert;
  so.certificate_len = strlen(cert->cert);
  so.key = cert->key;
  so.key_len = strlen(cert->key);
  tinet_tls_client_options_init(&tco);
  T_EQ(0, tinet_trust_new(&trust));
  T_EQ(0, tinet_trust_add_ca(trust, ca.cert, strlen(ca.cert), NULL));
  tco.trust = trust;
}

static void end(void)
{
  tinet_trust_unref(trust);
  close_loop();
}

static void start(const char *host)
{
  tinet_listen_options lo;
  tinet_connect_options co;

  tinet_listen_options_init(&lo);
  lo.tls = &so;
  tinet_connect_options_init(&co);
  co.host = host;
  co.port = listen_here(&lo);
  co.tls = &tco;
  co.timeout_ms = 10000;
  T_EQ(0, tinet_stream_connect(loop, &co, &end_events, &a, &a.stream, NULL));
}

static void stop_listening(void)
{
  tinet_listener_close(listener);
  listener = NULL;
}

static void shake_hands(const char *host)
{
  start(host);
  TURN_UNTIL(a.n_open + a.n_errors == 1 && b.n_open + b.n_errors == 1);
  T_EQ(1, a.n_open);
  T_EQ(1, b.n_open);
  stop_listening();
}

static void fails_with(int code, tinet_tls_reason reason)
{
  TURN_UNTIL(a.n_errors == 1);
  T_EQ(code, a.err.code);
  T_EQ(0, a.n_open);
  if (tinet_stream_tls_failure(a.stream))
    T_EQ(reason, tinet_stream_tls_failure(a.stream)->reason);
  else
    T_EQ(reason, TINET_TLS_REASON_NONE);
}

static void bytes_go_through_encrypted(void)
{
  tinet_tls_info info;

  begin(&server_cert);
  shake_hands("localhost");
  T_EQ(0, tinet_stream_tls_info(a.stream, &info));
  T_STR("TLSv1.3", info.version);
  T_STR("", info.alpn);
  T_STR("CN=localhost", info.peer_subject);
  T_EQ(0, tinet_stream_tls_info(b.stream, &info));
  T_STR("localhost", info.server_name);
  T_STR("", info.peer_subject);
  T_EQ(0, tinet_stream_read_start(a.stream));
  T_EQ(0, tinet_stream_read_start(b.stream));
  T_EQ(0, tinet_stream_write(a.stream, "ping", 4));
  TURN_UNTIL(b.n_got == 4);
  T_EQ(0, tinet_stream_write(b.stream, "pong", 4));
  TURN_UNTIL(a.n_got == 4);
  T_EQ(0, tinet_stream_shutdown(a.stream));
  TURN_UNTIL(b.n_ends == 1);
  T_EQ(0, tinet_stream_write(b.stream, "more", 4)); /* half-closed */
  TURN_UNTIL(a.n_got == 8);
  (void)tinet_stream_close(b.stream);
  b.stream = NULL;
  TURN_UNTIL(a.n_ends == 1);
  T_EQ(0, a.n_errors);
  end();
}

static char big[1 << 20];

static void much_data_arrives_whole_and_in_order(void)
{
  const tinet_slice slices[2] = {{big, sizeof big}, {big, 12345}};
  size_t n = sizeof big + 12345 + 100000;

  begin(&server_cert);
  shake_hands("127.0.0.1");
  T_EQ(0, tinet_stream_writev(a.stream, slices, 2, end_on_done, &a));
  (void)!tinet_stream_write(a.stream, big, 100000);
  T_EQ(0, tinet_stream_shutdown(a.stream));
  T_EQ(0, tinet_loop_run_once(loop) < 0);
  T_EQ(0, tinet_stream_read_start(b.stream));
  TURN_UNTIL(b.n_ends == 1);
  T_EQ(n, b.n_got);
  TURN_UNTIL(a.n_done == 1);
  T_EQ(0, a.result);
  end();
}

static void a_read_once_is_served_from_what_is_there(void)
{
  char buf[3];

  begin(&server_cert);
  shake_hands("localhost");
  T_EQ(0, tinet_stream_write(a.stream, "abcdefgh", 8));
  for (size_t i = 3; i <= 9; i += 3) {
    T_EQ(0, tinet_stream_read_once(b.stream, buf, sizeof buf));
    TURN_UNTIL(b.n_got == (i < 9 ? i : 8));
  }
  T_MEM("abcdefgh", 8, b.got, 8);
  end();
}

static void the_waiting_forms_go_through_tls(void)
{
  char buf[16];
  size_t len = 0;

  begin(&server_cert);
  shake_hands("localhost");
  T_EQ(0, tinet_stream_write(a.stream, "sync", 4));
  T_EQ(0, tinet_stream_flush_now(a.stream, -1, NULL));
  T_EQ(0, tinet_stream_read_now(b.stream, buf, sizeof buf, 5000, &len, NULL));
  T_MEM("sync", 4, buf, len);
  T_EQ(TINET_ETIMEDOUT,
       tinet_stream_read_now(b.stream, buf, sizeof buf, 10, &len, NULL));
  end();
}

static void a_protocol_is_agreed_on(void)
{
  static const char *const servers[] = {"h2", "chat/2"};
  static const char *const clients[] = {"chat/1", "chat/2"};
  tinet_tls_info info;

  begin(&server_cert);
  so.alpn = servers;
  so.n_alpn = 2;
  tco.alpn = clients;
  tco.n_alpn = 2;
  shake_hands("localhost");
  T_EQ(0, tinet_stream_tls_info(a.stream, &info));
  T_STR("chat/2", info.alpn);
  T_EQ(0, tinet_stream_tls_info(b.stream, &info));
  T_STR("chat/2", info.alpn);
  end();
}

static void no_common_protocol_ends_the_handshake(void)
{
  static const char *const servers[] = {"h2"};
  static const char *const clients[] = {"chat/1"};

  begin(&server_cert);
  so.alpn = servers;
  so.n_alpn = 1;
  tco.alpn = clients;
  tco.n_alpn = 1;
  start("localhost");
  fails_with(TINET_ETLS, TINET_TLS_REASON_HANDSHAKE);
  T_OK(strstr(a.err.text, "no application protocol") != NULL);
  TURN_UNTIL(b.n_errors == 1);
  T_EQ(TINET_ETLS, b.err.code);
  end();
}

static void an_unknown_authority_is_not_believed(void)
{
  begin(&server_cert);
  tco.trust = NULL;
  start("localhost");
  fails_with(TINET_ECERTIFICATE, TINET_TLS_REASON_UNKNOWN_ISSUER);
  TURN_UNTIL(b.n_errors == 1);
  end();
}

static void another_name_is_not_believed(void)
{
  begin(&server_cert);
  tco.server_name = "example.com";
  start("localhost");
  fails_with(TINET_ECERTIFICATE, TINET_TLS_REASON_WRONG_HOST);
  end();
}

static void an_address_is_compared_as_one(void)
{
  begin(&server_cert);
  shake_hands("127.0.0.1");
  end();
  begin(&server_cert);
  start("[::1]"); /* not in the certificate */
  fails_with(TINET_ECERTIFICATE, TINET_TLS_REASON_WRONG_HOST);
  end();
}

static void an_expired_certificate_is_not_believed(void)
{
  begin(&expired);
  start("localhost");
  fails_with(TINET_ECERTIFICATE, TINET_TLS_REASON_EXPIRED);
  end();
}

static void a_pin_must_match(void)
{
  tinet_spki_hash hash;

  begin(&server_cert);
  T_EQ(0, tinet_spki_hash_of_certificate(
              server_cert.cert, strlen(server_cert.cert), &hash, NULL));
  T_EQ(0, tinet_trust_add_pin(trust, "localhost", &hash, 0));
  shake_hands("localhost");
  end();
  begin(&server_cert);
  hash.bytes[0] ^= 1;
  T_EQ(0, tinet_trust_add_pin(trust, "localhost", &hash, 0));
  start("localhost");
  fails_with(TINET_EPIN, TINET_TLS_REASON_PIN_MISMATCH);
  end();
}

static void nothing_is_checked_when_asked_for(void)
{
  begin(&expired);
  tco.trust = NULL;
  tco.is_unverified = true;
  shake_hands("localhost");
  end();
}

static void add_client_certificate(void)
{
  tinet_client_certificate c = {client_cert.cert, strlen(client_cert.cert),
                                client_cert.key, strlen(client_cert.key), NULL};

  T_EQ(0, tinet_trust_add_client_certificate(trust, NULL, &c, NULL));
}

static void want_client_certificate(tinet_client_auth auth)
{
  so.client_auth = auth;
  so.client_ca = ca.cert;
  so.client_ca_len = strlen(ca.cert);
}

static void a_client_says_who_it_is(void)
{
  tinet_tls_info info;

  begin(&server_cert);
  want_client_certificate(TINET_CLIENT_AUTH_REQUIRED);
  add_client_certificate();
  shake_hands("localhost");
  T_EQ(0, tinet_stream_tls_info(b.stream, &info));
  T_STR("CN=client", info.peer_subject);
  end();
  begin(&server_cert);
  want_client_certificate(TINET_CLIENT_AUTH_OPTIONAL);
  shake_hands("localhost");
  end();
}

static void a_client_without_a_certificate_is_refused(void)
{
  begin(&server_cert);
  want_client_certificate(TINET_CLIENT_AUTH_REQUIRED);
  start("localhost");
  TURN_UNTIL(b.n_errors == 1);
  T_EQ(TINET_ETLS, b.err.code);
  TURN_UNTIL(a.n_open == 1); /* TLS 1.3 tells the client afterwards */
  T_EQ(0, tinet_stream_read_start(a.stream));
  TURN_UNTIL(a.n_errors == 1);
  T_EQ(TINET_ECLIENTCERT, a.err.code);
  T_EQ(TINET_TLS_REASON_CLIENT_CERTIFICATE_REQUIRED,
       tinet_stream_tls_failure(a.stream)->reason);
  end();
}

static void a_peer_that_says_nothing_has_its_time(void)
{
  tinet_listen_options lo;
  tinet_connect_options co;

  begin(&server_cert);
  so.handshake_timeout_ms = 50;
  tinet_listen_options_init(&lo);
  lo.tls = &so;
  tinet_connect_options_init(&co);
  co.host = "127.0.0.1";
  co.port = listen_here(&lo);
  T_EQ(0, tinet_stream_connect(loop, &co, &end_events, &a, &a.stream, NULL));
  TURN_UNTIL(b.n_errors == 1);
  T_EQ(TINET_ETIMEDOUT, b.err.code);
  end();
}

/* Connects a plain stream to a TLS listener, whose stream becomes b. */
static void connect_plain(uint32_t handshake_timeout_ms)
{
  tinet_listen_options lo;
  tinet_connect_options co;

  so.handshake_timeout_ms = handshake_timeout_ms;
  tinet_listen_options_init(&lo);
  lo.tls = &so;
  tinet_connect_options_init(&co);
  co.host = "127.0.0.1";
  co.port = listen_here(&lo);
  T_EQ(0, tinet_stream_connect(loop, &co, &end_events, &a, &a.stream, NULL));
  TURN_UNTIL(a.n_open == 1 && b.stream != NULL);
}

static void garbage_instead_of_a_handshake_is_told(void)
{
  static const char *const all[] = {
      "GET / HTTP/1.0\r\n\r\n", "\x16\x03\x01\xff\xff garbage behind a header",
      "\x16\x03\x01\x00\x04\x01\x00\x00\x00", /* an empty ClientHello */
      "\x80\x2e\x01\x00\x02",                 /* SSL 2 */
      "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"};
  static const size_t lens[] = {18, 30, 9, 5, 16};
  int before;

  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    before = n_descriptors();
    begin(&server_cert);
    connect_plain(200);
    T_EQ(0, tinet_stream_write(a.stream, all[i], lens[i]));
    TURN_UNTIL(b.n_errors == 1);
    T_OK(b.err.code == TINET_ETLS || b.err.code == TINET_ETIMEDOUT);
    T_EQ(0, b.n_open + (int)b.n_got + b.n_ends);
    end();
    T_EQ(before, n_descriptors());
  }
}

/* A peer that says something now and then has no longer than one that says
 * nothing. */
static void a_handshake_that_trickles_has_its_time(void)
{
  static const char hello[] = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
  uint64_t start;

  begin(&server_cert);
  connect_plain(150);
  start = tinet__clock_us();
  for (size_t i = 0; b.n_errors == 0 && i < 2000; i++) {
    if (i < sizeof hello - 1)
      T_EQ(0, tinet_stream_write(a.stream, hello + i, 1));
    else
      (void)!tinet_stream_write(a.stream, "x", 1);
    (void)usleep(10000);
    T_EQ(0, tinet_loop_post(loop, nothing, NULL));
    (void)tinet_loop_run_once(loop);
  }
  T_EQ(1, b.n_errors);
  T_EQ(TINET_ETIMEDOUT, b.err.code);
  T_OK(tinet__clock_us() - start < 10000000);
  end();
}

static void garbage_between_records_is_an_error(void)
{
  begin(&server_cert);
  shake_hands("localhost");
  T_EQ(0, tinet_stream_write(b.stream, "good", 4));
  T_EQ(12, write(b.stream->fd, "\x17\x03\x03\x00\x07 forged", 12));
  T_EQ(0, tinet_stream_read_start(a.stream));
  T_EQ(0, tinet_stream_read_start(b.stream));
  TURN_UNTIL(a.n_errors == 1 && b.n_errors + b.n_ends == 1);
  T_EQ(4, a.n_got);
  T_EQ(0, a.n_ends);
  T_EQ(TINET_EPROTOCOL, a.err.code);
  end();
}

static void one_byte_at_a_time_goes_through_tls(void)
{
  begin(&server_cert);
  shake_hands("localhost");
  T_EQ(0, tinet_stream_read_start(b.stream));
  for (int i = 0; i < 1000; i++)
    T_OK(tinet_stream_write(a.stream, "abcdefghij" + i % 10, 1) >= 0);
  T_EQ(0, tinet_stream_shutdown(a.stream));
  TURN_UNTIL(b.n_ends == 1);
  T_EQ(1000, b.n_got);
  for (size_t i = 0; i < 1000; i++)
    T_EQ("abcdefghij"[i % 10], b.got[i]);
  end();
}

static void a_server_that_does_not_speak_tls_is_told(void)
{
  tinet_listen_options lo;
  tinet_connect_options co;

  begin(&server_cert);
  tinet_listen_options_init(&lo);
  tinet_connect_options_init(&co);
  co.host = "127.0.0.1";
  co.port = listen_here(&lo);
  co.tls = &tco;
  T_EQ(0, tinet_stream_connect(loop, &co, &end_events, &a, &a.stream, NULL));
  TURN_UNTIL(b.stream != NULL);
  T_EQ(0, tinet_stream_write(b.stream, "220 hello there\r\n", 17));
  TURN_UNTIL(a.n_errors == 1);
  T_EQ(TINET_ETLS, a.err.code);
  T_EQ(TINET_ORIGIN_TLS, a.err.origin);
  end();
}

static void an_end_without_farewell_is_an_error(void)
{
  begin(&server_cert);
  shake_hands("localhost");
  T_EQ(0, tinet_stream_write(b.stream, "half a mess", 11));
  T_EQ(0, shutdown(b.stream->fd, SHUT_WR)); /* somebody cuts the line */
  T_EQ(0, tinet_stream_read_start(a.stream));
  TURN_UNTIL(a.n_errors == 1);
  T_EQ(11, a.n_got);
  T_EQ(0, a.n_ends);
  T_EQ(TINET_ECLOSED, a.err.code);
  end();
}

static void a_farewell_waits_for_room(void)
{
  begin(&server_cert);
  shake_hands("localhost");
  TURN_UNTIL(!(a.stream->watched & TINET__READABLE)); /* after the tickets */
  n_full = 1;
  T_EQ(0, tinet_stream_shutdown(a.stream));
  T_EQ(0, n_full);
  T_EQ(0, tinet_stream_read_start(b.stream));
  TURN_UNTIL(b.n_ends == 1);
  T_EQ(0, b.n_errors);
  end();
}

static void a_reset_in_the_handshake_ends_it_once(void)
{
  begin(&server_cert);
  start("localhost");
  TURN_UNTIL(b.stream != NULL);
  (void)tinet_stream_abort(b.stream);
  b.stream = NULL;
  TURN_UNTIL(a.n_errors == 1);
  T_EQ(0, a.n_open);
  T_OK(a.err.code == TINET_ETLS || a.err.code == TINET_ECLOSED);
  stop_listening();
  T_EQ(0, tinet_loop_run(loop));
  T_EQ(1, a.n_errors);
  end();
}

static void what_cannot_be_used_is_refused_at_once(void)
{
  tinet_listen_options lo;
  tinet_connect_options co;
  tinet_error err;
  static const char *const names[] = {""};

  begin(&server_cert);
  tinet_listen_options_init(&lo);
  lo.tls = &so;
  so.key = other_ca.key;
  so.key_len = strlen(other_ca.key);
  T_EQ(TINET_ETLS,
       tinet_listener_open(loop, &lo,
                           &(tinet_listener_events){.on_accept = on_accept_b},
                           NULL, &listener, &err));
  T_OK(strstr(err.text, "key") != NULL);
  so.certificate = "rubbish";
  so.certificate_len = 7;
  T_EQ(TINET_ETLS,
       tinet_listener_open(loop, &lo,
                           &(tinet_listener_events){.on_accept = on_accept_b},
                           NULL, &listener, &err));
  so.certificate = NULL;
  T_EQ(TINET_EINVAL,
       tinet_listener_open(loop, &lo,
                           &(tinet_listener_events){.on_accept = on_accept_b},
                           NULL, &listener, &err));
  tinet_connect_options_init(&co);
  co.host = "127.0.0.1";
  co.port = 1;
  co.tls = &tco;
  tco.ca_file = "/nowhere";
  T_EQ(TINET_EFILE,
       tinet_stream_connect(loop, &co, &end_events, &a, &a.stream, &err));
  tco.ca_file = NULL;
  tco.alpn = names;
  tco.n_alpn = 1;
  T_EQ(TINET_EINVAL,
       tinet_stream_connect(loop, &co, &end_events, &a, &a.stream, &err));
  end();
}

static uint16_t port;

static int try_tls(void)
{
  tinet_listen_options lo;
  tinet_connect_options co;
  int err;

  if (tinet_loop_open(&loop) != 0)
    return TINET_ENOMEM;
  tinet_listen_options_init(&lo);
  lo.tls = &so;
  err = tinet_listener_open(loop, &lo,
                            &(tinet_listener_events){.on_accept = on_accept_b},
                            NULL, &listener, NULL);
  tinet_connect_options_init(&co);
  co.host = "localhost";
  co.port = port;
  co.tls = &tco;
  if (err == 0)
    err = tinet_stream_connect(loop, &co, &end_events, &a, &a.stream, NULL);
  (void)tinet_stream_close(a.stream);
  a.stream = NULL;
  tinet_listener_close(listener);
  listener = NULL;
  (void)tinet_loop_run(loop);
  T_EQ(0, tinet_loop_close(loop));
  return err;
}

static void constructors_survive_failing_allocations(void)
{
  static const char *const names[] = {"a", "b"};

  begin(&server_cert);
  close_loop();
  so.alpn = tco.alpn = names;
  so.n_alpn = tco.n_alpn = 2;
  port = 9;
  T_EACH_ALLOCATION_FAILS(0, try_tls);
  tinet_trust_unref(trust);
}

int main(void)
{
  pem_make(&ca, "Test authority", NULL, NULL, 10);
  pem_make(&other_ca, "Other authority", NULL, NULL, 10);
  pem_make(&server_cert, "localhost", "DNS:localhost,IP:127.0.0.1", &ca, 10);
  pem_make(&expired, "localhost", "DNS:localhost", &ca, 0);
  pem_make(&client_cert, "client", "DNS:client", &ca, 10);
  T_RUN(bytes_go_through_encrypted);
  T_RUN(much_data_arrives_whole_and_in_order);
  T_RUN(a_read_once_is_served_from_what_is_there);
  T_RUN(the_waiting_forms_go_through_tls);
  T_RUN(a_protocol_is_agreed_on);
  T_RUN(no_common_protocol_ends_the_handshake);
  T_RUN(an_unknown_authority_is_not_believed);
  T_RUN(another_name_is_not_believed);
  T_RUN(an_address_is_compared_as_one);
  T_RUN(an_expired_certificate_is_not_believed);
  T_RUN(a_pin_must_match);
  T_RUN(nothing_is_checked_when_asked_for);
  T_RUN(a_client_says_who_it_is);
  T_RUN(a_client_without_a_certificate_is_refused);
  T_RUN(a_peer_that_says_nothing_has_its_time);
  T_RUN(garbage_instead_of_a_handshake_is_told);
  T_RUN(a_handshake_that_trickles_has_its_time);
  T_RUN(garbage_between_records_is_an_error);
  T_RUN(one_byte_at_a_time_goes_through_tls);
  T_RUN(a_server_that_does_not_speak_tls_is_told);
  T_RUN(an_end_without_farewell_is_an_error);
  T_RUN(a_farewell_waits_for_room);
  T_RUN(a_reset_in_the_handshake_ends_it_once);
  T_RUN(what_cannot_be_used_is_refused_at_once);
  T_RUN(constructors_survive_failing_allocations);
  pem_free(&ca);
  pem_free(&other_ca);
  pem_free(&server_cert);
  pem_free(&expired);
  pem_free(&client_cert);
  return T_END();
}
