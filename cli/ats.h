/* ats.h - what the verbs of `tinet ats` share. */
#ifndef TINET_CLI_ATS_H
#define TINET_CLI_ATS_H

#include <tinet/ats.h>

#include "cli.h"

/* Exit statuses of all verbs; from 64 on they are those of sysexits.h. */
enum {
  ATS_DENIED = 1,
  ATS_LINT = 2,
  ATS_EXCEPTION = 3,
  ATS_USAGE = 64,
  ATS_MALFORMED = 65,
  ATS_NO_FILE = 66,
  ATS_NO_HOST = 68,
  ATS_NO_CONNECTION = 69,
  ATS_INTERNAL = 70,
  ATS_TIMEOUT = 75,
};

extern const struct cli_verb ats_check, ats_diagnose, ats_explain, ats_plist;

/* ---- options that several verbs have ---- */

enum {
  ATS_OPTION_PROFILE = 100,
  ATS_OPTION_SDK,
  ATS_OPTION_LENIENT,
  ATS_OPTION_EXACT,
  ATS_OPTION_DEPTH,
};
#define ATS_OPTION_ROW_PROFILE                                                 \
  {                                                                            \
    ATS_OPTION_PROFILE, 0, "profile", "NAME",                                  \
        "whose rules: current, ios17, ios10, ios9,\napple-nosdk9"              \
  }
#define ATS_OPTION_ROW_SDK                                                     \
  {                                                                            \
    ATS_OPTION_SDK, 0, "titanium-sdk", "VERSION",                              \
        "the SDK that builds the project, if not the one\nthat tiapp.xml "     \
        "names"                                                                \
  }
#define ATS_OPTION_ROW_LENIENT                                                 \
  {                                                                            \
    ATS_OPTION_LENIENT, 0, "lenient", NULL,                                    \
        "read malformed XML as Titanium's tools would"                         \
  }
/* CLI_OK, or ATS_USAGE: what is wrong has been printed. */
int ats_option(tinet_ats_options *options, const char *verb, int id,
               const char *value);

/* Like cli_parse(), with the statuses of these commands. */
int ats_parse(struct cli_parser *parser, int argc, char **argv);

/* Reads a policy; a failure has been printed and its status is returned. */
int ats_load(const char *path, const tinet_ats_options *options,
             tinet_ats_policy **ret_policy);
/* For a TINET_E... code of reading a policy. */
int ats_load_status(int code);
void ats_exit_help(FILE *out);
/* Lines for a terminal: what is no text is shown, not sent.  Cuts `text` up. */
void ats_print_lines(char *text);

#endif
