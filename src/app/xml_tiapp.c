/* xml_tiapp.c - libxml2's SAX interface, with everything dangerous shut off.
 *
 * The document ends as an error at `<!DOCTYPE`, before its declarations are
 * read.  So there is nothing an entity could be declared in, and nothing that
 * names a file.  Errors of namespaces are not errors here: projects often use
 * `android:` without declaring it.
 */
#include "xml.h"

#include "../core/alloc.h"
#include <tinet/error.h>

#include <libxml/parser.h>
#include <stdio.h>
#include <string.h>

#define MAX_DEPTH 100         /* ti: a tiapp.xml has about 10 levels */
#define MAX_BYTES (16u << 20) /* fits libxml2's int; callers allow less */

/* What libxml2 passes for each attribute. */
enum { ATTR_NAME, ATTR_PREFIX, ATTR_URI, ATTR_VALUE, ATTR_END, ATTR_N };

struct tinet__xml_element {
  const char *name;
  unsigned line;
  int n_attributes;
  const xmlChar **attributes;
};

struct reader {
  xmlParserCtxt *ctxt; /* owned */
  const struct tinet__xml_events *events;
  void *user;
  unsigned depth;
  int err;
  struct tinet__xml_stop *stop;
};

const char *tinet__xml_name(const struct tinet__xml_element *element)
{
  return element->name;
}

unsigned tinet__xml_line(const struct tinet__xml_element *element)
{
  return element->line;
}

struct tinet__span
tinet__xml_attribute(const struct tinet__xml_element *element, const char *name)
{
  struct tinet__span none = {NULL, 0};

  for (int i = 0; i < element->n_attributes; i++) {
    const xmlChar **a = element->attributes + i * ATTR_N;

    if (strcmp((const char *)a[ATTR_NAME], name) == 0)
      return (struct tinet__span){(const char *)a[ATTR_VALUE],
                                  (size_t)(a[ATTR_END] - a[ATTR_VALUE])};
  }
  return none;
}

static unsigned line_of(const struct reader *r)
{
  return r->ctxt->input ? (unsigned)r->ctxt->input->line : 1;
}

/* The first problem counts; what follows from it does not. */
static void fail(struct reader *r, int err, const char *text)
{
  if (err == 0 || r->err < 0)
    return;
  r->err = err;
  if (r->stop->line == 0) {
    r->stop->line = line_of(r);
    r->stop->column = r->ctxt->input ? (unsigned)r->ctxt->input->col : 1;
  }
  if (text)
    (void)snprintf(r->stop->text, sizeof r->stop->text, "%s", text);
  xmlStopParser(r->ctxt);
}

static void on_doctype(void *arg, const xmlChar *name, const xmlChar *public_id,
                       const xmlChar *system_id)
{
  (void)name, (void)public_id, (void)system_id;
  fail(arg, TINET_ESYNTAX, "a document type declaration is not allowed");
}

/* NOLINTNEXTLINE(readability-function-size): libxml2's signature */
static void on_start(void *arg, const xmlChar *name, const xmlChar *prefix,
                     const xmlChar *uri, int n_namespaces,
                     const xmlChar **namespaces, int n_attributes,
                     int n_defaulted, const xmlChar **attributes)
{
  struct reader *r = arg;
  struct tinet__xml_element element = {(const char *)name, line_of(r),
                                       n_attributes, attributes};

  (void)prefix, (void)uri, (void)n_namespaces, (void)namespaces;
  (void)n_defaulted;
  if (r->err < 0)
    return;
  if (r->depth++ >= MAX_DEPTH) {
    fail(r, TINET_ELIMIT, "elements are nested too deep");
    return;
  }
  fail(r, r->events->on_start(r->user, &element), NULL);
}

static void on_end(void *arg, const xmlChar *name, const xmlChar *prefix,
                   const xmlChar *uri)
{
  struct reader *r = arg;

  (void)name, (void)prefix, (void)uri;
  if (r->err < 0)
    return;
  r->depth--;
  fail(r, r->events->on_end(r->user), NULL);
}

static void on_text(void *arg, const xmlChar *text, int len)
{
  struct reader *r = arg;

  if (r->err == 0 && len > 0)
    fail(r, r->events->on_text(r->user, (const char *)text, (size_t)len), NULL);
}

/* libxml2's own words, up to the end of the line. */
static void on_error(void *arg, xmlErrorPtr e)
{
  struct reader *r = arg;
  char text[sizeof r->stop->text];

  if (e->level != XML_ERR_FATAL || r->err < 0)
    return;
  (void)snprintf(text, sizeof text, "%.*s",
                 e->message ? (int)strcspn(e->message, "\n") : 0,
                 e->message ? e->message : "");
  r->stop->line = e->line > 0 ? (unsigned)e->line : 1;
  r->stop->column = e->int2 > 0 ? (unsigned)e->int2 : 1;
  fail(r, e->code == XML_ERR_NO_MEMORY ? TINET_ENOMEM : TINET_ESYNTAX,
       text[0] ? text : "not well-formed XML");
}

static const xmlSAXHandler handlers = {
    .initialized = XML_SAX2_MAGIC,
    .internalSubset = on_doctype,
    .externalSubset = on_doctype,
    .startElementNs = on_start,
    .endElementNs = on_end,
    .characters = on_text,
    .ignorableWhitespace = on_text,
    .cdataBlock = on_text,
    .serror = on_error,
};

static void say_nothing(void *arg, xmlErrorPtr e)
{
  (void)arg, (void)e;
}

int tinet__xml_read(const void *data, size_t len,
                    const struct tinet__xml_events *events, void *user,
                    struct tinet__xml_stop *stop)
{
  struct reader r = {.events = events, .user = user, .stop = stop};
  xmlStructuredErrorFunc handler = xmlStructuredError;
  void *handler_user = xmlStructuredErrorContext;

  *stop = (struct tinet__xml_stop){0, 0, ""};
  if (len > MAX_BYTES)
    return TINET_ELIMIT;
  r.ctxt = xmlNewParserCtxt();
  if (!r.ctxt)
    return TINET_ENOMEM;
  *r.ctxt->sax = handlers;
  r.ctxt->userData = &r;
  /* NOENT only makes `&amp;` in an attribute arrive as `&`: without a document
   * type there is no other entity. */
  /* What is wrong with an encoding is told to this thread's handler alone,
   * which writes to standard error by default. */
  xmlSetStructuredErrorFunc(NULL, say_nothing);
  xmlFreeDoc(xmlCtxtReadMemory(r.ctxt, data, (int)len, NULL, NULL,
                               XML_PARSE_NONET | XML_PARSE_NOENT));
  xmlSetStructuredErrorFunc(handler_user, handler);
  if (!r.ctxt->wellFormed)
    fail(&r, TINET_ESYNTAX, "not well-formed XML");
  xmlFreeParserCtxt(r.ctxt);
  return r.err;
}
