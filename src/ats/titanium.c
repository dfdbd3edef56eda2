/* titanium.c - the builder's steps, as far as ATS depends on them.
 *
 *  1. the project's own Info.plist
 *  2. <ios><plist><dict> of tiapp.xml deep-merged over it
 *  3. the ATS step: off if nothing is said, and before SDK 12.2.0 an entry for
 *     appcelerator.com if ATS is on
 */
#include "titanium.h"

#include <stdlib.h>
#include <string.h>

#include "../core/alloc.h"
#include "../core/error.h"
#include "../core/str.h"
#include "plist.h"
#include "policy.h"

#define DEFAULT_SDK 13
#define FIRST_ATS_MAJOR 5     /* the ATS step came with it */
#define NO_INJECTION_MAJOR 12 /* from 12.2.0 on */
#define NO_INJECTION_MINOR 2

#define ATS_KEY "NSAppTransportSecurity"

struct build {
  const struct tinet__tiapp_ats *tiapp;
  struct tinet__findings *findings;
  struct tinet__value_tree *tree;
  tinet_error *error;
};

static const struct tinet__place injected = {TINET__SOURCE_INJECTED, 0, 0};

static void place(struct tinet__value *value, const struct tinet__value *like)
{
  value->at = like ? like->at : injected;
  value->key_at = like ? like->key_at : injected;
}

static int merge(struct build *b, struct tinet__value *into,
                 const struct tinet__value *from);

/* A copy of `from` as the last child of `into`. */
static int copy(struct build *b, struct tinet__value *into,
                const struct tinet__value *from)
{
  struct tinet__value *value;
  int err = tinet__value_add(b->tree, into, from->key, from->key_len,
                             from->kind, &value);

  if (err < 0)
    return err;
  place(value, from);
  value->integer = from->integer;
  value->real = from->real;
  value->boolean = from->boolean;
  if (from->text)
    return tinet__value_set_text(b->tree, value, from->text, from->text_len);
  if (from->kind == TINET__VALUE_DICT)
    return merge(b, value, from);
  for (const struct tinet__value *v = from->first; v && err == TINET_OK;
       v = v->next)
    err = copy(b, value, v);
  return err;
}

/* The children of a dictionary by their keys: of duplicates the last. */
struct keys {
  struct tinet__name_table table;
  struct tinet__value **values; /* owned */
  size_t n;
};

static void free_keys(struct keys *k)
{
  tinet__free(k->table.slots);
  tinet__free(k->values);
}

static int index_keys(struct keys *k, const struct tinet__value *dict)
{
  int err = tinet__name_table_init(&k->table, dict->n_children);

  if (err < 0)
    return err;
  k->values =
      tinet__alloc((dict->n_children + 1) * sizeof(struct tinet__value *));
  if (!k->values)
    return TINET_ENOMEM;
  for (struct tinet__value *v = dict->first; v; v = v->next) {
    (void)tinet__name_table_put(&k->table, v->key, k->n);
    k->values[k->n++] = v;
  }
  return TINET_OK;
}

static struct tinet__value *find_key(const struct keys *k, const char *key)
{
  size_t found = tinet__name_table_find(&k->table, key, strlen(key));

  return found ? k->values[found - 1] : NULL;
}

static int merge_one(struct build *b, struct tinet__value *into,
                     struct tinet__value *old, const struct tinet__value *v)
{
  if (old && old->kind == TINET__VALUE_DICT && v->kind == TINET__VALUE_DICT)
    return merge(b, old, v);
  if (old)
    tinet__value_remove(into, old);
  return copy(b, into, v);
}

/* ti: dictionaries are united, everything else is replaced.  Of a key that
 * stands twice in `from`, only the last counts. */
static int merge(struct build *b, struct tinet__value *into,
                 const struct tinet__value *from)
{
  struct keys there = {{NULL, 0}, NULL, 0}, come = {{NULL, 0}, NULL, 0};
  int err = index_keys(&there, into);

  if (err == TINET_OK)
    err = index_keys(&come, from);
  for (size_t i = 0; i < come.n && err == TINET_OK; i++) {
    struct tinet__value *v = come.values[i];

    if (find_key(&come, v->key) == v)
      err = merge_one(b, into, find_key(&there, v->key), v);
  }
  free_keys(&there);
  free_keys(&come);
  return err;
}

/* ti: the pattern of the builder is not anchored as its author thought: keys
 * that begin so, and keys that end in the last, are dropped. */
static bool is_dropped(const char *key)
{
  static const char *const starts[] = {
      "CFBundleDisplayName",
      "CFBundleExecutable",
      "CFBundleIconFile",
      "CFBundleIdentifier",
      "CFBundleInfoDictionaryVersion",
      "CFBundleName",
      "CFBundlePackageType",
      "CFBundleSignature",
  };
  static const char end[] = "LSRequiresIPhoneOS";
  size_t len = strlen(key);

  for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
    if (strncmp(key, starts[i], strlen(starts[i])) == 0)
      return true;
  return len >= sizeof end - 1 &&
         strcmp(key + len - (sizeof end - 1), end) == 0;
}

