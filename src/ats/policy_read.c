/* policy_read.c - from a file to a policy.
 *
 * A binary property list says so itself; of XML the root element tells: `plist`
 * (or `dict`) is an Info.plist, anything else a tiapp.xml.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../core/alloc.h"
#include "../core/buf.h"
#include "../core/error.h"
#include "plist.h"
#include "policy.h"
#include "titanium.h"

struct input {
  const char *data;
  size_t len;
  const char *name; /* of the file */
};

struct job {
  const tinet_ats_options *options;
  struct tinet__findings findings;
  struct tinet__value_tree *tree; /* what the policy will own */
  struct tinet__value_tree *base; /* the project's Info.plist; NULL: none */
  const char *name;               /* of the file; lives in `tree` */
  tinet_error *error;
};

static bool is_lenient(const struct job *j)
{
  return j->options && j->options->flags & TINET_ATS_FLAG_LENIENT;
}

static bool is_plist(const struct tinet__node *root)
{
  return strcmp(root->name, "plist") == 0 || strcmp(root->name, "dict") == 0;
}

/* The one value of a property list. */
static int read_plist(struct job *j, const struct tinet__node *root,
                      enum tinet__plist_reader reader,
                      struct tinet__value_tree *tree)
{
  const struct tinet__node *value =
      strcmp(root->name, "plist") == 0 ? root->first : root;

  if (!value)
    return tinet__error_set(j->error, TINET_ESYNTAX, TINET_ORIGIN_TINET, 0,
                            "%s:%u:%u: the property list is empty",
                            root->at.source, root->at.line, root->at.column);
  return tinet__plist_read_element(value, reader, &j->findings, tree, j->error);
}

static int read_document(struct job *j, const struct tinet__dom *dom)
{
  struct tinet__tiapp_ats tiapp;
  int err;

  if (is_plist(dom->root))
    return read_plist(j, dom->root, TINET__PLIST_APPLE, j->tree);
  err = tinet__tiapp_ats_read(dom, &j->findings, &tiapp);
  if (err < 0)
    return err;
  return tinet__titanium_effective(&tiapp,
                                   j->base ? tinet__value_root(j->base) : NULL,
                                   j->options ? j->options->titanium_sdk : NULL,
                                   &j->findings, j->tree, j->error);
}

static int read_dom(struct job *j, const struct input *in, const char *name,
                    struct tinet__dom *ret_dom)
{
  struct tinet__document document = {.data = in->data,
                                     .len = in->len,
                                     .source = name,
                                     .is_lenient = is_lenient(j)};

  return tinet__dom_read(&document, &j->findings, ret_dom, j->error);
}

static int read_into_tree(struct job *j, const struct input *in)
{
  struct tinet__dom dom;
  int err;

  j->name = tinet__value_keep(j->tree, in->name, strlen(in->name));
  if (!j->name)
    return TINET_ENOMEM;
  if (tinet__plist_is_binary(in->data, in->len))
    return tinet__plist_read_binary(in->data, in->len, j->name, j->tree,
                                    j->error);
  err = read_dom(j, in, j->name, &dom);
  if (err < 0)
    return err;
  err = read_document(j, &dom);
  tinet__dom_free(&dom);
  return err;
}

/* The project's Info.plist: a tree that the values of `tree` point into for
 * their file's name only, so that is kept there too. */
static int read_base(struct job *j, const struct input *in)
{
  struct tinet__dom dom;
  const char *name = tinet__value_keep(j->tree, in->name, strlen(in->name));
  int err = name ? tinet__value_tree_new(&j->base) : TINET_ENOMEM;

  if (err < 0)
    return err;
  if (tinet__plist_is_binary(in->data, in->len))
    return tinet__plist_read_binary(in->data, in->len, name, j->base, j->error);
  err = read_dom(j, in, name, &dom);
  if (err < 0)
    return err;
  /* Titanium's builder reads it, and iOS what that makes of it. */
  err = read_plist(j, dom.root, TINET__PLIST_TITANIUM, j->base);
  tinet__dom_free(&dom);
  return err;
}

static int finish(struct job *j, tinet_ats_policy **ret_policy)
{
  const struct tinet__value *root = tinet__value_root(j->tree);
  int err = tinet__lint_root(&j->findings, root);

  if (err == TINET_OK)
    err = tinet__policy_build(j->tree,
                              tinet__value_find(root, "NSAppTransportSecurity"),
                              j->options, &j->findings, ret_policy);
  if (err == TINET_OK)
    j->tree = NULL;
  return err;
}

static void end(struct job *j)
{
  tinet__value_tree_free(j->tree);
  tinet__value_tree_free(j->base);
  tinet__findings_free(&j->findings);
}

