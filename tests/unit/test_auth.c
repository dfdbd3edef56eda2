/* Challenges, Digest answers, and where credentials are remembered. */
#include "t.h"

#include "core/alloc.h"
#include "http/auth_memory.h"

static struct tinet__challenges offered;

static int parse(const char *first, const char *second)
{
  struct tinet__headers h = {0};
  int err;

  T_EQ(0, tinet__headers_add(&h, "WWW-Authenticate", 16, first, strlen(first)));
  if (second)
    T_EQ(0, tinet__headers_add(&h, "www-authenticate", 16, second,
                               strlen(second)));
  err = tinet__challenges_parse(&h, "WWW-Authenticate", &offered);
  tinet__headers_free(&h);
  return err;
}

static void challenges_of_several_schemes_are_told_apart(void)
{
  T_EQ(0,
       parse("Newauth realm=\"apps\", type=1, title=\"Login to \\\"apps\\\"\","
             " Basic realm=\"simple\"",
             "Negotiate, NTLM"));
  T_EQ(4, offered.n);
  T_EQ(TINET__AUTH_UNKNOWN, offered.list[0].scheme);
  T_EQ(3, offered.list[0].n_params);
  T_STR("Login to \"apps\"", tinet__challenge_param(&offered.list[0], "title"));
  T_EQ(TINET__AUTH_BASIC, offered.list[1].scheme);
  T_STR("simple", tinet__challenge_param(&offered.list[1], "realm"));
  T_EQ(TINET__AUTH_NEGOTIATE, offered.list[2].scheme);
  T_EQ(TINET__AUTH_NTLM, offered.list[3].scheme);
  tinet__challenges_free(&offered);
}

static void a_token68_is_not_a_parameter(void)
{
  T_EQ(0, parse("NTLM TlRMTVNTUAACAAA==, Basic Realm = \"a b\" , charset=UTF-8",
                NULL));
  T_EQ(2, offered.n);
  T_EQ(0, offered.list[0].n_params);
  T_STR("a b", tinet__challenge_param(&offered.list[1], "realm"));
  T_STR("UTF-8", tinet__challenge_param(&offered.list[1], "charset"));
  tinet__challenges_free(&offered);
}

static void a_malformed_field_keeps_what_came_before(void)
{
  T_EQ(0, parse("Basic realm=\"x\", Digest nonce=\"never closed", "NTLM"));
  T_EQ(3, offered.n);
  T_EQ(0, offered.list[1].n_params);
  T_EQ(TINET__AUTH_NTLM, offered.list[2].scheme);
  tinet__challenges_free(&offered);
  T_EQ(0, parse(",,, =x, Basic", NULL));
  T_EQ(0, offered.n);
  tinet__challenges_free(&offered);
  T_EQ(0, parse("", NULL));
  T_EQ(0, offered.n);
  tinet__challenges_free(&offered);
}

static void no_more_challenges_and_parameters_than_there_is_room(void)
{
  struct tinet__buf b = TINET__BUF_INIT;

  for (int i = 0; i < 100; i++)
    T_EQ(0, tinet__buf_addf(&b, "Scheme%d a=1, ", i));
  T_EQ(0, parse(b.data, NULL));
  T_EQ(TINET__MAX_CHALLENGES, offered.n);
  tinet__challenges_free(&offered);
  tinet__buf_reset(&b);
  T_EQ(0, tinet__buf_adds(&b, "Digest "));
  for (int i = 0; i < 100; i++)
    T_EQ(0, tinet__buf_addf(&b, "p%d=v, ", i));
  T_EQ(0, parse(b.data, NULL));
  T_EQ(1, offered.n);
  T_EQ(TINET__MAX_AUTH_PARAMS, offered.list[0].n_params);
  tinet__challenges_free(&offered);
  tinet__buf_free(&b);
}

/* ---- Digest ---- */

static char answer[2048];

