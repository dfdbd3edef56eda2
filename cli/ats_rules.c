/* ats_rules.c - each rule of ATS, and what a hop makes of it. */
#include "ats_diagnose.h"

#include <string.h>
#include <time.h>

#define DAY 86400

struct writer {
  struct diagnose_rule *rules;
  size_t n;
  const struct diagnose_hop *hop;
};

static struct diagnose_rule *add(struct writer *w, const char *name,
                                 enum diagnose_mark mark, const char *text)
{
  struct diagnose_rule *r = &w->rules[w->n++];

  r->name = name;
  r->mark = mark;
  r->reason = NULL;
  (void)snprintf(r->text, sizeof r->text, "%s", text);
  return r;
}

/* Its reasons among `codes` (ends with 0), one rule each; false: none. */
static bool add_broken(struct writer *w, const char *name,
                       const tinet_ats_code *codes)
{
  const tinet_ats_verdict *v = &w->hop->verdict;
  size_t before = w->n;

  for (; *codes; codes++)
    for (size_t i = 0; i < v->n_reasons; i++)
      if (v->reasons[i].code == *codes)
        add(w, name, MARK_FAIL, v->reasons[i].text)->reason = &v->reasons[i];
  return w->n > before;
}

static const tinet_ats_chain *chain_of(const struct diagnose_hop *hop)
{
  return &hop->server->chains[hop->used->chain];
}

/* ---- what was seen, where all is well ---- */

static void say_version(const struct diagnose_hop *hop, char *to, size_t size)
{
  unsigned min = hop->verdict.requirement.min_version;

  if (min)
    (void)snprintf(to, size, "%s; %s or later is needed",
                   diagnose_version_name(hop->used->version),
                   diagnose_version_name(min));
  else
    (void)snprintf(to, size, "%s", diagnose_version_name(hop->used->version));
}

static void say_suite(const struct diagnose_hop *hop, char *to, size_t size)
{
  bool is_static = strncmp(hop->used->suite_name, "TLS_RSA_", 8) == 0;

  (void)snprintf(to, size, "%s%s", hop->used->suite_name,
                 is_static ? "" : ", forward secrecy");
}

static void say_host(const struct diagnose_hop *hop, char *to, size_t size)
{
  (void)snprintf(to, size, "the certificate names %s", hop->server->host);
}

static void say_trust(const struct diagnose_hop *hop, char *to, size_t size)
{
  static const char *const anchors[] = {
      "an authority of this system's store", "an authority that was added here",
      "itself: the certificate was added here"};
  const tinet_ats_chain *c = chain_of(hop);

  (void)snprintf(to, size, "the chain ends in %s", anchors[c->anchor]);
}

/* The one that ends first; its day is what to write down. */
static void say_dates(const struct diagnose_hop *hop, char *to, size_t size)
{
  const tinet_ats_chain *c = chain_of(hop);
  size_t first = 0;

  for (size_t i = 1; i < c->n; i++)
    if (c->certificates[i].not_after < c->certificates[first].not_after)
      first = i;
  (void)snprintf(
      to, size, "valid until %.10s (%lld days)", c->described[first].not_after,
      (c->certificates[first].not_after - (long long)time(NULL)) / DAY);
}

static void say_keys(const struct diagnose_hop *hop, char *to, size_t size)
{
  (void)hop;
  (void)snprintf(to, size, "each has RSA 2048, EC 256 or better%s",
                 hop->verdict.requirement.skips_key_size ? " (not asked)" : "");
}

static void say_hashes(const struct diagnose_hop *hop, char *to, size_t size)
{
  (void)hop;
  (void)snprintf(to, size, "each is signed with SHA-256 or better");
}

static void say_lifetime(const struct diagnose_hop *hop, char *to, size_t size)
{
  const tinet_ats_certificate *leaf = chain_of(hop)->certificates;

  (void)snprintf(to, size, "%lld days",
                 (long long)(leaf->not_after - leaf->not_before + DAY - 1) /
                     DAY);
}

