/* ats.h - App Transport Security: what an iOS application may load.
 *
 * A tinet_ats_policy is the NSAppTransportSecurity dictionary of an Info.plist,
 * or the one that Titanium's iOS build would make of a tiapp.xml.  Given a
 * request, and for https the facts of the connection, it says allow or deny,
 * why, what an application would see, and which key would change it.  Nothing
 * here opens a connection; the HTTP client asks, and anybody else can.
 *
 * Ownership  Made by parse, load or new, then shared: ref and unref.  Strings
 *            of findings, exceptions and verdicts are borrowed from the policy
 *            they came from, or static.
 * Threads    Any; a policy does not change once it is made.
 * Errors     0 or a negative code of <tinet/error.h>.  A call that fails has
 *            changed nothing, its ret_ parameters included.
 */
#ifndef TINET_ATS_H
#define TINET_ATS_H

#include <tinet/base.h>
#include <tinet/error.h>
#include <tinet/trust.h>

TINET_BEGIN_DECLS

typedef struct tinet_ats_policy tinet_ats_policy;

/* Whose rules: those of the system's version, which grew over the years. */
typedef enum tinet_ats_profile {
  TINET_ATS_PROFILE_CURRENT = 0, /* iOS 18.4, 26; macOS 15.4, 26 */
  TINET_ATS_PROFILE_IOS17,       /* iOS 17 to 18.3 */
  TINET_ATS_PROFILE_IOS10,       /* iOS 10 to 16 */
  TINET_ATS_PROFILE_IOS9,        /* iOS 9 */
  TINET_ATS_PROFILE_NO_SDK9,     /* linked against an SDK older than iOS 9 */
} tinet_ats_profile;

/* "current", "ios17", "ios10", "ios9", "apple-nosdk9".  Static. */
TINET_API const char *tinet_ats_profile_name(tinet_ats_profile profile);
/* TINET_EINVAL: there is none of that name. */
TINET_API int
tinet_ats_profile_find(const char *name,
                       tinet_ats_profile *ret_profile) TINET_MUST_CHECK;

/* The exceptions that Apple's systems have built in (apple.com ...). */
#define TINET_ATS_FLAG_BUILTIN_EXCEPTIONS (1u << 0)
/* Keys are compared byte for byte, as Apple does: neither IDNA nor the many
 * spellings of an address are understood.  Implies the built-in exceptions. */
#define TINET_ATS_FLAG_APPLE_EXACT (1u << 1)
/* NSIncludesSubdomains reaches one label down, as Apple's documentation says,
 * and not all, as Apple's systems do. */
#define TINET_ATS_FLAG_SUBDOMAIN_DEPTH_ONE (1u << 2)
/* Every server must prove Certificate Transparency, not only one of a public
 * authority; what cannot be judged is denied. */
#define TINET_ATS_FLAG_REQUIRE_CT (1u << 3)
/* Malformed XML is read as far as Titanium's tools would read it; what was
 * wrong becomes a finding. */
#define TINET_ATS_FLAG_LENIENT (1u << 4)

/* Zeros are the defaults. */
typedef struct tinet_ats_options {
  tinet_ats_profile profile;
  unsigned flags; /* TINET_ATS_FLAG_... */
  /* tiapp.xml: the version of the Titanium SDK that builds it ("12.1.0");
   * NULL = what <sdk-version> says, or a recent one.  Borrowed. */
  const char *titanium_sdk;
} tinet_ats_options;

/* ---- findings ---- */

typedef enum tinet_ats_severity {
  TINET_ATS_INFO,
  TINET_ATS_WARNING,
  TINET_ATS_ERROR, /* the policy is not what its author thinks */
} tinet_ats_severity;

/* "info", "warning", "error".  Static. */
TINET_API const char *tinet_ats_severity_name(tinet_ats_severity severity);

