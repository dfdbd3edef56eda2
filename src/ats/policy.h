/* policy.h - the dictionary as the engine uses it. */
#ifndef TINET_ATS_POLICY_H
#define TINET_ATS_POLICY_H

#include <stdatomic.h>
#include <tinet/ats.h>

#include "address.h"
#include "finding.h"
#include "value.h"

/* Of the keys whose mere presence matters. */
enum tinet__switch { TINET__ABSENT, TINET__NO, TINET__YES };

enum tinet__key_kind {
  TINET__KEY_NAME,
  TINET__KEY_ADDRESS,
  TINET__KEY_RANGE,
  TINET__KEY_DEAD /* can never match */
};

struct tinet__entry {
  tinet_ats_exception exception; /* strings borrowed from the tree, or static */
  const struct tinet__value *value; /* borrowed from the tree; NULL: built in */
  enum tinet__key_kind kind;
  char *name; /* owned: what the host is compared with; NULL if it is the key */
  struct tinet__range range; /* of an address or a range */
  bool has_niap;
  bool is_replaced; /* a later one has the same name */
};

struct tinet__pin_list {
  bool is_present;
  size_t n;
  tinet_spki_hash *hashes; /* owned */
};

struct tinet__pin {
  char *host; /* owned: lower case, no dot at its end */
  bool includes_subdomains;
  struct tinet__pin_list leaf, ca;
  size_t next; /* another pin of the same host: index + 1; 0: none */
  struct tinet__place at;
};

/* From a name to an index; the names are borrowed. */
struct tinet__name_table {
  struct tinet__name_slot {
    const char *name;
    size_t index;
  } * slots;      /* owned */
  size_t n_slots; /* a power of two */
};

int tinet__name_table_init(struct tinet__name_table *t,
                           size_t n_names) TINET_MUST_CHECK;
/* The index kept under `name` until now is replaced; +1, 0 if there was none.
 */
size_t tinet__name_table_put(struct tinet__name_table *t, const char *name,
                             size_t index);
/* The index + 1; 0: none. */
size_t tinet__name_table_find(const struct tinet__name_table *t,
                              const char *name, size_t len);

struct tinet_ats_policy {
  atomic_uint n_refs;
  tinet_ats_profile profile;
  unsigned flags;
  enum tinet__switch arbitrary, media, web, local;
  tinet_ats_niap niap;
  struct tinet__entry *entries; /* owned */
  size_t n_entries;             /* those of the file */
  size_t n_builtin;             /* after them */
  size_t *ranges;               /* owned: indexes, longest prefix first */
  size_t n_ranges;
  struct tinet__range_group {
    size_t start, n; /* of `ranges` */
  } * groups;        /* owned: those of one family, prefix and kind */
  size_t n_groups;
  struct tinet__name_table names; /* of entries that are names */
  struct tinet__pin *pins;        /* owned */
  size_t n_pins;
  struct tinet__name_table pin_names;
  struct tinet__findings findings;
  struct tinet__value_tree *tree; /* owned; NULL if nothing was read */
  const struct tinet__value *ats; /* the dictionary in it; NULL: absent */
};

/* Makes a policy of the dictionary `ats` (NULL: an empty one) in `tree` and of
 * what was found while reading.  On success it takes `tree` (may be NULL) and
 * empties `findings` (may be NULL).  A value that is no dictionary is a finding
 * and counts as empty.  TINET_ENOMEM. */
int tinet__policy_build(struct tinet__value_tree *tree,
                        const struct tinet__value *ats,
                        const tinet_ats_options *options,
                        struct tinet__findings *findings,
                        tinet_ats_policy **ret_policy) TINET_MUST_CHECK;

/* Steps of it, each with its findings. */
int tinet__policy_read_entries(
    tinet_ats_policy *p, const struct tinet__value *domains) TINET_MUST_CHECK;
int tinet__policy_add_builtin(tinet_ats_policy *p) TINET_MUST_CHECK;
int tinet__policy_index(tinet_ats_policy *p) TINET_MUST_CHECK;
int tinet__policy_read_pins(
    tinet_ats_policy *p, const struct tinet__value *domains) TINET_MUST_CHECK;
