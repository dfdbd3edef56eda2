/* test_url.c - URLs as open() takes them, and references against a base. */
#include "core/alloc.h"
#include "core/buf.h"
#include "core/url.h"
#include <tinet/http.h>
#include "t.h"

static struct tinet__url url;
static tinet_error err;

static int parse(const char *text)
{
  tinet__url_free(&url);
  memset(&err, 0, sizeof err);
  return tinet__url_parse(text, true, &url, &err);
}

static void the_parts_are_found(void)
{
  T_EQ(0, parse("HTTPS://User:p%40ss@Example.COM:8443/a/b;c?q=1&r#frag"));
  T_STR("https", url.scheme);
  T_STR("User:p%40ss", url.userinfo);
  T_STR("example.com", url.host);
  T_EQ(8443, url.port);
  T_OK(url.has_port && url.is_https && url.has_query);
  T_STR("/a/b;c", url.path);
  T_STR("q=1&r", url.query);
  T_STR("frag", url.fragment);
  T_STR("https://example.com:8443/a/b;c?q=1&r", url.text);
}

static void what_is_missing_has_its_default(void)
{
  T_EQ(0, parse("http://a"));
  T_STR("http://a/", url.text);
  T_EQ(80, url.port);
  T_EQ(0, parse("https://a:443?q"));
  T_STR("https://a/?q", url.text);
  T_EQ(0, parse("http://a:/?"));
  T_STR("http://a/?", url.text);
  T_EQ(0, parse("a.example:8080/x"));
  T_STR("http://a.example:8080/x", url.text);
}

static void bytes_that_may_not_stand_there_are_encoded(void)
{
  T_EQ(0, parse("http://a/b c/\xc3\xbc%20%zz?x y\"&p=%41#f g"));
  T_STR("http://a/b%20c/%C3%BC%20%25zz?x%20y%22&p=%41", url.text);
  T_STR("f%20g", url.fragment);
  T_EQ(0, parse("http://a/!$&'()*+,;=:@-._~?/?"));
  T_STR("http://a/!$&'()*+,;=:@-._~?/?", url.text);
}

static void without_encoding_they_are_an_error(void)
{
  tinet__url_free(&url);
  T_EQ(TINET_EURL, tinet__url_parse("http://a/b c", false, &url, &err));
  T_EQ(TINET_EURL, tinet__url_parse("http://a/\xc3\xbc", false, &url, &err));
  T_EQ(0, tinet__url_parse("http://a/b|c%zz", false, &url, &err));
  T_STR("http://a/b|c%zz", url.text);
}

static void the_last_at_sign_ends_the_user(void)
{
  T_EQ(0, parse("http://me@work:pw@host/"));
  T_STR("me%40work:pw", url.userinfo);
  T_STR("host", url.host);
  T_STR("http://host/", url.text);
}

static void hosts_are_names_or_addresses(void)
{
  static const char *const bad[] = {
      "http:///x",         "http://",           "http://a b/",
      "http://a\tb/",      "http://1.2.3/",     "http://1.2.3.4.5/",
      "http://256.1.1.1/", "http://0x7f.1/",    "http://[::1/",
      "http://[::g]/",     "http://[1.2.3.4]/", "http://a..b/",
      "http://.a/",        "http://a\\b/",      "http://a:b/",
      "http://a:65536/",   "http://a:-1/",      "http://%00/",
      "http://%zz/",       "http://a^b/",       "http://a:8 0/",
  };

  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    if (parse(bad[i]) != TINET_EURL || err.code != TINET_EURL)
      T_FAIL("accepted: %s as %s", bad[i], url.host ? url.host : "");
  }
  T_EQ(0, parse("http://127.0.0.1:1/"));
  T_STR("127.0.0.1", url.host);
  T_EQ(0, parse("http://[2001:DB8::0:1]:8/"));
  T_STR("2001:db8::1", url.host);
  T_STR("http://[2001:db8::1]:8/", url.text);
  T_EQ(0, parse("http://[fe80::1%25eth0]/"));
  T_STR("fe80::1%eth0", url.host);
  T_STR("http://[fe80::1%25eth0]/", url.text);
  T_EQ(0, parse("http://%65xample.com/"));
  T_STR("example.com", url.host);
  T_EQ(0, parse("http://a.example./"));
  T_STR("a.example.", url.host);
}

