/* body.c - request bodies: a row of segments that can be read and rewound. */
#include "body_private.h"

#include "../core/alloc.h"
#include "../core/error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FORM_TYPE "application/x-www-form-urlencoded"

TINET_DEFINE_CLEANUP(tinet_http_body, tinet_http_body_free)

static void free_segment(struct tinet__segment *s)
{
  if (s->is_lent)
    return;
  if (s->release)
    s->release(s->release_user);
  else if (s->kind == TINET__SEGMENT_MEMORY)
    tinet__free((void *)(uintptr_t)s->data);
  if (s->kind == TINET__SEGMENT_FD && s->fd >= 0)
    (void)close(s->fd);
  tinet__free(s->path);
}

int tinet__body_add(tinet_http_body *b, struct tinet__segment *segment)
{
  if (b->n_segments == b->cap) {
    size_t cap = b->cap ? b->cap * 2 : 2;
    struct tinet__segment *p = tinet__realloc(b->segments, cap * sizeof *p);

    if (!p) {
      free_segment(segment);
      return TINET_ENOMEM;
    }
    b->segments = p;
    b->cap = cap;
  }
  b->segments[b->n_segments++] = *segment;
  if (segment->len < 0 || b->len < 0)
    b->len = -1;
  else
    b->len += segment->len;
  return TINET_OK;
}

int tinet__body_add_copy(tinet_http_body *b, const void *data, size_t len)
{
  struct tinet__segment s = {.fd = -1, .len = (int64_t)len};

  s.data = tinet__memdup(data, len);
  return s.data ? tinet__body_add(b, &s) : TINET_ENOMEM;
}

int tinet__body_set_type(tinet_http_body *b, const char *type)
{
  char *copy = NULL;

  if (type) {
    copy = tinet__strdup(type);
    if (!copy)
      return TINET_ENOMEM;
  }
  tinet__free(b->type);
  b->type = copy;
  return TINET_OK;
}

static int new_body(const char *type, tinet_http_body **ret_body)
{
  tinet_http_body *b = tinet__zalloc(sizeof *b);

  if (!b)
    return TINET_ENOMEM;
  if (tinet__body_set_type(b, type) < 0) {
    tinet__free(b);
    return TINET_ENOMEM;
  }
  *ret_body = b;
  return TINET_OK;
}

static int with_segment(const char *type, struct tinet__segment *segment,
                        tinet_http_body **ret_body)
{
  TINET_CLEANUP(tinet_http_body_freep) tinet_http_body *b = NULL;
  int err = new_body(type, &b);

  if (err < 0) {
    free_segment(segment);
    return err;
  }
  err = tinet__body_add(b, segment);
  if (err < 0)
    return err;
  *ret_body = TINET_TAKE(b);
  return TINET_OK;
}

static bool is_type(const char *type)
{
  return !type || strpbrk(type, "\r\n") == NULL;
}

static int bytes_body(const char *type, struct tinet__segment *segment,
                      tinet_http_body **ret_body)
{
  int err = with_segment(type ? type : FORM_TYPE, segment, ret_body);

  if (err == TINET_OK)
    (*ret_body)->has_default_type = type == NULL;
  return err;
}

int tinet_http_body_new_bytes(const void *data, size_t len,
                              const char *content_type,
                              tinet_http_body **ret_body)
{
  struct tinet__segment s = {.fd = -1, .len = (int64_t)len};

  if ((!data && len > 0) || !ret_body || !is_type(content_type))
    return TINET_EINVAL;
  s.data = tinet__memdup(data, len);
  if (!s.data)
    return TINET_ENOMEM;
  return bytes_body(content_type, &s, ret_body);
}

int tinet_http_body_new_borrowed(const void *data, size_t len,
                                 const char *content_type,
                                 void (*release)(void *user), void *user,
                                 tinet_http_body **ret_body)
{
  struct tinet__segment s = {.fd = -1, .data = data, .len = (int64_t)len};

  s.release = release;
  s.release_user = user;
  if ((!data && len > 0) || !release || !ret_body || !is_type(content_type)) {
    if (release)
      release(user);
    return TINET_EINVAL;
  }
  return bytes_body(content_type, &s, ret_body);
}

static int fd_segment(int fd, uint64_t offset, uint64_t len, const char *path,
                      struct tinet__segment *ret_segment)
{
  struct tinet__segment s = {.kind = TINET__SEGMENT_FD, .offset = offset};

