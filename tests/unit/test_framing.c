/* test_framing.c - lengths that are clear, and those that are not. */
#include "http/framing.h"
#include "t.h"

/* "Name: value\n..." */
static int check(const char *fields, int version)
{
  struct tinet__headers h = {0};
  tinet_error err = {0};
  int code;

  while (*fields) {
    size_t len = strcspn(fields, "\n");

    T_EQ(0, tinet__headers_parse_line(&h, fields, len));
    fields += len + (fields[len] == '\n');
  }
  code = tinet__framing_check(&h, version, &err);
  T_EQ(code, err.code);
  tinet__headers_free(&h);
  return code;
}

static void clear_lengths_pass(void)
{
  T_EQ(0, check("", 11));
  T_EQ(0, check("Content-Length: 0", 11));
  T_EQ(0, check("content-length:  17 ", 11));
  T_EQ(0, check("Content-Length: 9223372036854775807", 20));
  T_EQ(0, check("Content-Length: 5, 5\nContent-Length: 5", 11));
  T_EQ(0, check("Transfer-Encoding: Chunked", 11));
  T_EQ(0, check("Transfer-Encoding: identity, chunked", 10));
}

static void unclear_lengths_do_not(void)
{
  static const char *const bad[] = {
      "Content-Length:",
      "Content-Length: -1",
      "Content-Length: +2",
      "Content-Length: 1e3",
      "Content-Length: 0x10",
      "Content-Length: 2 2",
      "Content-Length: 2,3",
      "Content-Length: 2,",
      "Content-Length: 2\nContent-Length: 3",
      "Content-Length: 9223372036854775808",
      "Content-Length: 99999999999999999999999",
      "Transfer-Encoding: gzip",
      "Transfer-Encoding: chunked, x",
      "Transfer-Encoding: xchunked",
  };

  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    if (check(bad[i], 11) != TINET_EPROTOCOL)
      T_FAIL("accepted: %s", bad[i]);
}

int main(void)
{
  T_RUN(clear_lengths_pass);
  T_RUN(unclear_lengths_do_not);
  return T_END();
}
