/* test_cookie_store.c - what is queued, what is in the file, what others see.
 */
#include "cookie/store.h"
#include "core/alloc.h"
#include "core/db.h"
#include "t.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LATER_MS INT64_C(4102444800000) /* the year 2100 */
#define N_SEEN_MAX 4096
#define N_THREADS 4
#define N_EACH 500

static char dir[64], path[128], warning[1024];
static int n_warnings;
static tinet_error err;
static tinet__cookie_store *a, *b;

struct seen {
  char text[96]; /* name=value@domain/path */
  tinet_cookie cookie;
};
static struct seen seen[N_SEEN_MAX];
static int n_seen;

static void on_warning(void *user, const char *text)
{
  (void)user;
  n_warnings++;
  (void)snprintf(warning, sizeof warning, "%s", text);
}

static void begin(void)
{
  (void)snprintf(dir, sizeof dir, "/tmp/tinet-store-XXXXXX");
  T_OK(mkdtemp(dir) != NULL);
  (void)snprintf(path, sizeof path, "%s/cookies.sqlite", dir);
  n_warnings = 0;
  warning[0] = 0;
}

static int count_names(const char *part, int is_removing)
{
  DIR *d = opendir(dir);
  struct dirent *e;
  int n = 0;

  while ((e = readdir(d))) {
    if (e->d_name[0] == '.')
      continue;
    n += strstr(e->d_name, part) != NULL;
    if (is_removing)
      (void)unlinkat(dirfd(d), e->d_name, 0);
  }
  (void)closedir(d);
  return n;
}

static void end(void)
{
  tinet__cookie_store_close(a);
  tinet__cookie_store_close(b);
  a = b = NULL;
  (void)count_names("", 1);
  T_EQ(0, rmdir(dir));
}

static int try_open(uint32_t delay_ms, tinet__cookie_store **ret)
{
  const struct tinet__cookie_store_options opt = {
      .path = path, .write_delay_ms = delay_ms, .on_warning = on_warning};

  return tinet__cookie_store_open(&opt, ret, &err);
}

/* With a delay that no test waits for, unless it is given. */
static tinet__cookie_store *open_ok(uint32_t delay_ms)
{
  tinet__cookie_store *store = NULL;

  T_EQ(0, try_open(delay_ms, &store));
  if (!store) {
    printf("# %s\n", err.text);
    exit(1);
  }
  return store;
}

#define NEVER 3600000u

static tinet_cookie cookie(const char *name, const char *value)
{
  return (tinet_cookie){.name = name,
                        .value = value,
                        .domain = "example.com",
                        .path = "/",
                        .is_persistent = true,
                        .expires_ms = LATER_MS,
                        .created_us = 1,
                        .accessed_us = 2};
}

static int put(tinet__cookie_store *store, const char *name, const char *value)
{
  const tinet_cookie c = cookie(name, value);

  return tinet__cookie_store_put(store, &c);
}

static struct tinet__cookie_key key(const char *name)
{
  return (struct tinet__cookie_key){name, "example.com", "/", false};
}

static int drop(tinet__cookie_store *store, const char *name)
{
  const struct tinet__cookie_key k = key(name);

  return tinet__cookie_store_remove(store, &k);
}

static int on_cookie(void *user, const tinet_cookie *c)
{
  struct seen *s = &seen[n_seen];

  (void)user;
  if (n_seen == N_SEEN_MAX)
    return TINET_ELIMIT;
  (void)snprintf(s->text, sizeof s->text, "%s=%s", c->name, c->value);
  s->cookie = *c;
  n_seen++;
  return 0;
}

static int load(tinet__cookie_store *store)
{
  n_seen = 0;
  return tinet__cookie_store_load(store, on_cookie, NULL);
}

static bool has(const char *text)
{
  for (int i = 0; i < n_seen; i++)
    if (strcmp(seen[i].text, text) == 0)
      return true;
  return false;
}

/* What is in the file, through a store that is opened for it. */
static void read_file(void)
{
  tinet__cookie_store *store = open_ok(NEVER);

  T_EQ(1, load(store));
  tinet__cookie_store_close(store);
}

static void flush(tinet__cookie_store *store)
{
  T_EQ(0, tinet__cookie_store_flush(store, &err));
}

