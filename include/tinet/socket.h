/* socket.h - TCP, Unix-domain and UDP sockets, with TLS.
 *
 * A stream is one connection, a listener makes streams of what arrives, a udp
 * sends and receives datagrams.  They stand behind Titanium.Network.Socket and
 * the legacy TCPSocket.  Names are resolved on threads of their own, everything
 * else happens on the loop.
 *
 * Ownership  The caller owns every object from open (or from the accept
 *            callback) to close.
 * Threads    The thread of the loop.
 * Errors     0, a documented count, or a negative code of <tinet/error.h>; a
 *            tinet_error parameter (may be NULL) gets errno and text.  A call
 *            that fails has changed nothing, its ret_ parameters included.
 * Callbacks  Come from the loop, never from inside the call that starts the
 *            work, and never after close.  A callback may call anything in this
 *            header on its object, close included.  Every one may be NULL.
 * The loop   is kept alive by a connection being made, by reading that was
 *            started, by data still to be sent, and by a listener or udp that
 *            is receiving.  A stream that does none of that keeps nothing
 *            alive.
 * SIGPIPE    never comes from here.
 */
#ifndef TINET_SOCKET_H
#define TINET_SOCKET_H

#include <tinet/base.h>
#include <tinet/error.h>
#include <tinet/loop.h>
#include <tinet/trust.h>

TINET_BEGIN_DECLS

typedef struct tinet_stream tinet_stream;
typedef struct tinet_listener tinet_listener;
typedef struct tinet_udp tinet_udp;
typedef struct tinet_resolve tinet_resolve;

/* ---- addresses ---- */

typedef enum tinet_family {
  TINET_FAMILY_ANY = 0,  /* in options: both; in an endpoint: none */
  TINET_FAMILY_UNIX = 1, /* in an endpoint: has neither address nor port */
  TINET_FAMILY_IPV4 = 4,
  TINET_FAMILY_IPV6 = 6,
} tinet_family;

/* An address and a port.  IPv4 seen through a dual-stack socket is
 * TINET_FAMILY_IPV4. */
typedef struct tinet_endpoint {
  tinet_family family;
  uint16_t port;
  uint32_t interface_index; /* IPv6 link-local and multicast; 0 = none */
  uint8_t address[16];      /* network order; IPv4 in the first four bytes */
} tinet_endpoint;

/* "fe80::1%interface" and its NUL. */
#define TINET_ENDPOINT_TEXT_MAX 64

/* The address as text, without brackets and port: "127.0.0.1", "fe80::1%eth0";
 * "" for a Unix-domain or empty endpoint. */
TINET_API void tinet_endpoint_text(const tinet_endpoint *endpoint,
                                   char text[TINET_ENDPOINT_TEXT_MAX]);

/* Reads an IPv4 or IPv6 address, the latter with or without brackets and with
 * an interface by name or number ("[fe80::1%eth0]").  TINET_EINVAL: it is a
 * name or nothing of this; TINET_EADDRESS: no such interface. */
TINET_API int
tinet_endpoint_parse(const char *address, uint16_t port,
                     tinet_endpoint *ret_endpoint) TINET_MUST_CHECK;

/* Called once with what a name stands for, in the order in which they should be
 * tried (RFC 6724); `endpoints` is borrowed during the call.  On failure
 * n_endpoints is 0 and `err` says why (TINET_ERESOLVE, TINET_ENOMEM); otherwise
 * `err` is NULL.  The tinet_resolve has ended when it comes. */
typedef void (*tinet_resolve_cb)(const tinet_endpoint *endpoints,
                                 size_t n_endpoints, const tinet_error *err,
                                 void *user);

/* Looks `host` up; numeric addresses are understood as well.  The ports of the
 * endpoints are 0.  All is copied.  `ret_resolve` is for cancelling and may be
 * NULL.  At most 16 are asked at a time, others wait.  TINET_EINVAL, TINET_EURL
 * (no possible host name), TINET_ENOMEM, TINET_ESYSTEM (no thread). */
