/* test_tiapp.c - tiapp.xml from bytes to values, and what is refused. */
#include <tinet/tiapp.h>

#include "core/alloc.h"
#include "t.h"

#define HEAD                                                                   \
  "<?xml version='1.0' encoding='UTF-8'?>\n"                                   \
  "<ti:app xmlns:ti='http://ti.tidev.io'>\n"
#define NAMED HEAD "<id>org.example.news</id>\n<name>News</name>\n"
#define TAIL "</ti:app>\n"

static tinet_tiapp *app;
static tinet_error error;

static int parse_bytes(const char *text, size_t len)
{
  tinet_tiapp_free(app);
  app = NULL;
  memset(&error, 0, sizeof error);
  return tinet_tiapp_parse(text, len, "p/tiapp.xml", &app, &error);
}

static int parse(const char *text)
{
  return parse_bytes(text, strlen(text));
}

static const char *value(const char *name)
{
  return app ? tinet_tiapp_value(app, name) : NULL;
}

static void the_values_of_a_project_are_read(void)
{
  T_EQ(0, parse(NAMED "<version>1.0.0.1</version>\n"
                      "<publisher> Example &amp; Sons\n</publisher>"
                      "<url>https://example.org/?a=1&amp;b=2</url>"
                      "<description><![CDATA[a <b> c]]></description>"
                      "<copyright>\xc2\xa9 2026</copyright><guid>00e1</guid>"
                      "<sdk-version>12.2.0.GA</sdk-version>"
                      "<deploy-type>production</deploy-type>" TAIL));
  T_STR("org.example.news", value("id"));
  T_STR("News", value("name"));
  T_STR("1.0.0.1", value("version"));
  T_STR("Example & Sons", value("publisher"));
  T_STR("https://example.org/?a=1&b=2", value("url"));
  T_STR("a <b> c", value("description"));
  T_STR("\xc2\xa9 2026", value("copyright"));
  T_STR("00e1", value("guid"));
  T_STR("12.2.0.GA", value("sdk-version"));
  T_STR("production", value("deploy-type"));
  T_STR(NULL, value("icon"));
  T_EQ(10, tinet_tiapp_n_values(app));
  T_STR("name", tinet_tiapp_value_at(app, 1).name);
  T_STR(NULL, tinet_tiapp_value_at(app, 10).name);
}

static void properties_have_type_value_and_line(void)
{
  const tinet_tiapp_entry *p;

  T_EQ(0, parse(NAMED "<property name='a' type='int'> 524288 </property>\n"
                      "<property name='b&amp;c'>x</property>\n"
                      "<property name='d' type='bool'/>\n" TAIL));
  T_EQ(3, tinet_tiapp_n_properties(app));
  p = tinet_tiapp_property(app, "a");
  T_STR("int", p ? p->type : NULL);
  T_STR("524288", p ? p->value : NULL);
  T_EQ(5, p ? p->line : 0);
  p = tinet_tiapp_property(app, "b&c");
  T_STR("string", p ? p->type : NULL);
  T_STR("", tinet_tiapp_property_at(app, 2).value);
  T_STR(NULL, tinet_tiapp_property_at(app, 3).name);
  T_OK(tinet_tiapp_property(app, "e") == NULL);
}

static void of_two_values_the_first_counts(void)
{
  T_EQ(0, parse(NAMED "<url>one</url><url>two</url>" TAIL));
  T_STR("one", value("url"));
}

static void a_value_for_this_platform_goes_first(void)
{
  T_EQ(0, parse(HEAD "<id platform='ios'>a.ios</id><id>a.any</id>"
                     "<id platform='linux'>a.linux</id><id>a.late</id>"
                     "<name platform='android'>only</name>" TAIL));
  T_STR("a.linux", value("id"));
  T_STR("only", value("name"));
}

static void of_two_properties_the_last_counts(void)
{
  T_EQ(0, parse(NAMED "<property name='a'>1</property>"
                      "<property name='b'>2</property>"
                      "<property name='a'>3</property>" TAIL));
  T_EQ(2, tinet_tiapp_n_properties(app));
  T_STR("3", tinet_tiapp_property_at(app, 0).value);
}

static void what_holds_elements_is_passed_over(void)
{
  T_EQ(0, parse(NAMED "<ios><plist><dict><key>id</key></dict></plist></ios>"
                      "<android:x><id>other</id></android:x>" TAIL));
  T_EQ(2, tinet_tiapp_n_values(app));
  T_STR("org.example.news", value("id"));
}

static void comments_do_not_split_a_value(void)
{
  T_EQ(0, parse(NAMED "<url>a<!-- no -->b</url>" TAIL));
  T_STR("ab", value("url"));
}

static void a_missing_id_or_name_is_named(void)
{
  T_EQ(TINET_ESYNTAX, parse(HEAD "<name>n</name>" TAIL));
  T_STR("p/tiapp.xml:2:1: <id> is missing or empty", error.text);
  T_EQ(TINET_ESYNTAX, error.code);
  T_EQ(TINET_ESYNTAX, parse(HEAD "<id> </id><name>n</name>" TAIL));
  T_EQ(TINET_ESYNTAX, parse(HEAD "<id>a.b</id>" TAIL));
  T_STR("p/tiapp.xml:2:1: <name> is missing or empty", error.text);
  T_OK(app == NULL);
}

