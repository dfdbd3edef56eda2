/* test_db.c - SQLite files: whose they are, what damage does, what survives. */
#include "core/alloc.h"
#include "core/db.h"
#include "t.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY 65534
#define N_OPENERS 8

static char dir[64], path[128], warning[1024];
static int n_warnings;
static tinet_error err;

static void on_warning(void *user, const char *text)
{
  (void)user;
  n_warnings++;
  (void)snprintf(warning, sizeof warning, "%s", text);
}

static struct tinet__db_options opt = {
    .path = path,
    .schema = "CREATE TABLE IF NOT EXISTS t (k TEXT PRIMARY KEY, v BLOB)",
    .version = 2,
    .on_warning = on_warning,
};

static void begin(void)
{
  (void)snprintf(dir, sizeof dir, "/tmp/tinet-db-XXXXXX");
  T_OK(mkdtemp(dir) != NULL);
  (void)snprintf(path, sizeof path, "%s/x.sqlite", dir);
  memset(&err, 0, sizeof err);
  n_warnings = 0;
  warning[0] = 0;
}

/* How many names in the folder contain `part`; removes them all if asked. */
static int count_names(const char *part, int is_removing)
{
  DIR *d = opendir(dir);
  struct dirent *e;
  int n = 0;

  while ((e = readdir(d))) {
    if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
      continue;
    n += strstr(e->d_name, part) != NULL;
    if (is_removing && unlinkat(dirfd(d), e->d_name, 0) != 0)
      (void)unlinkat(dirfd(d), e->d_name, AT_REMOVEDIR);
  }
  (void)closedir(d);
  return n;
}

static void end(void)
{
  (void)count_names("", 1);
  T_EQ(0, rmdir(dir));
}

static tinet__db *open_ok(void)
{
  tinet__db *db = NULL;

  T_EQ(0, tinet__db_open(&opt, &db, &err));
  if (!db) {
    printf("# %s\n", err.text);
    exit(1);
  }
  return db;
}

static int put(tinet__db *db, const char *key, size_t len)
{
  tinet__stmt *s = NULL;
  char *value = calloc(1, len + 1);
  int ret =
      tinet__db_prepare(db, "INSERT OR REPLACE INTO t VALUES (?, ?)", &s, &err);

  if (ret == 0) {
    tinet__stmt_bind_text(s, 1, key);
    tinet__stmt_bind_blob(s, 2, value, len);
    ret = tinet__stmt_run(s, &err);
  }
  free(value);
  return ret;
}

static int count_rows(tinet__db *db)
{
  tinet__stmt *s = NULL;
  int n = -1;

  if (tinet__db_prepare(db, "SELECT count(*) FROM t", &s, &err) < 0)
    return -1;
  if (tinet__stmt_step(s, &err) == 1)
    n = (int)tinet__stmt_int(s, 0);
  tinet__stmt_reset(s);
  return n;
}

/* A file with some pages, closed. */
static void make_file(int version)
{
  int before = opt.version;
  tinet__db *db;

  opt.version = version;
  db = open_ok();
  T_EQ(0, put(db, "a", 30000));
  T_EQ(0, put(db, "b", 30000));
  tinet__db_close(db);
  opt.version = before;
}

static int mode_of(const char *start, const char *rest)
{
  char name[160];
  struct stat st;

  (void)snprintf(name, sizeof name, "%s%s", start, rest);
  return lstat(name, &st) == 0 ? (int)(st.st_mode & 07777) : -1;
}

static void refused(const char *why)
{
  tinet__db *db = NULL;

  T_EQ(TINET_ESTORE, tinet__db_open(&opt, &db, &err));
  T_EQ(TINET_ESTORE, err.code);
  T_OK(db == NULL);
  T_OK(strstr(err.text, dir) != NULL);
  if (!strstr(err.text, why))
    T_FAIL("\"%s\" does not say \"%s\"", err.text, why);
  T_EQ(0, n_warnings);
  T_EQ(0, count_names("damaged", 0));
}

/* ---- what it is for ---- */