TINET_API int tinet_resolve_start(tinet_loop *loop, const char *host,
                                  tinet_family family,
                                  tinet_resolve_cb on_resolved, void *user,
                                  tinet_resolve **ret_resolve) TINET_MUST_CHECK;

/* The callback will not come; NULL is fine.  Nothing waits for the look-up,
 * which cannot be stopped itself. */
TINET_API void tinet_resolve_cancel(tinet_resolve *resolve);

/* ---- TLS ---- */

/* A client's side.  Start from tinet_tls_client_options_init(); strings and
 * lists are copied.  Chain, name and validity are always checked. */
typedef struct tinet_tls_client_options {
  size_t struct_size;      /* sizeof(tinet_tls_client_options) */
  const char *server_name; /* NULL = the host connected to */
  tinet_trust *trust;      /* pins, extra authorities, client certificates, a
                              verifier; a reference is taken; may be NULL */
  const char *ca_file;     /* PEM bundle instead of the system's store */
  const char *const *alpn; /* protocols to offer, the preferred first */
  size_t n_alpn;           /* 0 = none offered */
  bool is_unverified;      /* for a person at a terminal: checks nothing */
} tinet_tls_client_options;
TINET_API void tinet_tls_client_options_init(tinet_tls_client_options *opt);

/* Whether a server asks its clients for a certificate. */
typedef enum tinet_client_auth {
  TINET_CLIENT_AUTH_NONE = 0,
  TINET_CLIENT_AUTH_OPTIONAL, /* one that is sent must be good */
  TINET_CLIENT_AUTH_REQUIRED,
} tinet_client_auth;

/* A server's side.  Start from tinet_tls_server_options_init(); all copied. */
typedef struct tinet_tls_server_options {
  size_t struct_size;      /* sizeof(tinet_tls_server_options) */
  const void *certificate; /* PEM: its certificate, then the chain */
  size_t certificate_len;
  const void *key; /* PEM */
  size_t key_len;
  const char *password;    /* of the key; may be NULL */
  const char *const *alpn; /* protocols understood, the preferred first */
  size_t n_alpn;           /* 0 = the client's offer is ignored */
  tinet_client_auth client_auth;
  const void *client_ca; /* PEM: whose client certificates are good */
  size_t client_ca_len;
  uint32_t handshake_timeout_ms; /* default 10,000; 0 = none */
} tinet_tls_server_options;
TINET_API void tinet_tls_server_options_init(tinet_tls_server_options *opt);

/* What a handshake agreed on.  Strings are borrowed until the stream is closed;
 * "" where there is nothing. */
typedef struct tinet_tls_info {
  const char *version; /* "TLSv1.3" */
  const char *cipher;
  const char *alpn;         /* the protocol chosen */
  const char *server_name;  /* as the client sent it */
  const char *peer_subject; /* of the peer's certificate */
} tinet_tls_info;

/* ---- streams ---- */

/* What happens on a stream.  `user` is the one given with these events. */
typedef struct tinet_stream_events {
  /* The connection stands, TLS handshake included.  Once, first; not for an
   * accepted stream without TLS or tinet_stream_open_fd(), which are born so.
   */
  void (*on_open)(tinet_stream *stream, void *user);
  /* Bytes have come, at least one.  `data` is borrowed until the callback
   * returns: it is the loop's one receive buffer (TINET_STREAM_READ_MAX) or the
   * buffer of tinet_stream_read_once(). */
  void (*on_read)(tinet_stream *stream, const void *data, size_t len,
                  void *user);
  /* The peer will send no more; everything it sent has been delivered.  Once.
   * Writing is still possible. */
  void (*on_end)(tinet_stream *stream, void *user);
  /* Data that had to be queued has all gone to the kernel. */
  void (*on_drain)(tinet_stream *stream, void *user);
  /* After tinet_stream_finish(): everything was sent, the end as well, and the
   * peer has ended or had its time; or `n_dropped` bytes could not be sent. */
  void (*on_finished)(tinet_stream *stream, size_t n_dropped, void *user);
  /* The stream has failed: it could not be connected (TINET_ERESOLVE,
   * TINET_ECONNECT, TINET_EUNREACHABLE, TINET_ETIMEDOUT, TINET_ETLS,
   * TINET_ECERTIFICATE, TINET_EPIN ...) or was lost (TINET_ECLOSED;
   * TINET_ETIMEDOUT: write_timeout_ms; TINET_EPROTOCOL: broken TLS).  Last and
   * once, after the `done` of every write; the descriptor is gone. */
  void (*on_error)(tinet_stream *stream, const tinet_error *err, void *user);
} tinet_stream_events;