static void wait_ms(long ms)
{
  const struct timespec ts = {ms / 1000, ms % 1000 * 1000000};

  (void)nanosleep(&ts, NULL);
}

/* ---- changes ---- */

static int check_all_fields(void *user, const tinet_cookie *c)
{
  (void)user;
  n_seen++;
  T_STR("n\xff", c->name);
  T_STR("v\tw", c->value);
  T_STR("a.example", c->domain);
  T_STR("/p", c->path);
  T_STR("why", c->comment);
  T_STR("https://a.example/p", c->original_url);
  T_OK(c->is_host_only && c->is_secure && c->is_http_only && c->is_persistent);
  T_EQ(TINET_COOKIE_SAME_SITE_STRICT, c->same_site);
  T_EQ(LATER_MS, c->expires_ms);
  T_EQ(11, c->created_us);
  T_EQ(12, c->accessed_us);
  T_EQ(1, c->version);
  return 0;
}

static void a_cookie_comes_back_with_every_field(void)
{
  const tinet_cookie c = {"n\xff",
                          "v\tw",
                          "a.example",
                          "/p",
                          true,
                          true,
                          true,
                          true,
                          TINET_COOKIE_SAME_SITE_STRICT,
                          LATER_MS,
                          11,
                          12,
                          "why",
                          "https://a.example/p",
                          1};

  begin();
  a = open_ok(NEVER);
  T_EQ(0, tinet__cookie_store_put(a, &c));
  tinet__cookie_store_close(a); /* writes */
  a = open_ok(NEVER);
  n_seen = 0;
  T_EQ(1, tinet__cookie_store_load(a, check_all_fields, NULL));
  T_EQ(1, n_seen);
  end();
}

static void a_change_is_written_without_being_asked_for(void)
{
  begin();
  a = open_ok(1);
  b = open_ok(NEVER);
  T_EQ(1, load(b));
  T_EQ(0, put(a, "x", "1"));
  do {
    wait_ms(5);
    T_EQ(0, tinet__cookie_store_poll_now(b, &err));
  } while (!tinet__cookie_store_has_news(b));
  T_EQ(1, load(b));
  T_OK(n_seen == 1 && has("x=1"));
  end();
}

static void of_several_changes_the_last_one_counts(void)
{
  begin();
  a = open_ok(NEVER);
  T_EQ(0, put(a, "x", "1"));
  T_EQ(0, put(a, "x", "2"));
  T_EQ(0, put(a, "y", "1"));
  T_EQ(0, drop(a, "y"));
  T_EQ(0, drop(a, "z"));
  T_EQ(0, put(a, "z", "1"));
  flush(a);
  flush(a); /* nothing is left to write */
  read_file();
  T_EQ(2, n_seen);
  T_OK(has("x=2") && has("z=1"));
  end();
}

static void cookies_are_told_apart_by_name_domain_host_only_and_path(void)
{
  tinet_cookie c = cookie("x", "1");

  begin();
  a = open_ok(NEVER);
  T_EQ(0, tinet__cookie_store_put(a, &c));
  c.is_host_only = true;
  T_EQ(0, tinet__cookie_store_put(a, &c));
  c.path = "/a";
  T_EQ(0, tinet__cookie_store_put(a, &c));
  c.domain = "b.example";
  T_EQ(0, tinet__cookie_store_put(a, &c));
  c.name = "X";
  T_EQ(0, tinet__cookie_store_put(a, &c));
  flush(a);
  read_file();
  T_EQ(5, n_seen);
  end();
}

static void a_session_cookie_takes_the_row_away(void)
{
  tinet_cookie c = cookie("x", "2");

  begin();
  a = open_ok(NEVER);
  T_EQ(0, put(a, "x", "1"));
  flush(a);
  c.is_persistent = false;
  T_EQ(0, tinet__cookie_store_put(a, &c));
  flush(a);
  read_file();
  T_EQ(0, n_seen);
  end();
}

