/* idna.h - internationalised host names, by libidn2. */
#ifndef TINET_HTTP_IDNA_H
#define TINET_HTTP_IDNA_H

#include <tinet/error.h>

/* The A-label form, lower case; tinet__free() it.  TINET_EURL, TINET_ENOMEM. */
int tinet__idna_to_ascii(const char *host, char **ret_ascii,
                         tinet_error *err) TINET_MUST_CHECK;

#endif
