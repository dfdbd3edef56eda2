/* test_curl_tls.c - the curl transport over TLS: whose certificate is accepted,
 * and which connections and sessions are used again.
 */
#include "exchange_fixture.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#define OK_2 "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

static struct server server;
static char ca_file[] = "/tmp/tinet-test-ca-XXXXXX";

static void add_name(X509 *cert, const char *name)
{
  X509_EXTENSION *ext =
      X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, name);

  X509_add_ext(cert, ext, -1);
  X509_EXTENSION_free(ext);
}

static SSL_CTX *make_tls(const char *name, const char *write_to)
{
  SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
  EVP_PKEY *key = EVP_EC_gen("P-256");
  X509 *cert = X509_new();
  X509_NAME *subject = X509_get_subject_name(cert);

  X509_set_version(cert, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
  X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
  X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                             (const unsigned char *)"test", -1, -1, 0);
  X509_set_issuer_name(cert, subject);
  add_name(cert, name);
  X509_set_pubkey(cert, key);
  X509_sign(cert, key, EVP_sha256());
  SSL_CTX_use_certificate(ctx, cert);
  SSL_CTX_use_PrivateKey(ctx, key);
  if (write_to != NULL) {
    FILE *f = fopen(write_to, "w");

    PEM_write_X509(f, cert);
    fclose(f);
  }
  X509_free(cert);
  EVP_PKEY_free(key);
  return ctx;
}

static void open_both(SSL_CTX *tls, const char *ca)
{
  static const struct reply script[] = {{OK_2, KEEP, 0}, {OK_2, KEEP, 0},
                                        {OK_2, KEEP, 0}, {OK_2, KEEP, 0},
                                        {OK_2, KEEP, 0}, {OK_2, KEEP, 0}};

  server_start(&server, tls, script, 6);
  transport_open(ca);
}

static void stop(SSL_CTX *tls)
{
  transport_close();
  server_stop(&server);
  SSL_CTX_free(tls);
}

static void get(struct fix *f, bool validates, bool closes)
{
  fix_init_at(f, "GET", &server);
  f->x.validates_certificate = validates;
  f->x.closes_connection = closes;
  fix_run(f);
  T_EQ(1, f->n_finish);
  fix_free(f);
}

static void a_trusted_certificate_is_accepted_and_the_facts_are_known(void)
{
  SSL_CTX *tls = make_tls("IP:127.0.0.1", ca_file);
  struct fix f;

  open_both(tls, ca_file);
  get(&f, true, false);
  T_EQ(0, f.err.code);
  T_OK(f.is_tls && !f.is_reused);
  T_STR("TLSv1.3", f.tls_version);
  T_OK(f.x.times.tls_us > 0);
  get(&f, true, false);
  T_EQ(0, f.err.code);
  T_OK(f.is_tls && f.is_reused);
  T_STR("TLSv1.3", f.tls_version);
  T_EQ(1, server.n_connections);
  stop(tls);
}

static void an_unknown_issuer_is_named_with_its_number(void)
{
  SSL_CTX *tls = make_tls("IP:127.0.0.1", NULL);
  struct fix f;

  open_both(tls, NULL);
  get(&f, true, false);
  T_EQ(TINET_ECERTIFICATE, f.err.code);
  T_EQ(TINET_ORIGIN_TLS, f.err.origin);
  T_EQ(X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, f.err.number);
  T_OK(strstr(f.err.text, "127.0.0.1") != NULL);
  T_EQ(0, f.n_connected);
  stop(tls);
}

static void a_certificate_for_another_name_is_not_accepted(void)
{
  SSL_CTX *tls = make_tls("DNS:example.org", ca_file);
  struct fix f;

  open_both(tls, ca_file);
  get(&f, true, false);
  T_EQ(TINET_ECERTIFICATE, f.err.code);
  T_EQ(X509_V_ERR_IP_ADDRESS_MISMATCH, f.err.number);
  T_EQ(0, f.n_connected);
  stop(tls);
}

static void
a_connection_that_was_not_validated_serves_no_one_who_validates(void)
{
  SSL_CTX *tls = make_tls("IP:127.0.0.1", NULL);
  struct fix f;

  open_both(tls, NULL);
  get(&f, false, false);
  T_EQ(0, f.err.code);
  get(&f, false, false);
  T_OK(f.is_reused); /* by its equals it is used again */
  get(&f, true, false);
  T_EQ(TINET_ECERTIFICATE, f.err.code);
  get(&f, false, false);
  T_EQ(0, f.err.code);
  stop(tls);
}

static void a_session_is_resumed_but_not_across_validation(void)
{
  SSL_CTX *tls = make_tls("IP:127.0.0.1", NULL);
  struct fix f;

  open_both(tls, NULL);
  get(&f, false, true);
  get(&f, false, true);
  T_EQ(0, f.err.code);
  get(&f, true, true);
  T_EQ(TINET_ECERTIFICATE, f.err.code);
  stop(tls);
  T_EQ(1, server.n_resumed);
}

static void a_veto_sees_the_session_and_lets_no_byte_out(void)
{
  SSL_CTX *tls = make_tls("IP:127.0.0.1", ca_file);
  struct fix f;

  open_both(tls, ca_file);
  fix_init_at(&f, "GET", &server);
  f.when = CONNECTED;
  f.what = VETO;
  fix_run(&f);
  T_EQ(TINET_EPOLICY, f.err.code);
  T_STR("TLSv1.3", f.tls_version);
  fix_free(&f);
  stop(tls);
  T_EQ(0, server.n_requests);
}

static void a_server_without_tls_is_a_failed_handshake(void)
{
  static const struct reply script[] = {{OK_2, CLOSE, 0}};
  struct fix f;
  char url[64];

  server_start(&server, NULL, script, 1);
  transport_open(NULL);
  snprintf(url, sizeof(url), "https://127.0.0.1:%d/", server.port);
  fix_init(&f, "GET", url);
  fix_start(&f);
  while (f.n_finish == 0 && f.n_progress < 2)
    (void)tinet_loop_run_once(loop);
  server_stop(&server); /* the client hello is no complete request for it */
  T_EQ(0, tinet_loop_run(loop));
  T_EQ(TINET_ETLS, f.err.code);
  T_OK(strstr(f.err.text, "127.0.0.1") != NULL);
  fix_free(&f);
  transport_close();
}

static void a_body_that_is_cut_off_is_truncated(void)
{
  static const struct reply script[] = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhi", CLOSE, 0}};
  SSL_CTX *tls = make_tls("IP:127.0.0.1", ca_file);
  struct fix f;

  server_start(&server, tls, script, 1);
  transport_open(ca_file);
  get(&f, true, false);
  T_EQ(TINET_ETRUNCATED, f.err.code);
  stop(tls);
}

int main(void)
{
  int fd = mkstemp(ca_file);

  if (fd < 0)
    return 1;
  close(fd);
  T_RUN(a_trusted_certificate_is_accepted_and_the_facts_are_known);
  T_RUN(an_unknown_issuer_is_named_with_its_number);
  T_RUN(a_certificate_for_another_name_is_not_accepted);
  T_RUN(a_connection_that_was_not_validated_serves_no_one_who_validates);
  T_RUN(a_session_is_resumed_but_not_across_validation);
  T_RUN(a_veto_sees_the_session_and_lets_no_byte_out);
  T_RUN(a_server_without_tls_is_a_failed_handshake);
  T_RUN(a_body_that_is_cut_off_is_truncated);
  unlink(ca_file);
  return T_END();
}