/* The most that one on_read brings, and the size of the one buffer per loop. */
#define TINET_STREAM_READ_MAX 65536

/* How to connect.  Start from tinet_connect_options_init(); all is copied. */
typedef struct tinet_connect_options {
  size_t struct_size; /* sizeof(tinet_connect_options) */
  const char *host;   /* name or address (see tinet_endpoint_parse()) */
  uint16_t port;      /* 1 ... 65535 */
  const tinet_endpoint *endpoints; /* where `host` is, if that is known, as
                                      Bonjour does: it is not looked up.  In
                                      the order to try, with `port` whatever
                                      theirs; the first 16 count */
  size_t n_endpoints;
  const char *path;          /* a Unix-domain socket instead of host and port */
  tinet_family family;       /* TINET_FAMILY_ANY: both, by RFC 8305 */
  uint32_t timeout_ms;       /* names, connection and handshake; 0 = none */
  uint32_t write_timeout_ms; /* without progress of queued data; 0 = none */
  size_t max_queued;         /* bytes; default TINET_STREAM_MAX_QUEUED */
  bool no_delay;             /* default true */
  const tinet_tls_client_options *tls; /* NULL = plain */
} tinet_connect_options;
TINET_API void tinet_connect_options_init(tinet_connect_options *opt);

/* The default ceiling of what a stream queues of its own copies. */
#define TINET_STREAM_MAX_QUEUED (16u * 1024 * 1024)

/* Starts to connect.  `events` is copied, `user` borrowed until close.
 * TINET_EINVAL, TINET_EURL (no possible host name), TINET_EUNSUPPORTED (a path
 * longer than 107 bytes), TINET_ENOMEM, TINET_ESYSTEM; with `tls` also
 * TINET_ECLIENTCERT, TINET_EFILE, TINET_ETLS. */
TINET_API int tinet_stream_connect(tinet_loop *loop,
                                   const tinet_connect_options *opt,
                                   const tinet_stream_events *events,
                                   void *user, tinet_stream **ret_stream,
                                   tinet_error *err) TINET_MUST_CHECK;

/* A stream on a connected stream socket, which is taken on success and made
 * non-blocking.  TINET_EINVAL, TINET_ENOMEM, TINET_ESYSTEM. */
TINET_API int tinet_stream_open_fd(tinet_loop *loop, int fd,
                                   const tinet_stream_events *events,
                                   void *user,
                                   tinet_stream **ret_stream) TINET_MUST_CHECK;

/* Takes the descriptor of a plain stream back, which must be connected, must
 * not be reading and must have nothing queued.  It is the caller's,
 * non-blocking still; the stream can only be closed.  TINET_EINVAL,
 * TINET_ESTATE, TINET_EUNSUPPORTED (TLS). */
TINET_API int tinet_stream_release_fd(tinet_stream *stream,
                                      int *ret_fd) TINET_MUST_CHECK;

/* Gives the stream its events, or others: for those from on_accept. */
TINET_API void tinet_stream_set_events(tinet_stream *stream,
                                       const tinet_stream_events *events,
                                       void *user);

/* ---- reading: nothing is read until one of these is called ---- */

/* Delivers what comes to on_read until tinet_stream_read_stop(), on_end or
 * on_error.  After the end it does nothing.  TINET_ESTATE (failed, or a
 * read_once is pending), TINET_ESYSTEM. */
