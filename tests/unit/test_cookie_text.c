/* test_cookie_text.c - cookies.txt and JSON, in and out. */
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

static int import(tinet_cookie_format format, const char *text, size_t *n,
                  tinet_error *err)
{
  return tinet_cookie_jar_import(jar, format, text, strlen(text), n, err);
}

static size_t n_imported(tinet_cookie_format format, const char *text)
{
  tinet_error err = {0};
  size_t n = 999;
  int code = import(format, text, &n, &err);

  if (code != 0)
    T_FAIL("%d %s", code, err.text);
  return n;
}

static void refuses(tinet_cookie_format format, int code, const char *says,
                    const char *text)
{
  tinet_error err = {0};
  size_t n = 999;

  begin();
  T_EQ(code, import(format, text, &n, &err));
  T_STR(says, err.text);
  T_EQ(999, n);
  T_EQ(0, tinet_cookie_jar_count(jar));
  end();
}

static char *exported(tinet_cookie_format format, bool with_values)
{
  tinet_cookie_list *list = NULL;
  char *text = NULL;

  T_EQ(0, tinet_cookie_jar_find(jar, NULL, NULL, NULL, &list));
  T_EQ(0, tinet_cookie_list_export(list, format, with_values, &text));
  tinet_cookie_list_free(list);
  return text;
}

static void exports(const char *want, tinet_cookie_format format,
                    bool with_values)
{
  char *text = exported(format, with_values);

  T_STR(want, text);
  tinet_free(text);
}

#define TXT TINET_COOKIE_FORMAT_NETSCAPE
#define JSON TINET_COOKIE_FORMAT_JSON

static const char cookies_txt[] =
    "# Netscape HTTP Cookie File\n"
    ".x.example\tTRUE\t/path\tTRUE\t1700000060\tdomain\tvalue\n"
    "#HttpOnly_x.example\tFALSE\t/\tFALSE\t0\thost\tand \"space\"\n"
    "::1\tFALSE\t/\tFALSE\t0\t\tnameless\n";

static const char json[] =
    "[\n"
    "{\"name\":\"domain\",\"value\":\"v\\\"1\",\"domain\":\"x.example\","
    "\"path\":\"/path\",\"comment\":\"\xc3\xa4\",\"originalUrl\":\"http://x/"
    "\",\"hostOnly\":false,\"secure\":true,\"httpOnly\":false,"
    "\"sameSite\":\"None\",\"expires\":1700000060.125,\"created\":1600000000,"
    "\"version\":1},\n"
    "{\"name\":\"\",\"value\":\"nameless\",\"domain\":\"x.example\","
    "\"path\":\"/\",\"hostOnly\":true,\"secure\":false,\"httpOnly\":true,"
    "\"sameSite\":\"Lax\",\"created\":1600000000.123456}\n"
    "]\n";

static void cookies_txt_comes_back_as_it_was(void)
{
  begin();
  T_EQ(3, n_imported(TXT, cookies_txt));
  exports(cookies_txt, TXT, true);
  end();
}

static void json_comes_back_as_it_was(void)
{
  begin();
  T_EQ(2, n_imported(JSON, json));
  exports(json, JSON, true);
  end();
}

static void an_empty_jar_is_an_empty_file(void)
{
  begin();
  exports("# Netscape HTTP Cookie File\n", TXT, true);
  exports("[\n]\n", JSON, true);
  T_EQ(0, n_imported(TXT, ""));
  T_EQ(0, n_imported(JSON, "[]"));
  T_EQ(0, n_imported(JSON, " [ \n ] \n"));
  end();
}

static void values_are_hidden_unless_asked_for(void)
{
  begin();
  T_EQ(1, n_imported(TXT, "x.example\tFALSE\t/\tFALSE\t0\ta\tsecret\n"));
  exports("# Netscape HTTP Cookie File\n"
          "x.example\tFALSE\t/\tFALSE\t0\ta\t...\n",
          TXT, false);
  {
    char *text = exported(JSON, false);

    T_OK(strstr(text, "secret") == NULL);
    T_OK(strstr(text, "\"value\":\"...\"") != NULL);
    tinet_free(text);
  }
  end();
}

