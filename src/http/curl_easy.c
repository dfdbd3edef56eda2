/* curl_easy.c - from a request to the options of an easy handle.
 *
 * Easy handles are used again, and only the options that differ from those of
 * the previous request are set: most cost a copy of a string.  The header lines
 * of a request live in one buffer, and curl's list of them is an array over it.
 */
#include "curl_private.h"

#include <dirent.h>
#include <string.h>

#define SYSTEM_CA_FOLDER "/etc/ssl/certs"

/* ---- where certificates come from ---- */

static bool is_hash_name(const char *name)
{
  for (int i = 0; i < 8; i++) {
    if (!tinet__is_hex(name[i]))
      return false;
  }
  return strcmp(name + 8, ".0") == 0;
}

static bool is_hashed_folder(const char *path)
{
  DIR *dir = opendir(path);
  const struct dirent *entry;
  bool is_found = false;

  if (dir == NULL)
    return false;
  while (!is_found && (entry = readdir(dir)) != NULL)
    is_found = is_hash_name(entry->d_name);
  (void)closedir(dir);
  return is_found;
}

/* One of the two, never both: with a folder besides the bundle curl reads the
 * whole bundle again for every new TLS connection, 24 ms each.  The folder
 * needs one small file a connection. */
void tinet__curl_find_store(struct tinet__curl_transport *t)
{
  t->ca_file = t->config.ca_file;
  t->ca_path = t->config.ca_path;
  if (t->ca_file != NULL || t->ca_path != NULL)
    return;
  if (is_hashed_folder(SYSTEM_CA_FOLDER)) {
    t->ca_path = SYSTEM_CA_FOLDER;
    return;
  }
  t->ca_file = curl_version_info(CURLVERSION_NOW)->cainfo;
}

/* ---- making one ---- */

static bool set_long(CURL *curl, CURLoption option, long value)
{
  return curl_easy_setopt(curl, option, value) == CURLE_OK;
}

static bool set_text(CURL *curl, CURLoption option, const char *value)
{
  return curl_easy_setopt(curl, option, value) == CURLE_OK;
}

static bool set_store(struct tinet__curl_easy *e)
{
  return set_text(e->curl, CURLOPT_CAINFO, e->t->ca_file) &&
         set_text(e->curl, CURLOPT_CAPATH, e->t->ca_path) &&
         set_text(e->curl, CURLOPT_PROXY_CAINFO, e->t->ca_file) &&
         set_text(e->curl, CURLOPT_PROXY_CAPATH, e->t->ca_path);
}

/* What never differs.  NOPROXY and PROXY are set so that curl does not look at
 * the environment; content coding, redirects, cookies and credentials are not
 * curl's business. */
static bool set_constants(struct tinet__curl_easy *e)
{
  CURL *c = e->curl;
  uint32_t idle_ms = e->t->config.idle_timeout_ms;

  return curl_easy_setopt(c, CURLOPT_PRIVATE, e) == CURLE_OK &&
         curl_easy_setopt(c, CURLOPT_ERRORBUFFER, e->text) == CURLE_OK &&
         curl_easy_setopt(c, CURLOPT_SHARE, e->t->share) == CURLE_OK &&
         curl_easy_setopt(c, CURLOPT_CURLU, e->url) == CURLE_OK &&
         set_long(c, CURLOPT_NOSIGNAL, 1) &&
         set_long(c, CURLOPT_QUICK_EXIT, 1) &&
         set_long(c, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1) &&
         set_long(c, CURLOPT_PATH_AS_IS, 1) &&
         set_long(c, CURLOPT_HTTP_CONTENT_DECODING, 0) &&
         set_long(c, CURLOPT_BUFFERSIZE, TINET__CURL_BUFFER) &&
         set_long(c, CURLOPT_UPLOAD_BUFFERSIZE, TINET__CURL_UPLOAD_BUFFER) &&
         set_text(c, CURLOPT_PROTOCOLS_STR, "http,https") &&
         set_text(c, CURLOPT_NOPROXY, "") && set_text(c, CURLOPT_PROXY, "") &&
         (idle_ms == 0 ||
          set_long(c, CURLOPT_MAXAGE_CONN, (long)((idle_ms + 999) / 1000))) &&
         set_store(e) && tinet__curl_response_init(e) &&
         tinet__curl_sockets_init(e);
}

