/* psl.h - public suffixes, by libpsl. */
#ifndef TINET_CORE_PSL_H
#define TINET_CORE_PSL_H

#include <tinet/base.h>

/* `domain` is ASCII, lower case, no address. */
bool tinet__psl_is_suffix(const char *domain);
/* The registrable domain: points into `domain`; all of it if there is none. */
const char *tinet__psl_registrable(const char *domain);

#endif
