/* media_type.h - media types and file name extensions. */
#ifndef TINET_HTTP_MEDIA_TYPE_H
#define TINET_HTTP_MEDIA_TYPE_H

/* The extension (without dot) for a media type, parameters ignored; NULL if
 * not known.  Static. */
const char *tinet__media_extension(const char *type);

#endif
