/* tiapp.c - a stream of XML events in, the values and properties of tiapp.xml
 * out.
 *
 * Only what stands directly below the root matters.  Such a child is `open`
 * from its start to its end; when an element starts inside it, it is no value.
 */
#include <tinet/tiapp.h>

#include "../core/alloc.h"
#include "../core/buf.h"
#include "../core/error.h"
#include "xml.h"

#include <string.h>

#define MAX_BYTES (8u << 20) /* a real one has some 10 KiB */
#define MAX_ENTRIES 4096u    /* keeps the search for duplicates cheap */
#define MAX_FILENAME 120     /* of a long path the end is shown */

/* ti: <id platform="..."> */
enum rank { RANK_OTHER_PLATFORM, RANK_ANY_PLATFORM, RANK_THIS_PLATFORM };

struct entry {
  char *name, *type, *value; /* owned */
  unsigned line;
  enum rank rank;
};

struct table {
  tinet_tiapp_entry *views; /* owned; what callers see */
  struct entry *entries;    /* owned */
  size_t n, cap;
};

struct tinet_tiapp {
  struct table values, properties;
};

struct parse {
  tinet_tiapp *app;
  unsigned depth;
  unsigned root_line;
  struct entry open; /* the child of the root that is being read */
  bool is_property, has_children;
  struct tinet__buf text;
  const char *problem; /* what fail() says; NULL = the code's own text */
};

TINET_DEFINE_CLEANUP(tinet_tiapp, tinet_tiapp_free)

static void entry_free(struct entry *e)
{
  tinet__free(e->name);
  tinet__free(e->type);
  tinet__free(e->value);
  *e = (struct entry){NULL, NULL, NULL, 0, RANK_ANY_PLATFORM};
}

static void table_free(struct table *t)
{
  for (size_t i = 0; i < t->n; i++)
    entry_free(&t->entries[i]);
  tinet__free(t->entries);
  tinet__free(t->views);
}

static bool table_find(const struct table *t, const char *name, size_t *ret_at)
{
  for (size_t i = 0; i < t->n; i++) {
    if (strcmp(t->entries[i].name, name) == 0) {
      *ret_at = i;
      return true;
    }
  }
  return false;
}

static int table_grow(struct table *t)
{
  size_t cap = t->cap ? t->cap * 2 : 16;
  struct entry *entries;
  tinet_tiapp_entry *views;

  if (t->n < t->cap)
    return TINET_OK;
  entries = tinet__realloc(t->entries, cap * sizeof *entries);
  if (!entries)
    return TINET_ENOMEM;
  t->entries = entries;
  views = tinet__realloc(t->views, cap * sizeof *views);
  if (!views)
    return TINET_ENOMEM;
  t->views = views;
  t->cap = cap;
  return TINET_OK;
}

static void table_put(struct table *t, size_t at, struct entry *e)
{
  t->entries[at] = *e;
  t->views[at] = (tinet_tiapp_entry){e->name, e->type, e->value, e->line};
  *e = (struct entry){NULL, NULL, NULL, 0, RANK_ANY_PLATFORM};
}

/* Takes `e` if it counts. */
static int table_add(struct table *t, struct entry *e, bool last_wins)
{
  size_t at;
  int err;

  if (table_find(t, e->name, &at)) {
    if (!last_wins && e->rank <= t->entries[at].rank)
      return TINET_OK;
    entry_free(&t->entries[at]);
    table_put(t, at, e);
    return TINET_OK;
  }
  if (t->n >= MAX_ENTRIES)
    return TINET_ELIMIT;
  err = table_grow(t);
  if (err < 0)
    return err;
  table_put(t, t->n++, e);
  return TINET_OK;
}

static enum rank rank_of(struct tinet__span platform)
{
  if (!platform.p)
    return RANK_ANY_PLATFORM;
  return tinet__ieqn(platform.p, platform.len, "linux", 5)
             ? RANK_THIS_PLATFORM
             : RANK_OTHER_PLATFORM;
}

static int start_property(struct parse *p,
                          const struct tinet__xml_element *element)
{
  struct tinet__span name = tinet__xml_attribute(element, "name");
  struct tinet__span type = tinet__xml_attribute(element, "type");

  name = name.p ? tinet__trim(name.p, name.len) : name;
  if (name.len == 0) {
    p->problem = "<property> has no name";
    return TINET_ESYNTAX;
  }
  if (!type.p || type.len == 0)
    type = (struct tinet__span){"string", 6};
  p->open.name = tinet__strndup(name.p, name.len);
  p->open.type = tinet__strndup(type.p, type.len);
  return p->open.name && p->open.type ? TINET_OK : TINET_ENOMEM;
}

static int start_value(struct parse *p,
                       const struct tinet__xml_element *element)
{
  p->open.name = tinet__strdup(tinet__xml_name(element));
  p->open.type = tinet__strdup("string");
  p->open.rank = rank_of(tinet__xml_attribute(element, "platform"));
  return p->open.name && p->open.type ? TINET_OK : TINET_ENOMEM;
}

static int on_start(void *user, const struct tinet__xml_element *element)
{
  struct parse *p = user;

  p->depth++;
  if (p->depth == 1)
    p->root_line = tinet__xml_line(element);
  if (p->depth > 2)
    p->has_children = true;
  if (p->depth != 2)
    return TINET_OK;
  p->has_children = false;
  p->open.line = tinet__xml_line(element);
  p->is_property = strcmp(tinet__xml_name(element), "property") == 0;
  return p->is_property ? start_property(p, element) : start_value(p, element);
}

static int on_text(void *user, const char *text, size_t len)
{
  struct parse *p = user;

  return p->depth == 2 ? tinet__buf_add(&p->text, text, len) : TINET_OK;
}

