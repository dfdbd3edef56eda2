/* listener_path.c - a Unix-domain socket's file: when it may be taken over,
 * and when it is removed.
 *
 * The file outlives a program that is killed, and bind() then says "in use"
 * for ever.  Nobody answers on such a file, so it is taken over; a file that
 * somebody listens on, or that is no socket, is left alone.  In the end only
 * the file that was made here is removed, not what stands in its place by then.
 */
#include "listener_private.h"

#include "../core/error.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

/* A datagram socket asks without being a connection: it is refused if the file
 * has no socket, and of the wrong type if there is one. */
static bool is_stale(const char *path, const struct tinet__sockaddr *sa)
{
  struct stat st;
  int fd, errnum;

  if (lstat(path, &st) != 0 || !S_ISSOCK(st.st_mode))
    return false;
  fd = tinet__socket_open(AF_UNIX, SOCK_DGRAM);
  if (fd < 0)
    return false;
  errnum =
      connect(fd, (const struct sockaddr *)&sa->sa, sa->len) == 0 ? 0 : errno;
  tinet__socket_close(fd);
  return errnum == ECONNREFUSED;
}

int tinet__listen_path(const char *path, int backlog,
                       struct tinet__listen_file *ret_file, int *ret_fd,
                       tinet_error *err)
{
  struct tinet__sockaddr sa = {0};
  struct stat st;
  int fd, rc = tinet__sockaddr_of_path(path, &sa, err);

  if (rc < 0)
    return rc;
  fd = tinet__listen_on(&sa, false, backlog);
  if (fd == -EADDRINUSE && is_stale(path, &sa) && unlink(path) == 0)
    fd = tinet__listen_on(&sa, false, backlog);
  if (fd < 0)
    return tinet__error_errno(err, tinet__socket_code(-fd), -fd, "%s", path);
  if (lstat(path, &st) == 0)
    *ret_file = (struct tinet__listen_file){true, st.st_dev, st.st_ino};
  *ret_fd = fd;
  return TINET_OK;
}

void tinet__listen_file_remove(const char *path,
                               const struct tinet__listen_file *file)
{
  struct stat st;

  if (!file->is_made || lstat(path, &st) != 0 || st.st_dev != file->device ||
      st.st_ino != file->inode)
    return;
  (void)unlink(path); /* gone already is fine */
}
