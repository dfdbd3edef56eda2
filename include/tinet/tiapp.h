/* tiapp.h - what a Titanium project says about itself in tiapp.xml.
 *
 * A tinet_tiapp is the parsed file: the values behind Titanium.App.id, name,
 * version, publisher, url, description, copyright and guid, and the properties
 * that Titanium.App.Properties starts from.
 *
 * What is read are the direct children of the root element, whose own name does
 * not matter.  A child that holds only text is a value, trimmed; a `property`
 * is a property; a child that holds elements (`ios`, `android`, `modules`) is
 * passed over.  A value that occurs twice: one with platform="linux" goes
 * before one without a platform, that before one for another platform, and
 * among equals the first counts.  A property that occurs twice: the last
 * counts.
 *
 * The document is not trusted.  A document type declaration is an error, so no
 * entity but the five of XML is ever expanded; no file and no network is
 * touched; at most 8 MiB, 100 levels, 4,096 values and 4,096 properties.
 *
 * Ownership  The caller owns a tinet_tiapp from parse to free.  Every string is
 *            borrowed from it, UTF-8 and NUL-terminated.
 * Threads    Anywhere; a tinet_tiapp does not change once it is parsed.
 * Errors     0 or a negative code of <tinet/error.h>.  A call that fails has
 *            changed nothing, its ret_ parameters included.
 */
#ifndef TINET_TIAPP_H
#define TINET_TIAPP_H

#include <tinet/base.h>
#include <tinet/error.h>

TINET_BEGIN_DECLS

typedef struct tinet_tiapp tinet_tiapp;

/* One value or property.
 * ti: Titanium.App.Properties */
typedef struct tinet_tiapp_entry {
  const char *name;  /* of the element, or of the property */
  const char *type;  /* as written: "string" (also if absent), "bool", ... */
  const char *value; /* never NULL, may be "" */
  unsigned line;     /* where its start tag ends, from 1 */
} tinet_tiapp_entry;

/* Parses `len` bytes.  `filename` is borrowed and only stands in error texts;
 * NULL = "tiapp.xml".  `err` may be NULL, else it is filled in on failure; its
 * text begins with "file:line:column: ".  TINET_EINVAL (no data, no ret_tiapp),
 * TINET_ENOMEM, TINET_ELIMIT (a ceiling named above), TINET_ESYNTAX: not
 * well-formed XML, a document type, a property without a name, `id` or `name`
 * missing or empty, or an `id` of other characters than letters, digits, `.`,
 * `_` and `-`. */
TINET_API int tinet_tiapp_parse(const void *data, size_t len,
                                const char *filename, tinet_tiapp **ret_tiapp,
                                tinet_error *err) TINET_MUST_CHECK;

/* Frees it; NULL is fine. */
TINET_API void tinet_tiapp_free(tinet_tiapp *app);

/* The value of an element: "id", "name", "version", "publisher", "url",
 * "description", "copyright", "guid", "sdk-version", "deploy-type" or any
 * other; NULL if the document has none.  "id" and "name" are never NULL or "".
 * ti: Titanium.App.id */
TINET_API const char *tinet_tiapp_value(const tinet_tiapp *app,
                                        const char *element);

/* All values, in the order of the document. */
TINET_API size_t tinet_tiapp_n_values(const tinet_tiapp *app);
/* An index that is too large gives an entry of NULLs. */
TINET_API tinet_tiapp_entry tinet_tiapp_value_at(const tinet_tiapp *app,
                                                 size_t index);

/* The property of that name; NULL if the document has none. */
TINET_API const tinet_tiapp_entry *tinet_tiapp_property(const tinet_tiapp *app,
                                                        const char *name);

/* All properties, in the order of the document. */
TINET_API size_t tinet_tiapp_n_properties(const tinet_tiapp *app);
/* An index that is too large gives an entry of NULLs. */
TINET_API tinet_tiapp_entry tinet_tiapp_property_at(const tinet_tiapp *app,
                                                    size_t index);

TINET_END_DECLS

#endif
