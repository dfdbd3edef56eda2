/* curl_response.c - what curl hands over: the connection before the request is
 * sent, header lines, body bytes, and its calls for the request body.
 *
 * Any event may cancel the exchange; then e->x is NULL on return and curl is
 * told to stop.
 */
#include "curl_private.h"

#include "../core/str.h"

#include <string.h>

static int fail(struct tinet__curl_easy *e, int code, const char *what)
{
  if (e->x == NULL)
    return TINET_ECANCELED;
  return tinet__error_set(&e->err, code, TINET_ORIGIN_TINET, 0, "%s: %s",
                          e->x->url->host, what);
}

/* What an event returned: 0, or the code that ends the transfer. */
static int check(struct tinet__curl_easy *e, int code)
{
  if (e->x == NULL)
    return TINET_ECANCELED;
  if (code < 0 && e->err.code == 0)
    (void)tinet__error_set(&e->err, code, TINET_ORIGIN_TINET, 0, NULL);
  return code < 0 ? code : TINET_OK;
}

static int progress(struct tinet__curl_easy *e)
{
  if (e->x == NULL)
    return TINET_ECANCELED;
  e->t->meter.n_records = 0;
  e->x->ev->on_progress(e->x);
  return e->x == NULL ? TINET_ECANCELED : TINET_OK;
}

/* ---- before the request is sent ---- */

/* curl sends a request again on a fresh connection when a pooled one died
 * before it answered.  Whether the server has acted on it nobody knows. */
static bool may_repeat(const struct tinet__curl_easy *e)
{
  long n_sent = 0;

  if (e->x->is_idempotent)
    return true;
  return curl_easy_getinfo(e->curl, CURLINFO_REQUEST_SIZE, &n_sent) ==
             CURLE_OK &&
         n_sent == 0;
}

static void find_facts(struct tinet__curl_easy *e,
                       struct tinet__conn_facts *facts)
{
  const struct curl_tlssessioninfo *tls = NULL;
  long n = 0;

  (void)curl_easy_getinfo(e->curl, CURLINFO_NUM_CONNECTS, &n);
  e->is_reused = n == e->n_connections;
  e->n_connections = n;
  facts->is_reused = e->is_reused;
  if (!e->x->url->is_https)
    return;
  (void)curl_easy_getinfo(e->curl, CURLINFO_TLS_SSL_PTR, &tls);
  tinet__tls_facts(tls ? tls->internals : NULL, facts);
}

