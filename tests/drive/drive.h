/* drive.h - what the files of the driver share.
 *
 * The driver is the program that tests written in Python speak to: it does what
 * the lines of its standard input say and prints a line of JSON for each
 * outcome.  The commands stand in the README of this folder.
 */
#ifndef TINET_TESTS_DRIVE_H
#define TINET_TESTS_DRIVE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tinet/http.h>

#define MAX_WORDS 8

/* What a callback does when its moment comes. */
enum action { ACTION_NONE, ACTION_ABORT, ACTION_FREE, ACTION_AGAIN };

/* One client and everything that is told to it between two sends. */
struct job {
  struct job *next;
  struct drive *drive;
  char *name;
  tinet_http_client *client;
  tinet_http_settings settings;
  char *strings[8]; /* what the settings point to */
  unsigned n_strings;
  tinet_http_body *body; /* not sent yet */
  tinet_http_form *form; /* not sent yet */
  char *moment; /* when to do `action`: "state 2", "send", "done" ... */
  enum action action;
  bool wants_text, is_streaming;

  /* What was reported since the last send. */
  char *events, *hops;
  size_t events_len, hops_len;
  FILE *events_out, *hops_out; /* write to those two; NULL once closed */
  unsigned n_events, n_hops, n_sends, n_datas;
  int64_t sent_sum, data_sum;
  tinet_http_progress last_send, last_data;
  uint64_t streamed_len;
  uint32_t streamed_crc;
};

#define MAX_TRUSTS 64
struct named_trust {
  char *name;
  tinet_trust *trust;
};

#define MAX_POLICIES 8
struct named_policy {
  char *name;
  tinet_ats_policy *policy;
};

struct drive {
  tinet_loop *loop;
  tinet_http *http; /* NULL until the first client */
  tinet_http_options options;
  char *option_strings[16];
  unsigned n_option_strings;
  struct named_trust trusts[MAX_TRUSTS];
  unsigned n_trusts;
  struct named_policy policies[MAX_POLICIES];
  unsigned n_policies;
  struct job *jobs;
  struct job *job; /* the one that commands are for */
};

/* json.c: what an outcome is printed with. */
void json_string(FILE *out, const char *text, size_t len);
void json_text(FILE *out, const char *text); /* NULL becomes null */
void json_base64(FILE *out, const unsigned char *data, size_t len);
uint32_t crc32_of(uint32_t crc, const void *data, size_t len);

/* report.c */
void report_outcome(struct job *job, const char *kind);
void report_hop(struct job *job, const tinet_http_hop *hop);
void report_call(const char *call, int err);
void report_call_text(const char *call, int err, const char *text);

/* job.c */
struct job *job_select(struct drive *drive, const char *name);
void job_begin(struct job *job); /* forgets the reports of the last send */
void job_free(struct job *job);

/* trust.c */
int ats_command(struct drive *drive, char **word, unsigned n);
int trust_command(struct drive *drive, char **word, unsigned n,
                  tinet_error *err);
/* cache.c; false: no such command */
bool cache_command(struct drive *drive, char **word, unsigned n);
tinet_trust *trust_find(struct drive *drive, const char *name);
void trust_free_all(struct drive *drive);
void report_tls_failure(FILE *out, const tinet_tls_failure *f);

/* body.c: returns whether the command was one for a body. */
bool body_command(struct job *job, char **word, unsigned n);
int body_take(struct job *job, tinet_http_body **ret_body);

#endif