TINET_API int tinet_stream_read_start(tinet_stream *stream) TINET_MUST_CHECK;

/* Reads no further: the kernel's buffers fill and the peer has to wait.  Also
 * withdraws a read_once, whose buffer is the caller's again. */
TINET_API void tinet_stream_read_stop(tinet_stream *stream);

/* One on_read with up to `len` bytes in `buf` (which is what on_read gets as
 * `data`), or on_end (again, if it has come already), or on_error; then the
 * stream does not read.  `buf` is borrowed until then.  TINET_EINVAL (len 0),
 * TINET_ESTATE, TINET_ESYSTEM. */
TINET_API int tinet_stream_read_once(tinet_stream *stream, void *buf,
                                     size_t len) TINET_MUST_CHECK;

/* Waits on the caller's thread for at least one byte.  Returns 0 with
 * *ret_len = 0 at the end of the stream.  The loop does not turn meanwhile.
 * `timeout_ms` < 0 = no limit.  An error of the connection comes here, with
 * `err`, and not to on_error.  TINET_EINVAL, TINET_ESTATE (being connected,
 * failed, or reading), TINET_ETIMEDOUT, TINET_ECLOSED, TINET_EPROTOCOL. */
TINET_API int tinet_stream_read_now(tinet_stream *stream, void *buf, size_t len,
                                    int timeout_ms, size_t *ret_len,
                                    tinet_error *err) TINET_MUST_CHECK;

/* ---- writing ---- */

/* A piece of memory. */
typedef struct tinet_slice {
  const void *data;
  size_t len;
} tinet_slice;

/* A tinet_stream_writev() has ended: `result` is 0 (everything is with the
 * kernel) or the code of the failure of the stream.  Exactly once, unless the
 * stream is closed before. */
typedef void (*tinet_written_cb)(tinet_stream *stream, int result, void *arg);

/* Sends `data`, copying what the kernel does not take at once.  Returns 0 if
 * all of it is with the kernel, 1 if some is queued: on_drain will come.
 * TINET_ELIMIT: something is queued and this would take it beyond max_queued;
 * wait for on_drain.  TINET_EINVAL, TINET_ENOMEM, TINET_ESTATE (not yet or no
 * longer connected, shut down).  An error of the connection goes to on_error.
 */
TINET_API int tinet_stream_write(tinet_stream *stream, const void *data,
                                 size_t len) TINET_MUST_CHECK;

/* Sends `n` slices in order without copying: the memory behind them (not the
 * array) is borrowed until `done(stream, result, arg)` or close.  They count in
 * tinet_stream_queued() but not against max_queued.  TINET_EINVAL (no done),
 * TINET_ENOMEM, TINET_ESTATE. */
TINET_API int tinet_stream_writev(tinet_stream *stream,
                                  const tinet_slice *slices, size_t n,
                                  tinet_written_cb done,
                                  void *arg) TINET_MUST_CHECK;

/* Bytes accepted by the two above that the kernel does not have yet. */
TINET_API size_t tinet_stream_queued(const tinet_stream *stream);

/* Waits on the caller's thread until nothing is queued.  `timeout_ms` (< 0 = no
 * limit) counts from the last progress.  An error of the connection comes here,
 * with `err`; each pending `done` comes later from the loop.  TINET_ESTATE,
 * TINET_ETIMEDOUT, TINET_ECLOSED. */
TINET_API int tinet_stream_flush_now(tinet_stream *stream, int timeout_ms,
                                     tinet_error *err) TINET_MUST_CHECK;

/* Ends the sending side once everything queued is sent (TCP: FIN; TLS:
 * close_notify as well); reading goes on.  TINET_ESTATE (not connected, or done
 * already). */
TINET_API int tinet_stream_shutdown(tinet_stream *stream) TINET_MUST_CHECK;

/* ---- the end of a stream ---- */

/* Ends it and loses nothing: sends what is queued and the end, reads and
 * discards until the peer ends too, for at most `timeout_ms` without progress,
 * then calls on_finished; the caller closes it then, or earlier.  No on_read,
 * on_end or on_error comes any more.  TINET_EINVAL (timeout 0), TINET_ESTATE
 * (not connected), TINET_ENOMEM. */