static void a_touch_changes_the_time_and_nothing_else(void)
{
  const struct tinet__cookie_key x = key("x"), y = key("y"), z = key("z");

  begin();
  a = open_ok(NEVER);
  b = open_ok(NEVER);
  T_EQ(1, load(b));
  T_EQ(0, put(a, "x", "1"));
  flush(a);
  T_EQ(0, put(b, "x", "2"));
  flush(b);
  T_EQ(0, tinet__cookie_store_touch(a, &x, 77)); /* it does not know of 2 */
  T_EQ(0, tinet__cookie_store_touch(a, &y, 77)); /* no such row */
  T_EQ(0, put(a, "z", "1"));
  T_EQ(0, tinet__cookie_store_touch(a, &z, 78));
  T_EQ(0, tinet__cookie_store_touch(a, &z, 77)); /* never back */
  flush(a);
  read_file();
  T_EQ(2, n_seen);
  for (int i = 0; i < n_seen; i++)
    T_EQ(*seen[i].text == 'x' ? 77 : 78, seen[i].cookie.accessed_us);
  T_OK(has("x=2") && has("z=1"));
  end();
}

static bool file_contains(const char *suffix, const char *what)
{
  char name[160], *bytes = calloc(1, 1 << 20);
  bool is_there;
  size_t n = 0;
  FILE *f;

  (void)snprintf(name, sizeof name, "%s%s", path, suffix);
  f = fopen(name, "r");
  if (f) {
    n = fread(bytes, 1, 1 << 20, f);
    (void)fclose(f);
  }
  is_there = memmem(bytes, n, what, strlen(what)) != NULL;
  free(bytes);
  return is_there;
}

static void remove_all_leaves_no_trace(void)
{
  begin();
  a = open_ok(NEVER);
  T_EQ(0, put(a, "x", "a-secret-value"));
  flush(a);
  T_OK(file_contains("-wal", "a-secret-value"));
  T_EQ(0, put(a, "y", "1"));
  tinet__cookie_store_clear(a);
  flush(a);
  T_OK(!file_contains("-wal", "a-secret-value"));
  T_EQ(0, put(a, "z", "1"));
  flush(a);
  tinet__cookie_store_close(a);
  a = NULL;
  T_OK(!file_contains("", "a-secret-value"));
  read_file();
  T_OK(n_seen == 1 && has("z=1"));
  end();
}

static void what_has_expired_is_removed_at_opening(void)
{
  tinet_cookie c = cookie("x", "an-old-value");

  begin();
  a = open_ok(NEVER);
  c.expires_ms = 1;
  T_EQ(0, tinet__cookie_store_put(a, &c));
  T_EQ(0, put(a, "y", "1"));
  tinet__cookie_store_close(a);
  T_OK(file_contains("", "an-old-value"));
  a = open_ok(NEVER);
  T_EQ(1, load(a));
  T_OK(n_seen == 1 && has("y=1"));
  tinet__cookie_store_close(a);
  a = NULL;
  T_OK(!file_contains("", "an-old-value"));
  end();
}

/* ---- news ---- */

static void there_is_news_once(void)
{
  begin();
  a = open_ok(NEVER);
  T_OK(tinet__cookie_store_has_news(a));
  T_EQ(1, load(a));
  T_OK(!tinet__cookie_store_has_news(a));
  T_EQ(0, load(a));
  T_EQ(0, put(a, "x", "1"));
  flush(a);
  T_EQ(0, tinet__cookie_store_poll_now(a, &err));
  T_OK(!tinet__cookie_store_has_news(a)); /* what it wrote itself is no news */
  end();
}

static void what_another_writes_is_seen_by_asking(void)
{
  begin();
  a = open_ok(NEVER);
  b = open_ok(NEVER);
  T_EQ(1, load(a));
  T_EQ(1, load(b));
  T_EQ(0, put(a, "x", "1"));
  T_EQ(0, put(b, "y", "1"));
  flush(a);
  T_EQ(0, tinet__cookie_store_poll_now(b, &err));
  T_OK(tinet__cookie_store_has_news(b));
  T_EQ(1, load(b));
  T_EQ(2, n_seen);
  T_OK(has("x=1") && has("y=1"));
  flush(b);
  read_file();
  T_EQ(2, n_seen);
  end();
}

static void what_another_writes_is_seen_without_asking(void)
{
  begin();
  a = open_ok(NEVER);
  b = open_ok(NEVER);
  T_EQ(1, load(b));
  T_EQ(0, put(a, "x", "1"));
  flush(a);
  while (!tinet__cookie_store_has_news(b))
    wait_ms(5);
  T_EQ(1, load(b));
  T_OK(n_seen == 1 && has("x=1"));
  end();
}

