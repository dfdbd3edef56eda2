/* finding.h - the list of what readers and lints have to say about a file. */
#ifndef TINET_ATS_FINDING_H
#define TINET_ATS_FINDING_H

#include <tinet/ats.h>

#include "value.h"

#define TINET__FINDINGS_MAX 10000 /* the next one is not kept */

/* Zero-initialise. */
struct tinet__findings {
  struct tinet__finding {
    tinet_ats_finding is; /* its strings are owned, but id and why */
    size_t order;
  } * items; /* owned */
  size_t n, cap;
};

/* The source of values that Titanium's builder adds: nobody is told about
 * those. */
#define TINET__SOURCE_INJECTED "injected by the build"

/* Adds one.  `id` must stand in the table of finding.c, which knows its
 * severity, why it matters and whether App Review asks.  `suggestion` may be
 * NULL.  All but `id` is copied.  TINET_ENOMEM. */
int tinet__findings_add(struct tinet__findings *f, const char *id,
                        const struct tinet__place *at, const char *suggestion,
                        const char *fmt, ...)
    TINET_PRINTF(5, 6) TINET_MUST_CHECK;
/* Changes the severity of the one just added. */
void tinet__findings_set_severity(struct tinet__findings *f,
                                  tinet_ats_severity severity);
/* Takes one that another list holds; `item` is zero afterwards.  TINET_ENOMEM.
 */
int tinet__findings_move(struct tinet__findings *f,
                         struct tinet__finding *item) TINET_MUST_CHECK;
/* By file, then by line and column; equal ones stay in their order. */
void tinet__findings_sort(struct tinet__findings *f);
void tinet__findings_free(struct tinet__findings *f); /* back to zero */

#endif
