/* media_type.c - the media type of a file, by its extension, and back. */
#include "media_type.h"

#include "../core/str.h"

#include <string.h>
#include <tinet/http.h>

static const struct {
  const char *extension, *type;
} types[] = {
    {"txt", "text/plain"},
    {"html", "text/html"},
    {"htm", "text/html"},
    {"css", "text/css"},
    {"csv", "text/csv"},
    {"md", "text/markdown"},
    {"ics", "text/calendar"},
    {"vcf", "text/vcard"},
    {"js", "text/javascript"},
    {"mjs", "text/javascript"},
    {"json", "application/json"},
    {"xml", "application/xml"},
    {"pdf", "application/pdf"},
    {"zip", "application/zip"},
    {"gz", "application/gzip"},
    {"tar", "application/x-tar"},
    {"7z", "application/x-7z-compressed"},
    {"bin", "application/octet-stream"},
    {"rtf", "application/rtf"},
    {"doc", "application/msword"},
    {"docx", "application/"
             "vnd.openxmlformats-officedocument.wordprocessingml.document"},
    {"xls", "application/vnd.ms-excel"},
    {"xlsx",
     "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    {"ppt", "application/vnd.ms-powerpoint"},
    {"pptx",
     "application/vnd.openxmlformats-officedocument.presentationml.presentatio"
     "n"},
    {"wasm", "application/wasm"},
    {"sqlite", "application/vnd.sqlite3"},
    {"jpg", "image/jpeg"},
    {"jpeg", "image/jpeg"},
    {"png", "image/png"},
    {"gif", "image/gif"},
    {"svg", "image/svg+xml"},
    {"webp", "image/webp"},
    {"avif", "image/avif"},
    {"heic", "image/heic"},
    {"tif", "image/tiff"},
    {"tiff", "image/tiff"},
    {"bmp", "image/bmp"},
    {"ico", "image/vnd.microsoft.icon"},
    {"mp3", "audio/mpeg"},
    {"m4a", "audio/mp4"},
    {"aac", "audio/aac"},
    {"wav", "audio/wav"},
    {"ogg", "audio/ogg"},
    {"opus", "audio/ogg"},
    {"flac", "audio/flac"},
    {"mp4", "video/mp4"},
    {"m4v", "video/mp4"},
    {"mov", "video/quicktime"},
    {"webm", "video/webm"},
    {"mpeg", "video/mpeg"},
    {"avi", "video/x-msvideo"},
    {"3gp", "video/3gpp"},
    {"woff", "font/woff"},
    {"woff2", "font/woff2"},
    {"ttf", "font/ttf"},
    {"otf", "font/otf"},
};

#define N_TYPES (sizeof types / sizeof *types)

const char *tinet_http_media_type(const char *filename)
{
  const char *slash = filename ? strrchr(filename, '/') : NULL;
  const char *name = slash ? slash + 1 : filename;
  const char *dot = name ? strrchr(name, '.') : NULL;

  for (size_t i = 0; dot && i < N_TYPES; i++)
    if (tinet__ieq(dot + 1, types[i].extension))
      return types[i].type;
  return "application/octet-stream";
}

const char *tinet__media_extension(const char *type)
{
  size_t len = type ? strcspn(type, "; \t") : 0;

  for (size_t i = 0; i < N_TYPES; i++)
    if (tinet__ieqn(type ? type : "", len, types[i].type,
                    strlen(types[i].type)))
      return types[i].extension;
  return NULL;
}
