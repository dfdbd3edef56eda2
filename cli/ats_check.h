/* ats_check.h - the findings of `tinet ats check`, and how they are written. */
#ifndef TINET_CLI_ATS_CHECK_H
#define TINET_CLI_ATS_CHECK_H

#include <tinet/ats.h>

/* One file that was checked.  Of a malformed one there are the findings up to
 * where reading stopped, and what made it stop. */
struct ats_checked {
  const char *path;         /* borrowed from argv */
  tinet_ats_policy *policy; /* owned; NULL: nothing could be read */
  char *error;              /* owned; NULL: none */
  int status;
};

void ats_check_sarif(const struct ats_checked *files, size_t n_files);

#endif
