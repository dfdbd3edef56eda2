#!/usr/bin/env python3
"""test_stores.py - `tinet cookies` and `tinet cache`."""

import json
import os
import stat
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from cli import TINET, clean_env, contains, equal, main, test

LINES = (
    "# Netscape HTTP Cookie File\n"
    ".example.org\tTRUE\t/\tTRUE\t4000000000\tsid\tsecret\n"
    "#HttpOnly_example.com\tFALSE\t/a\tFALSE\t4000000000\ts\t1\n"
)


def run(folder, *words, text=None):
    env = clean_env(XDG_DATA_HOME=folder + "/data", XDG_CACHE_HOME=folder + "/cache")
    done = subprocess.run(
        [TINET, *words], input=text, cwd=folder, env=env, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, timeout=60, check=False,
    )
    return done.returncode, done.stdout, done.stderr


def filled(folder, *store):
    equal(run(folder, "cookies", "import", "-", *store, text=LINES), (0, "2 imported\n", ""))


@test
def cookies_are_listed_without_their_values(folder):
    filled(folder, "--app", "demo")
    status, out, _ = run(folder, "cookies", "list", "--app", "demo")
    equal(status, 0)
    lines = out.splitlines()
    equal(len(lines), 3)
    contains(out, ".example.org")
    contains(out, "-H  /a")
    assert "secret" not in out and "=1" not in out, out
    assert all(len(line) <= 80 for line in lines), out
    contains(run(folder, "cookies", "list", "--app", "demo", "--values")[1], "sid=secret")
    status, out, _ = run(folder, "cookies", "list", "--app", "demo", "--json")
    equal(sorted(c["name"] for c in json.loads(out)), ["s", "sid"])
    assert "secret" not in out, out


@test
def each_store_is_one_file(folder):
    filled(folder, "--app", "demo")
    filled(folder, "--system")
    filled(folder, "--file", folder + "/own.sqlite")
    for path in ("data/tinet/demo/cookies.sqlite", "data/tinet/system-cookies.sqlite", "own.sqlite"):
        mode = os.stat(os.path.join(folder, path)).st_mode
        equal(stat.S_IMODE(mode), 0o600)
    os.makedirs(folder + "/project")
    with open(folder + "/project/tiapp.xml", "w", encoding="utf-8") as f:
        f.write("<ti:app xmlns:ti='http://ti.appcelerator.org'><id>demo</id><name>D</name></ti:app>")
    equal(len(run(folder, "cookies", "list", "--project", "project")[1].splitlines()), 3)
    equal(run(folder, "cookies", "list", "--app", "nobody"), (0, "", ""))
    assert not os.path.exists(folder + "/data/tinet/nobody"), "looking makes nothing"


@test
def looking_at_a_large_store_evicts_nothing(folder):
    text = "".join("example.com\tFALSE\t/\tFALSE\t4000000000\tn%d\t1\n" % n for n in range(3100))
    equal(run(folder, "cookies", "import", "-", "--file", "own", text=text), (0, "3100 imported\n", ""))
    for _ in range(2):
        equal(len(run(folder, "cookies", "list", "--file", "own")[1].splitlines()), 3101)


@test
def clearing_takes_what_was_named(folder):
    filled(folder, "--app", "demo")
    equal(run(folder, "cookies", "clear", "--app", "demo", "--domain", "www.example.org")[1], "1 removed\n")
    equal(len(run(folder, "cookies", "list", "--app", "demo")[1].splitlines()), 2)
    equal(run(folder, "cookies", "clear", "--app", "demo", "--name", "other")[1], "0 removed\n")
    equal(run(folder, "cookies", "clear", "--app", "demo")[1], "1 removed\n")
    equal(run(folder, "cookies", "list", "--app", "demo")[1], "")


