/* avahi_resolve.c - a service's SRV and TXT records, and its host's addresses.
 *
 * avahi-core's own resolver settles for one address, and for the interface that
 * answered first, and gives up after five seconds.  So the records are asked
 * for one by one: SRV and TXT, and as soon as the host is known A and AAAA, on
 * every interface, for as long as it takes.
 *
 * 1. A host in an SRV record is noted; the first counts until it is withdrawn.
 * 2. A turn of its own asks for that host's addresses.
 * 3. Whatever changes is told, complete or not.
 */
#include "avahi_private.h"
#include "endpoints.h"

#include <avahi-common/domain.h>
#include <avahi-common/strlst.h>
#include <string.h>

#define ADDRESSES_MAX 16 /* of one host; more are not tried anyway */
#define STRINGS_MAX 256  /* of one TXT record */

enum { ASK_SRV, ASK_TXT, ASK_A, ASK_AAAA, N_ASKED };

struct resolve_job {
  struct tinet__embedded_job job; /* first */
  struct tinet__embedded *embedded;
  AvahiSRecordBrowser *asked[N_ASKED]; /* owned */
  AvahiIfIndex interface;
  struct tinet__deferred soon; /* ask for addresses */
  AvahiRecord *srv;            /* a reference; the one that counts */
  AvahiRecord *txt;            /* a reference */
  uint32_t interface_index;    /* where srv was heard */
  tinet_endpoint addresses[ADDRESSES_MAX];
  size_t n_addresses;
  const struct tinet__resolve_sink *sink;
  void *arg; /* of sink */
};

static void stop_asking(struct resolve_job *r, int which)
{
  AvahiSRecordBrowser *browser = TINET_TAKE(r->asked[which]);

  if (browser)
    avahi_s_record_browser_free(browser);
}

static void set_record(AvahiRecord **at, AvahiRecord *record)
{
  if (record)
    (void)avahi_record_ref(record);
  if (*at)
    avahi_record_unref(*at);
  *at = record;
}

static void end_job(struct tinet__bonjour_job *job)
{
  struct resolve_job *r = (struct resolve_job *)job;

  tinet__defer_cancel(r->embedded->loop, &r->soon);
  for (int i = 0; i < N_ASKED; i++)
    stop_asking(r, i);
  set_record(&r->srv, NULL);
  set_record(&r->txt, NULL);
  tinet__free(r);
}

/* ---- telling ---- */

/* avahi's list begins with the last string. */
static size_t strings_of(const AvahiRecord *txt, tinet_slice list[STRINGS_MAX])
{
  const AvahiStringList *l = txt ? txt->data.txt.string_list : NULL;
  size_t n = 0;

  for (; l && n < STRINGS_MAX; l = l->next)
    if (l->size > 0) /* the one empty string of a record without any */
      list[n++] = (tinet_slice){l->text, l->size};
  for (size_t i = 0; i < n / 2; i++) {
    tinet_slice other = list[i];

    list[i] = list[n - 1 - i];
    list[n - 1 - i] = other;
  }
  return n;
}

static void tell(struct resolve_job *r)
{
  tinet_slice strings[STRINGS_MAX];
  const struct tinet__resolve_found found = {
      .host = r->srv ? r->srv->data.srv.name : NULL,
      .port = r->srv ? r->srv->data.srv.port : 0,
      .endpoints = r->addresses,
      .n_endpoints = r->n_addresses,
      .txt = strings,
      .n_txt = strings_of(r->txt, strings),
      .has_txt = r->txt != NULL,
      .interface_index = r->interface_index,
  };

  r->sink->on_found(r->arg, &found);
}

/* ---- what comes ---- */

static void on_soon(void *arg);

static void ask_host_soon(struct resolve_job *r)
{
  r->n_addresses = 0;
  tinet__defer(r->embedded->loop, &r->soon, on_soon, r);
}

static void on_srv(struct resolve_job *r, AvahiBrowserEvent event,
                   AvahiIfIndex interface, AvahiRecord *record)
{
  if (event == AVAHI_BROWSER_NEW && !r->srv) {
    set_record(&r->srv, record);
    r->interface_index = interface > 0 ? (uint32_t)interface : 0;
    ask_host_soon(r);
  } else if (event == AVAHI_BROWSER_REMOVE && r->srv &&
             avahi_record_equal_no_ttl(record, r->srv) &&
             r->interface_index == (uint32_t)interface) {
    set_record(&r->srv, NULL);
    ask_host_soon(r);
  }
}

static void on_txt(struct resolve_job *r, AvahiBrowserEvent event,
                   AvahiRecord *record)
{
  if (event == AVAHI_BROWSER_NEW)
    set_record(&r->txt, record);
  else if (r->txt && avahi_record_equal_no_ttl(record, r->txt))
    set_record(&r->txt, NULL);
}

