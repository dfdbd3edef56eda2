/* names.c - the addresses of a name as they become known (rfc: 8305 3).
 *
 * 1. getaddrinfo() is asked for both families: it answers sorted by RFC 6724
 *    and by what gai.conf says, but only when it has both answers.
 * 2. If that takes longer than the resolution delay, each family is asked for
 *    by itself as well.  The answer to that comes as late after the first one
 * as it was asked later, so what is known then may be used at once: a name
 *    server that loses the questions of one family holds up nobody.
 * 3. When the answer for both comes, or both single ones, that was all.
 */
#include "net.h"

#include "../core/alloc.h"
#include "../core/loop.h"

#define RESOLUTION_DELAY_MS 50 /* rfc: 8305 8 */

struct question {
  struct tinet__names *names; /* borrowed */
  tinet_resolve *resolve;     /* owned; NULL: not asked, or answered */
};

struct tinet__names {
  tinet_loop *loop;
  const char *host; /* borrowed */
  struct question both, single[2];
  tinet__timer *delay; /* owned */
  unsigned n_single;   /* not answered yet */
  bool has_some;       /* were reported */
  tinet__names_cb on_names;
  void *arg; /* borrowed */
};

void tinet__names_cancel(tinet__names *n)
{
  if (!n)
    return;
  tinet_resolve_cancel(n->both.resolve);
  tinet_resolve_cancel(n->single[0].resolve);
  tinet_resolve_cancel(n->single[1].resolve);
  tinet__timer_close(n->delay);
  tinet__free(n);
}

TINET_DEFINE_CLEANUP(tinet__names, tinet__names_cancel)

/* The last of it; `err` matters only if there was nothing. */
static void report_last(tinet__names *n, const tinet_endpoint *list,
                        size_t n_list, const tinet_error *err)
{
  const struct tinet__found found = {.list = list,
                                     .n = n_list,
                                     .is_last = true,
                                     .err = n->has_some ? NULL : err};
  tinet__names_cb on_names = n->on_names;
  void *arg = n->arg;

  tinet__names_cancel(n);
  on_names(&found, arg);
}

static void on_both(const tinet_endpoint *list, size_t n_list,
                    const tinet_error *err, void *user)
{
  struct question *q = user;

  q->resolve = NULL;
  report_last(q->names, list, n_list, err);
}

/* What goes wrong here is told by the answer for both. */
static void on_single(const tinet_endpoint *list, size_t n_list,
                      const tinet_error *err, void *user)
{
  struct question *q = user;
  tinet__names *n = q->names;
  const struct tinet__found found = {.list = list, .n = n_list};

  (void)err;
  q->resolve = NULL;
  n->n_single--;
  if (n->n_single == 0 && (n->has_some || n_list > 0)) {
    report_last(n, list, n_list, NULL);
    return;
  }
  if (n_list == 0)
    return;
  n->has_some = true;
  n->on_names(&found, n->arg); /* last, because it may cancel n */
}

static void on_delay(void *arg)
{
  static const tinet_family families[] = {TINET_FAMILY_IPV6, TINET_FAMILY_IPV4};
  tinet__names *n = arg;

  for (int i = 0; i < 2; i++) {
    struct question *q = &n->single[i];

    q->names = n;
    if (tinet_resolve_start(n->loop, n->host, families[i], on_single, q,
                            &q->resolve) == TINET_OK)
      n->n_single++; /* else the answer for both has to do */
  }
}

int tinet__names_start(tinet_loop *loop, const char *host, tinet_family family,
                       tinet__names_cb on_names, void *arg,
                       tinet__names **ret_names)
{
  TINET_CLEANUP(tinet__names_cancelp)
  tinet__names *n = tinet__zalloc(sizeof *n);
  tinet_endpoint unused;
  int err;

  if (!n)
    return TINET_ENOMEM;
  n->loop = loop;
  n->host = host;
  n->on_names = on_names;
  n->arg = arg;
  n->both.names = n;
  err = tinet__timer_open(loop, on_delay, n, &n->delay);
  if (err < 0)
    return err;
  err = tinet_resolve_start(loop, host, family, on_both, &n->both,
                            &n->both.resolve);
  if (err < 0)
    return err;
  if (family == TINET_FAMILY_ANY &&
      tinet_endpoint_parse(host, 0, &unused) == TINET_EINVAL)
    tinet__timer_start(n->delay, RESOLUTION_DELAY_MS);
  *ret_names = TINET_TAKE(n);
  return TINET_OK;
}