static void international_names_become_ascii(void)
{
  T_EQ(0, parse("http://B\xc3\xbc"
                "cher.example/"));
  T_STR("xn--bcher-kva.example", url.host);
  T_EQ(0, parse("http://fa\xc3\x9f.de/")); /* non-transitional */
  T_STR("xn--fa-hia.de", url.host);
  T_EQ(TINET_EURL, parse("http://\xff\xfe.example/"));
}

/* ti: HTTPClient.autoEncodeUrl - the whole of it once more for each kind of
 * byte. */
static void every_byte_parses_to_itself(void)
{
  for (int c = 1; c < 256; c++) {
    char text[] = {'h', 't', 't',     'p', ':', '/',     '/', 'a',
                   '/', 'x', (char)c, 'y', '?', (char)c, 0};
    struct tinet__url again = {0};

    if (parse(text) < 0) {
      T_FAIL("byte %d: %s", c, err.text);
      continue;
    }
    T_EQ(0, tinet__url_parse(url.text, true, &again, NULL));
    T_STR(url.text, again.text);
    tinet__url_free(&again);
    T_EQ(0, tinet__url_parse(url.text, false, &again, NULL));
    T_STR(url.text, again.text);
    tinet__url_free(&again);
  }
}

static void a_url_has_a_ceiling(void)
{
  size_t len = 2 * 1024 * 1024;
  char *text = tinet__alloc(len + 1);

  memset(text, 'a', len);
  text[len] = 0;
  memcpy(text, "http://a/", 9);
  T_EQ(TINET_EURL, parse(text));
  tinet__free(text);
}

static void other_schemes_are_refused(void)
{
  T_EQ(TINET_ESCHEME, parse("ftp://a/"));
  T_EQ(TINET_ESCHEME, parse("data:text/plain,x"));
  T_EQ(TINET_ESCHEME, parse("javascript:x"));
}

static void an_error_does_not_show_the_password(void)
{
  T_EQ(TINET_EURL, parse("http://user:secret@bad host/"));
  T_OK(strstr(err.text, "secret") == NULL);
}

/* rfc: 3986 5.4 */
static const char *const references[][2] = {
    {"g", "http://a/b/c/g"},
    {"./g", "http://a/b/c/g"},
    {"g/", "http://a/b/c/g/"},
    {"/g", "http://a/g"},
    {"//g", "http://g/"},
    {"?y", "http://a/b/c/d;p?y"},
    {"g?y", "http://a/b/c/g?y"},
    {"#s", "http://a/b/c/d;p?q"},
    {"g#s", "http://a/b/c/g"},
    {"g?y#s", "http://a/b/c/g?y"},
    {";x", "http://a/b/c/;x"},
    {"g;x", "http://a/b/c/g;x"},
    {"", "http://a/b/c/d;p?q"},
    {".", "http://a/b/c/"},
    {"./", "http://a/b/c/"},
    {"..", "http://a/b/"},
    {"../", "http://a/b/"},
    {"../g", "http://a/b/g"},
    {"../..", "http://a/"},
    {"../../", "http://a/"},
    {"../../g", "http://a/g"},
    {"../../../g", "http://a/g"},
    {"../../../../g", "http://a/g"},
    {"/./g", "http://a/g"},
    {"/../g", "http://a/g"},
    {"g.", "http://a/b/c/g."},
    {".g", "http://a/b/c/.g"},
    {"g..", "http://a/b/c/g.."},
    {"..g", "http://a/b/c/..g"},
    {"./../g", "http://a/b/g"},
    {"./g/.", "http://a/b/c/g/"},
    {"g/./h", "http://a/b/c/g/h"},
    {"g/../h", "http://a/b/c/h"},
    {"g;x=1/./y", "http://a/b/c/g;x=1/y"},
    {"g;x=1/../y", "http://a/b/c/y"},
    {"g?y/./x", "http://a/b/c/g?y/./x"},
    {"g?y/../x", "http://a/b/c/g?y/../x"},
    {"https://x/y", "https://x/y"},
    {"g h", "http://a/b/c/g%20h"},
};

