/* bonjour.h - announcing and finding services in the local network.
 *
 * DNS-SD over multicast DNS: a service is announced, a browser lists what is
 * there, a resolve finds where one of them listens.  They stand behind
 * Titanium.Network.BonjourService and BonjourBrowser.  The work is done by a
 * back end: the system's avahi-daemon if one answers on the system bus, else a
 * stack of our own in this process.  If the daemon goes or comes, everything is
 * moved to the other; browsers see removals and additions at most.
 *
 * The stack of our own takes its random waits from rand() and seeds it when it
 * is first needed; a program whose own numbers depend on a seed calls srand()
 * after that, or asks for the system's back end only.
 *
 * Ownership  The caller owns every object from open to close.  Whatever was
 *            opened on a tinet_bonjour keeps it, so it may be closed first.
 * Threads    The thread of the loop.
 * Errors     0 or a negative code of <tinet/error.h>; a tinet_error parameter
 *            (may be NULL) gets text.  With origin TINET_ORIGIN_BONJOUR its
 *            number is a tinet_bonjour_code, which is what Titanium reports;
 *            tinet_bonjour_code_of() gives that of any tinet_error.  A call
 *            that fails has changed nothing, its ret_ parameters included.
 * Callbacks  Come from the loop, never from inside the call that starts the
 *            work, and never after close.  A callback may call anything in this
 *            header, close of its object included.  Every one may be NULL.
 *            After on_error nothing more comes; the object waits for its close.
 * The loop   is kept alive by every browser and service from open to close and
 *            by a resolve until it has ended.
 * Strings    Types are reported as "_http._tcp.", domains as "local." and hosts
 *            as "box.local."; as arguments all may do without the last dot.
 *            Everything a callback hands over is borrowed during it.
 *
 * Names, hosts and TXT strings come from strangers: they are UTF-8 (names) or
 * any bytes (TXT) and may hold control characters and everything else.  Escape
 * them before a terminal, a log, a shell or a document sees them.
 */
#ifndef TINET_BONJOUR_H
#define TINET_BONJOUR_H

#include <tinet/base.h>
#include <tinet/error.h>
#include <tinet/loop.h>
#include <tinet/socket.h>

TINET_BEGIN_DECLS

typedef struct tinet_bonjour tinet_bonjour;
typedef struct tinet_bonjour_browser tinet_bonjour_browser;
typedef struct tinet_bonjour_service tinet_bonjour_service;
typedef struct tinet_bonjour_resolve tinet_bonjour_resolve;

/* ---- errors ---- */

/* The numbers of NSNetServicesError.  ti: Titanium.Network.BonjourService */
typedef enum tinet_bonjour_code {
  TINET_BONJOUR_UNKNOWN = -72000,      /* "UnknownError" */
  TINET_BONJOUR_COLLISION = -72001,    /* "NameCollisionError" */
  TINET_BONJOUR_NOT_FOUND = -72002,    /* "NotFoundError" */
  TINET_BONJOUR_IN_PROGRESS = -72003,  /* "InProgress" */
  TINET_BONJOUR_BAD_ARGUMENT = -72004, /* "BadArgumentError" */
  TINET_BONJOUR_CANCELLED = -72005,    /* "Cancelled" */
  TINET_BONJOUR_INVALID = -72006,      /* "InvalidError" */
  TINET_BONJOUR_TIMEOUT = -72007,      /* "TimeoutError" */
  TINET_BONJOUR_MISSING_CONFIG =
      -72008 /* "MissingRequiredConfigurationError" */
} tinet_bonjour_code;

/* The name that Titanium uses for a number ("NameCollisionError"); "" for a
 * number that is none.  Static. */
TINET_API const char *tinet_bonjour_code_name(int number);

/* The number for an error: its own if its origin is TINET_ORIGIN_BONJOUR, else
 * what its code amounts to.  0 for no error. */
TINET_API int tinet_bonjour_code_of(const tinet_error *err);

/* ---- names ---- */

/* The one domain, and the type whose "services" are the types themselves. */
#define TINET_BONJOUR_DOMAIN "local."
#define TINET_BONJOUR_ALL_TYPES "_services._dns-sd._udp"

