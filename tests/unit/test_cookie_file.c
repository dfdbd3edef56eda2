/* test_cookie_file.c - a jar with a file: what outlives it, what others see,
 * and many threads at once. */
#include "t.h"

#include "cookie/jar_private.h"
#include "core/alloc.h"

#include <pthread.h>
#include <unistd.h>

#define FOREVER_MS INT64_C(4102444800000) /* the year 2100, cut to 400 days */

static char folder[64];
static char path[96];

static tinet_cookie_jar *open_jar(void)
{
  tinet_cookie_jar_options opt;
  tinet_cookie_jar *jar = NULL;
  tinet_error err = {0};

  tinet_cookie_jar_options_init(&opt);
  opt.path = path;
  opt.write_delay_ms = 1;
  if (tinet_cookie_jar_open(&opt, &jar, &err) != 0)
    T_FAIL("%s", err.text);
  return jar;
}

static void begin(void)
{
  (void)snprintf(folder, sizeof folder, "/tmp/tinet-jar-XXXXXX");
  T_OK(mkdtemp(folder) != NULL);
  (void)snprintf(path, sizeof path, "%s/cookies.sqlite", folder);
}

static void end(void)
{
  static const char *const suffixes[] = {"", "-wal", "-shm", ".lock"};
  char name[128];

  for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
    (void)snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
    (void)unlink(name);
  }
  T_EQ(0, rmdir(folder));
}

static void put(tinet_cookie_jar *jar, const char *name, bool is_persistent)
{
  const tinet_cookie c = {.name = name,
                          .value = "v",
                          .domain = "x.example",
                          .is_persistent = is_persistent,
                          .expires_ms = FOREVER_MS};

  T_EQ(0, tinet_cookie_jar_add(jar, &c, NULL));
}

static void sends(tinet_cookie_jar *jar, const char *want)
{
  char *got = NULL;

  T_EQ(0, tinet_cookie_jar_header(jar, "http://x.example/", &got));
  T_STR(want, got);
  tinet_free(got);
}

static void what_has_an_expiry_outlives_the_jar(void)
{
  tinet_cookie_jar *jar;

  begin();
  jar = open_jar();
  put(jar, "session", false);
  put(jar, "b", true);
  put(jar, "a", true);
  put(jar, "gone", true);
  T_EQ(0, tinet_cookie_jar_remove(jar, ".x.example", NULL, "gone"));
  T_EQ(0, tinet_cookie_jar_flush(jar, NULL));
  sends(jar, "session=v; b=v; a=v");
  tinet_cookie_jar_unref(jar);
  jar = open_jar();
  sends(jar, "b=v; a=v");
  T_EQ(0, tinet_cookie_jar_remove_all(jar));
  tinet_cookie_jar_unref(jar);
  jar = open_jar();
  sends(jar, NULL);
  tinet_cookie_jar_unref(jar);
  end();
}

static void a_persistent_cookie_that_becomes_one_of_the_session_goes(void)
{
  tinet_cookie_jar *jar;

  begin();
  jar = open_jar();
  put(jar, "a", true);
  T_EQ(0, tinet_cookie_jar_flush(jar, NULL));
  put(jar, "a", false);
  sends(jar, "a=v");
  tinet_cookie_jar_unref(jar);
  jar = open_jar();
  sends(jar, NULL);
  tinet_cookie_jar_unref(jar);
  end();
}

static void what_another_jar_writes_is_seen_by_the_next_call(void)
{
  tinet_cookie_jar *one, *two;

  begin();
  one = open_jar();
  two = open_jar();
  put(one, "session", false);
  put(two, "a", true);
  T_EQ(0, tinet_cookie_jar_flush(two, NULL));
  T_EQ(2, tinet_cookie_jar_count(one));
  sends(one, "session=v; a=v");
  T_EQ(0, tinet_cookie_jar_remove(two, ".x.example", NULL, "a"));
  T_EQ(0, tinet_cookie_jar_flush(two, NULL));
  T_EQ(1, tinet_cookie_jar_count(one));
  sends(one, "session=v");
  tinet_cookie_jar_unref(one);
  tinet_cookie_jar_unref(two);
  end();
}

static const char file_text[] = ".x.example\tTRUE\t/\tFALSE\t4102444800\ta\t1\n"
                                ".x.example\tTRUE\t/\tFALSE\t4102444800\tb\t2\n"
                                ".x.example\tTRUE\t/\tFALSE\t0\tsession\t3\n";