static void references_resolve_as_in_the_rfc(void)
{
  struct tinet__url base = {0};

  T_EQ(0, tinet__url_parse("http://a/b/c/d;p?q", true, &base, NULL));
  for (size_t i = 0; i < sizeof references / sizeof *references; i++) {
    tinet__url_free(&url);
    T_EQ(0, tinet__url_resolve(&base, references[i][0], &url, &err));
    T_STR(references[i][1], url.text);
  }
  tinet__url_free(&url);
  T_EQ(TINET_ESCHEME, tinet__url_resolve(&base, "ftp://x", &url, &err));
  T_EQ(TINET_EURL, tinet__url_resolve(&base, "//", &url, &err));
  tinet__url_free(&base);
}

static void a_reference_keeps_host_port_and_fragment(void)
{
  struct tinet__url base = {0};

  T_EQ(0, tinet__url_parse("https://u:p@[::1]:8/a#f", true, &base, NULL));
  tinet__url_free(&url);
  T_EQ(0, tinet__url_resolve(&base, "/b", &url, &err));
  T_STR("https://[::1]:8/b", url.text);
  T_STR("f", url.fragment);
  T_STR("", url.userinfo);
  T_OK(tinet__url_same_origin(&base, &url));
  tinet__url_free(&url);
  T_EQ(0, tinet__url_resolve(&base, "http://[::1]:8/b#g", &url, &err));
  T_STR("g", url.fragment);
  T_OK(!tinet__url_same_origin(&base, &url));
  tinet__url_free(&base);
}

static void a_query_is_joined(void)
{
  struct tinet__url with = {0};
  static const char *const cases[][2] = {
      {"http://a/x", "http://a/x?k=v"},
      {"http://a/x?", "http://a/x?k=v"},
      {"http://a/x?y=1#f", "http://a/x?y=1&k=v"},
  };

  for (size_t i = 0; i < 3; i++) {
    T_EQ(0, parse(cases[i][0]));
    T_EQ(0, tinet__url_add_query(&url, "k=v", &with));
    T_STR(cases[i][1], with.text);
    tinet__url_free(&with);
  }
}

static void components_are_encoded_and_decoded(void)
{
  static const char *const bad[] = {"%",   "%4",  "%zz",      "a%",
                                    "%FF", "%C3", "%ED%A0%80"};
  char *text = NULL;
  size_t len = 0;

  T_EQ(0, tinet_http_encode_component("a b/\xc3\xa9~'()*!", 12, &text));
  T_STR("a%20b%2F%C3%A9~'()*!", text);
  tinet_free(text);
  T_EQ(0, tinet_http_encode_component("", 0, &text));
  T_STR("", text);
  tinet_free(text);
  T_EQ(0, tinet_http_decode_component("a%20b+%C3%A9", 12, &text, &len));
  T_STR("a b+\xc3\xa9", text);
  tinet_free(text);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    T_EQ(TINET_EURL,
         tinet_http_decode_component(bad[i], strlen(bad[i]), &text, &len));
}

static int parse_once(void)
{
  struct tinet__url u = {0};
  int code = tinet__url_parse("http://b\xc3\xbc.example/x y?z", true, &u, NULL);

  tinet__url_free(&u);
  return code;
}

static int resolve_once(void)
{
  struct tinet__url u = {0};
  int code = tinet__url_resolve(&url, "../x?y", &u, NULL);

  tinet__url_free(&u);
  return code;
}

static void each_allocation_may_fail(void)
{
  T_EACH_ALLOCATION_FAILS(0, parse_once);
  T_EQ(0, parse("http://a/b/c"));
  T_EACH_ALLOCATION_FAILS(0, resolve_once);
}

int main(void)
{
  T_RUN(the_parts_are_found);
  T_RUN(what_is_missing_has_its_default);
  T_RUN(bytes_that_may_not_stand_there_are_encoded);
  T_RUN(without_encoding_they_are_an_error);
  T_RUN(the_last_at_sign_ends_the_user);
  T_RUN(hosts_are_names_or_addresses);
  T_RUN(international_names_become_ascii);
  T_RUN(every_byte_parses_to_itself);
  T_RUN(a_url_has_a_ceiling);
  T_RUN(other_schemes_are_refused);
  T_RUN(an_error_does_not_show_the_password);
  T_RUN(references_resolve_as_in_the_rfc);
  T_RUN(a_reference_keeps_host_port_and_fragment);
  T_RUN(a_query_is_joined);
  T_RUN(components_are_encoded_and_decoded);
  T_RUN(each_allocation_may_fail);
  tinet__url_free(&url);
  return T_END();
}