static void files_and_folders_are_ours_alone(void)
{
  char deep[128];
  mode_t before = umask(0);
  tinet__db *db;

  begin();
  (void)snprintf(path, sizeof path, "%s/p/q/x.sqlite", dir);
  db = open_ok();
  T_EQ(0, put(db, "a", 1));
  T_EQ(0600, mode_of(path, ""));
  T_EQ(0600, mode_of(path, "-wal"));
  T_EQ(0600, mode_of(path, "-shm"));
  T_EQ(0700, mode_of(dir, "/p"));
  T_EQ(0700, mode_of(dir, "/p/q"));
  tinet__db_close(db);
  T_EQ(0, unlink(path));
  (void)snprintf(deep, sizeof deep, "%s/p/q", dir);
  T_EQ(0, rmdir(deep)); /* nothing else is left in it */
  (void)umask(before);
  end();
}

static void rights_that_others_have_are_taken_away(void)
{
  begin();
  make_file(2);
  T_EQ(0, chmod(path, 0666));
  tinet__db_close(open_ok());
  T_EQ(0600, mode_of(path, ""));
  end();
}

static void what_was_committed_is_there_and_the_rest_is_not(void)
{
  tinet__db *db;

  begin();
  db = open_ok();
  T_EQ(0, tinet__db_begin(db, &err));
  T_EQ(0, put(db, "a", 10));
  T_EQ(0, tinet__db_commit(db, &err));
  T_EQ(0, tinet__db_begin(db, &err));
  T_EQ(0, put(db, "b", 10));
  tinet__db_rollback(db);
  tinet__db_rollback(db); /* once more does no harm */
  tinet__db_close(db);
  db = open_ok();
  T_EQ(1, count_rows(db));
  tinet__db_close(db);
  T_EQ(0, n_warnings);
  end();
}

static void values_come_back_as_they_went(void)
{
  tinet__stmt *s = NULL;
  tinet__db *db;
  size_t len = 9;

  begin();
  db = open_ok();
  T_EQ(0, tinet__db_prepare(db, "SELECT ?, ?, ?, ?", &s, &err));
  tinet__stmt_bind_text(s, 1, "\xc3\xa4\xff");
  tinet__stmt_bind_blob(s, 2, "a\0b", 3);
  tinet__stmt_bind_int(s, 3, INT64_MIN);
  tinet__stmt_bind_text(s, 4, NULL);
  T_EQ(1, tinet__stmt_step(s, &err));
  T_STR("\xc3\xa4\xff", tinet__stmt_text(s, 0));
  T_MEM("a\0b", 3, tinet__stmt_blob(s, 1, &len), 3);
  T_EQ(3, len);
  T_EQ(INT64_MIN, tinet__stmt_int(s, 2));
  T_OK(tinet__stmt_is_null(s, 3) && !tinet__stmt_is_null(s, 0));
  T_STR("", tinet__stmt_text(s, 3));
  T_EQ(0, tinet__stmt_int(s, 3));
  T_OK(tinet__stmt_blob(s, 3, &len) == NULL);
  T_EQ(0, len);
  T_EQ(0, tinet__stmt_step(s, &err));
  /* Reset, it has forgotten what was bound. */
  T_EQ(1, tinet__stmt_step(s, &err));
  T_OK(tinet__stmt_is_null(s, 0));
  tinet__db_close(db);
  end();
}

static void a_parameter_that_is_not_there_is_reported_by_the_step(void)
{
  tinet__stmt *s = NULL;
  tinet__db *db;

  begin();
  db = open_ok();
  T_EQ(0, tinet__db_prepare(db, "SELECT ?", &s, &err));
  tinet__stmt_bind_int(s, 7, 1);
  T_EQ(TINET_ESTORE, tinet__stmt_step(s, &err));
  T_OK(strstr(err.text, path) != NULL);
  T_EQ(TINET_ESTORE, tinet__db_exec(db, "NO SQL", &err));
  T_EQ(TINET_ESTORE, tinet__db_prepare(db, "NO SQL", &s, &err));
  T_OK(!tinet__db_is_damaged(db));
  tinet__db_close(db);
  end();
}