static void say_pins(const struct diagnose_hop *hop, char *to, size_t size)
{
  (void)hop;
  (void)snprintf(to, size, "a pinned key is in the chain");
}

static void say_niap(const struct diagnose_hop *hop, char *to, size_t size)
{
  (void)hop;
  (void)snprintf(to, size, "what the NIAP package asks for");
}

/* ---- the list ---- */

static const struct row {
  const char *name;
  tinet_ats_code codes[5]; /* ends with 0 */
  void (*say)(const struct diagnose_hop *hop, char *to, size_t size);
} rows[] = {
    {"tls-version", {TINET_ATS_TLS_VERSION}, say_version},
    {"tls-cipher", {TINET_ATS_TLS_CIPHER}, say_suite},
    {"hostname", {TINET_ATS_CERT_HOSTNAME}, say_host},
    {"trust", {TINET_ATS_CERT_UNTRUSTED, TINET_ATS_CERT_REVOKED}, say_trust},
    {"dates",
     {TINET_ATS_CERT_EXPIRED, TINET_ATS_CERT_NOT_YET_VALID},
     say_dates},
    {"keys",
     {TINET_ATS_CERT_KEY_SIZE, TINET_ATS_CERT_CHAIN_KEY_SIZE},
     say_keys},
    {"hashes",
     {TINET_ATS_CERT_HASH_LEAF, TINET_ATS_CERT_HASH_CHAIN},
     say_hashes},
    {"lifetime", {TINET_ATS_CERT_LIFETIME}, say_lifetime},
    {"pins", {TINET_ATS_PIN_LEAF, TINET_ATS_PIN_CA}, say_pins},
    {"niap",
     {TINET_ATS_NIAP_CIPHER, TINET_ATS_NIAP_EMS, TINET_ATS_NIAP_SIGALG},
     say_niap},
};

static bool is_in(const char *name, const char *const *names)
{
  for (; *names; names++)
    if (strcmp(name, *names) == 0)
      return true;
  return false;
}

/* Why a rule without a reason is neither kept nor broken; NULL: it is kept. */
static const char *why_not_asked(const struct diagnose_hop *hop,
                                 const char *name)
{
  static const char *const of_ats[] = {"tls-version", "tls-cipher", NULL};
  tinet_ats_trust trust = chain_of(hop)->trust;

  if (is_in(name, of_ats) && !hop->verdict.requirement.is_judged)
    return hop->is_local ? "not asked of a local host"
                         : "not asked: ATS is off for this host";
  /* OpenSSL looks at the dates when it has found an authority. */
  if (strcmp(name, "trust") == 0 && trust != TINET_ATS_TRUST_OK &&
      trust != TINET_ATS_TRUST_EXPIRED &&
      trust != TINET_ATS_TRUST_NOT_YET_VALID)
    return "not asked";
  return NULL;
}

/* The dates of a chain that is not trusted are no reason of their own. */
static bool add_bad_dates(struct writer *w)
{
  const tinet_ats_chain *c = chain_of(w->hop);
  char text[256];

  for (size_t i = 0; i < c->n; i++) {
    if (diagnose_marks_of(w->hop, i).dates != MARK_FAIL)
      continue;
    (void)snprintf(text, sizeof text,
                   "%s (place %zu of the chain) is valid from %.10s to %.10s",
                   c->described[i].subject, i, c->described[i].not_before,
                   c->described[i].not_after);
    (void)add(w, "dates", MARK_FAIL, text);
    return true;
  }
  return false;
}

static void add_row(struct writer *w, const struct row *row)
{
  const tinet_ats_requirement *r = &w->hop->verdict.requirement;
  const char *why;
  char text[256];

  if (add_broken(w, row->name, row->codes))
    return;
  if ((row->say == say_pins && !r->has_leaf_pins && !r->has_ca_pins) ||
      (row->say == say_niap && r->niap == TINET_ATS_NIAP_NONE))
    return;
  if (row->say == say_dates && add_bad_dates(w))
    return;
  why = why_not_asked(w->hop, row->name);
  if (why) {
    (void)add(w, row->name, MARK_NONE, why);
    return;
  }
  row->say(w->hop, text, sizeof text);
  (void)add(w, row->name, MARK_OK, text);
}

