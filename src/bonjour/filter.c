/* filter.c - the strict reader in front of avahi-core.
 *
 * avahi-core was written for a daemon that may die: crafted packets, CNAMEs
 * above all, run into its assertions or worse.  Here it lives in somebody's
 * process, so it sees a datagram only if
 * - its length is one of multicast DNS, and its opcode 0,
 * - every name can be walked: labels of up to 63 bytes and without NUL, up to
 *   254 bytes in all, compression pointers strictly backwards, few of them,
 * - there are as many questions and records as announced,
 * - the data of each record is what its type says, to the byte,
 * - and no record is an alias: hosts known only by an mDNS CNAME stay unseen.
 */
#include "filter.h"

#define HEADER_LEN 12u
#define DATAGRAM_MAX 9000u /* rfc: 6762 17 */
#define NAME_MAX_LEN 254u
#define MAX_POINTERS 32

#define TYPE_A 1u
#define TYPE_NS 2u
#define TYPE_CNAME 5u
#define TYPE_PTR 12u
#define TYPE_HINFO 13u
#define TYPE_TXT 16u
#define TYPE_AAAA 28u
#define TYPE_SRV 33u
#define TYPE_DNAME 39u

struct reader {
  const uint8_t *data;
  size_t len;
  size_t at;
};

static unsigned u16_at(const struct reader *r, size_t at)
{
  return (unsigned)r->data[at] << 8 | r->data[at + 1];
}

/* Follows a label at `at`; its length is good, and none of it NUL. */
static bool is_label(const struct reader *r, size_t at, size_t len)
{
  if (len > 63 || len >= r->len - at)
    return false;
  for (size_t i = 1; i <= len; i++)
    if (r->data[at + i] == 0)
      return false;
  return true;
}

/* Where the pointer at `at` leads; it must lead before `before`, the lowest
 * place that this name has been at, or there would be loops. */
static bool follow(const struct reader *r, size_t at, size_t before,
                   size_t *ret_to)
{
  if (r->len - at < 2)
    return false;
  *ret_to = u16_at(r, at) & 0x3fff;
  return *ret_to >= HEADER_LEN && *ret_to < before;
}

/* Walks a name and puts the reader behind it. */
static bool skip_name(struct reader *r)
{
  size_t at = r->at, lowest = r->at, total = 0, end = 0;
  int n_pointers = 0;

  while (at < r->len) {
    size_t len = r->data[at];

    if (len == 0) {
      r->at = end ? end : at + 1;
      return true;
    }
    if (len >= 0xc0) {
      end = end ? end : at + 2;
      if (++n_pointers > MAX_POINTERS || !follow(r, at, lowest, &at))
        return false;
      lowest = at;
      continue;
    }
    total += len + 1;
    if (!is_label(r, at, len) || total > NAME_MAX_LEN)
      return false;
    at += len + 1;
  }
  return false;
}

/* A name that fills exactly what is left up to `end`. */
static bool is_name_to(const struct reader *r, size_t from, size_t end)
{
  struct reader inner = {r->data, r->len, from};

  return from < end && skip_name(&inner) && inner.at == end;
}

/* Whole character strings up to `end`; 0 if they do not end there. */
static unsigned n_strings_to(const struct reader *r, size_t from, size_t end)
{
  unsigned n = 0;

  while (from < end) {
    from += 1 + (size_t)r->data[from];
    n++;
  }
  return from == end ? n : 0;
}

static bool is_rdata(const struct reader *r, unsigned type, size_t len)
{
  size_t from = r->at, end = r->at + len;

  switch (type) {
  case TYPE_A:
    return len == 4;
  case TYPE_AAAA:
    return len == 16;
  case TYPE_NS:
  case TYPE_PTR:
    return is_name_to(r, from, end);
  case TYPE_SRV:
    return len >= 7 && is_name_to(r, from + 6, end);
  case TYPE_TXT:
    return n_strings_to(r, from, end) > 0;
  case TYPE_HINFO:
    return n_strings_to(r, from, end) == 2;
  default:
    return true; /* opaque bytes to everybody */
  }
}

static enum tinet__mdns_verdict check_question(struct reader *r)
{
  if (r->at >= r->len)
    return TINET__MDNS_COUNT;
  if (!skip_name(r))
    return TINET__MDNS_NAME;
  if (r->len - r->at < 4)
    return TINET__MDNS_COUNT;
  r->at += 4;
  return TINET__MDNS_PASS;
}

static enum tinet__mdns_verdict check_record(struct reader *r)
{
  unsigned type;
  size_t len;

  if (r->at >= r->len)
    return TINET__MDNS_COUNT;
  if (!skip_name(r))
    return TINET__MDNS_NAME;
  if (r->len - r->at < 10)
    return TINET__MDNS_COUNT;
  type = u16_at(r, r->at);
  len = u16_at(r, r->at + 8);
  r->at += 10;
  if (r->len - r->at < len)
    return TINET__MDNS_COUNT;
  if (type == TYPE_CNAME || type == TYPE_DNAME)
    return TINET__MDNS_ALIAS;
  if (!is_rdata(r, type, len))
    return TINET__MDNS_RDATA;
  r->at += len;
  return TINET__MDNS_PASS;
}

enum tinet__mdns_verdict tinet__mdns_check(const void *data, size_t len)
{
  struct reader r = {data, len, HEADER_LEN};
  enum tinet__mdns_verdict verdict = TINET__MDNS_PASS;
  size_t n_questions, n_records;

  if (len < HEADER_LEN || len > DATAGRAM_MAX)
    return TINET__MDNS_LENGTH;
  if (r.data[2] & 0x78)
    return TINET__MDNS_OPCODE;
  n_questions = u16_at(&r, 4);
  n_records = (size_t)u16_at(&r, 6) + u16_at(&r, 8) + u16_at(&r, 10);
  for (size_t i = 0; i < n_questions && verdict == TINET__MDNS_PASS; i++)
    verdict = check_question(&r);
  for (size_t i = 0; i < n_records && verdict == TINET__MDNS_PASS; i++)
    verdict = check_record(&r);
  return verdict;
}
