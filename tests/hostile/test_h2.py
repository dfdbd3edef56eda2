#!/usr/bin/env python3
"""HTTP/2 peers that break the protocol, frame by frame."""

import ssl
import sys

from hostile import *

folder = tempfile.mkdtemp(prefix="tinet-")
pki = Pki(folder)
CHAIN = pki.certificate("localhost", "DNS:localhost")
TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
TLS.load_cert_chain(*CHAIN)
TLS.set_alpn_protocols(["h2"])

suite = Hostile({"ca_file": pki.ca})

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS = 1, 1, 4
STATUS_200 = b"\x88"
BROKEN = ("TINET_EPROTOCOL", "TINET_ECLOSED", "TINET_ETRUNCATED")


def frame(kind, flags=0, stream=0, payload=b""):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def field(name, value):
    """A literal field that is not indexed, without Huffman coding."""
    return b"\x00" + integer(len(name), 7) + name + integer(len(value), 7) + value


def integer(n, bits, first=0):
    limit = (1 << bits) - 1
    if n < limit:
        return bytes([first | n])
    out, n = [first | limit], n - limit
    while n >= 128:
        out.append(n & 127 | 128)
        n >>= 7
    return bytes(out + [n])


def headers(*fields, block=STATUS_200, flags=END_HEADERS, stream=1):
    return frame(HEADERS, flags, stream, block + b"".join(field(*f) for f in fields))


def data(payload, flags=END_STREAM, stream=1):
    return frame(DATA, flags, stream, payload)


def code(n):
    return n.to_bytes(4, "big")


OURS = frame(SETTINGS)


def read_h2_request(connection):
    """Reads up to the request's headers; returns the number of its stream."""
    reader = Reader(connection)
    equal(PREFACE, reader.exactly(len(PREFACE)))
    while True:
        head = reader.exactly(9)
        reader.exactly(int.from_bytes(head[:3], "big"))
        if head[3] == HEADERS:
            return int.from_bytes(head[5:], "big")


def bad(name, pieces, *want, ending=None, settings=OURS, check=None, **request):
    """After the request: the pieces, then `ending`, else waiting for the client."""

    def serve(connection):
        connection.sendall(settings)
        read_h2_request(connection)
        for piece in pieces:
            connection.sendall(piece)
        (ending or wait_for_end)(connection)

    suite.behaviour(name, serve, *want, tls=TLS, check=check, **request)


def close(connection):
    connection.close()


def flood(piece, n=200):
    """Without end, but with a pause in which the client may catch up: what it
    does when there is none is a test of its own."""
    many = piece * n

    def serve(connection):
        while True:
            connection.sendall(many)
            threading.Event().wait(0.002)

    return serve


def is_h2(outcome):
    body_is(b"ok")(outcome)
    equal("2", outcome.hops[0]["version"])


short = {"timeout_ms": SHORT_MS}
late = "TINET_ETIMEDOUT"

bad("an ordinary HTTP/2 response, to begin with", [headers(), data(b"ok")], "load", check=is_h2)

# ---- things that are no HTTP/2 ----

suite.behaviour("garbage instead of frames", silent_after(b"garbage " * 100), *BROKEN, tls=TLS,
                timeout_ms=2000)


def speaks_http1(connection):
    connection.recv(1 << 16)
    connection.sendall(response(body=b"ok"))
    wait_for_end(connection)


suite.behaviour("HTTP/1.1 after agreeing on HTTP/2", speaks_http1, *BROKEN, tls=TLS)
suite.behaviour("a close after the handshake", lambda c: None, *BROKEN, tls=TLS)
suite.behaviour("silence after the handshake", wait_for_end, late, tls=TLS, **short)
bad("silence after the settings", [], late, **short)
bad("silence after the headers", [headers()], late, **short)
bad("silence in the body", [headers(), data(b"par", flags=0)], late, **short)
bad("a frame's head and silence", [b"\x00\x10\x00\x01\x04\x00\x00\x00\x01"], late, **short)

# ---- ends ----

bad("GOAWAY instead of a response", [frame(GOAWAY, payload=code(0) + code(0))], *BROKEN,
    ending=close)
bad("GOAWAY with an error in the body",
    [headers(), data(b"par", 0), frame(GOAWAY, payload=code(1) + code(2))], *BROKEN, ending=close)
bad("GOAWAY and silence", [frame(GOAWAY, payload=code(1) + code(0))], late, *BROKEN, **short)
bad("RST_STREAM instead of a response", [frame(RST, stream=1, payload=code(2))], *BROKEN)
bad("RST_STREAM in the body",
    [headers(), data(b"par", 0), frame(RST, stream=1, payload=code(2))], *BROKEN)
