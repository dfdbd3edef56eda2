/* test_body.c - request bodies: what they are as bytes, forms and multipart,
 * and reading them once more. */
#include "core/alloc.h"
#include "core/buf.h"
#include "http/body.h"
#include "http/media_type.h"
#include "t.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static tinet_http_body *body;
static tinet_http_form *form;
static char text[4096];
static tinet_error error;
static int n_released;

static void release(void *user)
{
  n_released += *(int *)user;
}
static int one = 1;

/* All of the body in pieces of `piece` bytes. */
static int64_t read_all(size_t piece)
{
  size_t len = 0;
  int64_t n;

  memset(&error, 0, sizeof error);
  do {
    size_t max = sizeof text - 1 - len;

    n = tinet__body_read(body, text + len, max < piece ? max : piece, &error);
    len += n > 0 ? (size_t)n : 0;
  } while (n > 0 && len < sizeof text - 1);
  text[len] = 0;
  return n < 0 ? n : (int64_t)len;
}

static void done(void)
{
  tinet_http_body_free(body);
  body = NULL;
}

static const char *temporary(const char *content)
{
  static char path[64];
  int fd;

  (void)snprintf(path, sizeof path, "test-body-XXXXXX.png");
  fd = mkstemps(path, 4);
  T_OK(fd >= 0);
  T_EQ(strlen(content), write(fd, content, strlen(content)));
  (void)close(fd);
  return path;
}

static void bytes_are_copied_and_read_twice(void)
{
  char data[] = "hello";

  T_EQ(0, tinet_http_body_new_bytes(data, 5, NULL, &body));
  memset(data, 'x', 5);
  T_EQ(5, tinet_http_body_len(body));
  T_STR("application/x-www-form-urlencoded", tinet_http_body_type(body));
  T_EQ(5, read_all(2));
  T_STR("hello", text);
  T_EQ(0, read_all(2));
  T_OK(tinet__body_can_rewind(body));
  T_EQ(0, tinet__body_rewind(body, &error));
  T_EQ(5, read_all(100));
  T_STR("hello", text);
  done();
  T_EQ(0, tinet_http_body_new_bytes(NULL, 0, "a/b", &body));
  T_EQ(0, read_all(100));
  T_STR("a/b", tinet_http_body_type(body));
  done();
}

static void borrowed_bytes_are_released_once(void)
{
  n_released = 0;
  T_EQ(0, tinet_http_body_new_borrowed("abc", 3, "a/b", release, &one, &body));
  T_EQ(3, read_all(100));
  T_EQ(0, n_released);
  done();
  T_EQ(1, n_released);
  T_EQ(TINET_EINVAL,
       tinet_http_body_new_borrowed("abc", 3, "a\r\nb", release, &one, &body));
  T_EQ(2, n_released);
  T_EQ(TINET_EINVAL,
       tinet_http_body_new_borrowed(NULL, 3, NULL, release, &one, &body));
  T_EQ(3, n_released);
}

static void wrong_arguments_are_told(void)
{
  T_EQ(TINET_EINVAL, tinet_http_body_new_bytes(NULL, 1, NULL, &body));
  T_EQ(TINET_EINVAL, tinet_http_body_new_bytes("a", 1, NULL, NULL));
  T_EQ(TINET_EINVAL, tinet_http_body_new_bytes("a", 1, "a\nb: c", &body));
  T_EQ(TINET_EINVAL, tinet_http_body_new_file(NULL, NULL, &body));
  T_EQ(TINET_EINVAL, tinet_http_body_new_fd(-1, 0, 1, NULL, &body));
  T_EQ(TINET_EINVAL, tinet_http_body_new_fd(0, 0, UINT64_MAX, NULL, &body));
  T_EQ(TINET_EBODY, tinet_http_body_new_fd(1 << 20, 0, 1, NULL, &body));
  T_EQ(TINET_EINVAL, tinet_http_body_new_form(NULL, &body));
  T_EQ(TINET_EINVAL, tinet_http_form_new(NULL));
  tinet_http_body_free(NULL);
  tinet_http_form_free(NULL);
  T_EQ(0, tinet_http_body_len(NULL));
  T_OK(tinet_http_body_type(NULL) == NULL);
}

