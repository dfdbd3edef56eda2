/* charset.h - from body bytes to UTF-8 text.  ti: HTTPClient.responseText */
#ifndef TINET_HTTP_CHARSET_H
#define TINET_HTTP_CHARSET_H

#include <tinet/error.h>

/* Decodes by the five steps; never fails but for TINET_ENOMEM.  WHATWG labels
 * ("latin1" is windows-1252 only when a label says so; the last step is real
 * ISO-8859-1).  *ret_text is NUL-terminated, tinet__free() it. */
int tinet__charset_decode(const char *content_type, const void *data,
                          size_t len, char **ret_text,
                          size_t *ret_len) TINET_MUST_CHECK;

#endif
