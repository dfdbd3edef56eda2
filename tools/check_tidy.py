#!/usr/bin/env python3
"""check_tidy.py - clang-tidy has nothing to say (.clang-tidy has the rules).

Looks at every C file outside of the tests that build-release compiles.
"""

import concurrent.futures
import json
import os
import re
import subprocess
import sys

import lint

FOLDERS = ("src", "cli", "bindings", "examples")
FINDING = re.compile(r"^(\S+?):(\d+):\d+: (?:error|warning): (.*)$", re.M)


def compiled_files(top, folder):
    with open(os.path.join(folder, "compile_commands.json"), encoding="utf-8") as f:
        entries = json.load(f)
    paths = {
        os.path.normpath(os.path.join(entry["directory"], entry["file"]))
        for entry in entries
    }
    paths = {os.path.relpath(path, top) for path in paths}
    return sorted(p for p in paths if p.split(os.sep)[0] in FOLDERS)


def relative(top, folder, path):
    """Paths come absolute, or relative to the build folder or to `top`."""
    if path.startswith("../"):
        path = os.path.join(folder, path)
    return os.path.relpath(os.path.realpath(os.path.join(top, path)), top)


def tidy(top, folder, path):
    done = subprocess.run(
        ["clang-tidy", "--quiet", "-p", folder, path],
        cwd=top,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        check=False,
    )
    output = done.stdout.decode(errors="replace")
    findings = {
        "%s:%s: %s" % (relative(top, folder, found), line, text)
        for found, line, text in FINDING.findall(output)
    }
    if done.returncode != 0 and not findings:
        findings = {path + ": " + output + done.stderr.decode(errors="replace")}
    return findings


def check_tidy(top):
    folder = lint.build_folder(top)
    if not os.path.exists(os.path.join(folder, "compile_commands.json")):
        yield "clang-tidy has nothing to say", ["not built: run make check"]
        return
    paths = compiled_files(top, folder)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        found = pool.map(lambda path: tidy(top, folder, path), paths)
        problems = sorted(set().union(*found))
    if not paths:
        problems = ["no file is compiled"]
    yield "clang-tidy has nothing to say", problems


if __name__ == "__main__":
    sys.exit(lint.main(check_tidy))
