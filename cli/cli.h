/* cli.h - what the commands of tinet share. */
#ifndef TINET_CLI_H
#define TINET_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <tinet/error.h>

/* ---- commands ---- */

struct cli_command {
  const char *name;
  const char *summary; /* one line of `tinet help` */
  /* argv[0] is the command's name.  Returns the exit status. */
  int (*run)(int argc, char **argv);
  void (*help)(FILE *out);
};

extern const struct cli_command cli_ats;
extern const struct cli_command cli_bonjour;
extern const struct cli_command cli_cache;
extern const struct cli_command cli_connect;
extern const struct cli_command cli_cookies;
extern const struct cli_command cli_get;
extern const struct cli_command cli_listen;
extern const struct cli_command cli_run;

/* ---- exit statuses (exit_status.c); the numbers are curl's where the meaning
 * is the same ---- */

enum {
  CLI_OK = 0,
  CLI_FAILED = 1,
  CLI_USAGE = 2,
  CLI_HTTP_ERROR = 22,
  CLI_WRITE_ERROR = 23,
  CLI_READ_ERROR = 26,
  CLI_NO_MEMORY = 27,
  CLI_NO_PROGRAM = 127, /* as a shell says it: node is not there */
  CLI_SIGNAL = 128,     /* + the signal's number */
};

/* For a TINET_E... code. */
int cli_exit_status(int code);
/* The table of a command's statuses. */
void cli_exit_help(FILE *out);
void cli_exit_help_socket(FILE *out); /* those of the socket commands */

/* ---- options (options.c) ---- */

struct cli_option {
  int id;               /* > 0, what `on_option` gets */
  char letter;          /* 0 = none */
  const char *name;     /* without "--" */
  const char *argument; /* how the help calls it; NULL = takes none */
  const char *help;     /* may have several lines */
};

#define CLI_OPTION_HELP (-1) /* the id of --help */

struct cli_parser {
  const char *command;
  const struct cli_option *options;
  size_t n_options;
  /* `value` is NULL for an option without argument.  0 or an exit status. */
  int (*on_option)(void *user, int id, const char *value);
  int (*on_operand)(void *user, const char *operand);
  void *user;
  bool has_rest; /* out: "--" was seen; what follows is not looked at */
  int rest;      /* out: index in argv of what follows "--" */
};

#define CLI_PARSED_HELP (-1)
/* 0, an exit status (the reason has been printed), or CLI_PARSED_HELP. */
int cli_parse(struct cli_parser *p, int argc, char **argv);
void cli_options_help(const struct cli_option *options, size_t n, FILE *out);

/* ---- commands with verbs (verbs.c) ---- */

struct cli_verb {
  const char *name, *summary;
  int (*run)(int argc, char **argv); /* argv[0] is the verb */
};

struct cli_verbs {
  const char *command, *about;
  const struct cli_verb *const *list;
  size_t n;
  void (*exit_help)(FILE *out); /* the table of statuses */
  int usage_status;
};

int cli_verbs_run(const struct cli_verbs *verbs, int argc, char **argv);
void cli_verbs_help(const struct cli_verbs *verbs, FILE *out);

/* ---- messages and text (text.c) ---- */

/* "tinet: ..." on stderr; control characters of arguments are shown, not
 * sent. */
void cli_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* cli_error() and CLI_USAGE. */
int cli_usage(const char *command, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The one of the `n` names that is close to `word`; NULL if none is. */
const char *cli_suggest(const char *word,
                        const char *(*name_at)(size_t, void *), void *user,
                        size_t n);

/* "1.5 MiB"; `to` has room for CLI_BYTES_MAX. */
#define CLI_BYTES_MAX 24
const char *cli_bytes(double n, char *to);
/* The unit in which `n` bytes are shown, and how many bytes it has. */
double cli_bytes_unit(double n, const char **ret_unit);
/* "0:07", "1:02:03". */
const char *cli_duration(double seconds, char *to);
/* Text of a stranger for a terminal: what is harmful there and what is not
 * UTF-8 as \xHH. */
void cli_print_safe(FILE *out, const char *text);
/* Whether the character, n bytes of UTF-8, controls a terminal (C0, DEL, C1),
 * turns the direction of text round, or ends a line. */
bool cli_is_harmful(const char *s, size_t n);
/* Text like that in words, not wider than a terminal of 80 columns: the first
 * line goes on at column `at`, the others at `indent`; words that fill a line
 * are cut.  Ends the line. */
#define CLI_WIDTH 79
void cli_wrap(FILE *out, int at, int indent, const char *text);
/* Length of the valid UTF-8 sequence at `s`, 0 if there is none. */
size_t cli_utf8_len(const char *s, size_t len);

/* Memory of a command: there is always enough, or the program ends with
 * CLI_NO_MEMORY.  Free with free(). */
void *cli_alloc(size_t size);
void *cli_realloc(void *ptr, size_t size);
char *cli_strdup(const char *s);
char *cli_format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