bad("RST_STREAM without an error in a body of known length",
    [headers((b"content-length", b"9")), data(b"par", 0), frame(RST, stream=1, payload=code(0))],
    *BROKEN)
bad("every stream refused", [frame(RST, stream=1, payload=code(7))], *BROKEN)
bad("a close in the body", [headers(), data(b"par", 0)], *BROKEN, ending=close)
bad("a close in a frame", [headers(), data(b"par", 0)[:-1]], *BROKEN, ending=close)
bad("a reset in the body", [headers(), data(b"par", 0)], *BROKEN,
    ending=reset)
bad("a body shorter than content-length",
    [headers((b"content-length", b"9")), data(b"par")], *BROKEN)
bad("a body longer than content-length",
    [headers((b"content-length", b"2")), data(b"ok, and more")], *BROKEN)
bad("a body after END_STREAM", [headers(flags=END_HEADERS | END_STREAM), data(b"late")], "load",
    *BROKEN, check=body_is(b""))

# ---- floods ----

# Whatever arrives is progress, so only the timeout for the whole ends some.
whole = {"timeout_for_resource_ms": 500}

LIMITS = BROKEN + (late, "TINET_EHEADERSIZE")
bad("SETTINGS without end", [], *LIMITS, ending=flood(frame(SETTINGS)), **whole)
bad("SETTINGS with many entries without end", [], *LIMITS,
    ending=flood(frame(SETTINGS, payload=(b"\x00\x03" + code(100)) * 1000), 10), **whole)
bad("PING without end", [], *LIMITS, ending=flood(frame(PING, payload=bytes(8))), **whole)
bad("WINDOW_UPDATE without end", [], *LIMITS, ending=flood(frame(WINDOW, payload=code(1))), **whole)
bad("unknown frames without end", [], *LIMITS, ending=flood(frame(0x77, payload=bytes(100))),
    **whole)
bad("empty DATA frames without end", [headers()], *LIMITS, ending=flood(data(b"", 0)),
    **whole)
bad("CONTINUATION without end", [headers(flags=0)], *LIMITS,
    ending=flood(frame(CONTINUATION, 0, 1, field(b"a", b"b" * 100))), **whole)
bad("empty CONTINUATION without end", [headers(flags=0)], *LIMITS,
    ending=flood(frame(CONTINUATION, 0, 1)), **whole)
bad("interim responses without end", [], *LIMITS,
    ending=flood(headers(block=field(b":status", b"103"))), **whole)
bad("RST_STREAM of streams that never were, without end", [], *LIMITS,
    ending=flood(frame(RST, stream=3, payload=code(0))), **whole)
bad("300 KiB of header fields",
    [headers(flags=0)] + [frame(CONTINUATION, 0, 1, field(b"a", b"b" * 10000))] * 30 +
    [frame(CONTINUATION, END_HEADERS, 1)], *LIMITS, **whole)


def indexed_many_times():
    """One large entry of the dynamic table, named again and again by one byte."""
    entry = b"\x40" + integer(1, 7) + b"x" + integer(4000, 7) + b"y" * 4000
    return [headers(flags=0), frame(CONTINUATION, 0, 1, entry),
            *[frame(CONTINUATION, 0, 1, b"\xbe" * 10000)] * 4, frame(CONTINUATION, END_HEADERS, 1)]


bad("a bomb of header compression", indexed_many_times(), *LIMITS, **whole)

# ---- frames that break rules ----

# Without content-length, libcurl takes a connection that ends by such a frame
# (and a stream that ends by RST_STREAM without an error) for the end of the body:
# see the README of this folder.
LONG = headers((b"content-length", b"20000"))

bad("a frame larger than allowed", [LONG, data(bytes(20000))], *BROKEN)
bad("DATA on stream 0", [LONG, data(b"x", stream=0)], *BROKEN)
bad("DATA before HEADERS", [data(b"x")], *BROKEN)
bad("HEADERS on stream 0", [headers(stream=0)], *BROKEN)
bad("HEADERS on a stream that nobody opened", [headers(stream=7)], *BROKEN)
bad("HEADERS on a stream of the server", [headers(stream=2)], *BROKEN)
bad("CONTINUATION without HEADERS", [frame(CONTINUATION, END_HEADERS, 1, STATUS_200)], *BROKEN)
bad("DATA between HEADERS and CONTINUATION", [headers(flags=0), data(b"x")], *BROKEN)
bad("PUSH_PROMISE that nobody allowed",
    [frame(PUSH, END_HEADERS, 1, code(2) + b"\x82\x84\x87")], *BROKEN, late, **short)