/* The answer with this cnonce, or "" if the challenge is not supported. */
static void digest(const char *challenge, const char *cnonce,
                   const struct tinet__digest_request *r)
{
  struct tinet__buf b = TINET__BUF_INIT;
  struct tinet__digest *d = NULL;
  int err;

  answer[0] = '\0';
  T_EQ(0, parse(challenge, NULL));
  err = tinet__digest_new(&offered.list[0], &d);
  tinet__challenges_free(&offered);
  if (err < 0) {
    T_EQ(TINET_EUNSUPPORTED, err);
    return;
  }
  snprintf(d->cnonce, sizeof d->cnonce, "%s", cnonce);
  T_EQ(0, tinet__digest_write(d, r, &b));
  snprintf(answer, sizeof answer, "%s", b.data);
  tinet__buf_free(&b);
  tinet__digest_unref(d);
}

static bool has(const char *part)
{
  return strstr(answer, part) != NULL;
}

static const struct tinet__digest_request mufasa = {
    .method = "GET",
    .uri = "/dir/index.html",
    .username = "Mufasa",
    .password = "Circle of Life",
};

#define RFC7616                                                                \
  "realm=\"http-auth@example.org\", qop=\"auth, auth-int\", "                  \
  "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", "                   \
  "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""

static void the_answers_of_rfc_7616(void)
{
  const char *cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";

  digest("Digest " RFC7616 ", algorithm=MD5", cnonce, &mufasa);
  T_OK(has("response=\"8ca523f5e9506fed4657c9700eebdbec\""));
  T_OK(has("algorithm=MD5, qop=auth, nc=00000001"));
  digest("Digest " RFC7616 ", algorithm=SHA-256", cnonce, &mufasa);
  T_OK(has("response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5"
           "856cb6c1\""));
  T_OK(has("opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""));
}

static void the_answer_of_rfc_2617_and_of_rfc_2069(void)
{
  struct tinet__digest_request r = mufasa;

  r.password = "Circle Of Life";
  digest("Digest realm=\"testrealm@host.com\", qop=\"auth,auth-int\", "
         "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", "
         "opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"",
         "0a4f113b", &r);
  T_OK(has("response=\"6629fae49393a05397450978507c4ef1\""));
  T_OK(!has("algorithm="));
  r.password = "CircleOfLife";
  digest("Digest realm=\"testrealm@host.com\", "
         "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", "
         "opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"",
         "", &r);
  T_OK(has("response=\"1949323746fe6a43ef61f9606e7febea\""));
  T_OK(!has("qop") && !has("nc=") && !has("cnonce"));
}

static void a_user_hash_hides_the_name(void)
{
  struct tinet__digest_request r = {
      .method = "GET",
      .uri = "/doe.json",
      .username = "J\xc3\xa4s\xc3\xb8n Doe",
      .password = "Secret, or not?",
  };

  digest("Digest realm=\"api@example.org\", qop=\"auth\", "
         "algorithm=SHA-512-256, "
         "nonce=\"5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK\", "
         "opaque=\"HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS\", "
         "charset=UTF-8, userhash=true",
         "NTg6RKcb9boFIAS3KrFK9BGeh+niz/sm", &r);
  /* As Python's hashlib computes them. */
  T_OK(has("username=\"793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed0"
           "6ece9b0b\""));
  T_OK(has("response=\"7a4e1192babbba02e91182d2895bfdbf7adafc6e48d4e517ca301974"
           "843d840c\""));
  T_OK(has("userhash=true"));
  T_OK(!has("Doe"));
}

static void what_cannot_be_answered_is_said(void)
{
  digest("Digest realm=\"x\"", "c", &mufasa);
  T_STR("", answer);
  digest("Digest realm=\"x\", nonce=\"n\", algorithm=SHA-3", "c", &mufasa);
  T_STR("", answer);
  digest("Digest realm=\"x\", nonce=\"n\", qop=\"auth-conf\"", "c", &mufasa);
  T_STR("", answer);
}

static void quotes_in_a_name_are_escaped(void)
{
  struct tinet__digest_request r = mufasa;

  r.username = "a\"b\\c";
  digest("Digest realm=\"q\\\"r\", nonce=\"n\"", "c", &r);
  T_OK(has("username=\"a\\\"b\\\\c\""));
  T_OK(has("realm=\"q\\\"r\""));
}

static int try_digest(void)
{
  static const char field[] = "Digest realm=\"r\", nonce=\"n\", qop=auth";
  struct tinet__buf b = TINET__BUF_INIT;
  struct tinet__digest *d = NULL;
  struct tinet__headers h = {0};
  int err =
      tinet__headers_add(&h, "WWW-Authenticate", 16, field, sizeof field - 1);

  if (err == 0)
    err = tinet__challenges_parse(&h, "WWW-Authenticate", &offered);
  if (err == 0)
    err = tinet__digest_new(&offered.list[0], &d);
  if (err == 0)
    err = tinet__digest_answer(d, &mufasa, &b);
  tinet__digest_unref(d);
  tinet__challenges_free(&offered);
  tinet__headers_free(&h);
  tinet__buf_free(&b);
  return err;
}

static void each_allocation_may_fail(void)
{
  T_EACH_ALLOCATION_FAILS(0, try_digest);
}

/* ---- memory ---- */

static struct tinet__url url;

static const struct tinet__url *at(const char *text)
{
  tinet__url_free(&url);
  T_EQ(0, tinet__url_parse(text, true, &url, NULL));
  return &url;
}

static void credentials_are_known_where_they_were_accepted(void)
{
  struct tinet__credentials me = {"me", "secret"}, other = {"me", "guess"};
  struct tinet__auth_memory m;
  struct tinet__digest *d;

  tinet__auth_memory_init(&m);
  tinet__auth_memory_add(&m, at("https://example.org/a/b"), &me, NULL);
  T_EQ(TINET__AUTH_BASIC,
       tinet__auth_memory_find(&m, at("https://example.org/a/c/d"), &me, &d));
  T_EQ(TINET__AUTH_UNKNOWN,
       tinet__auth_memory_find(&m, at("https://example.org/b"), &me, &d));
  T_EQ(TINET__AUTH_UNKNOWN,
       tinet__auth_memory_find(&m, at("http://example.org/a/b"), &me, &d));
  T_EQ(TINET__AUTH_UNKNOWN,
       tinet__auth_memory_find(&m, at("https://example.org:444/a/b"), &me, &d));
  T_EQ(TINET__AUTH_UNKNOWN,
       tinet__auth_memory_find(&m, at("https://www.example.org/a/b"), &me, &d));
  T_EQ(TINET__AUTH_UNKNOWN,
       tinet__auth_memory_find(&m, at("https://example.org/a/b"), &other, &d));
  tinet__auth_memory_remove(&m, at("https://example.org/a/b"), &me);
  T_EQ(TINET__AUTH_UNKNOWN,
       tinet__auth_memory_find(&m, at("https://example.org/a/b"), &me, &d));
  T_EQ(0, m.n);
  tinet__auth_memory_free(&m);
}

static void the_memory_has_a_ceiling(void)
{
  struct tinet__credentials me = {"me", "secret"};
  struct tinet__auth_memory m;
  struct tinet__digest *d;
  char text[64];

  tinet__auth_memory_init(&m);
  for (int i = 0; i < 1000; i++) {
    snprintf(text, sizeof text, "http://h%d.example/", i);
    tinet__auth_memory_add(&m, at(text), &me, NULL);
  }
  T_EQ(256, m.n);
  T_EQ(TINET__AUTH_UNKNOWN,
       tinet__auth_memory_find(&m, at("http://h1.example/"), &me, &d));
  T_EQ(TINET__AUTH_BASIC,
       tinet__auth_memory_find(&m, at("http://h999.example/"), &me, &d));
  tinet__auth_memory_free(&m);
  tinet__url_free(&url);
}

int main(void)
{
  T_RUN(challenges_of_several_schemes_are_told_apart);
  T_RUN(a_token68_is_not_a_parameter);
  T_RUN(a_malformed_field_keeps_what_came_before);
  T_RUN(no_more_challenges_and_parameters_than_there_is_room);
  T_RUN(the_answers_of_rfc_7616);
  T_RUN(the_answer_of_rfc_2617_and_of_rfc_2069);
  T_RUN(a_user_hash_hides_the_name);
  T_RUN(what_cannot_be_answered_is_said);
  T_RUN(quotes_in_a_name_are_escaped);
  T_RUN(each_allocation_may_fail);
  T_RUN(credentials_are_known_where_they_were_accepted);
  T_RUN(the_memory_has_a_ceiling);
  return T_END();
}
