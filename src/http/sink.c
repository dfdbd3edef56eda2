/* sink.c - where a response body goes.
 *
 * A body starts in memory.  Beyond the threshold it moves to a file without a
 * name.  With a target file it is written to a temporary sibling, which is
 * synced and renamed over the target when the body is complete, so the target
 * is either the old or the new file, never a mixture.
 */
#include "sink.h"

#include "../core/alloc.h"
#include "../core/error.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIBLING_TRIES 16 /* a name collision is already next to impossible */

void tinet__sink_init(struct tinet__sink *s, size_t threshold)
{
  memset(s, 0, sizeof *s);
  s->threshold = threshold;
  s->fd = -1;
}

static int file_error(tinet_error *err, int errnum, const char *path)
{
  return tinet__error_errno(err, TINET_EFILE, errnum, "%s", path);
}

/* ".<name>.<random>.part" beside `target`. */
static char *sibling_name(const char *target)
{
  const char *slash = strrchr(target, '/');
  int dir_len = slash ? (int)(slash - target + 1) : 0;
  struct tinet__buf b = TINET__BUF_INIT;
  uint64_t random = 0;

  if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
    random = (uint64_t)tinet__clock_us();
  if (tinet__buf_addf(&b, "%.*s.%s.%012llx.part", dir_len, target,
                      target + dir_len,
                      (unsigned long long)(random & 0xffffffffffffULL)) < 0) {
    tinet__buf_free(&b);
    return NULL;
  }
  return tinet__buf_take(&b, NULL);
}

static int open_sibling(struct tinet__sink *s, const struct stat *old,
                        tinet_error *err)
{
  for (int i = 0; i < SIBLING_TRIES; i++) {
    char *name = sibling_name(s->target);

    if (!name)
      return tinet__error_set(err, TINET_ENOMEM, TINET_ORIGIN_TINET, 0, NULL);
    s->fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (s->fd >= 0) {
      s->sibling = name;
      if (old)
        (void)fchmod(s->fd, old->st_mode & 07777); /* only to be kind */
      return TINET_OK;
    }
    tinet__free(name);
    if (errno != EEXIST)
      break;
  }
  return file_error(err, errno, s->target);
}

/* Follows symbolic links so that the rename replaces what they point to. */
static char *real_target(const char *path)
{
  char resolved[PATH_MAX];

  if (realpath(path, resolved))
    return tinet__strdup(resolved);
  return tinet__strdup(path);
}

static int open_device(struct tinet__sink *s, tinet_error *err)
{
  s->fd = open(s->target, O_WRONLY | O_CLOEXEC | O_NOCTTY);
  if (s->fd < 0)
    return file_error(err, errno, s->target);
  s->is_device = true;
  return TINET_OK;
}

int tinet__sink_open_file(struct tinet__sink *s, const char *path,
                          tinet_error *err)
{
  struct stat st;
  bool exists;

  s->target = real_target(path);
  if (!s->target)
    return tinet__error_set(err, TINET_ENOMEM, TINET_ORIGIN_TINET, 0, NULL);
  exists = stat(s->target, &st) == 0;
  if (!exists && errno != ENOENT)
    return file_error(err, errno, path);
  if (exists && S_ISDIR(st.st_mode))
    return file_error(err, EISDIR, path);
  if (exists && !S_ISREG(st.st_mode))
    return open_device(s, err);
  /* A file that may not be written is not replaced behind its owner's back. */
  if (exists && access(s->target, W_OK) != 0)
    return file_error(err, errno, path);
  return open_sibling(s, exists ? &st : NULL, err);
}

static int write_all(int fd, const char *p, size_t len)
{
  while (len > 0) {
    ssize_t n = write(fd, p, len);

    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return errno;
    p += n;
    len -= (size_t)n;
  }
  return 0;
}

/* ti: HTTPClient.responseData - a file without a name in $TMPDIR. */
static int open_anonymous(void)
{
  const char *dir = secure_getenv("TMPDIR");
  char name[PATH_MAX];
  int fd;

  if (!dir || !*dir)
    dir = "/tmp";
  fd = open(dir, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
  if (fd >= 0)
    return fd;
  if (snprintf(name, sizeof name, "%s/tinet-XXXXXX", dir) >= (int)sizeof name) {
    errno = ENAMETOOLONG;
    return -1;
  }
  fd = mkostemp(name, O_CLOEXEC);
  if (fd >= 0)
    (void)unlink(name); /* if that fails the file only keeps its name */
  return fd;
}

static int spill(struct tinet__sink *s, tinet_error *err)
{
  int errnum;

  s->fd = open_anonymous();
  if (s->fd < 0)
    return file_error(err, errno, "temporary file");
  errnum = write_all(s->fd, s->mem.data, s->mem.len);
  if (errnum != 0)
    return file_error(err, errnum, "temporary file");
  tinet__buf_free(&s->mem);
  return TINET_OK;
}

int tinet__sink_write(struct tinet__sink *s, const void *data, size_t len,
                      tinet_error *err)
{
  int rc, errnum;

  if (s->fd < 0 && s->mem.len + len <= s->threshold) {
    rc = tinet__buf_add(&s->mem, data, len);
    if (rc < 0)
      return tinet__error_set(err, rc, TINET_ORIGIN_TINET, 0, NULL);
    s->len += len;
    return TINET_OK;
  }
  if (s->fd < 0) {
    rc = spill(s, err);
    if (rc < 0)
      return rc;
  }
  errnum = write_all(s->fd, data, len);
  if (errnum != 0)
    return file_error(err, errnum, s->target ? s->target : "temporary file");
  s->len += len;
  return TINET_OK;
}

int tinet__sink_restart(struct tinet__sink *s, tinet_error *err)
{
  tinet__buf_reset(&s->mem);
  s->len = 0;
  if (s->fd < 0 || s->is_device)
    return TINET_OK;
  if (ftruncate(s->fd, 0) != 0 || lseek(s->fd, 0, SEEK_SET) < 0)
    return file_error(err, errno, s->target ? s->target : "temporary file");
  return TINET_OK;
}

bool tinet__sink_needs_commit(const struct tinet__sink *s)
{
  return s->sibling != NULL;
}

int tinet__sink_commit(struct tinet__sink *s, tinet_error *err)
{
  if (fsync(s->fd) != 0 && errno != EINVAL && errno != EROFS)
    return file_error(err, errno, s->target);
  if (rename(s->sibling, s->target) != 0)
    return file_error(err, errno, s->target);
  tinet__free(s->sibling);
  s->sibling = NULL;
  s->is_complete = true;
  return TINET_OK;
}

void tinet__sink_discard(struct tinet__sink *s)
{
  if (!s->sibling)
    return;
  (void)unlink(s->sibling); /* somebody may have removed it already */
  tinet__free(s->sibling);
  s->sibling = NULL;
}

void tinet__sink_free(struct tinet__sink *s)
{
  size_t threshold = s->threshold;

  tinet__sink_discard(s);
  if (s->fd >= 0)
    (void)close(s->fd);
  tinet__free(s->target);
  tinet__buf_free(&s->mem);
  tinet__sink_init(s, threshold);
}