static void forms_of_other_programs_are_read(void)
{
  begin();
  T_EQ(4, n_imported(TXT, "\r\n  \n# comment\n#\n"
                          "x.example\tfalse\t/\tFALSE\t\ta\t1\r\n"
                          "x.example\tTrue\t/\ttrue\t1700000060.5\tb\t2\n"
                          "x.example\tFALSE\t/\tFALSE\t0\tno_value\n"
                          "x.example\tFALSE\t/\tFALSE\t0\tc\ta\tb"));
  exports("# Netscape HTTP Cookie File\n"
          "x.example\tFALSE\t/\tFALSE\t0\ta\t1\n"
          ".x.example\tTRUE\t/\tTRUE\t1700000060\tb\t2\n"
          "x.example\tFALSE\t/\tFALSE\t0\tno_value\t\n"
          "x.example\tFALSE\t/\tFALSE\t0\tc\ta\tb\n",
          TXT, true);
  end();
}

static void json_of_browsers_is_read(void)
{
  begin();
  T_EQ(3, n_imported(
              JSON,
              "[{\"domain\":\".x.example\",\"hostOnly\":false,\"name\":\"a\","
              "\"value\":\"1\",\"expirationDate\":1700000060.5,"
              "\"sameSite\":\"no_restriction\",\"secure\":true,"
              "\"storeId\":\"0\",\"session\":false,\"id\":1},"
              "{\"domain\":\"x.example\",\"name\":\"b\",\"value\":\"2\","
              "\"path\":\"/p\",\"expires\":-1,\"sameSite\":\"Strict\"},"
              "{\"domain\":\".x.example\",\"name\":\"c\",\"value\":\"3\","
              "\"session\":true,\"sameSite\":null,"
              "\"sameParty\":false}]"));
  exports("# Netscape HTTP Cookie File\n"
          "x.example\tFALSE\t/p\tFALSE\t0\tb\t2\n"
          ".x.example\tTRUE\t/\tTRUE\t1700000061\ta\t1\n"
          ".x.example\tTRUE\t/\tFALSE\t0\tc\t3\n",
          TXT, true);
  end();
}

static void what_has_expired_is_left_out_and_removes_nothing(void)
{
  begin();
  T_EQ(1, n_imported(TXT, "x.example\tFALSE\t/\tFALSE\t0\ta\tnew\n"));
  T_EQ(1, n_imported(TXT, "x.example\tFALSE\t/\tFALSE\t1600000000\ta\told\n"
                          "x.example\tFALSE\t/\tFALSE\t0\tb\t1\n"));
  exports("# Netscape HTTP Cookie File\n"
          "x.example\tFALSE\t/\tFALSE\t0\ta\tnew\n"
          "x.example\tFALSE\t/\tFALSE\t0\tb\t1\n",
          TXT, true);
  end();
}

static void an_error_names_line_and_field(void)
{
  refuses(TXT, TINET_ESYNTAX, "line 2: expiry is missing",
          "x.example\tFALSE\t/\tFALSE\t0\ta\t1\nx.example\tTRUE\t/\tTRUE\n");
  refuses(TXT, TINET_ESYNTAX,
          "line 1: include subdomains is neither TRUE nor FALSE",
          "x.example\tYES\t/\tFALSE\t0\ta\t1\n");
  refuses(TXT, TINET_ESYNTAX, "line 1: secure is neither TRUE nor FALSE",
          "x.example\tTRUE\t/\t\t0\ta\t1\n");
  refuses(TXT, TINET_ESYNTAX, "line 1: expiry is not a number of seconds",
          "x.example\tTRUE\t/\tTRUE\tsoon\ta\t1\n");
  refuses(TXT, TINET_ECOOKIE, "line 3: domain is a public suffix",
          "\nx.example\tFALSE\t/\tFALSE\t0\ta\t1\n"
          ".com\tTRUE\t/\tFALSE\t0\ta\t1\n");
  refuses(TXT, TINET_ECOOKIE, "line 1: path does not begin with '/'",
          "x.example\tTRUE\t\tTRUE\t0\ta\t1\n");
  refuses(JSON, TINET_ESYNTAX, "line 1: JSON: no array begins here", "{}");
  refuses(JSON, TINET_ESYNTAX, "line 1: JSON: no array begins here", "");
  refuses(JSON, TINET_ESYNTAX, "line 2: JSON: ',' or ']' expected",
          "[{\"name\":\"a\",\"value\":\"1\",\"domain\":\"x.example\"}\n");
  refuses(JSON, TINET_ESYNTAX, "line 2: JSON: something follows the array",
          "[]\n{}");
  refuses(JSON, TINET_ESYNTAX,
          "line 2: array holds something that is no object", "[\n[]]");
  refuses(JSON, TINET_ESYNTAX, "line 3: secure has a value of the wrong kind",
          "[\n{\"name\":\"a\",\"value\":\"1\",\n\"domain\":\"x.example\"},{"
          "\"secure\":1}]");
  refuses(JSON, TINET_ESYNTAX, "line 1: sameSite has a value of the wrong kind",
          "[{\"sameSite\":\"sometimes\"}]");
  refuses(JSON, TINET_ECOOKIE, "line 1: name is missing",
          "[{\"value\":\"1\",\"domain\":\"x.example\"}]");
  refuses(JSON, TINET_ECOOKIE,
          "line 1: value has characters that are not allowed",
          "[{\"name\":\"a\",\"value\":\"1\\r\\n\",\"domain\":\"x.example\"}]");
}