/* `base` may be NULL. */
static int parse(const struct input *in, const struct input *base,
                 const tinet_ats_options *options,
                 tinet_ats_policy **ret_policy, tinet_error *err)
{
  struct job j = {.options = options, .error = err};
  int code = tinet__value_tree_new(&j.tree);

  tinet__error_clear(err);
  if (code == TINET_OK && base)
    code = read_base(&j, base);
  if (code == TINET_OK)
    code = read_into_tree(&j, in);
  if (code == TINET_OK)
    code = finish(&j, ret_policy);
  end(&j);
  if (code < 0 && err && err->code == 0)
    tinet__error_set(err, code, TINET_ORIGIN_TINET, 0, NULL);
  return code;
}

int tinet_ats_policy_parse(const void *data, size_t len, const char *filename,
                           const tinet_ats_options *options,
                           tinet_ats_policy **ret_policy, tinet_error *err)
{
  struct input in = {data, len, filename ? filename : "(policy)"};

  if (!ret_policy || (!data && len > 0))
    return tinet__error_set(err, TINET_EINVAL, TINET_ORIGIN_TINET, 0, NULL);
  return parse(&in, NULL, options, ret_policy, err);
}

/* ---- files ---- */

static int read_all(int fd, const char *path, struct tinet__buf *to,
                    tinet_error *err)
{
  char piece[16384];
  ssize_t n;

  to->max = TINET__DOM_MAX_BYTES + 1;
  while ((n = read(fd, piece, sizeof piece)) != 0) {
    int code;

    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return tinet__error_errno(err, TINET_EFILE, errno, "%s", path);
    code = tinet__buf_add(to, piece, (size_t)n);
    if (code < 0)
      return tinet__error_set(err, code, TINET_ORIGIN_TINET, 0,
                              "%s: larger than 4 MiB", path);
  }
  return TINET_OK;
}

static int read_file(const char *path, struct tinet__buf *to, tinet_error *err)
{
  int fd = open(path, O_RDONLY | O_CLOEXEC), code;

  if (fd < 0)
    return tinet__error_errno(err, TINET_EFILE, errno, "%s", path);
  code = read_all(fd, path, to, err);
  (void)close(fd);
  return code;
}

static char *join(const char *folder, const char *name)
{
  struct tinet__buf b = TINET__BUF_INIT;
  size_t len = strlen(folder);

  if (tinet__buf_addf(&b, "%s%s%s", folder,
                      len > 0 && folder[len - 1] == '/' ? "" : "/", name) < 0) {
    tinet__buf_free(&b);
    return NULL;
  }
  return tinet__buf_take(&b, NULL);
}

static int load_file(const char *path, const char *base_path,
                     const tinet_ats_options *options,
                     tinet_ats_policy **ret_policy, tinet_error *err)
{
  struct tinet__buf file = TINET__BUF_INIT, base = TINET__BUF_INIT;
  bool has_base = base_path && access(base_path, F_OK) == 0;
  int code = read_file(path, &file, err);

  if (code == TINET_OK && has_base)
    code = read_file(base_path, &base, err);
  if (code == TINET_OK) {
    struct input in = {file.data ? file.data : "", file.len, path};
    struct input below = {base.data ? base.data : "", base.len, base_path};

    code = parse(&in, has_base ? &below : NULL, options, ret_policy, err);
  }
  tinet__buf_free(&file);
  tinet__buf_free(&base);
  return code;
}

int tinet_ats_policy_load(const char *path, const tinet_ats_options *options,
                          tinet_ats_policy **ret_policy, tinet_error *err)
{
  TINET_CLEANUP(tinet__freep) char *tiapp = NULL;
  TINET_CLEANUP(tinet__freep) char *base = NULL;
  struct stat st;

  if (!path || !ret_policy)
    return tinet__error_set(err, TINET_EINVAL, TINET_ORIGIN_TINET, 0, NULL);
  tinet__error_clear(err);
  if (stat(path, &st) != 0)
    return tinet__error_errno(err, TINET_EFILE, errno, "%s", path);
  if (!S_ISDIR(st.st_mode))
    return load_file(path, NULL, options, ret_policy, err);
  tiapp = join(path, "tiapp.xml");
  base = join(path, "Info.plist");
  if (!tiapp || !base)
    return tinet__error_set(err, TINET_ENOMEM, TINET_ORIGIN_TINET, 0, NULL);
  if (access(tiapp, F_OK) != 0 && access(base, F_OK) == 0)
    return load_file(base, NULL, options, ret_policy, err);
  return load_file(tiapp, base, options, ret_policy, err);
}
