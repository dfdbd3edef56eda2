/* base.c - the library's own version. */
#include <tinet/base.h>

const char *tinet_version(void)
{
  return TINET_VERSION;
}
