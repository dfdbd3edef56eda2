/* ats_diagnose_run.c - many URLs at once, written in the order they were given.
 *
 * A worker writes its diagnosis into memory and frees it.  What is not due yet
 * waits in a file without a name: so nobody waits for a host that stalls, and
 * memory does not grow with the number of URLs.
 */
#include "ats_diagnose.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum stream {
  STREAM_OUT,
  STREAM_JUNIT,
  STREAM_HTML_ROW,
  STREAM_HTML,
  N_STREAMS
};

struct piece {
  bool is_done;
  int status;
  long at; /* in the spool; -1: nothing waits there */
  size_t len[N_STREAMS];
};

struct text {
  char *data; /* owned */
  size_t len;
};

struct runner {
  const struct diagnose_work *work;
  FILE *streams[N_STREAMS]; /* NULL: not wanted */
  FILE *junit, *html;       /* the results: NULL: not wanted */
  bool shows_progress;

  pthread_mutex_t lock; /* guards what follows */
  size_t next;          /* to be taken */
  size_t written;
  struct piece *pieces; /* by index; owned */
  FILE *spool;          /* made when needed */
  bool has_failed;      /* what waits could not be kept */
  struct diagnose_counts counts;
  int status;        /* the highest of 1 to 3 */
  int failed_status; /* the first from 64 on */
};

/* ---- one URL ---- */

static void write_line(FILE *out, const struct diagnosis *d)
{
  const struct diagnose_hop *hop = diagnose_decisive(d);

  cli_print_safe(out, d->url);
  (void)fprintf(out, ": %s: ", diagnose_outcome(d));
  cli_print_safe(out, hop->error.code < 0 ? hop->error.text
                      : hop->verdict.n_reasons
                          ? hop->verdict.reasons[0].text
                          : tinet_ats_code_name(hop->verdict.code));
  (void)fputc('\n', out);
}

static void write_out(FILE *out, const struct diagnose_work *w,
                      const struct diagnosis *d, size_t at)
{
  if (w->is_json)
    diagnose_json(out, &w->o, d);
  else if (w->is_apple)
    diagnose_apple(out, &w->o, d);
  else if (w->is_quiet && d->status != CLI_OK)
    write_line(out, d);
  else if (!w->is_quiet) {
    (void)fputs(at > 0 ? "\n" : "", out);
    diagnose_text(out, &w->o, d);
  }
}

static void render(const struct runner *r, const struct diagnosis *d, size_t at,
                   struct text texts[N_STREAMS])
{
  memset(texts, 0, N_STREAMS * sizeof *texts);
  for (int i = 0; i < N_STREAMS; i++) {
    FILE *f =
        r->streams[i] ? open_memstream(&texts[i].data, &texts[i].len) : NULL;

    if (!f)
      continue;
    if (i == STREAM_OUT)
      write_out(f, r->work, d, at);
    else if (i == STREAM_JUNIT)
      diagnose_junit_one(f, d);
    else if (i == STREAM_HTML_ROW)
      diagnose_html_row(f, d, at);
    else
      diagnose_html_one(f, &r->work->o, d, at);
    (void)fclose(f);
  }
}

/* ---- the order ---- */

static void show_progress(const struct runner *r)
{
  const struct diagnose_counts *c = &r->counts;

  if (r->shows_progress && c->n < r->work->n_urls)
    (void)fprintf(stderr, "\r\033[K%zu of %zu, %zu denied, %zu not judged",
                  c->n, r->work->n_urls, c->n_denied, c->n_failed);
}

static void hide_progress(const struct runner *r)
{
  if (r->shows_progress)
    (void)fputs("\r\033[K", stderr);
}

static void note_status(struct runner *r, int status)
{
  if (status >= ATS_USAGE && r->failed_status == 0)
    r->failed_status = status;
  else if (status < ATS_USAGE && status > r->status)
    r->status = status;
}

