/* body_private.h - what the files of request bodies share. */
#ifndef TINET_HTTP_BODY_PRIVATE_H
#define TINET_HTTP_BODY_PRIVATE_H

#include "../core/buf.h"
#include "body.h"

enum tinet__segment_kind {
  TINET__SEGMENT_MEMORY,
  TINET__SEGMENT_FD,
  TINET__SEGMENT_READER,
};

/* A run of bytes from one place. */
struct tinet__segment {
  enum tinet__segment_kind kind;
  const char *data; /* MEMORY; owned unless `release` */
  int fd;           /* FD; owned; read with pread() */
  uint64_t offset;
  char *path; /* owned; for messages and the file name, or NULL */
  tinet_http_reader reader;
  void (*release)(void *user);
  void *release_user;
  int64_t len;  /* -1 = unknown (READER) */
  bool is_lent; /* a form's content owns what is in here */
};

struct tinet_http_body {
  char *type;                      /* owned, or NULL */
  bool has_default_type;           /* of bytes; not meant for a part */
  struct tinet__segment *segments; /* owned */
  size_t n_segments, cap;
  int64_t len; /* of all; -1 = unknown */
  /* where reading is */
  size_t at_segment;
  uint64_t at_byte;
  bool has_read;         /* something of a reader was taken */
  tinet_http_form *form; /* owned, or NULL */
  bool is_prepared;
};

enum tinet__field_kind {
  TINET__FIELD_TEXT,
  TINET__FIELD_JSON,
  TINET__FIELD_FILE,
};

struct tinet__field {
  enum tinet__field_kind kind;
  char *name;  /* owned */
  char *value; /* owned; text and JSON */
  size_t value_len;
  char *filename;           /* owned; file */
  tinet_http_body *content; /* owned; file */
};

struct tinet_http_form {
  struct tinet__field *fields; /* owned */
  size_t n_fields, cap;
  bool has_file;
};

/* Adds a segment, which is taken (also on failure). */
int tinet__body_add(tinet_http_body *b,
                    struct tinet__segment *segment) TINET_MUST_CHECK;
/* Adds a copy of memory. */
int tinet__body_add_copy(tinet_http_body *b, const void *data,
                         size_t len) TINET_MUST_CHECK;
int tinet__body_set_type(tinet_http_body *b, const char *type) TINET_MUST_CHECK;

/* form.c: "a=1&b=2" by the WHATWG's rules. */
int tinet__form_urlencode(const tinet_http_form *form,
                          struct tinet__buf *to) TINET_MUST_CHECK;
/* multipart.c: the segments of a multipart/form-data body, and its type.  The
 * contents of file fields are lent to `b`. */
int tinet__multipart_build(const tinet_http_form *form,
                           tinet_http_body *b) TINET_MUST_CHECK;

#endif