/* Longest name of a service in bytes, and room for one with its NUL. */
#define TINET_BONJOUR_NAME_MAX 63
/* Room for "_" and 15 characters, "._tcp." and NUL. */
#define TINET_BONJOUR_TYPE_MAX 24

/* Checks a service's type: "_app._tcp" or "_app._udp", with or without a dot at
 * the end; app is 1 to 15 letters, digits, '-' and '_', one of them a letter,
 * and begins and ends with a letter or digit.  TINET_EINVAL, and `err` (may be
 * NULL) says which rule it breaks. */
TINET_API int tinet_bonjour_check_type(const char *type,
                                       tinet_error *err) TINET_MUST_CHECK;

/* Checks a service's name: 1 to 63 bytes of UTF-8.  TINET_EINVAL. */
TINET_API int tinet_bonjour_check_name(const char *name,
                                       tinet_error *err) TINET_MUST_CHECK;

/* Checks a domain: NULL, "", "local" and "local." are good.  TINET_EINVAL. */
TINET_API int tinet_bonjour_check_domain(const char *domain,
                                         tinet_error *err) TINET_MUST_CHECK;

/* Checks the strings of a TXT record: each is 1 to 255 bytes and has a key,
 * printable ASCII, before its first '=' or alone; all together at most
 * TINET_BONJOUR_TXT_MAX bytes with one more for each.  TINET_EINVAL. */
TINET_API int tinet_bonjour_check_txt(const tinet_slice *txt, size_t n_txt,
                                      tinet_error *err) TINET_MUST_CHECK;
#define TINET_BONJOUR_TXT_MAX 1300

/* Whether two names of the same kind are equal: case of ASCII letters and a dot
 * at the end do not count. */
TINET_API bool tinet_bonjour_is_same(const char *a, const char *b);

/* The name to try after `name` was found taken: "Foo" -> "Foo (2)" -> ... "Foo
 * (10)", from there on a random step further.  The base is cut at a character
 * where it would become too long.  TINET_EINVAL (no valid name). */
TINET_API int tinet_bonjour_next_name(const char *name,
                                      char ret_next[TINET_BONJOUR_NAME_MAX + 1])
    TINET_MUST_CHECK;

/* Finds a key (ASCII, case does not count; the first one counts) among TXT
 * strings.  Returns whether it is there; ret_value->data is NULL for a key
 * without '='. */
TINET_API bool tinet_bonjour_txt_find(const tinet_slice *txt, size_t n_txt,
                                      const char *key, tinet_slice *ret_value);

/* ---- the loop's Bonjour ---- */

typedef enum tinet_bonjour_backend {
  TINET_BONJOUR_BACKEND_AUTO = 0, /* the system's if it answers, else ours */
  TINET_BONJOUR_BACKEND_SYSTEM,   /* avahi-daemon over the system bus only */
  TINET_BONJOUR_BACKEND_EMBEDDED, /* in this process only */
} tinet_bonjour_backend;

/* Start from tinet_bonjour_options_init(); all is copied. */
typedef struct tinet_bonjour_options {
  size_t struct_size; /* sizeof(tinet_bonjour_options) */
  tinet_bonjour_backend backend;
  const char *host_name; /* label of our own A and AAAA records; NULL = the
                            system's.  Embedded back end only */
  /* Strict mode: only types of the list may be browsed for or published (the
   * type of TINET_BONJOUR_ALL_TYPES included); others give TINET_EPOLICY,
   * "MissingRequiredConfigurationError".  ti: NSBonjourServices of tiapp.xml */
  bool is_strict;
  const char *const *declared_types;
  size_t n_declared_types;
  size_t max_services; /* of one browser; default 10,000.  More are ignored */
} tinet_bonjour_options;
TINET_API void tinet_bonjour_options_init(tinet_bonjour_options *opt);

/* Opens the Bonjour of a loop; one is enough, each has a stack of its own.
 * Nothing is sent or connected to before something is opened on it.  `opt` may
 * be NULL.  TINET_EINVAL (a host name or declared type that is none),
 * TINET_EUNSUPPORTED (the back end is not part of this build), TINET_ENOMEM. */
TINET_API int tinet_bonjour_open(tinet_loop *loop,
                                 const tinet_bonjour_options *opt,
                                 tinet_bonjour **ret_bonjour,
                                 tinet_error *err) TINET_MUST_CHECK;

