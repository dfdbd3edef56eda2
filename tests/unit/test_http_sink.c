/* test_http_sink.c - memory, anonymous file, target file. */
#include "core/alloc.h"
#include "http/sink.h"
#include "t.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[64], path[128];
static struct tinet__sink s;
static tinet_error err;

static void begin(void)
{
  (void)snprintf(dir, sizeof dir, "/tmp/tinet-sink-XXXXXX");
  T_OK(mkdtemp(dir) != NULL);
  (void)snprintf(path, sizeof path, "%s/out", dir);
  memset(&err, 0, sizeof err);
  tinet__sink_init(&s, 4);
}

static void end(void)
{
  tinet__sink_free(&s);
  (void)unlink(path);
  T_EQ(0, rmdir(dir)); /* nothing else is left in it */
}

static void put(const char *text)
{
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0640);

  T_EQ(strlen(text), write(fd, text, strlen(text)));
  (void)close(fd);
}

static void check(const char *want)
{
  char text[64] = {0};
  int fd = open(path, O_RDONLY);

  T_OK(read(fd, text, sizeof text - 1) >= 0);
  (void)close(fd);
  T_STR(want, text);
}

static void a_small_body_stays_in_memory(void)
{
  begin();
  T_EQ(0, tinet__sink_write(&s, "abcd", 4, &err));
  T_EQ(-1, s.fd);
  T_EQ(4, s.len);
  end();
}

static void a_larger_body_moves_to_a_file_without_a_name(void)
{
  char text[8] = {0};

  begin();
  T_EQ(0, tinet__sink_write(&s, "abcd", 4, &err));
  T_EQ(0, tinet__sink_write(&s, "e", 1, &err));
  T_OK(s.fd >= 0);
  T_EQ(5, pread(s.fd, text, sizeof text, 0));
  T_STR("abcde", text);
  T_EQ(0, tinet__sink_restart(&s, &err));
  T_EQ(0, s.len);
  T_EQ(0, pread(s.fd, text, sizeof text, 0));
  end();
}

static void a_target_is_replaced_in_one_step_with_its_mode(void)
{
  struct stat st;

  begin();
  put("old");
  T_EQ(0, chmod(path, 0604));
  T_EQ(0, tinet__sink_open_file(&s, path, &err));
  T_EQ(0, tinet__sink_write(&s, "newer", 5, &err));
  check("old");
  T_OK(tinet__sink_needs_commit(&s));
  T_EQ(0, tinet__sink_commit(&s, &err));
  check("newer");
  T_EQ(0, stat(path, &st));
  T_EQ(0604, st.st_mode & 0777);
  end();
}

static void a_symbolic_link_is_followed(void)
{
  char link[160];
  struct stat st;

  begin();
  put("old");
  (void)snprintf(link, sizeof link, "%s/link", dir);
  T_EQ(0, symlink("out", link));
  T_EQ(0, tinet__sink_open_file(&s, link, &err));
  T_EQ(0, tinet__sink_write(&s, "new", 3, &err));
  T_EQ(0, tinet__sink_commit(&s, &err));
  T_EQ(0, lstat(link, &st));
  T_OK(S_ISLNK(st.st_mode));
  check("new");
  (void)unlink(link);
  end();
}

static void a_failure_leaves_the_target_and_the_bytes(void)
{
  char text[8] = {0};

  begin();
  put("old");
  T_EQ(0, tinet__sink_open_file(&s, path, &err));
  T_EQ(0, tinet__sink_write(&s, "part", 4, &err));
  tinet__sink_discard(&s);
  check("old");
  T_EQ(4, pread(s.fd, text, sizeof text, 0));
  T_STR("part", text);
  end();
}

static void what_is_no_file_is_an_error_or_a_device(void)
{
  begin();
  T_EQ(TINET_EFILE, tinet__sink_open_file(&s, dir, &err));
  T_EQ(EISDIR, err.number);
  tinet__sink_free(&s);
  T_EQ(TINET_EFILE, tinet__sink_open_file(&s, "/nowhere/at/all", &err));
  T_EQ(ENOENT, err.number);
  tinet__sink_free(&s);
  T_EQ(0, tinet__sink_open_file(&s, "/dev/null", &err));
  T_OK(s.is_device);
  T_OK(!tinet__sink_needs_commit(&s));
  T_EQ(0, tinet__sink_write(&s, "gone", 4, &err));
  tinet__sink_free(&s);
  T_EQ(0, tinet__sink_open_file(&s, "/dev/full", &err));
  T_EQ(TINET_EFILE, tinet__sink_write(&s, "full", 4, &err));
  T_EQ(ENOSPC, err.number);
  end();
}

static int open_once(void)
{
  int code = tinet__sink_open_file(&s, path, &err);

  tinet__sink_free(&s);
  return code;
}

static int write_once(void)
{
  int code = tinet__sink_write(&s, "ab", 2, &err);

  tinet__sink_free(&s);
  return code;
}

static void each_allocation_may_fail(void)
{
  begin();
  T_EACH_ALLOCATION_FAILS(0, open_once);
  T_EACH_ALLOCATION_FAILS(0, write_once);
  end();
}

int main(void)
{
  T_RUN(a_small_body_stays_in_memory);
  T_RUN(a_larger_body_moves_to_a_file_without_a_name);
  T_RUN(a_target_is_replaced_in_one_step_with_its_mode);
  T_RUN(a_symbolic_link_is_followed);
  T_RUN(a_failure_leaves_the_target_and_the_bytes);
  T_RUN(what_is_no_file_is_an_error_or_a_device);
  T_RUN(each_allocation_may_fail);
  return T_END();
}