static void a_file_has_the_type_of_its_name(void)
{
  const char *path = temporary("0123456789");
  int fd;

  T_EQ(0, tinet_http_body_new_file(path, NULL, &body));
  T_STR("image/png", tinet_http_body_type(body));
  T_EQ(10, tinet_http_body_len(body));
  T_EQ(10, read_all(3));
  T_STR("0123456789", text);
  done();
  fd = open(path, O_RDONLY | O_CLOEXEC);
  T_EQ(0, tinet_http_body_new_fd(fd, 2, 3, NULL, &body));
  (void)close(fd);
  T_EQ(3, read_all(100));
  T_STR("234", text);
  T_STR("application/octet-stream", tinet_http_body_type(body));
  done();
  (void)unlink(path);
}

static void a_file_that_shrinks_is_an_error(void)
{
  const char *path = temporary("0123456789");

  T_EQ(0, tinet_http_body_new_file(path, NULL, &body));
  T_EQ(4, tinet__body_read(body, text, 4, &error));
  T_EQ(0, truncate(path, 6));
  T_EQ(TINET_EBODY, read_all(100));
  T_OK(strstr(error.text, path) != NULL);
  done();
  T_EQ(0, tinet_http_body_new_file(path, NULL, &body));
  T_EQ(0, truncate(path, 20)); /* what is added later is not sent */
  T_EQ(6, read_all(100));
  done();
  (void)unlink(path);
}

static void what_is_no_file_is_refused_without_waiting(void)
{
  T_EQ(TINET_EBODY, tinet_http_body_new_file("does/not/exist", NULL, &body));
  T_EQ(ENOENT, errno);
  T_EQ(TINET_EBODY, tinet_http_body_new_file(".", NULL, &body));
  T_EQ(EISDIR, errno);
  (void)unlink("test-body-fifo");
  T_EQ(0, mkfifo("test-body-fifo", 0600));
  T_EQ(TINET_EBODY, tinet_http_body_new_file("test-body-fifo", NULL, &body));
  (void)unlink("test-body-fifo");
}

/* ---- readers ---- */

static struct {
  const char *left;
  int64_t fails;
  int n_rewinds;
} source;

static int64_t read_source(void *user, void *data, size_t max)
{
  size_t n = strlen(source.left);

  (void)user;
  if (source.fails)
    return source.fails;
  n = n > 2 ? 2 : n;
  n = n > max ? max : n;
  memcpy(data, source.left, n);
  source.left += n;
  return (int64_t)n;
}

static int rewind_source(void *user)
{
  (void)user;
  source.left = "stream";
  return source.n_rewinds++ ? -1 : 0;
}

static void make_reader(int64_t len, bool can_rewind)
{
  tinet_http_reader reader = {read_source, can_rewind ? rewind_source : NULL,
                              release, &one};

  memset(&source, 0, sizeof source);
  source.left = "stream";
  T_EQ(0, tinet_http_body_new_reader(&reader, len, NULL, &body));
}

static void a_reader_is_read_to_its_end(void)
{
  n_released = 0;
  make_reader(-1, true);
  T_EQ(-1, tinet_http_body_len(body));
  T_EQ(6, read_all(100));
  T_STR("stream", text);
  T_EQ(0, tinet__body_rewind(body, &error));
  T_EQ(6, read_all(1));
  T_EQ(TINET_EBODY, tinet__body_rewind(body, &error)); /* it says no */
  done();
  T_EQ(1, n_released);
}

