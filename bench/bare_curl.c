/* bare_curl.c - the yardstick: libcurl's multi handle on libuv, by hand.
 *
 * As good as it gets without leaving curl: easy handles and a parsed URL are
 * used again, watchers live as long as their socket, the environment is not
 * asked, buffers are large, the certificate store is a folder or one file.
 */
#include "measure.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <unistd.h>
#include <uv.h>

struct sock {
  uv_poll_t poll; /* first */
  int fd, armed, wanted;
};

struct slot {
  CURL *curl;
  struct curl_slist *headers;
  uint64_t upload_left;
  int fd;
  char error[CURL_ERROR_SIZE];
};

static struct job job;
static uv_loop_t *loop;
static uv_timer_t timer;
static CURLM *multi;
static CURLU *url;
static struct sock **socks;
static size_t n_socks;
static unsigned n_started, n_done, n_failed;
static uint64_t n_bytes;
static char block[512 * 1024];

/* The same bytes that tinet sends: curl's cost grows with each. */
static const char *const lines[] = {
    "User-Agent: Titanium/12.2.0 (Linux; x86_64; en_US;) tinet/0.1.0",
    "Accept: */*",
    "Accept-Encoding: gzip, deflate, br, zstd",
    "X-Requested-With: XMLHttpRequest",
    "Cache-Control: no-cache",
    "Pragma: no-cache",
    "Expect:",
};

static void start(struct slot *s);

static void collect(void)
{
  CURLMsg *msg;
  int left;

  while ((msg = curl_multi_info_read(multi, &left)) != NULL) {
    CURL *curl = msg->easy_handle;
    CURLcode result = msg->data.result;
    struct slot *s;
    long status = 0;

    (void)curl_easy_getinfo(curl, CURLINFO_PRIVATE, (char **)&s);
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_multi_remove_handle(multi, curl);
    if (s->fd >= 0)
      (void)close(s->fd);
    s->fd = -1;
    n_done++;
    if (result != CURLE_OK || status != 200) {
      if (n_failed++ == 0)
        (void)fprintf(stderr, "HTTP %ld %s\n", status, s->error);
    }
    if (n_started < job.n_requests)
      start(s);
  }
}

static void on_timer(uv_timer_t *t)
{
  int running;

  (void)t;
  (void)curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
  collect();
}

static int on_timeout(CURLM *m, long timeout_ms, void *arg)
{
  (void)m;
  (void)arg;
  if (timeout_ms < 0)
    (void)uv_timer_stop(&timer);
  else
    (void)uv_timer_start(&timer, on_timer, (uint64_t)timeout_ms, 0);
  return 0;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
  struct sock *s = (struct sock *)poll;
  int running, mask = 0;

  if (s->wanted == 0) {
    (void)uv_poll_stop(poll);
    s->armed = 0;
    return;
  }
  if (status < 0)
    mask = CURL_CSELECT_ERR;
  if (events & UV_READABLE)
    mask |= CURL_CSELECT_IN;
  if (events & UV_WRITABLE)
    mask |= CURL_CSELECT_OUT;
  (void)curl_multi_socket_action(multi, s->fd, mask, &running);
  collect();
}

static void on_closed(uv_handle_t *h)
{
  free(h);
}

static int on_socket(CURL *curl, curl_socket_t fd, int what, void *arg,
                     void *unused)
{
  struct sock *s;

  (void)curl;
  (void)arg;
  (void)unused;
  if ((size_t)fd >= n_socks) {
    size_t n = (size_t)fd * 2 + 64;

    socks = realloc(socks, n * sizeof(*socks));
    memset(socks + n_socks, 0, (n - n_socks) * sizeof(*socks));
    n_socks = n;
  }
  s = socks[fd];
  if (what == CURL_POLL_REMOVE) {
    if (s != NULL)
      s->wanted = 0; /* kept until the socket is closed */
    return 0;
  }
  if (s == NULL) {
    s = calloc(1, sizeof(*s));
    s->fd = fd;
    (void)uv_poll_init_socket(loop, &s->poll, fd);
    socks[fd] = s;
  }
  s->wanted = what;
  if (s->armed != what) {
    (void)uv_poll_start(&s->poll,
                        (what & CURL_POLL_IN ? UV_READABLE : 0) |
                            (what & CURL_POLL_OUT ? UV_WRITABLE : 0),
                        on_poll);
    s->armed = what;
  }
  return 0;
}

