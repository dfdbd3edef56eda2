/* sink.h - where a response body goes: memory, an anonymous file beyond a
 * threshold, or a target file through a temporary sibling.  ti:
 * HTTPClient.file, HTTPClient.responseData */
#ifndef TINET_HTTP_SINK_H
#define TINET_HTTP_SINK_H

#include "../core/buf.h"
#include "../core/loop.h"

struct tinet__sink {
  struct tinet__buf mem; /* while in memory */
  size_t threshold;
  int fd;           /* owned; -1 while in memory */
  char *target;     /* owned; what `file` resolved to, or NULL */
  char *sibling;    /* owned; temporary name, or NULL */
  bool is_device;   /* target is no regular file: written directly */
  bool is_complete; /* the target has been renamed into place */
  uint64_t len;
};
void tinet__sink_init(struct tinet__sink *s, size_t threshold);
/* Opens the sibling (or the device).  TINET_EFILE with errno in *err: EISDIR,
 * EACCES, ENOENT, EROFS ... */
int tinet__sink_open_file(struct tinet__sink *s, const char *path,
                          tinet_error *err) TINET_MUST_CHECK;
/* TINET_EFILE with errno (ENOSPC ...), TINET_ENOMEM. */
int tinet__sink_write(struct tinet__sink *s, const void *data, size_t len,
                      tinet_error *err) TINET_MUST_CHECK;
/* Body thrown away (a redirect's): back to empty. */
int tinet__sink_restart(struct tinet__sink *s,
                        tinet_error *err) TINET_MUST_CHECK;
/* Does commit need a thread (fsync and rename of a regular target)? */
bool tinet__sink_needs_commit(const struct tinet__sink *s);
/* fsync + rename; blocking, for a worker thread; touches nothing but files. */
int tinet__sink_commit(struct tinet__sink *s,
                       tinet_error *err) TINET_MUST_CHECK;
/* After a failure: the sibling is removed, the bytes stay readable in fd. */
void tinet__sink_discard(struct tinet__sink *s);
void tinet__sink_free(struct tinet__sink *s); /* back to init */

#endif
