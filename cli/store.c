/* store.c - whole files, the application of a project, cells of a table. */
#include "store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <tinet/tiapp.h>
#include <unistd.h>

#define MAX_FILE (64u * 1024 * 1024)

char *cli_read_file(const char *path, size_t *ret_len)
{
  bool is_stdin = strcmp(path, "-") == 0;
  FILE *f = is_stdin ? stdin : fopen(path, "re");
  size_t len = 0, cap = 65536, n;
  char *data;

  if (!f) {
    cli_error("%s: %s", path, strerror(errno));
    return NULL;
  }
  data = cli_alloc(cap);
  while ((n = fread(data + len, 1, cap - len - 1, f)) > 0) {
    len += n;
    if (len + 1 == cap && cap < MAX_FILE)
      data = cli_realloc(data, cap *= 2);
  }
  if (ferror(f) || len + 1 >= MAX_FILE) {
    cli_error("%s: %s", path, ferror(f) ? strerror(errno) : "too large");
    free(data);
    data = NULL;
  } else {
    data[len] = '\0';
    *ret_len = len;
  }
  if (!is_stdin)
    (void)fclose(f);
  return data;
}

char *cli_project_id(const char *folder)
{
  char *path = cli_format("%s/tiapp.xml", folder ? folder : "."), *data;
  char *id = NULL;
  tinet_tiapp *app = NULL;
  tinet_error err = {0};
  size_t len;

  if (!folder && access(path, F_OK) != 0) {
    cli_error("there is no tiapp.xml here; name an application with --app or a "
              "project with --project");
    free(path);
    return NULL;
  }
  data = cli_read_file(path, &len);
  if (data && tinet_tiapp_parse(data, len, path, &app, &err) < 0)
    cli_error("%s", err.text);
  else if (data && !tinet_tiapp_value(app, "id"))
    cli_error("%s: there is no <id>", path);
  else if (data)
    id = cli_strdup(tinet_tiapp_value(app, "id"));
  tinet_tiapp_free(app);
  free(data);
  free(path);
  return id;
}

static int cell_width(const char *text)
{
  int n = 0;

  for (; *text; text++)
    n += ((unsigned char)*text & 0xc0) != 0x80; /* one a character */
  return n;
}

void cli_print_cell(FILE *out, const char *text, int width)
{
  int n = cell_width(text);

  cli_print_safe(out, text);
  for (; n < width; n++)
    (void)fputc(' ', out);
}