static void own_changes_are_laid_over_the_news(void)
{
  const struct tinet__cookie_key touched = key("t");

  begin();
  a = open_ok(NEVER);
  b = open_ok(NEVER);
  T_EQ(1, load(b));
  T_EQ(0, put(a, "x", "of a"));
  T_EQ(0, put(a, "y", "of a"));
  T_EQ(0, put(a, "t", "of a"));
  T_EQ(0, put(a, "u", "of a"));
  flush(a);
  T_EQ(0, put(b, "x", "of b"));
  T_EQ(0, drop(b, "y"));
  T_EQ(0, tinet__cookie_store_touch(b, &touched, 99));
  T_EQ(0, tinet__cookie_store_poll_now(b, &err));
  T_EQ(1, load(b));
  T_EQ(3, n_seen);
  T_OK(has("x=of b") && has("t=of a") && has("u=of a"));
  for (int i = 0; i < n_seen; i++)
    T_EQ(*seen[i].text == 't' ? 99 : 2, seen[i].cookie.accessed_us);
  end();
}

static void what_was_written_since_is_in_news_that_was_read_before(void)
{
  begin();
  a = open_ok(NEVER);
  T_EQ(0, put(a, "x", "1"));
  flush(a);
  T_EQ(1, load(a));
  T_EQ(1, n_seen);
  b = open_ok(NEVER);
  T_EQ(0, put(b, "y", "1"));
  T_EQ(0, drop(b, "x"));
  flush(b);
  T_EQ(0, put(b, "z", "1"));
  T_EQ(1, load(b));
  T_EQ(2, n_seen);
  T_OK(has("y=1") && has("z=1"));
  end();
}

static void the_last_writer_wins(void)
{
  begin();
  a = open_ok(NEVER);
  b = open_ok(NEVER);
  T_EQ(0, put(b, "x", "of b"));
  flush(b);
  T_EQ(0, put(a, "x", "of a"));
  flush(a);
  T_EQ(0, tinet__cookie_store_poll_now(b, &err));
  T_EQ(1, load(b));
  T_OK(n_seen == 1 && has("x=of a"));
  end();
}

static void rows_come_by_their_last_use(void)
{
  static const char *const names[] = {"c", "a", "d", "b"};
  tinet_cookie c = cookie("x", "1");

  begin();
  a = open_ok(NEVER);
  for (size_t i = 0; i < 4; i++) {
    c.name = names[i];
    c.accessed_us = *names[i];
    T_EQ(0, tinet__cookie_store_put(a, &c));
  }
  flush(a);
  read_file();
  T_EQ(4, n_seen);
  for (int i = 0; i < n_seen; i++)
    T_EQ('a' + i, *seen[i].text);
  end();
}

static int refuse_cookie(void *user, const tinet_cookie *c)
{
  (void)user;
  (void)c;
  return TINET_ENOMEM;
}

static void news_that_could_not_be_taken_stays(void)
{
  begin();
  a = open_ok(NEVER);
  T_EQ(0, put(a, "x", "1"));
  T_EQ(TINET_ENOMEM, tinet__cookie_store_load(a, refuse_cookie, NULL));
  T_OK(tinet__cookie_store_has_news(a));
  T_EQ(1, load(a));
  T_EQ(1, n_seen);
  end();
}

/* ---- the file ---- */

static void with_db(const char *sql, int version)
{
  const struct tinet__db_options opt = {
      .path = path, .schema = "CREATE TABLE c (x)", .version = version};
  tinet__db *db = NULL;

  T_EQ(0, tinet__db_open(&opt, &db, &err));
  T_EQ(0, tinet__db_exec(db, sql, &err));
  tinet__db_close(db);
}

