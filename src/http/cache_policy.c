/* cache_policy.c - stored or not, fresh or stale.
 *
 * Where a response says two things, the stricter one counts: no-store before
 * public, must-revalidate before stale-if-error.
 */
#include "cache_policy.h"

#include <string.h>

static int64_t at_least_0(int64_t value)
{
  return value > 0 ? value : 0;
}

static bool date_field(const struct tinet__headers *h, const char *name,
                       int64_t now_s, int64_t *ret_s)
{
  const char *text = tinet__headers_get(h, name);

  return text && tinet__http_date_parse(text, strlen(text), now_s, ret_s);
}

/* ---- storing ---- */

static bool is_heuristic_status(int status)
{
  static const int known[] = {200, 203, 204, 300, 301, 308,
                              404, 405, 410, 414, 501}; /* rfc: 9110 15.1 */

  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (known[i] == status)
      return true;
  return false;
}

/* Statuses that this cache cannot or should not replay: parts, answers to a
 * condition, and challenges, whose nonces grow old. */
static bool is_replayable(int status)
{
  return status >= 200 && status <= 599 && status != 206 && status != 304 &&
         status != 401 && status != 407;
}

static bool is_forbidden(const struct tinet__cache_control *cc, int status)
{
  if (cc->must_understand) /* rfc: 9111 5.2.2.3 */
    return !is_heuristic_status(status) && status != 302 && status != 307;
  return cc->no_store;
}

/* rfc: 5861 3, 4 */
static bool is_used_stale(const struct tinet__cache_control *cc)
{
  return !cc->must_revalidate &&
         (cc->stale_if_error > 0 || cc->stale_while_revalidate > 0);
}

bool tinet__cache_is_storable(const struct tinet__headers *request,
                              const struct tinet__cache_response *r)
{
  struct tinet__cache_control asked, cc;

  tinet__cache_control_parse(request, &asked);
  tinet__cache_control_parse(r->headers, &cc);
  if (asked.no_store || !is_replayable(r->status) ||
      is_forbidden(&cc, r->status) ||
      tinet__headers_lists(r->headers, "Vary", "*"))
    return false;
  if (!cc.is_public && !cc.is_private && cc.max_age == TINET__DELTA_NONE &&
      !tinet__headers_get(r->headers, "Expires") &&
      !is_heuristic_status(r->status))
    return false;
  if (tinet__cache_has_validator(r->headers))
    return true;
  return !cc.no_cache && (tinet__cache_lifetime(r) > 0 || is_used_stale(&cc));
}

static bool is_hop_by_hop(const char *name)
{
  static const char *const names[] = {"Connection",
                                      "Keep-Alive",
                                      "Proxy-Authenticate",
                                      "Proxy-Authentication-Info",
                                      "Proxy-Connection",
                                      "Proxy-Authorization",
                                      "TE",
                                      "Trailer",
                                      "Transfer-Encoding",
                                      "Upgrade"};

  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (tinet__ieq(names[i], name))
      return true;
  return false;
}

static bool is_stored_field(const struct tinet__headers *response,
                            const char *name)
{
  return !is_hop_by_hop(name) &&
         !tinet__headers_lists(response, "Connection", name) &&
         !tinet__cache_control_names(response, name);
}

static int add_field(struct tinet__headers *to,
                     const struct tinet__headers *from, size_t i)
{
  return tinet__headers_add(
      to, tinet__headers_name(from, i), from->fields[i].name_len,
      tinet__headers_value(from, i), from->fields[i].value_len);
}

int tinet__cache_storable_fields(const struct tinet__headers *response,
                                 struct tinet__headers *to)
{
  tinet__headers_reset(to);
  for (size_t i = 0; i < response->n_fields; i++) {
    int err;

    if (!is_stored_field(response, tinet__headers_name(response, i)))
      continue;
    err = add_field(to, response, i);
    if (err < 0)
      return err;
  }
  return TINET_OK;
}

/* ---- freshness ---- */

static int64_t heuristic(const struct tinet__cache_response *r,
                         const struct tinet__cache_control *cc, int64_t date_s)
{
  int64_t modified_s, tenth;

  if ((!is_heuristic_status(r->status) && !cc->is_public) ||
      !date_field(r->headers, "Last-Modified", r->response_s, &modified_s))
    return 0;
  tenth = at_least_0(date_s - modified_s) / 10;
  return tenth < TINET__HEURISTIC_MAX_S ? tenth : TINET__HEURISTIC_MAX_S;
}

