/* avahi_embedded.c - the embedded back end: an mDNS stack in this process.
 *
 * avahi-core without the parts that fight with other stacks on the machine: it
 * publishes no host records of its own (avahi_hosts.c does) and asks no
 * wide-area servers.  One server for all jobs; it is made with the back end and
 * freed with it, which sends the goodbyes.
 */
#include "avahi_private.h"

#include "../core/error.h"

#include <avahi-common/error.h>
#include <avahi-core/log.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

/* Of one interface and protocol; bounds what strangers can make us keep. */
#define CACHE_ENTRIES_MAX 4096u

/* ---- errors ---- */

/* As GNUstep maps them, the one published precedent. */
static int number_of(int number)
{
  if (number <= AVAHI_ERR_INVALID_RECORD && number >= AVAHI_ERR_INVALID_ADDRESS)
    return TINET_BONJOUR_BAD_ARGUMENT;
  switch (number) {
  case AVAHI_ERR_BAD_STATE:
  case AVAHI_ERR_INVALID_HOST_NAME:
  case AVAHI_ERR_INVALID_DOMAIN_NAME:
  case AVAHI_ERR_INVALID_TTL:
  case AVAHI_ERR_IS_PATTERN:
  case AVAHI_ERR_INVALID_FLAGS:
  case AVAHI_ERR_INVALID_SERVICE_SUBTYPE:
    return TINET_BONJOUR_BAD_ARGUMENT;
  case AVAHI_ERR_COLLISION:
    return TINET_BONJOUR_COLLISION;
  case AVAHI_ERR_NOT_FOUND:
    return TINET_BONJOUR_NOT_FOUND;
  case AVAHI_ERR_INVALID_OPERATION:
  case AVAHI_ERR_INVALID_OBJECT:
  case AVAHI_ERR_VERSION_MISMATCH:
    return TINET_BONJOUR_INVALID;
  default:
    return TINET_BONJOUR_UNKNOWN;
  }
}

static int code_of(int number)
{
  if (number == AVAHI_ERR_NO_MEMORY)
    return TINET_ENOMEM;
  switch (number_of(number)) {
  case TINET_BONJOUR_BAD_ARGUMENT:
    return TINET_EINVAL;
  case TINET_BONJOUR_COLLISION:
    return TINET_ECOLLISION;
  case TINET_BONJOUR_NOT_FOUND:
    return TINET_ENOTFOUND;
  default:
    return TINET_ESYSTEM;
  }
}

int tinet__avahi_error(tinet_error *err, int number, const char *what)
{
  return tinet__bonjour_error(err, code_of(number), number_of(number), "%s: %s",
                              what, avahi_strerror(number));
}

int tinet__avahi_failed(const struct tinet__embedded *e, tinet_error *err,
                        const char *what)
{
  return tinet__avahi_error(err, avahi_server_errno(e->server), what);
}

AvahiIfIndex tinet__avahi_interface(uint32_t interface_index)
{
  return interface_index > 0 && interface_index <= INT32_MAX
             ? (AvahiIfIndex)interface_index
             : AVAHI_IF_UNSPEC;
}

/* ---- the server ---- */

static void say_nothing(AvahiLogLevel level, const char *text)
{
  (void)level;
  (void)text; /* it would go to stderr */
}

static void on_state(AvahiServer *server, AvahiServerState state, void *arg)
{
  struct tinet__embedded *e = arg;
  tinet_error err;

  if (state != AVAHI_SERVER_FAILURE)
    return; /* without records of the host's it is running from the start */
  (void)tinet__avahi_error(&err, avahi_server_errno(server), "mDNS");
  e->events->on_absent(&err, e->arg);
}

/* avahi-core takes its random waits from rand(), which nobody may have seeded:
 * then all machines would wait for the same time, each time, and get into each
 * other's way.  rfc: 6762 8.1 */
static void seed_waits(void)
{
  unsigned seed = (unsigned)tinet__clock_us() ^ (unsigned)getpid();

  (void)!getrandom(&seed, sizeof seed, GRND_NONBLOCK); /* else the clock */
  srand(seed);
}

static int make_server(struct tinet__embedded *e, tinet_error *err)
{
  static pthread_once_t is_seeded = PTHREAD_ONCE_INIT;
  AvahiServerConfig config;
  int number = 0;

  (void)pthread_once(&is_seeded, seed_waits);

  /* Global to the process, and the default writes to stderr. */
  avahi_set_log_function(say_nothing);
  (void)avahi_server_config_init(&config);
  config.publish_addresses = 0;
  config.publish_hinfo = 0;
  config.publish_workstation = 0;
  config.publish_domain = 0;
  config.enable_wide_area = 0;
  config.n_cache_entries_max = CACHE_ENTRIES_MAX;
  config.host_name = e->label; /* borrowed; the server makes its own copy */
  e->server = avahi_server_new(&e->poll.api, &config, on_state, e, &number);
  config.host_name = NULL;
  avahi_server_config_free(&config);
  if (e->server && e->poll.is_incomplete)
    return TINET_ENOMEM; /* it would be deaf */
  return e->server ? TINET_OK : tinet__avahi_error(err, number, "mDNS");
}

static void close_embedded(struct tinet__bonjour_backend *backend)
{
  struct tinet__embedded *e = (struct tinet__embedded *)backend;

  if (!e)
    return;
  tinet__hosts_close(e);
  if (e->server)
    avahi_server_free(e->server);
  tinet__avahi_poll_close(&e->poll);
  tinet__free(e);
}

static void close_embeddedp(struct tinet__embedded **e)
{
  close_embedded((struct tinet__bonjour_backend *)*e);
}

static int open_embedded(const struct tinet__bonjour_setup *setup,
                         struct tinet__bonjour_backend **ret_backend,
                         tinet_error *err)
{
  TINET_CLEANUP(close_embeddedp)
  struct tinet__embedded *e = tinet__zalloc(sizeof *e);
  int result;

  if (!e)
    return tinet__error_set(err, TINET_ENOMEM, TINET_ORIGIN_TINET, 0, NULL);
  e->base.ops = &tinet__bonjour_embedded;
  e->loop = setup->loop;
  e->events = setup->events;
  e->arg = setup->arg;
  tinet__list_init(&e->published);
  tinet__list_init(&e->addresses);
  tinet__hosts_init(e, setup->host_name);
  result = tinet__avahi_poll_open(&e->poll, e->loop, tinet__hosts_look_soon, e);
  if (result == TINET_OK)
    result = make_server(e, err);
  if (result < 0)
    return result;
  *ret_backend = &TINET_TAKE(e)->base;
  setup->events->on_ready(setup->arg);
  return TINET_OK;
}

static void end_job(struct tinet__bonjour_job *job)
{
  ((struct tinet__embedded_job *)job)->end(job);
}

const struct tinet__bonjour_ops tinet__bonjour_embedded = {
    .name = "embedded",
    .open = open_embedded,
    .close = close_embedded,
    .browse = tinet__avahi_browse,
    .publish = tinet__avahi_publish,
    .resolve = tinet__avahi_resolve,
    .set_txt = tinet__avahi_set_txt,
    .end = end_job,
};
