/* psl.c - the system's list of public suffixes, else the one libpsl was built
 * with.  Read once, for all threads. */
#include "psl.h"

#include <libpsl.h>
#include <pthread.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static const psl_ctx_t *list; /* for the life of the process */

static void load(void)
{
  list = psl_latest(NULL);
  if (!list)
    list = psl_builtin();
}

static const psl_ctx_t *get(void)
{
  return pthread_once(&once, load) == 0 ? list : NULL;
}

bool tinet__psl_is_suffix(const char *domain)
{
  return psl_is_public_suffix(get(), domain) == 1;
}

const char *tinet__psl_registrable(const char *domain)
{
  const char *found = psl_registrable_domain(get(), domain);

  return found ? found : domain;
}
