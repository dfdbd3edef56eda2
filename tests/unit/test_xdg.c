/* test_xdg.c - where the files of a user belong. */
#include "core/alloc.h"
#include "t.h"

#include <tinet/cache.h>
#include <tinet/cookie.h>

static void cookie_path_is(const char *want, const char *id)
{
  char *path = NULL;

  T_EQ(0, tinet_cookie_store_path(id, &path));
  T_STR(want, path);
  tinet_free(path);
}

static void cache_folder_is(const char *want, const char *id)
{
  char *path = NULL;

  T_EQ(0, tinet_cache_folder(id, &path));
  T_STR(want, path);
  tinet_free(path);
}

static void environment(const char *home, const char *data, const char *cache)
{
  T_EQ(0, home ? setenv("HOME", home, 1) : unsetenv("HOME"));
  T_EQ(0, data ? setenv("XDG_DATA_HOME", data, 1) : unsetenv("XDG_DATA_HOME"));
  T_EQ(0,
       cache ? setenv("XDG_CACHE_HOME", cache, 1) : unsetenv("XDG_CACHE_HOME"));
}

static void the_variables_count(void)
{
  environment(NULL, "/d", "/c");
  cookie_path_is("/d/tinet/com.example.a/cookies.sqlite", "com.example.a");
  cookie_path_is("/d/tinet/system-cookies.sqlite", NULL);
  cache_folder_is("/c/tinet/com.example.a", "com.example.a");
}

static void without_them_it_is_below_the_home_folder(void)
{
  environment("/h", NULL, NULL);
  cookie_path_is("/h/.local/share/tinet/x/cookies.sqlite", "x");
  cookie_path_is("/h/.local/share/tinet/system-cookies.sqlite", NULL);
  cache_folder_is("/h/.cache/tinet/x", "x");
}

static void what_is_empty_or_relative_does_not_count(void)
{
  environment("/h", "", "c");
  cookie_path_is("/h/.local/share/tinet/x/cookies.sqlite", "x");
  cache_folder_is("/h/.cache/tinet/x", "x");
}

static void without_a_home_there_is_no_place(void)
{
  char *path = NULL;

  environment(NULL, NULL, NULL);
  T_EQ(TINET_ESTORE, tinet_cookie_store_path("x", &path));
  T_EQ(TINET_ESTORE, tinet_cookie_store_path(NULL, &path));
  T_EQ(TINET_ESTORE, tinet_cache_folder("x", &path));
  environment("h", NULL, NULL);
  T_EQ(TINET_ESTORE, tinet_cache_folder("x", &path));
  T_OK(path == NULL);
}

static void an_id_is_the_name_of_one_folder(void)
{
  static const char *const wrong[] = {"", "/", "a/b", "..", ".", "../x"};
  char *path = NULL;

  environment("/h", NULL, NULL);
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    T_EQ(TINET_EINVAL, tinet_cookie_store_path(wrong[i], &path));
    T_EQ(TINET_EINVAL, tinet_cache_folder(wrong[i], &path));
  }
  T_EQ(TINET_EINVAL, tinet_cache_folder(NULL, &path));
  T_EQ(TINET_EINVAL, tinet_cache_folder("x", NULL));
  T_EQ(TINET_EINVAL, tinet_cookie_store_path("x", NULL));
  T_OK(path == NULL);
}

static int ask(void)
{
  char *path = NULL;
  int ret = tinet_cookie_store_path("x", &path);

  tinet_free(path);
  return ret;
}

static void each_allocation_fails(void)
{
  environment("/h", NULL, NULL);
  T_EACH_ALLOCATION_FAILS(0, ask);
}

int main(void)
{
  T_RUN(the_variables_count);
  T_RUN(without_them_it_is_below_the_home_folder);
  T_RUN(what_is_empty_or_relative_does_not_count);
  T_RUN(without_a_home_there_is_no_place);
  T_RUN(an_id_is_the_name_of_one_folder);
  T_RUN(each_allocation_fails);
  return T_END();
}