static void add_ct(struct writer *w)
{
  static const tinet_ats_code codes[] = {TINET_ATS_CERT_CT, 0};
  const tinet_ats_chain *c = chain_of(w->hop);
  char text[256];

  if (add_broken(w, "ct", codes))
    return;
  if (c->anchor != TINET_ATS_ANCHOR_SYSTEM ||
      !(w->hop->verdict.notes & TINET_ATS_NOTE_CT_UNKNOWN))
    return;
  (void)snprintf(text, sizeof text,
                 "%u timestamps embedded, %u by TLS, %u by OCSP; there is no "
                 "list of logs here to check them by",
                 c->n_scts_embedded, c->n_scts_tls, c->n_scts_ocsp);
  (void)add(w, "ct", MARK_UNKNOWN, text);
}

size_t diagnose_rules(const struct diagnose_hop *hop,
                      struct diagnose_rule rules[DIAGNOSE_RULES_MAX])
{
  static const tinet_ats_code cleartext[] = {TINET_ATS_CLEARTEXT, 0},
                              handshake[] = {TINET_ATS_TLS_HANDSHAKE, 0};
  struct writer w = {.rules = rules, .hop = hop};

  if (hop->error.code < 0)
    return 0;
  if (!add_broken(&w, "https", cleartext) && !hop->is_https)
    (void)add(&w, "https", MARK_NONE, "http is allowed here");
  (void)add_broken(&w, "handshake", handshake);
  for (size_t i = 0; hop->used && i < sizeof rows / sizeof *rows; i++)
    add_row(&w, &rows[i]);
  if (hop->used)
    add_ct(&w);
  return w.n;
}

/* ---- certificates ---- */

static bool has_reason(const struct diagnose_hop *hop, size_t depth,
                       tinet_ats_code a, tinet_ats_code b)
{
  const tinet_ats_verdict *v = &hop->verdict;

  for (size_t i = 0; i < v->n_reasons; i++)
    if (v->reasons[i].depth == (int)depth &&
        (v->reasons[i].code == a || v->reasons[i].code == b))
      return true;
  return false;
}

struct diagnose_marks diagnose_marks_of(const struct diagnose_hop *hop,
                                        size_t depth)
{
  const tinet_ats_certificate *c = &chain_of(hop)->certificates[depth];
  int64_t now = (int64_t)time(NULL);
  struct diagnose_marks m = {MARK_OK, MARK_OK, MARK_OK};

  if (has_reason(hop, depth, TINET_ATS_CERT_KEY_SIZE,
                 TINET_ATS_CERT_CHAIN_KEY_SIZE))
    m.key = MARK_FAIL;
  if (has_reason(hop, depth, TINET_ATS_CERT_HASH_LEAF,
                 TINET_ATS_CERT_HASH_CHAIN))
    m.hash = MARK_FAIL;
  else if (c->hash != TINET_ATS_HASH_OTHER)
    m.hash = MARK_NONE; /* of a root: nobody looks at it */
  if (now < c->not_before || now > c->not_after)
    m.dates = MARK_FAIL;
  return m;
}

/* ---- configurations ---- */

void diagnose_numbers(const struct diagnosis *d, char *to)
{
  int n = 0;

  to[0] = '\0';
  for (size_t i = 0; i < TINET_ATS_N_CONFIGURATIONS; i++) {
    size_t last = i;

    if (!d->passes_apple[i])
      continue;
    while (last + 1 < TINET_ATS_N_CONFIGURATIONS && d->passes_apple[last + 1])
      last++;
    n += snprintf(to + n, DIAGNOSE_NUMBERS_MAX - (size_t)n,
                  last > i ? "%s%zu-%zu" : "%s%zu", n ? ", " : "", i + 1,
                  last + 1);
    i = last;
  }
  if (n == 0)
    (void)snprintf(to, DIAGNOSE_NUMBERS_MAX, "none");
}
