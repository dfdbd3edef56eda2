#!/usr/bin/env python3
"""test_get_terminal.py - `tinet get` on a terminal: the bar, and what is not
printed."""

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios

from cli import *  # noqa: F403

DATA = bytes(range(256)) * 4 * 1024 * 20


def on_terminal(args, columns, stdout=None, send=None, **env):
    """(exit status, what the terminal got).  `send(process)` is called when the
    first output has come."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen(
        [TINET, "get", *args],
        stdin=slave,
        stdout=slave if stdout is None else stdout,
        stderr=slave,
        env=clean_env(**env),
    )
    os.close(slave)
    seen = b""
    while True:
        try:
            block = os.read(master, 65536)
        except OSError:  # the other end is closed
            break
        if not block:
            break
        seen += block
        if send:
            send(process)
            send = None
    os.close(master)
    return process.wait(TIMEOUT), seen.decode()


def drawn(seen):
    """The lines that stood there one after the other."""
    return [line for line in re.split(r"[\r\n]+", seen) if line.strip()]


def bar_at(folder, columns, want, **env):
    path = os.path.join(folder, "out")
    with Server() as server:
        server.files["file"] = File(DATA)
        status, seen = on_terminal([server.url("/file"), "-o", path], columns, **env)
        equal(status, 0)
        equal(read(path), DATA)
    lines = drawn(seen)
    assert lines, repr(seen)
    limit = (columns or int(env.get("COLUMNS", 80))) - 1
    for line in lines:
        assert len(line) <= limit, "%d columns: %r" % (len(line), line)
    assert re.fullmatch(want, lines[-1].rstrip()), repr(lines[-1])
    assert seen.endswith("\r\n"), repr(seen[-20:])
    return lines


@test
def a_bar_in_80_columns(folder):
    lines = bar_at(folder, 80, r"100% \[=+\]  20\.0 of 20\.0 MiB +[\d.]+ [KMG]iB/s  in \d:\d\d")
    assert len(lines[-1].rstrip()) >= 70


@test
def a_bar_in_40_columns(folder):
    bar_at(folder, 40, r"100% \[={3,}\].*  in \d:\d\d")


@test
def a_bar_in_200_columns(folder):
    lines = bar_at(folder, 200, r"100% \[={120,}\]  20\.0 of 20\.0 MiB .*in \d:\d\d")
    assert len(lines[-1].rstrip()) >= 190


@test
def a_bar_in_12_columns(folder):
    bar_at(folder, 12, r"100%( \[=+\])?")


@test
def columns_count_when_the_terminal_does_not_say(folder):
    lines = bar_at(folder, 0, r"100% \[=+\].*", COLUMNS="60")
    assert 50 <= len(lines[-1].rstrip()) <= 59, lines[-1]


@test
def without_a_length_there_is_no_bar_but_a_count(folder):
    path = os.path.join(folder, "out")
    with Server() as server:
        status, seen = on_terminal(
            [server.url("/endless"), "-o", path, "-m", "0.5"], 80
        )
        equal(status, 28)
        contains(seen, "iB/s")
        assert "%" not in seen and "[" not in seen, repr(seen)


@test
def it_begins_where_a_partial_file_ended(folder):
    path = os.path.join(folder, "out")
    with Server() as server:
        f = server.files["file"] = File(DATA)
        f.cut_after = len(DATA) // 2
        equal(get(server.url("/file"), "-o", path).status, 18)
        f.cut_after, f.stall_after = None, len(DATA) // 4
        status, seen = on_terminal(
            [server.url("/file"), "-o", path],
            80,
            send=lambda process: server.has_stalled.wait(TIMEOUT)
            and process.send_signal(signal.SIGINT),
        )
        equal(status, 130)
        percents = [int(p) for p in re.findall(r"(\d+)%", seen)]
        assert percents and percents[0] >= 50 and percents[-1] <= 75, percents
        assert percents == sorted(percents), percents


@test
def quiet_shows_no_bar(folder):
    path = os.path.join(folder, "out")
    with Server() as server:
        server.files["file"] = File(DATA)
        status, seen = on_terminal([server.url("/file"), "-o", path, "-q"], 80)
        equal((status, seen), (0, ""))


@test
def in_a_pipe_there_is_no_bar(folder):
    path = os.path.join(folder, "out")
    with Server() as server:
        server.files["file"] = File(DATA)
        done = succeeds(server.url("/file"), "-o", path)
        equal((done.out, done.err), ("", ""))


@test
def standard_output_that_is_a_pipe_has_no_bar(_folder):
    with Server() as server:
        server.files["file"] = File(b"x" * 1000)
        read_end, write_end = os.pipe()
        status, seen = on_terminal([server.url("/file")], 80, stdout=write_end)
        os.close(write_end)
        equal((status, seen), (0, ""))
        equal(os.read(read_end, 2000), b"x" * 1000)
        os.close(read_end)


@test
def text_is_printed_on_a_terminal(_folder):
    with Server() as server:
        equal(on_terminal([server.url("/hello")], 80), (0, "hello\r\n"))


@test
def what_is_not_text_is_not(_folder):
    with Server() as server:
        status, seen = on_terminal([server.url("/binary")], 80)
        equal(status, 23)
        contains(seen, "-o FILE")
        assert "\0" not in seen
        status, seen = on_terminal([server.url("/binary"), "-o", "-"], 80)
        equal((status, seen), (0, "a\0b"))


@test
def a_hop_does_not_stand_in_the_bar(folder):
    path = os.path.join(folder, "out")
    with Server() as server:
        server.files["file"] = File(DATA)
        _status, seen = on_terminal([server.url("/file"), "-o", path, "-v"], 80)
        hop = [line for line in re.split(r"[\r\n]+", seen) if "GET " in line]
        equal(len(hop), 1)
        assert hop[0].startswith("GET "), hop


if __name__ == "__main__":
    main()
