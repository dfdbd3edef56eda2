/* Whose pins and certificates are for a host, and a trust's own rules. */
#include "t.h"

#include "core/alloc.h"
#include "trust/failure.h"
#include "trust/host_pattern.h"
#include "trust/trust.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>

static tinet_spki_hash some = {{1, 2, 3}}, other = {{9}};

static size_t score(const char *pattern, const char *host)
{
  struct tinet__host_pattern p;
  size_t n;

  if (tinet__host_pattern_parse(pattern, &p) < 0)
    return 12345;
  n = tinet__host_pattern_match(&p, host);
  tinet__host_pattern_free(&p);
  return n;
}

static void a_name_is_for_itself_in_any_spelling(void)
{
  T_OK(score("Example.ORG", "example.org") > 0);
  T_OK(score("example.org.", "example.org") > 0);
  T_OK(score("example.org", "example.org.") > 0);
  T_OK(score("b\xc3\xbc"
             "cher.example",
             "xn--bcher-kva.example") > 0);
  T_OK(score("[::1]", "::1") > 0);
  T_OK(score("127.0.0.1", "127.0.0.1") > 0);
  T_EQ(0, score("example.org", "www.example.org"));
  T_EQ(0, score("example.org", "example.org.evil.net"));
}

static void a_wildcard_is_for_the_domain_and_all_below_it(void)
{
  T_OK(score("*.example.org", "example.org") > 0);
  T_OK(score("*.example.org", "a.b.example.org") > 0);
  T_EQ(0, score("*.example.org", "badexample.org"));
  T_EQ(0, score("*.example.org", "example.org.evil.net"));
  T_OK(score("*.www.example.org", "a.www.example.org") >
       score("*.example.org", "a.www.example.org"));
  T_OK(score("a.example.org", "a.example.org") >
       score("*.a.example.org", "a.example.org"));
  T_OK(score(NULL, "anything") < score("*.org", "example.org"));
}

static void what_is_no_host_is_refused(void)
{
  T_EQ(12345, score("", "x"));
  T_EQ(12345, score("*.127.0.0.1", "x"));
  T_EQ(12345, score("*.", "x"));
}

static void a_hash_is_text_and_back(void)
{
  char text[TINET_SPKI_HASH_TEXT_MAX];
  tinet_spki_hash back;

  for (int i = 0; i < 256; i++) {
    tinet_spki_hash h;

    memset(&h, i, sizeof h);
    tinet_spki_hash_text(&h, text);
    T_EQ(51, strlen(text));
    T_EQ(0, tinet_spki_hash_parse(text, &back));
    T_MEM(&h, sizeof h, &back, sizeof back);
    T_EQ(0, tinet_spki_hash_parse(text + 7, &back));
  }
  T_EQ(TINET_EINVAL, tinet_spki_hash_parse("sha256/short=", &back));
  T_EQ(TINET_EINVAL,
       tinet_spki_hash_parse("!AECAwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
                             &back));
  T_EQ(TINET_EINVAL,
       tinet_spki_hash_parse("AAECAwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB",
                             &back));
  T_EQ(TINET_EINVAL, /* bits beyond the 32nd byte */
       tinet_spki_hash_parse("AAECAwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=",
                             &back));
}

static void a_sealed_trust_cannot_be_changed(void)
{
  tinet_trust *t;

  T_EQ(0, tinet_trust_new(&t));
  T_EQ(0, tinet_trust_add_pin(t, "example.org", &some, 0));
  T_EQ(TINET_EINVAL, tinet_trust_add_pin(t, "example.org", &some, -2));
  T_EQ(TINET_EURL, tinet_trust_add_pin(t, "", &some, 0));
  T_OK(tinet_trust_covers(t, "EXAMPLE.org"));
  T_OK(!tinet_trust_covers(t, "www.example.org"));
  tinet__trust_seal(t);
  T_EQ(TINET_ESTATE, tinet_trust_add_pin(t, "example.com", &some, 0));
  T_EQ(TINET_ESTATE, tinet_trust_add_ca(t, "x", 1, NULL));
  tinet_trust_unref(t);
}

static const char *print_of(const char *host, const tinet_spki_hash *hash,
                            int index)
{
  static char text[TINET__FINGERPRINT_MAX];
  tinet_trust *t;

  T_EQ(0, tinet_trust_new(&t));
  T_EQ(0, tinet_trust_add_pin(t, host, hash, index));
  T_OK(tinet__trust_fingerprint(t, text));
  tinet_trust_unref(t);
  return text;
}

