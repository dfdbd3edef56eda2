/* sdbus_resolve.c - a service's records and its host's addresses, by way of the
 * daemon.
 *
 * The daemon's own resolver settles for one address, on the interface that
 * answered first, and gives up after five seconds.  So the records are asked
 * for one by one: SRV and TXT, and as soon as the host is known A and AAAA, on
 * every interface, for as long as it takes.
 *
 * That is four objects of the thousand that the daemon keeps for a client.  So
 * a number of jobs are at work, and others wait for one of them to end.
 */
#include "sdbus_private.h"

#include "../core/error.h"
#include "endpoints.h"
#include "records.h"

#include <errno.h>
#include <string.h>

#define ADDRESSES_MAX 16 /* of one host; more are not tried anyway */
#define STRINGS_MAX 256  /* of one TXT record */
#define AT_WORK_MAX 200  /* leaves 224 objects for browsers and services */
#define CLASS_IN 1u
#define SRV_DATA_MAX 261  /* six bytes and a name */
#define TXT_DATA_MAX 8900 /* rfc: 6763 6.1 */

enum { ASK_SRV, ASK_TXT, ASK_A, ASK_AAAA, N_ASKED };

static const uint16_t types[N_ASKED] = {TINET__TYPE_SRV, TINET__TYPE_TXT,
                                        TINET__TYPE_A, TINET__TYPE_AAAA};

/* The data of a record, to know it again. */
struct data {
  unsigned char *bytes; /* owned; NULL: there is none */
  size_t len;
};

struct resolve_job {
  struct tinet__system_job job; /* first */
  struct tinet__list link;      /* of those at work, or waiting; or dropped */
  struct tinet__system *system;
  char domain[TINET__DOMAIN_ROOM];      /* of the service's records */
  struct tinet__object *asked[N_ASKED]; /* owned */
  int interface;
  struct data srv_data, txt_data; /* those that count */
  struct tinet__srv srv;
  uint32_t interface_index; /* where srv was heard */
  tinet_endpoint addresses[ADDRESSES_MAX];
  size_t n_addresses;
  bool is_at_work, is_dead;
  const struct tinet__resolve_sink *sink;
  void *arg; /* of sink */
};

/* A record that comes or goes. */
struct record {
  unsigned type;
  uint32_t interface_index;
  const void *data; /* borrowed */
  size_t len;
};

static void drop_data(struct data *d)
{
  tinet__free(d->bytes);
  *d = (struct data){0};
}

static bool is_data(const struct data *d, const struct record *r)
{
  return d->bytes && d->len == r->len && memcmp(d->bytes, r->data, r->len) == 0;
}

/* Without memory it stays as if it had not been heard. */
static bool keep_data(struct data *d, const struct record *r)
{
  unsigned char *bytes = tinet__memdup(r->data, r->len);

  if (!bytes)
    return false;
  drop_data(d);
  *d = (struct data){bytes, r->len};
  return true;
}

static void stop_asking(struct resolve_job *r, int which)
{
  tinet__object_end(TINET_TAKE(r->asked[which]));
}

static void tell(struct resolve_job *r)
{
  tinet_slice strings[STRINGS_MAX];
  const struct data *txt = &r->txt_data;
  const struct tinet__resolve_found found = {
      .host = r->srv_data.bytes ? r->srv.host : NULL,
      .port = r->srv_data.bytes ? r->srv.port : 0,
      .endpoints = r->addresses,
      .n_endpoints = r->n_addresses,
      .txt = strings,
      .n_txt = tinet__txt_parse(txt->bytes, txt->len, strings, STRINGS_MAX),
      .has_txt = txt->bytes != NULL,
      .interface_index = r->interface_index,
  };

  r->sink->on_found(r->arg, &found);
}

/* ---- asking ---- */

static int ask(struct resolve_job *r, int which, const char *name);

/* The host has changed.  One that cannot be asked for has no addresses: a
 * stranger chose it, and a timeout ends the waiting. */
