/* cookie.h - Titanium.Network's cookie stores for C.
 *
 * A jar holds cookies by the rules of RFC 6265bis, in memory for look-ups and,
 * if it has a path, in an SQLite file for the next start.  The HTTP store of an
 * application and the system store of a user are jars with a path each.
 *
 * Ownership  A jar is shared: open and ref give a reference, unref takes it.
 * Threads    Any thread, at once.  Two processes may have the same file open.
 * Errors     0 or a negative code of <tinet/error.h>.  A call that fails has
 *            changed nothing, its ret_ parameters included.
 */
#ifndef TINET_COOKIE_H
#define TINET_COOKIE_H

#include <tinet/base.h>
#include <tinet/error.h>

TINET_BEGIN_DECLS

typedef struct tinet_cookie_jar tinet_cookie_jar;

/* rfc: 6265bis 5.5, the attribute SameSite.  Stored; a native application is
 * its own first party, so it never withholds a cookie. */
typedef enum tinet_cookie_same_site {
  TINET_COOKIE_SAME_SITE_DEFAULT = 0, /* not given, or unknown */
  TINET_COOKIE_SAME_SITE_NONE = 1,
  TINET_COOKIE_SAME_SITE_LAX = 2,
  TINET_COOKIE_SAME_SITE_STRICT = 3,
} tinet_cookie_same_site;

/* One cookie.  ti: Titanium.Network.Cookie */
typedef struct tinet_cookie {
  const char *name;   /* UTF-8 or bytes as received; may be "" if received */
  const char *value;  /* never NULL */
  const char *domain; /* ASCII, lower case, without a leading dot; IPv6 without
                         brackets */
  const char *path;  /* begins with '/'; NULL in tinet_cookie_jar_add() = "/" */
  bool is_host_only; /* not sent to subdomains */
  bool is_secure;
  bool is_http_only;
  bool is_persistent; /* has an expiry; else it ends with the process */
  tinet_cookie_same_site same_site;
  int64_t expires_ms; /* since 1970-01-01 UTC; only if is_persistent */
  int64_t
      created_us; /* since 1970-01-01 UTC; 0 in tinet_cookie_jar_add() = now */
  int64_t accessed_us;      /* last sent */
  const char *comment;      /* or NULL; stored, never sent */
  const char *original_url; /* or NULL; stored, never sent */
  int version;              /* stored, never sent */
} tinet_cookie;

/* Start from tinet_cookie_jar_options_init(). */
typedef struct tinet_cookie_jar_options {
  size_t struct_size; /* sizeof(tinet_cookie_jar_options) */
  /* The SQLite file; NULL = in memory only.  Its folder is made (0700); the
   * file is made 0600, and refused if it belongs to another user.  Copied. */
  const char *path;
  uint32_t max_per_domain; /* cookies of one registrable domain; default 50 */
  uint32_t max_total;      /* default 3,000 */
  /* Changes are gathered that long; default 50, so that with the writing they
   * are on disk within 100 ms. */
  uint32_t write_delay_ms;
  /* One line for a person: a damaged file was put aside, the disk is full.
   * From any thread, never from two at once; it must not call the jar.  NULL =
   * not interested. */
  void (*on_warning)(void *user, const char *text);
  void *warning_user;
} tinet_cookie_jar_options;

/* Fills in the defaults. */
TINET_API void tinet_cookie_jar_options_init(tinet_cookie_jar_options *opt);

/* Opens a jar and reads what its file holds.  `opt` NULL = defaults, in memory.
 * A damaged file is renamed aside, reported by on_warning, and a fresh one
 * begun.  TINET_EINVAL (struct_size, a limit of 0), TINET_ENOMEM, TINET_ESTORE:
 * the file or its folder cannot be used; `err` (may be NULL) says why. */
TINET_API int tinet_cookie_jar_open(const tinet_cookie_jar_options *opt,
                                    tinet_cookie_jar **ret_jar,
                                    tinet_error *err) TINET_MUST_CHECK;

/* Another reference to the same jar; returns it. */
TINET_API tinet_cookie_jar *tinet_cookie_jar_ref(tinet_cookie_jar *jar);

/* Gives a reference back; the last one writes what is not yet written and
 * frees.  NULL is fine. */
