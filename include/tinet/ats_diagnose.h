/* ats_diagnose.h - what a TLS server offers, and what App Transport Security
 * makes of it.
 *
 * A server is probed once, by a matrix of handshakes that differ in what they
 * offer; then any number of policies can be judged without connecting again:
 * the configurations that Apple's nscurl tries, and the smallest exception that
 * would let the server pass.  No HTTP is spoken.
 *
 * Ownership  The caller owns a tinet_ats_server; what is in it lives as long.
 * Threads    Functions block; different objects from any number of threads.
 * Errors     0 or a negative code of <tinet/error.h>.
 */
#ifndef TINET_ATS_DIAGNOSE_H
#define TINET_ATS_DIAGNOSE_H

#include <tinet/ats.h>
#include <tinet/base.h>
#include <tinet/error.h>

TINET_BEGIN_DECLS

/* ---- probing ---- */

/* X(NAME, "name", "what is offered") */
#define TINET_ATS_PROBE_TABLE(X)                                               \
  X(ATS, "P0", "what ATS offers: TLS 1.2 to 1.3, its suites")                  \
  X(TLS13, "P1", "TLS 1.3 only")                                               \
  X(TLS12, "P2", "TLS 1.2, suites of ATS")                                     \
  X(TLS12_RSA, "P3", "TLS 1.2, static RSA")                                    \
  X(TLS12_OTHER, "P4", "TLS 1.2, DHE and all other suites")                    \
  X(TLS11, "P5", "TLS 1.1, suites of ATS")                                     \
  X(TLS11_RSA, "P5r", "TLS 1.1, static RSA")                                   \
  X(TLS10, "P6", "TLS 1.0, suites of ATS")                                     \
  X(TLS10_RSA, "P6r", "TLS 1.0, static RSA")                                   \
  X(ANY, "P7", "everything there is")                                          \
  X(NIAP, "P8", "TLS 1.2, ECDHE with AES-GCM (NIAP)")

typedef enum tinet_ats_probe_kind {
#define TINET_ATS_PROBE_ENUM(name, label, title) TINET_ATS_PROBE_##name,
  TINET_ATS_PROBE_TABLE(TINET_ATS_PROBE_ENUM)
#undef TINET_ATS_PROBE_ENUM
      TINET_ATS_N_PROBES
} tinet_ats_probe_kind;

/* "P0" and what it offers.  Static. */
TINET_API const char *tinet_ats_probe_name(tinet_ats_probe_kind kind);
TINET_API const char *tinet_ats_probe_title(tinet_ats_probe_kind kind);

/* One handshake.  Text is UTF-8 without control characters. */
typedef struct tinet_ats_probe {
  bool is_made; /* false: it was not needed */
  /* 0: complete.  TINET_ETLS: the server has nothing in common with the offer;
   * TINET_EUNSUPPORTED: this machine's OpenSSL has nothing of it;
   * TINET_ECLOSED: the connection was closed in the middle; TINET_EPROTOCOL:
   * the peer does not speak TLS, or breaks its rules; TINET_ETIMEDOUT,
   * TINET_ERESOLVE, TINET_ECONNECT. */
  int code;
  bool is_other_protocol; /* TINET_EPROTOCOL: there is no TLS at all */
  int alert;              /* TLS's number that the server sent; -1 = none */
  char text[192];         /* why it failed */
  unsigned version, suite;
  char suite_name[64];
  char group[32]; /* "X25519"; "" = not known */
  char alpn[16];
  bool has_extended_master_secret; /* also true for TLS 1.3 */
  bool asks_client_certificate;    /* which was not given */
  int chain;                       /* index of its chain; -1 = none came */
} tinet_ats_probe;

/* A certificate, for people. */
typedef struct tinet_ats_described {
  char subject[160], issuer[160];
  char key[48], hash[24];             /* "RSA 2048", "SHA256" */
  char not_before[24], not_after[24]; /* 2026-01-31T23:59:59Z */
  char names[512];                    /* the leaf's */
} tinet_ats_described;

/* What a server showed in some of the probes: as verified with the system's
 * authorities or those given, or as sent where that was not possible. */
typedef struct tinet_ats_chain {
  size_t n;
  tinet_ats_certificate certificates[TINET_ATS_CHAIN_MAX];
  tinet_ats_described described[TINET_ATS_CHAIN_MAX];
  tinet_ats_trust trust;
  long openssl_code;      /* of the first thing that is wrong, 0 = nothing */
  const char *trust_text; /* OpenSSL's words for it; static */
  int trust_depth;        /* of that certificate */
  bool is_host_matched;
  /* The leaf's key is on a curve other than P-256, P-384 and P-521. */
  bool is_on_odd_curve;
  tinet_ats_anchor anchor;
  unsigned n_scts_embedded, n_scts_tls, n_scts_ocsp; /* not validated */
} tinet_ats_chain;

#define TINET_ATS_CHAINS_MAX 3 /* RSA, ECDSA, and one more */

