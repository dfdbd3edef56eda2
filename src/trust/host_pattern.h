/* host_pattern.h - a host, or a wildcard for all names of a domain. */
#ifndef TINET_TRUST_HOST_PATTERN_H
#define TINET_TRUST_HOST_PATTERN_H

#include <tinet/base.h>

struct tinet__host_pattern {
  char *name; /* owned; ASCII, lower case, no dot at the end; NULL = any host */
  bool is_wildcard;
};

/* ti: createX509CertificatePinningSecurityManager - any case, IDNA, one dot at
 * the end ignored, "*." for any number of labels, none included.  NULL is the
 * pattern of every host.  TINET_EURL, TINET_ENOMEM. */
int tinet__host_pattern_parse(
    const char *text, struct tinet__host_pattern *ret_pattern) TINET_MUST_CHECK;
void tinet__host_pattern_free(struct tinet__host_pattern *p);
/* 0 = does not match; else the greater the more exact. */
size_t tinet__host_pattern_match(const struct tinet__host_pattern *p,
                                 const char *host);

#endif
