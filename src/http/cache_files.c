/* cache_files.c - the folder of the cache.
 *
 * A body file is complete once a row names it; without a row it is nothing.
 * Whose it is stands in its name: b-<session>-<number>.  A session is a process
 * that has the folder open, and holds a lock on s-<session> for as long; so a
 * file without a row whose session has no locked file is left over from a
 * process that was killed.
 */
#include "cache_private.h"

#include "../core/error.h"
#include "../core/fsutil.h"
#include "tls_hash.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SESSION_LEN 16
#define SESSION_TRIES 16 /* a sweeper may take a new file for an old one */

/* 0, or the number of what went wrong; EAGAIN: another name. */
static int lock_session(struct tinet__cache_files *files)
{
  char name[32];
  struct stat st;

  (void)snprintf(name, sizeof name, "s-%s", files->session);
  files->session_fd = openat(files->folder_fd, name,
                             O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (files->session_fd < 0)
    return errno == EEXIST ? EAGAIN : errno;
  if (flock(files->session_fd, LOCK_EX | LOCK_NB) == 0 &&
      fstat(files->session_fd, &st) == 0 && st.st_nlink > 0)
    return 0;
  (void)close(files->session_fd);
  files->session_fd = -1;
  return EAGAIN;
}

static int begin_session(struct tinet__cache_files *files, const char *path,
                         tinet_error *err)
{
  int number = EAGAIN;

  for (int i = 0; i < SESSION_TRIES && number == EAGAIN; i++) {
    char hex[33];
    int ret = tinet__random_hex(hex);

    if (ret < 0)
      return tinet__error_set(err, ret, TINET_ORIGIN_TINET, 0, NULL);
    (void)snprintf(files->session, sizeof files->session, "%.*s", SESSION_LEN,
                   hex);
    number = lock_session(files);
  }
  if (number == 0)
    return TINET_OK;
  return tinet__error_errno(err, TINET_ESTORE, number, "%s", path);
}

int tinet__cache_files_open(struct tinet__cache_files *files, const char *path,
                            tinet_error *err)
{
  int ret;

  files->folder_fd = files->session_fd = -1;
  if (!path)
    return TINET_OK;
  ret = tinet__make_folder(path, err);
  if (ret < 0)
    return ret;
  files->folder_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (files->folder_fd < 0)
    return tinet__error_errno(err, TINET_ESTORE, errno, "%s", path);
  return begin_session(files, path, err);
}

void tinet__cache_files_close(struct tinet__cache_files *files)
{
  char name[32];

  if (files->session_fd >= 0) {
    (void)snprintf(name, sizeof name, "s-%s", files->session);
    (void)unlinkat(files->folder_fd, name, 0); /* a sweep would do it too */
    (void)close(files->session_fd);
  }
  if (files->folder_fd >= 0)
    (void)close(files->folder_fd);
  files->folder_fd = files->session_fd = -1;
}

void tinet__cache_files_name(struct tinet__cache_files *files, char name[64])
{
  (void)snprintf(name, 64, "b-%s-%u", files->session,
                 atomic_fetch_add(&files->n_named, 1));
}

int tinet__cache_files_create(struct tinet__cache_files *files,
                              const char *name)
{
  int fd;

  if (files->folder_fd < 0)
    fd = memfd_create("tinet-cache", MFD_CLOEXEC);
  else
    fd = openat(files->folder_fd, name,
                O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  return fd >= 0 ? fd : -errno;
}

int tinet__cache_files_write(int fd, const void *data, size_t len)
{
  const char *p = data;

  while (len > 0) {
    ssize_t n = write(fd, p, len);

    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return -errno;
    p += n;
    len -= (size_t)n;
  }
  return 0;
}

int tinet__cache_files_get(struct tinet__cache_files *files, const char *name,
                           uint64_t len)
{
  int fd = openat(files->folder_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  struct stat st;

  if (fd < 0)
    return -1;
  if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (uint64_t)st.st_size == len)
    return fd;
  (void)close(fd);
  return -1;
}

void tinet__cache_files_remove(struct tinet__cache_files *files,
                               const char *name)
{
  if (files->folder_fd >= 0 && *name)
    (void)unlinkat(files->folder_fd, name, 0); /* gone is what it shall be */
}

/* ---- what others have left ---- */

/* The session in the name of a body file, or false. */
static bool session_of(const char *name, char session[SESSION_LEN + 1])
{
  if (strncmp(name, "b-", 2) != 0 || strlen(name) < SESSION_LEN + 4 ||
      name[2 + SESSION_LEN] != '-')
    return false;
  memcpy(session, name + 2, SESSION_LEN);
  session[SESSION_LEN] = 0;
  for (size_t i = 0; i < SESSION_LEN; i++)
    if (!tinet__is_hex(session[i]))
      return false;
  return true;
}

static bool is_alive(struct tinet__cache_files *files, const char *session)
{
  char name[32];
  bool is_locked;
  int fd;

  if (strcmp(session, files->session) == 0)
    return true;
  (void)snprintf(name, sizeof name, "s-%s", session);
  fd = openat(files->folder_fd, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0)
    return errno != ENOENT;
  is_locked = flock(fd, LOCK_EX | LOCK_NB) != 0;
  if (!is_locked)
    (void)unlinkat(files->folder_fd, name, 0); /* while it is locked by us */
  (void)close(fd);
  return is_locked;
}

static void look_at(struct tinet__cache_files *files,
                    struct tinet__cache_index *index, const char *name)
{
  char session[SESSION_LEN + 1];

  if (session_of(name, session)) {
    if (!is_alive(files, session) &&
        tinet__cache_index_has(index, name, NULL) == 0)
      tinet__cache_files_remove(files, name);
  } else if (strncmp(name, "s-", 2) == 0 && strlen(name) == SESSION_LEN + 2) {
    (void)is_alive(files, name + 2); /* removes what is dead */
  }
}

void tinet__cache_files_sweep(struct tinet__cache_files *files,
                              struct tinet__cache_index *index)
{
  int fd = openat(files->folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
  struct dirent *entry;

  if (!dir) {
    if (fd >= 0)
      (void)close(fd);
    return; /* the next open tries again */
  }
  while ((entry = readdir(dir)))
    look_at(files, index, entry->d_name);
  (void)closedir(dir);
}
