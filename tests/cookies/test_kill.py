#!/usr/bin/env python3
"""A jar on disk outlives kill -9, and two processes share it.

  test_kill.py WRITER

A cookie that was added more than 100 ms before the kill is in the file.  How
promptly a busy machine lets the writer run can be seen from its own lines: the
longest gap between two of them is allowed for.
"""

import os
import random
import sqlite3
import stat
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "servers"))
from lib import *  # noqa: E402,F403

ROUNDS = 60 if is_sanitized() else 200
LANES = 4  # files that are written, and killed, side by side
PROMISE = 0.100  # later than that a cookie is on disk
PAUSE_US = 2000

suite = Suite()
WRITER = sys.argv[1]


class Writer:
    """One process; its lines are read by a thread so that it never waits."""

    def __init__(self, *words, stdin=None):
        self.process = subprocess.Popen(
            [WRITER] + list(words), stdin=stdin, stdout=subprocess.PIPE, text=True
        )
        self.lines = []
        self.more = threading.Condition()
        self.is_over = False
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            with self.more:
                self.lines.append(line.rstrip("\n"))
                self.more.notify_all()
        with self.more:
            self.is_over = True
            self.more.notify_all()

    def wait_for_line(self, n):
        """Line `n`, or None if the process ends before."""
        with self.more:
            self.more.wait_for(lambda: len(self.lines) > n or self.is_over, PATIENCE)
            return self.lines[n] if len(self.lines) > n else None

    def ask(self, question):
        n = len(self.lines)
        self.process.stdin.write(question + "\n")
        self.process.stdin.flush()
        answer = self.wait_for_line(n)
        true(answer is not None, "no answer to", question, self.lines[-3:])
        return answer

    def end(self, n_warnings=0):
        """Waits for it; what it said."""
        if self.process.stdin:
            self.process.stdin.close()
        code = self.process.wait(PATIENCE)
        self.reader.join(PATIENCE)
        equal((0, n_warnings), (code, len(self.problems())), str(self.problems()))
        return self.lines

    def kill(self):
        """kill -9; the monotonic time just before."""
        at = time.monotonic()
        self.process.kill()
        self.process.wait(PATIENCE)
        self.reader.join(PATIENCE)
        equal([], self.problems(), "killed writer")
        return at

    def problems(self):
        return [line for line in self.lines if line.startswith(("WARN", "FAIL"))]

    def added(self):
        """(name, seconds) of each cookie."""
        for line in self.lines:
            name, _, at = line.partition(" ")
            if at:
                yield name, int(at) / 1e6


def names_in(path):
    """What the library finds in the file."""
    return set(Writer("list", path).end())


def check_integrity(path):
    with contextlib.closing(sqlite3.connect(path)) as db:
        equal([("ok",)], db.execute("PRAGMA integrity_check").fetchall())


def owed(writer, killed_at):
    """The names that must be in the file."""
    added = list(writer.added())
    times = [at for _, at in added] + [killed_at]
    gaps = [b - a for a, b in zip(times, times[1:])]
    stall = max([gap - PAUSE_US / 1e6 for gap in gaps] or [0])
    latest = killed_at - PROMISE - 2 * max(stall, 0)
    return {name for name, at in added if at < latest}


class Lane:
    """Rounds on one file: whatever was found in it must stay there."""

    def __init__(self, path, rounds, seed):
        self.path = path
        self.rounds = rounds
        self.random = random.Random(seed)
        self.kept = set()
        self.n_owed = self.n_lost = 0
        self.failure = None

    def run(self):
        try:
            for n in range(self.rounds):
                self.round(n)
        except Exception as problem:  # noqa: B902  (told by the main thread)
            self.failure = "round %d: %s" % (n, problem)

    def round(self, n):
        writer = Writer("add", self.path, "r%d-" % n, "100000", str(PAUSE_US))
        # Every fourth is killed while it opens or has hardly begun.
        if n % 4 == 3:
            time.sleep(self.random.uniform(0, 0.03))
        else:
            equal("READY", writer.wait_for_line(0))
            time.sleep(self.random.uniform(0.15, 0.3))
        must = owed(writer, writer.kill())
        names = names_in(self.path)
        missing = (must | self.kept) - names
        if missing:
            raise Failure("%d missing: %s" % (len(missing), sorted(missing)[:5]))
        check_integrity(self.path)
        self.kept = names
        self.n_owed += len(must)
        self.n_lost += sum(name not in names for name, _ in writer.added())


