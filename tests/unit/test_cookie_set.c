/* test_cookie_set.c - a Set-Cookie field, and the rules about cookies that need
 * no jar. */
#include "t.h"

#include "core/psl.h"
#include "cookie/set_cookie.h"
#include "core/alloc.h"

#define NOW_MS INT64_C(1700000000000)
#define DAY_MS INT64_C(86400000)

static struct tinet__set_cookie s;

static tinet_cookie_verdict parse(const char *text)
{
  return tinet__set_cookie_parse(text, strlen(text), NOW_MS, &s);
}

#define SPAN(want, span) T_MEM(want, strlen(want), (span).p, (span).len)

static void a_pair_is_cut_and_trimmed(void)
{
  static const struct {
    const char *field, *name, *value;
  } cases[] = {
      {"a=b", "a", "b"},
      {" a =\t b ", "a", "b"},
      {"a=b=c", "a", "b=c"},
      {"a=", "a", ""},
      {"a=\"x y\"", "a", "\"x y\""},
      {"a=b;", "a", "b"},
      {"a = b ; Path=/x", "a", "b"},
      {"a b=c d", "a b", "c d"},
      {"a,b=c,d", "a,b", "c,d"},
      {"a\tb=c\td", "a\tb", "c\td"},
      {"\xc3\xa4=\xff", "\xc3\xa4", "\xff"},
  };

  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    T_EQ(TINET_COOKIE_STORED, parse(cases[i].field));
    SPAN(cases[i].name, s.name);
    SPAN(cases[i].value, s.value);
  }
}

static void a_cookie_may_have_no_name(void)
{
  T_EQ(TINET_COOKIE_STORED, parse("value"));
  SPAN("", s.name);
  SPAN("value", s.value);
  T_EQ(TINET_COOKIE_STORED, parse("=value"));
  SPAN("", s.name);
  SPAN("value", s.value);
  T_EQ(TINET_COOKIE_STORED, parse("==value"));
  SPAN("=value", s.value);
  T_EQ(TINET_COOKIE_SYNTAX, parse(""));
  T_EQ(TINET_COOKIE_SYNTAX, parse("="));
  T_EQ(TINET_COOKIE_SYNTAX, parse(" = ; Path=/"));
  T_EQ(TINET_COOKIE_SYNTAX, parse("; a=b"));
}

static void control_characters_are_refused_wherever_they_stand(void)
{
  char text[] = "a=b; Path=/x";

  for (int c = 0; c < 0x20; c++) {
    text[3] = (char)c;
    T_EQ(c == '\t' ? TINET_COOKIE_STORED : TINET_COOKIE_SYNTAX,
         tinet__set_cookie_parse(text, sizeof text - 1, NOW_MS, &s));
  }
  T_EQ(TINET_COOKIE_SYNTAX, parse("a=b; Path=/\x7f"));
}

static void name_and_value_have_4096_bytes_at_most(void)
{
  static char text[TINET__COOKIE_MAX_PAIR + 3];

  memset(text, 'x', sizeof text);
  text[10] = '=';
  T_EQ(TINET_COOKIE_STORED,
       tinet__set_cookie_parse(text, TINET__COOKIE_MAX_PAIR + 1, NOW_MS, &s));
  T_EQ(TINET_COOKIE_TOO_LARGE,
       tinet__set_cookie_parse(text, TINET__COOKIE_MAX_PAIR + 2, NOW_MS, &s));
}

static void a_long_attribute_is_passed_over(void)
{
  static char text[1100] = "a=b; Path=/short; Path=/";

  memset(text + strlen(text), 'x', TINET__COOKIE_MAX_ATTRIBUTE - 1);
  T_EQ(TINET_COOKIE_STORED, parse(text));
  T_EQ(TINET__COOKIE_MAX_ATTRIBUTE, s.path.len);
  text[strlen(text)] = 'x';
  T_EQ(TINET_COOKIE_STORED, parse(text));
  SPAN("/short", s.path);
}

static void the_last_attribute_wins(void)
{
  T_EQ(0, parse("a=b; Path=/1; Path=/2; Domain=x.example; Domain=y.example"));
  SPAN("/2", s.path);
  SPAN("y.example", s.domain);
  T_EQ(0, parse("a=b; Path=/1; Path=2"));
  T_OK(!s.has_path);
  T_EQ(0, parse("a=b; Domain=x.example; Domain="));
  T_EQ(0, s.domain.len);
  T_EQ(0, parse("a=b; SameSite=Lax; SameSite=Strict"));
  T_EQ(TINET_COOKIE_SAME_SITE_STRICT, s.same_site);
  T_EQ(0, parse("a=b; SameSite=Lax; SameSite=bogus"));
  T_EQ(TINET_COOKIE_SAME_SITE_DEFAULT, s.same_site);
}

