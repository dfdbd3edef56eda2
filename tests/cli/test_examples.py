#!/usr/bin/env python3
"""test_examples.py - the examples with sockets: two programs each."""

import os
import re
import subprocess

from cli import ROOT, TINET, clean_env, contains, equal, main, test

SOCKETS = os.path.join(ROOT, "examples", "sockets")


def start(folder, name, *words):
    env = clean_env(XDG_DATA_HOME=folder, TINET_ADDON_DIR=os.path.join(os.path.dirname(os.path.dirname(TINET)), "bindings", "node"))
    return subprocess.Popen(
        [TINET, "run", os.path.join(SOCKETS, name), "--", *words],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env,
    )


def line_with(process, pattern):
    for line in process.stdout:
        found = re.search(pattern, line)
        if found:
            return found
    raise AssertionError("%r did not come" % pattern)


@test
def two_chat_over_TCP(folder):
    one = start(folder, "chat", "listen")
    port = line_with(one, r"port (\d+)").group(1)
    two = start(folder, "chat", "connect", "127.0.0.1", port)
    line_with(one, "somebody came from 127.0.0.1")
    line_with(two, "connected")
    for speaker, hearer, text in ((one, two, "h\u00e9llo"), (two, one, "and back")):
        speaker.stdin.write(text + "\n")
        speaker.stdin.flush()
        line_with(hearer, "they say: " + text)
    two.stdin.close()
    line_with(one, "they have gone")
    line_with(two, "they have gone")
    equal([one.wait(20), two.wait(20)], [0, 0])
    one.stdin.close()


@test
def nobody_listens(folder):
    chat = start(folder, "chat", "connect", "127.0.0.1", "1")
    contains(chat.stdout.read(), "refused")
    equal(chat.wait(20), 1)
    chat.stdin.close()


@test
def a_beacon_is_found(folder):
    beacon = start(folder, "beacon", "be", "Anna")
    try:
        port = line_with(beacon, r"Anna is on port (\d+)").group(1)
        finder = start(folder, "beacon", "find", port, "127.0.0.1")
        contains(finder.stdout.read(), "found Anna at 127.0.0.1")
        equal(finder.wait(20), 0)
        finder.stdin.close()
        line_with(beacon, "asked by 127.0.0.1")
    finally:
        beacon.kill()
        beacon.wait()
        beacon.stdin.close()


@test
def without_words_they_say_what_they_need(folder):
    for name, words in (("chat", "listen"), ("beacon", "find")):
        program = start(folder, name)
        contains(program.stdout.read(), words)
        equal(program.wait(20), 2)
        program.stdin.close()


if __name__ == "__main__":
    main()
