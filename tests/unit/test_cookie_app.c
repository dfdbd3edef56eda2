/* test_cookie_app.c - what the application does with its cookies. */
#include "t.h"

#include "cookie/jar_private.h"
#include "core/alloc.h"

static int64_t now_us;
static tinet_cookie_jar *jar;

static int64_t clock_us(void)
{
  return now_us;
}

static void begin(void)
{
  now_us = INT64_C(1700000000000000);
  T_EQ(0, tinet_cookie_jar_open(NULL, &jar, NULL));
  tinet__cookie_jar_set_clock(jar, clock_us);
}

static void end(void)
{
  tinet_cookie_jar_unref(jar);
  jar = NULL;
}

static int add(const char *name, const char *domain, const char *path,
               bool is_host_only)
{
  const tinet_cookie c = {.name = name,
                          .value = "v",
                          .domain = domain,
                          .path = path,
                          .is_host_only = is_host_only};

  now_us++;
  return tinet_cookie_jar_add(jar, &c, NULL);
}

/* The names found, in their order. */
static const char *found(const char *domain, const char *path, const char *name)
{
  static char names[256];
  tinet_cookie_list *list = NULL;

  T_EQ(0, tinet_cookie_jar_find(jar, domain, path, name, &list));
  names[0] = '\0';
  for (size_t i = 0; list && i < list->n_cookies; i++) {
    (void)strcat(names, i ? " " : "");
    (void)strcat(names, list->cookies[i].name);
  }
  tinet_cookie_list_free(list);
  return names;
}

static void all_that_was_added_is_found_again(void)
{
  tinet_cookie c = {
      .name = "n",
      .value = "v",
      .domain = ".Example.COM",
      .is_host_only = true, /* the dot says otherwise */
      .is_secure = true,
      .is_http_only = true,
      .is_persistent = true,
      .same_site = TINET_COOKIE_SAME_SITE_LAX,
      .expires_ms = INT64_C(1700000060123),
      .created_us = 42,
      .comment = "a comment",
      .original_url = "http://example.com/x",
      .version = 1,
  };
  tinet_cookie_list *list = NULL;
  const tinet_cookie *got;

  begin();
  T_EQ(0, tinet_cookie_jar_add(jar, &c, NULL));
  T_EQ(0, tinet_cookie_jar_find(jar, "example.com", NULL, NULL, &list));
  end();
  T_EQ(1, list->n_cookies);
  got = &list->cookies[0];
  T_STR("n", got->name);
  T_STR("v", got->value);
  T_STR("example.com", got->domain);
  T_STR("/", got->path);
  T_OK(!got->is_host_only && got->is_secure && got->is_http_only);
  T_OK(got->is_persistent);
  T_EQ(TINET_COOKIE_SAME_SITE_LAX, got->same_site);
  T_EQ(INT64_C(1700000060123), got->expires_ms);
  T_EQ(42, got->created_us);
  T_STR("a comment", got->comment);
  T_STR("http://example.com/x", got->original_url);
  T_EQ(1, got->version);
  tinet_cookie_list_free(list);
}

static void domains_find_as_they_would_be_sent(void)
{
  begin();
  T_EQ(0, add("host", "a.x.example", "/", true));
  T_EQ(0, add("domain", "a.x.example", "/", false));
  T_EQ(0, add("above", ".x.example", "/", true));
  T_EQ(0, add("below", "b.a.x.example", "/", true));
  T_STR("host domain above", found("a.x.example", NULL, NULL));
  T_STR("host domain above", found("A.X.Example", NULL, NULL));
  T_STR("domain above", found(".a.x.example", NULL, NULL));
  T_STR("above", found("x.example", NULL, NULL));
  T_STR("domain above below", found("b.a.x.example", NULL, NULL));
  T_STR("", found("example", NULL, NULL));
  T_STR("", found("", NULL, NULL));
  T_STR("", found("not a host", NULL, NULL));
  T_STR("host domain above below", found(NULL, "/none", "none"));
  end();
}

