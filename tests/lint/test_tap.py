#!/usr/bin/env python3
"""test_tap.py - what tools/tap.py and tools/check.py make of a program's output:
nothing that went wrong may count as passed."""

import contextlib
import io
import sys

import planted  # noqa: F401, it finds tools/

import check
import tap


def counts(text):
    report = tap.parse(text.splitlines())
    return (
        len(report.passed),
        len(report.failed),
        len(report.skipped),
        len(report.problems),
    )


CASES = [
    ("points are counted", "ok 1 - a\nnot ok 2 - b\n1..2\n", (1, 1, 0, 0)),
    ("a skip is not a pass", "ok 1 - a # SKIP no root\n1..1\n", (0, 0, 1, 0)),
    ("a todo is not a pass", "not ok 1 - a # TODO later\n1..1\n", (0, 0, 1, 0)),
    ("a missing plan is a problem", "ok 1 - a\n", (1, 0, 0, 1)),
    ("a short run is a problem", "1..3\nok 1 - a\n", (1, 0, 0, 1)),
    ("a long run is a problem", "1..1\nok 1\nok 2\n", (2, 0, 0, 1)),
    ("two plans are a problem", "1..1\nok 1\n1..1\n", (1, 0, 0, 1)),
    ("a bail-out is a problem", "1..1\nok 1\nBail out! tired\n", (1, 0, 0, 1)),
    ("silence is a problem", "", (0, 0, 0, 1)),
    (
        "subtests are counted, not what holds them",
        "    ok 1 - x\n    not ok 2 - y\n    1..2\nnot ok 1 - a\n1..1\n",
        (1, 1, 0, 0),
    ),
    (
        "a holder that fails by itself is counted",
        "    ok 1 - x\n    1..1\nnot ok 1 - a\n1..1\n",
        (1, 1, 0, 0),
    ),
    (
        "a subtest that was not run is a problem",
        "    ok 1 - x\n    1..2\nok 1 - a\n1..1\n",
        (1, 0, 0, 1),
    ),
    (
        "what a diagnostic block quotes is no point",
        "ok 1 - a\n  ---\n  not ok 9 - quoted\n  ...\n1..1\n",
        (1, 0, 0, 0),
    ),
]


def run(script, protocol="tap", timeout=20):
    """How many of a shell script's points pass, fail, are skipped, and the exit
    status that `make check` would have."""
    tally = check.Tally()
    program = check.Program(
        "p", ["sh", "-c", script], {}, "/", timeout, protocol, True, 0
    )
    with contextlib.redirect_stdout(io.StringIO()):
        check.run_program(program, tally)
    return (
        tally.n_passed,
        len(tally.failures),
        len(tally.skips),
        tally.exit_status(),
    )


RUNS = [
    ("a program that passes", "echo ok 1 - a; echo 1..1", "tap", (1, 0, 0, 0)),
    (
        "an exit status without a failed point",
        "echo ok 1 - a; echo 1..1; exit 3",
        "tap",
        (1, 1, 0, 1),
    ),
    (
        "a signal",
        "echo ok 1 - a; echo 1..1; kill -SEGV $$",
        "tap",
        (1, 1, 0, 1),
    ),
    (
        "a program that hangs",
        "echo ok 1 - a; echo 1..1; exec sleep 100",
        "tap",
        (1, 1, 0, 1),
    ),
    (
        "a failed point is counted once",
        "echo not ok 1 - a; echo 1..1; exit 1",
        "tap",
        (0, 1, 0, 1),
    ),
    ("nothing but skips", "echo ok 1 - a '# SKIP x'; echo 1..1", "tap", (0, 0, 1, 1)),
    ("a program without TAP", "exit 0", "exitcode", (1, 0, 0, 0)),
    ("a program without TAP that fails", "exit 2", "exitcode", (0, 1, 0, 1)),
    ("a program that does not exist", "exec /nonexistent", "tap", (0, 2, 0, 1)),
]


def main():
    out = tap.Writer()
    for name, text, want in CASES:
        got = counts(text)
        out.point(name, [] if got == want else ["want %s, got %s" % (want, got)])
    for name, script, protocol, want in RUNS:
        got = run(script, protocol, timeout=2 if "hangs" in name else 20)
        out.point(
            "check.py: " + name, [] if got == want else ["want %s, got %s" % (want, got)]
        )
    return out.exit_status()


if __name__ == "__main__":
    sys.exit(main())
