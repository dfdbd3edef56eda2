/* body.c - the commands that make a request body. */
#include "drive.h"

/* A body that the library asks for piece by piece. */
struct reader {
  char *data;
  size_t len, at;
  bool repeats; /* a generated body: the data again and again up to `total` */
  uint64_t total, done;
};

static int64_t reader_read(void *user, void *data, size_t max)
{
  struct reader *r = user;
  size_t n = max;

  if (!r->repeats) {
    n = r->len - r->at < max ? r->len - r->at : max;
    memcpy(data, r->data + r->at, n);
    r->at += n;
    return (int64_t)n;
  }
  if (r->total - r->done < n)
    n = (size_t)(r->total - r->done);
  memset(data, 'x', n);
  r->done += n;
  return (int64_t)n;
}

static int reader_rewind(void *user)
{
  struct reader *r = user;

  r->at = 0;
  r->done = 0;
  return 0;
}

static void reader_release(void *user)
{
  struct reader *r = user;

  free(r->data);
  free(r);
}

static int new_reader(struct job *job, const char *type, const char *data,
                      uint64_t total, int64_t announced, bool can_rewind)
{
  struct reader *r = calloc(1, sizeof(*r));
  tinet_http_reader reader = {reader_read, can_rewind ? reader_rewind : NULL,
                              reader_release, r};

  if (r == NULL)
    return TINET_ENOMEM;
  r->repeats = data == NULL;
  r->total = total;
  r->data = strdup(data ? data : "");
  r->len = strlen(r->data);
  return tinet_http_body_new_reader(&reader, announced, type, &job->body);
}

static int need_form(struct job *job)
{
  return job->form ? 0 : tinet_http_form_new(&job->form);
}

static int add_part(struct job *job, char **word, bool is_path)
{
  const char *filename = strcmp(word[2], "-") ? word[2] : NULL;
  const char *type = strcmp(word[3], "-") ? word[3] : NULL;
  tinet_http_body *content = NULL;
  int err = is_path ? tinet_http_body_new_file(word[4], type, &content)
                    : tinet_http_body_new_bytes(word[4], strlen(word[4]), type,
                                                &content);

  if (err == 0)
    err = tinet_http_form_add_file(job->form, word[1], filename, content);
  if (err < 0)
    tinet_http_body_free(content);
  return err;
}

static int form_command(struct job *job, char **word, unsigned n)
{
  int err = need_form(job);

  if (err < 0 || n < 3)
    return err < 0 ? err : TINET_EINVAL;
  if (!strcmp(word[0], "text"))
    return tinet_http_form_add_text(job->form, word[1], word[2],
                                    strlen(word[2]));
  if (!strcmp(word[0], "json"))
    return tinet_http_form_add_json(job->form, word[1], word[2],
                                    strlen(word[2]));
  return n < 5 ? TINET_EINVAL
               : add_part(job, word, !strcmp(word[0], "part-file"));
}

static int simple_command(struct job *job, char **word)
{
  const char *type = strcmp(word[1], "-") ? word[1] : NULL;

  tinet_http_body_free(job->body);
  job->body = NULL;
  if (!strcmp(word[0], "bytes"))
    return tinet_http_body_new_bytes(word[2], strlen(word[2]), type,
                                     &job->body);
  if (!strcmp(word[0], "file"))
    return tinet_http_body_new_file(word[2], type, &job->body);
  if (!strcmp(word[0], "fill")) {
    uint64_t total = strtoull(word[2], NULL, 10);

    return new_reader(job, type, NULL, total, (int64_t)total, true);
  }
  return new_reader(job, type, word[2], 0,
                    !strcmp(word[0], "reader") ? (int64_t)strlen(word[2]) : -1,
                    strcmp(word[0], "once") != 0);
}

bool body_command(struct job *job, char **word, unsigned n)
{
  static const char *const forms[] = {"text", "json", "part", "part-file"};
  static const char *const simple[] = {"bytes",   "file", "fill",
                                       "chunked", "once", "reader"};

  for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
    if (!strcmp(word[0], forms[i])) {
      int err = form_command(job, word, n);

      if (err < 0)
        report_call(word[0], err);
      return true;
    }
  for (size_t i = 0; i < sizeof(simple) / sizeof(simple[0]); i++)
    if (!strcmp(word[0], simple[i])) {
      int err = n < 3 ? TINET_EINVAL : simple_command(job, word);

      if (err < 0)
        report_call(word[0], err);
      return true;
    }
  return false;
}

int body_take(struct job *job, tinet_http_body **ret_body)
{
  if (job->form != NULL) {
    int err = tinet_http_body_new_form(job->form, ret_body);

    if (err < 0)
      return err;
    job->form = NULL;
    return 0;
  }
  *ret_body = job->body;
  job->body = NULL;
  return 0;
}
