/* titanium.h - the Info.plist that Titanium's iOS build makes of a project. */
#ifndef TINET_ATS_TITANIUM_H
#define TINET_ATS_TITANIUM_H

#include "dom.h"
#include "value.h"

/* What of a tiapp.xml the rules look at. */
struct tinet__tiapp_ats {
  struct tinet__place at;        /* of the document's first element */
  const struct tinet__node *ios; /* NULL: none */
  const char *sdk_version;       /* "" if it is not there */
  bool has_analytics;            /* <analytics>, and not false */
  bool is_whitelist_off;         /* property ios.whitelist.appcelerator.com */
  bool has_whitelist;
  struct tinet__place whitelist_at;
};

/* Findings of the document go to `findings`. */
int tinet__tiapp_ats_read(const struct tinet__dom *dom,
                          struct tinet__findings *findings,
                          struct tinet__tiapp_ats *ret_tiapp) TINET_MUST_CHECK;

/* Makes the whole Info.plist in `tree`: `base` (the root dictionary of the
 * project's own Info.plist; NULL: none), over it what stands in tiapp.xml, then
 * the ATS step of the SDK `version` (NULL: the one tiapp.xml names, or 13).
 * Values that the builder adds have a place whose source is
 * TINET__SOURCE_INJECTED.  TINET_ESYNTAX, TINET_ELIMIT, TINET_ENOMEM. */
int tinet__titanium_effective(const struct tinet__tiapp_ats *tiapp,
                              const struct tinet__value *base,
                              const char *version,
                              struct tinet__findings *findings,
                              struct tinet__value_tree *tree,
                              tinet_error *err) TINET_MUST_CHECK;

#endif
