/* bonjour.h - what the verbs of `tinet bonjour` share. */
#ifndef TINET_CLI_BONJOUR_H
#define TINET_CLI_BONJOUR_H

#include "cli.h"
#include <tinet/bonjour.h>

struct get_signal;

/* A loop with its Bonjour, until the work is done or a signal comes. */
struct bonjour_session {
  tinet_bonjour_options options;
  bool is_json;
  uint32_t timeout_ms; /* of a resolve */
  tinet_loop *loop;
  tinet_bonjour *bonjour;
  struct get_signal *signals;
  void (*on_stop)(void *user); /* a signal has come: close everything */
  void *user;
  int status;
};

extern const struct cli_verb bonjour_browse, bonjour_types, bonjour_publish,
    bonjour_resolve;

enum {
  BONJOUR_OPTION_JSON = 100,
  BONJOUR_OPTION_BACKEND,
  BONJOUR_OPTION_TIMEOUT,
};
#define BONJOUR_OPTION_ROW_JSON                                                \
  {                                                                            \
    BONJOUR_OPTION_JSON, 0, "json", NULL, "a line of JSON for each event"      \
  }
#define BONJOUR_OPTION_ROW_BACKEND                                             \
  {                                                                            \
    BONJOUR_OPTION_BACKEND, 0, "backend", "NAME",                              \
        "auto (the default), system (avahi-daemon) or\nembedded"               \
  }
#define BONJOUR_OPTION_ROW_TIMEOUT                                             \
  {                                                                            \
    BONJOUR_OPTION_TIMEOUT, 't', "timeout", "SECONDS",                         \
        "to resolve; 5 by default"                                             \
  }

void bonjour_init(struct bonjour_session *s);
int bonjour_option(struct bonjour_session *s, int id, const char *value);
/* Opens; what is wrong has been printed. */
int bonjour_begin(struct bonjour_session *s);
/* Runs until nothing is left open, and closes. */
int bonjour_run(struct bonjour_session *s);
/* Prints an error and its number in Titanium's terms, and keeps the status.
 * `about` is the service it is about, or NULL. */
void bonjour_fail(struct bonjour_session *s, const char *about,
                  const tinet_error *err);

/* Text of a stranger that may have any byte in it. */
void bonjour_print(const char *text, size_t len);
void bonjour_json_text(const char *name, const char *text, size_t len);
void bonjour_print_found(const struct bonjour_session *s,
                         const tinet_bonjour_resolved *found);

#endif
