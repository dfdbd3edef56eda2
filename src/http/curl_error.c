/* curl_error.c - from a CURLcode to a code of tinet and a line that names the
 * host.
 *
 * The text never shows the URL of a request or of a proxy as given, because
 * both may carry credentials.
 */
#include "curl_private.h"

#include "../core/str.h"
#include "../trust/failure.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct meaning {
  CURLcode result;
  int code;
  const char *what;
};

/* What needs no closer look. */
static const struct meaning meanings[] = {
    {CURLE_UNSUPPORTED_PROTOCOL, TINET_EPROTOCOL, "the answer is not HTTP"},
    {CURLE_WEIRD_SERVER_REPLY, TINET_EPROTOCOL, "the answer is not HTTP"},
    /* What 7.88 says of a chunk that it takes for the last and is not. */
    {CURLE_BAD_FUNCTION_ARGUMENT, TINET_EPROTOCOL, "malformed chunk"},
    {CURLE_URL_MALFORMAT, TINET_EURL, "malformed URL"},
    {CURLE_COULDNT_RESOLVE_HOST, TINET_ERESOLVE,
     "the host name could not be resolved"},
    {CURLE_PARTIAL_FILE, TINET_ETRUNCATED, "the body ended too early"},
    {CURLE_HTTP2, TINET_EPROTOCOL, "HTTP/2 framing error"},
    {CURLE_HTTP2_STREAM, TINET_EPROTOCOL, "HTTP/2 stream error"},
    {CURLE_OPERATION_TIMEDOUT, TINET_ETIMEDOUT, "timed out"},
    {CURLE_SEND_FAIL_REWIND, TINET_EBODY,
     "the request body could not be sent again"},
    {CURLE_BAD_CONTENT_ENCODING, TINET_ECODING,
     "the transfer coding could not be decoded"},
    {CURLE_SSL_CACERT_BADFILE, TINET_ETLS,
     "the trusted certificates could not be read"},
    {CURLE_NO_CONNECTION_AVAILABLE, TINET_ELIMIT,
     "too many connections are open"},
};

/* host, or host:port with brackets round an IPv6 address */
static void format_peer(const struct tinet__url *url, char *to, size_t size)
{
  (void)snprintf(to, size, url->is_ipv6 ? "[%s]:%d" : "%s:%d", url->host,
                 url->port);
}

void tinet__curl_proxy_name(const char *proxy, char *to, size_t size)
{
  const char *at = strstr(proxy, "://");
  const char *start = at ? at + 3 : proxy;
  size_t len = strcspn(start, "/?#");

  for (size_t i = 0; i < len; i++) {
    if (start[i] == '@') {
      start += i + 1;
      len -= i + 1;
      i = (size_t)-1;
    }
  }
  (void)snprintf(to, size, "%.*s", (int)(len < size ? len : size - 1), start);
}

static long get_long(const struct tinet__curl_easy *e, CURLINFO info)
{
  long value = 0;

  (void)curl_easy_getinfo(e->curl, info, &value);
  return value;
}

/* With errno if there is one, else with curl's number. */
static void set(const struct tinet__curl_easy *e, tinet_error *err, int code,
                CURLcode result, const char *text)
{
  int number = (int)get_long(e, CURLINFO_OS_ERRNO);

  if (number != 0)
    (void)tinet__error_errno(err, code, number, "%s", text);
  else
    (void)tinet__error_set(err, code, TINET_ORIGIN_TRANSPORT, (long)result,
                           "%s", text);
}

/* Everything up to the tunnel is the proxy's fault, but not a certificate of
 * the server behind it.  True if that is what it was. */
static bool is_proxy_error(const struct tinet__curl_easy *e,
                           const struct tinet__exchange *x, CURLcode result)
{
  if (x->proxy == NULL)
    return false;
  switch (result) {
  case CURLE_PROXY:
  case CURLE_COULDNT_RESOLVE_PROXY:
    return true;
  case CURLE_COULDNT_CONNECT:
  case CURLE_RECV_ERROR:
  case CURLE_SEND_ERROR:
  case CURLE_GOT_NOTHING:
    return e->n_connected == 0;
  case CURLE_SSL_CONNECT_ERROR:
  case CURLE_PEER_FAILED_VERIFICATION:
    return get_long(e, CURLINFO_PROXY_SSL_VERIFYRESULT) != 0 ||
           (tinet__istarts(x->proxy, "https:") &&
            (!x->url->is_https || get_long(e, CURLINFO_HTTP_CONNECTCODE) == 0));
  default:
    return false;
  }
}

