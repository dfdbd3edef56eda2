/* ats_html.h - the parts of the page that are no text. */
#ifndef TINET_CLI_ATS_HTML_H
#define TINET_CLI_ATS_HTML_H

#include "ats_diagnose.h"

/* From <!DOCTYPE> to the style. */
extern const char diagnose_html_head[];

/* What a server offers, as a picture. */
void diagnose_html_matrix(FILE *out, const tinet_ats_server *server);

#endif