static void drop_keys(struct tinet__value *dict)
{
  struct tinet__value *next;

  for (struct tinet__value *v = dict->first; v; v = next) {
    next = v->next;
    if (is_dropped(v->key))
      tinet__value_remove(dict, v);
  }
}

/* The last <plist> of the last <ios>; NULL: none. */
static const struct tinet__node *find_plist(const struct tinet__node *ios)
{
  const struct tinet__node *plist = NULL;

  for (const struct tinet__node *n = ios ? ios->first : NULL; n; n = n->next)
    if (strcmp(n->name, "plist") == 0)
      plist = n;
  return plist;
}

/* The dictionaries of <ios><plist>, one over the other, in a tree of their own.
 */
static int read_ios(struct build *b, struct tinet__value_tree *own,
                    struct tinet__value **ret_dict)
{
  const struct tinet__node *plist = find_plist(b->tiapp->ios);
  int err = tinet__value_add(own, NULL, NULL, 0, TINET__VALUE_DICT, ret_dict);

  for (const struct tinet__node *n = plist ? plist->first : NULL;
       n && err == TINET_OK; n = n->next)
    if (strcmp(n->name, "dict") == 0)
      err = tinet__plist_read_dict(n, TINET__PLIST_TITANIUM, b->findings, own,
                                   *ret_dict, b->error);
  if (err == TINET_OK)
    drop_keys(*ret_dict);
  return err;
}

/* ---- the ATS step ---- */

static int add(struct build *b, struct tinet__value *into, const char *key,
               enum tinet__value_kind kind, struct tinet__value **ret_value)
{
  int err = tinet__value_add(b->tree, into, key, strlen(key), kind, ret_value);

  if (err == TINET_OK)
    place(*ret_value, NULL);
  return err;
}

static int add_bool(struct build *b, struct tinet__value *into, const char *key,
                    bool value)
{
  struct tinet__value *v;
  int err = add(b, into, key, TINET__VALUE_BOOL, &v);

  if (err == TINET_OK)
    v->boolean = value;
  return err;
}

static int add_text(struct build *b, struct tinet__value *into, const char *key,
                    const char *text)
{
  struct tinet__value *v;
  int err = add(b, into, key, TINET__VALUE_STRING, &v);

  return err < 0 ? err : tinet__value_set_text(b->tree, v, text, strlen(text));
}

/* ti: the entry as the builder writes it. */
static int inject_entry(struct build *b, struct tinet__value *domains)
{
  static const struct {
    const char *key;
    bool value;
  } bools[] = {
      {"NSExceptionRequiresForwardSecrecy", true},
      {"NSExceptionAllowsInsecureHTTPLoads", false},
      {"NSRequiresCertificateTransparency", false},
      {"NSIncludesSubdomains", true},
      {"NSThirdPartyExceptionRequiresForwardSecrecy", true},
      {"NSThirdPartyExceptionAllowsInsecureHTTPLoads", true},
  };
  struct tinet__value *entry;
  int err = add(b, domains, "appcelerator.com", TINET__VALUE_DICT, &entry);

  if (err == TINET_OK)
    err = add_text(b, entry, "NSExceptionMinimumTLSVersion", "TLSv1.2");
  if (err == TINET_OK)
    err =
        add_text(b, entry, "NSThirdPartyExceptionMinimumTLSVersion", "TLSv1.2");
  for (size_t i = 0; i < sizeof bools / sizeof *bools && err == TINET_OK; i++)
    err = add_bool(b, entry, bools[i].key, bools[i].value);
  return err;
}

/* Truth as JavaScript has it: the text "false" is true. */
static bool is_truthy(const struct tinet__value *v)
{
  if (!v)
    return false;
  switch (v->kind) {
  case TINET__VALUE_BOOL:
    return v->boolean;
  case TINET__VALUE_INTEGER:
    return v->integer != 0;
  case TINET__VALUE_REAL:
    return v->real != 0;
  case TINET__VALUE_DICT:
  case TINET__VALUE_ARRAY:
    return true;
  default:
    return v->text_len > 0;
  }
}

static int inject(struct build *b, struct tinet__value *ats)
{
  struct tinet__value *loads = tinet__value_find(ats, "NSAllowsArbitraryLoads");
  struct tinet__value *domains = tinet__value_find(ats, "NSExceptionDomains");
  int err = TINET_OK;

  if (!loads || loads->kind != TINET__VALUE_BOOL || loads->boolean) {
    if (loads)
      tinet__value_remove(ats, loads);
    err = add_bool(b, ats, "NSAllowsArbitraryLoads", false);
  }
  if (err == TINET_OK && domains && !is_truthy(domains)) {
    tinet__value_remove(ats, domains);
    domains = NULL;
  }
  if (err == TINET_OK && !domains)
    err = add(b, ats, "NSExceptionDomains", TINET__VALUE_DICT, &domains);
  if (err < 0 || domains->kind != TINET__VALUE_DICT ||
      tinet__value_find(domains, "appcelerator.com"))
    return err;
  return inject_entry(b, domains);
}