static void another_connection_s_commit_changes_the_version(void)
{
  tinet__db *a, *b;
  int64_t before;

  begin();
  a = open_ok();
  b = open_ok();
  before = tinet__db_data_version(a);
  T_OK(before != 0);
  T_EQ(0, put(a, "a", 1));
  T_EQ(before, tinet__db_data_version(a));
  T_EQ(0, put(b, "b", 1));
  T_OK(before != tinet__db_data_version(a));
  T_EQ(2, count_rows(a));
  tinet__db_close(a);
  tinet__db_close(b);
  end();
}

static void a_file_that_was_removed_or_replaced_is_noticed(void)
{
  tinet__db *db;

  begin();
  db = open_ok();
  T_OK(!tinet__db_is_moved(db));
  T_EQ(0, unlink(path));
  T_OK(tinet__db_is_moved(db));
  tinet__db_close(db);
  end();
}

/* ---- damage ---- */

/* The file is of no use: put aside as it is, with one warning. */
static void is_put_aside(void)
{
  tinet__db *db = open_ok();

  T_EQ(1, n_warnings);
  T_OK(strstr(warning, path) && strstr(warning, ".damaged-"));
  T_EQ(1, count_names("damaged", 0));
  T_EQ(0, count_rows(db));
  T_EQ(0, put(db, "a", 1));
  tinet__db_close(db);
  T_EQ(0600, mode_of(path, ""));
  tinet__db_close(open_ok());
  T_EQ(1, n_warnings);
}

static void random_bytes_are_put_aside(void)
{
  unsigned char bytes[20000];
  int fd;

  begin();
  srand(1);
  for (size_t i = 0; i < sizeof bytes; i++)
    bytes[i] = (unsigned char)rand();
  fd = open(path, O_WRONLY | O_CREAT, 0600);
  T_EQ(sizeof bytes, write(fd, bytes, sizeof bytes));
  (void)close(fd);
  is_put_aside();
  end();
}

static void a_truncated_file_is_put_aside(void)
{
  begin();
  make_file(2);
  T_EQ(0, truncate(path, 4096 * 3));
  is_put_aside();
  end();
}

static void a_file_cut_off_within_its_head_is_put_aside(void)
{
  begin();
  make_file(2);
  T_EQ(0, truncate(path, 50));
  is_put_aside();
  end();
}

static void a_page_of_rubbish_in_the_middle_is_put_aside(void)
{
  char page[4096];
  int fd;

  begin();
  make_file(2);
  memset(page, 0xa5, sizeof page);
  fd = open(path, O_WRONLY);
  T_EQ(4096, pwrite(fd, page, sizeof page, 4096));
  (void)close(fd);
  is_put_aside();
  end();
}

static void an_empty_file_is_a_fresh_one(void)
{
  tinet__db *db;

  begin();
  T_EQ(0, close(open(path, O_WRONLY | O_CREAT, 0600)));
  db = open_ok();
  T_EQ(0, put(db, "a", 1));
  tinet__db_close(db);
  T_EQ(0, n_warnings);
  end();
}

static void damage_while_it_is_open_is_known_as_such(void)
{
  char page[4096];
  tinet__db *db;
  int fd;

  begin();
  make_file(2);
  db = open_ok();
  memset(page, 0xa5, sizeof page);
  fd = open(path, O_WRONLY);
  for (off_t at = 4096; at < 4096 * 4; at += 4096)
    T_EQ(4096, pwrite(fd, page, sizeof page, at));
  T_EQ(0, tinet__db_exec(db, "PRAGMA shrink_memory", &err));
  T_EQ(-1, count_rows(db));
  T_OK(tinet__db_is_damaged(db));
  tinet__db_close(db);
  (void)close(fd); /* after SQLite: closing drops this process' locks */
  is_put_aside();
  end();
}

/* ---- versions ---- */

static void an_older_version_is_put_aside(void)
{
  begin();
  make_file(1);
  is_put_aside();
  T_OK(strstr(warning, "version 1") && strstr(warning, "version 2"));
  end();
}

static void a_newer_version_is_refused_and_left_alone(void)
{
  tinet__db *db;

  begin();
  make_file(3);
  refused("version 3");
  T_OK(strstr(err.text, "version 2") != NULL);
  opt.version = 3;
  db = open_ok();
  T_EQ(2, count_rows(db));
  tinet__db_close(db);
  opt.version = 2;
  end();
}

