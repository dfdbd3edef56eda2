/* test_header.c - header fields: the list, the lines of a block, status lines
 * and phrases. */
#include "core/alloc.h"
#include "http/header.h"
#include "t.h"

static struct tinet__headers h;

static void add(const char *name, const char *value)
{
  T_EQ(0, tinet__headers_add(&h, name, strlen(name), value, strlen(value)));
}

/* The whole list is `want`, as name:value lines. */
static void is(const char *want)
{
  char *text = NULL;

  T_EQ(0, tinet__headers_text(&h, &text));
  T_STR(want, text);
  tinet__free(text);
  for (size_t i = 0; i < h.n_fields; i++) {
    T_EQ(strlen(tinet__headers_name(&h, i)), h.fields[i].name_len);
    T_EQ(strlen(tinet__headers_value(&h, i)), h.fields[i].value_len);
  }
}

static void fields_are_found_in_any_case(void)
{
  add("Content-Type", "text/plain");
  add("Set-Cookie", "a=1");
  add("set-cookie", "b=2");
  T_STR("text/plain", tinet__headers_get(&h, "content-TYPE"));
  T_STR("a=1", tinet__headers_get(&h, "SET-COOKIE"));
  T_OK(tinet__headers_get(&h, "Set-Cooki") == NULL);
  is("Content-Type:text/plain\nSet-Cookie:a=1\nset-cookie:b=2");
  tinet__headers_free(&h);
  is("");
}

static void setting_replaces_all_of_a_name(void)
{
  add("A", "1");
  add("B", "2");
  add("a", "3");
  T_EQ(0, tinet__headers_set(&h, "a", "4"));
  is("a:4\nB:2");
  T_EQ(0, tinet__headers_set(&h, "C", ""));
  is("a:4\nB:2\nC:");
  tinet__headers_free(&h);
}

static void joining_adds_behind_the_first(void)
{
  T_EQ(0, tinet__headers_join(&h, "Cookie", "a=1", "; "));
  add("B", "2");
  T_EQ(0, tinet__headers_join(&h, "COOKIE", "b=2", "; "));
  is("Cookie:a=1; b=2\nB:2");
  tinet__headers_free(&h);
}

static void removing_takes_all_of_a_name(void)
{
  add("A", "1");
  add("B", "2");
  add("a", "3");
  T_EQ(2, tinet__headers_remove(&h, "A"));
  T_EQ(0, tinet__headers_remove(&h, "A"));
  is("B:2");
  tinet__headers_reset(&h);
  is("");
  T_OK(tinet__headers_get(&h, "B") == NULL);
  tinet__headers_free(&h);
}

static void values_are_joined_for_the_reader(void)
{
  char *value = NULL;

  add("Vary", "");
  add("X", "0");
  add("vary", "a, b");
  add("VARY", "c");
  T_EQ(0, tinet__headers_joined(&h, "Vary", &value));
  T_STR(", a, b, c", value);
  tinet__free(value);
  T_EQ(0, tinet__headers_joined(&h, "Y", &value));
  T_OK(value == NULL);
  tinet__headers_free(&h);
}

static void a_copy_stands_alone(void)
{
  struct tinet__headers copy = {0};

  T_EQ(0, tinet__headers_copy(&copy, &h));
  T_EQ(0, copy.n_fields);
  for (int i = 0; i < 40; i++)
    add("A", "1");
  T_EQ(0, tinet__headers_copy(&copy, &h));
  tinet__headers_free(&h);
  T_EQ(40, copy.n_fields);
  T_STR("1", tinet__headers_value(&copy, 39));
  tinet__headers_free(&copy);
}

/* ---- parsing ---- */

static int line(const char *text)
{
  return tinet__headers_parse_line(&h, text, strlen(text));
}

static void lines_are_parsed(void)
{
  T_EQ(0, line("A:b\r\n"));
  T_EQ(0, line("B: \t c d \t\r\n"));
  T_EQ(0, line("C:"));
  T_EQ(0, line("D: e:f\n"));
  T_EQ(0, line("E: \xc3\xa4\xff"));
  is("A:b\nB:c d\nC:\nD:e:f\nE:\xc3\xa4\xff");
  tinet__headers_free(&h);
}

static void continuations_are_joined(void)
{
  T_EQ(TINET_EPROTOCOL, line(" x"));
  T_EQ(0, line("A: b"));
  T_EQ(0, line("\t c \r\n"));
  T_EQ(0, line("  "));
  T_EQ(0, line(" d"));
  T_EQ(0, line("B:"));
  T_EQ(0, line(" e"));
  is("A:b c d\nB:e");
  T_EQ(0, tinet__headers_set(&h, "A", "x")); /* stands at the end of the text */
  T_EQ(0, line(" f"));
  is("A:x\nB:e f");
  tinet__headers_free(&h);
}

/* A block is at most 256 KiB; what it takes here must stay of that order. */
static void many_continuations_do_not_add_up(void)
{
  T_EQ(0, line("A: b"));
  for (int i = 0; i < 60000; i++)
    T_EQ(0, line(" c"));
  T_EQ(120001, h.fields[0].value_len);
  T_OK(h.text.cap < 1024 * 1024);
  tinet__headers_free(&h);
}

