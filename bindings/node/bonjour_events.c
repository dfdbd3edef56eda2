/* bonjour_events.c - what happens in Bonjour, from its thread to Node's loop
 * and to a call that waits. */
#include "bonjour.h"

#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- messages ---- */

void bonjour_message_unref(struct message *m)
{
  if (atomic_fetch_sub(&m->n_refs, 1) > 1)
    return;
  for (size_t i = 0; i < m->n_texts; i++)
    free(m->texts[i]);
  for (size_t i = 0; i < m->n_addresses; i++)
    free(m->addresses[i]);
  bonjour_free_parts(m->txt, m->n_txt);
  free(m);
}

static struct message *new_message(const struct item *item, enum kind kind)
{
  struct message *m = calloc(1, sizeof *m);

  if (!m)
    return NULL; /* as if it had been lost on the network */
  m->n_refs = 1;
  m->thread = item->thread;
  m->id = item->id;
  m->kind = kind;
  m->seq = ++item->thread->n_messages;
  return m;
}

static void add_text(struct message *m, const char *text)
{
  char *copy = strdup(text);

  if (copy && m->n_texts < MAX_TEXTS)
    m->texts[m->n_texts++] = copy;
  else
    free(copy);
}

void bonjour_set_part(struct part *part, const void *data, size_t len)
{
  part->data = malloc(len + 1);
  part->len = part->data ? len : 0;
  if (part->data) {
    memcpy(part->data, data, len);
    part->data[len] = '\0';
  }
}

void bonjour_free_parts(struct part *parts, size_t n)
{
  for (size_t i = 0; i < n; i++)
    free(parts[i].data);
  free(parts);
}

static napi_value make_array(napi_env env, size_t n)
{
  napi_value array = NULL;

  (void)napi_create_array_with_length(env, n, &array);
  return array;
}

void bonjour_make_arguments(napi_env env, const struct message *m,
                            napi_value *argv)
{
  napi_value bytes = NULL;

  argv[0] = make_number(env, m->seq);
  argv[1] = make_number(env, m->id);
  argv[2] = make_number(env, m->kind);
  argv[3] = make_number(env, m->number);
  argv[4] = make_array(env, m->n_texts);
  argv[5] = make_array(env, m->n_addresses);
  argv[6] = make_array(env, m->n_txt);
  for (size_t i = 0; i < m->n_texts; i++)
    (void)napi_set_element(env, argv[4], (uint32_t)i,
                           make_text(env, m->texts[i]));
  for (size_t i = 0; i < m->n_addresses; i++)
    (void)napi_set_element(env, argv[5], (uint32_t)i,
                           make_text(env, m->addresses[i]));
  for (size_t i = 0; i < m->n_txt; i++)
    if (napi_create_buffer_copy(env, m->txt[i].len, m->txt[i].data, NULL,
                                &bytes) == napi_ok)
      (void)napi_set_element(env, argv[6], (uint32_t)i, bytes);
}

/* On Node's loop. */
static void deliver(void *arg)
{
  struct message *m = arg;
  struct bonjour_thread *t = m->thread;
  napi_env env = t->addon->env;
  napi_value argv[BONJOUR_N_ARGUMENTS], global;
  napi_handle_scope scope;

  atomic_fetch_sub(&t->n_unseen, 1);
  if (napi_open_handle_scope(env, &scope) == napi_ok) {
    bonjour_make_arguments(env, m, argv);
    if (napi_get_global(env, &global) == napi_ok)
      call_js(t->addon, NULL, global, t->dispatch, BONJOUR_N_ARGUMENTS, argv);
    (void)napi_close_handle_scope(env, scope);
  }
  bonjour_message_unref(m);
}

static bool ends_a_wait(enum kind kind)
{
  return kind == KIND_PUBLISHED || kind == KIND_RESOLVED || kind == KIND_ERROR;
}

/* A program that does not listen holds up its own Bonjour, not its memory. */
static void hold_back(struct bonjour_thread *t)
{
  const struct timespec moment = {0, 1000000};
  bool is_stopping = false;

  while (!is_stopping && atomic_load(&t->n_unseen) > MAX_UNSEEN) {
    (void)nanosleep(&moment, NULL);
    (void)pthread_mutex_lock(&t->lock);
    is_stopping = t->is_stopping || t->waited_id != 0;
    (void)pthread_mutex_unlock(&t->lock);
  }
}

static void give_to_waiter(struct message *m)
{
  struct bonjour_thread *t = m->thread;

  (void)pthread_mutex_lock(&t->lock);
  if (t->waited_id == m->id && !t->waited) {
    atomic_fetch_add(&m->n_refs, 1);
    t->waited = m;
    (void)pthread_cond_signal(&t->changed);
  }
  (void)pthread_mutex_unlock(&t->lock);
}

