#!/usr/bin/env python3
"""Generated requests by tinet and by curl: what arrives must be the same."""

import argparse
import os
import re
import sys
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "servers"))
from lib import *  # noqa: E402,F403

import generate  # noqa: E402

PORTS = re.compile(rb"127\.0\.0\.1:\d+")


class EchoServer:
    """Answers as a spec says and keeps the requests as they came."""

    def __init__(self):
        self.servers = [Threaded(self.serve), Threaded(self.serve)]
        self.spec, self.received = None, []

    def url(self, target):
        return "http://127.0.0.1:%d%s" % (self.servers[0].port, target)

    def begin(self, spec):
        self.spec, self.received = spec, []

    def serve(self, connection):
        reader = Reader(connection)
        while True:
            request = read_request(reader, connection)
            answers = self.spec.answers
            answer = answers[min(len(self.received), len(answers) - 1)]
            self.received.append((self.origin_of(connection), request))
            connection.sendall(self.build(answer, request))
            if len(answer) > 3 and answer[3] == "close" and answer[0] not in (204, 304):
                return

    def origin_of(self, connection):
        return connection.getsockname()[1] == self.servers[0].port

    def build(self, answer, request):
        status, fields, body = answer[:3]
        framing = answer[3] if len(answer) > 3 else "length"
        lines = ["HTTP/1.1 %d Phrase" % status]
        for name, value in fields:
            value = value.replace("{http}", self.url("")).replace(
                "{alt}", "http://127.0.0.1:%d" % self.servers[1].port)
            lines.append("%s: %s" % (name, value))
        if status in (204, 304):
            return ("\r\n".join(lines) + "\r\n\r\n").encode()
        if framing == "length":
            lines.append("Content-Length: %d" % len(body))
        elif framing == "chunked":
            lines.append("Transfer-Encoding: chunked")
            body = (b"%x\r\n%s\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n"
        else:
            lines.append("Connection: close")
        head = ("\r\n".join(lines) + "\r\n\r\n").encode()
        return head if request.method == "HEAD" else head + body

    def close(self):
        for server in self.servers:
            server.close()


class Result:
    """What one client sent and got."""

    def __init__(self, received, status, headers, body):
        self.received, self.status, self.headers, self.body = received, status, headers, body


# ---- tinet ----


def by_tinet(driver, server, spec, folder):
    body = []
    if spec.body:
        kind, content_type, data = spec.body
        if kind in ("bytes", "chunked"):
            body = [(kind, content_type, data.decode())]
        elif kind == "file":
            body = [("file", content_type, write(os.path.join(folder, "body"), data))]
        else:
            body = [("text", name, value) for name, value in data]
            if kind == "multipart":
                body.append(("part-file", "f", "-", "text/plain",
                             write(os.path.join(folder, "up.txt"), b"content")))
    server.begin(spec)
    outcome = driver.request(spec.method, server.url(spec.target), spec.headers, body)
    if outcome.error_name not in (None, "TINET_EHTTPSTATUS"):
        raise Failure("tinet: %s" % outcome)
    return Result(list(server.received), outcome.status, [tuple(h) for h in outcome.headers],
                  outcome.body_bytes)


# ---- curl ----


def curl_body(spec, folder):
    kind, content_type, data = spec.body
    if kind == "multipart":
        words = []
        for i, (name, value) in enumerate(data):
            path = write(os.path.join(folder, "field%d" % i), value.encode())
            words += ["-F", "%s=<%s" % (name, path)]
        path = write(os.path.join(folder, "up.txt"), b"content")
        return words + ["-F", "f=@%s;type=text/plain" % path]
    if kind == "form":
        # The encoding of a form is tinet's own affair and has its case files.
        data = urllib.parse.urlencode(data, safe="*-._").replace("~", "%7E").encode()
        content_type = "application/x-www-form-urlencoded"
    path = write(os.path.join(folder, "body"), data)
    words = ["--data-binary", "@" + path, "-H", "Content-Type: " + content_type]
    return words + (["-H", "Transfer-Encoding: chunked"] if kind == "chunked" else [])


def curl_words(server, spec, folder):
    words = ["curl", "-q", "-sS", "--http1.1", "--globoff", "--noproxy", "*", "--compressed", "-L",
             "--max-redirs", "20", "-o", os.path.join(folder, "out"),
             "-D", os.path.join(folder, "head")]
    for name, value in spec.headers:
        words += ["-H", "%s: %s" % (name, value) if value else name + ";"]
    if spec.method == "HEAD":
        words.append("-I")
    elif spec.method == "POST" and not spec.body:
        # Not -X: that would keep POST after a redirect.
        words += ["--data-binary", "", "-H", "Content-Type:"]
    elif spec.method not in ("GET", "POST"):
        words += ["-X", spec.method]
    if spec.body:
        words += curl_body(spec, folder)
    return words + [server.url(spec.target)]


def read_head(path):
    """The fields of the last response block."""
    with open(path, "rb") as f:
        blocks = [b for b in f.read().decode("latin-1").split("\r\n\r\n") if b]
    lines = blocks[-1].split("\r\n")
    fields = [line.partition(":") for line in lines[1:]]
    return int(lines[0].split(" ")[1]), [(n, v.strip(" \t")) for n, _, v in fields]


def by_curl(server, spec, folder):
    write(os.path.join(folder, "out"), b"")
    server.begin(spec)
    done = subprocess.run(curl_words(server, spec, folder), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE)
    if done.returncode != 0:
        raise Failure("curl: %s" % done.stdout.decode())
    status, headers = read_head(os.path.join(folder, "head"))
    with open(os.path.join(folder, "out"), "rb") as f:
        body = b"" if spec.method == "HEAD" else f.read()
    return Result(list(server.received), status, headers, body)


# ---- comparison ----


def canonical(target):
    """Escapes in upper case, and nothing that would need one without."""
    raw = target.encode("latin-1")
    raw = re.sub(rb"%(?![0-9A-Fa-f]{2})", b"%25", raw)
    raw = re.sub(rb"%..", lambda m: m.group(0).upper(), raw)
    return urllib.parse.quote(raw, safe="%/?:@!$&'()*+,;=-._~")


class Comparison:
    """Takes two requests; removes each documented difference and notes it."""

    def __init__(self, ours, theirs, spec, is_first):
        self.ours, self.theirs, self.spec, self.is_first = ours, theirs, spec, is_first
        self.a, self.b = self.fields(ours), self.fields(theirs)
        self.set = {name.lower() for name, _ in spec.headers}
        self.found = set()

    @staticmethod
    def fields(request):
        return [(name.lower(), value) for name, value in request.headers]

    def drop(self, side, name):
        kept = [field for field in side if field[0] != name]
        is_changed = len(kept) != len(side)
        side[:] = kept
        return is_changed

    def note(self, name, condition):
        if condition:
            self.found.add(name)

    def values(self, side, name):
        return [value for n, value in side if n == name]

    def remove_known(self):
        if "user-agent" not in self.set:
            self.drop(self.b, "user-agent")
            self.note("user-agent", self.drop(self.a, "user-agent"))
        for name in ("x-requested-with", "cache-control", "pragma"):
            if name not in self.set:
                self.note("library-headers", self.drop(self.a, name))
        if "accept-encoding" not in self.set:
            listed = lambda side: {w.strip() for w in ",".join(self.values(side, "accept-encoding")).split(",")}
            if listed(self.a) == listed(self.b):
                self.note("accept-encoding", self.values(self.a, "accept-encoding") !=
                          self.values(self.b, "accept-encoding"))
                self.drop(self.a, "accept-encoding")
                self.drop(self.b, "accept-encoding")
        if self.values(self.a, "content-length") == ["0"] and not self.values(self.b, "content-length") \
                and self.ours.method in ("POST", "PUT", "PATCH"):
            self.note("empty-length", self.drop(self.a, "content-length"))
        if not self.ours.body and not self.is_first and not self.values(self.a, "content-type"):
            self.note("content-headers", self.drop(self.b, "content-type"))
        self.note("expect", len(self.theirs.body) > 1000000 and self.drop(self.b, "expect"))

    def boundary(self, side):
        match = re.match(r"multipart/form-data; boundary=(\S+)$", "".join(self.values(side, "content-type")))
        return match.group(1) if match else None

    def bodies(self):
        a, b = self.boundary(self.a), self.boundary(self.b)
        if not a or not b:
            return self.ours.body, self.theirs.body
        self.found.add("boundary")
        for side, mark in ((self.a, a), (self.b, b)):
            self.drop(side, "content-length")
            side[:] = [(n, v.replace(mark, "B")) for n, v in side]
        return (self.ours.body.replace(a.encode(), b"B"), self.theirs.body.replace(b.encode(), b"B"))

    def targets(self):
        ours, theirs = self.ours.target, self.theirs.target
        self.note("url-encoding", ours != theirs)
        if not re.fullmatch(r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/?]|%[0-9A-Fa-f]{2})*", ours):
            return "(a legal target)", ours
        return canonical(ours), canonical(theirs)

    def problems(self):
        self.remove_known()
        bodies, targets = self.bodies(), self.targets()
        self.note("header-order", self.a != self.b and sorted(self.a) == sorted(self.b))
        for what, ours, theirs in (
            ("method", self.ours.method, self.theirs.method),
            ("target", *targets),
            ("headers", sorted(self.a), sorted(self.b)),
            ("body", *bodies),
            ("HTTP version", self.ours.line.split(" ")[-1], self.theirs.line.split(" ")[-1]),
        ):
            if ours != theirs:
                yield "%s: tinet %r, curl %r" % (what, ours, theirs)


