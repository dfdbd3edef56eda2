/* probe.c - the matrix of handshakes with a server. */
#include "policy.h"
#include "probe.h"

#include "../core/alloc.h"
#include "../core/buf.h"
#include "../core/error.h"
#include "../core/loop.h"
#include "../core/str.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_TIMEOUT_MS 10000
#define TLS_1_0 0x0301u
#define TLS_1_1 0x0302u
#define TLS_1_2 0x0303u
#define TLS_1_3 0x0304u

/* The suites of an offer, up to TLS 1.2. */
enum ciphers {
  CIPHERS_NONE,  /* none matter */
  CIPHERS_ATS,   /* those of the profile */
  CIPHERS_RSA,   /* what it takes without forward secrecy */
  CIPHERS_OTHER, /* neither */
  CIPHERS_ALL,
  CIPHERS_NIAP,
  N_CIPHERS
};

/* "aNULL" has no certificate to judge, "eNULL" no encryption. */
#define ALL_CIPHERS "ALL:!aNULL:!eNULL:!PSK:!SRP"

static const struct {
  unsigned min, max;
  enum ciphers ciphers;
  bool is_for_all;
} offers[TINET_ATS_N_PROBES] = {
    [TINET_ATS_PROBE_ATS] = {TLS_1_2, TLS_1_3, CIPHERS_ATS, false},
    [TINET_ATS_PROBE_TLS13] = {TLS_1_3, TLS_1_3, CIPHERS_NONE, false},
    [TINET_ATS_PROBE_TLS12] = {TLS_1_2, TLS_1_2, CIPHERS_ATS, false},
    [TINET_ATS_PROBE_TLS12_RSA] = {TLS_1_2, TLS_1_2, CIPHERS_RSA, false},
    [TINET_ATS_PROBE_TLS12_OTHER] = {TLS_1_2, TLS_1_2, CIPHERS_OTHER, true},
    [TINET_ATS_PROBE_TLS11] = {TLS_1_1, TLS_1_1, CIPHERS_ATS, false},
    [TINET_ATS_PROBE_TLS11_RSA] = {TLS_1_1, TLS_1_1, CIPHERS_RSA, false},
    [TINET_ATS_PROBE_TLS10] = {TLS_1_0, TLS_1_0, CIPHERS_ATS, false},
    [TINET_ATS_PROBE_TLS10_RSA] = {TLS_1_0, TLS_1_0, CIPHERS_RSA, false},
    [TINET_ATS_PROBE_ANY] = {TLS_1_0, TLS_1_3, CIPHERS_ALL, true},
    [TINET_ATS_PROBE_NIAP] = {TLS_1_2, TLS_1_2, CIPHERS_NIAP, false},
};

static const char *const names[] = {
#define NAME(name, label, title) label,
    TINET_ATS_PROBE_TABLE(NAME)
#undef NAME
};
static const char *const titles[] = {
#define TITLE(name, label, title) title,
    TINET_ATS_PROBE_TABLE(TITLE)
#undef TITLE
};

const char *tinet_ats_probe_name(tinet_ats_probe_kind kind)
{
  return names[kind];
}

const char *tinet_ats_probe_title(tinet_ats_probe_kind kind)
{
  return titles[kind];
}

struct matrix {
  const tinet_ats_probe_options *options;
  const char *connect_host;
  char *server_name; /* owned; as TLS carries it */
  uint32_t timeout_ms;
  uint64_t deadline_us; /* of all handshakes together */
  const tinet_ats_authorities *authorities;
  tinet_ats_authorities *own; /* if none were given; owned */
  struct tinet__addresses addresses;
  tinet_ats_server *server;
  tinet_ats_chain *fresh; /* owned: that of the probe under way */
  const char *ciphers[N_CIPHERS];
  struct tinet__buf rsa, other; /* two of them */
};

/* ---- what is offered ---- */