  if (len > INT64_MAX) {
    (void)close(fd);
    return TINET_EINVAL;
  }
  s.fd = fd;
  s.len = (int64_t)len;
  s.path = path ? tinet__strdup(path) : NULL;
  if (path && !s.path) {
    (void)close(fd);
    return TINET_ENOMEM;
  }
  *ret_segment = s;
  return TINET_OK;
}

int tinet_http_body_new_file(const char *path, const char *content_type,
                             tinet_http_body **ret_body)
{
  struct tinet__segment s;
  struct stat st = {0};
  int fd, err;

  if (!path || !ret_body || !is_type(content_type))
    return TINET_EINVAL;
  /* Opening a FIFO would wait for its writer. */
  fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0)
    return TINET_EBODY;
  if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
    (void)close(fd);
    errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
    return TINET_EBODY;
  }
  err = fd_segment(fd, 0, (uint64_t)st.st_size, path, &s);
  if (err < 0)
    return err;
  return with_segment(content_type ? content_type : tinet_http_media_type(path),
                      &s, ret_body);
}

int tinet_http_body_new_fd(int fd, uint64_t offset, uint64_t len,
                           const char *content_type, tinet_http_body **ret_body)
{
  struct tinet__segment s;
  int copy, err;

  if (fd < 0 || !ret_body || !is_type(content_type))
    return TINET_EINVAL;
  copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
  if (copy < 0)
    return TINET_EBODY;
  err = fd_segment(copy, offset, len, NULL, &s);
  if (err < 0)
    return err;
  return with_segment(content_type ? content_type : "application/octet-stream",
                      &s, ret_body);
}

int tinet_http_body_new_reader(const tinet_http_reader *reader, int64_t len,
                               const char *content_type,
                               tinet_http_body **ret_body)
{
  struct tinet__segment s = {.kind = TINET__SEGMENT_READER, .fd = -1};

  if (!reader || !reader->read || !ret_body || !is_type(content_type)) {
    if (reader && reader->release)
      reader->release(reader->user);
    return TINET_EINVAL;
  }
  s.reader = *reader;
  s.len = len < 0 ? -1 : len;
  s.release = reader->release;
  s.release_user = reader->user;
  return with_segment(content_type ? content_type : "application/octet-stream",
                      &s, ret_body);
}

int tinet_http_body_new_form(tinet_http_form *form, tinet_http_body **ret_body)
{
  tinet_http_body *b = NULL;
  int err;

  if (!form || !ret_body)
    return TINET_EINVAL;
  err = new_body(NULL, &b);
  if (err < 0)
    return err;
  b->form = form;
  *ret_body = b;
  return TINET_OK;
}

void tinet_http_body_free(tinet_http_body *body)
{
  if (!body)
    return;
  for (size_t i = 0; i < body->n_segments; i++)
    free_segment(&body->segments[i]);
  tinet__free(body->segments);
  tinet__free(body->type);
  tinet_http_form_free(body->form);
  tinet__free(body);
}

int64_t tinet_http_body_len(const tinet_http_body *body)
{
  if (!body)
    return 0;
  /* Measuring a form means encoding it; the body is its cache. */
  if (tinet__body_prepare((tinet_http_body *)(uintptr_t)body) < 0)
    return -1;
  return body->len;
}

const char *tinet_http_body_type(const tinet_http_body *body)
{
  if (!body || tinet__body_prepare((tinet_http_body *)(uintptr_t)body) < 0)
    return NULL;
  return body->type;
}

bool tinet__body_is_form(const tinet_http_body *b)
{
  return b->form != NULL;
}

static void drop_segments(tinet_http_body *b)
{
  for (size_t i = 0; i < b->n_segments; i++)
    free_segment(&b->segments[i]);
  b->n_segments = 0;
  b->len = 0;
}

static int prepare_urlencoded(tinet_http_body *b)
{
  struct tinet__buf text = TINET__BUF_INIT;
  struct tinet__segment s = {.fd = -1};
  int err = tinet__form_urlencode(b->form, &text);

  if (err == TINET_OK)
    err = tinet__body_set_type(b, FORM_TYPE);
  if (err == TINET_OK)
    err = tinet__buf_reserve(&text, 0);
  if (err < 0) {
    tinet__buf_free(&text);
    return err;
  }
  s.len = (int64_t)text.len;
  s.data = tinet__buf_take(&text, NULL);
  return tinet__body_add(b, &s);
}