static bool is_before(const char *version, long major, long minor)
{
  char *end;
  long is_major = strtol(version, &end, 10);
  long is_minor = *end == '.' ? strtol(end + 1, NULL, 10) : 0;

  if (is_major == 0)
    is_major = DEFAULT_SDK;
  return is_major < major || (is_major == major && is_minor < minor);
}

/* ti: since about 9.2 the entry is only for projects with analytics. */
static bool needs_analytics(const char *version)
{
  return !is_before(version, 9, 2);
}

static int lint_property(struct build *b, bool matters)
{
  const struct tinet__tiapp_ats *t = b->tiapp;

  if (!t->has_whitelist || (matters && !t->is_whitelist_off))
    return TINET_OK;
  if (!matters)
    return tinet__findings_add(b->findings, "obsolete-property",
                               &t->whitelist_at, NULL,
                               "ios.whitelist.appcelerator.com does nothing "
                               "here");
  return tinet__findings_add(b->findings, "whitelist-off", &t->whitelist_at,
                             NULL,
                             "*.appcelerator.com is not whitelisted: calls of "
                             "the SDK to it may fail");
}

/* ATS off, as the builder writes it where nothing is said, or nothing that it
 * understands. */
static int turn_off(struct build *b, struct tinet__value *root,
                    struct tinet__value *old)
{
  struct tinet__value *ats;
  int err;

  if (old) {
    err = tinet__findings_add(b->findings, "type", &old->at, "<dict>...</dict>",
                              "NSAppTransportSecurity is %s, not a "
                              "dictionary: Titanium writes `ATS off` over it",
                              tinet__value_kind_name(old->kind));
    tinet__value_remove(root, old);
  } else {
    err = tinet__findings_add(b->findings, "ats-off", &b->tiapp->at, NULL,
                              "ATS is off: the build adds "
                              "NSAllowsArbitraryLoads = YES");
  }
  if (err == TINET_OK)
    err = add(b, root, ATS_KEY, TINET__VALUE_DICT, &ats);
  if (err == TINET_OK)
    err = add_bool(b, ats, "NSAllowsArbitraryLoads", true);
  return err < 0 ? err : lint_property(b, false);
}

/* ATS is on, and the SDK is one that would add its own servers. */
static int whitelist(struct build *b, struct tinet__value *ats,
                     const char *version)
{
  int err = lint_property(b, true);

  if (err < 0)
    return err;
  if (!b->tiapp->is_whitelist_off &&
      (b->tiapp->has_analytics || !needs_analytics(version)))
    return inject(b, ats);
  return tinet__findings_add(b->findings, "whitelist-off", &ats->key_at, NULL,
                             "ATS is on without an entry for "
                             "appcelerator.com");
}

static int ats_step(struct build *b, struct tinet__value *root,
                    const char *version)
{
  struct tinet__value *ats = tinet__value_find(root, ATS_KEY);
  bool is_old = is_before(version, NO_INJECTION_MAJOR, NO_INJECTION_MINOR);

  /* An array is an object to JavaScript: it stays, and iOS ignores it. */
  if (is_before(version, FIRST_ATS_MAJOR, 0) ||
      (ats && ats->kind == TINET__VALUE_ARRAY))
    return TINET_OK;
  if (!ats || ats->kind != TINET__VALUE_DICT)
    return turn_off(b, root, ats);
  if (!is_old || is_truthy(tinet__value_find(ats, "NSAllowsArbitraryLoads")))
    return lint_property(b, false);
  return whitelist(b, ats, version);
}

int tinet__titanium_effective(const struct tinet__tiapp_ats *tiapp,
                              const struct tinet__value *base,
                              const char *version,
                              struct tinet__findings *findings,
                              struct tinet__value_tree *tree, tinet_error *err)
{
  struct build b = {tiapp, findings, tree, err};
  struct tinet__value_tree *own = NULL;
  struct tinet__value *root, *ios = NULL;
  int code = tinet__value_add(tree, NULL, NULL, 0, TINET__VALUE_DICT, &root);

  if (code == TINET_OK)
    code = tinet__value_tree_new(&own);
  if (code == TINET_OK && base && base->kind == TINET__VALUE_DICT)
    code = merge(&b, root, base);
  if (code == TINET_OK)
    code = read_ios(&b, own, &ios);
  if (code == TINET_OK)
    code = merge(&b, root, ios);
  if (code == TINET_OK)
    code = ats_step(&b, root, version ? version : tiapp->sdk_version);
  tinet__value_tree_free(own);
  return code == TINET_EINVAL ? TINET_ELIMIT : code;
}
