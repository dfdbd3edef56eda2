/* test_cookie_jar.c - what a jar takes from servers, and what it sends. */
#include "t.h"

#include "cookie/jar_private.h"
#include "core/alloc.h"

static int64_t now_us;
static tinet_cookie_jar *jar;

static int64_t clock_us(void)
{
  return now_us;
}

static void open_with(uint32_t max_per_domain, uint32_t max_total)
{
  tinet_cookie_jar_options opt;

  tinet_cookie_jar_options_init(&opt);
  opt.max_per_domain = max_per_domain;
  opt.max_total = max_total;
  now_us = INT64_C(1700000000000000);
  T_EQ(0, tinet_cookie_jar_open(&opt, &jar, NULL));
  tinet__cookie_jar_set_clock(jar, clock_us);
}

static void begin(void)
{
  open_with(50, 3000);
}

static void end(void)
{
  tinet_cookie_jar_unref(jar);
  jar = NULL;
}

/* A microsecond later. */
static tinet_cookie_verdict receive(const char *url, const char *field)
{
  tinet_cookie_verdict v = TINET_COOKIE_UNUSABLE_URL;

  now_us++;
  T_EQ(0, tinet_cookie_jar_receive(jar, url, field, strlen(field), &v));
  return v;
}

#define STORED(url, field) T_EQ(TINET_COOKIE_STORED, receive(url, field))

/* `want` NULL = no header. */
static void sends(const char *want, const char *url)
{
  char *got = NULL;

  T_EQ(0, tinet_cookie_jar_header(jar, url, &got));
  T_STR(want, got);
  tinet_free(got);
}

static void a_cookie_goes_back_where_it_came_from(void)
{
  begin();
  STORED("http://example.com/", "a=1");
  sends("a=1", "http://example.com/");
  sends("a=1", "http://EXAMPLE.com:8080/x?y#z");
  sends("a=1", "https://example.com/");
  sends(NULL, "http://www.example.com/");
  sends(NULL, "http://com/");
  sends(NULL, "http://example.org/");
  end();
}

static void a_domain_covers_subdomains(void)
{
  begin();
  STORED("http://www.example.com/", "a=1; Domain=example.com");
  STORED("http://www.example.com/", "b=2; Domain=.Example.COM");
  STORED("http://www.example.com/", "c=3; Domain=www.example.com");
  STORED("http://www.example.com/", "d=4; Domain=");
  sends("a=1; b=2; c=3; d=4", "http://www.example.com/");
  sends("a=1; b=2", "http://example.com/");
  sends("a=1; b=2", "http://x.y.example.com/");
  sends("a=1; b=2; c=3", "http://x.www.example.com/");
  end();
}

static void a_domain_must_cover_the_host(void)
{
  begin();
  T_EQ(TINET_COOKIE_WRONG_DOMAIN,
       receive("http://example.com/", "a=1; Domain=www.example.com"));
  T_EQ(TINET_COOKIE_WRONG_DOMAIN,
       receive("http://example.com/", "a=1; Domain=example.org"));
  T_EQ(TINET_COOKIE_WRONG_DOMAIN,
       receive("http://example.com/", "a=1; Domain=ample.com"));
  T_EQ(TINET_COOKIE_WRONG_DOMAIN,
       receive("http://example.com/", "a=1; Domain=exam/ple.com"));
  T_EQ(TINET_COOKIE_WRONG_DOMAIN,
       receive("http://example.com/", "a=1; Domain=..example.com"));
  T_EQ(TINET_COOKIE_WRONG_DOMAIN,
       receive("http://example.com/", "a=1; Domain=example.com."));
  T_EQ(0, tinet_cookie_jar_count(jar));
  end();
}

static void a_public_suffix_is_refused_but_for_itself(void)
{
  begin();
  T_EQ(TINET_COOKIE_PUBLIC_SUFFIX,
       receive("http://example.com/", "a=1; Domain=com"));
  T_EQ(TINET_COOKIE_PUBLIC_SUFFIX,
       receive("http://me.github.io/", "a=1; Domain=github.io"));
  STORED("http://github.io/", "a=1; Domain=github.io");
  STORED("http://localhost/", "b=1; Domain=localhost");
  sends("a=1", "http://github.io/");
  sends(NULL, "http://me.github.io/");
  sends("b=1", "http://localhost/");
  sends(NULL, "http://x.localhost/");
  end();
}

