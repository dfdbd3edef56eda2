/* error.h - filling a tinet_error in one line. */
#ifndef TINET_CORE_ERROR_H
#define TINET_CORE_ERROR_H

#include <tinet/error.h>

/* Sets every field and returns `code`.  `fmt` NULL = the code's own text.
 * Bytes below SP in the text become '?', so that a peer cannot write control
 * characters to a terminal; invalid UTF-8 is cut off. */
int tinet__error_set(tinet_error *e, int code, tinet_error_origin origin,
                     long number, const char *fmt, ...) TINET_PRINTF(5, 6);
/* origin SYSTEM, number = errnum; text is "<what>: <strerror>". */
int tinet__error_errno(tinet_error *e, int code, int errnum, const char *fmt,
                       ...) TINET_PRINTF(4, 5);
void tinet__error_clear(tinet_error *e); /* NULL is fine */

#endif
