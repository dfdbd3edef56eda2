/* resolve.c - looking a name up without waiting.
 *
 * The look-up runs on a thread of libuv's pool and cannot be stopped there, so
 * a cancelled one lives on, with nobody to tell, until it is over.  Addresses
 * need no thread.
 */
#include "net.h"

#include "../core/alloc.h"
#include "../core/error.h"
#include "../core/loop.h"

#include <string.h>

struct tinet_resolve {
  tinet_loop *loop;
  char *host; /* owned */
  tinet_family family;
  tinet_resolve_cb on_resolved; /* NULL: cancelled */
  void *user;                   /* borrowed */
  struct tinet__deferred soon;  /* for an address */
  tinet_endpoint *list;         /* owned */
  size_t n;
  int result;
  tinet_error err;
};

static void free_resolve(tinet_resolve *r)
{
  if (!r)
    return;
  tinet__free(r->host);
  tinet__free(r->list);
  tinet__free(r);
}

TINET_DEFINE_CLEANUP(tinet_resolve, free_resolve)

static void on_thread(void *arg)
{
  tinet_resolve *r = arg;

  r->result = tinet__lookup(r->host, 0, r->family, &r->list, &r->n, &r->err);
}

static void on_done(void *arg)
{
  TINET_CLEANUP(free_resolvep) tinet_resolve *r = arg;

  if (!r->on_resolved)
    return;
  if (r->result < 0)
    r->on_resolved(NULL, 0, &r->err, r->user);
  else
    r->on_resolved(r->list, r->n, NULL, r->user);
}

static void on_soon(void *arg)
{
  on_thread(arg);
  on_done(arg);
}

static tinet_resolve *new_resolve(tinet_loop *loop, const char *host,
                                  tinet_family family)
{
  tinet_resolve *r = tinet__zalloc(sizeof *r);

  if (!r)
    return NULL;
  r->loop = loop;
  r->family = family;
  r->host = tinet__strdup(host);
  if (r->host)
    return r;
  free_resolve(r);
  return NULL;
}

/* A name that no resolver needs to be asked about. */
static bool is_impossible(const char *host)
{
  return !*host || strlen(host) > 1024 || strpbrk(host, " \t\r\n/@");
}

int tinet_resolve_start(tinet_loop *loop, const char *host, tinet_family family,
                        tinet_resolve_cb on_resolved, void *user,
                        tinet_resolve **ret_resolve)
{
  TINET_CLEANUP(free_resolvep) tinet_resolve *r = NULL;
  tinet_endpoint e;
  int err;

  if (!loop || !host || !on_resolved)
    return TINET_EINVAL;
  if (is_impossible(host))
    return TINET_EURL;
  r = new_resolve(loop, host, family);
  if (!r)
    return TINET_ENOMEM;
  r->on_resolved = on_resolved;
  r->user = user;
  if (tinet_endpoint_parse(host, 0, &e) != TINET_EINVAL) {
    tinet__defer(loop, &r->soon, on_soon, r);
  } else {
    err = tinet__work_start(loop, on_thread, on_done, r);
    if (err < 0)
      return err;
  }
  if (ret_resolve)
    *ret_resolve = r;
  (void)TINET_TAKE(r);
  return TINET_OK;
}

void tinet_resolve_cancel(tinet_resolve *resolve)
{
  if (!resolve)
    return;
  resolve->on_resolved = NULL;
  if (!tinet__list_is_linked(&resolve->soon.link))
    return; /* on_done() frees it */
  tinet__defer_cancel(resolve->loop, &resolve->soon);
  free_resolve(resolve);
}
