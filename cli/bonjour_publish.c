/* bonjour_publish.c - `tinet bonjour publish` and `resolve`. */
#include "bonjour.h"

#include <stdlib.h>
#include <string.h>

#define MAX_TXT 64

enum { OPTION_TXT = 1, OPTION_SUBTYPE, OPTION_NO_RENAME };

static const struct cli_option publish_options[] = {
    {OPTION_TXT, 0, "txt", "KEY=VALUE", "a string of TXT, may be repeated"},
    {OPTION_SUBTYPE, 0, "subtype", "NAME", "a subtype, may be repeated"},
    {OPTION_NO_RENAME, 0, "no-rename", NULL,
     "fail if the name is taken, instead of \"NAME (2)\""},
    BONJOUR_OPTION_ROW_JSON,
    BONJOUR_OPTION_ROW_BACKEND,
    {CLI_OPTION_HELP, 'h', "help", NULL, "this text"},
};
#define N_PUBLISH (sizeof publish_options / sizeof *publish_options)

static const struct cli_option resolve_options[] = {
    BONJOUR_OPTION_ROW_TIMEOUT,
    BONJOUR_OPTION_ROW_JSON,
    BONJOUR_OPTION_ROW_BACKEND,
    {CLI_OPTION_HELP, 'h', "help", NULL, "this text"},
};
#define N_RESOLVE (sizeof resolve_options / sizeof *resolve_options)

struct work {
  struct bonjour_session s;
  bool is_resolve;
  const char *operands[3];
  size_t n_operands;
  tinet_slice txt[MAX_TXT];
  const char *subtypes[TINET_BONJOUR_SUBTYPES_MAX];
  tinet_bonjour_publish_options publish;
  tinet_bonjour_service *service;
  tinet_bonjour_resolve *resolve;
};

static void help(FILE *out, bool is_resolve)
{
  (void)fputs(
      is_resolve
          ? "Usage: tinet bonjour resolve NAME TYPE [OPTION...]\n\n"
            "Says where a service is: host, port, addresses, TXT.\n\n"
          : "Usage: tinet bonjour publish NAME TYPE PORT [OPTION...]\n\n"
            "Announces a service until interrupted.  Nothing is listened to "
            "on PORT.\n\n",
      out);
  cli_options_help(is_resolve ? resolve_options : publish_options,
                   is_resolve ? N_RESOLVE : N_PUBLISH, out);
}

static void stop(void *user)
{
  struct work *w = user;

  tinet_bonjour_service_close(w->service);
  tinet_bonjour_resolve_close(w->resolve);
  w->service = NULL;
  w->resolve = NULL;
}

/* ---- publish ---- */

static void say(const struct work *w, const char *event, const char *name)
{
  if (w->s.is_json) {
    (void)printf("{\"event\": \"%s\", ", event);
    bonjour_json_text("name", name, strlen(name));
    (void)fputs("}\n", stdout);
  } else {
    (void)printf("%s as ", event);
    bonjour_print(name, strlen(name));
    (void)putchar('\n');
  }
  (void)fflush(stdout);
}

static void on_published(tinet_bonjour_service *service, const char *name,
                         void *user)
{
  (void)service;
  say(user, "published", name);
}

static void on_renamed(tinet_bonjour_service *service, const char *old_name,
                       const char *name, void *user)
{
  (void)service;
  (void)old_name;
  say(user, "renamed", name);
}

static void on_service_error(tinet_bonjour_service *service,
                             const tinet_error *err, void *user)
{
  struct work *w = user;

  (void)service;
  bonjour_fail(&w->s, NULL, err);
  stop(w);
}

static int publish(struct work *w, tinet_error *err)
{
  static const tinet_bonjour_service_events events = {
      .on_published = on_published,
      .on_renamed = on_renamed,
      .on_error = on_service_error};
  char *end;
  unsigned long port = strtoul(w->operands[2], &end, 10);

  if (*w->operands[2] < '0' || *w->operands[2] > '9' || *end || port == 0 ||
      port > 65535) {
    cli_error("'%s' is no port", w->operands[2]);
    w->s.status = CLI_USAGE;
    return TINET_OK;
  }
  w->publish.name = w->operands[0];
  w->publish.type = w->operands[1];
  w->publish.port = (uint16_t)port;
  return tinet_bonjour_service_open(w->s.bonjour, &w->publish, &events, w,
                                    &w->service, err);
}