static int exclude(struct tinet__buf *b, const char *list)
{
  int err = TINET_OK;

  while (err == TINET_OK && *list) {
    size_t len = strcspn(list, ":");

    err = tinet__buf_addf(b, ":!%.*s", (int)len, list);
    list += len + (list[len] == ':');
  }
  return err;
}

/* A server takes one suite of those it is offered, and that says nothing of the
 * rest: so each offer is what a client of the profile would send. */
static int list_ciphers(struct matrix *m)
{
  tinet_ats_profile profile = m->options->profile;
  const char *both =
      tinet_ats_cipher_list(profile, TINET_ATS_SUITES_ATS_AND_RSA);
  int err = tinet__buf_addf(&m->rsa, "%s:!kECDHE", both);

  if (err == TINET_OK)
    err = tinet__buf_adds(&m->other, ALL_CIPHERS);
  if (err == TINET_OK)
    err = exclude(&m->other, both);
  m->ciphers[CIPHERS_ATS] =
      tinet_ats_cipher_list(profile, TINET_ATS_SUITES_ATS);
  m->ciphers[CIPHERS_RSA] = m->rsa.data;
  m->ciphers[CIPHERS_OTHER] = m->other.data;
  m->ciphers[CIPHERS_ALL] = ALL_CIPHERS;
  m->ciphers[CIPHERS_NIAP] =
      tinet_ats_cipher_list(profile, TINET_ATS_SUITES_NIAP);
  return err;
}

static struct tinet__offer offer_of(const struct matrix *m,
                                    tinet_ats_probe_kind kind)
{
  struct tinet__offer offer = {
      .min = offers[kind].min,
      .max = offers[kind].max,
      .ciphers = m->ciphers[offers[kind].ciphers],
      .is_for_all = offers[kind].is_for_all,
  };

  if (kind == TINET_ATS_PROBE_ATS &&
      m->options->profile == TINET_ATS_PROFILE_IOS9)
    offer.max = TLS_1_2; /* it knows no more */
  return offer;
}

/* ---- the handshakes ---- */

static bool is_same(const tinet_ats_chain *a, const tinet_ats_chain *b)
{
  return a->n == b->n &&
         memcmp(&a->certificates[0].spki, &b->certificates[0].spki,
                sizeof a->certificates[0].spki) == 0 &&
         a->certificates[0].not_after == b->certificates[0].not_after &&
         a->openssl_code == b->openssl_code;
}

/* The subjects in the certificates point into the chain. */
static void settle(tinet_ats_chain *chain)
{
  for (size_t i = 0; i < chain->n; i++)
    chain->certificates[i].subject = chain->described[i].subject;
}

static int keep(tinet_ats_server *server, const tinet_ats_chain *chain)
{
  for (size_t i = 0; i < server->n_chains; i++)
    if (is_same(&server->chains[i], chain))
      return (int)i;
  if (server->n_chains == TINET_ATS_CHAINS_MAX)
    return 0; /* a server with more has lost count itself */
  server->chains[server->n_chains] = *chain;
  settle(&server->chains[server->n_chains]);
  return (int)server->n_chains++;
}

static uint64_t timeout_us(const struct matrix *m)
{
  return (uint64_t)m->timeout_ms * 1000;
}

static void note_connect_error(tinet_ats_probe *probe, const tinet_error *err)
{
  probe->code = err->code;
  (void)snprintf(probe->text, sizeof probe->text, "%.*s",
                 (int)sizeof probe->text - 1, err->text);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
  return a < b ? a : b;
}

static int make_probe(struct matrix *m, tinet_ats_probe_kind kind)
{
  tinet_ats_probe *probe = &m->server->probes[kind];
  const struct tinet__offer offer = offer_of(m, kind);
  struct tinet__handshake h = {
      .authorities = m->authorities,
      .server_name = m->server_name,
      .deadline_us = earlier(m->deadline_us, tinet__clock_us() + timeout_us(m)),
      .offer = &offer,
  };
  tinet_error err;
  int code;

  probe->is_made = true;
  if (tinet__probe_connect(&m->addresses, h.deadline_us, &h.fd, &err) < 0) {
    note_connect_error(probe, &err);
    return TINET_OK;
  }
  tinet__peer_text(&m->addresses.peers[0], m->server->address,
                   sizeof m->server->address);
  code = tinet__probe_handshake(&h, probe, m->fresh);
  (void)close(h.fd);
  if (code < 0)
    return code;
  if (m->fresh->n > 0)
    probe->chain = keep(m->server, m->fresh);
  if (probe->code == TINET_OK && probe->version > m->server->best_version)
    m->server->best_version = probe->version;
  return TINET_OK;
}