static void trusts_that_say_the_same_have_one_fingerprint(void)
{
  char first[80];

  snprintf(first, sizeof first, "%s", print_of("example.org", &some, 0));
  T_EQ(64, strlen(first));
  T_STR(first, print_of("EXAMPLE.org.", &some, 0));
  T_OK(strcmp(first, print_of("example.com", &some, 0)) != 0);
  T_OK(strcmp(first, print_of("*.example.org", &some, 0)) != 0);
  T_OK(strcmp(first, print_of("example.org", &other, 0)) != 0);
  T_OK(strcmp(first, print_of("example.org", &some, 1)) != 0);
}

static int accept_all(const tinet_chain *chain, tinet_error *err, void *user)
{
  (void)chain;
  (void)err;
  (void)user;
  return 0;
}

static int n_released;

static void on_release(void *user)
{
  (void)user;
  n_released++;
}

static void a_verifier_has_no_fingerprint_and_is_released_once(void)
{
  char text[TINET__FINGERPRINT_MAX];
  tinet_trust *t;

  T_EQ(0, tinet_trust_new(&t));
  T_EQ(0, tinet_trust_set_verifier(t, accept_all, NULL, on_release));
  T_EQ(TINET_ESTATE, tinet_trust_set_verifier(t, accept_all, NULL, NULL));
  T_OK(!tinet__trust_fingerprint(t, text));
  T_OK(tinet__trust_judges_all(t));
  T_OK(tinet_trust_ref(t) == t);
  tinet_trust_unref(t);
  T_EQ(0, n_released);
  tinet_trust_unref(t);
  T_EQ(1, n_released);
}

static void what_is_no_certificate_is_said(void)
{
  tinet_client_certificate c = {.cert = "nonsense", .cert_len = 8};
  tinet_error err = {0};
  tinet_spki_hash hash;
  tinet_trust *t;

  T_EQ(0, tinet_trust_new(&t));
  T_EQ(TINET_ECERTIFICATE,
       tinet_spki_hash_of_certificate("nonsense", 8, &hash, &err));
  T_OK(strstr(err.text, "PEM or DER") != NULL);
  T_EQ(TINET_ECERTIFICATE, tinet_trust_add_ca(t, "nonsense", 8, &err));
  T_EQ(TINET_EFILE, tinet_trust_add_ca_file(t, "/nowhere.pem", &err));
  T_OK(strstr(err.text, "/nowhere.pem") != NULL);
  T_EQ(TINET_ECLIENTCERT,
       tinet_trust_add_client_certificate(t, NULL, &c, &err));
  T_OK(strstr(err.text, "PKCS#12") != NULL);
  tinet_trust_unref(t);
}

static int try_pins(void)
{
  tinet_trust *t = NULL;
  int err = tinet_trust_new(&t);

  for (int i = 0; i < 3 && err == 0; i++)
    err = tinet_trust_add_pin(t, "*.example.org", &some, i);
  tinet_trust_unref(t);
  return err;
}

/* A certificate and its key as PEM, for every test the same. */
static char *cert_pem, *key_pem;

static char *text_of(BIO *bio)
{
  char *data;
  long len = BIO_get_mem_data(bio, &data);
  char *text = calloc((size_t)len + 1, 1); /* strndup() looks at one more */

  memcpy(text, data, (size_t)len);
  BIO_free(bio);
  return text;
}

static void make_certificate(void)
{
  EVP_PKEY *key = EVP_EC_gen("P-256");
  BIO *bio = BIO_new(BIO_s_mem());
  X509 *cert = X509_new();
  X509_NAME *subject = X509_get_subject_name(cert);

  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                             (const unsigned char *)"test", -1, -1, 0);
  X509_set_issuer_name(cert, subject);
  X509_gmtime_adj(X509_getm_notBefore(cert), 0);
  X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
  X509_set_pubkey(cert, key);
  X509_sign(cert, key, EVP_sha256());
  PEM_write_bio_X509(bio, cert);
  cert_pem = text_of(bio);
  bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
  key_pem = text_of(bio);
  X509_free(cert);
  EVP_PKEY_free(key);
}

static int try_identities(void)
{
  tinet_client_certificate c = {cert_pem, strlen(cert_pem), key_pem,
                                strlen(key_pem), NULL};
  tinet_trust *t = NULL;
  int err = tinet_trust_new(&t);

  for (int i = 0; i < 2 && err == 0; i++)
    err = tinet_trust_add_client_certificate(t, i ? "a.test" : NULL, &c, NULL);
  tinet_trust_unref(t);
  return err;
}

static void each_allocation_may_fail(void)
{
  T_EACH_ALLOCATION_FAILS(0, try_pins);
  T_EACH_ALLOCATION_FAILS(0, try_identities);
}