/* ---- resolve ---- */

static void on_resolved(tinet_bonjour_resolve *r,
                        const tinet_bonjour_resolved *found, void *user)
{
  struct work *w = user;

  (void)r;
  bonjour_print_found(&w->s, found);
  stop(w);
}

static void on_unresolved(tinet_bonjour_resolve *r, const tinet_error *err,
                          void *user)
{
  struct work *w = user;

  (void)r;
  bonjour_fail(&w->s, NULL, err);
  stop(w);
}

static int resolve(struct work *w, tinet_error *err)
{
  static const tinet_bonjour_resolve_events events = {
      .on_resolved = on_resolved, .on_error = on_unresolved};
  tinet_bonjour_resolve_options opt;

  tinet_bonjour_resolve_options_init(&opt);
  opt.name = w->operands[0];
  opt.type = w->operands[1];
  opt.timeout_ms = w->s.timeout_ms;
  return tinet_bonjour_resolve_open(w->s.bonjour, &opt, &events, w, &w->resolve,
                                    err);
}

/* ---- the commands ---- */

static int on_option(void *user, int id, const char *value)
{
  struct work *w = user;

  if (id == OPTION_NO_RENAME) {
    w->publish.may_rename = false;
  } else if (id == OPTION_TXT) {
    if (w->publish.n_txt == MAX_TXT)
      return cli_usage("bonjour", "more than %d strings of TXT", MAX_TXT);
    w->txt[w->publish.n_txt++] = (tinet_slice){value, strlen(value)};
  } else if (id == OPTION_SUBTYPE) {
    if (w->publish.n_subtypes == TINET_BONJOUR_SUBTYPES_MAX)
      return cli_usage("bonjour", "too many subtypes");
    w->subtypes[w->publish.n_subtypes++] = value;
  } else {
    return bonjour_option(&w->s, id, value);
  }
  return CLI_OK;
}

static int on_operand(void *user, const char *operand)
{
  struct work *w = user;

  if (w->n_operands == (w->is_resolve ? 2U : 3U))
    return cli_usage("bonjour", "'%s' is one word too many", operand);
  w->operands[w->n_operands++] = operand;
  return CLI_OK;
}

static int start(struct work *w)
{
  tinet_error err = {0};
  int status, code;

  w->s.on_stop = stop;
  w->s.user = w;
  status = bonjour_begin(&w->s);
  if (status != CLI_OK)
    return status;
  code = w->is_resolve ? resolve(w, &err) : publish(w, &err);
  if (code < 0) {
    bonjour_fail(&w->s, NULL, &err);
    if (code == TINET_EINVAL)
      w->s.status = CLI_USAGE;
  }
  return bonjour_run(&w->s);
}

static int run(int argc, char **argv, bool is_resolve)
{
  struct work w = {.is_resolve = is_resolve};
  struct cli_parser parser = {
      .command = "bonjour",
      .options = is_resolve ? resolve_options : publish_options,
      .n_options = is_resolve ? N_RESOLVE : N_PUBLISH,
      .on_option = on_option,
      .on_operand = on_operand,
      .user = &w,
  };
  int status;

  bonjour_init(&w.s);
  tinet_bonjour_publish_options_init(&w.publish);
  w.publish.txt = w.txt;
  w.publish.subtypes = w.subtypes;
  status = cli_parse(&parser, argc, argv);
  if (status == CLI_PARSED_HELP) {
    help(stdout, is_resolve);
    return CLI_OK;
  }
  if (status != CLI_OK)
    return status;
  if (w.n_operands < (is_resolve ? 2U : 3U))
    return cli_usage("bonjour", is_resolve ? "say NAME and TYPE"
                                           : "say NAME, TYPE and PORT");
  return start(&w);
}

static int run_publish(int argc, char **argv)
{
  return run(argc, argv, false);
}

static int run_resolve(int argc, char **argv)
{
  return run(argc, argv, true);
}

const struct cli_verb bonjour_publish = {"publish", "announce a service",
                                         run_publish};
const struct cli_verb bonjour_resolve = {"resolve", "say where a service is",
                                         run_resolve};
