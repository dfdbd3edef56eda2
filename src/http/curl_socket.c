/* curl_socket.c - curl's descriptors and its timer on the loop.
 *
 * The watch of a connection outlives the transfer: between two transfers curl
 * announces CURL_POLL_REMOVE and later the same interest again, which would
 * cost half a dozen system calls a request.  So the watch of a connection that
 * is up is kept until the descriptor is closed, and only its bits change.  A
 * descriptor that curl only borrows (the resolver's) or that is still
 * connecting is removed for real, because curl closes those without a word.
 * An event that nobody waits for (the server closes an idle connection) disarms
 * the watch; curl finds the dead connection when it next looks at it.
 */
#include "curl_private.h"

#include <sys/socket.h>
#include <unistd.h>

struct tinet__curl_socket {
  struct tinet__curl_transport *t;
  curl_socket_t fd; /* borrowed from curl */
  tinet__watch *watch;
  unsigned wanted; /* by curl */
  unsigned armed;  /* at the watch */
  bool is_kept;
  struct tinet__curl_easy *owner; /* that is connecting, or NULL */
};

static struct tinet__curl_socket *find(const struct tinet__curl_transport *t,
                                       curl_socket_t fd)
{
  return fd >= 0 && (size_t)fd < t->n_sockets ? t->sockets[fd] : NULL;
}

static void set_owner(struct tinet__curl_socket *s, struct tinet__curl_easy *e)
{
  if (s->owner != NULL)
    s->owner->connecting = NULL;
  if (e != NULL && e->connecting != NULL)
    e->connecting->owner = NULL;
  s->owner = e;
  if (e != NULL)
    e->connecting = s;
}

static void drop(struct tinet__curl_socket *s)
{
  set_owner(s, NULL);
  s->t->sockets[s->fd] = NULL;
  tinet__watch_close(s->watch);
  tinet__free(s);
}

static int arm(struct tinet__curl_socket *s, unsigned events)
{
  int err;

  if (s->armed == events)
    return TINET_OK;
  err = tinet__watch_set(s->watch, events);
  if (err < 0)
    return err;
  s->armed = events;
  return TINET_OK;
}

static void on_event(void *arg, unsigned events)
{
  struct tinet__curl_socket *s = arg;
  struct tinet__curl_transport *t = s->t;
  curl_socket_t fd = s->fd;
  int mask = 0;

  if (s->wanted == 0) {
    (void)arm(s, 0); /* nobody waits: no more events until curl asks again */
    return;
  }
  if (events & TINET__READABLE)
    mask |= CURL_CSELECT_IN;
  if (events & TINET__WRITABLE)
    mask |= CURL_CSELECT_OUT;
  if (events & TINET__FAILED)
    mask |= CURL_CSELECT_ERR;
  t->depth++;
  if (s->owner != NULL && s->owner->x != NULL)
    s->owner->x->ev->on_progress(s->owner->x);
  if (!t->is_closing && find(t, fd) != NULL)
    tinet__curl_drive(t, fd, mask);
  tinet__curl_leave(t);
}

static int make_room(struct tinet__curl_transport *t, curl_socket_t fd)
{
  struct tinet__curl_socket **p;
  size_t n = t->n_sockets ? t->n_sockets : 64;

  if ((size_t)fd < t->n_sockets)
    return TINET_OK;
  while (n <= (size_t)fd)
    n *= 2;
  p = tinet__realloc(t->sockets, n * sizeof(*p));
  if (p == NULL)
    return TINET_ENOMEM;
  for (size_t i = t->n_sockets; i < n; i++)
    p[i] = NULL;
  t->sockets = p;
  t->n_sockets = n;
  return TINET_OK;
}

static int add(struct tinet__curl_transport *t, curl_socket_t fd,
               struct tinet__curl_socket **ret_socket)
{
  struct tinet__curl_socket *s;
  int err = make_room(t, fd);

  if (err < 0)
    return err;
  s = tinet__zalloc(sizeof(*s));
  if (s == NULL)
    return TINET_ENOMEM;
  s->t = t;
  s->fd = fd;
  err = tinet__watch_open(t->loop, fd, on_event, s, &s->watch);
  if (err < 0) {
    tinet__free(s);
    return err;
  }
  t->sockets[fd] = s;
  *ret_socket = s;
  return TINET_OK;
}

/* The connection is up, and curl will say when it closes it. */
static void keep(struct tinet__curl_socket *s)
{
  s->is_kept = true;
  set_owner(s, NULL);
}

static int watch(struct tinet__curl_transport *t, struct tinet__curl_easy *e,
                 curl_socket_t fd, unsigned wanted)
{
  struct tinet__curl_socket *s = find(t, fd);
  int err;

  if (s == NULL) {
    err = add(t, fd, &s);
    if (err < 0)
      return err;
  }
  if (e != NULL && e->is_connected)
    keep(s);
  else if (!s->is_kept)
    set_owner(s, e);
  s->wanted = wanted;
  return arm(s, wanted);
}

static void unwatch(struct tinet__curl_transport *t, curl_socket_t fd)
{
  struct tinet__curl_socket *s = find(t, fd);

  if (s == NULL)
    return;
  if (!s->is_kept) {
    drop(s);
    return;
  }
  s->wanted = 0;
  /* A writable idle socket would report at once and for ever. */
  if (s->armed & TINET__WRITABLE)
    (void)arm(s, TINET__READABLE);
}