static void another_program_s_database_is_refused(void)
{
  tinet__db *db;

  begin();
  db = open_ok();
  T_EQ(0, tinet__db_exec(db, "PRAGMA application_id = 7", &err));
  tinet__db_close(db);
  refused("another program");
  end();
}

/* ---- what is not a file of ours ---- */

static void a_folder_in_its_place_is_refused(void)
{
  begin();
  T_EQ(0, mkdir(path, 0700));
  refused("not a regular file");
  end();
}

static void a_fifo_in_its_place_is_refused(void)
{
  begin();
  T_EQ(0, mkfifo(path, 0600));
  refused("not a regular file");
  end();
}

static void a_symbolic_link_is_refused(void)
{
  char to[160];

  begin();
  (void)snprintf(to, sizeof to, "%s/elsewhere", dir);
  T_EQ(0, symlink(to, path));
  refused("symbolic link");
  T_EQ(1, count_names("", 0)); /* nothing was made through it */
  T_EQ(0, close(open(to, O_WRONLY | O_CREAT, 0600)));
  refused("symbolic link");
  end();
}

static void a_log_that_is_a_symbolic_link_is_refused(void)
{
  char wal[160];

  begin();
  (void)snprintf(wal, sizeof wal, "%s-wal", path);
  T_EQ(0, symlink("elsewhere", wal));
  refused("symbolic link");
  end();
}

static void a_name_without_a_file_is_refused(void)
{
  begin();
  strrchr(path, '/')[1] = 0;
  refused("not the name of a file");
  end();
}

static void a_file_where_a_folder_should_be_is_refused(void)
{
  begin();
  make_file(2);
  (void)snprintf(path, sizeof path, "%s/x.sqlite/y.sqlite", dir);
  refused("not a folder");
  end();
}

static void another_owner_s_file_is_refused(void)
{
  begin();
  make_file(2);
  T_EQ(0, chown(path, NOBODY, NOBODY));
  refused("another user");
  end();
}

static void another_owner_s_folder_is_refused(void)
{
  begin();
  T_EQ(0, chown(dir, NOBODY, NOBODY));
  refused("another user");
  end();
}

static void a_folder_in_which_everybody_may_write_is_refused(void)
{
  begin();
  T_EQ(0, chmod(dir, 0777));
  refused("everybody");
  T_EQ(0, chmod(dir, 01777)); /* sticky, as /tmp is */
  tinet__db_close(open_ok());
  end();
}

/* Exit code of a process that runs `fn`. */
static int in_child(void (*fn)(void))
{
  int status = 0;
  pid_t pid;

  (void)fflush(stdout);
  pid = fork();
  if (pid == 0) {
    t_failed_here = 0;
    fn();
    (void)fflush(stdout);
    _exit(t_failed_here);
  }
  T_EQ(pid, waitpid(pid, &status, 0));
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void become_nobody(void)
{
  if (geteuid() != 0)
    return;
  T_EQ(0, setgid(NOBODY));
  T_EQ(0, setuid(NOBODY));
}

static void a_new_one_is_refused(void)
{
  become_nobody();
  refused("Permission denied");
}

static void an_old_one_is_refused(void)
{
  become_nobody();
  refused("cannot be written");
}

static void a_folder_that_cannot_be_written_is_refused(void)
{
  begin();
  if (geteuid() == 0)
    T_EQ(0, chown(dir, NOBODY, NOBODY));
  T_EQ(0, chmod(dir, 0500));
  T_EQ(0, in_child(a_new_one_is_refused));
  T_EQ(0, chmod(dir, 0700));
  end();
}

static void an_existing_file_in_such_a_folder_is_refused(void)
{
  begin();
  make_file(2);
  if (geteuid() == 0) {
    T_EQ(0, chown(path, NOBODY, NOBODY));
    T_EQ(0, chown(dir, NOBODY, NOBODY));
  }
  T_EQ(0, chmod(dir, 0500));
  T_EQ(0, in_child(an_old_one_is_refused));
  T_EQ(0, chmod(dir, 0700));
  end();
}

/* ---- a full disk ---- */

/* Fills it up, then makes room again: nothing that was committed is gone. */
static void fill_up(tinet__db *db, void (*make_room)(void))
{
  int n = 0, ret = 0;
  char key[16];

  for (; ret == 0 && n < 10000; n++) {
    (void)snprintf(key, sizeof key, "%d", n);
    ret = put(db, key, 2000);
  }
  T_EQ(TINET_ESTORE, ret);
  T_OK(strstr(err.text, path) != NULL);
  T_OK(!tinet__db_is_damaged(db));
  T_EQ(n - 1, count_rows(db));
  make_room();
  T_EQ(0, put(db, "more", 2000));
  tinet__db_close(db);
  db = open_ok();
  T_EQ(n, count_rows(db));
  T_EQ(0, n_warnings);
  tinet__db_close(db);
}

static void lift_limit(void)
{
  struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};

  (void)getrlimit(RLIMIT_FSIZE, &limit);
  limit.rlim_cur = limit.rlim_max;
  T_EQ(0, setrlimit(RLIMIT_FSIZE, &limit));
}

