/* scts.c - Certificate Transparency: enough promises by enough logs.
 *
 * Without a list of logs nothing can be counted; then it is a note, unless the
 * policy insists.  apple: CertificateTransparency
 */
#include "policy.h"

#define DAY 86400
#define CT_SINCE 1539648000        /* 2018-10-16 */
#define NEW_COUNT_SINCE 1618963200 /* 2021-04-21 */

/* Embedded timestamps a certificate of that age and life needs. */
static unsigned n_needed(const tinet_ats_certificate *leaf)
{
  int64_t days = (leaf->not_after - leaf->not_before) / DAY;

  if (leaf->not_before >= NEW_COUNT_SINCE)
    return days <= 180 ? 2 : days <= 825 ? 3 : 4;
  /* Months of 30.44 days. */
  return days < 457 ? 2 : days <= 822 ? 3 : days <= 1187 ? 4 : 5;
}

static bool is_enough(const tinet_ats_connection *c)
{
  const tinet_ats_scts *s = &c->scts;
  unsigned n_current = s->n_embedded_current + s->n_delivered;

  if (s->n_delivered > 0 && n_current >= 2)
    return true;
  return s->n_embedded_current > 0 &&
         s->n_embedded_once >= n_needed(&c->chain[0]);
}

void tinet__judge_scts(struct tinet__judge *j)
{
  const tinet_ats_connection *c = j->connection;
  bool is_insisted = (j->policy->flags & TINET_ATS_FLAG_REQUIRE_CT) != 0;

  if (c->chain_len == 0 ||
      (!is_insisted && (c->anchor != TINET_ATS_ANCHOR_SYSTEM ||
                        c->chain[0].not_before < CT_SINCE)))
    return;
  if (!c->scts.is_known && !is_insisted) {
    if (j->verdict)
      j->verdict->notes |= TINET_ATS_NOTE_CT_UNKNOWN;
    return;
  }
  if (!c->scts.is_known)
    tinet__judge_add(j, TINET_ATS_CERT_CT, 0,
                     "Certificate Transparency is required, and there is no "
                     "list of logs to judge by");
  else if (!is_enough(c))
    tinet__judge_add(j, TINET_ATS_CERT_CT, 0,
                     "Certificate Transparency: %u embedded and %u delivered "
                     "timestamps of known logs, %u embedded are needed",
                     c->scts.n_embedded_once, c->scts.n_delivered,
                     n_needed(&c->chain[0]));
}
