/* finding.c - the kinds of findings, and the list of those there are. */
#include "finding.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../core/alloc.h"

#define MAX_MESSAGE 1024 /* a longer one is cut */

struct kind {
  const char *id;
  tinet_ats_severity severity;
  bool needs_justification;
  const char *why;
};

static const struct kind kinds[] = {
    {"apex-only", TINET_ATS_INFO, false,
     "Without NSIncludesSubdomains the entry is for this one name: neither its "
     "parent nor its subdomains."},
    {"arbitrary-loads-ignored", TINET_ATS_WARNING, false,
     "Since iOS 10 the mere presence of a finer key, even with the value NO, "
     "switches NSAllowsArbitraryLoads off."},
    {"ats-off", TINET_ATS_INFO, true,
     "Without an NSAppTransportSecurity of its own, Titanium's build turns ATS "
     "off for the whole application; an empty <dict/> turns it on."},
    {"bool-spelling", TINET_ATS_WARNING, false,
     "Titanium's builder reads only `false`, `0` and an empty value as false."},
    {"case", TINET_ATS_WARNING, false,
     "Hosts are lower-cased, keys are compared as written: this one never "
     "matches."},
    {"cidr", TINET_ATS_ERROR, false,
     "A range that cannot be read never "
     "matches."},
    {"cidr-abbrev", TINET_ATS_INFO, false,
     "Apple's systems fill up a shortened range; readers of the file may not "
     "know."},
    {"default-value", TINET_ATS_INFO, false,
     "The dictionary alone turns ATS on; NO is what holds without the key."},
    {"duplicate-key", TINET_ATS_WARNING, false,
     "A property list keeps one of them, the last; the other is lost with all "
     "that is in it."},
    {"entry-enforces", TINET_ATS_WARNING, false,
     "An entry replaces all global keys for its host: under "
     "NSAllowsArbitraryLoads it turns ATS on there."},
    {"idn-key", TINET_ATS_WARNING, false,
     "iOS compares the encoded form of an international name."},
    {"ip-key-unsupported", TINET_ATS_WARNING, false,
     "Systems before iOS 17 know names only as keys."},
    {"ip-not-canonical", TINET_ATS_WARNING, false,
     "iOS compares the text of an address; another spelling does not match."},
    {"iphone-section", TINET_ATS_ERROR, false,
     "Titanium's iOS build stops at this section since SDK 7."},
    {"ipv4-literal", TINET_ATS_INFO, false,
     "The App Store wants applications to work in IPv6-only networks, where an "
     "IPv4 address has no route; a name has one."},
    {"legacy-key", TINET_ATS_WARNING, false,
     "Current systems do not read the names that iOS 9 and its betas had."},
    {"misplaced-key", TINET_ATS_ERROR, false,
     "iOS looks for the key at its own place only; here it does nothing."},
    {"newer-key", TINET_ATS_WARNING, false,
     "The systems of the chosen profile do not know the key yet."},
    {"niap", TINET_ATS_WARNING, false,
     "A package version that no system knows counts as none."},
    {"obsolete-key", TINET_ATS_INFO, false,
     "The system demands Certificate Transparency of every public authority; "
     "the key adds nothing."},
    {"obsolete-property", TINET_ATS_INFO, false,
     "The property only matters for SDKs before 12.2.0 and with ATS turned "
     "on."},
    {"pin-base64", TINET_ATS_ERROR, false,
     "A pin that is not the base64 of a SHA-256 matches no key."},
    {"pin-cleartext", TINET_ATS_WARNING, false,
     "Pins are checked in the TLS handshake; a load over http has none."},
    {"pin-empty", TINET_ATS_ERROR, false,
     "A list that is present and empty matches no key: every connection to the "
     "host fails."},
    {"pin-none", TINET_ATS_WARNING, false,
     "Without NSPinnedLeafIdentities or NSPinnedCAIdentities nothing is "
     "pinned."},
    {"port-in-key", TINET_ATS_ERROR, false,
     "Keys are hosts without a port; the exception is for every port."},
    {"public-suffix", TINET_ATS_WARNING, false,
     "The entry covers the sites of everybody who registers below it."},
    {"redundant-exception", TINET_ATS_WARNING, false,
     "It takes nothing away from what holds without it."},
    {"review-justification", TINET_ATS_INFO, true,
     "It accepts, for example: a server of somebody else that has no TLS, "
     "devices that cannot be upgraded, web content from many sources, media "
     "that are encrypted already."},
    {"several-ios", TINET_ATS_WARNING, false,
     "Titanium keeps the last <ios> element only."},
    {"stray-text", TINET_ATS_WARNING, false,
     "Text between the elements is ignored."},
    {"text-split", TINET_ATS_WARNING, false,
     "Titanium's tools read the text up to the first comment only."},
    {"tls-version", TINET_ATS_ERROR, false,
     "A version that iOS does not know leaves the minimum at TLS 1.2."},
    {"trailing-dot", TINET_ATS_WARNING, false,
     "`example.com.` and `example.com` are different keys; URLs rarely have "
     "the dot."},
    {"type", TINET_ATS_ERROR, false,
     "iOS drops a value of the wrong type and takes the default."},
    {"unknown-key", TINET_ATS_WARNING, false, "iOS ignores the key."},
    {"url-in-key", TINET_ATS_ERROR, false,
     "Keys are hosts: no scheme and no path ever matches."},
    {"weak-exception", TINET_ATS_WARNING, false,
     "It gives up encryption or its strength for everything on that host."},
    {"whitelist-off", TINET_ATS_WARNING, false,
     "Older SDKs of Titanium call servers below appcelerator.com."},
    {"wildcard", TINET_ATS_ERROR, false,
     "There are no wildcards in keys; this one never matches."},
    {"xml", TINET_ATS_ERROR, false,
     "The file is no well-formed XML; tools disagree about what it means."},
    {"xml-comment", TINET_ATS_ERROR, false,
     "Only Titanium's reader passes over a comment without its `!`."},
    {"xml-namespace", TINET_ATS_WARNING, false,
     "Strict XML readers refuse a prefix that is not declared."},
};
#define N_KINDS (sizeof kinds / sizeof *kinds)

