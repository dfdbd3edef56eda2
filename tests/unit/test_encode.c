/* test_encode.c - percent-encoding and its strict reverse. */
#include "core/alloc.h"
#include "core/buf.h"
#include "core/str.h"
#include "core/url.h"
#include "t.h"

#include <tinet/http.h>

/* ti: Titanium.Network.encodeURIComponent */
static void every_byte_is_kept_or_escaped(void)
{
  for (int i = 0; i < 256; i++) {
    char c = (char)i, want[4], *text = NULL;
    bool is_kept =
        i < 128 && i &&
        (tinet__is_alpha(c) || tinet__is_digit(c) || strchr("-_.!~*'()", c));

    (void)snprintf(want, sizeof want, is_kept ? "%c" : "%%%02X", i);
    T_EQ(0, tinet_http_encode_component(&c, 1, &text));
    T_STR(want, text);
    tinet_free(text);
  }
}

static void the_caller_says_what_is_kept(void)
{
  struct tinet__buf b = TINET__BUF_INIT;

  T_EQ(0, tinet__percent_encode(&b, "a/b c\0", 6, "/"));
  T_STR("a/b%20c%00", b.data);
  T_EQ(0, tinet__percent_encode(&b, "/", 1, ""));
  T_STR("a/b%20c%00%2F", b.data);
  tinet__buf_free(&b);
}

static void every_byte_comes_back(void)
{
  char all[128], *text = NULL, *back = NULL;
  size_t len = 0;

  for (int i = 0; i < 128; i++)
    all[i] = (char)i;
  T_EQ(0, tinet_http_encode_component(all, 128, &text));
  T_EQ(0, tinet_http_decode_component(text, strlen(text), &back, &len));
  T_MEM(all, 128, back, len);
  T_EQ(0, back[len]);
  tinet_free(text);
  tinet_free(back);
}

static void both_cases_of_hex_are_read(void)
{
  char *text = NULL;
  size_t len = 0;

  T_EQ(0, tinet_http_decode_component("%c3%A4%2f+", 10, &text, &len));
  T_STR("\xc3\xa4/+", text);
  tinet_free(text);
  T_EQ(0, tinet_http_decode_component("", 0, &text, &len));
  T_STR("", text);
  T_EQ(0, len);
  tinet_free(text);
}

static void the_length_is_obeyed(void)
{
  char *text = NULL;
  size_t len = 0;

  T_EQ(TINET_EURL, tinet_http_decode_component("%41", 2, &text, &len));
  T_EQ(TINET_EURL, tinet_http_decode_component("%41", 1, &text, &len));
  T_OK(text == NULL);
  T_EQ(0, tinet_http_decode_component("%41%zz", 3, &text, &len));
  T_STR("A", text);
  tinet_free(text);
}

static void wrong_arguments_are_told(void)
{
  char *text = NULL;
  size_t len;

  T_EQ(TINET_EINVAL, tinet_http_encode_component(NULL, 0, &text));
  T_EQ(TINET_EINVAL, tinet_http_encode_component("", 0, NULL));
  T_EQ(TINET_EINVAL, tinet_http_decode_component(NULL, 0, &text, &len));
  T_EQ(TINET_EINVAL, tinet_http_decode_component("", 0, &text, NULL));
}

static int encode_once(void)
{
  char *text = NULL, *back = NULL;
  size_t len;
  int err = tinet_http_encode_component(
      "/// enough to grow more than once, so that each growth can fail ///////"
      "////////////////////////////////////////////////////////////////////",
      138, &text);

  if (err == 0)
    err = tinet_http_decode_component(text, strlen(text), &back, &len);
  tinet_free(text);
  tinet_free(back);
  return err;
}

static void each_allocation_may_fail(void)
{
  T_EACH_ALLOCATION_FAILS(0, encode_once);
}

int main(void)
{
  T_RUN(every_byte_is_kept_or_escaped);
  T_RUN(the_caller_says_what_is_kept);
  T_RUN(every_byte_comes_back);
  T_RUN(both_cases_of_hex_are_read);
  T_RUN(the_length_is_obeyed);
  T_RUN(wrong_arguments_are_told);
  T_RUN(each_allocation_may_fail);
  return T_END();
}
