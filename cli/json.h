/* json.h - writing JSON, whatever the strings contain. */
#ifndef TINET_CLI_JSON_H
#define TINET_CLI_JSON_H

#include <stdio.h>

/* The string with its quotes; what is not UTF-8 becomes U+FFFD.  NULL is "". */
void cli_json_string(FILE *out, const char *s);
/* `"name": "value"` with `before` in front. */
void cli_json_member(FILE *out, const char *before, const char *name,
                     const char *value);

#endif