static void rows_that_are_no_cookies_are_left_out(void)
{
  begin();
  a = open_ok(NEVER);
  T_EQ(0, put(a, "x", "1"));
  tinet__cookie_store_close(a);
  a = NULL;
#define ROW(domain, path, name, value, same_site)                              \
  "INSERT INTO cookie VALUES (" domain "," path "," name ", 0, " value         \
  ", 0, 0, " same_site ", 4102444800000, 1, 1, NULL, NULL, 0);"
  with_db(ROW("''", "'/'", "'n'", "'v'", "0")
              ROW("'d'", "'p'", "'n'", "'v'", "0") /* path */
          ROW("'d'", "'/'", "'n'", "'v'||char(13,10)||'Host: x'", "0")
              ROW("'d'", "'/'", "'n'||char(10)", "'v'", "0")
                  ROW("'d'", "'/'", "''", "''", "0")
                      ROW("'d'", "'/1'", "'n'", "'v'", "9")
                          ROW("'d'", "'/2'", "'n'", "x'00ff'", "0")
                              ROW("'d'", "'/3'", "'n'", "7", "'q'"),
          1);
  a = open_ok(NEVER);
  T_EQ(1, load(a));
  T_OK(has("x=1"));
  for (int i = 0; i < n_seen; i++)
    T_OK(!strpbrk(seen[i].text, "\r\n"));
  /* A NUL ends a value, 7 is read as "7" and 'q' as 0. */
  T_EQ(3, n_seen);
  T_OK(has("n=") && has("n=7"));
  end();
}

static void a_damaged_file_is_put_aside_and_told(void)
{
  begin();
  a = open_ok(NEVER);
  T_EQ(0, put(a, "x", "1"));
  tinet__cookie_store_close(a);
  T_EQ(0, truncate(path, 5000));
  a = open_ok(NEVER);
  T_EQ(1, n_warnings);
  T_EQ(1, count_names("damaged", 0));
  T_EQ(1, load(a));
  T_EQ(0, n_seen);
  T_EQ(0, put(a, "y", "1"));
  flush(a);
  read_file();
  T_EQ(1, n_seen);
  end();
}

static void a_file_of_a_newer_version_is_refused(void)
{
  begin();
  with_db("SELECT 1", 99);
  T_EQ(TINET_ESTORE, try_open(NEVER, &a));
  T_OK(a == NULL);
  T_OK(strstr(err.text, path) && strstr(err.text, "99"));
  end();
}

/* Writes rows that the store has not read yet, and then rubbish over them. */
static void damage(void)
{
  char rubbish[4096], name[16];
  int fd;

  b = open_ok(NEVER);
  for (int i = 0; i < 400; i++) {
    (void)snprintf(name, sizeof name, "n%d", i);
    T_EQ(0, put(b, name, "1"));
  }
  flush(b);
  tinet__cookie_store_close(b);
  with_db("PRAGMA wal_checkpoint(TRUNCATE)", 1);
  memset(rubbish, 0x5a, sizeof rubbish);
  fd = open(path, O_WRONLY);
  for (off_t at = 4096; at < 4096 * 6; at += 4096)
    (void)!pwrite(fd, rubbish, sizeof rubbish, at);
  (void)close(fd);
}

static void damage_while_it_is_open_costs_no_change(void)
{
  int status = -1, go[2];
  char c;

  begin();
  /* In a process of its own, for closing a descriptor drops a process' locks;
   * and made before there are threads that hold locks of SQLite's. */
  T_EQ(0, pipe(go));
  (void)fflush(stdout);
  if (fork() == 0) {
    (void)close(go[1]);
    (void)!read(go[0], &c, 1);
    t_failed_here = 0;
    damage();
    (void)fflush(stdout);
    _exit(t_failed_here);
  }
  (void)close(go[0]);
  a = open_ok(NEVER);
  T_EQ(1, load(a));
  T_EQ(0, put(a, "x", "1"));
  flush(a);
  (void)close(go[1]);
  T_OK(wait(&status) > 0 && status == 0);
  T_EQ(0, put(a, "y", "1"));
  /* The first attempt may be the one that finds the damage. */
  while (tinet__cookie_store_flush(a, &err) < 0)
    T_EQ(TINET_ESTORE, err.code);
  T_EQ(0, tinet__cookie_store_poll_now(a, &err));
  T_EQ(TINET__COOKIE_STORE_AFRESH, load(a));
  T_OK(n_seen == 1 && has("y=1"));
  T_EQ(1, count_names("damaged", 0));
  T_EQ(0, put(a, "x", "1"));
  flush(a);
  read_file();
  T_OK(n_seen == 2 && has("x=1") && has("y=1"));
  end();
}

