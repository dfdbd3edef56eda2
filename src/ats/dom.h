/* dom.h - an XML document as a tree in which every element knows its place.
 *
 * Property lists and tiapp.xml are read from it.  A document type may stand
 * there, as Apple's tools write one, but nothing may be declared in it, so
 * there are no entities; nothing outside of the document is ever looked at.
 */
#ifndef TINET_ATS_DOM_H
#define TINET_ATS_DOM_H

#include "../core/arena.h"
#include "../core/str.h"
#include "finding.h"

#define TINET__DOM_MAX_BYTES 4194304 /* of a document */
#define TINET__DOM_MAX_DEPTH 64
#define TINET__DOM_MAX_ELEMENTS 400000 /* 4 MiB of them, nearly */

struct tinet__node {
  const char *name; /* as written, with a prefix */
  struct tinet__place at;
  const char *text; /* all of it, comments left out; "" if there is none */
  size_t text_len;
  size_t first_len; /* of the text before the first comment or element */
  struct tinet__place text_at; /* the first that is not blank */
  bool has_text;               /* not only blanks */
  struct tinet__attribute {
    const char *name, *value;
    const struct tinet__attribute *next;
  } * attributes;
  struct tinet__node *first, *last, *next, *parent;
  size_t n_children;
};

/* Zero-initialise. */
struct tinet__dom {
  struct tinet__arena arena;
  struct tinet__node *root;
};

struct tinet__document {
  const void *data;
  size_t len;
  const char *source; /* its name; lives as long as the places are used */
  bool is_lenient;    /* reads on after what is not well-formed */
};

/* What is wrong with the document in passing goes to `findings`.  If it is
 * lenient also what is wrong for good, as far as a reader can go on after it;
 * else that is TINET_ESYNTAX.  TINET_ELIMIT, TINET_ENOMEM. */
int tinet__dom_read(const struct tinet__document *document,
                    struct tinet__findings *findings,
                    struct tinet__dom *ret_dom,
                    tinet_error *err) TINET_MUST_CHECK;
void tinet__dom_free(struct tinet__dom *dom);

static inline bool tinet__is_xml_space(char c)
{
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The text of `node` without the blanks around it. */
struct tinet__span tinet__node_trimmed(const struct tinet__node *node);

/* NULL if it is absent. */
const char *tinet__node_attribute(const struct tinet__node *node,
                                  const char *name);
/* The first child of that name, NULL if there is none. */
struct tinet__node *tinet__node_child(const struct tinet__node *node,
                                      const char *name);

#endif