TINET_API int tinet_stream_finish(tinet_stream *stream,
                                  uint32_t timeout_ms) TINET_MUST_CHECK;

/* Drops what is queued and returns how many bytes that were: each pending
 * `done` comes from the loop with TINET_ECANCELED, on_drain does not.  What the
 * kernel has is still sent, and a message may end in the middle. */
TINET_API size_t tinet_stream_drop_queued(tinet_stream *stream);

/* Whether tinet_stream_close() could lose nothing: nothing is queued, the peer
 * has acknowledged all that was sent, and nothing that was received is unread.
 * True as well for a stream that is not connected. */
TINET_API bool tinet_stream_is_settled(const tinet_stream *stream);

/* Closes and frees it at once; NULL is fine.  Returns how many bytes it had
 * queued and drops.  What the kernel has is still sent (unless data that nobody
 * has read is there, in which case the kernel may reset: see finish). */
TINET_API size_t tinet_stream_close(tinet_stream *stream);

/* The same with a reset instead of an orderly end. */
TINET_API size_t tinet_stream_abort(tinet_stream *stream);

/* ---- about a stream ---- */

/* Both ends.  TINET_ESTATE: not connected.  */
TINET_API int tinet_stream_local(const tinet_stream *stream,
                                 tinet_endpoint *ret_endpoint) TINET_MUST_CHECK;
TINET_API int tinet_stream_peer(const tinet_stream *stream,
                                tinet_endpoint *ret_endpoint) TINET_MUST_CHECK;

/* Small writes go out at once rather than collected.  TINET_ESTATE,
 * TINET_EUNSUPPORTED (not TCP). */
TINET_API int tinet_stream_set_no_delay(tinet_stream *stream,
                                        bool on) TINET_MUST_CHECK;

/* Probes a silent peer after `idle_s` seconds, then every `interval_s`, and
 * gives it up after `n_probes` without an answer (TINET_ETIMEDOUT, or what the
 * network says); after the same time also when data is not acknowledged.
 * idle_s 0 = off.  Errors as above, TINET_EINVAL. */
TINET_API int tinet_stream_set_keep_alive(tinet_stream *stream, unsigned idle_s,
                                          unsigned interval_s,
                                          unsigned n_probes) TINET_MUST_CHECK;

/* The limits of tinet_connect_options, for any stream.  TINET_ENOMEM. */
TINET_API int tinet_stream_set_write_timeout(tinet_stream *stream,
                                             uint32_t ms) TINET_MUST_CHECK;
TINET_API void tinet_stream_set_max_queued(tinet_stream *stream, size_t max);

/* TINET_ESTATE: no TLS, or no handshake yet. */
TINET_API int tinet_stream_tls_info(const tinet_stream *stream,
                                    tinet_tls_info *ret_info) TINET_MUST_CHECK;

/* Why the handshake failed; NULL if it did not.  Borrowed until close. */
TINET_API const tinet_tls_failure *
tinet_stream_tls_failure(const tinet_stream *stream);

/* ---- listeners ---- */

/* What happens to a listener. */
typedef struct tinet_listener_events {
  /* A connection has come.  `stream` is the callback's to keep (or to close);
   * it gets its events by tinet_stream_set_events().  With TLS its on_open or
   * on_error follows after the handshake.  Must not be NULL. */
  void (*on_accept)(tinet_listener *listener, tinet_stream *stream, void *user);
  /* Something is wrong.  `is_lasting` false: there are no descriptors or no
   * memory (TINET_ELIMIT, errno EMFILE, ENFILE ...); it goes on by itself when
   * there are, and says so once for each time.  true: it has ended and can only
   * be closed. */
  void (*on_error)(tinet_listener *listener, const tinet_error *err,
                   bool is_lasting, void *user);
} tinet_listener_events;