static void fill_up_to_limit(void)
{
  struct rlimit limit;
  tinet__db *db;

  (void)signal(SIGXFSZ, SIG_IGN);
  db = open_ok();
  T_EQ(0, getrlimit(RLIMIT_FSIZE, &limit));
  limit.rlim_cur = 300000;
  T_EQ(0, setrlimit(RLIMIT_FSIZE, &limit));
  fill_up(db, lift_limit);
}

static void a_file_that_may_not_grow_keeps_what_it_has(void)
{
  begin();
  T_EQ(0, in_child(fill_up_to_limit));
  end();
}

static void enlarge(void)
{
  T_EQ(0, mount(NULL, dir, NULL, MS_REMOUNT, "size=4m"));
}

static void fill_up_disk(void)
{
  T_EQ(0, unshare(CLONE_NEWNS));
  T_EQ(0, mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
  T_EQ(0, mount("tmpfs", dir, "tmpfs", 0, "size=400k,mode=700"));
  fill_up(open_ok(), enlarge);
}

static void open_on_full_disk(void)
{
  char rest[4096] = {0};
  int fd;

  T_EQ(0, unshare(CLONE_NEWNS));
  T_EQ(0, mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
  T_EQ(0, mount("tmpfs", dir, "tmpfs", 0, "size=256k,mode=700"));
  make_file(2);
  T_EQ(0, unlink(path));
  fd = open(path, O_WRONLY | O_CREAT, 0600);
  (void)close(fd);
  fd = open(dir, O_TMPFILE | O_RDWR, 0600);
  while (write(fd, rest, sizeof rest) > 0)
    continue;
  refused("");
  (void)close(fd);
  tinet__db_close(open_ok());
}

static void a_full_disk_takes_nothing_away(void)
{
  begin();
  T_EQ(0, in_child(fill_up_disk));
  end();
}

static void a_disk_that_was_full_before_is_an_error_not_damage(void)
{
  begin();
  T_EQ(0, in_child(open_on_full_disk));
  end();
}

/* ---- several at once ---- */

static void all_open_at_once(int want_warnings)
{
  int go[2], status, n_ok = 0, n_told = 0;
  char c;

  T_EQ(0, pipe(go));
  (void)fflush(stdout);
  for (int i = 0; i < N_OPENERS; i++)
    if (fork() == 0) {
      tinet__db *db = NULL;
      char key[16];

      (void)close(go[1]);
      (void)!read(go[0], &c, 1); /* the end of the pipe is the start signal */
      (void)snprintf(key, sizeof key, "%d", i);
      if (tinet__db_open(&opt, &db, &err) < 0 || put(db, key, 10) < 0) {
        printf("# %s\n", err.text);
        (void)fflush(stdout);
        _exit(9);
      }
      tinet__db_close(db);
      _exit(n_warnings);
    }
  (void)close(go[0]);
  (void)close(go[1]);
  for (int i = 0; i < N_OPENERS; i++) {
    T_OK(wait(&status) > 0 && WIFEXITED(status));
    n_ok += WEXITSTATUS(status) <= 1;
    n_told += WEXITSTATUS(status) == 1;
  }
  T_EQ(N_OPENERS, n_ok);
  T_EQ(want_warnings, n_told);
}

static void processes_make_one_fresh_file(void)
{
  for (int round = 0; round < 10; round++) {
    tinet__db *db;

    begin();
    all_open_at_once(0);
    db = open_ok();
    T_EQ(N_OPENERS, count_rows(db));
    tinet__db_close(db);
    end();
  }
}

static void processes_put_a_damaged_file_aside_once(void)
{
  for (int round = 0; round < 10; round++) {
    tinet__db *db;

    begin();
    make_file(2);
    T_EQ(0, truncate(path, 4096 * 3));
    all_open_at_once(1);
    T_EQ(1, count_names("damaged", 0));
    db = open_ok();
    T_EQ(N_OPENERS, count_rows(db));
    tinet__db_close(db);
    end();
  }
}

/* ---- memory ---- */

static int open_and_prepare(void)
{
  tinet__stmt *s = NULL;
  tinet__db *db = NULL;
  int ret = tinet__db_open(&opt, &db, &err);

  if (ret == 0)
    ret = tinet__db_prepare(db, "SELECT 1", &s, &err);
  tinet__db_close(db);
  return ret;
}

static void each_allocation_fails_at_opening(void)
{
  begin();
  T_EACH_ALLOCATION_FAILS(0, open_and_prepare);
  (void)count_names("", 1);
  make_file(1);
  T_EACH_ALLOCATION_FAILS(0, open_and_prepare);
  end();
}

int main(void)
{
  T_RUN(files_and_folders_are_ours_alone);
  T_RUN(rights_that_others_have_are_taken_away);
  T_RUN(what_was_committed_is_there_and_the_rest_is_not);
  T_RUN(values_come_back_as_they_went);
  T_RUN(a_parameter_that_is_not_there_is_reported_by_the_step);
  T_RUN(another_connection_s_commit_changes_the_version);
  T_RUN(a_file_that_was_removed_or_replaced_is_noticed);
  T_RUN(random_bytes_are_put_aside);
  T_RUN(a_truncated_file_is_put_aside);
  T_RUN(a_file_cut_off_within_its_head_is_put_aside);
  T_RUN(a_page_of_rubbish_in_the_middle_is_put_aside);
  T_RUN(an_empty_file_is_a_fresh_one);
  T_RUN(damage_while_it_is_open_is_known_as_such);
  T_RUN(an_older_version_is_put_aside);
  T_RUN(a_newer_version_is_refused_and_left_alone);
  T_RUN(another_program_s_database_is_refused);
  T_RUN(a_folder_in_its_place_is_refused);
  T_RUN(a_fifo_in_its_place_is_refused);
  T_RUN(a_symbolic_link_is_refused);
  T_RUN(a_log_that_is_a_symbolic_link_is_refused);
  T_RUN(a_name_without_a_file_is_refused);
  T_RUN(a_file_where_a_folder_should_be_is_refused);
  if (geteuid() == 0) {
    T_RUN(another_owner_s_file_is_refused);
    T_RUN(another_owner_s_folder_is_refused);
    T_RUN(a_full_disk_takes_nothing_away);
    T_RUN(a_disk_that_was_full_before_is_an_error_not_damage);
  } else {
    T_SKIP(another_owner_s_file_is_refused, "needs root");
    T_SKIP(another_owner_s_folder_is_refused, "needs root");
    T_SKIP(a_full_disk_takes_nothing_away, "needs root");
    T_SKIP(a_disk_that_was_full_before_is_an_error_not_damage, "needs root");
  }
  T_RUN(a_folder_in_which_everybody_may_write_is_refused);
  T_RUN(a_folder_that_cannot_be_written_is_refused);
  T_RUN(an_existing_file_in_such_a_folder_is_refused);
  T_RUN(a_file_that_may_not_grow_keeps_what_it_has);
  T_RUN(processes_make_one_fresh_file);
  T_RUN(processes_put_a_damaged_file_aside_once);
  T_RUN(each_allocation_fails_at_opening);
  return T_END();
}
