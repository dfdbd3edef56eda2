/* test_bonjour_names.c - names, types, TXT strings, numbers of errors, and the
 * order of addresses.
 */
#include "bonjour/endpoints.h"
#include "core/str.h"
#include "t.h"

#include <tinet/bonjour.h>

static void a_type_keeps_to_its_rules(void)
{
  static const char *const good[] = {
      "_http._tcp",  "_http._tcp.", "_HTTP._UDP.",           "_x._tcp",
      "_a-b_c._tcp", "_1a._udp",    "_abcdefghijklmno._tcp", "_a--b._tcp",
  };
  static const char *const bad[] = {
      "",
      "http._tcp",
      "_http",
      "_http.tcp",
      "_http._sctp",
      "_._tcp",
      "_-a._tcp",
      "_a-._tcp",
      "_12._tcp",
      "_a b._tcp",
      "_a_._tcp",
      "_http._tcp.local",
      "_http._tcp..",
      "_\xc3\xa4._tcp",
      "_abcdefghijklmnop._tcp",
      "._tcp",
  };
  tinet_error err = {0};

  for (size_t i = 0; i < sizeof good / sizeof *good; i++)
    if (tinet_bonjour_check_type(good[i], &err) != 0)
      T_FAIL("%s: %s", good[i], err.text);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    memset(&err, 0, sizeof err);
    if (tinet_bonjour_check_type(bad[i], &err) != TINET_EINVAL)
      T_FAIL("%s is taken", bad[i]);
    T_EQ(TINET_BONJOUR_BAD_ARGUMENT, tinet_bonjour_code_of(&err));
    T_OK(*err.text);
  }
  T_EQ(TINET_EINVAL, tinet_bonjour_check_type(NULL, NULL));
}

static void a_name_is_utf8_of_up_to_63_bytes(void)
{
  char name[65];

  memset(name, 'x', sizeof name);
  name[63] = '\0';
  T_EQ(0, tinet_bonjour_check_name(name, NULL));
  name[63] = 'x';
  name[64] = '\0';
  T_EQ(TINET_EINVAL, tinet_bonjour_check_name(name, NULL));
  T_EQ(0, tinet_bonjour_check_name("\xc3\x9cn\xc3\xaf. \xe5\x90\x8d", NULL));
  T_EQ(TINET_EINVAL, tinet_bonjour_check_name("\xc3", NULL));
  T_EQ(TINET_EINVAL, tinet_bonjour_check_name("", NULL));
  T_EQ(TINET_EINVAL, tinet_bonjour_check_name(NULL, NULL));
}

static void the_only_domain_is_local(void)
{
  T_EQ(0, tinet_bonjour_check_domain(NULL, NULL));
  T_EQ(0, tinet_bonjour_check_domain("", NULL));
  T_EQ(0, tinet_bonjour_check_domain("local", NULL));
  T_EQ(0, tinet_bonjour_check_domain("Local.", NULL));
  T_EQ(TINET_EINVAL, tinet_bonjour_check_domain("example.com", NULL));
  T_EQ(TINET_EINVAL, tinet_bonjour_check_domain("local..", NULL));
}

static void names_are_compared_without_case_and_last_dot(void)
{
  T_OK(tinet_bonjour_is_same("_HTTP._tcp.", "_http._tcp"));
  T_OK(tinet_bonjour_is_same("local", "local."));
  T_OK(!tinet_bonjour_is_same("local", "loca"));
  T_OK(!tinet_bonjour_is_same(NULL, "local"));
  T_OK(!tinet_bonjour_is_same("\xc3\x84", "\xc3\xa4")); /* ASCII only */
}

static void expect_next(const char *name, const char *want)
{
  char next[TINET_BONJOUR_NAME_MAX + 1] = "";

  T_EQ(0, tinet_bonjour_next_name(name, next));
  T_STR(want, next);
}

static void the_next_name_counts_as_apple_does(void)
{
  expect_next("Foo", "Foo (2)");
  expect_next("Foo (2)", "Foo (3)");
  expect_next("Foo (9)", "Foo (10)");
  expect_next("Foo (1)", "Foo (1) (2)"); /* somebody's own */
  expect_next("Foo (02)", "Foo (02) (2)");
  expect_next("Foo(2)", "Foo(2) (2)");
  expect_next("(2)", "(2) (2)");
  expect_next(" (2)", " (2) (2)");
  expect_next("a (2)", "a (3)");
  expect_next("Foo (99999999999999999999)", "Foo (99999999999999999999) (2)");
}

