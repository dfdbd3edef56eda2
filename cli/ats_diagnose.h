/* ats_diagnose.h - what `tinet ats diagnose` finds out about a URL, and how it
 * is written. */
#ifndef TINET_CLI_ATS_DIAGNOSE_H
#define TINET_CLI_ATS_DIAGNOSE_H

#include "ats.h"
#include <tinet/ats_diagnose.h>

#define ATS_MAX_HOPS 21 /* the first, and as many redirects as are followed */
#define ATS_MAX_URL 2048

struct diagnose_options {
  tinet_ats_options ats;
  const char *policy_path;  /* NULL = Apple's default */
  tinet_ats_policy *policy; /* owned */
  tinet_ats_direct direct;
  const char *ca_file;                /* NULL = none */
  tinet_ats_authorities *authorities; /* owned */
  tinet_ats_probe_options probe;      /* ->host and ->port are the URL's */
  bool follows;                       /* --http */
  bool denies_exceptions;             /* --no-exceptions */
  bool is_verbose;
  bool is_coloured; /* the text is for a terminal */
};

/* One hop: the URL, or what it redirects to. */
struct diagnose_hop {
  char url[ATS_MAX_URL];
  char scheme[8];
  char host[256];
  uint16_t port;
  bool is_https;
  bool is_address;          /* the host is one */
  bool is_local;            /* which ATS exempts unless there is an entry */
  tinet_ats_server *server; /* NULL for http ... */
  bool owns_server;         /* else it is that of an earlier hop */
  tinet_error error;        /* why it could not be judged; code 0 = it was */
  tinet_ats_verdict verdict;
  const tinet_ats_probe *used;
  bool has_relief; /* an entry can help ... */
  tinet_ats_relief relief;
  int http_status; /* 0 = not asked, or no answer */
};

/* Strict-Transport-Security.  rfc: 6797 6.1 */
struct diagnose_hsts {
  bool is_sent;
  bool is_valid; /* it has a max-age, once */
  long max_age;  /* seconds */
  bool has_subdomains, has_preload;
  char text[256]; /* as it came */
};

enum diagnose_cleartext {
  CLEARTEXT_UNKNOWN = 0, /* not asked */
  CLEARTEXT_CLOSED,
  CLEARTEXT_OPEN,
  CLEARTEXT_REDIRECTS, /* to https */
};

struct diagnosis {
  char *url; /* as given; owned */
  struct diagnose_hop *hops;
  size_t n_hops;
  tinet_ats_server *secure; /* of an http URL: what https would give; owned */
  bool is_secure_enough;    /* and that it passes */
  enum diagnose_cleartext cleartext;
  struct diagnose_hsts hsts;
  tinet_error http_error; /* of --http; code 0 = none */
  bool passes_apple[TINET_ATS_N_CONFIGURATIONS];
  bool has_apple; /* the first hop was probed */
  int status;     /* the exit status of this URL alone */
};

/* Does all the work for one URL; from any thread.  Never NULL. */
struct diagnosis *diagnose(const struct diagnose_options *options,
                           const char *url);
void diagnosis_free(struct diagnosis *d);

/* The HTTP side of it. */
void diagnose_http(const struct diagnose_options *options, struct diagnosis *d);
void diagnose_hsts_parse(const char *value, struct diagnose_hsts *hsts);
/* Fills in the URL's parts; false: that is no http or https URL. */
bool diagnose_split(const char *url, struct diagnose_hop *hop);

/* ---- what to say ---- */

const char *diagnose_version_name(unsigned version); /* "TLS 1.2" */
/* "allowed", "denied", "allowed by an exception", "not judged" */
const char *diagnose_outcome(const struct diagnosis *d);
/* The hop that decides; the first that is not allowed, else the first. */
const struct diagnose_hop *diagnose_decisive(const struct diagnosis *d);

enum diagnose_mark {
  MARK_OK,
  MARK_FAIL,
  MARK_UNKNOWN, /* nothing to judge it by */
  MARK_NONE,    /* it is not asked of this host */
  N_MARKS
};

/* One rule of ATS, and what the hop makes of it. */
struct diagnose_rule {
  const char *name; /* "tls-version" ...; static */
  enum diagnose_mark mark;
  const tinet_ats_reason *reason; /* of MARK_FAIL */
  char text[256];
};
#define DIAGNOSE_RULES_MAX (TINET_ATS_REASONS_MAX + 12)
/* All that apply to a hop that was judged, in the order of judging. */
size_t diagnose_rules(const struct diagnose_hop *hop,
                      struct diagnose_rule rules[DIAGNOSE_RULES_MAX]);

