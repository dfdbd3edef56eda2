/* cache.h - the private HTTP cache behind Titanium.Network.HTTPClient.cache.
 *
 * A cache holds responses by the rules of RFC 9111: what may be stored, how
 * long it is fresh, how it is validated and what makes it invalid.  Its index
 * is an SQLite file, its bodies are files beside it; the most recently used
 * bodies are in memory too.
 *
 * Ownership  A cache is shared: open and ref give a reference, unref takes it.
 * Threads    Any thread, at once.  Several processes may have the same folder
 *            open.
 * Errors     0 or a negative code of <tinet/error.h>.  A call that fails has
 *            changed nothing, its ret_ parameters included.
 */
#ifndef TINET_CACHE_H
#define TINET_CACHE_H

#include <tinet/base.h>
#include <tinet/error.h>

TINET_BEGIN_DECLS

typedef struct tinet_cache tinet_cache;

/* Start from tinet_cache_options_init(). */
typedef struct tinet_cache_options {
  size_t struct_size; /* sizeof(tinet_cache_options) */
  /* The folder; it is made (0700), and refused if it belongs to another user.
   * NULL = in memory only.  Copied. */
  const char *path;
  uint64_t max_bytes;        /* bodies and headers on disk; default 20 MiB */
  uint64_t max_memory_bytes; /* bodies kept in memory too; default 4 MiB */
  uint64_t max_entry_bytes;  /* one body; 0 = half of max_bytes */
  /* One line for a person (a damaged index was put aside, the disk is full).
   * From any thread, never from two at once.  NULL = not interested. */
  void (*on_warning)(void *user, const char *text);
  void *warning_user;
} tinet_cache_options;

/* Fills in the defaults. */
TINET_API void tinet_cache_options_init(tinet_cache_options *opt);

/* Opens a cache.  `opt` NULL = defaults, in memory.  Files left over from a
 * process that was killed are removed.  TINET_EINVAL (struct_size, max_bytes
 * 0), TINET_ENOMEM, TINET_ESTORE: the folder cannot be used; `err` (may be
 * NULL) says why. */
TINET_API int tinet_cache_open(const tinet_cache_options *opt,
                               tinet_cache **ret_cache,
                               tinet_error *err) TINET_MUST_CHECK;

/* Another reference to the same cache; returns it. */
TINET_API tinet_cache *tinet_cache_ref(tinet_cache *cache);

/* Gives a reference back; the last one closes.  NULL is fine. */
TINET_API void tinet_cache_unref(tinet_cache *cache);

/* The folder of the application `app_id` below $XDG_CACHE_HOME/tinet, else
 * ~/.cache/tinet.  Nothing is made.  Free with tinet_free().  TINET_EINVAL (an
 * id that is NULL, "" or holds a '/'), TINET_ENOMEM, TINET_ESTORE: there is no
 * home folder. */
TINET_API int tinet_cache_folder(const char *app_id,
                                 char **ret_path) TINET_MUST_CHECK;

/* What it holds, and what it did since it was opened here. */
typedef struct tinet_cache_info {
  uint64_t n_entries;
  uint64_t bytes;       /* on disk, bodies and headers */
  uint64_t max_bytes;   /* the ceiling */
  uint64_t n_hits;      /* answered without the network */
  uint64_t n_validated; /* answered after a 304 */
  uint64_t n_misses;
  uint64_t n_evicted;
} tinet_cache_info;

/* TINET_EINVAL, TINET_ESTORE: the index cannot be read. */
TINET_API int tinet_cache_get_info(tinet_cache *cache,
                                   tinet_cache_info *ret_info) TINET_MUST_CHECK;

/* Removes every entry.  Responses being read from it stay readable.
 * TINET_EINVAL, TINET_ESTORE. */
TINET_API int tinet_cache_clear(tinet_cache *cache) TINET_MUST_CHECK;

TINET_END_DECLS

#endif
