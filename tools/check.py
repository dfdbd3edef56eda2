#!/usr/bin/env python3
"""check.py - builds the project twice, runs every test and every lint.

1. Builds build-asan (address and undefined-behaviour sanitizers) and
   build-release.
2. Runs every test that Meson knows, in both, and once each tools/check_*.py and
   tests/lint/test_*.py.
3. Prints one line a program, the whole output of those that failed, the skipped
   tests with their reasons, and as the last line
   `N passed, N failed, N skipped`.

What counts is the single test point.  A program that exits non-zero, is killed,
times out, or does not run as many points as it planned adds a failure even if
no point of it failed.  The exit status is 0 only if something passed and
nothing failed.
"""

import argparse
import collections
import concurrent.futures
import glob
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time

import tap

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LINT_TIMEOUT = 1800  # clang-tidy reads every file, on however busy a machine

Build = collections.namedtuple("Build", "name folder options env time_factor")
Program = collections.namedtuple(
    "Program", "name command env cwd timeout protocol is_parallel priority"
)

SANITIZER_ENV = {
    "ASAN_OPTIONS": "detect_leaks=1:halt_on_error=1:"
    "detect_stack_use_after_return=1:strict_string_checks=1",
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
}

BUILDS = [
    Build(
        "asan",
        "build-asan",
        [
            "--buildtype=debugoptimized",
            "-Db_sanitize=address,undefined",
            "-Db_lundef=false",
            "-Dc_args=-fno-sanitize-recover=all -fno-omit-frame-pointer",
        ],
        SANITIZER_ENV,
        3,
    ),
    Build("release", "build-release", ["--buildtype=release"], {}, 1),
]


class Tally:
    """All points of all programs."""

    def __init__(self):
        self.n_passed = 0
        self.failures = []
        self.skips = []
        self._lock = threading.Lock()

    def add(self, program, report, extra, seconds, output):
        """`extra` = reasons why the program as a whole failed."""
        whole = list(report.problems)
        if extra and not report.failed:
            whole.append(extra)
        n_failed = len(report.failed) + len(whole)
        with self._lock:
            self.n_passed += len(report.passed)
            self.failures += [(program, name) for name in report.failed + whole]
            self.skips += [(program,) + skip for skip in report.skipped]
            print(
                "%-4s %-40s %4d passed%s%s  %.1f s"
                % (
                    "FAIL" if n_failed else "ok",
                    program,
                    len(report.passed),
                    ", %d failed" % n_failed if n_failed else "",
                    ", %d skipped" % len(report.skipped) if report.skipped else "",
                    seconds,
                )
            )
            if n_failed:
                print("-" * 24 + " output of " + program)
                print(output.rstrip("\n"))
                for reason in whole:
                    print("# " + reason)
                print("-" * 24)
            sys.stdout.flush()

    def print_summary(self):
        if self.skips:
            print("\nSkipped:")
        for program, name, reason in self.skips:
            print("  %s: %s (%s)" % (program, name, reason))
        if self.failures:
            print("\nFailed:")
        for program, name in self.failures:
            print("  %s: %s" % (program, name))
        print(
            "%d passed, %d failed, %d skipped"
            % (self.n_passed, len(self.failures), len(self.skips))
        )

    def exit_status(self):
        return 1 if self.failures or self.n_passed == 0 else 0


