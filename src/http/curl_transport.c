/* curl_transport.c - exchanges on a curl multi handle: start, cancel, drive,
 * end.
 *
 * curl calls back while it runs, and forbids adding and removing handles from
 * inside.  So what an event asks for then is put on a list (starting, ended)
 * and done when curl has returned.  An exchange that was canceled is marked by
 * e->x == NULL: every callback of curl fails for it.
 */
#include "curl_private.h"

#include <pthread.h>

static pthread_once_t global_once = PTHREAD_ONCE_INIT;
static CURLcode global_result;

static void global_init(void)
{
  global_result = curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* ---- begin and end of one exchange ---- */

/* curl counts connections in use among those it keeps. */
static void count(struct tinet__curl_transport *t, int change)
{
  size_t n;

  t->n_running += (size_t)change;
  n = t->n_running + t->config.max_idle_connections;
  (void)curl_multi_setopt(t->multi, CURLMOPT_MAXCONNECTS,
                          (long)(n > 1 ? n - 1 : 1));
  if (change > 0)
    tinet__loop_hold(t->loop);
  else
    tinet__loop_release(t->loop);
}

static void remove_from_multi(struct tinet__curl_easy *e)
{
  struct tinet__curl_transport *t = e->t;
  bool was_in_curl = t->is_in_curl;

  t->is_in_curl = true;
  (void)curl_multi_remove_handle(t->multi, e->curl);
  t->is_in_curl = was_in_curl;
}

/* Takes the easy handle out of the multi handle and away from its exchange. */
static void detach(struct tinet__curl_easy *e, bool is_clean)
{
  if (e->state != TINET__CURL_STARTING)
    remove_from_multi(e);
  tinet__list_remove(&e->link);
  tinet__curl_socket_forget(e);
  tinet__curl_easy_give_back(e, is_clean);
}

static void fill_times(const struct tinet__curl_easy *e,
                       struct tinet__exchange_times *times)
{
  static const CURLINFO infos[] = {
      CURLINFO_NAMELOOKUP_TIME_T,    CURLINFO_CONNECT_TIME_T,
      CURLINFO_APPCONNECT_TIME_T,    CURLINFO_PRETRANSFER_TIME_T,
      CURLINFO_STARTTRANSFER_TIME_T, CURLINFO_TOTAL_TIME_T,
  };
  int64_t *members[] = {&times->name_us,       &times->connect_us,
                        &times->tls_us,        &times->sent_us,
                        &times->first_byte_us, &times->total_us};

  for (size_t i = 0; i < sizeof(infos) / sizeof(infos[0]); i++) {
    curl_off_t value = 0;
    bool is_of_connection = i < 3;

    *members[i] = -1;
    if (is_of_connection && e->is_reused)
      continue;
    if (curl_easy_getinfo(e->curl, infos[i], &value) == CURLE_OK && value > 0)
      *members[i] = value;
  }
}

static void end(struct tinet__curl_easy *e, CURLcode result)
{
  struct tinet__curl_transport *t = e->t;
  struct tinet__exchange *x = e->x;
  struct tinet__tls_check *check;
  tinet_error err;

  if (result == CURLE_OK)
    tinet__curl_response_release(e);
  if (e->x == NULL) { /* canceled by what was delivered */
    detach(e, false);
    return;
  }
  x->tls_failure = NULL;
  x->verdict = NULL;
  tinet__curl_error(e, x, result, &err);
  check = e->check; /* the story is told from it */
  e->check = NULL;
  fill_times(e, &x->times);
  e->x = NULL;
  x->impl = NULL;
  detach(e, err.code == 0);
  count(t, -1);
  x->ev->on_finish(x, &err);
  tinet__tls_check_unref(check);
}

/* ---- driving curl ---- */

static struct tinet__curl_easy *first(struct tinet__list *head)
{
  return tinet__list_is_empty(head)
             ? NULL
             : TINET__CONTAINER(head->next, struct tinet__curl_easy, link);
}

/* What was canceled, or broke, while curl was running. */
static void reap(struct tinet__curl_transport *t)
{
  struct tinet__curl_easy *e;

  while ((e = first(&t->ended)) != NULL) {
    if (e->x == NULL)
      detach(e, false);
    else
      end(e, CURLE_ABORTED_BY_CALLBACK);
  }
}

static int add_to_multi(struct tinet__curl_easy *e)
{
  struct tinet__curl_transport *t = e->t;

  if (curl_multi_add_handle(t->multi, e->curl) != CURLM_OK)
    return TINET_ENOMEM;
  e->state = TINET__CURL_RUNNING;
  tinet__list_remove(&e->link);
  tinet__list_append(&t->running, &e->link);
  return TINET_OK;
}

static void start_waiting(struct tinet__curl_transport *t)
{
  struct tinet__curl_easy *e;

  while ((e = first(&t->starting)) != NULL) {
    if (add_to_multi(e) == TINET_OK)
      continue;
    (void)tinet__error_set(&e->err, TINET_ENOMEM, TINET_ORIGIN_TINET, 0, NULL);
    end(e, CURLE_OUT_OF_MEMORY);
  }
}

static void deliver_ends(struct tinet__curl_transport *t)
{
  CURLMsg *msg;
  char *priv;
  int n_left;

  while (!t->is_closing && (msg = curl_multi_info_read(t->multi, &n_left))) {
    struct tinet__curl_easy *e;

    if (msg->msg != CURLMSG_DONE)
      continue;
    (void)curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &priv);
    e = (struct tinet__curl_easy *)(void *)priv;
    if (e->x == NULL)
      detach(e, false);
    else
      end(e, msg->data.result);
  }
}

static void destroy(struct tinet__curl_transport *t);

