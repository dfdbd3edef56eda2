/* names.c - what services, types, domains and TXT strings may be called, and
 * the numbers of errors.
 */
#include "backend.h"

#include "../core/error.h"
#include "../core/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#define APP_MAX 15     /* rfc: 6335 5.1 */
#define STRING_MAX 255 /* of a TXT record's strings: the length is a byte */

/* ---- errors ---- */

static const struct {
  int number;
  const char *name;
} codes[] = {
    {TINET_BONJOUR_UNKNOWN, "UnknownError"},
    {TINET_BONJOUR_COLLISION, "NameCollisionError"},
    {TINET_BONJOUR_NOT_FOUND, "NotFoundError"},
    {TINET_BONJOUR_IN_PROGRESS, "InProgress"},
    {TINET_BONJOUR_BAD_ARGUMENT, "BadArgumentError"},
    {TINET_BONJOUR_CANCELLED, "Cancelled"},
    {TINET_BONJOUR_INVALID, "InvalidError"},
    {TINET_BONJOUR_TIMEOUT, "TimeoutError"},
    {TINET_BONJOUR_MISSING_CONFIG, "MissingRequiredConfigurationError"},
};

const char *tinet_bonjour_code_name(int number)
{
  for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
    if (codes[i].number == number)
      return codes[i].name;
  return "";
}

int tinet_bonjour_code_of(const tinet_error *err)
{
  if (!err || err->code == TINET_OK)
    return 0;
  if (err->origin == TINET_ORIGIN_BONJOUR)
    return (int)err->number;
  switch (err->code) {
  case TINET_EINVAL:
    return TINET_BONJOUR_BAD_ARGUMENT;
  case TINET_ESTATE:
  case TINET_EBUSY:
    return TINET_BONJOUR_IN_PROGRESS;
  case TINET_ECANCELED:
    return TINET_BONJOUR_CANCELLED;
  case TINET_ETIMEDOUT:
    return TINET_BONJOUR_TIMEOUT;
  case TINET_EPOLICY:
    return TINET_BONJOUR_MISSING_CONFIG;
  case TINET_ECOLLISION:
    return TINET_BONJOUR_COLLISION;
  case TINET_ENOTFOUND:
    return TINET_BONJOUR_NOT_FOUND;
  default:
    return TINET_BONJOUR_UNKNOWN;
  }
}

int tinet__bonjour_error(tinet_error *err, int code, int number,
                         const char *fmt, ...)
{
  char text[TINET_ERROR_TEXT_MAX];
  va_list args;

  va_start(args, fmt);
  (void)vsnprintf(text, sizeof text, fmt, args);
  va_end(args);
  return tinet__error_set(err, code, TINET_ORIGIN_BONJOUR, number, "%s", text);
}

static int refuse(tinet_error *err, const char *what)
{
  return tinet__bonjour_error(err, TINET_EINVAL, TINET_BONJOUR_BAD_ARGUMENT,
                              "%s", what);
}

/* ---- types, names, domains ---- */

/* Without the dot at its end. */
static size_t bare_len(const char *s)
{
  size_t len = strlen(s);

  return len > 0 && s[len - 1] == '.' ? len - 1 : len;
}

bool tinet_bonjour_is_same(const char *a, const char *b)
{
  if (!a || !b)
    return false;
  return tinet__ieqn(a, bare_len(a), b, bare_len(b));
}

static bool is_alnum(char c)
{
  return tinet__is_alpha(c) || tinet__is_digit(c);
}

/* What is wrong with the label behind its '_'; NULL: nothing.  rfc: 6335 5.1,
 * with the '_' that Apple takes as well */
static const char *label_fault(const char *app, size_t len)
{
  bool has_letter = false;

  if (len == 0)
    return "the type has no name";
  if (len > APP_MAX)
    return "the type's name is longer than 15 characters";
  for (size_t i = 0; i < len; i++) {
    if (!is_alnum(app[i]) && app[i] != '-' && app[i] != '_')
      return "a type's name is made of letters, digits, '-' and '_'";
    has_letter |= tinet__is_alpha(app[i]);
  }
  if (!has_letter)
    return "the type's name has no letter";
  if (!is_alnum(app[0]) || !is_alnum(app[len - 1]))
    return "a type's name begins and ends with a letter or digit";
  return NULL;
}

int tinet_bonjour_check_type(const char *type, tinet_error *err)
{
  const char *dot = type ? strchr(type, '.') : NULL;
  const char *fault;
  size_t rest;

  if (!dot || type[0] != '_')
    return refuse(err, "a type looks like _http._tcp");
  rest = bare_len(dot + 1);
  if (!tinet__ieqn(dot + 1, rest, "_tcp", 4) &&
      !tinet__ieqn(dot + 1, rest, "_udp", 4))
    return refuse(err, "a type ends in ._tcp or ._udp");
  fault = label_fault(type + 1, (size_t)(dot - type - 1));
  return fault ? refuse(err, fault) : TINET_OK;
}

