/* policy_values.c - single values, by the rules of Apple's parser.
 *
 * A wrong type counts as absent, but for numbers where a boolean should be: one
 * is YES, every other is NO.  Each is a finding.
 */
#include <string.h>

#include "policy.h"

static bool is_number(const struct tinet__value *value)
{
  return value->kind == TINET__VALUE_INTEGER ||
         value->kind == TINET__VALUE_REAL;
}

static bool is_one(const struct tinet__value *value)
{
  return value->kind == TINET__VALUE_INTEGER ? value->integer == 1
                                             : value->real == 1;
}

int tinet__read_switch(struct tinet__findings *f,
                       const struct tinet__value *value,
                       enum tinet__switch *ret_switch)
{
  if (!value)
    return TINET_OK;
  if (value->kind == TINET__VALUE_BOOL) {
    *ret_switch = value->boolean ? TINET__YES : TINET__NO;
    return TINET_OK;
  }
  if (is_number(value)) {
    *ret_switch = is_one(value) ? TINET__YES : TINET__NO;
    return tinet__findings_add(f, "type", &value->at, "<true/> or <false/>",
                               "%s is a number: iOS reads it as %s", value->key,
                               is_one(value) ? "YES" : "NO");
  }
  return tinet__findings_add(f, "type", &value->at, "<true/> or <false/>",
                             "%s is %s, not a boolean: iOS ignores it",
                             value->key, tinet__value_kind_name(value->kind));
}

int tinet__read_text(struct tinet__findings *f,
                     const struct tinet__value *value, const char **ret_text)
{
  *ret_text = NULL;
  if (!value)
    return TINET_OK;
  if (value->kind == TINET__VALUE_STRING) {
    *ret_text = value->text;
    return TINET_OK;
  }
  return tinet__findings_add(f, "type", &value->at, "<string>...</string>",
                             "%s is %s, not a string: iOS ignores it",
                             value->key, tinet__value_kind_name(value->kind));
}

int tinet__lint_newer(tinet_ats_policy *p, const struct tinet__value *value)
{
  return tinet__findings_add(&p->findings, "newer-key", &value->key_at, NULL,
                             "%s is not known to profile %s", value->key,
                             tinet_ats_profile_name(p->profile));
}

/* apple: NSRequiresNIAPTLSPackageVersion */
int tinet__read_niap(tinet_ats_policy *p, const struct tinet__value *value,
                     tinet_ats_niap *ret_niap, bool *ret_is_present)
{
  struct tinet__findings *f = &p->findings;
  const char *text;
  int err = tinet__read_text(f, value, &text);

  *ret_is_present = false;
  if (err < 0 || !text)
    return err;
  if (p->profile != TINET_ATS_PROFILE_CURRENT) /* iOS 26.4 */
    return tinet__lint_newer(p, value);
  *ret_is_present = true;
  if (strcmp(text, "FCP_v2.1") == 0 || strcmp(text, "recommended") == 0) {
    *ret_niap = TINET_ATS_NIAP_FCP_V2_1;
    return TINET_OK;
  }
  *ret_niap = TINET_ATS_NIAP_NONE;
  if (strcmp(text, "none") == 0)
    return TINET_OK;
  return tinet__findings_add(f, "niap", &value->at, "FCP_v2.1",
                             "'%s' is no NIAP package version", text);
}
