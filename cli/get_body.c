/* get_body.c - --data, --json and --form as request bodies. */
#include "get.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Cuts ";key=" and what follows off `text`; NULL if it is not there. */
static char *take_parameter(char *text, const char *key)
{
  char *at = strstr(text, key), *value, *end;

  if (!at)
    return NULL;
  value = at + strlen(key);
  end = value + strcspn(value, ";");
  value = cli_format("%.*s", (int)(end - value), value);
  memmove(at, end, strlen(end) + 1);
  return value;
}

bool get_field_parse(const char *text, struct get_field *ret_field)
{
  const char *equals = strchr(text, '=');
  struct get_field f = {NULL, NULL, NULL, NULL, false};

  if (!equals || equals == text)
    return false;
  f.name = cli_format("%.*s", (int)(equals - text), text);
  f.is_file = equals[1] == '@';
  f.value = cli_strdup(equals + (f.is_file ? 2 : 1));
  if (f.is_file) {
    f.type = take_parameter(f.value, ";type=");
    f.filename = take_parameter(f.value, ";filename=");
  }
  *ret_field = f;
  return true;
}

void get_field_free(struct get_field *f)
{
  free(f->name);
  free(f->value);
  free(f->type);
  free(f->filename);
}

static int failed(const char *what, int err)
{
  if (err == TINET_EBODY && errno)
    cli_error("%s: %s", what, strerror(errno));
  else
    cli_error("%s: %s", what, tinet_error_text(err));
  return cli_exit_status(err);
}

/* Standard input may be a pipe, but a redirect may ask for the body again: it
 * goes through a file without a name. */
static int from_stdin(const char *type, tinet_http_body **ret_body)
{
  char block[64 * 1024];
  FILE *copy = tmpfile();
  uint64_t len = 0;
  size_t n;
  int err = TINET_EBODY;

  while (copy && (n = fread(block, 1, sizeof block, stdin)) > 0) {
    if (fwrite(block, 1, n, copy) != n)
      break;
    len += n;
  }
  if (copy && feof(stdin) && fflush(copy) == 0)
    err = tinet_http_body_new_fd(fileno(copy), 0, len, type, ret_body);
  if (err < 0)
    err = failed("standard input", err);
  if (copy)
    (void)fclose(copy);
  return err;
}

static int from_text(const char *text, const char *type,
                     tinet_http_body **ret_body)
{
  int err;

  if (strcmp(text, "@-") == 0)
    return from_stdin(type, ret_body);
  errno = 0;
  if (text[0] == '@')
    err = tinet_http_body_new_file(text + 1, type, ret_body);
  else
    err = tinet_http_body_new_bytes(text, strlen(text), type, ret_body);
  return err < 0 ? failed(text[0] == '@' ? text + 1 : "body", err) : CLI_OK;
}

static int add_file(tinet_http_form *form, const struct get_field *f)
{
  tinet_http_body *content = NULL;
  int err;

  errno = 0;
  err = tinet_http_body_new_file(f->value, f->type, &content);
  if (err == 0)
    err = tinet_http_form_add_file(form, f->name, f->filename, content);
  if (err < 0) {
    err = failed(f->value, err);
    tinet_http_body_free(content);
  }
  return err;
}

static int add_field(tinet_http_form *form, const char *text)
{
  struct get_field f;
  int status = CLI_USAGE;

  if (!get_field_parse(text, &f))
    return status;
  if (f.is_file) {
    status = add_file(form, &f);
  } else {
    int err = tinet_http_form_add_text(form, f.name, f.value, strlen(f.value));

    status = err < 0 ? failed(f.name, err) : CLI_OK;
  }
  get_field_free(&f);
  return status;
}

static int from_fields(const struct get_options *o, tinet_http_body **ret_body)
{
  tinet_http_form *form = NULL;
  int status, err = tinet_http_form_new(&form);

  if (err < 0)
    return failed("form", err);
  for (size_t i = 0; i < o->n_fields; i++) {
    status = add_field(form, o->fields[i]);
    if (status != CLI_OK) {
      tinet_http_form_free(form);
      return status;
    }
  }
  err = tinet_http_body_new_form(form, ret_body);
  if (err == 0)
    return CLI_OK;
  tinet_http_form_free(form);
  return failed("form", err);
}

int get_body_make(const struct get_options *o, tinet_http_body **ret_body)
{
  *ret_body = NULL;
  switch (o->body_kind) {
  case GET_BODY_DATA:
    return from_text(o->body, "application/x-www-form-urlencoded", ret_body);
  case GET_BODY_JSON:
    return from_text(o->body, "application/json", ret_body);
  case GET_BODY_FORM:
    return from_fields(o, ret_body);
  default:
    return CLI_OK;
  }
}