static void from_ten_on_the_next_name_takes_a_random_step(void)
{
  char next[TINET_BONJOUR_NAME_MAX + 1];
  unsigned seen_min = 1000, seen_max = 0;

  for (int i = 0; i < 2000; i++) {
    unsigned n;

    T_EQ(0, tinet_bonjour_next_name("Foo (10)", next));
    n = (unsigned)strtoul(next + 5, NULL, 10);
    T_OK(n >= 11 && n <= 109);
    seen_min = n < seen_min ? n : seen_min;
    seen_max = n > seen_max ? n : seen_max;
  }
  T_OK(seen_min < 30 && seen_max > 90);
  expect_next("Foo (999999)", "Foo (2)");
}

static void a_long_name_is_cut_at_a_character(void)
{
  char name[TINET_BONJOUR_NAME_MAX + 1], next[TINET_BONJOUR_NAME_MAX + 1];

  /* 21 characters of three bytes */
  for (size_t i = 0; i < 63; i += 3)
    memcpy(name + i, "\xe5\x90\x8d", 3);
  name[63] = '\0';
  T_EQ(0, tinet_bonjour_next_name(name, next));
  T_EQ(57 + 4, strlen(next));
  T_STR(" (2)", next + 57);
  T_OK(tinet__utf8_is_valid(next, strlen(next)));
  T_EQ(TINET_EINVAL, tinet_bonjour_next_name("", next));
  T_EQ(TINET_EINVAL, tinet_bonjour_next_name("a", NULL));
}

static void a_name_can_be_replaced_by_its_next(void)
{
  char name[TINET_BONJOUR_NAME_MAX + 1] = "Foo";

  for (int i = 0; i < 300; i++)
    T_EQ(0, tinet_bonjour_next_name(name, name));
  T_OK(strncmp(name, "Foo (", 5) == 0);
  T_EQ(0, tinet_bonjour_check_name(name, NULL));
}

static void txt_strings_keep_to_their_rules(void)
{
  char big[300];
  tinet_slice txt[6] = {{"a=1", 3}, {"flag", 4}, {"b=\0\xff", 4}};

  memset(big, 'x', sizeof big);
  big[1] = '=';
  T_EQ(0, tinet_bonjour_check_txt(txt, 3, NULL));
  T_EQ(0, tinet_bonjour_check_txt(NULL, 0, NULL));
  T_EQ(TINET_EINVAL, tinet_bonjour_check_txt(NULL, 1, NULL));
  txt[0] = (tinet_slice){big, 255};
  T_EQ(0, tinet_bonjour_check_txt(txt, 1, NULL));
  txt[0] = (tinet_slice){big, 256};
  T_EQ(TINET_EINVAL, tinet_bonjour_check_txt(txt, 1, NULL));
  txt[0] = (tinet_slice){"", 0};
  T_EQ(TINET_EINVAL, tinet_bonjour_check_txt(txt, 1, NULL));
  txt[0] = (tinet_slice){"=x", 2};
  T_EQ(TINET_EINVAL, tinet_bonjour_check_txt(txt, 1, NULL));
  txt[0] = (tinet_slice){"\x7f=x", 3};
  T_EQ(TINET_EINVAL, tinet_bonjour_check_txt(txt, 1, NULL));
  for (size_t i = 0; i < 6; i++)
    txt[i] = (tinet_slice){big, 255};
  T_EQ(0, tinet_bonjour_check_txt(txt, 5, NULL));
  T_EQ(TINET_EINVAL, tinet_bonjour_check_txt(txt, 6, NULL));
}

static void a_txt_key_is_found_once_and_without_case(void)
{
  static const tinet_slice txt[] = {
      {"Path=/a=b", 9}, {"flag", 4}, {"path=/c", 7}, {"", 0}, {"empty=", 6}};
  tinet_slice value = {"untouched", 9};

  T_OK(tinet_bonjour_txt_find(txt, 5, "PATH", &value));
  T_MEM("/a=b", 4, value.data, value.len);
  T_OK(tinet_bonjour_txt_find(txt, 5, "flag", &value));
  T_OK(value.data == NULL);
  T_OK(tinet_bonjour_txt_find(txt, 5, "empty", &value));
  T_OK(value.data != NULL && value.len == 0);
  value.len = 77;
  T_OK(!tinet_bonjour_txt_find(txt, 5, "pat", &value));
  T_OK(!tinet_bonjour_txt_find(txt, 5, "", &value));
  T_OK(!tinet_bonjour_txt_find(txt, 5, NULL, &value));
  T_EQ(77, value.len);
}