static int on_close(void *arg, curl_socket_t fd)
{
  (void)arg;
  if ((size_t)fd < n_socks && socks[fd] != NULL) {
    uv_close((uv_handle_t *)&socks[fd]->poll, on_closed);
    socks[fd] = NULL;
  }
  return close(fd);
}

static size_t on_write(char *data, size_t size, size_t n, void *arg)
{
  struct slot *s = arg;

  n_bytes += size * n;
  if (s->fd >= 0 && write(s->fd, data, size * n) != (ssize_t)(size * n))
    return 0;
  return size * n;
}

static size_t on_read(char *data, size_t size, size_t n, void *arg)
{
  struct slot *s = arg;
  size_t len = size * n;

  if (len > s->upload_left)
    len = (size_t)s->upload_left;
  memcpy(data, block, len < sizeof(block) ? len : sizeof(block));
  s->upload_left -= len;
  n_bytes += len;
  return len;
}

static void start(struct slot *s)
{
  n_started++;
  s->upload_left = job.upload_len;
  if (job.out != NULL) {
    /* A new file each time, as a download does. */
    (void)unlink(job.out);
    s->fd = open(job.out, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  }
  (void)curl_multi_add_handle(multi, s->curl);
}

static void set_up(struct slot *s)
{
  bool is_tls = strncmp(job.url, "https", 5) == 0;

  s->curl = curl_easy_init();
  s->fd = -1;
  for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
    s->headers = curl_slist_append(s->headers, lines[i]);
  curl_easy_setopt(s->curl, CURLOPT_PRIVATE, s);
  curl_easy_setopt(s->curl, CURLOPT_ERRORBUFFER, s->error);
  curl_easy_setopt(s->curl, CURLOPT_CURLU, url);
  curl_easy_setopt(s->curl, CURLOPT_HTTPHEADER, s->headers);
  curl_easy_setopt(s->curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(s->curl, CURLOPT_PROXY, "");
  curl_easy_setopt(s->curl, CURLOPT_NOPROXY, "");
  curl_easy_setopt(s->curl, CURLOPT_BUFFERSIZE, 512L * 1024);
  curl_easy_setopt(s->curl, CURLOPT_UPLOAD_BUFFERSIZE, 512L * 1024);
  curl_easy_setopt(s->curl, CURLOPT_CAINFO, job.ca_file);
  curl_easy_setopt(s->curl, CURLOPT_CAPATH, job.ca_path);
  curl_easy_setopt(s->curl, CURLOPT_CLOSESOCKETFUNCTION, on_close);
  curl_easy_setopt(s->curl, CURLOPT_WRITEFUNCTION, on_write);
  curl_easy_setopt(s->curl, CURLOPT_WRITEDATA, s);
  curl_easy_setopt(s->curl, CURLOPT_HTTP_VERSION,
                   is_tls ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(s->curl, CURLOPT_PIPEWAIT, (long)is_tls);
  if (job.upload_len == 0)
    return;
  curl_easy_setopt(s->curl, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(s->curl, CURLOPT_INFILESIZE_LARGE,
                   (curl_off_t)job.upload_len);
  curl_easy_setopt(s->curl, CURLOPT_READFUNCTION, on_read);
  curl_easy_setopt(s->curl, CURLOPT_READDATA, s);
}

static void run(struct slot *slots)
{
  struct measure m;

  measure_start(&m);
  for (unsigned i = 0; i < job.concurrency; i++) {
    set_up(&slots[i]);
    if (n_started < job.n_requests)
      start(&slots[i]);
  }
  while (n_done < job.n_requests)
    (void)uv_run(loop, UV_RUN_ONCE);
  measure_print(&m, n_done, n_failed, n_bytes);
}

int main(int argc, char **argv)
{
  struct slot *slots;

  if (!job_parse(&job, argc, argv))
    return 2;
  memset(block, 'u', sizeof(block));
  loop = uv_default_loop();
  (void)curl_global_init(CURL_GLOBAL_DEFAULT);
  multi = curl_multi_init();
  url = curl_url();
  (void)curl_url_set(url, CURLUPART_URL, job.url, 0);
  (void)uv_timer_init(loop, &timer);
  curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
  curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timeout);
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)job.concurrency + 8);
  slots = calloc(job.concurrency, sizeof(*slots));
  if (slots == NULL)
    return 1;
  run(slots);
  for (unsigned i = 0; i < job.concurrency; i++) {
    curl_easy_cleanup(slots[i].curl);
    curl_slist_free_all(slots[i].headers);
  }
  (void)curl_multi_cleanup(multi);
  curl_url_cleanup(url);
  free(slots);
  free(socks);
  return n_failed != 0;
}
