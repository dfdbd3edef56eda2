/* bonjour.c - Bonjour for lib/bonjour.js, on a thread and a loop of its own.
 *
 * Old programs publish and resolve in calls that block; the network has to go
 * on meanwhile, and no callback may run.  So commands go to a thread, what
 * happens comes back to Node's loop, and a call that blocks just waits for it.
 */
#include "bonjour.h"
#include "sockets.h"

#include <stdlib.h>
#include <time.h>

/* ---- the thread ---- */

static void *run_thread(void *arg)
{
  struct bonjour_thread *t = arg;

  (void)pthread_mutex_lock(&t->lock);
  while (!t->is_stopping) {
    while (t->n_posted == 0 && !t->is_stopping)
      (void)pthread_cond_wait(&t->changed, &t->lock);
    if (t->is_stopping)
      break; /* stop_on_loop may have come and gone: nothing would end a run */
    t->n_posted = 0;
    (void)pthread_mutex_unlock(&t->lock);
    (void)tinet_loop_run(t->loop);
    (void)pthread_mutex_lock(&t->lock);
  }
  (void)pthread_mutex_unlock(&t->lock);
  while (t->items)
    bonjour_close_id(t, t->items->id);
  tinet_bonjour_close(t->bonjour);
  (void)tinet_loop_run(
      t->loop); /* until stop_on_loop, if that is yet to come */
  (void)tinet_loop_run(t->loop); /* goodbyes */
  (void)tinet_loop_close(t->loop);
  return NULL;
}

static void stop_on_loop(void *arg)
{
  tinet_loop_stop(((struct bonjour_thread *)arg)->loop);
}

static void wake(struct bonjour_thread *t, bool is_stopping)
{
  (void)pthread_mutex_lock(&t->lock);
  t->n_posted++;
  t->is_stopping |= is_stopping;
  (void)pthread_cond_broadcast(&t->changed);
  (void)pthread_mutex_unlock(&t->lock);
}

void close_bonjour(struct addon *a)
{
  const struct timespec moment = {0, 1000000};
  struct bonjour_thread *t = a->bonjour;

  if (!t)
    return;
  a->bonjour = NULL;
  /* In this order: a thread that is to end closes its loop. */
  while (tinet_loop_post(t->loop, stop_on_loop, t) < 0)
    (void)nanosleep(&moment, NULL); /* no memory: it must end all the same */
  wake(t, true);
  (void)pthread_join(t->thread, NULL);
  if (t->dispatch)
    (void)napi_delete_reference(a->env, t->dispatch);
  a->old_bonjour = t; /* messages on their way still name it */
}

