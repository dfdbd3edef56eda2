/* framing.h - may a response say that about the length of its body? */
#ifndef TINET_HTTP_FRAMING_H
#define TINET_HTTP_FRAMING_H

#include "header.h"

/* Content-Length: digits only, below 8 EiB, several only if they are equal;
 * Transfer-Encoding (HTTP/1.1): chunked only.  What is not clear could be
 * understood in two ways by two recipients.  rfc: 9112 6.1, 6.3
 * TINET_EPROTOCOL, *err filled. */
int tinet__framing_check(const struct tinet__headers *headers, int http_version,
                         tinet_error *err) TINET_MUST_CHECK;

#endif
