/* xml_dom.c - libxml2's SAX interface to a tree with places.
 *
 * libxml2 tells the line where a tag ends; the tag's own place is the last `<`
 * before it, which no attribute can contain.  Of the text of an element the
 * pieces are kept until its end and then joined.
 */
#include <libxml/parser.h>
#include <libxml/xmlerror.h>
#include <stdio.h>
#include <string.h>

#include "../core/alloc.h"
#include "../core/buf.h"
#include "../core/error.h"
#include "../core/str.h"
#include "dom.h"

#define XML_NAMESPACE_UNDECLARED 201 /* XML_NS_ERR_UNDEFINED_NAMESPACE */
#define MAX_ERRORS 100               /* that leniency passes over */
#define MAX_TREE_BYTES 268435456     /* 4 MiB of the smallest elements */

struct reader {
  xmlParserCtxt *ctxt; /* owned */
  const char *data;
  size_t len;
  const char *source;
  bool is_lenient;
  struct tinet__findings *findings;
  struct tinet__dom *dom;
  struct tinet__node *open; /* the innermost element */
  struct tinet__buf text;   /* of all that are open, one behind the other */
  size_t starts[TINET__DOM_MAX_DEPTH + 1]; /* where each one's begins */
  size_t firsts[TINET__DOM_MAX_DEPTH + 1]; /* length of the first piece + 1 */
  unsigned depth;
  size_t n_elements;
  unsigned n_errors;
  size_t text_from; /* of `data`: text after the last tag begins here */
  size_t seen;      /* of `data`: line and column are counted up to here */
  unsigned line, column;
  tinet_error *error;
  int err;
};

static void fail(struct reader *r, int code, unsigned line, unsigned column,
                 const char *text)
{
  if (r->err < 0)
    return;
  r->err = tinet__error_set(r->error, code, TINET_ORIGIN_TINET, 0,
                            "%s:%u:%u: %s", r->source, line, column, text);
  xmlStopParser(r->ctxt);
}

static void fail_memory(struct reader *r)
{
  if (r->err < 0)
    return;
  r->err =
      tinet__error_set(r->error, TINET_ENOMEM, TINET_ORIGIN_TINET, 0, NULL);
  xmlStopParser(r->ctxt);
}

/* Offsets only grow, but for the `<` just before one. */
static struct tinet__place place_of(struct reader *r, size_t offset)
{
  if (offset < r->seen) {
    r->seen = 0;
    r->line = r->column = 1;
  }
  for (; r->seen < offset && r->seen < r->len; r->seen++) {
    if (r->data[r->seen] == '\n') {
      r->line++;
      r->column = 1;
    } else if (((unsigned char)r->data[r->seen] & 0xc0) != 0x80) {
      r->column++;
    }
  }
  return (struct tinet__place){r->source, r->line, r->column};
}

/* In another encoding than UTF-8, a position in the text is none in the file.
 */
static bool is_converted(const struct reader *r)
{
  const xmlParserInput *input = r->ctxt->input;

  return input && input->buf && input->buf->encoder;
}

/* How much of `data` has been read; 0 if that cannot be said. */
static size_t consumed_of(const struct reader *r)
{
  long consumed = is_converted(r) ? 0 : xmlByteConsumed(r->ctxt);

  return consumed > 0 && (size_t)consumed <= r->len ? (size_t)consumed : 0;
}

/* The place of the tag that has just been read. */
static struct tinet__place tag_place(struct reader *r)
{
  size_t at = consumed_of(r);

  while (at > r->seen && (at >= r->len || r->data[at] != '<'))
    at--;
  if (consumed_of(r) == 0 || at >= r->len || r->data[at] != '<')
    return (struct tinet__place){r->source,
                                 (unsigned)xmlSAX2GetLineNumber(r->ctxt), 0};
  return place_of(r, at);
}

static void on_doctype(void *arg, const xmlChar *name, const xmlChar *public_id,
                       const xmlChar *system_id)
{
  struct reader *r = arg;

  (void)public_id, (void)system_id;
  if (!name || strcmp((const char *)name, "plist") != 0)
    fail(r, TINET_ESYNTAX, (unsigned)xmlSAX2GetLineNumber(r->ctxt), 1,
         "a document type declaration is not allowed here");
}

static void refuse_declaration(struct reader *r)
{
  fail(r, TINET_ESYNTAX, (unsigned)xmlSAX2GetLineNumber(r->ctxt), 1,
       "a declaration in the document type is not allowed");
}

