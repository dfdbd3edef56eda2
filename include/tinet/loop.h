/* loop.h - the event loop that everything of tinet runs on.
 *
 * A tinet_loop is a libuv loop: its own, or one that the application already
 * runs (Node's, for the addon).  Objects that live on a loop keep it turning
 * only while they have work under way: a request keeps it alive, an idle
 * pooled connection does not.  So tinet_loop_run() returns by itself when
 * nothing is pending.
 *
 * Ownership  The caller owns a loop from open to close and closes everything
 *            opened on it first.
 * Threads    One thread, the one that runs it; only tinet_loop_post() may be
 *            called from elsewhere.
 * Errors     0 or a negative code of <tinet/error.h>.
 */
#ifndef TINET_LOOP_H
#define TINET_LOOP_H

#include <tinet/base.h>
#include <tinet/error.h>

TINET_BEGIN_DECLS

typedef struct tinet_loop tinet_loop;

/* Opens a loop of its own.  TINET_EINVAL, TINET_ENOMEM, TINET_ESYSTEM (out of
 * file descriptors). */
TINET_API int tinet_loop_open(tinet_loop **ret_loop) TINET_MUST_CHECK;

/* Opens a tinet loop on `uv_loop`, a `uv_loop_t *` that the caller owns, runs
 * and outlives the tinet loop.  The caller turns it once more after
 * tinet_loop_close() so that libuv can finish closing handles.
 * TINET_EINVAL, TINET_ENOMEM, TINET_ESYSTEM. */
TINET_API int tinet_loop_open_on(void *uv_loop,
                                 tinet_loop **ret_loop) TINET_MUST_CHECK;

/* Runs until nothing is pending or tinet_loop_stop() is called.  Returns 0, or
 * TINET_ESTATE when called from inside itself. */
TINET_API int tinet_loop_run(tinet_loop *loop);

/* Runs one turn: waits for at least one event unless nothing is pending.
 * Returns 1 if more is pending, 0 if not, or TINET_ESTATE. */
TINET_API int tinet_loop_run_once(tinet_loop *loop);

/* Makes a running tinet_loop_run() return after the current turn. */
TINET_API void tinet_loop_stop(tinet_loop *loop);

/* Calls `fn(arg)` soon on the loop's thread, from any thread; tinet_loop_run()
 * does not return before it (a foreign uv loop is not kept alive by it).  `arg`
 * is borrowed until then. TINET_EINVAL, TINET_ENOMEM, TINET_ESTATE (the loop is
 * closing). */
TINET_API int tinet_loop_post(tinet_loop *loop, void (*fn)(void *arg),
                              void *arg) TINET_MUST_CHECK;

/* For a loop opened by tinet_loop_open_on(): after tinet_loop_close(), once
 * libuv has let go of everything of ours, `fn(arg)` is called from a turn of
 * the uv loop; from then on that one may be closed.  `arg` is borrowed until
 * then.  TINET_EINVAL. */
TINET_API int tinet_loop_on_closed(tinet_loop *loop, void (*fn)(void *arg),
                                   void *arg) TINET_MUST_CHECK;

/* Ends the loop and frees it; NULL is fine.  Returns 0, or TINET_EBUSY when
 * something that was opened on it is still open: a handle somebody forgot.  The
 * loop is freed then only as far as is safe (its memory leaks rather than being
 * used after it was freed).  TINET_ESTATE: a loop of tinet_loop_open() is
 * running; nothing has changed. */
TINET_API int tinet_loop_close(tinet_loop *loop);

TINET_END_DECLS

#endif
