/* effective.c - the dictionary in force, as property list, JSON or table. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../core/buf.h"
#include "policy.h"

#define COLUMN 44 /* of the values in a table */
#define PLACE_COLUMN 58
#define ATS_KEY "NSAppTransportSecurity"

struct writer {
  struct tinet__buf buf;
  int err; /* the first one; nothing is added after it */
};

static void add(struct writer *w, const char *text)
{
  if (w->err == TINET_OK)
    w->err = tinet__buf_adds(&w->buf, text);
}

static void add_char(struct writer *w, char c)
{
  if (w->err == TINET_OK)
    w->err = tinet__buf_addc(&w->buf, c);
}

static void pad(struct writer *w, size_t n)
{
  while (n-- > 0)
    add_char(w, ' ');
}

/* ---- property list ---- */

static void add_xml(struct writer *w, const char *text, size_t len)
{
  for (size_t i = 0; i < len; i++) {
    unsigned char c = (unsigned char)text[i];

    if (c == '&')
      add(w, "&amp;");
    else if (c == '<')
      add(w, "&lt;");
    else if (c == '>')
      add(w, "&gt;");
    else if (c >= 0x20 || c == '\t' || c == '\n' || c == '\r')
      add_char(w, (char)c); /* XML has no way to write the others */
  }
}

static void add_number(struct writer *w, const struct tinet__value *v)
{
  char text[32];

  if (v->kind == TINET__VALUE_INTEGER)
    (void)snprintf(text, sizeof text, "%" PRId64, v->integer);
  else
    (void)snprintf(text, sizeof text, "%.17g", v->real);
  if (v->kind == TINET__VALUE_REAL && strchr(text, ','))
    *strchr(text, ',') = '.'; /* the point of some locales */
  add(w, text);
}

static void plist_value(struct writer *w, const struct tinet__value *v,
                        size_t indent);

static void plist_children(struct writer *w, const struct tinet__value *v,
                           size_t indent, const char *tag)
{
  pad(w, indent);
  add_char(w, '<');
  add(w, tag);
  add(w, v && v->first ? ">\n" : "/>\n");
  if (!v || !v->first)
    return;
  for (const struct tinet__value *c = v->first; c; c = c->next) {
    if (c->key) {
      pad(w, indent + 2);
      add(w, "<key>");
      add_xml(w, c->key, c->key_len);
      add(w, "</key>\n");
    }
    plist_value(w, c, indent + 2);
  }
  pad(w, indent);
  add(w, "</");
  add(w, tag);
  add(w, ">\n");
}

static void plist_leaf(struct writer *w, const struct tinet__value *v,
                       const char *tag)
{
  add_char(w, '<');
  add(w, tag);
  add_char(w, '>');
  if (v->kind == TINET__VALUE_INTEGER || v->kind == TINET__VALUE_REAL)
    add_number(w, v);
  else
    add_xml(w, v->text, v->text_len);
  add(w, "</");
  add(w, tag);
  add(w, ">\n");
}

static void plist_value(struct writer *w, const struct tinet__value *v,
                        size_t indent)
{
  static const char *const tags[] = {"dict", "array", "string", "integer",
                                     "real", "",      "date",   "data"};

  if (!v || v->kind == TINET__VALUE_DICT || v->kind == TINET__VALUE_ARRAY) {
    plist_children(w, v, indent, v ? tags[v->kind] : "dict");
    return;
  }
  pad(w, indent);
  if (v->kind == TINET__VALUE_BOOL)
    add(w, v->boolean ? "<true/>\n" : "<false/>\n");
  else
    plist_leaf(w, v, tags[v->kind]);
}

static void print_plist(struct writer *w, const struct tinet__value *root,
                        const struct tinet__value *ats)
{
  add(w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE plist PUBLIC "
         "\"-//Apple//DTD PLIST 1.0//EN\" "
         "\"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n"
         "<plist version=\"1.0\">\n");
  if (root) {
    plist_value(w, root, 0);
  } else {
    add(w, "<dict>\n  <key>" ATS_KEY "</key>\n");
    plist_value(w, ats, 2);
    add(w, "</dict>\n");
  }
  add(w, "</plist>\n");
}