static void emit(struct message *m)
{
  struct bonjour_thread *t = m->thread;

  hold_back(t);
  if (ends_a_wait(m->kind))
    give_to_waiter(m);
  atomic_fetch_add(&t->n_unseen, 1);
  if (tinet_loop_post(t->addon->loop, deliver, m) < 0) {
    atomic_fetch_sub(&t->n_unseen, 1);
    bonjour_message_unref(m);
  }
}

static struct message *new_error(const struct item *item,
                                 const tinet_error *err)
{
  struct message *m = new_message(item, KIND_ERROR);

  if (!m)
    return NULL;
  m->number = tinet_bonjour_code_of(err);
  add_text(m, tinet_bonjour_code_name(m->number));
  add_text(m, err->text);
  return m;
}

void bonjour_emit_error(const struct item *item, const tinet_error *err)
{
  struct message *m = new_error(item, err);

  if (m)
    emit(m);
}

void bonjour_answer(const struct item *item, const tinet_error *err)
{
  struct message *m =
      err->code ? new_error(item, err) : new_message(item, KIND_DONE);

  if (!m)
    return; /* who waits gives up in time */
  give_to_waiter(m);
  bonjour_message_unref(m);
}

/* ---- events of the library, on the thread ---- */

static void emit_entry(struct item *item, enum kind kind,
                       const tinet_bonjour_entry *entry)
{
  struct message *m = new_message(item, kind);

  if (!m)
    return;
  add_text(m, entry->name);
  add_text(m, entry->type);
  add_text(m, entry->domain);
  emit(m);
}

static void on_added(tinet_bonjour_browser *b, const tinet_bonjour_entry *entry,
                     void *user)
{
  (void)b;
  emit_entry(user, KIND_ADDED, entry);
}

static void on_removed(tinet_bonjour_browser *b,
                       const tinet_bonjour_entry *entry, void *user)
{
  (void)b;
  emit_entry(user, KIND_REMOVED, entry);
}

static void on_batch(tinet_bonjour_browser *b, size_t n_changes, bool is_all,
                     void *user)
{
  struct message *m = n_changes ? new_message(user, KIND_BATCH) : NULL;

  (void)b;
  if (!m)
    return;
  m->number = is_all;
  emit(m);
}

static void on_browser_error(tinet_bonjour_browser *b, const tinet_error *err,
                             void *user)
{
  (void)b;
  bonjour_emit_error(user, err);
}

static void emit_name(struct item *item, enum kind kind, const char *name,
                      const char *old_name)
{
  struct message *m = new_message(item, kind);

  if (!m)
    return;
  add_text(m, name);
  if (old_name)
    add_text(m, old_name);
  emit(m);
}

static void on_published(tinet_bonjour_service *s, const char *name, void *user)
{
  (void)s;
  emit_name(user, KIND_PUBLISHED, name, NULL);
}

static void on_renamed(tinet_bonjour_service *s, const char *old_name,
                       const char *name, void *user)
{
  (void)s;
  emit_name(user, KIND_RENAMED, name, old_name);
}

static void on_service_error(tinet_bonjour_service *s, const tinet_error *err,
                             void *user)
{
  (void)s;
  bonjour_emit_error(user, err);
}

static void on_resolved(tinet_bonjour_resolve *r,
                        const tinet_bonjour_resolved *f, void *user)
{
  struct message *m = new_message(user, KIND_RESOLVED);
  char text[TINET_ENDPOINT_TEXT_MAX], name[IF_NAMESIZE];

  (void)r;
  if (!m)
    return;
  m->number = f->port;
  add_text(m, f->host);
  add_text(m, if_indextoname(f->interface_index, name) ? name : "");
  for (size_t i = 0; i < f->n_endpoints && i < MAX_ADDRESSES; i++) {
    tinet_endpoint_text(&f->endpoints[i], text);
    m->addresses[m->n_addresses] = strdup(text);
    m->n_addresses += m->addresses[m->n_addresses] != NULL;
  }
  m->txt = calloc(f->n_txt + 1, sizeof *m->txt);
  for (size_t i = 0; m->txt && i < f->n_txt; i++)
    bonjour_set_part(&m->txt[m->n_txt++], f->txt[i].data, f->txt[i].len);
  emit(m);
}

static void on_resolve_error(tinet_bonjour_resolve *r, const tinet_error *err,
                             void *user)
{
  (void)r;
  bonjour_emit_error(user, err);
}

const tinet_bonjour_browser_events bonjour_browser_events = {
    .on_added = on_added,
    .on_removed = on_removed,
    .on_batch_done = on_batch,
    .on_error = on_browser_error,
};
const tinet_bonjour_service_events bonjour_service_events = {
    .on_published = on_published,
    .on_renamed = on_renamed,
    .on_error = on_service_error,
};
const tinet_bonjour_resolve_events bonjour_resolve_events = {
    .on_resolved = on_resolved,
    .on_error = on_resolve_error,
};
