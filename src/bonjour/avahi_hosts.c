/* avahi_hosts.c - the A and AAAA records of this machine.
 *
 * avahi-core would announce them itself, but with reverse records that make two
 * stacks on one machine collide for ever.  Ours have none.  Each address has an
 * entry group of its own, on its own interface, so that one can come or go
 * without the others being withdrawn.
 *
 * Which addresses there are is read with getifaddrs() whenever avahi-core's own
 * netlink socket has had something to read: it listens to links and addresses
 * anyway, so neither a second listener nor a timer is needed.
 *
 * They are announced only while something is published.
 */
#include "avahi_private.h"

#include "../core/str.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define ADDRESSES_MAX 64
#define RENAMES_MAX 10 /* then services fail: somebody plays games */
#define NUMBERED_MAX 3 /* "box-2" ... "box-4", then "box-5f3a" */
#define LABEL_BASE_MAX 56

struct address {
  struct tinet__list link;
  struct tinet__embedded *embedded;
  AvahiSEntryGroup *group; /* owned */
  AvahiIfIndex interface;
  AvahiAddress value;
  bool is_established, is_there;
};

/* One address of the machine, as getifaddrs() has it. */
struct found {
  AvahiIfIndex interface;
  AvahiAddress value;
  bool is_global, is_loopback;
};

/* ---- the name ---- */

static void set_label(struct tinet__embedded *e, const char *label)
{
  (void)snprintf(e->label, sizeof e->label, "%s", label);
  (void)snprintf(e->fqdn, sizeof e->fqdn, "%s.local", e->label);
}

/* A host's name may hold what a label may not. */
static void clean_label(char *label)
{
  size_t n = 0;

  for (const char *at = label; *at && *at != '.'; at++) {
    bool is_good = tinet__is_alpha(*at) || tinet__is_digit(*at);

    if (is_good || (n > 0 && label[n - 1] != '-'))
      label[n++] = is_good ? *at : '-';
  }
  while (n > 0 && label[n - 1] == '-')
    n--;
  label[n] = '\0';
}

void tinet__hosts_init(struct tinet__embedded *e, const char *label)
{
  char name[sizeof e->label] = "";

  if (label) {
    set_label(e, label);
    return;
  }
  (void)gethostname(name, sizeof name - 1); /* too long: the beginning of it */
  clean_label(name);
  set_label(e, *name ? name : "linux");
}

/* The next one to try: the base is what stood before the first collision. */
static void rename_host(struct tinet__embedded *e)
{
  char base[LABEL_BASE_MAX + 1], label[sizeof e->label];
  uint16_t n = (uint16_t)e->n_renames;
  size_t len;

  (void)snprintf(base, sizeof base, "%.*s", LABEL_BASE_MAX, e->label);
  len = strlen(base);
  if (e->n_renames > 0 && strrchr(base, '-'))
    *strrchr(base, '-') = '\0';
  else if (len > 0 && base[len - 1] == '-')
    base[len - 1] = '\0'; /* cut there */
  e->n_renames++;
  if (e->n_renames <= NUMBERED_MAX) {
    (void)snprintf(label, sizeof label, "%s-%u", base, e->n_renames + 1);
  } else {
    (void)!getrandom(&n, sizeof n, GRND_NONBLOCK); /* else the count */
    (void)snprintf(label, sizeof label, "%s-%04x", base, (unsigned)n);
  }
  set_label(e, label);
}

/* ---- what the machine has ---- */

static bool read_address(const struct ifaddrs *ifa, struct found *ret)
{
  const struct sockaddr *sa = ifa->ifa_addr;

  memset(ret, 0, sizeof *ret);
  if (!sa || !(ifa->ifa_flags & IFF_UP))
    return false;
  ret->is_loopback = (ifa->ifa_flags & IFF_LOOPBACK) != 0;
  ret->interface = (AvahiIfIndex)if_nametoindex(ifa->ifa_name);
  if (sa->sa_family == AF_INET) {
    const struct sockaddr_in *in = (const void *)sa;
    uint32_t host = ntohl(in->sin_addr.s_addr);

    ret->value.proto = AVAHI_PROTO_INET;
    ret->value.data.ipv4.address = in->sin_addr.s_addr;
    ret->is_global = !ret->is_loopback && host >> 16 != 0xa9fe;
  } else if (sa->sa_family == AF_INET6) {
    const struct sockaddr_in6 *in6 = (const void *)sa;

    ret->value.proto = AVAHI_PROTO_INET6;
    memcpy(ret->value.data.ipv6.address, &in6->sin6_addr, 16);
    ret->is_global = !IN6_IS_ADDR_LINKLOCAL(&in6->sin6_addr);
    if (ret->is_loopback)
      return false; /* no multicast over IPv6 there */
  } else {
    return false;
  }
  return ret->interface > 0;
}

static size_t read_addresses(struct found list[ADDRESSES_MAX])
{
  struct ifaddrs *all = NULL;
  size_t n = 0;

  if (getifaddrs(&all) != 0)
    return 0;
  for (struct ifaddrs *ifa = all; ifa && n < ADDRESSES_MAX; ifa = ifa->ifa_next)
    n += read_address(ifa, &list[n]);
  freeifaddrs(all);
  return n;
}

