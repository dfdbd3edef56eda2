/* main.c - from the first argument to a command. */
#include "cli.h"

#include <fcntl.h>
#include <string.h>
#include <tinet/base.h>
#include <unistd.h>

static const struct cli_command *const commands[] = {
    &cli_run,     &cli_get,    &cli_ats,     &cli_bonjour,
    &cli_connect, &cli_listen, &cli_cookies, &cli_cache};
#define N_COMMANDS (sizeof commands / sizeof *commands)

static const char *name_at(size_t i, void *user)
{
  (void)user;
  return commands[i]->name;
}

static const struct cli_command *find(const char *name)
{
  for (size_t i = 0; i < N_COMMANDS; i++)
    if (strcmp(commands[i]->name, name) == 0)
      return commands[i];
  return NULL;
}

static int unknown(const char *name)
{
  const char *near = cli_suggest(name, name_at, NULL, N_COMMANDS);

  if (near)
    return cli_usage(NULL, "unknown command '%s'; did you mean '%s'?", name,
                     near);
  return cli_usage(NULL, "unknown command '%s'", name);
}

static void print_help(FILE *out)
{
  (void)fputs("Titanium.Network for Linux.\n\nUsage: tinet COMMAND ...\n\n",
              out);
  for (size_t i = 0; i < N_COMMANDS; i++)
    (void)fprintf(out, "  %-8s %s\n", commands[i]->name, commands[i]->summary);
  (void)fputs("\ntinet help COMMAND explains one; tinet --version says which "
              "libraries it runs on.\n",
              out);
}

static int help(const char *name)
{
  const struct cli_command *command;

  if (!name) {
    print_help(stdout);
    return CLI_OK;
  }
  command = find(name);
  if (!command)
    return unknown(name);
  command->help(stdout);
  return CLI_OK;
}

static int version(void)
{
  (void)printf("tinet %s (behaves as Titanium %s)\n%s\n", tinet_version(),
               TINET_TITANIUM_VERSION, tinet_library_versions());
  return CLI_OK;
}

static int dispatch(int argc, char **argv)
{
  const struct cli_command *command;

  if (argc < 2) {
    print_help(stderr);
    return CLI_USAGE;
  }
  if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)
    return version();
  if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0 ||
      strcmp(argv[1], "-h") == 0)
    return help(argv[2]);
  command = find(argv[1]);
  return command ? command->run(argc - 1, argv + 1) : unknown(argv[1]);
}

/* A descriptor that the caller has closed must not become one of ours, or
 * what is printed goes to a peer.  What stands in its place fails as a closed
 * one does. */
static void occupy_standard_descriptors(void)
{
  int fd;

  do {
    fd = open("/dev/null", O_PATH);
  } while (fd >= 0 && fd <= STDERR_FILENO);
  if (fd > STDERR_FILENO)
    (void)close(fd);
}

int main(int argc, char **argv)
{
  int status;

  occupy_standard_descriptors();
  status = dispatch(argc, argv);

  if (fflush(stdout) != 0 && status == CLI_OK)
    return CLI_WRITE_ERROR;
  return status;
}