static int code_for(int code, tinet_error_origin origin, long number)
{
  tinet_error err = {.code = code, .origin = origin, .number = number};

  return tinet_bonjour_code_of(&err);
}

static void every_error_has_one_of_apples_numbers(void)
{
  T_EQ(0, tinet_bonjour_code_of(NULL));
  T_EQ(0, code_for(0, TINET_ORIGIN_TINET, 0));
  T_EQ(-72006, code_for(TINET_ESYSTEM, TINET_ORIGIN_BONJOUR, -72006));
  T_EQ(-72000, code_for(TINET_ESYSTEM, TINET_ORIGIN_SYSTEM, 98));
  T_EQ(-72000, code_for(TINET_ENOMEM, TINET_ORIGIN_TINET, 0));
  T_EQ(-72001, code_for(TINET_ECOLLISION, TINET_ORIGIN_TINET, 0));
  T_EQ(-72002, code_for(TINET_ENOTFOUND, TINET_ORIGIN_TINET, 0));
  T_EQ(-72003, code_for(TINET_ESTATE, TINET_ORIGIN_TINET, 0));
  T_EQ(-72004, code_for(TINET_EINVAL, TINET_ORIGIN_TINET, 0));
  T_EQ(-72005, code_for(TINET_ECANCELED, TINET_ORIGIN_TINET, 0));
  T_EQ(-72007, code_for(TINET_ETIMEDOUT, TINET_ORIGIN_TINET, 0));
  T_EQ(-72008, code_for(TINET_EPOLICY, TINET_ORIGIN_TINET, 0));
  T_STR("UnknownError", tinet_bonjour_code_name(-72000));
  T_STR("NameCollisionError", tinet_bonjour_code_name(-72001));
  T_STR("InProgress", tinet_bonjour_code_name(-72003));
  T_STR("MissingRequiredConfigurationError", tinet_bonjour_code_name(-72008));
  T_STR("", tinet_bonjour_code_name(-72009));
  T_STR("", tinet_bonjour_code_name(0));
}

static void addresses_are_tried_in_a_good_order(void)
{
  static const char *const given[] = {"127.0.0.1",   "fe80::1",  "2001:db8::1",
                                      "169.254.1.1", "10.0.0.1", "10.0.0.1",
                                      "::",          "0.0.0.0",  "224.0.0.1",
                                      "ff02::1",     "::1",      "10.0.0.2"};
  static const char *const want[] = {"10.0.0.1",    "10.0.0.2", "169.254.1.1",
                                     "2001:db8::1", "fe80::1",  "127.0.0.1",
                                     "::1"};
  tinet_endpoint list[sizeof given / sizeof *given] = {0};
  size_t n = sizeof given / sizeof *given;

  for (size_t i = 0; i < n; i++) {
    T_EQ(0, tinet_endpoint_parse(given[i], 0, &list[i]));
    list[i].interface_index = (uint32_t)i + 1; /* on which each was heard */
  }
  T_OK(tinet__endpoints_is_any_usable(list, n));
  T_OK(!tinet__endpoints_is_any_usable(list + 6, 4));
  n = tinet__endpoints_sort(list, n, 80);
  T_EQ(sizeof want / sizeof *want, n);
  for (size_t i = 0; i < n; i++) {
    tinet_endpoint e = {0};

    T_EQ(0, tinet_endpoint_parse(want[i], 80, &e));
    T_MEM(e.address, sizeof e.address, list[i].address, sizeof list[i].address);
    T_EQ(80, list[i].port);
  }
  T_EQ(2, list[4].interface_index); /* the link-local one needs it */
  T_EQ(0, list[0].interface_index);
}

int main(void)
{
  T_RUN(a_type_keeps_to_its_rules);
  T_RUN(a_name_is_utf8_of_up_to_63_bytes);
  T_RUN(the_only_domain_is_local);
  T_RUN(names_are_compared_without_case_and_last_dot);
  T_RUN(the_next_name_counts_as_apple_does);
  T_RUN(from_ten_on_the_next_name_takes_a_random_step);
  T_RUN(a_long_name_is_cut_at_a_character);
  T_RUN(a_name_can_be_replaced_by_its_next);
  T_RUN(txt_strings_keep_to_their_rules);
  T_RUN(a_txt_key_is_found_once_and_without_case);
  T_RUN(every_error_has_one_of_apples_numbers);
  T_RUN(addresses_are_tried_in_a_good_order);
  return T_END();
}
