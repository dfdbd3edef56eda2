/* get_resume.c - what a response means for a partial file.
 *
 * A file is only ever continued when the server has confirmed by a strong
 * entity tag that it is the same one, byte for byte.
 */
#include "get.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool get_etag_is_strong(const char *etag)
{
  size_t len = etag ? strlen(etag) : 0;

  return len >= 2 && etag[0] == '"' && strchr(etag + 1, '"') == etag + len - 1;
}

/* "bytes FIRST-LAST/LENGTH": does it begin at `have`?  rfc: 9110 14.4 */
static bool begins_at(const char *content_range, uint64_t have)
{
  char *end;
  unsigned long long first;

  if (!content_range || strncasecmp(content_range, "bytes ", 6) != 0 ||
      content_range[6] < '0' || content_range[6] > '9')
    return false;
  first = strtoull(content_range + 6, &end, 10);
  return *end == '-' && first == have;
}

/* "bytes * / LENGTH" of a 416. */
static bool is_length(const char *content_range, uint64_t have)
{
  char *end;
  unsigned long long length;

  if (!content_range || strncasecmp(content_range, "bytes */", 8) != 0 ||
      content_range[8] < '0' || content_range[8] > '9')
    return false;
  length = strtoull(content_range + 8, &end, 10);
  return *end == 0 && length == have;
}

static bool is_same(const struct get_response *r, const char *etag)
{
  return !r->etag || strcmp(r->etag, etag) == 0;
}

static bool is_coded(const struct get_response *r)
{
  return r->content_encoding &&
         strcasecmp(r->content_encoding, "identity") != 0;
}

enum get_resume get_resume_decide(const struct get_response *r, uint64_t have,
                                  const char *etag)
{
  if (!etag)
    return r->status < 400 ? RESUME_START : RESUME_KEEP;
  if (r->status == 206)
    return begins_at(r->content_range, have) && is_same(r, etag) && !is_coded(r)
               ? RESUME_APPEND
               : RESUME_AGAIN;
  /* The server looks at If-Range before it says 416: the tag was right. */
  if (r->status == 416)
    return is_length(r->content_range, have) && is_same(r, etag)
               ? RESUME_COMPLETE
               : RESUME_AGAIN;
  return r->status < 400 ? RESUME_START : RESUME_KEEP;
}