static void ask_host(struct resolve_job *r)
{
  stop_asking(r, ASK_A);
  stop_asking(r, ASK_AAAA);
  r->n_addresses = 0;
  if (r->srv_data.bytes && ask(r, ASK_A, r->srv.host) == TINET_OK)
    (void)ask(r, ASK_AAAA, r->srv.host);
}

/* ---- what comes ---- */

static void on_srv(struct resolve_job *r, bool is_new, const struct record *rec)
{
  struct tinet__srv srv;

  if (is_new && !r->srv_data.bytes && rec->len <= SRV_DATA_MAX &&
      tinet__srv_parse(rec->data, rec->len, &srv) &&
      keep_data(&r->srv_data, rec)) {
    r->srv = srv;
    r->interface_index = rec->interface_index;
    ask_host(r);
  } else if (!is_new && is_data(&r->srv_data, rec) &&
             r->interface_index == rec->interface_index) {
    drop_data(&r->srv_data);
    ask_host(r);
  }
}

static void on_txt(struct resolve_job *r, bool is_new, const struct record *rec)
{
  if (is_new && rec->len <= TXT_DATA_MAX)
    (void)keep_data(&r->txt_data, rec);
  else if (!is_new && is_data(&r->txt_data, rec))
    drop_data(&r->txt_data);
}

static void on_address(struct resolve_job *r, bool is_new,
                       const struct record *rec)
{
  tinet_endpoint e = {.interface_index = rec->interface_index};
  size_t len = rec->type == TINET__TYPE_A ? 4 : 16;

  if (rec->len != len)
    return;
  e.family = rec->type == TINET__TYPE_A ? TINET_FAMILY_IPV4 : TINET_FAMILY_IPV6;
  memcpy(e.address, rec->data, len);
  if (is_new)
    r->n_addresses =
        tinet__endpoints_add(r->addresses, r->n_addresses, ADDRESSES_MAX, &e);
  else
    r->n_addresses = tinet__endpoints_remove(r->addresses, r->n_addresses, &e);
}

static void on_record(struct resolve_job *r, bool is_new, sd_bus_message *m)
{
  struct record rec = {0};
  const char *name;
  uint16_t class, type;
  int interface, protocol;

  if (sd_bus_message_read(m, "iisqq", &interface, &protocol, &name, &class,
                          &type) < 0 ||
      sd_bus_message_read_array(m, 'y', &rec.data, &rec.len) < 0 ||
      rec.len == 0)
    return; /* not of this interface, or no record */
  rec.type = type;
  rec.interface_index = interface > 0 ? (uint32_t)interface : 0;
  if (type == TINET__TYPE_SRV)
    on_srv(r, is_new, &rec);
  else if (type == TINET__TYPE_TXT)
    on_txt(r, is_new, &rec);
  else if (type == TINET__TYPE_A || type == TINET__TYPE_AAAA)
    on_address(r, is_new, &rec);
  tell(r);
}

/* Several objects may fail; the front is told once. */
static void on_error(void *arg, const tinet_error *err)
{
  struct resolve_job *r = arg;

  if (r->is_dead)
    return;
  r->is_dead = true;
  r->sink->on_failure(r->arg, err);
}

static void on_failure(struct resolve_job *r, sd_bus_message *m)
{
  const char *name = NULL;
  tinet_error err;

  if (sd_bus_message_read(m, "s", &name) < 0)
    return;
  (void)tinet__sdbus_error(&err, "resolve", name, NULL);
  on_error(r, &err);
}

static void on_signal(void *arg, const char *member, sd_bus_message *m)
{
  struct resolve_job *r = arg;

  if (r->is_dead)
    return;
  if (strcmp(member, "ItemNew") == 0)
    on_record(r, true, m);
  else if (strcmp(member, "ItemRemove") == 0)
    on_record(r, false, m);
  else if (strcmp(member, "Failure") == 0)
    on_failure(r, m);
}

/* A host name that the daemon does not take. */
static void on_host_error(void *arg, const tinet_error *err)
{
  if (err->code != TINET_EINVAL)
    on_error(arg, err);
}