/* Frees it, or leaves that to the last object opened on it; NULL is fine. */
TINET_API void tinet_bonjour_close(tinet_bonjour *bonjour);

/* Which back end is at work: "system", "embedded", or "" (none yet).  Static.
 */
TINET_API const char *tinet_bonjour_backend_name(const tinet_bonjour *bonjour);

/* ---- browsing ---- */

/* A service as a browser sees it. */
typedef struct tinet_bonjour_entry {
  const char *name; /* "" if types are browsed for */
  const char *type;
  const char *domain;
} tinet_bonjour_entry;

/* What happens in a browser.  A service that is seen on several interfaces is
 * one entry; own services are among them.  Changes come in batches: what is new
 * is told at once, what is gone at the end of the batch. */
typedef struct tinet_bonjour_browser_events {
  void (*on_added)(tinet_bonjour_browser *browser,
                   const tinet_bonjour_entry *entry, void *user);
  void (*on_removed)(tinet_bonjour_browser *browser,
                     const tinet_bonjour_entry *entry, void *user);
  /* A batch of `n_changes` is over.  `is_all_for_now`: no more are expected
   * soon; the first such batch may be empty. */
  void (*on_batch_done)(tinet_bonjour_browser *browser, size_t n_changes,
                        bool is_all_for_now, void *user);
  /* No back end works, or it has given up; TINET_ELIMIT: the daemon keeps no
   * more browsers for one program. */
  void (*on_error)(tinet_bonjour_browser *browser, const tinet_error *err,
                   void *user);
} tinet_bonjour_browser_events;

/* Start from tinet_bonjour_browse_options_init(); all is copied. */
typedef struct tinet_bonjour_browse_options {
  size_t struct_size;  /* sizeof(tinet_bonjour_browse_options) */
  const char *type;    /* "_http._tcp", or TINET_BONJOUR_ALL_TYPES */
  const char *domain;  /* NULL = "local." */
  const char *subtype; /* "_printer": only services that have it; or NULL */
  uint32_t interface_index; /* only what is heard there; 0 = everywhere */
} tinet_bonjour_browse_options;
TINET_API void
tinet_bonjour_browse_options_init(tinet_bonjour_browse_options *opt);

/* Starts to browse.  `events` is copied, `user` borrowed until close.
 * TINET_EINVAL (type, domain, subtype), TINET_EPOLICY, TINET_ENOMEM,
 * TINET_ESYSTEM (it is known already that no back end works). */
TINET_API int tinet_bonjour_browser_open(
    tinet_bonjour *bonjour, const tinet_bonjour_browse_options *opt,
    const tinet_bonjour_browser_events *events, void *user,
    tinet_bonjour_browser **ret_browser, tinet_error *err) TINET_MUST_CHECK;

/* Ends it and frees it, without any callback; NULL is fine. */
TINET_API void tinet_bonjour_browser_close(tinet_bonjour_browser *browser);

/* ---- publishing ---- */

/* What happens to a published service. */
typedef struct tinet_bonjour_service_events {
  /* It is announced as `name`, which is another than the one asked for if that
   * was taken.  Once. */
  void (*on_published)(tinet_bonjour_service *service, const char *name,
                       void *user);
  /* Somebody else has claimed the name afterwards; now it is announced as
   * `name`. */
  void (*on_renamed)(tinet_bonjour_service *service, const char *old_name,
                     const char *name, void *user);
  /* TINET_ECOLLISION (no renaming, or too many tries), TINET_ELIMIT (the daemon
   * keeps no more services for one program), TINET_EPERMISSION (it lets
   * programs publish nothing), or no back end works. */
  void (*on_error)(tinet_bonjour_service *service, const tinet_error *err,
                   void *user);
} tinet_bonjour_service_events;