static void a_reader_without_rewind_is_read_once(void)
{
  make_reader(4, false);
  T_EQ(4, tinet_http_body_len(body));
  T_OK(tinet__body_can_rewind(body)); /* nothing was taken */
  T_EQ(0, tinet__body_rewind(body, &error));
  T_EQ(4, read_all(100));
  T_STR("stre", text);
  T_OK(!tinet__body_can_rewind(body));
  T_EQ(TINET_EBODY, tinet__body_rewind(body, &error));
  done();
}

static void a_reader_may_fail(void)
{
  tinet_http_reader none = {NULL, NULL, release, &one};

  make_reader(10, false);
  T_EQ(TINET_EBODY, read_all(100)); /* ended too early */
  done();
  make_reader(-1, false);
  source.fails = TINET_ECANCELED;
  T_EQ(TINET_ECANCELED, read_all(100));
  done();
  make_reader(-1, false);
  source.fails = 1000; /* more than was asked for */
  T_EQ(TINET_EBODY, read_all(100));
  done();
  n_released = 0;
  T_EQ(TINET_EINVAL, tinet_http_body_new_reader(&none, 1, NULL, &body));
  T_EQ(1, n_released);
}

/* ---- forms ---- */

static void add(const char *name, const char *value)
{
  T_EQ(0, tinet_http_form_add_text(form, name, value, strlen(value)));
}

static void a_form_without_files_is_urlencoded(void)
{
  struct tinet__buf query = TINET__BUF_INIT;

  T_EQ(0, tinet_http_form_new(&form));
  add("a b", "1 2+3&4=5");
  add("\xc3\xa4", "*-._~'!");
  add("", "");
  T_EQ(0, tinet_http_form_add_text(form, "nul", "x\0y", 3));
  T_EQ(0, tinet_http_form_add_json(form, "j", "[1]", 3));
  T_EQ(0, tinet_http_body_new_form(form, &body));
  T_OK(tinet__body_is_form(body));
  T_EQ(0, tinet__body_query(body, &query));
  T_STR("a%20b=1%202%2B3%264%3D5&%C3%A4=*-._~'!&=&nul=x%00y&j=%5B1%5D",
        query.data);
  tinet__buf_free(&query);
  T_STR("application/x-www-form-urlencoded", tinet_http_body_type(body));
  T_EQ(tinet_http_body_len(body), read_all(7));
  T_STR("a+b=1+2%2B3%264%3D5&%C3%A4=*-._%7E%27%21&=&nul=x%00y&j=%5B1%5D", text);
  done();
}

static void an_empty_form_is_an_empty_body(void)
{
  T_EQ(0, tinet_http_form_new(&form));
  T_EQ(0, tinet_http_body_new_form(form, &body));
  T_EQ(0, tinet_http_body_len(body));
  T_EQ(0, read_all(100));
  done();
}

static void add_file(const char *name, const char *filename)
{
  T_EQ(0, tinet_http_form_add_file(form, name, filename, body));
  body = NULL;
}

/* The body with the boundary written as "B", the time as it stands. */
static void with_short_boundary(char *to, size_t size)
{
  const char *type = tinet_http_body_type(body);
  const char *boundary = strstr(type, "boundary=") + 9;
  const char *at = text, *next;
  size_t n = 0;

  T_EQ(0, strncmp(type, "multipart/form-data; boundary=", 30));
  T_OK(strlen(boundary) >= 30 && strlen(boundary) <= 70);
  while ((next = strstr(at, boundary)) != NULL) {
    n += (size_t)snprintf(to + n, size - n, "%.*sB", (int)(next - at), at);
    at = next + strlen(boundary);
  }
  (void)snprintf(to + n, size - n, "%s", at);
}