bad("an index that is not in the table", [headers(block=b"\xff\xff\x7f")], *BROKEN)
bad("an integer that never ends", [headers(block=b"\xff" * 30)], *BROKEN)
bad("a WINDOW_UPDATE of 0", [frame(WINDOW, stream=1, payload=code(0))], *BROKEN, late, **short)
bad("a window that overflows",
    [frame(WINDOW, payload=code(0x7FFFFFFF)), frame(WINDOW, payload=code(0x7FFFFFFF))], *BROKEN)
bad("SETTINGS of a wrong length", [frame(SETTINGS, payload=b"abc")], *BROKEN)
bad("SETTINGS with a window that is too large",
    [frame(SETTINGS, payload=b"\x00\x04" + code(0xFFFFFFFF))], *BROKEN)
bad("padding longer than the frame", [LONG, frame(DATA, 8, 1, b"\xffabc")], *BROKEN)

# ---- header blocks ----

bad("no :status", [headers((b"a", b"b"), block=b"", flags=5)], *BROKEN)
bad("two :status", [headers(block=STATUS_200 * 2, flags=5)], *BROKEN)
bad(":status after a field", [headers(block=field(b"a", b"b") + STATUS_200, flags=5)], *BROKEN)
bad("a :status of letters", [headers(block=field(b":status", b"abc"), flags=5)], *BROKEN)
bad("a :status of four digits", [headers(block=field(b":status", b"2000"), flags=5)], *BROKEN)
bad("101 over HTTP/2", [headers(block=field(b":status", b"101"), flags=5)], *BROKEN)
bad("a name in upper case", [headers((b"Name", b"x"), flags=5)], *BROKEN)
bad("CR and LF in a value", [headers((b"a", b"b\r\nc: d"), flags=5)], *BROKEN)
bad("NUL in a value", [headers((b"a", b"b\0c"), flags=5)], *BROKEN)
bad("a space in a name", [headers((b"a b", b"c"), flags=5)], *BROKEN)
bad("an empty name", [headers((b"", b"c"), flags=5)], *BROKEN)
bad("transfer-encoding over HTTP/2", [headers((b"transfer-encoding", b"chunked"), flags=5)], *BROKEN)
bad("content-length -1", [headers((b"content-length", b"-1"), flags=5)], *BROKEN)
bad("a pseudo header in a trailer",
    [headers(), data(b"x", 0), headers(block=STATUS_200, flags=5)], *BROKEN)


@suite.test
def streams_beside_the_broken_one_go_on(driver):
    """RST_STREAM of one stream leaves the others of the connection alone."""

    def serve(connection):
        connection.sendall(OURS)
        reader = Reader(connection)
        reader.exactly(len(PREFACE))
        streams = []
        while len(streams) < 2:
            head = reader.exactly(9)
            reader.exactly(int.from_bytes(head[:3], "big"))
            if head[3] == HEADERS:
                streams.append(int.from_bytes(head[5:], "big"))
        connection.sendall(frame(RST, stream=streams[0], payload=code(2)))
        connection.sendall(headers(stream=streams[1]) + data(b"ok", stream=streams[1]))
        wait_for_end(connection)

    with Threaded(serve, TLS) as peer:
        url = "https://localhost:%d/" % peer.port
        for name in ("one", "two"):
            driver.prepare("POST", url + name, body=[("bytes", "-", "")], name=name)
            driver.command("send")
        outcomes = {o.name: o for o in driver.run() if "outcome" in o}
        equal({"load", "error"}, {o.outcome for o in outcomes.values()}, str(outcomes))
        equal([], peer.errors)
    suite.still_serves(driver)


@suite.test
def frames_without_end_and_without_a_pause_do_not_hold_the_loop(driver):
    """The connection is given up, or the timeout is kept, while the flood goes on."""

    def serve(connection):
        connection.sendall(OURS)
        read_h2_request(connection)
        many = frame(WINDOW, payload=code(1)) * 200
        until = time.monotonic() + 10
        while time.monotonic() < until:
            connection.sendall(many)

    with Threaded(serve, TLS) as peer:
        url = "https://localhost:%d/" % peer.port
        driver.prepare("GET", url, name="flood", timeout_for_resource_ms=500)
        driver.command("send")
        started = time.monotonic()
        names = [line.error_name for line in driver.run() if "outcome" in line]
        equal(1, len(names))
        true(names[0] in ("TINET_ETIMEDOUT", "TINET_ETRUNCATED", "TINET_ECLOSED", "TINET_EPROTOCOL"), names)
        took = time.monotonic() - started
        true(took < 9, "the flood of 10 s held the loop for %.1f s" % took)


if __name__ == "__main__":
    try:
        sys.exit(suite.main())
    finally:
        shutil.rmtree(folder, ignore_errors=True)