/* How to listen.  Start from tinet_listen_options_init(); all is copied. */
typedef struct tinet_listen_options {
  size_t struct_size; /* sizeof(tinet_listen_options) */
  /* NULL, "", "localhost" or "loopback" = 127.0.0.1 and ::1; "*", "::" or
   * "INADDR_ANY" = everything, dual stack; "0.0.0.0" = all of IPv4; an address;
   * a name = every address that it has (looked up while the caller waits). */
  const char *host;
  uint16_t port; /* 0 = a free one, the same for every address */
  /* A Unix-domain socket instead, at most 107 bytes.  Takes the place of one
   * that a program has left behind (nobody listens on it); close removes it. */
  const char *path;
  unsigned backlog;                    /* 0 = the most that the system allows */
  bool is_paused;                      /* begins without accepting */
  size_t max_queued;                   /* of each stream */
  const tinet_tls_server_options *tls; /* NULL = plain */
} tinet_listen_options;
TINET_API void tinet_listen_options_init(tinet_listen_options *opt);

/* Opens and listens, with SO_REUSEADDR and without SO_REUSEPORT.  `events` is
 * copied, `user` borrowed until close.  TINET_EINVAL, TINET_EADDRESS (in use,
 * not of this machine), TINET_EPERMISSION (a port below 1024), TINET_ERESOLVE,
 * TINET_ELIMIT (no descriptors), TINET_EUNSUPPORTED (path too long),
 * TINET_ENOMEM, TINET_ESYSTEM; with `tls` also TINET_ETLS: certificate or key
 * cannot be used. */
TINET_API int tinet_listener_open(tinet_loop *loop,
                                  const tinet_listen_options *opt,
                                  const tinet_listener_events *events,
                                  void *user, tinet_listener **ret_listener,
                                  tinet_error *err) TINET_MUST_CHECK;

/* Accepts nothing until resumed: connections wait in the kernel's queue.  From
 * inside the callback no further one comes. */
TINET_API void tinet_listener_pause(tinet_listener *listener);
TINET_API void tinet_listener_resume(tinet_listener *listener);

/* The first address and the port it listens on.  TINET_ESTATE. */
TINET_API int
tinet_listener_local(const tinet_listener *listener,
                     tinet_endpoint *ret_endpoint) TINET_MUST_CHECK;

/* Ends it and frees it; NULL is fine.  Its streams live on; connections that
 * wait in the kernel's queue are reset. */
TINET_API void tinet_listener_close(tinet_listener *listener);

/* ---- UDP ---- */

/* The longest datagram of IPv4. */
#define TINET_UDP_MAX 65507

/* A datagram that has come; borrowed during the callback. */
typedef struct tinet_datagram {
  const void *data;
  size_t len; /* may be 0 */
  tinet_endpoint from;
  bool is_truncated; /* it was longer than max_datagram */
} tinet_datagram;

typedef struct tinet_udp_events {
  void (*on_datagram)(tinet_udp *udp, const tinet_datagram *datagram,
                      void *user);
  /* Something went wrong: an ICMP answer to what a connected socket sent
   * (TINET_EUNREACHABLE), a queued datagram that could not be sent.  The socket
   * lives on. */
  void (*on_error)(tinet_udp *udp, const tinet_error *err, void *user);
  /* Datagrams that had to be queued are all sent. */
  void (*on_drain)(tinet_udp *udp, void *user);
} tinet_udp_events;

/* How to open one.  Start from tinet_udp_options_init(); all is copied. */
typedef struct tinet_udp_options {
  size_t struct_size;  /* sizeof(tinet_udp_options) */
  const char *host;    /* numeric; NULL or "*" = everything, dual stack */
  uint16_t port;       /* 0 = a free one */
  tinet_family family; /* of "everything": both, or one only */
  bool reuse_address;  /* several receivers of one multicast port */
  size_t max_datagram; /* longer ones are cut; default TINET_UDP_MAX */
  size_t max_queued;   /* bytes; default 1 MiB */
} tinet_udp_options;
TINET_API void tinet_udp_options_init(tinet_udp_options *opt);

