/* test_cache_policy.c - header fields in, verdict out. */
#include "core/alloc.h"
#include "http/cache_policy.h"
#include "t.h"

#define NOW 1700000000LL /* Tue, 14 Nov 2023 22:13:20 GMT */
#define DATE "Tue, 14 Nov 2023 22:13:20 GMT"

/* "Name: value\n..." */
static void fill(struct tinet__headers *h, const char *lines)
{
  tinet__headers_reset(h);
  while (*lines) {
    size_t len = strcspn(lines, "\n");

    T_EQ(0, tinet__headers_parse_line(h, lines, len));
    lines += len + (lines[len] == '\n');
  }
}

static struct tinet__headers request, response;

static struct tinet__cache_response make(int status, const char *lines)
{
  struct tinet__cache_response r = {status, &response, NOW, NOW};

  fill(&response, lines);
  return r;
}

static bool stores(const char *asked, int status, const char *lines)
{
  struct tinet__cache_response r = make(status, lines);

  fill(&request, asked);
  return tinet__cache_is_storable(&request, &r);
}

static int64_t lifetime(const char *lines)
{
  struct tinet__cache_response r = make(200, lines);

  return tinet__cache_lifetime(&r);
}

/* `after_s` seconds later. */
static enum tinet__cache_verdict decides(const char *asked, const char *lines,
                                         int64_t after_s)
{
  struct tinet__cache_response r = make(200, lines);

  fill(&request, asked);
  return tinet__cache_decide(&request, &r, NOW + after_s);
}

static bool covers(const char *asked, const char *lines, int64_t after_s)
{
  struct tinet__cache_response r = make(200, lines);

  fill(&request, asked);
  return tinet__cache_may_cover_error(&request, &r, NOW + after_s);
}

static int64_t date(const char *text)
{
  int64_t s = -1;

  return tinet__http_date_parse(text, strlen(text), NOW, &s) ? s : -1;
}

static void dates_have_three_forms(void)
{
  T_EQ(784111777, date("Sun, 06 Nov 1994 08:49:37 GMT"));
  T_EQ(784111777, date("Sunday, 06-Nov-94 08:49:37 GMT"));
  T_EQ(784111777, date("Sun Nov  6 08:49:37 1994"));
  T_EQ(NOW, date(DATE));
  T_EQ(951782400, date("Tue, 29 Feb 2000 00:00:00 GMT"));
  T_EQ(220924800, date("Saturday, 01-Jan-77 00:00:00 GMT")); /* not 2077 */
}

static void what_is_no_date_is_refused(void)
{
  static const char *const no[] = {"",
                                   "0",
                                   "-1",
                                   "now",
                                   "Sun, 06 Nov 1994 08:49:37",
                                   "Sun, 31 Feb 1994 "
                                   "08:49:37 GMT",
                                   "Sun, 06 Nov 1994 24:00:00 GMT",
                                   "Sun, 06 Foo 1994 "
                                   "08:49:37 GMT",
                                   "06 Nov 1994 08:49:37 GMT",
                                   "Sun, 06 Nov 1994 08:49:37 GMT+2",
                                   "Sun, 29 Feb 2023 00:00:00 GMT"};

  for (size_t i = 0; i < sizeof no / sizeof *no; i++)
    T_EQ(-1, date(no[i]));
}

static void directives_are_read(void)
{
  struct tinet__cache_control cc;

  fill(&response, "Cache-Control: MAX-AGE=\"60\", foo=\"a, no-store\", public\n"
                  "Cache-Control: max-age=5 , no-cache=\"Set-Cookie, x\"\n"
                  "cache-control: ,, must-revalidate,stale-if-error=7");
  tinet__cache_control_parse(&response, &cc);
  T_EQ(60, cc.max_age); /* the first */
  T_EQ(7, cc.stale_if_error);
  T_EQ(TINET__DELTA_NONE, cc.stale_while_revalidate);
  T_OK(!cc.no_store && cc.is_public && cc.must_revalidate);
  T_OK(!cc.no_cache && cc.no_cache_fields);
  T_OK(tinet__cache_control_names(&response, "set-cookie"));
  T_OK(tinet__cache_control_names(&response, "X"));
  T_OK(!tinet__cache_control_names(&response, "y"));
}

