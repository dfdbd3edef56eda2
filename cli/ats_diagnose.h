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
  tinet_ats_probe_options probe; /* ->host and ->port are the URL's */
  bool follows;                  /* --http */
  bool denies_exceptions;        /* --no-exceptions */
  bool is_verbose;
};

/* One hop: the URL, or what it redirects to. */
struct diagnose_hop {
  char url[ATS_MAX_URL];
  char scheme[8];
  char host[256];
  uint16_t port;
  bool is_https;
  tinet_ats_server *server; /* owned; NULL for http */
  tinet_error error;        /* why it could not be judged; code 0 = it was */
  tinet_ats_verdict verdict;
  const tinet_ats_probe *used;
  bool has_relief; /* an entry can help ... */
  tinet_ats_relief relief;
  int http_status; /* 0 = not asked, or no answer */
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
  char hsts[256];         /* the header's value; "" = none */
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
/* Fills in scheme, host and port; false: that is no http or https URL. */
bool diagnose_split(const char *url, struct diagnose_hop *hop);

/* ---- what to say ---- */

const char *diagnose_version_name(unsigned version); /* "TLS 1.2" */
/* "allowed", "denied", "allowed by an exception", "not judged" */
const char *diagnose_outcome(const struct diagnosis *d);
/* The hop that decides; the first that is not allowed, else the first. */
const struct diagnose_hop *diagnose_decisive(const struct diagnosis *d);
/* The exceptions of all hops as NSAppTransportSecurity; `indent` spaces before
 * each line.  False: there is none that helps, or none is needed. */
bool diagnose_has_exception(const struct diagnosis *d);
/* What the host of hop `at` needs in all hops together; false: nothing, or an
 * earlier hop has the same host. */
bool diagnose_relief_of(const struct diagnosis *d, size_t at,
                        tinet_ats_relief *ret_relief);
void diagnose_plist(const struct diagnosis *d, int indent, FILE *out);
void diagnose_tiapp(const struct diagnosis *d, int indent, FILE *out);
/* A key in it that App Review asks about, or NULL. */
const char *diagnose_review_key(const struct diagnosis *d);

/* What the server's owner can do about a reason. */
struct diagnose_fix {
  const char *what;           /* one sentence */
  const char *nginx, *apache; /* lines; NULL = none */
};
const struct diagnose_fix *diagnose_fix(const struct diagnose_hop *hop,
                                        const tinet_ats_reason *reason);

/* ---- formats ---- */

void diagnose_text(FILE *out, const struct diagnose_options *options,
                   const struct diagnosis *d);
void diagnose_json(FILE *out, const struct diagnose_options *options,
                   const struct diagnosis *d);
void diagnose_apple(FILE *out, const struct diagnose_options *options,
                    const struct diagnosis *d);

/* Files that get all URLs: what comes before and after needs the counts. */
struct diagnose_counts {
  unsigned n, n_denied, n_failed; /* failed: could not be judged */
};
void diagnose_junit_one(FILE *out, const struct diagnose_options *options,
                        const struct diagnosis *d);
void diagnose_junit_begin(FILE *out, const struct diagnose_counts *counts);
void diagnose_junit_end(FILE *out);
void diagnose_html_one(FILE *out, const struct diagnose_options *options,
                       const struct diagnosis *d);
void diagnose_html_begin(FILE *out, const struct diagnose_counts *counts);
void diagnose_html_end(FILE *out);

/* Text in XML and HTML; what they cannot hold becomes U+FFFD. */
void diagnose_xml_text(FILE *out, const char *text);

#endif
