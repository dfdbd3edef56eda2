/* tiapp_ats.c - what a tiapp.xml says that matters to ATS.
 *
 * Neither the name of the root nor its prefix is checked, as Titanium's tools
 * do not.  Of what stands twice, the last counts.
 */
#include <string.h>

#include "../core/str.h"
#include "titanium.h"

static bool is_word(struct tinet__span text, const char *word)
{
  return strlen(word) == text.len && memcmp(text.p, word, text.len) == 0;
}

/* A number of JavaScript that is zero: `0`, `-0`, `00`, `0.0`, `0e5`.  `0x0`
 * stays a text to the builder. */
static bool is_zero(struct tinet__span text)
{
  size_t i = text.len > 0 && (text.p[0] == '-' || text.p[0] == '+'),
         n_zeros = 0;

  for (; i < text.len && (text.p[i] == '0' || text.p[i] == '.'); i++) {
    if (text.p[i] == '.' && memchr(text.p, '.', i))
      return false;
    n_zeros += text.p[i] == '0';
  }
  if (n_zeros == 0 || i == text.len)
    return n_zeros > 0;
  if (text.p[i] != 'e' && text.p[i] != 'E')
    return false;
  i++;
  if (i < text.len && (text.p[i] == '-' || text.p[i] == '+'))
    i++;
  if (i == text.len)
    return false;
  while (i < text.len && tinet__is_digit(text.p[i]))
    i++;
  return i == text.len;
}

/* ti: the builder's guesser: `false`, `null`, zero and nothing are false. */
static bool is_false(struct tinet__span text)
{
  return text.len == 0 || is_word(text, "false") || is_word(text, "null") ||
         is_zero(text);
}

static int read_whitelist(const struct tinet__node *node,
                          struct tinet__findings *findings,
                          struct tinet__tiapp_ats *to)
{
  const char *type = tinet__node_attribute(node, "type");
  struct tinet__span text = tinet__node_trimmed(node);
  bool is_bool = type && strcmp(type, "bool") == 0;
  bool looks_false = tinet__ieqn(text.p, text.len, "false", 5) ||
                     tinet__ieqn(text.p, text.len, "no", 2);

  to->has_whitelist = true;
  to->whitelist_at = node->at;
  to->is_whitelist_off = is_bool && is_false(text);
  if (!is_bool)
    return tinet__findings_add(
        findings, "bool-spelling", &node->at, "type=\"bool\"",
        "without type=\"bool\" the value of "
        "ios.whitelist.appcelerator.com is a text, and never false");
  if (!looks_false || to->is_whitelist_off)
    return TINET_OK;
  return tinet__findings_add(findings, "bool-spelling", &node->at, "false",
                             "'%.*s' is not false to Titanium's builder: the "
                             "whitelist stays on",
                             (int)text.len, text.p);
}

static int read_child(const struct tinet__node *node,
                      struct tinet__findings *findings,
                      struct tinet__tiapp_ats *to)
{
  const char *name;
  int err = TINET_OK;

  if (strcmp(node->name, "ios") == 0) {
    if (to->ios)
      err = tinet__findings_add(findings, "several-ios", &node->at, NULL,
                                "a second <ios> element: the one in line %u "
                                "does not count",
                                to->ios->at.line);
    to->ios = node;
  } else if (strcmp(node->name, "iphone") == 0) {
    err = tinet__findings_add(findings, "iphone-section", &node->at, "ios",
                              "the <iphone> section is no longer supported");
  } else if (strcmp(node->name, "sdk-version") == 0) {
    to->sdk_version = tinet__node_trimmed(node).p;
  } else if (strcmp(node->name, "analytics") == 0) {
    to->has_analytics = !is_false(tinet__node_trimmed(node));
  } else if (strcmp(node->name, "property") == 0) {
    name = tinet__node_attribute(node, "name");
    if (name && strcmp(name, "ios.whitelist.appcelerator.com") == 0)
      err = read_whitelist(node, findings, to);
  }
  return err;
}

int tinet__tiapp_ats_read(const struct tinet__dom *dom,
                          struct tinet__findings *findings,
                          struct tinet__tiapp_ats *ret_tiapp)
{
  int err = TINET_OK;

  *ret_tiapp =
      (struct tinet__tiapp_ats){.at = dom->root->at, .sdk_version = ""};
  if (dom->root->has_text)
    err = tinet__findings_add(findings, "stray-text", &dom->root->text_at, NULL,
                              "text between the elements of <%s> is ignored",
                              dom->root->name);
  for (const struct tinet__node *n = dom->root->first; n && err == TINET_OK;
       n = n->next)
    err = read_child(n, findings, ret_tiapp);
  return err;
}