def end_group(process):
    """Ends what a program left running in the process group we gave it."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def run_captured(command, env, cwd, timeout):
    """Runs to the end or the timeout.  Returns (exit status or None, output)."""
    # A file rather than a pipe: a process left behind would keep a pipe open.
    with tempfile.TemporaryFile() as out:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=cwd,
                env=env,
                start_new_session=True,
            )
        except OSError as error:
            return 127, "%s: %s\n" % (command[0], error)
        try:
            status = process.wait(timeout)
        except subprocess.TimeoutExpired:
            status = None
        end_group(process)
        process.wait()
        out.seek(0)
        return status, out.read().decode("utf-8", "replace")


def describe_status(status, timeout):
    if status is None:
        return "killed after %d s without an end" % timeout
    if status < 0:
        return "killed by signal %s" % signal.Signals(-status).name
    return "exit status %d" % status if status else ""


def report_without_tap(program, status):
    report = tap.Report()
    if status == 77:
        report.skipped.append((program.name, "exit status 77"))
    elif status == 0:
        report.passed.append(program.name)
    return report


def run_program(program, tally):
    started = time.monotonic()
    # The stores of cookies and caches of a test are its own, never the user's.
    with tempfile.TemporaryDirectory(prefix="tinet-home-") as home:
        env = dict(os.environ, XDG_DATA_HOME=home + "/data", XDG_CACHE_HOME=home + "/cache")
        env.update(program.env)
        status, output = run_captured(
            program.command, env, program.cwd, program.timeout
        )
    if program.protocol == "tap":
        report = tap.parse(output.splitlines())
        extra = describe_status(status, program.timeout)
    else:
        report = report_without_tap(program, status)
        extra = "" if status == 77 else describe_status(status, program.timeout)
    tally.add(program.name, report, extra, time.monotonic() - started, output)


def compile_build(build):
    """Configures if the options changed, and compiles.  Returns (ok, output)."""
    folder = os.path.join(ROOT, build.folder)
    stamp = os.path.join(folder, ".check-options")
    wanted = "\n".join(build.options)
    try:
        with open(stamp, encoding="utf-8") as f:
            is_configured = f.read() == wanted
    except FileNotFoundError:
        is_configured = False
    output = ""
    if not is_configured:
        wipe = ["--wipe"] if os.path.isdir(folder) else []
        command = ["meson", "setup", *wipe, *build.options, folder, ROOT]
        status, output = run_captured(command, None, ROOT, 300)
        if status != 0:
            return False, output
        with open(stamp, "w", encoding="utf-8") as f:
            f.write(wanted)
    status, more = run_captured(["ninja", "-C", folder], None, ROOT, 1200)
    return status == 0, output + more


def meson_programs(build):
    folder = os.path.join(ROOT, build.folder)
    listing = subprocess.run(
        ["meson", "introspect", "--tests", folder],
        check=True,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    for test in json.loads(listing.stdout):
        suites = [suite.split(":")[-1] for suite in test["suite"]]
        # What is the same program in both builds, and only reads files.
        if "once" in suites and build.name != "release":
            continue
        label = [s for s in suites if s not in ("once", "tinet")][:1]
        env = dict(build.env, TINET_SOURCE=ROOT, TINET_BUILD=folder)
        env.update(test["env"])
        yield Program(
            "/".join([build.name, *label, test["name"]]),
            test["cmd"],
            env,
            test["workdir"] or folder,  # as `meson test` does
            (test["timeout"] or 600) * build.time_factor,
            test["protocol"],
            test["is_parallel"],
            test["priority"],
        )


def lint_programs():
    paths = sorted(
        glob.glob(os.path.join(ROOT, "tools", "check_*.py"))
        + glob.glob(os.path.join(ROOT, "tests", "lint", "test_*.py"))
    )
    env = {
        "TINET_SOURCE": ROOT,
        "TINET_BUILD": os.path.join(ROOT, "build-release"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    for path in paths:
        name = os.path.splitext(os.path.basename(path))[0]
        # clang-tidy takes longest; it starts first.
        priority = 10 if name == "check_tidy" else 0
        yield Program(
            "lint/" + name,
            [sys.executable, path],
            env,
            ROOT,
            LINT_TIMEOUT,
            "tap",
            True,
            priority,
        )


def build_programs(builds, tally):
    """Compiles each build, which counts as a test of its own; returns the tests
    of those that compiled."""
    programs = []
    for build in builds:
        started = time.monotonic()
        is_ok, output = compile_build(build)
        report = tap.Report()
        (report.passed if is_ok else report.failed).append("compiles")
        tally.add(
            "build/" + build.name, report, "", time.monotonic() - started, output
        )
        if is_ok:
            programs += meson_programs(build)
    return programs


def run_all(programs, n_jobs, tally):
    programs = sorted(programs, key=lambda p: -p.priority)
    with concurrent.futures.ThreadPoolExecutor(n_jobs) as pool:
        jobs = [
            pool.submit(run_program, p, tally) for p in programs if p.is_parallel
        ]
        for job in jobs:
            job.result()
    for program in programs:
        if not program.is_parallel:
            run_program(program, tally)


def parse_arguments():
    names = [build.name for build in BUILDS]
    parser = argparse.ArgumentParser(description="builds and tests everything")
    parser.add_argument("--build", choices=names, help="only this build")
    parser.add_argument("--no-lint", action="store_true", help="tests only")
    parser.add_argument("--only-lint", action="store_true", help="lints only")
    parser.add_argument("--match", default="", help="programs named like this")
    parser.add_argument(
        "-j", type=int, default=max(2, min(8, os.cpu_count() or 2)), dest="jobs"
    )
    return parser.parse_args()


def main():
    args = parse_arguments()
    tally = Tally()
    builds = [b for b in BUILDS if args.build in (None, b.name)]
    if args.only_lint:
        builds = []
    programs = build_programs(builds, tally)
    if not args.no_lint:
        programs += lint_programs()
    run_all([p for p in programs if args.match in p.name], args.jobs, tally)
    tally.print_summary()
    return tally.exit_status()


if __name__ == "__main__":
    sys.exit(main())
