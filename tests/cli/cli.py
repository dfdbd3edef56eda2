"""cli.py - what the tests of the command share: running it, a server, TAP.

A test is a function whose name is a sentence and which is marked with @test; it
fails by raising.  main() runs them all.
"""

import gzip
import http.server
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import traceback
import urllib.parse

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))

import tap  # noqa: E402

# Programs started from a shell's background ignore it, and so would ours.
signal.signal(signal.SIGINT, signal.default_int_handler)

BUILD = os.environ.get("TINET_BUILD", os.path.join(ROOT, "build"))
TINET = os.path.join(BUILD, "cli", "tinet")
TIMEOUT = 120

_tests = []


def test(function):
    _tests.append(function)
    return function


def main():
    out = tap.Writer()
    for function in _tests:
        problems = []
        folder = tempfile.mkdtemp()
        try:
            function(folder)
        except Exception:  # a test may fail in any way
            problems.append(traceback.format_exc())
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        out.point(function.__name__.replace("_", " "), problems)
    sys.exit(out.exit_status())


def equal(got, want):
    assert got == want, "got %r\nwant %r" % (got, want)


def contains(text, part):
    assert part in text, "%r is not in %r" % (part, text)


def clean_env(**more):
    """No proxy of this machine, no certificates but the system's."""
    env = {
        name: value
        for name, value in os.environ.items()
        if not name.lower().endswith("_proxy") and not name.startswith("SSL_CERT")
    }
    env.pop("COLUMNS", None)
    env.update(more)
    return env


class Done:
    def __init__(self, status, out, err):
        self.status, self.raw, self.err = status, out, err.decode(errors="replace")

    @property
    def out(self):
        return self.raw.decode(errors="replace")


def tinet(*args, stdin=b"", cwd=None, **env):
    done = subprocess.run(
        [TINET, *args],
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=cwd,
        env=clean_env(**env),
        timeout=TIMEOUT,
        check=False,
    )
    assert "Sanitizer" not in done.stderr.decode(errors="replace"), done.stderr.decode()
    return Done(done.returncode, done.stdout, done.stderr)


def get(*args, **kwargs):
    return tinet("get", *args, **kwargs)


def succeeds(*args, **kwargs):
    done = get(*args, **kwargs)
    assert done.status == 0, "status %d: %s" % (done.status, done.err)
    return done


def write(folder, name, data):
    path = os.path.join(folder, name)
    with open(path, "wb") as f:
        f.write(data)
    return path


def read(path):
    with open(path, "rb") as f:
        return f.read()


def closed_port():
    """A port that nothing listens on: bound, but not listened to."""
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    return s, s.getsockname()[1]


class File:
    """What /file serves: whole, in parts, or cut off."""

    def __init__(self, data, etag='"v1"', has_ranges=True):
        self.data, self.etag, self.has_ranges = data, etag, has_ranges
        self.cut_after = None  # bytes until the connection is closed
        self.stall_after = None  # bytes until nothing more comes
        self.wrong_range = False  # 206 of another part than asked for
        self.refuses_range = None  # Content-Range of a 416
        self.coding = None