/* Start from tinet_bonjour_publish_options_init(); all is copied. */
typedef struct tinet_bonjour_publish_options {
  size_t struct_size;     /* sizeof(tinet_bonjour_publish_options) */
  const char *name;       /* NULL or "" = the host's name */
  const char *type;       /* "_http._tcp" */
  const char *domain;     /* NULL = "local." */
  uint16_t port;          /* 1 ... 65535 */
  const tinet_slice *txt; /* strings "key=value"; see check_txt */
  size_t n_txt;
  const char *const *subtypes; /* "_printer" ... */
  size_t n_subtypes;           /* at most TINET_BONJOUR_SUBTYPES_MAX */
  uint32_t interface_index;    /* announce only there; 0 = everywhere */
  bool may_rename;             /* default true */
} tinet_bonjour_publish_options;
#define TINET_BONJOUR_SUBTYPES_MAX 16
TINET_API void
tinet_bonjour_publish_options_init(tinet_bonjour_publish_options *opt);

/* Starts to publish.  `events` is copied, `user` borrowed until close.
 * TINET_EINVAL (name, type, domain, port, TXT, subtypes), TINET_EPOLICY,
 * TINET_ENOMEM, TINET_ESYSTEM (it is known already that no back end works). */
TINET_API int tinet_bonjour_service_open(
    tinet_bonjour *bonjour, const tinet_bonjour_publish_options *opt,
    const tinet_bonjour_service_events *events, void *user,
    tinet_bonjour_service **ret_service, tinet_error *err) TINET_MUST_CHECK;

/* Announces other TXT strings from now on; copied.  TINET_EINVAL,
 * TINET_ENOMEM, TINET_ESTATE (it has failed). */
TINET_API int tinet_bonjour_service_set_txt(tinet_bonjour_service *service,
                                            const tinet_slice *txt,
                                            size_t n_txt,
                                            tinet_error *err) TINET_MUST_CHECK;

/* The name in force, or to be tried.  Borrowed until the next callback or
 * close. */
TINET_API const char *
tinet_bonjour_service_name(const tinet_bonjour_service *service);

/* Withdraws it (others are told) and frees it, without any callback; NULL is
 * fine. */
TINET_API void tinet_bonjour_service_close(tinet_bonjour_service *service);

/* ---- resolving ---- */

/* Where a service is. */
typedef struct tinet_bonjour_resolved {
  const char *name;
  const char *type;
  const char *domain;
  const char *host; /* "box.local."; getaddrinfo() may not know it */
  uint16_t port;
  const tinet_endpoint *endpoints; /* with that port, in the order to try: IPv4
                                      first, link-local addresses with their
                                      interface.  At least one */
  size_t n_endpoints;
  const tinet_slice *txt; /* strings as sent; any bytes */
  size_t n_txt;
  uint32_t interface_index; /* on which it was heard first */
} tinet_bonjour_resolved;

/* How a resolve ends: one of these, once. */
typedef struct tinet_bonjour_resolve_events {
  void (*on_resolved)(tinet_bonjour_resolve *resolve,
                      const tinet_bonjour_resolved *found, void *user);
  /* TINET_ETIMEDOUT, or no back end works. */
  void (*on_error)(tinet_bonjour_resolve *resolve, const tinet_error *err,
                   void *user);
} tinet_bonjour_resolve_events;

/* Start from tinet_bonjour_resolve_options_init(); all is copied. */
typedef struct tinet_bonjour_resolve_options {
  size_t struct_size; /* sizeof(tinet_bonjour_resolve_options) */
  const char *name;
  const char *type;
  const char *domain;       /* NULL = "local." */
  uint32_t interface_index; /* 0 = everywhere */
  uint32_t timeout_ms;      /* default 120,000; 0 = none */
} tinet_bonjour_resolve_options;
TINET_API void
tinet_bonjour_resolve_options_init(tinet_bonjour_resolve_options *opt);

/* Starts to look for a service's host, port, addresses and TXT.  `events` is
 * copied, `user` borrowed until close.  TINET_EINVAL (name, type, domain),
 * TINET_ENOMEM, TINET_ESYSTEM (it is known already that no back end works). */
TINET_API int tinet_bonjour_resolve_open(
    tinet_bonjour *bonjour, const tinet_bonjour_resolve_options *opt,
    const tinet_bonjour_resolve_events *events, void *user,
    tinet_bonjour_resolve **ret_resolve, tinet_error *err) TINET_MUST_CHECK;

/* Ends it if it has not ended, and frees it, without any callback; NULL is
 * fine. */
TINET_API void tinet_bonjour_resolve_close(tinet_bonjour_resolve *resolve);

TINET_END_DECLS

#endif