static void a_file_that_was_removed_is_empty_news(void)
{
  begin();
  a = open_ok(NEVER);
  T_EQ(0, put(a, "x", "1"));
  flush(a);
  T_EQ(1, load(a));
  (void)count_names("", 1);
  T_EQ(0, tinet__cookie_store_poll_now(a, &err));
  T_EQ(1, load(a));
  T_EQ(0, n_seen);
  T_EQ(0, put(a, "y", "1"));
  flush(a);
  read_file();
  T_OK(n_seen == 1 && has("y=1"));
  end();
}

static void limit_files_to(rlim_t size)
{
  struct rlimit limit;

  T_EQ(0, getrlimit(RLIMIT_FSIZE, &limit));
  limit.rlim_cur = size < limit.rlim_max ? size : limit.rlim_max;
  T_EQ(0, setrlimit(RLIMIT_FSIZE, &limit));
}

/* No signal handler is set: the store's thread must not be killed. */
static void a_full_disk_loses_nothing_and_is_told_once(void)
{
  char value[3001] = {0}, name[16];

  begin();
  memset(value, 'v', sizeof value - 1);
  a = open_ok(NEVER);
  limit_files_to(40000);
  for (int i = 0; i < 100; i++) {
    (void)snprintf(name, sizeof name, "n%d", i);
    T_EQ(0, put(a, name, value));
  }
  for (int i = 0; i < 3; i++) {
    T_EQ(TINET_ESTORE, tinet__cookie_store_flush(a, &err));
    T_EQ(TINET_ESTORE, err.code);
  }
  tinet__cookie_store_clear(a);
  for (int i = 0; i < 100; i++) {
    (void)snprintf(name, sizeof name, "m%d", i);
    T_EQ(0, put(a, name, value));
  }
  T_EQ(TINET_ESTORE, tinet__cookie_store_flush(a, &err));
  T_OK(n_warnings >= 1 && n_warnings <= 2);
  limit_files_to(RLIM_INFINITY);
  flush(a);
  read_file();
  T_EQ(100, n_seen);
  for (int i = 0; i < n_seen; i++)
    T_OK(*seen[i].text == 'm');
  end();
}

static void a_failed_write_is_tried_again_without_being_asked_for(void)
{
  char value[3001] = {0}, name[16];

  begin();
  memset(value, 'v', sizeof value - 1);
  a = open_ok(1);
  limit_files_to(40000);
  for (int i = 0; i < 100; i++) {
    (void)snprintf(name, sizeof name, "n%d", i);
    T_EQ(0, put(a, name, value));
  }
  while (tinet__cookie_store_flush(a, &err) == 0)
    T_EQ(0, put(a, "again", value));
  limit_files_to(RLIM_INFINITY);
  do {
    wait_ms(20);
    read_file();
  } while (n_seen < 100);
  T_EQ(1, n_warnings);
  end();
}

static void changes_that_are_lost_at_the_end_are_told(void)
{
  char value[3001] = {0}, name[16];

  begin();
  memset(value, 'v', sizeof value - 1);
  a = open_ok(NEVER);
  limit_files_to(40000);
  for (int i = 0; i < 100; i++) {
    (void)snprintf(name, sizeof name, "n%d", i);
    T_EQ(0, put(a, name, value));
  }
  tinet__cookie_store_close(a);
  a = NULL;
  limit_files_to(RLIM_INFINITY);
  T_OK(n_warnings > 0 && strstr(warning, "lost") != NULL);
  read_file();
  T_EQ(0, n_seen);
  end();
}

static void *flush_a(void *result)
{
  *(int *)result = tinet__cookie_store_flush(a, NULL);
  return NULL;
}

static void a_file_that_another_is_writing_is_waited_for(void)
{
  const struct tinet__db_options opt = {
      .path = path, .schema = "SELECT 1", .version = 1};
  tinet__db *db = NULL;
  pthread_t thread;
  int result = 1;

  begin();
  a = open_ok(NEVER);
  T_EQ(0, tinet__db_open(&opt, &db, &err));
  T_EQ(0, tinet__db_begin(db, &err));
  T_EQ(0, put(a, "x", "1"));
  T_EQ(0, pthread_create(&thread, NULL, flush_a, &result));
  wait_ms(50); /* whether or not it waits by then, the outcome is the same */
  T_EQ(0, put(a, "y", "1")); /* a change never waits */
  T_EQ(0, tinet__db_commit(db, &err));
  tinet__db_close(db);
  T_EQ(0, pthread_join(thread, NULL));
  T_EQ(0, result);
  flush(a);
  read_file();
  T_EQ(2, n_seen);
  T_EQ(0, n_warnings);
  end();
}