static const struct kind *find_kind(const char *id)
{
  for (size_t i = 0; i < N_KINDS; i++)
    if (strcmp(kinds[i].id, id) == 0)
      return &kinds[i];
  return NULL;
}

static void free_strings(const tinet_ats_finding *item)
{
  tinet__free((char *)item->file);
  tinet__free((char *)item->message);
  tinet__free((char *)item->suggestion);
}

static int make_room(struct tinet__findings *f)
{
  size_t cap = f->cap ? f->cap * 2 : 16;
  struct tinet__finding *items;

  if (f->n < f->cap)
    return TINET_OK;
  items = tinet__realloc(f->items, cap * sizeof *items);
  if (!items)
    return TINET_ENOMEM;
  f->items = items;
  f->cap = cap;
  return TINET_OK;
}

int tinet__findings_add(struct tinet__findings *f, const char *id,
                        const struct tinet__place *at, const char *suggestion,
                        const char *fmt, ...)
{
  char message[MAX_MESSAGE];
  const struct kind *kind = find_kind(id);
  tinet_ats_finding item = {.id = kind ? kind->id : id};
  va_list args;
  int err;

  if (f->n >= TINET__FINDINGS_MAX ||
      (at && at->source && strcmp(at->source, TINET__SOURCE_INJECTED) == 0))
    return TINET_OK;
  err = make_room(f);
  if (err < 0)
    return err;
  va_start(args, fmt);
  (void)vsnprintf(message, sizeof message, fmt, args);
  va_end(args);
  item.severity = kind ? kind->severity : TINET_ATS_WARNING;
  item.needs_justification = kind && kind->needs_justification;
  item.why = kind ? kind->why : "";
  item.file = tinet__strdup(at && at->source ? at->source : "");
  item.line = at ? at->line : 0;
  item.column = at ? at->column : 0;
  item.message = tinet__strdup(message);
  item.suggestion = tinet__strdup(suggestion ? suggestion : "");
  if (!item.file || !item.message || !item.suggestion) {
    free_strings(&item);
    return TINET_ENOMEM;
  }
  f->items[f->n] = (struct tinet__finding){item, f->n};
  f->n++;
  return TINET_OK;
}

int tinet__findings_move(struct tinet__findings *f, struct tinet__finding *item)
{
  int err;

  if (f->n >= TINET__FINDINGS_MAX)
    return TINET_OK;
  err = make_room(f);
  if (err < 0)
    return err;
  f->items[f->n] = (struct tinet__finding){item->is, f->n};
  f->n++;
  item->is = (tinet_ats_finding){0};
  return TINET_OK;
}

void tinet__findings_set_severity(struct tinet__findings *f,
                                  tinet_ats_severity severity)
{
  if (f->n > 0)
    f->items[f->n - 1].is.severity = severity;
}

static int compare(const void *a, const void *b)
{
  const struct tinet__finding *x = a, *y = b;
  int order = strcmp(x->is.file, y->is.file);

  if (order != 0)
    return order;
  if (x->is.line != y->is.line)
    return x->is.line < y->is.line ? -1 : 1;
  if (x->is.column != y->is.column)
    return x->is.column < y->is.column ? -1 : 1;
  return x->order < y->order ? -1 : 1;
}

void tinet__findings_sort(struct tinet__findings *f)
{
  if (f->n > 1)
    qsort(f->items, f->n, sizeof *f->items, compare);
}

void tinet__findings_free(struct tinet__findings *f)
{
  for (size_t i = 0; i < f->n; i++)
    free_strings(&f->items[i].is);
  tinet__free(f->items);
  *f = (struct tinet__findings){NULL, 0, 0};
}

const char *tinet_ats_severity_name(tinet_ats_severity severity)
{
  static const char *const names[] = {"info", "warning", "error"};

  return names[severity];
}
