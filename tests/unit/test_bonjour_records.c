/* test_bonjour_records.c - the data of SRV and TXT records, escaped names. */
#include "bonjour/records.h"
#include "core/alloc.h"
#include "t.h"

static struct tinet__srv srv;

/* Port 80 and this name. */
static bool parse(const char *name, size_t len)
{
  unsigned char data[6 + 300] = {0, 1, 0, 2, 0, 80};

  memcpy(data + 6, name, len);
  return tinet__srv_parse(data, 6 + len, &srv);
}

static void a_host_and_port_are_read(void)
{
  T_OK(parse("\x03"
             "box\x05"
             "local",
             11));
  T_STR("box.local", srv.host);
  T_EQ(80, srv.port);
}

static void bytes_that_are_not_plain_are_escaped(void)
{
  T_OK(parse("\x07"
             "a.\\ \xc3\xbc\x7f",
             9));
  T_STR("a\\.\\\\\\032\\195\\188\\127", srv.host);
}

static void the_longest_name_fits(void)
{
  char name[256];

  memset(name, '\xff', sizeof name);
  name[0] = name[64] = name[128] = 63;
  name[192] = 61;
  name[254] = 0;
  T_OK(parse(name, 255));
  T_EQ(4 * 250 + 3, strlen(srv.host));
  name[192] = 62;
  name[255] = 0;
  T_OK(!parse(name, 256));
}

static void what_is_no_name_is_refused(void)
{
  T_OK(!parse("", 1));     /* the root */
  T_OK(!parse("\x03", 1)); /* nothing behind */
  T_OK(!parse("\x03"
              "box",
              4)); /* no end */
  T_OK(!parse("\x03"
              "box\xc0\x0c",
              6)); /* a pointer */
  T_OK(!parse("\x03"
              "box\0x",
              6)); /* an end in between */
  T_OK(!tinet__srv_parse("\0\0\0\0\0", 5, &srv));
}

static void strings_are_read_up_to_what_is_none(void)
{
  tinet_slice list[4];

  T_EQ(2, tinet__txt_parse("\3a=1\0\1b", 7, list, 4));
  T_MEM("a=1", 3, list[0].data, list[0].len);
  T_MEM("b", 1, list[1].data, list[1].len);
  T_EQ(1, tinet__txt_parse("\3a=1\0\1b", 7, list, 1));
  T_EQ(1, tinet__txt_parse("\3a=1\2b", 6, list, 4));
  T_EQ(0, tinet__txt_parse("", 1, list, 4));
  T_EQ(0, tinet__txt_parse(NULL, 0, list, 4));
}

static void a_service_is_one_label_of_its_domain(void)
{
  char domain[TINET__DOMAIN_ROOM], name[64], want[TINET__DOMAIN_ROOM] = "";

  tinet__service_domain("Caf\xc3\xa9 1.2", "_t._tcp", domain);
  T_STR("Caf\\195\\169\\0321\\.2._t._tcp.local", domain);
  memset(name, '\n', 63);
  name[63] = '\0';
  tinet__service_domain(name, "_123456789012345._tcp", domain);
  for (int i = 0; i < 63; i++)
    strcat(want, "\\010");
  T_STR(strcat(want, "._123456789012345._tcp.local"), domain);
}

static int copy_once(void)
{
  static const tinet_slice txt[] = {{"a=1", 3}, {"b", 1}};
  tinet_slice *copy = tinet__txt_copy(txt, 2);

  if (!copy)
    return TINET_ENOMEM;
  T_MEM("a=1", 3, copy[0].data, copy[0].len);
  T_MEM("b", 1, copy[1].data, copy[1].len);
  tinet__free(copy);
  return TINET_OK;
}

static void strings_are_copied_in_one_block(void)
{
  tinet_slice *none = tinet__txt_copy(NULL, 0);

  T_OK(none != NULL);
  tinet__free(none);
  T_EACH_ALLOCATION_FAILS(0, copy_once);
}

int main(void)
{
  T_RUN(a_host_and_port_are_read);
  T_RUN(bytes_that_are_not_plain_are_escaped);
  T_RUN(the_longest_name_fits);
  T_RUN(what_is_no_name_is_refused);
  T_RUN(strings_are_read_up_to_what_is_none);
  T_RUN(a_service_is_one_label_of_its_domain);
  T_RUN(strings_are_copied_in_one_block);
  return T_END();
}