/* NOLINTNEXTLINE(readability-function-size): libxml2's signature */
static void on_entity(void *arg, const xmlChar *name, int type,
                      const xmlChar *public_id, const xmlChar *system_id,
                      xmlChar *content)
{
  (void)name, (void)type, (void)public_id, (void)system_id, (void)content;
  refuse_declaration(arg);
}

static void on_notation(void *arg, const xmlChar *name,
                        const xmlChar *public_id, const xmlChar *system_id)
{
  (void)name, (void)public_id, (void)system_id;
  refuse_declaration(arg);
}

/* NOLINTNEXTLINE(readability-function-size): libxml2's signature */
static void on_attribute(void *arg, const xmlChar *element, const xmlChar *name,
                         int type, int default_type, const xmlChar *value,
                         xmlEnumerationPtr tree)
{
  (void)element, (void)name, (void)type, (void)default_type, (void)value;
  xmlFreeEnumeration(tree);
  refuse_declaration(arg);
}

static void on_element_type(void *arg, const xmlChar *name, int type,
                            xmlElementContentPtr content)
{
  (void)name, (void)type, (void)content;
  refuse_declaration(arg);
}

static bool add_attributes(struct reader *r, struct tinet__node *node, int n,
                           const xmlChar **attributes)
{
  /* Name, prefix, URI, value, its end. */
  for (int i = 0; i < n; i++, attributes += 5) {
    const char *name = (const char *)attributes[0];
    struct tinet__attribute *a = tinet__arena_take(&r->dom->arena, sizeof *a);

    if (!a)
      return false;
    a->name = tinet__arena_copy(&r->dom->arena, name, strlen(name));
    a->value = tinet__arena_copy(&r->dom->arena, (const char *)attributes[3],
                                 (size_t)(attributes[4] - attributes[3]));
    if (!a->name || !a->value)
      return false;
    a->next = node->attributes;
    node->attributes = a;
  }
  return true;
}

static void append(struct reader *r, struct tinet__node *node)
{
  struct tinet__node *parent = r->open;

  node->parent = parent;
  if (!parent)
    r->dom->root = r->dom->root ? r->dom->root : node;
  else if (parent->last)
    parent->last->next = node;
  else
    parent->first = node;
  if (parent) {
    parent->last = node;
    parent->n_children++;
  }
}

/* Text after this is not what a reader of the first child node sees. */
static void end_first_piece(struct reader *r)
{
  if (r->depth > 0 && r->firsts[r->depth] == 0)
    r->firsts[r->depth] = r->text.len - r->starts[r->depth] + 1;
}

static bool is_blank_byte(char c)
{
  return tinet__is_xml_space(c) || c == '>' || c == '/';
}

/* The first text after the last tag: what ends the tag is not read yet when it
 * is told. */
static struct tinet__place text_place(struct reader *r)
{
  size_t at = r->text_from;

  while (at > 0 && at < r->len && is_blank_byte(r->data[at]))
    at++;
  if (at == 0 || at >= r->len)
    return (struct tinet__place){r->source,
                                 (unsigned)xmlSAX2GetLineNumber(r->ctxt), 1};
  return place_of(r, at);
}

/* The name as it is written: to Titanium's tools `ti:ios` is not `ios`. */
static const char *full_name(struct reader *r, const xmlChar *prefix,
                             const xmlChar *name)
{
  const char *local = (const char *)name, *first = (const char *)prefix;
  size_t size = strlen(local) + (first ? strlen(first) : 0) + 2;
  char *copy;

  if (!first)
    return tinet__arena_copy(&r->dom->arena, local, strlen(local));
  copy = tinet__arena_take(&r->dom->arena, size);
  if (copy)
    (void)snprintf(copy, size, "%s:%s", first, local);
  return copy;
}

/* NOLINTNEXTLINE(readability-function-size): libxml2's signature */
static void on_start(void *arg, const xmlChar *name, const xmlChar *prefix,
                     const xmlChar *uri, int n_namespaces,
                     const xmlChar **namespaces, int n_attributes,
                     int n_defaulted, const xmlChar **attributes)
{
  struct reader *r = arg;
  struct tinet__node *node;
  struct tinet__place at;

  (void)uri, (void)n_namespaces, (void)namespaces, (void)n_defaulted;
  if (r->err < 0)
    return;
  at = tag_place(r);
  r->text_from = consumed_of(r);
  if (r->depth >= TINET__DOM_MAX_DEPTH ||
      r->n_elements++ >= TINET__DOM_MAX_ELEMENTS) {
    fail(r, TINET_ELIMIT, at.line, at.column,
         r->depth >= TINET__DOM_MAX_DEPTH ? "elements are nested too deep"
                                          : "too many elements");
    return;
  }
  node = tinet__arena_take(&r->dom->arena, sizeof *node);
  if (node) {
    node->name = full_name(r, prefix, name);
    node->at = at;
  }
  if (!node || !node->name ||
      !add_attributes(r, node, n_attributes, attributes)) {
    fail_memory(r);
    return;
  }
  end_first_piece(r);
  append(r, node);
  r->open = node;
  r->depth++;
  r->starts[r->depth] = r->text.len;
  r->firsts[r->depth] = 0;
}

