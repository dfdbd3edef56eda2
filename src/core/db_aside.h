/* db_aside.h - a database that is of no use makes room for a fresh one. */
#ifndef TINET_CORE_DB_ASIDE_H
#define TINET_CORE_DB_ASIDE_H

#include <tinet/error.h>

/* What SQLite keeps beside the file `x`: x-wal and x-shm.  The file itself is
 * last, so that one that is still in its place is never without them. */
#define TINET__DB_N_SUFFIXES 3
extern const char *const tinet__db_suffixes[TINET__DB_N_SUFFIXES];

/* `path` and a suffix, owned by the caller; NULL = no memory. */
char *tinet__db_file(const char *path, const char *suffix);

/* Renames the files to <path>.damaged-<unix time><suffix>; the caller has the
 * lock of the folder.  *ret_path is the new name, owned by the caller.
 * TINET_ESTORE, TINET_ENOMEM. */
int tinet__db_put_aside(const char *path, char **ret_path,
                        tinet_error *err) TINET_MUST_CHECK;

#endif