void tinet__curl_easy_free(struct tinet__curl_easy *e)
{
  if (e->state == TINET__CURL_FREE && tinet__list_is_linked(&e->link)) {
    tinet__list_remove(&e->link);
    e->t->n_free--;
  }
  if (e->curl != NULL)
    curl_easy_cleanup(e->curl);
  curl_url_cleanup(e->url);
  tinet__free(e->setup.proxy);
  tinet__free(e->setup.url);
  tinet__buf_free(&e->lines);
  tinet__free(e->fields);
  tinet__tls_check_unref(e->check);
  tinet__headers_free(&e->headers);
  tinet__buf_free(&e->reason);
  tinet__free(e);
}

static struct tinet__curl_easy *make(struct tinet__curl_transport *t)
{
  struct tinet__curl_easy *e = tinet__zalloc(sizeof(*e));

  if (e == NULL)
    return NULL;
  e->t = t;
  e->curl = curl_easy_init();
  e->url = curl_url();
  if (e->curl == NULL || e->url == NULL || !set_constants(e)) {
    tinet__curl_easy_free(e);
    return NULL;
  }
  return e;
}

int tinet__curl_easy_take(struct tinet__curl_transport *t,
                          struct tinet__curl_easy **ret_easy)
{
  struct tinet__curl_easy *e;

  if (tinet__list_is_empty(&t->free_easies)) {
    e = make(t);
    if (e == NULL)
      return TINET_ENOMEM;
  } else {
    /* the last one given back: its memory is warm */
    e = TINET__CONTAINER(t->free_easies.prev, struct tinet__curl_easy, link);
    tinet__list_remove(&e->link);
    t->n_free--;
  }
  tinet__curl_response_reset(e);
  *ret_easy = e;
  return TINET_OK;
}

/* A handle that has seen an error is not used again: curl never clears the
 * errno that it reports. */
static bool is_as_new(struct tinet__curl_easy *e)
{
  long number = 0;

  return curl_easy_getinfo(e->curl, CURLINFO_OS_ERRNO, &number) == CURLE_OK &&
         number == 0;
}

void tinet__curl_easy_give_back(struct tinet__curl_easy *e, bool is_clean)
{
  struct tinet__curl_transport *t = e->t;

  if (!is_clean || t->n_free >= TINET__CURL_MAX_FREE || !is_as_new(e)) {
    tinet__curl_easy_free(e);
    return;
  }
  e->state = TINET__CURL_FREE;
  tinet__list_append(&t->free_easies, &e->link);
  t->n_free++;
}

/* ---- header lines ---- */

/* Framing is curl's own. */
static bool is_framing(struct tinet__span name)
{
  return tinet__ieqn(name.p, name.len, "Content-Length", 14) ||
         tinet__ieqn(name.p, name.len, "Transfer-Encoding", 17);
}

static int add_line(struct tinet__curl_easy *e, struct tinet__span name,
                    const char *separator, struct tinet__span value)
{
  size_t separator_len = strlen(separator);
  size_t len = name.len + separator_len + value.len + 1;
  char *to;
  int err = tinet__buf_reserve(&e->lines, len);

  if (err < 0)
    return err;
  to = e->lines.data + e->lines.len;
  memcpy(to, name.p, name.len);
  memcpy(to + name.len, separator, separator_len);
  memcpy(to + name.len + separator_len, value.p, value.len);
  to[len - 1] = '\0';
  e->lines.len += len;
  e->n_fields++;
  return TINET_OK;
}

static int add_own(struct tinet__curl_easy *e, const char *name,
                   const char *value)
{
  return add_line(e, (struct tinet__span){name, strlen(name)},
                  *value ? ": " : ":",
                  (struct tinet__span){value, strlen(value)});
}

