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

/* Of a file that is malformed, what makes it so is an error, although it was
 * passed over to find the rest. */
tinet_ats_severity ats_check_severity(const struct ats_checked *file,
                                      const tinet_ats_finding *f);
void ats_check_sarif(const struct ats_checked *files, size_t n_files);

#endif
