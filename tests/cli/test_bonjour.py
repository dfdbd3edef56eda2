#!/usr/bin/env python3
"""test_bonjour.py - `tinet bonjour`: one machine publishes, another finds it, in
two network namespaces without any daemon."""

import json
import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bonjour"))
from cli import TINET, clean_env, contains, equal, main, test

A, B = "tinetcb%da" % os.getpid(), "tinetcb%db" % os.getpid()


def ip(*args):
    subprocess.run(["ip", *args], check=True)


def make_machines():
    for name in (A, B):
        ip("netns", "add", name)
        ip("-n", name, "link", "set", "lo", "up")
    ip("link", "add", "v0", "netns", A, "type", "veth", "peer", "name", "v0", "netns", B)
    for name, address in ((A, "10.98.0.1/24"), (B, "10.98.0.2/24")):
        ip("-n", name, "addr", "add", address, "dev", "v0")
        ip("-n", name, "link", "set", "v0", "up")


def start(machine, *args):
    return subprocess.Popen(
        ["ip", "netns", "exec", machine, TINET, "bonjour", *args, "--backend", "embedded"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=clean_env(),
    )


def run(machine, *args):
    process = start(machine, *args)
    out = process.communicate(timeout=60)[0]
    return process.returncode, out


class Published:
    def __init__(self, *args):
        self.process = start(A, "publish", *args)
        self.line = self.process.stdout.readline()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        self.status = self.process.wait(20)
        self.process.stdout.close()


@test
def what_one_publishes_the_other_finds(_folder):
    with Published("A chat", "_chat._tcp", "4242", "--txt", "color=blue", "--txt", "flag", "--subtype", "_room") as published:
        equal(published.line, "published as A chat\n")
        status, out = run(B, "browse", "_chat._tcp")
        equal((status, out), (0, "+ A chat  _chat._tcp.  local.\n"))
        status, out = run(B, "browse", "_chat._tcp", "--resolve", "--json")
        equal(status, 0)
        added, resolved = map(json.loads, out.splitlines())
        equal(added, {"event": "added", "name": "A chat", "type": "_chat._tcp.", "domain": "local."})
        equal((resolved["port"], resolved["txt"]), (4242, ["color=blue", "flag"]))
        assert any("10.98.0.1" in address for address in resolved["addresses"]), resolved
        equal(run(B, "browse", "_chat._tcp", "--subtype", "_room"), (0, "+ A chat  _chat._tcp.  local.\n"))
        equal(run(B, "browse", "_chat._tcp", "--subtype", "_other"), (0, ""))
        contains(run(B, "types")[1], "_chat._tcp.")
        status, out = run(B, "resolve", "A chat", "_chat._tcp")
        equal(status, 0)
        contains(out, "4242")
        contains(out, "10.98.0.1")
        contains(out, "txt color=blue")
    equal(published.status, 128 + signal.SIGINT)


@test
def a_watcher_sees_it_come_and_go(_folder):
    watcher = start(B, "browse", "_watch._tcp", "--watch")
    with Published("Guest", "_watch._tcp", "1"):
        equal(watcher.stdout.readline(), "+ Guest  _watch._tcp.  local.\n")
    equal(watcher.stdout.readline(), "- Guest  _watch._tcp.  local.\n")
    watcher.send_signal(signal.SIGTERM)
    equal(watcher.wait(20), 128 + signal.SIGTERM)
    watcher.stdout.close()


@test
def a_name_that_is_taken_gets_a_number_or_an_error(_folder):
    with Published("Same", "_same._tcp", "1"):
        second = start(B, "publish", "Same", "_same._tcp", "2")
        equal(second.stdout.readline(), "published as Same (2)\n")
        second.send_signal(signal.SIGINT)
        second.wait(20)
        second.stdout.close()
        status, out = run(B, "publish", "Same", "_same._tcp", "2", "--no-rename")
        assert status not in (0, 2), status
        contains(out, "NameCollisionError, -72001")


@test
def names_of_strangers_reach_no_terminal(_folder):
    with Published("red \x1b[31m\x07", "_evil._tcp", "1", "--txt", "k=\x1b]0;x\x07"):
        status, out = run(B, "browse", "_evil._tcp", "--resolve")
        equal(status, 0)
        assert "\x1b" not in out and "\x07" not in out
        contains(out, "red \\x1b[31m\\x07")


@test
def what_is_not_there_times_out(_folder):
    status, out = run(B, "resolve", "Nobody", "_chat._tcp", "--timeout", "0.5")
    equal(status, 28)
    contains(out, "TimeoutError, -72007")


@test
def usage(_folder):
    for args, part in [
        (["browse"], "say a TYPE"),
        (["browse", "http"], "BadArgumentError"),
        (["browse", "_a._tcp", "b"], "one word too many"),
        (["publish", "a", "_a._tcp"], "say NAME, TYPE and PORT"),
        (["publish", "a", "_a._tcp", "0"], "no port"),
        (["publish", "a", "_a._tcp", "1", "--txt", "=x"], "BadArgumentError"),
        (["publish", "x" * 64, "_a._tcp", "1"], "BadArgumentError"),
        (["resolve", "a"], "say NAME and TYPE"),
        (["browse", "_a._tcp", "--timeout", "x"], "no number of seconds"),
    ]:
        status, out = run(B, *args)
        equal(status, 2)
        contains(out, part)
    for args in (["brwse"], ["types", "--backend", "mine"]):
        done = subprocess.run([TINET, "bonjour", *args], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        equal(done.returncode, 2)


make_machines()
try:
    main()
finally:
    for machine in (A, B):
        ip("netns", "del", machine)