static void proxy_error(const struct tinet__curl_easy *e,
                        const struct tinet__exchange *x, CURLcode result,
                        tinet_error *err)
{
  long status = get_long(e, CURLINFO_HTTP_CONNECTCODE);
  char proxy[160], text[320];

  tinet__curl_proxy_name(x->proxy, proxy, sizeof(proxy));
  if (status / 100 > 2) {
    (void)tinet__error_set(err, TINET_EPROXY, TINET_ORIGIN_HTTP, status,
                           "the proxy %s refused a connection to %s: %ld",
                           proxy, x->url->host, status);
    return;
  }
  (void)snprintf(text, sizeof(text), "no connection to %.80s through proxy %s",
                 x->url->host, proxy);
  set(e, err, TINET_EPROXY, result, text);
}

static void certificate_error(const struct tinet__curl_easy *e,
                              const char *peer, tinet_error *err)
{
  /* What tls_verify.c has no story of: curl's own comparison of the name. */
  (void)tinet__error_set(err, TINET_ECERTIFICATE, TINET_ORIGIN_TLS,
                         get_long(e, CURLINFO_SSL_VERIFYRESULT),
                         "the certificate of %s was not accepted: %s", peer,
                         e->text);
}

/* Lost while sending or receiving: curl uses one number for much. */
static void lost(const struct tinet__curl_easy *e, const char *peer,
                 CURLcode result, tinet_error *err)
{
  char text[256];

  if (strstr(e->text, "chunked-encoding") != NULL) {
    (void)tinet__error_set(err, TINET_EPROTOCOL, TINET_ORIGIN_TRANSPORT,
                           (long)result, "%s: bad chunked coding", peer);
    return;
  }
  if (strstr(e->text, "response headers") != NULL) {
    (void)tinet__error_set(err, TINET_EHEADERSIZE, TINET_ORIGIN_TRANSPORT,
                           (long)result, "%s: the header block is too large",
                           peer);
    return;
  }
  (void)snprintf(text, sizeof(text), "%s: the connection was lost", peer);
  set(e, err, TINET_ECLOSED, result, text);
}

/* curl's text has OpenSSL's number in it: "error:0A00010B:...". */
static long queue_number(const struct tinet__curl_easy *e)
{
  const char *at = strstr(e->text, "error:");
  unsigned long packed = at ? strtoul(at + 6, NULL, 16) : 0;

  return (long)(packed & 0x7fffff); /* openssl: ERR_GET_REASON */
}

/* What no story is known of: the connection itself was lost. */
static void tls_error(const struct tinet__curl_easy *e, const char *peer,
                      CURLcode result, tinet_error *err)
{
  char text[256];

  if (get_long(e, CURLINFO_OS_ERRNO) != 0 || strstr(e->text, "SYSCALL") ||
      strstr(e->text, "reset") || strstr(e->text, "closed")) {
    (void)snprintf(text, sizeof(text),
                   "%s: the connection was lost in the TLS handshake", peer);
    set(e, err, TINET_ETLS, result, text);
    return;
  }
  (void)tinet__error_set(err, TINET_ETLS, TINET_ORIGIN_TRANSPORT, (long)result,
                         "TLS with %s failed: %s", peer,
                         e->text[0] ? e->text : curl_easy_strerror(result));
}

static void no_memory(const struct tinet__curl_easy *e, const char *peer,
                      CURLcode result, tinet_error *err)
{
  /* curl says so too of a header line over 100 KiB. */
  if (e->n_connected > 0 && !e->has_headers &&
      get_long(e, CURLINFO_REQUEST_SIZE) > 0)
    (void)tinet__error_set(err, TINET_EHEADERSIZE, TINET_ORIGIN_TRANSPORT,
                           (long)result, "%s: a header line is too large",
                           peer);
  else
    (void)tinet__error_set(err, TINET_ENOMEM, TINET_ORIGIN_TINET, 0, NULL);
}