static void attributes_are_found_in_any_case(void)
{
  T_EQ(0, parse("a=b;SECURE;httponly ; dOmAiN = .Example.COM ;PATH= /x y "));
  T_OK(s.is_secure && s.is_http_only);
  SPAN("Example.COM", s.domain);
  SPAN("/x y", s.path);
  T_EQ(0, parse("a=b; Secure=no; HttpOnly=0"));
  T_OK(s.is_secure && s.is_http_only);
  T_EQ(0, parse("a=b; Secured; Http Only; Foo=Secure"));
  T_OK(!s.is_secure && !s.is_http_only);
  T_EQ(0, parse("a=b; samesite=NONE"));
  T_EQ(TINET_COOKIE_SAME_SITE_NONE, s.same_site);
}

static void max_age_is_seconds_and_at_most_400_days(void)
{
  T_EQ(0, parse("a=b; Max-Age=60"));
  T_OK(s.is_persistent);
  T_EQ(NOW_MS + 60000, s.expires_ms);
  T_EQ(0, parse("a=b; Max-Age=99999999999999999999999999"));
  T_EQ(NOW_MS + 400 * DAY_MS, s.expires_ms);
  T_EQ(0, parse("a=b; Max-Age=0"));
  T_OK(s.is_persistent && s.expires_ms <= NOW_MS);
  T_EQ(0, parse("a=b; Max-Age=-1"));
  T_OK(s.is_persistent && s.expires_ms <= NOW_MS);
}

static void a_max_age_that_is_no_number_is_passed_over(void)
{
  static const char *const values[] = {"",   "-",  "+1",   "1.5",
                                       "1s", "1 ", "0x10", "--1"};

  for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
    char text[64];

    (void)snprintf(text, sizeof text, "a=b; Max-Age=%s;", values[i]);
    T_EQ(0, parse(text));
    /* What stands around a value is no part of it. */
    T_EQ(strcmp(values[i], "1 ") == 0, s.is_persistent);
  }
}

static void max_age_goes_before_expires(void)
{
  T_EQ(0, parse("a=b; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT"));
  T_EQ(NOW_MS + 60000, s.expires_ms);
  T_EQ(0, parse("a=b; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=60"));
  T_EQ(NOW_MS + 60000, s.expires_ms);
  T_EQ(0, parse("a=b; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=x"));
  T_EQ(0, s.expires_ms);
  T_EQ(0, parse("a=b; Max-Age=60; Max-Age=70"));
  T_EQ(NOW_MS + 70000, s.expires_ms);
}

static void expires_is_a_date_and_at_most_400_days_ahead(void)
{
  T_EQ(0, parse("a=b; Expires=Wed, 15 Nov 2023 00:00:00 GMT"));
  T_EQ(INT64_C(1700006400000), s.expires_ms);
  T_EQ(0, parse("a=b; Expires=Fri, 31 Dec 9999 23:59:59 GMT"));
  T_EQ(NOW_MS + 400 * DAY_MS, s.expires_ms);
  T_EQ(0, parse("a=b; Expires=soon"));
  T_OK(!s.is_persistent);
}

static void the_default_path_ends_before_the_last_slash(void)
{
  T_EQ(0, tinet__cookie_default_path("/"));
  T_EQ(0, tinet__cookie_default_path("/file"));
  T_EQ(4, tinet__cookie_default_path("/dir/file"));
  T_EQ(4, tinet__cookie_default_path("/dir/"));
  T_EQ(6, tinet__cookie_default_path("/dir/a/b"));
}

static bool path_matches(const char *request, const char *cookie)
{
  return tinet__cookie_path_matches(request, cookie, strlen(cookie));
}

static void a_path_covers_what_is_below_it(void)
{
  T_OK(path_matches("/", "/"));
  T_OK(path_matches("/a", "/"));
  T_OK(path_matches("/a", "/a"));
  T_OK(path_matches("/a/", "/a"));
  T_OK(path_matches("/a/b", "/a"));
  T_OK(path_matches("/a/b", "/a/"));
  T_OK(!path_matches("/ab", "/a"));
  T_OK(!path_matches("/a", "/a/"));
  T_OK(!path_matches("/A", "/a"));
  T_OK(!path_matches("/", "/a"));
}

static bool domain_matches(const char *host, const char *domain)
{
  return tinet__cookie_domain_matches(host, tinet__cookie_is_address(host),
                                      domain);
}

static void a_domain_covers_what_is_below_it(void)
{
  T_OK(domain_matches("example.com", "example.com"));
  T_OK(domain_matches("a.example.com", "example.com"));
  T_OK(domain_matches("a.b.example.com", "example.com"));
  T_OK(!domain_matches("aexample.com", "example.com"));
  T_OK(!domain_matches("example.com", "a.example.com"));
  T_OK(!domain_matches("example.org", "example.com"));
}

static void an_address_covers_only_itself(void)
{
  T_OK(domain_matches("10.0.0.1", "10.0.0.1"));
  T_OK(!domain_matches("10.0.0.1", "0.0.1"));
  T_OK(!domain_matches("10.0.0.1", "1"));
  T_OK(domain_matches("::1", "::1"));
  T_OK(tinet__cookie_is_address("::ffff:1.2.3.4"));
  T_OK(!tinet__cookie_is_address("1.2.3"));
  T_OK(!tinet__cookie_is_address("example.com"));
}