TINET_API void tinet_cookie_jar_unref(tinet_cookie_jar *jar);

/* Waits until every change so far is on disk.  TINET_ESTORE: it cannot be
 * written (the changes stay in memory and are tried again). */
TINET_API int tinet_cookie_jar_flush(tinet_cookie_jar *jar,
                                     tinet_error *err) TINET_MUST_CHECK;

/* How many cookies it holds, expired ones not counted. */
TINET_API size_t tinet_cookie_jar_count(tinet_cookie_jar *jar);

/* Where the stores of Titanium are: the file of the HTTP store of the
 * application `app_id` (tiapp.xml <id>, else the program's name), of the system
 * store if it is NULL: below $XDG_DATA_HOME/tinet, else ~/.local/share/tinet.
 * Nothing is made.  Free with tinet_free().  TINET_EINVAL (an id that is "" or
 * holds a '/'), TINET_ENOMEM, TINET_ESTORE: there is no home folder. */
TINET_API int tinet_cookie_store_path(const char *app_id,
                                      char **ret_path) TINET_MUST_CHECK;

/* ---- what a server sent, what a server gets ---- */

/* What became of a Set-Cookie. */
typedef enum tinet_cookie_verdict {
  TINET_COOKIE_STORED = 0,
  TINET_COOKIE_REMOVED,       /* expired: an equal one, if any, is gone */
  TINET_COOKIE_SYNTAX,        /* control characters, no name and no value */
  TINET_COOKIE_TOO_LARGE,     /* name and value over 4,096 bytes */
  TINET_COOKIE_WRONG_DOMAIN,  /* Domain does not cover the host */
  TINET_COOKIE_PUBLIC_SUFFIX, /* Domain is a public suffix */
  TINET_COOKIE_NOT_SECURE,    /* Secure over http */
  TINET_COOKIE_PREFIX,        /* __Secure-, __Host- or __Http- not satisfied */
  TINET_COOKIE_SAME_SITE_NONE_NOT_SECURE, /* SameSite=None without Secure */
  TINET_COOKIE_SHADOWS_SECURE, /* would hide a Secure one, over http */
  TINET_COOKIE_UNUSABLE_URL,   /* the URL is not http or https */
} tinet_cookie_verdict;

/* A verdict as a word ("stored", "public-suffix").  Static. */
TINET_API const char *tinet_cookie_verdict_name(tinet_cookie_verdict v);

/* Takes the value of one Set-Cookie field of a response from `url`.
 * *ret_verdict (may be NULL) says what became of it; a refused cookie is not an
 * error.  TINET_EINVAL, TINET_ENOMEM.  rfc: 6265bis 5.6, 5.7 */
TINET_API int
tinet_cookie_jar_receive(tinet_cookie_jar *jar, const char *url,
                         const char *set_cookie, size_t len,
                         tinet_cookie_verdict *ret_verdict) TINET_MUST_CHECK;

/* The value of the Cookie field for a request to `url`; *ret_header NULL if no
 * cookie matches, else free with tinet_free().  TINET_EINVAL, TINET_EURL,
 * TINET_ESCHEME, TINET_ENOMEM.  rfc: 6265bis 5.8 */
TINET_API int tinet_cookie_jar_header(tinet_cookie_jar *jar, const char *url,
                                      char **ret_header) TINET_MUST_CHECK;

/* ---- what the application does ---- */

/* A copy of cookies, in one block; longest path first, then oldest first. */
typedef struct tinet_cookie_list {
  const tinet_cookie *cookies;
  size_t n_cookies;
} tinet_cookie_list;

/* NULL is fine. */
TINET_API void tinet_cookie_list_free(tinet_cookie_list *list);

/* Stores a cookie of the application's own: any domain but a public suffix,
 * Secure and HttpOnly included.  `domain` may begin with a dot: then it is not
 * host-only whatever is_host_only says; without a dot is_host_only counts.  An
 * expired one removes an equal one.  Everything is copied.  TINET_ECOOKIE: it
 * is not usable, `err` (may be NULL) says why; TINET_ELIMIT: more changes wait
 * for the disk than are kept; TINET_ENOMEM.
 * ti: Titanium.Network.addHTTPCookie */