static void authorities_are_taken_all_or_none(void)
{
  static const char torn[] = "-----BEGIN CERTIFICATE-----\nAAAA\n"
                             "-----END CERTIFICATE-----\n";
  char before[TINET__FINGERPRINT_MAX], after[TINET__FINGERPRINT_MAX];
  tinet_error err = {0};
  tinet_trust *t;
  char *text;

  T_OK(asprintf(&text, "Some words.\n%s%s%s", cert_pem, cert_pem, torn) > 0);
  T_EQ(0, tinet_trust_new(&t));
  T_OK(tinet__trust_fingerprint(t, before));
  T_EQ(TINET_ECERTIFICATE, tinet_trust_add_ca(t, text, strlen(text), &err));
  T_STR("certificate 3 of the PEM text cannot be read", err.text);
  T_OK(!tinet__trust_judges_all(t) && tinet__trust_fingerprint(t, after));
  T_STR(before, after);
  text[strlen(text) - strlen(torn)] = 0;
  T_EQ(0, tinet_trust_add_ca(t, text, strlen(text), &err));
  T_OK(tinet__trust_judges_all(t) && tinet__trust_fingerprint(t, after));
  T_OK(strcmp(before, after) != 0);
  tinet_trust_unref(t);
  free(text);
}

/* The reason for a handshake that ended with an alert from the server. */
static tinet_tls_reason reason(int alert, bool is_wanted, bool is_sent)
{
  struct tinet__tls_trouble t = {.alert_sent = -1,
                                 .alert_received = alert,
                                 .is_cert_wanted = is_wanted,
                                 .is_cert_sent = is_sent};
  tinet_tls_failure f;

  tinet__tls_failure_of_trouble(&f, "host", &t);
  T_EQ(1000 + alert, f.openssl_code);
  return f.reason;
}

static void an_alert_is_about_what_was_asked_for(void)
{
  T_EQ(TINET_TLS_REASON_CIPHER, reason(40, false, false));
  T_EQ(TINET_TLS_REASON_CLIENT_CERTIFICATE_REQUIRED, reason(40, true, false));
  T_EQ(TINET_TLS_REASON_CLIENT_CERTIFICATE_REJECTED, reason(40, true, true));
  T_EQ(TINET_TLS_REASON_CLIENT_CERTIFICATE_REJECTED, reason(48, true, true));
  T_EQ(TINET_TLS_REASON_CLIENT_CERTIFICATE_REQUIRED, reason(116, true, false));
  T_EQ(TINET_TLS_REASON_HANDSHAKE, reason(48, false, false));
  T_EQ(TINET_TLS_REASON_VERSION, reason(70, false, false));
  T_EQ(TINET_TLS_REASON_HANDSHAKE, reason(112, false, false));
}

static void what_a_handshake_shows_is_noted(void)
{
  struct tinet__tls_trouble t = TINET__TLS_TROUBLE_INIT;

  tinet__tls_trouble_note(&t, false, SSL3_RT_HANDSHAKE, "\x0d", 1);
  T_OK(t.is_cert_wanted && !t.is_cert_sent);
  tinet__tls_trouble_note(&t, true, SSL3_RT_HANDSHAKE, "\x0b\0\0\4\0\0\0", 8);
  T_OK(!t.is_cert_sent); /* an empty list */
  tinet__tls_trouble_note(&t, true, SSL3_RT_HANDSHAKE, "\x0b\0\1", 300);
  T_OK(t.is_cert_sent);
  tinet__tls_trouble_note(&t, false, SSL3_RT_ALERT, "\1\0", 2);
  T_EQ(-1, t.alert_received); /* close_notify */
  tinet__tls_trouble_note(&t, false, SSL3_RT_ALERT, "\2\x2a", 2);
  T_EQ(42, t.alert_received);
  T_EQ(-1, t.alert_sent);
  tinet__tls_trouble_note(&t, false, SSL3_RT_HEADER, "\x16\3\3\0\1", 5);
  tinet__tls_trouble_note(&t, false, SSL3_RT_HEADER, "HTTP/", 5);
  T_OK(!t.is_http); /* only the first bytes tell */
}

int main(void)
{
  make_certificate();
  T_RUN(a_name_is_for_itself_in_any_spelling);
  T_RUN(a_wildcard_is_for_the_domain_and_all_below_it);
  T_RUN(what_is_no_host_is_refused);
  T_RUN(a_hash_is_text_and_back);
  T_RUN(a_sealed_trust_cannot_be_changed);
  T_RUN(trusts_that_say_the_same_have_one_fingerprint);
  T_RUN(a_verifier_has_no_fingerprint_and_is_released_once);
  T_RUN(what_is_no_certificate_is_said);
  T_RUN(each_allocation_may_fail);
  T_RUN(authorities_are_taken_all_or_none);
  T_RUN(an_alert_is_about_what_was_asked_for);
  T_RUN(what_a_handshake_shows_is_noted);
  free(cert_pem);
  free(key_pem);
  return T_END();
}
