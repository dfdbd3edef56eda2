/* tls_ats.h - App Transport Security within a handshake; OpenSSL stays behind
 * it. */
#ifndef TINET_HTTP_TLS_ATS_H
#define TINET_HTTP_TLS_ATS_H

#include <tinet/ats.h>
#include <tinet/trust.h>

/* What of a policy a connection is under.  Zeros: nothing. */
struct tinet__tls_ats {
  tinet_ats_policy *policy; /* NULL = none has a say */
  bool is_judged;           /* false: only its pins count */
  tinet_ats_suites suites;
  bool has_pins;
  bool is_overridden; /* the application accepts any certificate */
  bool is_limited;    /* what is offered is what the policy accepts, no less */
  bool is_added_anchor;     /* the authorities are not the system's */
  const tinet_trust *trust; /* borrowed; may have brought more */
  void (*security)(void);   /* OpenSSL's own opinion of suites and keys */
};

/* Has `ssl_ctx` (an SSL_CTX *) offer what the policy accepts and no other
 * suite; `ats` lives as long as it does. */
void tinet__tls_ats_limit(struct tinet__tls_ats *ats, void *ssl_ctx);

/* Judges what is known when the certificate has come; `store_ctx` is an
 * X509_STORE_CTX *.  If only pins count, its chain has been verified before.
 * 0; TINET_EPOLICY: denied, *ret_verdict is owned by the caller, and the error
 * and the current certificate of `store_ctx` are those that the verdict is
 * about.  TINET_ENOMEM. */
int tinet__tls_ats_judge(const struct tinet__tls_ats *ats, const char *host,
                         void *store_ctx,
                         tinet_ats_verdict **ret_verdict) TINET_MUST_CHECK;

/* The verdict about a handshake that came to nothing because server and policy
 * have nothing in common; NULL if that is not why.  Owned by the caller. */
tinet_ats_verdict *
tinet__tls_ats_nothing_in_common(const struct tinet__tls_ats *ats,
                                 const char *host,
                                 const tinet_tls_failure *failure);

#endif
