/* test_ats_policy.c - policies under failing memory, at their limits, and what
 * C programs ask of them. */
#include <tinet/ats.h>
#include <tinet/ats_diagnose.h>

#include "ats/value.h"
#include "core/alloc.h"
#include "t.h"

#define HEAD "<plist version='1.0'><dict><key>NSAppTransportSecurity</key>"
#define TAIL "</dict></plist>"

static const char full[] = HEAD
    "<dict><key>NSAllowsArbitraryLoads</key><string>YES</string>"
    "<key>NSExceptionDomains</key><dict>"
    "<key>example.com</key><dict><key>NSIncludesSubdomains</key><true/>"
    "<key>NSExceptionMinimumTLSVersion</key><string>TLSv1.1</string></dict>"
    "<key>10.0.0.0/8</key><dict>"
    "<key>NSExceptionAllowsInsecureHTTPLoads</key><true/></dict>"
    "<key>http://x/</key><dict/></dict>"
    "<key>NSPinnedDomains</key><dict><key>example.org</key><dict>"
    "<key>NSPinnedLeafIdentities</key><array><dict>"
    "<key>SPKI-SHA256-BASE64</key>"
    "<string>AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=</string>"
    "</dict></array></dict></dict></dict>" TAIL;

static const char tiapp[] =
    "<ti:app xmlns:ti='http://ti.tidev.io'><id>a.b</id><name>n</name>"
    "<version>1</version><sdk-version>9.0.3.GA</sdk-version>"
    "<analytics>true</analytics><ios><plist><dict>"
    "<key>NSAppTransportSecurity</key><dict><key>NSExceptionDomains</key><dict>"
    "<key>a.test</key><dict/></dict></dict></dict></plist></ios></ti:app>";

static int parse(const char *text, tinet_ats_policy **ret_policy)
{
  tinet_error error;

  return tinet_ats_policy_parse(text, strlen(text), "f", NULL, ret_policy,
                                &error);
}

/* ---- failing memory ---- */

static int try_new(void)
{
  tinet_ats_options options = {.flags = TINET_ATS_FLAG_BUILTIN_EXCEPTIONS};
  tinet_ats_policy *policy = NULL;
  int err = tinet_ats_policy_new(&options, &policy);

  tinet_ats_policy_unref(policy);
  return err;
}

static int try_text(const char *text)
{
  tinet_ats_policy *policy = NULL;
  int err = parse(text, &policy);

  tinet_ats_policy_unref(policy);
  return err;
}

static int try_plist(void)
{
  return try_text(full);
}

static int try_tiapp(void)
{
  return try_text(tiapp);
}

static void making_a_policy(void)
{
  T_EACH_ALLOCATION_FAILS(TINET_OK, try_new);
  T_EACH_ALLOCATION_FAILS(TINET_OK, try_plist);
  T_EACH_ALLOCATION_FAILS(TINET_OK, try_tiapp);
}

static tinet_ats_policy *shared;
static tinet_ats_format format;

static int try_print(void)
{
  char *text = NULL;
  int err = tinet_ats_policy_print(shared, format, true, &text);

  tinet_free(text);
  return err;
}

static int try_explain(void)
{
  tinet_ats_request request = {.scheme = "http", .host = "www.example.com"};
  tinet_ats_verdict verdict;
  char *text = NULL;
  int err = tinet_ats_decide(shared, &request, NULL, &verdict);

  if (err == TINET_OK)
    err = tinet_ats_explain(shared, &request, &verdict, &text);
  tinet_free(text);
  return err;
}

static void printing_and_explaining(void)
{
  T_EQ(0, parse(full, &shared));
  for (int i = TINET_ATS_FORMAT_TABLE; i <= TINET_ATS_FORMAT_JSON; i++) {
    format = (tinet_ats_format)i;
    T_EACH_ALLOCATION_FAILS(TINET_OK, try_print);
  }
  T_EACH_ALLOCATION_FAILS(TINET_OK, try_explain);
  tinet_ats_policy_unref(shared);
  shared = NULL;
}

