/* test_redirect.c - each status with each method, and what a new origin must
 * not see. */
#include "core/alloc.h"
#include "http/redirect.h"
#include "t.h"

static struct tinet__url from;
static struct tinet__redirect r;
static tinet_error error;

static int decide(int status, const char *location, const char *method)
{
  tinet__url_free(&r.url);
  memset(&error, 0, sizeof error);
  return tinet__redirect_decide(status, location, method, &from, 0, 20, &r,
                                &error);
}

/* ti: HTTPClient.autoRedirect, rfc: 9110 15.4 */
static void the_method_follows_from_status_and_method(void)
{
  static const struct {
    int status;
    const char *becomes_get; /* methods that do, in front of the others */
    const char *stays;
  } table[] = {
      {301, "POST", "GET HEAD PUT PATCH DELETE OPTIONS X-OWN"},
      {302, "POST", "GET HEAD PUT PATCH DELETE OPTIONS X-OWN"},
      {303, "GET POST PUT PATCH DELETE OPTIONS X-OWN", "HEAD"},
      {307, "", "GET HEAD POST PUT PATCH DELETE OPTIONS X-OWN"},
      {308, "", "GET HEAD POST PUT PATCH DELETE OPTIONS X-OWN"},
  };

  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    for (int get = 0; get < 2; get++) {
      char methods[80], *state = NULL;

      (void)snprintf(methods, sizeof methods, "%s",
                     get ? table[i].becomes_get : table[i].stays);
      for (char *m = strtok_r(methods, " ", &state); m;
           m = strtok_r(NULL, " ", &state)) {
        T_EQ(0, decide(table[i].status, "/x", m));
        if (!r.is_followed || r.is_get != get || r.drops_body != get)
          T_FAIL("%d %s", table[i].status, m);
      }
    }
}

static void other_statuses_are_results(void)
{
  for (int status = 100; status < 600; status++) {
    bool is = status == 301 || status == 302 || status == 303 ||
              status == 307 || status == 308;

    T_EQ(0, decide(status, "/x", "GET"));
    T_EQ(is, r.is_followed);
    T_EQ(0, decide(status, NULL, "GET"));
    T_OK(!r.is_followed);
  }
}

static void the_place_is_resolved(void)
{
  T_EQ(0, decide(302, "../y z#g", "GET"));
  T_STR("https://a.example/y%20z", r.url.text);
  T_STR("g", r.url.fragment);
  T_EQ(0, decide(302, "?q", "GET"));
  T_STR("https://a.example/b/c?q", r.url.text);
  T_STR("f", r.url.fragment);
}

static void a_new_origin_is_noticed(void)
{
  static const struct {
    const char *location;
    bool is_cross;
  } table[] = {
      {"/x", false},
      {"https://A.example:443/", false},
      {"//a.example/", false},
      {"http://a.example/", true},
      {"https://a.example:444/", true},
      {"https://b.example/", true},
      {"https://a.example./", true},
      {"https://x.a.example/", true},
  };

  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    T_EQ(0, decide(307, table[i].location, "GET"));
    if (r.is_cross_origin != table[i].is_cross)
      T_FAIL("%s", table[i].location);
  }
}

static void what_cannot_be_followed_is_an_error(void)
{
  T_EQ(TINET_ESCHEME, decide(302, "ftp://a/", "GET"));
  T_EQ(TINET_ESCHEME, error.code);
  T_EQ(TINET_ESCHEME, decide(302, "file:///etc/passwd", "GET"));
  T_EQ(TINET_EURL, decide(302, "http://a b/", "GET"));
  T_EQ(TINET_EURL, decide(302, "http://", "GET"));
}

static void there_is_a_last_redirect(void)
{
  tinet__url_free(&r.url);
  T_EQ(0, tinet__redirect_decide(302, "/", "GET", &from, 19, 20, &r, &error));
  tinet__url_free(&r.url);
  T_EQ(TINET_EREDIRECT,
       tinet__redirect_decide(302, "/", "GET", &from, 20, 20, &r, &error));
  T_OK(strstr(error.text, "a.example") != NULL);
  T_EQ(TINET_EREDIRECT,
       tinet__redirect_decide(302, "/", "GET", &from, 0, 0, &r, &error));
  T_EQ(0, tinet__redirect_decide(200, "/", "GET", &from, 20, 20, &r, &error));
  T_OK(!r.is_followed);
}

/* The request's headers after `stripped`, as text. */
static void strip(bool drops_body, bool is_cross, const char *want)
{
  static const char *const lines[] = {
      "Accept: a",        "Content-Type: t",  "content-language: l",
      "Authorization: b", "COOKIE: c=1",      "Host: old",
      "Content-Type: u",  "X-Content-Type: v"};
  struct tinet__redirect how = {.is_followed = true, .drops_body = drops_body};
  struct tinet__headers h = {0};
  char *text = NULL;

  how.is_cross_origin = is_cross;
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
    T_EQ(0, tinet__headers_parse_line(&h, lines[i], strlen(lines[i])));
  tinet__redirect_strip(&how, &h);
  T_EQ(0, tinet__headers_text(&h, &text));
  T_STR(want, text);
  tinet__free(text);
  tinet__headers_free(&h);
}

static void headers_are_stripped(void)
{
  strip(false, false,
        "Accept:a\nContent-Type:t\ncontent-language:l\nAuthorization:b\n"
        "COOKIE:c=1\nHost:old\nContent-Type:u\nX-Content-Type:v");
  strip(true, false,
        "Accept:a\nAuthorization:b\nCOOKIE:c=1\nHost:old\nX-Content-Type:v");
  strip(false, true,
        "Accept:a\nContent-Type:t\ncontent-language:l\nContent-Type:u\n"
        "X-Content-Type:v");
  strip(true, true, "Accept:a\nX-Content-Type:v");
}

static int decide_once(void)
{
  struct tinet__redirect once = {0};
  int err =
      tinet__redirect_decide(302, "/x?y", "POST", &from, 0, 20, &once, NULL);

  tinet__url_free(&once.url);
  return err;
}

static void each_allocation_may_fail(void)
{
  T_EACH_ALLOCATION_FAILS(0, decide_once);
}

int main(void)
{
  if (tinet__url_parse("https://u:p@a.example/b/c#f", true, &from, NULL) < 0)
    return 1;
  T_RUN(the_method_follows_from_status_and_method);
  T_RUN(other_statuses_are_results);
  T_RUN(the_place_is_resolved);
  T_RUN(a_new_origin_is_noticed);
  T_RUN(what_cannot_be_followed_is_an_error);
  T_RUN(there_is_a_last_redirect);
  T_RUN(headers_are_stripped);
  T_RUN(each_allocation_may_fail);
  tinet__url_free(&r.url);
  tinet__url_free(&from);
  return T_END();
}