static void numbers_are_clamped_or_stale(void)
{
  T_EQ(TINET__DELTA_MAX,
       lifetime("Cache-Control: max-age=99999999999999999999999"));
  T_EQ(TINET__DELTA_MAX, lifetime("Cache-Control: max-age=2147483649"));
  T_EQ(0, lifetime("Cache-Control: max-age=-1"));
  T_EQ(0, lifetime("Cache-Control: max-age=1.5"));
  T_EQ(0, lifetime("Cache-Control: max-age"));
}

static void lifetime_comes_from_the_first_of_three(void)
{
  const char *expires = "Date: " DATE "\n"
                        "Expires: Tue, 14 Nov 2023 22:14:20 GMT\n"
                        "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT";

  T_EQ(60, lifetime(expires));
  T_EQ(5, lifetime("Cache-Control: max-age=5, s-maxage=9\nExpires: 0"));
  T_EQ(0, lifetime("Cache-Control: s-maxage=9")); /* shared caches only */
  T_EQ(0, lifetime("Expires: 0\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT"));
  T_EQ(100, lifetime("Last-Modified: Tue, 14 Nov 2023 21:56:40 GMT"));
  T_EQ(TINET__HEURISTIC_MAX_S,
       lifetime("Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT"));
  T_EQ(0, lifetime("ETag: \"a\""));
}

static void age_counts_what_was_before(void)
{
  struct tinet__cache_response r =
      make(200, "Date: Tue, 14 Nov 2023 22:13:00 GMT\nAge: 7");

  T_EQ(20, tinet__cache_age(&r, NOW)); /* the server's clock says so */
  r.request_s = NOW - 30;
  T_EQ(37, tinet__cache_age(&r, NOW));
  T_EQ(47, tinet__cache_age(&r, NOW + 10));
  T_EQ(TINET__DELTA_MAX, tinet__cache_age(&r, NOW - 1));
  r = make(200, "Age: x");
  T_EQ(0, tinet__cache_age(&r, NOW));
  r = make(200, "Age: 9999999999999");
  T_EQ(TINET__DELTA_MAX, tinet__cache_age(&r, NOW));
}

static void what_may_be_stored_is(void)
{
  T_OK(stores("", 200, "Cache-Control: max-age=5"));
  T_OK(stores("", 200, "Cache-Control: private, max-age=5"));
  T_OK(stores("", 200, "Cache-Control: no-cache\nETag: \"a\""));
  T_OK(stores("", 404, "Expires: Tue, 14 Nov 2023 23:13:20 GMT"));
  T_OK(stores("", 302, "Cache-Control: max-age=5"));
  T_OK(stores("", 200, "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT"));
  T_OK(stores("Authorization: Basic x", 200, "Cache-Control: max-age=5"));
  T_OK(stores("", 200, "Cache-Control: max-age=5, no-store, must-understand"));
  T_OK(stores("", 200, "Cache-Control: max-age=0, stale-if-error=5"));
  T_OK(stores("", 200, "Cache-Control: max-age=0, stale-while-revalidate=5"));
}

static void what_may_not_be_stored_is_not(void)
{
  T_OK(!stores("", 200, "Cache-Control: max-age=5, no-store"));
  T_OK(!stores("Cache-Control: no-store", 200, "Cache-Control: max-age=5"));
  T_OK(!stores("", 200, "Cache-Control: max-age=5\nVary: *"));
  T_OK(!stores("", 200, "Cache-Control: max-age=5\nVary: a, *"));
  T_OK(!stores("", 206, "Cache-Control: max-age=5"));
  T_OK(!stores("", 304, "Cache-Control: max-age=5"));
  T_OK(!stores("", 401, "Cache-Control: max-age=5"));
  T_OK(!stores("", 302, "Location: /"));
  T_OK(!stores("", 500, "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT"));
  T_OK(!stores("", 200, ""));
  T_OK(!stores("", 200, "Cache-Control: no-cache"));
  T_OK(!stores("", 299, "Cache-Control: max-age=5, must-understand"));
  T_OK(!stores("", 200, "Cache-Control: max-age=0"));
  T_OK(!stores("", 200,
               "Cache-Control: max-age=0, stale-if-error=5, must-revalidate"));
  T_OK(!stores("", 200, "Cache-Control: no-cache, stale-if-error=5"));
}