/* Opens and binds; receives nothing yet.  `events` is copied, `user` borrowed
 * until close.  TINET_EINVAL (host is no address), TINET_EADDRESS,
 * TINET_EPERMISSION, TINET_ELIMIT, TINET_ENOMEM, TINET_ESYSTEM. */
TINET_API int tinet_udp_open(tinet_loop *loop, const tinet_udp_options *opt,
                             const tinet_udp_events *events, void *user,
                             tinet_udp **ret_udp,
                             tinet_error *err) TINET_MUST_CHECK;

/* Frees it; NULL is fine.  Queued datagrams are dropped. */
TINET_API void tinet_udp_close(tinet_udp *udp);

/* Delivers what comes, until stopped.  TINET_ESYSTEM. */
TINET_API int tinet_udp_receive_start(tinet_udp *udp) TINET_MUST_CHECK;
TINET_API void tinet_udp_receive_stop(tinet_udp *udp);

/* Sends one datagram to `to` (NULL = the peer connected to).  Returns 0 if the
 * kernel has it, 1 if it had to be queued (copied).  TINET_EDATAGRAM (longer
 * than the network takes), TINET_EUNREACHABLE, TINET_EPERMISSION (broadcast
 * without leave), TINET_ELIMIT (max_queued), TINET_EINVAL, TINET_ESTATE (no
 * `to` and not connected), TINET_ENOMEM, TINET_ESYSTEM. */
TINET_API int tinet_udp_send(tinet_udp *udp, const tinet_endpoint *to,
                             const void *data, size_t len,
                             tinet_error *err) TINET_MUST_CHECK;

/* Takes datagrams from `peer` only and sends to it; NULL = no longer.
 * TINET_EINVAL (family), TINET_EUNREACHABLE, TINET_ESYSTEM. */
TINET_API int tinet_udp_connect(tinet_udp *udp, const tinet_endpoint *peer,
                                tinet_error *err) TINET_MUST_CHECK;

/* Address and port bound to.  TINET_ESYSTEM. */
TINET_API int tinet_udp_local(const tinet_udp *udp,
                              tinet_endpoint *ret_endpoint) TINET_MUST_CHECK;

/* Becomes, or ceases to be, a member of a multicast group on one interface
 * (name or number as text; NULL = the group's own or the system's choice).
 * TINET_EINVAL (no multicast address, or one the socket cannot carry),
 * TINET_EADDRESS (no such interface, already or not a member), TINET_ESYSTEM.
 */
TINET_API int tinet_udp_join(tinet_udp *udp, const tinet_endpoint *group,
                             const char *interface_name,
                             tinet_error *err) TINET_MUST_CHECK;
TINET_API int tinet_udp_leave(tinet_udp *udp, const tinet_endpoint *group,
                              const char *interface_name,
                              tinet_error *err) TINET_MUST_CHECK;

/* Options of a udp, each with the errors TINET_EINVAL and TINET_ESYSTEM. */
typedef enum tinet_udp_option {
  TINET_UDP_BROADCAST,          /* 0, 1: may send to broadcast addresses */
  TINET_UDP_TTL,                /* 1 ... 255, of unicast */
  TINET_UDP_MULTICAST_TTL,      /* 0 ... 255; the system's default is 1 */
  TINET_UDP_MULTICAST_LOOPBACK, /* 0, 1: own multicast comes back; default 1 */
  TINET_UDP_RECEIVE_BUFFER,     /* bytes in the kernel */
  TINET_UDP_SEND_BUFFER,
} tinet_udp_option;
TINET_API int tinet_udp_set(tinet_udp *udp, tinet_udp_option option,
                            unsigned value) TINET_MUST_CHECK;

/* Where multicast goes out (name or number; NULL = the system's choice).
 * TINET_EADDRESS (no such interface), TINET_ESYSTEM. */
TINET_API int
tinet_udp_set_multicast_interface(tinet_udp *udp,
                                  const char *interface_name) TINET_MUST_CHECK;

TINET_END_DECLS

#endif