/* As avahi-daemon chooses, so that both agree where both run: link-local and
 * loopback addresses only where the interface has no other. */
static bool is_relevant(const struct found *list, size_t n,
                        const struct found *one)
{
  if (one->is_global)
    return true;
  for (size_t i = 0; i < n; i++)
    if (list[i].interface == one->interface && list[i].is_global)
      return false;
  return true;
}

/* ---- announcing ---- */

static bool is_equal(const AvahiAddress *a, const AvahiAddress *b)
{
  if (a->proto != b->proto)
    return false;
  if (a->proto == AVAHI_PROTO_INET)
    return a->data.ipv4.address == b->data.ipv4.address;
  return memcmp(a->data.ipv6.address, b->data.ipv6.address, 16) == 0;
}

static struct address *address_of(struct tinet__list *l)
{
  return TINET__CONTAINER(l, struct address, link);
}

static void free_address(struct address *a)
{
  tinet__list_remove(&a->link);
  if (a->group)
    avahi_s_entry_group_free(a->group);
  tinet__free(a);
}

static void on_group(AvahiServer *server, AvahiSEntryGroup *group,
                     AvahiEntryGroupState state, void *arg)
{
  struct address *a = arg;

  (void)server;
  (void)group;
  a->is_established = state == AVAHI_ENTRY_GROUP_ESTABLISHED;
  if (state == AVAHI_ENTRY_GROUP_COLLISION)
    a->embedded->has_collided = true;
  if (a->is_established || state == AVAHI_ENTRY_GROUP_COLLISION)
    tinet__hosts_look_soon(a->embedded);
}

/* A failure leaves the address out: others may work. */
static void add_address(struct tinet__embedded *e, const struct found *found)
{
  struct address *a = tinet__zalloc(sizeof *a);

  if (!a)
    return;
  a->embedded = e;
  a->interface = found->interface;
  a->value = found->value;
  a->is_there = true;
  tinet__list_append(&e->addresses, &a->link);
  a->group = avahi_s_entry_group_new(e->server, on_group, a);
  if (!a->group ||
      avahi_server_add_address(e->server, a->group, a->interface,
                               AVAHI_PROTO_UNSPEC, AVAHI_PUBLISH_NO_REVERSE,
                               e->fqdn, &a->value) < 0 ||
      avahi_s_entry_group_commit(a->group) < 0)
    free_address(a);
}

static struct address *find_address(struct tinet__embedded *e,
                                    const struct found *found)
{
  struct tinet__list *l = e->addresses.next;

  for (; l != &e->addresses; l = l->next)
    if (address_of(l)->interface == found->interface &&
        is_equal(&address_of(l)->value, &found->value))
      return address_of(l);
  return NULL;
}

/* Withdraws those that are no longer there, or all. */
static void withdraw(struct tinet__embedded *e, bool all)
{
  struct tinet__list *l = e->addresses.next, *next;

  for (; l != &e->addresses; l = next) {
    next = l->next;
    if (all || !address_of(l)->is_there)
      free_address(address_of(l));
  }
}

static void compare(struct tinet__embedded *e)
{
  struct found list[ADDRESSES_MAX];
  size_t n = read_addresses(list);

  for (struct tinet__list *l = e->addresses.next; l != &e->addresses;
       l = l->next)
    address_of(l)->is_there = false;
  for (size_t i = 0; i < n; i++) {
    struct address *a = find_address(e, &list[i]);

    if (!is_relevant(list, n, &list[i]))
      continue;
    if (a)
      a->is_there = true;
    else
      add_address(e, &list[i]);
  }
  withdraw(e, false);
}

/* ---- turns ---- */

static void give_up(struct tinet__embedded *e)
{
  tinet_error err;

  (void)tinet__bonjour_error(&err, TINET_ECOLLISION, TINET_BONJOUR_COLLISION,
                             "the host's name %s is taken", e->label);
  withdraw(e, true);
  tinet__published_fail(e, &err);
}

void tinet__hosts_look(struct tinet__embedded *e)
{
  if (tinet__list_is_empty(&e->published)) {
    withdraw(e, true);
    e->n_renames = 0;
    e->has_collided = false;
    return;
  }
  if (e->has_collided) {
    e->has_collided = false;
    if (e->n_renames >= RENAMES_MAX) {
      give_up(e);
      return;
    }
    withdraw(e, true);
    rename_host(e);
    tinet__published_move(e);
  }
  compare(e);
  tinet__published_update(e);
}

static void on_soon(void *arg)
{
  tinet__hosts_look(arg);
}

void tinet__hosts_look_soon(void *embedded)
{
  struct tinet__embedded *e = embedded;

  tinet__defer(e->loop, &e->soon, on_soon, e);
}

bool tinet__hosts_is_established(struct tinet__embedded *e)
{
  struct tinet__list *l = e->addresses.next;

  for (; l != &e->addresses; l = l->next)
    if (!address_of(l)->is_established)
      return false;
  return true;
}

void tinet__hosts_close(struct tinet__embedded *e)
{
  tinet__defer_cancel(e->loop, &e->soon);
  withdraw(e, true);
}
