/* dial.c - making a connection: names, then Happy Eyeballs (RFC 8305).
 *
 * 1. The name is resolved; the answer is sorted by RFC 6724.  Or the caller
 *    knows the addresses.
 * 2. The families take turns, the first one's first.  What becomes known later
 *    joins those that have not been tried.
 * 3. An attempt is started; when it fails, or after 250 ms, the next one is,
 *    beside those still under way.
 * 4. The first that is connected wins, and the others are closed.  When all
 *    have failed, the error that says most is reported.
 * A Unix-domain path is one attempt.
 */
#include "net.h"

#include "../core/alloc.h"
#include "../core/error.h"
#include "../core/loop.h"

#include <errno.h>
#include <string.h>

#define ATTEMPT_DELAY_MS 250 /* rfc: 8305 8 */
#define BACKLOG_DELAY_MS 20  /* for a listener to take somebody */
#define ATTEMPTS_MAX 16      /* at most so many descriptors a dial */

struct attempt {
  tinet__dial *dial; /* borrowed */
  int fd;            /* owned; -1: not started or over */
  tinet__watch *watch;
};

struct tinet__dial {
  tinet_loop *loop;
  tinet__dial_cb on_dialled;
  void *arg;           /* borrowed */
  tinet__names *names; /* NULL: all that there is, is known */
  tinet__timer *delay;
  struct tinet__deferred soon; /* carries on, or reports, from the loop */
  char *host;                  /* owned; for the texts of errors */
  uint16_t port;
  bool is_path; /* Unix-domain: one target, `path` */
  bool is_idle; /* what becomes known is tried at once */
  struct tinet__sockaddr path;
  tinet_endpoint targets[ATTEMPTS_MAX];
  size_t n_targets, n_started, n_running;
  struct attempt attempts[ATTEMPTS_MAX];
  int errnum; /* of the attempt that says most */
  int code;
};

static void end_attempt(struct attempt *a)
{
  if (a->fd < 0)
    return;
  tinet__watch_close(a->watch);
  tinet__socket_close(a->fd);
  a->watch = NULL;
  a->fd = -1;
  a->dial->n_running--;
}

void tinet__dial_cancel(tinet__dial *d)
{
  if (!d)
    return;
  for (size_t i = 0; i < ATTEMPTS_MAX; i++)
    end_attempt(&d->attempts[i]);
  tinet__names_cancel(d->names);
  tinet__defer_cancel(d->loop, &d->soon);
  tinet__timer_close(d->delay);
  tinet__free(d->host);
  tinet__free(d);
}

TINET_DEFINE_CLEANUP(tinet__dial, tinet__dial_cancel)

static void win(struct attempt *a)
{
  tinet__dial *d = a->dial;
  tinet__dial_cb on_dialled = d->on_dialled;
  void *arg = d->arg;
  int fd = a->fd;

  tinet__watch_close(a->watch);
  a->watch = NULL;
  a->fd = -1;
  tinet__dial_cancel(d);
  on_dialled(fd, NULL, arg);
}

static void lose(tinet__dial *d, const tinet_error *err)
{
  tinet_error copy = *err;
  tinet__dial_cb on_dialled = d->on_dialled;
  void *arg = d->arg;

  tinet__dial_cancel(d);
  on_dialled(-1, &copy, arg);
}

/* "No way there" says less than a peer's refusal: usually it only means that
 * this machine has no IPv6. */
static bool says_little(int errnum)
{
  return errnum == 0 || errnum == ENETUNREACH || errnum == EHOSTUNREACH ||
         errnum == EADDRNOTAVAIL || errnum == EAFNOSUPPORT;
}

static void note_error(tinet__dial *d, int errnum, int code)
{
  if (d->errnum != 0 && !(says_little(d->errnum) && !says_little(errnum)))
    return;
  d->errnum = errnum;
  d->code = code;
}

static void report_failure(tinet__dial *d)
{
  tinet_error err;

  if (d->errnum == 0)
    (void)tinet__error_set(&err, TINET_ERESOLVE, TINET_ORIGIN_TINET, 0,
                           "%s: no address", d->host);
  else
    (void)tinet__error_errno(&err, d->code, d->errnum, "%s", d->host);
  lose(d, &err);
}

static void carry_on(void *arg);

static void on_progress(void *arg, unsigned events)
{
  struct attempt *a = arg;
  tinet__dial *d = a->dial;
  socklen_t len = sizeof(int);
  int errnum = 0;

  (void)events;
  if (getsockopt(a->fd, SOL_SOCKET, SO_ERROR, &errnum, &len) != 0)
    errnum = errno;
  if (errnum == 0) {
    win(a);
    return;
  }
  note_error(d, errnum, tinet__connect_code(errnum));
  end_attempt(a);
  carry_on(d);
}

