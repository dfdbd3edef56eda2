/* stream_write.c - sending: at once if nothing is queued, else in order.
 *
 * The queue holds two kinds of requests: slices of the caller's memory, whose
 * `done` says when they are his again, and copies.  Small copies are gathered
 * in one request, so that the memory behind max_queued bytes is little more
 * than that even when they came one by one.
 */
#include "stream_private.h"

#include "../core/alloc.h"
#include "tls.h"

#include <errno.h>
#include <string.h>

#define SLICES_PER_SEND 64
#define SENDS_PER_TURN 16
#define COPY_MIN 16384 /* room of a copy, for those that follow it */

/* ---- the kernel's side ---- */

static ssize_t send_plain(tinet_stream *s, struct iovec *slices, size_t n)
{
  struct msghdr msg = {.msg_iov = slices, .msg_iovlen = n};
  ssize_t sent;

  do {
    sent = n == 1 ? send(s->fd, slices->iov_base, slices->iov_len, MSG_NOSIGNAL)
                  : sendmsg(s->fd, &msg, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent >= 0)
    return sent;
  return errno == EWOULDBLOCK ? -EAGAIN : -errno;
}

/* A count, or a negative errno; TLS takes the first slice only. */
static ssize_t send_slices(tinet_stream *s, struct iovec *slices, size_t n)
{
  if (s->tls)
    return tinet__tls_send(s->tls, slices->iov_base, slices->iov_len);
  return send_plain(s, slices, n);
}

/* ---- the queue ---- */

static size_t req_len(const struct write_req *req)
{
  size_t len = 0;

  for (size_t i = req->first; i < req->n_slices; i++)
    len += req->slices[i].iov_len;
  return len;
}

static void free_req(struct write_req *req)
{
  tinet__list_remove(&req->link);
  tinet__free(req);
}

static void end_req(tinet_stream *s, struct write_req *req, int result)
{
  if (!req->done) {
    free_req(req);
    return;
  }
  tinet__list_remove(&req->link);
  req->result = result;
  tinet__list_append(&s->ended, &req->link);
  tinet__stream_soon(s);
}

void tinet__stream_end_writes(tinet_stream *s, int result)
{
  while (!tinet__list_is_empty(&s->queue))
    end_req(s, TINET__CONTAINER(s->queue.next, struct write_req, link), result);
  s->queued = 0;
}

static void drop_all(struct tinet__list *list)
{
  while (!tinet__list_is_empty(list))
    free_req(TINET__CONTAINER(list->next, struct write_req, link));
}

void tinet__stream_drop_writes(tinet_stream *s)
{
  drop_all(&s->queue);
  drop_all(&s->ended);
  s->queued = 0;
}

/* Takes `n` sent bytes off the front of the request; what is left of them. */
static size_t advance(struct write_req *req, size_t n)
{
  while (req->first < req->n_slices) {
    struct iovec *slice = &req->slices[req->first];

    if (n < slice->iov_len) {
      slice->iov_base = (char *)slice->iov_base + n;
      slice->iov_len -= n;
      return 0;
    }
    n -= slice->iov_len;
    req->first++;
  }
  return n;
}

static void advance_queue(tinet_stream *s, size_t n)
{
  s->queued -= n;
  while (!tinet__list_is_empty(&s->queue)) {
    struct write_req *req =
        TINET__CONTAINER(s->queue.next, struct write_req, link);

    n = advance(req, n);
    if (req->first < req->n_slices)
      return;
    end_req(s, req, TINET_OK);
  }
}

/* Up to SLICES_PER_SEND slices of what waits, and how long they are. */
static size_t gather(const tinet_stream *s, struct iovec *slices,
                     size_t *ret_len)
{
  size_t n = 0;

  *ret_len = 0;
  for (struct tinet__list *l = s->queue.next; l != &s->queue; l = l->next) {
    const struct write_req *req = TINET__CONTAINER(l, struct write_req, link);

    for (size_t i = req->first; i < req->n_slices; i++) {
      if (n == SLICES_PER_SEND)
        return n;
      *ret_len += req->slices[i].iov_len;
      slices[n++] = req->slices[i];
    }
  }
  return n;
}

/* All that was queued is with the kernel. */
static void on_emptied(tinet_stream *s)
{
  if (s->is_shutdown_wanted && !s->is_shutdown_done)
    tinet__stream_send_end(s);
  if (!s->has_waited)
    return;
  s->has_waited = false;
  s->is_drain_due = true;
  tinet__stream_soon(s);
}

int tinet__stream_send_queue(tinet_stream *s)
{
  struct iovec slices[SLICES_PER_SEND];

  for (int i = 0; i < SENDS_PER_TURN; i++) {
    size_t len, n_slices = gather(s, slices, &len);
    ssize_t n;

    if (n_slices == 0)
      break;
    n = send_slices(s, slices, n_slices);
    if (n == -EAGAIN)
      return 0;
    if (n < 0)
      return (int)n;
    if (s->is_timed) /* there is progress */
      tinet__stream_limit(s, s->write_timeout_ms);
    advance_queue(s, (size_t)n);
    if ((size_t)n < len && !s->tls)
      return 0; /* the kernel's buffer is full: another try would say so */
  }
  if (tinet__list_is_empty(&s->queue))
    on_emptied(s);
  return 0;
}

void tinet__stream_send_end(tinet_stream *s)
{
  /* Without the farewell of TLS the peer has to think of an attack. */
  if (s->tls && tinet__tls_shutdown(s->tls) == -EAGAIN)
    return;
  s->is_shutdown_done = true;
  (void)shutdown(s->fd, SHUT_WR); /* lost already: reading says so */
}

/* ---- the caller's side ---- */

static int check_writable(const tinet_stream *s)
{
  if (!s)
    return TINET_EINVAL;
  if (s->state != STREAM_OPEN || s->is_shutdown_wanted || s->write_errno != 0)
    return TINET_ESTATE;
  return TINET_OK;
}

/* Sending has failed inside a call: told from the loop. */
static void note_write_error(tinet_stream *s, ssize_t rc)
{
  s->write_errno = (int)-rc;
  tinet__stream_end_writes(s, tinet__socket_code(s->write_errno));
  tinet__stream_soon(s);
}

static void wait_for_room(tinet_stream *s)
{
  s->has_waited = true;
  if (s->n_busy == 0)
    tinet__stream_update(s);
}

/* Adds to the copy at the end of the queue as much as it has room for. */
static size_t add_to_last(tinet_stream *s, const char *data, size_t len)
{
  struct write_req *req;
  struct iovec *slice;
  size_t used, n;

  if (tinet__list_is_empty(&s->queue))
    return 0;
  req = TINET__CONTAINER(s->queue.prev, struct write_req, link);
  if (req->done)
    return 0;
  slice = &req->slices[0];
  used = (size_t)((char *)slice->iov_base - (char *)(req->slices + 1)) +
         slice->iov_len;
  n = req->copy_cap - used < len ? req->copy_cap - used : len;
  memcpy((char *)(req->slices + 1) + used, data, n);
  slice->iov_len += n;
  return n;
}

static struct write_req *new_copy(size_t len)
{
  size_t cap = len < COPY_MIN ? COPY_MIN : len;
  struct write_req *req =
      tinet__alloc(sizeof *req + sizeof req->slices[0] + cap);

  if (!req)
    return NULL;
  memset(req, 0, sizeof *req);
  req->n_slices = 1;
  req->copy_cap = cap;
  req->slices[0].iov_base = req->slices + 1;
  return req;
}

static int queue_copy(tinet_stream *s, const char *data, size_t len)
{
  struct write_req *req;
  size_t n = len < COPY_MIN ? add_to_last(s, data, len) : 0;

  if (n < len) {
    req = new_copy(len - n);
    if (!req) {
      if (n > 0) /* all or nothing: take back what was added */
        TINET__CONTAINER(s->queue.prev, struct write_req, link)
            ->slices[0]
            .iov_len -= n;
      return TINET_ENOMEM;
    }
    memcpy(req->slices + 1, data + n, len - n);
    req->slices[0].iov_len = len - n;
    tinet__list_append(&s->queue, &req->link);
  }
  s->queued += len;
  return TINET_OK;
}

int tinet_stream_write(tinet_stream *stream, const void *data, size_t len)
{
  struct iovec slice = {.iov_base = (void *)(uintptr_t)data, .iov_len = len};
  ssize_t sent = 0;
  int err = check_writable(stream);

  if (err < 0)
    return err;
  if (!data && len > 0)
    return TINET_EINVAL;
  if (len == 0)
    return stream->queued > 0;
  if (stream->queued == 0)
    sent = send_slices(stream, &slice, 1);
  else if (len > stream->max_queued ||
           stream->queued > stream->max_queued - len)
    return TINET_ELIMIT;
  if (sent == -EAGAIN)
    sent = 0;
  if (sent < 0) {
    note_write_error(stream, sent);
    return TINET_OK; /* it goes to on_error */
  }
  if ((size_t)sent == len)
    return TINET_OK;
  err = queue_copy(stream, (const char *)data + sent, len - (size_t)sent);
  if (err < 0 && sent == 0 && !stream->tls)
    return err;
  if (err < 0) { /* half a message is sent, and the rest cannot be */
    note_write_error(stream, -ENOMEM);
    return TINET_OK;
  }
  wait_for_room(stream);
  return 1;
}

static struct write_req *new_borrowed(const tinet_slice *slices, size_t n,
                                      tinet_written_cb done, void *arg)
{
  struct write_req *req = tinet__alloc(sizeof *req + n * sizeof req->slices[0]);

  if (!req)
    return NULL;
  memset(req, 0, sizeof *req);
  req->done = done;
  req->arg = arg;
  for (size_t i = 0; i < n; i++)
    if (slices[i].len > 0)
      req->slices[req->n_slices++] =
          (struct iovec){.iov_base = (void *)(uintptr_t)slices[i].data,
                         .iov_len = slices[i].len};
  return req;
}

int tinet_stream_writev(tinet_stream *stream, const tinet_slice *slices,
                        size_t n, tinet_written_cb done, void *arg)
{
  struct write_req *req;
  bool was_empty;
  int err = check_writable(stream);

  if (err < 0)
    return err;
  if ((!slices && n > 0) || !done || n > SIZE_MAX / 32)
    return TINET_EINVAL;
  req = new_borrowed(slices, n, done, arg);
  if (!req)
    return TINET_ENOMEM;
  was_empty = tinet__list_is_empty(&stream->queue);
  tinet__list_append(&stream->queue, &req->link);
  stream->queued += req_len(req);
  if (was_empty) {
    err = req->n_slices > 0 ? tinet__stream_send_queue(stream) : 0;
    advance_queue(stream, 0); /* one without bytes ends as well */
  }
  if (err < 0)
    note_write_error(stream, err);
  else if (!tinet__list_is_empty(&stream->queue))
    wait_for_room(stream);
  return TINET_OK;
}

size_t tinet_stream_queued(const tinet_stream *stream)
{
  return stream ? stream->queued : 0;
}

int tinet_stream_shutdown(tinet_stream *stream)
{
  int err = check_writable(stream);

  if (err < 0)
    return err;
  stream->is_shutdown_wanted = true;
  if (tinet__list_is_empty(&stream->queue))
    tinet__stream_send_end(stream);
  if (stream->n_busy == 0) /* the farewell of TLS may have to wait */
    tinet__stream_update(stream);
  return TINET_OK;
}