static int on_interest(CURL *curl, curl_socket_t fd, int what, void *arg,
                       void *unused)
{
  struct tinet__curl_transport *t = arg;
  struct tinet__curl_easy *e = NULL;
  unsigned wanted = 0;
  char *priv = NULL;
  int err;

  (void)unused;
  if (what == CURL_POLL_REMOVE) {
    unwatch(t, fd);
    return 0;
  }
  if (what & CURL_POLL_IN)
    wanted |= TINET__READABLE;
  if (what & CURL_POLL_OUT)
    wanted |= TINET__WRITABLE;
  if (curl_easy_getinfo(curl, CURLINFO_PRIVATE, &priv) == CURLE_OK)
    e = (struct tinet__curl_easy *)(void *)priv;
  err = watch(t, e, fd, wanted);
  /* -1 would break the multi handle for all: end this exchange instead. */
  if (err < 0 && e != NULL && e->state == TINET__CURL_RUNNING) {
    if (e->err.code == 0)
      (void)tinet__error_set(&e->err, err, TINET_ORIGIN_TINET, 0, NULL);
    e->state = TINET__CURL_ENDED;
    tinet__list_remove(&e->link);
    tinet__list_append(&t->ended, &e->link);
  }
  return 0;
}

static curl_socket_t on_open(void *arg, curlsocktype purpose,
                             struct curl_sockaddr *addr)
{
  struct tinet__curl_easy *e = arg;
  struct tinet__curl_socket *stale;
  unsigned armed;
  int fd;

  (void)purpose;
  e->is_connected = false;
  e->n_checks = 0;
  fd = socket(addr->family, addr->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
              addr->protocol);
  if (fd < 0)
    return CURL_SOCKET_BAD;
  /* curl closes an attempt that lost without saying so; if the number comes
   * back within the same call, curl believes that it is watched already. */
  stale = find(e->t, fd);
  if (stale != NULL) {
    armed = stale->wanted;
    drop(stale);
    if (armed != 0 && watch(e->t, e, fd, armed) < 0) {
      (void)close(fd);
      return CURL_SOCKET_BAD;
    }
  }
  if (e->x != NULL)
    e->x->ev->on_progress(e->x);
  return fd;
}

/* The argument is the transport, because the connection outlives its easy
 * handle. */
static int on_close(void *arg, curl_socket_t fd)
{
  struct tinet__curl_transport *t = arg;
  struct tinet__curl_socket *s = find(t, fd);

  if (s != NULL)
    drop(s);
  return close(fd);
}

void tinet__curl_socket_forget(struct tinet__curl_easy *e)
{
  if (e->connecting != NULL)
    set_owner(e->connecting, NULL);
}

bool tinet__curl_sockets_init(struct tinet__curl_easy *e)
{
  return curl_easy_setopt(e->curl, CURLOPT_OPENSOCKETFUNCTION, on_open) == 0 &&
         curl_easy_setopt(e->curl, CURLOPT_OPENSOCKETDATA, e) == 0 &&
         curl_easy_setopt(e->curl, CURLOPT_CLOSESOCKETFUNCTION, on_close) ==
             0 &&
         curl_easy_setopt(e->curl, CURLOPT_CLOSESOCKETDATA, e->t) == 0;
}

/* ---- the timer ---- */

static void on_kick(void *arg)
{
  tinet__curl_drive(arg, CURL_SOCKET_TIMEOUT, 0);
}

static void arm_timer(struct tinet__curl_transport *t, uint64_t now_us)
{
  /* Rounded up: curl forgets a timeout for which it is called too early. */
  tinet__timer_start(t->timer, (t->due_us - now_us) / 1000 + 1);
  t->armed_us = t->due_us;
}

static void on_due(void *arg)
{
  struct tinet__curl_transport *t = arg;
  uint64_t now_us = tinet__clock_us();

  t->armed_us = 0;
  if (t->due_us == 0)
    return;
  if (now_us < t->due_us) {
    arm_timer(t, now_us);
    return;
  }
  t->due_us = 0;
  tinet__curl_drive(t, CURL_SOCKET_TIMEOUT, 0);
}

/* A timer that is armed for too early a time is left alone; on_due() looks. */
static int on_timeout(CURLM *multi, long timeout_ms, void *arg)
{
  struct tinet__curl_transport *t = arg;
  uint64_t now_us;

  (void)multi;
  t->due_us = 0;
  if (timeout_ms == 0) {
    tinet__defer(t->loop, &t->kick, on_kick, t);
    return 0;
  }
  tinet__defer_cancel(t->loop, &t->kick);
  if (timeout_ms < 0)
    return 0;
  now_us = tinet__clock_us();
  t->due_us = now_us + (uint64_t)timeout_ms * 1000;
  if (t->armed_us == 0 || t->due_us < t->armed_us)
    arm_timer(t, now_us);
  return 0;
}

int tinet__curl_sockets_open(struct tinet__curl_transport *t)
{
  int err = tinet__timer_open(t->loop, on_due, t, &t->timer);

  if (err < 0)
    return err;
  if (curl_multi_setopt(t->multi, CURLMOPT_SOCKETFUNCTION, on_interest) ||
      curl_multi_setopt(t->multi, CURLMOPT_SOCKETDATA, t) ||
      curl_multi_setopt(t->multi, CURLMOPT_TIMERFUNCTION, on_timeout) ||
      curl_multi_setopt(t->multi, CURLMOPT_TIMERDATA, t))
    return TINET_ENOMEM;
  return TINET_OK;
}

void tinet__curl_sockets_close(struct tinet__curl_transport *t)
{
  for (size_t i = 0; i < t->n_sockets; i++) {
    if (t->sockets[i] != NULL)
      drop(t->sockets[i]);
  }
  tinet__free(t->sockets);
  t->sockets = NULL;
  t->n_sockets = 0;
  tinet__defer_cancel(t->loop, &t->kick);
  tinet__timer_close(t->timer);
}