int tinet__bonjour_check_subtype(const char *subtype, tinet_error *err)
{
  size_t len = subtype ? strlen(subtype) : 0;

  if (len < 2 || len > TINET_BONJOUR_NAME_MAX || subtype[0] != '_')
    return refuse(err, "a subtype looks like _printer");
  for (size_t i = 1; i < len; i++)
    if (!is_alnum(subtype[i]) && subtype[i] != '-' && subtype[i] != '_')
      return refuse(err, "a subtype is made of letters, digits, '-' and '_'");
  return TINET_OK;
}

int tinet_bonjour_check_name(const char *name, tinet_error *err)
{
  size_t len = name ? strlen(name) : 0;

  if (len == 0)
    return refuse(err, "the service has no name");
  if (len > TINET_BONJOUR_NAME_MAX)
    return refuse(err, "the service's name is longer than 63 bytes");
  if (!tinet__utf8_is_valid(name, len))
    return refuse(err, "the service's name is not UTF-8");
  return TINET_OK;
}

int tinet_bonjour_check_domain(const char *domain, tinet_error *err)
{
  if (!domain || !*domain || tinet_bonjour_is_same(domain, "local"))
    return TINET_OK;
  return refuse(err, "the only domain is local.");
}

/* ---- TXT ---- */

/* The length of the key of a string. */
static size_t key_len(const tinet_slice *s)
{
  const char *equals = s->len > 0 ? memchr(s->data, '=', s->len) : NULL;

  return equals ? (size_t)(equals - (const char *)s->data) : s->len;
}

/* rfc: 6763 6.4 */
static bool is_key(const char *key, size_t len)
{
  for (size_t i = 0; i < len; i++)
    if (key[i] < 0x20 || key[i] > 0x7e)
      return false;
  return len > 0;
}

int tinet_bonjour_check_txt(const tinet_slice *txt, size_t n_txt,
                            tinet_error *err)
{
  size_t total = 0;

  if (n_txt > 0 && !txt)
    return refuse(err, "no TXT strings");
  for (size_t i = 0; i < n_txt; i++) {
    if (txt[i].len == 0 || txt[i].len > STRING_MAX)
      return refuse(err, "a TXT string has 1 to 255 bytes");
    if (!is_key(txt[i].data, key_len(&txt[i])))
      return refuse(err, "a TXT string begins with a key of printable ASCII");
    total += txt[i].len + 1;
    if (total > TINET_BONJOUR_TXT_MAX)
      return refuse(err, "the TXT strings have more than 1300 bytes");
  }
  return TINET_OK;
}

bool tinet_bonjour_txt_find(const tinet_slice *txt, size_t n_txt,
                            const char *key, tinet_slice *ret_value)
{
  size_t wanted = key ? strlen(key) : 0;

  for (size_t i = 0; i < n_txt && wanted > 0; i++) {
    const char *data = txt[i].data;
    size_t len = key_len(&txt[i]);

    if (len == 0 || !tinet__ieqn(data, len, key, wanted))
      continue;
    *ret_value = (tinet_slice){NULL, 0};
    if (len < txt[i].len)
      *ret_value = (tinet_slice){data + len + 1, txt[i].len - len - 1};
    return true;
  }
  return false;
}

/* ---- renaming ---- */

#define NUMBER_MAX 999999u /* then the name begins anew */

/* The number of "Foo (12)" and where " (12)" begins; 1 and the end if there is
 * none. */
static unsigned number_of(const char *name, size_t *ret_base_len)
{
  size_t len = strlen(name), i;
  uint64_t n = 0;

  *ret_base_len = len;
  if (len < 5 || name[len - 1] != ')')
    return 1;
  for (i = len - 1; i > 0 && tinet__is_digit(name[i - 1]); i--)
    continue;
  if (i < 3 || name[i - 1] != '(' || name[i - 2] != ' ' || name[i] == '0')
    return 1;
  if (!tinet__parse_u64(name + i, len - 1 - i, &n) || n < 2 || n > NUMBER_MAX)
    return 1;
  *ret_base_len = i - 2;
  return (unsigned)n;
}

/* 1 ... 99 */
static unsigned random_step(void)
{
  unsigned n = 0;

  /* Without randomness the next number is as good: it only takes longer. */
  if (getrandom(&n, sizeof n, GRND_NONBLOCK) != (ssize_t)sizeof n)
    return 1;
  return n % 99 + 1;
}

/* Small numbers are for a person to read; from 10 on there seem to be many of
 * the name, and a random step ends the race sooner. */
static unsigned next_number(unsigned n)
{
  if (n < 10)
    return n + 1;
  n += random_step();
  return n <= NUMBER_MAX ? n : 2;
}

int tinet_bonjour_next_name(const char *name,
                            char ret_next[TINET_BONJOUR_NAME_MAX + 1])
{
  char suffix[16];
  size_t base_len, room;
  int len;

  if (!ret_next || tinet_bonjour_check_name(name, NULL) < 0)
    return TINET_EINVAL;
  len = snprintf(suffix, sizeof suffix, " (%u)",
                 next_number(number_of(name, &base_len)));
  room = TINET_BONJOUR_NAME_MAX - (size_t)len;
  if (base_len > room) {
    base_len = room;
    while (base_len > 0 && ((unsigned char)name[base_len] & 0xc0) == 0x80)
      base_len--;
  }
  memmove(ret_next, name, base_len); /* may be the same */
  memcpy(ret_next + base_len, suffix, (size_t)len + 1);
  return TINET_OK;
}