static void an_id_cannot_leave_its_folder(void)
{
  static const char *const ids[] = {"../../etc", "a/b", ".",
                                    "..",        "a b", "\xc3\xa4"};
  char text[256];

  for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
    (void)snprintf(text, sizeof text, HEAD "<id>%s</id><name>n</name>" TAIL,
                   ids[i]);
    T_EQ(TINET_ESYNTAX, parse(text));
  }
}

static void malformed_xml_says_where(void)
{
  T_EQ(TINET_ESYNTAX, parse(NAMED "<url>x</ur>\n" TAIL));
  T_OK(strncmp(error.text, "p/tiapp.xml:5:", 14) == 0);
  T_OK(strstr(error.text, "url") != NULL);
  T_EQ(TINET_ESYNTAX, parse(NAMED "<property>1</property>" TAIL));
  T_OK(strstr(error.text, ":5:") && strstr(error.text, "has no name"));
  T_EQ(TINET_ESYNTAX, parse(NAMED));
  T_EQ(TINET_ESYNTAX, parse(""));
  T_EQ(TINET_ESYNTAX, parse("not XML"));
  T_EQ(TINET_ESYNTAX, parse_bytes(NAMED "\0" TAIL, sizeof NAMED TAIL));
  T_EQ(TINET_ESYNTAX, parse(NAMED "<url>\xff\xfe</url>" TAIL));
  T_EQ(TINET_ESYNTAX, parse(NAMED TAIL "more"));
}

static void a_document_type_is_refused(void)
{
  T_EQ(TINET_ESYNTAX,
       parse("<?xml version='1.0'?>\n<!DOCTYPE a [<!ENTITY x 'y'>"
             "<!ENTITY z '&x;&x;'>]>\n<a><id>&z;</id><name>n</name></a>"));
  T_OK(strstr(error.text, ":2:") && strstr(error.text, "document type"));
  T_EQ(TINET_ESYNTAX, parse("<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>"));
  T_EQ(
      TINET_ESYNTAX,
      parse("<!DOCTYPE a [<!ENTITY % p SYSTEM 'http://127.0.0.1/'> %p;]><a/>"));
  T_EQ(TINET_ESYNTAX, parse(NAMED "<url>&undeclared;</url>" TAIL));
}

static void ceilings_hold(void)
{
  static char text[9u << 20];
  size_t len = 0;

  for (int i = 0; i < 101; i++)
    len += (size_t)snprintf(text + len, sizeof text - len, "<a>");
  T_EQ(TINET_ELIMIT, parse(text));
  T_OK(strstr(error.text, "deep") != NULL);
  len = (size_t)snprintf(text, sizeof text, NAMED);
  for (int i = 0; i < 5000; i++)
    len += (size_t)snprintf(text + len, sizeof text - len, "<e%d/>", i);
  T_EQ(TINET_ELIMIT, parse(text));
  T_OK(strstr(error.text, "too many") != NULL);
  memset(text, ' ', sizeof text);
  T_EQ(TINET_ELIMIT, parse_bytes(text, sizeof text));
  T_OK(strstr(error.text, "8 MiB") != NULL);
}

static void invalid_arguments_are_refused(void)
{
  T_EQ(TINET_EINVAL, tinet_tiapp_parse(NULL, 0, NULL, &app, NULL));
  T_EQ(TINET_EINVAL, tinet_tiapp_parse("", 0, NULL, NULL, &error));
  T_EQ(TINET_EINVAL, error.code);
  tinet_tiapp_free(NULL);
}

static void a_long_file_name_is_cut_at_the_front(void)
{
  char name[400];

  memset(name, 'd', sizeof name);
  (void)snprintf(name + 380, 20, "/tiapp.xml");
  T_EQ(TINET_ESYNTAX, tinet_tiapp_parse("<a/>", 4, name, &app, &error));
  T_OK(strncmp(error.text, "...d", 4) == 0);
  T_OK(strstr(error.text, "/tiapp.xml:1:1: <id> is missing") != NULL);
}

static int once(void)
{
  return parse(NAMED "<property name='a'>1</property><url>x</url>"
                     "<property name='a'>2</property>" TAIL);
}

static void every_allocation_may_fail(void)
{
  T_EACH_ALLOCATION_FAILS(0, once);
}

int main(void)
{
  T_RUN(the_values_of_a_project_are_read);
  T_RUN(properties_have_type_value_and_line);
  T_RUN(of_two_values_the_first_counts);
  T_RUN(a_value_for_this_platform_goes_first);
  T_RUN(of_two_properties_the_last_counts);
  T_RUN(what_holds_elements_is_passed_over);
  T_RUN(comments_do_not_split_a_value);
  T_RUN(a_missing_id_or_name_is_named);
  T_RUN(an_id_cannot_leave_its_folder);
  T_RUN(malformed_xml_says_where);
  T_RUN(a_document_type_is_refused);
  T_RUN(ceilings_hold);
  T_RUN(invalid_arguments_are_refused);
  T_RUN(a_long_file_name_is_cut_at_the_front);
  T_RUN(every_allocation_may_fail);
  tinet_tiapp_free(app);
  return T_END();
}
