#!/usr/bin/env python3
"""test_get.py - `tinet get`: every option, every exit status."""

import os
import re
import subprocess

from cli import *  # noqa: F403


@test
def the_body_goes_to_standard_output(_folder):
    with Server() as server:
        done = succeeds(server.url("/hello"))
        equal(done.out, "hello\n")
        equal(done.err, "")
        equal(server.requests[0].method, "GET")


@test
def header_adds_removes_and_empties(_folder):
    with Server() as server:
        succeeds(
            server.url("/hello"), "--header", "X-One: 1", "-H", "User-Agent:",
            "--header=X-Empty;", "-HAccept: text/html",
        )  # fmt: skip
        headers = server.requests[0].headers
        equal(headers["X-One"], "1")
        equal(headers["User-Agent"], None)
        equal(headers["X-Empty"], "")
        equal(headers["Accept"], "text/html")


@test
def data_is_posted_as_a_form(_folder):
    with Server() as server:
        succeeds(server.url("/hello"), "--data", "a=1&b=2")
        request = server.requests[0]
        equal((request.method, request.body), ("POST", b"a=1&b=2"))
        contains(request.headers["Content-Type"], "application/x-www-form-urlencoded")


@test
def data_comes_from_a_file_or_standard_input(folder):
    content = bytes(range(256)) * 1000
    path = write(folder, "data", content)
    with Server() as server:
        succeeds(server.url("/hello"), "-d", "@" + path, "-H", "Content-Type: a/b")
        succeeds(server.url("/hello"), "-d", "@-", stdin=content)
        equal(server.requests[0].body, content)
        equal(server.requests[0].headers["Content-Type"], "a/b")
        equal(server.requests[1].body, content)
        equal(server.requests[1].headers["Content-Length"], str(len(content)))


@test
def json_has_its_type_and_asks_for_json(folder):
    path = write(folder, "data", b'{"b": 2}')
    with Server() as server:
        succeeds(server.url("/hello"), "--json", '{"a": 1}')
        succeeds(server.url("/hello"), "--json", "@" + path, "-H", "Accept: a/b")
        request = server.requests[0]
        equal(request.body, b'{"a": 1}')
        contains(request.headers["Content-Type"], "application/json")
        equal(request.headers["Accept"], "application/json")
        equal(server.requests[1].body, b'{"b": 2}')
        equal(server.requests[1].headers["Accept"], "a/b")


@test
def a_form_without_files_is_urlencoded(_folder):
    with Server() as server:
        succeeds(server.url("/hello"), "--form", "a=1 2", "--form", "b=x&y")
        request = server.requests[0]
        contains(request.headers["Content-Type"], "application/x-www-form-urlencoded")
        equal(request.body, b"a=1+2&b=x%26y")


@test
def a_form_with_a_file_is_multipart(folder):
    path = write(folder, "note.txt", b"the content")
    with Server() as server:
        succeeds(
            server.url("/hello"), "-F", "k=v", "-F", "f=@" + path,
            "-F", "g=@%s;type=a/b;filename=other" % path,
        )  # fmt: skip
        request = server.requests[0]
        contains(request.headers["Content-Type"], "multipart/form-data")
        equal(request.body.count(b"the content"), 2)
        contains(request.body, b'filename="note.txt"')
        contains(request.body, b'filename="other"')
        contains(request.body, b"Content-Type: a/b")


@test
def the_fields_of_a_get_form_are_its_query(_folder):
    with Server() as server:
        succeeds(server.url("/hello"), "-X", "GET", "-F", "a=1")
        equal(server.requests[0].path, "/hello?a=1")


@test
def method_is_sent_as_given(_folder):
    with Server() as server:
        succeeds(server.url("/hello"), "--method", "PUT", "-d", "x")
        succeeds(server.url("/hello"), "--method", "HEAD")
        equal([r.method for r in server.requests], ["PUT", "HEAD"])


@test
def include_prints_status_and_header_fields(_folder):
    with Server() as server:
        done = succeeds(server.url("/hello"), "--include")
        assert done.out.startswith("HTTP/1.1 200 OK\n"), done.out
        contains(done.out, "\nContent-Type: text/plain\n")
        assert done.out.endswith("\n\nhello\n"), done.out


