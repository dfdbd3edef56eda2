/* idna.c - host names with letters beyond ASCII.  UTS #46, non-transitional. */
#include "idna.h"

#include "alloc.h"
#include "error.h"

#include <idn2.h>

int tinet__idna_to_ascii(const char *host, char **ret_ascii, tinet_error *err)
{
  char *ascii = NULL;
  int rc = idn2_to_ascii_8z(host, &ascii,
                            IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL |
                                IDN2_USE_STD3_ASCII_RULES);

  if (rc == IDN2_MALLOC)
    return tinet__error_set(err, TINET_ENOMEM, TINET_ORIGIN_TINET, 0, NULL);
  if (rc != IDN2_OK)
    return tinet__error_set(err, TINET_EURL, TINET_ORIGIN_TINET, 0,
                            "the host name '%s' is not valid: %s", host,
                            idn2_strerror(rc));
  *ret_ascii = tinet__strdup(ascii);
  idn2_free(ascii);
  if (!*ret_ascii)
    return tinet__error_set(err, TINET_ENOMEM, TINET_ORIGIN_TINET, 0, NULL);
  return TINET_OK;
}