void tinet__curl_leave(struct tinet__curl_transport *t)
{
  t->depth--;
  if (t->depth == 0 && t->is_closing)
    destroy(t);
}

void tinet__curl_drive(struct tinet__curl_transport *t, curl_socket_t fd,
                       int events)
{
  int n_still = 0;

  t->depth++;
  t->is_in_curl = true;
  t->meter.n_records = 0;
  (void)curl_multi_socket_action(t->multi, fd, events, &n_still);
  t->is_in_curl = false;
  reap(t);
  start_waiting(t);
  deliver_ends(t);
  tinet__curl_leave(t);
}

/* ---- the interface ---- */

static int start(struct tinet__transport *base, struct tinet__exchange *x)
{
  struct tinet__curl_transport *t =
      (struct tinet__curl_transport *)(void *)base;
  struct tinet__curl_easy *e;
  int err = tinet__curl_easy_take(t, &e);

  if (err < 0)
    return err;
  err = tinet__curl_easy_prepare(e, x);
  if (err < 0) {
    tinet__curl_easy_give_back(e, false);
    return err;
  }
  e->state = TINET__CURL_STARTING;
  tinet__list_append(&t->starting, &e->link);
  if (!t->is_in_curl) {
    err = add_to_multi(e);
    if (err < 0) {
      detach(e, false);
      return err;
    }
  }
  e->x = x;
  x->impl = e;
  count(t, 1);
  return TINET_OK;
}

/* Without an event. */
static void let_go(struct tinet__curl_easy *e)
{
  if (e->x == NULL)
    return;
  e->x->impl = NULL;
  e->x = NULL;
  count(e->t, -1);
}

static void abandon(struct tinet__curl_easy *e)
{
  struct tinet__curl_transport *t = e->t;

  let_go(e);
  if (!t->is_in_curl || e->state == TINET__CURL_STARTING) {
    detach(e, false);
    return;
  }
  e->state = TINET__CURL_ENDED;
  tinet__list_remove(&e->link);
  tinet__list_append(&t->ended, &e->link);
}

static void cancel(struct tinet__transport *base, struct tinet__exchange *x)
{
  (void)base;
  if (x->impl == NULL)
    return;
  fill_times(x->impl, &x->times);
  abandon(x->impl);
}

static void destroy(struct tinet__curl_transport *t)
{
  struct tinet__curl_easy *e;

  if (t == NULL)
    return;
  while ((e = first(&t->ended)) != NULL)
    detach(e, false);
  while ((e = first(&t->free_easies)) != NULL)
    tinet__curl_easy_free(e);
  if (t->multi != NULL) {
    (void)curl_multi_setopt(t->multi, CURLMOPT_TIMERFUNCTION, NULL);
    (void)curl_multi_cleanup(t->multi); /* closes the pooled connections */
  }
  if (t->share != NULL)
    (void)curl_share_cleanup(t->share);
  tinet__curl_sockets_close(t);
  tinet__free(t->basic_proxy);
  tinet__free(t);
}

static void close_transport(struct tinet__transport *base)
{
  struct tinet__curl_transport *t =
      (struct tinet__curl_transport *)(void *)base;
  struct tinet__curl_easy *e;

  t->is_closing = true;
  while ((e = first(&t->starting)) != NULL)
    abandon(e);
  while ((e = first(&t->running)) != NULL)
    abandon(e);
  for (struct tinet__list *l = t->ended.next; l != &t->ended; l = l->next)
    let_go(TINET__CONTAINER(l, struct tinet__curl_easy, link));
  if (t->depth == 0)
    destroy(t);
}

static bool is_idle(const struct tinet__transport *base)
{
  const struct tinet__curl_transport *t =
      (const struct tinet__curl_transport *)(const void *)base;

  return t->n_running == 0 && t->depth == 0;
}

static const struct tinet__transport_ops curl_ops = {start, cancel,
                                                     close_transport, is_idle};

/* ---- opening ---- */

static void destroyp(struct tinet__curl_transport **t)
{
  destroy(*t);
}

static int open_handles(struct tinet__curl_transport *t)
{
  t->multi = curl_multi_init();
  t->share = curl_share_init();
  if (t->multi == NULL || t->share == NULL)
    return TINET_ENOMEM;
  if (curl_share_setopt(t->share, CURLSHOPT_SHARE,
                        CURL_LOCK_DATA_SSL_SESSION) != CURLSHE_OK)
    return TINET_ENOMEM;
  if (t->config.max_connections > 0 &&
      curl_multi_setopt(t->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS,
                        (long)t->config.max_connections) != CURLM_OK)
    return TINET_ENOMEM;
  return tinet__curl_sockets_open(t);
}

int tinet__curl_transport_open(tinet_loop *loop,
                               const struct tinet__transport_config *config,
                               struct tinet__transport **ret_transport)
{
  TINET_CLEANUP(destroyp) struct tinet__curl_transport *t = NULL;
  int err;

  if (loop == NULL || config == NULL || ret_transport == NULL)
    return TINET_EINVAL;
  if (pthread_once(&global_once, global_init) != 0 || global_result != CURLE_OK)
    return TINET_ESYSTEM;
  t = tinet__zalloc(sizeof(*t));
  if (t == NULL)
    return TINET_ENOMEM;
  t->base.ops = &curl_ops;
  t->loop = loop;
  t->config = *config;
  t->meter.max = TINET__CURL_MAX_IDLE_RECORDS;
  tinet__list_init(&t->running);
  tinet__list_init(&t->starting);
  tinet__list_init(&t->ended);
  tinet__list_init(&t->free_easies);
  tinet__curl_find_store(t);
  err = open_handles(t);
  if (err < 0)
    return err;
  *ret_transport = &TINET_TAKE(t)->base;
  return TINET_OK;
}