static void international_domains_are_one_with_their_ascii_form(void)
{
  begin();
  STORED("http://www.b\xc3\xbc"
         "cher.example/",
         "b=2; Domain=XN--bcher-kva.example");
  sends("b=2", "http://xn--bcher-kva.example/");
  sends("b=2", "http://B\xc3\x9c"
               "CHER.example/");
  /* A field is ASCII: rfc 6265bis 5.7 */
  T_EQ(TINET_COOKIE_WRONG_DOMAIN, receive("http://b\xc3\xbc"
                                          "cher.example/",
                                          "a=1; Domain=b\xc3\xbc"
                                          "cher.example"));
  end();
}

static void addresses_are_host_only(void)
{
  begin();
  STORED("http://10.0.0.1/", "a=1; Domain=10.0.0.1");
  STORED("http://[::1]/", "b=1; Domain=[::1]");
  STORED("http://[::1]/", "c=1");
  T_EQ(TINET_COOKIE_WRONG_DOMAIN,
       receive("http://10.0.0.1/", "a=1; Domain=0.0.1"));
  sends("a=1", "http://10.0.0.1/");
  sends("b=1; c=1", "http://[::1]/");
  sends("b=1; c=1", "http://[0:0::1]/");
  end();
}

static void a_dot_behind_a_host_does_not_matter(void)
{
  begin();
  STORED("http://www.example.com./", "a=1");
  STORED("http://www.example.com./", "b=1; Domain=example.com");
  sends("a=1; b=1", "http://www.example.com/");
  sends("a=1; b=1", "http://www.example.com./");
  sends("b=1", "http://example.com./");
  end();
}

static void paths_are_kept_apart(void)
{
  begin();
  STORED("http://x.example/dir/file", "a=dir");
  STORED("http://x.example/dir/file", "a=root; Path=/");
  STORED("http://x.example/dir/file", "a=deep; Path=/dir/deep");
  STORED("http://x.example/dir/file", "a=odd; Path=relative");
  sends("a=odd; a=root", "http://x.example/dir");
  sends("a=deep; a=odd; a=root", "http://x.example/dir/deep/x");
  sends("a=root", "http://x.example/directory");
  T_EQ(3, tinet_cookie_jar_count(jar));
  end();
}

static void the_longest_path_and_then_the_oldest_is_first(void)
{
  begin();
  STORED("http://a.x.example/", "d=4; Path=/");
  STORED("http://a.x.example/", "b=2; Path=/p; Domain=x.example");
  STORED("http://a.x.example/", "c=3; Path=/p");
  STORED("http://a.x.example/", "a=1; Path=/p/q; Domain=x.example");
  sends("a=1; b=2; c=3; d=4", "http://a.x.example/p/q");
  end();
}

static void the_order_is_kept_within_a_microsecond(void)
{
  begin();
  for (char c = 'a'; c < 'k'; c++) {
    const char field[] = {c, '=', '1', '\0'};

    STORED("http://x.example/", field);
    now_us--;
  }
  sends("a=1; b=1; c=1; d=1; e=1; f=1; g=1; h=1; i=1; j=1",
        "http://x.example/");
  end();
}

static void a_new_value_keeps_the_time_of_creation(void)
{
  begin();
  STORED("http://x.example/", "a=1");
  STORED("http://x.example/", "b=1");
  STORED("http://x.example/", "a=2; HttpOnly");
  sends("a=2; b=1", "http://x.example/");
  /* With a Domain it is another cookie. */
  STORED("http://x.example/", "a=3; Domain=x.example");
  sends("a=2; b=1; a=3", "http://x.example/");
  end();
}

