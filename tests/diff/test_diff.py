#!/usr/bin/env python3
"""The same requests by tinet and by the curl command; see README.md."""

import gzip
import os
import random
import subprocess
import sys
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "servers"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from echo import Echo  # noqa: E402
from lib import Driver, Failure, Suite, equal, finish, need_program, temporary_folder, write  # noqa: E402

SEED = 20240229
N_CASES = 260
AGENT = "diff/1"
DEFAULTS = [
    ("User-Agent", AGENT),
    ("Accept", "*/*"),
    ("Accept-Encoding", "gzip, deflate, br, zstd"),
    ("X-Requested-With", "XMLHttpRequest"),
    ("Cache-Control", "no-cache"),
    ("Pragma", "no-cache"),
]
WORDS = ["alpha", "b c", "d&e=f", "größe", "100%", "a+b", "q\"uote", "semi;colon", "x" * 300, "", "tab\there", "日本"]


def make_case(rng, index):
    """One request: what both clients are told."""
    method = rng.choice(["GET", "GET", "GET", "POST", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "PROPFIND"])
    case = {"method": method, "path": make_path(rng, method), "headers": make_headers(rng), "body": ("none",)}
    if method in ("POST", "PUT", "PATCH", "DELETE", "PROPFIND"):
        case["body"] = make_body(rng, method)
    case["name"] = "%03d %s %s %s" % (index, method, case["path"][:40], case["body"][0])
    return case


def make_path(rng, method):
    kind = rng.random()
    if kind < 0.2:
        return "/redirect/%d/%s" % (rng.choice([301, 302, 303, 307, 308]), rng.choice(["same", "other"]))
    if kind < 0.3:
        return "/status/%d" % rng.choice([200, 201, 204, 304, 400, 404, 418, 500, 503])
    if kind < 0.4 and method != "HEAD":
        return "/coding/%s" % rng.choice(["gzip", "deflate", "identity"])
    if kind < 0.45 and method != "HEAD":
        return "/chunked"
    segments = ["seg%d" % rng.randrange(9), rng.choice(["a.b", "~u", "x;y=1", "%C3%BC", "a,b", "@me", "(p)"])]
    query = rng.choice(["", "", "?a=1&b=2", "?q=%20x", "?x=(y)&z=*", "?empty="])
    return "/" + "/".join(segments) + query


def make_headers(rng):
    choices = [
        ("X-Plain", "value"),
        ("X-Spaces", "a  b   c"),
        ("X-Latin", "caf\u00e9"),
        ("Authorization", "Bearer t0ken"),
        ("Cookie", "a=1; b=2"),
        ("Content-Language", "de"),
        ("If-None-Match", '"tag"'),
        ("Range", "bytes=0-9"),
        ("X-Long", "v" * 2000),
        ("Referer", "http://example.org/?q"),
        ("TE", "trailers"),
    ]
    return rng.sample(choices, rng.choice([0, 0, 1, 2, 3]))


def make_body(rng, method):
    if method in ("DELETE", "PROPFIND") and rng.random() < 0.5:
        return ("none",)
    kind = rng.choice(["none", "bytes", "file", "form", "multipart", "chunked", "large"])
    if kind == "bytes":
        return (kind, rng.choice(["application/json", "text/plain", "application/x-www-form-urlencoded"]), rng.choice(WORDS) * 3)
    if kind == "file":
        return (kind, "application/octet-stream", rng.randbytes(rng.choice([1, 1000, 70000])))
    if kind == "form":
        return (kind, [("f%d" % i, rng.choice(WORDS)) for i in range(rng.randrange(1, 6))])
    if kind == "multipart":
        return (kind, [("f%d" % i, rng.choice(WORDS)) for i in range(3)], rng.randbytes(500))
    if kind == "chunked":
        return (kind, "text/plain", "c" * rng.choice([1, 5000]))
    if kind == "large":
        return ("file", "application/octet-stream", rng.randbytes(300000))
    return ("none",)