TINET_API int tinet_cookie_jar_add(tinet_cookie_jar *jar,
                                   const tinet_cookie *cookie,
                                   tinet_error *err) TINET_MUST_CHECK;

/* The cookies that match: domain cookies that cover `domain` and host-only ones
 * equal to it (a leading dot: domain cookies only); whose path is a prefix of
 * `path` (NULL = all paths, "" = "/"); named `name` (NULL = all).  `domain`
 * NULL = every cookie of the jar, `path` and `name` then are ignored.  Free
 * *ret_list with tinet_cookie_list_free().  TINET_EINVAL (jar), TINET_ENOMEM.
 * ti: Titanium.Network.getHTTPCookies, getHTTPCookiesForDomain */
TINET_API int
tinet_cookie_jar_find(tinet_cookie_jar *jar, const char *domain,
                      const char *path, const char *name,
                      tinet_cookie_list **ret_list) TINET_MUST_CHECK;

/* Removes exactly one cookie: `domain` with a leading dot is the domain cookie,
 * without the host-only one and if there is none the domain cookie; `path` NULL
 * or "" is "/".  Removing what is not there is fine.  TINET_EINVAL (domain or
 * name NULL), TINET_ENOMEM.  ti: Titanium.Network.removeHTTPCookie */
TINET_API int tinet_cookie_jar_remove(tinet_cookie_jar *jar, const char *domain,
                                      const char *path,
                                      const char *name) TINET_MUST_CHECK;

/* Removes what tinet_cookie_jar_find(jar, domain, NULL, NULL) finds.
 * TINET_EINVAL (NULL, ""), TINET_ENOMEM.
 * ti: Titanium.Network.removeHTTPCookiesForDomain */
TINET_API int
tinet_cookie_jar_remove_domain(tinet_cookie_jar *jar,
                               const char *domain) TINET_MUST_CHECK;

/* Removes what would be sent to the host of `url_or_host`, whatever the scheme
 * and the path; cookies of its subdomains stay.  TINET_EINVAL (NULL),
 * TINET_EURL (not a host), TINET_ENOMEM.
 * ti: Titanium.Network.HTTPClient.clearCookies */
TINET_API int
tinet_cookie_jar_clear_host(tinet_cookie_jar *jar,
                            const char *url_or_host) TINET_MUST_CHECK;

/* Removes all, session cookies too, and waits until the file is empty.
 * TINET_ESTORE: the file could not be emptied; memory is.
 * ti: Titanium.Network.removeAllHTTPCookies */
TINET_API int
tinet_cookie_jar_remove_all(tinet_cookie_jar *jar) TINET_MUST_CHECK;

/* ---- files of other programs ---- */

typedef enum tinet_cookie_format {
  TINET_COOKIE_FORMAT_NETSCAPE, /* cookies.txt, with #HttpOnly_ lines */
  TINET_COOKIE_FORMAT_JSON,     /* an array of objects, see docs/cookies.md */
} tinet_cookie_format;

/* Adds the cookies of a text; all of them or none.  *ret_n (may be NULL) is how
 * many were stored.  TINET_ESYNTAX or TINET_ECOOKIE: `err` (may be NULL) names
 * line and field; TINET_ELIMIT: as above; TINET_ENOMEM. */
TINET_API int tinet_cookie_jar_import(tinet_cookie_jar *jar,
                                      tinet_cookie_format format,
                                      const char *text, size_t len,
                                      size_t *ret_n,
                                      tinet_error *err) TINET_MUST_CHECK;

/* The text of a list; values are replaced by "..." unless `with_values`.  Free
 * *ret_text with tinet_free().  TINET_EINVAL, TINET_ENOMEM. */
TINET_API int tinet_cookie_list_export(const tinet_cookie_list *list,
                                       tinet_cookie_format format,
                                       bool with_values,
                                       char **ret_text) TINET_MUST_CHECK;

/* ---- dates ---- */

/* The cookie date of RFC 6265bis 5.1.1 in milliseconds since 1970-01-01 UTC;
 * false if it is none. */
TINET_API bool tinet_cookie_parse_date(const char *text, size_t len,
                                       int64_t *ret_ms);

TINET_END_DECLS

#endif
