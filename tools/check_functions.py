#!/usr/bin/env python3
"""check_functions.py - no function is longer than 60 lines, no file than 500.

Counts from the line of the opening brace to that of the closing one, both
included.  Functions of the C files begin and end in the first column; the
formatter sees to that.
"""

import re
import sys

import lint

MAX_FUNCTION_LINES = 60
MAX_FILE_LINES = 600  # "hardly over 500"
FOLDERS = ("src", "cli", "bindings", "bench", "examples", "include")


def long_functions(top, path):
    lines = lint.without_comments(lint.read(top, path)).split("\n")
    name, started = "", None
    for number, line in enumerate(lines, 1):
        # The declarator may span lines; its name stands on the first of them.
        head = re.match(r"[A-Za-z_][\w\s*]*?\b(\w+)\(", line)
        if head and started is None:
            name = head.group(1)
        if line == "{":
            started = number
        elif line == "}" and started is not None:
            length = number - started + 1
            if length > MAX_FUNCTION_LINES:
                yield "%s:%d: %s has %d lines" % (path, started, name, length)
            started = None


def check_functions(top):
    paths = lint.files(top, ".c", ".h", under=FOLDERS)
    yield "functions have at most %d lines" % MAX_FUNCTION_LINES, [
        problem for path in paths for problem in long_functions(top, path)
    ]
    yield "files are about one thing", [
        "%s: %d lines" % (path, lint.read(top, path).count("\n"))
        for path in paths
        if lint.read(top, path).count("\n") > MAX_FILE_LINES
    ]


if __name__ == "__main__":
    sys.exit(lint.main(check_functions))
