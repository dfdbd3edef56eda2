/* get.h - the parts of `tinet get`, one concern a file. */
#ifndef TINET_CLI_GET_H
#define TINET_CLI_GET_H

#include "cli.h"

#include <tinet/http.h>

/* ---- what was asked for (get_options.c) ---- */

enum get_body_kind {
  GET_BODY_NONE,
  GET_BODY_DATA,
  GET_BODY_JSON,
  GET_BODY_FORM
};

struct get_options {
  const char *url, *output, *method, *har, *proxy, *ca_file, *tls_keys;
  enum get_body_kind body_kind;
  const char *body;    /* of --data or --json */
  const char **fields; /* owned array; of --form */
  size_t n_fields;
  const char **headers; /* owned array; of --header */
  size_t n_headers;
  int64_t timeout_ms, max_time_ms; /* < 0 = the default */
  int verbosity;
  bool is_quiet, is_include, is_insecure, is_http1_only, no_redirect;
};

/* 0, an exit status, or CLI_PARSED_HELP. */
int get_options_parse(struct get_options *o, int argc, char **argv);
void get_options_free(struct get_options *o);
void get_help(FILE *out);
/* A --header argument: *ret_name is allocated, *ret_value borrowed or NULL for
 * "Name:".  false: it is none. */
bool get_header_split(const char *text, char **ret_name,
                      const char **ret_value);
bool get_has_header(const struct get_options *o, const char *name);
const char *get_method(const struct get_options *o);

/* ---- the request's body (get_body.c) ---- */

/* One --form argument, taken apart: `name=value` or
 * `name=@file[;type=T][;filename=F]`. */
struct get_field {
  char *name, *value;    /* owned; of a file, its path */
  char *type, *filename; /* owned, or NULL */
  bool is_file;
};
bool get_field_parse(const char *text, struct get_field *ret_field);
void get_field_free(struct get_field *f);

/* *ret_body is NULL if there is none.  0 or an exit status; printed. */
int get_body_make(const struct get_options *o, tinet_http_body **ret_body);

/* ---- continuing a partial file (get_resume.c): pure ---- */

enum get_resume {
  RESUME_APPEND,   /* the rest comes: write it behind what is there */
  RESUME_START,    /* the whole comes: write it from the start */
  RESUME_COMPLETE, /* nothing was missing */
  RESUME_AGAIN,    /* of no use: ask again for the whole */
  RESUME_KEEP, /* an error: the body is not the file's, keep what is there */
};

/* What a response says about the file. */
struct get_response {
  int status;
  const char *etag, *content_range, *content_encoding; /* NULL if absent */
};

/* Is it an entity tag that may be used to continue?  rfc: 9110 8.8.3 */
bool get_etag_is_strong(const char *etag);
/* `have` bytes are there, of the file with `etag`; 0 and NULL if this is no
 * attempt to continue. */
enum get_resume get_resume_decide(const struct get_response *r, uint64_t have,
                                  const char *etag);

/* ---- where the body goes (get_target.c) ---- */

struct get_target {
  const char *path;  /* borrowed; NULL = standard output */
  char *part, *info; /* owned; NULL if written directly */
  char *etag;        /* owned; of the partial file, NULL if it is of no use */
  int fd;            /* -1 while not open */
  bool is_new_part;  /* nothing worth keeping is in it */
  bool checks_text;  /* a terminal: refuse what is not text */
  uint64_t have;     /* bytes in the partial file */
};

/* Opens; prints what is wrong.  `url` tells whose partial file it may be. */
int get_target_open(struct get_target *t, const struct get_options *o);
bool get_target_can_continue(const struct get_target *t);
/* The first look at the response; see get_resume_decide(). */
int get_target_begin(struct get_target *t, const char *url,
                     const struct get_response *r, enum get_resume how);
int get_target_write(struct get_target *t, const void *data, size_t len);
/* The body is complete: the file gets its name. */
int get_target_finish(struct get_target *t);
/* Closes; an unfinished partial file stays if there is something in it. */
void get_target_close(struct get_target *t);

/* ---- the bar (get_progress.c) ---- */

struct get_progress {
  FILE *out; /* NULL = not shown */
  int64_t total;
  uint64_t start, now;   /* bytes that were there, bytes that are */
  double started, drawn; /* seconds */
  double rate;           /* bytes a second, smoothed; < 0 = not known yet */
  double rate_at;
  uint64_t rate_bytes;
  int width; /* of the line that stands there; 0 = none */
};

void get_progress_init(struct get_progress *p, bool is_shown);
void get_progress_begin(struct get_progress *p, uint64_t start, int64_t total);
void get_progress_update(struct get_progress *p, uint64_t now);
void get_progress_end(struct get_progress *p, bool is_complete);
/* Before something else is printed on that line. */
void get_progress_clear(struct get_progress *p);
/* One line of at most `width` columns; pure. */
void get_progress_line(const struct get_progress *p, double elapsed, int width,
                       char *to, size_t size);

/* ---- for people (get_verbose.c) and for tools (get_har.c) ---- */

/* What may be shown of a field: of credentials only their scheme.  In `text`,
 * or borrowed. */
const char *get_shown_value(const tinet_http_header *field, char text[64]);
void get_verbose_hop(const tinet_http_hop *hop, int verbosity, FILE *out);
/* Status line and header fields; made harmless for a terminal. */
void get_print_head(const tinet_http_client *c, FILE *out);

struct get_har;
struct get_har *get_har_new(const struct get_options *o);
void get_har_free(struct get_har *har); /* NULL is fine */
/* `content_len` is the decoded length, or < 0 = as received. */
void get_har_hop(struct get_har *har, const tinet_http_hop *hop,
                 int64_t content_len);
int get_har_write(struct get_har *har); /* 0 or an exit status; printed */

/* ---- ending early (get_signal.c) ---- */

struct get_signal;
/* From now on SIGINT, SIGTERM and SIGHUP call `on_signal` on the loop with
 * their number; a second one ends the process.  `on_tick`, if not NULL, is
 * called about five times a second.  NULL: then signals end it at once. */
struct get_signal *get_signal_open(tinet_loop *loop,
                                   void (*on_signal)(void *user, int number),
                                   void (*on_tick)(void *user), void *user);
void get_signal_close(struct get_signal *s); /* NULL is fine */

#endif