static int on_connected(void *arg, char *remote_ip, char *local_ip,
                        int remote_port, int local_port)
{
  struct tinet__curl_easy *e = arg;
  struct tinet__conn_facts facts = {.remote_address = ""};
  int err;

  (void)local_ip;
  (void)local_port;
  if (progress(e) < 0)
    return CURL_PREREQFUNC_ABORT;
  if (e->n_connected++ > 0 && !e->is_held && !may_repeat(e)) {
    (void)fail(e, TINET_ECLOSED, "the connection was lost");
    return CURL_PREREQFUNC_ABORT;
  }
  e->is_connected = true;
  find_facts(e, &facts);
  if (e->x->proxy == NULL) {
    facts.remote_address = remote_ip;
    facts.remote_port = remote_port;
  }
  err = e->x->ev->on_connected(e->x, &facts, &e->err);
  return check(e, err) < 0 ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

/* ---- headers ---- */

static bool has_login(const char *proxy)
{
  const char *start = proxy ? strstr(proxy, "://") : NULL;

  return start && memchr(start, '@', strcspn(start + 3, "/?#") + 3) != NULL;
}

/* Whether curl goes on by itself after this block shows only when the body or
 * the next block comes, or the end. */
static bool may_be_answered(const struct tinet__curl_easy *e)
{
  return (e->status == 401 && e->x->login != NULL) ||
         (e->status == 407 && has_login(e->x->proxy));
}

static int deliver_headers(struct tinet__curl_easy *e)
{
  int err;

  e->is_held = false;
  e->has_headers = true;
  err = e->x->ev->on_headers(e->x, e->http_version, e->status,
                             e->reason.len ? e->reason.data : "", &e->headers,
                             &e->err);
  return check(e, err);
}

void tinet__curl_response_release(struct tinet__curl_easy *e)
{
  if (e->x != NULL && e->is_held)
    (void)deliver_headers(e);
}

static int end_of_block(struct tinet__curl_easy *e)
{
  e->is_in_block = false;
  e->header_bytes = 0;
  if (e->status == 101)
    return fail(e, TINET_EPROTOCOL, "the server switched protocols unasked");
  if (e->status < 200) {
    if (++e->n_interim > TINET__CURL_MAX_INTERIM)
      return fail(e, TINET_EPROTOCOL, "too many interim responses");
    return TINET_OK;
  }
  if (may_be_answered(e)) {
    e->is_held = true;
    return TINET_OK;
  }
  return deliver_headers(e);
}

/* A proxy that offers Basic and nothing else gets it at once from then on, so
 * that not every request is made twice. */
static void note_proxy(struct tinet__curl_easy *e)
{
  bool is_basic = false;

  for (size_t i = 0; i < e->headers.n_fields; i++) {
    if (!tinet__ieq(tinet__headers_name(&e->headers, i), "Proxy-Authenticate"))
      continue;
    if (!tinet__istarts(tinet__headers_value(&e->headers, i), "Basic"))
      return;
    is_basic = true;
  }
  if (!is_basic)
    return;
  tinet__free(e->t->basic_proxy);
  e->t->basic_proxy = tinet__strdup(e->x->proxy); /* NULL: asked again */
}

/* Another block begins, so curl has answered the one before. */
static int pass_interim(struct tinet__curl_easy *e)
{
  e->is_held = false;
  if (e->status == 407)
    note_proxy(e);
  if (e->x->ev->on_interim != NULL)
    e->x->ev->on_interim(e->x, e->status, &e->headers);
  return e->x == NULL ? TINET_ECANCELED : TINET_OK;
}

static int status_line(struct tinet__curl_easy *e, const char *line, size_t len)
{
  struct tinet__span phrase;
  int err;

  if (e->is_held && pass_interim(e) < 0)
    return TINET_ECANCELED;
  err = tinet__status_line_parse(line, len, &e->http_version, &e->status,
                                 &phrase);
  if (err < 0)
    return fail(e, err, "malformed status line");
  e->is_in_block = true;
  tinet__headers_reset(&e->headers);
  tinet__buf_reset(&e->reason);
  err = tinet__buf_add(&e->reason, phrase.p, phrase.len);
  return err < 0 ? fail(e, err, "status line") : TINET_OK;
}

static int header_line(struct tinet__curl_easy *e, const char *line, size_t len)
{
  int err;

  e->header_bytes += len;
  if (e->header_bytes > e->x->max_header_bytes)
    return fail(e, TINET_EHEADERSIZE, "the header block is too large");
  if (len > 0 && line[len - 1] == '\n')
    len--;
  if (len > 0 && line[len - 1] == '\r')
    len--;
  if (!e->is_in_block)
    return status_line(e, line, len);
  if (len == 0)
    return end_of_block(e);
  err = tinet__headers_parse_line(&e->headers, line, len);
  return err < 0 ? fail(e, err, "malformed header line") : TINET_OK;
}

static size_t on_header(char *data, size_t size, size_t n, void *arg)
{
  struct tinet__curl_easy *e = arg;

  if (progress(e) < 0)
    return 0;
  if (e->has_headers) { /* a trailer: nobody asked for it, but it is counted */
    e->header_bytes += size * n;
    if (e->header_bytes <= e->x->max_header_bytes)
      return size * n;
    (void)fail(e, TINET_EHEADERSIZE, "the trailer block is too large");
    return 0;
  }
  return header_line(e, data, size * n) < 0 ? 0 : size * n;
}

/* ---- bodies ---- */

static size_t on_write(char *data, size_t size, size_t n, void *arg)
{
  struct tinet__curl_easy *e = arg;
  int err;

  if (progress(e) < 0 || (e->is_held && deliver_headers(e) < 0))
    return CURL_WRITEFUNC_ERROR;
  err = e->x->ev->on_body(e->x, data, size * n, &e->err);
  return check(e, err) < 0 ? CURL_WRITEFUNC_ERROR : size * n;
}

static size_t on_read(char *data, size_t size, size_t n, void *arg)
{
  struct tinet__curl_easy *e = arg;
  size_t max = size * n;
  int64_t got;

  if (progress(e) < 0)
    return CURL_READFUNC_ABORT;
  if (e->x->body_len >= 0 && (uint64_t)(e->x->body_len - e->n_sent) < max)
    max = (size_t)(e->x->body_len - e->n_sent);
  if (max == 0)
    return 0;
  got = e->x->ev->on_read(e->x, data, max, &e->err);
  if (check(e, got < 0 ? (int)got : 0) < 0)
    return CURL_READFUNC_ABORT;
  if (got == 0 && e->x->body_len >= 0) {
    (void)fail(e, TINET_EBODY, "the request body is shorter than announced");
    return CURL_READFUNC_ABORT;
  }
  e->n_sent += got;
  return (size_t)got;
}

static int on_seek(void *arg, curl_off_t offset, int origin)
{
  struct tinet__curl_easy *e = arg;

  if (e->x == NULL || offset != 0 || origin != SEEK_SET)
    return CURL_SEEKFUNC_FAIL;
  if (!e->is_held && !may_repeat(e)) {
    (void)fail(e, TINET_ECLOSED, "the connection was lost");
    return CURL_SEEKFUNC_FAIL;
  }
  if (e->n_sent == 0)
    return CURL_SEEKFUNC_OK;
  e->n_sent = 0;
  if (check(e, e->x->ev->on_rewind(e->x, &e->err)) < 0)
    return CURL_SEEKFUNC_FAIL;
  return CURL_SEEKFUNC_OK;
}

/* ---- */

void tinet__curl_response_reset(struct tinet__curl_easy *e)
{
  e->header_bytes = 0;
  e->n_interim = 0;
  e->is_in_block = false;
  e->has_headers = false;
  e->n_connected = 0;
  e->n_connections = 0;
  e->is_connected = false;
  e->is_reused = false;
  e->is_held = false;
  e->n_checks = 0;
  tinet__tls_check_unref(e->check);
  e->check = NULL;
  e->n_sent = 0;
  e->err.code = 0;
  e->text[0] = '\0';
}

/* An https proxy has its own TLS, and that comes first. */
static bool is_for_proxy(struct tinet__curl_easy *e)
{
  bool is_tls_proxy =
      e->x->proxy != NULL && tinet__istarts(e->x->proxy, "https:");

  return e->n_checks++ == 0 && is_tls_proxy;
}

static struct tinet__tls_ats ats_of(const struct tinet__curl_easy *e)
{
  const struct tinet__exchange *x = e->x;
  const struct tinet__transport_config *config = &e->t->config;

  return (struct tinet__tls_ats){
      .policy = x->ats,
      .is_judged = x->ats && x->requirement.is_judged,
      .suites = x->requirement.suites,
      .has_pins = x->requirement.has_leaf_pins || x->requirement.has_ca_pins,
      .is_overridden = !x->validates_certificate,
      .is_limited = x->tls_version == TINET_TLS_VERSION_DEFAULT,
      .is_added_anchor = config->ca_file || config->ca_path,
      .trust = x->trust,
  };
}

static CURLcode on_ssl_ctx(CURL *curl, void *ssl_ctx, void *arg)
{
  struct tinet__curl_easy *e = arg;
  struct tinet__tls_check_options opt = {.meter = &e->t->meter,
                                         .logs_keys = e->t->config.logs_keys};
  char proxy[160];

  (void)curl;
  if (e->x == NULL)
    return CURLE_ABORTED_BY_CALLBACK;
  opt.is_proxy = is_for_proxy(e);
  opt.host = e->x->url->host;
  if (opt.is_proxy) {
    tinet__curl_proxy_name(e->x->proxy, proxy, sizeof(proxy));
    opt.host = proxy;
  }
  opt.validates = e->x->validates_certificate;
  opt.trust = e->x->trust;
  opt.ats = ats_of(e);
  tinet__tls_check_unref(e->check);
  e->check = NULL;
  switch (tinet__tls_check_begin(&opt, ssl_ctx, &e->check)) {
  case TINET_OK:
    return CURLE_OK;
  case TINET_ENOMEM:
    return CURLE_OUT_OF_MEMORY;
  default:
    (void)fail(e, TINET_ECLIENTCERT, "the client certificate cannot be used");
    return CURLE_SSL_CERTPROBLEM;
  }
}

bool tinet__curl_response_init(struct tinet__curl_easy *e)
{
  CURL *c = e->curl;

  return curl_easy_setopt(c, CURLOPT_SSL_CTX_FUNCTION, on_ssl_ctx) == 0 &&
         curl_easy_setopt(c, CURLOPT_SSL_CTX_DATA, e) == 0 &&
         curl_easy_setopt(c, CURLOPT_PREREQFUNCTION, on_connected) == 0 &&
         curl_easy_setopt(c, CURLOPT_PREREQDATA, e) == 0 &&
         curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header) == 0 &&
         curl_easy_setopt(c, CURLOPT_HEADERDATA, e) == 0 &&
         curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_write) == 0 &&
         curl_easy_setopt(c, CURLOPT_WRITEDATA, e) == 0 &&
         curl_easy_setopt(c, CURLOPT_READFUNCTION, on_read) == 0 &&
         curl_easy_setopt(c, CURLOPT_READDATA, e) == 0 &&
         curl_easy_setopt(c, CURLOPT_SEEKFUNCTION, on_seek) == 0 &&
         curl_easy_setopt(c, CURLOPT_SEEKDATA, e) == 0;
}
