/* spki_hash.c - pins as text.  rfc: 4648 4, rfc: 7469 2.4 */
#include <tinet/trust.h>

#include <string.h>

#include "../core/str.h"

#define PREFIX "sha256/"
#define N_DIGITS 43 /* of 32 bytes, without the padding */

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void tinet_spki_hash_text(const tinet_spki_hash *hash,
                          char text[TINET_SPKI_HASH_TEXT_MAX])
{
  char *to = text + sizeof PREFIX - 1;
  uint32_t bits = 0;
  int n_bits = 0;

  memcpy(text, PREFIX, sizeof PREFIX);
  for (size_t i = 0; i < sizeof hash->bytes; i++) {
    bits = bits << 8 | hash->bytes[i];
    for (n_bits += 8; n_bits >= 6; n_bits -= 6)
      *to++ = alphabet[bits >> (n_bits - 6) & 63];
  }
  *to++ = alphabet[bits << (6 - n_bits) & 63];
  *to++ = '=';
  *to = '\0';
}

int tinet_spki_hash_parse(const char *text, tinet_spki_hash *ret_hash)
{
  tinet_spki_hash hash;
  uint32_t bits = 0;
  size_t n = 0;
  int n_bits = 0;

  if (!text || !ret_hash)
    return TINET_EINVAL;
  if (strncmp(text, PREFIX, sizeof PREFIX - 1) == 0)
    text += sizeof PREFIX - 1;
  if (strlen(text) != N_DIGITS + 1 || text[N_DIGITS] != '=')
    return TINET_EINVAL;
  for (size_t i = 0; i < N_DIGITS; i++) {
    const char *at = strchr(alphabet, text[i]);

    if (!at)
      return TINET_EINVAL;
    bits = bits << 6 | (uint32_t)(at - alphabet);
    n_bits += 6;
    if (n_bits < 8)
      continue;
    n_bits -= 8;
    hash.bytes[n++] = (uint8_t)(bits >> n_bits);
  }
  if (n != sizeof hash.bytes || (bits & ((1u << n_bits) - 1)) != 0)
    return TINET_EINVAL;
  *ret_hash = hash;
  return TINET_OK;
}