static bool is_ok(const struct matrix *m, tinet_ats_probe_kind kind)
{
  const tinet_ats_probe *probe = &m->server->probes[kind];

  return probe->is_made && probe->code == TINET_OK;
}

/* Whether no other handshake can tell more. */
static bool is_hopeless(const struct matrix *m)
{
  const tinet_ats_probe *first = &m->server->probes[TINET_ATS_PROBE_ATS];

  return first->code == TINET_ECONNECT || first->code == TINET_ETIMEDOUT ||
         first->code == TINET_EINVAL || first->is_other_protocol ||
         tinet__clock_us() >= m->deadline_us;
}

static bool is_needed(const struct matrix *m, tinet_ats_probe_kind kind)
{
  if (kind == TINET_ATS_PROBE_NIAP)
    return m->options->has_niap;
  if (m->options->is_quick && is_ok(m, TINET_ATS_PROBE_ATS))
    return false;
  /* Where suites of ATS are there, they are taken. */
  if (kind == TINET_ATS_PROBE_TLS11_RSA)
    return !is_ok(m, TINET_ATS_PROBE_TLS11);
  if (kind == TINET_ATS_PROBE_TLS10_RSA)
    return !is_ok(m, TINET_ATS_PROBE_TLS10);
  if (kind == TINET_ATS_PROBE_ANY)
    return m->server->n_chains == 0 || !is_ok(m, TINET_ATS_PROBE_ATS);
  return true;
}

/* Why there is nothing to judge.  A server that refuses what ATS offers can be
 * judged by that alone. */
static void conclude(struct matrix *m)
{
  tinet_ats_server *s = m->server;
  const tinet_ats_probe *first = &s->probes[TINET_ATS_PROBE_ATS];

  if (s->best_version == 0 && first->code != TINET_ETLS)
    (void)tinet__error_set(&s->error, first->code, TINET_ORIGIN_TINET, 0,
                           "%s:%u: %s", s->host, s->port, first->text);
}

static int run(struct matrix *m)
{
  int code = make_probe(m, TINET_ATS_PROBE_ATS);

  for (int kind = TINET_ATS_PROBE_TLS13;
       code == TINET_OK && !is_hopeless(m) && kind < TINET_ATS_N_PROBES; kind++)
    if (is_needed(m, (tinet_ats_probe_kind)kind))
      code = make_probe(m, (tinet_ats_probe_kind)kind);
  if (code == TINET_OK)
    conclude(m);
  return code;
}

/* OpenSSL writes to sockets that may be closed; a SIGPIPE of that must not
 * reach the program.  One that was pending before stays so. */
