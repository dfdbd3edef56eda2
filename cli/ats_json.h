/* ats_json.h - the parts of a verdict as JSON.  Each begins with a comma: they
 * are members that follow another. */
#ifndef TINET_CLI_ATS_JSON_H
#define TINET_CLI_ATS_JSON_H

#include <stdio.h>
#include <tinet/ats.h>

void ats_json_text(FILE *out, const char *name, const char *value); /* NULL */
void ats_json_number(FILE *out, const char *name, long value);
void ats_json_flag(FILE *out, const char *name, bool value);
/* "1.2"; null for none. */
void ats_json_version(FILE *out, const char *name, unsigned v);
void ats_json_requirement(FILE *out, const tinet_ats_requirement *r);
void ats_json_verdict(FILE *out, const tinet_ats_verdict *v);

#endif