static int64_t date_of(const struct tinet__cache_response *r)
{
  int64_t date_s;

  if (date_field(r->headers, "Date", r->response_s, &date_s))
    return date_s;
  return r->response_s;
}

int64_t tinet__cache_lifetime(const struct tinet__cache_response *r)
{
  struct tinet__cache_control cc;
  int64_t expires_s;

  tinet__cache_control_parse(r->headers, &cc);
  if (cc.max_age != TINET__DELTA_NONE)
    return cc.max_age;
  if (date_field(r->headers, "Expires", r->response_s, &expires_s))
    return at_least_0(expires_s - date_of(r));
  if (tinet__headers_get(r->headers, "Expires"))
    return 0; /* rfc: 9111 5.3 - "0" and the like: already expired */
  return heuristic(r, &cc, date_of(r));
}

static int64_t age_field(const struct tinet__headers *h)
{
  const char *text = tinet__headers_get(h, "Age");
  struct tinet__span rest = {text, text ? strlen(text) : 0}, item;
  uint64_t age;

  if (!tinet__list_next(&rest, &item))
    return 0;
  for (size_t i = 0; i < item.len; i++)
    if (!tinet__is_digit(item.p[i]))
      return 0; /* rfc: 9111 5.1 - ignored */
  if (!tinet__parse_u64(item.p, item.len, &age) || age > TINET__DELTA_MAX)
    return TINET__DELTA_MAX;
  return (int64_t)age;
}

/* rfc: 9111 4.2.3 */
int64_t tinet__cache_age(const struct tinet__cache_response *r, int64_t now_s)
{
  int64_t apparent = at_least_0(r->response_s - date_of(r));
  int64_t corrected =
      age_field(r->headers) + at_least_0(r->response_s - r->request_s);
  int64_t initial = apparent > corrected ? apparent : corrected;

  if (now_s < r->response_s)
    return TINET__DELTA_MAX; /* the clock was set back: nobody knows */
  return initial + (now_s - r->response_s);
}

/* What the two sides ask for, and where the response stands. */
struct standing {
  struct tinet__cache_control asked, said;
  int64_t age, lifetime;
};

static void take_stock(const struct tinet__headers *request,
                       const struct tinet__cache_response *r, int64_t now_s,
                       struct standing *s)
{
  tinet__cache_control_parse(request, &s->asked);
  tinet__cache_control_parse(r->headers, &s->said);
  s->age = tinet__cache_age(r, now_s);
  s->lifetime = tinet__cache_lifetime(r);
  if (!s->asked.has_any && tinet__headers_lists(request, "Pragma", "no-cache"))
    s->asked.no_cache = true; /* rfc: 9111 5.4 */
}

static bool takes_stale(const struct standing *s, int64_t over)
{
  return s->asked.max_stale == TINET__DELTA_ANY ||
         (s->asked.max_stale != TINET__DELTA_NONE &&
          over <= s->asked.max_stale);
}

static enum tinet__cache_verdict decide_stale(const struct standing *s)
{
  int64_t over = s->age - s->lifetime;
  bool is_too_old =
      s->asked.max_age != TINET__DELTA_NONE && s->age > s->asked.max_age;

  if (s->said.must_revalidate && over >= 0)
    return TINET__CACHE_VALIDATE;
  if (is_too_old && s->age - s->asked.max_age > over)
    over = s->age - s->asked.max_age;
  if (takes_stale(s, over))
    return TINET__CACHE_STALE;
  if (is_too_old || s->said.stale_while_revalidate == TINET__DELTA_NONE ||
      over > s->said.stale_while_revalidate)
    return TINET__CACHE_VALIDATE;
  return TINET__CACHE_REFRESH;
}

enum tinet__cache_verdict
tinet__cache_decide(const struct tinet__headers *request,
                    const struct tinet__cache_response *r, int64_t now_s)
{
  struct standing s;
  bool is_young;

  take_stock(request, r, now_s, &s);
  if (s.asked.no_cache || s.said.no_cache)
    return TINET__CACHE_VALIDATE;
  if (s.asked.min_fresh != TINET__DELTA_NONE &&
      s.lifetime - s.age < s.asked.min_fresh)
    return TINET__CACHE_VALIDATE;
  is_young = s.asked.max_age == TINET__DELTA_NONE || s.age <= s.asked.max_age;
  if (s.lifetime > s.age && is_young)
    return TINET__CACHE_FRESH;
  return decide_stale(&s);
}