static void on_end(void *arg, const xmlChar *name, const xmlChar *prefix,
                   const xmlChar *uri)
{
  struct reader *r = arg;
  struct tinet__node *node = r->open;
  size_t start = r->starts[r->depth];

  (void)name, (void)prefix, (void)uri;
  r->text_from = consumed_of(r);
  if (r->err < 0 || !node)
    return;
  node->text_len = r->text.len - start;
  node->text = node->text_len == 0
                   ? ""
                   : tinet__arena_copy(&r->dom->arena, r->text.data + start,
                                       node->text_len);
  if (!node->text) {
    fail_memory(r);
    return;
  }
  node->first_len =
      r->firsts[r->depth] ? r->firsts[r->depth] - 1 : node->text_len;
  r->text.len = start;
  r->open = node->parent;
  r->depth--;
}

static bool is_blank(const char *text, size_t len)
{
  for (size_t i = 0; i < len; i++)
    if (!tinet__is_xml_space(text[i]))
      return false;
  return true;
}

static void on_text(void *arg, const xmlChar *text, int len)
{
  struct reader *r = arg;
  struct tinet__node *node = r->open;

  if (r->err < 0 || !node || len <= 0)
    return;
  if (!node->has_text && !is_blank((const char *)text, (size_t)len)) {
    node->has_text = true;
    node->text_at = text_place(r);
  }
  if (tinet__buf_add(&r->text, text, (size_t)len) < 0)
    fail_memory(r);
}

static void on_comment(void *arg, const xmlChar *text)
{
  struct reader *r = arg;

  (void)text;
  r->text_from = consumed_of(r);
  end_first_piece(r);
}

/* `<--` and `<!-` where a comment was meant: after the last `<` at or before
 * the error, where libxml2 sees it too. */
static bool is_bad_comment(struct reader *r, struct tinet__place *ret_at)
{
  size_t at = consumed_of(r);
  const char *p;

  while (at > 0 && (at >= r->len || r->data[at] != '<'))
    at--;
  p = r->data + at;
  if (r->len - at < 4 || *p != '<' ||
      (strncmp(p, "<--", 3) != 0 && (strncmp(p, "<!-", 3) != 0 || p[3] == '-')))
    return false;
  *ret_at = place_of(r, at + 1);
  return true;
}

static void report(struct reader *r, const char *id,
                   const struct tinet__place *at, const char *suggestion,
                   const char *text)
{
  if (tinet__findings_add(r->findings, id, at, suggestion, "%s", text) < 0)
    fail_memory(r);
  else if (r->is_lenient)
    tinet__findings_set_severity(r->findings, TINET_ATS_WARNING);
}

/* One line of libxml2's own words. */
static void on_error(void *arg, xmlErrorPtr e)
{
  static const char comment[] = "malformed comment `<--`; write `<!-- ... -->`";
  struct reader *r = arg;
  struct tinet__place at = {r->source, e->line > 0 ? (unsigned)e->line : 1,
                            e->int2 > 0 ? (unsigned)e->int2 : 1};
  struct tinet__place comment_at;
  char text[160];
  bool is_comment;

  if (r->err < 0)
    return;
  if (e->code == XML_ERR_NO_MEMORY) {
    fail_memory(r);
    return;
  }
  (void)snprintf(text, sizeof text, "%.*s",
                 (int)strcspn(e->message ? e->message : "", "\n"),
                 e->message ? e->message : "");
  if (e->domain == XML_FROM_NAMESPACE || e->code == XML_NAMESPACE_UNDECLARED) {
    report(r, "xml-namespace", &at,
           "xmlns:ti=\"http://ti.tidev.io\" in the root element", text);
    return;
  }
  if (e->level != XML_ERR_FATAL && e->level != XML_ERR_ERROR)
    return;
  is_comment = is_bad_comment(r, &comment_at);
  if (is_comment)
    at = comment_at;
  report(r, is_comment ? "xml-comment" : "xml", &at,
         is_comment ? "<!-- ... -->" : NULL, is_comment ? comment : text);
  if (!r->is_lenient || ++r->n_errors > MAX_ERRORS)
    fail(r, TINET_ESYNTAX, at.line, at.column,
         is_comment ? comment
         : text[0]  ? text
                    : "not well-formed XML");
}

