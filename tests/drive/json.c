/* json.c - the little of JSON that an outcome is printed with. */
#include "drive.h"

void json_string(FILE *out, const char *text, size_t len)
{
  fputc('"', out);
  for (size_t i = 0; i < len; i++) {
    unsigned char c = (unsigned char)text[i];

    /* A byte that is not ASCII becomes the code point of its number: what was
     * received need not be UTF-8, and the tests compare bytes. */
    if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\')
      fprintf(out, "\\u%04x", c);
    else
      fputc(c, out);
  }
  fputc('"', out);
}

void json_text(FILE *out, const char *text)
{
  if (text == NULL)
    fputs("null", out);
  else
    json_string(out, text, strlen(text));
}

void json_base64(FILE *out, const unsigned char *data, size_t len)
{
  static const char digits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

  fputc('"', out);
  for (size_t i = 0; i < len; i += 3) {
    uint32_t three = (uint32_t)data[i] << 16;

    if (i + 1 < len)
      three |= (uint32_t)data[i + 1] << 8;
    if (i + 2 < len)
      three |= data[i + 2];
    fputc(digits[three >> 18], out);
    fputc(digits[three >> 12 & 63], out);
    fputc(i + 1 < len ? digits[three >> 6 & 63] : '=', out);
    fputc(i + 2 < len ? digits[three & 63] : '=', out);
  }
  fputc('"', out);
}

static void fill_crc_table(uint32_t *table)
{
  for (uint32_t i = 0; i < 256; i++) {
    table[i] = i;
    for (int bit = 0; bit < 8; bit++)
      table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0xedb88320u : 0);
  }
}

uint32_t crc32_of(uint32_t crc, const void *data, size_t len)
{
  static uint32_t table[256];
  const unsigned char *byte = data;

  if (table[1] == 0)
    fill_crc_table(table);
  crc = ~crc;
  for (size_t i = 0; i < len; i++)
    crc = table[(crc ^ byte[i]) & 255] ^ crc >> 8;
  return ~crc;
}