static tinet_endpoint endpoint_of(const AvahiRecord *record,
                                  AvahiIfIndex interface)
{
  tinet_endpoint e = {.interface_index =
                          interface > 0 ? (uint32_t)interface : 0};

  if (record->key->type == AVAHI_DNS_TYPE_A) {
    e.family = TINET_FAMILY_IPV4;
    memcpy(e.address, &record->data.a.address, 4);
  } else {
    e.family = TINET_FAMILY_IPV6;
    memcpy(e.address, &record->data.aaaa.address, 16);
  }
  return e;
}

static void on_address(struct resolve_job *r, AvahiBrowserEvent event,
                       AvahiIfIndex interface, const AvahiRecord *record)
{
  tinet_endpoint e = endpoint_of(record, interface);

  if (event == AVAHI_BROWSER_NEW)
    r->n_addresses =
        tinet__endpoints_add(r->addresses, r->n_addresses, ADDRESSES_MAX, &e);
  else
    r->n_addresses = tinet__endpoints_remove(r->addresses, r->n_addresses, &e);
}

/* NOLINTNEXTLINE(readability-function-size): avahi-core's signature */
static void on_record(AvahiSRecordBrowser *browser, AvahiIfIndex interface,
                      AvahiProtocol protocol, AvahiBrowserEvent event,
                      AvahiRecord *record, AvahiLookupResultFlags flags,
                      void *arg)
{
  struct resolve_job *r = arg;
  tinet_error err;

  (void)browser;
  (void)protocol;
  (void)flags;
  if (event == AVAHI_BROWSER_FAILURE) {
    (void)tinet__avahi_failed(r->embedded, &err, "resolve");
    r->sink->on_failure(r->arg, &err);
    return;
  }
  if (event != AVAHI_BROWSER_NEW && event != AVAHI_BROWSER_REMOVE)
    return;
  if (record->key->type == AVAHI_DNS_TYPE_SRV)
    on_srv(r, event, interface, record);
  else if (record->key->type == AVAHI_DNS_TYPE_TXT)
    on_txt(r, event, record);
  else if (record->key->type == AVAHI_DNS_TYPE_A ||
           record->key->type == AVAHI_DNS_TYPE_AAAA)
    on_address(r, event, interface, record);
  tell(r);
}

/* ---- asking ---- */

static const uint16_t types[N_ASKED] = {AVAHI_DNS_TYPE_SRV, AVAHI_DNS_TYPE_TXT,
                                        AVAHI_DNS_TYPE_A, AVAHI_DNS_TYPE_AAAA};

static int ask(struct resolve_job *r, int which, const char *name,
               tinet_error *err)
{
  AvahiKey *key = avahi_key_new(name, AVAHI_DNS_CLASS_IN, types[which]);

  if (!key)
    return TINET_ENOMEM;
  r->asked[which] = avahi_s_record_browser_new(
      r->embedded->server, r->interface, AVAHI_PROTO_UNSPEC, key,
      AVAHI_LOOKUP_USE_MULTICAST, on_record, r);
  avahi_key_unref(key);
  return r->asked[which] ? TINET_OK
                         : tinet__avahi_failed(r->embedded, err, "resolve");
}

/* The host has changed.  A host that cannot be asked for has no addresses: a
 * stranger chose it, and a timeout ends the waiting. */
static void on_soon(void *arg)
{
  struct resolve_job *r = arg;
  char host[AVAHI_DOMAIN_NAME_MAX];

  stop_asking(r, ASK_A);
  stop_asking(r, ASK_AAAA);
  r->n_addresses = 0;
  if (!r->srv || strlen(r->srv->data.srv.name) >= sizeof host)
    return;
  /* Answers may come from inside and change the record. */
  memcpy(host, r->srv->data.srv.name, strlen(r->srv->data.srv.name) + 1);
  if (avahi_is_valid_domain_name(host) && ask(r, ASK_A, host, NULL) == TINET_OK)
    (void)ask(r, ASK_AAAA, host, NULL);
}

int tinet__avahi_resolve(struct tinet__bonjour_backend *backend,
                         const struct tinet__resolve_request *request,
                         const struct tinet__resolve_sink *sink, void *arg,
                         struct tinet__bonjour_job **ret_job, tinet_error *err)
{
  struct tinet__embedded *e = (struct tinet__embedded *)backend;
  struct resolve_job *r;
  char name[AVAHI_DOMAIN_NAME_MAX];
  int result = avahi_service_name_join(name, sizeof name, request->name,
                                       request->type, "local");

  if (result < 0)
    return tinet__avahi_error(err, result, "resolve");
  r = tinet__zalloc(sizeof *r);
  if (!r)
    return TINET_ENOMEM;
  r->job = (struct tinet__embedded_job){{backend}, end_job};
  r->embedded = e;
  r->interface = tinet__avahi_interface(request->interface_index);
  r->sink = sink;
  r->arg = arg;
  result = ask(r, ASK_SRV, name, err);
  if (result == TINET_OK)
    result = ask(r, ASK_TXT, name, err);
  if (result < 0) {
    end_job(&r->job.base);
    return result;
  }
  *ret_job = &r->job.base;
  return TINET_OK;
}
