/* avahi_publish.c - services of ours, on the embedded stack.
 *
 * A service has an entry group for itself; the addresses that its SRV record
 * leads to stand in groups of their own (avahi_hosts.c).  It is established
 * when both are.
 */
#include "avahi_private.h"

#include "../core/str.h"

#include <avahi-common/error.h>
#include <avahi-common/strlst.h>
#include <stdio.h>
#include <string.h>

struct publish_job {
  struct tinet__embedded_job job; /* first */
  struct tinet__embedded *embedded;
  struct tinet__list link;
  AvahiSEntryGroup *group; /* owned */
  AvahiStringList *txt;    /* owned */
  char name[TINET_BONJOUR_NAME_MAX + 1];
  char type[TINET_BONJOUR_TYPE_MAX];
  uint16_t port;
  AvahiIfIndex interface;
  char (*subtypes)[TINET_BONJOUR_NAME_MAX + 1]; /* owned */
  size_t n_subtypes;
  const struct tinet__publish_sink *sink;
  void *arg; /* of sink */
  bool is_established, has_told, is_dead;
};

static struct publish_job *job_of(struct tinet__list *l)
{
  return TINET__CONTAINER(l, struct publish_job, link);
}

static void free_job(struct publish_job *p)
{
  tinet__list_remove(&p->link);
  if (p->group)
    avahi_s_entry_group_free(p->group);
  avahi_string_list_free(p->txt);
  tinet__free(p->subtypes);
  tinet__free(p);
}

static void free_jobp(struct publish_job **p)
{
  if (*p)
    free_job(*p);
}

static void end_job(struct tinet__bonjour_job *job)
{
  struct publish_job *p = (struct publish_job *)job;
  struct tinet__embedded *e = p->embedded;

  free_job(p);
  if (tinet__list_is_empty(&e->published))
    tinet__hosts_look_soon(e); /* nobody needs the addresses any more */
}

/* ---- what happens to a group ---- */

static void tell_if_established(struct publish_job *p)
{
  if (p->is_dead || !p->is_established || p->has_told ||
      !tinet__hosts_is_established(p->embedded))
    return;
  p->has_told = true;
  p->sink->on_established(p->arg);
}

static void collide(struct publish_job *p)
{
  p->is_dead = true;
  p->sink->on_collision(p->arg);
}

static void fail(struct publish_job *p, const tinet_error *err)
{
  p->is_dead = true;
  p->sink->on_failure(p->arg, err);
}

static void on_group(AvahiServer *server, AvahiSEntryGroup *group,
                     AvahiEntryGroupState state, void *arg)
{
  struct publish_job *p = arg;
  tinet_error err;

  (void)group;
  p->is_established = state == AVAHI_ENTRY_GROUP_ESTABLISHED;
  if (p->is_dead)
    return;
  if (state == AVAHI_ENTRY_GROUP_COLLISION) {
    collide(p);
  } else if (state == AVAHI_ENTRY_GROUP_FAILURE) {
    (void)tinet__avahi_error(&err, avahi_server_errno(server), "publish");
    fail(p, &err);
  } else {
    tell_if_established(p);
  }
}

/* ---- announcing ---- */

/* avahi's strings come in front of those that are there. */
static int make_txt(const tinet_slice *txt, size_t n_txt,
                    AvahiStringList **ret_list)
{
  AvahiStringList *list = NULL, *longer;

  for (size_t i = 0; i < n_txt; i++) {
    longer = avahi_string_list_add_arbitrary(list, txt[i].data, txt[i].len);
    if (!longer) {
      avahi_string_list_free(list);
      return TINET_ENOMEM;
    }
    list = longer;
  }
  *ret_list = list;
  return TINET_OK;
}

/* 0 or avahi's number. */
static int fill_group(struct publish_job *p)
{
  struct tinet__embedded *e = p->embedded;
  int number = avahi_server_add_service_strlst(
      e->server, p->group, p->interface, AVAHI_PROTO_UNSPEC, 0, p->name,
      p->type, "local", e->fqdn, p->port, p->txt);

  for (size_t i = 0; number >= 0 && i < p->n_subtypes; i++) {
    char subtype[sizeof *p->subtypes + sizeof "._sub." + sizeof p->type];

    (void)snprintf(subtype, sizeof subtype, "%s._sub.%s", p->subtypes[i],
                   p->type);
    number = avahi_server_add_service_subtype(e->server, p->group, p->interface,
                                              AVAHI_PROTO_UNSPEC, 0, p->name,
                                              p->type, "local", subtype);
  }
  return number < 0 ? number : avahi_s_entry_group_commit(p->group);
}