static void an_error_shows_no_value(void)
{
  refuses(JSON, TINET_ESYNTAX, "line 2: JSON: '}' expected",
          "[\n{\"value\":\"a\" \"secret\"}]");
  refuses(JSON, TINET_ESYNTAX, "line 1: JSON: '}' expected",
          "[{\"value\":\"secret\"");
}

static void json_that_is_none_is_refused(void)
{
  static const char *const texts[] = {
      "[{]",
      "[,]",
      "[1,]",
      "[{\"name\":1}]",
      "[{\"name\":\"\\u0000\"}]",
      "[{\"a\":1,\"a\":2}]",
      "[nul]",
      "[\"",
      "[{\"name\":\"\xff\"}]",
  };

  begin();
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    tinet_error err = {0};

    T_EQ(TINET_ESYNTAX, import(JSON, texts[i], NULL, &err));
    T_OK(strncmp(err.text, "line 1: ", 8) == 0);
  }
  T_EQ(TINET_ESYNTAX, tinet_cookie_jar_import(jar, TXT, "#\0", 2, NULL, NULL));
  T_EQ(TINET_EINVAL,
       tinet_cookie_jar_import(jar, (tinet_cookie_format)7, "", 0, NULL, NULL));
  T_EQ(TINET_EINVAL, tinet_cookie_jar_import(jar, TXT, NULL, 1, NULL, NULL));
  end();
}

static void bytes_that_are_no_utf8_are_written_as_latin_1(void)
{
  begin();
  T_EQ(1, n_imported(TXT, "x.example\tFALSE\t/\tFALSE\t0\ta\t\xe4z\n"));
  {
    char *text = exported(JSON, true);

    T_OK(strstr(text, "\"value\":\"\xc3\xa4z\"") != NULL);
    tinet_free(text);
  }
  end();
}

static void a_name_with_a_tab_is_a_comment(void)
{
  begin();
  T_EQ(0,
       tinet_cookie_jar_receive(jar, "http://x.example/", "a\tb=1", 5, NULL));
  exports("# Netscape HTTP Cookie File\n"
          "# a cookie of x.example cannot be written here: its name or path "
          "holds a tab\n",
          TXT, true);
  end();
}

static void a_path_with_a_semicolon_comes_back(void)
{
  begin();
  T_EQ(0,
       tinet_cookie_jar_receive(jar, "http://x.example/a;b/c", "n=1", 3, NULL));
  {
    char *text = exported(JSON, true);

    T_EQ(1, n_imported(JSON, text));
    T_EQ(1, tinet_cookie_jar_count(jar));
    tinet_free(text);
  }
  end();
}

static void limits_hold_for_imports_too(void)
{
  char text[4096];
  size_t len = 0;

  for (int i = 0; i < 60; i++)
    len += (size_t)snprintf(text + len, sizeof text - len,
                            "x.example\tFALSE\t/\tFALSE\t0\tn%d\tv\n", i);
  begin();
  T_EQ(60, n_imported(TXT, text));
  T_EQ(50, tinet_cookie_jar_count(jar));
  end();
}

static int64_t hurried_clock_us(void)
{
  return now_us += 2000000;
}

