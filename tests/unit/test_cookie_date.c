/* test_cookie_date.c - the dates of cookies. */
#include "t.h"

#include <tinet/cookie.h>

/* Seconds since 1970, or NONE. */
#define NONE INT64_MIN

static int64_t seconds(const char *text)
{
  int64_t ms = 1;

  if (!tinet_cookie_parse_date(text, strlen(text), &ms))
    return ms == 1 ? NONE : NONE + 1; /* must not touch it */
  return ms % 1000 == 0 ? ms / 1000 : NONE + 2;
}

static void the_forms_of_http_are_read(void)
{
  T_EQ(784111777, seconds("Sun, 06 Nov 1994 08:49:37 GMT"));
  T_EQ(784111777, seconds("Sunday, 06-Nov-94 08:49:37 GMT"));
  T_EQ(784111777, seconds("Sun Nov  6 08:49:37 1994"));
  T_EQ(784111777, seconds("Sun, 06-Nov-1994 08:49:37 GMT"));
}

static void order_and_company_do_not_matter(void)
{
  T_EQ(784111777, seconds("1994 Nov 08:49:37 6"));
  T_EQ(784111777, seconds("08:49:37 06 nov 94"));
  T_EQ(784111777, seconds("nothing 6 of 08:49:37 November this 1994 counts"));
  T_EQ(784111777, seconds("6 Nov 1994 08:49:37 +0200 PST"));
  T_EQ(784111777, seconds("\t6\tNOV\t1994\t08:49:37"));
  T_EQ(784111777, seconds("6/Nov/1994(08:49:37)[GMT]"));
}

static void the_first_of_each_kind_counts(void)
{
  T_EQ(784111777, seconds("06 Nov 1994 08:49:37 09:00:00 Dec 2001"));
  /* The second number of two digits is the year. */
  T_EQ(1667724577, seconds("06 22 Nov 08:49:37"));
  /* 94 fits a day first, and there is no day 94. */
  T_EQ(NONE, seconds("94 Nov 06 08:49:37"));
}

static void digits_may_be_followed_by_others(void)
{
  T_EQ(784111777, seconds("6th Nov 1994AD 08:49:37GMT"));
  T_EQ(784111777, seconds("06 Novembrrr 1994 08:49:37.123"));
}

static void a_time_has_one_or_two_digits_each(void)
{
  T_EQ(784080549, seconds("6 Nov 1994 0:9:9"));
  T_EQ(NONE, seconds("6 Nov 1994 008:49:37"));
  T_EQ(NONE, seconds("6 Nov 1994 08:49"));
  T_EQ(NONE, seconds("6 Nov 1994 08:49:"));
  T_EQ(NONE, seconds("6 Nov 1994 08::37"));
  T_EQ(NONE, seconds("6 Nov 1994 08:49:370"));
}

static void two_digits_of_a_year_are_of_this_age(void)
{
  T_EQ(0, seconds("1 Jan 70 00:00:00"));
  T_EQ(3124224000, seconds("1 Jan 69 00:00:00"));
  T_EQ(946684800, seconds("1 Jan 00 00:00:00"));
  T_EQ(915148800, seconds("1 Jan 99 00:00:00"));
}

static void a_year_has_two_to_four_digits(void)
{
  T_EQ(NONE, seconds("1 Jan 1 00:00:00"));
  T_EQ(NONE, seconds("1 Jan 100 00:00:00"));
  T_EQ(NONE, seconds("1 Jan 20000 00:00:00"));
  T_EQ(NONE, seconds("1 Jan 1600 00:00:00"));
  T_EQ(-11644473600, seconds("1 Jan 1601 00:00:00"));
  T_EQ(253402300799, seconds("31 Dec 9999 23:59:59"));
}

static void only_days_that_exist_are_read(void)
{
  T_EQ(951782400, seconds("29 Feb 2000 00:00:00"));
  T_EQ(1709164800, seconds("29 Feb 2024 00:00:00"));
  T_EQ(NONE, seconds("29 Feb 2023 00:00:00"));
  T_EQ(NONE, seconds("29 Feb 2100 00:00:00"));
  T_EQ(NONE, seconds("31 Apr 2024 00:00:00"));
  T_EQ(NONE, seconds("0 Jan 2024 00:00:00"));
  T_EQ(NONE, seconds("32 Jan 2024 00:00:00"));
  T_EQ(NONE, seconds("123 Jan 2024 00:00:00"));
}

static void only_times_that_exist_are_read(void)
{
  T_EQ(1704153599, seconds("1 Jan 2024 23:59:59"));
  T_EQ(NONE, seconds("1 Jan 2024 24:00:00"));
  T_EQ(NONE, seconds("1 Jan 2024 23:60:00"));
  T_EQ(NONE, seconds("1 Jan 2024 23:59:60"));
}

static void what_lacks_a_part_is_no_date(void)
{
  T_EQ(NONE, seconds(""));
  T_EQ(NONE, seconds("   ,;  "));
  T_EQ(NONE, seconds("Jan 2024 00:00:00"));
  T_EQ(NONE, seconds("1 2024 00:00:00"));
  T_EQ(NONE, seconds("1 Jan 00:00:00"));
  T_EQ(NONE, seconds("1 Jan 2024"));
  T_EQ(NONE, seconds("1 Ja 2024 00:00:00"));
  T_EQ(NONE, seconds("tomorrow"));
}

static void every_month_is_known(void)
{
  static const char names[] = "janFEBMarapRMAYjunJulaugSEPoctnovDec";
  static const int days[] = {0,   31,  60,  91,  121, 152,
                             182, 213, 244, 274, 305, 335};

  for (int i = 0; i < 12; i++) {
    char text[64];

    (void)snprintf(text, sizeof text, "1 %.3s 2024 00:00:00",
                   names + (ptrdiff_t)3 * i);
    T_EQ(1704067200 + days[i] * 86400, seconds(text));
  }
}

static void bytes_need_not_end_with_nul(void)
{
  int64_t ms = 0;

  T_OK(tinet_cookie_parse_date("1 Jan 1970 00:00:099", 19, &ms) && ms == 9000);
  T_OK(!tinet_cookie_parse_date("1 Jan 1970\00000:00:09", 19, &ms));
  T_OK(!tinet_cookie_parse_date(NULL, 0, &ms));
}

int main(void)
{
  T_RUN(the_forms_of_http_are_read);
  T_RUN(order_and_company_do_not_matter);
  T_RUN(the_first_of_each_kind_counts);
  T_RUN(digits_may_be_followed_by_others);
  T_RUN(a_time_has_one_or_two_digits_each);
  T_RUN(two_digits_of_a_year_are_of_this_age);
  T_RUN(a_year_has_two_to_four_digits);
  T_RUN(only_days_that_exist_are_read);
  T_RUN(only_times_that_exist_are_read);
  T_RUN(what_lacks_a_part_is_no_date);
  T_RUN(every_month_is_known);
  T_RUN(bytes_need_not_end_with_nul);
  return T_END();
}
