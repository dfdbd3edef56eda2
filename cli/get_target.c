/* get_target.c - where the body goes: standard output, or FILE by way of
 * FILE.part.
 *
 * FILE.part.info tells whose bytes are in FILE.part:
 *
 *   tinet-part 1
 *   url http://...
 *   etag "..."
 *
 * It is written when the first response has a strong entity tag, before its
 * body.  FILE.part is locked while it is being written.  What is no regular
 * file (/dev/null, a named pipe) is written directly.
 */
#include "get.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define INFO_MAX                                                               \
  16384 /* a line of the info file: longer URLs do not resume                  \
         */

static int write_failed(const char *path)
{
  cli_error("%s: %s", path, strerror(errno));
  return CLI_WRITE_ERROR;
}

/* The rest of a line that begins with `key`, allocated; NULL if it is not
 * there. */
static char *info_line(FILE *in, const char *key)
{
  static char line[INFO_MAX];
  size_t len = strlen(key);

  if (!fgets(line, sizeof line, in) || strncmp(line, key, len) != 0 ||
      !strchr(line, '\n'))
    return NULL;
  line[strcspn(line, "\n")] = 0;
  return cli_strdup(line + len);
}

/* The tag of the partial file if it was made from `url`. */
static char *read_info(const char *path, const char *url)
{
  FILE *in = fopen(path, "re");
  char *head, *from = NULL, *etag = NULL;

  if (!in)
    return NULL;
  head = info_line(in, "tinet-part 1");
  if (head)
    from = info_line(in, "url ");
  if (from && strcmp(from, url) == 0)
    etag = info_line(in, "etag ");
  if (etag && !get_etag_is_strong(etag)) {
    free(etag);
    etag = NULL;
  }
  free(head);
  free(from);
  (void)fclose(in);
  return etag;
}

/* Not being able to continue later is no reason to fail now. */
static void write_info(const struct get_target *t, const char *url,
                       const char *etag)
{
  int fd = open(t->info, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;

  if (!out) {
    if (fd >= 0)
      (void)close(fd);
    return;
  }
  (void)fprintf(out, "tinet-part 1\nurl %s\netag %s\n", url, etag);
  if (fclose(out) != 0)
    (void)unlink(t->info);
}

/* Opens and locks FILE.part.  0, CLI_WRITE_ERROR, or -1: by the time of the
 * lock the file had another name, because its download was complete. */
static int lock_part(struct get_target *t)
{
  struct stat st, named;

  t->fd = open(t->part, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (t->fd < 0)
    return write_failed(t->part);
  if (flock(t->fd, LOCK_EX | LOCK_NB) != 0) {
    cli_error("%s is being written by another tinet get", t->part);
    return CLI_WRITE_ERROR;
  }
  if (fstat(t->fd, &st) != 0)
    return write_failed(t->part);
  if (stat(t->part, &named) != 0 || named.st_ino != st.st_ino ||
      named.st_dev != st.st_dev)
    return -1;
  if (!S_ISREG(st.st_mode)) {
    cli_error("%s is in the way", t->part);
    return CLI_WRITE_ERROR;
  }
  t->have = (uint64_t)st.st_size;
  return CLI_OK;
}

static int open_part(struct get_target *t, const char *url)
{
  int status;

  t->part = cli_format("%s.part", t->path);
  t->info = cli_format("%s.part.info", t->path);
  while ((status = lock_part(t)) < 0)
    (void)close(t->fd);
  if (status != CLI_OK)
    return status;
  t->is_new_part = t->have == 0;
  if (t->have > 0)
    t->etag = read_info(t->info, url);
  return CLI_OK;
}

int get_target_open(struct get_target *t, const struct get_options *o)
{
  struct stat st;

  memset(t, 0, sizeof *t);
  t->fd = -1;
  if (!o->output || strcmp(o->output, "-") == 0) {
    t->fd = STDOUT_FILENO;
    t->checks_text = !o->output && isatty(STDOUT_FILENO);
    return CLI_OK;
  }
  t->path = o->output;
  if (stat(t->path, &st) != 0 || S_ISREG(st.st_mode))
    return open_part(t, o->url);
  t->fd = open(t->path, O_WRONLY | O_CLOEXEC);
  return t->fd < 0 ? write_failed(t->path) : CLI_OK;
}

bool get_target_can_continue(const struct get_target *t)
{
  return t->etag != NULL;
}

int get_target_begin(struct get_target *t, const char *url,
                     const struct get_response *r, enum get_resume how)
{
  if (!t->part || (how != RESUME_START && how != RESUME_APPEND))
    return CLI_OK;
  if (how == RESUME_APPEND)
    return lseek(t->fd, (off_t)t->have, SEEK_SET) < 0 ? write_failed(t->part)
                                                      : CLI_OK;
  (void)unlink(t->info);
  free(t->etag);
  t->etag = NULL;
  t->have = 0;
  t->is_new_part = true;
  if (ftruncate(t->fd, 0) != 0 || lseek(t->fd, 0, SEEK_SET) < 0)
    return write_failed(t->part);
  if (r->status == 200 && get_etag_is_strong(r->etag) && !r->content_encoding)
    write_info(t, url, r->etag);
  return CLI_OK;
}

static bool is_text(const char *data, size_t len)
{
  return memchr(data, 0, len) == NULL;
}

int get_target_write(struct get_target *t, const void *data, size_t len)
{
  const char *p = data;

  if (t->checks_text && !is_text(data, len)) {
    cli_error("the body is binary, which would disturb the terminal; use "
              "-o FILE, or -o - to print it all the same");
    return CLI_WRITE_ERROR;
  }
  t->is_new_part = t->is_new_part && len == 0;
  while (len > 0) {
    ssize_t n = write(t->fd, p, len);

    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0 && errno == EPIPE) /* the reader has had enough: not news */
      return CLI_WRITE_ERROR;
    if (n < 0)
      return write_failed(t->part   ? t->part
                          : t->path ? t->path
                                    : "standard output");
    p += n;
    len -= (size_t)n;
    t->have += (uint64_t)n;
  }
  return CLI_OK;
}

int get_target_finish(struct get_target *t)
{
  if (!t->part)
    return CLI_OK;
  if (rename(t->part, t->path) != 0)
    return write_failed(t->path);
  (void)unlink(t->info);
  free(t->part);
  t->part = NULL;
  return CLI_OK;
}

void get_target_close(struct get_target *t)
{
  if (t->part && t->fd >= 0 && t->is_new_part) {
    (void)unlink(t->part);
    (void)unlink(t->info);
  }
  if (t->fd >= 0 && t->fd != STDOUT_FILENO)
    (void)close(t->fd);
  free(t->part);
  free(t->info);
  free(t->etag);
}
