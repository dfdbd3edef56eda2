/* service.c - a service of ours: announced under its name, or under another.
 *
 * A name that is taken is given up for the next one, a limited number of times;
 * one that has held for a while may be tried for as long again later.  Moving
 * to another back end is publishing again, which the application does not see
 * unless the name has to change.
 */
#include "front.h"

#include "../core/error.h"
#include "records.h"

#include <string.h>
#include <unistd.h>

#define RENAMES_MAX 10 /* then NameCollisionError */
#define HELD_MS 60000  /* a name that has held so long was won */
#define HOST_NAME_ROOM 256

struct tinet_bonjour_service {
  struct tinet__bonjour_user user;
  char name[TINET_BONJOUR_NAME_MAX + 1]; /* in force, or tried */
  char told[TINET_BONJOUR_NAME_MAX + 1]; /* known to the application; "" */
  char *type;                            /* owned */
  uint16_t port;
  uint32_t interface_index;
  bool may_rename;
  tinet_slice *txt; /* owned, with the bytes behind it */
  size_t n_txt;
  char **subtypes; /* owned */
  size_t n_subtypes;
  tinet_bonjour_service_events events;
  void *arg; /* borrowed */
  struct tinet__deferred soon;
  unsigned n_renames;
  uint64_t established_ms; /* when; 0: not, or no longer */
  bool is_established, has_collided, has_failed;
  tinet_error err;
};

static void on_soon(void *arg);

void tinet_bonjour_service_close(tinet_bonjour_service *s)
{
  if (!s)
    return;
  if (s->user.bonjour)
    tinet__defer_cancel(tinet__bonjour_loop(s->user.bonjour), &s->soon);
  tinet__bonjour_done(&s->user);
  for (size_t i = 0; i < s->n_subtypes; i++)
    tinet__free(s->subtypes[i]);
  tinet__free(s->subtypes);
  tinet__free(s->txt);
  tinet__free(s->type);
  tinet__free(s);
}

TINET_DEFINE_CLEANUP(tinet_bonjour_service, tinet_bonjour_service_close)

void tinet_bonjour_publish_options_init(tinet_bonjour_publish_options *opt)
{
  *opt = (tinet_bonjour_publish_options){.struct_size = sizeof *opt,
                                         .may_rename = true};
}

const char *tinet_bonjour_service_name(const tinet_bonjour_service *s)
{
  return s ? s->name : "";
}

static void tell_soon(tinet_bonjour_service *s)
{
  tinet__defer(tinet__bonjour_loop(s->user.bonjour), &s->soon, on_soon, s);
}

/* ---- what the back end says ---- */

static void on_established(void *arg)
{
  tinet_bonjour_service *s = arg;

  if (!s->is_established)
    s->established_ms =
        tinet__loop_now_ms(tinet__bonjour_loop(s->user.bonjour));
  s->is_established = true;
  tell_soon(s);
}

static void on_collision(void *arg)
{
  tinet_bonjour_service *s = arg;

  s->has_collided = true;
  tell_soon(s);
}

static void on_failure(void *arg, const tinet_error *err)
{
  tinet_bonjour_service *s = arg;

  s->err = *err;
  tell_soon(s);
}

static const struct tinet__publish_sink sink = {on_established, on_collision,
                                                on_failure};

/* ---- what follows from it ---- */

/* 0, or why it has to end. */
static int rename_service(tinet_bonjour_service *s)
{
  uint64_t now = tinet__loop_now_ms(tinet__bonjour_loop(s->user.bonjour));

  if (s->is_established && now - s->established_ms >= HELD_MS)
    s->n_renames = 0;
  s->is_established = s->has_collided = false;
  if (!s->may_rename || s->n_renames >= RENAMES_MAX ||
      tinet_bonjour_next_name(s->name, s->name) < 0)
    return tinet__bonjour_error(&s->err, TINET_ECOLLISION,
                                TINET_BONJOUR_COLLISION, "the name %s is taken",
                                s->name);
  s->n_renames++;
  return tinet__bonjour_restart(&s->user, &s->err);
}

static void tell_error(tinet_bonjour_service *s)
{
  s->has_failed = true;
  tinet__bonjour_leave(&s->user);
  if (s->events.on_error)
    s->events.on_error(s, &s->err, s->arg);
}

static void tell_name(tinet_bonjour_service *s)
{
  char old[sizeof s->told];

  memcpy(old, s->told, sizeof old);
  memcpy(s->told, s->name, sizeof s->told);
  if (!*old) {
    if (s->events.on_published)
      s->events.on_published(s, s->name, s->arg);
  } else if (s->events.on_renamed) {
    s->events.on_renamed(s, old, s->name, s->arg);
  }
}

static void on_soon(void *arg)
{
  tinet_bonjour_service *s = arg;

  if (s->has_failed)
    return;
  if (s->err.code == TINET_OK && s->has_collided && rename_service(s) == 0)
    return;
  if (s->err.code != TINET_OK)
    tell_error(s);
  else if (s->is_established && strcmp(s->name, s->told) != 0)
    tell_name(s);
}

/* ---- as a user ---- */

static int start(struct tinet__bonjour_user *user,
                 struct tinet__bonjour_backend *backend, tinet_error *err)
{
  tinet_bonjour_service *s = (tinet_bonjour_service *)user;
  const struct tinet__publish_request request = {
      .name = s->name,
      .type = s->type,
      .domain = "local",
      .port = s->port,
      .txt = s->txt,
      .n_txt = s->n_txt,
      .subtypes = (const char *const *)s->subtypes,
      .n_subtypes = s->n_subtypes,
      .interface_index = s->interface_index,
  };