# ---- by tinet ----


def tinet_body(case, folder):
    body = case["body"]
    if body[0] == "bytes":
        return [("bytes", body[1], body[2])]
    if body[0] == "file":
        return [("file", body[1], write(os.path.join(folder, "body.bin"), body[2]))]
    if body[0] == "form":
        return [("text", name, value) for name, value in body[1]]
    if body[0] == "multipart":
        path = write(os.path.join(folder, "part.bin"), body[2])
        return [("text", name, value) for name, value in body[1]] + [
            ("part-file", "file", "part.bin", "application/octet-stream", path)
        ]
    if body[0] == "chunked":
        return [("chunked", body[1], body[2])]
    return []


def by_tinet(case, driver, url, folder):
    return driver.request(case["method"], url, case["headers"], tinet_body(case, folder))


# ---- by curl ----


def form_encode(fields):
    """application/x-www-form-urlencoded as the WHATWG has it."""
    def one(text):
        return "".join(
            chr(b) if chr(b).isascii() and (chr(b).isalnum() or chr(b) in "*-._") else "+" if b == 32 else "%%%02X" % b
            for b in text.encode()
        )

    return "&".join(one(name) + "=" + one(value) for name, value in fields)


def curl_body(case, folder):
    body = case["body"]
    if body[0] == "bytes":
        return ["--data-binary", "@" + write(os.path.join(folder, "data"), body[2]), "-H", "Content-Type: " + body[1]]
    if body[0] == "file":
        path = write(os.path.join(folder, "data"), body[2])
        return ["--data-binary", "@" + path, "-H", "Content-Type: " + body[1]]
    if body[0] == "form":
        return ["--data-binary", "@" + write(os.path.join(folder, "data"), form_encode(body[1]))]
    if body[0] == "multipart":
        path = write(os.path.join(folder, "part.bin"), body[2])
        words = []
        for name, value in body[1]:
            words += ["--form-string", "%s=%s" % (name, value)]
        return words + ["-F", "file=@%s;filename=part.bin;type=application/octet-stream" % path]
    if body[0] == "chunked":
        path = write(os.path.join(folder, "data"), body[2])
        return ["-H", "Transfer-Encoding: chunked", "--data-binary", "@" + path, "-H", "Content-Type: " + body[1]]
    if case["method"] in ("POST", "PUT", "PATCH"):
        return ["--data-binary", "", "-H", "Content-Type:"]
    return []


def method_words(case):
    if case["method"] in ("GET", "POST"):
        return []  # POST follows from its data
    return ["--head"] if case["method"] == "HEAD" else ["-X", case["method"]]


