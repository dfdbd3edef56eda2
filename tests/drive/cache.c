/* cache.c - the cache of the driver's clients. */
#include "drive.h"

#include <tinet/cache.h>

static void on_warning(void *user, const char *text)
{
  (void)user;
  fputs("{\"cache_warning\":", stdout);
  json_text(stdout, text);
  fputs("}\n", stdout);
}

/* "memory", or a path; then the ceilings, if they are not the default. */
static int open_cache(struct drive *drive, char **word, unsigned n)
{
  tinet_cache_options opt;

  tinet_cache_options_init(&opt);
  opt.path = strcmp(word[1], "memory") ? word[1] : NULL;
  opt.on_warning = on_warning;
  if (n > 2)
    opt.max_bytes = strtoull(word[2], NULL, 10);
  if (n > 3)
    opt.max_entry_bytes = strtoull(word[3], NULL, 10);
  return tinet_cache_open(&opt, &drive->options.cache, NULL);
}

static int show_info(struct drive *drive)
{
  tinet_cache_info info;
  int err = tinet_cache_get_info(drive->options.cache, &info);

  if (err < 0)
    return err;
  printf("{\"entries\":%llu,\"bytes\":%llu,\"hits\":%llu,\"validated\":%llu,"
         "\"misses\":%llu,\"evicted\":%llu}\n",
         (unsigned long long)info.n_entries, (unsigned long long)info.bytes,
         (unsigned long long)info.n_hits, (unsigned long long)info.n_validated,
         (unsigned long long)info.n_misses, (unsigned long long)info.n_evicted);
  return 0;
}

bool cache_command(struct drive *drive, char **word, unsigned n)
{
  int err;

  if (!strcmp(word[0], "cache") && n >= 2)
    err = open_cache(drive, word, n);
  else if (!strcmp(word[0], "cache-info"))
    err = show_info(drive);
  else if (!strcmp(word[0], "cache-clear"))
    err = tinet_cache_clear(drive->options.cache);
  else
    return false;
  if (err < 0)
    report_call(word[0], err);
  return true;
}
