#!/usr/bin/env python3
"""Peers that break HTTP/1.1: headers without end, bodies of the wrong length,
broken chunks, things that are no HTTP at all."""

import sys

from hostile import *

suite = Hostile()
bad = suite.behaviour

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


def flood(first, piece):
    """Sends `piece` for ever, until the client has enough."""

    def serve(connection):
        read_request(Reader(connection), connection)
        connection.sendall(first)
        while True:
            connection.sendall(piece)

    return serve


# ---- header blocks ----

line = b"X-Filler: " + b"a" * 1000 + b"\r\n"
bad("a header block of 300 KiB", answering(OK + line * 300 + b"\r\n"),
    "TINET_EHEADERSIZE")
bad("a header block of 200 KiB is not too large",
    answering(OK + b"Content-Length: 2\r\n" + line * 200 + b"\r\nok"), "load", check=body_is(b"ok"))
bad("one header of 300 KiB", answering(OK + b"X: " + b"a" * 300 * 1024 + b"\r\n\r\n"),
    "TINET_EHEADERSIZE")
bad("a header line without end", flood(OK + b"X: ", b"a" * 65536), "TINET_EHEADERSIZE")
bad("headers without end", flood(OK, line * 60), "TINET_EHEADERSIZE")
bad("headers without end, a few bytes each", flood(OK, b"a:\r\n" * 5000), "TINET_EHEADERSIZE")
bad("a status line without end", flood(b"HTTP/1.1 200 ", b"a" * 65536),
    "TINET_EHEADERSIZE", "TINET_EPROTOCOL")
bad("interim responses without end", flood(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 500),
    "TINET_EHEADERSIZE", "TINET_EPROTOCOL")
bad("interim responses with headers without end",
    flood(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 500),
    "TINET_EHEADERSIZE", "TINET_EPROTOCOL")
bad("trailers without end", flood(CHUNKED + b"1\r\na\r\n0\r\n", line * 60),
    "TINET_EHEADERSIZE", "TINET_EPROTOCOL")
bad("a chunk extension without end", flood(CHUNKED + b"1;", b"a" * 65536),
    "TINET_EPROTOCOL", "TINET_EHEADERSIZE", "TINET_ETIMEDOUT", timeout_ms=SHORT_MS)
bad("a NUL in a header", answering(OK + b"X: a\0b\r\nContent-Length: 0\r\n\r\n"),
    "TINET_EPROTOCOL")
bad("a NUL in a header's name", answering(OK + b"X\0: a\r\nContent-Length: 0\r\n\r\n"),
    "TINET_EPROTOCOL")


def no_new_line(outcome):
    for name, value in outcome.headers:
        true("\r" not in value and "\n" not in value, "a line end in", repr((name, value)))


bad("a CR inside a header", answering(OK + b"X: a\rSet-Cookie: b=c\r\nContent-Length: 0\r\n\r\n"),
    "TINET_EPROTOCOL", "load", check=no_new_line)