static void secure_needs_https_both_ways(void)
{
  begin();
  T_EQ(TINET_COOKIE_NOT_SECURE, receive("http://x.example/", "a=1; Secure"));
  STORED("https://x.example/", "a=1; Secure");
  sends("a=1", "https://x.example/");
  sends(NULL, "http://x.example/");
  end();
}

static void http_cannot_hide_a_secure_cookie(void)
{
  begin();
  STORED("https://a.x.example/", "s=1; Secure; Path=/login");
  T_EQ(TINET_COOKIE_SHADOWS_SECURE,
       receive("http://a.x.example/", "s=2; Path=/login"));
  T_EQ(TINET_COOKIE_SHADOWS_SECURE,
       receive("http://a.x.example/", "s=2; Path=/login/en"));
  T_EQ(TINET_COOKIE_SHADOWS_SECURE,
       receive("http://a.x.example/", "s=2; Path=/login; Domain=x.example"));
  T_EQ(TINET_COOKIE_SHADOWS_SECURE,
       receive("http://b.a.x.example/", "s=2; Path=/login"));
  T_EQ(TINET_COOKIE_SHADOWS_SECURE,
       receive("http://a.x.example/", "s=; Path=/login; Max-Age=0"));
  STORED("http://a.x.example/", "s=2; Path=/");
  STORED("http://a.x.example/", "t=2; Path=/login");
  STORED("http://b.x.example/", "s=2; Path=/login");
  STORED("https://a.x.example/", "s=3; Path=/login");
  sends("s=3; t=2; s=2", "https://a.x.example/login");
  end();
}

static void an_expired_secure_cookie_is_not_in_the_way(void)
{
  begin();
  STORED("https://x.example/", "s=1; Secure; Max-Age=10");
  now_us += 11 * INT64_C(1000000);
  STORED("http://x.example/", "s=2");
  sends("s=2", "http://x.example/");
  end();
}

static void prefixes_must_be_satisfied(void)
{
  static const struct {
    const char *url, *field;
    tinet_cookie_verdict verdict;
  } cases[] = {
      {"https://x.example/", "__Secure-a=1", TINET_COOKIE_PREFIX},
      {"https://x.example/", "__secure-a=1", TINET_COOKIE_PREFIX},
      {"https://x.example/", "__Secure-a=1; Secure", TINET_COOKIE_STORED},
      {"http://x.example/", "__Secure-a=1; Secure", TINET_COOKIE_NOT_SECURE},
      {"https://x.example/", "__Host-a=1; Secure; Path=/", TINET_COOKIE_STORED},
      {"https://x.example/", "__HOST-b=1; Secure; Path=/", TINET_COOKIE_STORED},
      {"https://x.example/", "__Host-a=1; Path=/", TINET_COOKIE_PREFIX},
      {"https://x.example/", "__Host-a=1; Secure", TINET_COOKIE_PREFIX},
      {"https://x.example/", "__Host-a=1; Secure; Path=/x",
       TINET_COOKIE_PREFIX},
      {"https://x.example/", "__host-a=1; Secure; Path=/; Domain=x.example",
       TINET_COOKIE_PREFIX},
      {"https://x.example/", "=__Host-a=1; Secure; Path=/",
       TINET_COOKIE_PREFIX},
      {"https://x.example/", "__Secure-a; Secure", TINET_COOKIE_PREFIX},
      {"https://x.example/", "__Hosta=1", TINET_COOKIE_STORED},
      {"https://x.example/", "__Http-a=1; Secure", TINET_COOKIE_PREFIX},
      {"https://x.example/", "__Http-a=1; HttpOnly", TINET_COOKIE_PREFIX},
      {"https://x.example/", "__http-a=1; HttpOnly; Secure; Domain=x.example",
       TINET_COOKIE_STORED},
      {"https://x.example/", "__Host-Http-a=1; Secure; Path=/",
       TINET_COOKIE_PREFIX},
      {"https://x.example/", "__Host-Http-a=1; Secure; HttpOnly",
       TINET_COOKIE_PREFIX},
      {"https://x.example/", "__Host-Http-a=1; Secure; HttpOnly; Path=/",
       TINET_COOKIE_STORED},
      {"https://x.example/", "=__http-a", TINET_COOKIE_PREFIX},
  };

  begin();
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    if (receive(cases[i].url, cases[i].field) != cases[i].verdict)
      T_FAIL("%s", cases[i].field);
  end();
}

