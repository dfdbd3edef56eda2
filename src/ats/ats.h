/* ats.h - what the HTTP client asks of the policy beyond its public face. */
#ifndef TINET_ATS_PRIVATE_H
#define TINET_ATS_PRIVATE_H

#include <tinet/ats.h>

/* Denies what no connection could be judged for: the handshake came to nothing
 * within the limits of the policy, or the application wants something outside
 * of them.  `verdict` is that of the request before connecting. */
void tinet__ats_deny(const tinet_ats_policy *policy,
                     const tinet_ats_request *request, tinet_ats_code code,
                     const char *text, tinet_ats_verdict *verdict);

#endif