static const xmlSAXHandler handlers = {
    .initialized = XML_SAX2_MAGIC,
    .internalSubset = on_doctype,
    .entityDecl = on_entity,
    .notationDecl = on_notation,
    .attributeDecl = on_attribute,
    .elementDecl = on_element_type,
    .startElementNs = on_start,
    .endElementNs = on_end,
    .characters = on_text,
    .ignorableWhitespace = on_text,
    .cdataBlock = on_text,
    .comment = on_comment,
    .serror = on_error,
};

static void say_nothing(void *arg, xmlErrorPtr e)
{
  (void)arg, (void)e;
}

/* What goes wrong with an encoding libxml2 tells nobody but this thread's
 * handler, whose default is standard error. */
static void read_quietly(struct reader *r, int options)
{
  xmlStructuredErrorFunc handler = xmlStructuredError;
  void *user = xmlStructuredErrorContext;

  xmlSetStructuredErrorFunc(NULL, say_nothing);
  xmlFreeDoc(
      xmlCtxtReadMemory(r->ctxt, r->data, (int)r->len, NULL, NULL, options));
  xmlSetStructuredErrorFunc(user, handler);
}

static int run(struct reader *r)
{
  int options = XML_PARSE_NONET | XML_PARSE_BIG_LINES;

  if (r->is_lenient)
    options |= XML_PARSE_RECOVER;
  r->ctxt = xmlNewParserCtxt();
  if (!r->ctxt) {
    tinet__error_set(r->error, TINET_ENOMEM, TINET_ORIGIN_TINET, 0, NULL);
    return TINET_ENOMEM;
  }
  *r->ctxt->sax = handlers;
  r->ctxt->userData = r;
  read_quietly(r, options);
  if (r->err == TINET_OK &&
      (!r->dom->root || (!r->is_lenient && !r->ctxt->wellFormed)))
    fail(r, TINET_ESYNTAX, 1, 1, "not well-formed XML");
  /* Of a document that is cut off, what is open is complete enough. */
  while (r->err == TINET_OK && r->open)
    on_end(r, NULL, NULL, NULL);
  xmlFreeParserCtxt(r->ctxt);
  return r->err;
}

int tinet__dom_read(const struct tinet__document *document,
                    struct tinet__findings *findings,
                    struct tinet__dom *ret_dom, tinet_error *err)
{
  struct tinet__dom dom = {.arena.max = MAX_TREE_BYTES};
  struct reader r = {.data = document->data,
                     .len = document->len,
                     .source = document->source,
                     .is_lenient = document->is_lenient,
                     .findings = findings,
                     .dom = &dom,
                     .line = 1,
                     .column = 1,
                     .error = err};
  int code;

  if (document->len > TINET__DOM_MAX_BYTES)
    return tinet__error_set(err, TINET_ELIMIT, TINET_ORIGIN_TINET, 0,
                            "%s: larger than 4 MiB", document->source);
  code = run(&r);
  tinet__buf_free(&r.text);
  if (code < 0)
    tinet__dom_free(&dom);
  else
    *ret_dom = dom;
  return code;
}

void tinet__dom_free(struct tinet__dom *dom)
{
  tinet__arena_free(&dom->arena);
  dom->root = NULL;
}

struct tinet__span tinet__node_trimmed(const struct tinet__node *node)
{
  const char *p = node->text;
  size_t len = node->text_len;

  for (; len > 0 && tinet__is_xml_space(*p); len--)
    p++;
  while (len > 0 && tinet__is_xml_space(p[len - 1]))
    len--;
  return (struct tinet__span){p, len};
}

const char *tinet__node_attribute(const struct tinet__node *node,
                                  const char *name)
{
  for (const struct tinet__attribute *a = node->attributes; a; a = a->next)
    if (strcmp(a->name, name) == 0)
      return a->value;
  return NULL;
}

struct tinet__node *tinet__node_child(const struct tinet__node *node,
                                      const char *name)
{
  for (struct tinet__node *n = node->first; n; n = n->next)
    if (strcmp(n->name, name) == 0)
      return n;
  return NULL;
}
