"""generate.py - requests from a seed."""

import gzip
import random
import zlib


class Spec:
    """One request, what the server does with it, and what both clients need to
    know to send it."""

    def __init__(self, number, rng):
        self.number, self.rng = number, rng
        self.headers, self.body, self.answers = [], None, []
        self.method = rng.choice(["GET"] * 4 + ["POST"] * 5 + ["HEAD", "PUT", "PATCH", "DELETE",
                                                             "OPTIONS", "PROPFIND", "PUT"])
        self.target = "/%d%s" % (number, self.make_path())
        self.make_headers()
        if self.method not in ("GET", "HEAD"):
            self.make_body()
        self.make_answers()

    def make_path(self):
        word = lambda: "".join(self.rng.choice("abcXYZ019-._~") for _ in range(self.rng.randint(1, 8)))
        segments = [word() for _ in range(self.rng.randint(0, 4))]
        extra = ["%20", "%2F", "%e9", "caf\u00e9", "a+b", "x;y=z", "@me", "a:b", "(1)", "!$&'", "*",
                 "\u65e5\u672c", "a,b", "..", ".", "|", "^"]
        while self.rng.random() < 0.35:
            segments.insert(self.rng.randint(0, len(segments)), self.rng.choice(extra))
        # Dot segments must not lead out of the number that names the request.
        path = "/" + "/".join(["d"] * segments.count("..") + segments)
        return path + self.make_query()

    def make_query(self):
        if self.rng.random() < 0.5:
            return ""
        pairs = ["a=1", "b=%20x", "c", "d=", "e=a+b", "f=\u00fc", "g=/?:@", "h=%41", "i[]=2", "j=a'b",
                 "k=a|b", "l=~-._", "m=1&m=2", "n=%zz"]
        query = "?" + "&".join(self.rng.choice(pairs) for _ in range(self.rng.randint(0, 4)))
        return query + ("#part" if self.rng.random() < 0.2 else "")

    def make_headers(self):
        some = [("X-One", "a"), ("X-Two", "a, b"), ("x-lower", "value with spaces"), ("X-Empty", ""),
                ("Accept", "application/json"), ("Accept-Language", "de, en;q=0.5"),
                ("Cookie", "a=1; b=2"), ("Authorization", "Basic dTpw"), ("Referer", "http://a/b"),
                ("If-None-Match", '"x"'), ("Range", "bytes=0-3"), ("Cache-Control", "max-age=0"),
                ("User-Agent", "mine/1"), ("X-Utf", "\u00e9\u65e5"), ("Origin", "http://a"),
                ("X-Long", "v" * 3000), ("DNT", "1"), ("X-Tab", "a\tb"), ("Accept-Encoding", "identity"),
                ("TE", "trailers"), ("X-Colon", "a:b:c"), ("X-Quote", "\"a\\\"b\"")]
        self.headers = self.rng.sample(some, self.rng.choice([0, 0, 1, 1, 2, 3, 5]))

    def make_body(self):
        kind = self.rng.choice(["none", "bytes", "bytes", "file", "form", "multipart", "chunked", "large"])
        sizes = [0, 1, 2, 10, 100, 1000, 16384, 65536, 70000]
        data = self.rng.choice(["x", "a=b&", "\u00e9", "line\r\n"])
        if kind == "large" and self.rng.random() < 0.7:
            kind = "bytes"
        if kind == "large":
            self.body = ("file", "text/plain", b"L" * 1500000)
        elif kind in ("bytes", "file", "chunked"):
            n = self.rng.choice(sizes[1:] if kind != "bytes" else sizes)
            # A command for the driver has no NUL, so bytes are text here.
            content = (data * n).encode()[: max(n, 1) if n else 0]
            if data == "\u00e9":
                content = content[: len(content) // 2 * 2] or b"ee"
            self.body = (kind, self.rng.choice(["text/plain", "application/json", "a/b; c=d"]), content)
        elif kind in ("form", "multipart"):
            self.body = (kind, None, self.make_fields())
        if kind == "none":
            self.body = None

    def make_fields(self):
        names = ["a", "b c", "\u00fc", "k[]", "x&y", "p.q", "e"]
        values = ["", "1", "two words", "a+b=c&d", "\u20ac", "100%", "*-._~", "line\r\nbreak"]
        return [(self.rng.choice(names), self.rng.choice(values))
                for _ in range(self.rng.randint(1, 4))]

    def make_answers(self):
        """(status, headers, body) for each hop; the last has no redirect."""
        can_redirect = self.method in ("GET", "HEAD") or (
            self.method == "POST" and (self.body is None or self.body[0] != "chunked"))
        while can_redirect and self.rng.random() < 0.3 and len(self.answers) < 4:
            status = self.rng.choice([301, 302, 303, 307, 308])
            base = "{http}" if self.rng.random() < 0.7 else "{alt}"
            to = self.rng.choice([base + "/%d/r?x=%%20", "/%d/abs/path", "/%d/q?a=b#frag",
                                  "/%d/a/../b/./c", "/%d/sp ace"]) % self.number
            self.answers.append((status, [("Location", to)], b"moved"))
        self.answers.append(self.make_last())

    def make_last(self):
        status = self.rng.choice([200] * 6 + [201, 204, 206, 300, 304, 400, 404, 410, 500, 503, 599])
        body = self.rng.choice([b"", b"x", b"hello\n", b"\xff\xfe\x00binary", b"y" * 70000])
        fields = self.rng.sample([("Content-Type", "text/plain"), ("X-A", "1"), ("X-A", "2"), ("ETag", '"e"'),
                                  ("Set-Cookie", "a=1; Path=/"), ("X-Spaces", "  padded  "), ("X-None", "")],
                                 self.rng.randint(0, 4))
        coding = self.rng.choice([None, None, None, "gzip", "deflate", "br"])
        if status in (204, 304) or not body:
            coding = None
        if coding == "gzip":
            body = gzip.compress(body, mtime=0)
        elif coding == "deflate":
            body = zlib.compress(body)
        elif coding == "br":
            import brotli

            body = brotli.compress(body, quality=3)
        if coding:
            fields.append(("Content-Encoding", coding))
        framing = self.rng.choice(["length", "length", "chunked", "close"])
        return (status, fields, body, framing)


def specs(seed, count):
    rng = random.Random(seed)
    return [Spec(number, rng) for number in range(1, count + 1)]
