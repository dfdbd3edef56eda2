#!/usr/bin/env python3
"""test_bonjour.py - `tinet bonjour`: one machine publishes, another finds it, in
two network namespaces without any daemon."""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

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
    with Published("c1 \u009b31m \x7f", "_evil._tcp", "1"):
        status, out = run(B, "browse", "_evil._tcp", "--json")
        equal((status, json.loads(out)["name"]), (0, "c1 \u009b31m \x7f"))
        assert out.strip().isascii() and out.strip().isprintable(), out


class Terminal:
    """What a person sees of a program: a screen that knows the few sequences
    that a table needs, and takes no others."""

    def __init__(self, columns, *args):
        self.master, slave = pty.openpty()
        self.columns, self.lines, self.row, self.column = columns, [""], 0, 0
        self.rest = b""
        self.resize(columns)
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", B, TINET, "bonjour", *args, "--backend", "embedded"],
            stdin=slave, stdout=slave, stderr=slave, env=clean_env(),
        )
        os.close(slave)

    def resize(self, columns):
        self.columns = columns
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("4H", 10, columns, 0, 0))

    def put(self, character):
        assert self.column < self.columns, ("too wide", self.lines)
        line = self.lines[self.row].ljust(self.column)
        self.lines[self.row] = line[: self.column] + character + line[self.column + 1 :]
        self.column += 1

    def sequence(self, number, final):
        if final == "A":
            self.row -= int(number)
            assert self.row >= 0
        elif final == "K":
            self.lines[self.row] = self.lines[self.row][: self.column]
        elif final == "H":
            self.row = self.column = 0
        elif final == "J":
            first = 0 if number == "2" else self.row
            self.lines[first:] = [""] * len(self.lines[first:])
        else:
            raise AssertionError("ESC [ %s %s" % (number, final))

    def feed(self, data):
        data = self.rest + data
        text = data.decode("utf-8", "ignore")
        self.rest = data[len(text.encode()):]
        for part in re.findall(r"\x1b\[[0-9]*[A-Z]|\x1b.?|.", text, re.DOTALL):
            found = re.fullmatch(r"\x1b\[([0-9]*)([A-Z])", part)
            if found:
                self.sequence(*found.groups())
            elif part == "\r":
                self.column = 0
            elif part == "\n":
                self.row += 1
                self.lines += [""] * (self.row + 1 - len(self.lines))
            else:
                assert part.isprintable(), ("control character", part)
                self.put(part)

    def shows(self, *lines):
        """Waits until these lines, or patterns of some, are all that is to be seen."""
        until = time.monotonic() + 30
        while time.monotonic() < until:
            seen = [line.rstrip() for line in self.lines if line.strip()]
            if len(seen) == len(lines) and all(
                want.fullmatch(line) if isinstance(want, re.Pattern) else want == line
                for want, line in zip(lines, seen)
            ):
                return
            if select.select([self.master], [], [], 0.2)[0]:
                try:
                    self.feed(os.read(self.master, 4096))
                except OSError:
                    break
        raise AssertionError(self.lines)

    def end(self, number=None):
        if number:
            self.process.send_signal(number)
        status = self.process.wait(30)
        os.close(self.master)
        return status


@test
def a_terminal_gets_a_table_that_lives(_folder):
    screen = Terminal(60, "browse", "_table._tcp", "--watch")
    with Published("first \x1b[31m\u202e", "_table._tcp", "1"):
        escaped = "first \\x1b[31m\\xe2\\x80\\xae"
        screen.shows("NAME                                 TYPE", "%-36s _table._tcp." % escaped, "1 service; interrupt to end")
        with Published("a name that is longer than its column is", "_table._tcp", "2"):
            long = "a name that is longer than its colu\u2026 _table._tcp."
            screen.shows("NAME                                 TYPE", long, "%-36s _table._tcp." % escaped, "2 services; interrupt to end")
        screen.shows("NAME                                 TYPE", "%-36s _table._tcp." % escaped, "1 service; interrupt to end")
        screen.resize(30)
        with Published("b", "_table._tcp", "2"):
            screen.shows("NAME", "b", "first \\x1b[31m\\xe2\\x80\\xae", "2 services; interrupt to end")
    screen.shows("NAME", "0 services; interrupt to end")
    equal(screen.end(signal.SIGINT), 128 + signal.SIGINT)


@test
def a_table_says_where_and_ends(_folder):
    with Published("Here", "_where._tcp", "4242", "--txt", "a=b"):
        screen = Terminal(100, "browse", "_where._tcp", "--resolve")
        where = re.compile(r"Here {33}[\w-]+\.local\. 4242  10\.98\.0\.1  a=b")
        screen.shows("NAME                                 WHERE", where, "1 service")
        equal(screen.end(), 0)
        screen = Terminal(100, "types")
        screen.shows("TYPE", "_where._tcp.", "1 type")
        equal(screen.end(), 0)


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
