#!/usr/bin/env python3
"""Peers that reset, close or fall silent in each phase of an exchange."""

import sys

from hostile import *

suite = Hostile()
bad = suite.behaviour

OK = b"HTTP/1.1 200 OK\r\n"
LOST = ("TINET_ECLOSED", "TINET_ETRUNCATED")
UPLOAD = [("fill", "-", "4000000")]  # more than the buffers of both sides


def resets_after(n_bytes_read, *pieces):
    """Reads some of the request, sends the pieces, resets."""

    def serve(connection):
        if n_bytes_read is None:
            read_request(Reader(connection))
        elif n_bytes_read:
            connection.recv(n_bytes_read)
        for piece in pieces:
            connection.sendall(piece)
        reset(connection)

    return serve


def closes_after(n_bytes_read, *pieces):
    def serve(connection):
        if n_bytes_read is None:
            read_request(Reader(connection))
        elif n_bytes_read:
            connection.recv(n_bytes_read)
        for piece in pieces:
            connection.sendall(piece)

    return serve


def never_reads(connection):
    threading.Event().wait(3)


def reads_headers_only(connection):
    Reader(connection).until(b"\r\n\r\n")
    threading.Event().wait(3)


# ---- reset and close ----

# The reset may come before the client has noticed that it is connected.
bad("a reset after accept", resets_after(0), "TINET_ECONNECT", *LOST)
bad("a close after accept", closes_after(0), *LOST)
bad("a reset after the request", resets_after(None), *LOST)
bad("a close after the request", closes_after(None), *LOST)
bad("a reset in the status line", resets_after(None, b"HTTP/1.1 2"), "TINET_EPROTOCOL", *LOST)
bad("a reset in the headers", resets_after(None, OK + b"Content-Len"), "TINET_EPROTOCOL", *LOST)
bad("a reset in the body", resets_after(None, OK + b"Content-Length: 9\r\n\r\npar"), *LOST)
bad("a reset in a chunk", resets_after(None, OK + b"Transfer-Encoding: chunked\r\n\r\n9\r\npar"),
    *LOST)
bad("a reset in a body without a length", resets_after(None, OK + b"\r\npar"), *LOST)
bad("a reset during an upload", resets_after(1000), *LOST, method="POST", body=UPLOAD)
bad("a close during an upload", closes_after(1000), *LOST, method="POST", body=UPLOAD)
bad("a close before an upload", closes_after(0), *LOST, method="POST", body=UPLOAD)
bad("a reset of a request that is not repeated", resets_after(None), *LOST, method="POST",
    body=[("bytes", "-", "a=b")])


def answers_early(connection):
    Reader(connection).until(b"\r\n\r\n")
    connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nno.")
    threading.Event().wait(0.3)


bad("an answer during the upload, then a close", answers_early, "TINET_EHTTPSTATUS", *LOST,
    method="POST", body=UPLOAD)

# ---- silence ----


def is_timely(outcome):
    true("timeout" in outcome.error_text or "time" in outcome.error_text, outcome.error_text)


short = {"timeout_ms": SHORT_MS, "check": is_timely}
late = "TINET_ETIMEDOUT"
bad("silence after accept", wait_for_end, late, **short)
bad("silence after a part of the status line", silent_after(b"HTTP/1.1 "), late, **short)
bad("silence in the headers", silent_after(OK + b"Content-Le"), late, **short)
bad("silence after the headers", silent_after(OK + b"Content-Length: 9\r\n\r\n"), late, **short)
bad("silence in the body", silent_after(OK + b"Content-Length: 9\r\n\r\npar"), late, **short)
bad("silence in a chunk", silent_after(OK + b"Transfer-Encoding: chunked\r\n\r\n9\r\npar"), late,
    **short)