/* ---- JSON ---- */

static void json_string(struct writer *w, const char *text, size_t len)
{
  char escape[8];

  add_char(w, '"');
  for (size_t i = 0; i < len; i++) {
    unsigned char c = (unsigned char)text[i];

    if (c == '"' || c == '\\') {
      add_char(w, '\\');
      add_char(w, (char)c);
    } else if (c < 0x20) {
      (void)snprintf(escape, sizeof escape, "\\u%04x", c);
      add(w, escape);
    } else {
      add_char(w, (char)c);
    }
  }
  add_char(w, '"');
}

static void json_value(struct writer *w, const struct tinet__value *v,
                       size_t indent);

static void json_children(struct writer *w, const struct tinet__value *v,
                          size_t indent, const char *marks)
{
  bool is_first = true;

  add_char(w, marks[0]);
  for (const struct tinet__value *c = v ? v->first : NULL; c; c = c->next) {
    if (c->is_replaced)
      continue;
    add(w, is_first ? "\n" : ",\n");
    is_first = false;
    pad(w, indent + 2);
    if (c->key) {
      json_string(w, c->key, c->key_len);
      add(w, ": ");
    }
    json_value(w, c, indent + 2);
  }
  if (!is_first) {
    add_char(w, '\n');
    pad(w, indent);
  }
  add_char(w, marks[1]);
}

static void json_value(struct writer *w, const struct tinet__value *v,
                       size_t indent)
{
  if (!v || v->kind == TINET__VALUE_DICT)
    json_children(w, v, indent, "{}");
  else if (v->kind == TINET__VALUE_ARRAY)
    json_children(w, v, indent, "[]");
  else if (v->kind == TINET__VALUE_BOOL)
    add(w, v->boolean ? "true" : "false");
  else if (v->kind == TINET__VALUE_INTEGER || v->kind == TINET__VALUE_REAL)
    add_number(w, v);
  else
    json_string(w, v->text, v->text_len);
}

static void print_json(struct writer *w, const struct tinet__value *root,
                       const struct tinet__value *ats)
{
  if (root) {
    json_value(w, root, 0);
  } else {
    add(w, "{\n  \"" ATS_KEY "\": ");
    json_value(w, ats, 2);
    add(w, "\n}");
  }
  add_char(w, '\n');
}

/* ---- table ---- */

static void to_column(struct writer *w, size_t start, size_t column)
{
  do
    add_char(w, ' ');
  while (w->err == TINET_OK && w->buf.len - start < column);
}

/* A value that does not fit between the columns has a line of its own. */
static void table_row(struct writer *w, size_t indent, const char *key,
                      const char *value, const char *place)
{
  bool is_long = strlen(value) >= PLACE_COLUMN - COLUMN;
  size_t start = w->buf.len;

  pad(w, indent);
  add(w, key);
  if (*value && !is_long) {
    to_column(w, start, COLUMN);
    add(w, value);
  }
  to_column(w, start, PLACE_COLUMN);
  add(w, place);
  add_char(w, '\n');
  if (!is_long)
    return;
  pad(w, indent + 2);
  add(w, value);
  add_char(w, '\n');
}

/* The file without its folder: of a project there are two of them at most. */
static void place_text(const struct tinet__place *at, char *to, size_t size)
{
  const char *source = at->source ? at->source : "";
  const char *slash = strrchr(source, '/');

  if (slash)
    source = slash + 1;
  if (at->line)
    (void)snprintf(to, size, "%s:%u:%u", source, at->line, at->column);
  else
    (void)snprintf(to, size, "%s", source);
}

