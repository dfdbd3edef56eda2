/* get_progress.c - the bar: how far, how fast, how long still.
 *
 *    45% [==============>                 ]  9.0 of 20.0 MiB  12.3 MiB/s  ETA
 * 0:01
 *
 * It fits the terminal: what a narrow one has no room for is left out.  The
 * line is redrawn over itself with spaces behind it, so it needs no terminal
 * that understands more than a carriage return.
 */
#include "get.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define REDRAW_SECONDS 0.1
#define RATE_SECONDS 0.5 /* the rate is measured over this, then smoothed */
#define MIN_BAR 5
#define MAX_COLUMNS 512

static double now_seconds(void)
{
  struct timespec ts;

  (void)clock_gettime(CLOCK_MONOTONIC, &ts);
  return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* One less than there are, so that no terminal wraps the line. */
static int columns(void)
{
  struct winsize size = {0};
  const char *text = getenv("COLUMNS");
  long n = 0;

  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0)
    n = size.ws_col;
  if (n == 0 && text)
    n = strtol(text, NULL, 10);
  if (n < 10)
    n = 80;
  return (int)(n > MAX_COLUMNS ? MAX_COLUMNS : n) - 1;
}

void get_progress_init(struct get_progress *p, bool is_shown)
{
  memset(p, 0, sizeof *p);
  p->out = is_shown ? stderr : NULL;
  p->total = -1;
}

void get_progress_begin(struct get_progress *p, uint64_t start, int64_t total)
{
  p->start = p->now = p->rate_bytes = start;
  p->total = total;
  p->started = p->rate_at = now_seconds();
  p->drawn = p->started; /* what is done at once needs no bar */
  p->rate = -1;
}

static void measure(struct get_progress *p, double at)
{
  double passed = at - p->rate_at, rate;

  if (passed < RATE_SECONDS)
    return;
  rate = (double)(p->now - p->rate_bytes) / passed;
  p->rate = p->rate < 0 ? rate : p->rate * 0.6 + rate * 0.4;
  p->rate_at = at;
  p->rate_bytes = p->now;
}

/* Until it is measured, the mean. */
static double rate_of(const struct get_progress *p, double elapsed)
{
  if (p->rate >= 0)
    return p->rate;
  return elapsed > 0 ? (double)(p->now - p->start) / elapsed : 0;
}

/* "9.0 of 20.0 MiB": both in the unit of the whole, so that the length of the
 * text does not change. */
static void sizes(const struct get_progress *p, char *to, size_t size)
{
  char now[CLI_BYTES_MAX];
  const char *unit;
  double unit_size;

  if (p->total < 0) {
    (void)snprintf(to, size, "%s", cli_bytes((double)p->now, now));
    return;
  }
  unit_size = cli_bytes_unit((double)p->total, &unit);
  (void)snprintf(
      to, size, unit_size > 1 ? "%.1f of %.1f %s" : "%.0f of %.0f %s",
      (double)p->now / unit_size, (double)p->total / unit_size, unit);
}

static void speed(const struct get_progress *p, double elapsed, char *to,
                  size_t size)
{
  char rate[CLI_BYTES_MAX];

  (void)snprintf(to, size, "%s/s", cli_bytes(rate_of(p, elapsed), rate));
}

static void remaining(const struct get_progress *p, double elapsed, char *to,
                      size_t size)
{
  char text[CLI_BYTES_MAX];
  double rate = rate_of(p, elapsed);

  if (p->total < 0 || p->now >= (uint64_t)p->total)
    (void)snprintf(to, size, "in %s", cli_duration(elapsed, text));
  else if (rate < 1)
    (void)snprintf(to, size, "ETA -:--");
  else
    (void)snprintf(
        to, size, "ETA %s",
        cli_duration((double)((uint64_t)p->total - p->now) / rate, text));
}

static void bar(double share, int width, char *to)
{
  int filled = (int)(share * width);

  memset(to, ' ', (size_t)width);
  memset(to, '=', (size_t)filled);
  if (filled < width)
    to[filled] = '>';
  to[width] = 0;
}

/* What stands behind the bar; fewer parts for a higher `level`. */
static void tail(const struct get_progress *p, double elapsed, int level,
                 char *to, size_t size)
{
  char text[3][2 * CLI_BYTES_MAX + 8];

  sizes(p, text[0], sizeof text[0]);
  speed(p, elapsed, text[1], sizeof text[1]);
  remaining(p, elapsed, text[2], sizeof text[2]);
  if (level == 0)
    (void)snprintf(to, size, "  %15s  %12s  %-11s", text[0], text[1], text[2]);
  else if (level == 1)
    (void)snprintf(to, size, "  %12s  %-11s", text[1], text[2]);
  else if (level == 2)
    (void)snprintf(to, size, "  %s", text[2]);
  else
    to[0] = 0;
}

void get_progress_line(const struct get_progress *p, double elapsed, int width,
                       char *to, size_t size)
{
  double share = p->total > 0 ? (double)p->now / (double)p->total : 1;
  char behind[192], middle[MAX_COLUMNS + 1];
  int room = 0;

  share = share > 1 ? 1 : share;
  if (p->total < 0) {
    tail(p, elapsed, 0, behind, sizeof behind);
    (void)snprintf(to, size, "%.*s", width, behind);
    return;
  }
  for (int level = 0; level <= 3; level++) {
    tail(p, elapsed, level, behind, sizeof behind);
    room = width - (int)strlen(behind) - (int)strlen("100% []");
    if (room >= MIN_BAR)
      break;
  }
  if (room < 1) {
    (void)snprintf(to, size, "%3d%%", (int)(share * 100));
    return;
  }
  bar(share, room > MAX_COLUMNS ? MAX_COLUMNS : room, middle);
  (void)snprintf(to, size, "%3d%% [%s]%s", (int)(share * 100), middle, behind);
}

static void draw(struct get_progress *p, double at)
{
  char line[MAX_COLUMNS + 8];
  int width;

  get_progress_line(p, at - p->started, columns(), line, sizeof line);
  width = (int)strlen(line);
  (void)fprintf(p->out, "\r%s%*s", line,
                p->width > width ? p->width - width : 0, "");
  (void)fflush(p->out);
  p->width = width;
  p->drawn = at;
}

void get_progress_update(struct get_progress *p, uint64_t now)
{
  double at;

  p->now = now;
  if (!p->out)
    return;
  at = now_seconds();
  measure(p, at);
  if (at - p->drawn >= REDRAW_SECONDS)
    draw(p, at);
}

/* The last line shows the mean of the whole. */
void get_progress_end(struct get_progress *p, bool is_complete)
{
  if (!p->out || (!p->width && !is_complete))
    return;
  p->rate = -1;
  if (is_complete)
    draw(p, now_seconds());
  (void)fputc('\n', p->out);
  p->width = 0;
}

void get_progress_clear(struct get_progress *p)
{
  if (!p->out || !p->width)
    return;
  (void)fprintf(p->out, "\r%*s\r", p->width, "");
  (void)fflush(p->out);
  p->width = 0;
}