static void spill(struct runner *r, struct piece *p,
                  const struct text texts[N_STREAMS])
{
  if (!r->spool)
    r->spool = tmpfile();
  if (!r->spool || fseek(r->spool, 0, SEEK_END) != 0) {
    r->has_failed = true;
    return;
  }
  p->at = ftell(r->spool);
  for (int i = 0; i < N_STREAMS; i++)
    if (texts[i].len > 0 &&
        fwrite(texts[i].data, 1, texts[i].len, r->spool) != texts[i].len)
      r->has_failed = true;
}

static void copy(FILE *from, size_t len, FILE *to)
{
  char buffer[8192];

  while (len > 0) {
    size_t n =
        fread(buffer, 1, len < sizeof buffer ? len : sizeof buffer, from);

    if (n == 0)
      return;
    if (to)
      (void)fwrite(buffer, 1, n, to);
    len -= n;
  }
}

static void unspill(struct runner *r, const struct piece *p)
{
  if (p->at < 0 || fseek(r->spool, p->at, SEEK_SET) != 0)
    return;
  for (int i = 0; i < N_STREAMS; i++)
    copy(r->spool, p->len[i], r->streams[i]);
}

static void write_due(struct runner *r)
{
  bool is_any = false;

  while (r->written < r->work->n_urls && r->pieces[r->written].is_done) {
    note_status(r, r->pieces[r->written].status);
    unspill(r, &r->pieces[r->written]);
    r->written++;
    is_any = true;
  }
  if (is_any)
    (void)fflush(stdout);
  /* Nothing waits any more. */
  if (r->spool && is_any && r->written == r->counts.n) {
    rewind(r->spool);
    if (ftruncate(fileno(r->spool), 0) != 0)
      r->has_failed = true;
  }
}

static void hand_in(struct runner *r, size_t at, int status,
                    const struct text texts[N_STREAMS])
{
  struct piece *p = &r->pieces[at];

  p->is_done = true;
  p->status = status;
  p->at = -1;
  r->counts.n++;
  r->counts.n_failed += status >= ATS_USAGE;
  r->counts.n_denied += status != CLI_OK && status < ATS_USAGE;
  for (int i = 0; i < N_STREAMS; i++)
    p->len[i] = texts[i].len;
  hide_progress(r);
  if (at != r->written)
    spill(r, p, texts);
  else
    for (int i = 0; i < N_STREAMS; i++)
      if (texts[i].len)
        (void)fwrite(texts[i].data, 1, texts[i].len, r->streams[i]);
  write_due(r);
  show_progress(r);
}

/* ---- workers ---- */

static void do_one(struct runner *r, size_t at)
{
  struct text texts[N_STREAMS];
  struct diagnosis *d = diagnose(&r->work->o, r->work->urls[at]);
  int status = d->status;

  render(r, d, at, texts);
  diagnosis_free(d);
  (void)pthread_mutex_lock(&r->lock);
  hand_in(r, at, status, texts);
  (void)pthread_mutex_unlock(&r->lock);
  for (int i = 0; i < N_STREAMS; i++)
    free(texts[i].data);
}

static void *work(void *arg)
{
  struct runner *r = arg;

  for (;;) {
    size_t at;

    (void)pthread_mutex_lock(&r->lock);
    at = r->next < r->work->n_urls ? r->next++ : r->work->n_urls;
    (void)pthread_mutex_unlock(&r->lock);
    if (at == r->work->n_urls)
      return NULL;
    do_one(r, at);
  }
}

static int run_workers(struct runner *r)
{
  pthread_t threads[DIAGNOSE_MAX_JOBS];
  size_t n = 0, n_wanted = r->work->n_jobs;

  if (n_wanted > r->work->n_urls)
    n_wanted = r->work->n_urls;
  (void)pthread_mutex_init(&r->lock, NULL);
  show_progress(r);
  while (n < n_wanted && pthread_create(&threads[n], NULL, work, r) == 0)
    n++;
  if (n == 0)
    (void)work(r);
  for (size_t i = 0; i < n; i++)
    (void)pthread_join(threads[i], NULL);
  (void)pthread_mutex_destroy(&r->lock);
  hide_progress(r);
  if (!r->has_failed)
    return r->status ? r->status : r->failed_status;
  cli_error("a temporary file cannot be written: %s", strerror(errno));
  return ATS_INTERNAL;
}