static int try_relief(void)
{
  tinet_ats_request request = {.scheme = "http", .host = "a.test"};
  tinet_ats_relief relief;
  int err = tinet_ats_smallest_relief(NULL, &request, NULL, &relief);

  if (err == TINET_OK && !relief.allows_insecure_http)
    return 1;
  return err;
}

static int try_probe(void)
{
  tinet_ats_probe_options options = {.host = "127.0.0.1", .port = 1};
  tinet_ats_server *server = NULL;
  tinet_error error;
  int err = tinet_ats_server_probe(&options, &server, &error);

  if (err == TINET_OK && server->error.code != TINET_ECONNECT)
    err = server->error.code == TINET_ENOMEM ? TINET_ENOMEM : 1;
  tinet_ats_server_free(server);
  return err;
}

static int try_authorities(void)
{
  tinet_ats_authorities *authorities = NULL;
  tinet_error error;
  int err = tinet_ats_authorities_new(NULL, &authorities, &error);

  tinet_ats_authorities_free(authorities);
  return err;
}

static void diagnosing(void)
{
  T_EACH_ALLOCATION_FAILS(TINET_OK, try_authorities);
  T_EACH_ALLOCATION_FAILS(TINET_OK, try_relief);
  T_EACH_ALLOCATION_FAILS(TINET_OK, try_probe);
}

/* ---- limits ---- */

static int parse_size(size_t size)
{
  char *text = tinet__zalloc(size);
  tinet_ats_policy *policy = NULL;
  tinet_error error;
  int err;

  memset(text, ' ', size);
  memcpy(text, HEAD "<dict/>" TAIL, sizeof(HEAD "<dict/>" TAIL) - 1);
  err = tinet_ats_policy_parse(text, size, "big", NULL, &policy, &error);
  tinet_ats_policy_unref(policy);
  tinet__free(text);
  return err;
}

static void a_document_has_four_mebibytes_at_most(void)
{
  T_EQ(0, parse_size(4194304));
  T_EQ(TINET_ELIMIT, parse_size(4194305));
}

static void a_document_that_is_cut_anywhere_is_malformed(void)
{
  for (size_t n = 0; n < sizeof full - 1; n++) {
    tinet_ats_policy *policy = NULL;
    tinet_error error = {0};

    if (tinet_ats_policy_parse(full, n, "f", NULL, &policy, &error) !=
        TINET_ESYNTAX)
      T_FAIL("%zu bytes: %s", n, error.text);
    tinet_ats_policy_unref(policy);
  }
}

static void an_error_names_the_file_and_the_place(void)
{
  tinet_ats_policy *policy = NULL;
  tinet_error error;

  T_EQ(TINET_ESYNTAX,
       tinet_ats_policy_parse("<plist>\n <dict>\n<key>", 21, "a/b.plist", NULL,
                              &policy, &error));
  T_OK(strncmp(error.text, "a/b.plist:3:", 12) == 0);
}

/* ---- asking ---- */

static void what_is_no_question_is_refused(void)
{
  tinet_ats_policy *policy;
  tinet_ats_verdict v;
  tinet_ats_request no_host = {.scheme = "http"}, no_scheme = {.host = "a"},
                    empty = {.scheme = "http", .host = ""};

  T_EQ(0, tinet_ats_policy_new(NULL, &policy));
  T_EQ(TINET_EINVAL, tinet_ats_decide(policy, &no_host, NULL, &v));
  T_EQ(TINET_EINVAL, tinet_ats_decide(policy, &no_scheme, NULL, &v));
  T_EQ(TINET_EINVAL, tinet_ats_decide(policy, &empty, NULL, &v));
  T_EQ(TINET_EINVAL, tinet_ats_decide(NULL, &empty, NULL, &v));
  T_OK(!tinet_ats_policy_look_up(policy, ""));
  T_OK(!tinet_ats_policy_exception(policy, 0));
  T_OK(!tinet_ats_policy_finding(policy, 0));
  T_OK(tinet_ats_policy_ref(policy) == policy);
  tinet_ats_policy_unref(policy);
  tinet_ats_policy_unref(policy);
  T_OK(!tinet_ats_policy_ref(NULL));
  tinet_ats_policy_unref(NULL);
}