static void fresh_is_used_and_stale_validated(void)
{
  T_EQ(TINET__CACHE_FRESH, decides("", "Cache-Control: max-age=10", 9));
  T_EQ(TINET__CACHE_VALIDATE, decides("", "Cache-Control: max-age=10", 10));
  T_EQ(TINET__CACHE_VALIDATE,
       decides("", "Cache-Control: max-age=10, no-cache", 0));
  T_EQ(TINET__CACHE_FRESH,
       decides("", "Cache-Control: max-age=10, no-cache=\"a\"", 0));
  T_EQ(TINET__CACHE_FRESH,
       decides("", "Cache-Control: max-age=10, must-revalidate", 0));
}

static void requests_may_be_stricter(void)
{
  const char *ten = "Cache-Control: max-age=10";

  T_EQ(TINET__CACHE_VALIDATE, decides("Cache-Control: no-cache", ten, 0));
  T_EQ(TINET__CACHE_VALIDATE, decides("Pragma: no-cache", ten, 0));
  T_EQ(TINET__CACHE_FRESH,
       decides("Pragma: no-cache\nCache-Control: foo", ten, 0));
  T_EQ(TINET__CACHE_VALIDATE, decides("Cache-Control: max-age=3", ten, 4));
  T_EQ(TINET__CACHE_FRESH, decides("Cache-Control: max-age=3", ten, 3));
  T_EQ(TINET__CACHE_VALIDATE, decides("Cache-Control: min-fresh=8", ten, 4));
  T_EQ(TINET__CACHE_FRESH, decides("Cache-Control: min-fresh=8", ten, 2));
  T_EQ(TINET__CACHE_FRESH, decides("Cache-Control: no-store", ten, 2));
}

static void requests_may_take_stale_ones(void)
{
  const char *ten = "Cache-Control: max-age=10";

  T_EQ(TINET__CACHE_STALE, decides("Cache-Control: max-stale", ten, 9999));
  T_EQ(TINET__CACHE_STALE, decides("Cache-Control: max-stale=5", ten, 15));
  T_EQ(TINET__CACHE_VALIDATE, decides("Cache-Control: max-stale=5", ten, 16));
  T_EQ(TINET__CACHE_VALIDATE,
       decides("Cache-Control: max-stale",
               "Cache-Control: max-age=10, must-revalidate", 10));
}

static void stale_while_revalidate_is_used(void)
{
  const char *swr = "Cache-Control: max-age=10, stale-while-revalidate=5";

  T_EQ(TINET__CACHE_FRESH, decides("", swr, 9));
  T_EQ(TINET__CACHE_REFRESH, decides("", swr, 15));
  T_EQ(TINET__CACHE_VALIDATE, decides("", swr, 16));
  T_EQ(TINET__CACHE_VALIDATE, decides("Cache-Control: max-age=1", swr, 11));
  T_EQ(TINET__CACHE_VALIDATE,
       decides("",
               "Cache-Control: max-age=10, stale-while-revalidate=5, "
               "must-revalidate",
               11));
}

static void errors_may_be_covered(void)
{
  const char *sie = "Cache-Control: max-age=10, stale-if-error=5";

  T_OK(covers("", sie, 15));
  T_OK(!covers("", sie, 16));
  T_OK(covers("Cache-Control: stale-if-error=60", sie, 16));
  T_OK(!covers("Cache-Control: no-cache", sie, 11));
  T_OK(!covers("", "Cache-Control: max-age=10", 11));
  T_OK(!covers("", "Cache-Control: max-age=1, stale-if-error=5, no-cache", 2));
  T_OK(!covers(
      "", "Cache-Control: max-age=1, stale-if-error=5, must-revalidate", 2));
}

static void validators_are_sent(void)
{
  fill(&response, "ETag: W/\"a\"\nLast-Modified: x");
  fill(&request, "Accept: */*");
  T_EQ(0, tinet__cache_add_validators(&response, &request));
  T_STR("W/\"a\"", tinet__headers_get(&request, "If-None-Match"));
  T_STR("x", tinet__headers_get(&request, "If-Modified-Since"));
  T_OK(tinet__cache_is_bypassed(&request));
  fill(&request, "Range: bytes=0-1");
  T_OK(tinet__cache_is_bypassed(&request));
  fill(&request, "Accept: a");
  T_OK(!tinet__cache_is_bypassed(&request));
}