@test
def include_with_a_file_leaves_the_body_alone(folder):
    path = os.path.join(folder, "out")
    with Server() as server:
        done = succeeds(server.url("/hello"), "-i", "-o", path)
        contains(done.out, "Content-Type: text/plain")
        equal(read(path), b"hello\n")


@test
def verbose_is_one_line_a_hop(_folder):
    with Server() as server:
        done = succeeds(server.url("/redirect/2"), "--verbose")
        lines = done.err.splitlines()
        equal(len(lines), 3)
        times = r"( name [\d.]+)?( connect [\d.]+)?( first byte [\d.]+) total [\d.]+ ms"
        for line, path, status in zip(
            lines, ["/redirect/2", "/redirect/1", "/hello?a=1&b=c%20d"], ["302 Found"] * 2 + ["200 OK"]
        ):
            want = "GET %s -> %s  HTTP/1.1  127.0.0.1:%d" % (
                server.url(path), status, server.server_port,
            )  # fmt: skip
            assert re.fullmatch(re.escape(want) + r"( \(again\))? " + times, line), line
        contains(lines[0], " name ")
        contains(lines[1], "(again)")


@test
def verbose_twice_shows_header_fields(_folder):
    with Server() as server:
        done = succeeds(server.url("/hello"), "-vv", "-H", "X-One: 1")
        contains(done.err, "\n> X-One: 1\n")
        contains(done.err, "\n< Content-Type: text/plain\n")


@test
def verbose_hides_credentials(_folder):
    with Server() as server:
        url = server.url("/hello").replace("//", "//me:topsecret@")
        done = succeeds(url, "-vv", "-H", "Authorization: Bearer topsecret", "-H", "proxy-authorization: topsecret")
        contains(done.err, "\n> Authorization: Bearer (hidden)\n")
        contains(done.err.lower(), "\n> proxy-authorization: (hidden)\n")
        assert "topsecret" not in done.err, done.err


@test
def verbose_names_tls_version_and_cipher(folder):
    certificate = make_certificate(folder)
    with Server(certificate) as server:
        done = succeeds(server.url("/hello"), "-v", "--ca-file", certificate[0])
        assert re.search(r"  TLSv1\.[23] \w+  127", done.err), done.err
        assert re.search(r" connect [\d.]+ tls [\d.]+ first byte ", done.err), done.err


@test
def the_secrets_of_tls_are_written_if_that_is_asked_for(folder):
    certificate = make_certificate(folder)
    asked, env = os.path.join(folder, "asked"), os.path.join(folder, "env")
    with Server(certificate) as server:
        for words in ((), ("--tls-keys", asked)):
            done = get(server.url("/hello"), "--ca-file", certificate[0], *words, SSLKEYLOGFILE=env)
            equal(done.status, 0)
    contains(read(asked).decode(), "CLIENT_")
    assert not os.path.exists(env) or read(env) == b""


@test
def verbose_says_why_a_hop_failed(_folder):
    held, port = closed_port()
    done = get("http://127.0.0.1:%d/" % port, "-v")
    contains(done.err, "-> could not connect")
    held.close()


@test
def control_characters_of_a_server_are_shown_not_sent(_folder):
    with Server() as server:
        done = succeeds(server.url("/evil"), "-i", "-vv")
        for text in (done.out, done.err):
            assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", text), repr(text)
        contains(done.out, r"200 O\x1b[31mK")
        contains(done.out, r"X-Evil: a\x1b]0;owned\x07\xffb")


@test
def quiet_says_nothing_of_an_http_error(_folder):
    with Server() as server:
        done = get(server.url("/status/404"), "--quiet")
        equal((done.status, done.err), (22, ""))


@test
def redirects_can_be_left_alone(_folder):
    with Server() as server:
        done = succeeds(server.url("/redirect/1"), "--no-redirect")
        equal(done.out, "moved")
        equal(len(server.requests), 1)


@test
def http_1_can_be_demanded(folder):
    certificate = make_certificate(folder)
    with Server(certificate) as server:
        done = succeeds(
            server.url("/hello"), "--http1.1", "-v", "--ca-file", certificate[0]
        )
        contains(done.err, "HTTP/1.1")


@test
def insecure_accepts_and_warns(folder):
    certificate = make_certificate(folder)
    with Server(certificate) as server:
        done = succeeds(server.url("/hello"), "--insecure")
        equal(done.out, "hello\n")
        contains(done.err, "warning")
        equal(succeeds(server.url("/hello"), "-k", "-q").err, "")


