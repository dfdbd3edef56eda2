/* auth_challenge.h - what WWW-Authenticate asks for.
 *
 * parse, pure.  rfc: 9110 11.3, 11.6.1
 */
#ifndef TINET_HTTP_AUTH_CHALLENGE_H
#define TINET_HTTP_AUTH_CHALLENGE_H

#include "header.h"

enum tinet__auth_scheme {
  TINET__AUTH_UNKNOWN,
  TINET__AUTH_BASIC, /* from here on by strength */
  TINET__AUTH_NTLM,
  TINET__AUTH_DIGEST,
  TINET__AUTH_NEGOTIATE,
};

/* Challenges of one response; more are not looked at. */
#define TINET__MAX_CHALLENGES 16
#define TINET__MAX_AUTH_PARAMS 16

struct tinet__auth_param {
  const char *name;  /* lower case */
  const char *value; /* unquoted */
};

struct tinet__challenge {
  enum tinet__auth_scheme scheme;
  struct tinet__auth_param params[TINET__MAX_AUTH_PARAMS];
  size_t n_params;
};

struct tinet__challenges {
  struct tinet__challenge list[TINET__MAX_CHALLENGES];
  size_t n;
  char *text; /* owned; the strings above point into it */
};

/* All fields `name` of a response.  What is malformed ends its field, what
 * came before counts.  TINET_ENOMEM. */
int tinet__challenges_parse(const struct tinet__headers *headers,
                            const char *name,
                            struct tinet__challenges *ret) TINET_MUST_CHECK;
void tinet__challenges_free(struct tinet__challenges *c);
/* NULL if it is not there. */
const char *tinet__challenge_param(const struct tinet__challenge *c,
                                   const char *name);

#endif