static const struct tinet__object_kind kind = {
    "resolve", TINET__AVAHI ".RecordBrowser", true};
static const struct tinet__object_events of_service = {NULL, on_signal,
                                                       on_error};
static const struct tinet__object_events of_host = {NULL, on_signal,
                                                    on_host_error};

/* ---- jobs ---- */

static int ask(struct resolve_job *r, int which, const char *name)
{
  sd_bus_message *call = NULL;
  int result = tinet__system_call(r->system, NULL, TINET__AVAHI ".Server2",
                                  "RecordBrowserPrepare", &call);

  if (result >= 0)
    result = sd_bus_message_append(call, "iisqqu", r->interface,
                                   TINET__AVAHI_UNSPEC, name, CLASS_IN,
                                   types[which], TINET__AVAHI_MULTICAST);
  if (result < 0)
    call = sd_bus_message_unref(call);
  return tinet__object_new(r->system, call, &kind,
                           which < ASK_A ? &of_service : &of_host, r,
                           &r->asked[which]);
}

static int begin(struct resolve_job *r)
{
  int result = ask(r, ASK_SRV, r->domain);

  if (result == TINET_OK)
    result = ask(r, ASK_TXT, r->domain);
  if (result < 0)
    return result;
  r->is_at_work = true;
  r->system->n_resolving++;
  tinet__list_append(&r->system->resolving, &r->link);
  return TINET_OK;
}

/* Those that have waited longest. */
static void begin_waiting(struct tinet__system *s)
{
  while (!tinet__list_is_empty(&s->waiting) && s->n_resolving < AT_WORK_MAX) {
    struct resolve_job *r =
        TINET__CONTAINER(s->waiting.next, struct resolve_job, link);
    tinet_error err;

    tinet__list_remove(&r->link);
    if (begin(r) == TINET_OK)
      continue;
    (void)tinet__sdbus_errno(&err, kind.what, -ENOMEM);
    on_error(r, &err);
  }
}

static void end_job(struct tinet__bonjour_job *job)
{
  struct resolve_job *r = (struct resolve_job *)job;
  struct tinet__system *s = r->system;

  for (int i = 0; i < N_ASKED; i++)
    stop_asking(r, i);
  if (tinet__list_is_linked(&r->link) && r->is_at_work)
    s->n_resolving--;
  tinet__list_remove(&r->link);
  drop_data(&r->srv_data);
  drop_data(&r->txt_data);
  tinet__free(r);
  begin_waiting(s);
}

static void drop(struct tinet__list *jobs)
{
  while (!tinet__list_is_empty(jobs)) {
    struct resolve_job *r =
        TINET__CONTAINER(jobs->next, struct resolve_job, link);

    r->is_dead = true;
    tinet__list_remove(&r->link);
  }
}

void tinet__resolving_drop(struct tinet__system *s)
{
  drop(&s->resolving);
  drop(&s->waiting);
  s->n_resolving = 0;
}

int tinet__system_resolve(struct tinet__bonjour_backend *backend,
                          const struct tinet__resolve_request *request,
                          const struct tinet__resolve_sink *sink, void *arg,
                          struct tinet__bonjour_job **ret_job, tinet_error *err)
{
  struct resolve_job *r = tinet__zalloc(sizeof *r);
  struct tinet__system *s = (struct tinet__system *)backend;
  int result;

  (void)err; /* the code says all */
  if (!r)
    return TINET_ENOMEM;
  r->job = (struct tinet__system_job){{backend}, end_job};
  r->system = s;
  r->interface = tinet__system_interface(request->interface_index);
  r->sink = sink;
  r->arg = arg;
  tinet__service_domain(request->name, request->type, r->domain);
  result = TINET_OK;
  if (s->n_resolving < AT_WORK_MAX)
    result = begin(r);
  else
    tinet__list_append(&s->waiting, &r->link);
  if (result < 0) {
    end_job(&r->job.base);
    return result;
  }
  *ret_job = &r->job.base;
  return TINET_OK;
}