/* ---- memory and threads ---- */

static int open_and_close(void)
{
  tinet__cookie_store *store = NULL;
  int ret = try_open(NEVER, &store);

  tinet__cookie_store_close(store);
  return ret;
}

static int change_everything(void)
{
  const struct tinet__cookie_key x = key("x");
  int ret = put(a, "x", "1");

  if (ret == 0)
    ret = put(a, "x", "2");
  if (ret == 0)
    ret = tinet__cookie_store_touch(a, &x, 5);
  if (ret == 0)
    ret = drop(a, "x");
  return ret;
}

static void each_allocation_fails(void)
{
  begin();
  a = open_ok(NEVER);
  T_EQ(0, put(a, "x", "1"));
  tinet__cookie_store_close(a);
  T_EACH_ALLOCATION_FAILS(0, open_and_close);
  a = open_ok(NEVER);
  T_EACH_ALLOCATION_FAILS(0, change_everything);
  flush(a);
  end();
}

static void *put_many(void *arg)
{
  tinet__cookie_store *store = arg;

  for (int i = 0; i < N_EACH; i++) {
    char name[32];

    (void)snprintf(name, sizeof name, "%lx-%d", (long)pthread_self(), i);
    if (put(store, name, "1") < 0)
      return arg;
    if (i % 100 == 0 && tinet__cookie_store_flush(store, NULL) < 0)
      return arg;
    if (i % 77 == 0 && tinet__cookie_store_poll_now(store, NULL) < 0)
      return arg;
  }
  return NULL;
}

static void threads_and_two_stores_end_with_the_union(void)
{
  pthread_t threads[N_THREADS];

  begin();
  a = open_ok(1);
  b = open_ok(1);
  for (int i = 0; i < N_THREADS; i++)
    T_EQ(0, pthread_create(&threads[i], NULL, put_many, i % 2 ? a : b));
  for (int i = 0; i < N_THREADS; i++) {
    void *failed = NULL;

    T_EQ(0, pthread_join(threads[i], &failed));
    T_OK(failed == NULL);
  }
  flush(a);
  flush(b);
  T_EQ(0, tinet__cookie_store_poll_now(a, &err));
  T_EQ(1, load(a));
  T_EQ(N_THREADS * N_EACH, n_seen);
  T_EQ(0, n_warnings);
  end();
}

int main(void)
{
  T_RUN(a_cookie_comes_back_with_every_field);
  T_RUN(a_change_is_written_without_being_asked_for);
  T_RUN(of_several_changes_the_last_one_counts);
  T_RUN(cookies_are_told_apart_by_name_domain_host_only_and_path);
  T_RUN(a_session_cookie_takes_the_row_away);
  T_RUN(a_touch_changes_the_time_and_nothing_else);
  T_RUN(remove_all_leaves_no_trace);
  T_RUN(what_has_expired_is_removed_at_opening);
  T_RUN(there_is_news_once);
  T_RUN(what_another_writes_is_seen_by_asking);
  T_RUN(what_another_writes_is_seen_without_asking);
  T_RUN(own_changes_are_laid_over_the_news);
  T_RUN(what_was_written_since_is_in_news_that_was_read_before);
  T_RUN(the_last_writer_wins);
  T_RUN(rows_come_by_their_last_use);
  T_RUN(news_that_could_not_be_taken_stays);
  T_RUN(rows_that_are_no_cookies_are_left_out);
  T_RUN(a_damaged_file_is_put_aside_and_told);
  T_RUN(a_file_of_a_newer_version_is_refused);
  T_RUN(damage_while_it_is_open_costs_no_change);
  T_RUN(a_file_that_was_removed_is_empty_news);
  T_RUN(a_full_disk_loses_nothing_and_is_told_once);
  T_RUN(a_failed_write_is_tried_again_without_being_asked_for);
  T_RUN(changes_that_are_lost_at_the_end_are_told);
  T_RUN(a_file_that_another_is_writing_is_waited_for);
  T_RUN(each_allocation_fails);
  T_RUN(threads_and_two_stores_end_with_the_union);
  return T_END();
}