static void paths_and_names_narrow_it_down(void)
{
  begin();
  T_EQ(0, add("root", "x.example", NULL, true));
  T_EQ(0, add("dir", "x.example", "/dir", true));
  T_EQ(0, add("root", "x.example", "/dir/sub", true));
  T_STR("root dir root", found("x.example", NULL, NULL));
  T_STR("dir root", found("x.example", "/dir", NULL));
  T_STR("root", found("x.example", "", NULL));
  T_STR("root", found("x.example", "/", NULL));
  T_STR("root", found("x.example", "/Dir", NULL));
  T_STR("root root", found("x.example", "/dir/sub/x", "root"));
  T_STR("", found("x.example", NULL, "Root"));
  T_STR("", found("x.example", NULL, ""));
  end();
}

static void exactly_one_is_removed(void)
{
  begin();
  T_EQ(0, add("a", "x.example", "/", true));
  T_EQ(0, add("a", ".x.example", "/", false));
  T_EQ(0, add("a", "x.example", "/p", true));
  T_EQ(0, add("a", "sub.x.example", "/", true));
  T_EQ(0, tinet_cookie_jar_remove(jar, "x.example", "/q", "a"));
  T_EQ(0, tinet_cookie_jar_remove(jar, "x.example", "/", "b"));
  T_EQ(0, tinet_cookie_jar_remove(jar, "no host", "/", "a"));
  T_EQ(4, tinet_cookie_jar_count(jar));
  T_EQ(0, tinet_cookie_jar_remove(jar, "X.example", NULL, "a"));
  T_STR("a", found(".x.example", "/", NULL));
  T_EQ(3, tinet_cookie_jar_count(jar));
  /* There is no host-only one any more. */
  T_EQ(0, tinet_cookie_jar_remove(jar, "x.example", "", "a"));
  T_STR("", found(".x.example", "/", NULL));
  /* With a dot the domain cookie only. */
  T_EQ(0, tinet_cookie_jar_remove(jar, ".x.example", "/p", "a"));
  T_STR("a", found("x.example", NULL, NULL));
  T_EQ(2, tinet_cookie_jar_count(jar));
  end();
}

static void a_domain_is_removed_as_it_is_found(void)
{
  begin();
  T_EQ(0, add("host", "a.x.example", "/p", true));
  T_EQ(0, add("above", ".x.example", "/", true));
  T_EQ(0, add("below", "b.a.x.example", "/", true));
  T_EQ(0, tinet_cookie_jar_remove_domain(jar, ".a.x.example"));
  T_STR("host below", found(NULL, NULL, NULL));
  T_EQ(0, tinet_cookie_jar_remove_domain(jar, "a.x.example"));
  T_STR("below", found(NULL, NULL, NULL));
  end();
}

static void a_host_is_cleared_by_url_or_name(void)
{
  static const char *const forms[] = {
      "a.x.example",
      ".a.x.example",
      "A.X.EXAMPLE",
      "a.x.example:8080",
      "user:secret@a.x.example",
      "http://a.x.example",
      "http://.a.x.example/",
      "https://user@a.x.example:1/path?query#fragment",
  };

  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
    begin();
    T_EQ(0, add("host", "a.x.example", "/p", true));
    T_EQ(0, add("above", ".x.example", "/", true));
    T_EQ(0, add("below", "b.a.x.example", "/", true));
    T_EQ(0, add("beside", "ax.example", "/", true));
    T_EQ(0, tinet_cookie_jar_clear_host(jar, forms[i]));
    T_STR("below beside", found(NULL, NULL, NULL));
    end();
  }
}

static void what_is_no_host_clears_nothing(void)
{
  begin();
  T_EQ(0, add("a", "x.example", "/", true));
  T_EQ(TINET_EURL, tinet_cookie_jar_clear_host(jar, ""));
  T_EQ(TINET_EURL, tinet_cookie_jar_clear_host(jar, "http://"));
  T_EQ(TINET_EURL, tinet_cookie_jar_clear_host(jar, "ftp://x.example/"));
  T_EQ(TINET_EURL, tinet_cookie_jar_clear_host(jar, "a b"));
  T_EQ(TINET_EINVAL, tinet_cookie_jar_clear_host(jar, NULL));
  T_EQ(TINET_EINVAL, tinet_cookie_jar_remove_domain(jar, NULL));
  T_EQ(TINET_EINVAL, tinet_cookie_jar_remove_domain(jar, ""));
  T_EQ(TINET_EINVAL, tinet_cookie_jar_remove(jar, NULL, NULL, "a"));
  T_EQ(TINET_EINVAL, tinet_cookie_jar_remove(jar, "x.example", NULL, NULL));
  T_EQ(1, tinet_cookie_jar_count(jar));
  T_EQ(0, tinet_cookie_jar_remove_all(jar));
  T_EQ(0, tinet_cookie_jar_count(jar));
  end();
}