/* 1: it is under way; 0: it is connected already; else the negative errno. */
static int start_connect(struct attempt *a, const tinet_endpoint *target)
{
  tinet__dial *d = a->dial;
  struct tinet__sockaddr sa = d->path;

  if (!d->is_path)
    (void)!tinet__endpoint_to_sockaddr(target, false, &sa); /* it is one */
  a->fd = tinet__socket_open(sa.sa.ss_family, SOCK_STREAM);
  if (a->fd < 0)
    return -errno;
  d->n_running++;
  if (tinet__watch_open(d->loop, a->fd, on_progress, a, &a->watch) < 0)
    return -ENOMEM;
  if (connect(a->fd, (const struct sockaddr *)&sa.sa, sa.len) == 0)
    return 0;
  if (errno != EINPROGRESS)
    return -errno;
  return tinet__watch_set(a->watch, TINET__WRITABLE) < 0 ? -ENOMEM : 1;
}

/* Starts the next attempt that does not fail at once; else reports. */
static void carry_on(void *arg)
{
  tinet__dial *d = arg;

  d->is_idle = false;
  while (d->n_started < d->n_targets) {
    struct attempt *a = &d->attempts[d->n_started];
    int rc = start_connect(a, &d->targets[d->n_started++]);

    if (rc == 0) {
      win(a);
      return;
    }
    if (rc > 0) {
      if (d->n_started < d->n_targets || d->names)
        tinet__timer_start(d->delay, ATTEMPT_DELAY_MS);
      return;
    }
    end_attempt(a);
    if (rc == -EAGAIN && d->is_path) { /* unix(7): the listener's is full */
      d->n_started--;
      tinet__timer_start(d->delay, BACKLOG_DELAY_MS);
      return;
    }
    note_error(d, -rc, tinet__connect_code(-rc));
  }
  d->is_idle = true;
  if (d->n_running == 0 && !d->names)
    report_failure(d);
}

static bool is_known(const tinet__dial *d, const tinet_endpoint *e)
{
  for (size_t i = 0; i < d->n_targets; i++)
    if (d->targets[i].family == e->family &&
        d->targets[i].interface_index == e->interface_index &&
        memcmp(d->targets[i].address, e->address, sizeof e->address) == 0)
      return true;
  return false;
}

static void add_targets(tinet__dial *d, const tinet_endpoint *list, size_t n)
{
  size_t first = d->n_started > 0 ? d->n_started - 1 : 0;

  for (size_t i = 0; i < n && d->n_targets < ATTEMPTS_MAX; i++) {
    struct tinet__sockaddr unused;

    if (tinet__endpoint_to_sockaddr(&list[i], false, &unused) < 0 ||
        is_known(d, &list[i]))
      continue;
    d->targets[d->n_targets] = list[i];
    d->targets[d->n_targets++].port = d->port;
  }
  /* The one tried last has had its family's turn. */
  tinet__interleave(d->targets + first, d->n_targets - first);
}

static void on_names(const struct tinet__found *found, void *arg)
{
  tinet__dial *d = arg;

  if (found->is_last)
    d->names = NULL;
  if (found->err) {
    lose(d, found->err);
    return;
  }
  add_targets(d, found->list, found->n);
  if (d->is_idle)
    carry_on(d);
}

static void start_endpoints(tinet__dial *d, const tinet_connect_options *opt)
{
  add_targets(d, opt->endpoints, opt->n_endpoints);
  tinet__defer(d->loop, &d->soon, carry_on, d);
}

static int start_path(tinet__dial *d, const char *path)
{
  int err = tinet__sockaddr_of_path(path, &d->path, NULL);

  if (err < 0)
    return err;
  d->n_targets = 1;
  tinet__defer(d->loop, &d->soon, carry_on, d);
  return TINET_OK;
}

int tinet__dial_start(tinet_loop *loop, const tinet_connect_options *opt,
                      tinet__dial_cb on_dialled, void *arg,
                      tinet__dial **ret_dial)
{
  TINET_CLEANUP(tinet__dial_cancelp) tinet__dial *d = tinet__zalloc(sizeof *d);
  int err;

  if (!d)
    return TINET_ENOMEM;
  d->loop = loop;
  d->on_dialled = on_dialled;
  d->arg = arg;
  d->port = opt->port;
  d->is_path = opt->path != NULL;
  for (size_t i = 0; i < ATTEMPTS_MAX; i++)
    d->attempts[i] = (struct attempt){.dial = d, .fd = -1};
  d->host = tinet__strdup(opt->path ? opt->path : opt->host);
  if (!d->host)
    return TINET_ENOMEM;
  err = tinet__timer_open(loop, carry_on, d, &d->delay);
  if (err < 0)
    return err;
  d->is_idle = true;
  if (opt->path)
    err = start_path(d, opt->path);
  else if (opt->n_endpoints > 0)
    start_endpoints(d, opt);
  else
    err =
        tinet__names_start(loop, d->host, opt->family, on_names, d, &d->names);
  if (err < 0)
    return err;
  *ret_dial = TINET_TAKE(d);
  return TINET_OK;
}