/* "Name:" takes curl's own header of that name away, "Name;" sends an empty
 * one. */
static int add_lines(struct tinet__curl_easy *e,
                     const struct tinet__exchange *x)
{
  const struct tinet__headers *h = x->headers;
  int err = TINET_OK;

  if (x->has_body && tinet__headers_get(h, "Expect") == NULL)
    err = add_own(e, "Expect", "");
  if (err == 0 && tinet__headers_get(h, "Accept") == NULL)
    err = add_own(e, "Accept", "");
  if (err == 0 && x->closes_connection &&
      tinet__headers_get(h, "Connection") == NULL)
    err = add_own(e, "Connection", "close");
  for (size_t i = 0; err == 0 && i < h->n_fields; i++) {
    const struct tinet__header_field *f = &h->fields[i];
    struct tinet__span name = {h->text.data + f->name_at, f->name_len};
    struct tinet__span value = {h->text.data + f->value_at, f->value_len};

    if (!is_framing(name))
      err = add_line(e, name, value.len ? ": " : ";", value);
  }
  return err;
}

static int make_room(struct tinet__curl_easy *e)
{
  size_t cap = e->n_fields + 8;
  struct curl_slist *p;

  if (e->n_fields <= e->fields_cap)
    return TINET_OK;
  p = tinet__realloc(e->fields, cap * sizeof(*p));
  if (p == NULL)
    return TINET_ENOMEM;
  e->fields = p;
  e->fields_cap = cap;
  return TINET_OK;
}

static int set_fields(struct tinet__curl_easy *e,
                      const struct tinet__exchange *x)
{
  char *line;
  int err;

  tinet__buf_reset(&e->lines);
  e->n_fields = 0;
  err = add_lines(e, x);
  if (err == 0)
    err = make_room(e);
  if (err < 0)
    return err;
  line = e->lines.data;
  for (size_t i = 0; i < e->n_fields; i++) {
    e->fields[i].data = line;
    e->fields[i].next = i + 1 < e->n_fields ? &e->fields[i + 1] : NULL;
    line += strlen(line) + 1;
  }
  return curl_easy_setopt(e->curl, CURLOPT_HTTPHEADER,
                          e->n_fields ? e->fields : NULL) == CURLE_OK
             ? TINET_OK
             : TINET_ENOMEM;
}

/* ---- the other options ---- */