class Request:
    def __init__(self, handler, body):
        self.method, self.path = handler.command, handler.path
        self.headers, self.body = handler.headers, body


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def send(self, status, body=b"", fields=()):
        self.send_response(status)
        for name, value in fields:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def read_body(self):
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while True:
            size = int(self.rfile.readline(), 16)
            body += self.rfile.read(size)
            self.rfile.readline()
            if size == 0:
                return body

    def answer(self):
        body = self.read_body()
        self.server.requests.append(Request(self, body))
        path = urllib.parse.urlsplit(self.path).path.strip("/").split("/")
        getattr(self, "on_" + path[0])(*path[1:])

    do_GET = do_POST = do_PUT = do_HEAD = do_PATCH = answer

    def on_hello(self):
        self.send(200, b"hello\n", [("Content-Type", "text/plain")])

    def on_status(self, status):
        self.send(int(status), b"the body of %s\n" % status.encode())

    def on_redirect(self, n):
        to = "/redirect/%d" % (int(n) - 1) if int(n) > 1 else "/hello?a=1&b=c%20d"
        self.send(302, b"moved", [("Location", to), ("Set-Cookie", "n=%s; Path=/" % n)])

    def on_loop(self):
        self.send(302, b"", [("Location", "/loop")])

    def on_binary(self):
        self.send(200, b"a\0b")

    def on_gzip(self):
        body = gzip.compress(b"plain text " * 100)
        self.send(200, body, [("Content-Encoding", "gzip")])

    def on_badgzip(self):
        self.send(200, b"not gzip at all", [("Content-Encoding", "gzip")])

    def on_bomb(self):
        body = gzip.compress(bytes(64 * 1024 * 1024))
        self.send(200, body, [("Content-Encoding", "gzip")])

    def raw(self, data):
        self.close_connection = True
        self.wfile.write(data)

    def on_evil(self):
        self.raw(
            b"HTTP/1.1 200 O\x1b[31mK\r\nX-Evil: a\x1b]0;owned\x07\xffb\r\n"
            b"Set-Cookie: q=\"\x01\\\r\nContent-Length: 2\r\n\r\nok"
        )

    def on_garbage(self):
        self.raw(b"\x16garbage, not HTTP\r\n\r\n")

    def on_closed(self):
        self.close_connection = True

    def on_hang(self):
        self.close_connection = True
        self.server.is_closing.wait(TIMEOUT)

    def on_trickle(self):
        self.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not self.server.is_closing.wait(0.05):
            self.wfile.write(b".")

    def on_endless(self):
        self.raw(b"HTTP/1.1 200 OK\r\n\r\n")
        while not self.server.is_closing.wait(0.01):
            self.wfile.write(bytes(10000))

    def on_file(self, name="file"):
        f = self.server.files[name]
        asked = self.headers.get("Range")
        matches = self.headers.get("If-Range", f.etag) == f.etag
        if asked and f.refuses_range:
            self.send(416, b"no", [("Content-Range", f.refuses_range), ("ETag", f.etag)])
        elif asked and f.has_ranges and matches:
            self.send_part(f, int(asked[len("bytes=") : -1]))
        else:
            self.send_file(f, 200, f.data, [])

    def send_part(self, f, start):
        start += 7 if f.wrong_range else 0
        span = "bytes %d-%d/%d" % (start, len(f.data) - 1, len(f.data))
        if start >= len(f.data):
            fields = [("Content-Range", "bytes */%d" % len(f.data)), ("ETag", f.etag)]
            self.send(416, b"no", fields)
        else:
            self.send_file(f, 206, f.data[start:], [("Content-Range", span)])

    def send_file(self, f, status, data, fields):
        self.send_response(status)
        for name, value in fields + [("Content-Length", str(len(data)))]:
            self.send_header(name, value)
        if f.etag:
            self.send_header("ETag", f.etag)
        if f.coding:
            self.send_header("Content-Encoding", f.coding)
        self.end_headers()
        if f.cut_after is not None:
            self.raw(data[: f.cut_after])
        elif f.stall_after is not None:
            self.raw(data[: f.stall_after])
            self.wfile.flush()
            self.server.has_stalled.set()
            self.server.is_closing.wait(TIMEOUT)
        else:
            self.wfile.write(data)

    def log_message(self, *_args):
        pass


class Server(http.server.ThreadingHTTPServer):
    """Use with `with`."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, certificate=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests, self.files = [], {}
        self.is_closing, self.has_stalled = threading.Event(), threading.Event()
        self.scheme = "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.socket = context.wrap_socket(
                self.socket, server_side=True, do_handshake_on_connect=False
            )
            self.scheme = "https"

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_error):
        self.is_closing.set()
        self.shutdown()
        self.server_close()

    def url(self, path):
        return "%s://localhost:%d%s" % (self.scheme, self.server_port, path)

    def handle_error(self, request, client_address):
        """Clients go away on purpose here."""


def make_certificate(folder):
    """(certificate, key) for localhost, signed by itself."""
    pem, key = os.path.join(folder, "c.pem"), os.path.join(folder, "k.pem")
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1"
    command += " -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    subprocess.run(
        [*command.split(), "-keyout", key, "-out", pem],
        check=True,
        stderr=subprocess.DEVNULL,
    )
    return pem, key


def json_of(path):
    with open(path, encoding="utf-8", errors="strict") as f:
        return json.load(f)