/* Something in the file that its author should know.  Strings are UTF-8. */
typedef struct tinet_ats_finding {
  const char *id; /* "unknown-key": stable */
  tinet_ats_severity severity;
  const char *file;         /* as given */
  unsigned line, column;    /* from 1; 0 = unknown */
  const char *message;      /* one line: what is wrong */
  const char *suggestion;   /* what to write instead; "" if there is nothing */
  const char *why;          /* why it matters; static */
  bool needs_justification; /* App Review will ask */
} tinet_ats_finding;

/* ---- policies ---- */

/* The policy of an empty dictionary: ATS as Apple ships it.  `options` may be
 * NULL.  TINET_EINVAL, TINET_ENOMEM. */
TINET_API int
tinet_ats_policy_new(const tinet_ats_options *options,
                     tinet_ats_policy **ret_policy) TINET_MUST_CHECK;

/* Reads an Info.plist (XML or binary) or a tiapp.xml; which of them, the
 * content tells.  `filename` is copied and stands in findings and errors.
 * `err` may be NULL; its text begins with "file:line:column: ".
 * TINET_ESYNTAX: not well-formed, or a document type or an entity that a policy
 * has no use for; TINET_ELIMIT: larger than 4 MiB or deeper than 64 levels;
 * TINET_EINVAL, TINET_ENOMEM. */
TINET_API int tinet_ats_policy_parse(const void *data, size_t len,
                                     const char *filename,
                                     const tinet_ats_options *options,
                                     tinet_ats_policy **ret_policy,
                                     tinet_error *err) TINET_MUST_CHECK;

/* The same from a file; a folder is a Titanium project: its tiapp.xml, over the
 * Info.plist beside it if there is one; without a tiapp.xml it is the
 * Info.plist.  Also TINET_EFILE. */
TINET_API int tinet_ats_policy_load(const char *path,
                                    const tinet_ats_options *options,
                                    tinet_ats_policy **ret_policy,
                                    tinet_error *err) TINET_MUST_CHECK;

/* Another reference to the same object; returns it.  NULL is fine. */
TINET_API tinet_ats_policy *tinet_ats_policy_ref(tinet_ats_policy *policy);
/* Gives a reference back; NULL is fine. */
TINET_API void tinet_ats_policy_unref(tinet_ats_policy *policy);

/* The profile that was asked for when the policy was made. */
TINET_API tinet_ats_profile
tinet_ats_policy_profile(const tinet_ats_policy *policy);

/* What was found while reading, in the order of the files. */
TINET_API size_t tinet_ats_policy_n_findings(const tinet_ats_policy *policy);
/* An index that is too large gives NULL. */
TINET_API const tinet_ats_finding *
tinet_ats_policy_finding(const tinet_ats_policy *policy, size_t index);

typedef enum tinet_ats_format {
  TINET_ATS_FORMAT_TABLE, /* for a person: each value with its origin */
  TINET_ATS_FORMAT_PLIST, /* an XML property list */
  TINET_ATS_FORMAT_JSON,
} tinet_ats_format;

/* What an application would find in its Info.plist: NSAppTransportSecurity, or
 * with `is_whole` all of it.  Names and values of the file stand there as they
 * are.  tinet_free() it.  TINET_EINVAL, TINET_ENOMEM. */
TINET_API int tinet_ats_policy_print(const tinet_ats_policy *policy,
                                     tinet_ats_format format, bool is_whole,
                                     char **ret_text) TINET_MUST_CHECK;

/* ---- exceptions ---- */

typedef enum tinet_ats_niap {
  TINET_ATS_NIAP_NONE,
  TINET_ATS_NIAP_FCP_V2_1
} tinet_ats_niap;

/* One entry of NSExceptionDomains.  Versions are those of the wire: 0x0301 is
 * TLS 1.0, 0x0304 is TLS 1.3.  apple: NSExceptionDomains */
typedef struct tinet_ats_exception {
  const char *key;
  const char *file; /* NULL: built in */
  unsigned line, column;
  bool includes_subdomains;
  bool allows_insecure_http;
  bool requires_forward_secrecy;
  unsigned min_version;
  tinet_ats_niap niap;
} tinet_ats_exception;