/* Whitespace of XML, which includes line ends. */
static struct tinet__span trimmed(const struct tinet__buf *text)
{
  struct tinet__span s = {text->len ? text->data : "", text->len};

  for (; s.len > 0 && strchr(" \t\r\n", s.p[0]); s.len--)
    s.p++;
  while (s.len > 0 && strchr(" \t\r\n", s.p[s.len - 1]))
    s.len--;
  return s;
}

static int close_child(struct parse *p)
{
  struct table *t = p->is_property ? &p->app->properties : &p->app->values;
  struct tinet__span value = trimmed(&p->text);
  int err;

  p->open.value = tinet__strndup(value.p, value.len);
  if (!p->open.value)
    return TINET_ENOMEM;
  err = table_add(t, &p->open, p->is_property);
  if (err == TINET_ELIMIT)
    p->problem = "too many values or properties";
  return err;
}

static int on_end(void *user)
{
  struct parse *p = user;
  int err = TINET_OK;

  if (p->depth-- != 2)
    return TINET_OK;
  if (!p->has_children)
    err = close_child(p);
  entry_free(&p->open);
  tinet__buf_reset(&p->text);
  return err;
}

/* It names a folder of the application's data: nothing else than a name. */
static bool is_id(const char *id)
{
  for (const char *c = id; *c; c++)
    if (!tinet__is_alpha(*c) && !tinet__is_digit(*c) && !strchr("._-", *c))
      return false;
  return id[0] != '.';
}

static const char *missing(const tinet_tiapp *app)
{
  const char *id = tinet_tiapp_value(app, "id");
  const char *name = tinet_tiapp_value(app, "name");

  if (!id || !*id)
    return "<id> is missing or empty";
  if (!is_id(id))
    return "<id> may have letters, digits, '.', '_' and '-', and does not "
           "begin with '.'";
  if (!name || !*name)
    return "<name> is missing or empty";
  return NULL;
}

static int report(tinet_error *err, int code, const char *filename,
                  const struct tinet__xml_stop *stop, const char *problem)
{
  size_t len = strlen(filename);
  bool is_long = len > MAX_FILENAME;

  if (code == TINET_ENOMEM)
    return tinet__error_set(err, code, TINET_ORIGIN_TINET, 0, NULL);
  return tinet__error_set(
      err, code, TINET_ORIGIN_TINET, 0, "%s%s:%u:%u: %s", is_long ? "..." : "",
      is_long ? filename + len - MAX_FILENAME : filename,
      stop->line ? stop->line : 1, stop->column ? stop->column : 1, problem);
}

static int read_document(struct parse *p, const void *data, size_t len,
                         struct tinet__xml_stop *stop)
{
  static const struct tinet__xml_events events = {on_start, on_text, on_end};
  int err;

  if (len > MAX_BYTES) {
    p->problem = "the file is larger than 8 MiB";
    return TINET_ELIMIT;
  }
  err = tinet__xml_read(data, len, &events, p, stop);
  if (err < 0)
    return err;
  p->problem = missing(p->app);
  stop->line = p->root_line;
  return p->problem ? TINET_ESYNTAX : TINET_OK;
}

int tinet_tiapp_parse(const void *data, size_t len, const char *filename,
                      tinet_tiapp **ret_tiapp, tinet_error *err)
{
  TINET_CLEANUP(tinet_tiapp_freep) tinet_tiapp *app = NULL;
  struct tinet__xml_stop stop = {0, 0, ""};
  struct parse p = {.text = TINET__BUF_INIT};
  int code;

  if (!data || !ret_tiapp)
    return tinet__error_set(err, TINET_EINVAL, TINET_ORIGIN_TINET, 0, NULL);
  app = tinet__zalloc(sizeof *app);
  if (!app)
    return tinet__error_set(err, TINET_ENOMEM, TINET_ORIGIN_TINET, 0, NULL);
  p.app = app;
  code = read_document(&p, data, len, &stop);
  entry_free(&p.open);
  tinet__buf_free(&p.text);
  if (code < 0)
    return report(err, code, filename ? filename : "tiapp.xml", &stop,
                  p.problem      ? p.problem
                  : stop.text[0] ? stop.text
                                 : tinet_error_text(code));
  *ret_tiapp = TINET_TAKE(app);
  return TINET_OK;
}

void tinet_tiapp_free(tinet_tiapp *app)
{
  if (!app)
    return;
  table_free(&app->values);
  table_free(&app->properties);
  tinet__free(app);
}

static tinet_tiapp_entry view_at(const struct table *t, size_t index)
{
  return index < t->n ? t->views[index]
                      : (tinet_tiapp_entry){NULL, NULL, NULL, 0};
}

const char *tinet_tiapp_value(const tinet_tiapp *app, const char *element)
{
  size_t at;

  return table_find(&app->values, element, &at) ? app->values.views[at].value
                                                : NULL;
}

size_t tinet_tiapp_n_values(const tinet_tiapp *app)
{
  return app->values.n;
}

tinet_tiapp_entry tinet_tiapp_value_at(const tinet_tiapp *app, size_t index)
{
  return view_at(&app->values, index);
}

const tinet_tiapp_entry *tinet_tiapp_property(const tinet_tiapp *app,
                                              const char *name)
{
  size_t at;

  return table_find(&app->properties, name, &at) ? &app->properties.views[at]
                                                 : NULL;
}

size_t tinet_tiapp_n_properties(const tinet_tiapp *app)
{
  return app->properties.n;
}

tinet_tiapp_entry tinet_tiapp_property_at(const tinet_tiapp *app, size_t index)
{
  return view_at(&app->properties, index);
}