static void same_site_is_stored_and_withholds_nothing(void)
{
  tinet_cookie_list *list = NULL;

  begin();
  STORED("http://x.example/", "a=1; SameSite=Strict");
  STORED("http://x.example/", "b=1; SameSite=Lax");
  STORED("https://x.example/", "c=1; SameSite=None; Secure");
  T_EQ(TINET_COOKIE_SAME_SITE_NONE_NOT_SECURE,
       receive("https://x.example/", "d=1; SameSite=None"));
  sends("a=1; b=1; c=1", "https://x.example/");
  T_EQ(0, tinet_cookie_jar_find(jar, "x.example", NULL, NULL, &list));
  T_EQ(3, list->n_cookies);
  T_EQ(TINET_COOKIE_SAME_SITE_STRICT, list->cookies[0].same_site);
  T_EQ(TINET_COOKIE_SAME_SITE_LAX, list->cookies[1].same_site);
  T_EQ(TINET_COOKIE_SAME_SITE_NONE, list->cookies[2].same_site);
  tinet_cookie_list_free(list);
  end();
}

static void an_expired_cookie_removes_and_is_not_sent(void)
{
  begin();
  STORED("http://x.example/", "a=1; Max-Age=10");
  STORED("http://x.example/", "b=1");
  STORED("http://x.example/", "c=1");
  sends("a=1; b=1; c=1", "http://x.example/");
  T_EQ(TINET_COOKIE_REMOVED, receive("http://x.example/", "b=; Max-Age=0"));
  T_EQ(TINET_COOKIE_REMOVED,
       receive("http://x.example/", "z=1; Expires=1 Jan 1970 00:00:00"));
  sends("a=1; c=1", "http://x.example/");
  now_us += 10 * INT64_C(1000000);
  sends("c=1", "http://x.example/");
  T_EQ(1, tinet_cookie_jar_count(jar));
  end();
}

static void nameless_cookies_are_sent_as_values(void)
{
  begin();
  STORED("http://x.example/", "one");
  STORED("http://x.example/", "a=");
  STORED("http://x.example/", "=two");
  sends("two; a=", "http://x.example/");
  end();
}

static void what_cannot_be_used_is_named(void)
{
  begin();
  T_EQ(TINET_COOKIE_SYNTAX, receive("http://x.example/", "a=\x01"));
  T_EQ(TINET_COOKIE_SYNTAX, receive("http://x.example/", ""));
  T_EQ(TINET_COOKIE_UNUSABLE_URL, receive("ftp://x.example/", "a=1"));
  T_EQ(TINET_COOKIE_UNUSABLE_URL, receive("", "a=1"));
  T_EQ(TINET_COOKIE_UNUSABLE_URL, receive("http://10.0.0./", "a=1"));
  T_STR("stored", tinet_cookie_verdict_name(TINET_COOKIE_STORED));
  T_STR("unusable-url", tinet_cookie_verdict_name(TINET_COOKIE_UNUSABLE_URL));
  T_STR("unknown", tinet_cookie_verdict_name((tinet_cookie_verdict)99));
  end();
}