static void unusable_cookies_are_refused_with_a_reason(void)
{
  static char long_text[5000];
  const struct {
    tinet_cookie cookie;
    const char *says;
  } cases[] = {
      {{.value = "v", .domain = "x.example"}, "name is missing"},
      {{.name = "", .value = "v", .domain = "x.example"}, "name is missing"},
      {{.name = "n", .domain = "x.example"}, "value is missing"},
      {{.name = "n", .value = "v"}, "domain is missing"},
      {{.name = "n", .value = "v", .domain = "."}, "domain is not a host"},
      {{.name = "n", .value = "v", .domain = "a b"}, "domain is not a host"},
      {{.name = "a=b", .value = "v", .domain = "x.example"}, "name has"},
      {{.name = "a;b", .value = "v", .domain = "x.example"}, "name has"},
      {{.name = " a", .value = "v", .domain = "x.example"}, "name has"},
      {{.name = "n", .value = "v;", .domain = "x.example"}, "value has"},
      {{.name = "n", .value = "v\r\n", .domain = "x.example"}, "value has"},
      {{.name = "n", .value = long_text, .domain = "x.example"}, "4096"},
      {{.name = "n", .value = "v", .domain = "x.example", .path = "x"},
       "path does not begin"},
      {{.name = "n", .value = "v", .domain = "x.example", .path = "/\n"},
       "path has"},
      {{.name = "n", .value = "v", .domain = "com"}, "public suffix"},
      {{.name = "n", .value = "v", .domain = ".co.uk", .is_host_only = true},
       "public suffix"},
      {{.name = "__Secure-n", .value = "v", .domain = "x.example"},
       "__Secure-"},
      {{.name = "__Host-n",
        .value = "v",
        .domain = "x.example",
        .is_secure = true},
       "__Host-"},
      {{.name = "n",
        .value = "v",
        .domain = "x.example",
        .same_site = TINET_COOKIE_SAME_SITE_NONE},
       "same_site"},
  };

  memset(long_text, 'x', sizeof long_text - 1);
  begin();
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    tinet_error err = {0};

    T_EQ(TINET_ECOOKIE, tinet_cookie_jar_add(jar, &cases[i].cookie, &err));
    if (!strstr(err.text, cases[i].says))
      T_FAIL("'%s' does not say '%s'", err.text, cases[i].says);
  }
  T_EQ(0, tinet_cookie_jar_count(jar));
  end();
}

static void a_host_that_is_a_public_suffix_may_have_its_own(void)
{
  begin();
  T_EQ(0, add("a", "github.io", "/", true));
  T_EQ(0, add("b", "localhost", "/", true));
  T_EQ(0, add("c", ".10.0.0.1", "/", false)); /* an address is host-only */
  T_STR("a", found("github.io", NULL, NULL));
  T_STR("b", found("localhost", NULL, NULL));
  T_STR("c", found("10.0.0.1", NULL, NULL));
  T_STR("", found(".10.0.0.1", NULL, NULL));
  end();
}

static void an_expired_one_removes_its_equal(void)
{
  tinet_cookie c = {.name = "a",
                    .value = "v",
                    .domain = "x.example",
                    .is_host_only = true,
                    .is_persistent = true,
                    .expires_ms = 1000};

  begin();
  T_EQ(0, add("a", "x.example", "/", true));
  T_EQ(0, add("a", ".x.example", "/", true));
  T_EQ(0, tinet_cookie_jar_add(jar, &c, NULL));
  T_STR("a", found(".x.example", NULL, NULL));
  T_EQ(1, tinet_cookie_jar_count(jar));
  end();
}

static void an_expiry_is_400_days_ahead_at_most(void)
{
  tinet_cookie c = {.name = "a",
                    .value = "v",
                    .domain = "x.example",
                    .is_persistent = true,
                    .expires_ms = INT64_MAX};
  tinet_cookie_list *list = NULL;

  begin();
  T_EQ(0, tinet_cookie_jar_add(jar, &c, NULL));
  T_EQ(0, tinet_cookie_jar_find(jar, "x.example", NULL, NULL, &list));
  T_OK(list->cookies[0].is_persistent);
  T_EQ(INT64_C(1700000000000) + 400 * INT64_C(86400000),
       list->cookies[0].expires_ms);
  tinet_cookie_list_free(list);
  end();
}

