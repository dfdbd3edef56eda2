#!/usr/bin/env python3
"""TLS peers that send garbage, stop in the handshake, or are no TLS peers."""

import ssl
import sys

from hostile import *

folder = tempfile.mkdtemp(prefix="tinet-")
pki = Pki(folder)
CHAIN = pki.certificate("localhost", "DNS:localhost,IP:127.0.0.1")


def context(**settings):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(*CHAIN)
    for name, value in settings.items():
        setattr(made, name, value)
    return made


suite = Hostile({"ca_file": pki.ca})
LOST = ("TINET_ECLOSED", "TINET_ETRUNCATED", "TINET_ETLS")


def bad(name, serve, *want, scheme="https", check=None, **request):
    """A peer that speaks raw bytes where the client expects `scheme`."""

    def run(driver):
        with Threaded(serve) as peer:
            url = "%s://127.0.0.1:%d/" % (scheme, peer.port)
            suite.judge(suite.bounded(driver, url, request), want, check)
            suite.still_serves(driver)

    suite.add(name, run)


def hello_then(*pieces, ending=wait_for_end):
    def serve(connection):
        connection.recv(1 << 16)
        for piece in pieces:
            connection.sendall(piece)
        ending(connection)

    return serve


def close(connection):
    connection.close()


def endless(connection):
    while True:
        connection.sendall(b"\x15\x03\x03\x00\x02\x01\x5a" * 1000)  # warnings


suite.behaviour("an ordinary TLS server, to begin with", answering(response(body=b"ok")), "load",
                tls=context(), check=body_is(b"ok"))
bad("garbage instead of a handshake", hello_then(b"garbage " * 100), "TINET_ETLS")
bad("zeros instead of a handshake", hello_then(bytes(1000)), "TINET_ETLS")
bad("plain HTTP where TLS is expected", hello_then(response("400 Bad Request")), "TINET_ETLS")


def speaks_first(connection):
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    wait_for_end(connection)


bad("plain HTTP at once where TLS is expected", speaks_first, "TINET_ETLS")
bad("a close in the handshake", hello_then(ending=close), *LOST)
bad("a reset in the handshake", hello_then(ending=reset), *LOST)
bad("a close before the handshake", close, *LOST)
bad("silence in the handshake", hello_then(), "TINET_ETIMEDOUT", timeout_ms=SHORT_MS)
bad("silence before the handshake", wait_for_end, "TINET_ETIMEDOUT", timeout_ms=SHORT_MS)
bad("half a record and silence", hello_then(b"\x16\x03\x03\x10\x00\x02"), "TINET_ETIMEDOUT",
    timeout_ms=SHORT_MS)
bad("a fatal alert", hello_then(b"\x15\x03\x03\x00\x02\x02\x28"), "TINET_ETLS")
bad("alerts without end", hello_then(ending=endless), "TINET_ETLS", "TINET_ETIMEDOUT",
    timeout_ms=1500)
bad("a record that is too long", hello_then(b"\x16\x03\x03\xff\xff" + bytes(70000)), "TINET_ETLS")


def tls_only(connection):
    tls = context().wrap_socket(connection, server_side=True)
    wait_for_end(tls)


bad("TLS where plain HTTP is expected", tls_only, "TINET_EPROTOCOL", "TINET_ECLOSED",
    scheme="http")


def cut_off(*pieces):
    """Ends the connection without TLS's own end."""

    def serve(connection):
        read_request(Reader(connection))
        for piece in pieces:
            connection.sendall(piece)

    return serve


OK = b"HTTP/1.1 200 OK\r\n"
suite.behaviour("an end without close_notify in a body of known length",
                cut_off(OK + b"Content-Length: 9\r\n\r\npar"), *LOST, tls=context())
suite.behaviour("an end without close_notify in a chunk",
                cut_off(OK + b"Transfer-Encoding: chunked\r\n\r\n9\r\npar"), *LOST, tls=context())
# The transport takes that for the end of the body, as browsers and curl do: too
# many servers end so.  Whoever needs to know sends a length.
suite.behaviour("an end without close_notify in a body without a length",
                cut_off(OK + b"\r\npar"), "load", *LOST, tls=context(), check=body_is(b"par"))
suite.behaviour("an end without close_notify after a whole response",
                cut_off(response(body=b"whole")), "load", tls=context(), check=body_is(b"whole"))


def garbage_in_records(connection):
    read_request(Reader(connection))
    connection.sendall(OK + b"Content-Length: 100\r\n\r\npar")
    raw = socket.socket(fileno=os.dup(connection.fileno()))
    raw.sendall(b"\x17\x03\x03\x00\x20" + bytes(32))
    threading.Event().wait(0.3)
    raw.close()


suite.behaviour("a record that does not decrypt", garbage_in_records, "TINET_ETLS", *LOST,
                tls=context())
suite.behaviour("a server that knows TLS 1.1 at most", answering(response()), "TINET_ETLS",
                tls=context(minimum_version=ssl.TLSVersion.TLSv1,
                            maximum_version=ssl.TLSVersion.TLSv1_1))
suite.behaviour("an abort in the middle of a TLS body does not disturb the next request",
                silent_after(OK + b"Content-Length: 9\r\n\r\npar"), "TINET_ETIMEDOUT",
                tls=context(), timeout_ms=SHORT_MS)

if __name__ == "__main__":
    try:
        sys.exit(suite.main())
    finally:
        shutil.rmtree(folder, ignore_errors=True)
