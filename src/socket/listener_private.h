/* listener_private.h - binding, for the listener. */
#ifndef TINET_SOCKET_LISTENER_PRIVATE_H
#define TINET_SOCKET_LISTENER_PRIVATE_H

#include "net.h"

#include <sys/types.h>

#define TINET__LISTEN_MAX 8 /* sockets of one listener */

/* ---- listener_bind.c ---- */

/* Opens, binds and listens on every address that the options name; fds[0 ...
 * *ret_n - 1] are the caller's.  The errors of tinet_listener_open(). */
int tinet__listen_all(const tinet_listen_options *opt,
                      int fds[TINET__LISTEN_MAX], size_t *ret_n,
                      tinet_error *err) TINET_MUST_CHECK;
/* One of them: a descriptor, or a negative errno. */
int tinet__listen_on(const struct tinet__sockaddr *sa, bool is_dual,
                     int backlog);
/* What listen() is told for `backlog` of the options. */
int tinet__listen_backlog(unsigned backlog);

/* ---- listener_path.c ---- */

/* The file of a Unix-domain socket, to be known again. */
struct tinet__listen_file {
  bool is_made;
  dev_t device;
  ino_t inode;
};

/* The same for a path; takes the place of a socket that nobody listens on. */
int tinet__listen_path(const char *path, int backlog,
                       struct tinet__listen_file *ret_file, int *ret_fd,
                       tinet_error *err) TINET_MUST_CHECK;
/* Removes it, unless something else has this path by now. */
void tinet__listen_file_remove(const char *path,
                               const struct tinet__listen_file *file);

#endif