static int run_without_sigpipe(struct matrix *m)
{
  const struct timespec now = {0, 0};
  sigset_t pipe_only, before, pending;
  bool was_pending;
  int code;

  (void)sigemptyset(&pipe_only);
  (void)sigaddset(&pipe_only, SIGPIPE);
  (void)sigpending(&pending);
  was_pending = sigismember(&pending, SIGPIPE) == 1;
  (void)pthread_sigmask(SIG_BLOCK, &pipe_only, &before);
  code = run(m);
  if (!was_pending)
    while (sigtimedwait(&pipe_only, NULL, &now) < 0 && errno == EINTR)
      ;
  (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
  return code;
}

static int resolve_and_run(struct matrix *m)
{
  uint16_t port = m->options->connect_port;
  int code =
      tinet__probe_resolve(m->connect_host, port ? port : m->server->port,
                           m->timeout_ms, &m->addresses, &m->server->error);

  if (code == TINET_ENOMEM)
    return code;
  /* A server that answers once and then stalls must not take ten times as
   * long. */
  m->deadline_us = tinet__clock_us() + 2 * timeout_us(m);
  return code < 0 ? TINET_OK : run_without_sigpipe(m);
}

/* ---- names ---- */

/* rfc: 6066 3: encoded, without the dot at the end.  `ret_is_address` */
static int name_for_tls(const char *host, char **ret_name, bool *ret_is_address)
{
  struct tinet__ats_host prepared;
  int code = tinet__ats_host_prepare(host, &prepared);

  if (code < 0)
    return code;
  *ret_is_address = prepared.address.n_bytes > 0;
  if (!*ret_is_address && prepared.len > 1 &&
      prepared.name[prepared.len - 1] == '.')
    prepared.name[prepared.len - 1] = '\0';
  *ret_name = tinet__strdup(prepared.name);
  return *ret_name ? TINET_OK : TINET_ENOMEM;
}

/* An address stays as it is: it may have a zone. */
static int prepare_names(struct matrix *m, char **ret_owned)
{
  const tinet_ats_probe_options *o = m->options;
  bool is_address;
  int code = name_for_tls(o->server_name ? o->server_name : o->host,
                          &m->server_name, &is_address);

  if (code < 0)
    return code;
  m->connect_host = o->connect_host ? o->connect_host : o->host;
  code = name_for_tls(m->connect_host, ret_owned, &is_address);
  if (code == TINET_OK && !is_address)
    m->connect_host = *ret_owned;
  return code;
}

static tinet_ats_server *make_server(const tinet_ats_probe_options *o,
                                     const char *name)
{
  tinet_ats_server *server = tinet__zalloc(sizeof *server);

  if (!server)
    return NULL;
  (void)snprintf(server->host, sizeof server->host, "%s", name);
  server->port = o->port ? o->port : 443;
  for (int i = 0; i < TINET_ATS_N_PROBES; i++)
    server->probes[i].alert = server->probes[i].chain = -1;
  return server;
}

static int prepare(struct matrix *m, char **ret_owned, tinet_error *err)
{
  int code = prepare_names(m, ret_owned);

  m->authorities = m->options->authorities;
  if (code == TINET_OK && !m->authorities) {
    code = tinet_ats_authorities_new(NULL, &m->own, err);
    m->authorities = m->own;
  }
  if (code < 0)
    return code;
  m->server = make_server(m->options, m->server_name);
  m->fresh = tinet__alloc(sizeof *m->fresh);
  return m->server && m->fresh ? list_ciphers(m) : TINET_ENOMEM;
}

static void release(struct matrix *m)
{
  tinet__buf_free(&m->rsa);
  tinet__buf_free(&m->other);
  tinet__free(m->fresh);
  tinet__free(m->server_name);
  tinet_ats_authorities_free(m->own);
  tinet_ats_server_free(m->server);
}

int tinet_ats_server_probe(const tinet_ats_probe_options *options,
                           tinet_ats_server **ret_server, tinet_error *err)
{
  struct matrix m = {
      .options = options, .rsa = TINET__BUF_INIT, .other = TINET__BUF_INIT};
  char *connect_host = NULL;
  int code;

  if (!options || !options->host || !*options->host || !ret_server ||
      strlen(options->host) >= sizeof m.server->host)
    return TINET_EINVAL;
  m.timeout_ms = options->timeout_ms ? options->timeout_ms : DEFAULT_TIMEOUT_MS;
  code = prepare(&m, &connect_host, err);
  if (code == TINET_OK)
    code = resolve_and_run(&m);
  if (code == TINET_OK) {
    *ret_server = m.server;
    m.server = NULL;
  }
  tinet__free(connect_host);
  release(&m);
  return code;
}

void tinet_ats_server_free(tinet_ats_server *server)
{
  tinet__free(server);
}
