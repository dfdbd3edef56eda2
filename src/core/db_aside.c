/* db_aside.c - a database that is of no use makes room for a fresh one.
 *
 * The log goes with the file: left behind, it would be played into the fresh
 * one.
 */
#include "db_aside.h"

#include "alloc.h"
#include "error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

const char *const tinet__db_suffixes[TINET__DB_N_SUFFIXES] = {"-wal", "-shm",
                                                              ""};

char *tinet__db_file(const char *path, const char *suffix)
{
  size_t size = strlen(path) + strlen(suffix) + 1;
  char *name = tinet__alloc(size);

  if (name)
    (void)snprintf(name, size, "%s%s", path, suffix);
  return name;
}

/* A name that is not taken: a second later if there was one this second. */
static char *free_name(const char *path)
{
  int64_t now = (int64_t)time(NULL);

  for (;; now++) {
    char suffix[40];
    char *name;

    (void)snprintf(suffix, sizeof suffix, ".damaged-%lld", (long long)now);
    name = tinet__db_file(path, suffix);
    if (!name || access(name, F_OK) != 0)
      return name;
    tinet__free(name);
  }
}

static int move(const char *path, const char *aside, const char *suffix,
                tinet_error *err)
{
  TINET_CLEANUP(tinet__freep) char *from = tinet__db_file(path, suffix);
  TINET_CLEANUP(tinet__freep) char *to = tinet__db_file(aside, suffix);

  if (!from || !to)
    return tinet__error_set(err, TINET_ENOMEM, TINET_ORIGIN_TINET, 0, NULL);
  if (rename(from, to) != 0 && errno != ENOENT)
    return tinet__error_errno(err, TINET_ESTORE, errno,
                              "%s is damaged and cannot be put aside", from);
  return TINET_OK;
}

int tinet__db_put_aside(const char *path, char **ret_path, tinet_error *err)
{
  TINET_CLEANUP(tinet__freep) char *aside = free_name(path);
  int ret = TINET_OK;

  if (!aside)
    return tinet__error_set(err, TINET_ENOMEM, TINET_ORIGIN_TINET, 0, NULL);
  for (size_t i = 0; i < TINET__DB_N_SUFFIXES && ret == TINET_OK; i++)
    ret = move(path, aside, tinet__db_suffixes[i], err);
  if (ret == TINET_OK)
    *ret_path = TINET_TAKE(aside);
  return ret;
}