@test
def what_is_exported_can_be_imported(folder):
    filled(folder, "--app", "demo")
    for name in ("netscape", "json"):
        path = os.path.join(folder, name)
        with open(path, "w", encoding="utf-8") as f:  # one that others could read
            f.write("x" * 5000)
        equal(run(folder, "cookies", "export", path, "--app", "demo", "--format", name), (0, "", ""))
        equal(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        equal(run(folder, "cookies", "import", path, "--app", name)[1], "2 imported\n")
        contains(run(folder, "cookies", "list", "--app", name, "--values")[1], "sid=secret")


class Site(BaseHTTPRequestHandler):
    """Sets two cookies, and answers with those it got."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Set-Cookie", "kept=1; Max-Age=1000; Path=/; HttpOnly")
        self.send_header("Set-Cookie", "odd=a b=\"c\"; Max-Age=1000; Path=/")
        self.end_headers()
        self.wfile.write((self.headers["Cookie"] or "none").encode())

    def log_message(self, *_):
        pass


@test
def curl_reads_and_writes_the_same_files(folder):
    server = HTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = "http://127.0.0.1:%d/" % server.server_port

    def curl(*words):
        done = subprocess.run(["curl", "-sS", "--noproxy", "*", *words, url], cwd=folder, stdout=subprocess.PIPE, text=True, timeout=60, check=True)
        return done.stdout

    try:
        equal(curl("-c", "curl.txt"), "none")
        equal(run(folder, "cookies", "import", "curl.txt", "--app", "demo"), (0, "2 imported\n", ""))
        equal(run(folder, "cookies", "export", "ours.txt", "--app", "demo")[0], 0)
        equal(sorted(curl("-b", "ours.txt").split("; ")), ["kept=1", 'odd=a b="c"'])
    finally:
        server.shutdown()
        server.server_close()


@test
def the_name_of_a_file_says_its_format(folder):
    filled(folder, "--app", "demo")
    equal(run(folder, "cookies", "export", "all.json", "--app", "demo")[0], 0)
    with open(folder + "/all.json", encoding="utf-8") as f:
        equal(sorted(c["value"] for c in json.load(f)), ["1", "secret"])
    equal(run(folder, "cookies", "export", "one.txt", "--app", "demo", "--name", "s")[0], 0)
    with open(folder + "/one.txt", encoding="utf-8") as f:
        equal(f.read().splitlines()[1:], ["#HttpOnly_example.com\tFALSE\t/a\tFALSE\t%d\ts\t1" % expiry_of(folder)])


def expiry_of(folder):
    """An import ends 400 days ahead."""
    out = run(folder, "cookies", "list", "--app", "demo", "--json", "--name", "s")[1]
    (cookie,) = json.loads(out)
    return -int(-cookie["expires"] // 1)


@test
def names_are_for_lists_of_every_form(folder):
    filled(folder, "--app", "demo")
    equal(len(json.loads(run(folder, "cookies", "list", "--app", "demo", "--json", "--name", "sid")[1])), 1)
    equal(run(folder, "cookies", "list", "--app", "demo", "--name", "other"), (0, "", ""))
    equal(run(folder, "cookies", "clear", "--app", "demo", "--name", "sid")[1], "1 removed\n")


@test
def session_cookies_of_a_file_are_said_to_be_left_out(folder):
    text = LINES + "example.com\tFALSE\t/\tFALSE\t0\tshort\t1\n"
    status, out, err = run(folder, "cookies", "import", "-", "--app", "demo", text=text)
    equal((status, out), (0, "2 imported\n"))
    contains(err, "1 without an expiry was left out")
    equal(len(run(folder, "cookies", "list", "--app", "demo")[1].splitlines()), 3)


@test
def what_was_cleared_is_gone_from_the_disk(folder):
    filled(folder, "--app", "demo")
    equal(run(folder, "cookies", "clear", "--app", "demo")[1], "2 removed\n")
    for name in os.listdir(folder + "/data/tinet/demo"):
        with open(folder + "/data/tinet/demo/" + name, "rb") as f:
            assert b"secret" not in f.read(), name


@test
def export_shows_secrets_only_when_asked(folder):
    filled(folder, "--app", "demo")
    status, out, err = run(folder, "cookies", "export", "--app", "demo")
    equal((status, out), (2, ""))
    contains(err, "--values")


@test
def a_bad_file_changes_nothing_and_says_where(folder):
    filled(folder, "--app", "demo")
    status, out, err = run(folder, "cookies", "import", "-", "--app", "demo", text=LINES + "broken\n")
    assert status not in (0, 2) and out == "", (status, out)
    contains(err, "line 4")
    status, _, err = run(folder, "cookies", "import", "-", "--app", "demo", text='[{"name": 5}]')
    assert status != 0, err
    contains(err, "name")
    equal(len(run(folder, "cookies", "list", "--app", "demo")[1].splitlines()), 3)
    equal(run(folder, "cookies", "import", "missing", "--app", "demo")[0], 26)


@test
def control_characters_do_not_reach_the_terminal(folder):
    text = json.dumps([{"name": "a", "value": "1", "domain": "example.org", "path": "/\u009b31m", "expires": 4000000000}])
    status, _, err = run(folder, "cookies", "import", "-", "--app", "demo", text="\ufeff" + text)
    equal((status, err), (0, ""))
    out = run(folder, "cookies", "list", "--app", "demo")[1]
    assert "\x9b" not in out, repr(out)


@test
def wrong_words_are_explained(folder):
    for words, part in (
        (["cookies"], "list, clear, import or export"),
        (["cookies", "lst"], "'lst' is not"),
        (["cookies", "list", "--app", "a", "--system"], "one store"),
        (["cookies", "import"], "needs a FILE"),
        (["cookies", "import", "-", "--format", "xml", "--app", "a"], "not 'xml'"),
        (["cache"], "info or clear"),
        (["cache", "info", "--ap", "x"], "did you mean --app"),
    ):
        status, _, err = run(folder, *words, text="")
        equal(status, 2)
        contains(err, part)
    contains(run(folder, "cookies", "list")[2], "--app")


@test
def a_cache_says_how_full_it_is(folder):
    equal(run(folder, "cache", "info", "--app", "demo")[1].splitlines()[1], "0 responses, 0 B of 20.0 MiB")
    equal(json.loads(run(folder, "cache", "info", "--app", "demo", "--json")[1]), {"entries": 0, "bytes": 0, "maxBytes": 20971520})
    equal(run(folder, "cache", "clear", "--app", "demo")[1], "the cache is empty\n")
    assert not os.path.exists(folder + "/cache/tinet/demo"), "looking makes nothing"


@test
def help_names_every_option(folder):
    for command in ("cookies", "cache"):
        out = run(folder, command, "--help")[1]
        for option in ("--app", "--project", "--json"):
            contains(out, option)
        assert all(len(line) <= 80 for line in out.splitlines()), out


if __name__ == "__main__":
    main()