static void wrong_arguments_are_refused(void)
{
  tinet_cookie_jar_options opt;
  tinet_cookie_jar *other = NULL;
  char *header = NULL;

  begin();
  T_EQ(TINET_EINVAL, tinet_cookie_jar_receive(NULL, "http://x/", "a", 1, NULL));
  T_EQ(TINET_EINVAL, tinet_cookie_jar_receive(jar, NULL, "a", 1, NULL));
  T_EQ(TINET_EINVAL, tinet_cookie_jar_header(jar, NULL, &header));
  T_EQ(TINET_ESCHEME, tinet_cookie_jar_header(jar, "ftp://x/", &header));
  T_EQ(TINET_EURL, tinet_cookie_jar_header(jar, "http://", &header));
  T_OK(header == NULL);
  tinet_cookie_jar_options_init(&opt);
  opt.max_total = 0;
  T_EQ(TINET_EINVAL, tinet_cookie_jar_open(&opt, &other, NULL));
  opt.max_total = 1;
  opt.struct_size = 1;
  T_EQ(TINET_EINVAL, tinet_cookie_jar_open(&opt, &other, NULL));
  T_OK(other == NULL);
  tinet_cookie_jar_unref(NULL);
  T_EQ(0, tinet_cookie_jar_flush(jar, NULL));
  T_OK(tinet_cookie_jar_ref(jar) == jar);
  tinet_cookie_jar_unref(jar);
  sends(NULL, "http://x/");
  end();
}

static void given_names_are_left_out(void)
{
  const struct tinet__cookie_place place = {"x.example", "/", false, false};
  struct tinet__buf to = TINET__BUF_INIT;

  begin();
  STORED("http://x.example/", "a=1");
  STORED("http://x.example/", "b=2");
  STORED("http://x.example/", "A=3");
  T_EQ(0, tinet__cookie_jar_header(jar, &place, "x=y;  a = 9; c", &to));
  T_STR("b=2; A=3", to.data);
  tinet__buf_free(&to);
  end();
}

/* ---- limits ---- */

static void a_domain_over_its_limit_loses_its_least_recently_used(void)
{
  open_with(3, 100);
  STORED("http://a.x.example/", "a=1");
  STORED("http://b.x.example/", "b=1");
  STORED("http://a.x.example/", "c=1");
  STORED("http://a.y.example/", "other=1");
  now_us += 1000;
  sends("a=1; c=1", "http://a.x.example/");
  now_us += 1000;
  STORED("http://c.x.example/", "d=1");
  sends(NULL, "http://b.x.example/");
  sends("a=1; c=1", "http://a.x.example/");
  sends("other=1", "http://a.y.example/");
  T_EQ(4, tinet_cookie_jar_count(jar));
  end();
}

static void secure_cookies_of_a_domain_stay_longest(void)
{
  open_with(3, 100);
  STORED("https://x.example/", "a=1; Secure");
  STORED("https://x.example/", "b=1");
  STORED("https://x.example/", "c=1; Secure");
  STORED("https://x.example/", "d=1; Secure");
  sends("a=1; c=1; d=1", "https://x.example/");
  STORED("https://x.example/", "e=1; Secure");
  sends("c=1; d=1; e=1", "https://x.example/");
  end();
}

static void expired_cookies_go_first(void)
{
  open_with(3, 100);
  STORED("http://x.example/", "a=1");
  STORED("http://x.example/", "b=1; Max-Age=5");
  STORED("http://x.example/", "c=1");
  now_us += 5 * INT64_C(1000000);
  STORED("http://x.example/", "d=1");
  sends("a=1; c=1; d=1", "http://x.example/");
  end();
}

static void a_full_jar_loses_its_least_recently_used(void)
{
  open_with(10, 3);
  STORED("http://a.example/", "a=1");
  STORED("http://b.example/", "b=1");
  STORED("http://c.example/", "c=1");
  sends("a=1", "http://a.example/");
  STORED("http://d.example/", "d=1");
  T_EQ(3, tinet_cookie_jar_count(jar));
  sends(NULL, "http://b.example/");
  sends("a=1", "http://a.example/");
  STORED("http://e.example/", "e=1");
  sends(NULL, "http://c.example/");
  sends("e=1", "http://e.example/");
  end();
}

static void a_replaced_cookie_evicts_nothing(void)
{
  open_with(2, 2);
  STORED("http://x.example/", "a=1");
  STORED("http://x.example/", "b=1");
  STORED("http://x.example/", "b=2");
  sends("a=1; b=2", "http://x.example/");
  end();
}