/* ---- files ---- */

/* The result is opened before the work, so that a mistake is told at once. */
static int open_result(const char *path, FILE **ret_file)
{
  *ret_file = path ? fopen(path, "we") : NULL;
  if (!path || *ret_file)
    return CLI_OK;
  cli_error("%s: %s", path, strerror(errno));
  return ATS_NO_FILE;
}

static int open_body(const FILE *result, FILE **ret_file)
{
  *ret_file = result ? tmpfile() : NULL;
  if (!result || *ret_file)
    return CLI_OK;
  cli_error("no temporary file: %s", strerror(errno));
  return ATS_INTERNAL;
}

static int open_files(struct runner *r)
{
  int status = open_result(r->work->junit_path, &r->junit);

  if (status == CLI_OK)
    status = open_result(r->work->html_path, &r->html);
  if (status == CLI_OK)
    status = open_body(r->junit, &r->streams[STREAM_JUNIT]);
  if (status == CLI_OK)
    status = open_body(r->html, &r->streams[STREAM_HTML_ROW]);
  return status == CLI_OK ? open_body(r->html, &r->streams[STREAM_HTML])
                          : status;
}

static void append(FILE *body, FILE *to)
{
  long len = ftell(body);

  rewind(body);
  copy(body, len > 0 ? (size_t)len : 0, to);
}

static int finish(const char *path, FILE **file)
{
  bool is_ok = !ferror(*file);

  is_ok = fclose(*file) == 0 && is_ok;
  *file = NULL;
  if (is_ok)
    return CLI_OK;
  cli_error("%s: %s", path, strerror(errno));
  return ATS_NO_FILE;
}

static int write_junit(struct runner *r)
{
  if (!r->junit)
    return CLI_OK;
  diagnose_junit_begin(r->junit, &r->counts);
  append(r->streams[STREAM_JUNIT], r->junit);
  diagnose_junit_end(r->junit);
  return finish(r->work->junit_path, &r->junit);
}

static int write_html(struct runner *r)
{
  if (!r->html)
    return CLI_OK;
  diagnose_html_begin(r->html, &r->counts);
  append(r->streams[STREAM_HTML_ROW], r->html);
  diagnose_html_middle(r->html, &r->counts);
  append(r->streams[STREAM_HTML], r->html);
  diagnose_html_end(r->html);
  return finish(r->work->html_path, &r->html);
}

static void write_summary(const struct runner *r)
{
  const struct diagnose_counts *c = &r->counts;

  if (c->n > 1 && !r->work->is_json && !r->work->is_apple && !r->work->is_quiet)
    (void)printf("\n%zu URLs: %zu pass, %zu denied, %zu could not be judged\n",
                 c->n, c->n - c->n_denied - c->n_failed, c->n_denied,
                 c->n_failed);
}

static int run_and_write(struct runner *r)
{
  int status = open_files(r), code;

  if (status != CLI_OK)
    return status;
  r->streams[STREAM_OUT] = stdout;
  status = run_workers(r);
  write_summary(r);
  code = write_junit(r);
  if (code == CLI_OK)
    code = write_html(r);
  return status == CLI_OK ? code : status;
}

static void close_files(struct runner *r)
{
  FILE *const files[] = {r->junit,
                         r->html,
                         r->spool,
                         r->streams[STREAM_JUNIT],
                         r->streams[STREAM_HTML_ROW],
                         r->streams[STREAM_HTML]};

  for (size_t i = 0; i < sizeof files / sizeof *files; i++)
    if (files[i])
      (void)fclose(files[i]);
}

int diagnose_run(struct diagnose_work *w)
{
  struct runner r = {.work = w};
  int status;

  r.shows_progress = w->n_urls > 1 && isatty(STDERR_FILENO);
  r.pieces = cli_alloc(w->n_urls * sizeof *r.pieces);
  memset(r.pieces, 0, w->n_urls * sizeof *r.pieces);
  status = run_and_write(&r);
  close_files(&r);
  free(r.pieces);
  return status;
}
