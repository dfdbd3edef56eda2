/* test_error.c - codes with their names, and the line of text of an error. */
#include "core/error.h"
#include "core/str.h"
#include "t.h"

#include <errno.h>

static tinet_error e;

static void every_code_has_a_name_and_a_text(void)
{
  static const struct {
    int code, number;
    const char *name;
  } all[] = {
#define ROW(name, number, text) {name, number, #name},
      TINET_ERROR_TABLE(ROW)
#undef ROW
  };

  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    T_EQ(all[i].number, all[i].code);
    T_STR(all[i].name, tinet_error_name(all[i].code));
    T_OK(tinet_error_text(all[i].code)[0] != 0);
    for (size_t k = 0; k < i; k++)
      T_OK(all[k].code != all[i].code);
  }
  T_STR("TINET_OK", tinet_error_name(0));
  T_STR("TINET_E?", tinet_error_name(1));
  T_STR("TINET_E?", tinet_error_name(-9999));
  T_OK(tinet_error_text(-9999)[0] != 0);
}

static void all_fields_are_set(void)
{
  T_EQ(TINET_EURL, tinet__error_set(&e, TINET_EURL, TINET_ORIGIN_HTTP, 404,
                                    "%s is %d", "a", 1));
  T_EQ(TINET_EURL, e.code);
  T_EQ(TINET_ORIGIN_HTTP, e.origin);
  T_EQ(404, e.number);
  T_STR("a is 1", e.text);
  T_EQ(TINET_ENOMEM,
       tinet__error_set(&e, TINET_ENOMEM, TINET_ORIGIN_TINET, 0, NULL));
  T_STR("out of memory", e.text);
  tinet__error_clear(&e);
  T_EQ(0, e.code);
  T_STR("", e.text);
  T_EQ(TINET_EURL,
       tinet__error_set(NULL, TINET_EURL, TINET_ORIGIN_TINET, 0, "x"));
  T_EQ(TINET_EFILE, tinet__error_errno(NULL, TINET_EFILE, EIO, "x"));
}

static void an_errno_is_explained(void)
{
  T_EQ(TINET_EFILE, tinet__error_errno(&e, TINET_EFILE, ENOENT, "%s", "f"));
  T_EQ(TINET_ORIGIN_SYSTEM, e.origin);
  T_EQ(ENOENT, e.number);
  T_STR("f: No such file or directory", e.text);
}

static void control_characters_do_not_reach_a_terminal(void)
{
  (void)tinet__error_set(&e, TINET_EURL, TINET_ORIGIN_TINET, 0, "%s",
                         "a\x1b[31m\r\n\tb\x7f");
  T_STR("a?[31m???b?", e.text);
}

static void invalid_utf_8_is_cut_off(void)
{
  (void)tinet__error_set(&e, TINET_EURL, TINET_ORIGIN_TINET, 0, "%s",
                         "\xc3\xa4\xff rest");
  T_STR("\xc3\xa4", e.text);
}

/* A character that the end of the text would split goes as a whole. */
static void a_long_text_ends_between_characters(void)
{
  char text[600];

  for (size_t shift = 0; shift < 4; shift++) {
    memset(text, 'a', sizeof text);
    for (size_t i = shift; i + 4 < sizeof text; i += 4)
      memcpy(text + i, "\xf0\x9f\x98\x80", 4);
    text[sizeof text - 1] = 0;
    (void)tinet__error_set(&e, TINET_EURL, TINET_ORIGIN_TINET, 0, "%s", text);
    T_OK(tinet__utf8_is_valid(e.text, strlen(e.text)));
    T_OK(strlen(e.text) > TINET_ERROR_TEXT_MAX - 6);
    (void)tinet__error_errno(&e, TINET_EFILE, ENOENT, "%s", text);
    T_OK(tinet__utf8_is_valid(e.text, strlen(e.text)));
  }
}

int main(void)
{
  T_RUN(every_code_has_a_name_and_a_text);
  T_RUN(all_fields_are_set);
  T_RUN(an_errno_is_explained);
  T_RUN(control_characters_do_not_reach_a_terminal);
  T_RUN(invalid_utf_8_is_cut_off);
  T_RUN(a_long_text_ends_between_characters);
  return T_END();
}
