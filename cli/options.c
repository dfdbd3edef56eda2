/* options.c - one table gives the parser and the help.
 *
 * Understood are --name value, --name=value, -n value, -nvalue, and letters run
 * together (-vik).  "--" ends the options; "-" is an operand.
 */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

#define HELP_COLUMN 26

static const struct cli_option *find_name(const struct cli_parser *p,
                                          const char *name, size_t len)
{
  for (size_t i = 0; i < p->n_options; i++)
    if (strlen(p->options[i].name) == len &&
        strncmp(p->options[i].name, name, len) == 0)
      return &p->options[i];
  return NULL;
}

static const struct cli_option *find_letter(const struct cli_parser *p,
                                            char letter)
{
  for (size_t i = 0; i < p->n_options; i++)
    if (p->options[i].letter == letter)
      return &p->options[i];
  return NULL;
}

static const char *name_at(size_t i, void *user)
{
  const struct cli_parser *p = user;

  return p->options[i].name;
}

static int unknown(struct cli_parser *p, const char *arg, size_t len)
{
  char *name = cli_format("%.*s", (int)len, arg + 2);
  const char *near = cli_suggest(name, name_at, p, p->n_options);
  int status;

  status =
      near ? cli_usage(p->command, "unknown option --%s; did you mean --%s?",
                       name, near)
           : cli_usage(p->command, "unknown option --%s", name);
  free(name);
  return status;
}

static int report(struct cli_parser *p, const struct cli_option *option,
                  const char *value)
{
  if (option->id == CLI_OPTION_HELP)
    return CLI_PARSED_HELP;
  return p->on_option(p->user, option->id, value);
}

static int parse_long(struct cli_parser *p, int argc, char **argv, int *i)
{
  const char *arg = argv[*i], *equals = strchr(arg, '=');
  size_t len = equals ? (size_t)(equals - arg) - 2 : strlen(arg) - 2;
  const struct cli_option *option = find_name(p, arg + 2, len);
  const char *value = equals ? equals + 1 : NULL;

  if (!option)
    return unknown(p, arg, len);
  if (!option->argument && value)
    return cli_usage(p->command, "--%s takes no value", option->name);
  if (option->argument && !value) {
    if (*i + 1 >= argc)
      return cli_usage(p->command, "--%s needs %s", option->name,
                       option->argument);
    value = argv[++*i];
  }
  return report(p, option, value);
}

static int parse_letters(struct cli_parser *p, int argc, char **argv, int *i)
{
  int status = 0;

  for (const char *c = argv[*i] + 1; *c && status == 0; c++) {
    const struct cli_option *option = find_letter(p, *c);
    const char *value = NULL;

    if (!option)
      return cli_usage(p->command, "unknown option -%c", *c);
    if (option->argument) {
      value = c[1] ? c + 1 : *i + 1 < argc ? argv[++*i] : NULL;
      if (!value)
        return cli_usage(p->command, "-%c needs %s", *c, option->argument);
      return report(p, option, value);
    }
    status = report(p, option, value);
  }
  return status;
}

int cli_parse(struct cli_parser *p, int argc, char **argv)
{
  int status = 0;

  p->has_rest = false;
  p->rest = argc;
  for (int i = 1; i < argc && status == 0; i++) {
    if (strcmp(argv[i], "--") == 0) {
      p->has_rest = true;
      p->rest = i + 1;
      return 0;
    }
    if (strncmp(argv[i], "--", 2) == 0)
      status = parse_long(p, argc, argv, &i);
    else if (argv[i][0] == '-' && argv[i][1])
      status = parse_letters(p, argc, argv, &i);
    else
      status = p->on_operand(p->user, argv[i]);
  }
  return status;
}

/* The lines of a help text, each at the help's column. */
static void print_lines(FILE *out, const char *text, int column)
{
  for (;;) {
    size_t len = strcspn(text, "\n");

    (void)fprintf(out, "%*s%.*s\n", HELP_COLUMN - column, "", (int)len, text);
    if (!text[len])
      return;
    text += len + 1;
    column = 0;
  }
}

void cli_options_help(const struct cli_option *options, size_t n, FILE *out)
{
  for (size_t i = 0; i < n; i++) {
    const struct cli_option *o = &options[i];
    int column =
        o->letter ? fprintf(out, "  -%c, ", o->letter) : fprintf(out, "      ");

    column += fprintf(out, "--%s%s%s", o->name, o->argument ? " " : "",
                      o->argument ? o->argument : "");
    if (column + 2 > HELP_COLUMN) {
      (void)fputc('\n', out);
      column = 0;
    }
    print_lines(out, o->help, column);
  }
}