bool tinet__cache_may_cover_error(const struct tinet__headers *request,
                                  const struct tinet__cache_response *r,
                                  int64_t now_s)
{
  struct standing s;
  int64_t most;

  take_stock(request, r, now_s, &s);
  if (s.asked.no_cache || s.said.no_cache || s.said.must_revalidate)
    return false;
  most = s.asked.stale_if_error > s.said.stale_if_error ? s.asked.stale_if_error
                                                        : s.said.stale_if_error;
  return most != TINET__DELTA_NONE && s.age - s.lifetime <= most;
}

/* ---- validation ---- */

bool tinet__cache_has_validator(const struct tinet__headers *stored)
{
  return tinet__headers_get(stored, "ETag") ||
         tinet__headers_get(stored, "Last-Modified");
}

int tinet__cache_add_validators(const struct tinet__headers *stored,
                                struct tinet__headers *request)
{
  const char *tag = tinet__headers_get(stored, "ETag");
  const char *modified = tinet__headers_get(stored, "Last-Modified");
  int err = TINET_OK;

  if (tag)
    err = tinet__headers_set(request, "If-None-Match", tag);
  if (err == TINET_OK && modified)
    err = tinet__headers_set(request, "If-Modified-Since", modified);
  return err;
}

static const char *without_weak(const char *tag)
{
  return strncmp(tag, "W/", 2) == 0 ? tag + 2 : tag;
}

bool tinet__cache_is_same(const struct tinet__headers *stored,
                          const struct tinet__headers *not_modified)
{
  const char *had = tinet__headers_get(stored, "ETag");
  const char *has = tinet__headers_get(not_modified, "ETag");

  if (had && has)
    return strcmp(without_weak(had), without_weak(has)) == 0;
  if (has && *has == '"')
    return false; /* a strong validator that nobody stored */
  had = tinet__headers_get(stored, "Last-Modified");
  has = tinet__headers_get(not_modified, "Last-Modified");
  return !had || !has || strcmp(had, has) == 0;
}

/* They describe the stored bytes, which a 304 does not change. */
static bool is_kept(const char *name)
{
  static const char *const names[] = {"Content-Length", "Content-Encoding",
                                      "Content-Range", "Content-Type"};

  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (tinet__ieq(names[i], name))
      return true;
  return false;
}

static bool replaces(const struct tinet__headers *not_modified,
                     const char *name)
{
  return is_stored_field(not_modified, name) && !is_kept(name);
}

/* Is this stored field of no use after the 304? */
static bool is_outdated(const struct tinet__headers *not_modified,
                        const char *name)
{
  if (tinet__ieq(name, "Age"))
    return true; /* it spoke of the response before */
  return tinet__headers_get(not_modified, name) && replaces(not_modified, name);
}

int tinet__cache_update(struct tinet__headers *stored,
                        const struct tinet__headers *not_modified)
{
  struct tinet__headers fresh = {0};
  int err = TINET_OK;

  for (size_t i = 0; err == TINET_OK && i < stored->n_fields; i++)
    if (!is_outdated(not_modified, tinet__headers_name(stored, i)))
      err = add_field(&fresh, stored, i);
  for (size_t i = 0; err == TINET_OK && i < not_modified->n_fields; i++)
    if (replaces(not_modified, tinet__headers_name(not_modified, i)))
      err = add_field(&fresh, not_modified, i);
  if (err < 0) {
    tinet__headers_free(&fresh);
    return err;
  }
  tinet__headers_free(stored);
  *stored = fresh;
  return TINET_OK;
}

/* ---- which requests ---- */

bool tinet__cache_is_bypassed(const struct tinet__headers *request)
{
  static const char *const names[] = {"If-None-Match", "If-Modified-Since",
                                      "If-Match",      "If-Unmodified-Since",
                                      "If-Range",      "Range"};

  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (tinet__headers_get(request, names[i]))
      return true;
  return false;
}

bool tinet__cache_is_unsafe(const char *method)
{
  static const char *const safe[] = {"GET", "HEAD", "OPTIONS", "TRACE"};

  for (size_t i = 0; i < sizeof safe / sizeof *safe; i++)
    if (strcmp(safe[i], method) == 0)
      return false;
  return true;
}