int tinet__policy_lint(tinet_ats_policy *p) TINET_MUST_CHECK;

/* What a key of NSExceptionDomains is, and what is odd about it. */
int tinet__entry_classify(tinet_ats_policy *p, struct tinet__entry *entry,
                          const struct tinet__place *at) TINET_MUST_CHECK;

/* ---- reading values ---- */

/* The value of a switch; a wrong type is a finding. */
int tinet__read_switch(struct tinet__findings *f,
                       const struct tinet__value *value,
                       enum tinet__switch *ret_switch) TINET_MUST_CHECK;
/* NULL with a finding if it is no string. */
int tinet__read_text(struct tinet__findings *f,
                     const struct tinet__value *value,
                     const char **ret_text) TINET_MUST_CHECK;
int tinet__read_niap(tinet_ats_policy *p, const struct tinet__value *value,
                     tinet_ats_niap *ret_niap,
                     bool *ret_is_present) TINET_MUST_CHECK;
/* A finding for a key that came after the systems of the profile. */
int tinet__lint_newer(tinet_ats_policy *p,
                      const struct tinet__value *value) TINET_MUST_CHECK;
/* Findings about the keys of `dict`: unknown, doubled, of another time.
 * `where` names the dictionary. */
enum tinet__key_level {
  TINET__LEVEL_ATS,
  TINET__LEVEL_ENTRY,
  TINET__LEVEL_PIN
};
int tinet__lint_keys(struct tinet__findings *f, const struct tinet__value *dict,
                     enum tinet__key_level level,
                     const char *where) TINET_MUST_CHECK;
/* Keys of ATS that stand beside NSAppTransportSecurity and not in it. */
int tinet__lint_root(struct tinet__findings *f,
                     const struct tinet__value *root) TINET_MUST_CHECK;

/* ---- hosts ---- */

#define TINET__ATS_HOST_MAX 256 /* rfc: 1035 2.3.4, and some room */

struct tinet__ats_host {
  char name[TINET__ATS_HOST_MAX]; /* lower case, IDNA applied, without [] */
  size_t len;
  struct tinet__range address; /* n_bytes 0: it is a name */
};

/* TINET_EINVAL: empty or longer than a host can be. */
int tinet__ats_host_prepare(const char *text,
                            struct tinet__ats_host *ret_host) TINET_MUST_CHECK;
/* The entry that governs; `ret_depth`: labels between host and key. */
const struct tinet__entry *
tinet__policy_find_entry(const tinet_ats_policy *p,
                         const struct tinet__ats_host *host,
                         unsigned *ret_depth);
/* The entry of a parent of the name that does not reach down to it. */
const struct tinet__entry *
tinet__policy_near_entry(const tinet_ats_policy *p,
                         const struct tinet__ats_host *host);
/* The first of the pins of this very name; the next is at ->next. */
const struct tinet__pin *tinet__policy_find_pins(const tinet_ats_policy *p,
                                                 const char *name, size_t len);
bool tinet__ats_host_is_direct(const tinet_ats_policy *p,
                               const struct tinet__ats_host *host);

/* ---- requirement and judgement ---- */

struct tinet__judge {
  const tinet_ats_policy *policy;
  const tinet_ats_request *request;
  const struct tinet__ats_host *host;
  const tinet_ats_connection *connection;
  const tinet_ats_requirement *requirement;
  tinet_ats_verdict *verdict; /* NULL: only count */
  size_t n_reasons;
};

/* Steps 7 to 16: adds a reason for each requirement that is not met. */
void tinet__judge_connection(struct tinet__judge *j);
void tinet__judge_add(struct tinet__judge *j, tinet_ats_code code, int depth,
                      const char *fmt, ...) TINET_PRINTF(4, 5);
/* Steps 14 and 15. */
void tinet__judge_pins(struct tinet__judge *j);
void tinet__judge_scts(struct tinet__judge *j);
/* The pins of the host. */
bool tinet__host_is_pinned(const tinet_ats_policy *p,
                           const struct tinet__ats_host *host, bool *ret_leaf,
                           bool *ret_ca);

#endif