/* How many entries of NSExceptionDomains count. */
TINET_API size_t tinet_ats_policy_n_exceptions(const tinet_ats_policy *policy);
/* In the order of the file; an index that is too large gives NULL. */
TINET_API const tinet_ats_exception *
tinet_ats_policy_exception(const tinet_ats_policy *policy, size_t index);

/* The entry that governs a host (a name or an address, as it stands in a URL),
 * NULL if none does. */
TINET_API const tinet_ats_exception *
tinet_ats_policy_look_up(const tinet_ats_policy *policy, const char *host);

/* ---- the request ---- */

typedef enum tinet_ats_context {
  TINET_ATS_CONTEXT_URL_SESSION = 0, /* HTTPClient, remote images */
  TINET_ATS_CONTEXT_MEDIA,
  TINET_ATS_CONTEXT_WEB,
  TINET_ATS_CONTEXT_SOCKET, /* ATS does not cover it */
} tinet_ats_context;

/* Whether the host is "local": unqualified, .local, on this link. */
typedef enum tinet_ats_direct {
  TINET_ATS_DIRECT_BY_NAME = 0, /* judged by how it is written */
  TINET_ATS_DIRECT_NO,
  TINET_ATS_DIRECT_YES,
} tinet_ats_direct;

/* Zeros are the defaults. */
typedef struct tinet_ats_request {
  const char *scheme; /* "https" ...; any case */
  const char *host;   /* a name or an address, with [] or without */
  tinet_ats_context context;
  tinet_ats_direct direct;
  bool is_trust_overridden; /* the application accepts any certificate */
  bool is_hsts_host;        /* known to demand https (rfc: 6797) */
} tinet_ats_request;

/* ---- the connection ---- */

typedef enum tinet_ats_key_type {
  TINET_ATS_KEY_OTHER = 0,
  TINET_ATS_KEY_RSA,
  TINET_ATS_KEY_EC,
  TINET_ATS_KEY_EDDSA, /* Ed25519, Ed448 */
} tinet_ats_key_type;

typedef enum tinet_ats_hash {
  TINET_ATS_HASH_OTHER = 0, /* SHA-256 or better, or part of the scheme */
  TINET_ATS_HASH_MD,        /* MD2, MD4, MD5 */
  TINET_ATS_HASH_SHA1,
} tinet_ats_hash;

typedef struct tinet_ats_certificate {
  const char *subject; /* for texts; may be NULL.  Borrowed. */
  tinet_ats_key_type key_type;
  unsigned key_bits;
  tinet_ats_hash hash; /* of its signature */
  bool is_self_signed;
  tinet_spki_hash spki;
  int64_t not_before, not_after; /* seconds since 1970 */
} tinet_ats_certificate;

typedef enum tinet_ats_trust {
  TINET_ATS_TRUST_OK = 0,
  TINET_ATS_TRUST_UNTRUSTED,
  TINET_ATS_TRUST_EXPIRED,
  TINET_ATS_TRUST_NOT_YET_VALID,
  TINET_ATS_TRUST_REVOKED,
  TINET_ATS_TRUST_OTHER,
} tinet_ats_trust;

typedef enum tinet_ats_anchor {
  TINET_ATS_ANCHOR_SYSTEM = 0, /* a public authority */
  TINET_ATS_ANCHOR_CUSTOM,     /* an authority that a person added */
  TINET_ATS_ANCHOR_LEAF,       /* the server's certificate itself was added */
} tinet_ats_anchor;

/* Signed certificate timestamps, counted by distinct logs.  Without a list of
 * logs nothing is known about them: is_known is false. */
typedef struct tinet_ats_scts {
  bool is_known;
  unsigned n_embedded_current; /* of logs valid today */
  unsigned n_embedded_once;    /* of logs valid today or once */
  unsigned n_delivered;        /* by TLS or OCSP, of logs valid today */
} tinet_ats_scts;

#define TINET_ATS_CHAIN_MAX 16 /* certificates looked at */

/* What a handshake has shown.  For a resumed session: what the first one has
 * shown. */