bad("silence after a chunk", silent_after(OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\npar\r\n"),
    late, **short)
bad("silence in a body without a length", silent_after(OK + b"\r\npar"), late, **short)
bad("silence after an interim response", silent_after(b"HTTP/1.1 100 Continue\r\n\r\n"), late,
    **short)
bad("silence after a redirect's headers",
    silent_after(b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 9\r\n\r\n"), late,
    "TINET_EREDIRECT", timeout_ms=SHORT_MS)
bad("an upload that nobody reads", never_reads, late, method="POST",
    body=[("fill", "-", "64000000")], **short)
bad("an upload whose headers alone are read", reads_headers_only, late, method="PUT",
    body=[("fill", "-", "64000000")], **short)
bad("an upload of chunks that nobody reads", never_reads, late, method="POST",
    body=[("chunked", "-", "a" * 1000)], **short)


def drips(connection):
    read_request(Reader(connection))
    connection.sendall(OK + b"Content-Length: 1000000\r\n\r\n")
    while True:
        connection.sendall(b".")
        threading.Event().wait(0.02)


def drips_headers(connection):
    read_request(Reader(connection))
    connection.sendall(OK)
    while True:
        connection.sendall(b"X: y\r\n")
        threading.Event().wait(0.02)


bad("a body that drips is ended by the timeout for the whole", drips, late,
    timeout_ms=5000, timeout_for_resource_ms=400)
bad("headers that drip are ended by the timeout for the whole", drips_headers, late,
    timeout_ms=5000, timeout_for_resource_ms=400)


@suite.test
def a_full_queue_of_connections_times_out(driver):
    """The backlog is full, so the kernel does not even complete the handshake."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        waiting = []
        for _ in range(4):
            s = socket.socket()
            s.setblocking(False)
            s.connect_ex(("127.0.0.1", port))
            waiting.append(s)
        threading.Event().wait(0.1)
        outcome = driver.get("http://127.0.0.1:%d/" % port, timeout_ms=SHORT_MS)
        equal("TINET_ETIMEDOUT", outcome.error_name, str(outcome))
        for s in waiting:
            s.close()
    suite.still_serves(driver)


@suite.test
def a_port_that_nobody_listens_on(driver):
    outcome = driver.get("http://127.0.0.1:%d/" % free_port())
    equal("TINET_ECONNECT", outcome.error_name, str(outcome))
    equal(("system", 111), (outcome.error["origin"], outcome.error["number"]))
    suite.still_serves(driver)


@suite.test
def a_pooled_connection_that_died_is_replaced_once(driver):
    def serve(connection):
        read_request(Reader(connection))
        connection.sendall(response(body=b"once"))

    with Threaded(serve) as peer:
        url = "http://127.0.0.1:%d/" % peer.port
        for _ in range(5):
            equal(b"once", driver.get(url).body_bytes)


@suite.test
def a_pooled_connection_that_dies_on_the_request_is_replaced_for_GET(driver):
    def serve(connection):
        reader = Reader(connection)
        read_request(reader)
        connection.sendall(response(body=b"once"))
        read_request(reader)  # reads the second and closes without an answer

    with Threaded(serve) as peer:
        url = "http://127.0.0.1:%d/" % peer.port
        equal(b"once", driver.get(url).body_bytes)
        outcome = driver.get(url)
        equal(b"once", outcome.body_bytes, str(outcome))
        equal(2, peer.n_connections)


@suite.test
def a_POST_on_a_pooled_connection_that_dies_is_not_repeated(driver):
    received = []

    def serve(connection):
        reader = Reader(connection)
        read_request(reader)
        connection.sendall(response(body=b"once"))
        received.append(read_request(reader).method)

    with Threaded(serve) as peer:
        url = "http://127.0.0.1:%d/" % peer.port
        equal(b"once", driver.get(url).body_bytes)
        outcome = driver.request("POST", url, body=[("bytes", "-", "a=b")])
        equal("TINET_ECLOSED", outcome.error_name, str(outcome))
        equal(["POST"], received)


@suite.test
def many_stalled_requests_at_once_all_time_out(driver):
    with Threaded(wait_for_end) as peer:
        for i in range(40):
            driver.prepare("GET", "http://127.0.0.1:%d/%d" % (peer.port, i), name="s%d" % i,
                           timeout_ms=SHORT_MS)
            driver.command("send")
        outcomes = [line for line in driver.run() if "outcome" in line]
        equal(40, len(outcomes))
        equal({"TINET_ETIMEDOUT"}, {outcome.error_name for outcome in outcomes})
    for i in range(40):
        driver.command("client", "s%d" % i)
        driver.command("free")
    suite.still_serves(driver)


if __name__ == "__main__":
    sys.exit(suite.main())