/* ti: HTTPClient.send */
static void a_form_with_a_file_is_multipart(void)
{
  const char *path = temporary("PNG");
  char want[1024], got[1024];

  T_EQ(0, tinet_http_form_new(&form));
  add("k\"\r\n", "v\r\n");
  T_EQ(0, tinet_http_form_add_json(form, "j", "{}", 2));
  T_EQ(0, tinet_http_body_new_file(path, NULL, &body));
  add_file("f", NULL);
  T_EQ(0, tinet_http_body_new_bytes("<p>", 3, "text/html; x=y", &body));
  add_file("g", "n\"m.html");
  T_EQ(0, tinet_http_body_new_form(form, &body));
  T_EQ(tinet_http_body_len(body), read_all(5));
  (void)snprintf(
      want, sizeof want,
      "--B\r\nContent-Disposition: form-data; name=\"k%%22%%0D%%0A\"\r\n\r\n"
      "v\r\n\r\n--B\r\nContent-Disposition: form-data; name=\"j\"\r\n"
      "Content-Type: application/json; charset=UTF-8\r\n\r\n{}\r\n"
      "--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"%s\"\r\n"
      "Content-Type: image/png\r\n\r\nPNG\r\n"
      "--B\r\nContent-Disposition: form-data; name=\"g\"; "
      "filename=\"n%%22m.html\"\r\n"
      "Content-Type: text/html; x=y\r\n\r\n<p>\r\n--B--\r\n",
      path);
  with_short_boundary(got, sizeof got);
  T_STR(want, got);
  T_EQ(0, tinet__body_rewind(body, &error));
  T_EQ(tinet_http_body_len(body), read_all(1000));
  with_short_boundary(got, sizeof got);
  T_STR(want, got);
  done();
  (void)unlink(path);
}

static void a_part_without_a_name_gets_one(void)
{
  char *at;

  T_EQ(0, tinet_http_form_new(&form));
  T_EQ(0, tinet_http_body_new_bytes("x", 1, "image/jpeg", &body));
  add_file("f", NULL);
  T_EQ(0, tinet_http_body_new_form(form, &body));
  T_EQ(tinet_http_body_len(body), read_all(1000));
  at = strstr(text, "filename=\"0");
  T_OK(at && strspn(at + 10, "0123456789") >= 10 &&
       strncmp(at + 10 + strspn(at + 10, "0123456789"), ".jp", 3) == 0);
  done();
}

static void what_cannot_be_a_part_is_refused(void)
{
  T_EQ(0, tinet_http_form_new(&form));
  make_reader(-1, false);
  T_EQ(TINET_EINVAL, tinet_http_form_add_file(form, "f", NULL, body));
  done();
  T_EQ(TINET_EINVAL, tinet_http_form_add_file(form, "f", NULL, NULL));
  T_EQ(TINET_EINVAL, tinet_http_form_add_text(form, NULL, "", 0));
  T_EQ(TINET_EINVAL, tinet_http_form_add_text(form, "a", NULL, 1));
  make_reader(6, false);
  add_file("f", "s");
  T_EQ(0, tinet_http_body_new_form(form, &body));
  T_EQ(tinet_http_body_len(body), read_all(1000));
  T_OK(strstr(text, "\r\n\r\nstream\r\n--") != NULL);
  done();
}

static void media_types_go_both_ways(void)
{
  T_STR("image/jpeg", tinet_http_media_type("/a.b/c.JPG"));
  T_STR("application/octet-stream", tinet_http_media_type("/a.png/c"));
  T_STR("application/octet-stream", tinet_http_media_type(NULL));
  T_STR("application/octet-stream", tinet_http_media_type("x."));
  T_STR("html", tinet__media_extension("Text/HTML; charset=x"));
  T_OK(tinet__media_extension("no/such") == NULL);
  T_OK(tinet__media_extension(NULL) == NULL);
}

/* ---- allocations ---- */

static int bytes_once(void)
{
  tinet_http_body *b = NULL;
  int err = tinet_http_body_new_bytes("abc", 3, "a/b", &b);

  tinet_http_body_free(b);
  return err;
}

