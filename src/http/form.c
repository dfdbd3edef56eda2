/* form.c - the fields of a form, and their urlencoded forms.  ti:
 * HTTPClient.send */
#include "body_private.h"
#include "../core/url.h"

#include "../core/alloc.h"
#include "../core/str.h"

#include <string.h>

int tinet_http_form_new(tinet_http_form **ret_form)
{
  tinet_http_form *form;

  if (!ret_form)
    return TINET_EINVAL;
  form = tinet__zalloc(sizeof *form);
  if (!form)
    return TINET_ENOMEM;
  *ret_form = form;
  return TINET_OK;
}

static void free_field(struct tinet__field *f)
{
  tinet__free(f->name);
  tinet__free(f->value);
  tinet__free(f->filename);
  tinet_http_body_free(f->content);
}

void tinet_http_form_free(tinet_http_form *form)
{
  if (!form)
    return;
  for (size_t i = 0; i < form->n_fields; i++)
    free_field(&form->fields[i]);
  tinet__free(form->fields);
  tinet__free(form);
}

static int reserve_field(tinet_http_form *form)
{
  size_t cap = form->cap ? form->cap * 2 : 8;
  struct tinet__field *p;

  if (form->n_fields < form->cap)
    return TINET_OK;
  p = tinet__realloc(form->fields, cap * sizeof *p);
  if (!p)
    return TINET_ENOMEM;
  form->fields = p;
  form->cap = cap;
  return TINET_OK;
}

static int add_text(tinet_http_form *form, enum tinet__field_kind kind,
                    const char *name, const char *value, size_t value_len)
{
  struct tinet__field f = {.kind = kind, .value_len = value_len};

  if (!form || !name || (!value && value_len > 0))
    return TINET_EINVAL;
  if (reserve_field(form) < 0)
    return TINET_ENOMEM;
  f.name = tinet__strdup(name);
  f.value = tinet__strndup(value, value_len);
  if (!f.name || !f.value) {
    free_field(&f);
    return TINET_ENOMEM;
  }
  form->fields[form->n_fields++] = f;
  return TINET_OK;
}

int tinet_http_form_add_text(tinet_http_form *form, const char *name,
                             const char *value, size_t value_len)
{
  return add_text(form, TINET__FIELD_TEXT, name, value, value_len);
}

int tinet_http_form_add_json(tinet_http_form *form, const char *name,
                             const char *json, size_t json_len)
{
  return add_text(form, TINET__FIELD_JSON, name, json, json_len);
}

int tinet_http_form_add_file(tinet_http_form *form, const char *name,
                             const char *filename, tinet_http_body *content)
{
  struct tinet__field f = {.kind = TINET__FIELD_FILE};

  if (!form || !name || !content || content->form || content->len < 0)
    return TINET_EINVAL;
  if (reserve_field(form) < 0)
    return TINET_ENOMEM;
  f.name = tinet__strdup(name);
  f.filename = filename ? tinet__strdup(filename) : NULL;
  if (!f.name || (filename && !f.filename)) {
    free_field(&f);
    return TINET_ENOMEM;
  }
  f.content = content;
  form->fields[form->n_fields++] = f;
  form->has_file = true;
  return TINET_OK;
}

/* WHATWG form encoding: space is '+'. */
static int add_form_text(struct tinet__buf *to, const char *s, size_t len)
{
  size_t start = 0;
  int err = TINET_OK;

  for (size_t i = 0; err == TINET_OK && i <= len; i++) {
    if (i < len && s[i] != ' ')
      continue;
    err = tinet__percent_encode(to, s + start, i - start, "*-._");
    if (err == TINET_OK && i < len)
      err = tinet__buf_addc(to, '+');
    start = i + 1;
  }
  return err;
}

int tinet__form_urlencode(const tinet_http_form *form, struct tinet__buf *to)
{
  int err = TINET_OK;

  for (size_t i = 0; err == TINET_OK && i < form->n_fields; i++) {
    const struct tinet__field *f = &form->fields[i];

    if (i > 0)
      err = tinet__buf_addc(to, '&');
    if (err == TINET_OK)
      err = add_form_text(to, f->name, strlen(f->name));
    if (err == TINET_OK)
      err = tinet__buf_addc(to, '=');
    if (err == TINET_OK)
      err = add_form_text(to, f->value, f->value_len);
  }
  return err;
}

int tinet__body_query(const tinet_http_body *b, struct tinet__buf *to)
{
  int err = TINET_OK;

  for (size_t i = 0; b->form && err == TINET_OK && i < b->form->n_fields; i++) {
    const struct tinet__field *f = &b->form->fields[i];

    if (f->kind == TINET__FIELD_FILE)
      continue;
    if (to->len > 0)
      err = tinet__buf_addc(to, '&');
    if (err == TINET_OK)
      err = tinet__percent_encode(to, f->name, strlen(f->name),
                                  TINET__KEEP_COMPONENT);
    if (err == TINET_OK)
      err = tinet__buf_addc(to, '=');
    if (err == TINET_OK)
      err = tinet__percent_encode(to, f->value, f->value_len,
                                  TINET__KEEP_COMPONENT);
  }
  return err;
}