def compare(spec, ours, theirs):
    """(problems, names of documented differences)"""
    problems, found = [], set()
    if len(ours.received) != len(theirs.received):
        return ["tinet sent %d requests, curl %d" % (len(ours.received), len(theirs.received))], found
    pairs = zip(ours.received, theirs.received)
    for i, ((our_origin, our), (their_origin, their)) in enumerate(pairs):
        comparison = Comparison(our, their, spec, i == 0)
        problems += ["request %d: %s" % (i + 1, p) for p in comparison.problems()]
        found |= comparison.found
        if our_origin != their_origin:
            problems.append("request %d went elsewhere" % (i + 1))
    for what in ("status", "headers", "body"):
        a, b = getattr(ours, what), getattr(theirs, what)
        if a != b:
            problems.append("received %s: tinet %.300r, curl %.300r" % (what, a, b))
    if any(not value for _, value in spec.headers):
        found.add("empty-header")
    return problems, found


def documented():
    with open(os.path.join(HERE, "README.md"), encoding="utf-8") as f:
        return set(re.findall(r"^\| `([\w-]+)` \|", f.read(), re.M))


def parse_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("driver")
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--only", type=int, help="one request, by its number")
    return parser.parse_args()


def main():
    args = parse_arguments()
    suite, driver, server = Suite(), Driver(args.driver), EchoServer()
    seen, known = set(), documented()

    def send(spec):
        with temporary_folder() as folder:
            ours = by_tinet(driver, server, spec, folder)
            theirs = by_curl(server, spec, folder)
        problems, found = compare(spec, ours, theirs)
        seen.update(found)
        problems += ["not documented: " + name for name in found - known]
        if problems:
            raise Failure("%s %s %s\n%s" % (spec.method, spec.target, str(spec.body)[:200], "\n".join(problems)))

    for spec in generate.specs(args.seed, args.count):
        if args.only in (None, spec.number):
            body = spec.body[0] if spec.body else "no body"
            name = "%d: %s, %s, %d hops" % (spec.number, spec.method, body, len(spec.answers))
            suite.add(name, lambda *_, s=spec: send(s))
    if args.only is None:
        suite.add("each documented difference occurs", lambda *_: equal(set(), known - seen))
    status = finish(suite, driver)
    server.close()
    return status


if __name__ == "__main__":
    sys.exit(main())