static void plain(const struct tinet__curl_easy *e, const char *peer,
                  CURLcode result, tinet_error *err)
{
  char text[256];

  for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
    if (meanings[i].result != result)
      continue;
    (void)snprintf(text, sizeof(text), "%s: %s", peer, meanings[i].what);
    if (meanings[i].code == TINET_ETIMEDOUT)
      set(e, err, meanings[i].code, result, text);
    else
      (void)tinet__error_set(err, meanings[i].code, TINET_ORIGIN_TRANSPORT,
                             (long)result, "%s", text);
    return;
  }
  (void)tinet__error_set(err, TINET_ESYSTEM, TINET_ORIGIN_TRANSPORT,
                         (long)result, "%s: %s", peer,
                         curl_easy_strerror(result));
}

/* The check knows better than curl what went wrong; true if it does. */
static bool tls_story(const struct tinet__curl_easy *e, CURLcode result,
                      tinet_error *err)
{
  bool has_failed = result == CURLE_SSL_CONNECT_ERROR ||
                    result == CURLE_PEER_FAILED_VERIFICATION;
  const tinet_error *own = tinet__tls_check_error(e->check);

  if (!has_failed && result != CURLE_RECV_ERROR && result != CURLE_SEND_ERROR)
    return false;
  tinet__tls_check_number(e->check, queue_number(e));
  e->x->tls_failure =
      tinet__tls_check_failure(e->check, result == CURLE_SSL_CONNECT_ERROR);
  if (e->x->tls_failure == NULL)
    return false;
  e->x->verdict =
      tinet__tls_check_verdict(e->check, result == CURLE_SSL_CONNECT_ERROR);
  if (e->x->verdict != NULL) { /* the client has its own words for it */
    (void)tinet__error_set(err, TINET_EPOLICY, TINET_ORIGIN_TLS,
                           e->x->verdict->reasons[0].nsurl_code, NULL);
    return true;
  }
  if (own != NULL)
    *err = *own;
  else
    (void)tinet__tls_failure_error(e->x->tls_failure, err);
  if (tinet__tls_check_is_http(e->check))
    (void)tinet__error_set(err, TINET_ETLS, TINET_ORIGIN_TLS, err->number,
                           "%s: the server speaks plain HTTP here, not TLS",
                           e->x->url->host);
  /* Without a number nothing is known but that it has failed. */
  return e->x->tls_failure->reason != TINET_TLS_REASON_HANDSHAKE ||
         err->number != 0;
}

static void translate(const struct tinet__curl_easy *e, const char *peer,
                      CURLcode result, tinet_error *err)
{
  char text[256];

  if (tls_story(e, result, err))
    return;
  switch (result) {
  case CURLE_COULDNT_CONNECT:
    (void)snprintf(text, sizeof(text), "could not connect to %s", peer);
    set(e, err, TINET_ECONNECT, result, text);
    return;
  case CURLE_PEER_FAILED_VERIFICATION:
    certificate_error(e, peer, err);
    return;
  case CURLE_SSL_CONNECT_ERROR:
  case CURLE_SSL_ENGINE_NOTFOUND:
  case CURLE_SSL_CIPHER:
  case CURLE_SSL_CERTPROBLEM:
    tls_error(e, peer, result, err);
    return;
  case CURLE_SEND_ERROR:
  case CURLE_RECV_ERROR:
  case CURLE_GOT_NOTHING:
    lost(e, peer, result, err);
    return;
  case CURLE_OUT_OF_MEMORY:
    no_memory(e, peer, result, err);
    return;
  default:
    plain(e, peer, result, err);
  }
}

void tinet__curl_error(const struct tinet__curl_easy *e,
                       const struct tinet__exchange *x, CURLcode result,
                       tinet_error *err)
{
  char peer[200];

  if (e->err.code != 0) {
    *err = e->err;
    return;
  }
  if (result == CURLE_OK && e->has_headers) {
    tinet__error_clear(err);
    return;
  }
  format_peer(x->url, peer, sizeof(peer));
  if (result == CURLE_OK)
    (void)tinet__error_set(err, TINET_ECLOSED, TINET_ORIGIN_TINET, 0,
                           "%s: the connection was lost", peer);
  else if (is_proxy_error(e, x, result))
    proxy_error(e, x, result, err);
  else
    translate(e, peer, result, err);
}