static void broken_lines_are_refused(void)
{
  static const char *const bad[] = {
      "",      "\r\n", "A",       ":b",     "A b: c",   "A : b",
      "A\tB:", "(:b",  "A: b\rc", "A\r: b", "A: b\nc:", "\xc3\xa4: b",
  };

  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    if (line(bad[i]) != TINET_EPROTOCOL)
      T_FAIL("accepted: %s", bad[i]);
  T_EQ(TINET_EPROTOCOL, tinet__headers_parse_line(&h, "A: \0b", 5));
  is("");
  tinet__headers_free(&h);
}

static void values_without_line_ends_are_ok(void)
{
  T_OK(tinet__header_value_is_ok("a\tb\xff", 4));
  T_OK(tinet__header_value_is_ok("", 0));
  T_OK(!tinet__header_value_is_ok("a\r", 2));
  T_OK(!tinet__header_value_is_ok("\na", 2));
  T_OK(!tinet__header_value_is_ok("a\0b", 3));
}

static int version, status;
static struct tinet__span phrase;

static int status_line(const char *text)
{
  return tinet__status_line_parse(text, strlen(text), &version, &status,
                                  &phrase);
}

static void status_lines_are_parsed(void)
{
  T_EQ(0, status_line("HTTP/1.1 200 OK\r\n"));
  T_EQ(11, version);
  T_EQ(200, status);
  T_MEM("OK", 2, phrase.p, phrase.len);
  T_EQ(0, status_line("HTTP/1.0 404 Not  Found "));
  T_EQ(10, version);
  T_MEM("Not  Found ", 11, phrase.p, phrase.len);
  T_EQ(0, status_line("HTTP/2 999"));
  T_EQ(20, version);
  T_EQ(999, status);
  T_EQ(0, phrase.len);
  T_EQ(0, status_line("HTTP/1.1 204 "));
  T_EQ(0, phrase.len);
}

static void broken_status_lines_are_refused(void)
{
  static const char *const bad[] = {
      "",
      "HTTP/",
      "HTTP/1.1",
      "HTTP/1.1 ",
      "HTTP/1.1 20",
      "HTTP/1.1 2000",
      "HTTP/1.1 099 X",
      "HTTP/1.1 2x0 X",
      "HTTP/1.1  200 OK",
      "HTTP/1.1\t200 OK",
      "HTTP/1.2 200 OK",
      "HTTP/0.9 200 OK",
      "HTTP/3 200",
      "http/1.1 200 OK",
      "HTTP/1.1 200\rX",
      "HTTP/1.1 200 a\rb",
      "ICY 200 OK",
  };

  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    if (status_line(bad[i]) != TINET_EPROTOCOL)
      T_FAIL("accepted: %s", bad[i]);
  T_EQ(TINET_EPROTOCOL, tinet__status_line_parse("HTTP/1.1 200 a\0b", 16,
                                                 &version, &status, &phrase));
}

static void phrases_are_the_registered_ones(void)
{
  T_STR("OK", tinet__status_phrase(200));
  T_STR("Not Found", tinet__status_phrase(404));
  T_STR("", tinet__status_phrase(499));
  T_STR("", tinet__status_phrase(-1));
}

/* ---- allocations ---- */

static int fill(struct tinet__headers *to)
{
  int err = TINET_OK;

  for (int i = 0; err == TINET_OK && i < 20; i++)
    err = tinet__headers_parse_line(to, "Name: a value", 13);
  if (err == TINET_OK)
    err = tinet__headers_set(to, "Other", "x");
  for (int i = 0; err == TINET_OK && i < 10; i++)
    err = tinet__headers_join(to, "Name", "a longer value than that", ", ");
  if (err == TINET_OK)
    err = tinet__headers_parse_line(to, " folded", 7);
  return err;
}

static int fill_once(void)
{
  struct tinet__headers to = {0}, copy = {0};
  char *text = NULL, *value = NULL;
  int err = fill(&to);

  /* What is there is whole, whatever failed. */
  for (size_t i = 0; i < to.n_fields; i++)
    T_EQ(strlen(tinet__headers_value(&to, i)), to.fields[i].value_len);
  if (err == TINET_OK)
    err = tinet__headers_copy(&copy, &to);
  if (err == TINET_OK)
    err = tinet__headers_text(&copy, &text);
  if (err == TINET_OK)
    err = tinet__headers_joined(&copy, "NAME", &value);
  tinet__free(text);
  tinet__free(value);
  tinet__headers_free(&to);
  tinet__headers_free(&copy);
  return err;
}

static void each_allocation_may_fail(void)
{
  T_EACH_ALLOCATION_FAILS(0, fill_once);
}

int main(void)
{
  T_RUN(fields_are_found_in_any_case);
  T_RUN(setting_replaces_all_of_a_name);
  T_RUN(joining_adds_behind_the_first);
  T_RUN(removing_takes_all_of_a_name);
  T_RUN(values_are_joined_for_the_reader);
  T_RUN(a_copy_stands_alone);
  T_RUN(lines_are_parsed);
  T_RUN(continuations_are_joined);
  T_RUN(many_continuations_do_not_add_up);
  T_RUN(broken_lines_are_refused);
  T_RUN(values_without_line_ends_are_ok);
  T_RUN(status_lines_are_parsed);
  T_RUN(broken_status_lines_are_refused);
  T_RUN(phrases_are_the_registered_ones);
  T_RUN(each_allocation_may_fail);
  return T_END();
}
