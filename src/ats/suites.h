/* suites.h - which cipher suites count as what. */
#ifndef TINET_ATS_SUITES_H
#define TINET_ATS_SUITES_H

#include <tinet/ats.h>

bool tinet__suite_is_in(unsigned suite, tinet_ats_profile profile,
                        tinet_ats_suites suites);
/* No forward secrecy: the key exchange is static RSA. */
bool tinet__suite_is_static_rsa(unsigned suite);
/* ECDHE with AES-GCM, or any of TLS 1.3.  apple:
 * NSRequiresNIAPTLSPackageVersion
 */
bool tinet__suite_is_niap(unsigned suite);

#endif
