/* test_bonjour_filter.c - which datagrams avahi-core gets to see. */
#include "bonjour/filter.h"
#include "t.h"

/* A datagram being written: a header, then names and records. */
static uint8_t d[10000];
static size_t len;

static void put(const void *data, size_t n)
{
  memcpy(d + len, data, n);
  len += n;
}

static void put8(unsigned n)
{
  d[len++] = (uint8_t)n;
}

static void put16(unsigned n)
{
  put8(n >> 8);
  put8(n & 0xff);
}

static void begin(unsigned n_questions, unsigned n_records)
{
  len = 0;
  memset(d, 0, sizeof d);
  put16(0);
  put16(0x8400);
  put16(n_questions);
  put16(n_records);
  put16(0);
  put16(0);
}

/* "a.b" as labels and the root. */
static void put_name(const char *name)
{
  while (*name) {
    size_t n = strcspn(name, ".");

    put8((unsigned)n);
    put(name, n);
    name += n + (name[n] == '.');
  }
  put8(0);
}

/* The record's name is "x.local", its data is what follows. */
static void put_head(unsigned type, unsigned data_len)
{
  put_name("x.local");
  put16(type);
  put16(0x8001);
  put16(0);
  put16(120);
  put16(data_len);
}

static enum tinet__mdns_verdict judge(void)
{
  /* A copy of its size, so that a read beyond it shows under ASan. */
  uint8_t *copy = malloc(len ? len : 1);
  enum tinet__mdns_verdict verdict;

  memcpy(copy, d, len);
  verdict = tinet__mdns_check(copy, len);
  free(copy);
  return verdict;
}

static void record(unsigned type, const void *data, size_t data_len)
{
  begin(0, 1);
  put_head(type, (unsigned)data_len);
  put(data, data_len);
}

static void a_question_and_a_header_pass(void)
{
  begin(0, 0);
  T_EQ(TINET__MDNS_PASS, judge());
  begin(1, 0);
  put_name("_http._tcp.local");
  put16(12);
  put16(1);
  T_EQ(TINET__MDNS_PASS, judge());
  len--;
  T_EQ(TINET__MDNS_COUNT, judge());
}

static void lengths_and_opcodes_have_bounds(void)
{
  begin(0, 0);
  len = 11;
  T_EQ(TINET__MDNS_LENGTH, judge());
  len = 0;
  T_EQ(TINET__MDNS_LENGTH, judge());
  len = 9000;
  T_EQ(TINET__MDNS_PASS, judge());
  len = 9001;
  T_EQ(TINET__MDNS_LENGTH, judge());
  begin(0, 0);
  d[2] |= 0x08;
  T_EQ(TINET__MDNS_OPCODE, judge());
}

static void addresses_have_their_length(void)
{
  record(1, "abcd", 4);
  T_EQ(TINET__MDNS_PASS, judge());
  record(1, "abc", 3);
  T_EQ(TINET__MDNS_RDATA, judge());
  record(28, "0123456789abcdef", 16);
  T_EQ(TINET__MDNS_PASS, judge());
  record(28, "0123456789abcdef0", 17);
  T_EQ(TINET__MDNS_RDATA, judge());
}

static void aliases_are_dropped_wherever_they_stand(void)
{
  record(5, "\1y\0", 3);
  T_EQ(TINET__MDNS_ALIAS, judge());
  record(39, "\1y\0", 3);
  T_EQ(TINET__MDNS_ALIAS, judge());
  begin(0, 1);
  put_head(1, 4);
  put("abcd", 4);
  put_head(5, 3);
  put("\1y\0", 3);
  T_EQ(TINET__MDNS_PASS, judge()); /* behind what is announced: nobody reads */
  d[9] = 1;                        /* as an authority record */
  T_EQ(TINET__MDNS_ALIAS, judge());
  d[9] = 0;
  d[11] = 1; /* as an additional one */
  T_EQ(TINET__MDNS_ALIAS, judge());
}

static void a_pointer_record_is_one_name(void)
{
  static const unsigned types[] = {12, 2}; /* PTR, NS */

  for (size_t i = 0; i < 2; i++) {
    record(types[i], "\1y\xc0\x0c", 4);
    T_EQ(TINET__MDNS_PASS, judge());
    record(types[i], "\0", 1);
    T_EQ(TINET__MDNS_PASS, judge());
    record(types[i], "\1y\0z", 4);
    T_EQ(TINET__MDNS_RDATA, judge());
    record(types[i], "", 0);
    T_EQ(TINET__MDNS_RDATA, judge());
    record(types[i], "\1y", 2);
    T_EQ(TINET__MDNS_RDATA, judge());
  }
}

