/* fsutil.h - folders and files that are private to one user. */
#ifndef TINET_CORE_FSUTIL_H
#define TINET_CORE_FSUTIL_H

#include <sys/types.h>
#include <tinet/error.h>

/* Which file it is, whatever its name. */
struct tinet__file_id {
  dev_t device;
  ino_t inode;
};

/* Makes the folder and those above it that are missing, 0700.  One that exists
 * keeps its mode, but it must be ours or root's, and not writable by everybody
 * unless sticky, as /tmp is.  TINET_ESTORE, TINET_ENOMEM. */
int tinet__make_folder(const char *path, tinet_error *err) TINET_MUST_CHECK;

/* The real folder of `path`, made as above, with the last part of `path` behind
 * it: a name without symbolic links but perhaps the last.  Owned by the caller.
 * TINET_ESTORE, TINET_ENOMEM. */
int tinet__make_folder_of(const char *path, char **ret_path,
                          tinet_error *err) TINET_MUST_CHECK;

/* Makes the file if it is missing.  It must be a regular file of ours; others
 * lose what rights they had.  It is never opened: closing a descriptor would
 * drop this process' POSIX locks on it.  `ret_id` may be NULL.  TINET_ESTORE.
 */
int tinet__make_file(const char *path, struct tinet__file_id *ret_id,
                     tinet_error *err) TINET_MUST_CHECK;

/* As above, but a missing file stays missing. */
int tinet__check_file(const char *path, struct tinet__file_id *ret_id,
                      tinet_error *err) TINET_MUST_CHECK;

/* Waits at most `timeout_ms` for a lock on the folder of `path`, which ends
 * when *ret_fd is closed.  TINET_ESTORE, TINET_ENOMEM. */
int tinet__lock_folder_of(const char *path, int timeout_ms, int *ret_fd,
                          tinet_error *err) TINET_MUST_CHECK;

#endif