static bool same_text(const char *a, const char *b)
{
  return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static int set_url(struct tinet__curl_easy *e, const char *text)
{
  struct tinet__curl_setup *s = &e->setup;
  CURLUcode code;

  if (same_text(s->url, text))
    return TINET_OK;
  tinet__free(s->url);
  s->url = NULL;
  code = curl_url_set(e->url, CURLUPART_URL, text, CURLU_PATH_AS_IS);
  if (code != CURLUE_OK)
    return code == CURLUE_OUT_OF_MEMORY ? TINET_ENOMEM : TINET_EURL;
  s->url = tinet__strdup(text);
  return s->url == NULL ? TINET_ENOMEM : TINET_OK;
}

/* Without a proxy the option is "", so that curl asks no environment. */
static bool set_proxy(struct tinet__curl_easy *e, const char *proxy)
{
  struct tinet__curl_setup *s = &e->setup;

  bool is_basic = proxy != NULL && same_text(e->t->basic_proxy, proxy);

  if (s->is_set && same_text(s->proxy, proxy) && s->is_basic_proxy == is_basic)
    return true;
  tinet__free(s->proxy);
  s->proxy = NULL;
  s->is_set = false;
  if (!set_text(e->curl, CURLOPT_PROXY, proxy ? proxy : "") ||
      !set_long(e->curl, CURLOPT_PROXYAUTH,
                (long)(is_basic ? CURLAUTH_BASIC : CURLAUTH_ANY)))
    return false;
  s->is_basic_proxy = is_basic;
  s->proxy = proxy ? tinet__strdup(proxy) : NULL;
  return proxy == NULL || s->proxy != NULL;
}

/* A request with a body is curl's PUT under another name: that takes the body
 * from a callback and writes no header of its own about it. */
static bool set_method(struct tinet__curl_easy *e,
                       const struct tinet__exchange *x)
{
  struct tinet__curl_setup *s = &e->setup;
  bool is_head = strcmp(x->method, "HEAD") == 0;
  bool has_body = x->has_body && !is_head;
  const char *own = is_head ? "HEAD" : has_body ? "PUT" : "GET";
  const char *method = strcmp(x->method, own) == 0 ? NULL : x->method;

  if (!s->is_set || s->is_head != is_head || s->has_body != has_body) {
    if (has_body ? !set_long(e->curl, CURLOPT_UPLOAD, 1)
                 : !set_long(e->curl, CURLOPT_HTTPGET, 1))
      return false;
    if (is_head && !set_long(e->curl, CURLOPT_NOBODY, 1))
      return false;
  }
  if (has_body && curl_easy_setopt(e->curl, CURLOPT_INFILESIZE_LARGE,
                                   (curl_off_t)x->body_len) != CURLE_OK)
    return false;
  if (!s->is_set || s->is_long_method ||
      strcmp(s->method, method ? method : "") != 0) {
    if (!set_text(e->curl, CURLOPT_CUSTOMREQUEST, method))
      return false;
  }
  s->is_head = is_head;
  s->has_body = has_body;
  /* One that is too long to remember is set each time. */
  s->is_long_method = method != NULL && strlen(method) >= sizeof(s->method);
  s->method[0] = '\0';
  if (method != NULL && !s->is_long_method)
    memcpy(s->method, method, strlen(method) + 1);
  return true;
}

/* NTLM and Negotiate are curl's, everything else is ours. */
static bool set_login(struct tinet__curl_easy *e,
                      const struct tinet__login *login)
{
  unsigned long schemes = CURLAUTH_NONE;

  if (login == NULL && !e->setup.has_login)
    return true;
  if (login != NULL)
    schemes = (login->is_ntlm ? CURLAUTH_NTLM : 0) |
              (login->is_negotiate ? CURLAUTH_NEGOTIATE : 0);
  e->setup.has_login = login != NULL;
  return set_long(e->curl, CURLOPT_HTTPAUTH, (long)schemes) &&
         set_text(e->curl, CURLOPT_USERNAME, login ? login->username : NULL) &&
         set_text(e->curl, CURLOPT_PASSWORD, login ? login->password : NULL);
}

static bool set_connection(struct tinet__curl_easy *e,
                           const struct tinet__exchange *x)
{
  struct tinet__curl_setup *s = &e->setup;
  bool is_h2 = x->url->is_https && !x->is_http1_only && x->login == NULL;
  bool closes = x->closes_connection || e->t->config.max_idle_connections == 0;
  bool validates = x->validates_certificate;

  if (!s->is_set || s->is_h2 != is_h2) {
    if (!set_long(e->curl, CURLOPT_HTTP_VERSION,
                  is_h2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1) ||
        !set_long(e->curl, CURLOPT_PIPEWAIT, is_h2))
      return false;
  }
  if (!s->is_set || s->closes != closes) {
    if (!set_long(e->curl, CURLOPT_FORBID_REUSE, closes))
      return false;
  }
  if (!s->is_set || s->validates != validates) {
    if (!set_long(e->curl, CURLOPT_SSL_VERIFYPEER, validates) ||
        !set_long(e->curl, CURLOPT_SSL_VERIFYHOST, validates ? 2 : 0))
      return false;
  }
  if (!tinet__curl_set_tls(e, x))
    return false;
  s->is_h2 = is_h2;
  s->closes = closes;
  s->validates = validates;
  return true;
}

int tinet__curl_easy_prepare(struct tinet__curl_easy *e,
                             struct tinet__exchange *x)
{
  int err = set_url(e, x->url->text);

  if (err < 0)
    return err;
  if (!set_proxy(e, x->proxy) || !set_method(e, x) || !set_connection(e, x) ||
      !set_login(e, x->login))
    return TINET_ENOMEM;
  e->setup.is_set = true;
  return set_fields(e, x);
}
