/* exchange_fixture.h - one exchange on a curl transport, and what it reported.
 */
#ifndef TINET_TEST_EXCHANGE_FIXTURE_H
#define TINET_TEST_EXCHANGE_FIXTURE_H

#include "core/alloc.h"
#include "core/error.h"
#include "http/transport.h"
#include "scripted_server.h"
#include "t.h"

enum moment { NEVER, CONNECTED, HEADERS, BODY, READ, PROGRESS, FINISH };
enum action { NOTHING, VETO, CANCEL, CLOSE_TRANSPORT, START_NEXT };

struct fix {
  struct tinet__exchange x; /* first */
  struct tinet__url url;
  struct tinet__headers headers;
  struct tinet__transport **transport;
  enum moment when;
  enum action what;
  struct fix *next;   /* for START_NEXT */
  const char *upload; /* request body */
  size_t upload_at;
  int n_connected, n_headers, n_progress, n_finish, n_rewind;
  bool is_reused, is_tls;
  char tls_version[16], address[64];
  int version, status;
  char reason[64], probe[256]; /* the header X-Probe */
  size_t n_fields;
  char body[4096];
  size_t body_len;
  tinet_error err;
};

static int react(struct fix *f, enum moment now, tinet_error *err)
{
  if (f->when != now)
    return 0;
  f->when = NEVER;
  switch (f->what) {
  case VETO:
    return tinet__error_set(err, TINET_EPOLICY, TINET_ORIGIN_TINET, 0, "no");
  case CANCEL:
    (*f->transport)->ops->cancel(*f->transport, &f->x);
    return 0;
  case CLOSE_TRANSPORT:
    (*f->transport)->ops->close(*f->transport);
    *f->transport = NULL;
    return 0;
  case START_NEXT:
    T_EQ(0, (*f->transport)->ops->start(*f->transport, &f->next->x));
    return 0;
  default:
    return 0;
  }
}

static int on_connected(struct tinet__exchange *x,
                        const struct tinet__conn_facts *facts, tinet_error *err)
{
  struct fix *f = (struct fix *)x;

  f->n_connected++;
  f->is_reused = facts->is_reused;
  f->is_tls = facts->is_tls;
  snprintf(f->address, sizeof(f->address), "%s", facts->remote_address);
  snprintf(f->tls_version, sizeof(f->tls_version), "%s",
           facts->tls_version ? facts->tls_version : "");
  return react(f, CONNECTED, err);
}

static int on_headers(struct tinet__exchange *x, int version, int status,
                      const char *reason, const struct tinet__headers *headers,
                      tinet_error *err)
{
  struct fix *f = (struct fix *)x;
  const char *probe = tinet__headers_get(headers, "X-Probe");

  f->n_headers++;
  f->version = version;
  f->status = status;
  f->n_fields = headers->n_fields;
  snprintf(f->reason, sizeof(f->reason), "%s", reason);
  snprintf(f->probe, sizeof(f->probe), "%s", probe ? probe : "");
  return react(f, HEADERS, err);
}

static int on_body(struct tinet__exchange *x, const void *data, size_t len,
                   tinet_error *err)
{
  struct fix *f = (struct fix *)x;

  if (f->body_len + len < sizeof(f->body))
    memcpy(f->body + f->body_len, data, len);
  f->body_len += len;
  return react(f, BODY, err);
}

static int64_t on_read(struct tinet__exchange *x, void *data, size_t max,
                       tinet_error *err)
{
  struct fix *f = (struct fix *)x;
  size_t left = strlen(f->upload) - f->upload_at;
  size_t n = left < max ? left : max;
  int code;

  memcpy(data, f->upload + f->upload_at, n);
  f->upload_at += n;
  code = react(f, READ, err);
  return code < 0 ? code : (int64_t)n;
}

static int on_rewind(struct tinet__exchange *x, tinet_error *err)
{
  struct fix *f = (struct fix *)x;

  (void)err;
  f->n_rewind++;
  f->upload_at = 0;
  return 0;
}

static void on_progress(struct tinet__exchange *x)
{
  struct fix *f = (struct fix *)x;
  tinet_error err;

  f->n_progress++;
  (void)react(f, PROGRESS, &err);
}

static void on_finish(struct tinet__exchange *x, const tinet_error *err)
{
  struct fix *f = (struct fix *)x;
  tinet_error ignored;

  f->n_finish++;
  f->err = *err;
  (void)react(f, FINISH, &ignored);
}

static const struct tinet__exchange_events fix_events = {
    .on_connected = on_connected,
    .on_headers = on_headers,
    .on_body = on_body,
    .on_read = on_read,
    .on_rewind = on_rewind,
    .on_progress = on_progress,
    .on_finish = on_finish,
};

static tinet_loop *loop;
static struct tinet__transport *transport;

static void transport_open(const char *ca_file)
{
  static struct tinet__transport_config config;

  config.ca_file = ca_file;
  config.max_connections = 64;
  config.max_idle_connections = 8;
  config.idle_timeout_ms = 60000;
  T_EQ(0, tinet_loop_open(&loop));
  T_EQ(0, tinet__curl_transport_open(loop, &config, &transport));
}

/* A handle that somebody forgot makes loop_close fail. */
static void transport_close(void)
{
  if (transport != NULL)
    transport->ops->close(transport);
  transport = NULL;
  T_EQ(0, tinet_loop_close(loop));
}

static void fix_init(struct fix *f, const char *method, const char *url)
{
  memset(f, 0, sizeof(*f));
  T_EQ(0, tinet__url_parse(url, true, &f->url, NULL));
  f->transport = &transport;
  f->x.ev = &fix_events;
  f->x.method = method;
  f->x.url = &f->url;
  f->x.headers = &f->headers;
  f->x.validates_certificate = true;
  f->x.max_header_bytes = 256 * 1024;
  f->x.is_idempotent = strcmp(method, "POST") != 0;
}

static void fix_init_at(struct fix *f, const char *method,
                        const struct server *s)
{
  char url[64];

  snprintf(url, sizeof(url), "http%s://127.0.0.1:%d/a?b=c", s->tls ? "s" : "",
           s->port);
  fix_init(f, method, url);
}

static inline void fix_header(struct fix *f, const char *name,
                              const char *value)
{
  T_EQ(0, tinet__headers_add(&f->headers, name, strlen(name), value,
                             strlen(value)));
}

static inline void fix_body(struct fix *f, const char *body, bool is_sized)
{
  f->x.has_body = true;
  f->upload = body;
  f->x.body_len = is_sized ? (int64_t)strlen(body) : -1;
}

static void fix_start(struct fix *f)
{
  T_EQ(0, transport->ops->start(transport, &f->x));
  T_EQ(0,
       f->n_connected + f->n_progress + f->n_finish); /* nothing from inside */
}

static void fix_run(struct fix *f)
{
  fix_start(f);
  T_EQ(0, tinet_loop_run(loop));
}

static void fix_free(struct fix *f)
{
  tinet__url_free(&f->url);
  tinet__headers_free(&f->headers);
}

#endif