@test
def proxy_of_the_option_and_of_the_environment(_folder):
    with Server() as proxy:
        url = "http://nowhere.invalid/hello"
        succeeds(url, "--proxy", proxy.url(""))
        equal(proxy.requests[0].path, url)
        succeeds(url, http_proxy=proxy.url(""))
        equal(proxy.requests[1].path, url)
        with Server() as server:
            succeeds(server.url("/hello"), "--proxy", "", http_proxy=proxy.url(""))
            equal(len(server.requests), 1)


@test
def standard_output_by_name(_folder):
    with Server() as server:
        equal(succeeds(server.url("/binary"), "-o", "-").raw, b"a\0b")


@test
def a_device_is_written_directly(folder):
    with Server() as server:
        succeeds(server.url("/hello"), "-o", "/dev/null", cwd=folder)
        equal(os.listdir(folder), [])
        assert not os.path.exists("/dev/null.part")


@test
def a_file_is_asked_for_as_it_is(folder):
    with Server() as server:
        succeeds(server.url("/hello"), "-o", os.path.join(folder, "a"))
        succeeds(server.url("/hello"))
        equal(server.requests[0].headers["Accept-Encoding"], "identity")
        contains(server.requests[1].headers["Accept-Encoding"], "gzip")


@test
def a_coded_body_is_decoded(_folder):
    with Server() as server:
        equal(succeeds(server.url("/gzip")).out, "plain text " * 100)


@test
def status_0_is_below_400(_folder):
    with Server() as server:
        for status in (200, 204, 304):
            equal(get(server.url("/status/%d" % status)).status, 0)


@test
def status_22_is_an_http_error_with_its_body(_folder):
    with Server() as server:
        for status in (400, 404, 500, 599):
            done = get(server.url("/status/%d" % status))
            equal(done.status, 22)
            equal(done.out, "the body of %d\n" % status)
            contains(done.err, "tinet: HTTP %d" % status)


@test
def the_body_of_an_error_does_not_become_the_file(folder):
    path = write(folder, "out", b"precious")
    with Server() as server:
        equal(get(server.url("/status/404"), "-o", path).status, 22)
    equal(read(path), b"precious")
    equal(os.listdir(folder), ["out"])


@test
def status_2_is_a_wrong_command_line(folder):
    wrong = [
        [],
        ["http://a/", "http://b/"],
        ["--nonsense", "http://a/"],
        ["-Z", "http://a/"],
        ["http://a/", "-o"],
        ["http://a/", "-o", ""],
        ["http://a/", "--include=yes"],
        ["http://a/", "--timeout", "soon"],
        ["http://a/", "--timeout", "-1"],
        ["http://a/", "--max-time", "nan"],
        ["http://a/", "--header", "nonsense"],
        ["http://a/", "--header", "a b: c"],
        ["http://a/", "--header", "a: b\r\nc: d"],
        ["http://a/", "--form", "nonsense"],
        ["http://a/", "--data", "a", "--json", "b"],
        ["http://a/", "--data", "a", "--data", "b"],
        ["http://a/", "--method", "A B"],
        ["http://a/", "--proxy", "ftp://b/"],
        [""],
    ]
    for args in wrong:
        done = get(*args, cwd=folder)
        assert done.status == 2, "%r: %d %s" % (args, done.status, done.err)
        assert done.err.startswith("tinet: "), done.err


@test
def an_unknown_option_is_answered_with_a_guess(_folder):
    contains(get("--ouptut", "x", "http://a/").err, "did you mean --output?")
    contains(get("--inlcude", "http://a/").err, "did you mean --include?")
    assert "did you mean" not in get("--zzz", "http://a/").err


@test
def status_1_is_another_scheme(_folder):
    equal(get("ftp://localhost/").status, 1)


@test
def status_3_is_a_malformed_url(_folder):
    for url in ("http://", "http://[::1/", "http://a:99999/"):
        done = get(url)
        assert done.status == 3, "%s: %d %s" % (url, done.status, done.err)


@test
def status_6_is_an_unknown_name(_folder):
    done = get("http://nowhere.invalid/", RES_OPTIONS="attempts:1 timeout:1")
    equal(done.status, 6)
    contains(done.err, "nowhere.invalid")