static void a_replaced_one_keeps_its_creation(void)
{
  begin();
  T_EQ(0, add("a", "x.example", "/", true));
  T_EQ(0, add("b", "x.example", "/", true));
  T_EQ(0, add("a", "x.example", "/", true));
  T_STR("a b", found("x.example", NULL, NULL));
  end();
}

static void a_list_outlives_what_it_is_of(void)
{
  tinet_cookie_list *list = NULL;

  begin();
  T_EQ(0, add("a", "x.example", "/", true));
  T_EQ(0, tinet_cookie_jar_find(jar, NULL, NULL, NULL, &list));
  T_EQ(0, tinet_cookie_jar_remove_all(jar));
  end();
  T_EQ(1, list->n_cookies);
  T_STR("x.example", list->cookies[0].domain);
  T_OK(list->cookies[0].comment == NULL);
  tinet_cookie_list_free(list);
  tinet_cookie_list_free(NULL);
}

static int try_to_add(void)
{
  static const tinet_cookie c = {
      .name = "new", .value = "v", .domain = "new.example", .comment = "c"};
  int err = tinet_cookie_jar_add(jar, &c, NULL);

  if (err < 0)
    T_EQ(1, jar->table.n_cookies);
  return err;
}

static int try_to_find(void)
{
  tinet_cookie_list *list = NULL;
  int err = tinet_cookie_jar_find(jar, "x.example", NULL, NULL, &list);

  T_OK((err == 0) == (list != NULL));
  tinet_cookie_list_free(list);
  return err;
}

static int try_to_find_all(void)
{
  tinet_cookie_list *list = NULL;
  int err = tinet_cookie_jar_find(jar, NULL, NULL, NULL, &list);

  T_OK((err == 0) == (list != NULL));
  tinet_cookie_list_free(list);
  return err;
}

static int try_to_remove(void)
{
  return tinet_cookie_jar_remove(jar, "x.example", NULL, "none");
}

static int try_to_clear(void)
{
  int err = tinet_cookie_jar_clear_host(jar, "http://x.example/");

  if (err < 0)
    T_EQ(2, jar->table.n_cookies);
  return err;
}

static int try_to_remove_domain(void)
{
  int err = tinet_cookie_jar_remove_domain(jar, "new.example");

  if (err < 0)
    T_EQ(1, jar->table.n_cookies);
  return err;
}

static void memory_may_run_out(void)
{
  begin();
  T_EQ(0, add("a", "x.example", "/", true));
  T_EACH_ALLOCATION_FAILS(TINET_OK, try_to_add);
  T_EACH_ALLOCATION_FAILS(TINET_OK, try_to_find);
  T_EACH_ALLOCATION_FAILS(TINET_OK, try_to_find_all);
  T_EACH_ALLOCATION_FAILS(TINET_OK, try_to_remove);
  T_EACH_ALLOCATION_FAILS(TINET_OK, try_to_clear);
  T_EACH_ALLOCATION_FAILS(TINET_OK, try_to_remove_domain);
  T_EQ(0, tinet_cookie_jar_count(jar));
  end();
}

int main(void)
{
  T_RUN(all_that_was_added_is_found_again);
  T_RUN(domains_find_as_they_would_be_sent);
  T_RUN(paths_and_names_narrow_it_down);
  T_RUN(exactly_one_is_removed);
  T_RUN(a_domain_is_removed_as_it_is_found);
  T_RUN(a_host_is_cleared_by_url_or_name);
  T_RUN(what_is_no_host_clears_nothing);
  T_RUN(unusable_cookies_are_refused_with_a_reason);
  T_RUN(a_host_that_is_a_public_suffix_may_have_its_own);
  T_RUN(an_expired_one_removes_its_equal);
  T_RUN(an_expiry_is_400_days_ahead_at_most);
  T_RUN(a_replaced_one_keeps_its_creation);
  T_RUN(a_list_outlives_what_it_is_of);
  T_RUN(memory_may_run_out);
  return T_END();
}
