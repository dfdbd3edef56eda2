/* sdbus_error.c - what the daemon's errors amount to, by their names. */
#include "sdbus_private.h"

#include "../core/error.h"

#include <errno.h>
#include <string.h>

#define BUS "org.freedesktop.DBus.Error."

/* As GNUstep maps Avahi's numbers, the one published precedent.  What stands in
 * neither table is TINET_ESYSTEM and TINET_BONJOUR_UNKNOWN. */
static const char *const bad_arguments[] = {
    TINET__AVAHI ".BadStateError",
    TINET__AVAHI ".InvalidAddressError",
    TINET__AVAHI ".InvalidDomainNameError",
    TINET__AVAHI ".InvalidFlagsError",
    TINET__AVAHI ".InvalidHostNameError",
    TINET__AVAHI ".InvalidKeyError",
    TINET__AVAHI ".InvalidPortError",
    TINET__AVAHI ".InvalidRecordError",
    TINET__AVAHI ".InvalidServiceNameError",
    TINET__AVAHI ".InvalidServiceSubtypeError",
    TINET__AVAHI ".InvalidServiceTypeError",
    TINET__AVAHI ".InvalidTTLError",
    TINET__AVAHI ".IsPatternError",
};
static const struct {
  const char *name;
  int code;
  int number;
} others[] = {
    {TINET__AVAHI ".CollisionError", TINET_ECOLLISION, TINET_BONJOUR_COLLISION},
    {TINET__AVAHI ".NotFoundError", TINET_ENOTFOUND, TINET_BONJOUR_NOT_FOUND},
    {TINET__AVAHI ".InvalidObjectError", TINET_ESYSTEM, TINET_BONJOUR_INVALID},
    {TINET__AVAHI ".InvalidOperationError", TINET_ESYSTEM,
     TINET_BONJOUR_INVALID},
    {TINET__AVAHI ".VersionMismatchError", TINET_ESYSTEM,
     TINET_BONJOUR_INVALID},
    {TINET__AVAHI ".TooManyClientsError", TINET_ELIMIT, TINET_BONJOUR_UNKNOWN},
    {TINET__AVAHI ".TooManyEntriesError", TINET_ELIMIT, TINET_BONJOUR_UNKNOWN},
    {TINET__AVAHI ".TooManyObjectsError", TINET_ELIMIT, TINET_BONJOUR_UNKNOWN},
    {TINET__AVAHI ".AccessDeniedError", TINET_EPERMISSION,
     TINET_BONJOUR_UNKNOWN},
    {TINET__AVAHI ".NotPermittedError", TINET_EPERMISSION,
     TINET_BONJOUR_UNKNOWN},
    {BUS "AccessDenied", TINET_EPERMISSION, TINET_BONJOUR_UNKNOWN},
    {BUS "LimitsExceeded", TINET_ELIMIT, TINET_BONJOUR_UNKNOWN},
};

static bool is_bad_argument(const char *name)
{
  for (size_t i = 0; i < sizeof bad_arguments / sizeof *bad_arguments; i++)
    if (strcmp(bad_arguments[i], name) == 0)
      return true;
  return false;
}

int tinet__sdbus_error(tinet_error *err, const char *what, const char *name,
                       const char *message)
{
  int code = TINET_ESYSTEM, number = TINET_BONJOUR_UNKNOWN;

  if (is_bad_argument(name)) {
    code = TINET_EINVAL;
    number = TINET_BONJOUR_BAD_ARGUMENT;
  }
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    if (strcmp(others[i].name, name) != 0)
      continue;
    code = others[i].code;
    number = others[i].number;
  }
  return tinet__bonjour_error(err, code, number, "%s: %s", what,
                              message && *message ? message : name);
}

int tinet__sdbus_errno(tinet_error *err, const char *what, int result)
{
  if (result == -ENOMEM)
    return tinet__error_set(err, TINET_ENOMEM, TINET_ORIGIN_TINET, 0, NULL);
  return tinet__error_errno(err, TINET_ESYSTEM, -result, "%s", what);
}

bool tinet__sdbus_is_loss(const char *name)
{
  static const char *const losses[] = {
      BUS "NoReply",        BUS "Timeout",  BUS "TimedOut",
      BUS "ServiceUnknown", BUS "NoServer", BUS "NameHasNoOwner",
      BUS "Disconnected",
  };

  for (size_t i = 0; i < sizeof losses / sizeof *losses; i++)
    if (strcmp(losses[i], name) == 0)
      return true;
  return false;
}