static void a_service_record_is_six_bytes_and_a_name(void)
{
  record(33, "\0\0\0\0\0\x50\1y\0", 9);
  T_EQ(TINET__MDNS_PASS, judge());
  record(33, "\0\0\0\0\0\x50\0", 7);
  T_EQ(TINET__MDNS_PASS, judge());
  record(33, "\0\0\0\0\0\x50", 6);
  T_EQ(TINET__MDNS_RDATA, judge());
  record(33, "\0\0\0\0\0\x50\1y\0z", 10);
  T_EQ(TINET__MDNS_RDATA, judge());
}

static void a_text_record_is_whole_strings(void)
{
  record(16, "\0", 1);
  T_EQ(TINET__MDNS_PASS, judge());
  record(16, "\3a=1\1b", 6);
  T_EQ(TINET__MDNS_PASS, judge());
  record(16, "", 0);
  T_EQ(TINET__MDNS_RDATA, judge());
  record(16, "\4a=1", 4);
  T_EQ(TINET__MDNS_RDATA, judge());
  record(13, "\1a\1b", 4);
  T_EQ(TINET__MDNS_PASS, judge());
  record(13, "\1a\1b\1c", 6);
  T_EQ(TINET__MDNS_RDATA, judge());
}

static void other_types_are_opaque(void)
{
  record(47, "\xff\xff\xff", 3);
  T_EQ(TINET__MDNS_PASS, judge());
  record(41, "", 0);
  T_EQ(TINET__MDNS_PASS, judge());
}

static void a_record_that_is_cut_off_is_dropped(void)
{
  size_t whole;

  record(33, "\0\0\0\0\0\x50\1y\0", 9);
  whole = len;
  while (--len >= 12)
    T_OK(judge() != TINET__MDNS_PASS);
  len = whole;
  d[7] = 2;
  T_EQ(TINET__MDNS_COUNT, judge());
}

static void a_pointer_leads_strictly_backwards(void)
{
  begin(1, 0);
  put("\xc0\x0c\0\x0c\0\1", 6); /* at itself */
  T_EQ(TINET__MDNS_NAME, judge());
  begin(1, 0);
  put("\1a\xc0\x0c\0\x0c\0\1", 8); /* at the name it ends */
  T_EQ(TINET__MDNS_NAME, judge());
  begin(1, 0);
  put("\xc0\x0e\1a\0\0\1\0\1", 9); /* forwards */
  T_EQ(TINET__MDNS_NAME, judge());
  begin(1, 0);
  put("\xc0\x04\0\x0c\0\1", 6); /* into the header */
  T_EQ(TINET__MDNS_NAME, judge());
  begin(2, 0);
  put("\1a\0\0\x0c\0\1", 7);
  put("\1b\xc0\x0c\0\x0c\0\1", 8);
  T_EQ(TINET__MDNS_PASS, judge());
  begin(1, 0);
  put("\xc0", 1);
  T_EQ(TINET__MDNS_NAME, judge());
}

static void put_chain(unsigned n_pointers)
{
  unsigned at;

  begin(n_pointers + 1, 0);
  put_name("a");
  put("\0\x0c\0\1", 4);
  at = 12;
  for (unsigned i = 0; i < n_pointers; i++) {
    unsigned here = (unsigned)len;

    put16(0xc000 | at);
    put("\0\x0c\0\1", 4);
    at = here;
  }
}

static void pointers_are_counted(void)
{
  put_chain(32);
  T_EQ(TINET__MDNS_PASS, judge());
  put_chain(33);
  T_EQ(TINET__MDNS_NAME, judge());
}

static void names_and_labels_have_bounds(void)
{
  begin(1, 0);
  for (int i = 0; i < 126; i++)
    put("\1a", 2);
  put("\0\0\x0c\0\1", 5);
  T_EQ(TINET__MDNS_PASS, judge()); /* 252 and the root */
  begin(1, 0);
  for (int i = 0; i < 128; i++)
    put("\1a", 2);
  put("\0\0\x0c\0\1", 5);
  T_EQ(TINET__MDNS_NAME, judge());
  begin(1, 0);
  put8(64); /* not a length */
  put(d + 100, 64);
  put("\0\0\x0c\0\1", 5);
  T_EQ(TINET__MDNS_NAME, judge());
  begin(1, 0);
  put("\3a\0b\0\0\x0c\0\1", 9); /* NUL inside */
  T_EQ(TINET__MDNS_NAME, judge());
}

int main(void)
{
  T_RUN(a_question_and_a_header_pass);
  T_RUN(lengths_and_opcodes_have_bounds);
  T_RUN(addresses_have_their_length);
  T_RUN(aliases_are_dropped_wherever_they_stand);
  T_RUN(a_pointer_record_is_one_name);
  T_RUN(a_service_record_is_six_bytes_and_a_name);
  T_RUN(a_text_record_is_whole_strings);
  T_RUN(other_types_are_opaque);
  T_RUN(a_record_that_is_cut_off_is_dropped);
  T_RUN(a_pointer_leads_strictly_backwards);
  T_RUN(pointers_are_counted);
  T_RUN(names_and_labels_have_bounds);
  return T_END();
}
