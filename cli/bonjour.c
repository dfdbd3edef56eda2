/* bonjour.c - `tinet bonjour`: its verbs, and what they share. */
#include "bonjour.h"
#include "get.h"
#include "json.h"

#include <stdlib.h>
#include <string.h>

static const struct cli_verb *const list[] = {
    &bonjour_browse, &bonjour_types, &bonjour_publish, &bonjour_resolve};
static const struct cli_verbs verbs = {
    .command = "bonjour",
    .about = "Services in the local network: DNS-SD over multicast DNS.",
    .list = list,
    .n = sizeof list / sizeof *list,
    .exit_help = cli_exit_help,
    .usage_status = CLI_USAGE,
};

static void help(FILE *out)
{
  cli_verbs_help(&verbs, out);
}

static int run(int argc, char **argv)
{
  return cli_verbs_run(&verbs, argc, argv);
}

/* ---- a session ---- */

void bonjour_init(struct bonjour_session *s)
{
  memset(s, 0, sizeof *s);
  tinet_bonjour_options_init(&s->options);
  s->timeout_ms = 5000;
}

static int set_backend(struct bonjour_session *s, const char *value)
{
  static const char *const names[] = {"auto", "system", "embedded"};

  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (strcmp(value, names[i]) != 0)
      continue;
    s->options.backend = (tinet_bonjour_backend)i;
    return CLI_OK;
  }
  return cli_usage("bonjour", "'%s' is no back end: auto, system or embedded",
                   value);
}

static int set_timeout(struct bonjour_session *s, const char *value)
{
  char *end;
  double seconds = strtod(value, &end);

  if (!*value || *end || !(seconds > 0) || seconds > 86400)
    return cli_usage("bonjour", "'%s' is no number of seconds", value);
  s->timeout_ms = (uint32_t)(seconds * 1000);
  return CLI_OK;
}

int bonjour_option(struct bonjour_session *s, int id, const char *value)
{
  if (id == BONJOUR_OPTION_BACKEND)
    return set_backend(s, value);
  if (id == BONJOUR_OPTION_TIMEOUT)
    return set_timeout(s, value);
  s->is_json = true;
  return CLI_OK;
}

static void on_signal(void *user, int number)
{
  struct bonjour_session *s = user;

  s->status = CLI_SIGNAL + number;
  s->on_stop(s->user);
}

void bonjour_fail(struct bonjour_session *s, const char *about,
                  const tinet_error *err)
{
  int code = tinet_bonjour_code_of(err);

  cli_error("%s%s%s (%s, %d)", about ? about : "", about ? ": " : "", err->text,
            tinet_bonjour_code_name(code), code);
  s->status = cli_exit_status(err->code);
}

int bonjour_begin(struct bonjour_session *s)
{
  tinet_error err = {0};

  if (tinet_loop_open(&s->loop) < 0) {
    cli_error("out of memory");
    return CLI_NO_MEMORY;
  }
  if (tinet_bonjour_open(s->loop, &s->options, &s->bonjour, &err) == TINET_OK) {
    s->signals = get_signal_open(s->loop, on_signal, NULL, s);
    return CLI_OK;
  }
  bonjour_fail(s, NULL, &err);
  (void)tinet_loop_close(s->loop);
  return s->status;
}

int bonjour_run(struct bonjour_session *s)
{
  (void)tinet_loop_run(s->loop);
  tinet_bonjour_close(s->bonjour);
  get_signal_close(s->signals);
  (void)tinet_loop_run(s->loop);
  (void)tinet_loop_close(s->loop);
  return s->status;
}

/* ---- what strangers say ---- */

static char *as_text(const char *text, size_t len)
{
  char *copy = cli_alloc(len + 1);

  for (size_t i = 0; i < len; i++)
    copy[i] = (char)(text[i] ? text[i] : '?');
  copy[len] = '\0';
  return copy;
}

void bonjour_print(const char *text, size_t len)
{
  char *copy = as_text(text, len);

  cli_print_safe(stdout, copy);
  free(copy);
}

void bonjour_json_text(const char *name, const char *text, size_t len)
{
  char *copy = as_text(text, len);

  if (*name)
    (void)printf("\"%s\": ", name);
  cli_json_string(stdout, copy);
  free(copy);
}

static void print_json(const tinet_bonjour_resolved *f)
{
  char text[TINET_ENDPOINT_TEXT_MAX];

  (void)fputs("{\"event\": \"resolved\", ", stdout);
  bonjour_json_text("name", f->name, strlen(f->name));
  (void)fputs(", ", stdout);
  bonjour_json_text("type", f->type, strlen(f->type));
  (void)fputs(", ", stdout);
  bonjour_json_text("domain", f->domain, strlen(f->domain));
  (void)fputs(", ", stdout);
  bonjour_json_text("host", f->host, strlen(f->host));
  (void)printf(", \"port\": %u, \"addresses\": [", f->port);
  for (size_t i = 0; i < f->n_endpoints; i++) {
    tinet_endpoint_text(&f->endpoints[i], text);
    (void)printf("%s\"%s\"", i ? ", " : "", text);
  }
  (void)fputs("], \"txt\": [", stdout);
  for (size_t i = 0; i < f->n_txt; i++) {
    (void)fputs(i ? ", " : "", stdout);
    bonjour_json_text("", f->txt[i].data, f->txt[i].len);
  }
  (void)fputs("]}\n", stdout);
}

void bonjour_print_found(const struct bonjour_session *s,
                         const tinet_bonjour_resolved *f)
{
  char text[TINET_ENDPOINT_TEXT_MAX];

  if (s->is_json) {
    print_json(f);
  } else {
    (void)fputs("= ", stdout);
    bonjour_print(f->name, strlen(f->name));
    (void)printf("  %s  ", f->type);
    bonjour_print(f->host, strlen(f->host));
    (void)printf("  %u\n", f->port);
    for (size_t i = 0; i < f->n_endpoints; i++) {
      tinet_endpoint_text(&f->endpoints[i], text);
      (void)printf("    %s\n", text);
    }
    for (size_t i = 0; i < f->n_txt; i++) {
      (void)fputs("    txt ", stdout);
      bonjour_print(f->txt[i].data, f->txt[i].len);
      (void)putchar('\n');
    }
  }
  (void)fflush(stdout);
}

const struct cli_command cli_bonjour = {
    "bonjour", "services in the local network: find, publish, resolve", run,
    help};
