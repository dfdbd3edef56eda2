/* test_buf.c - the growing buffer and its ceiling. */
#include "core/alloc.h"
#include "core/buf.h"
#include "t.h"

static void it_grows_and_ends_with_nul(void)
{
  struct tinet__buf b = TINET__BUF_INIT;

  T_OK(b.data == NULL);
  T_EQ(0, tinet__buf_add(&b, NULL, 0));
  T_STR("", b.data);
  for (int i = 0; i < 1000; i++)
    T_EQ(0, tinet__buf_addf(&b, "%d,", i % 10));
  T_EQ(2000, b.len);
  T_EQ(0, b.data[2000]);
  T_EQ(0, strncmp(b.data, "0,1,2,3,4,5,6,7,8,9,0,", 22));
  tinet__buf_free(&b);
  T_OK(!b.data && !b.len && !b.cap);
}

/* Around each power of two, where the NUL must still have its place. */
static void the_nul_has_its_place_at_each_length(void)
{
  char text[300];

  memset(text, 'x', sizeof text);
  for (size_t len = 0; len < sizeof text; len++) {
    struct tinet__buf b = TINET__BUF_INIT;

    T_EQ(0, tinet__buf_add(&b, text, len));
    T_OK(b.cap > len);
    T_EQ(0, b.data[len]);
    T_EQ(0, tinet__buf_addc(&b, 'y'));
    T_EQ(0, b.data[len + 1]);
    T_EQ(0, tinet__buf_addf(&b, "%.*s", (int)len, text));
    T_EQ(2 * len + 1, strlen(b.data));
    tinet__buf_free(&b);
  }
}

static void a_ceiling_is_not_passed(void)
{
  struct tinet__buf b = TINET__BUF_INIT;

  b.max = 5;
  T_EQ(0, tinet__buf_adds(&b, "abc"));
  T_EQ(TINET_ELIMIT, tinet__buf_adds(&b, "def"));
  T_EQ(TINET_ELIMIT, tinet__buf_addf(&b, "%s", "def"));
  T_STR("abc", b.data);
  T_EQ(0, tinet__buf_adds(&b, "de"));
  T_EQ(TINET_ELIMIT, tinet__buf_addc(&b, 'f'));
  T_EQ(0, tinet__buf_adds(&b, ""));
  T_STR("abcde", b.data);
  tinet__buf_reset(&b);
  T_STR("", b.data);
  T_EQ(0, tinet__buf_adds(&b, "fghij"));
  tinet__buf_free(&b);
}

static void absurd_sizes_are_a_limit(void)
{
  struct tinet__buf b = TINET__BUF_INIT;

  T_EQ(0, tinet__buf_adds(&b, "abc"));
  T_EQ(TINET_ELIMIT, tinet__buf_reserve(&b, SIZE_MAX));
  T_EQ(TINET_ELIMIT, tinet__buf_reserve(&b, SIZE_MAX / 2));
  T_STR("abc", b.data);
  tinet__buf_free(&b);
}

static void what_is_taken_is_the_callers(void)
{
  struct tinet__buf b = TINET__BUF_INIT;
  size_t len = 9;
  char *p = tinet__buf_take(&b, &len);

  T_OK(p == NULL);
  T_EQ(0, len);
  tinet__buf_reset(&b);
  T_EQ(0, tinet__buf_add(&b, "a\0b", 3));
  p = tinet__buf_take(&b, &len);
  T_MEM("a\0b", 4, p, len + 1);
  T_OK(!b.data && !b.len);
  tinet__free(p);
  T_OK(tinet__buf_take(&b, NULL) == NULL);
}

static int fill_once(void)
{
  struct tinet__buf b = TINET__BUF_INIT;
  int err = TINET_OK;

  for (int i = 0; err == TINET_OK && i < 200; i++) {
    size_t len = b.len;

    err = i % 2 ? tinet__buf_adds(&b, "text") : tinet__buf_addf(&b, "%d", 1000);
    T_EQ(err ? len : len + 4, b.len);
    T_EQ(b.len, b.data ? strlen(b.data) : 0);
  }
  tinet__buf_free(&b);
  return err;
}

static void a_failed_call_changes_nothing(void)
{
  T_EACH_ALLOCATION_FAILS(0, fill_once);
}

int main(void)
{
  T_RUN(it_grows_and_ends_with_nul);
  T_RUN(the_nul_has_its_place_at_each_length);
  T_RUN(a_ceiling_is_not_passed);
  T_RUN(absurd_sizes_are_a_limit);
  T_RUN(what_is_taken_is_the_callers);
  T_RUN(a_failed_call_changes_nothing);
  return T_END();
}
