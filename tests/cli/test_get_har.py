#!/usr/bin/env python3
"""test_get_har.py - `tinet get --har`: valid HAR 1.2 for whatever happens."""

import os

import har
from cli import *  # noqa: F403


def entries(folder, *args, status=0, **kwargs):
    path = os.path.join(folder, "h.har")
    done = get(*args, "--har", path, **kwargs)
    assert done.status == status, "status %d: %s" % (done.status, done.err)
    return har.check(json_of(path))


def value(pairs, name):
    found = [p["value"] for p in pairs if p["name"].lower() == name.lower()]
    return found[0] if found else None


@test
def one_request_is_one_entry(folder):
    with Server() as server:
        (entry,) = entries(folder, server.url("/hello?a=1&b=c%20d&e&f=%ff"))
        request, response = entry["request"], entry["response"]
        equal(request["method"], "GET")
        equal(request["url"], server.url("/hello?a=1&b=c%20d&e&f=%ff"))
        equal(request["httpVersion"], "HTTP/1.1")
        query = [(p["name"], p["value"]) for p in request["queryString"]]
        equal(query, [("a", "1"), ("b", "c d"), ("e", ""), ("f", "%ff")])
        equal(value(request["headers"], "Host"), "localhost:%d" % server.server_port)
        equal((response["status"], response["statusText"]), (200, "OK"))
        equal(response["content"], {"size": 6, "mimeType": "text/plain"})
        equal(response["bodySize"], 6)
        equal(entry["serverIPAddress"], "127.0.0.1")


@test
def every_hop_of_a_redirect_is_an_entry(folder):
    with Server() as server:
        hops = entries(folder, server.url("/redirect/3"))
        equal([e["response"]["status"] for e in hops], [302, 302, 302, 200])
        urls = [e["request"]["url"] for e in hops]
        equal([e["response"]["redirectURL"] for e in hops], urls[1:] + [""])
        equal(hops[0]["response"]["cookies"], [{"name": "n", "value": "3"}])
        equal(hops[0]["response"]["content"]["size"], 5)
        equal(hops[1]["timings"]["connect"], -1)
        assert hops[0]["timings"]["connect"] >= 0


@test
def post_data_is_recorded(folder):
    with Server() as server:
        (entry,) = entries(folder, server.url("/hello"), "--json", '{"a": "\u00e9"}')
        equal(entry["request"]["postData"]["text"], '{"a": "\u00e9"}')
        equal(entry["request"]["postData"]["mimeType"], "application/json")
        equal(entry["request"]["bodySize"], 11)


@test
def form_fields_are_params(folder):
    path = write(folder, "f.txt", b"x")
    with Server() as server:
        (entry,) = entries(
            folder, server.url("/hello"), "-F", "a=1", "-F", "f=@%s;type=a/b" % path
        )
        params = entry["request"]["postData"]["params"]
        equal(params[0], {"name": "a", "value": "1"})
        equal(params[1], {"name": "f", "fileName": path, "contentType": "a/b"})


@test
def a_file_is_not_copied_into_it(folder):
    path = write(folder, "data", b"secret")
    with Server() as server:
        (entry,) = entries(folder, server.url("/hello"), "-d", "@" + path)
        equal(entry["request"]["postData"]["text"], "")
        equal(entry["request"]["postData"]["comment"], "@" + path)


@test
def cookies_of_the_request_are_taken_apart(folder):
    with Server() as server:
        (entry,) = entries(folder, server.url("/hello"), "-H", "Cookie: a=1; b=x=y")
        want = [{"name": "a", "value": "1"}, {"name": "b", "value": "x=y"}]
        equal(entry["request"]["cookies"], want)


@test
def credentials_are_not_recorded_and_the_file_is_its_owners(folder):
    with Server() as server:
        (entry,) = entries(folder, server.url("/hello").replace("//", "//me:topsecret@"), "-H", "Authorization: Basic topsecret")
        equal(value(entry["request"]["headers"], "Authorization"), "Basic (hidden)")
        path = os.path.join(folder, "own.har")
        succeeds(server.url("/hello").replace("//", "//me:topsecret@"), "-H", "Authorization: Digest a=topsecret", "--har", path)
        assert b"topsecret" not in read(path)
        equal(os.stat(path).st_mode & 0o777, 0o600)


@test
def content_is_counted_after_decoding(folder):
    with Server() as server:
        (entry,) = entries(folder, server.url("/gzip"))
        equal(entry["response"]["content"]["size"], 1100)
        assert entry["response"]["bodySize"] < 100


@test
def what_is_not_utf_8_is_still_json(folder):
    with Server() as server:
        (entry,) = entries(folder, server.url("/evil"))
        equal(entry["response"]["statusText"], "O\x1b[31mK")
        equal(value(entry["response"]["headers"], "X-Evil"), "a\x1b]0;owned\x07\ufffdb")
        equal(value(entry["response"]["headers"], "Set-Cookie"), 'q="\x01\\')


@test
def tls_has_its_share_of_connect(folder):
    certificate = make_certificate(folder)
    with Server(certificate) as server:
        (entry,) = entries(folder, server.url("/hello"), "--ca-file", certificate[0])
        assert entry["timings"]["ssl"] > 0
        assert entry["timings"]["connect"] >= entry["timings"]["ssl"]


@test
def an_http_error_is_an_entry(folder):
    with Server() as server:
        (entry,) = entries(folder, server.url("/status/404"), status=22)
        equal(entry["response"]["status"], 404)
        assert "_error" not in entry


@test
def a_request_without_connection_is_an_entry(folder):
    held, port = closed_port()
    (entry,) = entries(folder, "http://127.0.0.1:%d/" % port, status=7)
    equal(entry["response"]["status"], 0)
    equal(entry["response"]["httpVersion"], "")
    equal(entry["response"]["bodySize"], -1)
    contains(entry["_error"], "connect")
    held.close()


@test
def a_hop_that_fails_after_a_redirect_is_the_last_entry(folder):
    with Server() as server:
        hops = entries(folder, server.url("/loop"), status=47)
        equal({e["response"]["status"] for e in hops}, {302})
        contains(hops[-1]["_error"], "redirect")


@test
def a_timeout_and_a_cut_body_are_entries(folder):
    with Server() as server:
        (entry,) = entries(folder, server.url("/hang"), "-t", "0.2", status=28)
        equal(entry["response"]["status"], 0)
        assert entry["timings"]["wait"] > 0, entry["timings"]
        server.files["file"] = File(b"x" * 1000)
        server.files["file"].cut_after = 10
        (entry,) = entries(folder, server.url("/file"), status=18)
        equal(entry["response"]["status"], 200)
        equal(entry["response"]["bodySize"], 10)


@test
def both_attempts_are_entries_when_a_partial_file_was_of_no_use(folder):
    with Server() as server:
        f = server.files["file"] = File(b"x" * 1000)
        f.cut_after = 10
        path = os.path.join(folder, "out")
        equal(get(server.url("/file"), "-o", path).status, 18)
        f.cut_after, f.refuses_range = None, "bytes */5"
        hops = entries(folder, server.url("/file"), "-o", path)
        equal([e["response"]["status"] for e in hops], [416, 200])


if __name__ == "__main__":
    main()