static int others_once(void)
{
  tinet_http_reader reader = {read_source, NULL, release, &one};
  tinet_http_body *b = NULL;
  int err, n_before = n_released;

  err = tinet_http_body_new_reader(&reader, 1, NULL, &b);
  tinet_http_body_free(b);
  b = NULL;
  T_EQ(n_before + 1, n_released);
  if (err < 0)
    return err;
  err = tinet_http_body_new_borrowed("x", 1, NULL, release, &one, &b);
  tinet_http_body_free(b);
  T_EQ(n_before + 2, n_released);
  return err;
}

static const char *file_path;

static int file_once(void)
{
  tinet_http_body *b = NULL;
  int err = tinet_http_body_new_file(file_path, NULL, &b);

  tinet_http_body_free(b);
  return err;
}

static int add_part(tinet_http_form *f, const char *name)
{
  tinet_http_body *content = NULL;
  int err = tinet_http_body_new_bytes("xyz", 3, NULL, &content);

  if (err == 0)
    err = tinet_http_form_add_file(f, name, NULL, content);
  if (err < 0)
    tinet_http_body_free(content);
  return err;
}

static int fill_form(tinet_http_form *f, bool has_files)
{
  int err = tinet_http_form_add_text(f, "a", "1 2", 3);

  for (int i = 0; err == 0 && i < 10; i++)
    err =
        has_files ? add_part(f, "f") : tinet_http_form_add_json(f, "b", "2", 1);
  return err;
}

/* After a failed preparation the next one must give the whole body. */
static int form_once(bool has_files)
{
  tinet_http_form *f = NULL;
  tinet_http_body *b = NULL;
  int err = tinet_http_form_new(&f), again;

  if (err == 0)
    err = fill_form(f, has_files);
  if (err == 0)
    err = tinet_http_body_new_form(f, &b);
  if (err < 0) {
    tinet_http_form_free(f);
    return err;
  }
  err = tinet__body_prepare(b);
  again = tinet__body_prepare(b);
  T_EQ(0, again); /* only one allocation fails */
  body = b;
  T_EQ(tinet_http_body_len(b), read_all(999));
  if (has_files) {
    int n = 0;

    for (char *at = text; (at = strstr(at, "xyz")) != NULL; at++)
      n++;
    T_EQ(10, n);
  }
  done();
  return err;
}

static int urlencoded_once(void)
{
  return form_once(false);
}

static int multipart_once(void)
{
  return form_once(true);
}

static void each_allocation_may_fail(void)
{
  n_released = 0;
  T_EACH_ALLOCATION_FAILS(0, bytes_once);
  T_EACH_ALLOCATION_FAILS(0, others_once);
  file_path = temporary("x");
  T_EACH_ALLOCATION_FAILS(0, file_once);
  (void)unlink(file_path);
  T_EACH_ALLOCATION_FAILS(0, urlencoded_once);
  T_EACH_ALLOCATION_FAILS(0, multipart_once);
}

int main(void)
{
  T_RUN(bytes_are_copied_and_read_twice);
  T_RUN(borrowed_bytes_are_released_once);
  T_RUN(wrong_arguments_are_told);
  T_RUN(a_file_has_the_type_of_its_name);
  T_RUN(a_file_that_shrinks_is_an_error);
  T_RUN(what_is_no_file_is_refused_without_waiting);
  T_RUN(a_reader_is_read_to_its_end);
  T_RUN(a_reader_without_rewind_is_read_once);
  T_RUN(a_reader_may_fail);
  T_RUN(a_form_without_files_is_urlencoded);
  T_RUN(an_empty_form_is_an_empty_body);
  T_RUN(a_form_with_a_file_is_multipart);
  T_RUN(a_part_without_a_name_gets_one);
  T_RUN(what_cannot_be_a_part_is_refused);
  T_RUN(media_types_go_both_ways);
  T_RUN(each_allocation_may_fail);
  return T_END();
}