static bool same(const char *stored, const char *not_modified)
{
  fill(&response, stored);
  fill(&request, not_modified);
  return tinet__cache_is_same(&response, &request);
}

static void a_304_speaks_of_one_response(void)
{
  T_OK(same("ETag: \"a\"", "ETag: \"a\""));
  T_OK(same("ETag: W/\"a\"", "ETag: \"a\""));
  T_OK(same("ETag: \"a\"", ""));
  T_OK(!same("ETag: \"a\"", "ETag: \"b\""));
  T_OK(!same("Last-Modified: x", "ETag: \"b\""));
  T_OK(!same("Last-Modified: x", "Last-Modified: y"));
}

static void a_304_updates_what_it_says(void)
{
  char *text = NULL;

  fill(&response, "Content-Length: 5\nAge: 7\nDate: a\nX: 1\nX: 2\nY: 3");
  fill(&request, "Content-Length: 0\nDate: b\nX: 4\nConnection: z\nZ: 5");
  T_EQ(0, tinet__cache_update(&response, &request));
  T_EQ(0, tinet__headers_text(&response, &text));
  T_STR("Content-Length:5\nY:3\nDate:b\nX:4", text);
  tinet__free(text);
}

static void some_fields_are_not_stored(void)
{
  struct tinet__headers to = {0};
  char *text = NULL;

  fill(&response, "Connection: close, X-Hop\nx-hop: 1\nKeep-Alive: 2\n"
                  "Cache-Control: no-cache=\"secret\"\nSecret: s\nA: b\n"
                  "Transfer-Encoding: chunked\nSet-Cookie: a=b");
  T_EQ(0, tinet__cache_storable_fields(&response, &to));
  T_EQ(0, tinet__headers_text(&to, &text));
  T_STR("Cache-Control:no-cache=\"secret\"\nA:b\nSet-Cookie:a=b", text);
  tinet__free(text);
  tinet__headers_free(&to);
}

static int update_once(void)
{
  struct tinet__headers stored = {0};
  int err;

  err = tinet__headers_add(&stored, "A", 1, "1", 1);
  if (err == 0)
    err = tinet__cache_add_validators(&response, &stored);
  if (err == 0)
    err = tinet__cache_update(&stored, &response);
  tinet__headers_free(&stored);
  return err;
}

static void no_memory_is_reported(void)
{
  fill(&response, "ETag: \"a\"\nLast-Modified: x\nDate: a");
  T_EACH_ALLOCATION_FAILS(0, update_once);
}

static void methods_are_safe_or_not(void)
{
  T_OK(!tinet__cache_is_unsafe("GET") && !tinet__cache_is_unsafe("HEAD"));
  T_OK(tinet__cache_is_unsafe("POST") && tinet__cache_is_unsafe("PURGE"));
  T_OK(tinet__cache_invalidates(204) && tinet__cache_invalidates(303));
  T_OK(!tinet__cache_invalidates(404) && !tinet__cache_invalidates(500));
}

int main(void)
{
  T_RUN(dates_have_three_forms);
  T_RUN(what_is_no_date_is_refused);
  T_RUN(directives_are_read);
  T_RUN(numbers_are_clamped_or_stale);
  T_RUN(lifetime_comes_from_the_first_of_three);
  T_RUN(age_counts_what_was_before);
  T_RUN(what_may_be_stored_is);
  T_RUN(what_may_not_be_stored_is_not);
  T_RUN(fresh_is_used_and_stale_validated);
  T_RUN(requests_may_be_stricter);
  T_RUN(requests_may_take_stale_ones);
  T_RUN(stale_while_revalidate_is_used);
  T_RUN(errors_may_be_covered);
  T_RUN(validators_are_sent);
  T_RUN(a_304_speaks_of_one_response);
  T_RUN(a_304_updates_what_it_says);
  T_RUN(some_fields_are_not_stored);
  T_RUN(methods_are_safe_or_not);
  T_RUN(no_memory_is_reported);
  tinet__headers_free(&request);
  tinet__headers_free(&response);
  return T_END();
}