@suite.test
def a_cookie_older_than_the_delay_outlives_kill_9_again_and_again():
    with temporary_folder() as folder:
        lanes = [
            Lane(os.path.join(folder, "%d.sqlite" % n), ROUNDS // LANES, n)
            for n in range(LANES)
        ]
        threads = [threading.Thread(target=lane.run) for lane in lanes]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        equal([], [lane.failure for lane in lanes if lane.failure])
        print(
            "# %d rounds, %d cookies owed, %d younger ones lost"
            % (
                sum(lane.rounds for lane in lanes),
                sum(lane.n_owed for lane in lanes),
                sum(lane.n_lost for lane in lanes),
            )
        )
        true(sum(lane.n_owed for lane in lanes) > ROUNDS, "next to nothing was tested")
        left = {name.partition(".sqlite")[2] for name in os.listdir(folder)}
        true(left <= {"", "-wal", "-shm"}, "nothing was put aside:", left)


@suite.test
def kill_9_while_the_file_is_being_made_leaves_one_that_opens():
    with temporary_folder() as folder:
        for n in range(40):
            path = os.path.join(folder, str(n), "cookies.sqlite")
            writer = Writer("add", path, "x", "100000", "100")
            time.sleep(random.uniform(0, 0.02))
            writer.kill()
            names_in(path)
            check_integrity(path)


@suite.test
def two_writers_at_once_end_with_the_union():
    with temporary_folder() as folder:
        path = os.path.join(folder, "cookies.sqlite")
        writers = [Writer("add", path, name, "300", "1000") for name in ("a", "b")]
        for writer in writers:
            equal(301, len(writer.end()))
        want = {name + str(n) for name in ("a", "b") for n in range(300)}
        equal(set(), want ^ names_in(path))
        check_integrity(path)


@suite.test
def two_writers_one_of_them_killed_lose_nothing_of_the_other():
    with temporary_folder() as folder:
        path = os.path.join(folder, "cookies.sqlite")
        for n in range(10):
            stays = Writer("add", path, "s%d-" % n, "150", "1000")
            dies = Writer("add", path, "d%d-" % n, "100000", str(PAUSE_US))
            equal("READY", dies.wait_for_line(0))
            time.sleep(random.uniform(0.1, 0.3))
            must = owed(dies, dies.kill())
            stays.end()
            must |= {name for name, _ in stays.added()}
            equal(set(), must - names_in(path))
            check_integrity(path)


@suite.test
def a_process_that_ends_by_itself_leaves_everything():
    with temporary_folder() as folder:
        path = os.path.join(folder, "cookies.sqlite")
        Writer("add", path, "x", "100", "0").end()
        equal({"x%d" % n for n in range(100)}, names_in(path))


def until(server, question, answer):
    """Asks until that is the answer; how long it took."""
    begin = time.monotonic()
    while server.ask(question) != answer:
        true(time.monotonic() - begin < PATIENCE, question, "is not", answer)
        time.sleep(0.01)
    return time.monotonic() - begin


@suite.test
def a_running_process_sees_what_another_changes():
    with temporary_folder() as folder:
        path = os.path.join(folder, "cookies.sqlite")
        one = Writer("serve", path, stdin=subprocess.PIPE)
        other = Writer("serve", path, stdin=subprocess.PIPE)
        equal("READY", one.wait_for_line(0))
        equal("READY", other.wait_for_line(0))
        equal("0", one.ask("has x"))
        other.ask("add x")
        print("# seen after %.0f ms" % (1000 * until(one, "has x", "1")))
        one.ask("add y")
        until(other, "has y", "1")
        equal("1", other.ask("has x"))
        equal("TINET_OK", other.ask("clear"))
        print("# gone after %.0f ms" % (1000 * until(one, "has x", "0")))
        equal("0", one.ask("has y"))
        one.end()
        other.end()
        equal(set(), names_in(path))


def cookie_is_sent(server, name):
    header = server.ask("header")
    return (name + "=") in header


@suite.test
def a_request_carries_what_another_process_has_set():
    with temporary_folder() as folder:
        path = os.path.join(folder, "cookies.sqlite")
        one = Writer("serve", path, stdin=subprocess.PIPE)
        other = Writer("serve", path, stdin=subprocess.PIPE)
        equal("READY", one.wait_for_line(0))
        equal("READY", other.wait_for_line(0))
        equal("none", one.ask("header"))
        other.ask("add x")
        begin = time.monotonic()
        while not cookie_is_sent(one, "x"):
            true(time.monotonic() - begin < PATIENCE, "never sent")
            time.sleep(0.01)
        print("# sent after %.0f ms" % (1000 * (time.monotonic() - begin)))
        one.end()
        other.end()


def damage(path):
    """Rows that nobody has read yet, and then rubbish over them."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.executemany(
            "INSERT INTO cookie VALUES ('d', '/', ?, 1, 'v', 0, 0, 0, ?, 1, 1, '', '', 0)",
            [("n%d" % n, 4102444800000) for n in range(400)],
        )
        db.commit()
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    with open(path, "r+b") as file:
        file.seek(4096)
        file.write(b"\x5a" * 4096 * 5)


@suite.test
def a_file_that_is_damaged_under_a_running_process_is_written_again():
    with temporary_folder() as folder:
        path = os.path.join(folder, "cookies.sqlite")
        server = Writer("serve", path, stdin=subprocess.PIPE)
        equal("READY", server.wait_for_line(0))
        server.ask("add x")
        while "x" not in names_in(path):
            time.sleep(0.01)
        damage(path)
        begin = time.monotonic()
        while not any(".damaged-" in name for name in os.listdir(folder)):
            true(time.monotonic() - begin < PATIENCE, "never put aside")
            time.sleep(0.01)
        while "WARNING" not in " ".join(server.lines):
            time.sleep(0.01)
        until(server, "has x", "1")
        while names_in(path) != {"x"}:
            time.sleep(0.01)
        server.end(n_warnings=1)
        check_integrity(path)


@suite.test
def the_files_are_for_the_user_alone():
    with temporary_folder() as folder:
        path = os.path.join(folder, "sub", "cookies.sqlite")
        server = Writer("serve", path, stdin=subprocess.PIPE)
        equal("READY", server.wait_for_line(0))
        server.ask("add x")
        modes = {
            name: stat.S_IMODE(os.stat(os.path.join(folder, "sub", name)).st_mode)
            for name in os.listdir(os.path.join(folder, "sub"))
        }
        equal({0o600}, set(modes.values()), str(modes))
        true("cookies.sqlite" in modes)
        equal(0o700, stat.S_IMODE(os.stat(os.path.join(folder, "sub")).st_mode))
        server.end()


sys.exit(suite.run())
