/* stream_private.h - what the files of the stream share. */
#ifndef TINET_SOCKET_STREAM_PRIVATE_H
#define TINET_SOCKET_STREAM_PRIVATE_H

#include "../core/list.h"
#include "../core/loop.h"
#include "net.h"

#include <sys/types.h>
#include <sys/uio.h>

enum stream_state {
  STREAM_CONNECTING,
  STREAM_HANDSHAKING,
  STREAM_OPEN,
  STREAM_FINISHING, /* tinet_stream_finish(): nobody is told what comes */
  STREAM_FAILED,
};

/* Data to be sent: slices of the caller's, or one copy of ours. */
struct write_req {
  struct tinet__list link;
  tinet_written_cb done; /* NULL: a copy */
  void *arg;             /* borrowed */
  int result;
  size_t n_slices, first; /* slices[first] is the next to be sent */
  size_t copy_cap;        /* of a copy: room behind its slice */
  struct iovec slices[];  /* a copy's bytes follow its one slice */
};

/* TLS on a stream; NULL = plain.  src/socket/tls_socket.c */
struct tinet__tls;

struct tinet_stream {
  tinet_loop *loop;
  tinet__watch *watch; /* owned; NULL while connecting and once failed */
  int fd;              /* owned; -1 the same */
  enum stream_state state;
  unsigned n_busy; /* calls of ours on the stack: who leaves last frees */
  bool is_closed, is_held;
  bool is_reading, is_ended, is_end_due;
  bool is_shutdown_wanted, is_shutdown_done;
  bool is_error_due, is_drain_due, has_waited;
  bool is_timed;       /* the timer is running for what is queued */
  bool is_late;        /* the timer is running for the last turns */
  unsigned watched;    /* what the watch is set to */
  int write_errno;     /* sending has failed; told once all is read */
  bool wants_writable; /* TLS must send before it can go on */
  bool no_delay;
  void *once_buf; /* borrowed; NULL: no read_once is pending */
  size_t once_len;
  struct tinet__list queue; /* of write_req: to be sent */
  struct tinet__list ended; /* of write_req: `done` is due */
  size_t queued, max_queued;
  uint32_t write_timeout_ms, finish_timeout_ms;
  tinet__timer *timer; /* owned; NULL until one is needed */
  struct tinet__deferred soon;
  tinet__dial *dial;      /* owned; while connecting */
  struct tinet__tls *tls; /* owned */
  tinet_stream_events events;
  void *user; /* borrowed */
  tinet_error error;
};

/* ---- stream.c ---- */

/* A stream without a descriptor, in STREAM_CONNECTING. */
int tinet__stream_new(tinet_loop *loop, const tinet_stream_events *events,
                      void *user, tinet_stream **ret_stream) TINET_MUST_CHECK;
/* Takes `fd` on success: from then on the stream is watched. */
int tinet__stream_attach(tinet_stream *s, int fd) TINET_MUST_CHECK;
/* Closes the descriptor; nothing is read, sent or reported any more. */
void tinet__stream_detach(tinet_stream *s);
/* Watches, holds and times what the state asks for. */
void tinet__stream_update(tinet_stream *s);
/* The stream has failed: everything ends, and on_error is due. */
void tinet__stream_fail(tinet_stream *s, int code, int errnum,
                        const char *what);
/* The same with s->error filled in already. */
void tinet__stream_failed(tinet_stream *s);
/* Calls what is due from the loop. */
void tinet__stream_soon(tinet_stream *s);
/* Brackets around whatever calls out.  leave() frees a stream that was closed
 * meanwhile and updates one that was not. */
void tinet__stream_enter(tinet_stream *s);
void tinet__stream_leave(tinet_stream *s);
/* The connection, handshake included, stands: on_open. */
void tinet__stream_opened(tinet_stream *s);
bool tinet__stream_is_open(const tinet_stream *s);
/* Makes sure that there is a timer.  TINET_ENOMEM. */
int tinet__stream_need_timer(tinet_stream *s) TINET_MUST_CHECK;
/* From now on there are `ms` until the stream times out; 0: no limit. */
void tinet__stream_limit(tinet_stream *s, uint32_t ms);

/* ---- stream_open.c ---- */

/* A turn of a handshake. */
void tinet__stream_handshake(tinet_stream *s);
/* A connection that a listener has accepted; takes `fd` and `tls` on success.
 */
int tinet__stream_accepted(tinet_loop *loop, int fd, struct tinet__tls *tls,
                           uint32_t timeout_ms,
                           tinet_stream **ret_stream) TINET_MUST_CHECK;

/* ---- stream_read.c ---- */

/* Reads and delivers while there is something and somebody wants it. */
void tinet__stream_read(tinet_stream *s);
bool tinet__stream_wants_read(const tinet_stream *s);
/* recv(), by way of TLS: a count, 0 = the end, or a negative errno. */
ssize_t tinet__stream_recv(tinet_stream *s, void *buf, size_t len);

/* ---- stream_write.c ---- */

/* Sends as much as goes; 0, or the negative errno of a connection that is
 * lost. */
int tinet__stream_send_queue(tinet_stream *s) TINET_MUST_CHECK;
/* Ends the sending side: nothing is queued any more. */
void tinet__stream_send_end(tinet_stream *s);
/* Ends every write of the queue with `result`. */
void tinet__stream_end_writes(tinet_stream *s, int result);
/* Frees them without a word. */
void tinet__stream_drop_writes(tinet_stream *s);

/* ---- stream_finish.c ---- */

/* A turn of a stream that is finishing. */
void tinet__stream_go_on_finishing(tinet_stream *s);
void tinet__stream_finished(tinet_stream *s);

#endif