typedef struct tinet_ats_server {
  char host[256]; /* whom the certificate must name */
  uint16_t port;
  char address[64]; /* numeric, that was connected to; "" */
  /* 0 if at least one handshake was completed, or the server speaks TLS and
   * refuses all that is offered; else why nothing can be said, which is nothing
   * that ATS is to blame for. */
  tinet_error error;
  tinet_ats_probe probes[TINET_ATS_N_PROBES];
  size_t n_chains;
  tinet_ats_chain chains[TINET_ATS_CHAINS_MAX];
  unsigned best_version; /* the highest that was completed; 0 = none */
} tinet_ats_server;

/* Whom to trust: the system's authorities, and those in a file. */
typedef struct tinet_ats_authorities tinet_ats_authorities;

/* Reads them, once for any number of servers.  `ca_file` is PEM; NULL = the
 * system's alone.  TINET_EFILE: it cannot be read, or has no certificate;
 * TINET_ENOMEM, TINET_EINVAL. */
TINET_API int tinet_ats_authorities_new(const char *ca_file,
                                        tinet_ats_authorities **ret_authorities,
                                        tinet_error *err) TINET_MUST_CHECK;
/* NULL is fine. */
TINET_API void tinet_ats_authorities_free(tinet_ats_authorities *authorities);

/* Zeros are the defaults.  Everything is borrowed for the call. */
typedef struct tinet_ats_probe_options {
  const char *host;         /* of the URL; needed */
  uint16_t port;            /* 0 = 443 */
  const char *connect_host; /* connect there instead */
  uint16_t connect_port;    /* 0 = `port` */
  const char *server_name;  /* SNI, and whom the certificate must name */
  /* NULL = the system's, which are then read for this server. */
  const tinet_ats_authorities *authorities;
  uint32_t timeout_ms; /* of each handshake; all get twice that; 0 = 10,000 */
  /* Whose suites are offered; judge by policies of the same profile. */
  tinet_ats_profile profile;
  bool is_quick; /* what ATS accepts is enough */
  bool has_niap; /* P8 too */
} tinet_ats_probe_options;

/* Probes a server.  0 also if it cannot be reached or does not speak TLS: then
 * ->error says so.  TINET_EINVAL, TINET_ENOMEM. */
TINET_API int tinet_ats_server_probe(const tinet_ats_probe_options *options,
                                     tinet_ats_server **ret_server,
                                     tinet_error *err) TINET_MUST_CHECK;
/* NULL is fine. */
TINET_API void tinet_ats_server_free(tinet_ats_server *server);

/* ---- judging ---- */

/* Judges what a client under `policy` would get from the server.  The request's
 * host may differ from the server's (a name that leads there); its scheme is
 * https.  `ret_used` (may be NULL): the probe that was taken for it, NULL if
 * none.  The verdict of a server that completed no handshake is
 * `tls-handshake`.
 * TINET_EINVAL. */
TINET_API int tinet_ats_server_judge(
    const tinet_ats_server *server, const tinet_ats_policy *policy,
    const tinet_ats_request *request, tinet_ats_verdict *ret_verdict,
    const tinet_ats_probe **ret_used) TINET_MUST_CHECK;

/* What an entry of NSExceptionDomains says; zeros: nothing. */
typedef struct tinet_ats_relief {
  unsigned min_version; /* 0x0301 ...; 0 = not said */
  bool disables_forward_secrecy;
  bool allows_insecure_http;
  bool allows_everything; /* not an entry: NSAllowsArbitraryLoads */
} tinet_ats_relief;

/* `host` as a key of NSExceptionDomains must be written to match it: lower
 * case, encoded, an address in its shortest form.  TINET_EINVAL: empty or
 * longer than a host can be; TINET_ENOMEM. */
#define TINET_ATS_HOST_KEY_MAX 256
TINET_API int
tinet_ats_host_key(const char *host,
                   char key[TINET_ATS_HOST_KEY_MAX]) TINET_MUST_CHECK;

/* The policy whose only entry is that for `host`.  TINET_EINVAL,
 * TINET_ENOMEM. */
TINET_API int
tinet_ats_relief_policy(const tinet_ats_relief *relief, const char *host,
                        const tinet_ats_options *options,
                        tinet_ats_policy **ret_policy) TINET_MUST_CHECK;

#define TINET_ATS_N_CONFIGURATIONS 16

/* What Apple's nscurl tries, in its order.  apple: nscurl --ats-diagnostics */
typedef struct tinet_ats_configuration {
  const char *group; /* with %s for the host */
  const char *title;
  tinet_ats_relief relief;
} tinet_ats_configuration;

/* NULL if the index is too large.  Static. */
TINET_API const tinet_ats_configuration *
tinet_ats_configuration_at(size_t index);

/* The smallest entry under which the request passes, in the order of harm.  0;
 * TINET_EPOLICY: no entry can help.  `server` may be NULL for http.
 * TINET_EINVAL, TINET_ENOMEM. */
TINET_API int
tinet_ats_smallest_relief(const tinet_ats_server *server,
                          const tinet_ats_request *request,
                          const tinet_ats_options *options,
                          tinet_ats_relief *ret_relief) TINET_MUST_CHECK;

TINET_END_DECLS

#endif
