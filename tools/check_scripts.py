#!/usr/bin/env python3
"""check_scripts.py - every script can be read by what runs it.

Shell by `sh -n`, Python by its compiler, JavaScript by `node --check`.
"""

import subprocess
import sys

import lint


def complaint(command, top, path):
    done = subprocess.run(
        [*command, path],
        cwd=top,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode == 0:
        return []
    return [path + ":\n" + done.stdout.decode(errors="replace")]


def python_complaint(top, path):
    try:
        compile(lint.read(top, path), path, "exec")
    except SyntaxError as error:
        return ["%s:%s: %s" % (path, error.lineno, error.msg)]
    return []


def is_shell(top, path):
    return path.endswith(".sh") or lint.read(top, path).startswith("#!/bin/sh")


def check_scripts(top):
    paths = lint.files(top)
    python = [p for p in paths if p.endswith(".py")]
    yield "Python compiles", [c for p in python for c in python_complaint(top, p)]
    shell = [p for p in paths if is_shell(top, p)]
    yield "shell scripts parse", [
        c for p in shell for c in complaint(["sh", "-n"], top, p)
    ]
    javascript = lint.files(top, ".js", ".cjs", ".mjs")
    yield "JavaScript parses", [
        c for p in javascript for c in complaint(["node", "--check"], top, p)
    ]


if __name__ == "__main__":
    sys.exit(lint.main(check_scripts))