/* The defaults of what a dictionary does not say. */
static void table_defaults(struct writer *w, const struct tinet__value *v,
                           size_t indent)
{
  static const struct {
    const char *key, *value;
    bool is_of_entry;
  } defaults[] = {
      {"NSAllowsArbitraryLoads", "NO", false},
      {"NSAllowsArbitraryLoadsForMedia", "NO", false},
      {"NSAllowsArbitraryLoadsInWebContent", "NO", false},
      {"NSAllowsLocalNetworking", "not set", false},
      {"NSIncludesSubdomains", "NO", true},
      {"NSExceptionAllowsInsecureHTTPLoads", "NO", true},
      {"NSExceptionMinimumTLSVersion", "TLSv1.2", true},
      {"NSExceptionRequiresForwardSecrecy", "YES", true},
  };
  bool is_entry = indent > 2;

  for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++)
    if (defaults[i].is_of_entry == is_entry &&
        !tinet__value_find(v, defaults[i].key))
      table_row(w, indent, defaults[i].key, defaults[i].value, "default");
}

static void table_value(struct writer *w, const struct tinet__value *v,
                        size_t indent)
{
  struct writer text = {TINET__BUF_INIT, TINET_OK};
  char place[512], name[300];

  if (v->is_replaced)
    return;
  (void)snprintf(name, sizeof name, "%s", v->key ? v->key : "-");
  place_text(v->key ? &v->key_at : &v->at, place, sizeof place);
  if (v->kind == TINET__VALUE_DICT || v->kind == TINET__VALUE_ARRAY) {
    table_row(w, indent, name, "", place);
    for (const struct tinet__value *c = v->first; c; c = c->next)
      table_value(w, c, indent + 2);
    if (v->kind == TINET__VALUE_DICT && indent == 4 && v->key &&
        !tinet__value_find(v, "NSPinnedLeafIdentities") &&
        !tinet__value_find(v, "NSPinnedCAIdentities"))
      table_defaults(w, v, indent + 2);
    return;
  }
  if (v->kind == TINET__VALUE_BOOL)
    add(&text, v->boolean ? "YES" : "NO");
  else if (v->kind == TINET__VALUE_STRING)
    add(&text, v->text);
  else
    json_value(&text, v, 0);
  table_row(w, indent, name, text.buf.data ? text.buf.data : "", place);
  tinet__buf_free(&text.buf);
}

static bool is_injected(const struct tinet__value *v)
{
  return v && v->at.source && strcmp(v->at.source, TINET__SOURCE_INJECTED) == 0;
}

static void print_table(struct writer *w, const struct tinet__value *root,
                        const struct tinet__value *ats)
{
  char place[512] = "";

  for (const struct tinet__value *v = root ? root->first : NULL; v; v = v->next)
    if (strcmp(v->key, ATS_KEY) != 0)
      table_value(w, v, 0);
  if (ats)
    place_text(&ats->key_at, place, sizeof place);
  table_row(w, 0, ATS_KEY, "", ats ? place : "default");
  for (const struct tinet__value *v = ats ? ats->first : NULL; v; v = v->next)
    table_value(w, v, 2);
  table_defaults(w, ats, 2);
  if (is_injected(tinet__value_find(
          tinet__value_find(ats, "NSExceptionDomains"), "appcelerator.com")))
    add(w, "\nSDKs before 12.2.0 add appcelerator.com and its subdomains.  "
           "What current systems\nread of the entry are the defaults: for "
           "them it changes nothing.\n");
}

int tinet_ats_policy_print(const tinet_ats_policy *policy,
                           tinet_ats_format format, bool is_whole,
                           char **ret_text)
{
  struct writer w = {TINET__BUF_INIT, TINET_OK};
  const struct tinet__value *root;

  if (!policy || !ret_text)
    return TINET_EINVAL;
  root = is_whole && policy->tree ? tinet__value_root(policy->tree) : NULL;
  if (root && root->kind != TINET__VALUE_DICT)
    root = NULL; /* a property list of something else has no keys */
  if (format == TINET_ATS_FORMAT_PLIST)
    print_plist(&w, root, policy->ats);
  else if (format == TINET_ATS_FORMAT_JSON)
    print_json(&w, root, policy->ats);
  else
    print_table(&w, root, policy->ats);
  if (w.err < 0) {
    tinet__buf_free(&w.buf);
    return w.err;
  }
  *ret_text = tinet__buf_take(&w.buf, NULL);
  return TINET_OK;
}