bad("bare LF as line end", answering(b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok"),
    "TINET_EPROTOCOL", "load", check=body_is(b"ok"))
bad("a header without a colon", answering(OK + b"nonsense\r\nContent-Length: 2\r\n\r\nok"),
    "TINET_EPROTOCOL", "load", check=body_is(b"ok"))
bad("a header with an empty name", answering(OK + b": value\r\nContent-Length: 2\r\n\r\nok"),
    "TINET_EPROTOCOL", "load", check=body_is(b"ok"))
bad("a folded header", answering(OK + b"X: a\r\n b\r\nContent-Length: 2\r\n\r\nok"),
    "TINET_EPROTOCOL", "load", check=no_new_line)
bad("a space before the colon of Content-Length",
    answering(OK + b"Content-Length : 2\r\n\r\nok"), "TINET_EPROTOCOL", "load",
    check=body_is(b"ok"))
bad("header bytes that are no UTF-8", answering(OK + b"X: \xff\xfe\r\nContent-Length: 2\r\n\r\nok"),
    "load", check=body_is(b"ok"))

# ---- things that are no HTTP ----

bad("garbage instead of a status line", answering(b"\x00\x01garbage\r\n\r\n"), "TINET_EPROTOCOL")
bad("an SSH banner", answering(b"SSH-2.0-OpenSSH_9.2\r\n"), "TINET_EPROTOCOL")
bad("HTTP/0.9", answering(b"<html>hello</html>"), "TINET_EPROTOCOL")
# No HTTP, or a first line that is too long: it depends on how much has come at the first look.
bad("HTTP/0.9 without end", flood(b"", b"<p>hello" * 5000), "TINET_EPROTOCOL", "TINET_EHEADERSIZE")
bad("HTTP/9.9", answering(b"HTTP/9.9 200 OK\r\nContent-Length: 0\r\n\r\n"), "TINET_EPROTOCOL")
bad("HTTP/2 without TLS and without being asked",
    answering(b"HTTP/2 200\r\nContent-Length: 0\r\n\r\n"), "TINET_EPROTOCOL", "load")
bad("a status of two digits", answering(b"HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n"),
    "TINET_EPROTOCOL")
bad("a status of four digits", answering(b"HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n"),
    "TINET_EPROTOCOL")
bad("status 000", answering(b"HTTP/1.1 000 OK\r\nContent-Length: 0\r\n\r\n"),
    "TINET_EPROTOCOL")
bad("status abc", answering(b"HTTP/1.1 abc OK\r\nContent-Length: 0\r\n\r\n"), "TINET_EPROTOCOL")
bad("status 999 is an HTTP error", answering(b"HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n"),
    "TINET_EHTTPSTATUS", check=names("999 : What"))
bad("an empty line and nothing else", answering(b"\r\n\r\n"), "TINET_EPROTOCOL", "TINET_ECLOSED")
bad("an answer of nothing", answering(), "TINET_ECLOSED")
bad("an unasked 101", answering(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nhello"),
    "TINET_EPROTOCOL", "TINET_ECLOSED", "TINET_ETRUNCATED")
bad("only an interim response", answering(b"HTTP/1.1 100 Continue\r\n\r\n"),
    "TINET_ECLOSED", "TINET_EPROTOCOL")
bad("an end in the status line", answering(b"HTTP/1.1 20"), "TINET_ECLOSED", "TINET_EPROTOCOL")
bad("an end in the headers", answering(OK + b"Content-Le"), "TINET_ECLOSED", "TINET_EPROTOCOL",
    "TINET_ETRUNCATED")

# ---- lengths ----

bad("a body longer than Content-Length", answering(OK + b"Content-Length: 2\r\n\r\nok, and more"),
    "load", check=body_is(b"ok"))
bad("a body after a 204", answering(b"HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\n"
                                    b"Content-Length: 4\r\n\r\nevil"), "load", check=body_is(b""))
bad("a body after HEAD", answering(OK + b"Content-Length: 4\r\n\r\nbody"), "load",
    method="HEAD", check=body_is(b""))


def is_partial(outcome):
    equal(b"par", outcome.body_bytes, "what came before the end")
    equal(200, outcome.status)


bad("a body shorter than Content-Length", answering(OK + b"Content-Length: 9\r\n\r\npar"),
    "TINET_ETRUNCATED", check=is_partial)
bad("no body at all, though Content-Length says so", answering(OK + b"Content-Length: 9\r\n\r\n"),
    "TINET_ETRUNCATED")
for value in (b"-1", b"abc", b"1e3", b"0x10", b"2,3", b"99999999999999999999999", b"", b"2 2", b"+2"):
    bad("Content-Length: " + value.decode(),
        answering(OK + b"Content-Length: " + value + b"\r\n\r\nok"), "TINET_EPROTOCOL")
bad("a Content-Length of eight exbibytes",
    answering(OK + b"Content-Length: 9223372036854775807\r\n\r\nok"), "TINET_ETRUNCATED",
    "TINET_EPROTOCOL")
bad("two different Content-Lengths",
    answering(OK + b"Content-Length: 2\r\nContent-Length: 4\r\n\r\nokok"), "TINET_EPROTOCOL")
bad("the same Content-Length twice",
    answering(OK + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nok"), "load",
    "TINET_EPROTOCOL", check=body_is(b"ok"))
bad("Content-Length and chunks: the chunks count, or it is an error",
    answering(OK + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
    "load", "TINET_EPROTOCOL", check=body_is(b"ok"))
bad("an unknown transfer coding",
    answering(OK + b"Transfer-Encoding: rot13\r\n\r\nok"), "TINET_EPROTOCOL", "TINET_ECODING")
bad("a transfer coding after chunked",
    answering(OK + b"Transfer-Encoding: chunked, identity\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
    "TINET_EPROTOCOL", "TINET_ECODING", "load", check=body_is(b"ok"))

# ---- chunks ----

for name, data in (
    ("is no number", b"zz\r\nok\r\n0\r\n\r\n"),
    ("is negative", b"-2\r\nok\r\n0\r\n\r\n"),
    ("has a sign", b"+2\r\nok\r\n0\r\n\r\n"),
    ("is written as 0x2", b"0x2\r\nok\r\n0\r\n\r\n"),
    ("is empty", b"\r\nok\r\n0\r\n\r\n"),
    ("has 17 digits", b"11111111111111111\r\nok\r\n0\r\n\r\n"),
    ("is the largest 64 bit number", b"ffffffffffffffff\r\nok\r\n0\r\n\r\n"),
    ("has a leading space", b" 2\r\nok\r\n0\r\n\r\n"),
):
    bad("a chunk size that " + name, answering(CHUNKED + data), "TINET_EPROTOCOL")
bad("a chunk that is longer than its size", answering(CHUNKED + b"2\r\nokok\r\n0\r\n\r\n"),
    "TINET_EPROTOCOL")
bad("a chunk without its line end", answering(CHUNKED + b"2\r\nok0\r\n\r\n"), "TINET_EPROTOCOL")
for name, data in (
    ("in a chunk", b"9\r\npar"),
    ("after a chunk", b"3\r\npar\r\n"),
    ("in a chunk size", b"3\r\npar\r\n1"),
    ("before the last line", b"3\r\npar\r\n0\r\n"),
):
    bad("an end " + name, answering(CHUNKED + data), "TINET_ETRUNCATED", check=is_partial)
bad("data after the last chunk", answering(CHUNKED + b"2\r\nok\r\n0\r\n\r\nHTTP/1.1 500 No\r\n\r\n"),
    "load", check=body_is(b"ok"))
bad("chunks of one byte each", answering(CHUNKED + b"1\r\na\r\n" * 20000 + b"0\r\n\r\n"), "load",
    check=body_is(b"a" * 20000))


@suite.test
def what_follows_a_response_is_not_taken_for_the_next_one(driver):
    """Response splitting by a server: the second response is never used."""

    def serve(connection):
        reader = Reader(connection)
        read_request(reader)
        connection.sendall(response(body=b"first") + response(body=b"forged"))
        read_request(reader)
        connection.sendall(response(body=b"second"))
        wait_for_end(connection)

    with Threaded(serve) as peer:
        url = "http://127.0.0.1:%d/" % peer.port
        equal(b"first", driver.get(url).body_bytes)
        # A connection with bytes left over must not be used again: the peer
        # sees a new connection and answers "first" there.
        equal(b"first", driver.get(url).body_bytes)


# ---- redirects ----


def redirecting(location, status=b"302 Found"):
    return answering(b"HTTP/1.1 " + status + b"\r\nLocation: " + location +
                     b"\r\nContent-Length: 0\r\n\r\n")


def redirect_loop(connection):
    reader = Reader(connection)
    while True:
        read_request(reader)
        connection.sendall(response("302 Found", [("Location", "/again")]))


def redirect_chain(connection):
    reader = Reader(connection)
    n = 0
    while True:
        n = int(read_request(reader).target.rsplit("/", 1)[1] or 0)
        connection.sendall(response("302 Found", [("Location", "/%d" % (n + 1))]))


def has_hops(n):
    def check(outcome):
        equal(n, len(outcome.hops), "hops")

    return check


bad("a redirect to itself", redirect_loop, "TINET_EREDIRECT", check=has_hops(21))
bad("redirects without end", redirect_chain, "TINET_EREDIRECT", url="/0", check=has_hops(21))
for target in (b"file:///etc/passwd", b"ftp://127.0.0.1/", b"gopher://127.0.0.1/", b"javascript:1",
               b"data:text/plain,hi", b"dict://127.0.0.1:1/d:x", b"mailto:a@b"):
    bad("a redirect to " + target.decode(), redirecting(target), "TINET_ESCHEME", "TINET_EURL")
for target in (b"http://", b"http://[::1", b"http://127.0.0.1:99999/", b"http://a b/", b"http:///x",
               b"http://127.0.0.1:-1/"):
    bad("a redirect to " + target.decode(), redirecting(target), "TINET_EURL")
bad("a redirect with a body without end", flood(
    b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n", b"a" * 65536),
    "TINET_ECONNECT", "TINET_EPROTOCOL", "TINET_ELIMIT", timeout_ms=1500)
bad("a redirect to a host that does not exist", redirecting(b"http://nowhere.invalid/"),
    "TINET_ERESOLVE", check=names("nowhere.invalid"))
bad("a redirect with a very long target", redirecting(b"/" + b"a" * 100000),
    "TINET_EPROTOCOL", "TINET_ECLOSED", "TINET_EURL", "TINET_EHEADERSIZE", "TINET_ECONNECT",
    "TINET_EREDIRECT", "load")

if __name__ == "__main__":
    sys.exit(suite.main())
