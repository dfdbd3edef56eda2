"""hostile.py - a peer that misbehaves, and what must still be true afterwards.

Each behaviour is one test: a server in a thread that does something to the
client, and the error (or result) that the client must report.  After each, the
same loop serves an ordinary request, and the memory of the driver has not grown
beyond a bound.
"""

import os
import socket
import struct
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "servers"))
from lib import *  # noqa: E402,F403

# What one hostile response may cost: the ceilings on headers (256 KiB) and on
# memory bodies (512 KiB), some copies of each, the windows of the decoders.
GROWTH_KIB = 48 * 1024
# A sanitizer keeps freed memory for a while instead of giving it back.
GROWTH_SANITIZED_KIB = 512 * 1024

SHORT_MS = 250  # a timeout for peers that never answer
GOOD = b"ordinary"


def reset(connection):
    """Closes with a reset instead of an orderly end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def wait_for_end(connection):
    """Until the client closes; whatever it sends meanwhile is thrown away."""
    while connection.recv(1 << 16):
        pass


def serve_good(connection):
    reader = Reader(connection)
    while True:
        read_request(reader, connection)
        connection.sendall(response(body=GOOD))


def answering(*pieces):
    """Reads a request, sends the pieces, closes when the client does."""

    def serve(connection):
        read_request(Reader(connection), connection)
        for piece in pieces:
            connection.sendall(piece)
        connection.shutdown(socket.SHUT_WR)
        wait_for_end(connection)

    return serve


def silent_after(*pieces):
    """The same without an end: the client has to give up."""

    def serve(connection):
        read_request(Reader(connection), connection)
        for piece in pieces:
            connection.sendall(piece)
        wait_for_end(connection)

    return serve


class Hostile(Suite):
    """A suite of behaviours that share one driver and one ordinary server."""

    def __init__(self, options=None):
        super().__init__()
        self.driver = Driver(options=options)
        self.good = Threaded(serve_good)
        self.is_sanitized = is_sanitized()

    def behaviour(self, name, serve, *want, tls=None, url="/", check=None, **request):
        """`want`: names of errors that are right; "load" = a normal end."""

        def run(driver):
            with Threaded(serve, tls) as peer:
                scheme = "https" if tls else "http"
                where = "%s://localhost:%d%s" % (scheme, peer.port, url)
                if not tls:
                    where = where.replace("localhost", "127.0.0.1")
                outcome = self.bounded(driver, where, request)
                self.judge(outcome, want, check)
                self.still_serves(driver)
                if peer.errors:
                    raise Failure("the peer itself failed: " + "; ".join(peer.errors))

        self.add(name, run)

    def bounded(self, driver, url, request):
        self.still_serves(driver)
        driver.reset_peak()
        before, _ = driver.memory()
        request = dict(request)
        method = request.pop("method", "GET")
        outcome = driver.request(method, url, **request)
        growth = driver.memory()[1] - before
        bound = GROWTH_SANITIZED_KIB if self.is_sanitized else GROWTH_KIB
        true(growth < bound, "memory grew by %d KiB" % growth)
        return outcome

    def judge(self, outcome, want, check):
        got = outcome.error_name or "load"
        if got not in want:
            raise Failure("want %s, got %s: %s" % (" or ".join(want), got, outcome))
        equal("state 4", outcome.events[-2], "the event before the last")
        equal("error" if outcome.error else "load", outcome.events[-1], "the last event")
        if check:
            check(outcome)

    def still_serves(self, driver):
        outcome = driver.get("http://127.0.0.1:%d/good" % self.good.port)
        equal("load", outcome.outcome, "the next request: %s" % outcome)
        equal(GOOD, outcome.body_bytes, "the next response")

    def main(self):
        status = finish(self, self.driver)
        self.good.close()
        return status


def body_is(*bodies):
    def check(outcome):
        if outcome.outcome == "load" and outcome.body_bytes not in bodies:
            raise Failure("the body is %r" % outcome.body_bytes)

    return check


def names(*words):
    """The text of an error says these words."""

    def check(outcome):
        for word in words:
            true(word in outcome.error_text, word, "in", repr(outcome.error_text))

    return check
