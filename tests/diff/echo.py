"""echo.py - a server that records the bytes of each request.

The path says what it answers: /status/N, /redirect/N/where, /coding/NAME,
/chunked, anything else 200 with the method as text.
"""

import gzip
import os
import socket
import sys
import threading
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "servers"))

ANSWER = "The quick brown fox, größer.\n".encode() * 20


class Echo:
    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=16)
        self.port = self.listener.getsockname()[1]
        self.requests = []
        self.other = None  # another Echo, for redirects to another origin
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.handle, args=(connection,), daemon=True).start()

    def handle(self, connection):
        connection.settimeout(60)
        with connection, connection.makefile("rb") as reader:
            while True:
                request = read_request(reader)
                if request is None:
                    return
                self.requests.append(request)
                connection.sendall(self.answer(request))

    def take(self):
        taken, self.requests = self.requests, []
        return taken

    def answer(self, request):
        words = request["path"].split("?")[0].split("/")
        if words[1] == "status":
            return response(int(words[2]), b"" if words[2] in ("204", "304") else ANSWER)
        if words[1] == "redirect":
            where = "/end" if words[3] == "same" else "http://127.0.0.1:%d/end" % self.other.port
            return response(int(words[2]), b"moved", [("Location", where)])
        if words[1] == "coding":
            pack = {"gzip": gzip.compress, "deflate": zlib.compress, "identity": bytes}[words[2]]
            return response(200, pack(ANSWER), [("Content-Encoding", words[2])])
        if words[1] == "chunked":
            chunks = b"".join(b"%x\r\n%s\r\n" % (len(c), c) for c in (ANSWER[:7], ANSWER[7:]))
            return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"
        body = b"" if request["method"] == "HEAD" else request["method"].encode()
        return response(200, body, length=len(request["method"]))


def response(status, body, fields=(), length=None):
    lines = ["HTTP/1.1 %d Phrase" % status]
    if status not in (204, 304):
        lines.append("Content-Length: %d" % (len(body) if length is None else length))
    lines += ["%s: %s" % field for field in fields]
    return "\r\n".join(lines + ["", ""]).encode() + body


def read_chunked(reader):
    body = b""
    while True:
        size = int(reader.readline().split(b";")[0], 16)
        body += reader.read(size)
        reader.readline()
        if size == 0:
            return body


def read_request(reader):
    line = reader.readline()
    if not line:
        return None
    method, path, version = line.decode("latin-1").rstrip("\r\n").split(" ")
    fields = []
    while True:
        line = reader.readline().decode("latin-1").rstrip("\r\n")
        if not line:
            break
        name, value = line.split(":", 1)
        fields.append((name, value.strip(" \t")))
    lower = {name.lower(): value for name, value in fields}
    if lower.get("transfer-encoding", "").lower() == "chunked":
        body = read_chunked(reader)
    else:
        body = reader.read(int(lower.get("content-length", "0")))
    return {"method": method, "path": path, "version": version, "fields": fields, "body": body}
