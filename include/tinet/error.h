/* error.h - every error code of tinet, and the detail that goes with one.
 *
 * A function returns 0 or a negative TINET_E... code.  The code says what kind
 * of thing went wrong and is stable: codes are added, never renumbered.  What
 * else is known (whose error it was, its number, a line of text for a person)
 * is in a tinet_error on the object that failed.
 *
 * Threads    Anywhere.
 */
#ifndef TINET_ERROR_H
#define TINET_ERROR_H

#include <tinet/base.h>

TINET_BEGIN_DECLS

/* X(name, number, text): the one table of codes, by category. */
#define TINET_ERROR_TABLE(X)                                                   \
  /* the call */                                                               \
  X(TINET_EINVAL, -1, "invalid argument")                                      \
  X(TINET_ENOMEM, -2, "out of memory")                                         \
  X(TINET_ESTATE, -3, "not possible in this state")                            \
  X(TINET_EBUSY, -4, "still in use")                                           \
  X(TINET_EUNSUPPORTED, -5, "not supported")                                   \
  X(TINET_ELIMIT, -6, "a limit was reached")                                   \
  X(TINET_ESYSTEM, -7, "the operating system reported an error")               \
  X(TINET_ECANCELED, -8, "canceled")                                           \
  /* what the application asked for */                                         \
  X(TINET_EURL, -20, "malformed URL")                                          \
  X(TINET_ESCHEME, -21, "unsupported URL scheme")                              \
  X(TINET_EMETHOD, -22, "malformed method name")                               \
  X(TINET_EHEADER, -23, "malformed header name or value")                      \
  X(TINET_EBODY, -24, "the request body could not be read")                    \
  X(TINET_EFILE, -25, "the target file could not be written")                  \
  X(TINET_ECOOKIE, -26, "unusable cookie")                                     \
  X(TINET_ESTORE, -27, "the store on disk cannot be used")                     \
  /* reaching the peer */                                                      \
  X(TINET_ERESOLVE, -40, "the host name could not be resolved")                \
  X(TINET_ECONNECT, -41, "could not connect")                                  \
  X(TINET_ETIMEDOUT, -42, "timed out")                                         \
  X(TINET_ECLOSED, -43, "the connection was lost")                             \
  X(TINET_EPROXY, -44, "the proxy refused or failed")                          \
  X(TINET_EOFFLINE, -45, "no network")                                         \
  /* TLS */                                                                    \
  X(TINET_ETLS, -60, "TLS handshake failed")                                   \
  X(TINET_ECERTIFICATE, -61, "the server's certificate was not accepted")      \
  X(TINET_EPOLICY, -62, "denied by policy")                                    \
  X(TINET_EPIN, -63, "the server's key is not the pinned one")                 \
  X(TINET_ECLIENTCERT, -64, "client certificate missing or not usable")        \
  /* what the peer sent */                                                     \
  X(TINET_EPROTOCOL, -80, "the peer broke the protocol")                       \
  X(TINET_EHEADERSIZE, -81, "the header block is too large")                   \
  X(TINET_ETRUNCATED, -82, "the body ended too early")                         \
  X(TINET_ECODING, -83, "the content coding could not be decoded")             \
  X(TINET_EBOMB, -84, "the decoded body exceeds its ceiling")                  \
  X(TINET_EREDIRECT, -85, "too many redirects")                                \
  X(TINET_EHTTPSTATUS, -86, "HTTP error status")                               \
  X(TINET_ECHARSET, -87, "the text could not be decoded")                      \
  X(TINET_ESYNTAX, -88, "malformed document")                                  \
  /* sockets */                                                                \
  X(TINET_EADDRESS, -100, "the address is in use or not of this machine")      \
  X(TINET_EPERMISSION, -101, "not permitted")                                  \
  X(TINET_EUNREACHABLE, -102, "the peer cannot be reached")                    \
  X(TINET_EDATAGRAM, -103, "the datagram is too long")                         \
  /* Bonjour */                                                                \
  X(TINET_ECOLLISION, -120, "the name is taken")                               \
  X(TINET_ENOTFOUND, -121, "there is no such service")

enum {
  TINET_OK = 0,
#define TINET_ERROR_ENUM(name, number, text) name = number,
  TINET_ERROR_TABLE(TINET_ERROR_ENUM)
#undef TINET_ERROR_ENUM
};

/* Whose number `tinet_error.number` is. */
typedef enum tinet_error_origin {
  TINET_ORIGIN_TINET,     /* nobody else's; number is 0 */
  TINET_ORIGIN_SYSTEM,    /* an errno */
  TINET_ORIGIN_RESOLVER,  /* a getaddrinfo EAI_ number */
  TINET_ORIGIN_TLS,       /* an OpenSSL X509_V_ERR_ or error number */
  TINET_ORIGIN_HTTP,      /* an HTTP status */
  TINET_ORIGIN_TRANSPORT, /* the HTTP transport's own number (a CURLcode) */
  TINET_ORIGIN_BONJOUR,   /* a tinet_bonjour_code */
} tinet_error_origin;

/* Longest text in a tinet_error, its NUL included. */
#define TINET_ERROR_TEXT_MAX 256

/* One failure, as a value: copy it freely. */
typedef struct tinet_error {
  int code;                        /* a TINET_E... code; 0 = no error */
  tinet_error_origin origin;       /* whose number */
  long number;                     /* 0 if there is none */
  char text[TINET_ERROR_TEXT_MAX]; /* one line, UTF-8, names host or field */
} tinet_error;

/* The name of a code as it stands in this header ("TINET_EURL"); "TINET_OK" for
 * 0 and "TINET_E?" for a number that is no code.  Static. */
TINET_API const char *tinet_error_name(int code);

/* A line of text for a code ("malformed URL").  Static. */
TINET_API const char *tinet_error_text(int code);

TINET_END_DECLS

#endif