@test
def status_7_is_no_connection(_folder):
    held, port = closed_port()
    done = get("http://127.0.0.1:%d/" % port)
    equal(done.status, 7)
    contains(done.err, "127.0.0.1:%d" % port)
    held.close()


@test
def status_8_is_a_broken_protocol(_folder):
    with Server() as server:
        equal(get(server.url("/garbage")).status, 8)


@test
def status_18_is_a_body_that_ended_too_early(_folder):
    with Server() as server:
        server.files["file"] = File(b"x" * 1000)
        server.files["file"].cut_after = 10
        equal(get(server.url("/file")).status, 18)


@test
def status_23_is_output_that_cannot_be_written(folder):
    with Server() as server:
        target = os.path.join(folder, "missing", "out")
        done = get(server.url("/hello"), "-o", target)
        equal(done.status, 23)
        contains(done.err, "No such file or directory")
        equal(server.requests, [])
        equal(get(server.url("/hello"), "-o", folder).status, 23)
        equal(get(server.url("/hello"), "-o", "/dev/full").status, 23)
        done = get(server.url("/hello"), "--har", os.path.join(folder, "no", "h"))
        equal(done.status, 23)
    equal(os.listdir(folder), [])


@test
def status_23_when_the_reader_of_the_pipe_has_gone(_folder):
    with Server() as server:
        server.files["file"] = File(b"x" * 8_000_000)
        command = [TINET, "get", server.url("/file")]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=clean_env()
        )
        process.stdout.read(10)
        process.stdout.close()
        err = process.stderr.read()
        equal(process.wait(TIMEOUT), 23)
        equal(err, b"")
        process.stderr.close()


@test
def status_26_is_a_file_to_send_that_is_not_there(folder):
    missing = os.path.join(folder, "missing")
    for args in (["-d", "@" + missing], ["--json", "@" + missing], ["-F", "a=@" + missing]):
        done = get("http://127.0.0.1:1/", *args)
        equal(done.status, 26)
        contains(done.err, missing)


@test
def status_28_is_a_timeout(_folder):
    with Server() as server:
        equal(get(server.url("/hang"), "--timeout", "0.2").status, 28)


@test
def status_28_is_no_timeout_while_bytes_come(_folder):
    with Server() as server:
        done = get(server.url("/trickle"), "-t", "20", "--max-time", "0.4")
        equal(done.status, 28)
        assert done.out.startswith("."), done.out


@test
def status_35_is_a_failed_handshake(_folder):
    with Server() as server:
        equal(get(server.url("/hello").replace("http:", "https:")).status, 35)


@test
def status_47_is_a_redirect_loop(_folder):
    with Server() as server:
        equal(get(server.url("/loop")).status, 47)


@test
def status_56_is_a_lost_connection(_folder):
    with Server() as server:
        equal(get(server.url("/closed")).status, 56)


@test
def status_60_is_a_certificate_that_is_not_accepted(folder):
    certificate = make_certificate(folder)
    with Server(certificate) as server:
        equal(get(server.url("/hello")).status, 60)
        succeeds(server.url("/hello"), SSL_CERT_FILE=certificate[0])


@test
def status_61_is_a_coding_that_cannot_be_decoded(_folder):
    with Server() as server:
        equal(get(server.url("/badgzip")).status, 61)


@test
def status_63_is_a_bomb(folder):
    with Server() as server:
        equal(get(server.url("/bomb"), "-o", "/dev/null").status, 63)


@test
def status_97_is_a_proxy_that_failed(_folder):
    held, port = closed_port()
    proxy = "http://127.0.0.1:%d" % port
    equal(get("http://localhost/", "--proxy", proxy).status, 97)
    held.close()


@test
def the_help_names_every_status_of_the_manual(_folder):
    text = tinet("help", "get").out
    manual = read(os.path.join(ROOT, "docs", "cli.md")).decode().split("### Exit")[1].split("\n## ")[0]
    table = dict(re.findall(r"^\| (\d+) \| ([^|.]*)", manual, re.M))
    listed = dict(re.findall(r"^ +(\d+)  (.*)$", text, re.M))
    equal(sorted(listed), sorted(table))
    equal(tinet("get", "--help").out, text)


if __name__ == "__main__":
    main()
