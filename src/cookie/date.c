/* date.c - cookie dates, by the algorithm of rfc: 6265bis 5.1.1.
 *
 * parse, pure.  Tokens are tried as a time, a day, a month and a year, in this
 * order, the first that fits of each kind counts; whatever else is there does
 * not matter.
 */
#include <tinet/cookie.h>

#include "../core/str.h"

#include <string.h>

struct date {
  int hour, minute, second, day, month, year;
  bool has_time, has_day, has_month, has_year;
};

static bool is_delimiter(unsigned char c)
{
  return c == 0x09 || (c >= 0x20 && c <= 0x2f) || (c >= 0x3b && c <= 0x40) ||
         (c >= 0x5b && c <= 0x60) || (c >= 0x7b && c <= 0x7e);
}

/* `min` to `max` digits, then something that is no digit.  How many digits, 0
 * if it does not fit. */
static size_t digits(struct tinet__span t, size_t min, size_t max,
                     int *ret_value)
{
  size_t n = 0;
  int value = 0;

  while (n < t.len && tinet__is_digit(t.p[n])) {
    if (n == max)
      return 0;
    value = value * 10 + (t.p[n++] - '0');
  }
  if (n < min)
    return 0;
  *ret_value = value;
  return n;
}

static bool take_time(struct tinet__span t, struct date *d)
{
  int *fields[] = {&d->hour, &d->minute, &d->second};
  int value[3];

  for (size_t i = 0; i < 3; i++) {
    size_t n = digits(t, 1, 2, &value[i]);

    if (n == 0)
      return false;
    t.p += n;
    t.len -= n;
    if (i == 2)
      break;
    if (t.len == 0 || *t.p != ':')
      return false;
    t.p++;
    t.len--;
  }
  for (size_t i = 0; i < 3; i++)
    *fields[i] = value[i];
  return true;
}

static bool take_month(struct tinet__span t, struct date *d)
{
  static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";

  for (int i = 0; t.len >= 3 && i < 12; i++) {
    if (tinet__ieqn(t.p, 3, names + (ptrdiff_t)3 * i, 3)) {
      d->month = i + 1;
      return true;
    }
  }
  return false;
}

static void take(struct tinet__span t, struct date *d)
{
  if (!d->has_time && take_time(t, d))
    d->has_time = true;
  else if (!d->has_day && digits(t, 1, 2, &d->day) > 0)
    d->has_day = true;
  else if (!d->has_month && take_month(t, d))
    d->has_month = true;
  else if (!d->has_year && digits(t, 2, 4, &d->year) > 0)
    d->has_year = true;
}

static int days_in(int month, int year)
{
  static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

  return month == 2 && is_leap ? 29 : days[month - 1];
}

/* Days since 1970-01-01 of a day in the Gregorian calendar. */
static int64_t days_since_epoch(int year, int month, int day)
{
  int64_t y = month <= 2 ? year - 1 : year;
  int64_t era = y / 400;
  int64_t yoe = y - era * 400;
  int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

  return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static bool is_valid(struct date *d)
{
  if (!d->has_time || !d->has_day || !d->has_month || !d->has_year)
    return false;
  if (d->year >= 70 && d->year <= 99)
    d->year += 1900;
  else if (d->year <= 69)
    d->year += 2000;
  return d->day >= 1 && d->year >= 1601 && d->hour <= 23 && d->minute <= 59 &&
         d->second <= 59 && d->day <= days_in(d->month, d->year);
}

bool tinet_cookie_parse_date(const char *text, size_t len, int64_t *ret_ms)
{
  struct date d = {0};
  size_t i = 0;
  int64_t seconds;

  if (!text || !ret_ms)
    return false;
  while (i < len) {
    size_t start;

    while (i < len && is_delimiter((unsigned char)text[i]))
      i++;
    start = i;
    while (i < len && !is_delimiter((unsigned char)text[i]))
      i++;
    if (i > start)
      take((struct tinet__span){text + start, i - start}, &d);
  }
  if (!is_valid(&d))
    return false;
  seconds = days_since_epoch(d.year, d.month, d.day) * 86400 + d.hour * 3600 +
            d.minute * 60 + d.second;
  *ret_ms = seconds * 1000;
  return true;
}
