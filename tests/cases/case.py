"""case.py - reads case files, and the server that answers as they say."""

import gzip
import os
import re
import shlex
import sys
import threading
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "servers"))
from lib import *  # noqa: E402,F403

KEYS = ("about", "cites", "with", "have", "serve", "do", "expect")


class Malformed(Exception):
    pass


def unescape(text):
    """The bytes that `text` stands for."""

    def one(match):
        word = match.group(1)
        if word[0] == "x":
            return chr(int(word[1:], 16))
        return {"n": "\n", "r": "\r", "t": "\t", "\\": "\\"}[word]

    # Text beyond ASCII is UTF-8 in the file and on the wire.
    plain = text.encode("utf-8").decode("latin-1")
    return re.sub(r"\\(x[0-9a-f]{2}|[nrt\\])", one, plain).encode("latin-1")


class Case:
    """The entries of a file, in order, with their continuation lines."""

    def __init__(self, path):
        self.path = path
        self.entries = []
        with open(path, encoding="utf-8") as f:
            for number, line in enumerate(f.read().split("\n"), 1):
                self.add_line(line, number)
        self.about = self.one("about")
        self.one("cites")

    def add_line(self, line, number):
        if not line.strip():
            return
        if line[0] == " ":
            self.entries[-1][2].append(line.strip())
            return
        key, _, rest = line.partition(" ")
        if key not in KEYS:
            raise Malformed("%s:%d: %s" % (self.path, number, key))
        self.entries.append((key, rest.strip(), []))

    def all(self, key):
        return [(text, more) for k, text, more in self.entries if k == key]

    def one(self, key):
        found = self.all(key)
        if len(found) != 1:
            raise Malformed("%s: %d entries `%s`" % (self.path, len(found), key))
        return " ".join([found[0][0], *found[0][1]])


class Answer:
    """One `serve` entry."""

    def __init__(self, text):
        match = re.match(r"(\S+) (\S+) -> (\d+)([^;]*)(?:;(.*))?$", text)
        if not match:
            raise Malformed("serve " + text)
        self.method, self.path = match.group(1), match.group(2)
        self.status, self.phrase = match.group(3), match.group(4).strip()
        self.items = [i.strip() for i in (match.group(5) or "").split(" | ") if i.strip()]

    def matches(self, request):
        return self.method in ("ANY", request.method) and self.path == request.target.split("?")[0]


PACK = {
    "gzip": lambda data: gzip.compress(data, mtime=0),
    "deflate": zlib.compress,
}


def pack(coding, data):
    if coding == "br":
        import brotli

        return brotli.compress(data)
    return PACK[coding](data)


class Built:
    """The bytes of a response, and how it ends."""

    def __init__(self, answer, request, replace):
        self.fields, self.body, self.before, self.raw = [], b"", b"", None
        self.framing, self.cut, self.ending = "length", None, None
        for item in answer.items:
            self.add(replace(item), request)
        phrase = answer.phrase or {"200": "OK"}.get(answer.status, "")
        self.line = "HTTP/1.1 %s %s" % (answer.status, phrase)
        self.is_bodiless = request.method == "HEAD" or answer.status in ("204", "304")

    def add(self, item, request):
        word, _, rest = item.partition(" ")
        if word == "body":
            self.body = unescape(rest)
        elif word == "fill":
            self.body = b"x" * int(rest)
        elif word == "echo":
            self.body = request.body
        elif word == "packed":
            self.body = pack(rest, self.body)
            self.fields.append("Content-Encoding: " + rest)
        elif word == "chunked" and not rest:
            self.framing = "chunked"
        elif item == "until close":
            self.framing, self.ending = "none", "close"
        elif word == "cut":
            self.cut, self.ending = int(rest), "close"
        elif word in ("silent", "pause") and not rest:
            self.ending = word
        elif word == "close" and not rest:
            self.fields.append("Connection: close")
            self.ending = "close"
        elif word == "interim":
            self.before += b"HTTP/1.1 " + rest.encode() + b"\r\n\r\n"
        elif word == "raw":
            self.raw, self.ending = unescape(rest), "close"
        elif ":" in item:
            self.fields.append(item)
        else:
            raise Malformed("item " + item)

    def bytes(self):
        if self.raw is not None:
            return self.raw
        fields, body = list(self.fields), self.body
        if self.framing == "chunked":
            fields.append("Transfer-Encoding: chunked")
            body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) if body else b"0\r\n\r\n"
        elif self.framing == "length" and self.line.split(" ")[1] not in ("204", "304"):
            fields.append("Content-Length: %d" % len(body))
        head = "\r\n".join([self.line, *fields, "", ""]).encode("utf-8")
        return self.before + head + (b"" if self.is_bodiless else body[: self.cut])


class ScriptedServer:
    """Two origins that answer as the case says and note what they received."""

    def __init__(self, case_folder):
        self.dir = case_folder
        self.lock = threading.Lock()
        self.servers = [Threaded(self.serve), Threaded(self.serve)]
        self.begin([])

    def begin(self, answers):
        self.answers = answers
        self.requests = []
        self.errors = []
        self.base = [server.n_connections for server in self.servers]

    def n_connections(self):
        return sum(s.n_connections - b for s, b in zip(self.servers, self.base))

    def replace(self, text):
        ports = [server.port for server in self.servers]
        for mark, value in (
            ("{http}", "http://127.0.0.1:%d" % ports[0]),
            ("{alt}", "http://127.0.0.1:%d" % ports[1]),
            ("{port}", str(ports[0])),
            ("{dir}", self.dir),
        ):
            text = text.replace(mark, value)
        return text

    def take(self, request):
        """The answer whose turn it is."""
        with self.lock:
            self.requests.append(request)
            found = [a for a in self.answers if a.matches(request)]
            if len(found) > 1:
                self.answers.remove(found[0])
            return found[0] if found else Answer("ANY / -> 599 Not In The Case")

    def serve(self, connection):
        reader = Reader(connection)
        while True:
            request = read_request(reader, connection)
            try:
                built = Built(self.take(request), request, self.replace)
            except Exception as error:
                self.errors.append(repr(error))
                return
            if built.ending != "silent":
                connection.sendall(built.bytes())
            if built.ending == "close":
                return
            if built.ending in ("silent", "pause"):
                while connection.recv(65536):
                    pass
                return

    def close(self):
        for server in self.servers:
            server.close()