static void many_domains_are_all_found(void)
{
  char url[64], field[64];

  open_with(1000, 100000);
  for (int i = 0; i < 5000; i++) {
    (void)snprintf(url, sizeof url, "http://h%d.example/", i);
    (void)snprintf(field, sizeof field, "n=%d", i);
    STORED(url, field);
  }
  for (int i = 0; i < 5000; i++) {
    (void)snprintf(url, sizeof url, "http://h%d.example/", i);
    (void)snprintf(field, sizeof field, "n=%d", i);
    sends(field, url);
  }
  T_EQ(5000, tinet_cookie_jar_count(jar));
  T_EQ(0, tinet_cookie_jar_remove_all(jar));
  T_EQ(0, tinet_cookie_jar_count(jar));
  end();
}

/* ---- memory ---- */

static int try_to_open(void)
{
  tinet_cookie_jar *other = NULL;
  int err = tinet_cookie_jar_open(NULL, &other, NULL);

  tinet_cookie_jar_unref(other);
  return err;
}

static int try_to_receive(void)
{
  static const char field[] = "new=1; Domain=n.example; Path=/x; Max-Age=60";
  int err = tinet_cookie_jar_receive(jar, "http://a.n.example/", field,
                                     sizeof field - 1, NULL);

  if (err < 0)
    T_EQ(1, jar->table.n_cookies);
  return err;
}

static int try_to_replace(void)
{
  int err = tinet_cookie_jar_receive(jar, "http://x.example/", "a=22", 4, NULL);

  if (err < 0) {
    (void)tinet__alloc_fail_at(0);
    sends("a=1", "http://x.example/");
  }
  return err;
}

static int try_to_send(void)
{
  char *header = NULL;
  int err = tinet_cookie_jar_header(jar, "http://x.example/", &header);

  T_OK((err == 0) == (header != NULL));
  tinet_free(header);
  return err;
}

static void memory_may_run_out(void)
{
  begin();
  STORED("http://x.example/", "a=1");
  T_EACH_ALLOCATION_FAILS(TINET_OK, try_to_open);
  T_EACH_ALLOCATION_FAILS(TINET_OK, try_to_send);
  T_EACH_ALLOCATION_FAILS(TINET_OK, try_to_receive);
  T_EACH_ALLOCATION_FAILS(TINET_OK, try_to_replace);
  sends("a=22", "http://x.example/");
  sends("new=1", "http://n.example/x");
  end();
}

int main(void)
{
  T_RUN(a_cookie_goes_back_where_it_came_from);
  T_RUN(a_domain_covers_subdomains);
  T_RUN(a_domain_must_cover_the_host);
  T_RUN(a_public_suffix_is_refused_but_for_itself);
  T_RUN(international_domains_are_one_with_their_ascii_form);
  T_RUN(addresses_are_host_only);
  T_RUN(a_dot_behind_a_host_does_not_matter);
  T_RUN(paths_are_kept_apart);
  T_RUN(the_longest_path_and_then_the_oldest_is_first);
  T_RUN(the_order_is_kept_within_a_microsecond);
  T_RUN(a_new_value_keeps_the_time_of_creation);
  T_RUN(secure_needs_https_both_ways);
  T_RUN(http_cannot_hide_a_secure_cookie);
  T_RUN(an_expired_secure_cookie_is_not_in_the_way);
  T_RUN(prefixes_must_be_satisfied);
  T_RUN(same_site_is_stored_and_withholds_nothing);
  T_RUN(an_expired_cookie_removes_and_is_not_sent);
  T_RUN(nameless_cookies_are_sent_as_values);
  T_RUN(what_cannot_be_used_is_named);
  T_RUN(wrong_arguments_are_refused);
  T_RUN(given_names_are_left_out);
  T_RUN(a_domain_over_its_limit_loses_its_least_recently_used);
  T_RUN(secure_cookies_of_a_domain_stay_longest);
  T_RUN(expired_cookies_go_first);
  T_RUN(a_full_jar_loses_its_least_recently_used);
  T_RUN(a_replaced_cookie_evicts_nothing);
  T_RUN(many_domains_are_all_found);
  T_RUN(memory_may_run_out);
  return T_END();
}