int tinet__body_prepare(tinet_http_body *b)
{
  int err;

  if (!b->form || b->is_prepared)
    return TINET_OK;
  err = b->form->has_file ? tinet__multipart_build(b->form, b)
                          : prepare_urlencoded(b);
  if (err < 0) {
    drop_segments(b); /* the next call begins anew */
    return err;
  }
  b->is_prepared = true;
  return TINET_OK;
}

static int64_t read_fd(const struct tinet__segment *s, uint64_t at, void *data,
                       size_t max, tinet_error *err)
{
  const char *name = s->path ? s->path : "the request body";
  ssize_t n;

  do
    n = pread(s->fd, data, max, (off_t)(s->offset + at));
  while (n < 0 && errno == EINTR);
  if (n < 0)
    return tinet__error_errno(err, TINET_EBODY, errno, "%s", name);
  if (n == 0)
    return tinet__error_set(err, TINET_EBODY, TINET_ORIGIN_TINET, 0,
                            "%s became shorter while it was sent", name);
  return n;
}

static int64_t read_reader(const struct tinet__segment *s, uint64_t at,
                           void *data, size_t max, tinet_error *err)
{
  int64_t n = s->reader.read(s->reader.user, data, max);

  if (n < 0 || (uint64_t)n > max)
    return tinet__error_set(err, n < 0 && n > INT32_MIN ? (int)n : TINET_EBODY,
                            TINET_ORIGIN_TINET, 0,
                            "the application's reader failed");
  if (n == 0 && s->len >= 0 && at < (uint64_t)s->len)
    return tinet__error_set(err, TINET_EBODY, TINET_ORIGIN_TINET, 0,
                            "the application's reader ended too early");
  return n;
}

static int64_t read_segment(tinet_http_body *b, void *data, size_t max,
                            tinet_error *err)
{
  const struct tinet__segment *s = &b->segments[b->at_segment];
  uint64_t left = s->len < 0 ? UINT64_MAX : (uint64_t)s->len - b->at_byte;

  if (max > left)
    max = (size_t)left;
  if (max == 0)
    return 0;
  switch (s->kind) {
  case TINET__SEGMENT_MEMORY:
    memcpy(data, s->data + b->at_byte, max);
    return (int64_t)max;
  case TINET__SEGMENT_FD:
    return read_fd(s, b->at_byte, data, max, err);
  case TINET__SEGMENT_READER:
    b->has_read = true;
    return read_reader(s, b->at_byte, data, max, err);
  }
  return 0;
}

int64_t tinet__body_read(tinet_http_body *b, void *data, size_t max,
                         tinet_error *err)
{
  size_t done = 0;

  while (done < max && b->at_segment < b->n_segments) {
    int64_t n = read_segment(b, (char *)data + done, max - done, err);

    if (n < 0)
      return n;
    if (n == 0) {
      b->at_segment++;
      b->at_byte = 0;
      continue;
    }
    b->at_byte += (uint64_t)n;
    done += (size_t)n;
    if (b->segments[b->at_segment].kind == TINET__SEGMENT_READER)
      break; /* what is there now; it may have nothing more yet */
  }
  return (int64_t)done;
}

bool tinet__body_can_rewind(const tinet_http_body *b)
{
  if (!b->has_read)
    return true;
  for (size_t i = 0; i < b->n_segments; i++)
    if (b->segments[i].kind == TINET__SEGMENT_READER &&
        !b->segments[i].reader.rewind)
      return false;
  return true;
}

int tinet__body_rewind(tinet_http_body *b, tinet_error *err)
{
  if (!tinet__body_can_rewind(b))
    return tinet__error_set(err, TINET_EBODY, TINET_ORIGIN_TINET, 0,
                            "the request body has to be sent again, but its "
                            "reader cannot go back to the start");
  for (size_t i = 0; b->has_read && i < b->n_segments; i++) {
    struct tinet__segment *s = &b->segments[i];

    if (s->kind == TINET__SEGMENT_READER && s->reader.rewind(s->reader.user))
      return tinet__error_set(err, TINET_EBODY, TINET_ORIGIN_TINET, 0,
                              "the request body could not be read again");
  }
  b->at_segment = 0;
  b->at_byte = 0;
  b->has_read = false;
  return TINET_OK;
}
