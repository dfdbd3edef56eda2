/* xml.h - an XML document as a stream of events, without what XML can do to a
 * reader: no document type, no entities, no files, no network. */
#ifndef TINET_APP_XML_H
#define TINET_APP_XML_H

#include "../core/str.h"

struct tinet__xml_element;

/* Each returns 0, or a negative code that ends the reading. */
struct tinet__xml_events {
  int (*on_start)(void *user, const struct tinet__xml_element *element);
  /* One run of text may come in pieces. */
  int (*on_text)(void *user, const char *text, size_t len);
  int (*on_end)(void *user);
};

/* Where reading stopped, and why: filled in for every error. */
struct tinet__xml_stop {
  unsigned line, column;
  char text[160];
};

/* Without its prefix. */
const char *tinet__xml_name(const struct tinet__xml_element *element);
unsigned tinet__xml_line(const struct tinet__xml_element *element);
/* The value, borrowed until on_start returns; p is NULL if it is absent. */
struct tinet__span
tinet__xml_attribute(const struct tinet__xml_element *element,
                     const char *name);

/* Reads `len` bytes.  TINET_ESYNTAX, TINET_ELIMIT (too deep), TINET_ENOMEM, or
 * what a callback returned. */
int tinet__xml_read(const void *data, size_t len,
                    const struct tinet__xml_events *events, void *user,
                    struct tinet__xml_stop *stop) TINET_MUST_CHECK;

#endif