typedef struct tinet_ats_connection {
  unsigned version; /* 0x0301 ... 0x0304 */
  unsigned suite;   /* IANA's number: 0x1301 */
  bool has_extended_master_secret;
  const tinet_ats_certificate *chain; /* leaf first, anchor last; borrowed */
  size_t chain_len;
  tinet_ats_trust trust;
  bool is_host_matched;
  tinet_ats_anchor anchor;
  tinet_ats_scts scts;
} tinet_ats_connection;

/* ---- the verdict ---- */

/* X(NAME, number, "stable-name", NSURLErrorDomain code, exact SSL status) */
#define TINET_ATS_CODE_TABLE(X)                                                \
  X(COMPLIANT, 1, "compliant", 0, 0)                                           \
  X(EXCEPTION, 2, "exception", 0, 0)                                           \
  X(LOCAL, 3, "local", 0, 0)                                                   \
  X(MEDIA, 4, "media", 0, 0)                                                   \
  X(WEB_CONTENT, 5, "web-content", 0, 0)                                       \
  X(ARBITRARY_LOADS, 6, "arbitrary-loads", 0, 0)                               \
  X(NOT_COVERED, 7, "not-covered", 0, 0)                                       \
  X(LEGACY_SDK, 8, "legacy-sdk", 0, 0)                                         \
  X(CLEARTEXT, 100, "cleartext", -1022, 0)                                     \
  X(TLS_VERSION, 101, "tls-version", -1200, -9881)                             \
  X(TLS_CIPHER, 102, "tls-cipher", -1200, -9882)                               \
  X(TLS_HANDSHAKE, 103, "tls-handshake", -1200, 0)                             \
  X(CERT_HOSTNAME, 110, "cert-hostname", -1202, -9886)                         \
  X(CERT_UNTRUSTED, 111, "cert-untrusted", -1202, -9886)                       \
  X(CERT_EXPIRED, 112, "cert-expired", -1201, -9814)                           \
  X(CERT_NOT_YET_VALID, 113, "cert-not-yet-valid", -1204, -9815)               \
  X(CERT_REVOKED, 114, "cert-revoked", -1202, -9802)                           \
  X(CERT_KEY_SIZE, 115, "cert-key-size", -1202, -9883)                         \
  X(CERT_CHAIN_KEY_SIZE, 116, "cert-chain-key-size", -1202, -9883)             \
  X(CERT_HASH_LEAF, 117, "cert-hash-leaf", -1202, -9884)                       \
  X(CERT_HASH_CHAIN, 118, "cert-hash-chain", -1202, -9885)                     \
  X(CERT_LIFETIME, 119, "cert-lifetime", -1202, -9886)                         \
  X(CERT_CT, 120, "cert-ct", -1202, -9886)                                     \
  X(PIN_LEAF, 130, "pin-leaf", -1200, -9886)                                   \
  X(PIN_CA, 131, "pin-ca", -1200, -9886)                                       \
  X(NIAP_CIPHER, 140, "niap-cipher", -1200, -9882)                             \
  X(NIAP_EMS, 141, "niap-ems", -1200, -9882)                                   \
  X(NIAP_SIGALG, 142, "niap-sigalg", -1200, -9882)

/* Numbers below 100 allow. */
typedef enum tinet_ats_code {
#define TINET_ATS_CODE_ENUM(name, number, text, nsurl, ssl)                    \
  TINET_ATS_##name = number,
  TINET_ATS_CODE_TABLE(TINET_ATS_CODE_ENUM)
#undef TINET_ATS_CODE_ENUM
} tinet_ats_code;

/* "cleartext" ...; NULL for a number that is no code.  Static. */
TINET_API const char *tinet_ats_code_name(tinet_ats_code code);

#define TINET_ATS_REASONS_MAX 12
#define TINET_ATS_TEXT_MAX 224