/* avahi-core takes equal records twice; but then the goodbye of one service
 * would be that of the other. */
static bool is_taken_here(const struct publish_job *p)
{
  struct tinet__list *l = p->embedded->published.next;

  for (; l != &p->link; l = l->next)
    if (!job_of(l)->is_dead &&
        tinet_bonjour_is_same(job_of(l)->name, p->name) &&
        tinet_bonjour_is_same(job_of(l)->type, p->type))
      return true;
  return false;
}

/* A name taken on this stack is a collision like any other. */
static int announce(struct publish_job *p, tinet_error *err)
{
  int number = is_taken_here(p) ? AVAHI_ERR_COLLISION : fill_group(p);

  if (number == AVAHI_ERR_COLLISION) {
    collide(p);
    return TINET_OK;
  }
  return number < 0 ? tinet__avahi_error(err, number, "publish") : TINET_OK;
}

void tinet__published_move(struct tinet__embedded *e)
{
  struct tinet__list *l = e->published.next;
  tinet_error err;

  for (; l != &e->published; l = l->next) {
    struct publish_job *p = job_of(l);

    if (p->is_dead)
      continue;
    avahi_s_entry_group_reset(p->group);
    p->is_established = p->has_told = false;
    if (announce(p, &err) < 0)
      fail(p, &err);
  }
}

void tinet__published_update(struct tinet__embedded *e)
{
  struct tinet__list *l = e->published.next;

  for (; l != &e->published; l = l->next)
    tell_if_established(job_of(l));
}

void tinet__published_fail(struct tinet__embedded *e, const tinet_error *err)
{
  struct tinet__list *l = e->published.next;

  for (; l != &e->published; l = l->next)
    if (!job_of(l)->is_dead)
      fail(job_of(l), err);
}

/* ---- jobs ---- */

static int copy_subtypes(struct publish_job *p,
                         const struct tinet__publish_request *request)
{
  p->subtypes = tinet__zalloc(request->n_subtypes * sizeof *p->subtypes);
  if (!p->subtypes)
    return TINET_ENOMEM;
  for (size_t i = 0; i < request->n_subtypes; i++)
    (void)snprintf(p->subtypes[i], sizeof p->subtypes[i], "%s",
                   request->subtypes[i]);
  p->n_subtypes = request->n_subtypes;
  return TINET_OK;
}

int tinet__avahi_publish(struct tinet__bonjour_backend *backend,
                         const struct tinet__publish_request *request,
                         const struct tinet__publish_sink *sink, void *arg,
                         struct tinet__bonjour_job **ret_job, tinet_error *err)
{
  TINET_CLEANUP(free_jobp)
  struct publish_job *p = tinet__zalloc(sizeof *p);
  struct tinet__embedded *e = (struct tinet__embedded *)backend;
  int result;

  if (!p)
    return TINET_ENOMEM;
  p->job = (struct tinet__embedded_job){{backend}, end_job};
  p->embedded = e;
  (void)snprintf(p->name, sizeof p->name, "%s", request->name);
  (void)snprintf(p->type, sizeof p->type, "%s", request->type);
  p->port = request->port;
  p->interface = tinet__avahi_interface(request->interface_index);
  p->sink = sink;
  p->arg = arg;
  result = copy_subtypes(p, request);
  if (result == TINET_OK)
    result = make_txt(request->txt, request->n_txt, &p->txt);
  if (result < 0)
    return result;
  p->group = avahi_s_entry_group_new(e->server, on_group, p);
  if (!p->group)
    return tinet__avahi_failed(e, err, "publish");
  tinet__list_append(&e->published, &p->link);
  if (!e->has_collided) /* else that has its turn, which moves this one too */
    tinet__hosts_look(e);
  result = announce(p, err);
  if (result < 0) {
    tinet__hosts_look_soon(e); /* perhaps nobody needs the addresses */
    return result;
  }
  *ret_job = &TINET_TAKE(p)->job.base;
  return TINET_OK;
}

int tinet__avahi_set_txt(struct tinet__bonjour_job *job, const tinet_slice *txt,
                         size_t n_txt, tinet_error *err)
{
  struct publish_job *p = (struct publish_job *)job;
  AvahiStringList *list = NULL;
  int result = make_txt(txt, n_txt, &list), number;

  if (result < 0)
    return result;
  number = avahi_server_update_service_txt_strlst(
      p->embedded->server, p->group, p->interface, AVAHI_PROTO_UNSPEC, 0,
      p->name, p->type, "local", list);
  if (number < 0) {
    avahi_string_list_free(list);
    return tinet__avahi_error(err, number, "publish");
  }
  avahi_string_list_free(p->txt);
  p->txt = list;
  return TINET_OK;
}
