/* tls_facts.h - what a TLS handshake has shown, in the terms of the policy.
 * OpenSSL stays behind it. */
#ifndef TINET_ATS_TLS_FACTS_H
#define TINET_ATS_TLS_FACTS_H

#include <tinet/ats.h>

#define TINET__ATS_SUBJECT_MAX 160

/* Its parts point into each other: do not copy it. */
struct tinet__ats_facts {
  tinet_ats_connection connection;
  tinet_ats_certificate chain[TINET_ATS_CHAIN_MAX];
  char subjects[TINET_ATS_CHAIN_MAX][TINET__ATS_SUBJECT_MAX];
};

/* What a verification has come to: the first thing that was wrong. */
struct tinet__ats_trial {
  long error; /* X509_V_OK, X509_V_ERR_... */
  int depth;  /* of the certificate */
};

/* Verifies the chain of `store_ctx` (an X509_STORE_CTX *) to the end whatever
 * is wrong with it.  The host's name, the size of keys and the hashes are left
 * to the policy. */
void tinet__ats_verify(void *store_ctx, struct tinet__ats_trial *ret_trial);

struct tinet__ats_evidence {
  const char *host;
  const void *ssl;   /* SSL *, its version and suite are settled */
  const void *chain; /* STACK_OF(X509) *: leaf first, as verified, or as sent
                        where it could not be */
  struct tinet__ats_trial trial;
  bool is_added_anchor; /* the application brought the authorities itself */
  bool has_pins;        /* the hashes of the keys matter */
  bool is_told;         /* so do the names, which cost more than all else */
};

/* Without a list of logs, nothing is known about timestamps.  Within a
 * handshake nothing is known about Extended Master Secret, and it counts as
 * there. */
void tinet__ats_facts_read(struct tinet__ats_facts *facts,
                           const struct tinet__ats_evidence *evidence);

/* An authority that a person has added to the system's store.  `cert` is an
 * X509 *.  From any thread; the first call reads the folders that distributions
 * keep for that. */
bool tinet__ats_is_added_authority(const void *cert);

#endif