static void hosts_are_brought_into_one_form(void)
{
  static const struct {
    const char *text, *host; /* host NULL = none */
  } cases[] = {
      {"Example.COM", "example.com"},
      {".example.com", "example.com"},
      {"b\xc3\xbc"
       "cher.example",
       "xn--bcher-kva.example"},
      {"[::1]", "::1"},
      {"::1", "::1"},
      {"0:0:0:0:0:0:0:1", "::1"},
      {"fe80::1%eth0", "fe80::1%eth0"},
      {"[fe80::1%25eth0]", "fe80::1%eth0"},
      {"10.0.0.1", "10.0.0.1"},
      {"example.com.", "example.com"},
      {"a*b.example", "a*b.example"},
      {"example.com..", NULL},
      {"1.2.3", NULL},
      {"%65xample.com", NULL},
      {"a_b.example", "a_b.example"},
      {"", NULL},
      {".", NULL},
      {"..example.com", NULL},
      {"a..b", NULL},
      {"a:b", NULL},
      {"a b", NULL},
      {"a/b", NULL},
  };

  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char *host = NULL;
    int err = tinet__cookie_canonical_host(cases[i].text, strlen(cases[i].text),
                                           &host);

    T_EQ(cases[i].host ? TINET_OK : TINET_EURL, err);
    T_STR(cases[i].host, host);
    tinet__free(host);
  }
}

/* From the cases of the list's own test, as libpsl has them. */
static void public_suffixes_are_those_of_the_list(void)
{
  static const struct {
    const char *domain, *registrable; /* NULL = is a suffix itself */
  } cases[] = {
      {"com", NULL},
      {"example.com", "example.com"},
      {"b.example.com", "example.com"},
      {"a.b.example.com", "example.com"},
      {"biz", NULL},
      {"domain.biz", "domain.biz"},
      {"uk.com", NULL},
      {"example.uk.com", "example.uk.com"},
      {"b.example.uk.com", "example.uk.com"},
      {"ac", NULL},
      {"jp", NULL},
      {"ac.jp", NULL},
      {"test.ac.jp", "test.ac.jp"},
      {"kyoto.jp", NULL},
      {"ide.kyoto.jp", NULL},
      {"b.ide.kyoto.jp", "b.ide.kyoto.jp"},
      {"c.kobe.jp", NULL},
      {"b.c.kobe.jp", "b.c.kobe.jp"},
      {"city.kobe.jp", "city.kobe.jp"},
      {"www.city.kobe.jp", "city.kobe.jp"},
      {"ck", NULL},
      {"test.ck", NULL},
      {"b.test.ck", "b.test.ck"},
      {"www.ck", "www.ck"},
      {"www.www.ck", "www.ck"},
      {"us", NULL},
      {"ak.us", NULL},
      {"test.ak.us", "test.ak.us"},
      {"k12.ak.us", NULL},
      {"www.test.k12.ak.us", "test.k12.ak.us"},
      {"xn--85x722f.com.cn", "xn--85x722f.com.cn"},
      {"xn--55qx5d.cn", NULL},
      {"shishi.xn--55qx5d.cn", "shishi.xn--55qx5d.cn"},
      {"xn--fiqs8s", NULL},
      {"github.io", NULL},
      {"someone.github.io", "someone.github.io"},
      {"localhost", NULL},
      {"example.unlisted", "example.unlisted"},
  };

  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const char *want = cases[i].registrable;

    if (tinet__psl_is_suffix(cases[i].domain) != (want == NULL))
      T_FAIL("%s", cases[i].domain);
    if (want)
      T_STR(want, tinet__psl_registrable(cases[i].domain));
  }
}

static int try_a_host(void)
{
  char *host = NULL;
  int err = tinet__cookie_canonical_host("B\xc3\xbc.example", 11, &host);

  tinet__free(host);
  return err;
}

static void memory_may_run_out(void)
{
  T_EACH_ALLOCATION_FAILS(TINET_OK, try_a_host);
}

int main(void)
{
  T_RUN(a_pair_is_cut_and_trimmed);
  T_RUN(a_cookie_may_have_no_name);
  T_RUN(control_characters_are_refused_wherever_they_stand);
  T_RUN(name_and_value_have_4096_bytes_at_most);
  T_RUN(a_long_attribute_is_passed_over);
  T_RUN(the_last_attribute_wins);
  T_RUN(attributes_are_found_in_any_case);
  T_RUN(max_age_is_seconds_and_at_most_400_days);
  T_RUN(a_max_age_that_is_no_number_is_passed_over);
  T_RUN(max_age_goes_before_expires);
  T_RUN(expires_is_a_date_and_at_most_400_days_ahead);
  T_RUN(the_default_path_ends_before_the_last_slash);
  T_RUN(a_path_covers_what_is_below_it);
  T_RUN(a_domain_covers_what_is_below_it);
  T_RUN(an_address_covers_only_itself);
  T_RUN(hosts_are_brought_into_one_form);
  T_RUN(public_suffixes_are_those_of_the_list);
  T_RUN(memory_may_run_out);
  return T_END();
}
