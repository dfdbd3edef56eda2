/* fsutil.c - folders and files that are private to one user.
 *
 * Nothing here follows a symbolic link in the last part of a name, and a file
 * is judged before anybody opens it.  Between judging and opening only those
 * can change it who may write in the folder, and that was checked before.
 */
#include "fsutil.h"

#include "alloc.h"
#include "error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LOCK_STEP_MS 5

static int refuse(tinet_error *err, const char *path, const char *reason)
{
  return tinet__error_set(err, TINET_ESTORE, TINET_ORIGIN_TINET, 0, "%s: %s",
                          path, reason);
}

static int check_folder(const char *path, tinet_error *err)
{
  struct stat st;

  if (stat(path, &st) != 0)
    return tinet__error_errno(err, TINET_ESTORE, errno, "%s", path);
  if (!S_ISDIR(st.st_mode))
    return refuse(err, path, "is not a folder");
  if (st.st_uid != geteuid() && st.st_uid != 0)
    return refuse(err, path, "belongs to another user");
  if ((st.st_mode & S_IWOTH) && !(st.st_mode & S_ISVTX))
    return refuse(err, path, "everybody may write in this folder");
  return TINET_OK;
}

/* A folder that exists is fine even where making one is forbidden. */
static int make_one(const char *path, tinet_error *err)
{
  int why;

  if (mkdir(path, 0700) == 0)
    return TINET_OK;
  why = errno;
  if (why == EEXIST || access(path, F_OK) == 0)
    return TINET_OK;
  return tinet__error_errno(err, TINET_ESTORE, why, "%s", path);
}

/* One after the other from the top; `path` is cut and mended on the way. */
static int make_all(char *path, tinet_error *err)
{
  char *slash = path;
  int ret = TINET_OK;

  while (slash && ret == TINET_OK) {
    slash = strchr(slash + 1, '/');
    if (slash)
      *slash = 0;
    ret = make_one(path, err);
    if (slash)
      *slash = '/';
  }
  return ret;
}

int tinet__make_folder(const char *path, tinet_error *err)
{
  TINET_CLEANUP(tinet__freep) char *copy = tinet__strdup(path);
  int ret;

  if (!copy)
    return tinet__error_set(err, TINET_ENOMEM, TINET_ORIGIN_TINET, 0, NULL);
  if (access(path, F_OK) != 0) {
    ret = make_all(copy, err);
    if (ret < 0)
      return ret;
  }
  return check_folder(path, err);
}

/* "a/b" -> "a", "b" -> ".", "/b" -> "/". */
static char *folder_of(const char *path)
{
  const char *slash = strrchr(path, '/');

  if (!slash)
    return tinet__strdup(".");
  if (slash == path)
    return tinet__strdup("/");
  return tinet__strndup(path, (size_t)(slash - path));
}

static char *join(const char *folder, const char *name)
{
  size_t size = strlen(folder) + strlen(name) + 2;
  char *path = tinet__alloc(size);

  if (path)
    (void)snprintf(path, size, "%s/%s", strcmp(folder, "/") ? folder : "",
                   name);
  return path;
}

int tinet__make_folder_of(const char *path, char **ret_path, tinet_error *err)
{
  TINET_CLEANUP(tinet__freep) char *folder = folder_of(path);
  const char *slash = strrchr(path, '/');
  const char *name = slash ? slash + 1 : path;
  char *real, *full;
  int ret;

  if (!folder)
    return tinet__error_set(err, TINET_ENOMEM, TINET_ORIGIN_TINET, 0, NULL);
  if (*name == 0)
    return refuse(err, path, "is not the name of a file");
  ret = tinet__make_folder(folder, err);
  if (ret < 0)
    return ret;
  real = realpath(folder, NULL);
  if (!real)
    return tinet__error_errno(err, TINET_ESTORE, errno, "%s", folder);
  full = join(real, name);
  free(real); /* the C library's, not ours */
  if (!full)
    return tinet__error_set(err, TINET_ENOMEM, TINET_ORIGIN_TINET, 0, NULL);
  *ret_path = full;
  return TINET_OK;
}

int tinet__check_file(const char *path, struct tinet__file_id *ret_id,
                      tinet_error *err)
{
  struct stat st;

  if (lstat(path, &st) != 0)
    return errno == ENOENT
               ? TINET_OK
               : tinet__error_errno(err, TINET_ESTORE, errno, "%s", path);
  if (S_ISLNK(st.st_mode))
    return refuse(err, path, "is a symbolic link");
  if (!S_ISREG(st.st_mode))
    return refuse(err, path, "is not a regular file");
  if (st.st_uid != geteuid())
    return refuse(err, path, "belongs to another user");
  if ((st.st_mode & 0777) != 0600 && chmod(path, 0600) != 0)
    return tinet__error_errno(err, TINET_ESTORE, errno, "%s", path);
  if (ret_id)
    *ret_id = (struct tinet__file_id){st.st_dev, st.st_ino};
  return TINET_OK;
}

int tinet__make_file(const char *path, struct tinet__file_id *ret_id,
                     tinet_error *err)
{
  int why = mknod(path, S_IFREG | 0600, 0) == 0 ? EEXIST : errno;

  if (why != EEXIST && access(path, F_OK) != 0)
    return tinet__error_errno(err, TINET_ESTORE, why, "%s", path);
  return tinet__check_file(path, ret_id, err);
}

static int wait_for_lock(int fd, int timeout_ms)
{
  const struct timespec step = {0, LOCK_STEP_MS * 1000000L};

  for (int waited = 0; flock(fd, LOCK_EX | LOCK_NB) != 0;
       waited += LOCK_STEP_MS) {
    if (errno != EWOULDBLOCK && errno != EINTR)
      return TINET_OK; /* a file system without locks: do without */
    if (waited >= timeout_ms)
      return TINET_ESTORE;
    (void)nanosleep(&step, NULL);
  }
  return TINET_OK;
}

int tinet__lock_folder_of(const char *path, int timeout_ms, int *ret_fd,
                          tinet_error *err)
{
  TINET_CLEANUP(tinet__freep) char *folder = folder_of(path);
  int fd;

  if (!folder)
    return tinet__error_set(err, TINET_ENOMEM, TINET_ORIGIN_TINET, 0, NULL);
  fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return tinet__error_errno(err, TINET_ESTORE, errno, "%s", folder);
  if (wait_for_lock(fd, timeout_ms) < 0) {
    (void)close(fd);
    return refuse(err, folder, "another program keeps this folder locked");
  }
  *ret_fd = fd;
  return TINET_OK;
}