/* What is to be marked in a certificate of the chain. */
struct diagnose_marks {
  enum diagnose_mark key, hash, dates;
};
struct diagnose_marks diagnose_marks_of(const struct diagnose_hop *hop,
                                        size_t depth);

/* "1-5, 7": the configurations of nscurl that pass. */
#define DIAGNOSE_NUMBERS_MAX 64
void diagnose_numbers(const struct diagnosis *d, char *to);

/* ---- the smallest exception ---- */

/* There is one that helps, and one is needed. */
bool diagnose_has_exception(const struct diagnosis *d);
/* Why there is none, one sentence. */
const char *diagnose_why_no_exception(const struct diagnosis *d);
/* What the host of hop `at` needs in all hops together; false: nothing, or an
 * earlier hop has the same host. */
bool diagnose_relief_of(const struct diagnosis *d, size_t at,
                        tinet_ats_relief *ret_relief);
/* The same for all hops: what goes into Info.plist, a whole Info.plist, what
 * goes into tiapp.xml, the same as JSON; `indent` spaces before each line. */
void diagnose_keys(const struct diagnosis *d, int indent, FILE *out);
void diagnose_plist(const struct diagnosis *d, int indent, FILE *out);
void diagnose_tiapp(const struct diagnosis *d, int indent, FILE *out);
void diagnose_json_form(const struct diagnosis *d, int indent, FILE *out);
/* What is in NSAppTransportSecurity, as JSON; on one line if `indent` < 0. */
void diagnose_dictionary(const struct diagnosis *d, int indent, FILE *out);
/* A key in it that App Review asks about, or NULL. */
const char *diagnose_review_key(const struct diagnosis *d);
/* It switches the checks of certificates off for an https host. */
bool diagnose_weakens_trust(const struct diagnosis *d);

/* What the server's owner can do about a reason; see diagnose_lines(). */
struct diagnose_fix {
  const char *what;           /* one sentence */
  const char *commands;       /* lines; NULL = none */
  const char *nginx, *apache; /* lines; NULL = none */
};
const struct diagnose_fix *diagnose_fix(const tinet_ats_reason *reason);
/* Every fix that the hops need, once; `lines`: of `what`, "" if a fix before
 * had the same. */
typedef void diagnose_fix_cb(FILE *out, const struct diagnose_hop *hop,
                             const struct diagnose_fix *fix, bool has_lines);
bool diagnose_each_fix(FILE *out, const struct diagnosis *d,
                       diagnose_fix_cb *write);
/* `lines` with the hop's host for HOST, and the hashes of its keys for LEAF_PIN
 * and CA_PIN.  free() it. */
char *diagnose_lines(const struct diagnose_hop *hop, const char *lines);

/* ---- formats ---- */

void diagnose_text(FILE *out, const struct diagnose_options *options,
                   const struct diagnosis *d);
void diagnose_json(FILE *out, const struct diagnose_options *options,
                   const struct diagnosis *d);
void diagnose_apple(FILE *out, const struct diagnose_options *options,
                    const struct diagnosis *d);

/* Files that get all URLs: what comes before and after needs the counts. */
struct diagnose_counts {
  size_t n, n_denied, n_failed; /* failed: could not be judged */
};
void diagnose_junit_one(FILE *out, const struct diagnosis *d);
void diagnose_junit_begin(FILE *out, const struct diagnose_counts *counts);
void diagnose_junit_end(FILE *out);
/* The page's table of contents has a row for each URL, numbered from 0. */
void diagnose_html_row(FILE *out, const struct diagnosis *d, size_t at);
void diagnose_html_one(FILE *out, const struct diagnose_options *options,
                       const struct diagnosis *d, size_t at);
void diagnose_html_begin(FILE *out, const struct diagnose_counts *counts);
void diagnose_html_middle(FILE *out, const struct diagnose_counts *counts);
void diagnose_html_end(FILE *out);

/* Text in XML and HTML; what they cannot hold, and what turns the direction of
 * text round, becomes U+FFFD. */
void diagnose_xml_text(FILE *out, const char *text);

/* ---- many URLs ---- */

#define DIAGNOSE_MAX_JOBS 64

struct diagnose_work {
  struct diagnose_options o;
  char **urls; /* owned, each too */
  size_t n_urls;
  unsigned n_jobs;
  bool is_json, is_apple, is_quiet;
  const char *junit_path, *html_path;
};

/* Adds a URL or the name of a host; false: it is neither. */
bool diagnose_add_url(struct diagnose_work *w, const char *text);
/* Adds what a file lists; CLI_OK, or a status: what is wrong was printed. */
int diagnose_read_hosts(struct diagnose_work *w, const char *path);
/* Diagnoses all of them and writes what is asked for; the status. */
int diagnose_run(struct diagnose_work *w);

#endif
