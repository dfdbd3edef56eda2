/* test_proxy.c - which proxies are accepted, and which hosts go without. */
#include "core/alloc.h"
#include "http/proxy.h"
#include "t.h"

static struct tinet__proxies p;
static tinet_error error;

static int init(const char *http, const char *https, const char *none)
{
  tinet__proxies_free(&p);
  memset(&error, 0, sizeof error);
  return tinet__proxies_init(&p, http, https, none, &error);
}

static void is(const char *want, const char *text)
{
  struct tinet__url url = {0};

  T_EQ(0, tinet__url_parse(text, true, &url, NULL));
  T_STR(want, tinet__proxies_for(&p, &url));
  tinet__url_free(&url);
}

static void a_proxy_has_a_known_scheme(void)
{
  T_EQ(0, init("proxy:3128", "SOCKS5H://[::1]:1080", NULL));
  T_STR("http://proxy:3128", p.http);
  T_STR("SOCKS5H://[::1]:1080", p.https);
  T_EQ(0, init("https://u:p@proxy", "socks5://h", ""));
  T_EQ(0, init(NULL, "", NULL));
  T_OK(!p.http && !p.https && !p.none);
  T_EQ(TINET_ESCHEME, init("ftp://proxy", NULL, NULL));
  T_EQ(TINET_ESCHEME, error.code);
  T_OK(strstr(error.text, "ftp") != NULL);
  T_EQ(TINET_ESCHEME, init(NULL, "socks4://proxy", NULL));
  T_EQ(TINET_EURL, init("http://", NULL, NULL));
}

static void each_scheme_has_its_proxy(void)
{
  T_EQ(0, init("http://one", "http://two", "direct.example"));
  is("http://one", "http://a/");
  is("http://two", "https://a/");
  is(NULL, "https://direct.example/");
  is(NULL, "http://x.direct.example:8080/");
  T_EQ(0, init("http://one", NULL, NULL));
  is(NULL, "https://a/");
}

static void no_proxy_names_hosts(void)
{
  static const struct {
    const char *list, *host;
    int port;
    bool matches;
  } table[] = {
      {NULL, "a", 80, false},
      {"", "a", 80, false},
      {" , ,", "a", 80, false},
      {"*", "a", 80, true},
      {"b,*", "a", 80, true},
      {"b *", "a", 80, true},
      {"a.example", "a.example", 80, true},
      {"A.Example", "a.example", 80, true},
      {"a.example", "x.a.example", 80, true},
      {".a.example", "a.example", 80, true},
      {".a.example", "x.y.a.example", 80, true},
      {"a.example", "xa.example", 80, false},
      {".a.example", "xa.example", 80, false},
      {"a.example", "a.example.org", 80, false},
      {"x.a.example", "a.example", 80, false},
      {"a.example.", "a.example", 80, true},
      {"a.example", "a.example.", 80, true},
      {".", "a", 80, false},
      {"b, a.example\t,c", "a.example", 80, true},
      {"a.example:80", "a.example", 80, true},
      {"a.example:81", "a.example", 80, false},
      {"a.example:", "a.example", 80, false},
      {"a.example:x", "a.example", 80, false},
      {"127.0.0.1", "127.0.0.1", 80, true},
      {"127.0.0.1:81", "127.0.0.1", 80, false},
      {"0.0.1", "127.0.0.1", 80, false},
      {".0.0.1", "127.0.0.1", 80, false},
      {"10.0.0.0/8", "10.255.0.1", 80, true},
      {"10.0.0.0/8", "11.0.0.1", 80, false},
      {"10.1.2.0/23", "10.1.3.255", 80, true},
      {"10.1.2.0/23", "10.1.4.0", 80, false},
      {"0.0.0.0/0", "8.8.8.8", 80, true},
      {"0.0.0.0/0", "::1", 80, false},
      {"10.0.0.0/33", "10.0.0.0", 80, false},
      {"10.0.0.0/", "10.0.0.0", 80, false},
      {"10.0.0.0/x", "10.0.0.0", 80, false},
      {"10.0.0.0/8", "a.example", 80, false},
      {"10.1.1.1/32", "10.1.1.1", 80, true},
      {"::1", "::1", 80, true},
      {"[::1]", "::1", 80, true},
      {"[::1]:80", "::1", 80, true},
      {"[::1]:81", "::1", 80, false},
      {"[::1", "::1", 80, false},
      {"0:0::1", "::1", 80, true},
      {"2001:db8::/32", "2001:db8:1::1", 80, true},
      {"2001:db8::/33", "2001:db8:8000::1", 80, false},
      {"::/0", "2001:db8::1", 80, true},
      {"::/129", "::", 80, false},
      {"::1", "::2", 80, false},
  };

  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    if (tinet__no_proxy_matches(table[i].list, table[i].host, table[i].port) !=
        table[i].matches)
      T_FAIL("\"%s\" and %s", table[i].list ? table[i].list : "(null)",
             table[i].host);
}

static void an_entry_of_any_length_is_fine(void)
{
  char list[1000];

  memset(list, 'a', sizeof list);
  list[sizeof list - 1] = 0;
  T_OK(!tinet__no_proxy_matches(list, "b", 80));
  memcpy(list + sizeof list - 3, ",b", 3);
  T_OK(tinet__no_proxy_matches(list, "b", 80));
}

static int init_once(void)
{
  struct tinet__proxies once = {0};
  int err = tinet__proxies_init(&once, "a", "https://b", "c", NULL);

  tinet__proxies_free(&once);
  return err;
}

static void each_allocation_may_fail(void)
{
  T_EACH_ALLOCATION_FAILS(0, init_once);
}

int main(void)
{
  T_RUN(a_proxy_has_a_known_scheme);
  T_RUN(each_scheme_has_its_proxy);
  T_RUN(no_proxy_names_hosts);
  T_RUN(an_entry_of_any_length_is_fine);
  T_RUN(each_allocation_may_fail);
  tinet__proxies_free(&p);
  return T_END();
}
