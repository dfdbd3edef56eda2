#!/usr/bin/env python3
"""server.py - the newsroom's server: HTTP and HTTPS, on ports of its own choice.

    server.py CERTIFICATE KEY

Prints {"http": "http://localhost:PORT", "https": "https://localhost:PORT"} when
it listens, and serves until it is killed.  It knows nothing of tinet.
"""

import email.parser
import email.policy
import http.server
import json
import socket
import ssl
import sys
import threading
import urllib.parse
import zlib

PASSWORD = "öffne & lies=1"
TOKEN = "b3c1d9"
SESSION = "5e55-10"
ARCHIVE = b"".join(n.to_bytes(4, "big") for n in range(5 * 1024 * 1024))
PIECE = 1024 * 1024
HEADLINES = ["The tide came early", "Ferries run again at two", "A café dries its floor"]
WIRE = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0"><channel><title>The wire</title>
<item><title>Weather: clearing up</title></item>
<item><title>Fish &amp; chips: a \u20ac 3 question</title></item>
</channel></rss>
"""


def crc(data):
    return "%08x" % zlib.crc32(data)


class Newsroom(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body are written one after the other: not to be held back.
    disable_nagle_algorithm = True

    def send(self, status, body, media_type="application/json", **fields):
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def is_signed_in(self):
        if self.headers.get("Authorization") == "Bearer " + TOKEN:
            return True
        if "session=" + SESSION in self.headers.get("Cookie", "").split("; "):
            return True
        self.send(401, {"error": "not signed in"})
        return False

    def archive(self):
        """In pieces, as a network would: else there is no progress to see."""
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(len(ARCHIVE)))
        self.send_header("X-CRC-32", crc(ARCHIVE))
        self.end_headers()
        for start in range(0, len(ARCHIVE), PIECE):
            self.wfile.write(ARCHIVE[start : start + PIECE])
            self.server.is_closing.wait(0.02)

    def endless(self):
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream")
        self.end_headers()
        self.close_connection = True
        while True:
            self.wfile.write(bytes(16384))
            self.server.is_closing.wait(0.05)

    def do_GET(self):
        path = urllib.parse.urlsplit(self.path).path
        if path == "/welcome":
            self.send(200, {"name": "Mia Öhrström", "token": TOKEN})
        elif path == "/endless":
            self.endless()
        elif path == "/slow":
            self.close_connection = True
            self.server.is_closing.wait(30)
        elif not self.is_signed_in():
            pass
        elif path == "/feed.json":
            self.send(200, {"items": [{"title": title} for title in HEADLINES]})
        elif path == "/feed.xml":
            self.send(200, WIRE.encode(), "application/rss+xml")
        elif path == "/archive.bin":
            self.archive()
        else:
            self.send(404, {"error": "no such page"})

    def sign_in(self, body):
        fields = dict(urllib.parse.parse_qsl(body.decode()))
        if fields != {"user": "mia", "password": PASSWORD}:
            self.send(403, {"error": "wrong name or password"})
        else:
            cookie = "session=%s; Max-Age=3600; Path=/; HttpOnly" % SESSION
            self.send(302, b"", Location="/welcome?user=mia", Set_Cookie=cookie)

    def take_report(self, body):
        head = "Content-Type: %s\n\n" % self.headers["Content-Type"]
        parser = email.parser.BytesParser(policy=email.policy.HTTP)
        fields, files = {}, {}
        for part in parser.parsebytes(head.encode() + body).iter_parts():
            name = part.get_param("name", header="Content-Disposition")
            data = part.get_payload(decode=True)
            if part.get_filename() is None:
                fields[name] = data.decode()
            else:
                files[name] = {
                    "name": part.get_filename(),
                    "type": part.get_content_type(),
                    "size": len(data),
                    "crc": crc(data),
                }
        self.send(201, {"fields": fields, "files": files})

    def read_body(self, length):
        body = b""
        while len(body) < length:
            body += self.rfile.read(min(length - len(body), PIECE // 2))
            self.server.is_closing.wait(0.02)
        return body

    def do_POST(self):
        body = self.read_body(int(self.headers.get("Content-Length", 0)))
        if self.path == "/login":
            self.sign_in(body)
        elif self.is_signed_in():
            self.take_report(body)

    def log_message(self, *_args):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, context=None):
        super().__init__(("127.0.0.1", 0), Newsroom)
        # Small, so that an upload is not swallowed before it is read.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, PIECE // 8)
        self.context = context
        self.is_closing = threading.Event()

    def finish_request(self, request, client_address):
        """The handshake is the connection's thread's, not the listener's."""
        if self.context:
            request = self.context.wrap_socket(request, server_side=True)
        try:
            super().finish_request(request, client_address)
        finally:
            if self.context:
                request.close()

    def handle_error(self, request, client_address):
        """The app times out and aborts on purpose; that is no news."""


def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    plain, secure = Server(), Server(context)
    threading.Thread(target=plain.serve_forever, daemon=True).start()
    addresses = {
        "http": "http://localhost:%d" % plain.server_port,
        "https": "https://localhost:%d" % secure.server_port,
    }
    print(json.dumps(addresses), flush=True)
    secure.serve_forever()


if __name__ == "__main__":
    main()