/* A step of the wall clock neither ends nor prolongs a wait. */
static void init_condition(pthread_cond_t *condition)
{
  pthread_condattr_t attr;

  (void)pthread_condattr_init(&attr);
  (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
  (void)pthread_cond_init(condition, &attr);
  (void)pthread_condattr_destroy(&attr);
}

static struct bonjour_thread *open_thread(struct addon *a)
{
  struct bonjour_thread *t;

  if (a->bonjour || !a->loop)
    return a->bonjour;
  t = calloc(1, sizeof *t);
  if (!t || tinet_loop_open(&t->loop) < 0) {
    free(t);
    return NULL;
  }
  t->addon = a;
  (void)pthread_mutex_init(&t->lock, NULL);
  init_condition(&t->changed);
  if (pthread_create(&t->thread, NULL, run_thread, t) != 0) {
    (void)tinet_loop_close(t->loop);
    free(t);
    return NULL;
  }
  a->bonjour = t;
  return t;
}

/* ---- from JavaScript ---- */

/* Of an array of Buffers; too many, or no memory, is an exception. */
static bool get_parts(napi_env env, napi_value array, struct part **ret,
                      size_t *ret_n)
{
  uint32_t n = 0;
  struct part *parts;

  (void)napi_get_array_length(env, array, &n);
  parts = n <= MAX_PARTS ? calloc(n + 1U, sizeof *parts) : NULL;
  if (!parts) {
    throw_code(env, n > MAX_PARTS ? TINET_ELIMIT : TINET_ENOMEM, NULL);
    return false;
  }
  *ret = parts;
  for (uint32_t i = 0; i < n; i++) {
    napi_value value;
    void *data;
    size_t len;

    if (napi_get_element(env, array, i, &value) == napi_ok &&
        napi_get_buffer_info(env, value, &data, &len) == napi_ok)
      bonjour_set_part(&parts[(*ret_n)++], len ? data : "", len);
  }
  return true;
}

/* bonjourSetup(dispatch, the types that may be used or null), once */
static napi_value setup(napi_env env, napi_callback_info info)
{
  struct bonjour_thread *t = open_thread(addon_of(env));
  napi_value args[2];

  if (!get_args(env, info, 2, args))
    return NULL;
  if (!t) {
    throw_code(env, TINET_ENOMEM, "Bonjour could not be started");
    return NULL;
  }
  if (t->dispatch || (is_object(env, args[1]) &&
                      !get_parts(env, args[1], &t->declared, &t->n_declared)))
    return NULL;
  (void)napi_create_reference(env, args[0], 1, &t->dispatch);
  return NULL;
}

static struct command *make_command(napi_env env, struct bonjour_thread *t,
                                    const napi_value *args)
{
  struct command *c = calloc(1, sizeof *c);

  if (!c) {
    throw_code(env, TINET_ENOMEM, NULL);
    return NULL;
  }
  c->thread = t;
  c->op = (enum op)get_uint(env, args[0]);
  c->id = get_uint(env, args[1]);
  c->number = get_uint(env, args[5]);
  (void)napi_get_value_bool(env, args[6], &c->may_rename);
  if (!get_text_or_null(env, args[2], &c->name) ||
      !get_text_or_null(env, args[3], &c->type) ||
      !get_text_or_null(env, args[4], &c->interface) ||
      !get_parts(env, args[7], &c->txt, &c->n_txt) ||
      !get_parts(env, args[8], &c->subtypes, &c->n_subtypes)) {
    bonjour_free_command(c);
    return NULL;
  }
  return c;
}

static struct timespec in_ms(unsigned ms)
{
  struct timespec at;

  (void)clock_gettime(CLOCK_MONOTONIC, &at);
  at.tv_sec += ms / 1000;
  at.tv_nsec += (long)(ms % 1000) * 1000000;
  if (at.tv_nsec >= 1000000000) {
    at.tv_sec++;
    at.tv_nsec -= 1000000000;
  }
  return at;
}

static struct message *wait_for(struct bonjour_thread *t, unsigned ms)
{
  struct timespec until = in_ms(ms);
  struct message *m;
  int code = 0;

  (void)pthread_mutex_lock(&t->lock);
  while (!t->waited && code == 0)
    code = pthread_cond_timedwait(&t->changed, &t->lock, &until);
  m = t->waited;
  t->waited = NULL;
  t->waited_id = 0;
  (void)pthread_mutex_unlock(&t->lock);
  return m;
}

static void expect(struct bonjour_thread *t, unsigned id)
{
  (void)pthread_mutex_lock(&t->lock);
  t->waited_id = id;
  (void)pthread_mutex_unlock(&t->lock);
}

/* bonjour(op, id, name, type, interface, number, mayRename, txt, subtypes,
 * wait in ms or 0) -> what happened, if it was waited for; undefined = nothing
 * in time */
static napi_value bonjour(napi_env env, napi_callback_info info)
{
  struct bonjour_thread *t = addon_of(env)->bonjour;
  napi_value args[10], argv[BONJOUR_N_ARGUMENTS], array;
  struct command *c;
  struct message *m;
  unsigned wait_ms;

  if (!get_args(env, info, 10, args) || !t || !(c = make_command(env, t, args)))
    return NULL;
  wait_ms = get_uint(env, args[9]);
  if (wait_ms)
    expect(t, c->id);
  if (tinet_loop_post(t->loop, bonjour_run_command, c) < 0) {
    bonjour_free_command(c);
    expect(t, 0);
    throw_code(env, TINET_ENOMEM, NULL);
    return NULL;
  }
  wake(t, false);
  m = wait_ms ? wait_for(t, wait_ms) : NULL;
  if (!m)
    return make_undefined(env);
  bonjour_make_arguments(env, m, argv);
  bonjour_message_unref(m);
  if (napi_create_array(env, &array) != napi_ok)
    return NULL;
  for (uint32_t i = 0; i < BONJOUR_N_ARGUMENTS; i++)
    (void)napi_set_element(env, array, i, argv[i]);
  return array;
}

void free_bonjour(struct addon *a)
{
  if (a->old_bonjour)
    bonjour_free_parts(a->old_bonjour->declared, a->old_bonjour->n_declared);
  free(a->old_bonjour);
}

void define_bonjour(napi_env env, napi_value exports)
{
  define(env, exports, "bonjourSetup", setup);
  define(env, exports, "bonjour", bonjour);
}