static void a_mark_of_utf_8_in_front_does_not_count(void)
{
  begin();
  T_EQ(1, n_imported(TXT, "\xef\xbb\xbf# Netscape HTTP Cookie File\n"
                          "x.example\tFALSE\t/\tFALSE\t0\ta\t1\n"));
  T_EQ(1, n_imported(JSON, "\xef\xbb\xbf[{\"name\":\"b\",\"value\":\"2\","
                           "\"domain\":\"x.example\"}]"));
  T_EQ(2, tinet_cookie_jar_count(jar));
  end();
}

static void what_expires_meanwhile_makes_room_and_is_gone(void)
{
  tinet_cookie_jar_options opt;

  tinet_cookie_jar_options_init(&opt);
  opt.max_total = 2;
  now_us = INT64_C(1700000000000000);
  T_EQ(0, tinet_cookie_jar_open(&opt, &jar, NULL));
  tinet__cookie_jar_set_clock(jar, hurried_clock_us);
  T_EQ(3, n_imported(TXT, "x.example\tFALSE\t/\tFALSE\t1700000003\ta\t1\n"
                          "y.example\tFALSE\t/\tFALSE\t1700000003\ta\t2\n"
                          "z.example\tFALSE\t/\tFALSE\t1700000003\ta\t3\n"));
  T_EQ(0, tinet_cookie_jar_count(jar));
  T_EQ(1, n_imported(TXT, "z.example\tFALSE\t/\tFALSE\t0\ta\t3\n"));
  T_EQ(1, tinet_cookie_jar_count(jar));
  end();
}

static void the_same_twice_is_one_the_last(void)
{
  begin();
  T_EQ(2, n_imported(TXT, "x.example\tFALSE\t/\tFALSE\t0\ta\t1\n"
                          "x.example\tFALSE\t/\tFALSE\t0\ta\t2\n"));
  exports("# Netscape HTTP Cookie File\n"
          "x.example\tFALSE\t/\tFALSE\t0\ta\t2\n",
          TXT, true);
  end();
}

/* ---- memory ---- */

static int try_cookies_txt(void)
{
  int err = import(TXT, cookies_txt, NULL, NULL);

  if (err < 0)
    T_EQ(0, jar->table.n_cookies);
  return err;
}

static int try_json(void)
{
  int err = import(JSON, json, NULL, NULL);

  if (err < 0)
    T_EQ(3, jar->table.n_cookies);
  return err;
}

static int try_export(tinet_cookie_format format)
{
  tinet_cookie_list *list = NULL;
  char *text = NULL;
  int err = tinet_cookie_jar_find(jar, NULL, NULL, NULL, &list);

  if (err == TINET_OK)
    err = tinet_cookie_list_export(list, format, true, &text);
  T_OK((err == 0) == (text != NULL));
  tinet_free(text);
  tinet_cookie_list_free(list);
  return err;
}

static int try_to_write_txt(void)
{
  return try_export(TXT);
}

static int try_to_write_json(void)
{
  return try_export(JSON);
}

static void memory_may_run_out(void)
{
  begin();
  T_EACH_ALLOCATION_FAILS(TINET_OK, try_cookies_txt);
  T_EACH_ALLOCATION_FAILS(TINET_OK, try_json);
  T_EACH_ALLOCATION_FAILS(TINET_OK, try_to_write_txt);
  T_EACH_ALLOCATION_FAILS(TINET_OK, try_to_write_json);
  end();
}

int main(void)
{
  T_RUN(cookies_txt_comes_back_as_it_was);
  T_RUN(json_comes_back_as_it_was);
  T_RUN(an_empty_jar_is_an_empty_file);
  T_RUN(values_are_hidden_unless_asked_for);
  T_RUN(forms_of_other_programs_are_read);
  T_RUN(json_of_browsers_is_read);
  T_RUN(what_has_expired_is_left_out_and_removes_nothing);
  T_RUN(an_error_names_line_and_field);
  T_RUN(an_error_shows_no_value);
  T_RUN(json_that_is_none_is_refused);
  T_RUN(bytes_that_are_no_utf8_are_written_as_latin_1);
  T_RUN(a_name_with_a_tab_is_a_comment);
  T_RUN(a_path_with_a_semicolon_comes_back);
  T_RUN(limits_hold_for_imports_too);
  T_RUN(a_mark_of_utf_8_in_front_does_not_count);
  T_RUN(what_expires_meanwhile_makes_room_and_is_gone);
  T_RUN(the_same_twice_is_one_the_last);
  T_RUN(memory_may_run_out);
  return T_END();
}
