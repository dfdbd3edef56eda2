/* probe.h - the parts of probing a server: connecting, one handshake. */
#ifndef TINET_ATS_PROBE_H
#define TINET_ATS_PROBE_H

#include "tls_facts.h"
#include <sys/socket.h>
#include <tinet/ats_diagnose.h>

#define TINET__MAX_ADDRESSES 16

struct tinet__addresses {
  size_t n;
  struct tinet__peer {
    struct sockaddr_storage address;
    socklen_t len;
  } peers[TINET__MAX_ADDRESSES];
};

/* Resolves; gives up after the timeout.  TINET_ERESOLVE, TINET_ETIMEDOUT,
 * TINET_ENOMEM. */
int tinet__probe_resolve(const char *host, uint16_t port, uint32_t timeout_ms,
                         struct tinet__addresses *ret_addresses,
                         tinet_error *err) TINET_MUST_CHECK;
/* Connects to the first that answers and puts it in front.  TINET_ECONNECT,
 * TINET_ETIMEDOUT. */
int tinet__probe_connect(struct tinet__addresses *addresses,
                         uint64_t deadline_us, int *ret_fd,
                         tinet_error *err) TINET_MUST_CHECK;
/* Waits until `events` of poll(2) happen.  TINET_ETIMEDOUT, TINET_ESYSTEM. */
int tinet__probe_wait(int fd, short events,
                      uint64_t deadline_us) TINET_MUST_CHECK;
void tinet__peer_text(const struct tinet__peer *peer, char *to, size_t size);

/* What a handshake offers. */
struct tinet__offer {
  unsigned min, max;   /* TLS versions */
  const char *ciphers; /* OpenSSL's, up to TLS 1.2; NULL = none matter */
  bool is_for_all;     /* also what is not on any list of ATS */
};

/* An X509_STORE, borrowed. */
void *tinet__authorities_store(const tinet_ats_authorities *authorities);
/* `cert`, an X509, is of the file that was given. */
bool tinet__authorities_are_added(const tinet_ats_authorities *authorities,
                                  const void *cert);

struct tinet__handshake {
  const tinet_ats_authorities *authorities;
  int fd;
  const char *server_name;
  uint64_t deadline_us;
  const struct tinet__offer *offer;
};

/* Makes one; the chain, if one came, goes to `chain` (else ->n is 0).
 * TINET_ENOMEM; everything else is in `probe`. */
int tinet__probe_handshake(const struct tinet__handshake *h,
                           tinet_ats_probe *probe,
                           tinet_ats_chain *chain) TINET_MUST_CHECK;

#endif