def by_curl(case, curl, url, folder, follow):
    given = {name.lower() for name, _ in case["headers"]}
    out = os.path.join(folder, "out")
    if os.path.exists(out):
        os.remove(out)  # curl leaves it alone when there is no body
    words = [curl, "-s", "-S", "--raw", "-o", out, "-w", "%{http_code}"]
    words += ["-H", "Expect:", "--max-redirs", "20", "--noproxy", "*"]
    for name, value in [d for d in DEFAULTS if d[0].lower() not in given] + case["headers"]:
        words += ["-H", "%s: %s" % (name, value)]
    words += method_words(case) + curl_body(case, folder) + (["-L"] if follow else []) + [url]
    done = subprocess.run([os.fsencode(w) for w in words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    if done.returncode != 0:
        raise Failure("curl: %s" % done.stderr.decode(errors="replace"))
    return done.stdout.decode()


# ---- what arrived, comparable ----


def normal(request, port):
    fields, body = [], request["body"]
    boundary = None
    for name, value in request["fields"]:
        lower = name.lower()
        if lower == "host":
            value = value.replace(str(port), "PORT")
        if lower == "content-type" and "boundary=" in value:
            boundary = value.split("boundary=")[1]
            value = value.replace(boundary, "BOUNDARY")
        fields.append((lower, value))
    if boundary:
        n = body.count(boundary.encode())
        body = body.replace(boundary.encode(), b"BOUNDARY")
        fields = [(k, str(int(v) - n * len(boundary)) if k == "content-length" else v) for k, v in fields]
    return request["method"], request["path"], request["version"], sorted(fields, key=lambda f: f[0]), body


def compare(want, got, what):
    """Part by part, so that a difference can be read."""
    for part, a, b in zip(("method", "path", "version", "fields", "body"), want, got):
        if a != b:
            raise Failure("%s, %s: curl %.300r, tinet %.300r" % (what, part, a, b))


def without_content(request):
    """content-fields: what curl keeps of fields about a body that is gone."""
    fields = [(k, v) for k, v in request["fields"] if not k.lower().startswith("content-")]
    return dict(request, fields=fields)


def check_second(case, second):
    """What the next hop has to be, also where curl is no measure."""
    status, where = case["path"].split("/")[2:4]
    method = case["method"]
    turns = (status == "303" and method != "HEAD") or (status in ("301", "302") and method == "POST")
    equal("GET" if turns else method, second["method"], "method of the second hop")
    equal("/end", second["path"])
    names = {name.lower(): value for name, value in second["fields"]}
    sent = {name.lower(): value for name, value in case["headers"]}
    for name in ("authorization", "cookie"):
        equal(sent.get(name) if where == "same" else None, names.get(name), name)
    equal(None if turns else sent.get("content-language"), names.get("content-language"))
    if turns:
        equal([], [n for n in names if n.startswith("content-")])
        equal(b"", second["body"])


def make_test(case):
    def run(driver, curl, echo, other, folder):
        url = "http://127.0.0.1:%d%s" % (echo.port, case["path"])
        # given-for-all: -X and -H would be repeated on every hop.
        follows = "/redirect/" in case["path"] and case["method"] in ("GET", "HEAD", "POST") and case["body"][0] != "chunked"
        outcome = by_tinet(case, driver, url, folder)
        ours, ours_other = echo.take(), other.take()
        said = by_curl(case, curl, url, folder, follows)
        theirs, theirs_other = echo.take(), other.take()
        compare(normal(theirs[0], echo.port), normal(ours[0], echo.port), "first request")
        if case["path"].startswith("/redirect/"):
            check_redirect(case, ours[1:] + ours_other, theirs[1:] + theirs_other, follows, (echo.port, other.port))
            return
        equal(1, len(ours), "requests")
        equal(int(said), outcome.status, "status")
        out = os.path.join(folder, "out")
        check_answer(case, outcome, open(out, "rb").read() if os.path.exists(out) else b"")

    return run


def check_redirect(case, ours, theirs, follows, ports):
    equal(1, len(ours), "requests after the redirect")
    check_second(case, ours[0])
    if not follows:
        return
    equal(1, len(theirs), "curl's requests after the redirect")
    port = ports[0] if case["path"].endswith("same") else ports[1]
    turned = ours[0]["method"] != case["method"]
    want = without_content(theirs[0]) if turned else theirs[0]
    compare(normal(want, port), normal(ours[0], port), "second request")


def check_answer(case, outcome, raw):
    """curl gave the bytes as they were sent (--raw)."""
    if case["method"] == "HEAD" or case["path"] == "/chunked":
        return
    if case["path"].startswith("/coding/"):
        unpack = {"gzip": gzip.decompress, "deflate": zlib.decompress, "identity": bytes}
        raw = unpack[case["path"].split("/")[2]](raw)
    equal(raw, outcome.body_bytes or b"", "body")


def main():
    suite = Suite()
    rng = random.Random(SEED)
    for index in range(N_CASES):
        case = make_case(rng, index)
        suite.add(case["name"], make_test(case))
    echo, other = Echo(), Echo()
    echo.other = other
    driver = Driver(options={"user_agent": AGENT})
    with temporary_folder() as folder:
        return finish(suite, driver, need_program("curl"), echo, other, folder)


if __name__ == "__main__":
    sys.exit(main())