static int import(tinet_cookie_jar *jar)
{
  return tinet_cookie_jar_import(jar, TINET_COOKIE_FORMAT_NETSCAPE, file_text,
                                 strlen(file_text), NULL, NULL);
}

static void what_was_imported_outlives_the_jar(void)
{
  tinet_cookie_jar *jar;

  begin();
  jar = open_jar();
  T_EQ(0, import(jar));
  sends(jar, "a=1; b=2; session=3");
  tinet_cookie_jar_unref(jar);
  jar = open_jar();
  sends(jar, "a=1; b=2");
  tinet_cookie_jar_unref(jar);
  end();
}

static void eviction_reaches_the_file(void)
{
  tinet_cookie_jar *jar;
  char name[16];

  begin();
  jar = open_jar();
  for (int i = 0; i < 60; i++) {
    (void)snprintf(name, sizeof name, "n%d", i);
    put(jar, name, true);
  }
  T_EQ(50, tinet_cookie_jar_count(jar));
  tinet_cookie_jar_unref(jar);
  jar = open_jar();
  T_EQ(50, tinet_cookie_jar_count(jar));
  tinet_cookie_jar_unref(jar);
  end();
}

/* ---- threads ---- */

#define N_THREADS 4
#define N_ROUNDS 500

struct worker {
  tinet_cookie_jar *jar; /* its own reference */
  int number, n_wrong;
};

static void limits_hold_for_what_is_read_too(void)
{
  tinet_cookie_jar_options opt;
  tinet_cookie_jar *jar = NULL;
  char name[16];

  begin();
  tinet_cookie_jar_options_init(&opt);
  opt.path = path;
  opt.write_delay_ms = 1;
  opt.max_per_domain = 80;
  T_EQ(0, tinet_cookie_jar_open(&opt, &jar, NULL));
  for (int i = 0; i < 80; i++) {
    (void)snprintf(name, sizeof name, "c%d", i);
    put(jar, name, true);
  }
  T_EQ(80, tinet_cookie_jar_count(jar));
  tinet_cookie_jar_unref(jar);
  jar = open_jar();
  T_EQ(50, tinet_cookie_jar_count(jar));
  tinet_cookie_jar_unref(jar);
  opt.max_total = 20;
  T_EQ(0, tinet_cookie_jar_open(&opt, &jar, NULL));
  T_EQ(20, tinet_cookie_jar_count(jar));
  tinet_cookie_jar_unref(jar);
  end();
}

static void *work(void *arg)
{
  struct worker *w = arg;
  char url[64], field[64], want[64];

  for (int i = 0; i < N_ROUNDS; i++) {
    char *got = NULL;

    (void)snprintf(url, sizeof url, "http://t%d.x%d.example/", w->number,
                   i % 10);
    (void)snprintf(field, sizeof field, "n=%d; Max-Age=60", i);
    (void)snprintf(want, sizeof want, "n=%d", i);
    if (tinet_cookie_jar_receive(w->jar, url, field, strlen(field), NULL) != 0)
      w->n_wrong++;
    if (tinet_cookie_jar_header(w->jar, url, &got) != 0 || !got ||
        strcmp(got, want) != 0)
      w->n_wrong++;
    tinet_free(got);
  }
  tinet_cookie_jar_unref(w->jar);
  return NULL;
}

static void threads_share_a_jar(void)
{
  struct worker workers[N_THREADS];
  pthread_t threads[N_THREADS];
  tinet_cookie_jar *jar;

  begin();
  jar = open_jar();
  for (int i = 0; i < N_THREADS; i++) {
    workers[i] = (struct worker){tinet_cookie_jar_ref(jar), i, 0};
    T_EQ(0, pthread_create(&threads[i], NULL, work, &workers[i]));
  }
  for (int i = 0; i < N_THREADS; i++) {
    T_EQ(0, pthread_join(threads[i], NULL));
    T_EQ(0, workers[i].n_wrong);
  }
  T_EQ(10 * N_THREADS, tinet_cookie_jar_count(jar));
  tinet_cookie_jar_unref(jar);
  end();
}

int main(void)
{
  T_RUN(what_has_an_expiry_outlives_the_jar);
  T_RUN(a_persistent_cookie_that_becomes_one_of_the_session_goes);
  T_RUN(what_another_jar_writes_is_seen_by_the_next_call);
  T_RUN(what_was_imported_outlives_the_jar);
  T_RUN(eviction_reaches_the_file);
  T_RUN(limits_hold_for_what_is_read_too);
  T_RUN(threads_share_a_jar);
  return T_END();
}