/* One requirement that was not met. */
typedef struct tinet_ats_reason {
  tinet_ats_code code;
  int nsurl_code;      /* NSURLErrorDomain: -1022, -1200 ... */
  int ssl_status;      /* kCFStreamErrorDomainSSL, the exact one; 0 = none */
  const int *ssl_seen; /* what logs show instead, ends with 0; static */
  int depth;           /* of the certificate at fault; -1 = none */
  const char *key;     /* the Apple key that would excuse it; NULL: none can */
  char text[TINET_ATS_TEXT_MAX]; /* one sentence, UTF-8 */
} tinet_ats_reason;

typedef enum tinet_ats_suites {
  TINET_ATS_SUITES_ANY = 0,
  TINET_ATS_SUITES_ATS,
  TINET_ATS_SUITES_ATS_AND_RSA, /* static RSA too: no forward secrecy */
  TINET_ATS_SUITES_NIAP,        /* ECDHE with AES-GCM, TLS 1.3 */
} tinet_ats_suites;

/* What https to a host must fulfil. */
typedef struct tinet_ats_requirement {
  bool is_tls_required; /* http is denied */
  bool is_judged;       /* false: only ordinary trust */
  unsigned min_version; /* 0 = none */
  tinet_ats_suites suites;
  bool has_cert_checks; /* and the application cannot override trust */
  bool skips_key_size;
  bool has_leaf_pins, has_ca_pins;
  tinet_ats_niap niap;
} tinet_ats_requirement;

/* Things to know although they decide nothing. */
#define TINET_ATS_NOTE_SUBDOMAIN_DEPTH (1u << 0) /* matched 2+ labels up */
#define TINET_ATS_NOTE_IP_LITERAL (1u << 1) /* systems differ about these */
#define TINET_ATS_NOTE_CT_UNKNOWN (1u << 2) /* no list of logs to judge by */
#define TINET_ATS_NOTE_PIN_CLEARTEXT                                           \
  (1u << 3) /* pinned, but loaded by http                                      \
             */

typedef struct tinet_ats_verdict {
  bool is_allowed;
  bool needs_connection; /* allowed so far: ask again with the connection */
  bool is_upgraded;      /* judged as https, because HSTS makes it so */
  tinet_ats_code code;   /* the first reason, or why it is allowed */
  const tinet_ats_exception *exception; /* that governs; NULL: none */
  tinet_ats_requirement requirement;
  unsigned notes;
  unsigned hop;     /* the HTTP client's: redirects before this request */
  size_t n_reasons; /* of a denial: all that is wrong, the first decides */
  tinet_ats_reason reasons[TINET_ATS_REASONS_MAX];
} tinet_ats_verdict;

/* Judges.  With `connection` NULL: before connecting; then http has its final
 * verdict, and https is denied for nothing yet (needs_connection).  A scheme
 * other than http, https, ws and wss is allowed as not covered.
 * TINET_EINVAL: no scheme, no host. */
TINET_API int tinet_ats_decide(const tinet_ats_policy *policy,
                               const tinet_ats_request *request,
                               const tinet_ats_connection *connection,
                               tinet_ats_verdict *ret_verdict) TINET_MUST_CHECK;

/* The verdict for a person, some lines of UTF-8: what, by which entry and line
 * of the file, what was required, each reason, what would change it.
 * tinet_free() it.  TINET_ENOMEM. */
TINET_API int tinet_ats_explain(const tinet_ats_policy *policy,
                                const tinet_ats_request *request,
                                const tinet_ats_verdict *verdict,
                                char **ret_text) TINET_MUST_CHECK;

/* ---- cipher suites ---- */

/* IANA's name of a suite ATS has an opinion about, else NULL.  Static. */
TINET_API const char *tinet_ats_suite_name(unsigned suite);

/* The suites of a requirement as lists for OpenSSL: those up to TLS 1.2, and
 * those of TLS 1.3 ("" if the profile knows none).  NULL = any.  Static. */
TINET_API const char *tinet_ats_cipher_list(tinet_ats_profile profile,
                                            tinet_ats_suites suites);
TINET_API const char *tinet_ats_ciphersuites(tinet_ats_profile profile,
                                             tinet_ats_suites suites);

TINET_END_DECLS

#endif
