/* base.h - what every public header of tinet builds on.
 *
 * Export and check macros, the version, and the allocator that the whole
 * library uses.
 *
 * Threads    tinet_set_allocator() only before any other call; the rest from
 *            anywhere.
 */
#ifndef TINET_BASE_H
#define TINET_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define TINET_BEGIN_DECLS extern "C" {
#define TINET_END_DECLS }
#else
#define TINET_BEGIN_DECLS
#define TINET_END_DECLS
#endif

#if defined(__GNUC__)
#define TINET_API __attribute__((visibility("default")))
#define TINET_MUST_CHECK __attribute__((warn_unused_result))
#define TINET_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define TINET_API
#define TINET_MUST_CHECK
#define TINET_PRINTF(fmt, args)
#endif

#define TINET_VERSION_MAJOR 0
#define TINET_VERSION_MINOR 1
#define TINET_VERSION_PATCH 0
#define TINET_VERSION "0.1.0"

/* The version of the Titanium SDK whose documented behaviour is followed. */
#define TINET_TITANIUM_VERSION "12.2.0"

TINET_BEGIN_DECLS

/* The version of the library that is running, as "major.minor.patch".  Static;
 * never NULL. */
TINET_API const char *tinet_version(void);

/* The versions of the libraries that carry the network traffic, as one line of
 * `name/version` words ("libcurl/7.88.1 OpenSSL/3.0.19 nghttp2/1.52.0 ...").
 * Static; never NULL. */
TINET_API const char *tinet_library_versions(void);

/* Replaces malloc, realloc and free for everything the library allocates for
 * itself (not for what libuv, libcurl and OpenSSL allocate).  All three or
 * none: NULLs restore the C library's.  Call before anything else.
 * TINET_EINVAL: some but not all are NULL. */
TINET_API int tinet_set_allocator(void *(*malloc_fn)(size_t),
                                  void *(*realloc_fn)(void *, size_t),
                                  void (*free_fn)(void *)) TINET_MUST_CHECK;

/* Frees what a function of this library documents as "free with tinet_free()".
 * NULL is fine. */
TINET_API void tinet_free(void *ptr);

TINET_END_DECLS

#endif