  return backend->ops->publish(backend, &request, &sink, s, &user->job, err);
}

static void on_stopped(struct tinet__bonjour_user *user)
{
  tinet_bonjour_service *s = (tinet_bonjour_service *)user;

  s->is_established = s->has_collided = false;
  tinet__error_clear(&s->err);
}

static void on_failed(struct tinet__bonjour_user *user, const tinet_error *err)
{
  on_failure(user, err);
}

static const struct tinet__bonjour_user_ops user_ops = {start, on_stopped,
                                                        on_failed};

/* ---- opening ---- */

static int check_options(const tinet_bonjour *bonjour,
                         const tinet_bonjour_publish_options *opt,
                         tinet_error *err)
{
  int result = tinet_bonjour_check_domain(opt->domain, err);

  if (result == TINET_OK && opt->name && *opt->name)
    result = tinet_bonjour_check_name(opt->name, err);
  if (result == TINET_OK)
    result = tinet_bonjour_check_type(opt->type, err);
  if (result == TINET_OK)
    result = tinet_bonjour_check_txt(opt->txt, opt->n_txt, err);
  if (result == TINET_OK &&
      (opt->port == 0 || opt->n_subtypes > TINET_BONJOUR_SUBTYPES_MAX))
    result = tinet__bonjour_error(err, TINET_EINVAL, TINET_BONJOUR_BAD_ARGUMENT,
                                  opt->port ? "too many subtypes" : "no port");
  for (size_t i = 0; result == TINET_OK && i < opt->n_subtypes; i++)
    result = tinet__bonjour_check_subtype(opt->subtypes[i], err);
  if (result == TINET_OK)
    result = tinet__bonjour_check_declared(bonjour, opt->type, err);
  return result;
}

/* The device's name, as NSNetService takes it for "". */
static void host_name(char name[TINET_BONJOUR_NAME_MAX + 1])
{
  char host[HOST_NAME_ROOM] = "";
  size_t len;

  (void)gethostname(host, sizeof host - 1); /* "" then, which is replaced */
  len = strcspn(host, ".");
  len = len > TINET_BONJOUR_NAME_MAX ? TINET_BONJOUR_NAME_MAX : len;
  memcpy(name, host, len);
  name[len] = '\0';
  if (tinet_bonjour_check_name(name, NULL) < 0)
    memcpy(name, "localhost", sizeof "localhost");
}

static int copy_options(tinet_bonjour_service *s,
                        const tinet_bonjour_publish_options *opt)
{
  s->port = opt->port;
  s->interface_index = opt->interface_index;
  s->may_rename = opt->may_rename;
  if (opt->name && *opt->name)
    memcpy(s->name, opt->name, strlen(opt->name) + 1);
  else
    host_name(s->name);
  s->type = tinet__bonjour_bare(opt->type);
  s->txt = tinet__txt_copy(opt->txt, opt->n_txt);
  s->n_txt = opt->n_txt;
  s->subtypes = tinet__zalloc(opt->n_subtypes * sizeof *s->subtypes);
  if (!s->type || !s->txt || !s->subtypes)
    return TINET_ENOMEM;
  for (; s->n_subtypes < opt->n_subtypes; s->n_subtypes++) {
    s->subtypes[s->n_subtypes] = tinet__strdup(opt->subtypes[s->n_subtypes]);
    if (!s->subtypes[s->n_subtypes])
      return TINET_ENOMEM;
  }
  return TINET_OK;
}

int tinet_bonjour_service_open(tinet_bonjour *bonjour,
                               const tinet_bonjour_publish_options *opt,
                               const tinet_bonjour_service_events *events,
                               void *user, tinet_bonjour_service **ret_service,
                               tinet_error *err)
{
  TINET_CLEANUP(tinet_bonjour_service_closep) tinet_bonjour_service *s = NULL;
  int result;

  if (!bonjour || !opt || opt->struct_size != sizeof *opt || !events ||
      !ret_service || (opt->n_subtypes > 0 && !opt->subtypes))
    return TINET_EINVAL;
  result = check_options(bonjour, opt, err);
  if (result < 0)
    return result;
  s = tinet__zalloc(sizeof *s);
  if (!s)
    return TINET_ENOMEM;
  s->events = *events;
  s->arg = user;
  result = copy_options(s, opt);
  if (result == TINET_OK)
    result = tinet__bonjour_enter(&s->user, bonjour, &user_ops, err);
  if (result < 0)
    return result;
  *ret_service = TINET_TAKE(s);
  return TINET_OK;
}

int tinet_bonjour_service_set_txt(tinet_bonjour_service *s,
                                  const tinet_slice *txt, size_t n_txt,
                                  tinet_error *err)
{
  tinet_slice *copy;
  int result;

  if (!s)
    return TINET_EINVAL;
  result = tinet_bonjour_check_txt(txt, n_txt, err);
  if (result < 0)
    return result;
  if (!s->user.is_in)
    return TINET_ESTATE;
  copy = tinet__txt_copy(txt, n_txt);
  if (!copy)
    return TINET_ENOMEM;
  /* A dead job takes them when it is started again. */
  if (s->user.job && !s->has_collided && s->err.code == TINET_OK)
    result = s->user.job->backend->ops->set_txt(s->user.job, copy, n_txt, err);
  if (result < 0) {
    tinet__free(copy);
    return result;
  }
  tinet__free(s->txt);
  s->txt = copy;
  s->n_txt = n_txt;
  return TINET_OK;
}
