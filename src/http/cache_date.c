/* cache_date.c - HTTP dates.  parse, pure.  rfc: 9110 5.6.7
 *
 * Strict about the order of the parts, not about the name of the day, which
 * says nothing that the rest does not.
 */
#include "cache_control.h"

#include <string.h>

struct date {
  int64_t year;
  int month, day, hour, minute, second;
};

/* `n` digits (a space may stand for the first), then moves on. */
static bool number(struct tinet__span *s, size_t n, int *ret_value)
{
  int value = 0;

  if (s->len < n)
    return false;
  for (size_t i = 0; i < n; i++) {
    char c = s->p[i];

    if (i == 0 && n == 2 && c == ' ')
      c = '0';
    if (!tinet__is_digit(c))
      return false;
    value = value * 10 + (c - '0');
  }
  s->p += n;
  s->len -= n;
  *ret_value = value;
  return true;
}

static bool text(struct tinet__span *s, const char *want)
{
  size_t len = strlen(want);

  if (s->len < len || !tinet__ieqn(s->p, len, want, len))
    return false;
  s->p += len;
  s->len -= len;
  return true;
}

static bool month(struct tinet__span *s, int *ret_month)
{
  static const char *const names[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

  for (int i = 0; i < 12; i++) {
    if (text(s, names[i])) {
      *ret_month = i + 1;
      return true;
    }
  }
  return false;
}

static bool clock_time(struct tinet__span *s, struct date *d)
{
  return number(s, 2, &d->hour) && text(s, ":") && number(s, 2, &d->minute) &&
         text(s, ":") && number(s, 2, &d->second);
}

/* rfc: 9110 5.6.7 - two digits that seem more than 50 years away are of the
 * century before. */
static int64_t full_year(int two, int64_t now_s)
{
  int64_t now_year = 1970 + now_s / 31556952;
  int64_t year = now_year - now_year % 100 + two;

  return year > now_year + 50 ? year - 100 : year;
}

/* Behind the name of the day: "06 Nov 1994 08:49:37 GMT". */
static bool imf(struct tinet__span s, struct date *d)
{
  int year;

  if (!number(&s, 2, &d->day) || !text(&s, " ") || !month(&s, &d->month) ||
      !text(&s, " ") || !number(&s, 4, &year) || !text(&s, " ") ||
      !clock_time(&s, d))
    return false;
  d->year = year;
  return (text(&s, " GMT") || text(&s, " UTC")) && s.len == 0;
}

/* "06-Nov-94 08:49:37 GMT" */
static bool rfc850(struct tinet__span s, int64_t now_s, struct date *d)
{
  int year;

  if (!number(&s, 2, &d->day) || !text(&s, "-") || !month(&s, &d->month) ||
      !text(&s, "-") || !number(&s, 2, &year) || !text(&s, " ") ||
      !clock_time(&s, d))
    return false;
  d->year = full_year(year, now_s);
  return text(&s, " GMT") && s.len == 0;
}

/* "Nov  6 08:49:37 1994" */
static bool asctime_form(struct tinet__span s, struct date *d)
{
  int year;

  if (!month(&s, &d->month) || !text(&s, " ") || !number(&s, 2, &d->day) ||
      !text(&s, " ") || !clock_time(&s, d) || !text(&s, " ") ||
      !number(&s, 4, &year))
    return false;
  d->year = year;
  return s.len == 0;
}

static bool is_date(const struct date *d)
{
  static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool is_leap = d->year % 4 == 0 && (d->year % 100 != 0 || d->year % 400 == 0);
  int last;

  if (d->month < 1 || d->month > 12)
    return false;
  last = days[d->month - 1] + (d->month == 2 && is_leap ? 1 : 0);
  return d->day >= 1 && d->day <= last && d->hour <= 23 && d->minute <= 59 &&
         d->second <= 60;
}

/* Days since 1970-01-01; years start in March so that leap days come last. */
static int64_t days_since_epoch(const struct date *d)
{
  int64_t y = d->month <= 2 ? d->year - 1 : d->year;
  int64_t m = (d->month + 9) % 12;
  int64_t era = (y >= 0 ? y : y - 399) / 400;
  int64_t yoe = y - era * 400;
  int64_t doy = (153 * m + 2) / 5 + d->day - 1;

  return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

bool tinet__http_date_parse(const char *s, size_t len, int64_t now_s,
                            int64_t *ret_s)
{
  struct tinet__span rest = tinet__trim(s, len);
  struct date d = {0};
  bool is_ok, has_comma;

  while (rest.len > 0 && tinet__is_alpha(*rest.p)) {
    rest.p++;
    rest.len--;
  }
  has_comma = text(&rest, ", ");
  if (!has_comma && !text(&rest, " "))
    return false;
  if (!has_comma)
    is_ok = asctime_form(rest, &d);
  else
    is_ok = imf(rest, &d) || rfc850(rest, now_s, &d);
  if (!is_ok || !is_date(&d))
    return false;
  *ret_s =
      days_since_epoch(&d) * 86400 + d.hour * 3600 + d.minute * 60 + d.second;
  return true;
}