static void codes_have_stable_names(void)
{
  T_STR("cleartext", tinet_ats_code_name(TINET_ATS_CLEARTEXT));
  T_STR("niap-sigalg", tinet_ats_code_name(TINET_ATS_NIAP_SIGALG));
  T_STR(NULL, tinet_ats_code_name((tinet_ats_code)99));
  T_EQ(100, TINET_ATS_CLEARTEXT);
  T_EQ(142, TINET_ATS_NIAP_SIGALG);
}

static void a_host_is_written_as_keys_are(void)
{
  static const struct {
    const char *host, *key;
  } rows[] = {{"WWW.Example.TEST", "www.example.test"},
              {"b\xc3\xbc"
               "cher.example",
               "xn--bcher-kva.example"},
              {"2001:DB8:0:0::1", "2001:db8::1"},
              {"a.test.", "a.test."}};
  char key[TINET_ATS_HOST_KEY_MAX], host[400];

  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    T_EQ(0, tinet_ats_host_key(rows[i].host, key));
    T_STR(rows[i].key, key);
  }
  memset(host, 'a', sizeof host);
  host[sizeof host - 1] = '\0';
  T_EQ(TINET_EINVAL, tinet_ats_host_key(host, key));
  T_EQ(TINET_EINVAL, tinet_ats_host_key("", key));
  T_EQ(TINET_EINVAL, tinet_ats_host_key(NULL, key));
}

static void authorities_come_from_a_file_too(void)
{
  tinet_ats_authorities *a = NULL;
  tinet_error error = {0};

  T_EQ(TINET_EFILE, tinet_ats_authorities_new("/none/there", &a, &error));
  T_OK(strstr(error.text, "/none/there") != NULL);
  T_EQ(TINET_EFILE, tinet_ats_authorities_new("/dev/null", &a, &error));
  T_OK(strstr(error.text, "no certificate") != NULL);
  T_EQ(TINET_EINVAL, tinet_ats_authorities_new(NULL, NULL, &error));
  T_OK(!a);
}

static void a_relief_is_the_entry_it_says(void)
{
  tinet_ats_relief relief = {0x0301, true, true, false};
  tinet_ats_policy *policy = NULL;
  const tinet_ats_exception *e;

  T_EQ(0, tinet_ats_relief_policy(&relief, "a.test", NULL, &policy));
  T_EQ(0, tinet_ats_policy_n_findings(policy) > 10);
  e = tinet_ats_policy_look_up(policy, "a.test");
  T_OK(e && e->min_version == 0x0301 && !e->requires_forward_secrecy &&
       e->allows_insecure_http);
  T_OK(!tinet_ats_policy_look_up(policy, "b.a.test"));
  tinet_ats_policy_unref(policy);
  T_EQ(TINET_EINVAL, tinet_ats_relief_policy(&relief, "a<b", NULL, &policy));
}

int main(void)
{
  T_RUN(making_a_policy);
  T_RUN(printing_and_explaining);
  T_RUN(diagnosing);
  T_RUN(a_document_has_four_mebibytes_at_most);
  T_RUN(a_document_that_is_cut_anywhere_is_malformed);
  T_RUN(an_error_names_the_file_and_the_place);
  T_RUN(what_is_no_question_is_refused);
  T_RUN(codes_have_stable_names);
  T_RUN(a_host_is_written_as_keys_are);
  T_RUN(authorities_come_from_a_file_too);
  T_RUN(a_relief_is_the_entry_it_says);
  return T_END();
}
